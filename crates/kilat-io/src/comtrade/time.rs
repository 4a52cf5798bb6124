//! The time base: the sampling rates of the cfg, or the timestamps of the dat where the cfg has none.

use kilat_core::{Error, Result, SampleRate, Segment, TimeBase, Warning};

use super::cfg::{Cfg, Rate, Revision};

/// Share of a period by which an interval may differ before it is a jitter worth a warning.
const JITTER: f64 = 0.01;
/// Timestamps that are all looked at; of more than these, [`SPOTS`] spread over the recording where those tell enough.
const FEW: usize = 1 << 16;
const SPOTS: usize = 256;
/// A stretch of even intervals is no stretch when there is one for so few samples.
const LEAST_STRETCH: usize = 8;

/// The timestamps as written, before the time multiplier, made when asked for; NaN where missing.
pub(super) struct Stamps<'a> {
    len: usize,
    at: Box<dyn Fn(usize) -> f64 + 'a>,
}

impl<'a> Stamps<'a> {
    pub(super) fn new(len: usize, at: impl Fn(usize) -> f64 + 'a) -> Self {
        Self { len, at: Box::new(at) }
    }

    /// Those of samples `step` apart.
    fn every(&self, step: usize) -> impl Iterator<Item = f64> {
        (0..self.len).step_by(step).map(&self.at)
    }

    /// Samples from one that is looked at to the next, where a part tells enough.
    fn spot_step(&self) -> usize {
        if self.len > FEW { self.len / SPOTS } else { 1 }
    }
}

/// Time base of as many samples as there are `stamps`; `fallback_hz` is the rate the caller knows.
pub(super) fn time_base(
    part: &str,
    cfg: &Cfg,
    stamps: &Stamps<'_>,
    fallback_hz: Option<f64>,
    warnings: &mut Vec<Warning>,
) -> Result<TimeBase> {
    let rows = stamps.len as u64;
    let tick_s = tick_s(cfg);
    let segments = if !cfg.rates.is_empty() {
        let segments = by_rates(&cfg.rates, rows)?;
        if let Some(message) = disagreement(&segments, stamps, tick_s) {
            warnings.push(Warning::new(part, message));
        }
        segments
    } else if let Some(segments) = by_stamps(part, stamps, tick_s, warnings) {
        segments
    } else if let Some(hz) = fallback_hz {
        vec![Segment { first: 0, len: rows, rate: SampleRate::from_hz(hz)?, offset_ps: 0 }]
    } else {
        return Err(Error::Malformed {
            format: "COMTRADE",
            part: part.into(),
            at: "time base".into(),
            expected: "a sampling rate or increasing timestamps".into(),
            found: "neither; give the sample rate in the read options".into(),
        });
    };
    TimeBase::from_segments(cfg.start.time, segments)
}

/// Seconds of one unit of a timestamp.
fn tick_s(cfg: &Cfg) -> f64 {
    let digits = cfg.start.fraction_digits.max(cfg.trigger.fraction_digits);
    let unit = if cfg.revision >= Revision::R2013 && digits > 6 { 1e-9 } else { 1e-6 };
    unit * cfg.time_multiplier
}

/// Segments from rates: equal neighbours are one, what the file holds beyond the last belongs to it.
fn by_rates(rates: &[Rate], rows: u64) -> Result<Vec<Segment>> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut first = 0;
    for (k, Rate { hz, end_sample }) in rates.iter().enumerate() {
        let end = if k + 1 == rates.len() { rows } else { rows.min(*end_sample) };
        if end <= first {
            continue;
        }
        let (rate, len) = (SampleRate::from_hz(*hz)?, end - first);
        match segments.last_mut() {
            Some(last) if last.rate == rate => last.len += len,
            Some(last) => {
                // The first sample comes one period of the new rate after the last of the old one.
                let offset_ps = last.offset_ps + last.rate.picoseconds(last.len - 1) + rate.picoseconds(1);
                segments.push(Segment { first, len, rate, offset_ps });
            }
            None => segments.push(Segment { first, len, rate, offset_ps: 0 }),
        }
        first = end;
    }
    Ok(segments)
}

