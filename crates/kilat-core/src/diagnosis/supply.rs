//! G1 and O1: a generator, and a feeder that its own load pulls down.

use super::case::{Case, num};
use super::tables::{harmonic, median, without};
use super::{Cause, Finding};
use crate::capture::Kind;
use crate::engine::analysis::{Analysis, Flags};
use crate::pq::events::EventKind;

/// Deviation of the frequency that no large system shows, in hertz.
const OFF_HZ: f64 = 0.5;
/// Basic intervals that must show it.
const INTERVALS: usize = 5;
/// Voltage THD of small generators at modest load, in %.
const THD_PCT: std::ops::RangeInclusive<f64> = 3.0..=12.0;
/// A transfer takes from a tenth of a second to ten.
const GAP_S: std::ops::RangeInclusive<f64> = 0.05..=15.0;

/// Basic intervals that tell something: synchronised, whole, with a voltage.
fn usable(a: &Analysis) -> Vec<usize> {
    let gone = |k: usize| {
        a.events.iter().any(|e| {
            e.kind == EventKind::Interruption
                && e.start_sample < a.intervals.stop_sample[k]
                && e.stop_sample > a.intervals.start_sample[k]
        })
    };
    let bad = Flags::MISSING | Flags::UNSYNCHRONISED | Flags::SHORT;
    without(a, bad).filter(|k| !gone(*k)).collect()
}

/// Correlation of two series; zero when one of them does not move.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (n, sum) = (x.len() as f64, |v: &[f64]| v.iter().sum::<f64>());
    let (mx, my) = (sum(x) / n, sum(y) / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xx += (a - mx) * (a - mx);
        yy += (b - my) * (b - my);
        xy += (a - mx) * (b - my);
    }
    if xx * yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

/// G1: frequency off, distortion, and the gaps of a transfer switch.
pub(super) fn generator(a: &Analysis) -> Option<Finding> {
    let usable = usable(a);
    let off = |k: &usize| (a.intervals.frequency_hz[*k] - a.config.nominal_frequency_hz).abs();
    // Right beside a transfer an interval spans two sources: its neighbours must agree.
    let held: Vec<usize> = usable
        .windows(2)
        .filter(|w| w[1] == w[0] + 1 && off(&w[0]) > OFF_HZ && off(&w[1]) > OFF_HZ / 2.0)
        .map(|w| w[0])
        .collect();
    if held.len() < INTERVALS {
        return None;
    }
    let (first, last) = (held[0], *held.last()?);
    let voltages: Vec<usize> = a.voltages().filter(|v| a.channels[*v].udin_v > 0.0).collect();
    let span: Vec<usize> = usable.iter().copied().filter(|k| (first..=last).contains(k)).collect();
    let (start, stop) = (a.intervals.start_sample[first], a.intervals.stop_sample[last]);
    let gap = |e: &&crate::pq::events::Event| {
        let near = a.seconds(e.stop_sample) > a.seconds(start) - 5.0
            && a.seconds(e.start_sample) < a.seconds(stop) + 5.0;
        e.kind == EventKind::Interruption && GAP_S.contains(&e.duration_s) && near
    };
    let gaps: Vec<_> = a.events.iter().filter(gap).collect();
    let from = gaps.iter().map(|e| e.start_sample).fold(start, f64::min);
    let to = gaps.iter().map(|e| e.stop_sample).fold(stop, f64::max);
    let mut c = Case::new(Cause::Generator, 0.2).at(voltages.clone(), from, to);
    let worst = held.iter().map(off).fold(0.0, f64::max);
    c.number("frequency_off_hz", worst);
    c.supports(
        0.3,
        "G1",
        "the frequency is off by up to {} Hz, by more than {} Hz in {} intervals of 10/12 cycles",
        "frekuensi menyimpang sampai {} Hz, lebih dari {} Hz dalam {} interval 10/12 siklus",
        vec![num(worst, 2), num(OFF_HZ, 1), num(held.len() as f64, 0)],
    );
    let thd = |k: &usize| voltages.iter().map(|v| a.harmonics.thd_subgroup_pct[[*k, *v]]).fold(0.0, f64::max);
    let thd_pct = median(span.iter().map(thd));
    c.number("thd_pct", thd_pct);
    if THD_PCT.contains(&thd_pct) {
        c.supports(
            0.2,
            "G1",
            "THD of the voltage is {} % meanwhile",
            "THD tegangan {} % selama itu",
            vec![num(thd_pct, 1)],
        );
    } else {
        c.contradicts(
            0.05,
            "G1",
            "THD of the voltage is {} %: a loaded small generator has 4 to 9 %",
            "THD tegangan {} %: generator kecil berbeban memiliki 4 sampai 9 %",
            vec![num(thd_pct, 1)],
        );
    }
    if !gaps.is_empty() {
        c.supports(
            0.15,
            "G1",
            "{} gaps of the supply beside it, as a transfer switch makes",
            "{} celah pasokan di dekatnya, seperti dari sakelar pemindah",
            vec![num(gaps.len() as f64, 0)],
        );
    }
    let load: Vec<f64> = span.iter().map(|k| a.power.p_w.row(*k).sum()).collect();
    let hz: Vec<f64> = span.iter().map(|k| a.intervals.frequency_hz[*k]).collect();
    let follows = correlation(&load, &hz);
    if !a.power_pairs.is_empty() && follows < -0.4 {
        c.supports(
            0.1,
            "G1",
            "the frequency falls when the load rises (correlation {})",
            "frekuensi turun ketika beban naik (korelasi {})",
            vec![num(follows, 2)],
        );
    }
    c.is_named().then(|| c.decide())
}

