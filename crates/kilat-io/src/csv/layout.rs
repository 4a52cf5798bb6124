//! How a text is laid out as a table: delimiter, decimal mark, and where the numbers begin.

use std::borrow::Cow;

use kilat_core::capture::parse_unit;

use super::cells::{is_blank, moment, number};
use crate::limit::Limit;

/// Lines looked at to find the layout; no instrument writes a longer preamble.
const HEAD_LINES: usize = 2000;

/// Rows that must agree before they count as the table.
const ROWS_TO_BELIEVE: usize = 8;

/// Rows counted when two readings of the same text compete.
const ROWS_TO_COMPARE: usize = 64;

/// A table found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// Byte between cells.
    pub(super) delimiter: u8,
    /// Decimal mark.
    pub(super) decimal: char,
    /// Cells of a row.
    pub(super) columns: usize,
    /// Byte offset of the first row of numbers.
    pub(super) data_at: usize,
    /// Lines before it that are not blank, as they stand.
    pub(super) preamble: Vec<String>,
    /// Titles of the columns; empty without a header.
    pub(super) titles: Vec<Title>,
    /// The first cell of each column that is not blank, for a look at its kind.
    pub(super) first_cells: Vec<String>,
}

/// Title of a column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Title {
    /// Name of the channel.
    pub(super) name: String,
    /// The name without a unit in it, from which phase and kind are read.
    pub(super) bare: String,
    /// Unit; empty when none is stated.
    pub(super) unit: String,
}

impl Layout {
    /// The reading of `text` that makes most sense of it; `None` when no reading finds a row of numbers.
    ///
    /// Of two readings the one with more agreeing rows wins, then the one whose header fits, then the one with more
    /// columns: `1,5` alone is two integers, under the header `U [V]` it is one and a half.
    pub(super) fn find(text: &str) -> Option<Self> {
        let readings = [(b',', '.'), (b';', '.'), (b'\t', '.'), (b';', ','), (b'\t', ',')];
        let found =
            readings.iter().rev().filter_map(|(delimiter, decimal)| Self::read(text, *delimiter, *decimal));
        found
            .max_by_key(|(rows, l)| ((*rows).min(ROWS_TO_COMPARE), !l.titles.is_empty(), l.columns))
            .map(|(_, layout)| layout)
    }

    fn read(text: &str, delimiter: u8, decimal: char) -> Option<(usize, Self)> {
        let lines: Vec<&str> = text
            .split_inclusive('\n')
            .take(HEAD_LINES)
            .map(|line| line.trim_end_matches(['\n', '\r']))
            .filter(|line| !line.trim().is_empty())
            .collect();
        let is_row = |cells: &[Cow<'_, str>]| {
            let value = |c: &str| number(c, decimal).is_some() || moment(c).is_some();
            cells.iter().any(|c| value(c)) && cells.iter().all(|c| value(c) || is_blank(c))
        };
        let run_from = |at: usize| {
            let columns = split(lines[at], delimiter).len();
            let agrees = |line: &&&str| {
                let cells = split(line, delimiter);
                cells.len() == columns && is_row(&cells)
            };
            lines[at..].iter().take(ROWS_TO_COMPARE).take_while(agrees).count()
        };
        // A short table must reach the end, give or take a torn last line.
        let believed = |at: &usize| {
            let run = run_from(*at);
            run >= ROWS_TO_BELIEVE || run > 0 && at + run + 1 >= lines.len()
        };
        let first = (0..lines.len()).find(believed)?;
        let run = run_from(first);
        let columns = split(lines[first], delimiter).len();
        let before = &lines[..first];
        let (titles, header_rows) = titles(before, delimiter, columns);
        let preamble = before[..before.len() - header_rows].iter().map(|l| (*l).to_owned()).collect();
        let mut first_cells = vec![String::new(); columns];
        for line in &lines[first..first + run] {
            for (first, cell) in first_cells.iter_mut().zip(split(line, delimiter)) {
                if is_blank(first) && !is_blank(&cell) {
                    *first = cell.into_owned();
                }
            }
        }
        let data_at = lines[first].as_ptr().addr() - text.as_ptr().addr();
        Some((run, Self { delimiter, decimal, columns, data_at, preamble, titles, first_cells }))
    }
}

/// Titles in the lines right before the table, and how many lines they take; none when no line fits.
fn titles(before: &[&str], delimiter: u8, columns: usize) -> (Vec<Title>, usize) {
    let mut lines = before.iter().rev().map(|line| split(line, delimiter));
    let is_title = |c: &Cow<'_, str>| !is_blank(c) && number(c, '.').is_none();
    let fits = |cells: &Vec<Cow<'_, str>>| cells.len() == columns && cells.iter().any(is_title);
    let Some(last) = lines.next().filter(fits) else { return (Vec::new(), 0) };
    let unit = |cell: &str| cell.trim().trim_matches(['(', ')', '[', ']']).trim().to_owned();
    let all_units = last.iter().all(|c| {
        let u = unit(c);
        u.is_empty() || parse_unit(&u).is_some() || time_rank(&u).is_some() || u != c.trim()
    });
    match lines.next().filter(|names| all_units && fits(names)) {
        Some(names) => {
            let titles = names.iter().zip(&last).map(|(name, u)| Title::with_unit(name, &unit(u)));
            (titles.collect(), 2)
        }
        None => (last.iter().map(|c| Title::parse(c)).collect(), 1),
    }
}

