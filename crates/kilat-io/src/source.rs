//! What is read: a file or bytes.

use std::fs::File;
use std::io::Read as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kilat_core::{Error, Result};

use crate::limit::Limit;
use crate::mapped::Content;

/// What to read: a file, or bytes with a name for messages.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file; its partners (`.dat` beside `.cfg`) are found beside it.
    File(PathBuf),
    /// The content of a file that stands alone.
    Bytes {
        /// Name used in messages and, by its extension, as a hint.
        name: String,
        /// Content.
        bytes: Vec<u8>,
    },
}

impl Source {
    /// File name, for messages and for the hint in its extension.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => file_name(path),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    /// What the user named: the whole path, or the name of the bytes.
    pub(crate) fn full_name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    /// The first `n` bytes, or all when there are fewer.
    pub(crate) fn head(&self, n: usize) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => {
                let mut head = Vec::new();
                File::open(path)
                    .and_then(|f| f.take(n as u64).read_to_end(&mut head))
                    .map_err(|e| Error::io(path, e))?;
                Ok(head)
            }
            Self::Bytes { bytes, .. } => Ok(bytes[..n.min(bytes.len())].to_vec()),
        }
    }

    /// The whole content.
    pub(crate) fn content(&self) -> Result<Bytes<'_>> {
        match self {
            Self::File(path) => Content::of(path).map(|c| Bytes::File(Arc::new(c))),
            Self::Bytes { bytes, .. } => Ok(Bytes::Given(bytes)),
        }
    }
}

/// The bytes of a source.
#[derive(Debug)]
pub(crate) enum Bytes<'a> {
    File(Arc<Content>),
    Given(&'a [u8]),
    /// Unpacked out of the source.
    #[cfg(feature = "npz")]
    Own(Vec<u8>),
}

impl Bytes<'_> {
    /// The same bytes once more, without a copy.
    #[cfg(feature = "npz")]
    pub(crate) fn share(&self) -> Bytes<'_> {
        match self {
            Self::File(content) => Bytes::File(content.clone()),
            Self::Given(bytes) => Bytes::Given(bytes),
            Self::Own(bytes) => Bytes::Given(bytes),
        }
    }
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::File(content) => content,
            Self::Given(bytes) => bytes,
            #[cfg(feature = "npz")]
            Self::Own(bytes) => bytes,
        }
    }
}

/// The content of `path`, when its length is within `limit`.
pub(crate) fn read_file(path: &Path, limit: Limit) -> Result<Vec<u8>> {
    let io = |e| Error::io(path, e);
    let len = path.metadata().map_err(io)?.len();
    limit.check(&file_name(path), len)?;
    std::fs::read(path).map_err(io)
}

/// Last component of `path` for messages; the whole path when there is none.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// Extension of a file name, in lower case, without the dot.
pub(crate) fn extension(name: &str) -> String {
    Path::new(name).extension().map_or_else(String::new, |e| e.to_string_lossy().to_lowercase())
}
