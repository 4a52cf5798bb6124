//! The page against the numbers it was made from.

use kilat_core::diagnosis::{Cause, findings};
use kilat_core::limits::{Site, Standard};
use kilat_core::{Analysis, Capture, Channel, Config, SampleRate, TimeBase};

use super::view::View;
use super::{Lang, Options, figures, html};
use crate::{Warning, suggest_config};

mod slow;

fn page(capture: &Capture, analysis: &Analysis, lang: Lang) -> String {
    let options = Options { lang, ..Options::default() };
    html(capture, analysis, &findings(analysis), &options).unwrap()
}

/// Texts of the cells of the table called `id`, row by row, without the heading.
fn cells(page: &str, id: &str) -> Vec<Vec<String>> {
    let table = page.split(&format!("<table id=\"{id}\"")).nth(1).unwrap().split("</table>").next().unwrap();
    let body = table.split("<tbody>").nth(1).unwrap();
    body.split("<tr").skip(1).map(|row| row.split("<td").skip(1).map(text).collect()).collect()
}

/// What a reader sees of a cell: everything outside of tags.
fn text(cell: &str) -> String {
    let cell = cell.split_once('>').unwrap().1.split("</td>").next().unwrap();
    let mut out = String::new();
    for piece in cell.split('<') {
        out += piece.rsplit_once('>').map_or(if out.is_empty() { piece } else { "" }, |p| p.1);
    }
    out
}

fn number(text: &str) -> f64 {
    text.replace(',', ".")
        .split(' ')
        .find_map(|t| t.parse().ok())
        .unwrap_or_else(|| panic!("no number in `{text}`"))
}

