//! Decoders of others, which may panic on damage.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kilat_core::{Error, Result};

/// What `read` reads, and an error in place of a panic of the decoder of `format`.
///
/// Such a decoder indexes into what the file declares; a damaged file is the user's to hear about, not the process's to die
/// of. Nothing of the decoder's state may outlive the call. The panic hook still speaks: a library must not replace it.
pub(crate) fn guarded<T>(format: &'static str, part: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(Error::Malformed {
            format,
            part: part.into(),
            at: "structure".into(),
            expected: format!("a sound {format} file"),
            found: "damage that the decoder cannot follow".into(),
        })
    })
}
