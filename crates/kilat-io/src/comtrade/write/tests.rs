//! Reading what was written gives the same capture, and what it does not give was said.

use std::fs;

use kilat_core::capture::{Digital, Side, Transformer};
use kilat_core::{
    Channel, Phase, SampleKind, SampleRate, Samples, SamplesRef, Segment, TimeBase, Timestamp, Warning,
};
use proptest::prelude::*;

use super::*;
use crate::{ReadOptions, read, write_with};

/// Writes to `name` in a directory of its own and reads again: the capture, and what was said to be lost.
fn there_and_back(capture: &Capture, name: &str, options: &WriteOptions) -> (Capture, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    let lost = write_with(capture, &path, options).unwrap();
    (read(&path, &ReadOptions::default()).unwrap(), lost)
}

fn options(revision: u16, encoding: &str) -> WriteOptions {
    WriteOptions { revision: Some(revision), encoding: Some(encoding.into()) }
}

fn rate(hz: f64) -> SampleRate {
    SampleRate::from_hz(hz).unwrap()
}

fn of_samples(samples: impl Into<Samples>) -> Capture {
    let channel = Channel::new("Ua", "V", samples).with_scale(0.25, 1.5);
    let start = "2024-05-27T07:00:00.125Z".parse().unwrap();
    let time = TimeBase::uniform(rate(1000.0), channel.len() as u64, Some(start));
    Capture::new(time, vec![channel]).unwrap()
}

fn encoding_of(capture: &Capture) -> &str {
    capture.format.split(' ').next_back().unwrap()
}

/// Values bit by bit; missing samples are all alike.
fn bits(channel: &Channel) -> Vec<u64> {
    channel
        .values(0..channel.len())
        .unwrap()
        .iter()
        .map(|v| if v.is_nan() { 0 } else { (v + 0.0).to_bits() })
        .collect()
}

/// What both captures must share.
fn assert_same(was: &Capture, is: &Capture) {
    assert_eq!((&was.station, &was.device), (&is.station, &is.device));
    assert_eq!((was.nominal_frequency_hz, was.trigger), (is.nominal_frequency_hz, is.trigger));
    assert_eq!(was.time(), is.time());
    // A file of 2013 states what a clock is that nothing is known of.
    let unknown = |note: &&(String, String)| ["0,0", "F,3"].contains(&note.1.as_str());
    assert_eq!(was.notes, is.notes.iter().filter(|n| !unknown(n)).cloned().collect::<Vec<_>>());
    assert_eq!(was.channels().len(), is.channels().len());
    for (a, b) in was.channels().iter().zip(is.channels()) {
        assert_eq!((&a.name, &a.unit, a.phase, a.kind), (&b.name, &b.unit, b.phase, b.kind));
        assert_eq!((a.scale, a.offset, a.range), (b.scale, b.offset, b.range));
        assert_eq!(
            a.transformer.filter(|t| t.primary != t.secondary),
            b.transformer.filter(|t| t.primary != t.secondary)
        );
        assert!((a.skew_s - b.skew_s).abs() < 1e-15);
        assert_eq!(bits(a), bits(b));
    }
    assert_eq!(was.digital.len(), is.digital.len());
    for (a, b) in was.digital.iter().zip(&is.digital) {
        assert_eq!((&a.name, a.normal), (&b.name, b.normal));
        let states = |d: &Digital| d.values(0..d.states.len()).unwrap();
        assert_eq!(states(a), states(b));
    }
}

