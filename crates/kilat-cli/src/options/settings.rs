//! What to measure by, and the analysis.

use std::path::PathBuf;

use clap::ValueEnum;
use kilat::diagnosis::{self, Answers, Finding};
use kilat::engine::parts::Parts;
use kilat::{Analysis, Capture, Class, Config, Edition, Error, Part, Warning};

use crate::failure::Failure;

/// Seconds of a recording of which all results are held where not more is needed: some 35 MiB of six channels.
const PART_S: f64 = 600.0;

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
    /// Measure only this besides r.m.s. values, frequency and events; separated by commas. Faster; no cause is sought then.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    only: Vec<PartName>,
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
enum PartName {
    /// Nothing more.
    Events,
    /// Spectra, unbalance, power, energy, signalling.
    Harmonics,
    /// Flicker.
    Flicker,
    /// Transients and notches.
    Transients,
}

impl From<PartName> for Part {
    fn from(name: PartName) -> Self {
        match name {
            PartName::Events => Self::Events,
            PartName::Harmonics => Self::Harmonics,
            PartName::Flicker => Self::Flicker,
            PartName::Transients => Self::Transients,
        }
    }
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
        let given = (self.nominal_voltage, self.frequency, self.class, self.edition, &self.only);
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

    /// `config` with the nominal values of `base`, and what the command line says of class, edition and parts.
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
        if !self.only.is_empty() {
            config.only = self.only.iter().map(|p| (*p).into()).collect();
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
