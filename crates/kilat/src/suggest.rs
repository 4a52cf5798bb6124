//! Settings for a capture that does not state them, estimated from its signal. Every guess is said in a warning.

use std::f64::consts::TAU;

use crate::{Capture, Channel, Config, Error, Kind, Phase, Result, Warning};

/// Place named by the warning about the nominal frequency.
pub(crate) const FREQUENCY: &str = "nominal frequency";
/// Place named by the warning about the nominal voltage.
pub(crate) const VOLTAGE: &str = "nominal voltage";

/// Usual nominal voltages of low-voltage systems and transducer secondaries, in volts, for any kind of channel.
const LOW_V: [f64; 24] = [
    57.735, 63.509, 66.395, 69.282, 100.0, 110.0, 115.0, 120.0, 127.0, 200.0, 208.0, 220.0, 230.0, 240.0,
    277.0, 347.0, 380.0, 400.0, 415.0, 440.0, 480.0, 525.0, 600.0, 690.0,
];
/// Usual line-line voltages above 1 kV, in kilovolts; a line-neutral channel is held against these over √3.
const HIGH_KV: [f64; 28] = [
    2.4, 3.3, 4.16, 6.0, 6.6, 10.0, 11.0, 12.47, 13.2, 13.8, 15.0, 20.0, 22.0, 24.9, 30.0, 33.0, 34.5, 35.0,
    66.0, 70.0, 110.0, 132.0, 150.0, 220.0, 275.0, 345.0, 400.0, 500.0,
];
/// A measured voltage farther than this from every usual one is taken as it is.
const SNAP: f64 = 0.12;
/// Cycles looked at for the voltage, spread evenly over the recording: enough for a median, few enough to cost nothing.
const CYCLES: usize = 400;
/// A cycle below this part of the largest is dead: of a recording that is mostly an outage, the rest tells the voltage.
const DEAD: f64 = 0.1;
/// A segment slower than this part of the fastest is no waveform: fault recorders keep slow values between two disturbances.
const SLOW: f64 = 0.25;
/// Pieces looked at for the frequency, and their length in seconds: ±5 Hz wide, so that 49 Hz still counts as 50.
const PIECES: (usize, f64) = (20, 0.2);

/// Class A settings for `capture`: nominal frequency from the file or the signal, nominal voltage from the signal.
///
/// The warnings say what was assumed and from what. Fails when the capture has no voltage channel or only silence.
pub fn suggest_config(capture: &Capture) -> Result<(Config, Vec<Warning>)> {
    let all: Vec<&Channel> =
        capture.channels().iter().filter(|c| c.kind == Kind::Voltage && c.phase != Some(Phase::N)).collect();
    let neutral = |c: &&&Channel| c.phase.is_some_and(|p| !p.is_line_line());
    let to_neutral = all.iter().any(|c| neutral(&c));
    // Udin is line-neutral as soon as one channel is; line-line channels beside it say nothing about it.
    let first: Vec<&Channel> = all.iter().filter(|c| !to_neutral || neutral(c)).take(3).copied().collect();
    if first.is_empty() {
        let kinds = capture.channels().iter().map(|c| format!("{} ({})", c.name, c.kind)).collect::<Vec<_>>();
        return Err(Error::mismatch("channels", "at least one voltage", kinds.join(", ")));
    }
    let mut warnings = Vec::new();
    let frequency_hz = nominal_frequency(capture, &first, &mut warnings)?;
    let voltage_v = nominal_voltage(capture, &first, to_neutral, frequency_hz, &mut warnings)?;
    Ok((Config::class_a(voltage_v, frequency_hz), warnings))
}

