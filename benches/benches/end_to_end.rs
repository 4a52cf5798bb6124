//! The whole analysis of six channels in memory, 10 s, in channel samples per second.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kilat::engine::offline::analyze;
use kilat::{Capture, Config};
use kilat_benches::{capture, capture_i16, voltage_rms_v};

fn end_to_end(c: &mut Criterion) {
    let config = Config::class_a(230.0, 50.0);
    let mut group = c.benchmark_group("end_to_end");
    group.sample_size(10);
    let mut bench = |name: &str, capture: &Capture, threads: usize| {
        let analysis = analyze(capture, &config, threads).expect("an analysis");
        assert!(analysis.intervals.rms.column(0).iter().all(|u| (u / voltage_rms_v() - 1.0).abs() < 1e-4));
        assert!(analysis.intervals.frequency_hz.iter().all(|f| (f - 50.02).abs() < 1e-3));
        group.throughput(Throughput::Elements(6 * capture.len()));
        group.bench_function(BenchmarkId::new(name, threads), |b| {
            b.iter(|| analyze(capture, &config, threads));
        });
    };
    for rate_hz in [10_000.0, 50_000.0, 250_000.0] {
        let samples = (10.0 * rate_hz) as usize;
        for threads in [1, 2] {
            bench(&format!("f32 at {rate_hz} Hz"), &capture(rate_hz, samples), threads);
            bench(&format!("i16 at {rate_hz} Hz"), &capture_i16(rate_hz, samples), threads);
        }
    }
    group.finish();
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
