//! Emission above order 50 in the document.

use kilat_core::Analysis;
use kilat_core::engine::analysis::Supraharmonics;
use ndarray::{Array3, Axis};
use serde::Serialize;

use super::{Measured, Range};

/// Emission above order 50.
#[derive(Debug, Clone, Serialize)]
pub struct SupraharmonicsOutput {
    /// Centres of the bands of 200 Hz, in hertz.
    pub low_hz: Vec<f64>,
    /// Centres of the bins of 2 kHz, in hertz.
    pub high_hz: Vec<f64>,
    /// Channels, in the order of the document.
    pub channels: Vec<EmissionOutput>,
}

/// Emission of one channel over the intervals, r.m.s. in its unit.
#[derive(Debug, Clone, Serialize)]
pub struct EmissionOutput {
    /// Name.
    pub channel: String,
    /// Root of the mean square of each band.
    pub low_mean: Vec<f64>,
    /// Least of each bin.
    pub high_min: Vec<f64>,
    /// Root of the mean square of each bin.
    pub high_mean: Vec<f64>,
    /// Largest of each bin.
    pub high_max: Vec<f64>,
    /// Each interval, on request.
    pub intervals: Option<EmissionColumns>,
    #[serde(skip)]
    ranges: Ranges,
}

/// What the figures of the bands and bins of a channel are taken from.
#[derive(Debug, Clone)]
struct Ranges {
    low: Vec<Range>,
    high_min: Vec<Range>,
    high_mean: Vec<Range>,
    high_max: Vec<Range>,
}

/// Emission in each interval: `[interval][band]` and `[interval][bin]`.
#[derive(Debug, Clone, Serialize)]
pub struct EmissionColumns {
    /// Bands.
    pub low: Vec<Vec<f64>>,
    /// Least of the blocks.
    pub high_min: Vec<Vec<f64>>,
    /// Root of the mean square of the blocks.
    pub high_mean: Vec<Vec<f64>>,
    /// Largest of the blocks.
    pub high_max: Vec<Vec<f64>>,
}

impl SupraharmonicsOutput {
    /// Of intervals of one length; `each` says whether the document has room for every one.
    pub(super) fn of(a: &Analysis, m: Measured<'_>, each: bool) -> Option<Self> {
        let s = m.supraharmonics?;
        let channels = a.channels.iter().enumerate();
        Some(Self {
            low_hz: s.low_hz.clone(),
            high_hz: s.high_hz.clone(),
            channels: channels.map(|(c, info)| EmissionOutput::of(s, c, &info.name, each)).collect(),
        })
    }

    /// With that of the part of the recording after, without each interval.
    #[must_use]
    pub fn and(mut self, more: &Self) -> Self {
        let channels = std::mem::take(&mut self.channels).into_iter().zip(&more.channels);
        Self { channels: channels.map(|(x, y)| x.and(y)).collect(), ..self }
    }
}

impl EmissionOutput {
    fn of(s: &Supraharmonics, c: usize, name: &str, each: bool) -> Self {
        let ranges = |x: &Array3<f64>| -> Vec<Range> {
            let of_channel = x.index_axis(Axis(1), c);
            of_channel.columns().into_iter().map(|y| Range::quadratic(y.iter().copied())).collect()
        };
        let rows = |x: &Array3<f64>| -> Vec<Vec<f64>> {
            x.index_axis(Axis(1), c).rows().into_iter().map(|y| y.to_vec()).collect()
        };
        let ranges = Ranges {
            low: ranges(&s.low),
            high_min: ranges(&s.high_min),
            high_mean: ranges(&s.high_mean),
            high_max: ranges(&s.high_max),
        };
        let intervals = each.then(|| EmissionColumns {
            low: rows(&s.low),
            high_min: rows(&s.high_min),
            high_mean: rows(&s.high_mean),
            high_max: rows(&s.high_max),
        });
        Self::in_ranges(name.to_owned(), ranges, intervals)
    }

    fn in_ranges(channel: String, ranges: Ranges, intervals: Option<EmissionColumns>) -> Self {
        Self {
            channel,
            low_mean: ranges.low.iter().map(|r| r.mean).collect(),
            high_min: ranges.high_min.iter().map(|r| r.min).collect(),
            high_mean: ranges.high_mean.iter().map(|r| r.mean).collect(),
            high_max: ranges.high_max.iter().map(|r| r.max).collect(),
            intervals,
            ranges,
        }
    }

    /// With that of the intervals after.
    fn and(self, more: &Self) -> Self {
        let all = |x: Vec<Range>, y: &[Range]| x.into_iter().zip(y).map(|(x, y)| x.and(y)).collect();
        let (x, y) = (self.ranges, &more.ranges);
        let ranges = Ranges {
            low: all(x.low, &y.low),
            high_min: all(x.high_min, &y.high_min),
            high_mean: all(x.high_mean, &y.high_mean),
            high_max: all(x.high_max, &y.high_max),
        };
        Self::in_ranges(self.channel, ranges, None)
    }
}
