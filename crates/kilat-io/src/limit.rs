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
    /// Stretches of samples between gaps or changes of rate.
    pub(crate) const SEGMENTS: Self = Self { what: "number of segments", most: 1_000_000 };

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
