//! The result of an analysis: tables, one row per interval, half cycle or event.
//!
//! Positions are fractional sample indices of the capture; [`Analysis::seconds`] and [`Analysis::timestamp`] turn them
//! into time. Arrays are `(interval, channel, …)` with channels in the order of [`Analysis::channels`].

use ndarray::{Array2, Array3};
use serde::{Deserialize, Deserializer, Serialize};

use crate::capture::{Kind, Phase, TimeBase};
use crate::config::{Config, Wiring};
use crate::engine::steps::Steps;
use crate::error::Warning;
use crate::pq::dips::DipForm;
use crate::pq::events::Event;
use crate::pq::power::demand::Demand;
use crate::pq::power::energy::Energy;
use crate::pq::power::phase::PhaseColumns;
use crate::pq::power::system::SystemColumns;
use crate::pq::rvc::RapidChange;
use crate::pq::signalling::Burst;
use crate::pq::transients::{Transient, TransientForm};
use crate::units::Timestamp;

bitflags::bitflags! {
    /// What a value has been through. Flagged data are kept; the user decides (IEC 61000-4-30, 4.7).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct Flags: u16 {
        /// A dip, swell or interruption on any channel overlaps it.
        const EVENT = 1;
        /// A sample inside was missing; it was held at the last valid value.
        const MISSING = 2;
        /// The converter was at its limit.
        const CLIPPED = 4;
        /// No zero crossings to follow: the cut was carried on at the last known frequency.
        const UNSYNCHRONISED = 8;
        /// Fewer cycles than the standard's 10/12: the record is too short. Groups are single bins then.
        const SHORT = 16;
        /// It overlaps the interval before it, because a new one starts at every 10-min tick.
        const OVERLAP = 32;
        /// Flicker less than two minutes after the start, or after a voltage that was all but gone.
        const UNSETTLED = 64;
        /// An aggregate of which time is missing: the recording began or ended inside, or has a gap there.
        const INCOMPLETE = 128;
    }
}

impl Serialize for Flags {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            s.collect_seq(self.iter_names().map(|(name, _)| name.to_ascii_lowercase()))
        } else {
            self.bits().serialize(s)
        }
    }
}

impl<'de> Deserialize<'de> for Flags {
    /// From bits: only checkpoints are read.
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        u16::deserialize(d).map(Self::from_bits_truncate)
    }
}

/// One analysed channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelInfo {
    /// Name as in the capture.
    pub name: String,
    /// Its index in the capture; that of a derived channel lies beyond it.
    pub index: usize,
    /// Conductor.
    pub phase: Option<Phase>,
    /// Voltage or current.
    pub kind: Kind,
    /// Udin of a voltage channel, in volts; zero for currents.
    pub udin_v: f64,
}

/// Urms(1/2) of one voltage channel: one full cycle, refreshed every half cycle, on the channel's own crossings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HalfCycles {
    /// First sample position of each one-cycle window.
    pub start_sample: Vec<f64>,
    /// Last sample position of each one-cycle window.
    pub stop_sample: Vec<f64>,
    /// Urms(1/2), in volts.
    pub u_rms_v: Vec<f64>,
    /// Flags of each value.
    pub flags: Vec<Flags>,
}

/// Measurement intervals of one length: the basic 10/12 cycles, or an aggregate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Intervals {
    /// First sample position of each interval.
    pub start_sample: Vec<f64>,
    /// Last sample position of each interval.
    pub stop_sample: Vec<f64>,
    /// The moment each ends; that of 10 min and 2 h is the tick (IEC 61000-4-30, 4.5). It is in UTC when
    /// the start of the capture is known, else counted from the first sample.
    pub stamp: Vec<Timestamp>,
    /// Whole cycles inside: of a basic interval 10 or 12, fewer when flagged [`Flags::SHORT`].
    pub cycles: Vec<u32>,
    /// Basic intervals inside.
    pub basics: Vec<u32>,
    /// Time of samples that no interval before holds, in seconds: intervals overlap at 10-min ticks.
    pub covered_s: Vec<f64>,
    /// Mean frequency over the interval, in hertz.
    pub frequency_hz: Vec<f64>,
    /// Flags of each interval.
    pub flags: Vec<Flags>,
    /// True r.m.s., in volts or amperes: `(interval, channel)`.
    pub rms: Array2<f64>,
    /// R.m.s. of the differences ab, bc, ca of the three line-neutral voltages, in volts: `(interval, 3)`, or no columns.
    pub line_line_rms_v: Array2<f64>,
    /// R.m.s. of the sum of the three line-neutral voltages, in volts; empty without them.
    pub residual_voltage_v: Vec<f64>,
    /// R.m.s. of the neutral current, in amperes: measured, else of the sum of the three currents beside line-neutral voltages;
    /// empty without either.
    pub neutral_current_a: Vec<f64>,
}

/// Under- and over-deviation (IEC 61000-4-30:2015, annex D): basic values clipped at Udin, root of their mean square against
/// Udin. Both can be above zero in one aggregate. `(interval, channel)`, NaN for currents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deviation {
    /// (Udin − `U_under`)/Udin, in %.
    pub under_pct: Array2<f64>,
    /// (`U_over` − Udin)/Udin, in %.
    pub over_pct: Array2<f64>,
}

