//! The second look at a half cycle in which something stands out: is it more than noise?
//!
//! Each sample x is held against the mean of the cycles before and after it, r = x − (x₋ + x₊)/2. What drifts or wavers leaves
//! nothing of first order in r, and its noise is less than that of a difference of two cycles. Four half cycles before say how
//! large r is without a disturbance. It is seen in three ways:
//!
//! * **plain**;
//! * **sharp**: its second difference over a sixth of a millisecond, in which what falls or rings within some tenths of a
//!   millisecond is larger than the noise, and what is left of low harmonics is not;
//! * **alone**: the sixth difference of x itself over as long. It leaves nothing of harmonics of low order, so no cycle has to be
//!   subtracted, and its noise is a third less.
//!
//! In each of them the **energy** over windows of 0.2 to 8 ms counts: of white noise it is a χ², the threshold of which is known for
//! each rate and length, so that a ringing is found that exceeds the noise in no single sample. In the first two a **pulse** counts
//! too: the sum of what follows, weighted by an exponential of 0.1 ms, as impulses fall.
//!
//! What is not like noise, harmonics that change fast for one, has its own limits: the windows before, and a part more; plain, also
//! what these have beyond the noise, some times over, since it may grow.
//! A lasting step, and the echo of an impulse a cycle later, change x₊ − x₋ as much as r, so they are told apart.

use std::ops::Range;

use super::departure;
use crate::engine::history::Held;

/// Half cycles that are looked at: four before, and the one in question.
const BLOCKS: usize = 5;
/// Most parts of a half cycle that are told apart.
const CELLS: usize = 128;
/// Half cycles of the nominal frequency that lie before the one in question and are certainly still held.
const HELD_HALVES: f64 = 7.0;
/// Lengths of the windows, in seconds.
const WINDOWS_S: [f64; 5] = [0.2e-3, 0.5e-3, 1e-3, 3e-3, 8e-3];
/// Time in which a pulse falls to 1/e, in seconds.
const PULSE_S: f64 = 1e-4;
/// False alarms of white noise per hour, by each window.
const ALARMS_PER_HOUR: f64 = 0.1;
/// Energy over the largest of the half cycles before but one, from which it counts.
const ABOVE_BEFORE: f64 = 1.4;
/// Part of the energy that x₊ − x₋ may have gained: what lasts has as much of it as r, and a quarter of what x has alone.
const MOST_APART: [f64; WAYS] = [1.0 / 3.0, 1.0 / 3.0, 1.0 / 8.0];
/// What noise reaches now and then, of what it reaches hardly ever.
const GOES_ON: f64 = 0.55;
/// Standard deviations by which the cycles before and after differ by chance.
const APART_BY_CHANCE: f64 = 3.0;

/// What wavers may grow to so many times the energy it had before.
const GROWS: f64 = 4.0;
/// What the energy of noise has beyond its mean in some window of a half cycle, of what it hardly ever has.
const NOW_AND_THEN: f64 = 0.4;
/// Energy of the second difference of noise over that of the noise.
const SHARP_NOISE: f64 = 1.5;

/// The ways in which r is seen.
const WAYS: usize = 3;
const PLAIN: usize = 0;
const SHARP: usize = 1;
const ALONE: usize = 2;
/// In the first two of them pulses are sought.
const PULSED: usize = 2;
/// Frequency at which the differences are largest.
const SHARP_HZ: f64 = 3e3;
/// Samples of each way that make one degree of freedom of its energy: as many as its largest power is times the mean one, which
/// rules rare values.
const LIKE: [f64; WAYS] = [1.0, 2.67, 4.43];
/// Most samples between those of a difference.
const MOST_STRIDE: usize = 255;

/// What stands out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Where.
    pub(super) samples: Range<u64>,
    /// Largest departure inside.
    pub(super) peak: f32,
    /// Half of what the cycles before and after differ by chance.
    pub(super) apart: f64,
    /// What noise reaches once in some half cycles.
    pub(super) noise: f32,
}

