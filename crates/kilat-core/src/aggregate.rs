//! Aggregation of the basic intervals (IEC 61000-4-30, 4.5 and 4.6): 150/180 cycles, 10 min, 2 h.
//!
//! | interval | made of | begins |
//! |---|---|---|
//! | 150/180 cycles | 15 basic intervals | after the one before, and at every 10-min tick, where it may overlap the one before |
//! | 10 min | the basic intervals that begin between two ticks; the one in progress at a tick belongs to the old 10 min | at ticks |
//! | 2 h | 12 values of 10 min | at even hours |
//!
//! Class S does not resynchronise: its intervals, and those of 150/180 cycles, run on across ticks, and nothing overlaps.
//!
//! Values are roots of mean squares, powers are means ([`Mean`]). Sums are in double precision, harmonics then rounded as those of
//! the parts are ([`Spectrum::round`](crate::pq::harmonics::Spectrum::round)). An aggregate of which more than one basic
//! interval's time is missing at either end, or that a gap cuts, is [`Flags::INCOMPLETE`]; it carries the flags of all its parts.

use serde::{Deserialize, Serialize};

use crate::engine::analysis::Flags;
use crate::engine::measured::{Mean, Measured, System};
use crate::engine::plan::Plan;
use crate::engine::sink::{Interval, Period};
use crate::engine::timeline::TICK_S;
use crate::units::Timestamp;

/// Basic intervals in 150/180 cycles.
const BASICS: u32 = 15;
/// 10-min values in 2 h.
const TEN_MINUTES: i64 = 12;

/// Sums of one aggregate on its way.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Sums {
    count: u32,
    start_sample: f64,
    stop_sample: f64,
    stamp: Timestamp,
    cycles: u32,
    /// Duration of its cycles, which overlaps make longer than the time covered.
    cycles_s: f64,
    covered_s: f64,
    basics: u32,
    flags: Flags,
    channels: Vec<Measured>,
    system: System,
    means: Vec<Measured>,
    system_means: System,
}

impl Sums {
    /// Makes room for all that a window under this plan gives, so that none is to be made in the midst of a stream.
    fn reserve(&mut self, plan: &Plan) {
        for channels in [&mut self.channels, &mut self.means] {
            channels.resize_with(plan.channels.len(), Measured::default);
            for channel in channels {
                channel.reserve(plan);
            }
        }
        self.system.reserve(plan);
        self.system_means.reserve(plan);
    }

    fn add(&mut self, part: &Interval<'_>) {
        if self.count == 0 {
            self.start_sample = part.start_sample;
            (self.cycles, self.cycles_s, self.covered_s, self.basics) = (0, 0.0, 0.0, 0);
            self.flags = Flags::empty();
            self.channels.resize_with(part.channels.len(), Measured::default);
        }
        let first = self.count == 0;
        self.count += 1;
        (self.stop_sample, self.stamp) = (part.stop_sample, part.stamp);
        self.cycles += part.cycles;
        self.cycles_s += f64::from(part.cycles) / part.frequency_hz;
        self.covered_s += part.covered_s;
        self.basics += part.basics;
        self.flags |= part.flags;
        let mut add = |mean: Mean, sums: &mut [f64], ones: &[f64]| {
            for (sum, x) in sums.iter_mut().zip(ones) {
                let term = match mean {
                    Mean::Quadratic => x * x,
                    Mean::Arithmetic | Mean::Least | Mean::Most => *x,
                    Mean::None => f64::NAN,
                };
                *sum = match mean {
                    _ if first => term,
                    Mean::Least => sum.min(term),
                    Mean::Most => sum.max(term),
                    _ => *sum + term,
                };
            }
        };
        for (sum, one) in self.channels.iter_mut().zip(part.channels) {
            sum.each(one, &mut add);
        }
        self.system.each(part.system, &mut add);
    }

