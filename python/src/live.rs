//! A live stream: blocks in, results out. The lock makes one stream usable from many threads, one after the other.

use std::sync::{Arc, Mutex, PoisonError};

use kilat::engine::live::{Around, Block, Options, Quality};
use kilat::engine::plan::{ChannelSpec, Plan};
use kilat::{Kind, SampleRate, SamplesRef, Timestamp, capture};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};
use serde_json::{Value, json};

use crate::array::samples;
use crate::config::Config;
use crate::error::{FormatError, to_py};
use crate::output::{Names, Output};
use crate::read::timestamp;

const MAGIC: &[u8; 8] = b"kilatPyL";

/// A running analysis of a stream, fed block by block for as long as the process lives.
///
/// Parameters
/// ----------
/// sample_rate : float
///     Samples per second.
/// channels : sequence of str
///     Names in the order of the blocks; ``Ua``, ``V1``, ``Ia`` and the like say what they are.
/// nominal_voltage, frequency : float
///     Udin in volts, nominal frequency in hertz.
/// start : str, datetime or numpy.datetime64, optional
///     Time of the first sample; without it times are seconds from the first sample, until a block has a time.
/// units, scales, offsets : dict, optional
///     By channel: ``V``, ``A`` and multiples of them; unit per code; unit at code zero.
/// waveforms : (float, float), optional
///     Give out the samples around events: from so many seconds before the begin of each to so many after it.
/// p_inst : bool
///     Give out the instantaneous flicker sensation too, some 200 values a second and channel.
/// config : Config, optional
///     All settings at once, instead of single ones.
/// **settings
///     Any field of ``Config``.
///
/// >>> import kilat, numpy as np
/// >>> live = kilat.Live(sample_rate=10_000, channels=["Ua"], nominal_voltage=230, frequency=50)
/// >>> u = 325.27 * np.sin(2 * np.pi * 50 * np.arange(10_000) / 10_000)
/// >>> found = [o for block in u.reshape(20, 1, 500) for o in live.push(block)] + live.finish()
/// >>> sorted({o.kind for o in found})
/// ['aggregate', 'half_cycle', 'interval']
/// >>> round(next(o for o in found if o.kind == "half_cycle").u_rms_v, 2)
/// 230.0
#[pyclass(frozen, module = "kilat")]
#[expect(clippy::doc_link_with_quotes, reason = "Python's lists are no links")]
pub struct Live {
    stream: Mutex<kilat::Live>,
    names: Arc<Names>,
    /// What it was made of, so that a checkpoint needs nothing else.
    setup: Value,
}

impl Live {
    /// The stream that `setup` describes: new, or as `state` left it.
    fn of(setup: Value, config: &kilat::Config, state: Option<&[u8]>) -> PyResult<Self> {
        let bad =
            || FormatError::new_err("checkpoint: setup: expected that of a stream, found something else");
        let rate = setup["sample_rate"].as_f64().ok_or_else(bad)?;
        let rate = SampleRate::from_hz(rate).map_err(to_py)?;
        let mut specs = Vec::new();
        for (k, c) in setup["channels"].as_array().ok_or_else(bad)?.iter().enumerate() {
            let text = |key: &str| c[key].as_str().ok_or_else(bad);
            let number = |key: &str| c[key].as_f64().ok_or_else(bad);
            let channel = kilat::Channel::new(text("name")?, text("unit")?, Vec::<f64>::new())
                .with_scale(number("scale")?, number("offset")?);
            if channel.kind == Kind::Other {
                return Err(PyValueError::new_err(format!(
                    "channel `{}`: neither a voltage nor a current; units={{...}} can say which it is",
                    channel.name
                )));
            }
            specs.push(ChannelSpec::of(&channel, k));
        }
        let around = |w: &Value| Some(Around { before_s: w[0].as_f64()?, after_s: w[1].as_f64()? });
        let options = Options {
            p_inst: setup["p_inst"].as_bool().ok_or_else(bad)?,
            waveforms: around(&setup["waveforms"]),
            ..Options::default()
        };
        let start = setup["start"].as_str().map(str::parse).transpose().map_err(to_py)?;
        let plan = Arc::new(Plan::new(config, rate, &specs).map_err(to_py)?);
        if plan.recorded().len() != specs.len() {
            return Err(PyValueError::new_err("channels: each needs a finite scale other than zero"));
        }
        let live = match state {
            None => kilat::Live::with_plan(plan.clone(), start, options),
            Some(bytes) => kilat::Live::restore(plan.clone(), options, bytes),
        };
        let names = Arc::new(Names::new(&plan));
        Ok(Self { stream: Mutex::new(live.map_err(to_py)?), names, setup })
    }

