//! What a measurement is held against: limits of standards with their verdicts, immunity curves, indices of events.
//!
//! A standard is a list of [`Limit`]s, one file each; `judge.rs` holds every limit against the tables of an analysis in the same
//! way. A verdict is only given where the recording is long enough for it: see [`Status`]. Only figures that are known from a public
//! source are judged; what is left out is said in [`Compliance::not_judged`].

use std::fmt;

use serde::Serialize;

use crate::engine::analysis::Analysis;
use crate::error::{Error, Result};

pub mod curves;
mod en50160;
mod iec61000_2_4;
mod ieee519;
pub mod indices;
pub mod insulation;
mod judge;
mod observation;
mod spln;

pub use observation::Observation;

/// What a limit is put on. Harmonics are subgroups (IEC 61000-4-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Power frequency over 10 s, in hertz.
    Frequency,
    /// R.m.s. voltage, in % of the declared voltage.
    Voltage,
    /// Long-term flicker severity Plt.
    Plt,
    /// Negative-sequence unbalance of the voltage u2, in %.
    Unbalance,
    /// THD of a voltage up to this order, in % of its fundamental.
    VoltageThd(usize),
    /// A harmonic of a voltage, in % of its fundamental.
    VoltageHarmonic(usize),
    /// A harmonic of a current, in % of the demand current IL.
    CurrentHarmonic(usize),
    /// Total demand distortion of a current: its harmonics up to order 50, in % of the demand current IL.
    Tdd,
}

impl Quantity {
    /// Name as in the documents, such as `voltage_harmonic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frequency => "frequency",
            Self::Voltage => "voltage",
            Self::Plt => "plt",
            Self::Unbalance => "unbalance",
            Self::VoltageThd(_) => "voltage_thd",
            Self::VoltageHarmonic(_) => "voltage_harmonic",
            Self::CurrentHarmonic(_) => "current_harmonic",
            Self::Tdd => "tdd",
        }
    }

    /// Harmonic order, of a single harmonic.
    pub fn order(self) -> Option<usize> {
        match self {
            Self::VoltageHarmonic(order) | Self::CurrentHarmonic(order) => Some(order),
            _ => None,
        }
    }

    /// Unit of its values; empty for severities.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Frequency => "Hz",
            Self::Plt => "",
            _ => "%",
        }
    }
}

/// Time that one value is the mean of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mean {
    /// 10 s: frequency.
    TenSeconds,
    /// 150/180 cycles, about 3 s.
    ThreeSeconds,
    /// 10 min.
    TenMinutes,
    /// 2 h: Plt.
    TwoHours,
}

impl Mean {
    /// Its length, in seconds.
    pub fn seconds(self) -> f64 {
        match self {
            Self::TenSeconds => 10.0,
            Self::ThreeSeconds => 3.0,
            Self::TenMinutes => 600.0,
            Self::TwoHours => 7200.0,
        }
    }

    /// As the field writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TenSeconds => "10 s",
            Self::ThreeSeconds => "3 s",
            Self::TenMinutes => "10 min",
            Self::TwoHours => "2 h",
        }
    }
}

/// Time over which values are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Span {
    Day,
    Week,
    Year,
}

impl Span {
    /// Its length, in seconds.
    pub fn seconds(self) -> f64 {
        86_400.0
            * match self {
                Self::Day => 1.0,
                Self::Week => 7.0,
                Self::Year => 365.25,
            }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Year => "year",
        }
    }
}

/// Which values must be within: such as 95 % of the 10-min values of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistic {
    /// This share of all values at least, in ‰: 950 for 95 %, 1000 for every one.
    pub share_permille: u32,
    /// What one value is.
    pub mean: Mean,
    /// Time that the share is of.
    pub span: Span,
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = f64::from(self.share_permille) / 10.0;
        write!(f, "{share} % of {} values of a {}", self.mean.name(), self.span.name())
    }
}

