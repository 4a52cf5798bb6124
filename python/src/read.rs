//! Reading: files, bytes, file objects and scenarios become captures.

use std::path::PathBuf;

use kilat::io::{ChannelMap, ReadOptions, SampleAxis, Source};
use kilat::{Phase, Timestamp};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyTuple};

use crate::capture::Capture;
use crate::error::to_py;

/// Reads a capture: COMTRADE, PQDIF, HDF5, WAV, FLAC, Parquet, Arrow, NPY, NPZ, CSV, known by their content. Without a source, an example capture.
///
/// Parameters
/// ----------
/// source : path, bytes, binary file object, or list of paths
///     A path is best: partners of the file (``.dat`` beside ``.cfg``) are found beside it. Several paths are the parts of one
///     recording, joined in the order of their starts; gaps between them stay gaps.
/// strict : bool
///     Damage that leaves usable data is an error; else it is noted in ``Capture.warnings``.
/// channels : sequence of str, optional
///     Keep only these, by name.
/// sample_rate : float, optional
///     Samples per second, for files that state none.
/// start : str, datetime or numpy.datetime64, optional
///     Time of the first sample, for files that state none; UTC unless it says otherwise.
/// axis : {0, 1}, optional
///     Axis of the samples in a two-dimensional array, as NumPy counts them.
/// map : dict or list of dict, optional
///     How columns or datasets become channels: ``{"source": "name"}``, or dicts with the keys ``source`` (dataset path,
///     column title or number), ``name``, ``unit``, ``phase``, ``scale`` (of one code; in WAV and FLAC of full scale), ``offset``.
/// observations : sequence of int, optional
///     Numbers, from 0, of the observations of a PQDIF file to make the capture of; else all that fit together.
///
/// Raises
/// ------
/// FileNotFoundError, PermissionError
///     The system refused.
/// FormatError
///     The file is in no known format, or breaks its format beyond repair; the message names the place.
/// UnsupportedError
///     The file is valid, but something kilat does not read.
///
/// Examples
/// --------
/// >>> import kilat
/// >>> cap = kilat.read()
/// >>> cap.n_samples, cap.sample_rate
/// (120000, 10000.0)
#[pyfunction]
#[pyo3(signature = (source=None, *, strict=false, channels=None, sample_rate=None, start=None, axis=None, map=None,
    observations=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the Python function")]
pub fn read(
    py: Python<'_>,
    source: Option<&Bound<'_, PyAny>>,
    strict: bool,
    channels: Option<Vec<String>>,
    sample_rate: Option<f64>,
    start: Option<&Bound<'_, PyAny>>,
    axis: Option<usize>,
    map: Option<&Bound<'_, PyAny>>,
    observations: Option<Vec<usize>>,
) -> PyResult<Capture> {
    let options = ReadOptions {
        strict,
        channels,
        sample_rate_hz: sample_rate,
        observations: observations.unwrap_or_default(),
        start: start.map(timestamp).transpose()?,
        map: map.map(channel_maps).transpose()?.unwrap_or_default(),
        axis: match axis {
            None => None,
            Some(0) => Some(SampleAxis::Rows),
            Some(1) => Some(SampleAxis::Columns),
            Some(n) => return Err(PyValueError::new_err(format!("axis: expected 0 or 1, found {n}"))),
        },
    };
    let Some(source) = source else { return synth(py, "healthy") };
    if source.is_instance_of::<PyList>() || source.is_instance_of::<PyTuple>() {
        let paths: Vec<PathBuf> = source.extract()?;
        return py.detach(|| kilat::io::read_all(&paths, &options)).map(Capture).map_err(to_py);
    }
    let source = locate(source)?;
    py.detach(|| kilat::io::read_source(&source, &options)).map(Capture).map_err(to_py)
}

