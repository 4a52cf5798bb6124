//! Mains signalling voltage, or MCS voltage in Ed. 4 (IEC 61000-4-30:2015, 5.10): tones up to 3 kHz that the user names.
//!
//! * Basic value: the r.m.s. of the bin of the 10/12-cycle window that the tone lies on, else the root of the sum of squares of
//!   the four nearest bins. The bin is the frequency times the window's length, and moves with the mains.
//! * A burst begins when the basic value exceeds the threshold; from then on basic values are recorded for the time the user
//!   gives, up to 120 s.
//!
//! Four bins read 95 to 97 % of a tone in the middle between two bins: that is the standard's method, not an error.

use serde::{Deserialize, Serialize};

use crate::config::Tone;
use crate::engine::analysis::Flags;
use crate::engine::reuse::Reuse;

/// Shortest basic interval, in seconds: 12 cycles of the fastest mains of Class A.
const SHORTEST_S: f64 = 12.0 / 69.0;
/// A tone this near to a bin, in bins, lies on it: it reads 0.1 % low at most.
const ON_A_BIN: f64 = 0.02;

/// R.m.s. of a tone at bin `position` of a window, in the unit of `square`, which gives the mean square of a bin.
pub fn tone_rms(position: f64, square: impl Fn(usize) -> f64) -> f64 {
    let nearest = position.round();
    if (position - nearest).abs() <= ON_A_BIN {
        return square(nearest as usize).sqrt();
    }
    let below = position.floor() as usize;
    (below.saturating_sub(1)..=below + 2).map(square).sum::<f64>().sqrt()
}

/// A signal on the mains: basic values from the first above the threshold on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Burst {
    /// Frequency of the tone, in hertz.
    pub hz: f64,
    /// Channel, as an index into the channels of the analysis.
    pub channel: usize,
    /// First sample position of the first interval above the threshold.
    pub start_sample: f64,
    /// Last sample position of the last interval recorded.
    pub stop_sample: f64,
    /// Largest basic value, in volts.
    pub largest_v: f64,
    /// Basic values of the intervals recorded, in volts.
    pub values_v: Vec<f64>,
    /// Flags of the intervals recorded.
    pub flags: Flags,
    /// True when the record ended, or a gap came, before the recording time was over.
    pub open: bool,
}

impl Burst {
    /// Takes the values of another one, in the memory there is.
    pub fn copy(&mut self, from: &Self) {
        let mut values_v = std::mem::take(&mut self.values_v);
        values_v.clone_from(&from.values_v);
        let Self { hz, channel, start_sample, stop_sample, largest_v, flags, open, .. } = *from;
        *self = Self { hz, channel, start_sample, stop_sample, largest_v, values_v, flags, open };
    }
}

/// Recorder of the bursts of one tone on one channel.
#[derive(Debug, Serialize, Deserialize)]
pub struct BurstRecorder {
    tone: Tone,
    threshold_v: f64,
    recording: bool,
    /// The burst that is recorded, or was recorded last: its memory serves again.
    burst: Burst,
}

impl BurstRecorder {
    /// For `tone` on `channel`, whose declared voltage is `udin_v`.
    pub fn new(tone: Tone, channel: usize, udin_v: f64) -> Self {
        let burst = Burst {
            hz: tone.hz,
            channel,
            start_sample: 0.0,
            stop_sample: 0.0,
            largest_v: 0.0,
            values_v: Vec::new(),
            flags: Flags::empty(),
            open: true,
        };
        Self { threshold_v: tone.threshold_pct / 100.0 * udin_v, tone, recording: false, burst }
    }

    /// Makes room for a whole burst.
    pub fn reserve(&mut self) {
        self.burst.values_v.make_room(self.most_values());
    }

    /// A burst with room for whatever this one records.
    pub fn blank(&self) -> Burst {
        Burst { values_v: Vec::with_capacity(self.most_values()), ..self.burst.clone() }
    }

    fn most_values(&self) -> usize {
        (self.tone.record_s / SHORTEST_S) as usize + 2
    }

    /// Takes the basic value of the next interval; returns the burst that it completes.
    pub fn update(
        &mut self,
        (start, stop): (f64, f64),
        value_v: f64,
        flags: Flags,
        fs: f64,
    ) -> Option<&Burst> {
        let burst = &mut self.burst;
        if !self.recording {
            if value_v.is_nan() || value_v <= self.threshold_v {
                return None;
            }
            self.recording = true;
            (burst.start_sample, burst.largest_v, burst.flags, burst.open) =
                (start, value_v, Flags::empty(), true);
            burst.values_v.clear();
        }
        burst.stop_sample = stop;
        burst.largest_v = burst.largest_v.max(value_v);
        burst.values_v.push(value_v);
        burst.flags |= flags;
        if (stop - burst.start_sample) / fs < self.tone.record_s {
            return None;
        }
        burst.open = false;
        self.recording = false;
        Some(burst)
    }

    /// Ends the burst that is recorded, because the segment ends.
    pub fn finish(&mut self) -> Option<&Burst> {
        std::mem::take(&mut self.recording).then_some(&self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_on_a_bin_is_that_bin_and_another_its_four_neighbours() {
        let square = |k: usize| f64::from(k as u32);
        assert_eq!(tone_rms(35.01, square), 35f64.sqrt());
        assert_eq!(tone_rms(63.33, square), f64::from(62 + 63 + 64 + 65).sqrt());
        assert_eq!(tone_rms(63.97, square), f64::from(62 + 63 + 64 + 65).sqrt());
    }

    #[test]
    fn a_burst_is_recorded_for_its_time() {
        let tone = Tone { hz: 175.0, threshold_pct: 1.0, record_s: 0.6 };
        let mut r = BurstRecorder::new(tone, 0, 230.0);
        let mut found = Vec::new();
        for (k, v) in [0.1, 2.2, 2.4, 8.0, 0.1, 0.1, 3.0].into_iter().enumerate() {
            let start = k as f64 * 200.0;
            found.extend(r.update((start, start + 200.0), v, Flags::empty(), 1000.0).cloned());
        }
        found.extend(r.finish().cloned());
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].start_sample, found[0].stop_sample, found[0].open), (400.0, 1000.0, false));
        assert_eq!((found[0].values_v.as_slice(), found[0].largest_v), ([2.4, 8.0, 0.1].as_slice(), 8.0));
        assert!(found[1].open && found[1].values_v == [3.0]);
    }
}
