//! A capture as a file: each segment is an observation, whose channels share one time series.

use std::path::Path;
use std::sync::Arc;

use kilat_core::capture::{Side, parse_unit};
use kilat_core::{
    Capture, Channel, Codes, Error, Kind, Phase, Result, SampleKind, Samples, SamplesRef, Segment, Timestamp,
};

use super::super::axis;
use super::super::characteristics::CHARACTERISTICS;
use super::super::element::Guid;
use super::super::logical::{ChannelDefinition, ChannelSetting, INCREMENT, SCALED, SeriesDefinition, VALUES};
use super::super::moment::Moment;
use super::super::tags;
use super::super::words::{self, MEASURED, QUANTITIES, TRIGGERS, UNITS, VALUE_TYPES};
use super::records::{self, Head};
use super::tree::{Chain, Node};
use crate::observation::here;
use crate::source::file_name;

/// Writes `capture`; returns a line for everything that the format cannot hold.
pub(in super::super) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    let part = file_name(path);
    if capture.channels().is_empty() && capture.digital.is_empty() {
        return Err(Error::mismatch(format!("{part}: channels to write"), "at least one", 0));
    }
    let mut lost = Vec::new();
    let columns = capture.channels().iter().map(|c| Column::of(c, &mut lost));
    let columns: Vec<Column<'_>> = columns.collect::<Result<_>>()?;
    let status = capture.digital.iter().map(|d| status_definition(&d.name, d.normal));
    let mut definitions: Vec<ChannelDefinition> =
        columns.iter().map(|c| definition(c)).chain(status).collect();
    // The first channel holds the times, the others refer to it.
    let origin = capture.time().start();
    lost.extend(lost_facts(capture));

    let mut chain = Chain::default();
    let notes = &capture.notes;
    chain.record(&part, tags::CONTAINER, records::container(&part, origin, notes))?;
    let segments = written_segments(capture);
    for d in &mut definitions {
        d.series[0].method = INCREMENT;
    }
    let source = records::data_source(&capture.station, &capture.device, origin, notes, &definitions);
    chain.record(&part, tags::REC_DATA_SOURCE, source)?;
    let settings: Vec<ChannelSetting> = capture.channels().iter().map(setting).collect();
    let settings = records::settings(origin, capture.nominal_frequency_hz, &settings);
    chain.record(&part, tags::REC_MONITOR_SETTINGS, settings)?;

    let triggered = capture.trigger.map(|t| segment_at(capture, &segments, t));
    for (k, segment) in segments.iter().enumerate() {
        let trigger = capture.trigger.filter(|_| triggered == Some(k));
        let o = observation(capture, &columns, segment, trigger, &mut lost)?;
        chain.record(&part, tags::REC_OBSERVATION, o)?;
    }
    std::fs::write(path, chain.finish()).map_err(|e| Error::io(path, e))?;
    lost.dedup();
    Ok(lost)
}

/// A channel as it is written: its codes, and what makes values of them.
struct Column<'a> {
    channel: &'a Channel,
    codes: Samples,
    units: u32,
    scale: f64,
    offset: f64,
}

impl<'a> Column<'a> {
    fn of(channel: &'a Channel, lost: &mut Vec<String>) -> Result<Self> {
        let (units, factor) = match words::number(UNITS, &channel.unit) {
            Some(units) => (units, 1.0),
            None => match parse_unit(&channel.unit) {
                Some((Kind::Current, factor)) => (words::number(UNITS, "A").unwrap_or(0), factor),
                Some((_, factor)) => (words::number(UNITS, "V").unwrap_or(0), factor),
                None => (0, 1.0),
            },
        };
        let written = words::numbered(UNITS, units);
        if *written != *channel.unit {
            let instead =
                if written.is_empty() { "none".into() } else { format!("{written}, values converted") };
            lost.push(format!("unit `{}` of channel `{}`: written is {instead}", channel.unit, channel.name));
        }
        let (codes, missing) = without_missing(channel)?;
        if missing {
            lost.push(format!(
                "code of missing samples of channel `{}`: its codes are written as floating point, those as NaN",
                channel.name
            ));
        } else if channel.missing_code.is_some() {
            lost.push(format!("code of missing samples of channel `{}`, which has none", channel.name));
        }
        Ok(Self { channel, codes, units, scale: channel.scale * factor, offset: channel.offset * factor })
    }

