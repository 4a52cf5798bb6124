//! Files of every layout, written here and read back.

use std::path::PathBuf;

use kilat_core::capture::{Digital, Side, Transformer};
use kilat_core::{
    Channel, Kind, Phase, SampleRate, Samples, SamplesRef, Segment, TimeBase, Timestamp, Warning,
};
use proptest::prelude::*;
use rust_hdf5::{H5File, H5Type};

use super::*;
use crate::{ChannelMap, SampleAxis};

/// A file made by `fill`, in a directory that lives as long as the test.
fn file(fill: impl FnOnce(&H5File)) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.h5");
    let file = H5File::create(&path).unwrap();
    fill(&file);
    file.close().unwrap();
    (dir, path)
}

fn dataset<T: H5Type>(file: &H5File, name: &str, shape: &[usize], values: &[T], attrs: &[(&str, f64)]) {
    let (group, leaf) = name.rsplit_once('/').unwrap_or(("", name));
    let dataset = if group.is_empty() {
        file.new_dataset::<T>().shape(shape).create(leaf)
    } else {
        let group = file.root_group().create_group(group).unwrap();
        group.new_dataset::<T>().shape(shape).create(leaf)
    }
    .unwrap();
    dataset.write_raw(values).unwrap();
    for (name, value) in attrs {
        dataset.new_attr::<f64>().shape(()).create(name).unwrap().write_numeric(value).unwrap();
    }
}

fn read_path(path: &Path, options: &ReadOptions) -> Result<Capture> {
    read(&Source::File(path.to_owned()), options)
}

fn open(path: &Path) -> Capture {
    read_path(path, &ReadOptions::default()).unwrap()
}

fn ramp(n: i16) -> Vec<i16> {
    (0..n).collect()
}

#[test]
fn blond_clear_and_medal() {
    let root = |file: &H5File| {
        for (name, value) in
            [("year", 2016u32), ("month", 10), ("day", 5), ("hours", 12), ("minutes", 0), ("seconds", 1)]
        {
            file.set_attr_numeric(name, &value).unwrap();
        }
        file.set_attr_numeric("microseconds", &123_456u32).unwrap();
        file.set_attr_numeric("frequency", &250_000u64).unwrap();
        file.set_attr_numeric("sequence", &7u64).unwrap();
        file.set_attr_string("timezone", "+0200").unwrap();
        file.set_attr_string("name", "clear").unwrap();
    };
    let (_dir, path) = file(|f| {
        root(f);
        dataset(f, "voltage1", &[100], &ramp(100), &[("calibration_factor", 0.5), ("removed_offset", 9.0)]);
        dataset(f, "current1", &[98], &ramp(98), &[("calibration_factor", 2.0)]);
    });
    let c = open(&path);
    assert_eq!((c.format.as_str(), c.device.as_str(), c.len()), ("HDF5 BLOND", "clear", 98));
    assert_eq!(c.time().start().unwrap().to_string(), "2016-10-05T10:00:01.123456Z");
    assert_eq!(c.time().rate().unwrap().hz(), 250_000.0);
    let u = c.channel("voltage1").unwrap();
    assert_eq!((u.values(9..10).unwrap()[0], u.unit.as_str(), u.phase), (4.5, "V", Some(Phase::A)));
    assert!(c.warnings[0].message.starts_with("100 samples where the shortest channel has 98"));
    assert!(c.notes.contains(&("sequence".into(), "7".into())));

    let (_dir, path) = file(|f| {
        root(f);
        for name in ["voltage", "current1", "current6"] {
            dataset(f, name, &[100], &ramp(100), &[("calibration_factor", 0.5)]);
        }
    });
    let c = open(&path);
    assert_eq!(c.channels().iter().map(|c| c.phase).collect::<Vec<_>>(), [None; 3]);
    assert_eq!(c.channel("current6").unwrap().kind, Kind::Current);
}

