//! Zero crossings of a smooth stream, to a small fraction of a sample.

use serde::{Deserialize, Serialize};

use crate::engine::history::History;

/// One crossing of zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    /// Position in samples of the stream.
    pub position: f64,
    /// Steepness there, per sample; positive when rising.
    pub slope: f64,
}

/// Finds the crossings of a stream as it grows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CrossingFinder {
    next: u64,
}

impl CrossingFinder {
    /// Samples after a crossing that it waits for.
    pub const AHEAD: u64 = 2;

    /// For a stream whose first sample has index `first`.
    pub fn new(first: u64) -> Self {
        Self { next: first + 1 }
    }

    /// Everything before this position has been searched.
    pub fn horizon(&self) -> f64 {
        self.next as f64
    }

    /// Searches what is new in `stream` and gives each crossing to `found`, in order.
    ///
    /// A crossing between samples i and i+1 is the root of the cubic through i−1 … i+2, reached by a fixed number of Newton
    /// steps from the chord, so that it depends on these four samples only.
    pub fn run(&mut self, stream: &History, mut found: impl FnMut(Crossing)) {
        if self.next + Self::AHEAD >= stream.end() {
            return;
        }
        for four in stream.get(self.next - 1..stream.end()).windows(4) {
            let i = self.next;
            self.next += 1;
            if (four[1] < 0.0) == (four[2] < 0.0) {
                continue;
            }
            let [y0, y1, y2, y3] = [four[0], four[1], four[2], four[3]].map(f64::from);
            // Newton's form of the interpolating cubic in t, 0 at sample i and 1 at sample i+1.
            let c1 = -y0 / 3.0 - y1 / 2.0 + y2 - y3 / 6.0;
            let c2 = f64::midpoint(y0, y2) - y1;
            let c3 = (y3 - y0) / 6.0 + (y1 - y2) / 2.0;
            let mut t = y1 / (y1 - y2);
            let mut slope = y2 - y1;
            for _ in 0..4 {
                let value = ((c3 * t + c2) * t + c1) * t + y1;
                let steep = (3.0 * c3 * t + 2.0 * c2) * t + c1;
                if steep * (y2 - y1) <= 0.0 {
                    break;
                }
                slope = steep;
                t = (t - value / steep).clamp(0.0, 1.0);
            }
            found(Crossing { position: i as f64 + t, slope });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn crossings_of_a_sine_fall_where_they_should_however_it_arrives() {
        let wave = |i: usize| (2.0 * PI * (i as f64 - 3.3) / 31.7).sin() as f32;
        let find = |block: usize| {
            let (mut stream, mut finder, mut all) =
                (History::starting_at(0), CrossingFinder::new(0), Vec::new());
            for at in (0..1000).step_by(block) {
                for (k, x) in stream.grow(block).iter_mut().enumerate() {
                    *x = wave(at + k);
                }
                finder.run(&stream, |c| all.push(c));
            }
            all
        };
        let all = find(1000);
        assert_eq!(all.len(), 63);
        for (k, c) in all.iter().enumerate() {
            assert!((c.position - (3.3 + 15.85 * k as f64)).abs() < 2e-5, "{k} {c:?}");
            assert_eq!(c.slope > 0.0, k % 2 == 0);
        }
        assert_eq!(find(1), all);
        assert_eq!(find(8), all);
    }
}
