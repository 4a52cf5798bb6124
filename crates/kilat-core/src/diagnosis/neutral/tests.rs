//! The rule against analyses computed from phasors.

use ndarray::Array2;
use realfft::num_complex::Complex64;

use crate::capture::{Kind, Phase, TimeBase};
use crate::config::{Config, Wiring};
use crate::diagnosis::{Cause, Evidence, Lang, NeutralEvidence, findings};
use crate::engine::analysis::{Analysis, ChannelInfo, Flags, Intervals, Unbalance};
use crate::units::{SampleRate, Timestamp};

const U: f64 = 230.0;

fn at(v: f64, degrees: f64) -> Complex64 {
    Complex64::from_polar(v, degrees.to_radians())
}

fn balanced() -> [Complex64; 3] {
    [at(U, 0.0), at(U, -120.0), at(U, 120.0)]
}

/// Phase voltages when the neutral point lies at `shift`.
fn shifted(shift: Complex64) -> [Complex64; 3] {
    balanced().map(|v| v - shift)
}

/// An analysis whose intervals, 200 ms each at 1000 samples per second, show these line-neutral phasors.
fn analysis(udin_v: f64, phasors: &[[Complex64; 3]]) -> Analysis {
    let n = phasors.len();
    let start_sample: Vec<f64> = (0..n).map(|k| k as f64 * 200.0).collect();
    let a = at(1.0, 120.0);
    let ratio = |f: fn([Complex64; 3], Complex64) -> Complex64| {
        phasors
            .iter()
            .map(|&v| {
                let positive = v[0] + a * v[1] + a * a * v[2];
                f(v, a).norm() / positive.norm() * 100.0
            })
            .collect::<Vec<_>>()
    };
    Analysis {
        config: Config::class_a(udin_v, 50.0),
        wiring: Wiring::Wye,
        channels: [Phase::A, Phase::B, Phase::C]
            .iter()
            .enumerate()
            .map(|(index, &p)| ChannelInfo {
                name: format!("U{p}"),
                index,
                phase: Some(p),
                kind: Kind::Voltage,
                udin_v,
            })
            .collect(),
        intervals: Intervals {
            stop_sample: start_sample.iter().map(|s| s + 200.0).collect(),
            start_sample,
            cycles: vec![10; n],
            frequency_hz: vec![50.0; n],
            flags: vec![Flags::default(); n],
            rms: Array2::from_shape_fn((n, 3), |(k, c)| phasors[k][c].norm()),
            line_line_rms_v: Array2::from_shape_fn((n, 3), |(k, c)| {
                (phasors[k][c] - phasors[k][(c + 1) % 3]).norm()
            }),
            ..Intervals::default()
        },
        unbalance: Unbalance {
            u2_pct: ratio(|v, a| v[0] + a * a * v[1] + a * v[2]),
            u0_pct: ratio(|v, _| v[0] + v[1] + v[2]),
            ..Unbalance::default()
        },
        time: TimeBase::uniform(
            SampleRate::from_hz(1000.0).unwrap(),
            n as u64 * 200,
            Some(Timestamp(1_716_793_200_000_000_000)),
        ),
        ..Analysis::default()
    }
}

fn neutral(a: &Analysis) -> (f64, NeutralEvidence) {
    let found = findings(a);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].cause, Cause::LooseNeutral);
    let Evidence::LooseNeutral(e) = found[0].evidence.clone() else { panic!("{:?}", found[0]) };
    (found[0].confidence, e)
}

