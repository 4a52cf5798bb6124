//! A recording, as Python sees it.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

use kilat::capture::{derive, guess_kind};
use kilat::{Kind, Moment, SampleRate, TimeBase, Timestamp, Warning};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyIterator, PyType};

use crate::analysis::Results;
use crate::array::{samples, times};
use crate::channel::Channel;
use crate::config::Config;
use crate::error::to_py;
use crate::read::{phase, timestamp};

/// A recording: channels over one time base. ``cap["Ua"]`` is a channel, ``list(cap)`` the names, ``len(cap)`` their number.
///
/// Slicing and selecting share memory with the original; nothing in a capture can be changed.
///
/// >>> import kilat
/// >>> cap = kilat.read()
/// >>> cap.sample_rate
/// 10000.0
/// >>> cap.slice("1s", "1.5s").n_samples
/// 5000
#[pyclass(frozen, module = "kilat", mapping)]
pub struct Capture(pub kilat::Capture);

#[pymethods]
impl Capture {
    /// A capture of one-dimensional arrays of equal length.
    ///
    /// Parameters
    /// ----------
    /// arrays : mapping of str to array
    ///     Samples by channel name, copied and kept as int16, int32, float32 or float64; NaN is a missing sample.
    /// sample_rate : float
    ///     Samples per second.
    /// start : str, datetime or numpy.datetime64, optional
    ///     Time of the first sample, ISO 8601; UTC unless it says otherwise.
    /// units, phases : mapping of str to str, optional
    ///     By channel name. Without a unit, a name such as ``Ua`` means volts and ``Ib`` amperes; without a phase, the
    ///     name is asked as well.
    /// scales, offsets : mapping of str to float, optional
    ///     Engineering value of one code and of code zero, by channel name; 1 and 0 when absent.
    /// nominal_frequency : float, optional
    ///     50 or 60, in hertz.
    ///
    /// Examples
    /// --------
    /// >>> import kilat, numpy as np
    /// >>> t = np.arange(50_000) / 50_000
    /// >>> u = 325 * np.sin(2 * np.pi * 50 * t)
    /// >>> kilat.Capture.from_arrays({"Ua": u}, sample_rate=50_000, start="2024-05-27T07:00:00Z")
    /// <kilat.Capture arrays: 1 channel (Ua), 1 s at 50000 Hz from 2024-05-27T07:00:00Z>
    #[classmethod]
    #[pyo3(signature = (arrays, *, sample_rate, start=None, units=None, phases=None, scales=None, offsets=None,
        nominal_frequency=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the Python method")]
    fn from_arrays(
        _class: &Bound<'_, PyType>,
        arrays: &Bound<'_, PyAny>,
        sample_rate: f64,
        start: Option<&Bound<'_, PyAny>>,
        units: Option<HashMap<String, String>>,
        phases: Option<HashMap<String, String>>,
        scales: Option<HashMap<String, f64>>,
        offsets: Option<HashMap<String, f64>>,
        nominal_frequency: Option<f64>,
    ) -> PyResult<Self> {
        let arrays = arrays.py().get_type::<PyDict>().call1((arrays,))?.cast_into::<PyDict>()?;
        let mut units = Named::new("units", units);
        let mut phases = Named::new("phases", phases);
        let mut scales = Named::new("scales", scales);
        let mut offsets = Named::new("offsets", offsets);
        let mut channels = Vec::with_capacity(arrays.len());
        for (name, array) in &arrays {
            let name: String = name.extract()?;
            let samples = samples(&name, &array)?;
            let unit = units.take(&name).unwrap_or_else(|| {
                match guess_kind(&name, "") {
                    Kind::Voltage => "V",
                    Kind::Current => "A",
                    Kind::Other => "",
                }
                .into()
            });
            let mut channel = kilat::Channel::new(name.clone(), unit, samples)
                .with_scale(scales.take(&name).unwrap_or(1.0), offsets.take(&name).unwrap_or(0.0));
            if let Some(text) = phases.take(&name) {
                channel.phase = Some(phase(&format!("phases: `{name}`"), &text)?);
            }
            channels.push(channel);
        }
        units.finish()?;
        phases.finish()?;
        scales.finish()?;
        offsets.finish()?;
        let Some(first) = channels.first() else {
            return Err(PyValueError::new_err("arrays: expected at least one channel, found none"));
        };
        let rate = SampleRate::from_hz(sample_rate).map_err(to_py)?;
        let time = TimeBase::uniform(rate, first.len() as u64, start.map(timestamp).transpose()?);
        let mut capture = kilat::Capture::new(time, channels).map_err(to_py)?;
        capture.nominal_frequency_hz = nominal_frequency;
        Ok(Self(capture))
    }

