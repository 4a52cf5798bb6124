//! What one window gives: per channel, then for the system. No memory between calls, so windows and channels run in any order.

use std::slice::{from_mut, from_ref};

use serde::{Deserialize, Serialize};

use crate::capture::Kind;
use crate::config::{Part, Wiring};
use crate::dsp::fft::LowBinsScratch;
use crate::engine::cross::Pairs;
use crate::engine::plan::Plan;
use crate::engine::raw::Near;
use crate::engine::reuse::Reuse;
use crate::engine::streams::Streams;
use crate::engine::timeline::Span;
use crate::pq::harmonics;
use crate::pq::harmonics::Spectrum;
use crate::pq::power::Wave;
use crate::pq::power::energy::Stretch;
use crate::pq::power::phase::PhasePower;
use crate::pq::power::system::{FourWire, SystemPower, ThreeWire, two_wattmeters};
use crate::pq::signalling::tone_rms;
use crate::pq::supraharmonics::{self, Emission, SupraharmonicPlan};
use crate::pq::unbalance::ratios_pct;

/// How basic values make an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mean {
    /// Root of the mean square (IEC 61000-4-30, 4.5.1).
    Quadratic,
    /// Mean: powers.
    Arithmetic,
    /// Least of the least.
    Least,
    /// Most of the most.
    Most,
    /// Not aggregated: angles.
    None,
}

/// What one window gives for one channel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Measured {
    /// True r.m.s., in volts or amperes.
    pub rms: f64,
    /// The same, but at most Udin: what under-deviation is made of.
    pub under_v: f64,
    /// The same, but at least Udin: what over-deviation is made of.
    pub over_v: f64,
    /// Mean product with the current the plan pairs it with, in watts; NaN without one.
    pub p_w: f64,
    /// The same product, integrated over what no window before held, in joules. Not aggregated.
    pub fresh_j: f64,
    /// Mean product with the next phase, in V² or A²; NaN without one. Not aggregated.
    pub next_product: f64,
    /// Harmonics.
    pub spectrum: Spectrum,
    /// Mains signalling on voltages, in volts: one value per tone of the settings.
    pub signalling_v: Vec<f64>,
    /// Emission above order 50, when asked for.
    pub emission: Option<Box<Emission>>,
}

/// Buffers of one measurement at a time.
#[derive(Debug)]
pub struct Scratch {
    /// Resampled windows, one per channel.
    points: Vec<Vec<f32>>,
    window: LowBinsScratch,
    supraharmonics: Option<supraharmonics::Scratch>,
    /// Samples that are worked on, of each channel.
    pub near: Vec<Near>,
}

impl Scratch {
    /// Buffers that fit.
    pub fn new(plan: &Plan) -> Self {
        Self {
            points: vec![vec![0.0; plan.fft.points()]; plan.channels.len()],
            window: plan.fft.scratch(),
            supraharmonics: plan.supraharmonics.as_ref().map(SupraharmonicPlan::scratch),
            near: plan.channels.iter().map(|_| Near::default()).collect(),
        }
    }
}

impl Measured {
    /// With room for all that a window under this plan gives.
    pub fn roomy(plan: &Plan) -> Self {
        let mut new = Self::default();
        new.reserve(plan);
        new
    }

    /// Makes that room.
    pub fn reserve(&mut self, plan: &Plan) {
        self.signalling_v.make_room(plan.config.signalling.len());
        if plan.supraharmonics.is_some() {
            self.emission.get_or_insert_default();
        }
    }

    /// Goes through all values beside those of `other`.
    pub fn each(&mut self, other: &Self, f: &mut impl FnMut(Mean, &mut [f64], &[f64])) {
        for (a, b) in [
            (&mut self.rms, &other.rms),
            (&mut self.under_v, &other.under_v),
            (&mut self.over_v, &other.over_v),
        ] {
            f(Mean::Quadratic, from_mut(a), from_ref(b));
        }
        f(Mean::Arithmetic, from_mut(&mut self.p_w), from_ref(&other.p_w));
        self.spectrum.each(&other.spectrum, f);
        self.signalling_v.resize(other.signalling_v.len(), f64::NAN);
        f(Mean::Quadratic, &mut self.signalling_v, &other.signalling_v);
        match &other.emission {
            Some(other) => self.emission.get_or_insert_default().each(other, f),
            None => self.emission = None,
        }
    }

