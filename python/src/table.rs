//! Tables leave as an Arrow C stream: pyarrow, polars, pandas and DuckDB take it, and kilat depends on none of them.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int8Array, Int64Array, RecordBatch,
    RecordBatchIterator, StringArray, TimestampNanosecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
};
use numpy::datetime::{Datetime, units::Nanoseconds};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

/// A PyCapsule ``arrow_array_stream`` with one batch: the one-dimensional NumPy arrays of ``columns``, copied.
///
/// Object columns hold texts or `None`, or sequences of texts or of numbers. Times are without a zone, as in NumPy.
#[pyfunction]
pub fn arrow_stream<'py>(py: Python<'py>, columns: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyCapsule>> {
    let mut arrays = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        let name: String = name.extract()?;
        let array = arrow(&column)?
            .ok_or_else(|| PyTypeError::new_err(format!("column `{name}` has no Arrow type: {column}")))?;
        arrays.push((name, array));
    }
    let batch = RecordBatch::try_from_iter(arrays).map_err(|e| PyValueError::new_err(e.to_string()))?;
    let schema = batch.schema();
    let stream = FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new([Ok(batch)], schema)));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

fn arrow(column: &Bound<'_, PyAny>) -> PyResult<Option<ArrayRef>> {
    macro_rules! numbers {
        ($($t:ty => $array:ty),*) => {$(
            if let Ok(x) = column.cast::<PyArray1<$t>>() {
                let values: Vec<$t> = x.try_readonly()?.as_array().to_vec();
                return Ok(Some(Arc::new(<$array>::from(values))));
            }
        )*};
    }
    numbers!(f64 => Float64Array, f32 => Float32Array, i64 => Int64Array, u64 => UInt64Array, u32 => UInt32Array,
        u16 => UInt16Array, u8 => UInt8Array, i8 => Int8Array, bool => BooleanArray);
    if let Ok(x) = column.cast::<PyArray1<Datetime<Nanoseconds>>>() {
        let nanos: Vec<i64> = x.try_readonly()?.as_array().iter().map(|&t| t.into()).collect();
        return Ok(Some(Arc::new(TimestampNanosecondArray::from(nanos))));
    }
    let list = column.call_method0("tolist")?;
    if let Ok(texts) = list.extract::<Vec<Option<String>>>() {
        return Ok(Some(Arc::new(StringArray::from(texts))));
    }
    if let Ok(lists) = list.extract::<Vec<Vec<String>>>() {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for texts in lists {
            builder.append_value(texts.into_iter().map(Some));
        }
        return Ok(Some(Arc::new(builder.finish())));
    }
    if let Ok(lists) = list.extract::<Vec<Vec<f64>>>() {
        let mut builder = ListBuilder::new(Float64Builder::new());
        for numbers in lists {
            builder.append_value(numbers.into_iter().map(Some));
        }
        return Ok(Some(Arc::new(builder.finish())));
    }
    Ok(None)
}
