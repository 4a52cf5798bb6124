//! Everything that is written to the terminal goes through here.

use std::io::{self, BufWriter, Write as _};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::failure::Failure;

/// Writes `text` to standard output.
pub fn out(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(not_written)
}

fn not_written(e: io::Error) -> Failure {
    match e.kind() {
        io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
        _ => kilat::Error::io("standard output", e).into(),
    }
}

/// Writes `value` to standard output as JSON.
pub fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    // Never a text of it all: that of a recording of hours is as large as its tables.
    let mut stdout = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut stdout, value).map_err(|e| not_written(e.into()))?;
    stdout.write_all(b"\n").and_then(|()| stdout.flush()).map_err(not_written)
}

/// `value` as one JSON document with a line end.
pub fn to_json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(|e| kilat::Error::config("JSON", e.to_string()))?;
    Ok(text + "\n")
}

/// Writes an error to standard error, in one line.
pub fn error(message: &str) {
    say(message);
}

/// Writes a remark that is not part of the result to standard error, in one line.
pub fn note(message: &str) {
    say(&format!("note: {message}"));
}

fn say(message: &str) {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "kilat: {line}");
}

/// A table; columns from `numbers` on are flush right.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, numbers: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if i >= numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().fold(String::new(), |text, l| text + "  " + l.trim_end() + "\n")
}

/// A number with `decimals`, a dash when there is none.
pub fn fixed(v: f64, decimals: usize) -> String {
    if v.is_finite() { format!("{v:.decimals$}") } else { "–".into() }
}

/// A number with about five digits, a dash when there is none.
pub fn fit(v: f64) -> String {
    match v.abs() {
        a if a >= 10_000.0 => fixed(v, 0),
        a if a >= 1000.0 => fixed(v, 1),
        a if a >= 100.0 => fixed(v, 2),
        a if a >= 0.01 || a == 0.0 => fixed(v, 3),
        _ if v.is_finite() => format!("{v:.3e}"),
        _ => fixed(v, 0),
    }
}

/// A duration with its unit.
pub fn duration(s: f64) -> String {
    match s.abs() {
        0.0 => "0 s".into(),
        a if a < 1e-3 => format!("{} µs", fixed(s * 1e6, 1)),
        a if a < 1.0 => format!("{} ms", fixed(s * 1e3, 2)),
        a if a < 600.0 => format!("{} s", fixed(s, 3)),
        a if a < 7200.0 => format!("{} min", fixed(s / 60.0, 2)),
        _ => format!("{} h", fixed(s / 3600.0, 3)),
    }
}
