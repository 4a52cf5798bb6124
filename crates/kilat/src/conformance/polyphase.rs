//! Events of three phases together: dips, swells and interruptions that begin on one phase and end on another, and rapid
//! changes, against the rules done slowly on the Urms(1/2) of all phases.

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::offline;
use kilat_core::{Analysis, Config, EventKind, Result, Timestamp};

use super::events::{CHANGES_S, Levels, RVC_PCT};
use super::signal::{Mains, SYSTEMS, capture, point};
use super::{Reading, Row};

/// All rows at one sampling rate.
pub fn rows(rate_hz: f64) -> Vec<Row> {
    let mut all = Vec::new();
    for mains in SYSTEMS {
        for case in &CASES {
            all.extend(event(rate_hz, mains, case));
        }
        all.extend(rapid_changes(rate_hz, mains));
    }
    all
}

/// One Urms(1/2) value: when its window begins and ends, in seconds, its phase, and parts of Udin.
#[derive(Debug, Clone, Copy)]
struct Value {
    start_s: f64,
    stop_s: f64,
    phase: usize,
    u: f64,
}

/// Angle by which a phase lags the first.
fn lag(phase: usize) -> f64 {
    2.0 * PI / 3.0 * phase as f64
}

/// Urms(1/2) of all phases, each at its own crossings, in the order in which they are known.
fn values(hz: f64, levels: &[Levels; 3], end_s: f64) -> Vec<Value> {
    let mut all = Vec::new();
    for (phase, levels) in levels.iter().enumerate() {
        for k in 0.. {
            let start_s = (PI * f64::from(k) + lag(phase)) / (2.0 * PI * hz);
            let stop_s = start_s + 1.0 / hz;
            if stop_s > end_s {
                break;
            }
            all.push(Value { start_s, stop_s, phase, u: levels.rms_of_cycle(hz, start_s, lag(phase)) });
        }
    }
    all.sort_by(|a, b| a.stop_s.total_cmp(&b.stop_s));
    all
}

fn analyze(
    rate_hz: f64,
    mains: Mains,
    config: &Config,
    levels: &[Levels; 3],
    seconds: f64,
) -> Result<Analysis> {
    let wave = |k: usize| {
        move |t: f64| {
            let angle = 2.0 * PI * mains.hz * t - lag(k);
            SQRT_2 * mains.udin_v * levels[k].at(t) * angle.sin()
        }
    };
    let (a, b, c) = (wave(0), wave(1), wave(2));
    offline::analyze(&capture(rate_hz, seconds, Timestamp(0), &[&a, &b, &c])?, config, 1)
}

/// Levels of the phases, in parts of Udin, each between two moments in cycles.
struct Case {
    kind: EventKind,
    name: &'static str,
    phases: [(f64, f64, f64); 3],
}

/// One after another; overlapping, so that each is a single event of the system.
const CASES: [Case; 5] = [
    Case {
        kind: EventKind::Dip,
        name: "begins on A, ends on C",
        phases: [(0.60, 30.0, 34.3), (0.80, 32.2, 38.6), (0.50, 36.1, 41.4)],
    },
    Case {
        kind: EventKind::Dip,
        name: "begins on B, ends on A, C untouched",
        phases: [(0.70, 33.4, 45.1), (0.85, 30.2, 36.3), (1.0, 0.0, 0.0)],
    },
    Case {
        kind: EventKind::Swell,
        name: "begins on C, ends on B",
        phases: [(1.2, 31.3, 36.2), (1.4, 34.1, 42.4), (1.15, 30.3, 33.2)],
    },
    Case {
        kind: EventKind::Interruption,
        name: "begins on C, ends on A",
        phases: [(0.0, 30.3, 38.2), (0.0, 31.1, 45.4), (0.0, 33.2, 41.3)],
    },
    Case {
        kind: EventKind::Interruption,
        name: "of two phases, is none",
        phases: [(0.0, 30.3, 38.2), (0.0, 31.1, 45.4), (0.3, 33.2, 41.3)],
    },
];

/// Start and stop in seconds, extreme in parts of Udin.
struct Found {
    start_s: f64,
    stop_s: f64,
    extreme: f64,
}

