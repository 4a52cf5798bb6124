//! Elements inside the body of a record: collections, scalars, vectors. Every offset counts from the begin of the body.

use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use kilat_core::{Codes, Error, Result, SampleKind, Samples, SamplesRef, Stored, Timestamp};

use super::moment;
use crate::elements::Element;

/// An identifier of the standard, in the order in which it is printed.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Guid(pub(super) u128);

impl Guid {
    /// From 16 bytes of a file: three little-endian fields, then eight bytes as they are.
    pub(super) fn from_disk(b: [u8; 16]) -> Self {
        let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = b;
        let mut printed = [a3, a2, a1, a0, b1, b0, c1, c0, 0, 0, 0, 0, 0, 0, 0, 0];
        printed[8..].copy_from_slice(&rest);
        Self(u128::from_be_bytes(printed))
    }

    /// The bytes that [`from_disk`](Self::from_disk) reads.
    pub(super) fn to_disk(self) -> [u8; 16] {
        // Reversing three fields is its own inverse.
        Self::from_disk(self.0.to_be_bytes()).0.to_be_bytes()
    }

    /// Reads the printed form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = fields.iter().map(|f| f.len()).collect();
        (lengths == [8, 4, 4, 4, 12]).then(|| u128::from_str_radix(&fields.concat(), 16).ok().map(Self))?
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = |shift: u32, bits: u32| (self.0 >> shift) & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            field(96, 32),
            field(80, 16),
            field(64, 16),
            field(48, 16),
            field(0, 48)
        )
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Physical types, by their number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean1 = 1,
    Boolean2 = 2,
    Boolean4 = 3,
    Char1 = 10,
    Char2 = 11,
    Int1 = 20,
    Int2 = 21,
    Int4 = 22,
    Uint1 = 30,
    Uint2 = 31,
    Uint4 = 32,
    Real4 = 40,
    Real8 = 41,
    Complex8 = 42,
    Complex16 = 43,
    Timestamp = 50,
    Guid = 60,
}

impl Physical {
    fn of(id: u8) -> Option<Self> {
        use Physical::{
            Boolean1, Boolean2, Boolean4, Char1, Char2, Complex8, Complex16, Int1, Int2, Int4, Real4, Real8,
            Uint1, Uint2, Uint4,
        };
        let all = [
            Boolean1, Boolean2, Boolean4, Char1, Char2, Int1, Int2, Int4, Uint1, Uint2, Uint4, Real4, Real8,
            Complex8, Complex16,
        ];
        all.into_iter().chain([Self::Timestamp, Self::Guid]).find(|p| *p as u8 == id)
    }

    /// Bytes of one value.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Boolean1 | Self::Char1 | Self::Int1 | Self::Uint1 => 1,
            Self::Boolean2 | Self::Char2 | Self::Int2 | Self::Uint2 => 2,
            Self::Boolean4 | Self::Int4 | Self::Uint4 | Self::Real4 => 4,
            Self::Real8 | Self::Complex8 => 8,
            Self::Timestamp => 12,
            Self::Complex16 | Self::Guid => 16,
        }
    }
}

/// Body of a record, unfolded.
pub(super) struct Body<'a> {
    bytes: &'a [u8],
    /// Where it is, for messages: file, and record in the file.
    part: &'a str,
    record: &'a str,
    /// Entries and bytes of vectors that may still be visited. An honest body holds each once, so there cannot be more than
    /// fit into it; without this bound, collections that link to each other in a small file would take for ever.
    entries: Cell<usize>,
    values: Cell<usize>,
}

/// Bytes of an entry of a collection.
const ENTRY: usize = 28;

impl<'a> Body<'a> {
    pub(super) fn new(bytes: &'a [u8], part: &'a str, record: &'a str) -> Self {
        let (entries, values) = (Cell::new(bytes.len() / ENTRY), Cell::new(bytes.len()));
        Self { bytes, part, record, entries, values }
    }

