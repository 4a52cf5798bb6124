//! F1, M1, T1 and D1: what made a dip. A fault, a motor, a transformer.

use super::answers::Answers;
use super::case::{Case, num};
use super::claims::Open;
use super::text::Value;
use super::{Cause, Finding};
use crate::engine::analysis::Analysis;
use crate::engine::close_up::SATURATED;
use crate::pq::dips::{DipForm, Shape, Side};
use crate::pq::events::{Event, EventKind};

/// Sequence components, over the voltage before, below which the phases fall alike.
const ALIKE: f64 = 0.05;
/// Rise of the current that a motor or transformer draws at least.
const INRUSH: f64 = 1.5;
/// Jump of phase that a load hardly makes, in degrees.
const JUMP_DEG: f64 = 4.0;
/// No line against any source turns the voltage further (impedance angles of 20° to 60°): what seems to is another class.
const MOST_JUMP_DEG: f64 = 60.0;
/// The characteristic voltage of a dip is no higher than its residual one, with something left for a high voltage before.
const MOST_CHARACTERISTIC_PU: f64 = 0.95;
/// Protection clears a short circuit within this, in seconds.
const CLEARED_S: f64 = 3.0;
/// A load that is switched on hardly pulls its voltage down by more than this, over the voltage before.
const LOAD_PU: f64 = 0.2;
/// What falls further is not supplied any more, for however long.
const GONE_PU: f64 = 0.9;
/// Edges of a dip ring this long, in cycles.
const EDGE_CYCLES: f64 = 1.5;

/// Findings about dips; those of one cause and one side are one, with the clearest of them as its evidence.
pub(super) fn sags(a: &Analysis, answers: Answers, open: &mut Open<'_>) -> Vec<Finding> {
    let mut named: Vec<(Case, usize)> = Vec::new();
    let dips: Vec<(usize, &Event)> = open.events().filter(|(_, e)| e.kind != EventKind::Swell).collect();
    for (k, e) in dips {
        let Some(form) = a.dip_form(k) else { continue };
        let cases = [fault(a, e, form), motor(e, form), transformer(e, form)];
        let best = cases.into_iter().max_by(|x, y| x.confidence.total_cmp(&y.confidence));
        let Some(mut case) = best.filter(Case::is_named) else { continue };
        case.direction = form.direction;
        let edge = EDGE_CYCLES * open.samples(1.0 / a.config.nominal_frequency_hz);
        open.claim(e.start_sample, e.stop_sample);
        for at in [e.start_sample, e.stop_sample] {
            open.claim_transients(at - edge, at + 2.0 * edge);
        }
        let same = |(other, _): &&mut (Case, usize)| {
            other.cause == case.cause && other.direction.side == case.direction.side
        };
        match named.iter_mut().find(same) {
            Some((first, count)) => {
                *count += 1;
                let (start, stop) = (first.start_sample, case.stop_sample.max(first.stop_sample));
                first.channels.extend(&case.channels);
                let mut channels = first.channels.clone();
                channels.sort_unstable();
                channels.dedup();
                let clearer = if case.confidence > first.confidence { case } else { first.clone() };
                *first = clearer.at(channels, start, stop);
            }
            None => named.push((case, 1)),
        }
    }
    let finish = |(mut case, count): (Case, usize)| {
        case.number("dips", count as f64);
        if count > 1 {
            case.supports(
                0.0,
                "-",
                "{} dips of this kind in the recording; the clearest is described",
                "{} kedip tegangan sejenis dalam rekaman; yang paling jelas diuraikan",
                vec![num(count as f64, 0)],
            );
        }
        if case.cause == Cause::Fault {
            case.neighbours(answers);
        }
        case.decide()
    };
    named.into_iter().map(finish).collect()
}

/// What all three share: where, how deep, which way.
fn begin(cause: Cause, base: f64, e: &Event, f: &DipForm) -> Case {
    let mut c = Case::new(cause, base).at(e.channels.to_vec(), e.start_sample, e.stop_sample);
    c.number("residual_pu", e.magnitude_pu);
    c.number("duration_s", e.duration_s);
    c.number("characteristic_pu", f.characteristic_pu);
    c.number("phase_jump_deg", f.phase_jump_deg);
    c.number("point_on_wave_deg", f.start_deg);
    c.number("current_ratio", f.current_ratio);
    c.number("second_harmonic_ratio", f.second_harmonic_ratio);
    c.number("direction_margin", f.direction.margin);
    c
}

