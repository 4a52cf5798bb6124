//! Design of linear-phase finite impulse responses: windowed sinc, Kaiser's window.

use std::f64::consts::PI;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;

/// Modified Bessel function of the first kind, order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum, quarter) = (1.0, 1.0, x * x / 4.0);
    for k in 1..200 {
        term *= quarter / f64::from(k * k);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// Kaiser's shape parameter for a stopband of `attenuation_db`.
fn kaiser_beta(attenuation_db: f64) -> f64 {
    if attenuation_db > 50.0 {
        0.1102 * (attenuation_db - 8.7)
    } else {
        0.5842 * (attenuation_db - 21.0).max(0.0).powf(0.4) + 0.07886 * (attenuation_db - 21.0).max(0.0)
    }
}

/// A low-pass kernel in continuous time: windowed sinc of unit gain, evaluated at any offset.
///
/// Frequencies are in cycles per sample of the stream it filters. Pass- and stopband ripple are equal.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    cutoff: f64,
    half_width: f64,
    beta: f64,
    /// Height of the window that is divided by, so that it is one in the middle.
    height: f64,
}

impl Kernel {
    /// Flat up to `pass`, down by `attenuation_db` from `stop` on.
    pub fn low_pass(pass: f64, stop: f64, attenuation_db: f64) -> Self {
        let width = (attenuation_db - 7.95) / (2.285 * 2.0 * PI * (stop - pass));
        let beta = kaiser_beta(attenuation_db);
        let cutoff = f64::midpoint(pass, stop);
        Self { cutoff, half_width: width / 2.0, beta, height: bessel_i0(beta) }
    }

    /// Distance from its centre at which the kernel ends, in samples.
    pub fn half_width(&self) -> f64 {
        self.half_width
    }

    /// Value at offset `t` samples from the centre.
    pub fn at(&self, t: f64) -> f64 {
        let r = t / self.half_width;
        if r.abs() >= 1.0 {
            return 0.0;
        }
        let x = 2.0 * self.cutoff * t;
        let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        2.0 * self.cutoff * sinc * bessel_i0(self.beta * (1.0 - r * r).sqrt()) / self.height
    }

    /// Odd number of taps, centred, of exactly unit gain at zero frequency.
    pub fn taps(&self) -> Vec<f64> {
        let half = self.half_width.ceil() as i64;
        let raw: Vec<f64> = (-half..=half).map(|j| self.at(j as f64)).collect();
        let gain: f64 = raw.iter().sum();
        raw.iter().map(|t| t / gain).collect()
    }

    /// Taps of the complement, an impulse less the low-pass: it blocks what the low-pass keeps, zero frequency exactly.
    pub fn high_pass_taps(&self) -> Vec<f64> {
        let mut taps: Vec<f64> = self.taps().iter().map(|t| -t).collect();
        let centre = taps.len() / 2;
        taps[centre] += 1.0;
        taps
    }
}

/// `2·half + 1` taps, centred, whose gain and phase follow `response` (of cycles per sample, 0 to 0.5) as closely as that length
/// allows: Kaiser's window on its impulse response. Tap `half + m` belongs to the input `m` samples later; the window is centred on
/// `advance`, which ought to be where most of the impulse response is, within a sample of the middle.
pub fn of_response(
    response: impl Fn(f64) -> Complex64,
    half: usize,
    advance: f64,
    attenuation_db: f64,
) -> Vec<f64> {
    // So fine that what repeats after `points` does not show under the window.
    let points = (16 * half).next_power_of_two().max(8192);
    let mut bins: Vec<Complex64> = (0..=points / 2).map(|k| response(k as f64 / points as f64)).collect();
    // A sampled system is real at either end of its band.
    for end in [0, points / 2] {
        bins[end].im = 0.0;
    }
    let inverse = RealFftPlanner::new().plan_fft_inverse(points);
    let mut impulse = inverse.make_output_vec();
    // The lengths are those the plan asks for, and the ends are real: nothing is left to fail.
    let _ = inverse.process(&mut bins, &mut impulse);
    let beta = kaiser_beta(attenuation_db);
    let at = |m: f64| ((m - advance) / (half as f64 + 1.0)).powi(2);
    let height = bessel_i0(beta);
    let window = |m: f64| bessel_i0(beta * (1.0 - at(m)).max(0.0).sqrt()) / height;
    let tap = |m: i64| impulse[(-m).rem_euclid(points as i64) as usize] / points as f64 * window(m as f64);
    (-(half as i64)..=half as i64).map(tap).collect()
}

