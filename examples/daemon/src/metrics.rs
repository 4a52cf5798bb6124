//! Prometheus: a page of plain text, made when somebody asks for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kilat::engine::live::{Output, Value};
use kilat::engine::plan::Plan;
use kilat::engine::sink::Period;
use kilat::{Error, Kind, Result};

/// Most bytes of a request that are looked at, and how long one may take.
const REQUEST: u64 = 4096;
const PATIENCE: Duration = Duration::from_secs(2);

/// Name, type and meaning of every family.
const FAMILIES: [(&str, &str, &str); 13] = [
    ("kilat_samples_total", "counter", "Samples of each channel since this start."),
    ("kilat_results_total", "counter", "Results since this start, by kind."),
    ("kilat_sequence", "gauge", "Number of the last result."),
    ("kilat_frequency_hertz", "gauge", "Frequency of the last 10/12 cycles."),
    ("kilat_rms_volts", "gauge", "R.m.s. voltage of the last 10/12 cycles."),
    ("kilat_rms_amperes", "gauge", "R.m.s. current of the last 10/12 cycles."),
    ("kilat_thd_subgroup_percent", "gauge", "THD of subgroups of the last 10/12 cycles."),
    ("kilat_unbalance_percent", "gauge", "Negative- and zero-sequence unbalance of the last 10/12 cycles."),
    ("kilat_last_block_timestamp_seconds", "gauge", "When the last block came."),
    ("kilat_checkpoint_timestamp_seconds", "gauge", "When the last checkpoint was made."),
    ("kilat_mqtt_connected", "gauge", "1 while the broker is there."),
    ("kilat_mqtt_published_total", "counter", "Messages that the broker took since this start."),
    ("kilat_mqtt_waiting_bytes", "gauge", "Bytes of events.jsonl that the broker has not taken."),
];

/// Values by family and labels. A handful: a lock is no burden.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<(&'static str, String), f64>>>);

impl Metrics {
    pub fn set(&self, name: &'static str, labels: String, value: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((name, labels), value);
    }

    pub fn add(&self, name: &'static str, labels: String, value: f64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((name, labels)).or_default() += value;
    }

    /// Takes note of a result.
    pub fn result(&self, plan: &Plan, output: &Output) {
        self.add("kilat_results_total", label("kind", output.value.kind()), 1.0);
        self.set("kilat_sequence", String::new(), output.sequence as f64);
        let Value::Interval(i) = &output.value else { return };
        if i.period != Period::Basic {
            return;
        }
        self.set("kilat_frequency_hertz", String::new(), i.frequency_hz);
        for (c, m) in plan.channels.iter().zip(&i.channels) {
            let volts = c.info.kind == Kind::Voltage;
            let rms = if volts { "kilat_rms_volts" } else { "kilat_rms_amperes" };
            self.set(rms, label("channel", &c.info.name), m.rms);
            let thd = m.spectrum.thd_subgroup_pct;
            self.set("kilat_thd_subgroup_percent", label("channel", &c.info.name), thd);
        }
        let s = &i.system;
        for (of, value) in [("u2", s.u2_pct), ("u0", s.u0_pct), ("i2", s.i2_pct), ("i0", s.i0_pct)] {
            self.set("kilat_unbalance_percent", label("of", of), value);
        }
    }

    /// Answers at `address` on a thread of its own.
    pub fn serve(&self, address: SocketAddr) -> Result<()> {
        let io = |e| Error::io(address.to_string(), e);
        let listener = TcpListener::bind(address).map_err(io)?;
        let metrics = self.clone();
        let answer = move || {
            // Whoever hangs up in the middle has lost interest.
            listener.incoming().flatten().for_each(|stream| drop(metrics.answer(&stream)));
        };
        std::thread::Builder::new().name("metrics".into()).spawn(answer).map(drop).map_err(io)
    }

    fn answer(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new(stream.take(REQUEST)).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        // The headers say nothing of interest, but an answer before their end would reset the connection.
        lines.map_while(std::result::Result::ok).find(String::is_empty);
        let (status, body) = match request.split(' ').collect::<Vec<_>>()[..] {
            ["GET", "/metrics", ..] => ("200 OK", self.page()),
            _ => ("404 Not Found", "see /metrics\n".to_owned()),
        };
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}", body.len());
        stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes())
    }

    fn page(&self) -> String {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = String::new();
        for (name, kind, help) in FAMILIES {
            let _ = write!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for ((_, labels), value) in
                values.range((name, String::new())..).take_while(|(key, _)| key.0 == name)
            {
                let _ = writeln!(page, "{name}{labels} {}", number(*value));
            }
        }
        page
    }
}

/// A label set of one, as Prometheus writes it.
pub fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{name}=\"{value}\"}}")
}

/// Prometheus spells what is no number otherwise than Rust.
fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else if value.is_nan() {
        "NaN".into()
    } else {
        format!("{}Inf", if value > 0.0 { '+' } else { '-' })
    }
}
