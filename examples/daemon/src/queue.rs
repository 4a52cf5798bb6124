//! The lines of events.jsonl that the broker has not taken.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use kilat::{Error, Result};
use serde::Deserialize;

use crate::state::replace;

/// The key of a line.
#[derive(Deserialize)]
pub struct Key {
    pub stream: String,
    pub sequence: u64,
}

/// The file, and how far it has been published.
pub struct Queue {
    path: PathBuf,
    place: PathBuf,
    file: Option<BufReader<File>>,
    /// Something may have been published.
    pub begun: bool,
    /// Where the next line begins.
    pub at: u64,
    /// It, when it has been read.
    pub line: Vec<u8>,
}

impl Queue {
    pub fn open(dir: &Path) -> Result<Self> {
        let place = dir.join("published");
        let text = match std::fs::read_to_string(&place) {
            Ok(text) => Some(text),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(Error::io(place, e)),
        };
        let at = text.as_ref().and_then(|t| t.trim().parse().ok()).unwrap_or(0);
        Ok(Self {
            path: dir.join("events.jsonl"),
            place,
            file: None,
            begun: text.is_some(),
            at,
            line: Vec::new(),
        })
    }

    /// Reads the next line, if it is wholly within the `committed` bytes; it stays the next until [`Self::advance`].
    pub fn peek(&mut self, committed: u64) -> Result<Option<Key>> {
        let io = |e| Error::io(&self.path, e);
        if self.line.is_empty() {
            if self.at >= committed {
                return Ok(None);
            }
            if self.file.is_none() {
                let mut file = File::open(&self.path).map_err(io)?;
                file.seek(SeekFrom::Start(self.at)).map_err(io)?;
                self.file = Some(BufReader::new(file));
            }
            if let Some(file) = &mut self.file {
                file.take(committed - self.at).read_until(b'\n', &mut self.line).map_err(io)?;
            }
        }
        let key = serde_json::from_slice(&self.line);
        key.map(Some)
            .map_err(|e| Error::mismatch(format!("{}: byte {}", self.path.display(), self.at), "an event", e))
    }

    /// Remembers, before the first message, that there may be one.
    pub fn begin(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            replace(&self.place, b"0").map_err(|e| Error::io(&self.place, e))?;
        }
        Ok(())
    }

    /// The broker has taken the line.
    pub fn advance(&mut self) -> Result<()> {
        self.at += self.line.len() as u64;
        self.line.clear();
        // Only a hint: it need not be on the disk.
        std::fs::write(&self.place, self.at.to_string()).map_err(|e| Error::io(&self.place, e))
    }
}
