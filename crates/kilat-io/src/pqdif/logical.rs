//! What the records mean: a container, sites with their channels, settings of the monitor, observations.

use std::collections::HashMap;
use std::sync::Arc;

use kilat_core::capture::{Side, Transformer};
use kilat_core::{Error, Result, Warning};

use super::element::{Body, Collection, Guid};
use super::instances::{self, Place, Recorded};
use super::instruments::{EQUIPMENT, VENDORS};
use super::physical::{Header, chain};
use super::tags;
use super::words::{Repeated, word};
use crate::limit::Limit;

/// Everything in a file.
#[derive(Default)]
pub(super) struct Contents {
    /// Format and version.
    pub(super) format: String,
    pub(super) notes: Vec<(String, String)>,
    pub(super) sites: Vec<Site>,
    pub(super) observations: Vec<Recorded>,
    pub(super) warnings: Vec<Warning>,
}

/// A data source.
#[derive(Default)]
pub(super) struct Site {
    pub(super) name: Arc<str>,
    pub(super) device: Arc<str>,
    pub(super) channels: Vec<ChannelDefinition>,
    notes: Vec<(String, String)>,
}

/// What a channel of a site is.
#[derive(Debug)]
pub(super) struct ChannelDefinition {
    pub(super) name: Arc<str>,
    pub(super) group: Arc<str>,
    pub(super) phase: u32,
    pub(super) quantity: Guid,
    /// Absent before version 1.5.
    pub(super) measured: Option<u32>,
    pub(super) series: Vec<SeriesDefinition>,
}

/// What a series of a channel is.
#[derive(Debug)]
pub(super) struct SeriesDefinition {
    pub(super) value_type: Guid,
    pub(super) units: u32,
    pub(super) characteristic: Guid,
    /// Bits: [`VALUES`], [`SCALED`], [`INCREMENT`].
    pub(super) method: u32,
    pub(super) nominal: Option<f64>,
}

pub(super) const VALUES: u32 = 1;
pub(super) const SCALED: u32 = 2;
pub(super) const INCREMENT: u32 = 4;

/// Settings of a monitor.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) nominal_frequency_hz: Option<f64>,
    /// By index of the channel definition.
    channels: HashMap<u32, ChannelSetting>,
}

/// Settings of one channel.
#[derive(Default, Clone, Copy)]
pub(super) struct ChannelSetting {
    /// Ratio of the transducer: `(system, monitor)`; and whether readers are to apply it.
    pub(super) ratio: Option<(f64, f64)>,
    pub(super) use_ratio: bool,
    /// `(offset, ratio)` of a calibration that readers are to apply.
    pub(super) calibration: Option<(f64, f64)>,
    pub(super) skew_s: f64,
}

impl ChannelSetting {
    /// The transformer that the ratio is of.
    pub(super) fn transformer(self) -> Option<Transformer> {
        let side = if self.use_ratio { Side::Primary } else { Side::Secondary };
        self.ratio.map(|(primary, secondary)| Transformer { primary, secondary, side })
    }
}

/// Notes, by the tags that hold them.
pub(super) const CONTAINER_NOTES: [(&str, Guid); 10] = [
    ("title", tags::TITLE),
    ("subject", tags::SUBJECT),
    ("author", tags::AUTHOR),
    ("keywords", tags::KEYWORDS),
    ("comments", tags::COMMENTS),
    ("notes", tags::NOTES),
    ("application", tags::APPLICATION),
    ("language", tags::LANGUAGE),
    ("owner", tags::OWNER),
    ("copyright", tags::COPYRIGHT),
];
/// The same of a site.
pub(super) const SITE_NOTES: [(&str, Guid); 5] = [
    ("serial number", tags::SERIAL_NUMBER_DS),
    ("version", tags::VERSION_DS),
    ("site owner", tags::OWNER_DS),
    ("location", tags::LOCATION_DS),
    ("time zone", tags::TIME_ZONE_DS),
];

