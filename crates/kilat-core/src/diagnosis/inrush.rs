//! T1: a transformer or another large iron core is energised. Its flux begins with an offset, saturates the core in one half cycle
//! only, and dies out over tens of cycles: the current has even harmonics that come at once and fade.
//!
//! The dip may be too small to be an event, so the tables of harmonics are searched; what fades within a few basic intervals is
//! seen in the form of its dip ([`sags`](super::sags)).

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

/// Every energising that the harmonics show.
pub(super) fn energising(a: &Analysis) -> Vec<Finding> {
    let whole: Vec<usize> = without(a, Flags::MISSING | Flags::SHORT).collect();
    let currents = currents(a);
    let ratio = |k: usize, c: usize| harmonic(a, k, c, 2) / harmonic(a, k, c, 1);
    let largest = |k: usize| currents.iter().map(|c| ratio(k, *c)).fold(0.0, f64::max);
    let mut found = Vec::new();
    let mut at = 1;
    while at < whole.len() {
        let before = &whole[at.saturating_sub(BEFORE)..at];
        let begins = |c: &usize| {
            let was = |h: usize| median(before.iter().map(|k| harmonic(a, *k, *c, h)));
            ratio(whole[at], *c) > SATURATED
                && was(2) < FADED * was(1)
                && harmonic(a, whole[at], *c, 1).max(harmonic(a, whole[(at + 1).min(whole.len() - 1)], *c, 1))
                    > INRUSH * was(1)
        };
        let lasts = whole[at..].iter().take_while(|k| largest(**k) > FADED).count();
        if !currents.iter().any(begins) || lasts < LASTS {
            at += 1;
            continue;
        }
        let case = weigh(a, &currents, &whole[at..at + lasts]);
        if case.is_named() {
            found.push(case.decide());
        }
        at += lasts;
    }
    found
}

fn weigh(a: &Analysis, currents: &[usize], stretch: &[usize]) -> Case {
    let (first, last) = (stretch[0], stretch[stretch.len() - 1]);
    let second = |k: usize| currents.iter().map(|c| harmonic(a, k, *c, 2)).fold(0.0, f64::max);
    let ratio = |c: &usize| {
        stretch.iter().map(|k| harmonic(a, *k, *c, 2) / harmonic(a, *k, *c, 1)).fold(0.0, f64::max)
    };
    let channels: Vec<usize> = currents.iter().copied().filter(|c| ratio(c) > SATURATED).collect();
    let largest = currents.iter().map(ratio).fold(0.0, f64::max);
    let left = second(last) / stretch.iter().map(|k| second(*k)).fold(0.0, f64::max);
    let (start, stop) = (a.intervals.start_sample[first], a.intervals.stop_sample[last]);
    let phases = channels.len();
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
    if left < LEFT {
        c.supports(
            0.25,
            "T1",
            "it fades to {} % of its largest, as the offset of a flux does",
            "memudar menjadi {} % dari nilai terbesarnya, seperti ofset fluks",
            vec![num(left * 100.0, 0)],
        );
    } else {
        c.contradicts(
            0.2,
            "T1",
            "it does not fade ({} % of its largest are left): a load on half waves does that",
            "tidak memudar (tersisa {} % dari nilai terbesarnya): beban setengah gelombang juga demikian",
            vec![num(left * 100.0, 0)],
        );
    }
    if phases > 1 {
        c.supports(
            0.1,
            "T1",
            "{} phases show it: a core with several limbs",
            "terlihat pada {} fasa: inti dengan beberapa kaki",
            vec![num(phases as f64, 0)],
        );
    }
    c
}
