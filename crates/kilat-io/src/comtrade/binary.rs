//! Binary data: records of sample number, timestamp, codes of the analog channels and status bits, little-endian.

use kilat_core::{Samples, Warning};

use super::cfg::{Cfg, Encoding, Revision};
use super::dat::{Column, Data};

/// Sample number and timestamp, four bytes each.
const HEAD: usize = 8;
/// A timestamp that says it is missing.
const NO_STAMP: u32 = u32::MAX;
/// What end-of-file padding is made of in text-minded products.
const SUB: u8 = 0x1A;

/// Bytes of one record.
pub(super) fn record_bytes(cfg: &Cfg, encoding: Encoding) -> usize {
    HEAD + cfg.analogs.len() * width(encoding) + cfg.statuses.len().div_ceil(16) * 2
}

fn width(encoding: Encoding) -> usize {
    if encoding == Encoding::Binary { 2 } else { 4 }
}

/// True when the first records, taken as `record` bytes long, are numbered in sequence.
pub(super) fn numbers_are_consecutive(bytes: &[u8], record: usize) -> bool {
    let numbers: Vec<u32> = bytes.chunks_exact(record).take(8).map(|r| le_u32(r, 0)).collect();
    numbers.len() > 1 && numbers.windows(2).all(|w| w[0].checked_add(1) == Some(w[1]))
}

/// Takes the records of `bytes` apart.
pub(super) fn read(part: &str, bytes: &[u8], cfg: &Cfg, encoding: Encoding) -> Data {
    let record = record_bytes(cfg, encoding);
    let mut warnings = Vec::new();
    let bytes = without_padding(bytes, cfg, record);
    let (rows, stray) = (bytes.len() / record, bytes.len() % record);
    if stray > 0 {
        let message = format!("{stray} stray bytes after {rows} records of {record} bytes; left out");
        warnings.push(Warning::new(part, message));
    }
    let records = &bytes[..rows * record];
    let n = cfg.analogs.len();
    let columns = match encoding {
        Encoding::Binary => {
            // 1991 knew no marker: every code is data there.
            let missing = (cfg.revision > Revision::R1991).then_some(i32::from(i16::MIN));
            columns(records, record, n, i16::from_le_bytes, missing)
        }
        Encoding::Float32 => columns(records, record, n, float, None),
        Encoding::Ascii | Encoding::Binary32 => {
            columns(records, record, n, i32::from_le_bytes, Some(i32::MIN))
        }
    };
    let stamp = |r: &[u8]| Some(le_u32(r, 4)).filter(|t| *t != NO_STAMP).map_or(f64::NAN, f64::from);
    Data {
        encoding,
        rows,
        columns,
        states: states(records, record, HEAD + n * width(encoding), cfg.statuses.len()),
        stamps: records.chunks_exact(record).map(stamp).collect(),
        warnings,
    }
}

/// `bytes` up to the last sample announced, when only SUB characters follow.
fn without_padding<'a>(bytes: &'a [u8], cfg: &Cfg, record: usize) -> &'a [u8] {
    let end = cfg.end_sample.and_then(|n| usize::try_from(n).ok()?.checked_mul(record));
    let torn = bytes.len() - bytes.len() % record;
    for end in end.into_iter().chain([torn]) {
        if bytes.get(end..).is_some_and(|tail| tail.iter().all(|b| *b == SUB)) {
            return &bytes[..end];
        }
    }
    bytes
}

/// A code; missing, stated as not finite or as the lowest number there is, becomes NaN.
fn float(bytes: [u8; 4]) -> f32 {
    let value = f32::from_le_bytes(bytes);
    if value.is_finite() && value != f32::MIN { value } else { f32::NAN }
}

/// The analog columns: blocks of records that stay in cache are read once for each channel.
fn columns<T: Copy + Default, const W: usize>(
    records: &[u8],
    record: usize,
    channels: usize,
    decode: fn([u8; W]) -> T,
    missing_code: Option<i32>,
) -> Vec<Column>
where
    Samples: From<Vec<T>>,
{
    let rows = records.len() / record;
    let mut columns: Vec<Vec<T>> = (0..channels).map(|_| Vec::with_capacity(rows)).collect();
    for block in records.chunks(block_bytes(record)) {
        for (c, column) in columns.iter_mut().enumerate() {
            let at = HEAD + c * W;
            column.extend(block.chunks_exact(record).map(|r| {
                let mut code = [0; W];
                code.copy_from_slice(&r[at..at + W]);
                decode(code)
            }));
        }
    }
    columns.into_iter().map(|c| Column { samples: c.into(), missing_code }).collect()
}

/// The status channels: bit k of word k / 16. Nearly all bits of a recording are 0, so only the others are visited.
fn states(records: &[u8], record: usize, first: usize, channels: usize) -> Vec<Vec<u8>> {
    let rows = records.len() / record;
    let mut columns: Vec<Vec<u8>> = (0..channels).map(|_| vec![0; rows]).collect();
    for (row, r) in records.chunks_exact(record).enumerate() {
        for (byte, columns) in r[first..].iter().zip(columns.chunks_mut(8)) {
            let mut left = *byte;
            while left != 0 {
                // Bits beyond the last channel pad the word.
                if let Some(column) = columns.get_mut(left.trailing_zeros() as usize) {
                    column[row] = 1;
                }
                left &= left - 1;
            }
        }
    }
    columns
}

/// Whole records that fit in cache, so that every column finds them there.
fn block_bytes(record: usize) -> usize {
    const CACHE_BYTES: usize = 128 << 10;
    (CACHE_BYTES / record).max(1) * record
}

fn le_u32(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}
