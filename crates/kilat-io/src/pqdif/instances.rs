//! An observation record: instances of the channels that its site defines.

use std::sync::Arc;

use kilat_core::{Result, Warning};

use super::element::Collection;
use super::logical::{ChannelDefinition, ChannelSetting, Settings, Site};
use super::moment::Moment;
use super::series::{self, Stored};
use super::tags;
use super::words::{DISTURBANCES, MEASURED, PHASES, QUANTITIES, Repeated, TRIGGERS};
use crate::limit::Limit;
use crate::observation::{Observation, ObservedChannel, Series};

/// An observation, and what a capture needs to know of it beside.
pub(super) struct Recorded {
    pub(super) observation: Observation,
    /// Its position among the observations of the file, without those that cannot be read.
    pub(super) number: usize,
    /// Index of its site.
    pub(super) site: usize,
    /// Moment that its times count from, whether or not the day is known.
    pub(super) start: Moment,
    /// Index of the definition of each channel.
    pub(super) definitions: Vec<u32>,
    /// What its channels are set to, by these indices.
    pub(super) settings: Arc<Settings>,
}

/// Where in the file an observation is, and what it belongs to.
pub(super) struct Place<'a> {
    pub(super) part: &'a str,
    pub(super) number: usize,
    pub(super) site: &'a Site,
    pub(super) site_number: usize,
    pub(super) settings: &'a Arc<Settings>,
}

