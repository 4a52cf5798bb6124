//! Impulses and ringing are found and described; edges of dips, drift and noise are not mistaken for them.

mod signals;

use std::f64::consts::PI;

use kilat_core::engine::offline;
use kilat_core::{Analysis, Capture, Config, EventKind, Transient, TransientKind};
use signals::{
    PEAK_V, Random, THIRD, UDIN_V, analyze, capture, mains, sampled, three, three_voltages, within,
};

const RATES_HZ: [f64; 3] = [10_000.0, 25_600.0, 50_000.0];
/// No standard fixes a tolerance (IEC 61000-4-30, Annex A); 10 % of the peak tells a surge of one class from the next.
const PEAK: f64 = 0.10;
/// Ringing frequency within 10 %: it tells a capacitor bank from a cable.
const RINGING: f64 = 0.10;
/// Parts of the nominal peak.
const HEIGHTS: [f64; 3] = [0.15, 0.30, 0.50];

/// The mains at 49.9 Hz with `extra` volts beginning at `at_s`, and the samples of the extra alone.
fn with_extra(rate: f64, at_s: f64, extra: impl Fn(f64) -> f64) -> (Capture, Vec<f64>) {
    let extra = sampled(rate, 0.8, |t| if t < at_s { 0.0 } else { extra(t - at_s) });
    let x = sampled(rate, 0.8, |t| {
        let w = 2.0 * PI * 49.9 * t;
        PEAK_V * (w.sin() + 0.05 * (5.0 * w).sin() + 0.03 * (7.0 * w).cos())
    });
    let sum = x.iter().zip(&extra).map(|(a, b)| a + b).collect();
    (capture(rate, None, vec![("Ua", sum)]), extra)
}

/// The sample where a signal is furthest from zero.
fn peak(x: &[f64]) -> (usize, f64) {
    let at = (0..x.len()).fold(0, |best, i| if x[i].abs() > x[best].abs() { i } else { best });
    (at, x[at])
}

#[track_caller]
fn the_only(a: &Analysis, case: &dyn Fn() -> String) -> Transient {
    let [t] = &a.transients[..] else { panic!("{}: {:?}", case(), a.transients) };
    assert!(a.events.is_empty(), "{}: {:?}", case(), a.events);
    *t
}

#[test]
fn impulses_are_found_with_peak_polarity_and_place() {
    for rate in RATES_HZ {
        for height in HEIGHTS {
            for (k, at_s) in [0.4003, 0.4051, 0.4102, 0.4177].into_iter().enumerate() {
                for sign in [1.0, -1.0] {
                    // Rises in 50 µs, falls in 300 µs, two exponentials; sampled at 10 kHz that is three samples.
                    let pulse =
                        |t: f64| sign * height * PEAK_V * 1.55 * ((-t / 3e-4).exp() - (-t / 5e-5).exp());
                    let (capture, extra) = with_extra(rate, at_s, pulse);
                    let case = || format!("{height} at place {k}, {rate} Hz, sign {sign}");
                    let t = the_only(&analyze(&capture, 50.0), &case);
                    let (at, want) = peak(&extra);
                    assert_eq!(
                        (t.kind, f64::from(t.polarity)),
                        (TransientKind::Impulsive, sign),
                        "{}",
                        case()
                    );
                    within(t.peak_v, want, PEAK * want.abs(), || format!("{}: peak", case()));
                    within(t.peak_pu, want / PEAK_V, PEAK * height, || format!("{}: peak per unit", case()));
                    within(t.peak_sample as f64, at as f64, 1.0, || format!("{}: place", case()));
                    assert!(
                        t.ringing_hz.is_nan()
                            && t.start_sample <= t.peak_sample
                            && t.peak_sample < t.stop_sample
                    );
                    within(t.duration_s, (t.stop_sample - t.start_sample) as f64 / rate, 1e-12, case);
                    assert!(t.duration_s < 2e-3 && t.rise_s <= 2.0 / rate + 1e-4, "{}: {t:?}", case());
                }
            }
        }
    }
}

#[test]
fn ringing_is_found_with_peak_and_frequency() {
    for rate in RATES_HZ {
        for f in [300.0, 450.0, 600.0, 900.0, 1_500.0, 2_500.0, 5_000.0] {
            // Four samples per period tell a frequency and a peak within 30 %; six tell a peak within 14 %.
            if rate < 4.0 * f {
                continue;
            }
            for height in HEIGHTS {
                for at_s in [0.4003, 0.4051, 0.4122] {
                    let tau_s = (3.0 / f).clamp(1e-3, 4e-3);
                    let ring = |t: f64| height * PEAK_V * (-t / tau_s).exp() * (2.0 * PI * f * t).cos();
                    let (capture, extra) = with_extra(rate, at_s, ring);
                    let case = || format!("{f} Hz of {height} at {at_s} s, {rate} Hz");
                    let t = the_only(&analyze(&capture, 50.0), &case);
                    let (at, want) = peak(&extra);
                    assert_eq!(t.kind, TransientKind::Oscillatory, "{}: {t:?}", case());
                    within(t.peak_v, want, PEAK * want.abs(), || format!("{}: peak", case()));
                    within(t.peak_sample as f64, at as f64, 1.0, || format!("{}: place", case()));
                    within(t.ringing_hz, f, RINGING * f, || format!("{}: frequency", case()));
                }
            }
        }
    }
}

