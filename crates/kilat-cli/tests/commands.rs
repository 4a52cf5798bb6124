//! The happy path of every subcommand.

#![allow(clippy::unwrap_used)] // clippy sees tests only in functions marked so

mod common;

use common::{kaur, kilat_in, ok_in};
use serde_json::Value;

#[test]
fn synth_lists_and_writes_with_labels() {
    let dir = tempfile::tempdir().unwrap();
    let list = ok_in(dir.path(), &["synth", "--list"]);
    assert!(list.contains("kaur-2024\n  cause: loose_neutral\n"), "{list}");
    let args = ["synth", "healthy", "-o", "h.h5", "--seed", "3", "--rate", "6400", "--labels", "h.json"];
    let said = ok_in(dir.path(), &args);
    assert!(said.starts_with("h.h5: ") && said.contains("cause: none"), "{said}");
    let labels: Value = serde_json::from_slice(&std::fs::read(dir.path().join("h.json")).unwrap()).unwrap();
    assert_eq!((labels["cause"].as_str(), labels["options"]["seed"].as_u64()), (Some("none"), Some(3)));
    let info: Value = serde_json::from_str(&ok_in(dir.path(), &["info", "--json", "h.h5"])).unwrap();
    assert_eq!(info["files"][0]["support"]["rate_hz"], 6400.0);
}

