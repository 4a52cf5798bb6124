//! Everything of a capture but its samples, as one JSON text: what formats that know only samples and a rate carry along,
//! so that what is written is read back as it was.

use kilat_core::capture::{Digital, Transformer};
use kilat_core::{
    Capture, Channel, Codes, Kind, Phase, SampleKind, SampleRate, Samples, Segment, TimeBase, Timestamp,
    Warning,
};
use serde::{Deserialize, Serialize};

use crate::elements::floats;
use crate::limit::all_of;

/// Version of the text; a reader that knows a lower one only does without.
const VERSION: u32 = 1;

const PS_PER_S: i128 = 1_000_000_000_000;

/// Name under which formats with named texts keep it.
pub(crate) const KEY: &str = "kilat";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Metadata {
    version: u32,
    station: String,
    device: String,
    format: String,
    nominal_frequency_hz: Option<Number>,
    start_ns: Option<i64>,
    trigger_ns: Option<i64>,
    segments: Vec<SegmentText>,
    channels: Vec<ChannelText>,
    digital: Vec<DigitalText>,
    notes: Vec<(String, String)>,
    warnings: Vec<(String, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SegmentText {
    first: u64,
    samples: u64,
    /// Numerator and denominator, in hertz.
    rate: (u64, u64),
    offset_s: i64,
    offset_ps: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ChannelText {
    name: String,
    phase: Option<Phase>,
    kind: Kind,
    unit: String,
    scale: Number,
    offset: Number,
    #[serde(with = "CodesText")]
    codes: SampleKind,
    missing_code: Option<i32>,
    range: Option<(Number, Number)>,
    transformer: Option<Transformer>,
    skew_s: Number,
}

#[derive(Debug, Serialize, Deserialize)]
struct DigitalText {
    name: String,
    normal: Option<bool>,
}

/// Type of the codes as they were before the format made them its own.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", remote = "SampleKind")]
enum CodesText {
    I16,
    I32,
    F32,
    F64,
}

/// A float; JSON has no word for those that are not finite.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    /// As Rust writes it: `NaN`, `inf`, `-inf`.
    Other(Special),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Special {
    #[serde(rename = "NaN")]
    NotANumber,
    #[serde(rename = "inf")]
    Infinite,
    #[serde(rename = "-inf")]
    MinusInfinite,
}

impl From<f64> for Number {
    fn from(v: f64) -> Self {
        match v {
            v if v.is_finite() => Self::Finite(v),
            v if v.is_nan() => Self::Other(Special::NotANumber),
            v if v > 0.0 => Self::Other(Special::Infinite),
            _ => Self::Other(Special::MinusInfinite),
        }
    }
}

impl From<Number> for f64 {
    fn from(v: Number) -> Self {
        match v {
            Number::Finite(v) => v,
            Number::Other(Special::NotANumber) => Self::NAN,
            Number::Other(Special::Infinite) => Self::INFINITY,
            Number::Other(Special::MinusInfinite) => Self::NEG_INFINITY,
        }
    }
}

/// The metadata of `capture` as JSON.
pub(crate) fn of(capture: &Capture) -> String {
    let segment = |s: &Segment| SegmentText {
        first: s.first,
        samples: s.len,
        rate: s.rate.ratio(),
        offset_s: s.offset_ps.div_euclid(PS_PER_S) as i64,
        offset_ps: s.offset_ps.rem_euclid(PS_PER_S) as u64,
    };
    let channel = |c: &Channel| ChannelText {
        name: c.name.clone(),
        phase: c.phase,
        kind: c.kind,
        unit: c.unit.clone(),
        scale: c.scale.into(),
        offset: c.offset.into(),
        codes: c.samples.kind(),
        missing_code: c.missing_code,
        range: c.range.map(|(low, high)| (low.into(), high.into())),
        transformer: c.transformer,
        skew_s: c.skew_s.into(),
    };
    let metadata = Metadata {
        version: VERSION,
        station: capture.station.clone(),
        device: capture.device.clone(),
        format: capture.format.clone(),
        nominal_frequency_hz: capture.nominal_frequency_hz.map(Into::into),
        start_ns: capture.time().start().map(Timestamp::as_nanos),
        trigger_ns: capture.trigger.map(Timestamp::as_nanos),
        segments: capture.time().segments().iter().map(segment).collect(),
        channels: capture.channels().iter().map(channel).collect(),
        digital: capture
            .digital
            .iter()
            .map(|d| DigitalText { name: d.name.clone(), normal: d.normal })
            .collect(),
        notes: capture.notes.clone(),
        warnings: capture.warnings.iter().map(|w| (w.at.clone(), w.message.clone())).collect(),
    };
    serde_json::to_string(&metadata).unwrap_or_default()
}

impl Metadata {
    /// What [`of()`] wrote; the reason when it is something else.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let metadata: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if metadata.version != VERSION {
            return Err(format!("version {}, where this program knows {VERSION}", metadata.version));
        }
        Ok(metadata)
    }

    /// The description of a file that was cut: of `declared` samples, which are all that it describes, the first `found` are there.
    pub(crate) fn cut(mut self, declared: u64, found: u64) -> Self {
        let described = self.segments.last().and_then(|s| s.first.checked_add(s.samples));
        if described == Some(declared) {
            // The first one tells the rate, even of no sample.
            self.segments.retain(|s| s.first < found || s.first == 0);
            for s in &mut self.segments {
                s.samples = s.samples.min(found.saturating_sub(s.first));
            }
        }
        self
    }

    /// The capture of these samples and states, one of each channel; the reason when they are not of this metadata.
    ///
    /// Status channels without states are left out.
    pub(crate) fn capture(&self, samples: &[Samples], states: &[Samples]) -> Result<Capture, String> {
        let n = samples.first().map_or(0, Samples::len);
        if samples.len() != self.channels.len() {
            return Err(format!("{} channels, where the file has {}", self.channels.len(), samples.len()));
        }
        let segment = |s: &SegmentText| {
            Ok(Segment {
                first: s.first,
                len: s.samples,
                rate: SampleRate::from_ratio(s.rate.0, s.rate.1)?,
                offset_ps: i128::from(s.offset_s) * PS_PER_S + i128::from(s.offset_ps),
            })
        };
        let segments = self.segments.iter().map(segment).collect::<kilat_core::Result<_>>();
        let time = segments.and_then(|s| TimeBase::from_segments(self.start_ns.map(Timestamp), s));
        let channel = |(c, samples): (&ChannelText, &Samples)| {
            let samples = retyped(samples, c.codes)
                .ok_or_else(|| format!("codes {:?} of `{}`, which the values are not", c.codes, c.name))?;
            Ok(Channel {
                name: c.name.clone(),
                phase: c.phase,
                kind: c.kind,
                unit: c.unit.clone(),
                scale: c.scale.into(),
                offset: c.offset.into(),
                samples,
                missing_code: c.missing_code,
                range: c.range.map(|(low, high)| (low.into(), high.into())),
                transformer: c.transformer,
                skew_s: c.skew_s.into(),
            })
        };
        let channels = all_of::<_, String>(samples.len(), self.channels.iter().zip(samples).map(channel))?;
        let mut capture = time.and_then(|time| Capture::new(time, channels)).map_err(|e| e.to_string())?;
        capture.station.clone_from(&self.station);
        capture.device.clone_from(&self.device);
        capture.format.clone_from(&self.format);
        capture.nominal_frequency_hz = self.nominal_frequency_hz.map(Into::into);
        capture.trigger = self.trigger_ns.map(Timestamp);
        capture.digital.reserve_exact(self.digital.len().min(states.len()));
        for (d, states) in self.digital.iter().zip(states) {
            if states.len() as u64 != capture.len() {
                return Err(format!("{} states of `{}`, where {n} samples are", states.len(), d.name));
            }
            capture.digital.push(Digital { name: d.name.clone(), normal: d.normal, states: states.clone() });
        }
        capture.notes.clone_from(&self.notes);
        capture.warnings =
            self.warnings.iter().map(|(at, message)| Warning::new(at.clone(), message.clone())).collect();
        Ok(capture)
    }
}

/// The same codes in the type that they had; `None` when that type cannot hold them or they cannot be read.
fn retyped(samples: &Samples, codes: SampleKind) -> Option<Samples> {
    if samples.kind() == codes {
        return Some(samples.clone());
    }
    let mut own = Codes::default();
    let mut all = Vec::new();
    floats(samples.read(0..samples.len(), &mut own).ok()?, &mut all);
    let all = all.into_iter();
    let whole = |v: f64, lowest: f64| (v.trunc() == v && v >= lowest && v < -lowest).then_some(v);
    Some(match codes {
        SampleKind::I16 => {
            all.map(|v| whole(v, -32_768.0).map(|v| v as i16)).collect::<Option<Vec<_>>>()?.into()
        }
        SampleKind::I32 => {
            all.map(|v| whole(v, -2_147_483_648.0).map(|v| v as i32)).collect::<Option<Vec<_>>>()?.into()
        }
        SampleKind::F32 => {
            let single = |v: f64| (v.is_nan() || f64::from(v as f32) == v).then_some(v as f32);
            all.map(single).collect::<Option<Vec<_>>>()?.into()
        }
        SampleKind::F64 => all.collect::<Vec<_>>().into(),
    })
}

/// What a format that carries this metadata and all samples still loses.
pub(crate) fn lost_status(capture: &Capture) -> Vec<String> {
    if capture.digital.is_empty() { Vec::new() } else { vec!["status channels".to_owned()] }
}
