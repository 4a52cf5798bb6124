//! What to measure and against what: every setting of an analysis, with the standard's defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::capture::{Capture, Kind, Phase};
use crate::error::{Error, Result};
use crate::pq::power::demand::DemandMeter;

pub mod correction;

pub use correction::{Correction, ResponsePoint};

/// Measurement class of IEC 61000-4-30.
///
/// Class S differs from Class A in what [`Config::orders`], [`Config::event_rms`] and
/// [`Class::resynchronises`] say; every other quantity is measured as in Class A, which Class S allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // the variants are the names of the classes
pub enum Class {
    A,
    S,
}

impl Class {
    /// True when basic intervals, and those of 150/180 cycles, begin anew at every 10-min tick and may overlap the ones before
    /// (Class A). Class S puts one behind the other: an interval in progress at a tick belongs to the 10 min that end.
    pub fn resynchronises(self) -> bool {
        self == Self::A
    }
}

/// Edition of IEC 61000-4-30 that results are stated by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Edition {
    /// Ed. 3, of 2015.
    #[default]
    #[serde(rename = "3")]
    Third,
    /// Ed. 3.1: with amendment 1, of 2021. No difference to Ed. 3 is known that would change a result.
    #[serde(rename = "3.1")]
    ThirdAmended,
    /// Ed. 4, of 2025: without under- and over-deviation, and with two annexes on 2 to 150 kHz whose methods are not public.
    #[serde(rename = "4")]
    Fourth,
}

impl Edition {
    /// True when under- and over-deviation are among its parameters.
    pub fn has_deviation(self) -> bool {
        self != Self::Fourth
    }
}

impl std::fmt::Display for Edition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Third => "Ed. 3",
            Self::ThirdAmended => "Ed. 3.1",
            Self::Fourth => "Ed. 4",
        })
    }
}

/// R.m.s. values that dips, swells and interruptions are sought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EventRms {
    /// Urms(1/2): of one cycle, refreshed every half cycle.
    #[default]
    #[serde(rename = "1/2")]
    HalfCycle,
    /// Urms(1): of one cycle, refreshed every cycle. In Class S only.
    #[serde(rename = "1")]
    Cycle,
}

/// How the channels make a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wiring {
    /// One phase.
    #[default]
    Single,
    /// Two phases 180° apart.
    Split,
    /// Three line-neutral voltages.
    Wye,
    /// Three line-line voltages.
    Delta,
}

/// Lamp whose flicker is judged (IEC 61000-4-15): an incandescent lamp of 60 W for one of the two voltages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lamp {
    /// For 230 V.
    #[serde(rename = "230V")]
    V230,
    /// For 120 V.
    #[serde(rename = "120V")]
    V120,
}

/// What is measured besides r.m.s. values, frequency, and the dips, swells, interruptions and rapid changes in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Nothing more.
    Events,
    /// Spectra, and what rests on them: unbalance, power and energy, signalling.
    Harmonics,
    /// Flicker.
    Flicker,
    /// Transients and notches.
    Transients,
}

/// A tone of mains signalling (IEC 61000-4-30, 5.10).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tone {
    /// Its frequency, in hertz: up to 3 kHz.
    pub hz: f64,
    /// A burst begins above this, in % of Udin.
    #[serde(default = "Tone::threshold")]
    pub threshold_pct: f64,
    /// Its basic values are recorded for so long, in seconds: up to 120.
    #[serde(default = "Tone::record")]
    pub record_s: f64,
}

impl Tone {
    /// At `hz`, above 1 % of Udin, recorded for two minutes.
    pub fn at(hz: f64) -> Self {
        Self { hz, threshold_pct: Self::threshold(), record_s: Self::record() }
    }

    fn threshold() -> f64 {
        1.0
    }

    fn record() -> f64 {
        120.0
    }
}

