//! New samples on their way to sums and slower streams: nothing here looks further back than a filter reaches, so that stretches of
//! time may go in any order, one on each thread.

use std::ops::Range;

use crate::dsp::decimate::Decimator;
use crate::engine::cross::{Due, Pairs};
use crate::engine::history::{Held, History};
use crate::engine::plan::Plan;
use crate::engine::raw::{Near, Raw};
use crate::engine::streams::Streams;
use crate::pq::rms::Sums;
use crate::simd::Level;

/// What is to be made of new samples of one channel, and room for it.
pub struct Share<'t> {
    /// The samples.
    pub raw: &'t Raw,
    /// Those that nobody has looked at.
    pub unseen: Range<u64>,
    /// What codes lie between that are neither clipped nor stand for nothing.
    pub limits: (f32, f32),
    /// Sums of squares.
    pub energies: Sums<'t>,
    /// What harmonics are taken from.
    pub mid: Slower<'t>,
    /// What emission is taken from.
    pub wide: Slower<'t>,
}

impl Share<'_> {
    /// Takes away what samples before `end` allow.
    fn split_before(&mut self, end: u64) -> Self {
        let middle = end.clamp(self.unseen.start, self.unseen.end);
        let unseen = self.unseen.start..middle;
        self.unseen.start = middle;
        let (energies, mid, wide) =
            (self.energies.split_before(end), self.mid.split_before(end), self.wide.split_before(end));
        Self { unseen, energies, mid, wide, ..*self }
    }

    /// Makes it, while the samples are in the nearest cache, or in `near`; false when one of the unseen is no number, or beyond the
    /// limits. `soon` comes next.
    pub fn fill(self, level: Level, soon: &[f32], near: &mut Near) -> bool {
        let Self { raw, unseen, limits, energies, mid, wide } = self;
        let from = unseen.start.min(energies.samples().start).min(mid.input());
        let within = raw.bring(level, (from..unseen.start, unseen.clone()), limits, near);
        let samples = raw.seen(near);
        let summed = energies.samples().end;
        let are_numbers = energies.square(level, samples);
        let left = if mid.out.is_empty() { soon } else { &[] };
        mid.fill(level, samples, soon);
        wide.fill(level, samples, &[]);
        let more = unseen.start.max(summed.min(unseen.end))..unseen.end;
        within && are_numbers && (raw.are_codes() || level.all_finite(samples.get(more), left))
    }
}

/// Room for new outputs of a decimator.
pub struct Slower<'t> {
    decimator: Option<&'t Decimator>,
    first: u64,
    out: &'t mut [f32],
}

impl<'t> Slower<'t> {
    /// For all that `raw` allows and `stream` has not; nothing without a decimator.
    pub fn new(decimator: Option<&'t Decimator>, raw: &Raw, stream: &'t mut History) -> Self {
        let first = stream.end();
        let end = decimator.map_or(first, |d| d.outputs(raw.end()));
        Self { decimator, first, out: stream.grow(end.saturating_sub(first) as usize) }
    }

    fn split_before(&mut self, end: u64) -> Self {
        let end = self.decimator.map_or(self.first, |d| d.outputs(end));
        let n = (end.saturating_sub(self.first) as usize).min(self.out.len());
        let first = self.first;
        self.first += n as u64;
        Self { decimator: self.decimator, first, out: self.out.split_off_mut(..n).unwrap_or_default() }
    }

    /// Index of the first sample that is needed.
    fn input(&self) -> u64 {
        let decimator = self.decimator.filter(|_| !self.out.is_empty());
        decimator.map_or(u64::MAX, |d| d.input_of(self.first))
    }

    fn fill(self, level: Level, raw: Held<'_>, soon: &[f32]) {
        if let Some(decimator) = self.decimator.filter(|_| !self.out.is_empty()) {
            decimator.fill(level, raw, self.first, self.out, soon);
        }
    }
}

/// New samples of all channels over the same time.
pub struct Stretch<'t> {
    samples: Range<u64>,
    shares: Vec<Share<'t>>,
    due: Due<'t>,
}

