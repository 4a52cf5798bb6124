//! Arrow messages, one after the other: a stream, or a file, which is a stream between a magic and a list of its messages.
//!
//! The lengths that they declare are checked before the Arrow crate makes room for them.

use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{CompressionType, Message, root_as_message};
use bytes::Bytes;
use kilat_core::{Error, Result, Warning};

use super::gathered::Gathered;
use super::{ARROW, STREAM, malformed};

/// Takes in all whole batches; what unpacks to more than `most` bytes is refused.
pub(super) fn gather(content: &Bytes, part: &str, most: u64) -> Result<Gathered> {
    let failed = |e: arrow_schema::ArrowError| malformed("Arrow", part, &e);
    let start = first_message(content);
    let (end, is_whole, rows) = whole_messages(content, start, part, most)?;
    let mut buffer = Buffer::from(content.slice(start..end));
    let mut decoder = StreamDecoder::new();
    let mut gathered: Option<Gathered> = None;
    while !buffer.is_empty() {
        let batch = decoder.decode(&mut buffer).map_err(failed)?;
        if let (None, Some(schema)) = (&gathered, decoder.schema()) {
            gathered = Some(Gathered::new(schema, part, "Arrow", rows, 2 * content.len()));
        }
        if let (Some(gathered), Some(batch)) = (&mut gathered, batch) {
            gathered.push(&batch, most)?;
        }
    }
    // A stream without a batch shows its schema only when asked once more.
    let schema = || decoder.schema().map(|s| Gathered::new(s, part, "Arrow", rows, 0));
    let mut gathered = gathered.or_else(schema).ok_or_else(|| malformed("Arrow", part, &"no schema"))?;
    if !is_whole {
        let message = format!("the file is cut off there; the {} rows before it are kept", gathered.rows());
        gathered.warn(Warning::new(format!("{part}: byte {end}"), message));
    }
    Ok(gathered)
}

/// Byte of the first message: of a file behind its magic and the zeros after it, of which writers put 2 or more.
fn first_message(content: &[u8]) -> usize {
    if !content.starts_with(ARROW) {
        return 0;
    }
    let zeros = content[ARROW.len()..].iter().take_while(|b| **b == 0).count();
    ARROW.len() + zeros / 8 * 8
}

/// The end of the last whole message, whether that is where the messages should end, and their rows.
fn whole_messages(content: &[u8], start: usize, part: &str, most: u64) -> Result<(usize, bool, usize)> {
    let (mut at, mut left, mut rows) = (start, most, 0usize);
    loop {
        let Some((head, len)) = message_head(content.get(at..).unwrap_or_default()) else {
            return Ok((at, at == content.len(), rows));
        };
        if len == 0 {
            return Ok((at, true, rows));
        }
        let body = at.saturating_add(head).saturating_add(len);
        let Some(message) = content.get(at + head..body).and_then(|m| root_as_message(m).ok()) else {
            return Ok((at, false, rows));
        };
        let Some(length) = usize::try_from(message.bodyLength()).ok() else { return Ok((at, false, rows)) };
        let Some(bytes) = content.get(body..body.saturating_add(length)) else {
            return Ok((at, false, rows));
        };
        let unpacked = unpacked(&message, bytes, part)?;
        left = left.checked_sub(unpacked).ok_or_else(|| Error::Malformed {
            format: "Arrow",
            part: part.into(),
            at: format!("message at byte {at}"),
            expected: format!("at most {most} bytes, which is what a file of this length can hold"),
            found: format!("{unpacked} more than those before it"),
        })?;
        let length_of_batch = message.header_as_record_batch().map_or(0, |b| b.length());
        rows = rows.saturating_add(usize::try_from(length_of_batch).unwrap_or(0));
        at = body + length;
    }
}

/// Bytes before a message and its length; none at the end of the data.
fn message_head(bytes: &[u8]) -> Option<(usize, usize)> {
    let word =
        |at: usize| bytes.get(at..at + 4).and_then(|b| b.first_chunk::<4>()).map(|b| u32::from_le_bytes(*b));
    // Before version 0.15 the length stood alone.
    if bytes.starts_with(STREAM) { Some((8, word(4)? as usize)) } else { Some((4, word(0)? as usize)) }
}

/// LZ4 unpacks no byte to more than this many.
const MOST_PER_BYTE: u64 = 255;

/// Bytes that the buffers of a message declare to unpack to; an error when they can't.
fn unpacked(message: &Message<'_>, body: &[u8], part: &str) -> Result<u64> {
    let batch = message.header_as_record_batch();
    let batch = batch.or_else(|| message.header_as_dictionary_batch()?.data());
    let Some((batch, packing)) = batch.and_then(|b| Some((b, b.compression()?))) else { return Ok(0) };
    if packing.codec() == CompressionType::ZSTD {
        return Err(Error::Unsupported {
            part: part.into(),
            what: "Arrow compressed with zstd".into(),
            hint: "write it again with lz4 or without compression, or as Parquet".into(),
        });
    }
    let declared = |b: &arrow_ipc::Buffer| {
        let at = usize::try_from(b.offset()).ok()?;
        let length = body.get(at..at.checked_add(8)?)?.first_chunk::<8>()?;
        // −1 says that this one is not compressed.
        Some((at, u64::try_from(i64::from_le_bytes(*length)).ok()?, u64::try_from(b.length()).ok()?))
    };
    let mut sum = 0u64;
    for (at, length, packed) in batch.buffers().into_iter().flatten().filter_map(declared) {
        if length > packed.saturating_mul(MOST_PER_BYTE) {
            return Err(Error::Malformed {
                format: "Arrow",
                part: part.into(),
                at: format!("buffer at byte {at} of a message"),
                expected: format!("at most {MOST_PER_BYTE} times the {packed} bytes it has"),
                found: format!("{length} bytes"),
            });
        }
        sum = sum.saturating_add(length);
    }
    Ok(sum)
}
