//! The quantities, one per file, each with its definition, clause and unit.

pub mod dips;
pub mod events;
pub mod flicker;
pub mod harmonics;
pub mod notching;
pub mod power;
pub mod rms;
pub mod rvc;
pub mod signalling;
pub mod supraharmonics;
pub mod transients;
pub mod unbalance;
