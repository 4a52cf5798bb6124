//! The live driver: blocks of any size as they come, for years. It does no arithmetic, and gives the same bits as the offline one.
//!
//! What it promises:
//! * **Nothing is lost silently.** A gap, a block that overlaps, comes late or comes twice, a step of the clock, a loss of
//!   synchronisation, an overload: each is an output of its own, and no value bridges a gap.
//! * **Bounded.** [`Live::bytes`] says how much memory a stream takes before it starts. `push` neither allocates nor locks
//!   nor calls the system, over gaps too, if results go [into a sink](Live::push_into) or [into a buffer](Live::next_into).
//! * **The same bits** for any blocks, and after [`checkpoint`](Live::checkpoint) and [`restore`](Live::restore).

mod checkpoint;
mod intake;
mod memory;
mod output;
mod tap;
mod waveform;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::capture::{Codes, SamplesRef};
use crate::config::Config;
use crate::engine::analysis::{Flags, Gap};
use crate::engine::plan::{ChannelSpec, Plan};
use crate::engine::segment::{Engine, State};
use crate::engine::sink::Sink;
use crate::error::{Error, Result};
use crate::units::{SampleRate, Timestamp};

use intake::{Admission, Before, Intake};
use output::{Clock, Filler, Queue};
pub use output::{Output, OwnedInterval, OwnedWaveform, Value};
use tap::Tap;
pub use waveform::Around;
use waveform::Catcher;

/// Most channels of one stream.
pub const MOST_CHANNELS: usize = 64;
/// Longest waveform around an event, in seconds.
const LONGEST_S: f64 = 600.0;

bitflags::bitflags! {
    /// What the source says of a block.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct Quality: u32 {
        /// A converter was at its limit: all values of the block are flagged.
        const OVERLOAD = 1;
        /// The source's clock is not synchronised: times of blocks are not believed.
        const CLOCK_LOST = 2;
    }
}

impl Serialize for Quality {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        self.bits().serialize(s)
    }
}

impl<'de> Deserialize<'de> for Quality {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        u32::deserialize(d).map(Self::from_bits_truncate)
    }
}

/// Samples of all recorded channels, as they come.
#[derive(Debug, Clone, Copy)]
pub enum Block<'a> {
    /// One slice per channel, all of one length; types may differ.
    Planar(&'a [SamplesRef<'a>]),
    /// The first sample of every channel, then the second of every channel, and so on.
    Interleaved(SamplesRef<'a>),
}

/// What a stream does besides measuring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Results that may wait to be taken: a push that finds as many is refused, and takes nothing.
    pub queue: usize,
    /// Values of Pinst, some 200 a second and channel, go to the queue too. A sink receives them in any case.
    pub p_inst: bool,
    /// Samples around dips, swells, interruptions and transients.
    pub waveforms: Option<Around>,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 4096, p_inst: false, waveforms: None }
    }
}

/// A running analysis of a stream.
///
/// ```
/// use kilat_core::engine::live::{Block, Quality};
/// use kilat_core::{Channel, Config, Live, SampleRate, SamplesRef, engine::plan::ChannelSpec};
/// let rate = SampleRate::from_hz(10_000.0)?;
/// let channel = ChannelSpec::of(&Channel::new("Ua", "V", Vec::<f32>::new()), 0);
/// let mut live = Live::new(rate, None, &[channel], &Config::class_a(230.0, 50.0))?;
/// let wave: Vec<f32> = (0..10_000).map(|i| 325.27 * (i as f32 * 0.031_415_926).sin()).collect();
/// for (k, block) in wave.chunks(500).enumerate() {
///     live.push(Block::Interleaved(SamplesRef::F32(block)), 500 * k as u64, None, Quality::empty())?;
///     for output in live.outputs() {
///         println!("{} {}", output.sequence, output.value.kind());
///     }
/// }
/// live.finish();
/// # Ok::<(), kilat_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Live {
    options: Options,
    stream: Stream,
    intake: Intake,
    queue: Queue,
    finished: bool,
}

/// What samples go through.
#[derive(Debug)]
struct Stream {
    plan: Arc<Plan>,
    engine: Engine,
    catcher: Option<Catcher>,
    chunk: usize,
    /// A chunk of interleaved samples, channel for channel.
    columns: Vec<Codes>,
}

