//! Notches: a converter that short-circuits two phases for a moment, at the same angles of every cycle (IEEE 1159, 4.4.5;
//! IEEE 519, annex on notch depth and area).
//!
//! What repeats every cycle vanishes in a cycle difference, so notches are sought where they stand out: the harmonic components of
//! a basic interval give back the mean cycle. Of it, the orders from `SHARP` up hold the notches and little else; they are
//! notches when few narrow peaks, at least half of them towards zero volts, make that part (each commutation lowers one phase and
//! raises another). Depth is |u| beside a notch minus |u| inside, area its
//! integral. Where harmonics hide them, the orders from `FINE` up still show small ones: as rectangles of one width and depth that
//! explain most of that part. Notching is one disturbance as long as no interval is without, on whatever channels; three intervals
//! in a row make it, at like angles.

use std::f64::consts::{PI, SQRT_2, TAU};
use std::ops::Range;

use realfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::capture::Kind;
use crate::engine::analysis::Flags;
use crate::engine::measured::Measured;
use crate::engine::plan::Plan;
use crate::pq::harmonics::ORDERS;
use crate::pq::transients::{Peaks, Transient, TransientKind};

/// Points of the mean cycle.
const POINTS: usize = 256;
/// Lowest order of the part that holds the notches.
const SHARP: usize = 9;
/// Orders that must be measured: fewer do not draw a notch.
const LEAST_ORDERS: usize = 25;
/// Part of the cycle in which the sharp part may exceed two fifths of its peak: more is a harmonic, not a notch.
const MOST_OF_CYCLE: f64 = 0.35;
/// Part of the fundamental that the harmonics of usual networks from order `SHARP` up reach together, whatever their phases:
/// peaks of the sharp part below that may be theirs.
const OF_HARMONICS: f64 = 0.075;
/// Notches per cycle at most: six of its own bridge, six of one beside it.
const MOST_NOTCHES: usize = 12;
/// What is a peak: part of the largest, and points between two at least, since a wide notch has a peak at either edge.
const APART: (f64, isize) = (0.5, 10);
/// Lowest order in which small notches are sought.
const FINE: usize = 25;
/// What is a peak there: farther apart, since orders from 25 to 50 ring at either side.
const FINE_APART: (f64, isize) = (0.7, 18);
/// Part of the energy from order `SHARP` up that notches of any width have from order `FINE` up, and harmonics that waver have
/// not; half of what is left of it when a notch is rounded by 100 µs.
const FINE_PART: f64 = 0.02;
/// Orders that must be measured to tell.
const TELLING_ORDERS: usize = 40;
/// Of that part, the median over the largest: of normal noise it is less once in a thousand intervals.
const STANDS_OUT: f64 = 0.2;
/// Part of its energy that notches explain.
const EXPLAINED: f64 = 0.55;
/// Widths of small notches that are tried, in parts of a cycle.
const WIDTHS: [f64; 8] = [0.006, 0.009, 0.013, 0.018, 0.024, 0.03, 0.038, 0.048];
/// Degrees by which the place of notches may change from one interval to the next.
const LIKE_DEG: f64 = 6.0;
/// Intervals in a row that make notching.
const INTERVALS: u32 = 3;

/// The notches of one channel in its mean cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Notches {
    /// In each cycle.
    pub per_cycle: u8,
    /// Depth of the deepest, in volts.
    pub depth_v: f64,
    /// Its area, in volt-seconds.
    pub area_vs: f64,
    /// Its angle, in degrees from the rising zero crossing of the fundamental, −180 to 180.
    pub angle_deg: f64,
    /// True when the wave is above zero there.
    pub above_zero: bool,
}

/// The notches in the cycle whose harmonic components, r.m.s. phasors of cosines, are given; `None` without.
pub fn notches(component: &[Complex64; ORDERS], hz: f64, least_v: f64) -> Option<Notches> {
    let orders = component.iter().take_while(|c| (c.re + c.im).is_finite()).count();
    if orders <= LEAST_ORDERS {
        return None;
    }
    // Peaks cannot be higher than the sum of what they are made of: spares the work on clean mains.
    let most_v =
        |from: usize| SQRT_2 * component[from..orders].iter().map(|c| c.norm_sqr().sqrt()).sum::<f64>();
    let usual = if most_v(SHARP) < least_v / 2.0 { None } else { drawn(&component[..orders], hz, least_v) };
    let fine = || {
        let reaches = orders > FINE && most_v(FINE) >= least_v / 10.0;
        if reaches { hidden(&component[..orders], hz, least_v) } else { None }
    };
    usual.or_else(fine)
}

