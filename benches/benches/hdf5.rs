//! Reading HDF5 with gzip and shuffle until every code is at hand, in bytes of codes per second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kilat::io::{ReadOptions, read, write};
use kilat_benches::capture_i16;

fn hdf5(c: &mut Criterion) {
    let capture = capture_i16(50_000.0, 1_000_000);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.h5");
    write(&capture, &path).expect("a file");
    let load = || {
        let read = read(&path, &ReadOptions::default()).expect("a recording");
        read.channels().iter().map(|c| c.samples.load().expect("codes")).collect::<Vec<_>>()
    };
    for (samples, channel) in load().into_iter().zip(capture.channels()) {
        let expected = channel.values(0..channel.len()).expect("values");
        let found = kilat::Channel { samples, ..channel.clone() };
        assert_eq!(found.values(0..found.len()).expect("values"), expected);
    }
    let mut group = c.benchmark_group("hdf5");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(6 * 2 * capture.len()));
    group.bench_function("read", |b| b.iter(load));
    group.finish();
}

criterion_group!(benches, hdf5);
criterion_main!(benches);
