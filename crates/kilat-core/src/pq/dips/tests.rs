//! Classes and directions against the tables they come from.

use super::*;

fn at(v: f64, degrees: f64) -> Complex64 {
    Complex64::from_polar(v, degrees.to_radians())
}

/// The three phasors of a class with phase A as the odd one, by the table of Bollen.
fn table(letter: Letter, v: Complex64) -> [Complex64; 3] {
    let (j, r) = (Complex64::I, 3f64.sqrt());
    let one = Complex64::ONE;
    match letter {
        Letter::A => [v, v * at(1.0, -120.0), v * at(1.0, 120.0)],
        Letter::B => [v, at(1.0, -120.0), at(1.0, 120.0)],
        Letter::C => [one, -0.5 * one - j * 0.5 * r * v, -0.5 * one + j * 0.5 * r * v],
        Letter::D => [v, -0.5 * v - j * 0.5 * r, -0.5 * v + j * 0.5 * r],
        Letter::E => [one, v * at(1.0, -120.0), v * at(1.0, 120.0)],
        Letter::F => {
            let side = j * r * (one / 3.0 + v / 6.0);
            [v, -0.5 * v - side, -0.5 * v + side]
        }
        Letter::G => {
            let (top, base) = (2.0 / 3.0 + v / 3.0, -one / 3.0 - v / 6.0);
            [top, base - j * 0.5 * r * v, base + j * 0.5 * r * v]
        }
    }
}

#[test]
fn both_methods_name_every_class_on_every_phase() {
    use Letter::{A, B, C, D, E, F, G};
    for letter in [A, B, C, D, E, F, G] {
        for depth in [0.2, 0.35, 0.5, 0.7, 0.85] {
            for jump in [0.0, -20.0] {
                // A dip that deep jumps less: its impedance is small beside the source's.
                let v = at(1.0 - depth, jump * (1.0 - depth));
                let odd = table(letter, v);
                for phase in 0..3 {
                    // Rotating the phases moves the odd one; the sequence of rotation stays.
                    let v = [0, 1, 2].map(|k| odd[(k + 3 - phase) % 3] * at(1.0, -120.0 * phase as f64));
                    let want = DipClass { letter, phase: (letter != A).then_some(phase as u8) };
                    let got = by_sequences(v);
                    assert_eq!(got.class, want, "depth {depth} jump {jump}: by sequences");
                    // Magnitudes alone mistake the jump of a shallow dip for another class.
                    if jump == 0.0 || depth >= 0.35 {
                        assert_eq!(by_six_phases(v).class, want, "depth {depth} jump {jump}: by six phases");
                    }
                }
            }
        }
    }
}

#[test]
fn characteristic_voltage_and_factor_are_those_of_the_table() {
    let v = at(0.6, -12.0);
    for letter in [Letter::C, Letter::D] {
        let (s, six) = (by_sequences(table(letter, v)), by_six_phases(table(letter, v)));
        for (got, want) in [(s.characteristic, v), (six.characteristic, v), (s.factor, Complex64::ONE)] {
            assert!((got - want).norm() < 1e-9, "{letter:?}: {got} {want}");
        }
    }
    // One phase to earth at a star: without zero sequence a D of 1/3 + 2/3·V.
    let b = by_sequences(table(Letter::B, v));
    assert!((b.characteristic - (1.0 + 2.0 * v) / 3.0).norm() < 1e-9);
    assert!((by_sequences(table(Letter::G, v)).factor - (2.0 + v) / 3.0).norm() < 1e-9);
}

/// Phasors at the meter of a source behind `zs` and loads: before, and with `fault` across the load side or the supply side.
fn circuit(zs: Complex64, load: Complex64, fault: Complex64, downstream: bool) -> (Pair, Pair) {
    let parallel = |a: Complex64, b: Complex64| a * b / (a + b);
    let before = Pair { u: load / (zs + load), i: Complex64::ONE / (zs + load) };
    let z = parallel(load, fault);
    let u = z / (zs + z);
    let i = if downstream { u / z } else { u / load };
    (before, Pair { u, i })
}

