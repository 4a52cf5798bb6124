use ndarray::{Array2, Array3};

use super::*;
use crate::capture::TimeBase;
use crate::config::{Config, Wiring};
use crate::engine::analysis::{ChannelInfo, Flicker, Frequency, Measurements, SeverityTable};
use crate::limits::{Compliance, Span, Standard};
use crate::pq::events::{Event, EventKind};
use crate::units::SampleRate;

/// Samples per second: positions are seconds.
const FS: f64 = 1.0;
const NAMES: [(&str, Phase, Kind); 4] = [
    ("Ua", Phase::A, Kind::Voltage),
    ("Ub", Phase::B, Kind::Voltage),
    ("Uc", Phase::C, Kind::Voltage),
    ("Ia", Phase::A, Kind::Current),
];

/// Intervals of `length_s` one behind the other: 230 V, clean, 10 A.
fn measurements(rows: usize, length_s: f64) -> Measurements {
    let at = |row: usize| row as f64 * length_s * FS;
    let mut subgroup = Array3::zeros((rows, 4, 51));
    for row in 0..rows {
        for c in 0..4 {
            subgroup[[row, c, 1]] = if c < 3 { 230.0 } else { 10.0 };
        }
    }
    let mut m = Measurements::default();
    m.intervals.start_sample = (0..rows).map(at).collect();
    m.intervals.stop_sample = (1..=rows).map(at).collect();
    m.intervals.covered_s = vec![length_s; rows];
    m.intervals.flags = vec![Flags::empty(); rows];
    m.intervals.rms = Array2::from_shape_fn((rows, 4), |(_, c)| if c < 3 { 230.0 } else { 10.0 });
    m.harmonics.subgroup = subgroup;
    m.unbalance.u2_pct = vec![0.5; rows];
    m
}

/// Sets a harmonic in some rows.
fn fill(m: &mut Measurements, rows: std::ops::Range<usize>, channel: usize, order: usize, rms: f32) {
    for row in rows {
        m.harmonics.subgroup[[row, channel, order]] = rms;
    }
}

/// So many days of a quiet low-voltage supply.
fn quiet(days: f64) -> Analysis {
    let seconds = days * 86_400.0;
    let rows = |length_s: f64| (seconds / length_s + 1e-9) as usize;
    let plt = SeverityTable {
        start_sample: (0..rows(7200.0)).map(|r| r as f64 * 7200.0).collect(),
        stop_sample: (1..=rows(7200.0)).map(|r| r as f64 * 7200.0).collect(),
        severity: vec![0.4; rows(7200.0)],
        flags: vec![Flags::empty(); rows(7200.0)],
    };
    let mut a = Analysis {
        config: Config::class_a(230.0, 50.0),
        wiring: Wiring::Wye,
        channels: NAMES
            .iter()
            .enumerate()
            .map(|(index, &(name, phase, kind))| ChannelInfo {
                name: name.into(),
                index,
                phase: Some(phase),
                kind,
                udin_v: if kind == Kind::Voltage { 230.0 } else { 0.0 },
            })
            .collect(),
        flicker: vec![Flicker { plt, ..Flicker::default() }; 4],
        frequency: Frequency {
            start_sample: (0..rows(10.0)).map(|r| r as f64 * 10.0).collect(),
            stop_sample: (1..=rows(10.0)).map(|r| r as f64 * 10.0).collect(),
            hz: vec![50.01; rows(10.0)],
            flags: vec![Flags::empty(); rows(10.0)],
        },
        time: TimeBase::uniform(SampleRate::from_hz(FS).unwrap(), seconds as u64, None),
        ..Analysis::default()
    };
    a.aggregates.ten_minutes = measurements(rows(600.0), 600.0);
    a
}

fn en50160(a: &Analysis) -> Compliance {
    a.compliance(Standard::named("EN 50160").unwrap(), &Site::default())
}

/// The verdict on `quantity` that asks for this share.
fn of(c: &Compliance, quantity: Quantity, share_permille: u32) -> Verdict {
    let found = c
        .verdicts
        .iter()
        .find(|v| v.limit.quantity == quantity && v.limit.statistic.share_permille == share_permille);
    *found.unwrap()
}

