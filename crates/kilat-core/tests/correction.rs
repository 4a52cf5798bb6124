//! What corrections of transducers give back, against the signal that the transducer was given.

#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

mod signals;

use std::f64::consts::PI;

use kilat_core::engine::offline;
use kilat_core::{Analysis, Config, Correction, Flags, ResponsePoint};
use signals::{Harmonic, UDIN_V, angle_between, capture, streamed, within};

const F_HZ: f64 = 50.0;

/// A voltage and a current with harmonics up to order 40.
fn truth() -> [Harmonic; 2] {
    let full = |rms: f64, lag: f64| {
        (2..=40).fold(Harmonic::sine(F_HZ, rms, -lag), |x, h| x.with(h, 0.3 / h as f64, 0.3 * h as f64))
    };
    [full(UDIN_V, 0.0), full(10.0, 0.5)]
}

/// `x` as a transducer shows it whose gain at `hz` is `gain` and whose phase is `phase_rad`.
fn through(x: &Harmonic, response: impl Fn(f64) -> (f64, f64)) -> Harmonic {
    let mut out = x.clone();
    for h in 1..=50 {
        let (gain, phase_rad) = response(h as f64 * x.f_hz);
        out.rms[h] *= gain;
        out.phase_rad[h] += phase_rad;
    }
    out
}

fn with(corrections: &[(&str, Correction)]) -> Config {
    let corrections = corrections.iter().map(|(name, c)| ((*name).to_owned(), c.clone())).collect();
    Config { corrections, ..Config::class_a(UDIN_V, F_HZ) }
}

fn delayed_by(delay_s: f64) -> Correction {
    Correction { delay_s, ..Correction::default() }
}

/// Analysis of two channels after the second has been through something that `correction` undoes.
fn corrected(rate_hz: f64, ua: &Harmonic, ia: &Harmonic, correction: Correction) -> Analysis {
    let samples = |x: &Harmonic| x.samples(rate_hz, 0.9);
    let recorded = capture(rate_hz, None, vec![("Ua", samples(ua)), ("Ia", samples(ia))]);
    offline::analyze(&recorded, &with(&[("Ia", correction)]), 1).unwrap()
}

#[track_caller]
fn is_the_current(a: &Analysis, want: &Harmonic, rms_part: f64, degrees_per_order: f64, case: &str) {
    assert!(a.intervals.rms.nrows() >= 2, "{case}");
    for k in 0..a.intervals.rms.nrows() {
        let total = want.total_rms();
        within(a.intervals.rms[[k, 1]], total, rms_part * total, || format!("{case}: r.m.s. of window {k}"));
        for h in 1..=40 {
            let got = a.harmonics.subgroup[[k, 1, h]];
            within(got, want.rms[h], rms_part * want.rms[h] + 1e-6 * total, || format!("{case}: order {h}"));
            // Against the voltage, which nothing was done to.
            let phase = |c: usize| f64::from(a.harmonics.phase_rad[[k, c, h]]);
            let want_rad = want.phase_rad[h] - truth()[0].phase_rad[h];
            let error = angle_between(phase(1) - phase(0), want_rad).to_degrees();
            let limit = degrees_per_order * h as f64;
            assert!(error.abs() < limit, "{case}: phase of order {h}: {error}°");
        }
    }
}

#[test]
fn a_late_current_gives_back_phase_and_power() {
    let [u, i] = truth();
    for rate_hz in [10_000.0, 50_000.0] {
        for delay_s in [37.3e-6, -37.3e-6, 100e-6, 12.345e-3] {
            let case = format!("{rate_hz} Hz, {delay_s} s");
            let late = through(&i, |hz| (1.0, -2.0 * PI * hz * delay_s));
            let a = corrected(rate_hz, &u, &late, delayed_by(delay_s));
            is_the_current(&a, &i, 1e-4, 0.01, &case);
            let angle = |h: usize| u.phase_rad[h] - i.phase_rad[h];
            let p_w: f64 = (1..=50).map(|h| u.rms[h] * i.rms[h] * angle(h).cos()).sum();
            let q1_var = u.rms[1] * i.rms[1] * angle(1).sin();
            for k in 0..a.power.p_w.nrows() {
                within(a.power.p_w[[k, 0]], p_w, 1e-4 * p_w, || format!("{case}: P"));
                within(a.power.q1_var[[k, 0]], q1_var, 1e-4 * q1_var, || format!("{case}: Q1"));
            }
        }
    }
}