/// Everything measured on intervals of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measurements {
    /// The intervals.
    pub intervals: Intervals,
    /// Harmonics; phases are not aggregated.
    pub harmonics: Harmonics,
    /// Unbalance.
    pub unbalance: Unbalance,
    /// Power of each pair.
    pub power: Power,
    /// Power of the three-phase system.
    pub system_power: SystemPower,
    /// Under- and over-deviation.
    pub deviation: Deviation,
    /// Mains signalling, r.m.s. in volts: `(interval, channel, tone)` with the tones of the settings; NaN for currents.
    pub signalling_v: Array3<f64>,
    /// Emission above order 50.
    pub supraharmonics: Option<Supraharmonics>,
}

/// Aggregates of the basic intervals (IEC 61000-4-30, 4.5).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aggregates {
    /// 150 cycles at 50 Hz, 180 at 60 Hz: about 3 s.
    pub cycles_150: Measurements,
    /// 10 min.
    pub ten_minutes: Measurements,
    /// 2 h.
    pub two_hours: Measurements,
}

/// Harmonics per basic interval (IEC 61000-4-7). Order 0 is the d.c. part or the subharmonic range; NaN where an order lies
/// beyond what the sampling rate supports. What has an order is in single precision, 24 bits: it is most of an analysis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Harmonics {
    /// Harmonic subgroups, r.m.s. in volts or amperes: `(interval, channel, order)`.
    pub subgroup: Array3<f32>,
    /// Harmonic groups, r.m.s.
    pub group: Array3<f32>,
    /// Interharmonic centred subgroups between order h and h+1, r.m.s.
    pub interharmonic_subgroup: Array3<f32>,
    /// Interharmonic groups between order h and h+1, r.m.s.
    pub interharmonic_group: Array3<f32>,
    /// Phase of the harmonic component: of a cosine at the start of the interval, in radians.
    pub phase_rad: Array3<f32>,
    /// THD from single harmonic components, in % of the fundamental component: `(interval, channel)`.
    pub thd_harmonic_pct: Array2<f64>,
    /// THD from subgroups, in % of the fundamental subgroup.
    pub thd_subgroup_pct: Array2<f64>,
    /// THD from groups, in % of the fundamental group.
    pub thd_group_pct: Array2<f64>,
    /// Total interharmonic distortion from centred subgroups, in % of the fundamental subgroup.
    pub tihd_subgroup_pct: Array2<f64>,
    /// Partial weighted harmonic distortion from groups of order 14 to 40, in % of the fundamental group.
    pub pwhd_group_pct: Array2<f64>,
}

/// Emission above order 50 per interval, r.m.s. in volts or amperes (IEC 61000-4-7, annex B; IEC 61000-4-30 Ed. 3, annex C).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supraharmonics {
    /// Centres of the bands of 200 Hz, 2100 to 8900 Hz; empty when the rate supports none.
    pub low_hz: Vec<f64>,
    /// The bands: `(interval, channel, band)`; NaN beyond what the rate supports, and in intervals flagged [`Flags::SHORT`].
    pub low: Array3<f64>,
    /// Centres of the bins of 2 kHz, from 8000 Hz to what the rate supports, at most 150 kHz; empty when it supports none.
    pub high_hz: Vec<f64>,
    /// Least over the blocks of each interval: `(interval, channel, bin)`; of an aggregate the least of all.
    pub high_min: Array3<f64>,
    /// Root of the mean square over the blocks.
    pub high_mean: Array3<f64>,
    /// Largest over the blocks; of an aggregate the largest of all.
    pub high_max: Array3<f64>,
}

/// Unbalance per basic interval, from fundamental phasors (IEC 61000-4-30, 5.7); empty without three phases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unbalance {
    /// Negative-sequence voltage unbalance |U2|/|U1|, in %.
    pub u2_pct: Vec<f64>,
    /// Zero-sequence voltage unbalance |U0|/|U1|, in %; NaN without line-neutral voltages.
    pub u0_pct: Vec<f64>,
    /// Negative-sequence current unbalance, in %; empty without three currents.
    pub i2_pct: Vec<f64>,
    /// Zero-sequence current unbalance, in %.
    pub i0_pct: Vec<f64>,
}

/// Power per interval and phase (IEEE 1459): `(interval, pair)`, pairs as in [`Analysis::power_pairs`].
pub type Power = PhaseColumns<Array2<f64>>;

/// Power of the three-phase system per interval (IEEE 1459); empty without three voltages and three currents.
pub type SystemPower = SystemColumns<Vec<f64>>;

/// Energy of the whole recording. Every sample is counted once; what no basic interval holds, at both ends of the recording and
/// of gaps, is not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Energies {
    /// Of each power pair.
    pub pairs: Vec<Energy>,
    /// Of all together; `None` without a power to measure. Its apparent energy is that of Se in a three-phase system, else of
    /// the sum of the pairs' S.
    pub system: Option<Energy>,
}

