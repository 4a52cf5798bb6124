//! The slow, obvious twins of the kernels.

pub fn dot(u: &[f32], v: &[f32]) -> f64 {
    u.iter().zip(v).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

pub fn fir(x: &[f32], taps: &[f32], factor: usize, n: usize) -> Vec<f64> {
    (0..n)
        .map(|k| taps.iter().zip(&x[k * factor..]).map(|(h, x)| f64::from(*h) * f64::from(*x)).sum())
        .collect()
}

pub fn interpolated_dot(x: &[f32], c: &[f32], d: &[f32], fraction: f32) -> f64 {
    let tap = |j: usize| f64::from(c[j]) + f64::from(fraction) * f64::from(d[j]);
    (0..x.len()).map(|j| tap(j) * f64::from(x[j])).sum()
}

pub fn largest_difference(x: &[f32], past: &[f32], w: [f32; 4]) -> f32 {
    let before = |n: usize| (0..4).map(|j| f64::from(w[j]) * f64::from(past[n + j])).sum::<f64>();
    (0..x.len()).map(|n| (f64::from(x[n]) - before(n)).abs()).fold(0.0, f64::max) as f32
}
