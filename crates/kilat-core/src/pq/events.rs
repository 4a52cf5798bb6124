//! Dips, swells and interruptions (IEC 61000-4-30, 5.4 and 5.5), from Urms(1/2).
//!
//! | event | one channel | polyphase |
//! |---|---|---|
//! | dip | starts below the threshold, ends at threshold + hysteresis or above | starts when any channel is below, ends when all are back |
//! | swell | starts above, ends at threshold − hysteresis or below | starts when any is above, ends when all are back |
//! | interruption | as a dip, at its own threshold | starts when all are below, ends when any is back |
//!
//! An event begins with the first one-cycle window across the threshold. A dip or swell ends where the first window back
//! begins: almost any window that touches one is across its threshold, so a rectangular dip of n cycles lasts n + 0.5 to n + 1.
//! Only windows wholly inside an interruption are below its threshold: it ends where the last of them ends, so a rectangular
//! interruption of n cycles lasts n − 1 to n. It is also a dip, which contains it: both are reported.
//!
//! The reference of the thresholds is Udin, or the sliding reference (5.4.4) for dips and swells when the settings say so:
//! Usr(n) = 0.9967·Usr(n−1) + 0.0033·U(10/12), from Udin, not moved by flagged intervals.
//!
//! In Class S every second of the values, Urms(1), may stand for all ([`EventRms`](crate::config::EventRms)).

use std::cmp::Ordering;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::engine::analysis::Flags;

/// What happened to the r.m.s. voltage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Below the dip threshold.
    #[doc(alias = "sag")]
    Dip,
    /// Above the swell threshold.
    Swell,
    /// Below the interruption threshold: of the one channel, or of all channels of the system.
    Interruption,
}

/// The channels of one event: a slice of their indices. A system has at most three, so that an event owns no memory.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Members {
    of: [usize; MOST_MEMBERS],
    count: u8,
}

/// Voltages of a three-phase system.
const MOST_MEMBERS: usize = 3;

impl Deref for Members {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.of[..usize::from(self.count)]
    }
}

impl FromIterator<usize> for Members {
    /// Takes the first three.
    fn from_iter<I: IntoIterator<Item = usize>>(channels: I) -> Self {
        let mut all = Self::default();
        for (slot, c) in all.of.iter_mut().zip(channels) {
            *slot = c;
            all.count += 1;
        }
        all
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Members {
    fn eq(&self, other: &[usize; N]) -> bool {
        **self == other[..]
    }
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Members {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(&**self)
    }
}

/// One dip, swell or interruption, of one channel or of the polyphase system.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Channels concerned, as indices into the channels of the analysis; more than one for a polyphase event.
    pub channels: Members,
    /// True for the event of the whole system, which contains those of its channels.
    pub polyphase: bool,
    /// First sample position of the first Urms(1/2) window across the threshold.
    pub start_sample: f64,
    /// Where the first window back across threshold and hysteresis begins, or the last window of an interruption ends; the end
    /// of the record if none.
    pub stop_sample: f64,
    /// Time from start to stop, in seconds.
    pub duration_s: f64,
    /// Smallest Urms(1/2) of a dip or interruption, largest of a swell, in volts.
    pub residual_v: f64,
    /// The same as a fraction of the reference.
    pub magnitude_pu: f64,
    /// Distance from the reference, in % of it: positive for dips, negative for swells.
    pub depth_pct: f64,
    /// Reference of the extreme value, in volts: Udin, or the sliding one.
    pub reference_v: f64,
    /// Channel with the extreme value.
    pub extreme_channel: usize,
    /// IEEE 1159 category, such as `instantaneous sag`.
    pub category: &'static str,
    /// Flags of the values inside.
    pub flags: Flags,
    /// True when the record ended, or a gap came, before the event did.
    pub open: bool,
}

impl Event {
    /// By start; of those that start together the system's last.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.start_sample.total_cmp(&other.start_sample).then(self.channels.len().cmp(&other.channels.len()))
    }
}

/// One Urms(1/2) value on its way through the detectors.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Value {
    /// Index among the detector's channels.
    pub member: usize,
    /// First position of its one-cycle window.
    pub start: f64,
    /// Last position.
    pub stop: f64,
    /// Urms(1/2) over the reference.
    pub pu: f64,
    /// The reference, in volts.
    pub reference_v: f64,
    /// Flags.
    pub flags: Flags,
}

