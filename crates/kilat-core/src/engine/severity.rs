//! From Pinst to Pst and Plt, in order: absolute 10 min, and 2 h from even hours of UTC (IEC 61000-4-15; IEC 61000-4-30, 5.3).
//!
//! Only whole 10 min give a Pst, and only twelve of them a Plt: a gap inside costs both.

use serde::{Deserialize, Serialize};

use crate::engine::analysis::Flags;
use crate::engine::reuse::Reuse;
use crate::engine::sink::{FlickerValue, Term};
use crate::engine::timeline::TICK_S;
use crate::pq::flicker::{Classifier, PInst, plt};
use crate::units::Timestamp;

/// Nanoseconds from tick to tick.
const TICK_NS: i64 = TICK_S * 1_000_000_000;
/// Values of Pst in one of Plt.
const TWELVE: i64 = 12;
/// This much may be missing at either end of 10 min, in seconds: no level of Pst can tell.
const SLACK_S: f64 = 0.1;

/// State of one channel within a segment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Severity {
    channel: usize,
    /// Samples from tick to tick.
    period: f64,
    slack: f64,
    /// Position of the last tick before the segment.
    origin: f64,
    /// That tick, counted from 1970.
    tick: i64,
    /// Ticks passed since.
    passed: i64,
    classes: Classifier,
    /// Flags of the present 10 min, and of what is known already of the next.
    flags: [Flags; 2],
    /// What there is of Pst since the last even hour, and its flags.
    pst: Vec<f64>,
    pst_flags: Flags,
}

impl Severity {
    /// In the memory of this one: for `channel` of a segment at `fs` samples per second that began at `clock`: in UTC, or counted from the first sample.
    #[must_use]
    pub fn anew(mut self, channel: usize, fs: f64, clock: Timestamp) -> Self {
        self.classes.clear();
        Self {
            channel,
            period: TICK_S as f64 * fs,
            slack: SLACK_S * fs,
            origin: -(clock.0.rem_euclid(TICK_NS) as f64 / 1e9 * fs),
            tick: clock.0.div_euclid(TICK_NS),
            passed: 0,
            classes: self.classes,
            flags: [Flags::empty(); 2],
            pst: self.pst.emptied(),
            pst_flags: Flags::empty(),
        }
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self) {
        self.pst.make_room(TWELVE as usize);
    }

    /// Notes what has happened between two positions, which reach less than 10 min beyond the last value taken.
    pub fn note(&mut self, start: f64, stop: f64, flags: Flags) {
        let next = self.at(self.passed + 1);
        if start < next && stop > self.at(self.passed) {
            self.flags[0] |= flags;
        }
        if stop > next {
            self.flags[1] |= flags;
        }
    }

    /// Takes the next Pinst, at sample `position`, and gives out what ends before it. An event goes on since `open_since`.
    pub fn add(&mut self, position: f64, p: &PInst, open_since: f64, give: &mut impl FnMut(FlickerValue)) {
        while position >= self.at(self.passed + 1) {
            self.close(open_since, give);
        }
        self.classes.add(p.value);
        if !p.settled {
            self.flags[0] |= Flags::UNSETTLED;
        }
    }

    /// Gives out the last 10 min of a segment of `length` samples, if they are whole.
    pub fn finish(&mut self, length: u64, give: &mut impl FnMut(FlickerValue)) {
        if length as f64 + self.slack >= self.at(self.passed + 1) {
            self.close(f64::INFINITY, give);
        }
    }

