//! Power-quality analysis of captured waveforms: read a recording, measure it per IEC 61000-4-30, write a report.
//!
//! ```no_run
//! let capture = kilat::read("feeder7.cfg")?;
//! let (config, assumed) = kilat::suggest_config(&capture)?;
//! let analysis = kilat::analyze(&capture, &config)?;
//! let findings = kilat::diagnosis::findings(&analysis);
//! let options = kilat::report::Options { assumed, ..Default::default() };
//! let html = kilat::report::html(&capture, &analysis, &findings, &options)?;
//! # Ok::<(), kilat::Error>(())
//! ```
#![forbid(unsafe_code)]

use std::path::Path;

pub use kilat_core::*;
pub use kilat_io as io;
pub use kilat_io::{Observation, Observations, ObservedChannel, Series};

pub mod conformance;
pub mod feed;
pub mod output;
pub mod report;
mod suggest;

pub use suggest::{config_for, suggest_config};

/// Reads the capture at `path`, whatever its format; [`io::read`] takes options.
pub fn read(path: impl AsRef<Path>) -> Result<Capture> {
    io::read(path, &io::ReadOptions::default())
}

/// Reads the observations of a PQDIF file at `path`: trends, events, spectra, and its waveforms too.
pub fn observations(path: impl AsRef<Path>) -> Result<Observations> {
    io::observations(path)
}

/// Analyses `capture` on all processors; [`engine::offline::analyze`] takes a number of threads.
pub fn analyze(capture: &Capture, config: &Config) -> Result<Analysis> {
    engine::offline::analyze(capture, config, 0)
}

/// The Rust lines of the README, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
