//! Status codes, and the message of the last failure of each thread.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use kilat_core::Error;

/// What became of a call.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum kilat_status {
    /// Done.
    KILAT_OK = 0,
    /// No result waits.
    KILAT_EMPTY = 1,
    /// A pointer that must not be null is.
    KILAT_NULL = -1,
    /// A struct's size is none that this library knows, or a pointer is not aligned.
    KILAT_SIZE = -2,
    /// A value makes no sense, or two do not agree.
    KILAT_INVALID = -3,
    /// Something is not supported.
    KILAT_UNSUPPORTED = -4,
    /// Something is too large, or too many results wait.
    KILAT_LIMIT = -5,
    /// The bytes of a checkpoint are damaged.
    KILAT_DAMAGED = -6,
    /// Another thread is in a call with the same handle.
    KILAT_BUSY = -7,
    /// The call is not possible now: the stream is finished, or results wait before a checkpoint.
    KILAT_MISUSE = -8,
    /// The library failed. The handle can only be freed.
    KILAT_PANIC = -9,
}

/// Why a call failed.
pub(crate) struct Failure {
    pub(crate) status: kilat_status,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(status: kilat_status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn null(what: &str) -> Self {
        Self::new(kilat_status::KILAT_NULL, format!("{what} is null"))
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        let status = match e {
            Error::Malformed { .. } => kilat_status::KILAT_DAMAGED,
            Error::Unsupported { .. } => kilat_status::KILAT_UNSUPPORTED,
            Error::Limit { .. } => kilat_status::KILAT_LIMIT,
            _ => kilat_status::KILAT_INVALID,
        };
        Self::new(status, e.to_string())
    }
}

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// The message of the last call of this thread that failed; empty when none has. It is valid until the next one fails.
#[unsafe(no_mangle)]
pub extern "C" fn kilat_last_error() -> *const c_char {
    LAST.try_with(|last| last.try_borrow().map_or(c"".as_ptr(), |text| text.as_ptr())).unwrap_or(c"".as_ptr())
}

/// Runs the body of a call: a failure leaves its message, and nothing unwinds.
pub(crate) fn guard(body: impl FnOnce() -> Result<kilat_status, Failure>) -> kilat_status {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(status)) => return status,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::new(kilat_status::KILAT_PANIC, "the library failed; the handle can only be freed"),
    };
    let text: Vec<u8> = failure.message.into_bytes().into_iter().filter(|b| *b != 0).collect();
    let text = CString::new(text).unwrap_or_default();
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = text));
    failure.status
}
