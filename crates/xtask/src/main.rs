//! Tasks of the repository: `cargo xtask TASK`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that reports to its caller's terminal"
)]

mod bench;
mod causes;
mod datasets;
mod detection;
mod docs;
mod header;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the repository.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test: Rust, documentation, generated files, Python. Needs only Rust and Python 3.
    ///
    /// The Python package is built in `.venv`. The last line is `N passed, N failed`.
    Test,
    /// Run every benchmark and write the tables of BENCHMARKS.md and docs/throughput.svg. Half an hour on a quiet machine.
    Bench {
        /// Directory with the scripts of other implementations, as benches/compare.py wants it; without it nothing is compared.
        #[arg(long)]
        peers: Option<PathBuf>,
        /// Rounds of the comparisons.
        #[arg(long, default_value_t = 3)]
        rounds: u32,
    },
    /// Diagnose variants of the scenarios with fresh seeds, and print how often the right cause is found.
    Causes {
        /// Number of variants.
        #[arg(long, default_value_t = 500)]
        variants: u64,
        /// Seed of everything random; the rules were tuned with seed 1.
        #[arg(long, default_value_t = 20_260)]
        seed: u64,
        /// Fastest sampling rate, in hertz.
        #[arg(long, default_value_t = 250_000.0)]
        fastest: f64,
        /// Print each variant that is not right.
        #[arg(long)]
        verbose: bool,
    },
    /// Record each scenario several times into one archive, and print how often the same disturbance is known again.
    Recurrence {
        /// Causes of each scenario.
        #[arg(long, default_value_t = 3)]
        causes: u64,
        /// Recordings of each.
        #[arg(long, default_value_t = 3)]
        recordings: u64,
        /// Seed of everything random; spreads were chosen with seed 1.
        #[arg(long, default_value_t = 777)]
        seed: u64,
        /// Print each link that is missed or false.
        #[arg(long)]
        verbose: bool,
    },
    /// Put disturbances into mains with noise and harmonics, and print how many the engine finds, and how many single triggers do.
    Detection {
        /// Hours of undisturbed signal for each noise and state of the harmonics.
        #[arg(long, default_value_t = 0.1)]
        hours: f64,
        /// Disturbances of each kind and size in each.
        #[arg(long, default_value_t = 20)]
        trials: usize,
        /// Seed of everything random.
        #[arg(long, default_value_t = 777)]
        seed: u64,
        /// Sampling rate, in hertz.
        #[arg(long, default_value_t = 10_000.0)]
        rate: f64,
        /// Draw the curves into this SVG file, as docs/detection.svg.
        #[arg(long)]
        plot: Option<PathBuf>,
    },
    /// Write docs/cli.md, the help pages of the kilat command.
    Docs {
        /// Compare only; write nothing.
        #[arg(long)]
        check: bool,
    },
    /// Write crates/kilat-capi/include/kilat.h, the header of the C ABI.
    Header {
        /// Compare only; write nothing.
        #[arg(long)]
        check: bool,
    },
    /// Write datasets/MANIFEST.toml: what each generated scenario proves, how it is made, and its checksum.
    Datasets {
        /// Generate the scenarios again and compare with the manifest; write nothing.
        #[arg(long)]
        check: bool,
    },
}

/// The directory of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Test => return test::run(&root()),
        Task::Bench { peers, rounds } => bench::run(&root(), peers.as_deref(), rounds),
        Task::Causes { variants, seed, fastest, verbose } => {
            let options = kilat::conformance::causes::Options { variants, seed, fastest_hz: fastest };
            causes::run(&options, verbose)
        }
        Task::Recurrence { causes, recordings, seed, verbose } => {
            let options = kilat::conformance::recurrence::Options { causes, recordings, seed };
            causes::recurrence(&options, verbose)
        }
        Task::Detection { hours, trials, seed, rate, plot } => {
            let options = kilat::conformance::detection::Options { hours, trials, seed, rate_hz: rate };
            detection::run(&options, plot.as_deref())
        }
        Task::Docs { check } => docs::run(&root(), check),
        Task::Header { check } => header::run(&root(), check),
        Task::Datasets { check } => datasets::run(&root(), check),
    };
    match outcome {
        Ok(message) => {
            eprintln!("{message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
