//! Real transforms of one window, planned once.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

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
