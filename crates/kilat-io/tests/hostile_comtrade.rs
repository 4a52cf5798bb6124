//! Damaged and hostile COMTRADE: a typed error or a capture, quickly, and no more memory than the bytes vouch for.
#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]
#![expect(clippy::format_collect, reason = "rows of text are small and made once")]
#![expect(unsafe_code, reason = "an allocator that counts is one by unsafe functions")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::Instant;

use kilat_core::capture::Digital;
use kilat_core::{Capture, Channel, Error, Result, SampleRate, TimeBase};
use kilat_io::{ReadOptions, Source, WriteOptions, read, read_source, write_with};

/// Memory that a reader may take beside twice the bytes it is given.
const SPARE_BYTES: usize = 64 << 10;
/// Most seconds for a small file.
const MOST_S: f64 = 1.0;

thread_local! {
    /// Bytes held by this thread, and the most since the last reset.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

impl Counting {
    fn count(bytes: isize) {
        let held = HELD.get() + bytes;
        HELD.set(held);
        PEAK.set(PEAK.get().max(held));
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::count(-(layout.size() as isize));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The result of `read`, and the most memory it took at a time.
fn measured<T>(read: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = read();
    (result, (PEAK.get() - before) as usize)
}

/// Reads; what comes out is consistent or an error of a kind that tells of the file, soon and in bounded memory.
fn check(what: &str, present: usize, read: impl FnOnce() -> Result<Capture>) {
    let start = Instant::now();
    let (result, peak) = measured(read);
    let took_s = start.elapsed().as_secs_f64();
    assert!(took_s < MOST_S, "{what}: {took_s} s");
    let most = SPARE_BYTES + 2 * present;
    assert!(peak <= most, "{what}: {peak} bytes of memory for {present} bytes, at most {most}");
    match result {
        Ok(c) => {
            assert!(c.channels().iter().all(|x| x.len() as u64 == c.len()), "{what}");
            assert!(c.digital.iter().all(|x| x.states.len() as u64 == c.len()), "{what}");
            assert!(c.time().seconds(c.len() as f64).is_finite(), "{what}");
            for channel in c.channels() {
                assert_eq!(channel.values(0..channel.len()).unwrap().len(), channel.len(), "{what}");
            }
        }
        Err(
            Error::Malformed { .. }
            | Error::Unsupported { .. }
            | Error::Limit { .. }
            | Error::Mismatch { .. }
            | Error::Config { .. }
            | Error::UnknownFormat { .. },
        ) => {}
        Err(other) => panic!("{what}: {other}"),
    }
}

fn check_bytes(what: &str, bytes: &[u8]) {
    let source = Source::Bytes { name: "x.cff".into(), bytes: bytes.to_vec() };
    check(what, bytes.len(), || read_source(&source, &ReadOptions::default()));
}

/// A small recording with missing samples and status channels; with `has_gap` its timestamps are the time base.
fn small(has_gap: bool) -> Capture {
    let codes =
        |k: i32| (0..24).map(|i| if i == 5 { f64::NAN } else { f64::from(97 * i - k) }).collect::<Vec<_>>();
    let channels = (0..3).map(|k| Channel::new(format!("U{}", k + 1), "V", codes(k)).with_scale(0.5, 1.0));
    let rate = SampleRate::from_hz(1000.0).unwrap();
    let mut time = TimeBase::uniform(rate, 24, Some("2024-05-27T07:00:00Z".parse().unwrap()));
    if has_gap {
        let mut segments = time.slice(0..12).segments().to_vec();
        segments.push(kilat_core::Segment { first: 12, len: 12, rate, offset_ps: 70_000_000_000 });
        time = TimeBase::from_segments(time.start(), segments).unwrap();
    }
    let mut capture = Capture::new(time, channels.collect()).unwrap();
    (capture.station, capture.device) = ("STATION".into(), "DEVICE".into());
    let states = |k: i16| (0..24).map(|i| (i / 7 + k) % 2).collect::<Vec<i16>>();
    capture.digital = (0..3)
        .map(|k| Digital { name: format!("D{k}"), normal: Some(false), states: states(k).into() })
        .collect();
    capture.notes = vec![("hdr".into(), "a note".into())];
    capture
}

/// Every revision and encoding, as one file each; the revisions before 2013 have no such file, but it is read.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.cfg");
    let mut out = Vec::new();
    for (revision, encoding) in [
        (1991, "ASCII"),
        (1991, "BINARY"),
        (1999, "ASCII"),
        (1999, "BINARY"),
        (2013, "ASCII"),
        (2013, "BINARY"),
        (2013, "BINARY32"),
        (2013, "FLOAT32"),
    ] {
        for has_gap in [false, true] {
            let options = WriteOptions { revision: Some(revision), encoding: Some(encoding.into()) };
            write_with(&small(has_gap), &path, &options).unwrap();
            let part = |kind: &str| fs::read(path.with_extension(kind)).unwrap();
            let dat = part("dat");
            let count = if encoding == "ASCII" { String::new() } else { format!(": {}", dat.len()) };
            let separator = format!("--- file type: DAT {encoding}{count} ---\r\n");
            let bytes =
                [b"--- file type: CFG ---\r\n", &part("cfg")[..], separator.as_bytes(), &dat].concat();
            out.push((format!("{revision} {encoding}{}", if has_gap { " with a gap" } else { "" }), bytes));
        }
    }
    out
}

#[test]
fn whole_fixtures_are_read() {
    for (name, bytes) in fixtures() {
        let source = Source::Bytes { name: "x.cff".into(), bytes };
        let capture = read_source(&source, &ReadOptions::default()).unwrap();
        assert_eq!(capture.len(), 24, "{name}");
        assert_eq!(capture.time().segments().len(), 1 + usize::from(name.ends_with("gap")), "{name}");
    }
}

#[test]
fn every_prefix_is_read_or_refused() {
    for (name, bytes) in fixtures() {
        for n in 0..bytes.len() {
            check_bytes(&format!("{name}, {n} bytes"), &bytes[..n]);
        }
    }
}

#[test]
fn every_prefix_of_a_part_is_read_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.cfg");
    for encoding in ["ASCII", "BINARY"] {
        let options = WriteOptions { revision: Some(1999), encoding: Some(encoding.into()) };
        write_with(&small(false), &path, &options).unwrap();
        for kind in ["cfg", "dat"] {
            let part = path.with_extension(kind);
            let whole = fs::read(&part).unwrap();
            let other = fs::metadata(path.with_extension(if kind == "cfg" { "dat" } else { "cfg" })).unwrap();
            for n in 0..whole.len() {
                fs::write(&part, &whole[..n]).unwrap();
                let present = n + other.len() as usize;
                check(&format!("{encoding} {kind}, {n} bytes"), present, || {
                    read(&path, &ReadOptions::default())
                });
            }
            fs::write(&part, &whole).unwrap();
        }
    }
}

/// A small generator of reproducible numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    /// Damages `bytes` in up to four places, half of them where the structure is.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const NASTY: [&[u8]; 12] = [
            b"999999999999",
            b"-1",
            b"0",
            b",",
            b"\n",
            b"\0",
            b"\xff\xff\xff\xff",
            b"1e308",
            b"1e-320",
            b"NaN",
            b",,,,,,,,,,,,,,,,",
            b"--- file type: DAT BINARY: 99999999999 ---\n",
        ];
        for _ in 0..=self.below(4) {
            let reach = if self.below(2) == 0 { 500.min(bytes.len()) } else { bytes.len() };
            let at = self.below(reach);
            let end = (at + self.below(12)).min(bytes.len());
            let new: Vec<u8> = match self.below(4) {
                0 => vec![self.below(256) as u8; end - at],
                1 => Vec::new(),
                2 => NASTY[self.below(NASTY.len())].to_vec(),
                _ => bytes[self.below(bytes.len())..].iter().take(20).copied().collect(),
            };
            bytes.splice(at..end, new);
        }
    }
}