#[test]
fn datasets_of_one_length_and_a_rate_are_read_as_they_are() {
    let (_dir, path) = file(|f| {
        dataset(f, "a", &[40], &ramp(40), &[("sample_rate", 6400.0), ("scale", 0.5), ("offset", 1.0)]);
        dataset(f, "b", &[40], &[7u16; 40], &[]);
        f.set_attr_string("start_time", "2024-05-27T07:00:00Z").unwrap();
    });
    let c = open(&path);
    assert_eq!((c.time().rate().unwrap().hz(), c.channels().len()), (6400.0, 2));
    assert_eq!(
        (c.channels()[0].values(4..5).unwrap()[0], c.channels()[1].values(4..5).unwrap()[0]),
        (3.0, 7.0)
    );
    assert_eq!(c.time().start().unwrap().to_string(), "2024-05-27T07:00:00Z");
}

#[test]
fn a_rate_is_found_on_the_dataset_its_group_or_the_root() {
    let nested = |f: &H5File| dataset(f, "g/u", &[40], &ramp(40), &[]);
    let (_dir, path) = file(|f| {
        nested(f);
        f.root_group().set_attr_numeric("dt", &1e-3).unwrap();
    });
    assert_eq!(open(&path).time().rate().unwrap().hz(), 1000.0);
    let (_dir, path) = file(|f| {
        let group = f.create_group("g").unwrap();
        group.set_attr_numeric("fs", &12_800i32).unwrap();
        group.new_dataset::<i16>().shape([40]).create("u").unwrap().write_raw(&ramp(40)).unwrap();
    });
    assert_eq!(open(&path).time().rate().unwrap().hz(), 12_800.0);
    // 50 Hz is the network's.
    let (_dir, path) = file(|f| {
        nested(f);
        f.set_attr_numeric("frequency", &50u32).unwrap();
    });
    let message = read_path(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.starts_with("sample_rate_hz: a.h5: no attribute"), "{message}");
}

#[test]
fn a_dataset_of_times_gives_the_rate() {
    let times: Vec<f64> = (0..400).map(|i| f64::from(i) / 6400.0).collect();
    let (_dir, path) = file(|f| {
        dataset(f, "time", &[400], &times, &[]);
        dataset(f, "u", &[400], &ramp(400), &[]);
    });
    let c = open(&path);
    assert_eq!((c.time().rate().unwrap().hz(), c.channels().len()), (6400.0, 1));
}

#[test]
fn what_is_not_clear_is_asked_for_with_a_list() {
    let (_dir, path) = file(|f| {
        dataset(f, "a", &[40], &ramp(40), &[]);
        dataset(f, "b", &[3, 20], &[1.5f32; 60], &[]);
    });
    let message = read_path(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.starts_with("map: a.h5: it is not clear which datasets are channels"), "{message}");
    assert!(message.ends_with("datasets found: `a` (40) i16, `b` (3, 20) f32"), "{message}");

    let by = |source: &str| ReadOptions {
        sample_rate_hz: Some(1000.0),
        map: vec![ChannelMap { source: source.into(), unit: Some("V".into()), ..ChannelMap::default() }],
        axis: Some(SampleAxis::Columns),
        ..ReadOptions::default()
    };
    assert_eq!(read_path(&path, &by("/a")).unwrap().channels()[0].values(9..10).unwrap()[0], 9.0);
    let c = read_path(&path, &by("b:2")).unwrap();
    assert_eq!((c.len(), c.channels()[0].name.as_str(), c.channels()[0].kind), (20, "b:2", Kind::Voltage));
    for (wrong, found) in [
        ("c", "no dataset fits `c`"),
        ("b:x", "no dataset fits `b:x`"),
        ("b:3", "expected `path:column` with a column of 0 to 2, found `b:3`"),
        ("b", "expected `path:column` with a column of 0 to 2, found `b`"),
    ] {
        let message = read_path(&path, &by(wrong)).unwrap_err().to_string();
        assert!(message.contains(found), "{message}");
    }
}