    /// True when both are of the same channel.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.channel, self.period) == (other.channel, other.period) && self.classes.is_like(&other.classes)
    }

    /// Moves the ticks `samples` later.
    pub fn steer(&mut self, samples: f64) {
        self.origin += samples;
    }

    /// Position of tick `n` after the origin.
    fn at(&self, n: i64) -> f64 {
        self.origin + n as f64 * self.period
    }

    fn close(&mut self, open_since: f64, give: &mut impl FnMut(FlickerValue)) {
        let (start, stop) = (self.at(self.passed), self.at(self.passed + 1));
        let [mut flags, next] = self.flags;
        if open_since < stop {
            flags |= Flags::EVENT;
        }
        let tick = self.tick + self.passed;
        if tick.rem_euclid(TWELVE) == 0 {
            self.pst.clear();
            self.pst_flags = Flags::empty();
        }
        if let Some(pst) = self.classes.pst().filter(|_| start >= -self.slack) {
            let value = |term, severity, start: f64, flags| FlickerValue {
                channel: self.channel,
                term,
                start_sample: start.max(0.0),
                stop_sample: stop,
                severity,
                flags,
            };
            give(value(Term::Short, pst, start, flags));
            self.pst.push(pst);
            self.pst_flags |= flags;
            if let Ok(twelve) = <&[f64; TWELVE as usize]>::try_from(self.pst.as_slice()) {
                give(value(Term::Long, plt(twelve), self.at(self.passed + 1 - TWELVE), self.pst_flags));
            }
        }
        self.classes.clear();
        self.passed += 1;
        self.flags = [next, Flags::empty()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_NS: i64 = 3_600_000_000_000;
    const FS: f64 = 1000.0;

    /// Ratings of `hours` of Pinst that is constant within each 10 min, level `1 + n` in the n-th since the start.
    fn ratings(clock: i64, hours: f64, prepare: impl FnOnce(&mut Severity)) -> Vec<FlickerValue> {
        let mut severity = Severity::default().anew(0, FS, Timestamp(clock));
        prepare(&mut severity);
        let mut all = Vec::new();
        let end = (hours * 3600.0 * FS) as u64;
        for at in (0..end).step_by(100) {
            let into_ns = clock.rem_euclid(TICK_NS) + at as i64 * 1_000_000;
            let p = PInst { at, value: 1.0 + (into_ns / TICK_NS) as f32, settled: at >= 120_000 };
            severity.add(at as f64, &p, f64::INFINITY, &mut |v| all.push(v));
        }
        severity.finish(end, &mut |v| all.push(v));
        all
    }

    #[test]
    fn whole_ten_minutes_give_pst() {
        let got = ratings(HOUR_NS + 250 * 1_000_000_000, 1.0, |_| ());
        // 350 s to the first tick, then five times 10 min; what is left is not whole.
        let stops: Vec<f64> = got.iter().map(|v| v.stop_sample / FS).collect();
        assert_eq!(stops, [950.0, 1550.0, 2150.0, 2750.0, 3350.0]);
        for (n, v) in got.iter().enumerate() {
            let want = (0.5096 * (2.0 + n as f64)).sqrt();
            assert!(
                (v.severity / want - 1.0).abs() < 2e-3 && v.term == Term::Short && v.flags.is_empty(),
                "{v:?}"
            );
        }
    }

    #[test]
    fn twelve_from_an_even_hour_give_plt() {
        let long = |clock: i64, hours: f64| {
            ratings(clock, hours, |_| ()).into_iter().filter(|v| v.term == Term::Long).collect::<Vec<_>>()
        };
        let (from_even, from_odd) = (long(4 * HOUR_NS, 2.0), long(5 * HOUR_NS, 3.1));
        assert_eq!(from_even.len(), 1);
        let mean = (1..=12).map(|n| (0.5096 * f64::from(n)).powf(1.5)).sum::<f64>() / 12.0;
        assert!((from_even[0].severity / mean.cbrt() - 1.0).abs() < 2e-3, "{from_even:?}");
        assert_eq!((from_even[0].start_sample, from_even[0].flags), (0.0, Flags::UNSETTLED));
        assert_eq!(from_odd.iter().map(|v| v.start_sample / FS).collect::<Vec<_>>(), [3600.0]);
        assert!(long(4 * HOUR_NS + 1_000_000_000, 2.0).is_empty());
    }

    #[test]
    fn flags_stay_with_their_ten_minutes() {
        let got = ratings(0, 0.6, |s| {
            s.note(599_990.0, 600_000.0, Flags::EVENT);
            s.note(600_000.0, 600_010.0, Flags::MISSING);
        });
        let flags: Vec<Flags> = got.iter().map(|v| v.flags).collect();
        assert_eq!(flags, [Flags::UNSETTLED | Flags::EVENT, Flags::MISSING, Flags::empty()]);
    }
}
