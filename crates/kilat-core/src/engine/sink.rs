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
    /// A rapid voltage change that is over.
    fn rapid_change(&mut self, change: RapidChange);
    /// A burst of mains signalling that has been recorded.
    fn burst(&mut self, burst: Burst);
    /// A transient.
    fn transient(&mut self, transient: Transient);
    /// A gap before the samples that follow.
    fn gap(&mut self, gap: Gap);
}
