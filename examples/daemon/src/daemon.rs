//! The stream, everything that its results go to, and the order in which they are written.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use kilat::engine::live::{Options, Output};
use kilat::output::StreamLine;
use kilat::{Error, Live, Result, Timestamp};

use crate::aggregates::Aggregates;
use crate::args::Args;
use crate::events::{self, Events};
use crate::metrics::Metrics;
use crate::mqtt::{Publisher, Shared};
use crate::source::{self, Source};
use crate::state::Checkpoint;

/// The stream and everything that its results go to.
pub struct Daemon<'a> {
    args: &'a Args,
    pub live: Live,
    stream: String,
    /// When the last block came.
    pub taken: Option<Timestamp>,
    pub finished: bool,
    events: Events,
    aggregates: Aggregates,
    pub metrics: Metrics,
    pub shared: Arc<Shared>,
}

impl<'a> Daemon<'a> {
    /// Begins, or goes on where the last checkpoint is.
    pub fn start(args: &'a Args, source: &mut Source) -> Result<Self> {
        let (plan, options) = (source.plan.clone(), Options::default());
        let path = args.output.join("events.jsonl");
        let found = Checkpoint::load(&args.output)?;
        let fresh = found.is_none();
        // A kill before the first checkpoint leaves an empty one.
        if fresh && path.metadata().is_ok_and(|m| m.len() > 0) {
            let problem = "exists, but no checkpoint beside it: expected an empty directory";
            return Err(Error::config(path.display().to_string(), problem));
        }
        let mut c = found
            .unwrap_or_else(|| Checkpoint { stream: source::now().to_string(), ..Checkpoint::default() });
        let rows = std::mem::take(&mut c.rows);
        let segments = args.output.join("aggregates");
        let mut daemon = Self {
            live: if c.live.is_empty() {
                Live::with_plan(plan.clone(), source.start, options)?
            } else {
                Live::restore(plan.clone(), options, &c.live)?
            },
            events: Events::open(&path, c.events_bytes, args.print)?,
            aggregates: Aggregates::open(segments, &plan, args.segment, rows)?,
            metrics: Metrics::default(),
            shared: Arc::default(),
            stream: c.stream,
            taken: c.taken,
            finished: c.finished,
            args,
        };
        if let Some(taken) = daemon.taken.as_mut().filter(|_| !daemon.finished) {
            source.go_on(&mut daemon.live, taken)?;
        }
        daemon.shared.committed.store(c.events_bytes, Ordering::Release);
        if fresh {
            daemon.commit()?;
        }
        Ok(daemon)
    }

    pub fn publisher(&self) -> Result<Option<JoinHandle<Result<()>>>> {
        let Some(broker) = self.args.mqtt.clone() else { return Ok(None) };
        let publisher = Publisher {
            broker,
            topic: self.args.topic.clone(),
            dir: self.args.output.clone(),
            stream: self.stream.clone(),
            shared: self.shared.clone(),
            metrics: self.metrics.clone(),
        };
        publisher.start().map(Some)
    }

    /// Takes what the last block completed.
    pub fn take_results(&mut self) -> Result<()> {
        let (plan, dated) = (self.live.plan().clone(), self.live.is_dated());
        // One result serves as the memory of the next.
        let mut slot: Option<Output> = None;
        while self.live.next_into(&mut slot) {
            let Some(output) = &slot else { break };
            self.metrics.result(&plan, output);
            self.aggregates.add(&plan, dated, output)?;
            if events::is_event(&output.value) {
                self.events.add(&self.stream, StreamLine::new(&plan, dated, output))?;
            }
        }
        if self.finished { self.aggregates.close() } else { Ok(()) }
    }

    /// Promises everything written so far.
    pub fn commit(&mut self) -> Result<()> {
        let events_bytes = self.events.sync()?;
        let checkpoint = Checkpoint {
            stream: self.stream.clone(),
            events_bytes,
            rows: std::mem::take(&mut self.aggregates.rows),
            taken: self.taken,
            finished: self.finished,
            live: self.live.checkpoint()?,
        };
        checkpoint.save(&self.args.output)?;
        self.aggregates.rows = checkpoint.rows;
        self.shared.committed.store(events_bytes, Ordering::Release);
        self.metrics.set("kilat_checkpoint_timestamp_seconds", String::new(), crate::seconds(source::now()));
        self.events.print()
    }
}
