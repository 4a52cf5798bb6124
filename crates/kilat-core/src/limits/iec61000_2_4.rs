//! IEC 61000-2-4:2002: compatibility levels of harmonics in industrial plants, classes 1 to 3. Class 2 is that of public networks
//! (IEC 61000-2-2).

use super::{Environment, Limit, Mean, Quantity, Requirements, Span, Statistic};

/// Highest order with a level.
const ORDERS: usize = 50;

pub fn requirements(class: Environment) -> Requirements {
    let statistic = Statistic { share_permille: 950, mean: Mean::TenMinutes, span: Span::Week };
    let at_most = |quantity, upper| Limit {
        clause: "IEC 61000-2-4, harmonics",
        quantity,
        statistic,
        lower: f64::NEG_INFINITY,
        upper,
    };
    let mut limits = vec![at_most(Quantity::VoltageThd(ORDERS), thd_pct(class))];
    limits.extend((2..=ORDERS).map(|h| at_most(Quantity::VoltageHarmonic(h), level_pct(class, h))));
    let mut required = Requirements {
        limits,
        notes: vec![
            "compatibility levels are held against 95 % of the 10-min values of a week, as EN 50160 tests them; the THD is taken to order 50",
            "values that overlap a dip, swell or interruption are left out",
        ],
        ..Requirements::default()
    };
    let why = "their levels are not verified";
    required.not_judged("IEC 61000-2-4", "voltage, unbalance, frequency, interharmonics", why);
    required
}

fn thd_pct(class: Environment) -> f64 {
    match class {
        Environment::Class1 => 5.0,
        Environment::Class2 => 8.0,
        Environment::Class3 => 10.0,
    }
}

/// Level of a voltage harmonic, in % of the fundamental.
fn level_pct(class: Environment, order: usize) -> f64 {
    let of_order = 17.0 / order as f64;
    let [class_1, class_2, class_3] = match order {
        2 => [2.0, 2.0, 3.0],
        4 => [1.0, 1.0, 1.5],
        6 | 8 => [0.5, 0.5, 1.0],
        h if h % 2 == 0 => [0.25 * 10.0 / h as f64 + 0.25, 0.25 * 10.0 / h as f64 + 0.25, 1.0],
        3 => [3.0, 5.0, 6.0],
        9 => [1.5, 1.5, 2.5],
        15 => [0.3, 0.4, 2.0],
        21 => [0.2, 0.2, 1.75],
        h if h % 3 == 0 => [0.2, 0.2, 1.0],
        5 => [3.0, 6.0, 8.0],
        7 => [3.0, 5.0, 7.0],
        11 => [3.0, 3.5, 5.0],
        13 => [3.0, 3.0, 4.5],
        17 => [2.0, 2.0, 4.0],
        _ => [2.27 * of_order - 0.27, 2.27 * of_order - 0.27, 4.5 * of_order - 0.5],
    };
    match class {
        Environment::Class1 => class_1,
        Environment::Class2 => class_2,
        Environment::Class3 => class_3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the table of compatibility levels, and its formulas worked out by hand.
    #[test]
    fn levels_of_the_three_classes() {
        for (order, want) in [
            (5, [3.0, 6.0, 8.0]),
            (13, [3.0, 3.0, 4.5]),
            // 2.27·17/19 − 0.27 = 1.76105, 4.5·17/19 − 0.5 = 3.52632
            (19, [1.76105, 1.76105, 3.52632]),
            // 2.27·17/49 − 0.27 = 0.51755, 4.5·17/49 − 0.5 = 1.06122
            (49, [0.51755, 0.51755, 1.06122]),
            (27, [0.2, 0.2, 1.0]),
            (15, [0.3, 0.4, 2.0]),
            (8, [0.5, 0.5, 1.0]),
            // 0.25·10/20 + 0.25 = 0.375
            (20, [0.375, 0.375, 1.0]),
        ] {
            let got =
                [Environment::Class1, Environment::Class2, Environment::Class3].map(|c| level_pct(c, order));
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 5e-6), "order {order}: {got:?}");
        }
    }
}
