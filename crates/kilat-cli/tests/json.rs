//! The keys of the JSON documents are the ones that `docs/json.md` documents, no more, no fewer.

#![allow(clippy::unwrap_used)] // clippy sees tests only in functions marked so

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{kaur, kilat_in, ok_in, root, text};
use serde_json::{Value, json};

/// Paths of all keys, arrays written `[]`; what lies under a key that `stop` names is left out.
fn paths(value: &Value, at: &str, stop: &[&str], out: &mut BTreeSet<String>) {
    match value {
        Value::Object(o) => {
            for (key, v) in o {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                if !stop.contains(&path.as_str()) {
                    paths(v, &path, stop, out);
                }
                out.insert(path);
            }
        }
        Value::Array(a) => a.iter().for_each(|v| paths(v, &format!("{at}[]"), stop, out)),
        _ => {}
    }
}

/// The keys in the tables of section `title` of docs/json.md: the first cell of each row, in backticks.
fn documented(title: &str) -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/json.md")).unwrap();
    let section =
        page.split("\n## ").find(|s| s.starts_with(title)).unwrap_or_else(|| panic!("no section {title}"));
    let rows = section.lines().filter_map(|l| l.strip_prefix("| `"));
    rows.map(|r| r.split('`').next().unwrap().to_owned()).collect()
}

fn compare(title: &str, documents: &[String], stop: &[&str]) {
    let mut found = BTreeSet::new();
    for text in documents {
        let doc: Value = serde_json::from_str(text).unwrap();
        assert_eq!(doc["schema"], 1);
        paths(&doc, "", stop, &mut found);
    }
    let documented = documented(title);
    let missing: Vec<_> = found.difference(&documented).collect();
    let extra: Vec<_> = documented.difference(&found).collect();
    assert!(missing.is_empty() && extra.is_empty(), "not documented: {missing:#?}\nnot found: {extra:#?}");
}

#[test]
fn info_has_the_documented_keys() {
    let dir = tempfile::tempdir().unwrap();
    let monitor = dir.path().join("monitor.pqd");
    let monitor = monitor.to_str().unwrap();
    ok_in(kaur(), &["convert", "cut.cfg", monitor]);
    compare(
        "`kilat info --json`",
        &[ok_in(kaur(), &["info", "--system", "--json", "kaur.h5", "cut.cfg", monitor])],
        &[],
    );
}

#[test]
fn analyze_has_the_documented_keys() {
    let run = |file| ok_in(kaur(), &["analyze", "--json", "--full", file]);
    // Demand of 1.2 s, so that a short capture has some; rapid changes of half a percent; the fifth harmonic as a signal.
    let tone = "signalling = [{ hz = 250.0, threshold_pct = 0.1 }]";
    std::fs::write(kaur().join("eager.toml"), format!("demand_min = 0.02\nrvc_pct = 0.5\n{tone}")).unwrap();
    let eager = ok_in(kaur(), &["analyze", "--json", "--config", "eager.toml", "synth:generator"]);
    std::fs::write(kaur().join("emission.toml"), "supraharmonics = true").unwrap();
    let emission = ok_in(kaur(), &["analyze", "--json", "--full", "--config", "emission.toml", "gap.cfg"]);
    // Between them they have events, rapid changes, transients, findings, demand, supraharmonics, signalling and recurrences.
    let documents = [
        run("kaur.h5"),
        run("synth:serang-2018"),
        run("synth:bengkulu-2020"),
        run("gap.cfg"),
        eager,
        emission,
    ];
    compare("`kilat analyze --json`", &documents, &["files[].findings[].evidence", "files[].config"]);
}

/// A document, and nothing on standard error.
fn quiet(dir: &Path, args: &[&str]) -> String {
    let out = kilat_in(dir, args);
    assert!(out.status.success() && out.stderr.is_empty(), "kilat {args:?}: {}", text(&out.stderr));
    text(&out.stdout)
}

