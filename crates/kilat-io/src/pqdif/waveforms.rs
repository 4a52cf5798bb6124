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
    /// Indices into the channels of the observation, in the order of their definitions: the same in all pieces of a group.
    channels: Vec<usize>,
    axis: Axis,
    /// Number of samples.
    len: u64,
    /// Number of its group.
    group: usize,
}

/// What the pieces of one capture have in common: site, whether the start is known, definitions of the channels.
type Group = (usize, bool, Vec<u32>);

/// The pieces of a group, counted.
struct Summary {
    /// In the order of appearance.
    number: usize,
    voltages: usize,
    channels: usize,
    names: String,
    samples: u64,
    observations: Vec<usize>,
}

impl Summary {
    /// A group that begins with `first`.
    fn of(number: usize, first: &Piece<'_>) -> Self {
        let (voltages, channels, names) = (first.voltages(), first.channels.len(), first.names());
        Self { number, voltages, channels, names, samples: 0, observations: Vec::new() }
    }
}

impl Piece<'_> {
    fn key(&self) -> Group {
        let r = self.recorded;
        let definitions = self.channels.iter().map(|c| r.definitions[*c]);
        (r.site, r.start.is_known(), definitions.collect())
    }

    fn start_ps(&self) -> i128 {
        self.recorded.start.nanoseconds() * 1000 + self.axis.first_ps
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
        (0..self.channels.len()).filter(|k| &*self.channel(*k).measured == "voltage").count()
    }

    fn names(&self) -> String {
        let names: Vec<&str> = (0..self.channels.len()).map(|k| &*self.channel(k).name).collect();
        let (num, den) = self.rate();
        format!("{} at {} Hz", names.join(", "), num as f64 / den as f64)
    }
}

/// The capture of the waveforms in `contents`.
pub(super) fn capture(part: &str, mut contents: Contents, options: &ReadOptions) -> Result<Capture> {
    let mut warnings = std::mem::take(&mut contents.warnings);
    let chosen = chosen(part, &contents, options)?;
    let mut problem = None;
    // Nearly always one piece of each observation: a vector that grows takes up to three times what is in it.
    let mut pieces = Vec::with_capacity(chosen.len());
    let mut groups: BTreeMap<Group, Summary> = BTreeMap::new();
    for recorded in chosen {
        for mut piece in pieces_of(part, recorded, options, &mut warnings, &mut problem) {
            let number = groups.len();
            let group = groups.entry(piece.key()).or_insert_with(|| Summary::of(number, &piece));
            group.samples += piece.len * piece.channels.len() as u64;
            group.observations.push(recorded.number);
            piece.group = group.number;
            pieces.push(piece);
        }
    }
    // The group that says most of the network: most voltages, then most channels, then most samples, then the first.
    let rank = |g: &Summary| (g.voltages, g.channels, g.samples, Reverse(g.observations[0]));
    let Some(best) = groups.values().max_by_key(|g| rank(g)).map(|g| g.number) else {
        return Err(nothing(part, &contents, &warnings, problem.as_ref()));
    };
    for left_out in groups.values().filter(|g| g.number != best) {
        let numbers: Vec<String> = left_out.observations.iter().map(usize::to_string).collect();
        let message = format!(
            "left out {} of observation {}: a capture has one rate and one set of channels; the options `channels` and \
             `observations` choose others",
            left_out.names,
            numbers.join(", ")
        );
        warnings.push(Warning::new(part, message));
    }
    drop(groups);
    pieces.retain(|p| p.group == best);

    let mut capture = assemble(part, apart(part, pieces, &mut warnings))?;
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
        *of_rate.entry(p.rate()).or_default() += p.len;
    }
    pieces.sort_unstable_by_key(|p| {
        (Reverse(of_rate[&p.rate()]), p.start_ps(), Reverse(p.len), p.recorded.number)
    });
    // Indices of those that stay, by their starts.
    let mut kept: BTreeMap<i128, usize> = BTreeMap::new();
    for (i, p) in pieces.iter().enumerate() {
        let (start, last) = (p.start_ps(), p.last_ps().max(p.start_ps()));
        let before = kept.range(..=start).next_back().filter(|(_, k)| pieces[**k].last_ps() >= start);
        let overlapped = before.or_else(|| kept.range(start..=last).next());
        if let Some(k) = overlapped.map(|(_, k)| &pieces[*k]) {
            let message = format!(
                "left out observation {} `{}`, {} samples: it overlaps observation {}; the option `observations` chooses it",
                p.recorded.number,
                short(&p.recorded.observation.name),
                p.len,
                k.recorded.number
            );
            warnings.push(Warning::new(part, message));
        } else {
            kept.insert(start, i);
        }
    }
    let mut indices = 0..pieces.len();
    pieces.retain(|p| kept.get(&p.start_ps()) == indices.next().as_ref());
    pieces.sort_unstable_by_key(Piece::start_ps);
    pieces
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
    for name in contents.observations.iter().map(|r| &*r.observation.name) {
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
fn pieces_of<'a>(
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
    let is_wave = |c: &ObservedChannel| &*c.quantity == "waveform";
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
        let len = axis.segments.last().map_or(0, |s| s.first + s.len);
        let next = out.len();
        let piece = *of_axis.entry(axis.identity()).or_insert(next);
        if piece == next {
            out.push(Piece { recorded, channels: Vec::new(), axis: axis.clone(), len, group: 0 });
        }
        out[piece].channels.push(i);
    }
    for piece in &mut out {
        piece.channels.sort_by_key(|c| recorded.definitions[*c]);
        piece.channels.shrink_to_fit();
    }
    out
}

