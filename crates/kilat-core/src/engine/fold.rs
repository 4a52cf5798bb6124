//! What must happen in order: Urms(1/2) from half cycles, events, windows, flags.
//!
//! The half cycles of Urms(1/2) of all tracked channels and the boundaries of their cuts are merged by position, the boundaries as
//! if they came some cycles later, which they do; everything else follows from that sequence alone, so that neither the size of
//! a block nor the number of threads can change what comes out, or its order.

use std::collections::VecDeque;
use std::mem::take;

use serde::{Deserialize, Serialize};

use crate::config::EventRms;
use crate::engine::analysis::Flags;
use crate::engine::decisions::{Action, Decisions};
use crate::engine::flywheel::Boundary;
use crate::engine::inbox::Inbox;
use crate::engine::plan::Plan;
use crate::engine::reuse::Reuse;
use crate::engine::severity::Severity;
use crate::engine::sink::{FrequencyValue, HalfCycle, Notice, NoticeKind, PInstValue};
use crate::engine::streams::Streams;
use crate::engine::timeline::{Decision, Span, Timeline, UNSYNCHRONISED};
use crate::engine::track::{Half, Track};
use crate::pq::events::{Detector, EventKind, Value};
use crate::pq::flicker::PInst;
use crate::pq::rvc::RvcDetector;
use crate::pq::transients::Merger;
use crate::units::Timestamp;

/// Pole of the sliding reference, one step per 10/12 cycles (IEC 61000-4-30, 5.4.4): a time constant of one minute.
const SLIDING: f64 = 0.9967;
/// A boundary of the cut is merged after the half cycles that end less than this, and what the search for crossings lags behind,
/// beyond it, in nominal cycles: it is always decided by then, so that no half cycle waits for it.
const AHEAD_CYCLES: f64 = 4.0;
/// Windows and slots that there is room for, and events that ended.
const WAITING: usize = 8;
/// Likewise.
const RECENT: usize = 64;

/// State of the fold within a segment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Fold {
    tracked: Vec<usize>,
    /// What each channel has found that is not merged yet.
    inboxes: Vec<Inbox>,
    before: Vec<Option<Half>>,
    /// Values of each channel so far; Urms(1) is every second one.
    values: Vec<u64>,
    detectors: Vec<Detector>,
    rvc: Vec<RvcDetector>,
    /// Reference of dips and swells per channel, in volts: Udin, or the sliding one.
    references_v: Vec<f64>,
    /// Of channels whose flicker is measured.
    severities: Vec<Option<Severity>>,
    transients: Merger,
    timeline: Timeline,
    /// Windows and slots that wait until no event can reach back into them.
    waiting: VecDeque<Decision>,
    /// First and last position of values beyond a threshold, of events that ended.
    recent: VecDeque<(f64, f64)>,
    /// The boundary merged last; no window still to come begins earlier than `patience` before it.
    merged: f64,
    /// No zero crossing is followed.
    lost: bool,
    patience: f64,
    /// Half cycles of Urms(1/2) are so many samples ahead of the cut.
    ahead: f64,
}

impl Fold {
    /// At the start of a segment; `clock` as in [`Timeline::anew`].
    pub fn new(plan: &Plan, clock: Timestamp) -> Self {
        let tracked: Vec<usize> = (0..plan.channels.len()).filter(|c| plan.channels[*c].tracked).collect();
        let voltages = tracked.iter().copied().filter(|c| plan.channels[*c].info.udin_v > 0.0);
        let kinds = [EventKind::Dip, EventKind::Swell, EventKind::Interruption];
        let mut groups: Vec<Vec<usize>> = voltages.map(|c| vec![c]).collect();
        // A rapid change is one of the system; voltages outside it have their own.
        let mut together = groups.clone();
        if plan.system.len() > 1 {
            groups.push(plan.system.clone());
            together.retain(|g| !plan.system.contains(&g[0]));
            together.push(plan.system.clone());
        }
        let detector = |group: &Vec<usize>, kind| Detector::new(kind, group.clone(), &plan.config);
        let severity = |c: usize| plan.flicker(c).map(|_| Severity::default());
        let channels = 0..plan.channels.len();
        let empty = Self {
            tracked,
            inboxes: channels.clone().map(|_| Inbox::default()).collect(),
            detectors: groups.iter().flat_map(|g| kinds.map(|k| detector(g, k))).collect(),
            rvc: together.into_iter().map(|g| RvcDetector::new(g, &plan.config)).collect(),
            severities: channels.map(severity).collect(),
            ..Self::default()
        };
        empty.anew(plan, clock)
    }

