//! The products of channels with each other, for power and for differences of phases: sums over blocks, beside the streams.

use std::array::from_fn;

use serde::{Deserialize, Serialize};

use crate::config::Part;
use crate::engine::plan::{ChannelPlan, Plan};
use crate::engine::track::Track;
use crate::pq::rms::{Products, product_integral};
use crate::simd::Level;

/// Most pairs: each phase with the next, in volts and in amperes, and each voltage with its current.
const PAIRS: usize = 9;
/// Blocks of every pair that a thread adds up at a time.
const TOGETHER: usize = 32;

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

/// Blocks that are to be added up, of every pair over the same samples.
pub struct Due<'p> {
    streams: [&'p [f32]; Level::STREAMS],
    places: [(usize, usize); PAIRS],
    sums: [&'p mut [f64]; PAIRS],
}

impl Due<'_> {
    /// Adds them up.
    pub fn add(mut self, level: Level) {
        let streams = self.streams.iter().filter(|s| !s.is_empty()).count();
        let pairs = self.sums.iter().filter(|s| !s.is_empty()).count();
        level.block_products(&self.streams[..streams], &self.places[..pairs], &mut self.sums[..pairs]);
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
        for (u, v) in plan.channels.iter().enumerate().flat_map(of) {
            let places = (new.place(u), new.place(v));
            new.pairs.push(Pair { places, products: Products::default() });
        }
        debug_assert!(new.channels.len() <= Level::STREAMS && new.pairs.len() <= PAIRS);
        new
    }

    fn place(&mut self, channel: usize) -> usize {
        self.channels.iter().position(|c| *c == channel).unwrap_or_else(|| {
            self.channels.push(channel);
            self.channels.len() - 1
        })
    }

    /// What the streams hold by now and no block holds, in parts that may go in any order.
    pub fn due<'p>(&'p mut self, tracks: &'p [Track]) -> impl Iterator<Item = Due<'p>> + Send {
        let Self { channels, pairs } = self;
        let ends = channels.iter().map(|c| tracks[*c].raw.end());
        let (from, to) = pairs.first_mut().map_or((0, 0), |p| p.products.due(ends.min().unwrap_or(0)));
        let samples = from * Level::BLOCK as u64..to * Level::BLOCK as u64;
        let mut streams = [&[][..]; Level::STREAMS];
        for (stream, c) in streams.iter_mut().zip(channels) {
            *stream = tracks[*c].raw.get(samples.clone());
        }
        let places = from_fn(|k| pairs.get(k).map_or((0, 0), |p| p.places));
        let mut sums: [&mut [f64]; PAIRS] = from_fn(|_| &mut [][..]);
        for (sums, pair) in sums.iter_mut().zip(pairs) {
            *sums = pair.products.grow((to - from) as usize);
        }
        std::iter::from_fn(move || {
            let blocks = sums[0].len().min(TOGETHER);
            let part = Due {
                streams: streams.map(|s| &s[..s.len().min(blocks * Level::BLOCK)]),
                places,
                sums: sums.each_mut().map(|s| s.split_off_mut(..blocks.min(s.len())).unwrap_or_default()),
            };
            streams = streams.map(|s| &s[s.len().min(blocks * Level::BLOCK)..]);
            (blocks > 0).then_some(part)
        })
    }

    /// The same in the memory of these.
    #[must_use]
    pub fn anew(self) -> Self {
        let anew = |p: Pair| Pair { products: p.products.anew(), ..p };
        Self { pairs: self.pairs.into_iter().map(anew).collect(), ..self }
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time.
    pub fn reserve(&mut self, plan: &Plan, chunk: usize) {
        self.pairs.iter_mut().for_each(|p| p.products.reserve(Track::most_held(plan) + chunk));
    }

    /// Bytes of them for such a stream.
    pub fn bytes(plan: &Plan, chunk: usize) -> usize {
        Self::new(plan).pairs.len() * 2 * size_of::<f64>() * Products::most(Track::most_held(plan) + chunk)
    }

    /// True when both are of the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        let places = |all: &Self| all.pairs.iter().map(|p| p.places).collect::<Vec<_>>();
        self.channels == other.channels && places(self) == places(other)
    }

    /// Oldest sample that products still to come need.
    pub fn oldest(&self) -> f64 {
        self.pairs.iter().map(|p| p.products.end() as f64).fold(f64::INFINITY, f64::min)
    }

    /// Lets go of what lies before sample `index`.
    pub fn discard_before(&mut self, index: u64) {
        self.pairs.iter_mut().for_each(|p| p.products.discard_before(index));
    }

    /// ∫ of the product of the channels of a pair over sample positions `start` to `stop`, in codes.
    pub fn integral(
        &self,
        plan: &Plan,
        tracks: &[Track],
        (u, v): (usize, usize),
        start: f64,
        stop: f64,
    ) -> f64 {
        let none = Products::default();
        let are_these = |p: &&Pair| (self.channels[p.places.0], self.channels[p.places.1]) == (u, v);
        let pair = self.pairs.iter().find(are_these).map_or(&none, |p| &p.products);
        product_integral(plan.level, (&tracks[u].raw, &tracks[v].raw), pair, start, stop)
    }
}
