//! The traps of real files, one test each, on recordings made up here. What the samples should be is known by
//! construction: channel c of sample i has code 100·i + c.
#![expect(clippy::format_collect, reason = "rows of text are small and made once")]

use std::fs;
use std::path::{Path, PathBuf};

use kilat_core::capture::Side;
use kilat_core::{Capture, Kind, Phase, Result, SamplesRef, Timestamp};

use super::*;
use crate::{read as read_path, read_source};

const ROWS: i32 = 40;
const TAIL_1999: &str = "50\n1\n1000,40\n12/01/2011,05:55:30.075011\n12/01/2011,05:55:30.078261\n";

/// A cfg of two analog and three status channels.
fn cfg(year: &str, tail: &str) -> String {
    format!(
        "STATION,DEVICE,{year}\n5,2A,3D\n\
         1,Ua,A,,V,0.5,10,0,-32767,32767,110,0.1,S\n2,Ib,B,,kA,0.001,0,25,-32767,32767,1,1,P\n\
         1,trip,,,0\n2,close,,,1\n3,alarm,,,0\n{tail}"
    )
}

fn cfg_1999(file_type: &str) -> String {
    cfg("1999", &format!("{TAIL_1999}{file_type}\n1\n"))
}

fn code(i: i32, c: i32) -> i32 {
    100 * i + c
}

fn row(i: i32) -> String {
    format!("{},{},{},{},{},0,1", i + 1, i * 1000, code(i, 0), code(i, 1), i % 2)
}

fn ascii() -> String {
    (0..ROWS).map(|i| row(i) + "\n").collect()
}

/// Records with `codes` as the bytes of both analog channels of sample i.
fn binary(codes: impl Fn(i32) -> Vec<u8>) -> Vec<u8> {
    let record = |i: i32| {
        let status = (i % 2) as u16 | 4;
        [
            &((i + 1) as u32).to_le_bytes()[..],
            &((i * 1000) as u32).to_le_bytes(),
            &codes(i),
            &status.to_le_bytes(),
        ]
        .concat()
    };
    (0..ROWS).flat_map(record).collect()
}

fn binary16() -> Vec<u8> {
    binary(|i| [code(i, 0) as i16, code(i, 1) as i16].iter().flat_map(|c| c.to_le_bytes()).collect())
}

fn binary32() -> Vec<u8> {
    binary(|i| [code(i, 0), code(i, 1)].iter().flat_map(|c| c.to_le_bytes()).collect())
}

fn float32() -> Vec<u8> {
    binary(|i| [code(i, 0) as f32, code(i, 1) as f32].iter().flat_map(|c| c.to_le_bytes()).collect())
}

fn pair_with(cfg: &[u8], dat: &[u8], options: &ReadOptions) -> Result<Capture> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("x.cfg"), cfg).unwrap();
    fs::write(directory.path().join("x.dat"), dat).unwrap();
    read_path(directory.path().join("x.cfg"), options)
}

fn pair(cfg: impl AsRef<[u8]>, dat: impl AsRef<[u8]>) -> Result<Capture> {
    pair_with(cfg.as_ref(), dat.as_ref(), &ReadOptions::default())
}

fn cff_source(bytes: impl AsRef<[u8]>) -> Source {
    Source::Bytes { name: "x.cff".into(), bytes: bytes.as_ref().to_vec() }
}

/// Every sample and state is what the recording was made of; `rows` of them.
fn assert_content(capture: &Capture, rows: i32) {
    assert_eq!(capture.len(), rows as u64);
    for i in 0..rows {
        assert_eq!(
            capture.channels()[0].values(i as usize..i as usize + 1).unwrap()[0],
            0.5 * f64::from(code(i, 0)) + 10.0
        );
        assert_eq!(
            capture.channels()[1].values(i as usize..i as usize + 1).unwrap()[0],
            0.001 * f64::from(code(i, 1)) + 0.0
        );
        let at = i as usize..i as usize + 1;
        let states: Vec<bool> = capture.digital.iter().flat_map(|d| d.values(at.clone()).unwrap()).collect();
        assert_eq!(states, [i % 2 == 1, false, true]);
    }
}

