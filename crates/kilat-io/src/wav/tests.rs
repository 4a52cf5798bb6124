use kilat_core::{Channel, SampleRate, SamplesRef, TimeBase};
use proptest::prelude::*;

use super::*;
use crate::ChannelMap;

/// A file of the old, plain kind, made by hand.
fn wav(
    form: [u8; 4],
    tag: u16,
    channels: u16,
    bits: u16,
    extra: &[(&[u8; 4], &[u8])],
    data: &[u8],
) -> Vec<u8> {
    let big = form == *b"RIFX";
    let n2 = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
    let n4 = |v: u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
    let row = channels * bits.div_ceil(8);
    let mut format = Vec::new();
    format.extend([n2(tag), n2(channels)].concat());
    format.extend([n4(6400), n4(6400 * u32::from(row))].concat());
    format.extend([n2(row), n2(bits)].concat());
    let mut body = b"WAVE".to_vec();
    for (id, bytes) in [(b"fmt ", &format[..])].iter().chain(extra).chain(&[(b"data", data)]) {
        body.extend(*id);
        body.extend(n4(bytes.len() as u32));
        body.extend(*bytes);
        body.extend(std::iter::repeat_n(0, bytes.len() % 2));
    }
    [&form[..], &n4(body.len() as u32), &body].concat()
}

fn read_bytes(bytes: Vec<u8>, options: &ReadOptions) -> Result<Capture> {
    read(&Source::Bytes { name: "a.wav".into(), bytes }, options)
}

fn plain(bytes: Vec<u8>) -> Capture {
    read_bytes(bytes, &ReadOptions::default()).unwrap()
}

fn mapped(source: &str, unit: &str, scale: Option<f64>) -> ReadOptions {
    let map = ChannelMap { source: source.into(), unit: Some(unit.into()), scale, ..ChannelMap::default() };
    ReadOptions { map: vec![map], ..ReadOptions::default() }
}

