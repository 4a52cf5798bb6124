//! Dips, swells and interruptions against the definitions of IEC 61000-4-30, 5.4 and 5.5, evaluated slowly; short records;
//! and input that makes no sense.

#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

mod signals;

use std::f64::consts::PI;

use kilat_core::engine::offline;
use kilat_core::{
    Analysis, Capture, Channel, Config, Event, EventKind, Flags, SampleRate, TimeBase, Timestamp,
};
use proptest::prelude::*;
use signals::{
    Harmonic, PEAK_V, Random, THIRD, UDIN_V, analyze, capture, mains, sampled, slow_rms, streamed, three,
    three_voltages, within,
};

const RATE_HZ: f64 = 10_000.0;
/// IEC 61000-4-30, 5.4.3: residual voltage within 0.2 % of Udin, in volts.
const RESIDUAL_V: f64 = 0.002 * UDIN_V;
/// What we promise of it.
const OURS: f64 = 0.1;
/// IEC 61000-4-30, 5.4.3: half a cycle at each end.
const DURATION_CYCLES: f64 = 1.0;
/// The samples place an edge to within one of them: two hundredths of a cycle are four samples.
const EDGE_CYCLES: f64 = 0.02;

/// One phase at `f` hertz with `parts` of its amplitude between moments: `(from, to, part)`.
fn one_phase(f: f64, seconds: f64, parts: &[(f64, f64, f64)]) -> Analysis {
    let part = |t: f64| parts.iter().find(|p| (p.0..p.1).contains(&t)).map_or(1.0, |p| p.2);
    let x = sampled(RATE_HZ, seconds, |t| mains(f, 0, t) * part(t));
    analyze(&capture(RATE_HZ, None, vec![("Ua", x)]), 50.0)
}

fn of(a: &Analysis, kind: EventKind, polyphase: bool) -> Vec<&Event> {
    a.events.iter().filter(|e| e.kind == kind && e.polyphase == polyphase).collect()
}

/// Rectangular dips of seven lengths at 32 points on the wave.
fn each_dip(part: f64, check: impl Fn(&str, f64, f64, f64, &Event)) {
    let f = 50.0;
    for cycles in [1.0, 1.5, 2.0, 3.0, 3.5, 5.0, 10.0] {
        for step in 0..32 {
            let from_s = (12.0 + f64::from(step) / 32.0) / f;
            let a = one_phase(f, 0.64, &[(from_s, from_s + cycles / f, part)]);
            let case = format!("{cycles} cycles to {part} from {step}/32 cycle");
            let [e] = &a.events[..] else { panic!("{case}: {:?}", a.events) };
            assert_eq!((e.kind, e.open, e.polyphase), (EventKind::Dip, false, false), "{case}");
            check(&case, f, from_s, cycles, e);
        }
    }
}

#[test]
fn dips_to_40_percent_last_half_a_cycle_to_one_cycle_longer_than_they_are() {
    each_dip(0.4, |case, f, _, cycles, e| {
        let got = e.duration_s * f;
        let longer = got - cycles;
        assert!((0.5 - EDGE_CYCLES..=1.0 + EDGE_CYCLES).contains(&longer), "{case}: {got} cycles");
    });
}

#[test]
fn dips_to_70_percent_hold_the_duration_of_class_a() {
    each_dip(0.7, |case, f, _, cycles, e| {
        within(e.duration_s * f, cycles, DURATION_CYCLES + EDGE_CYCLES, || format!("{case}: cycles"));
    });
}

#[test]
fn dips_of_one_and_a_half_cycles_or_more_show_their_full_depth() {
    for part in [0.4, 0.7] {
        each_dip(part, |case, _, _, cycles, e| {
            if cycles >= 1.5 {
                within(e.residual_v, part * UDIN_V, OURS * RESIDUAL_V, || format!("{case}: residual"));
                within(e.magnitude_pu, part, OURS * 0.002, || format!("{case}: magnitude"));
                within(e.depth_pct, 100.0 * (1.0 - part), OURS * 0.2, || format!("{case}: depth"));
            }
        });
    }
}

