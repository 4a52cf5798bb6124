//! `kilat info`: what a file holds and what can be measured on it.

use std::fmt::Write as _;

use kilat::Error;
use kilat::output::{self, CaptureInfo, Document};
use kilat::simd::Level;
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::options::ReadArgs;
use crate::print::{self, duration, fit};

/// Shows what a file holds: station, span, rates, channels, damage, and what can be measured on it.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Recordings, or synth:NAME for a generated example.
    #[arg(value_name = "FILE", required_unless_present = "system")]
    files: Vec<String>,
    /// Print one JSON document (docs/json.md).
    #[arg(long)]
    json: bool,
    /// Show version, processor and threads too; no FILE is needed then.
    #[arg(long)]
    system: bool,
    #[command(flatten)]
    read: ReadArgs,
}

const AFTER: &str = "\
Examples:
  kilat info feeder7.cfg
  kilat info --rate 50000 --map '0=Ua:V:A:0.0152' --map '1=Ia:A:A' raw.npy
  kilat info --json *.cfg | jq '.files[].warnings'
  kilat info monitor.pqd
  kilat info --system";

/// The machine and this program.
#[derive(Serialize)]
struct System {
    version: &'static str,
    target: String,
    instruction_set: &'static str,
    instruction_sets: Vec<&'static str>,
    threads: usize,
}

impl System {
    fn here() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            target: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
            instruction_set: Level::chosen().name(),
            instruction_sets: Level::all().into_iter().map(Level::name).collect(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// The document of `kilat info`.
#[derive(Serialize)]
struct Info {
    #[serde(flatten)]
    document: Document<CaptureInfo>,
    system: Option<System>,
}

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Done;
    let mut files = Vec::new();
    for file in &args.files {
        match describe(args, file) {
            Ok(info) => files.push(info),
            Err(failure) => {
                failure.report();
                outcome = Outcome::SomeFailed;
            }
        }
    }
    let system = args.system.then(System::here);
    if args.json {
        print::json(&Info { document: Document::new(files), system })?;
    } else {
        let mut text: Vec<String> = system.iter().map(system_page).collect();
        text.extend(files.iter().map(page));
        print::out(&text.join("\n"))?;
    }
    Ok(outcome)
}

/// What `file` holds: a capture, observations, or both.
fn describe(args: &Args, file: &str) -> Result<CaptureInfo, Failure> {
    // Whatever is wrong with a file is said by reading it as a capture.
    let observations = kilat::observations(file).ok();
    match (args.read.read(file), observations) {
        (Ok(capture), all) => {
            let observations = all.as_ref().map(output::observations).unwrap_or_default();
            let info = output::capture(&capture)?;
            let own = kilat::io::file_format(file).ok().map(str::to_owned);
            let container = own.filter(|own| !info.origin.format.starts_with(own));
            Ok(CaptureInfo { observations, container, ..info })
        }
        (Err(Failure::Library(_, e)), Some(all)) if matches!(*e, Error::Unsupported { .. }) => {
            Ok(output::only_observations(file, &all, &e)?)
        }
        (Err(failure), _) => Err(failure),
    }
}

fn system_page(s: &System) -> String {
    format!(
        "kilat {}\n  machine   {}, {} threads\n  kernels   {} (of {}; KILAT_SIMD chooses)\n",
        s.version,
        s.target,
        s.threads,
        s.instruction_set,
        s.instruction_sets.join(", ")
    )
}

fn page(i: &CaptureInfo) -> String {
    let o = &i.origin;
    let format = i.container.as_ref().map_or_else(|| o.format.clone(), |c| format!("{c} ({})", o.format));
    let mut text = format!("{}: {format}\n", o.file);
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {label:<9} {value}");
        }
    };
    line("station", o.station.clone());
    line("device", o.device.clone());
    line("start", o.start.map_or("unknown".into(), |t| t.to_string()));
    line("trigger", i.trigger.map_or(String::new(), |t| t.to_string()));
    if !i.channels.is_empty() {
        line("duration", format!("{}, {} samples per channel", duration(o.duration_s), o.samples));
        line("rate", rates(i));
    }
    line("nominal", i.nominal_frequency_hz.map_or(String::new(), |f| format!("{f} Hz")));
    line(
        "status",
        if i.digital.is_empty() { String::new() } else { format!("{} channels", i.digital.len()) },
    );
    text.push('\n');
    let missing = i.channels.iter().any(|c| c.missing > 0);
    let rows = i.channels.iter().map(|c| {
        let phase = c.phase.map_or("–".into(), |p| p.to_string());
        let mut row = vec![c.name.clone(), phase, c.kind.to_string(), c.unit.clone()];
        row.extend([c.min, c.max, c.rms].map(fit));
        row.extend(missing.then(|| c.missing.to_string()));
        row
    });
    let header = ["channel", "phase", "kind", "unit", "min", "max", "r.m.s.", "missing"];
    if !i.channels.is_empty() {
        text += &print::table(&header[..if missing { 8 } else { 7 }], rows, 4);
        text.push('\n');
    }
    text += &observations(i);
    text += &supports(i);
    for w in &i.warnings {
        let _ = writeln!(text, "  warning   {w}");
    }
    text
}