fn messages(capture: &Capture) -> Vec<String> {
    capture.warnings.iter().map(ToString::to_string).collect()
}

fn assert_only_warning(capture: &Capture, part: &str) {
    let found = messages(capture);
    assert!(found.len() == 1 && found[0].contains(part), "`{part}` in {found:?}");
}

#[test]
fn the_four_encodings_hold_the_same_values_and_keep_their_codes() {
    for (word, dat) in [
        ("ASCII", ascii().into_bytes()),
        ("BINARY", binary16()),
        ("BINARY32", binary32()),
        ("FLOAT32", float32()),
    ] {
        let capture = pair(cfg_1999(word), dat).unwrap();
        assert_content(&capture, ROWS);
        assert_eq!(capture.warnings, [], "{word}");
        assert_eq!(capture.format, format!("COMTRADE 1999 {word}"));
        let kind = match capture.channels()[0].samples.as_ref().unwrap() {
            // Text has the type that holds its numbers.
            SamplesRef::I16(_) if word == "ASCII" => "ASCII",
            SamplesRef::I16(_) => "BINARY",
            SamplesRef::I32(_) => "BINARY32",
            SamplesRef::F32(_) => "FLOAT32",
            SamplesRef::F64(_) => "none",
        };
        assert_eq!(kind, word);
    }
}

#[test]
fn what_the_cfg_says_is_in_the_capture() {
    let capture = pair(cfg_1999("ASCII"), ascii()).unwrap();
    assert_eq!((capture.station.as_str(), capture.device.as_str()), ("STATION", "DEVICE"));
    assert_eq!(capture.nominal_frequency_hz, Some(50.0));
    let time: Timestamp = "2011-01-12T05:55:30.075011Z".parse().unwrap();
    assert_eq!(capture.time().start(), Some(time));
    assert_eq!(capture.trigger, Some(time.plus_seconds(0.00325)));
    assert_eq!(capture.time().rate().unwrap().hz(), 1000.0);
    let [u, i] = capture.channels() else { panic!("two channels") };
    assert_eq!((u.kind, u.phase, u.unit.as_str()), (Kind::Voltage, Some(Phase::A), "V"));
    assert_eq!((i.kind, i.phase, i.unit.as_str()), (Kind::Current, Some(Phase::B), "kA"));
    assert_eq!(u.transformer, Some(Transformer { primary: 110.0, secondary: 0.1, side: Side::Secondary }));
    assert_eq!(i.transformer.unwrap().side, Side::Primary);
    assert_eq!(i.skew_s, 25e-6);
    assert_eq!(u.range, Some((-32767.0, 32767.0)));
    let normals: Vec<_> = capture.digital.iter().map(|d| d.normal).collect();
    assert_eq!(normals, [Some(false), Some(true), Some(false)]);
}

#[test]
fn line_ends_and_padding_of_every_product() {
    let (cfg, dat) = (cfg_1999("ASCII"), ascii());
    let crlf = |t: &str| t.replace('\n', "\r\n");
    let sub = "\u{1a}".repeat(300);
    for (cfg, dat) in [
        (crlf(&cfg), dat.clone()),
        (cfg.clone(), crlf(&dat)),
        (cfg.trim_end().to_owned(), dat.trim_end().to_owned()),
        (format!("{cfg}\n\n"), format!("{dat}\n \n")),
        (format!("{cfg}{sub}"), format!("{dat}{sub}")),
        (format!("\u{feff}{cfg}"), dat.replace('\n', "\n\n")),
        (cfg.replace("1999\n", "1999 \n\n"), dat.replace(',', " , ")),
    ] {
        let capture = pair(cfg, dat).unwrap();
        assert_content(&capture, ROWS);
        assert_eq!(capture.warnings, []);
    }
    let padded = pair(cfg_1999("BINARY"), [&binary16()[..], sub.as_bytes()].concat()).unwrap();
    assert_content(&padded, ROWS);
    assert_eq!(padded.warnings, []);
}