/// A dip of one cycle to 40 % reads 40 to 61 % depending on where on the wave it begins.
#[test]
fn dips_of_one_cycle_read_40_to_61_percent() {
    each_dip(0.4, |case, _, _, cycles, e| {
        if cycles == 1.0 {
            assert!((0.398..0.615).contains(&e.magnitude_pu), "{case}: {}", e.magnitude_pu);
        }
    });
}

/// Every Urms(1/2) is the r.m.s. of the wave between the moments it names, also where the window holds an edge, and events
/// follow from these values by the rules alone.
#[test]
fn events_follow_from_urms_half_by_the_rules_and_urms_half_from_the_wave() {
    let f = 50.0;
    for (step, part, cycles) in
        [(0, 0.4, 3.2), (5, 0.7, 7.7), (11, 0.2, 1.3), (17, 0.85, 20.0), (29, 0.6, 2.4)]
    {
        let from_s = (12.0 + f64::from(step) / 32.0) / f;
        let to_s = from_s + cycles / f;
        let a = one_phase(f, 1.0, &[(from_s, to_s, part)]);
        let wave = |t: f64| mains(f, 0, t) * if (from_s..to_s).contains(&t) { part } else { 1.0 };
        let h = &a.half_cycles[0];
        for (k, u) in h.u_rms_v.iter().enumerate() {
            let (start, stop) = (a.seconds(h.start_sample[k]), a.seconds(h.stop_sample[k]));
            let want = slow_rms(wave, start, stop, 4_000);
            let has_edge = [from_s, to_s].iter().any(|e| *e > start - 5e-4 && *e < stop + 5e-4);
            // An edge lies between two samples; which part of that period is low, the samples do not tell.
            let edge = PEAK_V.powi(2) / (RATE_HZ * (stop - start)) / (2.0 * want);
            let tolerance = OURS * RESIDUAL_V / 2.0 + if has_edge { edge } else { 0.0 };
            within(*u, want, tolerance, || format!("dip {step}: Urms(1/2) {k} at {start} s"));
            // A window is one cycle, refreshed every half cycle.
            within((stop - start) * f, 1.0, EDGE_CYCLES, || format!("dip {step}: length of window {k}"));
        }
        let first = h.u_rms_v.iter().position(|u| *u < 0.9 * UDIN_V).unwrap();
        let back = first + h.u_rms_v[first..].iter().position(|u| *u >= 0.92 * UDIN_V).unwrap();
        let least = h.u_rms_v[first..back].iter().copied().fold(f64::INFINITY, f64::min);
        let [e] = &a.events[..] else { panic!("{:?}", a.events) };
        assert_eq!((e.start_sample, e.stop_sample), (h.start_sample[first], h.start_sample[back]));
        within(e.residual_v, least, 1e-9, || "residual".into());
        within(e.duration_s, (e.stop_sample - e.start_sample) / RATE_HZ, 1e-12, || "duration".into());
    }
}

#[test]
fn the_hysteresis_keeps_a_dip_open_at_91_percent_and_closes_it_at_93() {
    let open = one_phase(50.0, 1.6, &[(0.5, 0.7, 0.8), (0.7, 1.0, 0.91), (1.0, 1.2, 0.8)]);
    assert_eq!(open.events.len(), 1, "{:?}", open.events);
    let closed = one_phase(50.0, 1.6, &[(0.5, 0.7, 0.8), (0.7, 1.0, 0.93), (1.0, 1.2, 0.8)]);
    assert_eq!(closed.events.len(), 2, "{:?}", closed.events);
    let never = one_phase(50.0, 1.6, &[(0.5, 1.0, 0.905)]);
    assert!(never.events.is_empty(), "{:?}", never.events);
}

#[test]
fn swells_are_found_with_their_height_and_length() {
    for (part, cycles) in [(1.2, 5.0), (1.5, 2.0), (1.15, 20.0)] {
        let a = one_phase(50.0, 1.2, &[(0.503, 0.503 + cycles / 50.0, part)]);
        let [e] = &a.events[..] else { panic!("{:?}", a.events) };
        assert_eq!((e.kind, e.category), (EventKind::Swell, "instantaneous swell"));
        within(e.residual_v, part * UDIN_V, OURS * RESIDUAL_V, || "height".into());
        within(e.depth_pct, 100.0 * (1.0 - part), OURS * 0.2, || "depth".into());
        within(e.duration_s * 50.0, cycles, DURATION_CYCLES + EDGE_CYCLES, || "cycles".into());
    }
    let small = one_phase(50.0, 1.2, &[(0.5, 0.8, 1.09)]);
    assert!(small.events.is_empty(), "{:?}", small.events);
}