    /// The same in the memory of this one, which is of the same plan.
    #[must_use]
    pub fn anew(mut self, plan: &Plan, clock: Timestamp) -> Self {
        self.inboxes.iter_mut().for_each(|i| *i = take(i).anew());
        self.detectors.iter_mut().for_each(Detector::restart);
        self.rvc.iter_mut().for_each(RvcDetector::restart);
        for (channel, severity) in self.severities.iter_mut().enumerate() {
            *severity = severity.take().map(|s| s.anew(channel, plan.fs, clock));
        }
        Self {
            tracked: self.tracked,
            inboxes: self.inboxes,
            before: self.before.refilled(plan.channels.iter().map(|_| None)),
            values: self.values.refilled(plan.channels.iter().map(|_| 0)),
            detectors: self.detectors,
            rvc: self.rvc,
            references_v: self.references_v.refilled(plan.channels.iter().map(|c| c.info.udin_v)),
            severities: self.severities,
            transients: self.transients.anew(plan),
            timeline: self.timeline.anew(plan, clock),
            waiting: self.waiting.emptied(),
            recent: self.recent.emptied(),
            merged: 0.0,
            lost: false,
            patience: 4.0 * plan.half_period() + plan.lag(),
            ahead: AHEAD_CYCLES * 2.0 * plan.half_period() + plan.crossings_lag(),
        }
    }

    /// Where the first event or rapid change begins that goes on.
    pub fn open_since(&self) -> Option<f64> {
        let events = self.detectors.iter().filter_map(Detector::active_since);
        events.chain(self.rvc.iter().filter_map(RvcDetector::active_since)).reduce(f64::min)
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self) {
        self.inboxes.iter_mut().for_each(Inbox::reserve);
        self.severities.iter_mut().flatten().for_each(Severity::reserve);
        self.transients.reserve();
        self.timeline.reserve();
        self.waiting.make_room(WAITING);
        self.recent.make_room(RECENT);
    }

    /// Oldest position that a window still to be measured, or to be cut, needs.
    pub fn oldest(&self) -> f64 {
        let waiting = self.waiting.iter().map(|d| d.range().0);
        waiting.fold(self.timeline.oldest(), f64::min).min(self.merged - self.patience)
    }

    /// Takes what streams and tracks have found.
    pub fn collect(&mut self, streams: &mut [Streams], tracks: &mut [Track]) {
        streams.iter_mut().zip(&mut self.inboxes).for_each(|(stream, inbox)| stream.hand_over(inbox));
        for track in tracks {
            track.hand_over(&mut self.inboxes[track.channel()]);
        }
    }

    /// Takes the values of Pinst that a flickermeter has found.
    pub fn sense(&mut self, channel: usize, due: &mut VecDeque<PInst>) {
        self.inboxes[channel].p_inst.append(due);
    }

    /// Merges what has been collected.
    pub fn run(&mut self, plan: &Plan, streams: &[Streams], out: &mut Decisions) {
        while self.tracked.iter().all(|c| self.inboxes[*c].is_ahead()) {
            self.merge_one(plan, streams, out);
        }
    }

    /// Merges the rest of a segment of `length` samples and closes what is open.
    pub fn finish(&mut self, plan: &Plan, streams: &[Streams], length: u64, out: &mut Decisions) {
        self.timeline.limit(length as f64);
        while self.merge_one(plan, streams, out) {}
        for c in &self.tracked {
            let found = &mut self.inboxes[*c];
            while let Some(t) = found.next_transient(f64::INFINITY) {
                self.transients.push(t, plan);
            }
        }
        self.transients.release(f64::INFINITY, |t| out.transient(t));
        for d in &mut self.rvc {
            let udin_v = plan.channels[d.channels()[0]].info.udin_v;
            if let Some(change) = d.finish(plan.level, udin_v, plan.fs) {
                out.rapid_change(change);
            }
        }
        for d in &mut self.detectors {
            if let Some((event, last)) = d.finish(&plan.config, plan.fs) {
                note_event(&mut self.recent, &mut self.severities, event.start_sample, last);
                out.event(event);
            }
        }
        for c in 0..streams.len() {
            self.flicker(plan, c, f64::INFINITY, out);
        }
        for severity in self.severities.iter_mut().flatten() {
            severity.finish(length, &mut |v| out.push(Action::Flicker(v)));
        }
        let waiting = &mut self.waiting;
        self.timeline.finish(&mut |d| waiting.push_back(d));
        self.release(plan, streams, f64::INFINITY, out);
    }

