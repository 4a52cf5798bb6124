//! Where the half cycles of Urms(1/2) begin and end, known when their last sample has come.
//!
//! The [cut](crate::engine::flywheel) knows a crossing two to three cycles after it. An event must not wait for that, so each half
//! cycle of Urms(1/2) ends where the cut's last known boundaries, carried on by whole cycles, put it. While the mains keep their
//! frequency that is where the cut will find the crossing. While they swing, or a fault has turned their phase, the crossing is
//! elsewhere, which does not matter to a r.m.s. value over a whole cycle, but a cycle of another length would: so half cycles then
//! end where the [wave repeats](crate::dsp::repetition) what it was a cycle before, and approach the crossings slowly.
//!
//! What is known at a boundary is decided by positions only, whatever the blocks.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::dsp::repetition;
use crate::engine::flywheel::{Boundary, Decided};
use crate::engine::history::History;
use crate::engine::reuse::Reuse;
use crate::simd::Level;

/// Boundaries of the cut that there is room for: more than the start of a segment gives out at a time.
const KNOWN: usize = 128;
/// Two halves of a cycle are unequal, because of even harmonics, by less than this part of one.
const UNEQUAL: f64 = 0.1;
/// Up to this part of a cycle, to which noise, flicker and the edges of small dips amount, boundaries stay with the crossings: a r.m.s.
/// value is wrong by at most half as much, which is half of what Class A allows.
const STEADY: f64 = 2e-3;
/// Beyond, they approach the crossings by this part of a cycle at a time.
const APPROACH: f64 = 1e-3;
/// No mains change their period by more than this part in a few cycles.
const UNUSUAL: f64 = 0.08;
/// Half cycles that an edge takes, over which the wave repeats nothing.
const EDGE: u32 = 8;

/// Carries on the boundaries of one channel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Forecast {
    /// Boundaries of the cut that nothing rests on yet.
    known: VecDeque<Decided>,
    /// The youngest one that something rests on.
    latest: Option<Decided>,
    /// The youngest even crossing of these, which is carried on.
    base: Option<Decided>,
    /// Position of the boundary before it, or half a cycle before it when the cut has jumped in between.
    before: Option<f64>,
    /// Given out last.
    last: Option<Boundary>,
    /// Position of the one given out before it.
    second_last: Option<f64>,
    /// Time after which the wave repeated itself last, in samples, and half cycles since then.
    period: Option<(f64, u32)>,
    /// The next boundary rests on what was decided by crossings before this position.
    rests_on: f64,
    /// How far that is behind the place where the boundary is expected, in samples.
    behind: f64,
}

impl Forecast {
    /// In the memory of this one; `behind` is how far crossings lag behind the samples, or less.
    #[must_use]
    pub fn anew(self, behind: f64) -> Self {
        Self { known: self.known.emptied(), behind, ..Self::default() }
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self) {
        self.known.make_room(KNOWN);
    }

    /// Takes the next boundary of the cut.
    pub fn push(&mut self, decided: Decided) {
        self.known.push_back(decided);
    }

    /// Gives out every half cycle up to `end`, its begin, the boundary it ends at and the usual period, knowing that all that is
    /// decided by crossings before `horizon` has been pushed. `wave` holds the fundamental, every `factor` samples.
    pub fn advance(
        &mut self,
        horizon: f64,
        end: f64,
        (level, wave, factor): (Level, &History, f64),
        emit: &mut dyn FnMut(f64, Boundary, f64),
    ) {
        while let Some(next) = self.next(horizon)
            && let Some((position, period)) =
                self.place(next.position, (level, wave, factor)).filter(|p| p.0 <= end)
        {
            self.period = period;
            self.give(Boundary { position, ..next }, self.base.map_or(0.0, |b| 2.0 * b.half_period), emit);
        }
    }

