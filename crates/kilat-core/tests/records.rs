//! What is kept of a recording that goes by in parts says the same, bit for bit, as the whole analysis.

#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

mod signals;

use std::f64::consts::TAU;

use kilat_core::diagnosis::recurrence::occurrences;
use kilat_core::diagnosis::{Answers, Record, diagnose};
use kilat_core::engine::offline;
use kilat_core::engine::parts::Parts;
use kilat_core::limits::{Observation, Site, Standard};
use kilat_core::synth::{self, Options};
use kilat_core::{Analysis, Capture, Channel, Config, SampleRate, Segment, TimeBase, Timestamp};
use signals::{UDIN_V, mains, three, three_voltages};

/// All that is said of what happened; `Debug` of a float is the shortest text that reads back as the same float.
fn said(capture: &Capture, record: &Record<'_>) -> [String; 9] {
    let a: &Analysis = record.analysis();
    let findings = record.diagnose(Answers::default());
    [
        format!("{findings:#?}"),
        format!("{:#?}", record.occurrences(capture, &findings)),
        format!("{:#?}", a.events),
        format!("{:#?}", a.rvc),
        format!("{:#?}", (&a.bursts, &a.gaps)),
        format!("{:#?}", a.transients),
        format!("{:#?}", a.dip_forms),
        format!("{:#?}", a.transient_forms),
        format!("{:#?}", (&a.energy, &a.warnings)),
    ]
}

/// What limits and indices say.
fn judged(observation: &Observation<'_>) -> [String; 3] {
    let site = Site { short_circuit_a: Some(9000.0), demand_a: Some(100.0), pcc_v: Some(400.0) };
    let standards = ["en50160", "ieee519", "iec61000-2-4-class2", "spln1"];
    let verdicts = standards.map(|name| observation.compliance(Standard::named(name).unwrap(), &site));
    [
        format!("{verdicts:#?}"),
        format!("{:#?}", observation.indices()),
        format!("{:#?}", observation.analysis().warnings),
    ]
}

fn check(capture: &Capture, config: &Config, case: &str) -> Analysis {
    let whole = offline::analyze(capture, config, 2).unwrap();
    let want = said(capture, &Record::of(&whole));
    let findings = diagnose(&whole, Answers::default());
    assert_eq!(want[0], format!("{findings:#?}"), "{case}");
    assert_eq!(want[1], format!("{:#?}", occurrences(capture, &whole, &findings)), "{case}");
    for (threads, part_s) in [(2, 0.0), (1, 7.0), (2, 1e9)] {
        let mut rows = 0;
        let parts = Parts::new(capture, config, threads, part_s).unwrap();
        let record = Record::read(parts, |part| {
            rows += part.intervals.flags.len();
            Ok(())
        });
        assert_eq!(rows, whole.intervals.flags.len());
        let observation =
            Observation::read(Parts::new(capture, config, threads, part_s).unwrap(), |_| Ok(())).unwrap();
        let got = said(capture, &record.unwrap()).into_iter().chain(judged(&observation));
        for (got, want) in got.zip(want.iter().chain(&judged(&Observation::of(&whole)))) {
            assert!(
                got == *want,
                "{case}, {threads} threads, parts of {part_s} s: {}",
                difference(&got, want)
            );
        }
    }
    whole
}

/// The first lines that differ.
fn difference(got: &str, want: &str) -> String {
    let lines = got.lines().zip(want.lines()).enumerate();
    let first = lines.into_iter().find(|(_, (g, w))| g != w);
    let (n, (g, w)) = first.unwrap_or((0, ("more", "or less")));
    format!("line {n}: found {g}, expected {w}")
}

#[test]
fn of_every_scenario() {
    let (mut findings, mut forms) = (0, 0);
    for name in synth::names() {
        let s = synth::scenario(name, &Options::of(name).unwrap()).unwrap();
        let a = check(&s.capture, &Config::class_a(s.nominal_voltage_v, 50.0), name);
        findings += diagnose(&a, Answers::default()).len();
        forms += a.dip_forms.len() + a.transient_forms.len();
    }
    assert!(findings > 15 && forms > 100, "{findings} findings, {forms} forms");
}

/// Dips within a dip of 25 s, an interruption that outlasts parts, steps that are no events, and a gap.
#[test]
fn of_events_that_outlast_parts() {
    let rate_hz = 10_000.0;
    let level = |k: usize, t: f64| match (k, t) {
        (_, t) if t > 40.0 && t < 52.0 => 0.01,
        (1, t) if t > 9.0 && t < 9.3 => 0.3,
        (2, t) if t > 12.0 && t < 31.0 => 0.7,
        (0, t) if t > 5.0 && t < 30.0 => 0.8,
        (_, t) if t > 34.0 => 0.93,
        _ => 1.0,
    };
    let wave = |k: usize, t: f64| level(k, t) * mains(50.02, k, t) + 0.2 * (7.0 * t + k as f64).sin();
    let rate = SampleRate::from_hz(rate_hz).unwrap();
    let segments = vec![
        Segment { first: 0, len: 580_001, rate, offset_ps: 0 },
        Segment { first: 580_001, len: 19_999, rate, offset_ps: rate.picoseconds(612_345) },
    ];
    let time = TimeBase::from_segments(Some(Timestamp(0)), segments).unwrap();
    let capture = three_voltages(rate_hz, three(rate_hz, 60.0, wave)).with_time(time).unwrap();
    let a = check(&capture, &Config::class_a(UDIN_V, 50.0), "nested");
    assert!(
        a.events.len() > 8 && !a.rvc.is_empty(),
        "{} events, {} rapid changes",
        a.events.len(),
        a.rvc.len()
    );
    assert!(a.dip_forms.len() > 5);
}

/// Two hours and more of one voltage, for every aggregate and Plt, with dips across parts.
#[test]
fn of_more_than_two_hours() {
    const RATE_HZ: f64 = 1600.0;
    let seconds = 7800;
    let wave = |i: usize| {
        let t = i as f64 / RATE_HZ;
        let flickers = 1.0 + 0.01 * (TAU * 8.8 * t).sin();
        let level = if t % 1999.0 < 2.0 { 0.6 } else { flickers };
        (level * mains(50.01, 0, t)) as f32
    };
    let x: Vec<f32> = (0..seconds * RATE_HZ as usize).map(wave).collect();
    let time = TimeBase::uniform(SampleRate::from_hz(RATE_HZ).unwrap(), x.len() as u64, Some(Timestamp(0)));
    let capture = Capture::new(time, vec![Channel::new("Ua", "V", x)]).unwrap();
    let a = check(&capture, &Config::class_a(UDIN_V, 50.0), "two hours");
    let plt = &a.flicker[0].plt;
    assert!(!plt.severity.is_empty() && a.aggregates.ten_minutes.intervals.flags.len() > 10);
    assert!(a.events.len() > 3);
}