/// D1: the vote, for a cause that is expected on `side`; any side without one.
fn vote(c: &mut Case, f: &DipForm, expected: Option<Side>, weight: f64) {
    let d = f.direction;
    let values = vec![
        match d.side {
            Side::Upstream => Value::Word("upstream", "hulu (sisi pasokan)"),
            Side::Downstream => Value::Word("downstream", "hilir (sisi beban)"),
            Side::Unknown => Value::Word("no side", "tidak ada sisi"),
        },
        num(f64::from(d.votes.0), 0),
        num(f64::from(d.votes.1), 0),
        num(d.margin, 2),
    ];
    let (en, id) = (
        "{}: {} methods say downstream, {} upstream (margin {})",
        "{}: {} metode menunjuk hilir, {} hulu (selisih {})",
    );
    match (d.side, expected) {
        (Side::Unknown, _) => c.contradicts(
            0.0,
            "D1",
            "the side it comes from is not known: no current is measured, or the methods disagree",
            "sisi asalnya tidak diketahui: arus tidak diukur, atau metode tidak sepakat",
            vec![],
        ),
        (side, Some(expected)) if side != expected => c.contradicts(2.0 * weight, "D1", en, id, values),
        (_, Some(_)) => c.supports(weight, "D1", en, id, values),
        (_, None) => c.supports(0.0, "D1", en, id, values),
    }
}

fn edges(f: &DipForm) -> Vec<Value> {
    vec![num(f.abrupt_start * 100.0, 0), num(f.abrupt_end * 100.0, 0)]
}

fn fault(a: &Analysis, e: &Event, f: &DipForm) -> Case {
    let mut c = begin(Cause::Fault, 0.15, e, f);
    let (en, id) = (
        "{} % of the depth comes, and {} % goes, within a cycle and a half",
        "{} % dari kedalaman muncul, dan {} % pulih, dalam satu setengah siklus",
    );
    match f.shape {
        Shape::Rectangular => c.supports(0.3, "F1", en, id, edges(f)),
        // It ends with the record, so only its start is seen.
        Shape::Other if f.abrupt_start > 0.5 && e.open => c.supports(0.15, "F1", en, id, edges(f)),
        _ => c.contradicts(0.2, "F1", en, id, edges(f)),
    }
    let class_fits = f.phase_jump_deg.abs() <= MOST_JUMP_DEG && f.characteristic_pu < MOST_CHARACTERISTIC_PU;
    if let Some(class) = f.class.filter(|_| class_fits) {
        let values = vec![
            Value::Name(class.to_string()),
            Value::Name(f.class_six_phase.map_or_else(|| "-".into(), |c| c.to_string())),
            num(f.characteristic_pu, 2),
            num(f.unbalance * 100.0, 0),
        ];
        let (en, id) = (
            "class {} (six-phase method {}), characteristic voltage {} pu, phases unequal by {} %",
            "kelas {} (metode enam fasa {}), tegangan karakteristik {} pu, ketidaksamaan fasa {} %",
        );
        c.supports(if f.unbalance > ALIKE { 0.15 } else { 0.0 }, "F1", en, id, values);
    }
    if f.phase_jump_deg.abs() > JUMP_DEG && class_fits {
        let values = vec![num(f.phase_jump_deg, 1)];
        c.supports(0.1, "F1", "the phase jumps by {}°", "fasa melompat {}°", values);
    }
    if e.duration_s < CLEARED_S && !e.open {
        c.supports(
            0.1,
            "F1",
            "it lasts {} s, as long as protection takes to clear a short circuit",
            "berlangsung {} s, selama proteksi memutus hubung singkat",
            vec![num(e.duration_s, 3)],
        );
    } else if e.duration_s >= CLEARED_S && f.depth_pu < GONE_PU {
        c.contradicts(
            0.3,
            "F1",
            "it lasts {} s, longer than protection lets a short circuit last",
            "berlangsung {} s, lebih lama daripada proteksi membiarkan hubung singkat",
            vec![num(e.duration_s, 1)],
        );
    }
    if f.stages.len() > 1 {
        c.supports(
            0.05,
            "F1",
            "it has {} stages: the fault develops, or breakers open one after the other",
            "terdiri dari {} tahap: gangguan berkembang, atau pemutus membuka bergantian",
            vec![num(f.stages.len() as f64, 0)],
        );
    }
    current(&mut c, a, f);
    vote(&mut c, f, None, 0.0);
    c
}

/// What the current says about a fault.
fn current(c: &mut Case, a: &Analysis, f: &DipForm) {
    let values = vec![num(f.current_ratio, 2)];
    if f.current_ratio > 2.0 {
        c.supports(
            0.1,
            "D1",
            "the current rises to {} times what it was",
            "arus naik menjadi {} kali semula",
            values,
        );
    } else if f.direction.side == Side::Upstream {
        c.supports(
            0.1,
            "D1",
            "the current does not rise ({} times what it was at most): the source is upstream",
            "arus tidak naik (paling tinggi {} kali semula): sumbernya di hulu",
            values,
        );
    }
    if f.direction.side == Side::Downstream && f.depth_pu < LOAD_PU {
        c.contradicts(
            0.25,
            "F1",
            "a large load that is switched on ({} times the current, {} pu deep) looks the same",
            "beban besar yang dinyalakan ({} kali arus semula, sedalam {} pu) tampak sama",
            vec![num(f.current_ratio, 2), num(f.depth_pu, 2)],
        );
    }
    if a.power_pairs.is_empty() {
        c.contradicts(0.0, "D1", "no current is measured", "arus tidak diukur", vec![]);
    }
}