#[test]
fn every_mutation_is_read_or_refused() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for (name, fixture) in fixtures() {
        // Gaps differ from the rest in the time base alone.
        let mutations = 2000;
        for k in 0..mutations {
            let mut bytes = fixture.clone();
            random.damage(&mut bytes);
            check_bytes(&format!("{name}, mutation {k}"), &bytes);
        }
    }
}

/// Megabytes, where the spare memory counts for nothing.
#[test]
fn memory_stays_in_proportion_to_the_file() {
    let cfg = |analogs: usize, statuses: usize, end: &str| {
        let analog = |i| format!("{i},U{i},A,,V,1,0,0,-32767,32767,1,1,P\n");
        let status = |i| format!("{i},D{i},,,0\n");
        format!(
            "--- file type: CFG ---\nS,D,2013\n{},{analogs}A,{statuses}D\n{}{}50\n1\n1000,{end}\n,\n,\nASCII\n1\n0,0\n0,0\n",
            analogs + statuses,
            (1..=analogs).map(analog).collect::<String>(),
            (1..=statuses).map(status).collect::<String>(),
        )
    };
    let rows = |n: usize, row: &str| (1..=n).map(|i| format!("{i},{i}{row}\n")).collect::<String>();
    let after = |first: &str, n: usize, row: &str| format!("0,0{first}\n{}", rows(n, row));
    let text = |cfg: String, rows: String| format!("{cfg}--- file type: DAT ASCII ---\n{rows}").into_bytes();
    let blank_lines = text(cfg(4, 0, "9999999"), "\n".repeat(4 << 20));
    let records = |record: &[u8], n: u32| {
        (1..=n).flat_map(|i| [&i.to_le_bytes()[..], record].concat()).collect::<Vec<u8>>()
    };
    let binary =
        |cfg: String, dat: Vec<u8>| [cfg.as_bytes(), b"--- file type: DAT BINARY ---\n", &dat].concat();
    for (what, bytes) in [
        ("codes of 16 bits", text(cfg(6, 0, "200000"), rows(200_000, ",-1234,0,77,32000,5,-6"))),
        (
            "codes of 32 bits",
            text(cfg(6, 0, "99"), rows(200_000, ",-123456,70000,77777,32000000,540000,-66666")),
        ),
        ("numbers with fractions", text(cfg(3, 0, "99"), rows(200_000, ",-1234.5,0.25,77.125"))),
        ("one number of 32 bits", text(cfg(2, 0, "99"), after(",70000,1", 200_000, ",1,2"))),
        ("one fraction", text(cfg(1, 0, "99"), after(",0.5", 200_000, ",1"))),
        ("short fractions", text(cfg(50, 0, "99"), rows(10_000, &",.5".repeat(50)))),
        ("nothing", text(cfg(50, 0, "99"), rows(20_000, &",".repeat(50)))),
        ("next to nothing", text(cfg(50, 0, "99"), after(&",70000".repeat(50), 20_000, &",".repeat(50)))),
        ("a fraction each", text(cfg(50, 0, "99"), after(&",1.25".repeat(50), 20_000, &",".repeat(50)))),
        (
            "fractions, then nothing",
            text(cfg(50, 0, "99"), rows(2000, &",1.25".repeat(50)) + &rows(20_000, &",".repeat(50))),
        ),
        ("half the fields", text(cfg(50, 0, "99"), after(&",1.25".repeat(50), 40_000, &",".repeat(25)))),
        ("status channels", text(cfg(0, 40, "99"), rows(50_000, &",1".repeat(40)))),
        ("blank lines", blank_lines),
        ("a huge count", text(cfg(2, 2, "18446744073709551615"), rows(100_000, ",1,2,0,1"))),
        ("a record of bits", binary(cfg(0, 16, "99"), records(&[0, 0, 0, 0, 0xff, 0x5a], 300_000))),
        ("a record of codes", binary(cfg(8, 0, "99"), records(&[7; 20], 200_000))),
    ] {
        let source = Source::Bytes { name: "x.cff".into(), bytes };
        let Source::Bytes { bytes, .. } = &source else { unreachable!("made so") };
        let (result, peak) = measured(|| read_source(&source, &ReadOptions::default()));
        let most = SPARE_BYTES + 2 * bytes.len();
        assert!(peak <= most, "{what}: {peak} bytes of memory for {}", bytes.len());
        assert_eq!(result.is_ok(), what != "blank lines", "{what}");
    }
}

