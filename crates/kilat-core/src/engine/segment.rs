//! The engine: cut, measure, fold, on one stretch of samples without a gap. Both drivers push samples into this.

use std::mem::take;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::capture::{Samples, SamplesRef};
use crate::engine::analysis::Flags;
use crate::engine::crew::Crew;
use crate::engine::cross::Pairs;
use crate::engine::decisions::Decisions;
use crate::engine::delivery::{Delivery, Window};
use crate::engine::fold::Fold;
use crate::engine::measured::Scratch;
use crate::engine::meters::Meters;
use crate::engine::plan::Plan;
use crate::engine::reduce::Stretch;
use crate::engine::sink::Sink;
use crate::engine::streams::Streams;
use crate::engine::track::Track;
use crate::units::Timestamp;

/// Samples of a channel that are converted, looked through, added up and decimated while they are in the nearest cache.
const NEAR: usize = 1024;
/// So many of them a thread takes at a time.
const PART: usize = 2 * NEAR;
/// Samples that go through all stages together. It bounds memory and keeps what a thread works on in its cache; results do not depend
/// on it.
const TILE: usize = 1 << 14;
/// Seconds that threads share at a time: the more, the less often they wait for each other.
const SHARED_S: f64 = 1.3;
/// The same of samples that go into memory of the engine's own, which is the slower the more it is.
const MOVED_S: f64 = 0.1;

/// What the engine remembers of a stream, to be written down.
#[derive(Debug, Serialize)]
pub struct Saved<'e> {
    streams: &'e [Streams],
    pairs: &'e Pairs,
    tracks: &'e [Track],
    meters: &'e Meters,
    fold: &'e Fold,
    delivery: &'e Delivery,
}

/// The same, read back.
#[derive(Debug, Deserialize)]
pub struct State {
    streams: Vec<Streams>,
    pairs: Pairs,
    tracks: Vec<Track>,
    meters: Meters,
    fold: Fold,
    delivery: Delivery,
}

/// Engine and state of one stream.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    crew: Arc<Crew>,
    streams: Vec<Streams>,
    pairs: Pairs,
    tracks: Vec<Track>,
    meters: Meters,
    fold: Fold,
    /// What the fold has decided and the delivery has not taken yet.
    decided: Decisions,
    delivery: Delivery,
    scratch: Vec<Mutex<Scratch>>,
}

