//! The second look at a half cycle in which something stands out: is it more than noise?
//!
//! Each sample x is held against the mean of the cycles before and after it, r = x − (x₋ + x₊)/2. What drifts or wavers leaves
//! nothing of first order in r, and its noise is less than that of a difference of two cycles. Four half cycles before say how
//! large r is without a disturbance. Then two things count:
//!
//! * the **energy** Σr² over windows of 0.2 to 8 ms: of white noise it is a χ², the threshold of which is known for each rate and
//!   length, so that a ringing is found that exceeds the noise in no single sample;
//!   So is that of the second difference of r over a sixth of a millisecond, in which a ringing of some kilohertz is larger than
//!   the noise, and what is left of low harmonics is not;
//! * a **pulse**: r weighted by an exponential of 0.1 ms that begins at the sample, as impulses fall.
//!
//! What is not like noise, harmonics that change fast for one, has its own limit: the windows before, and a part more.
//! A lasting step, and the echo of an impulse a cycle later, change x₊ − x₋ as much as r, so they are told apart.

use std::ops::Range;

use super::departure;
use crate::engine::history::History;

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
const ALARMS_PER_HOUR: f64 = 0.03;
/// Energy over the largest of the half cycles before but one, from which it counts.
const ABOVE_BEFORE: f64 = 1.4;
/// Part of the energy of r that x₊ − x₋ may have gained.
const MOST_APART: f64 = 1.0 / 3.0;

/// What noise reaches now and then, of what it reaches hardly ever.
const GOES_ON: f64 = 0.55;
/// Standard deviations by which the cycles before and after differ by chance.
const APART_BY_CHANCE: f64 = 3.0;
/// Frequency at which the second difference is largest.
const SHARP_HZ: f64 = 3e3;
/// Samples that make one degree of freedom of its energy: as many as its largest power is times the mean one, which rules rare
/// values.
const SHARP_LIKE: f64 = 2.67;
/// Most samples between those of a second difference.
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
    /// Σr², and that of the second difference.
    energy: [f64; 2],
    /// The same of e = (x₊ − x₋)/2.
    apart: [f64; 2],
    /// Sum of the squared pulses.
    pulses: f64,
    /// Largest squared pulse.
    pulse: f64,
}

/// Standard deviations beyond which normal noise of `fs` samples per second goes [`ALARMS_PER_HOUR`].
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

impl Ranked {
    fn of(mut all: [f64; BLOCKS - 1]) -> Self {
        all.sort_unstable_by(f64::total_cmp);
        Self { least: all[0], middle: f64::midpoint(all[1], all[2]), second: all[2] }
    }
}

