//! Our own layout, version 1. Any HDF5 reader understands it without help from us:
//!
//! ```text
//! /                     kilat_layout = 1
//!                       start (ISO 8601), start_ns, trigger, trigger_ns (since 1970 UTC), nominal_frequency_hz,
//!                       station, device, format and source of the recording: each only when known
//! /time                 i64 (segments, 6): first sample, samples, rate numerator, rate denominator in Hz,
//!                       offset from the start in whole seconds and in picoseconds; attribute `columns` names them
//! /channels/000000 ...  codes as stored, i16 i32 f32 f64, in chunks with shuffle and gzip; value = scale * code + offset
//!                       attributes name, unit, kind, scale, offset, skew_s; where known phase, missing_code,
//!                       range [lowest, highest code], transformer [primary, secondary] and transformer_side
//! /digital/000000 ...   u8 0 or 1; attributes name, normal (where known)
//! /notes/name, /notes/text, /warnings/at, /warnings/message    texts, in pairs
//! ```

use std::path::Path;

use kilat_core::capture::{Digital, Side, Transformer};
use kilat_core::{
    Capture, Channel, Codes, Error, Kind, Phase, Result, SampleRate, SamplesRef, Segment, TimeBase,
    Timestamp, Warning,
};
use rust_hdf5::format::LibverBound;
use rust_hdf5::{DatatypeMessage, H5Dataset, H5File, H5Group, H5Type, Hdf5Error, VarLenUnicode};

use super::container::{Array, Container};
use super::malformed;

const VERSION: u32 = 1;

const TIME_COLUMNS: [&str; 6] =
    ["first", "samples", "rate_numerator", "rate_denominator", "offset_s", "offset_ps"];

/// Samples of a chunk: 256 KiB of `i32`, large enough to compress, small enough to read a part of.
const CHUNK: usize = 1 << 16;

/// Level of gzip: above 4 it costs much and gains little on samples.
const GZIP: u32 = 4;

const PS_PER_S: i128 = 1_000_000_000_000;

/// True for a file that says so.
pub(super) fn fits(container: &Container) -> bool {
    container.number("", "kilat_layout").is_some()
}

/// Writes all of `capture`.
pub(super) fn write(capture: &Capture, path: &Path) -> Result<()> {
    write_parts(capture, path).map_err(|e| match e {
        Hdf5Error::Io(e) => Error::io(path, e),
        e => Error::io(path, std::io::Error::other(e.to_string())),
    })
}

fn write_parts(capture: &Capture, path: &Path) -> std::result::Result<(), Hdf5Error> {
    let file = H5File::create(path)?;
    // Chunks in the old kind of tree: every HDF5 since 1.8 reads it, and parts of it are found at once.
    file.set_libver_bound(LibverBound::V18)?;
    file.set_attr_numeric("kilat_layout", &VERSION)?;
    let texts = [("station", &capture.station), ("device", &capture.device), ("format", &capture.format)];
    for (name, text) in texts.into_iter().chain([("source", &capture.source)]).filter(|(_, t)| !t.is_empty())
    {
        set_file_text(&file, name, text)?;
    }
    for (name, moment) in [("start", capture.time().start()), ("trigger", capture.trigger)] {
        if let Some(moment) = moment {
            set_file_text(&file, name, &moment.to_string())?;
            file.set_attr_numeric(&format!("{name}_ns"), &moment.as_nanos())?;
        }
    }
    if let Some(hz) = capture.nominal_frequency_hz {
        file.set_attr_numeric("nominal_frequency_hz", &hz)?;
    }
    write_time(&file, capture.time().segments())?;

    let group = file.create_group("channels")?;
    let mut own = Codes::default();
    for (i, channel) in capture.channels().iter().enumerate() {
        let name = format!("{i:06}");
        let codes = channel.samples.read(0..channel.len(), &mut own);
        let dataset = match codes.map_err(|e| std::io::Error::other(e.to_string()))? {
            SamplesRef::I16(x) => write_codes(&group, &name, x)?,
            SamplesRef::I32(x) => write_codes(&group, &name, x)?,
            SamplesRef::F32(x) => write_codes(&group, &name, x)?,
            SamplesRef::F64(x) => write_codes(&group, &name, x)?,
        };
        describe(&dataset, channel)?;
    }
    if !capture.digital.is_empty() {
        let group = file.create_group("digital")?;
        for (i, digital) in capture.digital.iter().enumerate() {
            let states = digital.values(0..digital.states.len());
            let states = states.map_err(|e| std::io::Error::other(e.to_string()))?;
            let states: Vec<u8> = states.into_iter().map(u8::from).collect();
            let dataset = write_codes(&group, &format!("{i:06}"), &states)?;
            set_text(&dataset, "name", &digital.name)?;
            if let Some(normal) = digital.normal {
                set_number(&dataset, "normal", u8::from(normal))?;
            }
        }
    }
    let notes: Vec<_> = capture.notes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    write_pairs(&file, "notes", ["name", "text"], &notes)?;
    let warnings: Vec<_> = capture.warnings.iter().map(|w| (w.at.as_str(), w.message.as_str())).collect();
    write_pairs(&file, "warnings", ["at", "message"], &warnings)?;
    file.close()
}

