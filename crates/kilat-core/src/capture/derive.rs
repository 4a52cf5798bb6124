//! Channels that Kirchhoff's laws give from recorded ones.
//!
//! Each function returns the capture with channels added at its end: double-precision values in volts or amperes, called
//! `UCA (derived)`, and a [`Warning`] that says what each was made of. A sample that is missing in any source is missing (NaN)
//! in the sum. The phases of the sources say what they are; a line-line voltage whose name turns the conductors round
//! (`UCB`, `VL1-L3`) counts with the opposite sign. Digital channels, segments and notes stay as they are.
//!
//! Channels that were not sampled at the same moment ([`Channel::skew_s`]) are not added up: that is an error.
//!
//! The analysis, which aligns them first, adds what
//! [`three_wire`] adds by itself, offline and live.

use crate::capture::{Capture, Channel, Kind, Phase, tokens};
use crate::error::{Error, Result, Warning};

/// The phase conductors.
const LINES: [Phase; 3] = [Phase::A, Phase::B, Phase::C];
/// Voltages between them.
const PAIRS: [Phase; 3] = [Phase::AB, Phase::BC, Phase::CA];

/// A channel as a weighted sum of others.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    /// What it measures.
    pub kind: Kind,
    /// Its conductor or pair.
    pub phase: Phase,
    /// Index and weight of each source.
    pub parts: Vec<(usize, f64)>,
}

impl Sum {
    /// What the channel is called.
    pub fn name(&self) -> String {
        let quantity = if self.kind == Kind::Current { 'I' } else { 'U' };
        format!("{quantity}{} (derived)", self.phase)
    }

    /// The sum in words, such as `- Uab - Ubc`, with the names of the sources.
    pub fn formula<'a>(&self, name: impl Fn(usize) -> &'a str) -> String {
        let term = |&(source, weight): &(usize, f64)| {
            let sign = if weight < 0.0 { '-' } else { '+' };
            match weight.abs() {
                1.0 => format!("{sign} {}", name(source)),
                w => format!("{sign} {w:.4}·{}", name(source)),
            }
        };
        self.parts.iter().map(term).collect::<Vec<_>>().join(" ")
    }
}

/// The pair AB, BC or CA that `name` names the wrong way round: `UCB` is BC with the opposite sign.
///
/// ```
/// # use kilat_core::{Phase, capture::derive::reversed};
/// assert_eq!(reversed("UCB"), Some(Phase::BC));
/// assert_eq!(reversed("V L1-L3"), Some(Phase::CA));
/// assert_eq!(reversed("Uab"), None);
/// ```
pub fn reversed(name: &str) -> Option<Phase> {
    let plain = |t: &str| t.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    let pair = |t: String| {
        let rest = ["VOLTAGE", "VOLT", "U", "V", "E"].iter().find_map(|q| t.strip_prefix(q))?;
        match rest {
            "BA" | "L2L1" | "SR" | "VU" | "21" => Some(Phase::AB),
            "CB" | "L3L2" | "TS" | "WV" | "32" => Some(Phase::BC),
            "AC" | "L1L3" | "RT" | "UW" | "13" => Some(Phase::CA),
            _ => None,
        }
    };
    tokens(name).map(plain).chain([plain(name)]).find_map(pair)
}

/// Phase of each channel, and −1 where its sign is the opposite: a name says so only beside another line-line voltage, for
/// `VAC` alone means volts of alternating current.
pub fn oriented<'a>(
    channels: impl Iterator<Item = (Kind, Option<Phase>, &'a str)> + Clone,
) -> Vec<(Option<Phase>, f64)> {
    let line_lines = channels.clone().filter(|(kind, phase, name)| {
        let is_pair = phase.map_or_else(|| reversed(name).is_some(), Phase::is_line_line);
        *kind == Kind::Voltage && is_pair
    });
    let in_company = line_lines.count() > 1;
    let turn = |(kind, phase, name): (Kind, Option<Phase>, &str)| match reversed(name) {
        Some(pair) if in_company && kind == Kind::Voltage && phase.is_none_or(|p| p == pair) => {
            (Some(pair), -1.0)
        }
        _ => (phase, 1.0),
    };
    channels.map(turn).collect()
}

