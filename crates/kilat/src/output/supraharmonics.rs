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
        Self {
            channel: name.to_owned(),
            low_mean: ranges(&s.low).iter().map(|r| r.mean).collect(),
            high_min: ranges(&s.high_min).iter().map(|r| r.min).collect(),
            high_mean: ranges(&s.high_mean).iter().map(|r| r.mean).collect(),
            high_max: ranges(&s.high_max).iter().map(|r| r.max).collect(),
            intervals: each.then(|| EmissionColumns {
                low: rows(&s.low),
                high_min: rows(&s.high_min),
                high_mean: rows(&s.high_mean),
                high_max: rows(&s.high_max),
            }),
        }
    }
}
