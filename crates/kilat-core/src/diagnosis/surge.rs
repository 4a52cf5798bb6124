//! L1 and L2: an impulsive surge. It is compatible with lightning; lightning it is only with a storm that somebody saw.

use super::answers::{Answers, Damage};
use super::case::{Case, num};
use super::claims::Open;
use super::tables::rate;
use super::{Cause, Finding};
use crate::engine::analysis::Analysis;
use crate::pq::events::{Event, EventKind};
use crate::pq::transients::{Transient, TransientForm, TransientKind, surge_seen};

/// Below this part of the nominal peak, contacts and coils of an installation make impulses too. It is held against the least
/// that the impulse was before the recorder, if it is a surge of 1.2/50 µs.
const SMALL_PU: f64 = 0.4;
/// A flashover leaves less than this of a voltage.
const FLASHED_OVER_PU: f64 = 0.7;
/// Longest impulse, in seconds.
const LONGEST_S: f64 = 2e-3;
/// Ringing slower than this is the network's, not the impulse's.
const NETWORK_HZ: f64 = 5e3;
/// Impulses within this time are strokes of one flash, in seconds.
const FLASH_S: f64 = 1.0;
/// Most strokes that a flash was ever seen to have; a contact that burns makes more.
const MOST_STROKES: usize = 26;
/// What an impulse leaves behind ends within this, in seconds.
const AFTERMATH_S: f64 = 0.03;
/// Part of the largest peak that another phase must show in the same direction.
const COMMON: f64 = 0.2;
/// Largest change of a voltage that is none, in %.
const NO_STEP_PCT: f64 = 2.0;

/// Flashes, each with its strokes.
pub(super) fn impulsive_surge(a: &Analysis, answers: Answers, open: &mut Open<'_>) -> Vec<Finding> {
    let strokes: Vec<(usize, &Transient)> = open.transients().filter(|(_, t)| is_impulse(t)).collect();
    let mut flashes: Vec<Vec<(usize, &Transient)>> = Vec::new();
    for s in strokes {
        match flashes.last_mut() {
            Some(f)
                if f.last().is_some_and(|l| {
                    s.1.start_sample as f64 - l.1.stop_sample as f64 <= open.samples(FLASH_S)
                }) =>
            {
                f.push(s);
            }
            _ => flashes.push(vec![s]),
        }
    }
    let mut found = Vec::new();
    for flash in flashes {
        let case = weigh(a, answers, &flash);
        if !case.is_named() {
            continue;
        }
        // A flashover and its clearing are part of it.
        let margin = open.samples(AFTERMATH_S);
        let stop = flashover(a, case.start_sample).map_or(case.stop_sample, |e| e.stop_sample);
        open.claim(case.start_sample - margin, stop.max(case.stop_sample + margin));
        found.push(case.decide());
    }
    found
}

/// The dip or interruption that begins within a flash whose first stroke is at sample `start`, the longest.
fn flashover(a: &Analysis, start: f64) -> Option<&Event> {
    let (margin, flash) = (AFTERMATH_S * rate(a), FLASH_S * rate(a));
    a.events
        .iter()
        .filter(|e| e.kind != EventKind::Swell && e.magnitude_pu < FLASHED_OVER_PU)
        .filter(|e| (start - margin..start + flash).contains(&e.start_sample))
        .max_by(|x, y| x.stop_sample.total_cmp(&y.stop_sample))
}

/// The voltage begins to fall with a stroke at sample `start`, not after it.
fn falls_with(a: &Analysis, start: f64) -> bool {
    let falls = |e: &Event| e.kind != EventKind::Swell && e.magnitude_pu < FLASHED_OVER_PU;
    a.events.iter().any(|e| falls(e) && (e.start_sample - start).abs() < AFTERMATH_S * rate(a))
}

