//! The samples of one channel, and what comes of them without looking back further than a filter reaches: sums and slower streams.

mod ingest;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::capture::{Lent, SampleKind};
use crate::config::Part;
use crate::dsp::decimate::Decimator;
use crate::engine::analysis::Flags;
use crate::engine::history::History;
use crate::engine::inbox::{Inbox, OVERLOADS};
use crate::engine::plan::Plan;
use crate::engine::quality::Quality;
use crate::engine::raw::{Near, Raw};
use crate::engine::reduce::{Share, Slower};
use crate::engine::reuse::Reuse;
use crate::pq::rms::{Products, product_integral};
use crate::simd::Level;

/// Most cycles that are held, at the nominal frequency.
const HELD_CYCLES: f64 = 48.0;

/// Samples that the streams of a channel hold at most.
struct Rooms {
    raw: usize,
    recorded: usize,
    mid: usize,
    wide: usize,
}

impl Rooms {
    fn new(plan: &Plan, index: usize, chunk: usize) -> Self {
        let raw = Streams::most_held(plan) + chunk;
        let decimated = |d: Option<&Decimator>| d.map_or(0, |d| raw / d.factor() as usize + 32);
        let corrector = plan.channels[index].corrector.as_ref();
        Self {
            raw,
            recorded: corrector.map_or(0, |c| 2 * (c.edge() + c.lag()) as usize + 64 + chunk),
            mid: decimated(plan.to_mid.as_ref()),
            wide: decimated(plan.to_wide()),
        }
    }
}

/// The streams of one channel within a segment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Streams {
    index: usize,
    /// The samples, as shifted codes.
    pub raw: Raw,
    /// Memory in which the samples may lie already, and where in it the segment begins.
    #[serde(skip)]
    lent: Option<(Lent, usize)>,
    /// Codes may be kept as they are. A stream without an end does not: its memory is made before.
    #[serde(skip)]
    keeps_codes: bool,
    /// Up to here they are known to be numbers.
    seen: u64,
    /// Sums of their squares.
    energies: Products,
    mid: History,
    wide: History,
    /// The samples before the correction, when the channel has one.
    recorded: History,
    held: f32,
    /// What the samples have been through.
    pub quality: Quality,
    /// Samples at which an overload began since the last look, and the first that would begin another.
    overloads: VecDeque<u64>,
    overload_from: u64,
}

impl Streams {
    /// Channel `index` of the plan, at the start of a segment, in the memory of this one.
    #[must_use]
    pub fn anew(self, plan: &Plan, index: usize) -> Self {
        let first = |d: Option<&Decimator>| d.map_or(0, |d| d.first_output(0));
        let mut recorded = self.recorded.anew(0);
        let mut quality = self.quality.anew();
        if let Some(corrector) = &plan.channels[index].corrector {
            recorded.grow(corrector.held() as usize).fill(0.0);
            quality.note(corrector.before_recording(), Flags::MISSING);
        }
        Self {
            index,
            raw: self.raw.anew(0),
            lent: None,
            keeps_codes: false,
            seen: 0,
            energies: self.energies.anew(),
            recorded,
            mid: self.mid.anew(first(plan.to_mid.as_ref())),
            wide: self.wide.anew(first(plan.to_wide())),
            held: 0.0,
            quality,
            overloads: self.overloads.emptied(),
            overload_from: 0,
        }
    }

    /// True when both are of the same channel.
    pub fn is_like(&self, other: &Self) -> bool {
        self.index == other.index
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
        self.quality.reserve(rooms.raw);
        self.overloads.make_room(OVERLOADS);
    }

    /// Bytes of the streams of channel `index` when it is pushed `chunk` samples at a time.
    pub fn bytes(plan: &Plan, index: usize, chunk: usize) -> usize {
        let r = Rooms::new(plan, index, chunk);
        let streams = [r.raw, r.recorded, r.mid, r.wide].into_iter().sum::<usize>();
        2 * size_of::<f32>() * streams + 2 * size_of::<f64>() * Products::most(r.raw) + Quality::bytes(r.raw)
    }

    /// The stream that harmonics are taken from.
    pub fn mid(&self, plan: &Plan) -> &History {
        if plan.to_mid.is_some() { &self.mid } else { self.raw.floats() }
    }

    /// The stream that emission from 2 to 9 kHz is taken from.
    pub fn wide(&self, plan: &Plan) -> &History {
        if plan.to_wide().is_some() { &self.wide } else { self.raw.floats() }
    }

    /// ∫ codes² over sample positions `start` to `stop`.
    pub fn energy(&self, plan: &Plan, start: f64, stop: f64) -> f64 {
        product_integral(plan.level, (&self.raw, &self.raw), &self.energies, start, stop)
    }

    /// What the samples between two positions have been through.
    pub fn flags(&self, start: f64, stop: f64) -> Flags {
        self.quality.between(start, stop)
    }

    /// Takes the sum of recorded channels as far as all of them are there, with all that these have been through, and makes of it what
    /// it allows.
    pub fn add_up(&mut self, plan: &Plan, recorded: &[Self]) {
        let parts = &plan.channels[self.index].parts;
        let from = self.raw.end();
        let to = parts.iter().map(|(c, _)| recorded[*c].raw.end()).min().unwrap_or(from);
        let Self { raw, quality, seen, .. } = self;
        let out = raw.floats_mut().grow((to - from) as usize);
        out.fill(0.0);
        for &(c, weight) in parts {
            for (y, x) in out.iter_mut().zip(recorded[c].raw.floats().get(from..to)) {
                *y += (weight * f64::from(*x)) as f32;
            }
            recorded[c].quality.runs(from..to).for_each(|(run, flags)| quality.note(run, flags));
        }
        *seen = to;
        self.share(plan).fill(plan.level, &[], &mut Near::default());
    }

    /// What new samples allow to be made of them, and room for it.
    pub fn share<'t>(&'t mut self, plan: &'t Plan) -> Share<'t> {
        let Self { raw, energies, mid, wide, seen, .. } = self;
        let raw = &*raw;
        let summed = if Products::serve(plan.half_period()) { raw.end() } else { 0 };
        let is_followed = plan.channels[self.index].tracked || plan.config.measures(Part::Harmonics);
        let to_mid = plan.to_mid.as_ref().filter(|_| is_followed);
        Share {
            raw,
            unseen: std::mem::replace(seen, raw.end())..raw.end(),
            limits: plan.channels[self.index].limits(SampleKind::I16),
            energies: energies.lacking(summed),
            mid: Slower::new(to_mid, raw, mid),
            wide: Slower::new(plan.to_wide(), raw, wide),
        }
    }

    /// Gives the overloads found since the last time to the fold.
    pub fn hand_over(&mut self, inbox: &mut Inbox) {
        inbox.overloads.append(&mut self.overloads);
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

    /// Lets go of what lies before sample `keep`.
    pub fn discard_before(&mut self, plan: &Plan, keep: u64) {
        let summed = if Products::serve(plan.half_period()) { self.energies.end() } else { keep };
        self.raw.discard_before(keep.min(summed));
        self.energies.discard_before(keep);
        self.mid.discard_before(keep / plan.mid_factor());
        self.wide.discard_before(keep / plan.to_wide().map_or(1, Decimator::factor));
        self.quality.discard_before(keep);
    }
}
