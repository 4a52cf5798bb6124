//! Numbers as binary files store them, to the nearest sample type that loses nothing.

use kilat_core::Samples;

/// Type of one stored number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F16,
    F32,
    F64,
}

impl Element {
    /// The type of `size` bytes in a class: `i` signed, `u` unsigned, `f` IEEE 754.
    pub(crate) fn of(class: char, size: usize) -> Option<Self> {
        Some(match (class, size) {
            ('i', 1) => Self::I8,
            ('u', 1) => Self::U8,
            ('i', 2) => Self::I16,
            ('u', 2) => Self::U16,
            ('i', 4) => Self::I32,
            ('u', 4) => Self::U32,
            ('i', 8) => Self::I64,
            ('u', 8) => Self::U64,
            ('f', 2) => Self::F16,
            ('f', 4) => Self::F32,
            ('f', 8) => Self::F64,
            _ => return None,
        })
    }

    /// Bytes of one number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Every `stride`-th number of `bytes` from number `first` on, as samples.
    ///
    /// 64-bit integers become `f64`; the index of the first one that `f64` cannot hold exactly is the error.
    pub(crate) fn column(
        self,
        bytes: &[u8],
        big_endian: bool,
        first: usize,
        stride: usize,
    ) -> Result<Samples, usize> {
        let cells = || {
            let size = self.size();
            bytes.chunks_exact(size).skip(first).step_by(stride.max(1))
        };
        // Widest first: the bytes of a number, most significant last, whatever the file's order.
        macro_rules! all {
            ($t:ty) => {
                cells().map(|cell| {
                    let mut b = [0; size_of::<$t>()];
                    b.copy_from_slice(cell);
                    if big_endian { <$t>::from_be_bytes(b) } else { <$t>::from_le_bytes(b) }
                })
            };
        }
        Ok(match self {
            Self::I8 => all!(i8).map(i16::from).collect::<Vec<_>>().into(),
            Self::U8 => all!(u8).map(i16::from).collect::<Vec<_>>().into(),
            Self::I16 => all!(i16).collect::<Vec<_>>().into(),
            Self::U16 => all!(u16).map(i32::from).collect::<Vec<_>>().into(),
            Self::I32 => all!(i32).collect::<Vec<_>>().into(),
            Self::U32 => all!(u32).map(f64::from).collect::<Vec<_>>().into(),
            Self::I64 => exact(all!(i64).map(|v| (v.unsigned_abs(), v as f64)))?,
            Self::U64 => exact(all!(u64).map(|v| (v, v as f64)))?,
            Self::F16 => all!(u16).map(half).collect::<Vec<_>>().into(),
            Self::F32 => all!(f32).collect::<Vec<_>>().into(),
            Self::F64 => all!(f64).collect::<Vec<_>>().into(),
        })
    }
}

/// Values with their magnitudes, which must be within the integers that `f64` holds one by one.
fn exact(values: impl Iterator<Item = (u64, f64)>) -> Result<Samples, usize> {
    let mut out = Vec::new();
    for (i, (magnitude, value)) in values.enumerate() {
        if magnitude > 1 << f64::MANTISSA_DIGITS {
            return Err(i);
        }
        out.push(value);
    }
    Ok(out.into())
}

/// An IEEE 754 half, exactly.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kilat_core::SamplesRef;

    fn floats(s: &Samples) -> Vec<f64> {
        match s.as_ref().unwrap() {
            SamplesRef::I16(x) => x.iter().map(|v| f64::from(*v)).collect(),
            SamplesRef::I32(x) => x.iter().map(|v| f64::from(*v)).collect(),
            SamplesRef::F32(x) => x.iter().map(|v| f64::from(*v)).collect(),
            SamplesRef::F64(x) => x.to_vec(),
        }
    }

    #[test]
    fn extremes_of_every_type_survive_in_both_orders() {
        macro_rules! check {
            ($t:ty, $element:expr) => {
                let values: [$t; 3] = [<$t>::MIN, <$t>::MAX, 7 as $t];
                let expected: Vec<f64> = values.iter().map(|v| *v as f64).collect();
                let le: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                let be: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
                assert_eq!(floats(&$element.column(&le, false, 0, 1).unwrap()), expected);
                assert_eq!(floats(&$element.column(&be, true, 0, 1).unwrap()), expected);
            };
        }
        check!(i8, Element::I8);
        check!(u8, Element::U8);
        check!(i16, Element::I16);
        check!(u16, Element::U16);
        check!(i32, Element::I32);
        check!(u32, Element::U32);
        check!(f32, Element::F32);
        check!(f64, Element::F64);
    }

    #[test]
    fn a_wide_integer_beyond_f64_is_refused_at_its_index() {
        let bytes = |v: i64| [5i64, v].iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        assert_eq!(
            floats(&Element::I64.column(&bytes(-(1 << 53)), false, 0, 1).unwrap())[1],
            -(2f64.powi(53))
        );
        assert_eq!(Element::I64.column(&bytes((1 << 53) + 1), false, 0, 1).unwrap_err(), 1);
        assert_eq!(Element::U64.column(&bytes(-1), false, 0, 1).unwrap_err(), 1);
    }

    #[test]
    fn halves_are_exact() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (1, 2f32.powi(-24)), (0x8000, -0.0)]
        {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!(half(0xfc00), f32::NEG_INFINITY);
    }

    #[test]
    fn a_stride_picks_a_column() {
        let bytes: Vec<u8> = (0..6i16).flat_map(i16::to_le_bytes).collect();
        assert_eq!(floats(&Element::I16.column(&bytes, false, 1, 2).unwrap()), [1.0, 3.0, 5.0]);
    }
}
