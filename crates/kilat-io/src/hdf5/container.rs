//! An open HDF5 file: its numeric datasets and its attributes, each checked against the length of the file first.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use kilat_core::{Error, Result, Samples, SamplesRef};
use rust_hdf5::{ByteOrder, DatatypeMessage, FileLocking, H5Dataset, H5File, StorageLayout};

use super::attributes::Headers;
use super::malformed;
use crate::elements::Element;

/// Bytes that a byte of a compressed dataset may stand for: what deflate reaches on a constant, with some to spare.
const MOST_EXPANSION: u64 = 1100;

/// Bytes of a dataset that need no such proof.
const ALWAYS_ALLOWED: u64 = 16 << 20;

/// An open file.
pub(super) struct Container {
    pub(super) file: H5File,
    pub(super) part: String,
    len: u64,
    /// Bytes that may still be read out of the file, by all datasets together: a small file may declare many.
    left: Rc<Cell<u64>>,
    headers: Option<Headers>,
}

impl Container {
    pub(super) fn open(path: &Path, part: &str) -> Result<Self> {
        let len = path.metadata().map_err(|e| Error::io(path, e))?.len();
        // A lock would fail on read-only media and protects nothing: the file is read once.
        let opened = H5File::options().locking(FileLocking::Disabled).open(path);
        let file = opened.map_err(|e| malformed(part, "structure", "a sound HDF5 file", e.to_string()))?;
        let left = Rc::new(Cell::new(most_bytes(len)));
        Ok(Self { file, part: part.into(), len, left, headers: Headers::open(path) })
    }

    /// A numeric attribute of the root (`""`) or of a group.
    pub(super) fn number(&self, group: &str, name: &str) -> Option<f64> {
        let message = self.headers.as_ref()?.attribute(group, name)?;
        first_number(&message.datatype, &message.data)
    }

    /// A text attribute of the root (`""`) or of a group.
    pub(super) fn text(&self, group: &str, name: &str) -> Option<String> {
        let message = self.headers.as_ref()?.attribute(group, name)?;
        if !is_text(&message.datatype) {
            return None;
        }
        match group {
            "" => self.file.attr_string(name).ok(),
            _ => self.file.root_group().group(group).ok()?.attr_string(name).ok(),
        }
    }

