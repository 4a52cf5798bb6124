//! The engine: cut, measure, fold, on one stretch of samples without a gap. Both drivers push samples into this.

use std::sync::{Arc, Mutex};

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::capture::SamplesRef;
use crate::dsp::fft::FftScratch;
use crate::engine::analysis::Flags;
use crate::engine::fold::{Action, Fold};
use crate::engine::plan::Plan;
use crate::engine::sink::{FrequencyValue, HalfCycle, Interval, Measured, Sink};
use crate::engine::timeline::Span;
use crate::engine::track::Track;
use crate::pq::{harmonics, rms};

/// Samples that go through all stages together. It bounds memory and keeps a channel's tile in the cache; results do not
/// depend on it.
const TILE: usize = 1 << 15;

/// Engine and state of one stream.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    pool: Option<Arc<ThreadPool>>,
    tracks: Vec<Track>,
    fold: Fold,
    /// Index in the capture of the first sample of the segment.
    offset: u64,
    actions: Vec<Action>,
    spans: Vec<Span>,
    measured: Vec<Measured>,
    scratch: Vec<Mutex<FftScratch>>,
}

impl Engine {
    /// An engine at sample `offset` of a capture; `since_tick_s` as in [`Timeline::new`](super::timeline::Timeline::new).
    pub fn new(
        plan: Arc<Plan>,
        pool: Option<Arc<ThreadPool>>,
        offset: u64,
        since_tick_s: Option<f64>,
    ) -> Self {
        let threads = pool.as_ref().map_or(1, |p| p.current_num_threads());
        Self {
            tracks: tracks(&plan),
            fold: Fold::new(&plan, since_tick_s),
            offset,
            actions: Vec::new(),
            spans: Vec::new(),
            measured: Vec::new(),
            scratch: (0..threads).map(|_| Mutex::new(plan.fft.scratch())).collect(),
            pool,
            plan,
        }
    }

    /// Begins a new segment at sample `offset`; the one before must have been finished.
    pub fn restart(&mut self, offset: u64, since_tick_s: Option<f64>) {
        self.tracks = tracks(&self.plan);
        self.fold = Fold::new(&self.plan, since_tick_s);
        self.offset = offset;
    }

    /// Takes the next samples, as many of every channel, and gives what they complete to `sink`.
    pub fn push(&mut self, block: &[SamplesRef<'_>], sink: &mut impl Sink) {
        let n = block.first().map_or(0, SamplesRef::len);
        for from in (0..n).step_by(TILE) {
            let range = from..n.min(from + TILE);
            let (plan, tracks) = (&*self.plan, &mut self.tracks);
            let ingest = |(track, samples): (&mut Track, &SamplesRef<'_>)| {
                track.push(plan, samples.slice(range.clone()));
            };
            match &self.pool {
                Some(pool) => pool.install(|| tracks.par_iter_mut().zip(block).for_each(ingest)),
                None => tracks.iter_mut().zip(block).for_each(ingest),
            }
            self.fold.run(plan, tracks, &mut self.actions);
            self.give_out(sink);
            let keep = self.fold.oldest().min(self.tracks[0].raw.end() as f64);
            for track in &mut self.tracks {
                track.discard(&self.plan, keep);
            }
        }
    }

    /// Gives what is left to `sink`: the segment ends.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        let length = self.tracks.first().map_or(0, |t| t.raw.end());
        for track in &mut self.tracks {
            track.finish(&self.plan);
        }
        self.fold.finish(&self.plan, &mut self.tracks, length, &mut self.actions);
        self.give_out(sink);
    }

    /// Measures the windows that are due, in parallel, and hands everything over in order.
    fn give_out(&mut self, sink: &mut impl Sink) {
        let channels = self.plan.channels.len();
        self.spans.clear();
        self.spans.extend(
            self.actions.iter().filter_map(|a| if let Action::Interval(s) = a { Some(*s) } else { None }),
        );
        let due = self.spans.len() * channels;
        if self.measured.len() < due {
            self.measured.resize_with(due, Measured::default);
        }
        let (plan, tracks, scratch, spans) = (&*self.plan, &self.tracks, &self.scratch, &self.spans);
        let measure = |(task, out): (usize, &mut Measured)| {
            let own = &scratch[rayon::current_thread_index().unwrap_or(0) % scratch.len()];
            // A poisoned lock means a panic elsewhere, and the buffers are overwritten anyway.
            let mut own = own.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            measure(plan, tracks, &spans[task / channels], task % channels, &mut own, out);
        };
        let due = &mut self.measured[..due];
        match &self.pool {
            Some(pool) if !due.is_empty() => {
                pool.install(|| due.par_iter_mut().enumerate().for_each(measure));
            }
            _ => due.iter_mut().enumerate().for_each(measure),
        }
        let offset = self.offset as f64;
        let mut measured = self.measured.chunks(channels);
        for action in self.actions.drain(..) {
            match action {
                Action::HalfCycle(v) => sink.half_cycle(HalfCycle {
                    start_sample: v.start_sample + offset,
                    stop_sample: v.stop_sample + offset,
                    ..v
                }),
                Action::Frequency(v) => sink.frequency(FrequencyValue {
                    start_sample: v.start_sample + offset,
                    stop_sample: v.stop_sample + offset,
                    ..v
                }),
                Action::Interval(span) => {
                    let quality = |t: &Track| t.flags(span.start, span.stop);
                    let flags = self.tracks.iter().map(quality).fold(span.flags, Flags::union);
                    sink.interval(Interval {
                        start_sample: span.start + offset,
                        stop_sample: span.stop + offset,
                        cycles: span.cycles,
                        frequency_hz: f64::from(span.cycles) * self.plan.fs / (span.stop - span.start),
                        flags,
                        channels: measured.next().unwrap_or_default(),
                    });
                }
                Action::Event(mut e) => {
                    e.start_sample += offset;
                    e.stop_sample += offset;
                    sink.event(e);
                }
                Action::Transient(mut t) => {
                    t.start_sample += self.offset;
                    t.stop_sample += self.offset;
                    t.peak_sample += self.offset;
                    sink.transient(t);
                }
            }
        }
    }
}

fn tracks(plan: &Plan) -> Vec<Track> {
    (0..plan.channels.len()).map(|c| Track::new(plan, c)).collect()
}

/// Everything one window gives for one channel: no memory between calls, so windows and channels run in any order.
fn measure(
    plan: &Plan,
    tracks: &[Track],
    span: &Span,
    channel: usize,
    scratch: &mut FftScratch,
    out: &mut Measured,
) {
    let c = &plan.channels[channel];
    let track = &tracks[channel];
    let length = span.stop - span.start;
    let mean = |a: usize, b: usize| {
        let integral =
            rms::product_integral(plan.level, &tracks[a].raw, &tracks[b].raw, span.start, span.stop);
        integral / length * plan.channels[a].scale * plan.channels[b].scale
    };
    let square = mean(channel, channel).max(0.0);
    out.rms = square.sqrt();
    out.p_w = c.pair.map_or(f64::NAN, |i| mean(channel, i));
    out.line_line_rms_v = c
        .next_phase
        .map_or(f64::NAN, |next| (square - 2.0 * mean(channel, next) + mean(next, next)).max(0.0).sqrt());
    harmonics::measure(plan, track.mid(plan), span, c.scale, scratch, &mut out.spectrum);
}
