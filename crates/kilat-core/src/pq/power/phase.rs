//! Power of one phase in one window of whole cycles (IEEE 1459-2010, 3.1.2).
//!
//! With U1, I1 the fundamentals, UH² = U² − U1² and IH² = I² − I1² (so they hold d.c. and interharmonics too), θ the angle
//! by which the current lags:
//! * P = ⟨u·i⟩, P1 = U1·I1·cos θ1, PH = P − P1, Q1 = U1·I1·sin θ1
//! * S = U·I, S1 = U1·I1, DI = U1·IH, DV = UH·I1, SH = UH·IH, SN² = S² − S1² = DI² + DV² + SH²
//! * DH² = SH² − PH², N² = S² − P², PF = P/S, PF1 = P1/S1
//!
//! "Reactive power" of distorted waves has four meanings in the field, so each has its own name here: Q1 (the standard's, and
//! the default), Budeanu's Σ `UhIh` sin θh, Fryze's √(S² − P²), and that of meters that delay the voltage by a quarter cycle.

use std::slice::{from_mut, from_ref};

use serde::{Deserialize, Serialize};

use super::columns::quantities;
use super::{Wave, rest};
use crate::engine::measured::Mean;

quantities! {
    /// Power of one phase.
    pub struct PhasePower;
    /// Columns of [`PhasePower`].
    pub struct PhaseColumns;
    values {
        /// Active power P, in watts; positive into the load.
        p_w: Arithmetic,
        /// Fundamental active power P1, in watts.
        p1_w: Arithmetic,
        /// Harmonic active power PH = P − P1, in watts; d.c. and interharmonics are part of it.
        ph_w: Arithmetic,
        /// Fundamental reactive power Q1, in vars; positive when the current lags.
        q1_var: Arithmetic,
        /// Apparent power S = U·I, in volt-amperes.
        s_va: Arithmetic,
        /// Fundamental apparent power S1, in volt-amperes.
        s1_va: Arithmetic,
        /// Non-fundamental apparent power SN, in volt-amperes.
        sn_va: Arithmetic,
        /// Current distortion power DI, in vars.
        di_var: Arithmetic,
        /// Voltage distortion power DV, in vars.
        dv_var: Arithmetic,
        /// Harmonic apparent power SH, in volt-amperes.
        sh_va: Arithmetic,
        /// Harmonic distortion power DH, in vars.
        dh_var: Arithmetic,
        /// Non-active power N, in vars.
        n_var: Arithmetic,
        /// Reactive power after Budeanu, in vars: Σ `UhIh` sin θh over the known orders.
        q_budeanu_var: Arithmetic,
        /// Reactive power after Fryze, in vars: √(S² − P²), never negative. For one phase it is N under its older name.
        q_fryze_var: Arithmetic,
        /// Reactive power of a meter that delays the voltage by a quarter of a cycle, in vars: ⟨u(t − T/4)·i(t)⟩, that is
        /// Σ `UhIh` cos(θh − h·π/2) over the known orders and d.c.
        q_quarter_cycle_var: Arithmetic,
    }
    ratios {
        /// Power factor P/S; NaN without apparent power.
        pf = p_w / s_va,
        /// Displacement power factor P1/S1; NaN without fundamental apparent power.
        pf1 = p1_w / s1_va,
    }
}

