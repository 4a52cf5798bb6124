//! A column of times becomes a time base: its rate, its gaps, and how far it strays from both.

use kilat_core::{Result, SampleRate, Segment, TimeBase, Timestamp, Warning};

/// Jitter of a time column above which a warning names it, as a share of the step.
const JITTER_LIMIT: f64 = 0.01;

/// Steps longer than this many usual steps are gaps.
const GAP_STEPS: f64 = 1.5;

/// The time base of samples taken at `times_ps`, in picoseconds, each known to `quantum_ps`.
///
/// The rate is the simplest one that the times, as precise as they are written, allow. A longer step than usual is a
/// gap and begins a segment; a step back in time begins one too, and a warning tells it.
pub(crate) fn time_base(
    times_ps: &[i128],
    quantum_ps: i128,
    start: Option<Timestamp>,
    at: &str,
) -> Result<(TimeBase, Vec<Warning>)> {
    let mut warnings = Vec::new();
    let step = usual_step(times_ps, quantum_ps);
    let longest_step = GAP_STEPS * step + quantum_ps as f64;
    let mut cuts = vec![0];
    let mut backwards = None;
    for (i, pair) in times_ps.windows(2).enumerate() {
        let d = (pair[1] - pair[0]) as f64;
        // Times written coarsely may repeat; they never run back.
        if d < 0.0 {
            backwards.get_or_insert(i + 1);
        }
        if d > longest_step || d < 0.0 {
            cuts.push(i + 1);
        }
    }
    cuts.push(times_ps.len());

    let pieces = || cuts.windows(2).map(|c| (c[0], &times_ps[c[0]..c[1]]));
    let longest = pieces().map(|(_, piece)| piece).max_by_key(|piece| piece.len()).unwrap_or_default();
    let rate = rate_of(longest, quantum_ps, step)?;

    let mut segments: Vec<Segment> = Vec::new();
    let (mut origin, mut end) = (times_ps.first().copied().unwrap_or(0), 0);
    for (first, piece) in pieces() {
        if piece[0] - origin < end {
            // Back in time: carry on one step after the last sample, and count from there.
            origin = piece[0] - end;
        }
        let len = piece.len() as u64;
        let offset_ps = piece[0] - origin;
        segments.push(Segment { first: first as u64, len, rate, offset_ps });
        end = offset_ps + rate.picoseconds(len.saturating_sub(1));
    }
    if let Some(i) = backwards {
        let message = format!("time runs back at sample {i}; the samples follow each other as they stand");
        warnings.push(Warning::new(at, message));
    }
    let jitter = pieces().map(|(_, piece)| jitter(piece, rate, quantum_ps)).fold(0.0, f64::max);
    if jitter > JITTER_LIMIT {
        let message = format!(
            "steps differ by up to {:.1} % from those of {rate}, which is taken as the rate",
            jitter * 100.0
        );
        warnings.push(Warning::new(at, message));
    }
    Ok((TimeBase::from_segments(start, segments)?, warnings))
}

/// The median step; the mean when the times are written too coarsely for a single step to mean anything.
fn usual_step(times_ps: &[i128], quantum_ps: i128) -> f64 {
    let mut steps: Vec<i128> = times_ps.windows(2).map(|p| p[1] - p[0]).filter(|d| *d >= 0).collect();
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    let median = *steps.select_nth_unstable(middle).1;
    if median > 2 * quantum_ps {
        return median as f64;
    }
    steps.iter().sum::<i128>() as f64 / steps.len() as f64
}

/// The simplest rate that meets both ends of a gapless stretch.
fn rate_of(times_ps: &[i128], quantum_ps: i128, step_ps: f64) -> Result<SampleRate> {
    let (steps, span) = match times_ps {
        [first, .., last] if last > first => ((times_ps.len() - 1) as f64, (last - first) as f64),
        _ => (1.0, step_ps),
    };
    let hz = steps * 1e12 / span;
    // Both ends are rounded to the quantum; f64 itself resolves about 1e-15.
    simplest_rate(hz, quantum_ps as f64 / span + 4.0 * f64::EPSILON)
}

