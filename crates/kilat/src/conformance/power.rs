//! Power (IEEE 1459): definitions in closed form from the tones of the waves, and the identities that bind the results.

use std::f64::consts::PI;

use kilat_core::engine::offline;
use kilat_core::{Analysis, Phase, Result, Timestamp};

use super::signal::{ANGLES_RAD, Mains, SYSTEMS, Tone, Wave, analyze, capture, intervals_s, point};
use super::{Reading, Row};

/// Of apparent power, in %: two magnitudes of Class A together. IEEE 1459 itself names no uncertainty.
const LIMIT_PCT: f64 = 0.2;
/// Of an identity, in parts: what double precision leaves of quantities that were rooted and squared again.
const IDENTITY: f64 = 1e-9;

/// All rows at one sampling rate.
pub fn rows(rate_hz: f64) -> Vec<Row> {
    let mut all = Vec::new();
    for mains in SYSTEMS {
        all.extend(single_phase(rate_hz, mains));
        all.extend(three_phase(rate_hz, mains, false));
        all.extend(three_phase(rate_hz, mains, true));
    }
    all
}

type Complex = (f64, f64);

fn phasor(tone: Option<&Tone>) -> Complex {
    tone.map_or((0.0, 0.0), |x| (x.rms_v * x.phase_rad.cos(), x.rms_v * x.phase_rad.sin()))
}

fn add(a: Complex, b: Complex) -> Complex {
    (a.0 + b.0, a.1 + b.1)
}

fn scale(a: Complex, k: f64) -> Complex {
    (a.0 * k, a.1 * k)
}

fn turn(a: Complex, rad: f64) -> Complex {
    let (s, c) = rad.sin_cos();
    (a.0 * c - a.1 * s, a.0 * s + a.1 * c)
}

fn norm(a: Complex) -> f64 {
    f64::hypot(a.0, a.1)
}

/// u·i*: active and reactive power.
fn product(u: Complex, i: Complex) -> Complex {
    (u.0 * i.0 + u.1 * i.1, u.1 * i.0 - u.0 * i.1)
}

/// Components of a wave by order, 0 to 50.
fn orders(wave: &Wave, hz: f64) -> Vec<Complex> {
    let of = |h: i32| phasor(wave.0.iter().find(|x| (x.hz - f64::from(h) * hz).abs() < 1e-6));
    (0..=50).map(of).collect()
}

/// R.m.s. of everything, and of all but the fundamental.
fn total(x: &[Complex]) -> (f64, f64) {
    let square = |x: &[Complex]| x.iter().map(|c| norm(*c).powi(2)).sum::<f64>();
    (square(x).sqrt(), (square(x) - norm(x[1]).powi(2)).max(0.0).sqrt())
}

fn root(a: f64, b: f64) -> f64 {
    (a * a - b * b).max(0.0).sqrt()
}

/// One phase: a voltage with a fifth and a seventh, a current with a third, a fifth that flows back, and a seventh.
fn single_waves(mains: Mains, hz: f64) -> (Wave, Wave) {
    let u = Wave::sine(hz, mains.udin_v, 0.2).with(5.0, 0.06, 30.0).with(7.0, 0.02, 200.0);
    let i = Wave::sine(hz, 10.0, 0.2 - 0.6).with(3.0, 0.3, 10.0).with(5.0, 0.2, 170.0).with(7.0, 0.1, -40.0);
    (u, i)
}

