//! Holds limits against the tables of an analysis.

use super::{Limit, Mean, Quantity, Site, Statistic, Status, Verdict, Worst};
use crate::capture::{Kind, Phase};
use crate::engine::analysis::{Analysis, Flags, Intervals, Measurements};
use crate::limits::indices::supply_interruptions;

/// One value with the time it stands for.
#[derive(Debug, Clone, Copy)]
struct Value {
    x: f64,
    start_sample: f64,
    stop_sample: f64,
    /// Time that no value before holds, in seconds.
    covered_s: f64,
    excluded: bool,
}

/// Values of one channel, or of the system.
struct Series {
    channel: Option<usize>,
    values: Vec<Value>,
}

/// What limits of one quantity and statistic are about, for a remark: single harmonics by their orders.
pub fn subject(first: &Limit, last: &Limit) -> String {
    let (name, statistic) = (first.quantity.name(), first.statistic);
    match (first.quantity.order(), last.quantity.order()) {
        (Some(a), Some(b)) => format!("{name} of orders {a} to {b}, {statistic}"),
        _ => format!("{name}, {statistic}"),
    }
}

/// The verdict on `limit`, or why there can be none.
pub fn judge(a: &Analysis, site: &Site, limit: Limit) -> Result<Verdict, String> {
    let all = series(a, site, &limit)?;
    let verdicts = all.iter().map(|s| verdict(a, limit, s));
    verdicts.max_by(worse).ok_or_else(|| "the recording has no channel for it".into())
}

/// Order of verdicts: a violation is worst, then what lacks data, each by its margin; a verdict on nothing is better than any.
fn worse(a: &Verdict, b: &Verdict) -> std::cmp::Ordering {
    let rank = |v: &Verdict| match v.status {
        _ if v.values == 0 => 0,
        Status::Compliant => 1,
        Status::NotEnoughData { .. } => 2,
        Status::Violated => 3,
    };
    let worst = |v: &Verdict| v.worst.map_or(f64::NEG_INFINITY, |w| v.limit.beyond(w.value));
    rank(a).cmp(&rank(b)).then(b.margin.total_cmp(&a.margin)).then(worst(a).total_cmp(&worst(b)))
}

/// The worst verdict over the days, weeks or years of one series.
fn verdict(a: &Analysis, limit: Limit, series: &Series) -> Verdict {
    let span_s = limit.statistic.span.seconds();
    let second = |v: &Value| a.seconds(v.start_sample);
    let mut rest = &series.values[..];
    let mut verdicts: Vec<Verdict> = Vec::new();
    while let Some(first) = rest.first() {
        // A hair less, so that a value that begins where the next span does is not counted into this one.
        let end_s = second(first) + span_s - 1e-3;
        let (values, others) = rest.split_at(rest.partition_point(|v| second(v) < end_s));
        verdicts.push(Verdict { channel: series.channel, ..of_span(limit, values) });
        rest = others;
    }
    // A last, unfinished span says nothing new once a whole one has been judged.
    if let [whole @ .., last] = &verdicts[..]
        && matches!(last.status, Status::NotEnoughData { .. })
        && whole.iter().any(|v| !matches!(v.status, Status::NotEnoughData { .. }))
    {
        verdicts.pop();
    }
    verdicts.into_iter().max_by(worse).unwrap_or_else(|| of_span(limit, &[]))
}