/// The start and the recovery that a motor and a transformer share.
fn inrush(c: &mut Case, rule: &'static str, f: &DipForm, shape: bool) {
    let (en, id) = (
        "{} % of the depth comes within a cycle and a half, and at most {} % goes as fast: a gradual recovery",
        "{} % dari kedalaman muncul dalam satu setengah siklus, dan paling banyak {} % pulih secepat itu: pemulihan bertahap",
    );
    if shape {
        c.supports(0.2, rule, en, id, edges(f));
    } else {
        c.contradicts(
            0.3,
            rule,
            "{} % of the depth comes, and {} % goes, within a cycle and a half: no gradual recovery",
            "{} % dari kedalaman muncul, dan {} % pulih, dalam satu setengah siklus: tidak pulih bertahap",
            edges(f),
        );
    }
    let values = vec![num(f.current_ratio, 2), num(f.current_after_ratio, 2)];
    if f.current_ratio > INRUSH {
        c.supports(
            0.15,
            rule,
            "inrush: the current rises to {} times what it was, and is {} times after",
            "arus masuk: arus naik menjadi {} kali semula, dan {} kali sesudahnya",
            values,
        );
    } else if f.current_ratio.is_finite() {
        c.contradicts(
            0.3,
            rule,
            "no inrush: the current rises to {} times what it was only, and is {} times after",
            "tanpa arus masuk: arus hanya naik menjadi {} kali semula, dan {} kali sesudahnya",
            values,
        );
    } else {
        c.contradicts(0.0, rule, "no current is measured", "arus tidak diukur", vec![]);
    }
}

fn motor(e: &Event, f: &DipForm) -> Case {
    let mut c = begin(Cause::MotorStart, 0.2, e, f);
    inrush(&mut c, "M1", f, f.shape == Shape::Recovering);
    let values = vec![num(f.unbalance * 100.0, 1)];
    if f.unbalance < ALIKE {
        c.supports(
            0.15,
            "M1",
            "the phases fall alike (within {} %)",
            "ketiga fasa turun serupa (dalam {} %)",
            values,
        );
    } else if f.unbalance.is_finite() {
        c.contradicts(
            0.0,
            "M1",
            "the phases fall unequally ({} %): a single-phase motor, or no motor",
            "fasa turun tidak sama ({} %): motor satu fasa, atau bukan motor",
            values,
        );
    }
    if f.current_after_ratio > 1.02 && f.current_after_ratio < 0.7 * f.current_ratio {
        c.supports(
            0.1,
            "M1",
            "the current settles at {} times what it was: something runs that did not run before",
            "arus menetap pada {} kali semula: ada yang berjalan yang tadinya tidak",
            vec![num(f.current_after_ratio, 2)],
        );
    }
    if f.second_harmonic_ratio > SATURATED {
        c.contradicts(
            0.3,
            "M1",
            "the current has {} % of 2nd harmonic, which iron makes, not a motor",
            "arus mengandung {} % harmonik ke-2, yang berasal dari inti besi, bukan motor",
            vec![num(f.second_harmonic_ratio * 100.0, 0)],
        );
    }
    vote(&mut c, f, Some(Side::Downstream), 0.1);
    c
}

fn transformer(e: &Event, f: &DipForm) -> Case {
    let mut c = begin(Cause::TransformerEnergising, 0.1, e, f);
    inrush(&mut c, "T1", f, matches!(f.shape, Shape::Recovering | Shape::Magnetising));
    let values = vec![num(f.second_harmonic_ratio * 100.0, 0)];
    if f.second_harmonic_ratio > SATURATED {
        c.supports(
            0.35,
            "T1",
            "the 2nd harmonic of the inrush is {} % of its fundamental",
            "harmonik ke-2 arus masuk sebesar {} % dari fundamentalnya",
            values,
        );
    } else {
        c.contradicts(
            0.2,
            "T1",
            "the 2nd harmonic of the current is {} % only, or not measured",
            "harmonik ke-2 arus hanya {} %, atau tidak diukur",
            values,
        );
    }
    if f.unbalance > ALIKE {
        c.supports(
            0.05,
            "T1",
            "the phases fall unequally, by {} %",
            "fasa turun tidak sama, sebesar {} %",
            vec![num(f.unbalance * 100.0, 0)],
        );
    }
    vote(&mut c, f, Some(Side::Downstream), 0.1);
    c
}
