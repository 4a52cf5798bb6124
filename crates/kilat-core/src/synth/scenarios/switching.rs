//! Ordinary switching: contactors, coils that are cut off, a small motor.

use super::super::loads::{Motor, Switch};
use super::super::network::Branch;
use super::super::rng::Rng;
use super::super::site::{NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{
    ALL_PHASES, NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, comings_and_goings, ordinary_loads,
};

pub(super) const RECIPE: Recipe = Recipe {
    name: "load-switching",
    cause: "none",
    story: "A workshop: heaters, a small motor and coils that come and go on a sound service line; their contacts strike and \
            chop.",
    proves: "Whatever small transients there are: no lightning, no loose neutral.",
    options: Options { sample_rate_hz: 20_000.0, duration_s: 6.0, seed: 18, noise_db: 66.0 },
    least_s: 2.5,
    build,
    ..RECORDED
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.0, rng), USUAL_LINE);
    ordinary_loads(&mut site, rng);
    for phase in ALL_PHASES {
        let orders = comings_and_goings(rng, duration_s, 0.7, 0.7);
        site.switched(phase, rng.uniform(25.0, 60.0), orders);
        // A coil with the capacitor of its interference filter, and a heater with one of its own: both ring when switched.
        let node = (PHASES[phase], NEUTRAL);
        let coil = site.network.add(Branch::new(node.0, node.1, rng.uniform(15.0, 40.0), 0.15).opened());
        site.add(Switch::new(coil, comings_and_goings(rng, duration_s, 0.5, 0.5)));
        let filter = Branch::new(node.0, node.1, 0.3, 2e-6).with_capacitor(rng.uniform(1e-6, 6e-6)).opened();
        let filter = site.network.add(filter);
        site.add(Switch::new(filter, vec![(rng.uniform(0.6, duration_s - 0.6), true)]));
    }
    let start = rng.uniform(0.4, 0.6) * duration_s;
    let nodes = (PHASES[1], NEUTRAL);
    let fridge = vec![(start, start + 0.3 * duration_s)];
    let motor = Motor::new(&mut site.network, nodes, NOMINAL_V, 10.0, 0.3, fridge);
    site.add(motor);
    Plot { site, spans: Vec::new() }
}
