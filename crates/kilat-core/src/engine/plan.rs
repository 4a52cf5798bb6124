//! Everything about an analysis that is decided before the first sample, shared by all threads.

use crate::capture::{Channel, Kind, Phase, SampleKind, derive};
use crate::config::correction::LONGEST_DELAY_S;
use crate::config::{Config, Correction, Part, Wiring};
use crate::dsp::decimate::Decimator;
use crate::dsp::fft::LowBins;
use crate::dsp::fir::{Kernel, fundamental_band_pass};
use crate::dsp::resample::Resampler;
use crate::dsp::zero_crossing::CrossingFinder;
use crate::engine::analysis::ChannelInfo;
use crate::engine::corrector::Corrector;
use crate::error::{Error, Result};
use crate::pq::flicker::FlickerPlan;
use crate::pq::rms::Products;
use crate::pq::supraharmonics::SupraharmonicPlan;
use crate::simd::Level;
use crate::units::SampleRate;

/// Ripple and stopband of every filter: 2e-5, a twentieth of the 0.05 % that an alias may reach.
pub const ATTENUATION_DB: f64 = 95.0;
/// Points of a window's transform, of which a plan takes what costs least: the fewest are enough for order 50 of 12 cycles (bin
/// 606); the more there are, the more room has the resampler's slope, and the fewer taps it needs.
const POINTS: [usize; 5] = [2304, 2560, 2880, 3072, 3456];
/// What a point costs in the transform, in taps of the resampler: measured.
const TRANSFORM_TAPS: usize = 6;
/// Slowest mains of Class A, as part of nominal (IEC 61000-4-30, 5.1: 42.5–57.5 Hz and 51–69 Hz).
pub const SLOWEST: f64 = 0.85;
/// Fastest mains of Class A likewise.
pub const FASTEST: f64 = 1.15;
/// Rate to which streams are decimated for harmonics: at least this.
const MID_RATE_HZ: f64 = 12_500.0;
/// Factors by which streams are decimated twice as fast as by others: one or two whole vectors of inputs between outputs.
const WHOLE_FACTORS: [f64; 2] = [32.0, 16.0];
/// They are taken from this part of the largest factor up: below, the faster stream costs more than they save.
const NEAR_ENOUGH: f64 = 0.75;
/// Samples per nominal cycle of the stream in which crossings are sought: at least this.
const LOW_PER_CYCLE: f64 = 32.0;
/// Fewest samples per cycle that make a waveform.
pub const LEAST_PER_CYCLE: f64 = 10.0;
/// Fastest rate: beyond it the filters alone would fill the memory, and no converter for mains is that fast.
const FASTEST_RATE_HZ: u64 = 100_000_000;
/// The bins that a tone between two of them is taken from reach so far above it.
const BESIDE_A_TONE_HZ: f64 = 15.0;
/// Smallest fundamental that is followed, as part of nominal.
const LEAST_FUNDAMENTAL: f64 = 0.02;

/// What all samples lie between.
pub const NO_LIMITS: (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);

/// What the engine knows of one analysed channel.
#[derive(Debug, Clone)]
pub struct ChannelPlan {
    /// Name, place, phase, kind, Udin.
    pub info: ChannelInfo,
    /// Volts or amperes per code, corrected.
    pub scale: f64,
    /// Takes delay and response of the transducer out; `None` when neither is stated.
    pub corrector: Option<Corrector>,
    /// Recorded channels, and their weights per code, that a derived channel is the sum of; empty for a recorded one.
    pub parts: Vec<(usize, f64)>,
    /// What was derived, turned round, or left as it is against what the capture says, in words.
    pub derivation: Option<String>,
    /// Added to each code before anything else, so that zero volts is code zero.
    pub shift: f64,
    /// Integer code that means "missing".
    pub missing_code: Option<i32>,
    /// Codes at which the converter is at its limit.
    pub range: Option<(f64, f64)>,
    /// Its own crossings are followed: voltages, or currents when there is no voltage.
    pub tracked: bool,
    /// The current it is multiplied with for active power.
    pub pair: Option<usize>,
    /// The next phase of the system, it is multiplied with for differences and sums of phases: on three line-neutral voltages,
    /// and on three currents.
    pub next_phase: Option<usize>,
}

