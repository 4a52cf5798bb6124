//! Every benchmark in one run, and its tables in BENCHMARKS.md.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Rates of the comparison with others, in hertz, and lengths, in seconds.
const COMPARED: [(u32, u32); 3] = [(10_000, 60), (50_000, 60), (250_000, 12)];

/// A criterion result: its name, time in nanoseconds, and what a run takes of it.
struct Figure {
    name: String,
    ns: f64,
    bytes: bool,
    amount: f64,
}

/// Runs everything; `peers` is the directory with the scripts of other implementations.
pub fn run(root: &Path, peers: Option<&Path>, rounds: u32) -> Result<String, String> {
    let path = root.join("BENCHMARKS.md");
    let mut text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    output(cargo(root).args(["bench", "-p", "kilat-benches"]))?;
    text = replaced(&text, "parts", &parts(&figures(&root.join("target/criterion"))?)?)?;
    let plot = root.join("docs/throughput.svg");
    let mut sweep = cargo(root);
    sweep.args(["run", "--release", "-q", "-p", "kilat-benches", "--bin", "sweep"]).arg(&plot);
    text = replaced(&text, "growth", &output(&mut sweep)?)?;
    let mut reading = Command::new("python3");
    reading.arg(root.join("benches/reading.py")).args(["--rounds", &rounds.to_string()]);
    text = replaced(&text, "reading", &output(&mut reading)?)?;
    if let Some(peers) = peers {
        for (rate, length) in COMPARED {
            let mut compare = Command::new("python3");
            compare.arg(root.join("benches/compare.py")).arg(peers);
            compare.args([
                "--rate",
                &rate.to_string(),
                "--duration",
                &length.to_string(),
                "--rounds",
                &rounds.to_string(),
            ]);
            text = replaced(&text, &format!("peers-{rate}"), &output(&mut compare)?)?;
        }
    }
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    let peers = if peers.is_some() {
        ""
    } else {
        "; other implementations were left out, name their directory with --peers"
    };
    Ok(format!("BENCHMARKS.md and docs/throughput.svg are written{peers}"))
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// What a command prints; its complaints go to the terminal.
fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let done = command.stderr(Stdio::inherit()).output().map_err(|e| format!("{name}: {e}"))?;
    if !done.status.success() {
        return Err(format!("{name}: {}", done.status));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// All results that criterion has left below `at`, in the order of their names.
fn figures(at: &Path) -> Result<Vec<Figure>, String> {
    let mut found = Vec::new();
    let mut below = vec![at.to_path_buf()];
    while let Some(directory) = below.pop() {
        let entries = std::fs::read_dir(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        below.extend(entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()));
        if directory.ends_with("new") {
            found.extend(figure(&directory)?);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn figure(directory: &Path) -> Result<Option<Figure>, String> {
    let json = |name: &str| -> Result<serde_json::Value, String> {
        let path: PathBuf = directory.join(name);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
    };
    let (benchmark, estimates) = (json("benchmark.json")?, json("estimates.json")?);
    let throughput = &benchmark["throughput"];
    let (bytes, amount) = match (throughput["Bytes"].as_f64(), throughput["Elements"].as_f64()) {
        (Some(bytes), _) => (true, bytes),
        (_, Some(elements)) => (false, elements),
        _ => return Ok(None),
    };
    let (Some(name), Some(ns)) =
        (benchmark["full_id"].as_str(), estimates["median"]["point_estimate"].as_f64())
    else {
        return Ok(None);
    };
    Ok(Some(Figure { name: name.to_owned(), ns, bytes, amount }))
}

/// A row per result, with its share of reading memory once: samples count as four bytes.
fn parts(figures: &[Figure]) -> Result<String, String> {
    let bytes_per_ns = |f: &Figure| f.amount / f.ns * if f.bytes { 1.0 } else { 4.0 };
    let read = figures.iter().find(|f| f.name == "memory/read").ok_or("no result of memory/read")?;
    let row = |f: &Figure| {
        let samples = if f.bytes { String::new() } else { format!("{:.0}", f.amount / f.ns * 1e3) };
        format!(
            "| {} | {samples} | {:.2} | {:.2} |\n",
            f.name,
            bytes_per_ns(f),
            bytes_per_ns(f) / bytes_per_ns(read)
        )
    };
    let rows: String = figures.iter().map(row).collect();
    Ok(format!("| bench | M samples/s | GB/s | of reading memory |\n|---|---|---|---|\n{rows}"))
}

/// `text` with what is between the marks of `name` replaced.
fn replaced(text: &str, name: &str, by: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let parts = text.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("BENCHMARKS.md: expected the marks of `{name}`"))?;
    Ok(format!("{head}{begin}{}\n{end}{tail}", by.trim_end()))
}
