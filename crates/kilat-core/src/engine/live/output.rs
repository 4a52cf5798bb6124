//! Results that wait until the caller takes them.

use std::collections::VecDeque;
use std::iter::repeat_n;

use crate::engine::analysis::{Flags, Gap};
use crate::engine::delivery::bursts;
use crate::engine::live::Options;
use crate::engine::measured::{Measured, System};
use crate::engine::plan::Plan;
use crate::engine::sink::{
    FlickerValue, FrequencyValue, HalfCycle, Interval, Notice, PInstValue, Period, Sink, Waveform,
};
use crate::pq::events::Event;
use crate::pq::rvc::RapidChange;
use crate::pq::signalling::{Burst, BurstRecorder};
use crate::pq::transients::Transient;
use crate::units::{SampleRate, Timestamp};

/// One result of a live stream.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its number: results are counted from 0 at the start of the stream, over gaps and checkpoints.
    pub sequence: u64,
    /// The moment it stands for: the end of an interval, of the 10 s of a frequency and of the time of Pst and Plt, everything
    /// else's begin; in UTC, or counted from the first sample.
    pub time: Timestamp,
    /// The result.
    pub value: Value,
}

/// What a result is.
#[derive(Debug, Clone)]
pub enum Value {
    /// A Urms(1/2) value.
    HalfCycle(HalfCycle),
    /// A basic interval, or an aggregate.
    Interval(Box<OwnedInterval>),
    /// A 10-s frequency.
    Frequency(FrequencyValue),
    /// A value of Pinst.
    PInst(PInstValue),
    /// A value of Pst or Plt.
    Flicker(FlickerValue),
    /// A dip, swell or interruption that has ended.
    Event(Event),
    /// One that goes on: when it opens, then every second.
    OpenEvent(Event),
    /// A rapid voltage change that is over.
    RapidChange(RapidChange),
    /// A burst of mains signalling.
    Burst(Box<Burst>),
    /// A transient.
    Transient(Transient),
    /// A gap before the samples that follow.
    Gap(Gap),
    /// Something that happened to the stream.
    Notice(Notice),
    /// Samples around an event.
    Waveform(Box<OwnedWaveform>),
}

/// An [`Interval`] that owns its values.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // the fields are those of `Interval`
pub struct OwnedInterval {
    pub period: Period,
    pub start_sample: f64,
    pub stop_sample: f64,
    pub stamp: Timestamp,
    pub cycles: u32,
    pub basics: u32,
    pub covered_s: f64,
    pub frequency_hz: f64,
    pub flags: Flags,
    pub channels: Vec<Measured>,
    pub system: System,
}

/// A [`Waveform`] that owns its values.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)] // the fields are those of `Waveform`
pub struct OwnedWaveform {
    pub start_sample: u64,
    pub samples: usize,
    pub trigger_sample: f64,
    pub values: Vec<f32>,
    pub complete: bool,
}

impl Value {
    /// Its kind in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HalfCycle(_) => "half_cycle",
            Self::Interval(i) if i.period == Period::Basic => "interval",
            Self::Interval(_) => "aggregate",
            Self::Frequency(_) => "frequency",
            Self::PInst(_) => "p_inst",
            Self::Flicker(_) => "flicker",
            Self::Event(_) => "event",
            Self::OpenEvent(_) => "open_event",
            Self::RapidChange(_) => "rvc",
            Self::Burst(_) => "burst",
            Self::Transient(_) => "transient",
            Self::Gap(_) => "gap",
            Self::Notice(n) => n.kind.name(),
            Self::Waveform(_) => "waveform",
        }
    }

    /// The channel it is of, as an index into the channels of the analysis; that of the extreme value for an event, `None` for
    /// what concerns all.
    pub fn channel(&self) -> Option<usize> {
        match self {
            Self::HalfCycle(v) => Some(v.channel),
            Self::PInst(v) => Some(v.channel),
            Self::Flicker(v) => Some(v.channel),
            Self::Event(v) | Self::OpenEvent(v) => Some(v.extreme_channel),
            Self::RapidChange(v) => Some(v.extreme_channel),
            Self::Burst(v) => Some(v.channel),
            Self::Transient(v) => Some(v.channel),
            Self::Notice(v) => v.channel,
            Self::Interval(_) | Self::Frequency(_) | Self::Gap(_) | Self::Waveform(_) => None,
        }
    }
}

