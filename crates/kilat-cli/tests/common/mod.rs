//! Runs the built command.
#![allow(dead_code)] // each test file uses its part
#![allow(clippy::unwrap_used)] // clippy sees tests only in functions marked so

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The command, ready to run in `dir`.
pub fn command(dir: &Path) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_kilat"));
    c.current_dir(dir).env_remove("KILAT_SIMD");
    c
}

pub fn kilat_in(dir: &Path, args: &[&str]) -> Output {
    command(dir).args(args).output().unwrap()
}

/// Standard output of a run that must succeed and say nothing on standard error but notes.
pub fn ok_in(dir: &Path, args: &[&str]) -> String {
    let out = kilat_in(dir, args);
    let errors = text(&out.stderr);
    assert!(out.status.success(), "kilat {args:?}: {errors}");
    assert!(errors.lines().all(|l| l.starts_with("kilat: note: ")), "kilat {args:?}: {errors}");
    text(&out.stdout)
}

/// The one line on standard error of a run that must fail with status 2 and print no result.
pub fn error_in(dir: &Path, args: &[&str]) -> String {
    let out = kilat_in(dir, args);
    let errors = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "kilat {args:?}: {errors}");
    assert!(out.stdout.is_empty(), "kilat {args:?}: {}", text(&out.stdout));
    assert_eq!(errors.lines().count(), 1, "kilat {args:?}: {errors}");
    errors.trim_end().strip_prefix("kilat: ").unwrap_or_else(|| panic!("{errors}")).to_owned()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A directory with the generated `kaur.h5` and the COMTRADE pairs `gap` and `cut`, made once.
pub fn kaur() -> &'static Path {
    static DIR: OnceLock<TempDir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        ok_in(dir.path(), &["synth", "kaur-2024", "-o", "kaur.h5"]);
        write_gap(dir.path());
        dir
    })
    .path()
}

/// Half a second at 230 V and 10 kHz, twice, with a gap of 0.7 s between: COMTRADE 1999, ASCII. `cut` is the same, cut in half.
fn write_gap(dir: &Path) {
    let cfg = "gap,1,1999\r\n1,1A,0D\r\n1,Ua,A,,V,0.01,0,0,-32767,32767,1,1,P\r\n50\r\n0\r\n0,10000\r\n\
               01/01/2020,00:00:00.000000\r\n01/01/2020,00:00:00.000000\r\nASCII\r\n1\r\n";
    std::fs::write(dir.join("gap.cfg"), cfg).unwrap();
    let mut dat = String::new();
    for i in 0..10_000u64 {
        let t_us = i * 100 + if i >= 5_000 { 700_000 } else { 0 };
        let u = 32_527.0 * (std::f64::consts::TAU * 50.0 * t_us as f64 / 1e6).sin();
        let _ = write!(dat, "{},{t_us},{}\r\n", i + 1, u.round());
    }
    std::fs::write(dir.join("gap.dat"), &dat).unwrap();
    std::fs::write(dir.join("cut.cfg"), cfg).unwrap();
    std::fs::write(dir.join("cut.dat"), &dat[..dat.len() / 2]).unwrap();
}
