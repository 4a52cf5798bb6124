//! Mean products over a window with fractional ends: r.m.s. values and active power (IEC 61000-4-30, 5.2; IEEE 1459).
//!
//! U = √(1/T ∫u² dt), P = 1/T ∫u·i dt, over a whole number of cycles that seldom is a whole number of samples. The integral
//! is the trapezoid sum between the samples at the ends, Gregory's end corrections, and the exact integral of the cubic through
//! four samples over the two fractions: fourth order, so that 0.01 % holds from some 12 samples a cycle upwards.

use std::array::from_fn;
use std::mem::take;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::engine::history::{Held, History};
use crate::engine::raw::Raw;
use crate::simd::Level;

/// Samples beyond both ends of a window that [`product_integral`] touches.
pub const MARGIN: u64 = 3;

/// Samples of a block.
const BLOCK: u64 = Level::BLOCK as u64;

/// Sums of the products of two streams over blocks of samples, made as the samples come: while these are in the cache, and once
/// for all windows that hold them. Where blocks begin is counted from the start of the streams, so that no sum depends on when
/// samples came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Products(History<f64>);

impl Products {
    /// None yet, in the memory of these.
    #[must_use]
    pub fn anew(self) -> Self {
        Self(self.0.anew(0))
    }

    /// Makes room for those of `n` samples.
    pub fn reserve(&mut self, n: usize) {
        self.0.reserve(Self::most(n));
    }

    /// Blocks that `n` samples touch at most.
    pub fn most(n: usize) -> usize {
        n / Level::BLOCK + 2
    }

    /// True when half cycles of so many samples hold so many blocks that these are worth their while: all windows of a stream
    /// are added up from blocks, or none.
    pub fn serve(half_period: f64) -> bool {
        half_period >= 2.5 * BLOCK as f64
    }

    /// Room for the blocks that lie before sample `end` and are lacking.
    pub fn lacking(&mut self, end: u64) -> Sums<'_> {
        let first = self.0.end();
        let blocks = first..first.max(end / BLOCK);
        Sums { out: self.0.grow((blocks.end - first) as usize), blocks }
    }

    /// Forgets the blocks from sample `end` on.
    pub fn cut_back(&mut self, end: u64) {
        self.0.cut_back(end / BLOCK);
    }

    /// First sample of which no block is made yet.
    pub fn end(&self) -> u64 {
        self.0.end() * BLOCK
    }

    /// Lets go of blocks before sample `index`.
    pub fn discard_before(&mut self, index: u64) {
        self.0.discard_before(index / BLOCK);
    }

    /// Σ u·v of the samples from `i` to `j`.
    fn sum(&self, level: Level, u: &Raw, v: &Raw, i: u64, j: u64) -> f64 {
        let dot = |from: u64, to: u64| u.dot(level, v, from..to);
        let (first, last) = (i.div_ceil(BLOCK).max(self.0.first()), (j / BLOCK).min(self.0.end()));
        // All or none: bits must not depend on what happens to be held.
        debug_assert!(self.0.end() == 0 || (first, last) == (i.div_ceil(BLOCK), j / BLOCK));
        if first >= last {
            return dot(i, j);
        }
        dot(i, first * BLOCK) + level.total(self.0.get(first..last)) + dot(last * BLOCK, j)
    }
}

/// Blocks to be added up.
#[derive(Default)]
pub struct Sums<'t> {
    blocks: Range<u64>,
    /// Room for them, unless it has been [handed over](Self::hand_over).
    out: &'t mut [f64],
}

impl<'t> Sums<'t> {
    /// Takes those away that lie before sample `end`.
    #[must_use]
    pub fn split_before(&mut self, end: u64) -> Self {
        let middle = (end / BLOCK).clamp(self.blocks.start, self.blocks.end);
        let blocks = self.blocks.start..middle;
        self.blocks.start = middle;
        let n = ((blocks.end - blocks.start) as usize).min(self.out.len());
        Self { blocks, out: self.out.split_off_mut(..n).unwrap_or_default() }
    }

    /// Leaves it to somebody else to add them up, if they are of these `samples`.
    #[must_use]
    pub fn hand_over(&mut self, samples: &Range<u64>) -> Self {
        let out = if self.samples() == *samples { take(&mut self.out) } else { &mut [] };
        Self { blocks: self.blocks.clone(), out }
    }

