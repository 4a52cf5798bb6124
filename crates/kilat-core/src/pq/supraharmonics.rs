//! Emission above order 50, of one basic interval; only when [`Config::supraharmonics`] asks for it.
//!
//! * **2–9 kHz** (IEC 61000-4-7, annex B): 35 bands of 200 Hz with centres b = 2100, 2300 … 8900 Hz. With Y(k) the r.m.s. of bin
//!   k of the 10/12-cycle window, 5 Hz nominal: band² = Σ Y((b−95)/5 … (b+100)/5)². Bins follow the mains, so at 51 Hz a band
//!   lies 2 % higher. NaN in an interval of fewer cycles, whose bins are wider.
//! * **9–150 kHz** (IEC 61000-4-30 Ed. 3, annex C, informative): 32 rectangular blocks of 0.5 ms, block j at the first sample not
//!   before start + j/32 of the interval; a transform of each gives bins of 2 kHz with centres 8, 10 … 150 kHz, of which the
//!   least, the root of the mean square and the largest over the blocks are given. A tone between two bins reads up to 3.9 dB low in
//!   each: that is the method.
//!
//! A block of 0.5 ms is a fortieth of a cycle. For the fundamental and its harmonics not to leak into every bin, the standard asks
//! for an analogue high-pass in front of the converter. A linear-phase filter of the samples stands for it here: flat from 8 kHz,
//! 90 dB down to 3 kHz; between them tones leak a little, as they do in an instrument. It cannot undo the clipping or the noise of
//! a converter that had to take the whole mains voltage.

use std::slice::from_mut;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::dsp::decimate::Decimator;
use crate::dsp::fft::{Fft, FftScratch};
use crate::dsp::fir::Kernel;
use crate::dsp::resample::Resampler;
use crate::engine::history::History;
use crate::engine::measured::Mean;
use crate::engine::plan::{ATTENUATION_DB, FASTEST, SLOWEST, reach};
use crate::engine::state::wide;
use crate::engine::timeline::Span;
use crate::error::Warning;
use crate::simd::Level;
use crate::units::SampleRate;

/// Bands of 200 Hz from 2 to 9 kHz.
pub const BANDS: usize = 35;
/// Bins of 2 kHz from 8 to 150 kHz.
pub const BINS: usize = 72;

/// Lower end of the first band, and width of a band.
const FIRST_BAND_HZ: f64 = 2000.0;
const BAND_HZ: f64 = 200.0;
/// 5-Hz bins of a band, and the first bin of the first band: 2005 Hz.
const BAND_BINS: usize = 40;
const FIRST_BAND_BIN: usize = 401;
/// Points of the transform for bands: up to bin 1800, with room for the resampler's slope on the slowest mains.
const POINTS: usize = 6144;
/// Rate to which streams are decimated for bands: at least this.
const WIDE_RATE_HZ: f64 = 31_250.0;
/// Blocks per interval, their number per second if they were contiguous, and so the width of a bin in hertz.
const BLOCKS: u32 = 32;
const BLOCK_RATE_HZ: u64 = 2000;
/// The first bin given: 8 kHz.
const FIRST_BIN: usize = 4;
/// Up to where the high-pass blocks.
const BLOCKED_HZ: f64 = 3000.0;
/// Part of the rate up to which a converter's own filter leaves anything to measure.
const USABLE: f64 = 0.45;

/// Emission of one channel in one interval, in volts or amperes r.m.s.; NaN where it is not measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Emission {
    /// Bands of 200 Hz.
    #[serde(with = "wide")]
    pub low: [f64; BANDS],
    /// Least block of each bin of 2 kHz.
    #[serde(with = "wide")]
    pub high_min: [f64; BINS],
    /// Root of the mean square over the blocks.
    #[serde(with = "wide")]
    pub high_mean: [f64; BINS],
    /// Largest block.
    #[serde(with = "wide")]
    pub high_max: [f64; BINS],
}

impl Default for Emission {
    fn default() -> Self {
        let none = [f64::NAN; BINS];
        Self { low: [f64::NAN; BANDS], high_min: none, high_mean: none, high_max: none }
    }
}

impl Emission {
    /// Goes through all values beside those of `other`, for aggregation.
    pub fn each(&mut self, other: &Self, f: &mut impl FnMut(Mean, &mut [f64], &[f64])) {
        f(Mean::Quadratic, &mut self.low, &other.low);
        f(Mean::Least, &mut self.high_min, &other.high_min);
        f(Mean::Quadratic, &mut self.high_mean, &other.high_mean);
        f(Mean::Most, &mut self.high_max, &other.high_max);
    }
}

