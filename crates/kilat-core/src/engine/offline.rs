//! The offline driver: a whole capture, segment by segment. It does no arithmetic.

use std::ops::Range;
use std::sync::Arc;

use crate::capture::{Capture, Codes, Kind, Samples, SamplesRef, Segment, TimeBase};
use crate::config::{Config, Edition, Part};
use crate::engine::analysis::{Analysis, Gap};
use crate::engine::close_up::{Met, look_closer};
use crate::engine::crew::Crew;
use crate::engine::plan::{ChannelSpec, Plan};
use crate::engine::recorder::Recorder;
use crate::engine::segment::Engine;
use crate::engine::sink::Sink;
use crate::error::{Error, Result, Warning};
use crate::pq::flicker::design::LEAST_RATE_HZ;
use crate::units::{SampleRate, Timestamp};

/// Samples of each channel that are read from where they are stored at a time; after shorter reads more of a mapped file stays resident.
pub(super) const BLOCK: usize = 1 << 18;

/// Analyses `capture` on `threads` threads; 0 means as many as the machine has. The threads are the call's own and end with it.
///
/// Only segments at the fastest rate are analysed, and a warning names the others: the slow parts of a recorder hold r.m.s.
/// values or envelopes. An error says why nothing could be analysed.
///
/// ```
/// use kilat_core::{Capture, Channel, Config, SampleRate, TimeBase, engine::offline};
/// let rate = SampleRate::from_hz(10_000.0)?;
/// let wave: Vec<f64> = (0..10_000).map(|i| 325.27 * (i as f64 * 0.031_415_926_5).sin()).collect();
/// let time = TimeBase::uniform(rate, 10_000, None);
/// let capture = Capture::new(time, vec![Channel::new("Ua", "V", wave)])?;
/// let analysis = offline::analyze(&capture, &Config::class_a(230.0, 50.0), 1)?;
/// assert!((analysis.intervals.rms[[0, 0]] - 230.0).abs() < 0.023);
/// # Ok::<(), kilat_core::Error>(())
/// ```
pub fn analyze(capture: &Capture, config: &Config, threads: usize) -> Result<Analysis> {
    let mut run = Run::new(capture.clone(), config, threads)?;
    let mut sink = Recorder::roomy(run.plan.clone(), capture.len())?;
    let crew = run.crew.clone();
    crew.awake(|| {
        while run.advance(&mut sink)? {}
        let mut analysis = sink.take(capture.time().clone(), run.warnings());
        let mut met = Met::default();
        look_closer(capture, &run.plan, &crew, &mut analysis, &mut met)?;
        analysis.warnings.extend(met.left_out());
        let measured = analysis.half_cycles.iter().any(|h| !h.u_rms_v.is_empty());
        analysis.warnings.extend((!measured).then(|| run.nothing_measured()));
        Ok(analysis)
    })
}

/// The way of a capture through an engine: all segments at the plan's rate, block by block.
pub(super) struct Run {
    pub(super) capture: Capture,
    pub(super) plan: Arc<Plan>,
    pub(super) crew: Arc<Crew>,
    pub(super) engine: Engine,
    /// Of the capture, or counted from its first sample.
    clock: TimeBase,
    /// Segments begun.
    segments: usize,
    /// What is left of the last of them.
    left: Range<usize>,
    /// Samples of each channel that are read at a time.
    pub(super) block: usize,
    /// Samples given to the engine.
    pub(super) given: u64,
    /// When the last of them ends, in seconds.
    end_s: Option<f64>,
    finished: bool,
    own: Vec<Codes>,
    warnings: Vec<Warning>,
}

