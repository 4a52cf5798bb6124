//! One array as `numpy.lib.format` stores it: versions 1.0 (length of the header in two bytes), 2.0 and 3.0 (in four).

use std::ops::Range;

use kilat_core::{Channel, Error, Result, Samples, Warning};

use super::malformed;
use crate::columns::sample_axis;
use crate::elements::Element;
use crate::limit::{Limit, all_of};
use crate::source::Bytes;
use crate::{ReadOptions, SampleAxis, stored};

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// What one element of an array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number(Element),
    /// So many bytes, filled up with zeros.
    Bytes(usize),
    /// So many characters of four bytes, filled up with zeros.
    Characters(usize),
}

/// An array in a file.
pub(super) struct Array<'a> {
    bytes: &'a Bytes<'a>,
    /// Where the elements lie.
    data: Range<usize>,
    element: Type,
    big_endian: bool,
    fortran: bool,
    pub(super) shape: Vec<usize>,
}

impl<'a> Array<'a> {
    /// The array in `range` of `bytes`.
    pub(super) fn parse(bytes: &'a Bytes<'a>, range: Range<usize>, part: &str) -> Result<Self> {
        let cut = || malformed(part, "header", "a complete NPY header", "the end of the file");
        let whole = bytes.get(range.clone()).unwrap_or_default();
        let rest = whole
            .strip_prefix(MAGIC)
            .ok_or_else(|| malformed(part, "byte 0", "the NPY magic", "other bytes"))?;
        let (&[major, _minor], rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (len, rest) = if major == 1 {
            let (len, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (usize::from(u16::from_le_bytes(*len)), rest)
        } else if major == 2 || major == 3 {
            let (len, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (u32::from_le_bytes(*len) as usize, rest)
        } else {
            return Err(malformed(part, "byte 6", "format version 1, 2 or 3", major.to_string()));
        };
        let (header, data) = rest.split_at_checked(len).ok_or_else(cut)?;
        Limit::TEXT_BYTES.check(part, len as u64)?;
        let text = String::from_utf8_lossy(header);
        let (element, big_endian) = dtype(&text, part)?;
        let fortran = match value(&text, "fortran_order", part)? {
            v if v.starts_with("True") => true,
            v if v.starts_with("False") => false,
            v => return Err(malformed(part, "header: fortran_order", "True or False", v)),
        };
        let shape = shape(&text, part)?;
        let data = range.end - data.len()..range.end;
        Ok(Self { bytes, data, element, big_endian, fortran, shape })
    }

    /// True for numbers.
    pub(super) fn is_numeric(&self) -> bool {
        matches!(self.element, Type::Number(_))
    }

    /// `(19200, 2)`, for messages.
    pub(super) fn describe_shape(&self) -> String {
        let sides: Vec<_> = self.shape.iter().map(ToString::to_string).collect();
        format!("({})", sides.join(", "))
    }

    /// The numbers of an array of any shape, in the order in which they lie; none when it is cut off.
    pub(super) fn numbers(&self) -> Option<Vec<f64>> {
        let Type::Number(element) = self.element else { return None };
        let n = self.elements().filter(|n| n.saturating_mul(element.size()) <= self.data.len())?;
        let bytes = self.bytes.get(self.data.start..self.data.start + n * element.size())?;
        let samples = element.column(bytes, self.big_endian, 0, 1).ok()?;
        let mut out = Vec::new();
        crate::elements::floats(samples.as_ref()?, &mut out);
        Some(out)
    }

    /// The texts of an array of texts; none when it is cut off.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        let size = match self.element {
            Type::Number(_) => return None,
            Type::Bytes(n) => n,
            Type::Characters(n) => 4 * n,
        };
        let n = self.elements()?;
        if size == 0 {
            return (n <= self.data.len().max(1)).then(|| vec![String::new(); n]);
        }
        let bytes = self.bytes.get(self.data.start..self.data.start.checked_add(n.checked_mul(size)?)?)?;
        let text = |cell: &[u8]| match self.element {
            Type::Characters(_) => {
                let code = |b: &[u8]| {
                    let b = [b[0], b[1], b[2], b[3]];
                    let code = if self.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) };
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                };
                let text: String = cell.chunks_exact(4).map(code).collect();
                text.trim_end_matches('\0').to_owned()
            }
            _ => String::from_utf8_lossy(cell).trim_end_matches('\0').to_owned(),
        };
        (self.data.start + bytes.len() <= self.data.end).then(|| bytes.chunks_exact(size).map(text).collect())
    }

    /// Product of the sides.
    fn elements(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |n, side| n.checked_mul(*side))
    }

    /// The channels of an array of one or two dimensions, named by their number, and what was repaired.
    pub(super) fn channels(&self, options: &ReadOptions, part: &str) -> Result<(Vec<Channel>, Vec<Warning>)> {
        let Type::Number(element) = self.element else {
            return Err(malformed(part, "header: descr", "numbers", "texts"));
        };
        // Numbers per sample instant, and whether those of one instant lie side by side.
        let (n, channels, interleaved) = match self.shape[..] {
            [n] => (n, 1, true),
            [rows, columns] => match sample_axis(options, rows, columns, part)? {
                SampleAxis::Rows => (rows, columns, !self.fortran),
                SampleAxis::Columns => (columns, rows, self.fortran),
            },
            _ => {
                return Err(Error::Unsupported {
                    part: part.into(),
                    what: format!("an array of shape {:?}", self.shape),
                    hint: "save an array of one or two dimensions".into(),
                });
            }
        };
        // Every channel has a number of its own in the file, so that they cannot be more than its bytes.
        Limit::CHANNELS.check(part, channels as u64)?;
        if channels > self.data.len() {
            let found = format!("{} bytes", self.data.len());
            return Err(malformed(part, "array data", &format!("numbers of {channels} channels"), found));
        }
        let (whole, warnings) = self.whole_samples(n, channels, element.size(), interleaved, part)?;
        let size = element.size();
        let column = |c: usize| {
            let place = if interleaved {
                (self.data.start + c * size, channels, whole)
            } else {
                (self.data.start + c * n * size, 1, whole)
            };
            let bytes = whole * channels * size;
            let samples = stored::column(self.bytes, part, place, (element, self.big_endian), bytes);
            samples.map(|s: Samples| Channel::new(c.to_string(), "", s)).map_err(|i| {
                malformed(part, format!("sample {i} of channel {c}"), "at most 2^53", "a larger integer")
            })
        };
        Ok((all_of(channels, (0..channels).map(column))?, warnings))
    }

    /// How many of the `n` declared samples are there.
    fn whole_samples(
        &self,
        n: usize,
        channels: usize,
        size: usize,
        interleaved: bool,
        part: &str,
    ) -> Result<(usize, Vec<Warning>)> {
        let found = self.data.len();
        let declared = n.checked_mul(channels).and_then(|c| c.checked_mul(size));
        let warning = |message| Ok((n, vec![Warning::new(part, message)]));
        match declared {
            Some(declared) if declared == found => Ok((n, Vec::new())),
            Some(declared) if declared < found => {
                warning(format!("{} bytes follow the array and were left alone", found - declared))
            }
            // Cut off: whole rows can be kept only when each row lies together.
            _ if interleaved && found >= channels * size => {
                let whole = found / (channels * size);
                let message = format!("the header declares {n} samples, {whole} are there; read those");
                Ok((whole, vec![Warning::new(part, message)]))
            }
            _ => {
                let expected = format!("{n} x {channels} numbers of {size} bytes");
                Err(malformed(part, "array data", &expected, format!("{found} bytes")))
            }
        }
    }
}

