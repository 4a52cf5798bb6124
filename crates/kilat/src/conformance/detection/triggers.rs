//! Single triggers of the literature, in their plain form: what a detector made of one of them would see.

use std::f64::consts::{PI, SQRT_2};

use super::MAINS_HZ;

/// A trigger: an alarm where its output is beyond its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Difference to the sample one nominal cycle before.
    FixedCycle,
    /// Difference to the wave one true cycle before, by cubic interpolation; it is told the frequency.
    TrackedCycle,
    /// First difference.
    First,
    /// Second difference.
    Second,
    /// Residual of a Butterworth high-pass of fourth order at 2 kHz.
    HighPass,
    /// Teager–Kaiser energy of that residual.
    TeagerKaiser,
    /// First detail of a Daubechies wavelet of eight taps.
    Wavelet,
}

/// All of them.
pub const TRIGGERS: [Trigger; 7] = [
    Trigger::FixedCycle,
    Trigger::TrackedCycle,
    Trigger::First,
    Trigger::Second,
    Trigger::HighPass,
    Trigger::TeagerKaiser,
    Trigger::Wavelet,
];

/// High-pass filter of Daubechies' wavelet with four vanishing moments.
const DB4: [f64; 8] = [
    -0.010_597_401_785,
    -0.032_883_011_667,
    0.030_841_381_836,
    0.187_034_811_719,
    -0.027_983_769_417,
    -0.630_880_767_930,
    0.714_846_570_553,
    -0.230_377_813_309,
];
/// Corner of the high-pass, in hertz.
const CORNER_HZ: f64 = 2000.0;
/// Q of the two sections of a Butterworth filter of fourth order.
const SECTIONS: [f64; 2] = [0.541_196_1, 1.306_563];

impl Trigger {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::FixedCycle => "cycle difference, fixed",
            Self::TrackedCycle => "cycle difference, tracked",
            Self::First => "first difference",
            Self::Second => "second difference",
            Self::HighPass => "high-pass 2 kHz",
            Self::TeagerKaiser => "Teager–Kaiser",
            Self::Wavelet => "wavelet db4, level 1",
        }
    }

    /// Its output at each sample of `x`, which has `period` samples in a cycle; nothing for the first two cycles.
    pub fn output(self, x: &[f64], rate_hz: f64, period: f64) -> Vec<f64> {
        let from = 2 * period.ceil() as usize;
        let mut out = vec![0.0; x.len()];
        let mut each = |f: &dyn Fn(usize) -> f64| {
            out.iter_mut().enumerate().skip(from).for_each(|(n, y)| *y = f(n).abs());
        };
        match self {
            Self::FixedCycle => {
                let cycle = (rate_hz / MAINS_HZ).round() as usize;
                each(&|n| x[n] - x[n - cycle]);
            }
            Self::TrackedCycle => {
                let whole = period.ceil() as usize;
                let weights = lagrange(whole as f64 - period);
                each(&|n| x[n] - (0..4).map(|j| weights[j] * x[n - whole + j - 1]).sum::<f64>());
            }
            Self::First => each(&|n| x[n] - x[n - 1]),
            Self::Second => each(&|n| x[n] - 2.0 * x[n - 1] + x[n - 2]),
            Self::HighPass => {
                let r = high_pass(x, rate_hz);
                each(&|n| r[n]);
            }
            Self::TeagerKaiser => {
                let r = high_pass(x, rate_hz);
                each(&|n| r[n - 1] * r[n - 1] - r[n - 2] * r[n]);
            }
            Self::Wavelet => each(&|n| (0..8).map(|j| DB4[j] * x[n - j]).sum::<f64>() / SQRT_2),
        }
        out
    }
}

/// Weights of the samples −1, 0, 1 and 2 for the place `t` between 0 and 1.
fn lagrange(t: f64) -> [f64; 4] {
    [
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    ]
}

fn high_pass(x: &[f64], rate_hz: f64) -> Vec<f64> {
    let mut y = x.to_vec();
    for q in SECTIONS {
        let k = (PI * CORNER_HZ / rate_hz).tan();
        let norm = 1.0 / (1.0 + k / q + k * k);
        let (a1, a2) = (2.0 * (k * k - 1.0) * norm, (1.0 - k / q + k * k) * norm);
        let (mut s1, mut s2) = (0.0, 0.0);
        for v in &mut y {
            let input = *v;
            *v = norm * input + s1;
            s1 = -2.0 * norm * input - a1 * *v + s2;
            s2 = norm * input - a2 * *v;
        }
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn the_tracked_difference_leaves_nothing_of_drifted_mains_and_the_high_pass_nothing_of_low_tones() {
        let (rate_hz, hz) = (10_000.0, 50.13);
        let tone = |f: f64| (0..4000).map(|n| (TAU * f * f64::from(n) / rate_hz).sin()).collect::<Vec<f64>>();
        let largest = |trigger: Trigger, x: &[f64]| {
            trigger.output(x, rate_hz, rate_hz / hz).into_iter().fold(0.0, f64::max)
        };
        assert!(largest(Trigger::TrackedCycle, &tone(hz)) < 1e-6);
        assert!((largest(Trigger::FixedCycle, &tone(hz)) - 2.0 * (PI * 0.13 / 50.0).sin()).abs() < 1e-3);
        assert!(largest(Trigger::HighPass, &tone(hz)) < 1e-5);
        assert!((largest(Trigger::HighPass, &tone(4500.0)) - 1.0).abs() < 0.02);
        // Not the corner itself, of whose cycle every fifth falls on the same sample.
        assert!((largest(Trigger::HighPass, &tone(2003.0)) - 0.5f64.sqrt()).abs() < 0.01);
    }
}
