//! Real transforms of one window, planned once.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::FftPlanner;

use crate::simd::Level;

/// A forward transform of `n` real samples, shared by all threads.
#[derive(Clone)]
pub struct Fft {
    plan: Arc<dyn RealToComplex<f32>>,
}

/// Buffers of one transform at a time.
#[derive(Debug, Clone)]
pub struct FftScratch {
    /// The window; overwritten by the transform.
    pub input: Vec<f32>,
    /// Bins 0 to n/2, not scaled.
    pub bins: Vec<Complex32>,
    work: Vec<Complex32>,
}

impl Fft {
    /// Plans transforms of `n` samples.
    pub fn new(n: usize) -> Self {
        Self { plan: RealFftPlanner::new().plan_fft_forward(n) }
    }

    /// Number of samples.
    pub fn points(&self) -> usize {
        self.plan.len()
    }

    /// Buffers that fit.
    pub fn scratch(&self) -> FftScratch {
        FftScratch {
            input: self.plan.make_input_vec(),
            bins: self.plan.make_output_vec(),
            work: self.plan.make_scratch_vec(),
        }
    }

    /// Transforms `scratch.input` into `scratch.bins`.
    pub fn run(&self, scratch: &mut FftScratch) {
        let FftScratch { input, bins, work } = scratch;
        // The only error is a buffer of the wrong length, and `scratch` made them.
        let done = self.plan.process_with_scratch(input, bins, work);
        debug_assert!(done.is_ok());
    }
}

impl std::fmt::Debug for Fft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fft({})", self.points())
    }
}

/// A forward transform of an even number of real samples of which only the lowest bins are wanted: the transform of half as many
/// complex numbers, neighbours in pairs, and of that no more is put in order than is asked for.
#[derive(Clone)]
pub struct LowBins {
    plan: Arc<dyn rustfft::Fft<f32>>,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

/// Buffers of one such transform at a time.
#[derive(Debug, Clone)]
pub struct LowBinsScratch {
    /// The window; overwritten by the transform.
    pub input: Vec<f32>,
    /// Real parts of the bins, not scaled.
    pub re: Vec<f32>,
    /// Imaginary parts of the bins, not scaled.
    pub im: Vec<f32>,
    transformed: Vec<Complex32>,
    work: Vec<Complex32>,
}

impl LowBins {
    /// Plans transforms of `n` samples to at least `bins` bins, which are no more than a quarter of `n`.
    ///
    /// # Panics
    /// When `n` is odd, or there are not so many bins.
    pub fn new(n: usize, bins: usize) -> Self {
        let bins = (bins - 1).next_multiple_of(Level::BINS) + 1;
        assert!(n.is_multiple_of(2) && 2 * bins <= n, "{bins} bins of {n} samples");
        let angle = |k: usize| TAU * k as f64 / n as f64;
        Self {
            plan: FftPlanner::new().plan_fft_forward(n / 2),
            cos: (0..bins).map(|k| angle(k).cos() as f32).collect(),
            sin: (0..bins).map(|k| angle(k).sin() as f32).collect(),
        }
    }

    /// Number of samples.
    pub fn points(&self) -> usize {
        2 * self.plan.len()
    }

    /// Buffers that fit.
    pub fn scratch(&self) -> LowBinsScratch {
        let half = self.plan.len();
        LowBinsScratch {
            input: vec![0.0; 2 * half],
            re: vec![0.0; self.cos.len()],
            im: vec![0.0; self.cos.len()],
            transformed: vec![Complex32::default(); half],
            work: vec![Complex32::default(); self.plan.get_outofplace_scratch_len()],
        }
    }

    /// Transforms `scratch.input`.
    pub fn run(&self, level: Level, scratch: &mut LowBinsScratch) {
        let LowBinsScratch { input, re, im, transformed, work } = scratch;
        self.plan.process_outofplace_with_scratch(bytemuck::cast_slice_mut(input), transformed, work);
        level.untangle(bytemuck::cast_slice(transformed), (&self.cos, &self.sin), re, im);
    }
}

impl std::fmt::Debug for LowBins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LowBins({} of {})", self.cos.len(), self.points())
    }
}

#[cfg(test)]
mod tests {
    use realfft::num_complex::Complex64;

    use super::*;

    #[test]
    fn low_bins_are_those_of_the_whole_transform() {
        for (n, bins) in [(64, 9), (2560, 607), (36, 1), (2560, 1)] {
            let plan = LowBins::new(n, bins);
            let mut scratch = plan.scratch();
            let x: Vec<f32> = (0..n).map(|i| ((i * i * 7919) % 1009) as f32 - 500.0).collect();
            scratch.input.copy_from_slice(&x);
            plan.run(Level::chosen(), &mut scratch);
            for k in 0..bins {
                let term =
                    |i: usize| Complex64::from_polar(f64::from(x[i]), -TAU * ((k * i) % n) as f64 / n as f64);
                let want: Complex64 = (0..n).map(term).sum();
                let got = Complex64::new(scratch.re[k].into(), scratch.im[k].into());
                assert!((got - want).norm() < 2e-6 * 500.0 * n as f64, "{k} of {n}: {got} {want}");
            }
        }
    }
}
