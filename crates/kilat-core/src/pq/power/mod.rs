//! Power of one window, energy and demand (IEEE 1459-2010).
//!
//! Load convention throughout: active power into the load is positive, reactive power is positive when the current lags.
//! [`phase`] holds the quantities of one voltage and one current, [`system`] those of three phases, [`energy`] and
//! [`demand`] what adds up over time.

mod columns;
pub mod demand;
pub mod energy;
pub mod phase;
pub mod system;

use realfft::num_complex::Complex64;

/// One voltage or current in one window.
#[derive(Debug, Clone, Copy)]
pub struct Wave<'a> {
    /// True r.m.s. with everything in it: d.c., harmonics, interharmonics, noise.
    pub rms: f64,
    /// R.m.s. phasors of the harmonic components from order 0 (d.c., real) upwards, as far as they are known.
    pub components: &'a [Complex64],
}

impl Wave<'_> {
    /// Phasor of the fundamental; NaN when it is not known.
    pub fn fundamental(&self) -> Complex64 {
        self.components.get(1).copied().unwrap_or(Complex64::new(f64::NAN, f64::NAN))
    }
}

/// √(whole² − part²); zero where noise makes the part the greater.
fn rest(whole: f64, part: f64) -> f64 {
    // The product of sum and difference keeps the digits that the difference of squares would lose.
    let square = (whole - part) * (whole + part);
    if square < 0.0 { 0.0 } else { square.sqrt() }
}
