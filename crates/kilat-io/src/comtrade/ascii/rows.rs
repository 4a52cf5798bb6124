//! Rows of text, taken apart: plain numbers, nearly all of them, without a detour.

use std::result::Result;

use kilat_core::Warning;

use super::super::cfg::number;
use super::codes::MISSING;

/// What a row consists of.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) analogs: usize,
    pub(super) statuses: usize,
    /// Code of a missing sample.
    pub(super) marker: i32,
    pub(super) delimiter: u8,
}

impl Shape {
    /// Fields of a row: sample number, timestamp, channels.
    pub(super) fn fields(&self) -> usize {
        2 + self.analogs + self.statuses
    }

    /// Bytes for the status bits of a row.
    pub(super) fn state_bytes(&self) -> usize {
        self.statuses.div_ceil(8)
    }
}

/// What was repaired, and where first.
#[derive(Debug, Default)]
pub(super) struct Repair {
    count: u64,
    first_line: usize,
}

impl Repair {
    fn note(&mut self, line: usize) {
        if self.count == 0 {
            self.first_line = line;
        }
        self.count += 1;
    }

    /// Takes over what a block that begins after `lines` lines had.
    pub(super) fn add(&mut self, of_block: &Self, lines: usize) {
        if self.count == 0 {
            self.first_line = of_block.first_line + lines;
        }
        self.count += of_block.count;
    }

    pub(super) fn warn(&self, part: &str, what: &str, warnings: &mut Vec<Warning>) {
        if self.count > 0 {
            let at = format!("{part}: line {}", self.first_line);
            warnings.push(Warning::new(at, format!("{} {what}", self.count)));
        }
    }
}

/// A row that is none.
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) expected: String,
    pub(super) found: String,
}

/// Rows of some lines; line numbers count from the first of them.
#[derive(Default)]
pub(super) struct Block {
    pub(super) lines: usize,
    pub(super) rows: usize,
    /// Row by row: timestamp and codes; [`MISSING`] also where the number is among the floats.
    codes: Vec<i32>,
    /// Column, row and number of what is not whole or too large, in order once all rows are in.
    floats: Vec<(u32, u32, f64)>,
    /// Row by row: bits of the status channels.
    pub(super) states: Vec<u8>,
    columns: usize,
    pub(super) short: Repair,
    pub(super) long: Repair,
    pub(super) unreadable: Repair,
    pub(super) torn: Option<(usize, usize)>,
}

/// A column of a block.
pub(super) struct Part<'a> {
    codes: &'a [i32],
    columns: usize,
    floats: &'a [(u32, u32, f64)],
}

impl Part<'_> {
    /// Numbers that are among the [`floats`](Self::floats) are [`MISSING`] here.
    pub(super) fn codes(&self) -> impl Iterator<Item = i32> {
        self.codes.iter().step_by(self.columns).copied()
    }

    /// Row of the block, and number.
    pub(super) fn floats(&self) -> impl ExactSizeIterator<Item = (usize, f64)> {
        self.floats.iter().map(|(_, row, value)| (*row as usize, *value))
    }
}

impl Block {
    /// Parses whole lines; `is_last` when no row follows them.
    pub(super) fn parse(text: &[u8], is_last: bool, shape: &Shape) -> Result<Self, Problem> {
        let columns = 1 + shape.analogs;
        // A vector that grows takes up to three times what is in it.
        let rows = lines(text).min(2 * text.len() / shape.fields() + 1);
        let codes = Vec::with_capacity(rows * columns);
        let states = Vec::with_capacity(rows * shape.state_bytes());
        let mut block = Self { codes, states, columns, ..Self::default() };
        let mut at = 0;
        while at < text.len() {
            block.lines += 1;
            if let Some(length) = block.plain_row(&text[at..], shape) {
                at += length;
                continue;
            }
            let length = text[at..].iter().position(|b| *b == b'\n').map_or(text.len() - at, |i| i + 1);
            let row = trimmed(&text[at..at + length]);
            at += length;
            if !row.is_empty() {
                block.row(row, is_last && at == text.len(), shape)?;
            }
        }
        block.floats.sort_by_key(|f| f.0);
        Ok(block)
    }

