//! Tables of one or more analyses, a row per interval, half cycle, event or transient: as CSV, Parquet, Arrow and HDF5.

use std::borrow::Borrow;
use std::path::Path;

use kilat_core::engine::sink::Period;
use kilat_core::pq::power::system::SystemColumns;
use kilat_core::{Error, Flags, Result, Timestamp};
use kilat_io::table::{self, Column};
use serde::Serialize;

use super::{AGGREGATES, AnalysisOutput, ChannelColumns, IntervalColumns, PairColumns, period_name};

/// Version of the tables in Parquet, Arrow and HDF5: it changes when a column changes its meaning or goes.
pub const TABLES_SCHEMA: u32 = 1;

/// A table that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Intervals of one length: frequency, r.m.s., deviation, THD, unbalance, power.
    Intervals(Period),
    /// Urms(1/2) of each voltage.
    HalfCycles,
    /// 10-s frequency.
    Frequency,
    /// Pst and Plt of each voltage.
    Flicker,
    /// Dips, swells and interruptions.
    Events,
    /// Rapid voltage changes.
    Rvc,
    /// Bursts of mains signalling; the values of every interval are in [`Table::Intervals`].
    Bursts,
    /// Emission above order 50: each interval of a [full](super::Detail::Full) document, else the whole capture.
    Supraharmonics,
    /// Transients.
    Transients,
}

impl Table {
    /// All tables.
    pub fn all() -> impl Iterator<Item = Self> {
        let others = [
            Self::HalfCycles,
            Self::Frequency,
            Self::Flicker,
            Self::Events,
            Self::Rvc,
            Self::Bursts,
            Self::Supraharmonics,
            Self::Transients,
        ];
        [Period::Basic].into_iter().chain(AGGREGATES).map(Self::Intervals).chain(others)
    }

    /// Its name: `intervals`, `intervals_10min`, `events`, ...
    pub fn name(self) -> String {
        match self {
            Self::Intervals(Period::Basic) => "intervals".into(),
            Self::Intervals(period) => format!("intervals_{}", period_name(period)),
            Self::HalfCycles => "half_cycles".into(),
            Self::Frequency => "frequency".into(),
            Self::Flicker => "flicker".into(),
            Self::Events => "events".into(),
            Self::Rvc => "rvc".into(),
            Self::Bursts => "bursts".into(),
            Self::Supraharmonics => "supraharmonics".into(),
            Self::Transients => "transients".into(),
        }
    }

    fn columns(self, f: &AnalysisOutput) -> Columns {
        match self {
            Self::Intervals(period) => intervals(f, period),
            Self::HalfCycles => half_cycles(f),
            Self::Frequency => frequency(f),
            Self::Flicker => flicker(f),
            Self::Events => events(f),
            Self::Rvc => rvc(f),
            Self::Bursts => bursts(f),
            Self::Supraharmonics => supraharmonics(f),
            Self::Transients => transients(f),
        }
    }
}

/// Titles and values.
type Columns = Vec<(String, Column)>;

/// `table` of `f`, whose first column names the file. `titles` are those of the table that it follows, none before the first one.
fn rows(f: &AnalysisOutput, table: Table, titles: &mut Option<String>) -> Result<table::Table> {
    let mut columns = table.columns(f);
    let rows = columns.first().map_or(0, |(_, c)| c.len());
    columns.insert(0, ("file".into(), Column::Texts(vec![f.origin.file.clone(); rows])));
    let own = columns.iter().map(|(t, _)| t.as_str()).collect::<Vec<_>>().join(", ");
    let expected = titles.get_or_insert_with(|| own.clone());
    if *expected != own {
        return Err(Error::mismatch(format!("columns of {}", f.origin.file), expected, own));
    }
    Ok(table::Table { name: table.name(), columns })
}

/// `table` of all `files`, one below the other.
fn joined<F: Borrow<AnalysisOutput>>(files: &[F], table: Table) -> Result<table::Table> {
    let mut titles = None;
    let mut all = Vec::new();
    for f in files {
        let columns = rows(f.borrow(), table, &mut titles)?.columns;
        if all.is_empty() {
            all = columns;
            continue;
        }
        let both = all.into_iter().zip(columns).map(|((title, a), (_, b))| Some((title, a.followed_by(b)?)));
        let differ = || Error::config("columns", "expected values of the same kinds in all files");
        all = both.collect::<Option<_>>().ok_or_else(differ)?;
    }
    Ok(table::Table { name: table.name(), columns: all })
}

