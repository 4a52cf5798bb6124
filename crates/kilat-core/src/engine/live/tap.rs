//! Watches results pass, so that waveforms are caught around events.

use crate::engine::analysis::Gap;
use crate::engine::live::waveform::Catcher;
use crate::engine::sink::{
    FlickerValue, FrequencyValue, HalfCycle, Interval, Notice, PInstValue, Sink, Waveform,
};
use crate::pq::events::Event;
use crate::pq::rvc::RapidChange;
use crate::pq::signalling::Burst;
use crate::pq::transients::{Transient, TransientKind};

/// Hands everything on to `sink`, and triggers the catcher.
pub(super) struct Tap<'a, S: Sink> {
    pub(super) sink: &'a mut S,
    pub(super) catcher: &'a mut Catcher,
}

impl<S: Sink> Tap<'_, S> {
    fn give_due(&mut self, position: f64) {
        if let Some(w) = self.catcher.due(position) {
            self.sink.waveform(w);
        }
    }

    fn trigger(&mut self, position: f64) {
        self.give_due(position);
        self.catcher.trigger(position);
    }
}

impl<S: Sink> Sink for Tap<'_, S> {
    fn half_cycle(&mut self, value: HalfCycle) {
        self.give_due(value.stop_sample);
        self.sink.half_cycle(value);
    }

    fn open_event(&mut self, event: Event) {
        self.trigger(event.start_sample);
        self.sink.open_event(event);
    }

    fn transient(&mut self, transient: Transient) {
        // Notching shows in every cycle, and is told when it is over: samples from somewhere inside are no help.
        if transient.kind != TransientKind::Notching {
            self.trigger(transient.peak_sample as f64);
        }
        self.sink.transient(transient);
    }

    fn interval(&mut self, interval: Interval<'_>) {
        self.sink.interval(interval);
    }

    fn frequency(&mut self, value: FrequencyValue) {
        self.sink.frequency(value);
    }

    fn p_inst(&mut self, value: PInstValue) {
        self.sink.p_inst(value);
    }

    fn flicker(&mut self, value: FlickerValue) {
        self.sink.flicker(value);
    }

    fn event(&mut self, event: Event) {
        self.sink.event(event);
    }

    fn rapid_change(&mut self, change: RapidChange) {
        self.sink.rapid_change(change);
    }

    fn burst(&mut self, burst: &Burst) {
        self.sink.burst(burst);
    }

    fn gap(&mut self, gap: Gap) {
        self.sink.gap(gap);
    }

    fn notice(&mut self, notice: Notice) {
        self.sink.notice(notice);
    }

    fn waveform(&mut self, waveform: Waveform<'_>) {
        self.sink.waveform(waveform);
    }
}