fn lacks(v: &Verdict) -> bool {
    matches!(v.status, Status::NotEnoughData { .. })
}

#[test]
fn a_quiet_week_is_compliant_but_for_the_year_of_frequency() {
    let c = en50160(&quiet(7.0));
    for v in &c.verdicts {
        if v.limit.statistic.span == Span::Year {
            let week = 7.0 * 86_400.0;
            assert_eq!(v.status, Status::NotEnoughData { needed_s: 365.25 * 86_400.0, have_s: week });
        } else {
            assert_eq!(v.status, Status::Compliant, "{v:?}");
        }
    }
    assert_eq!(c.verdicts.len(), 2 + 2 + 1 + 1 + 1 + 24);
    assert_eq!(c.not_judged.len(), 2);
    let v = of(&c, Quantity::Voltage, 950);
    assert_eq!((v.measured, v.margin, v.values, v.beyond), (100.0, 10.0, 1008, 0));
    assert!((of(&c, Quantity::Frequency, 995).margin - 0.49).abs() < 1e-9);
}

#[test]
fn an_hour_is_not_enough_for_a_week() {
    let c = en50160(&quiet(1.0 / 24.0));
    assert!(c.verdicts.iter().all(lacks));
    let v = of(&c, Quantity::Voltage, 950);
    assert_eq!(v.status, Status::NotEnoughData { needed_s: 604_800.0, have_s: 3600.0 });
    assert_eq!((v.measured, v.values), (100.0, 6));
    assert!(lacks(&Verdict { status: c.status(), ..v }));
    // Without any value there is no figure either.
    let v = of(&c, Quantity::Plt, 950);
    assert!(v.measured.is_nan() && v.margin.is_nan() && v.worst.is_none());
}

/// 50 of 1008 values are 4.96 %, 51 are 5.06 %.
#[test]
fn five_percent_of_a_week_are_fifty_values() {
    for (beyond, status) in [(50, Status::Compliant), (51, Status::Violated)] {
        let mut a = quiet(7.0);
        for row in 0..beyond {
            a.aggregates.ten_minutes.intervals.rms[[3 * row, 1]] = 206.0;
        }
        let c = en50160(&a);
        let v = of(&c, Quantity::Voltage, 950);
        assert_eq!((v.status, v.beyond, v.channel), (status, beyond, Some(1)));
        // 206 V are 89.57 %: the margin is that of the 958th value in order, 958 being 95 % of 1008 rounded up.
        let measured = if beyond == 50 { 100.0 } else { 100.0 * 206.0 / 230.0 };
        assert!((v.measured - measured).abs() < 1e-9, "{v:?}");
        assert_eq!(of(&c, Quantity::Voltage, 1000).status, Status::Compliant);
    }
}

#[test]
fn the_worst_value_is_named_with_its_time() {
    let mut a = quiet(7.0);
    a.aggregates.ten_minutes.intervals.rms[[77, 2]] = 195.0;
    a.aggregates.ten_minutes.intervals.rms[[78, 0]] = 196.0;
    let v = of(&en50160(&a), Quantity::Voltage, 1000);
    assert_eq!((v.status, v.channel, v.beyond), (Status::Violated, Some(2), 1));
    let worst = v.worst.unwrap();
    assert_eq!((worst.start_sample, worst.stop_sample), (46_200.0, 46_800.0));
    assert!(
        (worst.value - 100.0 * 195.0 / 230.0).abs() < 1e-9 && (v.margin - (worst.value - 85.0)).abs() < 1e-9
    );
}

#[test]
fn a_violation_is_certain_before_the_week_is_over_and_compliance_is_not() {
    let mut a = quiet(1.0);
    fill(&mut a.aggregates.ten_minutes, 0..50, 0, 5, 230.0 * 0.07);
    assert!(lacks(&of(&en50160(&a), Quantity::VoltageHarmonic(5), 950)));
    a.aggregates.ten_minutes.harmonics.subgroup[[50, 0, 5]] = 230.0 * 0.07;
    let v = of(&en50160(&a), Quantity::VoltageHarmonic(5), 950);
    assert_eq!((v.status, v.beyond), (Status::Violated, 51));
    // 7 % less 6 %; the 7 % are a product in single precision.
    assert!((v.margin + 1.0).abs() < 7.0 * f64::from(f32::EPSILON));
}

