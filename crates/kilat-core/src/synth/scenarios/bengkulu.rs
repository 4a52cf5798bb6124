//! A weak feeder: the site's own load pulls its voltage down.

use super::super::labels::{Span, What};
use super::super::loads::{IronCore, Motor};
use super::super::rng::Rng;
use super::super::site::{Line, NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, Recipe, WITH_NEUTRAL, comings_and_goings};

pub(super) const RECIPE: Recipe = Recipe {
    name: "bengkulu-2020",
    cause: "overload",
    story: "Network and servers down three days, and often; facilities below standard. Here the site hangs on a long thin \
            line: its own load, rectifiers and old ballasts, and the pumps that start again and again, pull the voltage down \
            and flatten its tops.",
    proves: "Under-voltage that follows the site's own current, harmonics, frequent dips; SPLN 1 and EN 50160 fail.",
    station: "Disdukcapil Provinsi Bengkulu",
    start: "2020-10-05T03:30:00Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 10_000.0, duration_s: 20.0, seed: 2020, noise_db: 62.0 },
    least_s: 12.0,
    range_v: 1000.0,
    range_a: 200.0,
    rated_a: 30.0,
    quantities: &WITH_NEUTRAL,
    build,
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let line = Line { phase: (0.95, 0.8e-3), neutral: (0.6, 0.5e-3), electrode_ohm: 15.0 };
    let mut site = Site::new(Source::mains(NOMINAL_V, 0.965, rng), line);
    let mut spans = Vec::new();
    for phase in ALL_PHASES {
        site.resistor(phase, rng.uniform(60.0, 80.0));
        site.electronics(phase, rng.uniform(600.0, 900.0));
        site.add(IronCore::new((PHASES[phase], NEUTRAL), NOMINAL_V * 0.9, rng.uniform(1.0, 2.0)));
        let orders = comings_and_goings(rng, duration_s, 5.0, 2.5);
        site.switched(phase, rng.uniform(40.0, 60.0), orders);
    }
    // Pumps and air conditioners that start again and again on A and C.
    for (phase, first) in [(0, 1.5), (2, 3.8)] {
        let mut starts = Vec::new();
        let mut t = first + rng.uniform(0.0, 0.5);
        while t < duration_s - 1.5 {
            let off = t + rng.uniform(1.6, 2.6);
            starts.push((t, off));
            let stop_s = t + 0.6;
            spans.push(Span {
                what: What::MotorStart,
                cause: "motor_start",
                start_s: t,
                stop_s,
                phases: vec![phase],
            });
            t = off + rng.uniform(1.0, 2.5);
        }
        let nodes = (PHASES[phase], NEUTRAL);
        let motor = Motor::new(&mut site.network, nodes, NOMINAL_V, rng.uniform(28.0, 34.0), 0.5, starts);
        site.add(motor);
    }
    let phases = ALL_PHASES.to_vec();
    spans.push(Span {
        what: What::Undervoltage,
        cause: "overload",
        start_s: 0.0,
        stop_s: duration_s,
        phases,
    });
    Plot { site, spans }
}
