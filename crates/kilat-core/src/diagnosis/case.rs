//! A cause on trial: statements for and against, each with its weight, and the confidence that they add up to.

use std::collections::BTreeMap;

use super::answers::Answers;
use super::text::{Statement, Value};
use super::{Cause, Evidence, Finding};
use crate::pq::dips::Direction;

/// Most that a record of voltages and currents can support.
const MOST: f64 = 0.95;
const LEAST: f64 = 0.05;
/// Confidence from which a cause is named.
pub(super) const NAMED: f64 = 0.5;

/// A number of a statement.
pub(super) fn num(value: f64, decimals: usize) -> Value {
    Value::Number(value, decimals)
}

/// A name in a statement.
pub(super) fn name(value: impl Into<String>) -> Value {
    Value::Name(value.into())
}

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) cause: Cause,
    pub(super) confidence: f64,
    pub(super) channels: Vec<usize>,
    pub(super) start_sample: f64,
    pub(super) stop_sample: f64,
    pub(super) direction: Direction,
    pub(super) evidence: Evidence,
    numbers: BTreeMap<&'static str, f64>,
    supports: Vec<Statement>,
    contradicts: Vec<Statement>,
}

impl Case {
    /// With the confidence that what brought it up alone gives.
    pub(super) fn new(cause: Cause, confidence: f64) -> Self {
        Self {
            cause,
            confidence,
            channels: Vec::new(),
            start_sample: 0.0,
            stop_sample: 0.0,
            direction: Direction::default(),
            evidence: Evidence::Numbers(BTreeMap::new()),
            numbers: BTreeMap::new(),
            supports: Vec::new(),
            contradicts: Vec::new(),
        }
    }

    /// On these channels, from and to these samples.
    pub(super) fn at(mut self, channels: Vec<usize>, start_sample: f64, stop_sample: f64) -> Self {
        (self.channels, self.start_sample, self.stop_sample) = (channels, start_sample, stop_sample);
        self
    }

    /// `rule` speaks for it.
    pub(super) fn supports(
        &mut self,
        weight: f64,
        rule: &'static str,
        en: &'static str,
        id: &'static str,
        values: Vec<Value>,
    ) {
        self.confidence += weight;
        self.supports.push(Statement::new(rule, en, id, values));
    }

    /// `rule` speaks against it.
    pub(super) fn contradicts(
        &mut self,
        weight: f64,
        rule: &'static str,
        en: &'static str,
        id: &'static str,
        values: Vec<Value>,
    ) {
        self.confidence -= weight;
        self.contradicts.push(Statement::new(rule, en, id, values));
    }

    /// A number behind it.
    pub(super) fn number(&mut self, name: &'static str, value: f64) {
        if value.is_finite() {
            self.numbers.insert(name, value);
        }
    }

    /// U1: the same at neighbours is the utility's side; without, the site's own is not excluded.
    pub(super) fn neighbours(&mut self, answers: Answers) {
        match answers.neighbours {
            Some(true) => self.supports(
                0.0,
                "U1",
                "the same happened at neighbours on the same transformer: the utility's side (user's answer)",
                "hal yang sama terjadi pada tetangga di trafo yang sama: sisi PLN (jawaban pengguna)",
                vec![],
            ),
            Some(false) => self.contradicts(
                0.0,
                "U1",
                "neighbours on the same transformer saw nothing: the utility's side is less likely (user's answer)",
                "tetangga di trafo yang sama tidak mengalaminya: sisi PLN kurang mungkin (jawaban pengguna)",
                vec![],
            ),
            None => {}
        }
    }

    /// True when it is strong enough to be named.
    pub(super) fn is_named(&self) -> bool {
        self.confidence >= NAMED
    }

    /// The finding.
    pub(super) fn decide(self) -> Finding {
        let evidence = match self.evidence {
            Evidence::Numbers(_) => Evidence::Numbers(self.numbers),
            own @ Evidence::LooseNeutral(_) => own,
        };
        Finding::new(
            self.cause,
            self.confidence.clamp(LEAST, MOST),
            (self.channels, self.start_sample, self.stop_sample),
            self.direction,
            evidence,
            (self.supports, self.contradicts),
        )
    }
}
