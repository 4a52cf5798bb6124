//! Analytic test signals, and oracles that are slow and obvious. Nothing here shares code with the engine.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::live::{Block, Quality};
use kilat_core::engine::offline;
use kilat_core::engine::plan::ChannelSpec;
use kilat_core::engine::recorder::Recorder;
use kilat_core::engine::sink::Sink;
use kilat_core::{Analysis, Capture, Channel, Config, Live, SampleRate, SamplesRef, TimeBase, Timestamp};

/// Declared voltage of all tests, in volts.
pub const UDIN_V: f64 = 230.0;
/// Peak of a sine of the declared voltage, in volts.
pub const PEAK_V: f64 = UDIN_V * SQRT_2;
/// Angle between phases, in radians.
pub const THIRD: f64 = 2.0 * PI / 3.0;
/// Names of three voltages that the library takes for phases A, B, C.
pub const VOLTAGES: [&str; 3] = ["Ua", "Ub", "Uc"];

/// A periodic signal: harmonics 1 to 50 and a d.c. part.
#[derive(Debug, Clone)]
pub struct Harmonic {
    /// Fundamental, in hertz.
    pub f_hz: f64,
    /// D.c. part.
    pub dc: f64,
    /// R.m.s. of each order; index 0 is not used.
    pub rms: [f64; 51],
    /// Phase of each order, of a cosine at time zero, in radians.
    pub phase_rad: [f64; 51],
}

impl Harmonic {
    /// A sine that crosses zero upwards at `angle` = 0.
    pub fn sine(f_hz: f64, rms: f64, angle_rad: f64) -> Self {
        let mut all = Self { f_hz, dc: 0.0, rms: [0.0; 51], phase_rad: [0.0; 51] };
        all.rms[1] = rms;
        all.phase_rad[1] = angle_rad - PI / 2.0;
        all
    }

    /// The same with order `h` at `part` of the fundamental; `angle_rad` as of a sine against the fundamental's own zero.
    #[must_use]
    pub fn with(mut self, h: usize, part: f64, angle_rad: f64) -> Self {
        self.rms[h] = part * self.rms[1];
        self.phase_rad[h] = h as f64 * (self.phase_rad[1] + PI / 2.0) + angle_rad - PI / 2.0;
        self
    }

    /// Value at `t` seconds. Powers of one rotation: fifty orders for the price of one sine.
    pub fn at(&self, t: f64) -> f64 {
        let (s, c) = (2.0 * PI * self.f_hz * t).sin_cos();
        let (mut re, mut im) = (1.0, 0.0);
        let mut sum = self.dc;
        for h in 1..=50 {
            (re, im) = (re * c - im * s, re * s + im * c);
            if self.rms[h] != 0.0 {
                let (ps, pc) = self.phase_rad[h].sin_cos();
                sum += SQRT_2 * self.rms[h] * (re * pc - im * ps);
            }
        }
        sum
    }

    /// Samples of `seconds` at `rate_hz`.
    pub fn samples(&self, rate_hz: f64, seconds: f64) -> Vec<f64> {
        // As `at`, with the sines and cosines of the phases taken once.
        let parts: Vec<_> = (0..=50)
            .map(|h| {
                let (s, c) = self.phase_rad[h].sin_cos();
                (SQRT_2 * self.rms[h] * c, SQRT_2 * self.rms[h] * s)
            })
            .collect();
        let highest = (0..=50).rev().find(|h| self.rms[*h] != 0.0).unwrap_or(0);
        sampled(rate_hz, seconds, |t| {
            let (s, c) = (2.0 * PI * self.f_hz * t).sin_cos();
            let (mut re, mut im, mut sum) = (1.0, 0.0, self.dc);
            for (pc, ps) in &parts[1..=highest] {
                (re, im) = (re * c - im * s, re * s + im * c);
                sum += re * pc - im * ps;
            }
            sum
        })
    }

    /// True r.m.s. of everything.
    pub fn total_rms(&self) -> f64 {
        (self.dc.powi(2) + self.rms.iter().map(|r| r * r).sum::<f64>()).sqrt()
    }

    /// Phase of order `h` as a cosine at `t` seconds, in radians.
    pub fn phase_at(&self, h: usize, t: f64) -> f64 {
        2.0 * PI * ((h as f64 * self.f_hz * t).fract()) + self.phase_rad[h]
    }
}

/// Samples of a function of time in seconds.
pub fn sampled(rate_hz: f64, seconds: f64, mut wave: impl FnMut(f64) -> f64) -> Vec<f64> {
    (0..(rate_hz * seconds).round() as usize).map(|i| wave(i as f64 / rate_hz)).collect()
}

