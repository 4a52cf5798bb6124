//! A capture with many events, and the daemon at work on it.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::Command;

use kilat::{Capture, Channel, SampleRate, Segment, TimeBase, Timestamp};
use serde_json::Value;

pub const RATE_HZ: f64 = 3200.0;
pub const DURATION_S: f64 = 120.0;
/// Where half a second is missing.
const GAP_AT: u64 = 200_000;

/// Numbers without order, the same for the same seed.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Three voltages, each with a dip or an interruption now and then; codes of 10 mV.
pub fn codes() -> Vec<Vec<i16>> {
    let mut random = Random(0x9E37_79B9);
    let n = (DURATION_S * RATE_HZ) as usize;
    let mut level = vec![vec![1.0; n]; 3];
    let mut at = 3 * RATE_HZ as usize;
    while at + 8000 < n {
        let (c, left) = (random.below(3) as usize, [0.02, 0.3, 0.5, 0.7, 0.8][random.below(5) as usize]);
        let cycles = if random.below(10) == 0 { 90 } else { 2 + random.below(10) };
        let len = (cycles as f64 * RATE_HZ / 50.0) as usize;
        level[c][at..at + len].fill(left);
        at += len + 1500 + random.below(1500) as usize;
    }
    let wave = |c: usize, k: usize| {
        32_527.0 * level[c][k] * (TAU * (50.0 * k as f64 / RATE_HZ - c as f64 / 3.0)).sin()
    };
    (0..3).map(|c| (0..n).map(|k| wave(c, k) as i16).collect()).collect()
}

/// The capture of these codes, with a gap, as a file in `dir`.
pub fn write_capture(dir: &Path) -> PathBuf {
    let rate = SampleRate::from_hz(RATE_HZ).unwrap();
    let n = (DURATION_S * RATE_HZ) as u64;
    let first = Segment { first: 0, len: GAP_AT, rate, offset_ps: 0 };
    let offset_ps = rate.picoseconds(GAP_AT) + 500_000_000_000;
    let second = Segment { first: GAP_AT, len: n - GAP_AT, rate, offset_ps };
    let time =
        TimeBase::from_segments(Some(Timestamp(1_800_000_000_000_000_000)), vec![first, second]).unwrap();
    let channel = |(name, x): (&str, Vec<i16>)| Channel::new(name, "V", x).with_scale(0.01, 0.0);
    let channels = ["Ua", "Ub", "Uc"].into_iter().zip(codes()).map(channel).collect();
    let path = dir.join("feeder.h5");
    kilat::io::write(&Capture::new(time, channels).unwrap(), &path).unwrap();
    path
}

/// The daemon on `source`, with results in `out`.
pub fn daemon(source: &str, out: &Path, more: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_kilat-daemon"));
    c.arg(source).arg("-o").arg(out).args(["--nominal-voltage", "230", "--frequency", "50"]).args(more);
    c
}

/// The lines of events.jsonl in `out`.
pub fn lines(out: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(out.join("events.jsonl")).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A line without what differs from one stream to the next.
pub fn result(line: &str) -> Value {
    let mut value: Value = serde_json::from_str(line).unwrap();
    assert!(value.as_object_mut().unwrap().remove("stream").unwrap().is_string());
    value
}