#[derive(Serialize)]
struct Saved<'a> {
    engine: crate::engine::segment::Saved<'a>,
    intake: &'a Intake,
    catcher: &'a Option<Catcher>,
    sequence: u64,
    finished: bool,
}

#[derive(Deserialize)]
struct Loaded {
    engine: State,
    intake: Intake,
    catcher: Option<Catcher>,
    sequence: u64,
    finished: bool,
}

impl Live {
    /// A stream at `rate`, begun at `start` when the clock is known, with the usual options. The first block says the index
    /// of the first sample.
    pub fn new(
        rate: SampleRate,
        start: Option<Timestamp>,
        channels: &[ChannelSpec],
        config: &Config,
    ) -> Result<Self> {
        Self::with_plan(Arc::new(Plan::new(config, rate, channels)?), start, Options::default())
    }

    /// A stream under a plan that others may share.
    pub fn with_plan(plan: Arc<Plan>, start: Option<Timestamp>, options: Options) -> Result<Self> {
        let channels = plan.recorded().len();
        if channels > MOST_CHANNELS {
            let (part, what) = ("live stream".into(), "the number of channels".into());
            return Err(Error::Limit { part, what, limit: MOST_CHANNELS as u64, found: channels as u64 });
        }
        if let Some(w) = options.waveforms
            && ![w.before_s, w.after_s].iter().all(|s| (0.0..=LONGEST_S).contains(s))
        {
            let problem =
                format!("{} s before and {} s after must each be 0 to {LONGEST_S}", w.before_s, w.after_s);
            return Err(Error::config("waveforms", problem));
        }
        let chunk = memory::chunk(&plan);
        let clock = start.unwrap_or_default();
        let mut engine = Engine::new(plan.clone(), Arc::default(), 0, clock);
        engine.reserve(chunk);
        let catcher = options.waveforms.map(|w| Catcher::new(&plan, w, memory::lag(&plan)));
        let columns = vec![Codes::default(); channels];
        Ok(Self {
            options,
            intake: Intake::new(plan.rate, start),
            queue: Queue::new(&plan, &options),
            stream: Stream { plan, engine, catcher, chunk, columns },
            finished: false,
        })
    }

    /// Most bytes that a stream of this plan takes, results that wait included. Plans are shared, and not counted.
    pub fn bytes(plan: &Plan, options: &Options) -> usize {
        memory::bytes(plan, options)
    }

