//! COMTRADE: IEEE C37.111-1991, 1999 and 2013 (IEC 60255-24), as `.cfg` and `.dat` side by side or one `.cff`.
//!
//! Values are `a · code + b` in the unit of the cfg, on the side of the transformers that the cfg names; the ratio is in
//! [`Channel::transformer`]. Times of day are taken as UTC: `time_code`, where present, is kept in the notes.

use std::borrow::Cow;
use std::path::Path;

use kilat_core::capture::{Digital, Side, Transformer, guess_kind, guess_phase};
use kilat_core::{Capture, Channel, Error, Phase, Result, Warning};

use crate::limit::Limit;
use crate::source::{Bytes, extension, file_name, read_file};
use crate::{ReadOptions, Source};
use cfg::{Analog, Encoding};
use dat::{Column, Place};
use partner::{Partner, find_partner, missing_partner};

mod ascii;
mod binary;
mod bits;
mod cff;
mod cfg;
mod dat;
mod date;
mod partner;
mod range;
mod records;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod write;

pub(crate) use write::{write, write_as};

/// Names of the notes that have a place in the files.
const HDR: &str = "hdr";
const INF: &str = "inf";
const LOCAL_CODE: &str = "time_code,local_code";
const QUALITY_CODE: &str = "tmq_code,leapsec";

/// How sure we are that `head` begins a COMTRADE file called `name`.
pub(crate) fn score(head: &[u8], name: &str) -> u8 {
    if cff::looks_like_cff(head) {
        return 255;
    }
    if cfg::looks_like_cfg(&String::from_utf8_lossy(head)) {
        return 250;
    }
    // A dat cannot be told by its content: its cfg says what it is. The rest are here for the error they deserve.
    match extension(name).as_str() {
        "dat" => 180,
        "cfg" | "cff" | "hdr" | "inf" => 20,
        _ => 0,
    }
}

/// Reads a recording from any of its files.
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let head = source.head(4096)?;
    let ext = extension(&source.name());
    if cff::looks_like_cff(&head) || ext == "cff" {
        return read_cff(&source.name(), &source.content()?, options);
    }
    let Source::File(path) = source else {
        return Err(Error::Unsupported {
            part: source.name(),
            what: "a COMTRADE cfg or dat without a path".into(),
            hint: "its partner is found beside it: give the path, or a .cff".into(),
        });
    };
    let is_cfg = cfg::looks_like_cfg(&String::from_utf8_lossy(&head)) || ext == "cfg";
    if is_cfg {
        let dat = find_partner(path, "dat").ok_or_else(|| missing_partner(path, "dat"))?;
        read_pair(path, &dat.path, dat.same_name, path, options)
    } else {
        let cfg = find_partner(path, "cfg").ok_or_else(|| missing_partner(path, "cfg"))?;
        let dat = match ext.as_str() {
            "dat" => Partner { path: path.clone(), same_name: true },
            _ => find_partner(&cfg.path, "dat").ok_or_else(|| missing_partner(&cfg.path, "dat"))?,
        };
        read_pair(&cfg.path, &dat.path, cfg.same_name && dat.same_name, path, options)
    }
}

