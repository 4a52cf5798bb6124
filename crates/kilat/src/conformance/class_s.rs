//! Class S of IEC 61000-4-30: its own settings, ranges and uncertainties.

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::offline;
use kilat_core::{Config, EventKind, EventRms, Flags, Result, Timestamp, Tone};

use super::events::Levels;
use super::signal::{
    ANGLES_RAD, Mains, STATES, SYSTEMS, Wave, analyze, capture, intervals_s, point, sequence_pct, windows,
};
use super::{Reading, Row};

/// Basic intervals measured in each row.
const INTERVALS: usize = 3;
const SOURCE: &str = "IEC 62586-2, class S";

/// All rows at one sampling rate.
pub fn rows(rate_hz: f64) -> Vec<Row> {
    let mut all = Vec::new();
    for mains in SYSTEMS {
        all.extend(frequency(rate_hz, mains));
        all.extend(magnitude(rate_hz, mains));
        all.extend(unbalance(rate_hz, mains));
        all.extend(harmonics(rate_hz, mains));
        all.extend(signalling(rate_hz, mains));
        all.extend(dips(rate_hz, mains));
    }
    all
}

/// Rows on a long recording, at a slow rate.
pub fn long_rows() -> Vec<Row> {
    SYSTEMS.into_iter().flat_map(aggregation).collect()
}

fn config(mains: Mains) -> Config {
    Config::class_s(mains.udin_v, mains.hz)
}

