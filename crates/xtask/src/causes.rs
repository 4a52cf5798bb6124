//! `cargo xtask causes`: how often the rules name the right cause. `cargo xtask recurrence`: how often one is known again.

use kilat::conformance::causes::{self, FaultOutcome, Options, Outcome, tally};
use kilat::conformance::recurrence;

/// Runs the variants and prints the tables of docs/accuracy.md.
pub fn run(options: &Options, verbose: bool) -> Result<String, String> {
    let each = |k, o: &Outcome| {
        if verbose && !o.is_right() {
            println!("variant {k}: {} {:?}: found {:?}, wrong {:?}", o.scenario, o.options, o.found, o.wrong);
        }
    };
    let outcomes = causes::run(options, each).map_err(|e| e.to_string())?;
    println!("| scenario | right | of |\n|---|---|---|");
    for (name, (right, all)) in tally(&outcomes) {
        println!("| `{name}` | {right} | {all} |");
    }
    let percent = |part: usize, all: usize| 100.0 * part as f64 / all.max(1) as f64;
    let right = outcomes.iter().filter(|o| o.is_right()).count();
    println!("\nright cause: {right} of {} ({:.1} %)", outcomes.len(), percent(right, outcomes.len()));
    for cause in ["impulsive_surge", "loose_neutral"] {
        let false_ones = outcomes.iter().filter(|o| o.falsely(cause)).count();
        println!("false {cause}: {false_ones} of {} variants", outcomes.len());
    }
    let events: usize = outcomes.iter().map(|o| o.not_lightning).sum();
    println!("disturbances that are not lightning: {events}");
    let faults: Vec<_> = outcomes.iter().filter_map(|o| o.fault).collect();
    let count = |f: &dyn Fn(&FaultOutcome) -> bool| {
        let n = faults.iter().filter(|o| f(o)).count();
        format!("{n} of {} ({:.1} %)", faults.len(), percent(n, faults.len()))
    };
    println!("class by symmetrical components: {}", count(&|f| f.class.0));
    println!("class by six phases: {}", count(&|f| f.class.1));
    println!("direction: {}", count(&|f| f.side));
    println!("point on wave within 5°: {}", count(&|f| f.point_on_wave_deg.abs() <= 5.0));
    Ok(format!("{} variants with seed {}", outcomes.len(), options.seed))
}

/// Makes the archive and prints the figures of docs/accuracy.md.
pub fn recurrence(options: &recurrence::Options, verbose: bool) -> Result<String, String> {
    let links = recurrence::run(options).map_err(|e| e.to_string())?;
    if verbose {
        for missed in &links.missed {
            println!("missed: {missed}");
        }
        for pair in &links.false_links {
            println!("false: {pair}");
        }
    }
    println!("disturbances: {}", links.disturbances);
    println!("| kind | known again | of |\n|---|---|---|");
    for (kind, (found, all)) in &links.repeats {
        println!("| `{}` | {found} | {all} |", kind.id());
    }
    let (found, all) = links.found();
    println!("known again: {found} of {all} repeats");
    println!(
        "false: {} of {} pairs of captures with different causes",
        links.false_links.len(),
        links.strangers
    );
    println!("alike: {} of {} pairs of one scenario with other loads", links.alike.1, links.alike.0);
    Ok(format!("{} captures with seed {}", links.captures, options.seed))
}
