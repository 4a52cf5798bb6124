//! Sound files of many small parts: what describes them, too, is held to the bytes that are there. And threads, which hold what each
//! of them reads.
#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]
#![expect(clippy::format_collect, reason = "rows of text are small and made once")]

mod counting;

use std::path::Path;

use counting::{BASE, alone, counted, unfolded_bytes};
use kilat_core::capture::Digital;
use kilat_core::{Capture, Channel, SampleRate, Segment, TimeBase, Timestamp};
use kilat_io::{
    Observation, Observations, ObservedChannel, ReadOptions, SampleAxis, Series, Source, observations, read,
    read_source, write, write_observations,
};

/// What describes a channel or a status channel may take beside twice the bytes of the file, as `docs/formats.md` says; and a
/// column of Parquet.
const DESCRIPTION: usize = 640;
const DESCRIPTION_IN_PARQUET: usize = 3 << 10;

/// `pieces` stretches of `n` samples of `channels` channels, with gaps between them.
fn recording(pieces: u64, n: u64, channels: usize) -> Capture {
    let rate = SampleRate::from_hz(6400.0).unwrap();
    let segment = |k| Segment { first: k * n, len: n, rate, offset_ps: rate.picoseconds(2 * k * n) };
    let start = Some(Timestamp(1_716_793_200_000_000_000));
    let time = TimeBase::from_segments(start, (0..pieces).map(segment).collect()).unwrap();
    let codes = |k: usize| (0..pieces * n).map(|i| (i * 31 + k as u64) as i16).collect::<Vec<i16>>();
    let channel = |k: usize| Channel::new(format!("U{}", k + 1), "V", codes(k)).with_scale(0.5, 0.0);
    Capture::new(time, (0..channels).map(channel).collect()).unwrap()
}

/// The same with status channels.
fn states(pieces: u64, n: u64, channels: usize) -> Capture {
    let states = |k: u64| (0..pieces * n).map(|i| i16::from(i % 7 > k % 5)).collect::<Vec<i16>>();
    let digital = |k| Digital { name: format!("D{k}"), normal: None, states: states(k as u64).into() };
    let mut capture = recording(pieces, n, 0);
    capture.digital = (0..channels).map(digital).collect();
    capture
}

/// The bytes that the PQDIF at `path` unfolds to.
fn unfolded(path: &Path) -> usize {
    unfolded_bytes(&std::fs::read(path).unwrap())
}

/// The shapes at the limits of what a vector that grows has room for are among them.
#[test]
fn many_small_observations_take_no_more_than_twice_what_they_unfold_to() {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pqd");
    let shapes = [(1000, 200, 1), (1000, 200, 8), (1030, 1, 1), (1030, 1, 3), (1, 1, 1030), (3, 2, 2060)];
    for (pieces, n, channels) in shapes {
        let of_codes = recording(pieces, n, channels);
        for written in [&of_codes, &states(pieces, n, channels)] {
            write(written, &path).unwrap();
            let most = BASE + 2 * unfolded(&path);
            let what = format!("{pieces} observations of {n} samples of {channels} channels");
            let (found, peak) = counted(|| observations(&path).unwrap());
            assert_eq!(found.list.len() as u64, pieces, "{what}");
            assert!(peak <= most, "{what}, as tables: {peak} bytes, at most {most}");
            drop(found);
            let (back, peak) = counted(|| read(&path, &ReadOptions::default()).unwrap());
            assert_eq!(back.channels().len() + back.digital.len(), channels, "{what}");
            assert_eq!(back.len(), pieces * n, "{what}");
            assert!(peak <= most, "{what}: {peak} bytes, at most {most}");
        }
    }
}

/// Trends: a time series that channels share, words of the standard and of nobody.
#[test]
fn many_small_trends_take_no_more_than_twice_what_they_unfold_to() {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pqd");
    let time = Series::new("time", "s", "instantaneous", vec![0.0, 600.0, 1200.0]);
    let channel = |k: u16| ObservedChannel {
        name: format!("Ua H{k}").into(),
        phase: "an".into(),
        quantity: "valuelog".into(),
        measured: "voltage".into(),
        group_id: Some(k as i16),
        frequency_hz: Some(50.0 * f64::from(k)),
        series: ["min", "max", "avg"]
            .into_iter()
            .map(|t| Series::new(t, "V", "spectra_hgroup", vec![1.0, 2.0, f64::from(k)]))
            .fold(vec![time.clone()], |mut all, s| {
                all.push(s);
                all
            }),
        ..ObservedChannel::default()
    };
    let one = Observation {
        name: "10 min".into(),
        channels: (1..=40).map(channel).collect(),
        ..Observation::default()
    };
    let all = Observations { list: vec![one; 300], ..Observations::default() };
    write_observations(&all, &path).unwrap();
    let most = BASE + 2 * unfolded(&path);
    let (back, peak) = counted(|| observations(&path).unwrap());
    assert_eq!(back.list[299].channels, all.list[299].channels);
    assert!(peak <= most, "{peak} bytes, at most {most}");
}