/// What follows `'key':` in the Python dictionary of the header.
fn value<'t>(text: &'t str, key: &str, part: &str) -> Result<&'t str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    quoted
        .iter()
        .find_map(|q| text.split_once(q.as_str()))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix(':'))
        .map(str::trim_start)
        .ok_or_else(|| malformed(part, "header", &format!("the key '{key}'"), text.trim()))
}

fn dtype(text: &str, part: &str) -> Result<(Type, bool)> {
    let descr = value(text, "descr", part)?;
    let quote = descr.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let dtype = quote.and_then(|q| descr[1..].split_once(q)).map_or(descr, |(dtype, _)| dtype);
    let unsupported = || Error::Unsupported {
        part: part.into(),
        what: format!("the array type {dtype}"),
        hint: "save integers or floats of at most 8 bytes".into(),
    };
    // An order mark, a class, a size: `<i2`. `|` stands before single bytes, `=` for this machine's order.
    let mut marks = dtype.chars();
    let (order, class) = (marks.next().ok_or_else(unsupported)?, marks.next().ok_or_else(unsupported)?);
    let size: usize = marks.as_str().parse().map_err(|_| unsupported())?;
    let element = match class {
        'S' => Some(Type::Bytes(size)),
        'U' => size.checked_mul(4).map(|_| Type::Characters(size)),
        _ => Element::of(class, size).map(Type::Number),
    };
    let big_endian = match order {
        '<' | '|' => false,
        '>' => true,
        '=' => cfg!(target_endian = "big"),
        _ => return Err(unsupported()),
    };
    Ok((element.ok_or_else(unsupported)?, big_endian))
}

fn shape(text: &str, part: &str) -> Result<Vec<usize>> {
    let shape = value(text, "shape", part)?;
    let sides = shape.strip_prefix('(').and_then(|s| s.split_once(')')).map(|(sides, _)| sides);
    sides
        .and_then(|s| {
            let sides = s.split(',').map(str::trim).filter(|t| !t.is_empty());
            sides.map(|t| t.trim_end_matches('L').parse().ok()).collect::<Option<Vec<usize>>>()
        })
        .ok_or_else(|| malformed(part, "header: shape", "a tuple of counts", shape))
}

/// What stands before the elements of an array in C order; `shape` is a Python tuple.
pub(super) fn header(descr: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // The data must begin at a multiple of 64; the header ends in a line feed.
    let pad = 64 - (MAGIC.len() + 4 + text.len() + 1) % 64;
    text.extend(std::iter::repeat_n(' ', pad % 64));
    text.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend([1, 0]);
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    out
}