/// A mean cycle, point by point.
type Cycle = [f64; POINTS];

/// The part of the mean cycle from one order to another, each order weighted.
fn part(component: &[Complex64], orders: Range<usize>, weight: impl Fn(usize) -> f64) -> Cycle {
    let cos: Cycle = std::array::from_fn(|k| (TAU * k as f64 / POINTS as f64).cos());
    let mut wave = [0.0; POINTS];
    for h in orders {
        let c = component[h] * (SQRT_2 * weight(h));
        for (k, u) in wave.iter_mut().enumerate() {
            // sin α = cos(α − 90°).
            *u += c.re * cos[k * h % POINTS] - c.im * cos[(k * h + 3 * POINTS / 4) % POINTS];
        }
    }
    wave
}

fn around(k: usize, by: isize) -> usize {
    (k as isize + by).rem_euclid(POINTS as isize) as usize
}

/// The peaks of a cycle that are more than a part of its largest: where it is largest within some points to either side.
fn peaks(sharp: &Cycle, (part, apart): (f64, isize)) -> impl Iterator<Item = usize> {
    let top = sharp.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let is_peak = move |k: usize| {
        let s = sharp[k].abs();
        s >= part * top
            && (1..=apart).all(|d| s >= sharp[around(k, d)].abs() && s > sharp[around(k, -d)].abs())
    };
    (0..POINTS).filter(move |k| is_peak(*k))
}

/// Counts peaks; `depth_and_width` tells those of a notch, in volts and in parts of a cycle.
fn counted(
    component: &[Complex64],
    sharp: &Cycle,
    apart: (f64, isize),
    (hz, least_v): (f64, f64),
    depth_and_width: impl Fn(usize, f64) -> (f64, f64),
) -> Option<Notches> {
    let fundamental = part(component, 1..2, |_| 1.0);
    let mut found: Option<Notches> = None;
    let (mut count, mut away) = (0, 0);
    for k in peaks(sharp, apart) {
        if sharp[k] * fundamental[k] >= 0.0 {
            away += 1;
            continue;
        }
        count += 1;
        let (depth_v, width) = depth_and_width(k, fundamental[k].signum());
        if found.is_none_or(|n| depth_v > n.depth_v) {
            let angle = TAU * k as f64 / POINTS as f64 + component[1].arg();
            let degrees = (angle.to_degrees() + 90.0 + 180.0).rem_euclid(360.0) - 180.0;
            found = Some(Notches {
                per_cycle: 0,
                depth_v,
                area_vs: depth_v * width / hz,
                angle_deg: degrees,
                above_zero: fundamental[k] > 0.0,
            });
        }
    }
    // A commutation lowers one phase where it raises another; what mostly points away from zero is a sum of harmonics.
    let notches =
        found.filter(|n| n.depth_v >= least_v && (1..=MOST_NOTCHES).contains(&count) && away <= count)?;
    Some(Notches { per_cycle: count as u8, ..notches })
}

/// Notches larger than what harmonics of usual networks make together, measured in the whole cycle.
fn drawn(component: &[Complex64], hz: f64, least_v: f64) -> Option<Notches> {
    let sharp = part(component, SHARP..component.len(), |_| 1.0);
    let top = sharp.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let wide = sharp.iter().filter(|v| v.abs() > 0.4 * top).count();
    if wide as f64 > MOST_OF_CYCLE * POINTS as f64 || top < OF_HARMONICS * SQRT_2 * component[1].norm() {
        return None;
    }
    let energy = |from: usize| component[from..].iter().map(Complex64::norm_sqr).sum::<f64>();
    if component.len() > TELLING_ORDERS && energy(FINE) < FINE_PART * energy(SHARP) {
        return None;
    }
    let wave = part(component, 1..component.len(), |_| 1.0);
    counted(component, &sharp, APART, (hz, least_v), |k, sign| {
        let s = sharp[k].abs();
        let side = |step: isize| {
            (1..POINTS as isize / 8).find(|d| sharp[around(k, d * step)].abs() < s / 2.0).unwrap_or(1)
        };
        let (left, right) = (side(-1), side(1));
        let beside =
            f64::midpoint(wave[around(k, -left - left.max(2))], wave[around(k, right + right.max(2))]);
        ((beside - wave[k]) * sign, (left + right) as f64 / POINTS as f64)
    })
}

