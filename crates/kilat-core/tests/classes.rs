//! What Class S, the editions of IEC 61000-4-30, and the choice of parts change.

mod signals;

use kilat_core::engine::offline;
use kilat_core::{Class, Config, Edition, EventKind, EventRms, Flags, Part, Timestamp, Tone};
use signals::{Harmonic, UDIN_V, capture, mains, sampled, three, three_voltages, within};

fn class_s() -> Config {
    Config::class_s(UDIN_V, 50.0)
}

#[test]
fn class_s_measures_forty_orders_and_class_a_fifty() {
    let wave = (2..=50).fold(Harmonic::sine(50.0, UDIN_V, 0.0), |x, h| x.with(h, 0.02, 0.1 * h as f64));
    let recorded = capture(10_000.0, None, vec![("Ua", wave.samples(10_000.0, 0.7))]);
    let highest = |config: &Config| {
        let h = offline::analyze(&recorded, config, 1).unwrap().harmonics;
        (0..=50).rev().find(|o| h.subgroup[[0, 0, *o]].is_finite()).unwrap()
    };
    assert_eq!(highest(&Config::class_a(UDIN_V, 50.0)), 50);
    assert_eq!(highest(&class_s()), 40);
    assert_eq!(highest(&Config { orders: Some(50), ..class_s() }), 50);
}

/// A tick 4.3 s after the start: Class A begins anew there, Class S goes on.
#[test]
fn class_s_does_not_resynchronise_at_a_tick() {
    let wave = sampled(1600.0, 12.0, |t| mains(50.03, 0, t));
    let start = Some(Timestamp(600_000_000_000 * 7 - 4_300_000_000));
    let recorded = capture(1600.0, start, vec![("Ua", wave)]);
    let of = |config: &Config| offline::analyze(&recorded, config, 1).unwrap();
    let (a, s) = (of(&Config::class_a(UDIN_V, 50.0)), of(&class_s()));

    let overlaps = |flags: &[Flags]| flags.iter().filter(|f| f.contains(Flags::OVERLAP)).count();
    assert_eq!((overlaps(&a.intervals.flags), overlaps(&s.intervals.flags)), (1, 0));
    let i = &s.intervals;
    assert!(i.start_sample.len() > 50);
    for k in 1..i.start_sample.len() {
        assert_eq!(i.start_sample[k], i.stop_sample[k - 1], "interval {k}");
    }
    // 150 cycles one behind the other too; only the last is cut off.
    let three = &s.aggregates.cycles_150.intervals;
    assert_eq!(three.basics[..3], [15, 15, 15]);
    for k in 1..three.start_sample.len() {
        assert_eq!(three.start_sample[k], three.stop_sample[k - 1], "150 cycles {k}");
    }
    // The interval in progress at the tick belongs to the old 10 min: nothing is counted twice, nothing is lost.
    let ten = &s.aggregates.ten_minutes.intervals;
    let at_tick = 4.3 * 1600.0;
    let old = (0..i.start_sample.len()).filter(|k| i.start_sample[*k] < at_tick).count();
    assert_eq!(ten.basics, [old as u32, (i.start_sample.len() - old) as u32]);
    assert_eq!(ten.stop_sample[0], ten.start_sample[1]);
    assert!(
        ten.stop_sample[0] >= at_tick
            && a.aggregates.ten_minutes.intervals.start_sample[1] < ten.start_sample[1]
    );
}

/// Dips of several lengths and moments: from every second Urms(1/2), by the rule done slowly.
#[test]
fn urms_of_every_cycle_finds_what_every_second_value_shows() {
    let mut differ = 0;
    for (from_s, cycles) in [(0.5, 1.0), (0.513, 1.5), (0.5, 3.25), (0.507, 10.0)] {
        let level = |t: f64| if (from_s..from_s + cycles / 50.0).contains(&t) { 0.5 } else { 1.0 };
        let wave = sampled(10_000.0, 1.2, |t| mains(50.0, 0, t) * level(t));
        let recorded = capture(10_000.0, None, vec![("Ua", wave)]);
        let of = |event_rms| {
            let config = Config { event_rms, ..class_s() };
            offline::analyze(&recorded, &config, 1).unwrap()
        };
        let (every_half, every) = (of(EventRms::HalfCycle), of(EventRms::Cycle));
        assert_eq!(every_half.half_cycles[0].u_rms_v, every.half_cycles[0].u_rms_v);
        let h = &every.half_cycles[0];
        let values = || (0..h.u_rms_v.len()).step_by(2).map(|k| (h.start_sample[k], h.u_rms_v[k] / UDIN_V));
        let (start, _) = values().find(|v| v.1 < 0.9).unwrap();
        let (stop, _) = values().find(|v| v.0 > start && v.1 >= 0.92).unwrap();
        let inside = values().filter(|v| (start..stop).contains(&v.0));
        let residual = inside.map(|v| v.1).fold(f64::INFINITY, f64::min);
        let dips: Vec<_> = every.events.iter().filter(|e| e.kind == EventKind::Dip).collect();
        assert_eq!(dips.len(), 1);
        assert_eq!((dips[0].start_sample, dips[0].stop_sample), (start, stop));
        within(dips[0].magnitude_pu, residual, 1e-12, || format!("residual of {cycles} cycles"));
        // A cycle at either end, as IEC 61000-4-30 allows.
        within(dips[0].duration_s * 50.0, cycles, 2.0, || format!("duration of {cycles} cycles"));
        differ += u32::from(every_half.events[0].duration_s != dips[0].duration_s);
    }
    assert!(differ > 0, "both ways gave the same durations");
}

