//! What happened, in a few plain sentences.

use kilat_core::diagnosis::{Cause, Finding, Lang};
use kilat_core::limits::curves::Region;
use kilat_core::{EventKind, Kind, Part};

use super::view::{View, event_region, three};

/// Class of the summary: `bad`, `warn` or `good`.
pub(super) fn severity(v: &View, findings: &[Finding]) -> &'static str {
    let events = v.a.events.iter().map(event_region);
    let worst = events.chain(v.a.transients.iter().map(|t| v.transient_region(t))).max();
    match worst {
        Some(Region::Prohibited) => "bad",
        _ if findings.iter().any(|f| f.cause <= Cause::ImpulsiveSurge) => "bad",
        None if findings.is_empty() => "good",
        _ => "warn",
    }
}

fn count(v: &View, kind: EventKind) -> usize {
    v.system_events().iter().filter(|e| e.kind == kind).count()
}

/// Key figures: value and name.
pub(super) fn tiles(v: &View) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = [
        (EventKind::Dip, v.t.dips),
        (EventKind::Swell, v.t.swells),
        (EventKind::Interruption, v.t.interruptions),
    ]
    .map(|(kind, name)| (count(v, kind).to_string(), name.to_owned()))
    .into();
    out.push((v.a.rvc.len().to_string(), v.t.rapid_changes.into()));
    let transients = v.a.config.measures(Part::Transients).then_some(v.a.transients.len());
    out.push((transients.map_or("–".into(), |n| n.to_string()), v.t.transients.into()));
    let (lowest, highest) = half_cycle_range(v);
    if lowest.is_finite() {
        let both = format!("{} – {} %", v.n(lowest * 100.0, 1), v.n(highest * 100.0, 1));
        out.push((
            both,
            format!(
                "Urms(1/2), {}",
                v.t.percent_nominal.split(" (").nth(1).unwrap_or("").trim_end_matches(')')
            ),
        ));
    }
    let (_, hz, _) = three(v.a.intervals.frequency_hz.iter().copied());
    if hz.is_finite() {
        out.push((format!("{} Hz", v.n(hz, 3)), format!("{}, {}", v.t.frequency, v.t.median.to_lowercase())));
    }
    let voltages: Vec<usize> =
        v.supply_voltages().into_iter().filter(|&c| c < v.a.harmonics.thd_subgroup_pct.ncols()).collect();
    let thd = voltages.iter().map(|&c| three(v.a.harmonics.thd_subgroup_pct.column(c).iter().copied()).1);
    let thd = thd.fold(f64::NAN, f64::max);
    if thd.is_finite() {
        out.push((format!("{} %", v.n(thd, 2)), v.t.thd.split(" (").next().unwrap_or("").to_owned()));
    }
    let pst = v.a.flicker.iter().flat_map(|f| &f.pst.severity).copied().fold(f64::NAN, f64::max);
    if pst.is_finite() {
        out.push((v.n(pst, 2), v.t.pst_largest.to_owned()));
    }
    out
}

/// Smallest and largest Urms(1/2) over Udin of all voltages.
fn half_cycle_range(v: &View) -> (f64, f64) {
    let all = v.supply_voltages().into_iter().filter_map(|c| v.a.half_cycles.get(c).map(|h| (c, h)));
    let all = all.flat_map(|(c, h)| h.u_rms_v.iter().map(move |u| u / v.a.channels[c].udin_v));
    let (lo, _, hi) = three(all);
    (lo, hi)
}

/// The summary.
pub(super) fn sentences(v: &View, findings: &[Finding]) -> Vec<String> {
    let mut out = vec![what(v)];
    out.extend(worst(v));
    out.extend(transients(v));
    out.extend(cause(v, findings));
    out
}