    /// The collection that a body is.
    pub(super) fn root(&self) -> Result<Collection<'_>> {
        self.collection(0)
    }

    fn collection(&self, link: usize) -> Result<Collection<'_>> {
        let count = self.count(link)?;
        let needed = count.checked_mul(ENTRY);
        let entries = needed.and_then(|n| self.bytes.get(link + 4..)?.get(..n)).ok_or_else(|| {
            self.damage(link, format!("a collection of {count} entries"), "the end of the record")
        })?;
        let left = self.entries.get().checked_sub(count);
        let overlap = || self.damage(link, "collections that lie apart", "collections that overlap");
        self.entries.set(left.ok_or_else(overlap)?);
        Ok(Collection { body: self, entries })
    }

    /// The count that begins a collection or a vector.
    fn count(&self, link: usize) -> Result<usize> {
        let bytes = self.bytes.get(link..).and_then(<[u8]>::first_chunk);
        let count = bytes.map(|b| i32::from_le_bytes(*b));
        let cut = || self.damage(link, "a count", "the end of the record");
        let count = count.ok_or_else(cut)?;
        usize::try_from(count).map_err(|_| self.damage(link, "a count", count.to_string()))
    }

    pub(super) fn damage(&self, at: usize, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::Malformed {
            format: "PQDIF",
            part: self.part.into(),
            at: format!("{}: offset {at}", self.record),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// A collection of tagged elements.
#[derive(Clone, Copy)]
pub(super) struct Collection<'b> {
    body: &'b Body<'b>,
    entries: &'b [u8],
}

/// What an entry of a collection stands for.
struct Entry {
    tag: Guid,
    element: u8,
    physical: u8,
    is_embedded: bool,
    /// Offset of the entry's last eight bytes, and what they say when they are a link.
    at: usize,
    link: usize,
}

impl<'b> Collection<'b> {
    fn entries(self) -> impl Iterator<Item = Entry> + 'b {
        let start = self.entries.as_ptr() as usize - self.body.bytes.as_ptr() as usize;
        self.entries.chunks_exact(ENTRY).enumerate().filter_map(move |(i, e)| {
            let (tag, rest) = e.split_first_chunk()?;
            let link = rest.get(4..)?.first_chunk().map(|b| u32::from_le_bytes(*b))?;
            Some(Entry {
                tag: Guid::from_disk(*tag),
                element: rest[0],
                physical: rest[1],
                is_embedded: rest[2] != 0,
                at: start + i * ENTRY + 20,
                link: link as usize,
            })
        })
    }

    fn find(self, tag: Guid) -> Option<Entry> {
        self.entries().find(|e| e.tag == tag)
    }

    /// The collection under `tag`.
    pub(super) fn child(self, tag: Guid) -> Result<Option<Self>> {
        self.find(tag).filter(|e| e.element == 1).map(|e| self.body.collection(e.link)).transpose()
    }

    /// Every collection under `tag`, in order.
    pub(super) fn children(self, tag: Guid) -> Result<Vec<Self>> {
        self.entries()
            .filter(|e| e.tag == tag && e.element == 1)
            .map(|e| self.body.collection(e.link))
            .collect()
    }

    /// The scalar under `tag`: its type, and its bytes.
    fn scalar(self, tag: Guid) -> Result<Option<(Physical, &'b [u8])>> {
        let Some(e) = self.find(tag).filter(|e| e.element == 2) else { return Ok(None) };
        let physical = self.physical(&e)?;
        let (at, room) = if e.is_embedded { (e.at, 8) } else { (e.link, usize::MAX) };
        let bytes = self.body.bytes.get(at..).and_then(|b| b.get(..physical.size()));
        let bytes = bytes.filter(|b| b.len() <= room);
        let cut = || self.body.damage(at, format!("a {physical:?}"), "the end of the record");
        Ok(Some((physical, bytes.ok_or_else(cut)?)))
    }

    fn physical(self, e: &Entry) -> Result<Physical> {
        Physical::of(e.physical)
            .ok_or_else(|| self.body.damage(e.at, "a physical type", format!("type {}", e.physical)))
    }

    /// A whole number.
    pub(super) fn integer(self, tag: Guid) -> Result<Option<u32>> {
        let number = self.number(tag)?;
        Ok(number.filter(|v| v.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(v)).map(|v| v as u32))
    }

    /// A number of any type.
    pub(super) fn number(self, tag: Guid) -> Result<Option<f64>> {
        let Some((physical, bytes)) = self.scalar(tag)? else { return Ok(None) };
        Ok(samples(physical, bytes).and_then(|s| super::series::numbers(&s).first().copied()))
    }

    /// An identifier.
    pub(super) fn guid(self, tag: Guid) -> Result<Option<Guid>> {
        let scalar = self.scalar(tag)?.filter(|(p, _)| *p == Physical::Guid);
        Ok(scalar.and_then(|(_, bytes)| bytes.first_chunk().map(|b| Guid::from_disk(*b))))
    }

    /// A moment; `None` also for the zero that stands for an unknown one.
    pub(super) fn moment(self, tag: Guid) -> Result<Option<moment::Moment>> {
        let scalar = self.scalar(tag)?.filter(|(p, _)| *p == Physical::Timestamp);
        Ok(scalar.and_then(|(_, bytes)| bytes.first_chunk().map(|b| moment::Moment::from_disk(*b))))
    }

    /// The vector under `tag`.
    pub(super) fn vector(self, tag: Guid) -> Result<Option<Vector<'b>>> {
        let Some(e) = self.find(tag).filter(|e| e.element == 3) else { return Ok(None) };
        let physical = self.physical(&e)?;
        let count = self.body.count(e.link)?;
        let bytes = count
            .checked_mul(physical.size())
            .and_then(|n| self.body.bytes.get(e.link + 4..)?.get(..n))
            .ok_or_else(|| {
                let expected = format!("{count} values of {} bytes", physical.size());
                self.body.damage(e.link, expected, "the end of the record")
            })?;
        let left = self.body.values.get().checked_sub(bytes.len());
        let overlap = || self.body.damage(e.link, "vectors that lie apart", "vectors that overlap");
        self.body.values.set(left.ok_or_else(overlap)?);
        Ok(Some(Vector { physical, bytes }))
    }

    /// A text up to its NUL; empty when there is none.
    pub(super) fn text(self, tag: Guid) -> Result<String> {
        let text = |v: Vector<'_>| match v.physical {
            Physical::Char2 => {
                let units = v.bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
                String::from_utf16_lossy(&units.take_while(|u| *u != 0).collect::<Vec<_>>())
            }
            Physical::Char1 | Physical::Int1 | Physical::Uint1 => {
                let bytes = v.bytes.split(|b| *b == 0).next().unwrap_or_default();
                // The standard says ASCII; what writers use beside it is UTF-8 or the code page of Windows.
                let old = || encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned();
                std::str::from_utf8(bytes).map_or_else(|_| old(), str::to_owned)
            }
            _ => String::new(),
        };
        Ok(self.vector(tag)?.map(text).unwrap_or_default())
    }
}

