//! Live streams: what is odd about blocks is said, checkpoints lose no bit, waveforms are the samples that came.

#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

mod signals;

use std::sync::Arc;

use kilat_core::engine::live::{Around, Block, MOST_CHANNELS, Options, Output, Quality, Value};
use kilat_core::engine::plan::{ChannelSpec, Plan};
use kilat_core::engine::sink::{Period, Term};
use kilat_core::{Channel, Config, Error, EventKind, Live, SampleRate, SamplesRef, Timestamp, Tone};
use sha2::{Digest, Sha256};
use signals::{Random, UDIN_V, VOLTAGES, mains, sampled, three};

const RATE_HZ: f64 = 10_000.0;
const NO: Quality = Quality::empty();

fn plan(rate_hz: f64, names: &[&str], config: &Config) -> Arc<Plan> {
    let unit = |n: &str| if n.starts_with('I') { "A" } else { "V" };
    let channels = names.iter().map(|n| Channel::new(*n, unit(n), Vec::<f64>::new()));
    let specs: Vec<_> = channels.enumerate().map(|(i, c)| ChannelSpec::of(&c, i)).collect();
    Arc::new(Plan::new(config, SampleRate::from_hz(rate_hz).unwrap(), &specs).unwrap())
}

fn class_a() -> Config {
    Config::class_a(UDIN_V, 50.0)
}

/// A stream of one voltage at [`RATE_HZ`].
fn single(start: Option<Timestamp>) -> Live {
    Live::with_plan(plan(RATE_HZ, &["Ua"], &class_a()), start, Options::default()).unwrap()
}

fn push(live: &mut Live, x: &[f64], from: usize, to: usize) {
    push_at(live, &x[from..to], from as u64, None, NO);
}

fn push_at(live: &mut Live, x: &[f64], first: u64, time: Option<Timestamp>, quality: Quality) {
    live.push(Block::Planar(&[x.into()]), first, time, quality).unwrap();
}

/// All that waits, but for results of every cycle.
fn events(live: &mut Live) -> Vec<(&'static str, Value)> {
    let seldom = |o: &Output| !matches!(o.value, Value::HalfCycle(_) | Value::Interval(_));
    live.outputs().filter(seldom).map(|o| (o.value.kind(), o.value)).collect()
}

fn steady(seconds: f64) -> Vec<f64> {
    sampled(RATE_HZ, seconds, |t| mains(50.0, 0, t))
}

#[test]
fn samples_that_are_missing_in_the_numbering_are_a_gap() {
    let (x, mut live) = (steady(3.0), single(Some(Timestamp(0))));
    push(&mut live, &x, 0, 12_000);
    push(&mut live, &x, 17_000, 30_000);
    assert!(live.next_index() == 30_000);
    let all: Vec<Output> = live.outputs().collect();
    let gap = all.iter().position(|o| o.value.kind() == "gap").unwrap();
    assert!(matches!(&all[gap].value, Value::Gap(g) if (g.sample, g.duration_s) == (17_000, 0.5)));
    assert_eq!(all[gap].time, Timestamp(1_700_000_000));
    for (k, o) in all.iter().enumerate() {
        assert_eq!(o.sequence, k as u64);
        if let Value::Interval(i) = &o.value {
            assert!(
                i.stop_sample <= 12_000.0 || i.start_sample >= 17_000.0,
                "a value bridges the gap: {i:?}"
            );
            assert_eq!((i.stop_sample > 17_000.0), k > gap);
            assert!(((o.time.0 as f64 / 1e9) - i.stop_sample / RATE_HZ).abs() < 1e-8);
        }
    }
    assert!(all[gap..].iter().filter(|o| o.value.kind() == "interval").count() >= 4);
}

#[test]
fn blocks_that_overlap_come_twice_or_late_are_left_out_and_said() {
    let (x, mut live) = (steady(2.0), single(None));
    push(&mut live, &x, 0, 5_000);
    push(&mut live, &x, 4_000, 6_000);
    push(&mut live, &x, 2_000, 3_000);
    push(&mut live, &x, 6_000, 10_000);
    push(&mut live, &x, 11_000, 15_000);
    push(&mut live, &x, 10_000, 11_000);
    push(&mut live, &x, 15_000, 20_000);
    live.finish();
    let said: Vec<_> = events(&mut live)
        .into_iter()
        .filter_map(|(kind, v)| match v {
            Value::Notice(n) => Some((kind, n.sample, n.samples)),
            Value::Gap(g) => Some((kind, g.sample as f64, 1000)),
            _ => None,
        })
        .collect();
    let want = [
        ("overlap", 4_000.0, 1_000),
        ("duplicate", 2_000.0, 1_000),
        ("gap", 11_000.0, 1_000),
        ("late", 10_000.0, 1_000),
    ];
    assert_eq!(said, want);
}

