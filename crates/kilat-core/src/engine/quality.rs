//! Which samples of a channel are missing or clipped.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::engine::analysis::Flags;
use crate::engine::reuse::Reuse;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Bad {
    first: u64,
    end: u64,
    flags: Flags,
}

/// Runs of bad samples, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Quality {
    bad: VecDeque<Bad>,
}

impl Quality {
    /// Nothing bad, in the memory of this one.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { bad: self.bad.emptied() }
    }

    /// Notes that the samples `run` are bad. Neighbours become one run: a dead channel costs no memory.
    pub fn note(&mut self, run: Range<u64>, flags: Flags) {
        match self.bad.back_mut() {
            _ if run.is_empty() => {}
            Some(b) if b.flags == flags && (b.first..=b.end).contains(&run.start) => {
                b.end = b.end.max(run.end);
            }
            _ => self.bad.push_back(Bad { first: run.start, end: run.end, flags }),
        }
    }

    /// The bad runs that touch the samples `within`, cut to them.
    pub fn runs(&self, within: Range<u64>) -> impl Iterator<Item = (Range<u64>, Flags)> {
        let cut = move |b: &Bad| (b.first.max(within.start)..b.end.min(within.end), b.flags);
        self.bad.iter().map(cut).filter(|(run, _)| !run.is_empty())
    }

    /// What the samples between two positions have been through.
    pub fn between(&self, start: f64, stop: f64) -> Flags {
        let touches = |b: &&Bad| (b.first as f64) < stop && b.end as f64 > start;
        self.bad.iter().filter(touches).fold(Flags::empty(), |f, b| f | b.flags)
    }

    /// Makes room for `n` runs.
    pub fn reserve(&mut self, n: usize) {
        self.bad.make_room(n);
    }

    /// Bytes that `n` runs take.
    pub fn bytes(n: usize) -> usize {
        n * size_of::<Bad>()
    }

    /// Forgets runs that end before `index`.
    pub fn discard_before(&mut self, index: u64) {
        while self.bad.front().is_some_and(|b| b.end < index) {
            self.bad.pop_front();
        }
    }
}
