//! What a dip looks like: Bollen's ABC class, characteristic voltage, jump of phase, place on the wave, direction, shape.
//!
//! Everything here is a function of fundamental phasors, or of a few cycles of samples; the engine reads the samples around an
//! event and calls it ([`close_up`](crate::engine::close_up)). Phasors turn with the frequency before the event, so that a steady
//! voltage keeps its angle.
//!
//! Classes (M. H. J. Bollen, *Understanding Power Quality Problems*, ch. 4), with the voltage before as 1 and without zero sequence:
//! A all phases alike; C two phases, which approach each other; D one phase, with the others a little. E, F and G are the same
//! with a positive-negative factor F below 1. With a zero sequence, D is B and C is E at a star-connected load.

use std::cmp::Ordering;
use std::f64::consts::{FRAC_PI_3, TAU};

use realfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// Zero, positive and negative sequence of three line-neutral phasors.
pub fn sequences(v: [Complex64; 3]) -> [Complex64; 3] {
    let a = Complex64::from_polar(1.0, TAU / 3.0);
    let b = a.conj();
    [(v[0] + v[1] + v[2]) / 3.0, (v[0] + a * v[1] + b * v[2]) / 3.0, (v[0] + b * v[1] + a * v[2]) / 3.0]
}

/// Kind of a dip by the relation between its phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[allow(missing_docs)] // the letters are the names
pub enum Letter {
    A,
    B,
    C,
    D,
    E,
    F,
    G,
}

/// Class of a dip: its letter, and the phase that is unlike the other two (0, 1, 2; `None` for class A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct DipClass {
    /// Letter.
    pub letter: Letter,
    /// The odd phase: the lowest of B, D and F, the highest of C, E and G.
    pub phase: Option<u8>,
}

impl std::fmt::Display for DipClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.letter)?;
        match self.phase {
            Some(p @ 0..=2) => write!(f, "{}", ["a", "b", "c"][usize::from(p)]),
            _ => Ok(()),
        }
    }
}

/// A class by one method, with its two numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Classified {
    /// The class.
    pub class: DipClass,
    /// Characteristic voltage, over the voltage before: what the dip does whatever the connection of the transformers between.
    pub characteristic: Complex64,
    /// Positive-negative factor.
    pub factor: Complex64,
}

/// Negative sequence below which a dip is taken as balanced, over the positive sequence before.
const BALANCED: f64 = 0.05;
/// Zero sequence from which a dip has one: a single phase of this depth, thrice.
const HAS_ZERO: f64 = 0.04;
/// Positive-negative factor below which two phases and the earth are concerned.
const TWO_TO_EARTH: f64 = 0.94;

/// The letter, from what the methods find without zero sequence (C or D with phase) and what they leave out.
fn letter(is_d: bool, zero: f64, factor: f64) -> Letter {
    let has_zero = zero > HAS_ZERO;
    match (is_d, has_zero) {
        // A dip to earth of two phases: E with, G without zero sequence; F is its D.
        (true, false) if factor < TWO_TO_EARTH => Letter::F,
        (false, false) if factor < TWO_TO_EARTH => Letter::G,
        (true, true) => Letter::B,
        (false, true) => Letter::E,
        (true, false) => Letter::D,
        (false, false) => Letter::C,
    }
}

/// Symmetrical-component method: the angle between the negative sequence and the drop of the positive one names the class.
///
/// `v` are line-neutral phasors over the positive sequence before the dip.
pub fn by_sequences(v: [Complex64; 3]) -> Classified {
    let [zero, positive, negative] = sequences(v);
    if negative.norm() < BALANCED {
        let class = DipClass { letter: Letter::A, phase: None };
        return Classified { class, characteristic: positive, factor: positive };
    }
    let k = ((negative / (Complex64::ONE - positive)).arg() / FRAC_PI_3).round().rem_euclid(6.0);
    let turned = negative * Complex64::from_polar(1.0, -k * FRAC_PI_3);
    let (factor, characteristic) = (positive + turned, positive - turned);
    // 0 Ca, 1 Dc, 2 Cb, 3 Da, 4 Cc, 5 Db.
    let (is_d, phase) = [(false, 0), (true, 2), (false, 1), (true, 0), (false, 2), (true, 1)][k as usize % 6];
    let class = DipClass { letter: letter(is_d, zero.norm(), factor.norm()), phase: Some(phase) };
    Classified { class, characteristic, factor }
}

