//! The products of channels with each other, for power and for differences of phases: sums over blocks, beside the streams.

use std::array::from_fn;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::config::Part;
use crate::engine::history::Held;
use crate::engine::plan::{ChannelPlan, Plan};
use crate::engine::raw::Near;
use crate::engine::streams::Streams;
use crate::pq::rms::{Products, Sums, are_numbers, product_integral};
use crate::simd::Level;

/// Most pairs: each phase with the next, in volts and in amperes, and each voltage with its current.
const PAIRS: usize = 9;

/// The same, and each channel with itself.
const ALL: usize = PAIRS + Level::STREAMS;

/// All pairs of channels that the plan multiplies; none where half cycles are too short for blocks.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Pairs {
    /// The channels they are of.
    channels: Vec<usize>,
    pairs: Vec<Pair>,
}

/// Two channels that are multiplied, by their places among the channels of all pairs.
#[derive(Debug, Serialize, Deserialize)]
struct Pair {
    places: (usize, usize),
    products: Products,
}

/// Blocks of every pair that are to be added up.
pub struct Due<'p> {
    channels: &'p [usize],
    places: [(usize, usize); PAIRS],
    sums: [Sums<'p>; PAIRS],
    /// Those of the squares of channels, as far as they are of the same samples: these are widened once for everything.
    squares: [Sums<'p>; Level::STREAMS],
}

impl<'p> Due<'p> {
    /// The samples in them.
    pub fn samples(&self) -> Range<u64> {
        self.sums[0].samples()
    }

    /// The channels, and where the blocks of their squares belong.
    pub fn squares(&mut self) -> impl Iterator<Item = (usize, &mut Sums<'p>)> {
        self.channels.iter().copied().zip(&mut self.squares)
    }

    /// Takes those away that lie before sample `end`.
    #[must_use]
    pub fn split_before(&mut self, end: u64) -> Self {
        let mut before = |sums: &mut Sums<'p>| sums.split_before(end);
        let (sums, squares) = (self.sums.each_mut().map(&mut before), self.squares.each_mut().map(before));
        Self { sums, squares, ..*self }
    }

    /// Adds them up, of the samples that `seen` gives for channels; false when a square says that one is no number.
    pub fn add<'s>(self, level: Level, seen: impl Fn(usize) -> Held<'s>) -> bool {
        let samples = self.samples();
        if samples.is_empty() {
            return true;
        }
        let mut streams = [&[][..]; Level::STREAMS];
        for (stream, c) in streams.iter_mut().zip(self.channels) {
            *stream = seen(*c).get(samples.clone());
        }
        let squares = self.squares.into_iter().enumerate().map(|(k, sums)| ((k, k), sums));
        let all =
            squares.chain(self.places.into_iter().zip(self.sums)).map(|(places, sums)| (places, sums.out()));
        let (mut places, mut out) = ([(0, 0); ALL], from_fn::<&mut [f64], ALL, _>(|_| Default::default()));
        let mut n = 0;
        for (pair, sums) in all.filter(|(_, sums)| !sums.is_empty()) {
            (places[n], out[n]) = (pair, sums);
            n += 1;
        }
        level.block_products(&streams[..self.channels.len()], &places[..n], &mut out[..n]);
        places[..n].iter().zip(&out).all(|((u, v), sums)| u != v || are_numbers(sums))
    }
}

impl Pairs {
    /// At the start of a segment.
    pub fn new(plan: &Plan) -> Self {
        let of = |(u, c): (usize, &ChannelPlan)| {
            let pair = c.pair.filter(|_| plan.config.measures(Part::Harmonics));
            [c.next_phase, pair].into_iter().flatten().map(move |v| (u, v))
        };
        let mut new = Self::default();
        if !Products::serve(plan.half_period()) {
            return new;
        }
        let pairs: Vec<_> = plan.channels.iter().enumerate().flat_map(of).collect();
        // In the order of its phases, a whole system is what the kernel knows best.
        let phases = plan.system.iter().chain(&plan.system_currents).copied();
        new.channels.extend(phases.filter(|c| pairs.iter().any(|(u, v)| c == u || c == v)));
        for (u, v) in pairs {
            let places = (new.place(u), new.place(v));
            new.pairs.push(Pair { places, products: Products::default() });
        }
        new.pairs.sort_by_key(|pair| pair.places);
        debug_assert!(new.channels.len() <= Level::STREAMS && new.pairs.len() <= PAIRS);
        new
    }

