//! Immunity curves: how much over- or under-voltage equipment is meant to bear, and for how long.
//!
//! A curve is a list of vertices `(duration in seconds, % of nominal voltage)`, joined by lines that are straight over the
//! logarithm of time; two vertices at one time are a step. A point on the boundary counts as inside.

use serde::Serialize;

/// An immunity curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// Name as the field says it.
    pub name: &'static str,
    /// Upper boundary; empty when the curve has none.
    pub upper: &'static [(f64, f64)],
    /// Lower boundary; empty when the curve has none.
    pub lower: &'static [(f64, f64)],
    /// Nominal voltage the curve was drawn for, in volts; elsewhere it is indicative only.
    pub made_for_v: Option<f64>,
    /// Where it applies.
    pub note: &'static str,
}

/// Where a voltage of some duration lies on a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// The curve says nothing about this duration and magnitude.
    Unstated,
    /// Inside: equipment is meant to work on.
    NoInterruption,
    /// Below the lower boundary: equipment may stop, but is not meant to be damaged.
    NoDamage,
    /// Above the upper boundary: equipment may be damaged.
    Prohibited,
}

/// ITI (CBEMA) curve of 2000. The first upper vertex is at 1/100 cycle of 60 Hz.
pub const ITIC: Curve = Curve {
    name: "ITIC",
    upper: &[
        (1.0 / 6000.0, 500.0),
        (0.001, 200.0),
        (0.003, 140.0),
        (0.003, 120.0),
        (0.5, 120.0),
        (0.5, 110.0),
        (f64::INFINITY, 110.0),
    ],
    lower: &[
        (0.0, 0.0),
        (0.02, 0.0),
        (0.02, 70.0),
        (0.5, 70.0),
        (0.5, 80.0),
        (10.0, 80.0),
        (10.0, 90.0),
        (f64::INFINITY, 90.0),
    ],
    made_for_v: Some(120.0),
    note: "single-phase 120 V, 60 Hz information-technology equipment; indicative at other voltages",
};

/// SEMI F47-0706, the part every tool must pass.
pub const SEMI_F47: Curve = Curve {
    name: "SEMI F47",
    upper: &[],
    lower: &[(0.05, 50.0), (0.2, 50.0), (0.2, 70.0), (0.5, 70.0), (0.5, 80.0), (1.0, 80.0)],
    made_for_v: None,
    note: "semiconductor manufacturing equipment, required part; dips only",
};

/// IEC 61000-4-11 test levels of class 2 as a curve: 0 % for 1 cycle, 70 % for 25/30 cycles.
pub const IEC_61000_4_11_CLASS_2: Curve = Curve {
    name: "IEC 61000-4-11 class 2",
    upper: &[],
    lower: &[(0.0, 0.0), (0.02, 0.0), (0.02, 70.0), (0.5, 70.0)],
    made_for_v: None,
    note: "test levels for equipment up to 16 A on public supplies, durations at 50 Hz; dips only",
};

/// IEC 61000-4-11 test levels of class 3 as a curve: 0 % for 1 cycle, 40 % for 10/12, 70 % for 25/30, 80 % for 250/300.
pub const IEC_61000_4_11_CLASS_3: Curve = Curve {
    name: "IEC 61000-4-11 class 3",
    upper: &[],
    lower: &[
        (0.0, 0.0),
        (0.02, 0.0),
        (0.02, 40.0),
        (0.2, 40.0),
        (0.2, 70.0),
        (0.5, 70.0),
        (0.5, 80.0),
        (5.0, 80.0),
    ],
    made_for_v: None,
    note: "test levels for equipment up to 16 A in industry, durations at 50 Hz; dips only",
};

impl Curve {
    /// Region of a voltage of `magnitude_pu` of nominal that lasts `duration_s` seconds.
    ///
    /// Below half a cycle the magnitude is the instantaneous peak over the nominal peak, from half a cycle on it is the
    /// r.m.s. voltage over the nominal one. Outside the times of a boundary only what follows from it is claimed: what is
    /// borne for long is borne for less; the rest is [`Region::Unstated`].
    ///
    /// ```
    /// # use kilat_core::limits::curves::{ITIC, Region};
    /// assert_eq!(ITIC.region(0.1, 0.75), Region::NoInterruption);
    /// assert_eq!(ITIC.region(0.1, 0.40), Region::NoDamage);
    /// assert_eq!(ITIC.region(4.0, 1.68), Region::Prohibited);
    /// ```
    pub fn region(&self, duration_s: f64, magnitude_pu: f64) -> Region {
        let pct = magnitude_pu * 100.0;
        if !(duration_s >= 0.0 && pct >= 0.0) {
            return Region::Unstated;
        }
        let (boundary, beyond) =
            if pct >= 100.0 { (self.upper, Region::Prohibited) } else { (self.lower, Region::NoDamage) };
        // Distance from nominal on this side, so that one comparison serves both boundaries.
        let away = |pct: f64| (pct - 100.0).abs();
        let (Some(first), Some(last)) = (boundary.first(), boundary.last()) else {
            return if pct == 100.0 { Region::NoInterruption } else { Region::Unstated };
        };
        if duration_s < first.0 {
            return if away(pct) <= away(first.1) { Region::NoInterruption } else { Region::Unstated };
        }
        if duration_s > last.0 {
            return Region::Unstated;
        }
        // At a step both limits apply and the wider one decides.
        let limit = boundary
            .windows(2)
            .filter(|w| (w[0].0..=w[1].0).contains(&duration_s))
            .map(|w| away(between(w[0], w[1], duration_s)))
            .fold(0.0, f64::max);
        if away(pct) <= limit { Region::NoInterruption } else { beyond }
    }

