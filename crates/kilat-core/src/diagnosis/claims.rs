//! Which disturbances are still without an explanation.

use super::case::{Case, num};
use super::tables::rate;
use super::{Cause, Finding, Record};
use crate::engine::analysis::Analysis;
use crate::pq::events::Event;
use crate::pq::transients::Transient;

/// Disturbances within this time of each other are one that nobody can explain, in seconds.
const TOGETHER_S: f64 = 1.0;
/// A voltage that never reaches this part of Udin is not connected, or zero by its nature: it cannot have fallen.
const STANDS_PU: f64 = 0.1;

/// True when a Urms(1/2) of the channel says that it is connected.
pub(super) fn stands(a: &Analysis, channel: usize) -> bool {
    let least_v = STANDS_PU * a.channels[channel].udin_v;
    a.half_cycles.get(channel).is_some_and(|h| h.u_rms_v.iter().any(|u| *u >= least_v))
}

/// The disturbances of an analysis, and which of them are open.
pub(super) struct Open<'a> {
    pub(super) analysis: &'a Analysis,
    events: Vec<bool>,
    transients: Vec<bool>,
}

impl<'a> Open<'a> {
    pub(super) fn new(record: &'a Record<'_>) -> Self {
        let analysis = record.analysis();
        // Of a dip of the system, its channels' dips are parts.
        let system: Vec<&Event> = analysis.events.iter().filter(|e| e.polyphase).collect();
        let within = |e: &Event| {
            system.iter().any(|s| s.start_sample <= e.start_sample && s.stop_sample >= e.start_sample)
        };
        let counts = |e: &Event| (e.polyphase || !within(e)) && e.channels.iter().any(|c| record.stands[*c]);
        Self {
            analysis,
            events: analysis.events.iter().map(counts).collect(),
            transients: vec![true; analysis.transients.len()],
        }
    }

    /// The events that are open, with their indices.
    pub(super) fn events(&self) -> impl Iterator<Item = (usize, &'a Event)> + use<'a, '_> {
        self.analysis.events.iter().enumerate().filter(|(k, _)| self.events[*k])
    }

    /// The transients likewise.
    pub(super) fn transients(&self) -> impl Iterator<Item = (usize, &'a Transient)> + use<'a, '_> {
        self.analysis.transients.iter().enumerate().filter(|(k, _)| self.transients[*k])
    }

    /// Seconds of a stretch as samples.
    pub(super) fn samples(&self, seconds: f64) -> f64 {
        seconds * rate(self.analysis)
    }

    /// Everything from `margin_s` before a finding to as much after it is explained.
    pub(super) fn claim_time(&mut self, finding: &Finding, margin_s: f64) {
        let margin = self.samples(margin_s);
        self.claim(finding.start_sample - margin, finding.stop_sample + margin);
    }

    /// Everything that touches the time between two samples is explained.
    pub(super) fn claim(&mut self, start: f64, stop: f64) {
        let a = self.analysis;
        for (open, e) in self.events.iter_mut().zip(&a.events) {
            *open &= e.start_sample > stop || e.stop_sample < start;
        }
        self.claim_transients(start, stop);
    }

    /// The transients between two samples are explained.
    pub(super) fn claim_transients(&mut self, start: f64, stop: f64) {
        for (open, t) in self.transients.iter_mut().zip(&self.analysis.transients) {
            *open &= t.start_sample as f64 > stop || (t.stop_sample as f64) < start;
        }
    }

    /// One finding for each stretch of time with disturbances that are still open.
    pub(super) fn unknown(&self) -> Vec<Finding> {
        let mut spans: Vec<(f64, f64, Vec<usize>)> = self
            .events()
            .map(|(_, e)| (e.start_sample, e.stop_sample, e.channels.to_vec()))
            .chain(self.transients().map(|(_, t)| {
                (t.start_sample as f64, t.stop_sample as f64, t.peaks.iter().map(|p| p.0).collect())
            }))
            .collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let apart = self.samples(TOGETHER_S);
        let mut together: Vec<(f64, f64, Vec<usize>, usize)> = Vec::new();
        for (start, stop, channels) in spans {
            match together.last_mut() {
                Some(last) if start <= last.1 + apart => {
                    last.1 = last.1.max(stop);
                    last.2.extend(channels);
                    last.3 += 1;
                }
                _ => together.push((start, stop, channels, 1)),
            }
        }
        together
            .into_iter()
            .map(|(start, stop, mut channels, count)| {
                channels.sort_unstable();
                channels.dedup();
                let mut case = Case::new(Cause::Unknown, 0.0).at(channels, start, stop);
                case.number("disturbances", count as f64);
                case.contradicts(
                    0.0,
                    "-",
                    "{} disturbances here have the signs of no cause that has a rule",
                    "{} gangguan di sini tidak menunjukkan tanda penyebab mana pun yang memiliki aturan",
                    vec![num(count as f64, 0)],
                );
                case.decide()
            })
            .collect()
    }
}