/// Values of one type.
pub(super) struct Vector<'b> {
    pub(super) physical: Physical,
    pub(super) bytes: &'b [u8],
}

impl Vector<'_> {
    /// The values as codes of the nearest type that holds them all; `None` for moments, identifiers and complex values.
    pub(super) fn samples(&self) -> Option<Samples> {
        samples(self.physical, self.bytes)
    }

    /// Real and imaginary parts of complex values.
    pub(super) fn complex(&self) -> Option<[Samples; 2]> {
        let element = match self.physical {
            Physical::Complex8 => Element::F32,
            Physical::Complex16 => Element::F64,
            _ => return None,
        };
        let part = |k: usize| element.column(self.bytes, false, k, 2).ok();
        Some([part(0)?, part(1)?])
    }

    /// Moments.
    pub(super) fn moments(&self) -> Option<Arc<[Timestamp]>> {
        let moment = |b: &[u8; 12]| moment::Moment::from_disk(*b).timestamp();
        // Of a known length, so that nothing is copied.
        (self.physical == Physical::Timestamp).then(|| self.bytes.as_chunks().0.iter().map(moment).collect())
    }
}

/// Bytes from which on values stay as they are stored when no sample type is as narrow.
const STAY_FROM: usize = 64;

/// Values as they are stored: half the bytes that samples take.
#[derive(Debug)]
struct Narrow {
    element: Element,
    bytes: Box<[u8]>,
}

impl Stored for Narrow {
    fn len(&self) -> usize {
        self.bytes.len() / self.element.size()
    }

    fn kind(&self) -> SampleKind {
        self.element.kind()
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        let bytes = &self.bytes[range.start * self.element.size()..range.end * self.element.size()];
        let beyond = |_| Error::mismatch("PQDIF: a stored value", "at most 2^53", "a larger integer");
        self.element.decode(bytes, false, 0, 1, own).map_err(beyond)
    }
}

fn samples(physical: Physical, bytes: &[u8]) -> Option<Samples> {
    fn each<const N: usize, T>(bytes: &[u8], f: impl Fn([u8; N]) -> T) -> Vec<T> {
        bytes.as_chunks().0.iter().map(|b| f(*b)).collect()
    }
    let narrow = match physical {
        Physical::Int1 => Some(Element::I8),
        Physical::Boolean1 | Physical::Char1 | Physical::Uint1 => Some(Element::U8),
        Physical::Char2 | Physical::Uint2 => Some(Element::U16),
        Physical::Uint4 => Some(Element::U32),
        _ => None,
    };
    if let Some(element) = narrow.filter(|_| bytes.len() >= STAY_FROM) {
        let narrow: Arc<dyn Stored> = Arc::new(Narrow { element, bytes: bytes.into() });
        return Some(narrow.into());
    }
    Some(match physical {
        Physical::Int1 => each(bytes, |[b]| i16::from(b.cast_signed())).into(),
        Physical::Boolean1 | Physical::Char1 | Physical::Uint1 => each(bytes, |[b]| i16::from(b)).into(),
        Physical::Boolean2 | Physical::Int2 => each(bytes, i16::from_le_bytes).into(),
        Physical::Char2 | Physical::Uint2 => each(bytes, |b| i32::from(u16::from_le_bytes(b))).into(),
        Physical::Boolean4 | Physical::Int4 => each(bytes, i32::from_le_bytes).into(),
        Physical::Uint4 => each(bytes, |b| f64::from(u32::from_le_bytes(b))).into(),
        Physical::Real4 => each(bytes, f32::from_le_bytes).into(),
        Physical::Real8 => each(bytes, f64::from_le_bytes).into(),
        Physical::Complex8 | Physical::Complex16 | Physical::Timestamp | Physical::Guid => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_three_little_endian_fields_and_eight_bytes() {
        let disk = *b"\x40\x14\x11\x4a\x9f\xe4\xcf\x11\x99\x00\x50\x51\x44\x49\x46\x00";
        let guid = Guid::from_disk(disk);
        assert_eq!(guid.to_string(), "4a111440-e49f-11cf-9900-505144494600");
        assert_eq!(guid.to_disk(), disk);
        assert_eq!(Guid::parse("4a111440-e49f-11cf-9900-505144494600"), Some(guid));
        assert_eq!(Guid::parse("4a111440-e49f-11cf-9900"), None);
    }
}