/// A file of which most is a hole: looked at in pieces, its memory stays where it is.
#[test]
fn a_large_recording_stays_in_its_file() {
    const ROWS: u64 = 1 << 24;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.cfg");
    let analog: String = (1..=6).map(|i| format!("{i},U{i},A,,V,1,0,0,-99999,99998,1,1,P\n")).collect();
    fs::write(
        &path,
        format!("S,D,2013\n7,6A,1D\n{analog}1,D,,,0\n50\n1\n10000,{ROWS}\n,\n,\nFLOAT32\n1\n0,0\n0,0\n"),
    )
    .unwrap();
    large_dat(&path.with_extension("dat"), ROWS * (8 + 6 * 4 + 2));
    let (capture, peak) = measured(|| read(&path, &ReadOptions::default()).unwrap());
    assert!(peak <= SPARE_BYTES, "{peak} bytes to open");
    assert_eq!(capture.len(), ROWS);
    let ((), peak) = measured(|| {
        for channel in capture.channels() {
            for rows in channel.blocks().step_by(16) {
                let values = channel.values(rows.clone()).unwrap();
                assert_eq!(values[0], if rows.start == 0 { 3.5 } else { 0.0 });
            }
        }
        assert_eq!(capture.digital[0].values(0..3).unwrap(), [true, false, false]);
    });
    assert!(peak <= 1 << 20, "{peak} bytes to read");
    let last = capture.slice(ROWS - 2..ROWS).unwrap();
    assert_eq!(last.channels()[5].samples.load().unwrap().len(), 2);
}

/// Two numbered records with codes of 3.5 and states of 1 and 0, then a hole.
fn large_dat(path: &Path, bytes: u64) {
    let mut head = Vec::new();
    for i in 1..=2u32 {
        head.extend_from_slice(&i.to_le_bytes());
        head.extend_from_slice(&(100 * (i - 1)).to_le_bytes());
        (0..6).for_each(|_| head.extend_from_slice(&3.5f32.to_le_bytes()));
        head.extend_from_slice(&[(2 - i) as u8, 0]);
    }
    fs::write(path, head).unwrap();
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}
