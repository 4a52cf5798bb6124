//! Results as tables in a file, written as the recording goes by where their rows need nothing that comes later.

use std::iter::{empty, once};
use std::path::Path;

use kilat::diagnosis::Record;
use kilat::engine::parts::Parts;
use kilat::output::{self, AnalysisOutput, Detail, Happened};
use kilat::{Capture, Result, Warning};

use super::{Args, Table, captures, no_part, note};
use crate::failure::{Failure, Outcome};

/// The parts of an analysis, one after the other; or the whole.
type Outputs<'a> = Box<dyn Iterator<Item = Result<AnalysisOutput>> + 'a>;

/// Writes one table of all files, or all their tables; files that fail before their first row are reported and left out.
pub fn write(args: &Args, path: &Path) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Done;
    let parts = captures(args)?.flat_map(|(name, capture)| {
        let begun = capture.and_then(|c| begin(args, path, &name, c));
        begun.unwrap_or_else(|failure| {
            failure.report();
            outcome = Outcome::SomeFailed;
            Box::new(empty())
        })
    });
    output::write_tables(parts, args.table.into(), path)?;
    Ok(outcome)
}

/// Begins to analyse `capture`, in the memory of a part where the table allows it.
fn begin<'a>(args: &'a Args, path: &Path, name: &str, capture: Capture) -> Result<Outputs<'a>, Failure> {
    let mut said = Vec::new();
    let rows = if kilat::io::table::is_written(path, true) { Rows::Whole } else { args.table.rows() };
    if rows == Rows::Whole {
        let whole = args.whole(name, capture)?;
        note(&whole, &mut said);
        return Ok(Box::new(once(Ok(whole))));
    }
    let (parts, assumed) = args.analysis.parts(name, &capture)?;
    if rows == Rows::Happened {
        let happened = happened(&capture, parts, &assumed).map_err(Failure::about(name))?;
        note(&happened, &mut said);
        return Ok(Box::new(once(Ok(happened))));
    }
    let parts = parts.map(move |part| {
        let part = output::analysis(&capture, &part?, &[], &assumed, Detail::Compact);
        note(&part, &mut said);
        Ok(part)
    });
    Ok(match args.table {
        Table::Flicker => Box::new(once(severities(parts))),
        _ => Box::new(parts),
    })
}

/// Where the rows of a table come from.
#[derive(Clone, Copy, PartialEq)]
enum Rows {
    /// Of each part, as the recording goes by.
    Parts,
    /// What happened is in the order of its begin, which the end of the recording may tell.
    Happened,
    /// Urms(1/2) is ordered by channel, and emission is that of the whole.
    Whole,
}

impl Table {
    fn rows(self) -> Rows {
        match self {
            Self::HalfCycles | Self::Supraharmonics => Rows::Whole,
            Self::Events | Self::Rvc | Self::Bursts | Self::Transients => Rows::Happened,
            Self::Intervals
            | Self::Cycles150
            | Self::TenMinutes
            | Self::TwoHours
            | Self::Frequency
            | Self::Flicker => Rows::Parts,
        }
    }
}

/// What happened, beside the tables of the last part.
fn happened(capture: &Capture, parts: Parts, assumed: &[Warning]) -> Result<AnalysisOutput> {
    let mut last = None;
    let record = Record::read(parts, |part| {
        last = Some(output::analysis(capture, part, &[], assumed, Detail::Compact));
        Ok(())
    })?;
    let happened = Happened::of(capture, &record, &[]);
    last.map(|f| AnalysisOutput { happened, ..f }).ok_or_else(no_part)
}

/// The first of `parts`, with Pst and Plt of all: few, and ordered by channel.
fn severities(mut parts: impl Iterator<Item = Result<AnalysisOutput>>) -> Result<AnalysisOutput> {
    let mut all = parts.next().ok_or_else(no_part)??;
    for part in parts {
        for (to, from) in all.channels.iter_mut().zip(part?.channels) {
            let (Some(to), Some(from)) = (&mut to.flicker, from.flicker) else { continue };
            for (to, from) in [(&mut to.pst, from.pst), (&mut to.plt, from.plt)] {
                to.start_s.extend(from.start_s);
                to.severity.extend(from.severity);
                to.flags.extend(from.flags);
            }
        }
    }
    Ok(all)
}
