//! Scenarios: captures computed from a physical model of a low-voltage feeder, with labels of what happens in them.
