//! The codes at which a converter was at its limit.

use kilat_core::SamplesRef;

use super::dat::Column;

/// The limits that a cfg states for the codes, when they are those of a converter: whole and symmetrical about zero,
/// below what the data format itself allows, and not exceeded.
///
/// Many writers put something else there: zeros, the largest number of the format, or the extremes of the data. Some
/// scale every channel so that its extremes just reach the limits; then no two samples in a row are there, as they are
/// when a converter is driven beyond its range.
pub(super) fn converter_range(stated: Option<(f64, f64)>, column: &Column) -> Option<(f64, f64)> {
    let (low, high) = stated?;
    let symmetrical = high.fract() == 0.0 && (low == -high || low == -high - 1.0);
    // ASCII fields of five digits reach 99998.
    if !symmetrical || !(127.0..99_998.0).contains(&high) {
        return None;
    }
    let missing = column.missing_code;
    let codes: Box<dyn Iterator<Item = f64>> = match column.samples.as_ref()? {
        SamplesRef::I16(x) => {
            Box::new(x.iter().map(|v| i32::from(*v)).filter(move |v| Some(*v) != missing).map(f64::from))
        }
        SamplesRef::I32(x) => Box::new(x.iter().copied().filter(move |v| Some(*v) != missing).map(f64::from)),
        SamplesRef::F32(_) | SamplesRef::F64(_) => return None,
    };
    let (mut touched, mut stayed, mut before) = (false, false, f64::NAN);
    for code in codes {
        if !(low..=high).contains(&code) {
            return None;
        }
        let at_limit = code == low || code == high;
        touched |= at_limit;
        stayed |= at_limit && code == before;
        before = code;
    }
    (!touched || stayed).then_some((low, high))
}
