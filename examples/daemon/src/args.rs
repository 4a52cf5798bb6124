//! What the user asks for.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use kilat::{Channel, SampleKind, Timestamp};

/// Measures a stream of voltages and currents for as long as it lives, and loses no result when it is killed.
///
/// Everything goes into one directory: events.jsonl, aggregates/*.parquet and the checkpoint that a later start goes on from.
#[derive(Debug, Parser)]
#[command(name = "kilat-daemon", version, term_width = 100, after_help = AFTER)]
pub struct Args {
    /// Where samples come from: a recording of any format kilat reads, `-` for standard input, tcp://HOST:PORT.
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// Directory of the results and the state; made if it is not there.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Play a recording at so many times real time; 0 as fast as possible.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub speed: f64,
    /// Raw samples: their rate.
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,
    /// Raw samples: channels in the order of a row, each NAME:UNIT:SCALE:OFFSET, separated by commas; all but the name
    /// may be left out: Ua:V:0.01,Ub:V:0.01,Ia:A.
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',', value_parser = parse_channel)]
    pub channels: Vec<Channel>,
    /// Raw samples: their type, little-endian.
    #[arg(long = "type", value_name = "TYPE", default_value = "i16")]
    pub kind: RawKind,
    /// Raw samples: when the first one was taken, ISO 8601; the moment it comes unless stated.
    #[arg(long, value_name = "TIME")]
    pub start: Option<Timestamp>,
    /// The TCP source knows its numbering: send it the number of the sample wanted next, in decimal, with a line end; it
    /// answers likewise with the number of the first sample it will send.
    #[arg(long)]
    pub resume: bool,
    /// Udin, in volts; estimated from a recording when not given.
    #[arg(long, value_name = "V")]
    pub nominal_voltage: Option<f64>,
    /// Nominal frequency: 50 or 60 Hz; taken from a recording when not given.
    #[arg(long, value_name = "HZ")]
    pub frequency: Option<f64>,
    /// Seconds between checkpoints: what is measured in between is measured again after a kill.
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub checkpoint: f64,
    /// Seconds of signal in one Parquet file.
    #[arg(long, value_name = "S", default_value_t = 600.0)]
    pub segment: f64,
    /// Print the lines of events.jsonl too, once they are safe in it.
    #[arg(long)]
    pub print: bool,
    /// Answer Prometheus at ADDR, path /metrics.
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// Publish the lines of events.jsonl to this broker, each once.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_broker)]
    pub mqtt: Option<(String, u16)>,
    /// Topic, and the identity at the broker: no other daemon may use it.
    #[arg(long, value_name = "TOPIC", default_value = "kilat/events")]
    pub topic: String,
}

const AFTER: &str = "\
Exit status: 0 the source ended and everything is written and published, 2 error.

Examples:
  kilat-daemon feeder7.h5 -o out --speed 60 --metrics 127.0.0.1:9464
  recorder | kilat-daemon - -o out --rate 10000 --channels Ua:V:0.01,Ub:V:0.01,Uc:V:0.01 --nominal-voltage 230 --frequency 50
  kilat-daemon tcp://10.0.0.7:5000 -o out --rate 10000 --channels Ua,Ub,Uc --type f32 --nominal-voltage 230 --frequency 50 \\
      --mqtt 10.0.0.1:1883 --topic site7/events";

/// Type of raw samples.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RawKind {
    I16,
    I32,
    F32,
}

impl From<RawKind> for SampleKind {
    fn from(kind: RawKind) -> Self {
        match kind {
            RawKind::I16 => Self::I16,
            RawKind::I32 => Self::I32,
            RawKind::F32 => Self::F32,
        }
    }
}

fn parse_channel(text: &str) -> Result<Channel, String> {
    let fields: Vec<&str> = text.split(':').map(str::trim).collect();
    if fields.len() > 4 || fields[0].is_empty() {
        return Err(format!("expected NAME:UNIT:SCALE:OFFSET, found `{text}`"));
    }
    let field = |k: usize| fields.get(k).copied().filter(|f| !f.is_empty());
    let number = |k: usize, otherwise: f64| match field(k) {
        None => Ok(otherwise),
        Some(f) => f.parse().map_err(|_| format!("expected a number, found `{f}`")),
    };
    let usual = if fields[0].starts_with(['I', 'i']) { "A" } else { "V" };
    let unit = field(1).unwrap_or(usual);
    match kilat::capture::parse_unit(unit) {
        Some(_) => {
            Ok(Channel::new(fields[0], unit, Vec::<f32>::new()).with_scale(number(2, 1.0)?, number(3, 0.0)?))
        }
        None => Err(format!("expected a unit such as V, kV or A, found `{unit}`")),
    }
}

fn parse_broker(text: &str) -> Result<(String, u16), String> {
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parts.filter(|(host, _)| !host.is_empty()).ok_or_else(|| format!("expected HOST:PORT, found `{text}`"))
}