/// Class A settings with the nominal values that are given; what is not is suggested by the capture, and the warnings say so.
///
/// A capture without a voltage suggests no voltage, and nothing in it is judged by one.
pub fn config_for(
    capture: &Capture,
    nominal_voltage_v: Option<f64>,
    nominal_frequency_hz: Option<f64>,
) -> Result<(Config, Vec<Warning>)> {
    if let (Some(v), Some(hz)) = (nominal_voltage_v, nominal_frequency_hz) {
        return Ok((Config::class_a(v, hz), Vec::new()));
    }
    let mut known = capture.clone();
    known.nominal_frequency_hz = nominal_frequency_hz.or(known.nominal_frequency_hz);
    if capture.channels().iter().all(|c| c.kind != Kind::Voltage) {
        let hz = known.nominal_frequency_hz.unwrap_or(50.0);
        let at_hz =
            Warning::new(FREQUENCY, "not stated, and there is no voltage to tell it from; 50 Hz is assumed");
        let assumed = if known.nominal_frequency_hz.is_none() { vec![at_hz] } else { Vec::new() };
        return Ok((Config::class_a(nominal_voltage_v.unwrap_or(230.0), hz), assumed));
    }
    let (suggested, mut assumed) = suggest_config(&known)?;
    assumed.retain(|w| w.at != VOLTAGE || nominal_voltage_v.is_none());
    let voltage_v = nominal_voltage_v.unwrap_or(suggested.nominal_voltage_v);
    Ok((Config::class_a(voltage_v, nominal_frequency_hz.unwrap_or(suggested.nominal_frequency_hz)), assumed))
}

fn nominal_frequency(capture: &Capture, channels: &[&Channel], warnings: &mut Vec<Warning>) -> Result<f64> {
    let stated = capture.nominal_frequency_hz;
    if let Some(f) = stated.filter(|f| *f == 50.0 || *f == 60.0) {
        return Ok(f);
    }
    let (mut p50, mut p60) = (0.0, 0.0);
    for (rate_hz, range) in pieces(capture, PIECES.0, PIECES.1) {
        for c in channels {
            let x = volts(c, range.clone())?;
            p50 += tone_power(&x, 50.0 / rate_hz);
            p60 += tone_power(&x, 60.0 / rate_hz);
        }
    }
    if p50.max(p60) <= 0.0 {
        return Err(Error::config("nominal_frequency_hz", "the voltages are silent; state 50 or 60"));
    }
    let f = if p50 >= p60 { 50.0 } else { 60.0 };
    let file = stated.map_or("not stated by the file".into(), |s| format!("the file states {s} Hz"));
    let share = p50.max(p60) / (p50 + p60) * 100.0;
    warnings.push(Warning::new(
        FREQUENCY,
        format!("{file}; {f} Hz is assumed from the signal ({share:.0} % of its power at 50 and 60 Hz)"),
    ));
    Ok(f)
}

fn nominal_voltage(
    capture: &Capture,
    channels: &[&Channel],
    to_neutral: bool,
    frequency_hz: f64,
    warnings: &mut Vec<Warning>,
) -> Result<f64> {
    let mut measured = Vec::new();
    for (_, range) in pieces(capture, CYCLES, 1.0 / frequency_hz) {
        for c in channels {
            measured.push(rms(&volts(c, range.clone())?));
        }
    }
    measured.retain(|v| v.is_finite());
    measured.sort_by(f64::total_cmp);
    let largest = measured.last().copied().unwrap_or(0.0);
    measured.retain(|v| *v >= DEAD * largest);
    let measured = measured.get(measured.len() / 2).copied().unwrap_or(0.0);
    if measured < 1e-3 {
        return Err(Error::config("nominal_voltage_v", "the voltages are silent; state the nominal voltage"));
    }
    let root = if to_neutral { 3f64.sqrt() } else { 1.0 };
    let usual = LOW_V.into_iter().chain(HIGH_KV.into_iter().map(|kv| kv * 1000.0 / root));
    let distance = |u: &f64| (measured / u).ln().abs();
    let nearest = usual.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(measured);
    let names = channels.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    let median = format!("the median r.m.s. of {names} is {measured:.4} V");
    let (v, message) = if (measured / nearest - 1.0).abs() <= SNAP {
        (nearest, format!("not stated; {median}, so the usual value Udin = {nearest:.3} V is assumed"))
    } else {
        (measured, format!("not stated; {median}, near no usual value, and is itself taken as Udin"))
    };
    warnings.push(Warning::new(VOLTAGE, message));
    Ok(v)
}