/// Reads an observation. `room` is what the names that it repeats may still take, in bytes. A channel that cannot be read is left
/// out, with a warning.
pub(super) fn parse(
    place: &Place<'_>,
    root: Collection<'_>,
    (room, repeated): (&mut u64, &mut Repeated),
    warnings: &mut Vec<Warning>,
) -> Result<Recorded> {
    let Place { part, number, site, site_number, settings } = *place;
    let name = repeated.shared(&root.text(tags::OBSERVATION_NAME)?);
    let at = format!("{part}: observation {number} `{}`", short(&name));
    let moment = |tag| root.moment(tag);
    let start = moment(tags::TIME_START)?.unwrap_or(Moment { day: 0, seconds: 0.0 });
    let trigger = moment(tags::TIME_TRIGGERED)?.and_then(Moment::known);
    let method = root.integer(tags::TRIGGER_METHOD_ID)?.unwrap_or(0);
    let disturbance = root.guid(tags::DISTURBANCE_CATEGORY_ID)?.map(|g| repeated.word(DISTURBANCES, g));

    let list = root.child(tags::CHANNEL_INSTANCES)?.map(|c| c.children(tags::ONE_CHANNEL_INST));
    let instances = list.transpose()?.unwrap_or_default();
    let mut stored = Vec::with_capacity(instances.len());
    for c in &instances {
        let list = c.child(tags::SERIES_INSTANCES)?.map(|s| s.children(tags::ONE_SERIES_INSTANCE));
        let list = list.transpose()?.unwrap_or_default();
        stored.push(list.into_iter().map(Stored::parse).collect::<Result<Vec<_>>>()?);
    }
    let lengths = |k: usize, d: &ChannelDefinition| series::longest(&stored[k], &d.series, &stored);
    let mut definitions = Vec::with_capacity(instances.len());
    for c in &instances {
        let index = c.integer(tags::CHANNEL_DEFN_IDX)?;
        definitions.push(index.and_then(|i| Some((i, site.channels.get(i as usize)?))));
    }
    let of_all = definitions.iter().enumerate().filter_map(|(k, d)| Some(lengths(k, d.as_ref()?.1)));
    let of_all = of_all.max().unwrap_or(0);

    let of_channels = definitions.iter().flatten().map(|(_, d)| d.name.len() + d.group.len());
    let names = (of_channels.sum::<usize>() + site.name.len() + site.device.len()) as u64;
    Limit::repeated_names(*room).check(&at, names)?;
    *room -= names;

    let undefined = definitions.iter().filter(|d| d.is_none()).count();
    if let Some(k) = definitions.iter().position(Option::is_none) {
        let message = format!("channel {k} has no definition: left out");
        let others = format!(", as {} more", undefined - 1);
        warnings.push(Warning::new(&at, message + if undefined > 1 { &others } else { "" }));
    }
    let defined = instances.len() - undefined;
    let (mut channels, mut indices) = (Vec::with_capacity(defined), Vec::with_capacity(defined));
    for (k, c) in instances.iter().enumerate() {
        let Some((index, definition)) = definitions[k] else { continue };
        let setting = settings.of(index);
        let at = format!("{at}: channel `{}`", short(&definition.name));
        if let Some((offset, ratio)) = setting.calibration {
            let message = format!("calibrated by the settings of the monitor: (value − {offset}) · {ratio}");
            warnings.push(Warning::new(&at, message));
        }
        let most = match lengths(k, definition) {
            0 => of_all,
            own => own,
        };
        let mut said = Vec::new();
        let mut all = series_of(k, definition, &stored, most, setting, repeated, &mut said);
        for s in all.iter_mut().filter(|s| &*s.unit == "cycles" && &*s.value_type == "time") {
            match settings.nominal_frequency_hz {
                Some(hz) => s.rescale(1.0 / hz, repeated.shared("s")),
                None => said.push("times in cycles without a nominal frequency".into()),
            }
        }
        warnings.extend(said.into_iter().map(|message| Warning::new(&at, message)));
        channels.push(ObservedChannel {
            name: Arc::clone(&definition.name),
            group: Arc::clone(&definition.group),
            phase: repeated.numbered(PHASES, definition.phase),
            quantity: repeated.word(QUANTITIES, definition.quantity),
            measured: definition.measured.map(|m| repeated.numbered(MEASURED, m)).unwrap_or_default(),
            group_id: c.number(tags::CHANNEL_GROUP_ID)?.filter(|v| v.abs() < 32_768.0).map(|v| v as i16),
            frequency_hz: c.number(tags::CHANNEL_FREQUENCY)?.or(c.number(tags::CHARACT_FREQUENCY)?),
            magnitude: c.number(tags::CHARACT_MAGNITUDE)?,
            duration_s: c.number(tags::CHARACT_DURATION)?,
            series: all,
        });
        indices.push(index);
    }
    let observation = Observation {
        name,
        station: Arc::clone(&site.name),
        device: Arc::clone(&site.device),
        start: start.known(),
        trigger,
        trigger_method: repeated.numbered(TRIGGERS, method),
        disturbance: disturbance.unwrap_or_default(),
        nominal_frequency_hz: settings.nominal_frequency_hz,
        channels,
    };
    let settings = Arc::clone(settings);
    Ok(Recorded { observation, number, site: site_number, start, definitions: indices, settings })
}

/// A name for messages: a long one is in the file once, in messages many times.
pub(super) fn short(name: &str) -> &str {
    name.char_indices().nth(80).map_or(name, |(end, _)| &name[..end])
}

/// The series of channel `k` of all that are `stored`; `said` gets what was odd.
fn series_of(
    k: usize,
    definition: &ChannelDefinition,
    stored: &[Vec<Stored>],
    most: usize,
    setting: ChannelSetting,
    repeated: &mut Repeated,
    said: &mut Vec<String>,
) -> Vec<Series> {
    let (found, defined) = (stored[k].len(), definition.series.len());
    if found > defined {
        said.push(format!("{defined} series are defined, {found} are there; the rest is left out"));
    }
    let mut all = Vec::with_capacity(defined);
    for (i, (s, d)) in stored[k].iter().zip(&definition.series).enumerate() {
        let mut remark = |r| said.push(format!("series {i}: {r}"));
        match series::series(s, d, stored, most, setting, repeated, &mut remark) {
            Ok(read) => all.extend(read),
            Err(problem) => said.push(format!("series {i}: {problem}; left out")),
        }
    }
    all
}