#[test]
fn uncorrected_the_same_delay_shows() {
    let [u, i] = truth();
    let late = through(&i, |hz| (1.0, -2.0 * PI * hz * 37.3e-6));
    let a = corrected(10_000.0, &u, &late, Correction::default());
    let straight = corrected(10_000.0, &u, &i, Correction::default());
    assert!((a.power.q1_var[[1, 0]] / straight.power.q1_var[[1, 0]] - 1.0).abs() > 0.01);
}

/// `x` of channel `Ia`, each sample `skew_s` after that of the voltage.
fn skewed(skew_s: f64, config: &Config) -> Analysis {
    let [u, i] = truth();
    let later = through(&i, |hz| (1.0, 2.0 * PI * hz * skew_s));
    let samples = vec![("Ua", u.samples(10_000.0, 0.9)), ("Ia", later.samples(10_000.0, 0.9))];
    let mut recorded = capture(10_000.0, None, samples);
    recorded.channels_mut()[1].skew_s = skew_s;
    offline::analyze(&recorded, config, 1).unwrap()
}

#[test]
fn a_channel_sampled_later_is_measured_at_the_common_time() {
    let [u, i] = truth();
    for skew_s in [25e-6, -80e-6, 1.7e-3] {
        let case = format!("skew of {skew_s} s");
        let a = skewed(skew_s, &with(&[]));
        is_the_current(&a, &i, 1e-4, 0.01, &case);
        let angle = |h: usize| u.phase_rad[h] - i.phase_rad[h];
        let p_w: f64 = (1..=50).map(|h| u.rms[h] * i.rms[h] * angle(h).cos()).sum();
        let q1_var = u.rms[1] * i.rms[1] * angle(1).sin();
        for k in 0..a.power.p_w.nrows() {
            within(a.power.p_w[[k, 0]], p_w, 1e-4 * p_w, || format!("{case}: P"));
            within(a.power.q1_var[[k, 0]], q1_var, 1e-4 * q1_var, || format!("{case}: Q1"));
        }
    }
}

#[test]
fn a_skew_and_a_stated_delay_add_up() {
    // Late by as much as it is sampled late: nothing to do, and nothing is filtered.
    let both = skewed(25e-6, &with(&[("Ia", delayed_by(25e-6))]));
    let [u, i] = truth();
    let later = through(&i, |hz| (1.0, 2.0 * PI * hz * 25e-6));
    let plain = corrected(10_000.0, &u, &later, Correction::default());
    assert_eq!(both.intervals.rms, plain.intervals.rms);
    assert_eq!(both.harmonics.phase_rad, plain.harmonics.phase_rad);
}

#[test]
fn a_skew_that_is_no_time_is_ignored_and_said_so() {
    for skew_s in [f64::NAN, f64::INFINITY, -2.0, 1e300] {
        let mut recorded = capture(10_000.0, None, vec![("Ua", truth()[0].samples(10_000.0, 0.9))]);
        recorded.channels_mut()[0].skew_s = skew_s;
        let a = offline::analyze(&recorded, &with(&[]), 1).unwrap();
        within(a.intervals.rms[[0, 0]], truth()[0].total_rms(), 0.01, || format!("skew of {skew_s}"));
        assert!(a.warnings.iter().any(|w| w.to_string().contains("skew of")), "{:?}", a.warnings);
    }
}

#[test]
fn a_low_pass_measured_at_twenty_points_gives_back_the_harmonics() {
    let [u, i] = truth();
    let low_pass = |hz: f64| (1.0 / (hz / 2000.0).hypot(1.0), -(hz / 2000.0).atan());
    // Evenly, and by a constant factor.
    let even: Vec<f64> = (1..=20).map(|k| 125.0 * f64::from(k)).collect();
    let geometric: Vec<f64> = (0..20).map(|k| 20.0 * 250f64.powf(f64::from(k) / 19.0)).collect();
    for rate_hz in [10_000.0, 50_000.0] {
        for points in [&even, &geometric] {
            let case = format!("{rate_hz} Hz, points {:?}", &points[..2]);
            let point = |hz: &f64| {
                let (gain, phase_rad) = low_pass(*hz);
                ResponsePoint { hz: *hz, gain, phase_deg: phase_rad.to_degrees() }
            };
            let correction =
                Correction { response: points.iter().map(point).collect(), ..Correction::default() };
            let a = corrected(rate_hz, &u, &through(&i, low_pass), correction);
            is_the_current(&a, &i, 5e-3, 0.05, &case);
        }
    }
}