/// Detector of one kind of event on one channel, or on the channels of a system together.
#[derive(Debug, Serialize, Deserialize)]
pub struct Detector {
    kind: EventKind,
    /// Per unit of Udin.
    enter: f64,
    leave: f64,
    channels: Vec<usize>,
    latest: Vec<f64>,
    open: Option<Open>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Open {
    start: f64,
    /// Where the next word about it is due.
    due: f64,
    last_stop: f64,
    /// Value with the smallest or largest part of its reference.
    extreme: Value,
    taking_part: [bool; MOST_MEMBERS],
    flags: Flags,
}

impl Detector {
    /// For `channels` together, with the thresholds of `config`.
    pub fn new(kind: EventKind, channels: Vec<usize>, config: &Config) -> Self {
        let hysteresis = config.hysteresis_pct / 100.0;
        let (enter, leave) = match kind {
            EventKind::Dip => (config.dip_pct / 100.0, config.dip_pct / 100.0 + hysteresis),
            EventKind::Swell => (config.swell_pct / 100.0, config.swell_pct / 100.0 - hysteresis),
            EventKind::Interruption => {
                (config.interruption_pct / 100.0, config.interruption_pct / 100.0 + hysteresis)
            }
        };
        let latest = vec![f64::NAN; channels.len()];
        Self { kind, enter, leave, channels, latest, open: None }
    }

    /// Begins anew: no channel has a value yet.
    pub fn restart(&mut self) {
        self.latest.fill(f64::NAN);
        self.open = None;
    }

    /// True when both detect the same on the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.kind, &self.channels, self.latest.len()) == (other.kind, &other.channels, other.latest.len())
            && self.open.as_ref().is_none_or(|o| o.extreme.member < self.channels.len())
    }

    /// Place of a channel among its own.
    pub fn member(&self, channel: usize) -> Option<usize> {
        self.channels.iter().position(|c| *c == channel)
    }

    /// What it detects.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// First position of the event that goes on, if one does.
    pub fn active_since(&self) -> Option<f64> {
        self.open.as_ref().map(|o| o.start)
    }

    /// Takes the next value, in order of `stop` over all members; returns the event that it ends, and the last
    /// position at which a value was beyond the threshold.
    pub fn update(&mut self, value: Value, config: &Config, fs: f64) -> Option<(Event, f64)> {
        self.latest[value.member] = value.pu;
        let beyond = |pu: f64| if self.kind == EventKind::Swell { pu > self.enter } else { pu < self.enter };
        let back = |pu: f64| if self.kind == EventKind::Swell { pu <= self.leave } else { pu >= self.leave };
        let Some(open) = &mut self.open else {
            let starts = if self.kind == EventKind::Interruption {
                self.latest.iter().all(|v| beyond(*v))
            } else {
                beyond(value.pu)
            };
            if starts {
                let mut taking_part = [self.kind == EventKind::Interruption; MOST_MEMBERS];
                taking_part[value.member] = true;
                self.open = Some(Open {
                    start: value.start,
                    due: value.stop,
                    last_stop: value.stop,
                    extreme: value,
                    taking_part,
                    flags: value.flags,
                });
            }
            return None;
        };
        // NaN, a channel without a value yet, is neither beyond nor back and does not hold an event open.
        let ends = if self.kind == EventKind::Interruption {
            self.latest.iter().any(|v| back(*v))
        } else {
            self.latest.iter().all(|v| v.is_nan() || back(*v))
        };
        if ends {
            let stop = if self.kind == EventKind::Interruption { open.last_stop } else { value.start };
            return self.close(stop, false, config, fs);
        }
        open.last_stop = value.stop;
        open.taking_part[value.member] |= beyond(value.pu);
        open.flags |= value.flags;
        let further = if self.kind == EventKind::Swell {
            value.pu > open.extreme.pu
        } else {
            value.pu < open.extreme.pu
        };
        if further {
            open.extreme = value;
        }
        None
    }

    /// The event as far as it is known after the value taken last, when a word about it is due: with the value that opens it,
    /// then every second.
    pub fn progress(&mut self, config: &Config, fs: f64) -> Option<Event> {
        let open = self.open.as_mut().filter(|o| o.last_stop >= o.due)?;
        while open.due <= open.last_stop {
            open.due += fs;
        }
        let open = self.open.as_ref()?;
        Some(self.event(open, open.last_stop, true, config, fs))
    }

    /// Ends the event that goes on, because the segment ends.
    pub fn finish(&mut self, config: &Config, fs: f64) -> Option<(Event, f64)> {
        let stop = self.open.as_ref()?.last_stop;
        self.close(stop, true, config, fs)
    }

    fn close(&mut self, stop: f64, still_open: bool, config: &Config, fs: f64) -> Option<(Event, f64)> {
        let open = self.open.take()?;
        Some((self.event(&open, stop, still_open, config, fs), open.last_stop))
    }

