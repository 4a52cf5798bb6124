//! Binary data: records of sample number, timestamp, codes of the analog channels and status bits, little-endian.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use kilat_core::{Codes, Result, SampleKind, Samples, SamplesRef, Stored, Warning};

use super::bits::Bits;
use super::cfg::{Cfg, Encoding, Revision};
use super::dat::{Column, Data, Place};
use super::records::{HEAD, Records, STAY_FROM};
use super::time::Stamps;

/// A timestamp that says it is missing.
const NO_STAMP: u32 = u32::MAX;
/// Bytes of a mapped file whose timestamps are looked at before their memory is given back.
const WINDOW: usize = 4 << 20;
/// What end-of-file padding is made of in text-minded products.
const SUB: u8 = 0x1A;

/// Bytes of one record.
pub(super) fn record_bytes(analogs: usize, statuses: usize, encoding: Encoding) -> usize {
    HEAD + analogs * width(encoding) + statuses.div_ceil(16) * 2
}

fn width(encoding: Encoding) -> usize {
    if encoding == Encoding::Binary { 2 } else { 4 }
}

/// True when the first records, taken as `record` bytes long, are numbered in sequence.
pub(super) fn numbers_are_consecutive(bytes: &[u8], record: usize) -> bool {
    let numbers: Vec<u32> = bytes.chunks_exact(record).take(8).map(|r| le_u32(r, 0)).collect();
    numbers.len() > 1 && numbers.windows(2).all(|w| w[0].checked_add(1) == Some(w[1]))
}

/// Takes the records at `place` apart; those of a large file stay there until they are asked for.
pub(super) fn read<'a>(part: &str, place: &Place<'a>, cfg: &Cfg, encoding: Encoding) -> Data<'a> {
    let (analogs, statuses) = (cfg.analogs.len(), cfg.statuses.len());
    let record = record_bytes(analogs, statuses, encoding);
    let mut warnings = Vec::new();
    let bytes = without_padding(place.bytes(), cfg, record);
    let (rows, stray) = (bytes.len() / record, bytes.len() % record);
    if stray > 0 {
        let message = format!("{stray} stray bytes after {rows} records of {record} bytes; left out");
        warnings.push(Warning::new(part, message));
    }
    let records = &bytes[..rows * record];
    let missing_code = match encoding {
        // 1991 knew no marker: every code is data there.
        Encoding::Binary => (cfg.revision > Revision::R1991).then_some(i32::from(i16::MIN)),
        Encoding::Float32 => None,
        Encoding::Ascii | Encoding::Binary32 => Some(i32::MIN),
    };
    let bits_at = HEAD + analogs * width(encoding);
    let held = place.file().filter(|_| records.len() >= STAY_FROM);
    let (samples, states) = if let Some(content) = held {
        let records = Arc::new(Records::of_file(content.clone(), place.start(), rows, record));
        let field = |c| {
            let field = Field { records: records.clone(), at: HEAD + c * width(encoding), encoding };
            Samples::from(Arc::new(field) as Arc<dyn Stored>)
        };
        ((0..analogs).map(field).collect(), Bits::within(&records, bits_at, statuses))
    } else {
        let mut words = Vec::with_capacity(rows * (record - bits_at));
        records.chunks_exact(record).for_each(|r| words.extend_from_slice(&r[bits_at..]));
        let words = Arc::new(Records::own(words, rows, record - bits_at));
        (columns(records, record, analogs, encoding), Bits::within(&words, 0, statuses))
    };
    let (start, window) = (place.start(), Cell::new(0));
    let stamp = move |i: usize| {
        let before = window.replace(i * record / WINDOW);
        if let (Some(content), true) = (held, before != window.get()) {
            // The system brings in more than is looked at, on either side.
            let first = start + before.saturating_sub(1) * WINDOW;
            content.release(first..content.len().min(first + 3 * WINDOW));
        }
        let t = le_u32(records, i * record + 4);
        if t == NO_STAMP { f64::NAN } else { f64::from(t) }
    };
    let columns = samples.into_iter().map(|samples| Column { samples, missing_code }).collect();
    Data { encoding, rows, columns, states, stamps: Stamps::new(rows, stamp), warnings }
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

/// An analog channel that stays in its file.
#[derive(Debug)]
struct Field {
    records: Arc<Records>,
    /// Place of its code in a record.
    at: usize,
    encoding: Encoding,
}

impl Stored for Field {
    fn len(&self) -> usize {
        self.records.rows()
    }

    fn kind(&self) -> SampleKind {
        match self.encoding {
            Encoding::Binary => SampleKind::I16,
            Encoding::Float32 => SampleKind::F32,
            Encoding::Ascii | Encoding::Binary32 => SampleKind::I32,
        }
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        let (records, record) = (self.records.get(range), self.records.record());
        Ok(match self.encoding {
            Encoding::Binary => {
                gather(records, record, self.at, i16::from_le_bytes, emptied(&mut own.i16));
                SamplesRef::I16(&own.i16)
            }
            Encoding::Float32 => {
                gather(records, record, self.at, float, emptied(&mut own.f32));
                SamplesRef::F32(&own.f32)
            }
            Encoding::Ascii | Encoding::Binary32 => {
                gather(records, record, self.at, i32::from_le_bytes, emptied(&mut own.i32));
                SamplesRef::I32(&own.i32)
            }
        })
    }
}

fn emptied<T>(codes: &mut Vec<T>) -> &mut Vec<T> {
    codes.clear();
    codes
}

/// A code; missing, stated as not finite or as the lowest number there is, becomes NaN.
fn float(bytes: [u8; 4]) -> f32 {
    let value = f32::from_le_bytes(bytes);
    if value.is_finite() && value != f32::MIN { value } else { f32::NAN }
}

/// Appends the code at byte `at` of each record.
fn gather<T, const W: usize>(
    records: &[u8],
    record: usize,
    at: usize,
    decode: impl Fn([u8; W]) -> T,
    out: &mut Vec<T>,
) {
    out.extend(records.chunks_exact(record).map(|r| {
        let mut code = [0; W];
        code.copy_from_slice(&r[at..at + W]);
        decode(code)
    }));
}

fn columns(records: &[u8], record: usize, channels: usize, encoding: Encoding) -> Vec<Samples> {
    match encoding {
        Encoding::Binary => all(records, record, channels, i16::from_le_bytes),
        Encoding::Float32 => all(records, record, channels, float),
        Encoding::Ascii | Encoding::Binary32 => all(records, record, channels, i32::from_le_bytes),
    }
}

/// All analog columns: blocks of records that stay in cache are read once for each.
fn all<T, const W: usize>(
    records: &[u8],
    record: usize,
    channels: usize,
    decode: impl Fn([u8; W]) -> T + Copy,
) -> Vec<Samples>
where
    Samples: From<Vec<T>>,
{
    const CACHE_BYTES: usize = 128 << 10;
    let rows = records.len() / record;
    let mut columns: Vec<Vec<T>> = (0..channels).map(|_| Vec::with_capacity(rows)).collect();
    for block in records.chunks((CACHE_BYTES / record).max(1) * record) {
        for (c, column) in columns.iter_mut().enumerate() {
            gather(block, record, HEAD + c * W, decode, column);
        }
    }
    columns.into_iter().map(Samples::from).collect()
}

fn le_u32(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}
