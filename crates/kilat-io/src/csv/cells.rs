//! What a cell of text says: a number, a moment, or neither.

/// Rank of a picosecond as a power of ten of a second.
const PICO: i32 = -12;

/// A number with `decimal` as its mark; blanks around it are forgiven, nothing else is.
pub(super) fn number(cell: &str, decimal: char) -> Option<f64> {
    let cell = cell.trim();
    // `f64::from_str` would also take words such as `infinity`.
    if !cell.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b',' | b'e' | b'E')) {
        return None;
    }
    if decimal == '.' {
        return cell.parse().ok();
    }
    if cell.contains('.') {
        return None;
    }
    cell.replace(',', ".").parse().ok()
}

/// True for the ways in which files say that there is no value.
pub(super) fn is_blank(cell: &str) -> bool {
    matches!(
        cell.trim().to_ascii_lowercase().as_str(),
        "" | "nan" | "null" | "n/a" | "na" | "-" | "--" | "---"
    )
}

/// A decimal number in picoseconds, exactly, and the value of its last digit; `rank` is the power of ten of its unit.
///
/// Exact, because seconds since 1970 leave an `f64` no more than a quarter of a microsecond.
pub(super) fn picoseconds(cell: &str, decimal: char, rank: i32) -> Option<(i128, i128)> {
    number(cell, decimal)?;
    let text = cell.trim().replace(decimal, ".").to_ascii_lowercase();
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let exponent = exponent.parse::<i32>().ok()?;
    // Beyond these a time is nonsense, and 10^26 s in picoseconds still fits.
    let power = exponent.checked_sub(fraction.len() as i32)?.checked_add(rank - PICO)?;
    if power >= 0 {
        let unit = 10i128.checked_pow(power as u32)?;
        return Some((mantissa.checked_mul(unit)?, unit));
    }
    let unit = 10i128.checked_pow(power.unsigned_abs())?;
    // To nearest: more digits than picoseconds are the noise of a binary fraction written out.
    Some(((mantissa + mantissa.signum() * unit / 2) / unit, 1))
}

/// A moment or part of one, in picoseconds, with the value of its last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Since 1970 UTC.
    Instant(i128, i128),
    /// Midnight of a day, since 1970 UTC.
    Day(i128),
    /// Since midnight.
    Clock(i128, i128),
}

/// ISO 8601 and its looser kin: `2024-05-27T07:00:00.5+02:00`, `2024/05/27 07:00:00,5`, `2024-05-27`, `07:00:00.5`.
pub(super) fn moment(cell: &str) -> Option<Moment> {
    let cell = cell.trim();
    if !cell.starts_with(|c: char| c.is_ascii_digit()) || cell.len() > 48 || !cell.is_ascii() {
        return None;
    }
    let (date, clock) = match cell.split_once(['T', ' ']) {
        Some((date, clock)) => (Some(date), Some(clock.trim())),
        None if cell.contains(':') => (None, Some(cell)),
        None => (Some(cell), None),
    };
    let day = match date {
        Some(date) => Some(day_ps(date)?),
        None => None,
    };
    let Some(clock) = clock else { return day.map(Moment::Day) };
    let (clock, zone_s) = without_zone(clock)?;
    let (ps, quantum) = clock_ps(clock)?;
    match day {
        Some(day) => Some(Moment::Instant(day + ps - i128::from(zone_s) * 1_000_000_000_000, quantum)),
        None => Some(Moment::Clock(ps, quantum)),
    }
}

/// `2024-05-27` or `2024/05/27`: midnight, in picoseconds since 1970.
fn day_ps(date: &str) -> Option<i128> {
    let mut parts = date.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    let midnight: kilat_core::Timestamp = format!("{year}-{month:0>2}-{day:0>2}T00:00:00Z").parse().ok()?;
    Some(i128::from(midnight.as_nanos()) * 1000)
}

/// `07:00:00.25` or `07:00`: since midnight, and the value of the last digit, in picoseconds.
fn clock_ps(clock: &str) -> Option<(i128, i128)> {
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    if parts.next().is_some() || hours.len() > 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let decimal = if seconds.contains(',') { ',' } else { '.' };
    let (ps, quantum) = picoseconds(seconds, decimal, 0)?;
    let fits = hours < 24 && minutes < 60 && (0..61_000_000_000_000).contains(&ps);
    let whole = i128::from(hours) * 3600 + i128::from(minutes) * 60;
    fits.then_some((whole * 1_000_000_000_000 + ps, quantum))
}

/// The clock without its zone, and the zone in seconds east of UTC; none means UTC.
fn without_zone(clock: &str) -> Option<(&str, i64)> {
    if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = clock.rfind(['+', '-']) else { return Some((clock, 0)) };
    let (clock, zone) = clock.split_at(at);
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    let value: i64 = digits.parse().ok()?;
    let seconds = match digits.len() {
        2 => value * 3600,
        4 => value / 100 * 3600 + value % 100 * 60,
        _ => return None,
    };
    Some((clock, if zone.starts_with('-') { -seconds } else { seconds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_decimal_mark() {
        assert_eq!(number(" 1.5e-3 ", '.'), Some(0.0015));
        assert_eq!(number("-1,5", ','), Some(-1.5));
        assert_eq!(number("1.5", ','), None);
        for bad in ["inf", "nan", "1,2,3", "", "0x10", "1 2", "e"] {
            assert_eq!((number(bad, '.'), number(bad, ',')), (None, None), "{bad}");
        }
    }

    #[test]
    fn times_are_exact() {
        assert_eq!(picoseconds("1700000000.123456789", '.', 0), Some((1_700_000_000_123_456_789_000, 1000)));
        assert_eq!(picoseconds("-2,5", ',', -3), Some((-2_500_000_000, 100_000_000)));
        assert_eq!(picoseconds("1e-6", '.', 0), Some((1_000_000, 1_000_000)));
        assert_eq!(picoseconds("0.99999999999999", '.', 0), Some((1_000_000_000_000, 1)));
        assert_eq!(picoseconds("1e300", '.', 0), None);
        assert_eq!(picoseconds("1e-300", '.', 0), None);
    }

    #[test]
    fn moments_as_people_write_them() {
        let instant = |s: &str| match moment(s) {
            Some(Moment::Instant(ps, _)) => ps / 1_000_000_000,
            other => panic!("{s}: {other:?}"),
        };
        let expected = 1_716_793_200_500;
        for s in [
            "2024-05-27T07:00:00.5Z",
            "2024-05-27T09:00:00.5+02:00",
            "2024-05-27 07:00:00.500",
            "2024/5/27 07:00:00,5",
            "2024-05-27T02:00:00.5-0500",
        ] {
            assert_eq!(instant(s), expected, "{s}");
        }
        assert_eq!(moment("07:00:00.25"), Some(Moment::Clock(25_200_250_000_000_000, 10_000_000_000)));
        assert_eq!(moment("1970-01-02"), Some(Moment::Day(86_400_000_000_000_000)));
        for bad in ["12", "1.5", "2024-13-01T00:00:00", "25:00:00", "2024-05-27T07", "1-2-3", "-1", "ä"] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
