//! Public recordings in CSV, NPY, HDF5, WAV and FLAC against figures that an independent reader took from the same files.
//! They are no part of the repository: without them beside it the test says so and passes.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test helper fails by panicking and says what it skipped"
)]

use std::path::{Path, PathBuf};

use kilat_core::{Capture, Channel};
use kilat_io::{ChannelMap, ReadOptions, read};
use serde_json::Value;

/// Sums over some ten thousand values in another order differ by this much at most.
const TOLERANCE: f64 = 1e-9;

fn captures() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    // Beside the repository, or beside the directory of its worktrees.
    root.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join("shared/captures"))
        .find(|dir| dir.join("truth.json").exists())
}

/// What the caller has to add for a file that does not say it.
fn options(record: &Value) -> ReadOptions {
    let id = record["id"].as_str().unwrap();
    let mut options = ReadOptions::default();
    let is_audio = record["format"] == "WAV" || record["format"] == "FLAC";
    if is_audio || record["format"] == "NPY" || id == "hfhadc-kettle-plaidlike" {
        options.sample_rate_hz = record["fs_hz"].as_f64();
        // The truth of integer audio is in codes; ours at full scale is 1.
        let is_integer = is_audio && record["subtype"] != "FLOAT";
        options.map = record["channels"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(i, c)| ChannelMap {
                source: i.to_string(),
                name: c["name"].as_str().map(Into::into),
                unit: c["unit"].as_str().map(Into::into),
                scale: is_integer.then_some(32_768.0),
                ..ChannelMap::default()
            })
            .collect();
    }
    options
}

fn check_channel(id: &str, channel: &Channel, truth: &Value) {
    let n = channel.len();
    assert_eq!(Some(n as u64), truth["n"].as_u64(), "{id}: {}: samples", channel.name);
    assert_eq!(Some(channel.unit.as_str()), truth["unit"].as_str(), "{id}: {}: unit", channel.name);
    let x = channel.values(0..n).unwrap();
    let figures = [
        ("first", x[0]),
        ("last", x[n - 1]),
        ("mid", x[n / 2]),
        ("min", x.iter().copied().fold(f64::INFINITY, f64::min)),
        ("max", x.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ("mean", x.iter().sum::<f64>() / n as f64),
        ("rms", (x.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt()),
    ];
    let scale = truth["rms"].as_f64().unwrap();
    for (name, found) in figures {
        let expected = truth[name].as_f64().unwrap();
        // A mean near zero is the difference of large sums: measure it against the values.
        let reference = if name == "mean" { scale } else { expected.abs() };
        assert!(
            (found - expected).abs() <= TOLERANCE * reference,
            "{id}: {}: {name}: {found}, not {expected}",
            channel.name
        );
    }
}

fn check(record: &Value, capture: &Capture) {
    let id = record["id"].as_str().unwrap();
    let channels = record["channels"].as_array().unwrap();
    assert_eq!(capture.channels().len(), channels.len(), "{id}: channels");
    for truth in channels {
        check_channel(id, capture.channel(truth["name"].as_str().unwrap()).unwrap(), truth);
    }
    let rate_hz = capture.time().rate().unwrap().hz();
    let expected =
        record["fs_hz"].as_f64().or_else(|| record["sample_interval_s"].as_f64().map(f64::recip)).unwrap();
    assert!((rate_hz / expected - 1.0).abs() < TOLERANCE, "{id}: {rate_hz} Hz, not {expected} Hz");
    assert_eq!(capture.warnings, [], "{id}");
}

#[test]
fn every_array_recording_reads_as_the_truth_says() {
    let Some(dir) = captures() else {
        println!("skipped: no ../shared/captures/truth.json beside the repository");
        return;
    };
    let truth: Value = serde_json::from_slice(&std::fs::read(dir.join("truth.json")).unwrap()).unwrap();
    let mut seen = 0;
    for record in truth["records"].as_array().unwrap() {
        if !["CSV", "NPY", "HDF5", "WAV", "FLAC"].iter().any(|f| record["format"] == *f) {
            continue;
        }
        let path = dir.join(record["files"][0]["path"].as_str().unwrap());
        let capture = read(&path, &options(record)).unwrap();
        check(record, &capture);
        if record["id"] == "blond-medal-layout" {
            assert_eq!(capture.time().start().unwrap().to_string(), "2016-10-05T10:00:01.123456Z");
        }
        seen += 1;
    }
    assert!(seen >= 14, "only {seen} records found");
}