fn write_time(file: &H5File, segments: &[Segment]) -> std::result::Result<(), Hdf5Error> {
    if segments.is_empty() {
        return Ok(());
    }
    let mut table = Vec::with_capacity(segments.len() * TIME_COLUMNS.len());
    for s in segments {
        let (num, den) = s.rate.ratio();
        let (offset_s, offset_ps) = (s.offset_ps.div_euclid(PS_PER_S), s.offset_ps.rem_euclid(PS_PER_S));
        table.extend([
            s.first as i64,
            s.len as i64,
            num as i64,
            den as i64,
            offset_s as i64,
            offset_ps as i64,
        ]);
    }
    let dataset = file.new_dataset::<i64>().shape([segments.len(), TIME_COLUMNS.len()]).create("time")?;
    dataset.write_raw(&table)?;
    set_text(&dataset, "columns", &TIME_COLUMNS.join(", "))
}

fn write_codes<T: H5Type>(
    group: &H5Group,
    name: &str,
    codes: &[T],
) -> std::result::Result<H5Dataset, Hdf5Error> {
    let builder = group.new_dataset::<T>().shape([codes.len()]);
    if codes.is_empty() {
        return builder.create(name);
    }
    let dataset = builder.chunk(&[codes.len().min(CHUNK)]).shuffle_deflate(GZIP).create(name)?;
    dataset.write_raw(codes)?;
    Ok(dataset)
}

fn describe(dataset: &H5Dataset, channel: &Channel) -> std::result::Result<(), Hdf5Error> {
    set_text(dataset, "name", &channel.name)?;
    set_text(dataset, "unit", &channel.unit)?;
    set_text(dataset, "kind", &channel.kind.to_string())?;
    set_number(dataset, "scale", channel.scale)?;
    set_number(dataset, "offset", channel.offset)?;
    set_number(dataset, "skew_s", channel.skew_s)?;
    if let Some(phase) = channel.phase {
        set_text(dataset, "phase", &phase.to_string())?;
    }
    if let Some(code) = channel.missing_code {
        set_number(dataset, "missing_code", code)?;
    }
    if let Some((lowest, highest)) = channel.range {
        set_pair(dataset, "range", [lowest, highest])?;
    }
    if let Some(t) = channel.transformer {
        set_pair(dataset, "transformer", [t.primary, t.secondary])?;
        let side = if t.side == Side::Primary { "primary" } else { "secondary" };
        set_text(dataset, "transformer_side", side)?;
    }
    Ok(())
}

/// Longest text of fixed length: an attribute must fit into 64 KiB with its name.
const MOST_FIXED: usize = 60_000;

/// Bytes that texts of fixed length may take together, as each has the room of the longest.
const MOST_TABLE: usize = 16 << 20;

