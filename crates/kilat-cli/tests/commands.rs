//! The happy path of every subcommand.

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
    let fifth: Vec<f64> = of_channel["harmonics"]["subgroup"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i[5].as_f64().unwrap())
        .collect();
    assert_eq!(column("10/12 cycles", &format!("{name} H5"), "avg"), fifth);
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