    fn place(&mut self, channel: usize) -> usize {
        self.channels.iter().position(|c| *c == channel).unwrap_or_else(|| {
            self.channels.push(channel);
            self.channels.len() - 1
        })
    }

    /// What the streams, which end where `end` says for each channel, hold by now and no block holds.
    pub fn due(&mut self, end: impl Fn(usize) -> u64) -> Due<'_> {
        let end = self.channels.iter().map(|c| end(*c)).min().unwrap_or(0);
        let (mut places, mut sums) = ([(0, 0); PAIRS], from_fn(|_| Sums::default()));
        for (pair, (places, sums)) in self.pairs.iter_mut().zip(places.iter_mut().zip(&mut sums)) {
            (*places, *sums) = (pair.places, pair.products.lacking(end));
        }
        Due { channels: &self.channels, places, sums, squares: from_fn(|_| Sums::default()) }
    }

    /// Adds up whatever the streams allow.
    pub fn add(&mut self, level: Level, streams: &[Streams], near: &mut [Near]) {
        let due = self.due(|c| streams[c].raw.end());
        if due.samples().is_empty() {
            return;
        }
        for (stream, near) in streams.iter().zip(&mut *near) {
            stream.raw.near(level, due.samples(), near);
        }
        due.add(level, |c| streams[c].raw.seen(&near[c]));
    }

    /// Forgets the blocks from sample `end` on.
    pub fn cut_back(&mut self, end: u64) {
        self.pairs.iter_mut().for_each(|p| p.products.cut_back(end));
    }

    /// The same in the memory of these.
    #[must_use]
    pub fn anew(self) -> Self {
        let anew = |p: Pair| Pair { products: p.products.anew(), ..p };
        Self { pairs: self.pairs.into_iter().map(anew).collect(), ..self }
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time.
    pub fn reserve(&mut self, plan: &Plan, chunk: usize) {
        self.pairs.iter_mut().for_each(|p| p.products.reserve(Streams::most_held(plan) + chunk));
    }

    /// Bytes of them for such a stream.
    pub fn bytes(plan: &Plan, chunk: usize) -> usize {
        Self::new(plan).pairs.len() * 2 * size_of::<f64>() * Products::most(Streams::most_held(plan) + chunk)
    }

    /// True when both are of the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        let places = |all: &Self| all.pairs.iter().map(|p| p.places).collect::<Vec<_>>();
        self.channels == other.channels && places(self) == places(other)
    }

    /// First sample of which no block is made yet; far ahead when there are no pairs.
    pub fn end(&self) -> u64 {
        self.pairs.iter().map(|p| p.products.end()).min().unwrap_or(u64::MAX)
    }

    /// Lets go of what lies before sample `index`.
    pub fn discard_before(&mut self, index: u64) {
        self.pairs.iter_mut().for_each(|p| p.products.discard_before(index));
    }

    /// ∫ of the product of the channels of a pair over sample positions `start` to `stop`, in codes.
    pub fn integral(
        &self,
        plan: &Plan,
        streams: &[Streams],
        (u, v): (usize, usize),
        start: f64,
        stop: f64,
    ) -> f64 {
        let none = Products::default();
        let are_these = |p: &&Pair| (self.channels[p.places.0], self.channels[p.places.1]) == (u, v);
        let pair = self.pairs.iter().find(are_these).map_or(&none, |p| &p.products);
        product_integral(plan.level, (&streams[u].raw, &streams[v].raw), pair, start, stop)
    }
}