#[test]
fn each_text_is_decoded_on_its_own() {
    let text = cfg_1999("ASCII").replace("STATION,DEVICE", "Релематика,СИРИУС").replace("Ua", "Uа Подст.");
    let (bytes, _, _) = encoding_rs::IBM866.encode(&text);
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("x.cfg"), bytes).unwrap();
    fs::write(directory.path().join("x.dat"), ascii()).unwrap();
    fs::write(directory.path().join("x.HDR"), "Замечание\n").unwrap();
    fs::write(directory.path().join("x.inf"), encoding_rs::GBK.encode("线路故障").0).unwrap();
    let capture = read_path(directory.path().join("x.cfg"), &ReadOptions::default()).unwrap();
    assert_eq!((capture.station.as_str(), capture.device.as_str()), ("Релематика", "СИРИУС"));
    let notes: Vec<_> = capture.notes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(notes, [("hdr", "Замечание"), ("inf", "线路故障")]);
    // A name in no encoding at all costs nothing but the name.
    let broken =
        [&cfg_1999("ASCII").as_bytes()[..4], b"\x81\xff\x81", &cfg_1999("ASCII").as_bytes()[4..]].concat();
    assert_content(&pair(broken, ascii()).unwrap(), ROWS);
}

#[test]
fn years_that_never_were_a_revision_are_laid_out_like_the_one_before() {
    for year in ["1997", "1999", "2000", "2001"] {
        assert_eq!(
            pair(cfg(year, &format!("{TAIL_1999}ASCII\n1\n")), ascii()).unwrap().warnings,
            [],
            "{year}"
        );
    }
    for year in ["2013", "2024"] {
        let tail = format!("{TAIL_1999}ASCII\n1\n+3,-5h30\nNA,NA\n");
        let capture = pair(cfg(year, &tail), ascii()).unwrap();
        assert_content(&capture, ROWS);
        assert_eq!(capture.notes[0], ("time_code,local_code".into(), "+3,-5h30".into()));
        assert_eq!(capture.notes[1], ("tmq_code,leapsec".into(), "NA,NA".into()));
    }
}

#[test]
fn the_1991_layout_has_ten_fields_and_months_first() {
    let text = "STATION,DEVICE\n3,2A, 1D\n1,Ua,A,,V,0.5,10,0,-9999,9999\n2,Ib,B,,A, +001. ,0.0,0,-9999,9999\n1,trip ,0\n\
                50\n1\n1000,000040\n01/12/11,05:55:30.075011\n01/12/11,05:55:30.075011\nASCII\n";
    let dat: String =
        (0..ROWS).map(|i| format!("{i},{},{},-1,0\n", i * 1000, if i == 3 { 999_999 } else { i })).collect();
    let capture = pair(text, dat).unwrap();
    assert_eq!(capture.warnings, []);
    assert_eq!(capture.time().start().unwrap().to_string(), "2011-01-12T05:55:30.075011Z");
    assert!(capture.channels()[0].values(3..4).unwrap()[0].is_nan());
    assert_eq!(capture.channels()[0].values(4..5).unwrap()[0], 12.0);
    // The marker of later revisions is data here, and minus one always is.
    assert_eq!(capture.channels()[1].values(0..3).unwrap(), [-1.0, -1.0, -1.0]);
    assert_eq!(capture.format, "COMTRADE 1991 ASCII");
}

#[test]
fn in_1991_binary_every_code_is_data() {
    let dat = binary(|_| [(-1i16).to_le_bytes(), i16::MIN.to_le_bytes()].concat());
    let text = cfg("", &format!("{TAIL_1999}BINARY\n"));
    let capture = pair(text, &dat).unwrap();
    assert_eq!(capture.channels()[0].values(0..1).unwrap()[0], 9.5);
    assert_eq!(capture.channels()[1].values(0..1).unwrap()[0], -32.768);
    assert!(pair(cfg_1999("BINARY"), dat).unwrap().channels()[1].values(0..1).unwrap()[0].is_nan());
}