#[test]
fn info_shows_one_screen() {
    let page = ok_in(kaur(), &["info", "kaur.h5"]);
    assert!(page.starts_with("kaur.h5: HDF5 (scenario kaur-2024)\n"), "{page}");
    for part in
        ["kaur.h5: ", "rate      10000 Hz", "Ua", "voltage", "harmonics to order 50", "Wye wiring at 50 Hz"]
    {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
    assert!(page.lines().count() < 40);
}

#[test]
fn info_shows_the_machine_without_a_file() {
    let page = ok_in(kaur(), &["info", "--system"]);
    assert!(page.contains(env!("CARGO_PKG_VERSION")) && page.contains("kernels"), "{page}");
    let scalar = common::command(kaur())
        .env("KILAT_SIMD", "scalar")
        .args(["info", "--system", "--json"])
        .output()
        .unwrap();
    let doc: Value = serde_json::from_slice(&scalar.stdout).unwrap();
    assert_eq!(doc["system"]["instruction_set"], "scalar");
}

#[test]
fn analyze_prints_tables_and_says_what_it_assumed() {
    let page = ok_in(kaur(), &["analyze", "kaur.h5"]);
    for part in [
        "note: nominal voltage: ",
        "frequency",
        "Urms(1/2)",
        "THD",
        "unbalance u2",
        "events\n",
        "loose_neutral",
        "PF",
        "energy in ",
        "rapid voltage changes: none",
    ] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
    let stated = ok_in(kaur(), &["analyze", "kaur.h5", "--nominal-voltage", "220", "--frequency", "50"]);
    assert!(stated.contains("Udin 220.00 V, 50 Hz") && !stated.contains("note: nominal"), "{stated}");
}

#[test]
fn the_same_numbers_on_any_number_of_threads() {
    let run = |n| ok_in(kaur(), &["analyze", "kaur.h5", "--json", "--full", "--threads", n]);
    assert!(run("1") == run("3"));
}

#[test]
fn class_and_edition_are_options() {
    let dir = tempfile::tempdir().unwrap();
    let toml = dir.path().join("s.toml");
    std::fs::write(&toml, "class = \"S\"\n").unwrap();
    let file = |extra: &[&str]| -> Value {
        let args = ["analyze", "kaur.h5", "--json", "--full", "--config", toml.to_str().unwrap()];
        let doc: Value = serde_json::from_str(&ok_in(kaur(), &[&args[..], extra].concat())).unwrap();
        doc["files"][0].clone()
    };
    let highest = |f: &Value| {
        let orders = f["channels"][0]["harmonics"]["subgroup"][0].as_array().unwrap();
        orders.iter().rposition(Value::is_number).unwrap()
    };
    let f = file(&[]);
    assert_eq!((&f["config"]["class"], &f["config"]["edition"], highest(&f)), (&"S".into(), &"3".into(), 40));
    assert!(!f["channels"][0]["under_deviation_pct"].as_array().unwrap().is_empty());
    let f = file(&["--class", "a", "--edition", "4"]);
    assert_eq!((&f["config"]["class"], &f["config"]["edition"], highest(&f)), (&"A".into(), &"4".into(), 50));
    assert!(f["channels"][0]["under_deviation_pct"].as_array().unwrap().is_empty());
    let page = ok_in(kaur(), &["analyze", "kaur.h5", "--class", "S", "--edition", "3.1"]);
    assert!(page.contains("class S, Ed. 3.1; "), "{page}");
    let refused = kilat_in(kaur(), &["analyze", "kaur.h5", "--edition", "2"]);
    assert!(!refused.status.success() && common::text(&refused.stderr).contains("3, 3.1, 4"));
}

#[test]
fn only_what_is_asked_for_is_measured() {
    let file = |extra: &[&str]| -> Value {
        let args = [&["analyze", "kaur.h5", "--json", "--nominal-voltage", "220"], extra].concat();
        let doc: Value = serde_json::from_str(&ok_in(kaur(), &args)).unwrap();
        doc["files"][0].clone()
    };
    let (all, some) = (file(&[]), file(&["--only", "transients,flicker"]));
    assert_eq!(some["config"]["only"], serde_json::json!(["transients", "flicker"]));
    for key in ["events", "rvc", "transients"] {
        let without = |f: &Value| -> Vec<Value> {
            let mut found = f[key].as_array().unwrap().clone();
            for x in &mut found {
                x.as_object_mut().unwrap().remove("form");
            }
            found
        };
        assert_eq!(without(&some), without(&all), "{key}");
    }
    assert_eq!(some["channels"][0]["rms"], all["channels"][0]["rms"]);
    assert_eq!(some["channels"][0]["flicker"], all["channels"][0]["flicker"]);
    assert!(all["channels"][0]["thd_subgroup_pct"][0].is_number());
    assert!(some["channels"][0]["thd_subgroup_pct"][0].is_null());
    assert!(some["warnings"].to_string().contains("left out, as asked for: harmonics"));
    let causes = |f: &Value| f["findings"].as_array().unwrap().len();
    assert!(causes(&all) > 0 && causes(&some) == 0);
    let page = ok_in(kaur(), &["analyze", "kaur.h5", "--only", "events"]);
    assert!(page.contains("\ntransients: not measured\n\nprobable causes: not sought\n"), "{page}");
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("r.html");
    ok_in(kaur(), &["report", "kaur.h5", "--only", "events", "-o", report.to_str().unwrap()]);
    let html = std::fs::read_to_string(report).unwrap();
    assert_eq!(html.matches("No cause was sought").count(), 2, "in the summary and in its place");
    assert!(html.contains("<b>–</b><span>transients</span>"));
}

#[test]
fn signalling_and_emission_are_on_the_page_and_in_tables() {
    let dir = tempfile::tempdir().unwrap();
    let toml = dir.path().join("more.toml");
    std::fs::write(&toml, "supraharmonics = true\nsignalling = [{ hz = 250.0, threshold_pct = 0.1 }]\n")
        .unwrap();
    let run = |extra: &[&str]| {
        ok_in(kaur(), &[&["analyze", "kaur.h5", "--config", toml.to_str().unwrap()][..], extra].concat())
    };
    let page = run(&[]);
    for part in ["signalling 250 Hz", "bursts of mains signalling\n", "strongest emission above order 50\n"] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
    let out = dir.path().join("t.csv");
    for (table, header) in [
        ("bursts", "file,hz,channel,start_s,start,duration_s,largest_v,largest_pct,flags,open"),
        ("supraharmonics", "file,channel,start_s,start,hz,min,mean,max,flags"),
    ] {
        run(&["-o", out.to_str().unwrap(), "--table", table]);
        let text = std::fs::read_to_string(&out).unwrap();
        assert_eq!(text.lines().next(), Some(header));
        assert!(text.lines().count() > 1, "{text}");
    }
}

#[test]
fn settings_come_from_the_file_and_the_command_line_wins() {
    let dir = tempfile::tempdir().unwrap();
    let toml = dir.path().join("kilat.toml");
    std::fs::write(&toml, "nominal_voltage_v = 240.0\ndip_pct = 80.0\n").unwrap();
    let config = |extra: &[&str]| -> Value {
        let mut args = vec!["analyze", "kaur.h5", "--json", "--config", toml.to_str().unwrap()];
        args.extend(extra);
        serde_json::from_str::<Value>(&ok_in(kaur(), &args)).unwrap()["files"][0].clone()
    };
    let f = config(&[]);
    assert_eq!(
        (f["config"]["nominal_voltage_v"].as_f64(), f["config"]["dip_pct"].as_f64()),
        (Some(240.0), Some(80.0))
    );
    assert!(f["assumed"].as_array().unwrap().iter().all(|w| w["at"] != "nominal voltage"));
    assert_eq!(config(&["--nominal-voltage", "220"])["config"]["nominal_voltage_v"], 220.0);
}

#[test]
fn analyze_writes_json_and_csv() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(ok_in(kaur(), &["analyze", "kaur.h5", "-o", &path("a.json")]), "");
    let doc: Value = serde_json::from_slice(&std::fs::read(path("a.json")).unwrap()).unwrap();
    let intervals = doc["files"][0]["summary"]["intervals"].as_u64().unwrap();
    ok_in(kaur(), &["analyze", "kaur.h5", "kaur.h5", "-o", &path("a.csv")]);
    let rows = csv::Reader::from_path(path("a.csv")).unwrap().into_records().count() as u64;
    assert!(intervals > 60 && rows == 2 * intervals, "{rows} rows, {intervals} intervals");
    let tables = [
        "cycles150",
        "ten-minutes",
        "two-hours",
        "half-cycles",
        "frequency",
        "flicker",
        "events",
        "rvc",
        "transients",
    ];
    for table in tables {
        ok_in(kaur(), &["analyze", "kaur.h5", "-o", &path("t.csv"), "--table", table]);
        let mut reader = csv::Reader::from_path(path("t.csv")).unwrap();
        assert_eq!(&reader.headers().unwrap()[0], "file", "{table}");
        let key = table.replace("half-cycles", "channels").replace("frequency", "intervals");
        let some = !doc["files"][0][key].as_array().is_none_or(Vec::is_empty);
        assert!(!some || reader.records().next().is_some(), "{table} is empty");
    }
}

