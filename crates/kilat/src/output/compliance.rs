//! A recording held against standards, its indices, and its events on an immunity curve, with names and times in place of indices.

use kilat_core::limits::curves::{Curve, Region};
use kilat_core::limits::indices::{CurveCount, EventTable, Indices, Outages, Sarfi};
use kilat_core::limits::insulation::Stress;
use kilat_core::limits::{Compliance, NotJudged, Observation, Status, Verdict};
use kilat_core::{Analysis, Capture, Event, Phase, Timestamp, Transient, Warning};
use serde::Serialize;

use super::Origin;

/// One file held against standards.
#[derive(Debug, Clone, Serialize)]
pub struct CheckOutput {
    /// File, format, station, span.
    #[serde(flatten)]
    pub origin: Origin,
    /// What was estimated for want of a setting.
    pub assumed: Vec<Warning>,
    /// `violated` when one standard is, `compliant` when all are met, else `not_enough_data`.
    pub status: &'static str,
    /// One entry per standard.
    pub standards: Vec<ComplianceOutput>,
    /// Indices of the dips, swells and interruptions.
    pub indices: IndicesOutput,
    /// Damage of the file, then limits of the analysis.
    pub warnings: Vec<Warning>,
}

/// Verdicts of one standard.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::limits::Compliance`
pub struct ComplianceOutput {
    pub standard: &'static str,
    pub status: &'static str,
    pub verdicts: Vec<VerdictOutput>,
    pub not_judged: Vec<NotJudged>,
    pub notes: Vec<&'static str>,
}

/// One verdict.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::limits::Verdict` and its limit
pub struct VerdictOutput {
    pub clause: &'static str,
    pub quantity: &'static str,
    pub order: Option<usize>,
    pub unit: &'static str,
    /// Share of the values that must be within, in %.
    pub share_pct: f64,
    /// Mean that a value is, such as `10 min`.
    pub mean: &'static str,
    /// Time that the share is of: `day`, `week`, `year`.
    pub span: &'static str,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub status: &'static str,
    pub needed_s: Option<f64>,
    pub have_s: Option<f64>,
    pub channel: Option<String>,
    pub measured: f64,
    pub margin: f64,
    pub values: usize,
    pub beyond: usize,
    pub excluded: usize,
    pub worst: Option<WorstOutput>,
}

/// The worst value of a verdict.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the names say it
pub struct WorstOutput {
    pub value: f64,
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub stop_s: f64,
    pub stop: Option<Timestamp>,
}

/// Indices.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::limits::indices::Indices`
pub struct IndicesOutput {
    pub observed_s: f64,
    pub sarfi: Vec<Sarfi>,
    pub sarfi_curves: Vec<CurveCount>,
    pub tables: Vec<EventTable>,
    pub dips: Vec<DipOutput>,
    pub sag_energy_s: f64,
    pub sag_score: f64,
    pub outages: Outages,
}

/// Severity of one dip.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::limits::indices::DipSeverity`
pub struct DipOutput {
    pub start_s: f64,
    pub start: Option<Timestamp>,
    pub duration_s: f64,
    pub magnitude_pu: f64,
    pub energy_s: f64,
    pub severity_itic: Option<f64>,
    pub severity_semi_f47: Option<f64>,
    pub score: f64,
}

/// An event or a transient on an immunity curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// `dip`, `swell`, `interruption`, or the kind of transient.
    pub kind: String,
    /// Channel with the extreme value, by position in the analysis.
    pub channel: usize,
    /// First sample position.
    pub start_sample: f64,
    /// Duration, in seconds.
    pub duration_s: f64,
    /// R.m.s. voltage over the reference; of a transient the instantaneous peak over the nominal peak.
    pub magnitude_pu: f64,
    /// Where that lies.
    pub region: Region,
    /// The magnitude is a lower limit: the rate does not resolve the transient, or the converter was at its limit.
    pub lower_limit: bool,
    /// What the peak of a transient means for insulation (IEC 60664-1).
    pub stress: Option<Stress>,
}

impl CheckOutput {
    /// Of `capture`, with the verdicts on it.
    pub fn of(
        capture: &Capture,
        observation: &Observation<'_>,
        assumed: &[Warning],
        standards: &[Compliance],
    ) -> Self {
        let a = observation.analysis();
        let any = |status: &str| standards.iter().any(|c| c.status().name() == status);
        let worst = ["violated", "not_enough_data"].into_iter().find(|s| any(s));
        Self {
            origin: Origin::of(capture),
            assumed: assumed.to_vec(),
            status: worst.unwrap_or("compliant"),
            standards: standards.iter().map(|c| ComplianceOutput::of(a, c)).collect(),
            indices: IndicesOutput::of(a, observation.indices()),
            warnings: capture.warnings.iter().chain(&a.warnings).cloned().collect(),
        }
    }
}

impl ComplianceOutput {
    /// Of the verdicts of `c` on `a`.
    pub fn of(a: &Analysis, c: &Compliance) -> Self {
        Self {
            standard: c.standard.title(),
            status: c.status().name(),
            verdicts: c.verdicts.iter().map(|v| VerdictOutput::of(a, v)).collect(),
            not_judged: c.not_judged.clone(),
            notes: c.notes.clone(),
        }
    }
}

