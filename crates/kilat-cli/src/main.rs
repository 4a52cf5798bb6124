//! The `kilat` command: one file per subcommand, and [`options`] for what they share.

mod analyze;
mod batch;
mod check;
mod convert;
mod failure;
mod info;
mod options;
mod print;
mod report;
mod selftest;
mod synth;
mod watch;
mod written;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Outcome;

/// Measures power quality on captured waveforms.
///
/// Reads COMTRADE, PQDIF, HDF5, Parquet, Arrow, WAV, FLAC, NPY, NPZ and CSV recordings of voltages and currents, computes r.m.s., frequency, harmonics, unbalance,
/// power, dips, swells, interruptions and transients per IEC 61000-4-30, and names probable causes.
#[derive(Parser)]
#[command(name = "kilat", version, term_width = 100, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
FILE is a recording of any format kilat reads, found out from its content; of a COMTRADE pair name the .cfg.
`synth:NAME` in its place is a generated example, such as synth:kaur-2024 (see `kilat synth --list`).

Exit status: 0 done, 1 a limit is not met (check, selftest), 2 error. Results go to standard output, everything else to standard error.

Examples:
  kilat info feeder7.cfg
  kilat report synth:kaur-2024 -o report.html";

#[derive(Subcommand)]
enum Command {
    Info(info::Args),
    Analyze(analyze::Args),
    Report(report::Args),
    Check(check::Args),
    Batch(batch::Args),
    Watch(watch::Args),
    Convert(convert::Args),
    Synth(synth::Args),
    Selftest(selftest::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return failure::usage(&e),
    };
    let outcome = match cli.command {
        Command::Info(args) => info::run(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Batch(args) => batch::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Selftest(args) => selftest::run(&args),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotMet) => ExitCode::FAILURE,
        Ok(Outcome::SomeFailed) => failure::EXIT.into(),
        Err(failure) => failure.report(),
    }
}
