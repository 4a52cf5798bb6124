use super::*;
use crate::config::Config;
use crate::diagnosis::findings;
use crate::engine::offline;
use crate::synth::{self, Options};

/// Numbers from 0 to 1, the same every time.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for k in (1..items.len()).rev() {
            items.swap(k, (self.unit() * (k + 1) as f64) as usize);
        }
    }
}

/// A dip on phase B to 57 % for 120 ms, after which 3.1 kW more are drawn from 8 kVA.
fn dip() -> Fingerprint {
    Fingerprint {
        kind: Disturbance::Dip,
        wiring: Wiring::Wye,
        phases: Vec::new(),
        side: Side::Downstream,
        change_pu: [Some(-0.01), Some(-0.43), Some(-0.02)],
        duration_s: Some(0.12),
        frequency_hz: None,
        phase_jump_deg: Some(-4.0),
        abrupt_end: Some(0.95),
        active_step_w: Some(3100.0),
        reactive_step_var: Some(400.0),
        load_va: Some(8000.0),
    }
}

fn occurrence(file: &str, start: Option<&str>, start_s: f64, fingerprint: Fingerprint) -> Occurrence {
    let start = start.map(|t| t.parse::<Timestamp>().unwrap().plus_seconds(start_s));
    let channels = vec!["L2".into()];
    Occurrence { site: "Kaur".into(), file: file.into(), start_s, start, channels, cause: None, fingerprint }
}

