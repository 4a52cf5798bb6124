//! A capture written to a file: what `kilat convert` and `kilat synth` say of it.

use std::path::Path;

use kilat::Capture;
use serde::Serialize;

use crate::failure::Failure;
use crate::print;

/// A file that was written.
#[derive(Serialize)]
pub struct Written {
    output: String,
    format: &'static str,
    channels: Vec<String>,
    samples: u64,
    lost: Vec<String>,
}

impl Written {
    /// Writes `capture` to `path`.
    pub fn write(capture: &Capture, path: &Path) -> Result<Self, Failure> {
        let lost = kilat::io::write(capture, path)?;
        Ok(Self {
            output: path.display().to_string(),
            format: kilat::io::written_format(path)?,
            channels: capture.channels().iter().map(|c| c.name.clone()).collect(),
            samples: capture.len(),
            lost,
        })
    }

    /// Says so in one line that ends with `remark`, after a note for everything that was lost.
    pub fn print(&self, remark: &str) -> Result<(), Failure> {
        let Self { output, channels, samples, lost, .. } = self;
        for line in lost {
            print::note(&format!("{output}: {line}"));
        }
        print::out(&format!("{output}: {} channels, {samples} samples each{remark}\n", channels.len()))
    }
}