    /// True when the curve was drawn for another nominal voltage than `nominal_v` (by more than 10 %).
    pub fn is_indicative(&self, nominal_v: f64) -> bool {
        self.made_for_v.is_some_and(|v| (nominal_v / v - 1.0).abs() > 0.1)
    }
}

/// Value at `t` on the line from `a` to `b`, straight over the logarithm of time; exact at both ends.
fn between(a: (f64, f64), b: (f64, f64), t: f64) -> f64 {
    if a.1 == b.1 || t == a.0 {
        a.1
    } else if t == b.0 {
        b.1
    } else {
        a.1 + (b.1 - a.1) * (t / a.0).ln() / (b.0 / a.0).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hair: far below anything measured, far above rounding.
    const HAIR: f64 = 1e-9;

    fn check(curve: &Curve, rows: &[(f64, f64, Region)]) {
        for &(t, pct, region) in rows {
            assert_eq!(curve.region(t, pct / 100.0), region, "{}: {t} s at {pct} %", curve.name);
        }
    }

    /// ITI curve application note (2000), as in two public digitisations (V2).
    #[test]
    fn itic_upper_vertices_from_both_sides() {
        use Region::{NoInterruption as In, Prohibited as Out, Unstated};
        check(
            &ITIC,
            &[
                (0.000_166_7, 499.9, In),
                (0.000_166_7, 500.1, Out),
                (0.001, 200.0, In),
                (0.001, 200.0 + 1e-6, Out),
                // Vertex at 3 ms: 140 % belongs to it, 120 % rules just after.
                (0.003, 140.0, In),
                (0.003, 140.0 + 1e-6, Out),
                (0.003 - HAIR, 139.9, In),
                (0.003 + HAIR, 120.1, Out),
                (0.003 + HAIR, 119.9, In),
                (0.5, 119.9, In),
                (0.5, 120.1, Out),
                (0.5 + HAIR, 110.1, Out),
                (0.5 + HAIR, 109.9, In),
                (1e6, 109.9, In),
                (1e6, 110.1, Out),
                (0.0001, 600.0, Unstated),
                (0.0001, 400.0, In),
            ],
        );
    }

    #[test]
    fn itic_lower_vertices_from_both_sides() {
        use Region::{NoDamage as Out, NoInterruption as In};
        check(
            &ITIC,
            &[
                (0.0, 0.0, In),
                (0.02, 0.0, In),
                (0.02 + HAIR, 69.9, Out),
                (0.02 + HAIR, 70.1, In),
                (0.5, 70.0, In),
                (0.5, 69.9, Out),
                (0.5 + HAIR, 79.9, Out),
                (0.5 + HAIR, 80.1, In),
                (10.0, 80.0, In),
                (10.0, 79.9, Out),
                (10.0 + HAIR, 89.9, Out),
                (10.0 + HAIR, 90.1, In),
                (1e6, 90.0, In),
            ],
        );
    }

    /// Between 1 ms (200 %) and 3 ms (140 %) the middle in log-time, √3 ms, is 170 %.
    #[test]
    fn lines_are_straight_over_log_time() {
        let t = 0.001 * 3f64.sqrt();
        assert_eq!(ITIC.region(t, 1.7 - HAIR), Region::NoInterruption);
        assert_eq!(ITIC.region(t, 1.7 + HAIR), Region::Prohibited);
    }

    /// SEMI F47-0706, required part (V1).
    #[test]
    fn semi_f47_vertices_from_both_sides() {
        use Region::{NoDamage as Out, NoInterruption as In, Unstated};
        check(
            &SEMI_F47,
            &[
                (0.05, 50.0, In),
                (0.05, 49.9, Out),
                (0.04, 49.9, Unstated),
                (0.04, 50.1, In),
                (0.2, 50.0, In),
                (0.2 + HAIR, 69.9, Out),
                (0.5, 70.0, In),
                (0.5 + HAIR, 79.9, Out),
                (1.0, 80.0, In),
                (1.0, 79.9, Out),
                (1.1, 85.0, Unstated),
                (0.1, 130.0, Unstated),
                (0.1, 100.0, In),
            ],
        );
    }

    /// IEC 61000-4-11 tables 1 and 2 (V2; the 80 % row from memory).
    #[test]
    fn iec_61000_4_11_vertices_from_both_sides() {
        use Region::{NoDamage as Out, NoInterruption as In, Unstated};
        check(
            &IEC_61000_4_11_CLASS_2,
            &[
                (0.02, 0.0, In),
                (0.02 + HAIR, 69.9, Out),
                (0.5, 70.0, In),
                (0.5, 69.9, Out),
                (0.6, 75.0, Unstated),
            ],
        );
        check(
            &IEC_61000_4_11_CLASS_3,
            &[
                (0.02, 0.0, In),
                (0.02 + HAIR, 39.9, Out),
                (0.2, 40.0, In),
                (0.2 + HAIR, 69.9, Out),
                (0.5, 70.0, In),
                (0.5 + HAIR, 79.9, Out),
                (5.0, 80.0, In),
                (5.0 + HAIR, 80.0, Unstated),
            ],
        );
    }

    #[test]
    fn nonsense_is_unstated_and_the_nominal_voltage_decides_what_is_indicative() {
        for (t, m) in [(f64::NAN, 1.0), (1.0, f64::NAN), (-1.0, 1.0), (1.0, -0.1)] {
            assert_eq!(ITIC.region(t, m), Region::Unstated);
        }
        assert_eq!(ITIC.region(f64::INFINITY, 1.2), Region::Prohibited);
        assert!(ITIC.is_indicative(230.0) && !ITIC.is_indicative(127.0) && !SEMI_F47.is_indicative(400.0));
    }
}
