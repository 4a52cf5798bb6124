//! Power of a three-phase system in one window of whole cycles (IEEE 1459-2010, 3.2).
//!
//! Effective values replace the unbalanced system by the balanced one of equal losses (ρ = ξ = 1):
//! * four wires: Ie² = (ΣI² + In²)/3, Ve² = (3·ΣU² + ΣUll²)/18
//! * three wires: Ie² = ΣI²/3, Ve² = ΣUll²/9
//! * Se = 3·Ve·Ie, likewise Se1 from the fundamentals; with `VeH²` = Ve² − Ve1² and `IeH²` = Ie² − Ie1²:
//!   `DeI` = 3·Ve1·IeH, `DeV` = 3·VeH·Ie1, `SeH` = 3·VeH·IeH, `SeN²` = Se² − Se1² = `DeI²` + `DeV²` + `SeH²`
//! * `DeH²` = `SeH²` − `PeH²`, `PeH` = P − P1 with P1 of all phases
//! * positive sequence: S1⁺ = 3·U1⁺·I1⁺ = P1⁺ + jQ1⁺; unbalance power SU1² = Se1² − (S1⁺)²; PF = P/Se, PF1⁺ = P1⁺/S1⁺
//!
//! The arithmetic sum of the phases' S and the vector |P + jΣQ1| are no apparent power of a system in IEEE 1459; meters show
//! them all the same, so they are here under their own names.

use std::slice::{from_mut, from_ref};

use realfft::num_complex::Complex64;

use serde::{Deserialize, Serialize};

use super::columns::quantities;
use super::{Wave, rest};
use crate::engine::measured::Mean;
use crate::pq::unbalance::sequences;

quantities! {
    /// Power of a three-phase system.
    pub struct SystemPower;
    /// Columns of [`SystemPower`].
    pub struct SystemColumns;
    values {
        /// Active power P of all phases, in watts; positive into the load.
        p_w: Arithmetic,
        /// Fundamental active power of all phases, in watts.
        p1_w: Arithmetic,
        /// Fundamental reactive power of all phases ΣQ1, in vars; positive when the current lags.
        q1_var: Arithmetic,
        /// Effective voltage Ve, in volts, line-neutral.
        ve_v: Quadratic,
        /// Effective current Ie, in amperes.
        ie_a: Quadratic,
        /// Effective apparent power Se, in volt-amperes.
        se_va: Arithmetic,
        /// Fundamental effective apparent power Se1, in volt-amperes.
        se1_va: Arithmetic,
        /// Non-fundamental effective apparent power `SeN`, in volt-amperes.
        sen_va: Arithmetic,
        /// Current distortion power `DeI`, in vars.
        dei_var: Arithmetic,
        /// Voltage distortion power `DeV`, in vars.
        dev_var: Arithmetic,
        /// Harmonic apparent power `SeH`, in volt-amperes.
        seh_va: Arithmetic,
        /// Harmonic distortion power `DeH`, in vars.
        deh_var: Arithmetic,
        /// Positive-sequence fundamental voltage U1⁺, in volts, line-neutral.
        u1_positive_v: Quadratic,
        /// Positive-sequence fundamental current I1⁺, in amperes.
        i1_positive_a: Quadratic,
        /// Positive-sequence active power P1⁺, in watts.
        p1_positive_w: Arithmetic,
        /// Positive-sequence reactive power Q1⁺, in vars; positive when the current lags.
        q1_positive_var: Arithmetic,
        /// Positive-sequence apparent power S1⁺, in volt-amperes.
        s1_positive_va: Arithmetic,
        /// Fundamental unbalance power SU1, in volt-amperes.
        su1_va: Arithmetic,
        /// Sum of the phases' U·I, in volt-amperes; NaN with three wires. Not an apparent power of IEEE 1459.
        s_arithmetic_va: Arithmetic,
        /// |P + jΣQ1|, in volt-amperes. Not an apparent power of IEEE 1459.
        s_vector_va: Arithmetic,
    }
    ratios {
        /// Power factor P/Se; NaN without apparent power.
        pf = p_w / se_va,
        /// Positive-sequence power factor P1⁺/S1⁺; NaN without it.
        pf1_positive = p1_positive_w / s1_positive_va,
    }
}

