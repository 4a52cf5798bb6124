//! Immunity curves: how much over- or under-voltage equipment is meant to bear, and for how long.
//!
//! A curve is a list of vertices `(duration in seconds, % of nominal voltage)`, joined by lines that are straight over the
//! logarithm of time; two vertices at one time are a step. A point on the boundary counts as inside.

use serde::Serialize;

use crate::error::{Error, Result};

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
    /// True when its figures are known from a digitised drawing only: for comparison, not for verdicts.
    pub digitised: bool,
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
    digitised: false,
    note: "single-phase 120 V, 60 Hz information-technology equipment; indicative at other voltages",
};

/// SEMI F47-0706, the part every tool must pass.
pub const SEMI_F47: Curve = Curve {
    name: "SEMI F47",
    upper: &[],
    lower: &[(0.05, 50.0), (0.2, 50.0), (0.2, 70.0), (0.5, 70.0), (0.5, 80.0), (1.0, 80.0)],
    made_for_v: None,
    digitised: false,
    note: "semiconductor manufacturing equipment, required part; dips only",
};

/// SEMI F47-0706 with the part it recommends beside: nothing for a cycle, 80 % for 10 s, 90 % for ever.
pub const SEMI_F47_RECOMMENDED: Curve = Curve {
    name: "SEMI F47 recommended",
    upper: &[],
    lower: &[
        (0.0, 0.0),
        (0.02, 0.0),
        (0.02, 50.0),
        (0.2, 50.0),
        (0.2, 70.0),
        (0.5, 70.0),
        (0.5, 80.0),
        (10.0, 80.0),
        (10.0, 90.0),
        (f64::INFINITY, 90.0),
    ],
    made_for_v: None,
    digitised: false,
    note: "semiconductor manufacturing equipment, with the recommended part; dips only",
};

/// CBEMA curve of 1977, the forerunner of ITIC.
pub const CBEMA: Curve = Curve {
    name: "CBEMA",
    upper: &[
        (0.0001, 300.0),
        (0.001, 200.0),
        (0.008_33, 130.0),
        (0.1, 115.0),
        (2.0, 106.0),
        (f64::INFINITY, 106.0),
    ],
    lower: &[(0.008_33, 0.0), (0.1, 58.0), (0.5, 70.0), (2.0, 87.0), (f64::INFINITY, 87.0)],
    made_for_v: Some(120.0),
    digitised: true,
    note: "computers of 1977 at 120 V, 60 Hz; vertices read off a drawing",
};

/// IEEE 1668 of types I and II: single-phase and two-phase dips.
pub const IEEE_1668_TYPE_I_II: Curve = Curve {
    name: "IEEE 1668 type I and II",
    upper: &[],
    lower: &[(0.01, 50.0), (0.2, 50.0), (0.2, 70.0), (0.5, 70.0), (0.5, 80.0), (2.0, 80.0)],
    made_for_v: None,
    digitised: false,
    note: "industrial equipment below 1000 V, dips of one or two phases",
};

/// IEEE 1668 of type III: three-phase dips.
pub const IEEE_1668_TYPE_III: Curve = Curve {
    name: "IEEE 1668 type III",
    upper: &[],
    lower: &[(0.01, 50.0), (0.05, 50.0), (0.05, 70.0), (0.1, 70.0), (0.1, 80.0), (2.0, 80.0)],
    made_for_v: None,
    digitised: false,
    note: "industrial equipment below 1000 V, dips of three phases",
};

/// IEC 61000-4-11 test levels of class 2 as a curve: 0 % for 1 cycle, 70 % for 25/30 cycles.
pub const IEC_61000_4_11_CLASS_2: Curve = Curve {
    name: "IEC 61000-4-11 class 2",
    upper: &[],
    lower: &[(0.0, 0.0), (0.02, 0.0), (0.02, 70.0), (0.5, 70.0)],
    made_for_v: None,
    digitised: false,
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
    digitised: false,
    note: "test levels for equipment up to 16 A in industry, durations at 50 Hz; dips only",
};

