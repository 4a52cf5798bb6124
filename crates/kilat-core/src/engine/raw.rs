//! The samples of a channel within a segment: floats, or 16-bit codes, which become floats where they are worked on: half as much goes
//! through memory then.

use std::array::from_fn;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::capture::Lent;
use crate::engine::history::{Held, History};
use crate::simd::Level;

/// The stream. At most one of both holds anything.
#[derive(Debug, Default)]
pub struct Raw {
    floats: History,
    codes: History<i16>,
    are_codes: bool,
}

/// Codes that have become floats: those of one channel that a thread works on.
#[derive(Debug, Default)]
pub struct Near {
    first: u64,
    floats: Vec<f32>,
}

impl Raw {
    /// Empty, in the memory of this one; the next sample will have index `first`.
    #[must_use]
    pub fn anew(self, first: u64) -> Self {
        Self { floats: self.floats.anew(first), codes: self.codes.anew(first), are_codes: false }
    }

    /// True while they are codes.
    pub fn are_codes(&self) -> bool {
        self.are_codes
    }

    /// Index of the oldest sample held.
    pub fn first(&self) -> u64 {
        if self.are_codes() { self.codes.first() } else { self.floats.first() }
    }

    /// One past the index of the newest sample.
    pub fn end(&self) -> u64 {
        if self.are_codes() { self.codes.end() } else { self.floats.end() }
    }

    /// Sample `i`, which must be held.
    pub fn at(&self, i: u64) -> f32 {
        self.some::<1>(i)[0]
    }

    /// Samples from `i` on, which must be held.
    #[inline]
    pub fn some<const N: usize>(&self, i: u64) -> [f32; N] {
        let range = i..i + N as u64;
        if self.are_codes() {
            let codes = self.codes.get(range);
            from_fn(|k| f32::from(codes[k]))
        } else {
            let floats = self.floats.get(range);
            from_fn(|k| floats[k])
        }
    }

    /// True while the samples are what was recorded, where none may be missing.
    pub fn is_as_recorded(&self) -> bool {
        self.are_codes() || self.floats.is_lent()
    }

    /// The stream of floats, which holds nothing while they are codes.
    pub fn floats(&self) -> &History {
        &self.floats
    }

    /// The same, to be appended to: what has been codes becomes floats.
    pub fn floats_mut(&mut self) -> &mut History {
        if self.are_codes() {
            self.are_codes = false;
            self.floats = std::mem::take(&mut self.floats).anew(self.codes.first());
            let held = self.codes.get(self.codes.first()..self.codes.end());
            held.iter().zip(self.floats.grow(held.len())).for_each(|(code, float)| *float = f32::from(*code));
        }
        &mut self.floats
    }

    /// Appends the samples `range` of `whole` without copying them; false, and nothing done, when what is held does not lie right
    /// before them.
    pub fn lend(&mut self, whole: &Lent, range: Range<usize>) -> bool {
        match whole {
            Lent::Floats(whole) => !self.are_codes() && self.floats.lend(whole, range),
            Lent::Codes(whole) => self.begin_codes() && self.codes.lend(whole, range),
        }
    }

    /// Appends codes; false, and nothing done, when what is held are floats.
    pub fn keep(&mut self, codes: &[i16]) -> bool {
        let begun = self.begin_codes();
        if begun {
            self.codes.grow(codes.len()).copy_from_slice(codes);
        }
        begun
    }

    /// From now on they are codes, unless floats are held.
    fn begin_codes(&mut self) -> bool {
        if !self.are_codes && self.floats.first() == self.floats.end() {
            self.codes = std::mem::take(&mut self.codes).anew(self.floats.end());
            self.are_codes = true;
        }
        self.are_codes
    }

    /// Samples `range` as floats: in the stream itself, among others, or in `recent`, where what was asked for before is not converted
    /// again.
    pub fn recent<'n>(&'n self, level: Level, range: Range<u64>, recent: &'n mut History) -> Held<'n> {
        if !self.are_codes() {
            return self.floats.view();
        }
        if !(recent.first()..=recent.end()).contains(&range.start) {
            *recent = std::mem::take(recent).anew(range.start);
        }
        recent.discard_before(range.start);
        let lacking = recent.end()..range.end.max(recent.end());
        let soon = self.behind(lacking.clone());
        let floats = recent.grow((lacking.end - lacking.start) as usize);
        level.widen(self.codes.get(lacking), soon, floats);
        recent.view()
    }

    /// Samples `range` as floats: in the stream itself, among others, or converted in `near`.
    pub fn near<'n>(&'n self, level: Level, range: Range<u64>, near: &'n mut Near) -> Held<'n> {
        self.bring(level, (range.start..range.start, range), (0.0, 0.0), near);
        self.seen(near)
    }

    /// Converts what has been `seen` already and the `unseen` behind it, if they are codes; false when an unseen code does not lie between
    /// the `limits`.
    pub fn bring(
        &self,
        level: Level,
        (seen, unseen): (Range<u64>, Range<u64>),
        limits: (f32, f32),
        near: &mut Near,
    ) -> bool {
        if !self.are_codes() {
            return true;
        }
        near.first = seen.start;
        near.floats.resize((unseen.end - seen.start) as usize, 0.0);
        let (old, new) = near.floats.split_at_mut((seen.end - seen.start) as usize);
        level.widen(self.codes.get(seen), &[], old);
        let (least, most) = level.widen(self.codes.get(unseen), &[], new);
        limits.0 < f32::from(least) && f32::from(most) < limits.1
    }

