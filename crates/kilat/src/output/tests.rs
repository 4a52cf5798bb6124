use kilat_core::engine::analysis::SeverityTable;
use kilat_core::engine::sink::Period;
use kilat_core::{Capture, Channel, Config, Flags, SampleRate, TimeBase};
use serde_json::Value;

use super::*;

const BASIC: Table = Table::Intervals(Period::Basic);

/// Two seconds of one phase at 230 V, with a dip to 50 % for 200 ms, and a current of 10 A lagging by 60°.
fn dip() -> (Capture, kilat_core::Analysis) {
    let rate = SampleRate::from_hz(10_000.0).unwrap();
    let angle = |i: usize| std::f64::consts::TAU * 50.0 * i as f64 / 10_000.0;
    let depth = |i: usize| if (8_000..10_000).contains(&i) { 0.5 } else { 1.0 };
    let u: Vec<f64> = (0..20_000).map(|i| 230.0 * 2f64.sqrt() * depth(i) * angle(i).sin()).collect();
    let i: Vec<f64> =
        (0..20_000).map(|i| 10.0 * 2f64.sqrt() * (angle(i) - std::f64::consts::FRAC_PI_3).sin()).collect();
    let start = Some("2024-05-27T07:00:00Z".parse().unwrap());
    let channels = vec![Channel::new("Ua, hall", "V", u), Channel::new("Ia", "A", i)];
    let mut capture = Capture::new(TimeBase::uniform(rate, 20_000, start), channels).unwrap();
    capture.source = "dip.cfg".into();
    let analysis = crate::analyze(&capture, &Config::class_a(230.0, 50.0)).unwrap();
    (capture, analysis)
}

/// `table` of `files` as CSV.
fn csv(files: &[AnalysisOutput], table: Table) -> kilat_core::Result<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    write_tables(files.iter().map(Ok), table, &path)?;
    Ok(std::fs::read_to_string(path).unwrap())
}

fn json(capture: &Capture, a: &kilat_core::Analysis, detail: Detail) -> Value {
    serde_json::to_value(Document::new(vec![analysis(capture, a, &[], &[], detail)])).unwrap()
}

#[test]
fn the_document_says_what_was_put_in() {
    let (capture, a) = dip();
    let doc = json(&capture, &a, Detail::Compact);
    let f = &doc["files"][0];
    assert_eq!(doc["schema"], 1);
    assert_eq!(f["start"], "2024-05-27T07:00:00Z");
    let e = &f["events"][0];
    assert_eq!((e["kind"].as_str(), e["channels"][0].as_str()), (Some("dip"), Some("Ua, hall")));
    assert!((e["residual_v"].as_f64().unwrap() - 115.0).abs() < 0.1);
    assert!((e["start_s"].as_f64().unwrap() - 0.8).abs() < 0.03);
    assert!(e["start"].as_str().unwrap().starts_with("2024-05-27T07:00:00."));
    let p = &f["power"][0]["p_w"][0];
    assert!((p.as_f64().unwrap() - 1150.0).abs() < 1.0, "{p}");
    assert_eq!(
        f["channels"][0]["half_cycles"]["u_rms_v"].as_array().unwrap().len(),
        a.half_cycles[0].u_rms_v.len()
    );
    assert_eq!(f["channels"][1]["udin_v"], Value::Null);
    assert_eq!(f["channels"][0]["harmonics"], Value::Null);
}

#[test]
fn full_adds_the_harmonics_of_each_interval() {
    let (capture, a) = dip();
    let doc = json(&capture, &a, Detail::Full);
    let h = doc["files"][0]["channels"][0]["harmonics"]["subgroup"].as_array().unwrap();
    assert_eq!(h.len(), a.intervals.flags.len());
    assert_eq!(h[0].as_array().unwrap().len(), 51);
    let first = a.harmonics.subgroup[[0, 0, 1]];
    assert_eq!(h[0][1], f64::from(first));
    // The text has the digits of single precision, and no more.
    let text = serde_json::to_string(&Document::new(vec![analysis(&capture, &a, &[], &[], Detail::Full)]));
    assert!(text.unwrap().contains(&format!(",{first},")), "{first}");
}

