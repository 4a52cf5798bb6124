//! N1 to N3: a loose or lost neutral, from the tables of an analysis.

use serde::Serialize;

use super::answers::{Answers, Damage};
use super::case::{Case, name, num};
use super::{Cause, Evidence, Finding};
use crate::capture::{Kind, Phase};
use crate::engine::analysis::{Analysis, Flags};

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
pub(super) fn loose_neutral(a: &Analysis, answers: Answers) -> Option<Finding> {
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
    let mut case = weigh(&numbers);
    damage(&mut case, answers);
    case.channels = abc.to_vec();
    case.start_sample = a.intervals.start_sample[first - 1];
    case.stop_sample = a.intervals.stop_sample[last + 1];
    case.evidence = Evidence::LooseNeutral(numbers);
    Some(case.decide())
}

/// Rules N1 and N2: what each observation adds to the confidence. 0.95 is the most a voltage record alone can support.
fn weigh(e: &NeutralEvidence) -> Case {
    let mut c = Case::new(Cause::LooseNeutral, 0.40);
    let at = e.worst_utc.as_ref().map_or(String::new(), |t| format!(" ({t})"));
    let large = if e.line_neutral_spread_pct >= 20.0 { 0.10 } else { 0.0 };
    c.supports(
        large,
        "N1",
        "the line-neutral voltages lie {} % of Udin apart at {} s{}, the line-line voltages only {} %",
        "tegangan fasa-netral berselisih {} % dari Udin pada {} s{}, sedangkan tegangan fasa-fasa hanya {} %",
        vec![num(e.line_neutral_spread_pct, 1), num(e.worst_s, 2), name(at), num(e.line_line_spread_pct, 1)],
    );
    c.supports(
        0.0,
        "N1",
        "zero-sequence unbalance u0 = {} % with u2 = {} %",
        "ketidakseimbangan urutan nol u0 = {} % dengan u2 = {} %",
        vec![num(e.u0_pct, 1), num(e.u2_pct, 2)],
    );
    c.supports(
        if e.duration_s >= 10.0 { 0.10 } else { 0.0 },
        "N1",
        "{} rises to {} pu and {} falls to {} pu; they stay apart for {} s in all",
        "{} naik sampai {} pu dan {} turun sampai {} pu; keadaan ini berlangsung {} s seluruhnya",
        vec![
            name(&e.highest_channel),
            num(e.highest_pu, 3),
            name(&e.lowest_channel),
            num(e.lowest_pu, 3),
            num(e.duration_s, 1),
        ],
    );
    let moves = vec![num(e.spread_change_pct, 1), num(e.line_line_change_pct, 1)];
    if e.follows_load() {
        c.supports(
            0.15,
            "N1",
            "the distance moves by {} % of Udin while no line-line voltage moves by more than {} %, as load steps on a \
             floating neutral do",
            "selisih itu bergerak {} % dari Udin sementara tegangan fasa-fasa bergerak tidak lebih dari {} %, seperti \
             perubahan beban pada netral yang mengambang",
            moves,
        );
    } else {
        c.contradicts(
            0.0,
            "N2",
            "the distance moves by only {} % of Udin (line-line {} %), so no load step confirms a floating neutral",
            "selisih itu hanya bergerak {} % dari Udin (fasa-fasa {} %), sehingga tidak ada perubahan beban yang \
             menguatkan dugaan netral mengambang",
            moves,
        );
    }
    if e.both_sides() {
        c.supports(
            0.20,
            "N1",
            "one phase is above 1.1 pu while another is below 0.9 pu",
            "satu fasa di atas 1,1 pu sementara fasa lain di bawah 0,9 pu",
            vec![],
        );
    } else {
        c.contradicts(
            0.0,
            "N1",
            "no phase is above 1.1 pu while another is below 0.9 pu",
            "tidak ada fasa di atas 1,1 pu sementara fasa lain di bawah 0,9 pu",
            vec![],
        );
    }
    if e.sound_neutral_could() {
        c.contradicts(
            0.20,
            "N2",
            "a long, sound neutral under grossly unequal loads can move the voltages this far",
            "netral yang panjang dan baik dengan beban sangat tidak seimbang dapat menggeser tegangan sejauh ini",
            vec![],
        );
    }
    if e.like_an_earth_fault() {
        c.contradicts(
            0.20,
            "N2",
            "an earth fault on one phase of an unearthed system looks the same",
            "gangguan satu fasa ke tanah pada sistem tidak dibumikan tampak sama",
            vec![],
        );
    }
    neutral_current(&mut c, e);
    c
}

/// N2: whether anything returns through the neutral.
fn neutral_current(c: &mut Case, e: &NeutralEvidence) {
    match e.i0_pct {
        Some(i0) if e.neutral_is_dead() => c.supports(
            0.10,
            "N2",
            "the phase currents sum to nearly nothing (i0 = {} %): no return path",
            "jumlah arus ketiga fasa hampir nol (i0 = {} %): tidak ada jalur balik",
            vec![num(i0, 1)],
        ),
        Some(i0) => c.contradicts(
            0.0,
            "N2",
            "the neutral still carries current (i0 = {} %): loose rather than lost",
            "netral masih mengalirkan arus (i0 = {} %): longgar, bukan putus",
            vec![num(i0, 1)],
        ),
        None => c.contradicts(
            0.0,
            "N2",
            "the neutral current is not measured",
            "arus netral tidak diukur",
            vec![],
        ),
    }
}

/// What the user saw.
fn damage(c: &mut Case, answers: Answers) {
    if answers.damage == Some(Damage::ManyLoads) {
        c.supports(
            0.10,
            "N1",
            "many unlike loads were damaged at once, as by a sustained over-voltage (user's answer)",
            "banyak beban yang berbeda rusak sekaligus, seperti oleh tegangan lebih yang bertahan (jawaban pengguna)",
            vec![],
        );
    }
    c.neighbours(answers);
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
