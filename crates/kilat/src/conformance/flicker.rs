//! The flickermeter's tables (IEC 61000-4-15:2010), for both lamps on both mains, and the further tests of class F1.

use std::f64::consts::{PI, SQRT_2};

use kilat_core::engine::live::{Block, Quality, Value};
use kilat_core::engine::offline;
use kilat_core::engine::plan::ChannelSpec;
use kilat_core::engine::sink::Term;
use kilat_core::pq::flicker::tables::{COLUMNS, RECTANGULAR, Row as Line, SHORT_TERM, SINUSOIDAL};
use kilat_core::{Channel, Config, Lamp, Live, Result, SampleRate, SamplesRef, Timestamp};

use super::signal::capture;
use super::{Reading, Row, Scope};

/// Seconds before 10 min begin: the meter is settled two minutes after it starts.
const SETTLING_S: f64 = 121.0;
/// Nanoseconds since the epoch of some 10-min tick.
const TICK_NS: i64 = 600 * 1_000_000_000 * 2_000_000;
/// Samples that a stream is pushed at once.
const BLOCK: usize = 1 << 16;
/// Of Pinst and Pst, by the standard and by us.
const P_INST: (f64, f64) = (0.08, 0.01);
const P_ST: (f64, f64) = (0.05, 0.005);

/// Lamp, mains frequency and sampling rate of a row.
#[derive(Debug, Clone, Copy)]
struct Case {
    lamp: Lamp,
    mains_hz: f64,
    rate_hz: f64,
}

type Level = Box<dyn Fn(f64) -> f64 + Send + Sync>;

impl Case {
    fn udin_v(self) -> f64 {
        if self.lamp == Lamp::V230 { 230.0 } else { 120.0 }
    }

    fn config(self) -> Config {
        Config { lamp: Some(self.lamp), ..Config::class_a(self.udin_v(), self.mains_hz) }
    }

    fn carrier(self, hz: f64, t: f64) -> f64 {
        SQRT_2 * self.udin_v() * (2.0 * PI * hz * t).sin()
    }

    /// ΔU/U that gives Pinst 1 at 8.8 Hz.
    fn calibration(self) -> f64 {
        if self.lamp == Lamp::V230 { 0.00250 } else { 0.00321 }
    }

    fn point(self, what: &str) -> String {
        let lamp = if self.lamp == Lamp::V230 { 230 } else { 120 };
        format!("{what}, {lamp} V lamp, {} Hz mains, {} kHz", self.mains_hz, self.rate_hz / 1000.0)
    }

    /// Largest Pinst of a wave between two moments.
    fn largest(self, (from_s, to_s): (f64, f64), wave: &dyn Fn(f64) -> f64) -> Result<f64> {
        let capture = capture(self.rate_hz, to_s + 0.2, Timestamp(0), &[wave])?;
        let p = offline::analyze(&capture, &self.config(), 1)?.flicker.swap_remove(0).p_inst;
        let late = p.sample.iter().zip(&p.p_inst).filter(|(s, _)| *s >= from_s * self.rate_hz);
        Ok(late.map(|(_, p)| f64::from(*p)).fold(f64::NAN, f64::max))
    }

    /// Pst of a wave in the 10 min that begin [`SETTLING_S`] after time zero. As a stream: at 250 kHz so many samples do not fit
    /// into a small machine.
    fn short_term(self, wave: &dyn Fn(f64) -> f64) -> Result<f64> {
        let start = Timestamp(TICK_NS - (SETTLING_S * 1e9) as i64);
        let voltage = ChannelSpec::of(&Channel::new("Ua", "V", Vec::<f64>::new()), 0);
        let rate = SampleRate::from_hz(self.rate_hz)?;
        let mut live = Live::new(rate, Some(start), &[voltage], &self.config())?;
        let n = ((SETTLING_S + 600.2) * self.rate_hz) as usize;
        let mut block = Vec::with_capacity(BLOCK);
        let mut settled = f64::NAN;
        for from in (0..n).step_by(BLOCK) {
            block.clear();
            block.extend((from..n.min(from + BLOCK)).map(|i| wave(i as f64 / self.rate_hz)));
            let planar = Block::Planar(&[SamplesRef::F64(&block)]);
            live.push(planar, from as u64, None, Quality::empty())?;
            if from + BLOCK >= n {
                live.finish();
            }
            for output in live.outputs() {
                if let Value::Flicker(f) = output.value
                    && f.term == Term::Short
                    && f.flags.is_empty()
                {
                    settled = f.severity;
                }
            }
        }
        Ok(settled)
    }

