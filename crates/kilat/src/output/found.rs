//! What an analysis found, with names and times in place of indices: events, transients, gaps, probable causes.

use kilat_core::diagnosis::{Evidence, Finding};
use kilat_core::engine::analysis::Gap;
use kilat_core::limits::curves::{ITIC, Region};
use kilat_core::pq::signalling::Burst;
use kilat_core::{Analysis, Event, EventKind, Flags, RapidChange, Timestamp, Transient, TransientKind};
use serde::Serialize;

/// One event.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::Event`, with names and times in place of indices
pub struct EventOutput {
    pub kind: EventKind,
    pub polyphase: bool,
    pub channels: Vec<String>,
    pub extreme_channel: String,
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub duration_s: f64,
    pub start_sample: f64,
    pub stop_sample: f64,
    pub residual_v: f64,
    pub magnitude_pu: f64,
    pub depth_pct: f64,
    pub category: &'static str,
    /// Region of the ITIC curve; indicative when Udin is not 120 V.
    pub itic: Region,
    pub flags: Flags,
    pub open: bool,
}

/// One rapid voltage change.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::RapidChange`, with names and times in place of indices
pub struct RapidChangeOutput {
    pub channels: Vec<String>,
    pub extreme_channel: String,
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub duration_s: f64,
    pub start_sample: f64,
    pub stop_sample: f64,
    pub delta_steady_v: f64,
    pub delta_steady_pct: f64,
    pub delta_max_v: f64,
    pub delta_max_pct: f64,
    pub flags: Flags,
    pub open: bool,
}

/// One burst of mains signalling.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::pq::signalling::Burst`, with names and times in place of indices
pub struct BurstOutput {
    pub hz: f64,
    pub channel: String,
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub duration_s: f64,
    pub start_sample: f64,
    pub stop_sample: f64,
    pub largest_v: f64,
    /// The same, in % of Udin.
    pub largest_pct: f64,
    pub values_v: Vec<f64>,
    pub flags: Flags,
    pub open: bool,
}

/// One transient.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::Transient`, with names and times in place of indices
pub struct TransientOutput {
    pub kind: TransientKind,
    pub channel: String,
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub duration_s: f64,
    pub start_sample: u64,
    pub stop_sample: u64,
    pub peak_sample: u64,
    pub peak_v: f64,
    pub peak_pu: f64,
    pub rise_s: f64,
    pub ringing_hz: f64,
    pub polarity: i8,
    pub clipped: bool,
    pub resolvable: bool,
}

/// One gap.
#[derive(Debug, Clone, Serialize)]
pub struct GapOutput {
    /// First sample after the gap.
    pub sample: u64,
    /// Time of that sample, in seconds.
    pub resumes_s: f64,
    /// Its length, in seconds.
    pub duration_s: f64,
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::diagnosis::Finding`, with names and times in place of indices
pub struct FindingOutput {
    pub cause: &'static str,
    pub confidence: f64,
    pub channels: Vec<String>,
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub stop_s: f64,
    pub stop: Option<Timestamp>,
    pub rules_for: Vec<String>,
    pub rules_against: Vec<String>,
    pub refuted_by: String,
    pub recommendation: String,
    pub evidence: Evidence,
}

/// Seconds and moment of a sample position.
fn moment(a: &Analysis, position: f64) -> (f64, Option<Timestamp>) {
    (a.seconds(position), a.timestamp(position))
}

fn names(a: &Analysis, channels: &[usize]) -> Vec<String> {
    channels.iter().map(|&c| a.channels[c].name.clone()).collect()
}

impl EventOutput {
    pub(super) fn of(a: &Analysis, e: &Event) -> Self {
        let (start_s, start) = moment(a, e.start_sample);
        Self {
            kind: e.kind,
            polyphase: e.polyphase,
            channels: names(a, &e.channels),
            extreme_channel: a.channels[e.extreme_channel].name.clone(),
            start_s,
            start,
            duration_s: e.duration_s,
            start_sample: e.start_sample,
            stop_sample: e.stop_sample,
            residual_v: e.residual_v,
            magnitude_pu: e.magnitude_pu,
            depth_pct: e.depth_pct,
            category: e.category,
            itic: ITIC.region(e.duration_s, e.magnitude_pu),
            flags: e.flags,
            open: e.open,
        }
    }
}

impl RapidChangeOutput {
    pub(super) fn of(a: &Analysis, e: &RapidChange) -> Self {
        let (start_s, start) = moment(a, e.start_sample);
        Self {
            channels: names(a, &e.channels),
            extreme_channel: a.channels[e.extreme_channel].name.clone(),
            start_s,
            start,
            duration_s: e.duration_s,
            start_sample: e.start_sample,
            stop_sample: e.stop_sample,
            delta_steady_v: e.delta_steady_v,
            delta_steady_pct: e.delta_steady_pct,
            delta_max_v: e.delta_max_v,
            delta_max_pct: e.delta_max_pct,
            flags: e.flags,
            open: e.open,
        }
    }
}

impl BurstOutput {
    pub(super) fn of(a: &Analysis, b: &Burst) -> Self {
        let (start_s, start) = moment(a, b.start_sample);
        let channel = &a.channels[b.channel];
        Self {
            hz: b.hz,
            channel: channel.name.clone(),
            start_s,
            start,
            duration_s: a.seconds(b.stop_sample) - start_s,
            start_sample: b.start_sample,
            stop_sample: b.stop_sample,
            largest_v: b.largest_v,
            largest_pct: 100.0 * b.largest_v / channel.udin_v,
            values_v: b.values_v.clone(),
            flags: b.flags,
            open: b.open,
        }
    }
}

impl TransientOutput {
    pub(super) fn of(a: &Analysis, t: &Transient) -> Self {
        let (start_s, start) = moment(a, t.start_sample as f64);
        Self {
            kind: t.kind,
            channel: a.channels[t.channel].name.clone(),
            start_s,
            start,
            duration_s: t.duration_s,
            start_sample: t.start_sample,
            stop_sample: t.stop_sample,
            peak_sample: t.peak_sample,
            peak_v: t.peak_v,
            peak_pu: t.peak_pu,
            rise_s: t.rise_s,
            ringing_hz: t.ringing_hz,
            polarity: t.polarity,
            clipped: t.clipped,
            resolvable: t.resolvable,
        }
    }
}

impl GapOutput {
    pub(super) fn of(a: &Analysis, g: &Gap) -> Self {
        Self { sample: g.sample, resumes_s: a.seconds(g.sample as f64), duration_s: g.duration_s }
    }
}

impl FindingOutput {
    pub(super) fn of(a: &Analysis, f: &Finding) -> Self {
        let ((start_s, start), (stop_s, stop)) = (moment(a, f.start_sample), moment(a, f.stop_sample));
        Self {
            cause: f.cause,
            confidence: f.confidence,
            channels: names(a, &f.channels),
            start_s,
            start,
            stop_s,
            stop,
            rules_for: f.rules_for.clone(),
            rules_against: f.rules_against.clone(),
            refuted_by: f.refuted_by.clone(),
            recommendation: f.recommendation.clone(),
            evidence: f.evidence.clone(),
        }
    }
}
