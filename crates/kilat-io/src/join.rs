//! Several files of one recording as one capture: gaps and overlaps show as segments and warnings, samples stay where they are.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use kilat_core::capture::Digital;
use kilat_core::{
    Capture, Channel, Codes, Error, Result, SampleKind, Samples, SamplesRef, Segment, Stored, TimeBase,
    Timestamp, Warning,
};

use crate::{ReadOptions, read, strictly};

/// Reads the files of one recording and joins them in the order of their starts.
///
/// Files without a start follow each other as they are given. A file that begins within half a sample of where the one before
/// ends continues it; a later one begins a segment after a gap, and of an earlier one the samples that overlap are left out:
/// a warning gives the figure.
///
/// # Errors
/// [`Error::Mismatch`] when the channels differ in number, names, units, scales or types of codes, or when only some of the files
/// know their start; whatever [`read()`](crate::read()) finds.
///
/// ```no_run
/// use kilat_io::{ReadOptions, read_all};
/// let capture = read_all(&["2016-10-05T12-00.hdf5", "2016-10-05T12-05.hdf5"], &ReadOptions::default())?;
/// # Ok::<(), kilat_core::Error>(())
/// ```
pub fn read_all<P: AsRef<Path>>(paths: &[P], options: &ReadOptions) -> Result<Capture> {
    let mut pieces = Vec::new();
    for path in paths {
        let mut piece = read(path, options)?;
        // One start for all is the start of the first.
        if options.start.is_some() && piece.time().start() == options.start {
            let time = piece.time().clone().with_start(None);
            piece = piece.with_time(time)?;
        }
        pieces.push(piece);
    }
    let mut joined = join(pieces)?;
    if joined.time().start().is_none() {
        let time = joined.time().clone().with_start(options.start);
        joined = joined.with_time(time)?;
    }
    strictly(joined, "joined files", options)
}

/// Joins captures as [`read_all()`] does.
pub fn join(mut pieces: Vec<Capture>) -> Result<Capture> {
    if pieces.len() == 1 {
        return Ok(pieces.remove(0));
    }
    let known = pieces.iter().filter(|p| p.time().start().is_some()).count();
    if known != 0 && known != pieces.len() {
        let without = pieces.iter().find(|p| p.time().start().is_none()).map_or("", |p| &p.source);
        return Err(Error::mismatch(
            format!("{without}: start of the recording"),
            "one, as in the other files",
            "none",
        ));
    }
    pieces.sort_by_key(|p| p.time().start());
    let Some(first) = pieces.first().cloned() else {
        return Err(Error::config("files", "expected at least one file to read, found none"));
    };
    let mut place = Placement::new(first.time().start());
    let mut kept: Vec<Capture> = Vec::new();
    for piece in pieces {
        agree(&first, &piece)?;
        kept.extend(place.add(piece)?);
    }
    let Placement { segments, warnings, .. } = place;
    let channels = first.channels().iter().enumerate().map(|(i, like)| {
        // By name, or by place where a name is not the only one of its kind.
        let samples = kept.iter().map(|p| p.channels()[i].samples.clone());
        Channel { samples: one_after_the_other(kept.len(), samples), ..like.clone() }
    });
    let time = TimeBase::from_segments(first.time().start(), segments)?;
    let mut out = Capture::new(time, channels.collect())?;
    for (i, d) in first.digital.iter().enumerate() {
        let states = kept.iter().map(|p| p.digital[i].states.clone());
        out.digital.push(Digital { states: one_after_the_other(kept.len(), states), ..d.clone() });
    }
    (out.station, out.device, out.format) = (first.station, first.device, first.format);
    (out.nominal_frequency_hz, out.trigger) = (first.nominal_frequency_hz, first.trigger);
    out.source = kept.iter().map(|p| p.source.as_str()).collect::<Vec<_>>().join(", ");
    for piece in &mut kept {
        out.warnings.append(&mut piece.warnings);
        // Most say the same in every file.
        let notes = std::mem::take(&mut piece.notes);
        out.notes.extend(notes.into_iter().filter(|n| !first.notes.contains(n)));
    }
    out.notes.splice(0..0, first.notes);
    out.warnings.extend(warnings);
    Ok(out)
}

/// The channels of `piece` are those of `first`.
fn agree(first: &Capture, piece: &Capture) -> Result<()> {
    let names = |c: &Capture| c.channels().iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    if names(first) != names(piece) {
        return Err(Error::mismatch(format!("{}: channels", piece.source), names(first), names(piece)));
    }
    for (a, b) in first.channels().iter().zip(piece.channels()) {
        let what = |what| format!("{}: channel `{}`: {what}", piece.source, b.name);
        if a.unit != b.unit || a.kind != b.kind {
            let unit = |c: &Channel| format!("{} [{}]", c.kind, c.unit);
            return Err(Error::mismatch(what("kind and unit"), unit(a), unit(b)));
        }
        if (a.scale, a.offset, a.missing_code) != (b.scale, b.offset, b.missing_code) {
            let scale = |c: &Channel| format!("{} · code + {}", c.scale, c.offset);
            return Err(Error::mismatch(what("scale"), scale(a), scale(b)));
        }
        let (a, b) = (a.samples.kind(), b.samples.kind());
        if a != b {
            return Err(Error::mismatch(what("type of codes"), format!("{a:?}"), format!("{b:?}")));
        }
    }
    let digital = |c: &Capture| c.digital.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ");
    if digital(first) != digital(piece) {
        let what = format!("{}: status channels", piece.source);
        return Err(Error::mismatch(what, digital(first), digital(piece)));
    }
    Ok(())
}

