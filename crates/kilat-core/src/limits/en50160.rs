//! EN 50160:2010: characteristics of the public supply, low and medium voltage.
//!
//! | clause (LV, MV) | quantity | values | limit |
//! |---|---|---|---|
//! | 4.2.1, 5.2.1 | frequency, interconnected | 10 s | ±1 % in 99.5 % of a year, +4/−6 % always |
//! | | frequency, island | 10 s | ±2 % in 95 % of a week, ±15 % always |
//! | 4.2.2, 5.2.2 | voltage | 10 min | LV ±10 % in 95 % of a week, +10/−15 % always; MV ±10 % in 99 %, ±15 % always |
//! | 4.2.3, 5.2.3 | Plt | 2 h | 1 in 95 % of a week |
//! | 4.2.4, 5.2.4 | unbalance u2 | 10 min | 2 % in 95 % of a week |
//! | 4.2.5, 5.2.5 | harmonics, THD to order 40 | 10 min | [`HARMONICS`], 8 %, in 95 % of a week |

use super::{Limit, Mean, Quantity, Requirements, Span, Statistic, Supply};

/// Order and limit, in % of the fundamental.
const HARMONICS: [(usize, f64); 24] = [
    (2, 2.0),
    (3, 5.0),
    (4, 1.0),
    (5, 6.0),
    (6, 0.5),
    (7, 5.0),
    (8, 0.5),
    (9, 1.5),
    (10, 0.5),
    (11, 3.5),
    (12, 0.5),
    (13, 3.0),
    (14, 0.5),
    (15, 0.5),
    (16, 0.5),
    (17, 2.0),
    (18, 0.5),
    (19, 1.5),
    (20, 0.5),
    (21, 0.5),
    (22, 0.5),
    (23, 1.5),
    (24, 0.5),
    (25, 1.5),
];

/// THD up to order 40, in % of the fundamental.
const THD_PCT: f64 = 8.0;

pub fn requirements(supply: Supply, nominal_hz: f64) -> Requirements {
    let Supply { medium_voltage: mv, island } = supply;
    let statistic = |share_permille, mean, span| Statistic { share_permille, mean, span };
    let clause = |lv: &'static str, at_mv: &'static str| if mv { at_mv } else { lv };
    let limit =
        |clause, quantity, statistic, lower, upper| Limit { clause, quantity, statistic, lower, upper };
    let mut limits = Vec::new();

    let at = clause("EN 50160, 4.2.1", "EN 50160, 5.2.1");
    let hz = |share, span, below_pct: f64, above_pct: f64| {
        let (lower, upper) = (nominal_hz * (1.0 - below_pct / 100.0), nominal_hz * (1.0 + above_pct / 100.0));
        limit(at, Quantity::Frequency, statistic(share, Mean::TenSeconds, span), lower, upper)
    };
    // What holds always is judged week by week, the least that the standard's other quantities are observed for.
    limits.extend(if island {
        [hz(950, Span::Week, 2.0, 2.0), hz(1000, Span::Week, 15.0, 15.0)]
    } else {
        [hz(995, Span::Year, 1.0, 1.0), hz(1000, Span::Week, 6.0, 4.0)]
    });

    let at = clause("EN 50160, 4.2.2", "EN 50160, 5.2.2");
    let volts = |share, lower, upper| {
        limit(at, Quantity::Voltage, statistic(share, Mean::TenMinutes, Span::Week), lower, upper)
    };
    limits.extend(if mv {
        [volts(990, 90.0, 110.0), volts(1000, 85.0, 115.0)]
    } else {
        [volts(950, 90.0, 110.0), volts(1000, 85.0, 110.0)]
    });

    let at_most = |clause, quantity, mean, upper| {
        limit(clause, quantity, statistic(950, mean, Span::Week), f64::NEG_INFINITY, upper)
    };
    let at = clause("EN 50160, 4.2.3", "EN 50160, 5.2.3");
    limits.push(at_most(at, Quantity::Plt, Mean::TwoHours, 1.0));
    let at = clause("EN 50160, 4.2.4", "EN 50160, 5.2.4");
    limits.push(at_most(at, Quantity::Unbalance, Mean::TenMinutes, 2.0));
    let at = clause("EN 50160, 4.2.5", "EN 50160, 5.2.5");
    limits.push(at_most(at, Quantity::VoltageThd(40), Mean::TenMinutes, THD_PCT));
    for (order, pct) in HARMONICS {
        limits.push(at_most(at, Quantity::VoltageHarmonic(order), Mean::TenMinutes, pct));
    }

    let mut required = Requirements {
        limits,
        notes: vec![
            "values that overlap a dip, swell or interruption are left out; of the voltage only those that overlap an interruption",
            "a later amendment may allow more at orders 15 and 21 than the 0.5 % used here; in some areas u2 up to 3 % is allowed",
        ],
        ..Requirements::default()
    };
    let at = clause("EN 50160, 4.2.7", "EN 50160, 5.2.7");
    required.not_judged(at, "mains signalling", "the curve of its limits is not verified");
    let at = clause("EN 50160, 4.3", "EN 50160, 5.3");
    let why = "the standard sets no limit: see the counts of the indices";
    required.not_judged(at, "interruptions, dips, swells, transient over-voltages", why);
    required
}
