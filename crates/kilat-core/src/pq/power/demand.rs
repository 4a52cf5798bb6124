//! Demand: mean powers over blocks of time (15 min unless told otherwise), and the largest of them.
//!
//! Windows begin on a grid of whole steps of the clock: one block after the other when the step is the block, sliding when it is shorter.
//! What goes in are disjoint stretches in order; one that crosses the grid is shared out by time. Time without samples does
//! not count as zero: a mean is over the time that was counted, and a window that has less than [`COMPLETE`] of its time is
//! flagged. A window is given out when the samples pass its end; one that the recording ends in is not.

use std::collections::VecDeque;

use serde::Serialize;

use crate::units::Timestamp;

/// Part of a window that must have been counted. A start on the grid loses some 0.05 s to the filters and to the wait for the
/// first whole cycle, which is 0.006 % of 15 min but 0.08 % of one.
pub const COMPLETE: f64 = 0.999;

/// Powers during one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Active power P of the system, in watts.
    pub p_w: f64,
    /// Fundamental reactive power Q1 of the system, in vars.
    pub q1_var: f64,
    /// Apparent power of the system, in volt-amperes.
    pub s_va: f64,
}

/// Mean powers over one window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Demand {
    /// Begin of the window: in UTC, or counted from the first sample when the start of the capture is unknown.
    pub start: Timestamp,
    /// End of the window.
    pub stop: Timestamp,
    /// Mean active power, in watts; positive into the load.
    pub p_w: f64,
    /// Mean fundamental reactive power, in vars.
    pub q1_var: f64,
    /// Mean apparent power, in volt-amperes.
    pub s_va: f64,
    /// Time counted inside, in seconds.
    pub covered_s: f64,
    /// Enough of the window was counted.
    pub complete: bool,
}

/// Time and energies of one step of the grid.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    covered_s: f64,
    energies: [f64; 3],
}

/// State of a demand register.
#[derive(Debug)]
pub struct DemandMeter {
    step_ns: i64,
    steps: i64,
    /// The open step, counted from the epoch.
    index: i64,
    open: Step,
    /// The closed steps of the window that ends with the open one: at most `steps − 1`.
    closed: VecDeque<Step>,
}

impl DemandMeter {
    /// Windows of `steps` steps of `step_s` seconds: one for blocks, more for sliding windows.
    pub fn new(step_s: f64, steps: u32) -> Self {
        Self {
            step_ns: ((step_s * 1e9).round() as i64).max(1),
            steps: i64::from(steps.max(1)),
            index: i64::MIN,
            open: Step::default(),
            closed: VecDeque::new(),
        }
    }

    /// Counts one stretch, which begins no earlier than the one before ended, and gives windows that ended to `give`.
    pub fn add(&mut self, start: Timestamp, stop: Timestamp, load: Load, give: &mut impl FnMut(Demand)) {
        let mut from = start.0;
        while from < stop.0 {
            let index = from.div_euclid(self.step_ns).max(self.index);
            let to = self.moment(index.saturating_add(1)).0.min(stop.0).max(from + 1);
            self.close_until(index, give);
            let duration_s = (to - from) as f64 / 1e9;
            self.open.covered_s += duration_s;
            for (sum, power) in self.open.energies.iter_mut().zip([load.p_w, load.q1_var, load.s_va]) {
                *sum += power * duration_s;
            }
            from = to;
        }
    }

    /// Begin of a step.
    fn moment(&self, index: i64) -> Timestamp {
        Timestamp(index.saturating_mul(self.step_ns))
    }

    /// Closes steps until `index` is the open one.
    fn close_until(&mut self, index: i64, give: &mut impl FnMut(Demand)) {
        if self.index == i64::MIN {
            self.index = index;
        }
        while self.index < index {
            self.give(give);
            self.closed.push_back(std::mem::take(&mut self.open));
            while self.closed.len() as i64 >= self.steps {
                self.closed.pop_front();
            }
            self.index += 1;
            // Nothing is left to be given out: the rest of a long gap is one leap.
            if self.closed.iter().all(|s| s.covered_s == 0.0) {
                self.closed.clear();
                self.index = index;
            }
        }
    }

    /// The window that ends with the open step, unless it saw no sample.
    fn give(&self, give: &mut impl FnMut(Demand)) {
        let all = self.closed.iter().chain([&self.open]);
        let (covered_s, [p, q, s]) = all.fold((0.0, [0.0; 3]), |(time, sums), step| {
            (time + step.covered_s, [0, 1, 2].map(|k| sums[k] + step.energies[k]))
        });
        if covered_s > 0.0 {
            give(Demand {
                start: self.moment(self.index + 1 - self.steps),
                stop: self.moment(self.index + 1),
                p_w: p / covered_s,
                q1_var: q / covered_s,
                s_va: s / covered_s,
                covered_s,
                complete: covered_s >= COMPLETE * (self.steps * self.step_ns) as f64 / 1e9,
            });
        }
    }
}

