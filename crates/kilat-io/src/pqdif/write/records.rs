//! The records that every file has: container, data source, settings, observation.

use kilat_core::Timestamp;

use super::super::element::Guid;
use super::super::logical::{
    CONTAINER_NOTES, ChannelDefinition, ChannelSetting, SITE_NOTES, SeriesDefinition,
};
use super::super::moment::Moment;
use super::super::tags;
use super::tree::Node;

/// Measurements of an instrument, as against simulations.
const MEASURE: Guid = Guid(0xe6b5_1730_f747_11cf_9d89_0080_c72e_70a3);

type Entries = Vec<(Guid, Node)>;

/// The container; `created` stands for the moment of writing, so that the same capture gives the same bytes.
pub(in super::super) fn container(
    file_name: &str,
    created: Option<Timestamp>,
    notes: &[(String, String)],
) -> Entries {
    let mut out = vec![
        (tags::VERSION_INFO, Node::integers(&[1, 5, 1, 5])),
        (tags::FILE_NAME, Node::text(file_name)),
        (tags::CREATION, Node::moment(Moment::of(created, 0))),
        (tags::COMPRESSION_STYLE_ID, Node::integer(2)),
        (tags::COMPRESSION_ALGORITHM_ID, Node::integer(1)),
    ];
    out.extend(note_entries(notes, &CONTAINER_NOTES));
    out
}

fn note_entries<'a>(
    notes: &'a [(String, String)],
    table: &'a [(&str, Guid)],
) -> impl Iterator<Item = (Guid, Node)> + 'a {
    table.iter().filter_map(|(name, tag)| {
        notes.iter().find(|(n, _)| n == name).map(|(_, text)| (*tag, Node::text(text)))
    })
}

/// Places in a file for a note of this name: one.
pub(in super::super) fn holds_note(name: &str) -> bool {
    CONTAINER_NOTES.iter().chain(&SITE_NOTES).any(|(n, _)| *n == name)
}

pub(in super::super) fn data_source(
    name: &str,
    device: &str,
    effective: Option<Timestamp>,
    notes: &[(String, String)],
    channels: &[ChannelDefinition],
) -> Entries {
    let mut out = vec![
        (tags::DATA_SOURCE_TYPE_ID, Node::guid(MEASURE)),
        (tags::NAME_DS, Node::text(name)),
        (tags::EFFECTIVE, Node::moment(Moment::of(effective, 0))),
    ];
    if !device.is_empty() {
        out.push((tags::INSTRUMENT_MODEL_NAME, Node::text(device)));
    }
    out.extend(note_entries(notes, &SITE_NOTES));
    let list = channels.iter().map(|c| (tags::ONE_CHANNEL_DEFN, channel_definition(c)));
    out.push((tags::CHANNEL_DEFNS, Node::Collection(list.collect())));
    out
}

fn channel_definition(c: &ChannelDefinition) -> Node {
    let mut out = vec![
        (tags::CHANNEL_NAME, Node::text(&c.name)),
        (tags::PHASE_ID, Node::integer(c.phase)),
        (tags::QUANTITY_TYPE_ID, Node::guid(c.quantity)),
    ];
    out.extend(c.measured.map(|m| (tags::QUANTITY_MEASURED_ID, Node::integer(m))));
    if !c.group.is_empty() {
        out.push((tags::GROUP_NAME, Node::text(&c.group)));
    }
    let series = c.series.iter().map(|s| (tags::ONE_SERIES_DEFN, series_definition(s)));
    out.push((tags::SERIES_DEFNS, Node::Collection(series.collect())));
    Node::Collection(out)
}

fn series_definition(s: &SeriesDefinition) -> Node {
    let mut out = vec![
        (tags::VALUE_TYPE_ID, Node::guid(s.value_type)),
        (tags::QUANTITY_UNITS_ID, Node::integer(s.units)),
        (tags::QUANTITY_CHARACTERISTIC_ID, Node::guid(s.characteristic)),
        (tags::STORAGE_METHOD_ID, Node::integer(s.method)),
    ];
    out.extend(s.nominal.map(|v| (tags::SERIES_NOMINAL_QUANTITY, Node::number(v))));
    Node::Collection(out)
}