    /// Takes the values of another one, in the memory there is.
    pub fn copy(&mut self, from: &Self) {
        let Self { rms, under_v, over_v, p_w, fresh_j, next_product, spectrum, signalling_v, emission } =
            self;
        (*rms, *under_v, *over_v) = (from.rms, from.under_v, from.over_v);
        (*p_w, *fresh_j, *next_product) = (from.p_w, from.fresh_j, from.next_product);
        spectrum.clone_from(&from.spectrum);
        signalling_v.clone_from(&from.signalling_v);
        match &from.emission {
            Some(from) => emission.get_or_insert_default().clone_from(from),
            None => *emission = None,
        }
    }

    /// For power: the r.m.s., and the components the plan knows.
    fn wave(&self, plan: &Plan) -> Wave<'_> {
        Wave { rms: self.rms, components: &self.spectrum.component[..=plan.orders] }
    }
}

/// What one window gives for the system. What needs channels that are not there is NaN, or empty.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct System {
    /// Negative-sequence voltage unbalance, in %.
    pub u2_pct: f64,
    /// Zero-sequence voltage unbalance, in %.
    pub u0_pct: f64,
    /// Negative-sequence current unbalance, in %.
    pub i2_pct: f64,
    /// Zero-sequence current unbalance, in %.
    pub i0_pct: f64,
    /// R.m.s. of the differences ab, bc, ca of three line-neutral voltages, in volts.
    pub line_line_rms_v: [f64; 3],
    /// R.m.s. of the sum of three line-neutral voltages, in volts.
    pub residual_voltage_v: f64,
    /// R.m.s. of the neutral current, in amperes: measured, else of the sum of three currents beside line-neutral voltages.
    pub neutral_current_a: f64,
    /// Power of each pair.
    pub pairs: Vec<PhasePower>,
    /// Power of the three-phase system.
    pub power: Option<SystemPower>,
    /// What the pairs and the system took during the time no window before held. Not aggregated.
    #[serde(skip)]
    pub fresh: Fresh,
}

/// Contributions to the energy registers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Fresh {
    /// Of each pair.
    pub pairs: Vec<Stretch>,
    /// Of all together; `None` without a current.
    pub system: Option<Stretch>,
}

impl System {
    /// With room for all that a window under this plan gives.
    pub fn roomy(plan: &Plan) -> Self {
        let mut new = Self::default();
        new.reserve(plan);
        new
    }

    /// Makes that room.
    pub fn reserve(&mut self, plan: &Plan) {
        self.pairs.make_room(plan.pairs.len());
        self.fresh.pairs.make_room(plan.pairs.len());
    }

    /// Goes through all values beside those of `other`.
    pub fn each(&mut self, other: &Self, f: &mut impl FnMut(Mean, &mut [f64], &[f64])) {
        for (a, b) in [
            (&mut self.u2_pct, &other.u2_pct),
            (&mut self.u0_pct, &other.u0_pct),
            (&mut self.i2_pct, &other.i2_pct),
            (&mut self.i0_pct, &other.i0_pct),
            (&mut self.residual_voltage_v, &other.residual_voltage_v),
            (&mut self.neutral_current_a, &other.neutral_current_a),
        ] {
            f(Mean::Quadratic, from_mut(a), from_ref(b));
        }
        f(Mean::Quadratic, &mut self.line_line_rms_v, &other.line_line_rms_v);
        self.pairs.resize(other.pairs.len(), PhasePower::default());
        for (a, b) in self.pairs.iter_mut().zip(&other.pairs) {
            a.each(b, f);
        }
        match &other.power {
            Some(other) => self.power.get_or_insert_default().each(other, f),
            None => self.power = None,
        }
    }

