//! Once a stream runs, the engine allocates nothing: neither per sample, nor per half cycle, nor per window.

#![expect(unsafe_code, reason = "an allocator that counts is one that implements the unsafe trait")]
#![expect(clippy::unwrap_used, reason = "a test whose stream cannot be built has failed")]

mod signals;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kilat_core::engine::analysis::Gap;
use kilat_core::engine::plan::ChannelSpec;
use kilat_core::engine::sink::{FlickerValue, FrequencyValue, HalfCycle, Interval, PInstValue, Sink};
use kilat_core::pq::events::Event;
use kilat_core::pq::rvc::RapidChange;
use kilat_core::pq::signalling::Burst;
use kilat_core::pq::transients::Transient;
use kilat_core::{Channel, Config, Live, SampleRate, SamplesRef, Timestamp};
use signals::*;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting the calls of each thread.
struct Counting;

// SAFETY: every call is handed to the system's allocator unchanged; the count is a plain number of this thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps the promises of `GlobalAlloc::realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Counts what it is given, and keeps nothing.
#[derive(Default)]
struct Counts {
    intervals: usize,
    half_cycles: usize,
}

impl Sink for Counts {
    fn half_cycle(&mut self, _: HalfCycle) {
        self.half_cycles += 1;
    }
    fn interval(&mut self, _: Interval<'_>) {
        self.intervals += 1;
    }
    fn frequency(&mut self, _: FrequencyValue) {}
    fn p_inst(&mut self, _: PInstValue) {}
    fn flicker(&mut self, _: FlickerValue) {}
    fn event(&mut self, _: Event) {}
    fn rapid_change(&mut self, _: RapidChange) {}
    fn burst(&mut self, _: Burst) {}
    fn transient(&mut self, _: Transient) {}
    fn gap(&mut self, _: Gap) {}
}

/// Runs a system of three voltages and three currents over the tick of ten minutes in blocks of `block` samples, and counts the
/// allocations of the second half.
fn allocations(config: &Config, block: usize) -> u64 {
    const FS: f64 = 10_000.0;
    let names = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"];
    let channels = names.map(|n| Channel::new(n, if n.starts_with('U') { "V" } else { "A" }, vec![0.0f32]));
    let specs: Vec<_> = channels.iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
    let start = Timestamp(585 * 1_000_000_000);
    let rate = SampleRate::from_hz(FS).unwrap();
    let mut live = Live::new(rate, Some(start), &specs, config).unwrap();
    let waves: Vec<_> = (0..6)
        .map(|c| Harmonic::sine(50.02, if c < 3 { UDIN_V } else { 10.0 }, -THIRD * f64::from(c % 3)))
        .map(|h| h.with(5, 0.05, 0.3).with(7, 0.03, 0.1))
        .collect();
    let seconds = 30.0;
    let x: Vec<Vec<f32>> = waves
        .iter()
        .map(|h| (0..(seconds * FS) as usize).map(|i| h.at(i as f64 / FS) as f32).collect())
        .collect();
    let (mut counts, mut before) = (Counts::default(), 0);
    let n = x[0].len();
    for from in (0..n).step_by(block) {
        if from <= n / 2 {
            before = ALLOCATIONS.get();
        }
        let to = n.min(from + block);
        let parts: [SamplesRef<'_>; 6] = std::array::from_fn(|c| SamplesRef::F32(&x[c][from..to]));
        live.push(&parts, &mut counts).unwrap();
    }
    let after = ALLOCATIONS.get();
    assert!(counts.intervals > 140 && counts.half_cycles > 8500, "{} intervals", counts.intervals);
    after - before
}

#[test]
fn a_running_stream_allocates_nothing() {
    let config = Config { supraharmonics: true, ..Config::class_a(UDIN_V, 50.0) };
    for block in [64, 200, 1000, 40_000] {
        assert_eq!(allocations(&config, block), 0, "in blocks of {block}");
    }
}