/// What to say when usable timestamps tell another duration than the rates, or a gap.
fn disagreement(segments: &[Segment], stamps: &Stamps<'_>, tick_s: f64) -> Option<String> {
    let last = segments.last()?;
    let rates_s = (last.offset_ps + last.rate.picoseconds(last.len - 1)) as f64 / 1e12;
    let (mut low, mut high, mut before, mut is_rising) = (f64::MAX, f64::MIN, f64::NEG_INFINITY, true);
    let step = stamps.spot_step();
    let is_seen = (stamps.len - 1).is_multiple_of(step);
    let last_stamp = (!is_seen).then(|| (stamps.at)(stamps.len - 1));
    for t in stamps.every(step).chain(last_stamp) {
        is_rising &= t > before;
        before = t;
        if t.is_finite() {
            (low, high) = (low.min(t), high.max(t));
        }
    }
    let stamps_s = (high - low) * tick_s;
    // Timestamps that wrap or stand still fall short of the rates; only rising ones are believed to.
    let slack_s = JITTER * rates_s + 2.0 / last.rate.hz();
    let differs = stamps_s > rates_s + slack_s || (is_rising && stamps_s < rates_s - slack_s);
    if differs {
        return Some(format!(
            "the timestamps span {stamps_s:.6} s, the sampling rates {rates_s:.6} s; the rates are the time base"
        ));
    }
    if is_rising && step == 1 { gaps(segments, stamps, tick_s) } else { None }
}

/// What to say when rising timestamps leave out nearly one sample or more.
fn gaps(segments: &[Segment], stamps: &Stamps<'_>, tick_s: f64) -> Option<String> {
    let (mut count, mut first) = (0, None);
    for s in segments {
        let longest_s = 1.9 / s.rate.hz() + 2.0 * tick_s;
        for i in s.first as usize + 1..(s.first + s.len) as usize {
            let step_s = ((stamps.at)(i) - (stamps.at)(i - 1)) * tick_s;
            if step_s > longest_s {
                count += 1;
                first.get_or_insert((i + 1, step_s));
            }
        }
    }
    let (sample, step_s) = first?;
    Some(format!(
        "the timestamps show {count} gaps, the first of {step_s:.6} s before sample {sample}; the rates are the time base"
    ))
}

/// Samples at even intervals.
struct Stretch {
    first: usize,
    /// Timestamps of its first and its last sample, wrapped counters carried on.
    first_t: f64,
    last_t: f64,
    /// Shortest and longest interval inside; infinite and zero for a single sample.
    shortest: f64,
    longest: f64,
}

/// Segments from timestamps: a new one after each gap and each lasting change of the interval. `None` when unusable.
fn by_stamps(
    part: &str,
    stamps: &Stamps<'_>,
    tick_s: f64,
    warnings: &mut Vec<Warning>,
) -> Option<Vec<Segment>> {
    let modulus = modulus(stamps);
    let typical = typical_step(stamps, modulus)?;
    let stretches = match stretches(stamps, modulus, changes()) {
        Ok(Some(stretches)) => stretches,
        Ok(None) => return None,
        // Not stretches but jitter: cut at gaps only.
        Err(TooMany) => stretches(stamps, modulus, |step, _| step > 1.5 * typical).ok()??,
    };
    let mut segments = Vec::with_capacity(stretches.len());
    let mut worst = 0f64;
    for (k, s) in stretches.iter().enumerate() {
        let end = stretches.get(k + 1).map_or(stamps.len, |next| next.first);
        let steps = (end - s.first - 1) as f64;
        let step = if steps == 0.0 { typical } else { (s.last_t - s.first_t) / steps };
        // Timestamps cannot tell a rate from a round one nearer than a tick over their span. Intervals that are all the
        // same were computed; others were measured, and cannot tell it nearer than a crystal's 1e-6 either.
        let is_computed = s.shortest == s.longest;
        let tolerance = (1.0 / (steps.max(1.0) * step)).max(if is_computed { 0.0 } else { 1e-6 });
        let hz = rounded(1.0 / (step * tick_s), tolerance);
        let rate = SampleRate::from_hz(hz).ok()?;
        if steps > 0.0 {
            let off = (s.longest - step).max(step - s.shortest);
            worst = worst.max((off - 1.0).max(0.0) / step);
        }
        let offset_ps = ((s.first_t - stretches[0].first_t) * tick_s * 1e12).round() as i128;
        segments.push(Segment { first: s.first as u64, len: (end - s.first) as u64, rate, offset_ps });
    }
    if worst > JITTER {
        let message = format!(
            "the timestamps jitter by up to {:.1} % of the sampling interval; evenly spaced samples are assumed",
            worst * 100.0
        );
        warnings.push(Warning::new(part, message));
    }
    if segments.len() > 1 {
        let message =
            format!("the timestamps have gaps or change their interval: {} segments", segments.len());
        warnings.push(Warning::new(part, message));
    }
    Some(segments)
}