/// Small notches among harmonics: the orders from `FINE` up, which networks hardly have, stand out at few angles, and are those of
/// rectangles of one width. Of a rectangle of depth 1 and of a part `w` of the cycle order h is 2/(πh)·sin(πhw).
fn hidden(component: &[Complex64], hz: f64, least_v: f64) -> Option<Notches> {
    let orders = FINE..component.len();
    let mut heights = part(component, orders.clone(), |_| 1.0).map(f64::abs);
    heights.sort_unstable_by(f64::total_cmp);
    if heights[POINTS / 2] > STANDS_OUT * heights[POINTS - 1] {
        return None;
    }
    let energy = 2.0 * component[orders.clone()].iter().map(Complex64::norm_sqr).sum::<f64>();
    let mut best: Option<(f64, f64, Cycle)> = None;
    for width in WIDTHS {
        let of = |h: usize| 2.0 / (PI * h as f64) * (PI * h as f64 * width).sin();
        let own = orders.clone().map(|h| of(h).powi(2)).sum::<f64>();
        // Least squares: the depth of a notch at each angle.
        let depths = part(component, orders.clone(), |h| of(h) / own);
        let explained = own * peaks(&depths, FINE_APART).map(|k| depths[k] * depths[k]).sum::<f64>() / energy;
        if best.as_ref().is_none_or(|b| explained > b.0) {
            best = Some((explained, width, depths));
        }
    }
    let (_, width, depths) = best.filter(|b| b.0 > EXPLAINED)?;
    counted(component, &depths, FINE_APART, (hz, least_v), |k, _| (depths[k].abs(), width))
}

/// Follows notching on all voltages together, interval by interval.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct NotchSearch {
    open: Option<(Transient, u32)>,
}

impl NotchSearch {
    /// Takes the next basic interval; returns the notching that ended with the one before.
    pub fn update(
        &mut self,
        plan: &Plan,
        (start, stop): (f64, f64),
        hz: f64,
        flags: Flags,
        channels: &[Measured],
    ) -> Option<Transient> {
        let mut now: Option<Transient> = None;
        for (index, (m, c)) in channels.iter().zip(&plan.channels).enumerate() {
            if c.info.kind != Kind::Voltage
                || c.info.udin_v <= 0.0
                || flags.intersects(Flags::SHORT | Flags::MISSING)
            {
                continue;
            }
            let peak_v = SQRT_2 * c.info.udin_v;
            let least_v = plan.config.transient_pct / 100.0 * peak_v;
            let Some(n) = notches(&m.spectrum.component, hz, least_v) else { continue };
            let peak_pu = if n.above_zero { -n.depth_v } else { n.depth_v } / peak_v;
            let here = Transient {
                kind: TransientKind::Notching,
                channel: index,
                peaks: Peaks::one(index, peak_pu),
                start_sample: start as u64,
                stop_sample: stop as u64,
                duration_s: 0.0,
                peak_v: peak_pu * peak_v,
                peak_pu,
                peak_sample: start as u64,
                rise_s: f64::NAN,
                ringing_hz: f64::NAN,
                decay_s: f64::NAN,
                polarity: if peak_pu < 0.0 { -1 } else { 1 },
                towards_zero: true,
                point_on_wave_deg: n.angle_deg,
                volt_seconds: n.area_vs,
                energy_v2s: n.depth_v * n.area_vs,
                per_cycle: n.per_cycle,
                clipped: flags.contains(Flags::CLIPPED),
                resolvable: true,
            };
            now = Some(now.map_or(here, |t| t.joined(&here).unwrap_or(t)));
        }
        match (now, self.open.take()) {
            (Some(now), Some((open, count))) => {
                let more = u32::from(at_like_angles(&open, &now));
                self.open = Some((open.joined(&now).unwrap_or(open), count + more));
            }
            (Some(now), None) => self.open = Some((now, 1)),
            (None, open) => return ended(plan, open),
        }
        None
    }

