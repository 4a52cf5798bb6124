//! Tables of results, written as Parquet, Arrow or HDF5. Rows of one table are of equal number in all its columns.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use kilat_core::{Error, Result, Timestamp};
use parquet::arrow::ArrowWriter;

use crate::replace::replace;
use crate::source::extension;

/// Values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Physical quantities; NaN where there is none.
    Numbers(Vec<f64>),
    /// Counts and indices.
    Counts(Vec<u64>),
    /// Texts; empty where there is none.
    Texts(Vec<String>),
    /// Moments; none where they are unknown.
    Moments(Vec<Option<Timestamp>>),
    /// Yes or no.
    Truths(Vec<bool>),
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(x) => x.len(),
            Self::Counts(x) => x.len(),
            Self::Texts(x) => x.len(),
            Self::Moments(x) => x.len(),
            Self::Truths(x) => x.len(),
        }
    }

    /// True without a row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows of this and then of `other`, when both are of one kind.
    #[must_use]
    pub fn followed_by(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Numbers(a), Self::Numbers(b)) => Self::Numbers([a, b].concat()),
            (Self::Counts(a), Self::Counts(b)) => Self::Counts([a, b].concat()),
            (Self::Texts(a), Self::Texts(b)) => Self::Texts([a, b].concat()),
            (Self::Moments(a), Self::Moments(b)) => Self::Moments([a, b].concat()),
            (Self::Truths(a), Self::Truths(b)) => Self::Truths([a, b].concat()),
            _ => return None,
        })
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name, such as `intervals`.
    pub name: String,
    /// Titles and values.
    pub columns: Vec<(String, Column)>,
}

/// True when [`write()`] knows the extension of `path`; `several` tables need HDF5.
pub fn is_written(path: &Path, several: bool) -> bool {
    match extension(&path.to_string_lossy()).as_str() {
        "h5" | "hdf5" => true,
        "parquet" | "pq" | "arrow" | "feather" => !several,
        _ => false,
    }
}

/// Writes `tables` to `path`: Parquet and Arrow hold the first one, HDF5 all, a group each. `about` are texts on the whole.
///
/// # Errors
/// [`Error::Unsupported`] for another extension, [`Error::Io`].
pub fn write(tables: &[Table], about: &[(&str, String)], path: &Path) -> Result<()> {
    let one = || tables.first().ok_or_else(|| Error::config("tables", "expected at least one, found none"));
    match extension(&path.to_string_lossy()).as_str() {
        "h5" | "hdf5" => crate::hdf5::write_tables(tables, about, path),
        "parquet" | "pq" => write_parquet(one()?, about, path),
        "arrow" | "feather" => write_arrow(one()?, about, path),
        other => Err(Error::Unsupported {
            part: path.display().to_string(),
            what: format!("writing results with the extension `.{other}`"),
            hint: "can be written: .parquet, .arrow, .h5".into(),
        }),
    }
}

fn write_parquet(table: &Table, about: &[(&str, String)], path: &Path) -> Result<()> {
    let failed = |e: parquet::errors::ParquetError| Error::io(path, std::io::Error::other(e.to_string()));
    let batch = batch(table, about)?;
    replace(path, |out| {
        let properties = Some(crate::columnar::properties(&batch.schema()));
        let mut writer = ArrowWriter::try_new(out, batch.schema(), properties).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
        writer.close().map(|_| ()).map_err(failed)
    })
}

fn write_arrow(table: &Table, about: &[(&str, String)], path: &Path) -> Result<()> {
    let failed = |e: arrow_schema::ArrowError| Error::io(path, std::io::Error::other(e.to_string()));
    let batch = batch(table, about)?;
    replace(path, |out| {
        let mut writer = FileWriter::try_new(out, &batch.schema()).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
        writer.finish().map_err(failed)
    })
}

