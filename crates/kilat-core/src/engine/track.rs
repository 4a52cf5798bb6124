//! One channel whose mains are followed: its cut, its half cycles, its transients, in order from the start of a segment.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::config::Part;
use crate::dsp::decimate::Decimator;
use crate::dsp::zero_crossing::{Crossing, CrossingFinder};
use crate::engine::analysis::Flags;
use crate::engine::flywheel::{Boundary, Decided, Flywheel};
use crate::engine::forecast::Forecast;
use crate::engine::history::History;
use crate::engine::inbox::{HALVES, Inbox};
use crate::engine::plan::Plan;
use crate::engine::reuse::Reuse;
use crate::engine::streams::Streams;
use crate::pq::rms::MARGIN;
use crate::pq::transients::TransientSearch;

/// What the end of a half cycle of Urms(1/2) rests on is looked for so long after it, in nominal cycles. The less, the further
/// boundaries are carried on; an event waits for this and for the other channels' half cycles, and must be out within a cycle.
const LEAD_CYCLES: f64 = 0.25;

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

/// State of one followed channel within a segment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Track {
    channel: usize,
    low: History,
    band: History,
    finder: CrossingFinder,
    wheel: Flywheel,
    forecast: Forecast,
    last: Option<Boundary>,
    /// Boundaries of the cut since the last look.
    boundaries: VecDeque<Boundary>,
    /// Half cycles of Urms(1/2) since then.
    halves: VecDeque<Half>,
    transients: TransientSearch,
}

/// Samples that the streams of a track hold at most: low, band.
fn rooms(plan: &Plan, chunk: usize) -> (usize, usize) {
    let reach = 2 * plan.band_pass.half() as usize + 64;
    let filtered = reach + chunk / plan.low_factor() as usize + 32;
    let raw = Streams::most_held(plan) + chunk;
    let low = plan.to_low.as_ref().map_or(0, |_| raw / plan.low_factor() as usize + filtered);
    (low, filtered)
}

impl Track {
    /// Channel `channel` of the plan, at the start of a segment, in the memory of this one.
    #[must_use]
    pub fn anew(self, plan: &Plan, channel: usize) -> Self {
        let mid_first = plan.to_mid.as_ref().map_or(0, |d| d.first_output(0));
        let low_first = plan.to_low.as_ref().map_or(mid_first, |d| d.first_output(mid_first));
        let band_first = plan.band_pass.first_output(low_first);
        let half_period = plan.half_period();
        Self {
            channel,
            low: self.low.anew(low_first),
            band: self.band.anew(band_first),
            finder: CrossingFinder::new(band_first),
            wheel: self.wheel.anew(half_period, (MARGIN + 1) as f64, plan.least_slope(channel)),
            forecast: self.forecast.anew(plan.crossings_lag() - LEAD_CYCLES * 2.0 * half_period),
            last: None,
            boundaries: self.boundaries.emptied(),
            halves: self.halves.emptied(),
            transients: self.transients.anew(plan, channel),
        }
    }

    /// Which channel it follows.
    pub fn channel(&self) -> usize {
        self.channel
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time.
    pub fn reserve(&mut self, plan: &Plan, chunk: usize) {
        let (low, band) = rooms(plan, chunk);
        self.low.reserve(low);
        self.band.reserve(band);
        self.wheel.reserve();
        self.forecast.reserve();
        self.boundaries.make_room(HALVES);
        self.halves.make_room(HALVES);
        self.transients.reserve(plan);
    }

    /// Bytes of the streams of channel `channel` when it is pushed `chunk` samples at a time; none when it is not followed.
    pub fn bytes(plan: &Plan, channel: usize, chunk: usize) -> usize {
        let (low, band) = rooms(plan, chunk);
        if plan.channels[channel].tracked { 2 * size_of::<f32>() * (low + band) } else { 0 }
    }

    /// Follows what is new in the channel's streams.
    pub fn follow(&mut self, plan: &Plan, streams: &Streams) {
        let mid = streams.mid(plan);
        let low = if let Some(d) = &plan.to_low {
            d.run(plan.level, mid, &mut self.low);
            &self.low
        } else {
            mid
        };
        plan.band_pass.run(plan.level, low, &mut self.band);
        let to_raw = plan.low_factor() as f64;
        let wheel = &mut self.wheel;
        self.finder.run(&self.band, |c| wheel.push(Crossing { position: c.position * to_raw, ..c }));
        let horizon = self.finder.horizon() * to_raw;
        let end = streams.raw.end() as f64 - (MARGIN + 1) as f64;
        self.cut(|wheel, emit| wheel.advance(horizon, emit));
        self.halve(plan, streams, |forecast, low, emit| {
            forecast.advance(horizon, end, (plan.level, low, to_raw), emit);
        });
    }

    /// Gives out what is left when the segment ends.
    pub fn finish(&mut self, plan: &Plan, streams: &Streams) {
        let end = streams.raw.end().saturating_sub(MARGIN + 1) as f64;
        if end > (MARGIN + 1) as f64 {
            self.cut(|wheel, emit| wheel.finish(end, emit));
            self.halve(plan, streams, |forecast, _, emit| forecast.finish(end, emit));
        }
        self.transients.finish(plan, self.channel, &streams.raw, &streams.quality);
    }

    /// Gives what has been found since the last time to the fold.
    pub fn hand_over(&mut self, inbox: &mut Inbox) {
        inbox.boundaries.append(&mut self.boundaries);
        inbox.halves.append(&mut self.halves);
        inbox.transients.append(&mut self.transients.found);
    }

    /// Oldest position of the channel's streams that it still needs.
    pub fn oldest(&self, plan: &Plan) -> f64 {
        self.last.map_or(0.0, |b| b.position - 12.0 * plan.half_period())
    }

    /// Lets go of what no half cycle needs, once the streams have of what lies before sample `keep`.
    pub fn discard_before(&mut self, plan: &Plan, keep: u64) {
        // The ordered streams feed each other by at most one filter length.
        let reach = |d: &Decimator| 2 * d.half() + 32;
        let filtered = self.low.end().saturating_sub(reach(&plan.band_pass));
        self.low.discard_before(filtered.min(keep / plan.low_factor()));
        self.band.discard_before(self.band.end().saturating_sub(8));
    }

    /// Takes boundaries of the cut.
    fn cut(&mut self, drive: impl FnOnce(&mut Flywheel, &mut dyn FnMut(Decided))) {
        let Self { wheel, last, forecast, boundaries, .. } = self;
        drive(wheel, &mut |decided| {
            *last = Some(decided.boundary);
            boundaries.push_back(decided.boundary);
            forecast.push(decided);
        });
    }

    /// Takes half cycles of Urms(1/2).
    fn halve(
        &mut self,
        plan: &Plan,
        streams: &Streams,
        drive: impl FnOnce(&mut Forecast, &History, &mut dyn FnMut(f64, Boundary, f64)),
    ) {
        let Self { forecast, low, halves, transients, channel, .. } = self;
        let low = if plan.to_low.is_some() { &*low } else { streams.mid(plan) };
        drive(forecast, low, &mut |start, Boundary { position: stop, synthetic }, period| {
            let energy = streams.energy(plan, start, stop);
            halves.push_back(Half { start, stop, energy, synthetic, flags: streams.flags(start, stop) });
            if plan.config.measures(Part::Transients) {
                transients.on_half(plan, *channel, &streams.raw, &streams.quality, start..stop, period);
            }
        });
    }
}