/// The definitions of IEEE 1459-2010, 3.1, on components.
fn single_slowly(u: &[Complex], i: &[Complex]) -> Vec<(&'static str, f64)> {
    let ((u_rms, uh), (i_rms, ih)) = (total(u), total(i));
    let powers: Vec<Complex> = u.iter().zip(i).map(|(u, i)| product(*u, *i)).collect();
    let p: f64 = powers.iter().map(|s| s.0).sum();
    let (p1, q1) = powers[1];
    let (u1, i1) = (norm(u[1]), norm(i[1]));
    let s = u_rms * i_rms;
    let sh = uh * ih;
    // The voltage a quarter of a cycle later: order h turned back by h quarter turns.
    let late = |h: usize| product(turn(u[h], -PI / 2.0 * h as f64), i[h]).0;
    vec![
        ("p_w", p),
        ("p1_w", p1),
        ("ph_w", p - p1),
        ("q1_var", q1),
        ("s_va", s),
        ("s1_va", u1 * i1),
        ("sn_va", root(s, u1 * i1)),
        ("di_var", u1 * ih),
        ("dv_var", uh * i1),
        ("sh_va", sh),
        ("dh_var", root(sh, p - p1)),
        ("n_var", root(s, p)),
        ("q_budeanu_var", powers.iter().map(|s| s.1).sum()),
        ("q_fryze_var", root(s, p)),
        ("q_quarter_cycle_var", (0..u.len()).map(late).sum()),
        ("pf", p / s),
        ("pf1", p1 / (u1 * i1)),
    ]
}