/// The table in memory as Arrow has it: a hole where there is no value.
fn batch(table: &Table, about: &[(&str, String)]) -> Result<RecordBatch> {
    let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for (title, column) in &table.columns {
        let (kind, array): (_, ArrayRef) = match column {
            Column::Numbers(x) => {
                let values = x.iter().map(|v| (!v.is_nan()).then_some(*v));
                (DataType::Float64, Arc::new(values.collect::<Float64Array>()))
            }
            Column::Counts(x) => {
                (DataType::Int64, Arc::new(Int64Array::from_iter_values(x.iter().map(|v| *v as i64))))
            }
            Column::Texts(x) => (DataType::Utf8, Arc::new(StringArray::from_iter_values(x))),
            Column::Moments(x) => {
                let nanos = x.iter().map(|t| t.map(Timestamp::as_nanos));
                let array = nanos.collect::<TimestampNanosecondArray>().with_timezone("UTC");
                (DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), Arc::new(array))
            }
            Column::Truths(x) => (DataType::Boolean, Arc::new(BooleanArray::from(x.clone()))),
        };
        fields.push(Field::new(title, kind, true));
        columns.push(array);
    }
    let texts = about.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
    let texts = texts.chain([("table".to_owned(), table.name.clone())]);
    let texts: HashMap<_, _> = texts.collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, texts));
    RecordBatch::try_new(schema, columns)
        .map_err(|e| Error::config(format!("table {}", table.name), e.to_string()))
}

#[cfg(test)]
mod tests {
    use arrow_array::Array as _;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Float64Type;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn table(rows: usize) -> Table {
        let numbers = [1.5, f64::NAN, -0.0];
        let texts = ["dip", "", "Ω"].map(str::to_owned);
        let columns = [
            ("u_v", Column::Numbers(numbers[..rows].to_vec())),
            ("n", Column::Counts([1, 2, u64::from(u32::MAX)][..rows].to_vec())),
            ("kind", Column::Texts(texts[..rows].to_vec())),
            ("start", Column::Moments([Some(Timestamp(5)), None, Some(Timestamp(-1))][..rows].to_vec())),
            ("open", Column::Truths([true, false, true][..rows].to_vec())),
        ];
        Table { name: "events".into(), columns: columns.map(|(title, c)| (title.to_owned(), c)).into() }
    }

    #[test]
    fn parquet_has_holes_where_there_is_no_value() {
        let dir = tempfile::tempdir().unwrap();
        for rows in [3, 0] {
            let path = dir.path().join("a.parquet");
            write(&[table(rows)], &[("kilat_results", "1".into())], &path).unwrap();
            let file = std::fs::File::open(&path).unwrap();
            let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            assert_eq!(builder.schema().metadata()["kilat_results"], "1");
            assert_eq!(builder.schema().metadata()["table"], "events");
            let batches: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
            assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows);
            let Some(batch) = batches.first() else { continue };
            let u = batch.column(0).as_primitive::<Float64Type>();
            assert_eq!((u.value(0), u.is_null(1), u.value(2).to_bits()), (1.5, true, (-0.0f64).to_bits()));
            assert_eq!(batch.column(2).as_string::<i32>().value(2), "Ω");
            assert!(batch.column(3).is_null(1));
        }
    }

    #[test]
    fn hdf5_has_a_group_per_table() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.h5");
        let empty = Table { name: "none".into(), ..table(0) };
        write(&[table(3), empty], &[("kilat_results", "1".into())], &path).unwrap();
        let file = rust_hdf5::H5File::open(&path).unwrap();
        assert_eq!(file.attr_string("kilat_results").unwrap(), "1");
        let data = |name: &str| file.dataset(name).unwrap();
        assert_eq!(data("events/u_v").read_raw::<f64>().unwrap()[0], 1.5);
        assert_eq!(data("events/n").read_raw::<i64>().unwrap(), [1, 2, 4_294_967_295]);
        assert_eq!(data("events/kind").read_strings().unwrap(), ["dip", "", "Ω"]);
        assert_eq!(data("events/start").read_raw::<i64>().unwrap(), [5, i64::MIN, -1]);
        assert_eq!(data("events/open").read_raw::<u8>().unwrap(), [1, 0, 1]);
        assert_eq!(data("none/u_v").shape(), [0]);
    }

    #[test]
    fn columns_of_different_kinds_do_not_follow_each_other() {
        let both = Column::Counts(vec![1]).followed_by(Column::Counts(vec![2]));
        assert_eq!(both, Some(Column::Counts(vec![1, 2])));
        assert_eq!(Column::Counts(vec![1]).followed_by(Column::Numbers(vec![2.0])), None);
    }
}
