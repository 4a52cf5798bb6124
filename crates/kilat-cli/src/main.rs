//! The `kilat` command.
fn main() {}
