//! What `kilat analyze` prints for people.

use std::fmt::Write as _;

use kilat::Config;
use kilat::Part;
use kilat::output::Happened;

use super::figures::Figures;
use crate::print::{self, duration, fit, fixed};

/// Most rows of the event and transient tables on the terminal.
const ROWS: usize = 40;

/// What a page shows.
pub struct Overview {
    pub figures: Figures,
    pub happened: Happened,
}

pub fn page(Overview { figures: f, happened: h }: &Overview) -> String {
    let o = &f.origin;
    let mut text = format!("{}: {}", o.file, o.format);
    for part in [o.station.clone(), o.start.map_or(String::new(), |t| t.to_string()), duration(o.duration_s)]
    {
        if !part.is_empty() {
            let _ = write!(text, ", {part}");
        }
    }
    let c = &f.config;
    let _ = write!(
        text,
        "\n  Udin {} V, {} Hz, {:?} wiring, class {:?}, {}; {} intervals of {} cycles, {} flagged\n",
        fit(c.nominal_voltage_v),
        c.nominal_frequency_hz,
        f.wiring,
        c.class,
        c.edition,
        f.intervals,
        c.cycles(),
        f.flagged
    );
    for w in &f.assumed {
        let _ = writeln!(text, "  note: {w}");
    }
    text.push('\n');
    text += &quantities(f);
    text += &energy(f);
    text += &events(h);
    text += &rapid_changes(h);
    text += &bursts(c, h);
    text += &supraharmonics(f);
    text += &transients(c, h);
    text += &findings(c, h);
    text += &recurrences(h);
    if !h.warnings.is_empty() {
        text.push_str("\nwarnings\n");
        for w in &h.warnings {
            let _ = writeln!(text, "  {w}");
        }
    }
    text
}

fn quantities(figures: &Figures) -> String {
    let rows = figures.quantities.iter().filter(|q| q.range.mean.is_finite()).map(|q| {
        let mut cells = vec![q.what.clone(), q.of.clone(), q.unit.to_owned()];
        cells.extend([q.range.min, q.range.mean, q.range.max].map(q.show));
        cells
    });
    print::table(&["quantity", "channel", "unit", "min", "mean", "max"], rows, 3)
}

/// Energy of all pairs together, in one line.
fn energy(f: &Figures) -> String {
    f.energy.as_ref().map_or(String::new(), |e| {
        // What rounds to zero is zero to a reader: no exponents.
        let n = |v| fixed(v, 3);
        format!(
            "\nenergy in {}: import {} Wh, export {} Wh, apparent {} VAh, reactive {} varh (quadrants I to IV)\n",
            duration(e.counted_s),
            n(e.import_wh),
            n(e.export_wh),
            n(e.apparent_vah),
            e.reactive_varh.map(n).join(" / ")
        )
    })
}

/// A heading, a table, and how many rows it leaves out.
fn section(name: &str, total: usize, header: &[&str], rows: Vec<Vec<String>>, numbers: usize) -> String {
    if total == 0 {
        return format!("\n{name}: none\n");
    }
    let mut text = format!("\n{name}\n") + &print::table(header, rows, numbers);
    if total > ROWS {
        let _ = writeln!(text, "  and {} more: --json or -o FILE.csv has them all", total - ROWS);
    }
    text
}

fn events(h: &Happened) -> String {
    let rows = h.events.iter().take(ROWS).map(|e| {
        let open = if e.open { " (cut off)" } else { "" };
        let system = if e.polyphase { "system: " } else { "" };
        vec![
            format!("{:?}", e.kind).to_lowercase(),
            format!("{system}{}", e.channels.join(" ")),
            format!("{}{open}", e.category),
            format!("{:?}", e.itic).chars().flat_map(spaced).collect(),
            fixed(e.start_s, 3),
            fixed(e.duration_s, 3),
            fit(e.residual_v),
            fixed(100.0 * e.magnitude_pu, 1),
        ]
    });
    let header = ["kind", "channels", "category", "ITIC", "start s", "duration s", "V", "% Udin"];
    section("events", h.events.len(), &header, rows.collect(), 4)
}

fn rapid_changes(h: &Happened) -> String {
    let rows = h.rvc.iter().take(ROWS).map(|e| {
        let open = if e.open { " (cut off)" } else { "" };
        vec![
            format!("{}{open}", e.channels.join(" ")),
            fixed(e.start_s, 3),
            fixed(e.duration_s, 3),
            fit(e.delta_steady_v),
            fixed(e.delta_steady_pct, 2),
            fit(e.delta_max_v),
            fixed(e.delta_max_pct, 2),
        ]
    });
    let header = ["channels", "start s", "duration s", "ΔUss V", "ΔUss %", "ΔUmax V", "ΔUmax %"];
    section("rapid voltage changes", h.rvc.len(), &header, rows.collect(), 1)
}

