//! How to read a file.

use std::path::Path;

use clap::ValueEnum;
use kilat::io::{ChannelMap, ReadOptions, SampleAxis};
use kilat::{Capture, Channel, Error, Moment, Phase, SampleRate, Timestamp, synth};

use crate::failure::Failure;

/// Place of a file that stands for a generated example.
const SYNTH: &str = "synth:";

/// How to read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadArgs {
    /// Samples per second, for files that state none.
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// Keep only these channels, by name; separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    channels: Option<Vec<String>>,
    /// Moment of the first sample, ISO 8601, for files that state none; UTC without a zone.
    #[arg(long, value_name = "TIME")]
    start: Option<Timestamp>,
    /// Only what was recorded from then on: a time (ISO 8601; UTC without a zone), or so long after the first sample: 10s, 200ms,
    /// 1.5min, 2h. Results count from there.
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Only what was recorded before; as --from.
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// Which axis of a two-dimensional array runs over the samples.
    #[arg(long)]
    axis: Option<Axis>,
    /// What a column or dataset is: SOURCE=NAME:UNIT:PHASE:SCALE:OFFSET. May be repeated; only the mapped
    /// ones are read then.
    ///
    /// SOURCE is a dataset path, a column title or a column number from 0; `path:3` is column 3 of a
    /// two-dimensional dataset. Fields may be left empty or left out: `/raw/u1=Ua:V:A:0.0152`, `2=Ia:A`.
    #[arg(long, value_name = "MAP", value_parser = parse_map)]
    map: Vec<ChannelMap>,
    /// Observations to read, by number as `kilat info` shows them, of a file that holds many; separated by commas.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub observation: Vec<usize>,
    /// Refuse a file with any damage instead of repairing what can be repaired.
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Axis {
    /// One row per sample.
    Rows,
    /// One column per sample.
    Columns,
}

/// Reads `SOURCE=NAME:UNIT:PHASE:SCALE:OFFSET`.
fn parse_map(text: &str) -> Result<ChannelMap, String> {
    let (source, fields) = text.rsplit_once('=').unwrap_or((text, ""));
    if source.is_empty() {
        return Err("expected SOURCE=NAME:UNIT:PHASE:SCALE:OFFSET, found no source".into());
    }
    let fields: Vec<&str> = fields.split(':').map(str::trim).collect();
    if let Some(extra) = fields.get(5) {
        return Err(format!("expected at most NAME:UNIT:PHASE:SCALE:OFFSET, found a sixth field `{extra}`"));
    }
    let field = |i: usize| fields.get(i).copied().filter(|f| !f.is_empty());
    let number = |i: usize, what: &str| {
        let parse = |f: &str| f.parse::<f64>().ok().filter(|v| v.is_finite());
        field(i)
            .map(|f| parse(f).ok_or_else(|| format!("{what}: expected a number, found `{f}`")))
            .transpose()
    };
    let phase = |f: &str| {
        Phase::parse(f).ok_or_else(|| format!("phase: expected A, B, C, N, AB, BC or CA, found `{f}`"))
    };
    Ok(ChannelMap {
        source: source.to_owned(),
        name: field(0).map(str::to_owned),
        unit: field(1).map(str::to_owned),
        phase: field(2).map(phase).transpose()?,
        scale: number(3, "scale")?,
        offset: number(4, "offset")?,
    })
}

impl ReadArgs {
    /// Reads `file`, or generates the example that `synth:NAME` names.
    pub fn read(&self, file: &str) -> Result<Capture, Failure> {
        match file.strip_prefix(SYNTH) {
            Some(name) => self.generate(name).and_then(|c| self.part(c)).map_err(Failure::about(file)),
            None => self.read_path(Path::new(file), file),
        }
    }

    /// Reads `files` as the parts of one recording.
    pub fn read_joined(&self, files: &[String]) -> Result<Capture, Failure> {
        if let Some(file) = files.iter().find(|f| f.starts_with(SYNTH)) {
            let error = Error::config("--join", "a generated example is no part of a recording");
            return Err(Failure::about(file)(error));
        }
        Ok(self.part(kilat::io::read_all(files, &self.options())?)?)
    }

    /// Reads the file at `path`, which errors call `name`.
    pub fn read_path(&self, path: &Path, name: &str) -> Result<Capture, Failure> {
        kilat::io::read(path, &self.options()).and_then(|c| self.part(c)).map_err(Failure::about(name))
    }