/// Six-phase method: of the three line-neutral voltages without zero sequence and the three line-line voltages over √3, the
/// smallest names the class; it is the characteristic voltage, the largest the positive-negative factor.
///
/// `v` as above; only magnitudes matter.
pub fn by_six_phases(v: [Complex64; 3]) -> Classified {
    let [zero, positive, negative] = sequences(v);
    let root = 3f64.sqrt();
    let ln = v.map(|x| x - zero);
    let ll = [(1, 2), (2, 0), (0, 1)].map(|(i, j)| (v[i] - v[j]) / root);
    let six: Vec<Complex64> = ln.into_iter().chain(ll).collect();
    let by_norm = |sign: f64| {
        (0..6).max_by(|&i, &j| (sign * six[i].norm()).total_cmp(&(sign * six[j].norm()))).unwrap_or(0)
    };
    let (least, most) = (by_norm(-1.0), by_norm(1.0));
    if six[most].norm() - six[least].norm() < 2.0 * BALANCED || negative.norm() < BALANCED {
        let class = DipClass { letter: Letter::A, phase: None };
        return Classified { class, characteristic: positive, factor: positive };
    }
    let (is_d, phase) = (least < 3, (least % 3) as u8);
    // Referred to the place of each voltage in a balanced system, so that angles compare.
    let place = |k: usize| {
        let turns = [0.0, -1.0, 1.0][k % 3] * TAU / 3.0;
        Complex64::from_polar(1.0, turns - if k < 3 { 0.0 } else { TAU / 4.0 })
    };
    let (characteristic, factor) = (six[least] / place(least), six[most] / place(most));
    let class = DipClass { letter: letter(is_d, zero.norm(), factor.norm()), phase: Some(phase) };
    Classified { class, characteristic, factor }
}

/// Where the source of a disturbance lies, seen from the meter with currents counted into the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// On the side of the supply.
    Upstream,
    /// On the side of the load: the site's own.
    Downstream,
    /// No method could tell, or they disagree.
    #[default]
    Unknown,
}

/// Direction by vote of three methods.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Direction {
    /// What most of them say, the impedance among them, or both others.
    pub side: Side,
    /// Votes for downstream and for upstream.
    pub votes: (u8, u8),
    /// Distance of the votes over the methods that could vote, 0 to 1.
    pub margin: f64,
}

/// Voltage and current of one cycle, over what they were before: positive sequence of a three-phase system, or one phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Voltage phasor.
    pub u: Complex64,
    /// Current phasor, into the load.
    pub i: Complex64,
}

/// Least change, over what was before, that a method votes on.
const LEAST_CHANGE: f64 = 0.02;
/// Half way between minus a source impedance (angles of 20° to 100°) and a load impedance (−20° to 80°), less a right angle.
const BETWEEN_DEG: f64 = 30.0;
/// Sine of the angle from that line within which the impedance does not vote.
const TOO_NEAR: f64 = 0.15;
/// Rise of the current beyond which a fall of active power says nothing: a short circuit nearby takes the voltage that power needs.
const FAULT_CURRENT: f64 = 1.5;
/// Power factor below which power flows backwards.
const BACKWARDS: f64 = -0.1;

