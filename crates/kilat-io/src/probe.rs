//! Which format a file is: decided by its content; the extension only settles a tie.

use std::path::Path;

use kilat_core::{Capture, Error, Result};

use crate::source::extension;
use crate::{ReadOptions, Source};

/// Bytes of the head that a format may look at to recognise itself.
const PROBE_BYTES: usize = 64 << 10;

/// Writes a capture and returns a line for everything the format could not hold.
pub(crate) type Writer = fn(&Capture, &Path) -> Result<Vec<String>>;

/// A format, as its module declares it.
pub(crate) struct Format {
    /// Name, for messages.
    pub(crate) name: &'static str,
    /// Extensions it usually has, in lower case.
    pub(crate) extensions: &'static [&'static str],
    /// How sure it is that the file is its own, from the head and the file name: 0 not mine, 255 certain.
    pub(crate) score: fn(head: &[u8], name: &str) -> u8,
    /// Reader.
    pub(crate) read: fn(&Source, &ReadOptions) -> Result<Capture>,
    /// Writer, when there is one.
    pub(crate) write: Option<Writer>,
}

/// Every format of this build. A line here is all that wires a module in.
pub(crate) static FORMATS: &[Format] = &[
    #[cfg(feature = "comtrade")]
    Format {
        name: "COMTRADE",
        extensions: &["cfg", "dat", "cff", "hdr", "inf"],
        score: crate::comtrade::score,
        read: crate::comtrade::read,
        write: Some(crate::comtrade::write),
    },
    #[cfg(feature = "pqdif")]
    Format {
        name: "PQDIF",
        extensions: &["pqd", "pqdif"],
        score: crate::pqdif::score,
        read: crate::pqdif::read,
        write: Some(crate::pqdif::write),
    },
    #[cfg(feature = "hdf5")]
    Format {
        name: "HDF5",
        extensions: &["h5", "hdf5", "he5", "hdf"],
        score: crate::hdf5::score,
        read: crate::hdf5::read,
        write: Some(crate::hdf5::write),
    },
    #[cfg(feature = "npy")]
    Format {
        name: "NPY",
        extensions: &["npy"],
        score: crate::npy::score,
        read: crate::npy::read,
        write: Some(crate::npy::write),
    },
    #[cfg(feature = "parquet")]
    Format {
        name: "Parquet",
        extensions: &["parquet", "pq"],
        score: crate::columnar::score_parquet,
        read: crate::columnar::read_parquet,
        write: Some(crate::columnar::write_parquet),
    },
    #[cfg(feature = "parquet")]
    Format {
        name: "Arrow",
        extensions: &["arrow", "feather", "arrows"],
        score: crate::columnar::score_arrow,
        read: crate::columnar::read_arrow,
        write: Some(crate::columnar::write_arrow),
    },
    #[cfg(feature = "npz")]
    Format {
        name: "NPZ",
        extensions: &["npz"],
        score: crate::npy::npz::score,
        read: crate::npy::npz::read,
        write: Some(crate::npy::npz::write),
    },
    #[cfg(feature = "wav")]
    Format {
        name: "WAV",
        extensions: &["wav", "rf64"],
        score: crate::wav::score,
        read: crate::wav::read,
        write: Some(crate::wav::write),
    },
    #[cfg(feature = "flac")]
    Format {
        name: "FLAC",
        extensions: &["flac"],
        score: crate::flac::score,
        read: crate::flac::read,
        write: Some(crate::flac::write),
    },
    #[cfg(feature = "csv")]
    Format {
        name: "CSV",
        extensions: &["csv", "tsv", "txt"],
        score: crate::csv::score,
        read: crate::csv::read,
        write: Some(crate::csv::write),
    },
];

/// The format that recognises `source` best.
pub(crate) fn recognise(source: &Source) -> Result<&'static Format> {
    let (head, name) = (source.head(PROBE_BYTES)?, source.name());
    best(FORMATS, &head, &name).ok_or_else(|| {
        let known: Vec<_> = FORMATS.iter().map(describe).collect();
        let found = if head.is_empty() { "the file is empty; " } else { "" };
        Error::UnknownFormat { part: name, hint: format!("{found}known are {}", known.join(", ")) }
    })
}

/// Name and writer of the format that the extension of `path` names.
pub(crate) fn for_writing(path: &Path) -> Result<(&'static str, Writer)> {
    let ext = extension(&path.to_string_lossy());
    let mut fitting = FORMATS.iter().filter(|f| f.extensions.contains(&ext.as_str()));
    fitting.find_map(|f| Some((f.name, f.write?))).ok_or_else(|| {
        let known: Vec<_> = FORMATS.iter().filter(|f| f.write.is_some()).map(describe).collect();
        let known = if known.is_empty() { "nothing in this build".into() } else { known.join(", ") };
        Error::Unsupported {
            part: path.display().to_string(),
            what: format!("writing the extension `.{ext}`"),
            hint: format!("can be written: {known}"),
        }
    })
}

/// Highest score; among equals the one whose extension fits, then the one declared first.
fn best<'a>(formats: &'a [Format], head: &[u8], name: &str) -> Option<&'a Format> {
    let ext = extension(name);
    formats
        .iter()
        .rev()
        .map(|f| (((f.score)(head, name), f.extensions.contains(&ext.as_str())), f))
        .filter(|((score, _), _)| *score > 0)
        .max_by_key(|(key, _)| *key)
        .map(|(_, f)| f)
}

fn describe(format: &Format) -> String {
    let extensions: Vec<_> = format.extensions.iter().map(|e| format!(".{e}")).collect();
    format!("{} ({})", format.name, extensions.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(_: &Source, _: &ReadOptions) -> Result<Capture> {
        unreachable!("probing does not read")
    }

    const fn format(
        name: &'static str,
        ext: &'static [&'static str],
        score: fn(&[u8], &str) -> u8,
    ) -> Format {
        Format { name, extensions: ext, score, read: unread, write: None }
    }

    #[test]
    fn content_beats_the_extension_and_the_extension_settles_a_tie() {
        let formats = [
            format("X", &["x"], |h, _| if h.starts_with(b"X") { 200 } else { 10 }),
            format("Y", &["y"], |_, _| 10),
            format("Z", &["z"], |_, _| 0),
        ];
        let name_of = |head: &[u8], name| best(&formats, head, name).map(|f| f.name);
        assert_eq!(name_of(b"X..", "a.y"), Some("X"));
        assert_eq!(name_of(b"...", "a.b.Y"), Some("Y"));
        assert_eq!(name_of(b"...", "a.z"), Some("X"));
        assert_eq!(best(&formats[2..], b"...", "a.z").map(|f| f.name), None);
    }

    #[test]
    fn an_unknown_file_is_told_what_is_known() {
        let source = Source::Bytes { name: "a.bin".into(), bytes: vec![0, 159, 146, 150] };
        let message = recognise(&source).err().unwrap().to_string();
        assert!(message.starts_with("a.bin: not a format kilat knows; known are "), "{message}");
    }
}