/// Parts of a recording, each with the name it has in messages.
struct Parts<'a> {
    cfg: (String, Cow<'a, [u8]>),
    dat: (String, Place<'a>),
    /// Encoding named beside the data, in a cff.
    encoding: Option<Encoding>,
    /// `hdr` and `inf`.
    texts: Vec<(&'static str, Cow<'a, [u8]>)>,
}

fn read_pair(
    cfg: &Path,
    dat: &Path,
    same_name: bool,
    given: &Path,
    options: &ReadOptions,
) -> Result<Capture> {
    let mut texts = Vec::new();
    let mut unread = Vec::new();
    for kind in [HDR, INF] {
        let Some(partner) = find_partner(cfg, kind).filter(|p| p.same_name) else { continue };
        match read_file(&partner.path, Limit::TEXT_BYTES) {
            Ok(bytes) => texts.push((kind, bytes.into())),
            Err(e) => unread.push(Warning::new(file_name(&partner.path), format!("left out: {e}"))),
        }
    }
    let data = Source::File(dat.to_owned());
    let data = data.content()?;
    let parts = Parts {
        cfg: (file_name(cfg), read_file(cfg, Limit::TEXT_BYTES)?.into()),
        dat: (file_name(dat), Place::new(&data, 0..data.len())),
        encoding: None,
        texts,
    };
    let mut capture = assemble(&parts, options, same_name).map_err(|e| match e {
        Error::Mismatch { .. } if !same_name => {
            missing_partner(given, if given == cfg { "dat" } else { "cfg" })
        }
        other => other,
    })?;
    capture.warnings.append(&mut unread);
    if !same_name {
        let message =
            format!("paired with {}, the only file of its kind here and one that fits", parts.dat.0);
        capture.warnings.push(Warning::new(parts.cfg.0, message));
    }
    Ok(capture)
}

fn read_cff(name: &str, bytes: &Bytes<'_>, options: &ReadOptions) -> Result<Capture> {
    let sections = cff::sections(name, bytes)?;
    let missing = |section: &str| Error::Malformed {
        format: "COMTRADE",
        part: name.into(),
        at: "sections".into(),
        expected: format!("a section `--- file type: {section} ---`"),
        found: "none".into(),
    };
    let cfg = sections.cfg.ok_or_else(|| missing("CFG"))?;
    let dat = sections.dat.ok_or_else(|| missing("DAT"))?;
    Limit::TEXT_BYTES.check(name, cfg.len() as u64)?;
    let texts = [(HDR, sections.hdr), (INF, sections.inf)];
    let parts = Parts {
        cfg: (format!("{name}: CFG"), bytes[cfg].into()),
        dat: (format!("{name}: DAT"), Place::new(bytes, dat)),
        encoding: sections.dat_format.as_deref().and_then(Encoding::parse),
        texts: texts.into_iter().filter_map(|(k, r)| Some((k, bytes[r?].into()))).collect(),
    };
    let mut capture = assemble(&parts, options, true)?;
    capture.warnings.splice(0..0, sections.warnings);
    Ok(capture)
}

/// Makes a capture of the parts. With `trusted` false they must agree on the number of samples, else it is a mismatch.
fn assemble(parts: &Parts<'_>, options: &ReadOptions, trusted: bool) -> Result<Capture> {
    let mut cfg = cfg::parse(&parts.cfg.0, &text::decode(&parts.cfg.1))?;
    let declared = parts.encoding.or(cfg.encoding);
    let data = dat::read(&parts.dat.0, &parts.dat.1, &cfg, declared)?;
    let announced = cfg.end_sample.unwrap_or_default();
    if !trusted && (announced != data.rows as u64 || declared != Some(data.encoding)) {
        return Err(Error::mismatch("samples", announced, data.rows));
    }
    let mut warnings = std::mem::take(&mut cfg.warnings);
    warnings.extend(data.warnings);
    let mut time = time::time_base(&parts.dat.0, &cfg, &data.stamps, options.sample_rate_hz, &mut warnings)?;
    if time.start().is_none() {
        time = time.with_start(options.start);
    }
    let channels = cfg.analogs.iter().zip(data.columns).map(|(a, c)| channel(a, c)).collect();
    let mut capture = Capture::new(time, channels)?;
    let states = cfg.statuses.iter().zip(data.states);
    capture.digital =
        states.map(|(s, x)| Digital { name: s.name.clone(), normal: s.normal, states: x }).collect();
    capture.format =
        format!("COMTRADE {} {}", if cfg.year.is_empty() { "1991" } else { &cfg.year }, data.encoding.word());
    capture.nominal_frequency_hz = cfg.frequency_hz;
    capture.trigger = cfg.trigger.time;
    warnings.extend(distant_trigger(&parts.cfg.0, &capture));
    capture.warnings = warnings;
    let titles = [LOCAL_CODE, QUALITY_CODE];
    capture.notes = titles.into_iter().map(str::to_owned).zip(cfg.time_codes).collect();
    for (kind, bytes) in &parts.texts {
        let text = text::decode(bytes).replace("\r\n", "\n");
        let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | '\u{1a}'));
        if !text.is_empty() {
            capture.notes.push(((*kind).into(), text.into()));
        }
    }
    (capture.station, capture.device) = (cfg.station, cfg.device);
    Ok(capture)
}

fn channel(analog: &Analog, column: Column) -> Channel {
    let side = match analog.side {
        Some('P') => Some(Side::Primary),
        Some('S') => Some(Side::Secondary),
        _ => None,
    };
    Channel {
        name: analog.name.clone(),
        phase: Phase::parse(&analog.phase).or_else(|| guess_phase(&analog.name)),
        kind: guess_kind(&analog.name, &analog.unit),
        unit: analog.unit.clone(),
        scale: analog.a,
        offset: analog.b,
        range: range::converter_range(analog.limits, &column),
        samples: column.samples,
        missing_code: column.missing_code,
        transformer: analog.ratio.zip(side).map(|((primary, secondary), side)| Transformer {
            primary,
            secondary,
            side,
        }),
        skew_s: analog.skew_us / 1e6,
    }
}

/// A warning when the trigger is more than a day away from the samples: one of the two clocks is wrong.
fn distant_trigger(part: &str, capture: &Capture) -> Option<Warning> {
    const DAY_S: f64 = 86_400.0;
    let (start, trigger) = (capture.time().start()?, capture.trigger?);
    let after_s = trigger.seconds_since(start);
    let is_near = (-DAY_S..capture.time().duration_s() + DAY_S).contains(&after_s);
    (!is_near).then(|| {
        Warning::new(part, format!("trigger time {trigger} is far from the start {start}; kept as stated"))
    })
}
