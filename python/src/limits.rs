//! What an analysis is held against: standards, immunity curves, indices. Each is a dict of facts and a dict of columns.

use kilat::limits::curves::{Curve, Region};
use kilat::limits::insulation::Stress;
use kilat::limits::{Site, Standard, Status};
use kilat::output::curve_points;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::analysis::{Columns, Results};
use crate::error::to_py;

/// Facts about a table, and its columns.
pub type Pair<'py> = PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>)>;

/// A region as the documents name it.
fn text(region: Region) -> String {
    serde_json::to_value(region).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Verdicts of a standard; the channel by position in ``channels``.
pub fn compliance<'py>(slf: &Bound<'py, Results>, standard: &str, site: &Site) -> Pair<'py> {
    let a = &slf.get().analysis;
    site.check().map_err(to_py)?;
    let c = a.compliance(Standard::named(standard).map_err(to_py)?, site);
    let about = PyDict::new(slf.py());
    about.set_item("standard", c.standard.title())?;
    about.set_item("overall", c.status().name())?;
    let not_judged: Vec<_> =
        c.not_judged.iter().map(|n| (n.clause, n.what.as_str(), n.why.as_str())).collect();
    about.set_item("not_judged", not_judged)?;
    about.set_item("notes", &c.notes)?;

    let v = &c.verdicts;
    let finite = |x: f64| if x.is_finite() { x } else { f64::NAN };
    let lack = |s: Status| match s {
        Status::NotEnoughData { needed_s, have_s } => (needed_s, have_s),
        _ => (f64::NAN, f64::NAN),
    };
    let worst =
        |of: fn(&kilat::limits::Worst) -> f64| v.iter().map(move |v| v.worst.as_ref().map_or(f64::NAN, of));
    let columns = Columns::new(slf)
        .list("clause", v.iter().map(|v| v.limit.clause))?
        .list("quantity", v.iter().map(|v| v.limit.quantity.name()))?
        .copy("order", v.iter().map(|v| v.limit.quantity.order().unwrap_or(0) as i64))?
        .list("unit", v.iter().map(|v| v.limit.quantity.unit()))?
        .copy("share_pct", v.iter().map(|v| f64::from(v.limit.statistic.share_permille) / 10.0))?
        .list("mean", v.iter().map(|v| v.limit.statistic.mean.name()))?
        .list("span", v.iter().map(|v| v.limit.statistic.span.name()))?
        .copy("lower", v.iter().map(|v| finite(v.limit.lower)))?
        .copy("upper", v.iter().map(|v| finite(v.limit.upper)))?
        .list("status", v.iter().map(|v| v.status.name()))?
        .copy("needed_s", v.iter().map(|v| lack(v.status).0))?
        .copy("have_s", v.iter().map(|v| lack(v.status).1))?
        .list("channel", v.iter().map(|v| v.channel))?
        .copy("measured", v.iter().map(|v| v.measured))?
        .copy("margin", v.iter().map(|v| v.margin))?
        .copy("values", v.iter().map(|v| v.values as i64))?
        .copy("beyond", v.iter().map(|v| v.beyond as i64))?
        .copy("excluded", v.iter().map(|v| v.excluded as i64))?
        .copy("worst", worst(|w| w.value))?
        .times("worst_start", worst(|w| w.start_sample))?
        .times("worst_stop", worst(|w| w.stop_sample))?;
    Ok((about, columns.dict))
}

/// Events and transients on the immunity curve ``name``; the channel by position in ``channels``.
pub fn curve<'py>(slf: &Bound<'py, Results>, name: &str) -> Pair<'py> {
    let r = slf.get();
    let curve = Curve::named(name).map_err(to_py)?;
    let p = curve_points(&r.capture, &r.analysis, &curve);
    let about = PyDict::new(slf.py());
    about.set_item("name", curve.name)?;
    about.set_item("upper", curve.upper.to_vec())?;
    about.set_item("lower", curve.lower.to_vec())?;
    about.set_item("indicative", curve.is_indicative(r.analysis.config.nominal_voltage_v))?;
    about.set_item("note", curve.note)?;
    let insulation = |stress: Option<Stress>| match stress {
        None => String::new(),
        Some(Stress::NotMeasurable) => "not_measurable".into(),
        Some(Stress::Within) => "within".into(),
        Some(Stress::Beyond(category)) => format!("{category:?}"),
    };
    let columns = Columns::new(slf)
        .list("kind", p.iter().map(|p| p.kind.as_str()))?
        .list("channel", p.iter().map(|p| p.channel))?
        .times("start", p.iter().map(|p| p.start_sample).collect::<Vec<_>>().into_iter())?
        .copy("duration_s", p.iter().map(|p| p.duration_s))?
        .copy("magnitude_pu", p.iter().map(|p| p.magnitude_pu))?
        .list("region", p.iter().map(|p| text(p.region)))?
        .copy("lower_limit", p.iter().map(|p| p.lower_limit))?
        .list("insulation", p.iter().map(|p| insulation(p.stress)))?;
    Ok((about, columns.dict))
}

/// Indices of the events.
pub fn indices<'py>(slf: &Bound<'py, Results>) -> Pair<'py> {
    let a = &slf.get().analysis;
    let i = a.indices();
    let py = slf.py();
    let about = PyDict::new(py);
    about.set_item("observed_s", i.observed_s)?;
    let sarfi = PyDict::new(py);
    for s in &i.sarfi {
        sarfi.set_item(s.level_pct, s.count)?;
    }
    about.set_item("sarfi", sarfi)?;
    let curves = PyDict::new(py);
    for c in &i.sarfi_curves {
        curves.set_item(c.curve, c.count)?;
    }
    about.set_item("sarfi_curves", curves)?;
    let tables = PyDict::new(py);
    for t in &i.tables {
        let table = PyDict::new(py);
        table.set_item("rows", &t.rows)?;
        table.set_item("columns", &t.columns)?;
        table.set_item("counts", &t.counts)?;
        table.set_item("outside", t.outside)?;
        tables.set_item(t.name, table)?;
    }
    about.set_item("tables", tables)?;
    about.set_item("sag_energy_s", i.sag_energy_s)?;
    about.set_item("sag_score", i.sag_score)?;
    about.set_item("short_interruptions", i.outages.short)?;
    about.set_item("long_interruptions", i.outages.long)?;
    about.set_item("outage_minutes", i.outages.minutes)?;
    let event = |d: &kilat::limits::indices::DipSeverity| &a.events[d.event];
    let columns = Columns::new(slf)
        .times("start", i.dips.iter().map(|d| event(d).start_sample).collect::<Vec<_>>().into_iter())?
        .copy("duration_s", i.dips.iter().map(|d| event(d).duration_s))?
        .copy("magnitude_pu", i.dips.iter().map(|d| event(d).magnitude_pu))?
        .copy("energy_s", i.dips.iter().map(|d| d.energy_s))?
        .copy("severity_itic", i.dips.iter().map(|d| d.severity_itic.unwrap_or(f64::NAN)))?
        .copy("severity_semi_f47", i.dips.iter().map(|d| d.severity_semi_f47.unwrap_or(f64::NAN)))?
        .copy("score", i.dips.iter().map(|d| d.score))?;
    Ok((about, columns.dict))
}
