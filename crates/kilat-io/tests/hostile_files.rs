//! Cut and damaged files of every format but COMTRADE, which has its own: an answer or an error, never a panic, never much time, and
//! never more memory than the file gives reason for.
#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod counting;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use counting::{BASE, alone, counted, unfolded_bytes};
use kilat_core::capture::Digital;
use kilat_core::{Capture, Channel, SampleKind, SampleRate, Segment, TimeBase, Timestamp, Warning};
use kilat_io::{ChannelMap, ReadOptions, SampleAxis, Source, read, read_source, write};

/// Mutations of each file.
const MUTATIONS: u64 = 2000;

/// Far above what a file of some kilobytes takes, far below what a runaway loop takes.
const MOST_TIME: Duration = Duration::from_secs(1);

fn width(kind: SampleKind) -> usize {
    match kind {
        SampleKind::I16 => 2,
        SampleKind::I32 | SampleKind::F32 => 4,
        SampleKind::F64 => 8,
    }
}

fn capture(n: u32, as_codes: bool) -> Capture {
    let wave = |f: f64| (0..n).map(|i| (f64::from(i) * f).sin() * 325.0).collect::<Vec<_>>();
    let codes: Vec<i16> = wave(0.05).iter().map(|v| (*v * 100.0) as i16).collect();
    let start = Some(Timestamp(1_716_793_200_000_000_000));
    let time = TimeBase::uniform(SampleRate::from_hz(6400.0).unwrap(), u64::from(n), start);
    let ua =
        if as_codes { Channel::new("Ua", "V", codes.clone()) } else { Channel::new("Ua", "V", wave(0.05)) };
    let channels = vec![ua, Channel::new("Ia", "A", codes).with_scale(0.5, 1.0)];
    let mut capture = Capture::new(time, channels).unwrap();
    capture.notes.push(("place".into(), "feeder 7".into()));
    capture.warnings.push(Warning::new("line 3", "a repaired date"));
    capture
}

fn file(extension: &str, n: u32, dir: &Path) -> std::path::PathBuf {
    let path = dir.join(format!("a.{extension}"));
    write(&capture(n, ["flac", "wav"].contains(&extension)), &path).unwrap();
    path
}

fn options(extension: &str) -> ReadOptions {
    let map = if extension == "npy" {
        vec![ChannelMap { source: "1".into(), ..ChannelMap::default() }]
    } else {
        vec![]
    };
    ReadOptions {
        sample_rate_hz: Some(6400.0),
        axis: Some(SampleAxis::Columns),
        map,
        ..ReadOptions::default()
    }
}

/// Numbers that look random and are the same every time (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % n as u64) as usize
    }
}

/// Reads; the memory it may take is `most`.
fn try_read(extension: &str, bytes: Vec<u8>, most: usize, what: &str) -> bool {
    let source = Source::Bytes { name: format!("a.{extension}"), bytes };
    let options = options(extension);
    let begun = Instant::now();
    let (answer, peak) = counted(|| read_source(&source, &options));
    let took = begun.elapsed();
    assert!(took < MOST_TIME, "{extension}: {what}: {took:?}");
    assert!(peak <= most, "{extension}: {what}: {peak} bytes of memory, at most {most}");
    if let Ok(capture) = &answer {
        for c in capture.channels() {
            let values = c.values(0..c.len()).map_or(c.len(), |v| v.len());
            assert!(values as u64 == capture.len(), "{extension}: {what}");
        }
    }
    answer.is_ok()
}

/// Every prefix, and the mutations.
fn attack(extension: &str, unpacked: impl Fn(&[u8]) -> usize) {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(file(extension, 100, dir.path())).unwrap();
    attack_bytes(extension, &whole, unpacked);
}

/// The same; `unpacked` says how many bytes a file unpacks to, which count as present.
fn attack_bytes(extension: &str, whole: &[u8], unpacked: impl Fn(&[u8]) -> usize) {
    let most = |bytes: &[u8]| BASE + 2 * (whole.len() + unpacked(bytes));
    assert!(try_read(extension, whole.to_vec(), most(whole), "whole"));
    for n in 0..whole.len() {
        try_read(extension, whole[..n].to_vec(), most(&whole[..n]), &format!("first {n} bytes"));
    }
    let mut random = Random(1);
    for seed in 0..MUTATIONS {
        let mut bytes = whole.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(5) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = random.below(256) as u8,
                2 => bytes[at] = 0xff,
                3 => {
                    let end = (at + random.below(8) + 1).min(bytes.len());
                    bytes[at..end].fill(0xff);
                }
                _ => {
                    let end = (at + random.below(64)).min(bytes.len());
                    bytes.drain(at..end);
                    bytes.push(0);
                }
            }
        }
        let most = most(&bytes);
        try_read(extension, bytes, most, &format!("mutation {seed}"));
    }
}

