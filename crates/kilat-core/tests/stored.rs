//! Samples that stay where they are stored give the bits of samples in memory, and an error when they cannot be read.
#![expect(clippy::unwrap_used, reason = "a test whose signal cannot be built has failed")]

mod signals;

use std::ops::Range;
use std::sync::Arc;

use kilat_core::engine::analysis::Flags;
use kilat_core::engine::offline;
use kilat_core::engine::parts::Parts;
use kilat_core::{
    Analysis, Capture, Codes, Config, Error, Result, SampleKind, SampleRate, Samples, SamplesRef, Segment,
    Stored, TimeBase, Timestamp,
};
use signals::{Harmonic, THIRD, UDIN_V, capture, sampled};

const RATE_HZ: f64 = 10_000.0;
/// At which 16-bit codes stay what they are.
const FAST_HZ: f64 = 50_000.0;
/// More than two of the blocks that the offline driver reads.
const SECONDS: f64 = 60.0;

/// Samples that are copied out piece by piece, readable up to `good`.
#[derive(Debug)]
struct Far {
    samples: Samples,
    good: usize,
}

impl Stored for Far {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn kind(&self) -> SampleKind {
        self.samples.kind()
    }

    fn read<'a>(&'a self, range: Range<usize>, own: &'a mut Codes) -> Result<SamplesRef<'a>> {
        if range.end > self.good {
            return Err(Error::mismatch("a chunk", "readable", "damaged"));
        }
        match self.samples.as_ref() {
            Some(SamplesRef::F64(x)) => {
                own.f64.clear();
                own.f64.extend_from_slice(&x[range]);
                Ok(SamplesRef::F64(&own.f64))
            }
            Some(SamplesRef::F32(x)) => {
                own.f32.clear();
                own.f32.extend_from_slice(&x[range]);
                Ok(SamplesRef::F32(&own.f32))
            }
            Some(SamplesRef::I16(x)) => {
                own.i16.clear();
                own.i16.extend_from_slice(&x[range]);
                Ok(SamplesRef::I16(&own.i16))
            }
            _ => unreachable!("floats and short codes in memory"),
        }
    }
}

/// A system with a gap in the middle and an interruption after it.
fn recording(rate_hz: f64) -> Capture {
    let level = |t: f64| if (40.0..40.3).contains(&t) { 0.0 } else { 1.0 };
    let phase = |k: f64| {
        let h = Harmonic::sine(50.02, UDIN_V, -THIRD * k).with(5, 0.05, 0.4);
        sampled(rate_hz, SECONDS, move |t| level(t) * h.at(t))
    };
    let waves = vec![("Ua", phase(0.0)), ("Ub", phase(1.0)), ("Uc", phase(2.0))];
    let rate = SampleRate::from_hz(rate_hz).unwrap();
    let (first, n) = (270_001, (SECONDS * rate_hz) as u64);
    let segments = vec![
        Segment { first: 0, len: first, rate, offset_ps: 0 },
        Segment { first, len: n - first, rate, offset_ps: rate.picoseconds(first + 12_345) },
    ];
    let time = TimeBase::from_segments(Some(Timestamp(0)), segments).unwrap();
    capture(rate_hz, None, waves).with_time(time).unwrap()
}

fn stored(capture: &Capture, good: usize) -> Capture {
    let mut out = capture.clone();
    for c in out.channels_mut() {
        let far: Arc<dyn Stored> = Arc::new(Far { samples: c.samples.clone(), good });
        c.samples = far.into();
    }
    out
}

/// In single precision, the middle of something longer, with samples missing on one channel of the second segment: those are the
/// samples that an analysis leaves where they are as long as it can.
fn single(capture: &Capture) -> Capture {
    let mut out = capture.clone();
    for (k, c) in out.channels_mut().iter_mut().enumerate() {
        let mut x: Vec<f32> = vec![f32::NAN; 100];
        x.extend(c.values(0..c.len()).unwrap().iter().map(|v| *v as f32));
        if k == 1 {
            x[450_100..450_500].fill(f32::NAN);
        }
        let n = x.len();
        c.samples = Samples::from(x).slice(100..n);
    }
    out
}

/// In codes, with samples missing as above, some of which are floats all the same.
fn coded(capture: &Capture, floats: impl Fn(usize) -> bool) -> Capture {
    let mut out = single(capture);
    for (k, c) in out.channels_mut().iter_mut().enumerate() {
        let values = c.values(0..c.len()).unwrap();
        c.scale = 0.02;
        let codes = values.iter().map(|v| (v / 0.02).round());
        let n = codes.len();
        c.samples = if floats(k) {
            codes.map(|v| v as f32).collect::<Vec<_>>().into()
        } else {
            c.missing_code = Some(i32::from(i16::MIN));
            let code = |v: f64| if v.is_nan() { i16::MIN } else { v as i16 };
            let x: Vec<i16> = std::iter::repeat_n(7, 100).chain(codes.map(code)).collect();
            Samples::from(x).slice(100..100 + n)
        };
    }
    out
}

fn bits(a: &Analysis) -> Vec<u64> {
    let half = a.half_cycles.iter().flat_map(|h| h.u_rms_v.iter());
    let p_inst = a.flicker.iter().flat_map(|f| f.p_inst.p_inst.iter()).map(|p| u64::from(p.to_bits()));
    let spectra = a.harmonics.subgroup.iter().chain(&a.harmonics.phase_rad).map(|v| u64::from(v.to_bits()));
    half.chain(&a.intervals.rms).map(|v| v.to_bits()).chain(spectra).chain(p_inst).collect()
}

#[test]
fn stored_samples_give_the_bits_of_those_in_memory() {
    let config = Config::class_a(UDIN_V, 50.0);
    let (slow, fast) = (recording(RATE_HZ), recording(FAST_HZ));
    let cases = [
        (slow.clone(), false),
        (single(&slow), true),
        (coded(&fast, |_| false), true),
        (coded(&fast, |k| k == 0), true),
        (coded(&fast, |_| true), true),
    ];
    let mut of_codes = Vec::new();
    for (here, lacks) in cases {
        let want = offline::analyze(&here, &config, 1).unwrap();
        assert!(want.events.iter().any(|e| e.polyphase) && want.gaps.len() == 1);
        let missing = want.half_cycles[1].flags.iter().filter(|f| f.contains(Flags::MISSING));
        assert_eq!(missing.count() > 0, lacks);
        for threads in [1, 3] {
            for other in [&here, &stored(&here, usize::MAX)] {
                let got = offline::analyze(other, &config, threads).unwrap();
                assert!(bits(&got) == bits(&want), "{threads} threads");
                assert_eq!(got.events, want.events);
            }
        }
        of_codes.push(bits(&want));
    }
    assert!(of_codes[2] == of_codes[3] && of_codes[2] == of_codes[4], "codes are the floats they become");
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_a_shorter_result() {
    let damaged = stored(&recording(RATE_HZ), 500_000);
    for threads in [1, 3] {
        let e = offline::analyze(&damaged, &Config::class_a(UDIN_V, 50.0), threads).unwrap_err();
        assert_eq!(e.to_string(), "a chunk: expected readable, found damaged");
        let mut parts = Parts::new(&damaged, &Config::class_a(UDIN_V, 50.0), threads, 26.0).unwrap();
        assert!(parts.next().unwrap().is_ok());
        assert_eq!(parts.next().unwrap().unwrap_err().to_string(), e.to_string());
        assert!(parts.next().is_none());
    }
}
