//! The tables of an analysis as dictionaries of NumPy arrays; `kilat/analysis.py` gives them their face.

use std::path::{Path, PathBuf};

use kilat::diagnosis::recurrence::{Occurrence, distance, group, occurrences};
use kilat::diagnosis::{Answers, Cause, Damage, diagnose, findings};
use kilat::engine::analysis::{SeverityTable, Supraharmonics};
use kilat::engine::sink::Period;
use kilat::limits::{Site, Standard};
use kilat::output::{self, measured, period_name, period_named};
use kilat::pq::dips::{DipClass, DipForm, Shape, Side};
use kilat::report::{Lang, Options, html, sha256};
use kilat::{Analysis, Capture, Flags, Timestamp, Warning};
use numpy::IntoPyArray;
use numpy::ndarray::{Array3, ArrayView, ArrayView1, ArrayView3, Dimension, s};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{dates, moments, times, view};
use crate::config::Config;
use crate::error::to_py;
use crate::limits;

/// Tables of one analysis, each a dict of arrays by column; large arrays are views, and read-only.
#[pyclass(frozen, module = "kilat._kilat")]
pub struct Results {
    /// What was found.
    pub analysis: Analysis,
    /// Settings that were not given.
    pub assumed: Vec<Warning>,
    /// What was analysed; it shares its samples with the Python object.
    pub capture: Capture,
}

/// What happened more than once in these analyses: a dict of arrays, a row for each time.
#[pyfunction]
pub fn recurrences<'py>(py: Python<'py>, analyses: Vec<PyRef<'py, Results>>) -> PyResult<Bound<'py, PyDict>> {
    let mut all = Vec::new();
    for (k, r) in analyses.iter().enumerate() {
        let mut own = occurrences(&r.capture, &r.analysis, &findings(&r.analysis));
        if r.capture.source.is_empty() {
            // Arrays have no name: their place tells them apart.
            for o in &mut own {
                o.file = format!("[{k}]");
            }
        }
        all.extend(own);
    }
    let groups = group(&all);
    let words = output::recurrences(&all);
    let rows = || groups.iter().enumerate().flat_map(|(k, g)| g.times.iter().map(move |o| (k, *o)));
    let dict = PyDict::new(py);
    let number =
        |pick: fn(&Occurrence) -> f64| rows().map(|(_, o)| pick(o)).collect::<Vec<_>>().into_pyarray(py);
    let text = |pick: fn(&Occurrence) -> &str| rows().map(|(_, o)| pick(o).to_owned()).collect::<Vec<_>>();
    let numbers = rows().map(|(k, _)| k as u32).collect::<Vec<_>>();
    let times = rows().map(|(k, _)| groups[k].times.len() as u32).collect::<Vec<_>>();
    dict.set_item("group", numbers.into_pyarray(py))?;
    dict.set_item("times", times.into_pyarray(py))?;
    dict.set_item("kind", text(|o| o.fingerprint.kind.id()))?;
    dict.set_item("start", dates(py, rows().map(|(_, o)| o.start)))?;
    dict.set_item("start_s", number(|o| o.start_s))?;
    dict.set_item("file", text(|o| &o.file))?;
    dict.set_item("site", text(|o| &o.site))?;
    dict.set_item("channels", rows().map(|(_, o)| o.channels.clone()).collect::<Vec<_>>())?;
    dict.set_item("cause", rows().map(|(_, o)| o.cause.map(Cause::id)).collect::<Vec<_>>())?;
    dict.set_item("change_pu", number(|o| o.fingerprint.largest_pu()))?;
    dict.set_item("duration_s", number(|o| o.fingerprint.duration_s.unwrap_or(f64::NAN)))?;
    dict.set_item("frequency_hz", number(|o| o.fingerprint.frequency_hz.unwrap_or(f64::NAN)))?;
    dict.set_item("active_step_w", number(|o| o.fingerprint.active_step_w.unwrap_or(f64::NAN)))?;
    dict.set_item("reactive_step_var", number(|o| o.fingerprint.reactive_step_var.unwrap_or(f64::NAN)))?;
    let apart = |(k, o): (usize, &Occurrence)| distance(&groups[k].times[0].fingerprint, &o.fingerprint);
    dict.set_item("distance", rows().map(apart).collect::<Vec<_>>().into_pyarray(py))?;
    dict.set_item("text", rows().map(|(k, _)| words[k].text.clone()).collect::<Vec<_>>())?;
    Ok(dict)
}

