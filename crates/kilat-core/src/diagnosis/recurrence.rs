//! The same disturbance again: a fingerprint of each, a distance between two, and groups of those that are alike.
//!
//! | feature | of | alike within |
//! |---|---|---|
//! | kind, wiring, phases measured | all | the same |
//! | phases of the finding, or where the peak is largest | causes that last, impulsive transients | the same |
//! | side of the meter | dips, interruptions | the same, where both know it |
//! | change of each phase, over Udin | all but arcing, generators, resonance, notching | what [`Disturbance::spread_pu`] says |
//! | duration | dips, swells, interruptions that ended | a factor of 1.5, 10 ms |
//! | ringing, or harmonic in resonance | oscillatory transients, resonance | 15 % |
//! | jump of phase | dips with an abrupt start | 10° |
//! | part that returns within a cycle and a half | dips | 0.4 |
//! | steps of active and reactive power | dips, rapid changes, transients | a quarter, and a tenth of the load before |
//!
//! A feature that was not measured is missing, not zero, and compares with nothing. Left out is what the same cause changes from
//! time to time: the point on wave, at which a load is switched by chance; the current over that before, which depends on what
//! else is running; the name of the cause, which a weight near its threshold turns. Bollen's class follows from the phases. An
//! impulsive transient without a step of load has nothing to know it by: one contact that opens is like any other.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Cause;
use crate::capture::Phase;
use crate::config::Wiring;
use crate::pq::dips::Side;
use crate::units::Timestamp;

pub(super) mod meanwhile;
mod seen;
#[cfg(test)]
mod tests;

pub use seen::occurrences;
pub(super) use seen::of_record as seen;

/// What a disturbance is, as far as measurement and not opinion goes; causes that last are what their rules found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the names say it
pub enum Disturbance {
    #[doc(alias = "sag")]
    Dip,
    Swell,
    Interruption,
    RapidChange,
    ImpulsiveTransient,
    OscillatoryTransient,
    ImpulsiveSurge,
    LooseNeutral,
    Arcing,
    Generator,
    Overload,
    Resonance,
    Notching,
}

impl Disturbance {
    /// Name as tables and documents have it, such as `loose_neutral`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Dip => "dip",
            Self::Swell => "swell",
            Self::Interruption => "interruption",
            Self::RapidChange => "rapid_change",
            Self::ImpulsiveTransient => "impulsive_transient",
            Self::OscillatoryTransient => "oscillatory_transient",
            Self::ImpulsiveSurge => "impulsive_surge",
            Self::LooseNeutral => "loose_neutral",
            Self::Arcing => "arcing",
            Self::Generator => "generator",
            Self::Overload => "overload",
            Self::Resonance => "resonance",
            Self::Notching => "notching",
        }
    }

    /// How far the change of a phase differs between two of one cause, over Udin.
    ///
    /// A dip depends on the network and repeats; the peak of what is switched depends on the moment, the voltages at a lost
    /// neutral on what happens to be switched on.
    pub fn spread_pu(self) -> f64 {
        match self {
            Self::Dip | Self::Swell | Self::Interruption => 0.04,
            Self::RapidChange => 0.015,
            Self::ImpulsiveTransient | Self::LooseNeutral => 0.25,
            Self::OscillatoryTransient => 0.6,
            Self::ImpulsiveSurge => 0.5,
            Self::Overload => 0.1,
            // Known by their kind, phases and frequency.
            Self::Arcing | Self::Generator | Self::Resonance | Self::Notching => 1.0,
        }
    }
}

/// Factor between durations of one cause.
const DURATION: f64 = 1.5;
/// Resolution of durations, in seconds: Urms(1/2) comes every half cycle.
const HALF_CYCLE_S: f64 = 0.01;
/// Factor between frequencies.
const FREQUENCY: f64 = 1.15;
/// Between jumps of phase, in degrees.
const JUMP_DEG: f64 = 10.0;
/// Between parts of a depth that return at once.
const ABRUPT: f64 = 0.4;
/// Between steps of power, over the larger of them.
const STEP: f64 = 0.25;
/// What a load does by itself meanwhile, over the load before.
const LOAD: f64 = 0.1;
/// Occurrences within this time of the one before count once, in seconds: contacts bounce, and archives hold recordings twice.
const TOGETHER_S: f64 = 1.0;

