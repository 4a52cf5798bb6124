//! Rows of bytes of one length, in memory or in the file they came from.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::mapped::Content;

/// Sample number and timestamp, four bytes each.
pub(super) const HEAD: usize = 8;

/// Bytes of samples from which on they stay in the file. Below, a copy in memory is quicker and outlives the file.
pub(super) const STAY_FROM: usize = 64 << 20;

/// Bytes of a mapped file that stay in memory behind the place that was read last, at least.
const KEPT_BYTES: usize = 4 << 20;

/// Rows of bytes.
pub(super) struct Records {
    held: Held,
    rows: usize,
    record: usize,
}

enum Held {
    Own(Vec<u8>),
    File {
        content: Arc<Content>,
        start: usize,
        /// Up to where the memory was given back.
        released: AtomicUsize,
    },
}

impl Records {
    /// `rows` rows of `record` bytes that lie in memory.
    pub(super) fn own(bytes: Vec<u8>, rows: usize, record: usize) -> Self {
        Self { held: Held::Own(bytes), rows, record }
    }

    /// The same from byte `start` of a file on.
    pub(super) fn of_file(content: Arc<Content>, start: usize, rows: usize, record: usize) -> Self {
        let released = AtomicUsize::new(start);
        Self { held: Held::File { content, start, released }, rows, record }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of a row.
    pub(super) fn record(&self) -> usize {
        self.record
    }

    /// The bytes of `rows`.
    pub(super) fn get(&self, rows: Range<usize>) -> &[u8] {
        let range = rows.start * self.record..rows.end * self.record;
        match &self.held {
            Held::Own(bytes) => &bytes[range],
            Held::File { content, start, released } => {
                let range = start + range.start..start + range.end;
                // Going on, leave what is far behind; going back, begin anew from there. Channels are read one after the other:
                // as much as is asked for now another one may still be reading.
                let kept = range.len().max(KEPT_BYTES);
                let behind = range.start.saturating_sub(kept).max(*start);
                let before = released.swap(behind, Ordering::Relaxed);
                content.release(before.min(behind)..behind);
                &content[range]
            }
        }
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records of {} bytes", self.rows, self.record)
    }
}