/// Writes `table` of all `files`, one below the other, to CSV, Parquet or Arrow, or all tables to HDF5, as the extension of `path` says.
/// The first column names the file. Files may be the [parts](kilat_core::engine::parts::Parts) of an analysis; only HDF5 needs more than
/// one of them at a time. Without a file nothing is written.
///
/// # Errors
/// Those of `files`, [`Error::Mismatch`] when two have different channels, for a table with columns per channel, and those of
/// [`kilat_io::table::write_rows()`].
pub fn write_tables<F: Borrow<AnalysisOutput>>(
    files: impl IntoIterator<Item = Result<F>>,
    table: Table,
    path: &Path,
) -> Result<()> {
    let about =
        [("kilat_results", TABLES_SCHEMA.to_string()), ("kilat", env!("CARGO_PKG_VERSION").to_owned())];
    if table::is_written(path, true) {
        let files: Vec<F> = files.into_iter().collect::<Result<_>>()?;
        if files.is_empty() {
            return Ok(());
        }
        let tables: Vec<_> = Table::all().map(|t| joined(&files, t)).collect::<Result<_>>()?;
        return table::write_all(&tables, &about, path);
    }
    let mut titles = None;
    let parts = files.into_iter().map(|f| rows(f?.borrow(), table, &mut titles));
    table::write_rows(parts, &about, path)
}

fn moment(f: &AnalysisOutput, seconds: f64) -> Option<Timestamp> {
    f.origin.start.map(|t: Timestamp| t.plus_seconds(seconds))
}

fn flags(flags: Flags) -> String {
    flags.iter_names().map(|(name, _)| name.to_ascii_lowercase()).collect::<Vec<_>>().join(" ")
}

/// A word of the document: the name that JSON gives to a variant.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Columns of rows of one kind, built one after the other.
struct Build<'a, T> {
    rows: &'a [T],
    columns: Columns,
}

impl<'a, T> Build<'a, T> {
    fn of(rows: &'a [T]) -> Self {
        Self { rows, columns: Vec::new() }
    }

    fn push(mut self, title: &str, column: Column) -> Self {
        self.columns.push((title.to_owned(), column));
        self
    }

    fn numbers(self, title: &str, value: impl Fn(&T) -> f64) -> Self {
        let column = self.rows.iter().map(value).collect();
        self.push(title, Column::Numbers(column))
    }

    fn counts(self, title: &str, value: impl Fn(&T) -> u64) -> Self {
        let column = self.rows.iter().map(value).collect();
        self.push(title, Column::Counts(column))
    }

    fn texts(self, title: &str, value: impl Fn(&T) -> String) -> Self {
        let column = self.rows.iter().map(value).collect();
        self.push(title, Column::Texts(column))
    }

    fn moments(self, title: &str, value: impl Fn(&T) -> Option<Timestamp>) -> Self {
        let column = self.rows.iter().map(value).collect();
        self.push(title, Column::Moments(column))
    }

    fn truths(self, title: &str, value: impl Fn(&T) -> bool) -> Self {
        let column = self.rows.iter().map(value).collect();
        self.push(title, Column::Truths(column))
    }
}

fn intervals(f: &AnalysisOutput, period: Period) -> Columns {
    if let Some(a) = f.aggregates.iter().find(|a| a.period == period_name(period)) {
        return measured(f, &a.intervals, a.channels.iter(), a.power.iter(), &a.system_power);
    }
    let channels = f.channels.iter().map(|c| &c.measured);
    measured(f, &f.intervals, channels, f.power.iter().map(|p| &p.measured), &f.system_power)
}

fn measured<'a>(
    f: &AnalysisOutput,
    i: &'a IntervalColumns,
    channels: impl Iterator<Item = &'a ChannelColumns> + Clone,
    power: impl Iterator<Item = &'a PairColumns>,
    system_power: &'a SystemColumns<Vec<f64>>,
) -> Columns {
    let mut columns: Vec<(String, &[f64])> =
        vec![("covered_s".into(), &i.covered_s), ("frequency_hz".into(), &i.frequency_hz)];
    for c in channels.clone() {
        columns.push((format!("{} rms_{}", c.name, c.unit.to_lowercase()), &c.rms));
    }
    for c in channels.clone().filter(|c| c.unit == "V" && f.config.edition.has_deviation()) {
        columns.push((format!("{} under_deviation_pct", c.name), &c.under_deviation_pct));
        columns.push((format!("{} over_deviation_pct", c.name), &c.over_deviation_pct));
    }
    for c in channels.clone() {
        columns.push((format!("{} thd_subgroup_pct", c.name), &c.thd_subgroup_pct));
    }
    for c in channels {
        let tones = c.signalling.iter();
        columns.extend(tones.map(|t| (format!("{} signalling_{}hz_v", c.name, t.hz), t.rms_v.as_slice())));
    }
    let unbalance =
        [("u2_pct", &i.u2_pct), ("u0_pct", &i.u0_pct), ("i2_pct", &i.i2_pct), ("i0_pct", &i.i0_pct)];
    columns.extend(unbalance.map(|(title, x)| (title.into(), x.as_slice())));
    for p in power {
        let of_pair = p.columns.columns().into_iter();
        columns
            .extend(of_pair.map(|(title, x)| (format!("{} {} {title}", p.voltage, p.current), x.as_slice())));
    }
    let of_system = system_power.columns().into_iter().filter(|(_, x)| !x.is_empty());
    columns.extend(of_system.map(|(title, x)| (format!("system {title}"), x.as_slice())));

    let rows: Vec<usize> = (0..i.start_s.len()).collect();
    let mut build = Build::of(&rows)
        .numbers("start_s", |k| i.start_s[*k])
        .moments("start", |k| moment(f, i.start_s[*k]))
        .numbers("stamp_s", |k| i.stamp_s[*k])
        .moments("stamp", |k| i.stamp.get(*k).copied())
        .counts("cycles", |k| i.cycles[*k].into())
        .counts("basics", |k| i.basics[*k].into());
    for (title, x) in columns {
        // A quantity that is not measured has a column without values, so that the table keeps its shape.
        build = build.numbers(&title, |k| x.get(*k).copied().unwrap_or(f64::NAN));
    }
    build.texts("flags", |k| flags(i.flags[*k])).columns
}

