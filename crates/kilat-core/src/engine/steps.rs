//! Positions at equal distances, in the room of a few numbers.

/// Positions that follow each other mostly at equal distances: each stretch of them is two numbers and a length.
///
/// ```
/// # use kilat_core::engine::steps::Steps;
/// let mut steps = Steps::default();
/// [24.0, 32.0, 40.0, 1003.0, 1011.0].into_iter().for_each(|position| steps.push(position));
/// assert_eq!(steps.iter().collect::<Vec<_>>(), [24.0, 32.0, 40.0, 1003.0, 1011.0]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Steps {
    stretches: Vec<Stretch>,
}

/// Some of them, at equal distances.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    first: f64,
    step: f64,
    len: usize,
}

impl Stretch {
    fn at(&self, k: usize) -> f64 {
        self.first + k as f64 * self.step
    }

    /// With another position behind, if that is where it would be computed to lie.
    fn longer(&self, position: f64) -> Option<Self> {
        // Two make a step, whatever it is.
        let step = if self.len == 1 { position - self.first } else { self.step };
        let longer = Self { step, len: self.len + 1, ..*self };
        (step.is_finite() && longer.at(self.len) == position).then_some(longer)
    }
}

impl Steps {
    /// Adds a position.
    pub fn push(&mut self, position: f64) {
        match self.stretches.last_mut().and_then(|last| Some((last.longer(position)?, last))) {
            Some((longer, last)) => *last = longer,
            None => self.stretches.push(Stretch { first: position, step: 0.0, len: 1 }),
        }
    }

    /// The positions, in their order: what was added, exactly.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.stretches.iter().flat_map(|s| (0..s.len).map(move |k| s.at(k)))
    }

    /// Number of positions.
    pub fn len(&self) -> usize {
        self.stretches.iter().map(|s| s.len).sum()
    }

    /// True without a position.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(positions: &[f64]) -> Steps {
        let mut steps = Steps::default();
        for p in positions {
            steps.push(*p);
        }
        assert_eq!((steps.len(), steps.is_empty()), (positions.len(), positions.is_empty()));
        steps
    }

    #[test]
    fn whatever_is_added_comes_back() {
        for positions in [
            &[][..],
            &[7.0],
            &[0.0, 0.0, 0.0],
            &[3.0, 5.0, 7.0, 8.0, 9.0, 10.0, 1.0],
            &[0.1, 0.2, 0.3, 0.4],
            &[-f64::MAX, f64::MAX, f64::INFINITY, 1.0],
        ] {
            assert_eq!(steps(positions).iter().collect::<Vec<_>>(), positions);
        }
        let broken: Vec<f64> = steps(&[1.0, f64::NAN, f64::NAN, 2.0]).iter().collect();
        assert!(broken[0] == 1.0 && broken[1].is_nan() && broken[2].is_nan() && broken[3] == 2.0);
    }

    #[test]
    fn equal_distances_are_one_stretch() {
        let positions: Vec<f64> = (0..100_000).map(|k| 1e12 + 56.0 * f64::from(k)).collect();
        let steps = steps(&positions);
        assert_eq!(steps.stretches.len(), 1);
        assert!(steps.iter().eq(positions));
    }
}
