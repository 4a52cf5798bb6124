//! The time base: the sampling rates of the cfg, or the timestamps of the dat where the cfg has none.

use kilat_core::{Error, Result, SampleRate, Segment, TimeBase, Warning};

use super::cfg::{Cfg, Rate, Revision};

/// Share of a period by which an interval may differ before it is a jitter worth a warning.
const JITTER: f64 = 0.01;

/// Time base of `rows` samples; `stamps` are the timestamps as written, `fallback_hz` the rate the caller knows.
pub(super) fn time_base(
    part: &str,
    cfg: &Cfg,
    stamps: &[f64],
    fallback_hz: Option<f64>,
    warnings: &mut Vec<Warning>,
) -> Result<TimeBase> {
    let rows = stamps.len() as u64;
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

/// What to say when usable timestamps tell another duration than the rates.
fn disagreement(segments: &[Segment], stamps: &[f64], tick_s: f64) -> Option<String> {
    let last = segments.last()?;
    let rates_s = (last.offset_ps + last.rate.picoseconds(last.len - 1)) as f64 / 1e12;
    let is_rising = stamps.windows(2).all(|w| w[0] < w[1]);
    let (low, high) = stamps
        .iter()
        .filter(|t| t.is_finite())
        .fold((f64::MAX, f64::MIN), |(l, h), t| (l.min(*t), h.max(*t)));
    let stamps_s = (high - low) * tick_s;
    // Timestamps that wrap or stand still fall short of the rates; only rising ones are believed to.
    let slack_s = JITTER * rates_s + 2.0 / last.rate.hz();
    let differs = stamps_s > rates_s + slack_s || (is_rising && stamps_s < rates_s - slack_s);
    differs.then(|| {
        format!("the timestamps span {stamps_s:.6} s, the sampling rates {rates_s:.6} s; the rates are the time base")
    })
}

/// Segments from timestamps: a new one after each gap and each lasting change of the interval. `None` when unusable.
fn by_stamps(part: &str, stamps: &[f64], tick_s: f64, warnings: &mut Vec<Warning>) -> Option<Vec<Segment>> {
    let times = unwrapped(stamps)?;
    let steps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let mut cuts = changes(&steps);
    let typical = median(&steps);
    if cuts.len() * 8 > steps.len() {
        // Not stretches but jitter: cut at gaps only.
        cuts = (1..times.len()).filter(|i| steps[i - 1] > 1.5 * typical).collect();
    }
    if cuts.len() * 2 > steps.len() {
        return None;
    }
    let mut segments = Vec::with_capacity(cuts.len() + 1);
    let mut worst = 0f64;
    cuts.insert(0, 0);
    for (k, first) in cuts.iter().copied().enumerate() {
        let end = cuts.get(k + 1).copied().unwrap_or(times.len());
        let inner = &steps[first..end - 1];
        let step =
            if inner.is_empty() { typical } else { (times[end - 1] - times[first]) / inner.len() as f64 };
        // Timestamps cannot tell a rate from a round one nearer than a tick over their span, or a crystal's 1e-6.
        let tolerance = (1.0 / (inner.len().max(1) as f64 * step)).max(1e-6);
        let hz = rounded(1.0 / (step * tick_s), tolerance);
        let rate = SampleRate::from_hz(hz).ok()?;
        let jitter = inner.iter().map(|s| ((s - step).abs() - 1.0).max(0.0) / step).fold(0.0, f64::max);
        worst = worst.max(jitter);
        let offset_ps = ((times[first] - times[0]) * tick_s * 1e12).round() as i128;
        segments.push(Segment { first: first as u64, len: (end - first) as u64, rate, offset_ps });
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

/// Timestamps with wrapped counters carried on; `None` when some are missing or do not rise.
fn unwrapped(stamps: &[f64]) -> Option<Vec<f64>> {
    let highest = stamps.iter().copied().fold(f64::MIN, f64::max);
    // Microseconds in 16 bits, anything in 32.
    let modulus = if highest < 65_536.0 { 65_536.0 } else { 4_294_967_296.0 };
    let mut carry = 0.0;
    let mut times: Vec<f64> = Vec::with_capacity(stamps.len());
    for (i, t) in stamps.iter().enumerate() {
        if i > 0 && *t < stamps[i - 1] {
            carry += modulus;
        }
        times.push(t + carry);
    }
    (times.len() > 1 && times.windows(2).all(|w| w[0] < w[1])).then_some(times)
}

/// Samples at which a new stretch of even intervals begins. An interval between two stretches is a gap.
fn changes(steps: &[f64]) -> Vec<usize> {
    let even = |a: f64, b: f64| (a - b).abs() <= (JITTER * a).max(2.0);
    let mut cuts = Vec::new();
    let mut start = 0;
    for i in 1..steps.len() {
        if !even(steps[start], steps[i]) {
            // A run of one interval already cut before its only sample; the stretch begins there.
            if cuts.last() != Some(&i) {
                cuts.push(i + 1);
            }
            start = i;
        }
    }
    cuts
}

fn median(steps: &[f64]) -> f64 {
    let mut sorted = steps.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
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