    fn is_scaled(&self) -> bool {
        (self.scale.to_bits(), self.offset.to_bits()) != (1f64.to_bits(), 0f64.to_bits())
    }
}

/// The codes, with NaN for the missing ones where there are any.
fn without_missing(c: &Channel) -> Result<(Samples, bool)> {
    let samples = c.samples.load()?;
    let Some(missing) = c.missing_code else { return Ok((samples, false)) };
    Ok(match here(&samples, &mut Codes::default()) {
        SamplesRef::I16(x) if x.iter().any(|v| i32::from(*v) == missing) => {
            let code = |v: &i16| if i32::from(*v) == missing { f32::NAN } else { f32::from(*v) };
            (x.iter().map(code).collect::<Vec<_>>().into(), true)
        }
        SamplesRef::I32(x) if x.contains(&missing) => {
            let code = |v: &i32| if *v == missing { f64::NAN } else { f64::from(*v) };
            (x.iter().map(code).collect::<Vec<_>>().into(), true)
        }
        _ => (samples, false),
    })
}

/// The GUID of a word that the table is known to have.
fn known(table: words::Table<u128>, word: &str) -> Guid {
    words::guid(table, word).unwrap_or_default()
}

fn series(value_type: &str, units: u32, characteristic: &str, method: u32) -> SeriesDefinition {
    SeriesDefinition {
        value_type: known(VALUE_TYPES, value_type),
        units,
        characteristic: known(CHARACTERISTICS, characteristic),
        method,
        nominal: None,
    }
}

fn waveform(name: &str, phase: u32, measured: &str, values: SeriesDefinition) -> ChannelDefinition {
    let seconds = words::number(UNITS, "s").unwrap_or(0);
    ChannelDefinition {
        name: name.into(),
        group: Arc::default(),
        phase,
        quantity: known(QUANTITIES, "waveform"),
        measured: words::number(MEASURED, measured),
        series: vec![series("time", seconds, "none", INCREMENT), values],
    }
}

fn definition(c: &Column<'_>) -> ChannelDefinition {
    let measured = match c.channel.kind {
        Kind::Voltage => "voltage",
        Kind::Current => "current",
        Kind::Other => "none",
    };
    let method = if c.is_scaled() { VALUES | SCALED } else { VALUES };
    let values = series("val", c.units, "instantaneous", method);
    waveform(&c.channel.name, phase(c.channel), measured, values)
}

fn status_definition(name: &str, normal: Option<bool>) -> ChannelDefinition {
    let mut values = series("val", 0, "status", VALUES);
    values.nominal = normal.map(f64::from);
    waveform(name, 0, "status", values)
}

/// The number of a phase. A channel without one, whose name looks as if it had, is general conductor 1: readers guess the phase
/// of a channel that states none.
fn phase(c: &Channel) -> u32 {
    match c.phase {
        Some(Phase::A) => 1,
        Some(Phase::B) => 2,
        Some(Phase::C) => 3,
        Some(Phase::N) => 4,
        Some(Phase::AB) => 5,
        Some(Phase::BC) => 6,
        Some(Phase::CA) => 7,
        None if kilat_core::capture::guess_phase(&c.name).is_some() => 19,
        None => 0,
    }
}

/// A ratio and a skew that a reader takes as they are meant.
fn setting(c: &Channel) -> ChannelSetting {
    let ratio = c.transformer.filter(|t| t.side == Side::Secondary).map(|t| (t.primary, t.secondary));
    let usable = |v: f64| v.is_finite() && v != 0.0;
    ChannelSetting {
        ratio: ratio.filter(|(p, s)| usable(*p) && usable(*s)),
        skew_s: if c.skew_s.is_finite() { c.skew_s } else { 0.0 },
        ..ChannelSetting::default()
    }
}

/// The segments to write: empty ones only when there is nothing else.
fn written_segments(capture: &Capture) -> Vec<Segment> {
    let all = capture.time().segments();
    let filled: Vec<Segment> = all.iter().filter(|s| s.len > 0).cloned().collect();
    if filled.is_empty() { all.iter().take(1).cloned().collect() } else { filled }
}

