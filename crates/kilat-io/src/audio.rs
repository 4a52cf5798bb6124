//! What WAV and FLAC share: codes whose full scale is 1 until a calibration says what it is.

use kilat_core::capture::parse_unit;
use kilat_core::{Capture, Channel, Error, Result, SampleKind, SampleRate, Samples, TimeBase, Warning};

use crate::columns::{choose, given_rate};
use crate::metadata::Metadata;
use crate::{ChannelMap, ReadOptions};

/// Unit of values that are fractions of full scale.
pub(crate) const FULL_SCALE: &str = "FS";

/// What an audio file says.
pub(crate) struct Recording {
    pub(crate) part: String,
    /// Format, such as `WAV 16 bit`.
    pub(crate) format: String,
    /// Samples per second; 0 when the file leaves it open.
    pub(crate) rate_hz: u32,
    /// Code of full scale; 1 for floats.
    pub(crate) full_scale: f64,
    /// Codes of each channel.
    pub(crate) columns: Vec<Samples>,
    /// Samples of each channel that the file says it has; it may have been cut.
    pub(crate) declared: u64,
    /// Our own description, when one of our writers wrote the file.
    pub(crate) metadata: Option<String>,
    pub(crate) notes: Vec<(String, String)>,
    pub(crate) warnings: Vec<Warning>,
}

impl Recording {
    /// The capture: as our own description has it, else as `options` calibrate it.
    pub(crate) fn capture(mut self, options: &ReadOptions) -> Result<Capture> {
        if let Some(text) = self.metadata.take().filter(|_| options.map.is_empty()) {
            let found = self.columns.first().map_or(0, Samples::len) as u64;
            let described = Metadata::parse(&text).map(|m| m.cut(self.declared, found));
            match described.and_then(|m| m.capture(&self.columns, &[])) {
                Ok(mut capture) => {
                    capture.warnings.append(&mut self.warnings);
                    return Ok(capture);
                }
                Err(why) => {
                    let message = format!("does not describe this file and is left out: {why}");
                    self.warnings.push(Warning::new(format!("{}: kilat metadata", self.part), message));
                }
            }
        }
        let rate = match self.rate_hz {
            0 => given_rate(options, &self.part, "the file leaves its sample rate open")?,
            hz => SampleRate::from_hz(f64::from(hz))?,
        };
        let n = self.columns.first().map_or(0, Samples::len) as u64;
        let full_scale = self.full_scale;
        let channel = |(i, samples): (usize, Samples)| {
            let is_integer = matches!(samples.kind(), SampleKind::I16 | SampleKind::I32);
            let mut channel =
                Channel::new(i.to_string(), FULL_SCALE, samples).with_scale(full_scale.recip(), 0.0);
            channel.phase = None;
            channel.range = is_integer.then_some((-full_scale, full_scale - 1.0));
            channel
        };
        let columns: Vec<Channel> = self.columns.into_iter().enumerate().map(channel).collect();
        let numbers: Vec<usize> = (0..columns.len()).collect();
        let map = calibrations(&options.map, full_scale, &self.part)?;
        let chosen = choose(columns, &numbers, &map, &self.part)?;
        let mut capture = Capture::new(TimeBase::uniform(rate, n, options.start), chosen)?;
        capture.format = self.format;
        capture.notes = self.notes;
        capture.warnings = self.warnings;
        Ok(capture)
    }
}

/// The map with scales of one code in place of those of full scale.
fn calibrations(map: &[ChannelMap], full_scale: f64, part: &str) -> Result<Vec<ChannelMap>> {
    map.iter()
        .map(|m| {
            let absolute = m.unit.as_deref().filter(|u| parse_unit(u).is_some());
            if let (Some(unit), None) = (absolute, m.scale) {
                let problem = format!(
                    "{part}: channel `{}` shall be in {unit}, but nothing says how many {unit} full scale is; give its \
                     scale, for instance `{}=Ua:{unit}:A:400` when full scale is 400 {unit}",
                    m.source, m.source
                );
                return Err(Error::config("map", problem));
            }
            Ok(ChannelMap { scale: m.scale.map(|s| s / full_scale), ..m.clone() })
        })
        .collect()
}

/// The narrowest type that holds the codes of all channels.
pub(crate) fn common_kind(channels: &[Channel]) -> SampleKind {
    use SampleKind::{F32, F64, I16, I32};
    channels.iter().map(|c| c.samples.kind()).fold(I16, |all, kind| match (all, kind) {
        (I16, k) | (k, I16) => k,
        (a, b) if a == b => a,
        // A 32-bit integer is more than `f32` holds.
        (I32 | F32 | F64, _) => F64,
    })
}

/// Samples per second as the header of an audio file states them, and a line when it cannot state them exactly.
pub(crate) fn header_rate(capture: &Capture, format: &str, most: u32) -> Result<(u32, Option<String>)> {
    let rates = capture.time().segments().iter().map(|s| s.rate.hz());
    let hz = rates.fold(0.0, f64::max);
    let rounded = hz.round();
    if !(1.0..=f64::from(most)).contains(&rounded) {
        return Err(Error::Unsupported {
            part: format.into(),
            what: format!("a sample rate of {hz} Hz"),
            hint: format!("{format} has rates of 1 Hz to {most} Hz; write HDF5"),
        });
    }
    let differs = capture.time().segments().iter().any(|s| s.rate.hz() != rounded);
    let line = format!("the exact rate and the gaps, for other programs: they see {rounded} Hz throughout");
    let lost = differs || capture.time().segments().len() > 1;
    Ok((rounded as u32, lost.then_some(line)))
}

/// A capture without a channel is no sound.
pub(crate) fn some_channels(capture: &Capture, format: &str) -> Result<()> {
    if capture.channels().is_empty() || capture.is_empty() {
        return Err(Error::Unsupported {
            part: format.into(),
            what: "a recording without analog samples".into(),
            hint: "write HDF5".into(),
        });
    }
    Ok(())
}
