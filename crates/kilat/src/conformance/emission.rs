//! Emission above order 50: tones beside a full, distorted mains voltage, against the definitions done slowly on the tones alone.

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::analysis::Supraharmonics;
use kilat_core::{Analysis, Config, Result};

use super::signal::{Mains, SYSTEMS, Wave, analyze, class_one, intervals_s, point, windows};
use super::{Reading, Row, Scope};

/// Basic intervals measured in each row.
const INTERVALS: usize = 2;

/// All rows: at a fast recorder's rate, and at that of the annex.
pub fn rows(scope: Scope) -> Vec<Row> {
    let rates: &[f64] = match scope {
        Scope::Core => &[50_000.0],
        Scope::Full => &[50_000.0, 250_000.0, 1_024_000.0],
    };
    let mut all = Vec::new();
    for &rate_hz in rates {
        for mains in SYSTEMS {
            all.extend(bands(rate_hz, mains));
            all.extend(bins(rate_hz, mains));
        }
    }
    all
}

/// Mains with harmonics that a network has.
fn network(mains: Mains, hz: f64) -> Wave {
    [(3.0, 0.05), (5.0, 0.06), (11.0, 0.035), (29.0, 0.05)]
        .into_iter()
        .fold(Wave::sine(hz, mains.udin_v, 0.3), |w, (order, part)| w.with(order, part, 20.0 * order))
}

fn measure(rate_hz: f64, mains: Mains, wave: Wave) -> Result<Analysis> {
    let config = Config { supraharmonics: true, ..mains.config() };
    analyze(&config, rate_hz, intervals_s(INTERVALS), &[wave])
}

/// 2 to 9 kHz: tones in the middle of a band, in its first and its last bin, between two bins, and none.
fn bands(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let tones = [("2500 Hz", 2500.0), ("2605 Hz", 2605.0), ("7200 Hz", 7200.0), ("8833.3 Hz", 8833.3)];
    let mut all = Vec::new();
    for (offset_hz, pct) in [(0.0, 0.5), (0.0, 2.0), (0.4, 2.0)] {
        let named = tones.map(|(name, hz)| (format!("{name} at {pct} %"), Some(hz)));
        for (name, tone_hz) in named.into_iter().chain([("no emission".into(), None)]) {
            let wave = network(mains, mains.hz + offset_hz);
            let wave = match tone_hz {
                Some(hz) => wave.plus(hz, pct / 100.0 * mains.udin_v, 0.8),
                None => wave,
            };
            let pct = if tone_hz.is_some() { pct } else { 0.0 };
            all.push(Row {
                quantity: "emission, 2 to 9 kHz",
                source: "IEC 61000-4-7, annex B",
                point: point(&format!("{name}, mains off by {offset_hz} Hz"), mains, None, rate_hz),
                unit: "% Udin",
                // No figure of its own is public: that of class I for harmonics.
                limit: class_one(pct),
                ours: class_one(pct) / 10.0,
                measure: Box::new(move || {
                    let a = measure(rate_hz, mains, wave.clone())?;
                    let Some(s) = &a.supraharmonics else { return Ok(Reading::worst([])) };
                    let per_cent = 100.0 / mains.udin_v;
                    let readings = windows(&a).flat_map(|(k, from, to)| {
                        let wave = &wave;
                        s.low_hz.iter().enumerate().map(move |(band, centre)| {
                            let bins =
                                (((centre - 95.0) / 5.0) as usize)..=(((centre + 100.0) / 5.0) as usize);
                            let square: f64 = bins.map(|bin| wave.bin_rms(bin, from, to).powi(2)).sum();
                            let measured = s.low[[k, 0, band]] * per_cent;
                            Reading { expected: square.sqrt() * per_cent, measured }
                        })
                    });
                    Ok(Reading::worst(readings))
                }),
            });
        }
    }
    all
}

