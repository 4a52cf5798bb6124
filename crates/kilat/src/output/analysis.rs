//! An analysis as a document: one object per channel with everything measured on it, then what concerns the system.

use kilat_core::diagnosis::{Finding, Record};
use kilat_core::engine::analysis::{HalfCycles, PInstTable, SeverityTable};
use kilat_core::engine::sink::Period;
use kilat_core::pq::power::demand::Demand;
use kilat_core::pq::power::energy::Energy;
use kilat_core::pq::power::system::SystemColumns;
use kilat_core::{Analysis, Capture, Config, Flags, Kind, Lamp, Phase, Timestamp, Warning, Wiring};
use serde::Serialize;

use super::columns::{AggregateOutput, ChannelColumns, IntervalColumns, PairColumns};
use super::found::Happened;
use super::supraharmonics::SupraharmonicsOutput;
use super::{AGGREGATES, Origin, Range, measured};

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
    /// Aggregates: 150/180 cycles, 10 min, 2 h.
    pub aggregates: Vec<AggregateOutput>,
    /// 10-s frequency.
    pub frequency: FrequencyColumns,
    /// What happened, and why.
    #[serde(flatten)]
    pub happened: Happened,
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
    /// What the basic intervals hold of it.
    #[serde(flatten)]
    pub measured: ChannelColumns,
    /// Conductor.
    pub phase: Option<Phase>,
    /// Voltage or current.
    pub kind: Kind,
    /// Udin, in volts; absent for currents.
    pub udin_v: Option<f64>,
    /// Urms(1/2); absent for currents.
    pub half_cycles: Option<HalfCycleColumns>,
    /// Flicker; absent for currents.
    pub flicker: Option<FlickerOutput>,
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

/// One pair of a voltage and a current.
#[derive(Debug, Clone, Serialize)]
pub struct PowerOutput {
    /// Its power in the basic intervals.
    #[serde(flatten)]
    pub measured: PairColumns,
    /// Energy over the whole capture.
    pub energy: Energy,
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
    let basic = measured(a, Period::Basic);
    let (i, u) = (basic.intervals, basic.unbalance);
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
        intervals: IntervalColumns::of(a, basic),
        power: (0..a.power_pairs.len()).map(|p| power(a, p)).collect(),
        aggregates: AGGREGATES.map(|period| AggregateOutput::of(a, period, detail)).into(),
        system_power: a.system_power.clone(),
        energy: a.energy.system,
        demand: a.demand.iter().map(|d| DemandOutput::of(a, d)).collect(),
        supraharmonics: SupraharmonicsOutput::of(a, basic, detail == Detail::Full),
        frequency: FrequencyColumns {
            start_s: seconds(&a.frequency.start_sample),
            hz: a.frequency.hz.clone(),
            flags: a.frequency.flags.clone(),
        },
        happened: Happened::of(capture, &Record::of(a), findings),
    }
}

fn channel(a: &Analysis, c: usize, detail: Detail) -> ChannelOutput {
    let info = &a.channels[c];
    let half_cycles = a.half_cycles.get(c).filter(|_| info.kind == Kind::Voltage);
    ChannelOutput {
        measured: ChannelColumns::of(a, measured(a, Period::Basic), c, detail == Detail::Full),
        phase: info.phase,
        kind: info.kind,
        udin_v: (info.kind == Kind::Voltage).then_some(info.udin_v),
        half_cycles: half_cycles.map(|h: &HalfCycles| HalfCycleColumns {
            start_s: h.start_sample.iter().map(|&p| a.seconds(p)).collect(),
            u_rms_v: h.u_rms_v.clone(),
            flags: h.flags.clone(),
        }),
        flicker: (info.kind == Kind::Voltage).then(|| flicker(a, c, detail)),
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
            time_s: f.p_inst.sample.iter().map(|p| a.seconds(p)).collect(),
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
    PowerOutput {
        measured: PairColumns::of(a, measured(a, Period::Basic), pair),
        energy: a.energy.pairs.get(pair).copied().unwrap_or_default(),
    }
}
