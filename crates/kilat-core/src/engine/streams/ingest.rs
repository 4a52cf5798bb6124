//! How samples come into a channel's streams: lent where they lie, or converted, with what is missing or clipped noted.

use std::ops::Range;

use crate::capture::{Lent, Samples, SamplesRef};
use crate::engine::analysis::Flags;
use crate::engine::corrector::Corrector;
use crate::engine::plan::{ChannelPlan, NO_LIMITS, Plan};
use crate::engine::raw::{Near, as_memory};
use crate::engine::streams::Streams;

impl Streams {
    /// Samples that are pushed may stay where they are: sample 0 of the segment is sample `first` of `samples`. Codes that lie elsewhere
    /// may be kept as codes.
    pub fn lend(&mut self, samples: &Samples, first: usize) {
        self.lent = samples.lent().map(|(whole, at)| (whole, at + first));
        self.keeps_codes = true;
    }

    /// Takes samples `range` of `samples` and makes of them what they allow; codes that stay become floats in `near`.
    pub fn take(&mut self, plan: &Plan, samples: SamplesRef<'_>, range: Range<usize>, near: &mut Near) {
        let soon = match samples {
            SamplesRef::F32(x) => &x[range.end..],
            SamplesRef::I16(x) => as_memory(&x[range.end..], range.len()),
            SamplesRef::I32(x) => bytemuck::cast_slice(&x[range.end..]),
            SamplesRef::F64(x) => bytemuck::cast_slice(&x[range.end..]),
        };
        let samples = samples.slice(range);
        if !self.stays(plan, samples) && !self.keeps(plan, samples) {
            self.ingest(plan, samples);
        }
        if !self.share(plan).fill(plan.level, soon, near) {
            self.mend(plan, samples);
        }
    }

    /// Where samples begin in lent memory, if they lie there and are what the stream is to hold.
    pub fn place(&self, plan: &Plan, samples: SamplesRef<'_>) -> Option<usize> {
        let channel = &plan.channels[self.index];
        let (whole, first) = self.lent.as_ref()?;
        let at = first + self.raw.end() as usize;
        let range = at..at + samples.len();
        let as_they_are = channel.shift == 0.0 && channel.range.is_none() && channel.corrector.is_none();
        let is_there = match (whole, samples) {
            (Lent::Floats(whole), SamplesRef::F32(x)) if as_they_are => {
                whole.get(range).is_some_and(|there| std::ptr::eq(there, x))
            }
            (Lent::Codes(whole), SamplesRef::I16(x)) if plan.takes_codes(self.index) => {
                whole.get(range).is_some_and(|there| std::ptr::eq(there, x))
            }
            _ => false,
        };
        is_there.then_some(at)
    }

    /// Takes codes as they are, if they may stay so: false, and nothing done, when not.
    pub fn keeps(&mut self, plan: &Plan, samples: SamplesRef<'_>) -> bool {
        match samples {
            SamplesRef::I16(x) if self.keeps_codes && plan.takes_codes(self.index) => self.raw.keep(x),
            _ => false,
        }
    }

    /// Takes samples without copying them, if they have a [place](Self::place) behind those before: false, and nothing done,
    /// when not. Whether every one of them is a number is still to be seen, when a [share](Self::share) is filled.
    pub fn stays(&mut self, plan: &Plan, samples: SamplesRef<'_>) -> bool {
        let place = self.place(plan, samples).zip(self.lent.as_ref());
        place.is_some_and(|(at, (whole, _))| self.raw.lend(whole, at..at + samples.len()))
    }

    /// Converts samples that [stay](Self::stays), if one of them is missing, and makes again of them what they allow: true then. Notes
    /// which of them are clipped.
    pub fn mend(&mut self, plan: &Plan, samples: SamplesRef<'_>) -> bool {
        let start = self.raw.end().saturating_sub(samples.len() as u64);
        if !self.raw.is_as_recorded() {
            return false;
        }
        let channel = &plan.channels[self.index];
        let any_missing = match samples {
            SamplesRef::F32(x) => !plan.level.all_finite(x, &[]),
            _ => has_missing_code(channel, samples),
        };
        if !any_missing {
            let limits = channel.limits(samples.kind());
            if let SamplesRef::I16(x) = samples
                && x.iter().map(|code| clipped(f32::from(*code), limits)).sum::<u32>() > 0
            {
                self.note(plan, samples, start);
            }
            return false;
        }
        self.raw.cut_back(start);
        self.energies.cut_back(start);
        self.mid.cut_back(plan.to_mid.as_ref().map_or(0, |d| d.outputs(start)));
        self.wide.cut_back(plan.to_wide().map_or(0, |d| d.outputs(start)));
        self.ingest(plan, samples);
        self.share(plan).fill(plan.level, &[], &mut Near::default());
        true
    }