    /// The channels, in the order of the file.
    #[getter]
    fn channels(&self) -> Vec<Channel> {
        self.0.channels().iter().cloned().map(Channel).collect()
    }

    /// Names of the channels.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.0.channels().iter().map(|c| c.name.as_str()).collect()
    }

    /// Samples per second; None when the segments of the recording have different rates.
    #[getter]
    fn sample_rate(&self) -> Option<f64> {
        self.0.time().rate().map(SampleRate::hz)
    }

    /// Stretches without a gap: ``(first_sample, n_samples, sample_rate, seconds_from_start)`` each.
    #[getter]
    fn segments(&self) -> Vec<(u64, u64, f64, f64)> {
        let seconds = |first: u64| self.0.time().seconds(first as f64);
        self.0.time().segments().iter().map(|s| (s.first, s.len, s.rate.hz(), seconds(s.first))).collect()
    }

    /// Time of the first sample as ``numpy.datetime64`` in nanoseconds, UTC unless the device wrote local time; or None.
    #[getter]
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let moment = |t: Timestamp| py.import("numpy")?.call_method1("datetime64", (t.as_nanos(), "ns"));
        self.0.time().start().map(moment).transpose()
    }

    /// Seconds from the first sample to one period after the last, gaps included.
    #[getter]
    fn duration_s(&self) -> f64 {
        self.0.time().duration_s()
    }

    /// Samples per channel.
    #[getter]
    fn n_samples(&self) -> u64 {
        self.0.len()
    }

    /// Nominal frequency the file states, in hertz, or None.
    #[getter]
    fn nominal_frequency(&self) -> Option<f64> {
        self.0.nominal_frequency_hz
    }

    /// Format and revision, such as ``COMTRADE 1999 BINARY``.
    #[getter]
    fn format(&self) -> &str {
        &self.0.format
    }

    /// File or files it came from; empty for arrays.
    #[getter]
    fn source(&self) -> &str {
        &self.0.source
    }

    /// Station or site.
    #[getter]
    fn station(&self) -> &str {
        &self.0.station
    }

    /// Recording device.
    #[getter]
    fn device(&self) -> &str {
        &self.0.device
    }

    /// Damage and doubts found while reading, a line each.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.iter().map(ToString::to_string).collect()
    }

    /// Time of every sample, shape ``(n_samples,)``: ``datetime64[ns]``, or float seconds from the beginning without a start.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        times(py, self.0.time(), (0..self.0.len()).map(|i| i as f64))
    }

    /// Samples from ``start`` up to, not including, ``stop``, sharing memory.
    ///
    /// Each is a duration from the beginning as text (``"10s"``, ``"200ms"``, ``"1.5 min"``) or as float seconds, a sample
    /// number as int (negative: from the end), a moment (ISO text, datetime, numpy.datetime64), or None. As with Python's
    /// slices, a stop beyond the end means the end.
    ///
    /// >>> import kilat
    /// >>> cap = kilat.read()
    /// >>> cap.slice("100ms", "300ms").duration_s, cap.slice(0.1, 0.3).n_samples, cap.slice(1000, 3000).n_samples
    /// (0.2, 2000, 2000)
    #[pyo3(signature = (start=None, stop=None))]
    fn slice(&self, start: Option<&Bound<'_, PyAny>>, stop: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let first = start.map_or(Ok(0), |v| self.sample("start", v))?;
        let end = stop.map_or(Ok(self.0.len()), |v| self.sample("stop", v))?;
        self.0.slice(first..end).map(Self).map_err(to_py)
    }

    /// The channels that match every condition given, sharing memory.
    ///
    /// Parameters
    /// ----------
    /// kind : {"voltage", "current", "other"}, optional
    /// phase : str, optional
    ///     As any device spells it: ``"A"``, ``"L1"``, ``"R"``, ``"AB"``, …
    /// names : sequence of str, optional
    #[pyo3(signature = (*, kind=None, phase=None, names=None))]
    fn select(&self, kind: Option<&str>, phase: Option<&str>, names: Option<Vec<String>>) -> PyResult<Self> {
        if let Some(k) = kind.filter(|k| !["voltage", "current", "other"].contains(k)) {
            return Err(PyValueError::new_err(format!(
                "kind: expected voltage, current or other, found `{k}`"
            )));
        }
        let phase = phase.map(|p| crate::read::phase("select", p)).transpose()?;
        for name in names.iter().flatten() {
            self.0.channel(name).map_err(|e| PyKeyError::new_err(e.to_string()))?;
        }
        Ok(Self(self.0.select(|c| {
            kind.is_none_or(|k| c.kind.to_string() == k)
                && (phase.is_none() || c.phase == phase)
                && names.as_ref().is_none_or(|n| n.iter().any(|n| n.eq_ignore_ascii_case(&c.name)))
        })))
    }

    /// The capture with channels added that Kirchhoff's laws give from recorded ones.
    ///
    /// Parameters
    /// ----------
    /// what : {"three_wire", "line_neutral", "line_line", "neutral_current", "residual_voltage"}
    ///     The third line-line voltage and the third current of three wires; voltages against the artificial star
    ///     point; line-line from line-neutral voltages; ``IN = -(IA + IB + IC)``; ``UN = UA + UB + UC``.
    ///
    /// >>> import kilat
    /// >>> print(*kilat.read().select(kind="voltage").derive("line_line").names[-3:], sep=", ")
    /// UAB (derived), UBC (derived), UCA (derived)
    fn derive(&self, py: Python<'_>, what: &str) -> PyResult<Self> {
        let derived = match what {
            "three_wire" => derive::three_wire,
            "line_neutral" => derive::line_neutral,
            "line_line" => derive::line_line,
            "neutral_current" => derive::neutral_current,
            "residual_voltage" => derive::residual_voltage,
            other => {
                return Err(PyValueError::new_err(format!(
                    "derive: expected three_wire, line_neutral, line_line, neutral_current or residual_voltage, found \
                     `{other}`"
                )));
            }
        };
        py.detach(|| derived(&self.0)).map(Self).map_err(to_py)
    }

    /// Measures per IEC 61000-4-30; the interpreter is free meanwhile.
    ///
    /// Parameters
    /// ----------
    /// nominal_voltage : float, optional
    ///     Declared voltage in volts, line-neutral where that is measured; suggested by the signal, with a warning, when absent.
    /// frequency : float, optional
    ///     50 or 60, in hertz; what the file states, else what the signal suggests, when absent.
    /// threads : int, optional
    ///     As many as the machine has when absent. The result does not depend on it.
    /// config : Config, optional
    ///     All settings at once, instead of the other keywords.
    /// **settings
    ///     Any field of ``Config``: ``dip_pct=85``.
    ///
    /// >>> import kilat
    /// >>> r = kilat.read().analyze(nominal_voltage=230, frequency=50)
    /// >>> r.half_cycles["Ua"].u_rms_v.shape == r.half_cycles["Ua"].time.shape
    /// True
    #[pyo3(signature = (*, nominal_voltage=None, frequency=None, threads=None, config=None, **settings))]
    fn analyze<'py>(
        slf: &Bound<'py, Self>,
        nominal_voltage: Option<f64>,
        frequency: Option<f64>,
        threads: Option<usize>,
        config: Option<&Bound<'py, Config>>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, capture) = (slf.py(), &slf.get().0);
        let (config, assumed) = chosen(capture, nominal_voltage, frequency, config, settings)?;
        let threads = threads.unwrap_or(0);
        let analysis =
            py.detach(|| kilat::engine::offline::analyze(capture, &config, threads)).map_err(to_py)?;
        let results = Results { analysis, assumed, capture: capture.clone() };
        py.import("kilat.analysis")?.getattr("Analysis")?.call1((results, slf))
    }

    /// Measures as ``analyze`` does, but gives the tables out as the recording goes by, in the memory of a part.
    ///
    /// Each item is an ``Analysis`` with the results of ``part_s`` seconds, or a little more; the rows of all, one after the other, are
    /// those of ``analyze``, bit for bit. Events come in the part in which they ended, without what is read again afterwards
    /// (``Events.dip_class`` and the like); energy counts from the beginning. A part is no recording of its own: look for causes in the
    /// whole, or in what ``slice`` takes out of it.
    ///
    /// Parameters
    /// ----------
    /// part_s : float
    ///     Seconds of a part, at least; results take some 60 KiB a second for six channels.
    /// nominal_voltage, frequency, threads, config, **settings
    ///     As for ``analyze``.
    ///
    /// >>> import kilat
    /// >>> cap = kilat.read()
    /// >>> parts = cap.analyze_parts(part_s=60, nominal_voltage=230, frequency=50)
    /// >>> rows = sum(len(part.intervals) for part in parts)
    /// >>> rows == len(cap.analyze(nominal_voltage=230, frequency=50).intervals)
    /// True
    #[pyo3(signature = (*, part_s=600.0, nominal_voltage=None, frequency=None, threads=None, config=None, **settings))]
    fn analyze_parts(
        slf: &Bound<'_, Self>,
        part_s: f64,
        nominal_voltage: Option<f64>,
        frequency: Option<f64>,
        threads: Option<usize>,
        config: Option<&Bound<'_, Config>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Parts> {
        let capture = &slf.get().0;
        let (config, assumed) = chosen(capture, nominal_voltage, frequency, config, settings)?;
        let parts = kilat::engine::parts::Parts::new(capture, &config, threads.unwrap_or(0), part_s);
        Ok(Parts { running: Mutex::new(parts.map_err(to_py)?), assumed, capture: slf.clone().unbind() })
    }

    /// Draws one kind of channel over time, voltages if there are any (``cap.select(kind="current").plot()`` for others).
    ///
    /// Returns the matplotlib axes, ``ax`` or new ones. Long captures are drawn as their envelope.
    #[pyo3(signature = (ax=None))]
    fn plot<'py>(slf: &Bound<'py, Self>, ax: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("kilat.plot")?.call_method1("capture", (slf, ax))
    }

    /// Writes the capture in the format the extension of ``path`` names; what that format cannot hold is a UserWarning.
    ///
    /// COMTRADE (``.cfg``, ``.cff``) has a ``revision``, 1991, 1999 or 2013 (the default), and an ``encoding``, ASCII, BINARY,
    /// BINARY32 or FLOAT32: the smallest that holds every code when not given.
    #[pyo3(signature = (path, *, revision=None, encoding=None))]
    fn write(
        &self,
        py: Python<'_>,
        path: std::path::PathBuf,
        revision: Option<u16>,
        encoding: Option<String>,
    ) -> PyResult<()> {
        let options = kilat::io::WriteOptions { revision, encoding };
        let lost = py.detach(|| kilat::io::write_with(&self.0, &path, &options)).map_err(to_py)?;
        for line in lost {
            let line = CString::new(line).map_err(|e| PyValueError::new_err(e.to_string()))?;
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), &line, 1)?;
        }
        Ok(())
    }

    fn __getitem__(&self, name: &str) -> PyResult<Channel> {
        self.0.channel(name).cloned().map(Channel).map_err(|e| PyKeyError::new_err(e.to_string()))
    }

    fn __contains__(&self, name: &str) -> bool {
        self.0.channel(name).is_ok()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.names().into_pyobject(py)?.try_iter()
    }

    fn __len__(&self) -> usize {
        self.0.channels().len()
    }

    fn __repr__(&self) -> String {
        const SHOWN: usize = 6;
        let names = self.names();
        let more = if names.len() > SHOWN { " …" } else { "" };
        let shown = names[..names.len().min(SHOWN)].join(" ");
        let title = if self.0.source.is_empty() { &self.0.format } else { &self.0.source };
        let s = if names.len() == 1 { "" } else { "s" };
        let rate = self.sample_rate().map_or("several rates".into(), |hz| format!("{hz} Hz"));
        let from = self.0.time().start().map(|t| format!(" from {t}")).unwrap_or_default();
        let (n, seconds) = (names.len(), self.duration_s());
        format!("<kilat.Capture {title}: {n} channel{s} ({shown}{more}), {seconds} s at {rate}{from}>")
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("kilat.html")?.call_method1("capture", (slf,))
    }
}

