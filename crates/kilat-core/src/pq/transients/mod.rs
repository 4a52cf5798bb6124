//! Transient over-voltages (IEC 61000-4-30, Annex A: no method is fixed; this one is described here).
//!
//! Two triggers look at each half cycle of a voltage:
//!
//! * the **cycle difference**: each sample against the cycle before, delayed by the tracked period (cubic, so that drifting
//!   mains leave nothing behind). It sees everything from 300 Hz up, but also harmonics that come and go;
//! * the **high-pass residual**: the fourth difference over strides of a sixth of a millisecond, with its largest gain at 3 kHz
//!   and next to none below 1 kHz. Unsteady harmonics of low order leave it alone.
//!
//! Each has a threshold of its own: about twice the median of its largest values in the last half cycles, and never
//! below the configured part of the nominal peak. Half cycles in which a value stands out but does not reach that are looked at
//! a second time (`look.rs`): what exceeds the noise there over a fraction of a millisecond to some of them counts too.
//! A sample then counts by its *departure*, the smaller of its differences to the
//! cycle before and the cycle after: a lasting step departs from only one of them, and what repeats every cycle from neither
//! ([`notching`](super::notching) finds that). The first and the last cycle of a segment are not searched. What lasts longer than
//! a quarter cycle without ringing at twice the mains frequency or more is a short change of the r.m.s. voltage, and left to
//! the events. Excursions less than 2.5 ms apart, on whatever channel, are one transient.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::capture::Kind;
use crate::dsp::repetition::cubic_delay;
use crate::engine::analysis::Flags;
use crate::engine::history::{Held, History};
use crate::engine::inbox::TRANSIENTS;
use crate::engine::plan::Plan;
use crate::engine::quality::Quality;
use crate::engine::raw::{Near, Raw};
use crate::engine::reuse::Reuse;

use look::{Found, look};

mod describe;
mod look;
mod merge;
mod peaks;

pub use merge::Merger;
pub use peaks::Peaks;

/// Shape of a transient (IEEE 1159).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransientKind {
    /// One spike, of one polarity.
    Impulsive,
    /// A ringing.
    Oscillatory,
    /// Notches at the same angles of every cycle, as converters make them.
    Notching,
}

/// Spectral band of an oscillatory transient (IEEE 1159).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// Below 5 kHz.
    Low,
    /// 5 to 500 kHz.
    Medium,
    /// From 500 kHz.
    High,
}

/// One transient: of one channel, or of several at the same time, described where it is largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Transient {
    /// Shape.
    pub kind: TransientKind,
    /// Channel of the largest peak over its nominal one, as an index into the channels of the analysis.
    pub channel: usize,
    /// All channels that show it, with their own peaks over the nominal peak voltage, signed.
    pub peaks: Peaks,
    /// First sample beyond half the threshold, on any channel.
    pub start_sample: u64,
    /// One past the last sample beyond half the threshold, on any channel.
    pub stop_sample: u64,
    /// Time from start to stop, in seconds.
    pub duration_s: f64,
    /// Largest departure from the neighbouring cycles, with its sign, in volts, as sampled; of notching the depth of a notch.
    pub peak_v: f64,
    /// The same over the nominal peak voltage √2·Udin.
    pub peak_pu: f64,
    /// Sample of the peak.
    pub peak_sample: u64,
    /// Time from 10 % to 90 % of the peak, in seconds; one sample period is the shortest that can be told. NaN for notching.
    pub rise_s: f64,
    /// Frequency of the ringing, in hertz; NaN unless oscillatory.
    pub ringing_hz: f64,
    /// Time in which the ringing falls to 1/e, in seconds; NaN unless it is oscillatory and falls.
    pub decay_s: f64,
    /// +1 or −1: sign of the peak.
    pub polarity: i8,
    /// The first swing beyond a fifth of the peak goes towards zero volts; of notching: the notches do.
    pub towards_zero: bool,
    /// Angle of the fundamental at the start, in degrees from its rising zero crossing, −180 to 180.
    pub point_on_wave_deg: f64,
    /// Area under the departure, ∫|u| dt, in volt-seconds; of notching that of one notch.
    pub volt_seconds: f64,
    /// ∫u² dt of the departure, in V²s: what it does to a resistor of one ohm, in joules.
    pub energy_v2s: f64,
    /// Notches in each cycle; zero unless notching.
    pub per_cycle: u8,
    /// The converter was at its limit inside: the true peak is larger.
    pub clipped: bool,
    /// The rate resolves it (at least three samples on its front); otherwise peak and front are lower limits.
    pub resolvable: bool,
}

