//! An analysis as a document: one object per channel with everything measured on it, then what concerns the system.

use kilat_core::diagnosis::Finding;
use kilat_core::engine::analysis::{HalfCycles, PInstTable, SeverityTable};
use kilat_core::pq::power::demand::Demand;
use kilat_core::pq::power::energy::Energy;
use kilat_core::pq::power::phase::PhaseColumns;
use kilat_core::pq::power::system::SystemColumns;
use kilat_core::{Analysis, Capture, Config, Flags, Kind, Lamp, Phase, Timestamp, Warning, Wiring};
use ndarray::{Array2, Array3, Axis};
use serde::Serialize;

use super::found::{EventOutput, FindingOutput, GapOutput, TransientOutput};
use super::supraharmonics::SupraharmonicsOutput;
use super::{Origin, Range};

/// How much a document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Every table; of the harmonics the mean over the intervals.
    #[default]
    Compact,
    /// The harmonics and supraharmonics of every interval, and Pinst, too.
    Full,
}

/// An analysis as a document.
#[derive(Debug, Clone, Serialize)]
pub struct AnalysisOutput {
    /// File, format, station, span.
    #[serde(flatten)]
    pub origin: Origin,
    /// Settings used.
    pub config: Config,
    /// Settings that were not given but estimated from the capture.
    pub assumed: Vec<Warning>,
    /// How the channels make a system.
    pub wiring: Wiring,
    /// Figures of the whole capture.
    pub summary: Summary,
    /// Channels.
    pub channels: Vec<ChannelOutput>,
    /// Basic 10/12-cycle intervals.
    pub intervals: IntervalColumns,
    /// Power of each pair of a voltage and a current.
    pub power: Vec<PowerOutput>,
    /// Power of the three-phase system, one entry per interval in each column; empty without three voltages and currents.
    pub system_power: SystemColumns<Vec<f64>>,
    /// Energy of all pairs, or of the three-phase system, over the whole capture.
    pub energy: Option<Energy>,
    /// Demand, window by window.
    pub demand: Vec<DemandOutput>,
    /// Emission above order 50, when asked for and supported by the rate.
    pub supraharmonics: Option<SupraharmonicsOutput>,
    /// 10-s frequency.
    pub frequency: FrequencyColumns,
    /// Dips, swells and interruptions.
    pub events: Vec<EventOutput>,
    /// Transients.
    pub transients: Vec<TransientOutput>,
    /// Gaps.
    pub gaps: Vec<GapOutput>,
    /// Probable causes.
    pub findings: Vec<FindingOutput>,
    /// Damage of the file, then limits of the analysis.
    pub warnings: Vec<Warning>,
}

/// Figures of the whole capture, over the basic intervals, flagged ones included.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Number of basic intervals.
    pub intervals: usize,
    /// Those of them that carry a flag.
    pub flagged: usize,
    /// Frequency, in hertz.
    pub frequency_hz: Range,
    /// Negative-sequence voltage unbalance, in %.
    pub u2_pct: Range,
    /// Zero-sequence voltage unbalance, in %.
    pub u0_pct: Range,
    /// Negative-sequence current unbalance, in %.
    pub i2_pct: Range,
    /// Zero-sequence current unbalance, in %.
    pub i0_pct: Range,
}

/// One channel.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelOutput {
    /// Name as in the file.
    pub name: String,
    /// Conductor.
    pub phase: Option<Phase>,
    /// Voltage or current.
    pub kind: Kind,
    /// Unit of its results: `V` or `A`.
    pub unit: &'static str,
    /// Udin, in volts; absent for currents.
    pub udin_v: Option<f64>,
    /// R.m.s. over the intervals.
    pub rms_range: Range,
    /// THD of subgroups over the intervals, in %.
    pub thd_subgroup_range_pct: Range,
    /// R.m.s. of each interval.
    pub rms: Vec<f64>,
    /// THD of subgroups of each interval, in %.
    pub thd_subgroup_pct: Vec<f64>,
    /// THD of groups of each interval, in %.
    pub thd_group_pct: Vec<f64>,
    /// Harmonic subgroups, root of the mean square over the intervals: order 0 to 50.
    pub subgroup_mean: Vec<f64>,
    /// Urms(1/2); absent for currents.
    pub half_cycles: Option<HalfCycleColumns>,
    /// Flicker; absent for currents.
    pub flicker: Option<FlickerOutput>,
    /// Harmonics of each interval, on request.
    pub harmonics: Option<HarmonicsOutput>,
}

