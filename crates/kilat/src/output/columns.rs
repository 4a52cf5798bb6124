//! What is measured per interval, as columns: the same for the basic intervals and for the aggregates.

use kilat_core::engine::sink::Period;
use kilat_core::pq::power::phase::PhaseColumns;
use kilat_core::pq::power::system::SystemColumns;
use kilat_core::{Analysis, Flags, Kind, Timestamp, Tone};
use ndarray::{Array2, Array3, Axis};
use serde::Serialize;

use super::supraharmonics::SupraharmonicsOutput;
use super::{Detail, Measured, Range, measured, period_name};

/// Aggregates of one length.
#[derive(Debug, Clone, Serialize)]
pub struct AggregateOutput {
    /// `150cycles` (180 at 60 Hz), `10min` or `2h`.
    pub period: &'static str,
    /// The intervals.
    pub intervals: IntervalColumns,
    /// Channels, as in the document around it.
    pub channels: Vec<ChannelColumns>,
    /// Pairs, as in the document around it.
    pub power: Vec<PairColumns>,
    /// Power of the three-phase system.
    pub system_power: SystemColumns<Vec<f64>>,
    /// Emission above order 50, when asked for and supported by the rate.
    pub supraharmonics: Option<SupraharmonicsOutput>,
}

/// Intervals of one length, one entry per interval in each column.
#[derive(Debug, Clone, Serialize)]
pub struct IntervalColumns {
    /// First sample position.
    pub start_sample: Vec<f64>,
    /// Last sample position.
    pub stop_sample: Vec<f64>,
    /// Start, in seconds.
    pub start_s: Vec<f64>,
    /// Time tag: the end, that of 10 min and 2 h the tick; in seconds.
    pub stamp_s: Vec<f64>,
    /// The same moment; empty when the start of the capture is unknown.
    pub stamp: Vec<Timestamp>,
    /// Whole cycles.
    pub cycles: Vec<u32>,
    /// Basic intervals inside.
    pub basics: Vec<u32>,
    /// Time of samples that no interval before holds, in seconds.
    pub covered_s: Vec<f64>,
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

/// One channel.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelColumns {
    /// Name as in the file.
    pub name: String,
    /// Unit of its results: `V` or `A`.
    pub unit: &'static str,
    /// R.m.s. over the intervals.
    pub rms_range: Range,
    /// THD of subgroups over the intervals, in %.
    pub thd_subgroup_range_pct: Range,
    /// R.m.s. of each interval.
    pub rms: Vec<f64>,
    /// Under-deviation of each interval, in % of Udin; empty for currents, and by Ed. 4.
    pub under_deviation_pct: Vec<f64>,
    /// Over-deviation of each interval, in % of Udin; empty likewise.
    pub over_deviation_pct: Vec<f64>,
    /// THD of subgroups of each interval, in %.
    pub thd_subgroup_pct: Vec<f64>,
    /// THD of groups of each interval, in %.
    pub thd_group_pct: Vec<f64>,
    /// THD of single harmonic components of each interval, in %.
    pub thd_harmonic_pct: Vec<f64>,
    /// Total interharmonic distortion of centred subgroups of each interval, in % of the fundamental subgroup.
    pub tihd_subgroup_pct: Vec<f64>,
    /// Partial weighted harmonic distortion of groups 14 to 40 of each interval, in % of the fundamental group.
    pub pwhd_group_pct: Vec<f64>,
    /// Harmonic subgroups, root of the mean square over the intervals: order 0 to 50.
    pub subgroup_mean: Vec<f64>,
    /// Mains signalling, one entry per tone of the settings; none for currents.
    pub signalling: Vec<SignallingOutput>,
    /// Harmonics of each interval, where the document has room for them.
    pub harmonics: Option<HarmonicsOutput>,
}

/// Mains signalling of one tone.
#[derive(Debug, Clone, Serialize)]
pub struct SignallingOutput {
    /// Frequency of the tone, in hertz.
    pub hz: f64,
    /// R.m.s. over the intervals, in volts.
    pub rms_range_v: Range,
    /// R.m.s. of each interval, in volts.
    pub rms_v: Vec<f64>,
}

/// Harmonics of each interval: `[interval][order]`.
#[derive(Debug, Clone, Serialize)]
pub struct HarmonicsOutput {
    /// Harmonic subgroups.
    pub subgroup: Vec<Vec<f32>>,
    /// Harmonic groups.
    pub group: Vec<Vec<f32>>,
    /// Interharmonic centred subgroups, between order h and h+1.
    pub interharmonic_subgroup: Vec<Vec<f32>>,
    /// Interharmonic groups, between order h and h+1.
    pub interharmonic_group: Vec<Vec<f32>>,
    /// Phases of the harmonic components, in radians; empty in aggregates, which have none.
    pub phase_rad: Vec<Vec<f32>>,
}

/// Power of a pair, one entry per interval in each column.
#[derive(Debug, Clone, Serialize)]
pub struct PairColumns {
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
    /// All quantities.
    #[serde(flatten)]
    pub columns: PhaseColumns<Vec<f64>>,
}

