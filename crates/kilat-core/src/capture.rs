//! A recording: time base, channels, and where it came from.
//!
//! Columnar and shared: cloning or slicing a [`Capture`] copies no sample. Codes stay as the file stored them
//! ([`Samples`]); an engineering value is `scale · code + offset` in the channel's [`unit`](Channel::unit).

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Warning};
use crate::units::{Moment, Timestamp};

pub mod derive;
mod samples;
mod time_base;

pub(crate) use samples::Lent;
pub use samples::{Codes, SampleKind, Samples, SamplesRef, Stored};
pub use time_base::{Segment, TimeBase};

/// Conductor or pair of conductors a channel measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // the variants are the names of the phases
pub enum Phase {
    A,
    B,
    C,
    N,
    AB,
    BC,
    CA,
}

impl Phase {
    /// True for a voltage between two phases.
    pub fn is_line_line(self) -> bool {
        matches!(self, Self::AB | Self::BC | Self::CA)
    }

    /// Reads a phase as files spell it: `A`, `L1`, `R`, `U`, `a-n`, `AB`, `L1-L2`, `RS`, `N`; any case.
    ///
    /// ```
    /// # use kilat_core::Phase;
    /// assert_eq!(Phase::parse("L2"), Some(Phase::B));
    /// assert_eq!(Phase::parse("T-R"), Some(Phase::CA));
    /// assert_eq!(Phase::parse("feeder"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        // Cyrillic letters that look like A, B and C stand for them.
        let latin = |c: char| match c {
            'А' | 'а' => 'A',
            'В' | 'в' => 'B',
            'С' | 'с' => 'C',
            other => other.to_ascii_uppercase(),
        };
        let t: String = text.chars().filter(|c| c.is_alphanumeric()).map(latin).collect();
        Some(match t.as_str() {
            "A" | "LA" | "L1" | "R" | "U" | "AN" | "L1N" | "RN" | "1" => Self::A,
            "B" | "LB" | "L2" | "S" | "V" | "BN" | "L2N" | "SN" | "2" => Self::B,
            "C" | "LC" | "L3" | "T" | "W" | "CN" | "L3N" | "TN" | "3" => Self::C,
            "N" | "NE" | "NG" | "NPE" | "G" | "E" => Self::N,
            "AB" | "L1L2" | "RS" | "UV" | "12" => Self::AB,
            "BC" | "L2L3" | "ST" | "VW" | "23" => Self::BC,
            "CA" | "L3L1" | "TR" | "WU" | "31" | "AC" | "L1L3" => Self::CA,
            _ => return None,
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Samples read at a time where any number will do.
const BLOCK: usize = 1 << 16;

/// What a channel measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A voltage waveform.
    Voltage,
    /// A current waveform.
    Current,
    /// Anything else: a trend, a frequency, a DC quantity, counts without a calibration.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Voltage => "voltage",
            Self::Current => "current",
            Self::Other => "other",
        })
    }
}

/// Factor from `unit` to volts or amperes and the kind it names: `kV` is `(Voltage, 1000.0)`.
///
/// `None` when the unit names neither; it is matched whole, never by the letters V or A alone inside it.
pub fn parse_unit(unit: &str) -> Option<(Kind, f64)> {
    let u = unit.trim().to_lowercase();
    // Cyrillic В and А, as Russian recorders write them; `В/кВ` is their "secondary V, primary kV".
    let u = u.replace('в', "v").replace('а', "a").replace('к', "k").replace('м', "m");
    Some(match u.as_str() {
        "v" | "volt" | "volts" | "v/kv" | "vrms" => (Kind::Voltage, 1.0),
        "kv" | "kvolt" | "kilovolt" => (Kind::Voltage, 1e3),
        "mv" | "millivolt" => (Kind::Voltage, 1e-3),
        "uv" | "µv" | "microvolt" => (Kind::Voltage, 1e-6),
        "a" | "amp" | "amps" | "ampere" | "amperes" | "arms" | "a/ka" => (Kind::Current, 1.0),
        "ka" | "kamp" | "kiloampere" => (Kind::Current, 1e3),
        "ma" | "milliamp" | "milliampere" => (Kind::Current, 1e-3),
        "ua" | "µa" | "microampere" => (Kind::Current, 1e-6),
        _ => return None,
    })
}

/// Side of the instrument transformers that the values of a channel refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The network.
    Primary,
    /// The instrument.
    Secondary,
}

