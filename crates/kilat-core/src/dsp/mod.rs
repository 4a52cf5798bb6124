//! Signal processing that knows nothing of power quality.

pub mod decimate;
pub mod fft;
pub mod fir;
pub mod iir;
pub mod repetition;
pub mod resample;
pub mod zero_crossing;