/// Direction from the cycle before and the cycles inside the disturbance, one after the other (D1):
///
/// * the sign of the change of active power, which a source of disturbance on the load side raises;
/// * the angle of ΔU/ΔI: that of minus the source impedance when the load changes, of the load impedance when the supply does;
/// * the slope of |U·cos θ| against |I| over the cycles: negative for a load that draws more.
///
/// A side is named when most say so and the impedance, which circuits obey, is among them; where it cannot vote, both others. None is
/// where active power flowed backwards before: a transformer the wrong way round, a site that feeds and a line between two sources
/// look alike.
pub fn direction(before: Pair, during: &[Pair]) -> Direction {
    let Some(first) = during.first() else { return Direction::default() };
    let size = (before.u.norm(), before.i.norm().max(1e-12));
    let power = |p: &Pair| (p.u * p.i.conj()).re;
    if power(&before) < BACKWARDS * size.0 * size.1 {
        return Direction::default();
    }
    let mut votes = (0u8, 0u8);
    let mut vote = |downstream: f64| match downstream {
        d if d > 0.0 => votes.0 += 1,
        d if d < 0.0 => votes.1 += 1,
        _ => {}
    };
    let rise = power(first) - power(&before);
    let says_nothing = rise < 0.0 && first.i.norm() > FAULT_CURRENT * size.1;
    if rise.abs() > LEAST_CHANGE * size.0 * size.1 && !says_nothing {
        vote(rise);
    }
    let mut by_impedance = Side::Unknown;
    let (du, di) = (first.u - before.u, first.i - before.i);
    if di.norm() > LEAST_CHANGE * size.1 && du.norm() > LEAST_CHANGE * size.0 {
        let z = du / di * Complex64::from_polar(1.0, -BETWEEN_DEG.to_radians());
        if z.re.abs() > TOO_NEAR * z.norm() {
            vote(-z.re);
            by_impedance = if z.re < 0.0 { Side::Downstream } else { Side::Upstream };
        }
    }
    let points: Vec<(f64, f64)> = std::iter::once(&before)
        .chain(during)
        .map(|p| (p.i.norm(), power(p).abs() / p.i.norm().max(1e-9 * size.1)))
        .collect();
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (xx, xy) = points
        .iter()
        .fold((0.0, 0.0), |(xx, xy), p| (xx + (p.0 - x) * (p.0 - x), xy + (p.0 - x) * (p.1 - y)));
    if xx > (LEAST_CHANGE * size.1).powi(2) {
        vote(-xy);
    }
    let cast = votes.0 + votes.1;
    let margin = f64::from(votes.0.abs_diff(votes.1)) / f64::from(cast.max(1));
    let most = match votes.0.cmp(&votes.1) {
        Ordering::Greater => Side::Downstream,
        Ordering::Less => Side::Upstream,
        Ordering::Equal => Side::Unknown,
    };
    let both_others = by_impedance == Side::Unknown && votes.0.max(votes.1) == 2;
    let side = if most == by_impedance || both_others { most } else { Side::Unknown };
    Direction { side, votes, margin }
}

/// Points of a period at which a departure is sought first.
const COARSE: f64 = 500.0;

/// Sums over everything from a point on: the normal equations of offset, cosine and sine, and the squares.
#[derive(Clone, Copy, Default)]
struct Tail {
    g: [[f64; 3]; 3],
    b: [f64; 3],
    squares: f64,
}

impl Tail {
    /// Takes the point before.
    fn add(&mut self, turn: Complex64, d: f64) {
        let row = [1.0, turn.re, turn.im];
        for i in 0..3 {
            for j in 0..3 {
                self.g[i][j] += row[i] * row[j];
            }
            self.b[i] += row[i] * d;
        }
        self.squares += d * d;
    }

    /// Squares that are left when all before is nothing and this is what the three explain.
    fn rest(&self, all: f64) -> f64 {
        (all - self.squares).max(0.0) + (self.squares - explained(self.g, self.b)).max(0.0)
    }
}

/// Where a wave departs for good from what it was, as an index into `difference`, to a part of a sample.
///
/// `difference` is the wave minus its prediction from the cycles before; it is small up to the point sought and follows a
/// sinusoid of `period` samples (the change of the fundamental) with an offset after it. The point is where these two, fitted,
/// leave the least square: sought at 500 points of a period, then at every sample around the best of these.
pub fn onset(difference: &[f64], period: f64) -> Option<usize> {
    let n = difference.len();
    let all: f64 = difference.iter().map(|d| d * d).sum();
    let least = (period / 8.0).ceil() as usize;
    let step = (period / COARSE).floor().max(1.0) as usize;
    let turn = |k: usize| Complex64::from_polar(1.0, TAU * k as f64 / period);
    let back = turn(1).conj();
    // Goes down from sample `from`, behind which `tail` lies, and offers what every `step`-th leaves.
    let walk =
        |from: usize, to: usize, step: usize, mut tail: Tail, offer: &mut dyn FnMut(f64, usize, Tail)| {
            let mut at = turn(from.saturating_sub(1));
            let mut before = tail;
            for k in (to..from).rev() {
                tail.add(at, difference[k]);
                at *= back;
                if (from - k).is_multiple_of(step) {
                    if n - k >= least {
                        offer(tail.rest(all), k, before);
                    }
                    before = tail;
                }
            }
        };
    let mut best: Option<(f64, usize, Tail)> = None;
    let mut better = |rest: f64, k: usize, before: Tail| {
        if best.is_none_or(|(least, ..)| rest < least) {
            best = Some((rest, k, before));
        }
    };
    walk(n, 0, step, Tail::default(), &mut better);
    let (mut rest, mut found, before) = best?;
    let around = (found + step, (found + 1).saturating_sub(step));
    walk(around.0, around.1, 1, before, &mut |r, k, _| {
        if r < rest {
            (rest, found) = (r, k);
        }
    });
    Some(found)
}

