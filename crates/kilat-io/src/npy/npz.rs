//! NPZ: NumPy arrays with names, in a ZIP file.
//!
//! Ours hold codes as they are, one array a channel, what `np.load` users want to know beside them, and the whole description
//! in `kilat`, so that nothing is lost. Anyone's are read when it is clear which arrays are channels.

use std::io::{Cursor, Read as _, Write};
use std::path::Path;

use kilat_core::{
    Capture, Channel, Codes, Error, Phase, Result, SampleKind, SampleRate, Samples, SamplesRef, TimeBase,
    Timestamp, Warning,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::array::{Array, header};
use super::{BLOCK, malformed};
use crate::columns::{INTERVALS, RATES, STARTS, TIMES, choose, given_rate};
use crate::limit::most_decoded;
use crate::metadata::{self, KEY, Metadata};
use crate::replace::replace;
use crate::source::Bytes;
use crate::time_column::{MOST_SECONDS, of_seconds};
use crate::{ReadOptions, Source};

/// Arrays of texts that name the channels.
const NAMES: [&str; 5] = ["names", "channels", "channel_names", "labels", "columns"];

/// 255 for a ZIP file whose first entry is an array, else 0.
pub(crate) fn score(head: &[u8], name: &str) -> u8 {
    let Some(entry) = head.strip_prefix(b"PK\x03\x04") else { return 0 };
    let len = entry.get(22..24).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    let is_array = entry.get(26..26 + len).is_some_and(|n| n.ends_with(b".npy"));
    if is_array || name.to_lowercase().ends_with(".npz") { 255 } else { 0 }
}

/// An entry of the archive.
struct Entry<'a> {
    name: String,
    bytes: Bytes<'a>,
    /// Where it lies in `bytes`.
    range: std::ops::Range<usize>,
}

/// Reads our own layout, else whatever arrays are channels.
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let part = source.name();
    let content = source.content()?;
    let entries = entries(&content, &part)?;
    let mut arrays = Vec::with_capacity(entries.len());
    for entry in &entries {
        arrays.push((
            entry.name.as_str(),
            Array::parse(&entry.bytes, entry.range.clone(), &format!("{part}: {}", entry.name))?,
        ));
    }
    let mut warnings = Vec::new();
    let mut capture = match ours(&arrays, options, &part, &mut warnings)? {
        Some(capture) => capture,
        None => theirs(&arrays, options, &part)?,
    };
    capture.warnings.append(&mut warnings);
    capture.source = source.full_name();
    Ok(capture)
}

/// All arrays: those stored as they are stay where they lie, the others are unpacked.
fn entries<'a>(content: &'a Bytes<'a>, part: &str) -> Result<Vec<Entry<'a>>> {
    let failed = |e: zip::result::ZipError| malformed(part, "archive", "a sound ZIP file", e.to_string());
    let mut archive = ZipArchive::new(Cursor::new(&content[..])).map_err(failed)?;
    let most = most_decoded(content.len() as u64);
    let mut left = most;
    let mut entries = Vec::with_capacity(archive.len());
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).map_err(failed)?;
        let full = file.name().map_err(failed)?.into_owned();
        let Some(name) = full.strip_suffix(".npy").map(str::to_owned) else { continue };
        if file.compression() == CompressionMethod::Stored && !file.encrypted() {
            let start = file.data_start().and_then(|at| usize::try_from(at).ok());
            let end = start.zip(usize::try_from(file.size()).ok()).and_then(|(at, n)| at.checked_add(n));
            let range = start.zip(end).map(|(start, end)| start..end).filter(|r| r.end <= content.len());
            let range = range
                .ok_or_else(|| malformed(part, &*full, "an entry within the file", "one beyond its end"))?;
            entries.push(Entry { name, bytes: content.share(), range });
            continue;
        }
        let mut bytes = Vec::new();
        file.by_ref()
            .take(left + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| malformed(part, &*full, "a sound entry", e.to_string()))?;
        let found = bytes.len() as u64;
        left = left.checked_sub(found).ok_or_else(|| {
            let expected = format!("at most {most} bytes, which is what a file of this length can hold");
            malformed(part, &*full, &expected, "more")
        })?;
        let range = 0..bytes.len();
        entries.push(Entry { name, bytes: Bytes::Own(bytes), range });
    }
    Ok(entries)
}

