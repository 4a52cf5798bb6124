//! Writing: a cfg with its dat, hdr and inf, or all of it as one cff.

use std::io::Write;
use std::path::{Path, PathBuf};

use kilat_core::{Capture, Codes, Error, Result};

use super::cfg::{Encoding, Revision};
use super::{HDR, INF};
use crate::WriteOptions;
use crate::replace::replace;
use crate::source::extension;
use clock::Clock;
use codes::{Facts, Written};

mod clock;
mod codes;
mod lost;
#[cfg(test)]
mod tests;
mod text;

/// Rows of the dat made in one go.
const BLOCK: usize = 4096;

/// Writes `capture` to `path`, a `.cfg` (or `.dat`) with its partners, or a `.cff`; returns what they do not hold.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    write_as(capture, path, &WriteOptions::default())
}

/// The same in the revision and encoding of `options`. Without an encoding: the smallest that holds every code.
pub(crate) fn write_as(capture: &Capture, path: &Path, options: &WriteOptions) -> Result<Vec<String>> {
    check(capture, path)?;
    let is_single = extension(&path.to_string_lossy()) == "cff";
    let revision = revision(options, is_single)?;
    let facts = capture.channels().iter().map(|c| Facts::of(c, revision)).collect::<Result<Vec<_>>>()?;
    let encoding = match &options.encoding {
        Some(word) => encoding(word, revision)?,
        None => codes::smallest(&facts, revision),
    };
    let mut lost = Vec::new();
    let channels = capture.channels().iter().zip(&facts);
    let columns: Vec<_> = channels.map(|(c, f)| Written::plan(c, f, encoding, revision, &mut lost)).collect();
    let clock = Clock::new(capture.time(), revision);
    let cfg = text::cfg(capture, &columns, &clock, encoding, revision);
    lost.extend(lost::lines(capture, &cfg, &clock, encoding)?);

    let form = Form { capture, columns: &columns, clock: &clock, encoding, revision };
    let sections = [(INF, text::section(capture, INF)), (HDR, text::section(capture, HDR))];
    if is_single {
        let count = match encoding {
            Encoding::Ascii => String::new(),
            _ => format!(": {}", form.record_bytes() as u64 * capture.len()),
        };
        let [inf, hdr] = sections.map(|(_, text)| text.unwrap_or_default());
        let head = format!(
            "--- file type: CFG ---\r\n{cfg}--- file type: INF ---\r\n{inf}--- file type: HDR ---\r\n{hdr}\
             --- file type: DAT {}{count} ---\r\n",
            encoding.word()
        );
        replace(path, |out| {
            out.write_all(head.as_bytes()).map_err(|e| Error::io(path, e))?;
            form.write_rows(path, out)
        })?;
    } else {
        let text_file = |path: &Path, text: &str| {
            replace(path, |out| out.write_all(text.as_bytes()).map_err(|e| Error::io(path, e)))
        };
        let dat = beside(path, "dat");
        replace(&dat, |out| form.write_rows(&dat, out))?;
        for (kind, text) in sections {
            let path = beside(path, kind);
            match text {
                Some(text) => text_file(&path, &text)?,
                None if path.exists() => {
                    lost.push(format!("that it has no {kind}: {} is there already", path.display()));
                }
                None => {}
            }
        }
        text_file(&beside(path, "cfg"), &cfg)?;
    }
    Ok(lost)
}

/// Refuses what no COMTRADE file can be.
fn check(capture: &Capture, path: &Path) -> Result<()> {
    if matches!(extension(&path.to_string_lossy()).as_str(), HDR | INF) {
        return Err(Error::Unsupported {
            part: path.display().to_string(),
            what: "writing a part of a recording".into(),
            hint: "name its .cfg, or a .cff".into(),
        });
    }
    let channels = capture.channels().iter().map(|c| (&c.name, c.len()));
    let statuses = capture.digital.iter().map(|d| (&d.name, d.states.len()));
    for (name, len) in channels.chain(statuses) {
        if len as u64 != capture.len() {
            return Err(Error::mismatch(format!("samples of channel `{name}`"), capture.len(), len));
        }
    }
    // Sample numbers have four bytes.
    if capture.is_empty() || capture.len() > u64::from(u32::MAX) {
        return Err(Error::Unsupported {
            part: path.display().to_string(),
            what: format!("a COMTRADE recording of {} samples", capture.len()),
            hint: format!("1 to {} can be written", u32::MAX),
        });
    }
    Ok(())
}