/// Ratio of the instrument transformer in front of a channel, as the file states it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Transformer {
    /// Rated primary value.
    pub primary: f64,
    /// Rated secondary value.
    pub secondary: f64,
    /// Side that `scale` and `offset` of the channel lead to.
    pub side: Side,
}

/// One column of a capture.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Name as in the file.
    pub name: String,
    /// Conductor, when known.
    pub phase: Option<Phase>,
    /// Voltage, current or other.
    pub kind: Kind,
    /// Unit of the engineering values, as in the file.
    pub unit: String,
    /// Engineering value of one code.
    pub scale: f64,
    /// Engineering value of code zero.
    pub offset: f64,
    /// The codes.
    pub samples: Samples,
    /// Integer code that means "no sample"; in float samples NaN means it.
    pub missing_code: Option<i32>,
    /// Codes at or beyond which the converter was at its limit, when known: `(lowest, highest)`.
    pub range: Option<(f64, f64)>,
    /// Instrument transformer, when known.
    pub transformer: Option<Transformer>,
    /// Time of a sample of this channel after the common time of its row, in seconds.
    pub skew_s: f64,
}

impl Channel {
    /// A channel whose codes are its engineering values; kind and phase are read from unit and name.
    pub fn new(name: impl Into<String>, unit: impl Into<String>, samples: impl Into<Samples>) -> Self {
        let (name, unit) = (name.into(), unit.into());
        Self {
            phase: guess_phase(&name),
            kind: guess_kind(&name, &unit),
            name,
            unit,
            scale: 1.0,
            offset: 0.0,
            samples: samples.into(),
            missing_code: None,
            range: None,
            transformer: None,
            skew_s: 0.0,
        }
    }

    /// The same channel with `scale` and `offset`.
    #[must_use]
    pub fn with_scale(mut self, scale: f64, offset: f64) -> Self {
        (self.scale, self.offset) = (scale, offset);
        self
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// True without a sample.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Factor from [`unit`](Self::unit) to volts or amperes; 1 for anything else.
    pub fn si_factor(&self) -> f64 {
        parse_unit(&self.unit).map_or(1.0, |(_, f)| f)
    }

    /// Engineering values of `range` in [`unit`](Self::unit); NaN where a sample is missing. An error only when the samples are
    /// [stored](Stored) elsewhere and cannot be read.
    ///
    /// # Panics
    /// When `range` reaches beyond [`len`](Self::len).
    pub fn values(&self, range: Range<usize>) -> Result<Vec<f64>> {
        let value = |code: f64| self.scale * code + self.offset;
        Ok(match self.samples.read(range, &mut Codes::default())? {
            SamplesRef::I16(x) => x.iter().map(|c| value(self.valid_code(i32::from(*c)))).collect(),
            SamplesRef::I32(x) => x.iter().map(|c| value(self.valid_code(*c))).collect(),
            SamplesRef::F32(x) => x.iter().map(|c| value(f64::from(*c))).collect(),
            SamplesRef::F64(x) => x.iter().map(|c| value(*c)).collect(),
        })
    }

    /// Ranges that cover all samples, each so short that its [`values`](Self::values) take little memory.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = self.len();
        (0..n).step_by(BLOCK).map(move |from| from..n.min(from + BLOCK))
    }

    /// Number of samples at or beyond the stated [`range`](Self::range), missing ones left out.
    pub fn clipped(&self) -> Result<usize> {
        let Some((lowest, highest)) = self.range else { return Ok(0) };
        let count =
            |codes: &mut dyn Iterator<Item = f64>| codes.filter(|c| *c <= lowest || *c >= highest).count();
        let (mut own, mut clipped) = (Codes::default(), 0);
        for block in self.blocks() {
            clipped += match self.samples.read(block, &mut own)? {
                SamplesRef::I16(x) => count(&mut x.iter().map(|c| self.valid_code(i32::from(*c)))),
                SamplesRef::I32(x) => count(&mut x.iter().map(|c| self.valid_code(*c))),
                SamplesRef::F32(x) => count(&mut x.iter().map(|c| f64::from(*c))),
                SamplesRef::F64(x) => count(&mut x.iter().copied()),
            };
        }
        Ok(clipped)
    }

    fn valid_code(&self, code: i32) -> f64 {
        if self.missing_code == Some(code) { f64::NAN } else { f64::from(code) }
    }
}

