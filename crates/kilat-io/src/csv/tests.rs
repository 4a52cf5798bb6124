//! Whole tables, as instruments and people write them.

use kilat_core::{Kind, Phase};
use proptest::prelude::*;

use super::*;

fn read_text(text: &str, options: &ReadOptions) -> Result<Capture> {
    read(&Source::Bytes { name: "a.csv".into(), bytes: text.into() }, options)
}

fn table(text: &str) -> Capture {
    read_text(text, &ReadOptions::default()).unwrap()
}

/// `n` rows made by `row` under `header`.
fn rows(header: &str, n: usize, row: impl Fn(usize) -> String) -> String {
    std::iter::once(header.to_owned())
        .chain((0..n).map(row))
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn seconds_and_units_in_the_header() {
    let c = table(&rows("time_s,Ua [V],Ia [mA]", 50, |i| format!("{},{i},-{i}.5", i as f64 / 5000.0)));
    assert_eq!(c.time().rate().unwrap().hz(), 5000.0);
    let [u, i] = c.channels() else { panic!() };
    assert_eq!(
        (u.name.as_str(), u.unit.as_str(), u.kind, u.phase),
        ("Ua", "V", Kind::Voltage, Some(Phase::A))
    );
    assert_eq!((i.name.as_str(), i.unit.as_str(), i.kind), ("Ia", "mA", Kind::Current));
    assert_eq!(i.values(7..8).unwrap()[0], -7.5);
    assert!(c.warnings.is_empty());
}

#[test]
fn semicolons_decimal_commas_and_milliseconds() {
    let text = rows("Zeit (ms);U1 / V", 50, |i| {
        format!("{};{i},25", format!("{:.1}", i as f64 * 0.2).replace('.', ","))
    });
    let c = table(&text);
    assert_eq!(c.time().rate().unwrap().hz(), 5000.0);
    assert_eq!((c.channels()[0].values(3..4).unwrap()[0], c.channels()[0].unit.as_str()), (3.25, "V"));
}

#[test]
fn dates_in_one_column_or_two() {
    for (header, at) in [("timestamp\tU", "2024-05-27T07:00:00"), ("date\ttime\tU", "2024/05/27\t07:00:00")] {
        let c = table(&rows(header, 50, |i| format!("{at}.{:04}\t{i}", i * 2)));
        assert_eq!(c.time().start().unwrap().to_string(), "2024-05-27T07:00:00Z");
        assert_eq!(c.time().rate().unwrap().hz(), 5000.0);
        assert_eq!((c.channels().len(), c.channels()[0].values(9..10).unwrap()[0]), (1, 9.0));
    }
}

#[test]
fn seconds_since_1970_are_a_start() {
    let c = table(&rows("t,U", 50, |i| format!("1716793200.{:04},{i}", i * 2)));
    assert_eq!(c.time().start().unwrap().to_string(), "2024-05-27T07:00:00Z");
    assert_eq!(c.time().rate().unwrap().hz(), 5000.0);
}

#[test]
fn without_a_header_even_times_are_a_time_column() {
    let c = table(&rows("", 50, |i| format!("{:.4},{i}", i as f64 * 0.0002)));
    assert_eq!((c.time().rate().unwrap().hz(), c.channels().len()), (5000.0, 1));
    assert_eq!(c.channels()[0].name, "1");
}

#[test]
fn without_a_header_or_a_rate_the_error_names_the_option() {
    let text = rows("", 50, |i| format!("{},{}", (i as f64).sin(), (i as f64).cos()));
    let message = read_text(&text, &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.starts_with("sample_rate_hz: a.csv: neither a time column"), "{message}");
    let options = ReadOptions { sample_rate_hz: Some(6400.0), ..ReadOptions::default() };
    let c = read_text(&text, &options).unwrap();
    assert_eq!((c.channels().len(), c.len(), c.time().rate().unwrap().hz()), (2, 50, 6400.0));
}

#[test]
fn sample_numbers_need_a_rate_and_show_gaps() {
    let text = rows("index,U [V]", 60, |i| format!("{},{i}", if i < 30 { i } else { i + 10 }));
    assert!(read_text(&text, &ReadOptions::default()).is_err());
    let options = ReadOptions { sample_rate_hz: Some(1000.0), ..ReadOptions::default() };
    let c = read_text(&text, &options).unwrap();
    assert_eq!(c.time().segments().len(), 2);
    assert_eq!(c.time().seconds(30.0), 0.04);
}

#[test]
fn the_lines_of_an_oscilloscope_give_rate_and_notes() {
    let text = rows("Channel\t:,CH1\r\nTime interval\t :,0.08uS\r\n\r\nindex,CH1_Voltage(mV)", 20, |i| {
        format!("{i},{i}.00\r")
    });
    let c = table(&text);
    assert_eq!(c.time().rate().unwrap().hz(), 12.5e6);
    let u = &c.channels()[0];
    assert_eq!((u.name.as_str(), u.unit.as_str(), u.kind), ("CH1_Voltage(mV)", "mV", Kind::Voltage));
    assert_eq!(c.notes[1], ("Time interval".to_owned(), "0.08uS".to_owned()));
}

#[test]
fn damage_is_told_with_its_line() {
    let text = rows("t,U", 40, |i| {
        let t = i as f64 / 1000.0;
        if i == 9 {
            format!("{t},over")
        } else if i == 20 {
            "END OF BLOCK".into()
        } else {
            format!("{t},{i}")
        }
    }) + "\n0.0";
    let c = table(&text);
    assert!(c.channels()[0].values(9..10).unwrap()[0].is_nan());
    let told: Vec<String> = c.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "a.csv: line 11: `over` is no number and counts as missing");
    assert_eq!(told[1], "a.csv: line 22: `END OF BLOCK` is no row of numbers and was left out");
    assert_eq!(told[2], "a.csv: line 42: `0.0` has not 2 cells; those that are not there count as missing");
}

