//! What faces print: one versioned JSON document, and CSV tables. The command line and the Python package share it.
//!
//! Every key is always there; `null` stands for a number that does not exist (NaN) and a text that is unknown. Times are
//! seconds from the start of the capture (`…_s`) and, when the start is known, ISO 8601 (`start`, `stop`, UTC).
//! The keys are documented in `docs/json.md`.

use kilat_core::{Capture, Timestamp};
use serde::Serialize;

mod analysis;
mod capture;
mod columns;
mod compliance;
mod found;
mod observations;
mod period;
mod range;
mod recurrence;
mod stream;
mod supraharmonics;
mod tables;
mod trends;

pub use analysis::{AnalysisOutput, ChannelOutput, Detail, PowerOutput, SeverityColumns, Summary, analysis};
pub use capture::{CaptureInfo, ChannelStatistics, SegmentInfo, Support, capture};
pub use columns::{
    AggregateOutput, ChannelColumns, HarmonicsOutput, IntervalColumns, PairColumns, SignallingOutput,
};
pub use compliance::{
    CheckOutput, ComplianceOutput, CurvePoint, DipOutput, IndicesOutput, VerdictOutput, WorstOutput,
    curve_points, instant_pu, transient_region,
};
pub use found::{
    BurstOutput, EventOutput, FindingOutput, FormOutput, GapOutput, Happened, RapidChangeOutput,
    TransientOutput,
};
pub use observations::{ObservationInfo, ObservationTable, observations, only_observations};
pub use period::{AGGREGATES, Measured, measured, period_name, period_named};
pub use range::Range;
pub use recurrence::{MomentOutput, RecurrenceOutput, recurrences};
pub use stream::StreamLine;
pub use supraharmonics::{EmissionColumns, EmissionOutput, SupraharmonicsOutput};
pub use tables::{TABLES_SCHEMA, Table, write_tables};
pub use trends::trends;

/// Version of the JSON document: it changes when a key changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// The document: the same frame for one file and for many.
#[derive(Debug, Clone, Serialize)]
pub struct Document<T> {
    schema: u32,
    kilat: &'static str,
    files: Vec<T>,
}

impl<T: Serialize> Document<T> {
    /// A document about `files`.
    pub fn new(files: Vec<T>) -> Self {
        Self { schema: SCHEMA, kilat: env!("CARGO_PKG_VERSION"), files }
    }
}

/// File, format, station and span of a capture: what every document says of it.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// File as the user named it.
    pub file: String,
    /// Format and revision.
    pub format: String,
    /// Station or site.
    pub station: String,
    /// Recording device.
    pub device: String,
    /// Moment of the first sample.
    pub start: Option<Timestamp>,
    /// Span, gaps included, in seconds.
    pub duration_s: f64,
    /// Samples per channel.
    pub samples: u64,
}

impl Origin {
    fn of(capture: &Capture) -> Self {
        Self {
            file: capture.source.clone(),
            format: capture.format.clone(),
            station: capture.station.clone(),
            device: capture.device.clone(),
            start: capture.time().start(),
            duration_s: capture.time().duration_s(),
            samples: capture.len(),
        }
    }
}

#[cfg(test)]
mod tests;