/// Type and bytes of texts of one fixed length, which every reader of HDF5 takes; `None` when they must be of variable length:
/// too long for their place, or with a zero, which would end them.
fn fixed(texts: &[&str]) -> Option<(DatatypeMessage, Vec<u8>)> {
    // A zero ends each.
    let width = texts.iter().map(|t| t.len()).max()? + 1;
    if width > MOST_FIXED || width * texts.len() > MOST_TABLE || texts.iter().any(|t| t.contains('\0')) {
        return None;
    }
    let mut bytes = vec![0; width * texts.len()];
    for (room, text) in bytes.chunks_exact_mut(width).zip(texts) {
        room[..text.len()].copy_from_slice(text.as_bytes());
    }
    Some((DatatypeMessage::fixed_string_utf8(width as u32), bytes))
}

pub(super) fn set_text(dataset: &H5Dataset, name: &str, text: &str) -> std::result::Result<(), Hdf5Error> {
    match fixed(&[text]) {
        Some((datatype, bytes)) => dataset.set_attr_typed(name, datatype, bytes),
        None => dataset.new_attr::<VarLenUnicode>().shape(()).create(name)?.write_string(text),
    }
}

pub(super) fn set_file_text(file: &H5File, name: &str, text: &str) -> std::result::Result<(), Hdf5Error> {
    match fixed(&[text]) {
        Some((datatype, bytes)) => file.set_attr_typed(name, datatype, bytes),
        None => file.set_attr_string(name, text),
    }
}

pub(super) fn write_texts(group: &H5Group, name: &str, texts: &[&str]) -> std::result::Result<(), Hdf5Error> {
    match fixed(texts) {
        Some((datatype, bytes)) => {
            let dataset = group.new_dataset::<u8>().datatype(datatype).shape([texts.len()]).create(name)?;
            dataset.write_raw_bytes(&bytes)
        }
        None => group.write_vlen_strings(name, texts).map(|_| ()),
    }
}

fn set_number<T: H5Type>(dataset: &H5Dataset, name: &str, value: T) -> std::result::Result<(), Hdf5Error> {
    dataset.new_attr::<T>().shape(()).create(name)?.write_numeric(&value)
}

fn set_pair(dataset: &H5Dataset, name: &str, pair: [f64; 2]) -> std::result::Result<(), Hdf5Error> {
    dataset.new_attr::<f64>().shape([2]).create(name)?.write_array(&pair)
}

fn write_pairs(
    file: &H5File,
    name: &str,
    columns: [&str; 2],
    pairs: &[(&str, &str)],
) -> std::result::Result<(), Hdf5Error> {
    if pairs.is_empty() {
        return Ok(());
    }
    let group = file.create_group(name)?;
    let (left, right): (Vec<&str>, Vec<&str>) = pairs.iter().copied().unzip();
    write_texts(&group, columns[0], &left)?;
    write_texts(&group, columns[1], &right)
}

/// Reads a file of this layout.
pub(super) fn read(container: &Container) -> Result<Capture> {
    let part = &container.part;
    match container.number("", "kilat_layout") {
        Some(v) if v == f64::from(VERSION) => {}
        found => {
            return Err(Error::Unsupported {
                part: part.clone(),
                what: format!("layout version {}", found.unwrap_or(f64::NAN)),
                hint: format!("this version of kilat reads layout {VERSION}"),
            });
        }
    }
    let paths = container.paths();
    let under = |group: &'static str| {
        paths.iter().filter(move |p| p.strip_prefix(group).is_some_and(|rest| rest.starts_with('/')))
    };
    let arrays = |group| under(group).map(|p| container.array(p)).collect::<Result<Vec<Array>>>();
    let channels = arrays("channels")?.iter().map(|a| channel(a, part)).collect::<Result<Vec<_>>>()?;
    let start = moment(container, "start");
    let time = match paths.iter().find(|p| *p == "time") {
        Some(path) => time(&container.array(path)?, part, start)?,
        None => TimeBase::from_segments(start, Vec::new())?,
    };
    let mut capture = Capture::new(time, channels)?;
    for array in arrays("digital")? {
        let name = array.attr_text("name").unwrap_or_default();
        let states: Vec<i16> = array.bytes()?.iter().map(|b| i16::from(*b != 0)).collect();
        if states.len() as u64 != capture.len() {
            let what = format!("{part}: states of `{name}`");
            return Err(Error::mismatch(what, capture.len(), states.len()));
        }
        let normal = array.attr("normal").map(|v| v != 0.0);
        capture.digital.push(Digital { name, normal, states: states.into() });
    }
    let text = |name| container.text("", name).unwrap_or_default();
    (capture.station, capture.device) = (text("station"), text("device"));
    capture.format = text("format");
    capture.nominal_frequency_hz = container.number("", "nominal_frequency_hz");
    capture.trigger = moment(container, "trigger");
    capture.notes = pairs(container, &paths, ["notes/name", "notes/text"])?;
    let warnings = pairs(container, &paths, ["warnings/at", "warnings/message"])?;
    capture.warnings = warnings.into_iter().map(|(at, message)| Warning::new(at, message)).collect();
    Ok(capture)
}

