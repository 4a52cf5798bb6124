//! Mean products over a window with fractional ends: r.m.s. values and active power (IEC 61000-4-30, 5.2; IEEE 1459).
//!
//! U = √(1/T ∫u² dt), P = 1/T ∫u·i dt, over a whole number of cycles that seldom is a whole number of samples. The integral
//! is the trapezoid sum between the samples at the ends, Gregory's end corrections, and the exact integral of the cubic through
//! four samples over the two fractions: fourth order, so that 0.01 % holds from some 12 samples a cycle upwards.

use crate::engine::history::History;
use crate::simd::Level;

/// Samples beyond both ends of a window that [`product_integral`] touches.
pub const MARGIN: u64 = 3;

/// ∫ u·v over sample positions `start` to `stop`, in units of one sample period.
///
/// Both streams must hold [`MARGIN`] samples beyond either end.
pub fn product_integral(level: Level, u: &History, v: &History, start: f64, stop: f64) -> f64 {
    let (i, j) = (start.floor() as u64, stop.floor() as u64);
    let f = |k: u64| f64::from(u.at(k)) * f64::from(v.at(k));
    let around = |k: u64| [f(k - 1), f(k), f(k + 1), f(k + 2)];
    let (at_start, at_stop) = (around(i), around(j));
    let ends = f64::midpoint(at_start[1], at_stop[1]);
    let gregory = ((at_start[2] - at_start[0]) - (at_stop[2] - at_stop[0])) / 24.0;
    let products =
        || if std::ptr::eq(u, v) { level.energy(u.get(i..j)) } else { level.dot(u.get(i..j), v.get(i..j)) };
    let inside = if j > i { products() - at_start[1] + ends } else { 0.0 };
    let fractions = partial(at_stop, stop - j as f64) - partial(at_start, start - i as f64);
    inside + gregory + fractions
}

/// ∫₀^θ of the cubic through f(−1), f(0), f(1), f(2).
fn partial(f: [f64; 4], theta: f64) -> f64 {
    let (t2, t3, t4) = (theta.powi(2), theta.powi(3), theta.powi(4));
    -f[0] * (t4 / 4.0 - t3 + t2) / 6.0 + f[1] * (t4 / 4.0 - 2.0 * t3 / 3.0 - t2 / 2.0 + 2.0 * theta) / 2.0
        - f[2] * (t4 / 4.0 - t3 / 3.0 - t2) / 2.0
        + f[3] * (t4 / 4.0 - t2 / 2.0) / 6.0
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn stream(n: usize, f: impl Fn(f64) -> f64) -> History {
        let mut h = History::starting_at(0);
        for (i, x) in h.grow(n).iter_mut().enumerate() {
            *x = f(i as f64) as f32;
        }
        h
    }

    #[test]
    fn a_cycle_that_is_no_whole_number_of_samples_gives_its_rms() {
        for per_cycle in [17.3, 24.0, 105.26, 1000.7] {
            let h = stream(4000, |t| {
                325.0 * (2.0 * PI * t / per_cycle + 0.4).sin() + 30.0 * (6.0 * PI * t / per_cycle).cos()
            });
            let want = f64::midpoint(325.0f64.powi(2), 30.0f64.powi(2)).sqrt();
            for start in [5.0, 8.37, 9.999] {
                let rms = (product_integral(Level::chosen(), &h, &h, start, start + 3.0 * per_cycle)
                    / (3.0 * per_cycle))
                    .sqrt();
                assert!((rms / want - 1.0).abs() < 1e-4, "{per_cycle} {start} {rms} {want}");
            }
        }
    }

    #[test]
    fn adjacent_windows_add_up() {
        let h = stream(300, |t| (t * 0.1).sin() * 100.0);
        let whole = product_integral(Level::chosen(), &h, &h, 10.3, 200.8);
        let parts = product_integral(Level::chosen(), &h, &h, 10.3, 77.6)
            + product_integral(Level::chosen(), &h, &h, 77.6, 200.8);
        assert!((whole / parts - 1.0).abs() < 1e-12);
    }
}
