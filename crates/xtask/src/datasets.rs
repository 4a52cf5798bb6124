//! `datasets/MANIFEST.toml`: what each generated scenario proves, how it is made, and a checksum of its codes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kilat::synth::{self, Options};
use kilat::{Capture, Error, SamplesRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const HEADER: &str = "\
# Written by `cargo run --release -p xtask -- datasets`; compared by the same with --check.
# sha256: over the codes of a scenario, 16-bit little endian, channel after channel.
";

/// The manifest.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Manifest {
    scenario: Vec<Entry>,
}

/// One scenario with its default options.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    name: String,
    proves: String,
    command: String,
    sample_rate_hz: f64,
    duration_s: f64,
    seed: u64,
    noise_db: f64,
    channels: Vec<String>,
    labels: usize,
    sha256: String,
}

/// Writes the manifest, or compares it; returns what to tell the user.
pub fn run(root: &Path, check: bool) -> Result<String, String> {
    let path = root.join("datasets/MANIFEST.toml");
    let fresh = generate().map_err(|e| e.to_string())?;
    if check {
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let kept: Manifest = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let differences = differences(&kept, &fresh);
        if !differences.is_empty() {
            return Err(format!("datasets/MANIFEST.toml does not agree with the generator:\n{differences}"));
        }
        return Ok(format!("datasets/MANIFEST.toml: {} scenarios agree", fresh.scenario.len()));
    }
    let body = toml::to_string_pretty(&fresh).map_err(|e| e.to_string())?;
    fs::write(&path, format!("{HEADER}\n{body}")).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(format!("datasets/MANIFEST.toml: {} scenarios written", fresh.scenario.len()))
}

fn generate() -> Result<Manifest, Error> {
    let entry = |name: &&str| {
        let options = Options::of(name)?;
        let s = synth::scenario(name, &options)?;
        Ok(Entry {
            name: (*name).into(),
            proves: s.proves.into(),
            command: format!("kilat synth {name}"),
            sample_rate_hz: options.sample_rate_hz,
            duration_s: options.duration_s,
            seed: options.seed,
            noise_db: options.noise_db,
            channels: s.capture.channels().iter().map(|c| c.name.clone()).collect(),
            labels: s.labels.len(),
            sha256: checksum(&s.capture)?,
        })
    };
    Ok(Manifest { scenario: synth::names().iter().map(entry).collect::<Result<_, Error>>()? })
}

fn checksum(capture: &Capture) -> Result<String, Error> {
    let mut hash = Sha256::new();
    for channel in capture.channels() {
        let Some(SamplesRef::I16(codes)) = channel.samples.as_ref() else {
            return Err(Error::mismatch(
                format!("codes of channel {}", channel.name),
                "16-bit integers",
                "others",
            ));
        };
        let bytes: Vec<u8> = codes.iter().flat_map(|c| c.to_le_bytes()).collect();
        hash.update(&bytes);
    }
    let mut hex = String::new();
    for byte in hash.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

/// One line per scenario that differs, naming what differs.
fn differences(kept: &Manifest, fresh: &Manifest) -> String {
    let mut out = String::new();
    for f in &fresh.scenario {
        match kept.scenario.iter().find(|k| k.name == f.name) {
            None => {
                let _ = writeln!(out, "  {}: missing from the manifest", f.name);
            }
            Some(k) if k.sha256 != f.sha256 => {
                let _ = writeln!(out, "  {}: expected sha256 {}, found {}", f.name, k.sha256, f.sha256);
            }
            Some(k) if k != f => {
                let _ = writeln!(out, "  {}: expected {k:?}, found {f:?}", f.name);
            }
            Some(_) => {}
        }
    }
    for k in &kept.scenario {
        if fresh.scenario.iter().all(|f| f.name != k.name) {
            let _ = writeln!(out, "  {}: in the manifest, but no such scenario", k.name);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, sha256: &str) -> Entry {
        Entry {
            name: name.into(),
            proves: "p".into(),
            command: "c".into(),
            sample_rate_hz: 1e4,
            duration_s: 1.0,
            seed: 1,
            noise_db: 60.0,
            channels: vec!["Ua".into()],
            labels: 0,
            sha256: sha256.into(),
        }
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let kept = Manifest { scenario: vec![entry("a", "1"), entry("b", "1"), entry("gone", "1")] };
        let fresh = Manifest { scenario: vec![entry("a", "1"), entry("b", "2"), entry("new", "1")] };
        let text = differences(&kept, &fresh);
        assert!(!text.contains("  a:"), "{text}");
        assert!(text.contains("b: expected sha256 1, found 2"), "{text}");
        assert!(text.contains("gone: in the manifest") && text.contains("new: missing"), "{text}");
        assert_eq!(differences(&kept, &kept), "");
    }

    #[test]
    fn the_checksum_is_over_little_endian_codes() {
        let channel = kilat::Channel::new("Ua", "V", vec![1i16, -2]);
        let rate = kilat::SampleRate::from_hz(1e4).unwrap();
        let capture = Capture::new(kilat::TimeBase::uniform(rate, 2, None), vec![channel]).unwrap();
        let expected: String =
            Sha256::digest([1, 0, 0xfe, 0xff]).iter().fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
        assert_eq!(checksum(&capture).unwrap(), expected);
    }
}
