//! FLAC: up to 8 channels of integers of up to 32 bits (written: 24), compressed without loss. The coding is `flac-codec`'s.
//!
//! Full scale is 1 until a calibration says more; our own files carry everything in the comment `KILAT`.

use std::path::Path;

use flac_codec::decode::{FlacChannelReader, Metadata as _};
use flac_codec::encode::{FlacChannelWriter, Options};
use flac_codec::metadata::VorbisComment;
use kilat_core::{Capture, Channel, Codes, Error, Result, SampleKind, Samples, SamplesRef, Warning};

use crate::audio::{Recording, header_rate, some_channels};
use crate::guard::guarded;
use crate::limit::most_decoded;
use crate::metadata::{self, lost_status};
use crate::replace::replace;
use crate::{ReadOptions, Source};

const MAGIC: &[u8] = b"fLaC";

/// Name of the comment that holds what FLAC does not know.
const COMMENT: &str = "KILAT";

/// Fastest rate that the header holds.
const MOST_RATE_HZ: u32 = (1 << 20) - 1;

/// Samples given to the encoder at once.
const BLOCK: usize = 1 << 16;

/// 255 for the magic bytes, alone or behind an ID3 tag, else 0.
pub(crate) fn score(head: &[u8], _name: &str) -> u8 {
    let behind_tag = || head.get(tag_len(head)..).is_some_and(|rest| rest.starts_with(MAGIC));
    if head.starts_with(MAGIC) || head.starts_with(b"ID3") && behind_tag() { 255 } else { 0 }
}

/// Bytes of the ID3 tag in front, which some programs put there against the format.
fn tag_len(bytes: &[u8]) -> usize {
    match bytes {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            10 + [a, b, c, d].into_iter().fold(0, |n, byte| n << 7 | usize::from(byte & 0x7f))
        }
        _ => 0,
    }
}

/// Reads all channels; frames after damage are left out, with a warning.
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let bytes = source.content()?;
    let part = source.name();
    let recording = guarded("FLAC", &part, || decode(&bytes, &part))?;
    let mut capture = recording.capture(options)?;
    capture.source = source.full_name();
    Ok(capture)
}

fn decode(bytes: &[u8], part: &str) -> Result<Recording> {
    let stream = bytes.get(tag_len(bytes)..).unwrap_or_default();
    let unreadable =
        |at: &str, e: flac_codec::Error| malformed(part, at, "a sound FLAC stream", e.to_string());
    let mut reader = FlacChannelReader::new(stream).map_err(|e| unreadable("header", e))?;
    let (rate_hz, bits) = (reader.sample_rate(), reader.bits_per_sample());
    let declared = reader.total_samples();
    let comments = reader.metadata().get::<VorbisComment>();
    let metadata = comments.and_then(|c| c.get(COMMENT)).map(str::to_owned);
    let is_ours = |field: &str| field.eq_ignore_ascii_case(COMMENT);
    let notes = comments.map_or_else(Vec::new, |c| {
        let pairs = c.fields.iter().filter_map(|f| f.split_once('='));
        pairs
            .filter(|(name, _)| !is_ours(name))
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    });
    let channels = usize::from(reader.channel_count());
    // Room for what is declared, as far as a file of this length makes it likely.
    let expected = declared.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let mut columns = Columns::new(channels, bits <= 16, expected.min(2 * bytes.len() / channels));
    let most = most_decoded(bytes.len() as u64);
    let mut warnings = Vec::new();
    loop {
        let block = match reader.fill_buf() {
            Ok(block) => block,
            Err(e) if columns.len() == 0 => return Err(unreadable("first frame", e)),
            Err(e) => {
                let message =
                    format!("decoding stops there: {e}; the {} samples before it are kept", columns.len());
                warnings.push(Warning::new(format!("{part}: sample {}", columns.len()), message));
                break;
            }
        };
        let n = block.first().map_or(0, |c| c.len());
        if n == 0 {
            break;
        }
        columns.push(&block, expected);
        if columns.bytes() > most {
            let expected = format!("at most {most} bytes, which is what a file of this length can hold");
            return Err(malformed(part, "samples", &expected, "more".into()));
        }
        reader.consume(n);
    }
    if let Some(declared) = declared.filter(|d| *d != columns.len() as u64 && warnings.is_empty()) {
        let message =
            format!("the header declares {declared} samples, {} are there; read those", columns.len());
        warnings.push(Warning::new(part, message));
    }
    Ok(Recording {
        part: part.into(),
        format: format!("FLAC {bits} bit"),
        rate_hz,
        full_scale: f64::from(bits.saturating_sub(1)).exp2(),
        declared: declared.unwrap_or(columns.len() as u64),
        columns: columns.into_samples(),
        metadata,
        notes,
        warnings,
    })
}

