//! The kernels, once each, for any instruction set.
//!
//! Sixteen accumulators are one AVX-512 register, two of AVX2 or four of NEON: the additions are the same on all.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, SQRT_2};
use std::ops::Range;

use fearless_simd::{Simd, SimdBase, f32x8, f32x16, f64x8, i16x16, i16x32, prelude::*};
use fearless_simd_macros::simd;

use super::{Level, Table};

/// Bins that are untangled at a time.
const BINS: usize = Level::BINS;
/// Accumulators of every sum.
pub const LANES: usize = 16;

/// Products of single precision are exact in double precision: with or without a rounding of their own they are the same.
#[simd]
pub fn dot<S: Simd>(s: S, u: &[f32], v: &[f32]) -> f64 {
    let mut acc = (f64x8::splat(s, 0.0), f64x8::splat(s, 0.0));
    let (u_lanes, u_tail) = u.as_chunks::<LANES>();
    let (v_lanes, v_tail) = v.as_chunks::<LANES>();
    for (a, b) in u_lanes.iter().zip(v_lanes) {
        let (a_low, a_high) = s.widen_f32x16(f32x16::from_slice(s, a));
        let (b_low, b_high) = s.widen_f32x16(f32x16::from_slice(s, b));
        acc.0 = a_low.mul_add(b_low, acc.0);
        acc.1 = a_high.mul_add(b_high, acc.1);
    }
    sum(s, acc.0 + acc.1, u_tail.iter().zip(v_tail).map(|(a, b)| f64::from(*a) * f64::from(*b)))
}

/// The same of codes, which become floats on the way.
#[simd]
pub fn dot_of_codes<S: Simd>(s: S, u: &[i16], v: &[i16]) -> f64 {
    let mut acc = (f64x8::splat(s, 0.0), f64x8::splat(s, 0.0));
    let (u_lanes, u_tail) = u.as_chunks::<LANES>();
    let (v_lanes, v_tail) = v.as_chunks::<LANES>();
    for (a, b) in u_lanes.iter().zip(v_lanes) {
        let (a_low, a_high) = wide(s, a);
        let (b_low, b_high) = wide(s, b);
        acc.0 = a_low.mul_add(b_low, acc.0);
        acc.1 = a_high.mul_add(b_high, acc.1);
    }
    sum(s, acc.0 + acc.1, u_tail.iter().zip(v_tail).map(|(a, b)| f64::from(*a) * f64::from(*b)))
}

#[simd]
fn wide<S: Simd>(s: S, codes: &[i16; LANES]) -> (f64x8<S>, f64x8<S>) {
    let (low, high) = s.widen_i16x16(i16x16::from_slice(s, codes));
    s.widen_f32x16(s.combine_f32x8(s.cvt_f32_i32x8(low), s.cvt_f32_i32x8(high)))
}

#[simd]
pub fn energy<S: Simd>(s: S, u: &[f32]) -> f64 {
    let (lanes, tail) = u.as_chunks();
    sum(s, squared(s, lanes), tail.iter().map(|a| f64::from(*a) * f64::from(*a)))
}

/// Nothing times zero is nothing but for what is not finite, and what that leaves stays in the sum.
#[simd]
pub fn all_finite<S: Simd>(s: S, values: &[f32], soon: &[f32]) -> bool {
    const AT_ONCE: usize = 4;
    let mut left = [f32x16::splat(s, 0.0); AT_ONCE];
    let (lanes, tail) = values.as_chunks::<{ AT_ONCE * LANES }>();
    for (k, values) in lanes.iter().enumerate() {
        prefetch(soon, k * AT_ONCE * LANES..(k + 1) * AT_ONCE * LANES);
        let (values, _) = values.as_chunks::<LANES>();
        for (left, values) in left.iter_mut().zip(values) {
            *left = f32x16::from_slice(s, values).mul_add(0.0, *left);
        }
    }
    let [a, b, c, d] = left;
    ((a + b) + (c + d)).simd_eq(0.0).all_true() && tail.iter().all(|v| v.is_finite())
}