#[test]
fn the_files_are_as_the_standard_says() {
    let mut capture = of_samples(vec![-5i16, 7, 9]);
    (capture.station, capture.device) = ("Kaur".into(), "R1".into());
    capture.nominal_frequency_hz = Some(50.0);
    capture.trigger = capture.time().timestamp(1.0);
    capture.notes = vec![("hdr".into(), "first\nsecond".into())];
    capture.digital =
        vec![Digital { name: "trip".into(), normal: Some(false), states: vec![0i16, 1, 0].into() }];
    let channel = &mut capture.channels_mut()[0];
    (channel.skew_s, channel.range) = (25e-6, Some((-2048.0, 2047.0)));
    channel.transformer = Some(Transformer { primary: 11e3, secondary: 110.0, side: Side::Secondary });
    channel.missing_code = Some(9);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.b.cfg");
    let text = |kind: &str| fs::read(path.with_extension(kind)).unwrap();

    assert_eq!(write_with(&capture, &path, &options(1999, "ASCII")).unwrap(), Vec::<String>::new());
    let expected = "Kaur,R1,1999\r\n2,1A,1D\r\n1,Ua,A,,V,0.25,1.5,25,-2048,2047,11000,110,S\r\n1,trip,,,0\r\n50\r\n1\r\n\
                    1000,3\r\n27/05/2024,07:00:00.125000\r\n27/05/2024,07:00:00.126000\r\nASCII\r\n1\r\n";
    assert_eq!(String::from_utf8(text("cfg")).unwrap(), expected);
    assert_eq!(String::from_utf8(text("dat")).unwrap(), "1,0,-5,0\r\n2,1000,7,1\r\n3,2000,99999,0\r\n");
    assert_eq!(text("hdr"), b"first\r\nsecond\r\n");
    assert!(!path.with_extension("inf").exists());

    write_with(&capture, &path, &options(2013, "BINARY")).unwrap();
    assert!(String::from_utf8(text("cfg")).unwrap().ends_with("BINARY\r\n1\r\n0,0\r\nF,3\r\n"));
    assert_eq!(
        text("dat"),
        [
            &[1, 0, 0, 0, 0, 0, 0, 0, 0xfb, 0xff, 0, 0][..],
            &[2, 0, 0, 0, 0xe8, 3, 0, 0, 7, 0, 1, 0],
            &[3, 0, 0, 0, 0xd0, 7, 0, 0, 0, 0x80, 0, 0],
        ]
        .concat()
    );

    let lost = write_with(&capture, &path, &options(1991, "ASCII")).unwrap();
    assert_eq!(lost, ["transformer ratio of `Ua`"]);
    let expected = "Kaur,R1\r\n2,1A,1D\r\n1,Ua,A,,V,0.25,1.5,25,-2048,2047\r\n1,trip,0\r\n50\r\n1\r\n1000,3\r\n\
                    05/27/24,07:00:00.125000\r\n05/27/24,07:00:00.126000\r\nASCII\r\n";
    assert_eq!(String::from_utf8(text("cfg")).unwrap(), expected);
    assert_eq!(String::from_utf8(text("dat")).unwrap(), "1,0,-5,0\r\n2,1000,7,1\r\n3,2000,999999,0\r\n");
}

#[test]
fn the_smallest_encoding_that_loses_nothing_is_taken() {
    let f64s = |x: &[f64]| Samples::from(x.to_vec());
    for (samples, expected) in [
        (vec![-32_767i16, 32_767].into(), "BINARY"),
        (vec![1i32, -7].into(), "BINARY"),
        (f64s(&[1.0, f64::NAN, -9.0]), "BINARY"),
        (vec![-32_768i16, 0].into(), "BINARY32"),
        (vec![i32::MAX, 5].into(), "BINARY32"),
        (f64s(&[40_000.0, -2.0]), "BINARY32"),
        (vec![0.5f32, f32::NAN].into(), "FLOAT32"),
        (f64s(&[0.25, 1e10]), "FLOAT32"),
        (f64s(&[0.1, 2.0]), "ASCII"),
        (vec![i32::MIN, 0].into(), "FLOAT32"),
        (vec![f32::MIN, 0.0].into(), "ASCII"),
    ] {
        let capture = of_samples(samples);
        for name in ["a.cfg", "a.cff", "A.CFG", "a.dat"] {
            let (again, lost) = there_and_back(&capture, name, &WriteOptions::default());
            assert_eq!((lost.as_slice(), encoding_of(&again)), (&[][..], expected));
            assert_eq!(again.format, format!("COMTRADE 2013 {expected}"));
            assert_same(&capture, &again);
        }
    }
    // 1999 has no encoding of four bytes.
    let revision = WriteOptions { revision: Some(1999), encoding: None };
    let (again, lost) = there_and_back(&of_samples(vec![70_000i32, 3]), "a.cfg", &revision);
    assert_eq!((lost.as_slice(), encoding_of(&again)), (&[][..], "ASCII"));
}

