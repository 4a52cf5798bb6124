//! What the whole recording looks like: r.m.s. voltages and currents, frequency.

use kilat_core::{Flags, Phase};

use super::{COLUMNS, WIDE, fit};
use crate::report::svg::{Axis, Frame, Key, Pieces, envelope};
use crate::report::view::View;

/// Most events shaded in one drawing.
const BANDS: usize = 300;

/// Unit of the time axis of the whole recording: seconds per unit, label, unit.
fn time_unit(v: &View) -> (f64, &'static str, &'static str) {
    match v.a.time.duration_s() {
        s if s < 300.0 => (1.0, v.t.time_s, "s"),
        s if s < 3.0 * 3600.0 => (60.0, v.t.time_min, "min"),
        _ => (3600.0, v.t.time_h, "h"),
    }
}

fn time_axis(v: &View) -> Axis {
    let (unit_s, label, unit) = time_unit(v);
    Axis::exact(0.0, v.a.time.duration_s() / unit_s, label, unit)
}

/// A line through one value per row, held from the row's start to its stop, cut at gaps.
fn held(v: &View, start: &[f64], stop: &[f64], value: impl Fn(usize) -> f64, columns: usize) -> Pieces {
    let unit_s = time_unit(v).0;
    let mut gaps = v.a.gaps.iter().map(|g| g.sample as f64).peekable();
    let rows = start.len().min(stop.len());
    let points = (0..rows).flat_map(|k| {
        let mut cut = false;
        while gaps.next_if(|g| *g <= start[k]).is_some() {
            cut = true;
        }
        [(v.a.seconds(start[k]) / unit_s, value(k), cut), (v.a.seconds(stop[k]) / unit_s, value(k), false)]
    });
    envelope(points, rows * 2, columns)
}

/// A line through Urms(1/2), each value at the middle of its window.
fn half_cycle_line(v: &View, c: usize) -> Pieces {
    let unit_s = time_unit(v).0;
    let Some(h) = v.a.half_cycles.get(c) else { return Pieces::new() };
    let mut gaps = v.a.gaps.iter().map(|g| g.sample as f64).peekable();
    let points = h.start_sample.iter().zip(&h.stop_sample).zip(&h.u_rms_v).map(|((&a, &b), &u)| {
        let mut cut = false;
        while gaps.next_if(|g| *g <= a).is_some() {
            cut = true;
        }
        (v.a.seconds(f64::midpoint(a, b)) / unit_s, u, cut)
    });
    envelope(points, h.u_rms_v.len(), COLUMNS)
}

fn values(lines: &[Pieces]) -> impl Iterator<Item = f64> + '_ {
    lines.iter().flatten().flatten().map(|p| p.1)
}

/// Urms(1/2) of all voltages, one drawing per Udin, with the thresholds.
pub(in crate::report) fn half_cycles(v: &View) -> String {
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for c in v.a.voltages() {
        let udin = v.a.channels[c].udin_v;
        match groups.iter_mut().find(|g| g.0 == udin) {
            Some(g) => g.1.push(c),
            None => groups.push((udin, vec![c])),
        }
    }
    let unit_s = time_unit(v).0;
    let config = &v.a.config;
    let mut out = String::new();
    for (udin, channels) in groups {
        let (shown, keys, left_out) = fit(v, &channels);
        let lines: Vec<Pieces> = shown.iter().map(|&c| half_cycle_line(v, c)).collect();
        // The band between the thresholds is always in view.
        let band = [(config.dip_pct - 2.0) / 100.0 * udin, (config.swell_pct + 2.0) / 100.0 * udin];
        let y = Axis::around(values(&lines).chain(band), 0.0, v.t.voltage_v, "V");
        let mut f = Frame::new(WIDE, 280.0, time_axis(v), y, v.lang);
        let mut events: Vec<_> = v.system_events();
        events.sort_by(|a, b| b.duration_s.total_cmp(&a.duration_s));
        for e in events.into_iter().take(BANDS) {
            f.band(v.a.seconds(e.start_sample) / unit_s, v.a.seconds(e.stop_sample) / unit_s, "event");
        }
        for (pct, class, name) in [
            (100.0, "", "Udin"),
            (config.dip_pct, "limit", v.t.dip),
            (config.swell_pct, "limit", v.t.swell),
            (config.interruption_pct, "limit", v.t.interruption),
        ] {
            let text = format!("{name} {} % = {} V", v.n(pct, 0), v.quantity(pct / 100.0 * udin));
            f.level(pct / 100.0 * udin, &text, class);
        }
        trace_channels(&mut f, v, &lines, &shown);
        out += &(f.figure(v.t.urms_half, &keys) + &left_out);
    }
    out
}