    fn p_inst_row(
        self,
        quantity: &'static str,
        what: &str,
        (limit, ours): (f64, f64),
        window: (f64, f64),
        wave: Level,
    ) -> Row {
        Row {
            quantity,
            source: "IEC 61000-4-15, class F1",
            point: self.point(what),
            unit: "Pinst",
            limit,
            ours,
            measure: Box::new(move || Ok(Reading { expected: 1.0, measured: self.largest(window, &wave)? })),
        }
    }

    fn pst_row(
        self,
        quantity: &'static str,
        what: &str,
        expected: f64,
        (limit, ours): (f64, f64),
        wave: Level,
    ) -> Row {
        Row {
            quantity,
            source: "IEC 61000-4-15, class F1",
            point: self.point(what),
            unit: "Pst",
            limit,
            ours,
            measure: Box::new(move || Ok(Reading { expected, measured: self.short_term(&wave)? })),
        }
    }
}

/// −1 or 1, rising through zero at t = 0.
fn square_wave(hz: f64, t: f64) -> f64 {
    if (hz * t + 1e-12).rem_euclid(1.0) < 0.5 { 1.0 } else { -1.0 }
}

/// When a row repeats itself, and the level it began with is forgotten: a slow one makes that level wrong by more.
fn window_s(hz: f64) -> (f64, f64) {
    match hz {
        ..2.0 => (60.0, 64.0),
        ..5.0 => (14.0, 18.0),
        _ => (8.0, 10.0),
    }
}

/// All rows: of the core, every sixth one of Pinst and one of Pst.
pub fn rows(scope: Scope) -> Vec<Row> {
    let mut all = Vec::new();
    for (rate_hz, every) in match scope {
        Scope::Core => vec![(10_000.0, 6)],
        Scope::Full => vec![(10_000.0, 1), (12_800.0, 8), (50_000.0, 8), (250_000.0, 16)],
    } {
        for (column, (lamp, mains_hz)) in COLUMNS.into_iter().enumerate() {
            let case = Case { lamp, mains_hz, rate_hz };
            let d = |line: &Line| Some(line.1[column] / 100.0).filter(|d| !d.is_nan());
            for line in SINUSOIDAL.iter().step_by(every) {
                all.extend(d(line).map(|d| sinusoidal(case, line.0, d)));
            }
            for line in RECTANGULAR.iter().step_by(every) {
                all.extend(d(line).map(|d| rectangular(case, line.0, d)));
            }
            for line in SHORT_TERM.iter().skip(4 * usize::from(every > 1)).step_by(every) {
                all.extend(d(line).map(|d| changes(case, line.0, d, 1.0)));
            }
            if every == 1 {
                all.extend(further(case));
            }
        }
    }
    all
}

fn sinusoidal(case: Case, hz: f64, d: f64) -> Row {
    let wave = move |t: f64| case.carrier(case.mains_hz, t) * (1.0 + 0.5 * d * (2.0 * PI * hz * t).sin());
    let what = format!("{hz:.2} Hz, {:.3} %", 100.0 * d);
    case.p_inst_row("flicker Pinst, sinusoidal", &what, P_INST, window_s(hz), Box::new(wave))
}

fn rectangular(case: Case, hz: f64, d: f64) -> Row {
    let wave = move |t: f64| case.carrier(case.mains_hz, t) * (1.0 + 0.5 * d * square_wave(hz, t));
    let what = format!("{hz:.2} Hz, {:.3} %", 100.0 * d);
    case.p_inst_row("flicker Pinst, rectangular", &what, P_INST, window_s(hz), Box::new(wave))
}

/// `k` times the change that gives Pst 1; the first one five seconds after the 10 min begin.
fn changes(case: Case, per_min: f64, d: f64, k: f64) -> Row {
    let wave = move |t: f64| {
        let level = 1.0 + 0.5 * k * d * square_wave(per_min / 120.0, t - SETTLING_S - 5.0);
        case.carrier(case.mains_hz, t) * level
    };
    let what = format!("{per_min} changes/min, {:.3} %", 100.0 * k * d);
    // The standard: 5 % of the value, or 0.05, whichever is larger.
    case.pst_row("flicker Pst", &what, k, ((P_ST.0 * k).max(0.05), P_ST.1 * k), Box::new(wave))
}

