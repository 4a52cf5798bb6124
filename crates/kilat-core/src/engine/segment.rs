//! The engine: cut, measure, fold, on one stretch of samples without a gap. Both drivers push samples into this.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::aggregate::Aggregator;
use crate::capture::{Kind, SamplesRef};
use crate::engine::analysis::Flags;
use crate::engine::crew::Crew;
use crate::engine::fold::{Action, Fold};
use crate::engine::measured::{Measured, Scratch, System, measure};
use crate::engine::plan::{ChannelPlan, Plan};
use crate::engine::sink::{
    FlickerValue, FrequencyValue, HalfCycle, Interval, Notice, PInstValue, Period, Sink,
};
use crate::engine::timeline::Span;
use crate::engine::track::Track;
use crate::pq::signalling::BurstRecorder;
use crate::units::Timestamp;

/// Samples that go through all stages together. It bounds memory and keeps a channel's tile in the cache; results do not
/// depend on it.
const TILE: usize = 1 << 15;

/// Most windows that one chunk of a stream completes.
const WINDOWS: usize = 8;

/// What the engine remembers of a stream, to be written down.
#[derive(Debug, Serialize)]
pub struct Saved<'e> {
    tracks: &'e [Track],
    fold: &'e Fold,
    aggregator: &'e Aggregator,
    offset: u64,
    clock: Timestamp,
    bursts: &'e [BurstRecorder],
}

/// The same, read back.
#[derive(Debug, Deserialize)]
pub struct State {
    tracks: Vec<Track>,
    fold: Fold,
    aggregator: Aggregator,
    offset: u64,
    clock: Timestamp,
    bursts: Vec<BurstRecorder>,
}

/// Engine and state of one stream.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    crew: Arc<Crew>,
    tracks: Vec<Track>,
    fold: Fold,
    aggregator: Aggregator,
    /// Index in the capture of the first sample of the segment, and when it was taken.
    offset: u64,
    clock: Timestamp,
    actions: Vec<Action>,
    spans: Vec<Span>,
    measured: Vec<Measured>,
    system: System,
    /// One for each tone of the settings on each voltage.
    bursts: Vec<BurstRecorder>,
    scratch: Vec<Mutex<Scratch>>,
}

impl Engine {
    /// An engine at sample `offset` of a capture, which was taken at `clock`: in UTC, or counted from the first sample.
    pub fn new(plan: Arc<Plan>, crew: Arc<Crew>, offset: u64, clock: Timestamp) -> Self {
        Self {
            tracks: tracks(&plan),
            fold: Fold::new(&plan, clock),
            aggregator: Aggregator::new(plan.config.class),
            offset,
            clock,
            actions: Vec::new(),
            spans: Vec::new(),
            measured: Vec::new(),
            system: System::default(),
            bursts: bursts(&plan),
            scratch: (0..crew.threads()).map(|_| Mutex::new(Scratch::new(&plan))).collect(),
            crew,
            plan,
        }
    }

    /// Begins a new segment at sample `offset`, taken at `clock`; the one before must have been [interrupted](Self::interrupt).
    pub fn restart(&mut self, offset: u64, clock: Timestamp) {
        self.tracks = tracks(&self.plan);
        self.fold = Fold::new(&self.plan, clock);
        (self.offset, self.clock) = (offset, clock);
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time, so that it does not allocate later.
    pub fn reserve(&mut self, chunk: usize) {
        self.tracks.iter_mut().for_each(|t| t.reserve(&self.plan, chunk));
        self.actions.reserve(1024);
        self.spans.reserve(WINDOWS);
        self.measured.resize_with(WINDOWS * self.plan.channels.len(), || Measured::roomy(&self.plan));
    }

    /// All that it remembers.
    pub fn save(&self) -> Saved<'_> {
        let Self { tracks, fold, aggregator, offset, clock, bursts, .. } = self;
        Saved { tracks, fold, aggregator, offset: *offset, clock: *clock, bursts }
    }

    /// Goes on with what another engine remembered; false, and nothing done, when that had another plan.
    pub fn load(&mut self, state: State) -> bool {
        let State { tracks, fold, aggregator, offset, clock, bursts } = state;
        let alike = tracks.len() == self.tracks.len()
            && tracks.iter().zip(&self.tracks).all(|(a, b)| a.is_like(b))
            && fold.is_like(&self.fold)
            && bursts.len() == self.bursts.len();
        if alike {
            (self.tracks, self.fold, self.aggregator) = (tracks, fold, aggregator);
            (self.offset, self.clock, self.bursts) = (offset, clock, bursts);
        }
        alike
    }

    /// Takes the next samples, as many of every recorded channel, and gives what they complete to `sink`.
    pub fn push(&mut self, block: &[SamplesRef<'_>], sink: &mut impl Sink) {
        let n = block.first().map_or(0, SamplesRef::len);
        for from in (0..n).step_by(TILE) {
            let range = from..n.min(from + TILE);
            let plan = &*self.plan;
            let (recorded, derived) = self.tracks.split_at_mut(plan.recorded().len());
            self.crew.share(recorded.iter_mut().zip(block), |_, (track, samples)| {
                track.push(plan, samples.slice(range.clone()));
            });
            for track in derived {
                track.push_sum(plan, recorded);
            }
            self.fold.run(plan, &mut self.tracks, &mut self.actions);
            self.give_out(sink);
            let keep = self.fold.oldest().min(self.tracks[0].raw.end() as f64);
            for track in &mut self.tracks {
                track.discard(&self.plan, keep);
            }
        }
    }

    /// Gives what is left of the segment to `sink`: a gap follows.
    pub fn interrupt(&mut self, sink: &mut impl Sink) {
        let plan = &*self.plan;
        let (recorded, derived) = self.tracks.split_at_mut(plan.recorded().len());
        for track in recorded.iter_mut() {
            track.hold(plan);
        }
        for track in derived {
            track.push_sum(plan, recorded);
        }
        let length = self.tracks.first().map_or(0, |t| t.raw.end());
        for track in &mut self.tracks {
            track.finish(plan);
        }
        self.fold.finish(&self.plan, &mut self.tracks, length, &mut self.actions);
        self.give_out(sink);
        self.bursts.iter_mut().filter_map(BurstRecorder::finish).for_each(|b| sink.burst(b));
        self.aggregator.interrupt(&mut |i| sink.interval(i));
    }

    /// Gives what is left of a stream that has been [interrupted](Self::interrupt) to `sink`: nothing follows.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.aggregator.finish(&mut |i| sink.interval(i));
    }

