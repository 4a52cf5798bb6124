//! Which samples of a channel are missing or clipped.

use std::collections::VecDeque;

use crate::engine::analysis::Flags;

#[derive(Debug, Clone, Copy)]
struct Bad {
    first: u64,
    end: u64,
    flags: Flags,
}

/// Runs of bad samples, oldest first.
#[derive(Debug, Default)]
pub struct Quality {
    bad: VecDeque<Bad>,
}

impl Quality {
    /// Notes that sample `at`, not before any noted one, is bad. Neighbours become one run: a dead channel costs no memory.
    pub fn note(&mut self, at: u64, flags: Flags) {
        match self.bad.back_mut() {
            Some(b) if b.end == at && b.flags == flags => b.end += 1,
            _ => self.bad.push_back(Bad { first: at, end: at + 1, flags }),
        }
    }

    /// What the samples between two positions have been through.
    pub fn between(&self, start: f64, stop: f64) -> Flags {
        let touches = |b: &&Bad| (b.first as f64) < stop && b.end as f64 > start;
        self.bad.iter().filter(touches).fold(Flags::empty(), |f, b| f | b.flags)
    }

    /// Forgets runs that end before `index`.
    pub fn discard_before(&mut self, index: u64) {
        while self.bad.front().is_some_and(|b| b.end < index) {
            self.bad.pop_front();
        }
    }
}
