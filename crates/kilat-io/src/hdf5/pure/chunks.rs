//! The usual one-dimensional dataset, decoded here: in one piece or in chunks of a version-1 tree, with shuffle, gzip and
//! fletcher32. Several threads decode at a time, and what is large is decoded when it is asked for.
//!
//! Every other dataset is left to the HDF5 crate, which reads on one thread and all at once.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use kilat_core::{Codes, Error, Result, SampleKind, SamplesRef, Stored};
use rayon::prelude::*;
use rust_hdf5::format::btree_v1::ChunkBTreeV1Node;
use rust_hdf5::format::messages::data_layout::DataLayoutMessage;
use rust_hdf5::format::messages::filter::FilterPipeline;
use rust_hdf5::format::messages::{MSG_DATA_LAYOUT, MSG_FILTER_PIPELINE};
use zlib_rs::{InflateConfig, ReturnCode, decompress_slice};

use super::attributes::{Headers, MOST_BLOCKS, MOST_ENTRIES};
use crate::elements::Element;
use crate::mapped::Content;

/// Bytes from which on more than one thread decodes.
const PARALLEL_FROM: usize = 1 << 20;

/// A filter that this module undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Inflate,
    Unshuffle,
    Fletcher32,
}

/// Where a chunk lies, and which filters it went past.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    len: usize,
    skipped: u32,
}

/// A dataset.
pub(super) struct Chunks {
    content: Arc<Content>,
    about: String,
    places: Vec<Place>,
    /// Numbers of a chunk.
    side: usize,
    n: usize,
    /// In the order in which they were applied.
    steps: Vec<Step>,
    element: Element,
    big_endian: bool,
    /// The chunk decoded last, which the next read most often goes on in.
    last: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
}

impl Chunks {
    /// The dataset at `path` of `n` numbers, when it is of the usual kind.
    pub(super) fn of(
        headers: &Headers,
        content: &Arc<Content>,
        path: &str,
        n: usize,
        (element, big_endian): (Element, bool),
    ) -> Option<Self> {
        let (mut layout, mut steps) = (None, Vec::new());
        for (kind, data) in headers.messages_of(path)? {
            match kind {
                MSG_DATA_LAYOUT => {
                    layout = DataLayoutMessage::decode(&data, headers.context()).ok().map(|(l, _)| l);
                }
                MSG_FILTER_PIPELINE => {
                    let (pipeline, _) = FilterPipeline::decode(&data).ok()?;
                    steps = pipeline.filters.iter().map(|f| step(f.id)).collect::<Option<_>>()?;
                }
                _ => {}
            }
        }
        let (places, side) = match layout? {
            DataLayoutMessage::Contiguous { address, size } if size as usize >= n * element.size() => {
                let at = usize::try_from(headers.base().checked_add(address)?).ok()?;
                (vec![Place { at, len: n * element.size(), skipped: 0 }], n)
            }
            DataLayoutMessage::ChunkedV3 { chunk_dims, b_tree_address } => {
                let [side, size] = chunk_dims[..] else { return None };
                if side == 0 || size as usize != element.size() {
                    return None;
                }
                let side = usize::try_from(side).ok()?;
                (tree(headers, content, b_tree_address, n.div_ceil(side), side as u64)?, side)
            }
            _ => return None,
        };
        let fits = |p: &Place| p.at.checked_add(p.len).is_some_and(|end| end <= content.len());
        if n == 0 || side.checked_mul(element.size()).is_none() || !places.iter().all(fits) {
            return None;
        }
        let (content, about) = (content.clone(), format!("dataset `{path}`"));
        Some(Self { content, about, places, side, n, steps, element, big_endian, last: Mutex::default() })
    }

    /// All bytes, decoded by all processors when they are many.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        let side = self.side * self.element.size();
        let mut out = vec![0; self.n * self.element.size()];
        let one = |(k, room): (usize, &mut [u8])| {
            let chunk = self.decode(k)?;
            room.copy_from_slice(chunk.get(..room.len()).ok_or_else(|| self.short(k))?);
            Ok::<(), String>(())
        };
        if out.len() < PARALLEL_FROM || self.places.len() == 1 {
            out.chunks_mut(side).enumerate().try_for_each(one)?;
        } else {
            let pool = rayon::ThreadPoolBuilder::new().build().map_err(|e| e.to_string())?;
            pool.install(|| out.par_chunks_mut(side).enumerate().try_for_each(one))?;
        }
        Ok(out)
    }

    fn short(&self, k: usize) -> String {
        format!("{}: chunk {k} is shorter than it should be", self.about)
    }

    /// The bytes of chunk `k` as they were before the filters.
    fn decode(&self, k: usize) -> Result<Vec<u8>, String> {
        let place = self.places[k];
        let stored = place.at..place.at + place.len;
        let mut bytes = Cow::from(&self.content[stored.clone()]);
        let size = self.side * self.element.size();
        for (i, step) in self.steps.iter().enumerate().rev() {
            if place.skipped >> i & 1 == 1 {
                continue;
            }
            let wrong = |what: &str| format!("{}: chunk {k}: {what}", self.about);
            match step {
                Step::Inflate => {
                    // A checksum taken before is part of what was compressed.
                    let checksums = self.steps[..i].iter().filter(|s| **s == Step::Fletcher32).count();
                    let mut out = vec![0; size + 4 * checksums];
                    let (found, code) = decompress_slice(&mut out, &bytes, InflateConfig::default());
                    let len = found.len();
                    if code != ReturnCode::Ok {
                        return Err(wrong("is not what gzip made"));
                    }
                    out.truncate(len);
                    bytes = out.into();
                }
                Step::Unshuffle => bytes = unshuffle(&bytes, self.element.size()).into(),
                Step::Fletcher32 => {
                    let (data, stored) = bytes.split_last_chunk::<4>().ok_or_else(|| self.short(k))?;
                    let sum = fletcher32(data);
                    // Old versions of the HDF Group's library swapped the bytes of each half.
                    let stored = u32::from_le_bytes(*stored);
                    if stored != sum && stored != (sum & 0x00ff_00ff) << 8 | sum >> 8 & 0x00ff_00ff {
                        return Err(wrong("its checksum does not fit"));
                    }
                    let len = data.len();
                    match &mut bytes {
                        Cow::Borrowed(all) => *all = &all[..len],
                        Cow::Owned(all) => all.truncate(len),
                    }
                }
            }
        }
        let bytes = bytes.into_owned();
        self.content.release(stored);
        Ok(bytes)
    }

    /// Chunk `k`, again without work when it was the last.
    fn chunk(&self, k: usize) -> Result<Arc<Vec<u8>>, String> {
        let held = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, bytes)) = held.filter(|(last, _)| *last == k) {
            return Ok(bytes);
        }
        let bytes = Arc::new(self.decode(k)?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((k, bytes.clone()));
        Ok(bytes)
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} chunks", self.about, self.places.len())
    }
}