#[test]
fn ratio_gain_and_polarity_are_one_factor() {
    let [u, i] = truth();
    let factor = 200.0 * 1.01;
    let turned = through(&i, |_| (1.0 / factor, PI));
    let correction = Correction { ratio: 200.0, gain: 1.01, inverted: true, ..Correction::default() };
    is_the_current(&corrected(10_000.0, &u, &turned, correction), &i, 1e-4, 0.01, "factor");
}

/// A corrected voltage has its events at the moments they have in an undelayed one.
#[test]
fn positions_are_those_of_the_recorded_samples() {
    let (rate_hz, delay_s) = (10_000.0, 1.0371e-3);
    let wave = |late: f64| {
        signals::three(rate_hz, 1.5, |k, t| {
            let t = t - late;
            // With edges of 4 ms: what jumps has no one value between two samples.
            let rise = |from: f64| (PI / 2.0 * ((t - from) / 4e-3).clamp(0.0, 1.0)).sin().powi(2);
            signals::mains(F_HZ, k, t) * (1.0 - 0.6 * (rise(0.6) - rise(0.75)))
        })
    };
    let analyze =
        |x, config: &Config| offline::analyze(&signals::three_voltages(rate_hz, x), config, 1).unwrap();
    let straight = analyze(wave(0.0), &with(&[]));
    let all = signals::VOLTAGES.map(|name| (name, delayed_by(delay_s)));
    let back = analyze(wave(delay_s), &with(&all));
    assert_eq!(back.events.len(), straight.events.len());
    for (got, want) in back.events.iter().zip(&straight.events) {
        within(got.start_sample, want.start_sample, 0.01, || format!("start of {want:?}"));
        within(got.duration_s, want.duration_s, 2e-6, || format!("length of {want:?}"));
    }
    for (got, want) in back.half_cycles.iter().zip(&straight.half_cycles) {
        // The last samples of what was late are not there.
        for k in 0..want.start_sample.len().min(got.start_sample.len()) {
            if got.flags[k].contains(Flags::MISSING) {
                continue;
            }
            within(got.start_sample[k], want.start_sample[k], 0.01, || format!("half cycle {k}"));
            within(got.u_rms_v[k], want.u_rms_v[k], 0.05, || format!("half cycle {k}"));
        }
        assert!(want.start_sample.len() - got.start_sample.len().min(want.start_sample.len()) <= 1);
    }
}

#[test]
fn missing_and_clipped_spread_over_what_the_filter_touches() {
    let mut wave = Harmonic::sine(F_HZ, UDIN_V, 0.0).samples(10_000.0, 1.2);
    wave[6000] = f64::NAN;
    let recorded = capture(10_000.0, None, vec![("Ua", wave)]);
    let flagged = |config: &Config| {
        let h = &offline::analyze(&recorded, config, 1).unwrap().half_cycles[0];
        let bad = (0..h.flags.len()).filter(|k| h.flags[*k].contains(Flags::MISSING));
        bad.map(|k| (h.start_sample[k], h.stop_sample[k])).collect::<Vec<_>>()
    };
    let plain = flagged(&with(&[]));
    // 85 samples late: what was missing at sample 6000 belongs to 5915 and to 32 samples either way.
    let late = flagged(&with(&[("ua", delayed_by(8.53e-3))]));
    assert!(!plain.is_empty() && plain.iter().all(|(from, to)| *from < 6001.0 && *to > 6000.0), "{plain:?}");
    let inside: Vec<_> = late.iter().filter(|(_, to)| *to < 11_000.0).collect();
    assert!(!inside.is_empty());
    assert!(inside.iter().all(|(from, to)| *from < 5948.0 && *to > 5883.0), "{late:?}");
    assert!(inside.iter().any(|(from, to)| (*from..=*to).contains(&5883.5)));
    assert!(inside.iter().any(|(from, to)| (*from..=*to).contains(&5946.5)));
    // And the end, of which nothing was recorded.
    assert!(late.iter().any(|(_, to)| *to > 11_900.0) || late.last().unwrap().1 < 11_915.0);
}

