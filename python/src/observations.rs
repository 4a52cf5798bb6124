//! Observations of a file, as dictionaries of columns; `kilat/observed.py` gives them their face.

use std::sync::Arc;

use kilat::Timestamp;
use kilat::output::{self, ObservationInfo, ObservationTable};
use numpy::IntoPyArray;
use numpy::datetime::{Datetime, units::Nanoseconds};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::error::to_py;
use crate::read::locate;

/// The observations of one file.
#[pyclass(frozen, module = "kilat._kilat")]
pub struct ObservationFile(kilat::Observations);

/// Reads the observations of a PQDIF file; `kilat.observations` wraps it.
#[pyfunction]
pub fn read_observations(py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<ObservationFile> {
    let source = locate(source)?;
    py.detach(|| kilat::io::observations_of(&source)).map(ObservationFile).map_err(to_py)
}

/// A moment; Not-a-Time when there is none.
fn moment(t: Option<Timestamp>) -> Datetime<Nanoseconds> {
    t.map_or(i64::MIN, Timestamp::as_nanos).into()
}

#[pymethods]
impl ObservationFile {
    #[getter]
    fn format(&self) -> &str {
        &self.0.format
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.iter().map(ToString::to_string).collect()
    }

    fn __len__(&self) -> usize {
        self.0.list.len()
    }

    /// A row per observation.
    fn index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = output::observations(&self.0);
        let out = PyDict::new(py);
        let texts = |f: fn(&ObservationInfo) -> String| all.iter().map(f).collect::<Vec<_>>();
        let moments = |f: fn(&ObservationInfo) -> Option<Timestamp>| {
            all.iter().map(|o| moment(f(o))).collect::<Vec<_>>().into_pyarray(py)
        };
        let counts = |f: fn(&ObservationInfo) -> usize| {
            all.iter().map(|o| f(o) as u64).collect::<Vec<u64>>().into_pyarray(py)
        };
        out.set_item("number", counts(|o| o.number))?;
        out.set_item("name", texts(|o| o.name.clone()))?;
        out.set_item("quantities", texts(|o| o.quantities.join(" ")))?;
        out.set_item("start", moments(|o| o.start))?;
        out.set_item("trigger", moments(|o| o.trigger))?;
        out.set_item("disturbance", texts(|o| o.disturbance.clone()))?;
        out.set_item("channels", counts(|o| o.channels.len()))?;
        out.set_item("rows", counts(|o| o.rows))?;
        Ok(out)
    }

    /// One observation: a row per channel and value.
    fn table<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Bound<'py, PyDict>> {
        let count = self.0.list.len();
        let o = self.0.list.get(number).ok_or_else(|| {
            PyIndexError::new_err(format!("observation {number}: the file has {count}, from 0"))
        })?;
        let table = py.detach(|| ObservationTable::of(o)).map_err(to_py)?;
        let texts = |column: &[Arc<str>]| column.iter().map(|t| PyString::new(py, t)).collect::<Vec<_>>();
        let out = PyDict::new(py);
        let time = table.time_s;
        if let Some(start) = table.start {
            let at = |t: f64| moment(Some(t).filter(|t| t.is_finite()).map(|t| start.plus_seconds(t)));
            let moments: Vec<_> = time.into_iter().map(at).collect();
            out.set_item("time", moments.into_pyarray(py))?;
        } else {
            out.set_item("time", time.into_pyarray(py))?;
        }
        out.set_item("channel", texts(&table.channel))?;
        out.set_item("phase", texts(&table.phase))?;
        out.set_item("quantity", texts(&table.quantity))?;
        out.set_item("group_id", table.group_id.into_pyarray(py))?;
        out.set_item("characteristic", texts(&table.characteristic))?;
        out.set_item("unit", texts(&table.unit))?;
        for (value_type, values) in table.values {
            out.set_item(value_type, values.into_pyarray(py))?;
        }
        Ok(out)
    }
}