#[test]
fn convert_says_what_was_written_and_what_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("cut.npy");
    let out = out.to_str().unwrap();
    let document = quiet(kaur(), &["convert", "cut.cfg", out, "--json"]);
    let doc: Value = serde_json::from_str(&document).unwrap();
    let f = &doc["files"][0];
    assert_eq!((&f["input"], &f["output"], &f["format"]), (&json!("cut.cfg"), &json!(out), &json!("NPY")));
    assert_eq!(f["channels"], json!(["Ua"]));
    // Both are what the other commands say on the terminal: nothing is left out, nothing said twice.
    let info: Value = serde_json::from_str(&ok_in(kaur(), &["info", "--json", "cut.cfg"])).unwrap();
    assert_eq!(
        (&f["samples"], &f["warnings"]),
        (&info["files"][0]["samples"], &info["files"][0]["warnings"])
    );
    let notes = text(&kilat_in(kaur(), &["convert", "cut.cfg", out]).stderr);
    let lost: Vec<_> = f["lost"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    assert!(
        !lost.is_empty() && lost.iter().all(|l| notes.contains(&format!("{out}: not kept: {l}\n"))),
        "{notes}"
    );
    assert_eq!(notes.lines().count(), lost.len() + f["warnings"].as_array().unwrap().len());
    compare("`kilat convert --json`", &[document], &[]);
}

#[test]
fn synth_tells_the_truth_it_labels() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| quiet(dir.path(), &[&["synth", "--json"], args].concat());
    // It has a stroke, so a label with an impulse.
    let made = run(&["serang-2018", "-o", "s.h5", "--labels", "s.json"]);
    let doc: Value = serde_json::from_str(&made).unwrap();
    let labels: Value = serde_json::from_slice(&std::fs::read(dir.path().join("s.json")).unwrap()).unwrap();
    assert!(labels["labels"].as_array().is_some_and(|l| !l.is_empty()));
    for (key, value) in labels.as_object().unwrap() {
        assert_eq!(&doc["files"][0][key], value, "{key}");
    }
    let list = run(&["--list"]);
    let names: Value = serde_json::from_str(&list).unwrap();
    assert!(names["scenarios"].as_array().unwrap().iter().any(|s| s["name"] == "serang-2018"), "{list}");
    compare("`kilat synth --json`", &[made, list], &[]);
}

#[test]
fn a_gap_is_in_the_document() {
    let doc: Value = serde_json::from_str(&ok_in(kaur(), &["analyze", "--json", "gap.cfg"])).unwrap();
    let g = &doc["files"][0]["gaps"][0];
    assert_eq!(g["sample"], 5000);
    assert!((g["duration_s"].as_f64().unwrap() - 0.7).abs() < 1e-6, "{g}");
}

#[test]
fn report_has_the_documented_keys() {
    compare(
        "`kilat report --json`",
        &[ok_in(kaur(), &["report", "--json", "kaur.h5", "-o", "page-of-the-json-test.html"])],
        &[],
    );
}

#[test]
fn batch_has_the_documented_keys() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["cut.cfg", "cut.dat"] {
        std::fs::copy(kaur().join(name), dir.path().join(name)).unwrap();
    }
    // What recurs has the keys that it has in an analysis.
    let index = ok_in(dir.path(), &["batch", ".", "-o", "store", "--json"]);
    compare("`kilat batch --json`", &[index], &["recurrences"]);
    let record = std::fs::read_to_string(dir.path().join("store/records/cut.cfg.json")).unwrap();
    compare("Records of `kilat batch`", &[record], &["entry", "analysis"]);
}

#[test]
fn check_has_the_documented_keys() {
    let run = |file| ok_in(kaur(), &["check", "--json", "--limits", "en50160", file]);
    compare("`kilat check --json`", &[run("kaur.h5"), run("cut.cfg")], &[]);
}

#[test]
fn selftest_has_the_documented_keys() {
    compare("`kilat selftest --json`", &[ok_in(kaur(), &["selftest", "--json", "--only", "deviation"])], &[]);
}
