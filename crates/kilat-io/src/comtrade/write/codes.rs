//! Which encoding holds the codes of a capture, and what becomes of those it does not hold.

use std::ops::Range;

use kilat_core::{Channel, Codes, Result, SamplesRef};

use super::super::cfg::{Encoding, Revision};
use super::super::range;

/// Code of a missing sample in binary data.
const MISSING_16: i16 = i16::MIN;
const MISSING_32: i32 = i32::MIN;
const MISSING_FLOAT: f32 = f32::MIN;

/// Codes `rows` of `channel`, in place of what `out` held; `f64` holds each of them exactly. NaN: no sample.
pub(super) fn load(channel: &Channel, rows: Range<usize>, own: &mut Codes, out: &mut Vec<f64>) -> Result<()> {
    let missing = channel.missing_code;
    let whole = |code: i32| if missing == Some(code) { f64::NAN } else { f64::from(code) };
    out.clear();
    match channel.samples.read(rows, own)? {
        SamplesRef::I16(x) => out.extend(x.iter().map(|v| whole(i32::from(*v)))),
        SamplesRef::I32(x) => out.extend(x.iter().map(|v| whole(*v))),
        SamplesRef::F32(x) => out.extend(x.iter().map(|v| f64::from(*v))),
        SamplesRef::F64(x) => out.extend_from_slice(x),
    }
    Ok(())
}

/// What the codes of a channel are like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    lowest: f64,
    highest: f64,
    missing: u64,
    infinite: u64,
    /// Samples whose code is the one that says "missing" in text.
    marked: u64,
    is_whole: bool,
    is_f32: bool,
}

impl Facts {
    pub(super) fn of(channel: &Channel, revision: Revision) -> Result<Self> {
        let mut facts = Self {
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
            missing: 0,
            infinite: 0,
            marked: 0,
            is_whole: true,
            is_f32: true,
        };
        let marker = f64::from(revision.marker());
        let (mut own, mut codes) = (Codes::default(), Vec::new());
        for rows in channel.blocks() {
            load(channel, rows, &mut own, &mut codes)?;
            for code in codes.iter().copied() {
                if code.is_finite() {
                    facts.lowest = facts.lowest.min(code);
                    facts.highest = facts.highest.max(code);
                    facts.marked += u64::from(code == marker);
                    facts.is_whole &= code.fract() == 0.0;
                    facts.is_f32 &= f64::from(code as f32) == code;
                } else {
                    facts.missing += u64::from(code.is_nan());
                    facts.infinite += u64::from(code.is_infinite());
                }
            }
        }
        Ok(facts)
    }

    /// True when every code comes back from `encoding` as it is.
    fn fit(&self, encoding: Encoding, revision: Revision) -> bool {
        let within = |low: f64, high: f64| self.is_whole && self.lowest >= low && self.highest <= high;
        self.infinite == 0
            && match encoding {
                Encoding::Ascii => self.marked == 0,
                Encoding::Binary if revision == Revision::R1991 => {
                    self.missing == 0 && within(f64::from(i16::MIN), f64::from(i16::MAX))
                }
                Encoding::Binary => within(f64::from(-i16::MAX), f64::from(i16::MAX)),
                Encoding::Binary32 => within(f64::from(-i32::MAX), f64::from(i32::MAX)),
                Encoding::Float32 => self.is_f32 && self.lowest > f64::from(MISSING_FLOAT),
            }
    }
}

/// The smallest encoding of `revision` that holds every code of every channel; text, which holds nearly all, if none does.
pub(super) fn smallest(facts: &[Facts], revision: Revision) -> Encoding {
    [Encoding::Binary, Encoding::Binary32, Encoding::Float32]
        .into_iter()
        .filter(|e| revision.has(*e))
        .find(|e| facts.iter().all(|f| f.fit(*e, revision)))
        .unwrap_or(Encoding::Ascii)
}

/// How the codes of a channel are written: `written = (code - zero) / step`, rounded where `step` is not 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    step: f64,
    zero: f64,
    /// Lowest and highest code, or what the converter allows, for the cfg.
    pub(super) limits: (f64, f64),
}