    /// Ends the notching that goes on, because the segment ends.
    pub fn finish(&mut self, plan: &Plan) -> Option<Transient> {
        ended(plan, self.open.take())
    }
}

/// Noise has its deepest notch anywhere; that of a converter stays where it is, or is another of its own, a multiple of 60° away.
fn at_like_angles(one: &Transient, other: &Transient) -> bool {
    let apart = (one.point_on_wave_deg - other.point_on_wave_deg).rem_euclid(60.0);
    apart.min(60.0 - apart) <= LIKE_DEG
}

fn ended(plan: &Plan, open: Option<(Transient, u32)>) -> Option<Transient> {
    let (t, _) = open.filter(|(_, count)| *count >= INTERVALS)?;
    Some(Transient { duration_s: plan.rate.seconds((t.stop_sample - t.start_sample) as f64), ..t })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Components of a wave given over the angle of its fundamental, by a plain sum.
    fn components(wave: impl Fn(f64) -> f64) -> [Complex64; ORDERS] {
        let n = 4096;
        std::array::from_fn(|h| {
            let sum: Complex64 = (0..n)
                .map(|k| {
                    let angle = TAU * k as f64 / n as f64;
                    wave(angle) * Complex64::from_polar(1.0, -(h as f64) * angle)
                })
                .sum();
            sum * (SQRT_2 / n as f64)
        })
    }

    /// A sine of 325 V with `count` notches of this depth and width, parts of the peak and of the cycle.
    fn notched(count: usize, depth: f64, width: f64) -> [Complex64; ORDERS] {
        components(|a| {
            let place = (a / TAU * count as f64 + 0.5).fract() / count as f64;
            let u = 325.0 * a.sin();
            if place < width { u - 325.0 * depth * a.sin().signum() } else { u }
        })
    }

    #[test]
    fn notches_are_counted_and_measured() {
        for (count, depth, width) in
            [(1, 0.4, 0.03), (2, 0.2, 0.02), (2, 0.3, 0.04), (4, 0.3, 0.02), (6, 0.2, 0.02)]
        {
            let n = notches(&notched(count, depth, width), 50.0, 20.0).unwrap();
            // Order 50 rounds what is narrower than two hundredths of a cycle.
            assert!((n.depth_v / (325.0 * depth) - 1.0).abs() < 0.25, "{count} {depth} {width}: {n:?}");
            assert_eq!(usize::from(n.per_cycle), count, "{depth} {width}");
        }
    }

    #[test]
    fn harmonics_are_no_notches() {
        for (h, part) in [(3, 0.1), (5, 0.1), (11, 0.12), (13, 0.08), (23, 0.05)] {
            let c = components(|a| 325.0 * (a.sin() + part * (f64::from(h) * a + 1.0).sin()));
            assert_eq!(notches(&c, 50.0, 20.0), None, "order {h}");
        }
        // Those of a network with a THD of 8 %, in whatever phases.
        let usual = [(3, 0.03), (5, 0.05), (7, 0.04), (11, 0.025), (13, 0.02), (17, 0.012), (23, 0.008)];
        for turn in 0..50 {
            let phase = |h: i32| f64::from(h * turn * turn);
            let c = components(|a| {
                325.0
                    * (a.sin()
                        + usual.iter().map(|&(h, p)| p * (f64::from(h) * a + phase(h)).sin()).sum::<f64>())
            });
            assert_eq!(notches(&c, 50.0, 32.5), None, "turn {turn}");
        }
        let flat = components(|a| 325.0 * a.sin().clamp(-0.85, 0.85));
        assert_eq!(notches(&flat, 50.0, 20.0), None);
    }
}
