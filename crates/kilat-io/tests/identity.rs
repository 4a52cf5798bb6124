//! What a format says it keeps is read back as it was, down to the bits of every code.
#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

use kilat_core::capture::{Digital, Side, Transformer};
use kilat_core::{
    Capture, Channel, Codes, Phase, SampleRate, SamplesRef, Segment, TimeBase, Timestamp, Warning,
};
use kilat_io::{ReadOptions, read, write};
use proptest::prelude::*;

/// Codes of each type, for as many samples, and a state.
type Row = (i16, i32, f32, f64, bool);

/// What a capture has besides samples.
#[derive(Debug, Clone)]
struct Facts {
    rate: (u64, u64),
    start: Option<i64>,
    gap_ps: i64,
    /// Which of the types of codes have a channel, a bit each.
    types: u8,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let (single, double) = (prop::num::f32::ANY, prop::num::f64::ANY);
    prop::collection::vec((any::<i16>(), any::<i32>(), single, double, any::<bool>()), 2..300)
}

/// Facts of captures of at least one of `types`.
fn facts(types: u8) -> impl Strategy<Value = Facts> {
    let rate = (1u64..1_000_000, 1u64..7).prop_filter("a rate of 1 Hz or more", |r| r.0 >= r.1);
    let types = (1..16u8).prop_map(move |t| t & types).prop_filter("a channel", |t| *t > 0);
    (rate, any::<Option<i64>>(), 0..i64::MAX / 4, types).prop_map(|(rate, start, gap_ps, types)| Facts {
        rate,
        start,
        gap_ps,
        types,
    })
}

/// A capture with something in every field.
fn capture(rows: &[Row], facts: &Facts, has_states: bool) -> Capture {
    let Facts { rate, start, gap_ps, types } = *facts;
    let n = rows.len() as u64;
    let rate = SampleRate::from_ratio(rate.0, rate.1).unwrap();
    let half = n / 2;
    let mut segments = vec![Segment { first: 0, len: n - half, rate, offset_ps: 0 }];
    let offset_ps = rate.picoseconds(n - half) + i128::from(gap_ps);
    segments.push(Segment { first: n - half, len: half, rate, offset_ps });
    let time = TimeBase::from_segments(start.map(Timestamp), segments).unwrap();
    let mut ua = Channel::new("Ua Ω \"x\"", "kV", rows.iter().map(|r| r.0).collect::<Vec<_>>());
    (ua.scale, ua.offset, ua.missing_code) = (0.1, -3.5, Some(-1));
    (ua.range, ua.skew_s) = (Some((-32_768.0, 32_767.0)), 1e-6);
    ua.transformer = Some(Transformer { primary: 20_000.0, secondary: 100.0, side: Side::Secondary });
    let mut ia = Channel::new("", "", rows.iter().map(|r| r.1 >> 8).collect::<Vec<_>>());
    ia.phase = Some(Phase::BC);
    let ib = Channel::new("Ib", "A", rows.iter().map(|r| r.2).collect::<Vec<_>>());
    let again = Channel::new("Ib", "A", rows.iter().map(|r| r.3).collect::<Vec<_>>());
    let all = [ua, ia, ib, again].into_iter().enumerate();
    let channels = all.filter(|(bit, _)| types >> bit & 1 == 1).map(|(_, channel)| channel);
    let mut c = Capture::new(time, channels.collect()).unwrap();
    (c.station, c.device, c.format) = ("gardu 7".into(), "PMU-3".into(), "COMTRADE 1999 BINARY".into());
    (c.nominal_frequency_hz, c.trigger) = (Some(50.0), start.map(|t| Timestamp(t.saturating_add(5))));
    c.notes = vec![("hdr".into(), "line one\nline two\0after a zero".into()), (String::new(), String::new())];
    c.warnings.push(Warning::new("line 3", "a repaired date"));
    if has_states {
        let states: Vec<u8> = rows.iter().map(|r| u8::from(r.4)).collect();
        c.digital.push(Digital {
            name: "trip".into(),
            normal: Some(true),
            states: states.into_iter().map(i16::from).collect::<Vec<_>>().into(),
        });
    }
    c
}

fn bits(c: &Channel) -> Vec<u64> {
    let mut own = Codes::default();
    match c.samples.read(0..c.len(), &mut own).unwrap() {
        SamplesRef::I16(x) => x.iter().map(|v| *v as u64).collect(),
        SamplesRef::I32(x) => x.iter().map(|v| *v as u64).collect(),
        SamplesRef::F32(x) => x.iter().map(|v| u64::from(v.to_bits())).collect(),
        SamplesRef::F64(x) => x.iter().map(|v| v.to_bits()).collect(),
    }
}

fn same(a: &Capture, b: &Capture, format: &str) {
    assert_eq!(a.time(), b.time(), "{format}");
    assert_eq!((&a.station, &a.device, &a.format), (&b.station, &b.device, &b.format), "{format}");
    assert_eq!((a.nominal_frequency_hz, a.trigger), (b.nominal_frequency_hz, b.trigger), "{format}");
    assert_eq!((&a.notes, &a.warnings), (&b.notes, &b.warnings), "{format}");
    assert_eq!(a.channels().len(), b.channels().len(), "{format}");
    for (x, y) in a.channels().iter().zip(b.channels()) {
        let facts = |c: &Channel| {
            (c.name.clone(), c.unit.clone(), c.phase, c.kind, c.samples.kind(), c.missing_code, c.transformer)
        };
        assert_eq!(facts(x), facts(y), "{format}");
        assert_eq!(
            (x.scale, x.offset, x.skew_s, x.range),
            (y.scale, y.offset, y.skew_s, y.range),
            "{format}"
        );
        assert_eq!(bits(x), bits(y), "{format}: {}", x.name);
    }
    let digital = |c: &Capture| {
        c.digital
            .iter()
            .map(|d| (d.name.clone(), d.normal, d.values(0..d.states.len()).unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(digital(a), digital(b), "{format}");
}

/// Writes, reads and compares.
fn there_and_back(capture: &Capture, format: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(format!("a.{format}"));
    let lost = write(capture, &path).unwrap();
    // What other programs do not see is no loss to us.
    assert!(lost.iter().all(|line| line.contains("for other programs")), "{format}: {lost:?}");
    same(capture, &read(&path, &ReadOptions::default()).unwrap(), format);
}

// COMTRADE in all revisions and encodings, PQDIF, CSV and NPY, which keep less, are tested likewise beside their code.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn of_hdf5(rows in rows(), facts in facts(15)) {
        there_and_back(&capture(&rows, &facts, true), "h5");
    }

    #[test]
    fn of_npz(rows in rows(), facts in facts(15)) {
        there_and_back(&capture(&rows, &facts, true), "npz");
    }

    #[test]
    fn of_parquet(rows in rows(), facts in facts(15)) {
        there_and_back(&capture(&rows, &facts, true), "parquet");
    }

    #[test]
    fn of_arrow(rows in rows(), facts in facts(15)) {
        there_and_back(&capture(&rows, &facts, true), "arrow");
    }

    #[test]
    fn of_wav(rows in rows(), facts in facts(15)) {
        there_and_back(&capture(&rows, &facts, false), "wav");
    }

    #[test]
    fn of_flac(rows in rows(), facts in facts(3)) {
        there_and_back(&capture(&rows, &facts, false), "flac");
    }
}
