//! The most that a reader takes of anything whose size a file dictates. One place, so that no reader forgets one.
//!
//! A limit is the second guard. The first is the file itself: a declared count is checked against the bytes that are
//! really there before anything is allocated for it.

use kilat_core::{Error, Result};

/// A quantity that a file dictates, and the most of it that is accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    what: &'static str,
    most: u64,
}

impl Limit {
    /// Bytes of a file that is read into memory as a whole.
    pub(crate) const FILE_BYTES: Self = Self { what: "size in bytes", most: 64 << 30 };
    /// Bytes of a part that is text for people or settings, not samples.
    pub(crate) const TEXT_BYTES: Self = Self { what: "text in bytes", most: 64 << 20 };
    /// Channels of a recording; COMTRADE itself stops at 999 999 of both kinds together.
    pub(crate) const CHANNELS: Self = Self { what: "number of channels", most: 1_000_000 };
    /// Columns of a table in text: as many as a spreadsheet has.
    #[cfg(feature = "csv")]
    pub(crate) const COLUMNS: Self = Self { what: "number of columns", most: 1 << 14 };
    /// Stretches of samples between gaps or changes of rate.
    pub(crate) const SEGMENTS: Self = Self { what: "number of segments", most: 1_000_000 };

    /// Stretches of so many samples by a list of their times, which may tell of a gap before each: what is sampled is not in pieces
    /// of a few samples, and a stretch takes more than they do.
    #[cfg(any(feature = "csv", feature = "hdf5", feature = "npz", feature = "parquet", feature = "pqdif"))]
    pub(crate) fn listed_segments(samples: usize) -> Self {
        Self {
            what: "number of segments by the times",
            most: Self::SEGMENTS.most.min(1000 + samples as u64 / 32),
        }
    }
    /// Bytes of names that observations repeat: a definition is in the file once, its name in every observation.
    #[cfg(feature = "pqdif")]
    pub(crate) fn repeated_names(bodies_bytes: u64) -> Self {
        Self { what: "names of channels in bytes", most: bodies_bytes }
    }
    /// Bytes that the compressed parts of a file may unfold to: what recorders write shrinks to a twentieth at best, but the
    /// same zeros over and over to a thousandth.
    #[cfg(feature = "pqdif")]
    pub(crate) fn unfolded(file_bytes: usize) -> Self {
        Self { what: "unfolded size in bytes", most: (128 << 20).max(64 * file_bytes as u64) }
    }

    /// The most that is accepted.
    pub(crate) fn most(self) -> u64 {
        self.most
    }

    /// [`Error::Limit`] about `part`, of which the rest was not counted.
    #[cfg(feature = "pqdif")]
    pub(crate) fn exceeded(self, part: &str) -> Error {
        Error::Limit { part: part.into(), what: self.what.into(), limit: self.most, found: self.most + 1 }
    }

    /// `found` as a length in memory, or [`Error::Limit`] about `part`.
    pub(crate) fn check(self, part: &str, found: u64) -> Result<usize> {
        usize::try_from(found).ok().filter(|_| found <= self.most).ok_or_else(|| Error::Limit {
            part: part.into(),
            what: self.what.into(),
            limit: self.most,
            found,
        })
    }
}

/// The `n` items, or the first error among them. Collected without a number, they would grow into up to three times their room.
pub(crate) fn all_of<T, E>(
    n: usize,
    items: impl Iterator<Item = std::result::Result<T, E>>,
) -> std::result::Result<Vec<T>, E> {
    let mut all = Vec::with_capacity(n);
    for item in items {
        all.push(item?);
    }
    Ok(all)
}

/// Bytes that a byte of a compressed file may stand for: what deflate reaches on a constant, with some to spare.
const MOST_EXPANSION: u64 = 1100;

/// Decoded bytes that need no such proof.
const ALWAYS_ALLOWED: u64 = 16 << 20;

/// Bytes that may come out of a compressed file of `stored` bytes, by all its parts together.
pub(crate) fn most_decoded(stored: u64) -> u64 {
    ALWAYS_ALLOWED.max(stored.saturating_mul(MOST_EXPANSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_the_limit_is_refused() {
        assert_eq!(Limit::CHANNELS.check("x", 1_000_000).unwrap(), 1_000_000);
        let message = Limit::CHANNELS.check("x.cfg", 1_000_001).unwrap_err().to_string();
        assert_eq!(message, "x.cfg: number of channels is 1000001, more than the limit of 1000000");
    }
}