#[test]
fn an_interruption_is_also_the_dip_that_contains_it() {
    let a = one_phase(50.0, 2.0, &[(0.5, 1.2, 0.01)]);
    let (dips, cuts) = (of(&a, EventKind::Dip, false), of(&a, EventKind::Interruption, false));
    assert_eq!((dips.len(), cuts.len(), a.events.len()), (1, 1, 2), "{:?}", a.events);
    assert!(dips[0].start_sample <= cuts[0].start_sample && dips[0].stop_sample >= cuts[0].stop_sample);
    within(cuts[0].residual_v, 0.01 * UDIN_V, OURS * RESIDUAL_V, || "residual".into());
    within(cuts[0].duration_s * 50.0, 35.0, 1.0 + EDGE_CYCLES, || "cycles".into());
    assert_eq!(cuts[0].category, "momentary interruption");
}

fn three_phases(parts: [(f64, f64, f64); 3]) -> Analysis {
    let part = |k: usize, t: f64| if (parts[k].0..parts[k].1).contains(&t) { parts[k].2 } else { 1.0 };
    analyze(&three_voltages(RATE_HZ, three(RATE_HZ, 2.2, |k, t| mains(50.0, k, t) * part(k, t))), 50.0)
}

#[test]
fn a_polyphase_dip_starts_with_the_first_phase_and_ends_with_the_last() {
    let a = three_phases([(0.8, 1.0, 0.5), (0.9, 1.4, 0.7), (9.0, 9.0, 1.0)]);
    let singles = of(&a, EventKind::Dip, false);
    let [all] = of(&a, EventKind::Dip, true)[..] else { panic!("{:?}", a.events) };
    assert_eq!((singles.len(), a.events.len()), (2, 3));
    assert_eq!(all.channels, [0, 1]);
    assert_eq!(all.start_sample, singles.iter().map(|e| e.start_sample).fold(f64::INFINITY, f64::min));
    assert_eq!(all.stop_sample, singles.iter().map(|e| e.stop_sample).fold(0.0, f64::max));
    assert_eq!(all.extreme_channel, 0);
    within(all.residual_v, 0.5 * UDIN_V, OURS * RESIDUAL_V, || "residual".into());
}

#[test]
fn a_polyphase_swell_starts_with_the_first_phase_and_ends_with_the_last() {
    let a = three_phases([(0.8, 1.0, 1.3), (0.9, 1.4, 1.2), (9.0, 9.0, 1.0)]);
    let [all] = of(&a, EventKind::Swell, true)[..] else { panic!("{:?}", a.events) };
    within(all.duration_s, 0.6, 0.02 * (DURATION_CYCLES + EDGE_CYCLES), || "duration".into());
    within(all.residual_v, 1.3 * UDIN_V, OURS * RESIDUAL_V, || "height".into());
}

#[test]
fn a_polyphase_interruption_starts_with_the_last_phase_and_ends_with_the_first() {
    let a = three_phases([(0.8, 1.3, 0.0), (0.9, 1.5, 0.0), (1.0, 1.7, 0.0)]);
    assert_eq!(of(&a, EventKind::Interruption, false).len(), 3);
    let [cut] = of(&a, EventKind::Interruption, true)[..] else { panic!("{:?}", a.events) };
    let [dip] = of(&a, EventKind::Dip, true)[..] else { panic!("{:?}", a.events) };
    within(a.seconds(cut.start_sample), 1.0, 0.02, || "start".into());
    within(a.seconds(cut.stop_sample), 1.3, 0.02, || "stop".into());
    within(a.seconds(dip.start_sample), 0.8, 0.02, || "start of the dip".into());
    within(a.seconds(dip.stop_sample), 1.7, 0.02, || "stop of the dip".into());
    let two = three_phases([(0.8, 1.3, 0.0), (0.9, 1.5, 0.0), (9.0, 9.0, 1.0)]);
    assert!(of(&two, EventKind::Interruption, true).is_empty(), "one phase is still there");
    assert_eq!(of(&two, EventKind::Dip, true).len(), 1);
}

