//! One column of a capture, as Python sees it.

use kilat::{SampleKind, SamplesRef};
use numpy::ndarray::ArrayView1;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

use crate::array::view;
use crate::error::to_py;

/// One channel of a capture: ``cap["Ua"]``.
///
/// >>> import kilat, numpy as np
/// >>> codes = np.array([0, 100, -100], dtype=np.int16)
/// >>> cap = kilat.Capture.from_arrays({"Ua": codes}, sample_rate=1000.0, scales={"Ua": 0.5})
/// >>> cap["Ua"]
/// <kilat.Channel Ua: voltage, phase A, 3 int16 samples, 0.5 V per code>
/// >>> cap["Ua"].values
/// array([  0.,  50., -50.])
#[pyclass(frozen, module = "kilat")]
pub struct Channel(pub kilat::Channel);

#[pymethods]
impl Channel {
    /// Name as in the file.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Conductor: ``"A" "B" "C" "N" "AB" "BC" "CA"``, or None when unknown.
    #[getter]
    fn phase(&self) -> Option<String> {
        self.0.phase.map(|p| p.to_string())
    }

    /// ``"voltage"``, ``"current"`` or ``"other"``.
    #[getter]
    fn kind(&self) -> String {
        self.0.kind.to_string()
    }

    /// Unit of ``values``, as in the file.
    #[getter]
    fn unit(&self) -> &str {
        &self.0.unit
    }

    /// Value of one code: ``values == scale * codes + offset``.
    #[getter]
    fn scale(&self) -> f64 {
        self.0.scale
    }

    /// Value of code zero.
    #[getter]
    fn offset(&self) -> f64 {
        self.0.offset
    }

    /// Integer code that means "no sample", or None; in float codes NaN means it.
    #[getter]
    fn missing_code(&self) -> Option<i32> {
        self.0.missing_code
    }

    /// Values in ``unit``: a new float64 array of shape ``(n_samples,)``, NaN where a sample is missing.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(py.detach(|| self.0.values(0..self.0.len())).map_err(to_py)?.into_pyarray(py))
    }

    /// Codes as stored: a read-only view of shape ``(n_samples,)``, no copy when they are in memory; int16, int32, float32 or
    /// float64.
    #[getter]
    fn codes<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let channel = &slf.get().0;
        if channel.samples.as_ref().is_none() {
            let samples = slf.py().detach(|| channel.samples.load()).map_err(to_py)?;
            return Self::codes(&Bound::new(slf.py(), Self(kilat::Channel { samples, ..channel.clone() }))?);
        }
        // Each arm borrows anew: the type of the view is known only inside the match.
        macro_rules! lend {
            ($($kind:ident: $t:ty),*) => {
                match channel.samples.kind() {
                    $(SampleKind::$kind => view(slf, |c| match c.0.samples.as_ref() {
                        Some(SamplesRef::$kind(x)) => ArrayView1::from(x),
                        _ => ArrayView1::<$t>::from(&[]),
                    }),)*
                }
            };
        }
        lend!(I16: i16, I32: i32, F32: f32, F64: f64)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        let c = &self.0;
        let phase = c.phase.map(|p| format!(", phase {p}")).unwrap_or_default();
        let dtype = match c.samples.kind() {
            SampleKind::I16 => "int16",
            SampleKind::I32 => "int32",
            SampleKind::F32 => "float32",
            SampleKind::F64 => "float64",
        };
        let scale = format!("{} {} per code", c.scale, c.unit).replace("  ", " ");
        format!("<kilat.Channel {}: {}{phase}, {} {dtype} samples, {scale}>", c.name, c.kind, c.len())
    }
}
