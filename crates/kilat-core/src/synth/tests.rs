//! Physics checks on whole scenarios, from their codes, by other means than those that made them.

use super::*;
use crate::capture::SamplesRef;

fn default(name: &str) -> Scenario {
    scenario(name, &Options::of(name).unwrap()).unwrap()
}

fn values(s: &Scenario, name: &str) -> Vec<f64> {
    let c = s.capture.channel(name).unwrap();
    c.values(0..c.len()).unwrap()
}

fn rms(x: &[f64]) -> f64 {
    (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64).sqrt()
}

/// R.m.s. of each 20 ms.
fn cycles(x: &[f64], rate_hz: f64) -> Vec<f64> {
    x.chunks_exact((rate_hz / 50.0) as usize).map(rms).collect()
}

fn codes(s: &Scenario) -> Vec<Vec<i16>> {
    let one = |c: &Channel| match c.samples.as_ref().unwrap() {
        SamplesRef::I16(x) => x.to_vec(),
        other => panic!("{other:?}"),
    };
    s.capture.channels().iter().map(one).collect()
}

#[test]
fn a_lost_neutral_moves_line_neutral_voltages_only() {
    for seed in [2024, 5, 6] {
        let options = Options { seed, duration_s: 11.0, ..Options::of("kaur-2024").unwrap() };
        let s = scenario("kaur-2024", &options).unwrap();
        let u = ["Ua", "Ub", "Uc"].map(|n| values(&s, n));
        let line_neutral = u.clone().map(|x| cycles(&x, 10e3));
        let line_line = [0, 1, 2].map(|k| {
            let d: Vec<_> = u[k].iter().zip(&u[(k + 1) % 3]).map(|(a, b)| a - b).collect();
            cycles(&d, 10e3)
        });
        for (k, ll) in line_line.iter().enumerate() {
            for (c, v) in ll.iter().enumerate() {
                assert!(
                    (v / ll[10] - 1.0).abs() < 0.02,
                    "seed {seed}: line-line {k}, cycle {c}: {v} of {}",
                    ll[10]
                );
            }
        }
        let highest = line_neutral.iter().flatten().fold(0.0, |m: f64, v| m.max(*v)) / 220.0;
        assert!(highest > 1.4, "seed {seed}: highest {highest:.2} pu");
        let apart = |c: &usize| {
            let at = line_neutral.each_ref().map(|x| x[*c]);
            at.iter().fold(0.0, |m: f64, v| m.max(*v)) - at.iter().fold(f64::MAX, |m: f64, v| m.min(*v))
                > 0.25 * 220.0
        };
        let cycles_apart = (0..line_neutral[0].len()).filter(apart).count();
        assert!(cycles_apart > 100, "seed {seed}: {cycles_apart} cycles");
        // ITIC: more than half a second above 120 %.
        let prohibited =
            line_neutral.iter().map(|x| x.iter().filter(|v| **v > 1.2 * 220.0).count()).max().unwrap();
        assert!(prohibited > 25, "seed {seed}: {prohibited} cycles above 120 %");
    }
}

#[test]
fn a_healthy_supply_gives_nothing_to_report() {
    for seed in [1, 2, 3] {
        let options = Options { seed, ..Options::of("healthy").unwrap() };
        let s = scenario("healthy", &options).unwrap();
        assert!(s.labels.is_empty(), "{:?}", s.labels);
        for name in VOLTAGES {
            let u = values(&s, name);
            for c in cycles(&u, 10e3) {
                assert!(c > 0.95 * 220.0 && c < 1.05 * 220.0, "{name}: {c} V");
            }
            let largest = (200..u.len()).map(|i| (u[i] - u[i - 200]).abs()).fold(0.0, f64::max);
            assert!(largest < 0.1 * 220.0 * 2f64.sqrt(), "{name}: {largest} V from one cycle to the next");
        }
    }
}

#[test]
fn a_recorder_shows_less_of_a_surge_than_there_is() {
    for name in ["serang-2018", "mura-2017"] {
        let s = default(name);
        let impulses: Vec<_> = s.labels.iter().filter_map(|l| l.impulse.as_ref()).collect();
        assert!(!impulses.is_empty());
        for i in impulses {
            let share = i.recorded_peak_v / i.true_peak_v;
            // Between nothing and what is left of a full 1.2/50 µs impulse at 50 kS/s.
            assert!(share > 0.15 && share < 0.85, "{name}: {i:?}");
            let u = values(&s, i.channel);
            let at = i.peak_sample as usize;
            let departs = u[at] - u[at - 1000];
            assert!(
                (departs / i.recorded_peak_v - 1.0).abs() < 0.15,
                "{name}: {departs} V in the codes, {i:?}"
            );
        }
    }
}

#[test]
fn mura_is_one_impulse_above_category_ii_and_nothing_else() {
    let s = default("mura-2017");
    // So large an impulse lifts the r.m.s. of its own cycle; nothing lasts beyond that.
    assert!(
        s.labels.iter().all(|l| l.cause == "impulsive_surge" && l.stop_s - l.start_s < 0.025),
        "{:?}",
        s.labels
    );
    let impulse = s.labels.iter().find_map(|l| l.impulse.as_ref()).unwrap();
    assert!(impulse.true_peak_v.abs() > 2500.0 && impulse.recorded_peak_v.abs() > 2500.0 && !impulse.clipped);
    let c = cycles(&values(&s, "Ua"), 50e3);
    assert!((c[c.len() - 5] / c[5] - 1.0).abs() < 0.01);
}