/// About `most` stretches of `length_s` seconds, spread evenly over the segments, with their sampling rates.
fn pieces(capture: &Capture, most: usize, length_s: f64) -> Vec<(f64, std::ops::Range<usize>)> {
    let mut out = Vec::new();
    let segments = capture.time().segments();
    let fastest_hz = segments.iter().map(|s| s.rate.hz()).fold(0.0, f64::max);
    for s in segments.iter().filter(|s| s.rate.hz() >= SLOW * fastest_hz) {
        // A segment shorter than a piece is a piece; one sample cannot be anything.
        let n = ((length_s * s.rate.hz()).round() as usize).min(s.len as usize);
        if n < 2 {
            continue;
        }
        let fit = s.len as usize / n;
        let share = (most as f64 * s.len as f64 / capture.len() as f64).ceil() as usize;
        let count = fit.min(share);
        out.extend((0..count).map(|i| {
            let first = s.first as usize + (fit * i / count) * n;
            (s.rate.hz(), first..first + n)
        }));
    }
    out
}

/// Volts of `range`, missing samples left out.
fn volts(c: &Channel, range: std::ops::Range<usize>) -> Result<Vec<f64>> {
    let factor = c.si_factor();
    Ok(c.values(range)?.into_iter().map(|v| v * factor).filter(|v| v.is_finite()).collect())
}

fn rms(x: &[f64]) -> f64 {
    (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64).sqrt()
}

