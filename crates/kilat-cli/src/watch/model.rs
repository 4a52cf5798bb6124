//! What is on the screen: the latest values, their trends, the last events. Lines for pipes are made of the same.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use kilat::engine::live::{Output, OwnedInterval, Value};
use kilat::engine::plan::Plan;
use kilat::engine::sink::{NoticeKind, Period};
use kilat::{Event, Kind, Timestamp};

use super::feed::Batch;
use crate::print::{duration, fit, fixed};

/// Values of a trend that are kept, one per basic interval, and events.
const TREND: usize = 512;
const EVENTS: usize = 100;

/// Everything that is shown.
pub struct Model {
    pub file: String,
    pub plan: Arc<Plan>,
    pub position_s: f64,
    pub duration_s: Option<f64>,
    /// When the last results were, if the clock is known.
    pub time: Option<Timestamp>,
    pub latest: Option<OwnedInterval>,
    /// R.m.s. of each channel.
    pub trends: Vec<VecDeque<f64>>,
    pub frequency: VecDeque<f64>,
    /// Smallest and largest Urms(1/2) of each channel.
    pub extremes: Vec<Option<(f64, f64)>>,
    /// The last first.
    pub happenings: VecDeque<Happening>,
    pub count: u64,
}

impl Model {
    pub fn new(file: &str, plan: Arc<Plan>) -> Self {
        let channels = plan.channels.len();
        Self {
            file: file.to_owned(),
            plan,
            position_s: 0.0,
            duration_s: None,
            time: None,
            latest: None,
            trends: vec![VecDeque::new(); channels],
            frequency: VecDeque::new(),
            extremes: vec![None; channels],
            happenings: VecDeque::new(),
            count: 0,
        }
    }

    /// Takes what a block completed.
    pub fn take(&mut self, batch: Batch) {
        (self.position_s, self.duration_s) = (batch.position_s, batch.duration_s);
        for output in batch.outputs {
            if let Some(h) = Happening::of(&self.plan, batch.dated, &output) {
                self.happen(h);
            }
            match output.value {
                Value::HalfCycle(v) => {
                    let (least, most) = self.extremes[v.channel].unwrap_or((f64::INFINITY, 0.0));
                    self.extremes[v.channel] = Some((least.min(v.u_rms_v), most.max(v.u_rms_v)));
                }
                Value::Interval(i) if i.period == Period::Basic => {
                    self.time = batch.dated.then_some(output.time);
                    let values = i.channels.iter().map(|m| m.rms);
                    self.trends.iter_mut().zip(values).for_each(|(trend, v)| keep(trend, v));
                    keep(&mut self.frequency, i.frequency_hz);
                    self.latest = Some(*i);
                }
                _ => {}
            }
        }
    }

    /// Puts it on top, or in the place of an earlier word about the same.
    fn happen(&mut self, h: Happening) {
        if let Some(same) = self.happenings.iter_mut().find(|old| old.goes_on && old.key == h.key) {
            *same = h;
            return;
        }
        self.count += 1;
        self.happenings.push_front(h);
        self.happenings.truncate(EVENTS);
    }
}

fn keep(trend: &mut VecDeque<f64>, value: f64) {
    if trend.len() == TREND {
        trend.pop_front();
    }
    trend.push_back(value);
}

/// Something that happened, in words.
pub struct Happening {
    /// Begin and kind, and the channel unless the event is the system's: the same for all words about one event.
    key: (u64, String),
    pub time: String,
    pub what: String,
    pub channels: String,
    pub size: String,
    pub duration: String,
    pub goes_on: bool,
}

