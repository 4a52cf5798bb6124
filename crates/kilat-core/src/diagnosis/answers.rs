//! What only people know.

use serde::{Deserialize, Serialize};

/// What was found damaged (DIAGNOSIS: the pattern tells a surge from a sustained over-voltage).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// Nothing.
    None,
    /// Data ports only: a surge on the data lines.
    DataPorts,
    /// Power supplies only: a surge.
    PowerSupplies,
    /// Many unlike loads at once: a sustained over-voltage.
    ManyLoads,
    /// Signs of prolonged heat: an over-voltage made by people.
    Heat,
    /// One burnt terminal: a loose connection.
    OneTerminal,
}

impl Damage {
    /// Names of the answers, as commands and settings take them.
    pub const NAMES: [&str; 6] =
        ["none", "data_ports", "power_supplies", "many_loads", "heat", "one_terminal"];

    /// The answer of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::None,
            Self::DataPorts,
            Self::PowerSupplies,
            Self::ManyLoads,
            Self::Heat,
            Self::OneTerminal,
        ];
        Self::NAMES.iter().position(|n| *n == name).map(|k| all[k])
    }
}

/// Answers to the questions that a capture cannot answer; each may be left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// A thunderstorm, or a stroke, at that date and time.
    pub storm: Option<bool>,
    /// The same happened at neighbours on the same transformer.
    pub neighbours: Option<bool>,
    /// What was damaged.
    pub damage: Option<Damage>,
}
