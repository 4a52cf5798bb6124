//! Signals of which everything is known: sums of tones, in the testing states of IEC 62586-2.

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::offline;
use kilat_core::{Analysis, Capture, Channel, Config, Result, SampleRate, TimeBase, Timestamp};

use super::Reading;

/// Mains of a test: declared voltage and nominal frequency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mains {
    pub udin_v: f64,
    pub hz: f64,
}

/// The two systems every row is tried on.
pub const SYSTEMS: [Mains; 2] = [Mains { udin_v: 230.0, hz: 50.0 }, Mains { udin_v: 120.0, hz: 60.0 }];

impl Mains {
    pub fn config(self) -> Config {
        Config::class_a(self.udin_v, self.hz)
    }
}

/// Seconds of `n` basic intervals and what filters need around them, at the slowest mains.
pub fn intervals_s(n: usize) -> f64 {
    (n as f64 + 0.5) * 10.0 / (0.85 * 50.0) + 0.1
}

/// One tone: r.m.s. in volts, phase of a sine at time zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    pub hz: f64,
    pub rms_v: f64,
    pub phase_rad: f64,
}

/// A sum of tones.
#[derive(Debug, Clone, Default)]
pub struct Wave(pub Vec<Tone>);

impl Wave {
    /// A sine.
    pub fn sine(hz: f64, rms_v: f64, phase_rad: f64) -> Self {
        Self(vec![Tone { hz, rms_v, phase_rad }])
    }

    /// With another tone, `part` of the first; a harmonic's phase counts from the fundamental's own zero crossing.
    #[must_use]
    pub fn with(mut self, order: f64, part: f64, phase_deg: f64) -> Self {
        let first = self.0[0];
        let phase_rad = order * first.phase_rad + phase_deg.to_radians();
        self.0.push(Tone { hz: order * first.hz, rms_v: part * first.rms_v, phase_rad });
        self
    }

    /// With a tone at its own frequency.
    #[must_use]
    pub fn plus(mut self, hz: f64, rms_v: f64, phase_rad: f64) -> Self {
        self.0.push(Tone { hz, rms_v, phase_rad });
        self
    }

    pub fn at(&self, t: f64) -> f64 {
        self.0.iter().map(|x| SQRT_2 * x.rms_v * (2.0 * PI * x.hz * t + x.phase_rad).sin()).sum()
    }

    /// True r.m.s. between two moments, in closed form: the mean of each product of two tones.
    pub fn rms(&self, from_s: f64, to_s: f64) -> f64 {
        let mut square = 0.0;
        for a in &self.0 {
            for b in &self.0 {
                let mean_cos = |hz: f64, phase: f64| {
                    let w = 2.0 * PI * hz;
                    if hz.abs() < 1e-9 {
                        phase.cos()
                    } else {
                        ((w * to_s + phase).sin() - (w * from_s + phase).sin()) / (w * (to_s - from_s))
                    }
                };
                let difference = mean_cos(a.hz - b.hz, a.phase_rad - b.phase_rad);
                let sum = mean_cos(a.hz + b.hz, a.phase_rad + b.phase_rad);
                square += a.rms_v * b.rms_v * (difference - sum);
            }
        }
        square.sqrt()
    }

    /// R.m.s. of bin `k` of a window of `n` cycles between two moments.
    pub fn bin_rms(&self, k: usize, from_s: f64, to_s: f64) -> f64 {
        let (re, im) = self.bin(k, from_s, to_s);
        re.hypot(im) * if k == 0 { 1.0 } else { SQRT_2 }
    }