/// Gain and phase of such taps at `frequency`.
pub fn response_of(taps: &[f64], frequency: f64) -> Complex64 {
    let half = (taps.len() / 2) as f64;
    let turn = |j: usize| Complex64::from_polar(1.0, 2.0 * PI * frequency * (j as f64 - half));
    taps.iter().enumerate().map(|(j, h)| h * turn(j)).sum()
}

/// Odd number of taps of a band-pass around `frequency` (cycles per sample): two periods of a cosine under Hann's window.
///
/// At its own frequency it nulls zero frequency and every harmonic from the second on; its gain there is one.
pub fn fundamental_band_pass(frequency: f64) -> Vec<f64> {
    let half = (1.0 / frequency).round() as i64;
    let hann = |j: i64| (PI * j as f64 / (2.0 * (half as f64 + 1e-9))).cos().powi(2);
    let wave = |j: i64| (2.0 * PI * frequency * j as f64).cos();
    let window: f64 = (-half..=half).map(hann).sum();
    // What is left at zero frequency, because two periods are not a whole number of samples, is taken out.
    let dc: f64 = (-half..=half).map(|j| hann(j) * wave(j)).sum::<f64>() / window;
    let raw: Vec<f64> = (-half..=half).map(|j| hann(j) * (wave(j) - dc)).collect();
    let gain: f64 = (-half..=half).zip(&raw).map(|(j, h)| h * wave(j)).sum();
    raw.iter().map(|h| h / gain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(taps: &[f64], frequency: f64) -> f64 {
        let half = (taps.len() / 2) as f64;
        taps.iter().enumerate().map(|(j, h)| h * (2.0 * PI * frequency * (j as f64 - half)).cos()).sum()
    }

    #[test]
    fn low_pass_keeps_its_promise() {
        for (pass, stop) in [(0.07, 0.18), (0.01, 0.03), (0.1, 0.4)] {
            let taps = Kernel::low_pass(pass, stop, 100.0).taps();
            for i in 0..=200 {
                let p = pass * f64::from(i) / 200.0;
                let s = stop + (0.5 - stop) * f64::from(i) / 200.0;
                assert!((gain(&taps, p) - 1.0).abs() < 2.5e-5, "{pass} {p}: {}", gain(&taps, p));
                assert!(gain(&taps, s).abs() < 2.5e-5, "{stop} {s}: {}", gain(&taps, s));
            }
        }
    }

    #[test]
    fn complement_blocks_what_the_low_pass_keeps() {
        let taps = Kernel::low_pass(0.06, 0.16, 95.0).high_pass_taps();
        assert!(gain(&taps, 0.0).abs() < 1e-12);
        // Asked for 95 dB, Kaiser's formula keeps 90.
        let ripple = 10.0f64.powf(-90.0 / 20.0);
        for i in 0..=200 {
            let (low, high) = (0.06 * f64::from(i) / 200.0, 0.16 + 0.34 * f64::from(i) / 200.0);
            assert!(gain(&taps, low).abs() < ripple, "{low}: {}", gain(&taps, low));
            assert!((gain(&taps, high) - 1.0).abs() < ripple, "{high}: {}", gain(&taps, high));
        }
    }

    #[test]
    fn band_pass_nulls_offset_and_harmonics() {
        for per_cycle in [20.0, 32.0, 24.7] {
            let f = 1.0 / per_cycle;
            let taps = fundamental_band_pass(f);
            assert!((gain(&taps, f) - 1.0).abs() < 1e-12);
            assert!(gain(&taps, 0.0).abs() < 1e-12);
            for h in 2..=5 {
                assert!(
                    gain(&taps, f64::from(h) * f).abs() < 0.03,
                    "{per_cycle} {h} {}",
                    gain(&taps, f64::from(h) * f)
                );
            }
        }
    }
}