/// Everything about a grouping but the order of its input.
fn summary(groups: &[Recurrence<'_>]) -> Vec<Vec<(String, f64)>> {
    groups.iter().map(|g| g.occurrences.iter().map(|o| (o.file.clone(), o.start_s)).collect()).collect()
}

#[test]
fn a_distance_is_zero_to_itself_and_the_same_both_ways() {
    let mut random = Random(1);
    let mut maybe = |range: f64| {
        let v = (random.unit() - 0.3) * range;
        (random.unit() < 0.8).then_some(v)
    };
    let mut all = vec![dip()];
    for k in 0..300 {
        let kind = if k % 3 == 0 { Disturbance::OscillatoryTransient } else { Disturbance::Dip };
        let side = [Side::Unknown, Side::Upstream, Side::Downstream][k % 3];
        let change_pu = [maybe(0.3), maybe(0.3), maybe(0.3)];
        let positive = |v: Option<f64>| v.map(f64::abs);
        all.push(Fingerprint {
            kind,
            side,
            change_pu,
            duration_s: positive(maybe(1.0)),
            frequency_hz: positive(maybe(1e3)),
            phase_jump_deg: maybe(400.0),
            abrupt_end: maybe(1.0),
            active_step_w: maybe(1e4),
            reactive_step_var: maybe(1e4),
            load_va: positive(maybe(1e4)),
            ..dip()
        });
    }
    for a in &all {
        assert_eq!(distance(a, a), 0.0, "{a:?}");
        for b in &all {
            assert_eq!(distance(a, b).to_bits(), distance(b, a).to_bits());
        }
    }
}

#[test]
fn each_feature_counts_in_its_own_measure() {
    let far = |change: fn(&mut Fingerprint)| {
        let mut other = dip();
        change(&mut other);
        distance(&dip(), &other)
    };
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    near(far(|f| f.change_pu[1] = Some(-0.41)), 0.5);
    near(far(|f| f.duration_s = Some(0.13 * 1.5 - 0.01)), 1.0);
    near(far(|f| f.phase_jump_deg = Some(356.0)), 0.0);
    near(far(|f| f.abrupt_end = Some(0.15)), 2.0);
    // A quarter of 5 kW and a tenth of 8 kVA are 2.05 kW.
    near(far(|f| f.active_step_w = Some(5000.0)), 1900.0 / 2050.0);
    near(far(|f| f.reactive_step_var = Some(400.0 + 900.0)), 900.0 / (325.0 + 800.0));
    // What is missing says nothing, and unknown is no side.
    near(far(|f| (f.duration_s, f.active_step_w, f.side) = (None, None, Side::Unknown)), 0.0);
    for other in [
        far(|f| f.kind = Disturbance::Swell),
        far(|f| f.side = Side::Upstream),
        far(|f| f.wiring = Wiring::Delta),
        far(|f| f.change_pu[0] = None),
        far(|f| f.phases = vec![Phase::A]),
    ] {
        assert_eq!(other, f64::INFINITY);
    }
    // The same dip on another phase, however small a dip can be.
    let on = |change_pu| Fingerprint { change_pu, ..dip() };
    let (a, b) = (on([Some(-0.1), Some(0.0), Some(0.0)]), on([Some(0.0), Some(-0.1), Some(0.0)]));
    assert!(distance(&a, &b) > 2.0);
}

#[test]
fn the_third_time_is_found_and_dated() {
    let deeper = Fingerprint { change_pu: [Some(0.0), Some(-0.6), Some(0.0)], ..dip() };
    let mut noisy = dip();
    (noisy.change_pu[1], noisy.duration_s) = (Some(-0.41), Some(0.13));
    let all = [
        occurrence("c", Some("2024-01-17T00:00:00Z"), 2.0, dip()),
        occurrence("b", Some("2023-02-11T00:00:00Z"), 2.0, noisy),
        occurrence("deep", Some("2023-06-01T00:00:00Z"), 2.0, deeper),
        occurrence("undated", None, 7.0, dip()),
        occurrence("a", Some("2022-03-01T00:00:00Z"), 2.0, dip()),
        // The contact bounces, and another recorder sees it too.
        occurrence("a", Some("2022-03-01T00:00:00Z"), 2.4, dip()),
        occurrence("a2", Some("2022-03-01T00:00:01.7Z"), 0.5, dip()),
        Occurrence { site: "Serang".into(), ..occurrence("s", Some("2022-09-01T00:00:00Z"), 2.0, dip()) },
    ];
    let groups = group(&all);
    assert_eq!(groups.len(), 1);
    let files: Vec<&str> = groups[0].times.iter().map(|o| o.file.as_str()).collect();
    assert_eq!(files, ["a", "b", "c", "undated"]);
    assert_eq!(groups[0].occurrences.len(), 6);
    // A second later is another time.
    let later = [&all[4], &occurrence("a", Some("2022-03-01T00:00:00Z"), 3.0, dip())].map(Clone::clone);
    assert_eq!(group(&later)[0].times.len(), 2);
    assert!(group(&all[..0]).is_empty() && group(&all[..1]).is_empty());
}

/// Against the same rule without cells, which compares each with every first.
#[test]
fn cells_group_as_comparing_all_does_and_in_any_order() {
    let mut random = Random(7);
    let one = |k: usize| {
        let mut f = dip();
        f.change_pu = f.change_pu.map(|_| Some(-0.9 * random.unit().powi(6)));
        f.duration_s = Some(0.01 + 3.0 * random.unit().powi(4));
        f.active_step_w = Some(2e4 * (random.unit() - 0.5));
        occurrence(&format!("{k}"), Some("2020-01-01T00:00:00Z"), k as f64 * 60.0, f)
    };
    let mut few: Vec<Occurrence> = (0..1500).map(one).collect();
    let mut slow: Vec<Vec<&Occurrence>> = Vec::new();
    for o in &few {
        let far = |g: &Vec<&Occurrence>| distance(&g[0].fingerprint, &o.fingerprint);
        let nearest = slow.iter().map(far).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        match nearest.filter(|n| n.1 <= 1.0) {
            Some((k, _)) => slow[k].push(o),
            None => slow.push(vec![o]),
        }
    }
    slow.retain(|g| g.len() > 1);
    slow.sort_by_key(|g| std::cmp::Reverse(g.len()));
    let slow: Vec<Vec<(String, f64)>> =
        slow.iter().map(|g| g.iter().map(|o| (o.file.clone(), o.start_s)).collect()).collect();
    assert!(slow.len() > 50);
    assert_eq!(summary(&group(&few)), slow);
    Random(3).shuffle(&mut few);
    assert_eq!(summary(&group(&few)), slow);
}

/// Three years of an office in which other things happen too, as each capture of them would be recorded there.
#[test]
fn a_loose_neutral_is_found_again_in_an_archive_of_three_years() {
    let archive = [
        ("kaur-2024", 1, Some("2022-03-01T08:00:00Z")),
        ("serang-2018", 2, Some("2022-05-09T08:00:00Z")),
        ("motor-start", 1, Some("2022-08-21T08:00:00Z")),
        ("kaur-2024", 2, Some("2023-02-11T08:00:00Z")),
        ("palembang-2021", 1, Some("2023-04-04T08:00:00Z")),
        ("capacitor-switching", 3, Some("2023-10-30T08:00:00Z")),
        ("capacitor-switching", 3, Some("2023-11-30T08:00:00Z")),
        ("kaur-2024", 2024, Some("2024-05-27T08:00:00Z")),
        ("kaur-2024", 5, None),
        ("motor-start", 2, None),
    ];
    let mut all = Vec::new();
    for (k, (name, seed, start)) in archive.into_iter().enumerate() {
        let noise_db = 42.0 + 2.0 * k as f64;
        let sample_rate_hz = if name == "capacitor-switching" { 10_000.0 } else { 5_000.0 };
        let options = Options { sample_rate_hz, seed, noise_db, ..Options::of(name).unwrap() };
        let s = synth::scenario(name, &options).unwrap();
        let time = s.capture.time().clone().with_start(start.map(|t| t.parse().unwrap()));
        let mut capture = s.capture.with_time(time).unwrap();
        (capture.station, capture.source) = ("Disdukcapil Kaur".into(), format!("{name}-{k}"));
        let a = offline::analyze(&capture, &Config::class_a(220.0, 50.0), 1).unwrap();
        all.extend(occurrences(&capture, &a, &findings(&a)));
    }
    let groups = group(&all);
    let of = |kind| groups.iter().filter(|g| g.times[0].fingerprint.kind == kind).collect::<Vec<_>>();
    let [neutral] = of(Disturbance::LooseNeutral)[..] else { panic!("{groups:#?}") };
    let dates: Vec<Option<String>> =
        neutral.times.iter().map(|o| o.start.map(|t| t.to_string()[..10].to_owned())).collect();
    let dated = ["2022-03-01", "2023-02-11", "2024-05-27"].map(|d| Some(d.to_owned()));
    assert_eq!(dates[..3], dated);
    assert_eq!((dates.len(), &dates[3]), (4, &None));
    assert!(
        neutral
            .occurrences
            .iter()
            .all(|o| o.file.starts_with("kaur") && o.cause == Some(Cause::LooseNeutral))
    );
    // The bank that is switched twice is the other one; nothing else is linked.
    let [bank] = of(Disturbance::OscillatoryTransient)[..] else { panic!("{groups:#?}") };
    assert_eq!(
        bank.occurrences.iter().map(|o| o.file.as_str()).collect::<Vec<_>>(),
        ["capacitor-switching-5", "capacitor-switching-6"]
    );
    assert_eq!(groups.len(), 2, "{groups:#?}");

    let expected = summary(&groups);
    let mut shuffled = all.clone();
    Random(9).shuffle(&mut shuffled);
    assert_eq!(summary(&group(&shuffled)), expected);
    // What came later changes nothing before it.
    let earlier: Vec<Occurrence> =
        all.iter().filter(|o| o.start.is_some_and(|t| t.to_string() < "2024".into())).cloned().collect();
    let before = group(&earlier);
    assert_eq!(before[0].times.len(), 2);
    assert_eq!(before[0].times[1].file, neutral.times[1].file);
}
