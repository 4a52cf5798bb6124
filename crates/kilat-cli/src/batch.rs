//! `kilat batch`: every recording under a directory, analysed into a store.
//!
//! The store holds, for each recording `a/b.cfg`, a record `records/a/b.cfg.json`, an `index.jsonl` with a line for each, and a
//! `recurrences.jsonl` with a line for each disturbance that came again. A record is put
//! in its place when it is whole, and made anew when its recording, the settings or the program have changed. So a run that was killed
//! goes on where it was, and ends with the same store as one that was not.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use indicatif::{ProgressBar, ProgressStyle};
use kilat::diagnosis::Answers;
use kilat::diagnosis::recurrence::Occurrence;
use kilat::output::{self, AnalysisOutput, Detail, RecurrenceOutput, SCHEMA};
use kilat::report::sha256;
use kilat::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};
use crate::options::{AnalysisArgs, Analyzed, ReadArgs};
use crate::print::{self, duration};

/// Analyses every recording under a directory into a store: a JSON document for each, an index, and what recurs: the same
/// disturbance in several recordings, with its dates.
///
/// A run that was interrupted goes on where it was; recordings that have not changed since are kept. A recording that cannot be
/// analysed is recorded with its error and does not stop the others: the exit status is still 0.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Directory to search, with all below it.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Directory of the store; made when it does not exist.
    #[arg(short, long, value_name = "STORE")]
    output: PathBuf,
    /// Print one JSON document with the index (docs/json.md).
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
}

const AFTER: &str = "\
Examples:
  kilat batch archive -o store --nominal-voltage 230 --frequency 50 --threads 2
  jq -r 'select(.error != null) | .file + \": \" + .error' store/index.jsonl
  jq -r .text store/recurrences.jsonl
  jq '.analysis.events' store/records/2024/feeder7.cfg.json";

/// Most recurrences on the terminal.
const PRINTED: usize = 40;

/// Extensions of the parts of a COMTRADE recording beside its `.cfg`.
const PARTS: [&str; 3] = ["dat", "hdr", "inf"];

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Input {
    file: String,
    bytes: u64,
    /// Nanoseconds since 1970.
    modified_ns: u64,
}

/// What a record was made from: as long as this is the same, so is the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Made {
    schema: u32,
    kilat: String,
    /// SHA-256 of the options.
    settings: String,
    inputs: Vec<Input>,
}

/// A record of the store.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    made: &'a Made,
    entry: &'a Entry,
    analysis: Option<&'a AnalysisOutput>,
}

/// What of a record tells whether it can be kept.
#[derive(Deserialize)]
struct Kept {
    #[serde(flatten)]
    made: Made,
    entry: Entry,
    analysis: Option<KeptAnalysis>,
}

/// What of a kept analysis others are compared with.
#[derive(Deserialize)]
struct KeptAnalysis {
    disturbances: Vec<Occurrence>,
}

/// A line of the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    file: String,
    /// Its record, below the store.
    record: String,
    error: Option<String>,
    format: Option<String>,
    station: Option<String>,
    start: Option<String>,
    duration_s: Option<f64>,
    dips: Option<usize>,
    swells: Option<usize>,
    interruptions: Option<usize>,
    rvc: Option<usize>,
    transients: Option<usize>,
    causes: Vec<String>,
    warnings: Option<usize>,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Index<'a> {
    schema: u32,
    kilat: &'static str,
    store: String,
    analysed: usize,
    kept: usize,
    failed: usize,
    files: &'a [Entry],
    recurrences: &'a [RecurrenceOutput],
}

