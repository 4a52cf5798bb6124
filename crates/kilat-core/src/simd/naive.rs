//! The slow, obvious twins of the kernels.

use realfft::num_complex::Complex64;

pub fn dot(u: &[f32], v: &[f32]) -> f64 {
    u.iter().zip(v).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

pub fn fir(x: &[f32], taps: &[f32], factor: usize, n: usize) -> Vec<f64> {
    (0..n)
        .map(|k| taps.iter().zip(&x[k * factor..]).map(|(h, x)| f64::from(*h) * f64::from(*x)).sum())
        .collect()
}

/// Each output with the sum of the sizes of its terms.
pub fn resample(
    x: &[f32],
    (c, d): (&[f32], &[f32]),
    taps: usize,
    start: f64,
    step: f64,
    n: usize,
) -> Vec<(f64, f64)> {
    let rows = (c.len() / taps) as f64;
    let output = |i: usize| {
        let position = start + step * i as f64;
        let at = position.fract() * rows;
        let (row, whole) = (at as usize, position as usize);
        let term = |j: usize| {
            let k = row * taps + j;
            let (c, d, x) = (f64::from(c[k]), at.fract() * f64::from(d[k]), f64::from(x[whole + j]));
            ((c + d) * x, (c.abs() + d.abs()) * x.abs())
        };
        (0..taps).map(term).fold((0.0, 0.0), |(sum, size), (t, s)| (sum + t, size + s))
    };
    (0..n).map(output).collect()
}

pub fn largest_difference(x: &[f32], past: &[f32], w: [f32; 4]) -> f32 {
    let before = |n: usize| (0..4).map(|j| f64::from(w[j]) * f64::from(past[n + j])).sum::<f64>();
    (0..x.len()).map(|n| (f64::from(x[n]) - before(n)).abs()).fold(0.0, f64::max) as f32
}

pub fn likeness(wave: &[f32], like: &[f32], w: [f64; 4]) -> [f64; 6] {
    let mut sums = [0.0; 6];
    for n in 1..wave.len() - 1 {
        let x = |k: usize| f64::from(wave[k]);
        let slope = (x(n + 1) - x(n - 1)) / 2.0;
        let d = (0..4).map(|j| w[j] * f64::from(like[n - 1 + j])).sum::<f64>() - x(n);
        let terms = [x(n) * x(n), x(n) * slope, slope * slope, d * x(n), d * slope, d * d];
        sums.iter_mut().zip(terms).for_each(|(s, t)| *s += t);
    }
    sums
}

pub fn largest_fourth_difference(x: &[f32], stride: usize) -> f32 {
    let difference = |n: usize| {
        [1.0, -4.0, 6.0, -4.0, 1.0]
            .iter()
            .enumerate()
            .map(|(k, w)| w * f64::from(x[n + k * stride]))
            .sum::<f64>()
    };
    let n = x.len().saturating_sub(4 * stride);
    (0..n).map(|n| difference(n).abs()).fold(0.0, f64::max) as f32
}

/// With Z(k) of M: X(k) = (Z(k) + Z*(M − k))/2 − j·e^(−j2πk/2M)·(Z(k) − Z*(M − k))/2.
pub fn untangle(z: &[f32], cos: &[f32], sin: &[f32]) -> Vec<(f64, f64)> {
    let m = z.len() / 2;
    let number = |k: usize| Complex64::new(f64::from(z[2 * (k % m)]), f64::from(z[2 * (k % m) + 1]));
    let bin = |k: usize| {
        let (a, b) = (number(k), number(m - k).conj());
        let turn = Complex64::new(f64::from(cos[k]), -f64::from(sin[k]));
        let x = (a + b) / 2.0 - Complex64::i() * turn * (a - b) / 2.0;
        (x.re, x.im)
    };
    (0..cos.len()).map(bin).collect()
}
