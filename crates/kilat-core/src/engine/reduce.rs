//! New samples on their way to sums and slower streams: nothing here looks further back than a filter reaches, so that stretches of
//! time may go in any order, one on each thread.

use std::ops::Range;

use crate::dsp::decimate::Decimator;
use crate::engine::cross::{Due, Pairs};
use crate::engine::history::History;
use crate::engine::plan::Plan;
use crate::engine::streams::Streams;
use crate::pq::rms::Sums;
use crate::simd::Level;

/// What is to be made of new samples of one channel, and room for it.
pub struct Share<'t> {
    /// The samples.
    pub raw: &'t History,
    /// Those that nobody has looked at.
    pub unseen: Range<u64>,
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
        Self { raw: self.raw, unseen, energies, mid, wide }
    }

    /// Makes it, while the samples are in the nearest cache; false when one of the unseen is no number. `soon` comes next.
    pub fn fill(self, level: Level, soon: &[f32]) -> bool {
        let Self { raw, unseen, energies, mid, wide } = self;
        energies.square(level, raw);
        let left = if mid.out.is_empty() { soon } else { &[] };
        mid.fill(level, raw, soon);
        wide.fill(level, raw, &[]);
        level.all_finite(raw.get(unseen), left)
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
    pub fn new(decimator: Option<&'t Decimator>, raw: &History, stream: &'t mut History) -> Self {
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

    fn fill(self, level: Level, raw: &History, soon: &[f32]) {
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
        let due = pairs.due(|c| shares[c].raw);
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

    /// Makes everything of it; false when a sample is no number.
    pub fn fill(self, level: Level) -> bool {
        let Self { shares, due, .. } = self;
        due.add(level);
        shares.into_iter().fold(true, |sound, share| {
            // Without a filter, the time is too short to ask for what another thread may take.
            let is_slow = !share.mid.out.is_empty();
            let soon = if is_slow { share.raw.behind(share.unseen.end) } else { &[] };
            share.fill(level, soon) && sound
        })
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

    #[test]
    fn stretches_of_any_length_and_order_make_what_one_makes_and_what_is_no_number_is_mended() {
        let names = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"];
        let spec = |(c, name): (usize, &&str)| {
            let unit = if name.starts_with('U') { "V" } else { "A" };
            ChannelSpec::of(&Channel::new(*name, unit, Vec::<f32>::new()), c)
        };
        let specs: Vec<_> = names.iter().enumerate().map(spec).collect();
        let config = Config { supraharmonics: true, ..Config::class_a(230.0, 50.0) };
        let plan = Plan::new(&config, SampleRate::from_hz(250_000.0).unwrap(), &specs).unwrap();
        let wave = |c: usize, i: usize| {
            if (c, i) == (2, 9_000) { f32::NAN } else { (0.01 * (i * (c + 1)) as f32).sin() * 325.0 }
        };
        let samples: Vec<Samples> =
            (0..6).map(|c| (0..20_000).map(|i| wave(c, i)).collect::<Vec<f32>>().into()).collect();
        let state = |streams: &[Streams], pairs: &Pairs| {
            let of = |s: &Streams| {
                let sums = (s.energy(&plan, 3.5, 19_000.5).to_bits(), s.flags(0.0, 2e4));
                postcard::to_extend(&(&s.raw, s.mid(&plan), s.wide(&plan), sums), Vec::new()).unwrap()
            };
            (streams.iter().map(of).collect::<Vec<_>>(), postcard::to_extend(pairs, Vec::new()).unwrap())
        };

        let (mut whole, mut pairs) = (lent(&plan, &samples), Pairs::new(&plan));
        let sound = Stretch::new(&plan, &mut whole, &mut pairs).fill(plan.level);
        assert!(!sound);
        let want = state(&whole, &pairs);
        for length in [100, 1000, 4096, 19_999] {
            let (mut streams, mut pairs) = (lent(&plan, &samples), Pairs::new(&plan));
            let mut parts: Vec<_> = Stretch::new(&plan, &mut streams, &mut pairs).parts(length).collect();
            assert_eq!(parts.len(), 20_000usize.div_ceil(length));
            parts.reverse();
            let sound = parts.into_iter().map(|part| part.fill(plan.level)).filter(|sound| !sound).count();
            assert_eq!(sound, 1);
            // NaN is not equal to itself, but its bits are.
            assert!(state(&streams, &pairs) == want, "{length}");
        }

        // The same as if they had been converted at once.
        whole.iter_mut().zip(&samples).for_each(|(s, x)| s.mend(&plan, x.as_ref().unwrap()));
        pairs.cut_back(0);
        pairs.due(|c| &whole[c].raw).add(plan.level);
        let mut converted: Vec<_> = (0..6).map(|c| Streams::default().anew(&plan, c)).collect();
        for (streams, samples) in converted.iter_mut().zip(&samples) {
            streams.take(&plan, samples.as_ref().unwrap(), 0..20_000);
        }
        let mut others = Pairs::new(&plan);
        others.due(|c| &converted[c].raw).add(plan.level);
        assert!(state(&whole, &pairs) == state(&converted, &others));
        assert_eq!(whole[2].raw.at(9_000), whole[2].raw.at(8_999));
    }
}
