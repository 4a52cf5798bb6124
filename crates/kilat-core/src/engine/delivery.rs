//! What has been decided, on its way to the sink: windows are measured, and everything is handed over in order.

use serde::{Deserialize, Serialize};

use crate::aggregate::Aggregator;
use crate::capture::Kind;
use crate::config::Part;
use crate::engine::analysis::Flags;
use crate::engine::cross::Pairs;
use crate::engine::decisions::{Action, Decisions};
use crate::engine::measured::{Measured, Scratch, System, measure};
use crate::engine::plan::{ChannelPlan, Plan};
use crate::engine::reuse::Reuse;
use crate::engine::sink::{
    FlickerValue, FrequencyValue, HalfCycle, Interval, Notice, PInstValue, Period, Sink,
};
use crate::engine::streams::Streams;
use crate::engine::timeline::Span;
use crate::pq::events::Event;
use crate::pq::notching::NotchSearch;
use crate::pq::rvc::RapidChange;
use crate::pq::signalling::BurstRecorder;
use crate::pq::transients::Transient;
use crate::units::Timestamp;

/// Most windows in all.
const WINDOWS: usize = 8;

/// Actions, what their windows give, and what is made of these in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// What is to be handed over next.
    #[serde(skip)]
    decided: Decisions,
    #[serde(skip)]
    spans: Vec<Span>,
    #[serde(skip)]
    measured: Vec<Measured>,
    #[serde(skip)]
    system: System,
    aggregator: Aggregator,
    bursts: Vec<BurstRecorder>,
    notches: NotchSearch,
    /// Index in the capture of the first sample of the segment, and when it was taken.
    offset: u64,
    clock: Timestamp,
}

/// Some channels of a window that is to be measured.
pub struct Window<'d> {
    span: &'d Span,
    first: usize,
    out: &'d mut [Measured],
}

impl Window<'_> {
    /// Measures it.
    pub fn measure(self, plan: &Plan, sources: (&[Streams], &Pairs), scratch: &mut Scratch) {
        measure(plan, sources, self.span, self.first, scratch, self.out);
    }
}

impl Delivery {
    /// For a segment that begins at sample `offset`, taken at `clock`.
    pub fn new(plan: &Plan, offset: u64, clock: Timestamp) -> Self {
        Self {
            decided: Decisions::default(),
            spans: Vec::new(),
            measured: Vec::new(),
            system: System::default(),
            aggregator: Aggregator::new(plan),
            bursts: bursts(plan),
            notches: NotchSearch::default(),
            offset,
            clock,
        }
    }

    /// A new segment begins.
    pub fn restart(&mut self, offset: u64, clock: Timestamp) {
        (self.offset, self.clock) = (offset, clock);
    }

    /// Makes the room that a stream needs: for what one chunk completes, and for all that goes on over chunks.
    pub fn reserve(&mut self, plan: &Plan) {
        self.decided.reserve(plan);
        self.spans.make_room(WINDOWS);
        self.measured.resize_with(WINDOWS * plan.channels.len(), || Measured::roomy(plan));
        self.system.reserve(plan);
        self.aggregator.reserve(plan);
        self.bursts.iter_mut().for_each(BurstRecorder::reserve);
    }

    /// True when both are of plans with the same tones.
    pub fn is_like(&self, other: &Self) -> bool {
        self.bursts.len() == other.bursts.len()
    }

    /// Goes on with what another one remembered, in the memory there is.
    pub fn load(&mut self, other: Self) {
        let Self { aggregator, bursts, notches, offset, clock, .. } = other;
        (self.aggregator, self.bursts, self.notches) = (aggregator, bursts, notches);
        (self.offset, self.clock) = (offset, clock);
    }

    /// The clock is `seconds` ahead of what the sampling rate says.
    pub fn steer(&mut self, seconds: f64) {
        self.clock = self.clock.plus_seconds(seconds);
    }

    /// The segment ends.
    pub fn interrupt(&mut self, plan: &Plan, sink: &mut impl Sink) {
        self.bursts.iter_mut().filter_map(BurstRecorder::finish).for_each(|b| sink.burst(b));
        if let Some(t) = self.notches.finish(plan) {
            sink.transient(t);
        }
        self.aggregator.interrupt(&mut |i| sink.interval(i));
    }

