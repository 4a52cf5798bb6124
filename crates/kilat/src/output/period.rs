//! The tables of one length of intervals, picked by name: faces treat the basic intervals and the aggregates alike.

use kilat_core::Analysis;
use kilat_core::engine::analysis::{
    Deviation, Harmonics, Intervals, Measurements, Power, Supraharmonics, SystemPower, Unbalance,
};
use kilat_core::engine::sink::Period;
use ndarray::Array3;

/// Everything measured on intervals of one length, borrowed from an [`Analysis`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)] // the fields are those of `kilat_core::engine::analysis::Measurements`
pub struct Measured<'a> {
    pub intervals: &'a Intervals,
    pub harmonics: &'a Harmonics,
    pub unbalance: &'a Unbalance,
    pub power: &'a Power,
    pub system_power: &'a SystemPower,
    pub deviation: &'a Deviation,
    pub signalling_v: &'a Array3<f64>,
    pub supraharmonics: Option<&'a Supraharmonics>,
}

/// The tables of `a` on intervals of this length.
pub fn measured(a: &Analysis, period: Period) -> Measured<'_> {
    let m: &Measurements = match period {
        Period::Basic => {
            return Measured {
                intervals: &a.intervals,
                harmonics: &a.harmonics,
                unbalance: &a.unbalance,
                power: &a.power,
                system_power: &a.system_power,
                deviation: &a.deviation,
                signalling_v: &a.signalling_v,
                supraharmonics: a.supraharmonics.as_ref(),
            };
        }
        Period::Cycles150 => &a.aggregates.cycles_150,
        Period::TenMinutes => &a.aggregates.ten_minutes,
        Period::TwoHours => &a.aggregates.two_hours,
    };
    Measured {
        intervals: &m.intervals,
        harmonics: &m.harmonics,
        unbalance: &m.unbalance,
        power: &m.power,
        system_power: &m.system_power,
        deviation: &m.deviation,
        signalling_v: &m.signalling_v,
        supraharmonics: m.supraharmonics.as_ref(),
    }
}

/// The aggregates, shortest first.
pub const AGGREGATES: [Period; 3] = [Period::Cycles150, Period::TenMinutes, Period::TwoHours];

/// The name of a length: `basic`, `150cycles` (180 at 60 Hz), `10min`, `2h`.
pub fn period_name(period: Period) -> &'static str {
    match period {
        Period::Basic => "basic",
        Period::Cycles150 => "150cycles",
        Period::TenMinutes => "10min",
        Period::TwoHours => "2h",
    }
}

/// The length of this name; `3s` and `180cycles` are other names of `150cycles`.
pub fn period_named(name: &str) -> Option<Period> {
    let name = if matches!(name, "3s" | "180cycles") { "150cycles" } else { name };
    [Period::Basic].into_iter().chain(AGGREGATES).find(|p| period_name(*p) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_found_by_its_name() {
        for period in [Period::Basic].into_iter().chain(AGGREGATES) {
            assert_eq!(period_named(period_name(period)), Some(period));
        }
        assert_eq!((period_named("3s"), period_named("3 s")), (Some(Period::Cycles150), None));
    }
}