#[test]
fn types_become_the_nearest_that_loses_nothing() {
    let (_dir, path) = file(|f| {
        dataset(f, "a", &[2], &[-128i8, 127], &[("fs", 1000.0)]);
        dataset(f, "b", &[2], &[0u32, u32::MAX], &[]);
        dataset(f, "c", &[2], &[-1i64, 1 << 53], &[]);
    });
    let c = open(&path);
    let values: Vec<Vec<f64>> = c.channels().iter().map(|c| c.values(0..2).unwrap()).collect();
    assert_eq!(values, [vec![-128.0, 127.0], vec![0.0, f64::from(u32::MAX)], vec![-1.0, 2f64.powi(53)]]);
    let (_dir, path) = file(|f| dataset(f, "c", &[2], &[0i64, (1 << 53) + 1], &[("fs", 1000.0)]));
    let message = read_path(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(message, "a.h5: dataset `c`: value 1: expected at most 2^53, found a larger integer");
}

#[test]
fn a_small_file_does_not_unfold_into_much() {
    // Chunks that were never written read as zeros and take no room in the file.
    let unwritten = |f: &H5File, name: &str| {
        f.new_dataset::<i8>().shape([12 << 20]).chunk(&[1 << 20]).create(name).unwrap();
    };
    let options = ReadOptions { sample_rate_hz: Some(1000.0), ..ReadOptions::default() };
    let (_dir, path) = file(|f| unwritten(f, "a"));
    assert_eq!(read_path(&path, &options).unwrap().len(), 12 << 20);
    let (_dir, path) = file(|f| {
        unwritten(f, "a");
        unwritten(f, "b");
    });
    let message = read_path(&path, &options).unwrap_err().to_string();
    assert!(message.starts_with("a.h5: dataset `b`: expected at most "), "{message}");
}

#[test]
fn a_later_layout_is_refused() {
    let (_dir, path) = file(|f| f.set_attr_numeric("kilat_layout", &2u32).unwrap());
    let message = read_path(&path, &ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(message, "a.h5: layout version 2 is not supported; this version of kilat reads layout 1");
}

#[test]
fn recognised_by_the_signature_alone() {
    assert_eq!(score(SIGNATURE, "x.bin"), 255);
    assert_eq!(score(&[&[0; 512], SIGNATURE].concat(), "x.bin"), 255);
    assert_eq!(score(b"HDF", "x.h5"), 0);
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 µ/°«中\n]{0,12}"
}

fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("a number", |v| !v.is_nan())
}

fn samples(n: usize) -> impl Strategy<Value = Samples> {
    use prop::collection::vec;
    prop_oneof![
        vec(any::<i16>(), n).prop_map(Samples::from),
        vec(any::<i32>(), n).prop_map(Samples::from),
        vec(any::<f32>(), n).prop_map(Samples::from),
        vec(any::<f64>(), n).prop_map(Samples::from),
    ]
}

fn channel(n: usize) -> impl Strategy<Value = Channel> {
    let phase = prop::option::of(prop::sample::select(vec![Phase::A, Phase::N, Phase::CA]));
    let kind = prop::sample::select(vec![Kind::Voltage, Kind::Current, Kind::Other]);
    let side = prop::sample::select(vec![Side::Primary, Side::Secondary]);
    let transformer = (number(), number(), side).prop_map(|(primary, secondary, side)| Transformer {
        primary,
        secondary,
        side,
    });
    let pair = prop::option::of((number(), number()));
    let known = (pair, prop::option::of(any::<i32>()), prop::option::of(transformer));
    (text(), text(), phase, kind, (number(), number(), number()), known, samples(n)).prop_map(
        |(name, unit, phase, kind, (scale, offset, skew_s), (range, missing_code, transformer), samples)| {
            Channel {
                name,
                phase,
                kind,
                unit,
                scale,
                offset,
                samples,
                missing_code,
                range,
                transformer,
                skew_s,
            }
        },
    )
}

