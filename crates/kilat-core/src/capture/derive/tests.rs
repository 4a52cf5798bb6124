use std::f64::consts::PI;

use realfft::num_complex::Complex64;

use super::*;
use crate::capture::{Samples, TimeBase};
use crate::units::SampleRate;

const THIRD: f64 = 2.0 * PI / 3.0;
const N: usize = 200;

fn wave(phasor: Complex64) -> Vec<f64> {
    (0..N).map(|k| (phasor * Complex64::from_polar(2f64.sqrt(), 2.0 * PI * k as f64 / N as f64)).re).collect()
}

/// R.m.s. phasor of one period.
fn phasor(channel: &Channel) -> Complex64 {
    let turn = |k: usize| Complex64::from_polar(2f64.sqrt() / N as f64, -2.0 * PI * k as f64 / N as f64);
    channel
        .values(0..N)
        .unwrap()
        .into_iter()
        .enumerate()
        .map(|(k, v)| v * channel.si_factor() * turn(k))
        .sum()
}

fn capture(channels: Vec<Channel>) -> Capture {
    Capture::new(TimeBase::uniform(SampleRate::from_hz(10_000.0).unwrap(), N as u64, None), channels).unwrap()
}

fn channels(phasors: &[(&str, Complex64)]) -> Capture {
    let unit = |name: &str| if name.starts_with('I') { "A" } else { "V" };
    capture(phasors.iter().map(|(name, p)| Channel::new(*name, unit(name), wave(*p))).collect())
}

/// Voltages to neutral with zero sequence, and currents of four wires.
fn network() -> ([Complex64; 3], [Complex64; 3]) {
    let polar = Complex64::from_polar;
    (
        [polar(231.0, 0.1), polar(219.0, -THIRD), polar(240.0, THIRD + 0.05)],
        [polar(10.0, -0.4), polar(14.0, -THIRD), polar(3.0, THIRD - 1.0)],
    )
}

#[track_caller]
fn is(capture: &Capture, name: &str, phase: Phase, want: Complex64) {
    let c = capture.channel(name).unwrap();
    assert_eq!(
        (c.phase, c.kind),
        (Some(phase), if name.starts_with('I') { Kind::Current } else { Kind::Voltage })
    );
    assert!((phasor(c) - want).norm() < 1e-9 * 240.0, "{name}: {} {want}", phasor(c));
}

#[test]
fn line_voltages_in_every_direction() {
    let ([a, b, c], _) = network();
    let mean = (a + b + c) / 3.0;
    let wye = line_line(&channels(&[("Ua", a), ("Ub", b), ("Uc", c)])).unwrap();
    for (name, phase, want) in [
        ("UAB (derived)", Phase::AB, a - b),
        ("UBC (derived)", Phase::BC, b - c),
        ("UCA (derived)", Phase::CA, c - a),
    ] {
        is(&wye, name, phase, want);
    }
    let all = [("Uab", a - b), ("Ubc", b - c), ("Uca", c - a)];
    let turned = [("Uba", b - a), ("Ucb", c - b), ("Uac", a - c)];
    for three in [
        vec![all[0], all[1], all[2]],
        vec![all[0], all[1]],
        vec![all[1], all[2]],
        vec![all[2], all[0]],
        vec![all[0], turned[1]],
        vec![turned[0], turned[2]],
        vec![turned[1], turned[2], all[0]],
    ] {
        let star = line_neutral(&channels(&three)).unwrap();
        for (name, phase, want) in
            [("UA (derived)", Phase::A, a), ("UB (derived)", Phase::B, b), ("UC (derived)", Phase::C, c)]
        {
            is(&star, name, phase, want - mean);
        }
    }
}