type Statistic = (&'static str, fn(&Supraharmonics) -> &ndarray::Array3<f64>, fn(&[f64]) -> f64);

/// 9 to 150 kHz: tones on a bin, between two, and one whose level swings ten times a second.
fn bins(rate_hz: f64, mains: Mains) -> Vec<Row> {
    // The highest bin that the rate supports with room above it.
    let high = (0.4 * rate_hz / 2000.0).floor().min(70.0) * 2000.0;
    let part = |pct: f64| pct / 100.0 * mains.udin_v;
    let named = [
        ("12 kHz at 0.5 %".to_owned(), Wave::default().plus(12e3, part(0.5), 0.8)),
        (format!("{} kHz at 2 %", high / 1e3), Wave::default().plus(high, part(2.0), 0.8)),
        ("13 kHz, between two bins, at 2 %".into(), Wave::default().plus(13e3, part(2.0), 0.8)),
        (
            "14 kHz at 2 %, swinging at 10 Hz".into(),
            Wave::default().plus(14e3, part(2.0), 0.8).plus(14e3 - 10.0, part(0.8), 1.0).plus(
                14e3 + 10.0,
                part(0.8),
                0.6,
            ),
        ),
    ];
    let statistics: [Statistic; 3] = [
        ("least", |s| &s.high_min, |x| x.iter().copied().fold(f64::INFINITY, f64::min)),
        ("mean", |s| &s.high_mean, |x| (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64).sqrt()),
        ("largest", |s| &s.high_max, |x| x.iter().copied().fold(0.0, f64::max)),
    ];
    let mut all = Vec::new();
    for (name, emission) in named {
        for (statistic, measured, expected) in statistics {
            let emission = emission.clone();
            let pct = 100.0 * emission.0[0].rms_v / mains.udin_v;
            all.push(Row {
                quantity: "emission, 9 to 150 kHz",
                source: "IEC 61000-4-30 Ed. 3, annex C",
                point: point(&format!("{statistic}, {name}"), mains, None, rate_hz),
                unit: "% Udin",
                limit: class_one(pct),
                ours: class_one(pct) / 10.0,
                measure: Box::new(move || {
                    let mut wave = network(mains, mains.hz);
                    wave.0.extend(&emission.0);
                    let a = measure(rate_hz, mains, wave)?;
                    let Some(s) = &a.supraharmonics else { return Ok(Reading::worst([])) };
                    let per_cent = 100.0 / mains.udin_v;
                    let mut readings = Vec::new();
                    for (k, from, to) in windows(&a) {
                        // The tones leak into their neighbours as the blocks are rectangular; far bins hold next to nothing.
                        for (bin, hz) in
                            s.high_hz.iter().enumerate().filter(|b| (b.1 - emission.0[0].hz).abs() < 7e3)
                        {
                            let blocks = blocks(&emission, rate_hz, (from, to), *hz);
                            readings.push(Reading {
                                expected: expected(&blocks) * per_cent,
                                measured: measured(s)[[k, 0, bin]] * per_cent,
                            });
                        }
                    }
                    Ok(Reading::worst(readings))
                }),
            });
        }
    }
    all
}

/// R.m.s. of the component at `hz` of the 32 blocks of 0.5 ms of an interval: the transform by its definition.
fn blocks(wave: &Wave, rate_hz: f64, (from_s, to_s): (f64, f64), hz: f64) -> Vec<f64> {
    let points = (rate_hz / 2000.0).round() as u32;
    let apart = (to_s - from_s) * rate_hz / 32.0;
    let block = |j: u32| {
        let first = (from_s * rate_hz + f64::from(j) * apart).ceil();
        let (mut re, mut im) = (0.0, 0.0);
        for i in 0..points {
            let t = (first + f64::from(i)) / rate_hz;
            let (s, c) = (2.0 * PI * (hz * f64::from(i) / rate_hz).fract()).sin_cos();
            let x = wave.at(t);
            (re, im) = (re + x * c, im - x * s);
        }
        SQRT_2 * f64::hypot(re, im) / f64::from(points)
    };
    (0..32).map(block).collect()
}
