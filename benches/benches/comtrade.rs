//! Reading COMTRADE on one thread until every code is at hand, in bytes of data file per second, beside copying as many
//! bytes. Files of 64 MiB and more stay mapped; their codes are decoded block by block.

use std::fmt::Write as _;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kilat::io::{ReadOptions, read};
use kilat::{Capture, Codes};

const ANALOGS: usize = 6;
/// Samples of each channel asked for at a time.
const BLOCK: usize = 1 << 16;

/// Code of channel `c` in row `i`, within 16 bits.
fn code(i: usize, c: usize) -> i16 {
    ((i * 7919 + c * 1009) % 60_001) as i16
}

fn cfg(encoding: &str, rows: usize) -> String {
    let mut text = format!("STATION,DEVICE,2013\n{},{ANALOGS}A,16D\n", ANALOGS + 16);
    for c in 1..=ANALOGS {
        writeln!(text, "{c},U{c},A,,V,0.01,0,0,-32767,32767,1,1,P").expect("text");
    }
    for d in 1..=16 {
        writeln!(text, "{d},D{d},,,0").expect("text");
    }
    let moment = "27/05/2024,07:00:00.000000";
    writeln!(text, "50\n1\n10000,{rows}\n{moment}\n{moment}\n{encoding}\n1\n0,0\n0,0").expect("text");
    text
}

/// The same with its point moved.
fn number(i: usize, c: usize, decimals: usize) -> f64 {
    f64::from(code(i, c)) / 10f64.powi(decimals as i32)
}

/// One row of the data file; status channel 3 is 1 in every second row.
fn row(encoding: &str, decimals: usize, i: usize, out: &mut Vec<u8>) {
    if encoding == "ASCII" {
        let mut text = format!("{},{}", i + 1, 100 * i);
        for c in 0..ANALOGS {
            write!(text, ",{:.decimals$}", number(i, c, decimals)).expect("text");
        }
        for d in 0..16 {
            text.push_str(if d == 3 && i % 2 == 1 { ",1" } else { ",0" });
        }
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
        return;
    }
    out.extend_from_slice(&(i as u32 + 1).to_le_bytes());
    out.extend_from_slice(&(100 * i as u32).to_le_bytes());
    for c in 0..ANALOGS {
        let code = code(i, c);
        match encoding {
            "BINARY" => out.extend_from_slice(&code.to_le_bytes()),
            "BINARY32" => out.extend_from_slice(&i32::from(code).to_le_bytes()),
            _ => out.extend_from_slice(&f32::from(code).to_le_bytes()),
        }
    }
    out.extend_from_slice(&((i as u16 % 2) << 3).to_le_bytes());
}

fn write_recording(directory: &Path, encoding: &str, decimals: usize, rows: usize) -> Vec<u8> {
    let mut dat = Vec::new();
    (0..rows).for_each(|i| row(encoding, decimals, i, &mut dat));
    std::fs::write(directory.join("a.cfg"), cfg(encoding, rows)).expect("a file");
    std::fs::write(directory.join("a.dat"), &dat).expect("a file");
    dat
}

/// Reads the recording at `path` and every code in it.
fn read_all(path: &Path) -> Capture {
    let capture = read(path, &ReadOptions::default()).expect("a recording");
    let mut own = Codes::default();
    for rows in (0..capture.len() as usize).step_by(BLOCK) {
        for channel in capture.channels() {
            let rows = rows..channel.len().min(rows + BLOCK);
            std::hint::black_box(channel.samples.read(rows, &mut own).expect("codes"));
        }
    }
    capture
}

fn comtrade(c: &mut Criterion) {
    let mut group = c.benchmark_group("comtrade");
    group.sample_size(10);
    let large = 4_000_000;
    for (encoding, decimals, rows) in [
        ("BINARY", 0, 1_000_000),
        ("BINARY32", 0, 1_000_000),
        ("FLOAT32", 0, 1_000_000),
        ("ASCII", 0, 1_000_000),
        ("ASCII", 2, 1_000_000),
        ("BINARY", 0, large),
        ("BINARY32", 0, large),
        ("FLOAT32", 0, large),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let dat = write_recording(directory.path(), encoding, decimals, rows);
        let path = directory.path().join("a.cfg");
        let capture = read_all(&path);
        assert_eq!((capture.len(), capture.warnings.len()), (rows as u64, 0));
        for (k, channel) in capture.channels().iter().enumerate() {
            for i in (0..rows).step_by(997) {
                let value = channel.values(i..i + 1).expect("a sample")[0];
                assert_eq!(value, 0.01 * number(i, k, decimals));
            }
        }
        let states = capture.digital[3].values(0..rows).expect("states");
        assert!(states.iter().enumerate().all(|(i, s)| *s == (i % 2 == 1)));
        group.throughput(Throughput::Bytes(dat.len() as u64));
        let point = if decimals > 0 { " with decimals" } else { "" };
        let name = format!("{encoding}{point}, {} MB", dat.len() / 1_000_000);
        group.bench_function(BenchmarkId::new("read", &name), |b| b.iter(|| read_all(&path)));
        group.bench_function(BenchmarkId::new("copy to fresh memory", &name), |b| b.iter(|| dat.clone()));
        let mut copy = dat.clone();
        group.bench_function(BenchmarkId::new("copy", &name), |b| {
            b.iter(|| std::hint::black_box(&mut copy).copy_from_slice(std::hint::black_box(&dat)));
        });
    }
    group.finish();
}

criterion_group!(benches, comtrade);
criterion_main!(benches);