impl Happening {
    /// What `output` says, unless it is a value that is measured all the time.
    pub fn of(plan: &Plan, dated: bool, output: &Output) -> Option<Self> {
        let names = |of: &[usize]| {
            of.iter().map(|c| plan.channels[*c].info.name.as_str()).collect::<Vec<_>>().join(" ")
        };
        let channel = output.value.channel().map_or(String::new(), |c| names(&[c]));
        let (what, channels, size, long, goes_on) = match &output.value {
            Value::Event(e) | Value::OpenEvent(e) => {
                let what = format!("{:?}", e.kind).to_lowercase();
                let what = if e.polyphase { what + ", system" } else { what };
                let goes_on = matches!(output.value, Value::OpenEvent(_));
                (what, names(&e.channels), residual(e), Some(e.duration_s), goes_on)
            }
            Value::RapidChange(e) => {
                let size = format!("{} V", fit(e.delta_max_v));
                ("rapid change".into(), names(&e.channels), size, Some(e.duration_s), false)
            }
            Value::Transient(t) => {
                let what = format!("{:?} transient", t.kind).to_lowercase();
                (what, channel, format!("{} V", fit(t.peak_v)), Some(t.duration_s), false)
            }
            Value::Burst(b) => {
                let span_s = plan.rate.seconds(b.stop_sample - b.start_sample);
                (
                    format!("burst {} Hz", fit(b.hz)),
                    channel,
                    format!("{} V", fit(b.largest_v)),
                    Some(span_s),
                    false,
                )
            }
            Value::Gap(g) => ("gap".into(), channel, String::new(), Some(g.duration_s), false),
            Value::Notice(n) => {
                let size = match n.kind {
                    NoticeKind::Overlap | NoticeKind::Late | NoticeKind::Duplicate => {
                        format!("{} samples", n.samples)
                    }
                    NoticeKind::ClockStep | NoticeKind::ClockSteered => format!("{} s", fit(n.seconds)),
                    _ => String::new(),
                };
                (n.kind.name().replace('_', " "), channel, size, None, false)
            }
            Value::HalfCycle(_)
            | Value::Interval(_)
            | Value::Frequency(_)
            | Value::PInst(_)
            | Value::Flicker(_)
            | Value::Waveform(_) => return None,
        };
        // More channels may join it while it lasts.
        let system = matches!(&output.value, Value::Event(e) | Value::OpenEvent(e) if e.polyphase);
        Some(Self {
            key: (
                output.time.as_nanos() as u64,
                if system { what.clone() } else { format!("{what} {channels}") },
            ),
            time: place(output.time, dated),
            what,
            channels,
            size,
            duration: long.map_or(String::new(), duration),
            goes_on,
        })
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, what, channels, size, duration, goes_on, .. } = self;
        let state = if *goes_on { "goes on" } else { "" };
        let parts = [what, channels, size, duration, state].into_iter().filter(|p| !p.is_empty());
        write!(f, "{time}  event  {}", parts.collect::<Vec<_>>().join("  "))
    }
}

/// Residual voltage of an event, in volts and in % of the reference.
fn residual(e: &Event) -> String {
    format!("{} V {} %", fit(e.residual_v), fixed(100.0 * e.magnitude_pu, 1))
}

/// A moment, to the millisecond; seconds from the first sample when the clock is unknown.
pub fn place(time: Timestamp, dated: bool) -> String {
    let ms = time.as_nanos().div_euclid(1_000_000);
    if !dated {
        return format!("{} s", fixed(ms as f64 / 1e3, 3));
    }
    let text = Timestamp(ms * 1_000_000).to_string();
    let (whole, part) =
        text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{whole}.{part:0<3}Z")
}

/// The quantities of an interval in one line.
pub fn quantities(plan: &Plan, i: &OwnedInterval) -> String {
    let mut parts = vec![format!("{} Hz", fixed(i.frequency_hz, 3))];
    for (c, m) in plan.channels.iter().zip(&i.channels) {
        let thd = fixed(m.spectrum.thd_subgroup_pct, 2);
        parts.push(format!("{} {} {} THD {thd} %", c.info.name, fit(m.rms), unit(c.info.kind)));
    }
    for (name, value) in [("u2", i.system.u2_pct), ("u0", i.system.u0_pct)] {
        if value.is_finite() {
            parts.push(format!("{name} {} %", fixed(value, 2)));
        }
    }
    parts.join("  ")
}

pub fn unit(kind: Kind) -> &'static str {
    if kind == Kind::Voltage { "V" } else { "A" }
}
