//! What one window gives: per channel, then for the system. No memory between calls, so windows and channels run in any order.

use std::slice::{from_mut, from_ref};

use crate::config::Wiring;
use crate::dsp::fft::FftScratch;
use crate::engine::plan::Plan;
use crate::engine::timeline::Span;
use crate::engine::track::Track;
use crate::pq::harmonics::Spectrum;
use crate::pq::unbalance::ratios_pct;
use crate::pq::{harmonics, rms};

/// How basic values make an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mean {
    /// Root of the mean square (IEC 61000-4-30, 4.5.1).
    Quadratic,
    /// Mean: powers.
    Arithmetic,
    /// Not aggregated: angles.
    None,
}

/// What one window gives for one channel.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// True r.m.s., in volts or amperes.
    pub rms: f64,
    /// The same, but at most Udin: what under-deviation is made of.
    pub under_v: f64,
    /// The same, but at least Udin: what over-deviation is made of.
    pub over_v: f64,
    /// Active power with the channel's partner, in watts; NaN without one.
    pub p_w: f64,
    /// R.m.s. of the difference to the next phase, in volts; NaN without one.
    pub line_line_rms_v: f64,
    /// Harmonics.
    pub spectrum: Spectrum,
}

impl Measured {
    /// Goes through all values beside those of `other`.
    pub fn each(&mut self, other: &Self, f: &mut impl FnMut(Mean, &mut [f64], &[f64])) {
        for (a, b) in [
            (&mut self.rms, &other.rms),
            (&mut self.under_v, &other.under_v),
            (&mut self.over_v, &other.over_v),
            (&mut self.line_line_rms_v, &other.line_line_rms_v),
        ] {
            f(Mean::Quadratic, from_mut(a), from_ref(b));
        }
        f(Mean::Arithmetic, from_mut(&mut self.p_w), from_ref(&other.p_w));
        self.spectrum.each(&other.spectrum, f);
    }
}

/// Power of one pair of a voltage and a current (IEEE 1459, 3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PairPower {
    /// Active power, in watts.
    pub p_w: f64,
    /// Fundamental reactive power, in vars.
    pub q1_var: f64,
    /// Apparent power, in volt-amperes.
    pub s_va: f64,
}

/// What one window gives for the system.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// Negative-sequence voltage unbalance, in %; NaN without three voltages.
    pub u2_pct: f64,
    /// Zero-sequence voltage unbalance, in %; NaN without three line-neutral voltages.
    pub u0_pct: f64,
    /// Negative-sequence current unbalance, in %; NaN without three currents.
    pub i2_pct: f64,
    /// Zero-sequence current unbalance, in %.
    pub i0_pct: f64,
    /// Power of each pair.
    pub pairs: Vec<PairPower>,
}

impl System {
    /// Goes through all values beside those of `other`.
    pub fn each(&mut self, other: &Self, f: &mut impl FnMut(Mean, &mut [f64], &[f64])) {
        for (a, b) in [
            (&mut self.u2_pct, &other.u2_pct),
            (&mut self.u0_pct, &other.u0_pct),
            (&mut self.i2_pct, &other.i2_pct),
            (&mut self.i0_pct, &other.i0_pct),
        ] {
            f(Mean::Quadratic, from_mut(a), from_ref(b));
        }
        self.pairs.resize(other.pairs.len(), PairPower::default());
        for (a, b) in self.pairs.iter_mut().zip(&other.pairs) {
            f(Mean::Arithmetic, from_mut(&mut a.p_w), from_ref(&b.p_w));
            f(Mean::Arithmetic, from_mut(&mut a.q1_var), from_ref(&b.q1_var));
            f(Mean::Arithmetic, from_mut(&mut a.s_va), from_ref(&b.s_va));
        }
    }

    /// Measures the system in a window of which every channel has been measured.
    pub fn measure(&mut self, plan: &Plan, channels: &[Measured]) {
        let ratios = |of: &[usize]| match of {
            &[a, b, c] => ratios_pct([a, b, c].map(|c| channels[c].spectrum.fundamental)),
            _ => (f64::NAN, f64::NAN),
        };
        (self.u2_pct, self.u0_pct) = ratios(&plan.system);
        if plan.wiring != Wiring::Wye {
            self.u0_pct = f64::NAN;
        }
        (self.i2_pct, self.i0_pct) = ratios(&plan.system_currents);
        self.pairs.clear();
        self.pairs.extend(plan.pairs.iter().map(|&(u, i)| {
            let (u, i) = (&channels[u], &channels[i]);
            // Q1 = U1·I1·sin(θu − θi): positive when the current lags (IEEE 1459, 3.1.2.4).
            let q1_var = (u.spectrum.fundamental * i.spectrum.fundamental.conj()).im;
            PairPower { p_w: u.p_w, q1_var, s_va: u.rms * i.rms }
        }));
    }
}

/// Measures `channel` in `span`.
pub fn measure(
    plan: &Plan,
    tracks: &[Track],
    span: &Span,
    channel: usize,
    scratch: &mut FftScratch,
    out: &mut Measured,
) {
    let c = &plan.channels[channel];
    let track = &tracks[channel];
    let length = span.stop - span.start;
    let mean = |a: usize, b: usize| {
        let integral =
            rms::product_integral(plan.level, &tracks[a].raw, &tracks[b].raw, span.start, span.stop);
        integral / length * plan.channels[a].scale * plan.channels[b].scale
    };
    let square = mean(channel, channel).max(0.0);
    out.rms = square.sqrt();
    (out.under_v, out.over_v) = (out.rms.min(c.info.udin_v), out.rms.max(c.info.udin_v));
    out.p_w = c.pair.map_or(f64::NAN, |i| mean(channel, i));
    out.line_line_rms_v = c
        .next_phase
        .map_or(f64::NAN, |next| (square - 2.0 * mean(channel, next) + mean(next, next)).max(0.0).sqrt());
    harmonics::measure(plan, track.mid(plan), span, c.scale, scratch, &mut out.spectrum);
}