/// What is decided before the first sample; a part is `None` when the rate does not support it.
#[derive(Debug)]
pub struct SupraharmonicPlan {
    low: Option<LowPlan>,
    high: Option<HighPlan>,
}

#[derive(Debug)]
struct LowPlan {
    to_wide: Option<Decimator>,
    resampler: Resampler,
    fft: Fft,
    bands: usize,
    cycles: usize,
}

#[derive(Debug)]
struct HighPlan {
    high_pass: Decimator,
    fft: Fft,
    bins: usize,
}

/// Buffers of one measurement at a time.
#[derive(Debug)]
pub struct Scratch {
    low: Option<FftScratch>,
    high: Option<FftScratch>,
}

impl SupraharmonicPlan {
    /// For samples at `rate`.
    pub fn new(config: &Config, rate: SampleRate) -> Self {
        Self { low: LowPlan::new(config, rate.hz()), high: HighPlan::new(rate) }
    }

    /// Bands in results: all, those that the rate does not support being NaN; none when it supports none.
    pub fn bands(&self) -> usize {
        self.low.as_ref().map_or(0, |_| BANDS)
    }

    /// Bins of 2 kHz that the rate supports.
    pub fn bins(&self) -> usize {
        self.high.as_ref().map_or(0, |p| p.bins)
    }

    /// Centres of the bands, in hertz.
    pub fn low_hz(&self) -> Vec<f64> {
        (0..self.bands()).map(|b| FIRST_BAND_HZ + BAND_HZ * (b as f64 + 0.5)).collect()
    }

    /// Centres of the bins of 2 kHz, in hertz.
    pub fn high_hz(&self) -> Vec<f64> {
        (FIRST_BIN..FIRST_BIN + self.bins()).map(|k| k as f64 * BLOCK_RATE_HZ as f64).collect()
    }

    /// Raw samples to the stream that bands are taken from; `None` when it is the raw stream, or is not needed.
    pub fn to_wide(&self) -> Option<&Decimator> {
        self.low.as_ref()?.to_wide.as_ref()
    }

    /// Samples that a window needs on either side.
    pub fn margin(&self) -> u64 {
        let low = self.low.as_ref().map_or(0, |p| reach(p.to_wide.as_ref(), &p.resampler));
        low.max(self.high.as_ref().map_or(0, |p| p.high_pass.half() + 16 + p.fft.points() as u64))
    }

    /// Buffers that fit.
    pub fn scratch(&self) -> Scratch {
        Scratch {
            low: self.low.as_ref().map(|p| p.fft.scratch()),
            high: self.high.as_ref().map(|p| p.fft.scratch()),
        }
    }

    /// What the rate does not support, said.
    pub fn limits(&self, rate: SampleRate) -> Vec<Warning> {
        let low = match &self.low {
            None => Some(format!("2 to 9 kHz: not measured: {rate} is too slow")),
            Some(p) if p.bands < BANDS => {
                let top = FIRST_BAND_HZ + BAND_HZ * p.bands as f64;
                Some(format!("2 to 9 kHz: {rate} supports bands up to {top} Hz"))
            }
            Some(_) => None,
        };
        let high = match &self.high {
            None if block_of(rate).is_none() => {
                Some(format!("9 to 150 kHz: not measured: {rate} has no whole number of samples in 0.5 ms"))
            }
            None => Some(format!("9 to 150 kHz: not measured: {rate} is too slow")),
            Some(p) if p.bins < BINS => {
                let top = (FIRST_BIN + p.bins - 1) as u64 * BLOCK_RATE_HZ / 1000;
                Some(format!("9 to 150 kHz: {rate} supports bins up to {top} kHz"))
            }
            Some(_) => None,
        };
        low.into_iter().chain(high).map(|m| Warning::new("supraharmonics", m)).collect()
    }

    /// Measures `span` of the raw stream, and of `wide` as [`to_wide`](Self::to_wide) makes it; `scale` is volts or amperes per code.
    pub fn measure(
        &self,
        level: Level,
        (raw, wide): (&History, &History),
        span: &Span,
        scale: f64,
        scratch: &mut Scratch,
        out: &mut Emission,
    ) {
        *out = Emission::default();
        if let (Some(p), Some(scratch)) = (&self.low, &mut scratch.low)
            && usize::from(span.cycles) == p.cycles
        {
            p.measure(level, wide, span, scale, scratch, &mut out.low);
        }
        if let (Some(p), Some(scratch)) = (&self.high, &mut scratch.high) {
            p.measure(level, raw, span, scale, scratch, out);
        }
    }
}

