//! Columns of numbers that say little about themselves: what the caller adds turns them into channels.

use kilat_core::capture::{guess_kind, guess_phase};
use kilat_core::{Capture, Channel, Error, Result, SampleKind, SampleRate};

use crate::{ChannelMap, ReadOptions, SampleAxis};

/// Attributes and arrays that hold a rate in hertz.
pub(crate) const RATES: [&str; 14] = [
    "sample_rate",
    "sampling_rate",
    "samplerate",
    "sample_rate_hz",
    "sampling_rate_hz",
    "sampling_frequency",
    "sample_frequency",
    "samples_per_second",
    "SampleRate",
    "fs",
    "Fs",
    "fs_hz",
    "rate",
    "frequency",
];

/// Attributes and arrays that hold the seconds between two samples.
pub(crate) const INTERVALS: [&str; 6] =
    ["dt", "delta_t", "sampling_interval", "sample_interval", "sample_period", "wf_increment"];

/// `frequency` and `rate` below this may as well be those of the network.
pub(crate) const LOWEST_VAGUE_RATE_HZ: f64 = 200.0;

/// Attributes and arrays that hold a start: text in ISO 8601 or seconds since 1970.
pub(crate) const STARTS: [&str; 6] = ["start", "start_time", "starttime", "timestamp", "t0", "wf_start_time"];

/// Names, in lower case, of datasets and arrays of times.
pub(crate) const TIMES: [&str; 5] = ["time", "t", "times", "timestamp", "timestamps"];

/// The channels that `map` asks for, in its order; all of `columns` when it asks for none.
///
/// A `source` is matched against the names exactly, then ignoring case, then as a number from 0; `numbers` gives the
/// number of each column in the file. `dataset:column` is a name like any other.
pub(crate) fn choose(
    columns: Vec<Channel>,
    numbers: &[usize],
    map: &[ChannelMap],
    part: &str,
) -> Result<Vec<Channel>> {
    if map.is_empty() {
        return Ok(columns);
    }
    map.iter()
        .map(|m| {
            let wanted = m.source.trim();
            let number = wanted.parse::<usize>().ok();
            let found = columns
                .iter()
                .position(|c| c.name == wanted)
                .or_else(|| columns.iter().position(|c| c.name.eq_ignore_ascii_case(wanted)))
                .or_else(|| numbers.iter().position(|n| Some(*n) == number));
            let column = found.and_then(|i| columns.get(i)).ok_or_else(|| {
                let names: Vec<_> =
                    columns.iter().zip(numbers).map(|(c, n)| format!("{n} `{}`", c.name)).collect();
                let expected = format!("one of {}", names.join(", "));
                Error::mismatch(format!("{part}: option map: source"), expected, format!("`{wanted}`"))
            })?;
            Ok(described(column.clone(), m))
        })
        .collect()
}

/// `column` as `map` describes it; what it leaves open stays as in the file.
pub(crate) fn described(mut column: Channel, map: &ChannelMap) -> Channel {
    if map.name.is_some() || map.unit.is_some() {
        column.name = map.name.clone().unwrap_or(column.name);
        column.unit = map.unit.clone().unwrap_or(column.unit);
        column.kind = guess_kind(&column.name, &column.unit);
        column.phase = guess_phase(&column.name).or(column.phase);
    }
    column.phase = map.phase.or(column.phase);
    column.scale = map.scale.unwrap_or(column.scale);
    column.offset = map.offset.unwrap_or(column.offset);
    column
}

/// The rate the caller gives, for a file that states none.
pub(crate) fn given_rate(options: &ReadOptions, part: &str, why: &str) -> Result<SampleRate> {
    let hz = options.sample_rate_hz.ok_or_else(|| {
        Error::config(
            "sample_rate_hz",
            format!("{part}: {why}; give the rate in this option, for instance 6400"),
        )
    })?;
    SampleRate::from_hz(hz)
}

