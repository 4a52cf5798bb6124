//! The tables of the report, as rows of finished texts.

use std::collections::BTreeSet;

use kilat_core::diagnosis::{Finding, Text};
use kilat_core::engine::analysis::{ChannelInfo, Flicker};
use kilat_core::limits::curves::Region;
use kilat_core::pq::power::energy::Energy;
use kilat_core::{Class, Event, Flags, Kind, Warning};
use serde::Serialize;

use super::ROWS;
use super::view::{View, event_region, three};
use crate::suggest;

pub(super) fn title(v: &View) -> String {
    let given = v.options.title.clone();
    let of = |s: &str| (!s.trim().is_empty()).then(|| s.trim().to_owned());
    given
        .or_else(|| of(&v.capture.station))
        .or_else(|| of(&v.capture.source))
        .unwrap_or_else(|| v.t.report.into())
}

/// Label, value, and what was assumed about it.
pub(super) fn heading(v: &View) -> Vec<(&'static str, String, String)> {
    let (c, a, t) = (v.capture, v.a, v.t);
    let or_unknown = |s: &str| if s.trim().is_empty() { t.unknown.to_owned() } else { s.trim().to_owned() };
    let assumed = |at: &str| {
        if v.options.assumed.iter().any(|w| w.at == at) { t.assumed.to_owned() } else { String::new() }
    };
    let plain = String::new;
    let rate =
        a.time.rate().map_or(t.several_rates.to_owned(), |r| format!("{} Hz", v.quantity_short(r.hz())));
    let g = &a.config;
    let thresholds = format!(
        "{} {}, {} {}, {} {}, {} {}",
        t.dip,
        v.short(g.dip_pct),
        t.swell,
        v.short(g.swell_pct),
        t.interruption,
        v.short(g.interruption_pct),
        t.hysteresis,
        v.short(g.hysteresis_pct)
    );
    let class = match g.class {
        Class::A => "A",
        Class::S => "S",
    };
    let all: Vec<usize> = (0..a.channels.len()).collect();
    let mut out = vec![
        (t.station, or_unknown(&c.station), plain()),
        (t.device, or_unknown(&c.device), plain()),
        (t.file, or_unknown(&c.source), plain()),
        (t.format, or_unknown(&c.format), plain()),
        (t.start, v.moment(0.0).unwrap_or_else(|| t.unknown.into()), plain()),
        (t.duration, v.duration(a.time.duration_s()), plain()),
        (t.rate, format!("{rate}, {} {}", c.len(), t.samples), plain()),
        (t.wiring, t.wiring_of(a.wiring).into(), plain()),
        (t.channels, v.names(&all), plain()),
        (t.udin, format!("{} V", v.quantity(g.nominal_voltage_v)), assumed(suggest::VOLTAGE)),
        (t.nominal_frequency, format!("{} Hz", v.short(g.nominal_frequency_hz)), assumed(suggest::FREQUENCY)),
        (t.thresholds, thresholds, plain()),
        (t.class, format!("{class}, {}", g.edition), plain()),
        (t.software, format!("kilat {}", env!("CARGO_PKG_VERSION")), plain()),
    ];
    if let Some(hash) = &v.options.file_sha256 {
        out.push((t.fingerprint, hash.clone(), plain()));
    }
    out
}

impl View<'_> {
    /// A setting, with no more decimals than it has.
    fn short(&self, value: f64) -> String {
        let decimals = (0..3).find(|d| (value * 10f64.powi(*d)).fract() == 0.0).unwrap_or(3);
        self.n(value, decimals as usize)
    }

    /// A rate: whole when it is whole.
    fn quantity_short(&self, value: f64) -> String {
        self.n(value, if value.fract() == 0.0 { 0 } else { 6 })
    }
}

pub(super) fn region_class(region: Region) -> &'static str {
    match region {
        Region::Prohibited => "prohibited",
        Region::NoDamage => "no_damage",
        Region::NoInterruption => "no_interruption",
        Region::Unstated => "unstated",
    }
}

#[derive(Serialize)]
pub(super) struct EventRow {
    system: bool,
    kind: &'static str,
    channels: String,
    start_utc: String,
    start_s: String,
    duration_s: String,
    extreme_v: String,
    extreme_pu: String,
    depth: String,
    category: &'static str,
    region: &'static str,
    region_class: &'static str,
    remarks: String,
}

