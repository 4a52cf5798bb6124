//! Real files against what an independent reader found in them. They are not part of the repository: the test runs where
//! they lie beside it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test helper fails by panicking and says what it skipped"
)]

use std::path::{Path, PathBuf};

use kilat_core::{Capture, Kind, Timestamp};
use kilat_io::{Observation, ObservedChannel, ReadOptions, Series, observations, read};
use serde_json::Value;

/// Both sides compute in f64; sums over 10^5 values leave some 1e-11.
const RELATIVE: f64 = 1e-9;

fn records() -> Option<(PathBuf, Vec<Value>)> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(root) = above.map(|d| d.join("shared/captures")).find(|d| d.join("truth.json").is_file()) else {
        eprintln!("skipped: no shared/captures/truth.json beside the repository");
        return None;
    };
    let text = std::fs::read_to_string(root.join("truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let all = truth["records"].as_array().unwrap();
    let records: Vec<Value> = all.iter().filter(|r| r["format"] == "PQDIF").cloned().collect();
    assert!(!records.is_empty());
    Some((root, records))
}

fn path(root: &Path, record: &Value) -> PathBuf {
    root.join(record["files"][0]["path"].as_str().unwrap())
}

/// The word of an identifier: its name without the prefix, in lower case; an unknown one stands for itself.
fn word(identifier: &Value, prefix: &str) -> String {
    let name = identifier.as_str().unwrap();
    name.strip_prefix(prefix).map_or_else(|| name.to_owned(), str::to_lowercase)
}

fn moment(truth: &Value) -> Option<Timestamp> {
    truth["iso"].as_str().map(|t| t.parse().unwrap())
}

/// Collects differences.
struct Check {
    at: String,
    problems: Vec<String>,
    compared: usize,
}

impl Check {
    #[expect(clippy::needless_pass_by_value, reason = "every caller has a temporary")]
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, truth: T) {
        self.compared += 1;
        if found != truth {
            self.problems.push(format!("{}: {what}: found {found:?}, truth {truth:?}", self.at));
        }
    }

    fn close(&mut self, what: &str, found: f64, truth: &Value, size: f64) {
        self.compared += 1;
        let truth = truth.as_f64().unwrap();
        if (found - truth).abs() > RELATIVE * size.max(truth.abs()) {
            self.problems.push(format!("{}: {what}: found {found:?}, truth {truth:?}", self.at));
        }
    }

    fn observation(&mut self, o: &Observation, truth: &Value, definitions: &[Value]) {
        self.same("name", &*o.name, truth["name"].as_str().unwrap());
        self.same("start", o.start, moment(&truth["time_start"]));
        self.same("trigger", o.trigger, moment(&truth["time_triggered"]));
        let methods = ["none", "channel", "periodic", "external", "periodic_stats"];
        let method = methods[truth["trigger_method_id"].as_u64().unwrap() as usize];
        self.same("trigger method", &*o.trigger_method, method);
        let disturbance = &truth["disturbance"];
        let disturbance =
            if disturbance.is_null() { String::new() } else { word(disturbance, "ID_DISTURB_1159_") };
        self.same("disturbance", o.disturbance.to_string(), disturbance);
        let channels = truth["channels"].as_array().unwrap();
        self.same("channels", o.channels.len(), channels.len());
        self.same("stated channels", channels.len() as u64, truth["n_channel_instances"].as_u64().unwrap());
        let at = self.at.clone();
        for (c, truth) in o.channels.iter().zip(channels) {
            self.at = format!("{at}: {}", c.name);
            self.channel(c, truth, &definitions[truth["def_index"].as_u64().unwrap() as usize]);
        }
        self.at = at;
    }

    fn channel(&mut self, c: &ObservedChannel, truth: &Value, definition: &Value) {
        self.same("name", &*c.name, truth["name"].as_str().unwrap());
        self.same("quantity", c.quantity.to_string(), word(&definition["quantity_type"], "ID_QT_"));
        let series = truth["series"].as_array().unwrap();
        self.same("series", c.series.len(), series.len());
        let at = self.at.clone();
        for (k, (s, truth)) in c.series.iter().zip(series).enumerate() {
            self.at = format!("{at}: series {k}");
            self.series(s, truth, &definition["series"][k]);
        }
        self.at = at;
    }

    fn series(&mut self, s: &Series, truth: &Value, definition: &Value) {
        self.same("type", s.value_type.to_string(), word(&truth["value_type"], "ID_SERIES_VALUE_TYPE_"));
        self.same("figure", s.characteristic.to_string(), word(&definition["characteristic"], "ID_QC_"));
        self.same("nominal", s.nominal, definition["nominal"].as_f64());
        let units = [
            (0, ""),
            (2, "s"),
            (6, "V"),
            (7, "A"),
            (8, "VA"),
            (9, "W"),
            (10, "var"),
            (15, "Hz"),
            (19, "%"),
            (20, "pu"),
        ];
        let id = truth["units_id"].as_u64().unwrap();
        let unit = units.iter().find(|(n, _)| *n == id).map(|(_, u)| *u);
        self.same("unit", Some(&*s.unit), unit);
        let v = s.values();
        self.same("values", v.len() as u64, truth["n"].as_u64().unwrap());
        self.same("length", s.len(), v.len());
        if v.is_empty() {
            return;
        }
        self.same("not finite", v.iter().filter(|v| !v.is_finite()).count(), 0);
        let n = v.len() as f64;
        let rms = (v.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
        for (what, found) in [
            ("first", v[0]),
            ("last", v[v.len() - 1]),
            ("min", v.iter().copied().fold(f64::INFINITY, f64::min)),
            ("max", v.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            ("mean", v.iter().sum::<f64>() / n),
            ("rms", rms),
        ] {
            self.close(what, found, &truth[what], rms);
        }
    }
}

#[test]
fn every_observation_reads_as_an_independent_reader_found_it() {
    let Some((root, records)) = records() else { return };
    let mut check = Check { at: String::new(), problems: Vec::new(), compared: 0 };
    for record in &records {
        let id = record["id"].as_str().unwrap();
        let found = observations(path(&root, record)).unwrap();
        let same_as = record["observations_same_as"].as_str().unwrap_or(id);
        let source = records.iter().find(|r| r["id"] == same_as).unwrap();
        let truth = source["observations"].as_array().unwrap();
        check.at = id.to_owned();
        check.same("format", found.format.as_str(), "PQDIF 1.5");
        check.same("warnings", found.warnings.len(), 0);
        check.same("observations", found.list.len(), truth.len());
        let site = &record["data_sources"][0];
        for (k, (o, truth)) in found.list.iter().zip(truth).enumerate() {
            check.at = format!("{id}: observation {k}");
            check.same("station", &*o.station, site["name"].as_str().unwrap());
            let equipment = site["equipment"].as_str().unwrap().strip_prefix("ID_EQUIP_").unwrap();
            check.same("device", o.device.to_string(), equipment.replace('_', " "));
            let frequency = record["monitor_settings"][0]["nominal_frequency_hz"].as_f64();
            check.same("frequency", o.nominal_frequency_hz, frequency);
            check.observation(o, truth, site["channels"].as_array().unwrap());
        }
    }
    eprintln!("{} records, {} figures compared", records.len(), check.compared);
    let n = check.problems.len();
    check.problems.truncate(20);
    assert!(n == 0, "{n} differences:\n{}", check.problems.join("\n"));
}

impl Check {
    /// The channels of a capture of one observation, as that observation holds them.
    fn capture(&mut self, capture: &Capture, truth: &[&Value], definitions: &[Value]) {
        self.same("channels", capture.channels().len(), truth.len());
        for (c, truth) in capture.channels().iter().zip(truth) {
            let definition = &definitions[truth["def_index"].as_u64().unwrap() as usize];
            self.same("name", &*c.name, truth["name"].as_str().unwrap());
            let kind = if definition["quantity_measured_id"] == 1 { Kind::Voltage } else { Kind::Current };
            self.same("kind", c.kind, kind);
            let phases = ["A", "B", "C", "N", "AB", "BC", "CA"];
            let phase = definition["phase_id"].as_u64().unwrap() as usize;
            self.same(
                "phase",
                c.phase.map(|p| p.to_string()),
                phases.get(phase - 1).map(ToString::to_string),
            );
            let values = &truth["series"][1];
            if let Some(scale) = values["scale"].as_f64() {
                self.same("scale", c.scale, scale);
            }
            let v = c.values(0..c.len()).unwrap();
            self.same("samples", v.len() as u64, values["n"].as_u64().unwrap());
            let n = v.len() as f64;
            let rms = (v.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
            self.close("first", v[0], &values["first"], rms);
            self.close("last", v[v.len() - 1], &values["last"], rms);
            self.close("mean", v.iter().sum::<f64>() / n, &values["mean"], rms);
            self.close("rms", rms, &values["rms"], rms);
        }
    }
}

/// Rates of the recorders: their intervals are stored in single precision.
const RATES_HZ: [f64; 3] = [15_360.0, 7680.0, 6400.0];

#[test]
fn every_waveform_observation_is_a_capture() {
    let Some((root, records)) = records() else { return };
    let mut check = Check { at: String::new(), problems: Vec::new(), compared: 0 };
    let mut seen = 0;
    for record in records.iter().filter(|r| r["observations"].is_array()) {
        let id = record["id"].as_str().unwrap();
        let definitions = record["data_sources"][0]["channels"].as_array().unwrap();
        for truth in record["observations"].as_array().unwrap() {
            let number = truth["i"].as_u64().unwrap() as usize;
            let is_wave = |c: &&Value| {
                let definition = &definitions[c["def_index"].as_u64().unwrap() as usize];
                definition["quantity_type"] == "ID_QT_WAVEFORM"
            };
            let waves: Vec<&Value> = truth["channels"].as_array().unwrap().iter().filter(is_wave).collect();
            let mut options = ReadOptions { observations: vec![number], ..ReadOptions::default() };
            check.at = format!("{id}: observation {number}");
            if waves.is_empty() {
                if number > 0 {
                    continue;
                }
                let message = read(path(&root, record), &options).unwrap_err().to_string();
                check.same("refused", message.contains("without a waveform"), true);
                continue;
            }
            let mut counts: Vec<u64> = waves.iter().map(|c| c["series"][1]["n"].as_u64().unwrap()).collect();
            counts.dedup();
            for count in counts {
                let truth_of_rate: Vec<&Value> =
                    waves.iter().filter(|c| c["series"][1]["n"] == count).copied().collect();
                let names = truth_of_rate.iter().map(|c| c["name"].as_str().unwrap().to_owned());
                options.channels = Some(names.collect());
                let capture = read(path(&root, record), &options).unwrap();
                check.capture(&capture, &truth_of_rate, definitions);
                check.same("start", capture.time().start(), moment(&truth["time_start"]));
                check.same("trigger", capture.trigger, moment(&truth["time_triggered"]));
                check.same("segments", capture.time().segments().len(), 1);
                let rate = capture.time().rate().unwrap().hz();
                check.same("rate", RATES_HZ.contains(&rate), true);
                let last = capture.time().seconds((count - 1) as f64);
                // The truth counts in the intervals as they are stored, of single precision.
                let stated = truth_of_rate[0]["series"][0]["last"].as_f64().unwrap();
                check.same("last time", (last / stated - 1.0).abs() < 1e-7, true);
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "only {seen} captures");
    check.problems.truncate(20);
    assert!(check.problems.is_empty(), "{}", check.problems.join("\n"));
}

#[test]
fn observations_that_fit_together_are_one_capture() {
    let Some((root, records)) = records() else { return };
    let find = |id: &str| path(&root, records.iter().find(|r| r["id"] == id).unwrap());
    let capture = read(find("powerpeg-t1"), &ReadOptions::default()).unwrap();
    assert_eq!((capture.channels().len(), capture.len()), (6, 70_000));
    assert_eq!(capture.time().start().unwrap().to_string(), "2022-06-21T19:15:46.172Z");
    assert_eq!(capture.time().segments().len(), 2);
    // 19:19:09.982 less 19:15:46.172.
    assert_eq!(capture.time().segments()[1].offset_ps, 203_810_000_000_000);
    assert!(capture.warnings.is_empty(), "{:?}", capture.warnings);

    // Voltages at one rate, currents at half of it: the voltages are read, the rest is said.
    let capture = read(find("secha-example"), &ReadOptions::default()).unwrap();
    let names: Vec<&str> = capture.channels().iter().map(|c| &*c.name).collect();
    assert_eq!(names, ["Waveform VAB", "Waveform VBC", "Waveform VCA"]);
    let said: Vec<String> = capture.warnings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|w| w.contains("Waveform IC at 7680 Hz")), "{said:?}");
    assert!(said.iter().any(|w| w.contains("overlaps observation 26")), "{said:?}");

    let message = read(find("powerpeg-20220920"), &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("without a waveform (Basic Trend, HRMS Trend)"), "{message}");
    assert!(message.contains("kilat::observations"), "{message}");
}
