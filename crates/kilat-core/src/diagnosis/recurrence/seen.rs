//! The disturbances of an analysis with their fingerprints, from what it has measured already.

use std::collections::HashMap;

use super::super::claims::Open;
use super::super::{Cause, Evidence, Finding, Record};
use super::meanwhile::{place, places};
use super::{Disturbance, Fingerprint, LOAD, Occurrence};
use crate::capture::Capture;
use crate::engine::analysis::{Analysis, Flags};
use crate::pq::dips::{DipForm, Side};
use crate::pq::events::{Event, EventKind};
use crate::pq::rvc::RapidChange;
use crate::pq::transients::{Transient, TransientForm, TransientKind};

/// What belongs to a finding begins this long before it at most, in seconds: a contact comes and goes before it parts.
const BEFORE_S: f64 = 3.0;
/// Part of the depth that comes at once where a jump of phase means something, and the voltage that must remain, over Udin.
const SHARP: f64 = 0.5;
const REMAINS_PU: f64 = 0.15;
/// What belongs to the edge of an event, in cycles before and after it.
const EDGE_CYCLES: f64 = 3.0;

/// Every disturbance of an analysis, with what tells it from others.
///
/// An episode that `findings` explain as a whole (a loose neutral, a generator, a surge with its strokes) is one; so is each dip,
/// swell and interruption of the system, each rapid change and each transient that is not a part of another.
pub fn occurrences(capture: &Capture, a: &Analysis, findings: &[Finding]) -> Vec<Occurrence> {
    of_record(&Record::of(a), capture, findings)
}

/// The same of a record.
pub(in super::super) fn of_record(
    record: &Record<'_>,
    capture: &Capture,
    findings: &[Finding],
) -> Vec<Occurrence> {
    let a = record.analysis();
    let seen = Seen { capture, record, a, findings };
    let mut open = Open::new(record);
    let mut found = Vec::new();
    for f in findings {
        let Some(kind) = lasting(f.cause) else { continue };
        found.push(seen.finding(kind, f));
        match kind {
            Disturbance::LooseNeutral | Disturbance::Generator | Disturbance::ImpulsiveSurge => {
                open.claim_time(f, BEFORE_S);
            }
            // An arc is full of spikes.
            Disturbance::Arcing | Disturbance::Notching => {
                open.claim_transients(f.start_sample, f.stop_sample);
            }
            // Dips and swells beside these may have causes of their own.
            _ => {}
        }
    }
    let within = |start: f64, kinds: &[Disturbance]| {
        let margin = open.samples(BEFORE_S);
        let explains = |f: &&Finding| lasting(f.cause).is_some_and(|k| kinds.contains(&k));
        let mut spans = findings.iter().filter(explains);
        spans.any(|f| f.start_sample - margin <= start && start <= f.stop_sample + margin)
    };
    let whole = [Disturbance::LooseNeutral, Disturbance::Generator, Disturbance::ImpulsiveSurge];
    let changes = a.rvc.iter().enumerate().filter(|(_, r)| !within(r.start_sample, &whole));
    found.extend(changes.map(|(k, r)| seen.rapid_change(k, r)));

    let mut events: Vec<(usize, &Event)> = open.events().collect();
    // An interruption is also a dip, which contains it.
    let gone: Vec<(f64, f64)> = events
        .iter()
        .filter(|(_, e)| e.kind == EventKind::Interruption)
        .map(|(_, e)| (e.start_sample, e.stop_sample))
        .collect();
    events.retain(|(_, e)| {
        e.kind != EventKind::Dip || !gone.iter().any(|g| e.start_sample <= g.0 && g.0 <= e.stop_sample)
    });
    let forms: HashMap<usize, &DipForm> = a.dip_forms.iter().map(|f| (f.event, f)).collect();
    let edge = EDGE_CYCLES * open.samples(1.0 / a.config.nominal_frequency_hz);
    for (k, e) in events {
        found.push(seen.event(k, e, forms.get(&k).copied()));
        for at in [e.start_sample, e.stop_sample] {
            open.claim_transients(at - edge, at + edge);
        }
    }
    let forms: HashMap<usize, &TransientForm> = a.transient_forms.iter().map(|f| (f.transient, f)).collect();
    found.extend(open.transients().filter_map(|(k, t)| seen.transient(t, forms.get(&k).copied())));
    found.sort_by(Occurrence::before);
    found
}

