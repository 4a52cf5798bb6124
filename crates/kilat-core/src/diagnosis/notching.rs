//! W1: a converter that cuts notches.

use super::case::{Case, num};
use super::claims::Open;
use super::{Cause, Finding};
use crate::pq::transients::TransientKind;

/// W1: what the notch detector found.
pub(super) fn notching(open: &mut Open<'_>) -> Vec<Finding> {
    let notching: Vec<_> = open.transients().filter(|(_, t)| t.kind == TransientKind::Notching).collect();
    let mut found = Vec::new();
    for (_, t) in notching {
        let (start, stop) = (t.start_sample as f64, t.stop_sample as f64);
        let mut c = Case::new(Cause::Notching, 0.6).at(t.peaks.iter().map(|p| p.0).collect(), start, stop);
        c.number("per_cycle", f64::from(t.per_cycle));
        c.number("depth_pu", t.peak_pu.abs());
        c.number("area_vs", t.volt_seconds);
        c.supports(
            0.0,
            "W1",
            "notches towards zero, up to {} % deep and {} mVs large, at the same angles of every cycle for {} s",
            "takik menuju nol, sedalam {} % dan seluas {} mVs, pada sudut yang sama setiap siklus selama {} s",
            vec![num(t.peak_pu.abs() * 100.0, 0), num(t.volt_seconds * 1e3, 1), num(t.duration_s, 1)],
        );
        if matches!(t.per_cycle, 1 | 2 | 4 | 6) {
            c.supports(
                0.2,
                "W1",
                "{} per cycle, as a converter of that many pulses makes",
                "{} tiap siklus, seperti konverter dengan pulsa sebanyak itu",
                vec![num(f64::from(t.per_cycle), 0)],
            );
        }
        if t.peaks.len() > 1 {
            c.supports(
                0.1,
                "W1",
                "{} voltages have them",
                "terdapat pada {} tegangan",
                vec![num(t.peaks.len() as f64, 0)],
            );
        }
        open.claim_transients(start, stop);
        found.push(c.decide());
    }
    found
}
