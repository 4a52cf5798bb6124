//! T1: a transformer or another large iron core is energised. Its flux begins with an offset, saturates the core in one half cycle
//! only, and dies out over tens of cycles: the current has even harmonics that come at once and fade.
//!
//! The dip may be too small to be an event, so the tables of harmonics are searched; what fades within a few basic intervals is
//! seen in the form of its dip ([`sags`](super::sags)).

use ndarray::Array2;

use super::Cause;
use super::Finding;
use super::case::{Case, num};
use super::tables::{currents, harmonic, median, without};
use crate::engine::analysis::{Analysis, Flags};
use crate::engine::close_up::SATURATED;
use crate::pq::dips::{Direction, Side};

/// 2nd harmonic of a current, over its fundamental, to which it fades.
const FADED: f64 = 0.07;
/// Rise of the fundamental current at least.
const INRUSH: f64 = 1.5;
/// Basic intervals in a row that show it: an edge of a dip fills the spectrum of one, of two when it falls between them.
const LASTS: usize = 3;
/// Basic intervals before that tell what was usual.
const BEFORE: usize = 3;
/// Part of the largest 2nd harmonic that is left at the end when it fades.
const LEFT: f64 = 0.7;

/// The currents, and what each was before.
struct Phases<'a> {
    a: &'a Analysis,
    /// Channel, fundamental and 2nd harmonic before, in amperes.
    before: Vec<(usize, f64, f64)>,
}

impl<'a> Phases<'a> {
    fn of(a: &'a Analysis, currents: &[usize], before: &[usize]) -> Self {
        let was = |c: usize, h: usize| median(before.iter().map(|k| harmonic(a, *k, c, h)));
        Self { a, before: currents.iter().map(|&c| (c, was(c, 1), was(c, 2))).collect() }
    }

    /// 2nd harmonic of current `i` over its fundamental, of what flows or flowed before: a dead conductor has noise only.
    fn ratio(&self, interval: usize, i: usize) -> f64 {
        let (c, was, _) = self.before[i];
        harmonic(self.a, interval, c, 2) / harmonic(self.a, interval, c, 1).max(was)
    }

    fn largest(&self, interval: usize) -> f64 {
        (0..self.before.len()).map(|i| self.ratio(interval, i)).fold(0.0, f64::max)
    }

    /// It comes with `first`, on some phase; `next` is the interval after.
    fn begins(&self, first: usize, next: usize) -> bool {
        (0..self.before.len()).any(|i| {
            let (c, one, two) = self.before[i];
            let now = harmonic(self.a, first, c, 1).max(harmonic(self.a, next, c, 1));
            self.ratio(first, i) > SATURATED && two < FADED * one && now > INRUSH * one
        })
    }
}

/// Every energising that the harmonics show.
pub(super) fn energising(a: &Analysis) -> Vec<Finding> {
    let whole: Vec<usize> = without(a, Flags::MISSING | Flags::SHORT).collect();
    let currents = currents(a);
    let mut found = Vec::new();
    let mut at = 1;
    while at + 1 < whole.len() {
        let phases = Phases::of(a, &currents, &whole[at.saturating_sub(BEFORE)..at]);
        let lasts = whole[at..].iter().take_while(|k| phases.largest(**k) > FADED).count();
        if lasts < LASTS || !phases.begins(whole[at], whole[at + 1]) {
            at += 1;
            continue;
        }
        let case = weigh(&phases, &whole[at..at + lasts]);
        if case.is_named() {
            found.push(case.decide());
        }
        at += lasts;
    }
    found
}

fn weigh(phases: &Phases<'_>, stretch: &[usize]) -> Case {
    let a = phases.a;
    let (first, last) = (stretch[0], stretch[stretch.len() - 1]);
    let second = |k: usize| phases.before.iter().map(|p| harmonic(a, k, p.0, 2)).fold(0.0, f64::max);
    let top = |i: usize| stretch.iter().map(|k| phases.ratio(*k, i)).fold(0.0, f64::max);
    let all = 0..phases.before.len();
    let channels: Vec<usize> =
        all.clone().filter(|i| top(*i) > SATURATED).map(|i| phases.before[i].0).collect();
    let largest = all.map(top).fold(0.0, f64::max);
    let left = second(last) / stretch.iter().map(|k| second(*k)).fold(0.0, f64::max);
    let (start, stop) = (a.intervals.start_sample[first], a.intervals.stop_sample[last]);
    let count = channels.len();
    let mut c = Case::new(Cause::TransformerEnergising, 0.15).at(channels, start, stop);
    // What a meter sees in its own current is behind it.
    c.direction = Direction { side: Side::Downstream, votes: (1, 0), margin: 1.0 };
    c.number("second_harmonic_ratio", largest);
    c.number("second_harmonic_left", left);
    c.number("duration_s", a.seconds(stop) - a.seconds(start));
    c.supports(
        0.35,
        "T1",
        "a 2nd harmonic of up to {} % of the fundamental current comes at once, with inrush, and stays for {} s",
        "harmonik ke-2 sampai {} % dari arus fundamental muncul seketika bersama arus masuk, dan bertahan {} s",
        vec![num(largest * 100.0, 0), num(a.seconds(stop) - a.seconds(start), 1)],
    );
    magnetises(&mut c, a, first, stretch[1]);
    if left < LEFT {
        c.supports(
            0.15,
            "T1",
            "it fades to {} % of its largest, as the offset of a flux does",
            "memudar menjadi {} % dari nilai terbesarnya, seperti ofset fluks",
            vec![num(left * 100.0, 0)],
        );
    } else {
        c.contradicts(
            0.1,
            "T1",
            "it hardly fades in that time ({} % of its largest are left)",
            "hampir tidak memudar selama itu (tersisa {} % dari nilai terbesarnya)",
            vec![num(left * 100.0, 0)],
        );
    }
    if count > 1 {
        c.supports(
            0.1,
            "T1",
            "{} phases show it: a core with several limbs",
            "terlihat pada {} fasa: inti dengan beberapa kaki",
            vec![num(count as f64, 0)],
        );
    }
    c
}

/// The current of a saturated core lags the voltage by a quarter; a load on half waves is in phase with it.
fn magnetises(c: &mut Case, a: &Analysis, first: usize, second: usize) {
    let total = |table: &Array2<f64>, k: usize| table.rows().into_iter().nth(k).map_or(f64::NAN, |r| r.sum());
    let rise = |table: &Array2<f64>| {
        total(table, second) - first.checked_sub(1).map_or(f64::NAN, |k| total(table, k))
    };
    let (p_w, q_var) = (rise(&a.power.p_w), rise(&a.power.q1_var));
    c.number("reactive_rise_var", q_var);
    c.number("active_rise_w", p_w);
    let values = vec![num(q_var / 1e3, 2), num(p_w / 1e3, 2)];
    let (en, id) = (
        "the reactive power rises by {} kvar, the active power by {} kW",
        "daya reaktif naik {} kvar, daya aktif {} kW",
    );
    if q_var > 2.0 * p_w.abs() {
        c.supports(0.2, "T1", en, id, values);
    } else {
        c.contradicts(0.25, "T1", en, id, values);
    }
}