    /// Timestamps, then analog channels from 1 on.
    fn part(&self, column: usize) -> Part<'_> {
        let [start, end] = [column, column + 1].map(|c| self.floats.partition_point(|f| (f.0 as usize) < c));
        let floats = &self.floats[start..end];
        Part { codes: self.codes.get(column..).unwrap_or_default(), columns: self.columns, floats }
    }

    pub(super) fn stamps(&self) -> Part<'_> {
        self.part(0)
    }

    pub(super) fn column(&self, c: usize) -> Part<'_> {
        self.part(c + 1)
    }

    /// Takes a row of plain numbers in full; its length with the end of the line. `None`, and nothing taken, for any other.
    fn plain_row(&mut self, text: &[u8], shape: &Shape) -> Option<usize> {
        let (codes, floats, states) = (self.codes.len(), self.floats.len(), self.states.len());
        let length = self.plain_fields(text, shape);
        if length.is_none() {
            self.codes.truncate(codes);
            self.floats.truncate(floats);
            self.states.truncate(states);
        } else {
            self.rows += 1;
        }
        length
    }

    fn plain_fields(&mut self, text: &[u8], shape: &Shape) -> Option<usize> {
        let (_, mut at) = integer(text, spaces(text))?;
        for column in 0..self.columns {
            if *text.get(at)? != shape.delimiter {
                return None;
            }
            let first = at + 1 + spaces(&text[at + 1..]);
            let (n, end) = integer(text, first)?;
            let (value, end) =
                if text.get(end) == Some(&b'.') { decimal(text, first, end)? } else { (of_whole(n), end) };
            let code = match value {
                Value::Int(code) => code,
                Value::Float(v) => {
                    self.floats.push((column as u32, self.rows as u32, v));
                    MISSING
                }
                Value::Missing | Value::Unreadable => return None,
            };
            let is_marker = column > 0 && code == shape.marker;
            self.codes.push(if is_marker { MISSING } else { code });
            at = end;
        }
        let mut states = text.get(at..at + 2 * shape.statuses)?.chunks_exact(2);
        while states.len() > 0 {
            let mut bits = 0;
            for (k, field) in states.by_ref().take(8).enumerate() {
                let state = field[1].wrapping_sub(b'0');
                if field[0] != shape.delimiter || state > 1 {
                    return None;
                }
                bits |= state << k;
            }
            self.states.push(bits);
        }
        at += 2 * shape.statuses;
        match text[at..] {
            [b'\n', ..] => Some(at + 1),
            [b'\r', b'\n', ..] => Some(at + 2),
            [] => Some(at),
            _ => None,
        }
    }

    /// Takes any other row, field by field.
    fn row(&mut self, row: &[u8], is_last: bool, shape: &Shape) -> Result<(), Problem> {
        let (found, expected, line) = (1 + count(row, shape.delimiter), shape.fields(), self.lines);
        let fields = || row.split(|b| *b == shape.delimiter);
        if found < expected {
            if is_last {
                self.torn = Some((line, found));
                return Ok(());
            }
            // Less than half a row is no row: filling it up would multiply what the file holds.
            if found * 2 < expected {
                return Err(Problem {
                    line,
                    expected: format!("{expected} fields"),
                    found: found.to_string(),
                });
            }
            self.short.note(line);
        }
        if found > expected && fields().skip(expected).any(|f| !f.trim_ascii().is_empty()) {
            self.long.note(line);
        }
        let mut values = fields().take(expected).map(value).chain(std::iter::repeat(Value::Missing));
        let (sample, stamp) = (values.next(), values.next().unwrap_or(Value::Missing));
        if matches!((sample, &stamp), (Some(Value::Unreadable), Value::Unreadable)) {
            let found = format!("`{}`", String::from_utf8_lossy(&row[..row.len().min(40)]));
            return Err(Problem { line, expected: "a row of numbers".into(), found });
        }
        let codes = std::iter::once(stamp).chain(values.by_ref().take(shape.analogs));
        for (column, value) in codes.enumerate() {
            let code = match value {
                Value::Int(v) if column == 0 || v != shape.marker => v,
                Value::Int(_) | Value::Missing => MISSING,
                Value::Float(v) => {
                    self.floats.push((column as u32, self.rows as u32, v));
                    MISSING
                }
                Value::Unreadable => {
                    if column > 0 {
                        self.unreadable.note(line);
                    }
                    MISSING
                }
            };
            self.codes.push(code);
        }
        let first = self.states.len();
        self.states.resize(first + shape.state_bytes(), 0);
        for (k, state) in values.take(shape.statuses).enumerate() {
            if matches!(state, Value::Unreadable) {
                self.unreadable.note(line);
            }
            self.states[first + k / 8] |= u8::from(matches!(state, Value::Int(1..))) << (k % 8);
        }
        self.rows += 1;
        Ok(())
    }
}

/// The integer at `at`, of as many digits as are exact, and where it ends.
fn integer(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let is_negative = text.get(at) == Some(&b'-');
    let first = at + usize::from(is_negative);
    let mut n = 0i64;
    let mut end = first;
    while let Some(digit) = text.get(end).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10) {
        n = n.wrapping_mul(10).wrapping_add(i64::from(digit));
        end += 1;
    }
    (1..=18).contains(&(end - first)).then_some((if is_negative { -n } else { n }, end))
}