    /// Takes the values of another one, in the memory there is.
    pub fn copy(&mut self, from: &Self) {
        let (mut pairs, mut fresh) = (std::mem::take(&mut self.pairs), std::mem::take(&mut self.fresh));
        pairs.clone_from(&from.pairs);
        fresh.pairs.clone_from(&from.fresh.pairs);
        fresh.system = from.fresh.system;
        *self = Self {
            u2_pct: from.u2_pct,
            u0_pct: from.u0_pct,
            i2_pct: from.i2_pct,
            i0_pct: from.i0_pct,
            line_line_rms_v: from.line_line_rms_v,
            residual_voltage_v: from.residual_voltage_v,
            neutral_current_a: from.neutral_current_a,
            pairs,
            power: from.power,
            fresh,
        };
    }

    /// Measures the system in a window of which every channel has been measured; `fresh_s` is the time no window before held.
    pub fn measure(&mut self, plan: &Plan, channels: &[Measured], fresh_s: f64) {
        let ratios = |of: &[usize]| match of {
            &[a, b, c] => ratios_pct([a, b, c].map(|c| channels[c].spectrum.fundamental())),
            _ => (f64::NAN, f64::NAN),
        };
        (self.u2_pct, self.u0_pct) = ratios(&plan.system);
        if plan.wiring != Wiring::Wye {
            self.u0_pct = f64::NAN;
        }
        (self.i2_pct, self.i0_pct) = ratios(&plan.system_currents);
        let (u, i) = (three(&plan.system, channels), three(&plan.system_currents, channels));
        let wye = plan.wiring == Wiring::Wye;
        self.line_line_rms_v = u.filter(|_| wye).map_or([f64::NAN; 3], differences);
        self.residual_voltage_v = u.filter(|_| wye).map_or(f64::NAN, sum_rms);
        self.neutral_current_a = match plan.neutral_current {
            Some(n) => channels[n].rms,
            None => i.filter(|_| wye).map_or(f64::NAN, sum_rms),
        };
        self.pairs.clear();
        self.pairs.extend(
            plan.pairs.iter().map(|&(u, i)| {
                PhasePower::new(channels[u].wave(plan), channels[i].wave(plan), channels[u].p_w)
            }),
        );
        self.power = match (plan.wiring, u, i) {
            (Wiring::Wye, Some(u), Some(i)) => Some(SystemPower::four_wire(&FourWire {
                u: u.map(|c| c.wave(plan)),
                line_line_rms_v: self.line_line_rms_v,
                i: i.map(|c| c.wave(plan)),
                neutral_rms_a: self.neutral_current_a,
                neutral_fundamental: plan.neutral_current.map(|n| channels[n].spectrum.fundamental()),
                p_w: u.map(|c| c.p_w),
            })),
            (Wiring::Delta, Some(u), Some(i)) => Some(SystemPower::three_wire(&ThreeWire {
                line_line: u.map(|c| c.wave(plan)),
                i: i.map(|c| c.wave(plan)),
                p_w: two_wattmeters(u[0].p_w, u[1].p_w),
            })),
            _ => None,
        };
        self.count(plan, channels, fresh_s);
    }

    /// What the window adds to the energy registers.
    fn count(&mut self, plan: &Plan, channels: &[Measured], duration_s: f64) {
        let pair = |(p, &(u, _)): (&PhasePower, &(usize, usize))| Stretch {
            duration_s,
            active_j: channels[u].fresh_j,
            q1_var: p.q1_var,
            s_va: p.s_va,
        };
        let fresh = &mut self.fresh;
        fresh.pairs.clear();
        fresh.pairs.extend(self.pairs.iter().zip(&plan.pairs).map(pair));
        let all = || fresh.pairs.iter();
        let pairs_j = || all().map(|s| s.active_j).sum();
        fresh.system = if let Some(power) = &self.power {
            let active_j = match plan.system[..] {
                [ab, bc, _] if plan.wiring == Wiring::Delta => {
                    two_wattmeters(channels[ab].fresh_j, channels[bc].fresh_j)
                }
                _ => pairs_j(),
            };
            Some(Stretch { duration_s, active_j, q1_var: power.q1_var, s_va: power.se_va })
        } else if plan.pairs.is_empty() {
            None
        } else {
            let (q1_var, s_va) = (all().map(|s| s.q1_var).sum(), all().map(|s| s.s_va).sum());
            Some(Stretch { duration_s, active_j: pairs_j(), q1_var, s_va })
        };
    }
}

