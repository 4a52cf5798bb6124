//! NPY, one NumPy array, and NPZ ([`npz`]), several with their names. `(n,)`, `(n, channels)` or `(channels, n)`, any byte
//! order, C or Fortran order.
//!
//! NPY states neither rate, names nor units: the caller does.

use std::io::Write as _;
use std::path::Path;

use kilat_core::{Capture, Error, Result, TimeBase};

use crate::columns::{choose, given_rate};
use crate::replace::replace;
use crate::{ReadOptions, Source};

mod array;
#[cfg(feature = "npz")]
pub(crate) mod npz;

use array::{Array, MAGIC, header};

/// Samples written at once.
const BLOCK: usize = 1 << 16;

/// 255 for the magic bytes, else 0.
pub(crate) fn score(head: &[u8], _name: &str) -> u8 {
    if head.starts_with(MAGIC) { 255 } else { 0 }
}

/// Reads one array. Needs [`ReadOptions::sample_rate_hz`].
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let part = source.name();
    let bytes = source.content()?;
    let array = Array::parse(&bytes, 0..bytes.len(), &part)?;
    let rate = given_rate(options, &part, "an array states no sample rate")?;
    let (columns, warnings) = array.channels(options, &part)?;
    let n = columns.first().map_or(0, |c| c.len() as u64);
    let numbers: Vec<usize> = (0..columns.len()).collect();
    let chosen = choose(columns, &numbers, &options.map, &part)?;
    let mut capture = Capture::new(TimeBase::uniform(rate, n, options.start), chosen)?;
    capture.format = "NPY".into();
    capture.source = source.full_name();
    capture.warnings = warnings;
    Ok(capture)
}

/// Writes engineering values as `(channels, n)` 64-bit floats in C order.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    let (channels, n) = (capture.channels().len(), capture.len() as usize);
    replace(path, |out| {
        let io = |e| Error::io(path, e);
        out.write_all(&header("<f8", &format!("({channels}, {n})"))).map_err(io)?;
        for channel in capture.channels() {
            for first in (0..n).step_by(BLOCK) {
                let values = channel.values(first..(first + BLOCK).min(n))?;
                let bytes: Vec<u8> = values.into_iter().flat_map(f64::to_le_bytes).collect();
                out.write_all(&bytes).map_err(io)?;
            }
        }
        Ok(())
    })?;

    let mut lost = vec!["sample rate".to_owned(), "names, phases and units of the channels".to_owned()];
    lost.extend(crate::columns::lost_beside_values(capture));
    Ok(lost)
}

fn malformed(part: &str, at: impl Into<String>, expected: &str, found: impl Into<String>) -> Error {
    let (at, found) = (at.into(), found.into());
    Error::Malformed { format: "NPY", part: part.into(), at, expected: expected.into(), found }
}

#[cfg(test)]
mod tests;
