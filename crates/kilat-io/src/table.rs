//! Tables of results, written as CSV, Parquet, Arrow or HDF5. Rows of one table are of equal number in all its columns.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
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

    /// A field of CSV: empty where there is no value.
    fn cell(&self, row: usize) -> String {
        match self {
            Self::Numbers(x) if !x[row].is_finite() => String::new(),
            Self::Numbers(x) => x[row].to_string(),
            Self::Counts(x) => x[row].to_string(),
            Self::Texts(x) => x[row].clone(),
            Self::Moments(x) => x[row].map_or(String::new(), |t| t.to_string()),
            Self::Truths(x) => x[row].to_string(),
        }
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

/// Texts on the whole, by name.
type About<'a> = &'a [(&'a str, String)];

/// Bytes of Parquet that are held until they are written, about.
const ROW_GROUP: usize = 16 << 20;

/// True when the extension of `path` is known: to [`write_all()`] when there are `several` tables, else to that or to [`write_rows()`].
pub fn is_written(path: &Path, several: bool) -> bool {
    match extension(&path.to_string_lossy()).as_str() {
        "h5" | "hdf5" => true,
        "csv" | "parquet" | "pq" | "arrow" | "feather" => !several,
        _ => false,
    }
}

fn unknown(path: &Path, known: &str) -> Error {
    Error::Unsupported {
        part: path.display().to_string(),
        what: format!("writing results with the extension `.{}`", extension(&path.to_string_lossy())),
        hint: format!("can be written: {known}"),
    }
}

/// Writes `tables` to HDF5, a group each. `about` are texts on the whole.
///
/// # Errors
/// [`Error::Unsupported`] for another extension, [`Error::Io`].
pub fn write_all(tables: &[Table], about: About<'_>, path: &Path) -> Result<()> {
    if !is_written(path, true) {
        return Err(unknown(path, ".h5"));
    }
    crate::hdf5::write_tables(tables, about, path)
}

/// Writes one table to CSV, Parquet or Arrow. It comes in parts, which have the same columns and follow one another, so that its length is
/// not bounded by memory; without a part nothing is written. CSV has no place for `about`.
///
/// # Errors
/// [`Error::Unsupported`] for another extension, [`Error::Io`], and those of `parts`: then what was there before is left.
pub fn write_rows(
    mut parts: impl Iterator<Item = Result<Table>>,
    about: About<'_>,
    path: &Path,
) -> Result<()> {
    let write = match extension(&path.to_string_lossy()).as_str() {
        "csv" => csv_rows,
        "parquet" | "pq" => parquet_rows,
        "arrow" | "feather" => arrow_rows,
        _ => return Err(unknown(path, ".csv, .parquet, .arrow")),
    };
    let Some(first) = parts.next().transpose()? else { return Ok(()) };
    // What a writer says names no file; a part that cannot be had names its own.
    let failed = |e: Box<dyn std::error::Error>| match e.downcast::<Error>() {
        Ok(own) => *own,
        Err(e) => Error::io(path, std::io::Error::other(e.to_string())),
    };
    replace(path, |out| write(&first, &mut parts, about, out).map_err(failed))
}

/// The first part of a table and those that follow.
type Parts<'a> = &'a mut dyn Iterator<Item = Result<Table>>;
type Written = std::result::Result<(), Box<dyn std::error::Error>>;

fn csv_rows(first: &Table, rest: Parts<'_>, _: About<'_>, out: &mut BufWriter<File>) -> Written {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(first.columns.iter().map(|(title, _)| title))?;
    let mut put = |part: &Table| {
        let rows = part.columns.first().map_or(0, |(_, c)| c.len());
        (0..rows).try_for_each(|row| writer.write_record(part.columns.iter().map(|(_, c)| c.cell(row))))
    };
    put(first)?;
    for part in rest {
        put(&part?)?;
    }
    Ok(writer.flush()?)
}

fn parquet_rows(first: &Table, rest: Parts<'_>, about: About<'_>, out: &mut BufWriter<File>) -> Written {
    let first = batch(first, about)?;
    let properties = Some(crate::columnar::properties(&first.schema()));
    let mut writer = ArrowWriter::try_new(out, first.schema(), properties)?;
    writer.write(&first)?;
    for part in rest {
        writer.write(&batch(&part?, about)?)?;
        if writer.in_progress_size() > ROW_GROUP {
            writer.flush()?;
        }
    }
    writer.close()?;
    Ok(())
}

fn arrow_rows(first: &Table, rest: Parts<'_>, about: About<'_>, out: &mut BufWriter<File>) -> Written {
    let first = batch(first, about)?;
    let mut writer = FileWriter::try_new(out, &first.schema())?;
    writer.write(&first)?;
    for part in rest {
        writer.write(&batch(&part?, about)?)?;
    }
    Ok(writer.finish()?)
}

/// The table in memory as Arrow has it: a hole where there is no value.
fn batch(table: &Table, about: About<'_>) -> Result<RecordBatch> {
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
    use std::iter::once;

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
            write_rows(once(Ok(table(rows))), &[("kilat_results", "1".into())], &path).unwrap();
            let file = File::open(&path).unwrap();
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
    fn parts_follow_one_another_and_nothing_is_written_when_one_fails() {
        let dir = tempfile::tempdir().unwrap();
        let csv = dir.path().join("a.csv");
        write_rows([2, 0, 3].map(|rows| Ok(table(rows))).into_iter(), &[], &csv).unwrap();
        let text = std::fs::read_to_string(&csv).unwrap();
        let rows = ["1.5,1,dip,1970-01-01T00:00:00.000000005Z,true", ",2,,,false"];
        let last = "-0,4294967295,Ω,1969-12-31T23:59:59.999999999Z,true";
        let expected = [&["u_v,n,kind,start,open"], &rows[..], &rows[..], &[last, ""]].concat();
        assert_eq!(text, expected.join("\n"));
        for name in ["a.parquet", "a.arrow", "b.csv"] {
            let path = dir.path().join(name);
            write_rows(std::iter::empty(), &[], &path).unwrap();
            let gone = Error::mismatch("a chunk", "readable", "damaged");
            let failed = write_rows([Ok(table(3)), Err(gone)].into_iter(), &[], &path);
            assert_eq!(failed.unwrap_err().to_string(), "a chunk: expected readable, found damaged");
            assert!(!path.exists());
        }
        let unknown = write_rows(once(Ok(table(1))), &[], &dir.path().join("a.txt")).unwrap_err();
        assert!(
            unknown.to_string().ends_with("`.txt` is not supported; can be written: .csv, .parquet, .arrow")
        );
        // More than is held at a time.
        let path = dir.path().join("long.parquet");
        let long =
            Table { name: "n".into(), columns: vec![("n".into(), Column::Numbers(vec![0.1; 1 << 20]))] };
        write_rows((0..5).map(|_| Ok(long.clone())), &[], &path).unwrap();
        let file = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        assert_eq!(file.metadata().file_metadata().num_rows(), 5 << 20);
        assert!(file.metadata().num_row_groups() > 1);
    }

    #[test]
    fn hdf5_has_a_group_per_table() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.h5");
        let empty = Table { name: "none".into(), ..table(0) };
        write_all(&[table(3), empty], &[("kilat_results", "1".into())], &path).unwrap();
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