#[test]
fn a_channel_that_is_not_there_is_named_with_those_that_are() {
    let recorded = capture(10_000.0, None, vec![("Ua", vec![0.0; 4000]), ("Ia", vec![0.0; 4000])]);
    let error = offline::analyze(&recorded, &with(&[("Ib", delayed_by(1e-6))]), 1).unwrap_err().to_string();
    assert_eq!(error, "corrections.Ib: no such voltage or current; there are Ua, Ia");
}

#[test]
fn what_would_mostly_amplify_noise_is_refused() {
    let response = vec![
        ResponsePoint { hz: 50.0, gain: 1.0, phase_deg: 0.0 },
        ResponsePoint { hz: 4000.0, gain: 0.009, phase_deg: -90.0 },
    ];
    let recorded = capture(10_000.0, None, vec![("Ua", vec![0.0; 4000])]);
    let config = with(&[("Ua", Correction { response, ..Correction::default() })]);
    let error = offline::analyze(&recorded, &config, 1).unwrap_err().to_string();
    assert!(error.starts_with("corrections.Ua.response: a gain of 0.009 at 4000 Hz"), "{error}");
    assert!(error.contains("40 dB"), "{error}");
}

#[test]
fn what_no_filter_can_follow_is_refused() {
    let jagged = |k: u32| ResponsePoint {
        hz: 50.0 + f64::from(k),
        gain: 1.0 + 0.5 * f64::from(k % 2),
        phase_deg: 0.0,
    };
    let correction = Correction { response: (0..40).map(jagged).collect(), ..Correction::default() };
    let recorded = capture(1e6, None, vec![("Ua", vec![0.0; 100_000])]);
    let error = offline::analyze(&recorded, &with(&[("Ua", correction)]), 1).unwrap_err().to_string();
    assert!(error.starts_with("corrections.Ua.response: changes faster"), "{error}");
}

/// Segments shorter than the filter, and than the delay: nothing to measure, and nothing to break.
#[test]
fn short_recordings_with_long_filters() {
    for n in [1, 2, 31, 64, 65, 66, 200, 3000] {
        for delay_s in [0.2, -0.2, 1e-5, 0.9999, -1.0] {
            let wave = Harmonic::sine(F_HZ, UDIN_V, 0.0).samples(10_000.0, f64::from(n) / 10_000.0);
            let recorded = capture(10_000.0, None, vec![("Ua", wave.clone()), ("Ia", wave)]);
            for name in ["Ua", "Ia"] {
                let config = with(&[(name, delayed_by(delay_s))]);
                let whole = offline::analyze(&recorded, &config, 1).unwrap();
                let parts = streamed(&recorded, &config, || 7);
                assert_eq!(whole.intervals, parts.intervals, "{n} samples, {delay_s} s");
                assert_eq!(whole.half_cycles, parts.half_cycles, "{n} samples, {delay_s} s");
            }
        }
    }
}

#[test]
fn the_settings_in_the_documentation_are_accepted() {
    let page = include_str!("../../../docs/instrument.md");
    let text = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config: Config = toml::from_str(text).unwrap();
    config.check().unwrap();
    assert_eq!(config.corrections["Ia"].factor(), -60.0 * 1.002);
    assert_eq!(toml::from_str::<Config>(&toml::to_string(&config).unwrap()).unwrap(), config);
    let wave = |rms: f64| Harmonic::sine(F_HZ, rms, 0.0).samples(10_000.0, 0.5);
    let recorded = capture(10_000.0, None, vec![("Ua", wave(100.0)), ("Ia", wave(1.0))]);
    let a = offline::analyze(&recorded, &config, 1).unwrap();
    within(a.intervals.rms[[0, 0]], 20_000.0, 2.0, || "Ua".into());
    within(a.intervals.rms[[0, 1]], 60.12, 0.01, || "Ia".into());
}