/// Rows of the event table, and how many events are left out.
pub(super) fn events(v: &View) -> (Vec<EventRow>, usize) {
    // An event of the system that is one of a single channel to the last figure needs one row, not two.
    let key = |e: &Event| (e.kind, e.channels, e.start_sample.to_bits(), e.stop_sample.to_bits());
    let of_system: BTreeSet<_> = v.a.events.iter().filter(|e| e.polyphase).map(key).collect();
    let listed: Vec<&Event> =
        v.a.events.iter().filter(|e| e.polyphase || !of_system.contains(&key(e))).collect();
    let rows = listed.iter().take(ROWS).map(|e| {
        let region = event_region(e);
        let mut remarks: Vec<String> = Vec::new();
        if e.polyphase {
            remarks.push(v.t.system.into());
        }
        if e.open {
            remarks.push(v.t.open.into());
        }
        // An event overlaps itself; that flag says nothing here.
        remarks.extend((e.flags - Flags::EVENT).iter_names().map(|(name, _)| name.to_lowercase()));
        EventRow {
            system: e.polyphase,
            kind: v.t.event(e.kind),
            channels: v.names(&e.channels),
            start_utc: v.moment(e.start_sample).unwrap_or_else(|| "–".into()),
            start_s: v.n(v.a.seconds(e.start_sample), 3),
            duration_s: v.n(e.duration_s, 3),
            extreme_v: v.quantity(e.residual_v),
            extreme_pu: v.n(e.magnitude_pu, 3),
            depth: v.n(e.depth_pct, 1),
            category: e.category,
            region: v.t.region_short(region),
            region_class: region_class(region),
            remarks: remarks.join(", "),
        }
    });
    (rows.collect(), listed.len().saturating_sub(ROWS))
}

#[derive(Serialize)]
pub(super) struct RapidRow {
    channels: String,
    start_utc: String,
    start_s: String,
    duration_s: String,
    steady_v: String,
    steady_pct: String,
    largest_v: String,
    largest_pct: String,
    remarks: &'static str,
}

/// Rows of the table of rapid voltage changes, and how many are left out.
pub(super) fn rapid_changes(v: &View) -> (Vec<RapidRow>, usize) {
    let rows = v.a.rvc.iter().take(ROWS).map(|e| RapidRow {
        channels: v.names(&e.channels),
        start_utc: v.moment(e.start_sample).unwrap_or_else(|| "–".into()),
        start_s: v.n(v.a.seconds(e.start_sample), 3),
        duration_s: v.n(e.duration_s, 3),
        steady_v: v.quantity(e.delta_steady_v),
        steady_pct: v.n(e.delta_steady_pct, 2),
        largest_v: v.quantity(e.delta_max_v),
        largest_pct: v.n(e.delta_max_pct, 2),
        remarks: if e.open { v.t.open } else { "" },
    });
    (rows.collect(), v.a.rvc.len().saturating_sub(ROWS))
}

#[derive(Serialize)]
pub(super) struct TransientRow {
    kind: &'static str,
    channel: String,
    start_utc: String,
    start_s: String,
    duration_ms: String,
    peak_v: String,
    peak_pu: String,
    instant_pu: String,
    rise_us: String,
    ringing_hz: String,
    region: &'static str,
    region_class: &'static str,
    remarks: String,
}

