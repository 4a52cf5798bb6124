//! The cfg, hdr and inf of a capture, as text.

use std::fmt::Write as _;

use kilat_core::capture::{Digital, Side};
use kilat_core::{Capture, Channel, Timestamp};

use super::super::cff;
use super::super::cfg::{Encoding, Revision};
use super::super::{LOCAL_CODE, QUALITY_CODE};
use super::clock::{self, Clock};
use super::codes::{Written, number};

const NS_PER_S: i64 = 1_000_000_000;

/// Local time is UTC.
pub(super) const UTC: &str = "0,0";
/// Nothing is known of the clock, nor of leap seconds.
pub(super) const CLOCK_UNKNOWN: &str = "F,3";

/// The text of a cfg.
pub(super) fn cfg(
    capture: &Capture,
    columns: &[Written],
    clock: &Clock<'_>,
    encoding: Encoding,
    revision: Revision,
) -> String {
    let (analogs, statuses) = (capture.channels().len(), capture.digital.len());
    let year = if revision == Revision::R1991 { String::new() } else { format!(",{}", revision.year()) };
    let mut text = format!(
        "{},{}{year}\r\n{},{analogs}A,{statuses}D\r\n",
        field(&capture.station),
        field(&capture.device),
        analogs + statuses
    );
    for (i, (channel, column)) in capture.channels().iter().zip(columns).enumerate() {
        text += &analog(i + 1, channel, column, revision);
    }
    for (i, digital) in capture.digital.iter().enumerate() {
        text += &status(i + 1, digital, revision);
    }
    text += &number(capture.nominal_frequency_hz.unwrap_or(0.0));
    text += "\r\n";
    text += &clock.rates();
    let moments = [clock::first_moment(capture.time()), capture.trigger];
    let has_nanoseconds = moments.iter().flatten().any(|t| t.as_nanos() % 1000 != 0);
    let digits = if has_nanoseconds && revision >= Revision::R2013 { 9 } else { 6 };
    for moment in moments {
        // Two empty fields say that it is not known.
        text += &moment.map_or_else(|| ",".into(), |t| date_time(t, digits, revision));
        text += "\r\n";
    }
    text += encoding.word();
    text += "\r\n";
    if revision > Revision::R1991 {
        text += &clock.multiplier(digits);
        text += "\r\n";
    }
    if revision >= Revision::R2013 {
        let code = |title: &str, unknown: &str| note(capture, title).map_or_else(|| unknown.into(), line);
        let (local, quality) = (code(LOCAL_CODE, UTC), code(QUALITY_CODE, CLOCK_UNKNOWN));
        write!(text, "{local}\r\n{quality}\r\n").unwrap_or_default();
    }
    text
}

/// `n,name,phase,circuit,unit,a,b,skew,min,max[,primary,secondary,PS]`.
fn analog(n: usize, channel: &Channel, column: &Written, revision: Revision) -> String {
    let phase = channel.phase.map(|p| p.to_string()).unwrap_or_default();
    let (a, b) = column.scale(channel);
    let (low, high) = column.limits;
    let numbers = [a, b, channel.skew_s * 1e6, low, high].map(number).join(",");
    let mut text = format!("{n},{},{phase},,{},{numbers}", field(&channel.name), field(&channel.unit));
    if revision > Revision::R1991 {
        // Without a transformer, one that changes nothing.
        let (primary, secondary, side) =
            channel.transformer.map_or((1.0, 1.0, Side::Primary), |t| (t.primary, t.secondary, t.side));
        let side = if side == Side::Primary { 'P' } else { 'S' };
        write!(text, ",{},{},{side}", number(primary), number(secondary)).unwrap_or_default();
    }
    text + "\r\n"
}

/// `n,name[,phase,circuit],normal`.
fn status(n: usize, digital: &Digital, revision: Revision) -> String {
    let normal = digital.normal.map(|v| if v { "1" } else { "0" }).unwrap_or_default();
    let between = if revision == Revision::R1991 { "" } else { ",," };
    format!("{n},{}{between},{normal}\r\n", field(&digital.name))
}

/// `dd/mm/yyyy,hh:mm:ss.f`, in 1991 `mm/dd/yy,…`, with `digits` behind the point.
fn date_time(moment: Timestamp, digits: usize, revision: Revision) -> String {
    let nanos = moment.as_nanos();
    let Ok(utc) = jiff::Timestamp::from_nanosecond(i128::from(nanos)) else { return ",".into() };
    let date = utc.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let (day, month, year) = (date.day(), date.month(), date.year());
    let date_text = match revision {
        Revision::R1991 if (1970..2070).contains(&year) => format!("{month:02}/{day:02}/{:02}", year % 100),
        Revision::R1991 => format!("{month:02}/{day:02}/{year:04}"),
        _ => format!("{day:02}/{month:02}/{year:04}"),
    };
    let fraction = nanos.rem_euclid(NS_PER_S) / 10i64.pow(9 - digits as u32);
    let (hour, minute, second) = (date.hour(), date.minute(), date.second());
    format!("{date_text},{hour:02}:{minute:02}:{second:02}.{fraction:0digits$}")
}

/// The note called `title`.
pub(super) fn note<'a>(capture: &'a Capture, title: &str) -> Option<&'a str> {
    capture.notes.iter().find(|(name, _)| name == title).map(|(_, text)| text.as_str())
}

/// The note called `title` as the text of a file of its own, or of a section of a cff.
pub(super) fn section(capture: &Capture, title: &str) -> Option<String> {
    // What looks like the begin of another section is marked as text.
    let mark =
        |line: &str| if cff::is_separator(line) { format!("| {line}\r\n") } else { format!("{line}\r\n") };
    note(capture, title).map(|text| text.lines().map(mark).collect())
}

/// Text as one field: a comma would end it, and so would the end of the line.
fn field(text: &str) -> String {
    line(&text.replace(',', " "))
}

fn line(text: &str) -> String {
    text.split(|c: char| c.is_control()).map(str::trim).collect::<Vec<_>>().join(" ").trim().into()
}
