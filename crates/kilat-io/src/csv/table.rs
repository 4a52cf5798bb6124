//! The rows of a table: which column is time, and the values of all others.

use kilat_core::{Channel, Error, Result, Warning};

use super::cells::{Moment, is_blank, moment, number, picoseconds};
use super::layout::{Layout, Title, time_rank};
use crate::packed::Packed;
use crate::time_column::{Times, moves_evenly};

/// Numbers below this are whole to the last bit, with room for differences.
const MOST_EXACT: f64 = 1e15;

/// A table, read.
pub(super) struct Table {
    /// Number of rows.
    pub(super) rows: usize,
    /// What its time column says.
    pub(super) clock: Clock,
    /// Its channels, each with the number of its column in the file.
    pub(super) channels: Vec<(usize, Channel)>,
    /// Cells that were no numbers, rows that were cut.
    pub(super) warnings: Vec<Warning>,
}

/// Time as a column states it.
pub(super) enum Clock {
    /// No column does.
    None,
    /// Sample numbers, all whole.
    Index(Packed),
    /// Times, the value of their last digit, and whether they count from 1970.
    Times { times: Times, quantum_ps: i128, absolute: bool },
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Value,
    /// A time in units of 10^`0` seconds, or a moment.
    Time(i32),
    /// A day or a time of day beside another column that holds the other half.
    OtherHalf,
    Index,
    /// The first column of a table without titles: time or index if it moves on evenly, else values.
    Undecided,
}

impl Table {
    /// Reads every row of the table that `layout` found in `text`.
    pub(super) fn read(text: &str, layout: &Layout, part: &str) -> Result<Self> {
        let roles = roles(layout);
        let mut rows = Rows::new(&roles, layout.decimal);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(layout.delimiter)
            .from_reader(&text.as_bytes()[layout.data_at..]);
        let lines_before = text[..layout.data_at].matches('\n').count() as u64;
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {
                    rows.push(&record, lines_before + record.position().map_or(0, csv::Position::line));
                }
                Ok(false) => break,
                Err(e) => {
                    return Err(Error::Malformed {
                        format: "CSV",
                        part: part.into(),
                        at: "table".into(),
                        expected: "rows of text".into(),
                        found: e.to_string(),
                    });
                }
            }
        }
        Ok(rows.finish(layout, &roles, part))
    }
}

/// The rows so far.
struct Rows<'a> {
    roles: &'a [Role],
    decimal: char,
    values: Vec<Packed>,
    times: Times,
    /// Smallest unit in which a time was written.
    quantum_ps: i128,
    absolute: bool,
    count: usize,
    /// First line and count of: cells that are no numbers, rows without a time, rows that are none, rows cut short.
    odd_cells: Damage,
    timeless: Damage,
    not_numbers: Damage,
    short: Damage,
}

/// Damage of one kind: where it was met first, what was there, and how often.
#[derive(Default)]
struct Damage {
    first: Option<(u64, String)>,
    count: usize,
}

impl Damage {
    fn at(&mut self, line: u64, found: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| (line, found.chars().take(40).collect()));
    }

    fn warning(&self, part: &str, what: &str) -> Option<Warning> {
        let (line, found) = self.first.as_ref()?;
        let more = if self.count > 1 { format!(", and {} more such", self.count - 1) } else { String::new() };
        Some(Warning::new(format!("{part}: line {line}"), format!("`{found}` {what}{more}")))
    }
}

impl<'a> Rows<'a> {
    fn new(roles: &'a [Role], decimal: char) -> Self {
        Self {
            roles,
            decimal,
            values: roles.iter().map(|_| Packed::default()).collect(),
            times: Times::default(),
            quantum_ps: i128::MAX,
            absolute: false,
            count: 0,
            odd_cells: Damage::default(),
            timeless: Damage::default(),
            not_numbers: Damage::default(),
            short: Damage::default(),
        }
    }

