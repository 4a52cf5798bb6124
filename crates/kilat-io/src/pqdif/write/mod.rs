//! Writes captures and observations.

mod capture;
mod observations;
pub(super) mod records;
pub(super) mod tree;

pub(super) use capture::write;
pub(super) use observations::write as write_observations;
