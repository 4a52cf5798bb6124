//! Block 5: from values of Pinst to Pst and Plt (IEC 61000-4-15:2010, block 5).
//!
//! Pst = √(0.0314·P₀.₁ + 0.0525·P₁ₛ + 0.0657·P₃ₛ + 0.28·P₁₀ₛ + 0.08·P₅₀ₛ), Pₖ the level exceeded k % of the time and each
//! Pₖₛ a mean of neighbours. Values are sorted into classes of 1/256 octave, so neither their number nor their
//! range matters; within a class the level is interpolated.

use serde::{Deserialize, Serialize};

/// Levels that Pst is made of: percent of the time that each is exceeded, and its weight.
const LEVELS: [(f64, f64); 15] = [
    (0.1, 0.0314),
    (0.7, 0.0525 / 3.0),
    (1.0, 0.0525 / 3.0),
    (1.5, 0.0525 / 3.0),
    (2.2, 0.0657 / 3.0),
    (3.0, 0.0657 / 3.0),
    (4.0, 0.0657 / 3.0),
    (6.0, 0.28 / 5.0),
    (8.0, 0.28 / 5.0),
    (10.0, 0.28 / 5.0),
    (13.0, 0.28 / 5.0),
    (17.0, 0.28 / 5.0),
    (30.0, 0.08 / 3.0),
    (50.0, 0.08 / 3.0),
    (80.0, 0.08 / 3.0),
];
/// Bits of a float below its class: exponent and eight bits of the mantissa remain.
const BELOW: u32 = f32::MANTISSA_DIGITS - 1 - 8;
/// Bits of 2⁻¹⁴, where the classes begin; what is less, a Pst of 0.006, is in one class from zero.
const LOWEST: u32 = (127 - 14) << 8;
/// Up to 2²⁶, a Pst of some thousands.
const CLASSES: u32 = 40 << 8;

/// How often Pinst was in each class.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Classifier {
    counts: Box<[u32]>,
    total: u64,
}

impl Default for Classifier {
    fn default() -> Self {
        Self { counts: vec![0; CLASSES as usize + 1].into(), total: 0 }
    }
}

impl Classifier {
    /// True when both have the same classes.
    pub fn is_like(&self, other: &Self) -> bool {
        self.counts.len() == other.counts.len()
    }

    /// Counts one value.
    pub fn add(&mut self, p_inst: f32) {
        let class = ((p_inst.max(0.0).to_bits() >> BELOW) + 1).saturating_sub(LOWEST).min(CLASSES);
        self.counts[class as usize] += 1;
        self.total += 1;
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// Pst of the values counted; `None` without any.
    pub fn pst(&self) -> Option<f64> {
        if self.total == 0 {
            return None;
        }
        let (mut class, mut above) = (CLASSES, 0u64);
        let mut sum = 0.0;
        for (percent, weight) in LEVELS {
            let wanted = percent / 100.0 * self.total as f64;
            let count = |class: u32| u64::from(self.counts[class as usize]);
            while class > 0 && ((above + count(class)) as f64) < wanted {
                above += count(class);
                class -= 1;
            }
            let within = (wanted - above as f64) / count(class) as f64;
            sum += weight * (edge(class + 1) + within * (edge(class) - edge(class + 1)));
        }
        Some(sum.sqrt())
    }
}

/// Lower edge of a class.
fn edge(class: u32) -> f64 {
    if class == 0 { 0.0 } else { f64::from(f32::from_bits((LOWEST + class - 1) << BELOW)) }
}

/// Plt of twelve values of Pst.
pub fn plt(pst: &[f64; 12]) -> f64 {
    (pst.iter().map(|p| p.powi(3)).sum::<f64>() / 12.0).cbrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By sorting, the levels interpolated between neighbours, the formula written out.
    fn slow(values: &[f32]) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f32::total_cmp);
        let p = |percent: f64| {
            let at = (1.0 - percent / 100.0) * (sorted.len() - 1) as f64;
            let (low, high) = (f64::from(sorted[at as usize]), f64::from(sorted[at.ceil() as usize]));
            low + at.fract() * (high - low)
        };
        let mean = |of: &[f64]| of.iter().map(|k| p(*k)).sum::<f64>() / of.len() as f64;
        (0.0314 * p(0.1)
            + 0.0525 * mean(&[0.7, 1.0, 1.5])
            + 0.0657 * mean(&[2.2, 3.0, 4.0])
            + 0.28 * mean(&[6.0, 8.0, 10.0, 13.0, 17.0])
            + 0.08 * mean(&[30.0, 50.0, 80.0]))
        .sqrt()
    }

    fn classed(values: &[f32]) -> f64 {
        let mut classifier = Classifier::default();
        for v in values {
            classifier.add(*v);
        }
        classifier.pst().unwrap()
    }

    #[test]
    fn classes_agree_with_sorting() {
        let spread =
            |decades: f64| move |i: i32| 10f64.powf(decades * (f64::from(i) * 0.618_034).fract()) as f32;
        for scale in [1e-3, 1.0, 300.0] {
            for decades in [0.01, 1.0, 4.0] {
                let values: Vec<f32> = (0..120_000).map(spread(decades)).map(|v| v * scale).collect();
                let (got, want) = (classed(&values), slow(&values));
                assert!((got / want - 1.0).abs() < 1e-3, "{scale} {decades}: {got} {want}");
            }
        }
    }

    #[test]
    fn constant_sensation_gives_its_textbook_value() {
        // All values are in one class; the root halves its width.
        assert!((classed(&[1.0; 1000]) / 0.5096f64.sqrt() - 1.0).abs() < 1.0 / 512.0);
        assert!((slow(&[1.0; 1000]) - 0.5096f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn extremes_have_a_class() {
        assert!(classed(&[0.0; 100]) < 0.01);
        assert!(classed(&[f32::INFINITY; 100]) > 4000.0);
        assert!(Classifier::default().pst().is_none());
        let mut used = Classifier::default();
        used.add(3.0);
        used.clear();
        assert!(used.pst().is_none());
    }

    #[test]
    fn long_term_severity_is_the_cubic_mean() {
        assert_eq!(plt(&[1.0; 12]), 1.0);
        let mut one = [0.0; 12];
        one[5] = 12.0f64.cbrt();
        assert!((plt(&one) - 1.0).abs() < 1e-12);
    }
}