#[test]
fn codes_that_do_not_fit_are_rounded_and_it_is_said() {
    for (samples, encoding, step) in [
        (vec![-1e6, 0.3, 2e6], "BINARY", 2e6 / 32_767.0),
        (vec![1e6, 1e6 + 0.3, 1e6 + 2.0], "BINARY", 1.0 / 32_767.0),
        (vec![-1e6, 0.3, 2e6], "BINARY32", 2e6 / 2_147_483_647.0),
        (vec![0.5, 0.5, 0.5], "BINARY", 0.0),
    ] {
        let capture = of_samples(samples);
        let (again, lost) = there_and_back(&capture, "a.cfg", &options(2013, encoding));
        assert_eq!(lost.len(), 1);
        assert!(lost[0].starts_with("codes of `Ua`: rounded to steps of "), "{lost:?}");
        let values = |c: &Capture| c.channels()[0].values(0..3).unwrap();
        for (was, is) in values(&capture).iter().zip(values(&again)) {
            // The values are of 1e6; f64 leaves some 1e-10 of them.
            assert!((was - is).abs() <= 0.25 * step / 2.0 + 1e-9, "{encoding}: {was} {is}");
        }
    }
    let lost = |samples: Samples, revision, encoding| {
        there_and_back(&of_samples(samples), "a.cfg", &options(revision, encoding)).1
    };
    assert_eq!(lost(vec![0.1, 0.2].into(), 2013, "FLOAT32"), ["codes of `Ua`: rounded to 32-bit floats"]);
    assert_eq!(
        lost(vec![99_999, 5].into(), 1999, "ASCII"),
        ["1 samples of `Ua` with the code 99999, which means missing"]
    );
    assert_eq!(
        lost(vec![f64::NAN, 5.0].into(), 1991, "BINARY"),
        ["1 missing samples of `Ua`: written as -32768, which is a code like others in 1991"]
    );
    assert_eq!(
        lost(vec![f32::INFINITY, 5.0].into(), 2013, "FLOAT32"),
        ["1 infinite samples of `Ua`: written as missing"]
    );
}

#[test]
fn everything_else_that_is_lost_is_said() {
    let mut capture = of_samples(vec![1i16, 2]);
    let time = capture.time().clone().with_start(Some(Timestamp(1_000_000_001)));
    capture = capture.with_time(time).unwrap();
    capture.station = "a,b".into();
    capture.trigger = Some(Timestamp(2_000_000_000));
    capture.warnings = vec![Warning::new("x", "y")];
    capture.notes = [("hdr", "--- file type: DAT ASCII ---"), ("other", "z"), ("inf", "i"), ("inf", "j")]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .into();
    let channel = &mut capture.channels_mut()[0];
    (channel.phase, channel.range) = (None, Some((-5.0, 70.0)));
    let (again, lost) = there_and_back(&capture, "a.cfg", &options(1999, "BINARY"));
    assert_eq!(
        lost,
        [
            "the spelling of station `a,b`",
            "moment of the start below the microsecond: 1970-01-01T00:00:01.000000001Z is written as 1970-01-01T00:00:01Z",
            "that `Ua` has no phase",
            "range of the converter of `Ua`",
            "note `hdr`",
            "note `other`",
            "note `inf`",
            "warnings of the reader",
        ]
    );
    assert_eq!(again.station, "a b");
    assert_eq!(again.warnings, []);
    // What looks like a section is not one.
    let (again, _) = there_and_back(&capture, "a.cff", &options(2013, "ASCII"));
    assert_eq!(again.notes[2].1, "| --- file type: DAT ASCII ---");
    assert_eq!((again.len(), again.time().start()), (2, Some(Timestamp(1_000_000_001))));

    let unknown = Capture::new(TimeBase::uniform(rate(50.0), 2, None), capture.channels().to_vec()).unwrap();
    let (again, _) = there_and_back(&unknown, "a.cfg", &WriteOptions::default());
    assert_eq!((again.time().start(), again.trigger, again.warnings.as_slice()), (None, None, &[][..]));
}

#[test]
fn what_no_file_can_be_is_refused() {
    let capture = of_samples(vec![1i16, 2]);
    let directory = tempfile::tempdir().unwrap();
    let error = |name: &str, options: &WriteOptions| {
        write_with(&capture, directory.path().join(name), options).unwrap_err().to_string()
    };
    assert_eq!(error("a.cfg", &options(2001, "ASCII")), "revision: expected 1991, 1999 or 2013, found 2001");
    assert_eq!(error("a.cff", &options(1999, "ASCII")), "revision: a .cff is of 2013, not 1999; name a .cfg");
    assert!(
        error("a.cfg", &options(2013, "MP3"))
            .contains("expected ASCII, BINARY, BINARY32 or FLOAT32, found `MP3`")
    );
    assert!(error("a.cfg", &options(1999, "FLOAT32")).contains("FLOAT32 is of 2013"));
    assert!(error("a.hdr", &WriteOptions::default()).contains("name its .cfg, or a .cff"));
    #[cfg(feature = "npy")]
    assert!(error("a.npy", &options(1999, "ASCII")).contains("NPY has none to choose; COMTRADE"));
    let empty = capture.slice(0..0).unwrap();
    let error = write_with(&empty, directory.path().join("a.cfg"), &WriteOptions::default()).unwrap_err();
    assert!(error.to_string().contains("a COMTRADE recording of 0 samples"), "{error}");
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_recording_can_be_written_over_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.cff");
    let capture = of_samples((0..30_000).map(|i| (i % 999) as i16).collect::<Vec<_>>());
    write_with(&capture, &path, &WriteOptions::default()).unwrap();
    let first = read(&path, &ReadOptions::default()).unwrap();
    write_with(&first, &path, &options(2013, "ASCII")).unwrap();
    assert_same(&capture, &read(&path, &ReadOptions::default()).unwrap());
    assert_eq!(directory.path().read_dir().unwrap().count(), 1);
}

