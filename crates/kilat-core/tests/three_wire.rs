//! Systems of three wires of which two voltages and two currents are recorded, against all six and against phasors.

mod signals;

use std::f64::consts::PI;

use kilat_core::engine::offline;
use kilat_core::{Analysis, Config, EventKind, Flags, Phase, Wiring};
use signals::{Harmonic, THIRD, UDIN_V, analyze, capture, streamed, within};

const RATE_HZ: f64 = 10_000.0;
const SECONDS: f64 = 0.9;

fn tones(parts: &[(usize, f64, f64)]) -> Vec<f64> {
    let mut all = Harmonic::sine(50.0, 0.0, 0.0);
    for &(h, rms, angle) in parts {
        all.rms[h] = rms;
        all.phase_rad[h] = angle - PI / 2.0;
    }
    all.samples(RATE_HZ, SECONDS)
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn negative(a: &[f64]) -> Vec<f64> {
    a.iter().map(|a| -a).collect()
}

/// Unbalanced, distorted line voltages against a star point, and currents whose sum is zero.
fn network() -> ([Vec<f64>; 3], [Vec<f64>; 3]) {
    let u = [
        tones(&[(1, 133.0, 0.0), (5, 4.0, 0.3)]),
        tones(&[(1, 128.0, -THIRD - 0.02), (5, 4.0, THIRD)]),
        tones(&[(1, 137.0, THIRD), (5, 3.0, -THIRD)]),
    ];
    let a = tones(&[(1, 40.0, -0.5), (5, 6.0, 1.0)]);
    let c = tones(&[(1, 25.0, THIRD - 0.9), (5, 5.0, -1.0)]);
    let b = a.iter().zip(&c).map(|(a, c)| -a - c).collect();
    (u, [a, b, c])
}

/// Mean of u·i over whole cycles from the beginning, and its sum over the lines.
fn slow_power(u: &[Vec<f64>; 3], i: &[Vec<f64>; 3]) -> f64 {
    let n = (RATE_HZ / 50.0) as usize * 10;
    (0..3).map(|k| (0..n).map(|t| u[k][t] * i[k][t]).sum::<f64>()).sum::<f64>() / n as f64
}

#[track_caller]
fn alike(a: &Analysis, all: &Analysis, case: &str) {
    assert_eq!(a.wiring, Wiring::Delta, "{case}");
    for ((name, got), (_, want)) in a.system_power.columns().into_iter().zip(all.system_power.columns()) {
        assert_eq!(got.len(), want.len(), "{case}: {name}");
        // Some are differences of nearly equal squares.
        for (g, w) in got.iter().zip(want) {
            assert!(
                (g - w).abs() <= 1e-4 * w.abs() + 1e-5 || g.is_nan() && w.is_nan(),
                "{case}: {name}: {g} {w}"
            );
        }
    }
    for (got, want) in
        [(&a.unbalance.u2_pct, &all.unbalance.u2_pct), (&a.unbalance.i2_pct, &all.unbalance.i2_pct)]
    {
        assert!(!got.is_empty() && got.len() == want.len(), "{case}");
        got.iter().zip(want).for_each(|(g, w)| within(*g, *w, 1e-4, || case.into()));
    }
}

#[test]
fn two_voltages_and_two_currents_make_a_three_wire_system() {
    let (u, i) = network();
    let pair = |k: usize| minus(&u[k], &u[(k + 1) % 3]);
    let turned = |k: usize| negative(&pair(k));
    let line = |k: usize| i[k].clone();
    let all = vec![
        ("Uab", pair(0)),
        ("Ubc", pair(1)),
        ("Uca", pair(2)),
        ("Ia", line(0)),
        ("Ib", line(1)),
        ("Ic", line(2)),
    ];
    let all = analyze(&capture(RATE_HZ, None, all), 50.0);
    let true_w = slow_power(&u, &i);
    for (case, channels) in [
        ("AB, BC, A, C", vec![("Uab", pair(0)), ("Ubc", pair(1)), ("Ia", line(0)), ("Ic", line(2))]),
        ("AB, CB, A, C", vec![("Uab", pair(0)), ("Ucb", turned(1)), ("Ia", line(0)), ("Ic", line(2))]),
        ("AC, BC, A, B", vec![("Uac", turned(2)), ("Ubc", pair(1)), ("Ia", line(0)), ("Ib", line(1))]),
        ("CA, AB, B, C", vec![("Ib", line(1)), ("Uca", pair(2)), ("Uab", pair(0)), ("Ic", line(2))]),
        (
            "two voltages, three currents",
            vec![("Uab", pair(0)), ("Ubc", pair(1)), ("Ia", line(0)), ("Ib", line(1)), ("Ic", line(2))],
        ),
        (
            "three voltages, two currents",
            vec![("Uab", pair(0)), ("Ubc", pair(1)), ("Uca", pair(2)), ("Ia", line(0)), ("Ic", line(2))],
        ),
    ] {
        let a = analyze(&capture(RATE_HZ, None, channels), 50.0);
        alike(&a, &all, case);
        for p_w in &a.system_power.p_w {
            within(*p_w, true_w, 1e-6 * true_w, || format!("{case}: P"));
        }
        let counted = a.energy.system.unwrap();
        within(counted.net_wh(), true_w * counted.counted_s / 3600.0, 2e-4 * counted.net_wh(), || {
            case.into()
        });
    }
}

/// The formula of IEC 61000-4-30 for three line-line values, here of a fundamental alone.
#[test]
fn unbalance_is_that_of_three_line_line_values() {
    let u =
        [(133.0, 0.0), (120.0, -THIRD - 0.05), (139.0, THIRD)].map(|(rms, angle)| tones(&[(1, rms, angle)]));
    let pair = |k: usize| minus(&u[k], &u[(k + 1) % 3]);
    let n = (RATE_HZ / 50.0) as usize * 10;
    let square = |k: usize| pair(k)[..n].iter().map(|v| v * v).sum::<f64>() / n as f64;
    let squares = [square(0), square(1), square(2)];
    let beta = squares.iter().map(|s| s * s).sum::<f64>() / squares.iter().sum::<f64>().powi(2);
    let root = (3.0 - 6.0 * beta).sqrt();
    let u2_pct = 100.0 * ((1.0 - root) / (1.0 + root)).sqrt();
    let a = analyze(&capture(RATE_HZ, None, vec![("Uab", pair(0)), ("Ubc", pair(1))]), 50.0);
    assert!(u2_pct > 2.0 && !a.unbalance.u2_pct.is_empty());
    a.unbalance.u2_pct.iter().for_each(|u2| within(*u2, u2_pct, 1e-3, || "u2".into()));
}

#[test]
fn events_are_found_on_the_voltage_that_is_not_recorded() {
    // Phase A falls, so that AB and CA dip and BC does not.
    let wave = |k: usize, t: f64| {
        let depth = if k == 0 && (0.4..0.6).contains(&t) { 0.2 } else { 1.0 };
        signals::mains(50.0, k, t) * depth / 3f64.sqrt()
    };
    let mut u = signals::three(RATE_HZ, 1.0, wave);
    u[2][8_000] = f64::NAN;
    let recorded = capture(RATE_HZ, None, vec![("Ubc", minus(&u[1], &u[2])), ("Uca", minus(&u[2], &u[0]))]);
    let config = Config::class_a(UDIN_V, 50.0);
    let a = offline::analyze(&recorded, &config, 1).unwrap();
    let derived = a.channels.iter().position(|c| c.name == "UAB (derived)").unwrap();
    assert_eq!((a.channels[derived].phase, a.channels[derived].index), (Some(Phase::AB), 2));
    let dips: Vec<_> = a.events.iter().filter(|e| e.kind == EventKind::Dip).collect();
    assert!(dips.iter().any(|e| e.channels == [derived]), "{dips:?}");
    let missing = (0..a.half_cycles[derived].flags.len())
        .filter(|k| a.half_cycles[derived].flags[*k].contains(Flags::MISSING))
        .count();
    assert!((1..=4).contains(&missing), "{missing}");
    let said: Vec<_> = a.warnings.iter().map(ToString::to_string).collect();
    let want =
        "channel `UAB (derived)`: not recorded but - Ubc - Uca, taking the system for one of three wires";
    assert!(said.iter().any(|w| w == want), "{said:?}");
    let live = streamed(&recorded, &config, || 333);
    assert_eq!(live.events, a.events);
    assert_eq!(live.intervals, a.intervals);
}
