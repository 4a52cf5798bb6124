//! The cut of one channel: half cycles at its own fundamental zero crossings, carried through its own interruptions.
//!
//! A boundary is a crossing when one comes where it may be expected, half to one and a half half-periods after the boundary
//! before; else it is where the last known period puts it, and counts as *synthetic*. A crossing does not count while the
//! fundamental changes, from a cycle before the edge to a cycle after: its phase is then that of the filter, not of the mains.
//! All decisions depend on positions only.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::dsp::zero_crossing::Crossing;
use crate::engine::reuse::Reuse;

/// End of one half cycle and begin of the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Boundary {
    /// Position in samples of the segment.
    pub position: f64,
    /// Synthetic boundaries in a row up to this one; zero for a crossing.
    pub synthetic: u32,
}

/// A boundary, and when it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// The boundary.
    pub boundary: Boundary,
    /// Best estimate of the half period then, in samples.
    pub half_period: f64,
    /// All crossings before this position had to be known: it never falls from one boundary to the next.
    pub known: f64,
    /// A crossing that no edge has bent.
    pub is_even: bool,
}

/// Cycles over which the period is averaged, one beginning each half cycle.
const AVERAGED: usize = 20;
/// The youngest half periods do not count: a collapse of the voltage bends them before it is noticed.
const TOO_YOUNG: usize = 4;
/// Crossings in a row that fit a period before a channel is followed.
const TO_LOCK: usize = 5;
/// Half periods without a lock after which the cut runs at nominal frequency.
const PATIENCE: f64 = 50.0;
/// A crossing counts when the least amplitude within a cycle of it is at least this part of the largest. A step of 5 % bends
/// a crossing by less than half a degree.
const STEADY: f64 = 0.95;
/// A crossing is even, and teaches the period, when it is this part. A step of 4 % bends those around it by a thousandth of a cycle,
/// and what is carried on from there all the more.
const EVEN: f64 = 0.99;
/// Synthetic boundaries in a row after which an unsteady crossing is better than none. Two edges end sooner, however far apart:
/// a dip of three and a half cycles has no steady crossing inside, and is unsteady for a cycle on either side. A voltage that
/// never is steady (flicker beyond all limits, a failing generator) is followed all the same.
const IMPATIENT: u32 = 12;
/// Half periods that hold the two crossings after one, whatever the frequency does.
const REACH: f64 = 2.5;

/// Crossings that there is room for: more than are ever waited for.
const CROSSINGS: usize = 64;

/// Follows the crossings of one channel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Flywheel {
    nominal: f64,
    first: f64,
    least_slope: f64,
    queue: VecDeque<Crossing>,
    /// Amplitudes of the two crossings before the one next in the queue.
    before: [f64; 2],
    /// Nothing has been steady for long: unsteady crossings count until something is.
    impatient: bool,
    /// No crossing will come after those in the queue.
    closing: bool,
    /// Half the length of each of the last cycles between even crossings.
    intervals: VecDeque<f64>,
    /// Even crossings in a row, up to the last boundary, and boundaries since the last even one.
    evens: u32,
    unevens: u32,
    /// Position of the boundary before the last.
    second_last: f64,
    /// Best estimate of the half period, in samples.
    half_period: f64,
    /// Crossings before this position have decided what has been.
    known: f64,
    last: Option<Boundary>,
}

impl Flywheel {
    /// In the memory of this one. `nominal`: nominal half period in samples; `first`: the first position a boundary may have; `least_slope`: slope of
    /// the smallest fundamental worth following, in the unit of the crossings.
    #[must_use]
    pub fn anew(self, nominal: f64, first: f64, least_slope: f64) -> Self {
        Self {
            nominal,
            first,
            least_slope,
            queue: self.queue.emptied(),
            before: [0.0; 2],
            impatient: false,
            closing: false,
            intervals: self.intervals.emptied(),
            evens: 0,
            unevens: 0,
            second_last: first,
            half_period: nominal,
            known: first,
            last: None,
        }
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self) {
        self.queue.make_room(CROSSINGS);
        self.intervals.make_room(AVERAGED);
    }

