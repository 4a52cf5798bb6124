//! The kernels, once each, for any instruction set.
//!
//! Sixteen accumulators are one AVX-512 register, two of AVX2 or four of NEON: the additions are the same on all.

use fearless_simd::{Simd, SimdBase, f32x16, prelude::*};
use fearless_simd_macros::simd;

/// Accumulators of every sum.
pub const LANES: usize = 16;

/// Folds lanes pairwise: halves onto halves, the same tree everywhere.
macro_rules! fold {
    ($acc:expr) => {{
        let mut acc = $acc;
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                acc[i] += acc[i + width];
            }
            width /= 2;
        }
        acc[0]
    }};
}

#[simd]
pub fn dot<S: Simd>(_: S, u: &[f32], v: &[f32]) -> f64 {
    let mut acc = [0.0f64; LANES];
    let (u_lanes, u_tail) = u.as_chunks::<LANES>();
    let (v_lanes, v_tail) = v.as_chunks::<LANES>();
    for (a, b) in u_lanes.iter().zip(v_lanes) {
        for i in 0..LANES {
            acc[i] += f64::from(a[i]) * f64::from(b[i]);
        }
    }
    for (i, (a, b)) in u_tail.iter().zip(v_tail).enumerate() {
        acc[i] += f64::from(*a) * f64::from(*b);
    }
    fold!(acc)
}

#[simd]
pub fn fir<S: Simd>(s: S, x: &[f32], taps: &[f32], factor: usize, out: &mut [f32]) {
    let (taps, _) = taps.as_chunks::<LANES>();
    for (k, y) in out.iter_mut().enumerate() {
        let mut acc = f32x16::splat(s, 0.0);
        let (x, _) = x[k * factor..].as_chunks::<LANES>();
        for (h, x) in taps.iter().zip(x) {
            acc = acc + f32x16::from_slice(s, h) * f32x16::from_slice(s, x);
        }
        *y = sum(acc);
    }
}

#[simd]
pub fn interpolated_dot<S: Simd>(s: S, x: &[f32], c: &[f32], d: &[f32], fraction: f32) -> f32 {
    let f = f32x16::splat(s, fraction);
    let mut acc = f32x16::splat(s, 0.0);
    for ((x, c), d) in x.as_chunks::<LANES>().0.iter().zip(c.as_chunks::<LANES>().0).zip(d.as_chunks::<LANES>().0) {
        let tap = f32x16::from_slice(s, c) + f * f32x16::from_slice(s, d);
        acc = acc + tap * f32x16::from_slice(s, x);
    }
    sum(acc)
}

#[simd]
pub fn largest_difference<S: Simd>(_: S, x: &[f32], past: &[f32], w: [f32; 4]) -> f32 {
    let n = x.len();
    let (p0, p1, p2, p3) = (&past[..n], &past[1..n + 1], &past[2..n + 2], &past[3..n + 3]);
    let mut top = [0.0f32; LANES];
    let whole = n / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        for i in 0..LANES {
            let k = at + i;
            let before = (w[0] * p0[k] + w[1] * p1[k]) + (w[2] * p2[k] + w[3] * p3[k]);
            let difference = (x[k] - before).abs();
            top[i] = if difference > top[i] { difference } else { top[i] };
        }
    }
    let mut most = 0.0f32;
    for t in top {
        most = most.max(t);
    }
    for k in whole..n {
        let before = (w[0] * p0[k] + w[1] * p1[k]) + (w[2] * p2[k] + w[3] * p3[k]);
        most = most.max((x[k] - before).abs());
    }
    most
}

#[simd]
fn sum<S: Simd>(v: f32x16<S>) -> f32 {
    let (low, high) = v.split();
    let (low, high) = (low + high).split();
    let quarter = low + high;
    (quarter[0] + quarter[2]) + (quarter[1] + quarter[3])
}
