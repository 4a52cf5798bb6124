//! Aggregation (IEC 61000-4-30, 4.5): counts, overlaps, stamps and values of 150/180 cycles, 10 min and 2 h.
//!
//! The recordings are slow (1 kHz) so that hours are cheap; voltage and mains frequency are what each test says.

mod signals;

use std::f64::consts::PI;

use kilat_core::engine::analysis::Measurements;
use kilat_core::engine::offline;
use kilat_core::{Analysis, Config, Flags, SampleRate, Segment, TimeBase, Timestamp};
use signals::{PEAK_V, UDIN_V, analyze, capture, sampled, within};

const RATE_HZ: f64 = 1_000.0;
/// 09:47:30 UTC of some day: 150 s before a tick.
const START: Timestamp = Timestamp(1_716_803_250 * 1_000_000_000);
const SECOND_NS: i64 = 1_000_000_000;

/// A sine of `f_hz` whose r.m.s. follows `level` (in parts of Udin) over `seconds`.
fn record(f_hz: f64, seconds: f64, start: Timestamp, level: impl Fn(f64) -> f64) -> Analysis {
    let wave = sampled(RATE_HZ, seconds, |t| level(t) * PEAK_V * (2.0 * PI * f_hz * t).sin());
    analyze(&capture(RATE_HZ, Some(start), vec![("Ua", wave)]), 50.0)
}

/// Seconds since the epoch at which a row ends.
fn stamp_s(m: &Measurements, row: usize) -> f64 {
    m.intervals.stamp[row].0 as f64 / 1e9
}

/// Rows whose first sample position lies in one 10-min interval, by the clock: what belongs to it.
fn basics_of(a: &Analysis, tick_s: i64) -> Vec<usize> {
    let begins = |k: &usize| {
        let t = START.0 as f64 / 1e9 + a.seconds(a.intervals.start_sample[*k]);
        (tick_s as f64..(tick_s + 600) as f64).contains(&t)
    };
    (0..a.intervals.start_sample.len()).filter(begins).collect()
}

#[test]
fn ten_minutes_hold_the_basic_intervals_that_begin_in_them_at_both_ends_of_the_range() {
    // STANDARDS: 2550 windows at 42.5 Hz and 3450 at 57.5 Hz begin in 10 min.
    for (f_hz, expected) in [(42.5, 2550), (50.02, 3001), (57.5, 3450)] {
        let level = |t: f64| 1.0 + 0.05 * (2.0 * PI * t / 173.0).sin();
        let a = record(f_hz, 1000.0, START, level);
        let ten = &a.aggregates.ten_minutes;
        let rows = ten.intervals.stamp.len();
        assert_eq!(rows, 3, "{f_hz} Hz: {:?}", ten.intervals.stamp);
        // Complete only between two ticks.
        let incomplete = [true, false, true];
        let first_tick = (START.0 / SECOND_NS).div_euclid(600) * 600;
        for (row, incomplete) in incomplete.into_iter().enumerate() {
            let case = format!("{f_hz} Hz, 10 min {row}");
            let tick = first_tick + 600 * row as i64;
            // Time tag: the end of the interval, which is the tick.
            assert_eq!(ten.intervals.stamp[row].0, (tick + 600) * SECOND_NS, "{case}");
            assert_eq!(ten.intervals.flags[row].contains(Flags::INCOMPLETE), incomplete, "{case}");
            let parts = basics_of(&a, tick);
            assert_eq!(ten.intervals.basics[row] as usize, parts.len(), "{case}");
            assert_eq!(ten.intervals.start_sample[row], a.intervals.start_sample[parts[0]], "{case}");
            let last = *parts.last().unwrap();
            assert_eq!(ten.intervals.stop_sample[row], a.intervals.stop_sample[last], "{case}");
            let square: f64 = parts.iter().map(|k| a.intervals.rms[[*k, 0]].powi(2)).sum();
            let want = (square / parts.len() as f64).sqrt();
            within(ten.intervals.rms[[row, 0]], want, 1e-9 * want, || case.clone());
            let h1: f64 = parts.iter().map(|k| f64::from(a.harmonics.subgroup[[*k, 0, 1]]).powi(2)).sum();
            let want = (h1 / parts.len() as f64).sqrt();
            // Rounded to single precision once, which half of its epsilon allows for.
            let rounding = f64::from(f32::EPSILON) / 2.0 * want;
            within(ten.harmonics.subgroup[[row, 0, 1]], want, 1e-9 * want + rounding, || case.clone());
            if !incomplete {
                assert!(parts.len().abs_diff(expected) <= 1, "{case}: {} windows", parts.len());
                // The window in progress at the tick belongs to the old 10 min, and the first of the new one overlaps it.
                assert!(
                    a.seconds(a.intervals.stop_sample[last]) + START.0 as f64 / 1e9 >= (tick + 600) as f64
                );
                let next = last + 1;
                let overlap = a.intervals.stop_sample[last] - a.intervals.start_sample[next];
                assert!(overlap >= 0.0 && overlap <= 12.0 * RATE_HZ / f_hz, "{case}: overlap {overlap}");
                assert_eq!(a.intervals.flags[next].contains(Flags::OVERLAP), overlap > 0.0, "{case}");
                // Samples are counted once.
                within(ten.intervals.covered_s[row], 600.0, 12.0 / f_hz, || case.clone());
            }
        }
    }
}

