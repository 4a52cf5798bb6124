//! Cut and damaged CSV, NPY and HDF5: an answer or an error, never a panic, and never much time.
#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use kilat_core::{Capture, Channel, SampleRate, TimeBase, Timestamp, Warning};
use kilat_io::{ChannelMap, ReadOptions, SampleAxis, Source, read_source, write};

/// Mutations of each file.
const MUTATIONS: u64 = 2000;

/// Far above what a file of some kilobytes takes, far below what a runaway loop takes.
const MOST_TIME: Duration = Duration::from_secs(10);

fn capture() -> Capture {
    let wave = |f: f64| (0..500).map(|i| (f64::from(i) * f).sin() * 325.0).collect::<Vec<_>>();
    let codes: Vec<i16> = wave(0.05).iter().map(|v| *v as i16).collect();
    let time = TimeBase::uniform(
        SampleRate::from_hz(6400.0).unwrap(),
        500,
        Some(Timestamp(1_716_793_200_000_000_000)),
    );
    let channels =
        vec![Channel::new("Ua", "V", wave(0.05)), Channel::new("Ia", "A", codes).with_scale(0.5, 1.0)];
    let mut capture = Capture::new(time, channels).unwrap();
    capture.notes.push(("place".into(), "feeder 7".into()));
    capture.warnings.push(Warning::new("line 3", "a repaired date"));
    capture
}

fn bytes_of(extension: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(format!("a.{extension}"));
    write(&capture(), &path).unwrap();
    std::fs::read(path).unwrap()
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

fn try_read(extension: &str, bytes: Vec<u8>, what: &str) -> bool {
    let begun = Instant::now();
    let source = Source::Bytes { name: format!("a.{extension}"), bytes };
    let answer = read_source(&source, &options(extension));
    assert!(begun.elapsed() < MOST_TIME, "{extension}: {what}: {:?}", begun.elapsed());
    if let Ok(capture) = &answer {
        for c in capture.channels() {
            assert!(c.values(0..c.len()).unwrap().len() as u64 == capture.len(), "{extension}: {what}");
        }
    }
    answer.is_ok()
}

fn attack(extension: &str) {
    let whole = bytes_of(extension);
    assert!(try_read(extension, whole.clone(), "whole"));
    let step = whole.len().div_ceil(2000);
    for n in (0..whole.len()).step_by(step) {
        try_read(extension, whole[..n].to_vec(), &format!("first {n} bytes"));
    }
    let mut random = Random(1);
    for seed in 0..MUTATIONS {
        let mut bytes = whole.clone();
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
        try_read(extension, bytes, &format!("mutation {seed}"));
    }
}

/// The messages of panics that the HDF5 reader turns into errors would fill the screen.
fn silently(f: impl FnOnce()) {
    static HOOK: Mutex<()> = Mutex::new(());
    let _one_at_a_time = HOOK.lock().unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    std::panic::set_hook(hook);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn csv_survives() {
    attack("csv");
}

#[test]
fn npy_survives() {
    attack("npy");
}

#[test]
#[cfg_attr(feature = "libhdf5", ignore = "the C library itself reads out of bounds on damaged files")]
fn hdf5_survives() {
    silently(|| attack("h5"));
}
