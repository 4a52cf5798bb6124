//! Fingerprints of files and settings.

use std::fs::File;
use std::io;
use std::path::Path;

use kilat_core::{Error, Result};
use sha2::{Digest as _, Sha256};

/// SHA-256 of the file at `path`, as hexadecimal text.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let copied = File::open(path).and_then(|mut f| io::copy(&mut f, &mut hash));
    copied.map_err(|e| Error::io(path, e))?;
    Ok(hex(hash))
}

/// SHA-256 of `bytes`, as hexadecimal text.
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |hex, b| hex + &format!("{b:02x}"))
}

#[cfg(test)]
mod tests {
    /// FIPS 180-4, example of one block.
    #[test]
    fn the_published_example() {
        let want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::of_bytes(b"abc"), want);
    }
}