/// Samples of three phases of a function of phase (0, 1, 2) and time in seconds.
pub fn three(rate_hz: f64, seconds: f64, wave: impl Fn(usize, f64) -> f64) -> [Vec<f64>; 3] {
    [0, 1, 2].map(|k| sampled(rate_hz, seconds, |t| wave(k, t)))
}

/// A sine of the declared voltage on phase `k` of a system.
pub fn mains(f_hz: f64, k: usize, t: f64) -> f64 {
    PEAK_V * (2.0 * PI * f_hz * t - THIRD * k as f64).sin()
}

/// A capture of named channels; names beginning with `I` are currents.
pub fn capture(rate_hz: f64, start: Option<Timestamp>, channels: Vec<(&str, Vec<f64>)>) -> Capture {
    let n = channels.first().map_or(0, |c| c.1.len());
    let unit = |name: &str| if name.starts_with('I') { "A" } else { "V" };
    let channels = channels.into_iter().map(|(name, x)| Channel::new(name, unit(name), x)).collect();
    Capture::new(TimeBase::uniform(SampleRate::from_hz(rate_hz).unwrap(), n as u64, start), channels).unwrap()
}

/// A capture of three voltages.
pub fn three_voltages(rate_hz: f64, x: [Vec<f64>; 3]) -> Capture {
    capture(rate_hz, Some(Timestamp(0)), VOLTAGES.into_iter().zip(x).collect())
}

/// Analysis at the declared voltage with the settings of Class A.
pub fn analyze(capture: &Capture, nominal_hz: f64) -> Analysis {
    offline::analyze(capture, &Config::class_a(UDIN_V, nominal_hz), 1).unwrap()
}

/// Streams `capture` into `sink` in blocks of the lengths that `block` gives.
pub fn stream(capture: &Capture, config: &Config, mut block: impl FnMut() -> usize, sink: &mut impl Sink) {
    let mut live = open(capture, config);
    let indices: Vec<usize> = live.plan().recorded().iter().map(|c| c.info.index).collect();
    let mut end_ps = 0;
    for (k, s) in capture.time().segments().iter().enumerate() {
        if k > 0 {
            let resumes = capture.time().timestamp(s.first as f64);
            live.pause_into((s.offset_ps - end_ps) as f64 / 1e12, resumes, sink);
        }
        end_ps = s.offset_ps + s.rate.picoseconds(s.len);
        let (mut at, end) = (s.first as usize, (s.first + s.len) as usize);
        while at < end {
            let to = end.min(at + block().max(1));
            let part = |i: &usize| capture.channels()[*i].samples.as_ref().unwrap().slice(at..to);
            let parts: Vec<SamplesRef<'_>> = indices.iter().map(part).collect();
            live.push_into(Block::Planar(&parts), at as u64, None, Quality::empty(), sink).unwrap();
            at = to;
        }
    }
    live.finish_into(sink);
}

/// A live analysis of the channels of `capture`, not yet fed.
pub fn open(capture: &Capture, config: &Config) -> Live {
    let specs: Vec<_> = capture.channels().iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i)).collect();
    Live::new(capture.time().rate().unwrap(), capture.time().start(), &specs, config).unwrap()
}

/// The tables that a live analysis in such blocks gives.
pub fn streamed(capture: &Capture, config: &Config, block: impl FnMut() -> usize) -> Analysis {
    let plan = open(capture, config).plan().clone();
    let mut recorder = Recorder::new(plan);
    stream(capture, config, block, &mut recorder);
    recorder.take(capture.time().clone(), Vec::new())
}

/// Fails unless `got` is within `tolerance` of `want`; a NaN is never within anything.
#[track_caller]
pub fn within(got: impl Into<f64>, want: f64, tolerance: f64, what: impl FnOnce() -> String) {
    let got = got.into();
    assert!((got - want).abs() <= tolerance, "{}: {got} is not within {tolerance:e} of {want}", what());
}

/// Difference of two angles, in radians, between −π and π.
pub fn angle_between(a: impl Into<f64>, b: impl Into<f64>) -> f64 {
    let d = (a.into() - b.into()).rem_euclid(2.0 * PI);
    if d > PI { d - 2.0 * PI } else { d }
}

/// R.m.s. of a function of time between two moments, by the midpoint rule.
pub fn slow_rms(wave: impl Fn(f64) -> f64, from_s: f64, to_s: f64, points: usize) -> f64 {
    let step = (to_s - from_s) / points as f64;
    let square: f64 = (0..points).map(|i| wave(from_s + (i as f64 + 0.5) * step).powi(2)).sum();
    (square / points as f64).sqrt()
}

/// A small generator of repeatable random numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// Gaussian, of unit variance (Box and Muller).
    pub fn gauss(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (2.0 * PI * self.unit()).cos()
    }
}