/// Kind from the unit, then from the name; never from a letter alone inside a unit.
///
/// A name that says the values are not a wave (`Ua_RMS`, `IDC`, `I DIFF MAG`) makes the channel [`Kind::Other`].
pub fn guess_kind(name: &str, unit: &str) -> Kind {
    const NO_WAVE: [&str; 14] = [
        "RMS",
        "DC",
        "UDC",
        "VDC",
        "IDC",
        "MAG",
        "MAGNITUDE",
        "ANG",
        "ANGLE",
        "FREQ",
        "FREQUENCY",
        "HZ",
        "THD",
        "AVG",
    ];
    let tokens: Vec<String> = tokens(name).map(str::to_uppercase).collect();
    if tokens.iter().any(|t| NO_WAVE.contains(&t.as_str())) {
        return Kind::Other;
    }
    if let Some((kind, _)) = parse_unit(unit) {
        return kind;
    }
    if !unit.trim().is_empty() {
        return Kind::Other;
    }
    let n = name.trim().to_lowercase();
    if n.contains("volt") || n.contains("tegangan") || n.contains("电压") {
        return Kind::Voltage;
    }
    if n.contains("curr") || n.contains("arus") || n.contains("amp") || n.contains("电流") {
        return Kind::Current;
    }
    // The letter of the quantity begins the name; the phase is what is left of that word, or ends the name by itself.
    let Some(first) = tokens.first() else { return Kind::Other };
    let mut letters = first.chars();
    let letter = letters.next();
    let rest = letters.as_str();
    let last_is_phase =
        || tokens.len() > 1 && tokens.last().is_some_and(|t| Phase::parse(t).is_some_and(|p| p != Phase::N));
    if !(rest.is_empty() || Phase::parse(rest).is_some() || guess_phase(first).is_some() || last_is_phase()) {
        return Kind::Other;
    }
    match letter {
        Some('U' | 'V' | 'E') => Kind::Voltage,
        Some('I') => Kind::Current,
        _ => Kind::Other,
    }
}

/// Phase from a channel name such as `Ua`, `VA_G1`, `I_L2`, `Line UL3`, `voltage1`, `Ia-b`, `A相电压`.
///
/// A phase behind the letter of a quantity says more than one that stands alone: `LINE_A_IL2` is phase B of line A.
pub fn guess_phase(name: &str) -> Option<Phase> {
    let behind_quantity = |token: &str| {
        let t = token.to_uppercase();
        ["VOLTAGE", "CURRENT", "VOLT", "CURR", "U", "V", "I", "E"]
            .iter()
            .find_map(|p| t.strip_prefix(p).filter(|r| !r.is_empty()))
            .and_then(Phase::parse)
    };
    // `5-Ua` is a number and a name, `Ia-b` one name: the whole is tried first.
    let words = || {
        tokens(name).flat_map(|t| std::iter::once(t).chain(t.split('-').filter(move |p| p.len() < t.len())))
    };
    let alone = |token: &str| {
        let is_quantity = matches!(token.to_uppercase().as_str(), "U" | "V" | "E");
        Phase::parse(token).filter(|_| !is_quantity)
    };
    let before_sign = || {
        name.split_once('相')
            .and_then(|(before, _)| Phase::parse(before.get(before.len().checked_sub(1)?..)?))
    };
    words().find_map(behind_quantity).or_else(before_sign).or_else(|| tokens(name).find_map(alone))
}

/// Words of a name: letters of one script, digits and hyphens.
fn tokens(name: &str) -> impl Iterator<Item = &str> {
    let is_cyrillic_phase = |c: char| "АВСавс".contains(c);
    name.split(move |c: char| !(c.is_ascii_alphanumeric() || c == '-' || is_cyrillic_phase(c)))
        .filter(|t| !t.is_empty())
}

/// A status (on/off) channel.
#[derive(Debug, Clone)]
pub struct Digital {
    /// Name as in the file.
    pub name: String,
    /// State that is normal, when stated.
    pub normal: Option<bool>,
    /// One code per sample, 0 or 1.
    pub states: Samples,
}

impl Digital {
    /// States of `range`: true is 1. An error only when they are [stored](Stored) elsewhere and cannot be read.
    ///
    /// # Panics
    /// When `range` reaches beyond the samples.
    pub fn values(&self, range: Range<usize>) -> Result<Vec<bool>> {
        Ok(match self.states.read(range, &mut Codes::default())? {
            SamplesRef::I16(x) => x.iter().map(|v| *v != 0).collect(),
            SamplesRef::I32(x) => x.iter().map(|v| *v != 0).collect(),
            SamplesRef::F32(x) => x.iter().map(|v| *v != 0.0).collect(),
            SamplesRef::F64(x) => x.iter().map(|v| *v != 0.0).collect(),
        })
    }
}

