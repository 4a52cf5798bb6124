//! An open HDF5 file: its numeric datasets and its attributes, each checked against the length of the file first.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use kilat_core::{Error, Result, Samples, SamplesRef};

use super::decoder::{Dataset, File};
use super::malformed;
use crate::elements::Element;
use crate::limit::most_decoded;
use crate::stored::STAY_FROM;

/// How the values of a dataset lie.
pub(super) enum Layout {
    /// In one piece.
    Whole,
    /// In chunks with these sides, compressed or not.
    Chunked(Vec<usize>),
    /// In other files.
    Outside,
}

/// The numbers of an attribute.
pub(super) struct Numbers {
    pub(super) element: Element,
    pub(super) big_endian: bool,
    pub(super) bytes: Vec<u8>,
}

impl Numbers {
    fn values(&self) -> Option<Vec<f64>> {
        Some(match self.element.column(&self.bytes, self.big_endian, 0, 1).ok()?.as_ref()? {
            SamplesRef::I16(x) => x.iter().map(|v| f64::from(*v)).collect(),
            SamplesRef::I32(x) => x.iter().map(|v| f64::from(*v)).collect(),
            SamplesRef::F32(x) => x.iter().map(|v| f64::from(*v)).collect(),
            SamplesRef::F64(x) => x.to_vec(),
        })
    }
}

/// An open file.
pub(super) struct Container {
    file: File,
    pub(super) part: String,
    len: u64,
    /// Bytes that may still be read out of the file, by all datasets together: a small file may declare many.
    left: Rc<Cell<u64>>,
}

impl Container {
    pub(super) fn open(path: &Path, part: &str) -> Result<Self> {
        let len = path.metadata().map_err(|e| Error::io(path, e))?.len();
        let file =
            File::open(path).map_err(|e| malformed(part, "structure", "a sound HDF5 file", e.to_string()))?;
        let left = Rc::new(Cell::new(most_decoded(len)));
        Ok(Self { file, part: part.into(), len, left })
    }

    /// A numeric attribute of the root (`""`) or of a group.
    pub(super) fn number(&self, group: &str, name: &str) -> Option<f64> {
        self.file.numbers(group, name)?.values()?.first().copied()
    }

    /// A text attribute of the root (`""`) or of a group.
    pub(super) fn text(&self, group: &str, name: &str) -> Option<String> {
        self.file.text(group, name)
    }

    /// Paths of all datasets, in order.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> =
            self.file.paths().iter().map(|p| p.trim_start_matches('/').to_owned()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The dataset at `path`.
    pub(super) fn array(&self, path: &str) -> Result<Array> {
        let dataset =
            self.file.dataset(path).map_err(|e| malformed(&self.part, path, "a dataset", e.to_string()))?;
        let array = Array {
            path: path.into(),
            shape: dataset.shape.clone(),
            number: dataset.number,
            part: self.part.clone(),
            left: Rc::clone(&self.left),
            file_len: self.len,
            dataset,
        };
        array.check_size()?;
        Ok(array)
    }

    /// All datasets of numbers, and the paths of those that cannot be read.
    pub(super) fn arrays(&self) -> (Vec<Array>, Vec<Error>) {
        let (mut arrays, mut failed) = (Vec::new(), Vec::new());
        for path in self.paths() {
            match self.array(&path) {
                Ok(array) if array.number.is_some() => arrays.push(array),
                Ok(_) => {}
                Err(e) => failed.push(e),
            }
        }
        (arrays, failed)
    }
}

/// A dataset.
pub(super) struct Array {
    pub(super) path: String,
    pub(super) shape: Vec<usize>,
    /// Type of its numbers, and whether they are big-endian; none when it holds something else.
    pub(super) number: Option<(Element, bool)>,
    part: String,
    left: Rc<Cell<u64>>,
    file_len: u64,
    dataset: Dataset,
}

impl Array {
    /// `capture0/voltage (19200) f64`, for messages.
    pub(super) fn describe(&self) -> String {
        let sides: Vec<_> = self.shape.iter().map(ToString::to_string).collect();
        let kind = self
            .number
            .map_or_else(|| self.dataset.type_name.clone(), |(e, _)| format!("{e:?}").to_lowercase());
        format!("`{}` ({}) {kind}", self.path, sides.join(", "))
    }