/// IEC 61000-4-34 has the test levels of IEC 61000-4-11 for equipment above 16 A.
pub const IEC_61000_4_34_CLASS_2: Curve = Curve {
    name: "IEC 61000-4-34 class 2",
    note: "test levels for equipment above 16 A on public supplies, durations at 50 Hz; dips only",
    ..IEC_61000_4_11_CLASS_2
};

/// The same of class 3.
pub const IEC_61000_4_34_CLASS_3: Curve = Curve {
    name: "IEC 61000-4-34 class 3",
    note: "test levels for equipment above 16 A in industry, durations at 50 Hz; dips only",
    ..IEC_61000_4_11_CLASS_3
};

/// Every curve.
pub const ALL: [Curve; 10] = [
    ITIC,
    CBEMA,
    SEMI_F47,
    SEMI_F47_RECOMMENDED,
    IEC_61000_4_11_CLASS_2,
    IEC_61000_4_11_CLASS_3,
    IEC_61000_4_34_CLASS_2,
    IEC_61000_4_34_CLASS_3,
    IEEE_1668_TYPE_I_II,
    IEEE_1668_TYPE_III,
];

impl Curve {
    /// The curve called `name`; capitals, spaces and dashes do not matter.
    ///
    /// # Errors
    /// Refuses a name that is none of [`ALL`].
    pub fn named(name: &str) -> Result<Self> {
        let plain = |s: &str| s.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
        ALL.into_iter().find(|c| plain(c.name) == plain(name)).ok_or_else(|| {
            let all = ALL.map(|c| c.name).join("`, `");
            Error::config("curve", format!("expected one of `{all}`, found `{name}`"))
        })
    }

    /// Lowest voltage borne for `duration_s`, over the nominal one; none where the curve does not say.
    pub fn lowest_pu(&self, duration_s: f64) -> Option<f64> {
        let piece = self.lower.windows(2).find(|w| (w[0].0..=w[1].0).contains(&duration_s))?;
        Some(between(piece[0], piece[1], duration_s) / 100.0)
    }

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

    /// True when the curve was drawn for another nominal voltage than `nominal_v` (by more than 10 %), or is digitised.
    pub fn is_indicative(&self, nominal_v: f64) -> bool {
        self.digitised || self.made_for_v.is_some_and(|v| (nominal_v / v - 1.0).abs() > 0.1)
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

    /// SEMI F47 with its recommended part and IEEE 1668, as in a public digitisation (V1).
    #[test]
    fn recommended_semi_and_ieee_1668_vertices_from_both_sides() {
        use Region::{NoDamage as Out, NoInterruption as In, Unstated};
        let rows = [
            (0.02, 0.0, In),
            (0.02 + HAIR, 49.9, Out),
            (0.2, 50.0, In),
            (0.5 + HAIR, 79.9, Out),
            (10.0, 80.0, In),
            (10.0 + HAIR, 89.9, Out),
            (1e6, 90.0, In),
        ];
        check(&SEMI_F47_RECOMMENDED, &rows);
        let rows = [
            (0.01, 50.0, In),
            (0.2, 49.9, Out),
            (0.2 + HAIR, 69.9, Out),
            (2.0, 80.0, In),
            (2.1, 85.0, Unstated),
        ];
        check(&IEEE_1668_TYPE_I_II, &rows);
        let rows = [
            (0.05, 50.0, In),
            (0.05 + HAIR, 69.9, Out),
            (0.1, 70.0, In),
            (0.1 + HAIR, 79.9, Out),
            (2.0, 80.0, In),
        ];
        check(&IEEE_1668_TYPE_III, &rows);
    }

    #[test]
    fn curves_have_names_and_a_lowest_voltage() {
        for curve in ALL {
            assert_eq!(Curve::named(&curve.name.to_lowercase().replace(' ', "-")).unwrap(), curve);
        }
        assert!(Curve::named("ITIX").unwrap_err().to_string().contains("`ITIC`"));
        assert_eq!(
            [0.01, 0.3, 3.0, 60.0].map(|t| ITIC.lowest_pu(t)),
            [Some(0.0), Some(0.7), Some(0.8), Some(0.9)]
        );
        assert_eq!([0.01, 0.1, 2.0].map(|t| SEMI_F47.lowest_pu(t)), [None, Some(0.5), None]);
        assert!(CBEMA.is_indicative(120.0));
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