impl AggregateOutput {
    pub(super) fn of(a: &Analysis, period: Period, detail: Detail) -> Self {
        let m = measured(a, period);
        // A day has 144 values of 10 min, but 28 800 of 3 s.
        let each = detail == Detail::Full || period != Period::Cycles150;
        Self {
            period: period_name(period),
            intervals: IntervalColumns::of(a, m),
            channels: (0..a.channels.len()).map(|c| ChannelColumns::of(a, m, c, each)).collect(),
            power: (0..a.power_pairs.len()).map(|p| PairColumns::of(a, m, p)).collect(),
            system_power: m.system_power.clone(),
            supraharmonics: SupraharmonicsOutput::of(a, m, each),
        }
    }
}

impl IntervalColumns {
    pub(super) fn of(a: &Analysis, m: Measured<'_>) -> Self {
        let (i, u) = (m.intervals, m.unbalance);
        let start = a.time.start();
        Self {
            start_sample: i.start_sample.clone(),
            stop_sample: i.stop_sample.clone(),
            start_s: i.start_sample.iter().map(|&p| a.seconds(p)).collect(),
            stamp_s: i.stamp.iter().map(|t| t.seconds_since(start.unwrap_or_default())).collect(),
            stamp: if start.is_some() { i.stamp.clone() } else { Vec::new() },
            cycles: i.cycles.clone(),
            basics: i.basics.clone(),
            covered_s: i.covered_s.clone(),
            frequency_hz: i.frequency_hz.clone(),
            flags: i.flags.clone(),
            line_line_rms_v: i.line_line_rms_v.rows().into_iter().map(|r| r.to_vec()).collect(),
            residual_voltage_v: i.residual_voltage_v.clone(),
            neutral_current_a: i.neutral_current_a.clone(),
            u2_pct: u.u2_pct.clone(),
            u0_pct: u.u0_pct.clone(),
            i2_pct: u.i2_pct.clone(),
            i0_pct: u.i0_pct.clone(),
        }
    }
}

/// Column `c`, empty when the table has none.
fn column(table: &Array2<f64>, c: usize) -> Vec<f64> {
    if c < table.ncols() { table.column(c).to_vec() } else { Vec::new() }
}

impl ChannelColumns {
    pub(super) fn of(a: &Analysis, m: Measured<'_>, c: usize, harmonics: bool) -> Self {
        let (info, h) = (&a.channels[c], m.harmonics);
        let voltage = info.kind == Kind::Voltage;
        let orders = |x: &Array3<f32>| -> Vec<Vec<f32>> {
            x.index_axis(Axis(1), c).rows().into_iter().map(|r| r.to_vec()).collect()
        };
        let mean = |order: usize| {
            Range::quadratic((0..h.subgroup.dim().0).map(|k| f64::from(h.subgroup[[k, c, order]]))).mean
        };
        let deviates = voltage && a.config.edition.has_deviation();
        let deviation = |table| if deviates { column(table, c) } else { Vec::new() };
        let tones = a.config.signalling.iter().enumerate().filter(|_| voltage);
        let tone = |(t, tone): (usize, &Tone)| {
            let rms_v = m.signalling_v.index_axis(Axis(1), c).column(t).to_vec();
            SignallingOutput { hz: tone.hz, rms_range_v: Range::quadratic(rms_v.iter().copied()), rms_v }
        };
        let rms = column(&m.intervals.rms, c);
        let thd_subgroup_pct = column(&h.thd_subgroup_pct, c);
        let has_phases = h.phase_rad.iter().any(|x| x.is_finite());
        Self {
            name: info.name.clone(),
            unit: if voltage { "V" } else { "A" },
            rms_range: Range::quadratic(rms.iter().copied()),
            thd_subgroup_range_pct: Range::quadratic(thd_subgroup_pct.iter().copied()),
            rms,
            under_deviation_pct: deviation(&m.deviation.under_pct),
            over_deviation_pct: deviation(&m.deviation.over_pct),
            thd_subgroup_pct,
            thd_group_pct: column(&h.thd_group_pct, c),
            thd_harmonic_pct: column(&h.thd_harmonic_pct, c),
            tihd_subgroup_pct: column(&h.tihd_subgroup_pct, c),
            pwhd_group_pct: column(&h.pwhd_group_pct, c),
            signalling: tones.map(tone).collect(),
            subgroup_mean: (0..h.subgroup.dim().2).map(mean).collect(),
            harmonics: harmonics.then(|| HarmonicsOutput {
                subgroup: orders(&h.subgroup),
                group: orders(&h.group),
                interharmonic_subgroup: orders(&h.interharmonic_subgroup),
                interharmonic_group: orders(&h.interharmonic_group),
                phase_rad: if has_phases { orders(&h.phase_rad) } else { Vec::new() },
            }),
        }
    }
}

impl PairColumns {
    pub(super) fn of(a: &Analysis, m: Measured<'_>, pair: usize) -> Self {
        let (u, i) = a.power_pairs[pair];
        let columns = m.power.as_ref().map(|table| column(table, pair));
        let range = |x: &[f64]| Range::arithmetic(x.iter().copied());
        Self {
            voltage: a.channels[u].name.clone(),
            current: a.channels[i].name.clone(),
            p_range_w: range(&columns.p_w),
            q1_range_var: range(&columns.q1_var),
            s_range_va: range(&columns.s_va),
            pf_range: range(&columns.pf),
            columns,
        }
    }
}
