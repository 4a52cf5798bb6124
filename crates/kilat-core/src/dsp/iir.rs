//! Recursive filters in double precision: second-order sections from analogue ones by the bilinear transform.

use std::f64::consts::{FRAC_PI_2, PI};
use std::ops::{Add, Mul};

use fearless_simd::{Simd, f64x4, prelude::*};
use serde::{Deserialize, Serialize};

/// Added to every input: the memory of a filter that falls silent would pass through subnormal numbers, which are slow.
const TRACE: f64 = 1e-30;

/// An analogue transfer function of at most second order: coefficients of s⁰, s¹, s².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Analogue {
    /// Of the numerator.
    pub numerator: [f64; 3],
    /// Of the denominator.
    pub denominator: [f64; 3],
}

impl Analogue {
    /// First-order high-pass with its corner at `corner_hz`.
    pub fn high_pass(corner_hz: f64) -> Self {
        Self { numerator: [0.0, 1.0, 0.0], denominator: [2.0 * PI * corner_hz, 1.0, 0.0] }
    }

    /// First-order low-pass of unit gain with time constant `tau_s`.
    pub fn low_pass(tau_s: f64) -> Self {
        Self { numerator: [1.0, 0.0, 0.0], denominator: [1.0, tau_s, 0.0] }
    }

    /// The sections of a Butterworth low-pass of order 2·`N` with its corner at `corner_hz`.
    pub fn butterworth<const N: usize>(corner_hz: f64) -> [Self; N] {
        let w = 2.0 * PI * corner_hz;
        std::array::from_fn(|k| {
            let angle = FRAC_PI_2 * (2.0 * k as f64 + 1.0) / (2.0 * N as f64);
            Self { numerator: [w * w, 0.0, 0.0], denominator: [w * w, 2.0 * w * angle.cos(), 1.0] }
        })
    }

    /// |H| at `f_hz`.
    pub fn gain(&self, f_hz: f64) -> f64 {
        let w = 2.0 * PI * f_hz;
        let size = |c: [f64; 3]| (c[0] - c[2] * w * w).hypot(c[1] * w);
        size(self.numerator) / size(self.denominator)
    }

    /// The same in discrete time at `rate_hz`, with its response at `exact_hz` kept exactly.
    pub fn discrete(&self, rate_hz: f64, exact_hz: f64) -> Section {
        let c = 2.0 * PI * exact_hz / (PI * exact_hz / rate_hz).tan();
        // s = c·(1 − z⁻¹)/(1 + z⁻¹), both sides times (1 + z⁻¹)².
        let map = |[p0, p1, p2]: [f64; 3]| {
            let (p1, p2) = (p1 * c, p2 * c * c);
            [p0 + p1 + p2, 2.0 * (p0 - p2), p0 - p1 + p2]
        };
        let (b, a) = (map(self.numerator), map(self.denominator));
        Section { b: b.map(|v| v / a[0]), a: [a[1] / a[0], a[2] / a[0]] }
    }
}

/// A second-order section: y = b·(x, x₋₁, x₋₂) − a·(y₋₁, y₋₂).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

/// What a section remembers (transposed direct form II): of one channel, or of several in the lanes of vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory<T = f64>(pub [T; 2]);

/// A number, or a vector of numbers that go their way side by side.
pub trait Lanes: Copy + Add<f64, Output = Self> + Mul<f64, Output = Self> {
    /// Itself and so many times `x`, rounded once.
    #[must_use]
    fn and(self, factor: f64, x: Self) -> Self;
}

impl Lanes for f64 {
    fn and(self, factor: f64, x: Self) -> Self {
        factor.mul_add(x, self)
    }
}

impl<S: Simd> Lanes for f64x4<S> {
    #[expect(clippy::inline_always, reason = "see Section::run")]
    #[inline(always)]
    fn and(self, factor: f64, x: Self) -> Self {
        x.mul_add_precise(factor, self)
    }
}

impl Section {
    /// What the section remembers, and gives out, after an eternity of input `x`.
    pub fn settled(&self, x: f64) -> (Memory, f64) {
        let y = x * self.b.iter().sum::<f64>() / (1.0 + self.a[0] + self.a[1]);
        (Memory([y - self.b[0] * x, self.b[2] * x - self.a[1] * y]), y)
    }

    /// The next output.
    #[expect(
        clippy::inline_always,
        reason = "vectors are fast only where the caller's instruction set is known"
    )]
    #[inline(always)]
    pub fn run<T: Lanes>(&self, memory: &mut Memory<T>, x: T) -> T {
        let Self { b, a } = self;
        let Memory(m) = memory;
        let x = x + TRACE;
        let y = m[0].and(b[0], x);
        *m = [m[1].and(b[1], x).and(-a[0], y), (x * b[2]).and(-a[1], y)];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Peak of the settled response of sections to a cosine.
    fn measured(sections: &[Section], rate_hz: f64, f_hz: f64) -> f64 {
        let mut memory = vec![Memory::default(); sections.len()];
        let (mut re, mut im, n) = (0.0, 0.0, 60_000);
        for i in 0..2 * n {
            let (s, c) = (2.0 * PI * f_hz * f64::from(i) / rate_hz).sin_cos();
            let y = sections.iter().zip(&mut memory).fold(c, |x, (section, m)| section.run(m, x));
            if i >= n {
                (re, im) = (re + y * c, im + y * s);
            }
        }
        2.0 * re.hypot(im) / f64::from(n)
    }

    #[test]
    fn sections_have_the_gain_of_their_analogue_twins() {
        let low = Analogue::butterworth::<3>(35.0);
        let product = |f: f64| low.iter().map(|a| a.gain(f)).product::<f64>();
        assert!((product(35.0) - 0.5f64.sqrt()).abs() < 1e-12);
        assert!((product(70.0) - 1.0 / (1.0 + 2.0f64.powi(12)).sqrt()).abs() < 1e-12);
        let sections = low.map(|a| a.discrete(1600.0, 35.0));
        for f in [5.0, 20.0, 35.0] {
            assert!((measured(&sections, 1600.0, f) - product(f)).abs() < 1e-4, "{f} Hz");
        }
        for (a, f) in [(Analogue::high_pass(2.0), 2.0), (Analogue::low_pass(0.05), 10.0)] {
            assert!((measured(&[a.discrete(1600.0, f)], 1600.0, f) - a.gain(f)).abs() < 1e-5, "{a:?}");
        }
    }

    #[test]
    fn a_settled_section_stays_where_it_is() {
        let low = Analogue::butterworth::<3>(42.0).map(|a| a.discrete(1000.0, 42.0));
        for section in low.into_iter().chain([Analogue::high_pass(0.05).discrete(1000.0, 0.05)]) {
            let (mut memory, y) = section.settled(7.0);
            for _ in 0..10 {
                assert!((section.run(&mut memory, 7.0) - y).abs() < 1e-12);
            }
        }
    }
}