/// Codes as floats, with the least and the most of them; zero is one of them.
#[simd]
pub fn widen<S: Simd>(s: S, codes: &[i16], soon: &[f32], out: &mut [f32]) -> (i16, i16) {
    const AT_ONCE: usize = 2 * LANES;
    let (mut low, mut high) = (i16x32::splat(s, 0), i16x32::splat(s, 0));
    let (vectors, tail) = codes.as_chunks::<AT_ONCE>();
    let (floats, left) = out.as_chunks_mut::<AT_ONCE>();
    for (k, (codes, floats)) in vectors.iter().zip(floats).enumerate() {
        prefetch(soon, k * LANES..(k + 1) * LANES);
        let codes = i16x32::from_slice(s, codes);
        (low, high) = (low.min(codes), high.max(codes));
        let (first, second) = s.widen_i16x32(codes);
        let (begin, end) = floats.split_at_mut(LANES);
        s.cvt_f32_i32x16(first).store_slice(begin);
        s.cvt_f32_i32x16(second).store_slice(end);
    }
    let (mut least, mut most) = (0, 0);
    for k in 0..AT_ONCE {
        (least, most) = (least.min(low[k]), most.max(high[k]));
    }
    for (code, float) in tail.iter().zip(left) {
        (least, most) = (least.min(*code), most.max(*code));
        *float = f32::from(*code);
    }
    (least, most)
}

#[simd]
pub fn block_energies<S: Simd>(s: S, u: &[f32], out: &mut [f64]) {
    let (blocks, _) = u.as_chunks::<{ Level::BLOCK }>();
    for (block, out) in blocks.iter().zip(out) {
        *out = folded(s, squared(s, block.as_chunks().0));
    }
}

/// Sums of squares, in eight lanes.
#[simd]
fn squared<S: Simd>(s: S, u: &[[f32; LANES]]) -> f64x8<S> {
    let mut acc = (f64x8::splat(s, 0.0), f64x8::splat(s, 0.0));
    for a in u {
        let (low, high) = s.widen_f32x16(f32x16::from_slice(s, a));
        acc.0 = low.mul_add(low, acc.0);
        acc.1 = high.mul_add(high, acc.1);
    }
    acc.0 + acc.1
}

/// A block of every stream is widened once for all pairs: the products are those of [`dot`].
#[simd]
pub fn block_products<S: Simd>(s: S, streams: &[&[f32]], pairs: &[(usize, usize)], out: &mut [&mut [f64]]) {
    let mut wide = [[0.0; Level::BLOCK]; Level::STREAMS];
    let blocks = out.iter().map(|out| out.len()).min().unwrap_or(0);
    for block in 0..blocks {
        for (stream, wide) in streams.iter().zip(&mut wide) {
            let (samples, _) = stream[block * Level::BLOCK..(block + 1) * Level::BLOCK].as_chunks::<LANES>();
            let (wide, _) = wide.as_chunks_mut::<LANES>();
            for (samples, wide) in samples.iter().zip(wide) {
                let (low, high) = s.widen_f32x16(f32x16::from_slice(s, samples));
                let (wide_low, wide_high) = wide.split_at_mut(LANES / 2);
                low.store_slice(wide_low);
                high.store_slice(wide_high);
            }
        }
        for ((u, v), out) in pairs.iter().zip(&mut *out) {
            let mut acc = (f64x8::splat(s, 0.0), f64x8::splat(s, 0.0));
            let ((u, _), (v, _)) = (wide[*u].as_chunks::<LANES>(), wide[*v].as_chunks::<LANES>());
            for (a, b) in u.iter().zip(v) {
                let ((a_low, a_high), (b_low, b_high)) = (a.split_at(LANES / 2), b.split_at(LANES / 2));
                acc.0 = f64x8::from_slice(s, a_low).mul_add(f64x8::from_slice(s, b_low), acc.0);
                acc.1 = f64x8::from_slice(s, a_high).mul_add(f64x8::from_slice(s, b_high), acc.1);
            }
            out[block] = folded(s, acc.0 + acc.1);
        }
    }
}

/// The pairs of three phases: each channel with itself, then each with the next, and each voltage with its current.
const PHASES_AND_POWER: [(usize, usize); 15] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (0, 1),
    (0, 3),
    (1, 2),
    (1, 4),
    (2, 0),
    (2, 5),
    (3, 4),
    (4, 5),
    (5, 3),
];
/// The same without power.
const PHASES: [(usize, usize); 12] =
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)];

/// The pairs that have a kernel: with squares or without, with power or without.
pub fn pairs_of_phases(squares: bool, power: bool) -> &'static [(usize, usize)] {
    let all = if power { &PHASES_AND_POWER[..] } else { &PHASES[..] };
    if squares { all } else { &all[Level::STREAMS..] }
}

