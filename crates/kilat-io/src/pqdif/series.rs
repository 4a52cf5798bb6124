//! From stored vectors to values: storage methods, shared series, ratios.

use std::sync::Arc;

use kilat_core::{Result, SampleKind, Samples, Timestamp};

use super::characteristics::CHARACTERISTICS;
use super::element::Collection;
use super::logical::{ChannelSetting, INCREMENT, SCALED, SeriesDefinition};
use super::tags;
use super::words::{Repeated, UNITS, VALUE_TYPES};
use crate::observation::{self, Data, Series};

/// Most series that one may be shared through.
const MOST_HOPS: usize = 8;

/// Most runs of a rule. Rules are read anew for every channel that shares them, so they must stay short.
const MOST_RATES: usize = 1000;

/// A series instance as it lies in the file.
pub(super) struct Stored {
    values: Option<Values>,
    /// Channel instance and series instance whose values these are.
    shared: Option<(u32, u32)>,
    scale: Option<f64>,
    offset: Option<f64>,
}

#[derive(Clone)]
enum Values {
    Codes(Samples),
    /// Real and imaginary parts.
    Complex(Box<[Samples; 2]>),
    Moments(Arc<[Timestamp]>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Codes(codes) => codes.len(),
            Self::Complex(parts) => parts[0].len(),
            Self::Moments(moments) => moments.len(),
        }
    }
}

impl Stored {
    pub(super) fn parse(s: Collection<'_>) -> Result<Self> {
        let values = s.vector(tags::SERIES_VALUES)?.and_then(|v| {
            let codes = v.samples().map(Values::Codes);
            let complex = || v.complex().map(|parts| Values::Complex(parts.into()));
            codes.or_else(complex).or_else(|| v.moments().map(Values::Moments))
        });
        let shared =
            s.integer(tags::SERIES_SHARE_CHANNEL_IDX)?.zip(s.integer(tags::SERIES_SHARE_SERIES_IDX)?);
        let finite = |tag| -> Result<Option<f64>> { Ok(s.number(tag)?.filter(|v| v.is_finite())) };
        Ok(Self { values, shared, scale: finite(tags::SERIES_SCALE)?, offset: finite(tags::SERIES_OFFSET)? })
    }

    /// Where the values are: here, or where they are shared from, with the scale and offset nearest to here. The error says
    /// what is wrong.
    fn resolve<'a>(&'a self, all: &'a [Vec<Self>]) -> Result<Resolved<'a>, String> {
        let (mut at, mut scale, mut offset) = (self, self.scale, self.offset);
        for _ in 0..=MOST_HOPS {
            if let Some(values) = &at.values {
                return Ok(Resolved { values, scale, offset });
            }
            let (channel, series) = at.shared.ok_or("it has no values")?;
            at = all.get(channel as usize).and_then(|c| c.get(series as usize)).ok_or_else(|| {
                format!("it shares the values of series {series} of channel {channel}, which is not there")
            })?;
            scale = scale.or(at.scale);
            offset = offset.or(at.offset);
        }
        Err("it shares its values in a circle".into())
    }

    /// Number of values stored for it, wherever they are.
    fn stored_len(&self, all: &[Vec<Self>]) -> usize {
        self.resolve(all).map_or(0, |r| r.values.len())
    }
}

struct Resolved<'a> {
    values: &'a Values,
    scale: Option<f64>,
    offset: Option<f64>,
}

/// Number of values of the longest series that is not a rule to count by.
pub(super) fn longest(stored: &[Stored], definitions: &[SeriesDefinition], all: &[Vec<Stored>]) -> usize {
    let listed = stored.iter().zip(definitions).filter(|(_, d)| d.method & INCREMENT == 0);
    listed.map(|(s, _)| s.stored_len(all)).max().unwrap_or(0)
}