#[test]
fn what_was_taken_twice_changes_nothing() {
    let x = steady(1.5);
    let run = |blocks: &[(usize, usize)]| {
        let mut live = single(None);
        for (from, to) in blocks {
            push(&mut live, &x, *from, *to);
        }
        live.finish();
        let measured = live.outputs().filter(|o| !matches!(o.value, Value::Notice(_)));
        measured.map(|o| format!("{:?}", o.value)).collect::<Vec<_>>()
    };
    assert_eq!(run(&[(0, 7_000), (3_000, 9_000), (0, 9_000), (8_999, 15_000)]), run(&[(0, 15_000)]));
}

#[test]
fn a_step_of_the_clock_is_said_and_a_drift_moves_the_ticks() {
    const MS: i64 = 1_000_000;
    let (x, mut live) = (steady(4.0), single(Some(Timestamp(0))));
    let block = 1_000;
    let mut said = Vec::new();
    for k in 0..40i64 {
        // 0.5 ms of drift in each of the first thirty blocks of 100 ms, then a step of half a second.
        let ahead = if k < 30 { k * MS / 2 } else { 30 * MS / 2 + 500 * MS };
        let time = Timestamp(k * 100 * MS + ahead);
        let from = k as usize * block;
        push_at(&mut live, &x[from..from + block], from as u64, Some(time), NO);
        for (kind, v) in events(&mut live) {
            if let Value::Notice(n) = v {
                said.push((kind, n.sample, (n.seconds * 1e4).round() / 1e4));
            }
        }
    }
    assert_eq!(said, [("clock_steered", 21_000.0, 0.0105), ("clock_step", 30_000.0, 0.5045)]);
}

#[test]
fn ticks_follow_a_clock_that_drifts() {
    // The clock gains 1 ms in each second: after 630 s the tick of 600 s has come 0.6 s of samples earlier.
    let rate = 1000.0;
    let mut live =
        Live::with_plan(plan(rate, &["Ua"], &class_a()), Some(Timestamp(0)), Options::default()).unwrap();
    let x = sampled(rate, 630.0, |t| mains(50.0, 0, t));
    let mut ten_minutes = Vec::new();
    for (k, block) in x.chunks(1000).enumerate() {
        let time = Timestamp(k as i64 * 1_001_000_000);
        push_at(&mut live, block, 1000 * k as u64, Some(time), NO);
        ten_minutes.extend(live.outputs().filter(|o| o.value.kind() == "aggregate").filter_map(|o| {
            match o.value {
                Value::Interval(i) if i.stop_sample > 590_000.0 && i.basics > 2000 => {
                    Some((o.time, i.stop_sample))
                }
                _ => None,
            }
        }));
    }
    assert_eq!(ten_minutes.len(), 1);
    let (time, stop) = ten_minutes[0];
    assert_eq!(time, Timestamp(600_000_000_000));
    // Up to 10 ms are not followed, and the interval at the tick is finished: 0.2 s.
    assert!((stop - 599_400.6).abs() <= 10.0 + 200.0, "{stop}");
}

#[test]
fn what_the_source_says_of_a_block_is_passed_on() {
    let (x, mut live) = (steady(2.0), single(Some(Timestamp(0))));
    let time = |from: usize, ms: i64| Some(Timestamp(from as i64 * 100_000 + ms * 1_000_000));
    for from in (0..20_000).step_by(1000) {
        let mut quality = NO;
        quality.set(Quality::OVERLOAD, (6_000..8_000).contains(&from));
        quality.set(Quality::CLOCK_LOST, (10_000..13_000).contains(&from));
        // While it is not synchronised the clock is a second off, which is not believed.
        let off = if quality.contains(Quality::CLOCK_LOST) { 1000 } else { 0 };
        push_at(&mut live, &x[from..from + 1000], from as u64, time(from, off), quality);
    }
    let all: Vec<Output> = live.outputs().collect();
    let notices: Vec<_> = all
        .iter()
        .filter_map(|o| match &o.value {
            Value::Notice(n) => Some((o.value.kind(), n.sample)),
            _ => None,
        })
        .collect();
    assert_eq!(notices, [("overload", 6_000.0), ("clock_lost", 10_000.0), ("clock_found", 13_000.0)]);
    for o in &all {
        if let Value::HalfCycle(h) = &o.value {
            let inside = h.start_sample < 8_000.0 && h.stop_sample > 6_000.0;
            assert_eq!(h.flags.contains(kilat_core::Flags::CLIPPED), inside, "{h:?}");
        }
    }
}

