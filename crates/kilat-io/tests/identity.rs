//! What a format says it keeps is read back as it was, down to the bits of every code.
#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

use kilat_core::capture::{Digital, Side, Transformer};
use kilat_core::{
    Capture, Channel, Codes, Phase, SampleRate, SamplesRef, Segment, TimeBase, Timestamp, Warning,
};
use kilat_io::{ReadOptions, read, write};
use proptest::prelude::*;

/// Formats that keep a whole capture, and those that keep all but the status channels.
const WHOLE: [&str; 4] = ["h5", "npz", "parquet", "arrow"];
const SOUND: [&str; 2] = ["wav", "flac"];

/// Codes of each type, for as many samples.
type Row = (i16, i32, f32, f64, bool);

/// A capture with something in every field; `sound` leaves out what FLAC cannot hold.
fn capture(rows: &[Row], sound: bool, rate: (u64, u64), start: Option<i64>, gap_ps: i64) -> Capture {
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
    let mut channels = vec![ua, ia];
    if !sound {
        channels.push(Channel::new("Ib", "A", rows.iter().map(|r| r.2).collect::<Vec<_>>()));
        channels.push(Channel::new("Ib", "A", rows.iter().map(|r| r.3).collect::<Vec<_>>()));
    }
    let mut c = Capture::new(time, channels).unwrap();
    (c.station, c.device, c.format) = ("gardu 7".into(), "PMU-3".into(), "COMTRADE 1999 BINARY".into());
    (c.nominal_frequency_hz, c.trigger) = (Some(50.0), start.map(|t| Timestamp(t.saturating_add(5))));
    c.notes = vec![("hdr".into(), "line one\nline two\0after a zero".into()), (String::new(), String::new())];
    c.warnings.push(Warning::new("line 3", "a repaired date"));
    if !sound {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_written_is_read_back(
        rows in prop::collection::vec(any::<Row>(), 2..300),
        rate in (1u64..1_000_000, 1u64..7),
        start in any::<Option<i64>>(),
        gap_ps in 0..i64::MAX / 4,
    ) {
        prop_assume!(rate.0 / rate.1 > 0);
        let dir = tempfile::tempdir().unwrap();
        for (formats, sound) in [(&WHOLE[..], false), (&SOUND, true)] {
            let capture = capture(&rows, sound, rate, start, gap_ps);
            for format in formats {
                let path = dir.path().join(format!("a.{format}"));
                write(&capture, &path).unwrap();
                same(&capture, &read(&path, &ReadOptions::default()).unwrap(), format);
            }
        }
    }
}