pub fn run(args: &Args) -> std::result::Result<Outcome, Failure> {
    let settings = sha256::of_bytes(args.settings()?.as_bytes());
    fs::create_dir_all(&args.output).map_err(|e| Error::io(&args.output, e))?;
    let store = args.output.canonicalize().map_err(|e| Error::io(&args.output, e))?;
    let files = recordings(&args.dir, &store)?;
    let style = ProgressStyle::with_template("{pos}/{len} {wide_msg} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let progress = ProgressBar::new(files.len() as u64).with_style(style);
    let (mut entries, mut kept) = (Vec::with_capacity(files.len()), 0);
    let mut disturbances = Vec::new();
    for file in &files {
        progress.set_message(file.display().to_string());
        let record = Path::new("records").join(with_json(file));
        let made = Made {
            schema: SCHEMA,
            kilat: env!("CARGO_PKG_VERSION").into(),
            settings: settings.clone(),
            inputs: inputs(&args.dir, file)?,
        };
        let place = store.join(&record);
        let (entry, of_this) = if let Some(unchanged) = unchanged(&place, &made) {
            kept += 1;
            unchanged
        } else {
            args.analyse(file, &record, &made, &place)?
        };
        entries.push(entry);
        disturbances.extend(of_this);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let recurrences = output::recurrences(&disturbances);
    put(&store.join("index.jsonl"), &lines(&entries)?)?;
    put(&store.join("recurrences.jsonl"), &lines(&recurrences)?)?;
    let failed = entries.iter().filter(|e| e.error.is_some()).count();
    if args.json {
        print::json(&Index {
            schema: SCHEMA,
            kilat: env!("CARGO_PKG_VERSION"),
            store: args.output.display().to_string(),
            analysed: entries.len() - kept,
            kept,
            failed,
            files: &entries,
            recurrences: &recurrences,
        })?;
    } else {
        let header = ["file", "length", "dips", "swells", "interruptions", "transients", "causes or error"];
        print::out(&print::table(&header, entries.iter().map(row), header.len()))?;
        if !recurrences.is_empty() {
            print::out(&recurring(&recurrences))?;
        }
        let (all, new) = (entries.len(), entries.len() - kept);
        print::out(&format!("\n{all} recordings: {new} analysed, {kept} kept, {failed} failed\n"))?;
    }
    Ok(Outcome::Done)
}

impl Args {
    /// Everything that results depend on besides the recording.
    fn settings(&self) -> std::result::Result<String, Failure> {
        Ok(format!("{:?} {}", self.read, self.analysis.settings.identity()?))
    }

    /// Analyses `file` and puts its record in `place`.
    fn analyse(
        &self,
        file: &Path,
        record: &Path,
        made: &Made,
        place: &Path,
    ) -> std::result::Result<(Entry, Vec<Occurrence>), Failure> {
        let name = slashed(file);
        let path = self.dir.join(file);
        let analysed = self.read.read_path(&path, &name).and_then(|mut capture| {
            // The store says the same wherever the directory is.
            capture.source.clone_from(&name);
            self.analysis.analyze(&name, capture, Answers::default())
        });
        let (entry, analysis) = match analysed {
            Ok(Analyzed { capture, analysis, findings, assumed }) => {
                let a = output::analysis(&capture, &analysis, &findings, &assumed, Detail::Compact);
                (entry(&a, record), Some(a))
            }
            Err(failure) => (broken(name, record, failure.to_string()), None),
        };
        let parent = place.parent().unwrap_or(place);
        fs::create_dir_all(parent).map_err(|e| Error::io(parent, e))?;
        put(place, &print::to_json(&Record { made, entry: &entry, analysis: analysis.as_ref() })?)?;
        Ok((entry, analysis.map_or_else(Vec::new, |a| a.happened.disturbances)))
    }
}

/// The entry and the disturbances of the record at `place`, when it was made from just this.
fn unchanged(place: &Path, made: &Made) -> Option<(Entry, Vec<Occurrence>)> {
    let kept: Kept = serde_json::from_slice(&fs::read(place).ok()?).ok()?;
    (kept.made == *made).then(|| (kept.entry, kept.analysis.map_or_else(Vec::new, |a| a.disturbances)))
}

/// A line of JSON for each.
fn lines<T: Serialize>(all: &[T]) -> std::result::Result<String, Failure> {
    all.iter().map(print::to_json).collect()
}

/// What came again, the most frequent first; of many sites, which.
fn recurring(all: &[RecurrenceOutput]) -> String {
    let sites = all.iter().any(|r| r.site != all[0].site);
    let line = |r: &RecurrenceOutput| match r.site.as_str() {
        site if sites && !site.is_empty() => format!("  {site}: {}\n", r.text),
        _ => format!("  {}\n", r.text),
    };
    let mut text = format!("\nrecurring\n{}", all.iter().take(PRINTED).map(line).collect::<String>());
    if all.len() > PRINTED {
        let _ = writeln!(text, "  and {} more: recurrences.jsonl has them all", all.len() - PRINTED);
    }
    text
}

fn entry(a: &AnalysisOutput, record: &Path) -> Entry {
    let count = |kind| Some(a.happened.events.iter().filter(|e| e.kind == kind).count());
    Entry {
        file: a.origin.file.clone(),
        record: slashed(record),
        error: None,
        format: Some(a.origin.format.clone()),
        station: Some(a.origin.station.clone()),
        start: a.origin.start.map(|t| t.to_string()),
        duration_s: Some(a.origin.duration_s),
        dips: count(kilat::EventKind::Dip),
        swells: count(kilat::EventKind::Swell),
        interruptions: count(kilat::EventKind::Interruption),
        rvc: Some(a.happened.rvc.len()),
        transients: Some(a.happened.transients.len()),
        causes: a.happened.findings.iter().map(|f| f.cause.id().to_owned()).collect(),
        warnings: Some(a.happened.warnings.len()),
    }
}

fn broken(file: String, record: &Path, error: String) -> Entry {
    Entry {
        file,
        record: slashed(record),
        error: Some(error),
        format: None,
        station: None,
        start: None,
        duration_s: None,
        dips: None,
        swells: None,
        interruptions: None,
        rvc: None,
        transients: None,
        causes: Vec::new(),
        warnings: None,
    }
}

fn row(e: &Entry) -> Vec<String> {
    let count = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
    vec![
        e.file.clone(),
        e.duration_s.map_or(String::new(), duration),
        count(e.dips),
        count(e.swells),
        count(e.interruptions),
        count(e.transients),
        e.error.clone().unwrap_or_else(|| e.causes.join(", ")),
    ]
}

/// Every file below `dir` that is not a part of another recording, in order; without hidden ones and the store.
fn recordings(dir: &Path, store: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(at) = waiting.pop() {
        let place = dir.join(&at);
        for item in fs::read_dir(&place).map_err(|e| Error::io(&place, e))? {
            let item = item.map_err(|e| Error::io(&place, e))?;
            let (path, kind) = (item.path(), item.file_type().map_err(|e| Error::io(item.path(), e))?);
            let relative = at.join(item.file_name());
            if item.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                if path.canonicalize().is_ok_and(|p| p != store) {
                    waiting.push(relative);
                }
            } else if path.is_file() && !is_part(&path) {
                found.push(relative);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn extension(path: &Path) -> String {
    path.extension().map_or(String::new(), |e| e.to_string_lossy().to_lowercase())
}

/// True for the data, header and information files of a COMTRADE recording.
fn is_part(path: &Path) -> bool {
    let beside = |ext: &str| path.with_extension(ext).is_file();
    PARTS.contains(&extension(path).as_str()) && ["cfg", "CFG", "Cfg"].into_iter().any(beside)
}

/// The files of a recording, as they are now.
fn inputs(dir: &Path, file: &Path) -> Result<Vec<Input>> {
    let mut all = vec![file.to_owned()];
    if extension(file) == "cfg" {
        let spelt = PARTS.iter().flat_map(|p| [(*p).to_owned(), p.to_uppercase()]);
        all.extend(spelt.map(|p| file.with_extension(p)).filter(|p| dir.join(p).is_file()));
    }
    let input = |file: PathBuf| {
        let path = dir.join(&file);
        let meta = fs::metadata(&path).map_err(|e| Error::io(&path, e))?;
        let modified = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let modified_ns = modified.map_or(0, |d| d.as_nanos() as u64);
        Ok(Input { file: slashed(&file), bytes: meta.len(), modified_ns })
    };
    all.into_iter().map(input).collect()
}

/// A path as the store writes it on every system.
fn slashed(path: &Path) -> String {
    path.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn with_json(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// Writes a file that is there whole or not at all. What a killed run leaves behind is overwritten by the next.
fn put(path: &Path, text: &str) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let io = |e| Error::io(path, e);
    fs::write(&part, text).map_err(io)?;
    fs::rename(&part, path).map_err(io)
}
