//! Stages of the analysis on one thread, each alone: decimation, flicker, the search for transients; channel samples per second.

use std::f64::consts::PI;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kilat::engine::history::History;
use kilat::engine::plan::{ChannelSpec, Plan};
use kilat::engine::quality::Quality;
use kilat::engine::raw::Raw;
use kilat::pq::flicker::{self, FlickerMeter};
use kilat::pq::transients::TransientSearch;
use kilat::{Capture, Config, SampleRate};
use kilat_benches::capture;

const SECONDS: f64 = 10.0;
const HZ: f64 = 50.0;

fn plan_for(capture: &Capture, rate_hz: f64) -> Plan {
    let specs: Vec<_> = capture.channels().iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
    let rate = SampleRate::from_hz(rate_hz).expect("a rate");
    Plan::new(&Config::class_a(230.0, HZ), rate, &specs).expect("a plan")
}

fn stream(n: usize, wave: impl Fn(f64) -> f64) -> History {
    let mut stream = History::starting_at(0);
    for (i, x) in stream.grow(n).iter_mut().enumerate() {
        *x = wave(i as f64) as f32;
    }
    stream
}

/// From the recorded rate to the one that harmonics are taken from.
fn decimation(c: &mut Criterion) {
    let mut group = c.benchmark_group("decimation");
    for rate_hz in [25_600.0, 50_000.0, 250_000.0] {
        let plan = plan_for(&capture(rate_hz, 1000), rate_hz);
        let decimator = plan.to_mid.as_ref().expect("a slower stream");
        let n = (SECONDS * rate_hz) as usize;
        let raw = stream(n, |i| 325.0 * (2.0 * PI * HZ * i / rate_hz).sin());
        let run = || {
            let mut mid = History::starting_at(decimator.first_output(0));
            decimator.run(plan.level, &raw, &mut mid);
            mid
        };
        let mid = run();
        let worst = (mid.first()..mid.end()).map(|k| (mid.at(k) - raw.at(k * decimator.factor())).abs());
        assert!(worst.fold(0.0, f32::max) < 325.0 * 5e-5);
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("to the rate of harmonics", rate_hz), |b| b.iter(run));
    }
    group.finish();
}

/// Three flickermeters on streams of the rate that harmonics are taken from.
fn flicker(c: &mut Criterion) {
    let mut group = c.benchmark_group("flicker");
    for rate_hz in [10_000.0, 50_000.0] {
        let plan = plan_for(&capture(rate_hz, 1000), rate_hz);
        let meters = plan.flicker.as_ref().expect("a flickermeter");
        let mid_hz = rate_hz / plan.mid_factor() as f64;
        let n = (SECONDS * mid_hz) as usize;
        // What half of the observers notice: 0.25 % at 8.8 Hz.
        let modulated = |t: f64| 1.0 + 0.0025 / 2.0 * (2.0 * PI * 8.8 * t).sin();
        let mid = stream(n, |i| 325.27 * modulated(i / mid_hz) * (2.0 * PI * HZ * i / mid_hz).sin());
        let run = || {
            let mut three = [(); 3].map(|()| FlickerMeter::new(meters, 0, 1.0 / 230.0));
            for meter in &mut three {
                meter.take(meters, plan.level, &mid);
            }
            flicker::run(meters, plan.level, three.iter_mut());
            three
        };
        let most = run()[2].due.iter().rev().take(100).map(|p| p.value).fold(0.0, f32::max);
        assert!((most - 1.0).abs() < 0.08, "{most}");
        group.throughput(Throughput::Elements((3.0 * SECONDS * rate_hz) as u64));
        group.bench_function(BenchmarkId::new("three channels", rate_hz), |b| b.iter(run));
    }
    group.finish();
}

/// The search along the half cycles of one voltage, with one impulse in it.
fn transients(c: &mut Criterion) {
    let mut group = c.benchmark_group("transients");
    for rate_hz in [10_000.0, 50_000.0, 250_000.0] {
        let plan = plan_for(&capture(rate_hz, 1000), rate_hz);
        let half = plan.half_period();
        let n = (SECONDS * rate_hz) as usize;
        let raw = stream(n, |i| {
            let impulse = if i == (n / 2) as f64 { 200.0 } else { 0.0 };
            325.0 * (2.0 * PI * HZ * i / rate_hz).sin() + impulse
        });
        let raw = Raw::from(raw);
        let quality = Quality::default();
        let run = || {
            let mut search = TransientSearch::default().anew(&plan, 0);
            for k in 2..(n as f64 / half) as usize - 2 {
                let span = k as f64 * half..(k + 1) as f64 * half;
                search.on_half(&plan, 0, &raw, &quality, span, 2.0 * half);
            }
            search.found
        };
        assert!(run().iter().map(|(_, t)| t.peak_sample).eq([n as u64 / 2]));
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("one voltage", rate_hz), |b| b.iter(run));
    }
    group.finish();
}

criterion_group!(benches, decimation, flicker, transients);
criterion_main!(benches);
