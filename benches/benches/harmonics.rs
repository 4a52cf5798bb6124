//! Harmonics to order 50 with all groups, one 10-cycle window of six channels, against a bare real transform of the samples.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kilat::engine::analysis::Flags;
use kilat::engine::history::History;
use kilat::engine::plan::{ChannelSpec, Plan};
use kilat::engine::timeline::Span;
use kilat::pq::harmonics::{Spectrum, measure, resample};
use kilat::{Config, SampleRate, SamplesRef};
use kilat_benches::capture;
use realfft::RealFftPlanner;

fn harmonics(c: &mut Criterion) {
    let mut group = c.benchmark_group("harmonics");
    for rate_hz in [10_000.0, 50_000.0, 250_000.0] {
        let window = (rate_hz / 50.02 * 10.0) as usize;
        let whole = capture(rate_hz, 2 * window);
        let specs: Vec<_> = (0..6).map(|c| ChannelSpec::of(&whole.channels()[c], c)).collect();
        let rate = SampleRate::from_hz(rate_hz).expect("a rate");
        let plan = Plan::new(&Config::class_a(230.0, 50.0), rate, &specs).expect("a plan");
        let samples = |c: usize| match whole.channels()[c].samples.as_ref() {
            Some(SamplesRef::F32(x)) => x,
            _ => unreachable!("made as f32"),
        };
        let raw: Vec<History> = (0..6)
            .map(|c| {
                let mut raw = History::starting_at(0);
                raw.grow(2 * window).copy_from_slice(samples(c));
                raw
            })
            .collect();
        let start = 0.25 * window as f64;
        let stop = start + rate_hz / 50.02 * 10.0;
        let span =
            Span { start, stop, fresh: start, tick: 0, is_last: false, cycles: 10, flags: Flags::empty() };
        let (mut scratch, mut spectrum) = (plan.fft.scratch(), Spectrum::default());
        let mut points = vec![vec![0.0; plan.fft.points()]; 6];
        let mut run = || {
            let decimated = |raw: &History| {
                let mut mid = History::starting_at(plan.to_mid.as_ref().map_or(0, |d| d.first_output(0)));
                plan.to_mid.as_ref().inspect(|d| d.run(plan.level, raw, &mut mid));
                mid
            };
            let mids: Vec<History> = raw.iter().map(decimated).collect();
            let mid = |c: usize| if plan.to_mid.is_some() { &mids[c] } else { &raw[c] };
            resample(&plan, &span, mid, &mut points);
            let mut fifth = 0.0;
            for (c, points) in points.iter_mut().enumerate() {
                std::mem::swap(points, &mut scratch.input);
                measure(&plan, &span, 1.0, &mut scratch, &mut spectrum);
                std::mem::swap(points, &mut scratch.input);
                fifth = if c == 0 { spectrum.subgroup[5] } else { fifth };
            }
            fifth
        };
        assert!((run() / (230.0 * 0.04) - 1.0).abs() < 5e-4);
        // Twice a window is decimated, as there is no stream before it.
        group.throughput(Throughput::Elements(6 * 2 * window as u64));
        group.bench_function(BenchmarkId::new("to order 50", rate_hz), |b| b.iter(&mut run));

        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(window);
        let (mut input, mut bins, mut work) =
            (fft.make_input_vec(), fft.make_output_vec(), fft.make_scratch_vec());
        let mut bare = || {
            for c in 0..6 {
                input.copy_from_slice(&samples(c)[..window]);
                fft.process_with_scratch(&mut input, &mut bins, &mut work).expect("buffers that fit");
            }
            bins[50].norm()
        };
        assert!((bare() / (10.0 * 0.5f32.sqrt() * window as f32 * 0.2) - 1.0).abs() < 0.05);
        group.throughput(Throughput::Elements(6 * window as u64));
        group.bench_function(BenchmarkId::new("real FFT alone", rate_hz), |b| b.iter(&mut bare));
    }
    group.finish();
}

criterion_group!(benches, harmonics);
criterion_main!(benches);
