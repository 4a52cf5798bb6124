//! Collects results into the tables of an [`Analysis`].

use std::mem::take;
use std::sync::Arc;

use crate::capture::{Kind, TimeBase};
use crate::engine::analysis::{
    Aggregates, Analysis, Energies, Flags, Flicker, Frequency, Gap, HalfCycles, Measurements,
};
use crate::engine::plan::Plan;
use crate::engine::sink::{
    FlickerValue, FrequencyValue, HalfCycle, Interval, PInstValue, Period, Sink, Term,
};
use crate::engine::tables::Tables;
use crate::error::{Error, Result, Warning};
use crate::pq::events::Event;
use crate::pq::flicker::design::P_INST_RATE_HZ;
use crate::pq::power::demand::{Demand, DemandMeter, Load};
use crate::pq::power::energy::Energy;
use crate::pq::rvc::RapidChange;
use crate::pq::signalling::Burst;
use crate::pq::transients::Transient;

/// A sink that keeps everything until it is taken.
#[derive(Debug)]
pub struct Recorder {
    plan: Arc<Plan>,
    half_cycles: Vec<HalfCycles>,
    frequency: Frequency,
    flicker: Vec<Flicker>,
    events: Vec<Event>,
    rvc: Vec<RapidChange>,
    bursts: Vec<Burst>,
    transients: Vec<Transient>,
    gaps: Vec<Gap>,
    energy: Energies,
    meter: DemandMeter,
    demand: Vec<Demand>,
    basic: Tables,
    cycles_150: Tables,
    ten_minutes: Tables,
    two_hours: Tables,
}

impl Recorder {
    /// For results of an engine with this plan.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            half_cycles: vec![HalfCycles::default(); plan.channels.len()],
            frequency: Frequency::default(),
            flicker: vec![Flicker::default(); plan.channels.len()],
            events: Vec::new(),
            rvc: Vec::new(),
            bursts: Vec::new(),
            transients: Vec::new(),
            gaps: Vec::new(),
            energy: Energies { pairs: vec![Energy::default(); plan.pairs.len()], system: None },
            meter: plan.config.demand_meter(),
            demand: Vec::new(),
            basic: Tables::default(),
            cycles_150: Tables::default(),
            ten_minutes: Tables::default(),
            two_hours: Tables::default(),
            plan,
        }
    }

    /// The same, with room for what `samples` samples give.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when that is more than the system would ever give. Asked in time, it says so; later it ends the process.
    pub fn roomy(plan: Arc<Plan>, samples: u64) -> Result<Self> {
        let bytes = Self::bytes(&plan, samples);
        if Vec::<u8>::new().try_reserve_exact(bytes as usize).is_err() {
            let (gib, seconds) = (bytes / f64::from(1 << 30), plan.rate.seconds(samples as f64));
            return Err(Error::Unsupported {
                part: "analysis".into(),
                what: format!("holding all results of {seconds:.0} s, {gib:.0} GiB,"),
                hint: "take a part of the recording (--from and --to, Capture::between), or its tables as it goes by \
                       (-o FILE.parquet, engine::parts)"
                    .into(),
            });
        }
        let rows = Self::rows(&plan, samples);
        Ok(Self { basic: Tables::roomy(&plan, rows as usize), ..Self::new(plan) })
    }

    /// Basic intervals in so many samples, and some more.
    fn rows(plan: &Plan, samples: u64) -> f64 {
        samples as f64 / (2.0 * plan.half_period() * plan.config.cycles() as f64) * 1.02 + 8.0
    }

    /// Bytes that the results of so many samples take, about.
    pub fn bytes(plan: &Plan, samples: u64) -> f64 {
        let voltages = plan.channels.iter().filter(|c| c.info.kind == Kind::Voltage).count() as f64;
        let half_cycles =
            samples as f64 / plan.half_period() * (3 * size_of::<f64>() + size_of::<Flags>()) as f64;
        let p_inst = plan.rate.seconds(samples as f64)
            * P_INST_RATE_HZ
            * (size_of::<f32>() + size_of::<Flags>()) as f64;
        Self::rows(plan, samples) * Tables::row_bytes(plan) as f64 + voltages * (half_cycles + p_inst)
    }

    /// The tables since they were taken last, for a capture with this time base; energy is that since the begin.
    pub fn take(&mut self, time: TimeBase, warnings: Vec<Warning>) -> Analysis {
        let plan = &*self.plan;
        self.events.sort_by(Event::order);
        self.rvc.sort_by(|a, b| a.start_sample.total_cmp(&b.start_sample));
        self.transients.sort_by_key(|t| (t.start_sample, t.channel));
        let Measurements {
            intervals,
            harmonics,
            unbalance,
            power,
            system_power,
            deviation,
            signalling_v,
            supraharmonics,
        } = take(&mut self.basic).finish(plan);
        Analysis {
            config: plan.config.clone(),
            wiring: plan.wiring,
            channels: plan.channels.iter().map(|c| c.info.clone()).collect(),
            power_pairs: plan.pairs.clone(),
            half_cycles: self.half_cycles.iter_mut().map(take).collect(),
            intervals,
            harmonics,
            unbalance,
            power,
            system_power,
            energy: self.energy.clone(),
            demand: take(&mut self.demand),
            deviation,
            signalling_v,
            supraharmonics,
            aggregates: Aggregates {
                cycles_150: take(&mut self.cycles_150).finish(plan),
                ten_minutes: take(&mut self.ten_minutes).finish(plan),
                two_hours: take(&mut self.two_hours).finish(plan),
            },
            frequency: take(&mut self.frequency),
            flicker: self.flicker.iter_mut().map(take).collect(),
            events: take(&mut self.events),
            rvc: take(&mut self.rvc),
            bursts: take(&mut self.bursts),
            transients: take(&mut self.transients),
            dip_forms: Vec::new(),
            transient_forms: Vec::new(),
            gaps: take(&mut self.gaps),
            warnings,
            time,
        }
    }

    /// Energy and demand: what no interval before held.
    fn count(&mut self, v: &Interval<'_>) {
        let fresh = &v.system.fresh;
        for (energy, stretch) in self.energy.pairs.iter_mut().zip(&fresh.pairs) {
            energy.add(*stretch);
        }
        let Some(all) = fresh.system.filter(|s| s.duration_s > 0.0) else { return };
        self.energy.system.get_or_insert_default().add(all);
        let load = Load { p_w: all.active_j / all.duration_s, q1_var: all.q1_var, s_va: all.s_va };
        let start = v.stamp.plus_seconds(-all.duration_s);
        self.meter.add(start, v.stamp, load, &mut |d| self.demand.push(d));
    }
}