    /// Takes what comes first, if there is anything: the end of a half cycle, or a boundary of the cut.
    fn merge_one(&mut self, plan: &Plan, streams: &[Streams], out: &mut Decisions) -> bool {
        // Ties go to the lower channel, and to its half cycle: the first of equals stays.
        let mut next: Option<(f64, usize, bool)> = None;
        let mut offer = |at: f64, channel: usize, is_half: bool| {
            if next.is_none_or(|(first, ..)| at.total_cmp(&first).is_lt()) {
                next = Some((at, channel, is_half));
            }
        };
        for &c in &self.tracked {
            let inbox = &self.inboxes[c];
            if let Some(half) = inbox.halves.front() {
                offer(half.stop, c, true);
            }
            if let Some(boundary) = inbox.boundaries.front() {
                offer(boundary.position + self.ahead, c, false);
            }
        }
        let Some((_, channel, is_half)) = next else { return false };
        if is_half && let Some(half) = self.inboxes[channel].halves.pop_front() {
            self.half(plan, channel, half, out);
        } else if let Some(boundary) = self.inboxes[channel].boundaries.pop_front() {
            self.boundary(plan, streams, channel, boundary, out);
        }
        true
    }

    fn half(&mut self, plan: &Plan, channel: usize, half: Half, out: &mut Decisions) {
        while let Some(t) = self.inboxes[channel].next_transient(half.stop) {
            self.transients.push(t, plan);
        }
        self.transients.release(half.stop, |t| out.transient(t));
        if let Some(before) = self.before[channel].replace(half) {
            self.value(plan, channel, &before, &half, out);
        }
        if let Some(severity) = &mut self.severities[channel] {
            severity.note(half.start, half.stop, half.flags & (Flags::MISSING | Flags::CLIPPED));
        }
    }

    fn boundary(
        &mut self,
        plan: &Plan,
        streams: &[Streams],
        channel: usize,
        Boundary { position, synthetic }: Boundary,
        out: &mut Decisions,
    ) {
        self.merged = position;
        for (channel, inbox) in self.inboxes.iter_mut().enumerate() {
            while let Some(sample) = inbox.next_overload(position) {
                let notice = Notice::new(NoticeKind::Overload, sample);
                out.push(Action::Notice(Notice { channel: Some(channel), ..notice }));
            }
        }
        let waiting = &mut self.waiting;
        self.timeline.on_boundary(channel, position, synthetic, &mut |d| waiting.push_back(d));
        if self.lost != self.timeline.is_lost() {
            self.lost = !self.lost;
            let kind = if self.lost { NoticeKind::SyncLost } else { NoticeKind::SyncFound };
            out.push(Action::Notice(Notice::new(kind, position)));
        }
        self.flicker(plan, channel, position - plan.flicker_lag(), out);
        // All events up to here, and some cycles beyond, are known.
        self.release(plan, streams, position - plan.lag(), out);
    }

