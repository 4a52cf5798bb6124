//! C1 and C2: a bank of capacitors is switched on.

use super::case::{Case, num};
use super::claims::Open;
use super::{Cause, Finding};
use crate::engine::analysis::Analysis;
use crate::pq::dips::{Direction, Side};
use crate::pq::transients::{Transient, TransientForm, TransientKind};

/// Frequencies of banks against their network, in hertz.
const RINGING_HZ: std::ops::RangeInclusive<f64> = 300.0..=5000.0;
/// Largest overshoot, over the nominal peak.
const MOST_PU: f64 = 2.0;
/// Part of the largest peak that a phase of a three-phase bank shows: at any moment the second of three phases stands at least at
/// half a peak. A single phase shows on the others what its current does in the neutral, a third.
const OWN_PHASE: f64 = 0.4;
/// Rise of the voltage that counts, in % of Udin.
const STAYS_PCT: f64 = 0.1;
/// A rise this many times what the frequency of the ringing calls for is not the bank's.
const MISMATCH: f64 = 4.0;
/// Step of reactive power, over the apparent power before, that shows a bank.
const STEP: f64 = 0.05;

/// One finding for each bank that is switched.
pub(super) fn capacitor_switching(a: &Analysis, open: &mut Open<'_>) -> Vec<Finding> {
    let rings = |t: &Transient| t.kind == TransientKind::Oscillatory && RINGING_HZ.contains(&t.ringing_hz);
    let candidates: Vec<(usize, &Transient)> = open.transients().filter(|(_, t)| rings(t)).collect();
    let mut found = Vec::new();
    for (k, t) in candidates {
        let Some(form) = a.transient_forms.iter().find(|f| f.transient == k) else { continue };
        let case = weigh(a, t, form);
        if case.is_named() {
            // Contacts that bounce ring again within the cycle.
            let cycle = open.samples(1.0 / a.config.nominal_frequency_hz);
            open.claim(t.start_sample as f64 - cycle, t.stop_sample as f64 + cycle);
            found.push(case.decide());
        }
    }
    found
}

fn weigh(a: &Analysis, t: &Transient, f: &TransientForm) -> Case {
    let channels = t.peaks.iter().map(|p| p.0).collect();
    let (start, stop) = (t.start_sample as f64, t.stop_sample as f64);
    let mut c = Case::new(Cause::CapacitorSwitching, 0.1).at(channels, start, stop);
    c.number("ringing_hz", t.ringing_hz);
    c.number("peak_pu", t.peak_pu);
    c.number("decay_s", t.decay_s);
    c.number("voltage_step_pct", f.positive_step_pct);
    c.number("reactive_step_var", f.reactive_step_var);
    c.supports(
        if t.peak_pu.abs() <= MOST_PU { 0.2 } else { 0.0 },
        "C1",
        "it rings at {} Hz for {} ms, by up to {} of the nominal peak",
        "berosilasi {} Hz selama {} ms, sampai {} kali puncak nominal",
        vec![num(t.ringing_hz, 0), num(t.duration_s * 1e3, 1), num(t.peak_pu.abs(), 2)],
    );
    let values = vec![num(t.point_on_wave_deg, 0)];
    if t.towards_zero {
        c.supports(
            0.15,
            "C1",
            "its first swing, at {}° of the wave, goes towards zero, as a discharged capacitor pulls it",
            "ayunan pertamanya, pada {}° gelombang, menuju nol, seperti ditarik kapasitor kosong",
            values,
        );
    } else {
        c.contradicts(
            0.2,
            "C1",
            "its first swing, at {}° of the wave, goes away from zero",
            "ayunan pertamanya, pada {}° gelombang, menjauhi nol",
            values,
        );
    }
    phases(&mut c, a, t);
    // A bank that rings at f against the network lifts the voltage by (f₁/f)².
    let expected_pct = 100.0 * (a.config.nominal_frequency_hz / t.ringing_hz).powi(2);
    let values = vec![num(f.positive_step_pct, 2), num(expected_pct, 2)];
    if f.positive_step_pct > STAYS_PCT && f.positive_step_pct < MISMATCH * expected_pct {
        c.supports(
            0.15,
            "C1",
            "the voltage stays higher by {} % of Udin; {} % belong to a bank of this frequency",
            "tegangan tetap lebih tinggi {} % dari Udin; bank dengan frekuensi ini memberi {} %",
            values,
        );
    } else {
        c.contradicts(
            0.15,
            "C1",
            "the voltage stays {} % of Udin higher, where a bank of this frequency gives {} %",
            "tegangan tetap {} % dari Udin lebih tinggi, sedangkan bank dengan frekuensi ini memberi {} %",
            values,
        );
    }
    reactive(&mut c, f);
    c
}

fn phases(c: &mut Case, a: &Analysis, t: &Transient) {
    let measured = a.voltages().filter(|v| a.channels[*v].udin_v > 0.0).count();
    let ringing = t.peaks.iter().filter(|p| p.1.abs() > OWN_PHASE * t.peak_pu.abs()).count();
    let values = vec![num(ringing as f64, 0), num(measured as f64, 0)];
    if ringing > 1 {
        c.supports(
            0.15,
            "C1",
            "{} of {} voltages ring within milliseconds of each other",
            "{} dari {} tegangan berosilasi dalam selang beberapa milidetik",
            values,
        );
    } else if measured > 1 {
        c.contradicts(
            0.35,
            "C1",
            "only {} of {} voltages rings, beyond what its return path shows on the others: no three-phase bank",
            "hanya {} dari {} tegangan yang berosilasi, di luar pengaruh jalur baliknya pada yang lain: bukan bank tiga fasa",
            values,
        );
    }
}

/// C1 and C2: the reactive power at the meter falls when the bank is behind it.
fn reactive(c: &mut Case, f: &TransientForm) {
    let share = f.reactive_step_var / f.apparent_before_va.max(1.0);
    let values = vec![num(f.reactive_step_var / 1e3, 2)];
    if share < -STEP {
        c.direction = Direction { side: Side::Downstream, votes: (1, 0), margin: 1.0 };
        c.supports(
            0.2,
            "C2",
            "the reactive power into the load steps by {} kvar: the bank is downstream",
            "daya reaktif ke beban berubah {} kvar: bank berada di hilir",
            values,
        );
    } else if share > STEP {
        c.contradicts(
            0.2,
            "C1",
            "the reactive power into the load rises, by {} kvar",
            "daya reaktif ke beban naik {} kvar",
            values,
        );
    } else if share.is_finite() {
        c.direction = Direction { side: Side::Upstream, votes: (0, 1), margin: 1.0 };
        c.contradicts(
            0.1,
            "C2",
            "the reactive power into the load does not step ({} kvar): the bank would be upstream",
            "daya reaktif ke beban tidak berubah ({} kvar): bank kiranya di hulu",
            values,
        );
    } else {
        c.contradicts(0.0, "C2", "no current is measured", "arus tidak diukur", vec![]);
    }
}