impl Capture {
    /// Sample number that `value` means: a number, a duration or a moment; `bound` is its name.
    fn sample(&self, bound: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
        let (time, len) = (self.0.time(), self.0.len());
        let seconds = if value.is_instance_of::<PyFloat>() {
            value.extract::<f64>()?
        } else if let Ok(i) = value.extract::<i64>() {
            let i = if i < 0 { i.saturating_add_unsigned(len) } else { i };
            let i = u64::try_from(i).map_err(|_| outside(bound, value, len))?;
            return Ok(if bound == "stop" { i.min(len) } else { i });
        } else {
            let expected = format!(
                "{bound}: expected a duration such as \"10s\", float seconds, a sample number or a moment, found {value}"
            );
            let moment = value.str()?.to_string().parse::<Moment>();
            let moment = moment.map_err(|_| PyValueError::new_err(expected))?;
            time.seconds_to(moment).map_err(|e| PyValueError::new_err(format!("{bound}: {e}")))?
        };
        let last = if bound == "stop" { f64::INFINITY } else { time.duration_s() };
        if !(0.0..=last).contains(&seconds) {
            return Err(outside(bound, value, len));
        }
        Ok(time.sample_at(seconds))
    }
}

fn outside(bound: &str, value: &Bound<'_, PyAny>, len: u64) -> PyErr {
    PyValueError::new_err(format!("{bound}: {value} lies outside the capture of {len} samples"))
}

