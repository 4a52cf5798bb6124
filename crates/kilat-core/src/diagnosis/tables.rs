//! What several rules read from the tables of an analysis.

use crate::capture::Kind;
use crate::engine::analysis::{Analysis, Flags};

/// Part of a live voltage that is its fundamental, at least, where there are mains.
const MAINS: f64 = 0.5;

/// The live voltages are mostly of the mains frequency, most of the time; true where no spectrum tells.
pub(super) fn has_mains(a: &Analysis) -> bool {
    let share = |k: usize, v: usize| harmonic(a, k, v, 1) / a.intervals.rms[[k, v]];
    let lives = |k: usize, v: usize| a.intervals.rms[[k, v]] >= 0.5 * a.channels[v].udin_v;
    let all = a.voltages().flat_map(|v| (0..a.intervals.flags.len()).map(move |k| (k, v)));
    let of_live = all.filter(|&(k, v)| lives(k, v)).map(|(k, v)| share(k, v));
    let middle = median(of_live);
    middle.is_nan() || middle >= MAINS
}

/// Orders of subgroups that rules read, from 0 on: resonances have the highest, and those beside.
pub(super) const ORDERS: usize = 30;

/// Samples per second of the segments that were analysed: the fastest.
pub(super) fn rate(a: &Analysis) -> f64 {
    a.time.segments().iter().map(|s| s.rate.hz()).fold(0.0, f64::max)
}

/// Subgroup of `order` of a channel in a basic interval; NaN when it is not measured.
pub(super) fn harmonic(a: &Analysis, interval: usize, channel: usize, order: usize) -> f64 {
    a.harmonics.subgroup.get([interval, channel, order]).map_or(f64::NAN, |v| f64::from(*v))
}

/// Basic intervals without any of `flags`.
pub(super) fn without(a: &Analysis, flags: Flags) -> impl Iterator<Item = usize> + use<'_> {
    (0..a.intervals.flags.len()).filter(move |k| !a.intervals.flags[*k].intersects(flags))
}

/// Currents that belong to a voltage.
pub(super) fn currents(a: &Analysis) -> Vec<usize> {
    let mut currents: Vec<usize> =
        a.power_pairs.iter().map(|p| p.1).filter(|c| a.channels[*c].kind == Kind::Current).collect();
    currents.sort_unstable();
    currents.dedup();
    currents
}

/// The value below which this part of the finite values lies; NaN without any.
pub(super) fn quantile(values: impl IntoIterator<Item = f64>, part: f64) -> f64 {
    let mut v: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
    v.sort_by(f64::total_cmp);
    let last = v.len().saturating_sub(1) as f64;
    v.get((part * last).round() as usize).copied().unwrap_or(f64::NAN)
}

/// The middle one of the finite values; NaN without any.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}
