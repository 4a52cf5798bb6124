//! What causes are read from, of a recording of any length: some columns of its basic intervals, and each disturbance with what
//! the voltages did meanwhile.

use std::borrow::Cow;

use ndarray::{Array2, Axis, Slice};

use super::answers::Answers;
use super::recurrence::Occurrence;
use super::recurrence::meanwhile::{self, Change};
use super::tables::ORDERS;
use super::{Finding, arcing, claims, recurrence};
use crate::capture::Capture;
use crate::engine::analysis::Analysis;
use crate::engine::late::{self, Keeper};
use crate::engine::parts::Parts;
use crate::engine::tables::add_rows;
use crate::error::{Result, Warning};
use crate::pq::dips::DipForm;
use crate::pq::events::Event;
use crate::pq::rvc::RapidChange;
use crate::pq::transients::{Transient, TransientForm};

/// What causes are sought in, and what happened more than once: an analysis, or what is kept of its [`Parts`].
///
/// ```
/// use kilat_core::diagnosis::{Answers, Record};
/// use kilat_core::engine::parts::Parts;
/// use kilat_core::synth::{self, Options};
/// use kilat_core::Config;
/// let capture = synth::scenario("kaur-2024", &Options::of("kaur-2024")?)?.capture;
/// let mut longest_s = 0f64;
/// let parts = Parts::new(&capture, &Config::class_a(220.0, 50.0), 1, 60.0)?;
/// let record = Record::read(parts, |part| {
///     longest_s = part.events.iter().map(|e| e.duration_s).fold(longest_s, f64::max);
///     Ok(())
/// })?;
/// let findings = record.diagnose(Answers::default());
/// assert_eq!(findings[0].cause.id(), "loose_neutral");
/// assert!(longest_s > 1.0 && !record.occurrences(&capture, &findings).is_empty());
/// # Ok::<(), kilat_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Record<'a> {
    pub(super) analysis: Cow<'a, Analysis>,
    /// What the currents that belong to a voltage have between the harmonics, in amperes: `(interval, current)`.
    pub(super) broadband_a: Array2<f64>,
    /// Channels of which a voltage was seen.
    pub(super) stands: Vec<bool>,
    /// Of each event, and of each rapid change.
    pub(super) changes: (Vec<Change>, Vec<Change>),
}

impl<'a> Record<'a> {
    /// Of a whole analysis.
    pub fn of(a: &'a Analysis) -> Self {
        Self {
            broadband_a: arcing::broadband(a),
            stands: (0..a.channels.len()).map(|c| claims::stands(a, c)).collect(),
            changes: (
                a.events.iter().map(|e| meanwhile::event(a, e)).collect(),
                a.rvc.iter().map(|r| meanwhile::rapid_change(a, r)).collect(),
            ),
            analysis: Cow::Borrowed(a),
        }
    }

    /// The analysis; of parts the lists of what happened, energy and warnings, and of the basic intervals what a rule reads.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Every disturbance, with what tells it from others: see [`recurrence::occurrences`].
    pub fn occurrences(&self, capture: &Capture, findings: &[Finding]) -> Vec<Occurrence> {
        recurrence::seen(self, capture, findings)
    }

    /// Every finding that the recording and the user's answers support: see [`diagnose`](super::diagnose).
    pub fn diagnose(&self, answers: Answers) -> Vec<Finding> {
        super::of_record(self, answers)
    }
}

impl Record<'static> {
    /// Goes through all `parts`, gives each to `each`, and keeps of them what causes are read from, about 1 KiB for 0.2 s of six channels; and,
    /// while an event lasts, Urms(1/2) from its begin on, 8 KiB a second of three voltages.
    ///
    /// Findings and occurrences are those of the [whole](Self::of), bit for bit, and so are the forms of dips and transients, but that of
    /// more than 300 of either those that ended first have one.
    ///
    /// # Errors
    /// The first of `parts` or `each`.
    pub fn read(parts: Parts, each: impl FnMut(&Analysis) -> Result<()>) -> Result<Self> {
        let mut growing = Growing::default();
        let warnings = late::keep(parts, &mut growing, each)?;
        Ok(growing.end(warnings))
    }
}