impl Sink for Recorder {
    fn half_cycle(&mut self, v: HalfCycle) {
        let t = &mut self.half_cycles[v.channel];
        t.start_sample.push(v.start_sample);
        t.stop_sample.push(v.stop_sample);
        t.u_rms_v.push(v.u_rms_v);
        t.flags.push(v.flags);
    }

    fn interval(&mut self, v: Interval<'_>) {
        let tables = match v.period {
            Period::Basic => &mut self.basic,
            Period::Cycles150 => &mut self.cycles_150,
            Period::TenMinutes => &mut self.ten_minutes,
            Period::TwoHours => &mut self.two_hours,
        };
        tables.push(&self.plan, &v);
        if v.period == Period::Basic {
            self.count(&v);
        }
    }

    fn frequency(&mut self, v: FrequencyValue) {
        let t = &mut self.frequency;
        t.start_sample.push(v.start_sample);
        t.stop_sample.push(v.stop_sample);
        t.hz.push(v.hz);
        t.flags.push(v.flags);
    }

    fn p_inst(&mut self, v: PInstValue) {
        let t = &mut self.flicker[v.channel].p_inst;
        t.sample.push(v.sample);
        t.p_inst.push(v.p_inst);
        t.flags.push(v.flags);
    }

    fn flicker(&mut self, v: FlickerValue) {
        let t = &mut self.flicker[v.channel];
        let t = match v.term {
            Term::Short => &mut t.pst,
            Term::Long => &mut t.plt,
        };
        t.start_sample.push(v.start_sample);
        t.stop_sample.push(v.stop_sample);
        t.severity.push(v.severity);
        t.flags.push(v.flags);
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn rapid_change(&mut self, change: RapidChange) {
        self.rvc.push(change);
    }

    fn burst(&mut self, burst: &Burst) {
        self.bursts.push(burst.clone());
    }

    fn transient(&mut self, transient: Transient) {
        self.transients.push(transient);
    }

    fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }
}
