//! Every row of the flickermeter's test tables (IEC 61000-4-15:2010), and the further tests of class F1.
//!
//! The standard allows 8 % of Pinst and 5 % of Pst. Signals last as long as the slowest row of their kind needs: the
//! meter starts settled.

#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

#[path = "../signals/mod.rs"]
mod signals;
mod tables;

use std::f64::consts::{PI, SQRT_2};

use kilat_core::Lamp::{self, V120, V230};
use kilat_core::engine::history::History;
use kilat_core::engine::offline;
use kilat_core::pq::flicker::{Classifier, FlickerMeter, FlickerPlan};
use kilat_core::simd::Level;
use kilat_core::{Config, Flags, Timestamp};
use rayon::prelude::*;
use signals::{UDIN_V, capture, mains, sampled};
use tables::{COLUMNS, RECTANGULAR, Row, SHORT_TERM, SINUSOIDAL};

const RATE_HZ: f64 = 10_000.0;

/// Largest Pinst, and Pst, of `wave` (in parts of Udin, of seconds) between two moments.
fn measure(
    rate_hz: f64,
    lamp: Lamp,
    mains_hz: f64,
    from_to_s: (f64, f64),
    mut wave: impl FnMut(f64) -> f64,
) -> (f64, f64) {
    let plan = FlickerPlan::new(rate_hz, mains_hz, lamp).unwrap();
    let mut meter = FlickerMeter::new(&plan, 0, 0.01);
    let mut stream = History::starting_at(0);
    let (mut most, mut statistics) = (0.0f32, Classifier::default());
    let end = (from_to_s.1 * rate_hz) as u64 + plan.lag();
    while stream.end() < end {
        let at = stream.end();
        for (i, x) in stream.grow(8192).iter_mut().enumerate() {
            *x = (100.0 * wave((at + i as u64) as f64 / rate_hz)) as f32;
        }
        meter.push(&plan, Level::chosen(), &stream);
        stream.discard_before(stream.end());
        while let Some(p) = meter.next_until(from_to_s.1 * rate_hz - 1.0) {
            if p.at as f64 >= from_to_s.0 * rate_hz {
                most = most.max(p.value);
                statistics.add(p.value);
            }
        }
    }
    (f64::from(most), statistics.pst().unwrap())
}

fn carrier(f_hz: f64, t: f64) -> f64 {
    SQRT_2 * (2.0 * PI * f_hz * t).sin()
}

/// −1 or 1, rising through zero at t = 0.
fn square_wave(f_hz: f64, t: f64) -> f64 {
    if (f_hz * t + 1e-12).rem_euclid(1.0) < 0.5 { 1.0 } else { -1.0 }
}

/// Tries every row of a table and fails with the rows that leave the tolerance.
#[track_caller]
fn check_rows(table: &[Row], tolerance: f64, measured: impl Fn(f64, f64, Lamp, f64) -> f64 + Sync) {
    let rows = table.iter().flat_map(|&(f, d)| {
        COLUMNS
            .into_iter()
            .zip(d)
            .filter(|(_, d)| !d.is_nan())
            .map(move |((lamp, mains), d)| (f, d / 100.0, lamp, mains))
    });
    let rows: Vec<_> = rows.collect();
    let got: Vec<f64> = rows.par_iter().map(|&(f, d, lamp, mains)| measured(f, d, lamp, mains)).collect();
    let wrong: Vec<String> = rows
        .iter()
        .zip(&got)
        .filter(|(_, got)| got.is_nan() || (*got - 1.0).abs() > tolerance)
        .map(|((f, d, lamp, mains), got)| {
            format!("{lamp:?} {mains} Hz, row {f}, {:.3} %: {got:.4}", 100.0 * d)
        })
        .collect();
    assert!(wrong.is_empty(), "not within {tolerance} of 1:\n{}", wrong.join("\n"));
}

/// When a row repeats itself twice, and the level it began with is forgotten: a slow one makes that level wrong by more.
fn window_s(f: f64) -> (f64, f64) {
    match f {
        ..2.0 => (60.0, 64.0),
        ..5.0 => (14.0, 18.0),
        _ => (8.0, 10.0),
    }
}

fn largest_sinusoidal(rate_hz: f64, f: f64, d: f64, lamp: Lamp, mains: f64) -> f64 {
    let wave = |t: f64| carrier(mains, t) * (1.0 + 0.5 * d * (2.0 * PI * f * t).sin());
    measure(rate_hz, lamp, mains, window_s(f), wave).0
}

fn largest_rectangular(rate_hz: f64, f: f64, d: f64, lamp: Lamp, mains: f64) -> f64 {
    measure(rate_hz, lamp, mains, window_s(f), |t| carrier(mains, t) * (1.0 + 0.5 * d * square_wave(f, t))).0
}

