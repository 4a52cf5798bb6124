//! How much later than expected a wave repeats itself.

use std::f64::consts::TAU;

use crate::engine::history::History;
use crate::simd::Level;

/// Samples of the stream that [`delay`] needs beyond the end of the cycle.
pub const MARGIN: u64 = 2;
/// A wave that has grown or shrunk by more than this part has an edge in it.
const STEADY: f64 = 0.05;
/// So has one that differs from its like by more than what the delay explains, in parts of its energy, or by more than these at
/// least and at most: of the edge of a dip, a delay explains a third.
const ALIKE: (f64, f64) = (1e-4, 1e-3);
/// A delay of more samples than this is looked at once more from there: the first look takes the wave for a straight line.
const FAR: f64 = 0.05;

/// Samples by which the half cycle before `end` comes later than `period` after its like; none when the two are not alike,
/// or the stream does not hold both. The stream must reach [`MARGIN`] samples beyond `end`.
pub fn delay(level: Level, stream: &History, end: f64, period: f64) -> Option<f64> {
    let near = compare(level, stream, end, period)?;
    let (found, moved) = match near.delay {
        at if at.abs() <= FAR => (near, 0.0),
        at if at.abs() <= period / 4.0 => (compare(level, stream, end, period + at)?, at),
        _ => return None,
    };
    let delay = moved + found.delay;
    let explained = (TAU * delay / period).powi(2);
    let is_like = found.unlike <= explained.clamp(ALIKE.0, ALIKE.1);
    (is_like && found.size.abs() <= STEADY).then_some(delay)
}

/// How a wave differs from what it was some time before.
struct Difference {
    /// Part by which it is smaller.
    size: f64,
    /// Samples by which it comes later.
    delay: f64,
    /// Part of its energy that neither explains.
    unlike: f64,
}

/// With x the wave and p the same a period before, p − x = c·x + s·x′ in the sense of least squares: c is the change of size, s
/// the delay. Any periodic wave serves, whatever its harmonics.
fn compare(level: Level, stream: &History, end: f64, period: f64) -> Option<Difference> {
    let (first, last) = ((end - period / 2.0).ceil(), end.floor() as u64);
    if first - period - 3.0 < stream.first() as f64 {
        return None;
    }
    let (whole, weights) = cubic_delay(period);
    let first = first as u64;
    let wave = stream.get(first - 1..last + 2);
    let like = stream.get(first - whole - 2..last - whole + 2);
    let [xx, xs, ss, dx, ds, dd] = level.likeness(wave, like, weights);
    let determinant = xx * ss - xs * xs;
    let (size, delay) = ((dx * ss - ds * xs) / determinant, (ds * xx - dx * xs) / determinant);
    Some(Difference { size, delay, unlike: (dd - size * dx - delay * ds) / xx })
}

/// Whole samples and cubic weights that delay a stream by `period` samples: `Σ w[j]·x[n − whole − 2 + j]`.
pub fn cubic_delay(period: f64) -> (u64, [f64; 4]) {
    let whole = period.floor();
    let t = 1.0 - (period - whole);
    let w = [
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    ];
    (whole as u64, w)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wave with harmonics, of which `size` and `angle` (in cycles) are given for each sample.
    fn stream(size: impl Fn(f64) -> f64, angle: impl Fn(f64) -> f64) -> History {
        let mut stream = History::starting_at(0);
        for (i, x) in stream.grow(300).iter_mut().enumerate() {
            let (n, a) = (i as f64, TAU * angle(i as f64));
            *x = (size(n) * (a.sin() + 0.08 * (2.0 * a + 1.0).cos() + 0.1 * (3.0 * a).sin())) as f32;
        }
        stream
    }

    #[test]
    fn a_cycle_that_is_longer_than_expected_is_found_so() {
        for (expected, period) in [(32.0, 32.0), (32.2, 31.9), (31.7, 32.1), (32.0, 32.02)] {
            // Growing all the while by one percent a cycle.
            let x = stream(|n| 1.0 + 0.01 * n / period, |n| n / period);
            for end in [150.2, 163.9, 170.0] {
                let found = delay(Level::chosen(), &x, end, expected).unwrap();
                assert!((found - (period - expected)).abs() < 0.005, "{expected} {period} {end}: {found}");
            }
        }
    }

    #[test]
    fn what_is_no_repetition_has_no_delay() {
        let steady = |n: f64| n / 32.0;
        let step = |at: f64, size: f64| move |n: f64| if n < at { 1.0 } else { size };
        for end in [150.0, 155.0, 160.0] {
            assert_eq!(delay(Level::chosen(), &stream(step(145.0, 0.8), steady), end, 32.0), None, "a dip");
            let jump = |n: f64| n / 32.0 + f64::from(n > end - 7.0) / 12.0;
            assert_eq!(delay(Level::chosen(), &stream(|_| 1.0, jump), end, 32.0), None, "a jump");
            assert_eq!(delay(Level::chosen(), &stream(|_| 0.0, steady), end, 32.0), None, "nothing");
        }
    }
}
