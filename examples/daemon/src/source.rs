//! Where samples come from. A recording is played again from any sample; a pipe is not, and a TCP source only if it can.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kilat::engine::plan::{ChannelSpec, Plan};
use kilat::feed::{Raw, Replay};
use kilat::{Config, Error, Live, Result, SampleKind, SampleRate, Timestamp};

use crate::args::Args;

/// Seconds of signal in one block.
const BLOCK_S: f64 = 0.1;
/// A TCP source that is silent for so long is dead.
const SILENCE: Duration = Duration::from_secs(10);
/// Time between two attempts to reach it.
const RETRY: Duration = Duration::from_secs(1);

/// A source, and the plan for what it sends.
pub struct Source {
    pub plan: Arc<Plan>,
    /// When its first sample was taken, if that is known.
    pub start: Option<Timestamp>,
    from: Origin,
    kind: SampleKind,
    block: u64,
}

type Bytes = Box<dyn std::io::Read>;

enum Origin {
    File { replay: Replay, speed: f64, begun: Option<(Instant, f64)> },
    Pipe(Option<Raw<Bytes>>),
    Tcp { address: String, resume: bool, connection: Option<Raw<Bytes>>, said: String },
}

/// What came of asking for a block.
#[derive(PartialEq)]
pub enum Step {
    Pushed,
    /// Nothing came, but something may.
    Waiting,
    /// Nothing comes, but a later start may go on.
    Closed,
    Ended,
}

impl Source {
    pub fn open(args: &Args) -> Result<Self> {
        let (from, plan, start) = match args.source.strip_prefix("tcp://") {
            Some(address) => {
                let address = address.to_owned();
                (
                    Origin::Tcp { address, resume: args.resume, connection: None, said: String::new() },
                    raw_plan(args)?,
                    args.start,
                )
            }
            None if args.source == "-" => (Origin::Pipe(None), raw_plan(args)?, args.start),
            None => {
                let capture = kilat::read(&args.source)?;
                let (config, assumed) = kilat::config_for(&capture, args.nominal_voltage, args.frequency)?;
                for w in &assumed {
                    crate::say(&format!("{}: {w}", args.source));
                }
                let replay = Replay::new(capture, &config)?;
                let (plan, start) = (replay.plan().clone(), replay.start());
                (Origin::File { replay, speed: args.speed, begun: None }, plan, start)
            }
        };
        let block = (plan.fs * BLOCK_S).ceil() as u64;
        Ok(Self { plan, start, from, kind: args.kind.into(), block })
    }

    /// Puts the source at the next sample of a restored stream, whose last block came at `taken`. What cannot be had again is a
    /// gap in the stream.
    pub fn go_on(&mut self, live: &mut Live, taken: &mut Timestamp) -> Result<()> {
        match &mut self.from {
            Origin::File { replay, .. } => replay.seek(live.next_index()),
            Origin::Pipe(_) => pause(live, taken)?,
            // When it is connected.
            Origin::Tcp { .. } => {}
        }
        Ok(())
    }

    /// Pushes the next block, when it is time; `taken` is when the last one came, if one ever did.
    pub fn push(&mut self, live: &mut Live, taken: &mut Option<Timestamp>) -> Result<Step> {
        let (kind, channels, start) = (self.kind, self.plan.recorded().len(), self.start);
        // Samples that do not say when they were taken are from now on, if they are the first.
        let first_ever = taken.is_none();
        let begin = |bytes: Bytes, first| {
            let raw = Raw::new(bytes, kind, channels, first);
            if first_ever { raw.dated(start.unwrap_or_else(now)) } else { raw }
        };
        match &mut self.from {
            Origin::File { replay, speed, begun } => {
                if !replay.push(live, self.block)? {
                    return Ok(Step::Ended);
                }
                let played_s = replay.time().seconds(replay.position() as f64);
                let (since, from_s) = *begun.get_or_insert((Instant::now(), played_s));
                if *speed > 0.0 {
                    let due = Duration::from_secs_f64((played_s - from_s).max(0.0) / *speed);
                    std::thread::sleep(due.saturating_sub(since.elapsed()));
                }
                Ok(Step::Pushed)
            }
            Origin::Pipe(raw) => {
                let first = live.next_index();
                let raw = raw.get_or_insert_with(|| begin(Box::new(std::io::stdin()), first));
                Ok(if raw.push(live, self.block)? { Step::Pushed } else { Step::Closed })
            }
            Origin::Tcp { address, resume, connection, said } => {
                let why = match connection {
                    None => match connect(address, resume.then(|| live.next_index())) {
                        Ok((stream, first)) => {
                            if let Some(taken) = taken.as_mut().filter(|_| !*resume) {
                                pause(live, taken)?;
                            }
                            let first = first.unwrap_or(live.next_index());
                            *connection = Some(begin(Box::new(stream), first));
                            return Ok(Step::Waiting);
                        }
                        Err(e) => e.to_string(),
                    },
                    Some(raw) => match raw.push(live, self.block) {
                        Ok(true) => {
                            said.clear();
                            return Ok(Step::Pushed);
                        }
                        Ok(false) => "closed by the source".to_owned(),
                        Err(Error::Io { source, .. }) => source.to_string(),
                        Err(e) => return Err(e),
                    },
                };
                *connection = None;
                // Once, not every second of an outage.
                if *said != why {
                    crate::say(&format!("{address}: {why}; connecting again"));
                    *said = why;
                }
                std::thread::sleep(RETRY);
                Ok(Step::Waiting)
            }
        }
    }
}

/// The time of this machine.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Nobody knows how many samples were lost since `taken`: time goes on, the count does not.
fn pause(live: &mut Live, taken: &mut Timestamp) -> Result<()> {
    let before = std::mem::replace(taken, now());
    live.pause(taken.seconds_since(before).max(0.0), Some(*taken))
}

fn raw_plan(args: &Args) -> Result<Arc<Plan>> {
    let needed = |what: &str| Error::config(what, "needed for raw samples, which do not say it");
    let rate = SampleRate::from_hz(args.rate.ok_or_else(|| needed("--rate"))?)?;
    let voltage = args.nominal_voltage.ok_or_else(|| needed("--nominal-voltage"))?;
    let frequency = args.frequency.ok_or_else(|| needed("--frequency"))?;
    if args.channels.is_empty() {
        return Err(needed("--channels"));
    }
    let specs: Vec<_> = args.channels.iter().enumerate().map(|(k, c)| ChannelSpec::of(c, k)).collect();
    Ok(Arc::new(Plan::new(&Config::class_a(voltage, frequency), rate, &specs)?))
}

/// Connects; a source that can resume is told the sample `wanted`, and says which it will begin with.
fn connect(address: &str, wanted: Option<u64>) -> std::io::Result<(TcpStream, Option<u64>)> {
    let to = address.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&to, SILENCE)?;
    stream.set_read_timeout(Some(SILENCE))?;
    let Some(wanted) = wanted else { return Ok((stream, None)) };
    writeln!(stream, "{wanted}")?;
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') && line.len() < 24 {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    let text = String::from_utf8_lossy(&line);
    let first = text
        .trim()
        .parse()
        .map_err(|_| std::io::Error::other(format!("expected a sample number, found `{}`", text.trim())))?;
    Ok((stream, Some(first)))
}
