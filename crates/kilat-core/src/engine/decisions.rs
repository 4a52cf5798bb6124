//! What the fold has decided, in order, until it is handed over.

use crate::engine::inbox::TRANSIENTS;
use crate::engine::plan::Plan;
use crate::engine::reuse::Reuse;
use crate::engine::sink::{FlickerValue, FrequencyValue, HalfCycle, Notice, PInstValue};
use crate::engine::timeline::Span;
use crate::pq::events::Event;
use crate::pq::rvc::RapidChange;
use crate::pq::transients::Transient;

/// Most that one chunk of a stream, or its end, makes the fold decide of a tracked channel: half cycles and Pinst of a second.
const ACTIONS: usize = 340;

/// What is to be given out; positions are in the segment. An interval has still to be measured.
///
/// What is seldom and large lies in lists of its own: values come by the hundred, and are to stay in the cache.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// A Urms(1/2) value.
    HalfCycle(HalfCycle),
    /// A window to be measured.
    Interval(Span),
    /// A 10-s frequency.
    Frequency(FrequencyValue),
    /// A value of Pinst.
    PInst(PInstValue),
    /// A value of Pst or Plt.
    Flicker(FlickerValue),
    /// The next event: it ended.
    Event,
    /// The next event: it goes on.
    OpenEvent,
    /// The next rapid voltage change: it ended.
    RapidChange,
    /// The next transient.
    Transient,
    /// Something that happened to the stream.
    Notice(Notice),
}

/// Actions, and what they are about, each in order.
#[derive(Debug, Default)]
pub struct Decisions {
    /// What is to be done.
    pub actions: Vec<Action>,
    /// Of the events.
    pub events: Vec<Event>,
    /// Of the rapid voltage changes.
    pub changes: Vec<RapidChange>,
    /// Of the transients.
    pub transients: Vec<Transient>,
}

impl Decisions {
    /// A value, a window or a notice.
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// An event that ended.
    pub fn event(&mut self, event: Event) {
        self.actions.push(Action::Event);
        self.events.push(event);
    }

    /// An event that goes on.
    pub fn open_event(&mut self, event: Event) {
        self.actions.push(Action::OpenEvent);
        self.events.push(event);
    }

    /// A rapid voltage change that ended.
    pub fn rapid_change(&mut self, change: RapidChange) {
        self.actions.push(Action::RapidChange);
        self.changes.push(change);
    }

    /// A transient.
    pub fn transient(&mut self, transient: Transient) {
        self.actions.push(Action::Transient);
        self.transients.push(transient);
    }

    /// Where the first of what happened begins.
    pub fn since(&self) -> Option<f64> {
        let events = self.events.iter().map(|e| e.start_sample);
        let changes = self.changes.iter().map(|c| c.start_sample);
        let transients = self.transients.iter().map(|t| t.start_sample as f64);
        events.chain(changes).chain(transients).reduce(f64::min)
    }

    /// The windows to be measured.
    pub fn windows(&mut self) -> impl Iterator<Item = &mut Span> {
        self.actions.iter_mut().filter_map(|a| if let Action::Interval(span) = a { Some(span) } else { None })
    }

    /// Nothing decided, in the same memory.
    pub fn clear(&mut self) {
        self.actions.clear();
        self.events.clear();
        self.changes.clear();
        self.transients.clear();
    }

    /// Makes the room that a stream needs.
    pub fn reserve(&mut self, plan: &Plan) {
        let tracked = plan.channels.iter().filter(|c| c.tracked).count();
        self.actions.make_room(ACTIONS * tracked);
        self.events.make_room(TRANSIENTS * tracked);
        self.changes.make_room(TRANSIENTS * tracked);
        self.transients.make_room(TRANSIENTS * tracked);
    }
}
