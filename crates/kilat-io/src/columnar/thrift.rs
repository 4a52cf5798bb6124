//! The integers of a Thrift structure in the compact protocol, which is how Parquet writes the headers of its pages.

/// Structures within structures that a header may have; those of Parquet have three.
const MOST_DEPTH: u32 = 16;

/// Integers that are looked at; a header of Parquet has at most eleven.
const MOST_INTEGERS: usize = 64;

/// Integers and truths of a structure and of the structures in it.
pub(super) struct Integers {
    /// Field of the structure, field within that (0 for its own), value.
    all: Vec<(i64, i64, i64)>,
}

impl Integers {
    /// Reads the structure at the beginning of `bytes`, and its length; `None` when it is none.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut all = Vec::new();
        let mut cursor = Cursor { bytes, at: 0 };
        cursor.structure(MOST_DEPTH, &mut |path, value| match *path {
            _ if all.len() == MOST_INTEGERS => {}
            [field] => all.push((field, 0, value)),
            [outer, field] => all.push((outer, field, value)),
            _ => {}
        })?;
        Some((Self { all }, cursor.at))
    }

    /// The integer in `field` of the structure in field `outer`; an `outer` of 0 is the whole.
    pub(super) fn get(&self, outer: i64, field: i64) -> Option<i64> {
        let place = if outer == 0 { (field, 0) } else { (outer, field) };
        self.all.iter().find(|(a, b, _)| (*a, *b) == place).map(|(_, _, value)| *value)
    }

    /// The same as a size, which is never negative.
    pub(super) fn size(&self, outer: i64, field: i64) -> Option<usize> {
        self.get(outer, field).and_then(|v| usize::try_from(v).ok())
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, n: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(n).ok()?)?;
        self.at = end;
        (end <= self.bytes.len()).then_some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let v = self.varint()?;
        Some((v >> 1) as i64 ^ -((v & 1) as i64))
    }

    /// Gives away the numbers of the fields that lead to each integer, and the integer.
    fn structure(&mut self, depth: u32, found: &mut dyn FnMut(&[i64], i64)) -> Option<()> {
        let mut field = 0;
        loop {
            let head = self.byte()?;
            let (step, kind) = (i64::from(head >> 4), head & 0xf);
            if kind == 0 {
                return Some(());
            }
            field = if step == 0 { self.zigzag()? } else { field + step };
            match kind {
                1 | 2 => found(&[field], i64::from(kind == 1)),
                4..=6 => found(&[field], self.zigzag()?),
                12 => {
                    let depth = depth.checked_sub(1)?;
                    self.structure(depth, &mut |path, value| match *path {
                        [inner] => found(&[field, inner], value),
                        _ => found(&[], value),
                    })?;
                }
                other => self.pass(other, depth)?,
            }
        }
    }

    /// Passes over a value of a kind that is no number.
    fn pass(&mut self, kind: u8, depth: u32) -> Option<()> {
        match kind {
            3 => self.skip(1),
            7 => self.skip(8),
            8 => self.varint().and_then(|n| self.skip(n)),
            9 | 10 => {
                let depth = depth.checked_sub(1)?;
                let head = self.byte()?;
                let n = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                (0..n).try_for_each(|_| match head & 0xf {
                    1..=3 => self.skip(1),
                    4..=6 => self.varint().map(drop),
                    12 => self.structure(depth, &mut |_, _| {}),
                    other => self.pass(other, depth),
                })
            }
            // Maps and what later versions may add: no header of a page has them.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_found_by_their_fields() {
        // {1: 0, 2: 300, 5: {1: 100, 3: true, 5: {1: "ab", 2: [1, 2]}, 6: -1}, 40: i16 7}
        let bytes = [
            0x15, 0, 0x15, 0xd8, 4, 0x3c, 0x15, 0xc8, 1, 0x21, 0x2c, 0x18, 2, b'a', b'b', 0x19, 0x25, 2, 4,
            0, 0x15, 1, 0, 0x04, 80, 14, 0, 99,
        ];
        let (found, len) = Integers::read(&bytes).unwrap();
        assert_eq!(len, bytes.len() - 1);
        let at = |outer, field| found.get(outer, field);
        assert_eq!((at(0, 1), at(0, 2), at(0, 40), at(0, 5)), (Some(0), Some(300), Some(7), None));
        assert_eq!((at(5, 1), at(5, 3), at(5, 6)), (Some(100), Some(1), Some(-1)));
        assert_eq!((found.size(0, 2), found.size(5, 6)), (Some(300), None));
        for n in 0..len {
            assert!(Integers::read(&bytes[..n]).is_none(), "{n}");
        }
    }

    #[test]
    fn structures_without_end_are_refused() {
        assert!(Integers::read(&vec![0x1c; 1 << 16]).is_none());
        assert!(Integers::read(&vec![0x19; 1 << 16]).is_none());
    }
}
