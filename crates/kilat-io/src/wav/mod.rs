//! WAV: integers of 8, 16, 24 and 32 bits and floats of 32 and 64, in RIFF, RIFX (big-endian) and RF64 (above 4 GB).
//!
//! Full scale is 1 until a calibration says more; our own files carry everything in a chunk `kila`, which other programs
//! leave alone.

use std::io::Write as _;
use std::path::Path;

use kilat_core::{Capture, Codes, Error, Result, SampleKind, Samples, Warning};

use crate::audio::{Recording, common_kind, header_rate, some_channels};
use crate::elements::{Element, floats};
use crate::limit::{Limit, all_of};
use crate::metadata::{self, lost_status};
use crate::replace::replace;
use crate::source::Bytes;
use crate::{ReadOptions, Source, stored};

mod chunks;

use chunks::{Chunks, Form};

/// Chunk of our own description.
const METADATA: &[u8; 4] = b"kila";

/// `WAVE_FORMAT` tags.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;

/// The rest of the identifier of an extensible format, behind its tag.
const SUBFORMAT: [u8; 14] = [0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113];

/// Channels that a file may declare without a sample of each.
const MOST_WITHOUT_SAMPLES: usize = 64;

/// Rows written at once.
const BLOCK: usize = 1 << 13;

/// 255 for a RIFF file that says WAVE, else 0.
pub(crate) fn score(head: &[u8], _name: &str) -> u8 {
    if Form::of(head).is_some() { 255 } else { 0 }
}

/// Reads all channels.
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let part = source.name();
    let bytes = source.content()?;
    let (mut layout, mut data) = (None, None);
    let (mut metadata, mut notes, mut warnings) = (None, Vec::new(), Vec::new());
    for chunk in Chunks::of(&bytes, &part)? {
        match &chunk.id {
            b"fmt " => layout = Some(Layout::parse(chunk.body, chunk.big_endian, &part)?),
            b"data" if data.is_none() => {
                if chunk.declared != chunk.body.len() as u64 {
                    let (found, declared) = (chunk.body.len(), chunk.declared);
                    let message =
                        format!("declares {declared} bytes of samples, {found} are there; read those");
                    warnings.push(Warning::new(format!("{part}: chunk `data`"), message));
                }
                data = Some((chunk.at, chunk.body, chunk.declared));
            }
            METADATA => metadata = Some(text(chunk.body, &part)?),
            b"iXML" | b"axml" => notes.push((chunk.name(), text(chunk.body, &part)?)),
            b"LIST" => chunk.list(&mut notes),
            b"bext" => chunk.broadcast(&mut notes),
            // How to play it (cue, smpl, PEAK, ...) says nothing of the samples.
            _ => {}
        }
    }
    let lacking = |id: &str| malformed(&part, "chunks", &format!("a chunk `{id}`"), "the end of the file");
    let layout = layout.ok_or_else(|| lacking("fmt "))?;
    let (at, data, declared) = data.ok_or_else(|| lacking("data"))?;
    if data.len() < layout.row_bytes() && layout.channels > MOST_WITHOUT_SAMPLES {
        let expected = format!("a sample of each of the {} channels", layout.channels);
        return Err(malformed(&part, "chunk `data`", &expected, &format!("{} bytes", data.len())));
    }
    let rows = data.len() / layout.row_bytes();
    let torn = data.len() % layout.row_bytes();
    if torn > 0 {
        let message = format!("{torn} bytes after the last whole sample of all channels are left out");
        warnings.push(Warning::new(format!("{part}: chunk `data`"), message));
    }
    let recording = Recording {
        format: layout.describe(),
        rate_hz: layout.rate_hz,
        full_scale: layout.full_scale(),
        columns: layout.columns(&bytes, at, rows, &part)?,
        declared: declared / layout.row_bytes() as u64,
        metadata,
        notes,
        warnings,
        part,
    };
    let mut capture = recording.capture(options)?;
    capture.source = source.full_name();
    Ok(capture)
}

