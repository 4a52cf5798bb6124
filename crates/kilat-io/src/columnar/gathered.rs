//! Columns of a table as they come in, batch by batch, and the capture they make.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};
use kilat_core::capture::Digital;
use kilat_core::{Capture, Channel, Error, Phase, Result, SampleRate, Samples, TimeBase, Timestamp, Warning};

use crate::ReadOptions;
use crate::columns::{INTERVALS, RATES, STARTS, TIMES, choose, given_rate};
use crate::elements::floats;
use crate::metadata::{KEY, Metadata};
use crate::time_column::{MOST_SECONDS, Times, of_seconds, time_base};

/// Integers beyond this are not all `f64`.
const MOST_EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

/// What came in of one column.
enum Column {
    I16(Vec<i16>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    States(Vec<i16>),
    /// Times since 1970, and the last of them.
    Moments(Times, i128),
    /// No numbers.
    Left,
}

impl Column {
    /// With room for `rows`.
    fn of(field: &Field, rows: usize) -> Self {
        match field.data_type() {
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => Self::I16(Vec::with_capacity(rows)),
            DataType::UInt16 | DataType::Int32 => Self::I32(Vec::with_capacity(rows)),
            DataType::Float16 | DataType::Float32 => Self::F32(Vec::with_capacity(rows)),
            DataType::UInt32 | DataType::Int64 | DataType::UInt64 | DataType::Float64 => {
                Self::F64(Vec::with_capacity(rows))
            }
            DataType::Boolean => Self::States(Vec::with_capacity(rows)),
            DataType::Timestamp(..) => Self::Moments(Times::default(), 0),
            _ => Self::Left,
        }
    }

    fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::I16(x) => x.len() * 2,
            Self::I32(x) => x.len() * 4,
            Self::F32(x) => x.len() * 4,
            Self::F64(x) => x.len() * 8,
            Self::States(x) => x.len(),
            Self::Moments(x, _) => x.len() * 8,
            Self::Left => 0,
        };
        bytes as u64
    }

    /// Integers with a hole become floats, whose NaN says so.
    fn with_holes(&mut self) {
        *self = match std::mem::replace(self, Self::Left) {
            Self::I16(x) => Self::F64(x.into_iter().map(f64::from).collect()),
            Self::I32(x) => Self::F64(x.into_iter().map(f64::from).collect()),
            other => other,
        };
    }

    /// Takes in the next rows; the index of a value that cannot be kept is the error.
    fn push(&mut self, array: &ArrayRef) -> Result<(), usize> {
        let is_integer = matches!(self, Self::I16(_) | Self::I32(_));
        if is_integer && array.null_count() > 0 {
            self.with_holes();
        }
        macro_rules! numbers {
            ($t:ty) => {{
                let array = array.as_primitive::<$t>();
                match self {
                    Self::F64(x) if array.null_count() > 0 => {
                        x.extend(array.iter().map(|v| v.map_or(f64::NAN, |v| v as f64)));
                    }
                    Self::I16(x) => x.extend(array.values().iter().map(|v| *v as i16)),
                    Self::I32(x) => x.extend(array.values().iter().map(|v| *v as i32)),
                    Self::F64(x) => x.extend(array.values().iter().map(|v| *v as f64)),
                    _ => {}
                }
            }};
        }
        macro_rules! wide {
            ($t:ty, $magnitude:expr) => {{
                let values = array.as_primitive::<$t>();
                let inexact = |i: &usize| values.is_valid(*i) && $magnitude(values.value(*i)) > MOST_EXACT;
                if let Some(i) = (0..values.len()).find(inexact) {
                    return Err(i);
                }
                numbers!($t);
            }};
        }
        macro_rules! moments {
            ($t:ty, $ps:expr) => {
                if let Self::Moments(x, last) = self {
                    for value in array.as_primitive::<$t>() {
                        *last = value.map_or(*last, |v| i128::from(v) * $ps);
                        x.push(*last);
                    }
                }
            };
        }
        match array.data_type() {
            DataType::Int8 => numbers!(Int8Type),
            DataType::UInt8 => numbers!(UInt8Type),
            DataType::Int16 => numbers!(Int16Type),
            DataType::UInt16 => numbers!(UInt16Type),
            DataType::Int32 => numbers!(Int32Type),
            DataType::UInt32 => numbers!(UInt32Type),
            DataType::Int64 => wide!(Int64Type, |v: i64| v.unsigned_abs()),
            DataType::UInt64 => wide!(UInt64Type, |v: u64| v),
            DataType::Float16 => {
                if let Self::F32(x) = self {
                    x.extend(
                        array.as_primitive::<Float16Type>().iter().map(|v| v.map_or(f32::NAN, f32::from)),
                    );
                }
            }
            DataType::Float32 => {
                if let Self::F32(x) = self {
                    x.extend(array.as_primitive::<Float32Type>().iter().map(|v| v.unwrap_or(f32::NAN)));
                }
            }
            DataType::Float64 => {
                if let Self::F64(x) = self {
                    x.extend(array.as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)));
                }
            }
            DataType::Boolean => {
                if let Self::States(x) = self {
                    x.extend(array.as_boolean().iter().map(|v| i16::from(v == Some(true))));
                }
            }
            DataType::Timestamp(TimeUnit::Second, _) => moments!(TimestampSecondType, 1_000_000_000_000),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                moments!(TimestampMillisecondType, 1_000_000_000);
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => moments!(TimestampMicrosecondType, 1_000_000),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => moments!(TimestampNanosecondType, 1000),
            _ => {}
        }
        Ok(())
    }

    fn samples(self) -> Option<Samples> {
        Some(match self {
            Self::I16(x) => x.into(),
            Self::I32(x) => x.into(),
            Self::F32(x) => x.into(),
            Self::F64(x) => x.into(),
            Self::States(_) | Self::Moments(..) | Self::Left => return None,
        })
    }
}