impl VerdictOutput {
    /// Of one verdict on `a`.
    pub fn of(a: &Analysis, v: &Verdict) -> Self {
        let (quantity, statistic) = (v.limit.quantity, v.limit.statistic);
        let lack = match v.status {
            Status::NotEnoughData { needed_s, have_s } => Some((needed_s, have_s)),
            _ => None,
        };
        Self {
            clause: v.limit.clause,
            quantity: quantity.name(),
            order: quantity.order(),
            unit: quantity.unit(),
            share_pct: f64::from(statistic.share_permille) / 10.0,
            mean: statistic.mean.name(),
            span: statistic.span.name(),
            lower: Some(v.limit.lower).filter(|x| x.is_finite()),
            upper: Some(v.limit.upper).filter(|x| x.is_finite()),
            status: v.status.name(),
            needed_s: lack.map(|l| l.0),
            have_s: lack.map(|l| l.1),
            channel: v.channel.map(|c| a.channels[c].name.clone()),
            measured: v.measured,
            margin: v.margin,
            values: v.values,
            beyond: v.beyond,
            excluded: v.excluded,
            worst: v.worst.map(|w| WorstOutput {
                value: w.value,
                start_s: a.seconds(w.start_sample),
                start: a.timestamp(w.start_sample),
                stop_s: a.seconds(w.stop_sample),
                stop: a.timestamp(w.stop_sample),
            }),
        }
    }
}

impl IndicesOutput {
    /// Of the indices `i` of the events of `a`.
    pub fn of(a: &Analysis, i: Indices) -> Self {
        let dips = i.dips.iter().map(|d| {
            let e = &a.events[d.event];
            DipOutput {
                start_s: a.seconds(e.start_sample),
                start: a.timestamp(e.start_sample),
                duration_s: e.duration_s,
                magnitude_pu: e.magnitude_pu,
                energy_s: d.energy_s,
                severity_itic: d.severity_itic,
                severity_semi_f47: d.severity_semi_f47,
                score: d.score,
            }
        });
        Self {
            observed_s: i.observed_s,
            dips: dips.collect(),
            sarfi: i.sarfi,
            sarfi_curves: i.sarfi_curves,
            tables: i.tables,
            sag_energy_s: i.sag_energy_s,
            sag_score: i.sag_score,
            outages: i.outages,
        }
    }
}

/// Every event and transient of `a` on `curve`, by start. An appliance has one phase: events are those of single channels where there
/// are any. `capture` must be the one analysed.
pub fn curve_points(capture: &Capture, a: &Analysis, curve: &Curve) -> Vec<CurvePoint> {
    let of_channels = a.events.iter().any(|e| !e.polyphase);
    let events = a.events.iter().filter(|e| e.polyphase != of_channels).map(|e: &Event| CurvePoint {
        kind: format!("{:?}", e.kind).to_lowercase(),
        channel: e.extreme_channel,
        start_sample: e.start_sample,
        duration_s: e.duration_s,
        magnitude_pu: e.magnitude_pu,
        region: curve.region(e.duration_s, e.magnitude_pu),
        lower_limit: false,
        stress: None,
    });
    let transients = a.transients.iter().map(|t| {
        let pu = instant_pu(capture, a, t);
        let lower_limit = !t.resolvable || t.clipped;
        CurvePoint {
            kind: format!("{:?}", t.kind).to_lowercase(),
            channel: t.channel,
            start_sample: t.start_sample as f64,
            duration_s: t.duration_s,
            magnitude_pu: pu,
            region: transient_region(curve, t, pu),
            lower_limit,
            stress: Some(stress(a, t, pu)),
        }
    });
    let mut points: Vec<CurvePoint> = events.chain(transients).collect();
    points.sort_by(|a, b| a.start_sample.total_cmp(&b.start_sample));
    points
}

/// Largest instantaneous voltage inside a transient, over the nominal peak √2·Udin.
pub fn instant_pu(capture: &Capture, a: &Analysis, t: &Transient) -> f64 {
    let Some(info) = a.channels.get(t.channel) else { return f64::NAN };
    let Some(c) = capture.channels().get(info.index) else { return f64::NAN };
    let start = t.start_sample as usize;
    let range = start..(t.stop_sample as usize).max(start + 1).min(c.len());
    // The analysis has read them all: there are none only when a file has vanished since.
    let peak = c.values(range).unwrap_or_default().iter().map(|v| v.abs()).fold(f64::NAN, f64::max);
    peak * c.si_factor() / (info.udin_v * 2f64.sqrt())
}

/// Region of a transient with this instantaneous peak; one that stays below the nominal peak takes nothing away.
pub fn transient_region(curve: &Curve, t: &Transient, instant_pu: f64) -> Region {
    curve.region(t.duration_s, instant_pu.max(1.0))
}

/// What the peak of a transient means for insulation.
fn stress(a: &Analysis, t: &Transient, instant_pu: f64) -> Stress {
    let c = &a.channels[t.channel];
    // Categories go by the line-neutral voltage.
    let line_neutral_v =
        if c.phase.is_some_and(Phase::is_line_line) { c.udin_v / 3f64.sqrt() } else { c.udin_v };
    let measured = t.resolvable && !t.clipped;
    Stress::of(measured.then_some(instant_pu * c.udin_v * 2f64.sqrt()), line_neutral_v)
}
