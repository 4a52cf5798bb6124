//! Live and offline give the same bits, for any blocks, any number of threads and any type of samples, and give everything
//! out in the same order. The single precision of the tables of harmonics rounds nothing that streams do not.
//!
//! Each scenario is tried with blocks of one sample, of the whole recording, and with `KILAT_BLOCKINGS` random blockings
//! (3 unless the variable says otherwise; the seed of each is in the message of a failure), and four times as many random
//! histories of the mains.

#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

mod signals;

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::Arc;

use kilat_core::config::Tone;
use kilat_core::engine::analysis::{Gap, Measurements};
use kilat_core::engine::crew::Crew;
use kilat_core::engine::offline;
use kilat_core::engine::parts::Parts;
use kilat_core::engine::segment::Engine;
use kilat_core::engine::sink::{FlickerValue, FrequencyValue, HalfCycle, Interval, PInstValue, Period, Sink};
use kilat_core::pq::signalling::Burst;
use kilat_core::{
    Analysis, Capture, Config, Event, EventRms, Flags, RapidChange, SampleKind, SampleRate, Segment,
    TimeBase, Timestamp, Transient,
};
use ndarray::Array2;
use proptest::prelude::*;
use signals::{
    Harmonic, PEAK_V, Random, THIRD, UDIN_V, capture, mains, open, sampled, stream, streamed, three,
    three_voltages, within,
};

const RATE_HZ: f64 = 10_000.0;
const KINDS: [SampleKind; 4] = [SampleKind::I16, SampleKind::I32, SampleKind::F32, SampleKind::F64];

/// Tables of an analysis, named, as bits: row by row.
type Rows = Vec<(String, Vec<u64>)>;

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|v| v.to_bits()).collect()
}

fn flags(x: &[Flags]) -> Vec<u64> {
    x.iter().map(|f| u64::from(f.bits())).collect()
}

/// `Debug` of a float is the shortest text that reads back as the same float.
fn text(x: impl std::fmt::Debug) -> Vec<u64> {
    format!("{x:?}").bytes().map(u64::from).collect()
}

/// Everything measured on intervals of one length.
fn measured(name: &str, m: &Measurements) -> Rows {
    let i = &m.intervals;
    let h = &m.harmonics;
    let of_all = |table: &Array2<f64>| bits(&table.iter().copied().collect::<Vec<_>>());
    let mut all: Rows = [
        ("starts", bits(&i.start_sample)),
        ("stops", bits(&i.stop_sample)),
        ("stamps", i.stamp.iter().map(|t| t.0.cast_unsigned()).collect()),
        ("cycles", i.cycles.iter().map(|c| u64::from(*c)).collect()),
        ("basic intervals", i.basics.iter().map(|c| u64::from(*c)).collect()),
        ("time covered", bits(&i.covered_s)),
        ("frequencies", bits(&i.frequency_hz)),
        ("flags", flags(&i.flags)),
        ("r.m.s.", of_all(&i.rms)),
        ("line-line r.m.s.", of_all(&i.line_line_rms_v)),
        ("residual voltage", bits(&i.residual_voltage_v)),
        ("neutral current", bits(&i.neutral_current_a)),
        ("u2", bits(&m.unbalance.u2_pct)),
        ("u0", bits(&m.unbalance.u0_pct)),
        ("i2", bits(&m.unbalance.i2_pct)),
        ("i0", bits(&m.unbalance.i0_pct)),
        ("THD of components", of_all(&h.thd_harmonic_pct)),
        ("THD of subgroups", of_all(&h.thd_subgroup_pct)),
        ("THD of groups", of_all(&h.thd_group_pct)),
        ("TIHD", of_all(&h.tihd_subgroup_pct)),
        ("PWHD", of_all(&h.pwhd_group_pct)),
        ("under-deviation", of_all(&m.deviation.under_pct)),
        ("over-deviation", of_all(&m.deviation.over_pct)),
        ("signalling", bits(&m.signalling_v.iter().copied().collect::<Vec<_>>())),
    ]
    .map(|(what, rows)| (what.to_owned(), rows))
    .into();
    for (what, cube) in [
        ("subgroups", &h.subgroup),
        ("groups", &h.group),
        ("interharmonic subgroups", &h.interharmonic_subgroup),
        ("interharmonic groups", &h.interharmonic_group),
        ("phases", &h.phase_rad),
    ] {
        all.push((what.into(), cube.iter().map(|v| u64::from(v.to_bits())).collect()));
    }
    if let Some(s) = &m.supraharmonics {
        for (what, cube) in [
            ("bands of 200 Hz", &s.low),
            ("least of 2 kHz", &s.high_min),
            ("means of 2 kHz", &s.high_mean),
            ("largest of 2 kHz", &s.high_max),
        ] {
            all.push((what.into(), bits(&cube.iter().copied().collect::<Vec<_>>())));
        }
    }
    all.extend(m.power.columns().into_iter().map(|(what, table)| (what.into(), of_all(table))));
    all.extend(m.system_power.columns().into_iter().map(|(what, x)| (format!("system {what}"), bits(x))));
    all.into_iter().map(|(what, rows)| (format!("{name}: {what}"), rows)).collect()
}

