//! One engine, two thin drivers: cut, measure, fold.

pub mod analysis;
pub mod close_up;
pub mod corrector;
pub mod crew;
pub mod cross;
pub mod delivery;
pub mod flywheel;
pub mod fold;
pub mod forecast;
pub mod history;
pub mod inbox;
pub mod live;
pub mod measured;
pub mod meters;
pub mod offline;
pub mod plan;
pub mod quality;
pub mod recorder;
pub mod reuse;
pub mod segment;
pub mod severity;
pub mod sink;
pub mod state;
pub mod tables;
pub mod timeline;
pub mod track;