#[test]
fn intervals_that_an_event_overlaps_are_flagged_and_no_others() {
    let a = three_phases([(0.8, 1.01, 0.5), (9.0, 9.0, 1.0), (9.0, 9.0, 1.0)]);
    let [e] = of(&a, EventKind::Dip, true)[..] else { panic!("{:?}", a.events) };
    let mut flagged = 0;
    for r in 0..a.intervals.start_sample.len() {
        let (start, stop) = (a.intervals.start_sample[r], a.intervals.stop_sample[r]);
        let is = a.intervals.flags[r].contains(Flags::EVENT);
        flagged += usize::from(is);
        // The last window of the event may reach one cycle beyond the position where the event ends.
        if start < e.stop_sample && stop > e.start_sample {
            assert!(is, "interval {r} lies in the event");
        } else if start > e.stop_sample + 0.02 * RATE_HZ || stop < e.start_sample {
            assert!(!is, "interval {r} from {start} to {stop} has nothing to do with {e:?}");
        }
    }
    assert!((2..=4).contains(&flagged), "{flagged}");
    assert!(a.half_cycles[0].flags.iter().any(|f| f.contains(Flags::EVENT)));
}

#[test]
fn an_event_that_the_record_cuts_off_is_open() {
    let a = one_phase(50.0, 1.0, &[(0.7, 9.0, 0.5)]);
    let [e] = &a.events[..] else { panic!("{:?}", a.events) };
    assert!(e.open);
    within(a.seconds(e.start_sample), 0.7, 0.02, || "start".into());
    within(a.seconds(e.stop_sample), 1.0, 0.03, || "stop".into());
    // A dip that was there before the record begins is open at its other end, and found all the same.
    let early = one_phase(50.0, 1.0, &[(0.0, 0.3, 0.5)]);
    let [e] = &early.events[..] else { panic!("{:?}", early.events) };
    within(e.residual_v, 0.5 * UDIN_V, OURS * RESIDUAL_V, || "residual".into());
    within(a.seconds(e.stop_sample), 0.3, 0.02, || "stop".into());
}

#[test]
fn a_gap_closes_an_event_and_nothing_reaches_across() {
    let x = sampled(RATE_HZ, 2.0, |t| mains(50.0, 0, t) * if (0.7..1.3).contains(&t) { 0.5 } else { 1.0 });
    let rate = SampleRate::from_hz(RATE_HZ).unwrap();
    let segment = |first, offset_ps| kilat_core::Segment { first, len: 10_000, rate, offset_ps };
    let time =
        TimeBase::from_segments(None, vec![segment(0, 0), segment(10_000, 3_000_000_000_000)]).unwrap();
    let a = analyze(&capture(RATE_HZ, None, vec![("Ua", x)]).with_time(time).unwrap(), 50.0);
    assert_eq!(a.events.len(), 2, "{:?}", a.events);
    assert!(a.events[0].open && a.events[0].stop_sample <= 10_000.0 && a.events[1].start_sample >= 10_000.0);
    let crosses = |s: &[f64], e: &[f64]| s.iter().zip(e).any(|(s, e)| *s < 10_000.0 && *e > 10_000.0);
    assert!(!crosses(&a.half_cycles[0].start_sample, &a.half_cycles[0].stop_sample));
    assert!(!crosses(&a.intervals.start_sample, &a.intervals.stop_sample));
    let [gap] = a.gaps[..] else { panic!("{:?}", a.gaps) };
    assert_eq!(gap.sample, 10_000);
    within(gap.duration_s, 2.0, 1e-9, || "gap".into());
}

