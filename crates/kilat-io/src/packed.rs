//! Numbers in little room while a text is read: its decimals as the integers that they are written with.
//!
//! A text of short numbers would otherwise grow to many times its size: `1,` is two bytes, an `f64` eight.

use std::ops::Range;
use std::sync::Arc;

use kilat_core::{Codes, Result, SampleKind, Samples, SamplesRef, Stored};

/// Numbers that are packed alike.
const PIECE: usize = 128;

/// Most decimals of a packed number; 10^9 times what 32 bits hold is still a whole `f64`.
const MOST_DECIMALS: usize = 9;

/// Powers of ten, which `f64` holds exactly: a division by one gives the number nearest to the decimal, as reading it does.
const POWERS: [f64; MOST_DECIMALS + 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Numbers, bit for bit as they were added.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    pieces: Vec<Piece>,
    /// Those of the piece that is not whole yet.
    open: Vec<f64>,
}

#[derive(Debug)]
enum Piece {
    /// All the same.
    Same(f64),
    /// Integers over a power of ten; the lowest stands for NaN.
    I16(u8, Box<[i16]>),
    I32(u8, Box<[i32]>),
    F64(Box<[f64]>),
}

impl Packed {
    pub(crate) fn push(&mut self, value: f64) {
        self.open.push(value);
        if self.open.len() == PIECE {
            self.pieces.push(Piece::of(&self.open));
            self.open.clear();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len() * PIECE + self.open.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = f64> {
        let in_piece = |piece| (0..PIECE).map(move |i| Piece::get(piece, i));
        self.pieces.iter().flat_map(in_piece).chain(self.open.iter().copied())
    }

    /// The numbers as samples: a few in memory as they are, more stay packed.
    pub(crate) fn into_samples(self) -> Samples {
        if self.pieces.is_empty() {
            return self.open.into();
        }
        let all: Arc<dyn Stored> = Arc::new(self);
        all.into()
    }
}

impl Stored for Packed {
    fn len(&self) -> usize {
        self.len()
    }

    fn kind(&self) -> SampleKind {
        SampleKind::F64
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        own.f64.clear();
        let packed = self.pieces.len() * PIECE;
        for (k, piece) in self.pieces.iter().enumerate().skip(range.start / PIECE) {
            let first = k * PIECE;
            if first >= range.end {
                break;
            }
            let within = range.start.max(first) - first..range.end.min(first + PIECE) - first;
            own.f64.extend(within.map(|i| piece.get(i)));
        }
        own.f64
            .extend_from_slice(&self.open[range.start.max(packed) - packed..range.end.max(packed) - packed]);
        Ok(own.f64.as_slice().into())
    }
}

impl Piece {
    fn of(values: &[f64]) -> Self {
        if values.iter().all(|v| v.to_bits() == values[0].to_bits()) {
            return Self::Same(values[0]);
        }
        let mut decimals = 0;
        for v in values {
            while code(*v, decimals).is_none() {
                decimals += 1;
                if decimals > MOST_DECIMALS {
                    return Self::F64(values.into());
                }
            }
        }
        // More decimals may be too many for a number that did with fewer.
        let Some(codes) = values.iter().map(|v| code(*v, decimals)).collect::<Option<Box<[i32]>>>() else {
            return Self::F64(values.into());
        };
        let narrow = |v: &i32| match *v {
            i32::MIN => Some(i16::MIN),
            v => i16::try_from(v).ok().filter(|v| *v != i16::MIN),
        };
        match codes.iter().map(narrow).collect() {
            Some(short) => Self::I16(decimals as u8, short),
            None => Self::I32(decimals as u8, codes),
        }
    }

    fn get(&self, i: usize) -> f64 {
        match self {
            Self::Same(v) => *v,
            Self::I16(_, codes) if codes[i] == i16::MIN => f64::NAN,
            Self::I32(_, codes) if codes[i] == i32::MIN => f64::NAN,
            Self::I16(decimals, codes) => f64::from(codes[i]) / POWERS[usize::from(*decimals)],
            Self::I32(decimals, codes) => f64::from(codes[i]) / POWERS[usize::from(*decimals)],
            Self::F64(values) => values[i],
        }
    }
}

/// The integer that over 10^`decimals` is `value`, bit for bit; the lowest for the NaN that a reader puts for what is missing.
fn code(value: f64, decimals: usize) -> Option<i32> {
    if value.to_bits() == f64::NAN.to_bits() {
        return Some(i32::MIN);
    }
    let code = (value * POWERS[decimals]).round();
    let is_same = (code / POWERS[decimals]).to_bits() == value.to_bits();
    // The sign of zero is one bit that an integer does not have.
    let is_plain = code != 0.0 || value.is_sign_positive();
    (code.abs() < 2_147_483_648.0 && is_same && is_plain).then_some(code as i32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(values: &[f64]) -> Packed {
        let mut packed = Packed::default();
        for v in values {
            packed.push(*v);
        }
        packed
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    #[test]
    fn short_decimals_take_two_bytes_and_equal_ones_none() {
        let decimals: Vec<f64> =
            (0..PIECE).map(|i| i as f64 / 100.0 - 0.3).map(|v| (v * 100.0).round() / 100.0).collect();
        assert!(matches!(Piece::of(&decimals), Piece::I16(2, _)));
        assert!(matches!(Piece::of(&[f64::NAN; PIECE]), Piece::Same(v) if v.is_nan()));
        assert!(matches!(Piece::of(&[0.1, f64::NAN, 123_456.7]), Piece::I32(1, _)));
        for odd in [-0.0, f64::INFINITY, 1e-30, 0.1 + 0.2, 5e9] {
            assert!(matches!(Piece::of(&[1.0, odd]), Piece::F64(_)), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_added_comes_back_bit_for_bit(
            values in prop::collection::vec(
                prop_oneof![
                    any::<f64>(),
                    (any::<i32>(), 0..12usize).prop_map(|(m, k)| f64::from(m) / 10f64.powi(k as i32)),
                    (-200..200i32).prop_map(f64::from),
                    Just(f64::NAN),
                ],
                1..600,
            ),
            cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let packed = packed(&values);
            prop_assert_eq!(packed.len(), values.len());
            prop_assert_eq!(bits(&packed.iter().collect::<Vec<_>>()), bits(&values));
            let (a, b) = (cut.0.index(values.len() + 1), cut.1.index(values.len() + 1));
            let range = a.min(b)..a.max(b);
            let mut own = Codes::default();
            let samples = packed.into_samples();
            match samples.read(range.clone(), &mut own).unwrap() {
                SamplesRef::F64(x) => prop_assert_eq!(bits(x), bits(&values[range])),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