    fn push(&mut self, record: &csv::StringRecord, line: u64) {
        let all = || record.iter().collect::<Vec<_>>().join(" ");
        if !record.iter().any(|c| number(c, self.decimal).is_some() || moment(c).is_some()) {
            if record.iter().any(|c| !is_blank(c)) {
                self.not_numbers.at(line, &all());
            }
            return;
        }
        let cell = |i: usize| record.get(i).unwrap_or("");
        if let Some(at) = self.roles.iter().position(|r| matches!(r, Role::Time(_) | Role::Undecided)) {
            match self.time(record, at) {
                Some((ps, quantum)) => {
                    self.times.push(ps);
                    self.quantum_ps = self.quantum_ps.min(quantum);
                }
                None if self.roles[at] == Role::Undecided => self.times.push(0),
                None => return self.timeless.at(line, &all()),
            }
        }
        let extra = record.iter().skip(self.roles.len()).any(|c| !is_blank(c));
        if record.len() < self.roles.len() || extra {
            self.short.at(line, &all());
        }
        for (i, (role, column)) in self.roles.iter().zip(&mut self.values).enumerate() {
            if matches!(role, Role::Value | Role::Index | Role::Undecided) {
                let value = number(cell(i), self.decimal);
                if value.is_none() && !is_blank(cell(i)) {
                    self.odd_cells.at(line, cell(i));
                }
                column.push(value.unwrap_or(f64::NAN));
            }
        }
        self.count += 1;
    }

    /// The time in column `at` of a row, with that of the other half when day and time of day are apart.
    fn time(&mut self, record: &csv::StringRecord, at: usize) -> Option<(i128, i128)> {
        let cell = record.get(at)?;
        let rank = if let Role::Time(rank) = self.roles[at] { rank } else { 0 };
        if let Some(found) = picoseconds(cell, self.decimal, rank) {
            return Some(found);
        }
        let other = self.roles.iter().position(|r| *r == Role::OtherHalf);
        let other = other.and_then(|i| moment(record.get(i)?));
        Some(match (moment(cell)?, other) {
            (Moment::Instant(ps, quantum), _) => {
                self.absolute = true;
                (ps, quantum)
            }
            (Moment::Day(day), Some(Moment::Clock(ps, quantum)))
            | (Moment::Clock(ps, quantum), Some(Moment::Day(day))) => {
                self.absolute = true;
                (day + ps, quantum)
            }
            (Moment::Clock(ps, quantum), _) => (ps, quantum),
            (Moment::Day(_), _) => return None,
        })
    }

    fn finish(mut self, layout: &Layout, roles: &[Role], part: &str) -> Table {
        let counts = |column: &Packed| column.iter().all(|v| v.fract() == 0.0 && v.abs() < MOST_EXACT);
        let mut clock = Clock::None;
        let times = std::mem::take(&mut self.times);
        let (quantum_ps, absolute) = (self.quantum_ps, self.absolute);
        let mut taken = None;
        for (i, role) in roles.iter().enumerate() {
            let column = &mut self.values[i];
            match role {
                // A column called `index` that counts nothing is a channel after all.
                Role::Index if counts(column) => taken = Some(i),
                Role::Undecided if moves_evenly(&times, quantum_ps) => taken = Some(i),
                _ => continue,
            }
            if counts(column) {
                clock = Clock::Index(std::mem::take(column));
            }
        }
        let is_time =
            |(i, r): (usize, &Role)| matches!(r, Role::Time(_)) || *r == Role::Undecided && taken == Some(i);
        if matches!(clock, Clock::None) && roles.iter().enumerate().any(is_time) {
            clock = Clock::Times { times, quantum_ps, absolute };
        }
        let warnings = [
            self.odd_cells.warning(part, "is no number and counts as missing"),
            self.timeless.warning(part, "has no readable time and was left out"),
            self.not_numbers.warning(part, "is no row of numbers and was left out"),
            self.short.warning(
                part,
                &format!("has not {} cells; those that are not there count as missing", roles.len()),
            ),
        ];
        let most = self.values.len();
        let channels = self.values.into_iter().enumerate().filter(|(i, values)| {
            let is_channel =
                matches!(roles[*i], Role::Value | Role::Index | Role::Undecided) && Some(*i) != taken;
            // A delimiter at the end of every row makes a column of nothing.
            is_channel && !(titled(layout, *i).bare.is_empty() && values.iter().all(f64::is_nan))
        });
        let mut of_values = Vec::with_capacity(most);
        of_values.extend(channels.map(|(i, values)| {
            let title = titled(layout, i);
            let mut channel = Channel::new(title.bare, title.unit, values.into_samples());
            channel.name = if title.name.is_empty() { i.to_string() } else { title.name };
            (i, channel)
        }));
        Table {
            rows: self.count,
            clock,
            channels: of_values,
            warnings: warnings.into_iter().flatten().collect(),
        }
    }
}

