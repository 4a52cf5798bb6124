//! The cfg: what the channels are, at which rates, from when.

use kilat_core::{Error, Result, Warning};

use super::date::{self, Moment};
use crate::limit::{Limit, all_of};

/// Layout of cfg and dat, which the revision year selects; unknown years are laid out like the one before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Revision {
    R1991,
    R1999,
    R2013,
}

impl Revision {
    pub(super) const ALL: [Self; 3] = [Self::R1991, Self::R1999, Self::R2013];

    pub(super) fn year(self) -> u16 {
        match self {
            Self::R1991 => 1991,
            Self::R1999 => 1999,
            Self::R2013 => 2013,
        }
    }

    /// Code of a missing sample in ASCII data; from 2013 on an empty field means the same.
    pub(super) fn marker(self) -> i32 {
        if self == Self::R1991 { 999_999 } else { 99_999 }
    }

    /// True when the revision defines `encoding`.
    pub(super) fn has(self, encoding: Encoding) -> bool {
        self >= Self::R2013 || matches!(encoding, Encoding::Ascii | Encoding::Binary)
    }
}

/// How the dat stores its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Ascii,
    Binary,
    Binary32,
    Float32,
}

impl Encoding {
    /// Reads the file-type word, in any case.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_uppercase().as_str() {
            "ASCII" => Self::Ascii,
            "BINARY" | "BINARY16" => Self::Binary,
            "BINARY32" => Self::Binary32,
            "FLOAT32" | "FLOAT" => Self::Float32,
            _ => return None,
        })
    }

    /// The word of the standard.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ascii => "ASCII",
            Self::Binary => "BINARY",
            Self::Binary32 => "BINARY32",
            Self::Float32 => "FLOAT32",
        }
    }
}

/// An analog channel.
#[derive(Debug, Clone)]
pub(super) struct Analog {
    pub(super) name: String,
    pub(super) phase: String,
    pub(super) unit: String,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) skew_us: f64,
    /// Lowest and highest code, as stated.
    pub(super) limits: Option<(f64, f64)>,
    /// Primary and secondary rating of the transformer, when both are stated and positive.
    pub(super) ratio: Option<(f64, f64)>,
    /// `P` or `S`.
    pub(super) side: Option<char>,
}

/// A status channel.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) name: String,
    pub(super) normal: Option<bool>,
}

/// A sampling rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) hz: f64,
    /// Number of the last sample at this rate.
    pub(super) end_sample: u64,
}

/// A parsed cfg.
#[derive(Debug, Clone)]
pub(super) struct Cfg {
    pub(super) station: String,
    pub(super) device: String,
    /// Year as written; empty in 1991 files.
    pub(super) year: String,
    pub(super) revision: Revision,
    pub(super) analogs: Vec<Analog>,
    pub(super) statuses: Vec<Status>,
    /// Line frequency; `None` when it is 0 or unreadable.
    pub(super) frequency_hz: Option<f64>,
    /// Empty when the timestamps are the time base.
    pub(super) rates: Vec<Rate>,
    /// Last sample of all; `None` when no rate line states it.
    pub(super) end_sample: Option<u64>,
    pub(super) start: Moment,
    pub(super) trigger: Moment,
    /// `None` when the file-type word is unknown.
    pub(super) encoding: Option<Encoding>,
    /// Factor of the timestamps.
    pub(super) time_multiplier: f64,
    /// `time_code,local_code` and `tmq_code,leapsec`, as written.
    pub(super) time_codes: Vec<String>,
    pub(super) warnings: Vec<Warning>,
}

/// A number as recorders write it: padded, `+009`, `1.`, a Fortran `D` exponent, a typographic minus.
pub(super) fn number(text: &str) -> Option<f64> {
    let t = text.trim();
    let plain = t.parse().ok();
    plain
        .or_else(|| {
            t.replace(['\u{2013}', '\u{2212}', '\u{2014}'], "-").replace(['D', 'd'], "E").parse().ok()
        })
        .filter(|v: &f64| v.is_finite())
}

/// True when `text` begins like a cfg: the second line states the channel counts.
pub(super) fn looks_like_cfg(text: &str) -> bool {
    let mut lines = text.split(['\n', '\r']).filter(|l| !l.trim().is_empty());
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return false };
    first.contains(',') && counts(second).is_some_and(|c| c.lettered)
}

