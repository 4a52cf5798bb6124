//! A1, W1 and R1: arcing, notching, resonance.

use super::answers::{Answers, Damage};
use super::case::{Case, num};
use super::claims::Open;
use super::tables::{currents, harmonic, median, quantile, without};
use super::{Cause, Finding};
use crate::engine::analysis::{Analysis, Flags};
use crate::pq::dips::Side;
use crate::pq::transients::TransientKind;

/// Orders between which an arc makes interharmonics, and a load that wanders hardly any.
const BROAD: std::ops::RangeInclusive<usize> = 8..=30;
/// Basic intervals over which an arc must be seen.
const INTERVALS: usize = 10;
/// Broadband content over that of the quietest of the other phases, or over its own quiet time.
const ABOVE: f64 = 3.0;
/// Least broadband content, over the fundamental current.
const LEAST: f64 = 0.01;
/// Part of the intervals that must show it.
const SHARE: f64 = 0.5;

/// A1: broadband content of one current that comes, stays and grows, and that the other phases do not have.
pub(super) fn arcing(a: &Analysis, answers: &Answers, found: &[Finding]) -> Option<Finding> {
    let n = a.intervals.flags.len();
    let currents = currents(a);
    if n < INTERVALS || currents.is_empty() {
        return None;
    }
    let bad = Flags::MISSING | Flags::SHORT | Flags::UNSYNCHRONISED;
    // A dip or switching fills the spectrum of its own interval.
    let in_fault = |k: usize| {
        a.events.iter().any(|e| {
            e.start_sample < a.intervals.stop_sample[k] && e.stop_sample > a.intervals.start_sample[k]
        })
    };
    let whole: Vec<usize> = without(a, bad).filter(|k| !in_fault(*k)).collect();
    let broad = |k: usize, c: usize| {
        let orders = BROAD.filter_map(|h| a.harmonics.interharmonic_group.get([k, c, h]));
        orders.filter(|v| v.is_finite()).map(|v| v * v).sum::<f64>().sqrt()
    };
    let mut best: Option<Case> = None;
    for &c in &currents {
        let level: Vec<f64> = whole.iter().map(|&k| broad(k, c)).collect();
        let own_quiet = quantile(level.iter().copied(), 0.05);
        let others = currents.iter().filter(|o| **o != c);
        let other = others.map(|&o| median(whole.iter().map(|&k| broad(k, o)))).fold(f64::NAN, f64::max);
        let fundamental = median(whole.iter().map(|&k| harmonic(a, k, c, 1)));
        let quiet = if other.is_finite() { other } else { own_quiet };
        let limit = (ABOVE * quiet).max(LEAST * fundamental);
        let above: Vec<usize> = (0..whole.len()).filter(|&i| level[i] > limit).collect();
        let (Some(&first), Some(&last)) = (above.first(), above.last()) else { continue };
        let share = above.len() as f64 / (last - first + 1) as f64;
        if above.len() < INTERVALS || share < SHARE {
            continue;
        }
        let stretch = &level[first..=last];
        let third = (stretch.len() / 3).max(1);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let growth = mean(&stretch[stretch.len() - third..]) / mean(&stretch[..third]);
        let deviation = mean(&stretch.iter().map(|v| (v - mean(stretch)).powi(2)).collect::<Vec<_>>()).sqrt();
        let mut case = Case::new(Cause::Arcing, 0.2).at(
            vec![c],
            a.intervals.start_sample[whole[first]],
            a.intervals.stop_sample[whole[last]],
        );
        case.number("broadband_ratio", mean(stretch) / quiet);
        case.number("growth", growth);
        case.supports(
            0.3,
            "A1",
            "the current carries broadband content between the harmonics, {} times what is quiet, in {} % of the intervals over {} s",
            "arus mengandung komponen pita lebar di antara harmonik, {} kali keadaan tenang, dalam {} % interval selama {} s",
            vec![
                num(mean(stretch) / quiet, 1),
                num(share * 100.0, 0),
                num(a.seconds(case.stop_sample) - a.seconds(case.start_sample), 1),
            ],
        );
        if growth > 1.5 {
            case.supports(
                0.2,
                "A1",
                "it grows {}-fold meanwhile",
                "tumbuh {} kali selama itu",
                vec![num(growth, 1)],
            );
        } else {
            case.contradicts(
                0.05,
                "A1",
                "it does not grow ({} times): a noisy converter does that too",
                "tidak tumbuh ({} kali): konverter yang berderau juga demikian",
                vec![num(growth, 1)],
            );
        }
        if deviation / mean(stretch) > 0.25 {
            case.supports(
                0.1,
                "A1",
                "it is erratic: {} % from interval to interval",
                "tidak menentu: {} % dari interval ke interval",
                vec![num(deviation / mean(stretch) * 100.0, 0)],
            );
        }
        let ends = case.stop_sample;
        let short = found.iter().find(|f| {
            f.cause == Cause::Fault
                && f.direction.side == Side::Downstream
                && f.start_sample > ends - (ends - case.start_sample) * 0.5
        });
        if short.is_some() {
            case.supports(
                0.15,
                "A1",
                "a short circuit downstream follows it",
                "diikuti hubung singkat di hilir",
                vec![],
            );
        }
        if answers.damage == Some(Damage::OneTerminal) {
            case.supports(
                0.1,
                "A1",
                "one terminal is burnt (user's answer): a loose connection",
                "satu terminal hangus (jawaban pengguna): sambungan longgar",
                vec![],
            );
        }
        if best.as_ref().is_none_or(|b| case.confidence > b.confidence) {
            best = Some(case);
        }
    }
    best.filter(Case::is_named).map(Case::decide)
}

