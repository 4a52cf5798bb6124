//! `kilat watch`: measures a recording, or a stream on standard input, while people look on.

mod feed;
mod model;
mod screen;

use std::io::IsTerminal as _;

use clap::ValueEnum;
use kilat::SampleKind;
use kilat::engine::live::{Output, Value};
use kilat::engine::plan::Plan;
use kilat::engine::sink::Period;
use kilat::output::StreamLine;

use crate::failure::{Failure, Outcome};
use crate::options::{ReadArgs, SettingArgs};
use crate::print;
use feed::{Feed, Handle};
use model::{Happening, Model, place, quantities};

/// Plays a recording at real time, or takes samples from standard input, and shows r.m.s., frequency, THD, unbalance and events
/// as they come.
///
/// On a terminal a table with trends; else a line for every second of signal and one for every event, or JSON lines.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Recording, synth:NAME for a generated example, or `-` for interleaved raw samples on standard input.
    #[arg(value_name = "FILE")]
    file: String,
    /// Play at so many times real time; 0 as fast as possible.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
    /// Print a JSON object per result, Urms(1/2) left out (docs/live.md).
    #[arg(long)]
    json: bool,
    /// Type of raw samples, little-endian; they need --rate, --channels or --map, --nominal-voltage and --frequency too.
    #[arg(long = "type", value_name = "TYPE", default_value = "i16")]
    kind: RawKind,
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    settings: SettingArgs,
}

const AFTER: &str = "\
On a terminal: q quits, space pauses, + and - change the speed.

Examples:
  kilat watch synth:kaur-2024 --speed 5
  kilat watch feeder7.cfg --speed 0 | grep event
  kilat watch feeder7.cfg --speed 0 --json | jq 'select(.kind == \"event\")'
  recorder | kilat watch - --rate 10000 --map 0=Ua:V:A:0.01 --nominal-voltage 230 --frequency 50";

/// Type of raw samples.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RawKind {
    I16,
    I32,
    F32,
    F64,
}

impl From<RawKind> for SampleKind {
    fn from(kind: RawKind) -> Self {
        match kind {
            RawKind::I16 => Self::I16,
            RawKind::I32 => Self::I32,
            RawKind::F32 => Self::F32,
            RawKind::F64 => Self::F64,
        }
    }
}

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if !(0.0..=1e6).contains(&args.speed) {
        return Err(
            kilat::Error::config("--speed", format!("expected 0 to 1e6, found {}", args.speed)).into()
        );
    }
    let feed = if args.file == "-" {
        let (rate, channels) = args.read.raw()?;
        Feed::raw(rate, &channels, &args.settings.stated()?, args.kind.into())?
    } else {
        let capture = args.read.read(&args.file)?;
        let (config, assumed) = args.settings.config(&args.file, &capture)?;
        for w in &assumed {
            print::note(&format!("{}: {w}", args.file));
        }
        Feed::replay(capture, &config).map_err(Failure::about(&args.file))?
    };
    let (plan, handle) = (feed.plan().clone(), feed.start(args.speed)?);
    if args.json {
        json(&plan, &handle)?;
    } else if std::io::stdout().is_terminal() {
        screen::run(Model::new(&args.file, plan), &handle)?;
    } else {
        lines(&plan, &handle)?;
    }
    Ok(Outcome::Done)
}

fn json(plan: &Plan, handle: &Handle) -> Result<(), Failure> {
    while let Some(batch) = handle.next()? {
        let seldom = |o: &&Output| !matches!(o.value, Value::HalfCycle(_));
        for output in batch.outputs.iter().filter(seldom) {
            print::json(&StreamLine::new(plan, batch.dated, output))?;
        }
    }
    Ok(())
}

/// A line for the first interval that ends in a second of signal, and one for everything that happened.
fn lines(plan: &Plan, handle: &Handle) -> Result<(), Failure> {
    let mut second = None;
    while let Some(batch) = handle.next()? {
        for output in &batch.outputs {
            let now = output.time.as_nanos().div_euclid(1_000_000_000);
            match &output.value {
                Value::Interval(i) if i.period == Period::Basic && second.replace(now) != Some(now) => {
                    let time = place(output.time, batch.dated);
                    print::out(&format!("{time}  {}\n", quantities(plan, i)))?;
                }
                _ => {
                    if let Some(h) = Happening::of(plan, batch.dated, output) {
                        print::out(&format!("{h}\n"))?;
                    }
                }
            }
        }
    }
    Ok(())
}
