//! IEEE 519-2022: harmonics at the point of common coupling.
//!
//! Harmonics are subgroups over 10/12 cycles; 15 of them make a very short time value (3 s), 200 of those a short time value
//! (10 min).
//!
//! | values | voltage | current |
//! |---|---|---|
//! | 99 % of 3-s values of a day | 1.5 × the limit | 2 × |
//! | 99 % of 10-min values of a week | | 1.5 × |
//! | 95 % of 10-min values of a week | 1 × | 1 × |
//!
//! Even harmonics of the current up to order 6 have half the limit; before 2022, every even one has a quarter.

use super::{Limit, Mean, Quantity, Requirements, Site, Span, Statistic};

/// Highest order with a limit.
const ORDERS: usize = 50;
const VERY_SHORT_99: Statistic = Statistic { share_permille: 990, mean: Mean::ThreeSeconds, span: Span::Day };
const SHORT_99: Statistic = Statistic { share_permille: 990, mean: Mean::TenMinutes, span: Span::Week };
const SHORT_95: Statistic = Statistic { share_permille: 950, mean: Mean::TenMinutes, span: Span::Week };

/// Table 1: line-line voltage up to which it applies in volts, each harmonic, THD, in % of the fundamental.
const VOLTAGE: [(f64, f64, f64); 4] =
    [(1e3, 5.0, 8.0), (69e3, 3.0, 5.0), (161e3, 1.5, 2.5), (f64::INFINITY, 1.0, 1.5)];

/// Limits of the current in % of IL: Isc/IL below which they apply, for orders 2…10, 11…16, 17…22, 23…34, 35…50, and TDD.
type CurrentRow = (f64, [f64; 5], f64);

/// Table 2, 120 V to 69 kV. Above, up to 161 kV, half of it (table 3).
const CURRENT: [CurrentRow; 5] = [
    (20.0, [4.0, 2.0, 1.5, 0.6, 0.3], 5.0),
    (50.0, [7.0, 3.5, 2.5, 1.0, 0.5], 8.0),
    (100.0, [10.0, 4.5, 4.0, 1.5, 0.7], 12.0),
    (1000.0, [12.0, 5.5, 5.0, 2.0, 1.0], 15.0),
    (f64::INFINITY, [15.0, 7.0, 6.0, 2.5, 1.4], 20.0),
];

/// Table 4, above 161 kV.
const CURRENT_HV: [CurrentRow; 3] = [
    (25.0, [1.0, 0.5, 0.38, 0.15, 0.10], 1.5),
    (50.0, [2.0, 1.0, 0.75, 0.30, 0.15], 2.5),
    (f64::INFINITY, [3.0, 1.5, 1.15, 0.45, 0.22], 3.75),
];

pub fn requirements(edition_2014: bool, site: &Site) -> Requirements {
    let mut required = Requirements {
        notes: vec!["values that overlap a dip, swell or interruption are left out"],
        ..Requirements::default()
    };
    let Some(pcc_v) = site.pcc_v else {
        let why = "the nominal voltage at the point of common coupling is not stated";
        required.not_judged("IEEE 519, table 1", "voltage harmonics", why);
        required.not_judged("IEEE 519, tables 2 to 4", "current harmonics", why);
        return required;
    };
    let at_most = |clause, quantity, statistic, upper| Limit {
        clause,
        quantity,
        statistic,
        lower: f64::NEG_INFINITY,
        upper,
    };
    let (_, each, thd) = VOLTAGE[VOLTAGE.iter().position(|row| pcc_v <= row.0).unwrap_or(VOLTAGE.len() - 1)];
    for (statistic, times) in [(VERY_SHORT_99, 1.5), (SHORT_95, 1.0)] {
        let limit = |quantity, pct: f64| at_most("IEEE 519, table 1", quantity, statistic, times * pct);
        required.limits.push(limit(Quantity::VoltageThd(ORDERS), thd));
        required.limits.extend((2..=ORDERS).map(|h| limit(Quantity::VoltageHarmonic(h), each)));
    }
    let (Some(isc_a), Some(il_a)) = (site.short_circuit_a, site.demand_a) else {
        let missing = match (site.short_circuit_a, site.demand_a) {
            (None, None) => "the short-circuit current Isc and the demand current IL are not stated",
            (None, _) => "the short-circuit current Isc is not stated",
            _ => "the demand current IL is not stated",
        };
        required.not_judged("IEEE 519, tables 2 to 4", "current harmonics", missing);
        return required;
    };
    let (clause, table, part) = match pcc_v {
        v if v <= 69e3 => ("IEEE 519, table 2", &CURRENT[..], 1.0),
        v if v <= 161e3 => ("IEEE 519, table 3", &CURRENT[..], 0.5),
        _ => ("IEEE 519, table 4", &CURRENT_HV[..], 1.0),
    };
    let row = table.iter().position(|row| isc_a / il_a < row.0).unwrap_or(table.len() - 1);
    let (_, bands, tdd) = table[row];
    for (statistic, times) in [(VERY_SHORT_99, 2.0), (SHORT_99, 1.5), (SHORT_95, 1.0)] {
        let limit = |quantity, pct: f64| at_most(clause, quantity, statistic, times * part * pct);
        required.limits.push(limit(Quantity::Tdd, tdd));
        for h in 2..=ORDERS {
            let pct = bands[band(h)] * even_part(h, edition_2014);
            required.limits.push(limit(Quantity::CurrentHarmonic(h), pct));
        }
    }
    required.notes.push(
        "generation at the point of common coupling has the limits of Isc/IL below 20, whatever its Isc/IL",
    );
    required
}

