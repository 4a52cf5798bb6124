//! HDF5: our own layout ([`kilat`]), the BLOND data sets ([`blond`]), and anyone's file whose datasets are mapped to
//! channels ([`mapped`]).

use std::io::Write as _;
use std::path::Path;

use kilat_core::{Capture, Error, Result};

use crate::guard::guarded;
use crate::replace::replace_path;
use crate::{ReadOptions, Source};

mod blond;
mod container;
mod kilat;
#[cfg(feature = "libhdf5")]
mod libhdf5;
mod mapped;
#[cfg(not(feature = "libhdf5"))]
mod pure;
#[cfg(feature = "parquet")]
mod results;

#[cfg(feature = "libhdf5")]
use libhdf5 as decoder;
#[cfg(not(feature = "libhdf5"))]
use pure as decoder;

use container::Container;
#[cfg(feature = "parquet")]
pub(crate) use results::write_tables;

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// 255 for the signature at byte 0 or after a user block of 512, 1024, ... bytes, else 0.
pub(crate) fn score(head: &[u8], _name: &str) -> u8 {
    let offsets = std::iter::once(0).chain((9..30).map(|i| 1usize << i)).take_while(|o| *o < head.len());
    let found = offsets.into_iter().any(|o| head[o..].starts_with(SIGNATURE));
    if found { 255 } else { 0 }
}

/// Reads a file in the first layout that it fits.
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let part = source.name();
    let mut capture = match source {
        Source::File(path) => read_path(path, &part, options)?,
        Source::Bytes { bytes, .. } => {
            // The HDF5 reader seeks in a file; bytes become one for as long as that takes.
            let io = |e| Error::io(&part, e);
            let mut file = tempfile::NamedTempFile::new().map_err(io)?;
            file.write_all(bytes).map_err(io)?;
            read_path(file.path(), &part, options)?
        }
    };
    capture.source = source.full_name();
    Ok(capture)
}

fn read_path(path: &Path, part: &str, options: &ReadOptions) -> Result<Capture> {
    guarded("HDF5", part, || {
        let container = Container::open(path, part)?;
        if kilat::fits(&container) {
            kilat::read(&container)
        } else if blond::fits(&container) {
            blond::read(&container)
        } else {
            mapped::read(&container, options)
        }
    })
}

/// Writes our own layout, which holds everything of a capture.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    replace_path(path, |temporary| kilat::write(capture, temporary))?;
    Ok(Vec::new())
}

fn malformed(
    part: &str,
    at: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Error {
    let (at, expected, found) = (at.into(), expected.into(), found.into());
    Error::Malformed { format: "HDF5", part: part.into(), at, expected, found }
}

#[cfg(test)]
mod tests;
