//! Samples for a [live stream](Live), block by block: those of a capture as if it were being recorded, or raw bytes.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use kilat_core::engine::live::{Block, Quality};
use kilat_core::engine::offline::main_rate;
use kilat_core::engine::plan::{ChannelSpec, Plan};

use crate::{
    Capture, Codes, Config, Error, Live, Result, SampleKind, SamplesRef, Segment, TimeBase, Timestamp,
};

/// Plays a capture into a live stream. Segments at another than the fastest rate are passed over, as in an analysis.
///
/// ```
/// # use kilat::{Config, Live, feed::Replay, synth};
/// let options = synth::Options { duration_s: 1.0, ..synth::Options::of("healthy")? };
/// let capture = synth::scenario("healthy", &options)?.capture;
/// let mut replay = Replay::new(capture, &Config::class_a(230.0, 50.0))?;
/// let mut live = Live::with_plan(replay.plan().clone(), replay.start(), Default::default())?;
/// let mut results = 0;
/// while replay.push(&mut live, 1000)? {
///     results += live.outputs().count();
/// }
/// assert!(results > 100);
/// # Ok::<(), kilat::Error>(())
/// ```
#[derive(Debug)]
pub struct Replay {
    capture: Capture,
    plan: Arc<Plan>,
    segments: Vec<Segment>,
    next: u64,
    own: Vec<Codes>,
}

impl Replay {
    /// Plans the analysis of `capture`.
    pub fn new(capture: Capture, config: &Config) -> Result<Self> {
        let rate = main_rate(&capture)?;
        let specs = capture.channels().iter().enumerate().map(|(i, c)| ChannelSpec::of(c, i));
        let plan = Arc::new(Plan::new(config, rate, &specs.collect::<Vec<_>>())?);
        let segments = capture.time().segments().iter().filter(|s| s.rate == rate && s.len > 0);
        let own = vec![Codes::default(); plan.recorded().len()];
        Ok(Self { segments: segments.cloned().collect(), capture, plan, next: 0, own })
    }

    /// The plan that the stream needs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// When the first sample was taken, if that is known.
    pub fn start(&self) -> Option<Timestamp> {
        self.capture.time().start()
    }

    /// When each sample was taken.
    pub fn time(&self) -> &TimeBase {
        self.capture.time()
    }

    /// Index of the sample that comes next.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Goes on at sample `position`: the [`next_index`](Live::next_index) of a restored stream.
    pub fn seek(&mut self, position: u64) {
        self.next = position;
    }

    /// Pushes at most `most` samples of one segment, after the gap before it; false when none is left. What the push completes
    /// waits in [`Live::outputs`].
    pub fn push(&mut self, live: &mut Live, most: u64) -> Result<bool> {
        let Some(k) = self.segments.iter().position(|s| s.range().end > self.next) else { return Ok(false) };
        let segment = self.segments[k].clone();
        let from = self.next.max(segment.first);
        let moment = self.capture.time().timestamp(from as f64);
        let begins = from == segment.first;
        if let Some(before) = k.checked_sub(1).map(|k| &self.segments[k]).filter(|_| begins) {
            // A jump of the numbering is a gap by itself.
            if before.range().end == from {
                let end_ps = before.offset_ps + before.rate.picoseconds(before.len);
                live.pause((segment.offset_ps - end_ps).max(0) as f64 / 1e12, moment)?;
            }
        }
        let to = segment.range().end.min(from + most.max(1));
        let channels = self.plan.recorded().iter().map(|c| &self.capture.channels()[c.info.index].samples);
        let parts = channels.zip(&mut self.own).map(|(x, own)| x.read(from as usize..to as usize, own));
        let parts = parts.collect::<Result<Vec<SamplesRef<'_>>>>()?;
        live.push(Block::Planar(&parts), from, moment.filter(|_| begins), Quality::empty())?;
        self.next = to;
        Ok(true)
    }
}

