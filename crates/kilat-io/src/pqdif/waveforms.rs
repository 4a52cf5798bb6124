//! Waveforms of observations become a capture: those of the same channels, one after the other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use kilat_core::capture::{Digital, guess_kind, guess_phase};
use kilat_core::{
    Capture, Channel, Codes, Error, Kind, Result, SampleKind, Samples, SamplesRef, Segment, Stored, TimeBase,
    Timestamp, Warning,
};

use super::axis::{Axis, axis, key};
use super::instances::{Recorded, short};
use super::logical::Contents;
use crate::ReadOptions;
use crate::join::one_after_the_other;
use crate::limit::Limit;
use crate::observation::{Data, ObservedChannel, Series, values};

/// Channels of one observation that share their times.
struct Piece<'a> {
    recorded: &'a Recorded,
    /// Indices into the channels of the observation.
    channels: Vec<usize>,
    axis: Axis,
}

/// What the pieces of one capture have in common: site, whether the start is known, definitions of the channels.
type Group = (usize, bool, Vec<u32>);

impl Piece<'_> {
    fn group(&self) -> Group {
        let r = self.recorded;
        let mut definitions: Vec<u32> = self.channels.iter().map(|c| r.facts[*c].definition).collect();
        definitions.sort_unstable();
        (r.site, r.start.is_known(), definitions)
    }

    /// Its channels by their definition: the same order in all pieces of a group.
    fn ordered(&self) -> Vec<usize> {
        let mut channels = self.channels.clone();
        channels.sort_by_key(|c| self.recorded.facts[*c].definition);
        channels
    }

    fn start_ps(&self) -> i128 {
        self.recorded.start.nanoseconds() * 1000 + self.axis.first_ps
    }

    fn len(&self) -> u64 {
        self.axis.segments.last().map_or(0, |s| s.first + s.len)
    }

    /// Time of the last sample.
    fn last_ps(&self) -> i128 {
        let last = |s: &Segment| s.offset_ps + s.rate.picoseconds(s.len) - s.rate.picoseconds(1);
        self.start_ps() + self.axis.segments.last().map_or(0, last)
    }

    /// Rate of its first segment.
    fn rate(&self) -> (u64, u64) {
        self.axis.segments.first().map_or((0, 1), |s| s.rate.ratio())
    }

    fn channel(&self, k: usize) -> &ObservedChannel {
        &self.recorded.observation.channels[self.channels[k]]
    }

    fn voltages(&self) -> usize {
        (0..self.channels.len()).filter(|k| self.channel(*k).measured == "voltage").count()
    }

    fn names(&self) -> String {
        let names: Vec<&str> = (0..self.channels.len()).map(|k| self.channel(k).name.as_str()).collect();
        let (num, den) = self.rate();
        format!("{} at {} Hz", names.join(", "), num as f64 / den as f64)
    }
}