#[test]
fn supraharmonics_are_summed_up_and_full_adds_each_interval() {
    let wave = |i: usize| {
        let t = i as f64 / 50_000.0;
        let tone = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
        std::f64::consts::SQRT_2 * (230.0 * tone(50.0) + tone(2500.0) + 2.0 * tone(14_000.0))
    };
    let rate = SampleRate::from_hz(50_000.0).unwrap();
    let x: Vec<f64> = (0..40_000).map(wave).collect();
    let capture =
        Capture::new(TimeBase::uniform(rate, 40_000, None), vec![Channel::new("Ua", "V", x)]).unwrap();
    let config = Config { supraharmonics: true, ..Config::class_a(230.0, 50.0) };
    let a = kilat_core::engine::offline::analyze(&capture, &config, 1).unwrap();
    for (detail, rows) in [(Detail::Compact, None), (Detail::Full, Some(a.intervals.flags.len()))] {
        let doc = json(&capture, &a, detail);
        let s = &doc["files"][0]["supraharmonics"];
        let c = &s["channels"][0];
        let near = |v: &Value, want: f64| assert!((v.as_f64().unwrap() - want).abs() < 0.005 * want, "{v}");
        assert_eq!((c["channel"].as_str(), s["low_hz"][2].as_f64()), (Some("Ua"), Some(2500.0)));
        assert_eq!(s["high_hz"][3], 14_000.0);
        near(&c["low_mean"][2], 1.0);
        for key in ["high_min", "high_mean", "high_max"] {
            near(&c[key][3], 2.0);
        }
        assert_eq!(c["intervals"]["high_max"].as_array().map(Vec::len), rows);
        assert_eq!(c["intervals"]["low"].as_array().map(Vec::len), rows);
    }
}

#[test]
fn supraharmonics_are_a_table_with_a_row_per_band_and_bin() {
    let wave = |i: usize| {
        let t = i as f64 / 50_000.0;
        let tone = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
        std::f64::consts::SQRT_2 * (230.0 * tone(50.0) + tone(2500.0) + 2.0 * tone(14_000.0))
    };
    let rate = SampleRate::from_hz(50_000.0).unwrap();
    let x: Vec<f64> = (0..40_000).map(wave).collect();
    let capture =
        Capture::new(TimeBase::uniform(rate, 40_000, None), vec![Channel::new("Ua", "V", x)]).unwrap();
    let config = Config { supraharmonics: true, ..Config::class_a(230.0, 50.0) };
    let a = kilat_core::engine::offline::analyze(&capture, &config, 1).unwrap();
    let s = a.supraharmonics.as_ref().unwrap();
    let centres = s.low_hz.len() + s.high_hz.len();
    for (detail, intervals) in [(Detail::Compact, 1), (Detail::Full, a.intervals.flags.len())] {
        let text = csv(&[analysis(&capture, &a, &[], &[], detail)], Table::Supraharmonics).unwrap();
        let mut rows = text.lines();
        assert_eq!(rows.next(), Some("file,channel,start_s,start,hz,min,mean,max,flags"));
        assert_eq!(text.lines().count(), 1 + intervals * centres);
        let cells: Vec<Vec<&str>> = rows.map(|r| r.split(',').collect()).collect();
        let band = cells.iter().find(|c| c[4] == "2500").unwrap();
        let bin = cells.iter().find(|c| c[4] == "14000").unwrap();
        assert_eq!((band[5], band[7]), ("", ""));
        assert!((band[6].parse::<f64>().unwrap() - 1.0).abs() < 0.005, "{band:?}");
        for cell in &bin[5..8] {
            assert!((cell.parse::<f64>().unwrap() - 2.0).abs() < 0.01, "{bin:?}");
        }
    }
    // A recording that goes by in parts has the same, but for the order of the sums.
    let parts = kilat_core::engine::parts::Parts::new(&capture, &config, 1, 0.3).unwrap();
    let of_parts =
        parts.map(|p| analysis(&capture, &p.unwrap(), &[], &[], Detail::Compact).supraharmonics.unwrap());
    let got = of_parts.reduce(|before, after| before.and(&after)).unwrap();
    let want = analysis(&capture, &a, &[], &[], Detail::Compact).supraharmonics.unwrap();
    let figures = |s: &SupraharmonicsOutput| {
        let c = &s.channels[0];
        [&c.low_mean, &c.high_min, &c.high_mean, &c.high_max].map(Clone::clone).concat()
    };
    assert!(figures(&got).iter().zip(figures(&want)).all(|(g, w)| (g - w).abs() <= 1e-12 * w.abs()));
    // Longer intervals have them too: the root of the mean square of those inside.
    let doc = json(&capture, &a, Detail::Compact);
    let ten = &doc["files"][0]["aggregates"][1]["supraharmonics"]["channels"][0];
    assert!((ten["high_mean"][3].as_f64().unwrap() - 2.0).abs() < 0.01, "{ten}");
    assert_eq!(ten["intervals"]["low"].as_array().map(Vec::len), Some(1));
}