/// Reads everything. Damage of a record leaves that record out, with a warning.
pub(super) fn parse(part: &str, bytes: &[u8]) -> Result<Contents> {
    let mut out = Contents::default();
    let headers = chain(part, bytes, &mut out.warnings)?;
    let Some((first, rest)) = headers.split_first().filter(|(first, _)| first.kind == tags::CONTAINER) else {
        let found = headers.first().map_or_else(String::new, |h| format!("a record of kind {}", h.kind));
        return Err(Error::Malformed {
            format: "PQDIF",
            part: part.into(),
            at: "first record".into(),
            expected: "the container".into(),
            found,
        });
    };
    let mut room = Limit::unfolded(bytes.len()).most();
    let container = first.body(part, bytes, false, &mut room, &mut out.warnings)?;
    let is_compressed = container_of(part, &container, &mut out)?;

    let of_observations = rest.iter().filter(|header| header.kind == tags::REC_OBSERVATION);
    out.observations.reserve_exact(of_observations.count());
    let names_room = container.len() as u64;
    let settings = Arc::default();
    let mut state = State { part, settings, names_room, repeated: Repeated::default(), out };
    for header in rest {
        // What follows a damaged record must not be taken for a part of the one before.
        if header.kind == tags::REC_DATA_SOURCE {
            state.out.sites.push(Site::default());
        }
        if header.kind != tags::REC_OBSERVATION {
            state.settings = Arc::default();
        }
        let unfolded = header.body(part, bytes, is_compressed, &mut room, &mut state.out.warnings);
        match unfolded.and_then(|body| state.record(header, &body)) {
            Ok(()) => {}
            Err(e @ Error::Limit { .. }) => return Err(e),
            Err(e) => state.out.warnings.push(Warning::new(part, format!("left out: {e}"))),
        }
    }
    let mut out = state.out;
    for site in &mut out.sites {
        for note in site.notes.drain(..) {
            if !out.notes.contains(&note) {
                out.notes.push(note);
            }
        }
    }
    Ok(out)
}

/// What the records read so far mean for the next one: an observation belongs to the last site and the last settings.
struct State<'a> {
    part: &'a str,
    settings: Arc<Settings>,
    /// Bytes that names may still be repeated in: as many as there were in bodies.
    names_room: u64,
    repeated: Repeated,
    out: Contents,
}

impl State<'_> {
    fn record(&mut self, header: &Header, bytes: &[u8]) -> Result<()> {
        let record = format!("record at offset {}", header.at);
        let body = Body::new(bytes, self.part, &record);
        self.names_room += bytes.len() as u64;
        if header.kind == tags::REC_DATA_SOURCE {
            let site = Site::parse(body.root()?)?;
            self.out.sites.pop();
            self.out.sites.push(site);
        } else if header.kind == tags::REC_MONITOR_SETTINGS {
            self.settings = Settings::parse(body.root()?)?.into();
        } else if header.kind == tags::REC_OBSERVATION {
            let Some(site) = self.out.sites.last() else {
                return Err(body.damage(0, "a data source before the first observation", "none"));
            };
            let place = Place {
                part: self.part,
                number: self.out.observations.len(),
                site,
                site_number: self.out.sites.len() - 1,
                settings: &self.settings,
            };
            let memory = (&mut self.names_room, &mut self.repeated);
            let recorded = instances::parse(&place, body.root()?, memory, &mut self.out.warnings)?;
            self.out.observations.push(recorded);
        } else {
            let message = format!("a record of the unknown kind {}: left out", header.kind);
            self.out.warnings.push(Warning::new(format!("{}: {record}", self.part), message));
        }
        Ok(())
    }
}

/// Reads the container; true when the bodies of the other records are compressed.
fn container_of(part: &str, bytes: &[u8], out: &mut Contents) -> Result<bool> {
    let body = Body::new(bytes, part, "container");
    let root = body.root()?;
    let style = root.integer(tags::COMPRESSION_STYLE_ID)?.unwrap_or(0);
    let algorithm = root.integer(tags::COMPRESSION_ALGORITHM_ID)?.unwrap_or(0);
    let unsupported = |what: &str| Error::Unsupported {
        part: part.into(),
        what: what.into(),
        hint: "the standard gave it up in 1.5: save the file again without compression, or record by record"
            .into(),
    };
    let version = root.vector(tags::VERSION_INFO)?.and_then(|v| v.samples());
    let version = version.map(|v| super::series::numbers(&v)).unwrap_or_default();
    out.format = match version[..] {
        [major, minor, ..] => format!("PQDIF {major}.{minor}"),
        _ => "PQDIF".into(),
    };
    out.notes = notes(root, &CONTAINER_NOTES)?;
    match (style, algorithm) {
        (0, _) | (2, 0) => Ok(false),
        (2, 1) => Ok(true),
        (1, _) => Err(unsupported("compression of the whole file")),
        (_, 64) => Err(unsupported("compression with PKZIP")),
        _ => Err(unsupported(&format!("compression of style {style} with algorithm {algorithm}"))),
    }
}

fn notes(root: Collection<'_>, table: &[(&str, Guid)]) -> Result<Vec<(String, String)>> {
    let mut out = Vec::new();
    for (name, tag) in table {
        let text = root.text(*tag)?;
        if !text.is_empty() {
            out.push(((*name).to_owned(), text));
        }
    }
    Ok(out)
}