#[test]
fn tables_written_part_by_part_are_those_of_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let options = eleven_minutes(dir.path(), eventful);
    let tables =
        ["intervals", "cycles150", "ten-minutes", "two-hours", "frequency", "flicker", "events", "rvc"];
    for table in tables {
        let read = |how: &[&str]| {
            let args = [&["analyze", "u.npy", "-o", "t.csv", "--table", table][..], &options, how].concat();
            let out = kilat_in(dir.path(), &args);
            assert!(out.status.success(), "{}", common::text(&out.stderr));
            let said = common::text(&out.stderr);
            assert_eq!(said.matches("the start is unknown").count(), 1, "{said}");
            (std::fs::read_to_string(dir.path().join("t.csv")).unwrap(), said)
        };
        // With a document, the whole is held.
        let (parts, whole) = (read(&[]), read(&["--json"]));
        assert!(parts == whole && parts.0.lines().count() > 1, "{table}");
    }
}

#[test]
fn a_page_of_a_recording_that_goes_by_says_what_the_document_of_the_whole_does() {
    let dir = tempfile::tempdir().unwrap();
    let options = eleven_minutes(dir.path(), eventful);
    let page = ok_in(dir.path(), &[&["analyze", "u.npy"][..], &options].concat());
    let doc = ok_in(dir.path(), &[&["analyze", "u.npy", "--json"][..], &options].concat());
    let doc: Value = serde_json::from_str(&doc).unwrap();
    let f = &doc["files"][0];
    let has = |row: &str, figures: [f64; 3]| {
        let rows = page.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "));
        let rows: Vec<String> = rows.filter_map(|l| Some(l.strip_prefix(row)?.to_owned())).collect();
        let numbers: Vec<f64> = rows[0].split_whitespace().map(|n| n.parse().unwrap()).collect();
        // Printed with five digits, THD with two decimals.
        let alike = |(p, f): (&f64, &f64)| (p - f).abs() <= 1e-4 * f.abs() + 0.005;
        assert!(
            numbers.len() == 3 && numbers.iter().zip(&figures).all(alike),
            "{row} {numbers:?} {figures:?}"
        );
    };
    let range = |r: &Value| ["min", "mean", "max"].map(|k| r[k].as_f64().unwrap());
    has("frequency Hz", range(&f["summary"]["frequency_hz"]));
    let ua = &f["channels"][0];
    has("r.m.s. Ua V", range(&ua["rms_range"]));
    has("THD Ua %", range(&ua["thd_subgroup_range_pct"]));
    let half: Vec<f64> =
        ua["half_cycles"]["u_rms_v"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let mean = (half.iter().map(|v| v * v).sum::<f64>() / half.len() as f64).sqrt();
    let most = |f: fn(f64, f64) -> f64| half.iter().copied().reduce(f).unwrap();
    has("Urms(1/2) Ua V", [most(f64::min), mean, most(f64::max)]);
    let intervals = f["summary"]["intervals"].as_u64().unwrap();
    assert!(page.contains(&format!("; {intervals} intervals of 10 cycles, ")), "{page}");
    for (table, title) in [("events", "events"), ("rvc", "rapid voltage changes")] {
        let some = !f[table].as_array().unwrap().is_empty();
        assert!(some && page.contains(&format!("\n{title}\n")), "{table} {page}");
    }
    for (list, key) in [("findings", "recommendation"), ("recurrences", "text")] {
        for item in f[list].as_array().unwrap() {
            assert!(page.contains(item[key].as_str().unwrap()), "{item} {page}");
        }
    }
    assert!(!f["findings"].as_array().unwrap().is_empty());
}

#[test]
fn report_writes_pages_in_both_languages() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("laporan.html");
    let said = ok_in(kaur(), &["report", "kaur.h5", "-o", page.to_str().unwrap(), "--lang", "id"]);
    assert_eq!(said.trim_end(), page.to_str().unwrap());
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("lang=\"id\"") && html.contains("<svg") && html.contains("Kaur"));
    let all = dir.path().join("all");
    ok_in(kaur(), &["report", "kaur.h5", "synth:healthy", "-o", all.to_str().unwrap()]);
    assert!(std::fs::read_to_string(all.join("kaur.html")).unwrap().contains("lang=\"en\""));
    assert!(all.join("synth-healthy.html").exists());
}