fn titled(layout: &Layout, column: usize) -> Title {
    layout.titles.get(column).cloned().unwrap_or_default()
}

/// What each column holds, from its title and its first cells.
fn roles(layout: &Layout) -> Vec<Role> {
    let mut roles = vec![Role::Value; layout.columns];
    let moment_in = |column: usize| {
        let cell = layout.first_cells.get(column)?;
        if number(cell, layout.decimal).is_some() { None } else { moment(cell) }
    };
    if let Some(at) = (0..layout.columns).find(|i| moment_in(*i).is_some()) {
        roles[at] = Role::Time(0);
        let complements = |i: &usize| {
            let halves = (moment_in(at), moment_in(*i));
            matches!(
                halves,
                (Some(Moment::Day(_)), Some(Moment::Clock(..)))
                    | (Some(Moment::Clock(..)), Some(Moment::Day(_)))
            )
        };
        if let Some(other) = (at + 1..layout.columns).find(complements) {
            roles[other] = Role::OtherHalf;
        }
    } else if let Some((at, rank)) =
        layout.titles.iter().enumerate().find_map(|(i, title)| Some((i, time_title(title)?)))
    {
        roles[at] = Role::Time(rank);
    } else if layout.titles.first().is_some_and(|t| is_index_title(&t.bare)) {
        roles[0] = Role::Index;
    } else if layout.titles.first().is_none_or(|t| t.bare.is_empty()) && layout.columns > 1 {
        roles[0] = Role::Undecided;
    }
    roles
}

/// The power of ten of a second in which a column titled so counts time; `None` for another title.
fn time_title(title: &Title) -> Option<i32> {
    let bare = title.bare.to_lowercase();
    let (word, suffix) = bare.rsplit_once('_').map_or((bare.as_str(), ""), |(word, unit)| {
        if time_rank(unit).is_some() { (word, unit) } else { (bare.as_str(), "") }
    });
    let known = matches!(
        word,
        "t" | "time"
            | "times"
            | "timestamp"
            | "time stamp"
            | "elapsed"
            | "elapsed time"
            | "zeit"
            | "waktu"
            | "temps"
            | "tempo"
            | "tid"
            | "tijd"
            | "seconds"
            | "second"
            | "date"
            | "datetime"
            | "unix"
            | "epoch"
    );
    // `x-axis` in seconds, or a column whose whole title is the unit.
    let unit = if title.unit.is_empty() { suffix } else { title.unit.as_str() };
    let by_unit = time_rank(unit).is_some() || time_rank(word).is_some();
    if known || by_unit { Some(time_rank(unit).or_else(|| time_rank(word)).unwrap_or(0)) } else { None }
}

fn is_index_title(bare: &str) -> bool {
    let index = [
        "index",
        "idx",
        "sample",
        "samples",
        "sample number",
        "sample no",
        "sequence",
        "n",
        "no",
        "no.",
        "nr",
        "point",
        "x",
    ];
    index.contains(&bare.to_lowercase().as_str())
}