/// The rate of fewest decimals, or with a period of fewest decimals, within the relative `tolerance` of `hz`.
pub(crate) fn simplest_rate(hz: f64, tolerance: f64) -> Result<SampleRate> {
    let close = |candidate: &f64| (candidate / hz - 1.0).abs() <= tolerance;
    for digits in 1..15 {
        let candidates = [rounded(hz, digits), rounded(hz.recip(), digits).recip()];
        if let Some(hz) = candidates.into_iter().find(close) {
            return SampleRate::from_hz(hz);
        }
    }
    SampleRate::from_hz(hz)
}

/// `x` to `digits` significant decimal digits; through text, which rounds exactly.
fn rounded(x: f64, digits: usize) -> f64 {
    format!("{x:.*e}", digits - 1).parse().unwrap_or(x)
}

/// Largest difference of a step from the step of `rate`, beyond what the writing of the times explains, in steps.
fn jitter(times_ps: &[i128], rate: SampleRate, quantum_ps: i128) -> f64 {
    let step = 1e12 / rate.hz();
    let worst = times_ps
        .windows(2)
        .map(|p| ((p[1] - p[0]) as f64 - step).abs() - quantum_ps as f64)
        .fold(0.0, f64::max);
    worst / step
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: i128 = 1_000_000;

    #[test]
    fn rounded_times_give_the_round_rate() {
        for hz in [6400.0, 12_800.0, 15_360.0, 30_720.0, 44_100.0, 50_000.0, 1_000_000.0 / 3.0] {
            let times: Vec<i128> =
                (0..8000).map(|i| (f64::from(i) / hz * 1e6).round() as i128 * US).collect();
            let (time, warnings) = time_base(&times, US, None, "t").unwrap();
            assert_eq!(time.segments().len(), 1, "{hz}");
            assert!((time.rate().unwrap().hz() / hz - 1.0).abs() < 1e-4, "{hz}: {:?}", time.rate());
            assert!(warnings.is_empty(), "{hz}: {warnings:?}");
        }
        // With the digits to tell it, exactly.
        let times: Vec<i128> =
            (0..8000).map(|i| (f64::from(i) / 15_360.0 * 1e9).round() as i128 * 1000).collect();
        assert_eq!(time_base(&times, 1000, None, "t").unwrap().0.rate().unwrap().ratio(), (15_360, 1));
    }

    #[test]
    fn a_gap_begins_a_segment_at_its_time() {
        let times: Vec<i128> = (0..100).filter(|i| !(40..60).contains(i)).map(|i| i * 200 * US).collect();
        let (time, warnings) = time_base(&times, US, Some(Timestamp(5)), "t").unwrap();
        let pieces: Vec<_> = time.segments().iter().map(|s| (s.first, s.len, s.offset_ps)).collect();
        assert_eq!(pieces, [(0, 40, 0), (40, 40, 60 * 200 * US)]);
        assert_eq!(time.rate().unwrap().hz(), 5000.0);
        assert!(warnings.is_empty());
    }

    #[test]
    fn jitter_is_told_with_its_figure() {
        let mut times: Vec<i128> = (0..100).map(|i| i * 200 * US).collect();
        times[50] += 20 * US;
        let (time, warnings) = time_base(&times, 1, None, "t").unwrap();
        assert_eq!(time.rate().unwrap().hz(), 5000.0);
        assert_eq!(
            warnings[0].to_string(),
            "t: steps differ by up to 10.0 % from those of 5000 Hz, which is taken as the rate"
        );
    }

    #[test]
    fn time_that_runs_back_is_told_and_stays_in_order() {
        let times: Vec<i128> = [0, 1, 2, 3, 1, 2, 3, 4].map(|i| i * 1000 * US).to_vec();
        let (time, warnings) = time_base(&times, US, None, "t").unwrap();
        assert_eq!(time.seconds(3.0), 0.003);
        assert!(time.seconds(4.0) >= 0.003);
        assert!(warnings[0].message.starts_with("time runs back at sample 4"), "{}", warnings[0]);
    }

    #[test]
    fn a_column_that_stands_still_is_refused() {
        assert!(time_base(&[5; 10], 1, None, "t").is_err());
        assert!(time_base(&[5], 1, None, "t").is_err());
        assert!(time_base(&[], 1, None, "t").is_err());
    }
}
