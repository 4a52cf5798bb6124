//! The recording held against standards: a table of verdicts for each.

use kilat_core::diagnosis::Lang;
use kilat_core::limits::{Compliance, Line, Quantity, Span, Statistic, Status};
use serde::Serialize;

use super::view::View;

/// One standard.
#[derive(Serialize)]
pub(super) struct Panel {
    title: &'static str,
    verdict: String,
    class: &'static str,
    rows: Vec<Row>,
    not_judged: Vec<String>,
    notes: Vec<&'static str>,
}

#[derive(Serialize)]
struct Row {
    clause: &'static str,
    quantity: String,
    statistic: String,
    limit: String,
    measured: String,
    margin: String,
    worst: String,
    verdict: String,
    class: &'static str,
}

/// A panel per standard of the options.
pub(super) fn panels(v: &View) -> Vec<Panel> {
    let of = |c: Compliance| Panel {
        title: c.standard.title(),
        verdict: verdict(v, c.status()),
        class: class(c.status()),
        rows: c.digest().iter().map(|line| row(v, line)).collect(),
        not_judged: c.not_judged.iter().map(|n| format!("{}: {}: {}", n.clause, n.what, n.why)).collect(),
        notes: c.notes,
    };
    v.options.standards.iter().map(|s| of(v.a.compliance(*s, &v.options.site))).collect()
}

fn row(v: &View, line: &Line) -> Row {
    let verdict_of = line.verdict;
    let limit = verdict_of.limit;
    let unit = limit.quantity.unit();
    let number = |x: f64| {
        if x.is_finite() { format!("{} {unit}", v.n(x, 2)).trim_end().to_owned() } else { "–".into() }
    };
    let mut quantity = quantity(v, limit.quantity);
    if let Some(c) = verdict_of.channel {
        quantity = format!("{quantity}, {}", v.name(c));
    }
    if line.others > 0 {
        quantity = format!("{quantity} ({} {})", line.others, v.t.orders_no_worse);
    }
    let worst = verdict_of.worst.map_or("–".to_owned(), |w| {
        let at =
            v.moment(w.start_sample).unwrap_or_else(|| format!("{} s", v.n(v.a.seconds(w.start_sample), 1)));
        format!("{} · {at}", number(w.value))
    });
    Row {
        clause: limit.clause,
        quantity,
        statistic: statistic(v, limit.statistic),
        limit: match (limit.lower.is_finite(), limit.upper.is_finite()) {
            (true, true) => format!("{} – {}", v.n(limit.lower, 2), number(limit.upper)),
            (true, false) => format!("≥ {}", number(limit.lower)),
            _ => format!("≤ {}", number(limit.upper)),
        },
        measured: number(verdict_of.measured),
        margin: number(verdict_of.margin),
        worst,
        verdict: verdict(v, verdict_of.status),
        class: class(verdict_of.status),
    }
}

/// Class of the verdict's mark, those of the regions.
fn class(status: Status) -> &'static str {
    match status {
        Status::Compliant => "no_interruption",
        Status::Violated => "prohibited",
        Status::NotEnoughData { .. } => "unstated",
    }
}

fn verdict(v: &View, status: Status) -> String {
    match status {
        Status::Compliant => v.t.compliant.into(),
        Status::Violated => v.t.violated.into(),
        Status::NotEnoughData { needed_s, have_s } if needed_s > 0.0 => {
            format!("{}: {} / {}", v.t.not_enough_data, days(v, have_s), days(v, needed_s))
        }
        Status::NotEnoughData { .. } => v.t.not_enough_data.into(),
    }
}

/// A time, long ones in days.
fn days(v: &View, s: f64) -> String {
    if s < 172_800.0 { v.duration(s) } else { format!("{} {}", v.n(s / 86_400.0, 1), v.t.days) }
}

fn statistic(v: &View, s: Statistic) -> String {
    let share = f64::from(s.share_permille) / 10.0;
    let share = v.n(share, usize::from(share.fract() != 0.0));
    let mean = s.mean.name();
    match v.lang {
        Lang::En => format!("{share} % of {mean} values of a {}", s.span.name()),
        Lang::Id => {
            let span = match s.span {
                Span::Day => "sehari",
                Span::Week => "seminggu",
                Span::Year => "setahun",
            };
            format!(
                "{share} % nilai {} dalam {span}",
                mean.replace("min", "menit").replace('h', "jam").replace(" s", " detik")
            )
        }
    }
}

fn quantity(v: &View, quantity: Quantity) -> String {
    let t = v.t;
    match quantity {
        Quantity::Frequency => t.frequency.into(),
        Quantity::Voltage => t.limit_voltage.into(),
        Quantity::Plt => "Plt".into(),
        Quantity::Unbalance => t.limit_unbalance.into(),
        Quantity::VoltageThd(orders) => format!("{} {orders}", t.limit_thd),
        Quantity::VoltageHarmonic(order) => format!("{} {order}", t.limit_harmonic_v),
        Quantity::CurrentHarmonic(order) => format!("{} {order}", t.limit_harmonic_i),
        Quantity::Tdd => t.limit_tdd.into(),
    }
}