/// Urms(1/2) of one voltage.
#[derive(Debug, Clone, Serialize)]
pub struct HalfCycleColumns {
    /// Start of each one-cycle window, in seconds.
    pub start_s: Vec<f64>,
    /// Urms(1/2), in volts.
    pub u_rms_v: Vec<f64>,
    /// Flags.
    pub flags: Vec<Flags>,
}

/// Flicker of one voltage.
#[derive(Debug, Clone, Serialize)]
pub struct FlickerOutput {
    /// Lamp judged.
    pub lamp: Lamp,
    /// Largest Pinst that is settled, or the largest of all when none is.
    pub p_inst_max: f64,
    /// Pst, over absolute 10 min.
    pub pst: SeverityColumns,
    /// Plt, over 2 h.
    pub plt: SeverityColumns,
    /// Pinst, on request.
    pub p_inst: Option<PInstColumns>,
}

/// Pst or Plt.
#[derive(Debug, Clone, Serialize)]
pub struct SeverityColumns {
    /// Start, in seconds.
    pub start_s: Vec<f64>,
    /// Pst or Plt.
    pub severity: Vec<f64>,
    /// Flags.
    pub flags: Vec<Flags>,
}

/// Pinst.
#[derive(Debug, Clone, Serialize)]
pub struct PInstColumns {
    /// Moment, in seconds.
    pub time_s: Vec<f64>,
    /// Pinst.
    pub p_inst: Vec<f32>,
    /// Flags.
    pub flags: Vec<Flags>,
}

/// Harmonics of each interval: `[interval][order]`.
#[derive(Debug, Clone, Serialize)]
pub struct HarmonicsOutput {
    /// Harmonic subgroups.
    pub subgroup: Vec<Vec<f64>>,
    /// Harmonic groups.
    pub group: Vec<Vec<f64>>,
    /// Interharmonic centred subgroups, between order h and h+1.
    pub interharmonic_subgroup: Vec<Vec<f64>>,
    /// Interharmonic groups, between order h and h+1.
    pub interharmonic_group: Vec<Vec<f64>>,
    /// Phases of the harmonic components, in radians.
    pub phase_rad: Vec<Vec<f64>>,
}

/// The basic intervals, one entry per interval in each column.
#[derive(Debug, Clone, Serialize)]
pub struct IntervalColumns {
    /// First sample position.
    pub start_sample: Vec<f64>,
    /// Last sample position.
    pub stop_sample: Vec<f64>,
    /// Start, in seconds.
    pub start_s: Vec<f64>,
    /// Whole cycles.
    pub cycles: Vec<u32>,
    /// Mean frequency, in hertz.
    pub frequency_hz: Vec<f64>,
    /// Flags.
    pub flags: Vec<Flags>,
    /// R.m.s. of ab, bc and ca from three line-neutral voltages, in volts: `[interval][3]`.
    pub line_line_rms_v: Vec<Vec<f64>>,
    /// R.m.s. of the sum of three line-neutral voltages, in volts.
    pub residual_voltage_v: Vec<f64>,
    /// R.m.s. of the neutral current, in amperes.
    pub neutral_current_a: Vec<f64>,
    /// Negative-sequence voltage unbalance, in %.
    pub u2_pct: Vec<f64>,
    /// Zero-sequence voltage unbalance, in %.
    pub u0_pct: Vec<f64>,
    /// Negative-sequence current unbalance, in %.
    pub i2_pct: Vec<f64>,
    /// Zero-sequence current unbalance, in %.
    pub i0_pct: Vec<f64>,
}

/// Power of a pair, one entry per interval in each column.
#[derive(Debug, Clone, Serialize)]
pub struct PowerOutput {
    /// Name of the voltage channel.
    pub voltage: String,
    /// Name of the current channel.
    pub current: String,
    /// Active power over the intervals, in watts.
    pub p_range_w: Range,
    /// Fundamental reactive power over the intervals, in vars.
    pub q1_range_var: Range,
    /// Apparent power over the intervals, in volt-amperes.
    pub s_range_va: Range,
    /// Power factor over the intervals.
    pub pf_range: Range,
    /// Energy over the whole capture.
    pub energy: Energy,
    /// All quantities.
    #[serde(flatten)]
    pub columns: PhaseColumns<Vec<f64>>,
}