    fn event(&self, open: &Open, stop: f64, still_open: bool, config: &Config, fs: f64) -> Event {
        let duration_s = (stop - open.start) / fs;
        let taking_part = self.channels.iter().zip(open.taking_part).filter(|(_, t)| *t).map(|(c, _)| *c);
        Event {
            kind: self.kind,
            channels: taking_part.collect(),
            polyphase: self.channels.len() > 1,
            start_sample: open.start,
            stop_sample: stop,
            duration_s,
            residual_v: open.extreme.pu * open.extreme.reference_v,
            magnitude_pu: open.extreme.pu,
            depth_pct: (1.0 - open.extreme.pu) * 100.0,
            reference_v: open.extreme.reference_v,
            extreme_channel: self.channels[open.extreme.member],
            category: category(self.kind, open.extreme.pu, duration_s, config.nominal_frequency_hz),
            flags: open.flags,
            open: still_open,
        }
    }
}

/// IEEE 1159 category of an r.m.s. event. Below 0.1 pu it is an interruption whatever detected it; the standard leaves 0.5 to
/// 30 cycles of that without a name of its own, and it counts as momentary.
pub fn category(
    kind: EventKind,
    magnitude_pu: f64,
    duration_s: f64,
    nominal_frequency_hz: f64,
) -> &'static str {
    let instantaneous = duration_s <= 30.0 / nominal_frequency_hz;
    let class = match duration_s {
        _ if instantaneous => 0,
        d if d <= 3.0 => 1,
        d if d <= 60.0 => 2,
        _ => 3,
    };
    match (kind, class) {
        (EventKind::Swell, 0) => "instantaneous swell",
        (EventKind::Swell, 1) => "momentary swell",
        (EventKind::Swell, 2) => "temporary swell",
        (EventKind::Swell, _) => "overvoltage",
        (_, 0 | 1) if magnitude_pu < 0.1 => "momentary interruption",
        (_, 2) if magnitude_pu < 0.1 => "temporary interruption",
        (_, _) if magnitude_pu < 0.1 => "sustained interruption",
        (_, 0) => "instantaneous sag",
        (_, 1) => "momentary sag",
        (_, 2) => "temporary sag",
        _ => "undervoltage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(kind: EventKind, members: usize, values: &[(usize, f64)]) -> Vec<Event> {
        let config = Config::class_a(230.0, 50.0);
        let mut d = Detector::new(kind, (0..members).collect(), &config);
        let mut all = Vec::new();
        for (i, &(member, pu)) in values.iter().enumerate() {
            let start = i as f64 * 10.0;
            let value =
                Value { member, start, stop: start + 20.0, pu, reference_v: 230.0, flags: Flags::empty() };
            all.extend(d.update(value, &config, 1000.0).map(|e| e.0));
        }
        all.extend(d.finish(&config, 1000.0).map(|e| e.0));
        all
    }

    #[test]
    fn a_dip_starts_below_90_and_ends_at_92() {
        let e = run(
            EventKind::Dip,
            1,
            &[(0, 1.0), (0, 0.9), (0, 0.89), (0, 0.5), (0, 0.91), (0, 0.92), (0, 0.5)],
        );
        assert_eq!(e.len(), 2);
        assert_eq!((e[0].start_sample, e[0].stop_sample, e[0].open), (20.0, 50.0, false));
        assert_eq!((e[0].residual_v, e[0].depth_pct, e[0].category), (115.0, 50.0, "instantaneous sag"));
        assert!(e[1].open);
    }

    #[test]
    fn a_polyphase_dip_ends_when_all_are_back() {
        let e = run(
            EventKind::Dip,
            2,
            &[(0, 1.0), (1, 1.0), (0, 0.6), (1, 0.91), (0, 1.0), (1, 0.91), (0, 1.0), (1, 0.93)],
        );
        assert_eq!(e.len(), 1);
        assert_eq!((e[0].start_sample, e[0].stop_sample), (20.0, 70.0));
        assert_eq!(e[0].channels, [0]);
    }

    #[test]
    fn an_interruption_needs_all_and_ends_with_any() {
        let e = run(
            EventKind::Interruption,
            2,
            &[(0, 0.0), (1, 1.0), (0, 0.0), (1, 0.04), (0, 0.06), (1, 0.0), (0, 0.5), (1, 0.0)],
        );
        assert_eq!(e.len(), 1);
        // The value at 60 is back; the last one lost is that at 50, whose window ends at 70.
        assert_eq!((e[0].start_sample, e[0].stop_sample), (30.0, 70.0));
        assert_eq!(e[0].category, "momentary interruption");
    }

    #[test]
    fn a_swell_is_the_mirror_of_a_dip() {
        let e = run(EventKind::Swell, 1, &[(0, 1.1), (0, 1.11), (0, 1.3), (0, 1.09), (0, 1.08)]);
        assert_eq!((e[0].start_sample, e[0].stop_sample, e[0].magnitude_pu), (10.0, 40.0, 1.3));
        assert!((e[0].depth_pct + 30.0).abs() < 1e-12);
    }
}
