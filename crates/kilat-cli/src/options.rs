//! Options that several commands share: how to read a file, how to analyse it, and what no file says.

mod read;
mod settings;

use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser};
use kilat::diagnosis::{Answers, Damage};
use kilat::limits::Site;

pub use read::ReadArgs;
pub use settings::{AnalysisArgs, Analyzed, SettingArgs};

use crate::failure::Failure;

/// What standards need to know beside the recording.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Place of measurement (IEEE 519)")]
pub struct SiteArgs {
    /// Nominal line-line voltage at the point of common coupling, in volts.
    #[arg(long, value_name = "V")]
    pcc_voltage: Option<f64>,
    /// Short-circuit current at the point of common coupling, in amperes.
    #[arg(long, value_name = "A")]
    isc: Option<f64>,
    /// Demand current IL: mean of the twelve monthly maximum demand currents, in amperes.
    #[arg(long, value_name = "A")]
    il: Option<f64>,
}

impl SiteArgs {
    /// What was stated, once it makes sense.
    pub fn site(&self) -> Result<Site, Failure> {
        let site = Site { short_circuit_a: self.isc, demand_a: self.il, pcc_v: self.pcc_voltage };
        site.check()?;
        Ok(site)
    }
}

/// What only people know.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What you know (probable causes)")]
pub struct AnswerArgs {
    /// Whether there was a thunderstorm, or a stroke, at that date and time.
    #[arg(long, value_name = "YES|NO", value_parser = BoolishValueParser::new())]
    storm: Option<bool>,
    /// Whether the same happened at neighbours on the same transformer.
    #[arg(long, value_name = "YES|NO", value_parser = BoolishValueParser::new())]
    neighbours: Option<bool>,
    /// What was damaged.
    #[arg(long, value_name = "WHAT", value_parser = damage())]
    damage: Option<Damage>,
}

fn damage() -> impl TypedValueParser<Value = Damage> {
    PossibleValuesParser::new(Damage::NAMES)
        .try_map(|name| Damage::named(&name).ok_or_else(|| format!("no such damage: {name}")))
}

impl AnswerArgs {
    pub fn answers(&self) -> Answers {
        Answers { storm: self.storm, neighbours: self.neighbours, damage: self.damage }
    }
}