/// The settings that were given, else suggested by the signal, and what was assumed.
fn chosen(
    capture: &kilat::Capture,
    nominal_voltage: Option<f64>,
    frequency: Option<f64>,
    config: Option<&Bound<'_, Config>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<(kilat::Config, Vec<Warning>)> {
    if let Some(config) = config {
        if nominal_voltage.is_some() || frequency.is_some() || settings.is_some_and(|s| !s.is_empty()) {
            return Err(PyTypeError::new_err("config: give either config= or single settings, not both"));
        }
        return Ok((config.get().0.clone(), Vec::new()));
    }
    let (base, assumed) = kilat::config_for(capture, nominal_voltage, frequency).map_err(to_py)?;
    Ok((Config::changed(&base, settings)?.0, assumed))
}

/// An analysis on its way. The lock lets one thread at a time take the next part.
#[pyclass(frozen, module = "kilat._kilat")]
pub struct Parts {
    running: Mutex<kilat::engine::parts::Parts>,
    assumed: Vec<Warning>,
    capture: Py<Capture>,
}

#[pymethods]
impl Parts {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let next = py.detach(|| self.running.lock().unwrap_or_else(PoisonError::into_inner).next());
        let Some(analysis) = next.transpose().map_err(to_py)? else { return Ok(None) };
        let capture = self.capture.get().0.clone();
        let results = Results { analysis, assumed: self.assumed.clone(), capture };
        py.import("kilat.analysis")?.getattr("Analysis")?.call1((results, &self.capture)).map(Some)
    }
}

/// A keyword argument that maps channel names to something; names of no channel are refused.
struct Named<T> {
    keyword: &'static str,
    values: HashMap<String, T>,
}

impl<T> Named<T> {
    fn new(keyword: &'static str, values: Option<HashMap<String, T>>) -> Self {
        Self { keyword, values: values.unwrap_or_default() }
    }

    fn take(&mut self, channel: &str) -> Option<T> {
        self.values.remove(channel)
    }

    fn finish(self) -> PyResult<()> {
        self.values.into_keys().next().map_or(Ok(()), |name| {
            Err(PyValueError::new_err(format!("{}: there is no channel `{name}`", self.keyword)))
        })
    }
}
