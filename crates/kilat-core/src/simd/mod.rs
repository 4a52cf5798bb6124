//! Kernels: each written once, instantiated per instruction set, chosen once at run time.
//!
//! Every kernel adds in a fixed order, in fixed lanes (sixteen of single precision, eight of double) that are folded by one tree, or tap
//! after tap for outputs side by side; where a product and a sum are rounded together, they are on every instruction set, also where
//! that takes the processor many steps (`mul_add_precise`; with exact products `mul_add` is the same). So a result has the same bits
//! on all of them, for every alignment and block. `naive` holds the slow twins.
//! The environment variable `KILAT_SIMD` (`scalar`, `sse2`, `sse4.2`, `avx2`, `avx512`, `neon`) lowers the choice.

mod bodies;
#[cfg(test)]
mod naive;

use std::sync::LazyLock;

use fearless_simd::dispatch;

/// Taps of an interpolator for each fraction of a sample: rows of `taps` values, and their differences to the next row.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// The rows, one after the other.
    pub values: &'a [f32],
    /// Next row minus this row.
    pub steps: &'a [f32],
    /// Values per row: a multiple of 16.
    pub taps: usize,
}

/// An instruction set the processor has.
#[derive(Debug, Clone, Copy)]
pub struct Level(fearless_simd::Level);

static CHOSEN: LazyLock<Level> = LazyLock::new(|| {
    let wanted = std::env::var("KILAT_SIMD").unwrap_or_default();
    Level::all()
        .into_iter()
        .find(|l| l.name() == wanted)
        .unwrap_or_else(|| Level(fearless_simd::Level::new()))
});

impl Level {
    /// The best instruction set of this processor, or the one `KILAT_SIMD` names if the processor has it.
    pub fn chosen() -> Self {
        *CHOSEN
    }