fn revision(options: &WriteOptions, is_single: bool) -> Result<Revision> {
    let year = options.revision.unwrap_or(2013);
    let revision = Revision::ALL
        .into_iter()
        .find(|r| r.year() == year)
        .ok_or_else(|| Error::config("revision", format!("expected 1991, 1999 or 2013, found {year}")))?;
    if is_single && revision < Revision::R2013 {
        return Err(Error::config("revision", format!("a .cff is of 2013, not {year}; name a .cfg")));
    }
    Ok(revision)
}

fn encoding(word: &str, revision: Revision) -> Result<Encoding> {
    let encoding = Encoding::parse(word).ok_or_else(|| {
        Error::config("encoding", format!("expected ASCII, BINARY, BINARY32 or FLOAT32, found `{word}`"))
    })?;
    if !revision.has(encoding) {
        let (word, year) = (encoding.word(), revision.year());
        return Err(Error::config("encoding", format!("{word} is of 2013; {year} has ASCII and BINARY")));
    }
    Ok(encoding)
}

/// How the rows of the dat are made.
struct Form<'a> {
    capture: &'a Capture,
    columns: &'a [Written],
    clock: &'a Clock<'a>,
    encoding: Encoding,
    revision: Revision,
}

impl Form<'_> {
    fn record_bytes(&self) -> usize {
        super::binary::record_bytes(self.columns.len(), self.capture.digital.len(), self.encoding)
    }

    /// Writes every row to `path`, block by block: a capture may be larger than the memory.
    fn write_rows(&self, path: &Path, out: &mut impl Write) -> Result<()> {
        let mut own = Codes::default();
        let mut codes: Vec<Vec<f64>> = self.columns.iter().map(|_| Vec::new()).collect();
        let mut states = Vec::new();
        let mut bytes = Vec::new();
        for segment in self.capture.time().segments() {
            let end = segment.range().end as usize;
            for start in (segment.first as usize..end).step_by(BLOCK) {
                let rows = start..end.min(start + BLOCK);
                for (channel, codes) in self.capture.channels().iter().zip(&mut codes) {
                    codes::load(channel, rows.clone(), &mut own, codes)?;
                }
                let digital = self.capture.digital.iter().map(|d| d.values(rows.clone()));
                states.splice(.., digital.collect::<Result<Vec<_>>>()?);
                bytes.clear();
                for i in rows {
                    let stamp = self.clock.stamp(segment, i as u64);
                    let (codes, states) =
                        (codes.iter().map(|c| c[i - start]), states.iter().map(|s: &Vec<bool>| s[i - start]));
                    if self.encoding == Encoding::Ascii {
                        self.put_line(i, stamp, codes, states, &mut bytes);
                    } else {
                        self.put_record(i, stamp, codes, states, &mut bytes);
                    }
                }
                out.write_all(&bytes).map_err(|e| Error::io(path, e))?;
            }
        }
        Ok(())
    }

    fn put_line(
        &self,
        i: usize,
        stamp: u32,
        codes: impl Iterator<Item = f64>,
        states: impl Iterator<Item = bool>,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(format!("{},{stamp}", i + 1).as_bytes());
        for (code, column) in codes.zip(self.columns) {
            out.push(b',');
            column.put(code, self.encoding, self.revision, out);
        }
        for state in states {
            out.extend_from_slice(if state { b",1" } else { b",0" });
        }
        out.extend_from_slice(b"\r\n");
    }

    fn put_record(
        &self,
        i: usize,
        stamp: u32,
        codes: impl Iterator<Item = f64>,
        states: impl Iterator<Item = bool>,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(&(i as u32 + 1).to_le_bytes());
        out.extend_from_slice(&stamp.to_le_bytes());
        for (code, column) in codes.zip(self.columns) {
            column.put(code, self.encoding, self.revision, out);
        }
        let words = out.len();
        out.resize(words + self.capture.digital.len().div_ceil(16) * 2, 0);
        for (k, state) in states.enumerate() {
            out[words + k / 8] |= u8::from(state) << (k % 8);
        }
    }
}

/// The file beside `path` of another kind, its extension in the same case.
fn beside(path: &Path, kind: &str) -> PathBuf {
    let is_upper =
        path.extension().is_some_and(|e| e.to_string_lossy().chars().all(|c| c.is_ascii_uppercase()));
    path.with_extension(if is_upper { kind.to_uppercase() } else { kind.to_owned() })
}