    /// The plan, which says what is measured.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.stream.plan
    }

    /// The index of the sample that ought to come next.
    pub fn next_index(&self) -> u64 {
        self.intake.next()
    }

    /// True when times of results are in UTC, and not counted from the first sample.
    pub fn is_dated(&self) -> bool {
        self.intake.is_dated()
    }

    /// Takes a block whose first sample has index `first_index` in the source's own count and was taken at `timestamp`, when
    /// that is known. What it completes waits in [`outputs`](Self::outputs).
    ///
    /// An error leaves the stream as it was: for a block of the wrong shape, an index beyond all years, and when
    /// [`Options::queue`] results wait. What is odd about a good block is no error but an output: see
    /// [`NoticeKind`](crate::engine::sink::NoticeKind) and [`Gap`].
    pub fn push(
        &mut self,
        block: Block<'_>,
        first_index: u64,
        timestamp: Option<Timestamp>,
        quality: Quality,
    ) -> Result<()> {
        self.check_room()?;
        let n = self.check(block)?;
        let was = self.intake.clock();
        let admission = self.intake.admit(first_index, n as u64, timestamp, quality)?;
        let Self { stream, queue, intake, .. } = self;
        stream.close(&admission, &mut Filler { queue, clock: was });
        let clock = intake.clock();
        stream.open(block, n, &admission, quality, clock, &mut Filler { queue, clock });
        Ok(())
    }

    /// The same, but what the block completes goes straight to `sink`, and is not counted.
    pub fn push_into(
        &mut self,
        block: Block<'_>,
        first_index: u64,
        timestamp: Option<Timestamp>,
        quality: Quality,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let n = self.check(block)?;
        let admission = self.intake.admit(first_index, n as u64, timestamp, quality)?;
        self.stream.close(&admission, sink);
        self.stream.open(block, n, &admission, quality, self.intake.clock(), sink);
        Ok(())
    }

    /// No sample was taken for `duration_s`, though none is missing in the source's count; the next is taken at `resumes`, when
    /// the clock is known.
    pub fn pause(&mut self, duration_s: f64, resumes: Option<Timestamp>) -> Result<()> {
        self.check_room()?;
        let was = self.intake.clock();
        self.intake.pause(duration_s, resumes);
        let Self { stream, queue, intake, .. } = self;
        let clock = intake.clock();
        stream.interrupt(&mut Filler { queue, clock: was });
        stream.resume(duration_s, clock, &mut Filler { queue, clock });
        Ok(())
    }

    /// The same into a sink.
    pub fn pause_into(&mut self, duration_s: f64, resumes: Option<Timestamp>, sink: &mut impl Sink) {
        self.intake.pause(duration_s, resumes);
        self.stream.interrupt(sink);
        self.stream.resume(duration_s, self.intake.clock(), sink);
    }

    /// Ends the stream; what is left waits in [`outputs`](Self::outputs).
    pub fn finish(&mut self) {
        if !std::mem::replace(&mut self.finished, true) {
            let clock = self.intake.clock();
            let sink = &mut Filler { queue: &mut self.queue, clock };
            self.stream.interrupt(sink);
            self.stream.engine.finish(sink);
        }
    }

    /// The same into a sink.
    pub fn finish_into(&mut self, sink: &mut impl Sink) {
        if !std::mem::replace(&mut self.finished, true) {
            self.stream.interrupt(sink);
            self.stream.engine.finish(sink);
        }
    }

    /// Takes the results that wait, in their order; those that are not taken go on waiting.
    pub fn outputs(&mut self) -> impl Iterator<Item = Output> + '_ {
        std::iter::from_fn(|| self.queue.pop())
    }

    /// Puts the next result into `output`, whose memory serves again; false when none waits.
    pub fn next_into(&mut self, output: &mut Option<Output>) -> bool {
        let next = self.queue.pop();
        let found = next.is_some();
        if let Some(old) = std::mem::replace(output, next) {
            self.queue.recycle(old);
        }
        found
    }

    /// The whole state as bytes: [restored](Self::restore), the rest of the stream gives the same bits as if it had never
    /// stopped. Refused while results wait: they would be lost.
    pub fn checkpoint(&self) -> Result<Vec<u8>> {
        if self.queue.len() > 0 {
            return Err(Error::mismatch("results that wait before a checkpoint", 0, self.queue.len()));
        }
        let saved = Saved {
            engine: self.stream.engine.save(),
            intake: &self.intake,
            catcher: &self.stream.catcher,
            sequence: self.queue.sequence,
            finished: self.finished,
        };
        checkpoint::write(&self.stream.plan, &self.options, &saved)
    }

    /// Goes on where [`checkpoint`](Self::checkpoint) was called, under the same plan and options. Damaged bytes, and those of
    /// another plan, are an error.
    pub fn restore(plan: Arc<Plan>, options: Options, bytes: &[u8]) -> Result<Self> {
        let loaded: Loaded = checkpoint::read(&plan, &options, bytes)?;
        let mut live = Self::with_plan(plan, None, options)?;
        let odd = |what: &str| checkpoint::malformed("state", "that of this plan", format!("another {what}"));
        match (&live.stream.catcher, &loaded.catcher) {
            (None, None) => {}
            (Some(new), Some(old)) if old.is_like(new) => {}
            _ => return Err(odd("waveform")),
        }
        if !live.stream.engine.load(loaded.engine) {
            return Err(odd("set of channels"));
        }
        live.stream.engine.reserve(live.stream.chunk);
        live.stream.catcher = loaded.catcher;
        live.stream.catcher.iter_mut().for_each(Catcher::reserve);
        live.intake = loaded.intake;
        live.queue.sequence = loaded.sequence;
        live.finished = loaded.finished;
        Ok(live)
    }

    fn check_room(&self) -> Result<()> {
        if self.queue.len() < self.options.queue.max(1) {
            return Ok(());
        }
        Err(Error::Limit {
            part: "live stream".into(),
            what: "the number of results that wait to be taken".into(),
            limit: self.options.queue as u64,
            found: self.queue.len() as u64,
        })
    }

    /// Samples per channel of a block that fits.
    fn check(&self, block: Block<'_>) -> Result<usize> {
        if self.finished {
            return Err(Error::mismatch("state of the stream", "running", "finished"));
        }
        let channels = self.stream.plan.recorded().len();
        match block {
            Block::Planar(parts) => {
                if parts.len() != channels {
                    return Err(Error::mismatch("channels of a block", channels, parts.len()));
                }
                let n = parts.first().map_or(0, SamplesRef::len);
                match parts.iter().find(|b| b.len() != n) {
                    Some(other) => Err(Error::mismatch("samples of a block", n, other.len())),
                    None => Ok(n),
                }
            }
            Block::Interleaved(all) if all.len().is_multiple_of(channels) => Ok(all.len() / channels),
            Block::Interleaved(all) => {
                let expected = format!("a multiple of {channels} channels");
                Err(Error::mismatch("samples of an interleaved block", expected, all.len()))
            }
        }
    }
}

