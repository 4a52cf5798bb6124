//! `kilat analyze`: every table of the analysis, for people or for programs.

mod figures;
mod page;
mod tables;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use kilat::diagnosis::Record;
use kilat::engine::sink::Period;
use kilat::output::{self, AnalysisOutput, Detail, Document, Happened};
use kilat::{Capture, Error, Observations, Warning};

use figures::Figures;
use page::{Overview, page};

use crate::failure::{Failure, Outcome};
use crate::options::{AnalysisArgs, Analyzed, AnswerArgs, ReadArgs};
use crate::print;

/// Measures recordings: r.m.s., frequency, harmonics, unbalance, flicker, power, energy, events, rapid changes, transients,
/// mains signalling, emission up to 150 kHz, probable causes; per 10/12 cycles, 150/180 cycles, 10 min and 2 h.
///
/// Prints tables, or one JSON document with --json. Every threshold is a setting (--config); the results of a capture are the
/// same bits on any number of threads.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Recordings, or synth:NAME for a generated example.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Read all FILEs as parts of one recording, in the order of their starts; gaps stay gaps.
    #[arg(long)]
    join: bool,
    /// Write to this file instead of printing tables: .json; .csv, .parquet or .arrow with one --table; .h5 with all of
    /// them; .pqd with all trends.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Print one JSON document (docs/json.md).
    #[arg(long)]
    json: bool,
    /// The harmonics and supraharmonics of every interval (JSON, CSV), the harmonics (PQDIF), not only their means.
    #[arg(long)]
    full: bool,
    /// Table that a .csv, .parquet or .arrow file holds.
    #[arg(long, value_enum, default_value_t = Table::Intervals)]
    table: Table,
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
    #[command(flatten)]
    answers: AnswerArgs,
}

const AFTER: &str = "\
Examples:
  kilat analyze feeder7.cfg --nominal-voltage 230 --frequency 50
  kilat analyze feeder7.cfg -o intervals.csv
  kilat analyze feeder7.cfg -o events.csv --table events
  kilat analyze week.h5 -o trend.csv --table ten-minutes
  kilat analyze feeder7.cfg -o trends.pqd
  kilat analyze week.h5 -o trend.parquet --table ten-minutes
  kilat analyze week.h5 --from 2h --to 4h
  kilat analyze --join day1.csv day2.csv day3.csv
  kilat analyze --json synth:kaur-2024 | jq '.files[].findings[].cause'

A settings file for --config:
  nominal_voltage_v = 220.0
  dip_pct = 85.0
  transient_pct = 20.0";

/// A table for CSV.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Table {
    /// Basic 10/12-cycle intervals.
    Intervals,
    /// Aggregates of 150/180 cycles, about 3 s.
    Cycles150,
    /// Aggregates of 10 min.
    TenMinutes,
    /// Aggregates of 2 h.
    TwoHours,
    /// Urms(1/2) of each voltage.
    HalfCycles,
    /// 10-s frequency.
    Frequency,
    /// Pst and Plt of each voltage.
    Flicker,
    /// Dips, swells, interruptions.
    Events,
    /// Rapid voltage changes.
    Rvc,
    /// Bursts of mains signalling; its values per interval are columns of the tables of intervals.
    Bursts,
    /// Emission above order 50; of each interval with --full.
    Supraharmonics,
    /// Transients.
    Transients,
}

impl From<Table> for output::Table {
    fn from(t: Table) -> Self {
        match t {
            Table::Intervals => Self::Intervals(Period::Basic),
            Table::Cycles150 => Self::Intervals(Period::Cycles150),
            Table::TenMinutes => Self::Intervals(Period::TenMinutes),
            Table::TwoHours => Self::Intervals(Period::TwoHours),
            Table::HalfCycles => Self::HalfCycles,
            Table::Frequency => Self::Frequency,
            Table::Flicker => Self::Flicker,
            Table::Events => Self::Events,
            Table::Rvc => Self::Rvc,
            Table::Bursts => Self::Bursts,
            Table::Supraharmonics => Self::Supraharmonics,
            Table::Transients => Self::Transients,
        }
    }
}

/// Format of the output file.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Json,
    Pqdif,
    /// CSV, Parquet, Arrow, HDF5.
    Tables,
}

fn format(path: &Path) -> Result<Format, Error> {
    match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("json") => Ok(Format::Json),
        Some("pqd") => Ok(Format::Pqdif),
        _ if kilat::io::table::is_written(path, false) => Ok(Format::Tables),
        other => {
            let found = other.map_or("none".into(), |e| format!(".{e}"));
            Err(Error::config(
                path.display().to_string(),
                format!("expected the extension .json, .csv, .parquet, .arrow, .h5 or .pqd, found {found}"),
            ))
        }
    }
}

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let output = args.output.as_deref().map(|path| Ok::<_, Error>((path, format(path)?))).transpose()?;
    match output {
        Some((path, Format::Tables)) if !args.json => tables::write(args, path),
        None if !args.json => pages(args),
        _ => documents(args, output),
    }
}