/// What tells a disturbance from others, without its moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// What it is.
    pub kind: Disturbance,
    /// How the channels make a system.
    pub wiring: Wiring,
    /// Phases of a cause that lasts, the phase of an impulsive transient; empty where `change_pu` says it.
    pub phases: Vec<Phase>,
    /// Side of the meter it comes from.
    pub side: Side,
    /// Largest change of the phases A, B, C (AB, BC, CA) over Udin: of r.m.s. voltages against Udin, signed, of rapid changes
    /// against the voltage before. Of transients the peak over the nominal one, without its sign, which the moment decides.
    pub change_pu: [Option<f64>; 3],
    /// Duration, in seconds; `None` when the record ends before.
    pub duration_s: Option<f64>,
    /// Frequency of the ringing, or of the harmonic in resonance, in hertz.
    pub frequency_hz: Option<f64>,
    /// Jump of phase, in degrees.
    pub phase_jump_deg: Option<f64>,
    /// Rise within a cycle and a half at the end, over the whole depth.
    pub abrupt_end: Option<f64>,
    /// Active power after less that before, in watts.
    pub active_step_w: Option<f64>,
    /// Reactive power of the fundamental likewise, in vars.
    pub reactive_step_var: Option<f64>,
    /// Apparent power before, in volt-amperes.
    pub load_va: Option<f64>,
}

impl Fingerprint {
    /// The largest of the changes, signed; NaN without any.
    pub fn largest_pu(&self) -> f64 {
        let larger = |best: f64, v: &f64| if v.abs() <= best.abs() { best } else { *v };
        self.change_pu.iter().flatten().fold(f64::NAN, larger)
    }
}

/// One disturbance of one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Station or site of the recording.
    pub site: String,
    /// The recording.
    pub file: String,
    /// Start, in seconds from the start of the recording.
    pub start_s: f64,
    /// The same moment, when the recording says when it was made.
    pub start: Option<Timestamp>,
    /// Names of the channels that show it.
    pub channels: Vec<String>,
    /// The one cause that was found for this time; `None` without any, or with several.
    pub cause: Option<Cause>,
    /// What tells it from others.
    pub fingerprint: Fingerprint,
}

impl Occurrence {
    /// By time; those without a date come last, by recording.
    fn place(&self) -> (bool, Option<Timestamp>, &str, &str) {
        (self.start.is_none(), self.start, &self.site, &self.file)
    }

    /// The order of everything: of equal ones either may come first.
    fn before(&self, other: &Self) -> std::cmp::Ordering {
        let change = |o: &Self| o.fingerprint.largest_pu();
        (self.place().cmp(&other.place()))
            .then(self.start_s.total_cmp(&other.start_s))
            .then(self.fingerprint.kind.cmp(&other.fingerprint.kind))
            .then(change(self).total_cmp(&change(other)))
    }

    /// It and `earlier` are one disturbance.
    fn together(&self, earlier: &Self) -> bool {
        match (self.start, earlier.start) {
            (Some(a), Some(b)) => a.seconds_since(b) < TOGETHER_S,
            (None, None) => self.file == earlier.file && self.start_s - earlier.start_s < TOGETHER_S,
            _ => false,
        }
    }
}

/// Disturbances of one site that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Recurrence<'a> {
    /// All of them, by time; those of recordings without a date come last. The first is what the others are like.
    pub occurrences: Vec<&'a Occurrence>,
    /// The first of each second: how many times it happened.
    pub times: Vec<&'a Occurrence>,
}

impl<'a> Recurrence<'a> {
    fn of(occurrences: Vec<&'a Occurrence>) -> Self {
        let mut times: Vec<&Occurrence> = Vec::new();
        for o in &occurrences {
            if times.last().is_none_or(|last| !o.together(last)) {
                times.push(o);
            }
        }
        Self { occurrences, times }
    }
}

/// How far two disturbances are apart: the largest difference of any feature that both have, over what it differs between two of
/// one cause. Up to 1 they are alike. Infinite when they are of another kind, on other phases or from another side.
///
/// It is zero between equal ones and the same both ways.
pub fn distance(a: &Fingerprint, b: &Fingerprint) -> f64 {
    within(a, b, f64::INFINITY).unwrap_or(f64::INFINITY)
}