/// A recording.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Station or site.
    pub station: String,
    /// Recording device.
    pub device: String,
    /// Format and revision, such as `COMTRADE 1999 BINARY`.
    pub format: String,
    /// File or files it came from, as the user named them; empty for arrays.
    pub source: String,
    /// Nominal frequency the file states, in hertz.
    pub nominal_frequency_hz: Option<f64>,
    /// Moment of the trigger, when stated.
    pub trigger: Option<Timestamp>,
    /// Damage and doubts found while reading.
    pub warnings: Vec<Warning>,
    /// Free text of the file (headers, information sections), kept as read: `(name, text)`.
    pub notes: Vec<(String, String)>,
    /// Status channels.
    pub digital: Vec<Digital>,
    time: TimeBase,
    channels: Vec<Channel>,
}

impl Capture {
    /// A capture of `channels` over `time`; every channel must have as many samples as the time base.
    pub fn new(time: TimeBase, channels: Vec<Channel>) -> Result<Self> {
        for c in &channels {
            if c.len() as u64 != time.len() {
                return Err(Error::mismatch(format!("samples of channel `{}`", c.name), time.len(), c.len()));
            }
        }
        Ok(Self {
            station: String::new(),
            device: String::new(),
            format: "arrays".into(),
            source: String::new(),
            nominal_frequency_hz: None,
            trigger: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            digital: Vec::new(),
            time,
            channels,
        })
    }

    /// Time base.
    pub fn time(&self) -> &TimeBase {
        &self.time
    }

    /// The same capture on another time base of the same length.
    pub fn with_time(mut self, time: TimeBase) -> Result<Self> {
        if time.len() != self.time.len() {
            return Err(Error::mismatch("samples of the time base", self.time.len(), time.len()));
        }
        self.time = time;
        Ok(self)
    }

    /// Channels, in the order of the file.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Mutable channels: names, phases, kinds, scales may be corrected; a changed sample count is refused later.
    pub fn channels_mut(&mut self) -> &mut [Channel] {
        &mut self.channels
    }

    /// Channel called `name`, exactly or else ignoring case.
    pub fn channel(&self, name: &str) -> Result<&Channel> {
        self.channels
            .iter()
            .find(|c| c.name == name)
            .or_else(|| self.channels.iter().find(|c| c.name.eq_ignore_ascii_case(name)))
            .ok_or_else(|| {
                let names: Vec<_> = self.channels.iter().map(|c| c.name.as_str()).collect();
                Error::mismatch("channel", format!("one of {}", names.join(", ")), format!("`{name}`"))
            })
    }

    /// Number of samples per channel.
    pub fn len(&self) -> u64 {
        self.time.len()
    }

    /// True without a sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Samples `range` of every channel, sharing memory; segments are cut accordingly.
    pub fn slice(&self, range: Range<u64>) -> Result<Self> {
        if range.start > range.end || range.end > self.len() {
            return Err(Error::mismatch(
                "sample range",
                format!("within 0..{}", self.len()),
                format!("{range:?}"),
            ));
        }
        let mut out = self.clone();
        out.time = self.time.slice(range.clone());
        let r = range.start as usize..range.end as usize;
        for c in &mut out.channels {
            c.samples = c.samples.slice(r.clone());
        }
        for d in &mut out.digital {
            d.states = d.states.slice(r.clone());
        }
        Ok(out)
    }

    /// What was recorded from one moment on and before the other, sharing memory; without one, from the begin or to the end. A moment
    /// beyond an end means that end. A warning says which part it is, and of what; an error that nothing was recorded then.
    ///
    /// ```
    /// # use kilat_core::{Capture, Channel, SampleRate, TimeBase};
    /// let time = TimeBase::uniform(SampleRate::from_hz(1000.0)?, 5000, Some("2024-05-27T07:00:00Z".parse()?));
    /// let capture = Capture::new(time, vec![Channel::new("Ua", "V", vec![0.0; 5000])])?;
    /// let part = capture.between(Some("500ms".parse()?), Some("2024-05-27T07:00:02Z".parse()?))?;
    /// assert_eq!(part.len(), 1500);
    /// assert_eq!(part.warnings[0].to_string(), "recording: 0.5 s to 2 s of 5 s");
    /// # Ok::<(), kilat_core::Error>(())
    /// ```
    pub fn between(&self, from: Option<Moment>, to: Option<Moment>) -> Result<Self> {
        let at = |m: Moment| Ok::<_, Error>(self.time.sample_at(self.time.seconds_to(m)?));
        let range = from.map_or(Ok(0), at)?..to.map_or(Ok(self.len()), at)?;
        let whole_s = self.time.duration_s();
        if range.is_empty() {
            let of = self.time.start().map_or(String::new(), |t| format!(" from {t}"));
            let stated = |m: Option<Moment>, end: &str| m.map_or(end.to_owned(), |m| m.to_string());
            let found = format!("{} to {}", stated(from, "its begin"), stated(to, "its end"));
            return Err(Error::mismatch(
                "part of the recording",
                format!("some of its {whole_s} s{of}"),
                found,
            ));
        }
        let from_s = self.time.seconds(range.start as f64);
        let mut part = self.slice(range)?;
        // To the nanosecond: no digits of a sum that was rounded.
        let shown = |s: f64| (s * 1e9).round() / 1e9;
        let [from_s, to_s] = [from_s, from_s + part.time.duration_s()].map(shown);
        part.warnings.push(Warning::new("recording", format!("{from_s} s to {to_s} s of {whole_s} s")));
        Ok(part)
    }