/// One requirement of a standard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Where it is written.
    pub clause: &'static str,
    /// What it is put on.
    pub quantity: Quantity,
    /// Which values must be within.
    pub statistic: Statistic,
    /// Smallest value allowed, in the unit of the quantity; −∞ without one.
    pub lower: f64,
    /// Largest value allowed; +∞ without one.
    pub upper: f64,
}

impl Limit {
    /// How far `value` is beyond the limit; negative inside.
    pub fn beyond(&self, value: f64) -> f64 {
        (self.lower - value).max(value - self.upper)
    }
}

/// What can be said of a limit.
///
/// The share of a week is only known after a week, but some verdicts are certain before: more than 5 % of a week's values beyond the
/// limit is a violation whatever follows. Values that the recording lacks are counted against compliance, except where every value
/// must be within: there a part of up to [`Status::TOLERATED_GAP`] may be missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Status {
    /// Met, whatever the missing values were.
    Compliant,
    /// Not met, whatever the missing values were.
    Violated,
    /// Neither is certain.
    NotEnoughData {
        /// Length of recording that a verdict needs, in seconds.
        needed_s: f64,
        /// Length that there is, of values that count, in seconds.
        have_s: f64,
    },
}

impl Status {
    /// Part of the span that may be missing where every value must be within. Standards state none; recorders lose some minutes
    /// at both ends and at every restart.
    pub const TOLERATED_GAP: f64 = 0.05;

    /// Name as in the documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Violated => "violated",
            Self::NotEnoughData { .. } => "not_enough_data",
        }
    }
}

/// The value farthest beyond a limit, or nearest to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// Value, in the unit of the quantity.
    pub value: f64,
    /// First sample position of its interval.
    pub start_sample: f64,
    /// Last sample position of its interval.
    pub stop_sample: f64,
}

/// A limit, and what the recording says of it: on the channel that is worst, in the day, week or year that is worst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// The limit.
    pub limit: Limit,
    /// Met or not.
    pub status: Status,
    /// Channel it rests on, as an index into the channels of the analysis; none where it concerns the system.
    pub channel: Option<usize>,
    /// The value that the required share of the recorded values does not exceed (or fall below): to be held against the limit.
    /// NaN without a value.
    pub measured: f64,
    /// Distance of `measured` from the limit, in the unit of the quantity; negative beyond it.
    pub margin: f64,
    /// Values judged.
    pub values: usize,
    /// Those of them beyond the limit.
    pub beyond: usize,
    /// Values left out because they overlap a dip, swell or interruption.
    pub excluded: usize,
    /// The worst value judged.
    pub worst: Option<Worst>,
}

/// A requirement of a standard that is not judged here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotJudged {
    /// Where it is written.
    pub clause: &'static str,
    /// What it is about.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What the capture cannot say about the place where it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Site {
    /// Short-circuit current at the point of common coupling, in amperes.
    pub short_circuit_a: Option<f64>,
    /// Demand current IL: the mean of the twelve monthly maximum demand currents, in amperes.
    pub demand_a: Option<f64>,
    /// Nominal line-line voltage at the point of common coupling, in volts.
    pub pcc_v: Option<f64>,
}

impl Site {
    /// Refuses a value that is not a positive number, naming it.
    ///
    /// # Errors
    /// See above.
    pub fn check(&self) -> Result<()> {
        let stated = [("isc", self.short_circuit_a), ("il", self.demand_a), ("pcc_voltage", self.pcc_v)];
        for (name, value) in stated {
            if let Some(v) = value.filter(|v| !(v.is_finite() && *v > 0.0)) {
                return Err(Error::config(name, format!("expected a number above 0, found {v}")));
            }
        }
        Ok(())
    }
}

/// Network that EN 50160 is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Supply {
    /// Medium voltage instead of low.
    pub medium_voltage: bool,
    /// Without a synchronous connection to an interconnected system.
    pub island: bool,
}

/// Class of electromagnetic environment (IEC 61000-2-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Protected supplies of sensitive equipment.
    Class1,
    /// Points of common coupling, and industry in general.
    Class2,
    /// Industry with large converters, welding machines, frequent starts of large motors.
    Class3,
}