/// Part of the intervals below 0.9 pu from which the voltage is low as a rule.
const LOW_SHARE: f64 = 0.2;
/// Basic intervals that a regression needs.
const LEAST_INTERVALS: usize = 20;

/// O1: the voltage falls with the site's own current.
pub(super) fn overload(a: &Analysis) -> Option<Finding> {
    let usable = usable(a);
    if usable.len() < LEAST_INTERVALS {
        return None;
    }
    let mut best: Option<Case> = None;
    for &(u, i) in &a.power_pairs {
        let udin_v = a.channels[u].udin_v;
        if a.channels[i].kind != Kind::Current || udin_v <= 0.0 {
            continue;
        }
        let volts: Vec<f64> = usable.iter().map(|k| a.intervals.rms[[*k, u]]).collect();
        let amperes: Vec<f64> = usable.iter().map(|k| a.intervals.rms[[*k, i]]).collect();
        let low = volts.iter().filter(|v| **v < 0.9 * udin_v).count() as f64 / volts.len() as f64;
        if low < LOW_SHARE {
            continue;
        }
        let case = weigh(a, (u, i), (&volts, &amperes), low);
        if best.as_ref().is_none_or(|b| case.confidence > b.confidence) {
            best = Some(case);
        }
    }
    best.filter(Case::is_named).map(Case::decide)
}

fn weigh(a: &Analysis, (u, i): (usize, usize), (volts, amperes): (&[f64], &[f64]), low: f64) -> Case {
    let udin_v = a.channels[u].udin_v;
    let (start, stop) = (a.intervals.start_sample[0], *a.intervals.stop_sample.last().unwrap_or(&0.0));
    let mut c = Case::new(Cause::Overload, 0.2).at(vec![u, i], start, stop);
    let level = median(volts.iter().copied()) / udin_v;
    c.number("median_pu", level);
    c.number("low_share", low);
    c.supports(
        0.25,
        "O1",
        "{} % of the intervals lie below 0.9 of Udin; their median is {} pu",
        "{} % interval berada di bawah 0,9 Udin; mediannya {} pu",
        vec![num(low * 100.0, 0), num(level, 3)],
    );
    let follows = correlation(amperes, volts);
    let spread = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        (v.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / v.len() as f64).sqrt()
    };
    let ohm = -follows * spread(volts) / spread(amperes).max(1e-9);
    let without =
        (volts.iter().sum::<f64>() + ohm * amperes.iter().sum::<f64>()) / volts.len() as f64 / udin_v;
    c.number("supply_ohm", ohm);
    c.number("correlation", follows);
    if follows < -0.6 {
        c.supports(
            0.3,
            "O1",
            "the voltage falls with the site's own current (correlation {}), by {} V per ampere; without load it would be {} pu",
            "tegangan turun bersama arus sendiri (korelasi {}), {} V tiap ampere; tanpa beban tegangan menjadi {} pu",
            vec![num(follows, 2), num(ohm, 2), num(without, 3)],
        );
    } else {
        c.contradicts(
            0.2,
            "O1",
            "the voltage does not follow the site's own current (correlation {}): it is low from outside",
            "tegangan tidak mengikuti arus sendiri (korelasi {}): rendah dari luar",
            vec![num(follows, 2)],
        );
    }
    let thd = median(a.harmonics.thd_subgroup_pct.column(u).iter().copied());
    let third = median((0..volts.len()).map(|k| harmonic(a, k, u, 3) / harmonic(a, k, u, 1) * 100.0));
    c.number("thd_pct", thd);
    if third > 1.0 {
        c.supports(
            0.1,
            "O1",
            "3rd harmonic of {} % in a THD of {} %: flat tops, as rectifiers behind a weak line make",
            "harmonik ke-3 {} % dalam THD {} %: puncak mendatar, seperti penyearah di ujung saluran lemah",
            vec![num(third, 1), num(thd, 1)],
        );
    }
    c
}
