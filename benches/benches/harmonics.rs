//! Harmonics to order 50 with all groups, from decimated samples: one 10-cycle window at a time.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kilat::engine::analysis::Flags;
use kilat::engine::history::History;
use kilat::engine::plan::{ChannelSpec, Plan};
use kilat::engine::timeline::Span;
use kilat::pq::harmonics::{Spectrum, measure};
use kilat::{Config, SampleRate, SamplesRef};
use kilat_benches::capture;

fn harmonics(c: &mut Criterion) {
    let mut group = c.benchmark_group("harmonics");
    for rate_hz in [10_000.0, 50_000.0, 250_000.0] {
        let window = (rate_hz / 50.02 * 10.0) as usize;
        let whole = capture(rate_hz, 2 * window);
        let specs = [ChannelSpec::of(&whole.channels()[0], 0)];
        let rate = SampleRate::from_hz(rate_hz).expect("a rate");
        let plan = Plan::new(&Config::class_a(230.0, 50.0), rate, &specs).expect("a plan");
        let Some(SamplesRef::F32(samples)) = whole.channels()[0].samples.as_ref() else {
            unreachable!("made as f32")
        };
        let mut raw = History::starting_at(0);
        raw.grow(samples.len()).copy_from_slice(samples);
        let start = 0.25 * window as f64;
        let stop = start + rate_hz / 50.02 * 10.0;
        let span =
            Span { start, stop, fresh: start, tick: 0, is_last: false, cycles: 10, flags: Flags::empty() };
        let (mut scratch, mut spectrum) = (plan.fft.scratch(), Spectrum::default());
        let mut run = || {
            let mut mid = History::starting_at(plan.to_mid.as_ref().map_or(0, |d| d.first_output(0)));
            let mid = match &plan.to_mid {
                Some(d) => {
                    d.run(plan.level, &raw, &mut mid);
                    &mid
                }
                None => &raw,
            };
            measure(&plan, mid, &span, 1.0, &mut scratch, &mut spectrum);
            spectrum.subgroup[5]
        };
        assert!((run() / (230.0 * 0.04) - 1.0).abs() < 5e-4);
        group.throughput(Throughput::Elements(2 * window as u64));
        group.bench_function(BenchmarkId::from_parameter(rate_hz), |b| b.iter(&mut run));
    }
    group.finish();
}

criterion_group!(benches, harmonics);
criterion_main!(benches);
