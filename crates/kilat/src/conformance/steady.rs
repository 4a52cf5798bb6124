//! Quantities of steady signals: frequency, magnitude, deviation, unbalance, harmonics, interharmonics.

use kilat_core::{Config, Result, Tone};

use super::signal::{
    ANGLES_RAD, Mains, STATES, SYSTEMS, State, Wave, analyze, class_one, intervals_s, point, sequence_pct,
    windows, worst_magnitude,
};
use super::{Reading, Row};

/// Basic intervals measured in each row.
const INTERVALS: usize = 4;

/// All rows at one sampling rate.
pub fn rows(rate_hz: f64) -> Vec<Row> {
    let mut all = Vec::new();
    for mains in SYSTEMS {
        for state in STATES {
            all.extend(frequency(rate_hz, mains, state));
            all.extend(magnitude(rate_hz, mains, state));
            all.extend(harmonics_of_state(rate_hz, mains, state));
        }
        all.extend(deviation(rate_hz, mains));
        all.extend(unbalance(rate_hz, mains));
        all.extend(single_harmonics(rate_hz, mains));
        all.extend(interharmonics(rate_hz, mains));
        all.extend(signalling(rate_hz, mains));
        all.extend(currents(rate_hz, mains));
    }
    all
}

fn frequency(rate_hz: f64, mains: Mains, state: State) -> impl Iterator<Item = Row> {
    let points = if mains.hz == 50.0 { [42.5, 50.05, 57.5] } else { [51.0, 59.95, 69.0] };
    points.into_iter().map(move |hz| Row {
        quantity: "frequency",
        source: "IEC 62586-2, power frequency",
        point: point(&format!("{hz} Hz"), mains, Some(state), rate_hz),
        unit: "mHz",
        limit: 10.0,
        ours: 1.0,
        measure: Box::new(move || {
            let wave = state.wave(mains, hz, mains.udin_v, 0.3);
            let a = analyze(&mains.config(), rate_hz, 10.2, &[wave])?;
            let reading = |f: &f64| Reading { expected: hz * 1e3, measured: f * 1e3 };
            Ok(Reading::worst(a.frequency.hz.iter().map(reading)))
        }),
    })
}

fn magnitude(rate_hz: f64, mains: Mains, state: State) -> impl Iterator<Item = Row> {
    [10.0, 45.0, 80.0, 115.0, 150.0].into_iter().map(move |pct| Row {
        quantity: "magnitude",
        source: "IEC 62586-2, magnitude of supply voltage",
        point: point(&format!("{pct} % Udin"), mains, Some(state), rate_hz),
        unit: "% Udin",
        limit: 0.1,
        ours: 0.01,
        measure: Box::new(move || {
            let hz = mains.hz + state.offset_hz();
            let waves = ANGLES_RAD.map(|phase| state.wave(mains, hz, pct / 100.0 * mains.udin_v, phase));
            worst_magnitude(mains, rate_hz, INTERVALS, &waves)
        }),
    })
}

fn deviation(rate_hz: f64, mains: Mains) -> impl Iterator<Item = Row> {
    [45.0, 93.0, 107.0, 150.0].into_iter().map(move |pct: f64| Row {
        quantity: "deviation",
        source: "IEC 61000-4-30:2015, annex D",
        point: point(&format!("{pct} % Udin"), mains, None, rate_hz),
        unit: "% Udin",
        limit: 0.1,
        ours: 0.01,
        measure: Box::new(move || {
            let wave = Wave::sine(mains.hz, pct / 100.0 * mains.udin_v, 0.3);
            let a = analyze(&mains.config(), rate_hz, intervals_s(INTERVALS), &[wave])?;
            let under = |u: &f64| Reading { expected: (100.0 - pct).max(0.0), measured: *u };
            let over = |u: &f64| Reading { expected: (pct - 100.0).max(0.0), measured: *u };
            let d = &a.deviation;
            Ok(Reading::worst(d.under_pct.iter().map(under).chain(d.over_pct.iter().map(over))))
        }),
    })
}

/// Levels in parts of Udin and angles in degrees off 120° of the three phases.
const UNBALANCES: [(&str, [f64; 3], [f64; 3]); 4] = [
    ("balanced", [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]),
    ("73/80/87 %", [0.73, 0.80, 0.87], [0.0, 0.0, 0.0]),
    ("152/140/128 %", [1.52, 1.40, 1.28], [0.0, 0.0, 0.0]),
    ("100/95/102 %, 3° and -2°", [1.0, 0.95, 1.02], [0.0, 3.0, -2.0]),
];

