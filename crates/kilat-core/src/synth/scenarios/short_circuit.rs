//! A short circuit behind the meter, cleared by a fuse.

use super::super::faults::fault;
use super::super::labels::{FaultTruth, Span, What};
use super::super::loads::Switch;
use super::super::rng::Rng;
use super::super::site::{NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{NOMINAL_V, Options, Plot, RECORDED, Recipe, USUAL_LINE, ordinary_loads};
use crate::pq::dips::Side;

pub(super) const RECIPE: Recipe = Recipe {
    name: "fault-downstream",
    cause: "fault",
    story: "A short circuit in the site's own installation: of one phase to neutral, of two phases, of all three; its \
            protection clears it.",
    proves: "Abrupt start and end with a rise of current: a fault downstream, with its class.",
    options: Options { sample_rate_hz: 10_000.0, duration_s: 4.0, seed: 15, noise_db: 66.0 },
    least_s: 3.0,
    range_a: 2000.0,
    build,
    ..RECORDED
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.0, rng), USUAL_LINE);
    ordinary_loads(&mut site, rng);
    let start_s = rng.uniform(1.0, 1.4);
    let stop_s = start_s + rng.uniform(0.06, 0.4f64.min(duration_s - 2.2));
    let r_ohm = rng.uniform(0.08, 0.4);
    let odd = rng.uniform(0.0, 3.0) as usize;
    let (next, last) = ((odd + 1) % 3, (odd + 2) % 3);
    let name = |k: usize| ["a", "b", "c"][k];
    let (branches, class, phases) = match rng.uniform(0.0, 3.0) as usize {
        0 => (vec![(PHASES[odd], NEUTRAL)], format!("B{}", name(odd)), vec![odd]),
        1 => (vec![(PHASES[next], PHASES[last])], format!("C{}", name(odd)), vec![next, last]),
        _ => (PHASES.map(|p| (p, NEUTRAL)).to_vec(), "A".to_owned(), vec![0, 1, 2]),
    };
    for (from, to) in branches {
        let branch = fault(&mut site.network, from, to, r_ohm);
        site.add(Switch::new(branch, vec![(start_s, true), (stop_s, false)]));
    }
    site.fault = Some(FaultTruth::new(class, Side::Downstream, start_s));
    let span = Span { what: What::Fault, cause: "fault", start_s, stop_s, phases };
    Plot { site, spans: vec![span] }
}