/// The complete window with the largest active power; the first of equals.
pub fn maximum(demand: &[Demand]) -> Option<&Demand> {
    demand.iter().filter(|d| d.complete).reduce(|most, d| if d.p_w > most.p_w { d } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: f64 = 60.0;

    /// Stretches of `each` seconds that carry p(middle) watts, except in `gap`.
    fn run(
        meter: &mut DemandMeter,
        range: (f64, f64),
        each: f64,
        gap: (f64, f64),
        p: impl Fn(f64) -> f64,
    ) -> Vec<Demand> {
        let mut all = Vec::new();
        for k in 0..((range.1 - range.0) / each).round() as usize {
            let (start, stop) = (range.0 + k as f64 * each, range.0 + (k + 1) as f64 * each);
            if start < gap.1 && stop > gap.0 {
                continue;
            }
            let p_w = p(f64::midpoint(start, stop));
            let load = Load { p_w, q1_var: 0.5 * p_w, s_va: 2.0 * p_w };
            meter.add(at(start), at(stop), load, &mut |d| all.push(d));
        }
        all
    }

    fn at(seconds: f64) -> Timestamp {
        Timestamp::default().plus_seconds(seconds)
    }

    const NONE: (f64, f64) = (f64::INFINITY, f64::INFINITY);

    #[test]
    fn blocks_are_means_of_what_fell_into_them() {
        // 1 kW, then 3 kW from minute 20: the blocks hold 1, (5·1 + 10·3)/15, 3 kW.
        let mut meter = DemandMeter::new(15.0 * MINUTE, 1);
        let step = |t: f64| if t < 20.0 * MINUTE { 1000.0 } else { 3000.0 };
        let all = run(&mut meter, (0.0, 46.0 * MINUTE), 0.2, NONE, step);
        let want = [1000.0, 35_000.0 / 15.0, 3000.0];
        assert_eq!(all.len(), 3);
        for (k, (d, want)) in all.iter().zip(want).enumerate() {
            assert!((d.p_w / want - 1.0).abs() < 1e-9 && d.complete, "{d:?}");
            assert!((d.q1_var / want - 0.5).abs() < 1e-9 && (d.s_va / want - 2.0).abs() < 1e-9);
            assert_eq!((d.start, d.stop), (at(k as f64 * 900.0), at((k + 1) as f64 * 900.0)));
        }
        assert_eq!(maximum(&all).map(|d| d.start), Some(at(1800.0)));
    }

    #[test]
    fn a_stretch_across_the_grid_is_shared_out() {
        // 7 s stretches from second 3 before the epoch: second 0 to 10 holds 4 s of 0.5 W and 6 s of 7.5 W.
        let mut meter = DemandMeter::new(10.0, 1);
        let all = run(&mut meter, (-3.0, 67.0), 7.0, NONE, |t| t);
        assert!((all[1].p_w - (4.0 * 0.5 + 6.0 * 7.5) / 10.0).abs() < 1e-9, "{:?}", all[1]);
        assert!(!all[0].complete && (all[0].covered_s - 3.0).abs() < 1e-9);
        assert!(all[1..].iter().all(|d| d.complete));
    }

    #[test]
    fn sliding_windows_find_the_quarter_hour_that_blocks_miss() {
        // 10 kW from minute 8 to 23 on 1 kW: one sliding window holds it all, no block does.
        let burst = |t: f64| if (480.0..1380.0).contains(&t) { 10_000.0 } else { 1000.0 };
        let most = |steps: u32| {
            let mut meter = DemandMeter::new(15.0 * MINUTE / f64::from(steps), steps);
            let all = run(&mut meter, (0.0, 3600.5), 0.5, NONE, burst);
            (*maximum(&all).unwrap(), all)
        };
        let (sliding, all) = most(15);
        assert!((sliding.p_w - 10_000.0).abs() < 1e-6 && sliding.start == at(480.0));
        // The slow twin: the mean of the load over each window, second by second.
        for d in all.iter().filter(|d| d.complete) {
            let want =
                (0..900).map(|k| burst(d.start.seconds_since(at(0.0)) + k as f64 + 0.5)).sum::<f64>() / 900.0;
            assert!((d.p_w / want - 1.0).abs() < 1e-9, "{d:?} {want}");
        }
        assert_eq!(all.iter().filter(|d| d.complete).count(), 46);
        // The best block holds minutes 15 to 30: eight of ten kilowatts, seven of one.
        assert!((most(1).0.p_w - 87_000.0 / 15.0).abs() < 1e-6);
    }

    #[test]
    fn a_gap_is_not_zero_power_and_spoils_the_window() {
        let mut meter = DemandMeter::new(10.0, 1);
        let all = run(&mut meter, (0.0, 50.0), 1.0, (12.0, 16.0), |_| 500.0);
        assert!(all.iter().all(|d| (d.p_w - 500.0).abs() < 1e-9));
        assert_eq!(all.iter().map(|d| d.complete).collect::<Vec<_>>(), [true, false, true, true]);
        assert!((all[1].covered_s - 6.0).abs() < 1e-9);
    }

    #[test]
    fn a_gap_of_years_is_one_leap() {
        let mut meter = DemandMeter::new(60.0, 15);
        let (mut all, load) = (Vec::new(), Load { p_w: 1.0, q1_var: 0.0, s_va: 1.0 });
        for start in [0.0, 1e9] {
            meter.add(at(start), at(start + 120.0), load, &mut |d| all.push(d));
        }
        meter.add(Timestamp(i64::MAX - 9), Timestamp(i64::MAX), load, &mut |d| all.push(d));
        // Each two minutes are seen by the sixteen or seventeen windows that end in the quarter of an hour after them.
        assert!(all.len() <= 34 && all.iter().all(|d| !d.complete && d.p_w == 1.0), "{}", all.len());
        assert!(all.iter().all(|d| d.covered_s <= 120.0 + 1e-6));
    }
}
