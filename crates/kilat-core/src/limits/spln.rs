//! SPLN 1:1995, Indonesia: service voltage +5 % / −10 % (at 220 V: 198 to 231 V).

use super::{Limit, Mean, Quantity, Requirements, Span, Statistic};

pub fn requirements() -> Requirements {
    let statistic = Statistic { share_permille: 1000, mean: Mean::TenMinutes, span: Span::Week };
    Requirements {
        limits: vec![Limit {
            clause: "SPLN 1",
            quantity: Quantity::Voltage,
            statistic,
            lower: 90.0,
            upper: 105.0,
        }],
        notes: vec![
            "SPLN 1 names no interval to average over: every 10-min value of a week is asked to be within",
        ],
        ..Requirements::default()
    }
}
