//! `cargo xtask detection`: how small a disturbance is found, against single triggers.

use kilat::conformance::detection::{CONDITIONS, Kind, Options, detectors, names};

/// Runs everything and prints the tables of docs/accuracy.md.
pub fn run(options: &Options) -> Result<String, String> {
    let detectors = detectors(options).map_err(|e| e.to_string())?;
    let heads: Vec<String> = CONDITIONS
        .iter()
        .map(|c| format!("{} dB{}", c.snr_db, if c.unsteady { ", unsteady" } else { "" }))
        .collect();
    let names = names();
    let row = |name: &str, cells: &[String]| println!("| {name} | {} |", cells.join(" | "));
    let head = |first: &str, rest: &[String]| {
        row(first, rest);
        println!("|{}", "---|".repeat(rest.len() + 1));
    };
    println!("{} kHz, {} h and {} trials each\n", options.rate_hz / 1e3, options.hours, options.trials);
    head("false alarms", &heads);
    for (k, name) in names.iter().take(2).enumerate() {
        let counts: Vec<String> = detectors.iter().map(|d| d.false_alarms[k].to_string()).collect();
        row(name, &counts);
    }
    println!("\nfound, in %: {}, {} / the best single trigger\n", names[0], names[1]);
    head("disturbance", &heads);
    let kinds = Kind::all(options.rate_hz);
    // By kind and detector: the sum over all sizes and conditions.
    let mut sums = vec![vec![0.0; names.len()]; kinds.len()];
    for (kind, sums) in kinds.iter().zip(&mut sums) {
        for size in kind.sizes() {
            let mut cells = Vec::new();
            for d in &detectors {
                let found = d.found_pct(options, *kind, size).map_err(|e| e.to_string())?;
                sums.iter_mut().zip(&found).for_each(|(sum, f)| *sum += f);
                let best = found[2..].iter().copied().fold(0.0, f64::max);
                cells.push(format!("{:.0}, {:.0} / {best:.0}", found[0], found[1]));
            }
            row(&format!("{} {:.0} %", kind.name(), size * 100.0), &cells);
        }
    }
    println!("\nfound, in %, over all sizes and conditions\n");
    head("detector", &kinds.iter().map(|k| k.name()).collect::<Vec<_>>());
    let cells = (5 * CONDITIONS.len()) as f64;
    for (k, name) in names.iter().enumerate() {
        let means: Vec<String> = sums.iter().map(|s| format!("{:.0}", s[k] / cells)).collect();
        row(name, &means);
    }
    Ok(format!("seed {}", options.seed))
}