#[test]
fn fifteen_basics_make_150_cycles_and_start_anew_at_the_tick() {
    // The tick comes 150 s into the recording, which 15 basics of 10 cycles at 49.3 Hz do not divide.
    let a = record(49.3, 200.0, START, |_| 1.0);
    let three = &a.aggregates.cycles_150;
    let tick_s = (START.0 / SECOND_NS).div_euclid(600) * 600 + 600;
    let first_after = a
        .intervals
        .start_sample
        .iter()
        .position(|p| a.seconds(*p) + START.0 as f64 / 1e9 >= tick_s as f64)
        .unwrap();
    let row_after = three
        .intervals
        .start_sample
        .iter()
        .position(|p| *p == a.intervals.start_sample[first_after])
        .expect("an interval that begins with the first basic after the tick");
    // Every row but the last is 15 basics, also the one that the tick overlaps.
    let complete = three.intervals.basics.len() - 1;
    for row in 0..complete {
        assert_eq!((three.intervals.basics[row], three.intervals.cycles[row]), (15, 150), "row {row}");
        assert!(!three.intervals.flags[row].contains(Flags::INCOMPLETE), "row {row}");
        let t = START.0 as f64 / 1e9 + a.seconds(three.intervals.stop_sample[row]);
        within(stamp_s(three, row), t, 1e-6, || format!("stamp of row {row}"));
    }
    let overlapped = row_after - 1;
    assert!(three.intervals.stop_sample[overlapped] > three.intervals.start_sample[row_after]);
    assert!(three.intervals.stop_sample[overlapped] <= three.intervals.stop_sample[row_after]);
}

#[test]
fn two_hours_are_twelve_ten_minute_values_aligned_to_even_hours() {
    // From 09:57:30 to 12:10: the 2 h from 10:00 to 12:00 are whole.
    let start = Timestamp(START.0 + 600 * SECOND_NS);
    let level = |t: f64| 1.0 + 0.08 * (2.0 * PI * t / 3000.0).sin();
    let a = record(50.0, 7950.0, start, level);
    let (ten, two) = (&a.aggregates.ten_minutes, &a.aggregates.two_hours);
    let flags: Vec<bool> = two.intervals.flags.iter().map(|f| f.contains(Flags::INCOMPLETE)).collect();
    assert_eq!(flags, [true, false, true]);
    assert_eq!(two.intervals.stamp[1].0 / SECOND_NS % 7200, 0);
    let parts: Vec<usize> = (0..ten.intervals.stamp.len())
        .filter(|r| {
            ten.intervals.stamp[*r] > two.intervals.stamp[0]
                && ten.intervals.stamp[*r] <= two.intervals.stamp[1]
        })
        .collect();
    assert_eq!(parts.len(), 12);
    let square: f64 = parts.iter().map(|r| ten.intervals.rms[[*r, 0]].powi(2)).sum();
    let want = (square / 12.0).sqrt();
    within(two.intervals.rms[[1, 0]], want, 1e-9 * want, || "2 h r.m.s.".into());
    assert_eq!(two.intervals.basics[1], parts.iter().map(|r| ten.intervals.basics[*r]).sum::<u32>());
}

#[test]
fn an_event_flags_every_aggregate_that_contains_it() {
    // A dip of 0.2 s, 300 s into the recording.
    let a = record(50.0, 900.0, START, |t| if (300.0..300.2).contains(&t) { 0.5 } else { 1.0 });
    for (m, most) in
        [(&a.aggregates.cycles_150, 2), (&a.aggregates.ten_minutes, 1), (&a.aggregates.two_hours, 1)]
    {
        let flagged = m.intervals.flags.iter().filter(|f| f.contains(Flags::EVENT)).count();
        assert!((1..=most).contains(&flagged), "{flagged} flagged");
    }
    // Flagged, and kept: the mean holds the dip.
    let row = a.aggregates.ten_minutes.intervals.flags.iter().position(|f| f.contains(Flags::EVENT)).unwrap();
    assert!(a.aggregates.ten_minutes.intervals.rms[[row, 0]] < UDIN_V);
}

