//! Every row of the conformance suite is a test of its own, named by standard, quantity and point: it must hold the standard's
//! limit and this library's own. So must causes and recurrences found in variants of the scenarios.

use std::process::ExitCode;

use kilat::conformance::{Row, Scope, causes, detection, recurrence, rows};
use kilat::diagnosis::recurrence::Disturbance;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let trial = |row: Row| Trial::test(row.name(), move || check(&row));
    let mut trials: Vec<Trial> = rows(Scope::Full).into_iter().map(trial).collect();
    trials.push(Trial::test("causes of thirty variants", causes_are_right));
    trials.push(Trial::test("detection of what is plainly there", the_plain_is_found_and_nothing_else));
    trials.push(Trial::test("recurrence in an archive", disturbances_are_known_again));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(row: &Row) -> Result<(), Failed> {
    let o = row.run()?;
    if o.is_within_limit() && o.is_within_ours() {
        return Ok(());
    }
    let message = format!(
        "expected {} {unit}, measured {}: {:.3e} off; allowed {} by the standard, {} by us",
        o.expected,
        o.measured,
        o.error,
        o.limit,
        o.ours,
        unit = o.unit
    );
    Err(message.into())
}

/// Two variants of each scenario, at rates that are quickly made; `cargo xtask causes` runs more, and faster ones.
fn causes_are_right() -> Result<(), Failed> {
    let options = causes::Options { variants: 30, seed: 40_961, fastest_hz: 15_000.0 };
    let outcomes = causes::run(&options, |_, _| {})?;
    let wrong: Vec<_> = outcomes.iter().filter(|o| !o.is_right()).collect();
    let worst = |o: &causes::Outcome| o.falsely("impulsive_surge") || o.falsely("loose_neutral");
    if wrong.len() > 1 || outcomes.iter().any(worst) {
        return Err(
            format!("expected at most one wrong and no false surge or neutral, found {wrong:#?}").into()
        );
    }
    Ok(())
}

/// Half a minute undisturbed, and some disturbances of each kind; `cargo xtask detection` tries more, and smaller ones.
fn the_plain_is_found_and_nothing_else() -> Result<(), Failed> {
    let options = detection::Options { hours: 0.008, trials: 4, seed: 40_961, rate_hz: 10_000.0 };
    for condition in [detection::CONDITIONS[2], detection::CONDITIONS[3]] {
        let detectors = detection::Detectors::new(&options, condition)?;
        if detectors.false_alarms != [0, 0] {
            return Err(
                format!("{condition:?}: expected no alarm, found {:?}", detectors.false_alarms).into()
            );
        }
        for kind in detection::Kind::all(options.rate_hz) {
            let found = detectors.found_pct(&options, kind, 0.4)?;
            if found[..2].iter().any(|pct| *pct < 100.0) {
                return Err(format!("{condition:?}: {}: found {found:?} %", kind.name()).into());
            }
        }
    }
    Ok(())
}

/// Each scenario recorded twice; `cargo xtask recurrence` makes larger archives.
fn disturbances_are_known_again() -> Result<(), Failed> {
    let options = recurrence::Options { causes: 1, recordings: 2, seed: 40_961 };
    let links = recurrence::run(&options)?;
    let (found, all) = links.found();
    let neutral = links.repeats[&Disturbance::LooseNeutral];
    let holds = all > 30 && found * 4 >= all * 3 && links.false_links.len() * 100 <= links.strangers;
    if !holds || neutral != (2, 2) {
        return Err(format!("expected few missed and false links, found {links:#?}").into());
    }
    Ok(())
}
