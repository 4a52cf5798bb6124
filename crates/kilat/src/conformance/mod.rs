//! The conformance suite: what the standards ask of an instrument, row by row, computed on signals of which the truth is known.
//!
//! Each [`Row`] is one point of one table: what is to be measured, the uncertainty that Class A of IEC 61000-4-30 allows (or
//! the class of the standard named), and the tighter bound that this library promises. Running it analyses a generated signal
//! through the same engine as any recording. This shows what the library computes on ideal samples; an instrument's
//! converter and transducers add their own errors, and only a laboratory certifies instruments.
//!
//! ```
//! use kilat::conformance::{Scope, rows};
//! let rows = rows(Scope::Core);
//! let magnitude = rows.iter().find(|r| r.quantity == "magnitude").unwrap();
//! let outcome = magnitude.run()?;
//! assert!(outcome.is_within_ours());
//! # Ok::<(), kilat::Error>(())
//! ```

use std::fmt;

use kilat_core::Result;
use serde::Serialize;

pub mod causes;
mod class_s;
pub mod detection;
mod emission;
mod events;
mod flicker;
mod influence;
mod polyphase;
mod power;
pub mod recurrence;
mod signal;
mod steady;
mod time;

/// How much of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Some seconds: every quantity at 10 kHz, the flicker tables in part.
    Core,
    /// Every row, at 10, 12.8, 50 and 250 kHz.
    Full,
}

impl Scope {
    fn rates_hz(self) -> &'static [f64] {
        match self {
            Self::Core => &[10_000.0],
            Self::Full => &[10_000.0, 12_800.0, 50_000.0, 250_000.0],
        }
    }
}

/// What a row expects and what was measured, where the two are furthest apart.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reading {
    expected: f64,
    measured: f64,
}

impl Reading {
    /// The pair that is further apart; a NaN is furthest.
    fn worse(self, other: Self) -> Self {
        let distance = |r: &Self| {
            let d = (r.measured - r.expected).abs();
            if d.is_nan() { f64::INFINITY } else { d }
        };
        if distance(&other) > distance(&self) { other } else { self }
    }

    /// The worst of many; NaN when there is none, because a row that measures nothing has failed.
    fn worst(readings: impl IntoIterator<Item = Self>) -> Self {
        readings.into_iter().reduce(Self::worse).unwrap_or(Self { expected: f64::NAN, measured: f64::NAN })
    }
}

type Measure = Box<dyn Fn() -> Result<Reading> + Send + Sync>;

/// One row of one table.
pub struct Row {
    /// Quantity, in the field's words.
    pub quantity: &'static str,
    /// Standard, clause and table.
    pub source: &'static str,
    /// The point: what is varied, the state of everything else, the sampling rate.
    pub point: String,
    /// Unit of the readings and bounds.
    pub unit: &'static str,
    /// Uncertainty the standard allows.
    pub limit: f64,
    /// Uncertainty this library promises.
    pub ours: f64,
    measure: Measure,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())
    }
}

impl Row {
    /// Standard, quantity and point in one line.
    pub fn name(&self) -> String {
        format!("{}: {}: {}", self.source, self.quantity, self.point)
    }

    /// Measures it.
    ///
    /// # Errors
    /// Those of an analysis.
    pub fn run(&self) -> Result<Outcome> {
        let Reading { expected, measured } = (self.measure)()?;
        Ok(Outcome {
            quantity: self.quantity,
            source: self.source,
            point: self.point.clone(),
            unit: self.unit,
            expected,
            measured,
            error: measured - expected,
            limit: self.limit,
            ours: self.ours,
        })
    }
}

/// A row and what was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// As in the [`Row`].
    pub quantity: &'static str,
    /// As in the row.
    pub source: &'static str,
    /// As in the row.
    pub point: String,
    /// Unit of all figures.
    pub unit: &'static str,
    /// What the signal is.
    pub expected: f64,
    /// What was measured, where that is furthest from it.
    pub measured: f64,
    /// Measured − expected.
    pub error: f64,
    /// Uncertainty the standard allows.
    pub limit: f64,
    /// Uncertainty this library promises.
    pub ours: f64,
}

impl Outcome {
    /// Error over the standard's limit, in %.
    pub fn share_pct(&self) -> f64 {
        100.0 * self.error.abs() / self.limit
    }

    /// True when the standard's limit holds.
    pub fn is_within_limit(&self) -> bool {
        self.error.abs() <= self.limit
    }

    /// True when this library's own promise holds.
    pub fn is_within_ours(&self) -> bool {
        self.error.abs() <= self.ours
    }
}

/// The rows of the suite, by quantity.
pub fn rows(scope: Scope) -> Vec<Row> {
    let mut all = Vec::new();
    for &rate_hz in scope.rates_hz() {
        all.extend(steady::rows(rate_hz));
        all.extend(events::rows(rate_hz));
        all.extend(polyphase::rows(rate_hz));
        all.extend(power::rows(rate_hz));
        all.extend(class_s::rows(rate_hz));
    }
    all.extend(class_s::long_rows());
    all.extend(emission::rows(scope));
    all.extend(influence::rows());
    all.extend(time::rows());
    all.extend(flicker::rows(scope));
    all.sort_by_key(|r| r.quantity);
    all
}