/// Relations among measured quantities that hold whatever the wave: name, and both sides.
type Identity = (&'static str, fn(&dyn Fn(&str) -> f64) -> (f64, f64));

const SINGLE: [Identity; 6] = [
    ("S² = P² + N²", |q| (q("s_va").powi(2), q("p_w").powi(2) + q("n_var").powi(2))),
    ("S² = S1² + SN²", |q| (q("s_va").powi(2), q("s1_va").powi(2) + q("sn_va").powi(2))),
    ("S1² = P1² + Q1²", |q| (q("s1_va").powi(2), q("p1_w").powi(2) + q("q1_var").powi(2))),
    ("SN² = DI² + DV² + SH²", |q| {
        (q("sn_va").powi(2), q("di_var").powi(2) + q("dv_var").powi(2) + q("sh_va").powi(2))
    }),
    ("SH² = PH² + DH²", |q| (q("sh_va").powi(2), q("ph_w").powi(2) + q("dh_var").powi(2))),
    ("(SN/S1)² = THDI² + THDV² + (THDI·THDV)²", |q| {
        let (i, v) = (q("di_var") / q("s1_va"), q("dv_var") / q("s1_va"));
        ((q("sn_va") / q("s1_va")).powi(2), i * i + v * v + (i * v).powi(2))
    }),
];

const SYSTEM: [Identity; 5] = [
    ("Se² = Se1² + SeN²", |q| (q("se_va").powi(2), q("se1_va").powi(2) + q("sen_va").powi(2))),
    ("Se = 3·Ve·Ie", |q| (q("se_va"), 3.0 * q("ve_v") * q("ie_a"))),
    ("SeN² = DeI² + DeV² + SeH²", |q| {
        (q("sen_va").powi(2), q("dei_var").powi(2) + q("dev_var").powi(2) + q("seh_va").powi(2))
    }),
    ("S1⁺² = P1⁺² + Q1⁺²", |q| {
        (q("s1_positive_va").powi(2), q("p1_positive_w").powi(2) + q("q1_positive_var").powi(2))
    }),
    ("Se1² = S1⁺² + SU1²", |q| (q("se1_va").powi(2), q("s1_positive_va").powi(2) + q("su1_va").powi(2))),
];

/// Offsets of the mains from nominal, in hertz.
const OFFSETS_HZ: [f64; 2] = [0.0, -0.7];

fn single_phase(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let run = move |hz: f64| -> Result<(Analysis, Vec<(&'static str, f64)>)> {
        let (u, i) = single_waves(mains, hz);
        let expected = single_slowly(&orders(&u, hz), &orders(&i, hz));
        let functions: [&dyn Fn(f64) -> f64; 4] = [&|t| u.at(t), &|_| 0.0, &|_| 0.0, &|t| i.at(t)];
        let capture = capture(rate_hz, intervals_s(2), Timestamp(0), &functions)?;
        let capture = capture.select(|c| c.name == "Ua" || c.name == "Ia");
        Ok((offline::analyze(&capture, &mains.config(), 1)?, expected))
    };
    let (u, i) = single_waves(mains, mains.hz);
    let quantities = single_slowly(&orders(&u, mains.hz), &orders(&i, mains.hz));
    let column = |a: &Analysis, name: &str| -> Vec<f64> {
        let columns = a.power.columns();
        columns.iter().find(|c| c.0 == name).map_or_else(Vec::new, |c| c.1.iter().copied().collect())
    };
    both(
        rate_hz,
        mains,
        "single phase",
        "IEEE 1459-2010, 3.1",
        &quantities,
        &SINGLE,
        ("s_va", "pf"),
        run,
        column,
    )
}

/// Three phases: unbalanced, with harmonics of every sequence; with three wires nothing of zero sequence.
fn system_waves(mains: Mains, hz: f64, three_wires: bool) -> ([Wave; 3], [Wave; 3]) {
    let u = [1.0, 0.97, 1.02];
    let i = [60.0, 30.0, 45.0];
    let lags = [0.4, 0.8, 0.1];
    let voltage = |k: usize| Wave::sine(hz, u[k] * mains.udin_v, ANGLES_RAD[k]).with(5.0, 0.03, 0.0);
    let current =
        |k: usize| Wave::sine(hz, i[k], ANGLES_RAD[k] - lags[k]).with(3.0, 0.2, 20.0).with(5.0, 0.15, 30.0);
    let (u, i) = ([0, 1, 2].map(voltage), [0, 1, 2].map(current));
    if three_wires { (without_zero(&u), without_zero(&i)) } else { (u, i) }
}

/// Each wave less a third of the sum of all.
fn without_zero(waves: &[Wave; 3]) -> [Wave; 3] {
    [0, 1, 2].map(|k| {
        let mut out = waves[k].clone();
        for other in waves {
            let third = |x: &Tone| Tone { rms_v: x.rms_v / 3.0, phase_rad: x.phase_rad + PI, ..*x };
            out.0.extend(other.0.iter().map(third));
        }
        collected(&out)
    })
}

fn minus(a: &Wave, b: &Wave) -> Wave {
    let turned = b.0.iter().map(|x| Tone { phase_rad: x.phase_rad + PI, ..*x });
    collected(&Wave(a.0.iter().copied().chain(turned).collect()))
}

/// One tone for each frequency.
fn collected(wave: &Wave) -> Wave {
    let mut out: Vec<(f64, Complex)> = Vec::new();
    for x in &wave.0 {
        match out.iter_mut().find(|o| (o.0 - x.hz).abs() < 1e-6) {
            Some(o) => o.1 = add(o.1, phasor(Some(x))),
            None => out.push((x.hz, phasor(Some(x)))),
        }
    }
    Wave(out.into_iter().map(|(hz, c)| Tone { hz, rms_v: norm(c), phase_rad: c.1.atan2(c.0) }).collect())
}

/// The definitions of IEEE 1459-2010, 3.2, on components of the phases; ρ = ξ = 1.
fn system_slowly(
    u: &[Vec<Complex>; 3],
    i: &[Vec<Complex>; 3],
    three_wires: bool,
) -> Vec<(&'static str, f64)> {
    let difference = |a: &[Complex], b: &[Complex]| -> Vec<Complex> {
        a.iter().zip(b).map(|(a, b)| add(*a, scale(*b, -1.0))).collect()
    };
    let lines = [0, 1, 2].map(|k| difference(&u[k], &u[(k + 1) % 3]));
    let neutral: Vec<Complex> =
        (0..=50).map(|h| i.iter().fold((0.0, 0.0), |sum, i| add(sum, i[h]))).collect();
    let squares = |x: &[Vec<Complex>; 3]| x.iter().map(|x| total(x).0.powi(2)).sum::<f64>();
    let firsts = |x: &[Vec<Complex>; 3]| x.iter().map(|x| norm(x[1]).powi(2)).sum::<f64>();
    let effective = |u: f64, lines: f64, i: f64, neutral: f64| {
        if three_wires {
            ((lines / 9.0).sqrt(), (i / 3.0).sqrt())
        } else {
            (((3.0 * u + lines) / 18.0).sqrt(), ((i + neutral) / 3.0).sqrt())
        }
    };
    let (ve, ie) = effective(squares(u), squares(&lines), squares(i), total(&neutral).0.powi(2));
    let (ve1, ie1) = effective(firsts(u), firsts(&lines), firsts(i), norm(neutral[1]).powi(2));
    let (veh, ieh) = (root(ve, ve1), root(ie, ie1));
    let power = |h: usize| u.iter().zip(i).map(|(u, i)| product(u[h], i[h])).fold((0.0, 0.0), add);
    let p: f64 = (0..=50).map(|h| power(h).0).sum();
    let (p1, q1) = power(1);
    let positive = |x: &[Vec<Complex>; 3]| {
        let turned = (0..3).map(|k| turn(x[k][1], 2.0 * PI / 3.0 * k as f64));
        scale(turned.fold((0.0, 0.0), add), 1.0 / 3.0)
    };
    let (u1, i1) = (positive(u), positive(i));
    let s1 = scale(product(u1, i1), 3.0);
    let (se, se1) = (3.0 * ve * ie, 3.0 * ve1 * ie1);
    let mut all = vec![
        ("p_w", p),
        ("p1_w", p1),
        ("q1_var", q1),
        ("ve_v", ve),
        ("ie_a", ie),
        ("se_va", se),
        ("se1_va", se1),
        ("sen_va", root(se, se1)),
        ("dei_var", 3.0 * ve1 * ieh),
        ("dev_var", 3.0 * veh * ie1),
        ("seh_va", 3.0 * veh * ieh),
        ("deh_var", root(3.0 * veh * ieh, p - p1)),
        ("u1_positive_v", norm(u1)),
        ("i1_positive_a", norm(i1)),
        ("p1_positive_w", s1.0),
        ("q1_positive_var", s1.1),
        ("s1_positive_va", norm(s1)),
        ("su1_va", root(se1, norm(s1))),
        ("s_vector_va", norm((p, q1))),
        ("pf", p / se),
        ("pf1_positive", s1.0 / norm(s1)),
    ];
    if !three_wires {
        all.push(("s_arithmetic_va", (0..3).map(|k| total(&u[k]).0 * total(&i[k]).0).sum()));
    }
    all
}

fn three_phase(rate_hz: f64, mains: Mains, three_wires: bool) -> Vec<Row> {
    let slowly = move |hz: f64| {
        let (u, i) = system_waves(mains, hz, three_wires);
        system_slowly(&u.each_ref().map(|w| orders(w, hz)), &i.each_ref().map(|w| orders(w, hz)), three_wires)
    };
    let run = move |hz: f64| -> Result<(Analysis, Vec<(&'static str, f64)>)> {
        let (u, i) = system_waves(mains, hz, three_wires);
        if !three_wires {
            let waves: Vec<Wave> = u.into_iter().chain(i).collect();
            return Ok((analyze(&mains.config(), rate_hz, intervals_s(2), &waves)?, slowly(hz)));
        }
        let lines = [0, 1, 2].map(|k| minus(&u[k], &u[(k + 1) % 3]));
        let waves: Vec<Wave> = lines.into_iter().chain(i).collect();
        let functions: Vec<Box<dyn Fn(f64) -> f64 + '_>> =
            waves.iter().map(|w| Box::new(|t| w.at(t)) as Box<dyn Fn(f64) -> f64 + '_>).collect();
        let phases: Vec<&dyn Fn(f64) -> f64> =
            functions.iter().map(|f| &**f as &dyn Fn(f64) -> f64).collect();
        let mut capture = capture(rate_hz, intervals_s(2), Timestamp(0), &phases)?;
        let named = [("Uab", Phase::AB), ("Ubc", Phase::BC), ("Uca", Phase::CA)];
        for (channel, (name, phase)) in capture.channels_mut().iter_mut().zip(named) {
            (channel.name, channel.phase) = (name.into(), Some(phase));
        }
        let config = kilat_core::Config { nominal_voltage_v: 3f64.sqrt() * mains.udin_v, ..mains.config() };
        Ok((offline::analyze(&capture, &config, 1)?, slowly(hz)))
    };
    let column = |a: &Analysis, name: &str| -> Vec<f64> {
        a.system_power.columns().iter().find(|c| c.0 == name).map_or_else(Vec::new, |c| c.1.clone())
    };
    let what = if three_wires { "three wires" } else { "four wires" };
    both(
        rate_hz,
        mains,
        what,
        "IEEE 1459-2010, 3.2",
        &slowly(mains.hz),
        &SYSTEM,
        ("se_va", "pf"),
        run,
        column,
    )
}

/// A row for each definition and one for each identity.
#[expect(clippy::too_many_arguments, reason = "two systems that differ in every one of them")]
fn both(
    rate_hz: f64,
    mains: Mains,
    what: &'static str,
    source: &'static str,
    quantities: &[(&'static str, f64)],
    identities: &'static [Identity],
    (apparent, factor): (&'static str, &'static str),
    run: impl Fn(f64) -> Result<(Analysis, Vec<(&'static str, f64)>)> + Copy + Send + Sync + 'static,
    column: impl Fn(&Analysis, &str) -> Vec<f64> + Copy + Send + Sync + 'static,
) -> Vec<Row> {
    let mut all = Vec::new();
    for &(name, _) in quantities {
        // Factors are parts of apparent power by themselves; voltages and currents are in % of themselves.
        let reference = move |expected: &[(&str, f64)]| {
            let of = |n: &str| expected.iter().find(|q| q.0 == n).map_or(f64::NAN, |q| q.1);
            match name {
                _ if name.starts_with(factor) => 1.0,
                _ if name.ends_with("_v") || name.ends_with("_a") => of(name),
                _ => of(apparent),
            }
        };
        all.push(Row {
            quantity: "power",
            source,
            point: point(&format!("{what}, {name}"), mains, None, rate_hz),
            unit: "% of apparent power",
            limit: LIMIT_PCT,
            ours: LIMIT_PCT / 10.0,
            measure: Box::new(move || {
                let mut readings = Vec::new();
                for offset_hz in OFFSETS_HZ {
                    let (a, expected) = run(mains.hz + offset_hz)?;
                    let per_cent = 100.0 / reference(&expected);
                    let want = expected.iter().find(|q| q.0 == name).map_or(f64::NAN, |q| q.1);
                    let measured = column(&a, name);
                    readings.extend(
                        measured
                            .iter()
                            .map(|m| Reading { expected: want * per_cent, measured: m * per_cent }),
                    );
                    // A quantity that is not there at all has failed.
                    if measured.is_empty() {
                        readings.push(Reading::worst([]));
                    }
                }
                Ok(Reading::worst(readings))
            }),
        });
    }
    for &(name, sides) in identities {
        all.push(Row {
            quantity: "power, identities",
            source,
            point: point(&format!("{what}, {name}"), mains, None, rate_hz),
            unit: "parts",
            limit: IDENTITY,
            ours: IDENTITY,
            measure: Box::new(move || {
                let (a, _) = run(mains.hz)?;
                let quantity = |name: &str| column(&a, name).first().copied().unwrap_or(f64::NAN);
                let (left, right) = sides(&quantity);
                Ok(Reading { expected: 1.0, measured: left / right })
            }),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definitions on components against plain sums over samples of one period.
    #[test]
    fn components_give_the_mean_product_of_the_waves() {
        let mains = SYSTEMS[0];
        let (u, i) = single_waves(mains, 50.0);
        let n = 10_000;
        let t = |k: i32| f64::from(k) * 0.02 / f64::from(n);
        let mean = |f: &dyn Fn(f64) -> f64| (0..n).map(|k| f(t(k))).sum::<f64>() / f64::from(n);
        let q = single_slowly(&orders(&u, 50.0), &orders(&i, 50.0));
        let of = |name: &str| q.iter().find(|q| q.0 == name).unwrap().1;
        assert!((mean(&|t| u.at(t) * i.at(t)) - of("p_w")).abs() < 1e-9 * of("s_va"));
        assert!((mean(&|t| u.at(t - 0.005) * i.at(t)) - of("q_quarter_cycle_var")).abs() < 1e-9 * of("s_va"));
        let rms = |w: &Wave| mean(&|t| w.at(t).powi(2)).sqrt();
        assert!((rms(&u) * rms(&i) - of("s_va")).abs() < 1e-9 * of("s_va"));
        // Waves without zero sequence add up to nothing.
        let (u, _) = system_waves(mains, 50.0, true);
        assert!(u.iter().map(|u| u.at(0.0037)).sum::<f64>().abs() < 1e-9 * mains.udin_v);
    }
}
