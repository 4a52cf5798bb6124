//! `kilat check`: recordings held against standards.

use std::fmt::Write as _;

use kilat::limits::{Compliance, Line, Observation, Quantity, Standard, Status};
use kilat::output::{CheckOutput, Document};
use kilat::{Analysis, Capture, Warning};

use crate::failure::{Failure, Outcome};
use crate::options::{AnalysisArgs, ReadArgs, SiteArgs};
use crate::print::{self, duration, fit, fixed};

/// Holds recordings against the limits of standards: each with clause, statistic, worst value and margin.
///
/// A share of a week is only known after a week. Before, a limit is violated when it is certain whatever follows, and otherwise there is
/// not enough data, which is no violation. A harmonic is shown when it is violated, else the one nearest to its limit.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Recordings, or synth:NAME for a generated example.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Standard, by a name below. May be repeated.
    #[arg(long, value_name = "NAME", required = true, value_delimiter = ',', value_parser = Standard::named)]
    limits: Vec<Standard>,
    /// A limit for which there is not enough data is an error (status 2).
    #[arg(long)]
    conclusive: bool,
    /// Print one JSON document (docs/json.md), with every harmonic.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
}

const AFTER: &str = "\
Standards: en50160, en50160-island, en50160-mv, en50160-mv-island, ieee519, ieee519-2014, iec61000-2-4-class1,
iec61000-2-4-class2, iec61000-2-4-class3, spln1.

Exit status: 0 no violation found, 1 a limit is violated, 2 error.

Examples:
  kilat check week.h5 --limits en50160
  kilat check week.h5 --limits en50160,spln1 --nominal-voltage 220 --json
  kilat check feeder7.cfg --limits ieee519 --pcc-voltage 400 --isc 12000 --il 250";

pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let site = args.site.site()?;
    let mut outcome = Outcome::Done;
    let mut checked = Vec::new();
    for file in &args.files {
        match args.observe(file) {
            Ok((capture, observation, assumed)) => {
                let standards: Vec<Compliance> =
                    args.limits.iter().map(|s| observation.compliance(*s, &site)).collect();
                let output = CheckOutput::of(&capture, &observation, &assumed, &standards);
                if !args.json {
                    print::out(&page(&output, observation.analysis(), &standards))?;
                }
                outcome = outcome.and(match output.status {
                    "violated" => Outcome::NotMet,
                    "not_enough_data" if args.conclusive => Outcome::SomeFailed,
                    _ => Outcome::Done,
                });
                checked.push(output);
            }
            Err(failure) => {
                failure.report();
                outcome = Outcome::SomeFailed;
            }
        }
    }
    if args.json && !checked.is_empty() {
        print::json(&Document::new(checked))?;
    }
    Ok(outcome)
}

impl Args {
    /// The recording, what limits are read from of it as it goes by, and what was assumed.
    fn observe(&self, file: &str) -> Result<(Capture, Observation<'static>, Vec<Warning>), Failure> {
        let capture = self.read.read(file)?;
        let (parts, assumed) = self.analysis.parts(file, &capture)?;
        let observation = Observation::read(parts, |_| Ok(())).map_err(Failure::about(file))?;
        Ok((capture, observation, assumed))
    }
}

fn page(output: &CheckOutput, a: &Analysis, standards: &[Compliance]) -> String {
    let o = &output.origin;
    let mut text = format!("{}: {}, {}\n", o.file, o.format, duration(o.duration_s));
    for w in &output.assumed {
        let _ = writeln!(text, "  note: {w}");
    }
    for c in standards {
        let _ = writeln!(text, "\n{}: {}", c.standard.title(), words(c.status()));
        let header =
            ["clause", "quantity", "values within", "limit", "measured", "margin", "worst at", "verdict"];
        if !c.verdicts.is_empty() {
            text += &print::table(&header, c.digest().iter().map(|line| row(a, line)), header.len());
        }
        for n in &c.not_judged {
            let _ = writeln!(text, "  not judged: {}, {}: {}", n.clause, n.what, n.why);
        }
        for note in &c.notes {
            let _ = writeln!(text, "  note: {note}");
        }
    }
    let i = &output.indices;
    let sarfi: Vec<String> = i
        .sarfi
        .iter()
        .filter(|s| s.count > 0)
        .map(|s| format!("SARFI-{} {}", s.level_pct, s.count))
        .collect();
    let sarfi = if sarfi.is_empty() { "no dip or swell".into() } else { sarfi.join(", ") };
    let _ = writeln!(
        text,
        "\nin {}: {sarfi}; {} short and {} long interruptions, {} min in all\n",
        duration(i.observed_s),
        i.outages.short,
        i.outages.long,
        fixed(i.outages.minutes, 2)
    );
    text
}

fn row(a: &Analysis, line: &Line) -> Vec<String> {
    let v = line.verdict;
    let unit = v.limit.quantity.unit();
    let limit = match (v.limit.lower.is_finite(), v.limit.upper.is_finite()) {
        (true, true) => format!("{} to {} {unit}", fit(v.limit.lower), fit(v.limit.upper)),
        (true, false) => format!("≥ {} {unit}", fit(v.limit.lower)),
        _ => format!("≤ {} {unit}", fit(v.limit.upper)),
    };
    let channel = v.channel.map_or(String::new(), |c| format!(" of {}", a.channels[c].name));
    let others = if line.others > 0 { format!(" (+{} orders no worse)", line.others) } else { String::new() };
    let worst = v.worst.map_or("–".to_owned(), |w| match a.timestamp(w.start_sample) {
        Some(t) => format!("{} {unit}, {t}", fit(w.value)),
        None => format!("{} {unit}, {} s", fit(w.value), fixed(a.seconds(w.start_sample), 1)),
    });
    vec![
        v.limit.clause.to_owned(),
        format!("{}{channel}{others}", name(v.limit.quantity)),
        v.limit.statistic.to_string(),
        limit.trim_end().to_owned(),
        fit(v.measured),
        fit(v.margin),
        worst,
        words(v.status),
    ]
}

fn name(quantity: Quantity) -> String {
    match quantity {
        Quantity::Frequency => "frequency".into(),
        Quantity::Voltage => "voltage, % of Udin".into(),
        Quantity::Plt => "Plt".into(),
        Quantity::Unbalance => "unbalance u2".into(),
        Quantity::VoltageThd(orders) => format!("voltage THD to order {orders}"),
        Quantity::VoltageHarmonic(order) => format!("voltage harmonic {order}"),
        Quantity::CurrentHarmonic(order) => format!("current harmonic {order}, % of IL"),
        Quantity::Tdd => "current TDD, % of IL".into(),
    }
}

fn words(status: Status) -> String {
    match status {
        Status::Compliant => "compliant".into(),
        Status::Violated => "VIOLATED".into(),
        Status::NotEnoughData { needed_s, have_s } if needed_s > 0.0 => {
            format!("not enough data: {} of {}", days(have_s), days(needed_s))
        }
        Status::NotEnoughData { .. } => "not enough data: nothing could be judged".into(),
    }
}

/// A long time in days.
fn days(s: f64) -> String {
    if s < 172_800.0 { duration(s) } else { format!("{} d", fixed(s / 86_400.0, 1)) }
}