/// What a system of three wires lacks when two line-line voltages, or two currents beside line-line voltages, are there.
///
/// `channels` are kind, phase and sign of each. A third current is a guess where there may be a neutral: beside a line-neutral
/// voltage or a neutral current nothing is added.
pub fn missing(channels: &[(Kind, Option<Phase>, f64)]) -> Vec<Sum> {
    let at = |kind, phase| channels.iter().position(|c| c.0 == kind && c.1 == Some(phase));
    let third = |kind, phases: [Phase; 3]| {
        let found: Vec<_> = phases.iter().filter_map(|p| at(kind, *p)).collect();
        let lacking = *phases.iter().find(|p| at(kind, **p).is_none())?;
        let [a, b] = found[..] else { return None };
        Some(Sum { kind, phase: lacking, parts: vec![(a, -channels[a].2), (b, -channels[b].2)] })
    };
    let on = |kind, phases: &[Phase]| phases.iter().filter(|p| at(kind, **p).is_some()).count();
    let with_neutral = on(Kind::Voltage, &LINES) > 0 || at(Kind::Current, Phase::N).is_some();
    if with_neutral || on(Kind::Voltage, &PAIRS) < 2 {
        return Vec::new();
    }
    [third(Kind::Voltage, PAIRS), third(Kind::Current, LINES)].into_iter().flatten().collect()
}

/// Adds the third line-line voltage (UCA = −UAB − UBC) and the third line current (IB = −IA − IC) of a system of three wires
/// of which two are recorded. An error when there is nothing to add.
pub fn three_wire(capture: &Capture) -> Result<Capture> {
    let sums = missing(&described(capture));
    if sums.is_empty() {
        return Err(lacking("two of the line-line voltages UAB, UBC, UCA, and no neutral", capture));
    }
    with(capture, &sums)
}

/// Adds the voltages UA, UB, UC of the lines against the artificial star point, UA = (UAB − UCA)/3 and so on, from two or three
/// line-line voltages. Their sum is zero by construction: they hold no zero sequence, whatever the network has.
///
/// In an analysis the declared voltage then is the line-neutral one.
pub fn line_neutral(capture: &Capture) -> Result<Capture> {
    let channels = described(capture);
    let lack = || lacking("two of the line-line voltages UAB, UBC, UCA", capture);
    let pairs: Vec<_> = PAIRS.map(|p| find(&channels, Kind::Voltage, p)).into();
    // A pair that is not recorded is less the other two.
    let weights = |wanted: [f64; 3]| match pairs.iter().position(Option::is_none) {
        None => Some(wanted),
        Some(k) => Some([0, 1, 2].map(|j| wanted[j] - wanted[k])),
    };
    if pairs.iter().flatten().count() < 2 {
        return Err(lack());
    }
    let sums: Option<Vec<Sum>> = (0..3)
        .map(|k| {
            let mut wanted = [0.0; 3];
            (wanted[k], wanted[(k + 2) % 3]) = (1.0 / 3.0, -1.0 / 3.0);
            let weights = weights(wanted)?;
            let part = |(p, w): (&Option<(usize, f64)>, f64)| p.map(|(i, sign)| (i, sign * w));
            let parts = pairs.iter().zip(weights).filter_map(part).filter(|p| p.1 != 0.0).collect();
            Some(Sum { kind: Kind::Voltage, phase: LINES[k], parts })
        })
        .collect();
    with(capture, &sums.ok_or_else(lack)?)
}

/// Adds the line-line voltages UAB = UA − UB and so on.
pub fn line_line(capture: &Capture) -> Result<Capture> {
    let [a, b, c] = all(capture, Kind::Voltage, "the line-neutral voltages UA, UB, UC")?;
    let pair = |phase, from: usize, to: usize| Sum {
        kind: Kind::Voltage,
        phase,
        parts: vec![(from, 1.0), (to, -1.0)],
    };
    with(capture, &[pair(Phase::AB, a, b), pair(Phase::BC, b, c), pair(Phase::CA, c, a)])
}

