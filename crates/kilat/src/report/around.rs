//! Frequency and distortion before, during and after each event, and where it lies on the immunity curves.

use kilat_core::limits::curves::{IEC_61000_4_11_CLASS_3, ITIC, Region, SEMI_F47};
use kilat_core::{Event, Flags};
use serde::Serialize;

use super::ROWS;
use super::view::View;

#[derive(Serialize)]
pub(super) struct AroundRow {
    kind: &'static str,
    channel: String,
    start_s: String,
    stop_s: String,
    uncertainty: String,
    frequency: String,
    thd: String,
    regions: Vec<(&'static str, &'static str)>,
}

/// Names of the curves of [`AroundRow::regions`], as headings.
pub(super) const CURVES: [&str; 3] = [ITIC.name, SEMI_F47.name, IEC_61000_4_11_CLASS_3.name];

/// A row per event of a channel.
pub(super) fn rows(v: &View) -> Vec<AroundRow> {
    v.channel_events().into_iter().take(ROWS).map(|e| row(v, e)).collect()
}

fn row(v: &View, e: &Event) -> AroundRow {
    let i = &v.a.intervals;
    let quiet = |row: &usize| !i.flags[*row].contains(Flags::EVENT);
    let inside = |row: &usize| i.start_sample[*row] < e.stop_sample && i.stop_sample[*row] > e.start_sample;
    let rows = 0..i.flags.len();
    let before = rows.clone().rev().filter(quiet).find(|&row| i.stop_sample[row] <= e.start_sample);
    let after = rows.clone().filter(quiet).find(|&row| i.start_sample[row] >= e.stop_sample);
    let thd = &v.a.harmonics.thd_subgroup_pct;
    let thd_of = |row: usize| thd.get([row, e.extreme_channel]).copied().unwrap_or(f64::NAN);
    let during = rows.filter(inside).map(thd_of).fold(f64::NAN, f64::max);
    let hz = |row: Option<usize>| v.n(row.map_or(f64::NAN, |r| i.frequency_hz[r]), 3);
    let pct = |row: Option<usize>| v.n(row.map_or(f64::NAN, thd_of), 2);
    let half_cycle_ms = 500.0 / v.a.config.nominal_frequency_hz;
    let curves = [ITIC, SEMI_F47, IEC_61000_4_11_CLASS_3];
    AroundRow {
        kind: v.t.event(e.kind),
        channel: v.name(e.extreme_channel).to_owned(),
        start_s: v.n(v.a.seconds(e.start_sample), 3),
        stop_s: v.n(v.a.seconds(e.stop_sample), 3),
        uncertainty: format!("± {} ms", v.n(half_cycle_ms, 1)),
        frequency: format!("{} / {}", hz(before), hz(after)),
        thd: format!("{} / {} / {}", pct(before), v.n(during, 2), pct(after)),
        regions: curves
            .iter()
            .map(|c| {
                let region = c.region(e.duration_s, e.magnitude_pu);
                (super::tables::region_class(region), short(v, region))
            })
            .collect(),
    }
}

fn short(v: &View, region: Region) -> &'static str {
    v.t.region_short(region)
}