    /// The next `n` samples to be pushed have been through `flags`.
    pub fn expect(&mut self, n: u64, flags: Flags) {
        let recorded = self.plan.recorded().len();
        self.tracks[..recorded].iter_mut().for_each(|t| t.expect(&self.plan, n, flags));
    }

    /// The clock is `seconds` ahead of what the sampling rate says: ticks come that much sooner from now on.
    pub fn steer(&mut self, seconds: f64) {
        self.clock = self.clock.plus_seconds(seconds);
        self.fold.steer(-seconds * self.plan.fs);
    }

    /// Measures the windows that are due, in parallel, and hands everything over in order.
    fn give_out(&mut self, sink: &mut impl Sink) {
        let channels = self.plan.channels.len();
        self.spans.clear();
        self.spans.extend(
            self.actions.iter().filter_map(|a| if let Action::Interval(s) = a { Some(*s) } else { None }),
        );
        let due = self.spans.len() * channels;
        if self.measured.len() < due {
            self.measured.resize_with(due, Measured::default);
        }
        let due = self.measured[..due].chunks_mut(channels);
        let (plan, tracks, spans) = (&*self.plan, &self.tracks, &self.spans);
        let threads = self.crew.threads();
        if let ([own], 1) = (&mut self.scratch[..], threads) {
            // A live stream has one thread, and takes no lock.
            let own = own.get_mut().unwrap_or_else(PoisonError::into_inner);
            spans.iter().zip(due).for_each(|(span, out)| measure(plan, tracks, span, 0, own, out));
        } else {
            // Whole windows are cheapest; the last ones are shared so that no thread stands idle.
            let whole = spans.len() / threads * threads;
            let parts = spans.iter().zip(due).enumerate().flat_map(|(w, (span, out))| {
                let part = if w < whole { channels } else { channels.div_ceil(threads) };
                out.chunks_mut(part).enumerate().map(move |(k, out)| (span, k * part, out))
            });
            let scratch = &self.scratch;
            self.crew.share(parts, |thread, (span, first, out)| {
                // A poisoned lock means a panic elsewhere, and the buffers are overwritten anyway.
                let mut own = scratch[thread].lock().unwrap_or_else(PoisonError::into_inner);
                measure(plan, tracks, span, first, &mut own, out);
            });
        }
        let offset = self.offset as f64;
        let mut measured = self.measured.chunks(channels);
        for action in self.actions.drain(..) {
            match action {
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
                    let quality = |t: &Track| t.flags(span.start, span.stop);
                    let flags = self.tracks.iter().map(quality).fold(span.flags, Flags::union);
                    let channels = measured.next().unwrap_or_default();
                    let covered_s = (span.stop - span.fresh) / self.plan.fs;
                    self.system.measure(&self.plan, channels, covered_s);
                    let basic = Interval {
                        period: Period::Basic,
                        start_sample: span.start + offset,
                        stop_sample: span.stop + offset,
                        stamp: self.clock.plus_seconds(span.stop / self.plan.fs),
                        cycles: u32::from(span.cycles),
                        basics: 1,
                        covered_s,
                        frequency_hz: f64::from(span.cycles) * self.plan.fs / (span.stop - span.start),
                        flags,
                        channels,
                        system: &self.system,
                    };
                    sink.interval(basic);
                    let positions = (basic.start_sample, basic.stop_sample);
                    let values = channels.iter().flat_map(|c| &c.signalling_v);
                    for (recorder, value_v) in self.bursts.iter_mut().zip(values) {
                        if let Some(b) = recorder.update(positions, *value_v, basic.flags, self.plan.fs) {
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
                Action::Event(mut e) => {
                    e.start_sample += offset;
                    e.stop_sample += offset;
                    sink.event(e);
                }
                Action::OpenEvent(mut e) => {
                    e.start_sample += offset;
                    e.stop_sample += offset;
                    sink.open_event(e);
                }
                Action::Notice(n) => sink.notice(Notice { sample: n.sample + offset, ..n }),
                Action::RapidChange(mut c) => {
                    c.start_sample += offset;
                    c.stop_sample += offset;
                    sink.rapid_change(c);
                }
                Action::Transient(mut t) => {
                    t.start_sample += self.offset;
                    t.stop_sample += self.offset;
                    t.peak_sample += self.offset;
                    sink.transient(t);
                }
            }
        }
    }
}

/// In the order of the values that a window gives.
fn bursts(plan: &Plan) -> Vec<BurstRecorder> {
    let voltages = plan.channels.iter().enumerate().filter(|(_, c)| c.info.kind == Kind::Voltage);
    let tones = |(k, c): (usize, &ChannelPlan)| {
        let udin_v = c.info.udin_v;
        plan.config.signalling.iter().map(move |t| BurstRecorder::new(*t, k, udin_v))
    };
    voltages.flat_map(tones).collect()
}

fn tracks(plan: &Plan) -> Vec<Track> {
    (0..plan.channels.len()).map(|c| Track::new(plan, c)).collect()
}
