//! R.m.s. of one window: the kernel under Urms(1/2), U(10/12) and P.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kilat::simd::Level;

fn rms(c: &mut Criterion) {
    let mut group = c.benchmark_group("rms");
    for n in [100usize, 500, 10_000, 1_000_000] {
        let x: Vec<f32> = (0..n).map(|i| ((i % 200) as f32 - 99.5) * 3.0).collect();
        let slow: f64 = x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        group.throughput(Throughput::Elements(n as u64));
        for level in Level::all() {
            assert!((level.dot(&x, &x) / slow - 1.0).abs() < 1e-12);
            let id = BenchmarkId::new(level.name(), n);
            group.bench_with_input(id, &x, |b, x| b.iter(|| level.dot(std::hint::black_box(x), x)));
        }
        let naive = |x: &[f32]| x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
        group.bench_with_input(BenchmarkId::new("naive loop", n), &x, |b, x| {
            b.iter(|| naive(std::hint::black_box(x)));
        });
    }
    group.finish();
}

criterion_group!(benches, rms);
criterion_main!(benches);