/// The tables that have a row for each step of time.
fn tables(a: &Analysis) -> Rows {
    let mut all = Vec::new();
    for (c, h) in a.half_cycles.iter().enumerate() {
        all.push((format!("half cycles of {c}, starts"), bits(&h.start_sample)));
        all.push((format!("half cycles of {c}, stops"), bits(&h.stop_sample)));
        all.push((format!("Urms(1/2) of {c}"), bits(&h.u_rms_v)));
        all.push((format!("half cycles of {c}, flags"), flags(&h.flags)));
    }
    let basic = Measurements {
        intervals: a.intervals.clone(),
        harmonics: a.harmonics.clone(),
        unbalance: a.unbalance.clone(),
        power: a.power.clone(),
        system_power: a.system_power.clone(),
        deviation: a.deviation.clone(),
        signalling_v: a.signalling_v.clone(),
        supraharmonics: a.supraharmonics.clone(),
    };
    let g = &a.aggregates;
    let lengths =
        [("basic", &basic), ("150/180", &g.cycles_150), ("10 min", &g.ten_minutes), ("2 h", &g.two_hours)];
    all.extend(lengths.iter().flat_map(|(name, m)| measured(name, m)));
    all.push(("10-s starts".into(), bits(&a.frequency.start_sample)));
    all.push(("10-s stops".into(), bits(&a.frequency.stop_sample)));
    all.push(("10-s frequencies".into(), bits(&a.frequency.hz)));
    all.push(("10-s flags".into(), flags(&a.frequency.flags)));
    for (c, f) in a.flicker.iter().enumerate() {
        let p = &f.p_inst;
        all.push((format!("Pinst of {c}, positions"), bits(&p.sample.iter().collect::<Vec<_>>())));
        all.push((format!("Pinst of {c}"), p.p_inst.iter().map(|v| u64::from(v.to_bits())).collect()));
        all.push((format!("Pinst of {c}, flags"), flags(&p.flags)));
        for (name, t) in [("Pst", &f.pst), ("Plt", &f.plt)] {
            all.push((format!("{name} of {c}, starts"), bits(&t.start_sample)));
            all.push((format!("{name} of {c}, stops"), bits(&t.stop_sample)));
            all.push((format!("{name} of {c}"), bits(&t.severity)));
            all.push((format!("{name} of {c}, flags"), flags(&t.flags)));
        }
    }
    all.push(("demand".into(), a.demand.iter().flat_map(text).collect()));
    all.push(("gaps".into(), a.gaps.iter().map(|g| g.sample).collect()));
    all
}

