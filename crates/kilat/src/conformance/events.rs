//! Dips, swells, interruptions and rapid changes: rectangular changes of level of sines, against the definition done slowly.

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::offline;
use kilat_core::{Config, Event, EventKind, RapidChange, Result, Timestamp};

use super::signal::{Mains, SYSTEMS, capture};
use super::{Reading, Row};

/// Levels of all phases over time: from each moment (in seconds) on, parts of Udin.
#[derive(Debug, Clone)]
pub struct Levels(pub Vec<(f64, f64)>);

impl Levels {
    pub fn at(&self, t: f64) -> f64 {
        self.0.iter().rev().find(|(from, _)| t >= *from).map_or(1.0, |l| l.1)
    }

    /// R.m.s. of a sine of `hz` that lags by `lag_rad`, at these levels, over the cycle from `from`, in parts of Udin: exact, piece
    /// by piece.
    pub fn rms_of_cycle(&self, hz: f64, from: f64, lag_rad: f64) -> f64 {
        let to = from + 1.0 / hz;
        let mut edges = vec![from];
        edges.extend(self.0.iter().map(|l| l.0).filter(|t| *t > from && *t < to));
        edges.push(to);
        let integral = |t: f64| t - (4.0 * PI * hz * t - 2.0 * lag_rad).sin() / (4.0 * PI * hz);
        let piece = |a: f64, b: f64| self.at(a).powi(2) * (integral(b) - integral(a));
        let square: f64 = edges.windows(2).map(|e| piece(e[0], e[1])).sum();
        (square * hz).max(0.0).sqrt()
    }

    /// Urms(1/2) by its definition, in parts of Udin, up to `end` seconds: a cycle from every zero crossing.
    fn urms_half(&self, hz: f64, end: f64) -> Vec<f64> {
        let half = 0.5 / hz;
        let cycles = (end / half - 2.0).floor() as u32;
        (0..cycles).map(|k| self.rms_of_cycle(hz, f64::from(k) * half, 0.0)).collect()
    }
}

/// What an event should read: extreme in parts of Udin, duration in cycles.
struct Expected {
    extreme: f64,
    cycles: f64,
}

/// The definition over a whole series: the first run of values beyond `enter`, which ends with the first back at `leave`.
fn slowly(u: &[f64], kind: EventKind) -> Expected {
    let beyond = |v: f64| match kind {
        EventKind::Dip => v < 0.90,
        EventKind::Swell => v > 1.10,
        EventKind::Interruption => v < 0.05,
    };
    let back = |v: f64| match kind {
        EventKind::Dip => v >= 0.92,
        EventKind::Swell => v <= 1.08,
        EventKind::Interruption => v >= 0.07,
    };
    let start = u.iter().position(|v| beyond(*v)).unwrap_or(u.len());
    let run = u[start..].iter().take_while(|v| !back(**v)).count();
    let inside = u[start..start + run].iter().copied();
    let extreme = if kind == EventKind::Swell {
        inside.fold(f64::NEG_INFINITY, f64::max)
    } else {
        inside.fold(f64::INFINITY, f64::min)
    };
    // An interruption lasts to the end of its last window, half a cycle beyond the begin of the first one back.
    let tail = if kind == EventKind::Interruption { 0.5 } else { 0.0 };
    Expected { extreme, cycles: run as f64 / 2.0 + tail }
}

/// All rows at one sampling rate.
pub fn rows(rate_hz: f64) -> Vec<Row> {
    let mut all = Vec::new();
    for mains in SYSTEMS {
        for (kind, level) in [
            (EventKind::Dip, 0.85),
            (EventKind::Dip, 0.70),
            (EventKind::Dip, 0.40),
            (EventKind::Dip, 0.10),
            (EventKind::Swell, 1.15),
            (EventKind::Swell, 1.40),
            (EventKind::Swell, 1.80),
            (EventKind::Interruption, 0.0),
        ] {
            let shortest = if kind == EventKind::Interruption { 2.0 } else { 1.5 };
            for cycles in [shortest, 3.0, 10.0, 30.25, 75.0] {
                all.extend(event(rate_hz, mains, kind, level, cycles));
            }
        }
        all.extend(rapid_changes(rate_hz, mains));
    }
    all
}

