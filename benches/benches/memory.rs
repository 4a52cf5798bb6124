//! Reading memory once: what the other figures are a share of.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Far larger than any cache.
const WORDS: usize = 64 << 20;

fn memory(c: &mut Criterion) {
    let words: Vec<u64> = (0..WORDS as u64).collect();
    let sum = |words: &[u64]| {
        let (lanes, _) = words.as_chunks::<32>();
        let mut acc = [0u64; 32];
        for chunk in lanes {
            for (a, w) in acc.iter_mut().zip(chunk) {
                *a = a.wrapping_add(*w);
            }
        }
        acc.into_iter().fold(0, u64::wrapping_add)
    };
    let n = WORDS as u64;
    assert_eq!(sum(&words), n * (n - 1) / 2);
    let mut group = c.benchmark_group("memory");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(8 * n));
    group.bench_function("read", |b| b.iter(|| sum(std::hint::black_box(&words))));
    group.finish();
}

criterion_group!(benches, memory);
criterion_main!(benches);
