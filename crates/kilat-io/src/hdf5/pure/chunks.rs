//! The usual one-dimensional dataset, decoded here: in one piece or in chunks of a version-1 tree, with shuffle, gzip and
//! fletcher32. Several threads decode at a time, and what is large is decoded when it is asked for.
//!
//! Every other dataset is left to the HDF5 crate, which reads on one thread and all at once.

use std::fmt;
use std::mem::{replace, swap, take};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use kilat_core::{Codes, Error, Result, SampleKind, Samples, SamplesRef, Stored};
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

/// Bytes of a file of which the memory is given back together. Each time, all processors are interrupted.
const RELEASE: usize = 1 << 20;

/// Numbers that become samples at a time: they stay in the cache on the way.
const CONVERTED: usize = 1 << 12;

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
    desk: Mutex<Desk>,
}

/// Memory that decoding works in, from one chunk to the next: to get it anew for each takes as long as to decode.
#[derive(Default)]
struct Desk {
    /// What `bytes` holds. The next read most often goes on in it.
    chunk: Option<usize>,
    bytes: Vec<u8>,
    /// Where a filter puts what becomes of `bytes`.
    spare: Vec<u8>,
    /// A range of several chunks.
    joined: Vec<u8>,
    /// What of the file has been looked at and not been given back.
    seen: Range<usize>,
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
        Some(Self { content, about, places, side, n, steps, element, big_endian, desk: Mutex::default() })
    }

    /// All bytes.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        self.gather(self.element.size(), |bytes, _, room| {
            room.copy_from_slice(bytes);
            Ok(())
        })
    }

    /// All numbers, as samples in memory.
    pub(super) fn samples(&self) -> Result<Samples, String> {
        if let [Place { at, len, .. }] = self.places[..] {
            // In memory twice at most, as it is decoded and as samples.
            let mut desk = Desk::default();
            let bytes = if self.steps.is_empty() {
                &self.content[at..at + len]
            } else {
                self.decode(0, &mut desk)?;
                desk.spare = Vec::new();
                &desk.bytes
            };
            let bytes = bytes.get(..self.n * self.element.size()).ok_or_else(|| self.short(0))?;
            return self.element.column(bytes, self.big_endian, 0, 1).map_err(|_| self.too_large());
        }
        macro_rules! gathered {
            ($t:ident) => {
                self.gather(1, |bytes, own, room| {
                    let parts = bytes.chunks(CONVERTED * self.element.size());
                    for (part, room) in parts.zip(room.chunks_mut(CONVERTED)) {
                        let decoded = self.element.decode(part, self.big_endian, 0, 1, own);
                        decoded.map_err(|_| self.too_large())?;
                        room.copy_from_slice(&own.$t);
                    }
                    Ok(())
                })?
                .into()
            };
        }
        Ok(match self.element.kind() {
            SampleKind::I16 => gathered!(i16),
            SampleKind::I32 => gathered!(i32),
            SampleKind::F32 => gathered!(f32),
            SampleKind::F64 => gathered!(f64),
        })
    }

    /// What `convert` makes of the bytes of each chunk, `per` items of each number; by all processors when it is much.
    fn gather<T: Copy + Default + Send>(
        &self,
        per: usize,
        convert: impl Fn(&[u8], &mut Codes, &mut [T]) -> Result<(), String> + Sync,
    ) -> Result<Vec<T>, String> {
        let mut out = vec![T::default(); self.n * per];
        let one = |(desk, own): &mut (Desk, Codes), (k, room): (usize, &mut [T])| {
            self.decode(k, desk)?;
            let part = room.len() / per * self.element.size();
            convert(desk.bytes.get(..part).ok_or_else(|| self.short(k))?, own, room)
        };
        let rooms = self.side * per;
        if size_of_val(&*out) < PARALLEL_FROM || self.places.len() == 1 {
            let mut at_hand = <(Desk, Codes)>::default();
            out.chunks_mut(rooms).enumerate().try_for_each(|part| one(&mut at_hand, part))?;
        } else {
            let pool = rayon::ThreadPoolBuilder::new().build().map_err(|e| e.to_string())?;
            pool.install(|| out.par_chunks_mut(rooms).enumerate().try_for_each_init(Default::default, one))?;
        }
        Ok(out)
    }

    fn too_large(&self) -> String {
        format!("{}: an integer beyond 2^53", self.about)
    }

    fn short(&self, k: usize) -> String {
        format!("{}: chunk {k} is shorter than it should be", self.about)
    }

    /// Puts the bytes of chunk `k` on `desk` as they were before the filters.
    fn decode(&self, k: usize, desk: &mut Desk) -> Result<(), String> {
        if desk.chunk == Some(k) {
            return Ok(());
        }
        let Desk { chunk, bytes, spare, .. } = desk;
        *chunk = None;
        let place = self.places[k];
        let stored = place.at..place.at + place.len;
        let size = self.side * self.element.size();
        let wrong = |what: &str| format!("{}: chunk {k}: {what}", self.about);
        // Not copied unless there is nothing to undo.
        let mut from = Some(&self.content[stored.clone()]);
        for (i, step) in self.steps.iter().enumerate().rev() {
            if place.skipped >> i & 1 == 1 {
                continue;
            }
            let input = from.take().unwrap_or(bytes);
            match step {
                Step::Inflate => {
                    // A checksum taken before is part of what was compressed.
                    let checksums = self.steps[..i].iter().filter(|s| **s == Step::Fletcher32).count();
                    spare.resize(size + 4 * checksums, 0);
                    let (found, code) = decompress_slice(spare, input, InflateConfig::default());
                    let len = found.len();
                    if code != ReturnCode::Ok {
                        return Err(wrong("is not what gzip made"));
                    }
                    spare.truncate(len);
                }
                Step::Unshuffle => unshuffle(input, self.element.size(), spare),
                Step::Fletcher32 => {
                    let (data, stored) = input.split_last_chunk::<4>().ok_or_else(|| self.short(k))?;
                    let sum = fletcher32(data);
                    // Old versions of the HDF Group's library swapped the bytes of each half.
                    let stored = u32::from_le_bytes(*stored);
                    if stored != sum && stored != (sum & 0x00ff_00ff) << 8 | sum >> 8 & 0x00ff_00ff {
                        return Err(wrong("its checksum does not fit"));
                    }
                    spare.clear();
                    spare.extend_from_slice(data);
                }
            }
            swap(bytes, spare);
        }
        if let Some(stored) = from {
            bytes.clear();
            bytes.extend_from_slice(stored);
        }
        *chunk = Some(k);
        self.release(stored, &mut desk.seen);
        Ok(())
    }

    /// Gives back the memory of what was looked at before, once `stored` is too far from it.
    fn release(&self, stored: Range<usize>, seen: &mut Range<usize>) {
        if stored.start < seen.start || stored.end > seen.start + RELEASE {
            self.content.release(replace(seen, stored));
        } else {
            seen.end = seen.end.max(stored.end);
        }
    }

    /// Puts the bytes of numbers `range` on `desk`, in one piece.
    fn join(&self, range: Range<usize>, desk: &mut Desk) -> Result<(), String> {
        let size = self.element.size();
        desk.joined.clear();
        let chunks =
            if range.is_empty() { 0..0 } else { range.start / self.side..range.end.div_ceil(self.side) };
        for k in chunks {
            let first = k * self.side;
            let within = range.start.max(first) - first..range.end.min(first + self.side) - first;
            let part = within.start * size..within.end * size;
            // A dataset in one piece is not copied as a whole for a part of it.
            if self.steps.is_empty() {
                let Place { at, len, .. } = self.places[k];
                let whole = &self.content[at..at + len];
                let stored = at + part.start..at + part.end;
                desk.joined.extend_from_slice(whole.get(part).ok_or_else(|| self.short(k))?);
                self.release(stored, &mut desk.seen);
            } else {
                self.decode(k, desk)?;
                desk.joined.extend_from_slice(desk.bytes.get(part).ok_or_else(|| self.short(k))?);
            }
        }
        Ok(())
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
        let damaged = |found: String| Error::mismatch("HDF5", "readable values", found);
        let at_hand = || self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        // Who reads at the same time finds an empty desk, and does not wait.
        let mut desk = take(&mut *at_hand());
        let joined = self.join(range.clone(), &mut desk);
        let decoded = joined.map(|()| self.element.decode(&desk.joined, self.big_endian, 0, 1, own));
        *at_hand() = desk;
        decoded.map_err(damaged)?.map_err(|_| damaged(self.too_large()))
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

/// Bytes that were sorted by their rank within a number, put back, in `out`.
fn unshuffle(bytes: &[u8], size: usize, out: &mut Vec<u8>) {
    out.resize(bytes.len(), 0);
    match size {
        2 => weave::<2>(bytes, out),
        4 => weave::<4>(bytes, out),
        8 => weave::<8>(bytes, out),
        _ => out.copy_from_slice(bytes),
    }
}

/// The same for numbers of `W` bytes: a constant width lets the compiler make vectors of them.
fn weave<const W: usize>(bytes: &[u8], out: &mut [u8]) {
    let (cells, rest) = out.as_chunks_mut::<W>();
    let n = cells.len();
    rest.copy_from_slice(&bytes[n * W..]);
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
