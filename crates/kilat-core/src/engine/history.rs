//! The recent samples of one stream, addressed by their index in the segment.

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A window on a stream: sample `first` is where `dead` begins to be alive in `data`, and everything up to `end` is held.
#[derive(Debug, Clone, Default)]
pub struct History {
    first: u64,
    dead: usize,
    end: usize,
    data: Vec<f32>,
}

impl History {
    /// An empty stream whose first sample will have index `first`.
    pub fn starting_at(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// The same in the memory of this one.
    #[must_use]
    pub fn anew(self, first: u64) -> Self {
        Self { first, dead: 0, end: 0, data: self.data }
    }

    /// Index of the oldest sample held.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// One past the index of the newest sample.
    pub fn end(&self) -> u64 {
        self.first + (self.end - self.dead) as u64
    }

    /// Samples `range`, which must be held.
    pub fn get(&self, range: Range<u64>) -> &[f32] {
        &self.held()[(range.start - self.first) as usize..(range.end - self.first) as usize]
    }

    /// Sample `i`, which must be held.
    pub fn at(&self, i: u64) -> f32 {
        self.held()[(i - self.first) as usize]
    }

    /// Gives the `n` oldest samples the value of the one after them.
    pub fn hold_first(&mut self, n: usize) {
        if let Some(&value) = self.held().get(n) {
            self.data[self.dead..self.dead + n].fill(value);
        }
    }

    /// Appends `n` samples and returns them for filling: what is in them is of no meaning.
    ///
    /// Memory moves only when the room is used up, and there is room for at least as many samples more as are alive, so the cost
    /// per sample is constant. It grows to four times the need, so that it settles: no allocation once the stream runs.
    pub fn grow(&mut self, n: usize) -> &mut [f32] {
        if self.end + n > self.data.len() {
            self.data.copy_within(self.dead..self.end, 0);
            self.end -= self.dead;
            self.dead = 0;
            let needed = self.end + n;
            if 2 * needed > self.data.len() {
                self.data.resize(4 * needed, 0.0);
            }
        }
        self.end += n;
        &mut self.data[self.end - n..self.end]
    }

    /// Lets go of samples before `index`.
    pub fn discard_before(&mut self, index: u64) {
        let dead = index.saturating_sub(self.first).min((self.end - self.dead) as u64);
        self.dead += dead as usize;
        self.first += dead;
    }

    /// Makes room, so that nothing is allocated as long as no more than `n` samples are held.
    pub fn reserve(&mut self, n: usize) {
        let room = self.dead + 2 * n;
        if room > self.data.len() {
            self.data.resize(room, 0.0);
        }
    }

    fn held(&self) -> &[f32] {
        &self.data[self.dead..self.end]
    }
}

/// The index of the first sample, and what is held.
impl Serialize for History {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (self.first, self.held()).serialize(s)
    }
}

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (first, data) = <(u64, Vec<f32>)>::deserialize(d)?;
        Ok(Self { first, dead: 0, end: data.len(), data })
    }
}