fn row(
    quantity: &'static str,
    point: String,
    (unit, limit, ours): (&'static str, f64, f64),
    measure: impl Fn() -> Result<Reading> + Send + Sync + 'static,
) -> Row {
    Row { quantity, source: SOURCE, point, unit, limit, ours, measure: Box::new(measure) }
}

fn frequency(rate_hz: f64, mains: Mains) -> impl Iterator<Item = Row> {
    let points = if mains.hz == 50.0 { [42.5, 50.05, 57.5] } else { [51.0, 59.95, 69.0] };
    points.into_iter().map(move |hz| {
        let what = point(&format!("{hz} Hz"), mains, None, rate_hz);
        row("class S frequency", what, ("mHz", 50.0, 1.0), move || {
            let a = analyze(&config(mains), rate_hz, 10.2, &[Wave::sine(hz, mains.udin_v, 0.3)])?;
            let reading = |f: &f64| Reading { expected: hz * 1e3, measured: f * 1e3 };
            Ok(Reading::worst(a.frequency.hz.iter().map(reading)))
        })
    })
}

fn magnitude(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let mut all = Vec::new();
    for state in STATES {
        for pct in [20.0, 70.0, 120.0] {
            let what = point(&format!("{pct} % Udin"), mains, Some(state), rate_hz);
            all.push(row("class S magnitude", what, ("% Udin", 0.5, 0.01), move || {
                let wave = state.wave(mains, mains.hz + state.offset_hz(), pct / 100.0 * mains.udin_v, 0.3);
                let a =
                    analyze(&config(mains), rate_hz, intervals_s(INTERVALS), std::slice::from_ref(&wave))?;
                let per_cent = 100.0 / mains.udin_v;
                Ok(Reading::worst(windows(&a).map(|(k, from, to)| Reading {
                    expected: wave.rms(from, to) * per_cent,
                    measured: a.intervals.rms[[k, 0]] * per_cent,
                })))
            }));
        }
    }
    all
}

fn unbalance(rate_hz: f64, mains: Mains) -> impl Iterator<Item = Row> {
    // u2 of 1 % and of 5 %.
    [("102/100/98.5 %", [1.02, 1.0, 0.985]), ("73/80/87 %", [0.73, 0.80, 0.87])].into_iter().map(
        move |(name, levels)| {
            let what = point(&format!("u2, {name}"), mains, None, rate_hz);
            row("class S unbalance", what, ("%", 0.3, 0.015), move || {
                let waves = [0, 1, 2].map(|k| Wave::sine(mains.hz, levels[k] * mains.udin_v, ANGLES_RAD[k]));
                let a = analyze(&config(mains), rate_hz, intervals_s(INTERVALS), &waves)?;
                let expected = sequence_pct(levels, [0.0; 3], 1.0);
                Ok(Reading::worst(a.unbalance.u2_pct.iter().map(|u| Reading { expected, measured: *u })))
            })
        },
    )
}

/// Class II of IEC 61000-4-7, in % of Udin, for a component of `pct` % of Udin.
fn class_two(pct: f64) -> f64 {
    if pct >= 3.0 { 0.05 * pct } else { 0.15 }
}

/// Single orders up to 40, at 10 and 100 % of class 3 of IEC 61000-2-4; nothing is measured beyond.
fn harmonics(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let mut all = Vec::new();
    for (order, class_3_pct) in [(2, 3.0), (3, 6.0), (40, 1.0)] {
        for part in [0.1, 1.0] {
            let pct = part * class_3_pct;
            let what = point(&format!("order {order} at {pct:.1} %"), mains, None, rate_hz);
            let bounds = ("% Udin", class_two(pct), class_two(pct) / 10.0);
            all.push(row("class S harmonics", what, bounds, move || {
                let wave = Wave::sine(mains.hz, mains.udin_v, 0.3).with(f64::from(order), pct / 100.0, 70.0);
                let a = analyze(&config(mains), rate_hz, intervals_s(INTERVALS), &[wave])?;
                let of_order = a.harmonics.subgroup.index_axis(ndarray::Axis(2), order as usize);
                let per_cent = 100.0 / mains.udin_v;
                Ok(Reading::worst(
                    of_order.iter().map(|u| Reading { expected: pct, measured: f64::from(*u) * per_cent }),
                ))
            }));
        }
    }
    let what = point("highest order", mains, None, rate_hz);
    all.push(row("class S harmonics", what, ("order", 0.0, 0.0), move || {
        let a = analyze(&config(mains), rate_hz, intervals_s(1), &[Wave::sine(mains.hz, mains.udin_v, 0.3)])?;
        let h = &a.harmonics.subgroup;
        let measured = (0..h.dim().2).rev().find(|o| h[[0, 0, *o]].is_finite()).unwrap_or(0);
        Ok(Reading { expected: 40.0, measured: measured as f64 })
    }));
    all
}

fn signalling(rate_hz: f64, mains: Mains) -> impl Iterator<Item = Row> {
    [3.0, 15.0].into_iter().map(move |pct| {
        let hz = 1060.0;
        let what = point(&format!("{hz} Hz at {pct} %"), mains, None, rate_hz);
        row("class S signalling", what, ("% Udin", 0.1 * pct, 0.005 * pct), move || {
            let wave = Wave::sine(mains.hz, mains.udin_v, 0.3).plus(hz, pct / 100.0 * mains.udin_v, 0.8);
            let config = Config { signalling: vec![Tone::at(hz)], ..config(mains) };
            let a = analyze(&config, rate_hz, intervals_s(INTERVALS), &[wave])?;
            let reading = |u: &f64| Reading { expected: pct, measured: 100.0 * u / mains.udin_v };
            Ok(Reading::worst(a.signalling_v.iter().map(reading)))
        })
    })
}

/// Dips and interruptions in Urms(1/2), and in Urms(1), whose every value is a whole cycle after the one before.
fn dips(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let mut all = Vec::new();
    for (event_rms, name, ends) in
        [(EventRms::HalfCycle, "Urms(1/2)", 0.5), (EventRms::Cycle, "Urms(1)", 1.0)]
    {
        for (kind, level, cycles) in [
            (EventKind::Dip, 0.70, 3.0),
            (EventKind::Dip, 0.40, 10.0),
            (EventKind::Dip, 0.40, 30.25),
            (EventKind::Interruption, 0.0, 10.0),
        ] {
            let what = if kind == EventKind::Dip { "dip" } else { "interruption" };
            let run = move |start: f64| -> Result<(f64, f64)> {
                let seconds = (start + cycles + 30.0) / mains.hz;
                let levels =
                    Levels(vec![(0.0, 1.0), (start / mains.hz, level), ((start + cycles) / mains.hz, 1.0)]);
                let wave = |t: f64| SQRT_2 * mains.udin_v * levels.at(t) * (2.0 * PI * mains.hz * t).sin();
                let config = Config { event_rms, ..config(mains) };
                let a = offline::analyze(&capture(rate_hz, seconds, Timestamp(0), &[&wave])?, &config, 1)?;
                let mut found = a.events.iter().filter(|e| e.kind == kind);
                let one = found.next().filter(|_| found.next().is_none());
                Ok(one.map_or((f64::NAN, f64::NAN), |e| (100.0 * e.magnitude_pu, e.duration_s * mains.hz)))
            };
            // Nowhere on a crossing, nor where a length is off by the whole uncertainty: rounding would decide there.
            let starts = [30.02, 30.12, 30.63, 31.13, 31.3];
            let point = |of: &str| {
                point(&format!("{of} of a {what} of {cycles} cycles in {name}"), mains, None, rate_hz)
            };
            // Long enough to be seen in full. The step of a dip moves the crossings next to it, and with them the cycle cut there.
            all.push(row("class S dip magnitude", point("residual"), ("% Udin", 1.0, 0.2), move || {
                let readings = starts.map(|s| Ok(Reading { expected: 100.0 * level, measured: run(s)?.0 }));
                Ok(Reading::worst(readings.into_iter().collect::<Result<Vec<_>>>()?))
            }));
            // Against the true length: a step of the values at either end.
            let limit = 2.0 * ends;
            all.push(row("class S dip duration", point("duration"), ("cycles", limit, limit), move || {
                let readings = starts.map(|s| Ok(Reading { expected: cycles, measured: run(s)?.1 }));
                Ok(Reading::worst(readings.into_iter().collect::<Result<Vec<_>>>()?))
            }));
        }
    }
    all
}

/// One interval behind the other over a tick.
fn aggregation(mains: Mains) -> [Row; 2] {
    const RATE_HZ: f64 = 1_600.0;
    let run = move || {
        let hz = mains.hz + 0.37;
        let wave = |t: f64| SQRT_2 * mains.udin_v * (2.0 * PI * hz * t).sin();
        let start = Timestamp(600_000_000_000 * 2_000_000 - 7_300_000_000);
        offline::analyze(&capture(RATE_HZ, 15.0, start, &[&wave])?, &config(mains), 1)
    };
    let what = |of: &str| format!("{of} at a 10-min tick, {} V {} Hz", mains.udin_v, mains.hz);
    [
        row("class S aggregation", what("overlap"), ("samples", 0.0, 0.0), move || {
            let i = run()?.intervals;
            let overlaps = (1..i.flags.len()).map(|k| i.stop_sample[k - 1] - i.start_sample[k]);
            Ok(Reading::worst(overlaps.map(|measured| Reading { expected: 0.0, measured })))
        }),
        row(
            "class S aggregation",
            what("basic intervals of 150/180 cycles"),
            ("intervals", 0.0, 0.0),
            move || {
                let i = run()?.aggregates.cycles_150.intervals;
                let whole = i.basics.iter().zip(&i.flags).filter(|(_, f)| !f.contains(Flags::INCOMPLETE));
                Ok(Reading::worst(whole.map(|(n, _)| Reading { expected: 15.0, measured: f64::from(*n) })))
            },
        ),
    ]
}