fn text(bytes: &[u8], part: &str) -> Result<String> {
    Limit::TEXT_BYTES.check(part, bytes.len() as u64)?;
    Ok(String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned())
}

/// What the chunk `fmt ` says.
#[derive(Debug, Clone, Copy)]
struct Layout {
    is_float: bool,
    channels: usize,
    rate_hz: u32,
    /// Bytes of one code.
    size: usize,
    big_endian: bool,
}

impl Layout {
    fn parse(body: &[u8], big_endian: bool, part: &str) -> Result<Self> {
        let number = |at: usize, size: usize| {
            let bytes = body.get(at..at + size).ok_or_else(|| {
                malformed(part, "chunk `fmt `", "at least 16 bytes", &body.len().to_string())
            })?;
            let digit = |n: u32, b: &u8| n << 8 | u32::from(*b);
            Ok::<_, Error>(if big_endian {
                bytes.iter().fold(0, digit)
            } else {
                bytes.iter().rev().fold(0, digit)
            })
        };
        let (tag, channels, rate_hz) = (number(0, 2)? as u16, number(2, 2)? as usize, number(4, 4)?);
        let (row, bits) = (number(12, 2)? as usize, number(14, 2)? as usize);
        let tag = if tag == EXTENSIBLE { number(24, 2)? as u16 } else { tag };
        let is_float = tag == FLOAT;
        if !is_float && tag != PCM {
            return Err(Error::Unsupported {
                part: part.into(),
                what: format!("WAV coding {tag}{}", coding_name(tag)),
                hint: "save it as PCM or as floats".into(),
            });
        }
        // The bits may be fewer than the room they lie in, at its upper end; the size of a row tells the room.
        let size = row.checked_div(channels).filter(|_| row > 0).unwrap_or(bits.div_ceil(8));
        let known =
            if is_float { matches!(size, 4 | 8) && bits == size * 8 } else { (1..=4).contains(&size) };
        let fits = row == 0 || row == channels * size;
        if channels == 0 || bits == 0 || bits > size * 8 || !known || !fits {
            let found = format!("{channels} channels of {bits} bits in {row} bytes");
            let expected = "channels of 1 to 32 bits, or floats of 32 or 64";
            return Err(malformed(part, "chunk `fmt `", expected, &found));
        }
        Limit::CHANNELS.check(part, channels as u64)?;
        Ok(Self { is_float, channels, rate_hz, size, big_endian })
    }

    fn describe(&self) -> String {
        format!("WAV {} bit{}", self.size * 8, if self.is_float { " float" } else { "" })
    }

    fn row_bytes(&self) -> usize {
        self.channels * self.size
    }

    fn full_scale(&self) -> f64 {
        if self.is_float { 1.0 } else { (self.size as f64 * 8.0 - 1.0).exp2() }
    }

    /// The codes of each channel; `at` is the byte of `rows` rows in the file.
    fn columns(&self, bytes: &Bytes<'_>, at: usize, rows: usize, part: &str) -> Result<Vec<Samples>> {
        let element = match (self.is_float, self.size) {
            // Bytes are the one width whose zero is in the middle.
            (false, 1) => Element::Excess8,
            (false, 2) => Element::I16,
            (false, 3) => Element::I24,
            (false, _) => Element::I32,
            (true, 4) => Element::F32,
            (true, _) => Element::F64,
        };
        let column = |c: usize| {
            let place = (at + c * self.size, self.channels, rows);
            let data_bytes = rows * self.row_bytes();
            let samples = stored::column(bytes, part, place, (element, self.big_endian), data_bytes);
            samples.map_err(|i| malformed(part, &format!("sample {i}"), "a number", "none"))
        };
        all_of(self.channels, (0..self.channels).map(column))
    }
}

fn coding_name(tag: u16) -> &'static str {
    match tag {
        2 | 17 => " (ADPCM)",
        6 => " (A-law)",
        7 => " (µ-law)",
        85 => " (MP3)",
        _ => "",
    }
}

