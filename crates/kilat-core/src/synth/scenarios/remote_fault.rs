//! A short circuit somewhere in the supply, seen through whatever transformers lie between.

use std::f64::consts::TAU;

use realfft::num_complex::Complex64;

use super::super::labels::{FaultTruth, Span, What};
use super::super::rng::Rng;
use super::super::site::{Site, WARM_UP_S};
use super::super::source::{RemoteFault, Source};
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, ordinary_loads};
use crate::pq::dips::Side;

pub(super) const RECIPE: Recipe = Recipe {
    name: "fault-upstream",
    cause: "fault",
    story: "A short circuit on another feeder, cleared by its protection. What is left of each phase follows from the kind of \
            fault and the connection of the transformers between: classes A to G of Bollen.",
    proves: "Abrupt start and end, jump of phase, falling current: a fault upstream, with its class.",
    options: Options { sample_rate_hz: 10_000.0, duration_s: 4.0, seed: 14, noise_db: 66.0 },
    least_s: 3.0,
    build,
    ..RECORDED
};

/// Phasors of the class for phase A as the odd one, with characteristic voltage `v`.
fn phasors(class: usize, v: Complex64) -> [Complex64; 3] {
    let (one, j, half_root) = (Complex64::ONE, Complex64::I, libm::sqrt(3.0) / 2.0);
    let third = |k: f64| Complex64::from_polar(1.0, k * TAU / 3.0);
    match class {
        0 => [v, v * third(-1.0), v * third(1.0)],
        1 => [v, third(-1.0), third(1.0)],
        2 => [one, -0.5 * one - j * half_root * v, -0.5 * one + j * half_root * v],
        3 => [v, -0.5 * v - j * half_root, -0.5 * v + j * half_root],
        4 => [one, v * third(-1.0), v * third(1.0)],
        5 => {
            let side = j * 2.0 * half_root * (one / 3.0 + v / 6.0);
            [v, -0.5 * v - side, -0.5 * v + side]
        }
        _ => {
            let base = -one / 3.0 - v / 6.0;
            [(2.0 + v) / 3.0, base - j * half_root * v, base + j * half_root * v]
        }
    }
}

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let class = rng.uniform(0.0, 7.0) as usize;
    let odd = rng.uniform(0.0, 3.0) as usize;
    let left = rng.uniform(0.2, 0.75);
    // The deeper the dip, the nearer the fault, the more the impedance of the feeder turns it.
    let v = Complex64::from_polar(left, -rng.uniform(0.0, 0.35) * (1.0 - left));
    let seen = phasors(class, v);
    let third = |k: f64| Complex64::from_polar(1.0, k * TAU / 3.0);
    let factor = |k: usize| {
        let u = seen[(k + 3 - odd) % 3] * third(-(odd as f64));
        let whole = third([0.0, -1.0, 1.0][k]);
        let ratio = u / whole;
        (libm::hypot(ratio.re, ratio.im), libm::atan2(ratio.im, ratio.re))
    };
    let start_s = rng.uniform(1.0, 1.4);
    let stop_s = start_s + rng.uniform(0.06, 0.6f64.min(duration_s - 2.2));
    let remote = RemoteFault {
        from_s: start_s + WARM_UP_S,
        to_s: stop_s + WARM_UP_S,
        left: [factor(0), factor(1), factor(2)],
    };
    let source = Source::mains(NOMINAL_V, 1.0, rng).with_remote_fault(remote);
    let mut site = Site::new(source, USUAL_LINE);
    ordinary_loads(&mut site, rng);
    let letter = ["A", "B", "C", "D", "E", "F", "G"][class];
    let name = if class == 0 { letter.to_owned() } else { format!("{letter}{}", ["a", "b", "c"][odd]) };
    site.fault = Some(FaultTruth::new(name, Side::Upstream, start_s));
    let span = Span { what: What::Fault, cause: "fault", start_s, stop_s, phases: ALL_PHASES.to_vec() };
    Plot { site, spans: vec![span] }
}
