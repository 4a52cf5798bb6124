//! A stream allocates nothing: neither per sample, nor per half cycle, nor per window, nor per event, nor per gap, whether it is
//! new or goes on from a checkpoint; and it never takes more memory than it said.

#![expect(unsafe_code, reason = "an allocator that counts is one that implements the unsafe trait")]
#![expect(clippy::unwrap_used, reason = "a test whose stream cannot be built has failed")]
#![expect(clippy::print_stdout, reason = "memory and latency are for reading, not for failing")]

mod signals;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kilat_core::diagnosis::Record;
use kilat_core::engine::analysis::Gap;
use kilat_core::engine::live::{Around, Block, MOST_CHANNELS, Options, Quality};
use kilat_core::engine::offline;
use kilat_core::engine::parts::Parts;
use kilat_core::engine::plan::{ChannelSpec, Plan};
use kilat_core::engine::recorder::Recorder;
use kilat_core::engine::sink::{
    FlickerValue, FrequencyValue, HalfCycle, Interval, Notice, PInstValue, Period, Sink, Waveform,
};
use kilat_core::pq::events::Event;
use kilat_core::pq::rvc::RapidChange;
use kilat_core::pq::signalling::Burst;
use kilat_core::pq::transients::Transient;
use kilat_core::{
    Capture, Channel, Codes, Config, Live, Result, SampleKind, SampleRate, SamplesRef, Stored, TimeBase,
    Timestamp, Tone,
};
use signals::*;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

/// One test at a time: the memory in use is that of the process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts one call that makes `bytes` more memory be in use.
fn count(calls: u64, bytes: i64) {
    let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + calls));
    let _ = BYTES.try_with(|b| {
        b.set(b.get() + bytes);
        let _ = MOST.try_with(|m| m.set(m.get().max(b.get())));
    });
}

/// The system's allocator, counting the calls of each thread.
struct Counting;

