//! A three-phase motor that is switched straight onto the line.

use super::super::labels::{Span, What};
use super::super::loads::Motor;
use super::super::rng::Rng;
use super::super::site::{NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, ordinary_loads};

pub(super) const RECIPE: Recipe = Recipe {
    name: "motor-start",
    cause: "motor_start",
    story: "A pump motor is switched straight onto the line: its inrush pulls all three voltages down, and they recover as it \
            runs up.",
    proves: "Abrupt start, gradual recovery, phases alike, inrush current: a dip of the site's own.",
    options: Options { sample_rate_hz: 10_000.0, duration_s: 6.0, seed: 11, noise_db: 66.0 },
    least_s: 4.0,
    build,
    ..RECORDED
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.0, rng), USUAL_LINE);
    ordinary_loads(&mut site, rng);
    let start_s = rng.uniform(1.0, 1.6);
    let run_up_s = rng.uniform(0.3, 1.2);
    let inrush_a = rng.uniform(130.0, 260.0);
    for phase in PHASES {
        let run = vec![(start_s, duration_s + 1.0)];
        let motor = Motor::new(&mut site.network, (phase, NEUTRAL), NOMINAL_V, inrush_a, run_up_s, run);
        site.add(motor);
    }
    let phases = ALL_PHASES.to_vec();
    let span =
        Span { what: What::MotorStart, cause: "motor_start", start_s, stop_s: start_s + run_up_s, phases };
    Plot { site, spans: vec![span] }
}
