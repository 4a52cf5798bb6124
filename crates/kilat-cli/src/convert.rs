//! `kilat convert`: from one format to another.

use std::path::PathBuf;

use kilat::io::WriteOptions;
use kilat::output::Document;
use kilat::{Error, Warning};
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::options::ReadArgs;
use crate::print;
use crate::written::Written;

/// Converts a recording; the extension of OUT names the format. What OUT cannot hold is said, line by line.
///
/// With --observation N, a .csv file holds that observation of a PQDIF file as a table, trends and events too: a row per channel
/// and value.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Recording, or synth:NAME for a generated example.
    #[arg(value_name = "IN")]
    input: String,
    /// File to write: .cfg or .cff (COMTRADE), .h5, .pqd, .parquet, .arrow, .npz, .npy, .wav, .flac or .csv.
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Print one JSON document (docs/json.md).
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    read: ReadArgs,
}

const AFTER: &str = "\
Examples:
  kilat convert feeder7.cfg feeder7.h5
  kilat convert monitor.pqd trend.csv --observation 3
  kilat convert feeder7.h5 feeder7.cfg --revision 1999
  kilat convert week.h5 event.cfg --from 2024-05-27T07:00:00Z --to 2024-05-27T07:10:00Z
  kilat convert raw.csv raw.h5 --rate 12800 --start 2024-05-27T07:00:00Z";

/// How to write.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Writing COMTRADE")]
struct WriteArgs {
    /// Year of the revision: 1991, 1999 or 2013; 2013 when not given.
    #[arg(long, value_name = "YEAR")]
    revision: Option<u16>,
    /// Encoding of the data: ASCII, BINARY, BINARY32 or FLOAT32; the smallest that holds every code when not given.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
}

/// A file that was converted, for the document of `kilat convert`.
#[derive(Serialize)]
struct Converted {
    input: String,
    #[serde(flatten)]
    written: Written,
    warnings: Vec<Warning>,
}

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let same = |a: &str| Some(std::fs::canonicalize(a).ok()? == std::fs::canonicalize(&args.output).ok()?);
    if same(&args.input) == Some(true) {
        return Err(Error::config(
            "OUT",
            format!("{} is IN itself; name another file", args.output.display()),
        )
        .into());
    }
    let WriteArgs { revision, encoding } = &args.write;
    let options = WriteOptions { revision: *revision, encoding: encoding.clone() };
    let is_csv = args.output.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let (written, warnings) = match args.read.observation[..] {
        [number] if is_csv => {
            args.read.whole("an observation as a table")?;
            Written::table(&args.input, number, &args.output)?
        }
        _ => {
            let capture = args.read.read(&args.input)?;
            (Written::write(&capture, &args.output, &options)?, capture.warnings)
        }
    };
    if args.json {
        let input = args.input.clone();
        print::json(&Document::new(vec![Converted { input, written, warnings }]))?;
    } else {
        for w in &warnings {
            print::note(&format!("{}: {w}", args.input));
        }
        written.print("")?;
    }
    Ok(Outcome::Done)
}
