//! What `kilat analyze` prints for people.

use std::fmt::Write as _;

use kilat::engine::sink::Period;
use kilat::output::{self, AnalysisOutput, Range, SeverityColumns};
use kilat::{Flags, Kind, Part};

use crate::print::{self, duration, fit, fixed};

/// Most rows of the event and transient tables on the terminal.
const ROWS: usize = 40;

pub fn page(f: &AnalysisOutput) -> String {
    let o = &f.origin;
    let mut text = format!("{}: {}", o.file, o.format);
    for part in [o.station.clone(), o.start.map_or(String::new(), |t| t.to_string()), duration(o.duration_s)]
    {
        if !part.is_empty() {
            let _ = write!(text, ", {part}");
        }
    }
    let c = &f.config;
    let s = &f.summary;
    let _ = write!(
        text,
        "\n  Udin {} V, {} Hz, {:?} wiring, class {:?}, {}; {} intervals of {} cycles, {} flagged\n",
        fit(c.nominal_voltage_v),
        c.nominal_frequency_hz,
        f.wiring,
        c.class,
        c.edition,
        s.intervals,
        c.cycles(),
        s.flagged
    );
    for w in &f.assumed {
        let _ = writeln!(text, "  note: {w}");
    }
    text.push('\n');
    text += &quantities(f);
    text += &energy(f);
    text += &events(f);
    text += &rapid_changes(f);
    text += &bursts(f);
    text += &supraharmonics(f);
    text += &transients(f);
    text += &findings(f);
    text += &recurrences(f);
    if !f.warnings.is_empty() {
        text.push_str("\nwarnings\n");
        for w in &f.warnings {
            let _ = writeln!(text, "  {w}");
        }
    }
    text
}

/// Rows of the table of quantities.
#[derive(Default)]
struct Quantities(Vec<Vec<String>>);

impl Quantities {
    /// A row, when there is a value.
    fn row(&mut self, what: &str, of: &str, unit: &str, r: &Range, show: fn(f64) -> String) {
        if r.mean.is_finite() {
            let mut cells = vec![what.to_owned(), of.to_owned(), unit.to_owned()];
            cells.extend([r.min, r.mean, r.max].map(show));
            self.0.push(cells);
        }
    }
}

fn quantities(f: &AnalysisOutput) -> String {
    let mut q = Quantities::default();
    let s = &f.summary;
    let two = |v| fixed(v, 2);
    let three = |v| fixed(v, 3);
    q.row("frequency", "", "Hz", &s.frequency_hz, three);
    for c in f.channels.iter().map(|c| &c.measured) {
        q.row("r.m.s.", &c.name, c.unit, &c.rms_range, fit);
    }
    for c in f.channels.iter().filter(|c| c.kind == Kind::Voltage) {
        let half = c.half_cycles.as_ref().map_or(&[][..], |h| &h.u_rms_v);
        q.row("Urms(1/2)", &c.measured.name, "V", &Range::quadratic(half.iter().copied()), fit);
    }
    for a in f.aggregates.iter().filter(|a| a.period == output::period_name(Period::TenMinutes)) {
        for c in a.channels.iter().filter(|c| c.unit == "V") {
            let whole = c.rms.iter().zip(&a.intervals.flags).filter(|(_, f)| !f.contains(Flags::INCOMPLETE));
            q.row("r.m.s. 10 min", &c.name, c.unit, &Range::quadratic(whole.map(|(v, _)| *v)), fit);
        }
    }
    for c in f.channels.iter().map(|c| &c.measured) {
        q.row("THD", &c.name, "%", &c.thd_subgroup_range_pct, two);
    }
    for c in &f.channels {
        let Some(flicker) = &c.flicker else { continue };
        let range = |t: &SeverityColumns| Range::cubic(t.severity.iter().copied());
        q.row("Pst", &c.measured.name, "", &range(&flicker.pst), three);
        q.row("Plt", &c.measured.name, "", &range(&flicker.plt), three);
    }
    for c in f.channels.iter().map(|c| &c.measured) {
        for tone in &c.signalling {
            q.row(&format!("signalling {} Hz", tone.hz), &c.name, "V", &tone.rms_range_v, fit);
        }
    }
    let unbalance = [
        ("unbalance u2", s.u2_pct),
        ("unbalance u0", s.u0_pct),
        ("unbalance i2", s.i2_pct),
        ("unbalance i0", s.i0_pct),
    ];
    for (what, r) in &unbalance {
        q.row(what, "", "%", r, two);
    }
    for p in f.power.iter().map(|p| &p.measured) {
        let pair = format!("{} {}", p.voltage, p.current);
        q.row("P", &pair, "W", &p.p_range_w, fit);
        q.row("Q1", &pair, "var", &p.q1_range_var, fit);
        q.row("S", &pair, "VA", &p.s_range_va, fit);
        q.row("PF", &pair, "", &p.pf_range, three);
    }
    print::table(&["quantity", "channel", "unit", "min", "mean", "max"], q.0, 3)
}

