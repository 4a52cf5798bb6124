//! `kilat analyze`: every table of the analysis, for people or for programs.

use std::fmt::Write as _;
use std::iter::{empty, once};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use kilat::engine::sink::Period;
use kilat::output::{self, AnalysisOutput, Detail, Document, Range, SeverityColumns};
use kilat::{Capture, Error, Flags, Kind, Observations, Part, Warning};

use crate::failure::{Failure, Outcome};
use crate::options::{AnalysisArgs, Analyzed, AnswerArgs, ReadArgs};
use crate::print::{self, duration, fit, fixed};

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
        Some((path, Format::Tables)) if !args.json => tables(args, path),
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

    /// The table has a row for each step of time, so that an analysis can be written part by part.
    fn grows(&self) -> bool {
        matches!(
            self.table,
            Table::Intervals | Table::Cycles150 | Table::TenMinutes | Table::TwoHours | Table::Frequency
        )
    }

    fn whole(&self, name: &str, capture: Capture) -> Result<AnalysisOutput, Failure> {
        let Analyzed { capture, analysis, findings, assumed } =
            self.analysis.analyze(name, capture, self.answers.answers())?;
        Ok(output::analysis(&capture, &analysis, &findings, &assumed, self.detail()))
    }
}

/// The parts of a document, one after the other.
type Parts<'a> = Box<dyn Iterator<Item = Result<AnalysisOutput, Error>> + 'a>;

/// Writes one table of all files, or all their tables; files that fail before their first row are reported and left out.
fn tables(args: &Args, path: &Path) -> Result<Outcome, Failure> {
    let in_parts = args.grows() && !kilat::io::table::is_written(path, true);
    let begin = |name: &str, capture: Capture| -> Result<Parts<'_>, Failure> {
        if !in_parts {
            return Ok(Box::new(once(Ok(args.whole(name, capture)?))));
        }
        let (parts, assumed) = args.analysis.parts(name, &capture)?;
        Ok(Box::new(parts.map(move |p| Ok(output::analysis(&capture, &p?, &[], &assumed, Detail::Compact)))))
    };
    let mut outcome = Outcome::Done;
    let parts = captures(args)?.flat_map(|(name, capture)| {
        let mut said = Vec::new();
        let parts = capture.and_then(|c| begin(&name, c)).unwrap_or_else(|failure| {
            failure.report();
            outcome = Outcome::SomeFailed;
            Box::new(empty())
        });
        parts.inspect(move |part| part.iter().for_each(|p| note(p, &mut said)))
    });
    output::write_tables(parts, args.table.into(), path)?;
    Ok(outcome)
}

/// Says what tables and trends have no room for.
fn notes(files: &[AnalysisOutput]) {
    for f in files {
        note(f, &mut Vec::new());
    }
}