#[test]
fn convert_keeps_the_measurements() {
    let dir = tempfile::tempdir().unwrap();
    for extension in ["h5", "pqd", "npy", "csv"] {
        let out = dir.path().join(format!("copy.{extension}"));
        ok_in(kaur(), &["convert", "kaur.h5", out.to_str().unwrap()]);
        let rms = |dir, file: &str| -> Vec<f64> {
            // An array states no rate; the others keep their own.
            let doc: Value =
                serde_json::from_str(&ok_in(dir, &["info", "--json", "--rate", "10000", file])).unwrap();
            let channels = doc["files"][0]["channels"].as_array().unwrap().clone();
            channels.iter().map(|c| c["rms"].as_f64().unwrap()).collect()
        };
        let (a, b) = (rms(kaur(), "kaur.h5"), rms(dir.path(), out.to_str().unwrap()));
        assert_eq!(a.len(), b.len(), "{extension}");
        // CSV holds rounded decimals; nine digits remain.
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-9 * a), "{extension}: {a:?} {b:?}");
    }
}

#[test]
fn a_part_of_a_recording_is_as_if_nothing_else_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let (part, cut) = (dir.path().join("part.h5"), dir.path().join("cut.h5"));
    let bounds = ["--from", "2.0005 s", "--to", "2024-05-27T02:14:04Z"];
    let to = |file: &std::path::Path| file.to_str().unwrap().to_owned();
    ok_in(kaur(), &[&["convert", "kaur.h5", &to(&part)], &bounds[..]].concat());
    ok_in(dir.path(), &["convert", "part.h5", &to(&cut), "--from", "0s", "--to", "99h"]);
    let analysis = |dir, args: &[&str]| -> Value {
        let all = [&["analyze", "--json", "--nominal-voltage", "220"], args].concat();
        let document: Value = serde_json::from_str(&ok_in(dir, &all)).unwrap();
        document["files"][0].clone()
    };
    let of_part = analysis(dir.path(), &["part.h5"]);
    assert_eq!(of_part["samples"], 19_995);
    assert_eq!(of_part["start"], "2024-05-27T02:14:02.0005Z");
    let said = of_part["warnings"].to_string();
    assert!(said.contains("2.0005 s to 4 s of 14 s"), "{said}");
    let direct = analysis(kaur(), &[&["kaur.h5"], &bounds[..]].concat());
    let again = analysis(dir.path(), &["cut.h5"]);
    for key in ["channels", "intervals", "power", "events", "findings"] {
        assert!(of_part[key] == direct[key] && of_part[key] == again[key], "{key}");
    }
    let synth = ok_in(dir.path(), &[&["info", "synth:kaur-2024"], &bounds[..]].concat());
    assert!(synth.contains("19995 samples per channel"), "{synth}");
}