/// Orders and parts of the fundamental, all at 180°, that give the voltage six zero crossings in a cycle.
const DISTORTED: [(f64, f64); 12] = [
    (3.0, 0.05),
    (5.0, 0.06),
    (7.0, 0.05),
    (9.0, 0.015),
    (11.0, 0.035),
    (13.0, 0.03),
    (17.0, 0.02),
    (19.0, 0.0176),
    (23.0, 0.0141),
    (25.0, 0.0127),
    (29.0, 0.0106),
    (31.0, 0.0097),
];

fn further(case: Case) -> Vec<Row> {
    let Case { lamp, mains_hz, .. } = case;
    let mut all = Vec::new();
    let quantity = "flicker Pinst, further tests";

    let lower = if lamp == Lamp::V230 { 228.812 / 230.0 } else { 119.266 / 120.0 };
    let combined = move |t: f64| {
        let odd = (t / 4.0) as u64 % 2 == 1;
        // Whole cycles fit into four seconds of either frequency.
        let (hz, level) = if odd { (mains_hz + 0.25, lower) } else { (mains_hz - 0.25, 1.0) };
        level * case.carrier(hz, t % 4.0)
    };
    // The level of this test is rounded to a fifth of a percent of the change: a model of the meter reads up to 1.019.
    let what = "frequency and voltage change every 4 s";
    all.push(case.p_inst_row(quantity, what, (P_INST.0, 0.02), (32.0, 64.0), Box::new(combined)));

    let d = case.calibration();
    let distorted = move |t: f64| {
        let u = DISTORTED
            .iter()
            .fold(case.carrier(mains_hz, t), |u, (n, part)| u - part * case.carrier(n * mains_hz, t));
        u * (1.0 + 0.5 * d * (2.0 * PI * 8.8 * t).sin())
    };
    let what = "six zero crossings in a cycle";
    all.push(case.p_inst_row(quantity, what, P_INST, (8.0, 10.0), Box::new(distorted)));

    let part = if lamp == Lamp::V230 { 0.03611 } else { 0.04126 };
    for n in [3.0, 7.0, 9.0, 20.0] {
        let side_band = move |t: f64| {
            let pair = case.carrier(n * mains_hz, t) + case.carrier(n * mains_hz - 10.0, t);
            case.carrier(mains_hz, t) + part * pair
        };
        let what = format!("order {n} with a side band");
        all.push(case.p_inst_row(quantity, &what, P_INST, (8.0, 10.0), Box::new(side_band)));
    }

    let per_39 = SHORT_TERM.iter().find(|l| l.0 == 39.0).and_then(|l| {
        let column = COLUMNS.iter().position(|c| *c == (lamp, mains_hz))?;
        Some(l.1[column] / 100.0)
    });
    all.extend(per_39.into_iter().flat_map(|d| [0.2, 5.0, 10.0].map(|k| changes(case, 39.0, d, k))));

    // The table knows these two columns only.
    let expected = match (lamp, mains_hz) {
        (Lamp::V230, 50.0) => vec![(30.0, 0.913), (45.0, 1.060)],
        (Lamp::V120, 60.0) => vec![(30.0, 0.587), (45.0, 0.681)],
        _ => Vec::new(),
    };
    for (degrees, pst) in expected.into_iter().flat_map(|(d, p)| [(d, p), (-d, p)]) {
        all.push(phase_jumps(case, degrees, pst));
    }
    all
}

/// At the first rising zero crossing, of the wave after the jump, 1, 3, 5, 7 and 9 minutes after the 10 min begin.
fn phase_jumps(case: Case, degrees: f64, pst: f64) -> Row {
    let mains_hz = case.mains_hz;
    let at = |minute: f64, turns: f64| {
        ((SETTLING_S + 60.0 * minute) * mains_hz + turns).ceil() / mains_hz - turns / mains_hz
    };
    let jumps: Vec<f64> =
        (1..=5).map(|j| at(2.0 * f64::from(j) - 1.0, degrees / 360.0 * f64::from(j))).collect();
    let wave = move |t: f64| {
        let turns = degrees / 360.0 * jumps.iter().filter(|m| t >= **m - 1e-9).count() as f64;
        case.carrier(mains_hz, t + turns / mains_hz)
    };
    // The two directions differ by 3 % about the one figure of the table.
    let limit = 0.05 * pst;
    case.pst_row(
        "flicker Pst, phase jumps",
        &format!("phase jumps of {degrees}°"),
        pst,
        (limit, limit),
        Box::new(wave),
    )
}