#[test]
fn long_recordings_stretch_their_timestamps() {
    // 10 h in 40 samples: 3.6e10 us do not fit in 32 bits.
    let hz = 40.0 / 36_000.0;
    for revision in [1991, 1999, 2013] {
        let capture = of_samples(vec![7i16; 40]);
        let time = TimeBase::uniform(rate(hz), 40, capture.time().start());
        let capture = capture.with_time(time).unwrap();
        let (again, lost) = there_and_back(&capture, "a.cfg", &options(revision, "BINARY"));
        assert_eq!((lost.as_slice(), again.warnings.as_slice()), (&[][..], &[][..]));
        assert_same(&capture, &again);
    }
}

/// Names that a field holds.
fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9 _./=()\\[\\]äжé°母-]{0,12}".prop_map(|s| s.trim().to_owned())
}

fn samples(kind: SampleKind, rows: usize) -> BoxedStrategy<Samples> {
    let n = rows;
    match kind {
        SampleKind::I16 => prop::collection::vec(-32_767i16.., n).prop_map(Samples::from).boxed(),
        SampleKind::I32 => prop::collection::vec(-2_147_483_647i32.., n)
            .prop_map(|x| {
                Samples::from(
                    x.into_iter()
                        .map(|v| if v == 99_999 || v == 999_999 { 0 } else { v })
                        .collect::<Vec<_>>(),
                )
            })
            .boxed(),
        SampleKind::F32 => {
            let any =
                prop_oneof![5 => -1e9f32..1e9, 1 => Just(f32::NAN), 1 => Just(0.0f32), 1 => Just(1e-30f32)];
            prop::collection::vec(any, n).prop_map(Samples::from).boxed()
        }
        SampleKind::F64 => {
            let any = prop_oneof![5 => -1e9f64..1e9, 1 => Just(f64::NAN), 1 => Just(-1e300), 1 => Just(7.0)];
            prop::collection::vec(any, n).prop_map(Samples::from).boxed()
        }
    }
}

fn channel(kinds: Vec<SampleKind>, rows: usize) -> impl Strategy<Value = Channel> {
    let codes = prop::sample::select(kinds).prop_flat_map(move |k| samples(k, rows));
    let ratio = prop::option::of((1.0..1e6f64, 1.0..200.0f64, any::<bool>()));
    let phase = prop::sample::select(vec![Phase::A, Phase::B, Phase::N, Phase::CA]);
    let unit = prop::sample::select(vec!["V", "kV", "A", "Hz", "°C", ""]);
    let limits = prop::option::of(prop::sample::select(vec![(-32_768.0, 32_767.0), (-32_767.0, 32_767.0)]));
    (codes, name(), phase, unit, 1e-6..10.0f64, -5.0..5.0f64, -500..500i32, ratio, limits).prop_map(
        |(codes, name, phase, unit, scale, offset, skew_us, ratio, limits)| {
            let mut c = Channel::new(name, unit, codes).with_scale(scale, offset);
            c.phase = Some(phase);
            c.skew_s = f64::from(skew_us) / 1e6;
            c.transformer = ratio.map(|(primary, secondary, at_primary)| Transformer {
                primary,
                secondary,
                side: if at_primary { Side::Primary } else { Side::Secondary },
            });
            // Only whole codes of 16 bits have a converter behind them that never exceeded these.
            if let Some(SamplesRef::I16(codes)) = c.samples.as_ref() {
                c.range = limits.filter(|_| codes.iter().all(|c| c.abs() < i16::MAX));
                c.missing_code = Some(i32::from(i16::MIN));
            }
            c
        },
    )
}