#[test]
fn a_lost_neutral_that_follows_the_load_is_found_with_its_numbers() {
    // Sound, then lost with two load states, then repaired.
    let mut states = vec![balanced(); 10];
    states.extend(vec![shifted(at(60.0, 180.0)); 40]);
    states.extend(vec![shifted(at(100.0, 180.0)); 40]);
    states.extend(vec![balanced(); 10]);
    let a = analysis(U, &states);
    let (confidence, e) = neutral(&a);
    // Phasor arithmetic by hand: Ua = 230 + 100 V; Ub, Uc = |−115 + 100 ∓ j199.186| = 199.75 V.
    assert!((e.highest_pu - 330.0 / U).abs() < 1e-12);
    assert!((e.lowest_pu - 15f64.hypot(199.1858) / U).abs() < 1e-6);
    assert!((e.line_neutral_spread_pct - (330.0 - 199.7498) / U * 100.0).abs() < 1e-3);
    assert!(e.line_line_spread_pct < 1e-9 && e.line_line_change_pct < 1e-9);
    assert!((e.u0_pct - 100.0 / U * 100.0).abs() < 1e-9 && e.u2_pct < 1e-9);
    assert!((e.duration_s - 16.0).abs() < 1e-9);
    assert_eq!((e.highest_channel.as_str(), e.i0_pct), ("UA", None));
    assert!((0.8..=0.95).contains(&confidence), "{confidence}");

    let f = &findings(&a)[0];
    assert_eq!((f.start_sample, f.stop_sample, f.channels.as_slice()), (2000.0, 18000.0, &[0, 1, 2][..]));
    assert!(f.rules_for[0].contains("56.6 % of Udin") && f.rules_for[0].contains("2024-05-27T07:00:"));
    assert!(f.text(Lang::Id).rules_for[0].contains("56,6 % dari Udin"));
}

#[test]
fn a_sound_network_and_a_short_wobble_give_no_finding() {
    assert!(findings(&analysis(U, &vec![balanced(); 50])).is_empty());
    // 9 % of Udin apart: unequal load on a sound neutral of a weak feeder.
    assert!(findings(&analysis(U, &vec![shifted(at(12.0, 90.0)); 50])).is_empty());
    let mut wobble = vec![balanced(); 50];
    wobble[20] = shifted(at(80.0, 0.0));
    wobble[21] = shifted(at(80.0, 0.0));
    assert!(findings(&analysis(U, &wobble)).is_empty());
    assert!(findings(&analysis(U, &[])).is_empty());
}

#[test]
fn a_fault_on_one_phase_is_not_a_neutral() {
    // One phase at 40 %, the others whole: u2 and u0 rise together and line-line voltages move.
    let fault = [at(0.4 * U, 0.0), at(U, -120.0), at(U, 120.0)];
    assert!(findings(&analysis(U, &vec![fault; 50])).is_empty());
    // Unbalance of the supply itself: line-line voltages unequal.
    let supply = [at(1.1 * U, 0.0), at(0.9 * U, -120.0), at(U, 120.0)];
    assert!(findings(&analysis(U, &vec![supply; 50])).is_empty());
}

#[test]
fn an_earth_fault_at_medium_voltage_or_on_a_transducer_secondary_is_not_judged() {
    let scaled = |udin: f64| vec![shifted(at(100.0, 180.0)).map(|v| v * (udin / U)); 50];
    assert_eq!(findings(&analysis(230.0, &scaled(230.0))).len(), 1);
    assert!(findings(&analysis(57.735, &scaled(57.735))).is_empty());
    assert!(findings(&analysis(11_547.0, &scaled(11_547.0))).is_empty());
}

#[test]
fn doubt_lowers_the_confidence_and_is_said() {
    let steady_small = analysis(U, &vec![shifted(at(18.0, 90.0)); 50]);
    let (confidence, e) = neutral(&steady_small);
    assert!(e.sound_neutral_could() && !e.follows_load() && confidence < 0.4, "{confidence}");
    let against = &findings(&steady_small)[0].rules_against;
    assert!(
        against.iter().any(|r| r.contains("no load step"))
            && against.iter().any(|r| r.contains("sound neutral"))
    );

    let mut earthed = analysis(U, &vec![shifted(at(0.9 * U, 0.0)); 50]);
    assert!(neutral(&earthed).1.like_an_earth_fault());

    let (without, _) = neutral(&earthed);
    earthed.unbalance.i0_pct = vec![0.5; 50];
    let (with, e) = neutral(&earthed);
    assert!(e.neutral_is_dead() && with > without);
}

#[test]
fn unusable_intervals_are_not_evidence() {
    let mut a = analysis(U, &vec![shifted(at(100.0, 180.0)); 50]);
    a.intervals.flags.fill(Flags::MISSING);
    assert!(findings(&a).is_empty());
    let mut a = analysis(U, &vec![shifted(at(100.0, 180.0)); 50]);
    a.intervals.rms.column_mut(1).fill(f64::NAN);
    assert!(findings(&a).is_empty());
}
