//! One disturbance is one transient, whatever channels show it.

use serde::{Deserialize, Serialize};

use super::{LONGEST_HALVES, MERGED_S, Transient};
use crate::engine::inbox::TRANSIENTS;
use crate::engine::plan::Plan;
use crate::engine::reuse::Reuse;

/// Holds transients back until no channel can add to them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Merger {
    waiting: Vec<Transient>,
    merged: u64,
    /// What still may join a transient is found at most this much after its end.
    patience: f64,
}

impl Merger {
    /// For the channels of `plan`, in the memory of this one.
    #[must_use]
    pub fn anew(self, plan: &Plan) -> Self {
        // The other channel's part may last as long as any, and is found four half cycles after its end, slow ones.
        let patience = (LONGEST_HALVES + 6.0) * plan.half_period();
        let merged = (MERGED_S * plan.fs).ceil() as u64;
        Self { waiting: self.waiting.emptied(), merged, patience }
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self) {
        self.waiting.make_room(TRANSIENTS);
    }

    /// Takes what one channel shows.
    pub fn push(&mut self, mut t: Transient, plan: &Plan) {
        let merged = self.merged;
        let joined = |w: &Transient, t: &Transient| {
            let touch = w.start_sample <= t.stop_sample + merged && t.start_sample <= w.stop_sample + merged;
            if touch { w.joined(t) } else { None }
        };
        while let Some((k, both)) =
            self.waiting.iter().enumerate().find_map(|(k, w)| Some((k, joined(w, &t)?)))
        {
            self.waiting.swap_remove(k);
            t = both;
            t.duration_s = plan.rate.seconds((t.stop_sample - t.start_sample) as f64);
        }
        self.waiting.push(t);
    }

    /// Gives out, by start, what is complete now that all channels are cut up to `position`.
    pub fn release(&mut self, position: f64, mut emit: impl FnMut(Transient)) {
        while let Some(k) = (0..self.waiting.len())
            .min_by_key(|&k| (self.waiting[k].start_sample, self.waiting[k].channel))
            .filter(|&k| self.waiting[k].stop_sample as f64 + self.merged as f64 + self.patience < position)
        {
            emit(self.waiting.swap_remove(k));
        }
    }
}