/// Adds the current of the neutral, IN = −(IA + IB + IC).
///
/// All four currents count in the same direction, that of the line currents: from the source to the load where power is positive.
/// What comes back through the neutral is negative, as a clamp of the same orientation shows it.
pub fn neutral_current(capture: &Capture) -> Result<Capture> {
    let lines = all(capture, Kind::Current, "the currents IA, IB, IC")?;
    with(capture, &[Sum { kind: Kind::Current, phase: Phase::N, parts: lines.map(|i| (i, -1.0)).into() }])
}

/// Adds the residual voltage UN = UA + UB + UC, three times the zero sequence; its phase is N, so that no event is sought in it.
pub fn residual_voltage(capture: &Capture) -> Result<Capture> {
    let lines = all(capture, Kind::Voltage, "the line-neutral voltages UA, UB, UC")?;
    with(capture, &[Sum { kind: Kind::Voltage, phase: Phase::N, parts: lines.map(|i| (i, 1.0)).into() }])
}

fn described(capture: &Capture) -> Vec<(Kind, Option<Phase>, f64)> {
    let channels = capture.channels();
    let oriented = oriented(channels.iter().map(|c| (c.kind, c.phase, c.name.as_str())));
    channels.iter().zip(oriented).map(|(c, (phase, sign))| (c.kind, phase, sign)).collect()
}

fn find(channels: &[(Kind, Option<Phase>, f64)], kind: Kind, phase: Phase) -> Option<(usize, f64)> {
    let at = channels.iter().position(|c| c.0 == kind && c.1 == Some(phase))?;
    Some((at, channels[at].2))
}

/// The channels of `kind` on A, B and C; `wanted` says what they are.
fn all(capture: &Capture, kind: Kind, wanted: &str) -> Result<[usize; 3]> {
    let channels = described(capture);
    let found: Vec<_> = LINES.iter().filter_map(|p| find(&channels, kind, *p)).map(|f| f.0).collect();
    found.try_into().map_err(|_| lacking(wanted, capture))
}

fn lacking(wanted: &str, capture: &Capture) -> Error {
    let names: Vec<_> = capture.channels().iter().map(|c| c.name.as_str()).collect();
    Error::mismatch("derived channels", wanted, format!("channels {}", names.join(", ")))
}

fn with(capture: &Capture, sums: &[Sum]) -> Result<Capture> {
    let mut out = capture.clone();
    for sum in sums {
        let sources = capture.channels();
        let skew_s = sources[sum.parts[0].0].skew_s;
        if let Some(other) = sum.parts.iter().map(|p| &sources[p.0]).find(|c| c.skew_s != skew_s) {
            let expected = format!("channels sampled at one moment, as `{}`", sources[sum.parts[0].0].name);
            let found = format!("`{}` sampled {} s after it", other.name, other.skew_s - skew_s);
            return Err(Error::mismatch("derived channels", expected, found));
        }
        let mut samples = vec![0.0; capture.len() as usize];
        for &(c, w) in &sum.parts {
            for block in sources[c].blocks() {
                let values = sources[c].values(block.clone())?;
                samples[block].iter_mut().zip(values).for_each(|(y, x)| *y += w * sources[c].si_factor() * x);
            }
        }
        let unit = if sum.kind == Kind::Current { "A" } else { "V" };
        let channel = Channel {
            phase: Some(sum.phase),
            kind: sum.kind,
            skew_s,
            ..Channel::new(sum.name(), unit, samples)
        };
        let clipped: usize = sum.parts.iter().map(|&(c, _)| sources[c].clipped()).sum::<Result<_>>()?;
        let formula = sum.formula(|c| &sources[c].name);
        let message = match clipped {
            0 => format!("not recorded but {formula}"),
            n => format!(
                "not recorded but {formula}; {n} samples of these are at the limit of their converter"
            ),
        };
        out.warnings.push(Warning::new(format!("channel `{}`", channel.name), message));
        out.channels.push(channel);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
