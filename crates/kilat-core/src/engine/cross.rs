//! The products of channels with each other, for power and for differences of phases: sums over blocks, beside the streams.

use serde::{Deserialize, Serialize};

use crate::config::Part;
use crate::engine::plan::Plan;
use crate::engine::track::Track;
use crate::pq::rms::{Products, product_integral};

/// Two channels that are multiplied.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pair {
    channels: (usize, usize),
    products: Products,
}

impl Pair {
    /// Adds what the streams hold by now.
    pub fn update(&mut self, plan: &Plan, tracks: &[Track]) {
        let (u, v) = self.channels;
        self.products.update(plan.level, &tracks[u].raw, &tracks[v].raw);
    }
}

/// All pairs of channels that the plan multiplies; none where half cycles are too short for blocks.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Pairs(pub Vec<Pair>);

impl Pairs {
    /// At the start of a segment.
    pub fn new(plan: &Plan) -> Self {
        let of = |u: &usize| {
            let (u, c) = (*u, &plan.channels[*u]);
            let pair = c.pair.filter(|_| plan.config.measures(Part::Harmonics));
            [c.next_phase, pair].into_iter().flatten().map(move |v| (u, v))
        };
        let pair = |channels| Pair { channels, products: Products::default() };
        let channels = plan.turns.iter().filter(|_| Products::serve(plan.half_period()));
        Self(channels.flat_map(of).map(pair).collect())
    }

    /// The same in the memory of these.
    #[must_use]
    pub fn anew(self) -> Self {
        Self(self.0.into_iter().map(|p| Pair { products: p.products.anew(), ..p }).collect())
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time.
    pub fn reserve(&mut self, plan: &Plan, chunk: usize) {
        self.0.iter_mut().for_each(|p| p.products.reserve(Track::most_held(plan) + chunk));
    }

    /// Bytes of them for such a stream.
    pub fn bytes(plan: &Plan, chunk: usize) -> usize {
        Self::new(plan).0.len() * 2 * size_of::<f64>() * Products::most(Track::most_held(plan) + chunk)
    }

    /// True when both are of the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.iter().map(|p| p.channels).eq(other.0.iter().map(|p| p.channels))
    }

    /// Oldest sample that products still to come need.
    pub fn oldest(&self) -> f64 {
        self.0.iter().map(|p| p.products.end() as f64).fold(f64::INFINITY, f64::min)
    }

    /// Lets go of what lies before sample `index`.
    pub fn discard_before(&mut self, index: u64) {
        self.0.iter_mut().for_each(|p| p.products.discard_before(index));
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
        let pair = self.0.iter().find(|p| p.channels == (u, v)).map_or(&none, |p| &p.products);
        product_integral(plan.level, (&tracks[u].raw, &tracks[v].raw), pair, start, stop)
    }
}