    /// The memory behind that of the samples `range`, which may be asked for next.
    pub fn behind(&self, range: Range<u64>) -> &[f32] {
        if self.are_codes() {
            as_memory(self.codes.behind(range.end), (range.end - range.start) as usize)
        } else {
            self.floats.behind(range.end)
        }
    }

    /// What has been [brought](Self::bring).
    pub fn seen<'n>(&'n self, near: &'n Near) -> Held<'n> {
        if self.are_codes() { Held::starting_at(near.first, &near.floats) } else { self.floats.view() }
    }

    /// Σ of the products with `other` over `range`: with itself, of squares.
    pub fn dot(&self, level: Level, other: &Self, range: Range<u64>) -> f64 {
        match (self.are_codes(), other.are_codes()) {
            (true, true) => level.dot_of_codes(self.codes.get(range.clone()), other.codes.get(range)),
            (false, false) if std::ptr::eq(self, other) => level.energy(self.floats.get(range)),
            (false, false) => level.dot(self.floats.get(range.clone()), other.floats.get(range)),
            _ => {
                let (mut near, mut other_near) = (Near::default(), Near::default());
                let u = self.near(level, range.clone(), &mut near).get(range.clone());
                level.dot(u, other.near(level, range.clone(), &mut other_near).get(range))
            }
        }
    }

    /// Forgets the samples from `end` on.
    pub fn cut_back(&mut self, end: u64) {
        if self.are_codes() { self.codes.cut_back(end) } else { self.floats.cut_back(end) }
    }

    /// Lets go of samples before `index`.
    pub fn discard_before(&mut self, index: u64) {
        if self.are_codes() { self.codes.discard_before(index) } else { self.floats.discard_before(index) }
    }

    /// Makes room, so that nothing is allocated as long as no more than `n` samples are held.
    pub fn reserve(&mut self, n: usize) {
        self.floats_mut().reserve(n);
    }
}

/// The memory of the first `n` codes as that of floats, to be asked for and not to be looked at.
pub fn as_memory(codes: &[i16], n: usize) -> &[f32] {
    bytemuck::pod_align_to(&codes[..codes.len().min(n)]).1
}

impl From<History> for Raw {
    fn from(floats: History) -> Self {
        Self { floats, ..Self::default() }
    }
}

/// Index of the first sample, and what is held, as floats.
impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if !self.are_codes() {
            return self.floats.serialize(s);
        }
        let held = self.codes.get(self.first()..self.end());
        (self.first(), held.iter().map(|code| f32::from(*code)).collect::<Vec<_>>()).serialize(s)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        History::deserialize(d).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn codes_are_the_same_stream_as_the_floats_they_become() {
        let level = Level::chosen();
        let codes: Vec<i16> = (0..4000).map(|i: i32| (i * i % 60_000 - 30_000) as i16).collect();
        let floats: Vec<f32> = codes.iter().map(|c| f32::from(*c)).collect();
        let mut kept = Raw::default().anew(5);
        assert!(kept.keep(&codes[100..1000]) && kept.keep(&codes[1000..3000]));
        kept.discard_before(50);
        let raw = |lent: Lent| {
            let mut raw = Raw::default().anew(5);
            assert!(
                raw.lend(&lent, 100..1000) && raw.lend(&lent, 1000..3000) && !raw.lend(&lent, 3001..3002)
            );
            raw.discard_before(50);
            raw
        };
        let mut a = raw(Lent::Codes(Arc::new(codes)));
        let b = raw(Lent::Floats(Arc::new(floats)));
        let ends = |raw: &Raw| (raw.first(), raw.end(), raw.at(50), raw.some::<4>(2901));
        assert_eq!((ends(&a), ends(&kept)), (ends(&b), ends(&b)));
        assert!(a.are_codes() && a.is_as_recorded() && !b.are_codes());

        let (mut near, mut recent, mut nothing) = (Near::default(), History::default(), History::default());
        for range in [60..500, 400..900, 890..891, 1200..1300, 100..200, 150..2900] {
            let want = b.floats().get(range.clone());
            assert_eq!(a.near(level, range.clone(), &mut near).get(range.clone()), want);
            assert_eq!(a.recent(level, range.clone(), &mut recent).get(range.clone()), want);
            assert_eq!(b.recent(level, range.clone(), &mut nothing).get(range.clone()), want);
            for (u, v) in [(&a, &kept), (&a, &b), (&b, &a)] {
                assert_eq!(
                    u.dot(level, v, range.clone()).to_bits(),
                    b.dot(level, &b, range.clone()).to_bits()
                );
            }
        }
        assert_eq!(nothing.end(), 0);

        let bytes = postcard::to_allocvec(&a).unwrap();
        assert_eq!(bytes, postcard::to_allocvec(&b).unwrap());
        let back: Raw = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(ends(&back), ends(&b));

        a.floats_mut().grow(1).fill(7.0);
        assert!(!a.is_as_recorded() && a.at(a.end() - 1) == 7.0);
        assert_eq!(a.floats().get(50..2905), b.floats().get(50..2905));
    }

    #[test]
    fn a_code_at_a_limit_is_told_only_where_it_has_not_been_seen() {
        let mut codes = vec![0i16; 300];
        codes[99] = 500;
        let mut raw = Raw::default();
        assert!(raw.lend(&Lent::Codes(Arc::new(codes)), 0..300));
        let is_within =
            |seen, unseen, limits| raw.bring(Level::chosen(), (seen, unseen), limits, &mut Near::default());
        assert!(!is_within(0..50, 50..300, (-500.0, 500.0)));
        assert!(is_within(0..100, 100..300, (-500.0, 500.0)));
        assert!(is_within(0..50, 50..300, (-500.0, 501.0)));
    }
}
