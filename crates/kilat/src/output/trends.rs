//! An analysis as observations, for PQDIF: what a monitor would have stored of it.

use kilat_core::engine::analysis::SeverityTable;
use kilat_core::engine::sink::Period;
use kilat_core::{Analysis, Capture, EventKind, Flags, Kind, Phase};
use kilat_io::{Observation, Observations, ObservedChannel, Series};
use ndarray::Axis;

use super::{AGGREGATES, Detail, Measured, measured};

/// The tables of `a`, an analysis of `capture`, as observations: one for each length of intervals, then 10-s frequency, flicker,
/// Urms(1/2) and events. Times count from the start of the capture; an interval is at its end, as IEC 61000-4-30 tags it.
///
/// Harmonics are in the observations of 10 min and 2 h, with [`Detail::Full`] in all. Rapid voltage changes, transients, energy
/// and findings have no place here.
pub fn trends(capture: &Capture, a: &Analysis, detail: Detail) -> Observations {
    let mut list: Vec<(&str, Vec<ObservedChannel>)> = Vec::new();
    for period in [Period::Basic].into_iter().chain(AGGREGATES) {
        let name = match period {
            Period::Basic => "10/12 cycles",
            Period::Cycles150 => "150/180 cycles",
            Period::TenMinutes => "10 min",
            Period::TwoHours => "2 h",
        };
        let harmonics = detail == Detail::Full || matches!(period, Period::TenMinutes | Period::TwoHours);
        list.push((name, intervals(a, measured(a, period), harmonics)));
    }
    list.push(("10 s", frequency(a)));
    list.push(("flicker", flicker(a)));
    list.push(("Urms(1/2)", half_cycles(a)));
    list.push(("events", events(a)));
    let list = list.into_iter().filter(|(_, channels)| channels.iter().any(|c| c.rows() > 0));
    let list = list.map(|(name, channels)| Observation {
        name: name.into(),
        station: capture.station.as_str().into(),
        device: capture.device.as_str().into(),
        start: a.time.start(),
        trigger: None,
        trigger_method: "periodic".into(),
        disturbance: "".into(),
        nominal_frequency_hz: Some(a.config.nominal_frequency_hz),
        channels,
    });
    Observations { list: list.collect(), ..Observations::default() }
}

/// What a channel is, beside its values.
#[derive(Clone, Copy)]
struct What<'a> {
    phase: &'a str,
    measured: &'a str,
    unit: &'a str,
    characteristic: &'a str,
}

/// A trend: times, which all channels of an observation share, and values.
fn log(name: &str, what: What<'_>, time: &Series, values: Vec<f64>) -> ObservedChannel {
    let value_type = if what.characteristic == "status" { "status" } else { "avg" };
    ObservedChannel {
        name: name.into(),
        phase: what.phase.into(),
        quantity: "valuelog".into(),
        measured: what.measured.into(),
        series: vec![time.clone(), Series::new(value_type, what.unit, what.characteristic, values)],
        ..ObservedChannel::default()
    }
}

fn times(seconds: impl Iterator<Item = f64>) -> Series {
    Series::new("time", "s", "instantaneous", seconds.collect::<Vec<f64>>())
}

fn of_channel<'a>(a: &'a Analysis, c: usize, characteristic: &'a str) -> What<'a> {
    let info = &a.channels[c];
    let (measured, unit) = if info.kind == Kind::Voltage { ("voltage", "V") } else { ("current", "A") };
    What { phase: phase(info.phase), measured, unit, characteristic }
}

fn phase(phase: Option<Phase>) -> &'static str {
    match phase {
        Some(Phase::A) => "an",
        Some(Phase::B) => "bn",
        Some(Phase::C) => "cn",
        Some(Phase::N) => "ng",
        Some(Phase::AB) => "ab",
        Some(Phase::BC) => "bc",
        Some(Phase::CA) => "ca",
        None => "none",
    }
}

