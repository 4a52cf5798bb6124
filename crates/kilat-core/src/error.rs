//! The one error type of the library.
//!
//! A message reads `feeder7.cfg: line 14: analog channel 3: expected 13 fields, found 11`: the file, the place, what
//! was expected and what was there. Damage that leaves usable data is not an error but a [`Warning`] on the capture.

use std::fmt;
use std::path::PathBuf;

/// Shorthand for results of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, by kind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused: file missing, no permission, disk full.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file concerned.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file claims a format and breaks it beyond repair.
    #[error("{part}: {at}: expected {expected}, found {found}")]
    Malformed {
        /// Name of the format, such as `COMTRADE`.
        format: &'static str,
        /// File or part of a file.
        part: String,
        /// Place in that part: a line, an offset, a channel.
        at: String,
        /// What the format asks for there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Valid, but something this library does not do.
    #[error("{part}: {what} is not supported; {hint}")]
    Unsupported {
        /// File, or the function asked for.
        part: String,
        /// The thing not supported.
        what: String,
        /// What the user can do instead.
        hint: String,
    },
    /// No reader recognises the content.
    #[error("{part}: not a format kilat knows; {hint}")]
    UnknownFormat {
        /// File concerned.
        part: String,
        /// What would be recognised.
        hint: String,
    },
    /// A size dictated by a file or a caller is beyond what is allowed.
    #[error("{part}: {what} is {found}, more than the limit of {limit}")]
    Limit {
        /// File or function concerned.
        part: String,
        /// The quantity that is too large.
        what: String,
        /// The limit.
        limit: u64,
        /// What was asked for.
        found: u64,
    },
    /// Two things that must agree do not: lengths, rates, channel names.
    #[error("{what}: expected {expected}, found {found}")]
    Mismatch {
        /// What was compared.
        what: String,
        /// The one side.
        expected: String,
        /// The other side.
        found: String,
    },
    /// A setting makes no sense.
    #[error("{setting}: {problem}")]
    Config {
        /// Name of the setting.
        setting: String,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
}

impl Error {
    /// An [`Error::Io`] for `path`.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }

    /// An [`Error::Config`].
    pub fn config(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Config { setting: setting.into(), problem: problem.into() }
    }

    /// An [`Error::Mismatch`].
    pub fn mismatch(what: impl Into<String>, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self::Mismatch { what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// Damage or doubt that left usable data: a repaired date, a truncated record, a rate the time column contradicts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// Place: file, line, channel.
    pub at: String,
    /// What was found, with both figures where two disagree, and what was done about it.
    pub message: String,
}

impl Warning {
    /// A warning about `at`.
    pub fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}