/// Settings of an analysis. Serialises to and from TOML; a missing key takes the value of [`Config::class_a`].
///
/// ```
/// # use kilat_core::Config;
/// let config = Config { dip_pct: 85.0, ..Config::class_a(230.0, 50.0) };
/// assert_eq!(config.cycles(), 10);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Declared input voltage Udin in volts: line-neutral where line-neutral voltages are measured, else line-line.
    ///
    /// Beside line-neutral channels, line-line channels are judged against √3 times this.
    pub nominal_voltage_v: f64,
    /// Nominal frequency in hertz: 50 or 60.
    pub nominal_frequency_hz: f64,
    /// Measurement class.
    pub class: Class,
    /// Edition of the standard.
    pub edition: Edition,
    /// Values that dips, swells and interruptions are sought in: Urms(1/2), or Urms(1), which only Class S allows.
    pub event_rms: EventRms,
    /// A dip begins below this, in % of Udin.
    #[doc(alias = "sag")]
    pub dip_pct: f64,
    /// A swell begins above this, in % of Udin.
    pub swell_pct: f64,
    /// An interruption begins below this, in % of Udin (5 in IEC practice, 10 in IEEE practice).
    pub interruption_pct: f64,
    /// Distance back across a threshold that ends an event, in % of Udin.
    pub hysteresis_pct: f64,
    /// Dips and swells are measured against the sliding reference instead of Udin (IEC 61000-4-30, 5.4.4).
    pub sliding_reference: bool,
    /// A rapid voltage change is more than this away from the steady mean of a second, in % of Udin.
    pub rvc_pct: f64,
    /// By how much the threshold shrinks until a rapid change is over, in % of the threshold.
    pub rvc_hysteresis_pct: f64,
    /// Highest harmonic order measured, 1 to 50; none means that of the class ([`Config::orders`]).
    pub orders: Option<usize>,
    /// Highest order that counts into the THD, 2 to `orders`.
    pub thd_orders: usize,
    /// Smallest transient reported, in % of the nominal peak voltage.
    pub transient_pct: f64,
    /// Tones of mains signalling to be measured; none by default.
    pub signalling: Vec<Tone>,
    /// Lamp whose flicker is judged; none means the one that [`Config::lamp`] takes for the declared voltage.
    pub lamp: Option<Lamp>,
    /// Demand is the mean power over this many minutes.
    pub demand_min: f64,
    /// Steps in which a demand window slides over its own length: 1 for block after block, 15 for 15 min in steps of one.
    pub demand_steps: u32,
    /// Emission above order 50 is measured, from 2 kHz to as far as the rate reaches, at most 150 kHz. It needs every sample at the
    /// full rate, so it costs time, and is off by default.
    pub supraharmonics: bool,
    /// The parts that are measured; empty for all. What is left out is NaN or empty, and no cause is sought then.
    pub only: Vec<Part>,
    /// What is known of the transducers, by name of the channel.
    pub corrections: BTreeMap<String, Correction>,
}

impl Default for Config {
    fn default() -> Self {
        Self::class_a(230.0, 50.0)
    }
}

impl Config {
    /// The defaults of IEC 61000-4-30 Ed. 3, Class A, at this declared voltage and nominal frequency.
    pub fn class_a(nominal_voltage_v: f64, nominal_frequency_hz: f64) -> Self {
        Self {
            nominal_voltage_v,
            nominal_frequency_hz,
            class: Class::A,
            edition: Edition::default(),
            event_rms: EventRms::default(),
            dip_pct: 90.0,
            swell_pct: 110.0,
            interruption_pct: 5.0,
            hysteresis_pct: 2.0,
            sliding_reference: false,
            rvc_pct: 5.0,
            rvc_hysteresis_pct: 50.0,
            orders: None,
            thd_orders: 40,
            transient_pct: 10.0,
            signalling: Vec::new(),
            lamp: None,
            demand_min: 15.0,
            demand_steps: 1,
            supraharmonics: false,
            only: Vec::new(),
            corrections: BTreeMap::new(),
        }
    }

    /// The same, Class S: harmonics up to order 40, intervals without resynchronisation.
    pub fn class_s(nominal_voltage_v: f64, nominal_frequency_hz: f64) -> Self {
        Self { class: Class::S, ..Self::class_a(nominal_voltage_v, nominal_frequency_hz) }
    }

    /// The highest order stated, else 50 in Class A and 40 in Class S (IEC 61000-4-30, 5.8).
    pub fn orders(&self) -> usize {
        self.orders.unwrap_or(match self.class {
            Class::A => 50,
            Class::S => 40,
        })
    }

    /// The lamp stated, else the 120 V lamp up to a declared voltage of 130 V and the 230 V lamp above. The mains frequency says
    /// nothing about lamps.
    pub fn lamp(&self) -> Lamp {
        self.lamp.unwrap_or(if self.nominal_voltage_v <= 130.0 { Lamp::V120 } else { Lamp::V230 })
    }

