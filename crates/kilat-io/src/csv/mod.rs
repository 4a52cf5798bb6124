//! CSV in every shape instruments and people write it: delimiter `,` `;` or tab, decimal point or comma, a header or
//! none, lines of an oscilloscope before it, a time column (seconds, a date and time, a sample index) or a given rate.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use kilat_core::{Capture, Channel, Error, Result, SampleRate, Segment, TimeBase, Timestamp, Warning};

use crate::columns::{choose, given_rate, lost_beside_values};
use crate::packed::Packed;
use crate::replace::replace;
use crate::time_column::time_base;
use crate::{ReadOptions, Source};

mod cells;
mod layout;
mod preamble;
mod table;

use layout::Layout;
use table::{Clock, Table};

/// Rows written at a time.
const ROWS: u64 = 1 << 12;

/// Seconds since 1970 between which a bare number is taken as a date: 2001 to 2096.
const UNIX_TIME_S: std::ops::Range<i128> = 1_000_000_000..4_000_000_000;

const PS_PER_S: i128 = 1_000_000_000_000;
const PS_PER_US: i128 = 1_000_000;

/// Last digits in a step of time from which on the step counts as exact, not as rounded.
const FINE_STEPS: u128 = 10;

/// Sure of nothing but a table: 120 with a usual extension, else 20, and 0 for anything that is no table in text.
pub(crate) fn score(head: &[u8], name: &str) -> u8 {
    let text = text(head);
    // The head may end inside a line, which then looks torn.
    let whole = text.rsplit_once('\n').map_or(&*text, |(lines, _)| lines);
    let binary =
        whole.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{c}' | '\u{1a}'));
    if binary {
        return 0;
    }
    let is_named = matches!(crate::source::extension(name).as_str(), "csv" | "tsv" | "txt");
    // Titles of thousands of columns leave no room for a row of numbers.
    let is_wide = is_named && head.len() >= WIDE && whole.lines().count() < 3;
    match Layout::find(whole) {
        Some(_) if is_named => 120,
        Some(_) => 20,
        None if is_wide => 10,
        None => 0,
    }
}

/// Bytes of a head that may be titles and nothing else.
const WIDE: usize = 32 << 10;

/// Reads a table.
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let part = source.name();
    let content = source.content()?;
    let text = text(&content);
    let layout = Layout::find(&text).ok_or_else(|| Error::Malformed {
        format: "CSV",
        part: part.clone(),
        at: "the whole text".into(),
        expected: "rows of numbers between `,`, `;` or tabs".into(),
        found: "none".into(),
    })?;
    let table = Table::read(&text, &layout, &part)?;
    let mut warnings = table.warnings.clone();
    let time = time_of(&table, &layout, options, &part, &mut warnings)?;

    let (numbers, columns): (Vec<usize>, Vec<Channel>) = table.channels.into_iter().unzip();
    let mut capture = Capture::new(time, choose(columns, &numbers, &options.map, &part)?)?;
    capture.format = "CSV".into();
    capture.source = source.full_name();
    capture.notes = preamble::notes(&layout);
    capture.warnings = warnings;
    Ok(capture)
}

/// The time base: from the time column; else from the rate in the preamble; else from the caller.
fn time_of(
    table: &Table,
    layout: &Layout,
    options: &ReadOptions,
    part: &str,
    warnings: &mut Vec<Warning>,
) -> Result<TimeBase> {
    let stated = || match preamble::rate_hz(layout) {
        Some(hz) => SampleRate::from_hz(hz),
        None => {
            given_rate(options, part, "neither a time column nor the lines before the table state a rate")
        }
    };
    let (time, told) = match &table.clock {
        Clock::None => (TimeBase::uniform(stated()?, table.rows as u64, options.start), Vec::new()),
        Clock::Index(index) => indexed(index, stated()?, options.start, part)?,
        Clock::Times { times, quantum_ps, absolute } => {
            let first = times.first();
            let absolute = *absolute || UNIX_TIME_S.contains(&(first / PS_PER_S));
            let start =
                if absolute { i64::try_from(first / 1000).ok().map(Timestamp) } else { options.start };
            match (time_base(times, *quantum_ps, start, part), options.sample_rate_hz) {
                (Ok(found), _) => found,
                (Err(e), Some(hz)) => {
                    let reason = match e {
                        Error::Limit { found, .. } => format!("the time column makes {found} segments"),
                        _ => "the time column does not move on".to_owned(),
                    };
                    let message = format!("{reason}; the given rate is used");
                    let time = TimeBase::uniform(SampleRate::from_hz(hz)?, table.rows as u64, start);
                    (time, vec![Warning::new(part, message)])
                }
                (Err(e @ Error::Limit { .. }), None) => return Err(e),
                (Err(_), None) => {
                    return Err(Error::Malformed {
                        format: "CSV",
                        part: part.into(),
                        at: "time column".into(),
                        expected: "at least two times that move on, or the option sample_rate_hz".into(),
                        found: format!("{} times that do not", times.len()),
                    });
                }
            }
        }
    };
    warnings.extend(told);
    if let (Some(hz), Some(rate)) = (options.sample_rate_hz, time.rate())
        && (rate.hz() / hz - 1.0).abs() > 0.01
    {
        let message = format!("the option says {hz} Hz, the file {rate}; the file's is used");
        warnings.push(Warning::new(part, message));
    }
    Ok(time)
}

