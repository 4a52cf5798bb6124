//! `docs/cli.md` holds the help pages; `cargo xtask docs` writes it.

mod common;

use std::fmt::Write as _;

use common::{ok_in, root};

#[test]
fn the_page_in_docs_is_the_help() {
    let here = root();
    let main = ok_in(&here, &["--help"]);
    let commands = main.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let commands: Vec<&str> = commands
        .filter(|l| !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .filter(|c| *c != "help")
        .collect();
    assert!(commands.contains(&"analyze") && commands.len() >= 5, "{main}");
    let mut page = String::from(
        "# The kilat command\n\n<!-- Written by `cargo xtask docs`. -->\n\nJSON: [json.md](json.md).\n",
    );
    let _ = write!(page, "\n```text\n{}\n```\n", main.trim_end());
    for command in commands {
        let help = ok_in(&here, &[command, "--help"]);
        let _ = write!(page, "\n## kilat {command}\n\n```text\n{}\n```\n", help.trim_end());
    }
    // clap pads blank lines.
    let page: String = page.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
    let path = here.join("docs/cli.md");
    if std::env::var_os("KILAT_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(kept == page, "docs/cli.md is out of date: run `cargo xtask docs`");
}