/// Start of an event, in cycles after time zero: on the zero crossing, at the peak, and between, where no value comes to lie on
/// a threshold.
const STARTS: [f64; 4] = [30.0, 30.25, 30.37, 30.63];

type Find = fn(&Event, Mains) -> f64;

fn event(rate_hz: f64, mains: Mains, kind: EventKind, level: f64, cycles: f64) -> [Row; 2] {
    let (quantity, duration) = match kind {
        EventKind::Dip => ("dip magnitude", "dip duration"),
        EventKind::Swell => ("swell magnitude", "swell duration"),
        EventKind::Interruption => ("interruption magnitude", "interruption duration"),
    };
    let row = |quantity, unit, limit, ours, find: Find, expected: fn(&Expected) -> f64| Row {
        quantity,
        source: "IEC 62586-2, dips, swells and interruptions",
        point: format!(
            "{} % Udin, {cycles} cycles, {} V {} Hz, {} kHz",
            100.0 * level,
            mains.udin_v,
            mains.hz,
            rate_hz / 1000.0
        ),
        unit,
        limit,
        ours,
        measure: Box::new(move || {
            let mut readings = Vec::new();
            for start in STARTS {
                readings.push(one(rate_hz, mains, kind, level, (start, cycles), find, expected)?);
            }
            Ok(Reading::worst(readings))
        }),
    };
    [
        row(quantity, "% Udin", 0.2, 0.02, |e, m| 100.0 * e.residual_v / m.udin_v, |x| 100.0 * x.extreme),
        row(duration, "cycles", 1.0, 0.5, |e, m| e.duration_s * m.hz, |x| x.cycles),
    ]
}

/// The polyphase event of a rectangular change on all phases together, and what the definition gives on each phase.
fn one(
    rate_hz: f64,
    mains: Mains,
    kind: EventKind,
    level: f64,
    (start, cycles): (f64, f64),
    find: Find,
    expected: fn(&Expected) -> f64,
) -> Result<Reading> {
    let seconds = (start + cycles + 30.0) / mains.hz;
    let levels = Levels(vec![(0.0, 1.0), (start / mains.hz, level), ((start + cycles) / mains.hz, 1.0)]);
    let wave = |t: f64| SQRT_2 * mains.udin_v * levels.at(t) * (2.0 * PI * mains.hz * t).sin();
    let capture = capture(rate_hz, seconds, Timestamp(0), &[&wave])?;
    let a = offline::analyze(&capture, &mains.config(), 1)?;
    let want = slowly(&levels.urms_half(mains.hz, seconds), kind);
    let found = a.events.iter().filter(|e| e.kind == kind).map(|e| find(e, mains));
    let readings: Vec<_> = found.map(|measured| Reading { expected: expected(&want), measured }).collect();
    // One disturbance is one event.
    Ok(if readings.len() == 1 { readings[0] } else { Reading::worst([]) })
}

/// Threshold of the rapid-change rows, in % of Udin.
pub const RVC_PCT: f64 = 2.5;
/// Length of their signals, in seconds.
pub const CHANGES_S: f64 = 6.0;