#[test]
fn a_converter_at_its_limit_and_a_lost_mains_are_said() {
    let config = class_a();
    let mut live = Live::with_plan(plan(RATE_HZ, &["Ua"], &config), None, Options::default()).unwrap();
    // Codes of i16 at ±32767 clip; from 2 s to 3 s there is no voltage.
    let wave = |t: f64| {
        let v = if (2.0..3.0).contains(&t) { 0.0 } else { mains(50.0, 0, t) * 100.0 };
        let v = if (1.0..1.4).contains(&t) { 4.0 * v } else { v };
        v.clamp(-32768.0, 32767.0) as i16
    };
    let x: Vec<i16> = (0..45_000).map(|i| wave(i as f64 / RATE_HZ)).collect();
    live.push(Block::Planar(&[x.as_slice().into()]), 0, None, NO).unwrap();
    let said: Vec<_> = events(&mut live)
        .into_iter()
        .filter_map(|(kind, v)| match v {
            Value::Notice(n) => Some((kind, n.sample / RATE_HZ, n.channel)),
            _ => None,
        })
        .collect();
    let want = [("overload", 1.0, Some(0)), ("sync_lost", 2.1, None), ("sync_found", 3.0, None)];
    assert_eq!(said.len(), want.len(), "{said:?}");
    for (got, want) in said.iter().zip(want) {
        assert_eq!((got.0, got.2), (want.0, want.2));
        assert!((got.1 - want.1).abs() < 0.08, "{said:?}");
    }
}

#[test]
fn interleaved_samples_of_every_type_are_the_same_as_planar_ones() {
    let x = three(RATE_HZ, 0.8, |k, t| (mains(49.9, k, t) * 30.0).round());
    let shared = plan(RATE_HZ, &VOLTAGES, &class_a());
    let run = |feed: &dyn Fn(&mut Live)| {
        let mut live = Live::with_plan(shared.clone(), None, Options::default()).unwrap();
        feed(&mut live);
        live.finish();
        live.outputs().map(|o| format!("{o:?}")).collect::<Vec<_>>()
    };
    let rows = || (0..x[0].len()).flat_map(|i| x.iter().map(move |c| c[i]));
    macro_rules! both {
        ($t:ty) => {
            let columns: Vec<Vec<$t>> = x.iter().map(|c| c.iter().map(|v| *v as $t).collect()).collect();
            let parts: Vec<SamplesRef<'_>> = columns.iter().map(|c| c.as_slice().into()).collect();
            let all: Vec<$t> = rows().map(|v| v as $t).collect();
            let planar = run(&|live| live.push(Block::Planar(&parts), 5, None, NO).unwrap());
            let interleaved = run(&|live| {
                for (k, part) in all.chunks(3 * 1234).enumerate() {
                    live.push(Block::Interleaved(part.into()), 5 + 1234 * k as u64, None, NO).unwrap();
                }
            });
            assert!(planar.len() > 200);
            assert_eq!(planar, interleaved);
        };
    }
    both!(i16);
    both!(i32);
    both!(f32);
    both!(f64);
}

