//! COMTRADE: IEEE C37.111-1991, 1999 and 2013 (IEC 60255-24).

use kilat_core::{Capture, Error, Result};

use crate::{ReadOptions, Source};

/// How sure we are that `head` begins a COMTRADE file called `name`.
pub(crate) fn score(_head: &[u8], _name: &str) -> u8 {
    0
}

/// Reads a recording.
pub(crate) fn read(source: &Source, _options: &ReadOptions) -> Result<Capture> {
    Err(Error::UnknownFormat { part: source.name(), hint: "not written".into() })
}