fn rapid_changes(rate_hz: f64, mains: Mains) -> Vec<Row> {
    // Moments in seconds, levels in parts of Udin, and whether that is a rapid change at all.
    let step = vec![(0.0, 1.0), (2.0, 0.96)];
    let overshoot = vec![(0.0, 1.0), (2.0, 0.93), (2.3, 0.97)];
    let several = vec![(0.0, 1.0), (2.0, 0.96), (2.2, 1.0), (2.5, 0.95), (2.7, 0.97)];
    let dip = vec![(0.0, 1.0), (2.0, 0.85), (2.2, 0.97)];
    let ramp: Vec<(f64, f64)> =
        (0..250).map(|k| (1.5 + 0.01 * f64::from(k), 1.0 - 0.05 * f64::from(k) / 250.0)).collect();
    let named = [
        ("step", step, true),
        ("step with overshoot", overshoot, true),
        ("several steps in a second", several, true),
        ("step that becomes a dip", dip, false),
        ("slow ramp", ramp, false),
    ];
    let mut all = Vec::new();
    for (name, levels, is_change) in named {
        let point = |what: &str| {
            format!("{name}{what}, {} V {} Hz, {} kHz", mains.udin_v, mains.hz, rate_hz / 1000.0)
        };
        let row = |what, unit, limit, ours, measure| Row {
            quantity: "rapid voltage change",
            source: "IEC 62586-2, rapid voltage changes",
            point: point(what),
            unit,
            limit,
            ours,
            measure,
        };
        if is_change {
            type Pick = (fn(&RapidChange) -> f64, fn(&(f64, f64)) -> f64);
            let steady: Pick = (|c| c.delta_steady_pct, |x| x.0);
            let largest: Pick = (|c| c.delta_max_pct, |x| x.1);
            for (what, (measured, expected)) in [(", steady change", steady), (", largest change", largest)] {
                let levels = Levels(levels.clone());
                let measure = move || {
                    let found = changes(rate_hz, mains, &levels)?;
                    let want = change_slowly(&levels.urms_half(mains.hz, CHANGES_S), RVC_PCT / 100.0);
                    // One change is one event.
                    let (Some(want), [found]) = (want, &found[..]) else { return Ok(Reading::worst([])) };
                    Ok(Reading { expected: 100.0 * expected(&want), measured: measured(found) })
                };
                all.push(row(what, "% Udin", 0.2, 0.02, Box::new(measure)));
            }
        } else {
            let measure = move || {
                let found = changes(rate_hz, mains, &Levels(levels.clone()))?;
                Ok(Reading { expected: 0.0, measured: found.len() as f64 })
            };
            all.push(row(" is none", "events", 0.0, 0.0, Box::new(measure)));
        }
    }
    all
}

/// The first rapid change of a whole series by its definition (IEC 61000-4-30, 5.11): `ΔUss` and `ΔUmax`, in parts of Udin.
fn change_slowly(u: &[f64], threshold: f64) -> Option<(f64, f64)> {
    // A second of half cycles, at 50 or 60 Hz as the series is.
    let n = (u.len() as f64 / CHANGES_S).ceil() as usize;
    let mean = |i: usize| u[i + 1 - n..=i].iter().sum::<f64>() / n as f64;
    let steady = |i: usize, band: f64| u[i + 1 - n..=i].iter().all(|v| (v - mean(i)).abs() <= band);
    let opened = (n..u.len()).find(|i| steady(i - 1, threshold) && !steady(*i, threshold))?;
    let closed = (opened..u.len()).find(|i| steady(*i, threshold / 2.0))?;
    let before = mean(opened - 1);
    let largest = u[opened..=closed].iter().map(|v| (v - before).abs()).fold(0.0, f64::max);
    Some(((mean(closed) - before).abs(), largest))
}

fn changes(rate_hz: f64, mains: Mains, levels: &Levels) -> Result<Vec<RapidChange>> {
    let wave = |t: f64| SQRT_2 * mains.udin_v * levels.at(t) * (2.0 * PI * mains.hz * t).sin();
    let config = Config { rvc_pct: RVC_PCT, ..mains.config() };
    Ok(offline::analyze(&capture(rate_hz, CHANGES_S, Timestamp(0), &[&wave])?, &config, 1)?.rvc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_reads_half_to_one_cycle_more_than_a_rectangular_dip() {
        for start in [30.0, 30.1, 30.25, 30.4] {
            let dip = Levels(vec![(0.0, 1.0), (start / 50.0, 0.4), ((start + 5.0) / 50.0, 1.0)]);
            let e = slowly(&dip.urms_half(50.0, 1.0), EventKind::Dip);
            assert!(
                (e.extreme - 0.4).abs() < 1e-12 && (5.5..=6.0).contains(&e.cycles),
                "{start}: {}",
                e.cycles
            );
        }
    }
}
