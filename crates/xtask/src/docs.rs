//! `docs/cli.md`: the help pages of the command, written and compared by its own test, which has the binary at hand.

use std::path::Path;
use std::process::Command;

/// Writes the page, or compares it; returns what to tell the user.
pub fn run(root: &Path, check: bool) -> Result<String, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["test", "--quiet", "--package", "kilat-cli", "--test", "help"]);
    if !check {
        cargo.env("KILAT_WRITE_DOCS", "1");
    }
    match cargo.status() {
        Ok(status) if status.success() => {
            Ok(format!("docs/cli.md: {}", if check { "up to date" } else { "written" }))
        }
        Ok(_) if check => Err("docs/cli.md is out of date: run `cargo xtask docs`".into()),
        Ok(status) => Err(format!("docs/cli.md: the help test ended with {status}")),
        Err(e) => Err(format!("cargo: {e}")),
    }
}