#[test]
fn missing_markers_of_every_encoding() {
    let missing = |word, dat: Vec<u8>| -> Vec<usize> {
        let capture = pair(cfg_1999(word), dat).unwrap();
        (0..ROWS as usize).filter(|i| capture.channels()[0].values(*i..*i + 1).unwrap()[0].is_nan()).collect()
    };
    let with = |marker: &str| {
        (0..ROWS)
            .map(|i| if i == 7 { row(i).replace(",700,", &format!(",{marker},")) } else { row(i) } + "\n")
            .collect::<String>()
    };
    for marker in ["", " ", "99999", "NaN", "-1.#IND"] {
        assert_eq!(missing("ASCII", with(marker).into_bytes()), [7], "{marker}");
    }
    assert_eq!(missing("ASCII", with("999999").into_bytes()), [0usize; 0]);
    let at_7 = |plain: Vec<u8>, width: usize, marker: &[u8]| {
        let record = plain.len() / ROWS as usize;
        let mut dat = plain;
        dat[7 * record + 8..7 * record + 8 + width].copy_from_slice(marker);
        dat
    };
    assert_eq!(missing("BINARY", at_7(binary16(), 2, &i16::MIN.to_le_bytes())), [7]);
    assert_eq!(missing("BINARY32", at_7(binary32(), 4, &i32::MIN.to_le_bytes())), [7]);
    for marker in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN] {
        assert_eq!(missing("FLOAT32", at_7(float32(), 4, &marker.to_le_bytes())), [7]);
    }
}

#[test]
fn fractional_ascii_codes_are_kept_as_floats() {
    let dat =
        ascii().replace(",700,", ",7.00000001e2,").replace(",800,", ",\u{2013}800,").replace(",900,", ",,");
    let capture = pair(cfg_1999("ASCII"), dat).unwrap();
    let u = &capture.channels()[0];
    assert!(matches!(u.samples.as_ref().unwrap(), SamplesRef::F64(_)));
    assert_eq!(u.values(6..9).unwrap(), [310.0, 0.5 * 700.000_001 + 10.0, -390.0]);
    assert!(u.values(9..10).unwrap()[0].is_nan());
    assert!(matches!(capture.channels()[1].samples.as_ref().unwrap(), SamplesRef::I16(_)));
}

#[test]
fn the_length_of_the_file_is_trusted_over_the_announced_one() {
    let tail = |end: u32| format!("50\n1\n1000,{end}\n12/01/2011,05:55:30\n12/01/2011,05:55:30\n");
    for (end, rows) in [(5000, ROWS), (39, ROWS)] {
        let capture = pair(cfg("1999", &format!("{}ASCII\n1\n", tail(end))), ascii()).unwrap();
        assert_content(&capture, rows);
        assert_only_warning(&capture, &format!("{end} samples announced, 40 there"));
        let capture = pair(cfg("1999", &format!("{}BINARY\n1\n", tail(end))), binary16()).unwrap();
        assert_content(&capture, rows);
    }
    for stray in [2, 4, 8, 13] {
        let capture = pair(cfg_1999("BINARY"), [binary16(), vec![1; stray]].concat()).unwrap();
        assert_content(&capture, ROWS);
        assert_only_warning(&capture, &format!("{stray} stray bytes after 40 records of 14 bytes"));
    }
    let torn = pair(cfg_1999("ASCII"), ascii() + "41,40000,4").unwrap();
    assert_content(&torn, ROWS);
    assert_only_warning(&torn, "x.dat: line 41: the last row has 3 of 7 fields");
}

#[test]
fn sample_numbers_are_no_indices() {
    let dat: String =
        (0..ROWS).map(|i| row(i).split_once(',').unwrap().1.to_owned()).map(|r| format!("7,{r}\n")).collect();
    assert_content(&pair(cfg_1999("ASCII"), dat).unwrap(), ROWS);
}

