//! How small a disturbance is found, and how often one that is not there.
//!
//! Disturbances of random moment, phase and polarity in mains with noise and harmonics, steady or wavering, go through the engine as
//! any recording does, and through single [triggers](Trigger) of the literature. Each trigger has, for each noise and state of
//! the harmonics, the lowest threshold at which it gives no more than one false alarm per hour of the same signal undisturbed:
//! more than any instrument can know. The engine has one setting for all of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kilat_core::config::Part;
use kilat_core::engine::offline;
use kilat_core::{Analysis, Capture, Channel, Config, Error, Result, SampleRate, TimeBase, TransientKind};

use super::causes::Random;

mod signal;
mod triggers;

use signal::Mains;
pub use triggers::{TRIGGERS, Trigger};

const MAINS_HZ: f64 = 50.0;
const UDIN_V: f64 = 230.0;
/// Length of one stretch of undisturbed signal, in seconds.
const STRETCH_S: f64 = 60.0;
/// Sizes of impulses, ringing and notches, in parts of the nominal peak.
const SIZES: &[f64] = &[0.01, 0.02, 0.03, 0.05, 0.1, 0.2];
/// Depths of dips, in parts of the voltage.
const DEPTHS: &[f64] = &[0.15, 0.2, 0.3, 0.5, 0.8];
/// `transient_pct` of the second setting that is tried beside the default.
pub const SENSITIVE_PCT: f64 = 0.5;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Hours of undisturbed signal for each condition.
    pub hours: f64,
    /// Disturbances of each kind and size in each condition.
    pub trials: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Sampling rate, in hertz.
    pub rate_hz: f64,
}

/// Noise, and whether the harmonics waver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Signal to noise, in decibels.
    pub snr_db: f64,
    /// Each harmonic wavers by half of its level, some tenths of a second to seconds long.
    pub unsteady: bool,
}

/// What is tried.
pub const CONDITIONS: [Condition; 6] = [
    Condition { snr_db: 60.0, unsteady: false },
    Condition { snr_db: 50.0, unsteady: false },
    Condition { snr_db: 40.0, unsteady: false },
    Condition { snr_db: 60.0, unsteady: true },
    Condition { snr_db: 50.0, unsteady: true },
    Condition { snr_db: 40.0, unsteady: true },
];

/// A kind of disturbance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A spike that falls in 150 µs.
    Impulse,
    /// A ringing of this frequency, in hertz, that falls to 1/e in five of its periods.
    Ringing(f64),
    /// A notch of 3 % of a cycle in each half cycle, for a second.
    Notching,
    /// A dip of so many cycles.
    Dip(f64),
}

impl Kind {
    /// In words.
    pub fn name(self) -> String {
        match self {
            Self::Impulse => "impulse".into(),
            Self::Ringing(hz) => format!("ringing, {hz} Hz"),
            Self::Notching => "notching".into(),
            Self::Dip(cycles) => format!("dip, {cycles} cycles"),
        }
    }

    fn length_s(self) -> f64 {
        match self {
            Self::Impulse => 1e-3,
            Self::Ringing(hz) => 25.0 / hz,
            Self::Notching => 1.0,
            Self::Dip(cycles) => cycles / MAINS_HZ,
        }
    }

    /// Time before a disturbance and after it, in seconds: a rapid voltage change is one only after a steady second.
    fn around_s(self) -> f64 {
        if matches!(self, Self::Dip(_)) { 1.2 } else { 0.3 }
    }

    /// The sizes it is tried at.
    pub fn sizes(self) -> &'static [f64] {
        if matches!(self, Self::Dip(_)) { DEPTHS } else { SIZES }
    }

    /// What a rate can show.
    pub fn all(rate_hz: f64) -> Vec<Self> {
        let ringing = [300.0, 600.0, 1200.0, 2500.0, 5000.0].into_iter().filter(|hz| *hz < 0.4 * rate_hz);
        let mut all = vec![Self::Impulse];
        all.extend(ringing.map(Self::Ringing));
        all.extend([Self::Notching, Self::Dip(0.5), Self::Dip(1.0), Self::Dip(2.0)]);
        all
    }
}

/// What finds disturbances, in one condition: the engine at its default setting, at [`SENSITIVE_PCT`], and the triggers.
#[derive(Debug, Clone)]
pub struct Detectors {
    condition: Condition,
    rate_hz: f64,
    thresholds: Vec<f64>,
    /// False alarms of the engine in the undisturbed signal, at both settings.
    pub false_alarms: [usize; 2],
}

/// Names of all detectors.
pub fn names() -> Vec<String> {
    let engine = ["kilat".to_string(), format!("kilat, {SENSITIVE_PCT} %")];
    engine.into_iter().chain(TRIGGERS.iter().map(|t| t.name().into())).collect()
}

impl Detectors {
    /// Lets the engine run over undisturbed signal, and sets the thresholds of the triggers by it.
    ///
    /// # Errors
    /// Those of an analysis.
    pub fn new(options: &Options, condition: Condition) -> Result<Self> {
        let rate_hz = options.rate_hz;
        let stretches = (options.hours * 3600.0 / STRETCH_S).ceil().max(1.0) as usize;
        let n = (options.hours * 3600.0 * rate_hz / stretches as f64) as usize;
        let second = rate_hz as usize;
        let mut largest: Vec<Vec<f64>> = vec![Vec::new(); TRIGGERS.len()];
        let mut false_alarms = [0; 2];
        let mut random = seeded(options, condition, 0);
        for _ in 0..stretches {
            let mains = Mains::new(rate_hz, n, condition, &mut random);
            for (count, a) in false_alarms.iter_mut().zip(analyses(&mains, rate_hz)?) {
                *count += a.transients.len() + a.events.len() + a.rvc.len();
            }
            for (trigger, largest) in TRIGGERS.iter().zip(&mut largest) {
                let out = trigger.output(&mains.x, rate_hz, mains.period);
                largest.extend(out.chunks(second).map(|s| s.iter().copied().fold(0.0, f64::max)));
            }
        }
        // Alarms within a second are one. As many seconds may be beyond it as there are whole hours.
        let allowed = options.hours.floor() as usize;
        let threshold = |seconds: &mut Vec<f64>| {
            seconds.sort_by(|a, b| b.total_cmp(a));
            seconds.get(allowed).copied().unwrap_or(f64::INFINITY)
        };
        Ok(Self { condition, rate_hz, thresholds: largest.iter_mut().map(threshold).collect(), false_alarms })
    }