/// [`block_products`] of [`pairs_of_phases`] without squares, the sums in registers: for where there are thirty-two of eight doubles.
#[simd]
pub fn products_of_phases<S: Simd, const POWER: bool>(
    s: S,
    streams: [&[f32]; Level::STREAMS],
    out: &mut [&mut [f64]],
) {
    let pairs = pairs_of_phases(false, POWER);
    let blocks = out.iter().map(|out| out.len()).min().unwrap_or(0);
    for block in 0..blocks {
        let zero = f64x8::splat(s, 0.0);
        let mut sums = [(zero, zero); PHASES_AND_POWER.len() - Level::STREAMS];
        let [a, b, c, d, e, f] =
            streams.map(|x| x[block * Level::BLOCK..(block + 1) * Level::BLOCK].as_chunks::<LANES>().0);
        for k in 0..Level::BLOCK / LANES {
            let mut wide = [(zero, zero); Level::STREAMS];
            for (wide, x) in wide.iter_mut().zip([a, b, c, d, e, f]) {
                *wide = s.widen_f32x16(f32x16::from_slice(s, &x[k]));
            }
            for (sum, (u, v)) in sums.iter_mut().zip(pairs) {
                sum.0 = wide[*u].0.mul_add(wide[*v].0, sum.0);
                sum.1 = wide[*u].1.mul_add(wide[*v].1, sum.1);
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            out[block] = folded(s, sum.0 + sum.1);
        }
    }
}

/// The same with squares.
#[simd]
pub fn squares_of_phases<S: Simd, const POWER: bool>(
    s: S,
    streams: [&[f32]; Level::STREAMS],
    out: &mut [&mut [f64]],
) {
    const VECTORS: usize = Level::BLOCK / LANES;
    let blocks = out.iter().map(|out| out.len()).min().unwrap_or(0);
    let streams = streams.map(|x| x[..blocks * Level::BLOCK].as_chunks::<LANES>().0);
    for block in 0..blocks {
        let vectors = block * VECTORS..(block + 1) * VECTORS;
        let low = half_squares::<S, POWER, false>(s, streams, vectors.clone());
        let high = half_squares::<S, POWER, true>(s, streams, vectors);
        for (out, (low, high)) in out.iter_mut().zip(low.into_iter().zip(high)) {
            out[block] = folded(s, low + high);
        }
    }
}

/// The lower or the upper eight lanes of the sums of a block: those of both would not fit into the registers.
#[simd]
fn half_squares<S: Simd, const POWER: bool, const UPPER: bool>(
    s: S,
    streams: [&[[f32; LANES]]; Level::STREAMS],
    vectors: Range<usize>,
) -> [f64x8<S>; PHASES_AND_POWER.len()] {
    let pairs = pairs_of_phases(true, POWER);
    let mut sums = [f64x8::splat(s, 0.0); PHASES_AND_POWER.len()];
    for k in vectors {
        let mut wide = [f64x8::splat(s, 0.0); Level::STREAMS];
        for (wide, x) in wide.iter_mut().zip(streams) {
            let (low, high) = s.widen_f32x16(f32x16::from_slice(s, &x[k]));
            *wide = if UPPER { high } else { low };
        }
        for (sum, (u, v)) in sums.iter_mut().zip(pairs) {
            *sum = wide[*u].mul_add(wide[*v], *sum);
        }
    }
    sums
}

#[simd]
pub fn total<S: Simd>(s: S, values: &[f64]) -> f64 {
    let mut acc = f64x8::splat(s, 0.0);
    let (lanes, tail) = values.as_chunks::<{ LANES / 2 }>();
    for a in lanes {
        acc += f64x8::from_slice(s, a);
    }
    sum(s, acc, tail.iter().copied())
}

#[simd]
pub fn spread<S: Simd>(s: S, values: &[f64]) -> (f64, f64, f64) {
    let (mut acc, mut low, mut high) =
        (f64x8::splat(s, 0.0), f64x8::splat(s, f64::INFINITY), f64x8::splat(s, f64::NEG_INFINITY));
    let (lanes, tail) = values.as_chunks::<{ LANES / 2 }>();
    for a in lanes {
        let a = f64x8::from_slice(s, a);
        acc += a;
        low = low.min(a);
        high = high.max(a);
    }
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for k in 0..LANES / 2 {
        (least, most) = (least.min(low[k]), most.max(high[k]));
    }
    for v in tail {
        (least, most) = (least.min(*v), most.max(*v));
    }
    (sum(s, acc, tail.iter().copied()), least, most)
}

/// Sum of eight lanes, with what is left over added lane by lane before.
#[simd]
fn sum<S: Simd>(s: S, lanes: f64x8<S>, left: impl Iterator<Item = f64>) -> f64 {
    let mut eight = [0.0f64; LANES / 2];
    lanes.store_slice(&mut eight);
    for (i, v) in left.enumerate() {
        eight[i % (LANES / 2)] += v;
    }
    folded(s, f64x8::from_slice(s, &eight))
}

/// Sum of eight lanes: halves onto each other, and again.
#[simd]
fn folded<S: Simd>(_: S, eight: f64x8<S>) -> f64 {
    let (low, high) = eight.split();
    let (low, high) = (low + high).split();
    let two = low + high;
    two[0] + two[1]
}

/// The taps come one after the other, for sixteen outputs side by side: the inputs, `FACTOR` apart, are brought side by side before.
#[simd]
pub fn dense_fir<S: Simd, const FACTOR: usize>(s: S, x: &[f32], taps: &[f32], soon: &[f32], out: &mut [f32]) {
    let mut beside = [[0.0; AT_A_TIME + DENSE_TAPS + LANES]; FACTOR];
    let more = taps.len().div_ceil(FACTOR);
    for (k, out) in out.chunks_mut(AT_A_TIME).enumerate() {
        let from = k * AT_A_TIME * FACTOR;
        let to = x.len().min(from + (out.len() + more).next_multiple_of(LANES) * FACTOR);
        bring_beside(s, &x[from..to], &mut beside);
        let mut at = 0;
        let (fours, rest) = out.as_chunks_mut::<{ 4 * LANES }>();
        for four in fours {
            let now = from + at * FACTOR;
            prefetch(soon, now..now + 4 * LANES * FACTOR);
            side_by_side::<S, FACTOR, 4>(s, &beside, taps, at, four.as_chunks_mut().0);
            at += 4 * LANES;
        }
        for out in rest.chunks_mut(LANES) {
            let mut sums = [[0.0; LANES]];
            side_by_side::<S, FACTOR, 1>(s, &beside, taps, at, &mut sums);
            out.copy_from_slice(&sums[0][..out.len()]);
            at += LANES;
        }
    }
}

/// Every `FACTOR`-th input beside each other, 1, 2 or 4.
#[simd]
fn bring_beside<S: Simd, const FACTOR: usize>(
    s: S,
    x: &[f32],
    beside: &mut [[f32; AT_A_TIME + DENSE_TAPS + LANES]; FACTOR],
) {
    let (vectors, left) = x.as_chunks::<LANES>();
    let (whole, more) = vectors.split_at(vectors.len() / FACTOR * FACTOR);
    for (at, inputs) in whole.chunks_exact(FACTOR).enumerate() {
        let v = |k: usize| f32x16::from_slice(s, &inputs[k]);
        let mut store = |k: usize, v: f32x16<S>| v.store_slice(&mut beside[k][at * LANES..(at + 1) * LANES]);
        match FACTOR {
            1 => store(0, v(0)),
            2 => {
                let (even, odd) = v(0).deinterleave(v(1));
                store(0, even);
                store(1, odd);
            }
            _ => {
                let ((a_even, a_odd), (b_even, b_odd)) = (v(0).deinterleave(v(1)), v(2).deinterleave(v(3)));
                let ((zeroth, second), (first, third)) =
                    (a_even.deinterleave(b_even), a_odd.deinterleave(b_odd));
                store(0, zeroth);
                store(1, first);
                store(2, second);
                store(3, third);
            }
        }
    }
    let done = whole.len() / FACTOR * LANES;
    for (k, input) in more.as_flattened().iter().chain(left).enumerate() {
        beside[k % FACTOR][done + k / FACTOR] = *input;
    }
}

/// Outputs of a [`dense_fir`] that are made from inputs in the nearest cache.
const AT_A_TIME: usize = 128;
/// Most taps that it takes for each of its inputs' places.
pub const DENSE_TAPS: usize = 128;

/// `V` times sixteen outputs from output `at` on.
#[simd]
fn side_by_side<S: Simd, const FACTOR: usize, const V: usize>(
    s: S,
    beside: &[[f32; AT_A_TIME + DENSE_TAPS + LANES]; FACTOR],
    taps: &[f32],
    at: usize,
    out: &mut [[f32; LANES]],
) {
    let mut sums = [f32x16::splat(s, 0.0); V];
    let (whole, left) = taps.as_chunks::<FACTOR>();
    for (k, taps) in whole.iter().enumerate() {
        let from = at + k;
        for p in 0..FACTOR {
            let (x, _) = beside[p][from..from + V * LANES].as_chunks::<LANES>();
            let tap = f32x16::splat(s, taps[p]);
            for v in 0..V {
                sums[v] = tap.mul_add_precise(f32x16::from_slice(s, &x[v]), sums[v]);
            }
        }
    }
    let from = at + whole.len();
    for (x, tap) in beside.iter().zip(left) {
        let (x, _) = x[from..from + V * LANES].as_chunks::<LANES>();
        let tap = f32x16::splat(s, *tap);
        for v in 0..V {
            sums[v] = tap.mul_add_precise(f32x16::from_slice(s, &x[v]), sums[v]);
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        sum.store_slice(out);
    }
}

/// Asks for memory, so that it comes while something is computed.
#[inline]
fn prefetch(soon: &[f32], range: Range<usize>) {
    let there = range.start..range.end.min(soon.len());
    for line in soon.get(there).unwrap_or_default().chunks(LANES) {
        mem_prefetch::prefetch_read_data::<_, 2>(&line[0]);
    }
}

/// Four outputs at a time, so that the taps are loaded once for four and the lanes of four sums are folded together.
#[simd]
pub fn fir<S: Simd>(s: S, x: &[f32], taps: &[f32], factor: usize, soon: &[f32], out: &mut [f32]) {
    let (taps, _) = taps.as_chunks::<LANES>();
    let span = taps.len() * LANES;
    let mut from = 0;
    let (fours, rest) = out.as_chunks_mut::<4>();
    for four in fours {
        prefetch(soon, from..from + 4 * factor);
        let (a, _) = x[from..from + span].as_chunks::<LANES>();
        let (b, _) = x[from + factor..from + factor + span].as_chunks::<LANES>();
        let (c, _) = x[from + 2 * factor..from + 2 * factor + span].as_chunks::<LANES>();
        let (d, _) = x[from + 3 * factor..from + 3 * factor + span].as_chunks::<LANES>();
        let mut acc = [f32x16::splat(s, 0.0); 4];
        for ((((h, a), b), c), d) in taps.iter().zip(a).zip(b).zip(c).zip(d) {
            let h = f32x16::from_slice(s, h);
            acc[0] = h.mul_add_precise(f32x16::from_slice(s, a), acc[0]);
            acc[1] = h.mul_add_precise(f32x16::from_slice(s, b), acc[1]);
            acc[2] = h.mul_add_precise(f32x16::from_slice(s, c), acc[2]);
            acc[3] = h.mul_add_precise(f32x16::from_slice(s, d), acc[3]);
        }
        *four = sum_four(s, acc);
        from += 4 * factor;
    }
    for y in rest {
        let acc = weighed(s, x[from..from + span].as_chunks::<LANES>().0, taps);
        *y = sum_four(s, [acc; 4])[0];
        from += factor;
    }
}

/// The same for inputs that are `SHIFT` whole vectors apart: what is loaded serves several outputs.
#[simd]
pub fn whole_fir<S: Simd, const SHIFT: usize>(s: S, x: &[f32], taps: &[f32], soon: &[f32], out: &mut [f32]) {
    const TAPS: usize = 4;
    let (taps, _) = taps.as_chunks::<LANES>();
    let (x, _) = x.as_chunks::<LANES>();
    let (many, few) = taps.as_chunks::<TAPS>();
    let (fours, rest) = out.as_chunks_mut::<4>();
    let mut from = 0;
    for four in fours {
        prefetch(soon, from * LANES..(from + 4 * SHIFT) * LANES);
        let mut acc = [f32x16::splat(s, 0.0); 4];
        let x = &x[from..from + 3 * SHIFT + taps.len()];
        for (k, taps) in many.iter().enumerate() {
            weigh_beside::<S, SHIFT, TAPS>(s, &x[k * TAPS..], taps, &mut acc);
        }
        for (k, tap) in few.iter().enumerate() {
            weigh_beside::<S, SHIFT, 1>(s, &x[many.len() * TAPS + k..], &[*tap], &mut acc);
        }
        *four = sum_four(s, acc);
        from += 4 * SHIFT;
    }
    for y in rest {
        let acc = weighed(s, &x[from..from + taps.len()], taps);
        *y = sum_four(s, [acc; 4])[0];
        from += SHIFT;
    }
}

/// Adds some vectors of taps to four outputs, whose inputs begin `SHIFT` vectors apart.
#[simd]
fn weigh_beside<S: Simd, const SHIFT: usize, const TAPS: usize>(
    s: S,
    x: &[[f32; LANES]],
    taps: &[[f32; LANES]; TAPS],
    acc: &mut [f32x16<S>; 4],
) {
    let x = &x[..3 * SHIFT + TAPS];
    for (k, tap) in taps.iter().enumerate() {
        let tap = f32x16::from_slice(s, tap);
        for (o, acc) in acc.iter_mut().enumerate() {
            *acc = tap.mul_add_precise(f32x16::from_slice(s, &x[o * SHIFT + k]), *acc);
        }
    }
}

/// 2⁵²: a float that is this much more has its whole part in the lowest bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// Rows of taps for `start + step·i`, i from `first` on: between two rows of `table` linearly; `at` is the sample they begin at.
#[simd]
pub fn taps<S: Simd>(
    s: S,
    table: &Table<'_>,
    start: f64,
    step: f64,
    first: usize,
    at: &mut [u32],
    out: &mut [f32],
) {
    let width = table.taps;
    let rows = (table.values.len() / width) as f64;
    let (values, _) = table.values.as_chunks::<LANES>();
    let (steps, _) = table.steps.as_chunks::<LANES>();
    let (out, _) = out.as_chunks_mut::<LANES>();
    let vectors = width / LANES;
    let (start, step) = (f64x8::splat(s, start), f64x8::splat(s, step));
    let mut index = f64x8::from_slice(s, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) + first as f64;
    for (at, out) in at.chunks_mut(8).zip(out.chunks_mut(8 * vectors)) {
        let position = start + step * index;
        index += 8.0;
        let whole = position.floor();
        let place = (position - whole) * rows;
        let row = place.floor();
        let fractions = place - row;
        for (k, (at, out)) in at.iter_mut().zip(out.chunks_exact_mut(vectors)).enumerate() {
            *at = (whole[k] + WHOLE).to_bits() as u32;
            let f = f32x16::splat(s, fractions[k] as f32);
            let row = (row[k] + WHOLE).to_bits() as u32 as usize;
            if let [out] = out {
                // The usual width, without a loop.
                f.mul_add_precise(f32x16::from_slice(s, &steps[row]), f32x16::from_slice(s, &values[row]))
                    .store_slice(out);
                continue;
            }
            let rows = row * vectors..(row + 1) * vectors;
            for ((c, d), out) in values[rows.clone()].iter().zip(&steps[rows]).zip(out) {
                f.mul_add_precise(f32x16::from_slice(s, d), f32x16::from_slice(s, c)).store_slice(out);
            }
        }
    }
}

/// Samples from the first of four outputs on, in which the others lie too, mostly: a power of two after those of the last.
const NEAR: usize = LANES + 15;

#[simd]
pub fn weigh<S: Simd>(s: S, x: &[f32], at: &[u32], taps: &[f32], out: &mut [f32]) {
    let (taps, _) = taps.as_chunks::<LANES>();
    let n = taps.len() / at.len().max(1);
    let (fours, rest) = out.as_chunks_mut::<4>();
    let (at_fours, at_rest) = at.as_chunks::<4>();
    let (taps_fours, taps_rest) = taps.split_at(4 * n * fours.len());
    if n == 1 {
        // The usual width, in registers.
        let (taps_fours, _) = taps_fours.as_chunks::<4>();
        for ((four, at), taps) in fours.iter_mut().zip(at_fours).zip(taps_fours) {
            let x = &x[at[0] as usize..];
            let mut acc = [f32x16::splat(s, 0.0); 4];
            match x.first_chunk::<NEAR>() {
                // The usual place: no sample needs a check of its own.
                Some(near) if at[3] - at[0] <= (NEAR - LANES) as u32 => {
                    for ((acc, k), h) in acc.iter_mut().zip(at).zip(taps) {
                        let first = (k - at[0]) as usize % (NEAR - LANES + 1);
                        *acc = f32x16::from_slice(s, h) * f32x16::from_slice(s, &near[first..first + LANES]);
                    }
                }
                _ => {
                    for ((acc, k), h) in acc.iter_mut().zip(at).zip(taps) {
                        let first = (k - at[0]) as usize;
                        *acc = f32x16::from_slice(s, h) * f32x16::from_slice(s, &x[first..first + LANES]);
                    }
                }
            }
            *four = sum_four(s, acc);
        }
    } else {
        for ((four, at), taps) in fours.iter_mut().zip(at_fours).zip(taps_fours.chunks_exact(4 * n)) {
            let mut acc = [f32x16::splat(s, 0.0); 4];
            for ((acc, at), taps) in acc.iter_mut().zip(at).zip(taps.chunks_exact(n)) {
                *acc = weighed(s, x[*at as usize..][..n * LANES].as_chunks::<LANES>().0, taps);
            }
            *four = sum_four(s, acc);
        }
    }
    for ((y, at), taps) in rest.iter_mut().zip(at_rest).zip(taps_rest.chunks_exact(n.max(1))) {
        let acc = weighed(s, x[*at as usize..][..n * LANES].as_chunks::<LANES>().0, taps);
        *y = sum_four(s, [acc; 4])[0];
    }
}

#[simd]
fn weighed<S: Simd>(s: S, x: &[[f32; LANES]], taps: &[[f32; LANES]]) -> f32x16<S> {
    let mut acc = f32x16::splat(s, 0.0);
    for (x, h) in x.iter().zip(taps) {
        acc = f32x16::from_slice(s, h).mul_add_precise(f32x16::from_slice(s, x), acc);
    }
    acc
}

#[simd]
pub fn likeness<S: Simd>(_: S, wave: &[f32], like: &[f32], w: [f64; 4]) -> [f64; 6] {
    const EIGHT: usize = LANES / 2;
    let mut sums = [[0.0; EIGHT]; 6];
    let n = wave.len().saturating_sub(2).min(like.len().saturating_sub(3));
    let rows = [(wave, 0), (wave, 1), (wave, 2), (like, 0), (like, 1), (like, 2), (like, 3)];
    for from in (0..n).step_by(EIGHT) {
        // What lies beyond the end counts as nothing.
        let mut eights = [[0.0f32; EIGHT]; 7];
        for (eight, (row, first)) in eights.iter_mut().zip(rows) {
            let row = &row[first + from..first + n];
            match row.first_chunk() {
                Some(whole) => *eight = *whole,
                None => eight[..row.len()].copy_from_slice(row),
            }
        }
        let [before, here, after, p0, p1, p2, p3] = eights;
        for k in 0..EIGHT {
            let x = f64::from(here[k]);
            let slope = (f64::from(after[k]) - f64::from(before[k])) / 2.0;
            let p = (w[0] * f64::from(p0[k]) + w[1] * f64::from(p1[k]))
                + (w[2] * f64::from(p2[k]) + w[3] * f64::from(p3[k]));
            let d = p - x;
            sums[0][k] += x * x;
            sums[1][k] += x * slope;
            sums[2][k] += slope * slope;
            sums[3][k] += d * x;
            sums[4][k] += d * slope;
            sums[5][k] += d * d;
        }
    }
    let mut folded = [0.0; 6];
    for (folded, [a, b, c, d, e, f, g, h]) in folded.iter_mut().zip(sums) {
        *folded = ((a + e) + (c + g)) + ((b + f) + (d + h));
    }
    folded
}

#[simd]
pub fn largest_difference<S: Simd>(s: S, x: &[f32], past: &[f32], w: [f32; 4]) -> f32 {
    let [w0, w1, w2, w3] = w.map(|w| f32x16::splat(s, w));
    let mut top = f32x16::splat(s, 0.0);
    let whole = x.len() / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        let row = |from: usize| f32x16::from_slice(s, &past[at + from..at + from + LANES]);
        let outer = w3.mul_add_precise(row(3), w0 * row(0));
        let inner = w2.mul_add_precise(row(2), w1 * row(1));
        let difference = f32x16::from_slice(s, &x[at..at + LANES]) - (outer + inner);
        top = top.max(difference.abs());
    }
    let mut lanes = [0.0f32; LANES];
    top.store_slice(&mut lanes);
    let mut most = lanes.into_iter().fold(0.0, f32::max);
    for k in whole..x.len() {
        let outer = w[3].mul_add(past[k + 3], w[0] * past[k]);
        let inner = w[2].mul_add(past[k + 2], w[1] * past[k + 1]);
        most = most.max((x[k] - (outer + inner)).abs());
    }
    most
}

#[simd]
pub fn largest_fourth_difference<S: Simd>(s: S, x: &[f32], stride: usize, n: usize) -> f32 {
    let [four, six] = [-4.0, 6.0].map(|w| f32x16::splat(s, w));
    let mut top = f32x16::splat(s, 0.0);
    let whole = n / LANES * LANES;
    let row = |at: usize, k: usize| f32x16::from_slice(s, &x[at + k * stride..at + k * stride + LANES]);
    for at in (0..whole).step_by(LANES) {
        let outer = six.mul_add_precise(row(at, 2), row(at, 0) + row(at, 4));
        let inner = row(at, 1) + row(at, 3);
        top = top.max(four.mul_add_precise(inner, outer).abs());
    }
    let mut lanes = [0.0f32; LANES];
    top.store_slice(&mut lanes);
    let mut most = lanes.into_iter().fold(0.0, f32::max);
    for at in whole..n {
        let x = |k: usize| x[at + k * stride];
        let outer = 6.0f32.mul_add(x(2), x(0) + x(4));
        most = most.max((-4.0f32).mul_add(x(1) + x(3), outer).abs());
    }
    most
}

/// What [`Level::untangle`](super::Level::untangle) says: each bin from one number counted from the front of `z` and one from its end.
#[simd]
pub fn untangle<S: Simd>(s: S, z: &[f32], (cos, sin): (&[f32], &[f32]), re: &mut [f32], im: &mut [f32]) {
    let [Some(first_re), Some(first_im)] = [z.first(), z.get(1)] else { return };
    (re[0], im[0]) = (first_re + first_im, 0.0);
    let (up, _) = z[2..].as_chunks::<LANES>();
    let (_, down) = z.as_rchunks::<LANES>();
    let (cos, _) = cos[1..].as_chunks::<BINS>();
    let (sin, _) = sin[1..].as_chunks::<BINS>();
    let (re, _) = re[1..].as_chunks_mut::<BINS>();
    let (im, _) = im[1..].as_chunks_mut::<BINS>();
    let pairs = up.iter().zip(down.iter().rev()).zip(cos.iter().zip(sin));
    for (((up, down), (cos, sin)), (re, im)) in pairs.zip(re.iter_mut().zip(im)) {
        let (a_re, a_im) = parts(s, up);
        let (b_re, b_im) = parts(s, down);
        let (b_re, b_im) = (reversed(s, b_re), reversed(s, b_im));
        let (cos, sin) = (f32x8::from_slice(s, cos), f32x8::from_slice(s, sin));
        let (even_re, even_im) = (a_re + b_re, a_im - b_im);
        let (odd_re, odd_im) = (a_re - b_re, a_im + b_im);
        ((even_re + (cos * odd_im - sin * odd_re)) * 0.5).store_slice(re);
        ((even_im - (sin * odd_im + cos * odd_re)) * 0.5).store_slice(im);
    }
}

/// Real and imaginary parts that follow each other by turns.
#[simd]
fn parts<S: Simd>(s: S, numbers: &[f32; LANES]) -> (f32x8<S>, f32x8<S>) {
    let (low, high) = f32x16::from_slice(s, numbers).split();
    low.deinterleave(high)
}

/// The lanes from the last to the first: a plain shuffle, where the library's own looks its order up.
#[simd]
fn reversed<S: Simd>(s: S, v: f32x8<S>) -> f32x8<S> {
    f32x8::from_slice(s, &[v[7], v[6], v[5], v[4], v[3], v[2], v[1], v[0]])
}

#[simd]
pub fn squares<S: Simd>(_: S, re: &[f32], im: &[f32], unit: f64, out: &mut [f64]) {
    for ((re, im), out) in re.iter().zip(im).zip(out) {
        *out = (f64::from(*re) * f64::from(*re) + f64::from(*im) * f64::from(*im)) * unit;
    }
}

#[simd]
pub fn roots<S: Simd>(_: S, values: &mut [f64]) {
    for v in values {
        *v = v.sqrt();
    }
}

/// Angles of vectors (x, y), in radians from −π to π: tan(a) of an octant is at most 1, and of half that after a turn by π/4, so
/// that the plain series of the arc tangent ends soon.
#[simd]
pub fn angles<S: Simd>(_: S, x: &[f64], y: &[f64], out: &mut [f64]) {
    for ((x, y), out) in x.iter().zip(y).zip(out) {
        let (ax, ay) = (x.abs(), y.abs());
        let (short, long) = if ay < ax { (ay, ax) } else { (ax, ay) };
        let turned = short > TAN_PI_8 * long;
        let (rise, run) = if turned { (short - long, short + long) } else { (short, long) };
        let t = rise / run.max(f64::MIN_POSITIVE);
        let t2 = t * t;
        let mut series = 0.0;
        for k in (0..TERMS).rev() {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            series = series * t2 + sign / f64::from(2 * k + 1);
        }
        let octant = t * series + if turned { FRAC_PI_4 } else { 0.0 };
        let quadrant = if ay < ax { octant } else { FRAC_PI_2 - octant };
        let half = if x.is_sign_negative() { PI - quadrant } else { quadrant };
        *out = half.copysign(*y);
    }
}

/// tan(π/8).
const TAN_PI_8: f64 = SQRT_2 - 1.0;
/// Terms of the arc tangent of at most tan(π/8), which leave out 1e-15.
const TERMS: u32 = 18;

/// Lane sums of four vectors, each by the same tree: eighths onto eighths, neighbours, neighbours again, the two halves.
#[simd]
fn sum_four<S: Simd>(s: S, v: [f32x16<S>; 4]) -> [f32; 4] {
    let ab = neighbours(s, eighths(s, v[0]), eighths(s, v[1]));
    let cd = neighbours(s, eighths(s, v[2]), eighths(s, v[3]));
    let (low, high) = neighbours(s, ab, cd).split();
    let mut sums = [0.0; 4];
    (low + high).store_slice(&mut sums);
    sums
}

#[simd]
fn eighths<S: Simd>(_: S, v: f32x16<S>) -> f32x8<S> {
    let (low, high) = v.split();
    low + high
}

/// Sums of neighbours, four of each vector: those of the halves stay in the halves, which costs one shuffle for each operand.
#[simd]
fn neighbours<S: Simd>(s: S, a: f32x8<S>, b: f32x8<S>) -> f32x8<S> {
    let even = f32x8::from_slice(s, &[a[0], a[2], b[0], b[2], a[4], a[6], b[4], b[6]]);
    let odd = f32x8::from_slice(s, &[a[1], a[3], b[1], b[3], a[5], a[7], b[5], b[7]]);
    even + odd
}
