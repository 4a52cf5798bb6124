//! Where results go: the tables of an [`Analysis`](crate::Analysis), or the caller of a live stream.

use crate::engine::analysis::{Flags, Gap};
use crate::engine::measured::{Measured, System};
use crate::pq::events::Event;
use crate::pq::rvc::RapidChange;
use crate::pq::signalling::Burst;
use crate::pq::transients::Transient;
use crate::units::Timestamp;

/// One Urms(1/2) value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfCycle {
    /// Index of the channel in the analysis.
    pub channel: usize,
    /// First sample position of its one-cycle window.
    pub start_sample: f64,
    /// Last sample position.
    pub stop_sample: f64,
    /// Urms(1/2), in volts (amperes, when a capture has no voltage).
    pub u_rms_v: f64,
    /// Flags.
    pub flags: Flags,
}

/// One 10-s frequency value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrequencyValue {
    /// First sample position of the whole cycles counted.
    pub start_sample: f64,
    /// Last sample position.
    pub stop_sample: f64,
    /// Frequency, in hertz.
    pub hz: f64,
    /// Flags.
    pub flags: Flags,
}

/// Length of a measurement interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// The basic interval of 10/12 cycles.
    Basic,
    /// 150 cycles at 50 Hz, 180 at 60 Hz.
    Cycles150,
    /// From one 10-min tick to the next.
    TenMinutes,
    /// From one even hour to the next.
    TwoHours,
}

/// One basic interval, or an aggregate of them.
#[derive(Debug, Clone, Copy)]
pub struct Interval<'a> {
    /// Its length.
    pub period: Period,
    /// First sample position.
    pub start_sample: f64,
    /// Last sample position.
    pub stop_sample: f64,
    /// The moment it ends (10 min and 2 h: the tick), in UTC, or from the first sample when the start is unknown.
    pub stamp: Timestamp,
    /// Whole cycles inside.
    pub cycles: u32,
    /// Basic intervals inside.
    pub basics: u32,
    /// Time of samples that no interval of this length before it holds, in seconds.
    pub covered_s: f64,
    /// Mean frequency, in hertz.
    pub frequency_hz: f64,
    /// Flags.
    pub flags: Flags,
    /// One entry per channel.
    pub channels: &'a [Measured],
    /// What concerns the system.
    pub system: &'a System,
}

/// Samples around an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waveform<'a> {
    /// Index of the first sample.
    pub start_sample: u64,
    /// Samples of each channel.
    pub samples: usize,
    /// Position of what set it off: the begin of an event, or the peak of a transient.
    pub trigger_sample: f64,
    /// Volts and amperes: all samples of one recorded channel, then those of the next.
    pub values: &'a [f32],
    /// Both ends are where they were asked for: neither a gap nor the begin or end of the stream cut one off.
    pub complete: bool,
}

/// One value of the instantaneous flicker sensation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PInstValue {
    /// Index of the channel in the analysis.
    pub channel: usize,
    /// Sample position.
    pub sample: f64,
    /// Pinst.
    pub p_inst: f32,
    /// `UNSETTLED` or none.
    pub flags: Flags,
}

/// Time over which flicker is rated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// Pst: 10 min.
    Short,
    /// Plt: 2 h.
    Long,
}

/// One value of Pst or Plt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlickerValue {
    /// Index of the channel in the analysis.
    pub channel: usize,
    /// Pst or Plt.
    pub term: Term,
    /// First sample position.
    pub start_sample: f64,
    /// Last sample position.
    pub stop_sample: f64,
    /// Pst or Plt.
    pub severity: f64,
    /// Flags.
    pub flags: Flags,
}

/// What happened to a stream, or to how it is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// A block began with samples that had been taken already; they were left out.
    Overlap,
    /// A block came after its samples had been given up as a gap; it was left out.
    Late,
    /// All samples of a block had been taken already; it was left out.
    Duplicate,
    /// The clock jumped; the cut began anew.
    ClockStep,
    /// The clock had drifted from the sampling rate; the ticks were moved to it.
    ClockSteered,
    /// The source says that its clock is not synchronised any more.
    ClockLost,
    /// The source says that its clock is synchronised again.
    ClockFound,
    /// There is no zero crossing left to follow: the cut is carried on at the last known frequency.
    SyncLost,
    /// There is one again.
    SyncFound,
    /// A converter is at its limit, for the first time in a second, or the source says that one is.
    Overload,
}

impl NoticeKind {
    /// Its name, such as `clock_step`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlap => "overlap",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::ClockStep => "clock_step",
            Self::ClockSteered => "clock_steered",
            Self::ClockLost => "clock_lost",
            Self::ClockFound => "clock_found",
            Self::SyncLost => "sync_lost",
            Self::SyncFound => "sync_found",
            Self::Overload => "overload",
        }
    }
}

/// One thing that happened to a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// Where: the first sample concerned.
    pub sample: f64,
    /// How many samples were left out.
    pub samples: u64,
    /// By how much the clock went forward, in seconds.
    pub seconds: f64,
    /// Index of the channel in the analysis; `None` when it concerns all.
    pub channel: Option<usize>,
}

impl Notice {
    /// Of a kind that concerns all channels from `sample` on.
    pub fn new(kind: NoticeKind, sample: f64) -> Self {
        Self { kind, sample, samples: 0, seconds: 0.0, channel: None }
    }
}

/// Receives results in their order.
pub trait Sink {
    /// A Urms(1/2) value.
    fn half_cycle(&mut self, value: HalfCycle);
    /// A basic interval, or an aggregate.
    fn interval(&mut self, interval: Interval<'_>);
    /// A 10-s frequency.
    fn frequency(&mut self, value: FrequencyValue);
    /// A value of Pinst.
    fn p_inst(&mut self, value: PInstValue);
    /// A value of Pst or Plt.
    fn flicker(&mut self, value: FlickerValue);
    /// A dip, swell or interruption that has ended.
    fn event(&mut self, event: Event);
    /// A dip, swell or interruption that goes on: when it opens, then every second. Its last word is [`event`](Self::event).
    fn open_event(&mut self, _event: Event) {}
    /// A rapid voltage change that is over.
    fn rapid_change(&mut self, change: RapidChange);
    /// A burst of mains signalling that has been recorded.
    fn burst(&mut self, burst: &Burst);
    /// A transient.
    fn transient(&mut self, transient: Transient);
    /// A gap before the samples that follow.
    fn gap(&mut self, gap: Gap);
    /// Something that happened to the stream.
    fn notice(&mut self, _notice: Notice) {}
    /// Samples around an event, when a live stream was asked for them.
    fn waveform(&mut self, _waveform: Waveform<'_>) {}
}