/// Pst of rectangular changes, the first one five seconds after the ten minutes begin.
fn short_term(rate_hz: f64, changes_per_min: f64, d: f64, lamp: Lamp, mains: f64) -> f64 {
    let settling = 60.0;
    let wave = |t: f64| {
        carrier(mains, t) * (1.0 + 0.5 * d * square_wave(changes_per_min / 120.0, t - settling - 5.0))
    };
    measure(rate_hz, lamp, mains, (settling, settling + 600.0), wave).1
}

#[test]
fn sinusoidal_modulation() {
    check_rows(&SINUSOIDAL, 0.01, |f, d, lamp, mains| largest_sinusoidal(RATE_HZ, f, d, lamp, mains));
}

#[test]
fn rectangular_modulation() {
    check_rows(&RECTANGULAR, 0.01, |f, d, lamp, mains| largest_rectangular(RATE_HZ, f, d, lamp, mains));
}

#[test]
fn short_term_severity() {
    check_rows(&SHORT_TERM, 0.005, |c, d, lamp, mains| short_term(RATE_HZ, c, d, lamp, mains));
}

/// Three rows of each table at the rates of fast recorders.
#[test]
fn rows_at_other_rates() {
    for rate_hz in [12_800.0, 50_000.0, 250_000.0] {
        let every = |table: &[Row], n: usize| table.iter().step_by(n).copied().collect::<Vec<_>>();
        check_rows(&every(&SINUSOIDAL[4..], 15), 0.01, |f, d, lamp, mains| {
            largest_sinusoidal(rate_hz, f, d, lamp, mains)
        });
        check_rows(&every(&RECTANGULAR[4..], 17), 0.01, |f, d, lamp, mains| {
            largest_rectangular(rate_hz, f, d, lamp, mains)
        });
    }
    check_rows(&SHORT_TERM[4..5], 0.005, |c, d, lamp, mains| short_term(12_800.0, c, d, lamp, mains));
}

/// Slow recorders: at 1 kHz the fastest rows lose up to 2 %.
#[test]
fn rows_at_slow_rates() {
    for (rate_hz, tolerance) in [(1000.0, 0.02), (3200.0, 0.01)] {
        check_rows(&SINUSOIDAL[4..], tolerance, |f, d, lamp, mains| {
            largest_sinusoidal(rate_hz, f, d, lamp, mains)
        });
    }
}

#[test]
fn severity_is_proportional_to_the_change() {
    for k in [0.2, 1.0, 5.0, 10.0] {
        let pst = short_term(RATE_HZ, 39.0, k * 0.00894, V230, 50.0);
        assert!((pst / k - 1.0).abs() < 0.005, "{k} times the change: Pst {pst}");
    }
}

/// Every four seconds, at a rising zero crossing, from one frequency and voltage to another.
#[test]
fn combined_changes_of_frequency_and_voltage() {
    for (lamp, mains) in COLUMNS {
        let lower = if lamp == V230 { 228.812 / 230.0 } else { 119.266 / 120.0 };
        let wave = |t: f64| {
            let odd = (t / 4.0) as u64 % 2 == 1;
            // Whole cycles fit into four seconds of either frequency.
            let (f, u) = if odd { (mains + 0.25, lower) } else { (mains - 0.25, 1.0) };
            u * carrier(f, t % 4.0)
        };
        let got = measure(RATE_HZ, lamp, mains, (32.0, 64.0), wave).0;
        assert!((got - 1.0).abs() < 0.02, "{lamp:?} {mains} Hz: {got}");
    }
}

#[test]
fn distorted_voltage_with_many_zero_crossings() {
    let harmonics = [
        (3.0, 5.0),
        (5.0, 6.0),
        (7.0, 5.0),
        (9.0, 1.5),
        (11.0, 3.5),
        (13.0, 3.0),
        (17.0, 2.0),
        (19.0, 1.76),
        (23.0, 1.41),
        (25.0, 1.27),
        (29.0, 1.06),
        (31.0, 0.97),
    ];
    for (lamp, mains) in COLUMNS {
        let d = if lamp == V230 { 0.0025 } else { 0.00321 };
        let wave = |t: f64| {
            let distorted = harmonics
                .iter()
                .fold(carrier(mains, t), |u, (n, pct)| u - pct / 100.0 * carrier(n * mains, t));
            distorted * (1.0 + 0.5 * d * (2.0 * PI * 8.8 * t).sin())
        };
        let got = measure(RATE_HZ, lamp, mains, (14.0, 18.0), wave).0;
        assert!((got - 1.0).abs() < 0.01, "{lamp:?} {mains} Hz: {got}");
    }
}