impl Stream {
    /// Ends the segment when the block does not follow it.
    fn close(&mut self, admission: &Admission, sink: &mut impl Sink) {
        if matches!(admission.before, Before::Gap { .. } | Before::Step(_)) {
            self.interrupt(sink);
        }
    }

    /// Says what is to be said, and takes the new samples of a block.
    fn open(
        &mut self,
        block: Block<'_>,
        n: usize,
        admission: &Admission,
        quality: Quality,
        clock: Clock,
        sink: &mut impl Sink,
    ) {
        admission.notices.iter().flatten().for_each(|notice| sink.notice(*notice));
        match admission.before {
            Before::Nothing => {}
            Before::Start | Before::Step(_) => self.restart(clock),
            Before::Gap { samples } => {
                self.resume(self.plan.rate.seconds(samples as f64), clock, sink);
            }
            Before::Steer(seconds) => self.engine.steer(seconds),
        }
        let skip = admission.skip as usize;
        if quality.contains(Quality::OVERLOAD) {
            self.engine.expect((n - skip) as u64, Flags::CLIPPED);
        }
        self.feed(block, skip..n, sink);
    }

    fn interrupt(&mut self, sink: &mut impl Sink) {
        match &mut self.catcher {
            Some(catcher) => {
                self.engine.interrupt(&mut Tap { sink, catcher });
                if let Some(w) = catcher.rest() {
                    sink.waveform(w);
                }
            }
            None => self.engine.interrupt(sink),
        }
    }

    fn resume(&mut self, duration_s: f64, clock: Clock, sink: &mut impl Sink) {
        sink.gap(Gap { sample: clock.first, duration_s });
        self.restart(clock);
    }

    fn restart(&mut self, clock: Clock) {
        self.engine.restart(clock.first, clock.began);
        if let Some(c) = &mut self.catcher {
            c.restart(clock.first);
        }
    }

    /// Hands samples `range` of a block to the engine, chunk by chunk.
    fn feed(&mut self, block: Block<'_>, range: std::ops::Range<usize>, sink: &mut impl Sink) {
        let channels = self.columns.len();
        for from in range.clone().step_by(self.chunk) {
            let to = range.end.min(from + self.chunk);
            let mut parts = [SamplesRef::I16(&[]); MOST_CHANNELS];
            match block {
                Block::Planar(all) => {
                    for (part, samples) in parts.iter_mut().zip(all) {
                        *part = samples.slice(from..to);
                    }
                }
                Block::Interleaved(all) => {
                    let rows = all.slice(from * channels..to * channels);
                    for (c, (part, own)) in parts.iter_mut().zip(&mut self.columns).enumerate() {
                        *part = own.column(rows, (c, channels), self.chunk);
                    }
                }
            }
            let parts = &parts[..channels];
            match &mut self.catcher {
                Some(catcher) => {
                    catcher.take(self.plan.recorded(), parts);
                    self.engine.push(parts, &mut Tap { sink, catcher });
                }
                None => self.engine.push(parts, sink),
            }
        }
    }
}