/// A channel as the analysis needs it described.
#[derive(Debug, Clone)]
pub struct ChannelSpec {
    /// Name.
    pub name: String,
    /// Index in the capture.
    pub index: usize,
    /// Conductor.
    pub phase: Option<Phase>,
    /// Voltage or current.
    pub kind: Kind,
    /// Volts or amperes per code.
    pub scale: f64,
    /// Volts or amperes at code zero.
    pub offset: f64,
    /// Integer code that means "missing".
    pub missing_code: Option<i32>,
    /// Codes at which the converter is at its limit.
    pub range: Option<(f64, f64)>,
    /// How much later than the common time of its row a sample was taken, in seconds.
    pub skew_s: f64,
}

impl ChannelSpec {
    /// Describes channel `index` of a capture.
    pub fn of(channel: &Channel, index: usize) -> Self {
        let si = channel.si_factor();
        Self {
            name: channel.name.clone(),
            index,
            phase: channel.phase,
            kind: channel.kind,
            scale: channel.scale * si,
            offset: channel.offset * si,
            missing_code: channel.missing_code,
            range: channel.range,
            skew_s: channel.skew_s,
        }
    }
}

/// The plan of an analysis.
#[derive(Debug)]
pub struct Plan {
    /// Settings.
    pub config: Config,
    /// Samples per second.
    pub rate: SampleRate,
    /// The same, as a float.
    pub fs: f64,
    /// Analysed channels: recorded ones, then derived ones.
    pub channels: Vec<ChannelPlan>,
    /// How they make a system.
    pub wiring: Wiring,
    /// The voltages of the system in the order A, B, C (or AB, BC, CA); one for a single-phase system; may be empty.
    pub system: Vec<usize>,
    /// The currents of the system likewise.
    pub system_currents: Vec<usize>,
    /// Voltage and current of each power pair.
    pub pairs: Vec<(usize, usize)>,
    /// The current of the neutral, where it is measured.
    pub neutral_current: Option<usize>,
    /// Highest order that the rate supports.
    pub orders: usize,
    /// Raw samples to the stream that harmonics are taken from; `None` when it is the raw stream.
    pub to_mid: Option<Decimator>,
    /// That stream to the one crossings are sought in; `None` when it is the same.
    pub to_low: Option<Decimator>,
    /// The stream crossings are sought in, band-passed.
    pub band_pass: Decimator,
    /// From the mid stream onto the points of a window.
    pub resampler: Resampler,
    /// Transform of a window.
    pub fft: LowBins,
    /// Flicker from the mid stream; `None` when that is too slow.
    pub flicker: Option<FlickerPlan>,
    /// Emission above order 50; `None` when it is not asked for.
    pub supraharmonics: Option<SupraharmonicPlan>,
    /// Instruction set.
    pub level: Level,
}

impl ChannelPlan {
    /// What shifted codes of type `kind` lie between when the converter is not at its limits.
    pub fn limits(&self, kind: SampleKind) -> (f32, f32) {
        let whole = (kind == SampleKind::I16).then_some((f64::from(i16::MIN), f64::from(i16::MAX)));
        let shifted = |(least, most)| ((least + self.shift) as f32, (most + self.shift) as f32);
        self.range.or(whole).map_or(NO_LIMITS, shifted)
    }
}

