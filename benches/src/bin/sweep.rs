//! How the cost of the whole analysis grows: with sampling rate, channels, orders, length and threads.
//!
//! usage: sweep [PLOT.svg]
//!
//! Prints a row per point, as a table, and the exponents of growth; draws throughput against sampling rate.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use kilat::engine::offline::analyze;
use kilat::{Capture, Channel, Config};
use kilat_benches::capture;
use plotters::prelude::*;

/// Channel samples of a point, about.
const SAMPLES: f64 = 24e6;
/// Runs of a point; the best counts, because other load only slows.
const RUNS: usize = 3;
const RATES_HZ: [f64; 8] = [3200.0, 6400.0, 12_800.0, 25_600.0, 51_200.0, 102_400.0, 256_000.0, 512_000.0];

/// Best time of a run, in seconds.
fn seconds(capture: &Capture, config: &Config, threads: usize) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        let analysis = analyze(capture, config, threads)?;
        best = best.min(start.elapsed().as_secs_f64());
        assert!(analysis.intervals.frequency_hz.iter().all(|f| (f - 50.02).abs() < 1e-3));
    }
    Ok(best)
}

/// A capture with its six channels over and over, under other names.
fn wide(rate_hz: f64, samples: usize, channels: usize) -> Result<Capture, Box<dyn Error>> {
    let six = capture(rate_hz, samples);
    let channel = |k: usize| {
        let c = &six.channels()[k % 6];
        if k < 6 { c.clone() } else { Channel { name: format!("{k}"), phase: None, ..c.clone() } }
    };
    Ok(Capture::new(six.time().clone(), (0..channels).map(channel).collect())?)
}

/// Slope of ln y over ln x.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let logs = || points.iter().map(|(x, y)| (x.ln(), y.ln()));
    let (mx, my) = (logs().map(|p| p.0).sum::<f64>() / n, logs().map(|p| p.1).sum::<f64>() / n);
    let both: f64 = logs().map(|(x, y)| (x - mx) * (y - my)).sum();
    both / logs().map(|(x, _)| (x - mx).powi(2)).sum::<f64>()
}

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::class_a(230.0, 50.0);
    let mut out = std::io::stdout();
    writeln!(out, "| what | value | threads | M samples/s |\n|---|---|---|---|")?;
    let mut growth: Vec<(&str, Vec<(f64, f64)>)> = Vec::new();
    let mut curves: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
    let mut point = |what: &'static str, x: f64, capture: &Capture, config: &Config, threads: usize| {
        let seconds = seconds(capture, config, threads)?;
        let rate = capture.channels().len() as f64 * capture.len() as f64 / seconds;
        writeln!(out, "| {what} | {x} | {threads} | {:.1} |", rate / 1e6)?;
        Ok::<_, Box<dyn Error>>((seconds, rate))
    };
    let mut cost = Vec::new();
    for rate_hz in RATES_HZ {
        let samples = (SAMPLES / 6.0).min(120.0 * rate_hz) as usize;
        let six = capture(rate_hz, samples);
        for threads in [1, 2] {
            let (seconds, rate) = point("sampling rate, Hz", rate_hz, &six, &config, threads)?;
            curves.entry(threads).or_default().push((rate_hz, rate / 1e6));
            if threads == 1 && rate_hz >= 50_000.0 {
                cost.push((rate_hz, seconds * rate_hz / samples as f64));
            }
        }
    }
    growth.push(("sampling rate, from 51.2 kHz up", cost));
    let samples = 10 * 51_200;
    let mut cost = Vec::new();
    for channels in [1, 3, 6, 12, 24] {
        let capture = wide(51_200.0, samples, channels)?;
        cost.push((channels as f64, point("channels", channels as f64, &capture, &config, 1)?.0));
    }
    growth.push(("channels, from 6 up", cost.split_off(2)));
    let mut cost = Vec::new();
    for length_s in [5.0, 10.0, 20.0, 40.0] {
        let six = capture(51_200.0, (length_s * 51_200.0) as usize);
        cost.push((length_s, point("length, s", length_s, &six, &config, 1)?.0));
    }
    growth.push(("length", cost));
    let mut cost = Vec::new();
    for orders in [10, 20, 30, 40, 50] {
        let config = Config { orders: Some(orders), thd_orders: orders.min(40), ..config.clone() };
        cost.push((
            orders as f64,
            point("orders", orders as f64, &capture(51_200.0, samples), &config, 1)?.0,
        ));
    }
    growth.push(("orders", cost));
    writeln!(out, "\n| cost grows with | to the power |\n|---|---|")?;
    for (what, points) in &growth {
        writeln!(out, "| {what} | {:.2} |", exponent(points))?;
    }
    match std::env::args().nth(1) {
        Some(path) => plot(&path, &curves),
        None => Ok(()),
    }
}

/// Throughput against sampling rate, a curve per number of threads.
fn plot(path: &str, curves: &BTreeMap<usize, Vec<(f64, f64)>>) -> Result<(), Box<dyn Error>> {
    let top = curves.values().flatten().map(|p| p.1).fold(0.0, f64::max) * 1.1;
    let area = SVGBackend::new(path, (760, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d((3000.0..560_000.0).log_scale(), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("sampling rate, Hz (six channels, f32 in memory, everything on)")
        .y_desc("M channel samples per second")
        .light_line_style(WHITE)
        .draw()?;
    for (threads, points) in curves {
        let colour = Palette99::pick(*threads).to_rgba();
        let label = format!("{threads} thread{}", if *threads > 1 { "s" } else { "" });
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).border_style(BLACK).draw()?;
    area.present()?;
    Ok(())
}
