//! Codes of one channel, kept in the type the file stored.

use std::ops::Range;
use std::sync::Arc;

use ndarray::ArrayView1;

/// Shared, sliceable codes.
#[derive(Debug, Clone)]
pub struct Samples {
    data: Data,
    range: Range<usize>,
}

#[derive(Debug, Clone)]
enum Data {
    I16(Arc<Vec<i16>>),
    I32(Arc<Vec<i32>>),
    F32(Arc<Vec<f32>>),
    F64(Arc<Vec<f64>>),
}

/// Borrowed codes.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)] // the variants are the names of the types
pub enum SamplesRef<'a> {
    I16(&'a [i16]),
    I32(&'a [i32]),
    F32(&'a [f32]),
    F64(&'a [f64]),
}

/// Type of the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the variants are the names of the types
pub enum SampleKind {
    I16,
    I32,
    F32,
    F64,
}

impl Samples {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// True without a sample.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Type of the codes.
    pub fn kind(&self) -> SampleKind {
        match self.data {
            Data::I16(_) => SampleKind::I16,
            Data::I32(_) => SampleKind::I32,
            Data::F32(_) => SampleKind::F32,
            Data::F64(_) => SampleKind::F64,
        }
    }

    /// The codes.
    pub fn as_ref(&self) -> SamplesRef<'_> {
        let r = self.range.clone();
        match &self.data {
            Data::I16(x) => SamplesRef::I16(&x[r]),
            Data::I32(x) => SamplesRef::I32(&x[r]),
            Data::F32(x) => SamplesRef::F32(&x[r]),
            Data::F64(x) => SamplesRef::F64(&x[r]),
        }
    }

    /// Samples `range` of these, sharing memory.
    ///
    /// # Panics
    /// When `range` reaches beyond the end.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "slice beyond the samples");
        let range = self.range.start + range.start..self.range.start + range.end;
        Self { data: self.data.clone(), range }
    }
}

impl<'a> SamplesRef<'a> {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::I16(x) => x.len(),
            Self::I32(x) => x.len(),
            Self::F32(x) => x.len(),
            Self::F64(x) => x.len(),
        }
    }

    /// True without a sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Samples `range` of these.
    ///
    /// # Panics
    /// When `range` reaches beyond the end.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> SamplesRef<'a> {
        match self {
            Self::I16(x) => Self::I16(&x[range]),
            Self::I32(x) => Self::I32(&x[range]),
            Self::F32(x) => Self::F32(&x[range]),
            Self::F64(x) => Self::F64(&x[range]),
        }
    }
}

macro_rules! from_vec {
    ($($t:ty => $v:ident),*) => {$(
        impl From<Vec<$t>> for Samples {
            fn from(x: Vec<$t>) -> Self {
                Self { range: 0..x.len(), data: Data::$v(Arc::new(x)) }
            }
        }
        impl From<ArrayView1<'_, $t>> for Samples {
            /// Copies: a view may be strided, and a capture outlives it.
            fn from(x: ArrayView1<'_, $t>) -> Self {
                Self::from(x.to_vec())
            }
        }
        impl<'a> From<&'a [$t]> for SamplesRef<'a> {
            fn from(x: &'a [$t]) -> Self {
                Self::$v(x)
            }
        }
    )*};
}
from_vec!(i16 => I16, i32 => I32, f32 => F32, f64 => F64);

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn a_column_of_an_array_becomes_samples() {
        let table = arr2(&[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]);
        let samples = Samples::from(table.column(1));
        assert!(matches!(samples.slice(1..3).as_ref(), SamplesRef::F64([20.0, 30.0])));
    }
}