/// The distance when it is at most `limit`: most are not, and the first feature says so.
fn within(a: &Fingerprint, b: &Fingerprint, limit: f64) -> Option<f64> {
    let sides_differ = a.side != b.side && a.side != Side::Unknown && b.side != Side::Unknown;
    if Hard::of("", a) != Hard::of("", b) || sides_differ {
        return None;
    }
    let spread = a.kind.spread_pu();
    let both = |x: Option<f64>, y: Option<f64>| x.zip(y);
    let ratio = |x: f64, y: f64, factor: f64| (x.ln() - y.ln()).abs() / factor.ln();
    // No more than a turn by half.
    let turn = |x: f64, y: f64| {
        let apart = (x - y).abs() % 360.0;
        apart.min(360.0 - apart)
    };
    let load = a.load_va.unwrap_or(0.0).max(b.load_va.unwrap_or(0.0));
    let step = |x: f64, y: f64| (x - y).abs() / (STEP * x.abs().max(y.abs()) + LOAD * load).max(1e-9);
    let changes = a.change_pu.iter().zip(&b.change_pu).filter_map(|(x, y)| both(*x, *y));
    let long = |x: f64| x + HALF_CYCLE_S;
    changes
        .map(|(x, y)| (x - y).abs() / spread)
        .chain(both(a.active_step_w, b.active_step_w).map(|(x, y)| step(x, y)))
        .chain(both(a.reactive_step_var, b.reactive_step_var).map(|(x, y)| step(x, y)))
        .chain(both(a.phase_jump_deg, b.phase_jump_deg).map(|(x, y)| turn(x, y) / JUMP_DEG))
        .chain(both(a.abrupt_end, b.abrupt_end).map(|(x, y)| (x - y).abs() / ABRUPT))
        .chain(both(a.duration_s, b.duration_s).map(|(x, y)| ratio(long(x), long(y), DURATION)))
        .chain(both(a.frequency_hz, b.frequency_hz).map(|(x, y)| ratio(x, y, FREQUENCY)))
        .try_fold(0.0, |largest: f64, apart| (apart <= limit).then(|| largest.max(apart)))
}

/// Groups of disturbances at one site that are alike, each with its moments; what happened once is in none.
///
/// In the order of time each joins the nearest of the groups whose first is at most 1 away, or begins one. So groups do not depend
/// on the order of `occurrences`, do not grow together by way of what lies between them, and stay as they are when later
/// recordings come. The most frequent come first.
pub fn group(occurrences: &[Occurrence]) -> Vec<Recurrence<'_>> {
    let mut all: Vec<&Occurrence> = occurrences.iter().collect();
    all.sort_by(|a, b| a.before(b));
    let mut groups: Vec<Vec<&Occurrence>> = Vec::new();
    // Only the firsts in neighbouring cells can be near enough: what is far is never compared.
    let mut firsts: HashMap<Hard<'_>, HashMap<Cell, Vec<usize>>> = HashMap::new();
    for o in all {
        let hard = Hard::of(&o.site, &o.fingerprint);
        let (cell, firsts) = (cell(&o.fingerprint), firsts.entry(hard).or_default());
        let near = around(cell, hard.measured).filter_map(|c| firsts.get(&c)).flatten();
        let near = near.filter_map(|&g| Some((within(&groups[g][0].fingerprint, &o.fingerprint, 1.0)?, g)));
        let nearest = near.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, g)) = nearest {
            groups[g].push(o);
        } else {
            firsts.entry(cell).or_default().push(groups.len());
            groups.push(vec![o]);
        }
    }
    let mut found: Vec<Recurrence<'_>> =
        groups.into_iter().map(Recurrence::of).filter(|r| r.times.len() > 1).collect();
    // Stable: of as many times the earliest is first.
    found.sort_by_key(|r| std::cmp::Reverse(r.times.len()));
    found
}

/// What two disturbances that are alike have in common to the letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Hard<'a> {
    site: &'a str,
    kind: Disturbance,
    wiring: Wiring,
    phases: &'a [Phase],
    /// Which of the features that make the cell there are.
    measured: [bool; 4],
}

impl<'a> Hard<'a> {
    fn of(site: &'a str, f: &'a Fingerprint) -> Self {
        let [a, b, c] = f.change_pu.map(|v| v.is_some());
        let measured = [a, b, c, f.frequency_hz.is_some()];
        Self { site, kind: f.kind, wiring: f.wiring, phases: &f.phases, measured }
    }
}

/// Changes of the phases and logarithm of the frequency, in steps of how far those of one cause differ.
type Cell = [i64; 4];

fn cell(f: &Fingerprint) -> Cell {
    let [a, b, c] = f.change_pu.map(|v| v.map_or(0.0, |v| v / f.kind.spread_pu()));
    let frequency = f.frequency_hz.map_or(0.0, |v| v.ln() / FREQUENCY.ln());
    [a, b, c, frequency].map(|v| v.floor() as i64)
}

/// The cell and all that touch it; nothing lies beside what is not measured.
fn around(cell: Cell, measured: [bool; 4]) -> impl Iterator<Item = Cell> {
    let steps = measured.map(|m| if m { -1..=1 } else { 0..=0 });
    let [a, b, c, d] = steps;
    let first = a.map(move |s| [s, 0, 0, 0]);
    let second = first.flat_map(move |v| b.clone().map(move |s| [v[0], s, 0, 0]));
    let third = second.flat_map(move |v| c.clone().map(move |s| [v[0], v[1], s, 0]));
    let all = third.flat_map(move |v| d.clone().map(move |s| [v[0], v[1], v[2], s]));
    all.map(move |v| std::array::from_fn(|k| cell[k].saturating_add(v[k])))
}
