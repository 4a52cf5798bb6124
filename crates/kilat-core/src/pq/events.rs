//! Dips, swells and interruptions (IEC 61000-4-30, 5.4 and 5.5).

use serde::Serialize;

use crate::engine::analysis::Flags;

/// What happened to the r.m.s. voltage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Below the dip threshold.
    #[doc(alias = "sag")]
    Dip,
    /// Above the swell threshold.
    Swell,
    /// Below the interruption threshold: of the one channel, or of all channels of the system.
    Interruption,
}

/// One dip, swell or interruption, of one channel or of the polyphase system.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Channels concerned, as indices into the channels of the analysis; more than one for a polyphase event.
    pub channels: Vec<usize>,
    /// True for the event of the whole system, which contains those of its channels.
    pub polyphase: bool,
    /// First sample position of the first Urms(1/2) window across the threshold.
    pub start_sample: f64,
    /// First sample position of the first window back across threshold and hysteresis; the end of the record if none.
    pub stop_sample: f64,
    /// Time from start to stop, in seconds.
    pub duration_s: f64,
    /// Smallest Urms(1/2) of a dip or interruption, largest of a swell, in volts.
    pub residual_v: f64,
    /// The same as a fraction of Udin.
    pub magnitude_pu: f64,
    /// Distance from Udin, in % of Udin: positive for dips, negative for swells.
    pub depth_pct: f64,
    /// Channel with the extreme value.
    pub extreme_channel: usize,
    /// IEEE 1159 category, such as `instantaneous sag`.
    pub category: &'static str,
    /// Flags of the values inside.
    pub flags: Flags,
    /// True when the record ended, or a gap came, before the event did.
    pub open: bool,
}