fn half_cycles(f: &AnalysisOutput) -> Columns {
    let mut rows = Vec::new();
    for c in &f.channels {
        let Some(h) = &c.half_cycles else { continue };
        for ((&s, &u), &flag) in h.start_s.iter().zip(&h.u_rms_v).zip(&h.flags) {
            rows.push((&c.measured.name, s, u, flag));
        }
    }
    Build::of(&rows)
        .texts("channel", |r| r.0.clone())
        .numbers("start_s", |r| r.1)
        .moments("start", |r| moment(f, r.1))
        .numbers("u_rms_v", |r| r.2)
        .texts("flags", |r| flags(r.3))
        .columns
}

fn frequency(f: &AnalysisOutput) -> Columns {
    let x = &f.frequency;
    let rows: Vec<usize> = (0..x.start_s.len()).collect();
    Build::of(&rows)
        .numbers("start_s", |k| x.start_s[*k])
        .moments("start", |k| moment(f, x.start_s[*k]))
        .numbers("frequency_hz", |k| x.hz[*k])
        .texts("flags", |k| flags(x.flags[*k]))
        .columns
}

fn flicker(f: &AnalysisOutput) -> Columns {
    let mut rows = Vec::new();
    for c in &f.channels {
        let Some(flicker) = &c.flicker else { continue };
        for (quantity, t) in [("pst", &flicker.pst), ("plt", &flicker.plt)] {
            for ((&s, &severity), &flag) in t.start_s.iter().zip(&t.severity).zip(&t.flags) {
                rows.push((&c.measured.name, quantity, s, severity, flag));
            }
        }
    }
    Build::of(&rows)
        .texts("channel", |r| r.0.clone())
        .texts("quantity", |r| r.1.to_owned())
        .numbers("start_s", |r| r.2)
        .moments("start", |r| moment(f, r.2))
        .numbers("severity", |r| r.3)
        .texts("flags", |r| flags(r.4))
        .columns
}

fn events(f: &AnalysisOutput) -> Columns {
    Build::of(&f.happened.events)
        .texts("kind", |e| word(e.kind))
        .truths("polyphase", |e| e.polyphase)
        .texts("channels", |e| e.channels.join(" "))
        .texts("extreme_channel", |e| e.extreme_channel.clone())
        .numbers("start_s", |e| e.start_s)
        .moments("start", |e| moment(f, e.start_s))
        .numbers("duration_s", |e| e.duration_s)
        .numbers("residual_v", |e| e.residual_v)
        .numbers("magnitude_pu", |e| e.magnitude_pu)
        .numbers("depth_pct", |e| e.depth_pct)
        .texts("category", |e| e.category.to_owned())
        .texts("itic", |e| word(e.itic))
        .texts("flags", |e| flags(e.flags))
        .truths("open", |e| e.open)
        .texts("class", |e| e.form.as_ref().and_then(|d| d.class.clone()).unwrap_or_default())
        .texts("class_six_phase", |e| {
            e.form.as_ref().and_then(|d| d.class_six_phase.clone()).unwrap_or_default()
        })
        .numbers("characteristic_pu", |e| e.form.as_ref().map_or(f64::NAN, |d| d.characteristic_pu))
        .numbers("phase_jump_deg", |e| e.form.as_ref().map_or(f64::NAN, |d| d.phase_jump_deg))
        .numbers("start_deg", |e| e.form.as_ref().map_or(f64::NAN, |d| d.start_deg))
        .numbers("stop_deg", |e| e.form.as_ref().map_or(f64::NAN, |d| d.stop_deg))
        .counts("stages", |e| e.form.as_ref().map_or(0, |d| d.stages.len() as u64))
        .texts("direction", |e| e.form.as_ref().map_or(String::new(), |d| word(d.direction.side)))
        .numbers("direction_margin", |e| e.form.as_ref().map_or(f64::NAN, |d| d.direction.margin))
        .texts("shape", |e| e.form.as_ref().map_or(String::new(), |d| word(d.shape)))
        .columns
}

