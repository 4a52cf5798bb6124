//! Text data: a row of comma-separated numbers for each sample.

use std::sync::Arc;

use kilat_core::{Error, Result, Warning};
use rayon::prelude::*;

use super::bits::Bits;
use super::cfg::{Cfg, Encoding};
use super::dat::Data;
use super::records::Records;
use super::time::Stamps;
use codes::Codes;
use rows::{Block, Problem, Repair, Shape};
use texts::Texts;

mod codes;
mod rows;
mod texts;

/// Most text that is read in one go: its numbers stay in cache.
const CHUNK: usize = 32 << 10;

/// Least text that is read in one go, and the share of a file that all that is read at once, by all threads, may be: the numbers
/// of that text are there beside those of the columns.
const LEAST_CHUNK: usize = 2 << 10;
const SHARE: usize = 64;

/// Bytes of codes for a byte of text, as 7/4: what is left to twice the text is for the text at hand.
const MOST_CODES: (usize, usize) = (7, 4);

/// Reads the rows of `bytes`. On a thread of a rayon pool, all of its threads take part.
pub(super) fn read(part: &str, bytes: &[u8], cfg: &Cfg) -> Result<Data<'static>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let end = bytes.iter().rposition(|b| !rows::is_padding(*b)).map_or(0, |e| e + 1);
    let bytes = &bytes[..end];
    let shape = Shape {
        analogs: cfg.analogs.len(),
        statuses: cfg.statuses.len(),
        marker: cfg.revision.marker(),
        delimiter: rows::delimiter(bytes),
    };
    let mut table = Table::new(&shape, bytes);
    let is_pooled = rayon::current_thread_index().is_some() && rayon::current_num_threads() > 1;
    let share = bytes.len() / SHARE;
    let at_once =
        if is_pooled { (share / LEAST_CHUNK).clamp(1, 4 * rayon::current_num_threads()) } else { 1 };
    let mut chunks = chunks(bytes, (share / at_once).clamp(LEAST_CHUNK, CHUNK)).peekable();
    while chunks.peek().is_some() {
        let group: Vec<_> = chunks.by_ref().take(at_once).collect();
        let parse = |(text, is_last): &(&[u8], bool)| Block::parse(text, *is_last, &shape);
        let blocks: Vec<_> =
            if is_pooled { group.par_iter().map(parse).collect() } else { group.iter().map(parse).collect() };
        for block in blocks {
            table.append(block).map_err(|p| malformed(part, &p))?;
        }
    }
    Ok(table.finish(part, &shape))
}

/// Whole lines of about `size` bytes, and whether they are the last.
fn chunks(bytes: &[u8], size: usize) -> impl Iterator<Item = (&[u8], bool)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let from = rest.len().min(size);
        let end = rest[from..].iter().position(|b| *b == b'\n').map_or(rest.len(), |i| from + i + 1);
        let (chunk, left) = rest.split_at(end);
        rest = left;
        Some((chunk, left.is_empty()))
    })
}

/// The columns of all blocks so far.
struct Table {
    lines: usize,
    rows: usize,
    stamps: Codes,
    analogs: Vec<Codes>,
    /// Rows that there is room for in each column, and bytes that codes may still take to become wider. Without room, wide ones
    /// are text.
    capacity: usize,
    room: Option<usize>,
    /// Bits of the status channels, row by row.
    states: Vec<u8>,
    short: Repair,
    long: Repair,
    unreadable: Repair,
    /// Line and number of fields of a last row that was cut.
    torn: Option<(usize, usize)>,
}

impl Table {
    fn new(shape: &Shape, bytes: &[u8]) -> Self {
        // A row takes a line, and a byte for at least every other field.
        let rows = rows::lines(bytes).min(2 * bytes.len() / shape.fields() + 1);
        let narrow = rows * (2 * (1 + shape.analogs) + shape.state_bytes());
        let room = (bytes.len() / MOST_CODES.1 * MOST_CODES.0).checked_sub(narrow);
        let analog = || room.map_or_else(|| Codes::Text(Texts::default()), |_| Codes::with_capacity(rows));
        Self {
            lines: 0,
            rows: 0,
            stamps: Codes::with_capacity(rows),
            analogs: (0..shape.analogs).map(|_| analog()).collect(),
            capacity: rows,
            room,
            states: Vec::with_capacity(rows * shape.state_bytes()),
            short: Repair::default(),
            long: Repair::default(),
            unreadable: Repair::default(),
            torn: None,
        }
    }

    fn append(&mut self, block: Result<Block, Problem>) -> Result<(), Problem> {
        let block = block.map_err(|p| Problem { line: p.line + self.lines, ..p })?;
        // A timestamp is one field of a whole row, which has room for it at any width.
        let stamps = block.stamps();
        self.stamps.widen(self.stamps.width_with(&stamps));
        self.stamps.append(&stamps);
        for c in 0..self.analogs.len() {
            let part = block.column(c);
            let width = self.analogs[c].width_with(&part);
            if width != self.analogs[c].width() {
                self.widen(c, width);
            }
            self.analogs[c].append(&part);
        }
        self.states.extend_from_slice(&block.states);
        self.rows += block.rows;
        self.short.add(&block.short, self.lines);
        self.long.add(&block.long, self.lines);
        self.unreadable.add(&block.unreadable, self.lines);
        self.torn = block.torn.map(|(line, fields)| (line + self.lines, fields));
        self.lines += block.lines;
        Ok(())
    }

    /// Makes column `c` as wide; text when there is no room, and all others that are wide, which takes too much then.
    fn widen(&mut self, c: usize, width: usize) {
        let before = self.analogs[c].width() * self.capacity;
        // What is there is there until it is wide.
        let after = self.room.and_then(|room| room.checked_sub(width * self.capacity));
        self.room = after.map(|room| room + before);
        if self.room.is_some() {
            self.analogs[c].widen(width);
        } else {
            let wide = self.analogs.iter_mut().enumerate().filter(|(k, codes)| *k == c || codes.width() > 2);
            wide.for_each(|(_, codes)| codes.become_text());
        }
    }

    fn finish(self, part: &str, shape: &Shape) -> Data<'static> {
        let expected = shape.fields();
        let mut warnings = Vec::new();
        if let Some((line, found)) = self.torn {
            let message = format!("the last row has {found} of {expected} fields; left out");
            warnings.push(Warning::new(format!("{part}: line {line}"), message));
        }
        self.short.warn(
            part,
            &format!("rows with less than {expected} fields; what lacks is missing"),
            &mut warnings,
        );
        self.long.warn(
            part,
            &format!("rows with more than {expected} fields; the rest is left out"),
            &mut warnings,
        );
        self.unreadable.warn(part, "fields that are not numbers; taken as missing", &mut warnings);
        let bits = Arc::new(Records::own(self.states, self.rows, shape.state_bytes()));
        let stamps = self.stamps;
        Data {
            encoding: Encoding::Ascii,
            rows: self.rows,
            columns: self.analogs.into_iter().map(Codes::finish).collect(),
            states: Bits::within(&bits, 0, shape.statuses),
            stamps: Stamps::new(self.rows, move |i| stamps.get(i)),
            warnings,
        }
    }
}

fn malformed(part: &str, problem: &Problem) -> Error {
    Error::Malformed {
        format: "COMTRADE",
        part: part.into(),
        at: format!("line {}", problem.line),
        expected: problem.expected.clone(),
        found: problem.found.clone(),
    }
}
