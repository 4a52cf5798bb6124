//! Settings of an analysis. The fields are those of [`kilat::Config`], by way of serde: a new setting appears here by itself.

use pyo3::exceptions::{PyAttributeError, PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::Value;

use crate::error::to_py;

/// Settings of an analysis; a setting not given has the default of IEC 61000-4-30 Ed. 3, Class A.
///
/// Settings are keywords, attributes, and keys of ``dict(config)``; ``config.replace(dip_pct=85)`` gives a changed copy.
/// The measurement class is written ``class_``, for ``class`` is a word of Python.
///
/// >>> import kilat
/// >>> config = kilat.Config(nominal_voltage_v=230, nominal_frequency_hz=50, dip_pct=85)
/// >>> config.dip_pct, config.swell_pct
/// (85.0, 110.0)
/// >>> config.replace(swell_pct=115).swell_pct
/// 115.0
#[pyclass(frozen, eq, module = "kilat", mapping)]
#[derive(PartialEq)]
pub struct Config(pub kilat::Config);

impl Config {
    /// `base` with `settings` changed; an unknown name or a senseless value is refused.
    pub fn changed(base: &kilat::Config, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut fields = serde_json::to_value(base).map_err(|e| PyValueError::new_err(e.to_string()))?;
        for (name, value) in settings.into_iter().flatten() {
            let name: String = name.extract()?;
            let name = plain(&name).to_owned();
            let Some(slot) = fields.get_mut(&name) else {
                return Err(PyTypeError::new_err(format!(
                    "unknown setting `{name}`; the settings are {}",
                    names(&fields).join(", ")
                )));
            };
            *slot = json(&name, &value)?;
            // One at a time, so that the message can say which setting has the wrong type.
            serde_json::from_value::<kilat::Config>(fields.clone())
                .map_err(|e| PyTypeError::new_err(format!("{name}: {e}")))?;
        }
        let config: kilat::Config =
            serde_json::from_value(fields).map_err(|e| PyTypeError::new_err(e.to_string()))?;
        config.check().map_err(to_py)?;
        Ok(Self(config))
    }

    fn fields(&self) -> PyResult<Value> {
        serde_json::to_value(&self.0).map_err(|e| PyValueError::new_err(e.to_string()))
    }

    fn field<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.fields()?.get(plain(name)).map(|v| python(py, v)).transpose()
    }
}

/// A setting as Python writes it: tables are dicts, lists are lists.
fn python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::String(s) => s.into_pyobject(py)?.into_any(),
        Value::Bool(b) => b.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(n) if n.is_f64() => n.as_f64().into_pyobject(py)?,
        Value::Number(n) => n.as_i64().into_pyobject(py)?,
        Value::Array(items) => {
            PyList::new(py, items.iter().map(|v| python(py, v)).collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, v) in entries {
                dict.set_item(key, python(py, v)?)?;
            }
            dict.into_any()
        }
    })
}

#[pymethods]
impl Config {
    #[new]
    #[pyo3(signature = (**settings))]
    fn new(settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::changed(&kilat::Config::default(), settings)
    }

    /// The same settings but for those given.
    #[pyo3(signature = (**settings))]
    fn replace(&self, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::changed(&self.0, settings)
    }

    /// Names of all settings.
    fn keys(&self) -> PyResult<Vec<String>> {
        Ok(names(&self.fields()?))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.field(py, name)?.ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.field(py, name)?
            .ok_or_else(|| PyAttributeError::new_err(format!("Config has no setting `{name}`")))
    }

    fn __dir__(&self) -> PyResult<Vec<String>> {
        let methods = ["keys", "replace"].map(String::from);
        Ok(self.keys()?.into_iter().chain(methods).collect())
    }

    fn __repr__(&self) -> PyResult<String> {
        let fields = self.fields()?;
        let defaults = Self(kilat::Config::default()).fields()?;
        let shown: Vec<_> = names(&fields)
            .iter()
            .filter(|n| n.starts_with("nominal") || fields[n.as_str()] != defaults[n.as_str()])
            .map(|n| format!("{n}={}", fields[n.as_str()]))
            .collect();
        Ok(format!("kilat.Config({})", shown.join(", ")))
    }
}

/// The setting that `name` means: `class` is a word of Python, so that `class_` must do.
fn plain(name: &str) -> &str {
    if name == "class_" { "class" } else { name }
}

fn names(fields: &Value) -> Vec<String> {
    fields.as_object().into_iter().flat_map(|o| o.keys().cloned()).collect()
}

fn json(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if value.is_none() {
        Ok(Value::Null)
    } else if let Ok(b) = value.extract::<bool>() {
        Ok(b.into())
    } else if let Ok(i) = value.extract::<i64>() {
        Ok(i.into())
    } else if let Ok(x) = value.extract::<f64>() {
        serde_json::Number::from_f64(x)
            .map(Value::Number)
            .ok_or_else(|| PyValueError::new_err(format!("{name}: {x} is not a usable number")))
    } else if let Ok(s) = value.extract::<String>() {
        Ok(s.into())
    } else if let Ok(entries) = value.cast::<PyDict>() {
        let entry = |(key, v): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            let key: String = key.extract()?;
            json(&format!("{name}.{key}"), &v).map(|v| (key, v))
        };
        Ok(Value::Object(entries.iter().map(entry).collect::<PyResult<_>>()?))
    } else if let Ok(items) = value.try_iter() {
        Ok(Value::Array(items.map(|v| json(name, &v?)).collect::<PyResult<_>>()?))
    } else {
        Err(PyTypeError::new_err(format!(
            "{name}: expected a number, a text, a list, a dict or None, found {}",
            value.get_type()
        )))
    }
}
