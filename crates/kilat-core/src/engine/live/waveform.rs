//! Samples around events, from a bounded past.
//!
//! Everything is decided by the order of the results, never by blocks: a waveform is given out with the first Urms(1/2) value
//! that ends behind it, when its samples are known to be there. What begins inside a waveform is in it; what begins behind it
//! makes the next one, which does not repeat a sample.

use serde::{Deserialize, Serialize};

use crate::capture::SamplesRef;
use crate::engine::plan::{ChannelPlan, Plan};
use crate::engine::sink::Waveform;

/// How much of the samples around an event is given out, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Around {
    /// Before its begin.
    pub before_s: f64,
    /// After it.
    pub after_s: f64,
}

impl Around {
    /// Samples before the begin, and after it.
    fn samples(self, plan: &Plan) -> (u64, u64) {
        let samples = |seconds: f64| (seconds * plan.fs).round() as u64;
        (samples(self.before_s), samples(self.after_s))
    }

    /// Values of one waveform of all channels.
    pub(super) fn values(self, plan: &Plan) -> usize {
        let (before, after) = self.samples(plan);
        (before + after) as usize * plan.recorded().len()
    }
}

/// A waveform on its way.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Pending {
    start: u64,
    end: u64,
    trigger: f64,
    complete: bool,
}

/// The recent samples of all recorded channels, and the waveform that is waited for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Catcher {
    before: u64,
    after: u64,
    /// Samples of one channel, then of the next, each a ring of this many.
    room: usize,
    rings: Vec<f32>,
    /// First sample of the segment, and one past the newest.
    from: u64,
    to: u64,
    /// One past the last sample given out.
    given: u64,
    pending: Option<Pending>,
    /// The waveform in one piece.
    #[serde(skip)]
    out: Vec<f32>,
}

impl Catcher {
    /// For streams of this plan that are `lag` samples ahead of their results at most.
    pub fn new(plan: &Plan, around: Around, lag: usize) -> Self {
        let (before, after) = around.samples(plan);
        let room = Self::room(before, after, lag);
        let channels = plan.recorded().len();
        let mut new = Self {
            before,
            after,
            room,
            rings: vec![0.0; room * channels],
            from: 0,
            to: 0,
            given: 0,
            pending: None,
            out: Vec::new(),
        };
        new.reserve();
        new
    }

    /// Makes the room for what is given out.
    pub fn reserve(&mut self) {
        let channels = self.rings.len() / self.room;
        self.out.reserve_exact((self.before + self.after) as usize * channels);
    }

    /// Bytes that it takes.
    pub fn bytes(plan: &Plan, around: Around, lag: usize) -> usize {
        let (before, after) = around.samples(plan);
        let rings = Self::room(before, after, lag) * plan.recorded().len();
        (rings + around.values(plan)) * size_of::<f32>()
    }

    fn room(before: u64, after: u64, lag: usize) -> usize {
        (before + after) as usize + 2 * lag
    }

    /// True when it can go on with what `other` remembers.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.before, self.after, self.room, self.rings.len())
            == (other.before, other.after, other.room, other.rings.len())
    }

    /// A segment begins at sample `at`.
    pub fn restart(&mut self, at: u64) {
        (self.from, self.to, self.given, self.pending) = (at, at, at, None);
    }

    /// Takes the next samples of every recorded channel.
    pub fn take(&mut self, channels: &[ChannelPlan], block: &[SamplesRef<'_>]) {
        let n = block.first().map_or(0, SamplesRef::len);
        for ((ring, c), samples) in self.rings.chunks_exact_mut(self.room).zip(channels).zip(block) {
            let volts = |code: f64| ((code + c.shift) * c.scale) as f32;
            let mut at = (self.to % self.room as u64) as usize;
            let mut put = |code: f64| {
                ring[at] = volts(code);
                at = if at + 1 == ring.len() { 0 } else { at + 1 };
            };
            match samples {
                SamplesRef::I16(x) => x.iter().for_each(|v| put(f64::from(*v))),
                SamplesRef::I32(x) => x.iter().for_each(|v| put(f64::from(*v))),
                SamplesRef::F32(x) => x.iter().for_each(|v| put(f64::from(*v))),
                SamplesRef::F64(x) => x.iter().for_each(|v| put(*v)),
            }
        }
        self.to += n as u64;
    }

    /// Something begins at `position`.
    pub fn trigger(&mut self, position: f64) {
        let at = position.max(0.0) as u64;
        if self.pending.is_some() || at < self.given {
            return;
        }
        let held = self.from.max(self.to.saturating_sub(self.room as u64));
        let wanted = at.saturating_sub(self.before);
        let start = wanted.max(self.given).max(held);
        self.pending =
            Some(Pending { start, end: at + self.after, trigger: position, complete: start == wanted });
    }

    /// The waveform that ends at or before `position`.
    pub fn due(&mut self, position: f64) -> Option<Waveform<'_>> {
        let pending = self.pending.take_if(|p| p.end as f64 <= position)?;
        Some(self.cut(pending))
    }

    /// What there is of the waveform that is waited for, because the segment ends.
    pub fn rest(&mut self) -> Option<Waveform<'_>> {
        let pending = self.pending.take()?;
        let end = pending.end.min(self.to);
        let complete = pending.complete && end == pending.end;
        (end > pending.start).then(|| self.cut(Pending { end, complete, ..pending }))
    }

    fn cut(&mut self, p: Pending) -> Waveform<'_> {
        self.given = p.end;
        let samples = (p.end - p.start) as usize;
        let first = (p.start % self.room as u64) as usize;
        self.out.clear();
        for ring in self.rings.chunks_exact(self.room) {
            let head = &ring[first..self.room.min(first + samples)];
            self.out.extend_from_slice(head);
            self.out.extend_from_slice(&ring[..samples - head.len()]);
        }
        Waveform {
            start_sample: p.start,
            samples,
            trigger_sample: p.trigger,
            values: &self.out,
            complete: p.complete,
        }
    }
}
