//! Observations described, and as a table: a row per channel and value.

use std::collections::HashSet;
use std::sync::Arc;

use kilat_core::{Capture, Error, Result, TimeBase, Timestamp};
use kilat_io::{Observation, Observations, Series};
use serde::Serialize;

use super::CaptureInfo;

/// What one observation of a file is.
#[derive(Debug, Clone, Serialize)]
pub struct ObservationInfo {
    /// Number that names it in options.
    pub number: usize,
    /// Name as in the file.
    pub name: String,
    /// Kinds of data in it: `waveform`, `valuelog`, `histogram`.
    pub quantities: Vec<String>,
    /// Moment that its times count from.
    pub start: Option<Timestamp>,
    /// Moment of the trigger.
    pub trigger: Option<Timestamp>,
    /// Category of IEEE 1159; empty when not stated.
    pub disturbance: String,
    /// Names of its channels.
    pub channels: Vec<String>,
    /// Values of its longest channel.
    pub rows: usize,
}

/// Describes the observations of a file.
pub fn observations(all: &Observations) -> Vec<ObservationInfo> {
    let describe = |(number, o): (usize, &Observation)| {
        let mut quantities: Vec<String> = Vec::new();
        for c in &o.channels {
            if !quantities.iter().any(|q| **q == *c.quantity) {
                quantities.push(c.quantity.to_string());
            }
        }
        ObservationInfo {
            number,
            name: o.name.to_string(),
            quantities,
            start: o.start,
            trigger: o.trigger,
            disturbance: o.disturbance.to_string(),
            channels: o.channels.iter().map(|c| c.name.to_string()).collect(),
            rows: o.channels.iter().map(kilat_io::ObservedChannel::rows).max().unwrap_or(0),
        }
    };
    all.list.iter().enumerate().map(describe).collect()
}

/// Describes the file `source` of observations without waveforms; `reason` is why it could not be read as a capture.
pub fn only_observations(source: &str, all: &Observations, reason: &Error) -> Result<CaptureInfo> {
    let mut capture = Capture::new(TimeBase::default(), Vec::new())?;
    let first = all.list.first();
    capture.station = first.map_or(String::new(), |o| o.station.to_string());
    capture.device = first.map_or(String::new(), |o| o.device.to_string());
    capture.nominal_frequency_hz = first.and_then(|o| o.nominal_frequency_hz);
    source.clone_into(&mut capture.source);
    capture.format.clone_from(&all.format);
    capture.warnings.clone_from(&all.warnings);
    capture =
        capture.with_time(TimeBase::default().with_start(all.list.iter().filter_map(|o| o.start).min()))?;
    let (observations, unsupported) = (observations(all), Some(reason.to_string()));
    Ok(CaptureInfo { observations, unsupported, support: None, ..super::capture(&capture)? })
}

/// An observation as columns: the values of each channel follow those of the channel before.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservationTable {
    /// Moment that `time_s` counts from, when known.
    pub start: Option<Timestamp>,
    /// Name of the channel.
    pub channel: Vec<Arc<str>>,
    /// Its conductor, in the words of the file.
    pub phase: Vec<Arc<str>>,
    /// Its kind of data.
    pub quantity: Vec<Arc<str>>,
    /// Harmonic order, or other number within a group; NaN when not stated.
    pub group_id: Vec<f64>,
    /// The figure that its values are, such as `rms`.
    pub characteristic: Vec<Arc<str>>,
    /// Unit of its first series that is not the time.
    pub unit: Vec<Arc<str>>,
    /// Time, in seconds from `start`; NaN without one.
    pub time_s: Vec<f64>,
    /// A column for each type of values in the observation; NaN where a channel has none.
    pub values: Vec<(String, Vec<f64>)>,
}

/// Most cells of a table: channels of a hostile file may share one list of values, and a table holds a copy for each.
const MOST_CELLS: usize = 1 << 28;

