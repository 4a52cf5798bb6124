//! Front, ringing and place of one transient, from its departure and the wave below it.

use std::f64::consts::TAU;

use crate::engine::history::Held;

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

/// Gives `each` the swings of alternating sign beyond `least`, in order: where each is largest, and how large.
fn swings(r: &[f32], least: f32, mut each: impl FnMut(usize, f32)) {
    let mut last: Option<(usize, f32)> = None;
    for (i, &v) in r.iter().enumerate().filter(|(_, v)| v.abs() > least) {
        match &mut last {
            Some(swing) if (swing.1 > 0.0) == (v > 0.0) => {
                if v.abs() > swing.1.abs() {
                    *swing = (i, v);
                }
            }
            _ => {
                if let Some((at, value)) = last.replace((i, v)) {
                    each(at, value);
                }
            }
        }
    }
    if let Some((at, value)) = last {
        each(at, value);
    }
}

/// The first swing beyond a fifth of the peak.
pub(super) fn first_swing(r: &[f32], peak_at: usize) -> f32 {
    let mut first = None;
    swings(r, 0.2 * r[peak_at].abs(), |_, v| first = first.or(Some(v)));
    first.unwrap_or(r[peak_at])
}

/// The ringing, when at least three swings beyond a fifth of the peak and beyond `noise` alternate in sign; its decay is the line
/// through the logarithms of its swings from the largest on.
pub(super) fn ringing(r: &[f32], peak_at: usize, noise: f32) -> Option<Ringing> {
    let (mut count, mut first, mut last) = (0u32, 0, 0);
    // Number, and sums of x, y, x² and xy, x counted from the peak.
    let mut sums = [0.0; 5];
    swings(r, noise.max(0.2 * r[peak_at].abs()), |at, v| {
        count += 1;
        first = if count == 1 { at } else { first };
        last = at;
        if at >= peak_at {
            let (x, y) = ((at - peak_at) as f64, f64::from(v.abs()).ln());
            sums.iter_mut().zip([1.0, x, y, x * x, x * y]).for_each(|(sum, term)| *sum += term);
        }
    });
    if count < 3 {
        return None;
    }
    let [n, x, y, xx, xy] = sums;
    let slope = (xy - x * y / n) / (xx - x * x / n);
    Some(Ringing {
        cycles_per_sample: f64::from(count - 1) / 2.0 / (last - first) as f64,
        decay_samples: if slope < 0.0 { -1.0 / slope } else { f64::NAN },
    })
}

/// Angle of the fundamental at sample `n`, in degrees from its rising zero crossing: of the cycle before it, in codes.
pub(super) fn point_on_wave_deg(raw: Held<'_>, n: u64, period: f64) -> f64 {
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
    use crate::engine::history::History;

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
            let got = point_on_wave_deg(h.view(), 300, period);
            assert!((got - degrees).abs() < 1.0, "{got} {degrees}");
        }
    }
}
