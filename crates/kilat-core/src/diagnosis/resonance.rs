//! R1: a bank of capacitors and the line in resonance with a harmonic of the loads.
//!
//! Where the loads make the harmonics, voltage over current of a harmonic at the meter is the impedance of the supply, and the
//! reactive power tells the bank: both together say at which order they resonate.

use super::case::{Case, num};
use super::tables::{harmonic, median, without};
use super::{Cause, Finding};
use crate::capture::Kind;
use crate::engine::analysis::{Analysis, Flags};

/// Least height of the one harmonic, in % of the fundamental.
const HIGH_PCT: f64 = 1.5;
/// Height that few networks without a resonance have, in %.
const VERY_HIGH_PCT: f64 = 3.5;
/// How many times it exceeds its neighbours.
const ALONE: f64 = 1.5;
/// How many times leave no doubt that it stands out.
const FAR_ABOVE: f64 = 2.5;
/// Least time it lasts, in basic intervals.
const LASTS: usize = 5;
/// How far the order that bank and supply resonate at lies from the harmonic, over it.
const NEAR: f64 = 0.15;

/// A harmonic of one voltage that stands out, alone or with the one beside it: what resonates between the two raises both.
#[derive(Debug, Clone, Copy)]
struct Standing {
    voltage: usize,
    order: usize,
    /// The other of two.
    twin: Option<usize>,
    pct: f64,
    beside_pct: f64,
}

/// R1: one harmonic far above its neighbours, for long.
pub(super) fn resonance(a: &Analysis) -> Option<Finding> {
    let bad = Flags::MISSING | Flags::SHORT | Flags::UNSYNCHRONISED | Flags::EVENT;
    let whole: Vec<usize> = without(a, bad).collect();
    if whole.len() < LASTS {
        return None;
    }
    let mut best: Option<Standing> = None;
    for voltage in a.voltages().filter(|v| a.channels[*v].udin_v > 0.0) {
        let pct = |h: usize| {
            median(whole.iter().map(|&k| harmonic(a, k, voltage, h) / harmonic(a, k, voltage, 1) * 100.0))
        };
        // Multiples of three belong to loads between phase and neutral: their path is the neutral, not a bank.
        for order in (4..=25).filter(|h| h % 3 != 0) {
            let height = pct(order);
            if height.is_nan() || height <= HIGH_PCT {
                continue;
            }
            let neighbours = [order - 4, order - 2, order + 2, order + 4];
            let of_loads = || neighbours.into_iter().filter(|n| n % 3 != 0 && (4..=29).contains(n));
            let highest = of_loads().max_by(|x, y| pct(*x).total_cmp(&pct(*y)));
            let twin = highest.filter(|n| n.abs_diff(order) == 2 && height > VERY_HIGH_PCT);
            for twin in [None, twin] {
                let beside_pct = of_loads().filter(|n| Some(*n) != twin).map(pct).fold(0.0, f64::max);
                let s = Standing { voltage, order, twin, pct: height, beside_pct };
                // Of two, the lower one stands out too.
                let least = twin.map_or(height, |n| pct(n).min(height));
                if least > ALONE * beside_pct && best.is_none_or(|b| s.pct > b.pct) {
                    best = Some(s);
                    break;
                }
            }
        }
    }
    let s = best?;
    let (start, stop) = (a.intervals.start_sample[whole[0]], a.intervals.stop_sample[*whole.last()?]);
    let mut c = Case::new(Cause::Resonance, 0.2).at(vec![s.voltage], start, stop);
    c.number("order", s.order as f64);
    c.number("harmonic_pct", s.pct);
    c.supports(
        if s.twin.is_none() && s.pct > FAR_ABOVE * s.beside_pct { 0.2 } else { 0.1 },
        "R1",
        "harmonic {} is {} % of the fundamental, the odd ones beside it at most {} %",
        "harmonik ke-{} sebesar {} % dari fundamental, harmonik ganjil di sebelahnya paling tinggi {} %",
        vec![num(s.order as f64, 0), num(s.pct, 1), num(s.beside_pct, 1)],
    );
    if s.pct > VERY_HIGH_PCT {
        c.supports(
            0.1,
            "R1",
            "few networks have more than {} % of it",
            "jarang jaringan memiliki lebih dari {} %",
            vec![num(VERY_HIGH_PCT, 1)],
        );
    }
    let fits = bank(&mut c, a, &s, &whole);
    // Rectifiers make two that stand out without any resonance; only a bank that fits tells.
    if s.twin.is_some() && !fits {
        return None;
    }
    c.is_named().then(|| c.decide())
}

/// The bank behind the meter, and the order at which it and the supply resonate; whether it is the one that stands out, or between
/// the two.
fn bank(c: &mut Case, a: &Analysis, s: &Standing, whole: &[usize]) -> bool {
    let pair = a.power_pairs.iter().position(|p| p.0 == s.voltage && a.channels[p.1].kind == Kind::Current);
    let Some(pair) = pair else {
        c.contradicts(0.15, "R1", "no current is measured", "arus tidak diukur", vec![]);
        return false;
    };
    let current = a.power_pairs[pair].1;
    let middle = |f: &dyn Fn(usize) -> f64| median(whole.iter().map(|k| f(*k)));
    let q_var = middle(&|k| a.power.q1_var[[k, pair]]);
    let p_w = middle(&|k| a.power.p_w[[k, pair]]);
    let u_v = middle(&|k| harmonic(a, k, s.voltage, 1));
    let order = s.order as f64;
    let supply_ohm =
        middle(&|k| harmonic(a, k, s.voltage, s.order) / harmonic(a, k, current, s.order)) / order;
    if q_var > -0.1 * p_w.abs() {
        c.contradicts(
            0.3,
            "R1",
            "the load is not capacitive ({} kvar): a bank would be upstream, or there is none",
            "beban tidak kapasitif ({} kvar): bank berada di hulu, atau tidak ada",
            vec![num(q_var / 1e3, 2)],
        );
        return false;
    }
    c.supports(
        0.15,
        "R1",
        "the load is capacitive ({} kvar at {} kW): there is a bank to resonate with the line",
        "beban bersifat kapasitif ({} kvar pada {} kW): ada bank yang beresonansi dengan saluran",
        vec![num(q_var / 1e3, 2), num(p_w / 1e3, 2)],
    );
    let resonant = (u_v * u_v / -q_var / supply_ohm).sqrt();
    c.number("supply_ohm", supply_ohm);
    c.number("resonant_order", resonant);
    let values = vec![num(resonant, 1), num(supply_ohm, 3)];
    let twin = s.twin.map_or(order, |n| n as f64);
    let fits = resonant > (1.0 - NEAR) * order.min(twin) && resonant < (1.0 + NEAR) * order.max(twin);
    if fits {
        c.supports(
            0.25,
            "R1",
            "such a bank resonates at order {} with a supply of {} Ω, which the harmonic shows",
            "bank seperti itu beresonansi pada orde {} dengan pasokan {} Ω, yang ditunjukkan harmonik itu",
            values,
        );
    } else {
        c.contradicts(
            0.1,
            "R1",
            "such a bank resonates at order {} with a supply of {} Ω, which the harmonic shows",
            "bank seperti itu beresonansi pada orde {} dengan pasokan {} Ω, yang ditunjukkan harmonik itu",
            values,
        );
    }
    fits
}
