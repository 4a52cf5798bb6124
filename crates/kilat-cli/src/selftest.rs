//! `kilat selftest`: the conformance suite on this machine.

use indicatif::{ParallelProgressIterator as _, ProgressBar};
use kilat::conformance::{Outcome as Measured, Row, Scope, rows};
use rayon::prelude::*;
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::print;

/// Measures signals of which the truth is known, and compares with what the standards allow.
///
/// Every row is a point of a table of IEC 62586-2, IEC 61000-4-7, IEC 61000-4-15 or IEC 61000-4-30: what Class A allows, and
/// the share of it that this program takes. It shows what is computed from ideal samples, and certifies no instrument.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// All rows, at 10, 12.8, 50 and 250 kHz, emission up to 1.024 MHz: a minute or two.
    #[arg(long)]
    full: bool,
    /// Print every row, not the worst of each quantity.
    #[arg(long)]
    rows: bool,
    /// Only quantities whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print one JSON document (docs/json.md).
    #[arg(long)]
    json: bool,
}

const AFTER: &str = "\
Examples:
  kilat selftest
  kilat selftest --full
  kilat selftest --rows --only unbalance
  kilat selftest --full --json > conformance.json";

/// The document of `kilat selftest`.
#[derive(Serialize)]
struct SelftestOutput {
    schema: u32,
    kilat: &'static str,
    within_limits: bool,
    within_ours: bool,
    rows: Vec<Measured>,
}

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let scope = if args.full { Scope::Full } else { Scope::Core };
    let wanted = |r: &Row| args.only.as_ref().is_none_or(|only| r.quantity.contains(only.as_str()));
    let suite: Vec<Row> = rows(scope).into_iter().filter(wanted).collect();
    if suite.is_empty() {
        let only = args.only.as_deref().unwrap_or_default();
        return Err(kilat::Error::config("--only", format!("no quantity contains `{only}`")).into());
    }
    // Drawn on standard error, and only where that is a terminal.
    let progress = ProgressBar::new(suite.len() as u64);
    let measured: kilat::Result<Vec<Measured>> =
        suite.par_iter().progress_with(progress.clone()).map(Row::run).collect();
    progress.finish_and_clear();
    let measured = measured?;
    let within_limits = measured.iter().all(Measured::is_within_limit);
    let within_ours = measured.iter().all(Measured::is_within_ours);
    if args.json {
        let (schema, kilat) = (kilat::output::SCHEMA, env!("CARGO_PKG_VERSION"));
        print::json(&SelftestOutput { schema, kilat, within_limits, within_ours, rows: measured })?;
    } else {
        print::out(&if args.rows { every_row(&measured) } else { summary(&measured) })?;
    }
    Ok(if within_limits && within_ours { Outcome::Done } else { Outcome::NotMet })
}

fn verdict(o: &Measured) -> &'static str {
    match (o.is_within_limit(), o.is_within_ours()) {
        (true, true) => "ok",
        (true, false) => "beyond ours",
        (false, _) => "FAILED",
    }
}

fn share(o: &Measured) -> String {
    if o.limit == 0.0 { "exact".into() } else { format!("{:.2} %", o.share_pct()) }
}

/// A bound, without the digits that floats add.
fn bound(v: f64) -> String {
    format!("{}", (v * 1e6).round() / 1e6)
}

fn every_row(all: &[Measured]) -> String {
    let header = ["Quantity", "Point", "", "Unit", "Expected", "Measured", "Error", "Limit", "Share"];
    let row = |o: &Measured| {
        vec![
            o.quantity.to_owned(),
            o.point.clone(),
            verdict(o).to_owned(),
            o.unit.to_owned(),
            print::fixed(o.expected, 4),
            print::fixed(o.measured, 4),
            format!("{:.1e}", o.error),
            bound(o.limit),
            share(o),
        ]
    };
    print::table(&header, all.iter().map(row), 4)
}

/// The worst row of each quantity, by its share of the limit.
fn summary(all: &[Measured]) -> String {
    let header = ["Quantity", "", "Unit", "Rows", "Worst error", "Limit", "Ours", "Share"];
    let quantities = all.chunk_by(|a, b| a.quantity == b.quantity);
    let row = |rows: &[Measured]| {
        let distance = |o: &Measured| {
            let share = o.error.abs() / o.limit;
            if o.error == 0.0 {
                0.0
            } else if share.is_nan() {
                f64::INFINITY
            } else {
                share
            }
        };
        let worst = rows.iter().max_by(|a, b| distance(a).total_cmp(&distance(b)));
        let all_hold = rows.iter().find(|o| verdict(o) != "ok").or(worst);
        worst.zip(all_hold).map_or_else(Vec::new, |(o, verdict_of)| {
            vec![
                o.quantity.to_owned(),
                verdict(verdict_of).to_owned(),
                o.unit.to_owned(),
                rows.len().to_string(),
                format!("{:.1e}", o.error.abs()),
                bound(o.limit),
                bound(o.ours),
                share(o),
            ]
        })
    };
    let table = print::table(&header, quantities.map(row), 3);
    let count = all.len();
    let failed = all.iter().filter(|o| verdict(o) != "ok").count();
    format!("{table}\n  {} of {count} rows hold\n", count - failed)
}
