//! The mains fail; a small generating set takes over and struggles with every load step.

use super::super::labels::{Span, What};
use super::super::loads::Motor;
use super::super::rng::Rng;
use super::super::site::{NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, Recipe, USUAL_LINE, WITH_NEUTRAL, comings_and_goings};

pub(super) const RECIPE: Recipe = Recipe {
    name: "generator",
    cause: "generator",
    story: "A generating set that nobody dares use. Here the mains fail, a set of 8 kVA takes over after a gap with a \
            jump of phase; frequency and voltage wander with every load step; then the mains return.",
    proves: "Frequency off by more than 0.5 Hz and following the load, voltage THD of 4 to 9 %, transfer gaps with a \
             jump of phase.",
    station: "Disdukcapil, kantor dengan genset",
    start: "2023-03-14T01:05:00Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 10_000.0, duration_s: 20.0, seed: 2023, noise_db: 66.0 },
    least_s: 14.0,
    range_v: 1000.0,
    range_a: 200.0,
    rated_a: 25.0,
    quantities: &WITH_NEUTRAL,
    build,
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.0, rng), USUAL_LINE);
    let set = Source::generating_set(NOMINAL_V, 8000.0, rng);
    let off = rng.uniform(2.4, 3.0);
    let on = off + rng.uniform(0.9, 1.4);
    let back_off = duration_s - rng.uniform(2.4, 2.9);
    let back_on = back_off + rng.uniform(0.15, 0.35);
    // The subtransient reactance of a small set: about 12 % of its base impedance.
    site.transfer(off, on, set, (0.5, 6.5e-3));
    site.transfer_back(back_off, back_on);

    for phase in ALL_PHASES {
        site.resistor(phase, rng.uniform(50.0, 75.0));
        site.electronics(phase, rng.uniform(150.0, 350.0));
        let orders = comings_and_goings(rng, duration_s, 3.0, 3.0);
        site.switched(phase, rng.uniform(35.0, 55.0), orders);
    }
    let start = on + rng.uniform(4.0, 5.0);
    let nodes = (PHASES[0], NEUTRAL);
    let pump = vec![(start, start + 4.0)];
    let motor = Motor::new(&mut site.network, nodes, NOMINAL_V, rng.uniform(18.0, 22.0), 0.8, pump);
    site.add(motor);

    let span = |what, start_s, stop_s| Span {
        what,
        cause: "generator",
        start_s,
        stop_s,
        phases: ALL_PHASES.to_vec(),
    };
    let spans = vec![
        span(What::TransferGap, off, on),
        span(What::GeneratorSupply, on, back_off),
        span(What::TransferGap, back_off, back_on),
    ];
    Plot { site, spans }
}
