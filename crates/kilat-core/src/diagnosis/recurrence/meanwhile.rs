//! What Urms(1/2) did while an event or a rapid change lasted.

use crate::capture::Phase;
use crate::engine::analysis::Analysis;
use crate::pq::events::{Event, EventKind};
use crate::pq::rvc::RapidChange;

/// Change of each phase, over Udin; none where it is not measured.
pub(in super::super) type Change = [Option<f64>; 3];

/// Which of the three a channel is: by its phase, else by its place among the voltages.
pub(super) fn place(a: &Analysis, channel: usize) -> Option<usize> {
    match a.channels[channel].phase {
        Some(Phase::A | Phase::AB) => Some(0),
        Some(Phase::B | Phase::BC) => Some(1),
        Some(Phase::C | Phase::CA) => Some(2),
        Some(Phase::N) => None,
        None => a.voltages().position(|v| v == channel).filter(|k| *k < 3),
    }
}

/// Voltages with their places.
pub(super) fn places(a: &Analysis) -> impl Iterator<Item = (usize, usize)> + '_ {
    let measured = a.voltages().filter(|v| a.channels[*v].udin_v > 0.0);
    measured.filter_map(|c| Some((c, place(a, c)?)))
}

/// From Udin, the way that the event goes.
pub(in super::super) fn event(a: &Analysis, e: &Event) -> Change {
    let swells = e.kind == EventKind::Swell;
    let further = if swells { f64::gt } else { f64::lt };
    let change = most(a, (e.start_sample, e.stop_sample), further, |_| Some(1.0));
    // Where another phase goes the other way is another event, which this one need not wholly contain.
    change.map(|v| v.map(|v| if swells { v.max(0.0) } else { v.min(0.0) }))
}

/// From what it was before.
pub(in super::super) fn rapid_change(a: &Analysis, r: &RapidChange) -> Change {
    let before = |c: usize| {
        let h = &a.half_cycles[c];
        let k = h.stop_sample.partition_point(|s| *s <= r.start_sample);
        Some(h.u_rms_v[..k].last()? / a.channels[c].udin_v).filter(|v| v.is_finite())
    };
    most(a, (r.start_sample, r.stop_sample), |v, best| v.abs() > best.abs(), before)
}

/// The `further` most of the Urms(1/2) that begin between two samples, less what they are held `against`, over Udin.
fn most(
    a: &Analysis,
    (start, stop): (f64, f64),
    further: impl Fn(&f64, &f64) -> bool,
    against: impl Fn(usize) -> Option<f64>,
) -> Change {
    let mut change = [None; 3];
    for (channel, place) in places(a) {
        let (h, udin) = (&a.half_cycles[channel], a.channels[channel].udin_v);
        let Some(against) = against(channel) else { continue };
        let first = h.start_sample.partition_point(|s| *s < start);
        let last = h.start_sample.partition_point(|s| *s < stop);
        for u in h.u_rms_v.get(first..last).unwrap_or_default() {
            let v = u / udin - against;
            if v.is_finite() && change[place].is_none_or(|best| further(&v, &best)) {
                change[place] = Some(v);
            }
        }
    }
    change
}
