//! A transformer of the site is energised.

use super::super::labels::{Span, What};
use super::super::loads::Core;
use super::super::rng::Rng;
use super::super::site::{Line, NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, ordinary_loads};

pub(super) const RECIPE: Recipe = Recipe {
    name: "transformer-energising",
    cause: "transformer_energising",
    story: "An isolating transformer is switched on with what flux the last time left in its limbs: they saturate unequally, and \
            the offset of the flux dies out over many cycles.",
    proves: "Abrupt unbalanced dip with a slow recovery and a 2nd harmonic of the current.",
    options: Options { sample_rate_hz: 10_000.0, duration_s: 6.0, seed: 12, noise_db: 66.0 },
    least_s: 4.0,
    build,
    ..RECORDED
};

fn build(rng: &mut Rng, _duration_s: f64) -> Plot {
    // A stiff supply: on a thin line its resistance would take the offset of the flux away within two cycles.
    let line = Line { phase: (0.03, 0.3e-3), neutral: (0.03, 0.1e-3), ..USUAL_LINE };
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.0, rng), line);
    ordinary_loads(&mut site, rng);
    let start_s = rng.uniform(1.0, 1.6);
    let air_ohm = rng.uniform(0.12, 0.25);
    let remanent = rng.uniform(0.5, 0.8);
    // What three limbs keep adds up to nothing.
    for (phase, share) in PHASES.into_iter().zip([1.0, -0.4, -0.6]) {
        let core =
            Core::new(&mut site.network, (phase, NEUTRAL), NOMINAL_V, air_ohm, start_s, share * remanent);
        site.add(core);
    }
    let phases = ALL_PHASES.to_vec();
    let what = What::TransformerEnergising;
    let span = Span { what, cause: "transformer_energising", start_s, stop_s: start_s + 1.0, phases };
    Plot { site, spans: vec![span] }
}
