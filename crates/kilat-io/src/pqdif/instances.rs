//! An observation record: instances of the channels that its site defines.

use kilat_core::capture::{Side, Transformer};
use kilat_core::{Result, Warning};

use super::element::Collection;
use super::logical::{ChannelDefinition, ChannelSetting, Settings, Site};
use super::moment::Moment;
use super::series::{self, Stored};
use super::tags;
use super::words::{self, DISTURBANCES, MEASURED, PHASES, QUANTITIES, TRIGGERS};
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
    /// One per channel.
    pub(super) facts: Vec<Facts>,
}

/// What the settings say of a channel.
pub(super) struct Facts {
    /// Index of its definition.
    pub(super) definition: u32,
    pub(super) transformer: Option<Transformer>,
    pub(super) skew_s: f64,
}

/// Reads an observation of `site`. `room` is what the names that it repeats may still take, in bytes. A channel that cannot be read is left out, with a warning.
pub(super) fn parse(
    part: &str,
    number: usize,
    root: Collection<'_>,
    site: &Site,
    settings: &Settings,
    room: &mut u64,
    warnings: &mut Vec<Warning>,
) -> Result<Recorded> {
    let name = root.text(tags::OBSERVATION_NAME)?;
    let at = format!("{part}: observation {number} `{}`", short(&name));
    let moment = |tag| root.moment(tag);
    let start = moment(tags::TIME_START)?.unwrap_or(Moment { day: 0, seconds: 0.0 });
    let trigger = moment(tags::TIME_TRIGGERED)?.and_then(Moment::known);
    let method = root.integer(tags::TRIGGER_METHOD_ID)?.unwrap_or(0);
    let disturbance = root.guid(tags::DISTURBANCE_CATEGORY_ID)?.map(|g| words::word(DISTURBANCES, g));

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
    let (mut channels, mut facts) = (Vec::new(), Vec::new());
    for (k, c) in instances.iter().enumerate() {
        let Some((index, definition)) = definitions[k] else { continue };
        let setting = settings.channels.get(&index).copied().unwrap_or_default();
        let place = format!("{at}: channel `{}`", short(&definition.name));
        if let Some((offset, ratio)) = setting.calibration {
            let message = format!("calibrated by the settings of the monitor: (value − {offset}) · {ratio}");
            warnings.push(Warning::new(&place, message));
        }
        let most = match lengths(k, definition) {
            0 => of_all,
            own => own,
        };
        let mut said = Vec::new();
        let mut all = series_of(k, definition, &stored, most, setting, &mut said);
        for s in all.iter_mut().filter(|s| s.unit == "cycles" && s.value_type == "time") {
            match settings.nominal_frequency_hz {
                Some(hz) => s.rescale(1.0 / hz, "s"),
                None => said.push("times in cycles without a nominal frequency".into()),
            }
        }
        warnings.extend(said.into_iter().map(|message| Warning::new(&place, message)));
        channels.push(ObservedChannel {
            name: definition.name.clone(),
            group: definition.group.clone(),
            phase: words::numbered(PHASES, definition.phase),
            quantity: words::word(QUANTITIES, definition.quantity),
            measured: definition.measured.map_or_else(String::new, |m| words::numbered(MEASURED, m)),
            group_id: c.number(tags::CHANNEL_GROUP_ID)?.filter(|v| v.abs() < 32_768.0).map(|v| v as i16),
            frequency_hz: c.number(tags::CHANNEL_FREQUENCY)?.or(c.number(tags::CHARACT_FREQUENCY)?),
            magnitude: c.number(tags::CHARACT_MAGNITUDE)?,
            duration_s: c.number(tags::CHARACT_DURATION)?,
            series: all,
        });
        facts.push(Facts {
            definition: index,
            transformer: setting.ratio.map(|(primary, secondary)| Transformer {
                primary,
                secondary,
                side: if setting.use_ratio { Side::Primary } else { Side::Secondary },
            }),
            skew_s: setting.skew_s,
        });
    }
    let observation = Observation {
        name,
        station: site.name.clone(),
        device: site.device.clone(),
        start: start.known(),
        trigger,
        trigger_method: words::numbered(TRIGGERS, method),
        disturbance: disturbance.unwrap_or_default(),
        nominal_frequency_hz: settings.nominal_frequency_hz,
        channels,
    };
    Ok(Recorded { observation, number, site: 0, start, facts })
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
    said: &mut Vec<String>,
) -> Vec<Series> {
    let (found, defined) = (stored[k].len(), definition.series.len());
    if found > defined {
        said.push(format!("{defined} series are defined, {found} are there; the rest is left out"));
    }
    let mut all = Vec::with_capacity(defined);
    for (i, (s, d)) in stored[k].iter().zip(&definition.series).enumerate() {
        let read =
            series::series(s, d, stored, most, setting, &mut |r| said.push(format!("series {i}: {r}")));
        match read {
            Ok(read) => all.extend(read),
            Err(problem) => said.push(format!("series {i}: {problem}; left out")),
        }
    }
    all
}
