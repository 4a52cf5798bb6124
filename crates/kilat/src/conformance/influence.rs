//! Influence quantities one by one: each at its extreme, beside the quantity that is measured (IEC 61000-4-30:2015, 6.1; IEC
//! 62586-2, single power-system influences), and jumps of phase.
//!
//! Left out: a magnitude of 200 % of Udin, on which public sources do not agree, and fast transients, whose band lies beyond
//! what is sampled here.

use std::f64::consts::PI;

use kilat_core::engine::offline;
use kilat_core::{Analysis, Config, Result, Timestamp, Tone};

use super::signal::{
    ANGLES_RAD, Mains, SYSTEMS, Wave, analyze, capture, class_one, intervals_s, point, sequence_of, windows,
    worst_magnitude,
};
use super::{Reading, Row};

/// An influence does not depend on the rate.
const RATE_HZ: f64 = 12_800.0;
/// Basic intervals measured in each row.
const INTERVALS: usize = 4;

/// All rows.
pub fn rows() -> Vec<Row> {
    let mut all = Vec::new();
    for mains in SYSTEMS {
        for influence in INFLUENCES {
            all.extend(magnitude(mains, influence));
            all.extend(unbalance(mains, influence));
            all.extend(harmonics(mains, influence));
            all.extend(signalling(mains, influence));
            all.extend(frequency(mains, influence));
        }
        all.push(transients(mains));
        all.extend(jumps(mains));
    }
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Influence {
    Slow,
    Fast,
    Low,
    High,
    Harmonics,
    Interharmonic,
    Unbalance,
    Signalling,
    Flicker,
}

use Influence::{Fast, Flicker, Harmonics, High, Interharmonic, Low, Signalling, Slow, Unbalance};

const INFLUENCES: [Influence; 9] =
    [Slow, Fast, Low, High, Harmonics, Interharmonic, Unbalance, Signalling, Flicker];

/// Twice class 3 of IEC 61000-2-4, in parts of the fundamental; phases so that crossings multiply.
const HARMONICS: [(f64, f64); 4] = [(3.0, 0.12), (5.0, 0.16), (7.0, 0.14), (11.0, 0.10)];

impl Influence {
    fn name(self) -> &'static str {
        match self {
            Slow => "slowest mains",
            Fast => "fastest mains",
            Low => "10 % Udin",
            High => "150 % Udin",
            Harmonics => "harmonics at twice class 3",
            Interharmonic => "interharmonic at twice class 3",
            Unbalance => "5 % unbalance",
            Signalling => "signalling at 15 % Udin",
            Flicker => "flicker of Pst 20",
        }
    }

    fn hz(self, mains: Mains) -> f64 {
        match self {
            Slow => 0.85 * mains.hz,
            Fast => 1.15 * mains.hz,
            _ => mains.hz,
        }
    }

    /// Levels of the phases, in parts of Udin.
    fn levels(self) -> [f64; 3] {
        match self {
            Low => [0.10; 3],
            High => [1.50; 3],
            // u2 = u0 = 5.05 %.
            Unbalance => [0.73, 0.80, 0.87],
            _ => [1.0; 3],
        }
    }

    /// The mains on phase `k` with the influence.
    fn wave(self, mains: Mains, k: usize) -> Wave {
        let rms_v = self.levels()[k] * mains.udin_v;
        let wave = Wave::sine(self.hz(mains), rms_v, ANGLES_RAD[k]);
        match self {
            Harmonics => HARMONICS.into_iter().fold(wave, |w, (order, part)| w.with(order, part, 180.0)),
            // Between the orders that are measured, with the level of the strongest harmonic near it.
            Interharmonic => wave.plus(5.5 * mains.hz, 0.16 * rms_v, 0.4),
            Signalling => wave.plus(1060.0, 0.15 * mains.udin_v, 0.7),
            // ΔU/U of 0.25 % at 8.8 Hz gives Pinst 1, and a steady Pinst of 1 a Pst of 0.714.
            Flicker => {
                let side = 0.0025 * (20.0 / 0.714) / 4.0 * rms_v;
                let (hz, phase_rad) = (mains.hz, ANGLES_RAD[k]);
                wave.plus(hz - 8.8, side, phase_rad + PI / 2.0).plus(hz + 8.8, side, phase_rad - PI / 2.0)
            }
            _ => wave,
        }
    }
}

