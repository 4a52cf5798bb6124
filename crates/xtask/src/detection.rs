//! `cargo xtask detection`: how small a disturbance is found, against single triggers.

use std::fmt::Write as _;
use std::path::Path;
use std::thread;

use kilat::conformance::detection::{CONDITIONS, Condition, Detectors, Kind, Options, detectors, names};

/// What was found of one kind and size, in %: by condition and detector.
struct Row {
    kind: Kind,
    size: f64,
    found: Vec<Vec<f64>>,
}

/// Runs everything, prints the tables of docs/accuracy.md, and draws the curves when asked to.
pub fn run(options: &Options, plot: Option<&Path>) -> Result<String, String> {
    let detectors = detectors(options).map_err(|e| e.to_string())?;
    let heads = CONDITIONS.map(in_words);
    let names = names();
    let row = |name: &str, cells: &[String]| println!("| {name} | {} |", cells.join(" | "));
    let head = |first: &str, rest: &[String]| {
        row(first, rest);
        println!("|{}", "---|".repeat(rest.len() + 1));
    };
    println!("{} kHz, {} h and {} trials each\n", options.rate_hz / 1e3, options.hours, options.trials);
    head("false alarms", &heads);
    for (k, name) in names.iter().take(2).enumerate() {
        let counts: Vec<String> = detectors.iter().map(|d| d.false_alarms[k].to_string()).collect();
        row(name, &counts);
    }
    println!("\nfound, in %: {}, {} / the best single trigger\n", names[0], names[1]);
    head("disturbance", &heads);
    let mut rows = Vec::new();
    for kind in Kind::all(options.rate_hz) {
        for &size in kind.sizes() {
            let found = each(&detectors, |d| d.found_pct(options, kind, size))
                .into_iter()
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| e.to_string())?;
            let cell = |f: &Vec<f64>| {
                let best = f[2..].iter().copied().fold(0.0, f64::max);
                format!("{:.0}, {:.0} / {best:.0}", f[0], f[1])
            };
            let cells: Vec<String> = found.iter().map(cell).collect();
            row(&format!("{} {:.0} %", kind.name(), size * 100.0), &cells);
            rows.push(Row { kind, size, found });
        }
    }
    println!("\nfound, in %, over all sizes and conditions\n");
    let kinds = Kind::all(options.rate_hz);
    head("detector", &kinds.iter().map(|k| k.name()).collect::<Vec<_>>());
    for (k, name) in names.iter().enumerate() {
        let mean = |kind: &Kind| {
            let of = rows.iter().filter(|r| r.kind == *kind).flat_map(|r| &r.found).map(|f| f[k]);
            let (sum, count) = of.fold((0.0, 0), |(sum, count), f| (sum + f, count + 1));
            format!("{:.0}", sum / f64::from(count))
        };
        row(name, &kinds.iter().map(mean).collect::<Vec<_>>());
    }
    if let Some(path) = plot {
        std::fs::write(path, curves(&rows, &names, options))
            .map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(format!("seed {}", options.seed))
}

fn in_words(c: Condition) -> String {
    format!("{} dB{}", c.snr_db, if c.unsteady { ", unsteady" } else { "" })
}

/// What `of` says of each, half of them on another thread.
fn each<T: Send>(all: &[Detectors], of: impl Fn(&Detectors) -> T + Sync) -> Vec<T> {
    let (one, other) = all.split_at(all.len() / 2);
    thread::scope(|scope| {
        let helper = scope.spawn(|| one.iter().map(&of).collect::<Vec<_>>());
        let rest: Vec<T> = other.iter().map(&of).collect();
        helper.join().unwrap_or_default().into_iter().chain(rest).collect()
    })
}

/// Kinds that are drawn: of the others every detector of note finds all.
const DRAWN: [Kind; 4] = [Kind::Impulse, Kind::Ringing(300.0), Kind::Ringing(2500.0), Kind::Notching];
/// Width and height of one field with its margin, and of the curves in it.
const FIELD: [f64; 2] = [128.0, 104.0];
const INSIDE: [f64; 2] = [108.0, 76.0];
/// Where the fields begin.
const CORNER: [f64; 2] = [62.0, 56.0];