/// Power of the tone at `cycles_per_sample`, times the number of samples, so that short pieces count for little.
fn tone_power(x: &[f64], cycles_per_sample: f64) -> f64 {
    if x.is_empty() {
        return 0.0;
    }
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (i, v) in x.iter().enumerate() {
        let (s, c) = (TAU * cycles_per_sample * i as f64).sin_cos();
        re += (v - mean) * c;
        im += (v - mean) * s;
    }
    (re * re + im * im) / x.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SampleRate, Segment, TimeBase};

    /// Three voltages `Ua Ub Uc` (or other names) of `rms` volts at `hz`, silent before `from_s`.
    fn three(names: [&str; 3], unit: &str, rms: f64, hz: f64, seconds: f64, from_s: f64) -> Capture {
        let rate = 6400.0;
        let n = (rate * seconds) as usize;
        let wave = |p: usize| {
            (0..n)
                .map(|i| {
                    let t = i as f64 / rate;
                    let on = if t >= from_s { 1.0 } else { 0.0 };
                    on * rms * 2f64.sqrt() * (TAU * (hz * t - p as f64 / 3.0)).sin()
                })
                .collect::<Vec<f64>>()
        };
        let channels = names.iter().enumerate().map(|(p, name)| Channel::new(*name, unit, wave(p))).collect();
        Capture::new(TimeBase::uniform(SampleRate::from_hz(rate).unwrap(), n as u64, None), channels).unwrap()
    }

    #[test]
    fn the_usual_value_nearest_to_the_signal_is_assumed_and_said() {
        for (unit, rms, hz, udin, nominal) in [
            ("V", 226.3, 49.7, 230.0, 50.0),
            ("V", 119.0, 60.2, 120.0, 60.0),
            ("V", 58.1, 50.0, 57.735, 50.0),
            ("kV", 11.4, 50.0, 20_000.0 / 3f64.sqrt(), 50.0),
        ] {
            let (config, warnings) =
                suggest_config(&three(["Ua", "Ub", "Uc"], unit, rms, hz, 2.0, 0.0)).unwrap();
            assert_eq!((config.nominal_voltage_v, config.nominal_frequency_hz), (udin, nominal));
            assert_eq!(warnings.len(), 2);
            assert!(warnings[1].message.contains("assumed") && warnings[1].message.contains("Ua, Ub, Uc"));
        }
    }

    #[test]
    fn line_line_channels_are_held_against_line_line_values() {
        let (config, _) = suggest_config(&three(["Uab", "Ubc", "Uca"], "V", 404.0, 50.0, 1.0, 0.0)).unwrap();
        assert_eq!(config.nominal_voltage_v, 400.0);
        let (config, _) = suggest_config(&three(["Uab", "Ubc", "Uca"], "kV", 20.2, 50.0, 1.0, 0.0)).unwrap();
        assert_eq!(config.nominal_voltage_v, 20_000.0);
    }

    #[test]
    fn a_long_dead_start_and_a_short_record_do_not_mislead() {
        let (config, _) = suggest_config(&three(["Ua", "Ub", "Uc"], "V", 230.0, 60.0, 5.0, 2.0)).unwrap();
        assert_eq!((config.nominal_voltage_v, config.nominal_frequency_hz), (230.0, 60.0));
        let (config, _) = suggest_config(&three(["Ua", "Ub", "Uc"], "V", 230.0, 60.0, 0.1, 0.0)).unwrap();
        assert_eq!((config.nominal_voltage_v, config.nominal_frequency_hz), (230.0, 60.0));
        // Four fifths of it an outage.
        let (config, _) = suggest_config(&three(["Ua", "Ub", "Uc"], "V", 230.0, 60.0, 5.0, 4.0)).unwrap();
        assert_eq!((config.nominal_voltage_v, config.nominal_frequency_hz), (230.0, 60.0));
    }

    #[test]
    fn slow_values_between_two_disturbances_are_no_waveform() {
        let wave: Vec<f64> = (0..3200).map(|i| 325.0 * (TAU * 50.0 * f64::from(i) / 3200.0).sin()).collect();
        let slow = vec![325.0; 300];
        let segment = |hz, first, len, offset_s: i128| Segment {
            rate: SampleRate::from_hz(hz).unwrap(),
            first,
            len,
            offset_ps: offset_s * 1_000_000_000_000,
        };
        let segments = vec![segment(3200.0, 0, 3200, 0), segment(50.0, 3200, 300, 1)];
        let time = TimeBase::from_segments(None, segments).unwrap();
        let ua = Channel::new("Ua", "V", [wave, slow].concat());
        let (config, _) = suggest_config(&Capture::new(time, vec![ua]).unwrap()).unwrap();
        assert_eq!((config.nominal_voltage_v, config.nominal_frequency_hz), (230.0, 50.0));
    }

    #[test]
    fn the_file_is_believed_about_the_frequency_when_it_says_50_or_60() {
        let mut capture = three(["Ua", "Ub", "Uc"], "V", 230.0, 50.0, 1.0, 0.0);
        capture.nominal_frequency_hz = Some(60.0);
        let (config, warnings) = suggest_config(&capture).unwrap();
        assert_eq!((config.nominal_frequency_hz, warnings.len()), (60.0, 1));
        capture.nominal_frequency_hz = Some(0.0);
        let (config, warnings) = suggest_config(&capture).unwrap();
        assert_eq!(config.nominal_frequency_hz, 50.0);
        assert!(warnings[0].message.contains("the file states 0 Hz"));
    }

    #[test]
    fn an_unusual_voltage_is_taken_as_it_is() {
        let (config, warnings) =
            suggest_config(&three(["Ua", "Ub", "Uc"], "V", 25.0, 50.0, 1.0, 0.0)).unwrap();
        assert!((config.nominal_voltage_v - 25.0).abs() < 0.01);
        assert!(warnings[1].message.contains("near no usual value"));
    }

    #[test]
    fn silence_and_no_voltage_are_errors() {
        let silent = suggest_config(&three(["Ua", "Ub", "Uc"], "V", 0.0, 50.0, 1.0, 0.0));
        assert!(silent.unwrap_err().to_string().contains("silent"));
        let currents = suggest_config(&three(["Ia", "Ib", "Ic"], "A", 5.0, 50.0, 1.0, 0.0));
        assert_eq!(
            currents.unwrap_err().to_string(),
            "channels: expected at least one voltage, found Ia (current), Ib (current), Ic (current)"
        );
        let mut empty = three(["Ua", "Ub", "Uc"], "V", 230.0, 50.0, 1.0, 0.0);
        empty = empty.slice(0..0).unwrap();
        assert!(suggest_config(&empty).is_err());
    }
}