type Arrays<'a> = [(&'a str, Array<'a>)];

fn find<'s, 'a>(arrays: &'s Arrays<'a>, names: &[&str]) -> Option<&'s Array<'a>> {
    names.iter().find_map(|n| arrays.iter().find(|(name, _)| name == n)).map(|(_, array)| array)
}

fn text(arrays: &Arrays<'_>, name: &str) -> Option<String> {
    find(arrays, &[name])?.texts()?.into_iter().next()
}

/// A capture of our own layout; a description that does not fit is told and left aside.
fn ours(
    arrays: &Arrays<'_>,
    options: &ReadOptions,
    part: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Capture>> {
    let Some(text) = text(arrays, KEY) else { return Ok(None) };
    let put_aside = |why: String, warnings: &mut Vec<Warning>| {
        let message = format!("does not describe this file and is left out: {why}");
        warnings.push(Warning::new(format!("{part}: {KEY}"), message));
        Ok(None)
    };
    let metadata = match Metadata::parse(&text) {
        Ok(metadata) => metadata,
        Err(why) => return put_aside(why, warnings),
    };
    let with = |prefix: char| {
        let is_one = move |name: &str| {
            name.strip_prefix(prefix).is_some_and(|r| r.len() >= 6 && r.parse::<u32>().is_ok())
        };
        arrays.iter().filter(move |(name, _)| is_one(name))
    };
    let (mut samples, mut states) =
        (Vec::with_capacity(with('c').count()), Vec::with_capacity(with('s').count()));
    for (name, array) in with('c') {
        let (mut columns, mut found) = array.channels(options, &format!("{part}: {name}"))?;
        samples.extend(columns.drain(..1.min(columns.len())).map(|c| c.samples));
        warnings.append(&mut found);
    }
    for (_, array) in with('s') {
        let states_of = array.numbers().unwrap_or_default();
        states.push(Samples::from(states_of.iter().map(|v| i16::from(*v != 0.0)).collect::<Vec<_>>()));
    }
    match metadata.capture(&samples, &states) {
        Ok(capture) => Ok(Some(capture)),
        Err(why) => put_aside(why, warnings),
    }
}

/// Anyone's arrays: all of one length, or a single one of two dimensions; else as the map says.
fn theirs(arrays: &Arrays<'_>, options: &ReadOptions, part: &str) -> Result<Capture> {
    let is_time = |name: &str| TIMES.contains(&name.to_lowercase().as_str());
    let is_wave = |name: &str, a: &Array<'_>| {
        let several = a.shape.iter().any(|n| *n > 1) && (1..=2).contains(&a.shape.len());
        a.is_numeric() && several && !is_time(name) && ![KEY, "scale", "offset"].contains(&name)
    };
    let waves: Vec<_> = arrays.iter().filter(|(name, a)| is_wave(name, a)).collect();
    let (mut columns, mut warnings) = (Vec::new(), Vec::new());
    let labels = find(arrays, &NAMES).and_then(Array::texts).unwrap_or_default();
    let units = find(arrays, &["units", "unit"]).and_then(Array::texts).unwrap_or_default();
    let is_mapped = |name: &str| {
        options
            .map
            .iter()
            .any(|m| m.source == name || m.source.rsplit_once(':').is_some_and(|(n, _)| n == name))
    };
    let wanted: Vec<_> = if options.map.is_empty() {
        let shapes_agree = waves.windows(2).all(|w| w[0].1.shape == w[1].1.shape && w[0].1.shape.len() == 1);
        if waves.is_empty() || !shapes_agree {
            return Err(unclear(arrays, part));
        }
        waves
    } else {
        arrays.iter().filter(|(name, a)| a.is_numeric() && is_mapped(name)).collect()
    };
    let (scale, offset) = (per_channel(arrays, "scale"), per_channel(arrays, "offset"));
    for (name, array) in wanted {
        let (found, mut damage) = array.channels(options, &format!("{part}: {name}"))?;
        warnings.append(&mut damage);
        let lone = found.len() == 1;
        for (c, channel) in found.into_iter().enumerate() {
            let i = columns.len();
            let label = if lone { (*name).to_owned() } else { format!("{name}:{c}") };
            let label = if options.map.is_empty() { labels.get(i).cloned().unwrap_or(label) } else { label };
            let unit =
                units.get(i).or(units.first().filter(|_| units.len() == 1)).cloned().unwrap_or_default();
            let channel = Channel::new(label, unit, channel.samples);
            columns.push(
                channel
                    .with_scale(scale.get(i).copied().unwrap_or(1.0), offset.get(i).copied().unwrap_or(0.0)),
            );
        }
    }
    let numbers: Vec<usize> = (0..columns.len()).collect();
    let chosen = choose(columns, &numbers, &options.map, part)?;
    let n = chosen.first().map_or(0, |c| c.len() as u64);
    let (time, mut odd) = time(arrays, n, options, part)?;
    let mut capture = Capture::new(time, chosen)?;
    warnings.append(&mut odd);
    capture.format = "NPZ".into();
    capture.warnings = warnings;
    Ok(capture)
}

