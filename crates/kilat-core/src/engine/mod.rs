//! One engine, two thin drivers: cut, measure, fold.

pub mod analysis;
pub mod offline;