/// The messages of panics that a decoder's caller turns into errors would fill the screen; that of `f` itself is kept.
fn silently(f: impl FnOnce()) {
    static HOOK: Mutex<()> = Mutex::new(());
    let _one = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    std::panic::set_hook(hook);
    if let Err(panic) = outcome {
        let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        panic!("{message}");
    }
}

#[test]
fn csv_survives() {
    attack("csv", |_| 0);
}

#[test]
fn npy_survives() {
    attack("npy", |_| 0);
}

#[test]
fn npz_survives() {
    attack("npz", |_| 0);
}

#[test]
fn wav_survives() {
    attack("wav", |_| 0);
}

#[test]
fn flac_survives() {
    silently(|| attack("flac", |_| 0));
}

#[test]
fn parquet_survives() {
    silently(|| attack("parquet", |_| 0));
}

#[test]
fn pqdif_survives() {
    attack("pqd", unfolded_bytes);
}

/// Damage inside of the bodies, where packed ones only fail to unfold.
#[test]
fn pqdif_that_is_not_packed_survives() {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let packed = std::fs::read(file("pqd", 100, dir.path())).unwrap();
    attack_bytes("pqd", &unfolded(&packed), |_| 0);
}

/// The same records with bodies as they are, and without checksums.
fn unfolded(packed: &[u8]) -> Vec<u8> {
    const HEADER: usize = 64;
    let word = |at: usize| u32::from_le_bytes(*packed[at..].first_chunk().unwrap()) as usize;
    let (mut out, mut at) = (Vec::new(), 0);
    loop {
        let stored = &packed[at + HEADER..][..word(at + 36)];
        let mut body = Vec::new();
        if at == 0 {
            body.extend(stored);
            // The tag of the style of compression, and the value in its entry.
            let tag = [0x1b, 0x86, 0x73, 0x89];
            let entry = (4..body.len()).step_by(28).find(|i| body[*i..].starts_with(&tag)).unwrap();
            body[entry + 20] = 0;
        } else {
            std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(stored), &mut body).unwrap();
        }
        let next = if word(at + 40) == 0 { 0 } else { out.len() + HEADER + body.len() };
        out.extend(&packed[at..at + 36]);
        out.extend((body.len() as u32).to_le_bytes());
        out.extend((next as u32).to_le_bytes());
        out.extend([0; 20]);
        out.extend(body);
        match word(at + 40) {
            0 => return out,
            next => at = next,
        }
    }
}

#[test]
fn arrow_survives() {
    silently(|| attack("arrow", |_| 0));
}

#[test]
#[cfg_attr(feature = "libhdf5", ignore = "the C library itself reads out of bounds on damaged files")]
fn hdf5_survives() {
    silently(|| attack("h5", |_| 0));
}

/// Many notes that all are one long text, which lies in the file once.
#[test]
#[cfg_attr(feature = "libhdf5", ignore = "the C library takes all texts at once")]
fn a_text_in_many_places_of_hdf5_is_refused() {
    const LONG: usize = 100_000;
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.h5");
    let mut notes = capture(100, false);
    notes.notes = (0..200).map(|i| (i.to_string(), "x".repeat(if i == 0 { LONG } else { 1 }))).collect();
    write(&notes, &path).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let length = (LONG as u32).to_le_bytes();
    let is_reference =
        |at: &usize| bytes[*at..].starts_with(&length) && bytes[at + 16..].starts_with(&[1, 0, 0, 0]);
    let first = (0..bytes.len() - 200 * 16).find(is_reference).unwrap();
    for i in 1..200 {
        bytes.copy_within(first..first + 16, first + 16 * i);
    }
    let most = BASE + 2 * bytes.len();
    assert!(!try_read("h5", bytes, most, "one text in many places"));
}

#[test]
fn a_sound_file_takes_no_more_than_twice_its_samples() {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let n = 200_000;
    for extension in ["npy", "npz", "wav", "flac", "parquet", "arrow", "h5", "csv", "pqd"] {
        let path = file(extension, n, dir.path());
        let (capture, peak) = counted(|| read(&path, &options(extension)).unwrap());
        let samples: usize = capture.channels().iter().map(|c| c.len() * width(c.samples.kind())).sum();
        let present = samples.max(path.metadata().unwrap().len() as usize);
        assert!(peak <= BASE + 2 * present, "{extension}: {peak} bytes for {present}");
    }
}

