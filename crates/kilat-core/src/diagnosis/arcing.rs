//! A1: an arc in series with a load, or a contact that burns.

use ndarray::Array2;

use super::answers::{Answers, Damage};
use super::case::{Case, num};
use super::tables::{currents, harmonic, median, quantile, without};
use super::{Cause, Finding, Record};
use crate::engine::analysis::{Analysis, Flags};
use crate::pq::dips::Side;

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
/// Growth from the first third to the last that counts.
const GROWS: f64 = 1.5;
/// Standard deviation over the mean from which it is erratic.
const ERRATIC: f64 = 0.25;

/// Broadband content of one current over time.
struct Broadband {
    current: usize,
    /// Over all whole basic intervals, in amperes.
    level: Vec<f64>,
    /// What is quiet, in amperes.
    quiet: f64,
    /// First and last of the intervals that are not quiet.
    span: (usize, usize),
    /// Part of the intervals between that are not.
    share: f64,
}

/// A1: broadband content of one current that comes, stays and grows, and that the other phases do not have.
pub(super) fn arcing(record: &Record<'_>, answers: Answers, found: &[Finding]) -> Option<Finding> {
    let a = record.analysis();
    let bad = Flags::MISSING | Flags::SHORT | Flags::UNSYNCHRONISED;
    // A dip or switching fills the spectrum of its own interval.
    let in_event = |k: usize| {
        a.events.iter().any(|e| {
            e.start_sample < a.intervals.stop_sample[k] && e.stop_sample > a.intervals.start_sample[k]
        })
    };
    let whole: Vec<usize> = without(a, bad).filter(|k| !in_event(*k)).collect();
    let currents = currents(a);
    let noisy = (0..currents.len()).filter_map(|i| Broadband::of(record, i, &currents, &whole));
    let cases = noisy.map(|b| weigh(a, answers, found, &b, &whole));
    let best = cases.reduce(|best, c| if c.confidence > best.confidence { c } else { best });
    best.filter(Case::is_named).map(Case::decide)
}

/// What the currents that belong to a voltage have between the harmonics, in amperes: `(interval, current)`.
pub(super) fn broadband(a: &Analysis) -> Array2<f64> {
    let currents = currents(a);
    Array2::from_shape_fn((a.intervals.flags.len(), currents.len()), |(k, i)| {
        let orders = BROAD.filter_map(|h| a.harmonics.interharmonic_group.get([k, currents[i], h]));
        orders.filter(|v| v.is_finite()).map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt()
    })
}

impl Broadband {
    /// Of `current`, when it is far above what is quiet for long.
    fn of(record: &Record<'_>, i: usize, currents: &[usize], whole: &[usize]) -> Option<Self> {
        let (a, current) = (record.analysis(), currents[i]);
        let broad = |o: usize| whole.iter().map(move |k| record.broadband_a[[*k, o]]);
        let level: Vec<f64> = broad(i).collect();
        let others = (0..currents.len()).filter(|o| *o != i);
        let other = others.map(|o| median(broad(o))).fold(f64::NAN, f64::max);
        let fundamental = median(whole.iter().map(|&k| harmonic(a, k, current, 1)));
        let quiet = if other.is_finite() { other } else { quantile(level.iter().copied(), 0.05) };
        let limit = (ABOVE * quiet).max(LEAST * fundamental);
        let above: Vec<usize> = (0..whole.len()).filter(|&i| level[i] > limit).collect();
        let (&first, &last) = (above.first()?, above.last()?);
        let share = above.len() as f64 / (last - first + 1) as f64;
        let lasts = above.len() >= INTERVALS && share >= SHARE;
        lasts.then_some(Self { current, level, quiet, span: (first, last), share })
    }
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

fn weigh(a: &Analysis, answers: Answers, found: &[Finding], b: &Broadband, whole: &[usize]) -> Case {
    let (first, last) = b.span;
    let stretch = &b.level[first..=last];
    let third = (stretch.len() / 3).max(1);
    let level = mean(stretch);
    let growth = mean(&stretch[stretch.len() - third..]) / mean(&stretch[..third]);
    let squares: Vec<f64> = stretch.iter().map(|v| (v - level) * (v - level)).collect();
    let erratic = mean(&squares).sqrt() / level;
    let (start, stop) = (a.intervals.start_sample[whole[first]], a.intervals.stop_sample[whole[last]]);
    let mut c = Case::new(Cause::Arcing, 0.2).at(vec![b.current], start, stop);
    c.number("broadband_ratio", level / b.quiet);
    c.number("growth", growth);
    c.supports(
        0.3,
        "A1",
        "the current carries broadband content between the harmonics, {} times what is quiet, in {} % of the intervals over {} s",
        "arus mengandung komponen pita lebar di antara harmonik, {} kali keadaan tenang, dalam {} % interval selama {} s",
        vec![
            num(level / b.quiet, 1),
            num(b.share * 100.0, 0),
            num(a.seconds(stop) - a.seconds(start), 1),
        ],
    );
    let values = vec![num(growth, 1)];
    if growth > GROWS {
        c.supports(0.2, "A1", "it grows {}-fold meanwhile", "tumbuh {} kali selama itu", values);
    } else {
        c.contradicts(
            0.05,
            "A1",
            "it does not grow ({} times): a noisy converter does that too",
            "tidak tumbuh ({} kali): konverter yang berderau juga demikian",
            values,
        );
    }
    if erratic > ERRATIC {
        c.supports(
            0.1,
            "A1",
            "it is erratic: {} % from interval to interval",
            "tidak menentu: {} % dari interval ke interval",
            vec![num(erratic * 100.0, 0)],
        );
    }
    let late = f64::midpoint(start, stop);
    let is_short = |f: &Finding| {
        f.cause == Cause::Fault && f.direction.side == Side::Downstream && f.start_sample > late
    };
    if found.iter().any(is_short) {
        c.supports(
            0.15,
            "A1",
            "a short circuit downstream follows it",
            "diikuti hubung singkat di hilir",
            vec![],
        );
    }
    if answers.damage == Some(Damage::OneTerminal) {
        c.supports(
            0.1,
            "A1",
            "one terminal is burnt (user's answer): a loose connection",
            "satu terminal hangus (jawaban pengguna): sambungan longgar",
            vec![],
        );
    }
    c
}
