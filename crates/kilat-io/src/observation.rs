//! Observations: what a power-quality monitor recorded besides waveforms, and the waveforms too, as series of values.

use std::ops::Range;
use std::sync::Arc;

use kilat_core::{Codes, Phase, Samples, SamplesRef, Timestamp, Warning};

use crate::elements::floats;

/// The observations of a file.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// Format and revision, such as `PQDIF 1.5`.
    pub format: String,
    /// In the order of the file.
    pub list: Vec<Observation>,
    /// Damage and doubts found while reading.
    pub warnings: Vec<Warning>,
}

/// What was recorded over one stretch of time: a trend, an event, a spectrum, a histogram, waveforms.
///
/// Words such as [`ObservedChannel::quantity`] are the names that IEEE 1159.3 gives to its identifiers, in lower case and
/// without their prefix (`ID_QC_TOTAL_THD` is `total_thd`); an identifier that the standard does not know stands for itself.
///
/// Texts are shared, since a file repeats them: of a thousand observations, each name and each word is in memory once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// Name as in the file.
    pub name: Arc<str>,
    /// Site or source of the data.
    pub station: Arc<str>,
    /// Recording device.
    pub device: Arc<str>,
    /// Moment that times in seconds count from, when known.
    pub start: Option<Timestamp>,
    /// Moment of the trigger, when stated.
    pub trigger: Option<Timestamp>,
    /// Why it was recorded: `none`, `channel`, `periodic`, `external`, `periodic_stats`.
    pub trigger_method: Arc<str>,
    /// Category of IEEE 1159, such as `shortdur_instant_sag`; empty when not stated.
    pub disturbance: Arc<str>,
    /// Nominal frequency that the file states, in hertz.
    pub nominal_frequency_hz: Option<f64>,
    /// Channels, in the order of the file.
    pub channels: Vec<ObservedChannel>,
}

impl Observation {
    /// True when a channel is a waveform, which [`read`](crate::read()) reads too.
    pub fn has_waveforms(&self) -> bool {
        self.channels.iter().any(|c| &*c.quantity == "waveform")
    }
}

/// One channel of an observation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObservedChannel {
    /// Name as in the file.
    pub name: Arc<str>,
    /// Group the file puts it in; empty when none.
    pub group: Arc<str>,
    /// Conductor in the words of the file: `an`, `ab`, `total`, `ll_ave`.
    pub phase: Arc<str>,
    /// Kind of data: `waveform`, `valuelog` (a trend), `phasor`, `response`, `histogram`, `cpf`, `magdur`.
    pub quantity: Arc<str>,
    /// What is measured: `voltage`, `current`, `power`, `none`.
    pub measured: Arc<str>,
    /// Harmonic order or other number within a group, when stated.
    pub group_id: Option<i16>,
    /// Frequency the values belong to, in hertz, when stated.
    pub frequency_hz: Option<f64>,
    /// Magnitude of the disturbance, in the unit of the values, when stated.
    pub magnitude: Option<f64>,
    /// Duration of the disturbance, in seconds, when stated.
    pub duration_s: Option<f64>,
    /// Its series: `time` first where there is one.
    pub series: Vec<Series>,
}

impl ObservedChannel {
    /// The conductor, when it is one of the phases, the neutral or a pair.
    pub fn conductor(&self) -> Option<Phase> {
        match &*self.phase {
            "an" => Some(Phase::A),
            "bn" => Some(Phase::B),
            "cn" => Some(Phase::C),
            "ng" => Some(Phase::N),
            "ab" => Some(Phase::AB),
            "bc" => Some(Phase::BC),
            "ca" => Some(Phase::CA),
            _ => None,
        }
    }

    /// The first series of this value type, such as `time`, `avg` or `phaseangle`.
    pub fn series(&self, value_type: &str) -> Option<&Series> {
        self.series.iter().find(|s| &*s.value_type == value_type)
    }

    /// The first series that is not the time.
    pub fn main_series(&self) -> Option<&Series> {
        self.series.iter().find(|s| &*s.value_type != "time")
    }

    /// Length of the longest series.
    pub fn rows(&self) -> usize {
        self.series.iter().map(Series::len).max().unwrap_or(0)
    }
}

/// A column of values; they are computed when asked for, since the file may hold an axis as three numbers.
#[derive(Debug, Clone)]
pub struct Series {
    /// What the values are: `time`, `val`, `min`, `max`, `avg`, `phaseangle`, `count`.
    pub value_type: Arc<str>,
    /// Unit: `s`, `V`, `A`, `%`; empty for none, `timestamp` for moments.
    pub unit: Arc<str>,
    /// Which figure of the quantity: `instantaneous`, `rms`, `total_thd`, `flkr_pst`.
    pub characteristic: Arc<str>,
    /// Nominal value, in [`unit`](Self::unit), when stated.
    pub nominal: Option<f64>,
    data: Data,
}

/// Values of a series.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// `scale · code + offset`; the codes are in memory.
    Codes { codes: Samples, scale: f64, offset: f64 },
    /// Counting on from `start`: so many steps of one size, then so many of another, each known to this share of itself.
    Steps { start: f64, runs: Arc<[(u64, f64)]>, precision: f64 },
    /// Absolute moments.
    Moments(Arc<[Timestamp]>),
}

