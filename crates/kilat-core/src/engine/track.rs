//! One channel on its way through the engine: its streams, its cut, the energy of its half cycles.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::capture::{Samples, SamplesRef};
use crate::config::Part;
use crate::dsp::decimate::Decimator;
use crate::dsp::zero_crossing::{Crossing, CrossingFinder};
use crate::engine::analysis::Flags;
use crate::engine::corrector::Corrector;
use crate::engine::flywheel::{Boundary, Decided, Flywheel};
use crate::engine::forecast::Forecast;
use crate::engine::history::History;
use crate::engine::inbox::{HALVES, Inbox, OVERLOADS};
use crate::engine::plan::{ChannelPlan, Plan};
use crate::engine::quality::Quality;
use crate::engine::reuse::Reuse;
use crate::pq::rms::{MARGIN, Products, product_integral};
use crate::pq::transients::TransientSearch;
use crate::simd::Level;

/// Samples that are converted and looked through while they are in the nearest cache.
const NEAR: usize = 2048;

/// What the end of a half cycle of Urms(1/2) rests on is looked for so long after it, in nominal cycles. The less, the further
/// boundaries are carried on; an event waits for this and for the other channels' half cycles, and must be out within a cycle.
const LEAD_CYCLES: f64 = 0.25;

/// Most cycles that are held, at the nominal frequency.
const HELD_CYCLES: f64 = 48.0;

/// Samples that the streams of a channel hold at most.
struct Rooms {
    raw: usize,
    recorded: usize,
    mid: usize,
    wide: usize,
    low: usize,
    band: usize,
}

impl Rooms {
    fn new(plan: &Plan, index: usize, chunk: usize) -> Self {
        let raw = Track::most_held(plan) + chunk;
        let tracked = plan.channels[index].tracked;
        let decimated = |d: Option<&Decimator>| d.map_or(0, |d| raw / d.factor() as usize + 32);
        let reach = |d: &Decimator| 2 * d.half() as usize + 64;
        let low = chunk / plan.low_factor() as usize + 32;
        let filtered = |d: &Decimator| if tracked { reach(d) + low } else { 0 };
        let corrector = plan.channels[index].corrector.as_ref();
        Self {
            raw,
            recorded: corrector.map_or(0, |c| 2 * (c.edge() + c.lag()) as usize + 64 + chunk),
            mid: decimated(plan.to_mid.as_ref()),
            wide: decimated(plan.to_wide()),
            low: plan
                .to_low
                .as_ref()
                .map_or(0, |_| raw / plan.low_factor() as usize + filtered(&plan.band_pass)),
            band: filtered(&plan.band_pass),
        }
    }
}

/// One half cycle of Urms(1/2) of a tracked channel.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Half {
    /// First position.
    pub start: f64,
    /// Last position.
    pub stop: f64,
    /// ∫ codes² over it.
    pub energy: f64,
    /// Synthetic boundaries in a row up to `stop`.
    pub synthetic: u32,
    /// What its samples have been through.
    pub flags: Flags,
}

/// State of one channel within a segment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Track {
    index: usize,
    /// The samples, as shifted codes.
    pub raw: History,
    /// Memory in which the samples may lie already, and where in it the segment begins.
    #[serde(skip)]
    lent: Option<(Arc<Vec<f32>>, usize)>,
    /// Sums of their squares.
    energies: Products,
    mid: History,
    wide: History,
    low: History,
    band: History,
    /// The samples before the correction, when the channel has one.
    recorded: History,
    held: f32,
    quality: Quality,
    cut: Option<Cut>,
    /// Boundaries of the cut since the last look.
    boundaries: VecDeque<Boundary>,
    /// Half cycles of Urms(1/2) since then.
    halves: VecDeque<Half>,
    transients: TransientSearch,
    /// Samples at which an overload began since then, and the first that would begin another.
    overloads: VecDeque<u64>,
    overload_from: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Cut {
    finder: CrossingFinder,
    wheel: Flywheel,
    last: Option<Boundary>,
    forecast: Forecast,
    /// End of the last half cycle of Urms(1/2).
    halved: Option<f64>,
}