/// Energy of all pairs together, in one line.
fn energy(f: &AnalysisOutput) -> String {
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

fn events(f: &AnalysisOutput) -> String {
    let rows = f.events.iter().take(ROWS).map(|e| {
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
    section("events", f.events.len(), &header, rows.collect(), 4)
}

fn rapid_changes(f: &AnalysisOutput) -> String {
    let rows = f.rvc.iter().take(ROWS).map(|e| {
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
    section("rapid voltage changes", f.rvc.len(), &header, rows.collect(), 1)
}

/// Bursts of the tones that the settings name; nothing without tones.
fn bursts(f: &AnalysisOutput) -> String {
    if f.config.signalling.is_empty() {
        return String::new();
    }
    let rows = f.bursts.iter().take(ROWS).map(|b| {
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
    section("bursts of mains signalling", f.bursts.len(), &header, rows.collect(), 1)
}

/// The strongest emission of each channel, below and above 9 kHz.
fn supraharmonics(f: &AnalysisOutput) -> String {
    let Some(s) = &f.supraharmonics else { return String::new() };
    let strongest = |hz: &[f64], values: &[f64]| {
        let all = hz.iter().zip(values).filter(|(_, v)| v.is_finite());
        all.max_by(|a, b| a.1.total_cmp(b.1)).map(|(hz, v)| (*hz, *v))
    };
    let mut rows = Vec::new();
    for (c, unit) in s.channels.iter().zip(f.channels.iter().map(|c| c.measured.unit)) {
        let ranges = [("2 to 9 kHz", &s.low_hz, &c.low_mean), ("9 to 150 kHz", &s.high_hz, &c.high_mean)];
        for (range, hz, values) in ranges {
            let Some((hz, v)) = strongest(hz, values) else { continue };
            rows.push(vec![c.channel.clone(), range.into(), unit.into(), fit(hz), fit(v)]);
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

fn transients(f: &AnalysisOutput) -> String {
    if !f.config.measures(Part::Transients) {
        return "\ntransients: not measured\n".into();
    }
    let rows = f.transients.iter().take(ROWS).map(|t| {
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
    section("transients", f.transients.len(), &header, rows.collect(), 3)
}

/// What happened more than once; nothing when nothing did.
fn recurrences(f: &AnalysisOutput) -> String {
    if f.recurrences.is_empty() {
        return String::new();
    }
    let lines = f.recurrences.iter().take(ROWS).map(|r| format!("  {}\n", r.text));
    let mut text = format!("\nrecurring\n{}", lines.collect::<String>());
    if f.recurrences.len() > ROWS {
        let _ = writeln!(text, "  and {} more: --json has them all", f.recurrences.len() - ROWS);
    }
    text
}

fn findings(f: &AnalysisOutput) -> String {
    if !f.config.only.is_empty() {
        return "\nprobable causes: not sought\n".into();
    }
    if f.findings.is_empty() {
        return "\nprobable causes: none that kilat has a rule for\n".into();
    }
    let mut text = String::from("\nprobable causes\n");
    for x in &f.findings {
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