impl LowPlan {
    fn new(config: &Config, fs: f64) -> Option<Self> {
        let bands = ((USABLE * fs / FASTEST - FIRST_BAND_HZ) / BAND_HZ).floor().clamp(0.0, BANDS as f64);
        let top = FIRST_BAND_HZ + BAND_HZ * bands;
        let pass = top * FASTEST;
        let factor = (fs / WIDE_RATE_HZ).floor().max(1.0);
        let wide = fs / factor;
        let to_wide = (factor > 1.0).then(|| {
            let kernel = Kernel::low_pass(pass / fs, (wide - pass) / fs, ATTENUATION_DB);
            Decimator::new(&kernel.taps(), factor as u64)
        });
        // What folds around the slowest rate of the resampled window, or repeats around that of the stream, must not reach the top.
        let slow_points = POINTS as f64 * config.nominal_frequency_hz * SLOWEST / config.cycles() as f64;
        let stop = (slow_points - top * SLOWEST).min(wide - pass);
        (bands >= 1.0).then(|| Self {
            to_wide,
            resampler: Resampler::new(&Kernel::low_pass(pass / wide, stop / wide, ATTENUATION_DB)),
            fft: Fft::new(POINTS),
            bands: bands as usize,
            cycles: config.cycles(),
        })
    }

    fn measure(
        &self,
        level: Level,
        wide: &History,
        span: &Span,
        scale: f64,
        scratch: &mut FftScratch,
        out: &mut [f64; BANDS],
    ) {
        let per_wide = self.to_wide.as_ref().map_or(1, Decimator::factor) as f64;
        let (start, step) = (span.start / per_wide, (span.stop - span.start) / per_wide / POINTS as f64);
        self.resampler.run(level, (start, step), |_| wide, from_mut(&mut scratch.input));
        self.fft.run(scratch);
        let unit = scale.abs() / POINTS as f64;
        let bands = scratch.bins[FIRST_BAND_BIN..].chunks(BAND_BINS);
        for (y, bins) in out.iter_mut().zip(bands).take(self.bands) {
            let square: f64 = bins.iter().map(|x| f64::from(x.re).powi(2) + f64::from(x.im).powi(2)).sum();
            *y = unit * (2.0 * square).sqrt();
        }
    }
}

/// Samples in a block, when that is a whole number.
fn block_of(rate: SampleRate) -> Option<usize> {
    let (num, den) = rate.ratio();
    num.is_multiple_of(BLOCK_RATE_HZ * den).then(|| (num / (BLOCK_RATE_HZ * den)) as usize)
}

impl HighPlan {
    fn new(rate: SampleRate) -> Option<Self> {
        let (fs, block) = (rate.hz(), block_of(rate)?);
        let last = (USABLE * fs / BLOCK_RATE_HZ as f64) as usize;
        let bins = (last + 1).saturating_sub(FIRST_BIN).min(BINS);
        let flat = FIRST_BIN as f64 * BLOCK_RATE_HZ as f64;
        (bins > 0).then(|| {
            let kernel = Kernel::low_pass(BLOCKED_HZ / fs, flat / fs, ATTENUATION_DB);
            Self { high_pass: Decimator::new(&kernel.high_pass_taps(), 1), fft: Fft::new(block), bins }
        })
    }

    fn measure(
        &self,
        level: Level,
        raw: &History,
        span: &Span,
        scale: f64,
        scratch: &mut FftScratch,
        out: &mut Emission,
    ) {
        let apart = (span.stop - span.start) / f64::from(BLOCKS);
        let unit = scale.abs() / self.fft.points() as f64;
        let (least, most) = (&mut out.high_min[..self.bins], &mut out.high_max[..self.bins]);
        let squares = &mut out.high_mean[..self.bins];
        squares.fill(0.0);
        for j in 0..BLOCKS {
            let first = (span.start + f64::from(j) * apart).ceil() as u64;
            self.high_pass.fill(level, raw.view(), first, &mut scratch.input, &[]);
            self.fft.run(scratch);
            for (k, x) in scratch.bins[FIRST_BIN..].iter().take(self.bins).enumerate() {
                let square = 2.0 * unit * unit * (f64::from(x.re).powi(2) + f64::from(x.im).powi(2));
                squares[k] += square;
                // A NaN, which the first block meets, is nobody's least or most.
                (least[k], most[k]) = (least[k].min(square.sqrt()), most[k].max(square.sqrt()));
            }
        }
        for square in squares {
            *square = (*square / f64::from(BLOCKS)).sqrt();
        }
    }
}
