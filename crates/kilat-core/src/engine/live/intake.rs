//! Where a block belongs: what of it is new, what is missing before it, and what its time says about the clock.

use serde::{Deserialize, Serialize};

use crate::engine::live::Quality;
use crate::engine::live::output::Clock;
use crate::engine::sink::{Notice, NoticeKind};
use crate::error::{Error, Result};
use crate::units::{SampleRate, Timestamp};

/// From one block to the next, time may differ by this much from what the rate says, in seconds: more is a step. It is the
/// uncertainty of time that Class A allows at 50 Hz (IEC 61000-4-30:2015, 4.6).
const STEP_S: f64 = 0.02;
/// Drift of the clock against the sampling rate, in seconds, at which the ticks are moved.
const DRIFT_S: f64 = 0.01;
/// Stretches given up as gaps that are remembered, to tell a block that is late from one that comes twice.
const GAPS: usize = 16;
/// Positions are floats: up to here they tell a thousandth of a sample.
const MOST_SAMPLES: u64 = 1 << 43;

/// The numbering and the clock of a stream.
#[derive(Debug, Serialize, Deserialize)]
pub struct Intake {
    rate: SampleRate,
    /// The sample that ought to come next; `None` before the first.
    next: Option<u64>,
    /// First sample since the last gap, and when it was taken: in UTC, or counted from the first sample.
    segment: (u64, Timestamp),
    /// Time is in UTC.
    dated: bool,
    /// Seconds that the last block was ahead of what the rate says.
    ahead_s: f64,
    gaps: [(u64, u64); GAPS],
    gap_count: usize,
    quality: Quality,
}

/// What is to be done before the samples of a block are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Before {
    /// Nothing: they follow those before.
    Nothing,
    /// The first samples of the stream.
    Start,
    /// `samples` are missing.
    Gap {
        /// Their number.
        samples: u64,
    },
    /// The clock went forward by this much, in seconds.
    Step(f64),
    /// It drifted by this much.
    Steer(f64),
}

/// A block, examined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Admission {
    /// Samples to leave out at its begin; all of them when it is late or came twice.
    pub skip: u64,
    /// What is to be done before the rest is taken.
    pub before: Before,
    /// What is to be said: at most a word about the numbering, one about the clock, one about the converter.
    pub notices: [Option<Notice>; 3],
}

impl Intake {
    /// A stream at `rate`, begun at `start` when the clock is known.
    pub fn new(rate: SampleRate, start: Option<Timestamp>) -> Self {
        Self {
            rate,
            next: None,
            segment: (0, start.unwrap_or_default()),
            dated: start.is_some(),
            ahead_s: 0.0,
            gaps: [(0, 0); GAPS],
            gap_count: 0,
            quality: Quality::empty(),
        }
    }

    /// The sample that ought to come next.
    pub fn next(&self) -> u64 {
        self.next.unwrap_or(self.segment.0)
    }

    /// What time it was when the samples of the segment were taken.
    pub fn clock(&self) -> Clock {
        let (first, began) = self.segment;
        Clock { rate: self.rate, first, began }
    }

    /// True when times are in UTC, and not counted from the first sample.
    pub fn is_dated(&self) -> bool {
        self.dated
    }

    /// Examines a block of `n` samples and counts it as taken.
    pub fn admit(
        &mut self,
        first: u64,
        n: u64,
        time: Option<Timestamp>,
        quality: Quality,
    ) -> Result<Admission> {
        let end = first.checked_add(n).filter(|end| *end <= MOST_SAMPLES).ok_or_else(|| Error::Limit {
            part: "block".into(),
            what: "the index of its last sample".into(),
            limit: MOST_SAMPLES,
            found: first.saturating_add(n),
        })?;
        let mut notices = [None; 3];
        let next = self.next.unwrap_or(first);
        let skip = next.saturating_sub(first).min(n);
        if skip > 0 {
            let kind = if skip < n {
                NoticeKind::Overlap
            } else if self.gaps.iter().any(|(from, to)| first < *to && end > *from) {
                NoticeKind::Late
            } else {
                NoticeKind::Duplicate
            };
            notices[0] = Some(Notice { samples: skip, ..Notice::new(kind, first as f64) });
        }
        if skip == n {
            return Ok(Admission { skip, before: Before::Nothing, notices });
        }
        let at = first.max(next);
        // The moment is that of the block's own first sample, taken or not.
        let time = time.map(|t| t.plus_seconds(self.rate.seconds(skip as f64)));
        let changed = self.quality ^ quality;
        if changed.contains(Quality::CLOCK_LOST) {
            let lost = quality.contains(Quality::CLOCK_LOST);
            let kind = if lost { NoticeKind::ClockLost } else { NoticeKind::ClockFound };
            notices[1] = Some(Notice::new(kind, at as f64));
        }
        if changed.contains(Quality::OVERLOAD) && quality.contains(Quality::OVERLOAD) {
            notices[2] = Some(Notice::new(NoticeKind::Overload, at as f64));
        }
        self.quality = quality;
        let believed = time.filter(|_| !quality.contains(Quality::CLOCK_LOST));
        let before = if self.next.is_none() {
            self.begin(at, time);
            Before::Start
        } else if at > next {
            self.give_up(next, at);
            self.begin(at, believed.filter(|_| self.dated));
            Before::Gap { samples: at - next }
        } else {
            self.listen(at, believed)
        };
        let said = match before {
            Before::Step(seconds) => Some((NoticeKind::ClockStep, seconds)),
            Before::Steer(seconds) => Some((NoticeKind::ClockSteered, seconds)),
            _ => None,
        };
        if let Some((kind, seconds)) = said {
            notices[1] = Some(Notice { seconds, ..Notice::new(kind, at as f64) });
        }
        self.next = Some(end);
        Ok(Admission { skip, before, notices })
    }

    /// No sample was taken for `duration_s`, but none is missing in the numbering; the next is taken at `resumes`, when the
    /// clock is known.
    pub fn pause(&mut self, duration_s: f64, resumes: Option<Timestamp>) {
        let counted = self.clock().at(self.next() as f64).plus_seconds(duration_s);
        self.begin(self.next(), Some(resumes.unwrap_or(counted)));
    }

    /// A segment begins at sample `at`, taken at `time`, else when the samples before say.
    fn begin(&mut self, at: u64, time: Option<Timestamp>) {
        let counted = if self.next.is_some() { self.clock().at(at as f64) } else { self.segment.1 };
        self.dated |= time.is_some();
        self.segment = (at, time.unwrap_or(counted));
        self.ahead_s = 0.0;
    }

    fn give_up(&mut self, from: u64, to: u64) {
        self.gaps[self.gap_count % GAPS] = (from, to);
        self.gap_count = self.gap_count.wrapping_add(1);
    }

    /// What the time of sample `at` says about the clock. A time that comes when there was none before is a step.
    fn listen(&mut self, at: u64, time: Option<Timestamp>) -> Before {
        let Some(time) = time else { return Before::Nothing };
        let ahead_s = time.seconds_since(self.clock().at(at as f64));
        if (ahead_s - self.ahead_s).abs() > STEP_S || !self.dated {
            self.begin(at, Some(time));
            return Before::Step(ahead_s);
        }
        self.ahead_s = ahead_s;
        if ahead_s.abs() <= DRIFT_S {
            return Before::Nothing;
        }
        self.segment.1 = self.segment.1.plus_seconds(ahead_s);
        self.ahead_s = 0.0;
        Before::Steer(ahead_s)
    }
}
