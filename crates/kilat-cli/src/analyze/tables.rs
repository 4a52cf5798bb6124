//! Results as tables in a file, written as the recording goes by where their rows need nothing that comes later.

use std::iter::{empty, once};
use std::path::Path;

use kilat::output::{self, AnalysisOutput, Detail};
use kilat::{Capture, Error, Result};

use super::{Args, Table, captures, note};
use crate::failure::{Failure, Outcome};

/// The parts of an analysis, one after the other; or the whole.
type Parts<'a> = Box<dyn Iterator<Item = Result<AnalysisOutput>> + 'a>;

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
fn begin<'a>(args: &'a Args, path: &Path, name: &str, capture: Capture) -> Result<Parts<'a>, Failure> {
    let mut said = Vec::new();
    if kilat::io::table::is_written(path, true) || !args.table.grows() {
        let whole = args.whole(name, capture)?;
        note(&whole, &mut said);
        return Ok(Box::new(once(Ok(whole))));
    }
    let (parts, assumed) = args.analysis.parts(name, &capture)?;
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

impl Table {
    /// Its rows come as the recording goes by.
    fn grows(self) -> bool {
        // Urms(1/2) is ordered by channel, events are looked at again at the end, and emission is that of the whole.
        !matches!(
            self,
            Self::HalfCycles
                | Self::Events
                | Self::Rvc
                | Self::Bursts
                | Self::Supraharmonics
                | Self::Transients
        )
    }
}

/// The first of `parts`, with Pst and Plt of all: few, and ordered by channel.
fn severities(mut parts: impl Iterator<Item = Result<AnalysisOutput>>) -> Result<AnalysisOutput> {
    let none = || Error::config("parts", "expected at least one, found none");
    let mut all = parts.next().ok_or_else(none)??;
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