    /// True when both have the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        let shape = |f: &Self| {
            let per_channel = [f.before.len(), f.values.len(), f.references_v.len(), f.severities.len()];
            let lengths = (per_channel, f.inboxes.len());
            (f.tracked.clone(), lengths, f.detectors.len(), f.rvc.len())
        };
        shape(self) == shape(other)
            && self.detectors.iter().zip(&other.detectors).all(|(a, b)| a.is_like(b))
            && self.rvc.iter().zip(&other.rvc).all(|(a, b)| a.is_like(b))
            && self.severities.iter().zip(&other.severities).all(|(a, b)| match (a, b) {
                (Some(a), Some(b)) => a.is_like(b),
                (None, None) => true,
                _ => false,
            })
            && self.timeline.is_like(&other.timeline)
    }

    /// Moves the ticks of the clock `samples` later.
    pub fn steer(&mut self, samples: f64) {
        self.timeline.steer(samples);
        self.severities.iter_mut().flatten().for_each(|s| s.steer(samples));
    }

    /// Urms(1/2): the sums of two stored half cycles.
    fn value(&mut self, plan: &Plan, channel: usize, a: &Half, b: &Half, out: &mut Decisions) {
        let p = &plan.channels[channel];
        let mut flags = a.flags | b.flags;
        flags.set(Flags::UNSYNCHRONISED, b.synthetic > UNSYNCHRONISED);
        let mean_square = ((a.energy + b.energy) / (b.stop - a.start)).max(0.0);
        let u_rms_v = mean_square.sqrt() * p.scale.abs();
        let (start, stop) = (a.start, b.stop);
        let counts = plan.config.event_rms == EventRms::HalfCycle || self.values[channel].is_multiple_of(2);
        self.values[channel] += 1;
        // What was held over missing samples is flagged, and proves no event.
        let udin_v = p.info.udin_v;
        let proves = udin_v > 0.0 && !flags.contains(Flags::MISSING);
        let against = |reference_v: f64, member: usize| {
            let pu = u_rms_v / reference_v;
            Value { member, start, stop, pu, reference_v, flags }
        };
        let mut in_event = false;
        for d in &mut self.detectors {
            let Some(member) = d.member(channel) else { continue };
            if proves && counts {
                // An interruption is one of the declared voltage, whatever the level was before.
                let reference_v =
                    if d.kind() == EventKind::Interruption { udin_v } else { self.references_v[channel] };
                if let Some((event, last)) = d.update(against(reference_v, member), &plan.config, plan.fs) {
                    note_event(&mut self.recent, &mut self.severities, event.start_sample, last);
                    out.event(event);
                }
                if let Some(event) = d.progress(&plan.config, plan.fs) {
                    out.open_event(event);
                }
            }
            in_event |= d.active_since().is_some();
        }
        for d in self.rvc.iter_mut().filter(|_| proves) {
            let Some(member) = d.member(channel) else { continue };
            if let Some(change) = d.update(plan.level, against(udin_v, member), plan.fs) {
                out.rapid_change(change);
            }
        }
        flags.set(Flags::EVENT, in_event);
        out.push(Action::HalfCycle(HalfCycle {
            channel,
            start_sample: start,
            stop_sample: stop,
            u_rms_v,
            flags,
        }));
    }

    /// Gives out Pinst up to `until`, and what of Pst and Plt it closes. It lags so far behind that all events before are known.
    fn flicker(&mut self, plan: &Plan, channel: usize, until: f64, out: &mut Decisions) {
        let Some(severity) = &mut self.severities[channel] else { return };
        let to_raw = plan.mid_factor() as f64;
        if self.inboxes[channel].p_inst.front().is_none_or(|p| p.at as f64 > until / to_raw) {
            return;
        }
        let active = self.detectors.iter().filter_map(Detector::active_since);
        let open_since = active.fold(f64::INFINITY, f64::min);
        while let Some(p) = self.inboxes[channel].next_p_inst(until / to_raw) {
            let sample = p.at as f64 * to_raw;
            severity.add(sample, &p, open_since, &mut |v| out.push(Action::Flicker(v)));
            let flags = if p.settled { Flags::empty() } else { Flags::UNSETTLED };
            out.push(Action::PInst(PInstValue { channel, sample, p_inst: p.value, flags }));
        }
    }

    /// Gives out the windows and slots that end before `until`.
    fn release(&mut self, plan: &Plan, streams: &[Streams], until: f64, out: &mut Decisions) {
        while let Some(&decision) = self.waiting.front() {
            let (start, stop) = decision.range();
            if stop > until {
                break;
            }
            self.waiting.pop_front();
            let open = self.detectors.iter().filter_map(Detector::active_since).any(|s| s < stop);
            let closed = self.recent.iter().any(|(from, last)| *from < stop && *last > start);
            let event = if open || closed { Flags::EVENT } else { Flags::empty() };
            out.push(match decision {
                Decision::Interval(span) => {
                    if plan.config.sliding_reference && event.is_empty() {
                        self.slide(plan, streams, &span);
                    }
                    Action::Interval(Span { flags: span.flags | event, ..span })
                }
                Decision::Frequency(slot) => Action::Frequency(FrequencyValue {
                    start_sample: start,
                    stop_sample: stop,
                    hz: f64::from(slot.cycles) * plan.fs / (stop - start),
                    flags: slot.flags | event,
                }),
            });
        }
        let oldest = self.oldest().min(until);
        while self.recent.front().is_some_and(|r| r.1 < oldest) {
            self.recent.pop_front();
        }
    }

    /// Moves the sliding references by one interval without an event (IEC 61000-4-30, 5.4.4).
    fn slide(&mut self, plan: &Plan, streams: &[Streams], span: &Span) {
        for &c in &self.tracked {
            let stream = &streams[c];
            if stream.flags(span.start, span.stop).contains(Flags::MISSING) {
                continue;
            }
            let square = stream.energy(plan, span.start, span.stop);
            let u_v = (square / (span.stop - span.start)).max(0.0).sqrt() * plan.channels[c].scale.abs();
            self.references_v[c] = SLIDING * self.references_v[c] + (1.0 - SLIDING) * u_v;
        }
    }
}

/// Remembers what an event that ended lies over, and may still lie over.
fn note_event(recent: &mut VecDeque<(f64, f64)>, severities: &mut [Option<Severity>], start: f64, last: f64) {
    recent.push_back((start, last));
    for severity in severities.iter_mut().flatten() {
        severity.note(start, last, Flags::EVENT);
    }
}
