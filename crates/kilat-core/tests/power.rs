//! Power of whole captures against closed forms and an independent program; energy and demand against slow integrals.

mod signals;

use std::f64::consts::PI;

use kilat_core::pq::power::demand;
use kilat_core::{Analysis, Capture, Config, Flags, SampleRate, Segment, TimeBase, Timestamp};
use signals::{Harmonic, PEAK_V, THIRD, UDIN_V, analyze, capture, sampled, streamed, within};

/// Apparent powers: a tenth of what two Class A magnitudes (0.1 % each) may be off together.
const POWER: f64 = 0.1 * 0.002;
/// Energy: what the rounding of samples to single precision leaves after they have been summed.
const ENERGY: f64 = 1e-6;
const TICK_S: f64 = 600.0;
const RATE_HZ: f64 = 10_000.0;

/// One harmonic voltage or current of an angle in absolute terms, not against the fundamental.
fn tones(parts: &[(usize, f64, f64)]) -> Harmonic {
    let mut all = Harmonic::sine(50.0, 0.0, 0.0);
    for &(h, rms, angle) in parts {
        all.rms[h] = rms;
        all.phase_rad[h] = angle - PI / 2.0;
    }
    all
}

/// The four-wire example: unbalanced, with third and fifth harmonics.
fn example() -> ([Harmonic; 3], [Harmonic; 3]) {
    let u = [(1.0, 0.0), (0.97, -THIRD), (1.02, THIRD)]
        .map(|(m, p)| tones(&[(1, 230.0 * m, p), (5, 6.0, 5.0 * p)]));
    let i = [(60.0, 10.0, 0.0, 0.4), (30.0, 12.0, -THIRD, 0.8), (45.0, 6.0, THIRD, 0.1)]
        .map(|(a, c, p, lag)| tones(&[(1, a, p - lag), (3, c, 3.0 * p), (5, 0.15 * a, 5.0 * p + 0.5)]));
    (u, i)
}

fn samples(x: &Harmonic) -> Vec<f64> {
    x.samples(RATE_HZ, 0.8)
}