#[test]
fn trends_of_an_analysis_are_observations() {
    let dir = tempfile::tempdir().unwrap();
    let ok = |args: &[&str]| ok_in(dir.path(), args);
    let kaur = kaur().join("kaur.h5");
    let kaur = kaur.to_str().unwrap();
    ok(&["analyze", kaur, "-o", "trends.pqd", "--full"]);
    ok(&["analyze", kaur, "-o", "full.json", "--full"]);
    let text = std::fs::read_to_string(dir.path().join("full.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let truth = &truth["files"][0];

    let page = ok(&["info", "trends.pqd"]);
    assert!(
        page.contains("10/12 cycles") && page.contains("no waveform analysis: trends.pqd: a capture of"),
        "{page}"
    );
    let doc: Value = serde_json::from_str(&ok(&["info", "--json", "trends.pqd"])).unwrap();
    let observations = doc["files"][0]["observations"].as_array().unwrap();
    let column = |observation: &str, channel: &str, value_type: &str| -> Vec<f64> {
        let o = observations.iter().find(|o| o["name"] == observation).unwrap();
        ok(&["convert", "trends.pqd", "t.csv", "--observation", &o["number"].to_string()]);
        let mut reader = csv::Reader::from_path(dir.path().join("t.csv")).unwrap();
        let titles = reader.headers().unwrap().clone();
        let at = |title: &str| titles.iter().position(|t| t == title).unwrap();
        let rows: Vec<_> =
            reader.records().map(Result::unwrap).filter(|r| &r[at("channel")] == channel).collect();
        rows.iter().map(|r| r[at(value_type)].parse().unwrap()).collect()
    };
    let numbers =
        |v: &Value| -> Vec<f64> { v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
    let name = truth["channels"][0]["name"].as_str().unwrap();
    let of_channel = &truth["channels"][0];
    assert_eq!(column("10/12 cycles", &format!("{name} rms"), "avg"), numbers(&of_channel["rms"]));
    assert_eq!(
        column("10/12 cycles", &format!("{name} rms"), "time_s"),
        numbers(&truth["intervals"]["stamp_s"])
    );
    // In the digits of single precision in one, in those of double precision in the other.
    let single = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect::<Vec<_>>();
    let fifth: Vec<f64> = of_channel["harmonics"]["subgroup"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i[5].as_f64().unwrap())
        .collect();
    assert_eq!(single(column("10/12 cycles", &format!("{name} H5"), "avg")), single(fifth));
    assert_eq!(
        column("Urms(1/2)", &format!("{name} Urms(1/2)"), "avg"),
        numbers(&of_channel["half_cycles"]["u_rms_v"])
    );
    let dips = column("events", &format!("dip {name}"), "val");
    let expected: Vec<f64> = truth["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["kind"] == "dip" && e["polyphase"] == false && e["channels"][0] == name)
        .map(|e| e["residual_v"].as_f64().unwrap())
        .collect();
    assert!(!dips.is_empty());
    assert_eq!(dips, expected);
}

#[test]
fn a_generated_example_stands_for_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let args = [
        "info",
        "synth:kaur-2024",
        "--rate",
        "5000",
        "--channels",
        "Ua,ub",
        "--start",
        "2020-01-01",
        "--json",
    ];
    let doc: Value = serde_json::from_str(&ok_in(dir.path(), &args)).unwrap();
    let f = &doc["files"][0];
    assert_eq!(f["start"], "2020-01-01T00:00:00Z");
    assert_eq!(
        (f["channels"].as_array().unwrap().len(), f["segments"][0]["rate_hz"].as_f64()),
        (2, Some(5000.0))
    );
}

#[test]
fn a_bad_file_does_not_hide_the_good_ones() {
    let out = kilat_in(kaur(), &["info", "nowhere.cfg", "kaur.h5"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(common::text(&out.stderr).starts_with("kilat: nowhere.cfg: "));
    assert!(common::text(&out.stdout).starts_with("kaur.h5: "));
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::Stdio;
    let mut child = common::command(kaur())
        .args(["analyze", "kaur.h5", "--json", "--full"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    assert_eq!(common::text(&out.stderr), "");
}

/// Eleven minutes of one phase at 1.6 kHz and this r.m.s. voltage, as NPY, and how to read it.
fn eleven_minutes(dir: &std::path::Path, u_rms_v: impl Fn(f64) -> f64) -> [&'static str; 8] {
    let n = 11 * 60 * 1600;
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n},), }}");
    header.push_str(&" ".repeat(117 - header.len()));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for i in 0..n {
        let t = f64::from(i) / 1600.0;
        let u = u_rms_v(t) * 2f64.sqrt() * (std::f64::consts::TAU * 50.0 * t).sin();
        bytes.extend((u as f32).to_le_bytes());
    }
    std::fs::write(dir.join("u.npy"), bytes).unwrap();
    ["--rate", "1600", "--map", "0=Ua:V:A", "--nominal-voltage", "230", "--frequency", "50"]
}

/// R.m.s. in volts of a voltage that dips when ten minutes end, and falls to another level later.
fn eventful(t: f64) -> f64 {
    match t {
        t if t > 596.0 && t < 603.0 => 150.0,
        t if t > 630.0 => 215.0,
        _ => 230.0,
    }
}

#[test]
fn check_tells_violated_from_not_enough_data() {
    let dir = tempfile::tempdir().unwrap();
    for (volts, code, word) in [(260.0, 1, "VIOLATED"), (230.0, 0, "not enough data: 600.000 s of 7.0 d")] {
        let options = eleven_minutes(dir.path(), |_| volts);
        let args = [&["check", "u.npy", "--limits", "EN 50160"][..], &options].concat();
        let out = kilat_in(dir.path(), &args);
        let page = common::text(&out.stdout);
        assert_eq!(out.status.code(), Some(code), "{page}{}", common::text(&out.stderr));
        assert!(page.contains(word) && page.contains("85.000 to 110.00 %"), "{page}");
        let json = common::text(&kilat_in(dir.path(), &[&args[..], &["--json"]].concat()).stdout);
        let doc: Value = serde_json::from_str(&json).unwrap();
        let verdicts = doc["files"][0]["standards"][0]["verdicts"].as_array().unwrap().clone();
        let always = |v: &&Value| v["quantity"] == "voltage" && v["share_pct"] == 100.0;
        let v = verdicts.iter().find(always).unwrap();
        let want = 110.0 - 100.0 * volts / 230.0;
        let want = if volts > 240.0 { want } else { 10.0 };
        assert!((v["margin"].as_f64().unwrap() - want).abs() < 1e-3, "{v}");
        // Ten whole minutes lie between ticks, the last one does not.
        assert_eq!(v["values"], 1);
    }
    let args = ["check", "kaur.h5", "--limits", "en50160,spln1", "--nominal-voltage", "220"];
    assert_eq!(kilat_in(kaur(), &args).status.code(), Some(0));
    assert_eq!(kilat_in(kaur(), &[&args[..], &["--conclusive"]].concat()).status.code(), Some(2));
}

#[test]
fn check_says_what_ieee_519_lacks() {
    let page = ok_in(kaur(), &["check", "kaur.h5", "--limits", "ieee519"]);
    assert!(page.contains("not judged") && page.contains("point of common coupling is not stated"), "{page}");
    let page = ok_in(kaur(), &["check", "kaur.h5", "--limits", "ieee519", "--pcc-voltage", "400"]);
    assert!(
        page.contains("voltage THD to order 50") && page.contains("Isc and the demand current IL"),
        "{page}"
    );
    let site = ["--pcc-voltage", "400", "--isc", "5000", "--il", "60"];
    let page = ok_in(kaur(), &[&["check", "kaur.h5", "--limits", "ieee519"][..], &site].concat());
    assert!(page.contains("current TDD") && page.contains("IEEE 519, table 2"), "{page}");
}

/// Every file of a store with its content.
fn store(at: &std::path::Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut all = std::collections::BTreeMap::new();
    let mut waiting = vec![at.to_owned()];
    while let Some(dir) = waiting.pop() {
        for item in std::fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                all.insert(path.strip_prefix(at).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// A directory with two recordings below each other, their parts, a broken file and a text.
fn archive() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let below = dir.path().join("captures/2024/may");
    std::fs::create_dir_all(&below).unwrap();
    for name in ["gap.cfg", "gap.dat", "cut.cfg", "cut.dat"] {
        std::fs::copy(kaur().join(name), below.join(name)).unwrap();
    }
    std::fs::write(dir.path().join("captures/broken.cfg"), "station,1,1999\r\n2,2A\r\n").unwrap();
    std::fs::write(dir.path().join("captures/noise.bin"), [7u8, 250, 3, 99].repeat(50)).unwrap();
    dir
}

#[test]
fn batch_records_every_file_and_keeps_what_has_not_changed() {
    let dir = archive();
    let run = |extra: &[&str]| -> Value {
        let args = ["batch", "captures", "-o", "store", "--nominal-voltage", "230", "--json"];
        serde_json::from_str(&ok_in(dir.path(), &[&args[..], extra].concat())).unwrap()
    };
    let first = run(&[]);
    assert_eq!((&first["analysed"], &first["kept"], &first["failed"]), (&4.into(), &0.into(), &2.into()));
    let names: Vec<&str> =
        first["files"].as_array().unwrap().iter().map(|f| f["file"].as_str().unwrap()).collect();
    assert_eq!(names, ["2024/may/cut.cfg", "2024/may/gap.cfg", "broken.cfg", "noise.bin"]);
    assert!(first["files"][2]["error"].as_str().unwrap().starts_with("broken.cfg: "), "{first}");
    let at = dir.path().join("store");
    let record: Value =
        serde_json::from_slice(&std::fs::read(at.join("records/2024/may/gap.cfg.json")).unwrap()).unwrap();
    assert_eq!(record["analysis"]["gaps"].as_array().unwrap().len(), 1);
    assert_eq!(record["inputs"].as_array().unwrap().len(), 2);
    let index = std::fs::read_to_string(at.join("index.jsonl")).unwrap();
    let lines: Vec<Value> = index.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(&lines, first["files"].as_array().unwrap());

    let whole = store(&at);
    let again = run(&["--threads", "1"]);
    assert_eq!((&again["analysed"], &again["kept"]), (&0.into(), &4.into()));
    assert!(store(&at) == whole);
    // A part that changes makes its recording new, another setting makes all new.
    let dat = dir.path().join("captures/2024/may/gap.dat");
    let bytes = std::fs::read(&dat).unwrap();
    std::fs::write(&dat, &bytes[..bytes.len() - 300]).unwrap();
    assert_eq!(run(&[])["analysed"], 1);
    assert_eq!(run(&["--class", "S"])["analysed"], 4);
}

/// A scenario as a COMTRADE recording of another day.
fn recorded(dir: &std::path::Path, scenario: &str, seed: &str, day: &str) {
    let name = format!("in/{scenario}-{}.cfg", day.replace('/', "-"));
    ok_in(dir, &["synth", scenario, "--seed", seed, "-o", &name]);
    let path = dir.join(&name);
    let text = std::fs::read_to_string(&path).unwrap();
    let start = text.lines().position(|l| l.contains(':')).unwrap();
    let lines = text.lines().enumerate().map(|(k, l)| match l.split_once(',') {
        Some((_, time)) if k == start || k == start + 1 => format!("{day},{time}\r\n"),
        _ => format!("{l}\r\n"),
    });
    std::fs::write(&path, lines.collect::<String>()).unwrap();
}

#[test]
fn batch_says_what_recurs_with_its_dates() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("in")).unwrap();
    recorded(dir.path(), "capacitor-switching", "3", "30/11/2023");
    recorded(dir.path(), "capacitor-switching", "3", "30/10/2022");
    recorded(dir.path(), "motor-start", "1", "01/11/2023");
    let args = ["batch", "in", "-o", "store", "--nominal-voltage", "220"];
    let page = ok_in(dir.path(), &args);
    let (_, recurring) = page.split_once("\nrecurring\n").unwrap_or_else(|| panic!("{page}"));
    let line = recurring.lines().next().unwrap();
    assert!(line.starts_with("  2 times: oscillatory transient on Ua Ub Uc of "), "{line}");
    assert!(line.ends_with(" kvar (capacitor switching): 2022-10-30, 2023-11-30"), "{line}");
    assert_eq!(recurring.matches(" times: ").count(), 1, "{recurring}");

    let path = dir.path().join("store/recurrences.jsonl");
    let written = std::fs::read_to_string(&path).unwrap();
    let one: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(line.trim(), one["text"].as_str().unwrap());
    assert_eq!(one["moments"][1]["file"], "capacitor-switching-30-11-2023.cfg");
    // From kept records it is the same to the last digit.
    assert!(ok_in(dir.path(), &args).ends_with("3 recordings: 0 analysed, 3 kept, 0 failed\n"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn analyze_says_what_recurs_within_a_recording() {
    let page = ok_in(kaur(), &["analyze", "synth:bengkulu-2020"]);
    let (_, recurring) = page.split_once("\nrecurring\n").unwrap_or_else(|| panic!("{page}"));
    // Of one day, so at times of that day.
    assert!(recurring.starts_with("  4 times: dip on Ua to 85 % for "), "{recurring}");
    assert!(recurring.contains(": 2020-10-05 03:30:05, 2020-10-05 03:30:09"), "{recurring}");
}

#[test]
fn batch_goes_on_after_it_was_killed() {
    let dir = archive();
    let args = |store: &'static str| ["batch", "captures", "-o", store, "--nominal-voltage", "230"];
    let page = ok_in(dir.path(), &args("whole"));
    assert!(page.ends_with("\n4 recordings: 4 analysed, 0 kept, 2 failed\n"), "{page}");
    let whole = store(&dir.path().join("whole"));
    for pause_ms in [0, 20, 60, 150] {
        let mut child = common::command(dir.path()).args(args("killed")).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(pause_ms));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // Torn files as a kill in the midst of a write would leave them.
    let killed = dir.path().join("killed");
    std::fs::create_dir_all(killed.join("records/2024/may")).unwrap();
    std::fs::write(killed.join("records/2024/may/gap.cfg.json.part"), "{\"schema\":1,").unwrap();
    std::fs::write(killed.join("records/noise.bin.json"), "{\"schema\":1,").unwrap();
    std::fs::write(killed.join("index.jsonl"), "{").unwrap();
    let _ = std::fs::remove_file(killed.join("records/2024/may/gap.cfg.json"));
    ok_in(dir.path(), &args("killed"));
    assert!(store(&killed) == whole);
}

#[test]
fn watch_prints_a_line_per_second_and_per_event() {
    let doc: Value = serde_json::from_str(&ok_in(kaur(), &["analyze", "kaur.h5", "--json"])).unwrap();
    let file = &doc["files"][0];
    let page = ok_in(kaur(), &["watch", "kaur.h5", "--speed", "0"]);
    let (events, values): (Vec<&str>, Vec<&str>) = page.lines().partition(|l| l.contains("  event  "));
    let seconds = file["duration_s"].as_f64().unwrap();
    assert!(
        (seconds..seconds + 2.0).contains(&(values.len() as f64 + 0.5)),
        "{} lines for {seconds} s",
        values.len()
    );
    assert!(
        values.iter().all(|l| l.contains(" Hz  Ua ") && l.contains(" V THD ") && l.contains("  u2 ")),
        "{page}"
    );
    let over = |kind: &str| {
        events.iter().filter(|l| l.contains(&format!("  {kind}")) && !l.ends_with("goes on")).count()
    };
    for kind in ["dip", "swell", "interruption"] {
        let found = file["events"].as_array().unwrap().iter().filter(|e| e["kind"] == kind).count();
        assert_eq!(over(kind), found, "{kind}:\n{page}");
    }
    assert_eq!(over("rapid change"), file["rvc"].as_array().unwrap().len());
    let gap = ok_in(kaur(), &["watch", "gap.cfg", "--speed", "0"]);
    assert!(gap.contains("2020-01-01T00:00:01.200Z  event  gap  700.00 ms\n"), "{gap}");
}

#[test]
fn watch_json_is_a_line_per_result() {
    let args = [
        "watch",
        "synth:kaur-2024",
        "--speed",
        "0",
        "--json",
        "--nominal-voltage",
        "220",
        "--frequency",
        "50",
    ];
    let page = ok_in(kaur(), &args);
    let all: Vec<Value> = page.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(all.iter().all(|o| o["kind"] != "half_cycle" && o["sequence"].is_u64()));
    let of = |kind: &str| all.iter().filter(|o| o["kind"] == kind).collect::<Vec<_>>();
    let args = ["analyze", "synth:kaur-2024", "--json", "--nominal-voltage", "220", "--frequency", "50"];
    let doc: Value = serde_json::from_str(&ok_in(kaur(), &args)).unwrap();
    let file = &doc["files"][0];
    let rms: Vec<&Value> = of("interval").iter().map(|i| &i["rms"]["Ub"]).collect();
    let channel = file["channels"].as_array().unwrap().iter().find(|c| c["name"] == "Ub").unwrap();
    assert_eq!(rms, channel["rms"].as_array().unwrap().iter().collect::<Vec<_>>());
    let residuals = |found: &[&Value]| {
        let mut all: Vec<f64> = found.iter().map(|e| e["residual_v"].as_f64().unwrap()).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let events = file["events"].as_array().unwrap();
    assert_eq!(residuals(&of("event")), residuals(&events.iter().collect::<Vec<_>>()));
    assert!(!events.is_empty() && !of("open_event").is_empty());
}

#[test]
fn watch_takes_raw_samples_from_standard_input() {
    use std::io::Write as _;
    let wave = |k: u32| 10_000.0 * (std::f64::consts::TAU * 50.0 * f64::from(k) / 5000.0).sin();
    let bytes: Vec<u8> = (0..10_000).flat_map(|k| (wave(k).round() as i32).to_le_bytes()).collect();
    let args = ["watch", "-", "--type", "i32", "--rate", "5000", "--map", "0=Ua:V:A:0.0325269"];
    let mut child = common::command(kaur())
        .args([&args[..], &["--nominal-voltage", "230", "--frequency", "50"]].concat())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let out = child.wait_with_output().unwrap();
    let page = common::text(&out.stdout);
    assert!(out.status.success() && page.starts_with("0.210 s  50.000 Hz  Ua 230.00 V THD 0."), "{page}");
    assert_eq!(page.lines().count(), 2, "{page}");
}