    /// The samples in them.
    pub fn samples(&self) -> Range<u64> {
        self.blocks.start * BLOCK..self.blocks.end * BLOCK
    }

    /// Where the sums belong.
    pub fn out(self) -> &'t mut [f64] {
        self.out
    }

    /// Adds up the squares of a stream; false when a sample is no number.
    pub fn square(self, level: Level, u: Held<'_>) -> bool {
        if !self.out.is_empty() {
            level.block_energies(u.get(self.samples()), self.out);
        }
        are_numbers(self.out)
    }
}

/// True when none of these sums of squares holds a sample that is no number: no square of a single is too large for a double.
pub fn are_numbers(sums: &[f64]) -> bool {
    sums.iter().all(|sum| sum.is_finite())
}

/// ∫ u·v over sample positions `start` to `stop`, in units of one sample period.
///
/// Both streams must hold [`MARGIN`] samples beyond either end, and `products` all blocks between, or none.
pub fn product_integral(
    level: Level,
    (u, v): (&Raw, &Raw),
    products: &Products,
    start: f64,
    stop: f64,
) -> f64 {
    let (i, j) = (start.floor() as u64, stop.floor() as u64);
    let around = |k: u64| {
        let (u, v) = (u.some::<4>(k - 1), v.some::<4>(k - 1));
        from_fn(|j| f64::from(u[j]) * f64::from(v[j]))
    };
    let (at_start, at_stop): ([f64; 4], [f64; 4]) = (around(i), around(j));
    let ends = f64::midpoint(at_start[1], at_stop[1]);
    let gregory = ((at_start[2] - at_start[0]) - (at_stop[2] - at_stop[0])) / 24.0;
    let inside = if j > i { products.sum(level, u, v, i, j) - at_start[1] + ends } else { 0.0 };
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

    fn integral(h: &Raw, start: f64, stop: f64) -> f64 {
        let mut products = Products::default();
        products.lacking(h.end()).square(Level::chosen(), h.floats().view());
        product_integral(Level::chosen(), (h, h), &products, start, stop)
    }

    fn stream(n: usize, f: impl Fn(f64) -> f64) -> Raw {
        let mut h = History::starting_at(0);
        for (i, x) in h.grow(n).iter_mut().enumerate() {
            *x = f(i as f64) as f32;
        }
        h.into()
    }

    #[test]
    fn a_cycle_that_is_no_whole_number_of_samples_gives_its_rms() {
        for per_cycle in [17.3, 24.0, 105.26, 1000.7] {
            let h = stream(4000, |t| {
                325.0 * (2.0 * PI * t / per_cycle + 0.4).sin() + 30.0 * (6.0 * PI * t / per_cycle).cos()
            });
            let want = f64::midpoint(325.0f64.powi(2), 30.0f64.powi(2)).sqrt();
            for start in [5.0, 8.37, 9.999] {
                let rms = (integral(&h, start, start + 3.0 * per_cycle) / (3.0 * per_cycle)).sqrt();
                assert!((rms / want - 1.0).abs() < 1e-4, "{per_cycle} {start} {rms} {want}");
            }
        }
    }

    #[test]
    fn blocks_and_single_samples_add_up_to_the_plain_sum_wherever_it_begins_and_ends() {
        let (u, v) =
            (stream(900, |t| (t * 0.1).sin() * 100.0), stream(900, |t| (t * 0.1).cos() * 30.0 + 2.0));
        let mut products = Products::default();
        let mut sums = products.lacking(900);
        for sums in [sums.split_before(300), sums] {
            let streams = [&u, &v].map(|x| x.floats().get(sums.samples()));
            Level::chosen().block_products(&streams, &[(0, 1)], &mut [sums.out()]);
        }
        for i in (0..900).step_by(37) {
            for j in (i..=900).step_by(41) {
                let want: f64 = (i..j).map(|k| f64::from(u.at(k)) * f64::from(v.at(k))).sum();
                let got = products.sum(Level::chosen(), &u, &v, i, j);
                assert!((got - want).abs() < 1e-8, "{i} {j} {got} {want}");
            }
        }
    }

    #[test]
    fn adjacent_windows_add_up() {
        let h = stream(300, |t| (t * 0.1).sin() * 100.0);
        let whole = integral(&h, 10.3, 200.8);
        let parts = integral(&h, 10.3, 77.6) + integral(&h, 77.6, 200.8);
        assert!((whole / parts - 1.0).abs() < 1e-12);
    }
}
