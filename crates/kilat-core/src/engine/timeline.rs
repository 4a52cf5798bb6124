//! The cut of the system: cycles from one reference channel, windows of 10/12 cycles, 10-s slots, 10-min ticks.
//!
//! The reference is a voltage of the system. When it is lost the timeline moves to a healthy channel and keeps its own phase:
//! the new channel's boundaries are shifted by the constant that makes the two meet, so no window is cut short and the healthy
//! phases notice nothing. When all are lost, the last known period carries on.

use serde::{Deserialize, Serialize};

use crate::engine::analysis::Flags;
use crate::engine::plan::Plan;
use crate::engine::reuse::Reuse;
use crate::units::Timestamp;

/// Synthetic boundaries in a row that make a channel lost as reference.
const LOST: u32 = 2;
/// More synthetic boundaries in a row than this make a value unsynchronised: the begin and the end of a short dip, a cycle on
/// either side of each, are within the filters' own length.
pub const UNSYNCHRONISED: u32 = 8;

/// From one tick of absolute time to the next, in seconds (IEC 61000-4-30, 4.5).
pub const TICK_S: i64 = 600;

/// A window of whole cycles to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// First position in samples of the segment.
    pub start: f64,
    /// Last position.
    pub stop: f64,
    /// First position that no window before holds: `start`, but for a window that overlaps.
    pub fresh: f64,
    /// 10-min interval it belongs to, counted from the epoch of the clock: that of its first cycle.
    pub tick: i64,
    /// True when it ends its 10-min interval: the next tick lies inside.
    pub is_last: bool,
    /// Whole cycles inside.
    pub cycles: u16,
    /// `UNSYNCHRONISED`, `OVERLAP`, `SHORT`.
    pub flags: Flags,
}

/// What the timeline decides, in order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Decision {
    /// A basic interval is complete.
    Interval(Span),
    /// A 10-s slot is complete.
    Frequency(Slot),
}

/// The whole cycles of a 10-s slot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// First position in samples of the segment.
    pub start: f64,
    /// Last position.
    pub stop: f64,
    /// Whole cycles inside.
    pub cycles: u32,
    /// `UNSYNCHRONISED`.
    pub flags: Flags,
}

