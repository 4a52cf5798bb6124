//! Shared by the benches: signals and answers.
