//! Rapid voltage changes (IEC 61000-4-30:2015, 5.11), from Urms(1/2).
//!
//! A channel is *steady* when each of its last N values (N = 100 at 50 Hz, 120 at 60 Hz: one second) lies within the threshold
//! of their mean; the system when all its channels are. An event opens with the value that ends the steadiness of the system:
//! while one channel has had no steady second yet, none opens. From then on the threshold is smaller by the hysteresis, for
//! every channel, and the event closes when the system is steady again; it lasted from the value that opened it to the first
//! of the steady values. So a channel that leaves only the smaller band prolongs an event, but is not counted among those
//! that changed.
//!
//! * `ΔUss` = |steady mean before − steady mean after|
//! * `ΔUmax` = largest |Urms(1/2) − steady mean before| while it lasts
//!
//! both of the channel where they are largest. A change inside which any channel crosses the dip or swell threshold is a
//! dip or a swell, and no rapid change. A drift slower than the threshold per second never opens an event.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::engine::analysis::Flags;
use crate::pq::events::{Members, Value};
use crate::simd::Level;

/// One rapid voltage change of a system.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RapidChange {
    /// Channels that left the threshold, without the hysteresis, as indices into the channels of the analysis.
    pub channels: Members,
    /// First sample position of the Urms(1/2) window that ended the steadiness.
    pub start_sample: f64,
    /// First sample position of the first steady window after; the end of the record if none.
    pub stop_sample: f64,
    /// Time from start to stop, in seconds.
    pub duration_s: f64,
    /// Largest steady-state change `ΔUss`, in volts; NaN when the record ended first.
    pub delta_steady_v: f64,
    /// The same, in % of Udin.
    pub delta_steady_pct: f64,
    /// Largest change `ΔUmax`, in volts.
    pub delta_max_v: f64,
    /// The same, in % of Udin.
    pub delta_max_pct: f64,
    /// Channel of the largest change `ΔUmax`.
    pub extreme_channel: usize,
    /// Flags of the values inside.
    pub flags: Flags,
    /// True when the record ended, or a gap came, before all was steady again.
    pub open: bool,
}

/// The last second of one channel.
#[derive(Debug, Serialize, Deserialize)]
struct Member {
    recent: Second,
    steady: bool,
    /// Mean of the last steady second.
    steady_mean: f64,
    unsteady_in_event: bool,
    /// It left the threshold without the hysteresis in the event.
    changed: bool,
    /// Largest distance from the steady mean in the event.
    furthest: f64,
}

/// The last second of values over Udin, and where their windows begin, in a ring.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Second {
    pu: Vec<f64>,
    starts: Vec<f64>,
    taken: usize,
}

impl Second {
    fn new(values: usize) -> Self {
        Self { pu: vec![0.0; values], starts: vec![0.0; values], taken: 0 }
    }

    /// No values, in the memory of this one.
    fn anew(mut self) -> Self {
        self.pu.fill(0.0);
        self.starts.fill(0.0);
        Self { taken: 0, ..self }
    }

    fn push(&mut self, pu: f64, start: f64) {
        let at = self.taken % self.pu.len();
        (self.pu[at], self.starts[at]) = (pu, start);
        self.taken += 1;
    }

    fn is_whole(&self) -> bool {
        self.taken >= self.pu.len()
    }

    /// Where the oldest window begins.
    fn start(&self) -> f64 {
        self.starts[if self.is_whole() { self.taken % self.pu.len() } else { 0 }]
    }

    /// Mean, and the largest distance of a value from it. In lanes by place in the ring, which the number of values alone decides.
    fn spread(&self, level: Level) -> (f64, f64) {
        let values = &self.pu[..self.taken.min(self.pu.len())];
        let (sum, least, most) = level.spread(values);
        let mean = sum / self.pu.len() as f64;
        (mean, (mean - least).max(most - mean).max(0.0))
    }
}

impl Member {
    /// Of which nothing but an empty second is known.
    fn new(recent: Second) -> Self {
        Self {
            recent,
            steady: false,
            steady_mean: f64::NAN,
            unsteady_in_event: false,
            changed: false,
            furthest: 0.0,
        }
    }
}

