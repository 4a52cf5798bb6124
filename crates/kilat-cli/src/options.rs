//! Options that several commands share: how to read a file, and how to analyse it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser};
use kilat::diagnosis::{self, Answers, Damage, Finding};
use kilat::engine::parts::Parts;
use kilat::io::{ChannelMap, ReadOptions, SampleAxis};
use kilat::limits::Site;
use kilat::{
    Analysis, Capture, Channel, Class, Config, Edition, Error, Moment, Phase, SampleRate, Timestamp, Warning,
    synth,
};

use crate::failure::Failure;

/// Seconds of a recording of which all results are held where not more is needed: some 35 MiB of six channels.
const PART_S: f64 = 600.0;

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

/// What standards need to know beside the recording.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Place of measurement (IEEE 519)")]
pub struct SiteArgs {
    /// Nominal line-line voltage at the point of common coupling, in volts.
    #[arg(long, value_name = "V")]
    pcc_voltage: Option<f64>,
    /// Short-circuit current at the point of common coupling, in amperes.
    #[arg(long, value_name = "A")]
    isc: Option<f64>,
    /// Demand current IL: mean of the twelve monthly maximum demand currents, in amperes.
    #[arg(long, value_name = "A")]
    il: Option<f64>,
}

impl SiteArgs {
    /// What was stated, once it makes sense.
    pub fn site(&self) -> Result<Site, Failure> {
        let site = Site { short_circuit_a: self.isc, demand_a: self.il, pcc_v: self.pcc_voltage };
        site.check()?;
        Ok(site)
    }
}

/// What to measure by.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Analysis")]
pub struct SettingArgs {
    /// Declared voltage Udin, in volts: line-neutral where line-neutral voltages are measured, else
    /// line-line. Estimated from the signal when not given, and said so.
    #[arg(long, value_name = "V")]
    nominal_voltage: Option<f64>,
    /// Nominal frequency: 50 or 60 Hz. Taken from the file or the signal when not given.
    #[arg(long, value_name = "HZ")]
    frequency: Option<f64>,
    /// Measurement class of IEC 61000-4-30: A unless stated. S measures 40 orders and does not resynchronise at 10-min ticks.
    #[arg(long, value_name = "CLASS", ignore_case = true)]
    class: Option<ClassName>,
    /// Edition of IEC 61000-4-30: 3 unless stated. Ed. 4 has no under- and over-deviation.
    #[arg(long, value_name = "EDITION")]
    edition: Option<EditionNumber>,
    /// Settings in TOML, by the names that `kilat analyze --json` shows under `config`: thresholds, orders.
    /// Options of the command line win.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// How to analyse.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Analysis")]
pub struct AnalysisArgs {
    #[command(flatten)]
    pub settings: SettingArgs,
    /// Threads to compute on; 0 means as many as the machine has. The results do not depend on it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClassName {
    A,
    S,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EditionNumber {
    #[value(name = "3")]
    Third,
    #[value(name = "3.1")]
    ThirdAmended,
    #[value(name = "4")]
    Fourth,
}

/// What only people know.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What you know (probable causes)")]
pub struct AnswerArgs {
    /// Whether there was a thunderstorm, or a stroke, at that date and time.
    #[arg(long, value_name = "YES|NO", value_parser = BoolishValueParser::new())]
    storm: Option<bool>,
    /// Whether the same happened at neighbours on the same transformer.
    #[arg(long, value_name = "YES|NO", value_parser = BoolishValueParser::new())]
    neighbours: Option<bool>,
    /// What was damaged.
    #[arg(long, value_name = "WHAT", value_parser = damage())]
    damage: Option<Damage>,
}

fn damage() -> impl TypedValueParser<Value = Damage> {
    PossibleValuesParser::new(Damage::NAMES)
        .try_map(|name| Damage::named(&name).ok_or_else(|| format!("no such damage: {name}")))
}

impl AnswerArgs {
    pub fn answers(&self) -> Answers {
        Answers { storm: self.storm, neighbours: self.neighbours, damage: self.damage }
    }
}

/// A capture with its analysis and what was assumed for it.
pub struct Analyzed {
    pub capture: Capture,
    pub analysis: Analysis,
    pub findings: Vec<Finding>,
    pub assumed: Vec<Warning>,
}

impl AnalysisArgs {
    /// Analyses `capture`, read from `file`.
    pub fn analyze(&self, file: &str, capture: Capture, answers: Answers) -> Result<Analyzed, Failure> {
        let (config, assumed) = self.settings.config(file, &capture)?;
        let analysis =
            kilat::engine::offline::analyze(&capture, &config, self.threads).map_err(Failure::about(file))?;
        let findings = diagnosis::diagnose(&analysis, answers);
        Ok(Analyzed { capture, analysis, findings, assumed })
    }

