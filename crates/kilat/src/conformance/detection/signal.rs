//! Mains with noise and harmonics, in parts of the nominal peak, and disturbances in them.

use std::f64::consts::{PI, TAU};

use super::super::causes::Random;
use super::{Condition, Kind, MAINS_HZ};

/// Order and level of the harmonics: a THD of 8 %.
const HARMONICS: [(i32, f64); 7] =
    [(3, 0.03), (5, 0.05), (7, 0.04), (11, 0.025), (13, 0.02), (17, 0.012), (23, 0.008)];
/// Part of its level by which an unsteady harmonic wavers.
const WAVERS: f64 = 0.5;
/// How often it does, in hertz.
const WAVER_HZ: (f64, f64) = (0.3, 3.0);
/// Largest distance of the mains from their nominal frequency, in hertz.
const OFF_HZ: f64 = 0.2;
/// Notches: in each half cycle one of this width, in radians of the fundamental.
const NOTCH_RAD: f64 = 0.03 * TAU;

/// A stretch of mains.
pub struct Mains {
    /// Its samples.
    pub x: Vec<f64>,
    /// Samples of a cycle.
    pub period: f64,
    /// Angle of the fundamental at sample 0.
    phase: f64,
    rate_hz: f64,
}

fn between(random: &mut Random, (low, high): (f64, f64)) -> f64 {
    low + (high - low) * random.unit()
}

impl Mains {
    /// Of `n` samples, undisturbed.
    pub fn new(rate_hz: f64, n: usize, condition: Condition, random: &mut Random) -> Self {
        let period = rate_hz / (MAINS_HZ + between(random, (-OFF_HZ, OFF_HZ)));
        let phase = TAU * random.unit();
        let angles = HARMONICS.map(|_| TAU * random.unit());
        let wavers = HARMONICS.map(|_| (TAU * random.unit(), TAU * between(random, WAVER_HZ) / rate_hz));
        let depth = if condition.unsteady { WAVERS } else { 0.0 };
        let sigma = 0.5f64.sqrt() * 10f64.powf(-condition.snr_db / 20.0);
        let mut noise = Noise { random, second: None };
        let mut fundamental = Turning::new(phase, TAU / period);
        let mut harmonics = [0; HARMONICS.len()].map(|_| (Turning::new(0.0, 0.0), Turning::new(0.0, 0.0)));
        for ((h, &(order, _)), (shift, (start, step))) in
            harmonics.iter_mut().zip(&HARMONICS).zip(angles.into_iter().zip(wavers))
        {
            let order = f64::from(order);
            *h = (Turning::new(order * phase + shift, order * TAU / period), Turning::new(start, step));
        }
        let x = (0..n)
            .map(|_| {
                let wave = harmonics
                    .iter_mut()
                    .zip(&HARMONICS)
                    .fold(fundamental.next(), |sum, ((h, w), (_, level))| {
                        sum + level * (1.0 + depth * w.next()) * h.next()
                    });
                wave + sigma * noise.next()
            })
            .collect();
        Self { x, period, phase, rate_hz }
    }

    /// Puts a disturbance of this size at sample `at`; gives back how many samples it lasts.
    pub fn disturb(&mut self, kind: Kind, size: f64, at: usize, random: &mut Random) -> usize {
        let sign = if random.unit() < 0.5 { -1.0 } else { 1.0 };
        let length = (kind.length_s() * self.rate_hz).round() as usize;
        let first_angle = between(random, (0.2 * PI, 0.7 * PI));
        // The moment between two samples.
        let late = random.unit();
        for (i, x) in self.x.iter_mut().enumerate().skip(at).take(length) {
            let t = ((i - at) as f64 + late) / self.rate_hz;
            match kind {
                // Rises in 10 µs and falls in 150 µs: as lines leave a surge.
                Kind::Impulse => *x += sign * 1.3 * size * ((-t / 150e-6).exp() - (-t / 10e-6).exp()),
                Kind::Ringing(hz) => *x += sign * size * (-t * hz / 5.0).exp() * (TAU * hz * t).sin(),
                Kind::Notching => {
                    let angle = TAU * i as f64 / self.period + self.phase;
                    if (angle - first_angle).rem_euclid(PI) < NOTCH_RAD {
                        *x -= size * (angle - NOTCH_RAD / 2.0).sin().signum();
                    }
                }
                Kind::Dip(_) => *x *= 1.0 - size,
            }
        }
        length
    }
}

/// The sine of an angle that grows by the same step each time: a vector that is turned.
struct Turning {
    sin: f64,
    cos: f64,
    step: (f64, f64),
}

impl Turning {
    fn new(angle: f64, step: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { sin, cos, step: step.sin_cos() }
    }

    fn next(&mut self) -> f64 {
        let now = self.sin;
        let (s, c) = self.step;
        (self.sin, self.cos) = (self.sin * c + self.cos * s, self.cos * c - self.sin * s);
        now
    }
}

/// Normal noise of unit variance, two values at a time (Box and Muller).
struct Noise<'a> {
    random: &'a mut Random,
    second: Option<f64>,
}

impl Noise<'_> {
    fn next(&mut self) -> f64 {
        if let Some(v) = self.second.take() {
            return v;
        }
        let radius = (-2.0 * (1.0 - self.random.unit()).ln()).sqrt();
        let (sin, cos) = (TAU * self.random.unit()).sin_cos();
        self.second = Some(radius * sin);
        radius * cos
    }
}
