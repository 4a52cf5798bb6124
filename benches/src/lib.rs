//! Shared by the benches: a capture with known answers.
#![forbid(unsafe_code)]

use std::f64::consts::PI;

use kilat::{Capture, Channel, SampleRate, Samples, TimeBase, Timestamp};

/// True r.m.s. of the voltages of [`capture`], in volts.
pub fn voltage_rms_v() -> f64 {
    230.0 * (1.0f64 + 0.04 * 0.04 + 0.03 * 0.03).sqrt()
}

/// Three voltages (5th 4 %, 7th 3 %) and three currents at 50.02 Hz, `samples` long, as `f32`.
///
/// # Panics
/// When `rate_hz` is no rate.
pub fn capture(rate_hz: f64, samples: usize) -> Capture {
    capture_as(rate_hz, samples, |wave| Samples::from(wave.map(|v| v as f32).collect::<Vec<f32>>()), 1.0)
}

/// The same as 16-bit codes of 20 mV.
///
/// # Panics
/// When `rate_hz` is no rate.
pub fn capture_i16(rate_hz: f64, samples: usize) -> Capture {
    let codes =
        |wave: &mut dyn Iterator<Item = f64>| wave.map(|v| (v / 0.02).round() as i16).collect::<Vec<i16>>();
    capture_as(rate_hz, samples, |wave| Samples::from(codes(wave)), 0.02)
}

fn capture_as(
    rate_hz: f64,
    samples: usize,
    store: impl Fn(&mut dyn Iterator<Item = f64>) -> Samples,
    scale: f64,
) -> Capture {
    let channel = |k: usize, name: &str| {
        let shift = -2.0 * PI / 3.0 * (k % 3) as f64;
        let (peak, h5, h7) = if k < 3 { (230.0, 0.04, 0.03) } else { (10.0, 0.20, 0.14) };
        let mut wave = (0..samples).map(|i| {
            let w = 2.0 * PI * 50.02 * i as f64 / rate_hz + shift;
            2.0f64.sqrt() * peak * (w.sin() + h5 * (5.0 * w).sin() + h7 * (7.0 * w).sin())
        });
        let unit = if k < 3 { "V" } else { "A" };
        Channel::new(name, unit, store(&mut wave)).with_scale(scale, 0.0)
    };
    let channels = ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"].iter().enumerate().map(|(k, name)| channel(k, name));
    let rate = SampleRate::from_hz(rate_hz).expect("a rate");
    let time = TimeBase::uniform(rate, samples as u64, Some(Timestamp(0)));
    Capture::new(time, channels.collect()).expect("channels of one length")
}