/// One number per channel.
fn per_channel(arrays: &Arrays<'_>, name: &str) -> Vec<f64> {
    find(arrays, &[name]).and_then(Array::numbers).unwrap_or_default()
}

fn unclear(arrays: &Arrays<'_>, part: &str) -> Error {
    let found: Vec<_> = arrays.iter().map(|(name, a)| format!("`{name}` {}", a.describe_shape())).collect();
    let found = if found.is_empty() { "none".into() } else { found.join(", ") };
    Error::config(
        "map",
        format!(
            "{part}: it is not clear which arrays are channels; name them in this option as `array`, or `array:column` \
             for one of two dimensions; arrays found: {found}"
        ),
    )
}

/// The rate of a scalar, of a column of times, or of the caller.
fn time(arrays: &Arrays<'_>, n: u64, options: &ReadOptions, part: &str) -> Result<(TimeBase, Vec<Warning>)> {
    let scalar = |names: &[&str]| find(arrays, names)?.numbers()?.first().copied().filter(|v| *v > 0.0);
    let moment = |names: &[&str]| find(arrays, names)?.texts()?.first()?.trim().parse::<Timestamp>().ok();
    let start = moment(&STARTS).or(options.start);
    if let Some(hz) = scalar(&RATES).or_else(|| scalar(&INTERVALS).map(f64::recip)) {
        return Ok((TimeBase::uniform(SampleRate::from_hz(hz)?, n, start), Vec::new()));
    }
    let times = arrays
        .iter()
        .find(|(name, a)| TIMES.contains(&name.to_lowercase().as_str()) && a.shape == [n as usize]);
    if let Some((name, array)) = times.filter(|_| n > 1) {
        let seconds = array.numbers().unwrap_or_default();
        if seconds.len() as u64 == n && seconds.iter().all(|s| s.abs() < MOST_SECONDS) {
            return of_seconds(seconds.iter().copied(), start, &format!("{part}: {name}"));
        }
    }
    let rate = given_rate(options, part, "no array states a sample rate")?;
    Ok((TimeBase::uniform(rate, n, start), Vec::new()))
}

