//! Collects results into the tables of an [`Analysis`].

use ndarray::{Array2, Array3};

use crate::capture::TimeBase;
use crate::config::Wiring;
use crate::engine::analysis::{Analysis, Frequency, Gap, HalfCycles, Harmonics, Intervals, Power, Unbalance};
use crate::engine::plan::Plan;
use crate::engine::sink::{FrequencyValue, HalfCycle, Interval, Sink};
use crate::error::Warning;
use crate::pq::events::Event;
use crate::pq::harmonics::ORDERS;
use crate::pq::transients::Transient;
use crate::pq::unbalance::ratios_pct;

/// A sink that keeps everything.
#[derive(Debug)]
pub struct Recorder<'p> {
    plan: &'p Plan,
    half_cycles: Vec<HalfCycles>,
    frequency: Frequency,
    events: Vec<Event>,
    transients: Vec<Transient>,
    gaps: Vec<Gap>,
    intervals: Intervals,
    unbalance: Unbalance,
    rms: Vec<f64>,
    line_line: Vec<f64>,
    spectra: [Vec<f64>; 5],
    thd: [Vec<f64>; 2],
    power: [Vec<f64>; 4],
}

impl<'p> Recorder<'p> {
    /// For results of an engine with this plan.
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            half_cycles: vec![HalfCycles::default(); plan.channels.len()],
            frequency: Frequency::default(),
            events: Vec::new(),
            transients: Vec::new(),
            gaps: Vec::new(),
            intervals: Intervals::default(),
            unbalance: Unbalance::default(),
            rms: Vec::new(),
            line_line: Vec::new(),
            spectra: Default::default(),
            thd: Default::default(),
            power: Default::default(),
        }
    }

    /// The tables, for a capture with this time base.
    pub fn into_analysis(mut self, time: TimeBase, warnings: Vec<Warning>) -> Analysis {
        let plan = self.plan;
        let (rows, channels) = (self.intervals.start_sample.len(), plan.channels.len());
        self.events.sort_by(|a, b| {
            a.start_sample.total_cmp(&b.start_sample).then(a.channels.len().cmp(&b.channels.len()))
        });
        self.transients.sort_by_key(|t| (t.start_sample, t.channel));
        let [subgroup, group, interharmonic_subgroup, interharmonic_group, phase_rad] =
            self.spectra.map(|v| cube(rows, channels, v));
        let [thd_subgroup_pct, thd_group_pct] = self.thd.map(|v| table(rows, channels, v));
        let [p_w, q1_var, s_va, pf] = self.power.map(|v| table(rows, plan.pairs.len(), v));
        self.intervals.rms = table(rows, channels, self.rms);
        let pairs = if plan.wiring == Wiring::Wye { 3 } else { 0 };
        self.intervals.line_line_rms_v = table(rows, pairs, self.line_line);
        Analysis {
            config: plan.config.clone(),
            wiring: plan.wiring,
            channels: plan.channels.iter().map(|c| c.info.clone()).collect(),
            power_pairs: plan.pairs.clone(),
            half_cycles: self.half_cycles,
            intervals: self.intervals,
            harmonics: Harmonics {
                subgroup,
                group,
                interharmonic_subgroup,
                interharmonic_group,
                phase_rad,
                thd_subgroup_pct,
                thd_group_pct,
            },
            unbalance: self.unbalance,
            power: Power { p_w, q1_var, s_va, pf },
            frequency: self.frequency,
            events: self.events,
            transients: self.transients,
            gaps: self.gaps,
            warnings,
            time,
        }
    }
}

impl Sink for Recorder<'_> {
    fn half_cycle(&mut self, v: HalfCycle) {
        let t = &mut self.half_cycles[v.channel];
        t.start_sample.push(v.start_sample);
        t.stop_sample.push(v.stop_sample);
        t.u_rms_v.push(v.u_rms_v);
        t.flags.push(v.flags);
    }

    fn interval(&mut self, v: Interval<'_>) {
        let t = &mut self.intervals;
        t.start_sample.push(v.start_sample);
        t.stop_sample.push(v.stop_sample);
        t.cycles.push(v.cycles);
        t.frequency_hz.push(v.frequency_hz);
        t.flags.push(v.flags);
        for c in v.channels {
            self.rms.push(c.rms);
            let s = &c.spectrum;
            let columns =
                [&s.subgroup, &s.group, &s.interharmonic_subgroup, &s.interharmonic_group, &s.phase_rad];
            for (all, one) in self.spectra.iter_mut().zip(columns) {
                all.extend_from_slice(one);
            }
            self.thd[0].push(s.thd_subgroup_pct);
            self.thd[1].push(s.thd_group_pct);
        }
        for &(u, i) in &self.plan.pairs {
            let (uc, ic) = (&v.channels[u], &v.channels[i]);
            // Q1 = U1·I1·sin(θu − θi): positive when the current lags (IEEE 1459, 3.1.2.4).
            let q1 = (uc.spectrum.fundamental * ic.spectrum.fundamental.conj()).im;
            let s = uc.rms * ic.rms;
            for (all, one) in self.power.iter_mut().zip([uc.p_w, q1, s, uc.p_w / s]) {
                all.push(one);
            }
        }
        let phasors = |of: &[usize]| match of {
            &[a, b, c] => Some([a, b, c].map(|c| v.channels[c].spectrum.fundamental)),
            _ => None,
        };
        if let Some(p) = phasors(&self.plan.system) {
            let (u2, u0) = ratios_pct(p);
            self.unbalance.u2_pct.push(u2);
            self.unbalance.u0_pct.push(if self.plan.wiring == Wiring::Wye { u0 } else { f64::NAN });
        }
        if let Some(p) = phasors(&self.plan.system_currents) {
            let (i2, i0) = ratios_pct(p);
            self.unbalance.i2_pct.push(i2);
            self.unbalance.i0_pct.push(i0);
        }
        if self.plan.wiring == Wiring::Wye {
            self.line_line.extend(self.plan.system.iter().map(|c| v.channels[*c].line_line_rms_v));
        }
    }

    fn frequency(&mut self, v: FrequencyValue) {
        let t = &mut self.frequency;
        t.start_sample.push(v.start_sample);
        t.stop_sample.push(v.stop_sample);
        t.hz.push(v.hz);
        t.flags.push(v.flags);
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn transient(&mut self, transient: Transient) {
        self.transients.push(transient);
    }

    fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }
}

/// Rows are pushed whole, so the lengths always fit; an empty table is what is left if they ever did not.
fn table(rows: usize, columns: usize, values: Vec<f64>) -> Array2<f64> {
    Array2::from_shape_vec((rows, columns), values).unwrap_or_default()
}

fn cube(rows: usize, channels: usize, values: Vec<f64>) -> Array3<f64> {
    Array3::from_shape_vec((rows, channels, ORDERS), values).unwrap_or_default()
}
