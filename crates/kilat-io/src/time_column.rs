//! A column of times becomes a time base: its rate, its gaps, and how far it strays from both.

use kilat_core::{Result, SampleRate, Segment, TimeBase, Timestamp, Warning};

use crate::limit::Limit;
use crate::packed::Packed;

/// Jitter of a time column above which a warning names it, as a share of the step.
const JITTER_LIMIT: f64 = 0.01;

/// Steps longer than this many usual steps are gaps.
const GAP_STEPS: f64 = 1.5;

/// Steps of which the median is the usual one; more would tell no more.
const STEPS_LOOKED_AT: usize = 4096;

/// Times beyond this, three million years, are none; sums of these stay in range.
const MOST_PS: i128 = 100_000_000_000_000_000_000_000_000;

const PS_PER_S: f64 = 1e12;

/// Times beyond this, 30 000 years, are none.
pub(crate) const MOST_SECONDS: f64 = 1e12;

/// Times of samples in picoseconds, each kept as its step from the one before: exactly, up to steps of 2.5 h.
#[derive(Debug, Default)]
pub(crate) struct Times {
    first: i128,
    last: i128,
    n: usize,
    steps_ps: Packed,
}

impl Times {
    pub(crate) fn push(&mut self, ps: i128) {
        let ps = ps.clamp(-MOST_PS, MOST_PS);
        if self.n == 0 {
            self.first = ps;
        } else {
            self.steps_ps.push((ps - self.last) as f64);
        }
        self.last = ps;
        self.n += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.n
    }

    pub(crate) fn first(&self) -> i128 {
        self.first
    }

    /// Steps from each time to the next.
    pub(crate) fn steps(&self) -> impl Iterator<Item = i128> {
        self.steps_ps.iter().map(|ps| ps as i128)
    }

    /// The steps that the median is taken of: all, or as many evenly picked.
    fn some_steps(&self) -> Vec<i128> {
        let every = (self.n / STEPS_LOOKED_AT).max(1);
        self.steps().step_by(every).collect()
    }
}

impl FromIterator<i128> for Times {
    fn from_iter<I: IntoIterator<Item = i128>>(times: I) -> Self {
        let mut all = Self::default();
        times.into_iter().for_each(|ps| all.push(ps));
        all
    }
}

/// A stretch of samples without a gap.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    first: u64,
    len: u64,
    /// Times of its first and its last sample.
    from_ps: i128,
    to_ps: i128,
}

/// The time base of samples at `seconds`, all within [`MOST_SECONDS`], of which each is known to its last bit.
pub(crate) fn of_seconds(
    seconds: impl Iterator<Item = f64> + Clone,
    start: Option<Timestamp>,
    at: &str,
) -> Result<(TimeBase, Vec<Warning>)> {
    let largest = seconds.clone().fold(0.0, |m: f64, s| m.max(s.abs()));
    let quantum_ps = (largest * f64::EPSILON * PS_PER_S).ceil().max(1.0) as i128;
    let times = seconds.map(|s| (s * PS_PER_S).round() as i128).collect();
    time_base(&times, quantum_ps, start, at)
}

/// The time base of samples taken at `times`, each known to `quantum_ps`.
///
/// The rate is the simplest one that the times, as precise as they are written, allow. A longer step than usual is a
/// gap and begins a segment; a step back in time begins one too, and a warning tells it.
pub(crate) fn time_base(
    times: &Times,
    quantum_ps: i128,
    start: Option<Timestamp>,
    at: &str,
) -> Result<(TimeBase, Vec<Warning>)> {
    let mut warnings = Vec::new();
    let step = usual_step(times, quantum_ps);
    let longest_step = GAP_STEPS * step + quantum_ps as f64;
    // Twice through the times: a list of stretches may be longer than they are.
    let (mut count, mut longest, mut backwards) = (0, None::<Stretch>, None);
    let mut end_ps = times.first();
    for s in stretches(times, longest_step) {
        // Times written coarsely may repeat; they never run back.
        if s.from_ps < end_ps {
            backwards.get_or_insert(s.first);
        }
        (count, end_ps) = (count + 1, s.to_ps);
        longest = longest.filter(|l| l.len >= s.len).or(Some(s));
    }
    Limit::listed_segments(times.len()).check(at, count)?;
    let rate = rate_of(longest, quantum_ps, step)?;

    let mut segments: Vec<Segment> = Vec::with_capacity(count as usize);
    let (mut origin, mut end) = (times.first(), 0);
    for s in stretches(times, longest_step) {
        if s.from_ps - origin < end {
            // Back in time: carry on one step after the last sample, and count from there.
            origin = s.from_ps - end;
        }
        let offset_ps = s.from_ps - origin;
        segments.push(Segment { first: s.first, len: s.len, rate, offset_ps });
        end = offset_ps + rate.picoseconds(s.len.saturating_sub(1));
    }
    if let Some(i) = backwards {
        let message = format!("time runs back at sample {i}; the samples follow each other as they stand");
        warnings.push(Warning::new(at, message));
    }
    let within = |d: &i128| (0..=longest_step as i128).contains(d);
    let jitter = times.steps().filter(within).map(|d| jitter(d, rate, quantum_ps)).fold(0.0, f64::max);
    if jitter > JITTER_LIMIT {
        let message = format!(
            "steps differ by up to {:.1} % from those of {rate}, which is taken as the rate",
            jitter * 100.0
        );
        warnings.push(Warning::new(at, message));
    }
    Ok((TimeBase::from_segments(start, segments)?, warnings))
}