/// Bursts of the tones that the settings name; nothing without tones.
fn bursts(config: &Config, h: &Happened) -> String {
    if config.signalling.is_empty() {
        return String::new();
    }
    let rows = h.bursts.iter().take(ROWS).map(|b| {
        let open = if b.open { " (cut off)" } else { "" };
        vec![
            format!("{}{open}", b.channel),
            fit(b.hz),
            fixed(b.start_s, 3),
            fixed(b.duration_s, 3),
            fit(b.largest_v),
            fixed(b.largest_pct, 2),
        ]
    });
    let header = ["channel", "Hz", "start s", "duration s", "largest V", "% Udin"];
    section("bursts of mains signalling", h.bursts.len(), &header, rows.collect(), 1)
}

/// The strongest emission of each channel, below and above 9 kHz.
fn supraharmonics(f: &Figures) -> String {
    let Some(s) = &f.supraharmonics else { return String::new() };
    let strongest = |hz: &[f64], values: &[f64]| {
        let all = hz.iter().zip(values).filter(|(_, v)| v.is_finite());
        all.max_by(|a, b| a.1.total_cmp(b.1)).map(|(hz, v)| (*hz, *v))
    };
    let mut rows = Vec::new();
    for (c, unit) in s.channels.iter().zip(&f.units) {
        let ranges = [("2 to 9 kHz", &s.low_hz, &c.low_mean), ("9 to 150 kHz", &s.high_hz, &c.high_mean)];
        for (range, hz, values) in ranges {
            let Some((hz, v)) = strongest(hz, values) else { continue };
            rows.push(vec![c.channel.clone(), range.into(), (*unit).into(), fit(hz), fit(v)]);
        }
    }
    section(
        "strongest emission above order 50",
        rows.len(),
        &["channel", "range", "unit", "Hz", "r.m.s."],
        rows,
        2,
    )
}

/// The letters of a name in `CamelCase`, as words.
fn spaced(c: char) -> Vec<char> {
    if c.is_uppercase() { vec![' ', c.to_ascii_lowercase()] } else { vec![c] }
}

fn transients(config: &Config, h: &Happened) -> String {
    if !config.measures(Part::Transients) {
        return "\ntransients: not measured\n".into();
    }
    let rows = h.transients.iter().take(ROWS).map(|t| {
        let mut remarks = Vec::new();
        if t.clipped {
            remarks.push("clipped: true peak is larger");
        }
        if !t.resolvable {
            remarks.push("rate too low: peak is a lower limit");
        }
        vec![
            format!("{:?}", t.kind).to_lowercase(),
            t.channel.clone(),
            remarks.join("; "),
            fixed(t.start_s, 6),
            duration(t.duration_s),
            fit(t.peak_v),
            fixed(t.peak_pu, 2),
            duration(t.rise_s),
            fixed(t.ringing_hz, 0),
        ]
    });
    let header = ["kind", "channel", "remark", "start s", "duration", "peak V", "pu", "rise", "ringing Hz"];
    section("transients", h.transients.len(), &header, rows.collect(), 3)
}

/// What happened more than once; nothing when nothing did.
fn recurrences(h: &Happened) -> String {
    if h.recurrences.is_empty() {
        return String::new();
    }
    let lines = h.recurrences.iter().take(ROWS).map(|r| format!("  {}\n", r.text));
    let mut text = format!("\nrecurring\n{}", lines.collect::<String>());
    if h.recurrences.len() > ROWS {
        let _ = writeln!(text, "  and {} more: --json has them all", h.recurrences.len() - ROWS);
    }
    text
}

fn findings(config: &Config, h: &Happened) -> String {
    if !config.only.is_empty() {
        return "\nprobable causes: not sought\n".into();
    }
    if h.findings.is_empty() {
        return "\nprobable causes: none that kilat has a rule for\n".into();
    }
    let mut text = String::from("\nprobable causes\n");
    for x in &h.findings {
        let (percent, span) = (fixed(100.0 * x.confidence, 0), (fixed(x.start_s, 2), fixed(x.stop_s, 2)));
        let _ = writeln!(
            text,
            "  {} ({percent} %), {} to {} s, {}",
            x.cause.id(),
            span.0,
            span.1,
            x.channels.join(" ")
        );
        let parts =
            x.rules_for.iter().map(|r| ("for", r)).chain(x.rules_against.iter().map(|r| ("against", r)));
        for (label, rule) in parts.chain([("refuted by", &x.refuted_by), ("do", &x.recommendation)]) {
            let _ = writeln!(text, "    {label}: {rule}");
        }
    }
    text
}