    /// A size beyond what the file can hold is refused before anything is allocated for it.
    fn check_size(&self) -> Result<()> {
        let unread =
            |e: super::decoder::Error| malformed(&self.part, &self.path, "a readable layout", e.to_string());
        let (most, chunk) = match self.dataset.layout().map_err(unread)? {
            Layout::Whole => (self.file_len, 0),
            Layout::Chunked(sides) => (most_decoded(self.file_len), self.bytes_of(&sides)),
            Layout::Outside => {
                // A file from outside must not make us open others.
                return Err(Error::Unsupported {
                    part: self.part.clone(),
                    what: format!("dataset `{}`, whose values lie in other files,", self.path),
                    hint: "copy the values into one file, for instance with h5repack".into(),
                });
            }
        };
        self.at_most(most, self.bytes_of(&self.shape).max(chunk))
    }

    /// Bytes of so many numbers.
    fn bytes_of(&self, sides: &[usize]) -> u64 {
        let size = self.dataset.element_size as u64;
        sides.iter().try_fold(size, |n, side| n.checked_mul(*side as u64)).unwrap_or(u64::MAX)
    }

    fn at_most(&self, most: u64, found: u64) -> Result<()> {
        if found <= most {
            return Ok(());
        }
        let expected = format!("at most {most} bytes, which is what a file of this length can hold");
        Err(malformed(&self.part, format!("dataset `{}`", self.path), expected, found.to_string()))
    }

    /// The stored bytes.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        self.decoded(Dataset::bytes)
    }

    /// What `decode` makes of the dataset, once its bytes have been taken off those that may still be read.
    fn decoded<T>(&self, decode: impl FnOnce(&Dataset) -> Result<T, super::decoder::Error>) -> Result<T> {
        let needed = self.bytes_of(&self.shape);
        self.at_most(self.left.get(), needed)?;
        self.left.set(self.left.get() - needed);
        decode(&self.dataset).map_err(|e| {
            malformed(&self.part, format!("dataset `{}`", self.path), "readable values", e.to_string())
        })
    }

    /// Every `stride`-th number from number `first` on, out of the stored `bytes`.
    pub(super) fn column(&self, bytes: &[u8], first: usize, stride: usize) -> Result<Samples> {
        let at = || format!("dataset `{}`", self.path);
        let (element, big_endian) =
            self.number.ok_or_else(|| malformed(&self.part, at(), "numbers", &*self.dataset.type_name))?;
        element.column(bytes, big_endian, first, stride).map_err(|i| {
            malformed(&self.part, format!("{}: value {i}", at()), "at most 2^53", "a larger integer")
        })
    }

    /// 64-bit integers must be looked at before they can be promised.
    fn is_wide(&self) -> bool {
        matches!(self.number, Some((Element::I64 | Element::U64, _)))
    }

    /// The samples left in the file, when they lie so that parts of them can be read.
    pub(super) fn in_parts(&self) -> Option<Samples> {
        self.dataset.stored().filter(|_| !self.is_wide())
    }

    /// All numbers of the dataset: in memory, or left in the file when they are many and lie so that parts can be read.
    pub(super) fn samples(&self) -> Result<Samples> {
        if self.bytes_of(&self.shape) >= STAY_FROM as u64
            && let Some(samples) = self.in_parts()
        {
            return Ok(samples);
        }
        let at_once = |d: &Dataset| if self.is_wide() { None } else { d.samples() };
        let decoded = self.decoded(|d| match at_once(d) {
            Some(samples) => samples.map(Ok),
            None => d.bytes().map(Err),
        })?;
        decoded.or_else(|bytes| self.column(&bytes, 0, 1))
    }

    /// A numeric attribute.
    pub(super) fn attr(&self, name: &str) -> Option<f64> {
        self.attr_numbers(name)?.first().copied()
    }

    /// A numeric attribute of several values.
    pub(super) fn attr_numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.dataset.numbers(name)?.values()
    }

    /// A text attribute.
    pub(super) fn attr_text(&self, name: &str) -> Option<String> {
        self.dataset.text(name)
    }

    /// The texts of a dataset of strings.
    pub(super) fn texts(&self) -> Result<Vec<String>> {
        self.dataset.texts(self.file_len).map_err(|e| {
            malformed(&self.part, format!("dataset `{}`", self.path), "readable texts", e.to_string())
        })
    }
}