fn sum(x: &[Vec<f64>]) -> Vec<f64> {
    (0..x[0].len()).map(|k| x.iter().map(|x| x[k]).sum()).collect()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Figures of an independent program, which took them from sampled waves in double precision.
#[track_caller]
fn is_the_example(a: &Analysis, case: &str) {
    let p = &a.system_power;
    for (name, column, want) in [
        ("P", &p.p_w, 27_984.6),
        ("Se", &p.se_va, 35_344.4),
        ("Se1", &p.se1_va, 32_481.3),
        ("SeN", &p.sen_va, 13_935.1),
        ("S1+", &p.s1_positive_va, 29_945.2),
        ("SU1", &p.su1_va, 12_582.6),
        ("arithmetic", &p.s_arithmetic_va, 32_199.3),
    ] {
        assert!(!column.is_empty(), "{case}: {name}");
        for got in column {
            within(*got, want, POWER * 35_344.4, || format!("{case}: {name}"));
        }
    }
    for k in 0..p.pf.len() {
        within(p.pf[k], 0.7918, POWER, || format!("{case}: PF"));
        within(p.ve_v[k], 229.348, 0.1 * 0.001 * UDIN_V, || format!("{case}: Ve"));
        within(p.ie_a[k], 51.369, 0.1 * 0.001 * 60.0, || format!("{case}: Ie"));
    }
}

#[test]
fn four_wires_with_and_without_a_measured_neutral() {
    let (u, i) = example();
    let (u, i) = (u.each_ref().map(samples), i.each_ref().map(samples));
    let names = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"];
    let mut channels: Vec<_> = names.into_iter().zip(u.iter().chain(&i).cloned()).collect();
    let derived = analyze(&capture(RATE_HZ, None, channels.clone()), 50.0);
    is_the_example(&derived, "derived neutral");
    channels.push(("In", sum(&i)));
    let measured = analyze(&capture(RATE_HZ, None, channels), 50.0);
    is_the_example(&measured, "measured neutral");
    let rms = |x: &[f64]| (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64).sqrt();
    for a in [&derived, &measured] {
        for (neutral, residual) in a.intervals.neutral_current_a.iter().zip(&a.intervals.residual_voltage_v) {
            within(*neutral, rms(&sum(&i)), 0.1 * 0.001 * 60.0, || "neutral current".into());
            within(*residual, rms(&sum(&u)), 0.1 * 0.001 * UDIN_V, || "residual voltage".into());
        }
        assert_eq!(a.intervals.residual_voltage_v.len(), a.intervals.rms.nrows());
        assert_eq!(a.power.p_w.ncols(), 3);
    }
}

#[test]
fn three_wires_measured_line_to_line_or_against_an_artificial_neutral() {
    // Without zero sequence: all three currents together, and all three voltages, are nothing.
    let (u, i) = example();
    let without_zero = |x: [Vec<f64>; 3]| {
        let all = sum(&x);
        x.map(|x| x.iter().zip(&all).map(|(x, s)| x - s / 3.0).collect::<Vec<f64>>())
    };
    let (u, i) = (without_zero(u.each_ref().map(samples)), without_zero(i.each_ref().map(samples)));
    let lines = [0, 1, 2].map(|k| difference(&u[k], &u[(k + 1) % 3]));
    let named =
        |names: [&'static str; 3], x: &[Vec<f64>; 3]| names.into_iter().zip(x.clone()).collect::<Vec<_>>();
    let currents = named(["Ia", "Ib", "Ic"], &i);
    let wye = [named(["Ua", "Ub", "Uc"], &u), currents.clone()].concat();
    let delta = [named(["Uab", "Ubc", "Uca"], &lines), currents].concat();
    let wye = analyze(&capture(RATE_HZ, None, wye), 50.0).system_power;
    let a = analyze(&capture(RATE_HZ, None, delta), 50.0);
    assert!(a.power_pairs.is_empty() && a.power.p_w.is_empty() && a.intervals.neutral_current_a.is_empty());
    let p_w = i.iter().zip(&u).map(|(i, u)| i.iter().zip(u).map(|(i, u)| i * u).sum::<f64>()).sum::<f64>();
    within(a.system_power.p_w[1], p_w / i[0].len() as f64, POWER * 35e3, || "P".into());
    for ((name, got), (_, want)) in a.system_power.columns().into_iter().zip(wye.columns()) {
        match name {
            "s_arithmetic_va" => assert!(got.iter().all(|v| v.is_nan()), "phases are not known"),
            // Differences of nearly equal squares: ten times as sensitive.
            _ => within(got[1], want[1], 10.0 * POWER * want[1].abs().max(1.0), || name.into()),
        }
    }
    within(
        a.energy.system.unwrap().net_wh(),
        a.system_power.p_w[0] * a.energy.system.unwrap().counted_s / 3600.0,
        1e-3 * 35e3 * 0.8 / 3600.0,
        || "energy".into(),
    );
}

#[test]
fn a_distorted_phase_and_its_four_reactive_powers() {
    let u = tones(&[(1, 230.0, 0.0), (3, 8.0, 0.3), (5, 12.0, 1.1), (7, 6.0, -0.7)]);
    let i = tones(&[(1, 40.0, -0.6), (3, 12.0, 1.0), (5, 9.0, 2.0), (7, 5.0, 0.4)]);
    let a = analyze(&capture(RATE_HZ, None, vec![("Ua", samples(&u)), ("Ia", samples(&i))]), 50.0);
    let p = &a.power;
    for (name, column, want) in [
        ("P", &p.p_w, 7747.254),
        ("P1", &p.p1_w, 7593.088),
        ("PH", &p.ph_w, 154.167),
        ("Q1", &p.q1_var, 5194.711),
        ("S", &p.s_va, 9915.463),
        ("S1", &p.s1_va, 9200.000),
        ("SN", &p.sn_va, 3698.162),
        ("DI", &p.di_var, 3636.619),
        ("DV", &p.dv_var, 624.820),
        ("SH", &p.sh_va, 246.982),
        ("DH", &p.dh_var, 192.958),
        ("N", &p.n_var, 6188.413),
        ("Budeanu", &p.q_budeanu_var, 5021.53),
        ("Fryze", &p.q_fryze_var, 6188.41),
        ("quarter cycle", &p.q_quarter_cycle_var, 5198.69),
    ] {
        assert!(column.nrows() >= 2, "{name}");
        for got in column {
            within(*got, want, POWER * 9915.463, || name.into());
        }
    }
    assert!(a.system_power.p_w.is_empty(), "one phase is no three-phase system");
    assert!(a.energy.system.is_some());
}

#[test]
fn without_a_current_there_is_no_power_at_all() {
    let a = analyze(&capture(RATE_HZ, None, vec![("Ua", samples(&Harmonic::sine(50.0, UDIN_V, 0.0)))]), 50.0);
    assert!(a.power.columns().iter().all(|(_, c)| c.is_empty()));
    assert!(a.system_power.columns().iter().all(|(_, c)| c.is_empty()));
    assert!(a.energy.pairs.is_empty() && a.energy.system.is_none() && a.demand.is_empty());
    assert!(a.intervals.neutral_current_a.is_empty() && a.intervals.residual_voltage_v.is_empty());
}

/// A load that grows over the recording, as functions of time in seconds.
fn growing(f_hz: f64, t: f64) -> (f64, f64) {
    let angle = 2.0 * PI * f_hz * t;
    (PEAK_V * angle.sin(), 14.0 * (1.0 + t / 400.0) * (angle - 0.5).sin() + 3.0 * (3.0 * angle).sin())
}

/// ∫u·i dt between two moments, by Simpson's rule.
fn slow_joules(f_hz: f64, from_s: f64, to_s: f64) -> f64 {
    let steps = 2 * ((to_s - from_s) * f_hz * 40.0).ceil() as usize;
    let h = (to_s - from_s) / steps as f64;
    let at = |k: usize| {
        let (u, i) = growing(f_hz, from_s + k as f64 * h);
        u * i * if k == 0 || k == steps { 1.0 } else { [2.0, 4.0][k % 2] }
    };
    (0..=steps).map(at).sum::<f64>() * h / 3.0
}

fn growing_capture(f_hz: f64, rate_hz: f64, seconds: f64, start_s: f64) -> Capture {
    let channel = |pick: fn((f64, f64)) -> f64| sampled(rate_hz, seconds, |t| pick(growing(f_hz, t)));
    let start = Timestamp::default().plus_seconds(start_s);
    capture(rate_hz, Some(start), vec![("Ua", channel(|p| p.0)), ("Ia", channel(|p| p.1))])
}

/// Windows overlap at 10-min ticks: counted twice, ten minutes would be up to 0.03 % too long.
#[test]
fn no_sample_is_counted_twice_over_ten_minutes_and_a_tick() {
    for f in [49.9, 50.02] {
        let (rate, seconds) = (3200.0, 660.0);
        let a = analyze(&growing_capture(f, rate, seconds, TICK_S - 333.3), 50.0);
        let overlaps = a.intervals.flags.iter().filter(|f| f.contains(Flags::OVERLAP)).count();
        assert_eq!(overlaps, 1, "{f} Hz");
        let (from, to) = (a.intervals.start_sample[0] / rate, a.intervals.stop_sample.last().unwrap() / rate);
        assert!(to - from > seconds - 0.4);
        let want = slow_joules(f, from, to) / 3600.0;
        let (pair, all) = (a.energy.pairs[0], a.energy.system.unwrap());
        within(pair.import_wh, want, ENERGY * want, || format!("{f} Hz: energy"));
        within(pair.counted_s, to - from, 1e-6, || format!("{f} Hz: time"));
        assert_eq!((pair, pair.export_wh), (all, 0.0), "one pair is the whole system");
        assert_eq!(pair.reactive_varh[1..], [0.0; 3]);
        // The sum over the intervals as they stand counts the overlap twice: the test would see it.
        let intervals =
            a.intervals.start_sample.iter().zip(&a.intervals.stop_sample).zip(a.power.p_w.column(0));
        let twice: f64 = intervals.map(|((start, stop), p)| p * (stop - start) / rate / 3600.0).sum();
        assert!((twice / want - 1.0).abs() > 50.0 * ENERGY, "{f} Hz: {twice} {want}");
    }
}

#[test]
fn a_gap_is_not_counted_and_both_sides_are() {
    let (rate, f) = (3200.0, 50.0);
    let rate_of = SampleRate::from_hz(rate).unwrap();
    let (u, i): (Vec<f64>, Vec<f64>) = (0..9600).map(|k| growing(f, f64::from(k) / rate)).unzip();
    let part = |first: u64, offset_s: i128| Segment {
        rate: rate_of,
        first,
        len: 4800,
        offset_ps: offset_s * 1_000_000_000_000,
    };
    let time = TimeBase::from_segments(None, vec![part(0, 0), part(4800, 60)]).unwrap();
    let whole = capture(rate, None, vec![("Ua", u), ("Ia", i)]);
    let a = analyze(&Capture::new(time, whole.channels().to_vec()).unwrap(), 50.0);
    assert_eq!(a.gaps.len(), 1);
    let (starts, stops) = (&a.intervals.start_sample, &a.intervals.stop_sample);
    let joules: f64 = starts.iter().zip(stops).map(|(a, b)| slow_joules(f, a / rate, b / rate)).sum();
    let energy = a.energy.system.unwrap();
    within(energy.import_wh, joules / 3600.0, ENERGY * joules / 3600.0, || "energy".into());
    within(energy.counted_s, starts.iter().zip(stops).map(|(a, b)| (b - a) / rate).sum(), 1e-9, || {
        "time".into()
    });
}

#[test]
fn energy_flows_both_ways_and_stays_apart() {
    let f = 50.0;
    let half = |back: bool, t: f64| {
        let angle = 2.0 * PI * f * t;
        (PEAK_V * angle.sin(), if back { -14.0 } else { 14.0 } * (angle - 0.5).sin())
    };
    // Two seconds in, two seconds out; the turn is inside one interval, whose own sum decides.
    let (u, i): (Vec<f64>, Vec<f64>) =
        (0..40_000).map(|k| f64::from(k) / RATE_HZ).map(|t| half(t > 2.0, t)).unzip();
    let a = analyze(&capture(RATE_HZ, None, vec![("Ua", u), ("Ia", i)]), 50.0);
    let energy = a.energy.system.unwrap();
    let p_w = PEAK_V * 14.0 / 2.0 * 0.5f64.cos();
    for wh in [energy.import_wh, energy.export_wh] {
        assert!(wh > 1.7 * p_w / 3600.0 && wh < 2.0 * p_w / 3600.0, "{energy:?}");
    }
    let [q1, q2, q3, q4] = energy.reactive_varh;
    assert!(q1 > 0.0 && q3 > 0.0 && q2 == 0.0 && q4 == 0.0, "{energy:?}");
}

#[test]
fn demand_is_the_mean_of_each_window_of_the_clock_live_and_offline() {
    let (f, rate, start_s) = (49.9, 1600.0, TICK_S - 200.0);
    let capture = growing_capture(f, rate, 420.0, start_s);
    let config = Config { demand_min: 2.0, demand_steps: 4, ..Config::class_a(UDIN_V, 50.0) };
    let a = kilat_core::engine::offline::analyze(&capture, &config, 1).unwrap();
    let complete: Vec<_> = a.demand.iter().filter(|d| d.complete).collect();
    // Half minutes of the clock from second 420 to 810, in windows of four.
    assert_eq!(complete.len(), 10, "{:?}", a.demand);
    for d in &complete {
        let since = |t: Timestamp| t.seconds_since(Timestamp::default()) - start_s;
        let want = slow_joules(f, since(d.start), since(d.stop)) / 120.0;
        // Sharing out a window of 0.2 s by time is wrong by the part of a cycle the mean is not one of.
        within(d.p_w, want, 2e-4 * want, || format!("{:?}", d.start));
    }
    let most = demand::maximum(&a.demand).unwrap();
    assert_eq!(most.stop, complete.iter().map(|d| d.stop).max().unwrap(), "the load grows");
    let live = streamed(&capture, &config, || 4711);
    assert_eq!(live.demand, a.demand);
    assert_eq!(live.energy, a.energy);
}
