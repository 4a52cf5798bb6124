//! What every part of the report looks at: the capture, its analysis, the language, and how things are named.

use std::collections::BTreeMap;

use kilat_core::diagnosis::Lang;
use kilat_core::limits::curves::{ITIC, Region};
use kilat_core::limits::{Quantity, Standard};
use kilat_core::{Analysis, Capture, Event, Kind, Phase, Timestamp, Transient};

use super::Options;
use super::words::Words;
use crate::output::{instant_pu, transient_region};

pub(super) struct View<'a> {
    pub capture: &'a Capture,
    pub a: &'a Analysis,
    pub options: &'a Options,
    pub lang: Lang,
    pub t: &'static Words,
    /// Colour of each channel of the analysis.
    pub colours: Vec<&'static str>,
}

/// Colours of phases A, B, C, N, then of whatever is left.
const PHASE_COLOURS: [&str; 4] = ["#c62828", "#c98a00", "#1f5fbf", "#555d66"];
const OTHER_COLOURS: [&str; 6] = ["#2e7d32", "#7b3fa0", "#00838f", "#8d5a3b", "#d81b8c", "#4b5fd1"];

impl<'a> View<'a> {
    pub fn new(capture: &'a Capture, a: &'a Analysis, options: &'a Options) -> Self {
        let mut used: BTreeMap<(bool, &str), usize> = BTreeMap::new();
        let mut others = OTHER_COLOURS.iter().cycle();
        let colours = a
            .channels
            .iter()
            .map(|c| {
                let place = c.phase.map(|p| match p {
                    Phase::A | Phase::AB => 0,
                    Phase::B | Phase::BC => 1,
                    Phase::C | Phase::CA => 2,
                    Phase::N => 3,
                });
                let voltage = c.kind == Kind::Voltage;
                // Two channels of one kind never share a phase colour.
                match place.map(|i| PHASE_COLOURS[i]) {
                    Some(colour) if used.insert((voltage, colour), 1).is_none() => colour,
                    _ => others.next().copied().unwrap_or(PHASE_COLOURS[3]),
                }
            })
            .collect();
        Self { capture, a, options, lang: options.lang, t: Words::of(options.lang), colours }
    }

    /// A number in the language of the report, a dash when there is none.
    pub fn n(&self, value: f64, decimals: usize) -> String {
        if value.is_finite() { self.lang.number(value, decimals) } else { "–".into() }
    }

    /// A voltage, current or power with decimals that fit its size.
    pub fn quantity(&self, value: f64) -> String {
        let decimals = match value.abs() {
            v if v >= 10_000.0 => 0,
            v if v >= 1000.0 => 1,
            v if v >= 10.0 => 2,
            _ => 3,
        };
        self.n(value, decimals)
    }

    /// A duration with its unit.
    pub fn duration(&self, s: f64) -> String {
        match s {
            s if s < 1.0 => format!("{} ms", self.n(s * 1e3, 1)),
            s if s < 600.0 => format!("{} s", self.n(s, 3)),
            s if s < 7200.0 => format!("{} min", self.n(s / 60.0, 2)),
            s => format!("{} h", self.n(s / 3600.0, 3)),
        }
    }

    /// Moment of a sample position to the millisecond, when the capture has a start.
    pub fn moment(&self, position: f64) -> Option<String> {
        self.a.timestamp(position).map(moment)
    }

    pub fn name(&self, channel: usize) -> &str {
        self.a.channels.get(channel).map_or("?", |c| &c.name)
    }

    pub fn names(&self, channels: &[usize]) -> String {
        channels.iter().map(|&c| self.name(c)).collect::<Vec<_>>().join(", ")
    }

    pub fn currents(&self) -> Vec<usize> {
        (0..self.a.channels.len()).filter(|&c| self.a.channels[c].kind == Kind::Current).collect()
    }

    /// Voltages with a nominal value, which the one between neutral and earth has not.
    pub fn supply_voltages(&self) -> Vec<usize> {
        self.a.voltages().filter(|&c| self.a.channels[c].phase != Some(Phase::N)).collect()
    }

    /// Events that stand for themselves: of each kind those of the system when there are any, else those of channels.
    pub fn system_events(&self) -> Vec<&'a Event> {
        let of_system = |kind| self.a.events.iter().any(|e| e.polyphase && e.kind == kind);
        self.a.events.iter().filter(|e| e.polyphase == of_system(e.kind)).collect()
    }

    /// Events as one single-phase appliance sees them: those of single channels when there are any.
    pub fn channel_events(&self) -> Vec<&'a Event> {
        let any = self.a.events.iter().any(|e| !e.polyphase);
        self.a.events.iter().filter(|e| e.polyphase != any).collect()
    }

    /// Largest instantaneous voltage inside a transient, over the nominal peak √2·Udin.
    pub fn instant_pu(&self, t: &Transient) -> f64 {
        instant_pu(self.capture, self.a, t)
    }

    /// Region of a transient by its instantaneous peak.
    pub fn transient_region(&self, t: &Transient) -> Region {
        transient_region(&ITIC, t, self.instant_pu(t))
    }

    /// Band of the voltage in % of Udin that the first standard with one allows, else ±10 %.
    pub fn band_pct(&self) -> (f64, f64) {
        let voltage = |s: &Standard| {
            let verdicts = self.a.compliance(*s, &self.options.site).verdicts;
            verdicts
                .iter()
                .find(|x| x.limit.quantity == Quantity::Voltage)
                .map(|x| (x.limit.lower, x.limit.upper))
        };
        self.options.standards.iter().find_map(voltage).unwrap_or((90.0, 110.0))
    }

    pub fn itic_is_indicative(&self) -> bool {
        ITIC.is_indicative(self.a.config.nominal_voltage_v)
    }
}

/// Region of an event on the ITIC curve.
pub(super) fn event_region(e: &Event) -> Region {
    ITIC.region(e.duration_s, e.magnitude_pu)
}

/// A moment as `2024-05-27 07:00:00.123`.
pub(super) fn moment(t: Timestamp) -> String {
    let ms = (t.0.saturating_add(500_000)).div_euclid(1_000_000);
    let text = Timestamp(ms.saturating_mul(1_000_000)).to_string();
    let text = text.replace('T', " ").replace('Z', "");
    // `to_string` leaves trailing zeros out; a column of times wants them.
    match text.split_once('.') {
        Some((whole, part)) => format!("{whole}.{part:0<3}"),
        None => format!("{text}.000"),
    }
}

/// Smallest, median and largest of the finite values; NaN when there is none.
pub(super) fn three(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut v: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    v.sort_by(f64::total_cmp);
    match (v.first(), v.last()) {
        (Some(&lo), Some(&hi)) => (lo, f64::midpoint(v[(v.len() - 1) / 2], v[v.len() / 2]), hi),
        _ => (f64::NAN, f64::NAN, f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_show_milliseconds() {
        let at = |s: &str| moment(s.parse().unwrap());
        assert_eq!(at("2024-05-27T07:00:00Z"), "2024-05-27 07:00:00.000");
        assert_eq!(at("2024-05-27T07:00:00.1204999Z"), "2024-05-27 07:00:00.120");
        assert_eq!(at("2024-05-27T07:00:00.9996Z"), "2024-05-27 07:00:01.000");
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(three([3.0, f64::NAN, 1.0, 2.0, 10.0].into_iter()), (1.0, 2.5, 10.0));
        assert!(three([].into_iter()).1.is_nan());
    }
}
