//! What happened more than once in the recording: "third time, same phase, same load step".

use kilat_core::diagnosis::Finding;
use kilat_core::diagnosis::recurrence::{Disturbance, Occurrence, Recurrence, group, occurrences};
use serde::Serialize;

use super::ROWS;
use super::view::{View, moment};

/// Most moments of one row.
const NAMED: usize = 8;
/// Part of the load before that a step exceeds: less a load does by itself.
const IS_STEP: f64 = 0.1;

#[derive(Serialize)]
pub(super) struct RecurrenceRow {
    kind: &'static str,
    channels: String,
    times: usize,
    change: String,
    duration: String,
    ringing_hz: String,
    load_step: String,
    cause: &'static str,
    moments: String,
}

/// Rows of the table of recurrences, the most frequent first, and how many are left out.
pub(super) fn rows(v: &View, findings: &[Finding]) -> (Vec<RecurrenceRow>, usize) {
    let found = occurrences(v.capture, v.a, findings);
    let groups = group(&found);
    (groups.iter().take(ROWS).map(|r| row(v, r)).collect(), groups.len().saturating_sub(ROWS))
}

fn row(v: &View, r: &Recurrence<'_>) -> RecurrenceRow {
    let first = r.times[0];
    let f = &first.fingerprint;
    let mut causes = r.occurrences.iter().filter_map(|o| o.cause);
    let cause = causes.next().filter(|c| causes.all(|other| other == *c));
    let pct = 100.0 * f.largest_pu();
    let change = match f.kind {
        Disturbance::Arcing | Disturbance::Generator | Disturbance::Resonance | Disturbance::Notching => None,
        Disturbance::RapidChange => Some(v.n(pct, 1)),
        _ => Some(v.n(pct, 0)),
    };
    let step = f.active_step_w.filter(|s| s.abs() > IS_STEP * f.load_va.unwrap_or(f64::INFINITY));
    let dash = || "–".to_owned();
    let at = |o: &&Occurrence| o.start.map_or_else(|| format!("{} s", v.n(o.start_s, 3)), moment);
    let mut moments: Vec<String> = r.times.iter().take(NAMED).map(at).collect();
    if r.times.len() > NAMED {
        moments.push(v.t.and_more.replace("{}", &(r.times.len() - NAMED).to_string()));
    }
    RecurrenceRow {
        kind: v.t.disturbance(f.kind, v.lang),
        channels: first.channels.join(", "),
        times: r.times.len(),
        change: change.map_or_else(dash, |c| format!("{c} %")),
        duration: f.duration_s.map_or_else(dash, |s| v.duration(s)),
        ringing_hz: f.frequency_hz.map_or_else(dash, |hz| v.n(hz, 0)),
        load_step: step.map_or_else(dash, |w| format!("{} kW", v.n(w / 1e3, 2))),
        cause: cause.map_or("–", |c| c.name(v.lang)),
        moments: moments.join(", "),
    }
}