/// Line-neutral and line-line voltages over the same scale; empty without three line-neutral voltages.
pub(in crate::report) fn side_by_side(v: &View) -> String {
    let t = &v.a.intervals;
    let find = |p| v.a.voltages().find(|&c| v.a.channels[c].phase == Some(p));
    let (Some(a), Some(b), Some(c), 3) =
        (find(Phase::A), find(Phase::B), find(Phase::C), t.line_line_rms_v.ncols())
    else {
        return String::new();
    };
    let neutral = [a, b, c];
    let udin = v.a.channels[a].udin_v;
    let line = |value: &dyn Fn(usize) -> f64| held(v, &t.start_sample, &t.stop_sample, value, COLUMNS / 2);
    let left: Vec<Pieces> = neutral.iter().map(|&c| line(&|k| t.rms[[k, c]] / udin * 100.0)).collect();
    let right: Vec<Pieces> =
        (0..3).map(|j| line(&|k| t.line_line_rms_v[[k, j]] / (udin * 3f64.sqrt()) * 100.0)).collect();
    let all: Vec<f64> = values(&left).chain(values(&right)).collect();
    let draw = |lines: &[Pieces], names: [String; 3], caption: &str| {
        let y = Axis::around(all.iter().copied(), 10.0, v.t.voltage_pct, "%");
        let mut f = Frame::new(WIDE / 2.0, 270.0, time_axis(v), y, v.lang);
        let mut keys = Vec::new();
        for (i, (line, name)) in lines.iter().zip(names).enumerate() {
            f.trace(line, i, &name, v.colours[neutral[i]]);
            keys.push(Key { name, colour: v.colours[neutral[i]] });
        }
        f.figure(caption, &keys)
    };
    let pair = |i: usize| format!("{} − {}", v.name(neutral[i]), v.name(neutral[(i + 1) % 3]));
    draw(&left, neutral.map(|c| v.name(c).to_owned()), v.t.line_neutral)
        + &draw(&right, [pair(0), pair(1), pair(2)], v.t.line_line)
}

/// R.m.s. currents of the basic intervals; empty without currents.
pub(in crate::report) fn currents(v: &View) -> String {
    let t = &v.a.intervals;
    let (shown, keys, left_out) = fit(v, &v.currents());
    if shown.is_empty() || t.start_sample.is_empty() {
        return String::new();
    }
    let lines: Vec<Pieces> =
        shown.iter().map(|&c| held(v, &t.start_sample, &t.stop_sample, |k| t.rms[[k, c]], COLUMNS)).collect();
    let y = Axis::around(values(&lines).chain([0.0]), 0.0, v.t.current_a, "A");
    let mut f = Frame::new(WIDE, 230.0, time_axis(v), y, v.lang);
    trace_channels(&mut f, v, &lines, &shown);
    f.figure(v.t.irms, &keys) + &left_out
}

/// One line per channel, in the colours of the channels.
fn trace_channels(f: &mut Frame, v: &View, lines: &[Pieces], channels: &[usize]) {
    for (i, (line, &c)) in lines.iter().zip(channels).enumerate() {
        f.trace(line, i, v.name(c), v.colours[c]);
    }
}

/// Voltages of the complete 10-min intervals, in % of Udin; empty without one.
pub(in crate::report) fn ten_minutes(v: &View) -> String {
    let t = &v.a.aggregates.ten_minutes.intervals;
    if t.flags.iter().all(|f| f.contains(Flags::INCOMPLETE)) {
        return String::new();
    }
    let (shown, keys, left_out) = fit(v, &v.supply_voltages());
    let pct = |k: usize, c: usize| {
        // NaN cuts the line.
        if t.flags[k].contains(Flags::INCOMPLETE) {
            f64::NAN
        } else {
            t.rms[[k, c]] / v.a.channels[c].udin_v * 100.0
        }
    };
    let lines: Vec<Pieces> =
        shown.iter().map(|&c| held(v, &t.start_sample, &t.stop_sample, |k| pct(k, c), COLUMNS)).collect();
    // At least 2 % in view, so that a steady voltage looks steady.
    let y = Axis::around(values(&lines), 2.0, v.t.percent_nominal, "%");
    let mut f = Frame::new(WIDE, 230.0, time_axis(v), y, v.lang);
    trace_channels(&mut f, v, &lines, &shown);
    f.figure(v.t.ten_minutes, &keys) + &left_out
}

/// Frequency of the basic intervals and over 10 s.
pub(in crate::report) fn frequency(v: &View) -> String {
    let (basic, ten) = (&v.a.intervals, &v.a.frequency);
    let fine = held(v, &basic.start_sample, &basic.stop_sample, |k| basic.frequency_hz[k], COLUMNS);
    let slow = held(v, &ten.start_sample, &ten.stop_sample, |k| ten.hz[k], COLUMNS);
    if fine.is_empty() && slow.is_empty() {
        return String::new();
    }
    let lines = [fine, slow];
    // At least ±0.1 Hz in view, so that a steady mains looks steady.
    let y = Axis::around(values(&lines), 0.2, v.t.frequency_hz, "Hz");
    let mut f = Frame::new(WIDE, 220.0, time_axis(v), y, v.lang);
    let mut keys = Vec::new();
    for (line, name, colour) in
        [(&lines[0], v.t.frequency_basic, "#8aa4c4"), (&lines[1], v.t.frequency_ten, "#17497f")]
    {
        if !line.is_empty() {
            f.trace(line, keys.len(), name, colour);
            keys.push(Key { name: name.into(), colour });
        }
    }
    f.figure(v.t.frequency, &keys)
}