#[test]
fn blocks_of_the_wrong_shape_and_full_queues_are_refused_and_change_nothing() {
    let shared = plan(RATE_HZ, &VOLTAGES, &class_a());
    let options = Options { queue: 50, ..Options::default() };
    let mut live = Live::with_plan(shared.clone(), None, options).unwrap();
    let x = three(RATE_HZ, 2.0, |k, t| mains(50.0, k, t));
    let two: [SamplesRef<'_>; 2] = [x[0].as_slice().into(), x[1].as_slice().into()];
    let ragged: [SamplesRef<'_>; 3] = [x[0].as_slice().into(), x[1].as_slice().into(), x[2][1..].into()];
    for bad in [Block::Planar(&two), Block::Planar(&ragged), Block::Interleaved(x[0][..1000].into())] {
        assert!(matches!(live.push(bad, 0, None, NO), Err(Error::Mismatch { .. })));
    }
    let all: [SamplesRef<'_>; 3] = [0, 1, 2].map(|k| x[k].as_slice().into());
    assert!(matches!(live.push(Block::Planar(&all), u64::MAX - 5, None, NO), Err(Error::Limit { .. })));
    live.push(Block::Planar(&all), 0, None, NO).unwrap();
    // What one block completes is never lost, however much it is; the next has to wait.
    let refused = live.push(Block::Planar(&all), 20_000, None, NO).unwrap_err();
    assert!(refused.to_string().starts_with("live stream: the number of results that wait"), "{refused}");
    assert!(live.checkpoint().is_err(), "results that wait would be lost");
    assert!(live.outputs().count() > 400);
    live.push(Block::Planar(&all), 20_000, None, NO).unwrap();
    live.finish();
    assert!(live.outputs().all(|o| o.value.kind() != "gap"));
    assert!(live.push(Block::Planar(&all), 40_000, None, NO).is_err(), "it is finished");
    let names: Vec<String> = (0..=MOST_CHANNELS).map(|k| format!("U{k}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = Live::with_plan(plan(RATE_HZ, &names, &class_a()), None, Options::default());
    assert!(matches!(many, Err(Error::Limit { .. })));
}

/// A result to the last bit.
fn whole(o: &Output) -> String {
    format!("{o:?}")
}

/// The same, but only the r.m.s. of a basic interval: of these there are many.
fn shorter(o: &Output) -> String {
    match &o.value {
        Value::Interval(i) if i.period == Period::Basic => {
            format!("{} {:?} {:?} {:?}", o.sequence, i.start_sample, i.channels[0].rms, i.flags)
        }
        _ => whole(o),
    }
}

/// Every result of pushing `x` in blocks, with whatever `between` does to the stream after each.
fn results(
    mut live: Live,
    x: &[Vec<f64>],
    mut block: impl FnMut() -> usize,
    mut between: impl FnMut(Live) -> Live,
    text: fn(&Output) -> String,
) -> Vec<String> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < x[0].len() {
        let to = x[0].len().min(at + block().max(1));
        let parts: Vec<SamplesRef<'_>> = x.iter().map(|c| c[at..to].into()).collect();
        live.push(Block::Planar(&parts), at as u64, None, NO).unwrap();
        all.extend(live.outputs().map(|o| text(&o)));
        live = between(live);
        at = to;
    }
    live.finish();
    all.extend(live.outputs().map(|o| text(&o)));
    all
}

fn disturbed() -> (Arc<Plan>, Options, Vec<Vec<f64>>) {
    let config = Config {
        transient_pct: 5.0,
        rvc_pct: 1.0,
        sliding_reference: true,
        signalling: vec![Tone { record_s: 1.0, ..Tone::at(175.0) }],
        ..class_a()
    };
    // An interruption of all, one lost phase, noise, impulses, a tone.
    let mut random = Random(3);
    let wave = |k: usize, t: f64, random: &mut Random| {
        let gone = (0.6..1.3).contains(&t) || (k == 1 && (1.9..2.2).contains(&t));
        let spike = if k == 2 && (1.61..1.6102).contains(&t) { 400.0 } else { 0.0 };
        let tone = if t > 1.0 { 5.0 * (2.0 * std::f64::consts::PI * 175.0 * t).sin() } else { 0.0 };
        if gone { 0.0 } else { mains(50.1, k, t) + spike + tone + 0.1 * random.gauss() }
    };
    let x = (0..3).map(|k| sampled(RATE_HZ, 3.0, |t| wave(k, t, &mut random))).collect();
    let options = Options {
        p_inst: true,
        waveforms: Some(Around { before_s: 0.1, after_s: 0.2 }),
        ..Options::default()
    };
    (plan(RATE_HZ, &VOLTAGES, &config), options, x)
}

#[test]
fn a_restored_stream_goes_on_with_the_same_bits() {
    let (plan, options, x) = disturbed();
    let open = || Live::with_plan(plan.clone(), Some(Timestamp(599_000_000_000)), options).unwrap();
    let want = results(open(), &x, || 30_000, |live| live, whole);
    for kind in ["OpenEvent", "Event(", "Transient(", "Waveform", "SyncLost", "Burst", "TenMinutes"] {
        assert!(want.iter().any(|o| o.contains(kind)), "no {kind} in the scenario");
    }
    let again = |live: Live| Live::restore(plan.clone(), options, &live.checkpoint().unwrap()).unwrap();
    let mut random = Random(11);
    // A new process after every block: in the interruption, in transients, at the tick of 10 min.
    let got = results(open(), &x, || 1 + random.below(400), again, whole);
    for (k, (g, w)) in got.iter().zip(&want).enumerate() {
        assert!(g == w, "output {k} is\n{g:.300}\nand not\n{w:.300}");
    }
    assert_eq!(got.len(), want.len());
}

#[test]
fn ten_minutes_two_hours_and_flicker_survive_a_restart() {
    // Even at a slow rate two hours are many samples: one voltage, modulated, from five minutes before two o'clock.
    let rate = 1000.0;
    let plan = plan(rate, &["Ua"], &class_a());
    let start = Some(Timestamp((2 * 3600 - 300) * 1_000_000_000));
    let options = Options { queue: 1 << 20, ..Options::default() };
    let seconds = 7200.0 + 330.0;
    let x = vec![sampled(rate, seconds, |t| {
        let modulation = 1.0 + 0.004 * (2.0 * std::f64::consts::PI * 8.8 * t).sin();
        mains(50.0, 0, t) * modulation * if (3000.0..3000.5).contains(&t) { 0.5 } else { 1.0 }
    })];
    let open = || Live::with_plan(plan.clone(), start, options).unwrap();
    let want = results(open(), &x, || 60_000, |live| live, shorter);
    assert!(want.iter().any(|o| o.contains("TwoHours") && !o.contains("INCOMPLETE")), "no two hours");
    assert!(want.iter().any(|o| o.contains(&format!("{:?}", Term::Long))), "no Plt");
    let again = |live: Live| Live::restore(plan.clone(), options, &live.checkpoint().unwrap()).unwrap();
    let mut random = Random(5);
    let got = results(open(), &x, || 1 + random.below(400_000), again, shorter);
    assert!(got == want, "{} and {} outputs", got.len(), want.len());
}

#[test]
fn damaged_and_foreign_checkpoints_are_errors() {
    let (plan, options, x) = disturbed();
    let mut live = Live::with_plan(plan.clone(), None, options).unwrap();
    let parts: Vec<SamplesRef<'_>> = x.iter().map(|c| c[..9_000].into()).collect();
    live.push(Block::Planar(&parts), 0, None, NO).unwrap();
    live.outputs().for_each(drop);
    let bytes = live.checkpoint().unwrap();
    let restore = |bytes: &[u8]| Live::restore(plan.clone(), options, bytes);
    assert!(restore(&bytes).is_ok());
    let message = |bytes: &[u8]| restore(bytes).unwrap_err().to_string();
    assert_eq!(message(&[]), "checkpoint: size: expected at least 74 bytes, found 0");
    assert!(message(&[7; 200]).starts_with("checkpoint: first bytes: expected `kilatLIV`"));
    let mut random = Random(1);
    for _ in 0..100 {
        let mut bad = bytes.clone();
        bad[random.below(bytes.len())] ^= 1 << random.below(8);
        assert!(matches!(restore(&bad), Err(Error::Malformed { .. })));
        assert!(restore(&bytes[..random.below(bytes.len())]).is_err());
    }
    // Damage under a digest that fits: an error or a state, no panic, no endless memory.
    for _ in 0..300 {
        let mut bad = bytes[..bytes.len() - 32].to_vec();
        for _ in 0..3 {
            let at = 42 + random.below((bad.len() - 42).min(4000));
            bad[at] = random.next() as u8;
        }
        bad.truncate(bad.len() - random.below(2) * random.below(5000));
        bad.extend(Sha256::digest(&bad));
        drop(restore(&bad));
    }
    let other = Options { p_inst: false, ..options };
    let refused = Live::restore(plan.clone(), other, &bytes).unwrap_err();
    assert!(matches!(refused, Error::Mismatch { .. }), "{refused}");
    let mut older = bytes.clone();
    older[8] += 1;
    assert!(message(&older).starts_with("checkpoint: version: expected"));
}

#[test]
fn waveforms_are_the_samples_around_events_whatever_the_blocks() {
    let x = three(RATE_HZ, 4.0, |k, t| {
        let dip = (1.0..1.05).contains(&t) || (1.1..1.2).contains(&t) || (2.5..2.9).contains(&t);
        mains(50.0, k, t) * if dip && k == 1 { 0.5 } else { 1.0 }
    });
    let (before, after) = (1_000, 2_000);
    let options = Options { waveforms: Some(Around { before_s: 0.1, after_s: 0.2 }), ..Options::default() };
    let shared = plan(RATE_HZ, &VOLTAGES, &class_a());
    let open = || Live::with_plan(shared.clone(), None, options).unwrap();
    let all = results(open(), &x, || 40_000, |live| live, whole);
    for (k, block) in [1usize, 77, 5_000].into_iter().enumerate() {
        assert!(results(open(), &x, || block, |live| live, whole) == all, "blocks of {block}, case {k}");
    }
    let mut live = open();
    let parts: Vec<SamplesRef<'_>> = x.iter().map(|c| c.as_slice().into()).collect();
    live.push(Block::Planar(&parts), 0, None, NO).unwrap();
    let (mut starts, mut found) = (Vec::new(), Vec::new());
    for o in live.outputs() {
        match o.value {
            Value::Event(e) if e.kind == EventKind::Dip && !e.polyphase => starts.push(e.start_sample),
            Value::Waveform(w) => found.push(w),
            _ => {}
        }
    }
    // The second dip begins inside the waveform of the first.
    assert_eq!((starts.len(), found.len()), (3, 2), "{starts:?}");
    for (w, start) in found.iter().zip([starts[0], starts[2]]) {
        assert_eq!((w.trigger_sample, w.complete, w.samples), (start, true, before + after));
        assert_eq!(w.start_sample, start as u64 - before as u64);
        for (k, values) in w.values.chunks(w.samples).enumerate() {
            let first = w.start_sample as usize;
            let want: Vec<f32> = x[k][first..first + w.samples].iter().map(|v| *v as f32).collect();
            assert!(values == want, "channel {k}");
        }
    }
}

#[test]
fn streams_share_a_plan_and_move_between_threads() {
    let shared = plan(RATE_HZ, &["Ua"], &class_a());
    let x = steady(1.0);
    let streams: Vec<_> = (0..50)
        .map(|_| Live::with_plan(shared.clone(), None, Options::default()).unwrap())
        .map(|mut live| {
            let x = x.clone();
            std::thread::spawn(move || {
                push(&mut live, &x, 0, x.len());
                live.outputs().map(|o| format!("{o:?}")).collect::<Vec<_>>()
            })
        })
        .collect();
    let all: Vec<_> = streams.into_iter().map(|s| s.join().unwrap()).collect();
    assert!(all[0].len() > 80 && all.iter().all(|o| *o == all[0]));
}

/// From the last sample of the Urms(1/2) value that decides an event to the result, in cycles of the mains.
const LATENCY_CYCLES: f64 = 1.0;
/// A feeder with a transient as well.
const IMPULSE: &str = "impulse after a dip";
/// What another channel shows of a transient may come so much after its end, in nominal half cycles, and this in seconds.
const JOINS: (f64, f64) = (14.0, 2.5e-3);

#[test]
fn events_are_out_within_a_cycle_of_the_sample_that_decides_them() {
    type Wave<'a> = Box<dyn Fn(f64, usize) -> f64 + 'a>;
    let within = |t: f64, from: f64, to: f64| (from..to).contains(&t);
    let step = |t: f64, size: f64| if within(t, 1.0, 1.3) { size } else { 1.0 };
    let swings = |t: f64| if t < 1.3 { 0.0 } else { 2.0 * (1.0 - (-(t - 1.3) / 0.1f64).exp()) };
    let feeders: Vec<(&str, f64, usize, Wave<'_>)> = vec![
        ("dip", 50.0, 1, Box::new(|t, k| mains(50.0, k, t) * step(t, 0.5))),
        ("dip of slow mains", 43.0, 1, Box::new(|t, k| mains(43.0, k, t) * step(t, 0.5))),
        ("dip of fast mains", 57.0, 1, Box::new(|t, k| mains(57.0, k, t) * step(t, 0.5))),
        ("swell", 50.0, 3, Box::new(|t, k| mains(50.0, k, t) * if k == 1 { step(t, 1.2) } else { 1.0 })),
        ("dip of three phases", 50.0, 3, Box::new(|t, k| mains(50.0, k, t) * step(t, 0.4))),
        (
            "interruption of one phase",
            49.9,
            3,
            Box::new(|t, k| mains(49.9, k, t) * if k == 2 { step(t, 0.0) } else { 1.0 }),
        ),
        ("interruption", 50.0, 3, Box::new(|t, k| mains(50.0, k, t) * step(t, 0.0))),
        (
            IMPULSE,
            50.0,
            3,
            Box::new(|t, k| {
                mains(50.0, k, t) * step(t, 0.7) + if within(t, 1.6, 1.600_09) { 300.0 } else { 0.0 }
            }),
        ),
        (
            "dip that turns the phase",
            50.0,
            3,
            Box::new(|t, k| {
                mains(50.0, k, t + if within(t, 1.0, 1.3) { 1.0 / 400.0 } else { 0.0 }) * step(t, 0.6)
            }),
        ),
        (
            "swing after a dip",
            50.0,
            3,
            Box::new(|t, k| mains(50.0, k, t + swings(t) / 50.0 / 10.0) * step(t, 0.6)),
        ),
        (
            "slow recovery",
            50.0,
            2,
            Box::new(|t, k| {
                mains(50.0, k, t) * if t < 1.0 { 1.0 } else { 1.0 - 0.4 * (-(t - 1.0) / 0.2).exp() }
            }),
        ),
        (
            "noise",
            50.0,
            3,
            Box::new(|t, k| {
                mains(50.0, k, t) * step(t, 0.7) + 3.0 * (7_777.7 * t * (t + 1.0 + k as f64)).sin()
            }),
        ),
    ];
    for (rate_hz, (what, hz, channels, wave)) in feeders.iter().flat_map(|f| [(800.0, f), (RATE_HZ, f)]) {
        let (cycle, names) = (rate_hz / hz, &["Ua", "Ub", "Uc"][..*channels]);
        let x: Vec<Vec<f64>> = (0..*channels).map(|k| sampled(rate_hz, 2.0, |t| wave(t, k))).collect();
        let mut live = Live::with_plan(plan(rate_hz, names, &class_a()), None, Options::default()).unwrap();
        let (mut half_cycles, mut begun, mut ended, mut transients) = (0, 0, 0, 0);
        for i in 0..x[0].len() {
            let block: Vec<SamplesRef<'_>> = x.iter().map(|x| x[i..=i].into()).collect();
            live.push(Block::Planar(&block), i as u64, None, NO).unwrap();
            for o in live.outputs() {
                let (count, decided) = match o.value {
                    Value::HalfCycle(v) => (&mut half_cycles, v.stop_sample),
                    Value::OpenEvent(e) => (&mut begun, e.stop_sample),
                    // An interruption ends with the last value below its threshold, which the next one shows, others where
                    // the first value begins that is beyond it again.
                    Value::Event(e) if e.kind == EventKind::Interruption => {
                        (&mut ended, e.stop_sample + cycle / 2.0)
                    }
                    Value::Event(e) => (&mut ended, e.stop_sample + cycle),
                    Value::Transient(t) => {
                        let joins = JOINS.0 * rate_hz / 100.0 + JOINS.1 * rate_hz;
                        (&mut transients, t.stop_sample as f64 + joins)
                    }
                    _ => continue,
                };
                *count += 1;
                let late = (i as f64 - decided) / cycle;
                // It takes some cycles to find the mains.
                let is_new = decided < 10.0 * cycle;
                assert!(
                    is_new || (0.0..LATENCY_CYCLES).contains(&late),
                    "{what}, {rate_hz} Hz: {late} cycles: {:?}",
                    o.value
                );
            }
        }
        assert!(
            half_cycles > 150 * channels && begun >= ended && ended > 0,
            "{what}: {half_cycles} {begun} {ended}"
        );
        assert!(*what != IMPULSE || transients > 0, "{what}, {rate_hz} Hz");
    }
}
