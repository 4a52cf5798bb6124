//! Power-quality analysis of captured waveforms: read a recording, measure it per IEC 61000-4-30, write a report.
#![forbid(unsafe_code)]

pub use kilat_core::*;
pub use kilat_io as io;
