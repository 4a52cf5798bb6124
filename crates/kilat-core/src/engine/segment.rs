//! The engine: cut, measure, fold, on one stretch of samples without a gap. Both drivers push samples into this.

use std::mem::take;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::capture::{Samples, SamplesRef};
use crate::engine::analysis::Flags;
use crate::engine::crew::Crew;
use crate::engine::cross::{Due, Pairs};
use crate::engine::decisions::Decisions;
use crate::engine::delivery::Delivery;
use crate::engine::fold::Fold;
use crate::engine::measured::Scratch;
use crate::engine::meters::{Meter, Meters};
use crate::engine::plan::Plan;
use crate::engine::sink::Sink;
use crate::engine::track::Track;
use crate::units::Timestamp;

/// Samples that go through all stages together. It bounds memory and keeps what a thread works on in its cache; results do not depend
/// on it.
const TILE: usize = 1 << 14;
/// Threads share more at a time, so that they wait less often for each other.
const SHARED: usize = 2 * TILE;
/// Windows that wait for each other at most, however many threads there are: their samples are held meanwhile.
const WAITING: usize = 4;

/// What the engine remembers of a stream, to be written down.
#[derive(Debug, Serialize)]
pub struct Saved<'e> {
    tracks: &'e [Track],
    pairs: &'e Pairs,
    meters: &'e Meters,
    fold: &'e Fold,
    delivery: &'e Delivery,
}

/// The same, read back.
#[derive(Debug, Deserialize)]
pub struct State {
    tracks: Vec<Track>,
    pairs: Pairs,
    meters: Meters,
    fold: Fold,
    delivery: Delivery,
}

/// Engine and state of one stream.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    crew: Arc<Crew>,
    tracks: Vec<Track>,
    pairs: Pairs,
    meters: Meters,
    fold: Fold,
    /// What the fold has decided and the delivery has not taken yet.
    decided: Decisions,
    delivery: Delivery,
    scratch: Vec<Mutex<Scratch>>,
}

impl Engine {
    /// An engine at sample `offset` of a capture, which was taken at `clock`: in UTC, or counted from the first sample.
    pub fn new(plan: Arc<Plan>, crew: Arc<Crew>, offset: u64, clock: Timestamp) -> Self {
        Self {
            tracks: (0..plan.channels.len()).map(|c| Track::default().anew(&plan, c)).collect(),
            pairs: Pairs::new(&plan),
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
        for (channel, track) in self.tracks.iter_mut().enumerate() {
            *track = take(track).anew(&self.plan, channel);
        }
        self.pairs = take(&mut self.pairs).anew();
        self.meters = take(&mut self.meters).anew(&self.plan);
        self.fold = take(&mut self.fold).anew(&self.plan, clock);
        self.delivery.restart(offset, clock);
    }

    /// Samples that are pushed may stay where they are: sample 0 of the segment is sample `first` of `channels`, the recorded ones.
    pub fn lend<'s>(&mut self, channels: impl Iterator<Item = &'s Samples>, first: usize) {
        self.tracks.iter_mut().zip(channels).for_each(|(track, samples)| track.lend(samples, first));
    }

    /// Makes the room that a stream needs which is pushed `chunk` samples at a time, so that it does not allocate later.
    pub fn reserve(&mut self, chunk: usize) {
        self.tracks.iter_mut().for_each(|t| t.reserve(&self.plan, chunk));
        self.pairs.reserve(&self.plan, chunk);
        self.meters.reserve(&self.plan, chunk);
        self.fold.reserve();
        self.decided.reserve(&self.plan);
        self.delivery.reserve(&self.plan);
    }