/// A part of a half cycle.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// Of r² in each way, summed; of x² in the last.
    energy: [f64; WAYS],
    /// The same of e = (x₊ − x₋)/2.
    apart: [f64; WAYS],
    /// Sum of the squared pulses.
    pulses: [f64; PULSED],
    /// Largest squared pulse.
    pulse: [f64; PULSED],
}

/// Standard deviations beyond which normal noise of `fs` values per second goes [`ALARMS_PER_HOUR`].
fn sigmas(fs: f64) -> f64 {
    let odds = 3600.0 * fs * (2.0 / std::f64::consts::PI).sqrt() / ALARMS_PER_HOUR;
    (0..4).fold(6.0, |z: f64, _| (2.0 * (odds / z).ln()).sqrt())
}

/// The mean square of `n` values over that of `m` others, which normal noise exceeds as rarely as `sigmas` (Paulson's form of
/// Wilson and Hilferty for F; for one value Student's t, bounded by its exponent).
fn ratio(n: f64, m: f64, sigmas: f64) -> f64 {
    if n <= 1.0 {
        return m * (sigmas * sigmas / m).exp_m1();
    }
    let (u, v) = (2.0 / (9.0 * m), 2.0 / (9.0 * n));
    let (a, b, zz) = (1.0 - u, 1.0 - v, sigmas * sigmas);
    let root = (a * a * v + b * b * u - zz * u * v).max(0.0).sqrt();
    let below = a * a - zz * u;
    // Where so few others know nothing, nothing is beyond.
    if below > 0.0 { ((a * b + sigmas * root) / below).powi(3) } else { f64::INFINITY }
}

/// Of the half cycles before.
#[derive(Clone, Copy)]
struct Ranked {
    least: f64,
    /// Mean of the two in the middle.
    middle: f64,
    /// The largest but one.
    second: f64,
}

impl Cell {
    fn add(&mut self, way: usize, r: f32, e: f32) {
        self.energy[way] += f64::from(r * r);
        self.apart[way] += f64::from(e * e);
    }

    fn add_pulse(&mut self, way: usize, pulse: f32) {
        let squared = f64::from(pulse * pulse);
        self.pulses[way] += squared;
        self.pulse[way] = self.pulse[way].max(squared);
    }
}

impl Ranked {
    fn of(mut all: [f64; BLOCKS - 1]) -> Self {
        all.sort_unstable_by(f64::total_cmp);
        Self { least: all[0], middle: f64::midpoint(all[1], all[2]), second: all[2] }
    }
}

/// The samples that are looked at, with those of the cycles before and after, and of as much as differences reach.
struct Stretch<'a> {
    x: &'a [f32],
    before: &'a [f32],
    after: &'a [f32],
    around: &'a [f32],
    /// Weights of the samples a cycle before.
    w: [f32; 4],
    /// Samples between those of a difference.
    stride: usize,
    /// Samples of a cell, and cells of a half cycle.
    cell: usize,
    block: usize,
}

