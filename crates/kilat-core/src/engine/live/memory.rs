//! How much memory a stream takes, known before it starts.

use crate::engine::cross::Pairs;
use crate::engine::live::waveform::Catcher;
use crate::engine::live::{Options, Output};
use crate::engine::measured::Measured;
use crate::engine::meters::Meters;
use crate::engine::plan::Plan;
use crate::engine::streams::Streams;
use crate::engine::track::Track;

/// Samples that go through the engine at a time, in seconds, and at least and at most.
const CHUNK_S: f64 = 0.1;
const CHUNK: (usize, usize) = (64, 8192);
/// Measured windows of one channel that exist at a time: due ones, sums and means of four aggregates, and those in the queue.
const WINDOWS: usize = 96;
/// Everything of a channel that does not grow with the rate: Pst's classes, lists of half cycles and crossings.
const FIXED: usize = 256 << 10;

/// Samples that go through the engine at a time: a block of any size is cut into such.
pub fn chunk(plan: &Plan) -> usize {
    ((plan.fs * CHUNK_S) as usize).clamp(CHUNK.0, CHUNK.1)
}

/// Most samples of a channel that the results lag behind.
pub fn lag(plan: &Plan) -> usize {
    Streams::most_held(plan) + chunk(plan)
}

/// Most bytes that a stream takes, whatever comes, as long as no more results wait than [`Options::queue`] and one block
/// completes. The plan, which streams share, is not counted.
pub fn bytes(plan: &Plan, options: &Options) -> usize {
    let streams = |c| {
        let n = chunk(plan);
        Streams::bytes(plan, c, n) + Track::bytes(plan, c, n) + Meters::bytes(plan, c, n)
    };
    let streams = (0..plan.channels.len()).map(streams).sum::<usize>() + Pairs::bytes(plan, chunk(plan));
    let emission = usize::from(plan.supraharmonics.is_some()) * (4 << 10);
    let window = size_of::<Measured>() + emission + 8 * plan.config.signalling.len();
    let channel = FIXED + WINDOWS * window + 2 * plan.fft.points() * size_of::<f32>();
    let waveforms = options.waveforms.map_or(0, |w| 2 * Catcher::bytes(plan, w, lag(plan)));
    let queue = 2 * options.queue * size_of::<Output>();
    streams + plan.channels.len() * (channel + 8 * chunk(plan)) + waveforms + queue
}