#[test]
fn the_tables_hold_the_numbers_of_the_analysis_in_both_languages() {
    let capture = slow::capture();
    let a = slow::analysis(&capture);
    assert!(a.events.len() >= 4);
    for lang in [Lang::En, Lang::Id] {
        let page = page(&capture, &a, lang);
        let rows = cells(&page, "events");
        assert_eq!(rows.len(), a.events.len());
        for (row, e) in rows.iter().zip(&a.events) {
            assert_eq!(row[1], a.channels[e.channels[0]].name);
            for (cell, value, rounding) in [
                (3, a.seconds(e.start_sample), 5.1e-4),
                (4, e.duration_s, 5.1e-4),
                (5, e.residual_v, 5.1e-3),
                (6, e.magnitude_pu, 5.1e-4),
                (7, e.depth_pct, 5.1e-2),
            ] {
                assert!((number(&row[cell]) - value).abs() <= rounding, "{lang:?} {row:?} {value}");
            }
        }
        assert_eq!(rows[0][2], "2024-05-27 07:00:03.990");
        let rows = cells(&page, "channels");
        for (c, row) in rows.iter().enumerate().take(3) {
            let u = &a.half_cycles[c].u_rms_v;
            let (lo, hi) = u.iter().fold((f64::MAX, 0.0f64), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
            assert!((number(&row[1]) - lo).abs() < 5.1e-3 && (number(&row[2]) - hi).abs() < 5.1e-3);
        }
        let u0 = a.unbalance.u0_pct.iter().fold(0.0f64, |m, v| m.max(*v));
        assert!((number(&cells(&page, "unbalance")[1][3]) - u0).abs() < 5.1e-3);
        assert!(
            (number(&cells(&page, "transients")[0][6].replace("≥ ", "")) - a.transients[0].peak_pu).abs()
                < 5.1e-4
        );
    }
}

/// Twenty-five minutes of one phase from 9 min past the hour, low in the second whole 10 min, with a step of 4 % to get there.
fn long() -> (Capture, Analysis) {
    let n = 25 * 60 * 1600;
    let u = |i: usize| {
        let low = if (11 * 60 * 1600..21 * 60 * 1600).contains(&i) { 0.96 } else { 1.0 };
        low * 230.0 * 2f64.sqrt() * (std::f64::consts::TAU * 50.0 * i as f64 / 1600.0).sin()
    };
    let start = Some("2024-05-27T07:09:00Z".parse().unwrap());
    let time = TimeBase::uniform(SampleRate::from_hz(1600.0).unwrap(), n as u64, start);
    let u: Vec<f32> = (0..n).map(|i| u(i) as f32).collect();
    let capture = Capture::new(time, vec![Channel::new("Ua", "V", u)]).unwrap();
    let config = Config { rvc_pct: 3.0, ..Config::class_a(230.0, 50.0) };
    let a = crate::analyze(&capture, &config).unwrap();
    (capture, a)
}

#[test]
fn flicker_rapid_changes_and_the_trend_of_ten_minutes_are_shown() {
    let (capture, a) = long();
    for lang in [Lang::En, Lang::Id] {
        let page = page(&capture, &a, lang);
        let rows = cells(&page, "rapid");
        assert_eq!(rows.len(), 2);
        for (row, at) in rows.iter().zip([660.0, 1260.0]) {
            assert!((number(&row[2]) - at).abs() < 0.03, "{row:?}");
            assert!((number(&row[5]) - 4.0).abs() < 0.06 && (number(&row[7]) - 4.0).abs() < 0.06, "{row:?}");
        }
        let rows = cells(&page, "flicker");
        let pst = &a.flicker[0].pst.severity;
        assert_eq!((rows.len(), number(&rows[0][1])), (1, pst.len() as f64));
        assert!((number(&rows[0][4]) - pst.iter().fold(0.0f64, |m, p| m.max(*p))).abs() < 5.1e-4);
        // 100 % from 7:10, 96 % from 7:20; what is incomplete at both ends is not drawn.
        let name = if lang == Lang::En { "Voltages over 10 min" } else { "Tegangan selama 10 menit" };
        assert!(page.contains(name));
    }
    let drawn = figures::trends::ten_minutes(&View::new(&capture, &a, &Options::default()));
    let lines: Vec<_> = drawn
        .split("<polyline")
        .skip(1)
        .filter_map(|l| l.split("points=\"").nth(1)?.split('"').next())
        .collect();
    // Two values, each from its start to its stop.
    assert!(lines.len() == 1 && lines[0].split(' ').count() == 4, "{drawn}");
    let short = slow::capture();
    assert!(!page(&short, &slow::analysis(&short), Lang::En).contains("Voltages over 10 min"));
}

#[test]
fn the_summary_names_the_worst_event_and_the_cause() {
    let capture = slow::capture();
    let a = slow::analysis(&capture);
    let en = page(&capture, &a, Lang::En);
    assert!(en.contains("The worst is a swell on Ua to 350."));
    assert!(en.contains("prohibited: damage possible") && en.contains("indicative"));
    assert!(en.contains("Loose or lost neutral") && en.contains("does not fix this"));
    let id = page(&capture, &a, Lang::Id);
    assert!(
        id.contains("lonjakan pada Ua hingga 350,")
            && id.contains("Netral longgar atau putus")
            && id.contains("<html lang=\"id\">")
    );
    assert!(!id.contains("What to do") && !id.contains("The worst"));
}

/// Nine seconds of one phase and its current: each `steps` seconds a load of 1.2 kW pulls the voltage to 80 % for five cycles.
fn load_that_comes_again(steps: &[f64]) -> (Capture, Analysis) {
    let fs = 3200.0;
    let on = |i: usize| steps.iter().any(|s| (*s..*s + 0.1).contains(&(i as f64 / fs)));
    let wave = |i: usize| 2f64.sqrt() * (std::f64::consts::TAU * 50.0 * i as f64 / fs).sin();
    let n = (9.0 * fs) as usize;
    let u: Vec<f64> = (0..n).map(|i| wave(i) * if on(i) { 184.0 } else { 230.0 }).collect();
    let amps: Vec<f64> = (0..n).map(|i| wave(i) * if on(i) { 20.0 } else { 5.0 }).collect();
    let start = Some("2024-05-27T07:00:00Z".parse().unwrap());
    let time = TimeBase::uniform(SampleRate::from_hz(fs).unwrap(), n as u64, start);
    let capture =
        Capture::new(time, vec![Channel::new("Ua", "V", u), Channel::new("Ia", "A", amps)]).unwrap();
    let a = crate::analyze(&capture, &Config::class_a(230.0, 50.0)).unwrap();
    (capture, a)
}

#[test]
fn what_came_again_is_a_row_with_its_moments() {
    let (capture, a) = load_that_comes_again(&[2.0, 4.0, 7.0]);
    for (lang, heading) in [(Lang::En, "What came again"), (Lang::Id, "Yang terjadi berulang")] {
        let page = page(&capture, &a, lang);
        assert!(page.contains(heading));
        let rows = cells(&page, "recurrences");
        let dips = rows.iter().find(|r| r[0] == if lang == Lang::En { "dip" } else { "kedip" }).unwrap();
        assert_eq!((dips[1].as_str(), dips[2].as_str()), ("Ua", "3"));
        assert_eq!(number(&dips[3]), -20.0);
        assert!((number(&dips[4]) - 110.0).abs() <= 10.0, "{dips:?}");
        let begun = a.events.iter().map(|e| super::view::moment(a.timestamp(e.start_sample).unwrap()));
        assert_eq!(dips[8], begun.collect::<Vec<_>>().join(", "));
    }
    let (capture, a) = load_that_comes_again(&[4.0]);
    assert!(!page(&capture, &a, Lang::En).contains("<table id=\"recurrences\""));
}

#[test]
fn nothing_is_found_where_nothing_happens() {
    let capture = slow::capture().slice(0..12_800).unwrap();
    let mut a = slow::analysis(&capture);
    a.transients.clear();
    a.intervals.flags.fill(kilat_core::Flags::default());
    let page = page(&capture, &a, Lang::En);
    assert!(
        page.contains("no dip, swell or interruption occurred") && page.contains("class=\"summary good\"")
    );
    assert!(!page.contains("<table id=\"events\"") && !page.contains("class=\"finding\""));
}

#[test]
fn verdicts_outages_and_what_was_entered_are_shown() {
    let (capture, a) = long();
    let options = |lang| Options {
        lang,
        standards: vec![Standard::named("EN 50160").unwrap(), Standard::named("IEEE 519").unwrap()],
        instrument: Some("Recorder 7, no. 1234".into()),
        instrument_class: Some("A".into()),
        calibrated: Some("2024-01-15, laboratory".into()),
        ..Options::default()
    };
    let verdicts = a.compliance(Standard::named("EN 50160").unwrap(), &Site::default());
    for lang in [Lang::En, Lang::Id] {
        let page = html(&capture, &a, &findings(&a), &options(lang)).unwrap();
        let (violated, lacking) = if lang == Lang::En {
            ("violated", "not enough data")
        } else {
            ("dilanggar", "data tidak cukup")
        };
        let table =
            page.split("<table class=\"compliance\"").nth(1).unwrap().split("</table>").next().unwrap();
        assert_eq!(table.matches("<tr").count() - 1, verdicts.digest().len());
        assert!(table.contains(lacking) && !table.contains(violated), "{table}");
        assert!(table.contains(if lang == Lang::En {
            "95 % of 10 min values of a week"
        } else {
            "95 % nilai 10 menit dalam seminggu"
        }));
        assert!(page.contains("point of common coupling is not stated"));
        let rows = cells(&page, "evidence");
        let second: Vec<&str> = rows.iter().map(|r| r[1].as_str()).collect();
        assert_eq!(second[..3], ["Recorder 7, no. 1234", "A", "2024-01-15, laboratory"]);
        let bandwidth = if lang == Lang::En { "≤ 800 Hz" } else { "≤ 800 Hz (setengah" };
        assert!(second[4].starts_with(bandwidth) && second[7] == "Ua = U A", "{second:?}");
        assert!(second[8].len() == 64, "{second:?}");
        assert_eq!(
            cells(&page, "outages").iter().map(|r| number(&r[1])).collect::<Vec<_>>(),
            [0.0, 0.0, 0.0, 25.0]
        );
        assert!(page.contains(if lang == Lang::En {
            "Share of time at each voltage"
        } else {
            "Bagian waktu pada tiap tegangan"
        }));
    }
    // Settings that differ have another fingerprint.
    let hash =
        |a: &Analysis| cells(&html(&capture, a, &[], &options(Lang::En)).unwrap(), "evidence")[8][1].clone();
    let mut other = a.clone();
    other.config.dip_pct = 85.0;
    assert_ne!(hash(&a), hash(&other));
}

/// The swell of the slow capture begins at 4 s: before it 50 Hz and the distortion of the sound supply.
#[test]
fn what_surrounds_an_event_is_shown() {
    let capture = slow::capture();
    let a = slow::analysis(&capture);
    let page = page(&capture, &a, Lang::En);
    let rows = cells(&page, "around");
    assert_eq!(rows.len(), a.events.iter().filter(|e| !e.polyphase).count());
    let first = &rows[0];
    assert!(
        first[2].starts_with("3.99") && first[3] == "± 10.0 ms" && first[4].starts_with("50.000"),
        "{first:?}"
    );
    let before = number(&first[5]);
    let thd = a.harmonics.thd_subgroup_pct[[0, 0]];
    assert!((before - thd).abs() < 5.1e-3, "{first:?} {thd}");
    assert!(cells(&page, "indices").iter().any(|r| r[0] == "SARFI-110"));
}

#[test]
fn hostile_names_are_escaped_everywhere() {
    let evil = "<script>alert(1)</script>\"'&<img src=x onerror=y>";
    let mut capture = slow::capture();
    capture.station = evil.into();
    capture.device = evil.into();
    capture.source = evil.into();
    capture.warnings.push(Warning::new(evil, evil));
    for c in capture.channels_mut() {
        c.name = format!("{evil}{}", c.name);
    }
    let a = slow::analysis(&capture);
    let options = Options { title: Some(evil.into()), file_sha256: Some(evil.into()), ..Options::default() };
    for lang in [Lang::En, Lang::Id] {
        let page = html(&capture, &a, &findings(&a), &Options { lang, ..options.clone() }).unwrap();
        assert!(!page.contains("<script>alert") && !page.contains("<img"));
        assert!(page.contains("&lt;script&gt;alert(1)"));
        // An attribute cannot be left: the quote inside it is escaped too.
        assert!(!page.contains("</script>\""));
        assert_eq!(page.matches("<script>").count(), 1);
    }
}

#[test]
fn the_page_stands_alone_and_is_always_the_same() {
    let capture = slow::capture();
    let a = slow::analysis(&capture);
    for lang in [Lang::En, Lang::Id] {
        let page = page(&capture, &a, lang);
        for outside in ["http:", "https:", "src=", "@import", "url(//", "<link", "<iframe"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(!page.contains("NaN") && !page.contains("inf ") && !page.contains("{{"));
        assert!(page.len() < 1_500_000, "{} bytes", page.len());
        assert_eq!(page, html(&capture, &a, &findings(&a), &Options { lang, ..Options::default() }).unwrap());
    }
}

#[test]
fn assumptions_are_marked_and_long_lists_are_cut_aloud() {
    let capture = slow::capture();
    let mut a = slow::analysis(&capture);
    let (_, assumed) = suggest_config(&capture).unwrap();
    let one = a.events[0];
    a.events.extend(std::iter::repeat_n(one, 300));
    let options = Options { assumed, ..Options::default() };
    let page = html(&capture, &a, &[], &options).unwrap();
    assert!(page.contains("230.00 V <em class=\"assumed\">assumed</em>"));
    assert!(page.contains("the usual value Udin = 230.000 V is assumed"));
    assert_eq!(cells(&page, "events").len(), 200);
    assert!(page.contains(&format!("+ {} left out here", a.events.len() - 200)));
    assert!(page.contains(&format!("+ {} left out here", a.events.len() + 1 - 20)));
}

#[test]
fn another_capture_is_refused_and_an_empty_analysis_is_not() {
    let capture = slow::capture();
    let a = slow::analysis(&capture);
    assert!(html(&capture.slice(0..100).unwrap(), &a, &[], &Options::default()).is_err());
    let capture = capture.slice(0..128).unwrap();
    let mut a = slow::analysis(&capture);
    a.transients.clear();
    a.channels.clear();
    a.half_cycles.clear();
    a.power_pairs.clear();
    assert!(page(&capture, &a, Lang::En).contains("</html>"));
}

/// Writes both pages to the directory `KILAT_REPORT_DIR` for a look in a browser.
#[test]
fn pages_for_the_eye() {
    let Some(dir) = std::env::var_os("KILAT_REPORT_DIR") else { return };
    let (capture, a) = long();
    for (lang, name) in [(Lang::En, "long-en.html"), (Lang::Id, "long-id.html")] {
        let standards = ["EN 50160", "SPLN 1", "IEEE 519"].map(|s| Standard::named(s).unwrap()).into();
        let page = html(&capture, &a, &[], &Options { lang, standards, ..Options::default() }).unwrap();
        std::fs::write(std::path::Path::new(&dir).join(name), page).unwrap();
    }
    let capture = slow::capture();
    let (config, assumed) = suggest_config(&capture).unwrap();
    let a = crate::analyze(&capture, &config).unwrap();
    for (lang, name) in [(Lang::En, "en.html"), (Lang::Id, "id.html")] {
        let options = Options { lang, assumed: assumed.clone(), ..Options::default() };
        let page = html(&capture, &a, &findings(&a), &options).unwrap();
        std::fs::write(std::path::Path::new(&dir).join(name), page).unwrap();
    }
}

#[test]
fn energy_is_that_of_the_mean_power() {
    let capture = slow::capture();
    let (config, _) = suggest_config(&capture).unwrap();
    let a = crate::analyze(&capture, &config).unwrap();
    for (lang, all) in [(Lang::En, "All together"), (Lang::Id, "Seluruhnya")] {
        let rows = cells(&page(&capture, &a, lang), "energy");
        assert_eq!(rows.len(), a.power_pairs.len() + 1);
        assert_eq!(rows[rows.len() - 1][0], all);
        let i = &a.intervals;
        let seconds =
            (i.stop_sample[i.flags.len() - 1] - i.start_sample[0]) / capture.time().rate().unwrap().hz();
        for (pair, row) in rows.iter().take(a.power_pairs.len()).enumerate() {
            let wh = a.power.p_w.column(pair).mean().unwrap() * seconds / 3600.0;
            let shown = number(&row[1]) - number(&row[2]);
            assert!((shown / wh - 1.0).abs() < 0.02, "{row:?} {wh}");
        }
    }
}

/// The real engine on the same capture: what it finds must be what the slow analysis finds.
#[test]
fn the_engine_and_the_report_agree_on_a_lost_neutral() {
    let capture = slow::capture();
    let (config, _) = suggest_config(&capture).unwrap();
    let a = crate::analyze(&capture, &config).unwrap();
    let found = findings(&a);
    assert_eq!(found.iter().map(|f| f.cause).collect::<Vec<_>>(), [Cause::LooseNeutral]);
    let page_text = page(&capture, &a, Lang::En);
    // Every event is there, those of one channel and of the whole system at once in one row.
    let rows = cells(&page_text, "events");
    for e in &a.events {
        let start = format!("{:.3}", a.seconds(e.start_sample));
        let name = &a.channels[e.channels[0]].name;
        assert!(rows.iter().any(|r| r[3] == start && r[1].contains(name.as_str())), "{e:?}");
    }
    assert!(rows.len() < a.events.len());
    let (fast, plain) = (cells(&page_text, "channels"), page(&capture, &slow::analysis(&capture), Lang::En));
    let plain = cells(&plain, "channels");
    let agree = |row: usize, cell: usize, tolerance: f64| {
        let (a, b) = (number(&fast[row][cell]), number(&plain[row][cell]));
        assert!((a / b - 1.0).abs() < tolerance, "{:?} {:?}", fast[row], plain[row]);
    };
    // Ua keeps its phase, so its extreme is the same on its own zero crossings and on a fixed grid of cycles; Ub and Uc
    // jump in phase when the neutral goes, and one cycle there depends on where it is cut.
    agree(0, 2, 2e-4);
    for row in 0..6 {
        agree(row, 3, 2e-4);
        agree(row, 4, 2e-4);
    }
}