fn unbalance(rate_hz: f64, mains: Mains) -> impl Iterator<Item = Row> {
    UNBALANCES.into_iter().flat_map(move |(name, levels, degrees)| {
        [("u2", 1.0), ("u0", 0.0)].map(|(which, turns)| Row {
            quantity: "unbalance",
            source: "IEC 62586-2, unbalance",
            point: point(&format!("{which}, {name}"), mains, None, rate_hz),
            unit: "%",
            limit: 0.15,
            ours: 0.015,
            measure: Box::new(move || {
                let angle = |k: usize| ANGLES_RAD[k] + degrees[k].to_radians();
                // Harmonics must not count: 5 % of the fifth is a negative sequence of its own.
                let wave =
                    |k: usize| Wave::sine(mains.hz, levels[k] * mains.udin_v, angle(k)).with(5.0, 0.05, 0.0);
                let a = analyze(&mains.config(), rate_hz, intervals_s(INTERVALS), &[0, 1, 2].map(wave))?;
                let expected = sequence_pct(levels, degrees, turns);
                let measured = if turns == 0.0 { &a.unbalance.u0_pct } else { &a.unbalance.u2_pct };
                Ok(Reading::worst(measured.iter().map(|u| Reading { expected, measured: *u })))
            }),
        })
    })
}

/// Bins of the harmonic subgroup of `order`, and of the centred interharmonic subgroup above it (IEC 61000-4-7, 5.5 and 5.6).
fn bins(mains: Mains, order: usize, between: bool) -> std::ops::RangeInclusive<usize> {
    let n = mains.config().cycles();
    if between { order * n + 2..=order * n + n - 2 } else { order * n - 1..=order * n + 1 }
}

/// Worst reading of one order of a wave, in % of Udin.
fn order_reading(rate_hz: f64, mains: Mains, wave: &Wave, order: usize, between: bool) -> Result<Reading> {
    let a = analyze(&mains.config(), rate_hz, intervals_s(INTERVALS), std::slice::from_ref(wave))?;
    let table = if between { &a.harmonics.interharmonic_subgroup } else { &a.harmonics.subgroup };
    let per_cent = 100.0 / mains.udin_v;
    Ok(Reading::worst(windows(&a).map(|(k, from, to)| Reading {
        expected: bins(mains, order, between).map(|b| wave.bin_rms(b, from, to).powi(2)).sum::<f64>().sqrt()
            * per_cent,
        measured: f64::from(table[[k, 0, order]]) * per_cent,
    })))
}

fn harmonic_row(what: &str, mains: Mains, rate_hz: f64, pct: f64, wave: Wave, order: usize) -> Row {
    Row {
        quantity: "harmonics",
        source: "IEC 62586-2, voltage harmonics",
        point: point(what, mains, None, rate_hz),
        unit: "% Udin",
        limit: class_one(pct),
        ours: class_one(pct) / 10.0,
        measure: Box::new(move || order_reading(rate_hz, mains, &wave, order, false)),
    }
}

/// One order alone, at 10 %, 100 % and 200 % of class 3 of IEC 61000-2-4, and nothing where there is nothing.
fn single_harmonics(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let mut all = Vec::new();
    let fast = if mains.hz == 50.0 { 57.5 } else { 69.0 };
    for (order, class_3_pct) in [(2, 3.0), (3, 6.0), (50, 1.0)] {
        for part in [0.1, 1.0, 2.0] {
            for hz in [mains.hz, fast] {
                let pct = part * class_3_pct;
                let wave = Wave::sine(hz, mains.udin_v, 0.3).with(order as f64, pct / 100.0, 70.0);
                let what = format!("order {order} at {pct:.1} %, mains at {hz} Hz");
                all.push(harmonic_row(&what, mains, rate_hz, pct, wave, order));
            }
        }
    }
    for order in [2, 3, 11, 25, 50] {
        let wave = Wave::sine(mains.hz + 0.37, mains.udin_v, 0.3);
        all.push(harmonic_row(&format!("order {order} of a pure sine"), mains, rate_hz, 0.0, wave, order));
    }
    // Modulated by 40 % at 10 Hz: the side bands lie in the group and outside the subgroup.
    let fifth = Wave::sine(mains.hz, mains.udin_v, 0.3)
        .with(5.0, 0.06, 0.0)
        .plus(5.0 * mains.hz - 10.0, 0.012 * mains.udin_v, 1.0)
        .plus(5.0 * mains.hz + 10.0, 0.012 * mains.udin_v, 2.0);
    all.push(harmonic_row("order 5 at 6 %, fluctuating at 10 Hz", mains, rate_hz, 6.0, fifth, 5));
    all
}

fn harmonics_of_state(rate_hz: f64, mains: Mains, state: State) -> impl Iterator<Item = Row> {
    state.harmonics().iter().map(move |&(order, part, _)| {
        let wave = state.wave(mains, mains.hz + state.offset_hz(), mains.udin_v, 0.3);
        let what = format!("order {order} among others, {}", state.name());
        harmonic_row(&what, mains, rate_hz, 100.0 * part, wave, order as usize)
    })
}