#[test]
fn every_width_reaches_from_minus_one_to_almost_one() {
    let lowest_highest: [(u16, &[u8], f64); 4] = [
        (8, &[0, 255], 1.0 / 128.0),
        (16, &[0, 0x80, 0xff, 0x7f], 1.0 / 32_768.0),
        (24, &[0, 0, 0x80, 0xff, 0xff, 0x7f], 1.0 / 8_388_608.0),
        (32, &[0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0x7f], 1.0 / 2_147_483_648.0),
    ];
    for (bits, data, step) in lowest_highest {
        let c = plain(wav(*b"RIFF", 1, 1, bits, &[], data));
        assert_eq!(
            (c.channels()[0].values(0..1).unwrap()[0], c.channels()[0].values(1..2).unwrap()[0]),
            (-1.0, 1.0 - step),
            "{bits} bits"
        );
        assert_eq!((c.channels()[0].clipped().unwrap(), c.warnings.len()), (2, 0), "{bits} bits");
        let swapped: Vec<u8> =
            data.chunks(usize::from(bits) / 8).flat_map(|b| b.iter().rev().copied()).collect();
        let c = plain(wav(*b"RIFX", 1, 1, bits, &[], &swapped));
        assert_eq!(
            (c.channels()[0].values(0..1).unwrap()[0], c.channels()[0].values(1..2).unwrap()[0]),
            (-1.0, 1.0 - step),
            "{bits} bits RIFX"
        );
    }
    let floats: Vec<u8> = [0.5f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(plain(wav(*b"RIFF", 3, 2, 32, &[], &floats)).channels()[1].values(0..1).unwrap()[0], -2.0);
    let floats: Vec<u8> = [0.1f64, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(plain(wav(*b"RIFF", 3, 1, 64, &[], &floats)).channels()[0].values(0..1).unwrap()[0], 0.1);
}

#[test]
fn a_calibration_is_the_value_at_full_scale() {
    let file = || wav(*b"RIFF", 1, 2, 16, &[], &[0, 0x40, 0, 0xc0, 0, 0x20, 0, 0]);
    let c = read_bytes(file(), &mapped("0", "V", Some(400.0))).unwrap();
    assert_eq!(
        (c.channels()[0].values(0..1).unwrap()[0], c.channels()[0].values(1..2).unwrap()[0]),
        (200.0, 100.0)
    );
    assert_eq!(c.channels()[0].kind, kilat_core::Kind::Voltage);
    let message = read_bytes(file(), &mapped("1", "A", None)).unwrap_err().to_string();
    assert!(
        message.starts_with("map: a.wav: channel `1` shall be in A, but nothing says how many A"),
        "{message}"
    );
    let uncalibrated = plain(file());
    assert!(uncalibrated.channels().iter().all(|c| c.kind == kilat_core::Kind::Other && c.unit == "FS"));
}

#[test]
fn odd_chunks_are_stepped_over_and_texts_are_kept() {
    let mut broadcast = vec![0; 602];
    broadcast[..9].copy_from_slice(b"feeder 7\0");
    broadcast[320..338].copy_from_slice(b"2024-05-2707:00:00");
    let info = [b"INFO".as_slice(), b"INAM", &5u32.to_le_bytes(), b"site\0\0", b"x"].concat();
    let extra: [(&[u8; 4], &[u8]); 4] =
        [(b"JUNK", &[1, 2, 3]), (b"bext", &broadcast), (b"LIST", &info), (b"cue ", &[0; 4])];
    let c = plain(wav(*b"RIFF", 1, 1, 16, &extra, &[1, 0, 2, 0]));
    let notes: Vec<_> = c.notes.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    assert_eq!(notes, [("description", "feeder 7"), ("origin", "2024-05-2707:00:00"), ("INAM", "site")]);
    assert_eq!(c.len(), 2);
}

#[test]
fn lengths_that_do_not_fit_are_told() {
    let mut bytes = wav(*b"RIFF", 1, 2, 16, &[], &[1, 0, 2, 0, 3, 0, 4, 0]);
    bytes.truncate(bytes.len() - 3);
    let c = plain(bytes.clone());
    assert_eq!((c.len(), c.warnings.len()), (1, 2));
    assert!(
        c.warnings[0].message.starts_with("declares 8 bytes of samples, 5 are there"),
        "{}",
        c.warnings[0]
    );
    // A recorder that was cut off never filled in the lengths.
    bytes[4..8].fill(0);
    bytes[40..44].fill(0);
    let c = plain(bytes);
    assert_eq!((c.len(), c.warnings.len()), (1, 1));
}

#[test]
fn a_cut_file_keeps_its_calibration() {
    let rate = SampleRate::from_hz(1000.0).unwrap();
    let codes: Vec<i16> = (0..1000).collect();
    let segments = [(0, 400, 0), (400, 600, 900_000_000_000)];
    let segment = |(first, len, offset_ps)| kilat_core::Segment { first, len, rate, offset_ps };
    let time = TimeBase::from_segments(None, segments.map(segment).to_vec()).unwrap();
    let channels = ["Ua", "Ub"].map(|n| Channel::new(n, "kV", codes.clone()).with_scale(0.25, -3.0));
    let whole = Capture::new(time, channels.to_vec()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wav");
    write(&whole, &path).unwrap();
    let bytes = std::fs::read(path).unwrap();
    // Four bytes a row; the second cut is within a row, the last one takes the second segment away.
    for (less, n) in [(0, 1000), (400, 900), (402, 899), (2600, 350), (3998, 0)] {
        let cut = plain(bytes[..bytes.len() - less].to_vec());
        assert_eq!(*cut.time(), whole.time().slice(0..n), "{less} bytes less");
        let ub = &cut.channels()[1];
        assert_eq!((ub.name.as_str(), ub.unit.as_str(), ub.scale, ub.offset), ("Ub", "kV", 0.25, -3.0));
        assert_eq!(cut.warnings.is_empty(), less == 0);
    }
}

#[test]
fn what_is_no_plain_wave_is_refused() {
    for (bytes, expected) in [
        (wav(*b"RIFF", 7, 1, 8, &[], &[0; 4]), "a.wav: WAV coding 7 (µ-law) is not supported"),
        (wav(*b"RIFF", 1, 0, 16, &[], &[0; 4]), "a.wav: chunk `fmt `: expected channels of"),
        (wav(*b"RIFF", 3, 1, 16, &[], &[0; 4]), "a.wav: chunk `fmt `: expected channels of"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0".to_vec(), "a.wav: chunks: expected a chunk `fmt `"),
    ] {
        let message = read_bytes(bytes, &ReadOptions::default()).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn more_than_four_gigabytes_take_lengths_of_64_bits() {
    let head = chunks::Head {
        format: format_chunk(false, 1, 250_000, 2),
        samples: None,
        metadata: b"{}".to_vec(),
        data_bytes: 6_000_000_000,
        rows: 3_000_000_000,
    };
    let bytes = head.bytes(*METADATA);
    assert!(bytes.starts_with(b"RF64\xff\xff\xff\xffWAVEds64"));
    let chunks: Vec<_> = Chunks::of(&bytes, "a").unwrap().map(|c| (c.id, c.declared)).collect();
    assert_eq!(chunks, [(*b"ds64", 28), (*b"fmt ", 40), (*b"kila", 2), (*b"data", 6_000_000_000)]);
    let total = u64::from_le_bytes(*bytes[20..].first_chunk().unwrap());
    assert_eq!(total, bytes.len() as u64 - 8 + 6_000_000_000);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        values in prop::collection::vec(any::<(i16, i32, f32, f64)>(), 1..60), which in 1usize..16
    ) {
        let n = values.len() as u64;
        let all = [
            Channel::new("Ua", "V", values.iter().map(|v| v.0).collect::<Vec<_>>()).with_scale(0.1, 2.0),
            Channel::new("Ub", "V", values.iter().map(|v| v.1).collect::<Vec<_>>()),
            Channel::new("Ia", "A", values.iter().map(|v| v.2).collect::<Vec<_>>()),
            Channel::new("Ib", "kA", values.iter().map(|v| v.3).collect::<Vec<_>>()).with_scale(f64::NAN, 0.0),
        ];
        let chosen: Vec<_> = all.into_iter().enumerate().filter(|(i, _)| which >> i & 1 == 1).map(|(_, c)| c).collect();
        let time = TimeBase::uniform(SampleRate::from_hz(6400.5).unwrap(), n, None);
        let capture = Capture::new(time.clone(), chosen).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        write(&capture, &path).unwrap();
        let back = read(&Source::File(path), &ReadOptions::default()).unwrap();
        prop_assert_eq!(back.time(), &time);
        for (a, b) in capture.channels().iter().zip(back.channels()) {
            let bits = |c: &Channel| match c.samples.as_ref().unwrap() {
                SamplesRef::I16(x) => x.iter().map(|v| i64::from(*v)).collect::<Vec<_>>(),
                SamplesRef::I32(x) => x.iter().map(|v| i64::from(*v)).collect(),
                SamplesRef::F32(x) => x.iter().map(|v| i64::from(v.to_bits())).collect(),
                SamplesRef::F64(x) => x.iter().map(|v| v.to_bits() as i64).collect(),
            };
            prop_assert_eq!(a.samples.kind(), b.samples.kind());
            prop_assert_eq!(bits(a), bits(b));
            prop_assert_eq!((a.scale.to_bits(), a.offset, &a.name), (b.scale.to_bits(), b.offset, &b.name));
        }
    }
}