/// A capacitor bank: the voltage rings on each phase by its own part.
#[test]
fn one_disturbance_is_one_transient_on_all_its_phases() {
    let ring = |t: f64| if t < 0.0 { 0.0 } else { PEAK_V * (-t / 3e-3).exp() * (2.0 * PI * 600.0 * t).sin() };
    let parts = [0.5, -0.4, 0.3];
    let x = three(25_600.0, 0.8, |k, t| mains(50.0, k, t) + parts[k] * ring(t - 0.4011));
    let a = analyze(&three_voltages(25_600.0, x), 50.0);
    let t = the_only(&a, &|| "three phases".into());
    assert_eq!((t.channel, t.peaks.iter().map(|p| p.0).collect::<Vec<_>>()), (0, vec![0, 1, 2]));
    for &(channel, peak) in t.peaks.iter() {
        within(peak / a.transients[0].peak_pu, parts[channel] / parts[0], 0.03, || {
            format!("phase {channel}")
        });
    }
}

#[test]
fn two_impulses_a_few_milliseconds_apart_are_two() {
    let pulse = |t: f64| if (0.0..4e-4).contains(&t) { 0.4 * PEAK_V } else { 0.0 };
    let (capture, _) = with_extra(25_600.0, 0.4, |t| pulse(t) - pulse(t - 0.006));
    let a = analyze(&capture, 50.0);
    assert_eq!(a.transients.iter().map(|t| t.polarity).collect::<Vec<_>>(), [1, -1], "{:?}", a.transients);
}

fn quiet(a: &Analysis, case: &dyn Fn() -> String) {
    assert!(a.transients.is_empty(), "{}: {:?}", case(), a.transients);
}

#[test]
fn sharp_edges_of_dips_swells_and_interruptions_are_no_transients() {
    for rate in [10_000.0, 25_600.0] {
        for part in [0.0, 0.4, 0.7, 1.2, 1.5] {
            for cycles in [2.0, 2.5, 4.3, 10.0] {
                for step in 0..12 {
                    let from_s = (16.0 + f64::from(step) / 12.0) / 50.0;
                    let inside = |t: f64| (from_s..from_s + cycles / 50.0).contains(&t);
                    let x = sampled(rate, 0.9, |t| mains(50.0, 0, t) * if inside(t) { part } else { 1.0 });
                    let a = analyze(&capture(rate, None, vec![("Ua", x)]), 50.0);
                    assert!(!a.events.is_empty());
                    quiet(&a, &|| format!("{cycles} cycles to {part} from {step}/12 cycle at {rate} Hz"));
                }
            }
        }
    }
}

/// A dip shorter than two cycles departs from the cycle before and the cycle after, and still is a dip.
#[test]
fn dips_shorter_than_two_cycles_are_no_transients() {
    for part in [0.2, 0.6] {
        for cycles in [0.5, 1.0, 1.5] {
            for step in 0..12 {
                let from_s = (16.0 + f64::from(step) / 12.0) / 50.0;
                let inside = |t: f64| (from_s..from_s + cycles / 50.0).contains(&t);
                let x = sampled(10_000.0, 0.8, |t| mains(50.0, 0, t) * if inside(t) { part } else { 1.0 });
                let a = analyze(&capture(10_000.0, None, vec![("Ua", x)]), 50.0);
                assert!(a.events.iter().any(|e| e.kind == EventKind::Dip));
                quiet(&a, &|| format!("{cycles} cycles to {part} from {step}/12 cycle"));
            }
        }
    }
}

#[test]
fn a_phase_jump_is_no_transient() {
    for jump_deg in [10.0f64, 30.0, -45.0] {
        let jump = |t: f64| if t < 0.4 { 0.0 } else { jump_deg.to_radians() };
        let x = three(10_000.0, 0.9, |k, t| {
            PEAK_V
                * (100.0 * PI * t - THIRD * k as f64 + jump(t)).sin()
                * if (0.4..0.6).contains(&t) { 0.6 } else { 1.0 }
        });
        quiet(&analyze(&three_voltages(10_000.0, x), 50.0), &|| format!("jump of {jump_deg}°"));
    }
}