fn interharmonics(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let mut all = Vec::new();
    for (order, offset_hz) in [(1, 0.0), (7, 0.0), (49, 0.0), (7, 2.0), (49, -1.5)] {
        for pct in [0.5, 2.0] {
            let hz = (order as f64 + 0.5) * mains.hz + offset_hz;
            let wave = Wave::sine(mains.hz, mains.udin_v, 0.3).plus(hz, pct / 100.0 * mains.udin_v, 0.8);
            all.push(Row {
                quantity: "interharmonics",
                source: "IEC 62586-2, voltage interharmonics",
                point: point(&format!("{hz} Hz at {pct} %"), mains, None, rate_hz),
                unit: "% Udin",
                limit: class_one(pct),
                ours: class_one(pct) / 10.0,
                measure: Box::new(move || order_reading(rate_hz, mains, &wave, order, true)),
            });
        }
    }
    all
}

/// Uncertainty of a signalling voltage, in % of Udin (IEC 61000-4-30, 5.10.4); below 1 % there is none, and 1 % counts.
fn signalling_limit(pct: f64) -> f64 {
    if pct >= 3.0 { 0.05 * pct } else { 0.15 }
}

/// Tones on a bin and off it, at 1, 3 and 15 %: against the standard's own method on the true spectrum.
fn signalling(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let mut all = Vec::new();
    for hz in [175.0, 316.67, 1060.0, 2975.0] {
        for (pct, offset_hz) in [(1.0, 0.0), (3.0, 0.2), (15.0, -0.3)] {
            all.push(Row {
                quantity: "signalling",
                source: "IEC 62586-2, mains signalling",
                point: point(
                    &format!("{hz} Hz at {pct} %, mains off by {offset_hz} Hz"),
                    mains,
                    None,
                    rate_hz,
                ),
                unit: "% Udin",
                limit: signalling_limit(pct),
                ours: signalling_limit(pct) / 10.0,
                measure: Box::new(move || {
                    let wave = Wave::sine(mains.hz + offset_hz, mains.udin_v, 0.3).with(5.0, 0.06, 0.0).plus(
                        hz,
                        pct / 100.0 * mains.udin_v,
                        0.8,
                    );
                    let config = Config { signalling: vec![Tone::at(hz)], ..mains.config() };
                    let waves = std::slice::from_ref(&wave);
                    let a = analyze(&config, rate_hz, intervals_s(INTERVALS), waves)?;
                    let per_cent = 100.0 / mains.udin_v;
                    Ok(Reading::worst(windows(&a).map(|(k, from, to)| {
                        let position = hz * (to - from);
                        let nearest = position.round() as usize;
                        let below = position.floor() as usize;
                        let on_a_bin = (position - position.round()).abs() <= 0.02;
                        let bins = if on_a_bin { nearest..=nearest } else { below - 1..=below + 2 };
                        let square: f64 = bins.map(|b| wave.bin_rms(b, from, to).powi(2)).sum();
                        let measured = a.signalling_v[[k, 0, 0]] * per_cent;
                        Reading { expected: square.sqrt() * per_cent, measured }
                    })))
                }),
            });
        }
    }
    all
}

/// Full scale of the current rows, in amperes.
const FULL_SCALE_A: f64 = 100.0;

/// Three distorted, unbalanced currents beside three voltages: magnitude and unbalance.
fn currents(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let levels = [1.0, 0.9, 0.95];
    let measured = move |part: f64| {
        let voltage = |k: usize| Wave::sine(mains.hz, mains.udin_v, ANGLES_RAD[k]);
        let current = |k: usize| {
            let rms_a = part * FULL_SCALE_A * levels[k];
            Wave::sine(mains.hz, rms_a, ANGLES_RAD[k] - 0.5).with(3.0, 0.3, 0.0).with(5.0, 0.2, 90.0)
        };
        let waves: Vec<Wave> = (0..3).map(voltage).chain((0..3).map(current)).collect();
        let a = analyze(&mains.config(), rate_hz, intervals_s(INTERVALS), &waves)?;
        Ok::<_, kilat_core::Error>((a, waves))
    };
    let mut all = Vec::new();
    for pct in [10.0, 50.0, 100.0] {
        all.push(Row {
            quantity: "current magnitude",
            source: "IEC 62586-2, current magnitude",
            point: point(&format!("{pct} % of full scale"), mains, None, rate_hz),
            unit: "% of reading",
            limit: 1.0,
            ours: 0.1,
            measure: Box::new(move || {
                let (a, waves) = measured(pct / 100.0)?;
                let readings = windows(&a).flat_map(|(k, from, to)| {
                    let (a, waves) = (&a, &waves);
                    (3..6).map(move |c| {
                        let measured = 100.0 * a.intervals.rms[[k, c]] / waves[c].rms(from, to);
                        Reading { expected: 100.0, measured }
                    })
                });
                Ok(Reading::worst(readings))
            }),
        });
    }
    all.push(Row {
        quantity: "current unbalance",
        source: "IEC 62586-2, current unbalance",
        point: point("100/90/95 %", mains, None, rate_hz),
        unit: "%",
        limit: 0.15,
        ours: 0.015,
        measure: Box::new(move || {
            let (a, _) = measured(1.0)?;
            let expected = sequence_pct(levels, [0.0; 3], 1.0);
            Ok(Reading::worst(a.unbalance.i2_pct.iter().map(|u| Reading { expected, measured: *u })))
        }),
    });
    all
}
