//! A good supply with ordinary loads: nothing to report.

use super::super::loads::Motor;
use super::super::rng::Rng;
use super::super::site::{Line, NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, Recipe, WITH_NEUTRAL, comings_and_goings};

pub(super) const RECIPE: Recipe = Recipe {
    name: "healthy",
    cause: "none",
    story: "An ordinary morning: lamps, kettles and a refrigerator come and go on a sound service line.",
    proves: "Silence: no dip, swell, interruption or transient, no diagnosis.",
    station: "Disdukcapil, kantor pembanding",
    start: "2024-06-03T00:30:00Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 10_000.0, duration_s: 12.0, seed: 1, noise_db: 66.0 },
    least_s: 1.0,
    range_v: 1000.0,
    range_a: 200.0,
    rated_a: 20.0,
    quantities: &WITH_NEUTRAL,
    build,
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    // A short cable behind a transformer of 250 kVA.
    let line = Line { phase: (0.06, 0.12e-3), neutral: (0.04, 0.06e-3), electrode_ohm: 5.0 };
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.005, rng), line);
    for phase in ALL_PHASES {
        site.resistor(phase, rng.uniform(30.0, 45.0));
        site.electronics(phase, rng.uniform(150.0, 350.0));
        let orders = comings_and_goings(rng, duration_s, 2.0, 2.0);
        site.switched(phase, rng.uniform(50.0, 90.0), orders);
    }
    let start = rng.uniform(0.3, 0.6) * duration_s;
    let nodes = (PHASES[1], NEUTRAL);
    let refrigerator = vec![(start, start + 0.25 * duration_s)];
    let motor = Motor::new(&mut site.network, nodes, NOMINAL_V, 8.0, 0.4, refrigerator);
    site.add(motor);
    Plot { site, spans: Vec::new() }
}