/// The recordings by their names. They are read one by one, so that only one is in memory at a time; joined ones are one already.
fn captures(args: &Args) -> Result<impl Iterator<Item = (String, Result<Capture, Failure>)>, Failure> {
    let mut joined = args.join.then(|| args.read.read_joined(&args.files)).transpose()?;
    let names = if args.join { vec![args.files.join(", ")] } else { args.files.clone() };
    Ok(names.into_iter().map(move |name| {
        let capture = joined.take().map_or_else(|| args.read.read(&name), Ok);
        (name, capture)
    }))
}

impl Args {
    fn detail(&self) -> Detail {
        if self.full { Detail::Full } else { Detail::Compact }
    }

    fn whole(&self, name: &str, capture: Capture) -> Result<AnalysisOutput, Failure> {
        let Analyzed { capture, analysis, findings, assumed } =
            self.analysis.analyze(name, capture, self.answers.answers())?;
        Ok(output::analysis(&capture, &analysis, &findings, &assumed, self.detail()))
    }

    /// What a page shows, in the memory of a part and of what causes are read from.
    fn overview(&self, name: &str, capture: &Capture) -> Result<Overview, Failure> {
        let (parts, assumed) = self.analysis.parts(name, capture)?;
        let mut figures = None;
        let record = Record::read(parts, |part| {
            let part = Figures::of(output::analysis(capture, part, &[], &assumed, Detail::Compact));
            figures = Some(match figures.take() {
                None => part,
                Some(before) => Figures::and(before, part),
            });
            Ok(())
        });
        let record = record.map_err(Failure::about(name))?;
        let findings = record.diagnose(self.answers.answers());
        let figures = figures.ok_or_else(no_part)?;
        Ok(Overview { figures, happened: Happened::of(capture, &record, &findings) })
    }
}

/// An analysis in parts has at least one.
fn no_part() -> Error {
    Error::config("parts", "expected at least one, found none")
}

/// Says what tables and trends have no room for.
fn notes(files: &[AnalysisOutput]) {
    for f in files {
        note(f, &mut Vec::new());
    }
}

/// The same of one file, but for what was `said`.
fn note(f: &AnalysisOutput, said: &mut Vec<Warning>) {
    for w in f.assumed.iter().chain(&f.happened.warnings) {
        if !said.contains(w) {
            print::note(&format!("{}: {w}", f.origin.file));
            said.push(w.clone());
        }
    }
}

/// Prints a page for each recording as soon as it is there.
fn pages(args: &Args) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Done;
    let mut between = "";
    for (name, capture) in captures(args)? {
        match capture.and_then(|c| args.overview(&name, &c)) {
            Ok(o) => print::out(&format!("{}{}", std::mem::replace(&mut between, "\n"), page(&o)))?,
            Err(failure) => {
                failure.report();
                outcome = Outcome::SomeFailed;
            }
        }
    }
    Ok(outcome)
}

/// Writes or prints what was found in whole recordings.
fn documents(args: &Args, output: Option<(&Path, Format)>) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Done;
    let mut files = Vec::new();
    let mut trends = Observations::default();
    for (name, capture) in captures(args)? {
        let analyzed =
            capture.and_then(|capture| args.analysis.analyze(&name, capture, args.answers.answers()));
        match analyzed {
            Ok(Analyzed { capture, analysis, findings, assumed }) => {
                if let Some((_, Format::Pqdif)) = output {
                    trends.list.extend(output::trends(&capture, &analysis, args.detail()).list);
                }
                files.push(output::analysis(&capture, &analysis, &findings, &assumed, args.detail()));
            }
            Err(failure) => {
                failure.report();
                outcome = Outcome::SomeFailed;
            }
        }
    }
    if files.is_empty() {
        return Ok(outcome);
    }
    match output {
        None => {}
        Some((path, Format::Json)) => {
            let text = print::to_json(&Document::new(files.iter().collect()))?;
            std::fs::write(path, text).map_err(|e| Error::io(path, e))?;
        }
        Some((path, Format::Tables)) => {
            notes(&files);
            output::write_tables(files.iter().map(Ok), args.table.into(), path)?;
        }
        Some((path, Format::Pqdif)) => {
            notes(&files);
            for line in kilat::io::write_observations(&trends, path)? {
                print::note(&format!("{}: {line}", path.display()));
            }
            for f in &files {
                let h = &f.happened;
                let found = h.rvc.len() + h.transients.len() + h.findings.len();
                if found > 0 {
                    let what = format!("{found} rapid changes, transients and findings: see .json");
                    print::note(&format!("{}: not in {}: {what}", f.origin.file, path.display()));
                }
            }
        }
    }
    if args.json {
        print::json(&Document::new(files))?;
    }
    Ok(outcome)
}
