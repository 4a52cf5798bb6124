//! Several strokes of one flash, and a flashover that blows two fuses.

use super::super::faults::{Stroke, fault};
use super::super::labels::{Span, What};
use super::super::loads::Switch;
use super::super::rng::Rng;
use super::super::site::{Line, NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, Recipe, THREE_PHASE, USUAL_LINE};

pub(super) const RECIPE: Recipe = Recipe {
    name: "serang-2018",
    cause: "impulsive_surge",
    story: "Lightning hit the tower at 14:00; the switch hub of the main server was dead and part of the building dark. \
            Here one flash of several strokes couples into all conductors of the service line; the insulation of two \
            phases flashes over at the strongest stroke, and their fuses interrupt the current that follows.",
    proves: "Impulsive transients within one second, then an interruption on two phases; peak and front stated with the \
             limit the sampling rate sets.",
    station: "Disdukcapil Kota Serang",
    start: "2018-11-14T07:00:11Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 50_000.0, duration_s: 4.0, seed: 2018, noise_db: 64.0 },
    least_s: 3.0,
    range_v: 6000.0,
    range_a: 1000.0,
    rated_a: 40.0,
    quantities: &THREE_PHASE,
    build,
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let line = Line { phase: (0.2, 0.6e-3), neutral: (0.14, 0.4e-3), ..USUAL_LINE };
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.01, rng), line);
    for (phase, ohm) in [(0, 22.0), (1, 28.0), (2, 25.0)] {
        site.resistor(phase, ohm * rng.uniform(0.85, 1.15));
        site.electronics(phase, rng.uniform(200.0, 500.0));
    }
    let polarity = if rng.uniform(0.0, 1.0) < 0.1 { 1.0 } else { -1.0 };
    let mut spans = Vec::new();
    let mut t = rng.uniform(0.9, 1.1);
    let strongest = 1 + (rng.uniform(0.0, 2.0) as usize);
    let count = 4 + (rng.uniform(0.0, 2.0) as usize);
    for k in 0..count {
        let crest =
            polarity * if k == strongest { rng.uniform(180.0, 220.0) } else { rng.uniform(40.0, 110.0) };
        // The conductors hang at unlike distances from the channel; the neutral, lowest, takes the least.
        let crest_a = [1.0, 0.85, 0.7, 0.3].map(|share| crest * share * rng.uniform(0.9, 1.1));
        site.strokes.push(Stroke { start_s: t, crest_a });
        spans.push(Span {
            what: What::Transient,
            cause: "impulsive_surge",
            start_s: t,
            stop_s: t + Stroke::LENGTH_S,
            phases: ALL_PHASES.to_vec(),
        });
        if k == strongest {
            for phase in [1, 2] {
                let cleared = t + rng.uniform(0.004, 0.012);
                spans.push(flashover(&mut site, phase, t + 2e-6, cleared, duration_s));
            }
        }
        // Pauses between the strokes of a flash: 40 to 90 ms.
        t += rng.uniform(0.04, 0.09);
    }
    Plot { site, spans }
}

/// Phase to neutral arcs over; the fuse of the phase opens at the current zero after `cleared`, for good.
fn flashover(site: &mut Site, phase: usize, start_s: f64, cleared: f64, duration_s: f64) -> Span {
    let branch = fault(&mut site.network, PHASES[phase], NEUTRAL, 0.25);
    site.add(Switch::new(branch, vec![(start_s, true), (duration_s, false)]));
    let feeder = site.feeder[phase];
    site.add(Switch::new(feeder, vec![(cleared, false)]));
    Span { what: What::Fault, cause: "impulsive_surge", start_s, stop_s: cleared + 0.01, phases: vec![phase] }
}