#[test]
fn rates_are_the_time_base_whatever_the_timestamps_say() {
    for stamp in ["", "0", "-5", "4294967295", "12345.5"] {
        let dat: String = (0..ROWS)
            .map(|i| row(i).replacen(&format!(",{},", i * 1000), &format!(",{stamp},"), 1) + "\n")
            .collect();
        let capture = pair(cfg_1999("ASCII"), dat).unwrap();
        assert_content(&capture, ROWS);
        assert_eq!((capture.time().seconds(39.0), capture.warnings.len()), (0.039, 0), "{stamp}");
    }
    let twice: String = (0..ROWS)
        .map(|i| row(i).replacen(&format!(",{},", i * 1000), &format!(",{},", i * 2000), 1) + "\n")
        .collect();
    let capture = pair(cfg_1999("ASCII"), twice).unwrap();
    assert_eq!(capture.time().seconds(39.0), 0.039);
    assert_only_warning(&capture, "the timestamps span 0.078000 s, the sampling rates 0.039000 s");
    let jump: String = (0..ROWS)
        .map(|i| {
            row(i).replacen(&format!(",{},", i * 1000), &format!(",{},", i * 1000 + i / 30 * 1100), 1) + "\n"
        })
        .collect();
    let capture = pair(cfg_1999("ASCII"), jump).unwrap();
    assert_eq!(capture.time().segments().len(), 1);
    assert_only_warning(
        &capture,
        "1 gaps, the first of 0.002100 s before sample 31; the rates are the time base",
    );
}

#[test]
fn a_new_rate_begins_one_new_period_after_the_old_one() {
    let tail = "50\n5\n1000,10\n1000,20\n50,25\n50,25\n1000,40\n12/01/2011,05:55:30\n12/01/2011,05:55:30\nASCII\n1\n";
    let capture = pair(cfg("1999", tail), ascii()).unwrap();
    let segments: Vec<_> = capture.time().segments().iter().map(|s| (s.first, s.len, s.rate.hz())).collect();
    assert_eq!(segments, [(0, 20, 1000.0), (20, 5, 50.0), (25, 15, 1000.0)]);
    let at: Vec<f64> = [19.0, 20.0, 24.0, 25.0].iter().map(|i| capture.time().seconds(*i)).collect();
    assert_eq!(at, [0.019, 0.039, 0.119, 0.12]);
}

fn without_rates(stamps: impl Fn(i32) -> String, multiplier: &str, fraction: &str) -> Result<Capture> {
    let tail = format!(
        "50\n0\n0,40\n12/01/2011,05:55:30.{fraction}\n12/01/2011,05:55:30.{fraction}\nASCII\n{multiplier}\n"
    );
    let dat: String = (0..ROWS)
        .map(|i| row(i).replacen(&format!(",{},", i * 1000), &format!(",{},", stamps(i)), 1) + "\n")
        .collect();
    pair(cfg("2013", &tail), dat)
}

#[test]
fn without_rates_the_timestamps_are_the_time_base() {
    let even = without_rates(|i| (i * 200).to_string(), "1", "000000").unwrap();
    assert_eq!((even.time().rate().unwrap().hz(), even.warnings.len()), (5000.0, 0));
    let scaled = without_rates(|i| (i * 200).to_string(), "0.0005", "000000").unwrap();
    assert_eq!(scaled.time().rate().unwrap().hz(), 1e7);
    let nanoseconds = without_rates(|i| (i * 200_000).to_string(), "1", "000000000").unwrap();
    assert_eq!(nanoseconds.time().rate().unwrap().hz(), 5000.0);
    // 1/1200 s in whole microseconds.
    let thirds = without_rates(|i| (f64::from(i) * 1e6 / 1200.0).round().to_string(), "1", "0").unwrap();
    assert_eq!((thirds.time().rate().unwrap().hz(), thirds.warnings.len()), (1200.0, 0));
    let wrapped = without_rates(|i| ((i * 10_000) % 65_536).to_string(), "1", "000000").unwrap();
    assert_eq!(wrapped.time().rate().unwrap().hz(), 100.0);
    let gap = without_rates(|i| (i * 1000 + if i < 15 { 0 } else { 7500 }).to_string(), "1", "0").unwrap();
    assert_only_warning(&gap, "2 segments");
    assert_eq!(gap.time().seconds(14.0), 0.014);
    assert_eq!(gap.time().seconds(15.0), 0.0225);
    let jitter = without_rates(|i| (i * 1000 + (i * 7919 % 5) * 30).to_string(), "1", "0").unwrap();
    assert_eq!(jitter.time().segments().len(), 1);
    assert_only_warning(&jitter, "jitter by up to");
}

