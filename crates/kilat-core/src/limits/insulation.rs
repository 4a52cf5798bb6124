//! Over-voltage categories of equipment (IEC 60664-1): the impulse voltage its insulation is meant to withstand.
//!
//! | line-neutral voltage of the system | I | II | III | IV |
//! |---|---|---|---|---|
//! | ≤ 150 V | 0.8 | 1.5 | 2.5 | 4 kV |
//! | ≤ 300 V | 1.5 | 2.5 | 4 | 6 kV |
//! | ≤ 600 V | 2.5 | 4 | 6 | 8 kV |
//! | ≤ 1000 V | 4 | 6 | 8 | 12 kV |
//!
//! A peak is only held against them when the sampling rate resolves its front and the converter was within its range: what a recorder
//! of some 10 kHz sees of a surge is a fraction of it.

use serde::Serialize;

/// Over-voltage category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Category {
    /// Equipment behind protection that limits transients.
    I,
    /// Equipment that plugs in: appliances, servers.
    II,
    /// Fixed installations.
    III,
    /// The origin of an installation: meters, main protection.
    IV,
}

impl Category {
    /// All, from the weakest.
    pub const ALL: [Self; 4] = [Self::I, Self::II, Self::III, Self::IV];

    /// Impulse voltage it withstands, in volts, in a system of this line-neutral voltage; none above 1000 V.
    pub fn withstands_v(self, line_neutral_v: f64) -> Option<f64> {
        let kv = match line_neutral_v {
            v if v <= 150.0 => [0.8, 1.5, 2.5, 4.0],
            v if v <= 300.0 => [1.5, 2.5, 4.0, 6.0],
            v if v <= 600.0 => [2.5, 4.0, 6.0, 8.0],
            v if v <= 1000.0 => [4.0, 6.0, 8.0, 12.0],
            _ => return None,
        };
        Some(1e3 * kv[self as usize])
    }
}

/// What the peak of a transient means for insulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "category")]
pub enum Stress {
    /// The peak is a lower limit, or the system has no categories: nothing can be said.
    NotMeasurable,
    /// Within what every category withstands.
    Within,
    /// Beyond what this category, and every weaker one, withstands.
    Beyond(Category),
}

impl Stress {
    /// Of a transient with this instantaneous peak in volts, `None` when its peak is only a lower limit, in a system of this
    /// line-neutral voltage.
    pub fn of(peak_v: Option<f64>, line_neutral_v: f64) -> Self {
        let peak_v = peak_v.filter(|v| v.is_finite() && Category::I.withstands_v(line_neutral_v).is_some());
        let Some(peak_v) = peak_v else { return Self::NotMeasurable };
        let beyond = |c: &&Category| c.withstands_v(line_neutral_v).is_some_and(|v| peak_v.abs() > v);
        Category::ALL.iter().rev().find(beyond).map_or(Self::Within, |c| Self::Beyond(*c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_at_230_v_withstands_2500_v() {
        for (peak_v, line_neutral_v, want) in [
            (-1499.0, 230.0, Stress::Within),
            (2500.0, 230.0, Stress::Beyond(Category::I)),
            (2501.0, 230.0, Stress::Beyond(Category::II)),
            (-6001.0, 230.0, Stress::Beyond(Category::IV)),
            (2000.0, 120.0, Stress::Beyond(Category::II)),
            (4500.0, 400.0, Stress::Beyond(Category::II)),
            (12_001.0, 1000.0, Stress::Beyond(Category::IV)),
        ] {
            assert_eq!(Stress::of(Some(peak_v), line_neutral_v), want, "{peak_v} V at {line_neutral_v} V");
        }
    }

    #[test]
    fn a_peak_that_was_not_measured_is_not_compared() {
        for (peak_v, line_neutral_v) in [(None, 230.0), (Some(9e3), 11_000.0), (Some(f64::NAN), 230.0)] {
            assert_eq!(Stress::of(peak_v, line_neutral_v), Stress::NotMeasurable);
        }
    }
}