/// W1: what the notch detector found.
pub(super) fn notching(open: &mut Open<'_>) -> Vec<Finding> {
    let notching: Vec<_> = open.transients().filter(|(_, t)| t.kind == TransientKind::Notching).collect();
    let mut found = Vec::new();
    for (_, t) in notching {
        let (start, stop) = (t.start_sample as f64, t.stop_sample as f64);
        let mut c = Case::new(Cause::Notching, 0.6).at(t.peaks.iter().map(|p| p.0).collect(), start, stop);
        c.number("per_cycle", f64::from(t.per_cycle));
        c.number("depth_pu", t.peak_pu.abs());
        c.number("area_vs", t.volt_seconds);
        c.supports(
            0.0,
            "W1",
            "notches towards zero, up to {} % deep and {} mVs large, at the same angles of every cycle for {} s",
            "takik menuju nol, sedalam {} % dan seluas {} mVs, pada sudut yang sama setiap siklus selama {} s",
            vec![num(t.peak_pu.abs() * 100.0, 0), num(t.volt_seconds * 1e3, 1), num(t.duration_s, 1)],
        );
        if matches!(t.per_cycle, 1 | 2 | 4 | 6) {
            c.supports(
                0.2,
                "W1",
                "{} per cycle, as a converter of that many pulses makes",
                "{} tiap siklus, seperti konverter dengan pulsa sebanyak itu",
                vec![num(f64::from(t.per_cycle), 0)],
            );
        }
        if t.peaks.len() > 1 {
            c.supports(
                0.1,
                "W1",
                "{} voltages have them",
                "terdapat pada {} tegangan",
                vec![num(t.peaks.len() as f64, 0)],
            );
        }
        open.claim_transients(start, stop);
        found.push(c.decide());
    }
    found
}

/// Least height of the one harmonic, in % of the fundamental.
const HIGH_PCT: f64 = 2.5;
/// How many times it exceeds its odd neighbours.
const ALONE: f64 = 2.5;
/// Least time it lasts, in basic intervals.
const LASTS: usize = 5;

/// R1: one harmonic far above its neighbours, for long.
pub(super) fn resonance(a: &Analysis) -> Option<Finding> {
    let bad = Flags::MISSING | Flags::SHORT | Flags::UNSYNCHRONISED | Flags::EVENT;
    let whole: Vec<usize> = without(a, bad).collect();
    let mut best: Option<(usize, usize, f64, f64)> = None;
    for u in a.voltages().filter(|v| a.channels[*v].udin_v > 0.0) {
        let pct =
            |h: usize| median(whole.iter().map(|&k| harmonic(a, k, u, h) / harmonic(a, k, u, 1) * 100.0));
        // Multiples of three belong to loads between phase and neutral: their path is the neutral, not a bank.
        for h in (4..=25).filter(|h| h % 3 != 0) {
            let neighbours = [h - 4, h - 2, h + 2, h + 4];
            let of_loads = neighbours.into_iter().filter(|n| n % 3 != 0 && (4..=29).contains(n));
            let (own, beside) = (pct(h), of_loads.map(pct).fold(0.0, f64::max));
            if own > HIGH_PCT && own > ALONE * beside && best.is_none_or(|b| own > b.2) {
                best = Some((u, h, own, beside));
            }
        }
    }
    let (u, h, own, beside) = best.filter(|_| whole.len() >= LASTS)?;
    let (start, stop) = (a.intervals.start_sample[whole[0]], a.intervals.stop_sample[*whole.last()?]);
    let mut c = Case::new(Cause::Resonance, 0.25).at(vec![u], start, stop);
    c.number("order", h as f64);
    c.number("harmonic_pct", own);
    c.supports(
        0.25,
        "R1",
        "harmonic {} is {} % of the fundamental, the odd ones beside it at most {} %",
        "harmonik ke-{} sebesar {} % dari fundamental, harmonik ganjil di sebelahnya paling tinggi {} %",
        vec![num(h as f64, 0), num(own, 1), num(beside, 1)],
    );
    if own > 1.5 * HIGH_PCT {
        c.supports(
            0.1,
            "R1",
            "it is {} times what is usual",
            "sebesar {} kali yang biasa",
            vec![num(own / HIGH_PCT * 2.0, 1)],
        );
    }
    let q = a.power_pairs.iter().position(|p| p.0 == u).map(|pair| {
        let at = |k: &usize| (a.power.q1_var[[*k, pair]], a.power.p_w[[*k, pair]]);
        let (q, p): (Vec<f64>, Vec<f64>) = whole.iter().map(at).unzip();
        (median(q), median(p))
    });
    match q {
        Some((q, p)) if q < -0.1 * p.abs() => c.supports(
            0.25,
            "R1",
            "the load is capacitive ({} kvar at {} kW): there is a bank to resonate with the line",
            "beban bersifat kapasitif ({} kvar pada {} kW): ada bank yang beresonansi dengan saluran",
            vec![num(q / 1e3, 2), num(p / 1e3, 2)],
        ),
        Some((q, _)) => c.contradicts(
            0.3,
            "R1",
            "the load is not capacitive ({} kvar): a bank would be upstream, or there is none",
            "beban tidak kapasitif ({} kvar): bank berada di hulu, atau tidak ada",
            vec![num(q / 1e3, 2)],
        ),
        None => c.contradicts(0.15, "R1", "no current is measured", "arus tidak diukur", vec![]),
    }
    c.is_named().then(|| c.decide())
}