    /// Paths of all datasets, in order.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> =
            self.file.dataset_names().iter().map(|p| p.trim_start_matches('/').to_owned()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The dataset at `path`.
    pub(super) fn array(&self, path: &str) -> Result<Array> {
        let dataset =
            self.file.dataset(path).map_err(|e| malformed(&self.part, path, "a dataset", e.to_string()))?;
        let datatype = dataset
            .datatype()
            .map_err(|e| malformed(&self.part, path, "a type of numbers", e.to_string()))?;
        let array = Array {
            path: path.into(),
            shape: dataset.shape(),
            number: number_type(&datatype),
            type_name: datatype.to_string(),
            part: self.part.clone(),
            left: Rc::clone(&self.left),
            dataset,
        };
        array.check_size(self.len)?;
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
    type_name: String,
    part: String,
    left: Rc<Cell<u64>>,
    dataset: H5Dataset,
}

impl Array {
    /// `capture0/voltage (19200) f64`, for messages.
    pub(super) fn describe(&self) -> String {
        let sides: Vec<_> = self.shape.iter().map(ToString::to_string).collect();
        let kind =
            self.number.map_or_else(|| self.type_name.clone(), |(e, _)| format!("{e:?}").to_lowercase());
        format!("`{}` ({}) {kind}", self.path, sides.join(", "))
    }

    /// A size beyond what the file can hold is refused before anything is allocated for it.
    fn check_size(&self, file_len: u64) -> Result<()> {
        let unread =
            |e: rust_hdf5::Hdf5Error| malformed(&self.part, &self.path, "a readable layout", e.to_string());
        let layout = self.dataset.storage_layout().map_err(unread)?;
        let outside =
            layout == StorageLayout::Virtual || !self.dataset.external_files().map_err(unread)?.is_empty();
        if outside {
            // A file from outside must not make us open others.
            return Err(Error::Unsupported {
                part: self.part.clone(),
                what: format!("dataset `{}`, whose values lie in other files,", self.path),
                hint: "copy the values into one file, for instance with h5repack".into(),
            });
        }
        let most = if layout == StorageLayout::Chunked { most_bytes(file_len) } else { file_len };
        let chunk = self.dataset.chunk_dims().map_or(0, |sides| self.bytes_of(&sides));
        self.at_most(most, self.bytes_of(&self.shape).max(chunk))
    }

    /// Bytes of so many numbers.
    fn bytes_of(&self, sides: &[usize]) -> u64 {
        let size = self.dataset.element_size() as u64;
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
        let needed = self.bytes_of(&self.shape);
        self.at_most(self.left.get(), needed)?;
        self.left.set(self.left.get() - needed);
        self.dataset.read_raw_bytes().map_err(|e| {
            malformed(&self.part, format!("dataset `{}`", self.path), "readable values", e.to_string())
        })
    }

    /// Every `stride`-th number from number `first` on, out of the stored `bytes`.
    pub(super) fn column(&self, bytes: &[u8], first: usize, stride: usize) -> Result<Samples> {
        let at = || format!("dataset `{}`", self.path);
        let (element, big_endian) =
            self.number.ok_or_else(|| malformed(&self.part, at(), "numbers", &*self.type_name))?;
        element.column(bytes, big_endian, first, stride).map_err(|i| {
            malformed(&self.part, format!("{}: value {i}", at()), "at most 2^53", "a larger integer")
        })
    }

    /// All numbers of the dataset.
    pub(super) fn samples(&self) -> Result<Samples> {
        self.column(&self.bytes()?, 0, 1)
    }

    /// A numeric attribute.
    pub(super) fn attr(&self, name: &str) -> Option<f64> {
        self.attr_numbers(name)?.first().copied()
    }

    /// A numeric attribute of several values.
    pub(super) fn attr_numbers(&self, name: &str) -> Option<Vec<f64>> {
        let attr = self.dataset.attr(name).ok()?;
        numbers(&attr.datatype().ok()?, &attr.read_raw().ok()?)
    }

    /// A text attribute.
    pub(super) fn attr_text(&self, name: &str) -> Option<String> {
        let attr = self.dataset.attr(name).ok()?;
        if is_text(&attr.datatype().ok()?) { attr.read_string().ok() } else { None }
    }

    /// The texts of a dataset of strings.
    pub(super) fn texts(&self) -> Result<Vec<String>> {
        self.dataset.read_vlen_strings().map_err(|e| {
            malformed(&self.part, format!("dataset `{}`", self.path), "readable texts", e.to_string())
        })
    }
}

/// Bytes that the datasets of a file of `file_len` bytes may hold.
fn most_bytes(file_len: u64) -> u64 {
    ALWAYS_ALLOWED.max(file_len.saturating_mul(MOST_EXPANSION))
}

fn is_text(datatype: &DatatypeMessage) -> bool {
    matches!(datatype, DatatypeMessage::FixedString { .. } | DatatypeMessage::VarLenString { .. })
}

/// The type of plain numbers of whole bytes; `None` for anything else.
fn number_type(datatype: &DatatypeMessage) -> Option<(Element, bool)> {
    let (class, size, order) = match datatype {
        DatatypeMessage::FixedPoint { size, byte_order, signed, bit_offset: 0, bit_precision }
            if u32::from(*bit_precision) == size * 8 =>
        {
            (if *signed { 'i' } else { 'u' }, *size, byte_order)
        }
        DatatypeMessage::FloatingPoint { size, byte_order, exponent_size, mantissa_size, .. }
            if matches!((size, exponent_size, mantissa_size), (2, 5, 10) | (4, 8, 23) | (8, 11, 52)) =>
        {
            ('f', *size, byte_order)
        }
        _ => return None,
    };
    Some((Element::of(class, size as usize)?, *order == ByteOrder::BigEndian))
}

fn numbers(datatype: &DatatypeMessage, data: &[u8]) -> Option<Vec<f64>> {
    let (element, big_endian) = number_type(datatype)?;
    Some(match element.column(data, big_endian, 0, 1).ok()?.as_ref() {
        SamplesRef::I16(x) => x.iter().map(|v| f64::from(*v)).collect(),
        SamplesRef::I32(x) => x.iter().map(|v| f64::from(*v)).collect(),
        SamplesRef::F32(x) => x.iter().map(|v| f64::from(*v)).collect(),
        SamplesRef::F64(x) => x.to_vec(),
    })
}

fn first_number(datatype: &DatatypeMessage, data: &[u8]) -> Option<f64> {
    numbers(datatype, data)?.first().copied()
}