impl Run {
    pub(super) fn new(capture: Capture, config: &Config, threads: usize) -> Result<Self> {
        if let Some(c) = capture.channels().iter().find(|c| c.len() as u64 != capture.len()) {
            return Err(Error::mismatch(format!("samples of channel `{}`", c.name), capture.len(), c.len()));
        }
        let rate = main_rate(&capture)?;
        let specs: Vec<ChannelSpec> =
            capture.channels().iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
        let plan = Arc::new(Plan::new(config, rate, &specs)?);
        let crew = Arc::new(Crew::new(threads)?);
        Ok(Self {
            engine: Engine::new(plan.clone(), crew.clone(), 0, Timestamp::default()),
            clock: capture.time().clone().with_start(Some(capture.time().start().unwrap_or_default())),
            segments: 0,
            left: 0..0,
            block: BLOCK,
            given: 0,
            end_s: None,
            finished: false,
            own: vec![Codes::default(); plan.recorded().len()],
            warnings: Vec::new(),
            capture,
            plan,
            crew,
        })
    }

    /// Gives the next block to the engine, and what that finds to `sink`; false when all is done.
    pub(super) fn advance(&mut self, sink: &mut impl Sink) -> Result<bool> {
        if self.left.is_empty() {
            let Some(next) = self.capture.time().segments().get(self.segments) else {
                if !std::mem::replace(&mut self.finished, true) {
                    self.engine.finish(sink);
                }
                return Ok(false);
            };
            let next = next.clone();
            self.begin(&next, sink);
            return Ok(true);
        }
        let block = self.left.start..self.left.end.min(self.left.start + self.block);
        let channels = recorded(&self.capture, &self.plan).zip(&mut self.own);
        self.engine.push(&read(channels, &block, &self.crew)?, sink);
        self.left.start = block.end;
        self.given += block.len() as u64;
        if self.left.is_empty() {
            self.engine.interrupt(sink);
        }
        Ok(true)
    }

    /// All samples have been given.
    pub(super) fn is_read(&self) -> bool {
        self.left.is_empty() && self.segments == self.capture.time().segments().len()
    }

    /// Begins the next segment, `s`, unless it has another rate.
    fn begin(&mut self, s: &Segment, sink: &mut impl Sink) {
        self.segments += 1;
        let start_s = s.offset_ps as f64 / 1e12;
        if let Some(end_s) = self.end_s {
            sink.gap(Gap { sample: s.first, duration_s: (start_s - end_s - 1.0 / s.rate.hz()).max(0.0) });
        }
        self.end_s = Some(start_s + s.rate.seconds(s.len.saturating_sub(1) as f64));
        if s.rate != self.plan.rate {
            let at = format!("segment {} (samples {} to {})", self.segments, s.first, s.first + s.len);
            let message =
                format!("recorded at {}, not analysed with the {} of the rest", s.rate, self.plan.rate);
            self.warnings.push(Warning::new(at, message));
            return;
        }
        self.engine.restart(s.first, self.clock.timestamp(s.first as f64).unwrap_or_default());
        self.engine.lend(recorded(&self.capture, &self.plan), s.first as usize);
        self.left = s.first as usize..(s.first + s.len) as usize;
    }

    /// What was not analysed, and what the capture cannot support.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.warnings.iter().cloned().chain(limits(&self.plan, &self.capture)).collect()
    }

    /// For a recording that not even one half cycle was measured of.
    pub(super) fn nothing_measured(&self) -> Warning {
        let (samples, rate) = (self.capture.len(), self.plan.rate);
        let message =
            format!("{samples} samples at {rate} are too short for one whole cycle: nothing measured");
        Warning::new("recording", message)
    }
}

/// The samples of each recorded channel.
fn recorded<'c>(
    capture: &'c Capture,
    plan: &'c Plan,
) -> impl DoubleEndedIterator<Item = &'c Samples> + ExactSizeIterator + Send {
    plan.recorded().iter().map(|c| &capture.channels()[c.info.index].samples)
}