impl<'t> Stretch<'t> {
    /// All that is new.
    pub fn new(plan: &'t Plan, streams: &'t mut [Streams], pairs: &'t mut Pairs) -> Self {
        let shares: Vec<_> = streams.iter_mut().map(|s| s.share(plan)).collect();
        let due = pairs.due(|c| shares[c].raw.end());
        let samples =
            shares.iter().map(|s| s.unseen.clone()).chain([due.samples()]).filter(|s| !s.is_empty());
        let samples = samples.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or_default();
        Self { samples, shares, due }
    }

    /// True when nothing is left to be made.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// So many parts of the same length.
    pub fn equal(self, n: usize) -> impl Iterator<Item = Self> {
        let samples = (self.samples.end - self.samples.start).div_ceil(n as u64);
        self.parts(samples as usize)
    }

    /// In parts of so many `samples`.
    pub fn parts(mut self, samples: usize) -> impl Iterator<Item = Self> + Send {
        let (begin, end) = (self.samples.start, self.samples.end);
        let ends = (begin..end).step_by(samples).map(move |from| end.min(from + samples as u64));
        ends.map(move |end| self.split_before(end))
    }

    fn split_before(&mut self, end: u64) -> Self {
        let samples = self.samples.start..end;
        self.samples.start = end;
        let shares = self.shares.iter_mut().map(|s| s.split_before(end)).collect();
        Self { samples, shares, due: self.due.split_before(end) }
    }

    /// Makes everything of it, one channel after the other, and of all channels what is left in `near`; false when a sample is no number,
    /// or beyond the limits.
    pub fn fill(self, level: Level, near: &mut [Near]) -> bool {
        let Self { mut shares, mut due, .. } = self;
        let raw: Vec<_> = shares.iter().map(|s| s.raw).collect();
        let samples = due.samples();
        for (c, squares) in due.squares() {
            *squares = shares[c].energies.hand_over(&samples);
        }
        let (mut due, mut sound) = (Some(due), true);
        // What need not be converted before is read from memory the faster, the more channels are read beside each other.
        if let Some(due) = due.take_if(|_| raw.iter().all(|r| !r.are_codes())) {
            sound &= due.add(level, |c| raw[c].floats().view());
        }
        sound = shares.into_iter().zip(&mut *near).fold(sound, |sound, (share, near)| {
            // Without a filter, the time is too short to ask for what another thread may take.
            let is_slow = !share.mid.out.is_empty();
            let soon = if is_slow { share.raw.behind(share.unseen.clone()) } else { &[] };
            share.fill(level, soon, near) && sound
        });
        if let Some(due) = due {
            sound &= due.add(level, |c| raw[c].seen(&near[c]));
        }
        sound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Channel, Samples};
    use crate::config::Config;
    use crate::engine::plan::ChannelSpec;
    use crate::units::SampleRate;

    /// Streams of six channels whose `samples` are lent.
    fn lent(plan: &Plan, samples: &[Samples]) -> Vec<Streams> {
        let one = |(c, samples): (usize, &Samples)| {
            let mut streams = Streams::default().anew(plan, c);
            streams.lend(samples, 0);
            assert!(streams.stays(plan, samples.as_ref().unwrap()));
            streams
        };
        samples.iter().enumerate().map(one).collect()
    }

    fn plan(supraharmonics: bool) -> Plan {
        let names = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"];
        let spec = |(c, name): (usize, &&str)| {
            let unit = if name.starts_with('U') { "V" } else { "A" };
            ChannelSpec {
                missing_code: Some(-32_768),
                ..ChannelSpec::of(&Channel::new(*name, unit, Vec::<f32>::new()), c)
            }
        };
        let specs: Vec<_> = names.iter().enumerate().map(spec).collect();
        let config = Config { supraharmonics, ..Config::class_a(230.0, 50.0) };
        Plan::new(&config, SampleRate::from_hz(250_000.0).unwrap(), &specs).unwrap()
    }