impl PhasePower {
    /// From a voltage, a current, and the mean of their product in watts.
    ///
    /// ```
    /// # use kilat_core::pq::power::{Wave, phase::PhasePower};
    /// # use realfft::num_complex::Complex64;
    /// let sine = |rms, degrees: f64| [Complex64::ZERO, Complex64::from_polar(rms, degrees.to_radians())];
    /// let (u, i) = (sine(230.0, 0.0), sine(10.0, -60.0));
    /// let (u, i) = (Wave { rms: 230.0, components: &u }, Wave { rms: 10.0, components: &i });
    /// let power = PhasePower::new(u, i, 1150.0);
    /// assert!((power.q1_var - 1991.86).abs() < 0.01 && (power.pf - 0.5).abs() < 1e-12);
    /// ```
    pub fn new(u: Wave<'_>, i: Wave<'_>, p_w: f64) -> Self {
        let (u1, i1) = (u.fundamental(), i.fundamental());
        let fundamental = u1 * i1.conj();
        let (u1, i1) = (u1.norm(), i1.norm());
        let (uh, ih) = (rest(u.rms, u1), rest(i.rms, i1));
        let (s_va, s1_va, sh_va) = (u.rms * i.rms, u1 * i1, uh * ih);
        let (di_var, dv_var) = (u1 * ih, uh * i1);
        let ph_w = p_w - fundamental.re;
        let n_var = rest(s_va, p_w);
        let (mut q_budeanu_var, mut q_quarter_cycle_var) = (0.0, 0.0);
        for (h, (uh, ih)) in u.components.iter().zip(i.components).enumerate() {
            let s = uh * ih.conj();
            q_budeanu_var += s.im;
            // Re(s·e^(−jhπ/2)): the delay turns order h by h quarter turns.
            q_quarter_cycle_var += [s.re, s.im, -s.re, -s.im][h % 4];
        }
        Self {
            p_w,
            p1_w: fundamental.re,
            ph_w,
            q1_var: fundamental.im,
            s_va,
            s1_va,
            // From its parts: each is a product, so nothing is lost when the distortion is small.
            sn_va: di_var.hypot(dv_var).hypot(sh_va),
            di_var,
            dv_var,
            sh_va,
            dh_var: rest(sh_va, ph_w),
            n_var,
            pf: p_w / s_va,
            pf1: fundamental.re / s1_va,
            q_budeanu_var,
            q_fryze_var: n_var,
            q_quarter_cycle_var,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, SQRT_2};

    use proptest::prelude::*;
    use realfft::num_complex::Complex64;

    use super::*;

    /// Orders, r.m.s. values and angles (of a sine) of a voltage and a current.
    type Parts<'a> = &'a [(usize, f64, f64)];
    const U: Parts<'_> = &[(1, 230.0, 0.0), (3, 8.0, 0.3), (5, 12.0, 1.1), (7, 6.0, -0.7)];
    const I: Parts<'_> = &[(1, 40.0, -0.6), (3, 12.0, 1.0), (5, 9.0, 2.0), (7, 5.0, 0.4)];

    fn components(parts: Parts<'_>) -> Vec<Complex64> {
        let mut all = vec![Complex64::ZERO; 51];
        for &(h, rms, angle) in parts {
            all[h] = Complex64::from_polar(rms, angle - PI / 2.0);
        }
        all
    }

    /// Samples of one cycle.
    fn samples(parts: Parts<'_>, n: usize) -> Vec<f64> {
        let at = |k: usize| {
            let tone = |&(h, rms, angle): &(usize, f64, f64)| {
                SQRT_2 * rms * (2.0 * PI * (h * k) as f64 / n as f64 + angle).sin()
            };
            parts.iter().map(tone).sum::<f64>()
        };
        (0..n).map(at).collect()
    }

    fn mean(u: &[f64], i: &[f64]) -> f64 {
        u.iter().zip(i).map(|(u, i)| u * i).sum::<f64>() / u.len() as f64
    }

    fn of(u: Parts<'_>, i: Parts<'_>) -> PhasePower {
        let (us, is) = (samples(u, 1024), samples(i, 1024));
        let (uc, ic) = (components(u), components(i));
        let wave = |x: &[f64]| mean(x, x).sqrt();
        PhasePower::new(
            Wave { rms: wave(&us), components: &uc },
            Wave { rms: wave(&is), components: &ic },
            mean(&us, &is),
        )
    }

    /// The figures come from an independent program, which took them from sampled waves in double precision.
    #[test]
    fn a_distorted_phase_has_the_powers_of_an_independent_computation() {
        let got = of(U, I);
        let near = |got: f64, want: f64| assert!((got - want).abs() < 0.001, "{got} {want}");
        near(got.p_w, 7747.254);
        near(got.p1_w, 7593.088);
        near(got.ph_w, 154.167);
        near(got.q1_var, 5194.711);
        near(got.s_va, 9915.463);
        near(got.s1_va, 9200.000);
        near(got.sn_va, 3698.162);
        near(got.di_var, 3636.619);
        near(got.dv_var, 624.820);
        near(got.sh_va, 246.982);
        near(got.dh_var, 192.958);
        near(got.n_var, 6188.413);
        assert!((got.pf - 0.7813).abs() < 5e-5 && (got.pf1 - 0.8253).abs() < 5e-5);
        assert!((got.q_budeanu_var - 5021.53).abs() < 0.005);
        assert!((got.q_fryze_var - 6188.41).abs() < 0.005);
        assert!((got.q_quarter_cycle_var - 5198.69).abs() < 0.005);
        let (thd_u, thd_i) = (0.0679f64, 0.3953f64);
        let ratio = (thd_i.powi(2) + thd_u.powi(2) + (thd_i * thd_u).powi(2)).sqrt();
        assert!((got.sn_va / got.s1_va - ratio).abs() < 1e-4);
    }

    #[test]
    fn the_quarter_cycle_is_that_of_delayed_samples() {
        let (u, i) = (samples(U, 1024), samples(I, 1024));
        let delayed: Vec<f64> = (0..1024).map(|k| u[(k + 1024 - 256) % 1024]).collect();
        let (got, want) = (of(U, I).q_quarter_cycle_var, mean(&delayed, &i));
        assert!((got / want - 1.0).abs() < 1e-12, "{got} {want}");
    }

    #[test]
    fn all_four_reactive_powers_agree_on_a_sine_but_for_the_sign_of_fryze() {
        for (angle, sign) in [(-0.5, 1.0), (0.5, -1.0)] {
            let got = of(&[(1, 100.0, 0.2)], &[(1, 10.0, 0.2 + angle)]);
            let want = 1000.0 * 0.5f64.sin();
            for q in [got.q1_var, got.q_budeanu_var, got.q_quarter_cycle_var, sign * got.q_fryze_var] {
                assert!((q - sign * want).abs() < 1e-9, "{angle} {got:?}");
            }
            // The root of a difference that rounds to 1e-16 of its parts.
            assert!(got.sn_va < 1e-4 && (got.pf - 0.5f64.cos()).abs() < 1e-12);
        }
    }

    #[test]
    fn direct_current_and_silence() {
        // 100 V d.c. on 1 A d.c., no fundamental: all power is non-fundamental.
        let dc = [Complex64::new(100.0, 0.0), Complex64::ZERO];
        let one = [Complex64::new(1.0, 0.0), Complex64::ZERO];
        let got =
            PhasePower::new(Wave { rms: 100.0, components: &dc }, Wave { rms: 1.0, components: &one }, 100.0);
        assert_eq!((got.ph_w, got.sh_va, got.n_var, got.q1_var), (100.0, 100.0, 0.0, 0.0));
        assert!(got.pf1.is_nan() && got.pf == 1.0);
        let none = [Complex64::ZERO; 2];
        let silent = Wave { rms: 0.0, components: &none };
        let got = PhasePower::new(silent, silent, 0.0);
        assert!(got.pf.is_nan() && got.s_va == 0.0 && got.n_var == 0.0);
    }

    proptest! {
        #[test]
        fn the_identities_of_the_standard_hold(
            u in prop::collection::vec((-300.0f64..300.0, -300.0f64..300.0), 2..20),
            i in prop::collection::vec((-300.0f64..300.0, -300.0f64..300.0), 20),
            interharmonic in 0.0f64..50.0,
        ) {
            let phasors = |x: &[(f64, f64)]| -> Vec<Complex64> {
                x.iter().enumerate().map(|(h, c)| Complex64::new(c.0, if h == 0 { 0.0 } else { c.1 })).collect()
            };
            let (u, i) = (phasors(&u), phasors(&i));
            let rms = |x: &[Complex64]| (x.iter().map(Complex64::norm_sqr).sum::<f64>() + interharmonic.powi(2)).sqrt();
            let p: f64 = u.iter().zip(&i).map(|(u, i)| (u * i.conj()).re).sum();
            let got = PhasePower::new(Wave { rms: rms(&u), components: &u }, Wave { rms: rms(&i), components: &i }, p);
            let scale = got.s_va.powi(2);
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * scale;
            prop_assert!(near(got.sn_va.powi(2), got.di_var.powi(2) + got.dv_var.powi(2) + got.sh_va.powi(2)));
            prop_assert!(near(scale, got.s1_va.powi(2) + got.sn_va.powi(2)));
            prop_assert!(near(scale, got.p_w.powi(2) + got.n_var.powi(2)));
            prop_assert!(near(got.s1_va.powi(2), got.p1_w.powi(2) + got.q1_var.powi(2)));
            prop_assert!(near(got.sh_va.powi(2), got.ph_w.powi(2) + got.dh_var.powi(2)));
            prop_assert!((got.p_w - got.p1_w - got.ph_w).abs() <= 1e-12 * got.s_va);
            prop_assert!(got.q_budeanu_var.abs() <= got.s_va && got.q_quarter_cycle_var.abs() <= got.s_va);
            let distortion = |rms: f64, x: &[Complex64]| (rms.powi(2) / x[1].norm_sqr() - 1.0).sqrt();
            let (du, di) = (distortion(rms(&u), &u), distortion(rms(&i), &i));
            if du < 1e3 && di < 1e3 {
                let formula = (di * di + du * du + (di * du).powi(2)).sqrt();
                prop_assert!((got.sn_va / got.s1_va / formula - 1.0).abs() <= 1e-9);
            }
        }
    }
}
