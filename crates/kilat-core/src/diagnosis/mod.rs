//! What probably happened, why we think so, and what would prove us wrong.
//!
//! A finding is never made without evidence in the capture; it lists what speaks for it, what speaks against it, and the
//! measurement that would refute it. No finding means: nothing here is explained by a rule we have.

use serde::Serialize;

use crate::engine::analysis::Analysis;

mod evidence;
mod text;

pub use evidence::{Evidence, NeutralEvidence};
pub use text::{Lang, Text};

/// A probable cause, with the evidence for and against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The cause, such as `loose_neutral`.
    pub cause: &'static str,
    /// How far to trust it, 0 to 1.
    pub confidence: f64,
    /// Channels it rests on, as indices into the channels of the analysis.
    pub channels: Vec<usize>,
    /// First sample position at which the evidence holds.
    pub start_sample: f64,
    /// Last sample position at which the evidence holds.
    pub stop_sample: f64,
    /// The numbers behind it.
    pub evidence: Evidence,
    /// What speaks for it.
    pub rules_for: Vec<String>,
    /// What speaks against it.
    pub rules_against: Vec<String>,
    /// What measurement would refute it.
    pub refuted_by: String,
    /// What to do.
    pub recommendation: String,
}

impl Finding {
    /// Its wording in `lang`; the fields of the finding itself are English.
    pub fn text(&self, lang: Lang) -> Text {
        text::of(&self.evidence, lang)
    }
}

/// Every finding the capture supports, in English; empty when no rule applies.
pub fn findings(analysis: &Analysis) -> Vec<Finding> {
    evidence::loose_neutral(analysis).into_iter().collect()
}