    /// Gives out the aggregate and begins anew.
    fn close(
        &mut self,
        period: Period,
        complete: bool,
        stamp: Timestamp,
        give: &mut impl FnMut(Interval<'_>),
    ) {
        if self.count == 0 {
            return;
        }
        let count = f64::from(self.count);
        let mut divide = |mean: Mean, values: &mut [f64], sums: &[f64]| {
            for (value, sum) in values.iter_mut().zip(sums) {
                *value = match mean {
                    Mean::Quadratic => (sum / count).sqrt(),
                    Mean::Least | Mean::Most => *sum,
                    Mean::Arithmetic | Mean::None => sum / count,
                };
            }
        };
        self.means.resize_with(self.channels.len(), Measured::default);
        for (mean, sum) in self.means.iter_mut().zip(&self.channels) {
            mean.each(sum, &mut divide);
            mean.spectrum.round();
        }
        self.system_means.each(&self.system, &mut divide);
        // An aggregate is not itself an overlap; that of its parts is the standard's way.
        let mut flags = self.flags - Flags::OVERLAP;
        flags.set(Flags::INCOMPLETE, !complete || flags.contains(Flags::INCOMPLETE));
        give(Interval {
            period,
            start_sample: self.start_sample,
            stop_sample: self.stop_sample,
            stamp,
            cycles: self.cycles,
            basics: self.basics,
            covered_s: self.covered_s,
            frequency_hz: f64::from(self.cycles) / self.cycles_s,
            flags,
            channels: &self.means,
            system: &self.system_means,
        });
        self.count = 0;
    }
}

/// State of the aggregation: it goes on over gaps, because ticks do.
#[derive(Debug, Serialize, Deserialize)]
pub struct Aggregator {
    resynchronises: bool,
    /// The 150/180 cycles that go on, and those that a tick has overlapped and that are not full yet.
    three_s: [Sums; 2],
    ten_minutes: Sums,
    two_hours: Sums,
    tick: i64,
}

impl Aggregator {
    /// At the start of a stream.
    pub fn new(plan: &Plan) -> Self {
        Self {
            resynchronises: plan.config.class.resynchronises(),
            three_s: Default::default(),
            ten_minutes: Sums::default(),
            two_hours: Sums::default(),
            tick: 0,
        }
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self, plan: &Plan) {
        let Self { three_s, ten_minutes, two_hours, .. } = self;
        three_s.iter_mut().chain([ten_minutes, two_hours]).for_each(|s| s.reserve(plan));
    }

    /// Takes the next basic interval; `tick` and `is_last` as in [`Span`](crate::engine::timeline::Span).
    pub fn add(
        &mut self,
        basic: &Interval<'_>,
        tick: i64,
        is_last: bool,
        give: &mut impl FnMut(Interval<'_>),
    ) {
        if tick != self.tick {
            self.close_ten_minutes(give);
            if self.resynchronises && self.three_s[0].count > 0 {
                self.close_overlapped(give);
                self.three_s.swap(0, 1);
            }
            if tick.div_euclid(TEN_MINUTES) != self.tick.div_euclid(TEN_MINUTES) {
                self.close_two_hours(give);
            }
            self.tick = tick;
        }
        // The overlapped one is older, and comes first.
        for k in [1, 0] {
            let sums = &mut self.three_s[k];
            if k == 0 || sums.count > 0 {
                sums.add(basic);
                if sums.count == BASICS {
                    let stamp = sums.stamp;
                    sums.close(Period::Cycles150, true, stamp, give);
                }
            }
        }
        self.ten_minutes.add(basic);
        if is_last {
            self.close_ten_minutes(give);
        }
    }

    /// A gap: what must be contiguous ends here.
    pub fn interrupt(&mut self, give: &mut impl FnMut(Interval<'_>)) {
        self.close_overlapped(give);
        let stamp = self.three_s[0].stamp;
        self.three_s[0].close(Period::Cycles150, false, stamp, give);
    }

    /// The end of the stream.
    pub fn finish(&mut self, give: &mut impl FnMut(Interval<'_>)) {
        self.interrupt(give);
        self.close_ten_minutes(give);
        self.close_two_hours(give);
    }

    fn close_overlapped(&mut self, give: &mut impl FnMut(Interval<'_>)) {
        let stamp = self.three_s[1].stamp;
        self.three_s[1].close(Period::Cycles150, false, stamp, give);
    }

    fn close_ten_minutes(&mut self, give: &mut impl FnMut(Interval<'_>)) {
        let sums = &mut self.ten_minutes;
        if sums.count == 0 {
            return;
        }
        // One basic interval may be missing at either end: a recording seldom begins and ends on a crossing.
        let basic_s = sums.cycles_s / f64::from(sums.count);
        let complete = sums.covered_s >= TICK_S as f64 - 2.0 * basic_s;
        let two_hours = &mut self.two_hours;
        sums.close(Period::TenMinutes, complete, tick_end(self.tick), &mut |value| {
            give(value);
            two_hours.add(&value);
        });
        if self.tick.rem_euclid(TEN_MINUTES) == TEN_MINUTES - 1 {
            self.close_two_hours(give);
        }
    }

    fn close_two_hours(&mut self, give: &mut impl FnMut(Interval<'_>)) {
        let complete = i64::from(self.two_hours.count) == TEN_MINUTES;
        let last = self.tick.div_euclid(TEN_MINUTES) * TEN_MINUTES + TEN_MINUTES - 1;
        self.two_hours.close(Period::TwoHours, complete, tick_end(last), give);
    }
}

/// The moment a 10-min interval ends, in the stream's clock.
fn tick_end(tick: i64) -> Timestamp {
    Timestamp((tick + 1).saturating_mul(TICK_S * 1_000_000_000))
}
