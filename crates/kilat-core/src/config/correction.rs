//! What is known of the transducer in front of a channel, and is taken out before anything is measured.

use std::f64::consts::PI;

use realfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Longest delay that is corrected, in seconds.
pub const LONGEST_DELAY_S: f64 = 1.0;
/// Smallest gain in a response that is made good: 40 dB of amplification.
const LEAST_GAIN: f64 = 0.01;

/// Correction of one channel. What is recorded is `response` of the truth, `delay_s` late; it is undone, and the result
/// multiplied with `ratio`, `gain` and the polarity.
///
/// ```
/// # use kilat_core::{Config, Correction};
/// let config: Config = toml::from_str(
///     "[corrections.Ia]
///      ratio = 200.0
///      inverted = true
///      delay_s = 37.3e-6
///      response = [
///          { hz = 50.0, gain = 0.9997, phase_deg = -1.4 },
///          { hz = 2000.0, gain = 0.71, phase_deg = -45.0 },
///      ]",
/// )?;
/// assert_eq!(config.corrections["Ia"].factor(), -200.0);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Correction {
    /// Ratio of an instrument transformer that the recording leaves out: primary over secondary.
    pub ratio: f64,
    /// The channel was connected the wrong way round.
    pub inverted: bool,
    /// Calibration: true value over recorded value.
    pub gain: f64,
    /// How late the channel shows what happens, in seconds; negative when early. Made good in fractions of a sample.
    pub delay_s: f64,
    /// Measured gain and phase of the transducer, by rising frequency; empty when it is taken as ideal.
    ///
    /// Between points it is interpolated without overshoot; before the first and beyond the last its course levels off.
    pub response: Vec<ResponsePoint>,
}

/// Gain and phase of a transducer at one frequency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponsePoint {
    /// Frequency, in hertz.
    pub hz: f64,
    /// Recorded over true amplitude.
    pub gain: f64,
    /// Recorded less true phase, in degrees; negative when the transducer lags.
    #[serde(default)]
    pub phase_deg: f64,
}

impl Default for Correction {
    fn default() -> Self {
        Self { ratio: 1.0, inverted: false, gain: 1.0, delay_s: 0.0, response: Vec::new() }
    }
}

impl Correction {
    /// Ratio, calibration and polarity in one factor.
    pub fn factor(&self) -> f64 {
        self.ratio * self.gain * if self.inverted { -1.0 } else { 1.0 }
    }

    /// Refuses what makes no sense or would mostly amplify noise; `setting` says what the correction is called.
    pub fn check(&self, setting: &str) -> Result<()> {
        let error = |field: &str, problem: String| Err(Error::config(format!("{setting}.{field}"), problem));
        for (field, v) in [("ratio", self.ratio), ("gain", self.gain)] {
            if !(1e-9..=1e9).contains(&v) {
                return error(
                    field,
                    format!("{v} is outside 1e-9 to 1e9; a wrong polarity is `inverted = true`"),
                );
            }
        }
        if !(-LONGEST_DELAY_S..=LONGEST_DELAY_S).contains(&self.delay_s) {
            let range = format!("-{LONGEST_DELAY_S} to {LONGEST_DELAY_S}");
            return error("delay_s", format!("{} is outside {range}", self.delay_s));
        }
        let mut before = 0.0;
        for p in &self.response {
            if !(p.hz > before && p.hz.is_finite()) {
                return error(
                    "response",
                    format!("{} Hz is not above {before} Hz; points rise in frequency", p.hz),
                );
            }
            before = p.hz;
            if !(p.gain >= LEAST_GAIN && p.gain <= 1.0 / LEAST_GAIN) {
                let db = -20.0 * p.gain.log10();
                return error(
                    "response",
                    format!(
                        "a gain of {} at {} Hz would be made good by {db:.1} dB; the limit is 40 dB either way \
                         (a transformer's ratio goes into `ratio`)",
                        p.gain, p.hz
                    ),
                );
            }
            if !(-36_000.0..=36_000.0).contains(&p.phase_deg) {
                return error("response", format!("{}° at {} Hz is no phase", p.phase_deg, p.hz));
            }
        }
        Ok(())
    }
}

/// The response of a transducer at every frequency.
#[derive(Debug)]
pub struct Response {
    hz: Vec<f64>,
    log_gain: Course,
    phase: Course,
}

/// Values at the points, and slopes there that overshoot nowhere.
#[derive(Debug)]
struct Course {
    at: Vec<f64>,
    slope: Vec<f64>,
}

impl Response {
    /// Through `points`, of which there is at least one, [checked](Correction::check).
    pub fn new(points: &[ResponsePoint]) -> Self {
        let hz: Vec<f64> = points.iter().map(|p| p.hz).collect();
        let mut phase: Vec<f64> = points.iter().map(|p| p.phase_deg.to_radians()).collect();
        // A phase is known but for whole turns: the nearest to the one before is meant.
        for k in 1..phase.len() {
            phase[k] -= 2.0 * PI * ((phase[k] - phase[k - 1]) / (2.0 * PI)).round();
        }
        let log_gain = Course::new(&hz, points.iter().map(|p| p.gain.ln()).collect(), 0.0);
        let alone = phase[0] / hz[0];
        Self { log_gain, phase: Course::new(&hz, phase, alone), hz }
    }

    /// The delay that a phase falling evenly to that of the last point would be, in seconds.
    pub fn delay_s(&self) -> f64 {
        let last = self.hz.len() - 1;
        -self.phase.at[last] / (2.0 * PI * self.hz[last])
    }