impl Stretch<'_> {
    /// What the cycles before and after have in the place of sample `n`.
    fn neighbours(&self, n: usize) -> (f32, f32) {
        let (w, p, q) = (self.w, &self.before[n..n + 4], &self.after[n..n + 4]);
        let p = (w[0] * p[0] + w[1] * p[1]) + (w[2] * p[2] + w[3] * p[3]);
        let q = (w[3] * q[0] + w[2] * q[1]) + (w[1] * q[2] + w[0] * q[3]);
        (p, q)
    }

    /// The sixth difference of x around sample `n`, with unit gain where it is largest.
    fn alone(&self, n: usize) -> f32 {
        let x = |k: usize| self.around[n + k * self.stride];
        (20.0 * x(3) - 15.0 * (x(2) + x(4)) + (6.0 * (x(1) + x(5)) - (x(0) + x(6)))) / 64.0
    }

    /// Fills all cells: pulses begin at a sample, so they are summed backwards.
    fn fill(&self, cells: &mut [Cell], falls: f32) {
        let mut pulse = 0.0f32;
        // The last samples of r, e and pulses.
        let mut last = [(0.0f32, 0.0f32, 0.0f32); 2 * MOST_STRIDE + 2];
        let stride = self.stride;
        for (c, out) in cells.iter_mut().enumerate().rev() {
            for n in (c * self.cell..(c + 1) * self.cell).rev() {
                let (p, q) = self.neighbours(n);
                let (r, e) = (self.x[n] - 0.5 * (p + q), 0.5 * (q - p));
                pulse = r + falls * pulse;
                out.add(PLAIN, r, e);
                out.add_pulse(PLAIN, pulse);
                last[n % last.len()] = (r, e, pulse);
                if n + 2 * stride < self.x.len() {
                    let (one, two) = (last[(n + stride) % last.len()], last[(n + 2 * stride) % last.len()]);
                    let (sharp, apart) = (one.0 - 0.5 * (r + two.0), one.1 - 0.5 * (e + two.1));
                    out.add(SHARP, sharp, apart);
                    out.add_pulse(SHARP, one.2 - 0.5 * (pulse + two.2));
                    // The second difference has a gain of 2 where it is largest.
                    out.add(ALONE, self.alone(n), 0.5 * apart);
                }
            }
        }
    }
}

/// Looks at the samples `from..to`, the cycle of which is `whole` samples with the weights `w`; `None` where the cycles before
/// are not all there, and where there is only noise. Two cycles `usual`ly differ by so much in some sample of a half cycle.
#[expect(clippy::large_stack_arrays, reason = "60 kB, so that nothing is allocated")]
pub(super) fn look(
    raw: Held<'_>,
    (from, to): (u64, u64),
    (whole, w): (u64, [f32; 4]),
    usual: f32,
    (fs, half_period): (f64, f64),
) -> Option<Found> {
    let cell = (to - from).div_ceil(CELLS as u64);
    let block = (to - from).div_ceil(cell);
    let length = BLOCKS as u64 * block * cell;
    let needed = length + whole + 2;
    let stride = ((fs / (2.0 * SHARP_HZ)).round() as u64).clamp(1, MOST_STRIDE as u64);
    // By lengths, not by what happens to be held.
    if (needed - (to - from)) as f64 > HELD_HALVES * half_period
        || to < raw.first() + needed
        || whole < 3 * stride
    {
        return None;
    }
    let base = to - length;
    let stretch = Stretch {
        x: raw.get(base..to),
        before: raw.get(base - whole - 2..to - whole + 1),
        after: raw.get(base + whole - 1..to + whole + 2),
        around: raw.get(base - 3 * stride..to + 3 * stride),
        w,
        stride: stride as usize,
        cell: cell as usize,
        block: block as usize,
    };
    let mut cells = [Cell::default(); BLOCKS * CELLS];
    let cells = &mut cells[..BLOCKS * stretch.block];
    stretch.fill(cells, (-1.0 / (fs * PULSE_S)).exp() as f32);
    let (found, noise, apart) = search(&stretch, cells, fs, f64::from(usual))?;
    let peak = (found.start * stretch.cell..found.end * stretch.cell).fold(0.0, |most: f64, n| {
        let (p, q) = stretch.neighbours(n);
        let x = f64::from(stretch.x[n]);
        most.max(departure(x - f64::from(p), x - f64::from(q), apart).abs())
    });
    let at = |c: usize| base + c as u64 * cell;
    Some(Found { samples: at(found.start)..at(found.end), peak: peak as f32, apart, noise })
}