impl Transient {
    /// IEEE 1159 band; `None` unless oscillatory.
    pub fn band(&self) -> Option<Band> {
        match self.ringing_hz {
            f if f < 5e3 => Some(Band::Low),
            f if f < 500e3 => Some(Band::Medium),
            f if f >= 500e3 => Some(Band::High),
            _ => None,
        }
    }

    /// The larger of the two, over the time and on the channels of both; its duration is that of the larger one. `None` when their
    /// channels are too many for one.
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        let (large, small) =
            if self.peak_pu.abs() >= other.peak_pu.abs() { (self, other) } else { (other, self) };
        Some(Self {
            peaks: large.peaks.joined(&small.peaks)?,
            start_sample: large.start_sample.min(small.start_sample),
            stop_sample: large.stop_sample.max(small.stop_sample),
            clipped: large.clipped || small.clipped,
            ..*large
        })
    }
}

/// What changed across a transient: the cycle before it against a cycle two after it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransientForm {
    /// Which of the transients it belongs to.
    pub transient: usize,
    /// Largest step of a phase's voltage, in % of Udin, signed.
    pub voltage_step_pct: f64,
    /// Step of the positive sequence, or of the one voltage, in % of Udin.
    pub positive_step_pct: f64,
    /// Step of the reactive power of the fundamental, in var; NaN without currents.
    pub reactive_step_var: f64,
    /// Step of the active power likewise, in watts.
    pub active_step_w: f64,
    /// Apparent power of the fundamental before, in VA.
    pub apparent_before_va: f64,
}

/// Least and most that a sampler shows of a 1.2/50 µs impulse of height 1, by rate: between no filter at the worst alignment and
/// one pole at 0.4 of the rate, computed.
const SURGE_SEEN: [(f64, f64, f64); 5] =
    [(10e3, 0.24, 0.49), (25.6e3, 0.59, 0.67), (51.2e3, 0.77, 0.80), (200e3, 0.93, 0.95), (1e6, 0.98, 0.99)];

/// Part of the height of a 1.2/50 µs surge that a recorder of this rate shows, least and most. Below 10 kHz: anything up to a half.
pub fn surge_seen(rate_hz: f64) -> (f64, f64) {
    let [(slowest, ..), .., (fastest, low, high)] = SURGE_SEEN;
    if rate_hz < slowest {
        return (0.0, 0.5);
    }
    if rate_hz >= fastest {
        return (low, high);
    }
    let k = SURGE_SEEN.iter().rposition(|r| r.0 <= rate_hz).unwrap_or(0);
    let (a, b) = (SURGE_SEEN[k], SURGE_SEEN[k + 1]);
    let t = (rate_hz / a.0).ln() / (b.0 / a.0).ln();
    (a.1 + t * (b.1 - a.1), a.2 + t * (b.2 - a.2))
}