/// A standard with limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standard {
    /// EN 50160:2010.
    En50160(Supply),
    /// IEEE 519, edition 2022, or 2014 with its older rule for even harmonics.
    Ieee519 {
        /// Edition of 2014.
        edition_2014: bool,
    },
    /// IEC 61000-2-4:2002.
    Iec61000_2_4(Environment),
    /// SPLN 1:1995.
    Spln1,
}

impl Standard {
    /// Every one, by its short name.
    pub const ALL: [(&'static str, Self); 10] = [
        ("en50160", Self::En50160(Supply { medium_voltage: false, island: false })),
        ("en50160-island", Self::En50160(Supply { medium_voltage: false, island: true })),
        ("en50160-mv", Self::En50160(Supply { medium_voltage: true, island: false })),
        ("en50160-mv-island", Self::En50160(Supply { medium_voltage: true, island: true })),
        ("ieee519", Self::Ieee519 { edition_2014: false }),
        ("ieee519-2014", Self::Ieee519 { edition_2014: true }),
        ("iec61000-2-4-class1", Self::Iec61000_2_4(Environment::Class1)),
        ("iec61000-2-4-class2", Self::Iec61000_2_4(Environment::Class2)),
        ("iec61000-2-4-class3", Self::Iec61000_2_4(Environment::Class3)),
        ("spln1", Self::Spln1),
    ];

    /// The standard called `name`; capitals, spaces and dashes do not matter: `EN 50160` is `en50160`.
    ///
    /// # Errors
    /// Refuses a name that is none of [`Standard::ALL`].
    pub fn named(name: &str) -> Result<Self> {
        let plain = |s: &str| s.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
        let edition = [("en501602010", "en50160"), ("ieee5192022", "ieee519"), ("spln11995", "spln1")];
        let wanted = plain(name);
        let wanted = edition.iter().find(|e| e.0 == wanted).map_or(wanted.as_str(), |e| e.1);
        Self::ALL.iter().find(|(short, _)| plain(short) == wanted).map(|s| s.1).ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|s| s.0).collect();
            Error::config("limits", format!("expected one of {}, found `{name}`", all.join(", ")))
        })
    }

    /// Title, with the edition and the part that applies.
    pub fn title(self) -> &'static str {
        match self {
            Self::En50160(Supply { medium_voltage: false, island: false }) => "EN 50160:2010, low voltage",
            Self::En50160(Supply { medium_voltage: false, island: true }) => {
                "EN 50160:2010, low voltage, island network"
            }
            Self::En50160(Supply { medium_voltage: true, island: false }) => "EN 50160:2010, medium voltage",
            Self::En50160(Supply { medium_voltage: true, island: true }) => {
                "EN 50160:2010, medium voltage, island network"
            }
            Self::Ieee519 { edition_2014: false } => "IEEE 519-2022",
            Self::Ieee519 { edition_2014: true } => "IEEE 519-2014",
            Self::Iec61000_2_4(Environment::Class1) => "IEC 61000-2-4:2002, class 1",
            Self::Iec61000_2_4(Environment::Class2) => "IEC 61000-2-4:2002, class 2",
            Self::Iec61000_2_4(Environment::Class3) => "IEC 61000-2-4:2002, class 3",
            Self::Spln1 => "SPLN 1:1995",
        }
    }
}

/// Limits of a standard that apply, and what of it does not.
#[derive(Debug, Default)]
struct Requirements {
    limits: Vec<Limit>,
    not_judged: Vec<NotJudged>,
    notes: Vec<&'static str>,
}

impl Requirements {
    fn not_judged(&mut self, clause: &'static str, what: &str, why: &str) {
        self.not_judged.push(NotJudged { clause, what: what.into(), why: why.into() });
    }
}

/// A line of [`Compliance::digest`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// How many other harmonic orders with the same statistic are no worse and have no line.
    pub others: usize,
}

