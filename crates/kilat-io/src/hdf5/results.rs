//! Tables of results: a group per table, a dataset per column.
//!
//! ```text
//! /                 the texts given on the whole
//! /TABLE            one group per table, with the attribute `columns`, their titles in order
//! /TABLE/COLUMN     f64, NaN where there is no value; i64 counts; u8 0 or 1; i64 nanoseconds since 1970 UTC with the attribute
//!                   unit = "ns since 1970-01-01 UTC" and -2^63 where unknown; texts of fixed length
//! ```

use std::path::Path;

use kilat_core::{Error, Result, Timestamp};
use rust_hdf5::{H5File, H5Group, H5Type, Hdf5Error};

use super::kilat::{set_file_text, set_text, write_texts};
use crate::replace::replace_path;
use crate::table::{Column, Table};

pub(crate) fn write_tables(tables: &[Table], about: &[(&str, String)], path: &Path) -> Result<()> {
    replace_path(path, |temporary| {
        write_parts(tables, about, temporary).map_err(|e| match e {
            Hdf5Error::Io(e) => Error::io(path, e),
            e => Error::io(path, std::io::Error::other(e.to_string())),
        })
    })
}

fn write_parts(
    tables: &[Table],
    about: &[(&str, String)],
    path: &Path,
) -> std::result::Result<(), Hdf5Error> {
    let file = H5File::create(path)?;
    for (name, text) in about {
        set_file_text(&file, name, text)?;
    }
    for table in tables {
        let group = file.create_group(&table.name)?;
        for (title, column) in &table.columns {
            // A slash would make a group of it.
            write_column(&group, &title.replace('/', "_"), column)?;
        }
    }
    file.close()
}

fn write_column(group: &H5Group, title: &str, column: &Column) -> std::result::Result<(), Hdf5Error> {
    match column {
        Column::Numbers(x) => write_numbers(group, title, x).map(|_| ()),
        Column::Counts(x) => {
            write_numbers(group, title, &x.iter().map(|v| *v as i64).collect::<Vec<_>>()).map(|_| ())
        }
        Column::Truths(x) => {
            write_numbers(group, title, &x.iter().map(|v| u8::from(*v)).collect::<Vec<_>>()).map(|_| ())
        }
        Column::Moments(x) => {
            let nanos = x.iter().map(|t| t.map_or(i64::MIN, Timestamp::as_nanos));
            let dataset = write_numbers(group, title, &nanos.collect::<Vec<_>>())?;
            set_text(&dataset, "unit", "ns since 1970-01-01 UTC")
        }
        Column::Texts(x) if x.is_empty() => write_numbers::<u8>(group, title, &[]).map(|_| ()),
        Column::Texts(x) => write_texts(group, title, &x.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}

fn write_numbers<T: H5Type>(
    group: &H5Group,
    title: &str,
    values: &[T],
) -> std::result::Result<rust_hdf5::H5Dataset, Hdf5Error> {
    let dataset = group.new_dataset::<T>().shape([values.len()]).create(title)?;
    if !values.is_empty() {
        dataset.write_raw(values)?;
    }
    Ok(dataset)
}