#[test]
fn the_third_of_three_wires() {
    let ([a, b, c], i) = network();
    let zero = i.iter().sum::<Complex64>() / 3.0;
    let i = i.map(|i| i - zero);
    let two = channels(&[("Uab", a - b), ("Ucb", c - b), ("Ia", i[0]), ("Ic", i[2])]);
    let full = three_wire(&two).unwrap();
    is(&full, "UCA (derived)", Phase::CA, c - a);
    is(&full, "IB (derived)", Phase::B, i[1]);
    assert_eq!(full.warnings[0].to_string(), "channel `UCA (derived)`: not recorded but - Uab + Ucb");
    assert_eq!(full.warnings[1].to_string(), "channel `IB (derived)`: not recorded but - Ia - Ic");
    assert_eq!(full.channels().len(), 6);
    let error = three_wire(&full).unwrap_err().to_string();
    assert!(error.contains("UAB, UBC, UCA") || error.contains("found channels"), "{error}");
    let with_neutral = channels(&[("Uab", a - b), ("Ubc", b - c), ("Ia", i[0]), ("Ic", i[2]), ("In", zero)]);
    assert!(three_wire(&with_neutral).is_err(), "a third current is no certainty beside a neutral");
}

#[test]
fn neutral_current_and_residual_voltage() {
    let (u, i) = network();
    let four =
        channels(&[("Ua", u[0]), ("Ub", u[1]), ("Uc", u[2]), ("Ia", i[0]), ("Ib", i[1]), ("Ic", i[2])]);
    is(&neutral_current(&four).unwrap(), "IN (derived)", Phase::N, -(i[0] + i[1] + i[2]));
    is(&residual_voltage(&four).unwrap(), "UN (derived)", Phase::N, u[0] + u[1] + u[2]);
    let error = neutral_current(&channels(&[("Ua", u[0]), ("Ia", i[0])])).unwrap_err().to_string();
    assert_eq!(error, "derived channels: expected the currents IA, IB, IC, found channels Ua, Ia");
}

#[test]
fn codes_units_and_missing_samples_are_respected() {
    let mut codes: Vec<i16> = (0..N as i16).collect();
    codes[7] = i16::MIN;
    let ab = Channel {
        missing_code: Some(i32::from(i16::MIN)),
        range: Some((-500.0, 199.0)),
        ..Channel::new("Uab", "kV", Samples::from(codes)).with_scale(0.1, -3.0)
    };
    let bc = Channel::new("Ubc", "V", vec![1.0f32; N]);
    let recorded = capture(vec![ab, bc]);
    let full = three_wire(&recorded).unwrap();
    let ca = full.channel("UCA (derived)").unwrap();
    for k in 0..N {
        let want = -(100.0 * k as f64 - 3000.0) - 1.0;
        assert!(
            if k == 7 {
                ca.values(k..k + 1).unwrap()[0].is_nan()
            } else {
                (ca.values(k..k + 1).unwrap()[0] - want).abs() < 1e-9
            },
            "{k}"
        );
    }
    assert!(full.warnings[0].message.ends_with("; 1 samples of these are at the limit of their converter"));
    assert_eq!(full.time(), recorded.time());
}

#[test]
fn a_name_turns_a_voltage_round_only_beside_another() {
    let pair = |names: &[&str]| {
        let described: Vec<_> =
            names.iter().map(|n| (Kind::Voltage, crate::capture::guess_phase(n), *n)).collect();
        oriented(described.into_iter())
    };
    assert_eq!(pair(&["VAC"]), [(Some(Phase::CA), 1.0)]);
    assert_eq!(pair(&["VAC", "Ua"])[0].1, 1.0);
    assert_eq!(pair(&["VAB", "VAC"]), [(Some(Phase::AB), 1.0), (Some(Phase::CA), -1.0)]);
    assert_eq!(pair(&["U12", "U32"]), [(Some(Phase::AB), 1.0), (Some(Phase::BC), -1.0)]);
}

#[test]
fn channels_sampled_at_different_moments_are_not_added_up() {
    let ([a, b, c], _) = network();
    let mut one = channels(&[("Ua", a), ("Ub", b), ("Uc", c)]);
    one.channels_mut().iter_mut().for_each(|c| c.skew_s = 20e-6);
    assert_eq!(residual_voltage(&one).unwrap().channels()[3].skew_s, 20e-6);
    one.channels_mut()[1].skew_s = 30e-6;
    let text = residual_voltage(&one).unwrap_err().to_string();
    assert!(text.contains("`Ua`") && text.contains("`Ub` sampled"), "{text}");
}