impl Site {
    fn parse(root: Collection<'_>) -> Result<Self> {
        let model = root.text(tags::INSTRUMENT_MODEL_NAME)?;
        let device = if model.is_empty() {
            let identifier = |tag, table| -> Result<Option<String>> {
                let known = root.guid(tag)?.map(|g| word(table, g)).filter(|w| w != "none");
                Ok(known.map(|w| w.to_uppercase().replace('_', " ")))
            };
            // The name of a model begins with that of its maker.
            identifier(tags::EQUIPMENT_ID, EQUIPMENT)?
                .or(identifier(tags::VENDOR_ID, VENDORS)?)
                .unwrap_or_default()
        } else {
            model
        };
        let list = root.child(tags::CHANNEL_DEFNS)?.map(|list| list.children(tags::ONE_CHANNEL_DEFN));
        let list = list.transpose()?.unwrap_or_default();
        let mut channels = Vec::with_capacity(list.len());
        for c in list {
            channels.push(ChannelDefinition::parse(c)?);
        }
        let name = root.text(tags::NAME_DS)?.into();
        Ok(Self { name, device: device.into(), channels, notes: notes(root, &SITE_NOTES)? })
    }
}

impl ChannelDefinition {
    fn parse(c: Collection<'_>) -> Result<Self> {
        let list = c.child(tags::SERIES_DEFNS)?.map(|list| list.children(tags::ONE_SERIES_DEFN));
        let list = list.transpose()?.unwrap_or_default();
        let mut series = Vec::with_capacity(list.len());
        for s in list {
            series.push(SeriesDefinition {
                value_type: s.guid(tags::VALUE_TYPE_ID)?.unwrap_or_default(),
                units: s.integer(tags::QUANTITY_UNITS_ID)?.unwrap_or(0),
                characteristic: s.guid(tags::QUANTITY_CHARACTERISTIC_ID)?.unwrap_or_default(),
                method: s.integer(tags::STORAGE_METHOD_ID)?.unwrap_or(VALUES),
                nominal: s.number(tags::SERIES_NOMINAL_QUANTITY)?,
            });
        }
        Ok(Self {
            name: c.text(tags::CHANNEL_NAME)?.into(),
            group: c.text(tags::GROUP_NAME)?.into(),
            phase: c.integer(tags::PHASE_ID)?.unwrap_or(0),
            quantity: c.guid(tags::QUANTITY_TYPE_ID)?.unwrap_or_default(),
            measured: c.integer(tags::QUANTITY_MEASURED_ID)?,
            series,
        })
    }
}

impl Settings {
    /// The settings of the channel that is defined at `index`.
    pub(super) fn of(&self, index: u32) -> ChannelSetting {
        self.channels.get(&index).copied().unwrap_or_default()
    }

    fn parse(root: Collection<'_>) -> Result<Self> {
        let is_set = |tag| -> Result<bool> { Ok(root.number(tag)?.is_some_and(|v| v != 0.0)) };
        let (use_ratio, use_calibration) = (is_set(tags::USE_TRANSDUCER)?, is_set(tags::USE_CALIBRATION)?);
        let mut channels = HashMap::new();
        let list = root.child(tags::CHANNEL_SETTINGS_ARRAY)?.map(|a| a.children(tags::ONE_CHANNEL_SETTING));
        for c in list.transpose()?.unwrap_or_default() {
            let Some(index) = c.integer(tags::CHANNEL_DEFN_IDX)? else { continue };
            // Zero stands for "not set" in every factor.
            let number =
                |tag| -> Result<Option<f64>> { Ok(c.number(tag)?.filter(|v| v.is_finite() && *v != 0.0)) };
            let ratio = number(tags::XD_SYSTEM_SIDE_RATIO)?.zip(number(tags::XD_MONITOR_SIDE_RATIO)?);
            let calibration = (number(tags::CAL_OFFSET)?, number(tags::CAL_RATIO)?);
            let calibration = (calibration.0.unwrap_or(0.0), calibration.1.unwrap_or(1.0));
            let setting = ChannelSetting {
                ratio,
                use_ratio,
                calibration: Some(calibration).filter(|c| use_calibration && *c != (0.0, 1.0)),
                skew_s: if use_calibration { number(tags::CAL_TIME_SKEW)?.unwrap_or(0.0) } else { 0.0 },
            };
            channels.insert(index, setting);
        }
        let nominal = root.number(tags::NOMINAL_FREQUENCY)?;
        Ok(Self { nominal_frequency_hz: nominal.filter(|f| f.is_finite() && *f > 0.0), channels })
    }
}
