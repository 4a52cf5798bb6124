//! Real recordings against what an independent reader found in them. They are not part of the repository: the test runs
//! where they lie beside it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test helper fails by panicking and says what it skipped"
)]

use std::fs;
use std::path::{Path, PathBuf};

use kilat_core::capture::Side;
use kilat_core::{Capture, Channel, Error, Timestamp};
use kilat_io::{ReadOptions, read};
use serde_json::Value;

/// Both sides compute in f64; sums over 10^5 samples leave some 1e-11.
const RELATIVE: f64 = 1e-9;
/// Share of a sampling interval to which timestamps, written in whole ticks, fix the last sample.
const STAMP_TOLERANCE: f64 = 0.01;

/// Differences found in one record.
struct Check {
    problems: Vec<String>,
}

impl Check {
    #[expect(clippy::needless_pass_by_value, reason = "every caller has a temporary")]
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, truth: T) {
        if found != truth {
            self.problems.push(format!("{what}: found {found:?}, truth {truth:?}"));
        }
    }

    /// `truth` absent means no such value: nothing finite may have been found.
    fn close(&mut self, what: &str, found: f64, truth: &Value, size: f64) {
        let ok =
            truth.as_f64().map_or(!found.is_finite(), |t| (found - t).abs() <= RELATIVE * size.max(t.abs()));
        if !ok {
            self.problems.push(format!("{what}: found {found:?}, truth {truth}"));
        }
    }
}

