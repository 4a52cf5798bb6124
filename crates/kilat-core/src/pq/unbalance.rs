//! Unbalance from fundamental phasors (IEC 61000-4-30, 5.7): u2 = |U2|/|U1|, u0 = |U0|/|U1|, in %.

use std::f64::consts::PI;

use realfft::num_complex::Complex64;

/// Symmetrical components of three phasors, referred to the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequences {
    /// Positive sequence.
    pub positive: Complex64,
    /// Negative sequence.
    pub negative: Complex64,
    /// Zero sequence.
    pub zero: Complex64,
}

/// Symmetrical components of three phasors in the order A, B, C.
pub fn sequences(phasors: [Complex64; 3]) -> Sequences {
    let a = Complex64::from_polar(1.0, 2.0 * PI / 3.0);
    let [pa, pb, pc] = phasors;
    Sequences {
        positive: (pa + a * pb + a * a * pc) / 3.0,
        negative: (pa + a * a * pb + a * pc) / 3.0,
        zero: (pa + pb + pc) / 3.0,
    }
}

/// Negative- and zero-sequence ratio of three phasors in the order A, B, C, in %.
///
/// ```
/// # use kilat_core::pq::unbalance::ratios_pct;
/// # use realfft::num_complex::Complex64;
/// let phasor = |v: f64, deg: f64| Complex64::from_polar(v, deg.to_radians());
/// let (u2, u0) = ratios_pct([phasor(0.73, 0.0), phasor(0.80, -120.0), phasor(0.87, 120.0)]);
/// assert!((u2 - 5.05).abs() < 0.005 && (u0 - 5.05).abs() < 0.005);
/// ```
pub fn ratios_pct(phasors: [Complex64; 3]) -> (f64, f64) {
    let s = sequences(phasors);
    let positive = s.positive.norm();
    (100.0 * s.negative.norm() / positive, 100.0 * s.zero.norm() / positive)
}