/// The disturbance that a finding of this cause is by itself; of the others the events are.
fn lasting(cause: Cause) -> Option<Disturbance> {
    match cause {
        Cause::LooseNeutral => Some(Disturbance::LooseNeutral),
        Cause::Arcing => Some(Disturbance::Arcing),
        Cause::ImpulsiveSurge => Some(Disturbance::ImpulsiveSurge),
        Cause::Generator => Some(Disturbance::Generator),
        Cause::Overload => Some(Disturbance::Overload),
        Cause::Resonance => Some(Disturbance::Resonance),
        Cause::Notching => Some(Disturbance::Notching),
        Cause::Fault
        | Cause::TransformerEnergising
        | Cause::CapacitorSwitching
        | Cause::MotorStart
        | Cause::Unknown => None,
    }
}

/// A number that was measured.
fn known(v: f64) -> Option<f64> {
    v.is_finite().then_some(v)
}

/// An analysis that is being looked through.
struct Seen<'a> {
    capture: &'a Capture,
    record: &'a Record<'a>,
    a: &'a Analysis,
    findings: &'a [Finding],
}

impl Seen<'_> {
    fn occurrence(&self, span: (f64, f64), channels: &[usize], fingerprint: Fingerprint) -> Occurrence {
        let a = self.a;
        Occurrence {
            site: self.capture.station.clone(),
            file: self.capture.source.clone(),
            start_s: a.seconds(span.0),
            start: a.timestamp(span.0),
            channels: channels.iter().map(|&c| a.channels[c].name.clone()).collect(),
            cause: self.cause(span),
            fingerprint,
        }
    }

    /// The cause of all findings that cover a part of this time, when they have one.
    fn cause(&self, (start, stop): (f64, f64)) -> Option<Cause> {
        let covers =
            |f: &&Finding| f.start_sample <= stop && f.stop_sample >= start && f.cause != Cause::Unknown;
        let mut causes = self.findings.iter().filter(covers).map(|f| f.cause);
        let first = causes.next()?;
        causes.all(|c| c == first).then_some(first)
    }

    /// Nothing measured yet.
    fn blank(&self, kind: Disturbance) -> Fingerprint {
        Fingerprint {
            kind,
            wiring: self.a.wiring,
            phases: Vec::new(),
            side: Side::Unknown,
            change_pu: [None; 3],
            duration_s: None,
            frequency_hz: None,
            phase_jump_deg: None,
            abrupt_end: None,
            active_step_w: None,
            reactive_step_var: None,
            load_va: None,
        }
    }

    fn finding(&self, kind: Disturbance, f: &Finding) -> Occurrence {
        let a = self.a;
        let mut of = self.blank(kind);
        of.phases = f.channels.iter().filter_map(|&c| a.channels[c].phase).collect();
        of.phases.sort_unstable();
        of.phases.dedup();
        let (start, stop) = (f.start_sample, f.stop_sample);
        if kind == Disturbance::ImpulsiveSurge {
            let strokes = a
                .transients
                .iter()
                .filter(|t| t.start_sample as f64 <= stop && t.stop_sample as f64 >= start);
            of.change_pu = self.peaks(strokes);
            // A weak stroke shows on fewer of them.
            of.phases.clear();
        } else if matches!(kind, Disturbance::LooseNeutral | Disturbance::Overload) {
            // The voltage during the others is that of whatever else happens.
            of.change_pu = self.lasting_change(start, stop);
        }
        if let (Disturbance::Resonance, Evidence::Numbers(n)) = (kind, &f.evidence) {
            of.frequency_hz = n.get("order").map(|order| order * a.config.nominal_frequency_hz);
            // It is named on the phase that happens to have most of it.
            of.phases.clear();
        }
        self.occurrence((start, stop), &f.channels, of)
    }

    fn event(&self, k: usize, e: &Event, form: Option<&DipForm>) -> Occurrence {
        let kind = match e.kind {
            EventKind::Dip => Disturbance::Dip,
            EventKind::Swell => Disturbance::Swell,
            EventKind::Interruption => Disturbance::Interruption,
        };
        let mut of = self.blank(kind);
        of.change_pu = self.record.changes.0[k];
        of.duration_s = (!e.open).then_some(e.duration_s);
        if let Some(form) = form {
            of.side = form.direction.side;
            let sharp = form.abrupt_start > SHARP && e.magnitude_pu > REMAINS_PU;
            of.phase_jump_deg = known(form.phase_jump_deg).filter(|_| sharp);
            of.abrupt_end = known(form.abrupt_end).filter(|_| !e.open);
        }
        if !e.open {
            self.steps(&mut of, e.start_sample, e.stop_sample);
        }
        self.occurrence((e.start_sample, e.stop_sample), &e.channels, of)
    }

    fn rapid_change(&self, k: usize, r: &RapidChange) -> Occurrence {
        let mut of = self.blank(Disturbance::RapidChange);
        of.change_pu = self.record.changes.1[k];
        if !r.open {
            self.steps(&mut of, r.start_sample, r.stop_sample);
        }
        self.occurrence((r.start_sample, r.stop_sample), &r.channels, of)
    }

    /// `None` for notching, which is a finding, and for impulses that nothing sets apart.
    fn transient(&self, t: &Transient, form: Option<&TransientForm>) -> Option<Occurrence> {
        let kind = match t.kind {
            TransientKind::Impulsive => Disturbance::ImpulsiveTransient,
            TransientKind::Oscillatory => Disturbance::OscillatoryTransient,
            TransientKind::Notching => return None,
        };
        let mut of = self.blank(kind);
        of.change_pu = self.peaks(std::iter::once(t));
        of.frequency_hz = known(t.ringing_hz);
        if let Some(form) = form {
            of.active_step_w = known(form.active_step_w);
            of.reactive_step_var = known(form.reactive_step_var);
            of.load_va = known(form.apparent_before_va);
        }
        if t.kind == TransientKind::Impulsive {
            let steps = [of.active_step_w, of.reactive_step_var];
            let largest = steps.into_iter().flatten().fold(0.0, |m: f64, s| m.max(s.abs()));
            if largest <= LOAD * of.load_va? {
                return None;
            }
            of.phases.extend(self.a.channels[t.channel].phase);
        }
        let channels: Vec<usize> = t.peaks.iter().map(|p| p.0).collect();
        Some(self.occurrence((t.start_sample as f64, t.stop_sample as f64), &channels, of))
    }

    /// The largest peak of each phase, without its sign; zero where it shows none.
    fn peaks<'t>(&self, transients: impl Iterator<Item = &'t Transient>) -> [Option<f64>; 3] {
        let mut change = [None; 3];
        for (_, place) in places(self.a) {
            change[place] = Some(0.0f64);
        }
        for &(channel, peak) in transients.flat_map(|t| t.peaks.iter()) {
            let place = place(self.a, channel).and_then(|p| change[p].as_mut());
            if let Some(largest) = place {
                *largest = largest.max(peak.abs());
            }
        }
        change
    }

    /// The largest departure of the basic intervals between two samples.
    fn lasting_change(&self, start: f64, stop: f64) -> [Option<f64>; 3] {
        let i = &self.a.intervals;
        let mut change: [Option<f64>; 3] = [None; 3];
        let first = i.stop_sample.partition_point(|s| *s <= start);
        let last = i.start_sample.partition_point(|s| *s < stop);
        let whole = (first..last).filter(|k| !i.flags[*k].intersects(Flags::MISSING | Flags::SHORT));
        for k in whole {
            for (channel, place) in places(self.a) {
                let v = i.rms[[k, channel]] / self.a.channels[channel].udin_v - 1.0;
                if v.is_finite() && change[place].is_none_or(|best| v.abs() > best.abs()) {
                    change[place] = Some(v);
                }
            }
        }
        change
    }

    /// Power of all pairs together in basic interval `k`: active, reactive and apparent.
    fn power(&self, k: usize) -> [f64; 3] {
        let p = &self.a.power;
        [&p.p_w, &p.q1_var, &p.s_va]
            .map(|column| if k < column.nrows() { column.row(k).sum() } else { f64::NAN })
    }

    /// Steps of power from the last basic interval before to the first one after.
    fn steps(&self, of: &mut Fingerprint, start: f64, stop: f64) {
        let i = &self.a.intervals;
        let after = i.start_sample.partition_point(|s| *s < stop);
        let before = i.stop_sample.partition_point(|s| *s <= start);
        if before == 0 || after >= i.start_sample.len() || self.a.power_pairs.is_empty() {
            return;
        }
        let ([p0, q0, s0], [p1, q1, _]) = (self.power(before - 1), self.power(after));
        of.active_step_w = known(p1 - p0);
        of.reactive_step_var = known(q1 - q0);
        of.load_va = known(s0);
    }
}
