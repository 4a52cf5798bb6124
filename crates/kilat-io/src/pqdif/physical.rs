//! The chain of records: headers, checksums, unfolding.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read as _;
use std::ops::Range;

use flate2::bufread::ZlibDecoder;
use kilat_core::{Error, Result, Warning};

use super::element::Guid;
use crate::limit::Limit;

/// Begins every record; its last bytes spell `PQDIF`.
pub(super) const SIGNATURE: Guid = Guid(0x4a11_1440_e49f_11cf_9900_5051_4449_4600);

/// Bytes of a header.
pub(super) const HEADER: usize = 64;

/// A record as its header describes it.
pub(super) struct Header {
    pub(super) kind: Guid,
    /// Offset of the header in the file, which names the record in messages.
    pub(super) at: usize,
    /// Where its body lies, as far as the file goes.
    pub(super) body: Range<usize>,
    checksum: u32,
    next: i32,
}

/// The records of `bytes` in the order of their links. Damage of the first one is an error; of a later one, a warning that says
/// what cannot be reached.
pub(super) fn chain(part: &str, bytes: &[u8], warnings: &mut Vec<Warning>) -> Result<Vec<Header>> {
    let mut headers = Vec::new();
    let mut visited = HashSet::new();
    let mut stored = 0;
    let mut at = 0usize;
    loop {
        visited.insert(at);
        let header = match Header::parse(part, bytes, at, warnings) {
            Ok(header) => header,
            Err(e) if headers.is_empty() => return Err(e),
            Err(e) => {
                warnings.push(Warning::new(part, format!("what follows cannot be reached: {e}")));
                break;
            }
        };
        // Bodies of a file do not overlap; those of a hostile one might, to be read again and again.
        stored += header.body.len();
        if stored > bytes.len() {
            let message = format!("records that overlap: left out from offset {at} on");
            warnings.push(Warning::new(part, message));
            break;
        }
        let next = header.next;
        headers.push(header);
        match usize::try_from(next) {
            Ok(0) => break,
            Ok(n) if visited.contains(&n) => {
                let message = format!("the record at offset {at} links back to {n}; the chain ends there");
                warnings.push(Warning::new(part, message));
                break;
            }
            Ok(n) => at = n,
            Err(_) => {
                let message =
                    format!("the record at offset {at} links to offset {next}; the chain ends there");
                warnings.push(Warning::new(part, message));
                break;
            }
        }
    }
    headers.shrink_to_fit();
    Ok(headers)
}

impl Header {
    fn parse(part: &str, bytes: &[u8], at: usize, warnings: &mut Vec<Warning>) -> Result<Self> {
        let damage = |expected: &str, found: String| Error::Malformed {
            format: "PQDIF",
            part: part.into(),
            at: format!("record at offset {at}"),
            expected: expected.into(),
            found,
        };
        let head = bytes.get(at..).and_then(<[u8]>::first_chunk::<HEADER>);
        let head = head.ok_or_else(|| {
            damage("a header of 64 bytes", format!("the end of the file at {}", bytes.len()))
        })?;
        let guid = |from: usize| {
            let mut b = [0; 16];
            b.copy_from_slice(&head[from..from + 16]);
            Guid::from_disk(b)
        };
        let int =
            |from: usize| i32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
        if guid(0) != SIGNATURE {
            return Err(damage("the signature of a record", format!("{}", guid(0))));
        }
        let size = |from: usize, least: i32, what: &str| {
            usize::try_from(int(from))
                .ok()
                .filter(|_| int(from) >= least)
                .ok_or_else(|| damage(what, int(from).to_string()))
        };
        let header_size = size(32, HEADER as i32, "a header size of 64")?;
        let body_size = size(36, 0, "the size of a body")?;
        let begin = (at + header_size).min(bytes.len());
        let end = (begin + body_size).min(bytes.len());
        if end - begin < body_size {
            let message = format!(
                "the record at offset {at} announces {body_size} bytes, the file has {}",
                end - begin
            );
            warnings.push(Warning::new(part, message));
        }
        Ok(Self { kind: guid(16), at, body: begin..end, checksum: int(44).cast_unsigned(), next: int(40) })
    }

    /// The body, unfolded when `is_compressed`. `room` is what all bodies together may still unfold to.
    pub(super) fn body<'a>(
        &self,
        part: &str,
        bytes: &'a [u8],
        is_compressed: bool,
        room: &mut u64,
        warnings: &mut Vec<Warning>,
    ) -> Result<Cow<'a, [u8]>> {
        let stored = &bytes[self.body.clone()];
        let body: Cow<'a, [u8]> = if is_compressed {
            let out = unfolded(stored, *room + 1).map_err(|e| Error::Malformed {
                format: "PQDIF",
                part: part.into(),
                at: format!("record at offset {}", self.at),
                expected: "a body compressed with zlib".into(),
                found: e.to_string(),
            })?;
            if out.len() as u64 > *room {
                return Err(Limit::unfolded(bytes.len()).exceeded(part));
            }
            *room -= out.len() as u64;
            out.into()
        } else {
            stored.into()
        };
        if !self.is_checked_by(stored, &body) {
            let message = format!(
                "the checksum {:08x} is neither the Adler-32 nor the CRC-32 of the record; read as it stands",
                self.checksum
            );
            warnings.push(Warning::new(format!("{part}: record at offset {}", self.at), message));
        }
        Ok(body)
    }

    /// Devices disagree on the checksum: Adler-32 or CRC-32, of the bytes as stored or unfolded, or none.
    fn is_checked_by(&self, stored: &[u8], unfolded: &[u8]) -> bool {
        self.checksum == 0
            || self.checksum == adler32(stored)
            || self.checksum == crc32(unfolded)
            || self.checksum == crc32(stored)
            || self.checksum == adler32(unfolded)
    }
}

/// Bytes that are unfolded at a time.
const PIECE: usize = 16 << 10;

/// What `stored` unfolds to, at most `most` bytes: in pieces first, since a vector that grows takes up to three times what is in it.
fn unfolded(stored: &[u8], most: u64) -> std::io::Result<Vec<u8>> {
    let mut decoder = ZlibDecoder::new(stored).take(most);
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    while pieces.last().is_none_or(|piece| !piece.is_empty()) {
        let mut piece = Vec::with_capacity(PIECE);
        decoder.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        piece.shrink_to_fit();
        pieces.push(piece);
    }
    drop(decoder);
    Ok(pieces.concat())
}

pub(super) fn adler32(bytes: &[u8]) -> u32 {
    adler2::adler32_slice(bytes)
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