    /// Takes the next crossing.
    pub fn push(&mut self, crossing: Crossing) {
        self.queue.push_back(crossing);
    }

    /// Gives out every boundary that is decided, knowing that all crossings before `horizon` have been pushed.
    pub fn advance(&mut self, horizon: f64, emit: &mut dyn FnMut(Decided)) {
        if self.last.is_none() && !self.lock(horizon, emit) {
            return;
        }
        while let Some((next, is_even)) = self.next(horizon) {
            self.accept(next, is_even, emit);
        }
    }

    /// Gives out the remaining boundaries of a segment that ends at `end`.
    pub fn finish(&mut self, end: f64, emit: &mut dyn FnMut(Decided)) {
        self.closing = true;
        if self.last.is_none() {
            let period = self.lock_period(1);
            let from = self.queue.front().map_or(self.first, |c| c.position);
            let second = self.queue.get(1).filter(|_| period.is_some()).map(|c| c.position);
            self.start(from, second, period.unwrap_or(self.nominal), end, emit);
        }
        while let Some((next, is_even)) = self.next(f64::INFINITY).filter(|(b, _)| b.position <= end) {
            self.accept(next, is_even, emit);
        }
    }

    /// Waits for crossings that fit a period; gives up after some time and runs at nominal frequency.
    fn lock(&mut self, horizon: f64, emit: &mut dyn FnMut(Decided)) -> bool {
        // Crossings beyond the deadline do not count, whether they are known already or not.
        let deadline = self.first + PATIENCE * self.nominal;
        while self.queue.get(TO_LOCK - 1).is_some_and(|c| c.position <= deadline) {
            if let Some(period) = self.lock_period(TO_LOCK - 1) {
                let (from, second) = (self.queue[0].position, self.queue[1].position);
                self.known = self.queue[TO_LOCK - 1].position;
                self.start(from, Some(second), period, f64::INFINITY, emit);
                return true;
            }
            self.queue.pop_front();
        }
        let waited = horizon > deadline;
        if waited {
            self.known = deadline;
            self.start(self.first, None, self.nominal, f64::INFINITY, emit);
        }
        waited
    }

    /// Mean half period over the first crossings queued, when at least `intervals` of them are believable and alike. An edge bends
    /// the crossings around it: those before it are enough, if they make a whole cycle.
    fn lock_period(&self, intervals: usize) -> Option<f64> {
        let queue = self.queue.iter().take(TO_LOCK);
        if self.queue.len() <= intervals || !queue.clone().all(|c| c.slope.abs() >= self.least_slope) {
            return None;
        }
        let plausible = 0.75 * self.nominal..=1.3 * self.nominal;
        let mut gaps = queue.clone().zip(queue.clone().skip(1)).map(|(a, b)| b.position - a.position);
        if !gaps.all(|gap| plausible.contains(&gap)) {
            return None;
        }
        let first = self.queue.front()?;
        let is_alike = |c: &&Crossing| {
            let (a, b) = (c.slope.abs(), first.slope.abs());
            a.min(b) >= STEADY * a.max(b)
        };
        let all = queue.len() - 1;
        let steady = (queue.take_while(is_alike).count() - 1) & !1;
        let counted = if steady > 0 { steady } else { all };
        (counted > 0).then(|| (self.queue[counted].position - first.position) / counted as f64)
    }