/// The capture of the waveforms in `contents`.
pub(super) fn capture(part: &str, mut contents: Contents, options: &ReadOptions) -> Result<Capture> {
    let mut warnings = std::mem::take(&mut contents.warnings);
    let chosen = chosen(part, &contents, options)?;
    let mut problem = None;
    let mut groups: BTreeMap<Group, Vec<Piece<'_>>> = BTreeMap::new();
    for recorded in chosen {
        for piece in pieces(part, recorded, options, &mut warnings, &mut problem) {
            groups.entry(piece.group()).or_default().push(piece);
        }
    }
    let samples =
        |pieces: &[Piece<'_>]| pieces.iter().map(|p| p.len() * p.channels.len() as u64).sum::<u64>();
    // The group that says most of the network: most voltages, then most channels, then most samples, then the first.
    let rank = |pieces: &[Piece<'_>]| {
        let first = pieces[0].recorded.number;
        (pieces[0].voltages(), pieces[0].channels.len(), samples(pieces), Reverse(first))
    };
    let best = groups.iter().max_by_key(|(_, pieces)| rank(pieces)).map(|(group, _)| group.clone());
    let Some(pieces) = best.and_then(|group| groups.remove(&group)) else {
        return Err(nothing(part, &contents, &warnings, problem.as_ref()));
    };
    for left_out in groups.values() {
        let numbers: Vec<String> = left_out.iter().map(|p| p.recorded.number.to_string()).collect();
        let message = format!(
            "left out {} of observation {}: a capture has one rate and one set of channels; the options `channels` and \
             `observations` choose others",
            left_out[0].names(),
            numbers.join(", ")
        );
        warnings.push(Warning::new(part, message));
    }

    let pieces = apart(part, pieces, &mut warnings);
    let mut capture = assemble(part, &pieces)?;
    capture.notes.splice(0..0, std::mem::take(&mut contents.notes));
    let others = contents.observations.iter().filter(|r| !r.observation.has_waveforms()).count();
    if others > 0 && options.observations.is_empty() {
        let text = format!("{others} observations hold no waveforms; the function `observations` reads them");
        capture.notes.push(("observations".into(), text));
    }
    capture.format = contents.format;
    capture.warnings = warnings;
    Ok(capture)
}

/// Those of `pieces` that do not overlap, in the order of time. Of two that do, the one at the rate of most samples stays, then
/// the one that begins first, then the longer one.
fn apart<'a>(part: &str, mut pieces: Vec<Piece<'a>>, warnings: &mut Vec<Warning>) -> Vec<Piece<'a>> {
    let mut of_rate: HashMap<_, u64> = HashMap::new();
    for p in &pieces {
        *of_rate.entry(p.rate()).or_default() += p.len();
    }
    pieces.sort_by_key(|p| (Reverse(of_rate[&p.rate()]), p.start_ps(), Reverse(p.len()), p.recorded.number));
    let mut kept: BTreeMap<i128, Piece<'a>> = BTreeMap::new();
    for p in pieces {
        let before = kept.range(..=p.start_ps()).next_back().filter(|(_, k)| k.last_ps() >= p.start_ps());
        let overlapped = before.or_else(|| kept.range(p.start_ps()..=p.last_ps().max(p.start_ps())).next());
        if let Some((_, k)) = overlapped {
            let message = format!(
                "left out observation {} `{}`, {} samples: it overlaps observation {}; the option `observations` chooses it",
                p.recorded.number,
                short(&p.recorded.observation.name),
                p.len(),
                k.recorded.number
            );
            warnings.push(Warning::new(part, message));
        } else {
            kept.insert(p.start_ps(), p);
        }
    }
    kept.into_values().collect()
}

/// The observations that the options ask for; all when they ask for none.
fn chosen<'a>(part: &str, contents: &'a Contents, options: &ReadOptions) -> Result<Vec<&'a Recorded>> {
    if options.observations.is_empty() {
        return Ok(contents.observations.iter().collect());
    }
    let find = |number: &usize| {
        contents.observations.get(*number).ok_or_else(|| {
            let expected = format!("a number below {}", contents.observations.len());
            Error::mismatch(format!("{part}: option observations"), expected, number)
        })
    };
    options.observations.iter().map(find).collect()
}

/// Why there is no capture.
fn nothing(part: &str, contents: &Contents, warnings: &[Warning], problem: Option<&Warning>) -> Error {
    let mut names: Vec<&str> = Vec::new();
    for name in contents.observations.iter().map(|r| r.observation.name.as_str()) {
        // A list of a few is read; the rest is in `kilat info`.
        if !names.contains(&name) && names.len() < 8 {
            names.push(name);
        }
    }
    let count = contents.observations.len();
    if let (None, [_, ..]) = (problem, &names[..]) {
        return Error::Unsupported {
            part: part.into(),
            what: format!("a capture of {count} observations without a waveform ({})", names.join(", ")),
            hint: "they are tables: kilat::observations reads them (Python: kilat.observations; command: kilat info, \
                   kilat convert --observation)"
                .into(),
        };
    }
    let (at, found) = match problem.or(warnings.first()) {
        Some(w) => (w.at.clone(), w.message.clone()),
        None => (part.to_owned(), "none".into()),
    };
    let at = at.strip_prefix(part).map_or(at.as_str(), |a| a.trim_start_matches(": ")).to_owned();
    Error::Malformed {
        format: "PQDIF",
        part: part.into(),
        at: if at.is_empty() { "records".into() } else { at },
        expected: "an observation that can be read".into(),
        found,
    }
}

