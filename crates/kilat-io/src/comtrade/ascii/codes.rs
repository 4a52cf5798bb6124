//! Codes of a column of text: 16 bits each as long as those do, else 32, else floats; text again where there is no room.

use std::sync::Arc;

use kilat_core::{Samples, Stored};

use super::super::dat::Column;
use super::rows::Part;
use super::texts::Texts;

/// Codes of a missing sample.
const MISSING_16: i16 = i16::MIN;
pub(super) const MISSING: i32 = i32::MIN;

/// A column while its rows come in.
#[derive(Debug)]
pub(super) enum Codes {
    I16(Vec<i16>),
    I32(Vec<i32>),
    F64(Vec<f64>),
    Text(Texts),
}

impl Codes {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self::I16(Vec::with_capacity(rows))
    }

    /// Bytes of a code; none when they are text.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::I16(_) => 2,
            Self::I32(_) => 4,
            Self::F64(_) => 8,
        }
    }

    /// The least width that holds what is there and `part`.
    pub(super) fn width_with(&self, part: &Part<'_>) -> usize {
        match self {
            Self::I16(_) | Self::I32(_) if part.floats().len() > 0 => 8,
            Self::I16(_) if !part.codes().all(|v| v == MISSING || is_16(v)) => 4,
            _ => self.width(),
        }
    }

    /// Widens what is there to codes of `width` bytes, with room for as many.
    pub(super) fn widen(&mut self, width: usize) {
        macro_rules! widened {
            ($from:expr, $kind:ident, $convert:expr) => {{
                let mut wide = Vec::with_capacity($from.capacity());
                wide.extend($from.iter().map($convert));
                *self = Self::$kind(wide);
            }};
        }
        match self {
            Self::I16(x) if width == 4 => widened!(x, I32, |v| wide(*v)),
            Self::I16(x) if width == 8 => widened!(x, F64, |v| float(wide(*v))),
            Self::I32(x) if width == 8 => widened!(x, F64, |v| float(*v)),
            _ => {}
        }
    }

    /// Turns what is there, and what will come, to text.
    pub(super) fn become_text(&mut self) {
        let mut texts = Texts::default();
        match self {
            Self::I16(x) => x.iter().for_each(|v| texts.push(float(wide(*v)))),
            Self::I32(x) => x.iter().for_each(|v| texts.push(float(*v))),
            Self::F64(x) => x.iter().for_each(|v| texts.push(*v)),
            Self::Text(_) => return,
        }
        *self = Self::Text(texts);
    }

    /// Appends a part of the column, for which it is wide enough.
    pub(super) fn append(&mut self, part: &Part<'_>) {
        match self {
            Self::I16(x) => x.extend(part.codes().map(|v| if v == MISSING { MISSING_16 } else { v as i16 })),
            Self::I32(x) => x.extend(part.codes()),
            Self::F64(x) => {
                let start = x.len();
                x.extend(part.codes().map(float));
                for (row, value) in part.floats() {
                    x[start + row] = value;
                }
            }
            Self::Text(x) => {
                let mut floats = part.floats().peekable();
                for (row, code) in part.codes().enumerate() {
                    let is_float = floats.next_if(|(of, _)| *of == row);
                    x.push(is_float.map_or_else(|| float(code), |(_, value)| value));
                }
            }
        }
    }

    /// Code `i`; NaN where missing.
    pub(super) fn get(&self, i: usize) -> f64 {
        match self {
            Self::I16(x) if x[i] == MISSING_16 => f64::NAN,
            Self::I16(x) => f64::from(x[i]),
            Self::I32(x) => float(x[i]),
            Self::F64(x) => x[i],
            Self::Text(_) => f64::NAN,
        }
    }

    pub(super) fn finish(self) -> Column {
        let (samples, missing_code): (Samples, _) = match self {
            Self::I16(x) => {
                let has_missing = x.contains(&MISSING_16);
                (x.into(), has_missing.then_some(i32::from(MISSING_16)))
            }
            Self::I32(x) => {
                let has_missing = x.contains(&MISSING);
                (x.into(), has_missing.then_some(MISSING))
            }
            Self::F64(x) => (x.into(), None),
            Self::Text(x) => {
                let all: Arc<dyn Stored> = Arc::new(x);
                (all.into(), None)
            }
        };
        Column { samples, missing_code }
    }
}

/// True for what 16 bits hold beside the code of a missing sample.
fn is_16(code: i32) -> bool {
    i16::try_from(code).is_ok_and(|v| v != MISSING_16)
}

fn wide(code: i16) -> i32 {
    if code == MISSING_16 { MISSING } else { i32::from(code) }
}

fn float(code: i32) -> f64 {
    if code == MISSING { f64::NAN } else { f64::from(code) }
}
