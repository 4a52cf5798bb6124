//! A supply lead arcs, worse and worse, until its insulation fails.

use super::super::faults::{ArcFault, SeriesArc, fault};
use super::super::labels::{Span, What};
use super::super::loads::Switch;
use super::super::network::Branch;
use super::super::rng::Rng;
use super::super::site::{NEUTRAL, PHASES, Site};
use super::super::source::Source;
use super::{ALL_PHASES, NOMINAL_V, Options, Plot, Recipe, USUAL_LINE, WITH_NEUTRAL};

pub(super) const RECIPE: Recipe = Recipe {
    name: "palembang-2021",
    cause: "arcing",
    story: "An explosion in a server, the office burnt. Here the lead of a load on phase A arcs in series, more often and \
            with longer dark gaps every second, until its insulation fails: a short circuit behind the meter, \
            cleared by the fuse of that circuit.",
    proves: "Growing sub-cycle spikes of current near the voltage crossings with broadband noise, then a collapse of \
             voltage with a rise of current: a fault downstream, announced seconds before.",
    station: "Disdukcapil Kota Palembang",
    start: "2021-08-30T18:22:05Z",
    nominal_v: NOMINAL_V,
    options: Options { sample_rate_hz: 10_000.0, duration_s: 15.0, seed: 2021, noise_db: 68.0 },
    least_s: 12.0,
    range_v: 1000.0,
    range_a: 1200.0,
    rated_a: 60.0,
    quantities: &WITH_NEUTRAL,
    build,
};

fn build(rng: &mut Rng, duration_s: f64) -> Plot {
    let mut site = Site::new(Source::mains(NOMINAL_V, 1.01, rng), USUAL_LINE);
    for (phase, ohm) in [(0, 60.0), (1, 35.0), (2, 40.0)] {
        site.resistor(phase, ohm * rng.uniform(0.9, 1.1));
        site.electronics(phase, rng.uniform(300.0, 600.0));
    }
    let begins = rng.uniform(1.8, 2.2);
    let fails = duration_s - rng.uniform(2.6, 3.2);
    let cleared = fails + rng.uniform(0.12, 0.2);

    // The lead, and behind it a heater with the capacitors of the supplies at its socket.
    let socket = site.network.add_node();
    let lead = site.network.add(Branch::new(PHASES[0], socket, 0.05, 2e-6));
    site.network.add(Branch::new(socket, NEUTRAL, rng.uniform(16.0, 20.0), 1e-4));
    site.network.add(Branch::new(socket, NEUTRAL, 1.0, 0.0).with_capacitor(10e-6));
    site.add(SeriesArc::new(lead, begins, fails - begins, cleared, rng.fork()));
    // The heat of the arc breaks the insulation to the neutral on the mains side of the lead; the fuse takes both away.
    let short = fault(&mut site.network, PHASES[0], NEUTRAL, rng.uniform(0.10, 0.16));
    site.add(Switch::new(short, vec![(fails, true), (cleared, false)]));
    site.add(ArcFault::new(short, rng.uniform(30.0, 45.0)));

    let span = |what, cause, start_s, stop_s| Span {
        what,
        cause,
        start_s,
        stop_s,
        phases: ALL_PHASES[..1].to_vec(),
    };
    let spans = vec![span(What::Arcing, "arcing", begins, fails), span(What::Fault, "fault", fails, cleared)];
    Plot { site, spans }
}
