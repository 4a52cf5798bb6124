//! Band-limited resampling of a window onto a whole number of points: never linear, never nearest.

use crate::dsp::fir::Kernel;
use crate::engine::history::History;
use crate::simd::{Level, Table};

/// Table rows per sample. Taps between two rows are interpolated linearly; the error is (2π·bandwidth/ROWS)²/8, some 5e-6.
const ROWS: usize = 256;
/// Taps that are made at a time, for all channels: they stay in the nearest cache.
const TOGETHER: usize = 1024;

/// A windowed-sinc interpolator with a table of taps for each fraction of a sample.
#[derive(Debug, Clone)]
pub struct Resampler {
    /// `rows[r]`: taps for fraction r/ROWS; `steps[r]`: row r+1 minus row r.
    rows: Vec<f32>,
    steps: Vec<f32>,
    taps: usize,
}

impl Resampler {
    /// Interpolates with `kernel`, whose unit is samples of the stream to be read.
    ///
    /// # Panics
    /// When the kernel is more than a thousand samples long.
    pub fn new(kernel: &Kernel) -> Self {
        let taps = Self::taps(kernel);
        assert!(taps <= TOGETHER, "{taps} taps");
        let row = |r: usize| -> Vec<f64> {
            let fraction = r as f64 / ROWS as f64;
            let raw: Vec<f64> =
                (0..taps).map(|j| kernel.at(j as f64 - (taps / 2 - 1) as f64 - fraction)).collect();
            let gain: f64 = raw.iter().sum();
            raw.iter().map(|t| t / gain).collect()
        };
        // The kernel is even: what is so far behind a sample as this before the next has the same taps the other way round.
        let half: Vec<_> = (0..=ROWS / 2).map(row).collect();
        let tap = |r: usize, j: usize| match half.get(r) {
            Some(row) => row[j],
            None => half[ROWS - r][taps - 1 - j],
        };
        let each = || (0..ROWS).flat_map(|r| (0..taps).map(move |j| (r, j)));
        let rows = each().map(|(r, j)| tap(r, j) as f32).collect();
        let steps = each().map(|(r, j)| (tap(r + 1, j) - tap(r, j)) as f32).collect();
        Self { rows, steps, taps }
    }

    /// Taps that `kernel` takes.
    pub fn taps(kernel: &Kernel) -> usize {
        (2 * kernel.half_width().ceil() as usize).next_multiple_of(16)
    }

    /// Samples needed before and after a position.
    pub fn half(&self) -> u64 {
        self.taps as u64 / 2
    }

    /// Fills the channels in `out` with their signals at `start`, `start + step`, … in samples of the streams `input` gives for
    /// them, which must hold [`half`](Self::half) samples around each. The taps are made once for all channels.
    pub fn run<'h>(
        &self,
        level: Level,
        (start, step): (f64, f64),
        input: impl Fn(usize) -> &'h History,
        out: &mut [Vec<f32>],
    ) {
        let points = out.iter().map(Vec::len).min().unwrap_or(0);
        // Local positions are small, so that whole and fraction fit their types whatever the length of the stream.
        let from = start as u64 + 1 - self.half();
        let to = (start + step * points as f64) as u64 + 1 + self.half();
        let local = start - start.floor();
        let table = Table { values: &self.rows, steps: &self.steps, taps: self.taps };
        let (mut at, mut taps) = ([0; TOGETHER], [0.0; TOGETHER]);
        let together = TOGETHER / self.taps;
        for first in (0..points).step_by(together) {
            let n = together.min(points - first);
            let (at, taps) = (&mut at[..n], &mut taps[..n * self.taps]);
            level.taps(&table, local, step, first, at, taps);
            for (c, out) in out.iter_mut().enumerate() {
                level.weigh(input(c).get(from..to), at, taps, &mut out[first..first + n]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn tones_in_the_passband_arrive_unharmed() {
        let resampler = Resampler::new(&Kernel::low_pass(0.35, 0.65, 100.0));
        for f in [0.01, 0.1, 0.25, 0.35] {
            let mut input = History::starting_at(0);
            for (i, x) in input.grow(400).iter_mut().enumerate() {
                *x = (2.0 * PI * f * i as f64).cos() as f32;
            }
            let mut out = [vec![0.0; 256]];
            resampler.run(Level::chosen(), (40.3, 1.17), |_| &input, &mut out);
            for (i, y) in out[0].iter().enumerate() {
                let want = (2.0 * PI * f * (40.3 + 1.17 * i as f64)).cos();
                assert!((f64::from(*y) - want).abs() < 5e-5, "{f} {i} {y} {want}");
            }
        }
    }
}