#[test]
fn without_any_time_base_the_caller_is_asked_for_the_rate() {
    for stamp in ["", "0"] {
        let error = without_rates(|_| stamp.into(), "1", "0").unwrap_err();
        assert!(error.to_string().contains("give the sample rate"), "{error}");
    }
    let tail = "50\n0\n0,40\nnone,none\nnone,none\nASCII\n1\n";
    let dat = ascii()
        .lines()
        .map(|l| {
            l.splitn(3, ',')
                .enumerate()
                .map(|(k, f)| if k == 1 { "" } else { f })
                .collect::<Vec<_>>()
                .join(",")
                + "\n"
        })
        .collect::<String>();
    let options =
        ReadOptions { sample_rate_hz: Some(800.0), start: Some(Timestamp(5)), ..ReadOptions::default() };
    let capture = pair_with(cfg("1999", tail).as_bytes(), dat.as_bytes(), &options).unwrap();
    assert_eq!((capture.time().rate().unwrap().hz(), capture.time().start()), (800.0, Some(Timestamp(5))));
}

#[test]
fn a_bad_date_never_costs_the_samples() {
    let tail = |start: &str, trigger: &str| format!("50\n1\n1000,40\n{start}\n{trigger}\nASCII\n1\n");
    let capture = pair(cfg("1999", &tail("09/44/2025,15:44:15.167", ",")), ascii()).unwrap();
    assert_content(&capture, ROWS);
    assert_eq!((capture.time().start(), capture.trigger), (None, None));
    assert_eq!(
        messages(&capture)[0],
        "x.cfg: line 11: start time `09/44/2025,15:44:15.167` is not a date; taken as unknown"
    );
    let capture = pair(cfg("1999", &tail("01/02/2020,00:00:00", "01/01/1970,00:00:00")), ascii()).unwrap();
    assert_only_warning(&capture, "is far from the start");
    let capture = pair(cfg("1999", &tail("02/13/2020,00:00:00", "13/02/2020,00:00:00")), ascii()).unwrap();
    assert_only_warning(&capture, "possible only with the month first");
    assert_eq!(capture.time().start(), capture.trigger);
}