/// The series, or the two parts of a complex one. `most` bounds an axis that is stored as a rule; `remark` gets what was odd.
pub(super) fn series(
    stored: &Stored,
    definition: &SeriesDefinition,
    all: &[Vec<Stored>],
    most: usize,
    setting: ChannelSetting,
    repeated: &mut Repeated,
    remark: &mut impl FnMut(String),
) -> Result<Vec<Series>, String> {
    let Resolved { values, scale, offset } = stored.resolve(all)?;
    let value_type = repeated.word(VALUE_TYPES, definition.value_type);
    let unit = repeated.numbered(UNITS, definition.units);
    let characteristic = repeated.word(CHARACTERISTICS, definition.characteristic);
    let (scale, offset) = match definition.method & SCALED {
        0 => (1.0, if definition.method & INCREMENT == 0 { 0.0 } else { offset.unwrap_or(0.0) }),
        _ => (scale.unwrap_or(1.0), offset.unwrap_or(0.0)),
    };
    let make = |value_type: &Arc<str>, unit: &Arc<str>, data: Data| {
        let [value_type, unit, characteristic] = [value_type, unit, &characteristic].map(Arc::clone);
        let mut s = Series::of(value_type, unit, characteristic, data);
        s.nominal = definition.nominal;
        s
    };
    let (factor, shift) =
        if is_of_the_quantity(&value_type, &unit) { adjustment(setting) } else { (1.0, 0.0) };
    let codes = |codes: &Samples| {
        let (scale, offset) = (scale * factor, (offset - shift) * factor);
        Data::Codes { codes: codes.clone(), scale, offset }
    };
    Ok(match values {
        Values::Moments(moments) => {
            vec![make(&value_type, &repeated.shared("timestamp"), Data::Moments(Arc::clone(moments)))]
        }
        Values::Complex(parts) => vec![
            make(&repeated.shared(&format!("{value_type}_real")), &unit, codes(&parts[0])),
            make(&repeated.shared(&format!("{value_type}_imaginary")), &unit, codes(&parts[1])),
        ],
        Values::Codes(rule) if definition.method & INCREMENT != 0 => {
            let short = rule.slice(0..rule.len().min(2 * MOST_RATES + 2));
            let (first, mut runs) = runs(&numbers(&short), most, remark)?;
            let is_single =
                rule.kind() == SampleKind::F32 || (scale != 1.0 && f64::from(scale as f32) == scale);
            for (_, step) in &mut runs {
                *step *= scale * factor;
            }
            let start = (first * scale + offset - shift) * factor;
            let precision = if is_single { f64::from(f32::EPSILON) / 2.0 } else { 0.0 };
            vec![make(&value_type, &unit, Data::Steps { start, runs: repeated.runs(&runs), precision })]
        }
        Values::Codes(stored) => vec![make(&value_type, &unit, codes(stored))],
    })
}

/// Runs of equal steps from `[rates, n1, step1, n2, step2, …]`, at most `most` values in all, and the first value.
fn runs(
    rule: &[f64],
    most: usize,
    remark: &mut impl FnMut(String),
) -> Result<(f64, Vec<(u64, f64)>), String> {
    let pairs = rule.get(1..).unwrap_or_default().chunks_exact(2);
    let declared = rule.first().copied().unwrap_or(0.0);
    let mut first = 0.0;
    let count = match rule {
        // Some writers put the first value where the number of rates belongs.
        [start, _, _] if *start != 1.0 => {
            remark(format!(
                "its rule begins with {start} where the number of rates belongs; taken as the first value"
            ));
            first = *start;
            1
        }
        _ if declared > MOST_RATES as f64 => return Err(format!("its rule has {declared} rates")),
        _ if declared >= 1.0 && declared <= pairs.len() as f64 => declared as usize,
        _ => return Err(format!("its rule of {} numbers announces {declared} rates", rule.len())),
    };
    let (mut runs, mut total) = (Vec::with_capacity(count), 0.0);
    let mut left = most as u64;
    for pair in pairs.take(count) {
        let (n, step) = (pair[0], pair[1]);
        if !(n >= 0.0 && n.fract() == 0.0 && step.is_finite()) {
            return Err(format!("its rule has a run of {n} steps of {step}"));
        }
        total += n;
        let n = (n as u64).min(left);
        left -= n;
        runs.push((n, step));
    }
    if total > most as f64 {
        remark(format!(
            "its rule makes {total} values, the other series of the channel have {most}; cut to those"
        ));
    }
    Ok((first, runs))
}

/// The numbers of a short vector.
pub(super) fn numbers(codes: &Samples) -> Vec<f64> {
    observation::values(codes, 1.0, 0.0).collect()
}

/// True for values that a transducer or a calibration changes: not for times, angles, shares and counts.
fn is_of_the_quantity(value_type: &str, unit: &str) -> bool {
    let value_types =
        ["val", "min", "max", "avg", "inst", "p1", "p5", "p10", "p90", "p95", "p99", "binlow", "binhigh"];
    let units = ["V", "A", "VA", "W", "var", "J", "varh", "Wh", "VAh"];
    value_types.contains(&value_type) && units.contains(&unit)
}

/// `(factor, shift)` that make `(value − shift) · factor` of a value: the calibration, then the transducer.
fn adjustment(setting: ChannelSetting) -> (f64, f64) {
    let (shift, factor) = setting.calibration.unwrap_or((0.0, 1.0));
    let ratio = setting.ratio.filter(|_| setting.use_ratio).map_or(1.0, |(system, monitor)| system / monitor);
    (factor * ratio, shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_writers_write_it() {
        let mut said = Vec::new();
        let mut read = |rule: &[f64], most| runs(rule, most, &mut |r| said.push(r));
        assert_eq!(read(&[2.0, 3.0, 0.1, 4.0, 0.2], 7), Ok((0.0, vec![(3, 0.1), (4, 0.2)])));
        assert_eq!(read(&[0.5, 3.0, 0.1], 3), Ok((0.5, vec![(3, 0.1)])));
        assert_eq!(read(&[1.0, 1e15, 0.1], 3), Ok((0.0, vec![(3, 0.1)])));
        for bad in [
            &[][..],
            &[1.0],
            &[3.0, 3.0, 0.1, 4.0, 0.2],
            &[1.0, -1.0, 0.1],
            &[1.0, 2.5, 0.1],
            &[1.0, 2.0, f64::NAN],
        ] {
            assert!(read(bad, 9).is_err(), "{bad:?}");
        }
        assert_eq!(said.len(), 2);
    }
}