impl Track {
    /// Channel `index` of the plan, at the start of a segment, in the memory of this one.
    #[must_use]
    pub fn anew(self, plan: &Plan, index: usize) -> Self {
        let tracked = plan.channels[index].tracked;
        let mid_first = plan.to_mid.as_ref().map_or(0, |d| d.first_output(0));
        let wide_first = plan.to_wide().map_or(0, |d| d.first_output(0));
        let low_first = plan.to_low.as_ref().map_or(mid_first, |d| d.first_output(mid_first));
        let band_first = plan.band_pass.first_output(low_first);
        let (wheel, forecast) = self.cut.map(|c| (c.wheel, c.forecast)).unwrap_or_default();
        let cut = tracked.then(|| Cut {
            finder: CrossingFinder::new(band_first),
            wheel: wheel.anew(plan.half_period(), (MARGIN + 1) as f64, plan.least_slope(index)),
            last: None,
            forecast: forecast.anew(plan.crossings_lag() - LEAD_CYCLES * 2.0 * plan.half_period()),
            halved: None,
        });
        let p = &plan.channels[index];
        let mut recorded = self.recorded.anew(0);
        let mut quality = self.quality.anew();
        if let Some(corrector) = &p.corrector {
            recorded.grow(corrector.held() as usize).fill(0.0);
            quality.note(corrector.before_recording(), Flags::MISSING);
        }
        Self {
            index,
            raw: self.raw.anew(0),
            lent: None,
            energies: self.energies.anew(),
            recorded,
            mid: self.mid.anew(mid_first),
            wide: self.wide.anew(wide_first),
            low: self.low.anew(low_first),
            band: self.band.anew(band_first),
            held: 0.0,
            quality,
            cut,
            boundaries: self.boundaries.emptied(),
            halves: self.halves.emptied(),
            overloads: self.overloads.emptied(),
            overload_from: 0,
            transients: self.transients.anew(plan, index),
        }
    }

    /// True when both are of the same channel.
    pub fn is_like(&self, other: &Self) -> bool {
        let shape = |t: &Self| (t.index, t.cut.is_some());
        shape(self) == shape(other)
    }

