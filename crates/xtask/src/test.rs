//! Every test of the repository, on a machine with Rust and Python 3 and nothing else.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Results added up over all steps.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// A machine where steps are run one after the other.
struct Runner<'a> {
    root: &'a Path,
    totals: Totals,
    broken: Vec<String>,
}

/// Runs everything and prints the line of totals last.
pub fn run(root: &Path) -> ExitCode {
    let mut r = Runner { root, totals: Totals::default(), broken: Vec::new() };
    r.rust();
    r.python();
    let Totals { passed, mut failed, skipped } = r.totals;
    for step in &r.broken {
        eprintln!("xtask: failed: {step}");
    }
    // A step that broke without naming a failed test, such as a build, counts as one: the line never says 0 then.
    if failed == 0 {
        failed = r.broken.len() as u64;
    }
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    println!("{passed} passed, {failed} failed{skipped}");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Runner<'_> {
    fn rust(&mut self) {
        if has("cargo", &["fmt", "--version"]) {
            self.step("format", self.cargo(&["fmt", "--all", "--check"]));
        }
        self.step(
            "Rust tests",
            self.cargo(&["test", "--workspace", "--exclude", "kilat-python", "--no-fail-fast"]),
        );
        // This very program, so that nothing is built once more.
        let this = std::env::current_exe().unwrap_or_else(|_| "xtask".into());
        for name in ["datasets", "header"] {
            let mut check = self.command(&this);
            check.args([name, "--check"]);
            self.step(name, check);
        }
        if has("cargo", &["clippy", "--version"]) {
            self.step(
                "clippy",
                self.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            );
        }
        // The command and the library share a name, which the documentation of one of them would take.
        let mut doc = self.cargo(&[
            "doc",
            "--workspace",
            "--exclude",
            "kilat-python",
            "--exclude",
            "kilat-cli",
            "--no-deps",
            "--quiet",
        ]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        self.step("documentation", doc);
    }

    /// The Python package in an environment of its own, `.venv`, built against the interpreter that makes it.
    fn python(&mut self) {
        let python = if has("python3", &["--version"]) { "python3" } else { "python" };
        let venv = self.root.join(".venv");
        let mut make = self.command(python);
        make.args(["-m", "venv"]).arg(&venv);
        if !self.step("python3 -m venv .venv (needs the venv module: python3-venv on Debian)", make) {
            return;
        }
        let bin = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
        let tool = |name: &str| -> PathBuf { bin.join(name) };
        let inside = |program: &str| {
            let mut c = self.command(tool(program));
            c.current_dir(self.root.join("python")).env("VIRTUAL_ENV", &venv);
            c
        };
        let mut install = inside("python");
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "maturin>=1.9.4,<2"]);
        let mut build = inside("maturin");
        build.args(["develop", "--extras", "test", "--quiet"]);
        let mut pytest = inside("python");
        pytest.args(["-m", "pytest", "--quiet", "tests"]);
        if self.step("pip install maturin", install) && self.step("Python build", build) {
            self.step("Python tests, types, stubs and style", pytest);
        }
    }

    fn cargo(&self, args: &[&str]) -> Command {
        let mut c = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        c.args(args);
        c
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut c = Command::new(program);
        // Python tests look for the repository's own files from here; a caller's environment must not lead elsewhere.
        c.current_dir(self.root).env_remove("PYTHONPATH").env_remove("CONDA_PREFIX");
        c
    }

    /// Runs `command`, shows what it prints, and adds up the test results in it; true when it succeeded.
    fn step(&mut self, name: &str, mut command: Command) -> bool {
        eprintln!("xtask: {name}");
        let began = Instant::now();
        let ended = command.stdout(Stdio::piped()).spawn().and_then(|mut child| {
            if let Some(out) = child.stdout.take() {
                for line in BufReader::new(out).lines() {
                    let line = line?;
                    self.totals.add(&line);
                    eprintln!("{line}");
                }
            }
            child.wait()
        });
        let ok = match &ended {
            Ok(status) => status.success(),
            Err(e) => {
                eprintln!("xtask: {}: {e}", command.get_program().display());
                false
            }
        };
        eprintln!(
            "xtask: {name}: {} after {:.0} s",
            if ok { "ok" } else { "FAILED" },
            began.elapsed().as_secs_f64()
        );
        if !ok {
            self.broken.push(name.to_owned());
        }
        ok
    }
}

fn has(program: &str, args: &[&str]) -> bool {
    let quiet = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|s| s.success())
}

impl Totals {
    /// Takes the summary lines of `cargo test` and of pytest; anything else counts for nothing.
    fn add(&mut self, line: &str) {
        let plain = line.trim_matches(|c: char| c == '=' || c.is_whitespace());
        let counts = match plain.strip_prefix("test result: ") {
            Some(rest) => rest.split_once(". ").map_or("", |(_, counts)| counts),
            // pytest: `3 failed, 115 passed, 2 skipped in 4.05s`
            None => match plain.rsplit_once(" in ") {
                Some((counts, time)) if time.starts_with(|c: char| c.is_ascii_digit()) => counts,
                _ => return,
            },
        };
        for part in counts.split([',', ';']) {
            let Some((n, word)) = part.trim().split_once(' ') else { continue };
            let Ok(n) = n.parse::<u64>() else { continue };
            match word {
                "passed" => self.passed += n,
                "failed" | "error" | "errors" => self.failed += n,
                "ignored" | "skipped" | "xfailed" => self.skipped += n,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(lines: &[&str]) -> (u64, u64, u64) {
        let mut t = Totals::default();
        for l in lines {
            t.add(l);
        }
        (t.passed, t.failed, t.skipped)
    }

    #[test]
    fn cargo_and_pytest_are_added_up() {
        let cargo =
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.53s";
        let failed = "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(totals(&[cargo, failed]), (14, 1, 1));
        assert_eq!(totals(&["3 failed, 115 passed, 2 skipped in 4.05s"]), (115, 3, 2));
        assert_eq!(totals(&["===== 7 passed, 1 warning in 65.05s (0:01:05) ====="]), (7, 0, 0));
        assert_eq!(totals(&["1 error in 0.12s", "no tests ran in 0.01s"]), (0, 1, 0));
    }

    #[test]
    fn other_lines_count_for_nothing() {
        assert_eq!(
            totals(&["test a ... ok", "5 passed the door in a hurry", "running 3 tests", ""]),
            (0, 0, 0)
        );
    }
}