/// Observations one after the other, and status channels, of which a file holds a byte for each sample.
#[test]
fn a_sound_pqdif_of_many_pieces_takes_no_more_than_twice_what_it_unfolds_to() {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    for (pieces, channels) in [(1, 2), (10, 2), (100, 2), (1, 0), (100, 0)] {
        let mut recording = capture(200_000, true);
        let n = recording.len() / pieces;
        let rate = recording.time().rate().unwrap();
        let segment = |k| Segment { first: k * n, len: n, rate, offset_ps: rate.picoseconds(2 * k * n) };
        let time =
            TimeBase::from_segments(recording.time().start(), (0..pieces).map(segment).collect()).unwrap();
        recording = Capture::new(time, recording.channels()[..channels].to_vec()).unwrap();
        recording.digital = (0..8)
            .map(|k| Digital {
                name: format!("D{k}"),
                normal: None,
                states: (0..200_000).map(|i| i16::from(i % 777 > k)).collect::<Vec<i16>>().into(),
            })
            .collect();
        let path = dir.path().join("a.pqd");
        write(&recording, &path).unwrap();
        let present = unfolded_bytes(&std::fs::read(&path).unwrap());
        let (back, peak) = counted(|| read(&path, &ReadOptions::default()).unwrap());
        assert_eq!((back.time(), back.len()), (recording.time(), 200_000), "{pieces} pieces");
        for (a, b) in back.digital.iter().zip(&recording.digital) {
            assert_eq!(a.values(0..200_000).unwrap(), b.values(0..200_000).unwrap(), "{}", b.name);
        }
        assert!(
            peak <= BASE + 2 * present,
            "{pieces} pieces, {channels} channels: {peak} bytes for {present}"
        );
    }
}

/// A name of a channel is in the file once, and in each observation of it by a number.
#[test]
fn a_long_name_in_many_observations_of_pqdif_is_refused() {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let mut recording = capture(2000, true);
    let rate = recording.time().rate().unwrap();
    let segment = |first| Segment { first, len: 1, rate, offset_ps: rate.picoseconds(2 * first) };
    let time = TimeBase::from_segments(recording.time().start(), (0..2000).map(segment).collect()).unwrap();
    let name = "x".repeat(100_000);
    let channels = recording.channels().iter().map(|c| Channel { name: name.clone(), ..c.clone() }).collect();
    recording = Capture::new(time, channels).unwrap();
    let path = dir.path().join("a.pqd");
    write(&recording, &path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let most = BASE + 2 * (bytes.len() + unfolded_bytes(&bytes));
    assert!(!try_read("pqd", bytes, most, "a long name"));
}

/// Rows at times that rise and fall, each of which might be a piece of its own.
#[test]
fn times_without_order_are_refused() {
    let _one = alone();
    let rows: Vec<String> = (0..100_000).map(|i| format!("{}.{},1", i % 7, i % 3)).collect();
    let text = format!("t,Ua [V]\n{}", rows.join("\n")).into_bytes();
    let most = BASE + 2 * text.len();
    let source = Source::Bytes { name: "a.csv".into(), bytes: text };
    let (answer, peak) = counted(|| read_source(&source, &ReadOptions::default()));
    assert!(peak <= most, "{peak} bytes of memory, at most {most}");
    let message = answer.unwrap_err().to_string();
    assert!(message.contains("number of segments by the times"), "{message}");
}

/// Tables in which a number takes two bytes or little more.
#[test]
fn short_numbers_take_little_memory() {
    use std::fmt::Write as _;
    let _one = alone();
    let table = |head: &str, row: &dyn Fn(u32) -> String| {
        (0..200_000).fold(format!("{head}\n"), |mut text, i| {
            let _ = writeln!(text, "{}", row(i));
            text
        })
    };
    for (what, rate, text) in [
        ("one column", Some(1000.0), table("Ua [V]", &|i| (i % 7).to_string())),
        ("six columns", Some(1000.0), table("a,b,c,d,e,f", &|i| format!("{},1,,0,-1,{}", i % 9, i % 2))),
        ("sample numbers", Some(1000.0), table("n;Ua [V]", &|i| format!("{i};{}", i % 3))),
        ("times", None, table("t,Ua [V]", &|i| format!("{}.{:03},{}", i / 1000, i % 1000, i % 5))),
        ("a time and tenths", None, table("t [ms],Ua [V]", &|i| format!("{i},{}.{}", i % 100, i % 10))),
    ] {
        let present = text.len();
        let source = Source::Bytes { name: "a.csv".into(), bytes: text.into_bytes() };
        let options = ReadOptions { sample_rate_hz: rate, ..ReadOptions::default() };
        let (capture, peak) = counted(|| read_source(&source, &options).unwrap());
        assert_eq!((capture.len(), capture.warnings.len()), (200_000, 0), "{what}: {:?}", capture.warnings);
        assert!(peak <= BASE + 2 * present, "{what}: {peak} bytes for {present}");
    }
}
