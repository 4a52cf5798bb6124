use super::*;
use crate::capture::{Phase, TimeBase};
use crate::config::Config;
use crate::engine::analysis::{ChannelInfo, Flags, HalfCycles};
use crate::units::SampleRate;

/// Samples per second of the made-up recording.
const FS: f64 = 1000.0;

/// Three phases of an hour at 230 V, without events; Urms(1/2) every 10 ms.
fn quiet() -> Analysis {
    let channels = [("Ua", Phase::A), ("Ub", Phase::B), ("Uc", Phase::C)];
    let n = 360_000;
    let half_cycles = HalfCycles {
        start_sample: (0..n).map(|i| f64::from(i) * 10.0).collect(),
        stop_sample: (0..n).map(|i| f64::from(i) * 10.0 + 20.0).collect(),
        u_rms_v: vec![230.0; n as usize],
        flags: vec![Flags::empty(); n as usize],
    };
    Analysis {
        config: Config::class_a(230.0, 50.0),
        wiring: Wiring::Wye,
        channels: channels
            .iter()
            .enumerate()
            .map(|(index, &(name, phase))| ChannelInfo {
                name: name.into(),
                index,
                phase: Some(phase),
                kind: Kind::Voltage,
                udin_v: 230.0,
            })
            .collect(),
        half_cycles: vec![half_cycles; 3],
        time: TimeBase::uniform(SampleRate::from_hz(FS).unwrap(), 3_600_000, None),
        ..Analysis::default()
    }
}

/// An event of the system on Ua.
fn event(kind: EventKind, start_s: f64, duration_s: f64, pu: f64) -> Event {
    Event {
        kind,
        channels: [0].into_iter().collect(),
        polyphase: true,
        start_sample: start_s * FS,
        stop_sample: (start_s + duration_s) * FS,
        duration_s,
        residual_v: 230.0 * pu,
        magnitude_pu: pu,
        depth_pct: 100.0 * (1.0 - pu),
        reference_v: 230.0,
        extreme_channel: 0,
        category: "",
        flags: Flags::empty(),
        open: false,
    }
}

fn with(events: Vec<Event>) -> Analysis {
    Analysis { events, ..quiet() }
}

/// Counts of a table as text, a row per row.
fn cells(i: &Indices, table: usize) -> Vec<String> {
    i.tables[table].counts.iter().map(|r| r.iter().map(ToString::to_string).collect()).collect()
}

use EventKind::{Dip, Interruption, Swell};

#[test]
fn sarfi_counts_the_worst_of_a_minute() {
    let i = with(vec![
        event(Dip, 0.0, 0.1, 0.85),
        // Within a minute of the first: one event, of 45 %.
        event(Dip, 30.0, 0.1, 0.45),
        event(Dip, 59.0, 0.1, 0.75),
        event(Dip, 61.0, 0.1, 0.75),
        event(Swell, 62.0, 0.1, 1.15),
        event(Dip, 1000.0, 0.1, 0.05),
        event(Interruption, 1000.0, 0.09, 0.05),
    ])
    .indices();
    let counts: Vec<(f64, usize)> = i.sarfi.iter().map(|s| (s.level_pct, s.count)).collect();
    let want = [(90.0, 3), (80.0, 3), (70.0, 2), (50.0, 2), (10.0, 1), (110.0, 1), (120.0, 0), (140.0, 0)];
    assert_eq!(counts, want);
    assert!((i.observed_s - 3600.0).abs() < 1e-9);
}

#[test]
fn sarfi_of_curves_counts_what_lies_outside() {
    let i = with(vec![
        event(Dip, 0.0, 0.1, 0.75),
        event(Dip, 100.0, 0.1, 0.65),
        event(Dip, 200.0, 0.3, 0.65),
        event(Swell, 300.0, 0.1, 1.25),
    ])
    .indices();
    // ITIC bears 70 % for 0.5 s and 120 %; SEMI F47 bears 50 % for 0.2 s and 70 % for 0.5 s, and says nothing of swells.
    assert_eq!(
        i.sarfi_curves.iter().map(|c| (c.curve, c.count)).collect::<Vec<_>>(),
        [("ITIC", 3), ("SEMI F47", 1)]
    );
}

