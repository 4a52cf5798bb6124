//! Events and transients on the ITIC curve.

use std::collections::BTreeSet;

use kilat_core::limits::curves::ITIC;

use super::WIDE;
use crate::report::svg::{Axis, Frame, Key};
use crate::report::view::View;

/// Most points drawn, the worst ones.
const POINTS: usize = 500;

/// The curve with a point for every event and transient; empty without either.
pub(in crate::report) fn curve(v: &View) -> String {
    let mut events = v.channel_events();
    if events.is_empty() && v.a.transients.is_empty() {
        return String::new();
    }
    events.sort_by(|a, b| b.depth_pct.abs().total_cmp(&a.depth_pct.abs()));
    events.truncate(POINTS);
    let mut transients: Vec<_> = v.a.transients.iter().collect();
    transients.sort_by(|a, b| b.peak_pu.abs().total_cmp(&a.peak_pu.abs()));
    transients.truncate(POINTS);

    let longest = events.iter().map(|e| e.duration_s).fold(100.0, f64::max);
    let highest = events.iter().map(|e| e.magnitude_pu).chain(transients.iter().map(|t| v.instant_pu(t)));
    let top = (highest.fold(2.3, f64::max) * 108.0).min(600.0);
    let (first, last) = (1e-4, longest * 1.3);
    let x = Axis::decades(first, last, v.t.duration_axis, "s");
    let y = Axis::exact(0.0, top, v.t.voltage_pct, "%");
    let mut f = Frame::new(WIDE, 400.0, x, y, v.lang);

    let end = |boundary: &[(f64, f64)]| -> Vec<(f64, f64)> {
        boundary.iter().map(|&(t, pct)| (t.clamp(first, last), pct)).collect()
    };
    let (upper, lower) = (end(ITIC.upper), end(ITIC.lower));
    let mut above = upper.clone();
    above.extend([(last, top.max(500.0)), (upper[0].0, top.max(500.0))]);
    let mut below = lower.clone();
    below.extend([(last, 0.0), (first, 0.0)]);
    // What is borne for 1/100 cycle is borne for less.
    let mut between = vec![(first, upper[0].1)];
    between.extend(upper.iter().copied());
    between.extend(lower.iter().rev());
    f.area(&above, "area-prohibited");
    f.area(&between, "area-no_interruption");
    f.area(&below, "area-no_damage");
    f.area(&open(&upper), "edge");
    f.area(&open(&lower), "edge");
    f.text(0.4, top * 0.86, "area-name", v.t.prohibited);
    f.text(0.0022, 60.0, "area-name", v.t.no_interruption);
    f.text(1.3, 30.0, "area-name", v.t.no_damage);

    let channels: BTreeSet<usize> =
        events.iter().map(|e| e.extreme_channel).chain(transients.iter().map(|t| t.channel)).collect();
    let colour = |c: usize| v.colours.get(c).copied().unwrap_or("#555d66");
    let keys: Vec<Key> =
        channels.iter().map(|&c| Key { name: v.name(c).into(), colour: colour(c) }).collect();
    let key_of = |channel: usize| channels.iter().position(|&c| c == channel).unwrap_or(0);
    for e in events {
        let channel = e.extreme_channel;
        let tip = format!(
            "{} {}: {}, {} pu",
            v.t.event(e.kind),
            v.name(channel),
            v.duration(e.duration_s),
            v.n(e.magnitude_pu, 3)
        );
        f.point(e.duration_s, e.magnitude_pu * 100.0, key_of(channel), colour(channel), "", &tip);
    }
    for t in transients {
        let pu = v.instant_pu(t);
        let tip = format!(
            "{} {}: {}, {} pu",
            v.t.transient(t.kind),
            v.name(t.channel),
            v.duration(t.duration_s),
            v.n(pu, 3)
        );
        let class = if t.resolvable && !t.clipped { "" } else { "hollow" };
        f.point(t.duration_s, pu * 100.0, key_of(t.channel), colour(t.channel), class, &tip);
    }
    f.figure(v.t.itic, &keys)
}

/// A boundary walked forth and back, so that its area is a line.
fn open(line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    line.iter().chain(line.iter().rev()).copied().collect()
}
