//! `kilat synth`: generated captures with the truth about them.

use std::path::{Path, PathBuf};

use kilat::Error;
use kilat::io::WriteOptions;
use kilat::output::Document;
use kilat::synth::{self, About, Options, Scenario};
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::print;
use crate::written::Written;

/// Generates a capture from a physical model of a low-voltage feeder, the same one for the same options.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Name of the scenario.
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    scenario: Option<String>,
    /// File to write; its extension names the format: .h5, .pqd, .csv or .npy.
    #[arg(short, long, value_name = "OUT", required_unless_present = "list")]
    output: Option<PathBuf>,
    /// List the scenarios and what each proves.
    #[arg(long, conflicts_with_all = ["scenario", "output", "rate", "duration", "seed", "labels"])]
    list: bool,
    /// Print one JSON document (docs/json.md).
    #[arg(long)]
    json: bool,
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

/// The document of `kilat synth`.
#[derive(Serialize)]
struct Synth {
    #[serde(flatten)]
    document: Document<Generated>,
    scenarios: Option<Vec<Listed>>,
}

/// A capture that was generated, and the truth about it.
#[derive(Serialize)]
struct Generated {
    #[serde(flatten)]
    written: Written,
    #[serde(flatten)]
    scenario: Scenario,
}

/// A scenario that can be generated.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    #[serde(flatten)]
    about: About,
}

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let (mut files, mut scenarios) = (Vec::new(), None);
    match (&args.scenario, &args.output) {
        (Some(name), Some(output)) => files.push(generate(args, name, output)?),
        _ => scenarios = Some(list()?),
    }
    if args.json {
        print::json(&Synth { document: Document::new(files), scenarios })?;
        return Ok(Outcome::Done);
    }
    for f in files {
        f.written.print(&format!("; cause: {}", f.scenario.cause))?;
    }
    for Listed { name, about } in scenarios.unwrap_or_default() {
        let About { cause, story, proves } = about;
        print::out(&format!("{name}\n  cause: {cause}\n  {story}\n  proves: {proves}\n"))?;
    }
    Ok(Outcome::Done)
}

fn generate(args: &Args, name: &str, output: &Path) -> Result<Generated, Failure> {
    let defaults = Options::of(name)?;
    let options = Options {
        sample_rate_hz: args.rate.unwrap_or(defaults.sample_rate_hz),
        duration_s: args.duration.unwrap_or(defaults.duration_s),
        seed: args.seed.unwrap_or(defaults.seed),
        ..defaults
    };
    let scenario = synth::scenario(name, &options)?;
    let written = Written::write(&scenario.capture, output, &WriteOptions::default())?;
    if let Some(path) = &args.labels {
        std::fs::write(path, print::to_json(&scenario)?).map_err(|e| Error::io(path, e))?;
    }
    Ok(Generated { written, scenario })
}

fn list() -> kilat::Result<Vec<Listed>> {
    synth::names().iter().map(|&name| Ok(Listed { name, about: synth::about(name)? })).collect()
}