#[test]
fn serang_interrupts_two_phases() {
    let s = default("serang-2018");
    let strokes: Vec<_> = s.labels.iter().filter(|l| l.what == What::Transient).collect();
    assert!(strokes.len() >= 4 && strokes[strokes.len() - 1].start_s - strokes[0].start_s < 1.0);
    let dead = |name| *cycles(&values(&s, name), 50e3).last().unwrap() < 0.05 * 220.0;
    assert_eq!([dead("Ua"), dead("Ub"), dead("Uc")], [false, true, true]);
}

#[test]
fn palembang_draws_more_while_the_voltage_falls() {
    let s = default("palembang-2021");
    let fault = s.labels.iter().find(|l| l.what == What::Fault).unwrap();
    let at = |t: f64| (t * 50.0) as usize;
    let (u, i) = (cycles(&values(&s, "Ua"), 10e3), cycles(&values(&s, "Ia"), 10e3));
    let (before, during) = (at(fault.start_s) - 2, at(fault.start_s) + 3);
    assert!(u[during] < 0.7 * u[before] && i[during] > 5.0 * i[before]);
    // Arcing grows: the largest change of current in one sample, late against before it began.
    let ia = values(&s, "Ia");
    let steps = |t0: f64| {
        let r = (t0 * 10e3) as usize..((t0 + 1.0) * 10e3) as usize;
        ia[r].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max)
    };
    let (quiet, early, late) = (steps(0.5), steps(3.5), steps(fault.start_s - 1.2));
    assert!(late > 1.5 * early && early > 1.2 * quiet, "{quiet} {early} {late}");
}

#[test]
fn the_generator_wanders_with_its_load() {
    let s = default("generator");
    let set = s.labels.iter().find(|l| l.what == What::GeneratorSupply).unwrap();
    let u = values(&s, "Ub");
    let r = ((set.start_s + 0.5) * 10e3) as usize..((set.stop_s - 0.1) * 10e3) as usize;
    // Whole cycles between filtered rising crossings, ten at a time.
    let smooth: Vec<f64> = u[r].windows(20).map(|w| w.iter().sum::<f64>()).collect();
    let cross: Vec<f64> = (1..smooth.len())
        .filter(|&i| smooth[i - 1] < 0.0 && smooth[i] >= 0.0)
        .map(|i| i as f64 - smooth[i] / (smooth[i] - smooth[i - 1]))
        .collect();
    let f: Vec<f64> = cross.windows(11).map(|w| 10.0 * 10e3 / (w[10] - w[0])).collect();
    let (lo, hi) = f.iter().fold((f64::MAX, 0.0f64), |(a, b), v| (a.min(*v), b.max(*v)));
    assert!(lo < 49.5 && lo > 45.0 && hi < 54.0 && hi - lo > 0.5, "{lo} to {hi} Hz");
}

#[test]
fn bengkulu_sags_with_its_own_current() {
    let s = default("bengkulu-2020");
    assert!(s.labels.iter().filter(|l| l.what == What::Dip).count() >= 6);
    let (u, i) = (cycles(&values(&s, "Ua"), 10e3), cycles(&values(&s, "Ia"), 10e3));
    let n = u.len() as f64;
    let (mu, mi) = (u.iter().sum::<f64>() / n, i.iter().sum::<f64>() / n);
    let cov: f64 = u.iter().zip(&i).map(|(a, b)| (a - mu) * (b - mi)).sum();
    let var = |x: &[f64], m: f64| x.iter().map(|v| (v - m) * (v - m)).sum::<f64>();
    let correlation = cov / (var(&u, mu) * var(&i, mi)).sqrt();
    assert!(mu < 0.9 * 220.0 && correlation < -0.9, "{mu} V, {correlation}");
}

#[test]
fn labels_agree_with_the_codes() {
    for name in names() {
        let s = default(name);
        let rate = s.options.sample_rate_hz;
        for l in s.labels.iter().filter(|l| l.impulse.is_none() && l.stop_s - l.start_s > 0.05) {
            let u = values(&s, l.extreme_channel);
            let r = (l.start_s * rate).round() as usize..((l.stop_s * rate).round() as usize).min(u.len());
            let seen = rms(&u[r]);
            assert!((seen - l.rms_v).abs() < 0.005 * 220.0, "{name}: {seen} V in the codes, {l:?}");
        }
    }
}

#[test]
fn equal_options_give_equal_codes() {
    let at = |seed| {
        let options = Options { seed, duration_s: 1.0, ..Options::of("healthy").unwrap() };
        codes(&scenario("healthy", &options).unwrap())
    };
    assert_eq!(at(3), at(3));
    assert_ne!(at(3), at(4));
}

#[test]
fn senseless_options_are_refused() {
    assert!(Options::of("nowhere").unwrap_err().to_string().contains("kaur-2024"));
    let good = Options::of("kaur-2024").unwrap();
    for bad in [
        Options { sample_rate_hz: f64::NAN, ..good.clone() },
        Options { duration_s: 2.0, ..good.clone() },
        Options { noise_db: -1.0, ..good.clone() },
        Options { sample_rate_hz: 1e6, duration_s: 3600.0, ..good },
    ] {
        assert!(scenario("kaur-2024", &bad).is_err(), "{bad:?}");
    }
    assert!(names().iter().all(|n| Options::of(n).is_ok()) && names().len() == scenarios::ALL.len());
}
