//! The pieces of a RIFF file: a name, a length, a body.

use kilat_core::Result;

use super::malformed;

/// Length in a header of a piece whose real length stands in the chunk `ds64`.
const IN_DS64: u32 = u32::MAX;

/// Kind of a RIFF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Riff,
    /// Big-endian.
    Rifx,
    /// With lengths of 64 bits; `BW64` is the same.
    Rf64,
}

impl Form {
    /// The kind of a file that begins with `head`; `None` when it is no WAVE file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let form = match head.get(..4)? {
            b"RIFF" => Self::Riff,
            b"RIFX" => Self::Rifx,
            b"RF64" | b"BW64" => Self::Rf64,
            _ => return None,
        };
        (head.get(8..12)? == b"WAVE").then_some(form)
    }
}

/// A piece of the file.
pub(super) struct Chunk<'a> {
    pub(super) id: [u8; 4],
    /// Length in its header, which may be more than is there.
    pub(super) declared: u64,
    /// Byte of the file where the body begins.
    pub(super) at: usize,
    pub(super) body: &'a [u8],
    pub(super) big_endian: bool,
}

/// The pieces of a file, in order.
pub(super) struct Chunks<'a> {
    rest: &'a [u8],
    /// Byte of the file where `rest` begins.
    at: usize,
    form: Form,
    /// True when the length of the whole was never filled in: the recorder stopped before it could.
    unfinished: bool,
    data_bytes: u64,
}

impl<'a> Chunks<'a> {
    pub(super) fn of(bytes: &'a [u8], part: &str) -> Result<Self> {
        let form =
            Form::of(bytes).ok_or_else(|| malformed(part, "byte 0", "RIFF ... WAVE", "something else"))?;
        let unfinished = matches!(bytes.get(4..8), Some([0, 0, 0, 0] | [0xff, 0xff, 0xff, 0xff]));
        let rest = bytes.get(12..).unwrap_or_default();
        Ok(Self { rest, at: 12, form, unfinished, data_bytes: 0 })
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (id, rest) = self.rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let big_endian = self.form == Form::Rifx;
        let length = if big_endian { u32::from_be_bytes(*length) } else { u32::from_le_bytes(*length) };
        let mut declared = u64::from(length);
        if id == b"data" {
            if length == IN_DS64 && self.data_bytes > 0 {
                declared = self.data_bytes;
            } else if length == 0 && self.unfinished {
                declared = rest.len() as u64;
            }
        }
        let len = usize::try_from(declared).map_or(rest.len(), |n| n.min(rest.len()));
        let (body, after) = rest.split_at(len);
        let at = self.at + 8;
        self.at = at + len + len % 2;
        // A piece of odd length is followed by a byte of padding.
        self.rest = after.get(len % 2..).unwrap_or_default();
        if id == b"ds64" {
            let bytes = body.get(8..16).and_then(|b| b.first_chunk::<8>());
            self.data_bytes = bytes.map_or(0, |b| u64::from_le_bytes(*b));
        }
        Some(Chunk { id: *id, declared, at, body, big_endian })
    }
}

impl Chunk<'_> {
    /// Its name, for people.
    pub(super) fn name(&self) -> String {
        String::from_utf8_lossy(&self.id).trim().to_owned()
    }

    /// The texts of a list of kind INFO, by their names.
    pub(super) fn list(&self, notes: &mut Vec<(String, String)>) {
        let Some(rest) = self.body.strip_prefix(b"INFO") else { return };
        let form = if self.big_endian { Form::Rifx } else { Form::Riff };
        for text in (Chunks { rest, at: 0, form, unfinished: false, data_bytes: 0 }) {
            notes.push((text.name(), plain(text.body)));
        }
    }

    /// Description, originator and time of origin of a broadcast wave.
    pub(super) fn broadcast(&self, notes: &mut Vec<(String, String)>) {
        let fields = [
            ("description", 0..256),
            ("originator", 256..288),
            ("reference", 288..320),
            ("origin", 320..338),
        ];
        for (name, range) in fields {
            let value = self.body.get(range).map(plain).filter(|t| !t.is_empty());
            notes.extend(value.map(|v| (name.to_owned(), v)));
        }
    }
}

/// Text of one of several encodings, up to the first zero.
fn plain(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}

/// What stands before the samples of a file to be written.
pub(super) struct Head {
    /// Body of the chunk `fmt `.
    pub(super) format: Vec<u8>,
    /// Body of the chunk `fact`, which floats need.
    pub(super) samples: Option<u64>,
    pub(super) metadata: Vec<u8>,
    pub(super) data_bytes: u64,
    pub(super) rows: u64,
}

impl Head {
    /// All of it, up to the first sample.
    pub(super) fn bytes(&self, metadata_id: [u8; 4]) -> Vec<u8> {
        let mut chunks = Vec::new();
        push(&mut chunks, *b"fmt ", &self.format);
        if let Some(n) = self.samples {
            push(&mut chunks, *b"fact", &u32::try_from(n).unwrap_or(IN_DS64).to_le_bytes());
        }
        push(&mut chunks, metadata_id, &self.metadata);
        let total = 4 + chunks.len() as u64 + 8 + self.data_bytes;
        let mut out = Vec::new();
        let length = if let Ok(total) = u32::try_from(total) {
            out.extend(b"RIFF");
            out.extend(total.to_le_bytes());
            out.extend(b"WAVE");
            self.data_bytes as u32
        } else {
            out.extend(b"RF64");
            out.extend(IN_DS64.to_le_bytes());
            out.extend(b"WAVE");
            let mut lengths = Vec::new();
            for n in [total + 36, self.data_bytes, self.rows] {
                lengths.extend(n.to_le_bytes());
            }
            lengths.extend(0u32.to_le_bytes());
            push(&mut out, *b"ds64", &lengths);
            IN_DS64
        };
        out.extend(chunks);
        out.extend(b"data");
        out.extend(length.to_le_bytes());
        out
    }
}

fn push(out: &mut Vec<u8>, id: [u8; 4], body: &[u8]) {
    out.extend(id);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    out.extend(std::iter::repeat_n(0, body.len() % 2));
}
