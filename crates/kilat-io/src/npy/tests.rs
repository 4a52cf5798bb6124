use kilat_core::{Channel, SampleRate};
use proptest::prelude::*;

use super::*;
use crate::SampleAxis;

fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = [MAGIC, &[version, 0]].concat();
    match version {
        1 => out.extend_from_slice(&(header.len() as u16).to_le_bytes()),
        _ => out.extend_from_slice(&(header.len() as u32).to_le_bytes()),
    }
    [&out, header.as_bytes(), data].concat()
}

fn read_bytes(bytes: Vec<u8>, options: &ReadOptions) -> Result<Capture> {
    read(&Source::Bytes { name: "a.npy".into(), bytes }, options)
}

fn at_1_khz() -> ReadOptions {
    ReadOptions { sample_rate_hz: Some(1000.0), ..ReadOptions::default() }
}

fn dict(descr: &str, fortran: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
}

#[test]
fn every_order_puts_the_same_value_at_the_same_place() {
    // Sample i of channel c is 10 i + c.
    let (n, channels) = (50i16, 2i16);
    let by_sample: Vec<i16> = (0..n).flat_map(|i| (0..channels).map(move |c| 10 * i + c)).collect();
    let by_channel: Vec<i16> = (0..channels).flat_map(|c| (0..n).map(move |i| 10 * i + c)).collect();
    let cases = [
        ("False", "(50, 2)", &by_sample),
        ("True", "(50, 2)", &by_channel),
        ("False", "(2, 50)", &by_channel),
        ("True", "(2, 50)", &by_sample),
    ];
    for (fortran, shape, codes) in cases {
        for (version, descr) in [(1, "<i2"), (2, ">i2"), (3, "<i2")] {
            let data: Vec<u8> = if descr == ">i2" {
                codes.iter().flat_map(|v| v.to_be_bytes()).collect()
            } else {
                codes.iter().flat_map(|v| v.to_le_bytes()).collect()
            };
            let c = read_bytes(npy(version, &dict(descr, fortran, shape), &data), &at_1_khz()).unwrap();
            assert_eq!((c.len(), c.channels().len()), (50, 2));
            assert_eq!(c.channels()[1].values(33..34).unwrap()[0], 331.0, "{fortran} {shape} {descr}");
        }
    }
}

#[test]
fn what_is_not_said_is_asked_for() {
    let message = |shape: &str, options: &ReadOptions| {
        read_bytes(npy(1, &dict("<f8", "False", shape), &[0; 1600]), options).unwrap_err().to_string()
    };
    assert!(message("(200,)", &ReadOptions::default()).starts_with("sample_rate_hz: a.npy: "));
    assert!(message("(20, 10)", &at_1_khz()).starts_with("axis: a.npy: the shape (20, 10)"));
    assert!(message("(2, 10, 10)", &at_1_khz()).contains("[2, 10, 10] is not supported"));
    let rows = ReadOptions { axis: Some(SampleAxis::Rows), ..at_1_khz() };
    assert_eq!(read_bytes(npy(1, &dict("<f8", "False", "(20, 10)"), &[0; 1600]), &rows).unwrap().len(), 20);
}

#[test]
fn a_cut_array_keeps_its_whole_rows_when_it_can() {
    let data: Vec<u8> = (0..99i16).flat_map(i16::to_le_bytes).collect();
    let c = read_bytes(npy(1, &dict("<i2", "False", "(100, 2)"), &data), &at_1_khz()).unwrap();
    assert_eq!((c.len(), c.channels()[1].values(48..49).unwrap()[0]), (49, 97.0));
    assert_eq!(c.warnings[0].message, "the header declares 100 samples, 49 are there; read those");
    let cut = read_bytes(npy(1, &dict("<i2", "False", "(2, 100)"), &data), &at_1_khz());
    assert_eq!(
        cut.unwrap_err().to_string(),
        "a.npy: array data: expected 100 x 2 numbers of 2 bytes, found 198 bytes"
    );
}

#[test]
fn bad_headers_are_refused() {
    let ok = dict("<i2", "False", "(2,)");
    for (header, version) in [
        (ok.replace("i2", "c8"), 1),
        (ok.replace("'<i2'", "[('a', '<i2')]"), 1),
        (ok.replace("False", "Maybe"), 1),
        (ok.replace("(2,)", "(-2,)"), 1),
        (ok.replace("(2,)", "(99999999999999999999999,)"), 1),
        (ok.replace("(2,)", "(9223372036854775807, 9223372036854775807)"), 1),
        (ok.replace("shape", "shap"), 1),
        (ok, 4),
    ] {
        assert!(read_bytes(npy(version, &header, &[0; 4]), &at_1_khz()).is_err(), "{header}");
    }
    let whole = npy(1, &dict("<i2", "False", "(2,)"), &[0; 4]);
    for n in 0..whole.len() - 4 {
        assert!(read_bytes(whole[..n].to_vec(), &at_1_khz()).is_err(), "{n}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(values in prop::collection::vec(any::<[f64; 3]>(), 1..80), channels in 1usize..4) {
        let n = values.len();
        let columns = (0..channels).map(|c| Channel::new("u", "V", values.iter().map(|v| v[c]).collect::<Vec<_>>()));
        let rate = SampleRate::from_hz(1000.0).unwrap();
        let capture = Capture::new(TimeBase::uniform(rate, n as u64, None), columns.collect()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npy");
        write(&capture, &path).unwrap();
        let options = ReadOptions { axis: Some(SampleAxis::Columns), ..at_1_khz() };
        let back = read(&Source::File(path), &options).unwrap();
        prop_assert_eq!(back.channels().len(), channels);
        for (a, b) in capture.channels().iter().zip(back.channels()) {
            let bits = |c: &Channel| c.values(0..n).unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(a), bits(b));
        }
    }
}
