//! A daemon that measures a stream and loses nothing when it is killed.
//!
//! The rule: results are written beyond what the last checkpoint promises, then put on the disk, then promised by the next
//! checkpoint, which is one atomic rename. A start cuts off what is not promised, restores the stream, and measures the rest
//! again, to the same bits and with the same numbers.
//!
//! | file | what |
//! |---|---|
//! | `args.rs` | the command line |
//! | `source.rs` | samples: a recording, a pipe, TCP |
//! | `state.rs` | the checkpoint |
//! | `daemon.rs` | the order in which results are written and promised |
//! | `events.rs`, `aggregates.rs` | results: JSON lines, Parquet |
//! | `queue.rs`, `mqtt.rs`, `metrics.rs` | the outside: a broker, Prometheus |

mod aggregates;
mod args;
mod daemon;
mod events;
mod metrics;
mod mqtt;
mod queue;
mod source;
mod state;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::Parser as _;
use kilat::{Error, Result, Timestamp};

use args::Args;
use daemon::Daemon;
use source::{Source, Step};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say(&e.to_string());
            ExitCode::from(2)
        }
    }
}

/// One line for people.
fn say(message: &str) {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "kilat-daemon: {line}");
}

/// Seconds since 1970, as Prometheus counts.
fn seconds(moment: Timestamp) -> f64 {
    moment.as_nanos() as f64 / 1e9
}

fn run(args: &Args) -> Result<()> {
    let usable = |s: f64| (0.0..1e9).contains(&s);
    if ![args.speed, args.checkpoint, args.segment].into_iter().all(usable) {
        return Err(Error::config(
            "--speed, --checkpoint, --segment",
            "expected numbers that are not negative",
        ));
    }
    std::fs::create_dir_all(&args.output).map_err(|e| Error::io(&args.output, e))?;
    // Until this process ends, however it does.
    let _lock = state::lock(&args.output)?;
    let mut source = Source::open(args)?;
    let mut daemon = Daemon::start(args, &mut source)?;
    if let Some(address) = args.metrics {
        daemon.metrics.serve(address)?;
    }
    let publisher = daemon.publisher()?;
    let (mut last, mut over) = (Instant::now(), daemon.finished);
    while !over {
        let samples = daemon.live.next_index();
        match source.push(&mut daemon.live, &mut daemon.taken)? {
            Step::Pushed => {
                daemon.taken = Some(source::now());
                let pushed = daemon.live.next_index() - samples;
                daemon.metrics.add("kilat_samples_total", String::new(), pushed as f64);
                daemon.metrics.set(
                    "kilat_last_block_timestamp_seconds",
                    String::new(),
                    seconds(source::now()),
                );
            }
            Step::Waiting => {}
            Step::Closed => over = true,
            Step::Ended => {
                daemon.live.finish();
                daemon.finished = true;
                over = true;
            }
        }
        daemon.take_results()?;
        if over || last.elapsed() >= Duration::from_secs_f64(args.checkpoint) {
            daemon.commit()?;
            last = Instant::now();
        }
        if publisher.as_ref().is_some_and(JoinHandle::is_finished) {
            break;
        }
    }
    daemon.shared.ended.store(true, Ordering::Release);
    match publisher.map(JoinHandle::join) {
        None => Ok(()),
        Some(Ok(ended)) => ended,
        Some(Err(_)) => Err(Error::config("mqtt", "the publisher broke down")),
    }
}