/// Which axis of a `(rows, columns)` array runs over the samples, when its shape or the caller settles it.
///
/// A shape settles it when one side is 1, or at most 64 while the other is more than 16 times as long: nobody
/// records a few samples of hundreds of channels.
pub(crate) fn sample_axis(
    options: &ReadOptions,
    rows: usize,
    columns: usize,
    part: &str,
) -> Result<SampleAxis> {
    let few = |channels: usize, n: usize| channels == 1 || (channels <= 64 && n / 16 > channels);
    match (options.axis, few(columns, rows), few(rows, columns)) {
        (Some(axis), ..) => Ok(axis),
        (None, true, false) => Ok(SampleAxis::Rows),
        (None, false, true) => Ok(SampleAxis::Columns),
        _ => Err(Error::config(
            "axis",
            format!(
                "{part}: the shape ({rows}, {columns}) does not say which axis runs over the samples; \
                 say rows for (n, channels) or columns for (channels, n)"
            ),
        )),
    }
}

/// What a format of bare values cannot hold of `capture`, a line each; only what is really there.
pub(crate) fn lost_beside_values(capture: &Capture) -> Vec<String> {
    let channels = capture.channels();
    let facts = [
        (capture.time().start().is_some(), "start of the recording"),
        (capture.time().segments().len() > 1, "gaps and changes of rate as such"),
        (capture.trigger.is_some(), "moment of the trigger"),
        (capture.nominal_frequency_hz.is_some(), "nominal frequency"),
        (!capture.station.is_empty() || !capture.device.is_empty(), "station and device"),
        (!capture.digital.is_empty(), "status channels"),
        (!capture.notes.is_empty(), "notes"),
        (!capture.warnings.is_empty(), "warnings of the reader"),
        (channels.iter().any(|c| c.transformer.is_some()), "transformer ratios"),
        (channels.iter().any(|c| c.skew_s != 0.0), "skew of channels"),
        (channels.iter().any(|c| c.range.is_some()), "range of the converter"),
        (
            channels.iter().any(|c| (c.scale, c.offset) != (1.0, 0.0) || c.samples.kind() != SampleKind::F64),
            "codes as stored: values are written in engineering units",
        ),
    ];
    facts.iter().filter(|(there, _)| *there).map(|(_, what)| (*what).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kilat_core::{Kind, Phase};

    fn columns() -> Vec<Channel> {
        ["Ua", "ib", "x"].map(|n| Channel::new(n, "", vec![1.0f64])).to_vec()
    }

    #[test]
    fn a_map_names_columns_by_title_or_number_and_describes_them() {
        let by = |source: &str| ChannelMap { source: source.into(), ..ChannelMap::default() };
        let out = choose(columns(), &[1, 2, 5], &[by("5"), by("UA")], "f").unwrap();
        assert_eq!((out[0].name.as_str(), out[1].name.as_str()), ("x", "Ua"));
        let map = ChannelMap {
            source: "x".into(),
            name: Some("line".into()),
            unit: Some("kV".into()),
            phase: Some(Phase::AB),
            scale: Some(2.0),
            offset: Some(1.0),
        };
        let c = &choose(columns(), &[1, 2, 5], &[map], "f").unwrap()[0];
        assert_eq!((c.kind, c.phase, c.values(0..1).unwrap()[0]), (Kind::Voltage, Some(Phase::AB), 3.0));
        let message = choose(columns(), &[1, 2, 5], &[by("y")], "f").unwrap_err().to_string();
        assert_eq!(message, "f: option map: source: expected one of 1 `Ua`, 2 `ib`, 5 `x`, found `y`");
    }

    #[test]
    fn a_shape_decides_the_axis_only_when_it_must() {
        let axis = |r, c| sample_axis(&ReadOptions::default(), r, c, "f").ok();
        assert_eq!(axis(1000, 2), Some(SampleAxis::Rows));
        assert_eq!(axis(3, 1000), Some(SampleAxis::Columns));
        assert_eq!(axis(1, 5), Some(SampleAxis::Columns));
        assert_eq!(
            (axis(30, 2), axis(100, 100), axis(2000, 65), axis(1, 1), axis(0, 0)),
            (None, None, None, None, None)
        );
        let given = ReadOptions { axis: Some(SampleAxis::Columns), ..ReadOptions::default() };
        assert_eq!(sample_axis(&given, 100, 100, "f").unwrap(), SampleAxis::Columns);
    }
}