/// A table.
pub(super) struct Gathered {
    schema: SchemaRef,
    columns: Vec<Column>,
    n: u64,
    part: String,
    format: &'static str,
    damage: Vec<Warning>,
}

impl Gathered {
    /// An empty table, with room for `rows`, as far as `room` bytes reach.
    pub(super) fn new(schema: SchemaRef, part: &str, format: &'static str, rows: usize, room: usize) -> Self {
        // Most columns take less; a wrong guess costs a move.
        let rows = rows.min(room / 8 / schema.fields().len().max(1));
        let columns = schema.fields().iter().map(|f| Column::of(f, rows)).collect();
        Self { schema, columns, n: 0, part: part.into(), format, damage: Vec::new() }
    }

    /// Takes in a batch, unless all together then take more than `most` bytes.
    pub(super) fn push(&mut self, batch: &RecordBatch, most: u64) -> Result<()> {
        for (i, (column, array)) in self.columns.iter_mut().zip(batch.columns()).enumerate() {
            column.push(array).map_err(|row| {
                let at = format!("row {} of column `{}`", self.n + row as u64, self.schema.field(i).name());
                malformed(self.format, &self.part, at, "at most 2^53", "a larger integer")
            })?;
        }
        self.n += batch.num_rows() as u64;
        if self.columns.iter().map(Column::bytes).sum::<u64>() > most {
            let expected = format!("at most {most} bytes, which is what a file of this length can hold");
            return Err(malformed(self.format, &self.part, "columns".into(), &expected, "more"));
        }
        Ok(())
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.n
    }

    /// Notes damage.
    pub(super) fn warn(&mut self, warning: Warning) {
        self.damage.push(warning);
    }

    /// The capture: as our own description has it, else as the metadata of the columns and `options` say.
    pub(super) fn capture(mut self, options: &ReadOptions) -> Result<Capture> {
        let mut warnings = std::mem::take(&mut self.damage);
        let schema = self.schema.clone();
        let columns = std::mem::take(&mut self.columns);
        let is_state = |c: &&Column| matches!(c, Column::States(_));
        let of_states = columns.iter().filter(is_state).count();
        let mut states = Vec::with_capacity(of_states);
        let (mut samples, mut moments) = (Vec::with_capacity(columns.len() - of_states), None);
        for (field, column) in schema.fields().iter().zip(columns) {
            match column {
                Column::States(x) => states.push((field.name().clone(), Samples::from(x))),
                Column::Moments(x, _) => moments = moments.or(Some((field, x))),
                Column::Left => {
                    let message = format!("holds {} and is left out", field.data_type());
                    warnings.push(Warning::new(format!("{}: column `{}`", self.part, field.name()), message));
                }
                numbers => samples.extend(numbers.samples().map(|s| (field, s))),
            }
        }
        if let Some(text) = schema.metadata().get(KEY) {
            let codes: Vec<Samples> = samples.iter().map(|(_, s)| s.clone()).collect();
            let ours: Vec<Samples> = states.iter().map(|(_, s)| s.clone()).collect();
            match Metadata::parse(text).and_then(|m| m.capture(&codes, &ours)) {
                Ok(mut capture) => {
                    capture.warnings.append(&mut warnings);
                    return Ok(capture);
                }
                Err(why) => {
                    let message = format!("does not describe this file and is left out: {why}");
                    warnings.push(Warning::new(format!("{}: metadata `{KEY}`", self.part), message));
                }
            }
        }
        let is_time = |f: &Field| TIMES.contains(&f.name().to_lowercase().as_str());
        let seconds =
            samples.iter().position(|(f, _)| moments.is_none() && is_time(f)).map(|i| samples.remove(i));
        let (time, mut odd) = self.time(&samples, moments, seconds, options)?;
        warnings.append(&mut odd);
        let columns: Vec<Channel> = samples.into_iter().map(|(f, s)| described(f, s)).collect();
        let numbers: Vec<usize> = (0..columns.len()).collect();
        let chosen = choose(columns, &numbers, &options.map, &self.part)?;
        let mut capture = Capture::new(time, chosen)?;
        let digital = |(name, states)| Digital { name, normal: None, states };
        capture.digital = states.into_iter().map(digital).collect();
        capture.format = self.format.into();
        capture.warnings = warnings;
        Ok(capture)
    }

