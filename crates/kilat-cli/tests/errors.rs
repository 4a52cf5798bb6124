//! Every mistake ends in status 2, nothing on standard output, and one line that says what to do.

mod common;

use common::{error_in, kaur};

#[test]
fn a_wrong_argument_names_itself_and_the_help() {
    let dir = kaur();
    let e = error_in(dir, &["analyze", "kaur.h5", "--thread", "2"]);
    assert!(
        e.contains("'--thread'") && e.contains("'--threads'") && e.ends_with("see `kilat analyze --help`"),
        "{e}"
    );
    let e = error_in(dir, &["analize", "kaur.h5"]);
    assert!(e.contains("'analize'") && e.contains("analyze") && e.ends_with("see `kilat --help`"), "{e}");
    let e = error_in(dir, &["info"]);
    assert!(e.contains("<FILE>"), "{e}");
    let e = error_in(dir, &["info", "kaur.h5", "--map", "u=Ua:V:Q"]);
    assert!(e.contains("expected A, B, C, N"), "{e}");
    let e = error_in(dir, &["info", "kaur.h5", "--start", "yesterday"]);
    assert!(e.contains("ISO 8601"), "{e}");
    assert_eq!(error_in(dir, &[]), "expected a command; see `kilat --help`");
}

#[test]
fn an_unknown_standard_names_those_there_are() {
    let e = error_in(kaur(), &["check", "kaur.h5", "--limits", "EN 50161"]);
    assert!(e.contains("EN 50161") && e.contains("en50160") && e.contains("spln1"), "{e}");
    let e = error_in(kaur(), &["check", "kaur.h5"]);
    assert!(e.contains("--limits"), "{e}");
    let e = error_in(kaur(), &["check", "kaur.h5", "--limits", "ieee519", "--il", "0"]);
    assert!(e.contains("il: expected a number above 0"), "{e}");
    let e = error_in(kaur(), &["report", "kaur.h5", "-o", "never.html", "--limits", "EN 50161"]);
    assert!(e.contains("EN 50161"), "{e}");
}

#[test]
fn a_missing_file_is_named() {
    let e = error_in(kaur(), &["analyze", "feeder7.cfg"]);
    assert!(e.starts_with("feeder7.cfg: ") && e.ends_with("check the spelling and the directory"), "{e}");
    let e = error_in(kaur(), &["info", "."]);
    assert!(e.starts_with('.'), "{e}");
}

#[test]
fn a_broken_file_is_named_with_place_expected_and_found() {
    let dir = tempfile::tempdir().unwrap();
    let cfg = std::fs::read_to_string(kaur().join("gap.cfg")).unwrap();
    let broken: Vec<&str> = cfg.lines().enumerate().map(|(i, l)| if i == 2 { "1,Ua" } else { l }).collect();
    std::fs::write(dir.path().join("broken.cfg"), broken.join("\r\n")).unwrap();
    std::fs::copy(kaur().join("gap.dat"), dir.path().join("broken.dat")).unwrap();
    for command in ["info", "analyze"] {
        let e = error_in(dir.path(), &[command, "broken.cfg"]);
        assert!(e.starts_with("broken.cfg: line 3") && e.contains("expected") && e.contains("found"), "{e}");
    }
    std::fs::write(dir.path().join("noise.bin"), [0x17u8, 3, 99, 250, 0, 1, 2, 3].repeat(40)).unwrap();
    let e = error_in(dir.path(), &["info", "noise.bin"]);
    assert!(e.starts_with("noise.bin: "), "{e}");
    std::fs::write(dir.path().join("empty.cfg"), "").unwrap();
    let e = error_in(dir.path(), &["report", "empty.cfg", "-o", "r.html"]);
    assert!(e.starts_with("empty.cfg"), "{e}");
    assert!(!dir.path().join("r.html").exists());
}

