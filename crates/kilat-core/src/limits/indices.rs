//! Indices of dips, swells and interruptions at one site: SARFI, dip tables, sag energy and severity, outage time.
//!
//! They rest on the events of the supply: those of the polyphase system, or of the channels when there is no such system. A dip that
//! contains an interruption counts as one dip.

use serde::Serialize;

use crate::capture::Kind;
use crate::config::Wiring;
use crate::engine::analysis::Analysis;
use crate::limits::curves::{Curve, ITIC, Region, SEMI_F47};
use crate::pq::events::{Event, EventKind};

/// Levels of SARFI-X in use, in % of the reference (IEEE 1564).
pub const SARFI_PCT: [f64; 8] = [90.0, 80.0, 70.0, 50.0, 10.0, 110.0, 120.0, 140.0];
/// Events this close to the first one count once: 1 min in IEEE practice.
pub const AGGREGATED_S: f64 = 60.0;
/// The largest event of so long a time counts into the sag score.
const SCORED_S: f64 = 900.0;

/// SARFI-X: how many aggregated events went below X % (above, for X over 100).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sarfi {
    /// X.
    pub level_pct: f64,
    /// Number of events in the recording.
    pub count: usize,
}

/// SARFI of a curve: how many aggregated events lie outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CurveCount {
    /// Name of the curve.
    pub curve: &'static str,
    /// Number of events in the recording.
    pub count: usize,
}

/// A table of counts by residual or extreme voltage (rows) and duration (columns).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventTable {
    /// Name.
    pub name: &'static str,
    /// Rows.
    pub rows: Vec<&'static str>,
    /// Columns, in milliseconds.
    pub columns: Vec<&'static str>,
    /// `counts[row][column]`.
    pub counts: Vec<Vec<usize>>,
    /// Events that no cell is for: shorter than the first column, longer than the last, or still open.
    pub outside: usize,
}

/// How bad one dip was.
#[derive(Debug, Clone, PartialEq)]
pub struct DipSeverity {
    /// Position of the dip in [`Analysis::events`].
    pub event: usize,
    /// Sag energy: ∫(1 − (u/Udin)²) dt over the dip, summed over the channels that take part, in seconds.
    pub energy_s: f64,
    /// (1 − u)/(1 − u of the ITIC curve at this duration): 1 on the curve.
    pub severity_itic: Option<f64>,
    /// The same of SEMI F47; none where that curve does not say.
    pub severity_semi_f47: Option<f64>,
    /// Sag score: one less the mean of the lowest voltages of all channels over Udin, each at most 1.
    pub score: f64,
}

/// Outages: polyphase interruptions, or those of the channel when there is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Outages {
    /// Number of interruptions up to 3 min.
    pub short: usize,
    /// Number of longer ones.
    pub long: usize,
    /// Sum of their durations, in minutes.
    pub minutes: f64,
}

/// Indices of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Indices {
    /// Length of the recording without its gaps, in seconds: counts are counts in this time.
    pub observed_s: f64,
    /// SARFI-X at the levels in use.
    pub sarfi: Vec<Sarfi>,
    /// SARFI of ITIC and SEMI F47.
    pub sarfi_curves: Vec<CurveCount>,
    /// EN 50160 tables 2 and 3 of dips and swells, and the dip table of UNIPEDE.
    pub tables: Vec<EventTable>,
    /// One entry per dip of the supply.
    pub dips: Vec<DipSeverity>,
    /// Voltage-sag energy index: the sum of all sag energies, in seconds.
    pub sag_energy_s: f64,
    /// Sum of the sag scores of the largest dip of every 15 min.
    pub sag_score: f64,
    /// Outages.
    pub outages: Outages,
}

/// Positions in [`Analysis::events`] of those of the supply, of one kind.
fn supply_events(a: &Analysis, kind: EventKind) -> impl Iterator<Item = (usize, &Event)> {
    let polyphase = a.wiring != Wiring::Single;
    a.events.iter().enumerate().filter(move |(_, e)| e.kind == kind && e.polyphase == polyphase)
}

/// Interruptions of the supply: of all its phases.
pub fn supply_interruptions(a: &Analysis) -> Vec<&Event> {
    supply_events(a, EventKind::Interruption).map(|e| e.1).collect()
}

impl Analysis {
    /// Indices of the dips, swells and interruptions of the recording.
    pub fn indices(&self) -> Indices {
        Indices::of(self, severities(self))
    }
}

/// How bad each dip of the supply was, in the order of the events.
pub(super) fn severities(a: &Analysis) -> Vec<DipSeverity> {
    supply_events(a, EventKind::Dip).map(|(i, e)| severity(a, i, e)).collect()
}

