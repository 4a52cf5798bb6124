//! Aggregation, time tags, flagging and the sliding reference, on long recordings at a slow rate: what is counted does not depend on it.

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::analysis::Intervals;
use kilat_core::engine::offline;
use kilat_core::{Analysis, Config, Event, EventKind, Flags, Result, Timestamp};

use super::signal::{Mains, SYSTEMS, capture};
use super::{Reading, Row};

const RATE_HZ: f64 = 1_600.0;
/// Seconds from the start of the recording to the first 10-min tick.
const TO_TICK_S: f64 = 20.3;
/// Nanoseconds since the epoch of that tick: an even hour.
const TICK_NS: i64 = 7200 * 1_000_000_000 * 200_000;

/// All rows.
pub fn rows() -> Vec<Row> {
    let mut all = Vec::new();
    for mains in SYSTEMS {
        all.extend(aggregation(mains));
        all.extend(flagging(mains));
        all.extend(energy(mains));
        all.extend(sliding_reference(mains));
    }
    all
}

fn analyze(mains: Mains, hz: f64, seconds: f64, level: impl Fn(f64) -> f64) -> Result<Analysis> {
    let wave = |t: f64| SQRT_2 * mains.udin_v * level(t) * (2.0 * PI * hz * t).sin();
    let start = Timestamp(TICK_NS - (TO_TICK_S * 1e9) as i64);
    offline::analyze(&capture(RATE_HZ, seconds, start, &[&wave])?, &mains.config(), 1)
}

type Count = fn(&Analysis, f64) -> Reading;

fn aggregation(mains: Mains) -> Vec<Row> {
    let (slow, fast) = if mains.hz == 50.0 { (42.5, 57.5) } else { (51.0, 69.0) };
    let checks: [(&str, &str, f64, f64, Count); 4] = [
        ("basic intervals in 10 min", "intervals", 1.0, 1.0, |a, hz| Reading {
            expected: 600.0 * hz / a.config.cycles() as f64,
            measured: f64::from(whole(&a.aggregates.ten_minutes.intervals).1),
        }),
        // Every 150/180 cycles are fifteen basic intervals, also those that the tick overlaps; the last may be cut off.
        ("basic intervals in 150/180 cycles", "intervals", 0.0, 0.0, |a, _| {
            let i = &a.aggregates.cycles_150.intervals;
            let all = i.basics.iter().zip(&i.flags).filter(|(_, f)| !f.contains(Flags::INCOMPLETE));
            Reading::worst(all.map(|(n, _)| Reading { expected: 15.0, measured: f64::from(*n) }))
        }),
        ("time tag of 10 min", "ms", 20.0, 0.001, |a, _| Reading {
            expected: 600e3,
            measured: (whole(&a.aggregates.ten_minutes.intervals).0.0 - TICK_NS) as f64 / 1e6,
        }),
        // At the tick the interval in progress is finished while a new one starts: the two share at most one interval.
        ("overlap at the tick", "intervals", 1.0, 1.0, |a, hz| {
            let i = &a.intervals;
            let overlap = |k: &usize| (i.stop_sample[k - 1] - i.start_sample[*k]) * hz / RATE_HZ;
            let at = (1..i.flags.len()).filter(|k| i.flags[*k].contains(Flags::OVERLAP));
            Reading::worst(
                at.map(|k| Reading { expected: 0.0, measured: overlap(&k) / a.config.cycles() as f64 }),
            )
        }),
    ];
    let mut all = Vec::new();
    for hz in [slow, fast] {
        for (what, unit, limit, ours, count) in checks {
            all.push(Row {
                quantity: "aggregation",
                source: "IEC 62586-2, aggregation",
                point: format!("{what}, mains at {hz} Hz, {} V {} Hz", mains.udin_v, mains.hz),
                unit,
                limit,
                ours,
                measure: Box::new(move || Ok(count(&analyze(mains, hz, TO_TICK_S + 630.0, |_| 1.0)?, hz))),
            });
        }
    }
    all
}

/// Time tag and number of basic intervals of the first complete interval.
fn whole(i: &Intervals) -> (Timestamp, u32) {
    let k = i.flags.iter().position(|f| !f.contains(Flags::INCOMPLETE));
    k.map_or((Timestamp(0), 0), |k| (i.stamp[k], i.basics[k]))
}

type Pick = fn(&Analysis) -> &Intervals;

fn flagging(mains: Mains) -> impl Iterator<Item = Row> {
    let levels: [(&str, Pick); 4] = [
        ("basic", |a| &a.intervals),
        ("150/180-cycle", |a| &a.aggregates.cycles_150.intervals),
        ("10-min", |a| &a.aggregates.ten_minutes.intervals),
        ("2-h", |a| &a.aggregates.two_hours.intervals),
    ];
    levels.into_iter().map(move |(name, pick)| Row {
        quantity: "flagging",
        source: "IEC 62586-2, flagging",
        point: format!("{name} intervals with a dip, {} V {} Hz", mains.udin_v, mains.hz),
        unit: "intervals",
        limit: 0.0,
        ours: 0.0,
        measure: Box::new(move || {
            // In the middle of an interval that begins at the tick: 41.5 intervals later, in the third 150/180 cycles.
            let at = TO_TICK_S + 41.5 * a_basic_s(mains);
            let dip = |t: f64| if (at..at + 1.5 / mains.hz).contains(&t) { 0.5 } else { 1.0 };
            let a = analyze(mains, mains.hz, TO_TICK_S + 60.0, dip)?;
            let flagged = pick(&a).flags.iter().filter(|f| f.contains(Flags::EVENT)).count();
            Ok(Reading { expected: 1.0, measured: flagged as f64 })
        }),
    })
}

