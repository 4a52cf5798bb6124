//! The stream on a thread of its own, so that a silent source or a large block never holds up the screen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use kilat::engine::live::{Options, Output};
use kilat::engine::plan::{ChannelSpec, Plan};
use kilat::feed::{Raw, Replay};
use kilat::{Capture, Channel, Config, Error, Live, Result, SampleKind, SampleRate};

/// Seconds of signal in one block.
const BLOCK_S: f64 = 0.1;
/// A replay that is later than this goes on from now.
const LATE: Duration = Duration::from_millis(500);
/// Blocks that may wait to be shown.
const AHEAD: usize = 16;

/// Where samples come from.
pub struct Feed {
    plan: Arc<Plan>,
    live: Live,
    from: Origin,
}

enum Origin {
    Replay(Box<Replay>),
    Raw(Raw<std::io::Stdin>),
}

/// What a block completed.
pub struct Batch {
    pub outputs: Vec<Output>,
    pub dated: bool,
    /// Seconds from the first sample to the end of the block.
    pub position_s: f64,
    /// Length of the whole, if it is known.
    pub duration_s: Option<f64>,
}

/// The running thread.
pub struct Handle {
    batches: Receiver<Result<Batch>>,
    /// Times real time, as the bits of a float.
    speed: Arc<AtomicU64>,
    pub paused: Arc<AtomicBool>,
}

impl Feed {
    pub fn replay(capture: Capture, config: &Config) -> Result<Self> {
        let replay = Replay::new(capture, config)?;
        let plan = replay.plan().clone();
        let live = Live::with_plan(plan.clone(), replay.start(), Options::default())?;
        Ok(Self { plan, live, from: Origin::Replay(Box::new(replay)) })
    }

    pub fn raw(rate: SampleRate, channels: &[Channel], config: &Config, kind: SampleKind) -> Result<Self> {
        let specs: Vec<_> = channels.iter().enumerate().map(|(k, c)| ChannelSpec::of(c, k)).collect();
        let plan = Arc::new(Plan::new(config, rate, &specs)?);
        let live = Live::with_plan(plan.clone(), None, Options::default())?;
        Ok(Self { live, from: Origin::Raw(Raw::new(std::io::stdin(), kind, plan.recorded().len(), 0)), plan })
    }

    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Starts the thread, which ends with the samples or when nobody takes the results any more.
    pub fn start(self, speed: f64) -> Result<Handle> {
        let (sender, batches) = sync_channel(AHEAD);
        let handle =
            Handle { batches, speed: Arc::new(AtomicU64::new(speed.to_bits())), paused: Arc::default() };
        let (speed, paused) = (handle.speed.clone(), handle.paused.clone());
        let work = move || self.run(&sender, &speed, &paused);
        std::thread::Builder::new().name("feed".into()).spawn(work).map_err(|e| Error::io("thread", e))?;
        Ok(handle)
    }

    fn run(mut self, batches: &SyncSender<Result<Batch>>, speed: &AtomicU64, paused: &AtomicBool) {
        let block = (self.plan.fs * BLOCK_S).ceil() as u64;
        let mut due = Instant::now();
        loop {
            let from_s = self.position_s();
            let pushed = match &mut self.from {
                Origin::Replay(replay) => replay.push(&mut self.live, block),
                Origin::Raw(raw) => raw.push(&mut self.live, block),
            };
            let over = !matches!(pushed, Ok(true));
            if over {
                self.live.finish();
            }
            let outputs = self.live.outputs().collect();
            let duration_s = match &self.from {
                Origin::Replay(replay) => Some(replay.time().duration_s()),
                Origin::Raw(_) => None,
            };
            let position_s = self.position_s();
            let batch = Batch { outputs, dated: self.live.is_dated(), position_s, duration_s };
            // A source at real time sets the pace itself.
            let times = f64::from_bits(speed.load(Ordering::Relaxed));
            if times > 0.0 && matches!(self.from, Origin::Replay(_)) {
                let now = Instant::now();
                due += Duration::from_secs_f64((position_s - from_s).max(0.0) / times);
                // What was lost on a slow machine is not caught up with.
                if due + LATE < now {
                    due = now;
                }
                std::thread::sleep(due.saturating_duration_since(now));
            }
            while paused.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
                due = Instant::now();
            }
            if batches.send(Ok(batch)).is_err() {
                return;
            }
            if let Err(e) = pushed {
                // The receiver may be gone; then nobody wants to know.
                let _ = batches.send(Err(e));
            }
            if over {
                return;
            }
        }
    }

    fn position_s(&self) -> f64 {
        match &self.from {
            Origin::Replay(replay) => replay.time().seconds(replay.position() as f64),
            Origin::Raw(_) => self.plan.rate.seconds(self.live.next_index() as f64),
        }
    }
}

impl Handle {
    /// Waits for the next results; `None` after the last.
    pub fn next(&self) -> Result<Option<Batch>> {
        self.batches.recv().ok().transpose()
    }

    /// The next results, if there are any now.
    pub fn next_now(&self) -> Result<Next> {
        match self.batches.try_recv() {
            Ok(batch) => batch.map(Next::Batch),
            Err(TryRecvError::Empty) => Ok(Next::Later),
            Err(TryRecvError::Disconnected) => Ok(Next::Over),
        }
    }

    pub fn speed(&self) -> f64 {
        f64::from_bits(self.speed.load(Ordering::Relaxed))
    }

    pub fn set_speed(&self, times: f64) {
        self.speed.store(times.to_bits(), Ordering::Relaxed);
    }
}

/// What there is now.
pub enum Next {
    Batch(Batch),
    Later,
    Over,
}