    /// True when [`only`](Self::only) does not leave this part out.
    pub fn measures(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Cycles in the basic measurement interval: 10 at 50 Hz, 12 at 60 Hz (IEC 61000-4-30, 4.4).
    pub fn cycles(&self) -> usize {
        if self.nominal_frequency_hz < 55.0 { 10 } else { 12 }
    }

    /// Refuses settings that make no sense, naming the first one.
    pub fn check(&self) -> Result<()> {
        let within = |name: &str, v: f64, lo: f64, hi: f64| {
            if v >= lo && v <= hi {
                Ok(())
            } else {
                Err(Error::config(name, format!("{v} is outside {lo} to {hi}")))
            }
        };
        within("nominal_voltage_v", self.nominal_voltage_v, 1e-3, 2e6)?;
        if self.nominal_frequency_hz != 50.0 && self.nominal_frequency_hz != 60.0 {
            return Err(Error::config(
                "nominal_frequency_hz",
                format!("{} is neither 50 nor 60", self.nominal_frequency_hz),
            ));
        }
        if self.event_rms == EventRms::Cycle && self.class == Class::A {
            let problem = "Urms(1), refreshed every cycle, is for Class S; Class A takes Urms(1/2)";
            return Err(Error::config("event_rms", problem));
        }
        within("dip_pct", self.dip_pct, 1.0, 100.0)?;
        within("swell_pct", self.swell_pct, 100.0, 300.0)?;
        within("interruption_pct", self.interruption_pct, 0.1, self.dip_pct)?;
        within("hysteresis_pct", self.hysteresis_pct, 0.0, 20.0)?;
        within("rvc_pct", self.rvc_pct, 0.1, 50.0)?;
        within("rvc_hysteresis_pct", self.rvc_hysteresis_pct, 0.0, 90.0)?;
        within("transient_pct", self.transient_pct, 0.5, 1000.0)?;
        for (given, part, name) in [
            (!self.signalling.is_empty(), Part::Harmonics, "signalling"),
            (self.supraharmonics, Part::Harmonics, "supraharmonics"),
        ] {
            if given && !self.measures(part) {
                return Err(Error::config("only", format!("leaves out harmonics, which {name} needs")));
            }
        }
        within("demand_min", self.demand_min, 0.01, 1440.0)?;
        within("demand_steps", f64::from(self.demand_steps), 1.0, 60.0)?;
        for tone in &self.signalling {
            within("signalling.hz", tone.hz, 1.5 * self.nominal_frequency_hz, 3000.0)?;
            within("signalling.threshold_pct", tone.threshold_pct, 0.1, 100.0)?;
            within("signalling.record_s", tone.record_s, 0.1, 120.0)?;
        }
        within("orders", self.orders() as f64, 1.0, 50.0)?;
        within("thd_orders", self.thd_orders as f64, 1.0, 50.0)?;
        self.corrections.iter().try_for_each(|(name, c)| c.check(&format!("corrections.{name}")))
    }

    /// The register that demand is read from.
    pub fn demand_meter(&self) -> DemandMeter {
        DemandMeter::new(60.0 * self.demand_min / f64::from(self.demand_steps), self.demand_steps)
    }

    /// Udin of a channel on `phase`, in volts; `with_neutral` says whether the system has line-neutral voltages.
    pub fn udin_v(&self, phase: Option<Phase>, with_neutral: bool) -> f64 {
        if with_neutral && phase.is_some_and(Phase::is_line_line) {
            self.nominal_voltage_v * 3.0f64.sqrt()
        } else {
            self.nominal_voltage_v
        }
    }
}

/// True when a voltage channel of `capture` is measured against the neutral.
pub fn has_line_neutral(capture: &Capture) -> bool {
    capture
        .channels()
        .iter()
        .any(|c| c.kind == Kind::Voltage && c.phase.is_some_and(|p| !p.is_line_line() && p != Phase::N))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_toml_and_refuse_typos() {
        let c = Config { dip_pct: 85.0, ..Config::class_a(120.0, 60.0) };
        let text = toml::to_string(&c).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), c);
        assert_eq!(toml::from_str::<Config>("nominal_voltage_v = 400.0").unwrap().dip_pct, 90.0);
        assert!(toml::from_str::<Config>("dipp_pct = 85.0").is_err());
        assert!(toml::from_str::<Config>("lamp = \"100V\"").is_err());
        assert!(
            toml::from_str::<Config>("edition = \"2\"").unwrap_err().to_string().contains("`3`, `3.1`, `4`")
        );
    }

    #[test]
    fn lamp_follows_the_declared_voltage_unless_stated() {
        let lamp = |text: &str| toml::from_str::<Config>(text).unwrap().lamp();
        assert_eq!(lamp("nominal_voltage_v = 120.0\nnominal_frequency_hz = 50.0"), Lamp::V120);
        assert_eq!(lamp("nominal_voltage_v = 230.0\nnominal_frequency_hz = 60.0"), Lamp::V230);
        assert_eq!(lamp("nominal_voltage_v = 230.0\nlamp = \"120V\""), Lamp::V120);
    }

    #[test]
    fn orders_follow_the_class_unless_stated() {
        let orders = |text: &str| toml::from_str::<Config>(text).unwrap().orders();
        assert_eq!((orders(""), orders("class = \"S\"")), (50, 40));
        assert_eq!((orders("orders = 25"), orders("class = \"S\"\norders = 50")), (25, 50));
    }

    #[test]
    fn one_value_a_cycle_is_for_class_s() {
        let read = |text: &str| toml::from_str::<Config>(text).unwrap().check();
        assert!(read("event_rms = \"1\"").unwrap_err().to_string().starts_with("event_rms: Urms(1)"));
        assert!(read("event_rms = \"1\"\nclass = \"S\"").is_ok());
    }

    #[test]
    fn senseless_settings_name_themselves() {
        let bad = Config { nominal_frequency_hz: 55.0, ..Config::default() };
        assert!(bad.check().unwrap_err().to_string().starts_with("nominal_frequency_hz"));
        let bad = Config { dip_pct: f64::NAN, ..Config::default() };
        assert!(bad.check().unwrap_err().to_string().starts_with("dip_pct"));
        let bad = Config { demand_steps: 0, ..Config::default() };
        assert!(bad.check().unwrap_err().to_string().starts_with("demand_steps"));
        assert!(Config::default().check().is_ok());
    }
}
