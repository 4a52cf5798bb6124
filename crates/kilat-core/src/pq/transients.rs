//! Transient over-voltages (IEC 61000-4-30, Annex A: no method is fixed; this one is described here).

use serde::Serialize;

/// Shape of a transient (IEEE 1159).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TransientKind {
    /// One spike, of one polarity.
    Impulsive,
    /// A ringing.
    Oscillatory,
}

/// One transient on one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transient {
    /// Shape.
    pub kind: TransientKind,
    /// Channel, as an index into the channels of the analysis.
    pub channel: usize,
    /// First sample beyond half the threshold.
    pub start_sample: u64,
    /// One past the last sample beyond half the threshold.
    pub stop_sample: u64,
    /// Time from start to stop, in seconds.
    pub duration_s: f64,
    /// Largest departure from the neighbouring cycles, with its sign, in volts, as sampled.
    pub peak_v: f64,
    /// The same over the nominal peak voltage √2·Udin.
    pub peak_pu: f64,
    /// Sample of the peak.
    pub peak_sample: u64,
    /// Time from 10 % to 90 % of the peak, in seconds; one sample period is the shortest that can be told.
    pub rise_s: f64,
    /// Frequency of the ringing, in hertz; NaN when impulsive.
    pub ringing_hz: f64,
    /// +1 or −1: sign of the peak.
    pub polarity: i8,
    /// The converter was at its limit inside: the true peak is larger.
    pub clipped: bool,
    /// The rate resolves it (at least three samples on its front); otherwise peak and front are lower limits.
    pub resolvable: bool,
}