#[test]
fn signalling_has_a_column_per_tone_and_a_row_per_burst() {
    // 175 Hz at 5 V from 1 s to 1.4 s.
    let wave = |i: usize| {
        let t = i as f64 / 10_000.0;
        let tone = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
        let on = if (1.0..1.4).contains(&t) { 5.0 } else { 0.0 };
        std::f64::consts::SQRT_2 * (230.0 * tone(50.0) + on * tone(175.0))
    };
    let rate = SampleRate::from_hz(10_000.0).unwrap();
    let u: Vec<f64> = (0..30_000).map(wave).collect();
    let i = u.clone();
    let channels = vec![Channel::new("Ua", "V", u), Channel::new("Ia", "A", i)];
    let capture = Capture::new(TimeBase::uniform(rate, 30_000, None), channels).unwrap();
    let tone = kilat_core::Tone { record_s: 0.7, ..kilat_core::Tone::at(175.0) };
    let config =
        Config { signalling: vec![tone, kilat_core::Tone::at(316.0)], ..Config::class_a(230.0, 50.0) };
    let a = kilat_core::engine::offline::analyze(&capture, &config, 1).unwrap();
    let output = analysis(&capture, &a, &[], &[], Detail::Compact);
    let doc = serde_json::to_value(Document::new(vec![output.clone()])).unwrap();
    let f = &doc["files"][0];
    let (voltage, current) = (&f["channels"][0]["signalling"], &f["channels"][1]["signalling"]);
    assert_eq!((voltage.as_array().unwrap().len(), current.as_array().unwrap().len()), (2, 0));
    assert_eq!(voltage[1]["hz"], 316.0);
    let values: Vec<f64> =
        voltage[0]["rms_v"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert_eq!(values.len(), a.intervals.flags.len());
    let b = &f["bursts"][0];
    assert_eq!((f["bursts"].as_array().unwrap().len(), b["channel"].as_str()), (1, Some("Ua")));
    assert!((b["largest_v"].as_f64().unwrap() - 5.0).abs() < 0.01, "{b}");
    assert!((b["largest_pct"].as_f64().unwrap() - 100.0 * 5.0 / 230.0).abs() < 0.01, "{b}");
    assert!((0.8..1.2).contains(&b["start_s"].as_f64().unwrap()) && b["open"] == false, "{b}");
    assert_eq!(b["values_v"].as_array().unwrap().len(), 4);

    let text = csv(std::slice::from_ref(&output), BASIC).unwrap();
    let column = text.lines().next().unwrap().split(',').position(|t| t == "Ua signalling_175hz_v").unwrap();
    let shown = text.lines().skip(1).map(|r| r.split(',').nth(column).unwrap().parse::<f64>().unwrap());
    assert_eq!(shown.collect::<Vec<_>>(), values);
    let text = csv(std::slice::from_ref(&output), Table::Bursts).unwrap();
    let row: Vec<&str> = text.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((text.lines().count(), row[1], row[2]), (2, "175", "Ua"));
}

#[test]
fn edition_four_says_nothing_of_deviation() {
    let (capture, mut a) = dip();
    a.config.edition = kilat_core::Edition::Fourth;
    let output = analysis(&capture, &a, &[], &[], Detail::Compact);
    assert!(!csv(std::slice::from_ref(&output), BASIC).unwrap().contains("deviation"));
    let doc = serde_json::to_value(Document::new(vec![output])).unwrap();
    assert_eq!(doc["files"][0]["channels"][0]["under_deviation_pct"], Value::Array(Vec::new()));
    assert_eq!(
        (&doc["files"][0]["config"]["edition"], &doc["files"][0]["config"]["class"]),
        (&"4".into(), &"A".into())
    );
}

#[test]
fn flicker_is_rated_per_voltage() {
    let (capture, mut a) = dip();
    a.flicker[0].pst = SeverityTable {
        start_sample: vec![5000.0],
        stop_sample: vec![20_000.0],
        severity: vec![0.8],
        flags: vec![Flags::UNSETTLED],
    };
    let output = analysis(&capture, &a, &[], &[], Detail::Full);
    let text = csv(std::slice::from_ref(&output), Table::Flicker).unwrap();
    assert_eq!(
        text.lines().nth(1),
        Some("dip.cfg,\"Ua, hall\",pst,0.5,2024-05-27T07:00:00.5Z,0.8,unsettled"),
        "{text}"
    );
    let doc = serde_json::to_value(Document::new(vec![output])).unwrap();
    let f = &doc["files"][0]["channels"][0]["flicker"];
    assert_eq!((f["lamp"].as_str(), f["pst"]["severity"][0].as_f64()), (Some("230V"), Some(0.8)));
    assert_eq!(f["p_inst"]["p_inst"].as_array().unwrap().len(), a.flicker[0].p_inst.p_inst.len());
    // A dip to half its voltage is a flicker beyond all limits.
    assert!(f["p_inst_max"].as_f64().unwrap() > 1000.0, "{f}");
    assert_eq!(doc["files"][0]["channels"][1]["flicker"], Value::Null);
    assert_eq!(
        json(&capture, &a, Detail::Compact)["files"][0]["channels"][0]["flicker"]["p_inst"],
        Value::Null
    );
}

/// Aggregates and rapid changes are the numbers of the analysis, in the document and in CSV.
#[test]
fn aggregates_have_the_shape_of_the_basic_intervals() {
    let (capture, mut a) = dip();
    a.rvc = vec![kilat_core::RapidChange {
        channels: std::iter::once(0).collect(),
        start_sample: 5000.0,
        stop_sample: 6000.0,
        duration_s: 0.1,
        delta_steady_v: f64::NAN,
        delta_steady_pct: f64::NAN,
        delta_max_v: 9.2,
        delta_max_pct: 4.0,
        extreme_channel: 0,
        flags: Flags::empty(),
        open: true,
    }];
    let output = analysis(&capture, &a, &[], &[], Detail::Compact);
    let text = |table| csv(std::slice::from_ref(&output), table).unwrap();
    assert_eq!(
        text(Table::Rvc).lines().nth(1),
        Some("dip.cfg,\"Ua, hall\",\"Ua, hall\",0.5,2024-05-27T07:00:00.5Z,0.1,,,9.2,4,,true")
    );
    let (basic, ten) = (text(BASIC), text(Table::Intervals(Period::TenMinutes)));
    assert_eq!(basic.lines().next(), ten.lines().next());
    assert_eq!(ten.lines().count(), 2);
    assert!(ten.lines().nth(1).unwrap().contains(",600,2024-05-27T07:10:00Z,"), "{ten}");
    let doc = serde_json::to_value(&output).unwrap();
    assert_eq!(
        (&doc["rvc"][0]["delta_steady_v"], doc["rvc"][0]["delta_max_pct"].as_f64()),
        (&Value::Null, Some(4.0))
    );
    let ten = &doc["aggregates"][1];
    assert_eq!((ten["period"].as_str(), &ten["intervals"]["stamp_s"][0]), (Some("10min"), &600.0.into()));
    assert!(ten["intervals"]["flags"][0].as_array().unwrap().contains(&"incomplete".into()), "{ten}");
    let rms = |v: &Value, c: usize| v["channels"][c]["rms"][0].as_f64().unwrap();
    assert_eq!(rms(ten, 0), a.aggregates.ten_minutes.intervals.rms[[0, 0]]);
    let under = ten["channels"][0]["under_deviation_pct"][0].as_f64().unwrap();
    assert_eq!(under, a.aggregates.ten_minutes.deviation.under_pct[[0, 0]]);
    assert!(under > 1.0 && ten["channels"][1]["under_deviation_pct"].as_array().unwrap().is_empty());
    let first = &ten["channels"][1]["harmonics"]["subgroup"][0][1];
    assert_eq!(first.as_f64(), Some(a.aggregates.ten_minutes.harmonics.subgroup[[0, 1, 1]].into()));
    assert_eq!(doc["aggregates"][0]["channels"][0]["harmonics"], Value::Null);
}

#[test]
fn what_does_not_exist_is_null() {
    let (capture, mut a) = dip();
    a.intervals.frequency_hz[0] = f64::NAN;
    let doc = json(&capture, &a, Detail::Compact);
    assert_eq!(doc["files"][0]["intervals"]["frequency_hz"][0], Value::Null);
    assert!(doc["files"][0]["summary"]["frequency_hz"]["mean"].is_f64());
}

#[test]
fn a_capture_is_described_with_its_extremes() {
    let (mut capture, _) = dip();
    capture.channels_mut()[1].samples = vec![f64::NAN; 20_000].into();
    let info = super::capture(&capture).unwrap();
    let u = &info.channels[0];
    assert!((u.max - 230.0 * 2f64.sqrt()).abs() < 1e-9 && (u.min + u.max).abs() < 1e-9);
    let mean_square = (0.9 + 0.1 * 0.25) * 230.0f64.powi(2);
    assert!((u.rms - mean_square.sqrt()).abs() < 1e-6);
    assert_eq!((info.channels[1].missing, info.channels[1].rms.is_nan()), (20_000, true));
    let s = info.support.unwrap();
    assert_eq!((s.interval_cycles, s.intervals, s.frequency_values, s.orders), (10, 10, 0, 50));
}

#[test]
fn a_capture_without_waveforms_says_why() {
    let rate = SampleRate::from_hz(10.0).unwrap();
    let channels = vec![Channel::new("Ua", "V", vec![230.0; 100])];
    let capture = Capture::new(TimeBase::uniform(rate, 100, None), channels).unwrap();
    let info = super::capture(&capture).unwrap();
    assert!(info.support.is_none() && info.unsupported.is_some());
}

#[test]
fn csv_quotes_names_and_has_one_row_per_interval() {
    let (capture, a) = dip();
    let output = analysis(&capture, &a, &[], &[], Detail::Compact);
    let text = csv(&[output.clone(), output.clone()], BASIC).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rms = header.iter().position(|t| t == "Ua, hall rms_v").unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2 * a.intervals.flags.len());
    assert_eq!(rows[0][rms].parse::<f64>().unwrap(), a.intervals.rms[[0, 0]]);
    assert_eq!(&rows[0][0], "dip.cfg");
    let events = csv(std::slice::from_ref(&output), Table::Events).unwrap();
    assert!(events.lines().nth(1).unwrap().contains("dip,false,\"Ua, hall\""), "{events}");
    let mut other = output.clone();
    other.channels[0].measured.name = "Ub".into();
    let message = csv(&[output, other], BASIC).unwrap_err().to_string();
    assert!(message.starts_with("columns of dip.cfg: expected"), "{message}");
}