fn what(v: &View) -> String {
    let voltages = v.a.voltages().count();
    let currents = v.a.channels.iter().filter(|c| c.kind == Kind::Current).count();
    let duration = v.duration(v.a.time.duration_s());
    let counts = [
        (count(v, EventKind::Dip), ["dip", "dips"], "kedip tegangan"),
        (count(v, EventKind::Swell), ["swell", "swells"], "lonjakan tegangan"),
        (count(v, EventKind::Interruption), ["interruption", "interruptions"], "interupsi"),
    ];
    let list: Vec<String> = counts
        .iter()
        .filter(|c| c.0 > 0)
        .map(|(n, en, id)| match v.lang {
            Lang::En => format!("{n} {}", en[usize::from(*n > 1)]),
            Lang::Id => format!("{n} {id}"),
        })
        .collect();
    let (lo, hi) = half_cycle_range(v);
    let (lo, hi) = (v.n(lo * 100.0, 1), v.n(hi * 100.0, 1));
    match (v.lang, list.is_empty()) {
        (Lang::En, false) => format!(
            "In {duration} of {voltages} voltage and {currents} current channels, {} crossed the thresholds; Urms(1/2) went from {lo} % to {hi} % of Udin.",
            list.join(", ")
        ),
        (Lang::En, true) => format!(
            "In {duration} of {voltages} voltage and {currents} current channels no dip, swell or interruption occurred; Urms(1/2) stayed between {lo} % and {hi} % of Udin."
        ),
        (Lang::Id, false) => format!(
            "Dalam {duration} rekaman {voltages} kanal tegangan dan {currents} kanal arus, {} melewati ambang; Urms(1/2) bergerak dari {lo} % sampai {hi} % dari Udin.",
            list.join(", ")
        ),
        (Lang::Id, true) => format!(
            "Dalam {duration} rekaman {voltages} kanal tegangan dan {currents} kanal arus tidak terjadi kedip, lonjakan, atau interupsi; Urms(1/2) tetap antara {lo} % dan {hi} % dari Udin."
        ),
    }
}

fn worst(v: &View) -> Option<String> {
    let e = v.channel_events().into_iter().max_by(|a, b| {
        event_region(a).cmp(&event_region(b)).then(a.depth_pct.abs().total_cmp(&b.depth_pct.abs()))
    })?;
    let kind = v.t.event(e.kind);
    let channel = v.name(e.extreme_channel);
    let (volts, pu, length) = (v.quantity(e.residual_v), v.n(e.magnitude_pu, 3), v.duration(e.duration_s));
    let region = v.t.region_of(event_region(e));
    let start = v.n(v.a.seconds(e.start_sample), 3);
    let at = v.moment(e.start_sample);
    let open = if e.open { format!(" ({})", v.t.open) } else { String::new() };
    let doubt = match (v.lang, v.itic_is_indicative()) {
        (_, false) => "",
        (Lang::En, true) => ", indicative at this voltage",
        (Lang::Id, true) => ", indikatif pada tegangan ini",
    };
    Some(match v.lang {
        Lang::En => {
            let at = at.map_or(String::new(), |t| format!(" ({t} UTC)"));
            format!(
                "The worst is a {kind} on {channel} to {volts} V, {pu} pu, from {start} s{at}, lasting {length}{open}. On the ITIC curve that is “{region}”{doubt}."
            )
        }
        Lang::Id => {
            let at = at.map_or(String::new(), |t| format!(" ({t} UTC)"));
            format!(
                "Yang terburuk adalah {kind} pada {channel} hingga {volts} V, {pu} pu, mulai {start} s{at}, selama {length}{open}. Pada kurva ITIC hal itu termasuk “{region}”{doubt}."
            )
        }
    })
}

fn transients(v: &View) -> Option<String> {
    let n = v.a.transients.len();
    let t = v.a.transients.iter().max_by(|a, b| a.peak_pu.abs().total_cmp(&b.peak_pu.abs()))?;
    let (name, pu, start) =
        (v.name(t.channel), v.n(t.peak_pu.abs(), 2), v.n(v.a.seconds(t.start_sample as f64), 3));
    let kind = v.t.transient(t.kind);
    let limit = if t.resolvable && !t.clipped {
        String::new()
    } else {
        format!(" ({})", if t.clipped { v.t.clipped } else { v.t.unresolved })
    };
    Some(match v.lang {
        Lang::En => format!(
            "{n} transient{}; the largest, {kind}, departs on {name} at {start} s by {pu} of the nominal peak voltage{limit}.",
            if n == 1 { "" } else { "s" }
        ),
        Lang::Id => format!(
            "{n} transien; yang terbesar, {kind}, menyimpang pada {name} di {start} s sebesar {pu} kali tegangan puncak nominal{limit}."
        ),
    })
}

/// Why no cause is named.
pub(super) fn no_finding(v: &View) -> &'static str {
    if v.a.config.only.is_empty() { v.t.no_finding } else { v.t.not_sought }
}

fn cause(v: &View, findings: &[Finding]) -> Vec<String> {
    if findings.iter().all(|f| f.cause == Cause::Unknown) {
        return if v.a.events.is_empty() && v.a.transients.is_empty() {
            Vec::new()
        } else {
            vec![no_finding(v).to_owned()]
        };
    }
    findings
        .iter()
        .filter(|f| f.cause != Cause::Unknown)
        .map(|f| {
            let name = f.text(v.lang).cause.to_lowercase();
            let percent = v.n(f.confidence * 100.0, 0);
            format!("{}: {name}, {} {percent} %.", v.t.findings, v.t.confidence)
        })
        .collect()
}