/// Half cycles that the medians rest on.
const REMEMBERED: usize = 32;
/// The threshold of the residual is at least this many times its median: of normal noise the largest value of a half cycle is some
/// 2.7 standard deviations at 10 kHz and 3.2 at 50 kHz, so that the threshold lies beyond 6.5. What is less is for the second look.
const RESIDUAL_ABOVE: f32 = 2.4;
/// That of the cycle difference may be lower, since a sample must depart as far from the cycle after it too: two differences of
/// three normal values exceed √1.5·x together as rarely as one of them exceeds √2·x.
const DIFFERENCE_ABOVE: f32 = 2.1;
/// Before anything is known of the noise, only what exceeds this part of the nominal peak counts.
const UNKNOWN_NOISE: f64 = 0.1;
/// The same while fewer than a quarter of [`REMEMBERED`] are known.
const ABOVE_FEW: f32 = 5.0;
/// A half cycle with a value beyond this many medians is looked at again: of normal noise one in thirty at 10 kHz.
const STANDS_OUT: f32 = 1.35;
/// A transient goes on while it is beyond half its threshold, and beyond this many medians: above what noise reaches.
const GOES_ON: f32 = 1.7;
/// Excursions closer than this are one transient, in seconds.
const MERGED_S: f64 = 2.5e-3;
/// A transient is closed after this many half cycles, whatever goes on.
const LONGEST_HALVES: f64 = 8.0;
/// Samples on the front from which a rise time can be told.
const FRONT_SAMPLES: usize = 3;
/// Frequency of the largest gain of the high-pass residual.
const HIGH_PASS_HZ: f64 = 3e3;
/// Gain of the fourth difference there.
const HIGH_PASS_GAIN: f32 = 16.0;

/// The last largest values of one trigger, the median of which its threshold rests on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Noise {
    latest: VecDeque<f32>,
}

impl Noise {
    fn anew(self) -> Self {
        Self { latest: self.latest.emptied() }
    }

    fn reserve(&mut self) {
        self.latest.make_room(REMEMBERED);
    }

    fn median(&self) -> f32 {
        let (mut values, n) = ([0.0; REMEMBERED], self.latest.len().min(REMEMBERED));
        values.iter_mut().zip(&self.latest).for_each(|(v, latest)| *v = *latest);
        values[..n].sort_unstable_by(f32::total_cmp);
        values[..n].get(n / 2).copied().unwrap_or(0.0)
    }

    /// From where a sample counts, at `above` times the median when enough is known and at least at `least`, and to where a
    /// transient goes on.
    fn limits(&self, median: f32, above: f32, least: f32) -> (f32, f32) {
        let few = self.latest.len() < REMEMBERED / 4;
        let begins = least.max(median * if few { ABOVE_FEW } else { above });
        (begins, (begins / 2.0).max(GOES_ON * median))
    }

    fn remember(&mut self, largest: f32) {
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back(largest);
    }
}

/// Searches one channel, half cycle by half cycle, when the cycle after is known too.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TransientSearch {
    waiting: VecDeque<(Range<f64>, f64)>,
    differences: Noise,
    residuals: Noise,
    /// Smallest departure reported.
    least: f32,
    /// Smallest departure that begins one while nothing is known of the noise.
    cautious: f32,
    /// Samples between those of the high-pass residual.
    stride: usize,
    open: Option<Open>,
    /// Departures of the open transient, sample for sample.
    departures: Vec<f32>,
    now: f64,
    /// Samples about to be searched, where they have been codes.
    #[serde(skip)]
    recent: History,
    /// End of the half cycle when it was found, and the transient, with positions in the segment.
    pub found: VecDeque<(f64, Transient)>,
}

/// A transient that may still go on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Open {
    start: u64,
    last_above: u64,
    limits: Limits,
    point_on_wave_deg: f64,
    /// Some sample was beyond a threshold, not only beyond where a transient goes on.
    counts: bool,
}

/// From where a sample counts, and to where a transient goes on, by each trigger.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Limits {
    difference: (f32, f32),
    residual: (f32, f32),
}

impl Limits {
    fn begins(&self, departure: f32, residual: f32) -> bool {
        departure > self.difference.0 || residual > self.residual.0 && departure > residual / 2.0
    }