fn capture() -> impl Strategy<Value = Capture> {
    let segment = (0u64..40, 1u64..1 << 40, 1u64..1 << 40, 0i128..1 << 70);
    let when = || prop::option::of(any::<i64>().prop_map(Timestamp));
    (prop::collection::vec(segment, 0..4), when(), when(), prop::option::of(number())).prop_flat_map(
        |(parts, start, trigger, nominal)| {
            let mut segments: Vec<Segment> = Vec::new();
            for (len, num, den, offset_ps) in parts {
                let first = segments.last().map_or(0, |s| s.first + s.len);
                segments.push(Segment {
                    first,
                    len,
                    rate: SampleRate::from_ratio(num, den).unwrap(),
                    offset_ps,
                });
            }
            let time = TimeBase::from_segments(start, segments).unwrap();
            let n = time.len() as usize;
            let pairs = || prop::collection::vec((text(), text()), 0..3);
            let states = (text(), prop::option::of(any::<bool>()), prop::collection::vec(0i16..2, n));
            let digital =
                states.prop_map(|(name, normal, states)| Digital { name, normal, states: states.into() });
            let parts = (
                prop::collection::vec(channel(n), 0..4),
                prop::collection::vec(digital, 0..2),
                (text(), text(), text()),
                (pairs(), pairs()),
            );
            parts.prop_map(move |(channels, digital, (station, device, format), (notes, warnings))| {
                let mut c = Capture::new(time.clone(), channels).unwrap();
                (c.station, c.device, c.format) = (station, device, format);
                (c.nominal_frequency_hz, c.trigger, c.digital, c.notes) = (nominal, trigger, digital, notes);
                c.warnings = warnings.into_iter().map(|(at, message)| Warning::new(at, message)).collect();
                c
            })
        },
    )
}

