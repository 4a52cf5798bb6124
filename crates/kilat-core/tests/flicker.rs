//! Flicker from the samples of slow recorders, and the tables of an analysis. The standard's own rows are in the conformance
//! suite.

#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

mod signals;

use std::f64::consts::{PI, SQRT_2};

use kilat_core::Lamp::{self, V120, V230};
use kilat_core::engine::history::History;
use kilat_core::engine::offline;
use kilat_core::pq::flicker::tables::{COLUMNS, Row, SINUSOIDAL};
use kilat_core::pq::flicker::{FlickerMeter, FlickerPlan, run};
use kilat_core::simd::Level;
use kilat_core::{Config, Flags, Timestamp};
use rayon::prelude::*;
use signals::{UDIN_V, capture, mains, sampled};

/// Largest Pinst of `wave` (in parts of Udin, of seconds) between two moments.
fn measure(
    rate_hz: f64,
    lamp: Lamp,
    mains_hz: f64,
    from_to_s: (f64, f64),
    mut wave: impl FnMut(f64) -> f64,
) -> f64 {
    let plan = FlickerPlan::new(rate_hz, mains_hz, lamp).unwrap();
    let mut meter = FlickerMeter::new(&plan, 0, 0.01);
    let mut stream = History::starting_at(0);
    let mut most = 0.0f32;
    let end = (from_to_s.1 * rate_hz) as u64 + plan.lag();
    while stream.end() < end {
        let at = stream.end();
        for (i, x) in stream.grow(8192).iter_mut().enumerate() {
            *x = (100.0 * wave((at + i as u64) as f64 / rate_hz)) as f32;
        }
        meter.take(&plan, Level::chosen(), &stream);
        run(&plan, Level::chosen(), std::iter::once(&mut meter));
        stream.discard_before(stream.end());
        let counted = from_to_s.0 * rate_hz..=from_to_s.1 * rate_hz - 1.0;
        let values = meter.due.drain(..).filter(|p| counted.contains(&(p.at as f64)));
        most = values.fold(most, |most, p| most.max(p.value));
    }
    f64::from(most)
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
    measure(rate_hz, lamp, mains, window_s(f), wave)
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
            let late = p.sample.iter().zip(&p.p_inst).filter(|(s, _)| *s > 14.0 * rate_hz);
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