impl OwnedWaveform {
    fn roomy(values: usize) -> Self {
        Self { values: Vec::with_capacity(values), ..Self::default() }
    }
}

impl OwnedInterval {
    fn roomy(plan: &Plan) -> Self {
        Self {
            period: Period::Basic,
            start_sample: 0.0,
            stop_sample: 0.0,
            stamp: Timestamp::default(),
            cycles: 0,
            basics: 0,
            covered_s: 0.0,
            frequency_hz: 0.0,
            flags: Flags::empty(),
            channels: plan.channels.iter().map(|_| Measured::roomy(plan)).collect(),
            system: System::roomy(plan),
        }
    }

    fn new(from: &Interval<'_>) -> Self {
        Self {
            period: from.period,
            start_sample: from.start_sample,
            stop_sample: from.stop_sample,
            stamp: from.stamp,
            cycles: from.cycles,
            basics: from.basics,
            covered_s: from.covered_s,
            frequency_hz: from.frequency_hz,
            flags: from.flags,
            channels: from.channels.to_vec(),
            system: from.system.clone(),
        }
    }

    /// Takes the values of another one, in the memory there is.
    fn copy(&mut self, from: &Interval<'_>) {
        let (mut channels, mut system) =
            (std::mem::take(&mut self.channels), std::mem::take(&mut self.system));
        channels.resize_with(from.channels.len(), Measured::default);
        channels.iter_mut().zip(from.channels).for_each(|(to, from)| to.copy(from));
        system.copy(from.system);
        *self = Self {
            period: from.period,
            start_sample: from.start_sample,
            stop_sample: from.stop_sample,
            stamp: from.stamp,
            cycles: from.cycles,
            basics: from.basics,
            covered_s: from.covered_s,
            frequency_hz: from.frequency_hz,
            flags: from.flags,
            channels,
            system,
        };
    }

    /// The same, borrowed.
    pub fn as_interval(&self) -> Interval<'_> {
        Interval {
            period: self.period,
            start_sample: self.start_sample,
            stop_sample: self.stop_sample,
            stamp: self.stamp,
            cycles: self.cycles,
            basics: self.basics,
            covered_s: self.covered_s,
            frequency_hz: self.frequency_hz,
            flags: self.flags,
            channels: &self.channels,
            system: &self.system,
        }
    }
}

/// Results in their order, and the memory of those that were taken and handed back.
#[derive(Debug)]
#[expect(clippy::vec_box, reason = "the boxes go out inside of results and come back")]
pub(super) struct Queue {
    waiting: VecDeque<Output>,
    intervals: Vec<Box<OwnedInterval>>,
    waveforms: Vec<Box<OwnedWaveform>>,
    bursts: Vec<Box<Burst>>,
    pub(super) sequence: u64,
    p_inst: bool,
}

/// Boxes that are kept for use again.
const KEPT: usize = 64;
/// Intervals that there is memory for from the start: blocks of a second complete no more.
const READY: usize = 10;
/// Waveforms likewise: the one that waits, and the one that the caller has.
const READY_WAVEFORMS: usize = 2;
/// Results that there is room for from the start.
const MOST_ROOM: usize = 1 << 16;

/// Memory for results, with room to take more back.
fn boxes<T>(ready: impl Iterator<Item = T>) -> Vec<Box<T>> {
    let mut boxes = Vec::with_capacity(KEPT);
    boxes.extend(ready.take(KEPT).map(Box::new));
    boxes
}

