//! Are disturbances known again? The scenarios, each recorded several times with other noise and at other rates.
//!
//! A capture of one scenario and seed is what the same cause leaves behind each time; captures of different scenarios have
//! different causes. All of them are put into one archive of one site, a day apart, and grouped.

use std::collections::{BTreeMap, BTreeSet};

use kilat_core::diagnosis::findings;
use kilat_core::diagnosis::recurrence::{Disturbance, Occurrence, Recurrence, group, occurrences};
use kilat_core::engine::offline;
use kilat_core::synth;
use kilat_core::{Config, Result, Timestamp};

use super::causes::{Random, least_duration_s};

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Causes of each scenario, by seed: other loads, phases and moments.
    pub causes: u64,
    /// Recordings of each.
    pub recordings: u64,
    /// Seed of everything random.
    pub seed: u64,
}

/// How often what belongs together was linked, and what does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Captures in the archive.
    pub captures: usize,
    /// Disturbances in them.
    pub disturbances: usize,
    /// By kind: disturbances that are linked to one in another recording of the same cause, and all, for each other recording.
    pub repeats: BTreeMap<Disturbance, (usize, usize)>,
    /// Those that are not, in words.
    pub missed: Vec<String>,
    /// Pairs of captures of different scenarios.
    pub strangers: usize,
    /// Those of them that are linked.
    pub false_links: Vec<String>,
    /// Pairs of captures of one scenario with different seeds, and those of them that are linked: causes that are alike.
    pub alike: (usize, usize),
}

impl Links {
    /// Repeats that were found, and all.
    pub fn found(&self) -> (usize, usize) {
        self.repeats.values().fold((0, 0), |sum, r| (sum.0 + r.0, sum.1 + r.1))
    }
}

/// One capture of the archive.
struct Recorded {
    scenario: &'static str,
    cause: u64,
    name: String,
}

/// Makes the archive and groups it.
pub fn run(options: &Options) -> Result<Links> {
    let mut random = Random::new(options.seed);
    let mut captures: Vec<Recorded> = Vec::new();
    let mut all: Vec<Occurrence> = Vec::new();
    for &scenario in synth::names() {
        for cause in 0..options.causes {
            let seed = random.next();
            for _ in 0..options.recordings {
                let made = synth::Options {
                    sample_rate_hz: (10_000.0 * 1.5f64.powf(random.unit())).round(),
                    duration_s: least_duration_s(scenario),
                    seed,
                    noise_db: 40.0 + 20.0 * random.unit(),
                };
                let s = synth::scenario(scenario, &made)?;
                let start = Timestamp::default().plus_seconds(86_400.0 * captures.len() as f64);
                let time = s.capture.time().clone().with_start(Some(start));
                let mut capture = s.capture.with_time(time)?;
                let rate = made.sample_rate_hz;
                let name = format!("{scenario} seed {seed}, {rate} Hz, {:.0} dB", made.noise_db);
                (capture.station, capture.source) = (String::new(), captures.len().to_string());
                let a = offline::analyze(&capture, &Config::class_a(s.nominal_voltage_v, 50.0), 0)?;
                all.extend(occurrences(&capture, &a, &findings(&a)));
                captures.push(Recorded { scenario, cause, name });
            }
        }
    }
    Ok(judge(&captures, &all))
}

fn judge(captures: &[Recorded], all: &[Occurrence]) -> Links {
    let of = |o: &Occurrence| o.file.parse::<usize>().unwrap_or_default();
    let mut links = Links { captures: captures.len(), disturbances: all.len(), ..Links::default() };
    // The captures that each disturbance is linked to, and the pairs of them.
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    let groups = group(all);
    for g in &groups {
        let members: BTreeSet<usize> = g.occurrences.iter().map(|o| of(o)).collect();
        pairs.extend(members.iter().flat_map(|&a| members.iter().map(move |&b| (a, b))));
    }
    for o in all {
        let own = of(o);
        let linked = |other: usize| {
            let here = |g: &&Recurrence<'_>| g.occurrences.contains(&o);
            groups.iter().filter(here).any(|g| g.occurrences.iter().any(|m| of(m) == other))
        };
        for (k, c) in captures.iter().enumerate() {
            let again = (c.scenario, c.cause) == (captures[own].scenario, captures[own].cause);
            if k != own && again {
                let repeats = links.repeats.entry(o.fingerprint.kind).or_default();
                repeats.1 += 1;
                if linked(k) {
                    repeats.0 += 1;
                } else {
                    let what = o.fingerprint.kind.id();
                    links.missed.push(format!(
                        "{what} at {:.2} s of {} in {}",
                        o.start_s, captures[own].name, c.name
                    ));
                }
            }
        }
    }
    for (b, two) in captures.iter().enumerate() {
        for (a, one) in captures[..b].iter().enumerate() {
            let linked = pairs.contains(&(a, b));
            if one.scenario != two.scenario {
                links.strangers += 1;
                if linked {
                    links.false_links.push(format!("{} and {}", one.name, two.name));
                }
            } else if one.cause != two.cause {
                links.alike.0 += 1;
                links.alike.1 += usize::from(linked);
            }
        }
    }
    links
}
