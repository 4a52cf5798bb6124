//! The daemon, killed at any instant: nothing is lost, nothing comes twice.
//!
//! `KILAT_KILLS=200 cargo test -p kilat-daemon` kills it so many times.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // clippy sees tests only in functions marked so
#![allow(clippy::print_stderr)] // says what is skipped

mod broker;
mod signal;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use broker::{Broker, Listener, TOPIC, free_port};
use signal::{DURATION_S, RATE_HZ, Random, codes, daemon, lines, result, write_capture};

/// Rows of a Parquet file in some seconds of signal.
const SEGMENT: [&str; 2] = ["--segment", "15"];
/// Mean time that the daemon lives before it is killed, and how much of it is work.
const LIFE_MS: u64 = 180;
const WORK: f64 = 0.6;

/// Name and content of every Parquet file in `out`.
fn aggregates(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(out.join("aggregates")).unwrap().map(|f| f.unwrap().path());
    let whole = files.filter(|p| p.extension().is_some_and(|e| e == "parquet"));
    whole
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect()
}

#[test]
fn killed_at_any_instant_it_loses_and_repeats_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let capture = write_capture(dir.path());
    let source = capture.to_str().unwrap();
    let whole = dir.path().join("whole");
    let ran = daemon(source, &whole, &[&["--speed", "0"][..], &SEGMENT].concat()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));

    let kills: u64 = std::env::var("KILAT_KILLS").map_or(8, |n| n.parse().unwrap());
    let mut broker = Broker::start(dir.path());
    let listener = broker.as_ref().map(|b| Listener::start(b.port));
    let speed = DURATION_S / (kills as f64 * LIFE_MS as f64 / 1e3 * WORK);
    let mut options = vec!["--speed".to_owned(), speed.to_string(), "--checkpoint".into(), "0.03".into()];
    options.extend(SEGMENT.map(str::to_owned));
    match &broker {
        Some(b) => {
            options.extend([
                "--mqtt".into(),
                format!("127.0.0.1:{}", b.port),
                "--topic".into(),
                TOPIC.into(),
            ]);
        }
        None => eprintln!("skipped: no mosquitto"),
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
    let (mut random, out) = (Random(seed), dir.path().join("killed"));
    let mut hit = 0;
    for kill in 0..kills {
        // For the time of one life the broker is away.
        if let Some(broker) = &mut broker {
            if kill == kills / 2 {
                broker.stop();
            } else if kill == kills / 2 + 1 {
                broker.resume();
            }
        }
        let mut child = daemon(source, &out, &options).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.below(2 * LIFE_MS)));
        hit += u64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(hit * 2 > kills, "only {hit} of {kills} kills met a running daemon (seed {seed})");
    if let Some(broker) = broker.as_mut().filter(|_| kills < 2) {
        broker.resume();
    }
    let ran = daemon(source, &out, &options).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));

    let events = lines(&out);
    let results = |lines: &[String]| lines.iter().map(|l| result(l)).collect::<Vec<_>>();
    assert!(results(&events) == results(&lines(&whole)), "events differ (seed {seed})");
    assert!(aggregates(&out) == aggregates(&whole), "aggregates differ (seed {seed})");
    assert!(aggregates(&out).len() >= 5 && events.len() > 100, "too little to tell");
    if let Some(listener) = listener {
        let heard = listener.finish(events.len());
        let odd = heard.iter().zip(&events).find(|(h, e)| h != e);
        assert!(heard == events, "heard {} of {} events (seed {seed}): {odd:#?}", heard.len(), events.len());
    }
}

#[test]
fn the_events_are_those_of_the_analysis() {
    let dir = tempfile::tempdir().unwrap();
    let path = write_capture(dir.path());
    let ran = daemon(path.to_str().unwrap(), dir.path(), &["--speed", "0", "--print"]).output().unwrap();
    assert_eq!(String::from_utf8(ran.stdout).unwrap().lines().collect::<Vec<_>>(), lines(dir.path()));
    let analysis =
        kilat::analyze(&kilat::read(&path).unwrap(), &kilat::Config::class_a(230.0, 50.0)).unwrap();
    let all: Vec<_> = lines(dir.path()).iter().map(|l| result(l)).collect();
    let of = |kind: &str| all.iter().filter(|v| v["kind"] == kind).collect::<Vec<_>>();
    let mut found: Vec<_> = of("event")
        .iter()
        .map(|e| (e["start_sample"].as_f64().unwrap(), e["residual_v"].as_f64().unwrap()))
        .collect();
    let mut want: Vec<_> = analysis.events.iter().map(|e| (e.start_sample, e.residual_v)).collect();
    let order = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
    found.sort_by(order);
    want.sort_by(order);
    assert_eq!(found, want);
    assert_eq!(of("gap").len(), 1);
}

/// Rows of all channels as bytes.
fn raw() -> Vec<u8> {
    let codes = codes();
    (0..codes[0].len()).flat_map(|k| [0, 1, 2].map(|c| codes[c][k].to_le_bytes())).flatten().collect()
}

const RAW: [&str; 6] =
    ["--rate", "3200", "--channels", "Ua:V:0.01,Ub:V:0.01,Uc:V:0.01", "--checkpoint", "0.05"];
/// So that 10-min ticks are at the same samples in every run.
const START: [&str; 2] = ["--start", "2024-05-27T07:00:00Z"];

