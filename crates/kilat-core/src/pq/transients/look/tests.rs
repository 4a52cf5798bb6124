use std::f64::consts::TAU;

use super::*;
use crate::dsp::repetition::cubic_delay;
use crate::engine::history::History;

const FS: f64 = 10_000.0;
const PERIOD: f64 = 199.7;
/// The half cycle that is looked at.
const NOW: Range<u64> = 1200..1300;
/// Standard deviation of the noise.
const SIGMA: f64 = 1.0;

/// Normal noise, by the sum of twelve uniform values of a plain generator.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut unit = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    move || SIGMA * ((0..12).map(|_| unit()).sum::<f64>() - 6.0)
}

/// What is found in mains with noise and `more` at each sample.
fn found(seed: u64, more: impl Fn(f64) -> f64) -> Option<Found> {
    let mut noise = noise(seed);
    let mut raw = History::starting_at(0);
    for (n, y) in raw.grow(1600).iter_mut().enumerate() {
        let angle = TAU * n as f64 / PERIOD;
        *y = (300.0 * (angle.sin() + 0.03 * (5.0 * angle).sin()) + noise() + more(n as f64)) as f32;
    }
    let (whole, weights) = cubic_delay(PERIOD);
    // The largest of a hundred differences is some 3.8 standard deviations.
    look(raw.view(), (NOW.start, NOW.end), (whole, weights.map(|w| w as f32)), 3.8, (FS, 100.0))
}

fn ringing(hz: f64, height: f64) -> impl Fn(f64) -> f64 {
    move |n| {
        let t = (n - 1230.0).max(0.0) / FS;
        height * (-t * hz / 5.0).exp() * (TAU * hz * t).sin()
    }
}

#[test]
fn noise_is_nothing() {
    let found: Vec<u64> = (0..300).filter(|seed| found(*seed, |_| 0.0).is_some()).collect();
    assert_eq!(found, []);
}

#[test]
fn a_ringing_and_a_pulse_are_found_where_they_are() {
    for seed in 0..30 {
        for (hz, height) in [(300.0, 6.0), (1200.0, 6.0), (2500.0, 7.0)] {
            let f = found(seed, ringing(hz, height)).unwrap_or_else(|| panic!("{hz} Hz, seed {seed}"));
            assert!(f.samples.start >= NOW.start && f.samples.start < 1260, "{hz} Hz, seed {seed}: {f:?}");
            assert!(f.samples.end > 1235 && f.samples.end <= NOW.end, "{hz} Hz, seed {seed}: {f:?}");
        }
        let pulse = |n: f64| if n < 1250.0 { 0.0 } else { 14.0 * (-(n - 1250.0) / 1.5).exp() };
        let f = found(seed, pulse).unwrap_or_else(|| panic!("pulse, seed {seed}"));
        assert!(f.samples.contains(&1250) && f.peak > 8.0 && f.peak < 20.0, "pulse, seed {seed}: {f:?}");
    }
}

#[test]
fn a_step_leaves_next_to_no_departure_and_the_echo_of_a_pulse_nothing() {
    for seed in 0..30 {
        let step = found(seed, |n| if n < 1250.0 { 0.0 } else { 60.0 });
        assert!(step.as_ref().is_none_or(|f| f.peak < 8.0), "step, seed {seed}: {step:?}");
        let echo = |n: f64| if (1040.0..1042.0).contains(&n) { 60.0 } else { 0.0 };
        assert_eq!(found(seed, echo), None, "echo, seed {seed}");
    }
}

#[test]
fn harmonics_that_begin_to_waver_are_nothing() {
    for seed in 0..30 {
        // Of 15 V, by half, thrice a second: at rest until a cycle before.
        let wavers = |n: f64| {
            let depth = 0.5 * (1.0 - (TAU * 3.0 * (n - 1000.0).max(0.0) / FS).cos());
            15.0 * depth * (5.0 * TAU * n / PERIOD).sin()
        };
        assert_eq!(found(seed, wavers), None, "seed {seed}");
    }
}

#[test]
fn without_the_cycles_before_nothing_is_said() {
    let mut raw = History::starting_at(700);
    raw.grow(900).fill(1.0);
    let (whole, weights) = cubic_delay(PERIOD);
    let w = weights.map(|w| w as f32);
    assert_eq!(look(raw.view(), (NOW.start, NOW.end), (whole, w), 1.0, (FS, 100.0)), None);
}
