//! A bank of capacitors in resonance with the line.

use super::super::labels::{Span, What};
use super::super::network::Branch;
use super::super::rng::Rng;
use super::super::site::{Line, NEUTRAL, PHASES, Site};
use super::super::source::{NOMINAL_HZ, Source};
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, ordinary_loads};

pub(super) const RECIPE: Recipe = Recipe {
    name: "resonance",
    cause: "resonance",
    story: "A bank of capacitors stands where its reactance and that of the line meet at the 5th or 7th harmonic of the site's own \
            rectifiers.",
    proves: "One harmonic far above its neighbours for as long as the bank is on.",
    options: Options { sample_rate_hz: 10_000.0, duration_s: 6.0, seed: 17, noise_db: 66.0 },
    least_s: 4.0,
    build,
    ..RECORDED
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let l_h = rng.uniform(0.25e-3, 0.35e-3);
    // Short and thick behind a small transformer: little to damp it.
    let line = Line { phase: (rng.uniform(0.03, 0.05), l_h), neutral: (0.03, 0.03e-3), ..USUAL_LINE };
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.0, rng), line);
    ordinary_loads(&mut site, rng);
    for phase in ALL_PHASES {
        site.electronics(phase, rng.uniform(1500.0, 2500.0));
    }
    let order = if rng.uniform(0.0, 1.0) < 0.5 { 5.0 } else { 7.0 } * rng.uniform(0.98, 1.02);
    let omega = std::f64::consts::TAU * NOMINAL_HZ * order;
    let farad = 1.0 / (omega * omega * l_h);
    for phase in PHASES {
        site.network.add(Branch::new(phase, NEUTRAL, 0.005, 1e-6).with_capacitor(farad));
    }
    let phases = ALL_PHASES.to_vec();
    let span = Span { what: What::Resonance, cause: "resonance", start_s: 0.0, stop_s: duration_s, phases };
    Plot { site, spans: vec![span] }
}
