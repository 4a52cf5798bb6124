//! Transient over-voltages (IEC 61000-4-30, Annex A: no method is fixed; this one is described here).
//!
//! Each half cycle is compared with the cycle before, delayed by the tracked period (cubic, so that drifting mains leave
//! nothing behind). Where the largest difference exceeds the threshold, the *departure* of each sample is the smaller of its
//! differences to the cycle before and the cycle after. The threshold is the configured part of the nominal peak, or five
//! times the median difference of the last half cycles when that is more. The first and the last cycle of a segment are
//! not searched; what repeats every cycle (notching) does not show. What lasts longer than a quarter cycle without ringing at
//! twice the mains frequency or more is a short change of the r.m.s. voltage, and left to the events.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::capture::Kind;
use crate::engine::analysis::Flags;
use crate::engine::history::History;
use crate::engine::plan::Plan;
use crate::engine::quality::Quality;
use crate::engine::track::Half;

/// Shape of a transient (IEEE 1159).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransientKind {
    /// One spike, of one polarity.
    Impulsive,
    /// A ringing.
    Oscillatory,
}

/// One transient on one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transient {
    /// Shape.
    pub kind: TransientKind,
    /// Channel, as an index into the channels of the analysis.
    pub channel: usize,
    /// First sample beyond half the threshold.
    pub start_sample: u64,
    /// One past the last sample beyond half the threshold.
    pub stop_sample: u64,
    /// Time from start to stop, in seconds.
    pub duration_s: f64,
    /// Largest departure from the neighbouring cycles, with its sign, in volts, as sampled.
    pub peak_v: f64,
    /// The same over the nominal peak voltage √2·Udin.
    pub peak_pu: f64,
    /// Sample of the peak.
    pub peak_sample: u64,
    /// Time from 10 % to 90 % of the peak, in seconds; one sample period is the shortest that can be told.
    pub rise_s: f64,
    /// Frequency of the ringing, in hertz; NaN when impulsive.
    pub ringing_hz: f64,
    /// +1 or −1: sign of the peak.
    pub polarity: i8,
    /// The converter was at its limit inside: the true peak is larger.
    pub clipped: bool,
    /// The rate resolves it (at least three samples on its front); otherwise peak and front are lower limits.
    pub resolvable: bool,
}

/// Median of the last half cycles' cycle differences that the adaptive threshold rests on.
const REMEMBERED: usize = 32;
/// The threshold is at least this many times that median.
const ABOVE_NOISE: f32 = 5.0;
/// Excursions closer than this are one transient, in seconds.
const MERGED_S: f64 = 2.5e-3;
/// A transient is closed after this many half cycles, whatever goes on.
const LONGEST_HALVES: f64 = 8.0;
/// Samples on the front from which a rise time can be told.
const FRONT_SAMPLES: usize = 3;

/// Searches one channel, half cycle by half cycle, three behind the cut so that the cycle after is known too.
#[derive(Debug, Serialize, Deserialize)]
pub struct TransientSearch {
    waiting: VecDeque<(Half, f64)>,
    differences: VecDeque<f32>,
    sorted: Vec<f32>,
    least: f32,
    open: Option<Open>,
    /// Departures of the open transient, sample for sample.
    departures: Vec<f32>,
    now: f64,
    /// Position of the cut when it was found, and the transient, with positions in the segment.
    pub found: VecDeque<(f64, Transient)>,
}

/// A transient that may still go on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Open {
    start: u64,
    last_above: u64,
    threshold: f32,
}

impl TransientSearch {
    /// For channel `index` of the plan.
    pub fn new(plan: &Plan, index: usize) -> Self {
        let c = &plan.channels[index];
        let peak = 2.0f64.sqrt() * c.info.udin_v / c.scale.abs();
        Self {
            waiting: VecDeque::with_capacity(4),
            differences: VecDeque::with_capacity(REMEMBERED + 1),
            sorted: Vec::with_capacity(REMEMBERED),
            least: (plan.config.transient_pct / 100.0 * peak) as f32,
            open: None,
            departures: Vec::with_capacity((LONGEST_HALVES * plan.half_period()) as usize + 2),
            now: 0.0,
            found: VecDeque::with_capacity(64),
        }
    }

    /// Takes the next half cycle and the period that held then; searches the one three before.
    pub fn on_half(
        &mut self,
        plan: &Plan,
        index: usize,
        raw: &History,
        quality: &Quality,
        half: &Half,
        period: f64,
    ) {
        if plan.channels[index].info.kind != Kind::Voltage {
            return;
        }
        self.now = half.stop;
        self.waiting.push_back((*half, period));
        if self.waiting.len() > 3
            && let Some((half, period)) = self.waiting.pop_front()
        {
            self.search(plan, index, raw, quality, &half, period);
        }
    }

    /// Searches what can still be searched when the segment ends.
    pub fn finish(&mut self, plan: &Plan, index: usize, raw: &History, quality: &Quality) {
        while let Some((half, period)) = self.waiting.pop_front() {
            if half.stop + period + 4.0 >= raw.end() as f64 {
                break;
            }
            self.search(plan, index, raw, quality, &half, period);
        }
        if let Some(open) = self.open.take() {
            self.close(plan, index, quality, &open);
        }
    }