// SAFETY: every call is handed to the system's allocator unchanged; the count is a plain number of this thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        // SAFETY: the caller keeps the promises of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Counts what it is given by its kind, and keeps nothing.
#[derive(Default)]
struct Counts([(&'static str, usize); 24]);

impl Counts {
    fn count(&mut self, kind: &'static str) {
        let slot = self.0.iter_mut().find(|(k, _)| k.is_empty() || *k == kind).unwrap();
        *slot = (kind, slot.1 + 1);
    }

    fn of(&self, kind: &str) -> usize {
        self.0.iter().find(|(k, _)| *k == kind).map_or(0, |(_, n)| *n)
    }
}

impl Sink for Counts {
    fn half_cycle(&mut self, _: HalfCycle) {
        self.count("half_cycle");
    }
    fn interval(&mut self, i: Interval<'_>) {
        self.count(if i.period == Period::Basic { "interval" } else { "aggregate" });
    }
    fn frequency(&mut self, _: FrequencyValue) {
        self.count("frequency");
    }
    fn p_inst(&mut self, _: PInstValue) {
        self.count("p_inst");
    }
    fn flicker(&mut self, _: FlickerValue) {
        self.count("flicker");
    }
    fn event(&mut self, _: Event) {
        self.count("event");
    }
    fn open_event(&mut self, _: Event) {
        self.count("open_event");
    }
    fn rapid_change(&mut self, _: RapidChange) {
        self.count("rvc");
    }
    fn burst(&mut self, _: &Burst) {
        self.count("burst");
    }
    fn transient(&mut self, _: Transient) {
        self.count("transient");
    }
    fn gap(&mut self, _: Gap) {
        self.count("gap");
    }
    fn notice(&mut self, notice: Notice) {
        self.count(notice.kind.name());
    }
    fn waveform(&mut self, _: Waveform<'_>) {
        self.count("waveform");
    }
}

/// Runs a system of three voltages and three currents over the tick of ten minutes in blocks of `block` samples, and counts the
/// allocations.
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
    let (mut counts, before) = (Counts::default(), ALLOCATIONS.get());
    let n = x[0].len();
    for from in (0..n).step_by(block) {
        let to = n.min(from + block);
        let parts: [SamplesRef<'_>; 6] = std::array::from_fn(|c| SamplesRef::F32(&x[c][from..to]));
        live.push_into(Block::Planar(&parts), from as u64, None, Quality::empty(), &mut counts).unwrap();
    }
    let after = ALLOCATIONS.get();
    assert!(counts.of("interval") > 140 && counts.of("half_cycle") > 8500);
    after - before
}

#[test]
fn a_running_stream_allocates_nothing() {
    let _alone = alone();
    let config = Config { supraharmonics: true, ..Config::class_a(UDIN_V, 50.0) };
    for block in [64, 200, 1000, 40_000] {
        assert_eq!(allocations(&config, block), 0, "in blocks of {block}");
    }
}

/// Everything that a stream can be asked for, on mains that misbehave: dips, an interruption, a lost phase, impulses, tones,
/// overload, missing samples. In seconds from the start, of channel `c`.
fn misbehaving(c: usize, t: f64, random: &mut Random) -> f32 {
    let (second, into) = (t as usize, t.fract());
    if c >= 3 {
        return (10.0 * (2.0 * std::f64::consts::PI * 50.1 * t).sin()) as f32;
    }
    let v = mains(50.1, c, t)
        + if second % 4 == 1 { 6.0 * (2.0 * std::f64::consts::PI * 175.0 * t).sin() } else { 0.0 };
    let v = match second % 8 {
        2 if into < 0.5 => 0.6 * v,
        3 if into < 0.7 => 0.0,
        4 if c == 1 => 0.0,
        5 if into < 0.1 && random.below(10) == 0 => f64::NAN,
        6 if (into * 20.0).fract() < 0.002 => v + 500.0,
        7 if into < 0.3 => (2.0 * v).clamp(-400.0, 400.0),
        _ => v + 0.05 * random.gauss(),
    };
    v as f32
}

fn worst(plan_fs: f64) -> (Arc<Plan>, Options, Vec<Vec<f32>>) {
    let names = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"];
    let specs: Vec<_> = names
        .iter()
        .map(|n| Channel::new(*n, if n.starts_with('U') { "V" } else { "A" }, vec![0.0f32]))
        .enumerate()
        .map(|(i, mut c)| {
            c.range = Some((-400.0, 400.0));
            ChannelSpec::of(&c, i)
        })
        .collect();
    let config = Config {
        transient_pct: 10.0,
        rvc_pct: 1.0,
        supraharmonics: true,
        signalling: vec![Tone { record_s: 1.0, ..Tone::at(175.0) }],
        ..Config::class_a(UDIN_V, 50.0)
    };
    let rate = SampleRate::from_hz(plan_fs).unwrap();
    let plan = Arc::new(Plan::new(&config, rate, &specs).unwrap());
    let around = Some(Around { before_s: 0.2, after_s: 0.5 });
    let options = Options { p_inst: true, waveforms: around, ..Options::default() };
    let mut random = Random(9);
    let x = (0..6).map(|c| {
        (0..(24.0 * plan_fs) as usize).map(|i| misbehaving(c, i as f64 / plan_fs, &mut random)).collect()
    });
    (plan, options, x.collect())
}

/// Kinds of results that [`misbehaving`] mains give.
const TROUBLE: [&str; 7] = ["event", "open_event", "transient", "waveform", "burst", "overload", "sync_lost"];

#[test]
fn nothing_is_allocated_whatever_the_mains_do_and_memory_stays_within_what_was_said() {
    let _alone = alone();
    for (fs, block) in [(10_000.0, 1), (10_000.0, 500), (50_000.0, 12_345)] {
        let (plan, options, x) = worst(fs);
        let said = Live::bytes(&plan, &options) as i64;
        let before = BYTES.get();
        MOST.set(before);
        let mut live = Live::with_plan(plan, Some(Timestamp(590_000_000_000)), options).unwrap();
        let (mut output, mut seen) = (None, Counts::default());
        let counted = ALLOCATIONS.get();
        let n = x[0].len();
        for from in (0..n).step_by(block) {
            let to = n.min(from + block);
            let parts: [SamplesRef<'_>; 6] = std::array::from_fn(|c| SamplesRef::F32(&x[c][from..to]));
            live.push(Block::Planar(&parts), from as u64, None, Quality::empty()).unwrap();
            while live.next_into(&mut output) {
                seen.count(output.as_ref().unwrap().value.kind());
            }
        }
        let allocated = ALLOCATIONS.get() - counted;
        let most = MOST.get() - before;
        for kind in TROUBLE.into_iter().chain(["aggregate", "p_inst"]) {
            assert!(seen.of(kind) > 0, "no {kind} at {fs} Hz");
        }
        assert_eq!(allocated, 0, "at {fs} Hz in blocks of {block}");
        println!("{fs} Hz, blocks of {block}: {} KiB at most, {} KiB said", most >> 10, said >> 10);
        assert!(most <= said && 3 * most >= said, "{most} bytes at most, {said} said");
    }
}

/// Plays misbehaving mains as a poor line delivers them: blocks of any size that are lost, late, twice or overlap, from a clock
/// that jumps and a converter at its limit, four seconds of that and four without. After every `life` blocks the process
/// ends, and another goes on from the checkpoint. Results go into a queue or into a sink. Counts the allocations of all pushes.
fn delivered_poorly(life: usize, queued: bool) -> (u64, Counts) {
    const FS: f64 = 10_000.0;
    let (plan, options, x) = worst(FS);
    let mut live = Live::with_plan(plan.clone(), Some(Timestamp(0)), options).unwrap();
    let (mut counts, mut output, mut allocated) = (Counts::default(), None, 0);
    let (mut random, mut from, mut ahead_ns) = (Random(5), 0, 0);
    let mut lost = 0;
    for block in 1.. {
        let calm = from / 40_000 % 2 == 1;
        let chance = if calm { 12 } else { random.below(12) };
        if chance == 0 {
            lost = from;
            from += 500 + random.below(3000);
        }
        let (first, to) = match chance {
            1 => (from.saturating_sub(200), from + 500),
            2 => (from.saturating_sub(2000), from.saturating_sub(1500)),
            3 => (lost, lost + 400),
            _ => (from, from + 1 + random.below(if calm { 200 } else { 2000 })),
        };
        if to > x[0].len() {
            break;
        }
        ahead_ns += if chance == 4 { 100_000_000 } else { 0 };
        let time = Some(Timestamp(first as i64 * 100_000 + ahead_ns));
        let quality = if chance == 5 { Quality::OVERLOAD } else { Quality::empty() };
        let parts: [SamplesRef<'_>; 6] = std::array::from_fn(|c| SamplesRef::F32(&x[c][first..to]));
        let before = ALLOCATIONS.get();
        if queued {
            live.push(Block::Planar(&parts), first as u64, time, quality).unwrap();
            while live.next_into(&mut output) {
                counts.count(output.as_ref().unwrap().value.kind());
            }
        } else {
            live.push_into(Block::Planar(&parts), first as u64, time, quality, &mut counts).unwrap();
        }
        allocated += ALLOCATIONS.get() - before;
        from = from.max(to);
        if block % life == 0 {
            live = Live::restore(plan.clone(), options, &live.checkpoint().unwrap()).unwrap();
        }
    }
    (allocated, counts)
}

#[test]
fn gaps_and_restarts_allocate_nothing() {
    let _alone = alone();
    for (life, queued) in [(usize::MAX, false), (usize::MAX, true), (60, false), (60, true)] {
        let (allocated, seen) = delivered_poorly(life, queued);
        let delivery = ["gap", "overlap", "duplicate", "late", "clock_step", "aggregate"];
        for kind in TROUBLE.into_iter().chain(delivery) {
            assert!(seen.of(kind) > 0, "no {kind}");
        }
        assert!(seen.of("gap") > 10, "{} gaps", seen.of("gap"));
        assert_eq!(allocated, 0, "lives of {life} blocks, queued: {queued}");
    }
}

/// As many voltages as a stream may have, the last of them dead: at a gap half a second of all others comes at once.
#[test]
fn many_channels_allocate_nothing() {
    const FS: f64 = 2_000.0;
    let _alone = alone();
    let channels = (0..MOST_CHANNELS).map(|c| Channel::new(format!("U{c}"), "V", vec![0i32]));
    let specs: Vec<_> = channels.enumerate().map(|(i, c)| ChannelSpec::of(&c, i)).collect();
    let config = Config::class_a(UDIN_V, 50.0);
    let plan = Arc::new(Plan::new(&config, SampleRate::from_hz(FS).unwrap(), &specs).unwrap());
    assert_eq!(plan.recorded().len(), MOST_CHANNELS);
    let code = |c: usize, i: usize| if c + 1 < MOST_CHANNELS { mains(50.0, 0, i as f64 / FS) } else { 0.0 };
    let said = Live::bytes(&plan, &Options::default()) as i64;
    let before = BYTES.get();
    MOST.set(before);
    let mut live = Live::with_plan(plan, None, Options::default()).unwrap();
    let (mut counts, mut allocated) = (Counts::default(), 0);
    for from in [0, 400, 800, 2_000, 2_400, 4_000] {
        let rows: Vec<i32> =
            (from..from + 400).flat_map(|i| (0..MOST_CHANNELS).map(move |c| code(c, i) as i32)).collect();
        let rows = Block::Interleaved(SamplesRef::I32(&rows));
        let calls = ALLOCATIONS.get();
        live.push_into(rows, from as u64, None, Quality::empty(), &mut counts).unwrap();
        // The first interleaved block says of which type they are.
        allocated += if from == 0 { 0 } else { ALLOCATIONS.get() - calls };
    }
    let most = MOST.get() - before;
    assert!(counts.of("gap") == 2 && counts.of("half_cycle") > 80 * MOST_CHANNELS);
    assert_eq!(allocated, 0);
    assert!(most <= said && 3 * most >= said, "{most} bytes at most, {said} said");
}

/// Kibibytes of memory in use, where the system tells.
fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Eight channels with a dip and an impulse every ten seconds, for `KILAT_SOAK` samples in all (2e6 unless it says otherwise), in
/// blocks of one cycle: nothing is allocated, memory does not grow, and no block takes longer than it lasts.
#[test]
fn a_stream_of_days_neither_grows_nor_stalls() {
    const FS: f64 = 10_000.0;
    const CHANNELS: usize = 8;
    const BLOCK: usize = 200;
    let _alone = alone();
    let wanted: f64 = std::env::var("KILAT_SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(2e6);
    let names = ["Ua", "Ub", "Uc", "Un", "Ia", "Ib", "Ic", "In"];
    let channels = names.map(|n| {
        Channel::new(n, if n.starts_with('U') { "V" } else { "A" }, vec![0i16]).with_scale(0.02, 0.0)
    });
    let specs: Vec<_> = channels.iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
    let config = Config::class_a(UDIN_V, 50.0);
    let mut live = Live::new(SampleRate::from_hz(FS).unwrap(), Some(Timestamp(0)), &specs, &config).unwrap();
    // Ten seconds that follow on themselves, interleaved.
    let wave = |c: usize, t: f64| {
        let dip = if (3.0..3.2).contains(&t) && c == 1 { 0.5 } else { 1.0 };
        let impulse = if (6.0..6.0004).contains(&t) && c == 2 { 200.0 } else { 0.0 };
        let size = [1.0, 1.0, 1.0, 0.02, 0.1, 0.1, 0.1, 0.01][c];
        size * dip * mains(50.0, c % 4 % 3, t) + impulse
    };
    let frames = (10.0 * FS) as usize;
    let x: Vec<i16> = (0..frames)
        .flat_map(|i| (0..CHANNELS).map(move |c| (c, i as f64 / FS)))
        .map(|(c, t)| (wave(c, t) / 0.02).round() as i16)
        .collect();
    let blocks = (wanted / (CHANNELS * BLOCK) as f64) as u64;
    // Duration of each push, in classes of a sixteenth octave of a nanosecond.
    let mut classes = [0u64; 1024];
    let (mut output, mut events, mut allocated, mut resident) = (None, 0u64, 0, 0);
    let began = std::time::Instant::now();
    for k in 0..blocks {
        // Everything that happens has happened once by then, and memory that was set aside has been touched.
        if k == (blocks / 10).max(11 * 50) {
            resident = resident_kib();
        }
        let at = (k as usize * BLOCK % frames) * CHANNELS;
        let rows = SamplesRef::I16(&x[at..at + BLOCK * CHANNELS]);
        let (since, before) = (std::time::Instant::now(), ALLOCATIONS.get());
        live.push(Block::Interleaved(rows), k * BLOCK as u64, None, Quality::empty()).unwrap();
        while live.next_into(&mut output) {
            events += u64::from(output.as_ref().is_some_and(|o| o.value.kind() == "event"));
        }
        // The first block is the start.
        allocated += if k == 0 { 0 } else { ALLOCATIONS.get() - before };
        classes[((since.elapsed().as_nanos() as f64).log2() * 16.0) as usize] += 1;
    }
    let grown = resident_kib() - resident;
    let elapsed_s = began.elapsed().as_secs_f64();
    let micros = |part: f64| {
        let mut left = (part * blocks as f64) as u64;
        let class = classes.iter().position(|n| {
            let inside = left < *n;
            left = left.saturating_sub(*n);
            inside
        });
        (class.unwrap_or(1023) as f64 + 1.0).mul_add(1.0 / 16.0, 0.0).exp2() / 1e3
    };
    println!(
        "{:.2e} samples, {:.1} h of {CHANNELS} channels, in {elapsed_s:.0} s: {:.1} million a second; {allocated} allocations, {grown} KiB \
         grown; {events} events; a push of {} ms takes p50 {:.0}, p99 {:.0}, p99.99 {:.0} \u{b5}s",
        (blocks * (CHANNELS * BLOCK) as u64) as f64,
        blocks as f64 * BLOCK as f64 / FS / 3600.0,
        blocks as f64 * (CHANNELS * BLOCK) as f64 / elapsed_s / 1e6,
        1e3 * BLOCK as f64 / FS,
        micros(0.5),
        micros(0.99),
        micros(0.9999),
    );
    assert_eq!(allocated, 0);
    assert!(grown <= 1024, "{grown} KiB");
    // Of the channel and of the system, in each ten seconds that are over.
    assert!(events >= 2 * (blocks * BLOCK as u64 / frames as u64), "{events} events");
}

/// A wave that is computed when it is read.
#[derive(Debug)]
struct Endless {
    second: Vec<f32>,
    seconds: usize,
}

impl Stored for Endless {
    fn len(&self) -> usize {
        self.second.len() * self.seconds
    }

    fn kind(&self) -> SampleKind {
        SampleKind::F32
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        own.f32.clear();
        own.f32.extend(range.map(|i| self.second[i % self.second.len()]));
        Ok(SamplesRef::F32(&own.f32))
    }
}

/// The most memory that `work` takes on this thread.
fn most_of(work: impl FnOnce()) -> i64 {
    let before = BYTES.get();
    MOST.set(before);
    work();
    MOST.get() - before
}

#[test]
fn an_analysis_in_parts_takes_as_much_memory_for_any_length() {
    const FS: f64 = 3_200.0;
    let _alone = alone();
    let config = Config::class_a(UDIN_V, 50.0);
    let recording = |seconds: usize| {
        let channel = |c: usize| {
            let second = (0..FS as usize).map(|i| mains(50.0, c, i as f64 / FS) as f32).collect();
            let wave: Arc<dyn Stored> = Arc::new(Endless { second, seconds });
            Channel::new(["Ua", "Ub", "Uc"][c], "V", wave)
        };
        let time = TimeBase::uniform(SampleRate::from_hz(FS).unwrap(), seconds as u64 * FS as u64, None);
        Capture::new(time, (0..3).map(channel).collect()).unwrap()
    };
    let in_parts = |seconds: usize| {
        let capture = recording(seconds);
        let mut intervals = 0;
        let most = most_of(|| {
            for part in Parts::new(&capture, &config, 1, 100.0).unwrap() {
                intervals += part.unwrap().intervals.rms.nrows();
            }
        });
        assert!(intervals.abs_diff(seconds * 5) < 3, "{intervals} intervals in {seconds} s");
        most
    };
    let (short, long) = (in_parts(600), in_parts(2400));
    let in_record = |seconds: usize| {
        let parts = Parts::new(&recording(seconds), &config, 1, 100.0).unwrap();
        most_of(|| drop(Record::read(parts, |_| Ok(())).unwrap()))
    };
    // Three voltages; tables double when they grow, and the half of one may be room.
    let of_interval = (in_record(2400) - in_record(600)) / (1800 * 5);
    assert!(of_interval < 2 * 700, "{of_interval} bytes for each basic interval of a record");
    let capture = recording(2400);
    let whole = most_of(|| drop(offline::analyze(&capture, &config, 1)));
    let specs: Vec<_> = capture.channels().iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
    let plan = Plan::new(&config, SampleRate::from_hz(FS).unwrap(), &specs).unwrap();
    let said = Recorder::bytes(&plan, capture.len()) as i64;
    println!("in parts {} and {}, whole {}, said {} KiB", short >> 10, long >> 10, whole >> 10, said >> 10);
    println!("in a record {of_interval} bytes for each basic interval");
    assert!(said < whole && whole < 2 * said, "{whole} bytes for the whole, {said} said");
    assert!(20 * long <= 21 * short, "{long} bytes for four times as long, {short} before");
    assert!(whole > 2 * long, "{whole} bytes for the whole, {long} in parts");
}

#[test]
fn more_results_than_any_memory_holds_are_refused() {
    let second = vec![0.0; 3_200];
    let seconds = 1 << 40;
    let wave: Arc<dyn Stored> = Arc::new(Endless { second, seconds });
    let time = TimeBase::uniform(SampleRate::from_hz(3_200.0).unwrap(), (seconds * 3_200) as u64, None);
    let capture = Capture::new(time, vec![Channel::new("Ua", "V", wave)]).unwrap();
    let config = Config::class_a(UDIN_V, 50.0);
    let refused = offline::analyze(&capture, &config, 1).unwrap_err().to_string();
    let expected = "analysis: holding all results of 1099511627776 s, ";
    assert!(
        refused.starts_with(expected) && refused.contains("GiB, is not supported; take a part"),
        "{refused}"
    );
    assert!(Parts::new(&capture, &config, 1, 100.0).unwrap().next().unwrap().is_ok());
}
