//! C programs against the library: compiled without a warning, run plainly, under `AddressSanitizer` and under valgrind.

#![expect(clippy::unwrap_used, reason = "a test that cannot run its program has failed")]
#![expect(clippy::print_stdout, reason = "what is not installed is said")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo has put the libraries: beside this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().to_owned()
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|s| s.success());
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// Compiles `source` with `flags`; `None`, said, without a C compiler.
fn compile(source: &Path, flags: &[&str], to: &Path) -> Option<PathBuf> {
    if !has("cc") {
        return None;
    }
    let program = to.join(source.file_stem().unwrap());
    let strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-g", "-I"];
    let out = Command::new("cc")
        .args(strict)
        .arg(here().join("include"))
        .args(flags)
        .arg(source)
        .arg(built().join("libkilat_capi.a"))
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Some(program)
}

fn run(mut command: Command, input: &[u8]) -> Output {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let out = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    });
    assert!(
        out.status.success(),
        "{command:?}: {}\n{}{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    out
}

/// Three voltages in codes of 0.02 V: a dip on the second from 1.0 s to 1.3 s.
fn samples(seconds: f64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in 0..(seconds * 10_000.0) as usize {
        let t = i as f64 / 10_000.0;
        for k in 0..3 {
            let angle = std::f64::consts::TAU * (50.0 * t - f64::from(k) / 3.0);
            let size = if k == 1 && (1.0..1.3).contains(&t) { 0.6 } else { 1.0 };
            let code = (size * 325.27 * angle.sin() / 0.02).round() as i16;
            bytes.extend(code.to_le_bytes());
        }
    }
    bytes
}

fn scratch(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn check_daemon(program: &Path, under: &[&str]) {
    let command = |more: &[&Path]| {
        let mut all = under.iter().map(std::ffi::OsString::from).collect::<Vec<_>>();
        all.push(program.into());
        all.extend(more.iter().map(Into::into));
        let mut c = Command::new(&all[0]);
        c.args(&all[1..]);
        c
    };
    let x = samples(3.0);
    let whole = String::from_utf8(run(command(&[]), &x).stdout).unwrap();
    let dips: Vec<&str> = whole.lines().filter(|l| l.contains(" dip channel 1")).collect();
    // Of the channel and of the system.
    assert_eq!(dips.len(), 2, "{whole}");
    assert!(dips.iter().all(|d| d.contains("0.3")), "{whole}");
    assert!(whole.lines().last().unwrap().starts_with("14 intervals"), "{whole}");
    // The same in three processes, one after the other; the cuts are in the middle of blocks, the second in the dip.
    let state = program.with_extension("state");
    let _ = std::fs::remove_file(&state);
    let mut parts = String::new();
    for (from, to) in [(0, 62_468), (62_468, 69_999), (69_999, x.len())] {
        // Whole frames of six bytes.
        let part = &x[from / 6 * 6..if to == x.len() { to } else { to / 6 * 6 }];
        write!(parts, "{}", String::from_utf8(run(command(&[&state]), part).stdout).unwrap()).unwrap();
    }
    for dip in dips {
        assert_eq!(parts.lines().filter(|l| *l == dip).count(), 1, "`{dip}` in\n{parts}");
    }
}

#[test]
fn the_daemon_finds_a_dip_and_goes_on_after_a_restart() {
    let source = here().join("../../examples/c/daemon.c");
    if let Some(program) = compile(&source, &[], &scratch("daemon")) {
        check_daemon(&program, &[]);
        if has("valgrind") {
            let quiet = ["valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full"];
            check_daemon(&program, &quiet);
        }
    }
    if let Some(program) = compile(&source, &["-fsanitize=address,undefined"], &scratch("daemon-asan")) {
        check_daemon(&program, &[]);
    }
}

#[test]
fn every_misuse_has_its_code() {
    let source = here().join("tests/misuse.c");
    for (name, flags) in [("misuse", &[][..]), ("misuse-asan", &["-fsanitize=address,undefined"][..])] {
        if let Some(program) = compile(&source, flags, &scratch(name)) {
            run(Command::new(program), &[]);
        }
    }
}

#[test]
fn a_go_program_reads_the_same() {
    let found = Command::new("go").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|s| s.success()) {
        println!("skipped: go is not installed");
        return;
    }
    let mut go = Command::new("go");
    let library = built().join("libkilat_capi.a");
    go.args(["run", "."])
        .current_dir(here().join("../../examples/go"))
        .env("CGO_CFLAGS", format!("-I{}", here().join("include").display()))
        .env("CGO_LDFLAGS", format!("{} -lpthread -ldl -lm", library.display()));
    let said = String::from_utf8(run(go, &samples(3.0)).stdout).unwrap();
    assert!(said.contains("dip on channel 1") && said.contains("14 intervals"), "{said}");
}
