//! CSV: one table of one or more analyses, a row per interval, half cycle, event or transient.

use kilat_core::engine::sink::Period;
use kilat_core::pq::power::system::SystemColumns;
use kilat_core::{Error, Flags, Result, Timestamp};
use serde::Serialize;

use super::{AnalysisOutput, ChannelColumns, IntervalColumns, PairColumns, period_name};

/// A table that can be written as CSV.
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

/// `table` of all `files` as CSV. The first column names the file; a field without a value is empty.
///
/// # Errors
/// [`Error::Mismatch`] when two files have different channels, for a table with columns per channel.
pub fn csv(files: &[AnalysisOutput], table: Table) -> Result<String> {
    let mut header: Vec<String> = Vec::new();
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for f in files {
        let (titles, rows) = match table {
            Table::Intervals(period) => intervals(f, period),
            Table::HalfCycles => half_cycles(f),
            Table::Frequency => frequency(f),
            Table::Flicker => flicker(f),
            Table::Events => events(f),
            Table::Rvc => rvc(f),
            Table::Bursts => bursts(f),
            Table::Supraharmonics => supraharmonics(f),
            Table::Transients => transients(f),
        };
        if header.is_empty() {
            writer
                .write_record(std::iter::once("file").chain(titles.iter().map(String::as_str)))
                .map_err(failed)?;
            header = titles;
        } else if header != titles {
            let what = format!("columns of {}", f.origin.file);
            return Err(Error::mismatch(what, header.join(", "), titles.join(", ")));
        }
        for row in rows {
            writer.write_record(std::iter::once(&f.origin.file).chain(&row)).map_err(failed)?;
        }
    }
    let bytes = writer.into_inner().map_err(failed)?;
    String::from_utf8(bytes).map_err(failed)
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::config("CSV", e.to_string())
}

type Rows = (Vec<String>, Vec<Vec<String>>);

fn number(v: f64) -> String {
    if v.is_finite() { v.to_string() } else { String::new() }
}

fn moment(f: &AnalysisOutput, seconds: f64) -> String {
    f.origin.start.map_or(String::new(), |t: Timestamp| t.plus_seconds(seconds).to_string())
}

fn flags(flags: Flags) -> String {
    flags.iter_names().map(|(name, _)| name.to_ascii_lowercase()).collect::<Vec<_>>().join(" ")
}

/// A word of the document: the name that JSON gives to a variant.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn intervals(f: &AnalysisOutput, period: Period) -> Rows {
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
) -> Rows {
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
    let titles = ["start_s", "start", "stamp_s", "stamp", "cycles", "basics"].map(str::to_owned).into_iter();
    let titles = titles.chain(columns.iter().map(|(title, _)| title.clone())).chain(["flags".to_owned()]);
    let row = |k: usize| {
        let (start_s, stamp) = (i.start_s[k], i.stamp.get(k).map_or(String::new(), ToString::to_string));
        let values = columns.iter().map(|(_, x)| x.get(k).map_or(String::new(), |v| number(*v)));
        [number(start_s), moment(f, start_s), number(i.stamp_s[k]), stamp]
            .into_iter()
            .chain([i.cycles[k].to_string(), i.basics[k].to_string()])
            .chain(values)
            .chain([flags(i.flags[k])])
            .collect()
    };
    (titles.collect(), (0..i.start_s.len()).map(row).collect())
}

fn titled(titles: &[&str], rows: Vec<Vec<String>>) -> Rows {
    (titles.iter().map(|t| (*t).to_owned()).collect(), rows)
}

fn half_cycles(f: &AnalysisOutput) -> Rows {
    let mut rows = Vec::new();
    for c in &f.channels {
        let Some(h) = &c.half_cycles else { continue };
        for ((&s, &u), &flag) in h.start_s.iter().zip(&h.u_rms_v).zip(&h.flags) {
            rows.push(vec![c.measured.name.clone(), number(s), moment(f, s), number(u), flags(flag)]);
        }
    }
    titled(&["channel", "start_s", "start", "u_rms_v", "flags"], rows)
}

fn frequency(f: &AnalysisOutput) -> Rows {
    let x = &f.frequency;
    let rows = x.start_s.iter().zip(&x.hz).zip(&x.flags);
    let row =
        |((&s, &hz), &flag): ((&f64, &f64), &Flags)| vec![number(s), moment(f, s), number(hz), flags(flag)];
    titled(&["start_s", "start", "frequency_hz", "flags"], rows.map(row).collect())
}