fn rvc(f: &AnalysisOutput) -> Columns {
    Build::of(&f.happened.rvc)
        .texts("channels", |e| e.channels.join(" "))
        .texts("extreme_channel", |e| e.extreme_channel.clone())
        .numbers("start_s", |e| e.start_s)
        .moments("start", |e| moment(f, e.start_s))
        .numbers("duration_s", |e| e.duration_s)
        .numbers("delta_steady_v", |e| e.delta_steady_v)
        .numbers("delta_steady_pct", |e| e.delta_steady_pct)
        .numbers("delta_max_v", |e| e.delta_max_v)
        .numbers("delta_max_pct", |e| e.delta_max_pct)
        .texts("flags", |e| flags(e.flags))
        .truths("open", |e| e.open)
        .columns
}

fn bursts(f: &AnalysisOutput) -> Columns {
    Build::of(&f.happened.bursts)
        .numbers("hz", |b| b.hz)
        .texts("channel", |b| b.channel.clone())
        .numbers("start_s", |b| b.start_s)
        .moments("start", |b| moment(f, b.start_s))
        .numbers("duration_s", |b| b.duration_s)
        .numbers("largest_v", |b| b.largest_v)
        .numbers("largest_pct", |b| b.largest_pct)
        .texts("flags", |b| flags(b.flags))
        .truths("open", |b| b.open)
        .columns
}

fn supraharmonics(f: &AnalysisOutput) -> Columns {
    let mut rows = Vec::new();
    for (s, c) in f.supraharmonics.iter().flat_map(|s| s.channels.iter().map(move |c| (s, c))) {
        let mut add = |(start_s, flag): (f64, String), low: &[f64], high: [&[f64]; 3]| {
            let low = s.low_hz.iter().zip(low).map(|(hz, mean)| [*hz, f64::NAN, *mean, f64::NAN]);
            let high = s.high_hz.iter().enumerate().map(|(k, hz)| [*hz, high[0][k], high[1][k], high[2][k]]);
            rows.extend(low.chain(high).map(|values| (&c.channel, start_s, values, flag.clone())));
        };
        match &c.intervals {
            None => add((0.0, String::new()), &c.low_mean, [&c.high_min, &c.high_mean, &c.high_max]),
            Some(x) => {
                for (k, start_s) in f.intervals.start_s.iter().enumerate() {
                    let high = [&x.high_min[k][..], &x.high_mean[k], &x.high_max[k]];
                    add((*start_s, flags(f.intervals.flags[k])), &x.low[k], high);
                }
            }
        }
    }
    Build::of(&rows)
        .texts("channel", |r| r.0.clone())
        .numbers("start_s", |r| r.1)
        .moments("start", |r| moment(f, r.1))
        .numbers("hz", |r| r.2[0])
        .numbers("min", |r| r.2[1])
        .numbers("mean", |r| r.2[2])
        .numbers("max", |r| r.2[3])
        .texts("flags", |r| r.3.clone())
        .columns
}

fn transients(f: &AnalysisOutput) -> Columns {
    Build::of(&f.happened.transients)
        .texts("kind", |t| word(t.kind))
        .texts("band", |t| t.band.map_or(String::new(), word))
        .texts("channel", |t| t.channel.clone())
        .texts("channels", |t| t.channels.join(" "))
        .numbers("start_s", |t| t.start_s)
        .moments("start", |t| moment(f, t.start_s))
        .numbers("duration_s", |t| t.duration_s)
        .numbers("peak_v", |t| t.peak_v)
        .numbers("peak_pu", |t| t.peak_pu)
        .numbers("rise_s", |t| t.rise_s)
        .numbers("ringing_hz", |t| t.ringing_hz)
        .numbers("decay_s", |t| t.decay_s)
        .numbers("polarity", |t| f64::from(t.polarity))
        .truths("towards_zero", |t| t.towards_zero)
        .numbers("point_on_wave_deg", |t| t.point_on_wave_deg)
        .numbers("volt_seconds", |t| t.volt_seconds)
        .numbers("energy_v2s", |t| t.energy_v2s)
        .counts("per_cycle", |t| t.per_cycle.into())
        .truths("clipped", |t| t.clipped)
        .truths("resolvable", |t| t.resolvable)
        .columns
}