#[test]
fn every_prefix_of_a_file_is_a_result_or_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let cfg = std::fs::read(kaur().join("gap.cfg")).unwrap();
    let dat = std::fs::read(kaur().join("gap.dat")).unwrap();
    std::fs::write(dir.path().join("cut.dat"), &dat[..dat.len() / 3]).unwrap();
    for n in (0..cfg.len()).step_by(cfg.len() / 12) {
        std::fs::write(dir.path().join("cut.cfg"), &cfg[..n]).unwrap();
        let out = common::kilat_in(dir.path(), &["analyze", "cut.cfg"]);
        assert!(matches!(out.status.code(), Some(0 | 2)), "{n}: {}", common::text(&out.stderr));
        assert!(!common::text(&out.stderr).contains("panicked"), "{n}");
    }
}

#[test]
fn damage_is_a_warning_and_with_strict_an_error() {
    let page = common::ok_in(kaur(), &["info", "cut.cfg"]);
    assert!(page.contains("  warning   "), "{page}");
    let e = error_in(kaur(), &["info", "--strict", "cut.cfg"]);
    assert!(e.contains("expected an undamaged file"), "{e}");
}

#[test]
fn senseless_settings_are_refused() {
    let dir = kaur();
    let e = error_in(dir, &["analyze", "kaur.h5", "--frequency", "55"]);
    assert!(e.contains("nominal_frequency_hz: 55 is neither 50 nor 60"), "{e}");
    let e = error_in(dir, &["analyze", "kaur.h5", "-o", "out.xlsx"]);
    assert!(
        e.starts_with(
            "out.xlsx: expected the extension .json, .csv, .parquet, .arrow, .h5 or .pqd, found .xlsx; "
        ),
        "{e}"
    );
    let e = error_in(dir, &["analyze", "synth:kaur-1999"]);
    assert!(e.contains("kaur-2024"), "{e}");
    let e = error_in(dir, &["convert", "kaur.h5", "kaur.h5"]);
    assert!(e.contains("name another file"), "{e}");
    let e = error_in(dir, &["synth", "kaur-2024", "-o", "x.cfg", "--duration", "1"]);
    assert!(e.contains("duration_s"), "{e}");
    common::ok_in(dir, &["convert", "kaur.h5", "norate.npy"]);
    let e = error_in(dir, &["info", "norate.npy"]);
    assert!(e.starts_with("norate.npy: ") && e.ends_with("that is --rate HZ"), "{e}");
    let e = error_in(dir, &["info", "kaur.h5", "--channels", "Ux"]);
    assert!(e.starts_with("kaur.h5: channel: expected one of Ua"), "{e}");
}

#[test]
fn a_part_that_was_not_recorded_is_refused() {
    let e = error_in(kaur(), &["info", "kaur.h5", "--from", "2025-01-01T00:00:00Z"]);
    let expected = "kaur.h5: part of the recording: expected some of its 14 s from 2024-05-27T02:14:00Z, found \
                    2025-01-01T00:00:00Z to its end; `kilat info FILE` shows what is there";
    assert_eq!(e, expected);
    let e = error_in(kaur(), &["info", "kaur.h5", "--from", "2s", "--to", "1s"]);
    assert!(e.contains("found 2 s to 1 s"), "{e}");
    let e = error_in(kaur(), &["info", "kaur.h5", "--from", "2"]);
    assert!(e.contains("`2` is neither a duration such as 10s"), "{e}");
    let e = error_in(kaur(), &["watch", "-", "--rate", "10000", "--channels", "Ua", "--to", "1s"]);
    assert!(e.starts_with("--to: not possible with raw samples"), "{e}");
    common::ok_in(kaur(), &["convert", "kaur.h5", "rate.npy"]);
    let e = error_in(kaur(), &["info", "rate.npy", "--rate", "10000", "--to", "2024-05-27T02:14:01Z"]);
    assert!(e.contains("the recording states no start that it could refer to"), "{e}");
}

#[test]
fn a_settings_file_is_refused_by_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("kilat.toml"), "dip_pct = 85.0\ndipp_pct = 80.0\n").unwrap();
    let e = error_in(dir.path(), &["analyze", "synth:healthy", "--config", "kilat.toml"]);
    assert!(e.starts_with("kilat.toml: line 2: ") && e.contains("dipp_pct"), "{e}");
}