/// 40 values beyond and 20 missing may be 60 of 1008: neither verdict is certain. 20 and 20 is fine.
#[test]
fn missing_values_count_against_compliance() {
    for (beyond, compliant) in [(20, true), (40, false)] {
        let mut a = quiet(7.0);
        let t = &mut a.aggregates.ten_minutes;
        t.intervals.flags[500..520].fill(Flags::INCOMPLETE);
        for row in 0..beyond {
            t.unbalance.u2_pct[row] = 2.5;
        }
        let v = of(&en50160(&a), Quantity::Unbalance, 950);
        assert_eq!((v.status == Status::Compliant, lacks(&v)), (compliant, !compliant), "{v:?}");
        assert_eq!(v.values, 988);
    }
}

/// An interruption of all phases takes the voltage's values out; a dip takes those of all other quantities.
#[test]
fn values_under_events_are_left_out() {
    let mut a = quiet(7.0);
    let t = &mut a.aggregates.ten_minutes;
    for row in 10..12 {
        t.intervals.flags[row] = Flags::EVENT;
        t.intervals.rms[[row, 0]] = 100.0;
        t.harmonics.subgroup[[row, 0, 3]] = 100.0;
    }
    let interruption = Event {
        kind: EventKind::Interruption,
        channels: [0, 1, 2].into_iter().collect(),
        polyphase: true,
        start_sample: 6300.0,
        stop_sample: 6400.0,
        duration_s: 100.0,
        residual_v: 0.0,
        magnitude_pu: 0.0,
        depth_pct: 100.0,
        reference_v: 230.0,
        extreme_channel: 0,
        category: "",
        flags: Flags::empty(),
        open: false,
    };
    a.events = vec![interruption];
    let c = en50160(&a);
    let v = of(&c, Quantity::Voltage, 1000);
    assert_eq!((v.status, v.beyond, v.excluded), (Status::Violated, 1, 1));
    let v = of(&c, Quantity::VoltageHarmonic(3), 950);
    assert_eq!((v.status, v.beyond, v.excluded, v.values), (Status::Compliant, 0, 2, 1006));
}

#[test]
fn the_worst_of_several_weeks_counts_and_a_last_part_does_not_hide_it() {
    let mut a = quiet(17.0);
    let t = &mut a.aggregates.ten_minutes;
    t.unbalance.u2_pct[1008..1060].fill(2.5);
    let v = of(&en50160(&a), Quantity::Unbalance, 950);
    assert_eq!((v.status, v.values, v.beyond), (Status::Violated, 1008, 52));
    assert_eq!(v.worst.unwrap().start_sample % 600.0, 0.0);
    // Two good weeks and three days are good.
    assert_eq!(of(&en50160(&quiet(17.0)), Quantity::Unbalance, 950).status, Status::Compliant);
}

#[test]
fn orders_beyond_the_rate_are_not_judged() {
    let mut a = quiet(7.0);
    for (channel, order) in (0..4).flat_map(|c| (20..51).map(move |h| (c, h))) {
        fill(&mut a.aggregates.ten_minutes, 0..1008, channel, order, f32::NAN);
    }
    let c = en50160(&a);
    assert!(c.verdicts.iter().all(|v| v.limit.quantity.order().is_none_or(|h| h < 20)));
    let said: Vec<&str> = c.not_judged.iter().map(|n| n.what.as_str()).collect();
    assert!(
        said.contains(&"voltage_thd, 95 % of 10 min values of a week") && said.len() == 2 + 1 + 1,
        "{said:?}"
    );
    assert!(said[3].contains("orders 20 to 25") && c.not_judged[3].why.contains("up to order 19"));
}

