//! A six-pulse converter cuts notches.

use super::super::labels::{Span, What};
use super::super::loads::Converter;
use super::super::rng::Rng;
use super::super::site::{Line, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, ordinary_loads};

pub(super) const RECIPE: Recipe = Recipe {
    name: "notching",
    cause: "notching",
    story: "A controlled rectifier of an old lift drive: each commutation connects two phases for a moment, at the same \
            angles of every cycle.",
    proves: "Notches towards zero at the same angles in every cycle, with their depth and area; no transient, no dip.",
    options: Options { sample_rate_hz: 20_000.0, duration_s: 6.0, seed: 16, noise_db: 66.0 },
    least_s: 2.5,
    build,
    ..RECORDED
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let line = Line { phase: (0.08, 0.4e-3), ..USUAL_LINE };
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.01, rng), line);
    ordinary_loads(&mut site, rng);
    let overlap = rng.uniform(0.012, 0.03);
    // The notch that a commutation of this length cuts into the voltage between two phases: 2·L·ΔI/Δt.
    let depth_v = rng.uniform(0.25, 0.45) * 540.0;
    let current_a = depth_v / (2.0 * line.phase.1) * overlap / super::super::source::NOMINAL_HZ;
    site.add(Converter::new(PHASES, current_a, overlap, rng.uniform(0.05, 0.15)));
    let phases = ALL_PHASES.to_vec();
    let span = Span { what: What::Notching, cause: "notching", start_s: 0.0, stop_s: duration_s, phases };
    Plot { site, spans: vec![span] }
}