/// A record that parts are added to.
#[derive(Default)]
struct Growing {
    /// What is kept.
    kept: Analysis,
    broadband_a: Array2<f64>,
    stands: Vec<bool>,
    events: Vec<(Event, Change, Option<DipForm>)>,
    rapid_changes: Vec<(RapidChange, Change)>,
    transients: Vec<(Transient, Option<TransientForm>)>,
}

impl Keeper for Growing {
    fn part(&mut self, part: &Analysis) {
        if self.kept.channels.is_empty() {
            self.kept = late::about(part);
            self.stands = vec![false; part.channels.len()];
        }
        for (c, stands) in self.stands.iter_mut().enumerate() {
            *stands |= claims::stands(part, c);
        }
        self.keep_intervals(part);
        self.kept.bursts.extend_from_slice(&part.bursts);
        self.kept.gaps.extend_from_slice(&part.gaps);
        self.kept.energy.clone_from(&part.energy);
    }

    fn ended(&mut self, ended: &Analysis) {
        let mut forms = ended.dip_forms.iter().peekable();
        for (k, e) in ended.events.iter().enumerate() {
            let form = forms.next_if(|f| f.event == k).cloned();
            self.events.push((*e, meanwhile::event(ended, e), form));
        }
        self.rapid_changes.extend(ended.rvc.iter().map(|r| (*r, meanwhile::rapid_change(ended, r))));
        let mut forms = ended.transient_forms.iter().peekable();
        for (k, t) in ended.transients.iter().enumerate() {
            self.transients.push((*t, forms.next_if(|f| f.transient == k).cloned()));
        }
    }
}

impl Growing {
    /// Keeps what a rule reads of basic intervals.
    fn keep_intervals(&mut self, part: &Analysis) {
        let (all, more) = (&mut self.kept.intervals, &part.intervals);
        all.start_sample.extend(&more.start_sample);
        all.stop_sample.extend(&more.stop_sample);
        all.frequency_hz.extend(&more.frequency_hz);
        all.flags.extend(&more.flags);
        add_rows(&mut all.rms, more.rms.view());
        add_rows(&mut all.line_line_rms_v, more.line_line_rms_v.view());
        let (all, more) = (&mut self.kept.unbalance, &part.unbalance);
        all.u2_pct.extend(&more.u2_pct);
        all.u0_pct.extend(&more.u0_pct);
        all.i0_pct.extend(&more.i0_pct);
        let (all, more) = (&mut self.kept.power, &part.power);
        add_rows(&mut all.p_w, more.p_w.view());
        add_rows(&mut all.q1_var, more.q1_var.view());
        add_rows(&mut all.s_va, more.s_va.view());
        let (all, more) = (&mut self.kept.harmonics, &part.harmonics);
        add_rows(&mut all.thd_subgroup_pct, more.thd_subgroup_pct.view());
        add_rows(&mut all.subgroup, more.subgroup.slice_axis(Axis(2), Slice::from(..ORDERS)));
        add_rows(&mut self.broadband_a, arcing::broadband(part).view());
    }

    fn end(mut self, warnings: Vec<Warning>) -> Record<'static> {
        let mut a = Analysis { warnings, ..self.kept };
        // As a recorder orders what it holds until the end.
        self.events.sort_by(|(a, ..), (b, ..)| a.order(b));
        self.rapid_changes.sort_by(|(a, _), (b, _)| a.start_sample.total_cmp(&b.start_sample));
        self.transients.sort_by_key(|(t, _)| (t.start_sample, t.channel));
        let mut changes = (Vec::new(), Vec::new());
        for (k, (event, change, form)) in self.events.into_iter().enumerate() {
            a.events.push(event);
            changes.0.push(change);
            a.dip_forms.extend(form.map(|f| DipForm { event: k, ..f }));
        }
        for (rapid, change) in self.rapid_changes {
            a.rvc.push(rapid);
            changes.1.push(change);
        }
        for (k, (transient, form)) in self.transients.into_iter().enumerate() {
            a.transients.push(transient);
            a.transient_forms.extend(form.map(|f| TransientForm { transient: k, ..f }));
        }
        Record { analysis: Cow::Owned(a), broadband_a: self.broadband_a, stands: self.stands, changes }
    }
}