impl Title {
    /// Takes a title apart: `Ua [V]`, `CH1_Voltage(mV)`, `I1 / A`, `# time`.
    ///
    /// Brackets are a notation of units and are taken off the name; parentheses and slashes may be part of it, so the
    /// name keeps them.
    pub(super) fn parse(cell: &str) -> Self {
        let cell = cell.trim().trim_start_matches(['#', '%']).trim();
        let inside = |open: char, close: char| {
            let (bare, unit) = cell.strip_suffix(close)?.rsplit_once(open)?;
            let (bare, unit) = (bare.trim(), unit.trim());
            (!bare.is_empty() && unit.parse::<f64>().is_err()).then_some((bare, unit))
        };
        let slashed = || {
            let (bare, unit) = cell.rsplit_once('/')?;
            let (bare, unit) = (bare.trim(), unit.trim());
            (parse_unit(unit).is_some() || time_rank(unit).is_some()).then_some((bare, unit))
        };
        if let Some((bare, unit)) = inside('[', ']') {
            return Self { name: bare.into(), bare: bare.into(), unit: unit.into() };
        }
        let (bare, unit) = inside('(', ')').or_else(slashed).unwrap_or((cell, ""));
        Self { name: cell.into(), bare: bare.into(), unit: unit.into() }
    }

    fn with_unit(name: &str, unit: &str) -> Self {
        let title = Self::parse(name);
        if unit.is_empty() { title } else { Self { unit: unit.into(), ..title } }
    }
}

/// The power of ten of a second that a unit of time names.
pub(super) fn time_rank(unit: &str) -> Option<i32> {
    Some(match unit.trim().to_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => 0,
        "ms" | "msec" | "millisecond" | "milliseconds" => -3,
        "us" | "µs" | "μs" | "usec" | "microsecond" | "microseconds" => -6,
        "ns" | "nsec" | "nanosecond" | "nanoseconds" => -9,
        "ps" => -12,
        _ => return None,
    })
}

/// The cells of one line; quotes as in RFC 4180, never across lines. A line of more cells than a table may have is one cell.
pub(super) fn split(line: &str, delimiter: u8) -> Vec<Cow<'_, str>> {
    let cells = line.bytes().filter(|b| *b == delimiter).count() as u64 + 1;
    if Limit::COLUMNS.check("", cells).is_err() {
        return vec![line.into()];
    }
    if !line.contains('"') {
        // Nearly every line; a parser of its own would cost more than all the rest.
        return line.split(char::from(delimiter)).map(|c| c.trim().into()).collect();
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(line.len() + 1)
        .from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(|c| c.trim().to_owned().into()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> (char, char, usize, Vec<(String, String)>) {
        let l = Layout::find(text).unwrap();
        let titles = l.titles.into_iter().map(|t| (t.name, t.unit)).collect();
        (char::from(l.delimiter), l.decimal, l.columns, titles)
    }

    #[test]
    fn delimiter_and_decimal_mark_are_found_together() {
        assert_eq!(find("1.5,2\n3,4.5\n"), (',', '.', 2, vec![]));
        assert_eq!(find("1,5;2\n3;4,5\n"), (';', ',', 2, vec![]));
        assert_eq!(find("1,5\t2\n3\t4,5\n"), ('\t', ',', 2, vec![]));
        assert_eq!(find("1,5\n2,5\n").2, 2);
        assert_eq!(find("U [V]\n1,5\n2,5\n"), (';', ',', 1, vec![("U".into(), "V".into())]));
        assert_eq!(find("\"a\",\"b\"\n\"1.5\",\"2\"\n").3.len(), 2);
        assert!(Layout::find("hello\nworld\n").is_none());
        assert!(Layout::find("").is_none());
    }

    #[test]
    fn titles_give_up_their_units() {
        let t = |s: &str| {
            let t = Title::parse(s);
            (t.name, t.bare, t.unit)
        };
        let of = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(t("Ua [V]"), of("Ua", "Ua", "V"));
        assert_eq!(t("CH1_Voltage(mV)"), of("CH1_Voltage(mV)", "CH1_Voltage", "mV"));
        assert_eq!(t("I1 / A"), of("I1 / A", "I1", "A"));
        assert_eq!(t("# time"), of("time", "time", ""));
        assert_eq!(t("a [b] []"), of("a [b]", "a [b]", ""));
        assert_eq!(t("[V]"), of("[V]", "[V]", ""));
        assert_eq!(t("bus[3]"), of("bus[3]", "bus[3]", ""));
    }

    #[test]
    fn a_row_of_units_under_the_titles() {
        let l =
            Layout::find("Scope 7\nTime,Channel A,Channel B\n(ms),(V),(A)\n\n0,1,2\n1,1,2\n2,1,2\n").unwrap();
        let titles: Vec<_> = l.titles.iter().map(|t| (t.name.as_str(), t.unit.as_str())).collect();
        assert_eq!(titles, [("Time", "ms"), ("Channel A", "V"), ("Channel B", "A")]);
        assert_eq!(l.preamble, ["Scope 7"]);
        // Alone, such a row is the header itself.
        assert_eq!(find("s,V\n0,1\n1,1\n").3[1].0, "V");
    }
}
