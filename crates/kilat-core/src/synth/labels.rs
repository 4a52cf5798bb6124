//! What truly happens in a scenario, measured on its noise-free waveforms.

use std::f64::consts::{PI, TAU};

use serde::Serialize;

use super::site::Recording;
use crate::pq::dips::Side;

/// What a label marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// One-cycle r.m.s. below 90 % of nominal, until back at 92 %.
    #[doc(alias = "sag")]
    Dip,
    /// One-cycle r.m.s. above 110 % of nominal, until back at 108 %.
    Swell,
    /// One-cycle r.m.s. below 5 % of nominal, until back at 7 %.
    Interruption,
    /// A stroke couples into the site.
    Transient,
    /// The neutral terminal parts and closes again and again, or is open.
    LooseNeutral,
    /// A load arcs in series.
    Arcing,
    /// A short circuit, to the moment it is cleared.
    Fault,
    /// A motor runs up.
    MotorStart,
    /// A transformer is energised.
    TransformerEnergising,
    /// A capacitor bank is switched on.
    CapacitorSwitching,
    /// A converter cuts notches into every cycle.
    Notching,
    /// A capacitor bank and the line are in resonance with a harmonic.
    Resonance,
    /// The supply is weak throughout.
    Undervoltage,
    /// Nobody supplies the site: the gap of a transfer.
    TransferGap,
    /// A generating set supplies the site.
    GeneratorSupply,
}

/// One thing that happens, on voltage channels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Label {
    /// What happens.
    pub what: What,
    /// Its cause, in the words of the diagnosis.
    pub cause: &'static str,
    /// Start, in seconds from the first sample.
    pub start_s: f64,
    /// End, in seconds from the first sample.
    pub stop_s: f64,
    /// Voltage channels concerned.
    pub channels: Vec<&'static str>,
    /// The one of them that departs most from nominal.
    pub extreme_channel: &'static str,
    /// R.m.s. from start to stop on the extreme channel, in volts.
    pub rms_v: f64,
    /// The same over the nominal voltage.
    pub rms_pu: f64,
    /// One-cycle r.m.s. farthest from nominal on the extreme channel, in volts.
    pub residual_v: f64,
    /// The same over the nominal voltage.
    pub residual_pu: f64,
    /// The impulse, for a [`What::Transient`].
    pub impulse: Option<Impulse>,
}

/// Largest departure of a stroke from the voltage that would have been without it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Impulse {
    /// Channel with the largest departure at the terminals.
    pub channel: &'static str,
    /// At the terminals, in volts, with its sign.
    pub true_peak_v: f64,
    /// As sampled behind the anti-alias filter, in volts: what an analysis can find at best.
    pub recorded_peak_v: f64,
    /// Index of the sample with that peak.
    pub peak_sample: u64,
    /// Codes of that channel stood at the limit of the converter.
    pub clipped: bool,
}

/// What there is to find out about a short circuit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultTruth {
    /// Bollen's class of the dip, such as `Da`.
    pub class: String,
    /// The side of the meter it is on.
    pub side: Side,
    /// When it strikes, in seconds from the first sample.
    pub start_s: f64,
    /// Angle then of each voltage at the meter, in degrees from its rising zero crossing, −180 to 180.
    pub start_deg: [f64; 3],
}

impl FaultTruth {
    /// Of this class, side and moment; the angles are measured when the recording is there.
    pub(crate) fn new(class: String, side: Side, start_s: f64) -> Self {
        Self { class, side, start_s, start_deg: [f64::NAN; 3] }
    }

    /// Measures the angles: of the fundamental of the cycle before.
    pub(crate) fn measure(&mut self, recording: &Recording, rate_hz: f64) {
        let cycle = rate_hz / super::source::NOMINAL_HZ;
        let first = ((self.start_s * rate_hz) - cycle - 1.0).max(0.0) as usize;
        for (x, degrees) in recording.clean.iter().zip(&mut self.start_deg) {
            let (mut re, mut im) = (0.0, 0.0);
            for (k, v) in x[first..first + cycle as usize].iter().enumerate() {
                let turn = ((first + k) as f64 - self.start_s * rate_hz) / cycle;
                let (sin, cos) = libm::sincos(TAU * turn);
                re += v * cos;
                im += v * sin;
            }
            *degrees = libm::atan2(re, im).to_degrees();
        }
    }
}

/// A stretch of the plot of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) what: What,
    pub(crate) cause: &'static str,
    pub(crate) start_s: f64,
    pub(crate) stop_s: f64,
    /// Phases concerned: 0, 1, 2.
    pub(crate) phases: Vec<usize>,
}

/// Names of the voltage channels by phase.
pub(crate) const VOLTAGES: [&str; 3] = ["Ua", "Ub", "Uc"];

/// The three clean voltages with everything needed to measure them.
pub(crate) struct Truth {
    nominal_v: f64,
    rate_hz: f64,
    /// Integral of u² up to each sample, by trapezoids, in sample periods.
    energy: [Vec<f64>; 3],
    /// Urms(1/2) per phase: start of the window (sample position) and value.
    pub(crate) half_cycles: [Vec<(f64, f64)>; 3],
}