/// Where the pieces lie in time.
struct Placement {
    start: Option<Timestamp>,
    segments: Vec<Segment>,
    n: u64,
    /// One period after the last sample so far, after the start.
    end_ps: i128,
    warnings: Vec<Warning>,
}

impl Placement {
    fn new(start: Option<Timestamp>) -> Self {
        Self { start, segments: Vec::new(), n: 0, end_ps: 0, warnings: Vec::new() }
    }

    /// Places `piece` after what is there; what is left of it, if anything.
    fn add(&mut self, mut piece: Capture) -> Result<Option<Capture>> {
        let Some(rate) = piece.time().segments().first().map(|s| s.rate).filter(|_| !piece.is_empty()) else {
            self.warn(&piece, "holds no sample and is left out".into());
            return Ok(None);
        };
        let half_ps = rate.picoseconds(1) / 2;
        let mut at_ps = self.starts_at(&piece);
        let gap_ps = at_ps - self.end_ps;
        let seconds = |ps: i128| ps as f64 / 1e12;
        if self.n > 0 && gap_ps < -half_ps {
            // The later file says again what the one before has said.
            let overlap_s = seconds(-gap_ps);
            let from = piece.time().sample_at(overlap_s - rate.seconds(0.5));
            if from >= piece.len() {
                self.warn(
                    &piece,
                    format!("lies wholly within the files before it ({overlap_s} s) and is left out"),
                );
                return Ok(None);
            }
            self.warn(&piece, format!("begins {overlap_s} s before the end of the file before it; its first {from} samples are left out"));
            let source = std::mem::take(&mut piece.source);
            piece = piece.slice(from..piece.len())?;
            piece.source = source;
            at_ps = self.starts_at(&piece);
        } else if self.n > 0 && gap_ps > half_ps {
            self.warn(
                &piece,
                format!("begins {} s after the end of the file before it: a gap", seconds(gap_ps)),
            );
        }
        let mut shift_ps = at_ps;
        for (k, s) in piece.time().segments().iter().enumerate() {
            let continues = k == 0 && (at_ps - self.end_ps).abs() <= half_ps;
            match self.segments.last_mut().filter(|last| continues && last.rate == s.rate) {
                Some(last) => {
                    last.len += s.len;
                    // The clock of the samples goes on; that of the file only says when to the nearest sample.
                    shift_ps = self.end_ps - s.offset_ps;
                }
                None => self.segments.push(Segment {
                    first: self.n,
                    offset_ps: s.offset_ps + shift_ps,
                    ..s.clone()
                }),
            }
            self.n += s.len;
            self.end_ps = s.offset_ps + shift_ps + s.rate.picoseconds(s.len);
        }
        Ok(Some(piece))
    }

    /// Time of the first sample of `piece` after the start of all.
    fn starts_at(&self, piece: &Capture) -> i128 {
        match (self.start, piece.time().start()) {
            (Some(start), Some(own)) => (i128::from(own.as_nanos()) - i128::from(start.as_nanos())) * 1000,
            _ => self.end_ps,
        }
    }

    fn warn(&mut self, piece: &Capture, message: String) {
        self.warnings.push(Warning::new(&piece.source, message));
    }
}

/// Codes that lie in several places, one after the other.
#[derive(Debug)]
struct Parts {
    /// With the index of the first sample of each.
    parts: Vec<(usize, Samples)>,
    n: usize,
}

/// Samples of one type, in `pieces`, as one, where they are.
pub(crate) fn one_after_the_other(pieces: usize, samples: impl Iterator<Item = Samples>) -> Samples {
    let mut n = 0;
    let mut parts = Vec::with_capacity(pieces);
    for samples in samples {
        let len = samples.len();
        parts.push((n, samples));
        n += len;
    }
    let all: Arc<dyn Stored> = Arc::new(Parts { parts, n });
    all.into()
}

impl Stored for Parts {
    fn len(&self) -> usize {
        self.n
    }