/// Mean powers over one demand window.
#[derive(Debug, Clone, Serialize)]
pub struct DemandOutput {
    /// Begin, in seconds.
    pub start_s: f64,
    /// The same moment.
    pub start: Option<Timestamp>,
    /// End, in seconds.
    pub stop_s: f64,
    /// The same moment.
    pub stop: Option<Timestamp>,
    /// Mean active power, in watts.
    pub p_w: f64,
    /// Mean fundamental reactive power, in vars.
    pub q1_var: f64,
    /// Mean apparent power, in volt-amperes.
    pub s_va: f64,
    /// Time counted inside, in seconds.
    pub covered_s: f64,
    /// Enough of the window was counted.
    pub complete: bool,
}

impl DemandOutput {
    fn of(a: &Analysis, d: &Demand) -> Self {
        let start = a.time.start();
        let seconds = |t: Timestamp| t.seconds_since(start.unwrap_or_default());
        Self {
            start_s: seconds(d.start),
            start: start.map(|_| d.start),
            stop_s: seconds(d.stop),
            stop: start.map(|_| d.stop),
            p_w: d.p_w,
            q1_var: d.q1_var,
            s_va: d.s_va,
            covered_s: d.covered_s,
            complete: d.complete,
        }
    }
}

/// 10-s frequency, one entry per value in each column.
#[derive(Debug, Clone, Serialize)]
pub struct FrequencyColumns {
    /// Start of the whole cycles counted, in seconds.
    pub start_s: Vec<f64>,
    /// Frequency, in hertz.
    pub hz: Vec<f64>,
    /// Flags.
    pub flags: Vec<Flags>,
}

/// The analysis `a` of `capture` as a document; `assumed` is what [`suggest_config`](crate::suggest_config) said.
pub fn analysis(
    capture: &Capture,
    a: &Analysis,
    findings: &[Finding],
    assumed: &[Warning],
    detail: Detail,
) -> AnalysisOutput {
    let seconds = |positions: &[f64]| positions.iter().map(|&p| a.seconds(p)).collect::<Vec<_>>();
    let (i, u) = (&a.intervals, &a.unbalance);
    let quadratic = |x: &[f64]| Range::quadratic(x.iter().copied());
    AnalysisOutput {
        origin: Origin::of(capture),
        config: a.config.clone(),
        assumed: assumed.to_vec(),
        wiring: a.wiring,
        summary: Summary {
            intervals: i.flags.len(),
            flagged: i.flags.iter().filter(|f| !f.is_empty()).count(),
            frequency_hz: Range::arithmetic(i.frequency_hz.iter().copied()),
            u2_pct: quadratic(&u.u2_pct),
            u0_pct: quadratic(&u.u0_pct),
            i2_pct: quadratic(&u.i2_pct),
            i0_pct: quadratic(&u.i0_pct),
        },
        channels: (0..a.channels.len()).map(|c| channel(a, c, detail)).collect(),
        intervals: IntervalColumns {
            start_sample: i.start_sample.clone(),
            stop_sample: i.stop_sample.clone(),
            start_s: seconds(&i.start_sample),
            cycles: i.cycles.clone(),
            frequency_hz: i.frequency_hz.clone(),
            flags: i.flags.clone(),
            line_line_rms_v: i.line_line_rms_v.rows().into_iter().map(|r| r.to_vec()).collect(),
            residual_voltage_v: i.residual_voltage_v.clone(),
            neutral_current_a: i.neutral_current_a.clone(),
            u2_pct: u.u2_pct.clone(),
            u0_pct: u.u0_pct.clone(),
            i2_pct: u.i2_pct.clone(),
            i0_pct: u.i0_pct.clone(),
        },
        power: (0..a.power_pairs.len()).map(|p| power(a, p)).collect(),
        system_power: a.system_power.clone(),
        energy: a.energy.system,
        demand: a.demand.iter().map(|d| DemandOutput::of(a, d)).collect(),
        supraharmonics: SupraharmonicsOutput::of(a, detail),
        frequency: FrequencyColumns {
            start_s: seconds(&a.frequency.start_sample),
            hz: a.frequency.hz.clone(),
            flags: a.frequency.flags.clone(),
        },
        events: a.events.iter().map(|e| EventOutput::of(a, e)).collect(),
        transients: a.transients.iter().map(|t| TransientOutput::of(a, t)).collect(),
        gaps: a.gaps.iter().map(|g| GapOutput::of(a, g)).collect(),
        findings: findings.iter().map(|f| FindingOutput::of(a, f)).collect(),
        warnings: capture.warnings.iter().chain(&a.warnings).cloned().collect(),
    }
}

