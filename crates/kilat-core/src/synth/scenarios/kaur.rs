//! A neutral terminal works loose, parts for seconds, and finds contact again.

use super::super::faults::LooseTerminal;
use super::super::labels::{Span, What};
use super::super::loads::Motor;
use super::super::rng::Rng;
use super::super::site::{Line, NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, Recipe, USUAL_LINE, WITH_NEUTRAL};

pub(super) const RECIPE: Recipe = Recipe {
    name: "kaur-2024",
    cause: "loose_neutral",
    story: "Several lamps exploded, the well pump and the Wi-Fi died, a server's power socket and fan failed; the \
            third time in three years. Here the neutral of the service line goes from good to intermittent to open while \
            single-phase loads come and go; lamps on the lightly loaded phase burn out; then the terminal finds contact again.",
    proves: "Line-neutral voltages move apart with the load while line-line voltages stay: a lost neutral, \
             with the prohibited region of the ITIC curve entered; not lightning.",
    station: "Disdukcapil Kabupaten Kaur",
    start: "2024-05-27T02:14:00Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 10_000.0, duration_s: 14.0, seed: 2024, noise_db: 66.0 },
    least_s: 11.0,
    range_v: 1000.0,
    range_a: 200.0,
    rated_a: 25.0,
    quantities: &WITH_NEUTRAL,
    build,
};

fn build(rng: &mut Rng, _duration_s: f64) -> Plot {
    // A dry rod as the site's own electrode: it cannot stand in for the neutral.
    let line = Line { electrode_ohm: rng.uniform(80.0, 150.0), ..USUAL_LINE };
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.015, rng), line);

    let loosens = rng.uniform(1.8, 2.4);
    let parts = loosens + rng.uniform(1.4, 1.8);
    let returns = parts + rng.uniform(4.0, 5.0);
    let mut contact = Vec::new();
    let mut t = loosens;
    while t < parts - 0.3 {
        let open_s = rng.uniform(0.015, 0.09);
        contact.extend([(t, false), (t + open_s, true)]);
        t += open_s + rng.uniform(0.05, 0.35);
    }
    contact.push((parts, false));
    let mut settled = returns;
    for _ in 0..3 {
        // It bounces before it stays.
        contact.push((settled, true));
        settled += rng.uniform(0.01, 0.05);
        contact.push((settled, false));
        settled += rng.uniform(0.01, 0.06);
    }
    contact.push((settled, true));
    let neutral = site.neutral;
    let terminal = LooseTerminal::new(neutral, USUAL_LINE.neutral.0, contact, rng.fork());
    site.add(terminal);

    // Phase A carries the air conditioning and the pump, B a few lamps, C the office.
    site.resistor(0, rng.uniform(18.0, 24.0));
    site.switched(0, rng.uniform(25.0, 35.0), vec![(parts + 1.1, true), (parts + 2.6, false)]);
    let nodes = (PHASES[0], NEUTRAL);
    let pump = (parts + 0.35, returns + 9.0);
    let motor = Motor::new(&mut site.network, nodes, NOMINAL_V, rng.uniform(22.0, 28.0), 0.6, vec![pump]);
    site.add(motor);
    site.resistor(1, rng.uniform(190.0, 230.0));
    // Incandescent lamps of B, which burn out one after the other.
    for after in [0.5, 0.9, 1.6] {
        let ohm = rng.uniform(420.0, 480.0);
        site.switched(1, ohm, vec![(0.0, true), (parts + after * rng.uniform(0.9, 1.1), false)]);
    }
    site.electronics(1, rng.uniform(50.0, 80.0));
    site.resistor(2, rng.uniform(50.0, 60.0));
    site.electronics(2, rng.uniform(300.0, 400.0));
    site.switched(2, rng.uniform(40.0, 60.0), vec![(parts + 1.9, true), (parts + 3.2, false)]);

    let span = Span {
        what: What::LooseNeutral,
        cause: "loose_neutral",
        start_s: loosens,
        stop_s: settled,
        phases: ALL_PHASES.to_vec(),
    };
    Plot { site, spans: vec![span] }
}
