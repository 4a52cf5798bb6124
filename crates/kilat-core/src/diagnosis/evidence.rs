//! The rules: from tables of an analysis to numbers that speak for or against a cause.

use serde::Serialize;

use super::{Finding, Lang, text};
use crate::capture::{Kind, Phase};
use crate::engine::analysis::{Analysis, Flags};

/// Numbers behind a finding, by cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// Of a loose or lost neutral.
    LooseNeutral(NeutralEvidence),
}

/// Line-neutral voltages that move apart while the line-line voltages stay.
///
/// "Spread" is the largest minus the smallest of the three r.m.s. voltages of one basic interval, in % of their Udin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NeutralEvidence {
    /// Largest spread of the line-neutral voltages, in % of Udin.
    pub line_neutral_spread_pct: f64,
    /// Spread of the line-line voltages at that moment, in % of √3·Udin.
    pub line_line_spread_pct: f64,
    /// Time of that moment after the start of the capture, in seconds.
    pub worst_s: f64,
    /// Moment, as text, when the capture has a start.
    pub worst_utc: Option<String>,
    /// Zero-sequence unbalance at that moment, in %.
    pub u0_pct: f64,
    /// Negative-sequence unbalance at that moment, in %.
    pub u2_pct: f64,
    /// Largest line-neutral voltage, as a fraction of Udin.
    pub highest_pu: f64,
    /// Its channel.
    pub highest_channel: String,
    /// Smallest line-neutral voltage, as a fraction of Udin.
    pub lowest_pu: f64,
    /// Its channel.
    pub lowest_channel: String,
    /// Total time over which the voltages are apart, in seconds.
    pub duration_s: f64,
    /// How far the spread itself moves while the voltages are apart, in % of Udin.
    pub spread_change_pct: f64,
    /// How far any line-line voltage moves over the same time, in % of √3·Udin.
    pub line_line_change_pct: f64,
    /// Zero-sequence current unbalance at the worst moment, in %, when three currents are measured.
    pub i0_pct: Option<f64>,
}

/// Line-neutral spread from which the rule looks, in % of Udin: half the width of a ±10 % supply band. A weak feeder with a
/// sound neutral and a single-phase motor starting on it reaches 6 %.
const SPREAD_PCT: f64 = 10.0;
/// Zero-sequence unbalance that a spread of [`SPREAD_PCT`] implies at least, in %.
const U0_PCT: f64 = 5.0;
/// How many times the line-line spread and u2 must lie below the line-neutral spread and u0.
const CONTRAST: f64 = 4.0;
/// Line-neutral Udin of public low-voltage systems, in volts. On a transducer secondary or at medium voltage an earth fault
/// of an unearthed system gives the same picture, so the rule does not look there.
const LOW_VOLTAGE_V: std::ops::RangeInclusive<f64> = 100.0..=600.0;
/// Movement of the spread that counts as following the load, in % of Udin.
pub(super) const MOVES_PCT: f64 = 5.0;

impl NeutralEvidence {
    /// Rules N1 and N2: what each observation adds. 0.95 is the most a voltage record alone can support.
    fn confidence(&self) -> f64 {
        let mut c: f64 = 0.40;
        c += if self.both_sides() { 0.20 } else { 0.0 };
        c += if self.line_neutral_spread_pct >= 20.0 { 0.10 } else { 0.0 };
        c += if self.follows_load() { 0.15 } else { 0.0 };
        c += if self.duration_s >= 10.0 { 0.10 } else { 0.0 };
        c += if self.neutral_is_dead() { 0.10 } else { 0.0 };
        c -= if self.sound_neutral_could() { 0.20 } else { 0.0 };
        c -= if self.like_an_earth_fault() { 0.20 } else { 0.0 };
        c.clamp(0.05, 0.95)
    }

    /// One phase above the usual band while another is below it.
    pub(super) fn both_sides(&self) -> bool {
        self.highest_pu > 1.1 && self.lowest_pu < 0.9
    }

    /// The spread moves and the line-line voltages do not.
    pub(super) fn follows_load(&self) -> bool {
        self.spread_change_pct >= MOVES_PCT && self.line_line_change_pct <= self.spread_change_pct / CONTRAST
    }

    /// Three currents are measured and sum to nothing although the voltages are apart.
    pub(super) fn neutral_is_dead(&self) -> bool {
        self.i0_pct.is_some_and(|i0| i0 <= 2.0)
    }

    /// Small enough for a long, sound neutral under grossly unequal loads (N2).
    pub(super) fn sound_neutral_could(&self) -> bool {
        self.line_neutral_spread_pct < 15.0
    }

    /// One phase near earth potential and another near √3: a phase-to-earth fault of an unearthed system.
    pub(super) fn like_an_earth_fault(&self) -> bool {
        self.lowest_pu < 0.2 && self.highest_pu > 1.6
    }
}