/// Column `c`, empty when the table has none.
fn column(table: &Array2<f64>, c: usize) -> Vec<f64> {
    if c < table.ncols() { table.column(c).to_vec() } else { Vec::new() }
}

fn channel(a: &Analysis, c: usize, detail: Detail) -> ChannelOutput {
    let (info, h) = (&a.channels[c], &a.harmonics);
    let orders = |x: &Array3<f64>| -> Vec<Vec<f64>> {
        x.index_axis(Axis(1), c).rows().into_iter().map(|r| r.to_vec()).collect()
    };
    let mean =
        |order: usize| Range::quadratic((0..h.subgroup.dim().0).map(|k| h.subgroup[[k, c, order]])).mean;
    let half_cycles = a.half_cycles.get(c).filter(|_| info.kind == Kind::Voltage);
    let rms = column(&a.intervals.rms, c);
    let thd_subgroup_pct = column(&h.thd_subgroup_pct, c);
    ChannelOutput {
        name: info.name.clone(),
        phase: info.phase,
        kind: info.kind,
        unit: if info.kind == Kind::Voltage { "V" } else { "A" },
        udin_v: (info.kind == Kind::Voltage).then_some(info.udin_v),
        rms_range: Range::quadratic(rms.iter().copied()),
        thd_subgroup_range_pct: Range::quadratic(thd_subgroup_pct.iter().copied()),
        rms,
        thd_subgroup_pct,
        thd_group_pct: column(&h.thd_group_pct, c),
        subgroup_mean: (0..h.subgroup.dim().2).map(mean).collect(),
        half_cycles: half_cycles.map(|h: &HalfCycles| HalfCycleColumns {
            start_s: h.start_sample.iter().map(|&p| a.seconds(p)).collect(),
            u_rms_v: h.u_rms_v.clone(),
            flags: h.flags.clone(),
        }),
        flicker: (info.kind == Kind::Voltage).then(|| flicker(a, c, detail)),
        harmonics: (detail == Detail::Full).then(|| HarmonicsOutput {
            subgroup: orders(&h.subgroup),
            group: orders(&h.group),
            interharmonic_subgroup: orders(&h.interharmonic_subgroup),
            interharmonic_group: orders(&h.interharmonic_group),
            phase_rad: orders(&h.phase_rad),
        }),
    }
}

fn flicker(a: &Analysis, c: usize, detail: Detail) -> FlickerOutput {
    let f = &a.flicker[c];
    let seconds = |positions: &[f64]| positions.iter().map(|&p| a.seconds(p)).collect();
    let severity = |t: &SeverityTable| SeverityColumns {
        start_s: seconds(&t.start_sample),
        severity: t.severity.clone(),
        flags: t.flags.clone(),
    };
    FlickerOutput {
        lamp: a.config.lamp(),
        p_inst_max: largest(&f.p_inst),
        pst: severity(&f.pst),
        plt: severity(&f.plt),
        p_inst: (detail == Detail::Full).then(|| PInstColumns {
            time_s: seconds(&f.p_inst.sample),
            p_inst: f.p_inst.p_inst.clone(),
            flags: f.p_inst.flags.clone(),
        }),
    }
}

fn largest(t: &PInstTable) -> f64 {
    let any_settled = t.flags.iter().any(Flags::is_empty);
    let counted = t.p_inst.iter().zip(&t.flags).filter(|(_, f)| f.is_empty() || !any_settled);
    counted.fold(f64::NAN, |most, (p, _)| most.max(f64::from(*p)))
}

fn power(a: &Analysis, pair: usize) -> PowerOutput {
    let (u, i) = a.power_pairs[pair];
    let columns = a.power.clone().map(|table| column(&table, pair));
    let range = |x: &[f64]| Range::arithmetic(x.iter().copied());
    PowerOutput {
        voltage: a.channels[u].name.clone(),
        current: a.channels[i].name.clone(),
        p_range_w: range(&columns.p_w),
        q1_range_var: range(&columns.q1_var),
        s_range_va: range(&columns.s_va),
        pf_range: range(&columns.pf),
        energy: a.energy.pairs.get(pair).copied().unwrap_or_default(),
        columns,
    }
}