    /// Every instruction set this processor has, from the plainest to the best.
    pub fn all() -> Vec<Self> {
        let best = fearless_simd::Level::new();
        let mut all = vec![fearless_simd::Level::fallback()];
        #[cfg(target_arch = "aarch64")]
        all.extend(best.as_neon().map(fearless_simd::Level::Neon));
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            all.extend(best.as_sse2().map(fearless_simd::Level::Sse2));
            all.extend(best.as_sse4_2().map(fearless_simd::Level::Sse4_2));
            all.extend(best.as_avx2().map(fearless_simd::Level::Avx2));
            all.extend(best.as_avx512().map(fearless_simd::Level::Avx512));
        }
        all.into_iter().map(Self).collect()
    }

    /// The same, for `dispatch!`.
    pub(crate) fn inner(self) -> fearless_simd::Level {
        self.0
    }

    /// The instruction set for kernels that fold lanes onto each other: half of the widest vectors, whose halves cost a shuffle each.
    fn folding(self) -> fearless_simd::Level {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let (fearless_simd::Level::Avx512(_), Some(avx2)) = (self.0, self.0.as_avx2()) {
            return fearless_simd::Level::Avx2(avx2);
        }
        self.0
    }

    /// Room for thirty sums of eight doubles.
    fn has_many_registers(self) -> bool {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        return matches!(self.0, fearless_simd::Level::Avx512(_));
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        false
    }

    /// Name as `KILAT_SIMD` takes it.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "aarch64")]
            fearless_simd::Level::Neon(_) => "neon",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Sse2(_) => "sse2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Sse4_2(_) => "sse4.2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Avx2(_) => "avx2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Avx512(_) => "avx512",
            _ => "scalar",
        }
    }

    /// Σ u·v of two equally long slices; the products and the sum are in double precision.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn dot(self, u: &[f32], v: &[f32]) -> f64 {
        assert_eq!(u.len(), v.len(), "factors of a dot product differ in length");
        dispatch!(self.0, s => bodies::dot(s, u, v))
    }

    /// [`dot`](Self::dot) of codes: the bits of that of the floats they become.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn dot_of_codes(self, u: &[i16], v: &[i16]) -> f64 {
        assert_eq!(u.len(), v.len(), "factors of a dot product differ in length");
        dispatch!(self.0, s => bodies::dot_of_codes(s, u, v))
    }

    /// Finite impulse response at every `factor`-th input: `out[k] = Σ taps[j]·x[k·factor + j]`.
    ///
    /// `taps` is padded with zeros to a multiple of 16, and `x` holds every sample the padded taps touch. `soon` is what is read
    /// after `x` and may not be in a cache yet: it is asked for on the way.
    ///
    /// # Panics
    /// When the taps are no whole number of lanes, or `x` ends before them.
    pub fn fir(self, x: &[f32], taps: &[f32], factor: usize, soon: &[f32], out: &mut [f32]) {
        assert!(taps.len().is_multiple_of(bodies::LANES), "taps are padded to whole lanes");
        assert!(
            out.is_empty() || (out.len() - 1) * factor + taps.len() <= x.len(),
            "input too short for the taps"
        );
        let last = taps.iter().rposition(|tap| *tap != 0.0).map_or(0, |last| last + 1);
        let own = &taps[..last];
        let is_dense = last <= factor * bodies::DENSE_TAPS;
        match factor {
            1 if is_dense => dispatch!(self.0, s => bodies::dense_fir::<_, 1>(s, x, own, soon, out)),
            2 if is_dense => dispatch!(self.0, s => bodies::dense_fir::<_, 2>(s, x, own, soon, out)),
            4 if is_dense => dispatch!(self.0, s => bodies::dense_fir::<_, 4>(s, x, own, soon, out)),
            _ => {
                // Many lanes are folded seldom.
                let level = if taps.len() < 8 * bodies::LANES { self.folding() } else { self.0 };
                match factor {
                    16 => dispatch!(level, s => bodies::whole_fir::<_, 1>(s, x, taps, soon, out)),
                    32 => dispatch!(level, s => bodies::whole_fir::<_, 2>(s, x, taps, soon, out)),
                    _ => dispatch!(level, s => bodies::fir(s, x, taps, factor, soon, out)),
                }
            }
        }
    }

    /// Σ u² of a slice, in double precision: the bits of [`dot`](Self::dot) of the slice with itself.
    pub fn energy(self, u: &[f32]) -> f64 {
        dispatch!(self.0, s => bodies::energy(s, u))
    }

    /// True when no value is infinite or no number. `soon` as in [`fir`](Self::fir).
    pub fn all_finite(self, values: &[f32], soon: &[f32]) -> bool {
        dispatch!(self.0, s => bodies::all_finite(s, values, soon))
    }

    /// 16-bit codes as floats, with the least and the most of them and zero. `soon` as in [`fir`](Self::fir).
    ///
    /// # Panics
    /// When there is not a place for each.
    pub fn widen(self, codes: &[i16], soon: &[f32], out: &mut [f32]) -> (i16, i16) {
        assert_eq!(codes.len(), out.len(), "a place for each code");
        dispatch!(self.0, s => bodies::widen(s, codes, soon, out))
    }

    /// Σ u² over every [`BLOCK`](Self::BLOCK) samples: the bits of [`energy`](Self::energy) of each.
    ///
    /// # Panics
    /// When the samples are not so many blocks.
    pub fn block_energies(self, u: &[f32], out: &mut [f64]) {
        assert!(u.len() == out.len() * Self::BLOCK, "{} blocks of {} samples", out.len(), u.len());
        dispatch!(self.0, s => bodies::block_energies(s, u, out));
    }

    /// Most streams that are multiplied with each other.
    pub const STREAMS: usize = 6;

    /// Σ u·v over every [`BLOCK`](Self::BLOCK) samples of pairs of equally long streams, given by their places: the bits of
    /// [`dot`](Self::dot) of each.
    ///
    /// # Panics
    /// When there are more than [`STREAMS`](Self::STREAMS), or one is shorter than the blocks.
    pub fn block_products(self, streams: &[&[f32]], pairs: &[(usize, usize)], out: &mut [&mut [f64]]) {
        assert!(streams.len() <= Self::STREAMS && pairs.len() == out.len(), "{} streams", streams.len());
        let phases = [(false, false), (false, true), (true, false), (true, true)];
        let known =
            phases.into_iter().find(|&(squares, power)| *pairs == *bodies::pairs_of_phases(squares, power));
        match (<[&[f32]; Self::STREAMS]>::try_from(streams), known.filter(|_| self.has_many_registers())) {
            (Ok(all), Some((false, false))) => {
                dispatch!(self.0, s => bodies::products_of_phases::<_, false>(s, all, out));
            }
            (Ok(all), Some((false, true))) => {
                dispatch!(self.0, s => bodies::products_of_phases::<_, true>(s, all, out));
            }
            (Ok(all), Some((true, false))) => {
                dispatch!(self.0, s => bodies::squares_of_phases::<_, false>(s, all, out));
            }
            (Ok(all), Some((true, true))) => {
                dispatch!(self.0, s => bodies::squares_of_phases::<_, true>(s, all, out));
            }
            _ => dispatch!(self.0, s => bodies::block_products(s, streams, pairs, out)),
        }
    }

    /// Sum of values, in eight lanes.
    pub fn total(self, values: &[f64]) -> f64 {
        dispatch!(self.0, s => bodies::total(s, values))
    }

    /// Sum, least and most of values, none of which is NaN; infinities without one.
    pub fn spread(self, values: &[f64]) -> (f64, f64, f64) {
        dispatch!(self.0, s => bodies::spread(s, values))
    }

    /// Taps that interpolate at `start + step·i` for i = `first`, `first + 1`, …: a row of `table.taps` of them in `out` for each
    /// in `at`, which is given the sample its row begins at. A row is c + f·d, with c and d the rows of the table (values,
    /// differences to the next row) for the fraction of the position.
    ///
    /// # Panics
    /// When the table has no whole rows, or `out` is not as long as the rows for `at`.
    pub fn taps(
        self,
        table: &Table<'_>,
        start: f64,
        step: f64,
        first: usize,
        at: &mut [u32],
        out: &mut [f32],
    ) {
        let whole = table.taps.is_multiple_of(bodies::LANES) && table.values.len() == table.steps.len();
        assert!(whole && out.len() == at.len() * table.taps, "rows of whole lanes");
        assert!(start >= 0.0 && step >= 0.0, "positions from zero up");
        dispatch!(self.folding(), s => bodies::taps(s, table, start, step, first, at, out));
    }

    /// Interpolates `x` with such taps: `out[i] = Σ row i of taps[j]·x[at[i] + j]`.
    ///
    /// # Panics
    /// When `x` ends before the last row does, or there are not as many rows as outputs.
    pub fn weigh(self, x: &[f32], at: &[u32], taps: &[f32], out: &mut [f32]) {
        let whole = taps.len().is_multiple_of(at.len().max(1) * bodies::LANES);
        assert!(at.len() == out.len() && whole, "a row of whole lanes for each output");
        dispatch!(self.folding(), s => bodies::weigh(s, x, at, taps, out));
    }

    /// Samples of a block of sums.
    pub const BLOCK: usize = 128;

    /// Bins of a real transform are made so many at a time, behind the first.
    pub const BINS: usize = 8;

    /// The lowest bins of the transform of 2·M real samples, from `z`, that of their M pairs as complex numbers; `z` holds real and
    /// imaginary parts by turns, `turns` the cosines and sines of 2πk/2M of each bin k.
    ///
    /// # Panics
    /// When the bins are not one more than some times [`BINS`](Self::BINS), or more than M of them.
    pub fn untangle(self, z: &[f32], turns: (&[f32], &[f32]), re: &mut [f32], im: &mut [f32]) {
        let n = re.len();
        assert!(n % Self::BINS == 1 && 2 * n <= z.len(), "{n} bins from {} numbers", z.len());
        assert!(n == im.len() && n == turns.0.len() && n == turns.1.len(), "parts of bins differ in number");
        dispatch!(self.0, s => bodies::untangle(s, z, turns, re, im));
    }

    /// (re² + im²)·`unit` of as many numbers as all slices have.
    pub fn squares(self, re: &[f32], im: &[f32], unit: f64, out: &mut [f64]) {
        dispatch!(self.0, s => bodies::squares(s, re, im, unit, out));
    }

    /// Replaces values by their square roots.
    pub fn roots(self, values: &mut [f64]) {
        dispatch!(self.0, s => bodies::roots(s, values));
    }

    /// Angles of the vectors (`x`, `y`), in radians from −π to π, to some 1e-15: as many as all three slices have.
    pub fn angles(self, x: &[f64], y: &[f64], out: &mut [f64]) {
        dispatch!(self.0, s => bodies::angles(s, x, y, out));
    }

    /// Sums over the samples x of `wave` but its first and last, with x′ half the difference of the two beside x, and d that of x
    /// to p = `Σ w[j]·like[n + j]`: x², x·x′, x′², d·x, d·x′, d².
    ///
    /// # Panics
    /// When `like` is not one sample longer than `wave`.
    pub fn likeness(self, wave: &[f32], like: &[f32], w: [f64; 4]) -> [f64; 6] {
        assert!(like.len() == wave.len() + 1, "{} samples and {} like them", wave.len(), like.len());
        dispatch!(self.0, s => bodies::likeness(s, wave, like, w))
    }

    /// Largest `|x[n] − Σ w[j]·past[n + j]|`, n over `x`; `past` holds three samples more than `x`.
    ///
    /// # Panics
    /// When it does not.
    pub fn largest_difference(self, x: &[f32], past: &[f32], w: [f32; 4]) -> f32 {
        assert!(past.len() == x.len() + 3, "four taps need three samples more");
        dispatch!(self.0, s => bodies::largest_difference(s, x, past, w))
    }

    /// Largest `|x[n] − 4·x[n + d] + 6·x[n + 2d] − 4·x[n + 3d] + x[n + 4d]|` with d = `stride`; zero when `x` is shorter than that.
    pub fn largest_fourth_difference(self, x: &[f32], stride: usize) -> f32 {
        let n = x.len().saturating_sub(4 * stride);
        dispatch!(self.0, s => bodies::largest_fourth_difference(s, x, stride, n))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples(n: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-40_000.0f32..40_000.0, n)
    }

    proptest! {
        #[test]
        fn dot_agrees_with_its_naive_twin_on_every_level(x in samples(0..700), at in 0usize..9) {
            let at = at.min(x.len());
            let u = &x[at..];
            let v: Vec<f32> = u.iter().rev().copied().collect();
            let want = naive::dot(u, &v);
            let got: Vec<f64> = Level::all().into_iter().map(|l| l.dot(u, &v)).collect();
            let size: f64 = u.iter().zip(&v).map(|(a, b)| f64::from(a * b).abs()).sum();
            prop_assert!((got[0] - want).abs() <= 1e-14 * size);
            prop_assert!(got.iter().all(|g| g.to_bits() == got[0].to_bits()));
            let squares = Level::all().into_iter().map(|l| (l.energy(u), l.dot(u, u)));
            prop_assert!(squares.into_iter().all(|(e, d)| e.to_bits() == d.to_bits()));
            let (u, v) = (u.chunks_exact(Level::BLOCK), v.chunks_exact(Level::BLOCK));
            let dots: Vec<f64> = u.clone().zip(v.clone()).map(|(u, v)| Level::chosen().dot(u, v)).collect();
            let energies: Vec<f64> = u.clone().map(|u| Level::chosen().energy(u)).collect();
            let (u, v) = (u.flatten().copied().collect::<Vec<_>>(), v.flatten().copied().collect::<Vec<_>>());
            for level in Level::all() {
                let (mut blocks, mut backwards, mut squares) = (vec![0.0; dots.len()], vec![0.0; dots.len()], vec![0.0; dots.len()]);
                level.block_products(&[&u, &v], &[(0, 1), (1, 0)], &mut [&mut blocks, &mut backwards]);
                level.block_energies(&u, &mut squares);
                prop_assert_eq!((&blocks, &backwards, &squares), (&dots, &dots, &energies));
            }
        }

        #[test]
        fn products_of_phases_are_those_of_any_pairs_on_every_level(x in samples(5 * Level::BLOCK..9 * Level::BLOCK), squares in any::<bool>(), power in any::<bool>()) {
            let n = 4 * Level::BLOCK;
            let streams: [&[f32]; Level::STREAMS] = std::array::from_fn(|k| &x[17 * k..][..n]);
            let pairs = bodies::pairs_of_phases(squares, power);
            for level in Level::all() {
                let mut sums = vec![[0.0; 4]; pairs.len()];
                level.block_products(&streams, pairs, &mut sums.iter_mut().map(|s| &mut s[..]).collect::<Vec<_>>());
                for ((u, v), sums) in pairs.iter().zip(&sums) {
                    for (k, sum) in sums.iter().enumerate() {
                        let block = |c: usize| &streams[c][k * Level::BLOCK..(k + 1) * Level::BLOCK];
                        prop_assert_eq!(sum.to_bits(), Level::chosen().dot(block(*u), block(*v)).to_bits());
                    }
                }
            }
        }

        #[test]
        fn a_value_that_is_not_finite_is_found_wherever_it_is_on_every_level(x in samples(0..300), at in 0usize..300, odd in prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 0.0])) {
            let mut x = x;
            if let Some(x) = x.get_mut(at) {
                *x = odd;
            }
            let want = x.iter().all(|v| v.is_finite());
            prop_assert!(Level::all().into_iter().all(|l| l.all_finite(&x, &[]) == want));
        }

        #[test]
        fn totals_agree_with_their_naive_twin_on_every_level(x in prop::collection::vec(-1e9f64..1e9, 0..100)) {
            let want: f64 = x.iter().sum();
            let got: Vec<f64> = Level::all().into_iter().map(|l| l.total(&x)).collect();
            prop_assert!((got[0] - want).abs() <= 1e-14 * x.iter().map(|v| v.abs()).sum::<f64>());
            prop_assert!(got.iter().all(|g| g.to_bits() == got[0].to_bits()));
            for level in Level::all() {
                let (sum, least, most) = level.spread(&x);
                prop_assert_eq!(sum.to_bits(), got[0].to_bits());
                prop_assert_eq!(least, x.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(most, x.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            }
        }

        #[test]
        fn fir_agrees_with_its_naive_twin_on_every_level(x in samples(200..900), taps in prop::collection::vec(-1.0f32..1.0, 1..13), factor in 1usize..34) {
            let taps: Vec<f32> = taps.iter().cycle().take(taps.len() * 16).copied().collect();
            let n = (x.len() - taps.len()) / factor;
            let want = naive::fir(&x, &taps, factor, n);
            let mut first: Option<Vec<f32>> = None;
            for level in Level::all() {
                let mut got = vec![0.0; n];
                level.fir(&x, &taps, factor, &[], &mut got);
                for (g, w) in got.iter().zip(&want) {
                    prop_assert!((f64::from(*g) - w).abs() <= 0.5 * taps.len() as f64, "{g} {w}");
                }
                let first = first.get_or_insert_with(|| got.clone());
                prop_assert!(first.iter().zip(&got).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
        }

        #[test]
        fn resampling_agrees_with_its_naive_twin_on_every_level(x in samples(96..200), c in samples(192), d in samples(192), start in 0.0f64..3.0, step in 0.0f64..2.0, width in prop::sample::select(vec![16usize, 32, 48])) {
            let n = 19;
            let want = naive::resample(&x, (&c, &d), width, start, step, n);
            let mut first: Option<Vec<f32>> = None;
            for level in Level::all() {
                let (mut got, mut at, mut taps) = (vec![0.0; n], vec![0; n], vec![0.0; n * width]);
                let table = Table { values: &c, steps: &d, taps: width };
                // In two goes, as for a long window.
                for (from, to) in [(0, 7), (7, n)] {
                    let taps = &mut taps[from * width..to * width];
                    level.taps(&table, start, step, from, &mut at[from..to], taps);
                }
                level.weigh(&x, &at, &taps, &mut got);
                for (g, (w, size)) in got.iter().zip(&want) {
                    prop_assert!((f64::from(*g) - w).abs() <= 1e-5 * size, "{g} {w}");
                }
                let first = first.get_or_insert_with(|| got.clone());
                prop_assert!(first.iter().zip(&got).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
        }

        #[test]
        fn codes_become_the_same_floats_on_every_level(codes in prop::collection::vec(any::<i16>(), 9..200)) {
            let want: Vec<f32> = codes.iter().map(|c| f32::from(*c)).collect();
            let (first, n) = (9, codes.len() - 9);
            let dot = Level::chosen().dot(&want[first..], &want[..n]);
            let zero = || codes.iter().copied().chain([0]);
            for level in Level::all() {
                let mut got = vec![f32::NAN; codes.len()];
                let ends = level.widen(&codes, &[], &mut got);
                prop_assert_eq!(&got, &want);
                prop_assert_eq!(ends, (zero().min().unwrap(), zero().max().unwrap()));
                prop_assert_eq!(level.dot_of_codes(&codes[first..], &codes[..n]).to_bits(), dot.to_bits());
            }
        }

        #[test]
        fn bins_have_the_same_bits_on_every_level(z in samples(96), turns in prop::collection::vec(-1.0f32..1.0, 50)) {
            let (mut cos, mut sin) = (turns[..25].to_vec(), turns[25..].to_vec());
            (cos[0], sin[0]) = (1.0, 0.0);
            let mut first: Option<Vec<u64>> = None;
            for level in Level::all() {
                let (mut re, mut im, mut squares) = (vec![f32::NAN; 25], vec![f32::NAN; 25], vec![f64::NAN; 25]);
                level.untangle(&z, (&cos, &sin), &mut re, &mut im);
                let want = naive::untangle(&z, &cos, &sin);
                for k in 0..25 {
                    prop_assert!((f64::from(re[k]) - want[k].0).abs() <= 0.1, "{} {:?}", re[k], want[k]);
                    prop_assert!((f64::from(im[k]) - want[k].1).abs() <= 0.1, "{} {:?}", im[k], want[k]);
                }
                level.squares(&re, &im, 0.3, &mut squares);
                level.roots(&mut squares);
                for ((square, re), im) in squares.iter().zip(&re).zip(&im) {
                    let want = f64::from(*re).hypot(f64::from(*im)) * 0.3f64.sqrt();
                    prop_assert!((square - want).abs() <= 1e-15 * want, "{square} {want}");
                }
                let parts = re.iter().chain(&im).map(|v| u64::from(v.to_bits()));
                let bits: Vec<u64> = parts.chain(squares.iter().map(|v| v.to_bits())).collect();
                prop_assert!(*first.get_or_insert_with(|| bits.clone()) == bits);
            }
        }

        #[test]
        fn angles_agree_with_the_arc_tangent_on_every_level(v in prop::collection::vec((-9.0f64..9.0, -9.0f64..9.0), 1..60)) {
            let special = [0.0, -0.0, 1.0, -1.0, 1e-300, 4e99];
            let corners = special.iter().flat_map(|x| special.map(|y| (*x, y)));
            let (x, y): (Vec<f64>, Vec<f64>) = v.into_iter().chain(corners).unzip();
            let mut first: Option<Vec<f64>> = None;
            for level in Level::all() {
                let mut got = vec![f64::NAN; x.len()];
                level.angles(&x, &y, &mut got);
                for (i, a) in got.iter().enumerate() {
                    let want = y[i].atan2(x[i]);
                    let none = x[i] == 0.0 && y[i] == 0.0;
                    prop_assert!(none || (a - want).abs() <= 2e-15 * want.abs().max(1e-300), "{} {}: {a} {want}", x[i], y[i]);
                }
                let first = first.get_or_insert_with(|| got.clone());
                prop_assert!(first.iter().zip(&got).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
        }

        #[test]
        fn cycle_difference_agrees_with_its_naive_twin_on_every_level(x in samples(3..300)) {
            let (now, w) = (&x[..x.len() - 3], [-0.07f32, 0.8, 0.3, -0.03]);
            let want = naive::largest_difference(now, &x, w);
            for level in Level::all() {
                let got = level.largest_difference(now, &x, w);
                prop_assert!((got - want).abs() <= 0.05, "{got} {want}");
            }
            let got: Vec<u32> = Level::all().into_iter().map(|l| l.largest_difference(now, &x, w).to_bits()).collect();
            prop_assert!(got.iter().all(|g| *g == got[0]));
        }

        #[test]
        fn likeness_agrees_with_its_naive_twin_on_every_level(x in samples(5..90)) {
            let (wave, w) = (&x[1..], [-0.07f64, 0.8, 0.3, -0.03]);
            let want = naive::likeness(wave, &x, w);
            let got: Vec<[f64; 6]> = Level::all().into_iter().map(|l| l.likeness(wave, &x, w)).collect();
            for (g, w) in got[0].iter().zip(want) {
                prop_assert!((g - w).abs() <= 1e-13 * x.len() as f64 * 4e4f64.powi(2), "{g} {w}");
            }
            prop_assert!(got.iter().all(|g| g.map(f64::to_bits) == got[0].map(f64::to_bits)));
        }

        #[test]
        fn fourth_difference_agrees_with_its_naive_twin_on_every_level(x in samples(0..300), stride in 1usize..9) {
            let want = naive::largest_fourth_difference(&x, stride);
            let got: Vec<f32> = Level::all().into_iter().map(|l| l.largest_fourth_difference(&x, stride)).collect();
            prop_assert!((got[0] - want).abs() <= 0.2, "{} {want}", got[0]);
            prop_assert!(got.iter().all(|g| g.to_bits() == got[0].to_bits()));
        }
    }
}