/// IEEE 1159 categories by depth and duration.
#[test]
fn categories_follow_depth_and_duration() {
    for (part, seconds, want) in [
        (0.5, 0.2, "instantaneous sag"),
        (0.5, 1.5, "momentary sag"),
        (0.5, 5.0, "temporary sag"),
        (0.5, 62.0, "undervoltage"),
        (1.3, 0.2, "instantaneous swell"),
        (1.3, 1.5, "momentary swell"),
        (1.15, 5.0, "temporary swell"),
        (1.15, 62.0, "overvoltage"),
        (0.0, 1.5, "momentary interruption"),
        (0.0, 5.0, "temporary interruption"),
        (0.0, 62.0, "sustained interruption"),
    ] {
        let rate = 3_200.0;
        let x = sampled(rate, seconds + 1.5, |t| {
            mains(50.0, 0, t) * if (0.7..0.7 + seconds).contains(&t) { part } else { 1.0 }
        });
        let a = analyze(&capture(rate, None, vec![("Ua", x)]), 50.0);
        assert!(
            !a.events.is_empty() && a.events.iter().all(|e| e.category == want),
            "{want}: {:?}",
            a.events
        );
    }
}

#[test]
fn short_records_give_half_cycles_and_one_interval_that_says_it_is_short() {
    for (nominal, f) in [(50.0, 50.0), (50.0, 48.6), (60.0, 61.3)] {
        for seconds in [0.1, 0.15, 0.18] {
            let wave = Harmonic::sine(f, UDIN_V, 0.6).with(5, 0.06, 0.0).with(7, 0.05, 1.0);
            let a = analyze(&capture(RATE_HZ, None, vec![("Ua", wave.samples(RATE_HZ, seconds))]), nominal);
            let case = || format!("{seconds} s at {f} Hz");
            assert!(a.half_cycles[0].u_rms_v.len() as f64 > 2.0 * f * seconds - 5.0, "{}", case());
            for u in &a.half_cycles[0].u_rms_v {
                within(*u, wave.total_rms(), OURS * 0.002 * UDIN_V, || format!("{}: Urms(1/2)", case()));
            }
            assert_eq!(a.intervals.flags, [Flags::SHORT], "{}", case());
            assert!(a.intervals.cycles[0] as usize >= (f * seconds) as usize - 2, "{}", case());
            within(a.intervals.rms[[0, 0]], wave.total_rms(), OURS * 0.002 * UDIN_V, || {
                format!("{}: r.m.s.", case())
            });
            for (h, want) in [(1, UDIN_V), (3, 0.0), (5, 0.06 * UDIN_V), (7, 0.05 * UDIN_V), (9, 0.0)] {
                let got = a.harmonics.subgroup[[0, 0, h]];
                within(got, want, 0.005 * 0.06 * UDIN_V, || format!("{}: order {h}", case()));
            }
            let want = 100.0 * (0.06f64.powi(2) + 0.05f64.powi(2)).sqrt();
            within(a.harmonics.thd_subgroup_pct[[0, 0]], want, 0.005 * want, || format!("{}: THD", case()));
        }
    }
    let enough = analyze(
        &capture(RATE_HZ, None, vec![("Ua", Harmonic::sine(50.0, UDIN_V, 0.0).samples(RATE_HZ, 0.3))]),
        50.0,
    );
    assert_eq!(
        (enough.intervals.cycles.as_slice(), enough.intervals.flags.as_slice()),
        (&[10][..], &[Flags::empty()][..])
    );
}

#[test]
fn a_dip_in_a_record_of_a_fifth_of_a_second_is_found() {
    for (from_s, to_s) in [(0.07, 0.13), (0.0, 0.1), (0.1, 0.3)] {
        let a = one_phase(50.0, 0.2, &[(from_s, to_s, 0.5)]);
        let [e] = &a.events[..] else { panic!("from {from_s} to {to_s}: {:?}", a.events) };
        within(e.residual_v, 0.5 * UDIN_V, OURS * RESIDUAL_V, || {
            format!("residual from {from_s} s to {to_s} s")
        });
        assert!(a.intervals.flags.iter().all(|f| f.contains(Flags::EVENT)));
    }
}

