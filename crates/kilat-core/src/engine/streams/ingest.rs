//! How samples come into a channel's streams: lent where they lie, or converted, with what is missing or clipped noted.

use std::ops::Range;

use crate::capture::{Samples, SamplesRef};
use crate::engine::analysis::Flags;
use crate::engine::corrector::Corrector;
use crate::engine::plan::Plan;
use crate::engine::streams::Streams;

impl Streams {
    /// Samples that are pushed may stay where they are: sample 0 of the segment is sample `first` of `samples`.
    pub fn lend(&mut self, samples: &Samples, first: usize) {
        self.lent = samples.lent().map(|(whole, at)| (whole.clone(), at + first));
    }

    /// Takes samples `near` of `samples` and makes of them what they allow.
    pub fn take(&mut self, plan: &Plan, samples: SamplesRef<'_>, near: Range<usize>) {
        let soon = match samples {
            SamplesRef::F32(x) => &x[near.end..],
            _ => &[],
        };
        let samples = samples.slice(near);
        if !self.stays(plan, samples) {
            self.ingest(plan, samples);
        }
        if !self.share(plan).fill(plan.level, soon) {
            self.mend(plan, samples);
        }
    }

    /// Where samples begin in lent memory, if they lie there and are what the stream is to hold.
    pub fn place(&self, plan: &Plan, samples: SamplesRef<'_>) -> Option<usize> {
        let channel = &plan.channels[self.index];
        let (Some((whole, first)), SamplesRef::F32(x)) = (&self.lent, samples) else { return None };
        let at = first + self.raw.end() as usize;
        let as_they_are = channel.shift == 0.0 && channel.range.is_none() && channel.corrector.is_none();
        let is_there = whole.get(at..at + x.len()).is_some_and(|there| std::ptr::eq(there, x));
        (as_they_are && is_there).then_some(at)
    }

    /// Takes samples without copying them, if they have a [place](Self::place) behind those before: false, and nothing done,
    /// when not. Whether every one of them is a number is still to be seen, when a [share](Self::share) is filled.
    pub fn stays(&mut self, plan: &Plan, samples: SamplesRef<'_>) -> bool {
        let place = self.place(plan, samples).zip(self.lent.as_ref());
        place.is_some_and(|(at, (whole, _))| self.raw.lend(whole, at..at + samples.len()))
    }

    /// Converts samples that [stay](Self::stays), if one of them is no number, and makes again of them what they allow.
    pub fn mend(&mut self, plan: &Plan, samples: SamplesRef<'_>) {
        let start = self.raw.end().saturating_sub(samples.len() as u64);
        if !self.raw.is_lent() || plan.level.all_finite(self.raw.get(start..self.raw.end()), &[]) {
            return;
        }
        self.raw.cut_back(start);
        self.energies.cut_back(start);
        self.mid.cut_back(plan.to_mid.as_ref().map_or(0, |d| d.outputs(start)));
        self.wide.cut_back(plan.to_wide().map_or(0, |d| d.outputs(start)));
        self.ingest(plan, samples);
        self.share(plan).fill(plan.level, &[]);
    }

    /// The segment ends: its last sample is held for what the correction still needs.
    pub fn hold(&mut self, plan: &Plan) {
        let Some(corrector) = &plan.channels[self.index].corrector else { return };
        let n = self.recorded.end() - corrector.held();
        let lacking = corrector.lacking(n, &self.recorded);
        self.recorded.grow(lacking as usize).fill(self.held);
        self.quality.note(corrector.after_recording(n), Flags::MISSING);
        corrector.run(plan.level, &mut self.recorded, &mut self.raw);
        self.seen = self.raw.end();
        self.share(plan).fill(plan.level, &[]);
    }

