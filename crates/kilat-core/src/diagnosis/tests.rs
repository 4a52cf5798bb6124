use std::f64::consts::{SQRT_2, TAU};

use super::*;
use crate::capture::{Capture, Channel, TimeBase};
use crate::config::Config;
use crate::engine::offline;
use crate::units::SampleRate;

const RATE_HZ: f64 = 10_000.0;

/// The causes found in voltages sampled for a second; each is given by phase number and time.
fn causes(names: &[&str], volts: impl Fn(usize, f64) -> f64) -> Vec<Cause> {
    let n = RATE_HZ as usize;
    let sampled = |p| (0..n).map(|i| volts(p, i as f64 / RATE_HZ)).collect::<Vec<f64>>();
    let channels = names.iter().enumerate().map(|(p, name)| Channel::new(*name, "V", sampled(p))).collect();
    let time = TimeBase::uniform(SampleRate::from_hz(RATE_HZ).unwrap(), n as u64, None);
    let capture = Capture::new(time, channels).unwrap();
    let analysis = offline::analyze(&capture, &Config::class_a(230.0, 50.0), 1).unwrap();
    findings(&analysis).into_iter().map(|f| f.cause).collect()
}

fn mains(phase: usize, t: f64) -> f64 {
    230.0 * SQRT_2 * (TAU * (50.0 * t - phase as f64 / 3.0) + 0.4).sin()
}

#[test]
fn a_voltage_that_is_not_connected_has_not_fallen() {
    let found = causes(&["Ua", "Ub", "Uc", "Spare"], |p, t| if p < 3 { mains(p, t) } else { 0.01 });
    assert_eq!(found, []);
}

#[test]
fn without_mains_nothing_has_a_cause() {
    // A tone of the bench that comes and goes, with spikes.
    let found = causes(&["CH1"], |_, t| {
        let spike = if (t * RATE_HZ) as usize % 3000 == 2500 { 700.0 } else { 0.0 };
        (1.0 + 0.5 * (TAU * 7.0 * t).sin()) * 250.0 * (TAU * 1498.0 * t).sin() + spike
    });
    assert!(!found.is_empty() && found.iter().all(|c| *c == Cause::Unknown), "{found:?}");
}

#[test]
fn the_edge_of_a_short_circuit_is_no_lightning() {
    // All phases fall to a tenth at once for 200 ms, and ring up first as their capacitance discharges.
    let found = causes(&["Ua", "Ub", "Uc"], |p, t| {
        let since = t - 0.4573;
        let level = if (0.0..0.2).contains(&since) { 0.1 } else { 1.0 };
        let edge = if (0.0..1e-3).contains(&since) { 400.0 * (-since / 2e-4).exp() } else { 0.0 };
        level * mains(p, t) + edge
    });
    assert_eq!(found, [Cause::Fault]);
}
