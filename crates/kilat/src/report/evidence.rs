//! What a reader needs to trust the figures: instrument, time source, bandwidth, range, clipping, settings; and the time without supply.

use kilat_core::{Flags, Kind, Phase};

use super::sha256;
use super::view::View;

/// Names of notes of COMTRADE about its clock.
const CLOCK_NOTES: [&str; 2] = ["time_code,local_code", "tmq_code,leapsec"];

/// Label and value.
pub(super) fn rows(v: &View) -> Vec<(&'static str, String)> {
    let t = v.t;
    let entered = |s: &Option<String>| s.clone().unwrap_or_else(|| t.not_entered.to_owned());
    let o = v.options;
    vec![
        (t.instrument, entered(&o.instrument)),
        (t.instrument_class, entered(&o.instrument_class)),
        (t.calibrated, entered(&o.calibrated)),
        (t.time_source, o.time_source.clone().unwrap_or_else(|| clock(v))),
        (t.bandwidth, bandwidth(v)),
        (t.range, range(v)),
        (t.clipping, clipping(v)),
        (t.phase_map, phases(v)),
        (t.settings_hash, settings_hash(v)),
    ]
}

/// What the file says of its clock.
fn clock(v: &View) -> String {
    let notes = v.capture.notes.iter().filter(|(name, _)| CLOCK_NOTES.contains(&name.as_str()));
    let said: Vec<String> = notes.map(|(name, text)| format!("{name} = {text}")).collect();
    if said.is_empty() { v.t.not_entered.to_owned() } else { said.join("; ") }
}

fn bandwidth(v: &View) -> String {
    let Some(rate) = v.a.time.rate() else { return v.t.several_rates.to_owned() };
    let s = &v.a.harmonics.subgroup;
    let (rows, channels, orders) = s.dim();
    let known = |h: &usize| (0..channels).any(|c| (0..rows).any(|row| s[[row, c, *h]].is_finite()));
    let highest = (1..orders).rev().find(known).map_or("–".into(), |h| h.to_string());
    format!(
        "≤ {} Hz ({}); {} {highest}; {} {}",
        v.n(rate.hz() / 2.0, 0),
        v.t.half_the_rate,
        v.t.orders_to,
        v.t.fronts_from,
        v.duration(rate.seconds(3.0))
    )
}

/// Range of each converter that the file states, in the unit of its channel.
fn range(v: &View) -> String {
    let stated = v.a.channels.iter().filter_map(|info| {
        let c = v.capture.channels().get(info.index)?;
        let (lowest, highest) = c.range?;
        let value = |code: f64| v.quantity(c.scale * code + c.offset);
        Some(format!("{} {} … {} {}", info.name, value(lowest), value(highest), c.unit))
    });
    let stated: Vec<String> = stated.collect();
    if stated.is_empty() { v.t.not_entered.to_owned() } else { stated.join("; ") }
}

fn clipping(v: &View) -> String {
    let flags = &v.a.intervals.flags;
    let clipped = flags.iter().filter(|f| f.contains(Flags::CLIPPED)).count();
    let transients = v.a.transients.iter().filter(|t| t.clipped).count();
    format!("{clipped} / {} {}; {transients} {}", flags.len(), v.t.intervals, v.t.transients)
}

/// Which channel is which conductor.
fn phases(v: &View) -> String {
    let of = |c: &kilat_core::engine::analysis::ChannelInfo| {
        let kind = if c.kind == Kind::Current { "I" } else { "U" };
        format!("{} = {kind} {}", c.name, c.phase.map_or("?".to_owned(), |p: Phase| p.to_string()))
    };
    v.a.channels.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// SHA-256 of the settings as the JSON document has them.
fn settings_hash(v: &View) -> String {
    serde_json::to_vec(&v.a.config).map_or("–".into(), |json| sha256::of_bytes(&json))
}

/// Interruptions of the supply, counts and minutes apart from all voltage statistics.
pub(super) fn outages(v: &View) -> [(&'static str, String); 4] {
    let i = v.a.indices();
    let t = v.t;
    [
        (t.outages_short, i.outages.short.to_string()),
        (t.outages_long, i.outages.long.to_string()),
        (t.outage_minutes, v.n(i.outages.minutes, 2)),
        (t.observed, v.duration(i.observed_s)),
    ]
}

/// SARFI and sag indices: name and value.
pub(super) fn indices(v: &View) -> Vec<(String, String)> {
    let i = v.a.indices();
    let mut rows: Vec<(String, String)> =
        i.sarfi.iter().map(|s| (format!("SARFI-{}", s.level_pct), s.count.to_string())).collect();
    rows.extend(i.sarfi_curves.iter().map(|c| (format!("SARFI-{}", c.curve), c.count.to_string())));
    rows.push((v.t.sag_energy.to_owned(), format!("{} s", v.n(i.sag_energy_s, 3))));
    rows.push((v.t.sag_score.to_owned(), v.n(i.sag_score, 3)));
    rows
}