/// What happened, each as text, by kind.
fn found(a: &Analysis) -> [(&'static str, Vec<Vec<u64>>); 4] {
    [
        ("events", a.events.iter().map(text).collect()),
        ("rapid changes", a.rvc.iter().map(text).collect()),
        ("bursts", a.bursts.iter().map(text).collect()),
        ("transients", a.transients.iter().map(text).collect()),
    ]
}

/// All of it.
fn everything(a: &Analysis) -> Rows {
    let found = found(a).into_iter().map(|(name, all)| (name.to_owned(), all.concat()));
    tables(a).into_iter().chain(found).chain([("energy".into(), text(&a.energy))]).collect()
}

/// Fails, naming the table, unless all bits are the same.
#[track_caller]
fn same(got: &Analysis, want: &Analysis, case: &dyn Fn() -> String) {
    for ((name, g), (_, w)) in everything(got).into_iter().zip(everything(want)) {
        if g != w {
            let at = g.iter().zip(&w).position(|(a, b)| a != b);
            panic!("{}: {name} differ at {at:?}; {} and {} entries", case(), g.len(), w.len());
        }
    }
    for (g, w) in got.gaps.iter().zip(&want.gaps) {
        // The length of a gap is told by the caller of a live analysis, and computed by the offline one.
        within(g.duration_s, w.duration_s, 1e-9, || format!("{}: gap", case()));
    }
}

/// Groups, subgroups and phases of each length of intervals, as the bits of doubles.
type Spectra = BTreeMap<Period, [Vec<u64>; 5]>;

/// Those of the tables, which are in single precision, widened.
fn spectra(a: &Analysis) -> Spectra {
    let g = &a.aggregates;
    let lengths = [
        (Period::Basic, &a.harmonics),
        (Period::Cycles150, &g.cycles_150.harmonics),
        (Period::TenMinutes, &g.ten_minutes.harmonics),
        (Period::TwoHours, &g.two_hours.harmonics),
    ];
    let tables = lengths.into_iter().map(|(period, h)| {
        let all = [&h.subgroup, &h.group, &h.interharmonic_subgroup, &h.interharmonic_group, &h.phase_rad];
        (period, all.map(|cube| cube.iter().map(|v| f64::from(*v).to_bits()).collect()))
    });
    tables.filter(|(_, all): &(_, [Vec<u64>; 5])| !all[0].is_empty()).collect()
}

/// Writes down everything it is given, in order.
#[derive(Debug, Default)]
struct Log {
    lines: Vec<String>,
    spectra: Spectra,
}

impl Sink for Log {
    fn half_cycle(&mut self, value: HalfCycle) {
        self.lines.push(format!("{value:?}"));
    }
    fn interval(&mut self, interval: Interval<'_>) {
        self.lines.push(format!("{interval:?}"));
        let all = self.spectra.entry(interval.period).or_default();
        for s in interval.channels.iter().map(|c| &c.spectrum) {
            let one =
                [&s.subgroup, &s.group, &s.interharmonic_subgroup, &s.interharmonic_group, &s.phase_rad];
            all.iter_mut().zip(one).for_each(|(all, one)| all.extend(one.iter().map(|v| v.to_bits())));
        }
    }
    fn frequency(&mut self, value: FrequencyValue) {
        self.lines.push(format!("{value:?}"));
    }
    fn p_inst(&mut self, value: PInstValue) {
        self.lines.push(format!("{value:?}"));
    }
    fn flicker(&mut self, value: FlickerValue) {
        self.lines.push(format!("{value:?}"));
    }
    fn event(&mut self, event: Event) {
        self.lines.push(format!("{event:?}"));
    }
    fn rapid_change(&mut self, change: RapidChange) {
        self.lines.push(format!("{change:?}"));
    }
    fn burst(&mut self, burst: &Burst) {
        self.lines.push(format!("{burst:?}"));
    }
    fn transient(&mut self, transient: Transient) {
        self.lines.push(format!("{transient:?}"));
    }
    fn gap(&mut self, gap: Gap) {
        self.lines.push(format!("gap at {}", gap.sample));
    }
}

impl Log {
    #[track_caller]
    fn same(&self, other: &Self, case: &dyn Fn() -> String) {
        if let Some(k) =
            (0..self.lines.len().max(other.lines.len())).find(|k| self.lines.get(*k) != other.lines.get(*k))
        {
            let short = |s: Option<&String>| s.map(|s| s.chars().take(300).collect::<String>());
            panic!(
                "{}: output {k} is\n{:?}\nand\n{:?}",
                case(),
                short(self.lines.get(k)),
                short(other.lines.get(k))
            );
        }
    }
}

/// What the engine gives out when it is handed whole segments, on threads of its own.
fn offline_log(capture: &Capture, config: &Config, threads: usize) -> Log {
    let plan = open(capture, config).plan().clone();
    let crew = Arc::new(Crew::new(threads).unwrap());
    let mut engine = Engine::new(plan.clone(), crew, 0, Timestamp::default());
    let mut log = Log::default();
    for (k, s) in capture.time().segments().iter().enumerate() {
        if k > 0 {
            log.gap(Gap { sample: s.first, duration_s: 0.0 });
        }
        engine.restart(s.first, capture.time().timestamp(s.first as f64).unwrap_or_default());
        let range = s.first as usize..(s.first + s.len) as usize;
        let part = |i: usize| capture.channels()[i].samples.as_ref().unwrap().slice(range.clone());
        let block: Vec<_> = plan.recorded().iter().map(|c| part(c.info.index)).collect();
        engine.push(&block, &mut log);
        engine.interrupt(&mut log);
    }
    engine.finish(&mut log);
    log
}

/// The same volts in codes of another type, of which zero means `offset`; NaN becomes the code that means "missing".
fn in_codes(capture: &Capture, kind: SampleKind, offset: f64) -> Capture {
    let mut out = capture.clone();
    for (c, from) in out.channels_mut().iter_mut().zip(capture.channels()) {
        let x = from.values(0..from.len()).unwrap();
        let coded = |scale: f64, missing: i32| {
            move |v: &f64| if v.is_nan() { missing } else { ((v - offset) / scale).round() as i32 }
        };
        let mut integer = |scale: f64, missing: i32| {
            (c.scale, c.offset, c.missing_code) = (scale, offset, Some(missing));
        };
        match kind {
            SampleKind::I16 => {
                integer(0.025, i32::from(i16::MIN));
                let code = coded(0.025, i32::from(i16::MIN));
                c.samples = x.iter().map(|v| code(v).clamp(-32768, 32767) as i16).collect::<Vec<_>>().into();
            }
            SampleKind::I32 => {
                integer(1e-4, i32::MIN);
                c.samples = x.iter().map(coded(1e-4, i32::MIN)).collect::<Vec<_>>().into();
            }
            SampleKind::F32 => c.samples = x.iter().map(|v| *v as f32).collect::<Vec<_>>().into(),
            SampleKind::F64 => c.samples = x.into(),
        }
    }
    out
}

fn blockings() -> u64 {
    std::env::var("KILAT_BLOCKINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
}

/// Lengths of blocks as a daemon may see them: mostly short, sometimes long, sometimes one sample.
fn random_blocks(seed: u64) -> impl FnMut() -> usize {
    let mut random = Random(seed);
    move || match random.below(10) {
        0..3 => 1 + random.below(7),
        3..8 => 1 + random.below(3_000),
        _ => 1 + random.below(100_000),
    }
}

fn check(capture: &Capture) {
    let config = Config {
        transient_pct: 5.0,
        rvc_pct: 1.0,
        sliding_reference: true,
        signalling: vec![Tone { record_s: 1.0, ..Tone::at(175.0) }, Tone::at(316.67)],
        supraharmonics: true,
        ..Config::class_a(UDIN_V, 50.0)
    };
    check_with(capture, &config);
}

fn check_with(capture: &Capture, config: &Config) {
    for kind in KINDS {
        check_kind(capture, config, kind, 1.0);
    }
}

fn check_kind(capture: &Capture, config: &Config, kind: SampleKind, offset: f64) {
    let capture = in_codes(capture, kind, offset);
    let want = offline::analyze(&capture, config, 1).unwrap();
    assert!(want.half_cycles.iter().any(|h| !h.u_rms_v.is_empty()), "the scenario measures nothing");
    for threads in [2, 3, 8] {
        let got = offline::analyze(&capture, config, threads).unwrap();
        same(&got, &want, &|| format!("{kind:?}, {threads} threads"));
    }
    let tables = spectra(&want);
    let order = offline_log(&capture, config, 1);
    offline_log(&capture, config, 3).same(&order, &|| format!("order on 3 threads, {kind:?}"));
    let try_blocks = |blocks: &mut dyn FnMut() -> usize, again: &mut dyn FnMut() -> usize, case: String| {
        same(&streamed(&capture, config, blocks), &want, &|| format!("{kind:?}, {case}"));
        let mut log = Log::default();
        stream(&capture, config, again, &mut log);
        log.same(&order, &|| format!("order, {kind:?}, {case}"));
        assert!(log.spectra == tables, "{kind:?}, {case}: spectra given out are not those of the tables");
    };
    try_blocks(&mut || 1, &mut || 1, "one sample at a time".into());
    try_blocks(&mut || usize::MAX / 2, &mut || usize::MAX / 2, "all at once".into());
    for seed in 0..blockings() {
        let case = format!("random blocks, seed {seed}");
        try_blocks(&mut random_blocks(seed), &mut random_blocks(seed), case);
    }
}

fn check_three(seconds: f64, wave: impl Fn(usize, f64) -> f64) {
    check(&three_voltages(RATE_HZ, three(RATE_HZ, seconds, wave)));
}

fn between(t: f64, from: f64, to: f64) -> bool {
    (from..to).contains(&t)
}

#[test]
fn steady() {
    check_three(1.2, |k, t| mains(50.0, k, t));
}

#[test]
fn off_nominal_with_harmonics_and_currents() {
    let names = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"];
    let wave = |c: usize| {
        let angle = -THIRD * (c % 3) as f64 - if c < 3 { 0.0 } else { 0.5 };
        Harmonic::sine(48.37, if c < 3 { UDIN_V } else { 10.0 }, angle)
            .with(5, 0.06, 0.2)
            .samples(RATE_HZ, 1.1)
    };
    check(&capture(RATE_HZ, None, names.into_iter().enumerate().map(|(c, n)| (n, wave(c))).collect()));
}

/// Two stages of decimation, and a recording of several of the engine's tiles.
#[test]
fn at_fifty_kilohertz_with_a_dip() {
    let wave = |k: usize, t: f64| mains(50.4, k, t) * if between(t, 0.55, 0.72) { 0.4 } else { 1.0 };
    check(&three_voltages(50_000.0, three(50_000.0, 1.4, wave)));
}

/// Codes that offline stay what they are until some are missing, and live become floats at once.
#[test]
fn codes_at_fifty_kilohertz() {
    let wave = |k: usize, t: f64| {
        let level = if between(t, 0.55, 0.72) { 0.0 } else { 1.0 };
        let spike = if k == 1 && between(t, 1.204_6, 1.204_7) { 0.5 * PEAK_V } else { 0.0 };
        let clipped = if k == 0 && between(t, 1.5, 1.6) { 3.0 } else { 1.0 };
        mains(50.2, k, t) * level * clipped + spike
    };
    let missing = |k: usize, t: f64| k == 2 && between(t, 2.1, 2.1007);
    let with_gap = |k, t| if missing(k, t) { f64::NAN } else { wave(k, t) };
    let config = Config { transient_pct: 5.0, rvc_pct: 1.0, ..Config::class_a(UDIN_V, 50.0) };
    check_kind(&three_voltages(50_000.0, three(50_000.0, 3.0, wave)), &config, SampleKind::I16, 0.0);
    check_kind(&three_voltages(50_000.0, three(50_000.0, 3.0, with_gap)), &config, SampleKind::I16, 0.0);
}

/// Streams decimated for bands above order 50, and blocks of 0.5 ms.
#[test]
fn at_two_hundred_kilohertz_with_supraharmonics() {
    let mut random = Random(8);
    let x = sampled(200_000.0, 0.7, |t| mains(49.7, 0, t) + 0.3 * random.gauss());
    check(&capture(200_000.0, None, vec![("Ua", x)]));
}

#[test]
fn dip_on_all_phases() {
    check_three(1.5, |k, t| mains(50.02, k, t) * if between(t, 0.6, 0.75) { 0.4 } else { 1.0 });
}

#[test]
fn interruption_of_all_phases_to_zero() {
    check_three(2.6, |k, t| if between(t, 0.6, 1.9) { 0.0 } else { mains(50.02, k, t) });
}

#[test]
fn loss_of_the_reference_phase() {
    check_three(2.0, |k, t| if k == 0 && between(t, 0.6, 1.3) { 0.0 } else { mains(49.8, k, t) });
}

#[test]
fn loss_of_another_phase() {
    check_three(2.0, |k, t| if k == 2 && between(t, 0.6, 1.3) { 0.0 } else { mains(49.8, k, t) });
}

#[test]
fn a_phase_that_is_dead_from_the_start_to_the_end() {
    check_three(1.6, |k, t| if k == 0 { 0.0 } else { mains(50.0, k, t) });
}

#[test]
fn voltage_that_comes_late() {
    check_three(2.4, |k, t| if t < 1.3 { 0.0 } else { mains(50.3, k, t) });
}

#[test]
fn two_segments_and_a_gap() {
    let x = three(RATE_HZ, 2.2, |k, t| mains(50.1, k, if t < 1.1 { t } else { t + 0.537 }));
    let rate = SampleRate::from_hz(RATE_HZ).unwrap();
    let segment = |first: u64, len, offset_ps| Segment { first, len, rate, offset_ps };
    let segments = vec![
        segment(0, 11_000, 0),
        segment(11_000, 10_500, 1_637_000_000_000),
        segment(21_500, 500, 4_000_000_000_000),
    ];
    let time = TimeBase::from_segments(Some(Timestamp(0)), segments).unwrap();
    check(&three_voltages(RATE_HZ, x).with_time(time).unwrap());
}

/// 75 s, blocks of which the offline driver reads four, with an interruption at the end of the first block, a gap and a 10-min tick.
#[test]
fn parts_one_after_the_other_are_the_whole() {
    let wave = |k: usize, t: f64| if between(t, 26.1, 26.3) { 0.0 } else { mains(50.01, k, t) };
    let start = Timestamp(560_000_000_000);
    let whole = three_voltages(RATE_HZ, three(RATE_HZ, 75.0, wave));
    let rate = SampleRate::from_hz(RATE_HZ).unwrap();
    let segments = vec![
        Segment { first: 0, len: 700_001, rate, offset_ps: 0 },
        Segment { first: 700_001, len: 49_999, rate, offset_ps: rate.picoseconds(712_345) },
    ];
    let whole = whole.with_time(TimeBase::from_segments(Some(start), segments).unwrap()).unwrap();
    let config = Config::class_a(UDIN_V, 50.0);
    for (threads, part_s, parts) in [(1, 0.0, 183), (2, 10.0, 8), (2, 30.0, 2), (3, 0.0, 183), (2, 1e9, 1)] {
        let case = || format!("{threads} threads, parts of {part_s} s");
        let want = offline::analyze(&whole, &config, threads).unwrap();
        let got: Vec<Analysis> =
            Parts::new(&whole, &config, threads, part_s).unwrap().map(Result::unwrap).collect();
        assert_eq!(got.len(), parts, "{}", case());
        let mut rows = tables(&got[0]);
        for part in &got[1..] {
            rows.iter_mut().zip(tables(part)).for_each(|(all, (_, more))| all.1.extend(more));
        }
        for ((name, got), (_, want)) in rows.iter().zip(tables(&want)) {
            assert!(*got == want, "{}: {name} differ, {} and {} entries", case(), got.len(), want.len());
        }
        for (kind, (name, want)) in found(&want).into_iter().enumerate() {
            let all = got.iter().flat_map(|part| found(part)[kind].1.clone());
            assert!(all.collect::<Vec<_>>() == want, "{}: {name}", case());
        }
        assert!(!want.events.is_empty() && !want.dip_forms.is_empty());
        assert_eq!(text(&got[parts - 1].energy), text(&want.energy));
        assert_eq!(got[parts - 1].warnings, want.warnings);
        assert!(got.iter().all(|p| p.time == want.time && p.dip_forms.is_empty()));
    }
}

#[test]
fn missing_samples() {
    let missing =
        |k: usize, t: f64| (k == 1 && between(t, 0.5, 0.5103)) || (k == 0 && between(t, 0.9, 0.9002));
    check_three(1.4, |k, t| if missing(k, t) { f64::NAN } else { mains(50.0, k, t) });
}

#[test]
fn missing_at_both_ends_and_clipped() {
    check_three(1.2, |k, t| {
        let clipped = mains(50.0, k, t).clamp(-800.0, 810.0) * if between(t, 0.5, 0.6) { 5.0 } else { 1.0 };
        if k == 2 && !between(t, 0.01, 1.17) { f64::NAN } else { clipped }
    });
}

#[test]
fn noise() {
    let mut random = Random(3);
    let x = three(RATE_HZ, 1.3, |k, t| mains(50.0, k, t));
    check(&three_voltages(RATE_HZ, x.map(|x| x.into_iter().map(|v| v + 2.3 * random.gauss()).collect())));
}

#[test]
fn nothing_but_noise() {
    let mut random = Random(4);
    let x = [0; 3].map(|_| (0..16_000).map(|_| 200.0 * random.gauss()).collect());
    check(&three_voltages(RATE_HZ, x));
}

#[test]
fn frequency_drift() {
    // 46 to 54 Hz in 1.6 s.
    check_three(1.6, |k, t| PEAK_V * (2.0 * PI * (46.0 * t + 2.5 * t * t) - THIRD * k as f64).sin());
}

#[test]
fn phase_jump() {
    check_three(1.4, |k, t| mains(50.0, k, if t < 0.7 { t } else { t + 0.0071 }));
}

#[test]
fn impulse_and_ringing() {
    check_three(1.4, |k, t| {
        let ring =
            if t > 0.703 { 0.4 * (-(t - 0.703) / 0.003).exp() * (2.0 * PI * 900.0 * t).sin() } else { 0.0 };
        let spike = if k == 1 && between(t, 0.4046, 0.4049) { 0.5 } else { 0.0 };
        mains(50.0, k, t) + PEAK_V * (ring + spike)
    });
}

#[test]
fn across_a_ten_minute_tick() {
    let x = three(RATE_HZ, 2.0, |k, t| mains(50.03, k, t));
    let start = Some(Timestamp(1_800_000_000_000 - 1_031_000_000));
    let c = three_voltages(RATE_HZ, x);
    let time = c.time().clone().with_start(start);
    check(&c.with_time(time).unwrap());
}

#[test]
fn across_two_ten_second_slots() {
    let wave = Harmonic::sine(50.03, UDIN_V, 0.0).samples(3_200.0, 21.0);
    check(&capture(3_200.0, Some(Timestamp(9_000_000_000)), vec![("Ua", wave)]));
}

/// Ten whole minutes, for Pst; at a low rate, in one type of samples.
#[test]
fn ten_minutes_of_flicker() {
    let depth = |t: f64| if ((t / 3.0) as u64).is_multiple_of(2) { 1.0 } else { 0.99 };
    let wave = sampled(1000.0, 604.0, |t| {
        mains(50.03, 0, t) * if between(t, 300.0, 300.1) { 0.6 } else { depth(t) }
    });
    let capture = capture(1000.0, Some(Timestamp(598_000_000_000)), vec![("Ua", wave)]);
    let config = Config::class_a(UDIN_V, 50.0);
    let want = offline::analyze(&capture, &config, 1).unwrap();
    let pst = &want.flicker[0].pst;
    assert_eq!(pst.start_sample, [2000.0]);
    assert_eq!(pst.flags, [Flags::EVENT | Flags::UNSETTLED]);
    same(&offline::analyze(&capture, &config, 3).unwrap(), &want, &|| "3 threads".into());
    same(&streamed(&capture, &config, || 1), &want, &|| "one sample at a time".into());
    let order = offline_log(&capture, &config, 1);
    for seed in 0..blockings() {
        let mut log = Log::default();
        stream(&capture, &config, random_blocks(seed), &mut log);
        log.same(&order, &|| format!("order, random blocks, seed {seed}"));
    }
}

/// Corrections ahead of and behind the samples, a long filter, a derived voltage and a derived current; a gap, missing samples.
#[test]
fn corrected_and_derived_channels() {
    let names = ["Uab", "Ucb", "Ia", "Ic"];
    let wave = |c: usize| {
        let angle = [0.0, PI - THIRD, -0.7, THIRD - 0.7][c];
        let x = Harmonic::sine(50.1, if c < 2 { UDIN_V } else { 10.0 }, angle).with(5, 0.05, 0.3);
        let mut x = x.samples(RATE_HZ, 1.9);
        x[7_000..7_009].fill(f64::NAN);
        x[6_000..6_700].iter_mut().for_each(|v| *v *= [0.4, 0.7, 2.0, 2.0][c]);
        x
    };
    let rate = SampleRate::from_hz(RATE_HZ).unwrap();
    let segment = |first: u64, len, offset_ps| Segment { first, len, rate, offset_ps };
    let segments = vec![segment(0, 9_500, 0), segment(9_500, 9_500, 1_637_000_000_000)];
    let time = TimeBase::from_segments(Some(Timestamp(0)), segments).unwrap();
    let recorded = capture(RATE_HZ, None, names.into_iter().enumerate().map(|(c, n)| (n, wave(c))).collect());
    let text = "
        [corrections]
        Ucb = { delay_s = -2.3e-3, gain = 1.01 }
        Ia = { delay_s = 41.27e-3, inverted = true }
        Ic.response = [{ hz = 45.0, gain = 0.9, phase_deg = 8.0 }, { hz = 500.0, gain = 1.0 }, { hz = 2000.0, gain = 0.7, phase_deg = -40.0 }]";
    let corrections = toml::from_str::<Config>(text).unwrap().corrections;
    let config = Config { corrections, supraharmonics: true, ..Config::class_a(UDIN_V, 50.0) };
    check_with(&recorded.with_time(time).unwrap(), &config);
}

/// No resynchronisation, one value a cycle for events, a channel sampled later than the others.
#[test]
fn class_s_across_a_ten_minute_tick() {
    let dip = |t: f64| if between(t, 1.2, 1.31) { 0.5 } else { 1.0 };
    let c = three_voltages(RATE_HZ, three(RATE_HZ, 2.0, |k, t| dip(t) * mains(50.03, k, t)));
    let time = c.time().clone().with_start(Some(Timestamp(1_800_000_000_000 - 1_031_000_000)));
    let mut c = c.with_time(time).unwrap();
    c.channels_mut()[1].skew_s = 33e-6;
    check_with(&c, &Config { event_rms: EventRms::Cycle, ..Config::class_s(UDIN_V, 50.0) });
}

#[test]
fn shorter_than_an_interval() {
    check_three(0.13, |k, t| mains(50.0, k, t));
}

#[test]
fn currents_alone() {
    let wave = Harmonic::sine(49.9, 10.0, 0.0).with(3, 0.3, 0.0).samples(RATE_HZ, 1.0);
    check(&capture(RATE_HZ, None, vec![("Ia", wave)]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4 * blockings() as u32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Mains that jump in amplitude, phase and frequency at random moments, on every phase by itself.
    #[test]
    fn whatever_the_mains_do(seed in any::<u64>()) {
        let mut random = Random(seed);
        let mut phase = |k: usize| {
            let (mut x, mut angle) = (Vec::new(), -THIRD * k as f64);
            while x.len() < 15_000 {
                let amplitude = PEAK_V * [0.0, 0.03, 0.4, 0.8, 1.0, 1.0, 1.0, 1.5][random.below(8)];
                let step = 2.0 * PI * random.between(40.0, 62.0) / RATE_HZ;
                angle += random.between(0.0, 3.0) * random.below(2) as f64;
                for _ in 0..=random.below(4_000) {
                    angle += step;
                    x.push(amplitude * angle.sin());
                }
            }
            x.truncate(15_000);
            x
        };
        let capture = three_voltages(RATE_HZ, [phase(0), phase(1), phase(2)]);
        let config = Config { transient_pct: 1.0, ..Config::class_a(UDIN_V, 50.0) };
        let want = offline::analyze(&capture, &config, 1).unwrap();
        same(&offline::analyze(&capture, &config, 3).unwrap(), &want, &|| format!("3 threads, seed {seed}"));
        same(&streamed(&capture, &config, || 1), &want, &|| format!("one sample, seed {seed}"));
        same(&streamed(&capture, &config, random_blocks(seed)), &want, &|| format!("blocks, seed {seed}"));
    }
}
