//! The traps of real files, one test each.
