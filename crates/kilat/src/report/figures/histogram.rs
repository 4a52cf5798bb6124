//! How much of the time each voltage was at which level, against the band allowed.

use std::collections::BTreeMap;

use kilat_core::Flags;

use super::{WIDE, fit};
use crate::report::svg::{Axis, Frame};
use crate::report::view::View;

/// Least 10-min values that are worth a drawing; with fewer, the basic intervals are drawn.
const ENOUGH: usize = 6;

/// Shares of time over the voltage in % of Udin, and what values they are of; empty without a voltage.
pub(in crate::report) fn voltages(v: &View) -> (String, &'static str) {
    let ten = &v.a.aggregates.ten_minutes.intervals;
    let whole = |row: &usize| !ten.flags[*row].contains(Flags::INCOMPLETE);
    let rows: Vec<usize> = (0..ten.flags.len()).filter(whole).collect();
    let (i, rows, of) = if rows.len() >= ENOUGH {
        (ten, rows, v.t.histogram_ten_minutes)
    } else {
        let basic = &v.a.intervals;
        (basic, (0..basic.flags.len()).collect(), v.t.histogram_basic)
    };
    let (channels, keys, note) = fit(v, &v.supply_voltages());
    let mut bins: Vec<BTreeMap<i64, usize>> = Vec::new();
    for &c in &channels {
        let mut counts = BTreeMap::new();
        let pct =
            |&row: &usize| 100.0 * i.rms.get([row, c]).copied().unwrap_or(f64::NAN) / v.a.channels[c].udin_v;
        for pct in rows.iter().map(pct).filter(|x| x.is_finite()) {
            *counts.entry(pct.floor() as i64).or_insert(0) += 1;
        }
        bins.push(counts);
    }
    let (lo, hi) = v.band_pct();
    let levels = || bins.iter().flat_map(|b| b.keys().copied());
    let (Some(first), Some(last)) = (levels().min(), levels().max()) else { return (String::new(), of) };
    let (first, last) = ((first as f64 - 1.0).min(lo - 3.0), (last as f64 + 2.0).max(hi + 3.0));
    let share = |count: usize| 100.0 * count as f64 / rows.len() as f64;
    let most = bins.iter().flat_map(BTreeMap::values).map(|&n| share(n)).fold(0.0, f64::max);
    let x = Axis::exact(first, last, v.t.percent_nominal, "%");
    let y = Axis::exact(0.0, most * 1.08, v.t.share_of_time, "%");
    let mut f = Frame::new(WIDE, 240.0, x, y, v.lang);
    f.band(lo, hi, "area-no_interruption");
    let width = 1.0 / channels.len() as f64;
    for (k, counts) in bins.iter().enumerate() {
        let (name, colour) = (v.name(channels[k]), v.colours[channels[k]]);
        for (&level, &count) in counts {
            let from = level as f64 + k as f64 * width;
            let tip = format!("{name}: {level} – {} %: {} %", level + 1, v.n(share(count), 2));
            f.bar(from, from + width, share(count), k, colour, &tip);
        }
    }
    (f.figure(v.t.histogram, &keys) + &note, of)
}