#[test]
fn a_source_that_can_resume_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // All of it through a pipe first.
    let piped = dir.path().join("piped");
    let mut child =
        daemon("-", &piped, &[RAW.as_slice(), &START].concat()).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&raw()).unwrap();
    assert!(child.wait().unwrap().success());
    let whole: Vec<_> = lines(&piped).iter().map(|l| result(l)).collect();

    // A recorder that hangs up every twenty seconds of signal, and sends what is asked for.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("tcp://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let all = raw();
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            // None was sent when the daemon was killed before.
            let Ok(at) = line.trim().parse::<usize>().map(|row| row * 6) else { continue };
            let stretch = &all[at..all.len().min(at + 20 * RATE_HZ as usize * 6)];
            // Slowly enough to be killed within.
            let mut send = || {
                stream.write_all(line.as_bytes())?;
                stretch.chunks(6 * 1600).try_for_each(|part| {
                    std::thread::sleep(Duration::from_millis(5));
                    stream.write_all(part)
                })
            };
            // The daemon was killed.
            let _: std::io::Result<()> = send();
        }
    });
    let resumed = dir.path().join("resumed");
    let options = [RAW.as_slice(), &START, &["--resume"]].concat();
    // Longer and longer, so that the slowest machine comes to an end.
    for life in (800..).step_by(300) {
        let mut child = daemon(&source, &resumed, &options).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(life));
        child.kill().unwrap();
        child.wait().unwrap();
        if resumed.join("events.jsonl").exists() && lines(&resumed).len() >= whole.len() {
            let found: Vec<_> = lines(&resumed).iter().map(|l| result(l)).collect();
            let odd = found.iter().zip(&whole).find(|(f, w)| f != w);
            assert!(found == whole, "{} of {} events: {odd:#?}", found.len(), whole.len());
            return;
        }
        assert!(life < 8000, "{} of {} events", lines(&resumed).len(), whole.len());
    }
}

#[test]
fn samples_that_a_pipe_cannot_bring_back_are_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let all = raw();
    let run = |bytes: &[u8]| {
        let mut child = daemon("-", dir.path(), &RAW).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        assert!(child.wait().unwrap().success());
    };
    let stretch = 20 * RATE_HZ as usize * 6;
    run(&all[..stretch]);
    let before = lines(dir.path());
    run(&all[stretch..2 * stretch]);
    let after = lines(dir.path());
    assert!(after[..before.len()] == before && after.len() > before.len() + 5);
    let gaps: Vec<_> = after.iter().map(|l| result(l)).filter(|v| v["kind"] == "gap").collect();
    assert_eq!(gaps.len(), 1);
    assert!((0.0..10.0).contains(&gaps[0]["duration_s"].as_f64().unwrap()), "{gaps:?}");
    let sequence = |l: &String| result(l)["sequence"].as_u64().unwrap();
    assert!(after.iter().map(sequence).is_sorted_by(|a, b| a < b));
}

#[test]
fn prometheus_gets_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let capture = write_capture(dir.path());
    let address = format!("127.0.0.1:{}", free_port());
    let options = ["--speed", "50", "--metrics", &address];
    let mut child = daemon(capture.to_str().unwrap(), dir.path(), &options).spawn().unwrap();
    let get = |path: &str| -> Option<String> {
        let mut stream = TcpStream::connect(&address).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        Some(text)
    };
    let until = Instant::now() + Duration::from_secs(20);
    let value = |page: &str, name: &str| -> Option<f64> {
        page.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok())
    };
    loop {
        if let Some(page) = get("/metrics")
            && let Some(volts) = value(&page, "kilat_rms_volts{channel=\"Ub\"}")
            && value(&page, "kilat_checkpoint_timestamp_seconds").is_some()
            && value(&page, "kilat_samples_total").unwrap() >= 4.0 * RATE_HZ
        {
            assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && (0.0..240.0).contains(&volts), "{page}");
            assert!((49.9..50.1).contains(&value(&page, "kilat_frequency_hertz").unwrap()), "{page}");
            break;
        }
        assert!(Instant::now() < until, "no page");
        std::thread::sleep(Duration::from_millis(50));
    }
    let second = daemon(capture.to_str().unwrap(), dir.path(), &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another daemon is at work here"));
    assert!(get("/").unwrap().starts_with("HTTP/1.1 404 Not Found\r\n"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_error_is_one_line_and_status_2() {
    let dir = tempfile::tempdir().unwrap();
    let fails = |source: &str, more: &[&str], said: &str| {
        let ran = daemon(source, dir.path(), more).stdin(Stdio::null()).output().unwrap();
        let errors = String::from_utf8(ran.stderr).unwrap();
        assert_eq!((ran.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
        assert!(errors.starts_with("kilat-daemon: ") && errors.contains(said), "{errors}");
    };
    fails("nowhere.h5", &[], "nowhere.h5: ");
    fails("-", &[], "--rate: needed for raw samples");
    fails("-", &["--rate", "3200"], "--channels: needed");
    fails("-", &[&RAW[..], &["--speed", "nan"]].concat(), "--speed");
    std::fs::write(dir.path().join("events.jsonl"), "of somebody else").unwrap();
    fails("-", &RAW, "events.jsonl: exists, but no checkpoint beside it");
    std::fs::write(dir.path().join("checkpoint"), "something else").unwrap();
    fails("-", &RAW, "not a checkpoint of this version");
}
