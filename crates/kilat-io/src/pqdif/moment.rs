//! Moments: a day, counted from 1899-12-30, and seconds into it.

use kilat_core::Timestamp;

/// Day of 1970-01-01. The standard counts "days since 1 January 1900", but with this constant, as spreadsheets do.
const DAY_1970: i128 = 25_569;
const DAY_NS: i128 = 86_400_000_000_000;

/// A moment as a file states it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    pub(super) day: u32,
    /// May exceed a day: the rest is days.
    pub(super) seconds: f64,
}

impl Moment {
    pub(super) fn from_disk(b: [u8; 12]) -> Self {
        let [d0, d1, d2, d3, seconds @ ..] = b;
        Self { day: u32::from_le_bytes([d0, d1, d2, d3]), seconds: f64::from_le_bytes(seconds) }
    }

    pub(super) fn to_disk(self) -> [u8; 12] {
        let mut out = [0; 12];
        out[..4].copy_from_slice(&self.day.to_le_bytes());
        out[4..].copy_from_slice(&self.seconds.to_le_bytes());
        out
    }

    /// False for day zero, with which devices without a clock fill the field.
    pub(super) fn is_known(self) -> bool {
        self.day != 0 && self.seconds.is_finite()
    }

    /// Nanoseconds since 1970, to the nearest.
    pub(super) fn nanoseconds(self) -> i128 {
        // Held to what no recorder exceeds, so that nonsense stays a number.
        let seconds = if self.seconds.is_finite() { self.seconds.clamp(-1e12, 1e12) } else { 0.0 };
        // Whole seconds and the rest apart, so that the rest keeps its digits.
        let whole = seconds.floor();
        let rest = ((seconds - whole) * 1e9).round() as i128;
        (i128::from(self.day) - DAY_1970) * DAY_NS + whole as i128 * 1_000_000_000 + rest
    }

    /// The moment, held to the range of timestamps.
    pub(super) fn timestamp(self) -> Timestamp {
        let ns = self.nanoseconds().clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Timestamp(ns as i64)
    }

    /// The same moment when it is known.
    pub(super) fn known(self) -> Option<Timestamp> {
        self.is_known().then(|| self.timestamp())
    }

    /// The moment of a timestamp; with `None`, so many nanoseconds after the begin of the unknown day zero.
    pub(super) fn of(start: Option<Timestamp>, after_ns: i128) -> Self {
        let ns = start.map_or(0, |t| i128::from(t.as_nanos()) + DAY_1970 * DAY_NS) + after_ns;
        let day = if start.is_some() { ns.div_euclid(DAY_NS).clamp(0, i128::from(u32::MAX)) } else { 0 };
        Self { day: day as u32, seconds: (ns - day * DAY_NS) as f64 / 1e9 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1899_12_30_and_seconds_run_over() {
        let text = |day, seconds| Moment { day, seconds }.timestamp().to_string();
        assert_eq!(text(45_582, 32_324.031), "2024-10-17T08:58:44.031Z");
        assert_eq!(text(44_734, 106_939.0), "2022-06-23T05:42:19Z");
        assert_eq!(text(0, 0.0), "1899-12-30T00:00:00Z");
        assert!(!Moment { day: 0, seconds: 5.0 }.is_known());
    }

    #[test]
    fn every_nanosecond_survives() {
        for ns in [0, 1, 999_999_999, 1_716_793_200_123_456_789, 86_399_999_999_999] {
            let t = Timestamp(ns);
            assert_eq!(Moment::of(Some(t), 0).known(), Some(t));
            assert_eq!(Moment::from_disk(Moment::of(Some(t), 7).to_disk()).timestamp(), Timestamp(ns + 7));
        }
        assert_eq!(
            Moment::of(None, 86_400_000_000_001).nanoseconds() + DAY_1970 * DAY_NS,
            86_400_000_000_001
        );
    }
}
