//! One result of a live stream, as Python sees it: its fields are named as the columns of the tables of an analysis.

use std::fmt::Write as _;
use std::sync::Arc;

use kilat::engine::live::{OwnedInterval, Value};
use kilat::engine::measured::Measured;
use kilat::engine::plan::Plan;
use kilat::engine::sink::Term;
use kilat::output::period_name;
use kilat::{Event, Flags};
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArrayMethods};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::live::moment;

/// What results need to know of their stream.
pub struct Names {
    /// Names of the analysed channels.
    pub all: Vec<String>,
    /// How many of them are in the blocks.
    pub recorded: usize,
    pairs: Vec<(usize, usize)>,
}

impl Names {
    /// Those of streams of this plan.
    pub fn new(plan: &Plan) -> Self {
        Self {
            all: plan.channels.iter().map(|c| c.info.name.clone()).collect(),
            recorded: plan.recorded().len(),
            pairs: plan.pairs.clone(),
        }
    }
}

/// One result of a live stream. ``dict(output.items())`` has all of its fields.
///
/// ``kind`` is ``half_cycle interval aggregate frequency p_inst flicker event open_event rvc burst transient waveform gap``, or
/// what happened to the stream: ``overlap late duplicate clock_step clock_steered clock_lost clock_found sync_lost sync_found
/// overload``.
#[pyclass(frozen, module = "kilat")]
pub struct Output {
    pub of: kilat::engine::live::Output,
    pub dated: bool,
    pub names: Arc<Names>,
}

#[pymethods]
impl Output {
    /// What it is, in one word.
    #[getter]
    fn kind(&self) -> &'static str {
        self.of.value.kind()
    }

    /// Name of the channel, of the extreme value for an event; None for what concerns all.
    #[getter]
    fn channel(&self) -> Option<&str> {
        self.of.value.channel().map(|c| self.names.all[c].as_str())
    }

    /// The moment it stands for: an interval's, a frequency's and Pst's end, everything else's begin.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.of.time, self.dated)
    }

    /// Its number: results are counted from 0 at the start of the stream, over gaps and checkpoints.
    #[getter]
    fn sequence(&self) -> u64 {
        self.of.sequence
    }

    /// Names of its own fields.
    fn keys(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.fields(py)?.keys().extract()
    }

    /// Its own fields, each with its value.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.fields(py)?.items().into_any())
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let fields = self.fields(py)?;
        fields.get_item(name)?.ok_or_else(|| {
            let names: Vec<String> = fields.keys().extract().unwrap_or_default();
            let kind = self.kind();
            PyAttributeError::new_err(format!("a `{kind}` has no `{name}`; it has {}", names.join(", ")))
        })
    }

    fn __dir__(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let common = ["channel", "items", "keys", "kind", "sequence", "time"].map(String::from);
        Ok(self.keys(py)?.into_iter().chain(common).collect())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let channel = self.channel().map(|c| format!(" {c}")).unwrap_or_default();
        let mut shown = String::new();
        for name in
            ["u_rms_v", "frequency_hz", "hz", "severity", "event_kind", "duration_s", "residual_v", "peak_v"]
        {
            if let Some(v) = self.fields(py)?.get_item(name)? {
                let _ = write!(shown, ", {name}={v}");
            }
        }
        Ok(format!("<kilat.Output {}{channel} at {}{shown}>", self.kind(), self.time(py)?))
    }
}