    /// That bin as a complex number: the Fourier integral of each tone, in closed form.
    pub fn bin(&self, k: usize, from_s: f64, to_s: f64) -> (f64, f64) {
        let length = to_s - from_s;
        let w0 = 2.0 * PI * k as f64 / length;
        let (mut re, mut im) = (0.0, 0.0);
        for x in &self.0 {
            // sin(wt+p)·e^(−j·w0·t) = [e^(j((w−w0)t+p)) − e^(−j((w+w0)t+p))] / 2j
            for (w, p, sign) in [
                (2.0 * PI * x.hz - w0, x.phase_rad + 2.0 * PI * x.hz * from_s, 1.0),
                (-2.0 * PI * x.hz - w0, -x.phase_rad - 2.0 * PI * x.hz * from_s, -1.0),
            ] {
                // Mean of e^(j(w·τ+p)) over 0…length, by its middle.
                let half = w * length / 2.0;
                let sinc = if half.abs() < 1e-12 { 1.0 } else { half.sin() / half };
                let (s, c) = (half + p).sin_cos();
                // 1/2j turns (c + js) into (s − jc)/2.
                re += sign * x.rms_v * SQRT_2 * sinc * s / 2.0;
                im -= sign * x.rms_v * SQRT_2 * sinc * c / 2.0;
            }
        }
        (re, im)
    }
}

/// What the other parameters are while one is tested (IEC 62586-2, testing states 1 to 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    One,
    Two,
    Three,
}

pub const STATES: [State; 3] = [State::One, State::Two, State::Three];

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "state 1",
            Self::Two => "state 2",
            Self::Three => "state 3",
        }
    }

    /// Mains frequency less nominal.
    pub fn offset_hz(self) -> f64 {
        match self {
            Self::One => 0.0,
            Self::Two => -1.0,
            Self::Three => 1.0,
        }
    }

    /// Order, part of the fundamental, phase in degrees.
    pub fn harmonics(self) -> &'static [(f64, f64, f64)] {
        match self {
            Self::One => &[],
            Self::Two => &[(3.0, 0.10, 0.0), (5.0, 0.05, 0.0), (29.0, 0.05, 0.0)],
            Self::Three => &[(7.0, 0.10, 180.0), (13.0, 0.05, 0.0), (25.0, 0.05, 0.0)],
        }
    }

    /// Frequency over nominal, and part of the fundamental.
    pub fn interharmonic(self) -> Option<(f64, f64)> {
        match self {
            Self::One => None,
            Self::Two => Some((7.5, 0.01)),
            Self::Three => Some((3.5, 0.01)),
        }
    }

    /// A phase at `rms_v` and `hz` with everything the state adds.
    pub fn wave(self, mains: Mains, hz: f64, rms_v: f64, phase_rad: f64) -> Wave {
        let mut wave = Wave::sine(hz, rms_v, phase_rad);
        for &(order, part, degrees) in self.harmonics() {
            wave = wave.with(order, part, degrees);
        }
        match self.interharmonic() {
            Some((ratio, part)) => wave.plus(ratio * mains.hz, part * rms_v, 0.4),
            None => wave,
        }
    }
}

/// Angles of the three phases.
pub const ANGLES_RAD: [f64; 3] = [0.1, 0.1 - 2.0 * PI / 3.0, 0.1 + 2.0 * PI / 3.0];
const NAMES: [(&str, &str); 6] =
    [("Ua", "V"), ("Ub", "V"), ("Uc", "V"), ("Ia", "A"), ("Ib", "A"), ("Ic", "A")];

/// A capture of up to three voltages, then up to three currents, from `start` on.
pub fn capture(
    rate_hz: f64,
    seconds: f64,
    start: Timestamp,
    phases: &[&dyn Fn(f64) -> f64],
) -> Result<Capture> {
    let n = (rate_hz * seconds).round() as u64;
    let sampled = |f: &dyn Fn(f64) -> f64| (0..n).map(|i| f(i as f64 / rate_hz)).collect::<Vec<f64>>();
    let channels = NAMES.iter().zip(phases).map(|((name, unit), f)| Channel::new(*name, *unit, sampled(f)));
    let time = TimeBase::uniform(SampleRate::from_hz(rate_hz)?, n, Some(start));
    Capture::new(time, channels.collect())
}

