//! Front, ringing and place of one transient, from its departure and the wave below it.

use std::f64::consts::TAU;

use crate::engine::history::History;

/// A ringing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ringing {
    pub(super) cycles_per_sample: f64,
    /// Samples in which it falls to 1/e; NaN when it does not fall.
    pub(super) decay_samples: f64,
}

/// Samples from 10 % to 90 % of the peak, on the side it rises.
pub(super) fn rise_samples(r: &[f32], peak_at: usize) -> usize {
    let peak = r[peak_at].abs();
    let below = |part: f32| (0..=peak_at).rev().find(|&i| r[i].abs() < part * peak).map_or(0, |i| i + 1);
    below(0.9).saturating_sub(below(0.1)) + 1
}

/// Swings of alternating sign beyond `least`: where each is largest, and how large.
fn swings(r: &[f32], least: f32) -> Vec<(usize, f32)> {
    let mut swings: Vec<(usize, f32)> = Vec::new();
    for (i, &v) in r.iter().enumerate().filter(|(_, v)| v.abs() > least) {
        match swings.last_mut() {
            Some(last) if (last.1 > 0.0) == (v > 0.0) => {
                if v.abs() > last.1.abs() {
                    *last = (i, v);
                }
            }
            _ => swings.push((i, v)),
        }
    }
    swings
}

/// The first swing beyond a fifth of the peak.
pub(super) fn first_swing(r: &[f32], peak_at: usize) -> f32 {
    swings(r, 0.2 * r[peak_at].abs()).first().map_or(r[peak_at], |s| s.1)
}

/// The ringing, when at least three swings beyond a fifth of the peak and beyond `noise` alternate in sign; its decay is the line
/// through the logarithms of its swings from the largest on.
pub(super) fn ringing(r: &[f32], peak_at: usize, noise: f32) -> Option<Ringing> {
    let swings = swings(r, noise.max(0.2 * r[peak_at].abs()));
    let (first, last) = (swings.first()?.0, swings.last()?.0);
    if swings.len() < 3 {
        return None;
    }
    let falling: Vec<(f64, f64)> = swings
        .iter()
        .skip_while(|s| s.0 != peak_at)
        .map(|s| (s.0 as f64, f64::from(s.1.abs()).ln()))
        .collect();
    let n = falling.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| falling.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let slope = falling.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>()
        / falling.iter().map(|p| (p.0 - x) * (p.0 - x)).sum::<f64>();
    Some(Ringing {
        cycles_per_sample: (swings.len() - 1) as f64 / 2.0 / (last - first) as f64,
        decay_samples: if slope < 0.0 { -1.0 / slope } else { f64::NAN },
    })
}

/// Angle of the fundamental at sample `n`, in degrees from its rising zero crossing: of the cycle before it, in codes.
pub(super) fn point_on_wave_deg(raw: &History, n: u64, period: f64) -> f64 {
    let whole = period.round() as u64;
    if n < raw.first() + whole {
        return f64::NAN;
    }
    let (mut re, mut im) = (0.0, 0.0);
    for (k, v) in raw.get(n - whole..n).iter().enumerate() {
        let (sin, cos) = (TAU * (k as f64 - whole as f64) / period).sin_cos();
        re += f64::from(*v) * cos;
        im += f64::from(*v) * sin;
    }
    // Σ sin(ωk + φ)·sin(ωk) is as cos φ, and with cos(ωk) as sin φ.
    re.atan2(im).to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damped_ring_gives_its_frequency_and_decay() {
        let (f, tau) = (0.04, 60.0);
        let r: Vec<f32> =
            (0..300).map(|k| ((TAU * f * f64::from(k)).cos() * (-f64::from(k) / tau).exp()) as f32).collect();
        let ringing = ringing(&r, 0, 0.0).unwrap();
        assert!((ringing.cycles_per_sample / f - 1.0).abs() < 0.01, "{ringing:?}");
        assert!((ringing.decay_samples / tau - 1.0).abs() < 0.05, "{ringing:?}");
        assert_eq!(first_swing(&r, 0), 1.0);
    }

    #[test]
    fn the_place_on_the_wave_is_that_of_the_fundamental() {
        for degrees in [-170.0f64, -90.0, 0.0, 35.0, 120.0] {
            let mut h = History::starting_at(0);
            let period = 199.3;
            for (k, y) in h.grow(400).iter_mut().enumerate() {
                let a = TAU * (k as f64 - 300.0) / period + degrees.to_radians();
                *y = (a.sin() + 0.1 * (5.0 * a).cos()) as f32;
            }
            let got = point_on_wave_deg(&h, 300, period);
            assert!((got - degrees).abs() < 1.0, "{got} {degrees}");
        }
    }
}
