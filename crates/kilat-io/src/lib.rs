//! Readers and writers of waveform captures. Every reader is probed by content, never by extension alone; a size that a
//! file dictates is checked before anything is allocated; input is hostile and never panics.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use kilat_core::{Capture, Error, Phase, Result, Timestamp};

/// Options of a read. The defaults suit a file that describes itself.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Turn every warning into an error.
    pub strict: bool,
    /// Keep only these channels, by name.
    pub channels: Option<Vec<String>>,
    /// Rate, for files that state none.
    pub sample_rate_hz: Option<f64>,
    /// Start, for files that state none.
    pub start: Option<Timestamp>,
    /// How columns or datasets become channels, for files that do not say. Empty: all of them, as they are.
    pub map: Vec<ChannelMap>,
    /// Axis of the samples in a two-dimensional array.
    pub axis: Option<SampleAxis>,
}

/// How one column or dataset becomes a channel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChannelMap {
    /// Dataset path, column title or column number (from 0); `path:3` is column 3 of a two-dimensional dataset.
    pub source: String,
    /// Name of the channel; the source's own when absent.
    pub name: Option<String>,
    /// Unit, such as `V`.
    pub unit: Option<String>,
    /// Phase.
    pub phase: Option<Phase>,
    /// Engineering value of one code.
    pub scale: Option<f64>,
    /// Engineering value of code zero.
    pub offset: Option<f64>,
}

/// Which axis of a two-dimensional array runs over the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleAxis {
    /// `(n, channels)`.
    Rows,
    /// `(channels, n)`.
    Columns,
}

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

/// Reads the capture at `path`.
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Capture> {
    read_source(&Source::File(path.as_ref().to_owned()), options)
}

/// Reads a capture from a file or from bytes.
pub fn read_source(source: &Source, _options: &ReadOptions) -> Result<Capture> {
    Err(Error::UnknownFormat { part: format!("{source:?}"), hint: "no reader is built in".into() })
}

/// Writes `capture` to `path` in the format its extension names; returns what the format could not hold, a line each.
pub fn write(_capture: &Capture, path: impl AsRef<Path>) -> Result<Vec<String>> {
    Err(Error::UnknownFormat {
        part: path.as_ref().display().to_string(),
        hint: "no writer is built in".into(),
    })
}
