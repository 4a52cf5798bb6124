//! `cargo xtask causes`: how often the rules name the right cause.

use kilat::conformance::causes::{Options, Outcome, tally, variant};

/// Runs the variants and prints the tables of docs/accuracy.md.
pub fn run(options: &Options, verbose: bool) -> Result<String, String> {
    let next = std::sync::atomic::AtomicU64::new(0);
    let worker = || {
        let mut own = Vec::new();
        loop {
            let k = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if k >= options.variants {
                return Ok(own);
            }
            let outcome = variant(options, k).map_err(|e| e.to_string())?;
            if verbose && !outcome.is_right() {
                println!(
                    "variant {k}: {} {:?}: found {:?}, wrong {:?}",
                    outcome.scenario, outcome.options, outcome.found, outcome.wrong
                );
            }
            own.push(outcome);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let outcomes: Result<Vec<Vec<Outcome>>, String> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        running.into_iter().map(|t| t.join().unwrap_or_else(|_| Err("a variant panicked".into()))).collect()
    });
    let outcomes: Vec<Outcome> = outcomes?.into_iter().flatten().collect();
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
    let count = |f: &dyn Fn(&kilat::conformance::causes::FaultOutcome) -> bool| {
        let n = faults.iter().filter(|o| f(o)).count();
        format!("{n} of {} ({:.1} %)", faults.len(), percent(n, faults.len()))
    };
    println!("class by symmetrical components: {}", count(&|f| f.class.0));
    println!("class by six phases: {}", count(&|f| f.class.1));
    println!("direction: {}", count(&|f| f.side));
    println!("point on wave within 5°: {}", count(&|f| f.point_on_wave_deg.abs() <= 5.0));
    Ok(format!("{} variants with seed {}", outcomes.len(), options.seed))
}
