//! Codes of a column of text: 16 bits each as long as those do, else 32, else floats.

use kilat_core::Samples;

use super::super::dat::Column;
use super::rows::Part;

/// Codes of a missing sample.
const MISSING_16: i16 = i16::MIN;
pub(super) const MISSING: i32 = i32::MIN;

/// A column while its rows come in.
#[derive(Debug)]
pub(super) enum Codes {
    I16(Vec<i16>),
    I32(Vec<i32>),
    F64(Vec<f64>),
}

impl Codes {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self::I16(Vec::with_capacity(rows))
    }

    /// Appends a part of the column, widening what is there when it must.
    pub(super) fn append(&mut self, part: &Part<'_>) {
        if matches!(self, Self::I16(_)) && !part.codes().all(|v| v == MISSING || is_16(v)) {
            self.widen();
        }
        if !matches!(self, Self::F64(_)) && part.floats().len() > 0 {
            self.widen_to_floats();
        }
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
        }
    }

    fn widen(&mut self) {
        if let Self::I16(x) = self {
            let mut wide = Vec::with_capacity(x.capacity());
            wide.extend(x.iter().map(|v| if *v == MISSING_16 { MISSING } else { i32::from(*v) }));
            *self = Self::I32(wide);
        }
    }

    fn widen_to_floats(&mut self) {
        self.widen();
        if let Self::I32(x) = self {
            let mut wide = Vec::with_capacity(x.capacity());
            wide.extend(x.iter().copied().map(float));
            *self = Self::F64(wide);
        }
    }

    /// Code `i`; NaN where missing.
    pub(super) fn get(&self, i: usize) -> f64 {
        match self {
            Self::I16(x) if x[i] == MISSING_16 => f64::NAN,
            Self::I16(x) => f64::from(x[i]),
            Self::I32(x) => float(x[i]),
            Self::F64(x) => x[i],
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
        };
        Column { samples, missing_code }
    }
}

/// True for what 16 bits hold beside the code of a missing sample.
fn is_16(code: i32) -> bool {
    i16::try_from(code).is_ok_and(|v| v != MISSING_16)
}

fn float(code: i32) -> f64 {
    if code == MISSING { f64::NAN } else { f64::from(code) }
}
