//! Times the whole analysis of a `(6, n)` NPY capture already in memory, and prints one JSON object: the counterpart of the
//! scripts that time other libraries on the same file.
//!
//! usage: `analyze_npy FILE RATE_HZ i16|f32|f64 THREADS RUNS`
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::time::Instant;

use kilat::engine::offline::analyze;
use kilat::io::{ReadOptions, SampleAxis};
use kilat::{Capture, Channel, Config, TimeBase, Timestamp};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, rate, kind, threads, runs] = &args[..] else {
        return Err("usage: analyze_npy FILE RATE_HZ i16|f32|f64 THREADS RUNS".into());
    };
    let options = ReadOptions {
        sample_rate_hz: Some(rate.parse()?),
        axis: Some(SampleAxis::Columns),
        ..ReadOptions::default()
    };
    let read = kilat::io::read(file, &options)?;
    let names = [("Ua", "V"), ("Ub", "V"), ("Uc", "V"), ("Ia", "A"), ("Ib", "A"), ("Ic", "A")];
    let channel = |(c, (name, unit)): (&Channel, &(&str, &str))| {
        let values = c.values(0..c.len())?;
        // The capture, of 380 V and 15 A, fills about half of the codes.
        let scale = if *unit == "V" { 0.02 } else { 0.001 };
        Ok(match &kind[..] {
            "i16" => {
                let codes = values.iter().map(|v| (v / scale).round() as i16);
                Channel::new(*name, *unit, codes.collect::<Vec<_>>()).with_scale(scale, 0.0)
            }
            "f32" => Channel::new(*name, *unit, values.iter().map(|v| *v as f32).collect::<Vec<f32>>()),
            _ => Channel::new(*name, *unit, values),
        })
    };
    let channels = read.channels().iter().zip(&names).map(channel).collect::<kilat::Result<_>>()?;
    let rate = kilat::SampleRate::from_hz(rate.parse()?)?;
    let capture = Capture::new(TimeBase::uniform(rate, read.len(), Some(Timestamp(0))), channels)?;
    drop(read);
    let (config, threads) = (Config::class_a(230.0, 50.0), threads.parse()?);
    let mut seconds = Vec::new();
    let mut analysis = analyze(&capture, &config, threads)?;
    for _ in 0..runs.parse::<usize>()? {
        let start = Instant::now();
        analysis = analyze(&capture, &config, threads)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let least = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let events: Vec<_> = analysis.events.iter().filter(|e| e.polyphase).collect();
    let result = serde_json::json!({
        "library": "kilat", "kind": kind, "threads": threads, "seconds": seconds,
        "msamples_per_s": 6.0 * capture.len() as f64 / least / 1e6,
        "frequency_hz": analysis.frequency.hz, "polyphase_events": events,
        "intervals": analysis.intervals.start_sample.len(),
    });
    writeln!(std::io::stdout(), "{result}")?;
    Ok(())
}
