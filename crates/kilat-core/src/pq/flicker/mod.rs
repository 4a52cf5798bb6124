//! Flicker: how much the light of a lamp annoys people (IEC 61000-4-15:2010, class F1).
//!
//! * Pinst: instantaneous flicker sensation, without unit; 1 is where half of the observers notice (blocks 1 to 4).
//! * Pst: short-term severity over 10 min, √Σ wₖ·Pₖ of levels exceeded k % of the time (block 5).
//! * Plt: long-term severity over 2 h, ∛(Σ Pst³ / 12).
//!
//! The chain, on the stream that harmonics are taken from: the square of the voltage, decimated to some 1600 values a second;
//! a Butterworth low-pass, which leaves the square of a running r.m.s.; division by the square of that r.m.s.'s slow mean; a
//! high-pass; the response of lamp, eye and brain; its square; a first-order low-pass ([`design`]). Block 1 stands behind the
//! low-pass of block 3, not before: the slow mean changes so little within the low-pass's memory that the order does not matter,
//! and one square root then serves as the half-cycle r.m.s. that the slow mean is defined on.
//!
//! Steady mains give zero from the first value on: the filters start settled at the mean square of the first
//! half second, and what differs from it is faded in over one second. Values count as settled two minutes after the start, and
//! after a voltage that was all but gone; meanwhile the slow mean waits for it to return.

pub mod design;
mod lanes;
pub mod statistics;
pub mod tables;

use std::collections::VecDeque;
use std::f64::consts::PI;

pub use design::FlickerPlan;
pub use statistics::{Classifier, plt};

use serde::{Deserialize, Serialize};

use crate::dsp::iir::Memory;
use crate::engine::history::History;
use crate::engine::inbox::P_INST;
use crate::engine::reuse::Reuse;
use crate::simd::Level;
use lanes::LANES;

/// Below this part of Udin there is no voltage to which a fluctuation could be compared: the slow mean waits.
const DEAD: f64 = 0.1;
/// Largest square of a sample, in Udin²: beyond it there is no voltage but damage, which must not overflow a filter.
const CEILING: f32 = 1e12;

/// One value of the instantaneous flicker sensation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PInst {
    /// Position, in samples of the stream the meter was given.
    pub at: u64,
    /// Pinst.
    pub value: f32,
    /// At least two minutes after the start, and after a voltage that was all but gone.
    pub settled: bool,
}

/// Blocks 1 to 4 of one channel, in order, from the start of a segment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FlickerMeter {
    per_unit: f32,
    squares: History,
    /// The square, in Udin², at the plan's rate.
    level: History,
    start: u64,
    next: u64,
    filters: Option<Filters>,
    settled_from: u64,
    /// Values that nobody has taken yet, in order.
    pub due: VecDeque<PInst>,
}

/// What the filters remember: of one channel, or of several in the lanes of vectors.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Filters<T = f64> {
    low_pass: [Memory<T>; 3],
    high_pass: Memory<T>,
    weighting: [Memory<T>; 2],
    mean: Memory<T>,
    /// Mean square that the segment began with, from which the signal is faded in.
    began: T,
    /// The slow mean of the r.m.s.
    reference: T,
}

impl FlickerMeter {
    /// A meter on a stream whose first sample has index `first`; `per_unit` times a sample is a part of Udin.
    pub fn new(plan: &FlickerPlan, first: u64, per_unit: f64) -> Self {
        Self::default().anew(plan, first, per_unit)
    }

    /// The same in the memory of this one.
    #[must_use]
    pub fn anew(self, plan: &FlickerPlan, first: u64, per_unit: f64) -> Self {
        let start = plan.decimator.first_output(first);
        Self {
            per_unit: per_unit as f32,
            squares: self.squares.anew(first),
            level: self.level.anew(start),
            start,
            next: start,
            filters: None,
            settled_from: start + plan.settling,
            due: self.due.emptied(),
        }
    }

    /// Makes the room that a stream needs of which no more than `n` samples are held.
    pub fn reserve(&mut self, plan: &FlickerPlan, n: usize) {
        self.squares.reserve(n);
        self.level.reserve(n / plan.decimator.factor() as usize + 2 * plan.opening as usize);
        self.due.make_room(P_INST);
    }

    /// Takes what `voltage` has that it has not seen, for [`run`] to go on with.
    pub fn take(&mut self, plan: &FlickerPlan, level: Level, voltage: &History) {
        let new = voltage.get(self.squares.end()..voltage.end());
        let per_unit = self.per_unit;
        for (y, x) in self.squares.grow(new.len()).iter_mut().zip(new) {
            let u = per_unit * x;
            *y = (u * u).min(CEILING);
        }
        plan.decimator.run(level, &self.squares, &mut self.level);
        let needed = self.level.end() * plan.decimator.factor();
        self.squares.discard_before(needed.saturating_sub(plan.decimator.half()));
        if self.filters.is_none() && self.level.end() - self.start >= plan.opening {
            self.filters =
                Some(Filters::settled(plan, self.level.get(self.start..self.start + plan.opening)));
        }
    }

    /// Values that its filters can take.
    fn waiting(&self) -> u64 {
        if self.filters.is_some() { self.level.end() - self.next } else { 0 }
    }
}

/// Goes on with all that some meters have [taken](FlickerMeter::take). A filter waits for its own last value, so four channels
/// go side by side in the time of one.
pub fn run<'m>(plan: &FlickerPlan, level: Level, meters: impl Iterator<Item = &'m mut FlickerMeter>) {
    let mut four = lanes::Four::default();
    let mut n = 0;
    for meter in meters.filter(|m| m.waiting() > 0) {
        let span = |m: &FlickerMeter| (m.start, m.next, m.level.end());
        if n == LANES || four[0].as_deref().is_some_and(|first| span(first) != span(meter)) {
            lanes::run(plan, level, std::mem::take(&mut four));
            n = 0;
        }
        four[n] = Some(meter);
        n += 1;
    }
    lanes::run(plan, level, four);
}

impl Filters {
    /// As if what a segment opens with had gone on for ever before.
    fn settled(plan: &FlickerPlan, opening: &[f32]) -> Self {
        // Hann's window: the mean of the square without its ripple at twice the mains frequency, whatever that is.
        let weight = |i: usize| (PI * (i as f64 + 0.5) / opening.len() as f64).sin().powi(2);
        let sum: f64 = opening.iter().enumerate().map(|(i, x)| weight(i) * f64::from(*x)).sum();
        let began = (sum / (0..opening.len()).map(weight).sum::<f64>()).max(0.0);
        let reference = if began.sqrt() < DEAD { 1.0 } else { began.sqrt() };
        Self {
            low_pass: plan.low_pass.map(|s| s.settled(began).0),
            high_pass: plan.high_pass.settled(began / (reference * reference)).0,
            weighting: Default::default(),
            mean: Memory::default(),
            began,
            reference,
        }
    }
}

#[cfg(test)]
mod tests;
