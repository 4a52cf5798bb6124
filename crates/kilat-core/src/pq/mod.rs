//! The quantities, one per file, each with its definition, clause and unit.

pub mod events;
pub mod transients;
