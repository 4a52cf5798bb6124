//! Date and time lines of a cfg.

use kilat_core::Timestamp;

/// What a date line said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    /// The moment, taken as UTC; `None` when no reading of the line is a date.
    pub(super) time: Option<Timestamp>,
    /// Digits after the decimal point of the seconds.
    pub(super) fraction_digits: usize,
    /// True when day and month had to be read in the order that the revision does not prescribe.
    pub(super) swapped: bool,
}

/// Reads `dd/mm/yyyy,hh:mm:ss.ffffff`, or `mm/dd/yy,…` when `month_first`.
///
/// Any number of digits in every field, blanks around them, two- or four-digit years (70 to 99 are 19xx), `-` or `.`
/// for `/`, year first. When the prescribed order of day and month is impossible, the other one is tried.
pub(super) fn parse(line: &str, month_first: bool) -> Moment {
    let line = line.trim();
    let (date, clock) =
        line.split_once(',').or_else(|| line.split_once(char::is_whitespace)).unwrap_or((line, ""));
    let (nanos_of_day, fraction_digits) = parse_clock(clock);
    let d: Vec<i32> = date.split(['/', '-', '.']).filter_map(|p| p.trim().parse().ok()).collect();
    let orders = match d[..] {
        [y, m, d] if y > 31 => [(y, m, d), (y, d, m)],
        [a, b, y] if month_first => [(y, a, b), (y, b, a)],
        [a, b, y] => [(y, b, a), (y, a, b)],
        _ => return Moment { time: None, fraction_digits, swapped: false },
    };
    let read = |(y, m, d)| Some(Timestamp(midnight(y, m, d)?.checked_add(nanos_of_day?)?));
    let nominal = read(orders[0]);
    let time = nominal.or_else(|| read(orders[1]));
    Moment { time, fraction_digits, swapped: nominal.is_none() && time.is_some() }
}

/// Nanoseconds from 1970 to the start of a day.
fn midnight(year: i32, month: i32, day: i32) -> Option<i64> {
    let year = match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    };
    let narrow = |v: i32| i8::try_from(v).ok();
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, narrow(month)?, narrow(day)?).ok()?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    i64::try_from(zoned.timestamp().as_nanosecond()).ok()
}

/// Nanoseconds of the day and the number of fraction digits of `hh:mm:ss.f`; a decimal comma is accepted.
fn parse_clock(clock: &str) -> (Option<i64>, usize) {
    let (whole, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let fraction = fraction.trim();
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let nanos: Option<i64> = format!("{:0<9}", &fraction[..digits.min(9)]).parse().ok();
    let hms: Vec<i64> = whole.split(':').filter_map(|p| p.trim().parse().ok()).collect();
    let seconds = match hms[..] {
        // A leap second, and midnight written as hour 24, are on the clock.
        [h @ 0..=24, m @ 0..=59, s @ 0..=60] => Some(h * 3600 + m * 60 + s),
        [h @ 0..=24, m @ 0..=59] => Some(h * 3600 + m * 60),
        _ => None,
    };
    (seconds.and_then(|s| Some(s * 1_000_000_000 + nanos?)), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(line: &str, month_first: bool) -> Option<String> {
        parse(line, month_first).time.map(|t| t.to_string())
    }

    #[test]
    fn the_revision_orders_day_and_month() {
        assert_eq!(iso("12/01/2011,05:55:30.075011", false).unwrap(), "2011-01-12T05:55:30.075011Z");
        assert_eq!(iso("01/12/11,05:55:30.075011", true).unwrap(), "2011-01-12T05:55:30.075011Z");
        assert_eq!(iso("01/12/94,05:55:30", true).unwrap(), "1994-01-12T05:55:30Z");
    }

    #[test]
    fn an_impossible_order_is_swapped_and_says_so() {
        let m = parse("26/04/2021,14:59:59", true);
        assert_eq!((m.time.unwrap().to_string().as_str(), m.swapped), ("2021-04-26T14:59:59Z", true));
        assert!(!parse("04/26/2021,14:59:59", true).swapped);
    }

    #[test]
    fn fractions_blanks_and_single_digits() {
        for (fraction, expected) in [
            ("", ""),
            (".5", ".5"),
            (".123", ".123"),
            (".12345", ".12345"),
            (".1234567", ".1234567"),
            (".123456789", ".123456789"),
        ] {
            let m = parse(&format!("15/11/2025, 4:1:9{fraction}"), false);
            assert_eq!(m.time.unwrap().to_string(), format!("2025-11-15T04:01:09{expected}Z"));
            assert_eq!(m.fraction_digits, fraction.len().saturating_sub(1));
        }
    }

    #[test]
    fn nonsense_is_no_date() {
        for line in [
            "",
            ",",
            "09/44/2025,15:44:15",
            "a/b/c,1:2:3",
            "01/01/2020,25:00:00",
            "1/1/999999,0:0:0",
            "١/1/20,0:0:٣",
        ] {
            assert_eq!(iso(line, false), None, "{line}");
        }
    }
}
