//! The native half of the Python package `kilat`: module `kilat._kilat`. It converts and delegates; it measures nothing.
#![expect(clippy::doc_markdown, reason = "documentation of what Python sees are docstrings in NumPy style")]
#![expect(clippy::needless_pass_by_value, reason = "PyO3 hands over what it converted")]

mod analysis;
mod array;
mod capture;
mod channel;
mod config;
mod error;
mod limits;
mod live;
mod observations;
mod output;
mod read;
mod table;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _kilat {
    #[pymodule_export]
    use crate::analysis::{Results, recurrences};
    #[pymodule_export]
    use crate::capture::Capture;
    #[pymodule_export]
    use crate::channel::Channel;
    #[pymodule_export]
    use crate::config::Config;
    #[pymodule_export]
    use crate::error::{FormatError, UnsupportedError};
    #[pymodule_export]
    use crate::live::Live;
    #[pymodule_export]
    use crate::observations::{ObservationFile, read_observations};
    #[pymodule_export]
    use crate::output::Output;
    #[pymodule_export]
    use crate::read::{read, scenario, scenario_names, synth};
    #[pymodule_export]
    use crate::table::arrow_stream;
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name Python asks for")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