#[test]
fn the_digest_has_one_line_for_all_orders_that_are_met() {
    let mut a = quiet(7.0);
    fill(&mut a.aggregates.ten_minutes, 0..1008, 0, 7, 230.0 * 0.04);
    let orders = |c: &Compliance| -> Vec<(usize, usize)> {
        c.digest().iter().filter_map(|l| Some((l.verdict.limit.quantity.order()?, l.others))).collect()
    };
    let c = en50160(&a);
    assert_eq!((orders(&c), c.digest().len()), (vec![(7, 23)], 8));
    // Every violated one has a line.
    fill(&mut a.aggregates.ten_minutes, 0..1008, 0, 5, 230.0 * 0.061);
    fill(&mut a.aggregates.ten_minutes, 0..1008, 0, 7, 230.0 * 0.051);
    assert_eq!(orders(&en50160(&a)), [(5, 0), (7, 22)]);
}

#[test]
fn one_phase_has_no_unbalance() {
    let mut a = quiet(7.0);
    a.aggregates.ten_minutes.unbalance.u2_pct.clear();
    let c = en50160(&a);
    assert!(c.not_judged.iter().any(|n| n.what.starts_with("unbalance") && n.why.contains("three phases")));
}

#[test]
fn spln_allows_five_percent_more_and_ten_less() {
    for (volts, status) in [
        (231.0, Status::Compliant),
        (231.2, Status::Violated),
        (198.0, Status::Compliant),
        (197.9, Status::Violated),
    ] {
        let mut a = quiet(7.0);
        for c in &mut a.channels[..3] {
            c.udin_v = 220.0;
        }
        a.aggregates.ten_minutes.intervals.rms.fill(220.0);
        a.aggregates.ten_minutes.intervals.rms[[900, 1]] = volts;
        assert_eq!(a.compliance(Standard::Spln1, &Site::default()).status(), status, "{volts}");
    }
}

/// IL of 10 A and Isc of 300 A: 7 % for order 5, so 0.7 A over 10 min, and 1.4 A over 3 s.
#[test]
fn currents_are_held_against_the_demand_current() {
    let site = Site { pcc_v: Some(400.0), short_circuit_a: Some(300.0), demand_a: Some(10.0) };
    let mut a = quiet(7.0);
    a.aggregates.cycles_150 = measurements(28_800, 3.0);
    let t = &mut a.aggregates;
    fill(&mut t.ten_minutes, 0..51, 3, 5, 0.71);
    // 1 % of a day are 288 values.
    fill(&mut t.cycles_150, 5_000..5_289, 3, 5, 1.41);
    let c = a.compliance(Standard::Ieee519 { edition_2014: false }, &site);
    assert_eq!((c.verdicts.len(), c.not_judged.len()), (5 * 50, 0));
    let violated: Vec<_> = c
        .verdicts
        .iter()
        .filter(|v| v.status == Status::Violated)
        .map(|v| (v.limit.statistic.to_string(), v.beyond))
        .collect();
    assert_eq!(
        violated,
        [("99 % of 3 s values of a day".to_owned(), 289), ("95 % of 10 min values of a week".to_owned(), 51)]
    );
    assert!(c.verdicts.iter().all(|v| v.status != Status::Violated || v.channel == Some(3)));
    // One less is compliant, and no site means no verdict.
    a.aggregates.ten_minutes.harmonics.subgroup[[0, 3, 5]] = 0.0;
    a.aggregates.cycles_150.harmonics.subgroup[[5_000, 3, 5]] = 0.0;
    let c = a.compliance(Standard::Ieee519 { edition_2014: false }, &site);
    assert_eq!(c.status(), Status::Compliant);
    assert_eq!(a.compliance(Standard::Ieee519 { edition_2014: false }, &Site::default()).verdicts, []);
}

#[test]
fn names_are_found_however_written() {
    for (short, standard) in Standard::ALL {
        assert_eq!(Standard::named(&short.to_uppercase().replace('-', " ")).unwrap(), standard);
    }
    assert_eq!(Standard::named("EN 50160:2010").unwrap(), Standard::ALL[0].1);
    let message = Standard::named("EN 50161").unwrap_err().to_string();
    assert!(message.contains("en50160") && message.contains("EN 50161"), "{message}");
}
