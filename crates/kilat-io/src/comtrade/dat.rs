//! The dat: which encoding it really has, and its samples in columns.

use std::ops::Range;
use std::sync::Arc;

use kilat_core::{Error, Result, Samples, Warning};

use super::cfg::{Cfg, Encoding};
use super::time::Stamps;
use super::{ascii, binary};
use crate::mapped::Content;
use crate::source::Bytes;

/// Codes of one analog channel.
pub(super) struct Column {
    pub(super) samples: Samples,
    /// Integer code that stands for "no sample".
    pub(super) missing_code: Option<i32>,
}

/// Where the dat is: a file, or a part of a cff.
pub(super) struct Place<'a> {
    source: &'a Bytes<'a>,
    range: Range<usize>,
}

impl<'a> Place<'a> {
    /// `range` of `source`, within its length.
    pub(super) fn new(source: &'a Bytes<'a>, range: Range<usize>) -> Self {
        Self { source, range }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        &self.source[self.range.clone()]
    }

    /// First byte in the file.
    pub(super) fn start(&self) -> usize {
        self.range.start
    }

    /// The file, when it is one.
    pub(super) fn file(&self) -> Option<&'a Arc<Content>> {
        if let Bytes::File(content) = self.source { Some(content) } else { None }
    }
}

/// Content of a dat.
pub(super) struct Data<'a> {
    /// Encoding found, which may not be the one the cfg announces.
    pub(super) encoding: Encoding,
    /// Number of samples of every channel.
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
    /// States of the status channels, 0 or 1.
    pub(super) states: Vec<Samples>,
    pub(super) stamps: Stamps<'a>,
    pub(super) warnings: Vec<Warning>,
}

/// Reads the dat called `part`; `declared` is its encoding as the cfg, or the separator in a cff, announces it.
pub(super) fn read<'a>(
    part: &str,
    place: &Place<'a>,
    cfg: &Cfg,
    declared: Option<Encoding>,
) -> Result<Data<'a>> {
    let bytes = place.bytes();
    let encoding = actual_encoding(bytes, cfg, declared);
    let mut data = match encoding {
        Encoding::Ascii => ascii::read(part, bytes, cfg)?,
        _ => binary::read(part, place, cfg, encoding),
    };
    if data.rows == 0 {
        return Err(Error::Malformed {
            format: "COMTRADE",
            part: part.into(),
            at: "start".into(),
            expected: "samples".into(),
            found: format!("{} bytes without a whole one", bytes.len()),
        });
    }
    let mut warn = |message| data.warnings.push(Warning::new(part, message));
    if let Some(declared) = declared.filter(|d| *d != encoding) {
        warn(format!(
            "announced as {}, but the content is {}; read as that",
            declared.word(),
            encoding.word()
        ));
    }
    if let Some(end) = cfg.end_sample.filter(|end| *end != data.rows as u64) {
        warn(format!("{end} samples announced, {} there; those are read", data.rows));
    }
    Ok(data)
}

/// The announced encoding, unless the content plainly is another one.
fn actual_encoding(bytes: &[u8], cfg: &Cfg, declared: Option<Encoding>) -> Encoding {
    if bytes.is_empty() {
        return declared.unwrap_or(Encoding::Ascii);
    }
    if is_text(bytes) {
        return Encoding::Ascii;
    }
    let declared = declared.filter(|d| *d != Encoding::Ascii);
    let (analogs, statuses) = (cfg.analogs.len(), cfg.statuses.len());
    let fits =
        |e: &Encoding| binary::numbers_are_consecutive(bytes, binary::record_bytes(analogs, statuses, *e));
    declared
        .filter(fits)
        .or_else(|| [Encoding::Binary, Encoding::Binary32].into_iter().find(fits))
        .or(declared)
        .unwrap_or(Encoding::Binary)
}

/// True when the head is rows of numbers; a binary sample number has zero bytes.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(512)];
    let printable = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x1A | b' '..=b'~');
    let odd = head.iter().filter(|b| !printable(b)).count();
    // A typographic minus is three odd bytes in a field of several.
    !head.contains(&0) && odd * 4 <= head.len()
}