fn flicker(f: &AnalysisOutput) -> Rows {
    let mut rows = Vec::new();
    for c in &f.channels {
        let Some(flicker) = &c.flicker else { continue };
        for (quantity, t) in [("pst", &flicker.pst), ("plt", &flicker.plt)] {
            for ((&s, &severity), &flag) in t.start_s.iter().zip(&t.severity).zip(&t.flags) {
                let value = number(severity);
                rows.push(vec![
                    c.measured.name.clone(),
                    quantity.into(),
                    number(s),
                    moment(f, s),
                    value,
                    flags(flag),
                ]);
            }
        }
    }
    titled(&["channel", "quantity", "start_s", "start", "severity", "flags"], rows)
}

fn events(f: &AnalysisOutput) -> Rows {
    let row = |e: &super::EventOutput| {
        vec![
            word(e.kind),
            e.polyphase.to_string(),
            e.channels.join(" "),
            e.extreme_channel.clone(),
            number(e.start_s),
            moment(f, e.start_s),
            number(e.duration_s),
            number(e.residual_v),
            number(e.magnitude_pu),
            number(e.depth_pct),
            e.category.to_owned(),
            word(e.itic),
            flags(e.flags),
            e.open.to_string(),
        ]
    };
    let titles = [
        "kind",
        "polyphase",
        "channels",
        "extreme_channel",
        "start_s",
        "start",
        "duration_s",
        "residual_v",
        "magnitude_pu",
        "depth_pct",
        "category",
        "itic",
        "flags",
        "open",
    ];
    titled(&titles, f.events.iter().map(row).collect())
}

fn rvc(f: &AnalysisOutput) -> Rows {
    let row = |e: &super::RapidChangeOutput| {
        vec![
            e.channels.join(" "),
            e.extreme_channel.clone(),
            number(e.start_s),
            moment(f, e.start_s),
            number(e.duration_s),
            number(e.delta_steady_v),
            number(e.delta_steady_pct),
            number(e.delta_max_v),
            number(e.delta_max_pct),
            flags(e.flags),
            e.open.to_string(),
        ]
    };
    let titles = [
        "channels",
        "extreme_channel",
        "start_s",
        "start",
        "duration_s",
        "delta_steady_v",
        "delta_steady_pct",
        "delta_max_v",
        "delta_max_pct",
        "flags",
        "open",
    ];
    titled(&titles, f.rvc.iter().map(row).collect())
}

fn bursts(f: &AnalysisOutput) -> Rows {
    let row = |b: &super::BurstOutput| {
        vec![
            number(b.hz),
            b.channel.clone(),
            number(b.start_s),
            moment(f, b.start_s),
            number(b.duration_s),
            number(b.largest_v),
            number(b.largest_pct),
            flags(b.flags),
            b.open.to_string(),
        ]
    };
    let titles =
        ["hz", "channel", "start_s", "start", "duration_s", "largest_v", "largest_pct", "flags", "open"];
    titled(&titles, f.bursts.iter().map(row).collect())
}

fn supraharmonics(f: &AnalysisOutput) -> Rows {
    let mut rows = Vec::new();
    for (s, c) in f.supraharmonics.iter().flat_map(|s| s.channels.iter().map(move |c| (s, c))) {
        let mut add = |(start_s, flag): (f64, String), low: &[f64], high: [&[f64]; 3]| {
            let place = [c.channel.clone(), number(start_s), moment(f, start_s)];
            let low = s.low_hz.iter().zip(low).map(|(hz, mean)| [*hz, f64::NAN, *mean, f64::NAN]);
            let high = s.high_hz.iter().enumerate().map(|(k, hz)| [*hz, high[0][k], high[1][k], high[2][k]]);
            for values in low.chain(high) {
                let cells = place.iter().cloned().chain(values.map(number)).chain([flag.clone()]);
                rows.push(cells.collect());
            }
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
    titled(&["channel", "start_s", "start", "hz", "min", "mean", "max", "flags"], rows)
}

fn transients(f: &AnalysisOutput) -> Rows {
    let row = |t: &super::TransientOutput| {
        vec![
            word(t.kind),
            t.channel.clone(),
            number(t.start_s),
            moment(f, t.start_s),
            number(t.duration_s),
            number(t.peak_v),
            number(t.peak_pu),
            number(t.rise_s),
            number(t.ringing_hz),
            t.polarity.to_string(),
            t.clipped.to_string(),
            t.resolvable.to_string(),
        ]
    };
    let titles = [
        "kind",
        "channel",
        "start_s",
        "start",
        "duration_s",
        "peak_v",
        "peak_pu",
        "rise_s",
        "ringing_hz",
        "polarity",
        "clipped",
        "resolvable",
    ];
    titled(&titles, f.transients.iter().map(row).collect())
}