    /// The stream ends.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.aggregator.finish(&mut |i| sink.interval(i));
    }

    /// Takes what the fold has decided, once everything before has been [given](Self::give).
    pub fn take(&mut self, decided: &mut Decisions) {
        debug_assert!(self.decided.actions.is_empty());
        std::mem::swap(&mut self.decided, decided);
    }

    /// The windows that have been taken, to be [measured](Window::measure) in any order: whole ones as long as there is one for each
    /// of so many `threads`, and the rest in parts, so that none stands idle.
    pub fn windows(
        &mut self,
        plan: &Plan,
        streams: &[Streams],
        threads: usize,
    ) -> impl Iterator<Item = Window<'_>> + Send {
        let channels = plan.channels.len();
        self.spans.clear();
        for span in self.decided.windows() {
            let quality = |s: &Streams| s.flags(span.start, span.stop);
            span.flags = streams.iter().map(quality).fold(span.flags, Flags::union);
            self.spans.push(*span);
        }
        let due = self.spans.len() * channels;
        if self.measured.len() < due {
            self.measured.resize_with(due, Measured::default);
        }
        let whole = self.spans.len() / threads * threads;
        let due = self.spans.iter().zip(self.measured[..due].chunks_mut(channels));
        due.enumerate().flat_map(move |(w, (span, out))| {
            let part = if w < whole { channels } else { channels.div_ceil(threads) };
            out.chunks_mut(part).enumerate().map(move |(k, out)| Window { span, first: k * part, out })
        })
    }

    /// Hands everything over in order.
    pub fn give(&mut self, plan: &Plan, sink: &mut impl Sink) {
        let channels = plan.channels.len();
        let offset = self.offset as f64;
        let mut measured = self.measured.chunks(channels);
        let Decisions { actions, events, changes, transients } = &self.decided;
        let (mut events, mut changes, mut transients) = (events.iter(), changes.iter(), transients.iter());
        let mut event = || {
            events.next().map(|e| Event {
                start_sample: e.start_sample + offset,
                stop_sample: e.stop_sample + offset,
                ..*e
            })
        };
        for action in actions {
            match *action {
                Action::HalfCycle(v) => sink.half_cycle(HalfCycle {
                    start_sample: v.start_sample + offset,
                    stop_sample: v.stop_sample + offset,
                    ..v
                }),
                Action::Frequency(v) => sink.frequency(FrequencyValue {
                    start_sample: v.start_sample + offset,
                    stop_sample: v.stop_sample + offset,
                    ..v
                }),
                Action::Interval(span) => {
                    let channels = measured.next().unwrap_or_default();
                    let covered_s = (span.stop - span.fresh) / plan.fs;
                    self.system.measure(plan, channels, covered_s);
                    let basic = Interval {
                        period: Period::Basic,
                        start_sample: span.start + offset,
                        stop_sample: span.stop + offset,
                        stamp: self.clock.plus_seconds(span.stop / plan.fs),
                        cycles: u32::from(span.cycles),
                        basics: 1,
                        covered_s,
                        frequency_hz: f64::from(span.cycles) * plan.fs / (span.stop - span.start),
                        flags: span.flags,
                        channels,
                        system: &self.system,
                    };
                    sink.interval(basic);
                    let positions = (basic.start_sample, basic.stop_sample);
                    if plan.config.measures(Part::Transients)
                        && let Some(t) =
                            self.notches.update(plan, positions, basic.frequency_hz, basic.flags, channels)
                    {
                        sink.transient(t);
                    }
                    let values = channels.iter().flat_map(|c| &c.signalling_v);
                    for (recorder, value_v) in self.bursts.iter_mut().zip(values) {
                        if let Some(b) = recorder.update(positions, *value_v, basic.flags, plan.fs) {
                            sink.burst(b);
                        }
                    }
                    self.aggregator.add(&basic, span.tick, span.is_last, &mut |i| sink.interval(i));
                }
                Action::PInst(v) => sink.p_inst(PInstValue { sample: v.sample + offset, ..v }),
                Action::Flicker(v) => sink.flicker(FlickerValue {
                    start_sample: v.start_sample + offset,
                    stop_sample: v.stop_sample + offset,
                    ..v
                }),
                Action::Event => event().into_iter().for_each(|e| sink.event(e)),
                Action::OpenEvent => event().into_iter().for_each(|e| sink.open_event(e)),
                Action::Notice(n) => sink.notice(Notice { sample: n.sample + offset, ..n }),
                Action::RapidChange => {
                    if let Some(c) = changes.next() {
                        let (start_sample, stop_sample) = (c.start_sample + offset, c.stop_sample + offset);
                        sink.rapid_change(RapidChange { start_sample, stop_sample, ..*c });
                    }
                }
                Action::Transient => {
                    if let Some(t) = transients.next() {
                        sink.transient(Transient {
                            start_sample: t.start_sample + self.offset,
                            stop_sample: t.stop_sample + self.offset,
                            peak_sample: t.peak_sample + self.offset,
                            ..*t
                        });
                    }
                }
            }
        }
        self.decided.clear();
    }
}

/// One for each tone of the settings on each voltage, in the order of the values that a window gives.
pub fn bursts(plan: &Plan) -> Vec<BurstRecorder> {
    let voltages = plan.channels.iter().enumerate().filter(|(_, c)| c.info.kind == Kind::Voltage);
    let tones = |(k, c): (usize, &ChannelPlan)| {
        let udin_v = c.info.udin_v;
        plan.config.signalling.iter().map(move |t| BurstRecorder::new(*t, k, udin_v))
    };
    voltages.flat_map(tones).collect()
}