    /// Time base: of a column of moments or of seconds, of the metadata, or of the caller.
    fn time(
        &self,
        samples: &[(&Arc<Field>, Samples)],
        moments: Option<(&Arc<Field>, Times)>,
        seconds: Option<(&Arc<Field>, Samples)>,
        options: &ReadOptions,
    ) -> Result<(TimeBase, Vec<Warning>)> {
        let fields = samples.iter().map(|(f, _)| f.metadata());
        let texts = || std::iter::once(self.schema.metadata()).chain(fields.clone());
        let number = |names: &[&str]| {
            let found =
                |n: &&str| texts().find_map(|t| t.get(n)?.trim().parse::<f64>().ok()).filter(|v| *v > 0.0);
            names.iter().find_map(found)
        };
        let start =
            STARTS.iter().find_map(|n| texts().find_map(|t| t.get(n)?.trim().parse::<Timestamp>().ok()));
        let start = start.or(options.start);
        if let Some((field, times)) = moments.filter(|(_, t)| t.len() > 1) {
            let quantum = match field.data_type() {
                DataType::Timestamp(TimeUnit::Second, _) => 1_000_000_000_000,
                DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000_000,
                DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000_000,
                _ => 1000,
            };
            let first = i64::try_from(times.first() / 1000).ok().map(Timestamp);
            return time_base(&times, quantum, first, &format!("{}: column `{}`", self.part, field.name()));
        }
        if let Some(hz) = number(&RATES).or_else(|| number(&INTERVALS).map(f64::recip)) {
            return Ok((TimeBase::uniform(SampleRate::from_hz(hz)?, self.n, start), Vec::new()));
        }
        if let Some((field, times)) = seconds.filter(|(_, s)| s.len() > 1) {
            let (mut own, mut values) = (kilat_core::Codes::default(), Vec::new());
            floats(times.read(0..times.len(), &mut own)?, &mut values);
            if values.iter().all(|s| s.abs() < MOST_SECONDS) {
                let at = format!("{}: column `{}`", self.part, field.name());
                return of_seconds(values.iter().copied(), start, &at);
            }
        }
        let rate = given_rate(options, &self.part, "neither metadata nor a column of times state a rate")?;
        Ok((TimeBase::uniform(rate, self.n, start), Vec::new()))
    }
}

/// A channel with what the metadata of its field says.
fn described(field: &Field, samples: Samples) -> Channel {
    let text = |names: &[&str]| names.iter().find_map(|n| field.metadata().get(n)).cloned();
    let number = |names: &[&str]| text(names).and_then(|t| t.trim().parse::<f64>().ok());
    let unit = text(&["unit", "units", "Unit", "Units"]).unwrap_or_default();
    let scale = number(&["scale", "scale_factor", "calibration_factor", "gain", "lsb"]).unwrap_or(1.0);
    let offset = number(&["offset", "add_offset"]).unwrap_or(0.0);
    let mut channel = Channel::new(field.name().as_str(), unit, samples).with_scale(scale, offset);
    channel.phase = text(&["phase"]).and_then(|t| Phase::parse(&t)).or(channel.phase);
    channel
}

fn malformed(format: &'static str, part: &str, at: String, expected: &str, found: &str) -> Error {
    Error::Malformed { format, part: part.into(), at, expected: expected.into(), found: found.into() }
}