/// Rule N1 (loose or lost neutral), weighed by N2.
pub(super) fn loose_neutral(a: &Analysis) -> Option<Finding> {
    let find = |p| a.channels.iter().position(|c| c.kind == Kind::Voltage && c.phase == Some(p));
    let abc = [find(Phase::A)?, find(Phase::B)?, find(Phase::C)?];
    let udin = a.channels[abc[0]].udin_v;
    if !LOW_VOLTAGE_V.contains(&udin) || a.intervals.line_line_rms_v.ncols() != 3 {
        return None;
    }
    let ln = |k: usize| abc.map(|c| a.intervals.rms[[k, c]] / udin * 100.0);
    let ll = |k: usize| [0, 1, 2].map(|j| a.intervals.line_line_rms_v[[k, j]] / (udin * 3f64.sqrt()) * 100.0);
    let u0 = |k: usize| a.unbalance.u0_pct.get(k).copied().unwrap_or(f64::NAN);
    let u2 = |k: usize| a.unbalance.u2_pct.get(k).copied().unwrap_or(f64::NAN);

    let apart: Vec<bool> = (0..a.intervals.start_sample.len())
        .map(|k| {
            let unusable = Flags::MISSING | Flags::UNSYNCHRONISED;
            !a.intervals.flags[k].intersects(unusable)
                && spread(ln(k)) >= SPREAD_PCT
                && spread(ll(k)) * CONTRAST <= spread(ln(k))
                && u0(k) >= U0_PCT
                && u2(k) * CONTRAST <= u0(k)
        })
        .collect();
    // An interval at the edge of a stretch may be only partly covered; its neighbours inside are not.
    let inside: Vec<usize> =
        (1..apart.len().saturating_sub(1)).filter(|&k| apart[k - 1] && apart[k] && apart[k + 1]).collect();
    let (&first, &last) = (inside.first()?, inside.last()?);
    let worst = inside.iter().copied().max_by(|&i, &j| spread(ln(i)).total_cmp(&spread(ln(j))))?;

    let over = |f: &dyn Fn(usize) -> f64| range(inside.iter().map(|&k| f(k)));
    let (low_spread, high_spread) = over(&|k| spread(ln(k)));
    let line_line_change_pct =
        (0..3).map(|j| over(&|k| ll(k)[j])).fold(0.0, |m: f64, (lo, hi)| m.max(hi - lo));
    let extreme = |sign: f64| {
        let points = inside.iter().flat_map(|&k| (0..3).map(move |j| (k, j)));
        points.max_by(|&(k, j), &(m, n)| (sign * ln(k)[j]).total_cmp(&(sign * ln(m)[n])))
    };
    let (high, low) = (extreme(1.0)?, extreme(-1.0)?);
    let name = |j: usize| a.channels[abc[j]].name.clone();
    let middle = f64::midpoint(a.intervals.start_sample[worst], a.intervals.stop_sample[worst]);
    let length = |k: usize| a.seconds(a.intervals.stop_sample[k]) - a.seconds(a.intervals.start_sample[k]);

    let numbers = NeutralEvidence {
        line_neutral_spread_pct: high_spread,
        line_line_spread_pct: spread(ll(worst)),
        worst_s: a.seconds(middle),
        worst_utc: a.timestamp(middle).map(|t| t.to_string()),
        u0_pct: u0(worst),
        u2_pct: u2(worst),
        highest_pu: ln(high.0)[high.1] / 100.0,
        highest_channel: name(high.1),
        lowest_pu: ln(low.0)[low.1] / 100.0,
        lowest_channel: name(low.1),
        duration_s: (0..apart.len()).filter(|&k| apart[k]).map(length).sum(),
        spread_change_pct: high_spread - low_spread,
        line_line_change_pct,
        i0_pct: a.unbalance.i0_pct.get(worst).copied().filter(|v| v.is_finite()),
    };
    let confidence = numbers.confidence();
    let evidence = Evidence::LooseNeutral(numbers);
    let words = text::of(&evidence, Lang::En);
    Some(Finding {
        cause: "loose_neutral",
        confidence,
        channels: abc.to_vec(),
        start_sample: a.intervals.start_sample[first - 1],
        stop_sample: a.intervals.stop_sample[last + 1],
        evidence,
        rules_for: words.rules_for,
        rules_against: words.rules_against,
        refuted_by: words.refuted_by,
        recommendation: words.recommendation,
    })
}

fn spread(v: [f64; 3]) -> f64 {
    // `f64::max` would hide a NaN, and with it a phase that was not measured.
    if v.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let (lo, hi) = range(v.into_iter());
    hi - lo
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)))
}

#[cfg(test)]
mod tests;