/// The waveforms of an observation, by their times.
fn pieces<'a>(
    part: &str,
    recorded: &'a Recorded,
    options: &ReadOptions,
    warnings: &mut Vec<Warning>,
    problem: &mut Option<Warning>,
) -> Vec<Piece<'a>> {
    let o = &recorded.observation;
    let wanted = |c: &ObservedChannel| {
        let names = options.channels.as_deref().unwrap_or_default();
        names.is_empty() || names.iter().any(|n| n.eq_ignore_ascii_case(&c.name))
    };
    let is_wave = |c: &ObservedChannel| c.quantity == "waveform";
    let any_wanted = o.channels.iter().any(|c| is_wave(c) && wanted(c));
    let mut axes: HashMap<_, Option<Axis>> = HashMap::new();
    let mut of_axis: HashMap<_, usize> = HashMap::new();
    let mut out: Vec<Piece<'a>> = Vec::new();
    for (i, c) in o.channels.iter().enumerate().filter(|(_, c)| is_wave(c) && (wanted(c) || !any_wanted)) {
        let at = format!(
            "{part}: observation {} `{}`: channel `{}`",
            recorded.number,
            short(&o.name),
            short(&c.name)
        );
        let Some(values) = c.main_series().filter(|s| matches!(s.data(), Data::Codes { .. })) else {
            warnings.push(Warning::new(at, "no list of values: left out"));
            continue;
        };
        let n = values.len();
        let none = Series::new("time", "s", "none", Vec::<f64>::new());
        let time = c.series("time").unwrap_or(&none);
        let found = axes.entry(key(time, n)).or_insert_with(|| {
            let axis = axis(time, n, recorded.start.nanoseconds(), options.sample_rate_hz, &at, warnings);
            axis.map_err(|reason| {
                let left_out = Warning::new(&at, format!("{reason}: left out"));
                warnings.push(left_out.clone());
                problem.get_or_insert(left_out);
            })
            .ok()
        });
        let Some(axis) = found else { continue };
        let next = out.len();
        let piece = *of_axis.entry(axis.identity()).or_insert(next);
        if piece == next {
            out.push(Piece { recorded, channels: Vec::new(), axis: axis.clone() });
        }
        out[piece].channels.push(i);
    }
    out
}