/// Writes codes as stored, with everything that belongs to them.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    replace(path, |out| {
        let io = |e| Error::io(path, e);
        let zip_io = |e: zip::result::ZipError| Error::io(path, std::io::Error::other(e.to_string()));
        let mut zip = ZipWriter::new(out);
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        // The small ones first: what the file is can be seen without the samples.
        for (name, array) in about(capture) {
            zip.start_file(format!("{name}.npy"), options).map_err(zip_io)?;
            zip.write_all(&array).map_err(io)?;
        }
        let n = capture.len() as usize;
        let mut own = Codes::default();
        for (i, channel) in capture.channels().iter().enumerate() {
            zip.start_file(format!("c{i:06}.npy"), options).map_err(zip_io)?;
            let descr = match channel.samples.kind() {
                SampleKind::I16 => "<i2",
                SampleKind::I32 => "<i4",
                SampleKind::F32 => "<f4",
                SampleKind::F64 => "<f8",
            };
            zip.write_all(&header(descr, &format!("({n},)"))).map_err(io)?;
            for first in (0..n).step_by(BLOCK) {
                let codes = channel.samples.read(first..(first + BLOCK).min(n), &mut own)?;
                zip.write_all(&little_endian(codes)).map_err(io)?;
            }
        }
        for (i, digital) in capture.digital.iter().enumerate() {
            zip.start_file(format!("s{i:06}.npy"), options).map_err(zip_io)?;
            zip.write_all(&header("|u1", &format!("({n},)"))).map_err(io)?;
            let states: Vec<u8> = digital.values(0..n)?.into_iter().map(u8::from).collect();
            zip.write_all(&states).map_err(io)?;
        }
        zip.finish().map(|_| ()).map_err(zip_io)
    })?;
    Ok(Vec::new())
}

fn little_endian(codes: SamplesRef<'_>) -> Vec<u8> {
    match codes {
        SamplesRef::I16(x) => x.iter().flat_map(|v| v.to_le_bytes()).collect(),
        SamplesRef::I32(x) => x.iter().flat_map(|v| v.to_le_bytes()).collect(),
        SamplesRef::F32(x) => x.iter().flat_map(|v| v.to_le_bytes()).collect(),
        SamplesRef::F64(x) => x.iter().flat_map(|v| v.to_le_bytes()).collect(),
    }
}

/// Everything but the samples: the description, and its main parts as arrays of their own.
fn about(capture: &Capture) -> Vec<(&'static str, Vec<u8>)> {
    let channels = capture.channels();
    let numbers = |of: &dyn Fn(&Channel) -> f64| {
        let mut out = header("<f8", &format!("({},)", channels.len()));
        out.extend(channels.iter().flat_map(|c| of(c).to_le_bytes()));
        out
    };
    let texts = |of: &dyn Fn(&Channel) -> String| {
        let texts: Vec<String> = channels.iter().map(of).collect();
        characters(&texts, &format!("({},)", texts.len()))
    };
    let description = metadata::of(capture).into_bytes();
    let mut whole = header(&format!("|S{}", description.len()), "()");
    whole.extend(description);
    let mut arrays = vec![
        (KEY, whole),
        ("names", texts(&|c| c.name.clone())),
        ("units", texts(&|c| c.unit.clone())),
        ("phases", texts(&|c| c.phase.map_or(String::new(), |p: Phase| p.to_string()))),
        ("scale", numbers(&|c| c.scale)),
        ("offset", numbers(&|c| c.offset)),
    ];
    if let Some(rate) = capture.time().rate() {
        let mut out = header("<f8", "()");
        out.extend(rate.hz().to_le_bytes());
        arrays.push(("sample_rate_hz", out));
    }
    if let Some(start) = capture.time().start() {
        arrays.push(("start", characters(&[start.to_string()], "()")));
    }
    arrays
}

/// An array of texts of four bytes a character.
fn characters(texts: &[String], shape: &str) -> Vec<u8> {
    let longest = texts.iter().map(|t| t.chars().count()).max().unwrap_or(0).max(1);
    let mut out = header(&format!("<U{longest}"), shape);
    for text in texts {
        let codes = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest);
        out.extend(codes.flat_map(u32::to_le_bytes));
    }
    out
}
