//! Text data: a row of comma-separated numbers for each sample.

use kilat_core::{Error, Result, Warning};

use super::cfg::{Cfg, Encoding, Revision, number};
use super::dat::{Column, Data};

/// Code given to a missing sample in an integer column.
const MISSING: i32 = i32::MIN;

/// One field.
enum Value {
    Int(i32),
    Float(f64),
    /// Empty, or a word for "not a number".
    Missing,
    Unreadable,
}

/// Codes of a channel while its rows come in: integers until one is not.
enum Codes {
    Int(Vec<i32>),
    Float(Vec<f64>),
}

/// What was repaired, and where first.
#[derive(Default)]
struct Repair {
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

    fn warn(&self, part: &str, what: &str, warnings: &mut Vec<Warning>) {
        if self.count > 0 {
            let at = format!("{part}: line {}", self.first_line);
            warnings.push(Warning::new(at, format!("{} {what}", self.count)));
        }
    }
}

/// Reads the rows of `bytes`.
pub(super) fn read(part: &str, bytes: &[u8], cfg: &Cfg) -> Result<Data> {
    let (analogs, statuses) = (cfg.analogs.len(), cfg.statuses.len());
    let expected = 2 + analogs + statuses;
    let marker = if cfg.revision == Revision::R1991 { 999_999 } else { 99_999 };
    let delimiter = delimiter(bytes);
    // Every field takes two bytes at least, so this is no more memory than the file vouches for.
    let capacity = bytes.len() / (2 * expected) + 1;
    let mut codes: Vec<_> = (0..analogs).map(|_| Codes::Int(Vec::with_capacity(capacity))).collect();
    let mut states: Vec<_> = (0..statuses).map(|_| Vec::with_capacity(capacity)).collect();
    let mut stamps = Vec::with_capacity(capacity);
    let (mut short, mut long, mut unreadable) = (Repair::default(), Repair::default(), Repair::default());
    let mut warnings = Vec::new();
    let mut split: Vec<&[u8]> = Vec::with_capacity(expected);
    let mut lines = rows(bytes).peekable();
    while let Some((line, row)) = lines.next() {
        let mut rest = row.split(|b| *b == delimiter);
        split.clear();
        split.extend(rest.by_ref().take(expected));
        let found = split.len();
        if found < expected {
            if lines.peek().is_none() {
                let message = format!("the last row has {found} of {expected} fields; left out");
                warnings.push(Warning::new(format!("{part}: line {line}"), message));
                break;
            }
            // Less than half a row is no row: filling it up would multiply what the file holds.
            if found * 2 < expected {
                return Err(malformed(part, line, format!("{expected} fields"), format!("{found}")));
            }
            short.note(line);
        }
        let mut fields = split.iter().copied();
        let head = (value(fields.next().unwrap_or_default()), value(fields.next().unwrap_or_default()));
        if matches!(head, (Value::Unreadable, Value::Unreadable)) {
            let found = String::from_utf8_lossy(&row[..row.len().min(40)]).into_owned();
            return Err(malformed(part, line, "a row of numbers".into(), format!("`{found}`")));
        }
        stamps.push(match head.1 {
            Value::Int(t) => f64::from(t),
            Value::Float(t) => t,
            Value::Missing | Value::Unreadable => f64::NAN,
        });
        for column in &mut codes {
            let value = value(fields.next().unwrap_or_default());
            if matches!(value, Value::Unreadable) {
                unreadable.note(line);
            }
            column.push(value, marker);
        }
        for column in &mut states {
            column.push(match fields.next().unwrap_or_default() {
                b"0" => 0,
                b"1" => 1,
                field => {
                    let state = value(field);
                    if matches!(state, Value::Unreadable) {
                        unreadable.note(line);
                    }
                    u8::from(matches!(state, Value::Int(1..)))
                }
            });
        }
        if rest.any(|f| !f.trim_ascii().is_empty()) {
            long.note(line);
        }
    }
    short.warn(part, &format!("rows with less than {expected} fields; what lacks is missing"), &mut warnings);
    long.warn(part, &format!("rows with more than {expected} fields; the rest is left out"), &mut warnings);
    unreadable.warn(part, "fields that are not numbers; taken as missing", &mut warnings);
    let columns = codes.into_iter().map(Codes::finish).collect();
    Ok(Data { encoding: Encoding::Ascii, rows: stamps.len(), columns, states, stamps, warnings })
}

/// Rows that are not blank, with their line numbers; padding at their ends is cut.
fn rows(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let is_padding = |b: &u8| b.is_ascii_whitespace() || matches!(*b, 0x1A | 0);
    let trim = move |row: &'_ [u8]| -> (usize, usize) {
        let start = row.iter().position(|b| !is_padding(b)).unwrap_or(row.len());
        let end = row.iter().rposition(|b| !is_padding(b)).map_or(start, |e| e + 1);
        (start, end)
    };
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes.split(|b| *b == b'\n').enumerate().filter_map(move |(i, row)| {
        let (start, end) = trim(row);
        (start < end).then(|| (i + 1, &row[start..end]))
    })
}

/// The comma, unless the first row has none and is divided by something else.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = rows(bytes).next().map_or(&[][..], |r| r.1);
    [b',', b';', b'\t'].into_iter().find(|d| first.contains(d)).unwrap_or(b',')
}

/// Reads a field; plain integers, nearly all of them, without a detour.
fn value(field: &[u8]) -> Value {
    let field = field.trim_ascii();
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, field),
    };
    if !digits.is_empty() && digits.len() <= 9 {
        let mut n = 0i32;
        let mut plain = true;
        for b in digits {
            let d = b.wrapping_sub(b'0');
            plain &= d < 10;
            n = n.wrapping_mul(10).wrapping_add(i32::from(d));
        }
        if plain {
            return Value::Int(if negative { -n } else { n });
        }
    }
    slow_value(field)
}

#[cold]
fn slow_value(field: &[u8]) -> Value {
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
    let whole = v.fract() == 0.0 && v.abs() < 2f64.powi(31);
    if whole { Value::Int(v as i32) } else { Value::Float(v) }
}

impl Codes {
    fn push(&mut self, value: Value, marker: i32) {
        let value = match value {
            Value::Int(v) if v == marker => Value::Missing,
            other => other,
        };
        match (&mut *self, value) {
            (Self::Int(x), Value::Int(v)) => x.push(v),
            (Self::Int(x), Value::Missing | Value::Unreadable) => x.push(MISSING),
            (Self::Float(x), Value::Int(v)) => x.push(f64::from(v)),
            (Self::Float(x), Value::Float(v)) => x.push(v),
            (Self::Float(x), Value::Missing | Value::Unreadable) => x.push(f64::NAN),
            (Self::Int(x), Value::Float(v)) => {
                let mut wide = Vec::with_capacity(x.capacity());
                wide.extend(x.iter().map(|v| if *v == MISSING { f64::NAN } else { f64::from(*v) }));
                wide.push(v);
                *self = Self::Float(wide);
            }
        }
    }

    fn finish(self) -> Column {
        match self {
            Self::Int(x) => {
                Column { missing_code: x.contains(&MISSING).then_some(MISSING), samples: x.into() }
            }
            Self::Float(x) => Column { missing_code: None, samples: x.into() },
        }
    }
}

fn malformed(part: &str, line: usize, expected: String, found: String) -> Error {
    Error::Malformed { format: "COMTRADE", part: part.into(), at: format!("line {line}"), expected, found }
}
