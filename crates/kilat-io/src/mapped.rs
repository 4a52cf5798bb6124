//! Files seen as memory: the system brings in what is looked at and may drop it again, so that a file larger than the
//! memory can be read. The one place of this crate with `unsafe`.
#![expect(unsafe_code, reason = "the system maps files through an unsafe call")]

use std::fs::File;
use std::ops::{Deref, Range};
use std::path::Path;

use kilat_core::{Error, Result};

use crate::limit::Limit;
use crate::source::file_name;

/// Bytes before those looked at that the system may have brought in with them: a huge page of its cache, as often as one byte of it is
/// looked at, also what has been given back of it.
#[cfg(unix)]
const BEFORE: usize = 2 << 20;
/// The same of bytes behind, of which the rest is looked at next.
#[cfg(unix)]
const BEHIND: usize = 64 << 10;

/// The content of a file.
#[derive(Debug)]
pub(crate) enum Content {
    /// A regular file.
    Mapped(memmap2::Mmap),
    /// What has no length of its own, such as a pipe.
    Read(Vec<u8>),
}

impl Content {
    /// The content of `path`, when its length is within the limit.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let io = |e| Error::io(path, e);
        let mut file = File::open(path).map_err(io)?;
        let about = file.metadata().map_err(io)?;
        if !about.is_file() {
            return read_all(&mut file, path).map(Self::Read);
        }
        Limit::FILE_BYTES.check(&file_name(path), about.len())?;
        // SAFETY: nobody in this process writes to the file: our own writers make a new one and put it in the place of the old
        // one. Another program that shortens the file while it is read would end this one with SIGBUS; recordings are not
        // written to once they are there, and every reader of the system has the same choice.
        let mapped = unsafe { memmap2::Mmap::map(&file) }.map_err(io)?;
        Ok(Self::Mapped(mapped))
    }

    /// Gives back the memory behind `range`; it is read from the file again when somebody looks at it again.
    pub(crate) fn release(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let (Self::Mapped(map), false) = (self, range.is_empty()) {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            let range = range.start.saturating_sub(BEFORE)..map.len().min(range.end + BEHIND);
            // SAFETY: the mapping is shared with the file and never written to, so its pages come back as they were. That
            // the system may decline is no harm.
            let _ = unsafe { map.unchecked_advise_range(advice, range.start, range.len()) };
        }
    }
}

fn read_all(file: &mut File, path: &Path) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let most = Limit::FILE_BYTES.most();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
    Limit::FILE_BYTES.check(&file_name(path), bytes.len() as u64)?;
    Ok(bytes)
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}
