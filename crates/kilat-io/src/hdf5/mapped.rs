//! Anyone's HDF5: datasets become channels as the caller says, or as they are when only one reading is possible.

use std::collections::BTreeMap;

use kilat_core::{
    Capture, Channel, Error, Phase, Result, SampleRate, SamplesRef, TimeBase, Timestamp, Warning,
};

use super::container::{Array, Container};
use crate::columns::{
    INTERVALS, LOWEST_VAGUE_RATE_HZ, RATES, STARTS, TIMES, described, given_rate, sample_axis,
};
use crate::time_column::{MOST_SECONDS, of_seconds};
use crate::{ChannelMap, ReadOptions, SampleAxis};

pub(super) fn read(container: &Container, options: &ReadOptions) -> Result<Capture> {
    let (arrays, failed) = container.arrays();
    let (times, values): (Vec<&Array>, Vec<&Array>) = arrays.iter().partition(|a| is_time(a));
    let mut channels = Vec::new();
    let mut used: Vec<&Array> = Vec::new();
    if options.map.is_empty() {
        for array in only_reading(&values, container, &failed)? {
            used.push(array);
            channels.extend(all_columns(array, options, &container.part)?);
        }
    } else {
        let mut opened = BTreeMap::new();
        for map in &options.map {
            let (array, column) = find(map, &arrays, container, &failed)?;
            if !opened.contains_key(array.path.as_str()) {
                opened.insert(array.path.as_str(), all_columns(array, options, &container.part)?);
            }
            let column = the_column(&opened[array.path.as_str()], column, map, &container.part)?;
            used.push(array);
            channels.push(described(column.clone(), map));
        }
    }
    let n = channels.first().map_or(0, Channel::len) as u64;
    let (time, warnings) = time_of(container, &used, &times, n, options)?;
    let mut capture = Capture::new(time, channels)?;
    capture.format = "HDF5".into();
    capture.warnings = warnings;
    // What cannot be read was not asked for, but is not passed over in silence either.
    let unread = failed.iter().map(|e| Warning::new(&container.part, format!("left out: {e}")));
    capture.warnings.extend(unread);
    Ok(capture)
}

fn is_time(array: &Array) -> bool {
    let leaf = array.path.rsplit('/').next().unwrap_or_default().to_lowercase();
    array.shape.len() == 1 && TIMES.contains(&leaf.as_str())
}

/// The datasets, when they can be meant in one way only: all of one length, or a single two-dimensional one.
fn only_reading<'a>(values: &[&'a Array], container: &Container, failed: &[Error]) -> Result<Vec<&'a Array>> {
    let lines: Vec<&Array> = values.iter().copied().filter(|a| a.shape.len() == 1).collect();
    let same_length = lines.windows(2).all(|w| w[0].shape == w[1].shape);
    match values {
        [one] if (1..=2).contains(&one.shape.len()) => Ok(vec![one]),
        [_, ..] if lines.len() == values.len() && same_length => Ok(lines),
        _ => Err(unclear(container, values, failed, "it is not clear which datasets are channels")),
    }
}

fn unclear(container: &Container, arrays: &[&Array], failed: &[Error], what: &str) -> Error {
    let mut found: Vec<String> = arrays.iter().map(|a| a.describe()).collect();
    found.extend(failed.iter().map(ToString::to_string));
    let found = if found.is_empty() { "none with numbers".into() } else { found.join(", ") };
    Error::config(
        "map",
        format!(
            "{}: {what}; name them in this option as `path`, or `path:column` for one column of a two-dimensional \
             dataset; datasets found: {found}",
            container.part
        ),
    )
}

/// The dataset that `map` names, and its column when it names one.
fn find<'a>(
    map: &ChannelMap,
    arrays: &'a [Array],
    container: &Container,
    failed: &[Error],
) -> Result<(&'a Array, Option<usize>)> {
    let wanted = map.source.trim().trim_start_matches('/');
    let by_path = |path: &str| arrays.iter().find(|a| a.path == path);
    let missing = || {
        let all: Vec<&Array> = arrays.iter().collect();
        unclear(container, &all, failed, &format!("no dataset fits `{}`", map.source))
    };
    if let Some(array) = by_path(wanted) {
        return Ok((array, None));
    }
    let (path, column) = wanted.rsplit_once(':').ok_or_else(missing)?;
    let column = column.trim().parse().map_err(|_| missing())?;
    Ok((by_path(path).ok_or_else(missing)?, Some(column)))
}

/// The column that `map` names; it must name one unless there is only one.
fn the_column<'a>(
    columns: &'a [Channel],
    named: Option<usize>,
    map: &ChannelMap,
    part: &str,
) -> Result<&'a Channel> {
    let column = match (named, columns) {
        (Some(named), _) => columns.get(named),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    column.ok_or_else(|| {
        let expected = format!("`path:column` with a column of 0 to {}", columns.len().saturating_sub(1));
        Error::mismatch(format!("{part}: option map: source"), expected, format!("`{}`", map.source))
    })
}