/// Analyses waves as the voltages of phases A, B, C, then the currents.
pub fn analyze(config: &Config, rate_hz: f64, seconds: f64, waves: &[Wave]) -> Result<Analysis> {
    let functions: Vec<Box<dyn Fn(f64) -> f64 + '_>> =
        waves.iter().map(|w| Box::new(|t| w.at(t)) as Box<dyn Fn(f64) -> f64 + '_>).collect();
    let phases: Vec<&dyn Fn(f64) -> f64> = functions.iter().map(|f| &**f as &dyn Fn(f64) -> f64).collect();
    // From a tick on: the first 10 s are a whole slot.
    offline::analyze(&capture(rate_hz, seconds, Timestamp(0), &phases)?, config, 1)
}

/// A row's point in words.
pub fn point(what: &str, mains: Mains, state: Option<State>, rate_hz: f64) -> String {
    let state = state.map_or(String::new(), |s| format!(", {}", s.name()));
    format!("{what}{state}, {} V {} Hz, {} kHz", mains.udin_v, mains.hz, rate_hz / 1000.0)
}

/// The basic intervals of an analysis, in seconds.
pub fn windows(a: &Analysis) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
    let i = &a.intervals;
    (0..i.start_sample.len()).map(|k| (k, a.seconds(i.start_sample[k]), a.seconds(i.stop_sample[k])))
}

/// The magnitude of three voltages furthest from theirs in any basic interval, in % of Udin.
pub fn worst_magnitude(mains: Mains, rate_hz: f64, intervals: usize, waves: &[Wave; 3]) -> Result<Reading> {
    let a = analyze(&mains.config(), rate_hz, intervals_s(intervals), waves)?;
    let per_cent = 100.0 / mains.udin_v;
    let readings = windows(&a).flat_map(|(k, from, to)| {
        let a = &a;
        (0..3).map(move |c| Reading {
            expected: waves[c].rms(from, to) * per_cent,
            measured: a.intervals.rms[[k, c]] * per_cent,
        })
    });
    Ok(Reading::worst(readings))
}

/// Class I of IEC 61000-4-7, in % of Udin, for a component of `pct` % of Udin.
pub fn class_one(pct: f64) -> f64 {
    if pct >= 1.0 { 0.05 * pct } else { 0.05 }
}

/// Negative (`turns` = 1) or zero (0) sequence over the positive one, in %, of three phases at these levels and angles.
pub fn sequence_pct(levels: [f64; 3], degrees: [f64; 3], turns: f64) -> f64 {
    let phasor = |k: usize| {
        let (s, c) = (ANGLES_RAD[k] + degrees[k].to_radians()).sin_cos();
        (levels[k] * c, levels[k] * s)
    };
    sequence_of([0, 1, 2].map(phasor), turns)
}

/// The same of three phasors, added up.
pub fn sequence_of(phasors: [(f64, f64); 3], turns: f64) -> f64 {
    // Positive: b turned by +120°, c by −120°; negative the other way round; zero not at all.
    let sequence = |turn: f64| {
        let turned = [0.0, turn, -turn].map(|t| (t * 2.0 * PI / 3.0).sin_cos());
        let sum = phasors
            .iter()
            .zip(turned)
            .fold((0.0, 0.0), |(re, im), (p, (s, c))| (re + p.0 * c - p.1 * s, im + p.0 * s + p.1 * c));
        f64::hypot(sum.0, sum.1)
    };
    100.0 * sequence(-turns) / sequence(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_agree_with_sums() {
        let wave = Wave::sine(49.0, 230.0, 0.3).with(3.0, 0.1, 40.0).plus(375.0, 5.0, 1.0);
        let (from, to) = (0.0123, 0.0123 + 10.0 / 49.0);
        let n = 200_000;
        let step = (to - from) / f64::from(n);
        let moments = || (0..n).map(|i| from + (f64::from(i) + 0.5) * step);
        let slow = (moments().map(|t| wave.at(t).powi(2)).sum::<f64>() / f64::from(n)).sqrt();
        assert!((wave.rms(from, to) - slow).abs() < 1e-6, "{} {slow}", wave.rms(from, to));
        for k in [10, 30, 76, 77, 80] {
            let turn = |t: f64| 2.0 * PI * f64::from(k) * (t - from) / (to - from);
            let re = moments().map(|t| wave.at(t) * turn(t).cos()).sum::<f64>() / f64::from(n);
            let im = moments().map(|t| wave.at(t) * turn(t).sin()).sum::<f64>() / f64::from(n);
            let slow = re.hypot(im) * SQRT_2;
            let got = wave.bin_rms(k as usize, from, to);
            assert!((got - slow).abs() < 1e-6, "bin {k}: {got} {slow}");
        }
    }
}