/// Samples `range` of each channel; what must be decoded, such as the chunks of a compressed file, is decoded by all threads.
fn read<'a>(
    channels: impl DoubleEndedIterator<Item = (&'a Samples, &'a mut Codes)> + ExactSizeIterator + Send,
    range: &Range<usize>,
    crew: &Crew,
) -> Result<Vec<SamplesRef<'a>>> {
    let mut out: Vec<_> = (0..channels.len()).map(|_| Ok(SamplesRef::F32(&[]))).collect();
    crew.share(channels.zip(&mut out), |_, ((samples, own), out)| *out = samples.read(range.clone(), own));
    out.into_iter().collect()
}

/// The rate that is analysed: the fastest; an error when the capture is empty.
pub fn main_rate(capture: &Capture) -> Result<SampleRate> {
    // Slow segments of a recorder hold r.m.s. values or envelopes, not waves: the fastest rate wins.
    let rates = capture.time().segments().iter().filter(|s| s.len > 0).map(|s| s.rate);
    rates.max_by(|a, b| a.hz().total_cmp(&b.hz())).ok_or_else(|| Error::Unsupported {
        part: "analysis".into(),
        what: "a capture without a sample".into(),
        hint: "check the file with `kilat info`".into(),
    })
}

/// What this capture cannot support, said rather than guessed.
pub fn limits(plan: &Plan, capture: &Capture) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let config = &plan.config;
    for (i, c) in capture.channels().iter().enumerate() {
        if c.kind != Kind::Other && plan.channels.iter().all(|p| p.info.index != i) {
            let message =
                format!("not analysed: scale {} and offset {} give no {}", c.scale, c.offset, c.kind);
            warnings.push(Warning::new(format!("channel `{}`", c.name), message));
        }
    }
    for c in &plan.channels {
        if let Some(derivation) = &c.derivation {
            warnings.push(Warning::new(format!("channel `{}`", c.info.name), derivation.clone()));
        }
    }
    if !config.only.is_empty() {
        let parts = [
            (Part::Harmonics, "harmonics with unbalance, power and signalling"),
            (Part::Flicker, "flicker"),
            (Part::Transients, "transients"),
        ];
        let without: Vec<_> =
            parts.iter().filter(|(p, _)| !config.measures(*p)).map(|(_, name)| *name).collect();
        warnings.push(Warning::new(
            "only",
            format!("left out, as asked for: {}; no cause is sought", without.join(", ")),
        ));
    }
    if plan.orders < config.orders() && config.measures(Part::Harmonics) {
        warnings.push(Warning::new(
            "harmonics",
            format!(
                "{} supports orders up to {}, not {}; THD likewise",
                plan.rate,
                plan.orders,
                config.orders()
            ),
        ));
    }
    if plan.flicker.is_none()
        && config.measures(Part::Flicker)
        && plan.channels.iter().any(|c| c.info.kind == Kind::Voltage)
    {
        let message = format!("not measured: {} is slower than {LEAST_RATE_HZ} Hz", plan.rate);
        warnings.push(Warning::new("flicker", message));
    }
    if config.edition == Edition::Fourth && plan.supraharmonics.is_some() {
        let message = "measured as IEC 61000-4-30 Ed. 3, annex C, and IEC 61000-4-7, annex B, describe; what annexes C and D \
                       of Ed. 4 ask for is not known to this program";
        warnings.push(Warning::new("supraharmonics", message));
    }
    warnings.extend(plan.supraharmonics.iter().flat_map(|p| p.limits(plan.rate)));
    let longest =
        capture.time().segments().iter().filter(|s| s.rate == plan.rate).map(|s| s.len).max().unwrap_or(0);
    if plan.rate.seconds(longest as f64) < 10.0 {
        warnings.push(Warning::new(
            "frequency",
            "the recording is shorter than the 10 s of a Class A frequency value",
        ));
    }
    if capture.time().start().is_none() {
        warnings.push(Warning::new(
            "time",
            "the start is unknown: intervals of 10 s, 10 min and 2 h count from the first sample",
        ));
    }
    warnings
}
