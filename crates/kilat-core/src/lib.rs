//! Types, kernels and every power-quality quantity of kilat. No files, no clock, no hidden threads.
#![forbid(unsafe_code)]

pub mod aggregate;
pub mod capture;
pub mod config;
pub mod diagnosis;
pub mod dsp;
pub mod engine;
pub mod error;
pub mod limits;
pub mod pq;
pub mod simd;
pub mod synth;
pub mod units;

pub use capture::{
    Capture, Channel, Codes, Kind, Phase, SampleKind, Samples, SamplesRef, Segment, Stored, TimeBase,
};
pub use config::{Class, Config, Correction, Edition, EventRms, Lamp, Part, ResponsePoint, Tone, Wiring};
pub use engine::analysis::{Analysis, Flags};
pub use engine::live::Live;
pub use error::{Error, Result, Warning};
pub use pq::events::{Event, EventKind};
pub use pq::rvc::RapidChange;
pub use pq::transients::{Transient, TransientKind};
pub use units::{Moment, SampleRate, Timestamp};