    /// What a second look has found counts too.
    fn lower_to(&mut self, found: &Found, least: f32) {
        // A hundredth less: it is computed in another order there.
        let begins = least.max(0.99 * found.peak);
        let goes_on = (begins / 2.0).max(found.noise);
        self.difference.0 = self.difference.0.min(begins);
        self.difference.1 = self.difference.1.min(goes_on);
    }

    fn goes_on(&self, departure: f32, residual: f32) -> bool {
        departure > self.difference.1 || residual > self.residual.1 && departure > residual / 2.0
    }
}

/// A half cycle in which there may be a transient.
struct Suspect {
    samples: Range<u64>,
    period: f64,
    /// Largest difference to the cycle before.
    difference: f32,
    /// Largest high-pass residual.
    residual: f32,
    /// Median of the differences, where something stands out.
    usual: Option<f32>,
    /// What a transient must reach in any case.
    least: f32,
    limits: Limits,
}

/// What a search looks at.
struct View<'a> {
    plan: &'a Plan,
    index: usize,
    raw: &'a Raw,
    quality: &'a Quality,
}

impl TransientSearch {
    /// For channel `index` of the plan, in the memory of this one.
    #[must_use]
    pub fn anew(self, plan: &Plan, index: usize) -> Self {
        let c = &plan.channels[index];
        let peak = 2.0f64.sqrt() * c.info.udin_v / c.scale.abs();
        Self {
            waiting: self.waiting.emptied(),
            differences: self.differences.anew(),
            residuals: self.residuals.anew(),
            least: (plan.config.transient_pct / 100.0 * peak) as f32,
            cautious: (UNKNOWN_NOISE.max(plan.config.transient_pct / 100.0) * peak) as f32,
            stride: (plan.fs / (2.0 * HIGH_PASS_HZ)).round().max(1.0) as usize,
            open: None,
            departures: self.departures.emptied(),
            now: 0.0,
            recent: self.recent.anew(0),
            found: self.found.emptied(),
        }
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self, plan: &Plan) {
        self.waiting.make_room(8);
        self.differences.reserve();
        self.residuals.reserve();
        self.departures.make_room((LONGEST_HALVES * plan.half_period()) as usize + 2);
        self.found.make_room(TRANSIENTS);
    }

    /// Takes the next half cycle and the period that held then; searches those that lie a cycle before, mostly the third.
    pub fn on_half(
        &mut self,
        plan: &Plan,
        index: usize,
        raw: &Raw,
        quality: &Quality,
        half: Range<f64>,
        period: f64,
    ) {
        if plan.channels[index].info.kind != Kind::Voltage {
            return;
        }
        self.now = half.end;
        self.waiting.push_back((half, period));
        let reach = 2.0 * self.stride as f64 + 4.0;
        while let Some((half, period)) = self.waiting.front().cloned()
            && half.end + period + reach <= self.now
        {
            self.waiting.pop_front();
            self.search(&View { plan, index, raw, quality }, &half, period);
        }
    }

    /// Searches what can still be searched when the segment ends.
    pub fn finish(&mut self, plan: &Plan, index: usize, raw: &Raw, quality: &Quality) {
        let view = View { plan, index, raw, quality };
        while let Some((half, period)) = self.waiting.pop_front() {
            if half.end + period + 4.0 >= raw.end() as f64 {
                break;
            }
            self.search(&view, &half, period);
        }
        if let Some(open) = self.open.take() {
            self.close(&view, &open);
        }
    }

