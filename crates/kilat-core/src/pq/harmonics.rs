//! Harmonics and interharmonics of one window (IEC 61000-4-7, 5.5 and 5.6).
//!
//! With Y(k) the r.m.s. of bin k and N bins from one order to the next (10 or 12, the cycles of the window):
//! * subgroup² = Y(hN−1)² + Y(hN)² + Y(hN+1)²
//! * group² = ½Y(hN−N/2)² + Σ Y(hN−N/2+1 … hN+N/2−1)² + ½Y(hN+N/2)²
//! * interharmonic centred subgroup² = Σ Y(hN+2 … hN+N−2)², interharmonic group² = Σ Y(hN+1 … hN+N−1)²
//! * THD = √`Σ(Y_h)²` / `Y_1`, from order 2 to `thd_orders`, with the grouping in its name: `harmonic` (components), `subgroup`,
//!   `group`; TIHD the same of the interharmonic centred subgroups from order 1 on, over the fundamental subgroup
//! * PWHD = √Σ h·(`Y_g,h`/`Y_g,1`)², from order 14 to 40

use std::f64::consts::SQRT_2;
use std::ops::RangeInclusive;
use std::slice::{from_mut, from_ref};

use realfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::dsp::fft::LowBinsScratch;
use crate::engine::history::History;
use crate::engine::measured::Mean;
use crate::engine::plan::Plan;
use crate::engine::state::wide;
use crate::engine::timeline::Span;

/// Orders 0 to 50.
pub const ORDERS: usize = 51;
/// Bins up to the upper edge of the highest group of 12 cycles.
const MOST_BINS: usize = (ORDERS - 1) * 12 + 7;

/// Harmonics of one channel in one window, in volts or amperes r.m.s.; NaN beyond the orders the rate supports. What has an order
/// is [rounded](Self::round), but for the phasors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spectrum {
    /// Phasors of the harmonic components: r.m.s., phases of cosines at the start of the window; order 0 is d.c., and real.
    #[serde(skip, default = "no_phasors")]
    pub component: [Complex64; ORDERS],
    /// Harmonic subgroups; order 0 is the d.c. component.
    #[serde(with = "wide")]
    pub subgroup: [f64; ORDERS],
    /// Harmonic groups; order 0 is the d.c. component.
    #[serde(with = "wide")]
    pub group: [f64; ORDERS],
    /// Interharmonic centred subgroups between order h and h+1.
    #[serde(with = "wide")]
    pub interharmonic_subgroup: [f64; ORDERS],
    /// Interharmonic groups between order h and h+1.
    #[serde(with = "wide")]
    pub interharmonic_group: [f64; ORDERS],
    /// Phases of the harmonic components, in radians.
    #[serde(with = "wide")]
    pub phase_rad: [f64; ORDERS],
    /// THD of the harmonic components, in %.
    pub thd_harmonic_pct: f64,
    /// THD of the subgroups, in %.
    pub thd_subgroup_pct: f64,
    /// THD of the groups, in %.
    pub thd_group_pct: f64,
    /// Total interharmonic distortion of the centred subgroups, in %.
    pub tihd_subgroup_pct: f64,
    /// Partial weighted harmonic distortion of the groups, in %; NaN without order 40.
    pub pwhd_group_pct: f64,
}

impl Default for Spectrum {
    fn default() -> Self {
        let none = [f64::NAN; ORDERS];
        Self {
            component: no_phasors(),
            subgroup: none,
            group: none,
            interharmonic_subgroup: none,
            interharmonic_group: none,
            phase_rad: none,
            thd_harmonic_pct: f64::NAN,
            thd_subgroup_pct: f64::NAN,
            thd_group_pct: f64::NAN,
            tihd_subgroup_pct: f64::NAN,
            pwhd_group_pct: f64::NAN,
        }
    }
}

/// Phasors are of one window: they do not aggregate, and no checkpoint needs them.
fn no_phasors() -> [Complex64; ORDERS] {
    [Complex64::new(f64::NAN, f64::NAN); ORDERS]
}

impl Spectrum {
    /// Phasor of the fundamental.
    pub fn fundamental(&self) -> Complex64 {
        self.component[1]
    }

