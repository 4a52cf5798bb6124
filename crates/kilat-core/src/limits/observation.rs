//! What limits and indices are read from, of a recording of any length: aggregates, 10-s frequency, Plt, and each event with how bad
//! it was.

use std::borrow::Cow;

use super::indices::{self, DipSeverity, Indices};
use super::{Compliance, Site, Standard};
use crate::engine::analysis::{Analysis, Flicker, Measurements};
use crate::engine::late::{self, Keeper};
use crate::engine::parts::Parts;
use crate::engine::tables::add_rows;
use crate::error::{Result, Warning};
use crate::pq::events::Event;

/// What is held against limits: an analysis, or what is kept of its [`Parts`].
///
/// ```
/// use kilat_core::engine::parts::Parts;
/// use kilat_core::limits::{Observation, Site, Standard};
/// use kilat_core::synth::{self, Options};
/// use kilat_core::Config;
/// let capture = synth::scenario("motor-start", &Options::of("motor-start")?)?.capture;
/// let parts = Parts::new(&capture, &Config::class_a(220.0, 50.0), 1, 60.0)?;
/// let observation = Observation::read(parts, |_| Ok(()))?;
/// let compliance = observation.compliance(Standard::named("EN 50160")?, &Site::default());
/// assert_eq!(compliance.status().name(), "not_enough_data");
/// assert_eq!(observation.indices().outages.short, 0);
/// # Ok::<(), kilat_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Observation<'a> {
    analysis: Cow<'a, Analysis>,
    dips: Vec<DipSeverity>,
}

impl<'a> Observation<'a> {
    /// Of a whole analysis.
    pub fn of(a: &'a Analysis) -> Self {
        Self { dips: indices::severities(a), analysis: Cow::Borrowed(a) }
    }

    /// The analysis; of parts the events, gaps and warnings, and what a limit is on.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Holds the recording against `standard`: see [`Analysis::compliance`].
    pub fn compliance(&self, standard: Standard, site: &Site) -> Compliance {
        self.analysis.compliance(standard, site)
    }

    /// Indices of the dips, swells and interruptions of the recording.
    pub fn indices(&self) -> Indices {
        Indices::of(&self.analysis, self.dips.clone())
    }
}

impl Observation<'static> {
    /// Goes through all `parts`, gives each to `each`, and keeps of them what limits are on, about 0.3 GiB for a week of six channels;
    /// and, while an event lasts, Urms(1/2) from its begin on, 8 KiB a second of three voltages.
    ///
    /// Verdicts and indices are those of the [whole](Self::of), bit for bit.
    ///
    /// # Errors
    /// The first of `parts` or `each`.
    pub fn read(parts: Parts, each: impl FnMut(&Analysis) -> Result<()>) -> Result<Self> {
        let mut growing = Growing::default();
        let warnings = late::keep(parts, &mut growing, each)?;
        Ok(growing.end(warnings))
    }
}

/// An observation that parts are added to.
#[derive(Default)]
struct Growing {
    kept: Analysis,
    events: Vec<(Event, Option<DipSeverity>)>,
}

impl Keeper for Growing {
    fn part(&mut self, part: &Analysis) {
        let kept = &mut self.kept;
        if kept.channels.is_empty() {
            *kept = late::about(part);
            kept.flicker = vec![Flicker::default(); part.channels.len()];
        }
        keep_aggregates(&mut kept.aggregates.cycles_150, &part.aggregates.cycles_150);
        keep_aggregates(&mut kept.aggregates.ten_minutes, &part.aggregates.ten_minutes);
        let (all, more) = (&mut kept.frequency, &part.frequency);
        all.start_sample.extend(&more.start_sample);
        all.stop_sample.extend(&more.stop_sample);
        all.hz.extend(&more.hz);
        all.flags.extend(&more.flags);
        for (all, more) in kept.flicker.iter_mut().zip(&part.flicker) {
            let (all, more) = (&mut all.plt, &more.plt);
            all.start_sample.extend(&more.start_sample);
            all.stop_sample.extend(&more.stop_sample);
            all.severity.extend(&more.severity);
            all.flags.extend(&more.flags);
        }
        kept.gaps.extend_from_slice(&part.gaps);
    }

    fn ended(&mut self, ended: &Analysis) {
        let mut dips = indices::severities(ended).into_iter().peekable();
        for (k, e) in ended.events.iter().enumerate() {
            self.events.push((*e, dips.next_if(|d| d.event == k)));
        }
    }
}

/// Keeps what a limit is on.
fn keep_aggregates(all: &mut Measurements, more: &Measurements) {
    let (to, from) = (&mut all.intervals, &more.intervals);
    to.start_sample.extend(&from.start_sample);
    to.stop_sample.extend(&from.stop_sample);
    to.covered_s.extend(&from.covered_s);
    to.flags.extend(&from.flags);
    add_rows(&mut to.rms, from.rms.view());
    all.unbalance.u2_pct.extend(&more.unbalance.u2_pct);
    add_rows(&mut all.harmonics.subgroup, more.harmonics.subgroup.view());
}

impl Growing {
    fn end(mut self, warnings: Vec<Warning>) -> Observation<'static> {
        let mut a = Analysis { warnings, ..self.kept };
        // As a recorder orders what it holds until the end.
        self.events.sort_by(|(a, _), (b, _)| a.order(b));
        let mut dips = Vec::new();
        for (k, (event, dip)) in self.events.into_iter().enumerate() {
            a.events.push(event);
            dips.extend(dip.map(|d| DipSeverity { event: k, ..d }));
        }
        Observation { analysis: Cow::Owned(a), dips }
    }
}
