//! events.jsonl: one line for everything that happened. It is the queue of the broker too.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use kilat::engine::live::Value;
use kilat::output::StreamLine;
use kilat::{Error, Result};
use serde::Serialize;

/// A line: the result, and the stream that it is of.
#[derive(Serialize)]
struct Line<'a> {
    stream: &'a str,
    #[serde(flatten)]
    result: StreamLine,
}

/// The file, open at its end.
pub struct Events {
    path: PathBuf,
    file: BufWriter<File>,
    committed: u64,
    bytes: u64,
    /// Lines since the last commit, when they are printed too.
    print: Option<Vec<u8>>,
}

/// True for what happened, as against what is measured all the time.
pub fn is_event(value: &Value) -> bool {
    !matches!(
        value,
        Value::HalfCycle(_) | Value::Interval(_) | Value::Frequency(_) | Value::PInst(_) | Value::Flicker(_)
    )
}

impl Events {
    /// Opens or makes the file at `path` and cuts off what is beyond the `committed` bytes: it will be measured again.
    pub fn open(path: &Path, committed: u64, print: bool) -> Result<Self> {
        let io = |e| Error::io(path, e);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        let found = file.metadata().map_err(io)?.len();
        if found < committed {
            let what = format!("size of {}", path.display());
            return Err(Error::mismatch(what, format!("at least {committed} bytes"), found));
        }
        file.set_len(committed).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        let print = print.then(Vec::new);
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), committed, bytes: committed, print })
    }

    /// Writes one result.
    pub fn add(&mut self, stream: &str, result: StreamLine) -> Result<()> {
        let mut line =
            serde_json::to_vec(&Line { stream, result }).map_err(|e| Error::config("JSON", e.to_string()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|e| Error::io(&self.path, e))?;
        self.bytes += line.len() as u64;
        if let Some(print) = &mut self.print {
            print.extend(line);
        }
        Ok(())
    }

    /// Puts all lines on the disk; returns the size that a checkpoint may now promise.
    pub fn sync(&mut self) -> Result<u64> {
        let written = self.file.flush();
        if self.bytes > self.committed {
            written.and_then(|()| self.file.get_ref().sync_data()).map_err(|e| Error::io(&self.path, e))?;
        }
        self.committed = self.bytes;
        Ok(self.bytes)
    }

    /// Prints what has been promised. A kill right here is why the file counts, not the terminal.
    pub fn print(&mut self) -> Result<()> {
        let Some(print) = &mut self.print else { return Ok(()) };
        let mut out = std::io::stdout().lock();
        out.write_all(print).and_then(|()| out.flush()).map_err(|e| Error::io("standard output", e))?;
        print.clear();
        Ok(())
    }
}