#[test]
fn fields_padded_and_commas_astray() {
    let text = cfg_1999("  ascii ")
        .replace("5,2A,3D", "5,   2A,  3D ")
        .replace("1,Ua,A,,V,0.5", "1,Ua,A,,, V ,+000.5")
        .replace("1000,40", "1000.000000000, 40");
    let capture = pair(text.replace(",0,-32767", ",0,\u{2013}32767"), ascii()).unwrap();
    assert_content(&capture, ROWS);
    assert_eq!(capture.channels()[0].unit, "V");
    assert_only_warning(&capture, "fields too many before the unit in 1 analog channels");
    let capture = pair(cfg_1999("ASCII").replace("5,2A,3D", "7A,2a,3d"), ascii()).unwrap();
    assert_only_warning(&capture, "7 channels in all, but 2 analog and 3 status");
    let error = pair(
        cfg_1999("ASCII").replace("1,Ua,A,,V,0.5,10,0,-32767,32767,110,0.1,S", "1,Ua,A,,V,0.5"),
        ascii(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "x.cfg: line 3: analog channel 1: expected 13 fields (10 in 1991) with numbers from the sixth on, found 6 fields"
    );
}

#[test]
fn status_lines_of_three_to_five_fields() {
    let text = cfg_1999("ASCII")
        .replace("1,trip,,,0", "1,trip,0")
        .replace("2,close,,,1", "2,close,,1")
        .replace("3,alarm,,,0", "3,alarm,x,,");
    let capture = pair(text, ascii()).unwrap();
    assert_content(&capture, ROWS);
    assert_eq!(capture.digital.iter().map(|d| d.normal).collect::<Vec<_>>(), [Some(false), Some(true), None]);
}

#[test]
fn the_content_decides_when_the_file_type_is_wrong() {
    for (word, dat, truth) in [
        ("ASCII", binary16(), "BINARY"),
        ("BINARY", ascii().into_bytes(), "ASCII"),
        ("BINARY", binary32(), "BINARY32"),
        ("BINARY32", binary16(), "BINARY"),
    ] {
        let capture = pair(cfg_1999(word), dat).unwrap();
        assert_content(&capture, ROWS);
        assert_only_warning(&capture, &format!("announced as {word}, but the content is {truth}"));
    }
    assert_only_warning(&pair(cfg_1999("TEXT"), ascii()).unwrap(), "file type `TEXT` is not known");
}

#[test]
fn a_frequency_of_zero_is_unknown() {
    for (text, truth) in [("0", None), ("60.", Some(60.0)), ("0.000", None), ("50,", Some(50.0))] {
        let text = cfg_1999("ASCII").replace("\n50\n", &format!("\n{text}\n"));
        assert_eq!(pair(text, ascii()).unwrap().nominal_frequency_hz, truth);
    }
}

#[test]
fn a_cff_of_every_shape() {
    let cfg = cfg_1999("ASCII").replace("1999", "2013");
    let usual = format!(
        "--- file type: CFG ---\n{cfg}--- file type: INF ---\n\n--- file type: HDR ---\nhello\n--- file type: DAT ASCII ---\n{}",
        ascii()
    );
    let odd = format!(
        "\u{feff}--- FILE TYPE  cfg ---\r\n{}-- file type  DAT ---\r\n{}",
        cfg.replace('\n', "\r\n"),
        ascii()
    );
    for text in [usual, odd] {
        let capture = read_source(&cff_source(text), &ReadOptions::default()).unwrap();
        assert_content(&capture, ROWS);
        assert_eq!(capture.warnings, []);
    }
    let head = format!(
        "--- file type: CFG ---\n{}--- file type: DAT BINARY: 560 ---\n",
        cfg.replace("ASCII", "binary")
    );
    let counted = [head.as_bytes(), &binary16(), b"\r\n--- file type: INF ---\nlate\n"].concat();
    let capture = read_source(&cff_source(&counted), &ReadOptions::default()).unwrap();
    assert_content(&capture, ROWS);
    assert_eq!(capture.notes, [("inf".to_owned(), "late".to_owned())]);
    let error = read_source(&cff_source("--- file type: CFG ---\n"), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("expected a section `--- file type: DAT ---`, found none"), "{error}");
}

#[test]
fn recordings_without_waves_open_as_what_they_are() {
    let text =
        "S,D,1999\n2,0A,2D\n1,a,,,0\n2,b,,,0\n50\n1\n1000,2\n01/01/2020,0:0:0\n01/01/2020,0:0:0\nASCII\n1\n";
    let capture = pair(text, "1,0,0,1\n2,1000,1,1\n").unwrap();
    assert_eq!(
        (capture.channels().len(), capture.len(), capture.digital[0].values(0..2).unwrap()),
        (0, 2, vec![false, true])
    );
    let text = cfg_1999("ASCII").replace("Ua,A,,V", "Ua_RMS,A,,V").replace("Ib,B,,kA", "f,,,Hz");
    let kinds: Vec<_> = pair(text, ascii()).unwrap().channels().iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [Kind::Other, Kind::Other]);
}

#[test]
fn converter_limits_are_told_from_everything_else_found_there() {
    let range = |limits: &str, peak: &str| {
        let text = cfg_1999("ASCII").replacen("-32767,32767", limits, 1);
        let dat = ascii().replace(",3800,", &format!(",{peak},")).replace(",3900,", &format!(",{peak},"));
        pair(text, dat).unwrap().channels()[0].range
    };
    assert_eq!(range("-8191,8191", "8191"), Some((-8191.0, 8191.0)));
    assert_eq!(range("-8192,8191", "3800"), Some((-8192.0, 8191.0)));
    for (limits, peak) in
        [("0,0", "1"), ("-99999,99999", "1"), ("-100,3900", "3900"), ("-500,500", "1"), (",", "1")]
    {
        assert_eq!(range(limits, peak), None, "{limits}");
    }
    // Extremes that just touch the limits are the doing of a writer that scales each channel to fit.
    let text = cfg_1999("ASCII").replacen("-32767,32767", "-3900,3900", 1);
    assert_eq!(pair(text, ascii()).unwrap().channels()[0].range, None);
}