/// The rules of IEC 61000-4-30, 5.4 and 5.5: a dip or swell begins with any phase and ends with the last, an interruption
/// begins with the last and ends with any.
fn slowly(values: &[Value], kind: EventKind) -> Vec<Found> {
    let beyond = |u: f64| match kind {
        EventKind::Dip => u < 0.90,
        EventKind::Swell => u > 1.10,
        EventKind::Interruption => u < 0.05,
    };
    let back = |u: f64| match kind {
        EventKind::Dip => u >= 0.92,
        EventKind::Swell => u <= 1.08,
        EventKind::Interruption => u >= 0.07,
    };
    let (any, all) = (|x: &[bool]| x.contains(&true), |x: &[bool]| !x.contains(&false));
    let mut found: Vec<Found> = Vec::new();
    let (mut latest, mut open, mut last_stop_s) = ([1.0; 3], false, 0.0);
    for v in values {
        latest[v.phase] = v.u;
        let (are_beyond, are_back) = (latest.map(beyond), latest.map(back));
        let interruption = kind == EventKind::Interruption;
        let begins = if interruption { all(&are_beyond) } else { any(&are_beyond) };
        let ends = if interruption { any(&are_back) } else { all(&are_back) };
        if !open && begins {
            open = true;
            found.push(Found { start_s: v.start_s, stop_s: f64::NAN, extreme: v.u });
        } else if let Some(event) = found.last_mut().filter(|_| open && ends) {
            // The window that is back begins where a dip ends; the last one lost ends where an interruption does.
            event.stop_s = if interruption { last_stop_s } else { v.start_s };
            open = false;
        } else if let Some(event) = found.last_mut().filter(|_| open) {
            event.extreme =
                if kind == EventKind::Swell { event.extreme.max(v.u) } else { event.extreme.min(v.u) };
        }
        last_stop_s = v.stop_s;
    }
    found
}

fn event(rate_hz: f64, mains: Mains, case: &'static Case) -> Vec<Row> {
    let kind = match case.kind {
        EventKind::Dip => "dip",
        EventKind::Swell => "swell",
        EventKind::Interruption => "interruption",
    };
    // What the definition gives, and what was measured of each event of the system.
    let both = move || -> Result<(Vec<Found>, Vec<Found>)> {
        let seconds = 80.0 / mains.hz;
        let levels = case.phases.map(|(level, from, to)| {
            Levels(vec![(0.0, 1.0), (from / mains.hz, level), (to / mains.hz, 1.0)])
        });
        let want = slowly(&values(mains.hz, &levels, seconds), case.kind);
        let a = analyze(rate_hz, mains, &mains.config(), &levels, seconds)?;
        let found = a.events.iter().filter(|e| e.polyphase && e.kind == case.kind).map(|e| Found {
            start_s: a.seconds(e.start_sample),
            stop_s: a.seconds(e.stop_sample),
            extreme: e.magnitude_pu,
        });
        Ok((want, found.collect()))
    };
    let row = |quantity, what: &str, unit, limit, ours, of: fn(&Found, Mains) -> f64| Row {
        quantity,
        source: "IEC 62586-2, polyphase dips, swells and interruptions",
        point: point(&format!("{what}{kind}, {}", case.name), mains, None, rate_hz),
        unit,
        limit,
        ours,
        measure: Box::new(move || {
            let (want, found) = both()?;
            let [want] = &want[..] else {
                return Ok(Reading { expected: want.len() as f64, measured: found.len() as f64 });
            };
            let [found] = &found[..] else { return Ok(Reading::worst([])) };
            Ok(Reading { expected: of(want, mains), measured: of(found, mains) })
        }),
    };
    if case.name.ends_with("none") {
        return vec![row("polyphase events, number", "", "events", 0.0, 0.0, |_, _| f64::NAN)];
    }
    vec![
        row("polyphase events, magnitude", "", "% Udin", 0.2, 0.02, |e, _| 100.0 * e.extreme),
        row("polyphase events, duration", "", "cycles", 1.0, 0.5, |e, m| (e.stop_s - e.start_s) * m.hz),
        row("polyphase events, duration", "start of ", "cycles", 0.5, 0.25, |e, m| e.start_s * m.hz),
        row("polyphase events, duration", "end of ", "cycles", 0.5, 0.25, |e, m| e.stop_s * m.hz),
    ]
}

/// `ΔUss` and `ΔUmax` in % of Udin, start and duration in cycles, phases concerned.
struct Change {
    steady_pct: f64,
    largest_pct: f64,
    start: f64,
    cycles: f64,
    phases: f64,
}

/// One figure of a change.
type Pick = fn(&Change) -> f64;
/// Levels of three phases, in parts of Udin from moments in seconds on.
type Steps = [Vec<(f64, f64)>; 3];

