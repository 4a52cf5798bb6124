//! PQDIF: IEEE 1159.3, what power-quality monitors store: waveforms, trends, events, spectra.
//!
//! [`physical`] follows the chain of records and unfolds them, [`element`] reads the tree in each, [`logical`] and [`instances`]
//! give it a meaning, [`series`] turns stored vectors into values, [`waveforms`] makes a capture of them.

mod axis;
mod characteristics;
mod element;
mod instances;
mod instruments;
mod logical;
mod moment;
mod physical;
mod series;
mod tags;
#[cfg(test)]
mod tests;
mod waveforms;
mod words;
mod write;

use std::path::Path;

use kilat_core::{Capture, Result};

use crate::observation::Observations;
use crate::{ReadOptions, Source};

/// How sure we are that `head` begins a PQDIF file.
pub(crate) fn score(head: &[u8], _name: &str) -> u8 {
    if head.starts_with(&physical::SIGNATURE.to_disk()) { 255 } else { 0 }
}

/// Reads the waveforms.
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let part = source.name();
    waveforms::capture(&part, logical::parse(&part, &source.content()?)?, options)
}

/// Reads every observation.
pub(crate) fn observations(source: &Source) -> Result<Observations> {
    let contents = logical::parse(&source.name(), &source.content()?)?;
    Ok(Observations {
        format: contents.format,
        list: contents.observations.into_iter().map(|r| r.observation).collect(),
        warnings: contents.warnings,
    })
}

/// Writes a capture: a segment is an observation.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    write::write(capture, path)
}

/// Writes observations.
pub(crate) fn write_observations(observations: &Observations, path: &Path) -> Result<Vec<String>> {
    write::write_observations(observations, path)
}