/// Rows of the transient table, and how many transients are left out.
pub(super) fn transients(v: &View) -> (Vec<TransientRow>, usize) {
    let rows = v.a.transients.iter().take(ROWS).map(|e| {
        let region = v.transient_region(e);
        let lower_limit = !e.resolvable || e.clipped;
        let bound = if lower_limit { "≥ " } else { "" };
        let mut remarks = Vec::new();
        if !e.resolvable {
            remarks.push(v.t.lower_limit);
        }
        if e.clipped {
            remarks.push(v.t.clipped);
        }
        TransientRow {
            kind: v.t.transient(e.kind),
            channel: v.name(e.channel).to_owned(),
            start_utc: v.moment(e.start_sample as f64).unwrap_or_else(|| "–".into()),
            start_s: v.n(v.a.seconds(e.start_sample as f64), 4),
            duration_ms: v.n(e.duration_s * 1e3, 3),
            peak_v: format!("{bound}{}", v.quantity(e.peak_v)),
            peak_pu: format!("{bound}{}", v.n(e.peak_pu, 3)),
            instant_pu: format!("{bound}{}", v.n(v.instant_pu(e), 3)),
            rise_us: if e.resolvable {
                v.n(e.rise_s * 1e6, 1)
            } else {
                format!("≤ {}", v.n(e.rise_s * 1e6, 1))
            },
            ringing_hz: v.n(e.ringing_hz, 0),
            region: v.t.region_short(region),
            region_class: region_class(region),
            remarks: remarks.join(", "),
        }
    });
    (rows.collect(), v.a.transients.len().saturating_sub(ROWS))
}

#[derive(Serialize)]
pub(super) struct FindingPanel {
    text: Text,
    percent: String,
    span: String,
    channels: String,
}

pub(super) fn findings(v: &View, findings: &[Finding]) -> Vec<FindingPanel> {
    let moment = |p: f64| match v.moment(p) {
        Some(t) => format!("{} s ({t} UTC)", v.n(v.a.seconds(p), 2)),
        None => format!("{} s", v.n(v.a.seconds(p), 2)),
    };
    let panel = |f: &Finding| FindingPanel {
        text: f.text(v.lang),
        percent: v.n(f.confidence * 100.0, 0),
        span: format!("{} – {}", moment(f.start_sample), moment(f.stop_sample)),
        channels: v.names(&f.channels),
    };
    findings.iter().map(panel).collect()
}

#[derive(Serialize)]
pub(super) struct ChannelRow {
    name: String,
    lowest: String,
    highest: String,
    rms: String,
    fundamental: String,
    thd: String,
    thd_max: String,
}

/// One row per channel: extremes and medians.
pub(super) fn channels(v: &View) -> Vec<ChannelRow> {
    let a = v.a;
    let row = |(i, c): (usize, &ChannelInfo)| {
        let unit = if c.kind == Kind::Current { "A" } else { "V" };
        let half = a.half_cycles.get(i).map_or(&[][..], |h| &h.u_rms_v);
        let (lowest, _, highest) = three(half.iter().copied());
        let rms = three((0..a.intervals.rms.nrows()).filter_map(|k| a.intervals.rms.get([k, i]).copied())).1;
        let h = &a.harmonics.subgroup;
        let fundamental = three((0..h.dim().0).filter_map(|k| h.get([k, i, 1]).map(|v| f64::from(*v)))).1;
        let d = &a.harmonics.thd_subgroup_pct;
        let (_, thd, thd_max) = three((0..d.nrows()).filter_map(|k| d.get([k, i]).copied()));
        let with_unit = |x: f64| if x.is_finite() { format!("{} {unit}", v.quantity(x)) } else { v.n(x, 0) };
        ChannelRow {
            name: c.name.clone(),
            lowest: v.quantity(lowest),
            highest: v.quantity(highest),
            rms: with_unit(rms),
            fundamental: with_unit(fundamental),
            thd: v.n(thd, 2),
            thd_max: v.n(thd_max, 2),
        }
    };
    a.channels.iter().enumerate().map(row).collect()
}

#[derive(Serialize)]
pub(super) struct FlickerRow {
    name: String,
    values: usize,
    flagged: usize,
    median: String,
    largest: String,
    plt: String,
}

/// One row per voltage with a Pst.
pub(super) fn flicker(v: &View) -> Vec<FlickerRow> {
    let rated = v.a.channels.iter().zip(&v.a.flicker).filter(|(_, f)| !f.pst.severity.is_empty());
    let row = |(c, f): (&ChannelInfo, &Flicker)| {
        let (_, median, largest) = three(f.pst.severity.iter().copied());
        FlickerRow {
            name: c.name.clone(),
            values: f.pst.severity.len(),
            flagged: f.pst.flags.iter().filter(|f| !f.is_empty()).count(),
            median: v.n(median, 3),
            largest: v.n(largest, 3),
            plt: v.n(three(f.plt.severity.iter().copied()).2, 3),
        }
    };
    rated.map(row).collect()
}

