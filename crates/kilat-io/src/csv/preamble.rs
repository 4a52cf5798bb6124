//! What the lines before a table say: notes, and often the rate.

use std::borrow::Cow;

use super::cells::number;
use super::layout::{Layout, Title, split};

/// Words before a sampling interval, in lower case.
const INTERVALS: [&str; 15] = [
    "time interval",
    "sample interval",
    "sampling interval",
    "sampleinterval",
    "sampling period",
    "sample period",
    "increment",
    "x increment",
    "xincrement",
    "xinc",
    "hresolution",
    "time resolution",
    "dt",
    "delta t",
    "delta",
];

/// Words before a sampling rate, in lower case.
const RATES: [&str; 11] = [
    "sample rate",
    "sampling rate",
    "samplerate",
    "sample_rate",
    "sampling_rate",
    "sampling frequency",
    "sample frequency",
    "sampling_frequency",
    "fs",
    "samples per second",
    "sample_rate_hz",
];

/// The preamble as pairs of a name and a text; a line that is no such pair is called `header`.
pub(super) fn notes(layout: &Layout) -> Vec<(String, String)> {
    let pair = |line: &String| {
        let cells: Vec<_> = cells(line, layout.delimiter);
        match cells.split_first() {
            Some((key, values)) if !key.is_empty() && values.iter().any(|v| !v.is_empty()) => {
                (key.clone(), values.join(" ").trim().to_owned())
            }
            _ => ("header".to_owned(), line.trim().to_owned()),
        }
    };
    layout.preamble.iter().map(pair).collect()
}

/// The rate that the preamble states, in hertz: as a rate, or as the interval between samples.
///
/// The value stands after its word or, as some oscilloscopes write it, under it.
pub(super) fn rate_hz(layout: &Layout) -> Option<f64> {
    let rows: Vec<Vec<String>> = layout.preamble.iter().map(|line| cells(line, layout.delimiter)).collect();
    for (i, row) in rows.iter().enumerate() {
        for (j, cell) in row.iter().enumerate() {
            let title = Title::parse(cell);
            let word = title.bare.to_lowercase();
            let is_rate = RATES.contains(&word.as_str());
            if !is_rate && !INTERVALS.contains(&word.as_str()) {
                continue;
            }
            let beside = row.get(j + 1).filter(|c| quantity(c, layout.decimal).is_some());
            let below = || rows.get(i + 1).and_then(|r| r.get(j));
            let Some((value, unit)) = beside.or_else(below).and_then(|c| quantity(c, layout.decimal)) else {
                continue;
            };
            let unit = if unit.is_empty() { title.unit.as_str() } else { unit };
            let base = prefix(unit)? * value;
            let hz = if is_rate { base } else { base.recip() };
            if hz.is_finite() && hz > 0.0 {
                return Some(hz);
            }
        }
    }
    None
}

/// Cells of a preamble line: by the delimiter, or else `key: value` and `key = value`.
fn cells(line: &str, delimiter: u8) -> Vec<String> {
    let line = line.trim().trim_start_matches(['#', '%']);
    let mut cells: Vec<String> = split(line, delimiter).into_iter().map(Cow::into_owned).collect();
    if cells.len() < 2 {
        let pair = line.split_once([':', '=']).map(|(k, v)| vec![k.to_owned(), v.to_owned()]);
        cells = pair.unwrap_or(cells);
    }
    cells.iter().map(|c| c.trim().trim_end_matches([':', '=']).trim().to_owned()).collect()
}

/// A number and the unit that follows it: `0.08uS` is `(0.08, "uS")`.
fn quantity(cell: &str, decimal: char) -> Option<(f64, &str)> {
    let cell = cell.trim();
    // The longest start that is a number, so that the `e` of an exponent and that of a unit are told apart.
    (1..=cell.len().min(40)).rev().filter(|n| cell.is_char_boundary(*n)).find_map(|n| {
        Some((number(&cell[..n], decimal).or_else(|| number(&cell[..n], '.'))?, cell[n..].trim()))
    })
}

/// The factor before seconds, hertz or samples per second in `unit`; `None` for another unit.
fn prefix(unit: &str) -> Option<f64> {
    // Instruments write `uS` for microseconds; `S` itself would be siemens.
    let base = ["Samples/s", "samples/s", "Sa/s", "S/s", "SPS", "sps", "Hz", "HZ", "hz", "sec", "s", "S"]
        .iter()
        .find_map(|base| unit.strip_suffix(base));
    Some(match base.unwrap_or(unit).trim() {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "m" => 1e-3,
        "u" | "µ" | "μ" => 1e-6,
        "n" => 1e-9,
        "p" => 1e-12,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(preamble: &str) -> Option<f64> {
        rate_hz(&Layout::find(&format!("{preamble}\n\nindex,U [V]\n0,1\n1,2\n2,3\n")).unwrap())
    }

    #[test]
    fn an_interval_or_a_rate_with_its_prefix() {
        let about = |preamble: &str, hz: f64| {
            let found = rate(preamble).unwrap();
            assert!((found / hz - 1.0).abs() < 1e-12, "{preamble}: {found}");
        };
        about("Time interval\t\t  :,0.08uS", 12.5e6);
        about("Sample Interval,8e-07", 1.25e6);
        about("Sampling rate = 25.6 kS/s", 25_600.0);
        about("# fs: 6400", 6400.0);
        about("Sample interval (ms),0.2", 5000.0);
        about("X,CH1,Start,Increment\nSequence,Volt,-6.0e-4,1.0e-6", 1e6);
    }

    #[test]
    fn no_rate_is_made_up() {
        assert_eq!(rate("Frequency,F=  ?"), None);
        assert_eq!(rate("Time interval,?"), None);
        assert_eq!(rate("Time interval,0"), None);
        assert_eq!(rate("Sample interval,5 mm"), None);
    }

    #[test]
    fn lines_become_notes() {
        let layout = Layout::find("Scope 7\nChannel\t :,CH1\nindex,U\n0,1\n1,2\n").unwrap();
        let expected = [("header", "Scope 7"), ("Channel", "CH1")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(notes(&layout), expected);
    }
}
