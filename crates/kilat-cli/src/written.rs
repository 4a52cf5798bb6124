//! A capture or a table written to a file: what `kilat convert` and `kilat synth` say of it.

use std::path::Path;

use kilat::io::WriteOptions;
use kilat::output::ObservationTable;
use kilat::{Capture, Error, Warning};
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
    pub fn write(capture: &Capture, path: &Path, options: &WriteOptions) -> Result<Self, Failure> {
        let lost = kilat::io::write_with(capture, path, options)?;
        Ok(Self {
            output: path.display().to_string(),
            format: kilat::io::written_format(path)?,
            channels: capture.channels().iter().map(|c| c.name.clone()).collect(),
            samples: capture.len(),
            lost,
        })
    }

    /// Writes observation `number` of the file `input` to `path` as a CSV table; returns the warnings of its reader too.
    pub fn table(input: &str, number: usize, path: &Path) -> Result<(Self, Vec<Warning>), Failure> {
        let all = kilat::observations(input).map_err(Failure::about(input))?;
        let observation = all.list.get(number).ok_or_else(|| {
            let problem = format!("{input} has {} observations, from 0; found {number}", all.list.len());
            Error::config("--observation", problem)
        })?;
        let table = ObservationTable::of(observation)?;
        std::fs::write(path, table.csv()?).map_err(|e| Error::io(path, e))?;
        let written = Self {
            output: path.display().to_string(),
            format: "CSV",
            channels: observation.channels.iter().map(|c| c.name.to_string()).collect(),
            samples: observation.channels.iter().map(|c| c.rows() as u64).max().unwrap_or(0),
            lost: Vec::new(),
        };
        Ok((written, all.warnings))
    }

    /// Says so in one line that ends with `remark`, after a note for everything that was lost.
    pub fn print(&self, remark: &str) -> Result<(), Failure> {
        let Self { output, channels, samples, lost, .. } = self;
        for line in lost {
            print::note(&format!("{output}: not kept: {line}"));
        }
        print::out(&format!("{output}: {} channels, {samples} samples each{remark}\n", channels.len()))
    }
}