#[test]
fn every_cell_of_the_tables_is_reached_at_its_borders() {
    let i = with(vec![
        event(Dip, 0.0, 0.2, 0.899),
        event(Dip, 1.0, 0.201, 0.8),
        event(Dip, 2.0, 0.5, 0.799),
        event(Dip, 3.0, 5.0, 0.7),
        event(Dip, 10.0, 60.0, 0.4),
        event(Dip, 80.0, 0.01, 0.399),
        event(Dip, 90.0, 1.0, 0.05),
        event(Dip, 100.0, 0.3, 0.0),
        event(Interruption, 100.0, 0.29, 0.0),
        event(Dip, 200.0, 0.009, 0.5),
        event(Dip, 300.0, 60.1, 0.5),
        Event { open: true, ..event(Dip, 3590.0, 5.0, 0.5) },
        event(Swell, 400.0, 0.5, 1.2),
        event(Swell, 500.0, 0.6, 1.199),
        event(Swell, 600.0, 60.0, 1.3),
    ])
    .indices();
    assert_eq!(cells(&i, 0), ["11000", "01010", "00001", "10100", "01000"]);
    assert_eq!(i.tables[0].outside, 3);
    assert_eq!(cells(&i, 1), ["101", "010"]);
    // Depths 10.1, 20, 20.1, 30, 60.1, 95 % and an interruption; 60 s and more has no column.
    assert_eq!(cells(&i, 2), ["021000", "000010", "100100", "010000"]);
    assert_eq!(i.tables[2].outside, 4);
}

/// 0.3 s at 0.6 pu hold (1 − 0.36)·0.3 = 0.192 s; half a cycle more is lost or won at the ends of one-cycle windows.
#[test]
fn energy_severity_and_score_of_a_dip() {
    let mut a =
        with(vec![event(Dip, 10.0, 0.3, 0.6), event(Dip, 600.0, 0.3, 0.9), event(Dip, 2000.0, 0.3, 0.8)]);
    a.half_cycles[0].u_rms_v[1000..1030].fill(138.0);
    a.half_cycles[1].u_rms_v[1000..1030].fill(240.0);
    a.half_cycles[2].u_rms_v[1000..1030].fill(207.0);
    a.half_cycles[0].u_rms_v[200_000..200_030].fill(184.0);
    let i = a.indices();
    let d = &i.dips[0];
    assert!((d.energy_s - 0.192).abs() < 1e-9, "{d:?}");
    // ITIC bears 70 % there, and so does SEMI F47.
    assert!((d.severity_itic.unwrap() - 0.4 / 0.3).abs() < 1e-9);
    assert!((d.severity_semi_f47.unwrap() - 0.4 / 0.3).abs() < 1e-9);
    // Lowest voltages 0.6, 1 (not more) and 0.9: 1 − 2.5/3.
    assert!((d.score - 0.5 / 3.0).abs() < 1e-9);
    // The second is within 15 min of the first and counts nothing beside it; the third has 1 − 2.8/3.
    assert!((i.sag_score - 0.5 / 3.0 - 0.2 / 3.0).abs() < 1e-9);
    assert!((i.sag_energy_s - 0.192 - 0.36 * 0.3).abs() < 1e-9);
}

#[test]
fn outages_are_those_of_all_phases() {
    let mut one_phase = event(Interruption, 500.0, 60.0, 0.0);
    one_phase.polyphase = false;
    let a =
        with(vec![event(Interruption, 0.0, 180.0, 0.0), one_phase, event(Interruption, 900.0, 240.0, 0.0)]);
    assert_eq!(a.indices().outages, Outages { short: 1, long: 1, minutes: 7.0 });
}