/// Codes of all channels as they are decoded.
enum Columns {
    I16(Vec<Vec<i16>>),
    I32(Vec<Vec<i32>>),
}

impl Columns {
    fn new(channels: usize, narrow: bool, room: usize) -> Self {
        if narrow {
            Self::I16((0..channels).map(|_| Vec::with_capacity(room)).collect())
        } else {
            Self::I32((0..channels).map(|_| Vec::with_capacity(room)).collect())
        }
    }

    /// Takes in more codes of all channels, of `expected` in all.
    fn push(&mut self, block: &[&[i32]], expected: usize) {
        match self {
            Self::I16(columns) => {
                for (column, codes) in columns.iter_mut().zip(block) {
                    make_room(column, codes.len(), expected);
                    // At most 16 bits, as the header says and the decoder keeps to.
                    column.extend(codes.iter().map(|v| *v as i16));
                }
            }
            Self::I32(columns) => {
                for (column, codes) in columns.iter_mut().zip(block) {
                    make_room(column, codes.len(), expected);
                    column.extend_from_slice(codes);
                }
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::I16(columns) => columns.first().map_or(0, Vec::len),
            Self::I32(columns) => columns.first().map_or(0, Vec::len),
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::I16(columns) => (columns.len() * self.len() * 2) as u64,
            Self::I32(columns) => (columns.len() * self.len() * 4) as u64,
        }
    }

    fn into_samples(self) -> Vec<Samples> {
        match self {
            Self::I16(columns) => columns.into_iter().map(Into::into).collect(),
            Self::I32(columns) => columns.into_iter().map(Into::into).collect(),
        }
    }
}

/// Room for `more` codes: twice that of before, but no more than for the `expected` ones.
fn make_room<T>(column: &mut Vec<T>, more: usize, expected: usize) {
    let needed = column.len() + more;
    if needed > column.capacity() {
        column.reserve_exact((2 * column.capacity()).min(expected).max(needed) - column.len());
    }
}

/// Writes integer codes as they are; floats and more than 8 channels are refused.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    some_channels(capture, "FLAC")?;
    let channels = capture.channels();
    let count = u8::try_from(channels.len()).ok().filter(|n| *n <= 8);
    let count = count.ok_or_else(|| unsupported(format!("{} channels", channels.len())))?;
    if let Some(c) = channels.iter().find(|c| !matches!(c.samples.kind(), SampleKind::I16 | SampleKind::I32))
    {
        return Err(unsupported(format!("channel `{}`, whose codes are floats,", c.name)));
    }
    let bits = bits(channels)?;
    let (rate_hz, inexact) = header_rate(capture, "FLAC", MOST_RATE_HZ)?;
    let n = capture.len() as usize;
    let mut comment = VorbisComment::default();
    comment.set(COMMENT, metadata::of(capture));
    replace(path, |out| {
        let failed = |e: flac_codec::Error| match e {
            flac_codec::Error::Io(e) => Error::io(path, e),
            e => Error::io(path, std::io::Error::other(e.to_string())),
        };
        let options = Options::default().comment(comment);
        let total = Some(capture.len());
        let mut writer = FlacChannelWriter::new(out, options, rate_hz, bits, count, total).map_err(failed)?;
        let mut own = Codes::default();
        for first in (0..n).step_by(BLOCK) {
            let range = first..(first + BLOCK).min(n);
            let integers = |c: &Channel| Ok(integers(c.samples.read(range.clone(), &mut own)?));
            let block: Vec<Vec<i32>> = channels.iter().map(integers).collect::<Result<_>>()?;
            writer.write(&block).map_err(failed)?;
        }
        writer.finalize().map_err(failed)
    })?;
    Ok(lost_status(capture).into_iter().chain(inexact).collect())
}

/// The fewest of 16 and 24 bits that hold every code. Few programs read 32, and the encoder overflows on their ends.
fn bits(channels: &[Channel]) -> Result<u32> {
    let (mut lowest, mut highest) = (0, 0);
    let mut own = Codes::default();
    for c in channels.iter().filter(|c| c.samples.kind() == SampleKind::I32) {
        for block in c.blocks() {
            if let SamplesRef::I32(x) = c.samples.read(block, &mut own)? {
                lowest = x.iter().fold(lowest, |m: i32, v| m.min(*v));
                highest = x.iter().fold(highest, |m: i32, v| m.max(*v));
            }
        }
    }
    let fits = |bits: &u32| lowest >= -(1 << (bits - 1)) && highest < 1 << (bits - 1);
    [16, 24].into_iter().find(fits).ok_or_else(|| unsupported("codes of more than 24 bits".into()))
}

fn unsupported(what: String) -> Error {
    Error::Unsupported {
        part: "FLAC".into(),
        what,
        hint: "write WAV, which has floats, more bits and any number of channels, or HDF5".into(),
    }
}