impl Truth {
    /// Measures the first three clean channels, cycle by cycle of the EMF's own angle.
    pub(crate) fn new(recording: &Recording, nominal_v: f64, rate_hz: f64) -> Self {
        let energy = [0, 1, 2].map(|k| integral_of_square(&recording.clean[k]));
        let half_cycles = [0, 1, 2].map(|k| {
            let marks = half_turns(&recording.angle, TAU / 3.0 * k as f64);
            marks.windows(3).map(|w| (w[0], mean_root(&energy[k], w[0], w[2]))).collect()
        });
        Self { nominal_v, rate_hz, energy, half_cycles }
    }

    /// Measures a span of the plot: over the windows wholly inside, or those that touch it when it is shorter than a cycle.
    pub(crate) fn label(&self, span: &Span) -> Label {
        let cycle_s = 1.0 / super::source::NOMINAL_HZ;
        if span.stop_s - span.start_s < 2.0 * cycle_s {
            self.measure(span, span.start_s - cycle_s, span.stop_s)
        } else {
            self.measure(span, span.start_s, span.stop_s - cycle_s)
        }
    }

    /// The label of `span`, with the extreme among the windows that start from `first_s` to `last_s`.
    fn measure(&self, span: &Span, first_s: f64, last_s: f64) -> Label {
        let last = self.energy[0].len() as f64 - 1.0;
        let from = (span.start_s * self.rate_hz).clamp(0.0, last - 1.0);
        let to = (span.stop_s * self.rate_hz).clamp(from + 1.0, last);
        let mut extreme = (span.phases[0], self.nominal_v);
        for &k in &span.phases {
            let windows = self.half_cycles[k].iter();
            for &(_, u) in windows.filter(|w| (first_s..=last_s).contains(&(w.0 / self.rate_hz))) {
                if (u - self.nominal_v).abs() > (extreme.1 - self.nominal_v).abs() {
                    extreme = (k, u);
                }
            }
        }
        let rms_v = mean_root(&self.energy[extreme.0], from, to);
        Label {
            what: span.what,
            cause: span.cause,
            start_s: from / self.rate_hz,
            stop_s: to / self.rate_hz,
            channels: span.phases.iter().map(|&k| VOLTAGES[k]).collect(),
            extreme_channel: VOLTAGES[extreme.0],
            rms_v,
            rms_pu: rms_v / self.nominal_v,
            residual_v: extreme.1,
            residual_pu: extreme.1 / self.nominal_v,
            impulse: None,
        }
    }

    /// Dips, swells and interruptions of each phase; each takes its cause from the span it overlaps most.
    pub(crate) fn events(&self, spans: &[Span], otherwise: &'static str) -> Vec<Label> {
        let mut out = Vec::new();
        for k in 0..3 {
            for what in [What::Dip, What::Swell, What::Interruption] {
                for (start_s, stop_s) in self.excursions(k, what) {
                    let overlap = |s: &&Span| s.stop_s.min(stop_s) - s.start_s.max(start_s);
                    let cause = spans
                        .iter()
                        .filter(|s| s.phases.contains(&k) && overlap(s) > -0.03)
                        .max_by(|a, b| overlap(a).total_cmp(&overlap(b)))
                        .map_or(otherwise, |s| s.cause);
                    let span = Span { what, cause, start_s, stop_s, phases: vec![k] };
                    out.push(self.measure(&span, start_s, stop_s));
                }
            }
        }
        out
    }

    fn excursions(&self, k: usize, what: What) -> Vec<(f64, f64)> {
        // Signed so that an excursion is always upwards: it begins above the first threshold and ends below the second.
        let (sign, begin, end_pu) = match what {
            What::Swell => (1.0, 1.10, 1.08),
            What::Interruption => (-1.0, -0.05, -0.07),
            _ => (-1.0, -0.90, -0.92),
        };
        let level = |u: f64| sign * u / self.nominal_v;
        let end = self.energy[k].len() as f64 - 1.0;
        let mut out = Vec::new();
        let mut since = None;
        for &(position, u) in &self.half_cycles[k] {
            match since {
                None if level(u) > begin => since = Some(position),
                Some(start) if level(u) <= end_pu => {
                    out.push((start / self.rate_hz, position / self.rate_hz));
                    since = None;
                }
                _ => {}
            }
        }
        out.extend(since.map(|start| (start / self.rate_hz, end / self.rate_hz)));
        out
    }
}

fn integral_of_square(x: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let steps = x.windows(2).map(|w| {
        sum += f64::midpoint(w[0] * w[0], w[1] * w[1]);
        sum
    });
    std::iter::once(0.0).chain(steps).collect()
}

fn mean_root(energy: &[f64], from: f64, to: f64) -> f64 {
    let at = |p: f64| {
        let i = (p as usize).min(energy.len() - 2);
        energy[i] + (p - i as f64) * (energy[i + 1] - energy[i])
    };
    libm::sqrt(((at(to) - at(from)) / (to - from)).max(0.0))
}

/// Sample positions at which `angle − lag` passes a multiple of π.
fn half_turns(angle: &[f64], lag: f64) -> Vec<f64> {
    let turns = |a: f64| (a - lag) / PI;
    angle
        .windows(2)
        .enumerate()
        .filter_map(|(i, w)| {
            let (a, b) = (turns(w[0]), turns(w[1]));
            let mark = libm::floor(b);
            (mark > a).then(|| i as f64 + (mark - a) / (b - a))
        })
        .collect()
}
