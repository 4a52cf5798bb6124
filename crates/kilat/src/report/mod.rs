//! The report: one self-contained HTML page, with drawings as inline SVG, in English or Indonesian.
//!
//! The page fetches nothing. Its size is bounded: lines are thinned to envelopes that keep every extreme, long tables and
//! the number of drawn events are cut, and what is left out is said. The same analysis gives the same bytes.

use kilat_core::diagnosis::Finding;
use kilat_core::limits::{Site, Standard};
use kilat_core::{Analysis, Capture, Error, Result, Warning};

mod around;
mod compliance;
mod evidence;
mod figures;
mod recurrence;
pub mod sha256;
mod summary;
mod svg;
mod tables;
mod view;
mod words;

pub use kilat_core::diagnosis::Lang;

use serde::Serialize;

use view::View;
use words::Words;

/// What the report cannot take from the capture and the analysis.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Language.
    pub lang: Lang,
    /// Title; the station when absent, else the file.
    pub title: Option<String>,
    /// What [`suggest_config`](crate::suggest_config) assumed; empty when the settings were given.
    pub assumed: Vec<Warning>,
    /// SHA-256 of the file ([`sha256::of_file`]), shown when given.
    pub file_sha256: Option<String>,
    /// Standards to hold the recording against.
    pub standards: Vec<Standard>,
    /// What the standards need to know beside the recording.
    pub site: Site,
    /// Make, type and serial number of the instrument.
    pub instrument: Option<String>,
    /// Class of the instrument, such as `A`.
    pub instrument_class: Option<String>,
    /// When and by whom it was calibrated.
    pub calibrated: Option<String>,
    /// Source of its clock and how far to trust it; what the file says when absent.
    pub time_source: Option<String>,
}

/// Most rows of an event, transient, gap or warning table.
const ROWS: usize = 200;
/// Most events drawn as waveforms.
const DETAILS: usize = 20;

/// What the template fills in. Fields with drawings hold finished HTML; every other text is escaped by the template.
#[derive(Serialize)]
struct Page {
    t: &'static Words,
    style: &'static str,
    script: &'static str,
    title: String,
    software: String,
    heading: Vec<(&'static str, String, String)>,
    severity: &'static str,
    sentences: Vec<String>,
    tiles: Vec<(String, String)>,
    findings: Vec<tables::FindingPanel>,
    no_finding: &'static str,
    recurrences: Vec<recurrence::RecurrenceRow>,
    recurrences_left_out: usize,
    events: Vec<tables::EventRow>,
    events_left_out: usize,
    rapid_changes: Vec<tables::RapidRow>,
    rapid_left_out: usize,
    transients: Vec<tables::TransientRow>,
    transients_left_out: usize,
    around: Vec<around::AroundRow>,
    around_curves: [&'static str; 3],
    outages: [(&'static str, String); 4],
    indices: Vec<(String, String)>,
    compliance: Vec<compliance::Panel>,
    histogram: String,
    histogram_of: &'static str,
    evidence: Vec<(&'static str, String)>,
    itic: String,
    indicative: bool,
    details: Vec<figures::waveforms::Detail>,
    details_left_out: usize,
    trends: String,
    ten_minutes: String,
    side_by_side: String,
    currents: String,
    frequency: String,
    channels: Vec<tables::ChannelRow>,
    flicker: Vec<tables::FlickerRow>,
    unbalance: Vec<(&'static str, String, String, String)>,
    power: Vec<(String, String, String, String, String)>,
    energy: Vec<tables::EnergyRow>,
    spectra: String,
    spectrum_note: String,
    flagged: String,
    gaps: Vec<(String, String, String)>,
    gaps_left_out: usize,
    warnings: Vec<Warning>,
    warnings_left_out: usize,
}

/// The report on `analysis` of `capture` with `findings`, as an HTML page.
///
/// `capture` must be the one analysed: its samples are drawn around the events.
pub fn html(
    capture: &Capture,
    analysis: &Analysis,
    findings: &[Finding],
    options: &Options,
) -> Result<String> {
    if capture.len() != analysis.time.len() {
        return Err(Error::mismatch("samples of capture and analysis", analysis.time.len(), capture.len()));
    }
    let v = View::new(capture, analysis, options);
    let (details, details_left_out) = figures::waveforms::details(&v);
    let (spectra, spectrum_note) = figures::spectrum::spectra(&v);
    let (histogram, histogram_of) = figures::histogram::voltages(&v);
    let (recurrences, recurrences_left_out) = recurrence::rows(&v, findings);
    let (events, events_left_out) = tables::events(&v);
    let (rapid_changes, rapid_left_out) = tables::rapid_changes(&v);
    let (transients, transients_left_out) = tables::transients(&v);
    let (gaps, gaps_left_out) = tables::gaps(&v);
    let (warnings, warnings_left_out) = tables::warnings(&v);
    let page = Page {
        t: v.t,
        style: include_str!("style.css"),
        script: include_str!("script.js"),
        title: tables::title(&v),
        software: format!("kilat {}", env!("CARGO_PKG_VERSION")),
        heading: tables::heading(&v),
        severity: summary::severity(&v, findings),
        sentences: summary::sentences(&v, findings),
        tiles: summary::tiles(&v),
        findings: tables::findings(&v, findings),
        no_finding: summary::no_finding(&v),
        recurrences,
        recurrences_left_out,
        events,
        events_left_out,
        rapid_changes,
        rapid_left_out,
        transients,
        transients_left_out,
        around: around::rows(&v),
        around_curves: around::CURVES,
        outages: evidence::outages(&v),
        indices: evidence::indices(&v),
        compliance: compliance::panels(&v),
        histogram,
        histogram_of,
        evidence: evidence::rows(&v),
        itic: figures::itic::curve(&v),
        indicative: v.itic_is_indicative(),
        details,
        details_left_out,
        trends: figures::trends::half_cycles(&v),
        ten_minutes: figures::trends::ten_minutes(&v),
        side_by_side: figures::trends::side_by_side(&v),
        currents: figures::trends::currents(&v),
        frequency: figures::trends::frequency(&v),
        channels: tables::channels(&v),
        flicker: tables::flicker(&v),
        unbalance: tables::unbalance(&v),
        power: tables::power(&v),
        energy: tables::energy(&v),
        spectra,
        spectrum_note,
        flagged: tables::flagged(&v),
        gaps,
        gaps_left_out,
        warnings,
        warnings_left_out,
    };
    let mut env = minijinja::Environment::new();
    // The name ends in .html, which is what switches escaping on.
    let render = env
        .add_template("report.html", include_str!("template.html"))
        .and_then(|()| env.get_template("report.html")?.render(minijinja::value::Serde(&page)));
    render.map_err(|e| Error::config("report", e.to_string()))
}

#[cfg(test)]
mod tests;