impl Output {
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let d = PyDict::new(py);
        match &self.of.value {
            Value::HalfCycle(v) => {
                range(&d, v.start_sample, v.stop_sample, v.flags)?;
                d.set_item("u_rms_v", v.u_rms_v)?;
            }
            Value::Interval(i) => self.interval(&d, i)?,
            Value::Frequency(v) => {
                range(&d, v.start_sample, v.stop_sample, v.flags)?;
                d.set_item("hz", v.hz)?;
            }
            Value::PInst(v) => {
                d.set_item("sample", v.sample)?;
                d.set_item("p_inst", v.p_inst)?;
                set_flags(&d, v.flags)?;
            }
            Value::Flicker(v) => {
                range(&d, v.start_sample, v.stop_sample, v.flags)?;
                d.set_item("term", if v.term == Term::Short { "pst" } else { "plt" })?;
                d.set_item("severity", v.severity)?;
            }
            Value::Event(e) | Value::OpenEvent(e) => self.event(&d, e)?,
            Value::RapidChange(e) => {
                range(&d, e.start_sample, e.stop_sample, e.flags)?;
                d.set_item("channels", self.channels(py, &e.channels)?)?;
                d.set_item("duration_s", e.duration_s)?;
                d.set_item("delta_steady_v", e.delta_steady_v)?;
                d.set_item("delta_steady_pct", e.delta_steady_pct)?;
                d.set_item("delta_max_v", e.delta_max_v)?;
                d.set_item("delta_max_pct", e.delta_max_pct)?;
                d.set_item("open", e.open)?;
            }
            Value::Burst(b) => {
                range(&d, b.start_sample, b.stop_sample, b.flags)?;
                d.set_item("hz", b.hz)?;
                d.set_item("largest_v", b.largest_v)?;
                d.set_item("values_v", b.values_v.clone().into_pyarray(py))?;
                d.set_item("open", b.open)?;
            }
            Value::Transient(t) => {
                d.set_item("start_sample", t.start_sample)?;
                d.set_item("stop_sample", t.stop_sample)?;
                d.set_item("transient_kind", format!("{:?}", t.kind).to_lowercase())?;
                d.set_item("duration_s", t.duration_s)?;
                d.set_item("peak_v", t.peak_v)?;
                d.set_item("peak_pu", t.peak_pu)?;
                d.set_item("peak_sample", t.peak_sample)?;
                d.set_item("rise_s", t.rise_s)?;
                d.set_item("ringing_hz", t.ringing_hz)?;
                d.set_item("polarity", t.polarity)?;
                d.set_item("clipped", t.clipped)?;
                d.set_item("resolvable", t.resolvable)?;
            }
            Value::Gap(g) => {
                d.set_item("sample", g.sample)?;
                d.set_item("duration_s", g.duration_s)?;
            }
            Value::Notice(n) => {
                d.set_item("sample", n.sample)?;
                d.set_item("samples", n.samples)?;
                d.set_item("seconds", n.seconds)?;
            }
            Value::Waveform(w) => {
                d.set_item("start_sample", w.start_sample)?;
                d.set_item("trigger_sample", w.trigger_sample)?;
                d.set_item("complete", w.complete)?;
                d.set_item("channels", PyTuple::new(py, &self.names.all[..self.names.recorded])?)?;
                let shape = [self.names.recorded, w.samples];
                d.set_item("values", w.values.clone().into_pyarray(py).reshape(shape)?)?;
            }
        }
        Ok(d)
    }

    fn channels<'py>(&self, py: Python<'py>, of: &[usize]) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, of.iter().map(|c| &self.names.all[*c]))
    }

    fn event(&self, d: &Bound<'_, PyDict>, e: &Event) -> PyResult<()> {
        range(d, e.start_sample, e.stop_sample, e.flags)?;
        d.set_item("event_kind", format!("{:?}", e.kind).to_lowercase())?;
        d.set_item("channels", self.channels(d.py(), &e.channels)?)?;
        d.set_item("polyphase", e.polyphase)?;
        d.set_item("duration_s", e.duration_s)?;
        d.set_item("residual_v", e.residual_v)?;
        d.set_item("magnitude_pu", e.magnitude_pu)?;
        d.set_item("depth_pct", e.depth_pct)?;
        d.set_item("reference_v", e.reference_v)?;
        d.set_item("category", e.category)?;
        d.set_item("open", e.open)
    }

    fn interval(&self, d: &Bound<'_, PyDict>, i: &OwnedInterval) -> PyResult<()> {
        let py = d.py();
        range(d, i.start_sample, i.stop_sample, i.flags)?;
        d.set_item("period", period_name(i.period))?;
        d.set_item("cycles", i.cycles)?;
        d.set_item("basics", i.basics)?;
        d.set_item("frequency_hz", i.frequency_hz)?;
        let column =
            |of: fn(&Measured) -> f64| i.channels.iter().map(of).collect::<Vec<_>>().into_pyarray(py);
        d.set_item("rms", column(|m| m.rms))?;
        d.set_item("thd_subgroup_pct", column(|m| m.spectrum.thd_subgroup_pct))?;
        d.set_item("thd_group_pct", column(|m| m.spectrum.thd_group_pct))?;
        let table = |of: fn(&Measured) -> &[f64]| -> PyResult<_> {
            let all: Vec<f64> = i.channels.iter().flat_map(|m| of(m).iter().copied()).collect();
            let orders = all.len() / i.channels.len().max(1);
            let table = Array2::from_shape_vec((i.channels.len(), orders), all);
            Ok(table.map_err(|e| PyAttributeError::new_err(e.to_string()))?.into_pyarray(py))
        };
        d.set_item("subgroup", table(|m| &m.spectrum.subgroup)?)?;
        d.set_item("group", table(|m| &m.spectrum.group)?)?;
        d.set_item("interharmonic_subgroup", table(|m| &m.spectrum.interharmonic_subgroup)?)?;
        d.set_item("phase_rad", table(|m| &m.spectrum.phase_rad)?)?;
        let s = &i.system;
        for (name, value) in [
            ("u2_pct", s.u2_pct),
            ("u0_pct", s.u0_pct),
            ("i2_pct", s.i2_pct),
            ("i0_pct", s.i0_pct),
            ("residual_voltage_v", s.residual_voltage_v),
            ("neutral_current_a", s.neutral_current_a),
        ] {
            d.set_item(name, value)?;
        }
        d.set_item("line_line_rms_v", s.line_line_rms_v.to_vec().into_pyarray(py))?;
        let names =
            self.names.pairs.iter().map(|(u, i)| format!("{}·{}", self.names.all[*u], self.names.all[*i]));
        let power = PyDict::new(py);
        for (name, p) in names.zip(&s.pairs) {
            let one = PyDict::new(py);
            for (column, value) in p.values() {
                one.set_item(column, value)?;
            }
            power.set_item(name, one)?;
        }
        d.set_item("power", power)
    }
}

fn range(d: &Bound<'_, PyDict>, start: f64, stop: f64, flags: Flags) -> PyResult<()> {
    d.set_item("start_sample", start)?;
    d.set_item("stop_sample", stop)?;
    set_flags(d, flags)
}

fn set_flags(d: &Bound<'_, PyDict>, flags: Flags) -> PyResult<()> {
    let flags = d.py().import("kilat.table")?.getattr("Flags")?.call1((flags.bits(),))?;
    d.set_item("flags", flags.into_py_any(d.py())?)
}
