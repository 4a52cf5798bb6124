//! Readers and writers of waveform captures. Every reader is probed by content, never by extension alone; a size that a
//! file dictates is checked before anything is allocated; input is hostile and never panics.
//!
//! ```no_run
//! use kilat_io::{ReadOptions, read};
//! let capture = read("feeder7.cfg", &ReadOptions::default())?;
//! # Ok::<(), kilat_core::Error>(())
//! ```
#![deny(unsafe_code)]

use std::path::Path;

use kilat_core::{Capture, Error, Phase, Result, Timestamp};

#[cfg(any(feature = "flac", feature = "wav"))]
mod audio;
#[cfg(feature = "parquet")]
mod columnar;
#[cfg(any(
    feature = "csv",
    feature = "flac",
    feature = "hdf5",
    feature = "npy",
    feature = "parquet",
    feature = "wav"
))]
mod columns;
#[cfg(feature = "comtrade")]
mod comtrade;
#[cfg(feature = "csv")]
mod csv;
mod elements;
#[cfg(feature = "flac")]
mod flac;
#[cfg(any(feature = "flac", feature = "hdf5", feature = "parquet"))]
mod guard;
#[cfg(feature = "hdf5")]
mod hdf5;
mod join;
mod limit;
mod mapped;
#[cfg(any(feature = "flac", feature = "npz", feature = "parquet", feature = "wav"))]
mod metadata;
#[cfg(feature = "npy")]
mod npy;
mod observation;
#[cfg(any(feature = "csv", feature = "hdf5", feature = "npz", feature = "parquet", feature = "pqdif"))]
mod packed;
#[cfg(feature = "pqdif")]
mod pqdif;
mod probe;
mod replace;
mod source;
#[cfg(any(feature = "hdf5", feature = "npy", feature = "wav"))]
mod stored;
#[cfg(all(feature = "csv", feature = "hdf5", feature = "parquet"))]
pub mod table;
#[cfg(any(feature = "csv", feature = "hdf5", feature = "npz", feature = "parquet", feature = "pqdif"))]
mod time_column;
#[cfg(feature = "wav")]
mod wav;

pub use join::{join, read_all};
pub use observation::{Observation, Observations, ObservedChannel, Series};
pub use source::Source;

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
    /// Observations to read, by their number from 0 in a file that holds many. Empty: all that make one capture.
    pub observations: Vec<usize>,
}

/// Options of a write. The defaults lose the least.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Year of the revision of COMTRADE: 1991, 1999 or 2013, the default.
    pub revision: Option<u16>,
    /// Encoding of COMTRADE data: `ASCII`, `BINARY`, `BINARY32` or `FLOAT32`; the smallest that holds every code by default.
    pub encoding: Option<String>,
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
    /// Engineering value of one code; in WAV and FLAC of full scale, whatever the number of bits.
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

/// Reads the capture at `path`.
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Capture> {
    read_source(&Source::File(path.as_ref().to_owned()), options)
}

/// Reads a capture from a file or from bytes.
pub fn read_source(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let format = probe::recognise(source)?;
    let mut capture = (format.read)(source, options)?;
    if capture.source.is_empty() {
        capture.source = source.full_name();
    }
    capture = strictly(capture, &source.name(), options)?;
    match &options.channels {
        Some(names) => keep(&capture, names),
        None => Ok(capture),
    }
}

/// Reads the observations at `path`: the trends, events and spectra of a PQDIF file, and its waveforms.
pub fn observations(path: impl AsRef<Path>) -> Result<Observations> {
    observations_of(&Source::File(path.as_ref().to_owned()))
}

/// Reads observations from a file or from bytes.
pub fn observations_of(source: &Source) -> Result<Observations> {
    #[cfg(feature = "pqdif")]
    if pqdif::score(&source.head(16)?, "") > 0 {
        return pqdif::observations(source);
    }
    Err(Error::Unsupported {
        part: source.name(),
        what: format!("reading observations from {}", probe::recognise(source)?.name),
        hint: "only PQDIF holds them; read the file as a capture".into(),
    })
}

/// The capture, unless it must be without damage and is not.
fn strictly(capture: Capture, part: &str, options: &ReadOptions) -> Result<Capture> {
    match capture.warnings.first() {
        Some(warning) if options.strict => Err(Error::Malformed {
            format: "capture",
            part: part.into(),
            at: warning.at.clone(),
            expected: "an undamaged file (strict)".into(),
            found: warning.message.clone(),
        }),
        _ => Ok(capture),
    }
}

/// Writes `capture` to `path` in the format its extension names; returns what the format could not hold, a line each.
pub fn write(capture: &Capture, path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    let (_, write) = probe::for_writing(path)?;
    write(capture, path)
}

/// Writes observations to `path`, a `.pqd`; returns what the format could not hold, a line each.
pub fn write_observations(observations: &Observations, path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    match source::extension(&path.to_string_lossy()).as_str() {
        #[cfg(feature = "pqdif")]
        "pqd" | "pqdif" => pqdif::write_observations(observations, path),
        other => Err(Error::Unsupported {
            part: path.display().to_string(),
            what: format!("writing observations to the extension `.{other}`"),
            hint: "only PQDIF (.pqd) holds them".into(),
        }),
    }
}

/// The same as `options` say; an option that the format does not have is an error.
pub fn write_with(capture: &Capture, path: impl AsRef<Path>, options: &WriteOptions) -> Result<Vec<String>> {
    let path = path.as_ref();
    let (name, write) = probe::for_writing(path)?;
    if *options == WriteOptions::default() {
        return write(capture, path);
    }
    #[cfg(feature = "comtrade")]
    if name == "COMTRADE" {
        return comtrade::write_as(capture, path, options);
    }
    let option = if options.revision.is_some() { "revision" } else { "encoding" };
    Err(Error::config(option, format!("{name} has none to choose; COMTRADE (.cfg .cff) has")))
}

/// Name of the format of the file at `path` by its content, such as `HDF5`.
pub fn file_format(path: impl AsRef<Path>) -> Result<&'static str> {
    probe::recognise(&Source::File(path.as_ref().to_owned())).map(|format| format.name)
}

/// Name of the format that [`write()`] writes to `path`, such as `HDF5`.
pub fn written_format(path: impl AsRef<Path>) -> Result<&'static str> {
    probe::for_writing(path.as_ref()).map(|(name, _)| name)
}

/// The channels called `names`, in the order of the file; a name that is not there is an error listing those that are.
fn keep(capture: &Capture, names: &[String]) -> Result<Capture> {
    let mut kept = Vec::new();
    for name in names {
        kept.push(capture.channel(name)?.name.clone());
    }
    Ok(capture.select(|c| kept.contains(&c.name)))
}
