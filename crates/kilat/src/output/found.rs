//! What an analysis found, with names and times in place of indices: events, transients, gaps, probable causes.

use kilat_core::diagnosis::recurrence::Occurrence;
use kilat_core::diagnosis::{Cause, Evidence, Finding, Record};
use kilat_core::engine::analysis::Gap;
use kilat_core::limits::curves::{ITIC, Region};
use kilat_core::pq::dips::{DipForm, Direction, Shape};
use kilat_core::pq::signalling::Burst;
use kilat_core::pq::transients::Band;
use kilat_core::{
    Analysis, Capture, Event, EventKind, Flags, RapidChange, Timestamp, Transient, TransientKind, Warning,
};
use serde::Serialize;

use super::recurrence::{RecurrenceOutput, recurrences};

/// What happened in a recording, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Happened {
    /// Dips, swells and interruptions.
    pub events: Vec<EventOutput>,
    /// Rapid voltage changes.
    pub rvc: Vec<RapidChangeOutput>,
    /// Bursts of mains signalling.
    pub bursts: Vec<BurstOutput>,
    /// Transients.
    pub transients: Vec<TransientOutput>,
    /// Gaps.
    pub gaps: Vec<GapOutput>,
    /// Probable causes.
    pub findings: Vec<FindingOutput>,
    /// Disturbances, each with what tells it from others.
    pub disturbances: Vec<Occurrence>,
    /// Those of them that are alike.
    pub recurrences: Vec<RecurrenceOutput>,
    /// Damage of the file, then limits of the analysis.
    pub warnings: Vec<Warning>,
}

impl Happened {
    /// What `record` holds of `capture`, with the `findings` about it.
    pub fn of(capture: &Capture, record: &Record<'_>, findings: &[Finding]) -> Self {
        let a = record.analysis();
        let disturbances = record.occurrences(capture, findings);
        Self {
            events: a.events.iter().enumerate().map(|(k, e)| EventOutput::of(a, k, e)).collect(),
            rvc: a.rvc.iter().map(|e| RapidChangeOutput::of(a, e)).collect(),
            bursts: a.bursts.iter().map(|b| BurstOutput::of(a, b)).collect(),
            transients: a.transients.iter().map(|t| TransientOutput::of(a, t)).collect(),
            gaps: a.gaps.iter().map(|g| GapOutput::of(a, g)).collect(),
            findings: findings.iter().map(|f| FindingOutput::of(a, f)).collect(),
            recurrences: recurrences(&disturbances),
            disturbances,
            warnings: capture.warnings.iter().chain(&a.warnings).cloned().collect(),
        }
    }
}

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
    /// What it looks like, of dips and interruptions that were looked at.
    pub form: Option<FormOutput>,
}

/// Form of a dip.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::pq::dips::DipForm`
pub struct FormOutput {
    pub class: Option<String>,
    pub class_six_phase: Option<String>,
    pub characteristic_pu: f64,
    pub factor_pu: f64,
    pub phase_jump_deg: f64,
    pub start_deg: f64,
    pub stop_deg: f64,
    pub stages: Vec<StageOutput>,
    pub direction: Direction,
    pub shape: Shape,
    pub current_ratio: f64,
    pub second_harmonic_ratio: f64,
}

/// Stage of a dip.
#[derive(Debug, Clone, Serialize)]
pub struct StageOutput {
    /// Start, in seconds.
    pub start_s: f64,
    /// Length, in seconds.
    pub duration_s: f64,
    /// Lowest voltage of its phases, over what it was before.
    pub residual_pu: f64,
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
    pub band: Option<Band>,
    pub channel: String,
    pub channels: Vec<String>,
    /// Peak of each of the channels, over the nominal one.
    pub peaks_pu: Vec<f64>,
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
    pub decay_s: f64,
    pub polarity: i8,
    pub towards_zero: bool,
    pub point_on_wave_deg: f64,
    pub volt_seconds: f64,
    pub energy_v2s: f64,
    pub per_cycle: u8,
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
    pub cause: Cause,
    pub confidence: f64,
    pub channels: Vec<String>,
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub stop_s: f64,
    pub stop: Option<Timestamp>,
    pub direction: Direction,
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
    pub(super) fn of(a: &Analysis, index: usize, e: &Event) -> Self {
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
            form: a.dip_form(index).map(|f| FormOutput::of(a, f)),
        }
    }
}

impl FormOutput {
    fn of(a: &Analysis, f: &DipForm) -> Self {
        let stage = |s: &kilat_core::pq::dips::Stage| {
            let start_s = a.seconds(s.start_sample);
            StageOutput {
                start_s,
                duration_s: a.seconds(s.stop_sample) - start_s,
                residual_pu: s.residual_pu,
            }
        };
        Self {
            class: f.class.map(|c| c.to_string()),
            class_six_phase: f.class_six_phase.map(|c| c.to_string()),
            characteristic_pu: f.characteristic_pu,
            factor_pu: f.factor_pu,
            phase_jump_deg: f.phase_jump_deg,
            start_deg: f.start_deg,
            stop_deg: f.stop_deg,
            stages: f.stages.iter().map(stage).collect(),
            direction: f.direction,
            shape: f.shape,
            current_ratio: f.current_ratio,
            second_harmonic_ratio: f.second_harmonic_ratio,
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
            band: t.band(),
            channel: a.channels[t.channel].name.clone(),
            channels: t.peaks.iter().map(|p| a.channels[p.0].name.clone()).collect(),
            peaks_pu: t.peaks.iter().map(|p| p.1).collect(),
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
            decay_s: t.decay_s,
            polarity: t.polarity,
            towards_zero: t.towards_zero,
            point_on_wave_deg: t.point_on_wave_deg,
            volt_seconds: t.volt_seconds,
            energy_v2s: t.energy_v2s,
            per_cycle: t.per_cycle,
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
            direction: f.direction,
            rules_for: f.rules_for.clone(),
            rules_against: f.rules_against.clone(),
            refuted_by: f.refuted_by.clone(),
            recommendation: f.recommendation.clone(),
            evidence: f.evidence.clone(),
        }
    }
}
