//! The codes at which a converter was at its limit.

use std::ops::Range;

use kilat_core::{Codes, SampleKind, SamplesRef};

use super::dat::Column;

/// Samples looked at in one go.
const BLOCK: usize = 4096;
/// Blocks looked at, evenly over the recording, where the samples stay in a file.
const SPOTS: usize = 16;

/// The limits that a cfg states for the codes, when they are those of a converter: whole and symmetrical about zero,
/// below what the data format itself allows, and not exceeded.
///
/// Many writers put something else there: zeros, the largest number of the format, or the extremes of the data. Some
/// scale every channel so that its extremes just reach the limits; then no two samples in a row are there, as they are
/// when a converter is driven beyond its range.
pub(super) fn converter_range(stated: Option<(f64, f64)>, column: &Column) -> Option<(f64, f64)> {
    let (low, high) = stated.filter(|(low, high)| could_be_converters(*low, *high))?;
    if !matches!(column.samples.kind(), SampleKind::I16 | SampleKind::I32) {
        return None;
    }
    let (mut touched, mut stayed, mut before) = (false, false, f64::NAN);
    let mut see = |code: f64| {
        let at_limit = code == low || code == high;
        touched |= at_limit;
        stayed |= at_limit && code == before;
        before = code;
        (low..=high).contains(&code)
    };
    let is_code = |code: &i32| Some(*code) != column.missing_code;
    let mut own = Codes::default();
    for rows in blocks(column) {
        let within = match column.samples.read(rows, &mut own).ok()? {
            SamplesRef::I16(x) => x.iter().map(|v| i32::from(*v)).filter(is_code).all(|v| see(f64::from(v))),
            SamplesRef::I32(x) => x.iter().copied().filter(is_code).all(|v| see(f64::from(v))),
            SamplesRef::F32(_) | SamplesRef::F64(_) => return None,
        };
        if !within {
            return None;
        }
    }
    (!touched || stayed).then_some((low, high))
}

/// All samples, or blocks spread over those that stay in a file.
fn blocks(column: &Column) -> impl Iterator<Item = Range<usize>> {
    let n = column.samples.len();
    let step = if column.samples.as_ref().is_some() { BLOCK } else { (n / SPOTS).max(BLOCK) };
    (0..n).step_by(step).map(move |start| start..n.min(start + BLOCK))
}

/// True for limits that are whole, symmetrical about zero and below what the data format itself allows.
pub(super) fn could_be_converters(low: f64, high: f64) -> bool {
    let symmetrical = high.fract() == 0.0 && (low == -high || low == -high - 1.0);
    // ASCII fields of five digits reach 99998.
    symmetrical && (127.0..99_998.0).contains(&high)
}