    /// Converts codes, holding the last valid sample where one is missing, and notes what is missing or clipped.
    pub fn ingest(&mut self, plan: &Plan, samples: SamplesRef<'_>) {
        let (n, second) = (samples.len(), plan.fs as u64);
        let channel = &plan.channels[self.index];
        if self.raw.is_lent() && self.raw.end() > self.raw.first() {
            self.held = self.raw.at(self.raw.end() - 1);
        }
        let corrector = channel.corrector.as_ref();
        let stream = if corrector.is_some() { &mut self.recorded } else { &mut self.raw };
        let start = stream.end();
        let out = stream.grow(n);
        let shift = channel.shift;
        match samples {
            SamplesRef::I16(x) if shift == 0.0 => convert(x, out, f32::from),
            SamplesRef::I16(x) => convert(x, out, |c| (f64::from(c) + shift) as f32),
            SamplesRef::I32(x) if shift == 0.0 => convert(x, out, |c| c as f32),
            SamplesRef::I32(x) => convert(x, out, |c| (f64::from(c) + shift) as f32),
            SamplesRef::F32(x) if shift == 0.0 => out.copy_from_slice(x),
            SamplesRef::F32(x) => convert(x, out, |c| (f64::from(c) + shift) as f32),
            SamplesRef::F64(x) => convert(x, out, |c| (c + shift) as f32),
        }
        let missing = |i: usize| match samples {
            SamplesRef::I16(x) => channel.missing_code == Some(i32::from(x[i])),
            SamplesRef::I32(x) => channel.missing_code == Some(x[i]),
            SamplesRef::F32(x) => !((f64::from(x[i]) + shift) as f32).is_finite(),
            SamplesRef::F64(x) => !((x[i] + shift) as f32).is_finite(),
        };
        let any_missing = match samples {
            SamplesRef::I16(x) => channel.missing_code.is_some_and(|m| x.iter().any(|c| i32::from(*c) == m)),
            SamplesRef::I32(x) => channel.missing_code.is_some_and(|m| x.contains(&m)),
            SamplesRef::F32(_) | SamplesRef::F64(_) => !plan.level.all_finite(out, &[]),
        };
        let range = channel.range.or(match samples {
            SamplesRef::I16(_) => Some((f64::from(i16::MIN), f64::from(i16::MAX))),
            _ => None,
        });
        let (least, most) = range.map_or((f32::NEG_INFINITY, f32::INFINITY), |(lo, hi)| {
            ((lo + shift) as f32, (hi + shift) as f32)
        });
        // A count instead of a search: without a branch the loop runs in SIMD lanes, and nothing is to be found almost always.
        let clipped = |v: f32| u32::from(v <= least) + u32::from(v >= most);
        let any_clipped = range.is_some() && out.iter().map(|v| clipped(*v)).sum::<u32>() > 0;
        if any_missing {
            for (i, y) in out.iter_mut().enumerate() {
                if missing(i) {
                    *y = self.held;
                } else {
                    self.held = *y;
                }
            }
        }
        if let Some(last) = out.last() {
            self.held = *last;
        }
        if any_missing || any_clipped {
            for i in 0..n {
                let mut flags = Flags::empty();
                flags.set(Flags::MISSING, missing(i));
                let at = start + i as u64;
                let value = stream.at(at);
                flags.set(Flags::CLIPPED, !missing(i) && (value <= least || value >= most));
                if flags.contains(Flags::CLIPPED) {
                    if at >= self.overload_from {
                        self.overloads.push_back(at);
                    }
                    self.overload_from = at + second;
                }
                if !flags.is_empty() {
                    self.quality.note(corrector.map_or(at..at + 1, |c| c.reach(at - c.held())), flags);
                }
            }
        }
        if let Some(held) = corrector.map(Corrector::held).filter(|held| *held == start) {
            stream.hold_first(held as usize);
        }
        if let Some(corrector) = corrector {
            corrector.run(plan.level, &mut self.recorded, &mut self.raw);
        }
        self.seen = self.raw.end();
    }
}

fn convert<T: Copy>(codes: &[T], out: &mut [f32], f: impl Fn(T) -> f32) {
    for (y, x) in out.iter_mut().zip(codes) {
        *y = f(*x);
    }
}