/// The stretches of `times`: a new one after a step that is longer, and after one back in time.
fn stretches(times: &Times, longest_step: f64) -> impl Iterator<Item = Stretch> {
    let mut steps = times.steps();
    let mut next = Some(Stretch { first: 0, len: 1, from_ps: times.first(), to_ps: times.first() });
    std::iter::from_fn(move || {
        let mut open = next.take()?;
        for d in steps.by_ref() {
            let time = open.to_ps + d;
            if d as f64 > longest_step || d < 0 {
                next = Some(Stretch { first: open.first + open.len, len: 1, from_ps: time, to_ps: time });
                break;
            }
            (open.len, open.to_ps) = (open.len + 1, time);
        }
        Some(open)
    })
}

/// True for times that rise in even steps, with the odd gap.
pub(crate) fn moves_evenly(times: &Times, quantum_ps: i128) -> bool {
    if times.len() < 2 || times.steps().any(|d| d <= 0) {
        return false;
    }
    let median = median(times.some_steps());
    // Coarse writing makes fine steps uneven; it does not make whole numbers even.
    let coarse = if median > quantum_ps.saturating_mul(5) { quantum_ps } else { 0 };
    let even = times
        .steps()
        .filter(|d| d.abs_diff(median) <= (median / 100).saturating_add(coarse).unsigned_abs())
        .count();
    even * 10 >= (times.len() - 1) * 9
}

fn median(mut steps: Vec<i128>) -> i128 {
    let middle = steps.len() / 2;
    if steps.is_empty() { 0 } else { *steps.select_nth_unstable(middle).1 }
}

/// The median step; the mean when the times are written too coarsely for a single step to mean anything.
fn usual_step(times: &Times, quantum_ps: i128) -> f64 {
    let steps: Vec<i128> = times.some_steps().into_iter().filter(|d| *d >= 0).collect();
    let median = median(steps);
    if median > quantum_ps.saturating_mul(2) {
        return median as f64;
    }
    let (sum, n) =
        times.steps().filter(|d| *d >= 0).fold((0i128, 0), |(sum, n), d| (sum.saturating_add(d), n + 1));
    sum as f64 / f64::from(n.max(1))
}

