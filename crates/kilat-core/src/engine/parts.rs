//! The offline driver for recordings of which all results do not fit into memory: they come a part at a time.

use crate::capture::Capture;
use crate::config::Config;
use crate::engine::analysis::Analysis;
use crate::engine::close_up::{Met, look_closer};
use crate::engine::offline::{BLOCK, Run};
use crate::engine::recorder::Recorder;
use crate::error::Result;

/// Samples of a part, at least.
const LEAST: u64 = 1 << 12;

/// An analysis whose tables are given out as the recording goes by, those of so many seconds at a time; what was given out is no longer
/// held.
///
/// The rows of all parts, one after the other, are those of [`offline::analyze`](crate::engine::offline::analyze), bit for bit. Events,
/// rapid changes, bursts and transients come in the part in which they ended, and energy counts from the begin of the recording, so
/// that the last part has it all. As of a stream, nothing is read again: [`Analysis::dip_forms`] and [`Analysis::transient_forms`] are
/// empty. A part is no recording of its own: causes are sought in the whole, of which [`Record`](crate::diagnosis::Record) keeps what they are
/// read from, or in what [`Capture::between`] takes out of it.
///
/// An error ends it.
///
/// ```
/// use kilat_core::engine::parts::Parts;
/// use kilat_core::{Capture, Channel, Config, SampleRate, TimeBase};
/// let wave: Vec<f64> = (0..600_000).map(|i| 325.27 * (i as f64 * 0.031_415_926_5).sin()).collect();
/// let time = TimeBase::uniform(SampleRate::from_hz(10_000.0)?, 600_000, None);
/// let capture = Capture::new(time, vec![Channel::new("Ua", "V", wave)])?;
/// let (mut parts, mut largest_v) = (0, 0f64);
/// for part in Parts::new(&capture, &Config::class_a(230.0, 50.0), 1, 20.0)? {
///     parts += 1;
///     largest_v = part?.intervals.rms.iter().copied().fold(largest_v, f64::max);
/// }
/// assert!(parts == 3 && (largest_v - 230.0).abs() < 0.023);
/// # Ok::<(), kilat_core::Error>(())
/// ```
pub struct Parts {
    run: Run,
    recorder: Recorder,
    /// Samples of a part, at least: a part ends with a block.
    samples: u64,
    /// Something was measured in a part before.
    measured: bool,
    ended: bool,
}

impl Parts {
    /// Begins an analysis of `capture` on `threads` threads, 0 for as many as the machine has. A part is `part_s` seconds of samples, at
    /// least 4096 of them, and what is missing to a block of 2¹⁸ of a longer one.
    ///
    /// # Errors
    /// Those of [`offline::analyze`](crate::engine::offline::analyze).
    pub fn new(capture: &Capture, config: &Config, threads: usize, part_s: f64) -> Result<Self> {
        let mut run = Run::new(capture.clone(), config, threads)?;
        let samples = ((part_s * run.plan.fs) as u64).max(LEAST);
        run.block = BLOCK.min(samples as usize);
        Ok(Self { recorder: Recorder::new(run.plan.clone()), run, samples, measured: false, ended: false })
    }

    /// Goes on for a part.
    fn part(&mut self) -> Result<Analysis> {
        let Self { run, recorder, .. } = self;
        let until = run.given.saturating_add(self.samples);
        let crew = run.crew.clone();
        self.ended = crew.awake(|| {
            while run.advance(recorder)? {
                if run.given >= until && !run.is_read() {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        let mut part = recorder.take(run.capture.time().clone(), run.warnings());
        self.measured |= part.half_cycles.iter().any(|h| !h.u_rms_v.is_empty());
        part.warnings.extend((self.ended && !self.measured).then(|| run.nothing_measured()));
        Ok(part)
    }

    /// Where the first event, rapid change or transient begins that a part to come may give out; later ones begin later than what was
    /// given out.
    pub(crate) fn due_since(&self) -> Option<f64> {
        self.run.engine.due_since()
    }

    /// Describes the dips and transients of a part, after those `met` in parts before.
    pub(crate) fn look_closer(&self, part: &mut Analysis, met: &mut Met) -> Result<()> {
        let Run { capture, plan, crew, .. } = &self.run;
        crew.awake(|| look_closer(capture, plan, crew, part, met))
    }
}

impl Iterator for Parts {
    type Item = Result<Analysis>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        // What fails does not go on.
        self.ended = true;
        Some(self.part())
    }
}