    /// Rounds groups, subgroups and phases to single precision, in which tables keep them: so that a stream, which gives them
    /// out as they are, gives the very same. 24 bits are a relative 6e-8; beyond 3.4e38 there is only infinity. Indices have been
    /// made of the values before.
    pub fn round(&mut self) {
        let Self { subgroup, group, interharmonic_subgroup, interharmonic_group, phase_rad, .. } = self;
        for values in [subgroup, group, interharmonic_subgroup, interharmonic_group, phase_rad] {
            for v in values {
                *v = f64::from(*v as f32);
            }
        }
    }

    /// Goes through all values beside those of `other`, for aggregation. Phasors do not aggregate.
    pub fn each(&mut self, other: &Self, f: &mut impl FnMut(Mean, &mut [f64], &[f64])) {
        for (a, b) in [
            (&mut self.subgroup, &other.subgroup),
            (&mut self.group, &other.group),
            (&mut self.interharmonic_subgroup, &other.interharmonic_subgroup),
            (&mut self.interharmonic_group, &other.interharmonic_group),
        ] {
            f(Mean::Quadratic, a, b);
        }
        f(Mean::None, &mut self.phase_rad, &other.phase_rad);
        for (a, b) in [
            (&mut self.thd_harmonic_pct, &other.thd_harmonic_pct),
            (&mut self.thd_subgroup_pct, &other.thd_subgroup_pct),
            (&mut self.thd_group_pct, &other.thd_group_pct),
            (&mut self.tihd_subgroup_pct, &other.tihd_subgroup_pct),
            (&mut self.pwhd_group_pct, &other.pwhd_group_pct),
        ] {
            f(Mean::Quadratic, from_mut(a), from_ref(b));
        }
    }
}

/// Brings `span` of some channels onto the points of the transform; `mid` gives their streams.
pub fn resample<'h>(plan: &Plan, span: &Span, mid: impl Fn(usize) -> &'h History, out: &mut [Vec<f32>]) {
    let per_mid = plan.mid_factor() as f64;
    let (start, step) = (span.start / per_mid, (span.stop - span.start) / per_mid / plan.fft.points() as f64);
    plan.resampler.run(plan.level, (start, step), mid, out);
}

/// Measures `span` of a channel whose [resampled](resample) points are the input of `scratch` into `out`; `scale` is volts or
/// amperes per code.
pub fn measure(plan: &Plan, span: &Span, scale: f64, scratch: &mut LowBinsScratch, out: &mut Spectrum) {
    plan.fft.run(plan.level, scratch);
    let n = usize::from(span.cycles);
    let full = n == plan.config.cycles();
    *out = Spectrum::default();
    let (mut re, mut im) = ([0.0; ORDERS], [0.0; ORDERS]);
    for h in 0..=plan.orders {
        let unit = if h == 0 { 1.0 } else { SQRT_2 } / plan.fft.points() as f64 * scale;
        (re[h], im[h]) = (f64::from(scratch.re[h * n]) * unit, f64::from(scratch.im[h * n]) * unit);
        out.component[h] = Complex64::new(re[h], im[h]);
    }
    let orders = ..=plan.orders;
    plan.level.angles(&re[orders], &im[orders], &mut out.phase_rad[orders]);
    let mut component = out.component.map(|c| c.norm_sqr());
    if full {
        group(plan, scratch, scale, out);
    } else {
        out.subgroup[orders].copy_from_slice(&component[orders]);
        out.group[orders].copy_from_slice(&component[orders]);
    }
    for squares in [&mut component, &mut out.subgroup, &mut out.group] {
        plan.level.roots(&mut squares[orders]);
    }
    for squares in [&mut out.interharmonic_subgroup, &mut out.interharmonic_group] {
        plan.level.roots(&mut squares[..plan.orders]);
    }
    let highest = plan.config.thd_orders.min(plan.orders);
    out.thd_harmonic_pct = ratio_pct(&component, 2..=highest, component[1]);
    out.thd_subgroup_pct = ratio_pct(&out.subgroup, 2..=highest, out.subgroup[1]);
    out.thd_group_pct = ratio_pct(&out.group, 2..=highest, out.group[1]);
    if full {
        let below = highest.saturating_sub(1);
        out.tihd_subgroup_pct = ratio_pct(&out.interharmonic_subgroup, 1..=below, out.subgroup[1]);
    }
    if plan.orders >= *PARTIAL.end() {
        let sum: f64 = PARTIAL.map(|h| h as f64 * out.group[h].powi(2)).sum();
        out.pwhd_group_pct = 100.0 * sum.sqrt() / out.group[1];
    }
    out.round();
}