    fn kind(&self) -> SampleKind {
        self.parts.first().map_or(SampleKind::F64, |(_, s)| s.kind())
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        let at = self.parts.partition_point(|(first, _)| *first <= range.start).saturating_sub(1);
        if let Some((first, part)) =
            self.parts.get(at).filter(|(first, part)| range.end <= first + part.len())
        {
            return part.read(range.start - first..range.end - first, own);
        }
        own.i16.clear();
        own.i32.clear();
        own.f32.clear();
        own.f64.clear();
        let mut piece = Codes::default();
        for (first, part) in self.parts.iter().skip(at).take_while(|(first, _)| *first < range.end) {
            let within = range.start.max(*first) - first..range.end.min(first + part.len()) - first;
            match part.read(within, &mut piece)? {
                SamplesRef::I16(x) => own.i16.extend_from_slice(x),
                SamplesRef::I32(x) => own.i32.extend_from_slice(x),
                SamplesRef::F32(x) => own.f32.extend_from_slice(x),
                SamplesRef::F64(x) => own.f64.extend_from_slice(x),
            }
        }
        Ok(match self.kind() {
            SampleKind::I16 => own.i16.as_slice().into(),
            SampleKind::I32 => own.i32.as_slice().into(),
            SampleKind::F32 => own.f32.as_slice().into(),
            SampleKind::F64 => own.f64.as_slice().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use kilat_core::SampleRate;

    use super::*;

    /// Samples `range` of a ramp at 1 kHz, recorded from `start_ms` on.
    fn piece(name: &str, range: Range<i32>, start_ms: Option<i64>) -> Capture {
        let rate = SampleRate::from_hz(1000.0).unwrap();
        let start = start_ms.map(|t| Timestamp(t * 1_000_000));
        let time = TimeBase::uniform(rate, range.len() as u64, start);
        let mut c = Capture::new(time, vec![Channel::new("Ua", "V", range.collect::<Vec<i32>>())]).unwrap();
        c.source = name.into();
        c
    }

    fn segments(c: &Capture) -> Vec<(u64, u64, i128)> {
        c.time().segments().iter().map(|s| (s.first, s.len, s.offset_ps / 1_000_000_000)).collect()
    }

    fn values(c: &Capture) -> Vec<f64> {
        c.channels()[0].values(0..c.len() as usize).unwrap()
    }

    #[test]
    fn files_in_any_order_continue_each_other() {
        let c = join(vec![
            piece("b", 50..80, Some(50)),
            piece("c", 80..100, Some(80)),
            piece("a", 0..50, Some(0)),
        ]);
        let c = c.unwrap();
        assert_eq!((segments(&c), c.warnings.len()), (vec![(0, 100, 0)], 0));
        assert_eq!(values(&c), (0..100).map(f64::from).collect::<Vec<_>>());
        assert_eq!(c.source, "a, b, c");
        assert_eq!(c.slice(45..85).unwrap().channels()[0].values(3..38).unwrap()[0], 48.0);
    }

    #[test]
    fn a_gap_is_a_segment_and_an_overlap_is_left_out() {
        let c = join(vec![piece("a", 0..50, Some(0)), piece("b", 60..80, Some(60))]).unwrap();
        assert_eq!(segments(&c), [(0, 50, 0), (50, 20, 60)]);
        assert_eq!(c.warnings[0].to_string(), "b: begins 0.01 s after the end of the file before it: a gap");
        let c = join(vec![piece("a", 0..50, Some(0)), piece("b", 40..80, Some(40))]).unwrap();
        assert_eq!(segments(&c), [(0, 80, 0)]);
        assert_eq!(values(&c), (0..80).map(f64::from).collect::<Vec<_>>());
        let message =
            "b: begins 0.01 s before the end of the file before it; its first 10 samples are left out";
        assert_eq!(c.warnings[0].to_string(), message);
        let c = join(vec![piece("a", 0..50, Some(0)), piece("b", 10..40, Some(10))]).unwrap();
        assert_eq!((c.len(), c.warnings.len()), (50, 1));
    }

    #[test]
    fn without_a_start_files_follow_each_other_as_given() {
        let c = join(vec![piece("b", 50..80, None), piece("a", 0..50, None)]).unwrap();
        assert_eq!((segments(&c), values(&c)[0]), (vec![(0, 80, 0)], 50.0));
        let error = join(vec![piece("a", 0..50, Some(0)), piece("b", 0..50, None)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "b: start of the recording: expected one, as in the other files, found none"
        );
    }

    #[test]
    fn channels_that_disagree_are_refused() {
        let refused = |change: fn(&mut Channel)| {
            let mut b = piece("b", 50..80, Some(50));
            change(&mut b.channels_mut()[0]);
            join(vec![piece("a", 0..50, Some(0)), b]).unwrap_err().to_string()
        };
        assert_eq!(refused(|c| c.name = "Ub".into()), "b: channels: expected Ua, found Ub");
        assert!(refused(|c| c.unit = "kV".into()).contains("expected voltage [V], found voltage [kV]"));
        assert!(refused(|c| c.scale = 2.0).contains("scale: expected 1 · code + 0, found 2 · code + 0"));
        assert!(
            refused(|c| c.samples = vec![0i16; 30].into()).contains("type of codes: expected I32, found I16")
        );
        assert!(join(Vec::new()).is_err());
    }
}
