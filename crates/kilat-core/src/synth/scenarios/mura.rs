//! One large impulse, and nothing else.

use super::super::faults::Stroke;
use super::super::labels::{Span, What};
use super::super::rng::Rng;
use super::super::site::{Line, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, Recipe, THREE_PHASE, USUAL_LINE};

pub(super) const RECIPE: Recipe = Recipe {
    name: "mura-2017",
    cause: "impulsive_surge",
    story: "Lightning destroyed the recording server; out since February, in April still waiting for a replacement. Here \
            one stroke couples into the service line; the supply goes on as before.",
    proves: "One impulse above the over-voltage category of a plug-in appliance (II, 2.5 kV), no lasting change: what a \
             claim needs.",
    station: "Disdukcapil Kabupaten Musi Rawas",
    start: "2017-02-09T09:41:27Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 50_000.0, duration_s: 4.0, seed: 2017, noise_db: 66.0 },
    least_s: 2.5,
    range_v: 8000.0,
    range_a: 1000.0,
    rated_a: 40.0,
    quantities: &THREE_PHASE,
    build,
};

fn build(rng: &mut Rng, _duration_s: f64) -> Plot {
    // At the end of a long overhead line: its inductance keeps the surge at the site, where the loads must take it.
    let line = Line { phase: (0.25, 0.9e-3), neutral: (0.18, 0.6e-3), ..USUAL_LINE };
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.02, rng), line);
    for (phase, ohm) in [(0, 19.0), (1, 22.0), (2, 25.0)] {
        site.resistor(phase, ohm * rng.uniform(0.9, 1.1));
        site.electronics(phase, rng.uniform(150.0, 400.0));
    }
    let start_s = rng.uniform(1.4, 1.8);
    let crest = -rng.uniform(330.0, 380.0);
    let crest_a = [1.0, 0.75, 0.6, 0.25].map(|share| crest * share * rng.uniform(0.95, 1.05));
    site.strokes.push(Stroke { start_s, crest_a });
    let stop_s = start_s + Stroke::LENGTH_S;
    let phases = ALL_PHASES.to_vec();
    let span = Span { what: What::Transient, cause: "impulsive_surge", start_s, stop_s, phases };
    Plot { site, spans: vec![span] }
}
