//! The engine: cut, measure, fold, on one stretch of samples without a gap. Both drivers push samples into this.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::capture::SamplesRef;
use crate::engine::analysis::Flags;
use crate::engine::crew::Crew;
use crate::engine::delivery::Delivery;
use crate::engine::fold::Fold;
use crate::engine::measured::Scratch;
use crate::engine::plan::Plan;
use crate::engine::sink::Sink;
use crate::engine::track::Track;
use crate::units::Timestamp;

/// Samples that go through all stages together. It bounds memory and keeps a channel's tile in the cache; results do not
/// depend on it.
const TILE: usize = 1 << 15;

/// What the engine remembers of a stream, to be written down.
#[derive(Debug, Serialize)]
pub struct Saved<'e> {
    tracks: &'e [Track],
    fold: &'e Fold,
    delivery: &'e Delivery,
}

/// The same, read back.
#[derive(Debug, Deserialize)]
pub struct State {
    tracks: Vec<Track>,
    fold: Fold,
    delivery: Delivery,
}

/// Engine and state of one stream.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    crew: Arc<Crew>,
    tracks: Vec<Track>,
    fold: Fold,
    delivery: Delivery,
    scratch: Vec<Mutex<Scratch>>,
}

impl Engine {
    /// An engine at sample `offset` of a capture, which was taken at `clock`: in UTC, or counted from the first sample.
    pub fn new(plan: Arc<Plan>, crew: Arc<Crew>, offset: u64, clock: Timestamp) -> Self {
        Self {
            tracks: tracks(&plan),
            fold: Fold::new(&plan, clock),
            delivery: Delivery::new(&plan, offset, clock),
            scratch: (0..crew.threads()).map(|_| Mutex::new(Scratch::new(&plan))).collect(),
            crew,
            plan,
        }
    }

    /// Begins a new segment at sample `offset`, taken at `clock`; the one before must have been [interrupted](Self::interrupt).
    pub fn restart(&mut self, offset: u64, clock: Timestamp) {
        self.tracks = tracks(&self.plan);
        self.fold = Fold::new(&self.plan, clock);
        self.delivery.restart(offset, clock);
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time, so that it does not allocate later.
    pub fn reserve(&mut self, chunk: usize) {
        self.tracks.iter_mut().for_each(|t| t.reserve(&self.plan, chunk));
        self.delivery.reserve(&self.plan);
    }

    /// All that it remembers.
    pub fn save(&self) -> Saved<'_> {
        let Self { tracks, fold, delivery, .. } = self;
        Saved { tracks, fold, delivery }
    }

    /// Goes on with what another engine remembered; false, and nothing done, when that had another plan.
    pub fn load(&mut self, state: State) -> bool {
        let State { tracks, fold, delivery } = state;
        let alike = tracks.len() == self.tracks.len()
            && tracks.iter().zip(&self.tracks).all(|(a, b)| a.is_like(b))
            && fold.is_like(&self.fold)
            && delivery.is_like(&self.delivery);
        if alike {
            (self.tracks, self.fold) = (tracks, fold);
            self.delivery.load(delivery);
        }
        alike
    }

    /// Takes the next samples, as many of every recorded channel, and gives what they complete to `sink`.
    pub fn push(&mut self, block: &[SamplesRef<'_>], sink: &mut impl Sink) {
        let n = block.first().map_or(0, SamplesRef::len);
        for from in (0..n).step_by(TILE) {
            let range = from..n.min(from + TILE);
            let plan = &*self.plan;
            let (recorded, derived) = self.tracks.split_at_mut(plan.recorded().len());
            // What the tile before has completed is handed over while the helpers take this one in.
            let hand_over = || self.delivery.give(plan, sink);
            self.crew.share_after(hand_over, recorded.iter_mut().zip(block), |_, (track, samples)| {
                track.push(plan, samples.slice(range.clone()));
            });
            for track in derived {
                track.push_sum(plan, recorded);
            }
            self.fold.run(plan, &mut self.tracks, &mut self.delivery.actions);
            self.delivery.measure(plan, &self.crew, &self.tracks, &mut self.scratch);
            let keep = self.fold.oldest().min(self.tracks[0].raw.end() as f64);
            for track in &mut self.tracks {
                track.discard(plan, keep);
            }
        }
        self.delivery.give(&self.plan, sink);
    }

    /// Gives what is left of the segment to `sink`: a gap follows.
    pub fn interrupt(&mut self, sink: &mut impl Sink) {
        let plan = &*self.plan;
        let (recorded, derived) = self.tracks.split_at_mut(plan.recorded().len());
        for track in recorded.iter_mut() {
            track.hold(plan);
        }
        for track in derived {
            track.push_sum(plan, recorded);
        }
        let length = self.tracks.first().map_or(0, |t| t.raw.end());
        for track in &mut self.tracks {
            track.finish(plan);
        }
        self.fold.finish(plan, &mut self.tracks, length, &mut self.delivery.actions);
        self.delivery.measure(plan, &self.crew, &self.tracks, &mut self.scratch);
        self.delivery.give(plan, sink);
        self.delivery.interrupt(sink);
    }

    /// Gives what is left of a stream that has been [interrupted](Self::interrupt) to `sink`: nothing follows.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.delivery.finish(sink);
    }

    /// The next `n` samples to be pushed have been through `flags`.
    pub fn expect(&mut self, n: u64, flags: Flags) {
        let recorded = self.plan.recorded().len();
        self.tracks[..recorded].iter_mut().for_each(|t| t.expect(&self.plan, n, flags));
    }

    /// The clock is `seconds` ahead of what the sampling rate says: ticks come that much sooner from now on.
    pub fn steer(&mut self, seconds: f64) {
        self.delivery.steer(seconds);
        self.fold.steer(-seconds * self.plan.fs);
    }
}

fn tracks(plan: &Plan) -> Vec<Track> {
    (0..plan.channels.len()).map(|c| Track::new(plan, c)).collect()
}