    /// Does `work` without holding the interpreter, and takes what waits.
    fn with(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut kilat::Live) -> kilat::Result<()> + Send,
    ) -> PyResult<Vec<Output>> {
        py.detach(|| {
            let mut live = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut live)?;
            let dated = live.is_dated();
            let names = &self.names;
            Ok(live.outputs().map(|of| Output { of, dated, names: names.clone() }).collect())
        })
        .map_err(to_py)
    }
}

#[pymethods]
impl Live {
    #[new]
    #[pyo3(signature = (*, sample_rate, channels, nominal_voltage=None, frequency=None, start=None, units=None, scales=None,
        offsets=None, waveforms=None, p_inst=false, config=None, **settings))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the Python class")]
    fn new(
        sample_rate: f64,
        channels: Vec<String>,
        nominal_voltage: Option<f64>,
        frequency: Option<f64>,
        start: Option<&Bound<'_, PyAny>>,
        units: Option<&Bound<'_, PyDict>>,
        scales: Option<&Bound<'_, PyDict>>,
        offsets: Option<&Bound<'_, PyDict>>,
        waveforms: Option<(f64, f64)>,
        p_inst: bool,
        config: Option<&Bound<'_, Config>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let config = match (config, nominal_voltage, frequency) {
            (Some(config), None, None) if settings.is_none_or(PyDictMethods::is_empty) => {
                config.get().0.clone()
            }
            (Some(_), ..) => {
                return Err(PyTypeError::new_err("config: give either config= or single settings, not both"));
            }
            (None, Some(voltage), Some(hz)) => {
                Config::changed(&kilat::Config::class_a(voltage, hz), settings)?.0
            }
            _ => {
                return Err(PyTypeError::new_err(
                    "a live stream cannot guess: give nominal_voltage= and frequency=, or config=",
                ));
            }
        };
        for (word, given) in [("units", units), ("scales", scales), ("offsets", offsets)] {
            for name in given.into_iter().flat_map(PyDictMethods::keys) {
                let name: String = name.extract()?;
                if !channels.contains(&name) {
                    let names = channels.join(", ");
                    return Err(PyValueError::new_err(format!(
                        "{word}: no channel `{name}`; there are {names}"
                    )));
                }
            }
        }
        let number = |given: Option<&Bound<'_, PyDict>>, name: &str, usual: f64| -> PyResult<f64> {
            Ok(match given.map(|d| d.get_item(name)).transpose()?.flatten() {
                Some(v) => v.extract()?,
                None => usual,
            })
        };
        let mut described = Vec::new();
        for name in &channels {
            let unit: String = match units.map(|d| d.get_item(name)).transpose()?.flatten() {
                Some(unit) => unit.extract()?,
                None => match capture::guess_kind(name, "") {
                    Kind::Voltage => "V".into(),
                    Kind::Current => "A".into(),
                    Kind::Other => String::new(),
                },
            };
            let (scale, offset) = (number(scales, name, 1.0)?, number(offsets, name, 0.0)?);
            described.push(json!({"name": name, "unit": unit, "scale": scale, "offset": offset}));
        }
        let start = start.map(timestamp).transpose()?;
        let setup = json!({
            "sample_rate": sample_rate,
            "channels": described,
            "config": config,
            "start": start,
            "waveforms": waveforms,
            "p_inst": p_inst,
        });
        Self::of(setup, &config, None)
    }

    /// Takes the next block and returns what it completes.
    ///
    /// Parameters
    /// ----------
    /// block : array of int16, int32, float32 or float64
    ///     ``(channels, n)``; one dimension will do for one channel.
    /// axis : {0, 1}, optional
    ///     The axis of the samples, as NumPy counts: ``axis=0`` for blocks of ``(n, channels)``.
    /// first_index : int, optional
    ///     The source's own count of the first sample. What is missing before it is an output of kind ``gap``; a block that
    ///     overlaps, is late or comes twice is said to, and not used again. Without it the block follows the one before.
    /// time : str, datetime or numpy.datetime64, optional
    ///     When the first sample was taken. A step of the clock is said, a drift followed.
    /// overload, clock_lost : bool
    ///     What the source says of the block: a converter was at its limit; its clock is not synchronised.
    #[pyo3(signature = (block, *, axis=None, first_index=None, time=None, overload=false, clock_lost=false))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the Python method")]
    fn push(
        &self,
        py: Python<'_>,
        block: &Bound<'_, PyAny>,
        axis: Option<usize>,
        first_index: Option<u64>,
        time: Option<&Bound<'_, PyAny>>,
        overload: bool,
        clock_lost: bool,
    ) -> PyResult<Vec<Output>> {
        let numpy = py.import("numpy")?;
        let array = numpy.call_method1("asanyarray", (block,))?;
        let shape: Vec<usize> = array.getattr("shape")?.extract()?;
        let channels = self.names.recorded;
        let (given, interleaved) = match (&shape[..], axis) {
            ([_], None | Some(0)) => (1, false),
            ([rows, _], None | Some(1)) => (*rows, false),
            ([_, columns], Some(0)) => (*columns, true),
            (_, Some(0 | 1) | None) => {
                let message = format!("block: expected an array of two dimensions, found shape {shape:?}");
                return Err(PyValueError::new_err(message));
            }
            (_, Some(n)) => {
                return Err(PyValueError::new_err(format!("axis: expected 0 or 1, found {n}")));
            }
        };
        if given != channels {
            let hint = if interleaved { "" } else { "; axis=0 is for blocks of (n, channels)" };
            return Err(PyValueError::new_err(format!(
                "block: expected {channels} channels, found {given} in shape {shape:?}{hint}"
            )));
        }
        let flat = samples("block", &array.call_method1("reshape", (-1,))?)?;
        let time = time.map(timestamp).transpose()?;
        let mut quality = Quality::empty();
        quality.set(Quality::OVERLOAD, overload);
        quality.set(Quality::CLOCK_LOST, clock_lost);
        self.with(py, |live| {
            let n = flat.len() / channels;
            let first = first_index.unwrap_or_else(|| live.next_index());
            let row = |c: usize| flat.slice(c * n..(c + 1) * n);
            let rows: Vec<_> = (0..if interleaved { 0 } else { channels }).map(row).collect();
            let parts: Vec<SamplesRef<'_>> = rows.iter().filter_map(kilat::Samples::as_ref).collect();
            match flat.as_ref().filter(|_| interleaved) {
                Some(all) => live.push(Block::Interleaved(all), first, time, quality),
                None => live.push(Block::Planar(&parts), first, time, quality),
            }
        })
    }

    /// Ends the stream and returns what is left.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<Output>> {
        self.with(py, |live| {
            live.finish();
            Ok(())
        })
    }

    /// The whole state as bytes: restored, the rest of the stream gives the same bits as if it had never stopped.
    ///
    /// >>> import kilat
    /// >>> live = kilat.Live(sample_rate=10_000, channels=["Ua"], nominal_voltage=230, frequency=50)
    /// >>> kilat.Live.restore(live.checkpoint())
    /// <kilat.Live 1 channel (Ua) at 10000 Hz, next sample 0>
    #[expect(clippy::doc_link_with_quotes, reason = "Python's lists are no links")]
    fn checkpoint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let state = py.detach(|| self.stream.lock().unwrap_or_else(PoisonError::into_inner).checkpoint());
        let state = state.map_err(to_py)?;
        let setup = self.setup.to_string();
        let mut bytes = Vec::from(MAGIC);
        bytes.extend((setup.len() as u64).to_le_bytes());
        bytes.extend(setup.as_bytes());
        bytes.extend(state);
        Ok(PyBytes::new(py, &bytes))
    }

    /// A stream that goes on where ``checkpoint`` was called. Damaged bytes are a ``FormatError``.
    #[classmethod]
    fn restore(_class: &Bound<'_, PyType>, checkpoint: &[u8]) -> PyResult<Self> {
        let bad = |what: &str| FormatError::new_err(format!("checkpoint: {what}"));
        let rest = checkpoint.strip_prefix(MAGIC).ok_or_else(|| bad("first bytes: expected `kilatPyL`"))?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(|| bad("it ends within its header"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (setup, state) = rest.split_at_checked(length).ok_or_else(|| bad("it ends within its setup"))?;
        let setup: Value = serde_json::from_slice(setup).map_err(|e| bad(&format!("setup: {e}")))?;
        let config: kilat::Config = serde_json::from_value(setup["config"].clone())
            .map_err(|e| bad(&format!("setup: settings: {e}")))?;
        Self::of(setup, &config, Some(state))
    }

    /// The index of the sample that ought to come next.
    #[getter]
    fn next_index(&self) -> u64 {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).next_index()
    }

    /// Names of the analysed channels: those of the blocks, then derived ones.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.names.all.clone()
    }

    fn __repr__(&self) -> String {
        let channels = self.names.recorded;
        let names = self.names.all[..channels].join(" ");
        let s = if channels == 1 { "" } else { "s" };
        let rate = self.setup["sample_rate"].as_f64().unwrap_or_default();
        format!(
            "<kilat.Live {channels} channel{s} ({names}) at {rate} Hz, next sample {}>",
            self.next_index()
        )
    }
}

/// A moment as Python sees it: `datetime64[ns]`, or seconds from the first sample when the clock is unknown.
pub fn moment(py: Python<'_>, time: Timestamp, dated: bool) -> PyResult<Bound<'_, PyAny>> {
    if dated {
        py.import("numpy")?.call_method1("datetime64", (time.as_nanos(), "ns"))
    } else {
        Ok(time.seconds_since(Timestamp::default()).into_pyobject(py)?.into_any())
    }
}
