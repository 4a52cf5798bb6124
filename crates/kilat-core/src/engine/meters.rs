//! The flickermeters of all channels. They go in order, but need nobody else: while threads measure windows, one runs these.

use serde::{Deserialize, Serialize};

use crate::engine::fold::Fold;
use crate::engine::plan::Plan;
use crate::engine::streams::Streams;
use crate::pq::flicker::{self, FlickerMeter};

/// The meter of one channel.
#[derive(Debug, Serialize, Deserialize)]
struct Meter {
    channel: usize,
    meter: FlickerMeter,
}

/// A meter for each channel that has one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Meters(Vec<Meter>);

impl Meters {
    /// At the start of a segment.
    pub fn new(plan: &Plan) -> Self {
        let channels = (0..plan.channels.len()).filter(|c| plan.flicker(*c).is_some());
        Self(channels.map(|channel| Meter { channel, meter: FlickerMeter::default() }).collect()).anew(plan)
    }

    /// The same in the memory of this one.
    #[must_use]
    pub fn anew(mut self, plan: &Plan) -> Self {
        let Some(f) = &plan.flicker else { return self };
        let first = plan.to_mid.as_ref().map_or(0, |d| d.first_output(0));
        for Meter { channel, meter } in &mut self.0 {
            let c = &plan.channels[*channel];
            *meter = std::mem::take(meter).anew(f, first, c.scale.abs() / c.info.udin_v);
        }
        self
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time.
    pub fn reserve(&mut self, plan: &Plan, chunk: usize) {
        let Some(f) = &plan.flicker else { return };
        self.0.iter_mut().for_each(|m| m.meter.reserve(f, held(plan, chunk)));
    }

    /// Bytes of the meter of channel `c` of such a stream.
    pub fn bytes(plan: &Plan, c: usize, chunk: usize) -> usize {
        plan.flicker(c).map_or(0, |_| 4 * held(plan, chunk) * size_of::<f32>())
    }

    /// True when both are of the same channels.
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.iter().map(|m| m.channel).eq(other.0.iter().map(|m| m.channel))
    }

    /// Gives what comes of what is new in the streams to `fold`.
    pub fn run(&mut self, plan: &Plan, streams: &[Streams], fold: &mut Fold) {
        let Some(f) = &plan.flicker else { return };
        for Meter { channel, meter } in &mut self.0 {
            meter.take(f, plan.level, streams[*channel].mid(plan));
        }
        flicker::run(f, plan.level, self.0.iter_mut().map(|m| &mut m.meter));
        for Meter { channel, meter } in &mut self.0 {
            fold.sense(*channel, &mut meter.due);
        }
    }
}

/// Samples that a meter holds at most.
fn held(plan: &Plan, chunk: usize) -> usize {
    let reach = plan.flicker.as_ref().map_or(0, |f| f.reach() as usize);
    reach + chunk / plan.mid_factor() as usize + 32
}