impl Stored for Chunks {
    fn len(&self) -> usize {
        self.n
    }

    fn kind(&self) -> SampleKind {
        self.element.kind()
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        let size = self.element.size();
        let damaged = |found: String| Error::mismatch("HDF5", "readable values", found);
        let mut bytes = Vec::with_capacity(range.len() * size);
        let chunks =
            if range.is_empty() { 0..0 } else { range.start / self.side..range.end.div_ceil(self.side) };
        for k in chunks {
            let first = k * self.side;
            let within = range.start.max(first) - first..range.end.min(first + self.side) - first;
            // A dataset in one piece is not copied as a whole for a part of it.
            if self.steps.is_empty() {
                let at = self.places[k].at;
                let part = at + within.start * size..at + within.end * size;
                bytes.extend_from_slice(&self.content[part.clone()]);
                self.content.release(part);
                continue;
            }
            let chunk = self.chunk(k).map_err(damaged)?;
            let part = chunk.get(within.start * size..within.end * size);
            bytes.extend_from_slice(part.ok_or_else(|| damaged(self.short(k)))?);
        }
        let decoded = self.element.decode(&bytes, self.big_endian, 0, 1, own);
        decoded.map_err(|i| damaged(format!("{}: an integer beyond 2^53 at {}", self.about, range.start + i)))
    }
}

fn step(id: u16) -> Option<Step> {
    Some(match id {
        1 => Step::Inflate,
        2 => Step::Unshuffle,
        3 => Step::Fletcher32,
        _ => return None,
    })
}

/// The places of the chunks of a one-dimensional dataset, in order; `None` when one is missing or the tree makes no sense.
fn tree(headers: &Headers, content: &Content, root: u64, chunks: usize, side: u64) -> Option<Vec<Place>> {
    // The file itself bounds how many there can be.
    if chunks > content.len() {
        return None;
    }
    let sizeof_addr = usize::from(headers.context().sizeof_addr);
    let mut places = vec![None; chunks];
    let mut nodes = vec![root];
    let mut visited = 0;
    while let Some(node) = nodes.pop() {
        visited += 1;
        if visited > chunks + MOST_BLOCKS {
            return None;
        }
        let at = usize::try_from(headers.base().checked_add(node)?).ok()?;
        let node = ChunkBTreeV1Node::decode(content.get(at..)?, sizeof_addr, 1, MOST_ENTRIES).ok()?;
        if node.level > 0 {
            nodes.extend(node.children);
            continue;
        }
        for (key, address) in node.keys.iter().zip(&node.children) {
            let k = usize::try_from(key.offsets.first()? / side).ok()?;
            let at = usize::try_from(headers.base().checked_add(*address)?).ok()?;
            let place = Place { at, len: key.chunk_size as usize, skipped: key.filter_mask };
            *places.get_mut(k)? = Some(place);
        }
    }
    places.into_iter().collect()
}

/// Bytes that were sorted by their rank within a number, put back.
fn unshuffle(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    match size {
        2 => weave::<2>(bytes, &mut out),
        4 => weave::<4>(bytes, &mut out),
        8 => weave::<8>(bytes, &mut out),
        _ => {}
    }
    out
}

/// The same for numbers of `W` bytes: a constant width lets the compiler make vectors of them.
fn weave<const W: usize>(bytes: &[u8], out: &mut [u8]) {
    let (cells, _) = out.as_chunks_mut::<W>();
    let n = cells.len();
    let ranks: [&[u8]; W] = std::array::from_fn(|rank| &bytes[rank * n..][..n]);
    for (i, cell) in cells.iter_mut().enumerate() {
        *cell = std::array::from_fn(|rank| ranks[rank][i]);
    }
}

/// The checksum of HDF5: sums of words of 16 bits, most significant byte first.
fn fletcher32(data: &[u8]) -> u32 {
    let (mut low, mut high) = (0u32, 0u32);
    let fold = |v: u32| (v & 0xffff) + (v >> 16);
    // So many words do not overflow the sums.
    for block in data.chunks(720) {
        let words = block.chunks_exact(2);
        let rest = words.remainder();
        for word in words {
            low += u32::from(word[0]) << 8 | u32::from(word[1]);
            high += low;
        }
        if let [byte] = rest {
            low += u32::from(*byte) << 8;
            high += low;
        }
        (low, high) = (fold(low), fold(high));
    }
    fold(high) << 16 | fold(low)
}