/// The cells in which something stands out, what noise reaches, and half of what the cycles before and after differ by chance.
fn search(
    stretch: &Stretch<'_>,
    cells: &[Cell],
    fs: f64,
    most_apart: f64,
) -> Option<(Range<usize>, f32, f64)> {
    let Stretch { cell, block, .. } = *stretch;
    let now = (BLOCKS - 1) * block;
    let samples = (block * cell) as f64;
    // The mean of the two in the middle is as sure as the mean of so many samples.
    let others = 3.0 * samples;
    let each = |f: &dyn Fn(&[Cell]) -> f64| {
        Ranked::of(std::array::from_fn(|j| f(&cells[j * block..(j + 1) * block])))
    };
    let mean = |f: &dyn Fn(&Cell) -> f64| each(&|b| b.iter().map(f).sum::<f64>() / samples);
    let mut found = cells.len()..0;
    let (mut noise, mut apart_by_chance) = (0.0, 0.0);
    // That of r is as its second difference says; what r has beyond it wavers.
    let noise_of_r = mean(&|c| c.energy[SHARP]).middle / SHARP_NOISE;
    for way in [PLAIN, SHARP, ALONE] {
        let sigmas = sigmas(fs / LIKE[way]);
        let usual = mean(&|c| c.energy[way]).middle;
        // Steps set the half cycles before apart, a dip of two cycles all of them; the median of many more knows better.
        let usually_apart = mean(&|c| c.apart[way]).least.min(most_apart * most_apart);
        // Sums of both up to each cell.
        let mut sums = [(0.0, 0.0); BLOCKS * CELLS + 1];
        for (k, c) in cells.iter().enumerate() {
            sums[k + 1] = (sums[k].0 + c.energy[way], sums[k].1 + c.apart[way]);
        }
        let energy = |from: usize, to: usize| sums[to].0 - sums[from].0;
        let mut take = |from: usize, to: usize| {
            let samples = ((to - from) * cell) as f64;
            let gained = energy(from, to) - samples * usual;
            let apart = (sums[to].1 - sums[from].1) - samples * usually_apart;
            if apart <= MOST_APART[way] * gained {
                found = found.start.min(from.max(now))..found.end.max(to);
            }
        };
        if way == PLAIN {
            noise = (GOES_ON * sigmas * usual.sqrt()) as f32;
            apart_by_chance = (APART_BY_CHANCE * usually_apart.sqrt()).min(most_apart);
        }
        if way < PULSED {
            let most = each(&|b| b.iter().map(|c| c.pulse[way]).fold(0.0, f64::max)).second;
            let usual = mean(&|c| c.pulses[way]).middle;
            let limit = (ratio(1.0, others / LIKE[way], sigmas) * usual).max(ABOVE_BEFORE * most);
            let falls = ((2.0 * PULSE_S * fs / cell as f64).round() as usize).max(1);
            for k in (now..cells.len()).filter(|k| cells[*k].pulse[way] > limit) {
                take(k, (k + falls).min(cells.len()));
            }
        }
        for window_s in WINDOWS_S {
            let wide = ((window_s * fs / cell as f64).round() as usize).clamp(1, block);
            let largest = |j: usize| {
                (j * block + 1..=(j + 1) * block)
                    .filter(|to| *to >= wide)
                    .map(|to| energy(to - wide, to))
                    .fold(0.0, f64::max)
            };
            let before = Ranked::of(std::array::from_fn(largest)).second;
            let samples = (wide * cell) as f64;
            let rare = ratio(samples / LIKE[way], others / LIKE[way], sigmas);
            let wavers = before - samples * noise_of_r * (1.0 + NOW_AND_THEN * (rare - 1.0));
            let grown = samples * noise_of_r * rare + GROWS * wavers;
            let limit = (samples * rare * usual).max(ABOVE_BEFORE * before);
            let limit = if way == PLAIN { limit.max(grown) } else { limit };
            for to in (now + 1..=cells.len()).filter(|to| energy(to - wide, *to) > limit) {
                take(to - wide, to);
            }
        }
    }
    (found.start < found.end).then_some((found, noise, apart_by_chance))
}

#[cfg(test)]
mod tests;