/// A record too short for a value gives no value, and says why.
#[test]
fn a_record_too_short_for_anything_says_so() {
    for samples in [0, 1, 2, 7, 50, 150] {
        let x: Vec<f64> = (0..samples).map(|i| mains(50.0, 0, f64::from(i) / RATE_HZ)).collect();
        match offline::analyze(&capture(RATE_HZ, None, vec![("Ua", x)]), &Config::class_a(UDIN_V, 50.0), 1) {
            Ok(a) => {
                assert!(
                    a.half_cycles[0].u_rms_v.is_empty() && a.intervals.start_sample.is_empty(),
                    "{samples}"
                );
                assert!(
                    a.warnings.iter().any(|w| w.message.contains("too short")),
                    "{samples}: {:?}",
                    a.warnings
                );
            }
            Err(e) => assert!(e.to_string().contains("sample"), "{samples}: {e}"),
        }
    }
}

fn survives(capture: &Capture) -> Option<Analysis> {
    let config = Config::class_a(UDIN_V, 50.0);
    match offline::analyze(capture, &config, 1) {
        Ok(a) => {
            let rate = capture.time().rate().unwrap();
            let blocks = streamed(capture, &config, || 700);
            assert_eq!(format!("{:?}", a.events), format!("{:?}", blocks.events), "at {rate}");
            Some(a)
        }
        Err(e) => {
            assert!(e.to_string().len() > 20, "an error is a sentence: {e}");
            None
        }
    }
}

/// The cut runs on its last period through an interruption and the two cycles on either side that it bends.
#[test]
fn a_cut_carried_on_for_more_than_four_cycles_is_unsynchronised() {
    for cycles in [0.5, 1.0, 2.0, 5.0, 6.0, 8.0, 30.0] {
        let (from, to) = (0.503, 0.503 + cycles / 50.0);
        let cut = |k, t: f64| if (from..to).contains(&t) { 0.0 } else { mains(50.0, k, t) };
        let a = survives(&three_voltages(RATE_HZ, three(RATE_HZ, 2.0, cut))).unwrap();
        let flagged = a.intervals.flags.iter().any(|f| f.contains(Flags::UNSYNCHRONISED));
        assert_eq!(flagged, cycles >= 1.0, "{cycles} cycles: {:?}", a.intervals.flags);
        for (k, stop) in a.intervals.stop_sample.iter().enumerate() {
            let after = a.intervals.start_sample[k] > (to + 0.2) * RATE_HZ || *stop < from * RATE_HZ;
            assert!(!after || a.intervals.flags[k].is_empty(), "{cycles} cycles: {:?}", a.intervals.flags);
        }
    }
}

