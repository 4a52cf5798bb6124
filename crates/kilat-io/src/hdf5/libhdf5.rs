//! HDF5 files read through the HDF Group's library: the same as `pure`, for filters that only its plugins know.

use std::path::Path;

use hdf5::dataset::Layout as Stored;
use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenArray, VarLenAscii, VarLenUnicode};
use hdf5_metno::{self as hdf5, IndexType, IterationOrder, LinkType, LocationType};

use super::container::{Layout, Numbers};
use crate::elements::Element;

pub(super) use hdf5::Error;

type Result<T> = std::result::Result<T, Error>;

/// Bytes that an attribute may hold; those of real files are far below.
const MOST_ATTRIBUTE: usize = 16 << 20;

/// Bytes that a text of fixed length may hold; room for as many is made for each.
const MOST_TEXT: usize = 1 << 16;

/// An open file.
pub(super) struct File(hdf5::File);

impl File {
    pub(super) fn open(path: &Path) -> Result<Self> {
        hdf5::File::open(path).map(Self)
    }

    /// Paths of all datasets; links are followed within the file only, and each group is entered once.
    pub(super) fn paths(&self) -> Vec<String> {
        let (mut paths, mut entered) = (Vec::new(), Vec::new());
        let mut groups = vec![String::new()];
        while let Some(path) = groups.pop() {
            let Ok(group) = self.group(&path) else { continue };
            let links = group.links(IndexType::Name, IterationOrder::Native).unwrap_or_default();
            for (name, _) in links.into_iter().filter(|(_, link)| link.link_type == LinkType::Hard) {
                let Ok(info) = group.loc_info_by_name(&name) else { continue };
                let path = format!("{path}/{name}");
                match info.loc_type {
                    LocationType::Dataset => paths.push(path),
                    LocationType::Group if !entered.contains(&info.token) => {
                        entered.push(info.token);
                        groups.push(path);
                    }
                    _ => {}
                }
            }
        }
        paths
    }

    pub(super) fn dataset(&self, path: &str) -> Result<Dataset> {
        let dataset = self.0.dataset(path)?;
        let datatype = dataset.dtype()?;
        let descriptor = datatype.to_descriptor();
        let element = descriptor.as_ref().ok().and_then(element);
        Ok(Dataset {
            shape: dataset.shape(),
            number: element.map(|e| (e, false)),
            type_name: descriptor.map_or_else(|e| e.to_string(), |d| d.to_string()),
            element_size: datatype.size(),
            handle: dataset,
        })
    }

    /// A numeric attribute of the root (`""`) or of a group.
    pub(super) fn numbers(&self, group: &str, name: &str) -> Option<Numbers> {
        let group = self.group(group).ok()?;
        numbers(&group, name)
    }

    /// A text attribute of the root (`""`) or of a group.
    pub(super) fn text(&self, group: &str, name: &str) -> Option<String> {
        let group = self.group(group).ok()?;
        text(&group, name)
    }

    fn group(&self, path: &str) -> Result<hdf5::Group> {
        self.0.group(if path.is_empty() { "/" } else { path })
    }
}

/// A dataset.
pub(super) struct Dataset {
    pub(super) shape: Vec<usize>,
    /// Type of the numbers that [`Self::bytes`] returns, and whether they are big-endian; none when it holds something else.
    pub(super) number: Option<(Element, bool)>,
    pub(super) type_name: String,
    pub(super) element_size: usize,
    handle: hdf5::Dataset,
}

impl Dataset {
    pub(super) fn layout(&self) -> Result<Layout> {
        let created = self.handle.create_plist()?;
        let layout = created.get_layout()?;
        // Virtual is a layout that old versions of the library have no name for.
        let elsewhere = ![Stored::Compact, Stored::Contiguous, Stored::Chunked].contains(&layout);
        Ok(if elsewhere || !created.get_external()?.is_empty() {
            Layout::Outside
        } else if layout == Stored::Chunked {
            Layout::Chunked(created.get_chunk()?.unwrap_or_default())
        } else {
            Layout::Whole
        })
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let (element, _) = self.number.ok_or("no numbers")?;
        bytes(&self.handle, element)
    }

    /// Nothing is read by several threads: the library lets one read at a time.
    #[expect(clippy::unused_self, reason = "the other decoder has something to say here")]
    pub(super) fn samples(&self) -> Option<Result<kilat_core::Samples>> {
        None
    }

    /// Nothing is left in the file, for the same reason.
    #[expect(clippy::unused_self, reason = "the other decoder has something to say here")]
    pub(super) fn stored(&self) -> Option<kilat_core::Samples> {
        None
    }