#[test]
fn every_recording_reads_as_an_independent_reader_found_it() {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(root) = above.map(|d| d.join("shared/captures")).find(|d| d.join("truth.json").is_file()) else {
        eprintln!("skipped: no shared/captures/truth.json beside the repository");
        return;
    };
    let text = fs::read_to_string(root.join("truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let records = truth["records"].as_array().unwrap();
    let records: Vec<_> = records.iter().filter(|r| r["format"] == "COMTRADE").collect();
    assert!(!records.is_empty());
    let (mut read_ok, mut refused, mut failures) = (0, 0, Vec::new());
    for record in &records {
        let directory = tempfile::tempdir().unwrap();
        let result = read(place(&root, record, directory.path()), &ReadOptions::default());
        let problems = match (expected_error(record), result) {
            (Some(expected), Err(e)) if expected(&e) => {
                refused += 1;
                continue;
            }
            (Some(_), Err(e)) => vec![format!("refused for the wrong reason: {e}")],
            (Some(_), Ok(_)) => vec!["was read".into()],
            (None, Err(e)) => vec![format!("was refused: {e}")],
            (None, Ok(capture)) => compare(&capture, record),
        };
        if problems.is_empty() {
            read_ok += 1;
        }
        failures.extend(problems.into_iter().map(|p| format!("{}: {p}", record["id"].as_str().unwrap())));
    }
    eprintln!("{} records: {read_ok} agree, {refused} refused as they should be", records.len());
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

/// Path to read; files whose names do not pair up are copied under one name.
fn place(root: &Path, record: &Value, directory: &Path) -> PathBuf {
    let files: Vec<_> =
        record["files"].as_array().unwrap().iter().map(|f| root.join(f["path"].as_str().unwrap())).collect();
    let has_extension = |p: &Path, e: &str| p.extension().unwrap().eq_ignore_ascii_case(e);
    let main = files.iter().find(|p| has_extension(p, "cfg") || has_extension(p, "cff")).unwrap();
    if files.iter().all(|p| p.file_stem() == main.file_stem()) {
        return main.clone();
    }
    for file in &files {
        fs::copy(file, directory.join("record").with_extension(file.extension().unwrap())).unwrap();
    }
    directory.join("record").with_extension(main.extension().unwrap())
}

/// What kind of error a record deserves that cannot be read.
fn expected_error(record: &Value) -> Option<fn(&Error) -> bool> {
    let tags = record["tags"].as_array().cloned().unwrap_or_default();
    if tags.iter().any(|t| t == "cff-base64") {
        return Some(|e| matches!(e, Error::Unsupported { .. }));
    }
    record["n_samples_in_dat"]
        .is_null()
        .then_some(|e| e.to_string().contains("expected its data file `test.dat`"))
}

fn compare(capture: &Capture, record: &Value) -> Vec<String> {
    let mut check = Check { problems: Vec::new() };
    let rows = record["n_samples_in_dat"].as_u64().unwrap();
    check.same("samples", capture.len(), rows);
    check.same("analog channels", capture.channels().len() as u64, record["n_analog"].as_u64().unwrap());
    check.same("status channels", capture.digital.len() as u64, record["n_status"].as_u64().unwrap());
    check.same("station", capture.station.as_str(), record["station"].as_str().unwrap().trim());
    check.same("device", capture.device.as_str(), record["rec_dev_id"].as_str().unwrap().trim());
    check.same("encoding", capture.format.split(' ').next_back(), record["data_encoding"].as_str());
    check.same("revision", capture.format.split(' ').nth(1), record["revision"].as_str());
    let frequency = record["nominal_frequency_hz"].as_f64().filter(|f| *f > 0.0);
    check.same("frequency", capture.nominal_frequency_hz, frequency);
    let moment = |key: &str| record[key].as_str().map(|t| t.parse::<Timestamp>().unwrap());
    check.same("start", capture.time().start(), moment("start_iso"));
    check.same("trigger", capture.trigger, moment("trigger_iso"));
    time(&mut check, capture, record);
    let missing: u64 = capture.channels().iter().map(|c| Stats::of(c).missing).sum();
    check.same("missing samples", missing, record["missing_samples"].as_u64().unwrap());
    for (channel, truth) in capture.channels().iter().zip(record["analog"].as_array().unwrap()) {
        analog(&mut check, channel, truth);
    }
    for (i, truth) in record["status"].as_array().into_iter().flatten().enumerate() {
        let Some(digital) = capture.digital.get(i) else { break };
        let what = format!("status {}", i + 1);
        let x = digital.values(0..rows as usize).unwrap();
        check.same(&format!("{what} name"), digital.name.as_str(), truth["name"].as_str().unwrap().trim());
        check.same(&format!("{what} first"), x.first().map(|v| u64::from(*v)), truth["first"].as_u64());
        check.same(&format!("{what} last"), x.last().map(|v| u64::from(*v)), truth["last"].as_u64());
        check.same(
            &format!("{what} ones"),
            x.iter().map(|v| u64::from(*v)).sum(),
            truth["ones"].as_u64().unwrap(),
        );
        let transitions = x.windows(2).filter(|w| w[0] != w[1]).count() as u64;
        check.same(&format!("{what} transitions"), transitions, truth["transitions"].as_u64().unwrap());
    }
    check.problems
}

/// The time of every sample by the rule of the truth file, walked through its rates one by one.
fn time(check: &mut Check, capture: &Capture, record: &Value) {
    let time = capture.time();
    let rows = capture.len();
    let by_rates = &record["time"]["by_rates"];
    if by_rates.is_null() {
        let stamps = &record["time"]["timestamps"];
        let span = stamps["last_s"].as_f64().unwrap() - stamps["first_s"].as_f64().unwrap();
        let found = time.seconds((rows - 1) as f64);
        let step = span / (rows - 1) as f64;
        if (found - span).abs() > STAMP_TOLERANCE * step {
            check.problems.push(format!("last timestamp: found {found}, truth {span}"));
        }
        return;
    }
    check.close("time of the last sample", time.seconds((rows - 1) as f64), &by_rates["last"], 1e-3);
    let rates: Vec<(f64, u64)> = serde_json::from_value(record["sample_rates"].clone()).unwrap();
    let (mut end_of_last, mut last_end) = (None, 0u64);
    let mut worst = 0f64;
    for (k, (hz, end)) in rates.iter().enumerate() {
        let end = if k + 1 == rates.len() { rows } else { rows.min(*end) };
        for i in last_end + 1..=end {
            let t = end_of_last.map_or((i - 1) as f64 / hz, |t: f64| t + (i - last_end) as f64 / hz);
            worst = worst.max((time.seconds((i - 1) as f64) - t).abs());
        }
        if end > last_end {
            end_of_last = Some(time.seconds((end - 1) as f64));
            last_end = end;
        }
    }
    if worst > RELATIVE {
        check.problems.push(format!("time of a sample is off by {worst} s"));
    }
    let mut distinct: Vec<f64> = rates.iter().map(|r| r.0).collect();
    distinct.dedup();
    let found: Vec<f64> = time.segments().iter().map(|s| s.rate.hz()).collect();
    check.same("rates", found, distinct);
}

/// What the truth file states about a channel.
struct Stats {
    missing: u64,
    min: f64,
    max: f64,
    argmin: Option<u64>,
    argmax: Option<u64>,
    mean: f64,
    rms: f64,
}

impl Stats {
    fn of(channel: &Channel) -> Self {
        let mut s = Self {
            missing: 0,
            min: f64::MAX,
            max: f64::MIN,
            argmin: None,
            argmax: None,
            mean: 0.0,
            rms: 0.0,
        };
        let mut n = 0.0;
        for i in 0..channel.len() {
            let v = channel.values(i..i + 1).unwrap()[0];
            if v.is_nan() {
                s.missing += 1;
                continue;
            }
            if v < s.min {
                (s.min, s.argmin) = (v, Some(i as u64));
            }
            if v > s.max {
                (s.max, s.argmax) = (v, Some(i as u64));
            }
            s.mean += v;
            s.rms += v * v;
            n += 1.0;
        }
        (s.mean, s.rms) = (s.mean / n, (s.rms / n).sqrt());
        if n == 0.0 {
            (s.min, s.max) = (f64::NAN, f64::NAN);
        }
        s
    }
}

fn analog(check: &mut Check, channel: &Channel, truth: &Value) {
    let what = |w: &str| format!("{} `{}` {w}", truth["i"], channel.name);
    check.same(&what("name"), channel.name.as_str(), truth["name"].as_str().unwrap().trim());
    check.same(&what("unit"), channel.unit.as_str(), truth["unit"].as_str().unwrap().trim());
    check.same(&what("scale"), Some(channel.scale), truth["a"].as_f64());
    check.same(&what("offset"), Some(channel.offset), truth["b"].as_f64());
    check.same(&what("samples"), Some(channel.len() as u64), truth["n"].as_u64());
    check.close(&what("skew"), channel.skew_s * 1e6, &truth["skew_us"], 1e-6);
    let number = |key: &str| truth[key].as_str().and_then(|t| t.trim().parse::<f64>().ok());
    let side = |key: &str| match truth[key].as_str() {
        Some("P" | "p") => Some(Side::Primary),
        Some("S" | "s") => Some(Side::Secondary),
        _ => None,
    };
    let stated = number("primary").zip(number("secondary")).zip(side("ps"));
    let found = channel.transformer.map(|t| ((t.primary, t.secondary), t.side));
    check.same(&what("transformer"), found, stated);
    let s = Stats::of(channel);
    let size = s.rms;
    check.same(&what("missing"), Some(s.missing), truth["n_missing"].as_u64());
    let values = channel.values(0..channel.len()).unwrap();
    check.close(&what("first"), values[0], &truth["first"], size);
    check.close(&what("mid"), values[channel.len() / 2], &truth["mid"], size);
    check.close(&what("last"), values[channel.len() - 1], &truth["last"], size);
    check.close(&what("min"), s.min, &truth["min"], size);
    check.close(&what("max"), s.max, &truth["max"], size);
    check.close(&what("mean"), s.mean, &truth["mean"], size);
    check.close(&what("rms"), s.rms, &truth["rms"], size);
    check.same(&what("argmin"), s.argmin, truth["argmin"].as_u64());
    check.same(&what("argmax"), s.argmax, truth["argmax"].as_u64());
}
