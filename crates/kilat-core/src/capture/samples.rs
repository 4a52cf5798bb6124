//! Codes of one channel, kept in the type the file stored, and where it stored them if they are many.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ndarray::ArrayView1;

use crate::error::Result;

/// Shared, sliceable codes: in memory, or [stored](Stored) elsewhere.
#[derive(Debug, Clone)]
pub struct Samples {
    data: Data,
    range: Range<usize>,
}

/// Codes that are read when they are asked for: in a mapped file, compressed, larger than memory.
pub trait Stored: fmt::Debug + Send + Sync {
    /// Number of samples.
    fn len(&self) -> usize;

    /// True without a sample.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Type of the codes.
    fn kind(&self) -> SampleKind;

    /// Samples `range`, which is within [`len`](Self::len): lent where they lie ready in memory, else decoded into `own`,
    /// whose former content is of no interest. Several threads may read at a time.
    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>>;
}

/// Buffers for codes of any type, to be used again and again.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // the fields are the names of the types
pub struct Codes {
    pub i16: Vec<i16>,
    pub i32: Vec<i32>,
    pub f32: Vec<f32>,
    pub f64: Vec<f64>,
}

#[derive(Debug, Clone)]
enum Data {
    Here(Here),
    Stored(Arc<dyn Stored>),
}

#[derive(Debug, Clone)]
enum Here {
    I16(Arc<Vec<i16>>),
    I32(Arc<Vec<i32>>),
    F32(Arc<Vec<f32>>),
    F64(Arc<Vec<f64>>),
}

/// Memory that samples may stay in while they are analysed.
#[derive(Debug, Clone)]
pub enum Lent {
    Floats(Arc<Vec<f32>>),
    Codes(Arc<Vec<i16>>),
}

impl Here {
    fn lend(&self, range: Range<usize>) -> SamplesRef<'_> {
        match self {
            Self::I16(x) => SamplesRef::I16(&x[range]),
            Self::I32(x) => SamplesRef::I32(&x[range]),
            Self::F32(x) => SamplesRef::F32(&x[range]),
            Self::F64(x) => SamplesRef::F64(&x[range]),
        }
    }
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
        match &self.data {
            Data::Here(Here::I16(_)) => SampleKind::I16,
            Data::Here(Here::I32(_)) => SampleKind::I32,
            Data::Here(Here::F32(_)) => SampleKind::F32,
            Data::Here(Here::F64(_)) => SampleKind::F64,
            Data::Stored(s) => s.kind(),
        }
    }

    /// The codes; `None` when they are [stored](Stored) elsewhere: then [`read`](Self::read) or [`load`](Self::load) them.
    pub fn as_ref(&self) -> Option<SamplesRef<'_>> {
        match &self.data {
            Data::Here(x) => Some(x.lend(self.range.clone())),
            Data::Stored(_) => None,
        }
    }

    /// The memory that they are in, and where in it they begin; `None` when an engine could not use them where they lie.
    pub(crate) fn lent(&self) -> Option<(Lent, usize)> {
        let lent = match &self.data {
            Data::Here(Here::F32(x)) => Lent::Floats(x.clone()),
            Data::Here(Here::I16(x)) => Lent::Codes(x.clone()),
            _ => return None,
        };
        Some((lent, self.range.start))
    }

    /// Where the codes are held, and the first and the end of them: the same for the same samples, without a look at any.
    pub fn place(&self) -> [usize; 3] {
        let held = match &self.data {
            Data::Here(Here::I16(x)) => Arc::as_ptr(x).addr(),
            Data::Here(Here::I32(x)) => Arc::as_ptr(x).addr(),
            Data::Here(Here::F32(x)) => Arc::as_ptr(x).addr(),
            Data::Here(Here::F64(x)) => Arc::as_ptr(x).addr(),
            Data::Stored(x) => Arc::as_ptr(x).addr(),
        };
        [held, self.range.start, self.range.end]
    }

    /// Samples `range` of these, wherever they are; `own` serves when they must be decoded.
    ///
    /// # Panics
    /// When `range` reaches beyond the end.
    pub fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        assert!(range.start <= range.end && range.end <= self.len(), "read beyond the samples");
        let range = self.range.start + range.start..self.range.start + range.end;
        match &self.data {
            Data::Here(x) => Ok(x.lend(range)),
            Data::Stored(s) => s.read(range, own),
        }
    }

    /// The same codes in memory: shared when they are there already.
    pub fn load(&self) -> Result<Self> {
        if self.as_ref().is_some() {
            return Ok(self.clone());
        }
        let mut own = Codes::default();
        Ok(match self.read(0..self.len(), &mut own)? {
            SamplesRef::I16(x) => x.to_vec().into(),
            SamplesRef::I32(x) => x.to_vec().into(),
            SamplesRef::F32(x) => x.to_vec().into(),
            SamplesRef::F64(x) => x.to_vec().into(),
        })
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

impl Codes {
    /// The `index`-th of `columns` in `rows`, copied. The first rows of a type make room for `most`.
    pub fn column(
        &mut self,
        rows: SamplesRef<'_>,
        (index, columns): (usize, usize),
        most: usize,
    ) -> SamplesRef<'_> {
        let pick = Pick { index, columns, most };
        match rows {
            SamplesRef::I16(x) => SamplesRef::I16(pick.of(x, &mut self.i16)),
            SamplesRef::I32(x) => SamplesRef::I32(pick.of(x, &mut self.i32)),
            SamplesRef::F32(x) => SamplesRef::F32(pick.of(x, &mut self.f32)),
            SamplesRef::F64(x) => SamplesRef::F64(pick.of(x, &mut self.f64)),
        }
    }
}