fn row(
    quantity: &'static str,
    what: &str,
    mains: Mains,
    (unit, limit, ours): (&'static str, f64, f64),
    measure: impl Fn() -> Result<Reading> + Send + Sync + 'static,
) -> Row {
    Row {
        quantity,
        source: "IEC 62586-2, single influences",
        point: point(what, mains, None, RATE_HZ),
        unit,
        limit,
        ours,
        measure: Box::new(measure),
    }
}

fn three(mains: Mains, influence: Influence) -> [Wave; 3] {
    [0, 1, 2].map(|k| influence.wave(mains, k))
}

fn magnitude(mains: Mains, influence: Influence) -> Option<Row> {
    // These are points of the magnitude's own rows.
    if matches!(influence, Low | High) {
        return None;
    }
    let bounds = ("% Udin", 0.1, 0.01);
    Some(row("influence on magnitude", influence.name(), mains, bounds, move || {
        worst_magnitude(mains, RATE_HZ, INTERVALS, &three(mains, influence))
    }))
}

fn unbalance(mains: Mains, influence: Influence) -> Option<Row> {
    (influence != Unbalance).then(|| {
        let bounds = ("%", 0.15, 0.015);
        row("influence on unbalance", influence.name(), mains, bounds, move || {
            let part = [1.0, 0.95, 1.02];
            let scaled = |k: usize| {
                let mut wave = influence.wave(mains, k);
                wave.0.iter_mut().for_each(|x| x.rms_v *= part[k]);
                wave
            };
            let waves = [0, 1, 2].map(scaled);
            let a = analyze(&mains.config(), RATE_HZ, intervals_s(INTERVALS), &waves)?;
            // Of the fundamental's bin: what lies beside it on all phases leaks in as a sequence of its own.
            let fundamental = mains.config().cycles();
            Ok(Reading::worst(windows(&a).map(|(k, from, to)| Reading {
                expected: sequence_of(waves.each_ref().map(|w| w.bin(fundamental, from, to)), 1.0),
                measured: a.unbalance.u2_pct[k],
            })))
        })
    })
}

/// Subgroup of the 13th harmonic, and the centred interharmonic subgroup above it, which holds a tone of its own.
fn harmonics(mains: Mains, influence: Influence) -> [Row; 2] {
    const ORDER: usize = 13;
    let n = mains.config().cycles();
    let subgroup = ORDER * n - 1..=ORDER * n + 1;
    let between = ORDER * n + 2..=ORDER * n + n - 2;
    [("influence on harmonics", subgroup, false), ("influence on interharmonics", between, true)].map(
        |(quantity, bins, is_between)| {
            let pct = 2.0;
            let bounds = ("% Udin", class_one(pct), class_one(pct) / 10.0);
            row(quantity, influence.name(), mains, bounds, move || {
                let hz = influence.hz(mains);
                let (harmonic, tone) = (ORDER as f64 * hz, (ORDER as f64 + 0.5) * hz);
                let own = if is_between { tone } else { harmonic };
                let waves = three(mains, influence).map(|w| w.plus(own, pct / 100.0 * mains.udin_v, 0.8));
                let a = analyze(&mains.config(), RATE_HZ, intervals_s(INTERVALS), &waves)?;
                let h = &a.harmonics;
                let table = if is_between { &h.interharmonic_subgroup } else { &h.subgroup };
                let per_cent = 100.0 / mains.udin_v;
                Ok(Reading::worst(windows(&a).map(|(k, from, to)| {
                    let square: f64 = bins.clone().map(|b| waves[0].bin_rms(b, from, to).powi(2)).sum();
                    let measured = f64::from(table[[k, 0, ORDER]]) * per_cent;
                    Reading { expected: square.sqrt() * per_cent, measured }
                })))
            })
        },
    )
}

/// A tone of 175 Hz at 5 % of Udin: the root of the sum of the squares of the four nearest bins, or of the one it lies on.
fn signalling(mains: Mains, influence: Influence) -> Option<Row> {
    (influence != Signalling).then(|| {
        let (hz, pct) = (175.0, 5.0);
        let bounds = ("% Udin", 0.05 * pct, 0.005 * pct);
        row("influence on signalling", influence.name(), mains, bounds, move || {
            let waves = three(mains, influence).map(|w| w.plus(hz, pct / 100.0 * mains.udin_v, 0.8));
            let config = Config { signalling: vec![Tone::at(hz)], ..mains.config() };
            let a = analyze(&config, RATE_HZ, intervals_s(INTERVALS), &waves)?;
            let per_cent = 100.0 / mains.udin_v;
            Ok(Reading::worst(windows(&a).map(|(k, from, to)| {
                let position = hz * (to - from);
                let (nearest, below) = (position.round(), position.floor() as usize);
                let on_a_bin = (position - nearest).abs() <= 0.02;
                let bins = if on_a_bin { nearest as usize..=nearest as usize } else { below - 1..=below + 2 };
                let square: f64 = bins.map(|b| waves[0].bin_rms(b, from, to).powi(2)).sum();
                Reading { expected: square.sqrt() * per_cent, measured: a.signalling_v[[k, 0, 0]] * per_cent }
            })))
        })
    })
}

/// 10-s frequency; its extremes are rows of its own.
fn frequency(mains: Mains, influence: Influence) -> Option<Row> {
    (!matches!(influence, Slow | Fast)).then(|| {
        row("influence on frequency", influence.name(), mains, ("mHz", 10.0, 1.0), move || {
            let waves = three(mains, influence);
            let a = analyze(&mains.config(), RATE_HZ, 10.2, &waves)?;
            Ok(frequency_reading(&a, mains.hz))
        })
    })
}

fn frequency_reading(a: &Analysis, hz: f64) -> Reading {
    Reading::worst(a.frequency.hz.iter().map(|f| Reading { expected: hz * 1e3, measured: f * 1e3 }))
}

/// Strokes of 6 kV, 1.2/50 µs, one a second at another point on wave each time.
fn transients(mains: Mains) -> Row {
    row("influence on frequency", "transients of 6 kV", mains, ("mHz", 10.0, 1.0), move || {
        let sine = Wave::sine(mains.hz, mains.udin_v, 0.3);
        let stroke = |t: f64| {
            let since = (t - 0.003 * t.floor()).rem_euclid(1.0) - 0.5;
            // 1.037·(e^(−t/68.2 µs) − e^(−t/0.405 µs)) peaks at 1.
            if since < 0.0 { 0.0 } else { 1.037 * ((-since / 68.2e-6).exp() - (-since / 0.405e-6).exp()) }
        };
        let wave = |t: f64| sine.at(t) + 6000.0 * stroke(t);
        let a = offline::analyze(&capture(RATE_HZ, 10.2, Timestamp(0), &[&wave])?, &mains.config(), 1)?;
        Ok(frequency_reading(&a, mains.hz))
    })
}

/// When the phase jumps: between two samples, so that the samples do not put it earlier or later.
const JUMP_S: f64 = 5.0 - 0.5 / RATE_HZ;

/// Jumps of phase in the middle of ten seconds: the frequency is whole cycles over their duration, the r.m.s. that of the wave.
fn jumps(mains: Mains) -> Vec<Row> {
    let mut all = Vec::new();
    for degrees in [30.0, -30.0, 45.0, -45.0] {
        let jump = move |t: f64| if t < JUMP_S { 0.0 } else { f64::to_radians(degrees) };
        let run = move |seconds: f64| {
            let wave = |t: f64| 2f64.sqrt() * mains.udin_v * (2.0 * PI * mains.hz * t + 0.3 + jump(t)).sin();
            offline::analyze(&capture(RATE_HZ, seconds, Timestamp(0), &[&wave])?, &mains.config(), 1)
        };
        let name = format!("phase jump of {degrees}°");
        all.push(row("influence on frequency", &name, mains, ("mHz", 10.0, 1.0), move || {
            let a = run(10.2)?;
            // Rising crossings from the first to the last of ten seconds, with the phase that has passed between them.
            let turns = |t: f64| mains.hz * t + (0.3 + jump(t)) / (2.0 * PI);
            let at = |n: f64, after: f64| (n - (0.3 + after) / (2.0 * PI)) / mains.hz;
            let (first, last) = (turns(0.0).ceil(), turns(10.0).floor());
            let expected = (last - first) / (at(last, jump(10.0)) - at(first, 0.0));
            Ok(frequency_reading(&a, expected))
        }));
        all.push(row("influence on magnitude", &name, mains, ("% Udin", 0.1, 0.01), move || {
            let a = run(6.0)?;
            let per_cent = 100.0 / mains.udin_v;
            // ∫ 2·sin² of each part, in closed form.
            let part = |from: f64, to: f64, phase: f64| {
                let w = 2.0 * PI * mains.hz;
                (to - from) - ((2.0 * (w * to + phase)).sin() - (2.0 * (w * from + phase)).sin()) / (2.0 * w)
            };
            Ok(Reading::worst(windows(&a).map(|(k, from, to)| {
                let middle = JUMP_S.clamp(from, to);
                let square = part(from, middle, 0.3) + part(middle, to, 0.3 + jump(JUMP_S));
                Reading {
                    expected: 100.0 * (square / (to - from)).sqrt(),
                    measured: a.intervals.rms[[k, 0]] * per_cent,
                }
            })))
        }));
    }
    all
}
