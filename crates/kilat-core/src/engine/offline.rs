//! The offline driver: a whole capture at once.

use crate::capture::Capture;
use crate::config::Config;
use crate::engine::analysis::Analysis;
use crate::error::{Error, Result};

/// Analyses `capture` on `threads` threads (0: as many as the machine has).
pub fn analyze(capture: &Capture, config: &Config, threads: usize) -> Result<Analysis> {
    let _ = (capture, config, threads);
    Err(Error::config("engine", "not there yet"))
}
