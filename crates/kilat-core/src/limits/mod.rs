//! What a measurement is held against.

pub mod curves;
