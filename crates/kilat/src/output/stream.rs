//! One result of a live stream as one JSON object: what lines and messages hold.

use kilat_core::engine::live::{Output, OwnedInterval, Value};
use kilat_core::engine::plan::Plan;
use kilat_core::engine::sink::Term;
use kilat_core::{Event, Flags};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::period_name;

/// A result as an object: `sequence`, `time`, `kind`, `channel`, then the fields of its kind, named as in the tables of an
/// analysis. Channels are named, flags are words, `null` stands for a number that does not exist.
#[derive(Debug, Clone, Serialize)]
pub struct StreamLine {
    /// Number of the result, from 0 at the start of the stream.
    pub sequence: u64,
    /// The moment it stands for: ISO 8601, or seconds from the first sample while the clock is unknown.
    pub time: Json,
    /// What it is.
    pub kind: &'static str,
    /// Channel, of the extreme value for an event; `null` for what concerns all.
    pub channel: Option<String>,
    #[serde(flatten)]
    own: Map<String, Json>,
}

impl StreamLine {
    /// `output` of a stream of this plan, which is [dated](kilat_core::Live::is_dated) or not.
    pub fn new(plan: &Plan, dated: bool, output: &Output) -> Self {
        let name = |c: usize| plan.channels[c].info.name.clone();
        let time = if dated { json!(output.time) } else { json!(output.time.as_nanos() as f64 / 1e9) };
        let own = match own(plan, &output.value) {
            Json::Object(own) => own,
            _ => Map::new(),
        };
        let channel = output.value.channel().map(name);
        Self { sequence: output.sequence, time, kind: output.value.kind(), channel, own }
    }
}

/// The fields of its kind.
fn own(plan: &Plan, value: &Value) -> Json {
    let names = |of: &[usize]| of.iter().map(|c| plan.channels[*c].info.name.clone()).collect::<Vec<_>>();
    match value {
        Value::HalfCycle(v) => {
            with(span(v.start_sample, v.stop_sample, v.flags), json!({ "u_rms_v": v.u_rms_v }))
        }
        Value::Interval(i) => with(span(i.start_sample, i.stop_sample, i.flags), interval(plan, i)),
        Value::Frequency(v) => with(span(v.start_sample, v.stop_sample, v.flags), json!({ "hz": v.hz })),
        Value::PInst(v) => json!({ "sample": v.sample, "p_inst": v.p_inst, "flags": v.flags }),
        Value::Flicker(v) => {
            let term = if v.term == Term::Short { "pst" } else { "plt" };
            with(
                span(v.start_sample, v.stop_sample, v.flags),
                json!({ "term": term, "severity": v.severity }),
            )
        }
        Value::Event(e) | Value::OpenEvent(e) => event(e, &names(&e.channels)),
        Value::RapidChange(e) => with(
            span(e.start_sample, e.stop_sample, e.flags),
            json!({
                "channels": names(&e.channels),
                "duration_s": e.duration_s,
                "delta_steady_v": e.delta_steady_v,
                "delta_steady_pct": e.delta_steady_pct,
                "delta_max_v": e.delta_max_v,
                "delta_max_pct": e.delta_max_pct,
                "open": e.open,
            }),
        ),
        Value::Burst(b) => with(
            span(b.start_sample, b.stop_sample, b.flags),
            json!({ "hz": b.hz, "largest_v": b.largest_v, "values_v": b.values_v, "open": b.open }),
        ),
        Value::Transient(t) => json!({
            "start_sample": t.start_sample,
            "stop_sample": t.stop_sample,
            "transient_kind": t.kind,
            "duration_s": t.duration_s,
            "peak_v": t.peak_v,
            "peak_pu": t.peak_pu,
            "peak_sample": t.peak_sample,
            "rise_s": t.rise_s,
            "ringing_hz": t.ringing_hz,
            "polarity": t.polarity,
            "clipped": t.clipped,
            "resolvable": t.resolvable,
        }),
        Value::Gap(g) => json!({ "sample": g.sample, "duration_s": g.duration_s }),
        Value::Notice(n) => json!({ "sample": n.sample, "samples": n.samples, "seconds": n.seconds }),
        Value::Waveform(w) => {
            let recorded = plan.recorded().iter().map(|c| &c.info.name);
            let values: Map<String, Json> =
                recorded.zip(w.values.chunks(w.samples.max(1))).map(|(n, v)| (n.clone(), json!(v))).collect();
            json!({
                "start_sample": w.start_sample,
                "trigger_sample": w.trigger_sample,
                "complete": w.complete,
                "values": values,
            })
        }
    }
}

fn event(e: &Event, channels: &[String]) -> Json {
    with(
        span(e.start_sample, e.stop_sample, e.flags),
        json!({
            "event_kind": e.kind,
            "channels": channels,
            "polyphase": e.polyphase,
            "duration_s": e.duration_s,
            "residual_v": e.residual_v,
            "magnitude_pu": e.magnitude_pu,
            "depth_pct": e.depth_pct,
            "reference_v": e.reference_v,
            "category": e.category,
            "open": e.open,
        }),
    )
}

fn interval(plan: &Plan, i: &OwnedInterval) -> Json {
    let each = |of: fn(&kilat_core::engine::measured::Measured) -> f64| -> Map<String, Json> {
        plan.channels.iter().zip(&i.channels).map(|(c, m)| (c.info.name.clone(), json!(of(m)))).collect()
    };
    let power: Map<String, Json> = plan
        .pairs
        .iter()
        .zip(&i.system.pairs)
        .map(|((u, c), p)| {
            let name = format!("{} {}", plan.channels[*u].info.name, plan.channels[*c].info.name);
            let values = p.values().map(|(title, v)| (title.to_owned(), json!(v))).collect();
            (name, Json::Object(values))
        })
        .collect();
    json!({
        "period": period_name(i.period),
        "cycles": i.cycles,
        "basics": i.basics,
        "frequency_hz": i.frequency_hz,
        "rms": each(|m| m.rms),
        "thd_subgroup_pct": each(|m| m.spectrum.thd_subgroup_pct),
        "u2_pct": i.system.u2_pct,
        "u0_pct": i.system.u0_pct,
        "i2_pct": i.system.i2_pct,
        "i0_pct": i.system.i0_pct,
        "power": power,
    })
}

fn span(start_sample: f64, stop_sample: f64, flags: Flags) -> Json {
    json!({ "start_sample": start_sample, "stop_sample": stop_sample, "flags": flags })
}

/// The fields of both objects.
fn with(mut first: Json, second: Json) -> Json {
    if let (Json::Object(first), Json::Object(second)) = (&mut first, second) {
        first.extend(second);
    }
    first
}