    /// Everything that streams and pairs hold; NaN is not equal to itself, but its bits are.
    fn state(plan: &Plan, streams: &[Streams], pairs: &Pairs) -> Vec<u8> {
        let of = |s: &Streams| {
            let flags: Vec<_> = (0..20_000).map(|n| s.flags(f64::from(n), f64::from(n + 1))).collect();
            let sums = (s.energy(plan, 3.5, 19_000.5).to_bits(), flags);
            let wide = plan.to_wide().map(|_| s.wide(plan));
            (postcard::to_allocvec(&(&s.raw, s.mid(plan), wide)).unwrap(), sums)
        };
        postcard::to_allocvec(&(streams.iter().map(of).collect::<Vec<_>>(), pairs)).unwrap()
    }

    /// What `samples` make, some of them missing, if they are converted at once.
    fn converted(plan: &Plan, samples: &[Samples]) -> Vec<u8> {
        let mut streams: Vec<_> = (0..6).map(|c| Streams::default().anew(plan, c)).collect();
        for (streams, samples) in streams.iter_mut().zip(samples) {
            streams.take(plan, samples.as_ref().unwrap(), 0..20_000, &mut Near::default());
            assert!(!streams.raw.is_as_recorded());
        }
        let mut pairs = Pairs::new(plan);
        pairs.add(plan.level, &streams, &mut nears());
        state(plan, &streams, &pairs)
    }

    fn nears() -> Vec<Near> {
        (0..6).map(|_| Near::default()).collect()
    }

    /// Stretches of lent `samples`, of any length and in any order, make what one makes, and say of as many that they are `unsound`; mended,
    /// they are what converting makes.
    fn check(plan: &Plan, samples: &[Samples], unsound: usize) {
        let (mut whole, mut pairs) = (lent(plan, samples), Pairs::new(plan));
        let sound = Stretch::new(plan, &mut whole, &mut pairs).fill(plan.level, &mut nears());
        assert_eq!(sound, unsound == 0);
        let want = state(plan, &whole, &pairs);
        for length in [100, 1000, 4096, 19_999] {
            let (mut streams, mut pairs) = (lent(plan, samples), Pairs::new(plan));
            let mut parts: Vec<_> = Stretch::new(plan, &mut streams, &mut pairs).parts(length).collect();
            assert_eq!(parts.len(), 20_000usize.div_ceil(length));
            parts.reverse();
            let near = &mut nears();
            let fill = |part: Stretch<'_>| part.fill(plan.level, near);
            assert_eq!(parts.into_iter().map(fill).filter(|sound| !sound).count(), unsound);
            assert!(state(plan, &streams, &pairs) == want, "{length}");
        }
        let mended = whole.iter_mut().zip(samples).map(|(s, x)| s.mend(plan, x.as_ref().unwrap()));
        if mended.filter(|mended| *mended).count() > 0 {
            pairs.cut_back(0);
            pairs.add(plan.level, &whole, &mut nears());
        }
        assert!(state(plan, &whole, &pairs) == converted(plan, samples));
    }

    fn wave(c: usize, i: usize) -> f32 {
        (0.01 * (i * (c + 1)) as f32).sin() * 325.0
    }

    #[test]
    fn stretches_of_any_length_and_order_make_what_one_makes_and_what_is_no_number_is_mended() {
        let plan = plan(true);
        let value = |c: usize, i: usize| if (c, i) == (2, 9_000) { f32::NAN } else { wave(c, i) };
        let samples: Vec<Samples> =
            (0..6).map(|c| (0..20_000).map(|i| value(c, i)).collect::<Vec<f32>>().into()).collect();
        check(&plan, &samples, 1);
    }

    #[test]
    fn so_do_codes_whatever_they_stand_for() {
        let plan = plan(false);
        for (special, unsound) in [(0, 0), (i16::MAX, 2), (i16::MIN, 2)] {
            let code = |c: usize, i: usize| {
                if (c, i) == (1, 9_000) || (c, i) == (4, 19_999) {
                    special
                } else {
                    (100.0 * wave(c, i)) as i16
                }
            };
            let samples: Vec<Samples> =
                (0..6).map(|c| (0..20_000).map(|i| code(c, i)).collect::<Vec<i16>>().into()).collect();
            check(&plan, &samples, unsound);
        }
    }
}
