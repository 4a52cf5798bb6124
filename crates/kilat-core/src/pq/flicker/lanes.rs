//! The filters of up to four channels at a time, each in a lane of its own: the bits are those of a channel alone.

use std::array::from_fn;
use std::f64::consts::PI;

use fearless_simd::{Simd, dispatch, f64x4, prelude::*};
use fearless_simd_macros::simd;

use super::{DEAD, Filters, FlickerMeter, FlickerPlan, PInst};
use crate::dsp::iir::Memory;
use crate::simd::Level;

/// Channels that go side by side.
pub const LANES: usize = 4;

/// Values that are brought into lanes at a time.
const CHUNK: usize = 64;

/// Numbers that the filters of a channel remember.
const NUMBERS: usize = 16;

/// Meters that go side by side: the first places are taken.
pub type Four<'m> = [Option<&'m mut FlickerMeter>; LANES];

/// Runs the filters over all that waits: equally many values for each meter, from the same one on.
pub fn run(plan: &FlickerPlan, level: Level, four: Four<'_>) {
    dispatch!(level.inner(), s => side_by_side(s, plan, four));
}

#[simd]
fn side_by_side<S: Simd>(s: S, plan: &FlickerPlan, mut four: Four<'_>) {
    let Some(first) = &four[0] else { return };
    let (start, from, to) = (first.start, first.next, first.level.end());
    // A lane without a channel goes beside the first, and nobody looks at it.
    let Some(own) = first.filters else { return };
    let each = four.each_ref().map(|m| m.as_ref().and_then(|m| m.filters).unwrap_or(own));
    let mut filters = gathered(s, &each);
    let mut due = from.next_multiple_of(plan.every);
    let mut at = from;
    while at < to {
        let stop = to.min(at + CHUNK as u64);
        for (k, square) in squares(&four, at, stop).iter().enumerate().take((stop - at) as usize) {
            let at = at + k as u64;
            let (p, u) = next(s, plan, &mut filters, at - start, f64x4::from_slice(s, square));
            if u.simd_lt(DEAD).any_true() {
                for (meter, _) in four.iter_mut().zip(*u).filter(|(_, u)| *u < DEAD) {
                    if let Some(meter) = meter {
                        meter.settled_from = at + plan.settling;
                    }
                }
            }
            if at == due {
                due += plan.every;
                for (meter, p) in four.iter_mut().zip(*p) {
                    let Some(meter) = meter else { continue };
                    let settled = at >= meter.settled_from;
                    meter.due.push_back(PInst { at: at * plan.decimator.factor(), value: p as f32, settled });
                }
            }
        }
        at = stop;
    }
    for (lane, meter) in four.iter_mut().enumerate() {
        let Some(meter) = meter else { continue };
        meter.filters = Some(Filters::from_numbers(filters.numbers().map(|v| v[lane])));
        meter.next = to;
        meter.level.discard_before(to);
    }
}

/// The squares from `at` to `stop`, one in each lane.
fn squares(four: &Four<'_>, at: u64, stop: u64) -> [[f64; LANES]; CHUNK] {
    let mut lanes = [[0.0; LANES]; CHUNK];
    for (lane, meter) in four.iter().enumerate() {
        let Some(meter) = meter.as_ref().or(four[0].as_ref()) else { continue };
        for (lanes, x) in lanes.iter_mut().zip(meter.level.get(at..stop)) {
            lanes[lane] = f64::from(*x);
        }
    }
    lanes
}

impl<T: Copy> Filters<T> {
    fn numbers(&self) -> [T; NUMBERS] {
        let [Memory([a, b]), Memory([c, d]), Memory([e, f])] = self.low_pass;
        let ([Memory([g, h]), Memory([i, j])], Memory([k, l])) = (self.weighting, self.high_pass);
        let Memory([m, n]) = self.mean;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, self.began, self.reference]
    }

    fn from_numbers([a, b, c, d, e, f, g, h, i, j, k, l, m, n, began, reference]: [T; NUMBERS]) -> Self {
        Self {
            low_pass: [Memory([a, b]), Memory([c, d]), Memory([e, f])],
            weighting: [Memory([g, h]), Memory([i, j])],
            high_pass: Memory([k, l]),
            mean: Memory([m, n]),
            began,
            reference,
        }
    }
}

#[simd]
fn gathered<S: Simd>(s: S, each: &[Filters; LANES]) -> Filters<f64x4<S>> {
    let numbers = each.each_ref().map(Filters::numbers);
    Filters::from_numbers(from_fn(|k| f64x4::from_slice(s, &numbers.map(|n| n[k]))))
}

/// Pinst, and the running r.m.s. in Udin, after value `n` of the squares.
#[simd]
fn next<S: Simd>(
    s: S,
    plan: &FlickerPlan,
    filters: &mut Filters<f64x4<S>>,
    n: u64,
    square: f64x4<S>,
) -> (f64x4<S>, f64x4<S>) {
    let mut low = square;
    if n < plan.fade {
        let part = (PI / 2.0 * n as f64 / plan.fade as f64).sin().powi(2);
        low = filters.began + (square - filters.began) * part;
    }
    for (section, memory) in plan.low_pass.iter().zip(&mut filters.low_pass) {
        low = section.run(memory, low);
    }
    let u = low.max(f64x4::splat(s, 0.0)).sqrt();
    let reference = filters.reference;
    let moved = reference + (u - reference) * plan.slow_mean;
    filters.reference = u.simd_lt(DEAD).select(reference, moved);
    let mut sensed = plan.high_pass.run(&mut filters.high_pass, low / (reference * reference));
    for (section, memory) in plan.weighting.iter().zip(&mut filters.weighting) {
        sensed = section.run(memory, sensed);
    }
    (plan.mean.run(&mut filters.mean, sensed * plan.gain * sensed), u)
}
