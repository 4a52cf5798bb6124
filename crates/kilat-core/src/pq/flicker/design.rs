//! The filters of the flickermeter (IEC 61000-4-15:2010, blocks 1, 3 and 4).
//!
//! Weighting by lamp, eye and brain: H(s) = k·ω₁·s/(s² + 2λs + ω₁²) · (1 + s/ω₂)/((1 + s/ω₃)·(1 + s/ω₄)).

use std::f64::consts::PI;

use crate::config::Lamp;
use crate::dsp::decimate::Decimator;
use crate::dsp::fir::Kernel;
use crate::dsp::iir::{Analogue, Section};

/// Slowest stream that can be measured: below, sums of harmonics fold into the band of the eye.
pub const LEAST_RATE_HZ: f64 = 1000.0;
/// Rate of the filters: at least this, so that the bilinear transform changes no row of the test tables by more than 0.5 %.
const RATE_HZ: f64 = 1500.0;
/// Rate of Pinst: at least this. It ripples by a part of a percent at twice the fluctuation's frequency.
pub const P_INST_RATE_HZ: f64 = 200.0;
/// What the decimation keeps untouched: beyond it the low-pass leaves nothing that matters.
const BAND_HZ: f64 = 60.0;
/// Stopband of the decimation: what folds onto the band is below 2e-5 of its harmonic, itself a few percent.
const ATTENUATION_DB: f64 = 95.0;
/// Corner of the high-pass.
const HIGH_PASS_HZ: f64 = 0.05;
/// Time constant of the low-pass behind the square.
const TAU_S: f64 = 0.3;
/// Time constant of the slow mean: 10 to 90 % of a step in one minute.
const SLOW_TAU_S: f64 = 27.3;
/// Seconds that the starting level is taken from, that the fading-in lasts, and after which values are settled.
const OPENING_S: f64 = 0.5;
const FADE_S: f64 = 1.0;
const SETTLING_S: f64 = 120.0;
/// Frequency of the row of the sinusoidal table that fixes the scale: there the change ΔU/U of the lamp gives Pinst = 1.
const SCALE_HZ: f64 = 8.8;

/// Constants of the weighting for one lamp: k, then λ, ω₁ to ω₄ over 2π in hertz; and ΔU/U at 8.8 Hz for Pinst = 1.
struct Weighting {
    k: f64,
    lambda: f64,
    w: [f64; 4],
    change: f64,
}

fn weighting_of(lamp: Lamp) -> Weighting {
    match lamp {
        Lamp::V230 => {
            Weighting { k: 1.74802, lambda: 4.05981, w: [9.15494, 2.27979, 1.22535, 21.9], change: 0.0025 }
        }
        Lamp::V120 => Weighting {
            k: 1.6357,
            lambda: 4.167_375,
            w: [9.077_169, 2.939_902, 1.394_468, 17.31512],
            change: 0.00321,
        },
    }
}

/// The flickermeter for one rate, mains frequency and lamp.
#[derive(Debug, Clone)]
pub struct FlickerPlan {
    pub(super) decimator: Decimator,
    /// Values of the filters per value of Pinst.
    pub(super) every: u64,
    pub(super) low_pass: [Section; 3],
    pub(super) high_pass: Section,
    pub(super) weighting: [Section; 2],
    pub(super) mean: Section,
    pub(super) gain: f64,
    /// Part of the distance to the r.m.s. that the slow mean goes with each value.
    pub(super) slow_mean: f64,
    /// Values of the filters that the starting level is taken from, that it is faded in over, and that settle.
    pub(super) opening: u64,
    pub(super) fade: u64,
    pub(super) settling: u64,
    lag: u64,
}

