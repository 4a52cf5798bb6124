//! The kernels, once each, for any instruction set.
//!
//! Sixteen accumulators are one AVX-512 register, two of AVX2 or four of NEON: the additions are the same on all.

use fearless_simd::{Simd, SimdBase, f32x4, f32x16, f64x8, prelude::*};
use fearless_simd_macros::simd;

use super::Table;

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
    let mut lanes = [0.0f64; LANES / 2];
    (acc.0 + acc.1).store_slice(&mut lanes);
    for (i, (a, b)) in u_tail.iter().zip(v_tail).enumerate() {
        lanes[i % (LANES / 2)] += f64::from(*a) * f64::from(*b);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Four outputs at a time, so that the taps are loaded once for four and the lanes of four sums are folded together.
#[simd]
pub fn fir<S: Simd>(s: S, x: &[f32], taps: &[f32], factor: usize, out: &mut [f32]) {
    let (taps, _) = taps.as_chunks::<LANES>();
    let mut from = 0;
    let (fours, rest) = out.as_chunks_mut::<4>();
    for four in fours {
        let mut acc = [f32x16::splat(s, 0.0); 4];
        for (j, h) in taps.iter().enumerate() {
            let h = f32x16::from_slice(s, h);
            for (k, acc) in acc.iter_mut().enumerate() {
                let at = from + k * factor + j * LANES;
                *acc += h * f32x16::from_slice(s, &x[at..at + LANES]);
            }
        }
        *four = sum_four(s, acc);
        from += 4 * factor;
    }
    for y in rest {
        let mut acc = f32x16::splat(s, 0.0);
        for (j, h) in taps.iter().enumerate() {
            let at = from + j * LANES;
            acc += f32x16::from_slice(s, h) * f32x16::from_slice(s, &x[at..at + LANES]);
        }
        *y = sum_four(s, [acc; 4])[0];
        from += factor;
    }
}

#[simd]
pub fn resample<S: Simd>(s: S, x: &[f32], table: &Table<'_>, start: f64, step: f64, out: &mut [f32]) {
    let (fours, rest) = out.as_chunks_mut::<4>();
    let mut i = 0;
    for four in fours {
        let mut acc = [f32x16::splat(s, 0.0); 4];
        for (k, acc) in acc.iter_mut().enumerate() {
            *acc = interpolated(s, x, table, start + step * (i + k) as f64);
        }
        *four = sum_four(s, acc);
        i += 4;
    }
    for y in rest {
        let acc = interpolated(s, x, table, start + step * i as f64);
        *y = sum_four(s, [acc; 4])[0];
        i += 1;
    }
}

#[simd]
fn interpolated<S: Simd>(s: S, x: &[f32], table: &Table<'_>, position: f64) -> f32x16<S> {
    let taps = table.taps;
    // Positions are not negative, so truncation is the floor.
    let whole = position as i32;
    let at = (position - f64::from(whole)) * (table.values.len() / taps) as f64;
    let row = at as i32;
    let f = f32x16::splat(s, (at - f64::from(row)) as f32);
    let (row, whole) = (row as usize * taps, whole as usize);
    let (c, d, x) = (&table.values[row..row + taps], &table.steps[row..row + taps], &x[whole..whole + taps]);
    let mut acc = f32x16::splat(s, 0.0);
    for j in (0..taps).step_by(LANES) {
        let tap = f32x16::from_slice(s, &c[j..j + LANES]) + f * f32x16::from_slice(s, &d[j..j + LANES]);
        acc += tap * f32x16::from_slice(s, &x[j..j + LANES]);
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

/// Lane sums of four vectors, each by the same tree: eighths onto eighths, down to (0 + 2) + (1 + 3) of the last four.
#[simd]
fn sum_four<S: Simd>(s: S, v: [f32x16<S>; 4]) -> [f32; 4] {
    let (a, b, c, d) = (quarter(s, v[0]), quarter(s, v[1]), quarter(s, v[2]), quarter(s, v[3]));
    let ab = a.zip_low(b) + a.zip_high(b);
    let cd = c.zip_low(d) + c.zip_high(d);
    let sums = ab.zip_low(cd) + ab.zip_high(cd);
    [sums[0], sums[2], sums[1], sums[3]]
}

#[simd]
fn quarter<S: Simd>(_: S, v: f32x16<S>) -> f32x4<S> {
    let (low, high) = v.split();
    let (low, high) = (low + high).split();
    low + high
}
