//! Time and place in a recording: sample indices, timestamps, rates. They never mix.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A moment, in nanoseconds since 1970-01-01T00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Nanoseconds since 1970 UTC.
    pub fn as_nanos(self) -> i64 {
        self.0
    }

    /// This moment and `seconds` more, to the nearest nanosecond; saturates at the ends of the range.
    ///
    /// ```
    /// # use kilat_core::Timestamp;
    /// assert_eq!(Timestamp(0).plus_seconds(1.5), Timestamp(1_500_000_000));
    /// ```
    #[must_use]
    pub fn plus_seconds(self, seconds: f64) -> Self {
        Self(self.0.saturating_add((seconds * 1e9).round() as i64))
    }

    /// Seconds from `earlier` to this moment.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (i128::from(self.0) - i128::from(earlier.0)) as f64 / 1e9
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(t) => write!(f, "{t}"),
            Err(_) => write!(f, "{} ns", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads ISO 8601; a time without a zone is taken as UTC.
    fn from_str(s: &str) -> Result<Self> {
        let zoned = s.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_nanosecond);
        let nanos = zoned.or_else(|_| {
            let civil = s.trim().parse::<jiff::civil::DateTime>()?;
            Ok::<_, jiff::Error>(civil.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_nanosecond())
        });
        nanos.ok().and_then(|n| i64::try_from(n).ok()).map(Self).ok_or_else(|| {
            Error::config("timestamp", format!("`{s}` is not an ISO 8601 time such as 2024-05-27T07:00:00Z"))
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { self.0.serialize(s) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        if d.is_human_readable() {
            String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(d).map(Self)
        }
    }
}

/// A moment of a recording as people state it.
///
/// ```
/// # use kilat_core::{Moment, Timestamp};
/// assert_eq!("200 ms".parse::<Moment>()?, Moment::After(0.2));
/// assert_eq!("1.5min".parse::<Moment>()?, Moment::After(90.0));
/// assert_eq!("1970-01-01T00:00:01Z".parse::<Moment>()?, Moment::At(Timestamp(1_000_000_000)));
/// assert!("10".parse::<Moment>().is_err());
/// # Ok::<(), kilat_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    /// So many seconds after the first sample.
    After(f64),
    /// That time.
    At(Timestamp),
}

impl FromStr for Moment {
    type Err = Error;

    /// Reads a number with a unit (h, min, s, ms, us, ns), or a time as [`Timestamp`] does.
    fn from_str(s: &str) -> Result<Self> {
        duration_s(s).map_or_else(|| s.parse().map(Self::At), |seconds| Ok(Self::After(seconds))).map_err(|_| {
            Error::config(
                "moment",
                format!("`{s}` is neither a duration such as 10s, 200ms or 1.5min nor a time such as 2024-05-27T07:00:00Z"),
            )
        })
    }
}

/// Seconds of a text such as `10s`, `200 ms` or `1.5min`; none when it is not a number and a unit.
fn duration_s(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.find(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(text.len());
    let factor = match text[digits..].trim() {
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    text[..digits].trim().parse::<f64>().ok().map(|x| x * factor)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(seconds) => write!(f, "{seconds} s"),
            Self::At(time) => time.fmt(f),
        }
    }
}

/// Samples per second as an exact ratio, so that the time of sample *i* never drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SampleRate {
    num: u64,
    den: u64,
}

impl SampleRate {
    /// `num / den` samples per second; both must be above zero and at most 2^40, or the rate is refused.
    pub fn from_ratio(num: u64, den: u64) -> Result<Self> {
        const MOST: u64 = 1 << 40;
        if num == 0 || den == 0 || num > MOST || den > MOST {
            return Err(Error::config("sample rate", format!("{num}/{den} Hz is not a usable rate")));
        }
        let g = gcd(num, den);
        Ok(Self { num: num / g, den: den / g })
    }

    /// The ratio of smallest denominator (up to 10^6) within 1e-12 of `hz`, else the nearest with denominator 10^6.
    ///
    /// ```
    /// # use kilat_core::SampleRate;
    /// let rate = SampleRate::from_hz(30_707.244140625).unwrap();
    /// assert_eq!(rate.hz(), 30_707.244140625);
    /// ```
    pub fn from_hz(hz: f64) -> Result<Self> {
        if !(hz.is_finite() && (1e-6..=1e12).contains(&hz)) {
            return Err(Error::config("sample rate", format!("{hz} Hz is not a usable rate")));
        }
        // Continued fraction: the convergents are the best ratios for their size.
        let (mut p0, mut q0, mut p1, mut q1) = (0u64, 1u64, 1u64, 0u64);
        let mut x = hz;
        for _ in 0..40 {
            let whole = x.floor();
            let (Some(p2), Some(q2)) = (
                (whole as u64).checked_mul(p1).and_then(|v| v.checked_add(p0)),
                (whole as u64).checked_mul(q1).and_then(|v| v.checked_add(q0)),
            ) else {
                break;
            };
            if q2 > 1_000_000 || p2 > 1 << 40 {
                break;
            }
            (p0, q0, p1, q1) = (p1, q1, p2, q2);
            let error = (p1 as f64 / q1 as f64 - hz).abs();
            if error <= hz * 1e-12 || x == whole {
                break;
            }
            x = (x - whole).recip();
        }
        Self::from_ratio(p1, q1)
    }

    /// Samples per second.
    pub fn hz(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// Numerator and denominator, in lowest terms.
    pub fn ratio(self) -> (u64, u64) {
        (self.num, self.den)
    }

    /// Duration of `samples` in picoseconds, rounded to nearest: exact enough for any file, wide enough for any length.
    pub fn picoseconds(self, samples: u64) -> i128 {
        let n = u128::from(samples) * u128::from(self.den) * 1_000_000_000_000;
        ((n + u128::from(self.num) / 2) / u128::from(self.num)) as i128
    }

    /// Duration of a fractional number of samples, in seconds.
    pub fn seconds(self, samples: f64) -> f64 {
        samples * self.den as f64 / self.num as f64
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.hz())
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_parse_and_print() {
        let t: Timestamp = "2024-05-27T07:00:00Z".parse().unwrap();
        assert_eq!(t.0, 1_716_793_200_000_000_000);
        assert_eq!(t.to_string(), "2024-05-27T07:00:00Z");
        assert_eq!("2024-05-27T07:00:00".parse::<Timestamp>().unwrap(), t);
        assert_eq!("2024-05-27T09:00:00+02:00".parse::<Timestamp>().unwrap(), t);
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn rates_become_the_ratio_they_are() {
        for hz in [50_000.0, 1_200.0, 0.5, 6_400.0, 1_024_000.0] {
            assert_eq!(SampleRate::from_hz(hz).unwrap().hz(), hz);
        }
        assert_eq!(SampleRate::from_hz(1000.0 / 3.0).unwrap().ratio(), (1000, 3));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e15] {
            assert!(SampleRate::from_hz(bad).is_err());
        }
    }

    #[test]
    fn time_of_a_sample_is_exact() {
        let rate = SampleRate::from_hz(50_000.0).unwrap();
        assert_eq!(rate.picoseconds(3_600 * 50_000), 3_600_000_000_000_000);
    }
}
