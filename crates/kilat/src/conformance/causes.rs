//! Do the rules name the right cause? The scenarios again, with fresh seeds, noise and rates.
//!
//! A variant is right when the first finding is the cause of its scenario (none, or only `unknown`, where nothing is to be
//! reported), and no other finding names a cause that is not in its labels. The seeds come from [`Options::seed`], which
//! differs from those the rules were tuned with ([`TUNED`]).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use kilat_core::diagnosis::{Cause, findings};
use kilat_core::engine::offline;
use kilat_core::synth::{self, Scenario};
use kilat_core::{Analysis, Config, Error, EventKind, Result};

/// Seed of the variants that rules and thresholds were chosen on; proofs use another.
pub const TUNED: u64 = 1;

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Number of variants, dealt to the scenarios in turn.
    pub variants: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Fastest rate, in hertz; long scenarios stay at a fifth of it.
    pub fastest_hz: f64,
}

/// One variant and what became of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its scenario.
    pub scenario: &'static str,
    /// How it was made.
    pub options: synth::Options,
    /// The cause it should have.
    pub expected: &'static str,
    /// The causes that were found, in their order.
    pub found: Vec<&'static str>,
    /// Causes found that are neither expected nor in the labels.
    pub wrong: Vec<&'static str>,
    /// Disturbances in it that are not lightning: labels, and transients that were found.
    pub not_lightning: usize,
    /// Of a short circuit: what was found about it.
    pub fault: Option<FaultOutcome>,
}

/// Of a short circuit: what was found about it.
#[derive(Debug, Clone, Copy)]
pub struct FaultOutcome {
    /// Class right by symmetrical components, and by the six-phase method.
    pub class: (bool, bool),
    /// Side right.
    pub side: bool,
    /// Point on wave against the truth, in degrees; NaN when it was not found.
    pub point_on_wave_deg: f64,
}

impl Outcome {
    /// The right cause first, and no wrong one.
    pub fn is_right(&self) -> bool {
        let first = self.found.first().copied().filter(|c| *c != "unknown");
        first.unwrap_or("none") == self.expected && self.wrong.is_empty()
    }

    /// Finds a cause that it has not.
    pub fn falsely(&self, cause: &str) -> bool {
        self.wrong.contains(&cause)
    }
}

/// Share of right variants by scenario, and over all; variants that are right, and all.
pub fn tally(outcomes: &[Outcome]) -> BTreeMap<&'static str, (usize, usize)> {
    let mut by_name: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for o in outcomes {
        let t = by_name.entry(o.scenario).or_default();
        *t = (t.0 + usize::from(o.is_right()), t.1 + 1);
    }
    by_name
}

/// Runs all variants on as many threads as the machine has, in no order; `each` sees them as they come.
pub fn run(options: &Options, each: impl Fn(u64, &Outcome) + Sync) -> Result<Vec<Outcome>> {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut own = Vec::new();
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= options.variants {
                return Ok(own);
            }
            let outcome = variant(options, k)?;
            each(k, &outcome);
            own.push(outcome);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let parts: Result<Vec<Vec<Outcome>>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let panicked = || Error::config("variants", "a thread of them panicked");
        running.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(panicked()))).collect()
    });
    Ok(parts?.into_iter().flatten().collect())
}

/// Runs variant number `k`.
pub fn variant(options: &Options, k: u64) -> Result<Outcome> {
    let names = synth::names();
    let name = names[(k % names.len() as u64) as usize];
    let mut random =
        Random::new(options.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ k.wrapping_mul(0xD1B5_4A32_D192_ED03));
    let base = synth::Options::of(name)?;
    let duration_s = least_duration_s(name).max(3.0).min(base.duration_s.max(3.0));
    let fastest =
        if duration_s > 6.0 { (options.fastest_hz / 5.0).max(10_000.0) } else { options.fastest_hz };
    let made = synth::Options {
        sample_rate_hz: (10_000.0 * (fastest / 10_000.0).powf(random.unit())).round(),
        duration_s,
        seed: random.next(),
        noise_db: 40.0 + 20.0 * random.unit(),
    };
    let scenario = synth::scenario(name, &made)?;
    let config = Config::class_a(scenario.nominal_voltage_v, 50.0);
    let analysis = offline::analyze(&scenario.capture, &config, 1)?;
    Ok(judge(&scenario, &analysis))
}

/// Least length that a scenario needs.
pub(super) fn least_duration_s(name: &str) -> f64 {
    match name {
        "kaur-2024" => 11.0,
        "bengkulu-2020" | "palembang-2021" => 12.0,
        "generator" => 14.0,
        "motor-start" | "transformer-energising" | "resonance" => 4.0,
        _ => 3.0,
    }
}

fn judge(scenario: &Scenario, a: &Analysis) -> Outcome {
    let found: Vec<Cause> = findings(a).into_iter().map(|f| f.cause).collect();
    let labelled = |c: &Cause| {
        c.id() == scenario.cause || *c == Cause::Unknown || scenario.labels.iter().any(|l| l.cause == c.id())
    };
    let lightning = scenario.labels.iter().any(|l| l.cause == "impulsive_surge");
    let not_lightning = if lightning { 0 } else { scenario.labels.len() + a.transients.len() };
    Outcome {
        scenario: scenario.name,
        options: scenario.options.clone(),
        expected: scenario.cause,
        wrong: found.iter().filter(|c| !labelled(c)).map(|c| c.id()).collect(),
        found: found.iter().map(|c| c.id()).collect(),
        not_lightning,
        fault: scenario.fault.as_ref().map(|truth| {
            let is_dip = |k: &usize| a.events[*k].kind == EventKind::Dip && a.events[*k].polyphase;
            let form = (0..a.events.len()).find(is_dip).and_then(|k| a.dip_form(k).map(|f| (k, f)));
            let Some((k, form)) = form else {
                return FaultOutcome { class: (false, false), side: false, point_on_wave_deg: f64::NAN };
            };
            let named =
                |c: Option<kilat_core::pq::dips::DipClass>| c.is_some_and(|c| c.to_string() == truth.class);
            let phase = a.voltages().position(|v| v == a.events[k].extreme_channel).unwrap_or(0);
            let off = form.start_deg - truth.start_deg[phase];
            FaultOutcome {
                class: (named(form.class), named(form.class_six_phase)),
                side: form.direction.side == truth.side,
                point_on_wave_deg: (off + 180.0).rem_euclid(360.0) - 180.0,
            }
        }),
    }
}

/// Splitmix64.
pub(super) struct Random(u64);

impl Random {
    /// Whose first number does not show its seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Self(seed);
        random.next();
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