    /// Gives out the remaining half cycles of a segment that ends at `end`: those of the cut, which are all pushed now.
    pub fn finish(&mut self, end: f64, emit: &mut dyn FnMut(f64, Boundary, f64)) {
        while let Some(Decided { boundary, half_period, .. }) = self.known.pop_front() {
            if self.last.is_none_or(|last| boundary.position >= last.position + 0.5 * half_period) {
                let repeats = self.second_last.zip(self.period).map(|(start, (period, _))| start + period);
                let position = near(boundary.position, repeats, 2.0 * half_period);
                if position <= end {
                    self.give(Boundary { position, ..boundary }, 2.0 * half_period, emit);
                }
            }
        }
    }

    /// The boundary after the last one, when all is known that it rests on. To ask again changes nothing.
    fn next(&mut self, horizon: f64) -> Option<Boundary> {
        if self.before.is_none() {
            // The first two are the cut's own: halves may be unequal, and it takes both to carry them on.
            if self.base.is_none() || self.last.is_some() {
                self.learn()?;
            }
        } else if self.rests_on > horizon {
            return None;
        } else {
            while self.known.front().is_some_and(|d| d.known <= self.rests_on) {
                self.learn();
            }
        }
        let Decided { boundary: base, half_period: half, .. } = self.base?;
        let Some(last) = self.last else { return Some(base) };
        let halves = ((last.position + 0.5 * half - base.position) / half).ceil();
        let position = match self.before.filter(|_| halves.rem_euclid(2.0) == 1.0) {
            Some(before) => before + (halves + 1.0) * half,
            None => base.position + halves * half,
        };
        // Crossings are taken to go on, and so is their absence.
        let synthetic = match self.latest?.boundary {
            Boundary { synthetic: 0, .. } => 0,
            b => b.synthetic.saturating_add(((last.position - b.position) / half).round() as u32 + 1),
        };
        Some(Boundary { position, synthetic })
    }

    /// Where the boundary falls that the crossings put at `position`, when the wave is known so far, and the period by now.
    fn place(
        &self,
        position: f64,
        (level, wave, factor): (Level, &History, f64),
    ) -> Option<(f64, Option<(f64, u32)>)> {
        let Some(start) = self.second_last else { return Some((position, None)) };
        let usual = self.base.map_or(0.0, |b| 2.0 * b.half_period);
        if (start + usual).max(position) > (wave.end() as f64 - repetition::MARGIN as f64 - 1.0) * factor {
            return None;
        }
        let late =
            repetition::delay(level, wave, (start + usual) / factor, usual / factor).map(|d| d * factor);
        let found = late.filter(|d| d.abs() <= UNUSUAL * usual).map(|d| (usual + d, 0));
        let period = found.or(self.period.map(|(p, n)| (p, n + 1)).filter(|(_, n)| *n <= EDGE));
        Some((near(position, period.map(|(p, _)| start + p), usual), period))
    }

    /// Lets boundaries rest on the next one of the cut.
    fn learn(&mut self) -> Option<()> {
        let next = self.known.pop_front()?;
        // The first two serve in any case.
        if next.is_even || self.before.is_none() {
            let expected = next.boundary.position - next.half_period;
            let is_next = |at: &f64| (at - expected).abs() < UNEQUAL * next.half_period;
            let before = self.latest.map(|b| b.boundary.position);
            self.before = self.base.and(before.filter(is_next).or(Some(expected)));
            self.base = Some(next);
        }
        self.latest = Some(next);
        Some(())
    }

    fn give(&mut self, next: Boundary, period: f64, emit: &mut dyn FnMut(f64, Boundary, f64)) {
        self.second_last = self.last.replace(next).map(|b| b.position);
        self.rests_on = next.position + period / 2.0 - self.behind;
        if let Some(start) = self.second_last {
            emit(start, next, period);
        }
    }
}

/// Where a boundary falls that the crossings put at `position`, while the wave of that `period` `repeats` elsewhere.
fn near(position: f64, repeats: Option<f64>, period: f64) -> f64 {
    match repeats {
        Some(at) if (position - at).abs() > STEADY * period => {
            at + (APPROACH * period).copysign(position - at)
        }
        _ => position,
    }
}
