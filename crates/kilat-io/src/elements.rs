//! Numbers as binary files store them, to the nearest sample type that loses nothing.

use kilat_core::{Codes, SampleKind, Samples, SamplesRef};

/// Type of one stored number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    I8,
    U8,
    /// A byte whose zero is 128.
    Excess8,
    I16,
    U16,
    /// Three bytes.
    I24,
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
            Self::I8 | Self::U8 | Self::Excess8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Type of the samples that these numbers become.
    pub(crate) fn kind(self) -> SampleKind {
        match self {
            Self::I8 | Self::U8 | Self::Excess8 | Self::I16 => SampleKind::I16,
            Self::U16 | Self::I24 | Self::I32 => SampleKind::I32,
            Self::F16 | Self::F32 => SampleKind::F32,
            Self::U32 | Self::I64 | Self::U64 | Self::F64 => SampleKind::F64,
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
        let mut own = Codes::default();
        self.decode(bytes, big_endian, first, stride, &mut own)?;
        Ok(match self.kind() {
            SampleKind::I16 => own.i16.into(),
            SampleKind::I32 => own.i32.into(),
            SampleKind::F32 => own.f32.into(),
            SampleKind::F64 => own.f64.into(),
        })
    }

    /// The same into buffers that are there already.
    pub(crate) fn decode<'a>(
        self,
        bytes: &[u8],
        big_endian: bool,
        first: usize,
        stride: usize,
        own: &'a mut Codes,
    ) -> Result<SamplesRef<'a>, usize> {
        macro_rules! all {
            ($t:ty, $out:expr, $convert:expr) => {{
                let number = |b: &[u8; size_of::<$t>()]| {
                    $convert(if big_endian { <$t>::from_be_bytes(*b) } else { <$t>::from_le_bytes(*b) })
                };
                all!($out, number)
            }};
            ($out:expr, $number:expr) => {{
                let number = $number;
                $out.clear();
                let cells = bytes.as_chunks().0.iter().skip(first);
                if stride <= 1 {
                    $out.extend(cells.map(number));
                } else {
                    $out.extend(cells.step_by(stride).map(number));
                }
            }};
        }
        match self {
            Self::I8 => all!(i8, own.i16, i16::from),
            Self::U8 => all!(u8, own.i16, i16::from),
            Self::Excess8 => all!(u8, own.i16, |v| i16::from(v) - 128),
            Self::I16 => all!(i16, own.i16, |v| v),
            Self::U16 => all!(u16, own.i32, i32::from),
            Self::I24 => all!(own.i32, |b: &[u8; 3]| {
                let [low, middle, high] = if big_endian { [b[2], b[1], b[0]] } else { *b };
                i32::from_le_bytes([0, low, middle, high]) >> 8
            }),
            Self::I32 => all!(i32, own.i32, |v| v),
            Self::U32 => all!(u32, own.f64, f64::from),
            Self::I64 => {
                all!(i64, own.f64, |v: i64| exact(v.unsigned_abs(), v as f64));
                all_exact(&own.f64)?;
            }
            Self::U64 => {
                all!(u64, own.f64, |v: u64| exact(v, v as f64));
                all_exact(&own.f64)?;
            }
            Self::F16 => all!(u16, own.f32, half),
            Self::F32 => all!(f32, own.f32, |v| v),
            Self::F64 => all!(f64, own.f64, |v| v),
        }
        Ok(match self.kind() {
            SampleKind::I16 => own.i16.as_slice().into(),
            SampleKind::I32 => own.i32.as_slice().into(),
            SampleKind::F32 => own.f32.as_slice().into(),
            SampleKind::F64 => own.f64.as_slice().into(),
        })
    }
}

/// An integer that `f64` holds as it is; NaN, which no integer is, for one that it does not.
fn exact(magnitude: u64, value: f64) -> f64 {
    if magnitude > 1 << f64::MANTISSA_DIGITS { f64::NAN } else { value }
}

fn all_exact(values: &[f64]) -> Result<(), usize> {
    values.iter().position(|v| v.is_nan()).map_or(Ok(()), Err)
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

/// Codes as floats, which hold each of them exactly.
pub(crate) fn floats(codes: SamplesRef<'_>, out: &mut Vec<f64>) {
    out.clear();
    match codes {
        SamplesRef::I16(x) => out.extend(x.iter().map(|v| f64::from(*v))),
        SamplesRef::I32(x) => out.extend(x.iter().map(|v| f64::from(*v))),
        SamplesRef::F32(x) => out.extend(x.iter().map(|v| f64::from(*v))),
        SamplesRef::F64(x) => out.extend(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(s: &Samples) -> Vec<f64> {
        let mut out = Vec::new();
        super::floats(s.as_ref().unwrap(), &mut out);
        out
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
    fn three_bytes_keep_their_sign_in_both_orders() {
        let le = [0, 0, 0x80, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff];
        let be: Vec<u8> = le.chunks(3).flat_map(|c| c.iter().rev().copied()).collect();
        for (bytes, big_endian) in [(&le[..], false), (&be, true)] {
            let found = floats(&Element::I24.column(bytes, big_endian, 0, 1).unwrap());
            assert_eq!(found, [-8_388_608.0, 8_388_607.0, -1.0]);
        }
        assert_eq!(
            floats(&Element::Excess8.column(&[0, 128, 255], false, 0, 1).unwrap()),
            [-128.0, 0.0, 127.0]
        );
    }

    #[test]
    fn a_stride_picks_a_column() {
        let bytes: Vec<u8> = (0..6i16).flat_map(i16::to_le_bytes).collect();
        assert_eq!(floats(&Element::I16.column(&bytes, false, 1, 2).unwrap()), [1.0, 3.0, 5.0]);
    }
}