/// Mean squares of groups and subgroups of a window of the usual number of cycles.
fn group(plan: &Plan, scratch: &LowBinsScratch, scale: f64, out: &mut Spectrum) {
    let n = plan.config.cycles();
    let mut squares = [0.0; MOST_BINS];
    let bins = plan.orders * n + n / 2 + 1;
    plan.level.squares(
        &scratch.re[..bins],
        &scratch.im[..bins],
        2.0 * unit_square(scratch, scale),
        &mut squares,
    );
    squares[0] /= 2.0;
    (out.subgroup[0], out.group[0]) = (squares[0], squares[0]);
    // The bins from one order to the next: the one beside it, those up to the middle, the middle, those behind, the one before the next.
    let [mut middle_below, mut behind_below, mut last_below] = [0.0; 3];
    for (h, bins) in squares[..bins].chunks(n).enumerate() {
        let up_to_middle: f64 = bins[2..n / 2].iter().sum();
        let middle = bins[n / 2];
        if h > 0 {
            out.subgroup[h] = last_below + bins[0] + bins[1];
            let inner = behind_below + out.subgroup[h] + up_to_middle;
            out.group[h] = f64::midpoint(middle_below, middle) + inner;
        }
        if let Some(behind) = bins.get(n / 2 + 1..n - 1) {
            (middle_below, behind_below, last_below) = (middle, behind.iter().sum(), bins[n - 1]);
            out.interharmonic_subgroup[h] = up_to_middle + middle + behind_below;
            out.interharmonic_group[h] = bins[1] + out.interharmonic_subgroup[h] + last_below;
        }
    }
}

/// Orders that count into the partial weighted distortion.
const PARTIAL: RangeInclusive<usize> = 14..=40;

/// Mean square of bin `k` of the window transformed last, in V² or A²; `scale` is volts or amperes per code.
pub fn bin_square(scratch: &LowBinsScratch, scale: f64, k: usize) -> f64 {
    let square = f64::from(scratch.re[k]).powi(2) + f64::from(scratch.im[k]).powi(2);
    square * unit_square(scratch, scale) * if k == 0 { 1.0 } else { 2.0 }
}

/// Square of the unit of a bin.
fn unit_square(scratch: &LowBinsScratch, scale: f64) -> f64 {
    (scale / scratch.input.len() as f64).powi(2)
}

/// Root of the sum of squares of some orders over a fundamental, in %.
fn ratio_pct(values: &[f64; ORDERS], orders: RangeInclusive<usize>, fundamental: f64) -> f64 {
    let sum: f64 = values.get(orders).unwrap_or_default().iter().map(|y| y * y).sum();
    100.0 * sum.sqrt() / fundamental
}

/// The 1.5-s smoothing of emission tests (IEC 61000-4-7, 5.5.1): a first-order filter over consecutive basic intervals,
/// zₙ = (yₙ + β·zₙ₋₁)/α, on values as they come. It begins settled.
///
/// ```
/// # use kilat_core::pq::harmonics::Smoothing;
/// let mut smoothing = Smoothing::default();
/// assert_eq!(smoothing.next(&[1.0, 0.0]), [1.0, 0.0]);
/// assert!((smoothing.next(&[2.0, 0.0])[0] - (2.0 + 7.012) / 8.012).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Smoothing {
    values: Vec<f64>,
}

impl Smoothing {
    const ALPHA: f64 = 8.012;
    const BETA: f64 = 7.012;

    /// Takes the values of the next interval, of any number of orders and channels, and gives the smoothed ones.
    pub fn next(&mut self, values: &[f64]) -> &[f64] {
        if self.values.len() != values.len() {
            self.values = values.to_vec();
            return &self.values;
        }
        for (z, y) in self.values.iter_mut().zip(values) {
            *z = (y + Self::BETA * *z) / Self::ALPHA;
        }
        &self.values
    }

    /// Forgets: after a gap the next interval begins anew.
    pub fn restart(&mut self) {
        self.values.clear();
    }
}