/// One capture of pieces that share their channels, in the order of time.
fn assemble<'a>(part: &str, pieces: &[Piece<'a>]) -> Result<Capture> {
    let first = &pieces[0];
    let origin_ps = first.start_ps();
    let mut segments: Vec<Segment> = Vec::new();
    let mut total = 0;
    for p in pieces {
        let shift_ps = p.start_ps() - origin_ps;
        segments.extend(p.axis.segments.iter().map(|s| Segment {
            first: total + s.first,
            offset_ps: shift_ps + s.offset_ps,
            ..s.clone()
        }));
        total += p.len();
    }
    Limit::SEGMENTS.check(part, segments.len() as u64)?;
    let is_known = first.recorded.start.is_known();
    let start = is_known.then(|| {
        let ns = (origin_ps + 500).div_euclid(1000);
        Timestamp(ns.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    });
    let (mut channels, mut digital) = (Vec::new(), Vec::new());
    let ordered: Vec<Vec<usize>> = pieces.iter().map(Piece::ordered).collect();
    let ranks: HashMap<usize, usize> = ordered[0].iter().enumerate().map(|(rank, c)| (*c, rank)).collect();
    for &c in &first.channels {
        let values = |(p, of): (&Piece<'a>, &Vec<usize>)| -> Option<(&'a Series, usize)> {
            let main = p.recorded.observation.channels[of[ranks[&c]]].main_series()?;
            Some((main, p.len() as usize))
        };
        let all: Vec<_> = pieces.iter().zip(&ordered).filter_map(values).collect();
        let facts = &first.recorded.facts[c];
        let observed = &first.recorded.observation.channels[c];
        match states(observed, &all) {
            Some(d) => digital.push(d),
            None => channels.push(Channel {
                transformer: facts.transformer,
                skew_s: facts.skew_s,
                ..channel(observed, &all)
            }),
        }
    }
    let mut capture = Capture::new(TimeBase::from_segments(start, segments)?, channels)?;
    let o = &first.recorded.observation;
    (capture.station, capture.device) = (o.station.clone(), o.device.clone());
    capture.digital = digital;
    capture.nominal_frequency_hz = o.nominal_frequency_hz;
    capture.trigger = pieces.iter().find_map(|p| p.recorded.observation.trigger);
    let mut triggers = pieces.iter().filter(|p| p.recorded.observation.trigger.is_some());
    let stated = triggers.next().map(|p| p.recorded.number);
    for p in pieces {
        let o = &p.recorded.observation;
        let trigger = o.trigger.filter(|_| stated != Some(p.recorded.number));
        let mut facts: Vec<String> = trigger.iter().map(|t| format!("triggered at {t}")).collect();
        facts.extend(Some(&o.disturbance).filter(|d| !d.is_empty()).map(|d| format!("category {d}")));
        if !facts.is_empty() {
            let name = format!("observation {}", p.recorded.number);
            capture.notes.push((name, format!("{}: {}", o.name, facts.join(", "))));
        }
    }
    Ok(capture)
}

fn channel(observed: &ObservedChannel, all: &[(&Series, usize)]) -> Channel {
    let main = all[0].0;
    let (samples, scale, offset) = joined(all);
    let is_figure = !matches!(main.characteristic.as_str(), "instantaneous" | "none" | "spectra")
        && !main.characteristic.contains('-');
    let kind = match observed.measured.as_str() {
        _ if is_figure => Kind::Other,
        "voltage" => Kind::Voltage,
        "current" => Kind::Current,
        "" => guess_kind(&observed.name, &main.unit),
        _ => Kind::Other,
    };
    let guessed = || guess_phase(&observed.name).filter(|_| observed.phase == "none");
    Channel {
        phase: observed.conductor().or_else(guessed),
        kind,
        ..Channel::new(observed.name.clone(), main.unit.clone(), samples).with_scale(scale, offset)
    }
}

/// Codes of a series, and what makes values of them.
fn codes(s: &Series) -> Option<(&Samples, f64, f64)> {
    match s.data() {
        Data::Codes { codes, scale, offset } => Some((codes, *scale, *offset)),
        _ => None,
    }
}

/// Codes of one channel in all pieces, with scale and offset: as stored when these agree, else the values.
fn joined(all: &[(&Series, usize)]) -> (Samples, f64, f64) {
    let parts: Vec<_> = all.iter().filter_map(|(s, n)| Some((codes(s)?, *n))).collect();
    let Some(((first, scale, offset), n)) = parts.first() else {
        return (Vec::<f64>::new().into(), 1.0, 0.0);
    };
    if parts.len() == 1 {
        return (first.slice(0..*n), *scale, *offset);
    }
    if parts.iter().all(|((c, s, o), _)| (c.kind(), s, o) == (first.kind(), scale, offset)) {
        let codes = parts.iter().map(|((codes, ..), n)| codes.slice(0..*n));
        return (one_after_the_other(codes.collect()), *scale, *offset);
    }
    let values = parts.iter().map(|((codes, scale, offset), n)| {
        let values: Arc<dyn Stored> =
            Arc::new(Values { codes: codes.slice(0..*n), scale: *scale, offset: *offset });
        values.into()
    });
    (one_after_the_other(values.collect()), 1.0, 0.0)
}

/// The values of codes, computed when they are asked for.
#[derive(Debug)]
struct Values {
    codes: Samples,
    scale: f64,
    offset: f64,
}

impl Stored for Values {
    fn len(&self) -> usize {
        self.codes.len()
    }

    fn kind(&self) -> SampleKind {
        SampleKind::F64
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        own.f64.clear();
        own.f64.extend(values(&self.codes.slice(range), self.scale, self.offset));
        Ok(SamplesRef::F64(&own.f64))
    }
}

/// A status channel, when the file says it is one and every value is 0 or 1.
fn states(observed: &ObservedChannel, all: &[(&Series, usize)]) -> Option<Digital> {
    let main = all.first()?.0;
    if observed.measured != "status" && main.characteristic != "status" {
        return None;
    }
    let of_piece = |(s, n): &(&Series, usize)| {
        let (codes, scale, offset) = codes(s)?;
        let codes = codes.slice(0..*n);
        let is_state = values(&codes, scale, offset).all(|v| v == 0.0 || v == 1.0);
        let is_plain = codes.kind() == SampleKind::I16 && (scale, offset) == (1.0, 0.0);
        let converted = || {
            let mut states = Vec::with_capacity(*n);
            states.extend(values(&codes, scale, offset).map(|v| v as i16));
            states.into()
        };
        is_state.then(|| if is_plain { codes.clone() } else { converted() })
    };
    let mut states = all.iter().map(of_piece).collect::<Option<Vec<Samples>>>()?;
    let states = if states.len() == 1 { states.remove(0) } else { one_after_the_other(states) };
    let normal = main.nominal.filter(|v| [0.0, 1.0].contains(v)).map(|v| v == 1.0);
    Some(Digital { name: observed.name.clone(), normal, states })
}
