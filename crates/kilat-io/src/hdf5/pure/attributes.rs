//! Attributes of groups, of any type. The HDF5 crate hands out attributes of datasets, but of groups only texts; its
//! decoders of the single structures are public, so this walks from the superblock to the header of a group with them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rust_hdf5::format::btree_v1::BTreeV1Node;
use rust_hdf5::format::dense_attr::read_dense_attributes;
use rust_hdf5::format::dense_link::read_dense_links;
use rust_hdf5::format::local_heap::{LocalHeapHeader, local_heap_get_string};
use rust_hdf5::format::messages::attr_info::AttributeInfoMessage;
use rust_hdf5::format::messages::attribute::{AttributeEntry, AttributeMessage};
use rust_hdf5::format::messages::continuation::ContinuationMessage;
use rust_hdf5::format::messages::link::{LinkMessage, LinkTarget};
use rust_hdf5::format::messages::link_info::LinkInfoMessage;
use rust_hdf5::format::messages::{
    MSG_ATTR_INFO, MSG_ATTRIBUTE, MSG_FLAG_SHARED, MSG_LINK, MSG_LINK_INFO, MSG_OBJ_HEADER_CONTINUATION,
    MSG_SYMBOL_TABLE,
};
use rust_hdf5::format::object_header::ObjectHeader;
use rust_hdf5::format::superblock::{SuperblockV0V1, SuperblockV2V3, detect_superblock_version};
use rust_hdf5::format::symbol_table::SymbolTableNode;
use rust_hdf5::format::{BlockReader, FormatContext, FormatError, FormatResult};

use super::super::SIGNATURE;

/// Largest block read at once; headers and heaps of real files are far below.
const MOST_BYTES: usize = 16 << 20;

/// Blocks followed from one object; a chain that is longer goes round in circles.
pub(super) const MOST_BLOCKS: usize = 1000;

/// Bytes of an object header that tell its version and the number of its messages.
const PREFIX: usize = 4;

/// Least bytes of a link of a group, and of an entry of a group of the old kind, beside its name.
const LEAST_LINK: u64 = 8;
const LEAST_ENTRY: u64 = 32;

/// Entries a node of a version-1 tree may declare; its bytes bound it as well.
pub(super) const MOST_ENTRIES: u16 = u16::MAX;

/// The headers of the groups of a file.
pub(super) struct Headers {
    blocks: RefCell<Blocks>,
    context: FormatContext,
    root: u64,
    /// The group that was looked into last, and where its members are: they are asked for one after the other.
    last: RefCell<(String, HashMap<String, u64>)>,
}

/// Bytes of the file by address, which counts from the end of the user block.
struct Blocks {
    file: File,
    base: u64,
    len: u64,
}

impl BlockReader for Blocks {
    fn read_block(&mut self, offset: u64, len: usize) -> FormatResult<Vec<u8>> {
        let failed = |e: std::io::Error| FormatError::InvalidData(e.to_string());
        let at = self.base.checked_add(offset).ok_or_else(|| FormatError::InvalidData("address".into()))?;
        self.file.seek(SeekFrom::Start(at)).map_err(failed)?;
        let mut block = Vec::new();
        let reader = std::io::Read::by_ref(&mut self.file);
        reader.take(len.min(MOST_BYTES) as u64).read_to_end(&mut block).map_err(failed)?;
        Ok(block)
    }
}

/// Type and content of a message of an object header.
pub(super) type Message = (u8, Vec<u8>);

