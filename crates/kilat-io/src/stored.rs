//! Codes that stay in a mapped file until they are asked for.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use kilat_core::{Codes, Error, Result, SampleKind, Samples, SamplesRef, Stored};

use crate::elements::Element;
use crate::mapped::Content;
use crate::source::Bytes;

/// Bytes of samples from which on they stay in the file. Below, a copy in memory is quicker and outlives the file.
pub(crate) const STAY_FROM: usize = 64 << 20;

/// Numbers that lie at equal distances in a file.
pub(crate) struct Rows {
    content: Arc<Content>,
    part: String,
    /// Byte of the first number.
    at: usize,
    /// Numbers from one sample to the next.
    stride: usize,
    n: usize,
    element: Element,
    big_endian: bool,
}

/// The `n` numbers of `element` in `bytes` that begin at byte `at` and are `stride` numbers apart: read at once, or left in
/// the file when `data_bytes`, those of all channels, are many.
///
/// The index of an integer that no sample type holds is the error.
pub(crate) fn column(
    bytes: &Bytes<'_>,
    part: &str,
    (at, stride, n): (usize, usize, usize),
    (element, big_endian): (Element, bool),
    data_bytes: usize,
) -> Result<Samples, usize> {
    let range = span(at, stride, n, element);
    match bytes {
        // 64-bit integers must be looked at before they can be promised.
        Bytes::File(content)
            if data_bytes >= STAY_FROM
                && !matches!(element, Element::I64 | Element::U64)
                && range.end <= content.len() =>
        {
            let (content, part) = (content.clone(), part.to_owned());
            let rows: Arc<dyn Stored> = Arc::new(Rows { content, part, at, stride, n, element, big_endian });
            Ok(rows.into())
        }
        _ => element.column(bytes.get(range).unwrap_or_default(), big_endian, 0, stride),
    }
}

/// Bytes from the first number to the end of the last.
fn span(at: usize, stride: usize, n: usize, element: Element) -> Range<usize> {
    let size = element.size();
    at..at + n.checked_sub(1).map_or(0, |steps| (steps * stride + 1) * size)
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} numbers of {} from byte {} on", self.n, self.part, self.at)
    }
}

impl Stored for Rows {
    fn len(&self) -> usize {
        self.n
    }

    fn kind(&self) -> SampleKind {
        self.element.kind()
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        let first = self.at + range.start * self.stride * self.element.size();
        let place = span(first, self.stride, range.len(), self.element);
        let bytes = self.content.get(place.clone()).unwrap_or_default();
        let decoded = self.element.decode(bytes, self.big_endian, 0, self.stride, own);
        self.content.release(place);
        decoded.map_err(|i| {
            let at = format!("sample {}", range.start + i);
            Error::mismatch(format!("{}: {at}", self.part), "at most 2^53", "a larger integer")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_stays_in_the_file_is_what_is_read_at_once() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let numbers: Vec<i16> = (0..3000).map(|i| i * 10 - 15_000).collect();
        file.write_all(b"head!").unwrap();
        file.write_all(&numbers.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<_>>()).unwrap();
        let bytes = Bytes::File(Arc::new(Content::of(file.path()).unwrap()));
        for (channel, stride) in [(0, 1), (2, 3), (1, 2)] {
            let place = (5 + 2 * channel, stride, 3000 / stride);
            let here = column(&bytes, "f", place, (Element::I16, true), 6000).unwrap();
            let there = column(&bytes, "f", place, (Element::I16, true), STAY_FROM).unwrap();
            assert!(here.as_ref().is_some() && there.as_ref().is_none());
            let expected: Vec<i16> = numbers.iter().skip(channel).step_by(stride).copied().collect();
            for samples in [here, there] {
                assert_eq!(samples.len(), expected.len());
                let mut own = Codes::default();
                let range = 7..samples.len() - 3;
                let read = samples.read(range.clone(), &mut own).unwrap();
                assert!(matches!(read, SamplesRef::I16(x) if x == &expected[range]));
                assert!(samples.read(5..5, &mut own).unwrap().is_empty());
            }
        }
    }
}