impl Indices {
    /// Of the events of `a`, of which the dips were as bad as that.
    pub(super) fn of(a: &Analysis, severities: Vec<DipSeverity>) -> Self {
        let dips: Vec<&Event> = supply_events(a, EventKind::Dip).map(|e| e.1).collect();
        let swells: Vec<&Event> = supply_events(a, EventKind::Swell).map(|e| e.1).collect();
        let counted = [aggregated(a, &dips), aggregated(a, &swells)];
        let interruptions = supply_interruptions(a);
        let gaps_s: f64 = a.gaps.iter().map(|g| g.duration_s).sum();
        Self {
            observed_s: a.time.duration_s() - gaps_s,
            sarfi: SARFI_PCT
                .map(|level_pct| Sarfi {
                    level_pct,
                    count: counted.iter().flatten().filter(|e| crosses(e, level_pct)).count(),
                })
                .into(),
            sarfi_curves: [ITIC, SEMI_F47].map(|curve| outside(&curve, counted.iter().flatten())).into(),
            tables: vec![dip_table(&dips), swell_table(&swells), unipede_table(&dips, &interruptions)],
            sag_energy_s: severities.iter().fold(0.0, |sum, d| sum + d.energy_s),
            sag_score: score(a, &severities),
            dips: severities,
            outages: outages(&interruptions),
        }
    }
}

fn crosses(e: &Event, level_pct: f64) -> bool {
    let pct = 100.0 * e.magnitude_pu;
    if level_pct > 100.0 {
        e.kind == EventKind::Swell && pct > level_pct
    } else {
        e.kind == EventKind::Dip && pct < level_pct
    }
}

/// Of the events that begin within a minute of the first, the one farthest from nominal.
fn aggregated<'a>(a: &Analysis, events: &[&'a Event]) -> Vec<&'a Event> {
    let groups = within(events, |e| a.seconds(e.start_sample), AGGREGATED_S).into_iter();
    let worst =
        groups.filter_map(|g| g.iter().max_by(|x, y| x.depth_pct.abs().total_cmp(&y.depth_pct.abs())));
    worst.copied().collect()
}

/// Cuts `items` in order of time into groups that begin within `length_s` of their first.
fn within<T>(items: &[T], start_s: impl Fn(&T) -> f64, length_s: f64) -> Vec<&[T]> {
    let mut groups = Vec::new();
    let mut rest = items;
    while let Some(first) = rest.first() {
        let (group, others) = rest.split_at(rest.partition_point(|e| start_s(e) - start_s(first) < length_s));
        groups.push(group);
        rest = others;
    }
    groups
}

fn outside<'a>(curve: &Curve, events: impl Iterator<Item = &'a &'a Event>) -> CurveCount {
    let out = |e: &&&Event| {
        matches!(curve.region(e.duration_s, e.magnitude_pu), Region::NoDamage | Region::Prohibited)
    };
    CurveCount { curve: curve.name, count: events.filter(out).count() }
}

