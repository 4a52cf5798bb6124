//! A bank of capacitors is switched on.

use super::super::labels::{Span, What};
use super::super::loads::Switch;
use super::super::network::Branch;
use super::super::rng::Rng;
use super::super::site::{NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, ordinary_loads};

pub(super) const RECIPE: Recipe = Recipe {
    name: "capacitor-switching",
    cause: "capacitor_switching",
    story: "A bank of capacitors for the power factor is switched on by a contactor whose poles close within half a \
            millisecond of each other: discharged, it pulls the voltage towards zero, and rings with the line.",
    proves: "Ringing of 300 Hz to 5 kHz on all phases within milliseconds, first swing towards zero, a lasting step up of the \
             voltage with a step of reactive power: not lightning.",
    options: Options { sample_rate_hz: 20_000.0, duration_s: 4.0, seed: 13, noise_db: 66.0 },
    least_s: 2.5,
    build,
    ..RECORDED
};

fn build(rng: &mut Rng, _duration_s: f64) -> Plot {
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.0, rng), USUAL_LINE);
    ordinary_loads(&mut site, rng);
    let start_s = rng.uniform(1.0, 1.6);
    // 1 to 6 kvar per phase.
    let farad = rng.uniform(70e-6, 400e-6);
    for phase in PHASES {
        let branch = Branch::new(phase, NEUTRAL, rng.uniform(0.02, 0.05), rng.uniform(2e-6, 8e-6));
        let bank = site.network.add(branch.with_capacitor(farad).opened());
        site.add(Switch::new(bank, vec![(start_s + rng.uniform(0.0, 5e-4), true)]));
    }
    let phases = ALL_PHASES.to_vec();
    let what = What::CapacitorSwitching;
    let span = Span { what, cause: "capacitor_switching", start_s, stop_s: start_s + 0.02, phases };
    Plot { site, spans: vec![span] }
}
