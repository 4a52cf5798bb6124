//! Builds the tables of one length of intervals, row by row.

use ndarray::{Array, Array2, Array3, ArrayView, Axis, RemoveAxis};

use crate::capture::Kind;
use crate::config::Wiring;
use crate::engine::analysis::{Deviation, Harmonics, Intervals, Measurements, Supraharmonics, Unbalance};
use crate::engine::plan::Plan;
use crate::engine::sink::Interval;
use crate::pq::harmonics::ORDERS;
use crate::pq::power::phase::{PhaseColumns, PhasePower};
use crate::pq::power::system::{SystemColumns, SystemPower};

/// Tables on their way: columns without their shape.
#[derive(Debug, Default)]
pub struct Tables {
    intervals: Intervals,
    unbalance: Unbalance,
    rms: Vec<f64>,
    deviation: [Vec<f64>; 2],
    line_line: Vec<f64>,
    power: PhaseColumns<Vec<f64>>,
    system_power: SystemColumns<Vec<f64>>,
    spectra: [Vec<f32>; 5],
    distortion: [Vec<f64>; 5],
    signalling: Vec<f64>,
    low: Vec<f64>,
    high: [Vec<f64>; 3],
}

/// Most rows that room is made for at the start.
const ROWS: usize = 1 << 16;

impl Tables {
    /// With room for the spectra of so many rows, which are nearly all of a table, if there is so much memory; more rows make more
    /// room as they come.
    pub fn roomy(plan: &Plan, rows: usize) -> Self {
        let mut new = Self::default();
        for all in &mut new.spectra {
            // A failure means nothing here: whoever adds a row asks again.
            let _ = all.try_reserve_exact(rows.min(ROWS) * plan.channels.len() * ORDERS);
        }
        new
    }

    /// Bytes of a row, about.
    pub fn row_bytes(plan: &Plan) -> usize {
        let emission = plan.supraharmonics.as_ref().map_or(0, |p| p.bands() + 3 * p.bins());
        let numbers = 8 + plan.config.signalling.len() + emission;
        let of_channel = 5 * ORDERS * size_of::<f32>() + numbers * size_of::<f64>();
        let of_system = size_of::<SystemPower>() + 20 * size_of::<f64>();
        plan.channels.len() * of_channel + plan.pairs.len() * size_of::<PhasePower>() + of_system
    }

    /// Adds a row.
    pub fn push(&mut self, plan: &Plan, v: &Interval<'_>) {
        let t = &mut self.intervals;
        t.start_sample.push(v.start_sample);
        t.stop_sample.push(v.stop_sample);
        t.stamp.push(v.stamp);
        t.cycles.push(v.cycles);
        t.basics.push(v.basics);
        t.covered_s.push(v.covered_s);
        t.frequency_hz.push(v.frequency_hz);
        t.flags.push(v.flags);
        for (c, info) in v.channels.iter().zip(plan.channels.iter().map(|c| &c.info)) {
            self.rms.push(c.rms);
            let udin_v = if info.kind == Kind::Voltage { info.udin_v } else { f64::NAN };
            self.deviation[0].push((udin_v - c.under_v) / udin_v * 100.0);
            self.deviation[1].push((c.over_v - udin_v) / udin_v * 100.0);
            let s = &c.spectrum;
            let columns =
                [&s.subgroup, &s.group, &s.interharmonic_subgroup, &s.interharmonic_group, &s.phase_rad];
            for (all, one) in self.spectra.iter_mut().zip(columns) {
                // Rounded already: nothing is lost here.
                all.extend(one.iter().map(|v| *v as f32));
            }
            let indices = [
                s.thd_harmonic_pct,
                s.thd_subgroup_pct,
                s.thd_group_pct,
                s.tihd_subgroup_pct,
                s.pwhd_group_pct,
            ];
            for (all, one) in self.distortion.iter_mut().zip(indices) {
                all.push(one);
            }
            let tones = (0..plan.config.signalling.len()).map(|t| c.signalling_v.get(t));
            self.signalling.extend(tones.map(|v| v.copied().unwrap_or(f64::NAN)));
            if let (Some(e), Some(p)) = (&c.emission, &plan.supraharmonics) {
                self.low.extend_from_slice(&e.low[..p.bands()]);
                for (all, one) in self.high.iter_mut().zip([&e.high_min, &e.high_mean, &e.high_max]) {
                    all.extend_from_slice(&one[..p.bins()]);
                }
            }
        }
        for p in &v.system.pairs {
            self.power.push(p);
        }
        if let Some(p) = &v.system.power {
            self.system_power.push(p);
        }
        if plan.system.len() == 3 {
            self.unbalance.u2_pct.push(v.system.u2_pct);
            self.unbalance.u0_pct.push(v.system.u0_pct);
        }
        if plan.system_currents.len() == 3 {
            self.unbalance.i2_pct.push(v.system.i2_pct);
            self.unbalance.i0_pct.push(v.system.i0_pct);
        }
        if plan.wiring == Wiring::Wye {
            self.line_line.extend(v.system.line_line_rms_v);
            t.residual_voltage_v.push(v.system.residual_voltage_v);
        }
        if plan.has_neutral_current() {
            t.neutral_current_a.push(v.system.neutral_current_a);
        }
    }