/// What goes in order within itself, and beside all else.
enum Work<'w> {
    Follow(&'w mut Track),
    Measure(Window<'w>),
}

/// The buffers of a thread. A poisoned lock means a panic elsewhere, and they are overwritten anyway.
fn own(scratch: &Mutex<Scratch>) -> MutexGuard<'_, Scratch> {
    scratch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those of the caller's thread, without taking a lock.
fn first(scratch: &mut [Mutex<Scratch>]) -> &mut Scratch {
    scratch[0].get_mut().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine at sample `offset` of a capture, which was taken at `clock`: in UTC, or counted from the first sample.
    pub fn new(plan: Arc<Plan>, crew: Arc<Crew>, offset: u64, clock: Timestamp) -> Self {
        let followed = (0..plan.channels.len()).filter(|c| plan.channels[*c].tracked);
        Self {
            streams: (0..plan.channels.len()).map(|c| Streams::default().anew(&plan, c)).collect(),
            pairs: Pairs::new(&plan),
            tracks: followed.map(|c| Track::default().anew(&plan, c)).collect(),
            meters: Meters::new(&plan),
            fold: Fold::new(&plan, clock),
            decided: Decisions::default(),
            delivery: Delivery::new(&plan, offset, clock),
            scratch: (0..crew.threads()).map(|_| Mutex::new(Scratch::new(&plan))).collect(),
            crew,
            plan,
        }
    }

    /// Begins a new segment at sample `offset`, taken at `clock`, in the memory of the one before, which must have been
    /// [interrupted](Self::interrupt).
    pub fn restart(&mut self, offset: u64, clock: Timestamp) {
        for (channel, streams) in self.streams.iter_mut().enumerate() {
            *streams = take(streams).anew(&self.plan, channel);
        }
        self.pairs = take(&mut self.pairs).anew();
        for track in &mut self.tracks {
            let channel = track.channel();
            *track = take(track).anew(&self.plan, channel);
        }
        self.meters = take(&mut self.meters).anew(&self.plan);
        self.fold = take(&mut self.fold).anew(&self.plan, clock);
        self.delivery.restart(offset, clock);
    }

    /// Samples that are pushed may stay where they are: sample 0 of the segment is sample `first` of `channels`, the recorded ones.
    pub fn lend<'s>(&mut self, channels: impl Iterator<Item = &'s Samples>, first: usize) {
        self.streams.iter_mut().zip(channels).for_each(|(streams, samples)| streams.lend(samples, first));
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time, so that it does not allocate later.
    pub fn reserve(&mut self, chunk: usize) {
        self.streams.iter_mut().for_each(|s| s.reserve(&self.plan, chunk));
        self.pairs.reserve(&self.plan, chunk);
        self.tracks.iter_mut().for_each(|t| t.reserve(&self.plan, chunk));
        self.meters.reserve(&self.plan, chunk);
        self.fold.reserve();
        self.decided.reserve(&self.plan);
        self.delivery.reserve(&self.plan);
    }

    /// All that it remembers.
    pub fn save(&self) -> Saved<'_> {
        let Self { streams, pairs, tracks, meters, fold, delivery, .. } = self;
        Saved { streams, pairs, tracks, meters, fold, delivery }
    }

    /// Goes on with what another engine remembered; false, and nothing done, when that had another plan.
    pub fn load(&mut self, state: State) -> bool {
        let State { streams, pairs, tracks, meters, fold, delivery } = state;
        let alike = streams.len() == self.streams.len()
            && streams.iter().zip(&self.streams).all(|(a, b)| a.is_like(b))
            && tracks.iter().map(Track::channel).eq(self.tracks.iter().map(Track::channel))
            && pairs.is_like(&self.pairs)
            && meters.is_like(&self.meters)
            && fold.is_like(&self.fold)
            && delivery.is_like(&self.delivery);
        if alike {
            (self.streams, self.pairs, self.tracks) = (streams, pairs, tracks);
            (self.meters, self.fold) = (meters, fold);
            self.delivery.load(delivery);
        }
        alike
    }

    /// Takes the next samples, as many of every recorded channel, and gives what they complete to `sink`; in company some of that comes
    /// later, at the latest when the segment is [interrupted](Self::interrupt). What is decided is the same.
    pub fn push(&mut self, block: &[SamplesRef<'_>], sink: &mut impl Sink) {
        let n = block.first().map_or(0, SamplesRef::len);
        let alone = self.crew.threads() == 1;
        let stay = self.all_stay(block);
        let tile = if alone { TILE } else { self.shared(stay) };
        for from in (0..n).step_by(tile) {
            let range = from..n.min(from + tile);
            if alone {
                self.delivery.give(&self.plan, sink);
                if stay {
                    self.reduce(block, range);
                } else {
                    self.move_and_reduce(block, range);
                }
                self.follow_alone();
            } else {
                self.reduce(block, range);
                self.follow_in_company(sink);
            }
            self.let_go();
        }
        if alone {
            self.delivery.give(&self.plan, sink);
        }
    }

    /// True when the samples of all channels, none of which is derived from others, may stay where they lie.
    fn all_stay(&self, block: &[SamplesRef<'_>]) -> bool {
        let mut channels = self.streams.iter().zip(block);
        self.streams.len() == block.len()
            && channels.all(|(stream, samples)| stream.place(&self.plan, *samples).is_some())
    }

    /// Samples that threads share at a time, when they `stay` where they lie or do not.
    fn shared(&self, stay: bool) -> usize {
        let (seconds, most) = if stay { (SHARED_S, 4 * TILE) } else { (MOVED_S, TILE) };
        ((seconds * self.plan.fs) as usize).clamp(TILE / 2, most)
    }

    /// One thread makes of samples what looks back no further than a filter reaches, as soon as it has moved or converted them.
    fn move_and_reduce(&mut self, block: &[SamplesRef<'_>], range: Range<usize>) {
        let Self { plan, streams, pairs, scratch, .. } = self;
        let near = &mut first(scratch).near;
        for from in range.clone().step_by(NEAR) {
            let (recorded, derived) = streams.split_at_mut(plan.recorded().len());
            for ((stream, samples), near) in recorded.iter_mut().zip(block).zip(&mut *near) {
                stream.take(plan, *samples, from..range.end.min(from + NEAR), near);
            }
            for stream in derived {
                stream.add_up(plan, recorded);
            }
            pairs.due(|c| streams[c].raw.end()).add(plan.level, |c| streams[c].raw.seen(&near[c]));
        }
    }

    /// One thread does one thing after the other, while the samples are in its cache.
    fn follow_alone(&mut self) {
        let Self { plan, streams, tracks, .. } = self;
        for track in &mut *tracks {
            track.follow(plan, &streams[track.channel()]);
        }
        self.fold.collect(streams, tracks);
        self.merge();
        self.measure();
    }

    /// All threads make of samples what looks back no further than a filter reaches: of those that must be moved or converted, channel by
    /// channel, and then of stretches of time.
    fn reduce(&mut self, block: &[SamplesRef<'_>], range: Range<usize>) {
        let Self { plan, crew, streams, pairs, scratch, .. } = self;
        let plan = &**plan;
        let (recorded, derived) = streams.split_at_mut(plan.recorded().len());
        // A sum is made of samples that are known to be numbers.
        let can_stay = derived.is_empty();
        let moved = |stream: &mut Streams, samples| !can_stay || !stream.stays(plan, samples);
        let channels = recorded.iter_mut().zip(block);
        let moved: Vec<_> =
            channels.filter_map(|(s, x)| moved(s, x.slice(range.clone())).then_some((s, *x))).collect();
        let take = |thread: usize, (stream, samples): (&mut Streams, SamplesRef<'_>)| {
            if can_stay && stream.keeps(plan, samples.slice(range.clone())) {
                return;
            }
            let near = &mut own(&scratch[thread]).near[0];
            for from in range.clone().step_by(NEAR) {
                stream.take(plan, samples, from..range.end.min(from + NEAR), near);
            }
        };
        if !moved.is_empty() {
            crew.share(moved.into_iter(), take);
        }
        for stream in derived {
            stream.add_up(plan, recorded);
        }

        let summed = pairs.end();
        let all_sound = AtomicBool::new(true);
        let stretch = Stretch::new(plan, streams, pairs);
        if !stretch.is_empty() {
            let rows = stretch.equal(crew.threads()).map(|row| row.parts(PART));
            crew.share_rows(
                || (),
                rows,
                |thread, part| {
                    if !part.fill(plan.level, &mut own(&scratch[thread]).near) {
                        all_sound.store(false, Ordering::Relaxed);
                    }
                },
            );
        }
        if !all_sound.into_inner() {
            let mut any_mended = false;
            for (stream, samples) in streams.iter_mut().zip(block) {
                any_mended |= stream.mend(plan, samples.slice(range.clone()));
            }
            if any_mended {
                pairs.cut_back(summed);
                pairs.add(plan.level, streams, &mut first(scratch).near);
            }
        }
    }

    /// Threads share what goes in order: each track, and beside them the windows that are due. The caller's thread meanwhile merges what
    /// the tracks found in the tile before, which makes the next ones due, and hands over what was measured last.
    fn follow_in_company(&mut self, sink: &mut impl Sink) {
        let Self { plan, crew, streams, pairs, tracks, meters, fold, decided, delivery, scratch } = self;
        let plan = &**plan;
        delivery.take(decided);
        let seen = &streams[..];
        let threads = crew.threads();
        let (windows, handover) = delivery.windows(plan, seen, threads);
        let windows: Vec<_> = windows.map(Work::Measure).collect();
        let n = windows.len();
        // A thread begins with windows of the time whose samples it has brought into its cache.
        let mut rows: Vec<Vec<Work>> = (0..threads).map(|_| Vec::new()).collect();
        for (k, track) in tracks.iter_mut().enumerate() {
            rows[threads - 1 - k % threads].push(Work::Follow(track));
        }
        for (k, window) in windows.into_iter().enumerate() {
            rows[k * threads / n].push(window);
        }
        let caller = || {
            meters.run(plan, seen, fold);
            fold.run(plan, seen, decided);
            handover.give(plan, sink);
        };
        crew.share_rows(caller, rows.into_iter().map(Vec::into_iter), |thread, work| match work {
            Work::Follow(track) => track.follow(plan, &seen[track.channel()]),
            Work::Measure(window) => window.measure(plan, (seen, pairs), &mut own(&scratch[thread])),
        });
        delivery.set_aside();
        fold.collect(streams, tracks);
    }

    /// Merges what the tracks have found.
    fn merge(&mut self) {
        let Self { plan, streams, meters, fold, decided, .. } = self;
        meters.run(plan, streams, fold);
        fold.run(plan, streams, decided);
    }

    /// Measures the windows that have been decided.
    fn measure(&mut self) {
        let Self { plan, crew, streams, pairs, decided, delivery, scratch, .. } = self;
        delivery.take(decided);
        let (windows, _) = delivery.windows(plan, streams, crew.threads());
        if crew.threads() == 1 {
            let scratch = first(scratch);
            windows.for_each(|window| window.measure(plan, (streams, pairs), scratch));
        } else {
            crew.share(windows, |thread, window| {
                window.measure(plan, (streams, pairs), &mut own(&scratch[thread]));
            });
        }
    }

    /// Lets go of samples that nobody needs any more.
    fn let_go(&mut self) {
        let Self { plan, streams, pairs, tracks, fold, decided, .. } = self;
        let starts = decided.windows().map(|w| w.start);
        let needed = starts.chain(tracks.iter().map(|t| t.oldest(plan))).chain([pairs.end() as f64]);
        let keep = needed.fold(fold.oldest().min(streams[0].raw.end() as f64), f64::min);
        let keep = (keep - plan.margin()).max(0.0) as u64;
        pairs.discard_before(keep);
        for stream in streams {
            stream.discard_before(plan, keep);
        }
        for track in tracks {
            track.discard_before(plan, keep);
        }
    }

    /// Where the first event, rapid change or transient begins that goes on, or is to be given out yet.
    pub fn due_since(&self) -> Option<f64> {
        let due = self.fold.open_since().into_iter().chain(self.decided.since());
        self.delivery.due_since(due.reduce(f64::min))
    }

    /// Gives what is left of the segment to `sink`: a gap follows.
    pub fn interrupt(&mut self, sink: &mut impl Sink) {
        // In company, what the tracks found last is still to be merged.
        self.merge();
        let Self { plan, streams, pairs, tracks, meters, fold, decided, delivery, scratch, .. } = self;
        delivery.give(plan, sink);
        let (recorded, derived) = streams.split_at_mut(plan.recorded().len());
        for stream in &mut *recorded {
            stream.hold(plan);
        }
        for stream in derived {
            stream.add_up(plan, recorded);
        }
        pairs.add(plan.level, streams, &mut first(scratch).near);
        let length = streams.first().map_or(0, |s| s.raw.end());
        for track in &mut *tracks {
            let streams = &streams[track.channel()];
            track.follow(plan, streams);
            track.finish(plan, streams);
        }
        fold.collect(streams, tracks);
        meters.run(plan, streams, fold);
        fold.finish(plan, streams, length, decided);
        self.measure();
        self.delivery.give(&self.plan, sink);
        self.delivery.interrupt(&self.plan, sink);
    }

    /// Gives what is left of a stream that has been [interrupted](Self::interrupt) to `sink`: nothing follows.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.delivery.finish(sink);
    }

    /// The next `n` samples to be pushed have been through `flags`.
    pub fn expect(&mut self, n: u64, flags: Flags) {
        let recorded = self.plan.recorded().len();
        self.streams[..recorded].iter_mut().for_each(|t| t.expect(&self.plan, n, flags));
    }

    /// The clock is `seconds` ahead of what the sampling rate says: ticks come that much sooner from now on.
    pub fn steer(&mut self, seconds: f64) {
        self.delivery.steer(seconds);
        self.fold.steer(-seconds * self.plan.fs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Channel;
    use crate::config::{Config, Tone};
    use crate::engine::plan::ChannelSpec;
    use crate::engine::recorder::Recorder;
    use crate::units::SampleRate;

    /// After a segment in which everything has happened, the next begins as if it were the first, to the last bit.
    #[test]
    fn a_segment_begins_anew_in_the_memory_of_the_one_before() {
        const FS: f64 = 10_000.0;
        let names = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"];
        let config: Config = toml::from_str(
            "nominal_voltage_v = 230.0\nrvc_pct = 1.0\ntransient_pct = 10.0\nsliding_reference = true\nsupraharmonics = true
            corrections.Ub.delay_s = 3.3e-4",
        )
        .unwrap();
        let config = Config { signalling: vec![Tone::at(175.0)], ..config };
        let specs: Vec<_> = names
            .iter()
            .map(|n| Channel::new(*n, if n.starts_with('U') { "V" } else { "A" }, Vec::<f32>::new()))
            .enumerate()
            .map(|(i, mut c)| {
                c.range = Some((-400.0, 400.0));
                ChannelSpec::of(&c, i)
            })
            .collect();
        let plan = Arc::new(Plan::new(&config, SampleRate::from_hz(FS).unwrap(), &specs).unwrap());
        // A dip, an impulse, a converter at its limit, missing samples, an interruption to the end.
        let wave = |c: usize, i: usize| {
            let size = match i {
                11_000..13_000 => 0.5,
                16_003 => 3.0,
                17_500.. => 0.0,
                _ => 1.0,
            };
            let angle = std::f64::consts::TAU * (50.1 * i as f64 / FS - c as f64 / 3.0);
            if (14_000..14_050).contains(&i) { f32::NAN } else { (size * 325.0 * angle.sin()) as f32 }
        };
        let x: Vec<Vec<f32>> = (0..6).map(|c| (0..20_000).map(|i| wave(c, i)).collect()).collect();
        let parts: Vec<_> = x.iter().map(|x| SamplesRef::F32(x)).collect();
        let new = |offset, clock| Engine::new(plan.clone(), Arc::default(), offset, Timestamp(clock));
        let state = |e: &Engine| {
            postcard::to_extend(&(&e.streams, &e.pairs, &e.tracks, &e.meters, &e.fold), Vec::new()).unwrap()
        };

        let (mut engine, sink) = (new(0, 0), &mut Recorder::new(plan.clone()));
        engine.reserve(1000);
        engine.push(&parts, sink);
        engine.interrupt(sink);
        let (offset, clock) = (30_000, 1_234_567_890_123);
        assert_ne!(state(&engine), state(&new(offset, clock)));
        engine.restart(offset, Timestamp(clock));
        assert_eq!(state(&engine), state(&new(offset, clock)));
    }
}