impl Written {
    /// How `channel` is written; what gets lost joins `lost`.
    pub(super) fn plan(
        channel: &Channel,
        facts: &Facts,
        encoding: Encoding,
        revision: Revision,
        lost: &mut Vec<String>,
    ) -> Self {
        let name = &channel.name;
        let mut plan = Self { step: 1.0, zero: 0.0, limits: channel.range.unwrap_or((0.0, 0.0)) };
        if facts.infinite > 0 {
            lost.push(format!("{} infinite samples of `{name}`: written as missing", facts.infinite));
        }
        let finite = Facts { infinite: 0, ..*facts };
        match encoding {
            _ if finite.fit(encoding, revision) => {}
            Encoding::Ascii => {
                let marker = revision.marker();
                lost.push(format!(
                    "{} samples of `{name}` with the code {marker}, which means missing",
                    facts.marked
                ));
            }
            Encoding::Float32 => lost.push(format!("codes of `{name}`: rounded to 32-bit floats")),
            Encoding::Binary | Encoding::Binary32 => {
                let highest =
                    if encoding == Encoding::Binary { f64::from(i16::MAX) } else { f64::from(i32::MAX) };
                if !(Facts { missing: 0, ..finite }).fit(encoding, revision) {
                    plan.scale_to(facts, highest);
                    let step = plan.step * channel.scale;
                    lost.push(format!("codes of `{name}`: rounded to steps of {step:.3e} {}", channel.unit));
                }
                if facts.missing > 0 && revision == Revision::R1991 {
                    lost.push(format!(
                        "{} missing samples of `{name}`: written as {MISSING_16}, which is a code like others in 1991",
                        facts.missing
                    ));
                }
            }
        }
        plan.limits = match channel.range {
            Some((low, high)) => (plan.code(low), plan.code(high)),
            None if facts.lowest <= facts.highest => {
                let (low, high) = (plan.code(facts.lowest), plan.code(facts.highest));
                // Extremes of the samples that look like the limits of a converter would be taken for them.
                if range::could_be_converters(low, high) { (low, high + 2.0) } else { (low, high) }
            }
            None => (0.0, 0.0),
        };
        plan
    }

    /// Spreads the codes over `-highest..=highest`; zero stays zero where it is among them.
    fn scale_to(&mut self, facts: &Facts, highest: f64) {
        let has_zero = facts.lowest <= 0.0 && facts.highest >= 0.0;
        self.zero = if has_zero { 0.0 } else { facts.lowest / 2.0 + facts.highest / 2.0 };
        let reach = (facts.highest - self.zero).max(self.zero - facts.lowest);
        self.step = if reach > 0.0 { reach / highest } else { 1.0 };
    }

    /// Multiplier and offset for the cfg.
    pub(super) fn scale(&self, channel: &Channel) -> (f64, f64) {
        if self.is_exact() {
            (channel.scale, channel.offset)
        } else {
            (channel.scale * self.step, channel.scale * self.zero + channel.offset)
        }
    }

    fn is_exact(&self) -> bool {
        self.step == 1.0 && self.zero == 0.0
    }

    fn code(&self, code: f64) -> f64 {
        if self.is_exact() { code } else { ((code - self.zero) / self.step).round() }
    }

    /// Appends the bytes of one code.
    pub(super) fn put(&self, code: f64, encoding: Encoding, revision: Revision, out: &mut Vec<u8>) {
        let code = Some(self.code(code)).filter(|c| c.is_finite());
        match encoding {
            Encoding::Binary => {
                out.extend_from_slice(&code.map_or(MISSING_16, |c| c as i16).to_le_bytes());
            }
            Encoding::Binary32 => {
                out.extend_from_slice(&code.map_or(MISSING_32, |c| c as i32).to_le_bytes());
            }
            Encoding::Float32 => {
                out.extend_from_slice(&code.map_or(MISSING_FLOAT, |c| c as f32).to_le_bytes());
            }
            Encoding::Ascii => match code {
                Some(code) => out.extend_from_slice(number(code).as_bytes()),
                // From 2013 on an empty field is a missing sample.
                None if revision >= Revision::R2013 => {}
                None => out.extend_from_slice(revision.marker().to_string().as_bytes()),
            },
        }
    }
}

/// A number with all its digits, as short as may be.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 {
        "0".into()
    } else if (1e-5..1e16).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}
