//! The kernels, once each, for any instruction set.
//!
//! Sixteen accumulators are one AVX-512 register, two of AVX2 or four of NEON: the additions are the same on all.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, SQRT_2};

use fearless_simd::{Simd, SimdBase, f32x8, f32x16, f64x8, prelude::*};
use fearless_simd_macros::simd;

use super::{Level, Table};

/// Bins that are untangled at a time.
const BINS: usize = Level::BINS;
/// Accumulators of every sum.
pub const LANES: usize = 16;

#[simd]
pub fn dot<S: Simd>(s: S, u: &[f32], v: &[f32]) -> f64 {
    let mut acc = (f64x8::splat(s, 0.0), f64x8::splat(s, 0.0));
    let (u_lanes, u_tail) = u.as_chunks::<LANES>();
    let (v_lanes, v_tail) = v.as_chunks::<LANES>();
    for (a, b) in u_lanes.iter().zip(v_lanes) {
        let (a_low, a_high) = s.widen_f32x16(f32x16::from_slice(s, a));
        let (b_low, b_high) = s.widen_f32x16(f32x16::from_slice(s, b));
        acc.0 += a_low * b_low;
        acc.1 += a_high * b_high;
    }
    sum(s, acc.0 + acc.1, u_tail.iter().zip(v_tail).map(|(a, b)| f64::from(*a) * f64::from(*b)))
}

#[simd]
pub fn energy<S: Simd>(s: S, u: &[f32]) -> f64 {
    let mut acc = (f64x8::splat(s, 0.0), f64x8::splat(s, 0.0));
    let (u_lanes, u_tail) = u.as_chunks::<LANES>();
    for a in u_lanes {
        let (low, high) = s.widen_f32x16(f32x16::from_slice(s, a));
        acc.0 += low * low;
        acc.1 += high * high;
    }
    sum(s, acc.0 + acc.1, u_tail.iter().map(|a| f64::from(*a) * f64::from(*a)))
}

/// Sum of eight lanes, with what is left over added lane by lane before.
#[simd]
fn sum<S: Simd>(_: S, lanes: f64x8<S>, left: impl Iterator<Item = f64>) -> f64 {
    let mut eight = [0.0f64; LANES / 2];
    lanes.store_slice(&mut eight);
    for (i, v) in left.enumerate() {
        eight[i % (LANES / 2)] += v;
    }
    let [a, b, c, d, e, f, g, h] = eight;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Four outputs at a time, so that the taps are loaded once for four and the lanes of four sums are folded together.
#[simd]
pub fn fir<S: Simd>(s: S, x: &[f32], taps: &[f32], factor: usize, out: &mut [f32]) {
    let (taps, _) = taps.as_chunks::<LANES>();
    let span = taps.len() * LANES;
    let mut from = 0;
    let (fours, rest) = out.as_chunks_mut::<4>();
    for four in fours {
        let (a, _) = x[from..from + span].as_chunks::<LANES>();
        let (b, _) = x[from + factor..from + factor + span].as_chunks::<LANES>();
        let (c, _) = x[from + 2 * factor..from + 2 * factor + span].as_chunks::<LANES>();
        let (d, _) = x[from + 3 * factor..from + 3 * factor + span].as_chunks::<LANES>();
        let mut acc = [f32x16::splat(s, 0.0); 4];
        for ((((h, a), b), c), d) in taps.iter().zip(a).zip(b).zip(c).zip(d) {
            let h = f32x16::from_slice(s, h);
            acc[0] += h * f32x16::from_slice(s, a);
            acc[1] += h * f32x16::from_slice(s, b);
            acc[2] += h * f32x16::from_slice(s, c);
            acc[3] += h * f32x16::from_slice(s, d);
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
                (f32x16::from_slice(s, &values[row]) + f * f32x16::from_slice(s, &steps[row]))
                    .store_slice(out);
                continue;
            }
            let rows = row * vectors..(row + 1) * vectors;
            for ((c, d), out) in values[rows.clone()].iter().zip(&steps[rows]).zip(out) {
                (f32x16::from_slice(s, c) + f * f32x16::from_slice(s, d)).store_slice(out);
            }
        }
    }
}

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
            let mut acc = [f32x16::splat(s, 0.0); 4];
            for ((acc, at), h) in acc.iter_mut().zip(at).zip(taps) {
                let x = &x[*at as usize..][..LANES];
                *acc = f32x16::from_slice(s, h) * f32x16::from_slice(s, x);
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
        acc += f32x16::from_slice(s, h) * f32x16::from_slice(s, x);
    }
    acc
}

#[simd]
pub fn largest_difference<S: Simd>(s: S, x: &[f32], past: &[f32], w: [f32; 4]) -> f32 {
    let [w0, w1, w2, w3] = w.map(|w| f32x16::splat(s, w));
    let mut top = f32x16::splat(s, 0.0);
    let whole = x.len() / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        let p0 = w0 * f32x16::from_slice(s, &past[at..at + LANES]);
        let p1 = w1 * f32x16::from_slice(s, &past[at + 1..at + 1 + LANES]);
        let p2 = w2 * f32x16::from_slice(s, &past[at + 2..at + 2 + LANES]);
        let p3 = w3 * f32x16::from_slice(s, &past[at + 3..at + 3 + LANES]);
        let difference = f32x16::from_slice(s, &x[at..at + LANES]) - ((p0 + p1) + (p2 + p3));
        top = top.max(difference.abs());
    }
    let mut lanes = [0.0f32; LANES];
    top.store_slice(&mut lanes);
    let mut most = lanes.into_iter().fold(0.0, f32::max);
    for k in whole..x.len() {
        let before = (w[0] * past[k] + w[1] * past[k + 1]) + (w[2] * past[k + 2] + w[3] * past[k + 3]);
        most = most.max((x[k] - before).abs());
    }
    most
}

#[simd]
pub fn largest_fourth_difference<S: Simd>(s: S, x: &[f32], stride: usize, n: usize) -> f32 {
    let [four, six] = [4.0, 6.0].map(|w| f32x16::splat(s, w));
    let mut top = f32x16::splat(s, 0.0);
    let whole = n / LANES * LANES;
    let row = |at: usize, k: usize| f32x16::from_slice(s, &x[at + k * stride..at + k * stride + LANES]);
    for at in (0..whole).step_by(LANES) {
        let outer = row(at, 0) + row(at, 4);
        let inner = row(at, 1) + row(at, 3);
        top = top.max(((outer - four * inner) + six * row(at, 2)).abs());
    }
    let mut lanes = [0.0f32; LANES];
    top.store_slice(&mut lanes);
    let mut most = lanes.into_iter().fold(0.0, f32::max);
    for at in whole..n {
        let x = |k: usize| x[at + k * stride];
        most = most.max((((x(0) + x(4)) - 4.0 * (x(1) + x(3))) + 6.0 * x(2)).abs());
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
