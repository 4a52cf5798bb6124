//! HDF5 files read in Rust alone: what [`super::container`] needs of a decoder.

use std::path::Path;
use std::sync::Arc;

use kilat_core::{Samples, Stored};

use rust_hdf5::{ByteOrder, DatatypeMessage, FileLocking, H5Dataset, H5File, StorageLayout};

use super::container::{Layout, Numbers};
use crate::elements::Element;
use crate::mapped::Content;

mod attributes;
mod chunks;

use attributes::Headers;
use chunks::Chunks;

pub(super) use rust_hdf5::Hdf5Error as Error;

type Result<T> = std::result::Result<T, Error>;

/// An open file.
pub(super) struct File {
    hdf5: H5File,
    headers: Option<Headers>,
    content: Option<Arc<Content>>,
}

impl File {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let headers = Headers::open(path);
        if headers.as_ref().is_some_and(|headers| !headers.are_credible()) {
            return Err(Error::InvalidState("headers of more than the file has room for".into()));
        }
        // A lock would fail on read-only media and protects nothing: the file is read once.
        let file = H5File::options().locking(FileLocking::Disabled).open(path)?;
        Ok(Self { hdf5: file, headers, content: Content::of(path).ok().map(Arc::new) })
    }

    /// Paths of all datasets.
    pub(super) fn paths(&self) -> Vec<String> {
        self.hdf5.dataset_names()
    }

    pub(super) fn dataset(&self, path: &str) -> Result<Dataset> {
        let dataset = self.hdf5.dataset(path)?;
        let datatype = dataset.datatype()?;
        let number = number_type(&datatype);
        let ours = || {
            let [n] = dataset.shape()[..] else { return None };
            Chunks::of(self.headers.as_ref()?, self.content.as_ref()?, path, n, number?)
        };
        Ok(Dataset {
            shape: dataset.shape(),
            chunks: ours().map(Arc::new),
            number,
            type_name: datatype.to_string(),
            element_size: dataset.element_size(),
            handle: dataset,
        })
    }

    /// A numeric attribute of the root (`""`) or of a group.
    pub(super) fn numbers(&self, group: &str, name: &str) -> Option<Numbers> {
        let message = self.headers.as_ref()?.attribute(group, name)?;
        let (element, big_endian) = number_type(&message.datatype)?;
        Some(Numbers { element, big_endian, bytes: message.data })
    }

    /// A text attribute of the root (`""`) or of a group.
    pub(super) fn text(&self, group: &str, name: &str) -> Option<String> {
        let message = self.headers.as_ref()?.attribute(group, name)?;
        if !is_text(&message.datatype) {
            return None;
        }
        match group {
            "" => self.hdf5.attr_string(name).ok(),
            _ => self.hdf5.root_group().group(group).ok()?.attr_string(name).ok(),
        }
    }
}

/// A dataset.
pub(super) struct Dataset {
    pub(super) shape: Vec<usize>,
    /// Type of the numbers that [`Self::bytes`] returns, and whether they are big-endian; none when it holds something else.
    pub(super) number: Option<(Element, bool)>,
    pub(super) type_name: String,
    pub(super) element_size: usize,
    chunks: Option<Arc<Chunks>>,
    handle: H5Dataset,
}

impl Dataset {
    pub(super) fn layout(&self) -> Result<Layout> {
        let layout = self.handle.storage_layout()?;
        let outside = layout == StorageLayout::Virtual || !self.handle.external_files()?.is_empty();
        Ok(match layout {
            _ if outside => Layout::Outside,
            StorageLayout::Chunked => Layout::Chunked(self.handle.chunk_dims().unwrap_or_default()),
            _ => Layout::Whole,
        })
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        match &self.chunks {
            Some(chunks) => chunks.bytes().map_err(Error::InvalidState),
            None => self.handle.read_raw_bytes(),
        }
    }

    /// All samples in memory, when they can be decoded by several threads.
    pub(super) fn samples(&self) -> Option<Result<Samples>> {
        self.chunks.as_ref().map(|chunks| chunks.samples().map_err(Error::InvalidState))
    }

    /// The samples as they lie in the file, when they can be decoded in parts.
    pub(super) fn stored(&self) -> Option<Samples> {
        let chunks: Arc<dyn Stored> = self.chunks.clone()?;
        Some(chunks.into())
    }

    /// The texts, of `most` bytes together: any number of those of variable length may be one that lies in the file once.
    pub(super) fn texts(&self, most: u64) -> Result<Vec<String>> {
        if let DatatypeMessage::VarLenString { .. } = self.handle.datatype()? {
            let references = self.handle.read_raw_bytes()?;
            let length = |r: &[u8]| r.first_chunk::<4>().map_or(0, |n| u64::from(u32::from_le_bytes(*n)));
            if references.chunks(self.element_size.max(1)).map(length).sum::<u64>() > most {
                return Err(Error::InvalidState(format!("texts of more than the {most} bytes of the file")));
            }
        }
        self.handle.read_strings()
    }

    /// A numeric attribute.
    pub(super) fn numbers(&self, name: &str) -> Option<Numbers> {
        let attr = self.handle.attr(name).ok()?;
        let (element, big_endian) = number_type(&attr.datatype().ok()?)?;
        Some(Numbers { element, big_endian, bytes: attr.read_raw().ok()? })
    }

    /// A text attribute.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let attr = self.handle.attr(name).ok()?;
        if is_text(&attr.datatype().ok()?) { attr.read_string().ok() } else { None }
    }
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
