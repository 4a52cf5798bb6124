//! The whole analysis of six channels in memory, 10 s, in channel samples per second: everything, events alone, and as a stream.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kilat::config::Part;
use kilat::engine::live::{Block, Live, Quality};
use kilat::engine::offline::analyze;
use kilat::engine::plan::ChannelSpec;
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
    let events = Config { only: vec![Part::Events], ..config.clone() };
    for rate_hz in [10_000.0, 50_000.0, 250_000.0] {
        let capture = capture(rate_hz, (10.0 * rate_hz) as usize);
        group.throughput(Throughput::Elements(6 * capture.len()));
        group.bench_function(BenchmarkId::new(format!("events alone, f32 at {rate_hz} Hz"), 1), |b| {
            b.iter(|| analyze(&capture, &events, 1));
        });
        let block = (0.02 * rate_hz) as usize;
        assert!(
            run(&mut stream(&capture, &config), &capture, block) > 9 * 100 * 3,
            "half cycles are missing"
        );
        group.bench_function(
            BenchmarkId::new(format!("live, blocks of 20 ms, f32 at {rate_hz} Hz"), 1),
            |b| {
                // A stream runs for years: to begin one is not timed.
                let begin = || stream(&capture, &config);
                b.iter_batched_ref(begin, |live| run(live, &capture, block), BatchSize::PerIteration);
            },
        );
    }
    group.finish();
}

/// A stream of the channels of a capture.
fn stream(capture: &Capture, config: &Config) -> Live {
    let specs: Vec<_> = capture.channels().iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
    Live::new(capture.time().segments()[0].rate, None, &specs, config).expect("a stream")
}

/// Pushes a capture block by block and takes what comes of it: the number of results.
fn run(live: &mut Live, capture: &Capture, block: usize) -> usize {
    let mut results = 0;
    for from in (0..capture.len() as usize).step_by(block) {
        let to = (capture.len() as usize).min(from + block);
        let parts = capture.channels().iter().map(|c| c.samples.as_ref().expect("in memory").slice(from..to));
        let parts: Vec<_> = parts.collect();
        live.push(Block::Planar(&parts), from as u64, None, Quality::empty()).expect("a block");
        results += live.outputs().count();
    }
    results
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