impl Queue {
    pub(super) fn new(plan: &Plan, options: &Options) -> Self {
        let intervals = (0..READY).map(|_| OwnedInterval::roomy(plan));
        let around = options.waveforms.iter();
        let waveforms = around.flat_map(|w| repeat_n(w.values(plan), READY_WAVEFORMS));
        Self {
            waiting: VecDeque::with_capacity(options.queue.min(MOST_ROOM)),
            intervals: boxes(intervals),
            waveforms: boxes(waveforms.map(OwnedWaveform::roomy)),
            bursts: boxes(bursts(plan).iter().map(BurstRecorder::blank)),
            sequence: 0,
            p_inst: options.p_inst,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        self.waiting.pop_front()
    }

    /// Takes back the memory of a result.
    pub(super) fn recycle(&mut self, output: Output) {
        match output.value {
            Value::Interval(i) if self.intervals.len() < KEPT => self.intervals.push(i),
            Value::Waveform(w) if self.waveforms.len() < KEPT => self.waveforms.push(w),
            Value::Burst(b) if self.bursts.len() < KEPT => self.bursts.push(b),
            _ => {}
        }
    }
}

/// When the samples of a segment were taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clock {
    pub(super) rate: SampleRate,
    /// First sample of the segment.
    pub(super) first: u64,
    /// When it was taken: in UTC, or counted from the first sample.
    pub(super) began: Timestamp,
}

impl Clock {
    /// When the sample at `position` was taken.
    pub(super) fn at(&self, position: f64) -> Timestamp {
        self.began.plus_seconds(self.rate.seconds(position - self.first as f64))
    }
}

/// The queue as a sink: it needs to know when samples were taken.
#[derive(Debug)]
pub(super) struct Filler<'q> {
    pub(super) queue: &'q mut Queue,
    pub(super) clock: Clock,
}

impl Filler<'_> {
    fn put(&mut self, position: f64, value: Value) {
        self.put_at(self.clock.at(position), value);
    }

    fn put_at(&mut self, time: Timestamp, value: Value) {
        let sequence = self.queue.sequence;
        self.queue.sequence += 1;
        self.queue.waiting.push_back(Output { sequence, time, value });
    }
}

impl Sink for Filler<'_> {
    fn half_cycle(&mut self, value: HalfCycle) {
        self.put(value.start_sample, Value::HalfCycle(value));
    }

    fn interval(&mut self, interval: Interval<'_>) {
        let owned = match self.queue.intervals.pop() {
            Some(mut owned) => {
                owned.copy(&interval);
                owned
            }
            None => Box::new(OwnedInterval::new(&interval)),
        };
        self.put_at(interval.stamp, Value::Interval(owned));
    }

    fn frequency(&mut self, value: FrequencyValue) {
        self.put(value.stop_sample, Value::Frequency(value));
    }

    fn p_inst(&mut self, value: PInstValue) {
        if self.queue.p_inst {
            self.put(value.sample, Value::PInst(value));
        }
    }

    fn flicker(&mut self, value: FlickerValue) {
        self.put(value.stop_sample, Value::Flicker(value));
    }

    fn event(&mut self, event: Event) {
        self.put(event.start_sample, Value::Event(event));
    }

    fn open_event(&mut self, event: Event) {
        self.put(event.start_sample, Value::OpenEvent(event));
    }

    fn rapid_change(&mut self, change: RapidChange) {
        self.put(change.start_sample, Value::RapidChange(change));
    }

    fn burst(&mut self, burst: &Burst) {
        let owned = match self.queue.bursts.pop() {
            Some(mut owned) => {
                owned.copy(burst);
                owned
            }
            None => Box::new(burst.clone()),
        };
        self.put(burst.start_sample, Value::Burst(owned));
    }

    fn transient(&mut self, transient: Transient) {
        self.put(transient.start_sample as f64, Value::Transient(transient));
    }

    fn gap(&mut self, gap: Gap) {
        self.put(gap.sample as f64, Value::Gap(gap));
    }

    fn notice(&mut self, notice: Notice) {
        self.put(notice.sample, Value::Notice(notice));
    }

    fn waveform(&mut self, w: Waveform<'_>) {
        let mut owned = self.queue.waveforms.pop().unwrap_or_default();
        owned.values.clear();
        owned.values.extend_from_slice(w.values);
        (owned.start_sample, owned.samples) = (w.start_sample, w.samples);
        (owned.trigger_sample, owned.complete) = (w.trigger_sample, w.complete);
        self.put(w.start_sample as f64, Value::Waveform(owned));
    }
}