fn of_span(limit: Limit, values: &[Value]) -> Verdict {
    let Statistic { share_permille, mean, span } = limit.statistic;
    let mut judged: Vec<&Value> = values.iter().filter(|v| !v.excluded).collect();
    let nearest_first = |a: &&Value, b: &&Value| limit.beyond(a.x).total_cmp(&limit.beyond(b.x));
    let worst = judged.iter().copied().max_by(nearest_first);
    let beyond = judged.iter().filter(|v| limit.beyond(v.x) > 0.0).count();
    let have_s = values.iter().fold(0.0, |sum, v| sum + v.covered_s).min(span.seconds());
    // What is missing, in values. Means overlap a little at ticks and end a little early: not more than this matters.
    let missing = (((span.seconds() - have_s) / mean.seconds()) - 0.01).max(0.0);
    let allowed = f64::from(1000 - share_permille) / 1000.0 * (judged.len() as f64 + missing);
    let complete = missing * mean.seconds() <= Status::TOLERATED_GAP * span.seconds();
    let certain =
        if share_permille == 1000 { beyond == 0 } else { beyond as f64 + missing <= allowed + 1e-9 };
    let status = if beyond as f64 > allowed + 1e-9 {
        Status::Violated
    } else if !judged.is_empty() && complete && certain {
        Status::Compliant
    } else {
        Status::NotEnoughData { needed_s: span.seconds(), have_s }
    };
    // The k-th of n values in order of distance: the share of 1 … k is at least that required.
    let k = (judged.len() * share_permille as usize).div_ceil(1000);
    let at_share = k.checked_sub(1).map(|k| judged.select_nth_unstable_by(k, nearest_first).1.x);
    let measured = at_share.unwrap_or(f64::NAN);
    Verdict {
        limit,
        status,
        channel: None,
        measured,
        margin: -limit.beyond(measured),
        values: judged.len(),
        beyond,
        excluded: values.len() - judged.len(),
        worst: worst.map(|v| Worst { value: v.x, start_sample: v.start_sample, stop_sample: v.stop_sample }),
    }
}

/// Values that `limit` is on; flagged ones are left out as IEC 61000-4-30 allows, except that of a voltage only interruptions are.
fn series(a: &Analysis, site: &Site, limit: &Limit) -> Result<Vec<Series>, String> {
    let measured = match limit.statistic.mean {
        Mean::ThreeSeconds => &a.aggregates.cycles_150,
        _ => &a.aggregates.ten_minutes,
    };
    let i = &measured.intervals;
    let subgroup = |row: usize, c: usize, h: usize| f64::from(measured.harmonics.subgroup[[row, c, h]]);
    let event = |row: usize| i.flags[row].contains(Flags::EVENT);
    let supply = || supply_voltages(a).into_iter();
    let per_channel = |channels: &mut dyn Iterator<Item = usize>, x: &dyn Fn(usize, usize) -> f64| {
        let one = |c: usize| Series { channel: Some(c), values: rows(i, event, |row| x(row, c)) };
        channels.map(one).collect::<Vec<_>>()
    };
    let reached = |orders: usize, channels: Vec<usize>| within_reach(measured, orders, &channels);
    Ok(match limit.quantity {
        Quantity::Frequency => vec![frequency(a)],
        Quantity::Plt => supply().map(|c| plt(a, c)).collect(),
        Quantity::Voltage => {
            let interruptions = supply_interruptions(a);
            let out = |row: usize| {
                interruptions
                    .iter()
                    .any(|e| e.start_sample < i.stop_sample[row] && e.stop_sample > i.start_sample[row])
            };
            let one = |c: usize| {
                let udin_v = a.channels[c].udin_v;
                Series { channel: Some(c), values: rows(i, out, |row| 100.0 * i.rms[[row, c]] / udin_v) }
            };
            supply().map(one).collect()
        }
        Quantity::Unbalance => {
            let u2 = &measured.unbalance.u2_pct;
            if u2.is_empty() && !i.flags.is_empty() {
                return Err("it needs the voltages of three phases".into());
            }
            vec![Series { channel: None, values: rows(i, event, |row| u2[row]) }]
        }
        Quantity::VoltageThd(orders) => {
            reached(orders, supply().collect())?;
            per_channel(&mut supply(), &|row, c| {
                let squares: f64 = (2..=orders).map(|h| subgroup(row, c, h).powi(2)).sum();
                100.0 * squares.sqrt() / subgroup(row, c, 1)
            })
        }
        Quantity::VoltageHarmonic(order) => {
            reached(order, supply().collect())?;
            per_channel(&mut supply(), &|row, c| 100.0 * subgroup(row, c, order) / subgroup(row, c, 1))
        }
        Quantity::CurrentHarmonic(order) => {
            let demand_a = demand(site)?;
            reached(order, line_currents(a))?;
            per_channel(&mut line_currents(a).into_iter(), &|row, c| {
                100.0 * subgroup(row, c, order) / demand_a
            })
        }
        Quantity::Tdd => {
            let demand_a = demand(site)?;
            reached(50, line_currents(a))?;
            per_channel(&mut line_currents(a).into_iter(), &|row, c| {
                let squares: f64 = (2..=50).map(|h| subgroup(row, c, h).powi(2)).sum();
                100.0 * squares.sqrt() / demand_a
            })
        }
    })
}

