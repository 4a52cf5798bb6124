//! Writes captures and observations.

mod capture;
mod observations;
mod records;
mod tree;

pub(super) use capture::write;
pub(super) use observations::write as write_observations;
