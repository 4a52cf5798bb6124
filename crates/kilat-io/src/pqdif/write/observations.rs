//! Observations as a file: a data source for each site, with the definitions of all its channels.

use std::collections::HashMap;
use std::path::Path;

use kilat_core::{Error, Result};

use super::super::axis;
use super::super::characteristics::CHARACTERISTICS;
use super::super::element::Guid;
use super::super::logical::{ChannelDefinition, INCREMENT, SCALED, SeriesDefinition, VALUES};
use super::super::moment::Moment;
use super::super::tags;
use super::super::words::{self, DISTURBANCES, MEASURED, PHASES, QUANTITIES, TRIGGERS, UNITS, VALUE_TYPES};
use super::records::{self, Head};
use super::tree::{Chain, Node};
use crate::observation::{Data, Observation, Observations, ObservedChannel, Series};
use crate::source::file_name;

/// Writes `observations`; returns a line for everything that the format cannot hold.
pub(in super::super) fn write(observations: &Observations, path: &Path) -> Result<Vec<String>> {
    let part = file_name(path);
    let mut lost = Vec::new();
    let mut chain = Chain::default();
    let created = observations.list.first().and_then(|o| o.start);
    chain.record(&part, tags::CONTAINER, records::container(&part, created, &[]))?;
    // Observations of one site follow each other; their frequency is a setting of the monitor.
    let site =
        |o: &Observation| (o.station.clone(), o.device.clone(), o.nominal_frequency_hz.map(f64::to_bits));
    for group in observations.list.chunk_by(|a, b| site(a) == site(b)) {
        let first = &group[0];
        let mut definitions = Definitions::default();
        let indices: Vec<Vec<u32>> = group
            .iter()
            .map(|o| o.channels.iter().map(|c| definitions.index(c, &mut lost)).collect())
            .collect();
        let source = records::data_source(&first.station, &first.device, first.start, &[], &definitions.list);
        chain.record(&part, tags::REC_DATA_SOURCE, source)?;
        let settings = records::settings(first.start, first.nominal_frequency_hz, &[]);
        chain.record(&part, tags::REC_MONITOR_SETTINGS, settings)?;
        for (o, indices) in group.iter().zip(&indices) {
            chain.record(&part, tags::REC_OBSERVATION, observation(o, indices, &mut lost))?;
        }
    }
    if !observations.warnings.is_empty() {
        lost.push("warnings of the reader".into());
    }
    std::fs::write(path, chain.finish()).map_err(|e| Error::io(path, e))?;
    lost.dedup();
    Ok(lost)
}

/// Definitions of the channels of a site, each once.
#[derive(Default)]
struct Definitions {
    list: Vec<ChannelDefinition>,
    known: HashMap<String, u32>,
}

impl Definitions {
    fn index(&mut self, c: &ObservedChannel, lost: &mut Vec<String>) -> u32 {
        let definition = definition(c, lost);
        let next = self.list.len() as u32;
        let index = *self.known.entry(format!("{definition:?}")).or_insert(next);
        if index == next {
            self.list.push(definition);
        }
        index
    }
}

fn definition(c: &ObservedChannel, lost: &mut Vec<String>) -> ChannelDefinition {
    let mut unknown = |what: &str, word: &str| {
        lost.push(format!("{what} `{word}` of channel `{}`, which the standard does not have", c.name));
    };
    let quantity = words::guid(QUANTITIES, &c.quantity).unwrap_or_else(|| {
        unknown("kind of data", &c.quantity);
        words::guid(QUANTITIES, "valuelog").unwrap_or_default()
    });
    let phase = words::number(PHASES, &c.phase).unwrap_or_else(|| {
        // Empty is what a caller leaves who knows of none.
        if !c.phase.is_empty() {
            unknown("phase", &c.phase);
        }
        0
    });
    let mut series = Vec::new();
    for s in &c.series {
        let method = match s.data() {
            Data::Codes { scale, offset, .. } if (*scale, *offset) != (1.0, 0.0) => VALUES | SCALED,
            Data::Codes { .. } | Data::Moments(_) => VALUES,
            Data::Steps { .. } => INCREMENT,
        };
        series.push(SeriesDefinition {
            value_type: words::guid(VALUE_TYPES, &s.value_type).unwrap_or_else(|| {
                unknown("type of values", &s.value_type);
                words::guid(VALUE_TYPES, "val").unwrap_or_default()
            }),
            units: words::number(UNITS, &s.unit).unwrap_or_else(|| {
                unknown("unit", &s.unit);
                0
            }),
            characteristic: words::guid(CHARACTERISTICS, &s.characteristic).unwrap_or_else(|| {
                unknown("figure", &s.characteristic);
                words::guid(CHARACTERISTICS, "none").unwrap_or_default()
            }),
            method,
            nominal: s.nominal,
        });
    }
    ChannelDefinition {
        name: c.name.clone(),
        group: c.group.clone(),
        phase,
        quantity,
        measured: words::number(MEASURED, &c.measured),
        series,
    }
}

fn observation(o: &Observation, indices: &[u32], lost: &mut Vec<String>) -> Vec<(Guid, Node)> {
    // A time series that channels share in memory, or a rule they agree on, is stored once.
    let mut times: HashMap<(axis::Key, String), (usize, usize)> = HashMap::new();
    let mut channels = Vec::new();
    for (k, (c, index)) in o.channels.iter().zip(indices).enumerate() {
        let mut series = Vec::new();
        for (i, s) in c.series.iter().enumerate() {
            let words = format!("{} {} {}", s.value_type, s.unit, s.characteristic);
            let first = *times.entry((axis::key(s, s.len()), words)).or_insert((k, i));
            series.push(if first == (k, i) { values(s) } else { records::shared(first.0, first.1) });
        }
        let number = |tag, v: Option<f64>| v.map(|v| (tag, Node::number(v)));
        let mut more = Vec::new();
        more.extend(c.group_id.map(|v| (tags::CHANNEL_GROUP_ID, Node::short(v))));
        more.extend(number(tags::CHANNEL_FREQUENCY, c.frequency_hz));
        more.extend(number(tags::CHARACT_MAGNITUDE, c.magnitude));
        more.extend(number(tags::CHARACT_DURATION, c.duration_s));
        channels.push((*index, more, series));
    }
    let disturbance = words::guid(DISTURBANCES, &o.disturbance);
    if disturbance.is_none() && !o.disturbance.is_empty() {
        lost.push(format!("category `{}` of observation `{}`", o.disturbance, o.name));
    }
    let head = Head {
        name: &o.name,
        start: Moment::of(o.start, 0),
        trigger: o.trigger,
        method: words::number(TRIGGERS, &o.trigger_method).unwrap_or(0),
        disturbance,
    };
    records::observation(&head, channels)
}

fn values(s: &Series) -> Vec<(Guid, Node)> {
    match s.data() {
        Data::Codes { codes, scale, offset } => {
            let is_scaled = (*scale, *offset) != (1.0, 0.0);
            records::values(Node::codes(codes), is_scaled.then_some(*scale), is_scaled.then_some(*offset))
        }
        Data::Steps { start, runs, .. } => {
            let rule = runs.iter().flat_map(|(n, step)| [*n as f64, *step]);
            let rule: Vec<f64> = std::iter::once(runs.len() as f64).chain(rule).collect();
            records::values(Node::numbers(&rule), None, (*start != 0.0).then_some(*start))
        }
        Data::Moments(moments) => records::values(Node::moments(moments), None, None),
    }
}