fn is_impulse(t: &Transient) -> bool {
    let spike = t.kind == TransientKind::Impulsive || t.ringing_hz > NETWORK_HZ;
    spike && t.duration_s < LONGEST_S && t.kind != TransientKind::Notching
}

fn weigh(a: &Analysis, answers: Answers, flash: &[(usize, &Transient)]) -> Case {
    // The stroke that most phases show, and of these the largest: the others of a flash may find fuses blown.
    let rank = |t: &Transient| (common(t), t.peak_pu.abs());
    let largest = flash.iter().copied().max_by(|x, y| {
        let (x, y) = (rank(x.1), rank(y.1));
        x.0.cmp(&y.0).then(x.1.total_cmp(&y.1))
    });
    let mut channels: Vec<usize> = flash.iter().flat_map(|(_, t)| t.peaks.iter().map(|p| p.0)).collect();
    channels.sort_unstable();
    channels.dedup();
    let start = flash.iter().map(|f| f.1.start_sample as f64).fold(f64::INFINITY, f64::min);
    let stop = flash.iter().map(|f| f.1.stop_sample as f64).fold(0.0, f64::max);
    let mut c = Case::new(Cause::ImpulsiveSurge, 0.25).at(channels, start, stop);
    let Some((index, t)) = largest else { return c };
    c.number("strokes", flash.len() as f64);
    c.number("peak_v", t.peak_v);
    c.number("peak_pu", t.peak_pu);
    c.number("rise_s", t.rise_s);
    c.number("duration_s", t.duration_s);
    c.number("sample_rate_hz", rate(a));
    c.supports(
        match t.peak_pu.abs() {
            p if p >= 1.0 => 0.3,
            p if p >= 0.5 => 0.1,
            _ => 0.0,
        },
        "L1",
        "one spike of {} ms departs from the wave by {} of the nominal peak, at {}° of the wave",
        "satu paku tegangan selama {} ms menyimpang {} kali puncak nominal, pada {}° gelombang",
        vec![num(t.duration_s * 1e3, 2), num(t.peak_pu.abs(), 2), num(t.point_on_wave_deg, 0)],
    );
    let before_recorder = t.peak_pu.abs() / surge_seen(rate(a)).1;
    if before_recorder < SMALL_PU {
        c.contradicts(
            0.3,
            "L1",
            "it is small: {} of the nominal peak, which a contact of the installation can do",
            "kecil: {} kali puncak nominal, yang dapat disebabkan kontak dalam instalasi",
            vec![num(t.peak_pu.abs(), 2)],
        );
    }
    if is_switching_on(t) {
        c.contradicts(
            0.3,
            "L1",
            "it goes towards zero and not beyond, as a capacitor or a short circuit pulls the voltage when it is connected",
            "mengarah ke nol dan tidak melewatinya, seperti tarikan kapasitor atau hubung singkat saat tersambung",
            vec![],
        );
    }
    phases(&mut c, a, t);
    if let Some(form) = a.transient_forms.iter().find(|f| f.transient == index) {
        steps(&mut c, a, form, t);
    }
    // The strokes of a flash bring charge of one sign down, and do not stop at zero.
    let is_stroke = |s: &Transient| s.polarity == t.polarity && common(s) > 1 && !is_switching_on(s);
    let alike = flash.iter().filter(|(_, s)| is_stroke(s)).count();
    if let Some(e) = flashover(a, start) {
        let values = vec![num(e.magnitude_pu, 2)];
        if alike < 2 && falls_with(a, start) {
            c.contradicts(
                0.4,
                "L1",
                "it is the only one, and with it the voltage falls to {} pu: the edge of a short circuit looks the same",
                "hanya ada satu, dan bersamanya tegangan turun menjadi {} pu: tepi hubung singkat tampak sama",
                values,
            );
        } else {
            c.supports(
                0.15,
                "L1",
                "within a second of it the voltage falls to {} pu: a flashover, or protection that opens",
                "dalam satu detik sesudahnya tegangan turun menjadi {} pu: flashover, atau proteksi yang membuka",
                values,
            );
        }
    }
    if flash.len() > MOST_STROKES {
        c.contradicts(
            0.4,
            "L1",
            "{} impulses follow one another, more than the strokes of any flash: a contact that burns does that",
            "{} impuls berurutan, lebih banyak daripada sambaran kilat mana pun: kontak yang terbakar melakukannya",
            vec![num(flash.len() as f64, 0)],
        );
    } else if alike > 1 {
        c.supports(
            0.1,
            "L1",
            "{} such impulses of one polarity follow each other within a second, as strokes of one flash do",
            "{} impuls sejenis dengan polaritas sama berurutan dalam satu detik, seperti sambaran berulang dari satu kilat",
            vec![num(alike as f64, 0)],
        );
    }
    limits(&mut c, a, t);
    asked(&mut c, answers);
    c
}