/// Power frequency over absolute 10-s slots (IEC 61000-4-30, 5.1).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frequency {
    /// First sample position of the whole cycles counted.
    pub start_sample: Vec<f64>,
    /// Last sample position of the whole cycles counted.
    pub stop_sample: Vec<f64>,
    /// Whole cycles over their duration, in hertz.
    pub hz: Vec<f64>,
    /// Flags of each value.
    pub flags: Vec<Flags>,
}

/// Pinst of one channel, some 200 values a second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PInstTable {
    /// Sample position of each value.
    pub sample: Steps,
    /// Instantaneous flicker sensation.
    pub p_inst: Vec<f32>,
    /// Flags of each value.
    pub flags: Vec<Flags>,
}

/// Pst or Plt of one channel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeverityTable {
    /// First sample position of each value.
    pub start_sample: Vec<f64>,
    /// Last sample position of each value.
    pub stop_sample: Vec<f64>,
    /// Pst or Plt.
    pub severity: Vec<f64>,
    /// Flags of each value.
    pub flags: Vec<Flags>,
}

/// Flicker of one voltage channel (IEC 61000-4-15).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Flicker {
    /// Instantaneous flicker sensation.
    pub p_inst: PInstTable,
    /// Short-term severity Pst, over absolute 10 min.
    pub pst: SeverityTable,
    /// Long-term severity Plt, over 2 h from even hours of UTC.
    pub plt: SeverityTable,
}

/// A stretch of time without samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gap {
    /// First sample after the gap.
    pub sample: u64,
    /// Its length, in seconds.
    pub duration_s: f64,
}

/// Everything an analysis found.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// Settings used.
    pub config: Config,
    /// Wiring found or given.
    pub wiring: Wiring,
    /// Analysed channels.
    pub channels: Vec<ChannelInfo>,
    /// Voltage and current channel of each power pair, as indices into [`channels`](Self::channels).
    pub power_pairs: Vec<(usize, usize)>,
    /// Urms(1/2), one table per entry of [`channels`](Self::channels); empty for currents.
    pub half_cycles: Vec<HalfCycles>,
    /// Basic intervals.
    pub intervals: Intervals,
    /// Harmonics of the basic intervals.
    pub harmonics: Harmonics,
    /// Unbalance of the basic intervals.
    pub unbalance: Unbalance,
    /// Power of the basic intervals.
    pub power: Power,
    /// Power of the three-phase system in the basic intervals.
    pub system_power: SystemPower,
    /// Energy.
    pub energy: Energies,
    /// Demand of the system, window by window; empty when the recording ends within its first one.
    pub demand: Vec<Demand>,
    /// Under- and over-deviation of the basic intervals.
    pub deviation: Deviation,
    /// Mains signalling of the basic intervals, r.m.s. in volts: `(interval, channel, tone)` with the tones of the settings;
    /// NaN for currents.
    pub signalling_v: Array3<f64>,
    /// Emission above order 50 in the basic intervals; `None` unless asked for and supported by the rate.
    pub supraharmonics: Option<Supraharmonics>,
    /// The same of 150/180 cycles, 10 min and 2 h.
    pub aggregates: Aggregates,
    /// 10-s frequency.
    pub frequency: Frequency,
    /// Flicker, one entry per entry of [`channels`](Self::channels); empty for currents, and at rates too slow for it.
    pub flicker: Vec<Flicker>,
    /// Dips, swells and interruptions, by start.
    pub events: Vec<Event>,
    /// Rapid voltage changes, by start.
    pub rvc: Vec<RapidChange>,
    /// Bursts of mains signalling, by start.
    pub bursts: Vec<Burst>,
    /// Transients, by start.
    pub transients: Vec<Transient>,
    /// What dips and interruptions look like, by event; empty for a stream.
    pub dip_forms: Vec<DipForm>,
    /// What changed across transients; empty for a stream.
    pub transient_forms: Vec<TransientForm>,
    /// Gaps in the recording.
    pub gaps: Vec<Gap>,
    /// What this capture could not support, and what was assumed.
    pub warnings: Vec<Warning>,
    /// Time base of the capture.
    pub time: TimeBase,
}

impl Analysis {
    /// Seconds from the start of the capture to a sample position.
    pub fn seconds(&self, position: f64) -> f64 {
        self.time.seconds(position)
    }

    /// Moment of a sample position, when the capture has a start.
    pub fn timestamp(&self, position: f64) -> Option<Timestamp> {
        self.time.timestamp(position)
    }

    /// What the event at this index looks like, when it was looked at.
    pub fn dip_form(&self, event: usize) -> Option<&DipForm> {
        self.dip_forms.iter().find(|f| f.event == event)
    }

    /// Index in [`channels`](Self::channels) of the channel called `name`.
    pub fn channel(&self, name: &str) -> Option<usize> {
        self.channels.iter().position(|c| c.name == name)
    }

    /// Indices of the voltage channels.
    pub fn voltages(&self) -> impl Iterator<Item = usize> + '_ {
        self.channels.iter().enumerate().filter(|(_, c)| c.kind == Kind::Voltage).map(|(i, _)| i)
    }
}
