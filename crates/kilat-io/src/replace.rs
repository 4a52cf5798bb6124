//! Files that appear whole or not at all: written beside their place and then put there.
//!
//! A program that still reads the old file keeps it as it was, our own mapped readers among them.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use kilat_core::{Error, Result};

/// Writes `path` through `write`; nothing is left behind when that fails.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    replace_path(path, |temporary| {
        let io = |e| Error::io(path, e);
        let mut out = BufWriter::with_capacity(1 << 18, File::create(temporary).map_err(io)?);
        write(&mut out)?;
        out.flush().map_err(io)
    })
}

/// The same for a writer that opens its file itself.
pub(crate) fn replace_path(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if path.exists() && !path.is_file() {
        // A device or a pipe cannot be put in place.
        return write(path);
    }
    let temporary = beside(path);
    let done =
        write(&temporary).and_then(|()| std::fs::rename(&temporary, path).map_err(|e| Error::io(path, e)));
    if done.is_err() {
        // The error of the writer says more than one of this.
        let _ = std::fs::remove_file(&temporary);
    }
    done
}

/// A name in the same directory that nothing else uses.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        let io = |e| Error::io(&path, e);
        replace(&path, |out| out.write_all(b"old").map_err(io)).unwrap();
        let failed = replace(&path, |out| {
            out.write_all(b"half of the new").map_err(io)?;
            Err(io(std::io::Error::other("disk full")))
        });
        assert!(failed.unwrap_err().to_string().ends_with("a.bin: disk full"));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
