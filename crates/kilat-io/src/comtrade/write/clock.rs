//! The time base as the cfg and the timestamps of the dat tell it.

use kilat_core::{Segment, TimeBase, Timestamp};

use super::super::cfg::Revision;
use super::codes::number;

const PS_PER_NS: i128 = 1_000;
const PS_PER_US: i128 = 1_000_000;
/// The highest timestamp; the one above says that it is missing.
const HIGHEST: i128 = u32::MAX as i128 - 1;

/// Ticks of a sampling period from which a reader can tell a gap from the rounding of the timestamps.
const CLEAR: i128 = 200;

/// Rates, or timestamps where there are gaps.
pub(super) struct Clock<'a> {
    segments: &'a [Segment],
    /// Duration of one unit of a timestamp.
    tick_ps: i128,
    /// True when rates alone cannot tell the time of every sample.
    by_stamps: bool,
}

impl<'a> Clock<'a> {
    pub(super) fn new(time: &'a TimeBase, revision: Revision) -> Self {
        let segments = time.segments();
        let by_stamps = !segments.windows(2).all(|w| follows(&w[0], &w[1]));
        let first_ps = segments.first().map_or(0, |s| s.offset_ps);
        let span_ps = segments
            .last()
            .map_or(0, |s| s.offset_ps - first_ps + s.rate.picoseconds(s.len.saturating_sub(1)));
        let tick_ps = match revision {
            // 1991 knows no multiplier: longer recordings wrap around.
            Revision::R1991 => PS_PER_US,
            _ if by_stamps => telling_tick(segments, span_ps),
            _ => PS_PER_US * (span_ps / (HIGHEST * PS_PER_US) + 1),
        };
        Self { segments, tick_ps, by_stamps }
    }

    /// Timestamp of sample `i` of `segment`.
    pub(super) fn stamp(&self, segment: &Segment, i: u64) -> u32 {
        let first_ps = self.segments.first().map_or(0, |s| s.offset_ps);
        let ps = segment.offset_ps - first_ps + segment.rate.picoseconds(i - segment.first);
        let ticks = (ps + self.tick_ps / 2) / self.tick_ps;
        (ticks.rem_euclid(1 << 32)).min(HIGHEST) as u32
    }

    /// Timestamp of sample `i` of the recording.
    pub(super) fn stamp_at(&self, i: u64) -> u32 {
        let k = self.segments.partition_point(|s| s.first <= i).saturating_sub(1);
        self.segments.get(k).map_or(0, |s| self.stamp(s, i))
    }

    /// Lines of the cfg with the number of rates, each rate with the number of its last sample.
    pub(super) fn rates(&self) -> String {
        let end = self.segments.last().map_or(0, |s| s.first + s.len);
        if self.by_stamps {
            return format!("0\r\n0,{end}\r\n");
        }
        let line = |s: &Segment| format!("{},{}\r\n", number(s.rate.hz()), s.first + s.len);
        format!("{}\r\n{}", self.segments.len(), self.segments.iter().map(line).collect::<String>())
    }

    /// Factor of the timestamps, in units of a cfg whose moments have `digits` behind the point.
    pub(super) fn multiplier(&self, digits: usize) -> String {
        let unit_ps = if digits > 6 { PS_PER_NS } else { PS_PER_US };
        let fraction = format!("{:06}", self.tick_ps % unit_ps * (PS_PER_US / unit_ps));
        let text = format!("{}.{fraction}", self.tick_ps / unit_ps);
        text.trim_end_matches('0').trim_end_matches('.').into()
    }
}

/// Moment of the first sample.
pub(super) fn first_moment(time: &TimeBase) -> Option<Timestamp> {
    let first_ps = time.segments().first().map_or(0, |s| s.offset_ps);
    time.start().map(|t| Timestamp(t.as_nanos().saturating_add((first_ps / PS_PER_NS) as i64)))
}

/// True when `next` begins one of its periods after the last sample of `segment`, as it does without a gap.
pub(super) fn follows(segment: &Segment, next: &Segment) -> bool {
    let last_ps = segment.offset_ps + segment.rate.picoseconds(segment.len.saturating_sub(1));
    (next.offset_ps - last_ps - next.rate.picoseconds(1)).abs() <= PS_PER_NS
}

/// A tick in which every sample falls on a whole number and a gap is clear, when there is one; else the finest that reaches
/// to the end.
fn telling_tick(segments: &[Segment], span_ps: i128) -> i128 {
    let reaches = |tick: &i128| span_ps / tick <= HIGHEST;
    let periods = segments.iter().map(|s| {
        let (num, den) = s.rate.ratio();
        let ps = i128::from(den) * PS_PER_US * PS_PER_US;
        (ps % i128::from(num) == 0).then_some(ps / i128::from(num))
    });
    let offsets = segments.iter().map(|s| Some(s.offset_ps - segments[0].offset_ps));
    let common =
        periods.clone().chain(offsets).try_fold(0, |g, ps| Some(gcd(g, ps?.abs()))).filter(|g| *g > 0);
    let shortest = periods.flatten().min().unwrap_or(0);
    let exact = common.and_then(|common| {
        let round = [PS_PER_US, PS_PER_NS].into_iter().filter(|t| common % t == 0 && shortest / t >= CLEAR);
        let parts = [1000, 100, 10, 1].into_iter().filter(|k| common % k == 0).map(|k| common / k);
        round.chain(parts).find(reaches)
    });
    let finest = || (3..30).map(|k| 10i128.pow(k)).find(reaches);
    exact.or_else(finest).unwrap_or(PS_PER_US)
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
