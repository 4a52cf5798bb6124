//! Status channels: bits of the words at the end of each row, read when they are asked for.

use std::ops::Range;
use std::sync::Arc;

use kilat_core::{Codes, Result, SampleKind, Samples, SamplesRef, Stored};

use super::records::Records;

/// One bit of each row.
#[derive(Debug)]
pub(super) struct Bits {
    records: Arc<Records>,
    /// Byte of a row, and bit of that byte.
    byte: usize,
    bit: u8,
}

impl Bits {
    /// The status channels whose words begin at byte `at` of each of `records`: channel k is bit k % 16 of word k / 16.
    pub(super) fn within(records: &Arc<Records>, at: usize, channels: usize) -> Vec<Samples> {
        let channel = |k| {
            let bits = Self { records: records.clone(), byte: at + k / 8, bit: (k % 8) as u8 };
            Samples::from(Arc::new(bits) as Arc<dyn Stored>)
        };
        (0..channels).map(channel).collect()
    }
}

impl Stored for Bits {
    fn len(&self) -> usize {
        self.records.rows()
    }

    fn kind(&self) -> SampleKind {
        SampleKind::I16
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        let rows = self.records.get(range).chunks_exact(self.records.record());
        own.i16.clear();
        own.i16.extend(rows.map(|r| i16::from(r[self.byte] >> self.bit & 1)));
        Ok(SamplesRef::I16(&own.i16))
    }
}
