//! The C ABI: opaque handles, structs that begin with their size, a status from every call. `include/kilat.h` is generated from
//! this crate by `cargo xtask header`; docs/c.md says how to use it and what stays the same from version to version.
//!
//! Nothing unwinds across the border: a panic is caught, and is the status [`kilat_status::KILAT_PANIC`].

#![expect(
    unsafe_code,
    reason = "pointers from C can only be believed; each is checked for what can be checked"
)]
#![expect(
    clippy::doc_markdown,
    reason = "comments go to the header as they are, where backticks mean nothing"
)]
#![expect(non_camel_case_types, reason = "the names that C sees")]

mod error;
mod grows;
mod input;
mod live;
mod output;

pub use error::{kilat_last_error, kilat_status};
pub use input::{KILAT_CLOCK_LOST, KILAT_OVERLOAD, kilat_block, kilat_channel, kilat_config};
pub use live::kilat_live;
pub use output::{kilat_channel_values, kilat_kind, kilat_output};

use std::ffi::c_char;

/// Raised when a function or a field changes its meaning; additions leave it as it is.
pub const KILAT_ABI: u32 = 0;

/// The ABI of the library that runs: compare it with KILAT_ABI of the header.
#[unsafe(no_mangle)]
pub extern "C" fn kilat_abi() -> u32 {
    KILAT_ABI
}

/// The version of the library that runs, such as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn kilat_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}