fn integers(samples: SamplesRef<'_>) -> Vec<i32> {
    match samples {
        SamplesRef::I16(x) => x.iter().map(|v| i32::from(*v)).collect(),
        SamplesRef::I32(x) => x.to_vec(),
        SamplesRef::F32(_) | SamplesRef::F64(_) => Vec::new(),
    }
}

fn malformed(part: &str, at: &str, expected: &str, found: String) -> Error {
    Error::Malformed { format: "FLAC", part: part.into(), at: at.into(), expected: expected.into(), found }
}

#[cfg(test)]
mod tests {
    use kilat_core::{SampleRate, TimeBase};

    use super::*;

    fn capture(codes: Vec<i32>) -> Capture {
        let rate = SampleRate::from_hz(12_800.0).unwrap();
        let n = codes.len() as u64;
        let mut current = Channel::new("Ia", "A", codes).with_scale(0.25, -3.0);
        current.missing_code = Some(i32::MIN);
        let voltage: Vec<i16> = (0..n).map(|i| (i * 77 % 4001) as i16 - 2000).collect();
        let channels = vec![current, Channel::new("Ua", "V", voltage).with_scale(0.1, 0.0)];
        Capture::new(TimeBase::uniform(rate, n, None), channels).unwrap()
    }

    fn written(capture: &Capture) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.flac");
        write(capture, &path).unwrap();
        std::fs::read(path).unwrap()
    }

    fn read_bytes(bytes: Vec<u8>, options: &ReadOptions) -> Result<Capture> {
        read(&Source::Bytes { name: "a.flac".into(), bytes }, options)
    }

    #[test]
    fn codes_of_16_and_24_bits_survive() {
        for (codes, format) in [
            ((0..5000).map(|i| i % 300).collect::<Vec<i32>>(), "FLAC 16 bit"),
            ((0..5000).map(|i| i * 1600 - 4_000_000).collect(), "FLAC 24 bit"),
        ] {
            let bytes = written(&capture(codes.clone()));
            let back = read_bytes(bytes.clone(), &ReadOptions::default()).unwrap();
            assert!(
                matches!(back.channels()[0].samples.as_ref(), Some(SamplesRef::I32(x)) if x == codes),
                "{format}"
            );
            assert_eq!((back.channels()[0].scale, back.channels()[0].missing_code), (0.25, Some(i32::MIN)));
            assert_eq!(back.warnings, []);
            // Without our description it is a sound of full scale 1.
            let map = vec![crate::ChannelMap { source: "0".into(), ..Default::default() }];
            let plain = read_bytes(bytes, &ReadOptions { map, ..ReadOptions::default() }).unwrap();
            assert_eq!((plain.format.as_str(), plain.channels()[0].unit.as_str()), (format, "FS"));
            let full_scale = plain.channels()[0].scale.recip();
            assert_eq!(plain.channels()[0].values(3..4).unwrap()[0] * full_scale, f64::from(codes[3]));
        }
    }

    #[test]
    fn what_flac_cannot_hold_is_refused() {
        let floats = Channel::new("Ua", "V", vec![0.5f32]);
        let time = TimeBase::uniform(SampleRate::from_hz(1e3).unwrap(), 1, None);
        let message = |channels| {
            let c = Capture::new(time.clone(), channels).unwrap();
            write(&c, Path::new("unwritten.flac")).unwrap_err().to_string()
        };
        assert!(
            message(vec![floats]).starts_with("FLAC: channel `Ua`, whose codes are floats, is not supported")
        );
        assert!(message(vec![Channel::new("Ua", "V", vec![1i16]); 9]).starts_with("FLAC: 9 channels is not"));
        assert!(message(vec![Channel::new("Ua", "V", vec![1i32 << 23])]).contains("more than 24 bits"));
    }

    #[test]
    fn a_cut_stream_keeps_what_comes_before_the_cut() {
        let whole = capture((0..20_000).map(|i| (i * i) % 3001).collect());
        let bytes = written(&whole);
        let cut = read_bytes(bytes[..bytes.len() - 5000].to_vec(), &ReadOptions::default()).unwrap();
        assert!(cut.len() > 4000 && cut.len() < 20_000, "{}", cut.len());
        let n = cut.len();
        assert_eq!(*cut.time(), whole.time().slice(0..n));
        for (a, b) in whole.channels().iter().zip(cut.channels()) {
            assert_eq!((&a.name, &a.unit, a.scale, a.offset), (&b.name, &b.unit, b.scale, b.offset));
            assert_eq!(a.values(0..n as usize).unwrap(), b.values(0..n as usize).unwrap());
        }
        assert!(
            cut.warnings.iter().any(|w| w.message.contains("decoding stops there")),
            "{:?}",
            cut.warnings
        );
    }
}