/// Settings of the monitor; of a channel only what there is.
pub(in super::super) fn settings(
    effective: Option<Timestamp>,
    nominal_frequency_hz: Option<f64>,
    channels: &[ChannelSetting],
) -> Entries {
    let moment = || Node::moment(Moment::of(effective, 0));
    let mut out = vec![
        (tags::EFFECTIVE, moment()),
        (tags::TIME_INSTALLED, moment()),
        (tags::USE_CALIBRATION, Node::boolean(channels.iter().any(|c| c.skew_s != 0.0))),
        // Values are as they are: the ratio is for information.
        (tags::USE_TRANSDUCER, Node::boolean(false)),
    ];
    out.extend(nominal_frequency_hz.map(|f| (tags::NOMINAL_FREQUENCY, Node::number(f))));
    let list = channels.iter().enumerate().map(|(i, c)| {
        let mut one = vec![(tags::CHANNEL_DEFN_IDX, Node::integer(i as u32))];
        if let Some((system, monitor)) = c.ratio {
            one.push((tags::XD_SYSTEM_SIDE_RATIO, Node::number(system)));
            one.push((tags::XD_MONITOR_SIDE_RATIO, Node::number(monitor)));
        }
        if c.skew_s != 0.0 {
            one.push((tags::CAL_TIME_SKEW, Node::number(c.skew_s)));
        }
        (tags::ONE_CHANNEL_SETTING, Node::Collection(one))
    });
    out.push((tags::CHANNEL_SETTINGS_ARRAY, Node::Collection(list.collect())));
    out
}

/// What begins an observation.
pub(in super::super) struct Head<'a> {
    pub(in super::super) name: &'a str,
    pub(in super::super) start: Moment,
    pub(in super::super) trigger: Option<Timestamp>,
    pub(in super::super) method: u32,
    pub(in super::super) disturbance: Option<Guid>,
}

/// An observation of channel instances: index of the definition, further entries, series.
pub(in super::super) fn observation(head: &Head<'_>, channels: Vec<(u32, Entries, Vec<Entries>)>) -> Entries {
    let mut out = vec![
        (tags::OBSERVATION_NAME, Node::text(head.name)),
        (tags::TIME_CREATE, Node::moment(head.start)),
        (tags::TIME_START, Node::moment(head.start)),
        (tags::TRIGGER_METHOD_ID, Node::integer(head.method)),
    ];
    out.extend(head.trigger.map(|t| (tags::TIME_TRIGGERED, Node::moment(Moment::of(Some(t), 0)))));
    out.extend(head.disturbance.map(|g| (tags::DISTURBANCE_CATEGORY_ID, Node::guid(g))));
    let instance = |(definition, more, series): (u32, Entries, Vec<Entries>)| {
        let mut one = vec![(tags::CHANNEL_DEFN_IDX, Node::integer(definition))];
        one.extend(more);
        let series = series.into_iter().map(|s| (tags::ONE_SERIES_INSTANCE, Node::Collection(s)));
        one.push((tags::SERIES_INSTANCES, Node::Collection(series.collect())));
        (tags::ONE_CHANNEL_INST, Node::Collection(one))
    };
    let instances = channels.into_iter().map(instance).collect();
    out.push((tags::CHANNEL_INSTANCES, Node::Collection(instances)));
    out
}

/// A series instance that takes its values from another.
pub(in super::super) fn shared(channel: usize, series: usize) -> Entries {
    vec![
        (tags::SERIES_SHARE_CHANNEL_IDX, Node::integer(channel as u32)),
        (tags::SERIES_SHARE_SERIES_IDX, Node::integer(series as u32)),
    ]
}

/// A series instance with scale and offset, when it is scaled.
pub(in super::super) fn values(values: Node, scale: Option<f64>, offset: Option<f64>) -> Entries {
    let mut out = vec![(tags::SERIES_VALUES, values)];
    out.extend(scale.map(|v| (tags::SERIES_SCALE, Node::number(v))));
    out.extend(offset.map(|v| (tags::SERIES_OFFSET, Node::number(v))));
    out
}