/// Detection against size: one row of fields for each kind, one column for each condition.
fn curves(rows: &[Row], names: &[String], options: &Options) -> String {
    let [width, height] =
        [CORNER[0] + FIELD[0] * CONDITIONS.len() as f64, CORNER[1] + FIELD[1] * DRAWN.len() as f64 + 14.0];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"10\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    // What stands out is drawn last.
    let style = |k: usize| match names[k].as_str() {
        _ if k == 1 => ("#1558b0", 2.4_f64, ""),
        "cycle difference, tracked" => ("#d9660a", 1.3, ""),
        "high-pass 2 kHz" => ("#1d8a4d", 1.3, " stroke-dasharray=\"4 2\""),
        _ => ("#b5b5b5", 0.8, ""),
    };
    let mut order: Vec<usize> = (1..names.len()).collect();
    order.sort_by(|a, b| style(*a).1.total_cmp(&style(*b).1));
    let mut text = |x: f64, y: f64, anchor: &str, what: &str| {
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{what}</text>");
    };
    text(
        CORNER[0],
        14.0,
        "start",
        &format!("found, in %, against size, in % of the peak; {} kHz", options.rate_hz / 1e3),
    );
    for (column, condition) in CONDITIONS.iter().enumerate() {
        let x = CORNER[0] + FIELD[0] * column as f64 + INSIDE[0] / 2.0;
        text(x, CORNER[1] - 6.0, "middle", &in_words(*condition));
    }
    for (line, kind) in DRAWN.iter().enumerate() {
        let y = CORNER[1] + FIELD[1] * line as f64;
        for (k, word) in kind.name().split(", ").enumerate() {
            text(4.0, y + INSIDE[1] / 2.0 + 12.0 * k as f64, "start", word);
        }
        text(CORNER[0] - 4.0, y + 8.0, "end", "100");
        text(CORNER[0] - 4.0, y + INSIDE[1], "end", "0");
        let sizes = kind.sizes();
        let (least, most) = (sizes[0], sizes[sizes.len() - 1]);
        let along = |size: f64| INSIDE[0] * (size / least).ln() / (most / least).ln();
        for column in 0..CONDITIONS.len() {
            let x = CORNER[0] + FIELD[0] * column as f64;
            for &size in sizes {
                text(x + along(size), y + INSIDE[1] + 11.0, "middle", &format!("{:.0}", 100.0 * size));
            }
        }
    }
    let legend =
        [(1, names[1].as_str()), (3, names[3].as_str()), (6, names[6].as_str()), (4, "other triggers")];
    for (k, (of, name)) in legend.into_iter().enumerate() {
        let x = CORNER[0] + 190.0 * k as f64;
        let (colour, thick, dash) = style(of);
        let _ = writeln!(
            svg,
            "<path d=\"M{x} 28h22\" stroke=\"{colour}\" stroke-width=\"{thick}\"{dash}/>\n<text x=\"{}\" y=\"31\">{name}</text>",
            x + 27.0
        );
    }
    for (line, kind) in DRAWN.iter().enumerate() {
        let of_kind: Vec<&Row> = rows.iter().filter(|r| r.kind == *kind).collect();
        let sizes = kind.sizes();
        let (least, most) = (sizes[0], sizes[sizes.len() - 1]);
        for column in 0..CONDITIONS.len() {
            let (x, y) = (CORNER[0] + FIELD[0] * column as f64, CORNER[1] + FIELD[1] * line as f64);
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#ddd\"/>",
                INSIDE[0], INSIDE[1]
            );
            for &k in &order {
                let (colour, thick, dash) = style(k);
                let points: Vec<String> = of_kind
                    .iter()
                    .map(|r| {
                        let across = x + INSIDE[0] * (r.size / least).ln() / (most / least).ln();
                        let up = y + INSIDE[1] * (1.0 - r.found[column][k] / 100.0);
                        format!("{across:.0},{up:.0}")
                    })
                    .collect();
                let _ = writeln!(
                    svg,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{thick}\"{dash}/>",
                    points.join(" ")
                );
            }
        }
    }
    svg + "</svg>\n"
}
