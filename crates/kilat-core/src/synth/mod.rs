//! Scenarios: captures computed from a physical model of a low-voltage feeder, with labels of what happens in them.
//!
//! A scenario builds a circuit (`network`) of source, line, loads and fault, runs it step by step, and passes the
//! voltages and currents through the `recorder`: anti-alias filter, sampling, noise, 16-bit converter. Nothing is
//! painted onto a sine: voltages move because currents do. The `labels` are measured on the waveforms before noise
//! and conversion.
//!
//! Equal options give equal codes on every machine: own random numbers, transcendental functions from `libm`, plain f64.
//!
//! ```
//! use kilat_core::synth::{self, Options};
//! let options = Options { duration_s: 11.0, seed: 7, ..Options::of("kaur-2024")? };
//! let scenario = synth::scenario("kaur-2024", &options)?;
//! assert_eq!(scenario.capture.len(), 110_000);
//! assert!(scenario.labels.iter().any(|l| l.cause == "loose_neutral"));
//! # Ok::<(), kilat_core::Error>(())
//! ```

mod faults;
mod labels;
mod loads;
mod network;
mod recorder;
mod rng;
mod scenarios;
mod site;
mod source;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::capture::{Capture, Channel, Kind, Phase, TimeBase};
use crate::error::{Error, Result};
use crate::units::SampleRate;
use faults::Stroke;
pub use labels::{FaultTruth, Impulse, Label, What};
use labels::{Truth, VOLTAGES};
use rng::Rng;
use scenarios::Recipe;
use site::{Quantity, Recording};

/// Most samples per channel a scenario may have.
const MOST_SAMPLES: u64 = 20_000_000;

/// What may be varied in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Options {
    /// Samples per second, 2 kHz to 1 MHz.
    pub sample_rate_hz: f64,
    /// Length, in seconds; each scenario has a least one, in which its plot fits.
    pub duration_s: f64,
    /// Choice of loads, instants, phases and noise.
    pub seed: u64,
    /// Signal-to-noise ratio, in decibels, of a sine of nominal voltage or rated current. Infinity: no noise.
    pub noise_db: f64,
}

impl Options {
    /// The defaults of the scenario called `name`.
    pub fn of(name: &str) -> Result<Self> {
        Ok(find(name)?.options.clone())
    }
}

/// A generated capture and the truth about it.
#[derive(Debug, Clone, Serialize)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The recording.
    #[serde(skip)]
    pub capture: Capture,
    /// What happens in it, by start.
    pub labels: Vec<Label>,
    /// What is to be found out about the short circuit in it.
    pub fault: Option<FaultTruth>,
    /// The cause behind it, in the words of the diagnosis; `none` when there is nothing to report.
    pub cause: &'static str,
    /// What was reported, and what the model does.
    pub story: &'static str,
    /// What an analysis of it must show.
    pub proves: &'static str,
    /// Nominal line-neutral voltage, in volts.
    pub nominal_voltage_v: f64,
    /// The options it was made with.
    pub options: Options,
}

/// Names of the scenarios.
pub fn names() -> &'static [&'static str] {
    const NAMES: [&str; scenarios::ALL.len()] = {
        let mut names = [""; scenarios::ALL.len()];
        let mut k = 0;
        while k < names.len() {
            names[k] = scenarios::ALL[k].name;
            k += 1;
        }
        names
    };
    &NAMES
}

/// What a scenario tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct About {
    /// The cause behind it, in the words of the diagnosis; `none` when there is nothing to report.
    pub cause: &'static str,
    /// What was reported, and what the model does.
    pub story: &'static str,
    /// What an analysis of it must show.
    pub proves: &'static str,
}

/// What the scenario called `name` tells, without generating it.
pub fn about(name: &str) -> Result<About> {
    find(name).map(|r| About { cause: r.cause, story: r.story, proves: r.proves })
}