/// Looks at the samples `from..to`, the cycle of which is `whole` samples with the weights `w`; `None` where the cycles before
/// are not all there, and where there is only noise. Two cycles `usual`ly differ by so much in some sample of a half cycle.
#[expect(clippy::large_stack_arrays, reason = "30 kB, so that nothing is allocated")]
pub(super) fn look(
    raw: &History,
    (from, to): (u64, u64),
    (whole, w): (u64, [f32; 4]),
    usual: f32,
    (fs, half_period): (f64, f64),
) -> Option<Found> {
    let cell = (to - from).div_ceil(CELLS as u64);
    let block = (to - from).div_ceil(cell);
    let length = BLOCKS as u64 * block * cell;
    let needed = length + whole + 2;
    // By lengths, not by what happens to be held.
    if (needed - (to - from)) as f64 > HELD_HALVES * half_period || to < raw.first() + needed {
        return None;
    }
    let base = to - length;
    let x = raw.get(base..to);
    let before = raw.get(base - whole - 2..to - whole + 1);
    let after = raw.get(base + whole - 1..to + whole + 2);
    let (cell, block) = (cell as usize, block as usize);
    let neighbours = |n: usize| {
        let p = (w[0] * before[n] + w[1] * before[n + 1]) + (w[2] * before[n + 2] + w[3] * before[n + 3]);
        let q = (w[3] * after[n] + w[2] * after[n + 1]) + (w[1] * after[n + 2] + w[0] * after[n + 3]);
        (p, q)
    };
    let mut cells = [Cell::default(); BLOCKS * CELLS];
    let cells = &mut cells[..BLOCKS * block];
    let falls = (-1.0 / (fs * PULSE_S)).exp() as f32;
    let mut pulse = 0.0f32;
    let stride = ((fs / (2.0 * SHARP_HZ)).round() as usize).clamp(1, MOST_STRIDE);
    // The last samples of r and e, backwards.
    let mut last = [(0.0f32, 0.0f32); 2 * MOST_STRIDE + 2];
    for (c, out) in cells.iter_mut().enumerate().rev() {
        for n in (c * cell..(c + 1) * cell).rev() {
            let (p, q) = neighbours(n);
            let (r, e) = (x[n] - 0.5 * (p + q), 0.5 * (q - p));
            pulse = r + falls * pulse;
            let squared = f64::from(pulse * pulse);
            out.energy[0] += f64::from(r * r);
            out.apart[0] += f64::from(e * e);
            out.pulses += squared;
            out.pulse = out.pulse.max(squared);
            last[n % last.len()] = (r, e);
            if n + 2 * stride < x.len() {
                let (one, two) = (last[(n + stride) % last.len()], last[(n + 2 * stride) % last.len()]);
                out.energy[1] += f64::from(one.0 - 0.5 * (r + two.0)).powi(2);
                out.apart[1] += f64::from(one.1 - 0.5 * (e + two.1)).powi(2);
            }
        }
    }
    let (found, noise, apart) = search(cells, block, cell, fs, f64::from(usual))?;
    let peak = (found.start * cell..found.end * cell).fold(0.0, |most: f64, n| {
        let (p, q) = neighbours(n);
        let x = f64::from(x[n]);
        most.max(departure(x - f64::from(p), x - f64::from(q), apart).abs())
    });
    let at = |c: usize| base + (c * cell) as u64;
    Some(Found { samples: at(found.start)..at(found.end), peak: peak as f32, apart, noise })
}

/// The cells in which something stands out, what noise reaches, and half of what the cycles before and after differ by chance.
fn search(
    cells: &[Cell],
    block: usize,
    cell: usize,
    fs: f64,
    most_apart: f64,
) -> Option<(Range<usize>, f32, f64)> {
    let sigmas = sigmas(fs);
    let now = (BLOCKS - 1) * block;
    // The mean of the two in the middle is as sure as the mean of so many samples.
    let others = 3.0 * (block * cell) as f64;
    let each = |f: &dyn Fn(&[Cell]) -> f64| {
        Ranked::of(std::array::from_fn(|j| f(&cells[j * block..(j + 1) * block])))
    };
    let samples = (block * cell) as f64;
    let mean = |f: &dyn Fn(&Cell) -> f64| each(&|b| b.iter().map(f).sum::<f64>() / samples);
    let mut found = cells.len()..0;
    let (mut noise, mut apart_by_chance) = (0.0, 0.0);
    // Plain, and by its second difference.
    for way in 0..2 {
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
            let apart = (sums[to].1 - sums[from].1) - samples * usually_apart;
            if apart <= MOST_APART * (energy(from, to) - samples * usual) {
                found = found.start.min(from.max(now))..found.end.max(to);
            }
        };
        if way == 0 {
            noise = (GOES_ON * sigmas * usual.sqrt()) as f32;
            apart_by_chance = (APART_BY_CHANCE * usually_apart.sqrt()).min(most_apart);
            let most = each(&|b| b.iter().map(|c| c.pulse).fold(0.0, f64::max)).second;
            let limit = (ratio(1.0, others, sigmas) * mean(&|c| c.pulses).middle).max(ABOVE_BEFORE * most);
            let falls = ((2.0 * PULSE_S * fs / cell as f64).round() as usize).max(1);
            for k in (now..cells.len()).filter(|k| cells[*k].pulse > limit) {
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
            // Second differences of noise are of fewer degrees than samples.
            let like = if way == 0 { 1.0 } else { SHARP_LIKE };
            let samples = (wide * cell) as f64;
            let limit =
                (ratio(samples / like, others / like, sigmas) * samples * usual).max(ABOVE_BEFORE * before);
            for to in (now + 1..=cells.len()).filter(|to| energy(to - wide, *to) > limit) {
                take(to - wide, to);
            }
        }
    }
    (found.start < found.end).then_some((found, noise, apart_by_chance))
}
