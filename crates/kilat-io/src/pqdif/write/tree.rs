//! Trees of elements, and the chain of records that holds them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use kilat_core::{Codes, Error, Result, Samples, SamplesRef, Timestamp};

use super::super::element::{Guid, Physical};
use super::super::moment::Moment;
use super::super::physical::{HEADER, SIGNATURE, adler32};
use crate::observation::here;

/// An element to be written.
pub(in super::super) enum Node {
    Collection(Vec<(Guid, Node)>),
    Scalar(Physical, Vec<u8>),
    Vector(Physical, Vec<u8>),
}

impl Node {
    pub(in super::super) fn integer(v: u32) -> Self {
        Self::Scalar(Physical::Uint4, v.to_le_bytes().into())
    }

    pub(in super::super) fn short(v: i16) -> Self {
        Self::Scalar(Physical::Int2, v.to_le_bytes().into())
    }

    pub(in super::super) fn boolean(v: bool) -> Self {
        Self::Scalar(Physical::Boolean4, u32::from(v).to_le_bytes().into())
    }

    pub(in super::super) fn number(v: f64) -> Self {
        Self::Scalar(Physical::Real8, v.to_le_bytes().into())
    }

    pub(in super::super) fn guid(g: Guid) -> Self {
        Self::Scalar(Physical::Guid, g.to_disk().into())
    }

    pub(in super::super) fn moment(m: Moment) -> Self {
        Self::Scalar(Physical::Timestamp, m.to_disk().into())
    }

    /// A text and its NUL, in UTF-8.
    pub(in super::super) fn text(text: &str) -> Self {
        Self::Vector(Physical::Char1, text.bytes().filter(|b| *b != 0).chain([0]).collect())
    }

    pub(in super::super) fn integers(v: &[u32]) -> Self {
        Self::Vector(Physical::Uint4, v.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(in super::super) fn bytes(v: &[u8]) -> Self {
        Self::Vector(Physical::Uint1, v.into())
    }

    pub(in super::super) fn numbers(v: &[f64]) -> Self {
        Self::Vector(Physical::Real8, v.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(in super::super) fn moments(v: &[Timestamp]) -> Self {
        Self::Vector(Physical::Timestamp, v.iter().flat_map(|t| Moment::of(Some(*t), 0).to_disk()).collect())
    }

    /// Codes in the type they have.
    pub(in super::super) fn codes(codes: &Samples) -> Self {
        match here(codes, &mut Codes::default()) {
            SamplesRef::I16(x) => {
                Self::Vector(Physical::Int2, x.iter().flat_map(|v| v.to_le_bytes()).collect())
            }
            SamplesRef::I32(x) => {
                Self::Vector(Physical::Int4, x.iter().flat_map(|v| v.to_le_bytes()).collect())
            }
            SamplesRef::F32(x) => {
                Self::Vector(Physical::Real4, x.iter().flat_map(|v| v.to_le_bytes()).collect())
            }
            SamplesRef::F64(x) => Self::numbers(x),
        }
    }

    /// Elements of at most eight bytes lie in their entry.
    fn is_embedded(&self) -> bool {
        matches!(self, Self::Scalar(_, bytes) if bytes.len() <= 8)
    }

    /// Bytes it takes outside its entry, padded.
    fn size(&self) -> usize {
        match self {
            _ if self.is_embedded() => 0,
            Self::Collection(entries) => 4 + entries.iter().map(|(_, n)| 28 + n.size()).sum::<usize>(),
            Self::Scalar(_, bytes) => padded(bytes.len()),
            Self::Vector(_, bytes) => 4 + padded(bytes.len()),
        }
    }

    /// Appends what lies outside the entry: the element itself, then, depth first, what it links to.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            _ if self.is_embedded() => {}
            Self::Collection(entries) => {
                out.extend((entries.len() as u32).to_le_bytes());
                let mut link = out.len() + 28 * entries.len();
                for (tag, node) in entries {
                    let (element, physical) = match node {
                        Self::Collection(_) => (1, 0),
                        Self::Scalar(p, _) => (2, *p as u8),
                        Self::Vector(p, _) => (3, *p as u8),
                    };
                    out.extend(tag.to_disk());
                    out.extend([element, physical, u8::from(node.is_embedded()), 0]);
                    if let Self::Scalar(_, bytes) = node
                        && node.is_embedded()
                    {
                        out.extend(bytes);
                        out.extend(std::iter::repeat_n(0, 8 - bytes.len()));
                    } else {
                        out.extend((link as u32).to_le_bytes());
                        out.extend((node.size() as u32).to_le_bytes());
                        link += node.size();
                    }
                }
                for (_, node) in entries {
                    node.write(out);
                }
            }
            Self::Scalar(_, bytes) => pad(out, bytes),
            Self::Vector(p, bytes) => {
                out.extend(((bytes.len() / p.size()) as u32).to_le_bytes());
                pad(out, bytes);
            }
        }
    }
}

fn padded(n: usize) -> usize {
    n.next_multiple_of(4)
}

fn pad(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes);
    out.extend(std::iter::repeat_n(0, padded(bytes.len()) - bytes.len()));
}

/// A file in the making: records linked to each other.
#[derive(Default)]
pub(in super::super) struct Chain {
    out: Vec<u8>,
    /// Header of the last record.
    last: usize,
}

impl Chain {
    /// Appends a record. The first one, the container, is not compressed.
    pub(in super::super) fn record(&mut self, part: &str, kind: Guid, root: Vec<(Guid, Node)>) -> Result<()> {
        let root = Node::Collection(root);
        let at = self.out.len();
        let most = |bytes: usize| {
            // Links are signed 32-bit numbers.
            i32::try_from(bytes).map_err(|_| Error::Unsupported {
                part: part.into(),
                what: "a PQDIF file above 2 GiB".into(),
                hint: "write .h5, or cut the recording into pieces".into(),
            })
        };
        most(root.size())?;
        let mut body = Vec::with_capacity(root.size());
        root.write(&mut body);
        if at > 0 {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            body =
                encoder.write_all(&body).and_then(|()| encoder.finish()).map_err(|e| Error::io(part, e))?;
        }
        let size = most(body.len())?;
        most(at + HEADER + body.len())?;
        if at > 0 {
            let link = self.last + 40;
            self.out[link..link + 4].copy_from_slice(&(at as u32).to_le_bytes());
        }
        self.last = at;
        self.out.extend(SIGNATURE.to_disk());
        self.out.extend(kind.to_disk());
        self.out.extend((HEADER as u32).to_le_bytes());
        self.out.extend(size.to_le_bytes());
        self.out.extend(0u32.to_le_bytes());
        self.out.extend(adler32(&body).to_le_bytes());
        self.out.extend([0; 16]);
        self.out.extend(body);
        Ok(())
    }

    pub(in super::super) fn finish(self) -> Vec<u8> {
        self.out
    }
}