struct Counts {
    total: u64,
    analog: u64,
    status: u64,
    /// Both counts carry their letter.
    lettered: bool,
}

/// Reads `TT,nnA,nnD`.
fn counts(line: &str) -> Option<Counts> {
    let fields: Vec<_> = line.split(',').map(str::trim).collect();
    let [total, analog, status, ..] = fields[..] else { return None };
    let digits = |f: &str| {
        let d = f.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c.is_whitespace());
        d.bytes().all(|b| b.is_ascii_digit()).then(|| d.parse().ok()).flatten()
    };
    let lettered = analog.ends_with(['A', 'a']) && status.ends_with(['D', 'd']);
    Some(Counts { total: digits(total)?, analog: digits(analog)?, status: digits(status)?, lettered })
}

/// The lines of a cfg that are not blank, and the errors and warnings about them.
struct Lines<'a> {
    part: &'a str,
    /// Line number and text.
    content: Vec<(usize, &'a str)>,
    next: usize,
    warnings: Vec<Warning>,
}

impl<'a> Lines<'a> {
    fn new(part: &'a str, text: &'a str) -> Self {
        // Some products end a file with SUB characters or pad it with NUL.
        let is_padding = |c: char| c.is_whitespace() || matches!(c, '\u{1a}' | '\0' | '\u{feff}');
        let text_lines = text.split('\n').flat_map(|l| l.strip_suffix('\r').unwrap_or(l).split('\r'));
        let lines = text_lines
            .enumerate()
            .map(|(i, l)| (i + 1, l.trim_matches(is_padding)))
            .filter(|(_, l)| !l.is_empty());
        Self { part, content: lines.collect(), next: 0, warnings: Vec::new() }
    }

