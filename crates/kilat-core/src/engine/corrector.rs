//! The filter that takes a transducer's delay and frequency response out of a channel, sample for sample in its place.

use std::f64::consts::PI;
use std::ops::Range;

use realfft::num_complex::Complex64;

use crate::config::Correction;
use crate::config::correction::Response;
use crate::dsp::fir::{of_response, response_of};
use crate::engine::history::History;
use crate::error::{Error, Result};
use crate::simd::Level;
use crate::units::SampleRate;

/// Ripple, as of every filter of the engine.
const ATTENUATION_DB: f64 = 95.0;
/// Part of the sampling rate up to which the correction is exact.
const HIGHEST: f64 = 0.45;
/// Deviation that is accepted there, of a complex gain of one.
const TOLERANCE: f64 = 2e-4;
/// Half the filter's length, in samples: as short as it can be, and at most.
const SHORTEST: usize = 32;
const LONGEST: usize = 8192;

/// A filter whose output `n` stands for recorded sample `n`.
#[derive(Debug, Clone)]
pub struct Corrector {
    /// Padded to whole lanes.
    taps: Vec<f32>,
    half: u64,
    /// Whole samples that the channel is late.
    late: i64,
}

impl Corrector {
    /// Undoes delay and response of `correction`, called `setting`; `None` when neither is stated.
    pub fn new(correction: &Correction, rate: SampleRate, setting: &str) -> Result<Option<Self>> {
        if correction.delay_s == 0.0 && correction.response.is_empty() {
            return Ok(None);
        }
        let fs = rate.hz();
        let delay = correction.delay_s * fs;
        let transducer = (!correction.response.is_empty()).then(|| Response::new(&correction.response));
        // What of the phase is a delay too moves the filter as a whole.
        let total = delay + transducer.as_ref().map_or(0.0, |t| t.delay_s() * fs);
        let late = total.round();
        let wanted = |f: f64| {
            let advance = Complex64::from_polar(1.0, 2.0 * PI * f * (delay - late));
            transducer.as_ref().map_or(advance, |t| advance / t.at(f * fs))
        };
        let checked = frequencies(correction, fs);
        let mut half = SHORTEST;
        let taps = loop {
            let taps = of_response(wanted, half, total - late, ATTENUATION_DB);
            let error = |f: &f64| (response_of(&taps, *f) / wanted(*f) - 1.0).norm();
            if checked.iter().all(|f| error(f) <= TOLERANCE) {
                break taps;
            }
            half *= 2;
            if half > LONGEST {
                let problem = format!(
                    "changes faster with frequency than a filter of {} samples at {rate} can follow; state fewer \
                     points, or points that follow a smooth course",
                    2 * LONGEST + 1
                );
                return Err(Error::config(format!("{setting}.response"), problem));
            }
        };
        let mut padded: Vec<f32> = taps.iter().map(|t| *t as f32).collect();
        padded.resize(taps.len().next_multiple_of(16), 0.0);
        Ok(Some(Self { taps: padded, half: half as u64, late: late as i64 }))
    }

    /// Recorded samples after `n` that output `n` waits for.
    pub fn lag(&self) -> u64 {
        (self.skipped() + self.taps.len() as u64 - 1).saturating_sub(self.held())
    }

    /// Outputs at either end of a segment that samples before or after it go into.
    pub fn edge(&self) -> u64 {
        self.half + self.late.unsigned_abs()
    }

    /// Copies of the first sample that stand before the recorded ones.
    pub fn held(&self) -> u64 {
        (self.half as i64 - self.late).max(0) as u64
    }

    /// Inputs that the filter begins after.
    fn skipped(&self) -> u64 {
        (self.late - self.half as i64).max(0) as u64
    }

    /// Outputs that recorded sample `i` goes into.
    pub fn reach(&self, i: u64) -> Range<u64> {
        let centre = i as i64 - self.late;
        let half = self.half as i64;
        (centre - half).max(0) as u64..(centre + half + 1).max(0) as u64
    }

    /// Outputs that stand for moments before the first recorded sample.
    pub fn before_recording(&self) -> Range<u64> {
        0..(-self.late).max(0) as u64
    }

    /// Which of `n` outputs stand for moments after the last of `n` recorded samples.
    pub fn after_recording(&self, n: u64) -> Range<u64> {
        n.saturating_sub(self.late.max(0) as u64)..n
    }

    /// Appends to `output` whatever `recorded`, which begins with the [held](Self::held) copies, now allows.
    pub fn run(&self, level: Level, recorded: &mut History, output: &mut History) {
        let from = output.end() + self.skipped();
        let span = self.taps.len() as u64;
        let allowed = (recorded.end() + 1).saturating_sub(from + span);
        // A channel that is early could be told further than anything has been recorded.
        let count = allowed.min((recorded.end() - self.held()).saturating_sub(output.end()));
        if count > 0 {
            let out = output.grow(count as usize);
            level.fir(recorded.get(from..from + count + span - 1), &self.taps, 1, &[], out);
        }
        recorded.discard_before(output.end() + self.skipped());
    }

    /// Copies of the last sample that complete `n` outputs for `n` recorded samples.
    pub fn lacking(&self, n: u64, recorded: &History) -> u64 {
        (n + self.skipped() + self.taps.len() as u64 - 1).saturating_sub(recorded.end())
    }
}

/// Where the filter must do what it is for, in cycles per sample: at the points and between them, or in the whole band.
fn frequencies(correction: &Correction, fs: f64) -> Vec<f64> {
    let points: Vec<f64> = correction.response.iter().map(|p| p.hz / fs).filter(|f| *f <= HIGHEST).collect();
    let between = points.windows(2).map(|w| f64::midpoint(w[0], w[1]));
    let (low, high) = match (&points[..], correction.response.len()) {
        ([first, .., last], all) if points.len() == all => (*first, *last),
        ([first, ..], _) => (*first, HIGHEST),
        ([], _) => (0.0, HIGHEST),
    };
    let evenly = (0..=32).map(|k| low + (high - low) * f64::from(k) / 32.0);
    points.iter().copied().chain(between).chain(evenly).collect()
}