    /// Gain and phase at `hz`, not below zero.
    pub fn at(&self, hz: f64) -> Complex64 {
        let first = self.hz[0];
        let (log_gain, phase) = if hz < first {
            // Towards zero frequency a real system is even in gain and odd in phase.
            let (g, p) = (&self.log_gain, &self.phase);
            let bend = g.slope[0] / (2.0 * first);
            let cubic = (p.slope[0] - p.at[0] / first) / (2.0 * first * first);
            let linear = p.at[0] / first - cubic * first * first;
            (g.at[0] + bend * (hz * hz - first * first), hz * (linear + cubic * hz * hz))
        } else {
            (self.log_gain.at(&self.hz, hz), self.phase.at(&self.hz, hz))
        };
        Complex64::from_polar(log_gain.exp(), phase)
    }
}

impl Course {
    /// `alone` is the slope when there is one point only.
    fn new(x: &[f64], y: Vec<f64>, alone: f64) -> Self {
        let n = x.len();
        let secant = |k: usize| (y[k + 1] - y[k]) / (x[k + 1] - x[k]);
        let inner = |k: usize| {
            // Fritsch and Butland: a weighted harmonic mean, or level at an extreme.
            let (a, b, left, right) = (x[k] - x[k - 1], x[k + 1] - x[k], secant(k - 1), secant(k));
            if left * right <= 0.0 {
                0.0
            } else {
                3.0 * (a + b) / ((2.0 * b + a) / left + (b + 2.0 * a) / right)
            }
        };
        let slope = match n {
            1 => vec![alone],
            2 => vec![secant(0); 2],
            _ => {
                // The ends continue the parabola, as far as they do not overshoot.
                let end = |near: f64, far: f64, s: f64, t: f64| {
                    let slope = ((2.0 * near + far) * s - near * t) / (near + far);
                    if slope * s <= 0.0 { 0.0 } else { slope.abs().min(3.0 * s.abs()).copysign(s) }
                };
                let first = end(x[1] - x[0], x[2] - x[1], secant(0), secant(1));
                let last = end(x[n - 1] - x[n - 2], x[n - 2] - x[n - 3], secant(n - 2), secant(n - 3));
                std::iter::once(first).chain((1..n - 1).map(inner)).chain([last]).collect()
            }
        };
        Self { at: y, slope }
    }

    /// Value at `v`, not below the first of `x`.
    fn at(&self, x: &[f64], v: f64) -> f64 {
        let last = x.len() - 1;
        if v >= x[last] {
            // It levels off: what the slope adds is at most what it would over the last frequency once more.
            return self.at[last] + self.slope[last] * x[last] * (1.0 - (1.0 - v / x[last]).exp());
        }
        let k = x.partition_point(|x| *x <= v) - 1;
        let h = x[k + 1] - x[k];
        let t = (v - x[k]) / h;
        let (near, far) = ((1.0 - t).powi(2), t * t);
        near * ((1.0 + 2.0 * t) * self.at[k] + h * t * self.slope[k])
            + far * ((3.0 - 2.0 * t) * self.at[k + 1] - h * (1.0 - t) * self.slope[k + 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_goes_through_its_points_and_levels_off() {
        let low_pass = |hz: f64| 1.0 / Complex64::new(1.0, hz / 2000.0);
        let points: Vec<_> = (1..=20)
            .map(|k| 250.0 * f64::from(k))
            .map(|hz| ResponsePoint {
                hz,
                gain: low_pass(hz).norm(),
                phase_deg: low_pass(hz).arg().to_degrees(),
            })
            .collect();
        let response = Response::new(&points);
        for hz in (0..=5000).step_by(10).map(f64::from) {
            let error = (response.at(hz) / low_pass(hz) - 1.0).norm();
            assert!(error < 1.5e-3, "{hz} Hz: {error}");
        }
        for p in &points {
            assert!((response.at(p.hz).norm() - p.gain).abs() < 1e-12);
        }
        let far = response.at(1e6).norm();
        assert!(far < points[19].gain && far > points[19].gain / 3.0, "{far}");
    }

    #[test]
    fn a_wrapped_phase_is_one_course() {
        let delay =
            |hz: f64, turns: f64| ResponsePoint { hz, gain: 1.0, phase_deg: -360.0 * 1e-3 * hz + turns };
        let wrapped = Response::new(&[delay(400.0, 0.0), delay(600.0, 360.0), delay(800.0, 360.0)]);
        for hz in [100.0, 450.0, 500.0, 790.0] {
            assert!(
                (wrapped.at(hz) - Complex64::from_polar(1.0, -2.0 * PI * 1e-3 * hz)).norm() < 1e-9,
                "{hz}"
            );
        }
    }

    #[test]
    fn senseless_corrections_name_themselves() {
        let point = |hz, gain| ResponsePoint { hz, gain, phase_deg: 0.0 };
        for (c, begins) in [
            (Correction { ratio: 0.0, ..Correction::default() }, "c.ratio: 0"),
            (Correction { gain: f64::NAN, ..Correction::default() }, "c.gain: NaN"),
            (Correction { delay_s: 2.0, ..Correction::default() }, "c.delay_s: 2"),
            (
                Correction { response: vec![point(50.0, 1.0); 2], ..Correction::default() },
                "c.response: 50 Hz is not above",
            ),
            (
                Correction { response: vec![point(50.0, 1.0), point(9e3, 0.005)], ..Correction::default() },
                "c.response: a gain of 0.005 at 9000 Hz would be made good by 46.0 dB; the limit is 40 dB",
            ),
        ] {
            let text = c.check("c").unwrap_err().to_string();
            assert!(text.starts_with(begins), "{text}");
        }
        assert!(Correction::default().check("c").is_ok());
    }
}