/// bᵀ·g⁻¹·b: the part of a sum of squares that three functions explain; of two of them when the third is not independent.
fn explained(g: [[f64; 3]; 3], b: [f64; 3]) -> f64 {
    let (mut g, mut b) = (g, b);
    let mut sum = 0.0;
    for k in 0..3 {
        let row = g[k];
        if row[k] < 1e-6 * g[0][0].max(1e-300) {
            continue;
        }
        sum += b[k] * b[k] / row[k];
        for i in k + 1..3 {
            let f = g[i][k] / row[k];
            g[i].iter_mut().zip(row).for_each(|(x, y)| *x -= f * y);
            b[i] -= f * b[k];
        }
    }
    sum
}

/// Form of a dip over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Abrupt start and abrupt end: a fault and its clearing, or something switched on and off.
    Rectangular,
    /// Abrupt start, gradual recovery: a motor that runs up.
    Recovering,
    /// The same with even harmonics of the current: a transformer that is energised.
    Magnetising,
    /// Neither: slow, or too short or cut off to tell.
    #[default]
    Other,
}

/// A part of a dip between two steps of its voltage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stage {
    /// Where it begins, as a sample position.
    pub start_sample: f64,
    /// Where it ends.
    pub stop_sample: f64,
    /// Lowest voltage of its phases, over the reference.
    pub residual_pu: f64,
}

/// Everything about one dip or interruption beyond its length and depth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DipForm {
    /// Which of the events it describes.
    pub event: usize,
    /// Class by symmetrical components; `None` without three phases, or with less than a cycle inside.
    pub class: Option<DipClass>,
    /// Class by the six-phase method.
    pub class_six_phase: Option<DipClass>,
    /// Magnitude of the characteristic voltage over the positive sequence before; NaN without a class.
    pub characteristic_pu: f64,
    /// Magnitude of the positive-negative factor; NaN without a class.
    pub factor_pu: f64,
    /// Jump of phase: angle of the characteristic voltage, of one phase when only one is measured, in degrees.
    pub phase_jump_deg: f64,
    /// Point on wave at which it begins, on the deepest channel, in degrees from the rising zero crossing, −180 to 180.
    pub start_deg: f64,
    /// Where it ends likewise; NaN when it ends gradually, or the record ends before.
    pub stop_deg: f64,
    /// Its stages, one after the other; one for a plain dip.
    pub stages: Vec<Stage>,
    /// Direction; unknown without currents.
    pub direction: Direction,
    /// Form over time.
    pub shape: Shape,
    /// Drop within the first cycle and a half, over the whole depth.
    pub abrupt_start: f64,
    /// Rise within a cycle and a half at the end, over the whole depth.
    pub abrupt_end: f64,
    /// Negative and zero sequence at the deepest point, over the positive sequence before; NaN without three phases.
    pub unbalance: f64,
    /// Largest current inside over that before; NaN without currents.
    pub current_ratio: f64,
    /// Current after over that before; NaN without currents, or when the record ends before.
    pub current_after_ratio: f64,
    /// 2nd harmonic of the current that has most of it, over the change of its fundamental, in the second to sixth cycle; NaN when
    /// the record ends before.
    pub second_harmonic_ratio: f64,
    /// Voltage after it, over that before.
    pub voltage_after_ratio: f64,
    /// Depth: how far the deepest channel falls below what it was before, over the reference.
    pub depth_pu: f64,
}

#[cfg(test)]
mod tests;