impl ObservationTable {
    /// The table of `o`.
    ///
    /// # Errors
    /// [`Error::Limit`] above 2^28 cells.
    pub fn of(o: &Observation) -> Result<Self> {
        let rows = o.channels.iter().try_fold(0usize, |n, c| n.checked_add(c.rows())).unwrap_or(usize::MAX);
        let moments = || o.channels.iter().find_map(|c| c.series("time")?.moments()?.first().copied());
        let start = o.start.or_else(moments);
        let (mut types, mut seen): (Vec<&str>, HashSet<&str>) = Default::default();
        for s in o.channels.iter().flat_map(|c| &c.series).filter(|s| &*s.value_type != "time") {
            if seen.insert(&s.value_type) {
                types.push(&s.value_type);
            }
        }
        let cells = rows.saturating_mul(types.len() + 7);
        if cells > MOST_CELLS {
            let (limit, found) = (MOST_CELLS as u64, cells as u64);
            return Err(Error::Limit {
                part: o.name.to_string(),
                what: "number of cells".into(),
                limit,
                found,
            });
        }
        let mut out = Self {
            start,
            channel: Vec::new(),
            phase: Vec::new(),
            quantity: Vec::new(),
            group_id: Vec::new(),
            characteristic: Vec::new(),
            unit: Vec::new(),
            time_s: Vec::new(),
            values: types.iter().map(|t| ((*t).to_owned(), Vec::new())).collect(),
        };
        for c in &o.channels {
            let n = c.rows();
            let main = c.main_series();
            let (characteristic, unit) = main.map(|s| (&s.characteristic, &s.unit)).unzip();
            for (column, text) in [
                (&mut out.channel, Some(&c.name)),
                (&mut out.phase, Some(&c.phase)),
                (&mut out.quantity, Some(&c.quantity)),
                (&mut out.characteristic, characteristic),
                (&mut out.unit, unit),
            ] {
                column.extend(std::iter::repeat_n(text.cloned().unwrap_or_default(), n));
            }
            out.group_id.extend(std::iter::repeat_n(c.group_id.map_or(f64::NAN, f64::from), n));
            let seconds = |s: &Series| match s.moments() {
                Some(moments) => moments.iter().map(|t| t.seconds_since(start.unwrap_or_default())).collect(),
                None => s.values(),
            };
            let filled = |values: Option<Vec<f64>>| {
                let mut values = values.unwrap_or_default();
                values.resize(n, f64::NAN);
                values
            };
            out.time_s.extend(filled(c.series("time").map(seconds)));
            for (value_type, column) in &mut out.values {
                column.extend(filled(c.series(value_type).map(Series::values)));
            }
        }
        Ok(out)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.time_s.len()
    }

    /// True without a row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The table as CSV; a value that is not there is empty.
    pub fn csv(&self) -> Result<String> {
        let failed = |e: csv::Error| Error::config("CSV", e.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let titles = ["channel", "phase", "quantity", "group_id", "characteristic", "unit", "time_s", "time"]
            .into_iter();
        writer.write_record(titles.chain(self.values.iter().map(|(t, _)| t.as_str()))).map_err(failed)?;
        let number = |v: f64| if v.is_nan() { String::new() } else { v.to_string() };
        for k in 0..self.len() {
            let t = self.time_s[k];
            let moment =
                self.start.filter(|_| t.is_finite()).map_or(String::new(), |s| s.plus_seconds(t).to_string());
            let words = [&self.channel, &self.phase, &self.quantity].map(|w| w[k].to_string()).into_iter();
            let (characteristic, unit) = (self.characteristic[k].to_string(), self.unit[k].to_string());
            let row = words.chain([number(self.group_id[k]), characteristic, unit, number(t), moment]);
            writer.write_record(row.chain(self.values.iter().map(|(_, v)| number(v[k])))).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|e| Error::config("CSV", e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| Error::config("CSV", e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use kilat_io::ObservedChannel;

    use super::*;

    #[test]
    fn channels_of_different_shape_make_one_table() {
        let channel = |name: &str, series: Vec<Series>| ObservedChannel {
            name: name.into(),
            phase: "an".into(),
            quantity: "valuelog".into(),
            series,
            ..ObservedChannel::default()
        };
        let start = Timestamp(1_716_793_200_000_000_000);
        let trend = vec![
            Series::new("time", "s", "none", vec![0.0, 600.0]),
            Series::new("avg", "V", "rms", vec![230.0, 231.0]),
            Series::new("max", "V", "rms", vec![240.0]),
        ];
        let severity = vec![
            Series::of_moments("time", vec![start.plus_seconds(1.5)]),
            Series::new("val", "", "flkr_pst", vec![0.5]),
        ];
        let o = Observation {
            start: Some(start),
            channels: vec![
                ObservedChannel { group_id: Some(5), ..channel("Ua", trend) },
                channel("Pst", severity),
            ],
            ..Observation::default()
        };
        let table = ObservationTable::of(&o).unwrap();
        assert_eq!(table.time_s, [0.0, 600.0, 1.5]);
        assert_eq!(
            table.csv().unwrap(),
            "channel,phase,quantity,group_id,characteristic,unit,time_s,time,avg,max,val\n\
             Ua,an,valuelog,5,rms,V,0,2024-05-27T07:00:00Z,230,240,\n\
             Ua,an,valuelog,5,rms,V,600,2024-05-27T07:10:00Z,231,,\n\
             Pst,an,valuelog,,flkr_pst,,1.5,2024-05-27T07:00:01.5Z,,,0.5\n"
        );
    }
}