/// Writes the codes in the narrowest type that holds those of all channels; RF64 when 4 GB do not do.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    some_channels(capture, "WAV")?;
    let channels = capture.channels();
    let kind = common_kind(channels);
    let size = element(kind).size();
    let count = u16::try_from(channels.len()).ok().filter(|n| u16::try_from(usize::from(*n) * size).is_ok());
    let count = count.ok_or_else(|| Error::Unsupported {
        part: "WAV".into(),
        what: format!("{} channels", channels.len()),
        hint: "write HDF5".into(),
    })?;
    let (rate_hz, inexact) = header_rate(capture, "WAV", u32::MAX / (u32::from(count) * size as u32))?;
    let n = capture.len() as usize;
    let is_float = matches!(kind, SampleKind::F32 | SampleKind::F64);
    let head = chunks::Head {
        format: format_chunk(is_float, count, rate_hz, size),
        samples: is_float.then_some(capture.len()),
        metadata: metadata::of(capture).into_bytes(),
        data_bytes: capture.len() * u64::from(count) * size as u64,
        rows: capture.len(),
    };
    replace(path, |out| {
        let io = |e| Error::io(path, e);
        out.write_all(&head.bytes(*METADATA)).map_err(io)?;
        let (mut block, mut own, mut values) = (Vec::new(), Codes::default(), Vec::new());
        for first in (0..n).step_by(BLOCK) {
            let range = first..(first + BLOCK).min(n);
            block.clear();
            block.resize(range.len() * channels.len() * size, 0);
            for (c, channel) in channels.iter().enumerate() {
                floats(channel.samples.read(range.clone(), &mut own)?, &mut values);
                let cells = block.chunks_exact_mut(size).skip(c).step_by(channels.len());
                for (cell, code) in cells.zip(&values) {
                    match kind {
                        SampleKind::I16 => cell.copy_from_slice(&(*code as i16).to_le_bytes()),
                        SampleKind::I32 => cell.copy_from_slice(&(*code as i32).to_le_bytes()),
                        SampleKind::F32 => cell.copy_from_slice(&(*code as f32).to_le_bytes()),
                        SampleKind::F64 => cell.copy_from_slice(&code.to_le_bytes()),
                    }
                }
            }
            out.write_all(&block).map_err(io)?;
        }
        // No padding: codes of two bytes or more never add up to an odd length.
        Ok(())
    })?;
    Ok(lost_status(capture).into_iter().chain(inexact).collect())
}

fn element(kind: SampleKind) -> Element {
    match kind {
        SampleKind::I16 => Element::I16,
        SampleKind::I32 => Element::I32,
        SampleKind::F32 => Element::F32,
        SampleKind::F64 => Element::F64,
    }
}

/// `WAVE_FORMAT_EXTENSIBLE`, which alone is right for more than two channels and more than 16 bits.
fn format_chunk(is_float: bool, channels: u16, rate_hz: u32, size: usize) -> Vec<u8> {
    let (row, bits) = (channels * size as u16, size as u16 * 8);
    let mut out = Vec::new();
    out.extend(EXTENSIBLE.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(rate_hz.to_le_bytes());
    out.extend((rate_hz * u32::from(row)).to_le_bytes());
    out.extend(row.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(22u16.to_le_bytes());
    out.extend(bits.to_le_bytes());
    // No loudspeaker: the channels are no directions.
    out.extend(0u32.to_le_bytes());
    out.extend(if is_float { FLOAT } else { PCM }.to_le_bytes());
    out.extend(SUBFORMAT);
    out
}

fn malformed(part: &str, at: &str, expected: &str, found: &str) -> Error {
    let (at, expected, found) = (at.into(), expected.into(), found.into());
    Error::Malformed { format: "WAV", part: part.into(), at, expected, found }
}

#[cfg(test)]
mod tests;
