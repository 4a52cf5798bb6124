//! The recent samples of one stream, addressed by their index in the segment.

use std::ops::Range;

/// A window on a stream: `data[0]` is sample `first`.
#[derive(Debug, Clone, Default)]
pub struct History {
    first: u64,
    data: Vec<f32>,
}

impl History {
    /// An empty stream whose first sample will have index `first`.
    pub fn starting_at(first: u64) -> Self {
        Self { first, data: Vec::new() }
    }

    /// Index of the oldest sample held.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// One past the index of the newest sample.
    pub fn end(&self) -> u64 {
        self.first + self.data.len() as u64
    }

    /// Samples `range`, which must be held.
    pub fn get(&self, range: Range<u64>) -> &[f32] {
        &self.data[(range.start - self.first) as usize..(range.end - self.first) as usize]
    }

    /// Sample `i`, which must be held.
    pub fn at(&self, i: u64) -> f32 {
        self.data[(i - self.first) as usize]
    }

    /// Gives the `n` oldest samples the value of the one after them.
    pub fn hold_first(&mut self, n: usize) {
        if let Some(&value) = self.data.get(n) {
            self.data[..n].fill(value);
        }
    }

    /// Appends `n` samples and returns them for filling.
    pub fn grow(&mut self, n: usize) -> &mut [f32] {
        let old = self.data.len();
        self.data.resize(old + n, 0.0);
        &mut self.data[old..]
    }

    /// Lets go of samples before `index`. Memory moves only when more is dead than alive, so the cost per sample is constant
    /// and the capacity settles: no allocation once the stream runs.
    pub fn discard_before(&mut self, index: u64) {
        let dead = index.saturating_sub(self.first).min(self.data.len() as u64) as usize;
        if dead > self.data.len() / 2 && dead >= 1024 {
            self.data.copy_within(dead.., 0);
            self.data.truncate(self.data.len() - dead);
            self.first += dead as u64;
        }
    }
}