/// The simplest rate that meets both ends of a gapless stretch.
fn rate_of(stretch: Option<Stretch>, quantum_ps: i128, step_ps: f64) -> Result<SampleRate> {
    let (steps, span) = stretch.map_or((0, 0), |s| (s.len - 1, s.to_ps - s.from_ps));
    let (steps, span) = if span > 0 { (steps as f64, span as f64) } else { (1.0, step_ps) };
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

/// Difference of a step from the step of `rate`, beyond what the writing of the times explains, in steps.
fn jitter(step_ps: i128, rate: SampleRate, quantum_ps: i128) -> f64 {
    let even = 1e12 / rate.hz();
    ((step_ps as f64 - even).abs() - quantum_ps as f64) / even
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: i128 = 1_000_000;

    #[test]
    fn rounded_times_give_the_round_rate() {
        for hz in [6400.0, 12_800.0, 15_360.0, 30_720.0, 44_100.0, 50_000.0, 1_000_000.0 / 3.0] {
            let times: Times = (0..8000).map(|i| (f64::from(i) / hz * 1e6).round() as i128 * US).collect();
            let (time, warnings) = time_base(&times, US, None, "t").unwrap();
            assert_eq!(time.segments().len(), 1, "{hz}");
            assert!((time.rate().unwrap().hz() / hz - 1.0).abs() < 1e-4, "{hz}: {:?}", time.rate());
            assert!(warnings.is_empty(), "{hz}: {warnings:?}");
        }
        // With the digits to tell it, exactly.
        let times: Times =
            (0..8000).map(|i| (f64::from(i) / 15_360.0 * 1e9).round() as i128 * 1000).collect();
        assert_eq!(time_base(&times, 1000, None, "t").unwrap().0.rate().unwrap().ratio(), (15_360, 1));
    }

    #[test]
    fn a_gap_begins_a_segment_at_its_time() {
        let times: Times = (0..100).filter(|i| !(40..60).contains(i)).map(|i| i * 200 * US).collect();
        let (time, warnings) = time_base(&times, US, Some(Timestamp(5)), "t").unwrap();
        let pieces: Vec<_> = time.segments().iter().map(|s| (s.first, s.len, s.offset_ps)).collect();
        assert_eq!(pieces, [(0, 40, 0), (40, 40, 60 * 200 * US)]);
        assert_eq!(time.rate().unwrap().hz(), 5000.0);
        assert!(warnings.is_empty());
    }

    #[test]
    fn seconds_since_1970_are_kept_to_the_picosecond() {
        let times =
            [1_716_793_200_000_000_000_001, 1_716_793_200_000_000_000_002, 1_716_799_200_000_000_000_017];
        let packed: Times = times.into_iter().collect();
        assert_eq!((packed.first(), packed.len()), (times[0], 3));
        assert_eq!(packed.steps().collect::<Vec<_>>(), [1, 6_000_000_000_000_015]);
    }

    #[test]
    fn times_all_over_the_place_are_no_recording() {
        let scattered = |n: i128| (0..n).map(|i| i * i % 1009 * US).collect::<Times>();
        assert_eq!(time_base(&scattered(900), US, None, "t").unwrap().1.len(), 2);
        let message = time_base(&scattered(9000), US, None, "t").unwrap_err().to_string();
        assert!(message.starts_with("t: number of segments by the times is "), "{message}");
        assert!(message.ends_with(", more than the limit of 1281"), "{message}");
    }

    #[test]
    fn a_column_written_too_coarsely_for_its_numbers_is_no_overflow() {
        let even: Times = (0..100).map(|i| i * 200 * US).collect();
        let apart: Times = [-i128::MAX, i128::MAX, 0, i128::MAX].into_iter().collect();
        for quantum_ps in [i128::MAX, i128::MAX / 3, MOST_PS] {
            assert!(moves_evenly(&even, quantum_ps) && !moves_evenly(&apart, quantum_ps));
            assert_eq!(usual_step(&even, quantum_ps), (200 * US) as f64);
            for times in [&even, &apart] {
                // A rate or none: both are answers.
                let _ = time_base(times, quantum_ps, None, "t");
            }
        }
    }

    #[test]
    fn jitter_is_told_with_its_figure() {
        let mut times: Vec<i128> = (0..100).map(|i| i * 200 * US).collect();
        times[50] += 20 * US;
        let (time, warnings) = time_base(&times.into_iter().collect(), 1, None, "t").unwrap();
        assert_eq!(time.rate().unwrap().hz(), 5000.0);
        assert_eq!(
            warnings[0].to_string(),
            "t: steps differ by up to 10.0 % from those of 5000 Hz, which is taken as the rate"
        );
    }

    #[test]
    fn time_that_runs_back_is_told_and_stays_in_order() {
        let times: Times = [0, 1, 2, 3, 1, 2, 3, 4].map(|i| i * 1000 * US).into_iter().collect();
        let (time, warnings) = time_base(&times, US, None, "t").unwrap();
        assert_eq!(time.seconds(3.0), 0.003);
        assert!(time.seconds(4.0) >= 0.003);
        assert!(warnings[0].message.starts_with("time runs back at sample 4"), "{}", warnings[0]);
    }

    #[test]
    fn a_column_that_stands_still_is_refused() {
        for n in [10, 1, 0] {
            assert!(time_base(&std::iter::repeat_n(5, n).collect(), 1, None, "t").is_err(), "{n}");
        }
    }
}
