//! Where results go: the tables of an [`Analysis`](crate::Analysis), or the caller of a live stream.

use crate::engine::analysis::{Flags, Gap};
use crate::pq::events::Event;
use crate::pq::harmonics::Spectrum;
use crate::pq::transients::Transient;

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

/// What one window gives for one channel.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// True r.m.s., in volts or amperes.
    pub rms: f64,
    /// Active power with the channel's partner, in watts; NaN without one.
    pub p_w: f64,
    /// R.m.s. of the difference to the next phase, in volts; NaN without one.
    pub line_line_rms_v: f64,
    /// Harmonics.
    pub spectrum: Spectrum,
}

/// One basic interval.
#[derive(Debug, Clone, Copy)]
pub struct Interval<'a> {
    /// First sample position.
    pub start_sample: f64,
    /// Last sample position.
    pub stop_sample: f64,
    /// Whole cycles inside.
    pub cycles: u16,
    /// Mean frequency, in hertz.
    pub frequency_hz: f64,
    /// Flags.
    pub flags: Flags,
    /// One entry per channel.
    pub channels: &'a [Measured],
}

/// Receives results in their order.
pub trait Sink {
    /// A Urms(1/2) value.
    fn half_cycle(&mut self, value: HalfCycle);
    /// A basic interval.
    fn interval(&mut self, interval: Interval<'_>);
    /// A 10-s frequency.
    fn frequency(&mut self, value: FrequencyValue);
    /// A dip, swell or interruption that has ended.
    fn event(&mut self, event: Event);
    /// A transient.
    fn transient(&mut self, transient: Transient);
    /// A gap before the samples that follow.
    fn gap(&mut self, gap: Gap);
}
