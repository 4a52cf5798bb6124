//! The border to NumPy: views of our memory, times, and samples taken in.

use kilat::{Samples, TimeBase, Timestamp};
use numpy::datetime::{Datetime, units::Nanoseconds};
use numpy::ndarray::{ArrayView, Dimension};
use numpy::{Element, IntoPyArray, PyArray, PyArray1, PyArrayMethods};
use pyo3::PyClass;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;

/// A read-only NumPy array over memory of `owner`, without a copy; the array keeps `owner` alive.
pub fn view<'py, O, T, D>(
    owner: &Bound<'py, O>,
    pick: impl for<'a> FnOnce(&'a O) -> ArrayView<'a, T, D>,
) -> PyResult<Bound<'py, PyAny>>
where
    O: PyClass<Frozen = True> + Sync,
    T: Element,
    D: Dimension,
{
    let memory = pick(owner.get());
    #[expect(unsafe_code, reason = "NumPy offers no other way to lend memory without a copy")]
    // SAFETY: `pick` can only borrow from `owner` (or from statics): a frozen class without interior mutability, which the
    // array holds as its base. The memory therefore neither moves nor changes while the array lives.
    let array = unsafe { PyArray::borrow_from_array(&memory, owner.clone().into_any()) };
    array.getattr("flags")?.setattr("writeable", false)?;
    Ok(array.into_any())
}

/// Moments of sample positions: `datetime64[ns]` when the start is known, else float seconds from the beginning.
pub fn times<'py>(
    py: Python<'py>,
    time: &TimeBase,
    positions: impl Iterator<Item = f64> + Send,
) -> Bound<'py, PyAny> {
    if let Some(start) = time.start() {
        // What does not exist is NaT.
        let moment =
            |p: f64| if p.is_nan() { i64::MIN } else { time.timestamp(p).unwrap_or(start).as_nanos() };
        let moments: Vec<Datetime<Nanoseconds>> = py.detach(|| positions.map(|p| moment(p).into()).collect());
        moments.into_pyarray(py).into_any()
    } else {
        let seconds: Vec<f64> = py.detach(|| positions.map(|p| time.seconds(p)).collect());
        seconds.into_pyarray(py).into_any()
    }
}

/// Moments of the clock that the engine keeps: as [`times`].
pub fn moments<'py>(
    py: Python<'py>,
    time: &TimeBase,
    moments: impl Iterator<Item = Timestamp>,
) -> Bound<'py, PyAny> {
    if time.start().is_some() {
        let moments: Vec<Datetime<Nanoseconds>> = moments.map(|t| t.as_nanos().into()).collect();
        moments.into_pyarray(py).into_any()
    } else {
        let seconds: Vec<f64> = moments.map(|t| t.seconds_since(Timestamp::default())).collect();
        seconds.into_pyarray(py).into_any()
    }
}

/// Moments of several captures, `datetime64[ns]`; NaT where a capture has no start.
pub fn dates(py: Python<'_>, dates: impl Iterator<Item = Option<Timestamp>>) -> Bound<'_, PyAny> {
    let nanos = dates.map(|t| t.map_or(i64::MIN, Timestamp::as_nanos));
    let dates: Vec<Datetime<Nanoseconds>> = nanos.map(Into::into).collect();
    dates.into_pyarray(py).into_any()
}

/// Copies the samples of `channel` out of anything NumPy makes an array of, in the smallest of our types that holds its
/// dtype: int16, int32, float32, float64.
pub fn samples(channel: &str, array: &Bound<'_, PyAny>) -> PyResult<Samples> {
    let numpy = array.py().import("numpy")?;
    if array.is_instance(&numpy.getattr("ma")?.getattr("MaskedArray")?)? {
        return Err(PyTypeError::new_err(format!(
            "channel `{channel}`: a masked array would lose its mask; use a.astype(float).filled(float('nan'))"
        )));
    }
    let array = numpy.call_method1("asarray", (array,))?;
    let shape: Vec<usize> = array.getattr("shape")?.extract()?;
    if shape.len() != 1 {
        return Err(PyValueError::new_err(format!(
            "channel `{channel}`: expected a one-dimensional array, found shape {shape:?}"
        )));
    }
    let dtype = array.getattr("dtype")?;
    let holds = |ours: &str| numpy.call_method1("can_cast", (&dtype, ours))?.extract::<bool>();
    if holds("i2")? {
        copy::<i16>(&array, "i2")
    } else if holds("i4")? {
        copy::<i32>(&array, "i4")
    } else if holds("f4")? {
        copy::<f32>(&array, "f4")
    } else if holds("f8")? {
        copy::<f64>(&array, "f8")
    } else {
        Err(PyTypeError::new_err(format!("channel `{channel}`: expected real numbers, found {dtype}")))
    }
}

fn copy<T: Element + Copy>(array: &Bound<'_, PyAny>, dtype: &str) -> PyResult<Samples>
where
    Samples: From<Vec<T>>,
{
    let array = array.call_method1("astype", (dtype, "C", "safe", true, false))?;
    let array = array.cast::<PyArray1<T>>()?.try_readonly()?;
    Ok(array.as_slice()?.to_vec().into())
}