/// Phases that show it in the direction of the largest.
fn common(t: &Transient) -> usize {
    t.peaks.iter().filter(|p| p.1 * t.peak_pu > 0.0 && p.1.abs() >= COMMON * t.peak_pu.abs()).count()
}

/// What is connected to a voltage can pull it to zero at most.
fn is_switching_on(t: &Transient) -> bool {
    t.towards_zero && t.peak_pu.abs() < t.point_on_wave_deg.to_radians().sin().abs()
}

/// Several phases, one direction: what comes in along a line comes in on all conductors.
fn phases(c: &mut Case, a: &Analysis, t: &Transient) {
    let together = common(t);
    let measured = a.voltages().filter(|v| a.channels[*v].udin_v > 0.0).count();
    if together > 1 {
        c.supports(
            0.25,
            "L1",
            "{} phases show it in the same direction: common-mode content",
            "{} fasa menunjukkannya dalam arah yang sama: bersifat common-mode",
            vec![num(together as f64, 0)],
        );
    } else if t.peaks.len() > 2 && t.peak_pu.abs() >= 1.0 {
        c.contradicts(
            0.1,
            "L1",
            "{} voltages show it, in unlike directions",
            "{} tegangan menunjukkannya, dalam arah yang berbeda",
            vec![num(t.peaks.len() as f64, 0)],
        );
    } else if measured > 1 {
        c.contradicts(
            0.4,
            "L1",
            "only one of {} voltages shows it in this direction: switching inside the installation does that",
            "hanya satu dari {} tegangan menunjukkannya dalam arah ini: pensaklaran di dalam instalasi dapat melakukannya",
            vec![num(measured as f64, 0)],
        );
    } else {
        c.contradicts(
            0.0,
            "L1",
            "only one voltage is measured, so common-mode content cannot be seen",
            "hanya satu tegangan yang diukur, sehingga sifat common-mode tidak dapat dilihat",
            vec![],
        );
    }
    if t.kind == TransientKind::Oscillatory {
        c.contradicts(
            0.1,
            "L1",
            "it rings at {} kHz",
            "terjadi osilasi {} kHz",
            vec![num(t.ringing_hz / 1e3, 1)],
        );
    }
}

/// Nothing is switched: voltage and power are the same before and after.
fn steps(c: &mut Case, a: &Analysis, form: &TransientForm, t: &Transient) {
    // A dip or interruption that begins with it, or in the cycles looked at after it, is a flashover that followed.
    let at = t.stop_sample as f64;
    let soon = at + 5.0 * rate(a) / a.config.nominal_frequency_hz;
    let lost = a.events.iter().any(|e| {
        let begins = e.start_sample < soon && e.stop_sample > at;
        begins && e.kind != EventKind::Swell && e.magnitude_pu < FLASHED_OVER_PU
    });
    if form.voltage_step_pct.abs() < NO_STEP_PCT {
        c.supports(
            0.1,
            "L1",
            "no step of the r.m.s. voltage: {} % of Udin from before to after",
            "tidak ada perubahan tegangan efektif: {} % dari Udin dari sebelum ke sesudah",
            vec![num(form.voltage_step_pct, 2)],
        );
    } else if !lost {
        c.contradicts(
            0.2,
            "L1",
            "the r.m.s. voltage steps by {} % of Udin with it: something was switched",
            "tegangan efektif berubah {} % dari Udin bersamanya: ada yang disakelar",
            vec![num(form.voltage_step_pct, 1)],
        );
    }
    let share = form.active_step_w.hypot(form.reactive_step_var) / form.apparent_before_va.max(1.0);
    if share > 0.15 && !lost {
        c.contradicts(
            0.3,
            "L1",
            "the load changes by {} % with it: something was switched",
            "beban berubah {} % bersamanya: ada yang disakelar",
            vec![num(share * 100.0, 0)],
        );
    }
}