/// Values of intervals that hold all of their time.
fn rows(i: &Intervals, excluded: impl Fn(usize) -> bool, x: impl Fn(usize) -> f64) -> Vec<Value> {
    let whole = (0..i.flags.len()).filter(|&row| !i.flags[row].contains(Flags::INCOMPLETE));
    let value = |row: usize| Value {
        x: x(row),
        start_sample: i.start_sample[row],
        stop_sample: i.stop_sample[row],
        covered_s: i.covered_s[row],
        excluded: excluded(row),
    };
    whole.map(value).filter(|v| v.x.is_finite() || v.excluded).collect()
}

fn frequency(a: &Analysis) -> Series {
    let f = &a.frequency;
    let value = |row: usize| Value {
        x: f.hz[row],
        start_sample: f.start_sample[row],
        stop_sample: f.stop_sample[row],
        covered_s: Mean::TenSeconds.seconds(),
        excluded: f.flags[row].contains(Flags::EVENT),
    };
    Series { channel: None, values: (0..f.hz.len()).map(value).collect() }
}

fn plt(a: &Analysis, channel: usize) -> Series {
    let t = a.flicker.get(channel).map(|f| &f.plt);
    let settled = t.into_iter().flat_map(|t| {
        let whole = (0..t.severity.len()).filter(|&row| !t.flags[row].contains(Flags::UNSETTLED));
        whole.map(|row| Value {
            x: t.severity[row],
            start_sample: t.start_sample[row],
            stop_sample: t.stop_sample[row],
            covered_s: Mean::TwoHours.seconds(),
            excluded: t.flags[row].contains(Flags::EVENT),
        })
    });
    Series { channel: Some(channel), values: settled.collect() }
}

/// Voltages with a declared value, which the one between neutral and earth has not.
fn supply_voltages(a: &Analysis) -> Vec<usize> {
    a.voltages().filter(|&c| a.channels[c].phase != Some(Phase::N)).collect()
}

/// Currents of the lines, not that of the neutral.
fn line_currents(a: &Analysis) -> Vec<usize> {
    let channels = a.channels.iter().enumerate();
    channels.filter(|(_, c)| c.kind == Kind::Current && c.phase != Some(Phase::N)).map(|c| c.0).collect()
}

fn demand(site: &Site) -> Result<f64, String> {
    site.demand_a.ok_or_else(|| "it needs the demand current IL".into())
}

/// Refuses an order that the sampling rate or the settings do not reach.
fn within_reach(measured: &Measurements, order: usize, channels: &[usize]) -> Result<(), String> {
    let s = &measured.harmonics.subgroup;
    let (rows, columns, orders) = s.dim();
    let known =
        |h: usize| channels.iter().any(|&c| c < columns && (0..rows).any(|row| s[[row, c, h]].is_finite()));
    match (0..orders).rev().find(|&h| known(h)) {
        Some(highest) if highest < order => Err(format!("harmonics are measured up to order {highest}")),
        // Without any value the length of the recording is what is lacking.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