/// A moment by its text, which has all nanoseconds; `*_ns` repeats it for programs that would rather not parse.
fn moment(container: &Container, name: &str) -> Option<Timestamp> {
    container.text("", name)?.parse().ok()
}

fn pairs(container: &Container, paths: &[String], columns: [&str; 2]) -> Result<Vec<(String, String)>> {
    let column = |path: &str| match paths.iter().find(|p| *p == path) {
        Some(path) => container.array(path)?.texts(),
        None => Ok(Vec::new()),
    };
    Ok(column(columns[0])?.into_iter().zip(column(columns[1])?).collect())
}

fn time(array: &Array, part: &str, start: Option<Timestamp>) -> Result<TimeBase> {
    let wrong = |found: String| malformed(part, "dataset `time`", "rows of six whole numbers", found);
    let whole = match array.samples()?.as_ref() {
        Some(SamplesRef::F64(x)) if array.shape.last() == Some(&TIME_COLUMNS.len()) => x.to_vec(),
        _ => return Err(wrong(array.describe())),
    };
    let segments = whole.chunks_exact(TIME_COLUMNS.len()).map(|row| {
        if row.iter().enumerate().any(|(i, v)| *v < 0.0 && i != 4) {
            return Err(wrong(format!("{row:?}")));
        }
        Ok(Segment {
            first: row[0] as u64,
            len: row[1] as u64,
            rate: SampleRate::from_ratio(row[2] as u64, row[3] as u64)?,
            offset_ps: row[4] as i128 * PS_PER_S + row[5] as i128,
        })
    });
    TimeBase::from_segments(start, segments.collect::<Result<_>>()?)
}

fn channel(array: &Array, part: &str) -> Result<Channel> {
    let text = |name| array.attr_text(name).unwrap_or_default();
    let pair = |name| array.attr_numbers(name).and_then(|v| Some((*v.first()?, *v.get(1)?)));
    let kind = match text("kind").as_str() {
        "voltage" => Kind::Voltage,
        "current" => Kind::Current,
        "other" => Kind::Other,
        found => {
            let at = format!("dataset `{}`: kind", array.path);
            return Err(malformed(part, at, "voltage, current or other", format!("`{found}`")));
        }
    };
    let side = if text("transformer_side") == "secondary" { Side::Secondary } else { Side::Primary };
    Ok(Channel {
        name: text("name"),
        phase: array.attr_text("phase").and_then(|t| Phase::parse(&t)),
        kind,
        unit: text("unit"),
        scale: array.attr("scale").unwrap_or(1.0),
        offset: array.attr("offset").unwrap_or(0.0),
        samples: array.samples()?,
        missing_code: array.attr("missing_code").map(|v| v as i32),
        range: pair("range"),
        transformer: pair("transformer").map(|(primary, secondary)| Transformer { primary, secondary, side }),
        skew_s: array.attr("skew_s").unwrap_or(0.0),
    })
}