impl FlickerPlan {
    /// For a stream of `rate_hz`; `None` when that is below [`LEAST_RATE_HZ`]. The lamp is independent of the mains frequency.
    pub fn new(rate_hz: f64, nominal_frequency_hz: f64, lamp: Lamp) -> Option<Self> {
        if rate_hz < LEAST_RATE_HZ {
            return None;
        }
        let factor = (rate_hz / RATE_HZ).floor().max(1.0);
        let rate = rate_hz / factor;
        let taps = if factor > 1.0 {
            Kernel::low_pass(BAND_HZ / rate_hz, (rate - BAND_HZ) / rate_hz, ATTENUATION_DB).taps()
        } else {
            vec![1.0]
        };
        let decimator = Decimator::new(&taps, factor as u64);
        // The corner follows the mains, not the lamp.
        let corner_hz = if nominal_frequency_hz < 55.0 { 35.0 } else { 42.0 };
        let low_pass = Analogue::butterworth::<3>(corner_hz);
        let high_pass = Analogue::high_pass(HIGH_PASS_HZ);
        let mean = Analogue::low_pass(TAU_S);
        let lamp = weighting_of(lamp);
        let weighting = analogue_weighting(&lamp);
        let values = |seconds: f64| (seconds * rate).ceil() as u64;
        let opening = values(OPENING_S);
        let band = low_pass.iter().chain([&high_pass]).chain(&weighting);
        Some(Self {
            every: (rate / P_INST_RATE_HZ).floor() as u64,
            low_pass: low_pass.map(|a| a.discrete(rate, corner_hz)),
            high_pass: high_pass.discrete(rate, HIGH_PASS_HZ),
            weighting: weighting.map(|a| a.discrete(rate, SCALE_HZ)),
            mean: mean.discrete(rate, 1.0 / (2.0 * PI * TAU_S)),
            gain: gain(lamp.change * band.map(|a| a.gain(SCALE_HZ)).product::<f64>()),
            slow_mean: -(-1.0 / (SLOW_TAU_S * rate)).exp_m1(),
            opening,
            fade: values(FADE_S),
            settling: values(SETTLING_S),
            lag: opening * decimator.factor() + 2 * (decimator.half() + 16),
            decimator,
        })
    }

    /// Samples of the stream from one value of Pinst to the next; they lie at multiples of it.
    pub fn step(&self) -> u64 {
        self.decimator.factor() * self.every
    }

    /// Samples of the stream that are held at most besides those just taken.
    pub fn reach(&self) -> u64 {
        2 * (self.opening * self.decimator.factor() + self.decimator.half() + 32)
    }

    /// A value of Pinst is known at the latest when the stream has this many samples more.
    pub fn lag(&self) -> u64 {
        self.lag
    }
}

fn analogue_weighting(lamp: &Weighting) -> [Analogue; 2] {
    let [w1, w2, w3, w4] = lamp.w.map(|f| 2.0 * PI * f);
    let lambda = 2.0 * PI * lamp.lambda;
    let resonance =
        Analogue { numerator: [0.0, lamp.k * w1, 0.0], denominator: [w1 * w1, 2.0 * lambda, 1.0] };
    let slopes = Analogue {
        numerator: [1.0, 1.0 / w2, 0.0],
        denominator: [1.0, 1.0 / w3 + 1.0 / w4, 1.0 / (w3 * w4)],
    };
    [resonance, slopes]
}

/// Factor behind the square that makes the peak of Pinst one, when a sine of amplitude `a` at 8.8 Hz leaves the weighting.
///
/// Its square is a constant a²/2 and a sine of that amplitude at twice the frequency, which the low-pass reduces.
fn gain(a: f64) -> f64 {
    let ripple = Analogue::low_pass(TAU_S).gain(2.0 * SCALE_HZ);
    1.0 / (0.5 * a * a * (1.0 + ripple))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gain_is_the_published_one() {
        // Two public implementations, unit r.m.s.: 309 588 (230 V), 307 642 (120 V).
        for (lamp, want) in [(Lamp::V230, 309_588.0), (Lamp::V120, 307_642.0)] {
            for (rate, f0) in [(1600.0, 50.0), (12_800.0, 60.0)] {
                let got = FlickerPlan::new(rate, f0, lamp).unwrap().gain;
                assert!((got / want - 1.0).abs() < 2e-5, "{lamp:?} {rate}: {got}");
            }
        }
    }

    #[test]
    fn rates_are_as_promised() {
        for rate in [1000.0, 1499.0, 3200.0, 10_000.0, 12_500.0, 24_999.0] {
            let plan = FlickerPlan::new(rate, 50.0, Lamp::V230).unwrap();
            let filters = rate / plan.decimator.factor() as f64;
            assert!(filters >= rate.min(RATE_HZ) && filters < 2.0 * RATE_HZ, "{rate}: {filters}");
            let p_inst = rate / plan.step() as f64;
            assert!((P_INST_RATE_HZ..250.0).contains(&p_inst), "{rate}: {p_inst}");
        }
        assert!(FlickerPlan::new(999.0, 50.0, Lamp::V230).is_none());
    }
}