/// Column of the table that an order is in.
fn band(order: usize) -> usize {
    match order {
        0..11 => 0,
        11..17 => 1,
        17..23 => 2,
        23..35 => 3,
        _ => 4,
    }
}

/// What is left of the limit for an even harmonic.
fn even_part(order: usize, edition_2014: bool) -> f64 {
    match order {
        h if h % 2 == 1 => 1.0,
        _ if edition_2014 => 0.25,
        0..=6 => 0.5,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(pcc_v: f64, isc_a: f64, il_a: f64) -> Site {
        Site { pcc_v: Some(pcc_v), short_circuit_a: Some(isc_a), demand_a: Some(il_a) }
    }

    fn upper(required: &Requirements, quantity: Quantity, statistic: Statistic) -> f64 {
        let found: Vec<f64> = required
            .limits
            .iter()
            .filter(|l| l.quantity == quantity && l.statistic == statistic)
            .map(|l| l.upper)
            .collect();
        assert_eq!(found.len(), 1, "{quantity:?} {statistic}");
        found[0]
    }

    #[test]
    fn the_voltage_level_and_the_ratio_of_currents_choose_the_row() {
        for (pcc_v, each, thd) in [
            (400.0, 5.0, 8.0),
            (1e3, 5.0, 8.0),
            (20e3, 3.0, 5.0),
            (69e3, 3.0, 5.0),
            (150e3, 1.5, 2.5),
            (230e3, 1.0, 1.5),
        ] {
            let r = requirements(false, &site(pcc_v, 1000.0, 100.0));
            assert_eq!(upper(&r, Quantity::VoltageHarmonic(50), SHORT_95), each);
            assert_eq!(upper(&r, Quantity::VoltageThd(50), SHORT_95), thd);
            assert_eq!(upper(&r, Quantity::VoltageThd(50), VERY_SHORT_99), 1.5 * thd);
        }
        for (ratio, fifth, fortieth, tdd) in [
            (19.9, 4.0, 0.3, 5.0),
            (20.0, 7.0, 0.5, 8.0),
            (99.0, 10.0, 0.7, 12.0),
            (100.0, 12.0, 1.0, 15.0),
            (5000.0, 15.0, 1.4, 20.0),
        ] {
            let r = requirements(false, &site(400.0, ratio * 100.0, 100.0));
            assert_eq!(upper(&r, Quantity::CurrentHarmonic(5), SHORT_95), fifth);
            assert_eq!(upper(&r, Quantity::CurrentHarmonic(5), SHORT_99), 1.5 * fifth);
            assert_eq!(upper(&r, Quantity::CurrentHarmonic(5), VERY_SHORT_99), 2.0 * fifth);
            assert_eq!(upper(&r, Quantity::CurrentHarmonic(40), SHORT_95), fortieth);
            assert_eq!(upper(&r, Quantity::Tdd, SHORT_95), tdd);
        }
        // Half of the row of 20 to 50; then the table of its own.
        let r = requirements(false, &site(150e3, 3000.0, 100.0));
        assert_eq!(
            (upper(&r, Quantity::CurrentHarmonic(11), SHORT_95), upper(&r, Quantity::Tdd, SHORT_95)),
            (1.75, 4.0)
        );
        let r = requirements(false, &site(230e3, 3000.0, 100.0));
        assert_eq!(
            (upper(&r, Quantity::CurrentHarmonic(17), SHORT_95), upper(&r, Quantity::Tdd, SHORT_95)),
            (0.75, 2.5)
        );
    }

    #[test]
    fn even_harmonics_by_edition() {
        let of = |edition_2014, h| {
            let r = requirements(edition_2014, &site(400.0, 1000.0, 100.0));
            upper(&r, Quantity::CurrentHarmonic(h), SHORT_95)
        };
        assert_eq!([2, 6, 8, 12].map(|h| of(false, h)), [2.0, 2.0, 4.0, 2.0]);
        assert_eq!([2, 6, 8, 12].map(|h| of(true, h)), [1.0, 1.0, 1.0, 0.5]);
    }

    #[test]
    fn what_is_not_stated_is_said() {
        let r = requirements(false, &Site::default());
        assert!(r.limits.is_empty() && r.not_judged.len() == 2 && r.not_judged[0].why.contains("not stated"));
        let r = requirements(false, &Site { pcc_v: Some(400.0), demand_a: Some(10.0), ..Site::default() });
        assert_eq!(r.limits.len(), 2 * 50);
        assert!(r.not_judged[0].why.contains("Isc is not"));
    }
}