    /// The texts. The library takes them all at once: it knows no bound.
    pub(super) fn texts(&self, _most: u64) -> Result<Vec<String>> {
        texts(&self.handle)
    }

    /// A numeric attribute.
    pub(super) fn numbers(&self, name: &str) -> Option<Numbers> {
        numbers(&self.handle, name)
    }

    /// A text attribute.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(&self.handle, name)
    }
}

/// The type of numbers that the library shall convert to.
fn element(descriptor: &TypeDescriptor) -> Option<Element> {
    match descriptor {
        TypeDescriptor::Integer(size) => Element::of('i', *size as usize),
        TypeDescriptor::Unsigned(size) => Element::of('u', *size as usize),
        // Halves are read as singles, which hold them exactly.
        TypeDescriptor::Float(size) => Element::of('f', (*size as usize).max(4)),
        _ => None,
    }
}

/// All numbers, least significant byte first.
fn bytes(values: &hdf5::Container, element: Element) -> Result<Vec<u8>> {
    macro_rules! read {
        ($t:ty) => {{
            let values = values.read_raw::<$t>()?;
            let mut bytes = Vec::with_capacity(size_of_val(values.as_slice()));
            for v in values {
                bytes.extend_from_slice(&v.to_le_bytes());
            }
            bytes
        }};
    }
    Ok(match element {
        Element::I8 => read!(i8),
        Element::U8 => read!(u8),
        Element::I16 => read!(i16),
        Element::U16 => read!(u16),
        Element::I32 => read!(i32),
        Element::U32 => read!(u32),
        Element::I64 => read!(i64),
        Element::U64 => read!(u64),
        Element::F16 | Element::F32 => read!(f32),
        Element::F64 => read!(f64),
        Element::Excess8 | Element::I24 => return Err("no type of HDF5's own".into()),
    })
}

/// The attribute `name`, unless its size is absurd.
fn attribute(of: &hdf5::Location, name: &str) -> Option<(hdf5::Attribute, TypeDescriptor)> {
    let attribute = of.attr(name).ok()?;
    let datatype = attribute.dtype().ok()?;
    let sides = attribute.shape();
    let size = sides.iter().try_fold(datatype.size(), |n, side| n.checked_mul(*side))?;
    (size <= MOST_ATTRIBUTE).then_some((attribute, datatype.to_descriptor().ok()?))
}

fn numbers(of: &hdf5::Location, name: &str) -> Option<Numbers> {
    let (attribute, descriptor) = attribute(of, name)?;
    let element = element(&descriptor)?;
    Some(Numbers { element, big_endian: false, bytes: bytes(&attribute, element).ok()? })
}

fn text(of: &hdf5::Location, name: &str) -> Option<String> {
    let (attribute, _) = attribute(of, name)?;
    texts(&attribute).ok()?.into_iter().next()
}

/// All texts. The library hands them out unchecked, so their bytes are checked here.
fn texts(values: &hdf5::Container) -> Result<Vec<String>> {
    macro_rules! read {
        ($t:ty) => {
            values.read_raw::<$t>().map(|texts| texts.iter().map(|t| t.as_bytes().to_vec()).collect())
        };
    }
    // Some writers, ours among them, store a text of any length as a list of texts of one character, which the library
    // does not take for the same. Of a zero in it, it says that the text of one character is empty.
    macro_rules! read_letters {
        ($t:ty) => {
            values.read_raw::<VarLenArray<$t>>().map(|texts| {
                let letter = |c: &$t| c.as_bytes().first().copied().unwrap_or(0);
                texts.iter().map(|t| t.iter().map(letter).collect()).collect()
            })
        };
    }
    let room = values.shape().iter().try_fold(MOST_TEXT, |n, side| n.checked_mul(*side));
    let fixed = |n: usize| n <= MOST_TEXT && room.is_some_and(|bytes| bytes <= MOST_ATTRIBUTE);
    let texts: Vec<Vec<u8>> = match values.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenUnicode => read!(VarLenUnicode).or_else(|_| read_letters!(FixedUnicode<1>))?,
        TypeDescriptor::VarLenAscii => read!(VarLenAscii).or_else(|_| read_letters!(FixedAscii<1>))?,
        TypeDescriptor::FixedUnicode(n) if fixed(n) => read!(FixedUnicode<MOST_TEXT>)?,
        TypeDescriptor::FixedAscii(n) if fixed(n) => read!(FixedAscii<MOST_TEXT>)?,
        other => return Err(format!("{other} where texts are expected").into()),
    };
    let checked = texts.into_iter().map(String::from_utf8);
    checked.collect::<std::result::Result<_, _>>().map_err(|e| e.to_string().into())
}