/// Bits of the codes, so that NaN compares too.
fn bits(samples: &Samples) -> Vec<u64> {
    match samples.as_ref().unwrap() {
        SamplesRef::I16(x) => x.iter().map(|v| *v as u64).collect(),
        SamplesRef::I32(x) => x.iter().map(|v| *v as u64).collect(),
        SamplesRef::F32(x) => x.iter().map(|v| u64::from(v.to_bits())).collect(),
        SamplesRef::F64(x) => x.iter().map(|v| v.to_bits()).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_written_is_read_back(capture in capture()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.h5");
        prop_assert_eq!(write(&capture, &path).unwrap(), Vec::<String>::new());
        let back = read_path(&path, &ReadOptions::default()).unwrap();
        prop_assert_eq!(back.time(), capture.time());
        prop_assert_eq!(
            (&back.station, &back.device, &back.format, &back.notes, &back.warnings),
            (&capture.station, &capture.device, &capture.format, &capture.notes, &capture.warnings)
        );
        prop_assert_eq!(
            (back.nominal_frequency_hz, back.trigger, back.digital.len(), back.channels().len()),
            (capture.nominal_frequency_hz, capture.trigger, capture.digital.len(), capture.channels().len())
        );
        for (a, b) in capture.digital.iter().zip(&back.digital) {
            prop_assert_eq!((&a.name, a.normal), (&b.name, b.normal));
            prop_assert_eq!(a.values(0..a.states.len()).unwrap(), b.values(0..b.states.len()).unwrap());
        }
        for (a, b) in capture.channels().iter().zip(back.channels()) {
            prop_assert_eq!((&a.name, a.phase, a.kind, &a.unit), (&b.name, b.phase, b.kind, &b.unit));
            prop_assert_eq!((a.scale, a.offset, a.skew_s), (b.scale, b.offset, b.skew_s));
            prop_assert_eq!((a.range, a.missing_code, a.transformer), (b.range, b.missing_code, b.transformer));
            prop_assert_eq!((a.samples.kind(), bits(&a.samples)), (b.samples.kind(), bits(&b.samples)));
        }
    }
}

#[test]
fn more_samples_than_a_chunk() {
    let codes: Vec<i32> = (0..200_000).map(|i| i * 7 % 1000).collect();
    let time = TimeBase::uniform(SampleRate::from_hz(50_000.0).unwrap(), 200_000, None);
    let capture = Capture::new(time, vec![Channel::new("u", "V", codes.clone())]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.h5");
    write(&capture, &path).unwrap();
    assert!(path.metadata().unwrap().len() < 400_000, "it is compressed");
    assert!(matches!(open(&path).channels()[0].samples.as_ref().unwrap(), SamplesRef::I32(x) if x == codes));
}

/// What the HDF5 crate decodes on its own, of datasets of every filter that ours decodes.
#[test]
#[cfg(not(feature = "libhdf5"))]
fn chunks_are_decoded_as_the_library_decodes_them() {
    use kilat_core::Codes;
    use rust_hdf5::format::LibverBound;

    let codes: Vec<i32> = (0..1_000_000).map(|i| i % 10_007 * 7919 % 10_007 - 5000).collect();
    let (_dir, path) = file(|f| {
        f.set_libver_bound(LibverBound::V18).unwrap();
        let data = || f.new_dataset::<i32>().shape([codes.len()]);
        data().create("whole").unwrap().write_raw(&codes).unwrap();
        data().chunk(&[4096]).create("plain").unwrap().write_raw(&codes).unwrap();
        data().chunk(&[4096]).deflate(1).create("gzip").unwrap().write_raw(&codes).unwrap();
        data().chunk(&[65_536]).shuffle_deflate(1).create("both").unwrap().write_raw(&codes).unwrap();
    });
    let container = Container::open(&path, "a.h5").unwrap();
    for name in ["whole", "plain", "gzip", "both"] {
        let array = container.array(name).unwrap();
        let all = array.samples().unwrap();
        assert!(matches!(all.as_ref(), Some(SamplesRef::I32(x)) if x == codes), "{name}");
        let stored = array.in_parts().unwrap();
        let read_all = || {
            let mut own = Codes::default();
            for range in [0..10, 4090..4100, 65_530..200_000, 999_990..1_000_000, 7..7] {
                let part = stored.read(range.clone(), &mut own).unwrap();
                assert!(matches!(part, SamplesRef::I32(x) if x == &codes[range.clone()]), "{name} {range:?}");
            }
        };
        // Alone, and while others read the same dataset.
        read_all();
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(read_all))));
    }
}

/// A chunk that was not compressed, and of which the file says that it is shorter than the others.
#[test]
#[cfg(not(feature = "libhdf5"))]
fn a_chunk_that_is_too_short_is_an_error_all_at_once_and_in_parts() {
    use kilat_core::Codes;
    use rust_hdf5::format::LibverBound;

    let codes: Vec<i32> = (0..10_000).collect();
    let (_dir, path) = file(|f| {
        f.set_libver_bound(LibverBound::V18).unwrap();
        let data = f.new_dataset::<i32>().shape([codes.len()]).chunk(&[4096]);
        data.create("plain").unwrap().write_raw(&codes).unwrap();
    });
    let mut bytes = std::fs::read(&path).unwrap();
    // The key of the second chunk: its bytes, no filter left out, its first number.
    let key = [&(4 * 4096u32).to_le_bytes()[..], &[0; 4], &4096u64.to_le_bytes()].concat();
    let at = bytes.windows(key.len()).position(|w| w == key).unwrap();
    bytes[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let array = Container::open(&path, "a.h5").unwrap().array("plain").unwrap();
    let short = "chunk 1 is shorter than it should be";
    assert!(array.samples().unwrap_err().to_string().contains(short));
    let (stored, mut own) = (array.in_parts().unwrap(), Codes::default());
    assert!(stored.read(4000..4200, &mut own).unwrap_err().to_string().contains(short));
    assert!(matches!(stored.read(4000..4096, &mut own), Ok(SamplesRef::I32(x)) if x == &codes[4000..4096]));
}