#[test]
fn the_vote_finds_the_side_of_a_fault() {
    for (zs, load) in
        [(at(0.05, 60.0), at(1.0, 20.0)), (at(0.02, 80.0), at(1.5, 35.0)), (at(0.1, 40.0), at(1.0, 5.0))]
    {
        for fault in [at(0.02, 30.0), at(0.1, 50.0), at(0.3, 5.0)] {
            for (downstream, side) in [(true, Side::Downstream), (false, Side::Upstream)] {
                let (before, during) = circuit(zs, load, fault, downstream);
                let d = direction(before, &[during, during]);
                assert_eq!(d.side, side, "{zs} {load} {fault}: {d:?}");
                assert!(d.margin > 0.3);
            }
        }
    }
    let same = Pair { u: Complex64::ONE, i: at(1.0, -20.0) };
    assert_eq!(direction(same, &[same, same]), Direction::default());
    assert_eq!(direction(same, &[]), Direction::default());
}

#[test]
fn no_side_is_named_where_power_flows_backwards() {
    let (before, during) = circuit(at(0.05, 60.0), at(1.0, 20.0), at(0.1, 50.0), true);
    let turned = |p: Pair| Pair { i: -p.i, ..p };
    assert_eq!(direction(before, &[during]).side, Side::Downstream);
    assert_eq!(direction(turned(before), &[turned(during)]), Direction::default());
}

/// Sources of high voltage are almost pure reactances, and a short circuit nearby takes the voltage that power needs.
#[test]
fn a_close_short_circuit_behind_a_reactance_is_downstream() {
    for source_deg in [80.0, 88.0, 95.0] {
        let (before, during) = circuit(at(0.05, source_deg), at(1.0, 5.0), at(0.01, 85.0), true);
        assert!((during.u * during.i.conj()).re < (before.u * before.i.conj()).re);
        let d = direction(before, &[during, during]);
        assert_eq!(d.side, Side::Downstream, "{source_deg}: {d:?}");
    }
}

#[test]
fn an_onset_is_found_at_any_place_on_the_wave() {
    // The second at 250 kHz, where not every sample is tried.
    for period in [200, 5000] {
        for degrees in [72, 128, 180, 240, 324] {
            let start = period * degrees / 360;
            let d: Vec<f64> = (0..2 * period)
                .map(|k| {
                    let noise = 0.004 * ((k * 7919 % 101) as f64 / 50.0 - 1.0);
                    noise + if k < start { 0.0 } else { -0.5 * (TAU * k as f64 / period as f64).sin() }
                })
                .collect();
            let got = onset(&d, period as f64).unwrap();
            assert!(got.abs_diff(start) <= (period / 66).min(16), "{period}: {got} {start}");
        }
    }
}

#[test]
fn an_onset_sought_at_some_points_first_is_that_of_a_search_of_all() {
    // Every third sample is tried first.
    let period = 1500;
    for start in [301, 750, 1402] {
        let d: Vec<f64> = (0..2 * period)
            .map(|k| {
                let noise = 0.004 * ((k * 7919 % 101) as f64 / 50.0 - 1.0);
                noise + if k < start { 0.0 } else { 0.4 * (TAU * k as f64 / period as f64 + 0.7).cos() }
            })
            .collect();
        let all = d.iter().map(|d| d * d).sum();
        let (mut tail, mut best) = (Tail::default(), (f64::INFINITY, 0));
        for k in (0..d.len()).rev() {
            tail.add(Complex64::from_polar(1.0, TAU * k as f64 / period as f64), d[k]);
            let rest = tail.rest(all);
            if d.len() - k > period / 8 && rest < best.0 {
                best = (rest, k);
            }
        }
        assert_eq!(onset(&d, period as f64), Some(best.1));
    }
}