    fn peek(&self) -> Option<&'a str> {
        self.content.get(self.next).map(|l| l.1)
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.next += 1;
        Some(line)
    }

    fn require(&mut self, expected: &str) -> Result<&'a str> {
        self.next().ok_or_else(|| self.error(None, expected, "the end of the file"))
    }

    /// Place of the line taken last.
    fn at(&self) -> String {
        let last = self.next.min(self.content.len()).checked_sub(1);
        last.map_or_else(|| "line 1".into(), |i| format!("line {}", self.content[i].0))
    }

    fn warn(&mut self, message: String) {
        self.warnings.push(Warning::new(format!("{}: {}", self.part, self.at()), message));
    }

    fn error(&self, what: Option<String>, expected: &str, found: &str) -> Error {
        Error::Malformed {
            format: "COMTRADE",
            part: self.part.into(),
            at: what.map_or_else(|| self.at(), |w| format!("{}: {w}", self.at())),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// Parses the text of the cfg called `part`.
pub(super) fn parse(part: &str, text: &str) -> Result<Cfg> {
    let mut lines = Lines::new(part, text);
    let first = lines.require("station, device and revision")?;
    let (station, device, year) = identification(first);
    let revision = revision(&year);
    let line = lines.require("the channel counts")?;
    let counts = counts(line)
        .ok_or_else(|| lines.error(None, "channel counts such as `8,4A,4D`", &format!("`{line}`")))?;
    let both = counts.analog.saturating_add(counts.status);
    Limit::CHANNELS.check(part, both)?;
    // A count is believed only when the file has a line for each channel.
    let left = (lines.content.len() - lines.next) as u64;
    if both > left {
        return Err(lines.error(
            None,
            &format!("a line for each of {both} channels"),
            &format!("{left} lines"),
        ));
    }
    if counts.total != both {
        let (total, a, d) = (counts.total, counts.analog, counts.status);
        lines.warn(format!("{total} channels in all, but {a} analog and {d} status; the total is ignored"));
    }
    let mut shifted = 0;
    let all = (1..=counts.analog).map(|i| analog(&mut lines, i, &mut shifted));
    let analogs = all_of(counts.analog as usize, all)?;
    if shifted > 0 {
        lines.warn(format!(
            "fields too many before the unit in {shifted} analog channels; taken as stray commas"
        ));
    }
    let statuses = all_of(counts.status as usize, (1..=counts.status).map(|i| status(&mut lines, i)))?;
    let frequency_hz = frequency(&mut lines)?;
    let (rates, end_sample) = rates(&mut lines)?;
    let month_first = revision == Revision::R1991;
    let start = moment(&mut lines, "start", month_first);
    let trigger = moment(&mut lines, "trigger", month_first);
    let encoding = encoding(&mut lines);
    let time_multiplier = time_multiplier(&mut lines);
    let time_codes = std::iter::from_fn(|| lines.next()).take(2).map(str::to_owned).collect();
    Ok(Cfg {
        station,
        device,
        year,
        revision,
        analogs,
        statuses,
        frequency_hz,
        rates,
        end_sample,
        start,
        trigger,
        encoding,
        time_multiplier,
        time_codes,
        warnings: lines.warnings,
    })
}

/// Station, device and year; commas inside the device belong to it.
fn identification(line: &str) -> (String, String, String) {
    let mut fields: Vec<_> = line.split(',').map(str::trim).collect();
    let is_year = |f: &str| f.len() == 4 && f.bytes().all(|b| b.is_ascii_digit());
    while fields.len() > 3 && fields.last().is_some_and(|f| f.is_empty()) {
        fields.pop();
    }
    let year = if fields.len() > 2 && fields.last().is_some_and(|f| is_year(f) || f.is_empty()) {
        fields.pop().unwrap_or_default()
    } else {
        ""
    };
    let station = fields.first().copied().unwrap_or_default();
    let device = fields.get(1..).unwrap_or_default().join(",");
    (station.into(), device, year.into())
}

fn revision(year: &str) -> Revision {
    match year.parse::<u32>() {
        Err(_) | Ok(..=1991) => Revision::R1991,
        Ok(..2013) => Revision::R1999,
        Ok(_) => Revision::R2013,
    }
}

/// Reads `n,name,phase,circuit,unit,a,b,skew,min,max[,primary,secondary,PS]`; counts the lines with stray commas.
fn analog(lines: &mut Lines, i: u64, shifted: &mut u64) -> Result<Analog> {
    let line = lines.require(&format!("analog channel {i}"))?;
    let fields: Vec<_> = line.split(',').map(str::trim).collect();
    let field = |k: usize| fields.get(k).copied().unwrap_or_default();
    let blank_or_number = |k: usize| field(k).is_empty() || number(field(k)).is_some();
    // Stray commas push the numbers to the right: the multiplier stands where numbers follow one another, no further
    // along than there are fields too many.
    let spare = fields.len().checked_sub(13).unwrap_or(fields.len().saturating_sub(10));
    let at = (5..fields.len().min(6 + spare))
        .find(|k| fields.len() > k + 3 && number(field(*k)).is_some() && (k + 1..k + 5).all(blank_or_number))
        .ok_or_else(|| {
            let found = match fields.len() {
                n @ ..10 => format!("{n} fields"),
                _ => format!("multiplier `{}` and offset `{}`", field(5), field(6)),
            };
            lines.error(
                Some(format!("analog channel {i}")),
                "13 fields (10 in 1991) with numbers from the sixth on",
                &found,
            )
        })?;
    *shifted += u64::from(at > 5);
    if number(field(at + 1)).is_none() {
        lines.warn(format!("analog channel {i}: no offset; 0 is used"));
    }
    let pair = |k: usize| number(field(k)).zip(number(field(k + 1)));
    let (a, b) = (number(field(at)).unwrap_or(1.0), number(field(at + 1)).unwrap_or(0.0));
    Ok(Analog {
        name: field(1).into(),
        phase: field(2).into(),
        unit: field(at - 1).into(),
        a,
        b,
        skew_us: number(field(at + 2)).unwrap_or(0.0),
        limits: pair(at + 3),
        ratio: pair(at + 5).filter(|(p, s)| *p > 0.0 && *s > 0.0),
        side: field(at + 7).chars().next().map(|c| c.to_ascii_uppercase()),
    })
}

/// Reads `n,name[,phase,circuit],normal`.
fn status(lines: &mut Lines, i: u64) -> Result<Status> {
    let line = lines.require(&format!("status channel {i}"))?;
    let fields: Vec<_> = line.split(',').map(str::trim).collect();
    if fields.len() < 2 {
        return Err(lines.error(Some(format!("status channel {i}")), "3 to 5 fields", &format!("`{line}`")));
    }
    let normal = fields[2..].iter().rev().find(|f| !f.is_empty()).and_then(|f| number(f));
    Ok(Status { name: fields[1].into(), normal: normal.filter(|v| *v == 0.0 || *v == 1.0).map(|v| v == 1.0) })
}

fn frequency(lines: &mut Lines) -> Result<Option<f64>> {
    let line = lines.require("the line frequency")?;
    let value = number(line.split(',').next().unwrap_or_default());
    if value.is_none() {
        lines.warn(format!("line frequency `{line}` is not a number; taken as unknown"));
    }
    Ok(value.filter(|f| *f > 0.0))
}

/// The rate, when `line` has the shape of a rate line.
fn rate_line(line: &str) -> Option<Rate> {
    let mut fields = line.split(',');
    let (hz, end) = (number(fields.next()?)?, number(fields.next()?)?);
    let rest_is_blank = fields.all(|f| f.trim().is_empty());
    (rest_is_blank && end >= 0.0).then_some(Rate { hz, end_sample: end as u64 })
}

/// The rates, none when the timestamps are the time base, and the last sample.
fn rates(lines: &mut Lines) -> Result<(Vec<Rate>, Option<u64>)> {
    let line = lines.require("the number of sampling rates")?;
    let stated = number(line.split(',').next().unwrap_or_default())
        .ok_or_else(|| lines.error(None, "the number of sampling rates", &format!("`{line}`")))?;
    let mut rates = Vec::new();
    while let Some(rate) = lines.peek().and_then(rate_line) {
        lines.next();
        Limit::SEGMENTS.check(lines.part, rates.len() as u64 + 1)?;
        rates.push(rate);
    }
    // nrates 0 is followed by one line `0,last sample`, which some writers leave out.
    if stated > 0.0 && stated != rates.len() as f64 {
        lines.warn(format!(
            "{stated} sampling rates announced, {} listed; those listed are used",
            rates.len()
        ));
    }
    let end_sample = rates.iter().map(|r| r.end_sample).max();
    if stated <= 0.0 {
        rates.clear();
    } else if let Some(bad) = rates.iter().map(|r| r.hz).find(|hz| *hz <= 0.0) {
        lines.warn(format!("sampling rate {bad} is not usable; the timestamps are the time base"));
        rates.clear();
    }
    Ok((rates, end_sample))
}

fn moment(lines: &mut Lines, what: &str, month_first: bool) -> Moment {
    let missing = Moment { time: None, fraction_digits: 0, swapped: false };
    if lines.peek().is_none_or(|l| Encoding::parse(l).is_some()) {
        lines.warn(format!("no {what} time"));
        return missing;
    }
    let line = lines.next().unwrap_or_default();
    let moment = date::parse(line, month_first);
    let is_empty = line.chars().all(|c| matches!(c, ',' | '/' | ':') || c.is_whitespace());
    if is_empty {
        return missing;
    }
    if moment.time.is_none() {
        lines.warn(format!("{what} time `{line}` is not a date; taken as unknown"));
    } else if moment.swapped {
        let order = if month_first { "day first" } else { "month first" };
        lines.warn(format!("{what} time `{line}` is possible only with the {order}; read so"));
    }
    moment
}

fn encoding(lines: &mut Lines) -> Option<Encoding> {
    let Some(line) = lines.next() else {
        lines.warn("no file type; told from the data".into());
        return None;
    };
    let encoding = Encoding::parse(line.trim_end_matches([',', ' ']));
    if encoding.is_none() {
        lines.warn(format!("file type `{line}` is not known; told from the data"));
    }
    encoding
}

fn time_multiplier(lines: &mut Lines) -> f64 {
    let Some(line) = lines.next() else { return 1.0 };
    match number(line.trim_end_matches(',')) {
        Some(factor) if factor > 0.0 => factor,
        _ => {
            lines.warn(format!("time multiplier `{line}` is not a positive number; 1 is used"));
            1.0
        }
    }
}