/// Values that are computed at a time.
const BLOCK: usize = 1 << 12;

/// Codes `range` of a series. They are in memory, where to unpack them into `own` cannot fail.
fn block<'a>(codes: &'a Samples, range: Range<usize>, own: &'a mut Codes) -> SamplesRef<'a> {
    codes.read(range, own).unwrap_or(SamplesRef::F64(&[]))
}

/// All codes of a series.
#[cfg(feature = "pqdif")]
pub(crate) fn here<'a>(codes: &'a Samples, own: &'a mut Codes) -> SamplesRef<'a> {
    block(codes, 0..codes.len(), own)
}

/// The values that `codes` stand for, a few of them in memory at a time.
pub(crate) fn values(codes: &Samples, scale: f64, offset: f64) -> impl Iterator<Item = f64> {
    let n = codes.len();
    (0..n).step_by(BLOCK).flat_map(move |first| {
        let (mut own, mut values) = (Codes::default(), Vec::new());
        floats(block(codes, first..n.min(first + BLOCK), &mut own), &mut values);
        values.into_iter().map(move |code| code * scale + offset)
    })
}

impl Series {
    /// A series of values.
    pub fn new(
        value_type: impl Into<Arc<str>>,
        unit: impl Into<Arc<str>>,
        characteristic: impl Into<Arc<str>>,
        values: Vec<f64>,
    ) -> Self {
        let data = Data::Codes { codes: values.into(), scale: 1.0, offset: 0.0 };
        Self::of(value_type, unit, characteristic, data)
    }

    /// A series of moments.
    pub fn of_moments(value_type: impl Into<Arc<str>>, moments: Vec<Timestamp>) -> Self {
        Self::of(value_type, "timestamp", "none", Data::Moments(moments.into()))
    }

    pub(crate) fn of(
        value_type: impl Into<Arc<str>>,
        unit: impl Into<Arc<str>>,
        characteristic: impl Into<Arc<str>>,
        data: Data,
    ) -> Self {
        Self {
            value_type: value_type.into(),
            unit: unit.into(),
            characteristic: characteristic.into(),
            nominal: None,
            data,
        }
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    /// Turns every value into `factor` times itself, in `unit`.
    #[cfg(feature = "pqdif")]
    pub(crate) fn rescale(&mut self, factor: f64, unit: Arc<str>) {
        self.unit = unit;
        self.data = match &self.data {
            Data::Codes { codes, scale, offset } => {
                Data::Codes { codes: codes.clone(), scale: scale * factor, offset: offset * factor }
            }
            Data::Steps { start, runs, precision } => {
                let runs = runs.iter().map(|(n, step)| (*n, step * factor)).collect();
                Data::Steps { start: start * factor, runs, precision: *precision }
            }
            Data::Moments(moments) => Data::Moments(Arc::clone(moments)),
        };
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Codes { codes, .. } => codes.len(),
            Data::Steps { runs, .. } => runs.iter().map(|(n, _)| *n as usize).sum(),
            Data::Moments(moments) => moments.len(),
        }
    }

    /// True without a value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The moments, of a series that holds moments.
    pub fn moments(&self) -> Option<&[Timestamp]> {
        match &self.data {
            Data::Moments(moments) => Some(moments),
            _ => None,
        }
    }

    /// The values in [`unit`](Self::unit); moments as seconds since 1970 UTC, to what 64 bits resolve.
    pub fn values(&self) -> Vec<f64> {
        match &self.data {
            Data::Codes { codes, scale, offset } => {
                let mut out = Vec::with_capacity(codes.len());
                out.extend(values(codes, *scale, *offset));
                out
            }
            Data::Steps { start, runs, .. } => {
                let mut out = Vec::with_capacity(self.len());
                let mut begin = *start;
                for (n, step) in runs.iter() {
                    out.extend((0..*n).map(|j| begin + j as f64 * step));
                    begin += *n as f64 * step;
                }
                out
            }
            Data::Moments(moments) => moments.iter().map(|t| t.as_nanos() as f64 / 1e9).collect(),
        }
    }
}

impl PartialEq for Series {
    /// The same words, and the same bits in every value.
    fn eq(&self, other: &Self) -> bool {
        let words = |s: &Self| (s.value_type.clone(), s.unit.clone(), s.characteristic.clone(), s.nominal);
        let bits = |s: &Self| s.values().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        words(self) == words(other) && self.moments() == other.moments() && bits(self) == bits(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_on_from_run_to_run() {
        let runs = [(2, 1.0), (3, 0.5), (1, 10.0)];
        let s =
            Series::of("time", "s", "none", Data::Steps { start: 5.0, runs: runs.into(), precision: 0.0 });
        assert_eq!((s.len(), s.values()), (6, vec![5.0, 6.0, 7.0, 7.5, 8.0, 8.5]));
        assert_eq!(s, Series::new("time", "s", "none", vec![5.0, 6.0, 7.0, 7.5, 8.0, 8.5]));
    }
}
