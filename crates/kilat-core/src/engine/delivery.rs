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

/// What has been decided at once, and what its windows give.
#[derive(Debug, Default)]
struct Batch {
    decided: Decisions,
    spans: Vec<Span>,
    measured: Vec<Measured>,
}

/// Actions, what their windows give, and what is made of these in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Whose windows are to be measured, or have been last.
    #[serde(skip)]
    due: Batch,
    /// What was measured before, and may be handed over beside that.
    #[serde(skip)]
    done: Batch,
    order: Order,
}

/// What is made of intervals in order, where a batch is handed over.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    #[serde(skip)]
    system: System,
    aggregator: Aggregator,
    bursts: Vec<BurstRecorder>,
    notches: NotchSearch,
    /// Index in the capture of the first sample of the segment, and when it was taken.
    offset: u64,
    clock: Timestamp,
}

/// What was measured before, to be handed over.
pub struct Handover<'d> {
    batch: &'d mut Batch,
    order: &'d mut Order,
}

impl Handover<'_> {
    /// Hands it over.
    pub fn give(self, plan: &Plan, sink: &mut impl Sink) {
        self.order.give(plan, self.batch, sink);
    }
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
        let order = Order {
            system: System::default(),
            aggregator: Aggregator::new(plan),
            bursts: bursts(plan),
            notches: NotchSearch::default(),
            offset,
            clock,
        };
        Self { due: Batch::default(), done: Batch::default(), order }
    }

    /// A new segment begins.
    pub fn restart(&mut self, offset: u64, clock: Timestamp) {
        (self.order.offset, self.order.clock) = (offset, clock);
    }

    /// Makes the room that a stream needs: for what one chunk completes, and for all that goes on over chunks.
    pub fn reserve(&mut self, plan: &Plan) {
        let Self { due: Batch { decided, spans, measured }, order, .. } = self;
        decided.reserve(plan);
        spans.make_room(WINDOWS);
        measured.resize_with(WINDOWS * plan.channels.len(), || Measured::roomy(plan));
        order.system.reserve(plan);
        order.aggregator.reserve(plan);
        order.bursts.iter_mut().for_each(BurstRecorder::reserve);
    }

    /// True when both are of plans with the same tones.
    pub fn is_like(&self, other: &Self) -> bool {
        self.order.bursts.len() == other.order.bursts.len()
    }

    /// Goes on with what another one remembered, in the memory there is.
    pub fn load(&mut self, other: Self) {
        let Order { aggregator, bursts, notches, offset, clock, .. } = other.order;
        let order = &mut self.order;
        (order.aggregator, order.bursts, order.notches) = (aggregator, bursts, notches);
        (order.offset, order.clock) = (offset, clock);
    }

    /// Where in the capture the first of what happened begins that is to be given out yet, or at this position of the segment.
    pub fn due_since(&self, at: Option<f64>) -> Option<f64> {
        let all = [self.due.decided.since(), self.done.decided.since(), at].into_iter().flatten();
        all.reduce(f64::min).map(|first| first + self.order.offset as f64)
    }

    /// The clock is `seconds` ahead of what the sampling rate says.
    pub fn steer(&mut self, seconds: f64) {
        self.order.clock = self.order.clock.plus_seconds(seconds);
    }

    /// The segment ends.
    pub fn interrupt(&mut self, plan: &Plan, sink: &mut impl Sink) {
        let order = &mut self.order;
        order.bursts.iter_mut().filter_map(BurstRecorder::finish).for_each(|b| sink.burst(b));
        if let Some(t) = order.notches.finish(plan) {
            sink.transient(t);
        }
        order.aggregator.interrupt(&mut |i| sink.interval(i));
    }

    /// The stream ends.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.order.aggregator.finish(&mut |i| sink.interval(i));
    }

    /// Takes what the fold has decided, once everything before has been [given](Self::give) or [set aside](Self::set_aside).
    pub fn take(&mut self, decided: &mut Decisions) {
        debug_assert!(self.due.decided.actions.is_empty());
        std::mem::swap(&mut self.due.decided, decided);
    }

    /// The windows that have been taken, to be [measured](Window::measure) in any order, and what has been set aside: whole windows as
    /// long as there is one for each of so many `threads`, and the rest in parts, so that none stands idle.
    pub fn windows(
        &mut self,
        plan: &Plan,
        streams: &[Streams],
        threads: usize,
    ) -> (impl Iterator<Item = Window<'_>> + Send, Handover<'_>) {
        let channels = plan.channels.len();
        let Self { due: Batch { decided, spans, measured }, done, order } = self;
        spans.clear();
        for span in decided.windows() {
            let quality = |s: &Streams| s.flags(span.start, span.stop);
            span.flags = streams.iter().map(quality).fold(span.flags, Flags::union);
            spans.push(*span);
        }
        let due = spans.len() * channels;
        if measured.len() < due {
            measured.resize_with(due, Measured::default);
        }
        let whole = spans.len() / threads * threads;
        let due = spans.iter().zip(measured[..due].chunks_mut(channels));
        let windows = due.enumerate().flat_map(move |(w, (span, out))| {
            let part = if w < whole { channels } else { channels.div_ceil(threads) };
            out.chunks_mut(part).enumerate().map(move |(k, out)| Window { span, first: k * part, out })
        });
        (windows, Handover { batch: done, order })
    }

    /// Sets aside what has been measured, once what was set aside before has been given.
    pub fn set_aside(&mut self) {
        debug_assert!(self.done.decided.actions.is_empty());
        std::mem::swap(&mut self.due, &mut self.done);
    }

    /// Hands over all that has been measured.
    pub fn give(&mut self, plan: &Plan, sink: &mut impl Sink) {
        let Self { due, done, order } = self;
        order.give(plan, done, sink);
        order.give(plan, due, sink);
    }
}

impl Order {
    /// Hands everything of a batch over in order.
    fn give(&mut self, plan: &Plan, batch: &mut Batch, sink: &mut impl Sink) {
        let channels = plan.channels.len();
        let offset = self.offset as f64;
        let mut measured = batch.measured.chunks(channels);
        let Decisions { actions, events, changes, transients } = &batch.decided;
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
        batch.decided.clear();
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
