//! Smallest, mean and largest of a quantity over the intervals.

use serde::Serialize;

/// Smallest, mean and largest of the finite values; NaN when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// Smallest.
    pub min: f64,
    /// Mean.
    pub mean: f64,
    /// Largest.
    pub max: f64,
}

impl Range {
    /// With the arithmetic mean: frequencies, powers.
    pub fn arithmetic(values: impl IntoIterator<Item = f64>) -> Self {
        Self::folded(values, |v| v, |mean| mean)
    }

    /// With the root of the mean square, as IEC 61000-4-30, 4.5 aggregates: r.m.s. values, distortion, unbalance.
    pub fn quadratic(values: impl IntoIterator<Item = f64>) -> Self {
        Self::folded(values, |v| v * v, f64::sqrt)
    }

    /// With the cube root of the mean cube, as Plt is made of Pst: flicker.
    pub fn cubic(values: impl IntoIterator<Item = f64>) -> Self {
        Self::folded(values, |v| v * v * v, f64::cbrt)
    }

    fn folded(values: impl IntoIterator<Item = f64>, add: fn(f64) -> f64, mean: fn(f64) -> f64) -> Self {
        let (mut min, mut max, mut sum, mut n) = (f64::NAN, f64::NAN, 0.0, 0.0);
        for v in values.into_iter().filter(|v| v.is_finite()) {
            min = v.min(min);
            max = v.max(max);
            sum += add(v);
            n += 1.0;
        }
        Self { min, mean: mean(sum / n), max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_what_their_names_say_and_skip_nan() {
        let x = [3.0, f64::NAN, 4.0];
        assert_eq!(Range::arithmetic(x), Range { min: 3.0, mean: 3.5, max: 4.0 });
        assert_eq!(Range::quadratic(x), Range { min: 3.0, mean: 12.5f64.sqrt(), max: 4.0 });
        assert_eq!(Range::cubic(x), Range { min: 3.0, mean: 45.5f64.cbrt(), max: 4.0 });
        assert!(Range::arithmetic([f64::NAN]).mean.is_nan());
    }
}