/// Interleaved samples, little-endian, as bytes: the first of every channel, then the second of every channel, and so on.
#[derive(Debug)]
pub struct Raw<R> {
    from: R,
    kind: SampleKind,
    channels: usize,
    next: u64,
    began: Option<Timestamp>,
    bytes: Vec<u8>,
    codes: Codes,
}

impl<R: Read> Raw<R> {
    /// Reads `from`, whose first sample has index `next`.
    pub fn new(from: R, kind: SampleKind, channels: usize, next: u64) -> Self {
        Self { from, kind, channels, next, began: None, bytes: Vec::new(), codes: Codes::default() }
    }

    /// The same, whose first sample was taken at `began`.
    #[must_use]
    pub fn dated(self, began: Timestamp) -> Self {
        Self { began: Some(began), ..self }
    }

    /// Waits for `most` samples of each channel, fewer at the end, and pushes them; false when none is left. Bytes at the end
    /// that make no whole row are dropped.
    pub fn push(&mut self, live: &mut Live, most: u64) -> Result<bool> {
        let row = size(self.kind) * self.channels;
        self.bytes.resize(row * most.max(1) as usize, 0);
        let mut filled = 0;
        while filled < self.bytes.len() {
            match self.from.read(&mut self.bytes[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // What came before is whole; the next push meets the error again.
                Err(_) if filled >= row => break,
                Err(e) => return Err(Error::io("samples", e)),
            }
        }
        let rows = filled / row;
        if rows == 0 {
            return Ok(false);
        }
        let samples = decode(&self.bytes[..rows * row], self.kind, &mut self.codes);
        live.push(Block::Interleaved(samples), self.next, self.began.take(), Quality::empty())?;
        self.next += rows as u64;
        Ok(true)
    }
}

/// Bytes of a sample.
fn size(kind: SampleKind) -> usize {
    match kind {
        SampleKind::I16 => 2,
        SampleKind::I32 | SampleKind::F32 => 4,
        SampleKind::F64 => 8,
    }
}

/// The samples in `bytes`.
fn decode<'c>(bytes: &[u8], kind: SampleKind, codes: &'c mut Codes) -> SamplesRef<'c> {
    fn into<'o, T, const N: usize>(own: &'o mut Vec<T>, bytes: &[u8], of: fn([u8; N]) -> T) -> &'o [T] {
        own.clear();
        own.extend(bytes.as_chunks::<N>().0.iter().map(|b| of(*b)));
        own
    }
    match kind {
        SampleKind::I16 => SamplesRef::I16(into(&mut codes.i16, bytes, i16::from_le_bytes)),
        SampleKind::I32 => SamplesRef::I32(into(&mut codes.i32, bytes, i32::from_le_bytes)),
        SampleKind::F32 => SamplesRef::F32(into(&mut codes.f32, bytes, f32::from_le_bytes)),
        SampleKind::F64 => SamplesRef::F64(into(&mut codes.f64, bytes, f64::from_le_bytes)),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use kilat_core::engine::live::Options;
    use kilat_core::{Channel, SampleRate};

    use super::*;

    const RATE_HZ: f64 = 3200.0;

    /// Two voltages with a dip, half a second of gap before the dip.
    fn capture() -> Capture {
        let wave = |k: usize, phase: f64| {
            let amplitude = if (5000..5600).contains(&k) { 12_000.0 } else { 32_527.0 };
            (amplitude * (std::f64::consts::TAU * 50.0 * k as f64 / RATE_HZ + phase).sin()) as i16
        };
        let channel = |name: &str, phase: f64| {
            let codes: Vec<i16> = (0..9600).map(|k| wave(k, phase)).collect();
            Channel::new(name, "V", codes).with_scale(0.01, 0.0)
        };
        let rate = SampleRate::from_hz(RATE_HZ).unwrap();
        let first = Segment { first: 0, len: 4000, rate, offset_ps: 0 };
        let offset_ps = rate.picoseconds(4000) + 500_000_000_000;
        let second = Segment { first: 4000, len: 5600, rate, offset_ps };
        let time = TimeBase::from_segments(Some(Timestamp(0)), vec![first, second]).unwrap();
        Capture::new(time, vec![channel("Ua", 0.0), channel("Ub", -2.1)]).unwrap()
    }

    fn taken(live: &mut Live, text: &mut String) {
        live.outputs().for_each(|o| writeln!(text, "{o:?}").unwrap());
    }

    #[test]
    fn a_replay_is_the_analysis_whatever_the_blocks_and_over_a_restart() {
        let config = Config::class_a(230.0, 50.0);
        let offline = crate::analyze(&capture(), &config).unwrap();
        let run = |block: u64, stop: bool| {
            let mut replay = Replay::new(capture(), &config).unwrap();
            let mut live =
                Live::with_plan(replay.plan().clone(), replay.start(), Options::default()).unwrap();
            let (mut text, mut blocks) = (String::new(), 0);
            while replay.push(&mut live, block).unwrap() {
                taken(&mut live, &mut text);
                blocks += 1;
                if stop && blocks % 7 == 0 {
                    let state = live.checkpoint().unwrap();
                    replay = Replay::new(capture(), &config).unwrap();
                    live = Live::restore(replay.plan().clone(), Options::default(), &state).unwrap();
                    replay.seek(live.next_index());
                }
            }
            live.finish();
            taken(&mut live, &mut text);
            text
        };
        let whole = run(u64::MAX / 2, false);
        assert_eq!(whole.matches("Gap(").count(), 1);
        assert!(whole.contains("duration_s: 0.5 }"), "{whole}");
        assert_eq!(whole.matches("value: Event(").count(), offline.events.len());
        assert!(!offline.events.is_empty());
        // 4000 = 8 · 500: one of the restarts is where the gap is.
        for block in [500, 571, 4000] {
            assert!(run(block, true) == whole, "blocks of {block}");
        }
    }

    #[test]
    fn raw_bytes_are_the_samples_they_were() {
        let config = Config::class_a(230.0, 50.0);
        let replay = Replay::new(capture(), &config).unwrap();
        let rows: Vec<f64> = {
            let all: Vec<Vec<f64>> =
                capture().channels().iter().map(|c| c.values(0..4000).unwrap()).collect();
            (0..4000).flat_map(|k| [all[0][k] * 100.0, all[1][k] * 100.0]).collect()
        };
        let run = |kind, bytes: Vec<u8>| {
            let mut live = Live::with_plan(replay.plan().clone(), None, Options::default()).unwrap();
            // Three bytes too many, as when a sender dies inside a row.
            let mut raw = Raw::new(bytes.as_slice(), kind, 2, 0);
            let mut text = String::new();
            while raw.push(&mut live, 300).unwrap() {
                taken(&mut live, &mut text);
            }
            assert_eq!(live.next_index(), 4000);
            text
        };
        let mut bytes: Vec<u8> = rows.iter().flat_map(|v| (v.round() as i16).to_le_bytes()).collect();
        bytes.extend([1, 2, 3]);
        let codes = run(SampleKind::I16, bytes);
        assert!(codes.contains("interval") || codes.contains("Interval("));
        let wide = rows.iter().flat_map(|v| (v.round() as i32).to_le_bytes()).collect();
        assert!(run(SampleKind::I32, wide) == codes);
        let doubles = rows.iter().flat_map(|v| v.round().to_le_bytes()).collect();
        let floats = rows.iter().flat_map(|v| (v.round() as f32).to_le_bytes()).collect();
        assert_eq!(run(SampleKind::F32, floats).lines().count(), codes.lines().count());
        assert_eq!(run(SampleKind::F64, doubles).lines().count(), codes.lines().count());
    }
}