/// Every channel of a dataset of one or two dimensions, with what its attributes say.
fn all_columns(array: &Array, options: &ReadOptions, part: &str) -> Result<Vec<Channel>> {
    let axis = match array.shape[..] {
        [_] => None,
        [rows, columns] => Some((sample_axis(options, rows, columns, part)?, rows, columns)),
        _ => {
            return Err(Error::Unsupported {
                part: part.into(),
                what: format!("the dataset {}", array.describe()),
                hint: "store it in one or two dimensions".into(),
            });
        }
    };
    let text = |names: &[&str]| names.iter().find_map(|n| array.attr_text(n));
    let number = |names: &[&str]| names.iter().find_map(|n| array.attr(n));
    let unit = text(&["unit", "units", "Unit", "Units", "unit_string"]).unwrap_or_default();
    let scale = number(&["scale", "scale_factor", "calibration_factor", "gain"]).unwrap_or(1.0);
    let offset = number(&["offset", "add_offset"]).unwrap_or(0.0);
    let phase = text(&["phase", "Phase"]).and_then(|t| Phase::parse(&t));
    let channel = |name: String, samples| {
        let mut channel = Channel::new(name, unit.as_str(), samples).with_scale(scale, offset);
        channel.phase = phase.or(channel.phase);
        channel
    };
    let size = array.number.map_or(1, |(element, _)| element.size());
    match axis {
        None => Ok(vec![channel(array.path.clone(), array.samples()?)]),
        Some((SampleAxis::Rows, _, columns)) => {
            let bytes = array.bytes()?;
            let column = |c| Ok(channel(format!("{}:{c}", array.path), array.column(&bytes, c, columns)?));
            (0..columns).map(column).collect()
        }
        Some((SampleAxis::Columns, rows, columns)) => {
            let bytes = array.bytes()?;
            let row = |r: usize| {
                let bytes = bytes.get(r * columns * size..(r + 1) * columns * size).unwrap_or_default();
                Ok(channel(format!("{}:{r}", array.path), array.column(bytes, 0, 1)?))
            };
            (0..rows).map(row).collect()
        }
    }
}

/// Time base from a rate attribute, from a dataset of times beside the values, or from the caller.
fn time_of(
    container: &Container,
    used: &[&Array],
    times: &[&Array],
    n: u64,
    options: &ReadOptions,
) -> Result<(TimeBase, Vec<Warning>)> {
    let start = used.iter().find_map(|a| start(a, container)).or(options.start);
    let mut stated = None;
    for array in used {
        let Some(hz) = rate(array, container) else { continue };
        match stated {
            Some(other) if other != hz => {
                let expected = format!("one rate for all channels ({other} Hz)");
                return Err(Error::mismatch(
                    format!("{}: rate of `{}`", container.part, array.path),
                    expected,
                    hz,
                ));
            }
            _ => stated = Some(hz),
        }
    }
    if let Some(hz) = stated {
        let mut warnings = Vec::new();
        if let Some(option) = options.sample_rate_hz.filter(|o| (o / hz - 1.0).abs() > 1e-6) {
            let message = format!("the option says {option} Hz, the file {hz} Hz; the file's is used");
            warnings.push(Warning::new(&container.part, message));
        }
        return Ok((TimeBase::uniform(SampleRate::from_hz(hz)?, n, start), warnings));
    }
    if let Some(array) = times.iter().find(|t| t.shape[0] as u64 == n && n > 1)
        && let Some(SamplesRef::F64(seconds)) = array.samples()?.as_ref()
        && seconds.iter().all(|s| s.abs() < MOST_SECONDS)
    {
        let at = format!("{}: dataset `{}`", container.part, array.path);
        return of_seconds(seconds.iter().copied(), start, &at);
    }
    let rate = given_rate(options, &container.part, "no attribute and no dataset of times state a rate")?;
    Ok((TimeBase::uniform(rate, n, start), Vec::new()))
}

/// The dataset's own attribute, else that of the groups it lies in, nearest first.
fn nearest<T>(
    array: &Array,
    own: impl Fn(&Array) -> Option<T>,
    of_group: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    own(array).or_else(|| {
        let mut group = array.path.as_str();
        loop {
            group = group.rsplit_once('/').map_or("", |(parent, _)| parent);
            let found = of_group(group);
            if found.is_some() || group.is_empty() {
                return found;
            }
        }
    })
}

fn rate(array: &Array, container: &Container) -> Option<f64> {
    let hertz = |get: &dyn Fn(&str) -> Option<f64>| {
        let clear =
            |name: &str, hz: &f64| !matches!(name, "frequency" | "rate") || *hz >= LOWEST_VAGUE_RATE_HZ;
        let rate = RATES.iter().find_map(|name| get(name).filter(|hz| clear(name, hz)));
        rate.or_else(|| INTERVALS.iter().find_map(|name| get(name)).map(f64::recip)).filter(|hz| *hz > 0.0)
    };
    nearest(array, |a| hertz(&|name| a.attr(name)), |group| hertz(&|name| container.number(group, name)))
}

fn start(array: &Array, container: &Container) -> Option<Timestamp> {
    let moment = |text: Option<String>, number: Option<f64>| {
        let by_number = number.filter(|s| (1e8..4e9).contains(s)).map(|s| Timestamp(0).plus_seconds(s));
        text.and_then(|t| t.trim().parse().ok()).or(by_number)
    };
    nearest(
        array,
        |a| STARTS.iter().find_map(|name| moment(a.attr_text(name), a.attr(name))),
        |group| {
            STARTS.iter().find_map(|name| moment(container.text(group, name), container.number(group, name)))
        },
    )
}