    fn search(&mut self, view: &View<'_>, half: &Range<f64>, period: f64) {
        let View { plan, raw, .. } = *view;
        let (from, to) = (half.start.ceil() as u64, half.end.ceil() as u64);
        let (whole, weights) = cubic_delay(period);
        let reach = 2 * self.stride as u64;
        if to <= from || from < raw.first() + whole + 3 || whole < reach {
            if let Some(open) = self.open.take() {
                self.close(view, &open);
            }
            return;
        }
        let near = raw.recent(plan.level, from - whole - 2..to + reach, &mut self.recent);
        let past = near.get(from - whole - 2..to - whole + 1);
        let difference = plan.level.largest_difference(near.get(from..to), past, weights.map(|w| w as f32));
        let around = near.get(from - reach..to + reach);
        let residual = plan.level.largest_fourth_difference(around, self.stride) / HIGH_PASS_GAIN;
        let least = if self.differences.latest.is_empty() { self.cautious } else { self.least };
        // The medians are not needed where nothing reaches what a transient must be in any case.
        let quiet = difference <= least && residual <= least && self.open.is_none();
        let medians = (!quiet).then(|| (self.differences.median(), self.residuals.median()));
        let limits = medians.map(|(d, r)| Limits {
            difference: self.differences.limits(d, DIFFERENCE_ABOVE, least),
            residual: self.residuals.limits(r, RESIDUAL_ABOVE, least),
        });
        let usual =
            medians.filter(|(d, r)| difference > STANDS_OUT * d || residual > STANDS_OUT * r).map(|(d, _)| d);
        self.differences.remember(difference);
        self.residuals.remember(residual);
        let Some(limits) = limits else { return };
        let mut near = Near::default();
        let held = raw.near(plan.level, raw.first()..raw.end(), &mut near);
        let samples = from..to;
        let suspect = Suspect { samples, period, difference, residual, usual, least, limits };
        self.examine(view, held, &suspect);
    }

    /// Looks at every sample of a half cycle.
    fn examine(&mut self, view: &View<'_>, raw: Held<'_>, suspect: &Suspect) {
        let plan = view.plan;
        let Suspect { samples: Range { start: from, end: to }, period, usual, least, mut limits, .. } =
            *suspect;
        let (whole, weights) = cubic_delay(period);
        let cycle = (whole, weights.map(|w| w as f32));
        let found = usual
            .and_then(|d| look(raw, (from, to), cycle, d, (plan.fs, plan.half_period())))
            .filter(|f| f.peak >= least);
        if let Some(found) = &found {
            limits.lower_to(found, least);
            if let Some(open) = &mut self.open {
                open.limits.lower_to(found, least);
            }
        }
        let exceeds = suspect.difference > limits.difference.0 || suspect.residual > limits.residual.0;
        // A departure may be more than the difference to the cycle before, so what was found is sought in any case.
        if found.is_none() && !exceeds && self.open.is_none() {
            return;
        }
        let merged = (MERGED_S * plan.fs).ceil() as u64;
        let longest = (LONGEST_HALVES * plan.half_period()) as usize;
        for n in from..to {
            let (before, after) = differences(raw, n, whole, weights);
            let looked_at = found.as_ref().filter(|f| f.samples.contains(&n));
            let r = departure(before, after, looked_at.map_or(0.0, |f| f.apart)) as f32;
            let h = high_pass(raw, n, self.stride);
            let mut open = match self.open.take() {
                Some(open) => open,
                None if limits.goes_on(r.abs(), h) => {
                    self.departures.clear();
                    Open {
                        start: n,
                        last_above: n,
                        limits,
                        point_on_wave_deg: describe::point_on_wave_deg(raw, n, period),
                        counts: false,
                    }
                }
                None => continue,
            };
            self.departures.push(r);
            if open.limits.goes_on(r.abs(), h) {
                open.last_above = n;
                open.counts |= open.limits.begins(r.abs(), h);
            }
            if n - open.last_above > merged || self.departures.len() > longest {
                self.close(view, &open);
            } else {
                self.open = Some(open);
            }
        }
    }