/// Where counters wrap: microseconds in 16 bits, anything in 32.
fn modulus(stamps: &Stamps<'_>) -> f64 {
    if stamps.every(1).any(|t| t >= 65_536.0) { 4_294_967_296.0 } else { 65_536.0 }
}

/// Stretches of more than one in [`LEAST_STRETCH`] samples.
struct TooMany;

/// Cuts where `is_cut` says so of an interval and of the first after the last cut; `None` when timestamps are missing or do
/// not rise even with wrapped counters carried on.
fn stretches(
    stamps: &Stamps<'_>,
    modulus: f64,
    mut is_cut: impl FnMut(f64, bool) -> bool,
) -> Result<Option<Vec<Stretch>>, TooMany> {
    let mut out: Vec<Stretch> = Vec::new();
    let (mut carry, mut before) = (0.0, f64::NAN);
    for (i, raw) in stamps.every(1).enumerate() {
        if raw < before {
            carry += modulus;
        }
        before = raw;
        let t = raw + carry;
        let Some(open) = out.last_mut() else {
            out.push(Stretch { first: i, first_t: t, last_t: t, shortest: f64::INFINITY, longest: 0.0 });
            continue;
        };
        let step = t - open.last_t;
        if step.is_nan() || step <= 0.0 {
            return Ok(None);
        }
        if is_cut(step, i == open.first + 1) {
            out.push(Stretch { first: i, first_t: t, last_t: t, shortest: f64::INFINITY, longest: 0.0 });
            if (out.len() - 1) * LEAST_STRETCH > stamps.len {
                return Err(TooMany);
            }
        } else {
            open.last_t = t;
            open.shortest = open.shortest.min(step);
            open.longest = open.longest.max(step);
        }
    }
    Ok((stamps.len > 1).then_some(out))
}

/// Says of each interval whether it differs from those before. After a cut the next interval is the first of a new stretch,
/// whatever it is: the one before it was a gap.
fn changes() -> impl FnMut(f64, bool) -> bool {
    let even = |a: f64, b: f64| (a - b).abs() <= (JITTER * a).max(2.0);
    let mut reference = f64::NAN;
    move |step, is_first| {
        let is_change = !reference.is_nan() && !even(reference, step);
        if is_change || reference.is_nan() {
            reference = step;
        }
        is_change && !is_first
    }
}

/// Median interval, of the whole recording or of parts spread over it; `None` without an interval.
fn typical_step(stamps: &Stamps<'_>, modulus: f64) -> Option<f64> {
    let pairs = (1..stamps.len).step_by(stamps.spot_step()).map(|i| (stamps.at)(i) - (stamps.at)(i - 1));
    let mut steps: Vec<f64> = pairs.map(|s| if s < 0.0 { s + modulus } else { s }).collect();
    steps.sort_unstable_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied()
}

/// The number of fewest digits within the relative `tolerance` of `value`.
fn rounded(value: f64, tolerance: f64) -> f64 {
    (0..=9)
        .map(|digits| {
            let unit = 10f64.powi(value.abs().log10().floor() as i32 - digits);
            (value / unit).round() * unit
        })
        .find(|r| (r - value).abs() <= tolerance * value.abs())
        .unwrap_or(value)
}