    /// Most samples that a channel holds besides those just pushed, until a window is cut that needs them: while a channel
    /// without voltage is waited for, or while a window of the slowest mains is.
    pub fn most_held(plan: &Plan) -> usize {
        (HELD_CYCLES * 2.0 * plan.half_period() + 2.0 * plan.margin() + 2.0 * plan.lag()) as usize
            + Level::BLOCK
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time.
    pub fn reserve(&mut self, plan: &Plan, chunk: usize) {
        let rooms = Rooms::new(plan, self.index, chunk);
        self.raw.reserve(rooms.raw);
        self.energies.reserve(rooms.raw);
        self.recorded.reserve(rooms.recorded);
        self.mid.reserve(rooms.mid);
        self.wide.reserve(rooms.wide);
        self.low.reserve(rooms.low);
        self.band.reserve(rooms.band);
        self.quality.reserve(rooms.raw);
        if let Some(cut) = &mut self.cut {
            cut.wheel.reserve();
            cut.forecast.reserve();
        }
        self.boundaries.make_room(HALVES);
        self.halves.make_room(HALVES);
        self.overloads.make_room(OVERLOADS);
        self.transients.reserve(plan);
    }

    /// Bytes of the streams of channel `index` when it is pushed `chunk` samples at a time.
    pub fn bytes(plan: &Plan, index: usize, chunk: usize) -> usize {
        let r = Rooms::new(plan, index, chunk);
        let streams = [r.raw, r.recorded, r.mid, r.wide, r.low, r.band].into_iter().sum::<usize>();
        2 * size_of::<f32>() * streams + 2 * size_of::<f64>() * Products::most(r.raw) + Quality::bytes(r.raw)
    }

    /// The stream that harmonics are taken from.
    pub fn mid(&self, plan: &Plan) -> &History {
        if plan.to_mid.is_some() { &self.mid } else { &self.raw }
    }

    /// The stream that emission from 2 to 9 kHz is taken from.
    pub fn wide(&self, plan: &Plan) -> &History {
        if plan.to_wide().is_some() { &self.wide } else { &self.raw }
    }

    /// Takes the next samples of a recorded channel.
    pub fn push(&mut self, plan: &Plan, samples: SamplesRef<'_>) {
        let channel = &plan.channels[self.index];
        for from in (0..samples.len()).step_by(NEAR) {
            self.ingest(plan, samples.slice(from..samples.len().min(from + NEAR)));
            if channel.corrector.is_none() {
                let soon = match samples {
                    SamplesRef::F32(x) => x.get(from + NEAR..).unwrap_or_default(),
                    _ => &[],
                };
                self.reduce(plan, soon);
            }
        }
        if let Some(corrector) = &channel.corrector {
            corrector.run(plan.level, &mut self.recorded, &mut self.raw);
        }
        self.advance(plan);
    }

    /// Samples that are pushed may stay where they are: sample 0 of the segment is sample `first` of `samples`.
    pub fn lend(&mut self, samples: &Samples, first: usize) {
        self.lent = samples.lent().map(|(whole, at)| (whole.clone(), at + first));
    }

    /// Takes the sum of recorded channels as far as all of them are there, with all that these have been through.
    pub fn push_sum(&mut self, plan: &Plan, recorded: &[Self]) {
        let parts = &plan.channels[self.index].parts;
        let from = self.raw.end();
        let to = parts.iter().map(|(c, _)| recorded[*c].raw.end()).min().unwrap_or(from);
        let Self { raw, quality, .. } = self;
        let out = raw.grow((to - from) as usize);
        out.fill(0.0);
        for &(c, weight) in parts {
            for (y, x) in out.iter_mut().zip(recorded[c].raw.get(from..to)) {
                *y += (weight * f64::from(*x)) as f32;
            }
            recorded[c].quality.runs(from..to).for_each(|(run, flags)| quality.note(run, flags));
        }
        self.advance(plan);
    }

    /// The segment ends: its last sample is held for what the correction still needs.
    pub fn hold(&mut self, plan: &Plan) {
        let Some(corrector) = &plan.channels[self.index].corrector else { return };
        let n = self.recorded.end() - corrector.held();
        let lacking = corrector.lacking(n, &self.recorded);
        self.recorded.grow(lacking as usize).fill(self.held);
        self.quality.note(corrector.after_recording(n), Flags::MISSING);
        corrector.run(plan.level, &mut self.recorded, &mut self.raw);
        self.advance(plan);
    }

    /// Adds up new samples, and decimates them, while they are in the nearest cache; `soon` comes next.
    fn reduce(&mut self, plan: &Plan, soon: &[f32]) {
        let raw = &self.raw;
        let soon = if raw.soon().is_empty() { soon } else { raw.soon() };
        if Products::serve(plan.half_period()) {
            self.energies.update(plan.level, raw);
        }
        if let Some(d) =
            plan.to_mid.as_ref().filter(|_| self.cut.is_some() || plan.config.measures(Part::Harmonics))
        {
            d.run(plan.level, raw, soon, &mut self.mid);
        }
        if let Some(d) = plan.to_wide() {
            d.run(plan.level, raw, &[], &mut self.wide);
        }
    }

    /// Does everything with new samples that needs no other channel.
    fn advance(&mut self, plan: &Plan) {
        self.reduce(plan, &[]);
        let raw = &self.raw;
        let Some(cut) = &mut self.cut else { return };
        let mid = if plan.to_mid.is_some() { &self.mid } else { raw };
        let low = if let Some(d) = &plan.to_low {
            d.run(plan.level, mid, &[], &mut self.low);
            &self.low
        } else {
            mid
        };
        plan.band_pass.run(plan.level, low, &[], &mut self.band);
        let to_raw = plan.low_factor() as f64;
        let wheel = &mut cut.wheel;
        cut.finder.run(&self.band, |c| wheel.push(Crossing { position: c.position * to_raw, ..c }));
        let horizon = cut.finder.horizon() * to_raw;
        let end = self.raw.end() as f64 - (MARGIN + 1) as f64;
        self.cut(|wheel, emit| wheel.advance(horizon, emit));
        self.halve(plan, |forecast, low, emit| {
            forecast.advance(horizon, end, (plan.level, low, to_raw), emit);
        });
    }

    /// Gives out what is left when the segment ends.
    pub fn finish(&mut self, plan: &Plan) {
        let end = self.raw.end().saturating_sub(MARGIN + 1) as f64;
        if self.cut.is_some() && end > (MARGIN + 1) as f64 {
            self.cut(|wheel, emit| wheel.finish(end, emit));
            self.halve(plan, |forecast, _, emit| forecast.finish(end, emit));
        }
        self.transients.finish(plan, self.index, &self.raw, &self.quality);
    }

    /// Gives what has been found since the last time to the fold.
    pub fn hand_over(&mut self, inbox: &mut Inbox) {
        inbox.boundaries.append(&mut self.boundaries);
        inbox.halves.append(&mut self.halves);
        inbox.overloads.append(&mut self.overloads);
        inbox.transients.append(&mut self.transients.found);
    }

    /// The next `n` samples to be pushed have been through `flags`.
    pub fn expect(&mut self, plan: &Plan, n: u64, flags: Flags) {
        let (at, reach) = match &plan.channels[self.index].corrector {
            Some(c) => (self.recorded.end() - c.held(), Some(c)),
            None => (self.raw.end(), None),
        };
        if n > 0 {
            let ends = |i: u64| reach.map_or(i..i + 1, |c| c.reach(i));
            self.quality.note(ends(at).start..ends(at + n - 1).end, flags);
        }
    }

    /// Lets go of what lies before `keep_from`, except what this channel itself still needs.
    pub fn discard(&mut self, plan: &Plan, keep_from: f64) {
        let own =
            self.cut.as_ref().and_then(|c| c.last).map_or(0.0, |b| b.position - 12.0 * plan.half_period());
        let keep = if self.cut.is_some() { keep_from.min(own) } else { keep_from };
        let keep = (keep - plan.margin()).max(0.0) as u64;
        let summed = if Products::serve(plan.half_period()) { self.energies.end() } else { keep };
        self.raw.discard_before(keep.min(summed));
        self.energies.discard_before(keep);
        self.mid.discard_before(keep / plan.mid_factor());
        self.wide.discard_before(keep / plan.to_wide().map_or(1, Decimator::factor));
        // The ordered streams feed each other by at most one filter length.
        let reach = |d: &Decimator| 2 * d.half() + 32;
        let filtered = self.low.end().saturating_sub(reach(&plan.band_pass));
        self.low.discard_before(filtered.min(keep / plan.low_factor()));
        self.band.discard_before(self.band.end().saturating_sub(8));
        self.quality.discard_before(keep);
    }

    /// ∫ codes² over sample positions `start` to `stop`.
    pub fn energy(&self, plan: &Plan, start: f64, stop: f64) -> f64 {
        product_integral(plan.level, (&self.raw, &self.raw), &self.energies, start, stop)
    }

    /// What the samples between two positions have been through.
    pub fn flags(&self, start: f64, stop: f64) -> Flags {
        self.quality.between(start, stop)
    }

    /// Takes boundaries of the cut.
    fn cut(&mut self, drive: impl FnOnce(&mut Flywheel, &mut dyn FnMut(Decided))) {
        let Some(Cut { wheel, last, forecast, .. }) = &mut self.cut else { return };
        drive(wheel, &mut |decided| {
            *last = Some(decided.boundary);
            self.boundaries.push_back(decided.boundary);
            forecast.push(decided);
        });
    }

    /// Takes half cycles of Urms(1/2).
    fn halve(
        &mut self,
        plan: &Plan,
        drive: impl FnOnce(&mut Forecast, &History, &mut dyn FnMut(f64, Boundary, f64)),
    ) {
        let Some(Cut { forecast, .. }) = &mut self.cut else { return };
        let Self { raw, energies, mid, low, quality, halves, transients, index, .. } = self;
        let mid = if plan.to_mid.is_some() { &*mid } else { &*raw };
        let low = if plan.to_low.is_some() { &*low } else { mid };
        drive(forecast, low, &mut |start, Boundary { position: stop, synthetic }, period| {
            let energy = product_integral(plan.level, (raw, raw), energies, start, stop);
            halves.push_back(Half { start, stop, energy, synthetic, flags: quality.between(start, stop) });
            if plan.config.measures(Part::Transients) {
                transients.on_half(plan, *index, raw, quality, start..stop, period);
            }
        });
    }

    /// Takes samples without copying them, if they lie in lent memory and are what the stream is to hold, every one of them.
    fn stays(&mut self, level: Level, channel: &ChannelPlan, samples: SamplesRef<'_>) -> bool {
        let (Some((whole, first)), SamplesRef::F32(x)) = (&self.lent, samples) else { return false };
        let at = first + self.raw.end() as usize;
        let as_they_are = channel.shift == 0.0 && channel.range.is_none() && channel.corrector.is_none();
        let is_there = whole.get(at..at + x.len()).is_some_and(|there| std::ptr::eq(there, x));
        let stays = as_they_are && is_there && level.all_finite(x) && self.raw.lend(whole, at..at + x.len());
        if let Some(last) = x.last().filter(|_| stays) {
            self.held = *last;
        }
        stays
    }

    /// Converts codes, holding the last valid sample where one is missing, and notes what is missing or clipped.
    fn ingest(&mut self, plan: &Plan, samples: SamplesRef<'_>) {
        let (n, second) = (samples.len(), plan.fs as u64);
        let channel = &plan.channels[self.index];
        if self.stays(plan.level, channel, samples) {
            return;
        }
        let corrector = channel.corrector.as_ref();
        let stream = if corrector.is_some() { &mut self.recorded } else { &mut self.raw };
        let start = stream.end();
        let out = stream.grow(n);
        let shift = channel.shift;
        match samples {
            SamplesRef::I16(x) if shift == 0.0 => convert(x, out, f32::from),
            SamplesRef::I16(x) => convert(x, out, |c| (f64::from(c) + shift) as f32),
            SamplesRef::I32(x) if shift == 0.0 => convert(x, out, |c| c as f32),
            SamplesRef::I32(x) => convert(x, out, |c| (f64::from(c) + shift) as f32),
            SamplesRef::F32(x) if shift == 0.0 => out.copy_from_slice(x),
            SamplesRef::F32(x) => convert(x, out, |c| (f64::from(c) + shift) as f32),
            SamplesRef::F64(x) => convert(x, out, |c| (c + shift) as f32),
        }
        let missing = |i: usize| match samples {
            SamplesRef::I16(x) => channel.missing_code == Some(i32::from(x[i])),
            SamplesRef::I32(x) => channel.missing_code == Some(x[i]),
            SamplesRef::F32(x) => !((f64::from(x[i]) + shift) as f32).is_finite(),
            SamplesRef::F64(x) => !((x[i] + shift) as f32).is_finite(),
        };
        let any_missing = match samples {
            SamplesRef::I16(x) => channel.missing_code.is_some_and(|m| x.iter().any(|c| i32::from(*c) == m)),
            SamplesRef::I32(x) => channel.missing_code.is_some_and(|m| x.contains(&m)),
            SamplesRef::F32(_) | SamplesRef::F64(_) => !plan.level.all_finite(out),
        };
        let range = channel.range.or(match samples {
            SamplesRef::I16(_) => Some((f64::from(i16::MIN), f64::from(i16::MAX))),
            _ => None,
        });
        let (least, most) = range.map_or((f32::NEG_INFINITY, f32::INFINITY), |(lo, hi)| {
            ((lo + shift) as f32, (hi + shift) as f32)
        });
        // A count instead of a search: without a branch the loop runs in SIMD lanes, and nothing is to be found almost always.
        let clipped = |v: f32| u32::from(v <= least) + u32::from(v >= most);
        let any_clipped = range.is_some() && out.iter().map(|v| clipped(*v)).sum::<u32>() > 0;
        if any_missing {
            for (i, y) in out.iter_mut().enumerate() {
                if missing(i) {
                    *y = self.held;
                } else {
                    self.held = *y;
                }
            }
        }
        if let Some(last) = out.last() {
            self.held = *last;
        }
        if any_missing || any_clipped {
            for i in 0..n {
                let mut flags = Flags::empty();
                flags.set(Flags::MISSING, missing(i));
                let at = start + i as u64;
                let value = stream.at(at);
                flags.set(Flags::CLIPPED, !missing(i) && (value <= least || value >= most));
                if flags.contains(Flags::CLIPPED) {
                    if at >= self.overload_from {
                        self.overloads.push_back(at);
                    }
                    self.overload_from = at + second;
                }
                if !flags.is_empty() {
                    self.quality.note(corrector.map_or(at..at + 1, |c| c.reach(at - c.held())), flags);
                }
            }
        }
        if let Some(held) = corrector.map(Corrector::held).filter(|held| *held == start) {
            stream.hold_first(held as usize);
        }
    }
}

fn convert<T: Copy>(codes: &[T], out: &mut [f32], f: impl Fn(T) -> f32) {
    for (y, x) in out.iter_mut().zip(codes) {
        *y = f(*x);
    }
}