impl Decision {
    /// First and last position.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Self::Interval(s) => (s.start, s.stop),
            Self::Frequency(s) => (s.start, s.stop),
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Reference {
    channel: usize,
    last: Option<f64>,
    synthetic: u32,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct OpenWindow {
    start: f64,
    tick: i64,
    halves: u32,
    flags: Flags,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct OpenSlot {
    stop: f64,
    /// Position of the first whole cycle, and of the last boundary counted.
    cycles: Option<(f64, f64, u32)>,
    flags: Flags,
    whole: bool,
}

/// The state of the cut.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Timeline {
    references: Vec<Reference>,
    current: usize,
    /// A lost reference's successor, and the position given out last, which its next boundary stands for.
    joining: Option<(usize, f64)>,
    /// Added to the boundaries of the current reference; never more than one and a half half-periods.
    shift: f64,
    halves: u64,
    halves_per_window: u32,
    resynchronises: bool,
    margin: f64,
    open: Vec<OpenWindow>,
    /// The 10-min interval that goes on, and where the next one begins.
    tick: i64,
    next_tick: f64,
    tick_period: f64,
    /// Last position of the window given out last.
    counted: f64,
    slot: Option<OpenSlot>,
    slot_period: f64,
    emitted: u64,
    limit: f64,
    /// Cycle boundaries so far, while no window is complete.
    cycles: Vec<(f64, Flags)>,
}

impl Timeline {
    /// In the memory of this one. `clock`: moment of sample 0. Ticks are those of UTC, or of whatever the caller counts from when that is unknown.
    #[must_use]
    pub fn anew(self, plan: &Plan, clock: Timestamp) -> Self {
        let system = plan.system.iter().copied();
        let others =
            (0..plan.channels.len()).filter(|c| plan.channels[*c].tracked && !plan.system.contains(c));
        let reference = |channel| Reference { channel, last: None, synthetic: 0 };
        let (tick_period, slot_period) = (TICK_S as f64 * plan.fs, 10.0 * plan.fs);
        let tick_ns = TICK_S * 1_000_000_000;
        let since_tick_s = clock.0.rem_euclid(tick_ns) as f64 / 1e9;
        let into_slot = since_tick_s % 10.0 * plan.fs;
        Self {
            references: self.references.refilled(system.chain(others).map(reference)),
            current: 0,
            joining: None,
            shift: 0.0,
            halves: 0,
            halves_per_window: 2 * plan.config.cycles() as u32,
            resynchronises: plan.config.class.resynchronises(),
            margin: plan.margin(),
            open: self.open.emptied(),
            tick: clock.0.div_euclid(tick_ns),
            next_tick: tick_period - since_tick_s * plan.fs,
            tick_period,
            counted: f64::NEG_INFINITY,
            slot: Some(OpenSlot {
                stop: slot_period - into_slot,
                cycles: None,
                flags: Flags::empty(),
                whole: into_slot < 1e-6 * plan.fs,
            }),
            slot_period,
            emitted: 0,
            limit: f64::INFINITY,
            cycles: self.cycles.emptied(),
        }
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self) {
        self.open.make_room(2);
        self.cycles.make_room(16);
    }

    /// True when both have the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        let channels = |t: &Self| t.references.iter().map(|r| r.channel).collect::<Vec<_>>();
        channels(self) == channels(other)
            && self.current < self.references.len().max(1)
            && self.joining.is_none_or(|(k, _)| k < self.references.len())
            && self.tick_period == other.tick_period
            && self.slot_period == other.slot_period
    }

    /// Moves the ticks of the clock `samples` later.
    pub fn steer(&mut self, samples: f64) {
        self.next_tick += samples;
        if let Some(slot) = &mut self.slot {
            slot.stop += samples;
        }
    }

    /// True when no channel has a zero crossing to follow.
    pub fn is_lost(&self) -> bool {
        self.references.get(self.current).is_some_and(|r| r.synthetic > UNSYNCHRONISED)
    }

    /// Oldest position that a window not yet emitted still needs.
    pub fn oldest(&self) -> f64 {
        self.open.iter().map(|w| w.start).fold(f64::INFINITY, f64::min)
    }

    /// Takes the next boundary of any tracked channel, in order of position.
    pub fn on_boundary(
        &mut self,
        channel: usize,
        position: f64,
        synthetic: u32,
        decide: &mut impl FnMut(Decision),
    ) {
        let Some(index) = self.references.iter().position(|r| r.channel == channel) else { return };
        self.references[index] = Reference { channel, last: Some(position), synthetic };
        if let Some((other, at)) = self.joining {
            if index == other {
                (self.current, self.shift, self.joining) = (other, at - position, None);
            }
            return;
        }
        if index != self.current {
            return;
        }
        let at = position + self.shift;
        if synthetic >= LOST
            && let Some(other) = self.references.iter().position(|r| r.synthetic == 0 && r.last.is_some())
            && let Some(last) = self.references[other].last
        {
            // The other channel's last boundary came before this one, its next comes after: from now on its boundaries, so
            // shifted that one of the two is this one, are ours. Taking turns keeps the shift from growing.
            if self.shift > 0.0 {
                self.joining = Some((other, at));
            } else {
                (self.current, self.shift) = (other, at - last);
            }
        }
        self.on_half(at, synthetic, decide);
    }

    /// The segment ends after `length` samples: no window reaches beyond what its filters can still see.
    pub fn limit(&mut self, length: f64) {
        self.limit = length - self.margin;
    }

    /// Ends the segment, after [`limit`](Self::limit) and the last boundary. Without one complete window, the whole cycles
    /// there are make a short one.
    pub fn finish(&mut self, decide: &mut impl FnMut(Decision)) {
        if let [(start, _), .., (stop, _)] = self.cycles[..]
            && self.emitted == 0
        {
            let flags = self.cycles.iter().fold(Flags::SHORT, |f, c| f | c.1);
            let (tick, cycles) = (self.tick, self.cycles.len() as u16 - 1);
            decide(Decision::Interval(Span {
                start,
                stop,
                fresh: start,
                tick,
                is_last: false,
                cycles,
                flags,
            }));
        }
        if let Some(slot) = self.slot.take().filter(|s| s.stop <= self.limit + self.margin) {
            Self::close_slot(&slot, decide);
        }
        self.open.clear();
    }

    fn on_half(&mut self, at: f64, synthetic: u32, decide: &mut impl FnMut(Decision)) {
        let mut flags = Flags::empty();
        flags.set(Flags::UNSYNCHRONISED, synthetic > UNSYNCHRONISED);
        for w in &mut self.open {
            w.halves += 1;
            w.flags |= flags;
        }
        if at > self.limit {
            return;
        }
        let full = self.halves_per_window;
        self.open.retain(|w| {
            let done = w.halves == full;
            if done {
                self.emitted += 1;
                decide(Decision::Interval(Span {
                    start: w.start,
                    stop: at,
                    fresh: w.start.max(self.counted),
                    tick: w.tick,
                    is_last: w.tick < self.tick || at >= self.next_tick,
                    cycles: (full / 2) as u16,
                    flags: w.flags,
                }));
                self.counted = at;
            }
            !done
        });
        if self.halves.is_multiple_of(2) {
            self.on_cycle(at, flags, decide);
        }
        self.halves += 1;
    }

    fn on_cycle(&mut self, at: f64, flags: Flags, decide: &mut impl FnMut(Decision)) {
        if at < self.margin {
            return;
        }
        let at_tick = at >= self.next_tick;
        while at >= self.next_tick {
            self.next_tick += self.tick_period;
            self.tick += 1;
        }
        if at_tick && self.resynchronises {
            // The window in progress is finished for the old 10 min; a new one starts at the tick.
            let overlaps = if self.open.is_empty() { Flags::empty() } else { Flags::OVERLAP };
            self.open.push(OpenWindow { start: at, tick: self.tick, halves: 0, flags: flags | overlaps });
        } else if self.open.is_empty() {
            self.open.push(OpenWindow { start: at, tick: self.tick, halves: 0, flags });
        }
        if self.emitted == 0 {
            self.cycles.push((at, flags));
        }
        self.count(at, flags, decide);
    }

    /// 10-s frequency: whole cycles inside each slot over their duration (IEC 61000-4-30, 5.1).
    fn count(&mut self, at: f64, flags: Flags, decide: &mut impl FnMut(Decision)) {
        let Some(mut slot) = self.slot.take() else { return };
        while at > slot.stop {
            Self::close_slot(&slot, decide);
            slot = OpenSlot {
                stop: slot.stop + self.slot_period,
                cycles: None,
                flags: Flags::empty(),
                whole: true,
            };
        }
        slot.flags |= flags;
        slot.cycles = Some(match slot.cycles {
            None => (at, at, 0),
            Some((first, _, n)) => (first, at, n + 1),
        });
        self.slot = Some(slot);
    }

    fn close_slot(slot: &OpenSlot, decide: &mut impl FnMut(Decision)) {
        if let Some((start, stop, cycles)) = slot.cycles.filter(|c| c.2 > 0 && slot.whole) {
            decide(Decision::Frequency(Slot { start, stop, cycles, flags: slot.flags }));
        }
    }
}