/// The time base of samples numbered `index`: numbers left out are gaps.
fn indexed(
    index: &Packed,
    rate: SampleRate,
    start: Option<Timestamp>,
    part: &str,
) -> Result<(TimeBase, Vec<Warning>)> {
    let n = index.len() as u64;
    let number = || index.iter().map(|v| v as i64);
    if let Some(i) = number().zip(number().skip(1)).position(|(a, b)| b <= a) {
        let message = format!("sample numbers do not rise at row {}; they are left alone", i + 2);
        return Ok((TimeBase::uniform(rate, n, start), vec![Warning::new(part, message)]));
    }
    let origin = number().next().unwrap_or(0);
    let mut segments: Vec<Segment> = Vec::new();
    let mut last = None;
    for (first, i) in (0..).zip(number()) {
        match segments.last_mut().filter(|_| last == Some(i - 1)) {
            Some(segment) => segment.len += 1,
            None => segments.push(Segment {
                first,
                len: 1,
                rate,
                offset_ps: rate.picoseconds(i.abs_diff(origin)),
            }),
        }
        last = Some(i);
    }
    Ok((TimeBase::from_segments(start, segments)?, Vec::new()))
}

/// Writes `time_s` and a column of engineering values per channel, each number with all its digits.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    let mut lost = lost_beside_values(capture);
    let mut header = vec!["time_s".to_owned()];
    for channel in capture.channels() {
        let title = title_of(channel);
        let read_back = layout::Title::parse(&title);
        let again = Channel::new(read_back.name, read_back.unit, Vec::<f64>::new());
        if (&again.name, &again.unit) != (&channel.name, &channel.unit) {
            lost.push(format!("the spelling of `{}` [{}]", channel.name, channel.unit));
        }
        if (again.kind, again.phase) != (channel.kind, channel.phase) {
            lost.push(format!(
                "kind or phase of channel `{}`, which its name and unit do not tell",
                channel.name
            ));
        }
        header.push(title);
    }
    replace(path, |file| write_rows(capture, &header, file, path))?;
    Ok(lost)
}

fn write_rows(capture: &Capture, header: &[String], file: impl Write, path: &Path) -> Result<()> {
    let failed = |e: csv::Error| Error::io(path, std::io::Error::other(e));
    let mut out = csv::Writer::from_writer(file);
    out.write_record(header).map_err(failed)?;
    // The same number of decimals in every row tells a reader how exact the times are.
    let decimals = if capture.time().segments().iter().all(microseconds_do) { 6 } else { 12 };
    for segment in capture.time().segments() {
        let mut values = Vec::new();
        for i in segment.range() {
            if (i - segment.first).is_multiple_of(ROWS) {
                let until = segment.range().end.min(i + ROWS);
                let channels = capture.channels().iter();
                values =
                    channels.map(|c| c.values(i as usize..until as usize)).collect::<Result<Vec<_>>>()?;
            }
            let row = ((i - segment.first) % ROWS) as usize;
            let ps = segment.offset_ps + segment.rate.picoseconds(i - segment.first);
            let cells = values.iter().map(|c| match c[row] {
                v if !v.is_finite() => String::new(),
                v if v == 0.0 || (1e-5..1e16).contains(&v.abs()) => v.to_string(),
                v => format!("{v:e}"),
            });
            out.write_record(std::iter::once(seconds(ps, decimals)).chain(cells)).map_err(failed)?;
        }
    }
    out.flush().map_err(|e| Error::io(path, e))
}

/// `name [unit]` on one line; the brackets stay, empty, where the name alone would seem to end in a unit.
fn title_of(channel: &Channel) -> String {
    let line = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
    let (name, unit) = (line(&channel.name), line(&channel.unit));
    let plain = layout::Title::parse(&name);
    if unit.is_empty() && plain.name == name && plain.unit.is_empty() {
        name
    } else {
        format!("{name} [{unit}]")
    }
}

/// True when every sample of the segment falls on a whole microsecond, and so few of those on a sample that nobody takes
/// the steps for rounded.
fn microseconds_do(segment: &Segment) -> bool {
    let (num, den) = segment.rate.ratio();
    let (num, den_us) = (u128::from(num), 1_000_000 * u128::from(den));
    den_us.is_multiple_of(num) && den_us / num >= FINE_STEPS && segment.offset_ps % PS_PER_US == 0
}

/// Picoseconds as seconds with 6 or 12 decimals; the caller knows which hold all.
fn seconds(ps: i128, decimals: usize) -> String {
    let sign = if ps < 0 { "-" } else { "" };
    let mut text = format!("{sign}{}.{:012}", ps.abs() / PS_PER_S, ps.abs() % PS_PER_S);
    text.truncate(text.len() - (12 - decimals));
    text
}

/// Text of a file: UTF-8 with or without a mark, UTF-16 with one, else Latin-1. UTF-8 stays where it lies.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|p| unit([p[0], p[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Cow::Owned(utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Cow::Owned(utf16(rest, u16::from_be_bytes));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // A head cut inside a character is still UTF-8.
        Err(e) if e.error_len().is_none() => String::from_utf8_lossy(&bytes[..e.valid_up_to()]),
        Err(_) => {
            let two_bytes = bytes.iter().filter(|b| !b.is_ascii()).count();
            let mut text = String::with_capacity(bytes.len() + two_bytes);
            text.extend(bytes.iter().map(|b| char::from(*b)));
            Cow::Owned(text)
        }
    }
}

#[cfg(test)]
mod tests;