/// Name, smallest, median, largest; only what was measured.
pub(super) fn unbalance(v: &View) -> Vec<(&'static str, String, String, String)> {
    let u = &v.a.unbalance;
    [(v.t.u2, &u.u2_pct), (v.t.u0, &u.u0_pct), (v.t.i2, &u.i2_pct), (v.t.i0, &u.i0_pct)]
        .into_iter()
        .filter(|(_, x)| x.iter().any(|v| v.is_finite()))
        .map(|(name, x)| {
            let (lo, mid, hi) = three(x.iter().copied());
            (name, v.n(lo, 2), v.n(mid, 2), v.n(hi, 2))
        })
        .collect()
}

/// Pair, P, Q1, S, power factor: medians.
pub(super) fn power(v: &View) -> Vec<(String, String, String, String, String)> {
    let p = &v.a.power;
    let pairs = v.a.power_pairs.iter().enumerate().filter(|(i, _)| *i < p.p_w.ncols());
    let mid =
        |x: &ndarray::Array2<f64>, i: usize| three((0..x.nrows()).filter_map(|k| x.get([k, i]).copied())).1;
    pairs
        .map(|(i, &(u, c))| {
            (
                format!("{} · {}", v.name(u), v.name(c)),
                v.quantity(mid(&p.p_w, i)),
                v.quantity(mid(&p.q1_var, i)),
                v.quantity(mid(&p.s_va, i)),
                v.n(mid(&p.pf, i), 3),
            )
        })
        .collect()
}

/// Energy of a pair, or of all together.
#[derive(Serialize)]
pub(super) struct EnergyRow {
    of: String,
    import: String,
    export: String,
    reactive: String,
    apparent: String,
    counted: String,
}

/// Energy of each pair, then of all together; none without a current.
pub(super) fn energy(v: &View) -> Vec<EnergyRow> {
    let e = &v.a.energy;
    let pair = |&(u, i): &(usize, usize)| format!("{} · {}", v.name(u), v.name(i));
    let pairs = v.a.power_pairs.iter().map(pair).zip(&e.pairs);
    let row = |(of, e): (String, &Energy)| EnergyRow {
        of,
        import: v.quantity(e.import_wh),
        export: v.quantity(e.export_wh),
        reactive: e.reactive_varh.map(|x| v.quantity(x)).join(" / "),
        apparent: v.quantity(e.apparent_vah),
        counted: v.duration(e.counted_s),
    };
    pairs.chain(e.system.iter().map(|e| (v.t.energy_all.to_owned(), e))).map(row).collect()
}

/// How many basic intervals carry a flag, by flag.
pub(super) fn flagged(v: &View) -> String {
    let flags = &v.a.intervals.flags;
    let any = flags.iter().filter(|f| !f.is_empty()).count();
    let parts: Vec<String> = Flags::all()
        .iter_names()
        .map(|(name, flag)| (name.to_lowercase(), flags.iter().filter(|f| f.contains(flag)).count()))
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    let detail = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    format!("{any} / {}{detail}", flags.len())
}

/// Sample, time and length of each gap, and how many are left out.
pub(super) fn gaps(v: &View) -> (Vec<(String, String, String)>, usize) {
    let gaps = &v.a.gaps;
    let row = |g: &kilat_core::engine::analysis::Gap| {
        (g.sample.to_string(), v.n(v.a.seconds(g.sample as f64), 3), v.n(g.duration_s, 6))
    };
    (gaps.iter().take(ROWS).map(row).collect(), gaps.len().saturating_sub(ROWS))
}

/// Assumptions, then warnings of the reader, then of the analysis, each once; and how many are left out.
pub(super) fn warnings(v: &View) -> (Vec<Warning>, usize) {
    let mut all: Vec<Warning> = Vec::new();
    for w in v.options.assumed.iter().chain(&v.capture.warnings).chain(&v.a.warnings) {
        if !all.contains(w) {
            all.push(w.clone());
        }
    }
    let left_out = all.len().saturating_sub(ROWS);
    all.truncate(ROWS);
    (all, left_out)
}