/// L2: what this rate can and cannot say.
fn limits(c: &mut Case, a: &Analysis, t: &Transient) {
    let rate_hz = rate(a);
    let (low, high) = surge_seen(rate_hz);
    if t.clipped {
        c.contradicts(
            0.0,
            "L2",
            "the converter was at its limit: the true peak is larger",
            "konverter berada pada batasnya: puncak sebenarnya lebih besar",
            vec![],
        );
    }
    if t.resolvable && rate_hz > 50e3 {
        c.supports(
            0.1,
            "L2",
            "front of {} µs, resolved at {} kS/s; of a 1.2/50 µs surge this rate shows {} to {} of the height",
            "muka {} µs, teresolusi pada {} kS/s; dari surja 1,2/50 µs laju ini menunjukkan {} sampai {} tingginya",
            vec![num(t.rise_s * 1e6, 1), num(rate_hz / 1e3, 1), num(low, 2), num(high, 2)],
        );
    } else {
        c.supports(
            0.05,
            "L2",
            "fast transient present; peak and front not measurable at {} kS/s, where a 1.2/50 µs surge of height 1 shows as \
             {} to {}",
            "terdapat transien cepat; puncak dan muka tidak terukur pada {} kS/s, di mana surja 1,2/50 µs setinggi 1 tampak \
             sebagai {} sampai {}",
            vec![num(rate_hz / 1e3, 1), num(low, 2), num(high, 2)],
        );
    }
}

/// What the user saw.
fn asked(c: &mut Case, answers: Answers) {
    match answers.storm {
        Some(true) => c.supports(
            0.1,
            "L1",
            "a thunderstorm was there at that time (user's answer): probably lightning",
            "ada badai petir pada waktu itu (jawaban pengguna): kemungkinan petir",
            vec![],
        ),
        Some(false) => c.contradicts(
            0.2,
            "L1",
            "no thunderstorm at that time (user's answer): not lightning, a surge of another origin",
            "tidak ada badai petir pada waktu itu (jawaban pengguna): bukan petir, surja dari sumber lain",
            vec![],
        ),
        None => c.contradicts(
            0.0,
            "L1",
            "compatible with lightning, which only a thunderstorm at that date and time can confirm",
            "sesuai dengan petir, yang hanya dapat dipastikan oleh badai petir pada tanggal dan jam itu",
            vec![],
        ),
    }
    match answers.damage {
        Some(Damage::DataPorts | Damage::PowerSupplies) => c.supports(
            0.05,
            "L1",
            "only data ports or power supplies were damaged, as by a surge (user's answer)",
            "hanya port data atau catu daya yang rusak, seperti oleh surja (jawaban pengguna)",
            vec![],
        ),
        Some(Damage::ManyLoads | Damage::Heat) => c.contradicts(
            0.15,
            "L1",
            "many unlike loads or signs of heat speak for a sustained over-voltage (user's answer)",
            "banyak beban berbeda atau bekas panas menunjukkan tegangan lebih yang bertahan (jawaban pengguna)",
            vec![],
        ),
        _ => {}
    }
    c.neighbours(answers);
}