/// The three channels of a system, when it has three.
fn three<'m>(of: &[usize], channels: &'m [Measured]) -> Option<[&'m Measured; 3]> {
    <[usize; 3]>::try_from(of).ok().map(|of| of.map(|c| &channels[c]))
}

/// R.m.s. of each phase less the next.
fn differences(phases: [&Measured; 3]) -> [f64; 3] {
    [0, 1, 2].map(|k| {
        let (a, b) = (phases[k], phases[(k + 1) % 3]);
        (a.rms.powi(2) - 2.0 * a.next_product + b.rms.powi(2)).max(0.0).sqrt()
    })
}

/// R.m.s. of the sum of the phases.
fn sum_rms(phases: [&Measured; 3]) -> f64 {
    phases.iter().map(|p| p.rms.powi(2) + 2.0 * p.next_product).sum::<f64>().max(0.0).sqrt()
}

/// Measures `span` of channels `first`, `first + 1`, …: as many as `out` has room for.
pub fn measure(
    plan: &Plan,
    (streams, pairs): (&[Streams], &Pairs),
    span: &Span,
    first: usize,
    scratch: &mut Scratch,
    out: &mut [Measured],
) {
    if plan.config.measures(Part::Harmonics) {
        let points = &mut scratch.points[..out.len()];
        harmonics::resample(plan, span, |k| streams[first + k].mid(plan), points);
    }
    for (k, out) in out.iter_mut().enumerate() {
        // The transform overwrites its input.
        std::mem::swap(&mut scratch.points[k], &mut scratch.window.input);
        measure_channel(plan, (streams, pairs), span, first + k, scratch, out);
        std::mem::swap(&mut scratch.points[k], &mut scratch.window.input);
    }
}

fn measure_channel(
    plan: &Plan,
    (streams, pairs): (&[Streams], &Pairs),
    span: &Span,
    channel: usize,
    scratch: &mut Scratch,
    out: &mut Measured,
) {
    let c = &plan.channels[channel];
    let own = &streams[channel];
    let length = span.stop - span.start;
    let integral = |other: usize, start: f64| {
        let codes = pairs.integral(plan, streams, (channel, other), start, span.stop);
        codes * c.scale * plan.channels[other].scale
    };
    let mean = |other: usize| integral(other, span.start) / length;
    let mean_square = own.energy(plan, span.start, span.stop) / length;
    out.rms = mean_square.max(0.0).sqrt() * c.scale.abs();
    (out.under_v, out.over_v) = if plan.config.edition.has_deviation() {
        (out.rms.min(c.info.udin_v), out.rms.max(c.info.udin_v))
    } else {
        (f64::NAN, f64::NAN)
    };
    out.next_product = c.next_phase.map_or(f64::NAN, mean);
    if !plan.config.measures(Part::Harmonics) {
        (out.p_w, out.fresh_j) = (f64::NAN, f64::NAN);
        return;
    }
    out.p_w = c.pair.map_or(f64::NAN, mean);
    out.fresh_j = match c.pair {
        Some(i) if span.fresh > span.start => integral(i, span.fresh) / plan.fs,
        _ => out.p_w * length / plan.fs,
    };
    harmonics::measure(plan, span, c.scale, &mut scratch.window, &mut out.spectrum);
    out.signalling_v.clear();
    if c.info.kind == Kind::Voltage {
        let square = |k: usize| harmonics::bin_square(&scratch.window, c.scale, k);
        let tones = plan.config.signalling.iter().map(|t| tone_rms(t.hz * length / plan.fs, square));
        out.signalling_v.extend(tones);
    }
    if let (Some(p), Some(scratch)) = (&plan.supraharmonics, &mut scratch.supraharmonics) {
        let streams = (own.raw.floats(), own.wide(plan));
        let out = out.emission.get_or_insert_default();
        p.measure(plan.level, streams, span, c.scale, scratch, out);
    }
}
