//! The live driver: blocks of any size as they come. It does no arithmetic, and gives the same bits as the offline one.

use std::sync::Arc;

use crate::capture::SamplesRef;
use crate::config::Config;
use crate::engine::analysis::Gap;
use crate::engine::plan::{ChannelSpec, Plan};
use crate::engine::segment::Engine;
use crate::engine::sink::Sink;
use crate::error::{Error, Result};
use crate::units::{SampleRate, Timestamp};

/// A running analysis of a stream.
#[derive(Debug)]
pub struct Live {
    plan: Arc<Plan>,
    engine: Engine,
    next: u64,
    /// First sample since the last gap, and when it was taken: in UTC, or counted from the first sample.
    segment: (u64, Timestamp),
}

impl Live {
    /// Starts at sample 0 of a stream at `rate`, begun at `start` when the clock is known.
    pub fn new(
        rate: SampleRate,
        start: Option<Timestamp>,
        channels: &[ChannelSpec],
        config: &Config,
    ) -> Result<Self> {
        let plan = Arc::new(Plan::new(config, rate, channels)?);
        let clock = start.unwrap_or_default();
        let engine = Engine::new(plan.clone(), Arc::default(), 0, clock);
        Ok(Self { plan, engine, next: 0, segment: (0, clock) })
    }

    /// The plan, which says what is measured.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Takes the next samples, one slice per [recorded](Plan::recorded) channel, all of one length, and gives what they complete to `sink`.
    pub fn push(&mut self, block: &[SamplesRef<'_>], sink: &mut impl Sink) -> Result<()> {
        let channels = self.plan.recorded().len();
        if block.len() != channels {
            return Err(Error::mismatch("channels of a block", channels, block.len()));
        }
        let n = block.first().map_or(0, SamplesRef::len);
        if let Some(other) = block.iter().find(|b| b.len() != n) {
            return Err(Error::mismatch("samples of a block", n, other.len()));
        }
        self.engine.push(block, sink);
        self.next += n as u64;
        Ok(())
    }

    /// Ends the segment: no sample was taken for `duration_s`, and the next one is taken at `resumes`, when the clock is known.
    pub fn gap(&mut self, duration_s: f64, resumes: Option<Timestamp>, sink: &mut impl Sink) {
        self.engine.interrupt(sink);
        sink.gap(Gap { sample: self.next, duration_s });
        let (first, began) = self.segment;
        let counted = began.plus_seconds(self.plan.rate.seconds((self.next - first) as f64) + duration_s);
        self.segment = (self.next, resumes.unwrap_or(counted));
        self.engine.restart(self.next, self.segment.1);
    }

    /// Ends the stream and gives what is left to `sink`.
    pub fn finish(mut self, sink: &mut impl Sink) {
        self.engine.interrupt(sink);
        self.engine.finish(sink);
    }
}
