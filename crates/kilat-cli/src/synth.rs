//! `kilat synth`: generated captures with the truth about them.

use std::fmt::Write as _;
use std::path::PathBuf;

use kilat::Error;
use kilat::synth::{self, Options};

use crate::failure::{Failure, Outcome};
use crate::print;

/// Generates a capture from a physical model of a low-voltage feeder, the same one for the same options.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Name of the scenario.
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    scenario: Option<String>,
    /// File to write; its extension names the format: .h5, .csv or .npy.
    #[arg(short, long, value_name = "OUT", required_unless_present = "list")]
    output: Option<PathBuf>,
    /// List the scenarios and what each proves.
    #[arg(long, exclusive = true)]
    list: bool,
    /// Samples per second.
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// Length, in seconds.
    #[arg(long, value_name = "S")]
    duration: Option<f64>,
    /// Choice of loads, instants, phases and noise.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write the truth to this file too: events and cause, as JSON.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
}

const AFTER: &str = "\
Examples:
  kilat synth --list
  kilat synth kaur-2024 -o kaur.h5
  kilat synth serang-2018 -o serang.h5 --rate 50000 --seed 7 --labels serang.json";

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    match (&args.scenario, &args.output) {
        (Some(name), Some(output)) if !args.list => generate(args, name, output)?,
        _ => print::out(&list()?)?,
    }
    Ok(Outcome::Done)
}

fn generate(args: &Args, name: &str, output: &PathBuf) -> Result<(), Failure> {
    let defaults = Options::of(name)?;
    let options = Options {
        sample_rate_hz: args.rate.unwrap_or(defaults.sample_rate_hz),
        duration_s: args.duration.unwrap_or(defaults.duration_s),
        seed: args.seed.unwrap_or(defaults.seed),
        ..defaults
    };
    let scenario = synth::scenario(name, &options)?;
    let lost = kilat::io::write(&scenario.capture, output)?;
    for line in lost {
        print::note(&format!("{}: {line}", output.display()));
    }
    if let Some(path) = &args.labels {
        std::fs::write(path, print::to_json(&scenario)?).map_err(|e| Error::io(path, e))?;
    }
    print::out(&format!(
        "{}: {} channels, {} samples each; cause: {}\n",
        output.display(),
        scenario.capture.channels().len(),
        scenario.capture.len(),
        scenario.cause
    ))
}

fn list() -> kilat::Result<String> {
    let mut text = String::new();
    for name in synth::names() {
        let about = synth::about(name)?;
        let _ =
            writeln!(text, "{name}\n  cause: {}\n  {}\n  proves: {}", about.cause, about.story, about.proves);
    }
    Ok(text)
}