    /// The channels for which `keep` says yes, in order.
    #[must_use]
    pub fn select(&self, keep: impl Fn(&Channel) -> bool) -> Self {
        let mut out = self.clone();
        out.channels.retain(|c| keep(c));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    #[test]
    fn a_part_ends_where_recording_stopped() {
        let rate = SampleRate::from_hz(100.0).unwrap();
        let segments = [(0, 0), (200, 10_000_000_000_000)];
        let segments = segments.map(|(first, offset_ps)| Segment { first, len: 200, rate, offset_ps });
        let time = TimeBase::from_segments(Some(Timestamp(0)), segments.to_vec()).unwrap();
        let capture = Capture::new(time, vec![Channel::new("Ua", "V", vec![0.0; 400])]).unwrap();
        let between = |from: &str, to: &str| {
            let part = capture.between(Some(from.parse().unwrap()), Some(to.parse().unwrap()))?;
            Ok::<_, Error>((part.len(), part.warnings[0].message.clone()))
        };
        assert_eq!(between("-1h", "8s").unwrap(), (200, "0 s to 2 s of 12 s".into()));
        assert_eq!(
            between("1970-01-01T00:00:01.3Z", "10.1s").unwrap(),
            (80, "1.3 s to 10.1 s of 12 s".into())
        );
        assert_eq!(between("3s", "1e99h").unwrap(), (200, "10 s to 12 s of 12 s".into()));
        assert!(between("3s", "9s").unwrap_err().to_string().contains("found 3 s to 9 s"));
        assert!(between("12s", "13s").is_err());
    }

    #[test]
    fn phases_from_names_of_real_recorders() {
        use Phase::{A, B, C, CA, N};
        for (name, phase) in [
            ("Ua", Some(A)),
            ("VB_GC1", Some(B)),
            ("I_L2", Some(B)),
            ("Line UL3", Some(C)),
            ("voltage1", Some(A)),
            ("LINE_A_IL2", Some(B)),
            ("LINE SUM ILC", Some(C)),
            ("LINE UN", Some(N)),
            ("5-Ub", Some(B)),
            ("220kV母线I_Uc", Some(C)),
            ("Ia对侧", Some(A)),
            ("系统B相电压", Some(B)),
            ("Iв", Some(B)),
            ("VCA", Some(CA)),
            ("IBUR_SUM12_A", Some(A)),
            ("Uни", None),
            ("3U0", None),
            ("9-AI", None),
            ("frequency", None),
        ] {
            assert_eq!(guess_phase(name), phase, "{name}");
        }
    }

    #[test]
    fn kinds_from_units_and_names_of_real_recorders() {
        use Kind::{Current, Other, Voltage};
        for (name, unit, kind) in [
            ("x", "В/кВ", Voltage),
            ("x", "А", Current),
            ("x", "Amps", Current),
            ("x", "A/ms", Other),
            ("Ua", "one", Other),
            ("Ua_SUB_A_VT2", "", Voltage),
            ("IVY_L1", "", Current),
            ("I", "", Current),
            ("A相电流", "", Current),
            ("UDL_IN", "", Other),
            ("UAC_RMS_A", "", Other),
            ("Ua_RMS", "V", Other),
            ("VDC_G1", "V", Other),
            ("VHAP_SEC_ITHR", "", Other),
            ("alarm", "", Other),
        ] {
            assert_eq!(guess_kind(name, unit), kind, "{name} [{unit}]");
        }
    }
}