    /// Begins to analyse `capture`, read from `file`, part by part; and what was assumed for it.
    pub fn parts(&self, file: &str, capture: &Capture) -> Result<(Parts, Vec<Warning>), Failure> {
        let (config, assumed) = self.settings.config(file, capture)?;
        let parts = Parts::new(capture, &config, self.threads, PART_S).map_err(Failure::about(file))?;
        Ok((parts, assumed))
    }
}

impl SettingArgs {
    /// Everything that results depend on, as a text that differs when it does.
    pub fn identity(&self) -> Result<String, Failure> {
        let (config, keys) = self.settings()?;
        let given = (self.nominal_voltage, self.frequency, self.class, self.edition);
        Ok(format!("{config:?} {keys:?} {given:?}"))
    }

    /// The settings: of the command line, else of the settings file, else estimated from the capture.
    pub fn config(&self, file: &str, capture: &Capture) -> Result<(Config, Vec<Warning>), Failure> {
        let (config, keys) = self.settings()?;
        let voltage = self.nominal_voltage.or(keys.0.then_some(config.nominal_voltage_v));
        let frequency = self.frequency.or(keys.1.then_some(config.nominal_frequency_hz));
        let (base, assumed) = kilat::config_for(capture, voltage, frequency).map_err(Failure::about(file))?;
        Ok((self.with_nominal(config, &base)?, assumed))
    }

    /// `config` with the nominal values of `base`, and what the command line says of class and edition.
    fn with_nominal(&self, mut config: Config, base: &Config) -> Result<Config, Failure> {
        config.nominal_voltage_v = base.nominal_voltage_v;
        config.nominal_frequency_hz = base.nominal_frequency_hz;
        if let Some(class) = self.class {
            config.class = match class {
                ClassName::A => Class::A,
                ClassName::S => Class::S,
            };
        }
        if let Some(edition) = self.edition {
            config.edition = match edition {
                EditionNumber::Third => Edition::Third,
                EditionNumber::ThirdAmended => Edition::ThirdAmended,
                EditionNumber::Fourth => Edition::Fourth,
            };
        }
        config.check()?;
        Ok(config)
    }

    /// The settings of samples that nothing can be estimated from.
    pub fn stated(&self) -> Result<Config, Failure> {
        let (config, keys) = self.settings()?;
        let needed = |what: &str| Error::config(what, "needed for raw samples, which do not say it");
        let voltage = self.nominal_voltage.or(keys.0.then_some(config.nominal_voltage_v));
        let frequency = self.frequency.or(keys.1.then_some(config.nominal_frequency_hz));
        let voltage = voltage.ok_or_else(|| needed("--nominal-voltage"))?;
        let frequency = frequency.ok_or_else(|| needed("--frequency"))?;
        self.with_nominal(config, &Config::class_a(voltage, frequency))
    }

    /// The settings file, and whether it states the nominal voltage and frequency.
    fn settings(&self) -> Result<(Config, (bool, bool)), Failure> {
        let Some(path) = &self.config else { return Ok((Config::default(), (false, false))) };
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        let failed = |e: toml::de::Error| {
            let line = e.span().map_or(1, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            Error::config(format!("{}: line {line}", path.display()), e.message())
        };
        let table: toml::Table = toml::from_str(&text).map_err(failed)?;
        let config: Config = toml::from_str(&text).map_err(failed)?;
        let stated = |key: &str| table.contains_key(key);
        Ok((config, (stated("nominal_voltage_v"), stated("nominal_frequency_hz"))))
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
