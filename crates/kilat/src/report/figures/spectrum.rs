//! Harmonic subgroups as bars.

use kilat_core::{Kind, Phase};

use super::{WIDE, fit};
use crate::report::svg::{Axis, Frame};
use crate::report::view::{View, three};

/// Voltage and current spectra, and a sentence that says of which intervals; empty without harmonics.
pub(in crate::report) fn spectra(v: &View) -> (String, String) {
    let flags = &v.a.intervals.flags;
    let clean: Vec<usize> = (0..flags.len()).filter(|&k| flags[k].is_empty()).collect();
    let (used, what) = if clean.is_empty() {
        ((0..flags.len()).collect(), v.t.spectrum_all)
    } else {
        (clean, v.t.spectrum_usable)
    };
    // The fundamental of a neutral is no measure for its harmonics.
    let mut currents = v.currents();
    currents.retain(|&c| v.a.channels[c].phase != Some(Phase::N));
    let out = spectrum(v, &v.supply_voltages(), &used, Kind::Voltage)
        + &spectrum(v, &currents, &used, Kind::Current);
    let mut note = format!("{what} ({} {} {}).", used.len(), v.t.intervals, v.n_of(flags.len()));
    let neutral: Vec<usize> =
        (0..v.a.channels.len()).filter(|&c| v.a.channels[c].phase == Some(Phase::N)).collect();
    if !neutral.is_empty() {
        note = format!("{note} {}: {}.", v.t.not_drawn, v.names(&neutral));
    }
    (out, note)
}

impl View<'_> {
    fn n_of(&self, all: usize) -> String {
        match self.lang {
            kilat_core::diagnosis::Lang::En => format!("of {all}"),
            kilat_core::diagnosis::Lang::Id => format!("dari {all}"),
        }
    }
}

fn spectrum(v: &View, channels: &[usize], used: &[usize], kind: Kind) -> String {
    let h = &v.a.harmonics.subgroup;
    let (intervals, all, orders) = h.dim();
    let (channels, keys, left_out) = fit(v, channels);
    let used: Vec<usize> = used.iter().copied().filter(|&k| k < intervals).collect();
    // Median over the intervals of each order in % of the fundamental of the same interval.
    let levels: Vec<Vec<f64>> = channels
        .iter()
        .filter(|&&c| c < all)
        .map(|&c| {
            let pct = |k: usize, n: usize| f64::from(h[[k, c, n]]) / f64::from(h[[k, c, 1]]) * 100.0;
            (2..orders).map(|n| three(used.iter().map(|&k| pct(k, n))).1).collect()
        })
        .collect();
    let top = levels.iter().flatten().copied().filter(|p| p.is_finite()).fold(0.0, f64::max);
    let Some(highest) = levels.iter().filter_map(|l| l.iter().rposition(|p| p.is_finite())).max() else {
        return String::new();
    };
    let highest = highest + 2;
    let x = Axis::exact(1.4, highest as f64 + 0.6, v.t.order, "");
    let y = Axis::exact(0.0, (top * 1.08).max(0.1), v.t.percent_fundamental, "%");
    let mut f = Frame::new(WIDE, 240.0, x, y, v.lang);
    let width = 0.78 / channels.len().max(1) as f64;
    for (i, (level, &c)) in levels.iter().zip(&channels).enumerate() {
        for (n, &pct) in level.iter().enumerate().filter(|(_, p)| p.is_finite()) {
            let from = (n + 2) as f64 - 0.39 + i as f64 * width;
            let tip = format!("{} h{}: {} %", v.name(c), n + 2, v.n(pct, 2));
            f.bar(from, from + width * 0.92, pct, i, v.colours[c], &tip);
        }
    }
    let caption = if kind == Kind::Voltage { v.t.harmonic_v } else { v.t.harmonic_i };
    f.figure(caption, &keys) + &left_out
}