    /// All that it remembers.
    pub fn save(&self) -> Saved<'_> {
        let Self { tracks, pairs, meters, fold, delivery, .. } = self;
        Saved { tracks, pairs, meters, fold, delivery }
    }

    /// Goes on with what another engine remembered; false, and nothing done, when that had another plan.
    pub fn load(&mut self, state: State) -> bool {
        let State { tracks, pairs, meters, fold, delivery } = state;
        let alike = tracks.len() == self.tracks.len()
            && tracks.iter().zip(&self.tracks).all(|(a, b)| a.is_like(b))
            && pairs.is_like(&self.pairs)
            && meters.is_like(&self.meters)
            && fold.is_like(&self.fold)
            && delivery.is_like(&self.delivery);
        if alike {
            (self.tracks, self.pairs) = (tracks, pairs);
            (self.meters, self.fold) = (meters, fold);
            self.delivery.load(delivery);
        }
        alike
    }

    /// Takes the next samples, as many of every recorded channel, and gives what they complete to `sink`; in company some of that comes
    /// later, at the latest when the segment is [interrupted](Self::interrupt).
    ///
    /// The order of things is one thread's work. In company it goes on beside the others': a tile is merged while the windows of the
    /// one before are measured, and these are handed over while the next tile is taken in. Alone, windows are measured at once, while
    /// their samples are in the cache. What is decided is the same.
    pub fn push(&mut self, block: &[SamplesRef<'_>], sink: &mut impl Sink) {
        let n = block.first().map_or(0, SamplesRef::len);
        let alone = self.crew.threads() == 1;
        let tile = if alone { TILE } else { SHARED };
        for from in (0..n).step_by(tile) {
            let range = from..n.min(from + tile);
            let Self { plan, crew, tracks, pairs, meters, fold, decided, delivery, scratch } = self;
            let plan = &**plan;
            let (recorded, derived) = tracks.split_at_mut(plan.recorded().len());
            let push = |(track, samples, meter): (&mut Track, &SamplesRef<'_>, Option<&mut Meter>)| {
                track.push(plan, samples.slice(range.clone()));
                if let Some(meter) = meter {
                    meter.take(plan, track);
                }
            };
            let mut waiting = meters.0.iter_mut().peekable();
            let mut meter = |c| waiting.next_if(|m| m.channel == c);
            let items = recorded
                .iter_mut()
                .zip(block)
                .enumerate()
                .map(|(c, (track, samples))| (track, samples, meter(c)));
            if alone {
                delivery.give(plan, sink);
                items.for_each(push);
            } else {
                // Those with most to do go first, so that threads end together.
                let mut items: Vec<_> = items.collect();
                items.sort_by_key(|(_, _, meter)| meter.is_none());
                crew.share_after(|| delivery.give(plan, sink), items.into_iter(), |_, item| push(item));
            }
            for track in derived {
                track.push_sum(plan, recorded);
            }
            for meter in meters.0.iter_mut().filter(|m| m.channel >= plan.recorded().len()) {
                meter.take(plan, &tracks[meter.channel]);
            }
            fold.collect(tracks);
            let mut merge = |decided: &mut Decisions| {
                meters.run(plan, fold);
                fold.run(plan, tracks, decided);
            };
            let multiply = |_, due: Due<'_>| due.add(plan.level);
            if alone {
                pairs.due(tracks).for_each(|due| multiply(0, due));
                merge(decided);
                delivery.take(decided);
                delivery.measure(plan, crew, (tracks, pairs), scratch, || ());
            } else if decided.windows().count() < crew.threads().min(WAITING) {
                // Windows wait until there is one for each thread.
                crew.share_after(|| merge(decided), pairs.due(tracks), multiply);
            } else {
                crew.share(pairs.due(tracks), multiply);
                delivery.take(decided);
                delivery.measure(plan, crew, (tracks, pairs), scratch, || merge(decided));
            }
            let starts = decided.windows().map(|w| w.start);
            let keep = starts.fold(fold.oldest().min(tracks[0].raw.end() as f64), f64::min);
            let keep = keep.min(pairs.oldest());
            pairs.discard_before((keep - plan.margin()).max(0.0) as u64);
            for track in tracks {
                track.discard(plan, keep);
            }
        }
        if alone {
            self.deliver(sink);
        }
    }

    /// Hands over all that has been decided.
    fn deliver(&mut self, sink: &mut impl Sink) {
        let Self { plan, crew, tracks, pairs, decided, delivery, scratch, .. } = self;
        delivery.give(plan, sink);
        delivery.take(decided);
        delivery.measure(plan, crew, (tracks, pairs), scratch, || ());
        delivery.give(plan, sink);
    }

    /// Gives what is left of the segment to `sink`: a gap follows.
    pub fn interrupt(&mut self, sink: &mut impl Sink) {
        let plan = &*self.plan;
        let (recorded, derived) = self.tracks.split_at_mut(plan.recorded().len());
        for track in recorded.iter_mut() {
            track.hold(plan);
        }
        for track in derived {
            track.push_sum(plan, recorded);
        }
        self.pairs.due(&self.tracks).for_each(|due| due.add(plan.level));
        let length = self.tracks.first().map_or(0, |t| t.raw.end());
        for track in &mut self.tracks {
            track.finish(plan);
        }
        self.fold.collect(&mut self.tracks);
        self.meters.0.iter_mut().for_each(|meter| meter.take(plan, &self.tracks[meter.channel]));
        self.meters.run(plan, &mut self.fold);
        self.fold.finish(plan, &self.tracks, length, &mut self.decided);
        self.deliver(sink);
        self.delivery.interrupt(&self.plan, sink);
    }

    /// Gives what is left of a stream that has been [interrupted](Self::interrupt) to `sink`: nothing follows.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.delivery.finish(sink);
    }

    /// The next `n` samples to be pushed have been through `flags`.
    pub fn expect(&mut self, n: u64, flags: Flags) {
        let recorded = self.plan.recorded().len();
        self.tracks[..recorded].iter_mut().for_each(|t| t.expect(&self.plan, n, flags));
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
        let state =
            |e: &Engine| postcard::to_extend(&(&e.tracks, &e.pairs, &e.meters, &e.fold), Vec::new()).unwrap();

        let (mut engine, sink) = (new(0, 0), &mut Recorder::new(&plan));
        engine.reserve(1000);
        engine.push(&parts, sink);
        engine.interrupt(sink);
        let (offset, clock) = (30_000, 1_234_567_890_123);
        assert_ne!(state(&engine), state(&new(offset, clock)));
        engine.restart(offset, Timestamp(clock));
        assert_eq!(state(&engine), state(&new(offset, clock)));
    }
}