    /// The part of `capture` that is asked for.
    fn part(&self, capture: Capture) -> kilat::Result<Capture> {
        if self.from.is_none() && self.to.is_none() {
            return Ok(capture);
        }
        capture.between(self.from, self.to)
    }

    /// Refuses `--from` and `--to` where `what` has no part to take.
    pub fn whole(&self, what: &str) -> Result<(), Failure> {
        let given = [("--from", self.from), ("--to", self.to)].into_iter().find(|(_, m)| m.is_some());
        given.map_or(Ok(()), |(name, _)| Err(Error::config(name, format!("not possible with {what}")).into()))
    }

    /// Rate and channels of raw samples, which do not say them: `--rate`, and `--channels` or one `--map` per column.
    pub fn raw(&self) -> Result<(SampleRate, Vec<Channel>), Failure> {
        self.whole("raw samples, which are read as they come")?;
        let needed = |what: &str| Error::config(what, "needed for raw samples, which do not say it");
        let rate = SampleRate::from_hz(self.rate.ok_or_else(|| needed("--rate"))?)?;
        let named = self
            .channels
            .iter()
            .flatten()
            .map(|n| ChannelMap { name: Some(n.clone()), ..ChannelMap::default() });
        let maps: Vec<_> = if self.map.is_empty() { named.collect() } else { self.map.clone() };
        if maps.is_empty() {
            return Err(needed("--channels").into());
        }
        let mut channels = Vec::new();
        for (k, m) in maps.iter().enumerate() {
            if !m.source.is_empty() && m.source != k.to_string() {
                let problem =
                    format!("raw samples have columns 0, 1, 2 …: expected {k}, found `{}`", m.source);
                return Err(Error::config("--map", problem).into());
            }
            let name = m.name.clone().unwrap_or_else(|| k.to_string());
            let unit = m.unit.as_deref().unwrap_or(if name.starts_with(['I', 'i']) { "A" } else { "V" });
            let mut channel = Channel::new(name, unit, Vec::<f32>::new())
                .with_scale(m.scale.unwrap_or(1.0), m.offset.unwrap_or(0.0));
            channel.phase = m.phase.or(channel.phase);
            channels.push(channel);
        }
        Ok((rate, channels))
    }

    fn options(&self) -> ReadOptions {
        ReadOptions {
            strict: self.strict,
            channels: self.channels.clone(),
            sample_rate_hz: self.rate,
            start: self.start,
            map: self.map.clone(),
            observations: self.observation.clone(),
            axis: self.axis.map(|a| match a {
                Axis::Rows => SampleAxis::Rows,
                Axis::Columns => SampleAxis::Columns,
            }),
        }
    }

    fn generate(&self, name: &str) -> kilat::Result<Capture> {
        let mut options = synth::Options::of(name)?;
        options.sample_rate_hz = self.rate.unwrap_or(options.sample_rate_hz);
        let mut capture = synth::scenario(name, &options)?.capture;
        capture.source = format!("{SYNTH}{name}");
        if let Some(start) = self.start {
            let time = capture.time().clone().with_start(Some(start));
            capture = capture.with_time(time)?;
        }
        if let Some(names) = &self.channels {
            let kept = names.iter().map(|n| Ok(capture.channel(n)?.name.clone()));
            let kept = kept.collect::<kilat::Result<Vec<_>>>()?;
            capture = capture.select(|c| kept.contains(&c.name));
        }
        Ok(capture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_names_source_and_channel() {
        let m = parse_map("/raw/u=1:3=Ua:V:L1:0.0152:-2").unwrap();
        assert_eq!(
            (m.source.as_str(), m.name.as_deref(), m.unit.as_deref()),
            ("/raw/u=1:3", Some("Ua"), Some("V"))
        );
        assert_eq!((m.phase, m.scale, m.offset), (Some(Phase::A), Some(0.0152), Some(-2.0)));
        let m = parse_map("2=:A").unwrap();
        assert_eq!((m.source.as_str(), m.name, m.unit.as_deref()), ("2", None, Some("A")));
        assert_eq!(
            parse_map("voltage").unwrap(),
            ChannelMap { source: "voltage".into(), ..Default::default() }
        );
    }

    #[test]
    fn a_wrong_map_says_what_is_expected() {
        assert!(parse_map("u=Ua:V:Q").unwrap_err().starts_with("phase: expected A, B, C"));
        assert!(parse_map("u=Ua:V:A:many").unwrap_err().starts_with("scale: expected a number"));
        assert!(parse_map("u=Ua:V:A:1:0:x").unwrap_err().contains("sixth"));
        assert!(parse_map("=Ua").is_err());
    }
}