/// Detector of rapid changes on the channels of a system together.
#[derive(Debug, Serialize, Deserialize)]
pub struct RvcDetector {
    channels: Vec<usize>,
    members: Vec<Member>,
    /// All members are steady.
    steady: bool,
    /// Per unit of Udin.
    threshold: f64,
    hysteresis: f64,
    dip: f64,
    swell: f64,
    open: Option<Open>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Open {
    start: f64,
    last_stop: f64,
    discarded: bool,
    flags: Flags,
}

impl RvcDetector {
    /// For `channels` together, with the thresholds of `config`.
    pub fn new(channels: Vec<usize>, config: &Config) -> Self {
        let second = 2 * config.nominal_frequency_hz as usize;
        Self {
            members: channels.iter().map(|_| Member::new(Second::new(second))).collect(),
            channels,
            steady: false,
            threshold: config.rvc_pct / 100.0,
            hysteresis: config.rvc_hysteresis_pct / 100.0,
            dip: config.dip_pct / 100.0,
            swell: config.swell_pct / 100.0,
            open: None,
        }
    }

    /// Begins anew: nothing is known of any channel.
    pub fn restart(&mut self) {
        for m in &mut self.members {
            *m = Member::new(std::mem::take(&mut m.recent).anew());
        }
        (self.steady, self.open) = (false, None);
    }

    /// True when both watch the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        let rings = |d: &Self| d.members.iter().map(|m| [m.recent.pu.len(), m.recent.starts.len()]).collect();
        let rings: [Vec<_>; 2] = [rings(self), rings(other)];
        self.channels == other.channels && rings[0] == rings[1]
    }

    /// Its channels, as indices into those of the analysis.
    pub fn channels(&self) -> &[usize] {
        &self.channels
    }

    /// Place of a channel among its own.
    pub fn member(&self, channel: usize) -> Option<usize> {
        self.channels.iter().position(|c| *c == channel)
    }

    /// First position of the change that goes on, if one does.
    pub fn active_since(&self) -> Option<f64> {
        self.open.as_ref().map(|o| o.start)
    }

    /// Takes the next value, per unit of Udin, in order of `stop` over all members; returns the change that it ends.
    pub fn update(&mut self, level: Level, value: Value, fs: f64) -> Option<RapidChange> {
        let narrow = if self.open.is_some() { 1.0 - self.hysteresis } else { 1.0 };
        let band = self.threshold * narrow;
        let m = &mut self.members[value.member];
        m.recent.push(value.pu, value.start);
        let (mean, furthest) = m.recent.spread(level);
        let changes = furthest > self.threshold;
        m.steady = m.recent.is_whole() && furthest <= band;
        if m.steady && self.open.is_none() {
            m.steady_mean = mean;
        }
        let was_steady = std::mem::replace(&mut self.steady, self.members.iter().all(|m| m.steady));
        if self.open.is_none() && was_steady && !self.steady {
            self.open = Some(Open {
                start: value.start,
                last_stop: value.stop,
                discarded: false,
                flags: value.flags,
            });
            for m in &mut self.members {
                (m.unsteady_in_event, m.changed, m.furthest) = (false, false, 0.0);
            }
        }
        let open = self.open.as_mut()?;
        let m = &mut self.members[value.member];
        open.last_stop = value.stop;
        open.flags |= value.flags;
        open.discarded |= value.pu < self.dip || value.pu > self.swell;
        m.unsteady_in_event |= !m.steady;
        m.changed |= changes;
        m.furthest = m.furthest.max((value.pu - m.steady_mean).abs());
        if self.steady { self.close(level, false, value.reference_v, fs) } else { None }
    }

    /// Ends the change that goes on, because the segment ends.
    pub fn finish(&mut self, level: Level, udin_v: f64, fs: f64) -> Option<RapidChange> {
        self.close(level, true, udin_v, fs)
    }