fn a_basic_s(mains: Mains) -> f64 {
    mains.config().cycles() as f64 / mains.hz
}

/// Level before the dip of the sliding-reference rows, in parts of Udin.
const BEFORE: f64 = 0.94;

/// A minute at 94 % of Udin, then a short change: measured against the reference that has slid towards the level meanwhile.
fn sliding_reference(mains: Mains) -> Vec<Row> {
    const AT_S: f64 = 60.0;
    let run = move |level: f64| {
        let change = move |t: f64| if (AT_S..AT_S + 0.4).contains(&t) { level } else { BEFORE };
        let wave = move |t: f64| SQRT_2 * mains.udin_v * change(t) * (2.0 * PI * mains.hz * t).sin();
        let config = Config { sliding_reference: true, ..mains.config() };
        offline::analyze(&capture(RATE_HZ, AT_S + 2.0, Timestamp(0), &[&wave])?, &config, 1)
    };
    // Usr(n) = 0.9967·Usr(n−1) + 0.0033·U from Udin, in parts of Udin: a geometric approach, one step an interval.
    let intervals = (AT_S / a_basic_s(mains)).floor() as i32;
    let reference = BEFORE + (1.0 - BEFORE) * 0.9967f64.powi(intervals);
    let row = |what: String, unit, limit, ours, measure| Row {
        quantity: "sliding reference",
        source: "IEC 61000-4-30:2015, 5.4.4, sliding reference",
        point: format!("{what}, {} V {} Hz", mains.udin_v, mains.hz),
        unit,
        limit,
        ours,
        measure,
    };
    let mut all = Vec::new();
    for (name, level, kind) in
        [("dip", 0.75, EventKind::Dip), ("dip", 0.40, EventKind::Dip), ("swell", 1.2, EventKind::Swell)]
    {
        let what = format!("{name} to {} % Udin after a minute at {} %", 100.0 * level, 100.0 * BEFORE);
        all.push(row(
            what,
            "% of the reference",
            0.2,
            0.02,
            Box::new(move || {
                let a = run(level)?;
                let found = a.events.iter().filter(|e| e.kind == kind);
                let reading = |e: &Event| Reading {
                    expected: 100.0 * level / reference,
                    measured: 100.0 * e.magnitude_pu,
                };
                Ok(Reading::worst(found.map(reading)))
            }),
        ));
    }
    // Below 90 % of Udin, but not of what the voltage was.
    let what = format!("dip to 88 % Udin after a minute at {} % is none", 100.0 * BEFORE);
    all.push(row(
        what,
        "events",
        0.0,
        0.0,
        Box::new(move || {
            let found = run(0.88)?.events.len();
            Ok(Reading { expected: 0.0, measured: found as f64 })
        }),
    ));
    all
}

/// Active and reactive energy over 10 min across a tick, where intervals overlap: every sample counts once.
fn energy(mains: Mains) -> impl Iterator<Item = Row> {
    [-0.1, 0.02].into_iter().map(move |offset_hz| {
        let hz = mains.hz + offset_hz;
        Row {
            quantity: "energy",
            source: "IEEE 1459, energy over 10 min across a tick",
            point: format!("{hz} Hz, {} V {} Hz", mains.udin_v, mains.hz),
            unit: "parts",
            // The standard names no figure: that of the project.
            limit: 1e-6,
            ours: 1e-6,
            measure: Box::new(move || {
                let u = |t: f64| SQRT_2 * mains.udin_v * (2.0 * PI * hz * t).sin();
                let i = |t: f64| SQRT_2 * 10.0 * (2.0 * PI * hz * t - 0.5).sin();
                let none = |_: f64| 0.0;
                let start = Timestamp(TICK_NS - (TO_TICK_S * 1e9) as i64);
                let waves: [&dyn Fn(f64) -> f64; 4] = [&u, &none, &none, &i];
                let capture = capture(RATE_HZ, TO_TICK_S + 600.0, start, &waves)?;
                let capture = capture.select(|c| c.name == "Ua" || c.name == "Ia");
                let a = offline::analyze(&capture, &mains.config(), 1)?;
                let n = a.intervals.start_sample.len();
                let counted_s = if n == 0 {
                    f64::NAN
                } else {
                    (a.intervals.stop_sample[n - 1] - a.intervals.start_sample[0]) / RATE_HZ
                };
                let true_wh = mains.udin_v * 10.0 * 0.5f64.cos() * counted_s / 3600.0;
                let measured = a.energy.pairs.first().map_or(f64::NAN, |e| e.import_wh);
                Ok(Reading { expected: 1.0, measured: measured / true_wh })
            }),
        }
    })
}
