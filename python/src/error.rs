//! Errors of the library as Python exceptions: one match, here.

use kilat::Error;
use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::{PyOSError, PyValueError};

create_exception!(
    kilat,
    FormatError,
    PyValueError,
    "A file is not in a known format, or breaks its format beyond repair."
);
create_exception!(
    kilat,
    UnsupportedError,
    PyValueError,
    "A file or request is valid, but not something kilat does."
);

/// The exception for `error`; an `Io` error becomes the subclass of `OSError` its code stands for.
pub fn to_py(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Io { path, source } => match source.raw_os_error() {
            // With a code Python itself picks FileNotFoundError, PermissionError, … and fills `filename`.
            Some(code) => {
                let reason = source.to_string();
                let reason = reason.split(" (os error").next().unwrap_or_default().to_owned();
                PyOSError::new_err((code, reason, path.into_os_string()))
            }
            None => std::io::Error::new(source.kind(), message).into(),
        },
        Error::Malformed { .. } | Error::UnknownFormat { .. } => FormatError::new_err(message),
        Error::Unsupported { .. } => UnsupportedError::new_err(message),
        // Limit, Mismatch, Config, and whatever the library adds later: the caller's values are at fault.
        _ => PyValueError::new_err(message),
    }
}