impl Plan {
    /// Plans the analysis of `channels` at `rate`; refuses what cannot be analysed, saying why.
    pub fn new(config: &Config, rate: SampleRate, channels: &[ChannelSpec]) -> Result<Self> {
        config.check()?;
        let (fs, f0) = (rate.hz(), config.nominal_frequency_hz);
        if fs < LEAST_PER_CYCLE * f0 {
            return Err(Error::Unsupported {
                part: "analysis".into(),
                what: format!("a rate of {fs} Hz, {:.1} samples per cycle,", fs / f0),
                hint: format!("a waveform needs at least {LEAST_PER_CYCLE} samples per cycle"),
            });
        }
        if fs > FASTEST_RATE_HZ as f64 {
            let (part, what) = ("analysis".into(), "the sampling rate in hertz".into());
            return Err(Error::Limit { part, what, limit: FASTEST_RATE_HZ, found: fs as u64 });
        }
        let mut plans = channel_plans(config, rate, channels)?;
        derive_missing(config, channels, &mut plans);
        let (wiring, system) = system_of(&plans);
        let system_currents = currents_of(&plans);
        let pairs = pairs_of(&plans, &system, wiring);
        for &(u, i) in &pairs {
            plans[u].pair = Some(i);
        }
        if let (Wiring::Delta, [ab, bc, _], [a, _, c]) = (wiring, &system[..], &system_currents[..]) {
            // The two wattmeters.
            (plans[*ab].pair, plans[*bc].pair) = (Some(*a), Some(*c));
        }
        if wiring == Wiring::Wye {
            for phases in [&system, &system_currents].into_iter().filter(|p| p.len() == 3) {
                for (k, &c) in phases.iter().enumerate() {
                    plans[c].next_phase = Some(phases[(k + 1) % 3]);
                }
            }
        }
        let is_neutral = |c: &ChannelPlan| c.info.kind == Kind::Current && c.info.phase == Some(Phase::N);
        let neutral_current = plans.iter().position(is_neutral);

        let most = (fs / MID_RATE_HZ).floor().max(1.0);
        let mid_factor =
            WHOLE_FACTORS.into_iter().find(|f| (NEAR_ENOUGH * most..=most).contains(f)).unwrap_or(most);
        let mid = fs / mid_factor;
        let top = (config.orders() as f64 + 0.5) * f0 * FASTEST;
        let orders = ((0.45 * mid / (f0 * FASTEST)).floor() as usize).min(config.orders());
        // A tone may lie above the top order, and does not move with the mains.
        let tone = config.signalling.iter().map(|t| t.hz + BESIDE_A_TONE_HZ).fold(0.0, f64::max);
        let pass = top.max(tone).min(0.45 * mid);
        // What folds around the mid rate must not reach the top order, and neither must what folds around the slowest rate of
        // the resampled window.
        let kernel = |points: &usize| {
            let slow_points = *points as f64 * f0 * SLOWEST / config.cycles() as f64;
            // Nor may what the stream itself repeats around its rate: slow recorders have little room there.
            let stop = (slow_points - (top * SLOWEST / FASTEST).max(tone)).min(mid - pass);
            Kernel::low_pass(pass / mid, stop / mid, ATTENUATION_DB)
        };
        let cost = |points: &usize| points * (TRANSFORM_TAPS + Resampler::taps(&kernel(points)));
        let points = POINTS.into_iter().min_by_key(cost).unwrap_or(POINTS[0]);
        let resampler = Resampler::new(&kernel(&points));
        let to_mid = (mid_factor > 1.0).then(|| {
            let kernel = Kernel::low_pass(pass / fs, (mid - pass) / fs, ATTENUATION_DB);
            Decimator::new(&kernel.taps(), mid_factor as u64)
        });

        let low_factor = (mid / (LOW_PER_CYCLE * f0)).floor().max(1.0);
        let low = mid / low_factor;
        let to_low = (low_factor > 1.0).then(|| {
            let kernel = Kernel::low_pass(2.0 * f0 / mid, (low - 2.5 * f0) / mid, ATTENUATION_DB);
            Decimator::new(&kernel.taps(), low_factor as u64)
        });
        // Groups reach half an order beyond the last one; where tones are sought, every bin may be asked for.
        let top_bin = if config.signalling.is_empty() {
            orders * config.cycles() + config.cycles() / 2
        } else {
            points / 2 - 8
        };
        Ok(Self {
            config: config.clone(),
            rate,
            fs,
            channels: plans,
            wiring,
            system,
            system_currents,
            pairs,
            neutral_current,
            orders,
            to_mid,
            to_low,
            band_pass: Decimator::new(&fundamental_band_pass(f0 / low), 1),
            resampler,
            fft: LowBins::new(points, top_bin + 1),
            flicker: FlickerPlan::new(mid, f0, config.lamp()).filter(|_| config.measures(Part::Flicker)),
            supraharmonics: config.supraharmonics.then(|| SupraharmonicPlan::new(config, rate)),
            level: Level::chosen(),
        })
    }