fn intervals(a: &Analysis, m: Measured<'_>, harmonics: bool) -> Vec<ObservedChannel> {
    let i = m.intervals;
    let start = a.time.start().unwrap_or_default();
    let time = times(i.stamp.iter().map(|t| t.seconds_since(start)));
    let total = |measured, unit, characteristic| What { phase: "total", measured, unit, characteristic };
    let mut out = vec![log("frequency", total("voltage", "Hz", "frequency"), &time, i.frequency_hz.clone())];
    let mut add = |name: String, what: What<'_>, values: Vec<f64>| {
        if values.iter().any(|v| v.is_finite()) {
            out.push(log(&name, what, &time, values));
        }
    };
    for (c, info) in a.channels.iter().enumerate() {
        let name = &info.name;
        add(format!("{name} rms"), of_channel(a, c, "rms"), i.rms.column(c).to_vec());
        let thd = What { unit: "%", ..of_channel(a, c, "total_thd") };
        add(format!("{name} THD"), thd, m.harmonics.thd_subgroup_pct.column(c).to_vec());
    }
    let u = m.unbalance;
    add("u2".into(), total("voltage", "%", "s2s1"), u.u2_pct.clone());
    add("u0".into(), total("voltage", "%", "s0s1"), u.u0_pct.clone());
    add("i2".into(), total("current", "%", "s2s1"), u.i2_pct.clone());
    add("i0".into(), total("current", "%", "s0s1"), u.i0_pct.clone());
    for (k, (u, c)) in a.power_pairs.iter().enumerate() {
        let (voltage, current) = (&a.channels[*u], &a.channels[*c].name);
        let p = m.power;
        for (title, unit, characteristic, table) in [
            ("P", "W", "p", &p.p_w),
            ("Q1", "var", "q_fund", &p.q1_var),
            ("S", "VA", "s", &p.s_va),
            ("PF", "", "pf", &p.pf),
        ] {
            let what = What { phase: phase(voltage.phase), measured: "power", unit, characteristic };
            add(format!("{} {current} {title}", voltage.name), what, table.column(k).to_vec());
        }
    }
    let flags = i.flags.iter().map(|f: &Flags| f64::from(f.bits())).collect();
    add("flags".into(), total("status", "", "status"), flags);
    if harmonics {
        out.extend((0..a.channels.len()).flat_map(|c| orders(a, m, c, &time)));
    }
    out
}

/// The harmonic subgroups of channel `c`, a channel for each order from 1.
fn orders(a: &Analysis, m: Measured<'_>, c: usize, time: &Series) -> Vec<ObservedChannel> {
    let of_channel_c = m.harmonics.subgroup.index_axis(Axis(1), c);
    let mut out = Vec::new();
    for order in 1..of_channel_c.ncols() {
        let values = of_channel_c.column(order).iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
        if values.iter().any(|v| v.is_finite()) {
            let name = format!("{} H{order}", a.channels[c].name);
            let mut channel = log(&name, of_channel(a, c, "spectra_hgroup"), time, values);
            channel.group_id = Some(order as i16);
            channel.frequency_hz = Some(order as f64 * a.config.nominal_frequency_hz);
            out.push(channel);
        }
    }
    out
}

fn frequency(a: &Analysis) -> Vec<ObservedChannel> {
    let f = &a.frequency;
    let time = times(f.stop_sample.iter().map(|p| a.seconds(*p)));
    let what = What { phase: "total", measured: "voltage", unit: "Hz", characteristic: "frequency" };
    vec![log("frequency", what, &time, f.hz.clone())]
}

fn flicker(a: &Analysis) -> Vec<ObservedChannel> {
    let mut out = Vec::new();
    for (c, f) in a.voltages().filter_map(|c| Some((c, a.flicker.get(c)?))) {
        let severity = |title: &str, characteristic, t: &SeverityTable| {
            let time = times(t.stop_sample.iter().map(|p| a.seconds(*p)));
            let what = What { unit: "", ..of_channel(a, c, characteristic) };
            log(&format!("{} {title}", a.channels[c].name), what, &time, t.severity.clone())
        };
        out.push(severity("Pst", "flkr_pst", &f.pst));
        out.push(severity("Plt", "flkr_plt", &f.plt));
    }
    out
}

fn half_cycles(a: &Analysis) -> Vec<ObservedChannel> {
    let tables = a.voltages().filter_map(|c| Some((c, a.half_cycles.get(c)?)));
    let one = |(c, h): (usize, &kilat_core::engine::analysis::HalfCycles)| {
        let time = times(h.start_sample.iter().map(|p| a.seconds(*p)));
        log(&format!("{} Urms(1/2)", a.channels[c].name), of_channel(a, c, "rms"), &time, h.u_rms_v.clone())
    };
    tables.map(one).collect()
}

/// Dips, swells and interruptions of each channel: time, residual voltage, duration.
fn events(a: &Analysis) -> Vec<ObservedChannel> {
    let kinds =
        [(EventKind::Dip, "dip"), (EventKind::Swell, "swell"), (EventKind::Interruption, "interruption")];
    let mut out = Vec::new();
    for (kind, word) in kinds {
        for c in 0..a.channels.len() {
            let found: Vec<_> =
                a.events.iter().filter(|e| e.kind == kind && !e.polyphase && e.channels == [c]).collect();
            if found.is_empty() {
                continue;
            }
            let what = of_channel(a, c, "rms");
            let duration: Vec<f64> = found.iter().map(|e| e.duration_s).collect();
            out.push(ObservedChannel {
                name: format!("{word} {}", a.channels[c].name).into(),
                phase: what.phase.into(),
                quantity: "magdurtime".into(),
                measured: what.measured.into(),
                series: vec![
                    times(found.iter().map(|e| a.seconds(e.start_sample))),
                    Series::new(
                        "val",
                        what.unit,
                        what.characteristic,
                        found.iter().map(|e| e.residual_v).collect::<Vec<_>>(),
                    ),
                    Series::new("duration", "s", "none", duration),
                ],
                ..ObservedChannel::default()
            });
        }
    }
    out
}
