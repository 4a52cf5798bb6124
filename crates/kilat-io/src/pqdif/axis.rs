//! The time series of a waveform becomes segments at their rates.

use kilat_core::{Result, SampleKind, SampleRate, Segment, Warning};

use crate::observation::{Data, Series, values};
use crate::time_column::{self, Times};

/// When the samples of a waveform were taken.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// Time of the first sample after the start of the observation, in picoseconds.
    pub(super) first_ps: i128,
    /// Segments, counted from the first sample.
    pub(super) segments: Vec<Segment>,
}

impl Axis {
    /// Equal for equal axes.
    pub(super) fn identity(&self) -> impl Eq + std::hash::Hash + use<> {
        let segments = self.segments.iter().map(|s| (s.len, s.rate, s.offset_ps));
        (self.first_ps, segments.collect::<Vec<_>>())
    }
}

/// What tells an axis from another without looking at every value: shared vectors are the same memory.
pub(super) type Key = Vec<u64>;

/// Equal for time series that give equal axes of `n` samples.
pub(super) fn key(time: &Series, n: usize) -> Key {
    let mut key = vec![n as u64];
    match time.data() {
        Data::Codes { codes, scale, offset } => {
            key.extend(codes.place().map(|n| n as u64));
            key.extend([scale.to_bits(), offset.to_bits()]);
        }
        Data::Steps { start, runs, .. } => {
            key.push(start.to_bits());
            key.extend(runs.iter().flat_map(|(n, step)| [*n, step.to_bits()]));
        }
        Data::Moments(moments) => key.extend([moments.as_ptr() as u64, moments.len() as u64, 0]),
    }
    key
}

/// The axis of `n` samples. `start_ns` is what moments count from; `fallback_hz` the rate of a caller who knows it, for a series
/// that says nothing.
pub(super) fn axis(
    time: &Series,
    n: usize,
    start_ns: i128,
    fallback_hz: Option<f64>,
    at: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Axis, String> {
    let found = time.len();
    if found != n {
        let done = if found > n { "the rest is left out" } else { "the last rate goes on" };
        warnings.push(Warning::new(at, format!("{n} values at {found} times: {done}")));
    }
    let even = |hz: f64, first_ps| -> Result<Axis, String> {
        let rate = SampleRate::from_hz(hz).map_err(|e| e.to_string())?;
        Ok(Axis { first_ps, segments: vec![Segment { first: 0, len: n as u64, rate, offset_ps: 0 }] })
    };
    if &*time.unit == "cycles" {
        let hz = fallback_hz
            .ok_or("times in cycles without a nominal frequency; give the sample rate in the options")?;
        return even(hz, 0);
    }
    let mut axis = match (time.data(), fallback_hz) {
        (Data::Steps { start, runs, precision }, _) => by_steps(*start, runs, *precision, n)?,
        (_, Some(hz)) if found < 2 => even(hz, time.values().first().map_or(0, |t| picoseconds(*t)))?,
        (_, None) if found < 2 => {
            return Err(format!("{found} times tell no rate; give the sample rate in the options"));
        }
        (Data::Moments(moments), _) => {
            let times: Times =
                moments.iter().take(n).map(|t| (i128::from(t.as_nanos()) - start_ns) * 1000).collect();
            // Seconds of the day are noisy below a microsecond.
            by_times(&times, 1_000_000, at, warnings)?
        }
        (Data::Codes { codes, scale, offset }, _) => {
            let value = |i: usize| values(&codes.slice(i..i + 1), *scale, *offset).next();
            let ends = value(0).zip(value(found - 1)).unwrap_or_default();
            let quantum = quantum(ends, found, codes.kind() == SampleKind::F32);
            let times: Times = values(codes, *scale, *offset).take(n).map(picoseconds).collect();
            by_times(&times, quantum, at, warnings)?
        }
    };
    if let Some(last) = axis.segments.last_mut() {
        last.len = (n as u64).saturating_sub(last.first);
    }
    Ok(axis)
}

fn picoseconds(seconds: f64) -> i128 {
    // Held to what no recorder exceeds, some 30 000 years: sums of these stay in range.
    (seconds * 1e12).round().clamp(-1e24, 1e24) as i128
}

/// To how many picoseconds `n` times from the first to the last are known: single precision has 24 bits, and some writers pass times through it before they
/// store them in double precision.
fn quantum((first, last): (f64, f64), n: usize, is_single: bool) -> i128 {
    let rounding = first.abs().max(last.abs()) * f64::from(f32::EPSILON) * 1e12;
    let hundredth_step = (last - first).abs() / (n - 1) as f64 * 1e10;
    let known = if is_single { rounding } else { rounding.min(hundredth_step) };
    if known.is_finite() { known.clamp(2.0, 1e24) as i128 } else { 2 }
}

fn by_times(times: &Times, quantum: i128, at: &str, warnings: &mut Vec<Warning>) -> Result<Axis, String> {
    let first_ps = times.first();
    let (time, mut said) = time_column::time_base(times, quantum, None, at).map_err(|e| e.to_string())?;
    warnings.append(&mut said);
    Ok(Axis { first_ps, segments: time.segments().to_vec() })
}

/// The rate of steps known to a share `precision` of themselves.
///
/// Some writers round them to single precision before they store them in double precision: then a round rate is meant.
pub(super) fn rate(step_s: f64, precision: f64) -> Result<SampleRate> {
    let near = |share: f64| time_column::simplest_rate(step_s.recip(), share.max(4.0 * f64::EPSILON));
    if precision == 0.0 && f64::from(step_s as f32) == step_s {
        let round = near(f64::from(f32::EPSILON) / 2.0)?;
        let (num, den) = round.ratio();
        if num < 1_000_000 && den < 1000 {
            return Ok(round);
        }
    }
    near(precision)
}

fn by_steps(start: f64, runs: &[(u64, f64)], precision: f64, n: usize) -> Result<Axis, String> {
    let mut segments: Vec<Segment> = Vec::with_capacity(runs.len());
    let (mut first, mut offset_ps) = (0, 0);
    for (k, (len, step)) in runs.iter().enumerate() {
        let len = (*len).min(n as u64 - first);
        // A run without a sample says nothing, unless there is no other.
        if len == 0 && !(k == 0 && n == 0) {
            continue;
        }
        if *step <= 0.0 {
            return Err(format!("times go on by {step} s"));
        }
        let rate = rate(*step, precision).map_err(|e| e.to_string())?;
        segments.push(Segment { first, len, rate, offset_ps });
        first += len;
        offset_ps += rate.picoseconds(len);
    }
    if segments.is_empty() {
        return Err("no times".into());
    }
    Ok(Axis { first_ps: picoseconds(start), segments })
}