    /// The channels that samples are given for; the rest are derived from them.
    pub fn recorded(&self) -> &[ChannelPlan] {
        let derived = self.channels.iter().position(|c| !c.parts.is_empty());
        &self.channels[..derived.unwrap_or(self.channels.len())]
    }

    /// True when 16-bit codes of channel `c` may stay what they are until they are worked on: nobody asks for long rows of them, and a
    /// code that stands for no sample cannot be taken for one within the limits.
    pub fn takes_codes(&self, c: usize) -> bool {
        let channel = &self.channels[c];
        let as_they_are = channel.shift == 0.0 && channel.corrector.is_none();
        let (least, most) = channel.limits(SampleKind::I16);
        let is_within = |code: i32| least < code as f32 && (code as f32) < most;
        let stands_out = |code: i32| !is_within(code);
        let is_decimated = self.to_mid.is_some() && self.supraharmonics.is_none();
        let is_recorded = self.recorded().len() == self.channels.len();
        let is_summed = Products::serve(self.half_period());
        let tells = is_within(0) && channel.missing_code.is_none_or(stands_out);
        as_they_are && is_decimated && is_recorded && is_summed && tells
    }

    /// Samples by which the slowest correction is behind.
    pub fn lag(&self) -> f64 {
        let lags = self.channels.iter().filter_map(|c| c.corrector.as_ref()).map(Corrector::lag);
        lags.max().unwrap_or(0) as f64
    }

    /// Samples by which the search for crossings is behind, when it is least.
    pub fn crossings_lag(&self) -> f64 {
        let ahead = |d: Option<&Decimator>| d.map_or(0, Decimator::ahead);
        let low = self.low_factor() / self.mid_factor() * (self.band_pass.ahead() + CrossingFinder::AHEAD);
        (ahead(self.to_mid.as_ref()) + self.mid_factor() * (ahead(self.to_low.as_ref()) + low)) as f64
    }

    /// Raw samples per sample of the mid stream.
    pub fn mid_factor(&self) -> u64 {
        self.to_mid.as_ref().map_or(1, Decimator::factor)
    }

    /// Raw samples per sample of the stream crossings are sought in.
    pub fn low_factor(&self) -> u64 {
        self.mid_factor() * self.to_low.as_ref().map_or(1, Decimator::factor)
    }

    /// Raw samples to the stream that emission from 2 to 9 kHz is taken from; `None` when it is the raw stream, or not needed.
    pub fn to_wide(&self) -> Option<&Decimator> {
        self.supraharmonics.as_ref()?.to_wide()
    }

    /// True when the current of the neutral is measured, or is the sum of three.
    pub fn has_neutral_current(&self) -> bool {
        self.neutral_current.is_some() || self.wiring == Wiring::Wye && self.system_currents.len() == 3
    }

    /// Nominal half period, in samples.
    pub fn half_period(&self) -> f64 {
        self.fs / self.config.nominal_frequency_hz / 2.0
    }

    /// The flickermeter of channel `c`, when it has one.
    pub fn flicker(&self, c: usize) -> Option<&FlickerPlan> {
        let followed = |c: &ChannelPlan| c.tracked && c.info.kind == Kind::Voltage;
        self.flicker.as_ref().filter(|_| followed(&self.channels[c]))
    }

    /// Samples after which a value of Pinst is known whatever the blocks.
    pub fn flicker_lag(&self) -> f64 {
        let mid = self.flicker.as_ref().map_or(0, FlickerPlan::lag) * self.mid_factor();
        (mid + self.to_mid.as_ref().map_or(0, |d| d.half() + 16)) as f64
    }

    /// Slope, in codes per low sample, of the smallest fundamental of channel `c` that is followed.
    pub fn least_slope(&self, c: usize) -> f64 {
        let p = &self.channels[c];
        let per_sample = std::f64::consts::PI / self.half_period() * self.low_factor() as f64;
        LEAST_FUNDAMENTAL * 2.0f64.sqrt() * p.info.udin_v / p.scale.abs() * per_sample
    }

