//! The recent samples of one stream, addressed by their index in the segment.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A window on a stream: sample `first` is where `dead` begins to be alive in the memory, and everything up to `end` is held.
#[derive(Debug, Clone, Default)]
pub struct History<T = f32> {
    first: u64,
    dead: usize,
    end: usize,
    data: Vec<T>,
    /// Memory that is not its own, in which the stream lies while this is there: `data` is not in use.
    lent: Option<Arc<Vec<T>>>,
}

/// Samples of a stream that lie in a row, addressed alike.
#[derive(Debug, Clone, Copy)]
pub struct Held<'h, T = f32> {
    first: u64,
    samples: &'h [T],
}

impl<'h, T: Copy> Held<'h, T> {
    /// These samples, the first of which has index `first`.
    pub fn starting_at(first: u64, samples: &'h [T]) -> Self {
        Self { first, samples }
    }

    /// Index of the oldest one.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Samples `range` of them.
    pub fn get(&self, range: Range<u64>) -> &'h [T] {
        &self.samples[(range.start - self.first) as usize..(range.end - self.first) as usize]
    }

    /// Sample `i` of them.
    pub fn at(&self, i: u64) -> T {
        self.samples[(i - self.first) as usize]
    }
}

impl<T: Copy + Default> History<T> {
    /// An empty stream whose first sample will have index `first`.
    pub fn starting_at(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// The same in the memory of this one.
    #[must_use]
    pub fn anew(self, first: u64) -> Self {
        Self { first, dead: 0, end: 0, data: self.data, lent: None }
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
    pub fn get(&self, range: Range<u64>) -> &[T] {
        &self.held()[(range.start - self.first) as usize..(range.end - self.first) as usize]
    }

    /// Sample `i`, which must be held.
    pub fn at(&self, i: u64) -> T {
        self.held()[(i - self.first) as usize]
    }

    /// Gives the `n` oldest samples the value of the one after them.
    pub fn hold_first(&mut self, n: usize) {
        self.own();
        if let Some(&value) = self.held().get(n) {
            self.data[self.dead..self.dead + n].fill(value);
        }
    }

    /// Appends `n` samples and returns them for filling: what is in them is of no meaning.
    ///
    /// Memory moves only when the room is used up, and there is room for at least as many samples more as are alive, so the cost
    /// per sample is constant. It grows to more than twice the need, so that it settles: no allocation once the stream runs.
    pub fn grow(&mut self, n: usize) -> &mut [T] {
        self.own();
        if self.end + n > self.data.len() {
            let alive = self.dead..self.end;
            let needed = alive.len() + n;
            (self.dead, self.end) = (0, alive.len());
            if 2 * needed > self.data.len() {
                // Fresh memory is zero before it is touched.
                let room = vec![T::default(); 2 * needed + needed / 2];
                let old = std::mem::replace(&mut self.data, room);
                self.data[..self.end].copy_from_slice(&old[alive]);
            } else {
                self.data.copy_within(alive, 0);
            }
        }
        self.end += n;
        &mut self.data[self.end - n..self.end]
    }

    /// Appends the samples `range` of `whole` without copying them; false, and nothing done, when what is held does not lie right
    /// before them.
    pub fn lend(&mut self, whole: &Arc<Vec<T>>, range: Range<usize>) -> bool {
        let follows = match &self.lent {
            Some(lent) => Arc::ptr_eq(lent, whole) && self.end == range.start,
            None if self.dead == self.end => {
                (self.dead, self.lent) = (range.start, Some(whole.clone()));
                true
            }
            None => false,
        };
        if follows {
            self.end = range.end;
        }
        follows
    }

    /// Copies what is held out of memory that is lent.
    fn own(&mut self) {
        if let Some(lent) = self.lent.take() {
            let held = &lent[self.dead..self.end];
            (self.dead, self.end) = (0, held.len());
            self.data.resize(self.data.len().max(held.len()), T::default());
            self.data[..held.len()].copy_from_slice(held);
        }
    }

    /// Forgets the samples from `end` on.
    pub fn cut_back(&mut self, end: u64) {
        self.end -= self.end().saturating_sub(end.max(self.first)) as usize;
    }

    /// Lets go of samples before `index`.
    pub fn discard_before(&mut self, index: u64) {
        let dead = index.saturating_sub(self.first).min((self.end - self.dead) as u64);
        self.dead += dead as usize;
        self.first += dead;
    }

    /// Makes room, so that nothing is allocated as long as no more than `n` samples are held.
    pub fn reserve(&mut self, n: usize) {
        self.own();
        let room = self.dead + 2 * n;
        if room > self.data.len() {
            self.data.resize(room, T::default());
        }
    }

    /// All that is held.
    pub fn view(&self) -> Held<'_, T> {
        Held { first: self.first, samples: self.held() }
    }

    /// True while the stream lies in memory that is not its own.
    pub fn is_lent(&self) -> bool {
        self.lent.is_some()
    }

    /// What lies behind the samples before `end`: in lent memory beyond the newest, too, which may come next.
    pub fn behind(&self, end: u64) -> &[T] {
        let all = self.lent.as_deref().map_or_else(|| &self.data[..self.end], |lent| &lent[..]);
        &all[self.dead + (end - self.first) as usize..]
    }

    fn held(&self) -> &[T] {
        &self.lent.as_deref().unwrap_or(&self.data)[self.dead..self.end]
    }
}

/// The index of the first sample, and what is held.
impl<T: Copy + Default + Serialize> Serialize for History<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (self.first, self.held()).serialize(s)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for History<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (first, data) = <(u64, Vec<T>)>::deserialize(d)?;
        Ok(Self { first, dead: 0, end: data.len(), data, lent: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_in_lent_memory_is_the_same_stream_until_it_must_be_its_own() {
        let whole = Arc::new((0..100).map(|i| i as f32).collect::<Vec<_>>());
        let mut stream = History::starting_at(5);
        assert!(stream.lend(&whole, 10..20) && stream.lend(&whole, 20..30));
        assert!(!stream.lend(&whole, 31..40) && !stream.lend(&Arc::new(vec![0.0; 100]), 30..40));
        assert_eq!((stream.first(), stream.end(), stream.get(5..25)), (5, 25, &whole[10..30]));
        assert_eq!((stream.behind(25), stream.behind(6)), (&whole[30..], &whole[11..]));
        stream.cut_back(20);
        assert!(stream.end() == 20 && stream.lend(&whole, 25..30));
        stream.discard_before(12);
        stream.grow(2).copy_from_slice(&[-1.0, -2.0]);
        assert_eq!((stream.first(), stream.end(), stream.get(12..25)), (12, 27, &whole[17..30]));
        assert_eq!(stream.get(24..27), [29.0, -1.0, -2.0]);
        assert!(!stream.is_lent() && !stream.lend(&whole, 30..40));
        assert_eq!(stream.behind(25), [-1.0, -2.0]);
        stream.discard_before(27);
        assert!(stream.lend(&whole, 90..92));
        assert_eq!(stream.get(27..29), [90.0, 91.0]);
    }
}