/// A dict under construction.
pub struct Columns<'a, 'py> {
    results: &'a Bound<'py, Results>,
    pub dict: Bound<'py, PyDict>,
}

impl<'a, 'py> Columns<'a, 'py> {
    pub fn new(results: &'a Bound<'py, Results>) -> Self {
        Self { results, dict: PyDict::new(results.py()) }
    }

    /// Moments of these positions.
    pub fn times(self, name: &str, positions: impl Iterator<Item = f64> + Send) -> PyResult<Self> {
        let time = &self.results.get().analysis.time;
        self.dict.set_item(name, times(self.results.py(), time, positions))?;
        Ok(self)
    }

    /// Moments of the engine's clock.
    fn moments(self, name: &str, of: impl Iterator<Item = Timestamp>) -> PyResult<Self> {
        let time = &self.results.get().analysis.time;
        self.dict.set_item(name, moments(self.results.py(), time, of))?;
        Ok(self)
    }

    /// An array lent without a copy.
    fn lend<T: numpy::Element, D: Dimension>(
        self,
        name: &str,
        pick: impl for<'r> FnOnce(&'r Analysis) -> ArrayView<'r, T, D>,
    ) -> PyResult<Self> {
        self.dict.set_item(name, view(self.results, |r| pick(&r.analysis))?)?;
        Ok(self)
    }

    /// A small array of numbers, copied.
    pub fn copy<T: numpy::Element>(self, name: &str, values: impl Iterator<Item = T>) -> PyResult<Self> {
        self.dict.set_item(name, values.collect::<Vec<_>>().into_pyarray(self.results.py()))?;
        Ok(self)
    }

    /// A list of anything else.
    pub fn list<T: IntoPyObject<'py>>(self, name: &str, values: impl Iterator<Item = T>) -> PyResult<Self> {
        self.dict.set_item(name, values.collect::<Vec<_>>())?;
        Ok(self)
    }

    fn flags(self, flags: &[Flags]) -> PyResult<Self> {
        self.copy("flags", flags.iter().map(Flags::bits))
    }
}

fn side(side: Side) -> String {
    format!("{side:?}").to_lowercase()
}

fn shape(shape: Shape) -> String {
    format!("{shape:?}").to_lowercase()
}

type Table<'py> = PyResult<Bound<'py, PyDict>>;

/// The length of intervals called ``basic``, ``150cycles``, ``10min`` or ``2h``.
fn length(period: &str) -> PyResult<Period> {
    period_named(period).ok_or_else(|| {
        PyValueError::new_err(format!(
            "period: expected '150cycles' (or '3s'), '10min' or '2h', found '{period}'"
        ))
    })
}

/// A table of emission above order 50.
type Pick = fn(&Supraharmonics) -> &Array3<f64>;

/// What `pick` says, empty unless measured.
fn emission(a: &Analysis, period: Period, pick: fn(&Supraharmonics) -> &Array3<f64>) -> ArrayView3<'_, f64> {
    // There is nothing shorter to borrow that is empty.
    let none = a.signalling_v.slice(s![..0, .., ..]);
    measured(a, period).supraharmonics.map_or(none, |s| pick(s).view())
}

#[pymethods]
impl Results {
    /// Settings used.
    #[getter]
    fn config(&self) -> Config {
        Config(self.analysis.config.clone())
    }

    /// ``single``, ``split``, ``wye`` or ``delta``.
    #[getter]
    fn wiring(&self) -> String {
        format!("{:?}", self.analysis.wiring).to_lowercase()
    }