    /// The segment ends: its last sample is held for what the correction still needs.
    pub fn hold(&mut self, plan: &Plan) {
        let Some(corrector) = &plan.channels[self.index].corrector else { return };
        let n = self.recorded.end() - corrector.held();
        let lacking = corrector.lacking(n, &self.recorded);
        self.recorded.grow(lacking as usize).fill(self.held);
        self.quality.note(corrector.after_recording(n), Flags::MISSING);
        corrector.run(plan.level, &mut self.recorded, self.raw.floats_mut());
        self.seen = self.raw.end();
        self.share(plan).fill(plan.level, &[], &mut Near::default());
    }

    /// Converts codes, holding the last valid sample where one is missing, and notes what is missing or clipped.
    pub fn ingest(&mut self, plan: &Plan, samples: SamplesRef<'_>) {
        let n = samples.len();
        let channel = &plan.channels[self.index];
        if self.raw.is_as_recorded() && self.raw.end() > self.raw.first() {
            self.held = self.raw.at(self.raw.end() - 1);
        }
        let corrector = channel.corrector.as_ref();
        let stream = if corrector.is_some() { &mut self.recorded } else { self.raw.floats_mut() };
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
        let any_missing = match samples {
            SamplesRef::I16(_) | SamplesRef::I32(_) => has_missing_code(channel, samples),
            SamplesRef::F32(_) | SamplesRef::F64(_) => !plan.level.all_finite(out, &[]),
        };
        let limits = channel.limits(samples.kind());
        let any_clipped = limits != NO_LIMITS && out.iter().map(|v| clipped(*v, limits)).sum::<u32>() > 0;
        if any_missing {
            for (i, y) in out.iter_mut().enumerate() {
                if is_missing(channel, samples, i) {
                    *y = self.held;
                } else {
                    self.held = *y;
                }
            }
        }
        if let Some(last) = out.last() {
            self.held = *last;
        }
        if let Some(held) = corrector.map(Corrector::held).filter(|held| *held == start) {
            stream.hold_first(held as usize);
        }
        if any_missing || any_clipped {
            self.note(plan, samples, start);
        }
        if let Some(corrector) = corrector {
            corrector.run(plan.level, &mut self.recorded, self.raw.floats_mut());
        }
        self.seen = self.raw.end();
    }

    /// Notes which of the samples, whose first is number `start` of those recorded, are missing or clipped.
    fn note(&mut self, plan: &Plan, samples: SamplesRef<'_>, start: u64) {
        let channel = &plan.channels[self.index];
        let limits = channel.limits(samples.kind());
        for i in 0..samples.len() {
            let is_missing = is_missing(channel, samples, i);
            let is_clipped = !is_missing && clipped(shifted(samples, i, channel.shift), limits) > 0;
            let mut flags = Flags::empty();
            flags.set(Flags::MISSING, is_missing);
            flags.set(Flags::CLIPPED, is_clipped);
            let at = start + i as u64;
            if is_clipped {
                if at >= self.overload_from {
                    self.overloads.push_back(at);
                }
                self.overload_from = at + plan.fs as u64;
            }
            if !flags.is_empty() {
                let reach = channel.corrector.as_ref().map_or(at..at + 1, |c| c.reach(at - c.held()));
                self.quality.note(reach, flags);
            }
        }
    }
}

/// Code `i`, counted from that of zero volts.
fn shifted(samples: SamplesRef<'_>, i: usize, shift: f64) -> f32 {
    match samples {
        SamplesRef::I16(x) => (f64::from(x[i]) + shift) as f32,
        SamplesRef::I32(x) => (f64::from(x[i]) + shift) as f32,
        SamplesRef::F32(x) => (f64::from(x[i]) + shift) as f32,
        SamplesRef::F64(x) => (x[i] + shift) as f32,
    }
}

fn has_missing_code(channel: &ChannelPlan, samples: SamplesRef<'_>) -> bool {
    channel.missing_code.is_some() && (0..samples.len()).any(|i| is_missing(channel, samples, i))
}

fn is_missing(channel: &ChannelPlan, samples: SamplesRef<'_>, i: usize) -> bool {
    match samples {
        SamplesRef::I16(x) => channel.missing_code == Some(i32::from(x[i])),
        SamplesRef::I32(x) => channel.missing_code == Some(x[i]),
        SamplesRef::F32(_) | SamplesRef::F64(_) => !shifted(samples, i, channel.shift).is_finite(),
    }
}

/// A count instead of a search: without a branch the loop over samples runs in SIMD lanes, and nothing is to be found almost always.
fn clipped(value: f32, (least, most): (f32, f32)) -> u32 {
    u32::from(value <= least) + u32::from(value >= most)
}

fn convert<T: Copy>(codes: &[T], out: &mut [f32], f: impl Fn(T) -> f32) {
    for (y, x) in out.iter_mut().zip(codes) {
        *y = f(*x);
    }
}
