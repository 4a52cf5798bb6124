//! Smallest, mean and largest of a quantity over the intervals.

use serde::Serialize;

/// Smallest, mean and largest of the finite values; NaN when there is none.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Range {
    /// Smallest.
    pub min: f64,
    /// Mean.
    pub mean: f64,
    /// Largest.
    pub max: f64,
    #[serde(skip)]
    counted: Counted,
}

/// What a mean is made of.
#[derive(Debug, Clone, Copy)]
struct Counted {
    sum: f64,
    values: f64,
    /// The mean of that.
    mean: fn(f64) -> f64,
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
        let counted = Counted { sum: 0.0, values: 0.0, mean };
        let mut all = Self { min: f64::NAN, mean: f64::NAN, max: f64::NAN, counted };
        for v in values.into_iter().filter(|v| v.is_finite()) {
            all.min = v.min(all.min);
            all.max = v.max(all.max);
            all.counted.sum += add(v);
            all.counted.values += 1.0;
        }
        all.with_mean()
    }

    /// With the values of another one of its kind, which come after.
    #[must_use]
    pub fn and(mut self, more: &Self) -> Self {
        self.min = self.min.min(more.min);
        self.max = self.max.max(more.max);
        self.counted.sum += more.counted.sum;
        self.counted.values += more.counted.values;
        self.with_mean()
    }

    fn with_mean(self) -> Self {
        let Counted { sum, values, mean } = self.counted;
        Self { mean: mean(sum / values), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_what_their_names_say_and_skip_nan() {
        type Kind = fn([f64; 3]) -> Range;
        let kinds: [(Kind, f64); 3] =
            [(Range::arithmetic, 3.5), (Range::quadratic, 12.5f64.sqrt()), (Range::cubic, 45.5f64.cbrt())];
        for (range, mean) in kinds {
            let none = range([f64::NAN; 3]);
            let parts = none.and(&range([4.0, f64::NAN, f64::NAN])).and(&range([3.0; 3])).and(&none);
            let more = parts.and(&range([4.0; 3])).and(&range([4.0, 4.0, 4.0]));
            for r in [range([3.0, f64::NAN, 4.0]), range([4.0, 3.0, f64::NAN]).and(&none)] {
                assert_eq!((r.min, r.mean, r.max), (3.0, mean, 4.0));
            }
            assert!(none.min.is_nan() && none.mean.is_nan() && none.max.is_nan());
            assert!((parts.min, parts.max) == (3.0, 4.0) && parts.mean < mean && mean < more.mean);
        }
    }
}