    fn close(&mut self, view: &View<'_>, open: &Open) {
        let View { plan, index, quality, .. } = *view;
        let r = &self.departures[..(open.last_above - open.start + 1) as usize];
        let peak_at = (0..r.len()).fold(0, |best, i| if r[i].abs() > r[best].abs() { i } else { best });
        let stop = open.last_above + 1;
        let flags = quality.between(open.start as f64, stop as f64);
        // What was held over missing samples is no observation.
        if !open.counts || r[peak_at].abs() < self.least || flags.contains(Flags::MISSING) {
            return;
        }
        let c = &plan.channels[index];
        let peak_v = f64::from(r[peak_at]) * c.scale;
        let peak_pu = peak_v / (2.0f64.sqrt() * c.info.udin_v);
        let rise = describe::rise_samples(r, peak_at);
        let ringing = describe::ringing(r, peak_at, open.limits.difference.1.min(r[peak_at].abs() / 2.0));
        let ringing_hz = ringing.as_ref().map_or(f64::NAN, |s| s.cycles_per_sample * plan.fs);
        let is_long = r.len() as f64 > plan.half_period() / 2.0;
        if is_long && (ringing_hz.is_nan() || ringing_hz < 2.0 * plan.config.nominal_frequency_hz) {
            return;
        }
        let sum = |f: fn(f64) -> f64| plan.rate.seconds(r.iter().map(|v| f(f64::from(*v) * c.scale)).sum());
        // The sign of the wave below: in codes, as the departure is.
        let above_zero = open.point_on_wave_deg.to_radians().sin() * c.scale.signum() > 0.0;
        let transient = Transient {
            kind: if ringing_hz.is_nan() { TransientKind::Impulsive } else { TransientKind::Oscillatory },
            channel: index,
            peaks: Peaks::one(index, peak_pu),
            start_sample: open.start,
            stop_sample: stop,
            duration_s: plan.rate.seconds((stop - open.start) as f64),
            peak_v,
            peak_pu,
            peak_sample: open.start + peak_at as u64,
            rise_s: plan.rate.seconds(rise.max(1) as f64),
            ringing_hz,
            decay_s: ringing.map_or(f64::NAN, |s| plan.rate.seconds(s.decay_samples)),
            polarity: if peak_v < 0.0 { -1 } else { 1 },
            towards_zero: (describe::first_swing(r, peak_at) * c.scale as f32 > 0.0) != above_zero,
            point_on_wave_deg: open.point_on_wave_deg,
            volt_seconds: sum(f64::abs),
            energy_v2s: sum(|v| v * v),
            per_cycle: 0,
            clipped: flags.contains(Flags::CLIPPED),
            resolvable: rise >= FRONT_SAMPLES,
        };
        self.found.push_back((self.now, transient));
    }
}

/// Differences of sample `n` to the cycle before and to the cycle after.
fn differences(raw: Held<'_>, n: u64, whole: u64, w: [f64; 4]) -> (f64, f64) {
    let at =
        |first: u64, w: [f64; 4]| (0..4).map(|j| w[j] * f64::from(raw.at(first + j as u64))).sum::<f64>();
    let reversed = [w[3], w[2], w[1], w[0]];
    let now = f64::from(raw.at(n));
    (now - at(n - whole - 2, w), now - at(n + whole - 1, reversed))
}

/// Departure from both the cycle before and the cycle after: their mean, less what they are apart, which makes it the smaller of
/// the two, or nothing when they disagree in sign. A lasting step departs from only one of them, so it is no transient; nor is the
/// echo of an impulse. So much `apart` as they usually are takes nothing away.
fn departure(before: f64, after: f64, apart: f64) -> f64 {
    let (mean, half) = (f64::midpoint(before, after), (before - after).abs() / 2.0);
    (mean.abs() - (half - apart).max(0.0)).max(0.0).copysign(mean)
}

/// The high-pass residual at sample `n`, without its sign, with unit gain where it is largest.
fn high_pass(raw: Held<'_>, n: u64, stride: usize) -> f32 {
    let d = stride as u64;
    let x = |at: u64| raw.at(at);
    let outer = x(n - 2 * d) + x(n + 2 * d);
    (((outer - 4.0 * (x(n - d) + x(n + d))) + 6.0 * x(n)) / HIGH_PASS_GAIN).abs()
}