/// The segment in which the trigger lies, else the last one before it, else the first.
fn segment_at(capture: &Capture, segments: &[Segment], trigger: Timestamp) -> usize {
    let Some(start) = capture.time().start() else { return 0 };
    let trigger_ps = (i128::from(trigger.as_nanos()) - i128::from(start.as_nanos())) * 1000;
    segments.iter().rposition(|s| s.offset_ps <= trigger_ps).unwrap_or(0)
}

fn observation(
    capture: &Capture,
    columns: &[Column<'_>],
    segment: &Segment,
    trigger: Option<Timestamp>,
    lost: &mut Vec<String>,
) -> Result<Vec<(Guid, Node)>> {
    let (num, den) = segment.rate.ratio();
    let step_s = den as f64 / num as f64;
    if !axis::rate(step_s, 0.0).is_ok_and(|r| r == segment.rate) {
        lost.push(format!(
            "last digits of the sampling rate {num}/{den} Hz: written is a step of {step_s} s"
        ));
    }
    // Moments are whole nanoseconds; what is left begins the time series.
    let (after_ns, rest_ps) = (segment.offset_ps.div_euclid(1000), segment.offset_ps.rem_euclid(1000));
    let time = Node::numbers(&[1.0, segment.len as f64, step_s]);
    let offset = (rest_ps != 0).then_some(rest_ps as f64 / 1e12);
    let mut time = Some(records::values(time, None, offset));
    let mut take_time = || time.take().unwrap_or_else(|| records::shared(0, 0));

    let range = segment.first as usize..(segment.first + segment.len) as usize;
    let mut channels = Vec::new();
    for c in columns {
        let (scale, offset) = (c.is_scaled().then_some(c.scale), c.is_scaled().then_some(c.offset));
        let values = records::values(Node::codes(&c.codes.slice(range.clone())), scale, offset);
        channels.push((channels.len() as u32, Vec::new(), vec![take_time(), values]));
    }
    for d in &capture.digital {
        let states: Vec<u8> = d.values(range.clone())?.into_iter().map(u8::from).collect();
        let values = records::values(Node::bytes(&states), None, None);
        channels.push((channels.len() as u32, Vec::new(), vec![take_time(), values]));
    }
    let method = if trigger.is_some() { "channel" } else { "none" };
    let head = Head {
        name: "Waveforms",
        start: Moment::of(capture.time().start(), after_ns),
        trigger,
        method: words::number(TRIGGERS, method).unwrap_or(0),
        disturbance: None,
    };
    Ok(records::observation(&head, channels))
}

/// What of `capture` has no place, a line each.
fn lost_facts(capture: &Capture) -> Vec<String> {
    let mut out = Vec::new();
    for (name, text) in &capture.notes {
        let same = capture.notes.iter().filter(|(n, _)| n == name).count();
        if !records::holds_note(name) || same > 1 || text.is_empty() {
            out.push(format!("note `{name}`"));
        }
    }
    for c in capture.channels() {
        if c.transformer.is_some() && setting(c).ratio.is_none() {
            out.push(format!("transformer ratio of channel `{}`: its values are primary already", c.name));
        }
        if c.range.is_some() {
            out.push(format!("range of the converter of channel `{}`", c.name));
        }
        if c.samples.kind() == SampleKind::F64 && !(c.scale.is_finite() && c.offset.is_finite()) {
            out.push(format!("scale and offset of channel `{}`, which are no numbers", c.name));
        }
    }
    let names = capture.channels().iter().map(|c| &c.name).chain(capture.digital.iter().map(|d| &d.name));
    let mut texts =
        names.chain([&capture.station, &capture.device]).chain(capture.notes.iter().map(|n| &n.1));
    if texts.any(|t| t.contains('\0')) {
        out.push("NUL characters in texts".into());
    }
    let moments = capture.time().start().into_iter().chain(capture.trigger);
    if moments.into_iter().any(|t| Moment::of(Some(t), 0).known() != Some(t)) {
        out.push("moments before 1900".into());
    }
    if !capture.warnings.is_empty() {
        out.push("warnings of the reader".into());
    }
    out
}
