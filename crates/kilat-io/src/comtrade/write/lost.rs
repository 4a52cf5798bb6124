//! What the files do not hold of a capture: told by reading the cfg again.

use kilat_core::{Capture, Channel, Result, SampleKind, Samples, Segment, TimeBase, Timestamp};

use super::super::cfg::{self, Cfg, Encoding};
use super::super::dat::Column;
use super::super::time::{self, Stamps};
use super::super::{HDR, INF, LOCAL_CODE, QUALITY_CODE, channel};
use super::clock::{self, Clock};
use super::text;

/// Differences in time below this are rounding: half a picosecond counts for nothing in any recording.
const SAME_S: f64 = 1e-12;

/// Lines about everything in `capture` that reading `cfg_text` would not bring back, codes aside.
pub(super) fn lines(
    capture: &Capture,
    cfg_text: &str,
    clock: &Clock<'_>,
    encoding: Encoding,
) -> Result<Vec<String>> {
    let again = cfg::parse("cfg", cfg_text)?;
    let mut lost = Vec::new();
    for (what, was, is) in
        [("station", &capture.station, &again.station), ("device", &capture.device, &again.device)]
    {
        if was != is {
            lost.push(format!("the spelling of {what} `{was}`"));
        }
    }
    let moments = [
        ("start", clock::first_moment(capture.time()), again.start.time),
        ("trigger", capture.trigger, again.trigger.time),
    ];
    for (what, was, is) in moments {
        lost.extend(moment(what, was, is));
    }
    if capture.nominal_frequency_hz != again.frequency_hz {
        lost.push("nominal frequency".into());
    }
    for (was, analog) in capture.channels().iter().zip(&again.analogs) {
        let is_whole = match encoding {
            Encoding::Float32 => false,
            Encoding::Ascii => matches!(was.samples.kind(), SampleKind::I16 | SampleKind::I32),
            Encoding::Binary | Encoding::Binary32 => true,
        };
        let samples: Samples = if is_whole { Vec::<i16>::new().into() } else { Vec::<f32>::new().into() };
        let no_samples = Column { samples, missing_code: None };
        lost.extend(beside_values(was, &channel(analog, no_samples)));
    }
    for (was, is) in capture.digital.iter().zip(&again.statuses) {
        if was.name != is.name {
            lost.push(format!("the spelling of status channel `{}`", was.name));
        }
    }
    lost.extend(time_base(capture, &again, clock));
    lost.extend(notes(capture, &again));
    if !capture.warnings.is_empty() {
        lost.push("warnings of the reader".into());
    }
    Ok(lost)
}

fn moment(what: &str, was: Option<Timestamp>, is: Option<Timestamp>) -> Option<String> {
    match (was, is) {
        (Some(was), None) => Some(format!("moment of the {what}, {was}")),
        (Some(was), Some(is)) if was != is => {
            Some(format!("moment of the {what} below the microsecond: {was} is written as {is}"))
        }
        _ => None,
    }
}

/// What differs between a channel and its description read again.
fn beside_values(was: &Channel, is: &Channel) -> Vec<String> {
    let name = &was.name;
    // A transformer of 1:1 is how none is written.
    let ratio = |c: &Channel| c.transformer.filter(|t| t.primary != t.secondary);
    let facts = [
        ((&was.name, &was.unit) != (&is.name, &is.unit), format!("the spelling of `{name}` [{}]", was.unit)),
        (was.kind != is.kind, format!("that `{name}` is {}, which name and unit do not tell", was.kind)),
        (was.phase != is.phase && was.phase.is_none(), format!("that `{name}` has no phase")),
        (was.phase != is.phase && was.phase.is_some(), format!("phase of `{name}`")),
        (ratio(was) != ratio(is), format!("transformer ratio of `{name}`")),
        ((was.skew_s - is.skew_s).abs() > SAME_S, format!("skew of `{name}`")),
        (was.range.is_some() && was.range != is.range, format!("range of the converter of `{name}`")),
    ];
    facts.into_iter().filter(|(differs, _)| *differs).map(|(_, line)| line).collect()
}

/// What differs in the time base, the start aside.
fn time_base(capture: &Capture, again: &Cfg, clock: &Clock<'_>) -> Option<String> {
    let was = capture.time();
    let stamps = Stamps::new(capture.len() as usize, |i| f64::from(clock.stamp_at(i as u64)));
    let Ok(is) = time::time_base("dat", again, &stamps, None, &mut Vec::new()) else {
        return Some("time of the samples: in steps too small for timestamps".into());
    };
    let first_ps = was.segments().first().map_or(0, |s| s.offset_ps);
    let merged = merged(was);
    let same_shape = merged.len() == is.segments().len()
        && merged.iter().zip(is.segments()).all(|(a, b)| (a.first, a.len) == (b.first, b.len));
    if !same_shape {
        let (was, is) = (merged.len(), is.segments().len());
        return Some(format!("gaps and changes of rate: of {was} stretches of samples {is} are read back"));
    }
    let off_s = |a: &Segment, b: &Segment| {
        let begin = (a.offset_ps - first_ps - b.offset_ps) as f64 / 1e12;
        let span = a.rate.seconds(a.len as f64) - b.rate.seconds(b.len as f64);
        begin.abs().max(span.abs())
    };
    let worst_s = merged.iter().zip(is.segments()).map(|(a, b)| off_s(a, b)).fold(0.0, f64::max);
    let limit_s = 2.0 * SAME_S.max(was.duration_s() * f64::EPSILON);
    (worst_s > limit_s).then(|| format!("time of the samples: {worst_s:.3e} s off at worst"))
}

/// Segments of `time`, those that follow one another at one rate without a gap as one.
fn merged(time: &TimeBase) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for s in time.segments() {
        match out.last_mut() {
            Some(last) if last.rate == s.rate && clock::follows(last, s) => last.len += s.len,
            _ => out.push(s.clone()),
        }
    }
    out
}

/// Notes that have no place, and lines that are marked.
fn notes(capture: &Capture, again: &Cfg) -> Vec<String> {
    let mut lost = Vec::new();
    for (i, (title, was)) in capture.notes.iter().enumerate() {
        let is_second = capture.notes[..i].iter().any(|(t, _)| t == title);
        let code = |k: usize| again.time_codes.get(k).is_some_and(|t| t == was);
        let is_held = !is_second
            && match title.as_str() {
                HDR | INF => text::section(capture, title).is_some_and(|s| s.lines().eq(was.lines())),
                // What says nothing is not lost where there is no place to say it.
                LOCAL_CODE => was == text::UTC || code(0),
                QUALITY_CODE => was == text::CLOCK_UNKNOWN || code(1),
                _ => false,
            };
        if !is_held {
            lost.push(format!("note `{title}`"));
        }
    }
    lost
}