#[test]
fn edition_four_has_no_deviation_and_does_not_know_its_annexes() {
    let wave = sampled(50_000.0, 0.8, |t| 0.95 * mains(50.0, 0, t));
    let recorded = capture(50_000.0, None, vec![("Ua", wave)]);
    let of = |edition| {
        let config = Config { edition, supraharmonics: true, ..Config::class_a(UDIN_V, 50.0) };
        offline::analyze(&recorded, &config, 1).unwrap()
    };
    let (third, amended, fourth) = (of(Edition::Third), of(Edition::ThirdAmended), of(Edition::Fourth));
    within(third.deviation.under_pct[[0, 0]], 5.0, 1e-3, || "under-deviation, Ed. 3".into());
    assert_eq!(third.deviation, amended.deviation);
    assert!(fourth.deviation.under_pct.iter().chain(&fourth.deviation.over_pct).all(|v| v.is_nan()));
    assert_eq!(third.intervals, fourth.intervals);
    let doubts =
        |a: &kilat_core::Analysis| a.warnings.iter().filter(|w| w.to_string().contains("Ed. 4")).count();
    assert_eq!((doubts(&third), doubts(&amended), doubts(&fourth)), (0, 0, 1));
}

#[test]
fn a_class_is_a_setting_of_the_file() {
    let text = "class = \"S\"\nedition = \"4\"\nevent_rms = \"1\"";
    let c: Config = toml::from_str(text).unwrap();
    assert_eq!((c.class, c.edition, c.event_rms), (Class::S, Edition::Fourth, EventRms::Cycle));
}

/// What is measured of a part is what is measured of everything, to the bit; what is left out is missing, and said.
#[test]
fn parts_leave_the_rest_as_it_is() {
    let rate = 10_000.0;
    let wave = |k: usize, t: f64| {
        let dip = if (1.0..1.2).contains(&t) { 0.6 } else { 1.0 };
        let impulse = if (1.8..1.8004).contains(&t) { 200.0 } else { 0.0 };
        dip * mains(50.0, k, t) + 0.05 * mains(250.0, k, t) + impulse
    };
    let recorded = three_voltages(rate, three(rate, 3.0, wave));
    let of = |only: &[Part]| {
        let config = Config { only: only.to_vec(), ..Config::class_a(UDIN_V, 50.0) };
        offline::analyze(&recorded, &config, 2).unwrap()
    };
    let all = of(&[]);
    assert!(!all.events.is_empty() && !all.transients.is_empty() && all.harmonics.subgroup[[0, 0, 5]] > 1.0);
    assert!(all.warnings.iter().all(|w| w.at != "only"));
    for only in [&[Part::Events][..], &[Part::Harmonics], &[Part::Flicker], &[Part::Transients]] {
        let some = of(only);
        let same = |a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| format!("{a:?}") == format!("{b:?}");
        assert!(same(&some.events, &all.events) && same(&some.intervals, &all.intervals), "{only:?}");
        assert!(same(&some.half_cycles, &all.half_cycles) && same(&some.rvc, &all.rvc), "{only:?}");
        if only == [Part::Harmonics] {
            assert!(same(&some.harmonics, &all.harmonics) && same(&some.unbalance, &all.unbalance));
        } else {
            assert!(some.harmonics.subgroup.iter().all(|v| v.is_nan()), "{only:?}");
            assert!(some.unbalance.u2_pct.iter().all(|v| v.is_nan()), "{only:?}");
        }
        let p_inst =
            |a: &kilat_core::Analysis| a.flicker.iter().map(|f| f.p_inst.p_inst.len()).sum::<usize>();
        assert_eq!(p_inst(&some) > 0, only == [Part::Flicker], "{only:?}");
        if only == [Part::Transients] {
            assert!(same(&some.transients, &all.transients));
        } else {
            assert!(some.transients.is_empty(), "{only:?}");
        }
        assert!(some.warnings.iter().any(|w| w.at == "only"), "{:?}", some.warnings);
        assert!(kilat_core::diagnosis::findings(&some).is_empty());
    }
    let tones = Config { only: vec![Part::Flicker], signalling: vec![Tone::at(175.0)], ..class_s() };
    assert!(tones.check().unwrap_err().to_string().contains("harmonics, which signalling needs"));
}