    /// The tables.
    pub fn finish(mut self, plan: &Plan) -> Measurements {
        let (rows, channels) = (self.intervals.start_sample.len(), plan.channels.len());
        let [subgroup, group, interharmonic_subgroup, interharmonic_group, phase_rad] =
            self.spectra.map(|v| cube((rows, channels, ORDERS), v));
        let [thd_harmonic_pct, thd_subgroup_pct, thd_group_pct, tihd_subgroup_pct, pwhd_group_pct] =
            self.distortion.map(|v| table(rows, channels, v));
        let measured = plan.supraharmonics.as_ref().filter(|p| p.bands() + p.bins() > 0);
        let supraharmonics = measured.map(|p| {
            let [high_min, high_mean, high_max] = self.high.map(|v| cube((rows, channels, p.bins()), v));
            let low = cube((rows, channels, p.bands()), self.low);
            Supraharmonics { low_hz: p.low_hz(), low, high_hz: p.high_hz(), high_min, high_mean, high_max }
        });
        let [under_pct, over_pct] = self.deviation.map(|v| table(rows, channels, v));
        self.intervals.rms = table(rows, channels, self.rms);
        let pairs = if plan.wiring == Wiring::Wye { 3 } else { 0 };
        self.intervals.line_line_rms_v = table(rows, pairs, self.line_line);
        Measurements {
            intervals: self.intervals,
            harmonics: Harmonics {
                subgroup,
                group,
                interharmonic_subgroup,
                interharmonic_group,
                phase_rad,
                thd_harmonic_pct,
                thd_subgroup_pct,
                thd_group_pct,
                tihd_subgroup_pct,
                pwhd_group_pct,
            },
            unbalance: self.unbalance,
            power: self.power.map(|v| table(rows, plan.pairs.len(), v)),
            system_power: self.system_power,
            deviation: Deviation { under_pct, over_pct },
            signalling_v: cube((rows, channels, plan.config.signalling.len()), self.signalling),
            supraharmonics,
        }
    }
}

/// Rows are pushed whole, so the lengths always fit; an empty table is what is left if they ever did not.
fn table(rows: usize, columns: usize, values: Vec<f64>) -> Array2<f64> {
    Array2::from_shape_vec((rows, columns), values).unwrap_or_default()
}

fn cube<T: Default>(shape: (usize, usize, usize), values: Vec<T>) -> Array3<T> {
    Array3::from_shape_vec(shape, values).unwrap_or_default()
}

/// Adds rows to those there are, of the same columns.
pub fn add_rows<T: Clone, D: RemoveAxis>(all: &mut Array<T, D>, more: ArrayView<'_, T, D>) {
    if all.len_of(Axis(0)) == 0 {
        *all = more.to_owned();
    } else {
        let fits = all.append(Axis(0), more).is_ok();
        debug_assert!(fits, "tables of one plan have the same columns");
    }
}
