//! Every row of the conformance suite is a test of its own, named by standard, quantity and point: it must hold the standard's
//! limit and this library's own.

use std::process::ExitCode;

use kilat::conformance::{Row, Scope, rows};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let trial = |row: Row| Trial::test(row.name(), move || check(&row));
    let trials = rows(Scope::Full).into_iter().map(trial).collect();
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