/// A table of `events`; `row` is that of an event, `column` that of a duration in milliseconds.
fn table(
    name: &'static str,
    rows: &[&'static str],
    columns: &[&'static str],
    events: &[&Event],
    row: impl Fn(&Event) -> Option<usize>,
    column: impl Fn(f64) -> Option<usize>,
) -> EventTable {
    let mut counts = vec![vec![0; columns.len()]; rows.len()];
    let mut outside = 0;
    for e in events {
        match (row(e), column(1e3 * e.duration_s)) {
            (Some(r), Some(c)) if !e.open => counts[r][c] += 1,
            _ => outside += 1,
        }
    }
    EventTable { name, rows: rows.to_vec(), columns: columns.to_vec(), counts, outside }
}

/// EN 50160:2010, table 2: residual voltage in % of the reference, durations from 10 ms to 1 min.
fn dip_table(dips: &[&Event]) -> EventTable {
    table(
        "EN 50160 dips",
        &["90 > u ≥ 80", "80 > u ≥ 70", "70 > u ≥ 40", "40 > u ≥ 5", "5 > u"],
        &["10 ≤ t ≤ 200", "200 < t ≤ 500", "500 < t ≤ 1000", "1000 < t ≤ 5000", "5000 < t ≤ 60000"],
        dips,
        |e| {
            let pct = 100.0 * e.magnitude_pu;
            (pct < 90.0).then(|| [80.0, 70.0, 40.0, 5.0].iter().take_while(|&&least| pct < least).count())
        },
        |ms| up_to(ms, 10.0, &[200.0, 500.0, 1000.0, 5000.0, 60_000.0]),
    )
}

/// EN 50160:2010, table 3.
fn swell_table(swells: &[&Event]) -> EventTable {
    table(
        "EN 50160 swells",
        &["u ≥ 120", "120 > u > 110"],
        &["10 ≤ t ≤ 500", "500 < t ≤ 5000", "5000 < t ≤ 60000"],
        swells,
        |e| (e.magnitude_pu > 1.1).then(|| usize::from(e.magnitude_pu < 1.2)),
        |ms| up_to(ms, 10.0, &[500.0, 5000.0, 60_000.0]),
    )
}

/// Dip table of UNIPEDE: depth in % of the reference; a dip that contains one of `interruptions` is in the last row.
fn unipede_table(dips: &[&Event], interruptions: &[&Event]) -> EventTable {
    table(
        "UNIPEDE dips",
        &["10 ≤ depth < 30", "30 ≤ depth < 60", "60 ≤ depth < 100", "interruption"],
        &[
            "10 ≤ t < 100",
            "100 ≤ t < 500",
            "500 ≤ t < 1000",
            "1000 ≤ t < 3000",
            "3000 ≤ t < 20000",
            "20000 ≤ t < 60000",
        ],
        dips,
        |e| {
            let inside = |i: &&Event| i.start_sample < e.stop_sample && i.stop_sample > e.start_sample;
            match e.depth_pct {
                _ if interruptions.iter().any(inside) => Some(3),
                depth => {
                    (depth >= 10.0).then(|| [30.0, 60.0].iter().take_while(|&&most| depth >= most).count())
                }
            }
        },
        |ms| {
            let ends = [100.0, 500.0, 1000.0, 3000.0, 20_000.0, 60_000.0];
            (ms >= 10.0)
                .then(|| ends.iter().take_while(|&&end| ms >= end).count())
                .filter(|&c| c < ends.len())
        },
    )
}

/// Column of a duration of at least `least`, each column with its end.
fn up_to(ms: f64, least: f64, ends: &[f64]) -> Option<usize> {
    (ms >= least).then(|| ends.iter().take_while(|&&end| ms > end).count()).filter(|&c| c < ends.len())
}

fn severity(a: &Analysis, event: usize, e: &Event) -> DipSeverity {
    let against = |curve: &Curve| {
        let reference = curve.lowest_pu(e.duration_s)?;
        Some((1.0 - e.magnitude_pu) / (1.0 - reference))
    };
    let energy =
        |&c: &usize| -> f64 { during(a, c, e).map(|(pu, length_s)| (1.0 - pu * pu) * length_s).sum() };
    let phases = Some(system_voltages(a)).filter(|c| e.polyphase && !c.is_empty());
    let phases = phases.unwrap_or_else(|| e.channels.to_vec());
    let lowest = phases.iter().map(|&c| during(a, c, e).map(|v| v.0).fold(1.0, f64::min));
    DipSeverity {
        event,
        energy_s: e.channels.iter().map(energy).sum(),
        severity_itic: against(&ITIC),
        severity_semi_f47: against(&SEMI_F47),
        score: 1.0 - lowest.sum::<f64>() / phases.len() as f64,
    }
}

/// Voltages that a polyphase event is sought in.
fn system_voltages(a: &Analysis) -> Vec<usize> {
    let of_system = |p: crate::Phase| p != crate::Phase::N && p.is_line_line() == (a.wiring == Wiring::Delta);
    let channels = a.channels.iter().enumerate();
    channels.filter(|(_, c)| c.kind == Kind::Voltage && c.phase.is_some_and(of_system)).map(|c| c.0).collect()
}

/// Urms(1/2) over Udin of a channel during an event, each with the time until the next one, in seconds.
fn during<'a>(a: &'a Analysis, channel: usize, e: &Event) -> impl Iterator<Item = (f64, f64)> + 'a {
    let udin_v = a.channels[channel].udin_v;
    let h = &a.half_cycles[channel];
    let first = h.start_sample.partition_point(|&s| s < e.start_sample);
    let last = h.start_sample.partition_point(|&s| s < e.stop_sample);
    // A window that begins at the end of the event is back already; an interruption ends where its last window does.
    (first..last).map(move |i| {
        let next = h.start_sample.get(i + 1).map_or(h.stop_sample[i], |&s| s);
        (h.u_rms_v[i] / udin_v, a.seconds(next) - a.seconds(h.start_sample[i]))
    })
}

fn score(a: &Analysis, dips: &[DipSeverity]) -> f64 {
    let groups = within(dips, |d| a.seconds(a.events[d.event].start_sample), SCORED_S).into_iter();
    groups.fold(0.0, |sum, g| sum + g.iter().map(|d| d.score).fold(0.0, f64::max))
}

fn outages(interruptions: &[&Event]) -> Outages {
    let long = interruptions.iter().filter(|e| e.duration_s > 180.0).count();
    Outages {
        short: interruptions.len() - long,
        long,
        minutes: interruptions.iter().fold(0.0, |sum, e| sum + e.duration_s / 60.0),
    }
}

#[cfg(test)]
mod tests;
