//! The plots: who is connected where, what breaks when. One file per scenario.

mod bengkulu;
mod capacitor;
mod converter;
mod generator;
mod healthy;
mod kaur;
mod motor;
mod mura;
mod palembang;
mod remote_fault;
mod resonance;
mod serang;
mod short_circuit;
mod switching;
mod transformer;

use super::Options;
use super::labels::Span;
use super::rng::Rng;
use super::site::{Line, Quantity, Site};

/// Everything that makes a scenario.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) cause: &'static str,
    pub(super) story: &'static str,
    pub(super) proves: &'static str,
    pub(super) station: &'static str,
    /// Moment of the first sample, ISO 8601.
    pub(super) start: &'static str,
    pub(super) nominal_v: f64,
    pub(super) options: Options,
    /// Least duration, in seconds.
    pub(super) least_s: f64,
    /// Limit of the converter for voltages, in volts.
    pub(super) range_v: f64,
    /// Limit of the converter for currents, in amperes.
    pub(super) range_a: f64,
    /// Current that the noise refers to, in amperes.
    pub(super) rated_a: f64,
    /// The first three are the voltages.
    pub(super) quantities: &'static [Quantity],
    /// Builds the site from random numbers and the duration.
    pub(super) build: fn(&mut Rng, f64) -> Plot,
}

/// A site ready to run, and what the plot does to it.
pub(super) struct Plot {
    pub(super) site: Site,
    pub(super) spans: Vec<Span>,
}

/// All scenarios.
pub(super) const ALL: [Recipe; 15] = [
    kaur::RECIPE,
    serang::RECIPE,
    bengkulu::RECIPE,
    mura::RECIPE,
    palembang::RECIPE,
    generator::RECIPE,
    healthy::RECIPE,
    motor::RECIPE,
    transformer::RECIPE,
    capacitor::RECIPE,
    remote_fault::RECIPE,
    short_circuit::RECIPE,
    converter::RECIPE,
    resonance::RECIPE,
    switching::RECIPE,
];

/// How the scenarios that no office reported are recorded.
const RECORDED: Recipe = Recipe {
    name: "",
    cause: "",
    story: "",
    proves: "",
    station: "simulated site",
    start: "2025-02-03T02:00:00Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 10_000.0, duration_s: 6.0, seed: 0, noise_db: 66.0 },
    least_s: 2.5,
    range_v: 1000.0,
    range_a: 1500.0,
    rated_a: 60.0,
    quantities: &THREE_PHASE,
    build: healthy::RECIPE.build,
};

/// Heaters, lamps and computers on every phase.
fn ordinary_loads(site: &mut Site, rng: &mut Rng) {
    for phase in ALL_PHASES {
        site.resistor(phase, rng.uniform(15.0, 40.0));
        site.electronics(phase, rng.uniform(150.0, 600.0));
    }
}

const NOMINAL_V: f64 = 220.0;

const THREE_PHASE: [Quantity; 6] =
    [Quantity::U(0), Quantity::U(1), Quantity::U(2), Quantity::I(0), Quantity::I(1), Quantity::I(2)];
const WITH_NEUTRAL: [Quantity; 8] = [
    Quantity::U(0),
    Quantity::U(1),
    Quantity::U(2),
    Quantity::I(0),
    Quantity::I(1),
    Quantity::I(2),
    Quantity::In,
    Quantity::Un,
];

/// An overhead line of usual length behind a 100 kVA transformer.
const USUAL_LINE: Line = Line { phase: (0.18, 0.25e-3), neutral: (0.12, 0.15e-3), electrode_ohm: 8.0 };

/// Switching times of a load that comes and goes until `end`: on for about `on_s`, off for about `off_s`.
fn comings_and_goings(rng: &mut Rng, end: f64, on_s: f64, off_s: f64) -> Vec<(f64, bool)> {
    let mut orders = Vec::new();
    let (mut t, mut on) = (rng.uniform(0.0, off_s), true);
    while t < end {
        orders.push((t, on));
        t += if on { on_s } else { off_s } * rng.uniform(0.5, 1.5);
        on = !on;
    }
    orders
}

const ALL_PHASES: [usize; 3] = [0, 1, 2];