/// The same of one file, but for what was `said`.
fn note(f: &AnalysisOutput, said: &mut Vec<Warning>) {
    for w in f.assumed.iter().chain(&f.warnings) {
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
        match capture.and_then(|c| args.whole(&name, c)) {
            Ok(f) => print::out(&format!("{}{}", std::mem::replace(&mut between, "\n"), page(&f)))?,
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
                let found = f.rvc.len() + f.transients.len() + f.findings.len();
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

/// Most rows of the event and transient tables on the terminal.
const ROWS: usize = 40;

fn page(f: &AnalysisOutput) -> String {
    let o = &f.origin;
    let mut text = format!("{}: {}", o.file, o.format);
    for part in [o.station.clone(), o.start.map_or(String::new(), |t| t.to_string()), duration(o.duration_s)]
    {
        if !part.is_empty() {
            let _ = write!(text, ", {part}");
        }
    }
    let c = &f.config;
    let s = &f.summary;
    let _ = write!(
        text,
        "\n  Udin {} V, {} Hz, {:?} wiring, class {:?}, {}; {} intervals of {} cycles, {} flagged\n",
        fit(c.nominal_voltage_v),
        c.nominal_frequency_hz,
        f.wiring,
        c.class,
        c.edition,
        s.intervals,
        c.cycles(),
        s.flagged
    );
    for w in &f.assumed {
        let _ = writeln!(text, "  note: {w}");
    }
    text.push('\n');
    text += &quantities(f);
    text += &energy(f);
    text += &events(f);
    text += &rapid_changes(f);
    text += &bursts(f);
    text += &supraharmonics(f);
    text += &transients(f);
    text += &findings(f);
    text += &recurrences(f);
    if !f.warnings.is_empty() {
        text.push_str("\nwarnings\n");
        for w in &f.warnings {
            let _ = writeln!(text, "  {w}");
        }
    }
    text
}

/// Rows of the table of quantities.
#[derive(Default)]
struct Quantities(Vec<Vec<String>>);

impl Quantities {
    /// A row, when there is a value.
    fn row(&mut self, what: &str, of: &str, unit: &str, r: &Range, show: fn(f64) -> String) {
        if r.mean.is_finite() {
            let mut cells = vec![what.to_owned(), of.to_owned(), unit.to_owned()];
            cells.extend([r.min, r.mean, r.max].map(show));
            self.0.push(cells);
        }
    }
}

fn quantities(f: &AnalysisOutput) -> String {
    let mut q = Quantities::default();
    let s = &f.summary;
    let two = |v| fixed(v, 2);
    let three = |v| fixed(v, 3);
    q.row("frequency", "", "Hz", &s.frequency_hz, three);
    for c in f.channels.iter().map(|c| &c.measured) {
        q.row("r.m.s.", &c.name, c.unit, &c.rms_range, fit);
    }
    for c in f.channels.iter().filter(|c| c.kind == Kind::Voltage) {
        let half = c.half_cycles.as_ref().map_or(&[][..], |h| &h.u_rms_v);
        q.row("Urms(1/2)", &c.measured.name, "V", &Range::quadratic(half.iter().copied()), fit);
    }
    for a in f.aggregates.iter().filter(|a| a.period == output::period_name(Period::TenMinutes)) {
        for c in a.channels.iter().filter(|c| c.unit == "V") {
            let whole = c.rms.iter().zip(&a.intervals.flags).filter(|(_, f)| !f.contains(Flags::INCOMPLETE));
            q.row("r.m.s. 10 min", &c.name, c.unit, &Range::quadratic(whole.map(|(v, _)| *v)), fit);
        }
    }
    for c in f.channels.iter().map(|c| &c.measured) {
        q.row("THD", &c.name, "%", &c.thd_subgroup_range_pct, two);
    }
    for c in &f.channels {
        let Some(flicker) = &c.flicker else { continue };
        let range = |t: &SeverityColumns| Range::cubic(t.severity.iter().copied());
        q.row("Pst", &c.measured.name, "", &range(&flicker.pst), three);
        q.row("Plt", &c.measured.name, "", &range(&flicker.plt), three);
    }
    for c in f.channels.iter().map(|c| &c.measured) {
        for tone in &c.signalling {
            q.row(&format!("signalling {} Hz", tone.hz), &c.name, "V", &tone.rms_range_v, fit);
        }
    }
    let unbalance = [
        ("unbalance u2", s.u2_pct),
        ("unbalance u0", s.u0_pct),
        ("unbalance i2", s.i2_pct),
        ("unbalance i0", s.i0_pct),
    ];
    for (what, r) in &unbalance {
        q.row(what, "", "%", r, two);
    }
    for p in f.power.iter().map(|p| &p.measured) {
        let pair = format!("{} {}", p.voltage, p.current);
        q.row("P", &pair, "W", &p.p_range_w, fit);
        q.row("Q1", &pair, "var", &p.q1_range_var, fit);
        q.row("S", &pair, "VA", &p.s_range_va, fit);
        q.row("PF", &pair, "", &p.pf_range, three);
    }
    print::table(&["quantity", "channel", "unit", "min", "mean", "max"], q.0, 3)
}

/// Energy of all pairs together, in one line.
fn energy(f: &AnalysisOutput) -> String {
    f.energy.as_ref().map_or(String::new(), |e| {
        // What rounds to zero is zero to a reader: no exponents.
        let n = |v| fixed(v, 3);
        format!(
            "\nenergy in {}: import {} Wh, export {} Wh, apparent {} VAh, reactive {} varh (quadrants I to IV)\n",
            duration(e.counted_s),
            n(e.import_wh),
            n(e.export_wh),
            n(e.apparent_vah),
            e.reactive_varh.map(n).join(" / ")
        )
    })
}

/// A heading, a table, and how many rows it leaves out.
fn section(name: &str, total: usize, header: &[&str], rows: Vec<Vec<String>>, numbers: usize) -> String {
    if total == 0 {
        return format!("\n{name}: none\n");
    }
    let mut text = format!("\n{name}\n") + &print::table(header, rows, numbers);
    if total > ROWS {
        let _ = writeln!(text, "  and {} more: --json or -o FILE.csv has them all", total - ROWS);
    }
    text
}

fn events(f: &AnalysisOutput) -> String {
    let rows = f.events.iter().take(ROWS).map(|e| {
        let open = if e.open { " (cut off)" } else { "" };
        let system = if e.polyphase { "system: " } else { "" };
        vec![
            format!("{:?}", e.kind).to_lowercase(),
            format!("{system}{}", e.channels.join(" ")),
            format!("{}{open}", e.category),
            format!("{:?}", e.itic).chars().flat_map(spaced).collect(),
            fixed(e.start_s, 3),
            fixed(e.duration_s, 3),
            fit(e.residual_v),
            fixed(100.0 * e.magnitude_pu, 1),
        ]
    });
    let header = ["kind", "channels", "category", "ITIC", "start s", "duration s", "V", "% Udin"];
    section("events", f.events.len(), &header, rows.collect(), 4)
}

fn rapid_changes(f: &AnalysisOutput) -> String {
    let rows = f.rvc.iter().take(ROWS).map(|e| {
        let open = if e.open { " (cut off)" } else { "" };
        vec![
            format!("{}{open}", e.channels.join(" ")),
            fixed(e.start_s, 3),
            fixed(e.duration_s, 3),
            fit(e.delta_steady_v),
            fixed(e.delta_steady_pct, 2),
            fit(e.delta_max_v),
            fixed(e.delta_max_pct, 2),
        ]
    });
    let header = ["channels", "start s", "duration s", "ΔUss V", "ΔUss %", "ΔUmax V", "ΔUmax %"];
    section("rapid voltage changes", f.rvc.len(), &header, rows.collect(), 1)
}

/// Bursts of the tones that the settings name; nothing without tones.
fn bursts(f: &AnalysisOutput) -> String {
    if f.config.signalling.is_empty() {
        return String::new();
    }
    let rows = f.bursts.iter().take(ROWS).map(|b| {
        let open = if b.open { " (cut off)" } else { "" };
        vec![
            format!("{}{open}", b.channel),
            fit(b.hz),
            fixed(b.start_s, 3),
            fixed(b.duration_s, 3),
            fit(b.largest_v),
            fixed(b.largest_pct, 2),
        ]
    });
    let header = ["channel", "Hz", "start s", "duration s", "largest V", "% Udin"];
    section("bursts of mains signalling", f.bursts.len(), &header, rows.collect(), 1)
}

/// The strongest emission of each channel, below and above 9 kHz.
fn supraharmonics(f: &AnalysisOutput) -> String {
    let Some(s) = &f.supraharmonics else { return String::new() };
    let strongest = |hz: &[f64], values: &[f64]| {
        let all = hz.iter().zip(values).filter(|(_, v)| v.is_finite());
        all.max_by(|a, b| a.1.total_cmp(b.1)).map(|(hz, v)| (*hz, *v))
    };
    let mut rows = Vec::new();
    for (c, unit) in s.channels.iter().zip(f.channels.iter().map(|c| c.measured.unit)) {
        let ranges = [("2 to 9 kHz", &s.low_hz, &c.low_mean), ("9 to 150 kHz", &s.high_hz, &c.high_mean)];
        for (range, hz, values) in ranges {
            let Some((hz, v)) = strongest(hz, values) else { continue };
            rows.push(vec![c.channel.clone(), range.into(), unit.into(), fit(hz), fit(v)]);
        }
    }
    section(
        "strongest emission above order 50",
        rows.len(),
        &["channel", "range", "unit", "Hz", "r.m.s."],
        rows,
        2,
    )
}

/// The letters of a name in `CamelCase`, as words.
fn spaced(c: char) -> Vec<char> {
    if c.is_uppercase() { vec![' ', c.to_ascii_lowercase()] } else { vec![c] }
}

fn transients(f: &AnalysisOutput) -> String {
    if !f.config.measures(Part::Transients) {
        return "\ntransients: not measured\n".into();
    }
    let rows = f.transients.iter().take(ROWS).map(|t| {
        let mut remarks = Vec::new();
        if t.clipped {
            remarks.push("clipped: true peak is larger");
        }
        if !t.resolvable {
            remarks.push("rate too low: peak is a lower limit");
        }
        vec![
            format!("{:?}", t.kind).to_lowercase(),
            t.channel.clone(),
            remarks.join("; "),
            fixed(t.start_s, 6),
            duration(t.duration_s),
            fit(t.peak_v),
            fixed(t.peak_pu, 2),
            duration(t.rise_s),
            fixed(t.ringing_hz, 0),
        ]
    });
    let header = ["kind", "channel", "remark", "start s", "duration", "peak V", "pu", "rise", "ringing Hz"];
    section("transients", f.transients.len(), &header, rows.collect(), 3)
}

/// What happened more than once; nothing when nothing did.
fn recurrences(f: &AnalysisOutput) -> String {
    if f.recurrences.is_empty() {
        return String::new();
    }
    let lines = f.recurrences.iter().take(ROWS).map(|r| format!("  {}\n", r.text));
    let mut text = format!("\nrecurring\n{}", lines.collect::<String>());
    if f.recurrences.len() > ROWS {
        let _ = writeln!(text, "  and {} more: --json has them all", f.recurrences.len() - ROWS);
    }
    text
}

fn findings(f: &AnalysisOutput) -> String {
    if !f.config.only.is_empty() {
        return "\nprobable causes: not sought\n".into();
    }
    if f.findings.is_empty() {
        return "\nprobable causes: none that kilat has a rule for\n".into();
    }
    let mut text = String::from("\nprobable causes\n");
    for x in &f.findings {
        let (percent, span) = (fixed(100.0 * x.confidence, 0), (fixed(x.start_s, 2), fixed(x.stop_s, 2)));
        let _ = writeln!(
            text,
            "  {} ({percent} %), {} to {} s, {}",
            x.cause.id(),
            span.0,
            span.1,
            x.channels.join(" ")
        );
        let parts =
            x.rules_for.iter().map(|r| ("for", r)).chain(x.rules_against.iter().map(|r| ("against", r)));
        for (label, rule) in parts.chain([("refuted by", &x.refuted_by), ("do", &x.recommendation)]) {
            let _ = writeln!(text, "    {label}: {rule}");
        }
    }
    text
}