impl Headers {
    /// The headers of the file at `path`; `None` when its superblock does not decode.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let len = file.metadata().ok()?.len();
        let mut blocks = Blocks { file, base: 0, len };
        let at = std::iter::once(0).chain((9..40).map(|i| 1u64 << i));
        let superblock = at.map_while(|o| blocks.read_block(o, 512).ok().filter(|b| !b.is_empty()));
        let superblock = superblock.into_iter().find(|b| b.starts_with(SIGNATURE))?;
        let (sizeof_addr, sizeof_size, base, root) = match detect_superblock_version(&superblock).ok()? {
            0 | 1 => {
                let s = SuperblockV0V1::decode(&superblock).ok()?;
                let root = s.root_symbol_table_entry.obj_header_addr;
                (s.sizeof_offsets, s.sizeof_lengths, s.base_address, root)
            }
            _ => {
                let s = SuperblockV2V3::decode(&superblock).ok()?;
                (s.sizeof_offsets, s.sizeof_lengths, s.base_address, s.root_group_object_header_address)
            }
        };
        if !(1..=8).contains(&sizeof_addr) || !(1..=8).contains(&sizeof_size) {
            return None;
        }
        blocks.base = base;
        let context = FormatContext { sizeof_addr, sizeof_size };
        let mut headers = Self { blocks: RefCell::new(blocks), context, root, last: RefCell::default() };
        if let Some(messages) = headers.messages(root) {
            headers.last = RefCell::new((String::new(), headers.children(&messages)));
        }
        Some(headers)
    }

    /// Whether each object that the root leads to has a header that the file can hold. The HDF5 crate makes room for as many
    /// messages as a header declares before it looks for them.
    pub(super) fn are_credible(&self) -> bool {
        let len = self.blocks.borrow().len;
        let (mut left, mut seen) = (vec![self.root], HashSet::new());
        let mut links = 0;
        while let Some(at) = left.pop() {
            if !seen.insert(at) {
                continue;
            }
            if self.read(at, PREFIX).is_some_and(|head| !is_credible(&head, len)) {
                return false;
            }
            let children = self.messages(at).map(|messages| self.children(&messages)).unwrap_or_default();
            // Groups that lie over each other would lead to more objects than the file has room for.
            links += children.len();
            if links as u64 > len / LEAST_LINK {
                return false;
            }
            left.extend(children.into_values());
        }
        true
    }

    /// The messages of the header of the object at `path`; the root is `""`.
    pub(super) fn messages_of(&self, path: &str) -> Option<Vec<Message>> {
        self.messages(self.address_of(path.trim_matches('/'))?)
    }

    /// Address of the object header at `path`, which neither begins nor ends with a slash.
    fn address_of(&self, path: &str) -> Option<u64> {
        if path.is_empty() {
            return Some(self.root);
        }
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.last.borrow().0 != group {
            let children = self.children(&self.messages(self.address_of(group)?)?);
            *self.last.borrow_mut() = (group.to_owned(), children);
        }
        self.last.borrow().1.get(name).copied()
    }

    /// Widths of the addresses and sizes of the file.
    pub(super) fn context(&self) -> &FormatContext {
        &self.context
    }

    /// Byte of the file from which addresses count.
    pub(super) fn base(&self) -> u64 {
        self.blocks.borrow().base
    }

    /// Attribute `name` of the group at `path`; the root is `""`.
    pub(super) fn attribute(&self, path: &str, name: &str) -> Option<AttributeMessage> {
        let messages = self.messages_of(path)?;
        for (kind, data) in &messages {
            let entries = match *kind {
                MSG_ATTRIBUTE => AttributeEntry::parse(data, &self.context).map(|e| vec![e]),
                MSG_ATTR_INFO => AttributeInfoMessage::decode(data, &self.context).and_then(|(info, _)| {
                    read_dense_attributes(&info, &self.context, &mut *self.blocks.borrow_mut())
                }),
                _ => continue,
            };
            let found = entries.unwrap_or_default().into_iter().find(|e| e.name() == name);
            if let Some(found) = found {
                return found.readable().cloned();
            }
        }
        None
    }

    fn read(&self, at: u64, len: usize) -> Option<Vec<u8>> {
        self.blocks.borrow_mut().read_block(at, len).ok()
    }

    /// The messages of the object header at `at`, those of its continuation blocks included.
    fn messages(&self, at: u64) -> Option<Vec<Message>> {
        let block = self.read(at, 8192)?;
        if !is_credible(&block, self.blocks.borrow().len) {
            return None;
        }
        let header = match ObjectHeader::decode_any(&block) {
            Err(FormatError::BufferTooShort { needed, .. })
                if needed > block.len() && needed <= MOST_BYTES =>
            {
                ObjectHeader::decode_any(&self.read(at, needed)?)
            }
            other => other,
        };
        let (header, _) = header.ok()?;
        let is_v2 = block.starts_with(b"OHDR");
        let v2_head = if header.has_creation_order() { 6 } else { 4 };
        let mut messages: Vec<Message> = Vec::new();
        // A shared message holds an address in place of its content.
        messages.extend(
            header
                .messages
                .into_iter()
                .filter(|m| m.flags & MSG_FLAG_SHARED == 0)
                .map(|m| (m.msg_type, m.data)),
        );
        let (mut seen, mut followed) = (0, 0);
        while seen < messages.len() {
            let (kind, data) = &messages[seen];
            seen += 1;
            if *kind != MSG_OBJ_HEADER_CONTINUATION {
                continue;
            }
            followed += 1;
            let (next, _) = ContinuationMessage::decode(data, &self.context).ok()?;
            let block = self.read(next.offset, usize::try_from(next.length).ok()?)?;
            if followed > MOST_BLOCKS {
                return None;
            }
            if is_v2 {
                // Signature before, checksum after.
                let inner = block.strip_prefix(b"OCHK")?;
                append(&mut messages, inner.get(..inner.len().checked_sub(4)?)?, v2_head, 1);
            } else {
                append(&mut messages, &block, 8, 8);
            }
        }
        Some(messages)
    }

    /// Addresses of the object headers that the hard links of a group lead to, by their names.
    fn children(&self, messages: &[Message]) -> HashMap<String, u64> {
        let hard = |link: LinkMessage| match link.target {
            LinkTarget::Hard { address } => Some((link.name, address)),
            _ => None,
        };
        let of_message = |(kind, data): &Message| match *kind {
            MSG_LINK => Some(hard(LinkMessage::decode(data, &self.context).ok()?.0).into_iter().collect()),
            MSG_LINK_INFO => {
                let (info, _) = LinkInfoMessage::decode(data, &self.context).ok()?;
                let links = read_dense_links(&info, &self.context, &mut *self.blocks.borrow_mut()).ok()?;
                Some(links.into_iter().filter_map(hard).collect())
            }
            MSG_SYMBOL_TABLE => self.old_children(data),
            _ => None,
        };
        messages.iter().filter_map(of_message).flat_map(|found: Vec<_>| found).collect()
    }

    /// The same of a group of the old kind: a tree of nodes over a heap of names.
    fn old_children(&self, message: &[u8]) -> Option<Vec<(String, u64)>> {
        let (sa, ss) = (usize::from(self.context.sizeof_addr), usize::from(self.context.sizeof_size));
        let address = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let (tree, heap) = (address(message.get(..sa)?), address(message.get(sa..2 * sa)?));
        let heap = LocalHeapHeader::decode(&self.read(heap, 8 + 2 * ss + sa)?, sa, ss).ok()?;
        let names = self.read(heap.data_addr, usize::try_from(heap.data_size).ok()?)?;
        // Without this bound, a small file of nodes that lie over each other would name many.
        let mut room = self.blocks.borrow().len;
        let (mut nodes, mut found) = (vec![tree], Vec::new());
        for _ in 0..MOST_BLOCKS {
            let Some(node) = nodes.pop() else { break };
            let block = self.read(node, 1 << 16)?;
            if block.starts_with(b"SNOD") {
                let node = SymbolTableNode::decode(&block, sa, ss, MOST_ENTRIES).ok()?;
                for entry in node.entries {
                    let name = local_heap_get_string(&names, entry.name_offset).ok()?;
                    room = room.checked_sub(LEAST_ENTRY + name.len() as u64)?;
                    found.push((name, entry.obj_header_addr));
                }
            } else {
                nodes.extend(BTreeV1Node::decode(&block, sa, ss, MOST_ENTRIES).ok()?.children);
            }
        }
        Some(found)
    }
}

/// Whether an object header with this `head` declares no more messages than a file of `len` bytes has room for. Only version 1
/// declares a number: each message has a head of eight bytes.
fn is_credible(head: &[u8], len: u64) -> bool {
    match head {
        [1, _, low, high, ..] => 8 * u64::from(u16::from_le_bytes([*low, *high])) <= len,
        _ => true,
    }
}

/// Appends the messages of a continuation block: heads of `head` bytes, contents padded to a multiple of `align`.
fn append(messages: &mut Vec<Message>, block: &[u8], head: usize, align: usize) {
    let mut at = 0;
    while let Some(bytes) = block.get(at..at + head) {
        // Version 1 spends two bytes on the type, version 2 one.
        let (size, flags) = if head == 8 {
            (u16::from_le_bytes([bytes[2], bytes[3]]), bytes[4])
        } else {
            (u16::from_le_bytes([bytes[1], bytes[2]]), bytes[3])
        };
        let start = at + head;
        let Some(data) = block.get(start..start + usize::from(size)) else { return };
        if flags & MSG_FLAG_SHARED == 0 {
            messages.push((bytes[0], data.to_vec()));
        }
        at = start + usize::from(size).next_multiple_of(align);
    }
}
