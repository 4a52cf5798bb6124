//! Reading memory once: what the other figures are a share of.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kilat::simd::Level;

/// Far larger than any cache.
const SAMPLES: usize = 128 << 20;

fn memory(c: &mut Criterion) {
    let mut samples: Vec<f32> = (0..SAMPLES as u32).map(|i| i as f32).collect();
    // Next to nothing is done with a sample, in the widest lanes the processor has.
    let read = |samples: &[f32]| Level::chosen().all_finite(samples, &[]);
    assert!(read(&samples));
    samples[SAMPLES / 3] = f32::NAN;
    assert!(!read(&samples));
    let mut group = c.benchmark_group("memory");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(4 * SAMPLES as u64));
    group.bench_function("read", |b| b.iter(|| read(std::hint::black_box(&samples))));
    group.finish();
}

criterion_group!(benches, memory);
criterion_main!(benches);