/// Segments at rates from `hz`, without gaps or with.
fn time_base(hz: Vec<f64>, has_gaps: bool) -> impl Strategy<Value = TimeBase> {
    let segment = (prop::sample::select(hz), 12..40u64, 3..50u32);
    let start = -5_000_000_000_000_000i64..3_000_000_000_000_000;
    (prop::collection::vec(segment, 1..4), start).prop_map(move |(parts, start_us)| {
        let mut segments: Vec<Segment> = Vec::new();
        for (hz, len, gap) in parts {
            let rate = rate(hz);
            let (mut first, mut offset_ps) = (0, 0);
            if let Some(last) = segments.last() {
                if last.rate == rate && !has_gaps {
                    continue;
                }
                first = last.first + last.len;
                offset_ps = last.offset_ps + last.rate.picoseconds(last.len - 1) + rate.picoseconds(1);
                // Longer than any period here, in whole microseconds.
                offset_ps += if has_gaps { i128::from(gap) * 25_000_000_000 } else { 0 };
            }
            segments.push(Segment { first, len, rate, offset_ps });
        }
        TimeBase::from_segments(Some(Timestamp(start_us * 1000)), segments).unwrap()
    })
}

/// A capture that a file of `revision` and `encoding` holds in full.
fn capture(revision: u16, encoding: &'static str) -> impl Strategy<Value = Capture> {
    use SampleKind::{F32, F64, I16, I32};
    let kinds = match encoding {
        "BINARY" => vec![I16],
        "BINARY32" => vec![I16, I32],
        "FLOAT32" => vec![I16, F32],
        _ => vec![I16, I32, F32, F64],
    };
    let time = prop_oneof![
        time_base(vec![50.0, 1200.0, 12_800.0, 44_100.0, 30_707.244_140_625], false),
        time_base(vec![50.0, 1250.0, 100.0], true),
    ];
    (time, 0..20usize, 0..4usize).prop_flat_map(move |(time, statuses, analogs)| {
        let rows = time.len() as usize;
        let channels = prop::collection::vec(channel(kinds.clone(), rows), analogs);
        let digital = (name(), prop::option::of(any::<bool>()), prop::collection::vec(0..2i16, rows));
        let digital = prop::collection::vec(digital, statuses.max(usize::from(analogs == 0)));
        let frequency = prop::option::of(prop::sample::select(vec![50.0, 60.0, 16.7]));
        (Just(time), channels, digital, name(), name(), frequency, 0..1_000_000_000u32).prop_map(
            move |(time, channels, digital, station, device, frequency, after_ns)| {
                let mut c = Capture::new(time, channels).unwrap();
                c.digital = digital
                    .into_iter()
                    .map(|(name, normal, states)| Digital { name, normal, states: states.into() })
                    .collect();
                (c.station, c.device, c.nominal_frequency_hz) = (station, device, frequency);
                let after_ns = if revision == 2013 { after_ns } else { after_ns / 1000 * 1000 };
                c.trigger = c.time().start().map(|t| Timestamp(t.as_nanos() + i64::from(after_ns)));
                if revision == 2013 {
                    c.notes =
                        [(super::super::LOCAL_CODE, "-5h30,-5h30"), (super::super::QUALITY_CODE, "B,3")]
                            .map(|(a, b)| (a.to_owned(), b.to_owned()))
                            .into();
                }
                c.notes.push((HDR.into(), "Zürich\n \nend".into()));
                for channel in c.channels_mut() {
                    channel.transformer = channel.transformer.filter(|_| revision > 1991);
                    // 1991 has no code for a missing sample in binary data.
                    channel.missing_code = channel.missing_code.filter(|_| revision > 1991);
                    channel.range = channel.range.filter(|_| encoding != "FLOAT32");
                }
                c
            },
        )
    })
}

fn case() -> impl Strategy<Value = (u16, &'static str, &'static str, Capture)> {
    let forms = [
        (1991, "ASCII", "a.cfg"),
        (1991, "BINARY", "a.cfg"),
        (1999, "ASCII", "a.cfg"),
        (1999, "BINARY", "a.cfg"),
        (2013, "ASCII", "a.cfg"),
        (2013, "ASCII", "a.cff"),
        (2013, "BINARY", "a.cff"),
        (2013, "BINARY32", "a.cfg"),
        (2013, "BINARY32", "a.cff"),
        (2013, "FLOAT32", "a.cfg"),
        (2013, "FLOAT32", "a.cff"),
    ];
    prop::sample::select(forms.to_vec()).prop_flat_map(|(revision, encoding, name)| {
        capture(revision, encoding).prop_map(move |c| (revision, encoding, name, c))
    })
}

proptest! {
    // A hundred of each revision and encoding.
    #![proptest_config(ProptestConfig::with_cases(1100))]
    #[test]
    fn what_is_written_is_read_back((revision, encoding, name, capture) in case()) {
        let (again, lost) = there_and_back(&capture, name, &options(revision, encoding));
        prop_assert_eq!(lost, Vec::<String>::new());
        prop_assert_eq!(&again.format, &format!("COMTRADE {revision} {encoding}"));
        assert_same(&capture, &again);
    }
}
