//! Numbers as text, for files of which most is commas: no other form of them is as small.

use std::io::Write as _;
use std::ops::Range;

use kilat_core::{Codes, Result, SampleKind, SamplesRef, Stored};

/// Numbers whose texts are kept together.
const PIECE: usize = 128;

/// Numbers, bit for bit as they were added, each ended by a comma; NaN is nothing, and left out at the end of a piece.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pieces: Vec<Box<[u8]>>,
    /// The piece that is not whole yet.
    open: Vec<u8>,
    n: usize,
}

impl Texts {
    pub(super) fn push(&mut self, value: f64) {
        if !value.is_nan() {
            let is_plain = value == 0.0 || (1e-5..1e15).contains(&value.abs());
            // Memory is the one thing to fail here, and that it does elsewhere.
            let _ = if is_plain { write!(self.open, "{value}") } else { write!(self.open, "{value:e}") };
        }
        self.open.push(b',');
        self.n += 1;
        if self.n.is_multiple_of(PIECE) {
            let end = self.open.iter().rposition(|b| *b != b',').map_or(0, |i| i + 1);
            self.pieces.push(self.open[..end].into());
            self.open.clear();
        }
    }
}

impl Stored for Texts {
    fn len(&self) -> usize {
        self.n
    }

    fn kind(&self) -> SampleKind {
        SampleKind::F64
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
        own.f64.clear();
        own.f64.reserve(range.len());
        for k in range.start / PIECE..range.end.div_ceil(PIECE) {
            let first = k * PIECE;
            let within = range.start.max(first) - first..range.end.min(first + PIECE) - first;
            let texts = self.pieces.get(k).map_or(self.open.as_slice(), |piece| piece);
            let numbers = texts.split(|b| *b == b',').map(|t| number(t).unwrap_or(f64::NAN));
            own.f64.extend(numbers.chain(std::iter::repeat(f64::NAN)).skip(within.start).take(within.len()));
        }
        Ok(SamplesRef::F64(&own.f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_comes_back_bit_for_bit() {
        let odd = [0.1, -0.0, 1e300, 5e-324, 123_456.7, f64::INFINITY, -3.0, f64::NAN, f64::MAX];
        for every in [1, 3, 200] {
            let numbers: Vec<f64> =
                (0..1000).map(|i| if i % every == 0 { odd[i / every % 9] } else { f64::NAN }).collect();
            let mut texts = Texts::default();
            for v in &numbers {
                texts.push(*v);
            }
            for range in [0..1000, 0..0, 127..129, 256..384, 999..1000, 1000..1000] {
                let mut own = Codes::default();
                let SamplesRef::F64(back) = texts.read(range.clone(), &mut own).unwrap() else {
                    panic!("numbers are floats")
                };
                let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(back), bits(&numbers[range.clone()]), "every {every}: {range:?}");
            }
        }
    }

    #[test]
    fn nothing_takes_next_to_nothing() {
        let mut texts = Texts::default();
        (0..10 * PIECE).for_each(|_| texts.push(f64::NAN));
        assert_eq!(texts.pieces.iter().map(|p| p.len()).sum::<usize>(), 0);
    }
}