    /// Analysed channels: name, index in the capture, phase, kind, Udin in volts.
    #[getter]
    fn channels(&self) -> Vec<(String, usize, Option<String>, String, f64)> {
        let text = |phase: kilat::Phase| phase.to_string();
        let channels = self.analysis.channels.iter();
        channels.map(|c| (c.name.clone(), c.index, c.phase.map(text), c.kind.to_string(), c.udin_v)).collect()
    }

    /// Voltage and current channel of each power pair, by position in ``channels``.
    #[getter]
    fn power_pairs(&self) -> Vec<(usize, usize)> {
        self.analysis.power_pairs.clone()
    }

    /// What the capture could not support, and what was assumed, a line each.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.assumed.iter().chain(&self.analysis.warnings).map(ToString::to_string).collect()
    }

    /// The one name of a length of intervals that has several.
    #[expect(clippy::unused_self, reason = "the names are those that the other methods take")]
    fn period(&self, name: &str) -> PyResult<&'static str> {
        Ok(period_name(length(name)?))
    }

    /// Urms(1/2) of the channel at this position.
    fn half_cycles<'py>(slf: &Bound<'py, Self>, channel: usize) -> Table<'py> {
        let Some(h) = slf.get().analysis.half_cycles.get(channel) else {
            return Err(PyIndexError::new_err(format!("there is no channel {channel}")));
        };
        let columns = Columns::new(slf)
            .times("time", h.start_sample.iter().copied())?
            .lend("u_rms_v", |a| ArrayView1::from(&a.half_cycles[channel].u_rms_v))?
            .lend("start_sample", |a| ArrayView1::from(&a.half_cycles[channel].start_sample))?
            .lend("stop_sample", |a| ArrayView1::from(&a.half_cycles[channel].stop_sample))?
            .flags(&h.flags)?;
        Ok(columns.dict)
    }

    /// Pinst, Pst and Plt of the channel at this position.
    fn flicker<'py>(slf: &Bound<'py, Self>, channel: usize) -> PyResult<[Bound<'py, PyDict>; 3]> {
        let Some(f) = slf.get().analysis.flicker.get(channel) else {
            return Err(PyIndexError::new_err(format!("there is no channel {channel}")));
        };
        let p_inst = Columns::new(slf)
            .times("time", f.p_inst.sample.iter())?
            .lend("p_inst", |a| ArrayView1::from(&a.flicker[channel].p_inst.p_inst))?
            .copy("sample", f.p_inst.sample.iter())?
            .flags(&f.p_inst.flags)?;
        let severity = |name: &str, t: &SeverityTable| -> Table<'py> {
            let columns = Columns::new(slf)
                .times("time", t.stop_sample.iter().copied())?
                .copy(name, t.severity.iter().copied())?
                .copy("start_sample", t.start_sample.iter().copied())?
                .copy("stop_sample", t.stop_sample.iter().copied())?
                .flags(&t.flags)?;
            Ok(columns.dict)
        };
        Ok([p_inst.dict, severity("pst", &f.pst)?, severity("plt", &f.plt)?])
    }

    /// Intervals of this length.
    fn intervals<'py>(slf: &Bound<'py, Self>, period: &str) -> Table<'py> {
        let period = length(period)?;
        let i = measured(&slf.get().analysis, period).intervals;
        let columns = Columns::new(slf)
            .moments("time", i.stamp.iter().copied())?
            .lend("frequency_hz", |a| ArrayView1::from(&measured(a, period).intervals.frequency_hz))?
            .lend("rms", |a| measured(a, period).intervals.rms.view())?
            .lend("line_line_rms_v", |a| measured(a, period).intervals.line_line_rms_v.view())?
            .lend("residual_voltage_v", |a| {
                ArrayView1::from(&measured(a, period).intervals.residual_voltage_v)
            })?
            .lend("neutral_current_a", |a| {
                ArrayView1::from(&measured(a, period).intervals.neutral_current_a)
            })?
            .lend("start_sample", |a| ArrayView1::from(&measured(a, period).intervals.start_sample))?
            .lend("stop_sample", |a| ArrayView1::from(&measured(a, period).intervals.stop_sample))?
            .lend("cycles", |a| ArrayView1::from(&measured(a, period).intervals.cycles))?
            .lend("basics", |a| ArrayView1::from(&measured(a, period).intervals.basics))?
            .lend("covered_s", |a| ArrayView1::from(&measured(a, period).intervals.covered_s))?
            .flags(&i.flags)?;
        Ok(columns.dict)
    }

    /// 10-s frequency.
    #[getter]
    fn frequency<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let f = &slf.get().analysis.frequency;
        let columns = Columns::new(slf)
            .times("time", f.stop_sample.iter().copied())?
            .lend("hz", |a| ArrayView1::from(&a.frequency.hz))?
            .lend("start_sample", |a| ArrayView1::from(&a.frequency.start_sample))?
            .lend("stop_sample", |a| ArrayView1::from(&a.frequency.stop_sample))?
            .flags(&f.flags)?;
        Ok(columns.dict)
    }

    /// Harmonics of the intervals of this length.
    fn harmonics<'py>(slf: &Bound<'py, Self>, period: &str) -> Table<'py> {
        let period = length(period)?;
        let columns = Columns::new(slf)
            .moments("time", measured(&slf.get().analysis, period).intervals.stamp.iter().copied())?
            .lend("subgroup", |a| measured(a, period).harmonics.subgroup.view())?
            .lend("group", |a| measured(a, period).harmonics.group.view())?
            .lend("interharmonic_subgroup", |a| measured(a, period).harmonics.interharmonic_subgroup.view())?
            .lend("interharmonic_group", |a| measured(a, period).harmonics.interharmonic_group.view())?
            .lend("phase_rad", |a| measured(a, period).harmonics.phase_rad.view())?
            .lend("thd_subgroup_pct", |a| measured(a, period).harmonics.thd_subgroup_pct.view())?
            .lend("thd_group_pct", |a| measured(a, period).harmonics.thd_group_pct.view())?
            .lend("thd_harmonic_pct", |a| measured(a, period).harmonics.thd_harmonic_pct.view())?
            .lend("tihd_subgroup_pct", |a| measured(a, period).harmonics.tihd_subgroup_pct.view())?
            .lend("pwhd_group_pct", |a| measured(a, period).harmonics.pwhd_group_pct.view())?;
        Ok(columns.dict)
    }

    /// Unbalance of the intervals of this length; a quantity that could not be measured is empty.
    fn unbalance<'py>(slf: &Bound<'py, Self>, period: &str) -> Table<'py> {
        let period = length(period)?;
        let columns = Columns::new(slf)
            .moments("time", measured(&slf.get().analysis, period).intervals.stamp.iter().copied())?
            .lend("u2_pct", |a| ArrayView1::from(&measured(a, period).unbalance.u2_pct))?
            .lend("u0_pct", |a| ArrayView1::from(&measured(a, period).unbalance.u0_pct))?
            .lend("i2_pct", |a| ArrayView1::from(&measured(a, period).unbalance.i2_pct))?
            .lend("i0_pct", |a| ArrayView1::from(&measured(a, period).unbalance.i0_pct))?;
        Ok(columns.dict)
    }

    /// Power of the intervals of this length.
    fn power<'py>(slf: &Bound<'py, Self>, period: &str) -> Table<'py> {
        let period = length(period)?;
        let m = measured(&slf.get().analysis, period);
        let mut columns = Columns::new(slf).moments("time", m.intervals.stamp.iter().copied())?;
        for (k, (name, _)) in m.power.columns().into_iter().enumerate() {
            columns = columns.lend(name, |a| measured(a, period).power.columns()[k].1.view())?;
        }
        Ok(columns.dict)
    }

    /// Power of the three-phase system; no rows without three voltages and currents.
    fn system_power<'py>(slf: &Bound<'py, Self>, period: &str) -> Table<'py> {
        let period = length(period)?;
        let m = measured(&slf.get().analysis, period);
        let rows = m.system_power.p_w.len();
        let mut columns = Columns::new(slf).moments("time", m.intervals.stamp.iter().copied().take(rows))?;
        for (k, (name, _)) in m.system_power.columns().into_iter().enumerate() {
            columns =
                columns.lend(name, |a| ArrayView1::from(measured(a, period).system_power.columns()[k].1))?;
        }
        Ok(columns.dict)
    }

    /// Under- and over-deviation of the intervals of this length.
    fn deviation<'py>(slf: &Bound<'py, Self>, period: &str) -> Table<'py> {
        let period = length(period)?;
        let columns = Columns::new(slf)
            .moments("time", measured(&slf.get().analysis, period).intervals.stamp.iter().copied())?
            .lend("under_pct", |a| measured(a, period).deviation.under_pct.view())?
            .lend("over_pct", |a| measured(a, period).deviation.over_pct.view())?;
        Ok(columns.dict)
    }

    /// Mains signalling of the intervals of this length: a value for each tone of the settings.
    fn signalling<'py>(slf: &Bound<'py, Self>, period: &str) -> Table<'py> {
        let period = length(period)?;
        let columns = Columns::new(slf)
            .moments("time", measured(&slf.get().analysis, period).intervals.stamp.iter().copied())?
            .lend("rms_v", |a| measured(a, period).signalling_v.view())?;
        Ok(columns.dict)
    }

    /// Emission above order 50 of the intervals of this length, and the centres of its bands and bins; no rows unless measured.
    fn supraharmonics<'py>(
        slf: &Bound<'py, Self>,
        period: &str,
    ) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>)> {
        let period = length(period)?;
        let m = measured(&slf.get().analysis, period);
        let (low_hz, high_hz) =
            m.supraharmonics.map_or((&[][..], &[][..]), |s| (s.low_hz.as_slice(), s.high_hz.as_slice()));
        let centres = Columns::new(slf)
            .copy("low_hz", low_hz.iter().copied())?
            .copy("high_hz", high_hz.iter().copied())?;
        let rows = m.supraharmonics.map_or(0, |s| s.low.dim().0);
        let mut columns = Columns::new(slf).moments("time", m.intervals.stamp.iter().copied().take(rows))?;
        let picks: [(&str, Pick); 4] = [
            ("low", |s| &s.low),
            ("high_min", |s| &s.high_min),
            ("high_mean", |s| &s.high_mean),
            ("high_max", |s| &s.high_max),
        ];
        for (name, pick) in picks {
            columns = columns.lend(name, |a| emission(a, period, pick))?;
        }
        Ok((columns.dict, centres.dict))
    }

    /// Energy of each pair, then of the system: import Wh, export Wh, varh of quadrants I to IV, VAh, seconds counted.
    #[getter]
    fn energy<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let e = &slf.get().analysis.energy;
        let all = || e.pairs.iter().chain(&e.system);
        let columns = Columns::new(slf)
            .copy("import_wh", all().map(|e| e.import_wh))?
            .copy("export_wh", all().map(|e| e.export_wh))?
            .copy("reactive_q1_varh", all().map(|e| e.reactive_varh[0]))?
            .copy("reactive_q2_varh", all().map(|e| e.reactive_varh[1]))?
            .copy("reactive_q3_varh", all().map(|e| e.reactive_varh[2]))?
            .copy("reactive_q4_varh", all().map(|e| e.reactive_varh[3]))?
            .copy("apparent_vah", all().map(|e| e.apparent_vah))?
            .copy("counted_s", all().map(|e| e.counted_s))?;
        Ok(columns.dict)
    }

    /// Demand of the system, window by window.
    #[getter]
    fn demand<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let d = &slf.get().analysis.demand;
        let columns = Columns::new(slf)
            .moments("start", d.iter().map(|d| d.start))?
            .moments("stop", d.iter().map(|d| d.stop))?
            .copy("p_w", d.iter().map(|d| d.p_w))?
            .copy("q1_var", d.iter().map(|d| d.q1_var))?
            .copy("s_va", d.iter().map(|d| d.s_va))?
            .copy("covered_s", d.iter().map(|d| d.covered_s))?
            .copy("complete", d.iter().map(|d| d.complete))?;
        Ok(columns.dict)
    }

    /// Dips, swells and interruptions; channels by position in ``channels``.
    #[getter]
    fn events<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let e = &slf.get().analysis.events;
        let columns = Columns::new(slf)
            .list("kind", e.iter().map(|e| format!("{:?}", e.kind).to_lowercase()))?
            .list("channels", e.iter().map(|e| e.channels.to_vec()))?
            .times("start", e.iter().map(|e| e.start_sample))?
            .copy("duration_s", e.iter().map(|e| e.duration_s))?
            .copy("residual_v", e.iter().map(|e| e.residual_v))?
            .copy("magnitude_pu", e.iter().map(|e| e.magnitude_pu))?
            .copy("depth_pct", e.iter().map(|e| e.depth_pct))?
            .list("category", e.iter().map(|e| e.category))?
            .list("extreme_channel", e.iter().map(|e| e.extreme_channel))?
            .copy("polyphase", e.iter().map(|e| e.polyphase))?
            .copy("open", e.iter().map(|e| e.open))?
            .copy("start_sample", e.iter().map(|e| e.start_sample))?
            .copy("stop_sample", e.iter().map(|e| e.stop_sample))?
            .copy("flags", e.iter().map(|e| e.flags.bits()))?;
        let a = &slf.get().analysis;
        let forms: Vec<Option<&DipForm>> = (0..e.len()).map(|k| a.dip_form(k)).collect();
        let number = |pick: fn(&DipForm) -> f64| {
            forms.iter().map(|f| f.map_or(f64::NAN, pick)).collect::<Vec<_>>().into_iter()
        };
        let class = |pick: fn(&DipForm) -> Option<DipClass>| {
            forms.iter().map(|f| f.and_then(pick).map(|c| c.to_string())).collect::<Vec<_>>().into_iter()
        };
        let columns = columns
            .list("dip_class", class(|f| f.class))?
            .list("dip_class_six_phase", class(|f| f.class_six_phase))?
            .copy("characteristic_pu", number(|f| f.characteristic_pu))?
            .copy("phase_jump_deg", number(|f| f.phase_jump_deg))?
            .copy("point_on_wave_deg", number(|f| f.start_deg))?
            .copy("point_on_wave_stop_deg", number(|f| f.stop_deg))?
            .copy("stages", forms.iter().map(|f| f.map_or(0, |f| f.stages.len() as u32)))?
            .list("direction", forms.iter().map(|f| side(f.map_or(Side::Unknown, |f| f.direction.side))))?
            .copy("direction_margin", number(|f| f.direction.margin))?
            .list("shape", forms.iter().map(|f| shape(f.map_or(Shape::Other, |f| f.shape))))?;
        Ok(columns.dict)
    }

    /// Rapid voltage changes; channels by position in ``channels``.
    #[getter]
    fn rvc<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let e = &slf.get().analysis.rvc;
        let columns = Columns::new(slf)
            .list("channels", e.iter().map(|e| e.channels.to_vec()))?
            .times("start", e.iter().map(|e| e.start_sample))?
            .copy("duration_s", e.iter().map(|e| e.duration_s))?
            .copy("delta_steady_v", e.iter().map(|e| e.delta_steady_v))?
            .copy("delta_steady_pct", e.iter().map(|e| e.delta_steady_pct))?
            .copy("delta_max_v", e.iter().map(|e| e.delta_max_v))?
            .copy("delta_max_pct", e.iter().map(|e| e.delta_max_pct))?
            .list("extreme_channel", e.iter().map(|e| e.extreme_channel))?
            .copy("open", e.iter().map(|e| e.open))?
            .copy("start_sample", e.iter().map(|e| e.start_sample))?
            .copy("stop_sample", e.iter().map(|e| e.stop_sample))?
            .copy("flags", e.iter().map(|e| e.flags.bits()))?;
        Ok(columns.dict)
    }

    /// Bursts of mains signalling; the channel by position in ``channels``, with a list of values each.
    #[getter]
    fn bursts<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let a = &slf.get().analysis;
        let b = &a.bursts;
        let columns = Columns::new(slf)
            .copy("hz", b.iter().map(|b| b.hz))?
            .list("channel", b.iter().map(|b| b.channel))?
            .times("start", b.iter().map(|b| b.start_sample))?
            .copy("duration_s", b.iter().map(|b| a.seconds(b.stop_sample) - a.seconds(b.start_sample)))?
            .copy("largest_v", b.iter().map(|b| b.largest_v))?
            .list("values_v", b.iter().map(|b| b.values_v.clone()))?
            .copy("open", b.iter().map(|b| b.open))?
            .copy("start_sample", b.iter().map(|b| b.start_sample))?
            .copy("stop_sample", b.iter().map(|b| b.stop_sample))?
            .copy("flags", b.iter().map(|b| b.flags.bits()))?;
        Ok(columns.dict)
    }

    /// Transients; the channel by position in ``channels``.
    #[getter]
    fn transients<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let t = &slf.get().analysis.transients;
        let columns = Columns::new(slf)
            .list("kind", t.iter().map(|t| format!("{:?}", t.kind).to_lowercase()))?
            .list("channel", t.iter().map(|t| t.channel))?
            .times("start", t.iter().map(|t| t.start_sample as f64))?
            .copy("duration_s", t.iter().map(|t| t.duration_s))?
            .copy("peak_v", t.iter().map(|t| t.peak_v))?
            .copy("peak_pu", t.iter().map(|t| t.peak_pu))?
            .copy("rise_s", t.iter().map(|t| t.rise_s))?
            .copy("ringing_hz", t.iter().map(|t| t.ringing_hz))?
            .copy("polarity", t.iter().map(|t| t.polarity))?
            .list("band", t.iter().map(|t| t.band().map(|b| format!("{b:?}").to_lowercase())))?
            .list("channels", t.iter().map(|t| t.peaks.iter().map(|p| p.0).collect::<Vec<_>>()))?
            .copy("decay_s", t.iter().map(|t| t.decay_s))?
            .copy("towards_zero", t.iter().map(|t| t.towards_zero))?
            .copy("point_on_wave_deg", t.iter().map(|t| t.point_on_wave_deg))?
            .copy("volt_seconds", t.iter().map(|t| t.volt_seconds))?
            .copy("energy_v2s", t.iter().map(|t| t.energy_v2s))?
            .copy("per_cycle", t.iter().map(|t| t.per_cycle))?
            .copy("clipped", t.iter().map(|t| t.clipped))?
            .copy("resolvable", t.iter().map(|t| t.resolvable))?
            .copy("start_sample", t.iter().map(|t| t.start_sample))?
            .copy("stop_sample", t.iter().map(|t| t.stop_sample))?
            .copy("peak_sample", t.iter().map(|t| t.peak_sample))?;
        Ok(columns.dict)
    }

    /// Probable causes, with what the user knows; channels by position in ``channels``.
    #[pyo3(signature = (storm=None, neighbours=None, damage=None))]
    fn diagnosis<'py>(
        slf: &Bound<'py, Self>,
        storm: Option<bool>,
        neighbours: Option<bool>,
        damage: Option<&str>,
    ) -> Table<'py> {
        let damage = damage.map(|name| {
            Damage::named(name).ok_or_else(|| {
                PyValueError::new_err(format!(
                    "damage: expected one of {}, found '{name}'",
                    Damage::NAMES.join(", ")
                ))
            })
        });
        let answers = Answers { storm, neighbours, damage: damage.transpose()? };
        let f = &diagnose(&slf.get().analysis, answers);
        let columns = Columns::new(slf)
            .list("cause", f.iter().map(|f| f.cause.id()))?
            .copy("confidence", f.iter().map(|f| f.confidence))?
            .list("channels", f.iter().map(|f| f.channels.clone()))?
            .times("start", f.iter().map(|f| f.start_sample))?
            .times("stop", f.iter().map(|f| f.stop_sample))?
            .list("direction", f.iter().map(|f| side(f.direction.side)))?
            .copy("direction_margin", f.iter().map(|f| f.direction.margin))?
            .list("rules_for", f.iter().map(|f| f.rules_for.clone()))?
            .list("rules_against", f.iter().map(|f| f.rules_against.clone()))?
            .list("refuted_by", f.iter().map(|f| f.refuted_by.clone()))?
            .list("recommendation", f.iter().map(|f| f.recommendation.clone()))?;
        Ok(columns.dict)
    }

    /// Verdicts of a standard: facts, then columns; the channel by position in ``channels``.
    fn compliance<'py>(
        slf: &Bound<'py, Self>,
        standard: &str,
        isc: Option<f64>,
        il: Option<f64>,
        pcc_voltage: Option<f64>,
    ) -> limits::Pair<'py> {
        let site = Site { short_circuit_a: isc, demand_a: il, pcc_v: pcc_voltage };
        limits::compliance(slf, standard, &site)
    }

    /// Events and transients on an immunity curve: facts, then columns; the channel by position in ``channels``.
    fn curve<'py>(slf: &Bound<'py, Self>, name: &str) -> limits::Pair<'py> {
        limits::curve(slf, name)
    }

    /// Indices of the events: facts, then the columns of the dips.
    #[getter]
    fn indices<'py>(slf: &Bound<'py, Self>) -> limits::Pair<'py> {
        limits::indices(slf)
    }

    /// Writes the report to ``path``; ``lang`` is ``en`` or ``id``. `entered` is instrument, its class, calibration, time source.
    #[expect(clippy::too_many_arguments, reason = "one for each argument in Python")]
    fn report(
        &self,
        py: Python<'_>,
        path: PathBuf,
        lang: &str,
        title: Option<String>,
        limits: Vec<String>,
        site: [Option<f64>; 3],
        entered: [Option<String>; 4],
    ) -> PyResult<()> {
        let lang = match lang {
            "en" => Lang::En,
            "id" => Lang::Id,
            other => return Err(PyValueError::new_err(format!("lang: `{other}` is neither 'en' nor 'id'"))),
        };
        let [short_circuit_a, demand_a, pcc_v] = site;
        let site = Site { short_circuit_a, demand_a, pcc_v };
        site.check().map_err(to_py)?;
        let standards =
            limits.iter().map(|name| Standard::named(name)).collect::<kilat::Result<_>>().map_err(to_py)?;
        let [instrument, instrument_class, calibrated, time_source] = entered;
        py.detach(|| {
            let source = Path::new(&self.capture.source);
            let options = Options {
                lang,
                title,
                assumed: self.assumed.clone(),
                file_sha256: source.is_file().then(|| sha256::of_file(source)).transpose()?,
                standards,
                site,
                instrument,
                instrument_class,
                calibrated,
                time_source,
            };
            let page = html(&self.capture, &self.analysis, &findings(&self.analysis), &options)?;
            std::fs::write(&path, page).map_err(|e| kilat::Error::io(&path, e))
        })
        .map_err(to_py)
    }

    /// Writes results to ``path``: Parquet, Arrow or CSV with one table, HDF5 with all.
    fn write(&self, py: Python<'_>, path: PathBuf, table: &str) -> PyResult<()> {
        let chosen = output::Table::all().find(|t| t.name() == table).ok_or_else(|| {
            let known: Vec<_> = output::Table::all().map(output::Table::name).collect();
            PyValueError::new_err(format!("table: expected one of {}, found `{table}`", known.join(", ")))
        })?;
        py.detach(|| {
            let found = findings(&self.analysis);
            let of = output::analysis(
                &self.capture,
                &self.analysis,
                &found,
                &self.assumed,
                output::Detail::Compact,
            );
            output::write_tables([Ok(of)], chosen, &path)
        })
        .map_err(to_py)
    }

    /// Gaps in the recording.
    #[getter]
    fn gaps<'py>(slf: &Bound<'py, Self>) -> Table<'py> {
        let g = &slf.get().analysis.gaps;
        let columns = Columns::new(slf)
            .times("stop", g.iter().map(|g| g.sample as f64))?
            .copy("duration_s", g.iter().map(|g| g.duration_s))?
            .copy("sample", g.iter().map(|g| g.sample))?;
        Ok(columns.dict)
    }
}