pub fn locate(source: &Bound<'_, PyAny>) -> PyResult<Source> {
    let bytes = |name: String, content: &Bound<'_, PyAny>| {
        let bytes = if let Ok(b) = content.cast::<PyBytes>() {
            b.as_bytes().to_vec()
        } else if let Ok(b) = content.cast::<PyByteArray>() {
            b.to_vec()
        } else {
            return Err(PyTypeError::new_err(format!(
                "{name}: expected bytes, found {}; open the file in binary mode",
                content.get_type().name()?
            )));
        };
        Ok(Source::Bytes { name, bytes })
    };
    if let Ok(path) = source.extract::<PathBuf>() {
        Ok(Source::File(path))
    } else if source.hasattr("read")? {
        let name = source.getattr("name").and_then(|n| n.extract::<PathBuf>());
        let name = name.map_or_else(|_| "file object".into(), |n| n.display().to_string());
        bytes(name, &source.call_method0("read")?)
    } else if source.is_instance_of::<PyBytes>() || source.is_instance_of::<PyByteArray>() {
        bytes("bytes".into(), source)
    } else {
        Err(PyTypeError::new_err(format!(
            "source: expected a path, bytes or a binary file object, found {}",
            source.get_type().name()?
        )))
    }
}

fn channel_maps(map: &Bound<'_, PyAny>) -> PyResult<Vec<ChannelMap>> {
    if let Ok(names) = map.cast::<PyDict>() {
        return names
            .iter()
            .map(|(source, name)| {
                Ok(ChannelMap {
                    source: source.str()?.to_string(),
                    name: Some(name.extract()?),
                    ..ChannelMap::default()
                })
            })
            .collect();
    }
    map.try_iter()?.map(|entry| channel_map(entry?.cast::<PyDict>()?)).collect()
}

fn channel_map(entry: &Bound<'_, PyDict>) -> PyResult<ChannelMap> {
    let mut out = ChannelMap::default();
    for (key, value) in entry {
        match key.extract::<String>()?.as_str() {
            "source" => out.source = value.str()?.to_string(),
            "name" => out.name = value.extract()?,
            "unit" => out.unit = value.extract()?,
            "phase" => {
                out.phase = value.extract::<Option<String>>()?.map(|p| phase("map", &p)).transpose()?;
            }
            "scale" => out.scale = value.extract()?,
            "offset" => out.offset = value.extract()?,
            other => {
                return Err(PyValueError::new_err(format!(
                    "map: unknown key `{other}`; the keys are source, name, unit, phase, scale, offset"
                )));
            }
        }
    }
    Ok(out)
}

/// A phase as users spell it.
pub fn phase(place: &str, text: &str) -> PyResult<Phase> {
    Phase::parse(text).ok_or_else(|| {
        PyValueError::new_err(format!("{place}: phase: expected one of A B C N AB BC CA, found `{text}`"))
    })
}

/// A moment from ISO text, a datetime or a `numpy.datetime64`: all of them print as ISO 8601.
pub fn timestamp(value: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    value.str()?.to_string().parse().map_err(to_py)
}

/// A capture computed from a model of a low-voltage feeder: a scenario such as ``"healthy"`` or ``"kaur-2024"``.
///
/// An unknown name is a ValueError that lists the known ones.
///
/// >>> import kilat
/// >>> kilat.synth("kaur-2024").format
/// 'scenario kaur-2024'
#[pyfunction]
pub fn synth(py: Python<'_>, name: &str) -> PyResult<Capture> {
    let scenario = || kilat::synth::scenario(name, &kilat::synth::Options::of(name)?);
    py.detach(scenario).map(|s| Capture(s.capture)).map_err(to_py)
}

/// A capture of the scenario ``name`` with these options, and the truth about it as a JSON text.
#[pyfunction]
#[pyo3(signature = (name, seed, sample_rate, duration_s, noise_db))]
pub fn scenario(
    py: Python<'_>,
    name: &str,
    seed: Option<u64>,
    sample_rate: Option<f64>,
    duration_s: Option<f64>,
    noise_db: Option<f64>,
) -> PyResult<(Capture, String)> {
    let generate = || {
        let defaults = kilat::synth::Options::of(name)?;
        let options = kilat::synth::Options {
            seed: seed.unwrap_or(defaults.seed),
            sample_rate_hz: sample_rate.unwrap_or(defaults.sample_rate_hz),
            duration_s: duration_s.unwrap_or(defaults.duration_s),
            noise_db: noise_db.unwrap_or(defaults.noise_db),
        };
        kilat::synth::scenario(name, &options)
    };
    let s = py.detach(generate).map_err(to_py)?;
    let truth = serde_json::to_string(&s).map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok((Capture(s.capture), truth))
}

/// Names of all scenarios.
#[pyfunction]
pub fn scenario_names() -> Vec<&'static str> {
    kilat::synth::names().to_vec()
}