    fn close(&mut self, level: Level, still_open: bool, udin_v: f64, fs: f64) -> Option<RapidChange> {
        let open = self.open.take()?;
        let mut stop = open.last_stop;
        let (mut delta_steady, mut delta_max, mut extreme) = (f64::NAN, 0.0, 0);
        if !still_open {
            stop = f64::NEG_INFINITY;
            for m in &mut self.members {
                let (mean, _) = m.recent.spread(level);
                // f64::max passes over the NaN of the start.
                delta_steady = delta_steady.max((mean - m.steady_mean).abs());
                m.steady_mean = mean;
                if m.unsteady_in_event {
                    stop = m.recent.start().max(stop);
                }
            }
        }
        for (k, m) in self.members.iter().enumerate() {
            if m.furthest > delta_max {
                (delta_max, extreme) = (m.furthest, k);
            }
        }
        let changed = self.channels.iter().zip(&self.members).filter(|(_, m)| m.changed);
        (!open.discarded).then(|| RapidChange {
            channels: changed.map(|(c, _)| *c).collect(),
            start_sample: open.start,
            stop_sample: stop,
            duration_s: (stop - open.start) / fs,
            delta_steady_v: delta_steady * udin_v,
            delta_steady_pct: delta_steady * 100.0,
            delta_max_v: delta_max * udin_v,
            delta_max_pct: delta_max * 100.0,
            extreme_channel: self.channels[extreme],
            flags: open.flags,
            open: still_open,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule as in the text, over a whole series at once: (start, half cycles, `ΔUss`, `ΔUmax`).
    fn slowly(u: &[f64], threshold: f64) -> Vec<(usize, usize, f64, f64)> {
        let n = 100;
        let (mut found, mut open, mut steady, mut mean_before) = (Vec::new(), None, false, f64::NAN);
        for i in n - 1..u.len() {
            let w = &u[i + 1 - n..=i];
            let mean = w.iter().sum::<f64>() / n as f64;
            let band = if open.is_some() { threshold / 2.0 } else { threshold };
            let is = w.iter().all(|v| (v - mean).abs() <= band);
            if let Some(start) = open {
                if is {
                    let inside = &u[start..=i];
                    if inside.iter().all(|v| (0.9..=1.1).contains(v)) {
                        let most = inside.iter().map(|v| (v - mean_before).abs()).fold(0.0, f64::max);
                        found.push((start, i + 1 - n - start, (mean - mean_before).abs(), most));
                    }
                    (open, steady, mean_before) = (None, true, mean);
                }
            } else {
                if steady && !is {
                    open = Some(i);
                }
                steady |= is;
                if is {
                    mean_before = mean;
                }
            }
        }
        found
    }

    fn run(members: &[Vec<f64>], threshold_pct: f64) -> Vec<RapidChange> {
        let config = Config { rvc_pct: threshold_pct, ..Config::class_a(230.0, 50.0) };
        let mut d = RvcDetector::new((0..members.len()).collect(), &config);
        let mut all = Vec::new();
        for i in 0..members[0].len() {
            for (member, u) in members.iter().enumerate() {
                let start = i as f64 * 10.0;
                let value = Value {
                    member,
                    start,
                    stop: start + 20.0,
                    pu: u[i],
                    reference_v: 230.0,
                    flags: Flags::empty(),
                };
                all.extend(d.update(Level::chosen(), value, 1000.0));
            }
        }
        all.extend(d.finish(Level::chosen(), 230.0, 1000.0));
        all
    }

    fn series(parts: &[(usize, f64, f64)]) -> Vec<f64> {
        let ramp = |&(n, a, b): &(usize, f64, f64)| {
            (0..n).map(move |k| a + (b - a) * k as f64 / (n.max(2) - 1) as f64)
        };
        parts.iter().flat_map(ramp).collect()
    }

    fn same_as_slow(u: &[f64], threshold_pct: f64) -> Vec<RapidChange> {
        let got = run(&[u.to_vec()], threshold_pct);
        let closed: Vec<_> = got.iter().filter(|e| !e.open).collect();
        let want = slowly(u, threshold_pct / 100.0);
        assert_eq!(closed.len(), want.len(), "{got:#?} {want:?}");
        for (g, (start, halves, steady, most)) in closed.iter().zip(want) {
            assert_eq!(g.start_sample, start as f64 * 10.0);
            assert!((g.duration_s - halves as f64 * 0.01).abs() < 1e-12, "{g:?} {halves}");
            assert!((g.delta_steady_pct - 100.0 * steady).abs() < 1e-9, "{g:?} {steady}");
            assert!((g.delta_max_pct - 100.0 * most).abs() < 1e-9, "{g:?} {most}");
        }
        got
    }

    #[test]
    fn a_step_with_overshoot_gives_both_changes() {
        let u =
            series(&[(400, 1.0, 1.0), (4, 1.0, 0.93), (30, 0.93, 0.93), (6, 0.93, 0.97), (500, 0.97, 0.97)]);
        let e = same_as_slow(&u, 2.5);
        assert_eq!(e.len(), 1);
        // The steady second may hold the end of the ramp: it is within the band already.
        assert!((e[0].delta_max_pct - 7.0).abs() < 0.1 && (e[0].delta_steady_pct - 3.0).abs() < 0.1);
    }

    #[test]
    fn a_bare_step_lasts_no_time_and_a_ramp_slower_than_the_threshold_is_none() {
        let e = same_as_slow(&series(&[(300, 1.0, 1.0), (300, 0.96, 0.96)]), 2.5);
        assert_eq!((e.len(), e[0].duration_s), (1, 0.0));
        assert!(
            same_as_slow(&series(&[(300, 1.0, 1.0), (400, 1.0, 0.95), (300, 0.95, 0.95)]), 2.5).is_empty()
        );
    }

    #[test]
    fn a_change_that_becomes_a_dip_or_a_swell_vanishes() {
        assert!(
            same_as_slow(&series(&[(400, 1.0, 1.0), (20, 0.85, 0.85), (400, 0.97, 0.97)]), 2.5).is_empty()
        );
        assert!(same_as_slow(&series(&[(400, 1.0, 1.0), (20, 1.15, 1.15), (400, 1.0, 1.0)]), 2.5).is_empty());
    }

    #[test]
    fn several_steps_within_a_second_are_one_change() {
        let u = series(&[
            (300, 1.0, 1.0),
            (20, 0.96, 0.96),
            (30, 1.0, 1.0),
            (20, 0.95, 0.95),
            (400, 0.97, 0.97),
            (300, 1.02, 1.02),
        ]);
        assert_eq!(same_as_slow(&u, 2.5).len(), 2);
    }

    #[test]
    fn a_system_is_steady_when_all_are_and_reports_the_largest_change() {
        let a = series(&[(300, 1.0, 1.0), (300, 0.96, 0.96)]);
        let b = series(&[(310, 1.0, 1.0), (20, 0.93, 0.93), (270, 0.98, 0.98)]);
        let e = run(&[a, b, vec![1.0; 600]], 2.5);
        assert_eq!(e.len(), 1);
        assert_eq!((&e[0].channels[..], e[0].extreme_channel), (&[0, 1][..], 1));
        assert!((e[0].delta_steady_pct - 4.0).abs() < 1e-9 && (e[0].delta_max_pct - 7.0).abs() < 1e-9);
        assert_eq!((e[0].start_sample, e[0].duration_s), (3000.0, 0.3));
    }

    #[test]
    fn a_channel_that_leaves_only_the_smaller_band_prolongs_the_event_and_did_not_change() {
        // Threshold 2.5 %, with hysteresis 1.25 %; the second channel is 1.8 % away for a while.
        let a = series(&[(300, 1.0, 1.0), (300, 0.96, 0.96)]);
        let b = series(&[(350, 1.0, 1.0), (20, 0.982, 0.982), (230, 1.0, 1.0)]);
        let e = run(&[a, b.clone()], 2.5);
        assert_eq!((e.len(), &e[0].channels[..], e[0].extreme_channel), (1, &[0][..], 0));
        assert_eq!((e[0].start_sample, e[0].duration_s), (3000.0, 0.7));
        // By itself it is no change.
        assert!(run(&[vec![1.0; 600], b], 2.5).is_empty());
    }

    #[test]
    fn a_system_with_a_channel_that_was_never_steady_loses_no_steadiness() {
        let restless = |n: usize| [1.0, 0.94].into_iter().cycle().take(n);
        let late: Vec<f64> = restless(350).chain(std::iter::repeat_n(1.0, 450)).collect();
        // More than twice the threshold: nowhere in its middle is a second within the threshold of its mean.
        let step = |at: usize| series(&[(at, 1.0, 1.0), (800 - at, 0.94, 0.94)]);
        // The late channel is steady from value 449 on.
        assert!(run(&[step(300), late.clone()], 2.5).is_empty());
        let e = run(&[step(600), late.clone()], 2.5);
        assert_eq!((e.len(), e[0].start_sample), (1, 6000.0));
        // It becomes steady and changes while the other is not steady: the system never was.
        let late_step: Vec<f64> = late[..460].iter().copied().chain(std::iter::repeat_n(0.94, 340)).collect();
        assert!(run(&[step(440), late_step], 2.5).is_empty());
    }

    #[test]
    fn a_record_that_ends_first_says_so() {
        let e = run(&[series(&[(300, 1.0, 1.0), (50, 0.96, 0.96)])], 2.5);
        assert!(e.len() == 1 && e[0].open && e[0].delta_steady_v.is_nan());
        assert!((e[0].delta_max_pct - 4.0).abs() < 1e-9);
    }
}
