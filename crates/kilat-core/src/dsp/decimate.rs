//! A filter that keeps every `factor`-th output, stream to stream.

use crate::engine::history::{Held, History};
use crate::simd::Level;

/// Linear-phase filter and decimator: output `k` is centred on input `k · factor`, so it delays nothing.
#[derive(Debug, Clone)]
pub struct Decimator {
    taps: Vec<f32>,
    factor: u64,
    half: u64,
}

impl Decimator {
    /// From an odd number of centred taps.
    pub fn new(taps: &[f64], factor: u64) -> Self {
        let half = (taps.len() / 2) as u64;
        let mut padded: Vec<f32> = taps.iter().map(|t| *t as f32).collect();
        padded.resize(taps.len().next_multiple_of(16), 0.0);
        Self { taps: padded, factor, half }
    }

    /// Inputs per output.
    pub fn factor(&self) -> u64 {
        self.factor
    }

    /// Inputs on each side of the centre that an output needs.
    pub fn half(&self) -> u64 {
        self.half
    }

    /// Inputs after the centre that an output waits for.
    pub fn ahead(&self) -> u64 {
        self.taps.len() as u64 - 1 - self.half
    }

    /// Index of the first output that an input stream starting at `first_input` allows.
    pub fn first_output(&self, first_input: u64) -> u64 {
        (first_input + self.half).div_ceil(self.factor)
    }

    /// Appends to `output` whatever `input` now allows.
    ///
    /// Zero taps pad the filter to whole lanes, so an output waits until the padding, too, has samples to multiply.
    pub fn run(&self, level: Level, input: &History, output: &mut History) {
        let next = output.end();
        let count = self.outputs(input.end()).saturating_sub(next);
        if count > 0 {
            self.fill(level, input.view(), next, output.grow(count as usize), &[]);
        }
    }

    /// One past the index of the last output that inputs before `end` allow.
    pub fn outputs(&self, end: u64) -> u64 {
        // Output k reads inputs k·factor − half … k·factor − half + span − 1.
        (end + self.half).checked_sub(self.taps.len() as u64).map_or(0, |last| last / self.factor + 1)
    }

    /// Index of the first input that output `k` is made of.
    pub fn input_of(&self, k: u64) -> u64 {
        k * self.factor - self.half
    }

    /// Fills `out` with outputs `first`, `first + 1`, …; `input` must hold what they and their padding read. `soon` is
    /// what comes next, where it may not be in a cache yet: it is asked for meanwhile.
    pub fn fill(&self, level: Level, input: Held<'_>, first: u64, out: &mut [f32], soon: &[f32]) {
        let from = self.input_of(first);
        let steps = (out.len() as u64).saturating_sub(1) * self.factor;
        let x = input.get(from..from + steps + self.taps.len() as u64);
        level.fir(x, &self.taps, self.factor as usize, soon, out);
    }
}
