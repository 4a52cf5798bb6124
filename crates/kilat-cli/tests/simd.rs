//! The same numbers, to the last bit, on every instruction set of this machine and on any number of threads.

mod common;

use common::{command, kaur, text};
use kilat::simd::Level;

#[test]
fn every_instruction_set_and_number_of_threads_prints_the_same_document() {
    let print = |level: &str, threads: &str| {
        let mut c = command(kaur());
        c.env("KILAT_SIMD", level).args(["analyze", "kaur.h5", "--json", "--full", "--threads", threads]);
        let out = c.output().unwrap();
        assert!(out.status.success(), "{level}: {}", text(&out.stderr));
        text(&out.stdout)
    };
    let levels = Level::all();
    let first = print(levels[0].name(), "1");
    assert!(first.len() > 100_000);
    for level in levels {
        for threads in ["1", "3"] {
            // Not `assert_eq`: nobody wants to read both.
            assert!(print(level.name(), threads) == first, "{} on {threads} threads", level.name());
        }
    }
}