    /// Begins at `from`, carried back to the start of the segment: by whole cycles, from the crossing after it (`second`) for
    /// every other boundary, because even harmonics make the two halves of a cycle unequal.
    fn start(
        &mut self,
        from: f64,
        second: Option<f64>,
        period: f64,
        end: f64,
        emit: &mut dyn FnMut(Decided),
    ) {
        self.half_period = period;
        let before = ((from - self.first) / period).floor().max(0.0);
        for k in (0..=before as u32).rev() {
            // The filter alone costs a cycle at the start; up to there the backward cut is as good as a crossing.
            let synthetic = if f64::from(k) <= 4.0 { 0 } else { k };
            let position = match second.filter(|_| k % 2 == 1) {
                Some(second) => second - f64::from(k + 1) * period,
                None => from - f64::from(k) * period,
            };
            if position >= self.first && position <= end {
                let boundary = Boundary { position, synthetic };
                self.last = Some(boundary);
                emit(Decided { boundary, half_period: period, known: self.known, is_even: true });
            }
        }
        if let Some(c) = self.queue.front().copied().filter(|c| c.position <= from) {
            self.before = [c.slope.abs(); 2];
            self.queue.pop_front();
        }
    }

    /// The boundary after the last one, when it is decided, and whether it is an even crossing.
    fn next(&mut self, horizon: f64) -> Option<(Boundary, bool)> {
        let last = self.last?;
        let half = self.half_period;
        while let Some(&c) = self.queue.front() {
            if c.position > last.position + 1.5 * half {
                break;
            }
            if horizon < c.position + REACH * half {
                return None;
            }
            let steadiness = self.steadiness(&c, half);
            let steady = steadiness >= STEADY;
            self.impatient = !steady && (self.impatient || last.synthetic >= IMPATIENT);
            let believable = c.slope.abs() >= self.least_slope && (steady || self.impatient);
            self.queue.pop_front();
            self.known = self.known.max(c.position + REACH * half);
            self.before = [self.before[1], c.slope.abs()];
            if believable && c.position >= last.position + 0.5 * half {
                let is_even = steadiness >= EVEN || self.unevens >= IMPATIENT;
                self.unevens = if steadiness >= EVEN { 0 } else { self.unevens.saturating_add(1) };
                return Some((Boundary { position: c.position, synthetic: 0 }, is_even));
            }
        }
        let late = last.position + 1.5 * half;
        (horizon >= late).then(|| {
            self.known = self.known.max(late);
            self.unevens = self.unevens.saturating_add(1);
            (Boundary { position: last.position + half, synthetic: last.synthetic.saturating_add(1) }, false)
        })
    }

    /// The least amplitude of the fundamental within a cycle on either side of `c`, the first of the queue, as a part of the largest.
    fn steadiness(&self, c: &Crossing, half: f64) -> f64 {
        let after = self.queue.iter().skip(1).take_while(|q| q.position <= c.position + REACH * half);
        let (mut least, mut most, mut n) = (c.slope.abs(), c.slope.abs(), 0);
        for amplitude in self.before.into_iter().chain(after.map(|q| q.slope.abs())) {
            (least, most, n) = (least.min(amplitude), most.max(amplitude), n + 1);
        }
        if n >= 4 || self.closing { least / most } else { 0.0 }
    }

    /// Learns the period from the next boundary, and gives it out.
    fn accept(&mut self, next: Boundary, is_even: bool, emit: &mut dyn FnMut(Decided)) {
        self.evens = if is_even { self.evens.saturating_add(1) } else { 0 };
        if self.evens > 2 {
            // A whole cycle: even harmonics make the two halves of one unequal.
            if self.intervals.len() == AVERAGED {
                self.intervals.pop_front();
            }
            self.intervals.push_back((next.position - self.second_last) / 2.0);
            let old = self.intervals.len().saturating_sub(TOO_YOUNG);
            let counted = if old >= TOO_YOUNG { old } else { self.intervals.len() };
            let mean = self.intervals.iter().take(counted).sum::<f64>() / counted as f64;
            self.half_period = mean.clamp(0.75 * self.nominal, 1.3 * self.nominal);
        }
        self.second_last = self.last.map_or(next.position, |b| b.position);
        self.last = Some(next);
        emit(Decided { boundary: next, half_period: self.half_period, known: self.known, is_even });
    }
}
