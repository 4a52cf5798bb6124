//! Samples around the worst events and transients.

use std::ops::Range;

use kilat_core::Kind;
use serde::Serialize;

use super::{WIDE, fit};
use crate::report::DETAILS;
use crate::report::svg::{Axis, Frame, Pieces, envelope};
use crate::report::view::{View, event_region};

/// Shown before an event and after it, in seconds.
const MARGIN_S: f64 = 0.06;
/// Most of an event that is shown, in seconds.
const LONGEST_S: f64 = 0.4;
/// Columns of an envelope; fewer than for trends, because there are many of these drawings.
const COLUMNS: usize = 500;

/// One event, drawn.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Detail {
    title: String,
    figures: String,
    note: String,
}

/// What to look at: a title, from and to in seconds, and how to shade it.
struct Look {
    title: String,
    start_s: f64,
    stop_s: f64,
    class: &'static str,
}

/// The worst events and then the largest transients in order of time, and how many are left out.
pub(in crate::report) fn details(v: &View) -> (Vec<Detail>, usize) {
    let mut events = v.system_events();
    events.sort_by(|a, b| {
        let worse = event_region(b).cmp(&event_region(a));
        worse.then(b.depth_pct.abs().total_cmp(&a.depth_pct.abs()))
    });
    let mut transients: Vec<_> = v.a.transients.iter().collect();
    transients.sort_by(|a, b| b.peak_pu.abs().total_cmp(&a.peak_pu.abs()));
    let left_out = (events.len() + transients.len()).saturating_sub(DETAILS);
    let looks = events.iter().map(|e| Look {
        title: format!(
            "{} · {} · {} · {} pu",
            v.t.event(e.kind),
            v.names(&e.channels),
            v.duration(e.duration_s),
            v.n(e.magnitude_pu, 3)
        ),
        start_s: v.a.seconds(e.start_sample),
        stop_s: v.a.seconds(e.stop_sample),
        class: "event",
    });
    let spikes = transients.iter().map(|t| Look {
        title: format!("{} · {} · {} pu", v.t.transient(t.kind), v.name(t.channel), v.n(t.peak_pu, 3)),
        start_s: v.a.seconds(t.start_sample as f64),
        stop_s: v.a.seconds(t.stop_sample as f64),
        class: "mark",
    });
    let mut looks: Vec<Look> = looks.chain(spikes).take(DETAILS).collect();
    looks.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    (looks.iter().map(|l| draw(v, l)).collect(), left_out)
}

fn draw(v: &View, look: &Look) -> Detail {
    let margin_s = if look.class == "mark" { MARGIN_S / 3.0 } else { MARGIN_S };
    let whole = look.stop_s - look.start_s <= LONGEST_S;
    let until_s = if whole { look.stop_s + margin_s } else { look.start_s + LONGEST_S };
    let time = v.capture.time();
    let range = time.sample_at(look.start_s - margin_s) as usize..time.sample_at(until_s) as usize;
    let x: Vec<f64> = range.clone().map(|i| (time.seconds(i as f64) - look.start_s) * 1e3).collect();
    let voltages: Vec<usize> = v.a.voltages().collect();
    let mut figures = String::new();
    for (kind, channels, caption, label) in [
        (Kind::Voltage, voltages, v.t.voltages, v.t.voltage_v),
        (Kind::Current, v.currents(), v.t.currents, v.t.current_a),
    ] {
        let (shown, keys, left_out) = fit(v, &channels);
        if shown.is_empty() {
            continue;
        }
        let lines: Vec<Pieces> = shown.iter().map(|&c| samples(v, c, range.clone(), &x)).collect();
        let unit = if kind == Kind::Voltage { "V" } else { "A" };
        let y = Axis::around(lines.iter().flatten().flatten().map(|p| p.1), 0.0, label, unit);
        let axis = Axis::exact(-margin_s * 1e3, (until_s - look.start_s) * 1e3, v.t.time_event, "ms");
        let mut f = Frame::new(WIDE, if kind == Kind::Voltage { 270.0 } else { 210.0 }, axis, y, v.lang);
        f.band(0.0, (look.stop_s - look.start_s) * 1e3, look.class);
        for (i, (line, &c)) in lines.iter().zip(&shown).enumerate() {
            f.trace(line, i, v.name(c), v.colours[c]);
        }
        figures += &(f.figure(caption, &keys) + &left_out);
    }
    let at = time.timestamp(time.sample_at(look.start_s) as f64).map(crate::report::view::moment);
    let at = at.map_or_else(|| format!("{} s", v.n(look.start_s, 3)), |t| format!("{t} UTC"));
    let note = if whole {
        String::new()
    } else {
        format!("{} {} {}", v.t.shown_part, v.duration(LONGEST_S), v.t.shown_after)
    };
    Detail { title: format!("{at} · {}", look.title), figures, note }
}

/// Volts or amperes of one channel over `x`, cut where a new segment begins.
fn samples(v: &View, channel: usize, range: Range<usize>, x: &[f64]) -> Pieces {
    let Some(c) = v.capture.channels().get(v.a.channels[channel].index) else { return Vec::new() };
    // The analysis has read them all: there are none only when a file has vanished since.
    let Ok(values) = c.values(range.clone()) else { return Vec::new() };
    let factor = c.si_factor();
    let (first, n) = (range.start, range.len());
    let mut gaps = v.a.gaps.iter().map(|g| g.sample as usize).skip_while(|g| *g <= first).peekable();
    let points = range
        .zip(x.iter().zip(values))
        .map(|(i, (&x, value))| (x, value * factor, gaps.next_if(|g| *g <= i).is_some()));
    envelope(points, n, COLUMNS)
}
