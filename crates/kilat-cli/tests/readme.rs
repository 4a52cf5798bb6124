//! The commands of the README run as written. (Its Rust lines are a doctest of crate `kilat`, its Python lines a test there.)

#![allow(clippy::unwrap_used)] // clippy sees tests only in functions marked so

mod common;

use common::{ok_in, root};

fn blocks(language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(root().join("README.md")).unwrap().replace("\r\n", "\n");
    let fence = format!("```{language}\n");
    page.split(fence.as_str()).skip(1).map(|b| b.split("\n```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_command_lines_run_as_written() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<String> =
        blocks("console").iter().flat_map(|b| b.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(lines.len() >= 10);
    for line in lines {
        let args: Vec<&str> = line.strip_prefix("$ kilat ").unwrap().split_whitespace().collect();
        ok_in(dir.path(), &args);
        if let Some(o) = args.iter().position(|a| *a == "-o") {
            assert!(dir.path().join(args[o + 1]).metadata().unwrap().len() > 0, "{line}");
        }
    }
}

#[test]
fn the_first_command_writes_a_report() {
    let shell = blocks("sh").join("\n");
    let line = shell.lines().find_map(|l| l.strip_prefix("cargo run --release -p kilat-cli -- ")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    ok_in(dir.path(), &line.split_whitespace().collect::<Vec<_>>());
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("Kaur"));
}

#[test]
fn every_file_that_the_pages_name_is_there() {
    for page in ["README.md", "docs/README.md", "docs/architecture.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let folder = root().join(page).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|t| t.split(')').next()) {
            assert!(target.starts_with("http") || folder.join(target).exists(), "{page}: {target}");
        }
        for path in text.split('`').filter(|p| p.starts_with("crates/") && p.contains('.')) {
            assert!(root().join(path).exists(), "{page}: {path}");
        }
    }
}