#[test]
fn under_and_over_deviation_are_taken_from_basic_values() {
    // Half of the time 5 % above, half 7 % below: both deviations are there at once (IEC 61000-4-30:2015, annex D).
    let a = record(50.0, 1300.0, Timestamp(0), |t| if t % 40.0 < 20.0 { 1.05 } else { 0.93 });
    let ten = &a.aggregates.ten_minutes;
    let under = (1.0 - f64::midpoint(1.0, 0.93f64.powi(2)).sqrt()) * 100.0;
    let over = (f64::midpoint(1.0, 1.05f64.powi(2)).sqrt() - 1.0) * 100.0;
    assert!(!ten.intervals.flags[0].contains(Flags::INCOMPLETE));
    // Twice fifteen of three thousand windows hold a change of level.
    within(ten.deviation.under_pct[[0, 0]], under, 0.05, || "under".into());
    within(ten.deviation.over_pct[[0, 0]], over, 0.05, || "over".into());
    let steady = 5;
    within(a.deviation.over_pct[[steady, 0]], 5.0, 0.01, || "over, basic".into());
    assert_eq!(a.deviation.under_pct[[steady, 0]], 0.0);
}

#[test]
fn a_gap_leaves_aggregates_incomplete_and_keeps_the_ticks() {
    // 400 s, a gap of 100 s, 700 s: the first 10 min have a hole, the second are whole.
    let n = (1100.0 * RATE_HZ) as u64;
    let first = (400.0 * RATE_HZ) as u64;
    let wave = sampled(RATE_HZ, 1100.0, |t| PEAK_V * (2.0 * PI * 50.0 * t).sin());
    let whole = capture(RATE_HZ, Some(Timestamp(0)), vec![("Ua", wave)]);
    let rate = SampleRate::from_hz(RATE_HZ).unwrap();
    let time = TimeBase::from_segments(
        Some(Timestamp(0)),
        vec![
            Segment { first: 0, len: first, rate, offset_ps: 0 },
            Segment { first, len: n - first, rate, offset_ps: 500_000_000_000_000 },
        ],
    )
    .unwrap();
    let gapped = kilat_core::Capture::new(time, whole.channels().to_vec()).unwrap();
    let a = analyze(&gapped, 50.0);
    let ten = &a.aggregates.ten_minutes.intervals;
    assert_eq!(ten.stamp.iter().map(|s| s.0 / SECOND_NS).collect::<Vec<_>>(), [600, 1200]);
    assert_eq!(ten.flags.iter().map(|f| f.contains(Flags::INCOMPLETE)).collect::<Vec<_>>(), [true, false]);
    within(ten.covered_s[0], 500.0, 1.0, || "covered".into());
    let three = &a.aggregates.cycles_150.intervals;
    // No 150 cycles bridge the gap.
    let gap = first as f64;
    assert!(!(0..three.stamp.len()).any(|r| three.start_sample[r] < gap && three.stop_sample[r] > gap));
}

#[test]
fn a_sliding_reference_follows_the_level_and_holds_still_in_an_event() {
    // 7 % low from the start; after 120 s a dip of a second to 80 % of Udin (IEC 61000-4-30, 5.4.4).
    let wave = sampled(RATE_HZ, 125.0, |t| {
        let level = if (120.0..121.0).contains(&t) { 0.80 } else { 0.93 };
        level * PEAK_V * (2.0 * PI * 50.0 * t).sin()
    });
    let config = Config { sliding_reference: true, ..Config::class_a(UDIN_V, 50.0) };
    let a = offline::analyze(&capture(RATE_HZ, Some(START), vec![("Ua", wave)]), &config, 1).unwrap();
    let [dip] = &a.events[..] else { panic!("{:?}", a.events) };
    // Usr after 600 intervals of 200 ms, from Udin; the last ones may not have been counted when the dip began.
    let step = 0.07 * 0.0033;
    let usr = 0.93 + 0.07 * 0.9967f64.powi(600);
    within(dip.reference_v / UDIN_V, usr, 3.0 * step, || "reference".into());
    within(dip.magnitude_pu, 0.80 / usr, 1e-3, || "magnitude".into());
    within(dip.residual_v, 0.80 * UDIN_V, 0.0002 * UDIN_V, || "residual".into());
}
