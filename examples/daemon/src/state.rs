//! What a later start goes on from: one file that is replaced as a whole, so that there is always a good one.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use kilat::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::aggregates::Row;

/// Name of the file. It begins with [`MAGIC`], whose number changes with the layout.
const NAME: &str = "checkpoint";
const MAGIC: &[u8; 8] = b"kilatD01";

/// Everything that is not in the results yet, and how much of the results is good.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Name of the stream: when it began. With the sequence number it names a result for ever.
    pub stream: String,
    /// Bytes of events.jsonl that are results; what is beyond them will be measured again.
    pub events_bytes: u64,
    /// Rows that wait for their Parquet file to be full.
    pub rows: Vec<Row>,
    /// When the last block came, if one did.
    pub taken: Option<Timestamp>,
    /// The source has ended.
    pub finished: bool,
    /// The stream; it knows the sample that comes next.
    pub live: Vec<u8>,
}

impl Checkpoint {
    /// The last checkpoint in `dir`; `None` before the first.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(NAME);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(path, e)),
        };
        let good = bytes.strip_prefix(MAGIC).and_then(|rest| postcard::from_bytes(rest).ok());
        good.map(Some).ok_or_else(|| {
            let problem = "not a checkpoint of this version; remove the directory's content to begin anew";
            Error::config(path.display().to_string(), problem)
        })
    }

    /// Makes this the last checkpoint: after this returns, it is, whatever happens to the process or the machine.
    pub fn save(&self, dir: &Path) -> Result<()> {
        let bytes =
            postcard::to_extend(self, MAGIC.to_vec()).map_err(|e| Error::config(NAME, e.to_string()))?;
        replace(&dir.join(NAME), &bytes).map_err(|e| Error::io(dir.join(NAME), e))
    }
}

/// Keeps a second daemon out of `dir`.
pub fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(|e| Error::io(&path, e))?;
    file.try_lock().map_err(|e| {
        Error::config(dir.display().to_string(), format!("another daemon is at work here ({e})"))
    })?;
    Ok(file)
}

/// Replaces the file at `path` as a whole, and does not return before that is on the disk.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync_dir(path)
}

/// Puts the names in the directory of `path` on the disk.
pub fn sync_dir(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        // Other systems do not open directories, and need not.
        Some(dir) if cfg!(unix) => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}
