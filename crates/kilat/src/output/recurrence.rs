//! What happened more than once: each group of disturbances that are alike, in words and as keys.

use kilat_core::Timestamp;
use kilat_core::diagnosis::Cause;
use kilat_core::diagnosis::recurrence::{Disturbance, Occurrence, Recurrence, group};
use serde::Serialize;

/// Most moments that the words name.
const NAMED: usize = 8;

/// Disturbances of one site that are alike; figures are those of the first, which the others are like.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the fields are those of `kilat_core::diagnosis::recurrence::Fingerprint`
pub struct RecurrenceOutput {
    /// All of it in words.
    pub text: String,
    pub site: String,
    pub kind: Disturbance,
    /// How many times: what comes within a second counts once.
    pub times: usize,
    /// Of these, in recordings that do not say when they were made.
    pub undated: usize,
    /// The one cause that was found, whenever one was; `None` with several.
    pub cause: Option<Cause>,
    pub channels: Vec<String>,
    /// Largest change of a phase, over Udin.
    pub change_pu: f64,
    pub duration_s: Option<f64>,
    pub frequency_hz: Option<f64>,
    pub active_step_w: Option<f64>,
    pub reactive_step_var: Option<f64>,
    pub moments: Vec<MomentOutput>,
}

/// One of the times.
#[derive(Debug, Clone, Serialize)]
pub struct MomentOutput {
    /// The recording.
    pub file: String,
    /// Start, in seconds from the start of the recording.
    pub start_s: f64,
    /// The same moment.
    pub start: Option<Timestamp>,
}

/// What happened more than once among `disturbances`, the most frequent first.
pub fn recurrences(disturbances: &[Occurrence]) -> Vec<RecurrenceOutput> {
    group(disturbances).iter().map(RecurrenceOutput::of).collect()
}

impl RecurrenceOutput {
    fn of(r: &Recurrence<'_>) -> Self {
        let first = r.times[0];
        let f = &first.fingerprint;
        let mut causes = r.occurrences.iter().filter_map(|o| o.cause);
        let cause = causes.next().filter(|c| causes.all(|other| other == *c));
        let moment =
            |o: &&Occurrence| MomentOutput { file: o.file.clone(), start_s: o.start_s, start: o.start };
        Self {
            text: text(r, cause),
            site: first.site.clone(),
            kind: f.kind,
            times: r.times.len(),
            undated: r.times.iter().filter(|o| o.start.is_none()).count(),
            cause,
            channels: first.channels.clone(),
            change_pu: f.largest_pu(),
            duration_s: f.duration_s,
            frequency_hz: f.frequency_hz,
            active_step_w: f.active_step_w,
            reactive_step_var: f.reactive_step_var,
            moments: r.times.iter().map(moment).collect(),
        }
    }
}

/// Such as `3 times: dip on L2 to 57 % for 120 ms (fault): 2022-03-01, 2023-02-11, 2024-01-17`.
fn text(r: &Recurrence<'_>, cause: Option<Cause>) -> String {
    let first = r.times[0];
    let f = &first.fingerprint;
    let words = |id: &str| id.replace('_', " ");
    let mut said =
        vec![format!("{} times: {} on {}", r.times.len(), words(f.kind.id()), first.channels.join(" "))];
    let pct = 100.0 * f.largest_pu();
    match f.kind {
        Disturbance::Dip | Disturbance::Swell | Disturbance::Interruption => {
            said.push(format!(" to {:.0} %", 100.0 + pct));
        }
        Disturbance::RapidChange => said.push(format!(" by {pct:+.1} %")),
        Disturbance::LooseNeutral | Disturbance::Overload => said.push(format!(" by {pct:+.0} %")),
        Disturbance::ImpulsiveSurge | Disturbance::ImpulsiveTransient | Disturbance::OscillatoryTransient => {
            said.push(format!(" of {pct:.0} % peak"));
        }
        Disturbance::Arcing | Disturbance::Generator | Disturbance::Resonance | Disturbance::Notching => {}
    }
    match f.duration_s {
        Some(s) if s < 1.0 => said.push(format!(" for {:.0} ms", 1e3 * s)),
        Some(s) => said.push(format!(" for {s:.1} s")),
        None => {}
    }
    if let Some(hz) = f.frequency_hz {
        said.push(format!(" at {hz:.0} Hz"));
    }
    let load = f.load_va.unwrap_or(f64::INFINITY);
    for (step, what, unit) in
        [(f.active_step_w, "load step", "kW"), (f.reactive_step_var, "reactive step", "kvar")]
    {
        // What a load does by itself is no step.
        if let Some(step) = step.filter(|s| s.abs() > 0.1 * load) {
            said.push(format!(", {what} {:+.1} {unit}", step / 1e3));
        }
    }
    if let Some(cause) = cause.filter(|c| c.id() != f.kind.id()) {
        said.push(format!(" ({})", words(cause.id())));
    }
    said.push(format!(": {}", moments(&r.times)));
    said.concat()
}

/// Dates; the times of day when all is of one day; the place in the recording where there is no date.
fn moments(times: &[&Occurrence]) -> String {
    let dated: Vec<String> = times.iter().filter_map(|o| o.start).map(|t| t.to_string()).collect();
    let day = |t: &str| t.get(..10).unwrap_or(t).to_owned();
    let one_day = dated.first().map(|t| day(t)) == dated.last().map(|t| day(t));
    let moment = |o: &&Occurrence| match o.start.map(|t| t.to_string()) {
        Some(t) if one_day => t.get(..19).unwrap_or(&t).replace('T', " "),
        Some(t) => day(&t),
        None => format!("{} at {:.1} s (no date)", o.file, o.start_s),
    };
    let mut named: Vec<String> = times.iter().take(NAMED).map(moment).collect();
    if times.len() > NAMED {
        named.push(format!("and {} more", times.len() - NAMED));
    }
    named.join(", ")
}