/// One capture of pieces that share their channels, in the order of time.
fn assemble(part: &str, mut pieces: Vec<Piece<'_>>) -> Result<Capture> {
    let origin_ps = pieces[0].start_ps();
    let mut segments: Vec<Segment> = Vec::with_capacity(pieces.iter().map(|p| p.axis.segments.len()).sum());
    let mut total = 0;
    for p in &mut pieces {
        let shift_ps = p.start_ps() - origin_ps;
        segments.extend(std::mem::take(&mut p.axis.segments).into_iter().map(|s| Segment {
            first: total + s.first,
            offset_ps: shift_ps + s.offset_ps,
            ..s
        }));
        total += p.len;
    }
    let first = &pieces[0];
    Limit::SEGMENTS.check(part, segments.len() as u64)?;
    let is_known = first.recorded.start.is_known();
    let start = is_known.then(|| {
        let ns = (origin_ps + 500).div_euclid(1000);
        Timestamp(ns.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    });
    let (mut channels, mut digital) = (Vec::new(), Vec::new());
    // In the order of the file, by their places in the pieces.
    let mut places: Vec<(usize, usize)> = first.channels.iter().copied().zip(0..).collect();
    places.sort_unstable();
    for (c, place) in places {
        let mut all = Vec::with_capacity(pieces.len());
        all.extend(pieces.iter().filter_map(|p| Some((p.channel(place).main_series()?, p.len as usize))));
        let setting = first.recorded.settings.of(first.recorded.definitions[c]);
        let observed = &first.recorded.observation.channels[c];
        match states(observed, &all) {
            Some(d) => digital.push(d),
            None => channels.push(Channel {
                transformer: setting.transformer(),
                skew_s: setting.skew_s,
                ..channel(observed, &all)
            }),
        }
    }
    let mut capture = Capture::new(TimeBase::from_segments(start, segments)?, channels)?;
    let o = &first.recorded.observation;
    (capture.station, capture.device) = (o.station.to_string(), o.device.to_string());
    capture.digital = digital;
    capture.nominal_frequency_hz = o.nominal_frequency_hz;
    capture.trigger = pieces.iter().find_map(|p| p.recorded.observation.trigger);
    let mut triggers = pieces.iter().filter(|p| p.recorded.observation.trigger.is_some());
    let stated = triggers.next().map(|p| p.recorded.number);
    for p in &pieces {
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
    let is_figure = !matches!(&*main.characteristic, "instantaneous" | "none" | "spectra")
        && !main.characteristic.contains('-');
    let kind = match &*observed.measured {
        _ if is_figure => Kind::Other,
        "voltage" => Kind::Voltage,
        "current" => Kind::Current,
        "" => guess_kind(&observed.name, &main.unit),
        _ => Kind::Other,
    };
    let guessed = || guess_phase(&observed.name).filter(|_| &*observed.phase == "none");
    Channel {
        phase: observed.conductor().or_else(guessed),
        kind,
        ..Channel::new(&*observed.name, &*main.unit, samples).with_scale(scale, offset)
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
    let parts = || all.iter().filter_map(|(s, n)| Some((codes(s)?, *n)));
    let Some(((first, scale, offset), n)) = parts().next() else {
        return (Vec::<f64>::new().into(), 1.0, 0.0);
    };
    if all.len() == 1 {
        return (first.slice(0..n), scale, offset);
    }
    if parts().all(|((c, s, o), _)| (c.kind(), s, o) == (first.kind(), scale, offset)) {
        let codes = parts().map(|((codes, ..), n)| codes.slice(0..n));
        return (one_after_the_other(all.len(), codes), scale, offset);
    }
    let values = parts().map(|((codes, scale, offset), n)| {
        let values: Arc<dyn Stored> = Arc::new(Values { codes: codes.slice(0..n), scale, offset });
        values.into()
    });
    (one_after_the_other(all.len(), values), 1.0, 0.0)
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
    if &*observed.measured != "status" && &*main.characteristic != "status" {
        return None;
    }
    let parts = || {
        all.iter()
            .filter_map(|(s, n)| codes(s).map(|(codes, scale, offset)| (codes.slice(0..*n), scale, offset)))
    };
    let is_state = |v: f64| v == 0.0 || v == 1.0;
    if !parts().all(|(codes, scale, offset)| values(&codes, scale, offset).all(is_state)) {
        return None;
    }
    let mut states = parts().map(|(codes, scale, offset)| {
        if codes.kind() == SampleKind::I16 && (scale, offset) == (1.0, 0.0) {
            return codes;
        }
        let mut states = Vec::with_capacity(codes.len());
        states.extend(values(&codes, scale, offset).map(|v| v as i16));
        states.into()
    });
    let states = if all.len() == 1 { states.next()? } else { one_after_the_other(all.len(), states) };
    let normal = main.nominal.filter(|v| [0.0, 1.0].contains(v)).map(|v| v == 1.0);
    Some(Digital { name: observed.name.to_string(), normal, states })
}