#[test]
fn jitter_above_one_per_cent_is_a_warning_with_the_figure() {
    let c =
        table(&rows("t,U", 50, |i| format!("{:.7},{i}", i as f64 * 2e-4 + if i == 20 { 1e-5 } else { 0.0 })));
    assert!(c.warnings[0].message.contains("5.0 %"), "{:?}", c.warnings);
}

#[test]
fn encodings() {
    let text = "t;U [µV]\n0;1\n1;2\n2;3\n";
    let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for bytes in [text.as_bytes().to_vec(), latin1, utf16, bom] {
        let c = read(&Source::Bytes { name: "a".into(), bytes }, &ReadOptions::default()).unwrap();
        assert_eq!((c.channels()[0].unit.as_str(), c.channels()[0].kind), ("µV", Kind::Voltage));
    }
}

#[test]
fn only_tables_are_recognised() {
    assert_eq!(score(b"a,b\n1,2\n3,4\n", "x.csv"), 120);
    assert_eq!(score(b"a,b\n1,2\n3,4\n", "x.log"), 20);
    assert_eq!(score(b"\x93NUMPY\x01\0v\0", "x.csv"), 0);
    assert_eq!(score(b"STATION,DEV,1999\n4,4A,0D\n", "x.cfg"), 0);
    assert_eq!(score(b"", "x.csv"), 0);
}

#[test]
fn the_writer_says_what_it_loses() {
    let dir = tempfile::tempdir().unwrap();
    let mut channel = Channel::new("load", "furlong", vec![1i16, 2]).with_scale(0.5, 0.0);
    channel.kind = Kind::Voltage;
    let time = TimeBase::uniform(SampleRate::from_hz(50.0).unwrap(), 2, Some(Timestamp(0)));
    let lost = write(&Capture::new(time, vec![channel]).unwrap(), &dir.path().join("a.csv")).unwrap();
    let expected = [
        "start of the recording",
        "codes as stored: values are written in engineering units",
        "kind or phase of channel `load`, which its name and unit do not tell",
    ];
    assert_eq!(lost, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn what_is_written_is_read_back(
        values in prop::collection::vec(prop::collection::vec(any::<f64>().prop_filter("finite", |v| v.is_finite()), 3..60), 1..4),
        hz in prop::sample::select(vec![50.0, 1200.0, 6400.0, 12_800.0, 15_360.0, 1e6]),
        gap in 0u64..3,
        names in prop::collection::vec("[a-zA-Z ,;\"\\[\\]()/µ.]{0,8}x", 4),
        units in prop::collection::vec("[a-zA-Zµ/ ]{0,3}", 4),
    ) {
        let n = values.iter().map(Vec::len).min().unwrap();
        let rate = SampleRate::from_hz(hz).unwrap();
        let cut = n as u64 / 2;
        let mut segments = vec![Segment { first: 0, len: n as u64, rate, offset_ps: 0 }];
        if gap > 0 && cut >= 2 {
            segments[0].len = cut;
            let offset_ps = rate.picoseconds(cut + gap);
            segments.push(Segment { first: cut, len: n as u64 - cut, rate, offset_ps });
        }
        let channels = values.iter().zip(names.iter().zip(&units)).map(|(v, (name, unit))| {
            Channel::new(name.trim(), unit.trim(), v[..n].to_vec())
        });
        let capture = Capture::new(TimeBase::from_segments(None, segments).unwrap(), channels.collect()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        write(&capture, &path).unwrap();
        let back = read(&Source::File(path), &ReadOptions::default()).unwrap();
        let spelled = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(back.channels().len(), capture.channels().len());
        for (a, b) in capture.channels().iter().zip(back.channels()) {
            prop_assert_eq!((spelled(&a.name), spelled(&a.unit)), (b.name.clone(), b.unit.clone()));
            prop_assert_eq!(a.values(0..n).unwrap(), b.values(0..n).unwrap());
        }
        prop_assert_eq!(back.time(), capture.time());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9.,;\t\nab:TZ\\- \"]{0,200}") {
        let _ = read_text(&text, &ReadOptions::default());
    }
}