/// Most observations that are listed one by one.
const OBSERVATIONS: usize = 40;

fn observations(i: &CaptureInfo) -> String {
    let all = &i.observations;
    if all.is_empty() {
        return String::new();
    }
    let rows = all.iter().take(OBSERVATIONS).map(|o| {
        let start = o.start.map_or("unknown".into(), |t| t.to_string());
        let counts = [o.number, o.channels.len(), o.rows].map(|n| n.to_string());
        let [number, channels, values] = counts;
        vec![o.name.clone(), o.quantities.join(" "), start, o.disturbance.clone(), number, channels, values]
    });
    let header = ["observation", "holds", "start", "category", "number", "channels", "values"];
    let mut text = print::table(&header, rows, 4);
    if all.len() > OBSERVATIONS {
        let _ = writeln!(text, "  and {} more: --json has them all", all.len() - OBSERVATIONS);
    }
    text.push('\n');
    text
}

/// Most segments that are listed one by one.
const SEGMENTS: usize = 8;

fn rates(i: &CaptureInfo) -> String {
    match i.segments.as_slice() {
        [] => "none".into(),
        [one] => format!("{} Hz", one.rate_hz),
        all => {
            let one = |s: &output::SegmentInfo| {
                format!("{} samples at {} Hz from {}", s.samples, s.rate_hz, duration(s.start_s))
            };
            let listed: Vec<_> = all.iter().take(SEGMENTS).map(one).collect();
            let rest = all.len().saturating_sub(SEGMENTS);
            let rest = if rest > 0 { format!("; and {rest} more") } else { String::new() };
            format!("{} segments: {}{rest}", all.len(), listed.join("; "))
        }
    }
}

fn supports(i: &CaptureInfo) -> String {
    let Some(s) = &i.support else {
        return format!("  no waveform analysis: {}\n", i.unsupported.as_deref().unwrap_or("no channel"));
    };
    let power = match s.power_pairs {
        0 => "no power (no voltage and current of one phase)".into(),
        n => format!("power of {n} phase{}", if n == 1 { "" } else { "s" }),
    };
    let flicker = match s.pst_values {
        None => "no".into(),
        Some(n) => format!("yes, {n} values of Pst"),
    };
    let mut text = format!(
        "  supports  {:?} wiring at {} Hz: {} intervals of {} cycles, 10-s frequency values: {},\n            \
         harmonics to order {}, flicker: {flicker}, {power},\n            transient fronts from {}\n",
        s.wiring,
        s.nominal_frequency_hz,
        s.intervals,
        s.interval_cycles,
        s.frequency_values,
        s.orders,
        duration(s.resolved_front_s)
    );
    for limit in &s.limits {
        let _ = writeln!(text, "  limit     {limit}");
    }
    text
}
