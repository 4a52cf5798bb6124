//! Smallest, mean and largest of what was measured, of a recording that may go by in parts.

use kilat::engine::sink::Period;
use kilat::output::{self, AnalysisOutput, Origin, Range, SeverityColumns, SupraharmonicsOutput};
use kilat::pq::power::energy::Energy;
use kilat::{Config, Flags, Kind, Warning, Wiring};

use crate::print::{fit, fixed};

/// Figures of a part of a recording, or of all from its first on.
pub struct Figures {
    pub origin: Origin,
    pub config: Config,
    pub assumed: Vec<Warning>,
    pub wiring: Wiring,
    /// Basic intervals, and those of them that carry a flag.
    pub intervals: usize,
    pub flagged: usize,
    pub quantities: Vec<Quantity>,
    /// Since the begin of the recording.
    pub energy: Option<Energy>,
    /// Units of the channels.
    pub units: Vec<&'static str>,
    pub supraharmonics: Option<SupraharmonicsOutput>,
}

/// One quantity of one channel.
pub struct Quantity {
    pub what: String,
    pub of: String,
    pub unit: &'static str,
    pub range: Range,
    pub show: fn(f64) -> String,
}

impl Figures {
    pub fn of(f: AnalysisOutput) -> Self {
        Self {
            intervals: f.summary.intervals,
            flagged: f.summary.flagged,
            quantities: quantities(&f),
            units: f.channels.iter().map(|c| c.measured.unit).collect(),
            origin: f.origin,
            config: f.config,
            assumed: f.assumed,
            wiring: f.wiring,
            energy: f.energy,
            supraharmonics: f.supraharmonics,
        }
    }

    /// With those of the part after.
    pub fn and(mut self, more: Self) -> Self {
        // Parts of one recording have the same quantities.
        for (q, more) in self.quantities.iter_mut().zip(&more.quantities) {
            q.range = q.range.and(&more.range);
        }
        let (before, after) = (self.supraharmonics.take(), more.supraharmonics);
        Self {
            intervals: self.intervals + more.intervals,
            flagged: self.flagged + more.flagged,
            energy: more.energy,
            supraharmonics: before.zip(after).map(|(before, after)| before.and(&after)),
            ..self
        }
    }
}

fn quantities(f: &AnalysisOutput) -> Vec<Quantity> {
    let mut all = Vec::new();
    let mut row = |what: &str, of: &str, unit, range, show| {
        all.push(Quantity { what: what.into(), of: of.into(), unit, range, show });
    };
    let s = &f.summary;
    let two = |v| fixed(v, 2);
    let three = |v| fixed(v, 3);
    row("frequency", "", "Hz", s.frequency_hz, three);
    for c in f.channels.iter().map(|c| &c.measured) {
        row("r.m.s.", &c.name, c.unit, c.rms_range, fit);
    }
    for c in f.channels.iter().filter(|c| c.kind == Kind::Voltage) {
        let half = c.half_cycles.as_ref().map_or(&[][..], |h| &h.u_rms_v);
        row("Urms(1/2)", &c.measured.name, "V", Range::quadratic(half.iter().copied()), fit);
    }
    for a in f.aggregates.iter().filter(|a| a.period == output::period_name(Period::TenMinutes)) {
        for c in a.channels.iter().filter(|c| c.unit == "V") {
            let whole = c.rms.iter().zip(&a.intervals.flags).filter(|(_, f)| !f.contains(Flags::INCOMPLETE));
            row("r.m.s. 10 min", &c.name, c.unit, Range::quadratic(whole.map(|(v, _)| *v)), fit);
        }
    }
    for c in f.channels.iter().map(|c| &c.measured) {
        row("THD", &c.name, "%", c.thd_subgroup_range_pct, two);
    }
    for c in &f.channels {
        let Some(flicker) = &c.flicker else { continue };
        let range = |t: &SeverityColumns| Range::cubic(t.severity.iter().copied());
        row("Pst", &c.measured.name, "", range(&flicker.pst), three);
        row("Plt", &c.measured.name, "", range(&flicker.plt), three);
    }
    for c in f.channels.iter().map(|c| &c.measured) {
        for tone in &c.signalling {
            row(&format!("signalling {} Hz", tone.hz), &c.name, "V", tone.rms_range_v, fit);
        }
    }
    let unbalance = [
        ("unbalance u2", s.u2_pct),
        ("unbalance u0", s.u0_pct),
        ("unbalance i2", s.i2_pct),
        ("unbalance i0", s.i0_pct),
    ];
    for (what, range) in unbalance {
        row(what, "", "%", range, two);
    }
    for p in f.power.iter().map(|p| &p.measured) {
        let pair = format!("{} {}", p.voltage, p.current);
        row("P", &pair, "W", p.p_range_w, fit);
        row("Q1", &pair, "var", p.q1_range_var, fit);
        row("S", &pair, "VA", p.s_range_va, fit);
        row("PF", &pair, "", p.pf_range, three);
    }
    all
}