/// Generates the scenario called `name`.
///
/// # Errors
/// [`Error::Config`] for an unknown name or senseless options, [`Error::Limit`] for too many samples.
pub fn scenario(name: &str, options: &Options) -> Result<Scenario> {
    let recipe = find(name)?;
    let samples = check(recipe, options)?;
    let rate = SampleRate::from_hz(options.sample_rate_hz)?;
    let build = || (recipe.build)(&mut Rng::new(options.seed, 1), options.duration_s);
    let mut plot = build();
    let recording = plot.site.run(rate.hz(), samples, recipe.quantities);

    let mut noise = Rng::new(options.seed, 2);
    let channels = recipe.quantities.iter().zip(&recording.clean);
    let channels =
        channels.map(|(&q, clean)| channel(recipe, q, clean, options.noise_db, &mut noise)).collect();
    let time = TimeBase::uniform(rate, samples as u64, Some(recipe.start.parse()?));
    let mut capture = Capture::new(time, channels)?;
    capture.station = recipe.station.into();
    capture.device = "kilat simulated recorder, 16 bit".into();
    capture.format = format!("scenario {}", recipe.name);
    capture.nominal_frequency_hz = Some(source::NOMINAL_HZ);

    let mut fault = plot.site.fault.take();
    if let Some(fault) = &mut fault {
        fault.measure(&recording, rate.hz());
    }
    let truth = Truth::new(&recording, recipe.nominal_v, rate.hz());
    let mut labels: Vec<_> = plot.spans.iter().map(|s| truth.label(s)).collect();
    labels.extend(truth.events(&plot.spans, recipe.cause));
    if !plot.site.strokes.is_empty() {
        // The same site, to the last random number, without the lightning: the difference is the impulse.
        let mut quiet = build();
        let strokes = plot.site.strokes.clone();
        quiet.site.strokes.iter_mut().for_each(|s| s.crest_a = [0.0; 4]);
        let quiet = quiet.site.run(rate.hz(), samples, recipe.quantities);
        for (k, stroke) in strokes.iter().enumerate() {
            let impulse = impulse(&recording, &quiet, k, stroke, rate.hz(), recipe.range_v);
            let label = labels.iter_mut().filter(|l| l.what == What::Transient).nth(k);
            if let Some(label) = label {
                label.impulse = Some(impulse);
            }
        }
    }
    labels.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    Ok(Scenario {
        name: recipe.name,
        capture,
        labels,
        fault,
        cause: recipe.cause,
        story: recipe.story,
        proves: recipe.proves,
        nominal_voltage_v: recipe.nominal_v,
        options: options.clone(),
    })
}

fn find(name: &str) -> Result<&'static Recipe> {
    scenarios::ALL
        .iter()
        .find(|r| r.name == name)
        .ok_or_else(|| Error::config("scenario", format!("`{name}` is none of {}", names().join(", "))))
}

/// Refuses senseless options; returns the number of samples.
fn check(recipe: &Recipe, options: &Options) -> Result<usize> {
    let within = |setting: &str, v: f64, lo: f64, hi: f64| {
        if v >= lo && v <= hi {
            Ok(())
        } else {
            Err(Error::config(setting, format!("{v} is outside {lo} to {hi}")))
        }
    };
    within("sample_rate_hz", options.sample_rate_hz, 2e3, 1e6)?;
    within("duration_s", options.duration_s, recipe.least_s, 3600.0)?;
    within("noise_db", options.noise_db, 20.0, f64::INFINITY)?;
    let samples = libm::round(options.sample_rate_hz * options.duration_s) as u64;
    if samples > MOST_SAMPLES {
        let (part, what) = (recipe.name.into(), "number of samples per channel".into());
        return Err(Error::Limit { part, what, limit: MOST_SAMPLES, found: samples });
    }
    Ok(samples as usize)
}

fn channel(recipe: &Recipe, quantity: Quantity, clean: &[f64], noise_db: f64, rng: &mut Rng) -> Channel {
    let (name, phase) = match quantity {
        Quantity::U(k) => (VOLTAGES[k], [Phase::A, Phase::B, Phase::C][k]),
        Quantity::I(k) => (["Ia", "Ib", "Ic"][k], [Phase::A, Phase::B, Phase::C][k]),
        Quantity::In => ("In", Phase::N),
        Quantity::Un => ("Un", Phase::N),
    };
    let voltage = matches!(quantity, Quantity::U(_) | Quantity::Un);
    let (kind, unit, range, full) = if voltage {
        (Kind::Voltage, "V", recipe.range_v, recipe.nominal_v)
    } else {
        (Kind::Current, "A", recipe.range_a, recipe.rated_a)
    };
    let scale = range / 32768.0;
    let noise = full * libm::pow(10.0, -noise_db / 20.0);
    let codes = recorder::digitise(clean, scale, noise, rng);
    let mut channel = Channel::new(name, unit, codes).with_scale(scale, 0.0);
    (channel.kind, channel.phase) = (kind, Some(phase));
    channel.range = Some((f64::from(i16::MIN), f64::from(i16::MAX)));
    channel
}

/// What stroke `k` adds at the terminals and at the recorder.
fn impulse(
    with: &Recording,
    without: &Recording,
    k: usize,
    stroke: &Stroke,
    rate_hz: f64,
    range_v: f64,
) -> Impulse {
    let mut peak = (0, 0.0f64);
    for (a, b) in with.surges[k].iter().zip(&without.surges[k]) {
        for phase in 0..3 {
            let d = a[phase] - b[phase];
            if d.abs() > peak.1.abs() {
                peak = (phase, d);
            }
        }
    }
    let (phase, true_peak_v) = peak;
    let first = (stroke.start_s * rate_hz) as usize;
    let last = ((stroke.start_s + Stroke::LENGTH_S) * rate_hz) as usize + 2;
    let last = last.min(with.clean[phase].len());
    let (mut sample, mut recorded_peak_v) = (first, 0.0f64);
    let mut clipped = false;
    for i in first..last {
        let d = with.clean[phase][i] - without.clean[phase][i];
        clipped |= with.clean[phase][i].abs() >= range_v;
        if d.abs() > recorded_peak_v.abs() {
            (sample, recorded_peak_v) = (i, d);
        }
    }
    Impulse { channel: VOLTAGES[phase], true_peak_v, recorded_peak_v, peak_sample: sample as u64, clipped }
}
