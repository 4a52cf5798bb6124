//! Parquet and Arrow IPC: a column per channel, in the type of its codes; what belongs to them in the metadata of the fields and
//! of the schema. Ours carry the whole description under `kilat`, so that nothing is lost.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float32Array, Float64Array, Int16Array, Int32Array, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes as Shared;
use kilat_core::{Capture, Channel, Codes, Error, Result, SampleKind, SamplesRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, RowGroups as _,
};
use parquet::arrow::{ArrowWriter, ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::guard::guarded;
use crate::limit::most_decoded;
use crate::mapped::Content;
use crate::metadata::{self, KEY};
use crate::replace::replace;
use crate::source::Bytes;
use crate::{ReadOptions, Source};

mod gathered;
mod ipc;
mod pages;
mod thrift;

use gathered::Gathered;
use pages::{Chunks, check_codecs};

/// Rows of a batch, in memory at a time.
const ROWS: usize = 1 << 16;

/// Rows of a batch that need no reason: a small file unpacks to no more at a time.
const FEW_ROWS: usize = 1 << 10;

const PARQUET: &[u8] = b"PAR1";
const ARROW: &[u8] = b"ARROW1\0\0";

/// First bytes of a stream of Arrow messages, which has no magic of its own.
const STREAM: &[u8] = &[0xff; 4];

/// 255 for the magic bytes of Parquet, else 0.
pub(crate) fn score_parquet(head: &[u8], _name: &str) -> u8 {
    if head.starts_with(PARQUET) { 255 } else { 0 }
}

/// 255 for the magic bytes of an Arrow file; 100 for what may be a stream of Arrow messages.
pub(crate) fn score_arrow(head: &[u8], _name: &str) -> u8 {
    match head {
        h if h.starts_with(ARROW) => 255,
        h if h.starts_with(STREAM) && h.get(4..8).is_some_and(|n| n != STREAM) => 100,
        _ => 0,
    }
}

/// Reads a Parquet file.
pub(crate) fn read_parquet(source: &Source, options: &ReadOptions) -> Result<Capture> {
    read("Parquet", source, options, |content, part, most| {
        let failed = |e: ParquetError| match e {
            ParquetError::NYI(what) => Error::Unsupported {
                part: part.into(),
                what,
                hint: "write it again with snappy, gzip or zstd".into(),
            },
            e => malformed("Parquet", part, &e),
        };
        let file = shared(content);
        let footer = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(failed)?;
        check_codecs(footer.metadata()).map_err(failed)?;
        let schema = footer.schema().clone();
        let levels = parquet_to_arrow_field_levels(
            footer.parquet_schema(),
            ProjectionMask::all(),
            Some(schema.fields()),
        );
        let chunks = Chunks { file, metadata: footer.metadata().clone(), most: most as usize };
        let (rows, columns) = (chunks.num_rows(), schema.fields().len().max(1));
        let at_once = ROWS.min(rows.max(1)).min(FEW_ROWS.max(content.len() / columns));
        let batches = ParquetRecordBatchReader::try_new_with_row_groups(
            &levels.map_err(failed)?,
            &chunks,
            at_once,
            None,
        );
        let mut gathered = Gathered::new(schema, part, "Parquet", rows, 4 * content.len());
        for batch in batches.map_err(failed)? {
            gathered.push(&batch.map_err(|e| malformed("Parquet", part, &e))?, most)?;
        }
        Ok(gathered)
    })
}

/// Reads an Arrow file or stream.
pub(crate) fn read_arrow(source: &Source, options: &ReadOptions) -> Result<Capture> {
    read("Arrow", source, options, |content, part, most| ipc::gather(&shared(content), part, most))
}

fn read(
    format: &'static str,
    source: &Source,
    options: &ReadOptions,
    gather: impl FnOnce(&Bytes<'_>, &str, u64) -> Result<Gathered>,
) -> Result<Capture> {
    let part = source.name();
    let content = source.content()?;
    let most = most_decoded(content.len() as u64);
    let gathered = guarded(format, &part, || gather(&content, &part, most))?;
    let mut capture = gathered.capture(options)?;
    capture.source = source.full_name();
    Ok(capture)
}

/// The bytes for a reader that shares them; those of a file stay in it.
fn shared(content: &Bytes<'_>) -> Shared {
    match content {
        Bytes::File(file) => Shared::from_owner(Whole(file.clone())),
        other => Shared::copy_from_slice(other),
    }
}

struct Whole(Arc<Content>);

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn malformed(format: &'static str, part: &str, found: &dyn Display) -> Error {
    Error::Malformed {
        format,
        part: part.into(),
        at: "structure".into(),
        expected: format!("a sound {format} file"),
        found: found.to_string(),
    }
}

/// Writes a Parquet file.
pub(crate) fn write_parquet(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    let schema = schema(capture);
    replace(path, |out| {
        let failed = |e: ParquetError| Error::io(path, std::io::Error::other(e.to_string()));
        let mut writer =
            ArrowWriter::try_new(out, schema.clone(), Some(properties(&schema))).map_err(failed)?;
        batches(capture, &schema, |batch| writer.write(batch).map_err(failed))?;
        writer.close().map(|_| ()).map_err(failed)
    })?;
    Ok(Vec::new())
}

/// How we write Parquet with these columns: integers as their differences, which take few bits in a wave.
pub(crate) fn properties(schema: &Schema) -> WriterProperties {
    let mut builder =
        WriterProperties::builder().set_compression(Compression::SNAPPY).set_dictionary_enabled(false);
    let integers =
        |f: &&Arc<Field>| matches!(f.data_type(), DataType::Int16 | DataType::Int32 | DataType::Int64);
    for field in schema.fields().iter().filter(integers) {
        let path = ColumnPath::new(vec![field.name().clone()]);
        builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}

/// Writes an Arrow file, not compressed: it is meant to be mapped.
pub(crate) fn write_arrow(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    let schema = schema(capture);
    replace(path, |out| {
        let failed = |e: arrow_schema::ArrowError| Error::io(path, std::io::Error::other(e.to_string()));
        let mut writer = FileWriter::try_new(out.by_ref(), &schema).map_err(failed)?;
        batches(capture, &schema, |batch| writer.write(batch).map_err(failed))?;
        writer.finish().map_err(failed)
    })?;
    Ok(Vec::new())
}

/// Names, types and metadata of the columns.
fn schema(capture: &Capture) -> SchemaRef {
    let mut taken = HashSet::new();
    // Two columns of one name are more than many programs take.
    let mut name = |wanted: &str| {
        let wanted = if wanted.is_empty() { "channel" } else { wanted };
        let mut name = wanted.to_owned();
        for i in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{wanted}_{i}");
        }
        name
    };
    let mut fields = Vec::new();
    for c in capture.channels() {
        let kind = match c.samples.kind() {
            SampleKind::I16 => DataType::Int16,
            SampleKind::I32 => DataType::Int32,
            SampleKind::F32 => DataType::Float32,
            SampleKind::F64 => DataType::Float64,
        };
        fields.push(Field::new(name(&c.name), kind, false).with_metadata(about(c)));
    }
    for d in &capture.digital {
        fields.push(Field::new(name(&d.name), DataType::Boolean, false));
    }
    let mut texts = HashMap::from([(KEY.to_owned(), metadata::of(capture))]);
    if let Some(rate) = capture.time().rate() {
        texts.insert("sample_rate_hz".into(), rate.hz().to_string());
    }
    if let Some(start) = capture.time().start() {
        texts.insert("start".into(), start.to_string());
    }
    Arc::new(Schema::new_with_metadata(fields, texts))
}

/// What other programs want to know of a column.
fn about(c: &Channel) -> HashMap<String, String> {
    let mut texts = HashMap::from([
        ("unit".to_owned(), c.unit.clone()),
        ("kind".to_owned(), c.kind.to_string()),
        ("scale".to_owned(), c.scale.to_string()),
        ("offset".to_owned(), c.offset.to_string()),
    ]);
    texts.extend(c.phase.map(|p| ("phase".to_owned(), p.to_string())));
    texts
}

/// Gives the capture away batch by batch.
fn batches(
    capture: &Capture,
    schema: &SchemaRef,
    mut write: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    let n = capture.len() as usize;
    let mut own = Codes::default();
    for first in (0..n).step_by(ROWS) {
        let range = first..(first + ROWS).min(n);
        let mut columns: Vec<ArrayRef> = Vec::new();
        for c in capture.channels() {
            columns.push(match c.samples.read(range.clone(), &mut own)? {
                SamplesRef::I16(x) => Arc::new(Int16Array::from(x.to_vec())),
                SamplesRef::I32(x) => Arc::new(Int32Array::from(x.to_vec())),
                SamplesRef::F32(x) => Arc::new(Float32Array::from(x.to_vec())),
                SamplesRef::F64(x) => Arc::new(Float64Array::from(x.to_vec())),
            });
        }
        for d in &capture.digital {
            columns.push(Arc::new(BooleanArray::from(d.values(range.clone())?)));
        }
        let rows = arrow_array::RecordBatchOptions::new().with_row_count(Some(range.len()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &rows);
        write(&batch.map_err(|e| Error::config("columns", e.to_string()))?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