/// What the mains of a small generator do: the frequency steps, or runs down together with the voltage. The cut follows, and each
/// value is that of its own window.
#[test]
fn a_generator_that_jumps_or_fails_is_followed() {
    type Course = (&'static str, fn(f64) -> f64, fn(f64) -> f64);
    // Cycles since the start, and part of the declared voltage.
    let courses: [Course; 3] = [
        ("up", |t| 50.0 * t + 2.0 * (t - 1.0).max(0.0), |_| 1.0),
        ("down", |t| 50.0 * t - 3.0 * (t - 1.0).max(0.0), |_| 1.0),
        (
            "failing",
            |t| 50.0 * t - 0.5 * 1.5 * (t - 1.0).max(0.0).powi(2),
            |t| 1.0 - 0.15 * (t - 1.0).max(0.0),
        ),
    ];
    for (name, cycles, part) in courses {
        let wave = |k: usize, t: f64| PEAK_V * part(t) * (2.0 * PI * cycles(t) - THIRD * k as f64).sin();
        let a = survives(&three_voltages(RATE_HZ, three(RATE_HZ, 4.0, wave))).unwrap();
        assert!(a.intervals.flags.iter().all(|f| !f.contains(Flags::UNSYNCHRONISED)), "{name}");
        for (k, &start) in a.intervals.start_sample.iter().enumerate() {
            let (from, to) = (start / RATE_HZ, a.intervals.stop_sample[k] / RATE_HZ);
            if from < 1.2 && to > 1.0 {
                continue;
            }
            let f_hz = (cycles(to) - cycles(from)) / (to - from);
            within(a.intervals.frequency_hz[k], f_hz, 0.01, || format!("{name}: frequency at {from} s"));
            let mean =
                (0..10_000).map(|i| wave(0, from + (to - from) * f64::from(i) / 1e4).powi(2)).sum::<f64>();
            let want = (mean / 1e4).sqrt();
            within(a.intervals.rms[[k, 0]], want, 1e-3 * UDIN_V, || format!("{name}: r.m.s. at {from} s"));
        }
    }
}

#[test]
fn nothing_at_all_is_an_interruption_and_not_a_panic() {
    let a = survives(&three_voltages(RATE_HZ, three(RATE_HZ, 1.0, |_, _| 0.0))).unwrap();
    assert!(of(&a, EventKind::Interruption, true).len() == 1 && a.intervals.rms.iter().all(|u| *u == 0.0));
    assert!(a.intervals.flags.iter().all(|f| f.contains(Flags::EVENT | Flags::UNSYNCHRONISED)));
}

#[test]
fn a_constant_has_its_rms_and_no_fundamental() {
    let a = survives(&three_voltages(RATE_HZ, three(RATE_HZ, 1.0, |_, _| 325.0))).unwrap();
    for u in &a.intervals.rms {
        within(*u, 325.0, 1e-4 * 325.0, || "r.m.s. of a constant".into());
    }
    assert!(a.intervals.flags.iter().all(|f| f.contains(Flags::UNSYNCHRONISED)));
}

#[test]
fn missing_everywhere_is_flagged_everywhere() {
    let a = survives(&three_voltages(RATE_HZ, three(RATE_HZ, 1.0, |_, _| f64::NAN))).unwrap();
    assert!(!a.intervals.flags.is_empty() && a.intervals.flags.iter().all(|f| f.contains(Flags::MISSING)));
    assert!(a.transients.is_empty());
}

#[test]
fn one_missing_sample_flags_what_it_touches_and_nothing_else() {
    let x = sampled(RATE_HZ, 1.0, |t| if (t - 0.5).abs() < 1e-6 { f64::NAN } else { mains(50.0, 0, t) });
    let a = survives(&capture(RATE_HZ, None, vec![("Ua", x)])).unwrap();
    let h = &a.half_cycles[0];
    for k in 0..h.flags.len() {
        let touches = h.start_sample[k] < 5_001.0 && h.stop_sample[k] > 5_000.0;
        assert_eq!(h.flags[k].contains(Flags::MISSING), touches, "half cycle {k}");
    }
    let flagged = a.intervals.flags.iter().filter(|f| f.contains(Flags::MISSING)).count();
    assert!((1..=2).contains(&flagged));
}

#[test]
fn a_dead_channel_leaves_the_others_alone() {
    let x = three(RATE_HZ, 1.0, |k, t| if k == 0 { f64::NAN } else { mains(50.0, k, t) });
    let a = survives(&three_voltages(RATE_HZ, x)).unwrap();
    for r in 0..a.intervals.start_sample.len() {
        for c in [1, 2] {
            within(a.intervals.rms[[r, c]], UDIN_V, 0.001 * UDIN_V, || format!("channel {c}, interval {r}"));
        }
        within(a.intervals.frequency_hz[r], 50.0, 0.010, || "frequency".into());
    }
}

#[test]
fn numbers_without_measure_do_not_panic() {
    for size in [1e-300, 1e-30, 1e9, 1e20, 1e30, 3e38, 1e300, f64::INFINITY] {
        let a = three_voltages(RATE_HZ, three(RATE_HZ, 0.7, |k, t| size * mains(50.0, k, t)));
        survives(&a);
        let mut random = Random(1);
        let noise = [0; 3].map(|_| (0..7_000).map(|_| size * random.gauss()).collect());
        survives(&three_voltages(RATE_HZ, noise));
    }
}

#[test]
fn scales_without_measure_do_not_panic() {
    for scale in [0.0, -1.0, 1e-300, 1e300, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE / 4.0] {
        for offset in [0.0, 1.0, -1e300, f64::NAN] {
            let x = sampled(RATE_HZ, 0.7, |t| mains(50.0, 0, t));
            let time = TimeBase::uniform(SampleRate::from_hz(RATE_HZ).unwrap(), x.len() as u64, None);
            let strange = Channel::new("Ua", "V", x.clone()).with_scale(scale, offset);
            survives(&Capture::new(time.clone(), vec![strange.clone()]).unwrap());
            let both = Capture::new(time, vec![Channel::new("Ub", "V", x), strange]).unwrap();
            let a = survives(&both).unwrap();
            within(a.intervals.rms[[0, a.channel("Ub").unwrap()]], UDIN_V, 0.001 * UDIN_V, || {
                "the sane one".into()
            });
            if a.channel("Ua").is_none() {
                assert!(
                    a.warnings.iter().any(|w| w.to_string().contains("Ua")),
                    "left out unsaid: {:?}",
                    a.warnings
                );
            }
        }
    }
}

#[test]
fn rates_without_measure_are_refused_or_survived() {
    for rate in [1e-3, 1.0, 499.0, 500.0, 501.0, 1e6, 1e9, 1e12] {
        let x = (0..3_000).map(|i| mains(50.0, 0, f64::from(i) / rate)).collect::<Vec<f64>>();
        survives(&capture(rate, None, vec![("Ua", x)]));
    }
}

#[test]
fn a_channel_whose_length_was_changed_is_refused() {
    let mut c = three_voltages(RATE_HZ, three(RATE_HZ, 0.5, |k, t| mains(50.0, k, t)));
    c.channels_mut()[1].samples = vec![0.0f32; 17].into();
    assert!(offline::analyze(&c, &Config::class_a(UDIN_V, 50.0), 1).is_err());
}

#[test]
fn starts_at_either_end_of_time_do_not_panic() {
    for start in [i64::MIN, -1, 0, i64::MAX] {
        survives(&capture(
            RATE_HZ,
            Some(Timestamp(start)),
            vec![("Ua", sampled(RATE_HZ, 0.5, |t| mains(50.0, 0, t)))],
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_does_not_panic(
        seed in any::<u64>(), rate in 400.0f64..60_000.0, n in 0usize..9_000, kinds in prop::collection::vec(0u8..4, 1..5),
        scale in prop_oneof![Just(1.0), Just(-0.01), any::<f64>()], offset in prop_oneof![Just(0.0), any::<f64>()],
        start in prop::option::of(any::<i64>()),
    ) {
        let mut random = Random(seed);
        let names = ["Ua", "Ub", "Uc", "Ia"];
        let mut value = || match random.below(12) {
            0 => f64::NAN,
            1 => f64::from_bits(random.next()),
            2 => 0.0,
            _ => 400.0 * random.gauss(),
        };
        let channels = kinds.iter().zip(names).map(|(kind, name)| {
            let x: Vec<f64> = (0..n).map(|_| value()).collect();
            let unit = if name == "Ia" { "A" } else { "V" };
            let mut c = match kind {
                0 => Channel::new(name, unit, x.iter().map(|v| *v as i16).collect::<Vec<_>>()),
                1 => Channel::new(name, unit, x.iter().map(|v| *v as i32).collect::<Vec<_>>()),
                2 => Channel::new(name, unit, x.iter().map(|v| *v as f32).collect::<Vec<_>>()),
                _ => Channel::new(name, unit, x),
            };
            c.missing_code = Some(0);
            c.range = Some((-300.0, 300.0));
            c.with_scale(scale, offset)
        });
        let time = TimeBase::uniform(SampleRate::from_hz(rate).unwrap(), n as u64, start.map(Timestamp));
        survives(&Capture::new(time, channels.collect()).unwrap());
    }

    /// A sine is measured whatever its phase, frequency and level, and makes no event between the thresholds.
    #[test]
    fn any_sine_in_range_is_measured(f in 42.5f64..57.5, part in 0.92f64..1.08, angle in 0.0f64..6.3, rate in 1_500.0f64..30_000.0) {
        let x = sampled(rate, 0.6, |t| part * PEAK_V * (2.0 * PI * f * t + angle).sin());
        let a = survives(&capture(rate, None, vec![("Ua", x)])).unwrap();
        prop_assert!(a.events.is_empty() && a.transients.is_empty());
        prop_assert!(!a.intervals.start_sample.is_empty());
        for u in a.half_cycles[0].u_rms_v.iter().chain(&a.intervals.rms) {
            within(*u, part * UDIN_V, OURS * RESIDUAL_V, || format!("{f} Hz at {rate} Hz"));
        }
    }
}