    fn search(
        &mut self,
        plan: &Plan,
        index: usize,
        raw: &History,
        quality: &Quality,
        half: &Half,
        period: f64,
    ) {
        let (from, to) = (half.start.ceil() as u64, half.stop.ceil() as u64);
        let (whole, weights) = delay(period);
        if to <= from || from < raw.first() + whole + 3 {
            if let Some(open) = self.open.take() {
                self.close(plan, index, quality, &open);
            }
            return;
        }
        let past = raw.get(from - whole - 2..to - whole + 1);
        let largest = plan.level.largest_difference(raw.get(from..to), past, weights.map(|w| w as f32));
        let threshold = self.least.max(ABOVE_NOISE * self.median());
        self.remember(largest);
        if largest <= threshold && self.open.is_none() {
            return;
        }
        let merged = (MERGED_S * plan.fs).ceil() as u64;
        let longest = (LONGEST_HALVES * plan.half_period()) as usize;
        for n in from..to {
            let r = departure(raw, n, whole, weights);
            let mut open = match self.open.take() {
                Some(open) => open,
                None if r.abs() > threshold / 2.0 => {
                    self.departures.clear();
                    Open { start: n, last_above: n, threshold }
                }
                None => continue,
            };
            self.departures.push(r);
            if r.abs() > open.threshold / 2.0 {
                open.last_above = n;
            }
            if n - open.last_above > merged || self.departures.len() > longest {
                self.close(plan, index, quality, &open);
            } else {
                self.open = Some(open);
            }
        }
    }

    fn median(&self) -> f32 {
        self.sorted.get(self.sorted.len() / 2).copied().unwrap_or(0.0)
    }

    fn remember(&mut self, difference: f32) {
        let place = |sorted: &[f32], d: f32| sorted.partition_point(|s| s.total_cmp(&d).is_lt());
        if self.differences.len() == REMEMBERED
            && let Some(oldest) = self.differences.pop_front()
        {
            self.sorted.remove(place(&self.sorted, oldest));
        }
        self.differences.push_back(difference);
        self.sorted.insert(place(&self.sorted, difference), difference);
    }

    fn close(&mut self, plan: &Plan, index: usize, quality: &Quality, open: &Open) {
        let r = &self.departures[..(open.last_above - open.start + 1) as usize];
        let peak_at = (0..r.len()).fold(0, |best, i| if r[i].abs() > r[best].abs() { i } else { best });
        let stop = open.last_above + 1;
        let flags = quality.between(open.start as f64, stop as f64);
        // What was held over missing samples is no observation.
        if r[peak_at].abs() < open.threshold || flags.contains(Flags::MISSING) {
            return;
        }
        let c = &plan.channels[index];
        let peak_v = f64::from(r[peak_at]) * c.scale;
        let rise = rise_samples(r, peak_at);
        let ringing_hz =
            ringing(r, peak_at).map_or(f64::NAN, |cycles_per_sample| cycles_per_sample * plan.fs);
        let is_long = r.len() as f64 > plan.half_period() / 2.0;
        if is_long && (ringing_hz.is_nan() || ringing_hz < 2.0 * plan.config.nominal_frequency_hz) {
            return;
        }
        let transient = Transient {
            kind: if ringing_hz.is_nan() { TransientKind::Impulsive } else { TransientKind::Oscillatory },
            channel: index,
            start_sample: open.start,
            stop_sample: stop,
            duration_s: plan.rate.seconds((stop - open.start) as f64),
            peak_v,
            peak_pu: peak_v / (2.0f64.sqrt() * c.info.udin_v),
            peak_sample: open.start + peak_at as u64,
            rise_s: plan.rate.seconds(rise.max(1) as f64),
            ringing_hz,
            polarity: if peak_v < 0.0 { -1 } else { 1 },
            clipped: flags.contains(Flags::CLIPPED),
            resolvable: rise >= FRONT_SAMPLES,
        };
        self.found.push_back((self.now, transient));
    }
}

/// Whole samples and cubic weights that delay a stream by `period` samples: Σ w[j]·x[n − whole − 2 + j].
fn delay(period: f64) -> (u64, [f64; 4]) {
    let whole = period.floor();
    let t = 1.0 - (period - whole);
    let w = [
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    ];
    (whole as u64, w)
}

/// Departure of sample `n` from both the cycle before and the cycle after: the smaller of the two differences, or nothing when
/// they disagree in sign. A lasting step departs from only one of them, so it is no transient; nor is the echo of an impulse.
fn departure(raw: &History, n: u64, whole: u64, w: [f64; 4]) -> f32 {
    let at =
        |first: u64, w: [f64; 4]| (0..4).map(|j| w[j] * f64::from(raw.at(first + j as u64))).sum::<f64>();
    let reversed = [w[3], w[2], w[1], w[0]];
    let now = f64::from(raw.at(n));
    let (before, after) = (now - at(n - whole - 2, w), now - at(n + whole - 1, reversed));
    if before * after <= 0.0 {
        return 0.0;
    }
    (if before.abs() < after.abs() { before } else { after }) as f32
}

/// Samples from 10 % to 90 % of the peak, on the side it rises.
fn rise_samples(r: &[f32], peak_at: usize) -> usize {
    let peak = r[peak_at].abs();
    let below = |part: f32| (0..=peak_at).rev().find(|&i| r[i].abs() < part * peak).map_or(0, |i| i + 1);
    below(0.9).saturating_sub(below(0.1)) + 1
}

/// Frequency in cycles per sample when at least three swings beyond a fifth of the peak alternate in sign.
fn ringing(r: &[f32], peak_at: usize) -> Option<f64> {
    let least = 0.2 * r[peak_at].abs();
    let (mut swings, mut first, mut last) = (0u32, 0, (0, 0.0f32));
    for (i, &v) in r.iter().enumerate().filter(|(_, v)| v.abs() > least) {
        let goes_on = swings > 0 && (last.1 > 0.0) == (v > 0.0);
        if !goes_on {
            swings += 1;
        }
        if !goes_on || v.abs() > last.1.abs() {
            last = (i, v);
        }
        if swings == 1 {
            first = last.0;
        }
    }
    (swings >= 3).then(|| f64::from(swings - 1) / 2.0 / (last.0 - first) as f64)
}
