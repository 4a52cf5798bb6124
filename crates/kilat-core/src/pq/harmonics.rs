//! Harmonics and interharmonics of one window (IEC 61000-4-7, 5.5 and 5.6).
//!
//! With Y(k) the r.m.s. of bin k and N bins from one order to the next (10 or 12, the cycles of the window):
//! * subgroup² = Y(hN−1)² + Y(hN)² + Y(hN+1)²
//! * group² = ½Y(hN−N/2)² + Σ Y(hN−N/2+1 … hN+N/2−1)² + ½Y(hN+N/2)²
//! * interharmonic centred subgroup² = Σ Y(hN+2 … hN+N−2)², interharmonic group² = Σ Y(hN+1 … hN+N−1)²
//! * THD = √`Σ(Y_h)²` / `Y_1`, from order 2 to `thd_orders`, with the grouping in its name

use std::slice::{from_mut, from_ref};

use realfft::num_complex::Complex64;

use crate::dsp::fft::FftScratch;
use crate::engine::history::History;
use crate::engine::measured::Mean;
use crate::engine::plan::{POINTS, Plan};
use crate::engine::timeline::Span;

/// Orders 0 to 50.
pub const ORDERS: usize = 51;

/// Harmonics of one channel in one window, in volts or amperes r.m.s.; NaN beyond the orders the rate supports.
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// Phasors of the harmonic components: r.m.s., phases of cosines at the start of the window; order 0 is d.c., and real.
    pub component: [Complex64; ORDERS],
    /// Harmonic subgroups; order 0 is the d.c. component.
    pub subgroup: [f64; ORDERS],
    /// Harmonic groups; order 0 is the d.c. component.
    pub group: [f64; ORDERS],
    /// Interharmonic centred subgroups between order h and h+1.
    pub interharmonic_subgroup: [f64; ORDERS],
    /// Interharmonic groups between order h and h+1.
    pub interharmonic_group: [f64; ORDERS],
    /// Phases of the harmonic components, in radians.
    pub phase_rad: [f64; ORDERS],
    /// THD of the subgroups, in %.
    pub thd_subgroup_pct: f64,
    /// THD of the groups, in %.
    pub thd_group_pct: f64,
}

impl Default for Spectrum {
    fn default() -> Self {
        let none = [f64::NAN; ORDERS];
        Self {
            component: [Complex64::new(f64::NAN, f64::NAN); ORDERS],
            subgroup: none,
            group: none,
            interharmonic_subgroup: none,
            interharmonic_group: none,
            phase_rad: none,
            thd_subgroup_pct: f64::NAN,
            thd_group_pct: f64::NAN,
        }
    }
}

impl Spectrum {
    /// Phasor of the fundamental.
    pub fn fundamental(&self) -> Complex64 {
        self.component[1]
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
            (&mut self.thd_subgroup_pct, &other.thd_subgroup_pct),
            (&mut self.thd_group_pct, &other.thd_group_pct),
        ] {
            f(Mean::Quadratic, from_mut(a), from_ref(b));
        }
    }
}

/// Measures `span` of the stream `mid` into `out`; `scale` is volts or amperes per code.
pub fn measure(
    plan: &Plan,
    mid: &History,
    span: &Span,
    scale: f64,
    scratch: &mut FftScratch,
    out: &mut Spectrum,
) {
    let per_mid = plan.mid_factor() as f64;
    let (start, step) = (span.start / per_mid, (span.stop - span.start) / per_mid / POINTS as f64);
    plan.resampler.run(plan.level, mid, start, step, &mut scratch.input);
    plan.fft.run(scratch);
    let n = usize::from(span.cycles);
    let full = n == plan.config.cycles();
    let bin = |k: usize| Complex64::new(f64::from(scratch.bins[k].re), f64::from(scratch.bins[k].im));
    let unit = scale.abs() / POINTS as f64;
    let square = |k: usize| bin(k).norm_sqr() * if k == 0 { unit * unit } else { 2.0 * unit * unit };
    let sum = |from: usize, to: usize| (from..=to).map(square).sum::<f64>();
    *out = Spectrum::default();
    for h in 0..=plan.orders {
        let centre = h * n;
        let rms = if h == 0 { 1.0 } else { 2.0f64.sqrt() };
        out.component[h] = bin(centre) * (rms / POINTS as f64 * scale);
        out.phase_rad[h] = out.component[h].arg();
        let component = square(centre);
        let (sub, group) = if h == 0 || !full {
            (component, component)
        } else {
            let edges = f64::midpoint(square(centre - n / 2), square(centre + n / 2));
            (sum(centre - 1, centre + 1), edges + sum(centre - n / 2 + 1, centre + n / 2 - 1))
        };
        out.subgroup[h] = sub.sqrt();
        out.group[h] = group.sqrt();
        if full && h < plan.orders {
            out.interharmonic_subgroup[h] = sum(centre + 2, centre + n - 2).sqrt();
            out.interharmonic_group[h] = sum(centre + 1, centre + n - 1).sqrt();
        }
    }
    out.thd_subgroup_pct = thd_pct(&out.subgroup, plan.config.thd_orders.min(plan.orders));
    out.thd_group_pct = thd_pct(&out.group, plan.config.thd_orders.min(plan.orders));
}

fn thd_pct(values: &[f64; ORDERS], highest: usize) -> f64 {
    let sum: f64 = values.get(2..=highest).unwrap_or_default().iter().map(|y| y * y).sum();
    100.0 * sum.sqrt() / values[1]
}