#[test]
fn drifting_frequency_is_no_transient() {
    for rate in [10_000.0, 25_600.0] {
        for drift_hz_per_s in [0.2, 1.0, -1.0] {
            let angle = |t: f64| 2.0 * PI * (50.0 * t + drift_hz_per_s / 2.0 * t * t);
            let x = sampled(rate, 5.0, |t| PEAK_V * (angle(t).sin() + 0.06 * (5.0 * angle(t)).sin()));
            quiet(&analyze(&capture(rate, None, vec![("Ua", x)]), 50.0), &|| {
                format!("{drift_hz_per_s} Hz/s at {rate} Hz")
            });
        }
    }
}

#[test]
fn notches_are_one_disturbance_and_steady_harmonics_none() {
    // No edge falls on a sample, where rounding would decide anew in each cycle.
    let notch = |t: f64| {
        let place = (t * 300.0 + 0.003).fract();
        if (0.40..0.50).contains(&place) { 0.6 } else { 1.0 }
    };
    let wave = |t: f64| mains(50.0, 0, t) + 30.0 * (2.0 * PI * 250.0 * t).sin();
    let x = sampled(25_600.0, 2.0, |t| wave(t) * notch(t));
    let t = the_only(&analyze(&capture(25_600.0, None, vec![("Ua", x)]), 50.0), &|| "notches".into());
    assert_eq!(t.kind, TransientKind::Notching);
    // 40 % of the wave at 87°, with its 5th harmonic; what order 50 cannot draw overshoots. At 27° of six places it is half.
    let depth = 0.4 * wave(87.0 / 360.0 / 50.0) / PEAK_V;
    within(t.peak_pu.abs(), depth, 0.25 * depth, || "depth".into());
    assert!(t.duration_s > 1.5 && t.per_cycle == 4, "{t:?}");
    let x = sampled(25_600.0, 2.0, wave);
    quiet(&analyze(&capture(25_600.0, None, vec![("Ua", x)]), 50.0), &|| "harmonics".into());
}

/// Minutes of noise 60 dB below the mains, at the default threshold and at one that lies within the noise, where only the
/// adaptive part of the threshold stands between noise and a false alarm.
#[test]
fn minutes_of_noise_are_no_transients() {
    let mut random = Random(11);
    for (rate, seconds) in [(10_000.0, 180.0), (25_600.0, 60.0)] {
        let x: Vec<f64> = sampled(rate, seconds, |t| mains(50.02, 0, t))
            .into_iter()
            .map(|v| v + 0.001 * UDIN_V * random.gauss())
            .collect();
        let capture = capture(rate, None, vec![("Ua", x)]);
        for transient_pct in [10.0, 0.5] {
            let config = Config { transient_pct, ..Config::class_a(UDIN_V, 50.0) };
            let a = offline::analyze(&capture, &config, 1).unwrap();
            assert_eq!(a.transients.len(), 0, "{rate} Hz, threshold {transient_pct} %: {:?}", a.transients);
        }
    }
}

#[test]
fn an_impulse_of_5_percent_is_found_in_noise_of_60_db() {
    let mut random = Random(12);
    let pulse = |t: f64| 0.05 * PEAK_V * 1.55 * ((-t / 3e-4).exp() - (-t / 5e-5).exp());
    let x = sampled(25_600.0, 2.0, |t| mains(50.02, 0, t) + if t < 1.0 { 0.0 } else { pulse(t - 1.0) });
    let x = x.into_iter().map(|v| v + 0.001 * UDIN_V * random.gauss()).collect();
    let config = Config { transient_pct: 3.0, ..Config::class_a(UDIN_V, 50.0) };
    let a = offline::analyze(&capture(25_600.0, None, vec![("Ua", x)]), &config, 1).unwrap();
    let t = the_only(&a, &|| "5 % in noise".into());
    within(t.peak_sample as f64, 25_600.0, 5.0, || "place".into());
}

#[test]
fn a_clipped_peak_says_so() {
    let pulse = |t: f64| if t < 4e-4 { 2.0 * PEAK_V } else { 0.0 };
    let (mut c, _) = with_extra(10_000.0, 0.405, pulse);
    let codes: Vec<i16> = c.channels()[0]
        .values(0..8_000)
        .unwrap()
        .iter()
        .map(|v| (v / 0.0125).clamp(-32768.0, 32767.0) as i16)
        .collect();
    c.channels_mut()[0].samples = codes.into();
    c.channels_mut()[0].scale = 0.0125;
    let a = analyze(&c, 50.0);
    assert!(a.transients.len() == 1 && a.transients[0].clipped, "{:?}", a.transients);
    assert!(a.intervals.flags.iter().any(|f| f.contains(kilat_core::Flags::CLIPPED)));
}
