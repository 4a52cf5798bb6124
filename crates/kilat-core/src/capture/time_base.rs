//! When each sample was taken.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::units::{Moment, SampleRate, Timestamp};

/// A stretch of samples at one rate, without a gap inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Index of its first sample in the capture.
    pub first: u64,
    /// Number of samples.
    pub len: u64,
    /// Its rate.
    pub rate: SampleRate,
    /// Time of its first sample after the start of the capture, in picoseconds.
    pub offset_ps: i128,
}

impl Segment {
    /// Index range of its samples in the capture.
    pub fn range(&self) -> Range<u64> {
        self.first..self.first + self.len
    }

    /// Time of the moment one period after its last sample, in picoseconds after the start of the capture.
    fn end_ps(&self) -> i128 {
        self.offset_ps + self.rate.picoseconds(self.len)
    }
}

/// Time base of a capture: a start, when known, and segments in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeBase {
    start: Option<Timestamp>,
    segments: Vec<Segment>,
}

impl TimeBase {
    /// One segment of `len` samples.
    pub fn uniform(rate: SampleRate, len: u64, start: Option<Timestamp>) -> Self {
        Self { start, segments: vec![Segment { first: 0, len, rate, offset_ps: 0 }] }
    }

    /// Segments in order: each must begin where the one before ends and not before it in time.
    pub fn from_segments(start: Option<Timestamp>, segments: Vec<Segment>) -> Result<Self> {
        let mut first = 0u64;
        for (i, s) in segments.iter().enumerate() {
            if s.first != first {
                return Err(Error::mismatch(format!("first sample of segment {}", i + 1), first, s.first));
            }
            first = s.first.checked_add(s.len).ok_or_else(|| {
                Error::config("time base", format!("segment {} is longer than any recording", i + 1))
            })?;
        }
        Ok(Self { start, segments })
    }

    /// Start, when known.
    pub fn start(&self) -> Option<Timestamp> {
        self.start
    }

    /// The same time base with another start.
    #[must_use]
    pub fn with_start(mut self, start: Option<Timestamp>) -> Self {
        self.start = start;
        self
    }

    /// Segments, in order; never empty for a capture with samples.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Number of samples.
    pub fn len(&self) -> u64 {
        self.segments.last().map_or(0, |s| s.first + s.len)
    }

    /// True without a sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rate, when all segments share one.
    pub fn rate(&self) -> Option<SampleRate> {
        let first = self.segments.first()?.rate;
        self.segments.iter().all(|s| s.rate == first).then_some(first)
    }

    /// Span from the first sample to one period after the last, gaps included, in seconds.
    pub fn duration_s(&self) -> f64 {
        self.segments.last().map_or(0.0, |s| s.end_ps() as f64 / 1e12)
    }

    /// Seconds from the start of the capture to the (fractional) sample position; positions beyond either end extrapolate.
    pub fn seconds(&self, position: f64) -> f64 {
        let i = self.segments.partition_point(|s| s.first as f64 <= position).saturating_sub(1);
        self.segments.get(i).map_or(0.0, |s| {
            let whole = position.floor().max(s.first as f64);
            let ps = s.offset_ps + s.rate.picoseconds(whole as u64 - s.first);
            ps as f64 / 1e12 + s.rate.seconds(position - whole)
        })
    }

    /// Moment of a (fractional) sample position, when the start is known.
    pub fn timestamp(&self, position: f64) -> Option<Timestamp> {
        self.start.map(|t| t.plus_seconds(self.seconds(position)))
    }

    /// Seconds from the start of the capture to a moment, which may lie beyond either end; a time of day needs a start.
    pub fn seconds_to(&self, moment: Moment) -> Result<f64> {
        match moment {
            Moment::After(seconds) => Ok(seconds),
            Moment::At(time) => self.start.map(|start| time.seconds_since(start)).ok_or_else(|| {
                let problem =
                    "the recording states no start that it could refer to; give a duration such as 10s";
                Error::config(time.to_string(), problem)
            }),
        }
    }

    /// First sample at or after `seconds` from the start; the length when there is none.
    pub fn sample_at(&self, seconds: f64) -> u64 {
        for s in &self.segments {
            let t0 = s.offset_ps as f64 / 1e12;
            if seconds < s.end_ps() as f64 / 1e12 {
                // One part in 10^9 of a sample forgives the rounding of a decimal time.
                let i = ((seconds - t0) * s.rate.hz() - 1e-9).ceil().max(0.0);
                return (s.first + i as u64).min(s.first + s.len);
            }
        }
        self.len()
    }

    /// The time base of samples `range`; its start moves along.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let mut segments = Vec::new();
        let mut shift_ps = 0;
        for s in &self.segments {
            let (a, b) = (s.first.max(range.start), (s.first + s.len).min(range.end));
            if a >= b {
                continue;
            }
            let offset_ps = s.offset_ps + s.rate.picoseconds(a - s.first);
            if segments.is_empty() {
                shift_ps = offset_ps;
            }
            segments.push(Segment {
                first: a - range.start,
                len: b - a,
                rate: s.rate,
                offset_ps: offset_ps - shift_ps,
            });
        }
        if segments.is_empty() {
            // An empty slice keeps its rate, so that it can still say what it is a slice of.
            segments.extend(self.segments.first().map(|s| Segment {
                first: 0,
                len: 0,
                offset_ps: 0,
                ..s.clone()
            }));
        }
        let start = self.start.map(|t| Timestamp(t.0.saturating_add((shift_ps / 1000) as i64)));
        Self { start, segments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_rates() -> TimeBase {
        let r = |hz| SampleRate::from_hz(hz).unwrap();
        TimeBase::from_segments(
            Some(Timestamp(0)),
            vec![
                Segment { first: 0, len: 100, rate: r(1000.0), offset_ps: 0 },
                Segment { first: 100, len: 10, rate: r(50.0), offset_ps: 119_000_000_000 },
            ],
        )
        .unwrap()
    }

    #[test]
    fn time_crosses_a_change_of_rate() {
        let t = two_rates();
        assert_eq!(t.seconds(99.0), 0.099);
        assert_eq!(t.seconds(100.0), 0.119);
        assert_eq!(t.seconds(101.0), 0.139);
        assert_eq!(t.rate(), None);
        assert_eq!(t.len(), 110);
        assert_eq!(t.sample_at(0.0985), 99);
        assert_eq!(t.sample_at(0.1), 100);
        assert_eq!(t.sample_at(9.0), 110);
    }

    #[test]
    fn a_slice_keeps_the_clock() {
        let t = two_rates().slice(98..102);
        assert_eq!(t.start(), Some(Timestamp(98_000_000)));
        assert_eq!(t.segments().len(), 2);
        assert_eq!(t.seconds(2.0), 0.021);
    }

    #[test]
    fn segments_out_of_order_are_refused() {
        let rate = SampleRate::from_hz(1.0).unwrap();
        let s = |first| Segment { first, len: 5, rate, offset_ps: 0 };
        assert!(TimeBase::from_segments(None, vec![s(0), s(6)]).is_err());
    }
}