#[test]
fn harmonics_with_a_side_band() {
    for (lamp, mains) in COLUMNS {
        let part = if lamp == V230 { 0.03611 } else { 0.04126 };
        for n in [3.0, 7.0, 9.0, 20.0] {
            let wave =
                |t: f64| carrier(mains, t) + part * (carrier(n * mains, t) + carrier(n * mains - 10.0, t));
            let got = measure(RATE_HZ, lamp, mains, (14.0, 18.0), wave).0;
            assert!((got - 1.0).abs() < 0.01, "{lamp:?} {mains} Hz, order {n}: {got}");
        }
    }
}

/// At the first rising zero crossing, of the wave after the jump, 1, 3, 5, 7 and 9 minutes after the start.
#[test]
fn phase_jumps() {
    let jumps = [
        (V230, 50.0, 30.0, 0.913),
        (V230, 50.0, -30.0, 0.913),
        (V230, 50.0, 45.0, 1.060),
        (V230, 50.0, -45.0, 1.060),
        (V120, 60.0, 30.0, 0.587),
        (V120, 60.0, -30.0, 0.587),
        (V120, 60.0, 45.0, 0.681),
        (V120, 60.0, -45.0, 0.681),
    ];
    jumps.into_par_iter().for_each(|(lamp, mains, degrees, want)| {
        let settling = 60.0;
        let at = |k: f64, turns: f64| ((settling + 60.0 * k) * mains + turns).ceil() / mains - turns / mains;
        let moments: Vec<f64> =
            (1..=5).map(|j| at(2.0 * f64::from(j) - 1.0, degrees / 360.0 * f64::from(j))).collect();
        let wave = |t: f64| {
            let turns = degrees / 360.0 * moments.iter().filter(|m| t >= **m - 1e-9).count() as f64;
            carrier(mains, t + turns / mains)
        };
        let got = measure(RATE_HZ, lamp, mains, (settling, settling + 600.0), wave).1;
        assert!((got / want - 1.0).abs() < 0.05, "{lamp:?} {mains} Hz, {degrees} degrees: {got}");
    });
}

/// From the samples of a recorder to the tables of an analysis.
#[test]
fn an_analysis_rates_flicker() {
    for rate_hz in [3200.0, 10_000.0, 50_000.0] {
        for (lamp, want) in [(None, 1.0), (Some(V120), (0.250f64 / 0.321).powi(2))] {
            let wave =
                sampled(rate_hz, 18.0, |t| mains(50.0, 0, t) * (1.0 + 0.00125 * (2.0 * PI * 8.8 * t).sin()));
            let capture = capture(rate_hz, None, vec![("Ua", wave.clone()), ("Ia", wave)]);
            let config = Config { lamp, ..Config::class_a(UDIN_V, 50.0) };
            let a = offline::analyze(&capture, &config, 1).unwrap();
            let p = &a.flicker[0].p_inst;
            let late = p.sample.iter().zip(&p.p_inst).filter(|(s, _)| **s > 14.0 * rate_hz);
            let most = f64::from(late.fold(0.0f32, |m, (_, p)| m.max(*p)));
            assert!((most / want - 1.0).abs() < 0.01, "{rate_hz} Hz, {lamp:?}: {most}, not {want}");
            assert!(p.flags.iter().all(|f| *f == Flags::UNSETTLED) && a.flicker[0].pst.severity.is_empty());
            assert!(a.flicker[1].p_inst.sample.is_empty(), "a current has no flicker");
            assert_eq!(a.config.lamp(), lamp.unwrap_or(V230));
        }
    }
}

#[test]
fn an_analysis_gives_pst_between_ticks() {
    let rate_hz = 1600.0;
    let changes = |t: f64| 1.0 + 0.5 * 0.00894 * square_wave(39.0 / 120.0, t);
    let wave = sampled(rate_hz, 1350.0, |t| {
        mains(50.0, 0, t) * changes(t) * if (800.0..800.2).contains(&t) { 0.5 } else { 1.0 }
    });
    // The first tick comes after 130 s.
    let start = Timestamp(3_600_000_000_000 + 470_000_000_000);
    let a = offline::analyze(
        &capture(rate_hz, Some(start), vec![("Ua", wave)]),
        &Config::class_a(UDIN_V, 50.0),
        1,
    )
    .unwrap();
    let pst = &a.flicker[0].pst;
    assert_eq!(pst.start_sample, [130.0 * rate_hz, 730.0 * rate_hz]);
    assert_eq!(pst.stop_sample, [730.0 * rate_hz, 1330.0 * rate_hz]);
    assert_eq!(pst.flags, [Flags::empty(), Flags::EVENT]);
    assert!((pst.severity[0] - 1.0).abs() < 0.01 && pst.severity[1] > 5.0, "{:?}", pst.severity);
}