/// One column of rows.
struct Pick {
    index: usize,
    columns: usize,
    most: usize,
}

impl Pick {
    fn of<'o, T: Copy>(&self, rows: &[T], own: &'o mut Vec<T>) -> &'o [T] {
        own.clear();
        own.reserve_exact(self.most);
        own.extend(rows.iter().skip(self.index).step_by(self.columns));
        own
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

    /// Type of the codes.
    pub fn kind(&self) -> SampleKind {
        match self {
            Self::I16(_) => SampleKind::I16,
            Self::I32(_) => SampleKind::I32,
            Self::F32(_) => SampleKind::F32,
            Self::F64(_) => SampleKind::F64,
        }
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

impl From<Arc<dyn Stored>> for Samples {
    fn from(x: Arc<dyn Stored>) -> Self {
        Self { range: 0..x.len(), data: Data::Stored(x) }
    }
}

macro_rules! from_vec {
    ($($t:ty => $v:ident),*) => {$(
        impl From<Vec<$t>> for Samples {
            fn from(x: Vec<$t>) -> Self {
                Self { range: 0..x.len(), data: Data::Here(Here::$v(Arc::new(x))) }
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
        assert!(matches!(samples.slice(1..3).as_ref(), Some(SamplesRef::F64([20.0, 30.0]))));
    }

    /// Counts up by two, as if from a file.
    #[derive(Debug)]
    struct Even;

    impl Stored for Even {
        fn len(&self) -> usize {
            100
        }
        fn kind(&self) -> SampleKind {
            SampleKind::I16
        }
        fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
            own.i16.clear();
            own.i16.extend(range.map(|i| 2 * i as i16));
            Ok(SamplesRef::I16(&own.i16))
        }
    }

    #[test]
    fn stored_samples_are_read_where_a_slice_begins() {
        let stored: Arc<dyn Stored> = Arc::new(Even);
        let slice = Samples::from(stored).slice(10..90).slice(5..20);
        assert!(slice.as_ref().is_none());
        let mut own = Codes::default();
        assert!(matches!(slice.read(1..4, &mut own), Ok(SamplesRef::I16([32, 34, 36]))));
        assert_eq!(slice.place(), slice.clone().place());
        assert_ne!(slice.place(), slice.slice(1..3).place());
        let here = slice.load().unwrap();
        assert_ne!(slice.place(), here.place());
        assert!(matches!(here.slice(1..4).as_ref(), Some(SamplesRef::I16([32, 34, 36]))));
    }
}