/// Three phases whose levels step, in parts of Udin from moments in seconds.
fn rapid_changes(rate_hz: f64, mains: Mains) -> Vec<Row> {
    let still = || vec![(0.0, 1.0)];
    let named: [(&str, Steps, bool); 4] = [
        ("step on all phases", [(); 3].map(|()| vec![(0.0, 1.0), (2.003, 0.96)]), true),
        (
            "A steps, B overshoots 0.3 s later",
            [vec![(0.0, 1.0), (2.0, 0.965)], vec![(0.0, 1.0), (2.3, 0.93), (2.5, 0.97)], still()],
            true,
        ),
        (
            "A steps, C leaves only the hysteresis",
            [vec![(0.0, 1.0), (2.0, 0.96)], still(), vec![(0.0, 1.0), (2.4, 0.982), (2.6, 1.0)]],
            true,
        ),
        (
            "A steps, B dips",
            [vec![(0.0, 1.0), (2.0, 0.96)], vec![(0.0, 1.0), (2.2, 0.8), (2.3, 1.0)], still()],
            false,
        ),
    ];
    let picks: [(&str, &str, f64, f64, Pick); 5] = [
        ("steady change", "% Udin", 0.2, 0.02, |c| c.steady_pct),
        ("largest change", "% Udin", 0.2, 0.02, |c| c.largest_pct),
        ("start", "cycles", 1.0, 0.5, |c| c.start),
        ("duration", "cycles", 1.0, 0.5, |c| c.cycles),
        ("phases that changed", "phases", 0.0, 0.0, |c| c.phases),
    ];
    let mut all = Vec::new();
    for (name, levels, is_change) in named {
        let levels = levels.map(Levels);
        let row = |what: &str, unit, limit, ours, measure| Row {
            quantity: if unit == "cycles" {
                "rapid voltage change, timing"
            } else {
                "rapid voltage change, three phases"
            },
            source: "IEC 61000-4-30:2015, 5.11",
            point: point(&format!("{what}{name}"), mains, None, rate_hz),
            unit,
            limit,
            ours,
            measure,
        };
        let found = move |levels: &[Levels; 3]| -> Result<Vec<Change>> {
            let config = Config { rvc_pct: RVC_PCT, ..mains.config() };
            let a = analyze(rate_hz, mains, &config, levels, CHANGES_S)?;
            let change = |c: &kilat_core::RapidChange| Change {
                steady_pct: c.delta_steady_pct,
                largest_pct: c.delta_max_pct,
                start: a.seconds(c.start_sample) * mains.hz,
                cycles: c.duration_s * mains.hz,
                phases: c.channels.len() as f64,
            };
            Ok(a.rvc.iter().map(change).collect())
        };
        if is_change {
            for (what, unit, limit, ours, pick) in picks {
                let levels = levels.clone();
                let measure = move || {
                    let want = change_slowly(&values(mains.hz, &levels, CHANGES_S), mains.hz);
                    let found = found(&levels)?;
                    let (Some(want), [found]) = (want, &found[..]) else { return Ok(Reading::worst([])) };
                    Ok(Reading { expected: pick(&want), measured: pick(found) })
                };
                all.push(row(&format!("{what}, "), unit, limit, ours, Box::new(measure)));
            }
        } else {
            let measure = move || Ok(Reading { expected: 0.0, measured: found(&levels)?.len() as f64 });
            all.push(row("", "events", 0.0, 0.0, Box::new(measure)));
        }
    }
    all
}

/// The first rapid change of three phases by the rule: steady is what is steady on all of them.
fn change_slowly(values: &[Value], hz: f64) -> Option<Change> {
    let n = (2.0 * hz) as usize;
    let threshold = RVC_PCT / 100.0;
    let second = |upto: usize, phase: usize| -> Option<Vec<Value>> {
        let of_phase = values[..=upto].iter().rev().filter(|v| v.phase == phase);
        let last: Vec<Value> = of_phase.take(n).copied().collect();
        (last.len() == n).then_some(last)
    };
    let mean = |v: &[Value]| v.iter().map(|v| v.u).sum::<f64>() / v.len() as f64;
    let within = |v: &[Value], band: f64| {
        let mean = mean(v);
        v.iter().all(|x| (x.u - mean).abs() <= band)
    };
    let steady = |upto: usize, band: f64| (0..3).all(|p| second(upto, p).is_some_and(|v| within(&v, band)));
    let opened = (1..values.len()).find(|i| steady(i - 1, threshold) && !steady(*i, threshold))?;
    let closed = (opened..values.len()).find(|i| steady(*i, threshold / 2.0))?;
    let before: Vec<f64> = (0..3).filter_map(|p| second(opened - 1, p)).map(|v| mean(&v)).collect();
    let after: Vec<f64> = (0..3).filter_map(|p| second(closed, p)).map(|v| mean(&v)).collect();
    let largest = values[opened..=closed].iter().map(|v| (v.u - before[v.phase]).abs()).fold(0.0, f64::max);
    let steady_change = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let left = |p: usize| (opened..=closed).any(|i| second(i, p).is_some_and(|v| !within(&v, threshold)));
    Some(Change {
        steady_pct: 100.0 * steady_change,
        largest_pct: 100.0 * largest,
        start: values[opened].start_s * hz,
        // To the first of the steady values, of which the one that closes it is the last.
        cycles: (values[closed].start_s - values[opened].start_s - 1.0) * hz + 0.5,
        phases: (0..3).filter(|p| left(*p)).count() as f64,
    })
}
