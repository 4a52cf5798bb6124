//! What one channel has found on its own, in order, until the fold merges it with the others.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::engine::flywheel::Boundary;
use crate::engine::reuse::Reuse;
use crate::engine::track::Half;
use crate::pq::flicker::PInst;
use crate::pq::transients::Transient;

/// Most that a channel of a live stream finds before the others have come as far.
pub const HALVES: usize = 128;
/// Likewise.
pub const TRANSIENTS: usize = 64;
/// Likewise.
pub const P_INST: usize = 512;
/// Likewise.
pub const OVERLOADS: usize = 4;

/// The fold's queue of one channel; a track fills it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Inbox {
    /// Boundaries of the cut.
    pub boundaries: VecDeque<Boundary>,
    /// Half cycles of Urms(1/2).
    pub halves: VecDeque<Half>,
    /// Transients, and the end of the half cycle when each was found.
    pub transients: VecDeque<(f64, Transient)>,
    /// Values of Pinst, at positions of the stream that flicker is measured on.
    pub p_inst: VecDeque<PInst>,
    /// Samples at which an overload began.
    pub overloads: VecDeque<u64>,
}

impl Inbox {
    /// Nothing found, in the memory of this one.
    #[must_use]
    pub fn anew(self) -> Self {
        Self {
            boundaries: self.boundaries.emptied(),
            halves: self.halves.emptied(),
            transients: self.transients.emptied(),
            p_inst: self.p_inst.emptied(),
            overloads: self.overloads.emptied(),
        }
    }

    /// Makes room for what a live stream finds at a time.
    pub fn reserve(&mut self) {
        self.boundaries.make_room(HALVES);
        self.halves.make_room(HALVES);
        self.transients.make_room(TRANSIENTS);
        self.p_inst.make_room(P_INST);
        self.overloads.make_room(OVERLOADS);
    }

    /// True when no boundary or half cycle still to come can belong before those that are here.
    pub fn is_ahead(&self) -> bool {
        !self.halves.is_empty() && !self.boundaries.is_empty()
    }

    /// The next transient found while half cycles ended at or before `position`.
    pub fn next_transient(&mut self, position: f64) -> Option<Transient> {
        next(&mut self.transients, |(cut, _)| *cut <= position).map(|(_, t)| t)
    }

    /// The next value of Pinst at or before `position`.
    pub fn next_p_inst(&mut self, position: f64) -> Option<PInst> {
        next(&mut self.p_inst, |p| p.at as f64 <= position)
    }

    /// The next sample before `position` at which the converter was at its limit for the first time in a second.
    pub fn next_overload(&mut self, position: f64) -> Option<f64> {
        next(&mut self.overloads, |at| (*at as f64) < position).map(|at| at as f64)
    }
}

fn next<T>(queue: &mut VecDeque<T>, is_due: impl Fn(&T) -> bool) -> Option<T> {
    if queue.front().is_some_and(is_due) { queue.pop_front() } else { None }
}
