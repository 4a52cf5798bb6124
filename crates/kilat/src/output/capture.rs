//! A capture described: where it came from, its channels with extremes, and what can be measured on it.

use kilat_core::engine::offline::{limits, main_rate};
use kilat_core::engine::plan::{ChannelSpec, Plan};
use kilat_core::{Capture, Channel, Config, Kind, Phase, Result, SampleKind, Timestamp, Warning, Wiring};
use serde::Serialize;

use super::{ObservationInfo, Origin};

/// A capture described.
#[derive(Debug, Clone, Serialize)]
pub struct CaptureInfo {
    /// File, format, station, span.
    #[serde(flatten)]
    pub origin: Origin,
    /// Format of the file, where `format` is that of the recording which was written to it.
    pub container: Option<String>,
    /// Moment of the trigger, when stated.
    pub trigger: Option<Timestamp>,
    /// Nominal frequency that the file states, in hertz.
    pub nominal_frequency_hz: Option<f64>,
    /// Stretches of samples at one rate without a gap.
    pub segments: Vec<SegmentInfo>,
    /// Channels with their extremes.
    pub channels: Vec<ChannelStatistics>,
    /// Names of the status channels.
    pub digital: Vec<String>,
    /// Observations of a file that holds many; a capture is made of some of them.
    pub observations: Vec<ObservationInfo>,
    /// What can be measured; absent when nothing can, and then `unsupported` says why.
    pub support: Option<Support>,
    /// Why nothing can be measured.
    pub unsupported: Option<String>,
    /// Damage, doubts and repairs.
    pub warnings: Vec<Warning>,
}

/// A stretch of samples.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentInfo {
    /// Index of its first sample.
    pub first_sample: u64,
    /// Number of samples.
    pub samples: u64,
    /// Its rate, in hertz.
    pub rate_hz: f64,
    /// Time of its first sample after the start of the capture, in seconds.
    pub start_s: f64,
}

/// A channel with its extremes, in its own unit.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelStatistics {
    /// Name as in the file.
    pub name: String,
    /// Conductor.
    pub phase: Option<Phase>,
    /// Voltage, current or other.
    pub kind: Kind,
    /// Unit as in the file.
    pub unit: String,
    /// Type of the stored codes: `i16`, `i32`, `f32`, `f64`.
    pub codes: &'static str,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Root of the mean square over the whole capture, d.c. included.
    pub rms: f64,
    /// Number of missing samples.
    pub missing: u64,
}

impl ChannelStatistics {
    fn of(c: &Channel) -> Result<Self> {
        let (mut min, mut max, mut sum, mut n) = (f64::NAN, f64::NAN, 0.0, 0u64);
        for block in c.blocks() {
            for v in c.values(block)?.into_iter().filter(|v| !v.is_nan()) {
                min = v.min(min);
                max = v.max(max);
                sum += v * v;
                n += 1;
            }
        }
        Ok(Self {
            name: c.name.clone(),
            phase: c.phase,
            kind: c.kind,
            unit: c.unit.clone(),
            codes: match c.samples.kind() {
                SampleKind::I16 => "i16",
                SampleKind::I32 => "i32",
                SampleKind::F32 => "f32",
                SampleKind::F64 => "f64",
            },
            min,
            max,
            rms: (sum / n as f64).sqrt(),
            missing: c.len() as u64 - n,
        })
    }
}

/// What can be measured on a capture at its main rate.
#[derive(Debug, Clone, Serialize)]
pub struct Support {
    /// Rate of the segments that are analysed, in hertz.
    pub rate_hz: f64,
    /// Nominal frequency, stated or found in the signal, in hertz.
    pub nominal_frequency_hz: f64,
    /// How the channels make a system.
    pub wiring: Wiring,
    /// Pairs of a voltage and a current that give power.
    pub power_pairs: usize,
    /// Cycles in a basic measurement interval.
    pub interval_cycles: usize,
    /// Whole basic intervals that fit into the segments, at nominal frequency.
    pub intervals: u64,
    /// Highest harmonic order.
    pub orders: usize,
    /// Whole 10-s frequency values that fit into the segments.
    pub frequency_values: u64,
    /// Whole 10-min values of Pst that fit into the segments; absent when the rate or the channels give no flicker.
    pub pst_values: Option<u64>,
    /// What this recording cannot give, and why.
    pub limits: Vec<Warning>,
    /// Shortest front of a transient that is resolved, three samples, in seconds.
    pub resolved_front_s: f64,
}

/// What can be measured on `capture` when its mains are at `nominal_frequency_hz`; the error says why nothing can.
fn support(capture: &Capture, nominal_frequency_hz: f64) -> Result<Support> {
    let rate = main_rate(capture)?;
    let specs: Vec<_> = capture.channels().iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
    // The nominal voltage plays no part in what is possible.
    let plan = Plan::new(&Config::class_a(230.0, nominal_frequency_hz), rate, &specs)?;
    let interval_s = plan.config.cycles() as f64 / nominal_frequency_hz;
    let whole = |length_s: f64| -> u64 {
        let same = capture.time().segments().iter().filter(|s| s.rate == rate);
        same.map(|s| (rate.seconds(s.len as f64) / length_s) as u64).sum()
    };
    Ok(Support {
        rate_hz: rate.hz(),
        nominal_frequency_hz,
        wiring: plan.wiring,
        power_pairs: plan.pairs.len(),
        interval_cycles: plan.config.cycles(),
        intervals: whole(interval_s),
        orders: plan.orders,
        frequency_values: whole(10.0),
        pst_values: (0..plan.channels.len()).any(|c| plan.flicker(c).is_some()).then(|| whole(600.0)),
        limits: limits(&plan, capture),
        resolved_front_s: rate.seconds(3.0),
    })
}

/// Describes `capture`; reads every sample once. An error only when samples on disk cannot be read.
pub fn capture(capture: &Capture) -> Result<CaptureInfo> {
    let frequency = crate::config_for(capture, None, None).map(|(config, _)| config.nominal_frequency_hz);
    let support = frequency.and_then(|f| support(capture, f));
    let segment = |s: &kilat_core::Segment| SegmentInfo {
        first_sample: s.first,
        samples: s.len,
        rate_hz: s.rate.hz(),
        start_s: s.offset_ps as f64 / 1e12,
    };
    Ok(CaptureInfo {
        container: None,
        origin: Origin::of(capture),
        trigger: capture.trigger,
        nominal_frequency_hz: capture.nominal_frequency_hz,
        segments: capture.time().segments().iter().map(segment).collect(),
        channels: capture.channels().iter().map(ChannelStatistics::of).collect::<Result<_>>()?,
        digital: capture.digital.iter().map(|d| d.name.clone()).collect(),
        observations: Vec::new(),
        unsupported: support.as_ref().err().map(ToString::to_string),
        support: support.ok(),
        warnings: capture.warnings.clone(),
    })
}