/// What four wires carry in one window.
#[derive(Debug, Clone, Copy)]
pub struct FourWire<'a> {
    /// Line-neutral voltages A, B, C.
    pub u: [Wave<'a>; 3],
    /// Line-line r.m.s. values AB, BC, CA, in volts.
    pub line_line_rms_v: [f64; 3],
    /// Line currents A, B, C.
    pub i: [Wave<'a>; 3],
    /// R.m.s. of the neutral current, in amperes.
    pub neutral_rms_a: f64,
    /// Phasor of the neutral current's fundamental when it is measured; else the sum of the lines' is taken.
    pub neutral_fundamental: Option<Complex64>,
    /// Active power of each phase, in watts.
    pub p_w: [f64; 3],
}

/// What three wires carry in one window.
#[derive(Debug, Clone, Copy)]
pub struct ThreeWire<'a> {
    /// Line-line voltages AB, BC, CA.
    pub line_line: [Wave<'a>; 3],
    /// Line currents A, B, C.
    pub i: [Wave<'a>; 3],
    /// Active power of the system, in watts.
    pub p_w: f64,
}

/// Active power of three wires: the mean products ⟨uab·ia⟩ and ⟨ubc·ic⟩ of two wattmeters, the second of which is connected the
/// other way round.
pub fn two_wattmeters(ab_a: f64, bc_c: f64) -> f64 {
    ab_a - bc_c
}

impl SystemPower {
    /// Of a system with a neutral.
    pub fn four_wire(w: &FourWire<'_>) -> Self {
        let (u, i) = (w.u.map(|x| x.fundamental()), w.i.map(|x| x.fundamental()));
        let neutral = w.neutral_fundamental.unwrap_or(i[0] + i[1] + i[2]);
        let line_line = [u[0] - u[1], u[1] - u[2], u[2] - u[0]];
        let effective_u = |phases: f64, lines: f64| ((3.0 * phases + lines) / 18.0).sqrt();
        let effective_i = |lines: f64, neutral: f64| ((lines + neutral) / 3.0).sqrt();
        let ue = effective_u(squares(w.u.map(|x| x.rms)), squares(w.line_line_rms_v));
        let ie = effective_i(squares(w.i.map(|x| x.rms)), w.neutral_rms_a.powi(2));
        let fundamental = Fundamental {
            ue: effective_u(norms(u), norms(line_line)),
            ie: effective_i(norms(i), neutral.norm_sqr()),
            u_positive: sequences(u).positive,
            i_positive: sequences(i).positive,
            s: (0..3).map(|k| u[k] * i[k].conj()).sum(),
        };
        let arithmetic = (0..3).map(|k| w.u[k].rms * w.i[k].rms).sum();
        Self::new(ue, ie, w.p_w.iter().sum(), &fundamental, arithmetic)
    }

    /// Of a system without a neutral.
    pub fn three_wire(w: &ThreeWire<'_>) -> Self {
        let (lines, i) = (w.line_line.map(|x| x.fundamental()), w.i.map(|x| x.fundamental()));
        let ue = (squares(w.line_line.map(|x| x.rms)) / 9.0).sqrt();
        let ie = (squares(w.i.map(|x| x.rms)) / 3.0).sqrt();
        // Line-line AB leads line-neutral A by 30° in a positive sequence.
        let to_phase = Complex64::from_polar(3.0f64.sqrt(), std::f64::consts::FRAC_PI_6);
        let fundamental = Fundamental {
            ue: (norms(lines) / 9.0).sqrt(),
            ie: (norms(i) / 3.0).sqrt(),
            u_positive: sequences(lines).positive / to_phase,
            i_positive: sequences(i).positive,
            s: lines[0] * i[0].conj() - lines[1] * i[2].conj(),
        };
        Self::new(ue, ie, w.p_w, &fundamental, f64::NAN)
    }

    fn new(ue: f64, ie: f64, p_w: f64, fundamental: &Fundamental, s_arithmetic_va: f64) -> Self {
        let Fundamental { ue: ue1, ie: ie1, u_positive, i_positive, s } = *fundamental;
        let (ueh, ieh) = (rest(ue, ue1), rest(ie, ie1));
        let (se_va, se1_va, seh_va) = (3.0 * ue * ie, 3.0 * ue1 * ie1, 3.0 * ueh * ieh);
        let (dei_var, dev_var) = (3.0 * ue1 * ieh, 3.0 * ueh * ie1);
        let positive = 3.0 * u_positive * i_positive.conj();
        let s1_positive_va = positive.norm();
        Self {
            p_w,
            p1_w: s.re,
            q1_var: s.im,
            ve_v: ue,
            ie_a: ie,
            se_va,
            se1_va,
            sen_va: dei_var.hypot(dev_var).hypot(seh_va),
            dei_var,
            dev_var,
            seh_va,
            deh_var: rest(seh_va, p_w - s.re),
            u1_positive_v: u_positive.norm(),
            i1_positive_a: i_positive.norm(),
            p1_positive_w: positive.re,
            q1_positive_var: positive.im,
            s1_positive_va,
            su1_va: rest(se1_va, s1_positive_va),
            pf: p_w / se_va,
            pf1_positive: positive.re / s1_positive_va,
            s_arithmetic_va,
            s_vector_va: p_w.hypot(s.im),
        }
    }
}

/// Fundamental values of a system; `s` is P1 + jQ1 of all phases.
#[derive(Debug)]
struct Fundamental {
    ue: f64,
    ie: f64,
    u_positive: Complex64,
    i_positive: Complex64,
    s: Complex64,
}

fn squares(x: [f64; 3]) -> f64 {
    x.iter().map(|v| v * v).sum()
}

fn norms(x: [Complex64; 3]) -> f64 {
    x.iter().map(Complex64::norm_sqr).sum()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, SQRT_2};

    use proptest::prelude::*;

    use super::*;

    const THIRD: f64 = 2.0 * PI / 3.0;
    const N: usize = 512;

    /// A wave of sines: orders, r.m.s. values, angles.
    type Parts = Vec<(usize, f64, f64)>;

    /// One cycle of samples and the components of a wave; everything else is computed from the samples.
    struct Signal {
        samples: Vec<f64>,
        components: Vec<Complex64>,
    }

    impl Signal {
        fn new(parts: &Parts) -> Self {
            let at = |k: usize| {
                let tone = |&(h, rms, angle): &(usize, f64, f64)| {
                    SQRT_2 * rms * (2.0 * PI * (h * k) as f64 / N as f64 + angle).sin()
                };
                parts.iter().map(tone).sum::<f64>()
            };
            let mut components = vec![Complex64::ZERO; 51];
            for &(h, rms, angle) in parts {
                components[h] = Complex64::from_polar(rms, angle - PI / 2.0);
            }
            Self { samples: (0..N).map(at).collect(), components }
        }

        fn minus(&self, other: &Self) -> Self {
            Self {
                samples: self.samples.iter().zip(&other.samples).map(|(a, b)| a - b).collect(),
                components: self.components.iter().zip(&other.components).map(|(a, b)| a - b).collect(),
            }
        }

        fn times(&self, other: &Self) -> f64 {
            self.samples.iter().zip(&other.samples).map(|(a, b)| a * b).sum::<f64>() / N as f64
        }

        fn rms(&self) -> f64 {
            self.times(self).sqrt()
        }

        fn wave(&self) -> Wave<'_> {
            Wave { rms: self.rms(), components: &self.components }
        }
    }

    fn four_wire(u: &[Parts; 3], i: &[Parts; 3]) -> SystemPower {
        let (u, i) = (u.each_ref().map(Signal::new), i.each_ref().map(Signal::new));
        let neutral = Signal {
            samples: (0..N).map(|k| i.iter().map(|x| x.samples[k]).sum()).collect(),
            components: Vec::new(),
        };
        SystemPower::four_wire(&FourWire {
            u: u.each_ref().map(Signal::wave),
            line_line_rms_v: [0, 1, 2].map(|k| u[k].minus(&u[(k + 1) % 3]).rms()),
            i: i.each_ref().map(Signal::wave),
            neutral_rms_a: neutral.rms(),
            neutral_fundamental: None,
            p_w: [0, 1, 2].map(|k| u[k].times(&i[k])),
        })
    }

    /// The figures come from an independent program, which took them from sampled waves in double precision.
    #[test]
    fn an_unbalanced_system_has_the_powers_of_an_independent_computation() {
        let u = [(1.0, 0.0), (0.97, -THIRD), (1.02, THIRD)]
            .map(|(m, p)| vec![(1, 230.0 * m, p), (5, 6.0, 5.0 * p)]);
        let i = [(60.0, 10.0, 0.0, 0.4), (30.0, 12.0, -THIRD, 0.8), (45.0, 6.0, THIRD, 0.1)]
            .map(|(a, c, p, lag)| vec![(1, a, p - lag), (3, c, 3.0 * p), (5, 0.15 * a, 5.0 * p + 0.5)]);
        let got = four_wire(&u, &i);
        let near =
            |got: f64, want: f64, tolerance: f64| assert!((got - want).abs() < tolerance, "{got} {want}");
        near(got.ve_v, 229.348, 0.001);
        near(got.ie_a, 51.369, 0.001);
        near(got.se_va, 35_344.4, 0.1);
        near(got.s_arithmetic_va, 32_199.3, 0.1);
        near(got.p_w, 27_984.6, 0.1);
        near(got.pf, 0.7918, 5e-5);
        near(got.se1_va, 32_481.3, 0.1);
        near(got.s1_positive_va, 29_945.2, 0.1);
        near(got.su1_va, 12_582.6, 0.1);
        near(got.sen_va, 13_935.1, 0.1);
    }

    #[test]
    fn a_balanced_sine_has_one_apparent_power() {
        let balanced = |rms: f64, lag: f64| [0.0, -THIRD, THIRD].map(|p| vec![(1, rms, p - lag)]);
        let got = four_wire(&balanced(230.0, 0.0), &balanced(10.0, PI / 6.0));
        for s in [got.se_va, got.se1_va, got.s1_positive_va, got.s_arithmetic_va, got.s_vector_va] {
            assert!((s - 6900.0).abs() < 1e-6, "{got:?}");
        }
        assert!((got.q1_positive_var - 3450.0).abs() < 1e-6 && got.q1_positive_var > 0.0);
        assert!((got.pf - (PI / 6.0).cos()).abs() < 1e-12 && (got.pf1_positive - got.pf).abs() < 1e-12);
        assert!(got.su1_va < 1e-3 * 6900.0 && got.sen_va < 1e-3);
    }

    #[test]
    fn a_load_on_one_phase_costs_the_system_more_than_the_phase() {
        // Resistor on phase A only, 230 V, 30 A. Ie² = (900 + 900)/3, so Se = 3·230·√600: by hand.
        let u = [0.0, -THIRD, THIRD].map(|p| vec![(1, 230.0, p)]);
        let i = [vec![(1, 30.0, 0.0)], vec![], vec![]];
        let got = four_wire(&u, &i);
        assert!((got.se_va - 690.0 * 600.0f64.sqrt()).abs() < 1e-6);
        assert!((got.s1_positive_va - 6900.0).abs() < 1e-6);
        assert!((got.p_w - 6900.0).abs() < 1e-6);
        assert!((got.pf - 10.0 / 600.0f64.sqrt()).abs() < 1e-12);
        assert!((got.su1_va.powi(2) - (690.0f64.powi(2) * 600.0 - 6900.0f64.powi(2))).abs() < 1.0);
    }

    fn parts(largest: f64) -> impl Strategy<Value = Parts> {
        let tone = move |h: usize| (Just(h), 0.01..largest, -PI..PI);
        (tone(1), tone(3), tone(5), tone(11)).prop_map(|(a, b, c, d)| vec![a, b, c, d])
    }

    fn three(largest: f64) -> impl Strategy<Value = [Parts; 3]> {
        [parts(largest), parts(largest), parts(largest)]
    }

    proptest! {
        #[test]
        fn the_identities_of_the_standard_hold(u in three(300.0), i in three(90.0)) {
            let got = four_wire(&u, &i);
            let scale = got.se_va.powi(2);
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * scale;
            let parts = got.dei_var.powi(2) + got.dev_var.powi(2) + got.seh_va.powi(2);
            prop_assert!(near(got.sen_va.powi(2), parts));
            prop_assert!(near(scale, got.se1_va.powi(2) + got.sen_va.powi(2)));
            prop_assert!(near(got.s1_positive_va.powi(2), got.p1_positive_w.powi(2) + got.q1_positive_var.powi(2)));
            prop_assert!(near(got.se1_va.powi(2), got.s1_positive_va.powi(2) + got.su1_va.powi(2)));
            // No active power exceeds Se; the arithmetic sum may, under much zero-sequence voltage.
            prop_assert!(got.p_w.abs() <= got.se_va && got.s_vector_va <= got.s_arithmetic_va);
        }

        #[test]
        fn three_wires_measured_against_a_neutral_or_against_each_other_give_the_same(u in three(300.0), i in three(90.0)) {
            // Without zero sequence in voltages or currents the two sets of formulas must meet.
            let without_zero = |x: [Parts; 3]| {
                let x = x.each_ref().map(Signal::new);
                let mean = Signal {
                    samples: (0..N).map(|k| x.iter().map(|x| x.samples[k]).sum::<f64>() / 3.0).collect(),
                    components: (0..51).map(|h| x.iter().map(|x| x.components[h]).sum::<Complex64>() / 3.0).collect(),
                };
                x.map(|s| s.minus(&mean))
            };
            let (u, i) = (without_zero(u), without_zero(i));
            let lines = [0, 1, 2].map(|k| u[k].minus(&u[(k + 1) % 3]));
            let four = SystemPower::four_wire(&FourWire {
                u: u.each_ref().map(Signal::wave),
                line_line_rms_v: lines.each_ref().map(Signal::rms),
                i: i.each_ref().map(Signal::wave),
                neutral_rms_a: 0.0,
                neutral_fundamental: None,
                p_w: [0, 1, 2].map(|k| u[k].times(&i[k])),
            });
            let three = SystemPower::three_wire(&ThreeWire {
                line_line: lines.each_ref().map(Signal::wave),
                i: i.each_ref().map(Signal::wave),
                p_w: two_wattmeters(lines[0].times(&i[0]), lines[1].times(&i[2])),
            });
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * four.se_va;
            prop_assert!(near(four.se_va, three.se_va) && near(four.se1_va, three.se1_va));
            prop_assert!(near(four.p_w, three.p_w) && near(four.s_vector_va, three.s_vector_va));
            prop_assert!(near(four.p1_positive_w, three.p1_positive_w));
            prop_assert!(near(four.q1_positive_var, three.q1_positive_var));
            prop_assert!((four.deh_var.powi(2) - three.deh_var.powi(2)).abs() <= 1e-9 * four.se_va.powi(2));
            prop_assert!(three.s_arithmetic_va.is_nan());
        }
    }
}
