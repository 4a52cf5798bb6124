//! Unbalance from fundamental phasors (IEC 61000-4-30, 5.7): u2 = |U2|/|U1|, u0 = |U0|/|U1|, in %.

use std::f64::consts::PI;

use realfft::num_complex::Complex64;

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
    let a = Complex64::from_polar(1.0, 2.0 * PI / 3.0);
    let [pa, pb, pc] = phasors;
    let positive = (pa + a * pb + a * a * pc).norm();
    let negative = (pa + a * a * pb + a * pc).norm();
    let zero = (pa + pb + pc).norm();
    (100.0 * negative / positive, 100.0 * zero / positive)
}