/// The number at `at` with its point at `point`, when it is the quotient of two that are exact, and where it ends.
fn decimal(text: &[u8], at: usize, point: usize) -> Option<(Value, usize)> {
    /// Digits that an `f64` always holds.
    const EXACT: usize = 15;
    const POWERS: [f64; 1 + EXACT] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let is_digit = |b: &&u8| b.is_ascii_digit();
    let end = point + 1 + text[point + 1..].iter().take_while(is_digit).count();
    let digits = text[at..point].iter().chain(&text[point + 1..end]).filter(is_digit);
    if end - at > EXACT {
        return None;
    }
    let n = digits.fold(0i64, |n, digit| 10 * n + i64::from(digit - b'0'));
    let magnitude = n as f64 / POWERS[end - point - 1];
    Some((of_number(if text[at] == b'-' { -magnitude } else { magnitude }), end))
}

/// How many spaces `text` begins with.
fn spaces(text: &[u8]) -> usize {
    text.iter().take_while(|b| **b == b' ').count()
}

/// A whole number as a code, unless only a float holds it.
fn of_whole(n: i64) -> Value {
    let code = i32::try_from(n).ok().filter(|v| *v != MISSING);
    code.map_or(Value::Float(n as f64), Value::Int)
}

/// Any number, likewise.
fn of_number(v: f64) -> Value {
    let is_whole = v.fract() == 0.0 && v.abs() < 2f64.powi(31);
    if is_whole { Value::Int(v as i32) } else { Value::Float(v) }
}

/// One field.
#[derive(Clone)]
enum Value {
    Int(i32),
    Float(f64),
    /// Empty, or a word for "not a number".
    Missing,
    Unreadable,
}

/// Reads a field as recorders write it.
fn value(field: &[u8]) -> Value {
    let field = field.trim_ascii();
    let unsigned = field.strip_prefix(b"+").unwrap_or(field);
    if let Some((code, end)) = integer(unsigned, 0)
        && end == unsigned.len()
    {
        return of_whole(code);
    }
    if field.is_empty() {
        return Value::Missing;
    }
    // In Windows-1252 and 1251 the typographic minus is the byte 0x96.
    let text = String::from_utf8_lossy(field);
    let text = if field[0] == 0x96 { format!("-{}", &text[text.len().min(3)..]).into() } else { text };
    let Some(v) = number(&text) else {
        let word = text.trim_matches(|c: char| !c.is_alphabetic()).to_ascii_lowercase();
        let is_no_number =
            ["nan", "inf", "infinity", "null", "na"].contains(&word.as_str()) || word.starts_with("nan(");
        return if is_no_number { Value::Missing } else { Value::Unreadable };
    };
    of_number(v)
}

/// What ends and surrounds rows in the files of some products.
pub(super) fn is_padding(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0x1A | 0)
}

fn trimmed(row: &[u8]) -> &[u8] {
    let start = row.iter().position(|b| !is_padding(*b)).unwrap_or(row.len());
    let end = row.iter().rposition(|b| !is_padding(*b)).map_or(start, |e| e + 1);
    &row[start..end]
}

/// Number of lines, the last one with or without its end.
pub(super) fn lines(text: &[u8]) -> usize {
    1 + count(text, b'\n')
}

#[expect(clippy::naive_bytecount, reason = "the compiler makes vectors of it")]
fn count(text: &[u8], byte: u8) -> usize {
    text.iter().filter(|b| **b == byte).count()
}

/// The comma, unless the first row has none and is divided by something else.
pub(super) fn delimiter(bytes: &[u8]) -> u8 {
    let mut rows = bytes.split(|b| *b == b'\n').map(trimmed);
    let first = rows.find(|r| !r.is_empty()).unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|d| first.contains(d)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_decimal_is_what_the_library_reads(text in "-?[0-9]{1,9}\\.[0-9]{0,7}") {
            let point = text.find('.').unwrap();
            let Some((found, end)) = decimal(text.as_bytes(), 0, point) else {
                prop_assert!(text.len() > 15);
                return Ok(());
            };
            prop_assert_eq!(end, text.len());
            let read: f64 = text.parse().unwrap();
            match found {
                Value::Int(v) => prop_assert_eq!(f64::from(v), read),
                Value::Float(v) => prop_assert!(v.to_bits() == read.to_bits() && v.fract() != 0.0),
                _ => prop_assert!(false, "a number"),
            }
        }

        #[test]
        fn spaces_before_numbers_change_nothing(numbers in prop::collection::vec((0usize..5, -999_999i32..999_999), 4)) {
            let shape = Shape { analogs: 2, statuses: 0, marker: 99_999, delimiter: b',' };
            let row = |space: &str| {
                let field = |(n, v): &(usize, i32)| format!("{}{v}", space.repeat(*n));
                let text = numbers.iter().map(field).collect::<Vec<_>>().join(",");
                Block::parse(text.as_bytes(), true, &shape).ok().map(|b| b.codes)
            };
            prop_assert_eq!(row(" "), row(""));
        }
    }
}