    /// Samples that a window keeps from either end of a segment, so that its filters have something to work on.
    pub fn margin(&self) -> f64 {
        let harmonics = reach(self.to_mid.as_ref(), &self.resampler);
        let supraharmonics = self.supraharmonics.as_ref().map_or(0, SupraharmonicPlan::margin);
        let edges = self.channels.iter().filter_map(|c| c.corrector.as_ref()).map(Corrector::edge);
        (edges.max().unwrap_or(0) + harmonics.max(supraharmonics)) as f64 + 4.0
    }
}

/// Raw samples that resampling what `decimator` makes of them needs on either side of a window.
pub fn reach(decimator: Option<&Decimator>, resampler: &Resampler) -> u64 {
    let (factor, own) = decimator.map_or((1, 0), |d| (d.factor(), d.half() + 16));
    factor * (resampler.half() + 1) + own
}

fn channel_plans(config: &Config, rate: SampleRate, channels: &[ChannelSpec]) -> Result<Vec<ChannelPlan>> {
    let with_neutral = has_neutral(channels);
    // Codes become single-precision floats, and so must the code that stands for zero volts.
    let usable = |scale: f64, offset: f64| scale.is_normal() && ((offset / scale) as f32).is_finite();
    let measured = |c: &&ChannelSpec| c.kind != Kind::Other && usable(c.scale, c.offset);
    let channels: Vec<_> = channels.iter().filter(measured).collect();
    if channels.is_empty() {
        return Err(Error::Unsupported {
            part: "analysis".into(),
            what: "a capture without a voltage or current channel".into(),
            hint: "give the channels their units (V or A) and a scale".into(),
        });
    }
    let is = |name: &str, c: &ChannelSpec| c.name == name || c.name.eq_ignore_ascii_case(name);
    for name in config.corrections.keys() {
        if !channels.iter().any(|c| is(name, c)) {
            let names: Vec<_> = channels.iter().map(|c| c.name.as_str()).collect();
            let problem = format!("no such voltage or current; there are {}", names.join(", "));
            return Err(Error::config(format!("corrections.{name}"), problem));
        }
    }
    let oriented = derive::oriented(channels.iter().map(|c| (c.kind, c.phase, c.name.as_str())));
    let voltages = channels.iter().any(|c| c.kind == Kind::Voltage);
    let plan = |(c, (phase, sign)): (&&ChannelSpec, (Option<Phase>, f64))| {
        let stated = config.corrections.get_key_value(&c.name);
        let stated = stated.or_else(|| config.corrections.iter().find(|(name, _)| is(name, c)));
        let mut correction = stated.map_or_else(Correction::default, |(_, correction)| correction.clone());
        // Samples taken later show things earlier.
        let skew_is_usable = c.skew_s.abs() <= LONGEST_DELAY_S;
        correction.delay_s -= if skew_is_usable { c.skew_s } else { 0.0 };
        let setting = stated.map_or(&c.name, |(name, _)| name);
        let corrector = Corrector::new(&correction, rate, &format!("corrections.{setting}"))?;
        let turned = phase.filter(|_| sign < 0.0);
        let turned = turned.map(|p| format!("by its name {p} turned round: measured with the opposite sign"));
        let unskewed = (!skew_is_usable)
            .then(|| format!("its skew of {} s is no time between channels: ignored", c.skew_s));
        let derivation: Vec<_> = turned.into_iter().chain(unskewed).collect();
        Ok(ChannelPlan {
            info: ChannelInfo {
                name: c.name.clone(),
                index: c.index,
                phase,
                kind: c.kind,
                udin_v: if c.kind == Kind::Voltage { config.udin_v(phase, with_neutral) } else { 0.0 },
            },
            scale: c.scale * sign * correction.factor(),
            corrector,
            parts: Vec::new(),
            derivation: (!derivation.is_empty()).then(|| derivation.join("; ")),
            shift: c.offset / c.scale,
            missing_code: c.missing_code,
            range: c.range,
            // The neutral has no voltage of its own to follow.
            tracked: if voltages {
                c.kind == Kind::Voltage && phase != Some(Phase::N)
            } else {
                c.kind == Kind::Current
            },
            pair: None,
            next_phase: None,
        })
    };
    channels.iter().zip(oriented).map(plan).collect()
}

