//! The layout of the BLOND data sets: `voltage`, `voltage1..3`, `current1..6` as `i16` with a `calibration_factor`,
//! rate and start in attributes of the root.

use kilat_core::{Capture, Channel, Error, Result, SampleRate, TimeBase, Timestamp, Warning};

use super::container::Container;
use super::malformed;

/// True for a file with a calibrated `voltage` or `current` at its root and a rate and a date in its attributes.
pub(super) fn fits(container: &Container) -> bool {
    ["frequency", "year", "month", "day"].iter().all(|name| container.number("", name).is_some())
        && container.paths().iter().any(|p| {
            is_channel(p) && container.array(p).is_ok_and(|a| a.attr("calibration_factor").is_some())
        })
}

pub(super) fn read(container: &Container) -> Result<Capture> {
    let part = &container.part;
    let number = |name: &str| container.number("", name);
    let rate = SampleRate::from_hz(number("frequency").unwrap_or(0.0))?;
    let mut warnings = Vec::new();

    let paths: Vec<String> = container.paths().into_iter().filter(|p| is_channel(p)).collect();
    // CLEAR measures three phases; MEDAL one voltage and six sockets, whose numbers are no phases.
    let three_phase = paths.iter().any(|p| p == "voltage1");
    let mut channels = Vec::new();
    for path in &paths {
        let array = container.array(path)?;
        let unit = if path.starts_with("voltage") { "V" } else { "A" };
        let factor = array.attr("calibration_factor").ok_or_else(|| {
            malformed(part, format!("dataset `{path}`"), "the attribute calibration_factor", "none")
        })?;
        let mut channel = Channel::new(path.as_str(), unit, array.samples()?).with_scale(factor, 0.0);
        if !three_phase {
            channel.phase = None;
        }
        channels.push(channel);
    }
    let shortest = channels.iter().map(Channel::len).min().unwrap_or(0);
    for channel in channels.iter_mut().filter(|c| c.len() > shortest) {
        let message =
            format!("{} samples where the shortest channel has {shortest}; cut to those", channel.len());
        warnings.push(Warning::new(format!("{part}: dataset `{}`", channel.name), message));
        channel.samples = channel.samples.slice(0..shortest);
    }

    let start = start(container).or_else(|e| {
        warnings.push(Warning::new(part, e.to_string()));
        Ok::<_, Error>(None)
    })?;
    let mut capture = Capture::new(TimeBase::uniform(rate, shortest as u64, start), channels)?;
    capture.format = "HDF5 BLOND".into();
    capture.device = container.text("", "name").unwrap_or_default();
    for name in ["sequence", "first_trigger_id", "last_trigger_id"] {
        capture.notes.extend(number(name).map(|v| (name.to_owned(), v.to_string())));
    }
    capture.warnings = warnings;
    Ok(capture)
}

fn is_channel(path: &str) -> bool {
    let rest = path.strip_prefix("voltage").or_else(|| path.strip_prefix("current"));
    rest.is_some_and(|r| r.is_empty() || r.parse::<u8>().is_ok())
}

/// Start from the attributes of the root; a date that is none is an error.
fn start(container: &Container) -> Result<Option<Timestamp>> {
    let field = |name: &str| container.number("", name).unwrap_or(0.0) as u32;
    let zone = container.text("", "timezone").unwrap_or_default();
    let zone = match zone.trim().split_at_checked(3) {
        Some((hours, minutes)) if zone.starts_with(['+', '-']) => {
            format!("{hours}:{}", minutes.trim_start_matches(':'))
        }
        _ => "Z".into(),
    };
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}{zone}",
        field("year"),
        field("month"),
        field("day"),
        field("hours"),
        field("minutes"),
        field("seconds"),
        field("microseconds"),
    );
    text.parse().map(Some)
}