#[test]
fn many_small_channels_take_no_more_than_is_stated() {
    let _one = alone();
    let dir = tempfile::tempdir().unwrap();
    let options = ReadOptions {
        sample_rate_hz: Some(6400.0),
        axis: Some(SampleAxis::Columns),
        ..ReadOptions::default()
    };
    for channels in [1000, 1030, 2060] {
        for (format, description, has_states) in [
            ("cff", DESCRIPTION, true),
            ("csv", DESCRIPTION, false),
            ("npy", DESCRIPTION, false),
            ("wav", DESCRIPTION, false),
            ("npz", 0, true),
            ("arrow", 0, true),
            ("parquet", DESCRIPTION_IN_PARQUET, true),
            // Its writer looks for the place of each dataset among all others.
            ("h5", 0, channels < 2060),
        ] {
            for n in [2, 20] {
                let path = dir.path().join(format!("a.{format}"));
                for capture in [recording(1, n, channels), states(1, n, channels)] {
                    if !capture.digital.is_empty() && !has_states {
                        continue;
                    }
                    write(&capture, &path).unwrap();
                    let present = path.metadata().unwrap().len() as usize;
                    let most = BASE + 2 * present + description * channels;
                    let what = format!(
                        "{format}: {} channels, {} status channels of {n} samples",
                        capture.channels().len(),
                        capture.digital.len()
                    );
                    let (back, peak) = counted(|| read(&path, &options).unwrap());
                    assert_eq!(back.channels().len() + back.digital.len(), channels, "{what}");
                    assert!(peak <= most, "{what}: {peak} bytes for {present}, at most {most}");
                }
            }
        }
    }
}

/// Rows of text that several threads take apart at a time.
#[test]
fn threads_keep_to_the_memory_of_one() {
    let _one = alone();
    let cfg = |analogs: usize| {
        let analog = |i| format!("{i},U{i},A,,V,1,0,0,-32767,32767,1,1,P\n");
        format!(
            "--- file type: CFG ---\nS,D,2013\n{analogs},{analogs}A,0D\n{}50\n1\n1000,99\n,\n,\nASCII\n1\n0,0\n0,0\n\
             --- file type: DAT ASCII ---\n",
            (1..=analogs).map(analog).collect::<String>()
        )
    };
    let rows = |n: usize, row: &str| (1..=n).map(|i| format!("{i},{i}{row}\n")).collect::<String>();
    let few = ",".repeat(50);
    for (what, text) in [
        ("codes of 16 bits", cfg(6) + &rows(200_000, ",-1234,0,77,32000,5,-6")),
        ("codes of 32 bits", cfg(6) + &rows(200_000, ",-123456,70000,77777,32000000,540000,-66666")),
        ("numbers with fractions", cfg(3) + &rows(200_000, ",-1234.5,0.25,77.125")),
        ("short fractions", cfg(50) + &rows(10_000, &",.5".repeat(50))),
        ("more of them", cfg(50) + &rows(60_000, &",.5".repeat(50))),
        ("few of them", cfg(50) + &rows(200, &",.5".repeat(50))),
        ("a small file", cfg(6) + &rows(2_000, ",-1.5,0.5,7.5,3.5,5.5,-6.5")),
        ("nothing", cfg(50) + &rows(20_000, &few)),
        ("a fraction each", cfg(50) + "0,0" + &",1.25".repeat(50) + "\n" + &rows(20_000, &few)),
    ] {
        let present = text.len();
        let most = BASE + 2 * present;
        let source = Source::Bytes { name: "x.cff".into(), bytes: text.into_bytes() };
        for threads in [2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            // The threads are there before anything is counted.
            pool.broadcast(|_| ());
            let read = || pool.install(|| read_source(&source, &ReadOptions::default()).unwrap());
            let (_, peak) = counted(read);
            assert!(peak <= most, "{what}, {threads} threads: {peak} bytes for {present}, at most {most}");
        }
    }
}
