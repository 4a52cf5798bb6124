//! `kilat report`: the analysis as one HTML page.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use kilat::limits::Standard;
use kilat::output::Document;
use kilat::report::{self, Lang, Options, sha256};
use kilat::{Error, Result};
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::options::{AnalysisArgs, Analyzed, AnswerArgs, ReadArgs, SiteArgs};
use crate::print;

/// Writes a report: one HTML page that stands alone, with figures, tables, and probable causes.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Recordings, or synth:NAME for a generated example.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// The page to write; with several FILEs a directory, which gets one page for each.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Language of the report: English or Indonesian.
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    /// Title; the station or the file when not given.
    #[arg(long)]
    title: Option<String>,
    /// Standards to hold the recording against, by the names of `kilat check`; separated by commas, `none` for none.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "en50160")]
    limits: Vec<String>,
    /// Make, type and serial number of the instrument, for the record.
    #[arg(long, value_name = "TEXT")]
    instrument: Option<String>,
    /// Class of the instrument, for the record.
    #[arg(long, value_name = "TEXT")]
    instrument_class: Option<String>,
    /// When and by whom it was calibrated, for the record.
    #[arg(long, value_name = "TEXT")]
    calibrated: Option<String>,
    /// Source of its clock and how far to trust it; what the file says when not given.
    #[arg(long, value_name = "TEXT")]
    time_source: Option<String>,
    /// Print one JSON document about the pages written (docs/json.md).
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
    #[command(flatten)]
    answers: AnswerArgs,
}

const AFTER: &str = "\
Examples:
  kilat report synth:kaur-2024 -o report.html
  kilat report feeder7.cfg -o laporan.html --lang id --nominal-voltage 220
  kilat report *.cfg -o reports";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    /// English.
    En,
    /// Indonesian.
    Id,
}

impl From<Language> for Lang {
    fn from(l: Language) -> Self {
        match l {
            Language::En => Self::En,
            Language::Id => Self::Id,
        }
    }
}

/// A page that was written.
#[derive(Serialize)]
struct Page {
    input: String,
    output: String,
    file_sha256: Option<String>,
    events: usize,
    causes: Vec<&'static str>,
}

pub fn run(args: &Args) -> std::result::Result<Outcome, Failure> {
    let standards = standards(args)?;
    let pages = pages(args)?;
    let mut outcome = Outcome::Done;
    let mut written = Vec::new();
    for (file, page) in args.files.iter().zip(&pages) {
        match one(args, &standards, file, page) {
            Ok(_) if !args.json => print::out(&format!("{}\n", page.display()))?,
            Ok(page) => written.push(page),
            Err(failure) => {
                failure.report();
                outcome = Outcome::SomeFailed;
            }
        }
    }
    if args.json {
        print::json(&Document::new(written))?;
    }
    Ok(outcome)
}

/// The standards named, refused before anything is read.
fn standards(args: &Args) -> Result<Vec<Standard>> {
    args.limits.iter().filter(|n| *n != "none").map(|n| Standard::named(n)).collect()
}

/// The page of each file: the output itself for one, `STEM.html` in the output directory for several.
fn pages(args: &Args) -> Result<Vec<PathBuf>> {
    if args.files.len() == 1 {
        return Ok(vec![args.output.clone()]);
    }
    std::fs::create_dir_all(&args.output).map_err(|e| Error::io(&args.output, e))?;
    let mut pages: Vec<PathBuf> = Vec::new();
    for file in &args.files {
        let stem =
            Path::new(file).file_stem().map_or("report".into(), |s| s.to_string_lossy().replace(':', "-"));
        let page = args.output.join(format!("{stem}.html"));
        if pages.contains(&page) {
            let hint = "write them one by one";
            return Err(Error::config(
                page.display().to_string(),
                format!("two files would write this page; {hint}"),
            ));
        }
        pages.push(page);
    }
    Ok(pages)
}

fn one(args: &Args, standards: &[Standard], file: &str, page: &Path) -> std::result::Result<Page, Failure> {
    let capture = args.read.read(file)?;
    let Analyzed { capture, analysis, findings, assumed } =
        args.analysis.analyze(file, capture, args.answers.answers())?;
    for note in &assumed {
        print::note(&format!("{file}: {note}"));
    }
    let file_sha256 = Path::new(file).is_file().then(|| sha256::of_file(Path::new(file))).transpose()?;
    let written = Page {
        input: file.to_owned(),
        output: page.display().to_string(),
        file_sha256: file_sha256.clone(),
        events: analysis.events.len(),
        causes: findings.iter().map(|f| f.cause.id()).collect(),
    };
    let options = Options {
        lang: args.lang.into(),
        title: args.title.clone(),
        assumed,
        file_sha256,
        standards: standards.to_vec(),
        site: args.site.site()?,
        instrument: args.instrument.clone(),
        instrument_class: args.instrument_class.clone(),
        calibrated: args.calibrated.clone(),
        time_source: args.time_source.clone(),
    };
    let html = report::html(&capture, &analysis, &findings, &options).map_err(Failure::about(file))?;
    std::fs::write(page, html).map_err(|e| Error::io(page, e))?;
    Ok(written)
}