/// A recording held against a standard.
#[derive(Debug, Clone, PartialEq)]
pub struct Compliance {
    /// The standard.
    pub standard: Standard,
    /// One verdict per limit.
    pub verdicts: Vec<Verdict>,
    /// What the standard requires beyond them.
    pub not_judged: Vec<NotJudged>,
    /// How the standard was read where it leaves a choice.
    pub notes: Vec<&'static str>,
}

impl Compliance {
    /// Violated when one limit is, compliant when all are met and there is one, else the largest lack of data.
    pub fn status(&self) -> Status {
        let lack = self.verdicts.iter().filter_map(|v| match v.status {
            Status::NotEnoughData { needed_s, have_s } => Some((needed_s, have_s)),
            _ => None,
        });
        let lack = lack.max_by(|a, b| (a.0 - a.1).total_cmp(&(b.0 - b.1)));
        match lack {
            _ if self.verdicts.iter().any(|v| v.status == Status::Violated) => Status::Violated,
            Some((needed_s, have_s)) => Status::NotEnoughData { needed_s, have_s },
            None if self.verdicts.is_empty() => Status::NotEnoughData { needed_s: 0.0, have_s: 0.0 },
            None => Status::Compliant,
        }
    }

    /// The verdicts for people: of the single harmonics of one statistic only those violated, or else the one nearest to its limit.
    pub fn digest(&self) -> Vec<Line<'_>> {
        let alike = |a: &Verdict, b: &Verdict| {
            let key = |v: &Verdict| (v.limit.quantity.name(), v.limit.statistic);
            a.limit.quantity.order().is_some() && key(a) == key(b)
        };
        let mut lines = Vec::new();
        for group in self.verdicts.chunk_by(alike) {
            let violated: Vec<&Verdict> = group.iter().filter(|v| v.status == Status::Violated).collect();
            let part = |v: &Verdict| v.margin / v.limit.upper;
            let shown = match group.iter().min_by(|a, b| part(a).total_cmp(&part(b))) {
                Some(nearest) if violated.is_empty() => vec![nearest],
                _ => violated,
            };
            let others = group.len() - shown.len();
            let last = shown.len() - 1;
            let line = |(i, verdict)| Line { verdict, others: if i == last { others } else { 0 } };
            lines.extend(shown.into_iter().enumerate().map(line));
        }
        lines
    }
}

impl Analysis {
    /// Holds the recording against `standard`; `site` says what the capture cannot.
    ///
    /// ```
    /// # use kilat_core::{Analysis, limits::{Site, Standard, Status}};
    /// # fn example(analysis: &Analysis) -> kilat_core::Result<()> {
    /// let compliance = analysis.compliance(Standard::named("EN 50160")?, &Site::default());
    /// for v in &compliance.verdicts {
    ///     println!("{} {}: {:?}, margin {}", v.limit.clause, v.limit.quantity.name(), v.status, v.margin);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn compliance(&self, standard: Standard, site: &Site) -> Compliance {
        let mut required = match standard {
            Standard::En50160(supply) => en50160::requirements(supply, self.config.nominal_frequency_hz),
            Standard::Ieee519 { edition_2014 } => ieee519::requirements(edition_2014, site),
            Standard::Iec61000_2_4(class) => iec61000_2_4::requirements(class),
            Standard::Spln1 => spln::requirements(),
        };
        let mut verdicts = Vec::with_capacity(required.limits.len());
        let alike =
            |a: &Limit, b: &Limit| (a.quantity.name(), a.statistic) == (b.quantity.name(), b.statistic);
        for group in required.limits.chunk_by(alike) {
            let mut refused: Vec<(&Limit, String)> = Vec::new();
            for limit in group {
                match judge::judge(self, site, *limit) {
                    Ok(verdict) => verdicts.push(verdict),
                    Err(why) => refused.push((limit, why)),
                }
            }
            // The orders of a group are refused for the same reason, from one on.
            if let (Some((first, why)), Some((last, _))) = (refused.first(), refused.last()) {
                let what = judge::subject(first, last);
                required.not_judged.push(NotJudged { clause: first.clause, what, why: why.clone() });
            }
        }
        Compliance { standard, verdicts, not_judged: required.not_judged, notes: required.notes }
    }
}
