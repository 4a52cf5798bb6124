//! aggregates/*.parquet: what is measured all the time, in tables of some hours each.
//!
//! Which rows make a file is decided by the rows alone. So a file that was written before a kill, but after the checkpoint, is
//! written again with the same name and content.

use std::fs::File;
use std::iter::once;
use std::path::{Path, PathBuf};

use kilat::engine::live::{Output, OwnedInterval, Value};
use kilat::engine::plan::Plan;
use kilat::engine::sink::{Period, Term};
use kilat::io::table::{self, Column, Table};
use kilat::output::period_name;
use kilat::{Error, Flags, Kind, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::state::sync_dir;

/// One result: an aggregate, a 10-s frequency, a Pst or Plt.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    sequence: u64,
    period: String,
    time: Timestamp,
    dated: bool,
    start_sample: f64,
    stop_sample: f64,
    flags: Flags,
    /// One value per title; NaN for what the result is not about.
    values: Vec<f64>,
}

/// The rows that wait for their file to be full.
pub struct Aggregates {
    dir: PathBuf,
    segment_s: f64,
    titles: Vec<String>,
    pub rows: Vec<Row>,
}

impl Aggregates {
    /// Goes on with `rows`, in files of `segment_s` seconds of signal.
    pub fn open(dir: PathBuf, plan: &Plan, segment_s: f64, rows: Vec<Row>) -> Result<Self> {
        std::fs::create_dir_all(&dir).map_err(|e| Error::io(&dir, e))?;
        Ok(Self { dir, segment_s, titles: titles(plan), rows })
    }

    /// Takes one result, if it belongs here; writes the file that it fills.
    pub fn add(&mut self, plan: &Plan, dated: bool, output: &Output) -> Result<()> {
        let (period, span, values) = match &output.value {
            Value::Interval(i) if i.period != Period::Basic => {
                (period_name(i.period), (i.start_sample, i.stop_sample, i.flags), interval(plan, i))
            }
            Value::Frequency(v) => ("10s", (v.start_sample, v.stop_sample, v.flags), vec![v.hz]),
            Value::Flicker(v) => {
                let quantity = if v.term == Term::Short { "pst" } else { "plt" };
                let period = if v.term == Term::Short { Period::TenMinutes } else { Period::TwoHours };
                let title = format!("{} {quantity}", plan.channels[v.channel].info.name);
                let values = self.titles.iter().map(|t| if *t == title { v.severity } else { f64::NAN });
                (period_name(period), (v.start_sample, v.stop_sample, v.flags), values.collect())
            }
            _ => return Ok(()),
        };
        let mut row = Row {
            sequence: output.sequence,
            period: period.to_owned(),
            time: output.time,
            dated,
            start_sample: span.0,
            stop_sample: span.1,
            flags: span.2,
            values,
        };
        row.values.resize(self.titles.len(), f64::NAN);
        self.rows.push(row);
        let covered_s = output.time.seconds_since(self.rows[0].time);
        if covered_s >= self.segment_s { self.close() } else { Ok(()) }
    }

    /// Writes the file of the rows that wait, whether it is full or not.
    pub fn close(&mut self) -> Result<()> {
        let Some(first) = self.rows.first() else { return Ok(()) };
        let path = self.dir.join(format!("{:020}.parquet", first.sequence));
        table::write_rows(once(Ok(self.table())), &[("kilat", env!("CARGO_PKG_VERSION").to_owned())], &path)?;
        on_disk(&path).map_err(|e| Error::io(&path, e))?;
        self.rows.clear();
        Ok(())
    }

    fn table(&self) -> Table {
        let rows = &self.rows;
        let flags = |f: Flags| f.iter_names().map(|(n, _)| n.to_lowercase()).collect::<Vec<_>>().join(" ");
        let mut columns = vec![
            ("sequence".into(), Column::Counts(rows.iter().map(|r| r.sequence).collect())),
            ("period".into(), Column::Texts(rows.iter().map(|r| r.period.clone()).collect())),
            ("time".into(), Column::Moments(rows.iter().map(|r| Some(r.time).filter(|_| r.dated)).collect())),
            ("start_sample".into(), Column::Numbers(rows.iter().map(|r| r.start_sample).collect())),
            ("stop_sample".into(), Column::Numbers(rows.iter().map(|r| r.stop_sample).collect())),
            ("flags".into(), Column::Texts(rows.iter().map(|r| flags(r.flags)).collect())),
        ];
        for (k, title) in self.titles.iter().enumerate() {
            columns.push((title.clone(), Column::Numbers(rows.iter().map(|r| r.values[k]).collect())));
        }
        Table { name: "aggregates".into(), columns }
    }
}

/// Titles of the values, named as in the tables of an analysis.
fn titles(plan: &Plan) -> Vec<String> {
    let mut titles = vec!["frequency_hz".to_owned()];
    for c in plan.channels.iter().map(|c| &c.info) {
        let unit = if c.kind == Kind::Voltage { "v" } else { "a" };
        titles.extend([format!("{} rms_{unit}", c.name), format!("{} thd_subgroup_pct", c.name)]);
    }
    titles.extend(["u2_pct", "u0_pct", "i2_pct", "i0_pct"].map(str::to_owned));
    for (u, i) in &plan.pairs {
        let (u, i) = (&plan.channels[*u].info.name, &plan.channels[*i].info.name);
        titles.extend(["p_w", "q1_var", "s_va"].map(|quantity| format!("{u} {i} {quantity}")));
    }
    for c in plan.channels.iter().map(|c| &c.info).filter(|c| c.kind == Kind::Voltage) {
        titles.extend(["pst", "plt"].map(|quantity| format!("{} {quantity}", c.name)));
    }
    titles
}

/// The values of an aggregate, in the order of [`titles`]; those after the powers are not its own.
fn interval(plan: &Plan, i: &OwnedInterval) -> Vec<f64> {
    let mut values = vec![i.frequency_hz];
    values.extend(i.channels.iter().flat_map(|m| [m.rms, m.spectrum.thd_subgroup_pct]));
    values.extend([i.system.u2_pct, i.system.u0_pct, i.system.i2_pct, i.system.i0_pct]);
    debug_assert_eq!(i.system.pairs.len(), plan.pairs.len());
    values.extend(i.system.pairs.iter().flat_map(|p| [p.p_w, p.q1_var, p.s_va]));
    values
}

/// Puts a file that was renamed into its place on the disk.
fn on_disk(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_dir(path)
}