fn record_at(directory: &Path, cfg: &str, dat: &str) -> PathBuf {
    fs::write(directory.join(cfg), cfg_1999("ASCII")).unwrap();
    fs::write(directory.join(dat), ascii()).unwrap();
    directory.join(cfg)
}

#[test]
fn partners_are_found_whatever_the_name() {
    for (cfg, dat) in [
        ("a.CFG", "a.DAT"),
        ("a.Cfg", "a.dat"),
        ("a.b.cfg", "a.b.dat"),
        ("Test = 4.1 ПСА.cfg", "Test = 4.1 ПСА.dat"),
        ("Fault.CFG", "FAULT.dat"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let cfg = record_at(directory.path(), cfg, dat);
        // Another recording beside it must not matter.
        fs::write(directory.path().join("other.dat"), "1,2,3").unwrap();
        for path in [cfg, directory.path().join(dat)] {
            let capture = read_path(&path, &ReadOptions::default()).unwrap();
            assert_content(&capture, ROWS);
            assert_eq!(capture.source, path.display().to_string());
        }
    }
}

#[test]
fn a_lone_file_names_the_partner_it_lacks() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("a.b.cfg"), cfg_1999("ASCII")).unwrap();
    let message = |name: &str| read_path(path(name), &ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(message("a.b.cfg"), "a.b.cfg: expected its data file `a.b.dat` beside it, found none");
    fs::remove_file(path("a.b.cfg")).unwrap();
    fs::write(path("a.b.dat"), ascii()).unwrap();
    assert_eq!(
        message("a.b.dat"),
        "a.b.dat: expected its configuration file `a.b.cfg` beside it, found none"
    );
    // A stranger that does not fit is no partner.
    fs::write(path("stranger.cfg"), cfg_1999("ASCII").replace("1000,40", "1000,41")).unwrap();
    assert_eq!(
        message("a.b.dat"),
        "a.b.dat: expected its configuration file `a.b.cfg` beside it, found none"
    );
    fs::write(path("stranger.cfg"), cfg_1999("ASCII")).unwrap();
    let capture = read_path(path("a.b.dat"), &ReadOptions::default()).unwrap();
    assert_only_warning(&capture, "paired with a.b.dat, the only file of its kind here");
}

#[test]
fn the_path_that_was_given_wins() {
    let directory = tempfile::tempdir().unwrap();
    let cfg = record_at(directory.path(), "x.cfg", "x.dat");
    let cff = directory.path().join("x.cff");
    let text = cfg_1999("ASCII").replace("STATION", "SINGLE");
    fs::write(&cff, format!("--- file type: CFG ---\n{text}--- file type: DAT ASCII ---\n{}", ascii()))
        .unwrap();
    let station = |p: &Path| read_path(p, &ReadOptions::default()).unwrap().station;
    assert_eq!((station(&cfg).as_str(), station(&cff).as_str()), ("STATION", "SINGLE"));
}

#[test]
fn options_of_the_front_door() {
    let strict = ReadOptions { strict: true, ..ReadOptions::default() };
    let error = pair_with(cfg_1999("BINARY").as_bytes(), ascii().as_bytes(), &strict).unwrap_err();
    assert!(
        error.to_string().contains("expected an undamaged file (strict), found announced as BINARY"),
        "{error}"
    );
    let only = |name: &str| ReadOptions { channels: Some(vec![name.into()]), ..ReadOptions::default() };
    let capture = pair_with(cfg_1999("ASCII").as_bytes(), ascii().as_bytes(), &only("ib")).unwrap();
    assert_eq!(capture.channels().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Ib"]);
    let error = pair_with(cfg_1999("ASCII").as_bytes(), ascii().as_bytes(), &only("Uz")).unwrap_err();
    assert_eq!(error.to_string(), "channel: expected one of Ua, Ib, found `Uz`");
}