fn has_neutral(channels: &[ChannelSpec]) -> bool {
    let to_neutral = |p: Phase| !p.is_line_line() && p != Phase::N;
    channels.iter().any(|c| c.kind == Kind::Voltage && c.phase.is_some_and(to_neutral))
}

/// Appends what a system of three wires lacks, as sums of the channels that are there.
fn derive_missing(config: &Config, channels: &[ChannelSpec], plans: &mut Vec<ChannelPlan>) {
    // Signs are in the scales.
    let described: Vec<_> = plans.iter().map(|c| (c.info.kind, c.info.phase, 1.0)).collect();
    let first = channels.iter().map(|c| c.index + 1).max().unwrap_or(0);
    for (k, sum) in derive::missing(&described).into_iter().enumerate() {
        let formula = sum.formula(|c| &plans[c].info.name);
        let udin_v = if sum.kind == Kind::Voltage { config.udin_v(Some(sum.phase), false) } else { 0.0 };
        plans.push(ChannelPlan {
            info: ChannelInfo {
                name: sum.name(),
                index: first + k,
                phase: Some(sum.phase),
                kind: sum.kind,
                udin_v,
            },
            scale: 1.0,
            corrector: None,
            parts: sum.parts.iter().map(|&(c, w)| (c, w * plans[c].scale)).collect(),
            derivation: Some(format!("not recorded but {formula}, taking the system for one of three wires")),
            shift: 0.0,
            missing_code: None,
            range: None,
            tracked: sum.kind == Kind::Voltage,
            pair: None,
            next_phase: None,
        });
    }
}

/// First channel of `kind` on each of `phases`, when all are there.
fn triple(plans: &[ChannelPlan], kind: Kind, phases: [Phase; 3]) -> Option<Vec<usize>> {
    let on = |p| plans.iter().position(|c| c.info.kind == kind && c.info.phase == Some(p));
    phases.into_iter().map(on).collect()
}

fn system_of(plans: &[ChannelPlan]) -> (Wiring, Vec<usize>) {
    if let Some(wye) = triple(plans, Kind::Voltage, [Phase::A, Phase::B, Phase::C]) {
        return (Wiring::Wye, wye);
    }
    if let Some(delta) = triple(plans, Kind::Voltage, [Phase::AB, Phase::BC, Phase::CA]) {
        return (Wiring::Delta, delta);
    }
    (Wiring::Single, plans.iter().position(|c| c.tracked).into_iter().collect())
}

fn currents_of(plans: &[ChannelPlan]) -> Vec<usize> {
    triple(plans, Kind::Current, [Phase::A, Phase::B, Phase::C])
        .or_else(|| plans.iter().position(|c| c.info.kind == Kind::Current).map(|i| vec![i]))
        .unwrap_or_default()
}

fn pairs_of(plans: &[ChannelPlan], system: &[usize], wiring: Wiring) -> Vec<(usize, usize)> {
    let is_voltage = |u: &&usize| plans[**u].info.kind == Kind::Voltage;
    let partner = |u: usize| {
        let current = |c: &ChannelPlan| c.info.kind == Kind::Current;
        match plans[u].info.phase {
            Some(phase) => plans.iter().position(|c| current(c) && c.info.phase == Some(phase)),
            None => None,
        }
        // One voltage and one current belong together whatever they are called.
        .or_else(|| {
            let mut all = plans.iter().enumerate().filter(|(_, c)| current(c)).map(|(i, _)| i);
            let only = all.next().filter(|_| all.next().is_none());
            only.filter(|_| wiring == Wiring::Single)
        })
    };
    match wiring {
        Wiring::Delta => Vec::new(),
        _ => system.iter().filter(is_voltage).filter_map(|&u| Some((u, partner(u)?))).collect(),
    }
}