    /// How many of so many disturbances each detector finds, in % , in the order of [`names`].
    ///
    /// # Errors
    /// Those of an analysis.
    pub fn found_pct(&self, options: &Options, kind: Kind, size: f64) -> Result<Vec<f64>> {
        let rate_hz = self.rate_hz;
        let sample = |s: f64| (s * rate_hz) as usize;
        let slot = sample(2.0 * kind.around_s() + kind.length_s());
        let salt = (size * 1e3) as u64 + 1000 * kind.name().bytes().map(u64::from).sum::<u64>();
        let mut random = seeded(options, self.condition, salt);
        let mut mains = Mains::new(rate_hz, slot * options.trials, self.condition, &mut random);
        let mut places = Vec::new();
        for trial in 0..options.trials {
            // Anywhere in a cycle.
            let at = slot * trial + sample(kind.around_s() - random.unit() / MAINS_HZ);
            let length = mains.disturb(kind, size, at, &mut random);
            places.push((at, at + length));
        }
        let cycle = sample(1.0 / MAINS_HZ);
        let percent = |found: usize| 100.0 * found as f64 / options.trials as f64;
        let mut out = Vec::new();
        for a in analyses(&mains, rate_hz)? {
            let found = |p: &&(usize, usize)| reports(&a, kind, p.0.saturating_sub(cycle), p.1 + cycle);
            out.push(percent(places.iter().filter(found).count()));
        }
        for (trigger, threshold) in TRIGGERS.iter().zip(&self.thresholds) {
            let y = trigger.output(&mains.x, rate_hz, mains.period);
            let found = |(from, to): &&(usize, usize)| {
                // Of notching, begin and end are not what it is.
                let inside = if kind == Kind::Notching {
                    from + 2 * cycle..to - 2 * cycle
                } else {
                    *from..*to + cycle
                };
                y[inside].iter().any(|v| v > threshold)
            };
            out.push(percent(places.iter().filter(found).count()));
        }
        Ok(out)
    }
}

/// The engine reports something of this kind between two samples.
fn reports(a: &Analysis, kind: Kind, from: usize, to: usize) -> bool {
    let touches = |start: f64, stop: f64| start <= to as f64 && stop >= from as f64;
    let mut transients = a.transients.iter().filter(|t| touches(t.start_sample as f64, t.stop_sample as f64));
    match kind {
        Kind::Notching => transients.any(|t| t.kind == TransientKind::Notching),
        Kind::Dip(_) => {
            a.events.iter().any(|e| touches(e.start_sample, e.stop_sample))
                || a.rvc.iter().any(|c| touches(c.start_sample, c.stop_sample))
                || transients.next().is_some()
        }
        Kind::Impulse | Kind::Ringing(_) => transients.next().is_some(),
    }
}

/// What the engine finds, at both settings.
fn analyses(mains: &Mains, rate_hz: f64) -> Result<Vec<Analysis>> {
    let volts: Vec<f64> = mains.x.iter().map(|v| v * UDIN_V * 2f64.sqrt()).collect();
    let time = TimeBase::uniform(SampleRate::from_hz(rate_hz)?, volts.len() as u64, None);
    let capture = Capture::new(time, vec![Channel::new("Ua", "V", volts)])?;
    let usual = Config { only: vec![Part::Harmonics, Part::Transients], ..Config::class_a(UDIN_V, MAINS_HZ) };
    let sensitive = Config { transient_pct: SENSITIVE_PCT, ..usual.clone() };
    [usual, sensitive].iter().map(|config| offline::analyze(&capture, config, 1)).collect()
}

fn seeded(options: &Options, condition: Condition, salt: u64) -> Random {
    let state = (condition.snr_db as u64) << 1 | u64::from(condition.unsteady);
    Random::new(options.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (state << 32) ^ salt)
}

/// The detectors of every condition.
///
/// # Errors
/// Those of an analysis, and of options that make no signal.
pub fn detectors(options: &Options) -> Result<Vec<Detectors>> {
    if !(options.hours > 0.0 && options.hours <= 1000.0) || options.trials == 0 {
        return Err(Error::config("hours, trials", "expected hours of up to 1000 and one trial at least"));
    }
    // Two at a time, by what may be done at once on most machines.
    let next = AtomicUsize::new(0);
    let mut all = thread::scope(|scope| {
        let work = || {
            let take = || CONDITIONS.get(next.fetch_add(1, Ordering::Relaxed));
            std::iter::from_fn(take).map(|c| Detectors::new(options, *c)).collect::<Vec<_>>()
        };
        let helper = scope.spawn(work);
        let mut all = work();
        all.extend(helper.join().unwrap_or_default());
        all
    })
    .into_iter()
    .collect::<Result<Vec<_>>>()?;
    all.sort_by_key(|d| CONDITIONS.iter().position(|c| *c == d.condition));
    Ok(all)
}
