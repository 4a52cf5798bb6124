//! What probably happened, why we think so, and what would prove us wrong.
//!
//! A finding is never made without evidence in the capture; it lists what speaks for it, what speaks against it, and the
//! measurement that would refute it. Each statement names its rule:
//!
//! | rule | cause | file |
//! |---|---|---|
//! | N1, N2 | `loose_neutral` | `neutral.rs` |
//! | L1, L2 | `impulsive_surge`: lightning-compatible, lightning only when the user saw a storm | `surge.rs` |
//! | C1, C2 | `capacitor_switching` | `switching.rs` |
//! | F1, M1, T1, D1 | `fault`, `motor_start`, `transformer_energising`, direction | `sags.rs`, `inrush.rs` |
//! | G1, O1 | `generator`, `overload` | `supply.rs` |
//! | A1 | `arcing` | `arcing.rs` |
//! | W1 | `notching` | `notching.rs` |
//! | R1 | `resonance` | `resonance.rs` |
//! | U1 | the user's answer about neighbours | `case.rs` |
//!
//! What disturbs and is explained by none of them is `unknown`. Findings come in the order in which one should act on them.
//! What happened before, in this recording or in others, is found by [`recurrence`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::analysis::Analysis;
use crate::pq::dips::Direction;

mod advice;
mod answers;
mod arcing;
mod case;
mod claims;
mod inrush;
mod neutral;
mod notching;
mod record;
pub mod recurrence;
mod resonance;
mod sags;
mod supply;
mod surge;
mod switching;
mod tables;
#[cfg(test)]
mod tests;
mod text;

pub use answers::{Answers, Damage};
pub use neutral::NeutralEvidence;
pub use record::Record;
use text::Statement;
pub use text::{Lang, Text};

/// Why something happened, in the order in which one should act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the names say it; `advice.rs` has them in words
pub enum Cause {
    LooseNeutral,
    Arcing,
    ImpulsiveSurge,
    Generator,
    Overload,
    Resonance,
    Fault,
    TransformerEnergising,
    CapacitorSwitching,
    MotorStart,
    Notching,
    Unknown,
}

impl Cause {
    /// Name as tables and documents have it, such as `loose_neutral`.
    pub fn id(self) -> &'static str {
        match self {
            Self::LooseNeutral => "loose_neutral",
            Self::Arcing => "arcing",
            Self::ImpulsiveSurge => "impulsive_surge",
            Self::Generator => "generator",
            Self::Overload => "overload",
            Self::Resonance => "resonance",
            Self::Fault => "fault",
            Self::TransformerEnergising => "transformer_energising",
            Self::CapacitorSwitching => "capacitor_switching",
            Self::MotorStart => "motor_start",
            Self::Notching => "notching",
            Self::Unknown => "unknown",
        }
    }

    /// Name for readers.
    pub fn name(self, lang: Lang) -> &'static str {
        advice::of(self, lang).name
    }
}

/// Numbers behind a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// Of a loose or lost neutral.
    LooseNeutral(NeutralEvidence),
    /// Of any other cause, by name with unit.
    Numbers(BTreeMap<&'static str, f64>),
}

/// A probable cause, with the evidence for and against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The cause.
    pub cause: Cause,
    /// How far to trust it, 0 to 1.
    pub confidence: f64,
    /// Channels it rests on, as indices into the channels of the analysis.
    pub channels: Vec<usize>,
    /// First sample position at which the evidence holds.
    pub start_sample: f64,
    /// Last sample position at which the evidence holds.
    pub stop_sample: f64,
    /// Side of the meter, with the vote.
    pub direction: Direction,
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
    statements: (Vec<Statement>, Vec<Statement>),
}

impl Finding {
    fn new(
        cause: Cause,
        confidence: f64,
        (channels, start_sample, stop_sample): (Vec<usize>, f64, f64),
        direction: Direction,
        evidence: Evidence,
        statements: (Vec<Statement>, Vec<Statement>),
    ) -> Self {
        let mut finding = Self {
            cause,
            confidence,
            channels,
            start_sample,
            stop_sample,
            direction,
            evidence,
            rules_for: Vec::new(),
            rules_against: Vec::new(),
            refuted_by: String::new(),
            recommendation: String::new(),
            statements,
        };
        let text = finding.text(Lang::En);
        finding.rules_for = text.rules_for;
        finding.rules_against = text.rules_against;
        finding.refuted_by = text.refuted_by;
        finding.recommendation = text.recommendation;
        finding
    }

    /// Its wording in `lang`; the fields of the finding itself are English.
    pub fn text(&self, lang: Lang) -> Text {
        let render = |s: &[Statement]| s.iter().map(|s| s.render(lang)).collect();
        let advice = advice::of(self.cause, lang);
        Text {
            cause: advice.name.into(),
            rules_for: render(&self.statements.0),
            rules_against: render(&self.statements.1),
            refuted_by: advice.refuted_by.into(),
            recommendation: advice.recommendation.into(),
        }
    }
}

/// Every finding the capture supports, without any answer of the user; empty when nothing happened.
pub fn findings(analysis: &Analysis) -> Vec<Finding> {
    diagnose(analysis, Answers::default())
}

/// Every finding that the capture and the user's answers support; empty when nothing happened.
///
/// A disturbance that one finding explains is not explained by another: first come causes that last (a neutral, a generator, a
/// weak feeder), then those of single events. Of an analysis of [parts](crate::Config::only) no cause is sought.
pub fn diagnose(analysis: &Analysis, answers: Answers) -> Vec<Finding> {
    of_record(&Record::of(analysis), answers)
}

fn of_record(record: &Record<'_>, answers: Answers) -> Vec<Finding> {
    let analysis = record.analysis();
    // What was left out might speak against every one of them.
    if !analysis.config.only.is_empty() {
        return Vec::new();
    }
    let mut open = claims::Open::new(record);
    // A bench signal, or the noise of a recorder that nothing is connected to.
    if !tables::has_mains(analysis) {
        return open.unknown();
    }
    let mut found: Vec<Finding> = Vec::new();
    if let Some(f) = neutral::loose_neutral(analysis, answers) {
        // Its contact comes and goes seconds before it parts for good.
        open.claim_time(&f, 3.0);
        found.push(f);
    }
    if let Some(f) = supply::generator(analysis) {
        open.claim_time(&f, 0.5);
        found.push(f);
    }
    for f in inrush::energising(analysis) {
        open.claim_time(&f, 0.1);
        found.push(f);
    }
    found.extend(surge::impulsive_surge(analysis, answers, &mut open));
    found.extend(sags::sags(analysis, answers, &mut open));
    found.extend(switching::capacitor_switching(analysis, &mut open));
    let neutral_is_loose = found.iter().any(|f| f.cause == Cause::LooseNeutral);
    if !neutral_is_loose && let Some(f) = arcing::arcing(record, answers, &found) {
        open.claim_time(&f, 0.1);
        found.push(f);
    }
    found.extend(notching::notching(&mut open));
    found.extend(resonance::resonance(analysis));
    if !found.iter().any(|f| matches!(f.cause, Cause::Generator | Cause::LooseNeutral))
        && let Some(f) = supply::overload(analysis)
    {
        open.claim_time(&f, 0.0);
        found.push(f);
    }
    found.extend(open.unknown());
    found.sort_by(|a, b| a.cause.cmp(&b.cause).then(a.start_sample.total_cmp(&b.start_sample)));
    found
}
