//! Publishes events.jsonl, each line once, over kills of this process and outages of the broker.
//!
//! The file is the queue, and the broker itself remembers how far it is: every message is retained, so the topic holds the last
//! one that it took. A new connection asks for that first and goes on with the line after it. One message is in flight at a time,
//! and a connection that fails is given up for a new one, so nothing is sent again that the broker may have. The place that is
//! kept beside the file only serves when the broker has lost its memory.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kilat::{Error, Result};
use rumqttc::{Client, Connection, Event, MqttOptions, Packet, Publish, QoS, RecvTimeoutError};

use crate::metrics::Metrics;
use crate::queue::{Key, Queue};

/// How long the broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last message is waited for: shortly if there was never one, as most likely there is none.
const LAST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// Time between two looks at the file, and two attempts to connect.
const LOOK: Duration = Duration::from_millis(50);
const RETRY: Duration = Duration::from_secs(1);
/// Largest message: a burst of mains signalling has some thousand numbers.
const LARGEST: usize = 1 << 20;

/// What the main thread says to the publisher.
#[derive(Default)]
pub struct Shared {
    /// Bytes of events.jsonl that are safe.
    pub committed: AtomicU64,
    /// Nothing will be added.
    pub ended: AtomicBool,
}

/// A broker, a topic and the file that is published.
pub struct Publisher {
    pub broker: (String, u16),
    pub topic: String,
    pub dir: PathBuf,
    pub stream: String,
    pub shared: std::sync::Arc<Shared>,
    pub metrics: Metrics,
}

/// Why a connection ended.
enum End {
    /// Everything is published.
    Done,
    /// The broker is away.
    Broken(String),
    /// This side cannot go on.
    Failed(Error),
}

impl From<Error> for End {
    fn from(e: Error) -> Self {
        Self::Failed(e)
    }
}

impl Publisher {
    /// Publishes on a thread of its own; it ends when everything is published after [`Shared::ended`].
    pub fn start(self) -> Result<JoinHandle<Result<()>>> {
        let io = |e| Error::io("thread", e);
        std::thread::Builder::new().name("mqtt".into()).spawn(move || self.run()).map_err(io)
    }

    fn run(&self) -> Result<()> {
        let mut queue = Queue::open(&self.dir)?;
        let mut complained = false;
        loop {
            let end = self.connection(&mut queue, &mut complained);
            self.metrics.set("kilat_mqtt_connected", String::new(), 0.0);
            match end {
                End::Done => return Ok(()),
                End::Failed(e) => return Err(e),
                End::Broken(why) => {
                    if !std::mem::replace(&mut complained, true) {
                        let (host, port) = &self.broker;
                        crate::say(&format!("{host}:{port}: {why}; events wait in the file"));
                    }
                    std::thread::sleep(RETRY);
                }
            }
        }
    }

    /// One connection, from its begin to its end.
    fn connection(&self, queue: &mut Queue, complained: &mut bool) -> End {
        let mut options = MqttOptions::new(format!("kilat:{}", self.topic), &*self.broker.0, self.broker.1);
        options.set_keep_alive(PATIENCE).set_max_packet_size(LARGEST, LARGEST);
        let (client, connection) = Client::new(options, 4);
        let mut link = Link { client, connection, last: None };
        match self.publish(&mut link, queue, complained) {
            Ok(()) => {
                // Leave in peace: what the broker took, it took.
                let _ = link.client.disconnect();
                let _ = link.wait(LOOK, |_| false);
                End::Done
            }
            Err(end) => end,
        }
    }

    fn publish(&self, link: &mut Link, queue: &mut Queue, complained: &mut bool) -> Result<(), End> {
        link.expect("the connection", PATIENCE, |p| matches!(p, Packet::ConnAck(_)))?;
        link.client.subscribe(&self.topic, QoS::AtMostOnce).map_err(broken)?;
        link.expect("the subscription", PATIENCE, |p| matches!(p, Packet::SubAck(_)))?;
        if link.last.is_none() {
            link.wait(if queue.begun { LAST.1 } else { LAST.0 }, |p| matches!(p, Packet::Publish(_)))?;
        }
        link.client.unsubscribe(&self.topic).map_err(broken)?;
        link.expect("the end of the subscription", PATIENCE, |p| matches!(p, Packet::UnsubAck(_)))?;
        let last = link.last.take().and_then(|p| serde_json::from_slice::<Key>(&p.payload).ok());
        // A message of another stream says nothing about this one.
        let last = last.filter(|key| key.stream == self.stream).map(|key| key.sequence);
        *complained = false;
        self.metrics.set("kilat_mqtt_connected", String::new(), 1.0);
        loop {
            // The order matters: what was committed before the end is seen after it.
            let ended = self.shared.ended.load(Ordering::Acquire);
            let committed = self.shared.committed.load(Ordering::Acquire);
            self.metrics.set(
                "kilat_mqtt_waiting_bytes",
                String::new(),
                (committed - queue.at.min(committed)) as f64,
            );
            match queue.peek(committed)? {
                None if ended => return Ok(()),
                None => drop(link.wait(LOOK, |_| false)?),
                Some(key) if last.is_some_and(|last| key.sequence <= last) => queue.advance()?,
                Some(_) => {
                    queue.begin()?;
                    link.client
                        .publish(&self.topic, QoS::AtLeastOnce, true, queue.line.trim_ascii_end())
                        .map_err(broken)?;
                    link.expect("the receipt of a message", PATIENCE, |p| matches!(p, Packet::PubAck(_)))?;
                    queue.advance()?;
                    self.metrics.add("kilat_mqtt_published_total", String::new(), 1.0);
                }
            }
        }
    }
}

fn broken(e: impl std::fmt::Display) -> End {
    End::Broken(e.to_string())
}

/// A connection to the broker.
struct Link {
    client: Client,
    connection: Connection,
    /// The retained message of the topic.
    last: Option<Publish>,
}

impl Link {
    /// Lets the connection work until a packet is `wanted`; false when the time is over before.
    fn wait(&mut self, time: Duration, wanted: fn(&Packet) -> bool) -> Result<bool, End> {
        let until = Instant::now() + time;
        loop {
            match self.connection.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Ok(Event::Incoming(packet))) => {
                    let found = wanted(&packet);
                    if let Packet::Publish(p) = packet
                        && p.retain
                    {
                        self.last = Some(p);
                    }
                    if found {
                        return Ok(true);
                    }
                }
                Ok(Ok(Event::Outgoing(_))) => {}
                Ok(Err(e)) => return Err(broken(e)),
                Err(RecvTimeoutError::Timeout) => return Ok(false),
                Err(RecvTimeoutError::Disconnected) => return Err(broken("closed")),
            }
        }
    }

    /// The same, but without the packet the connection is broken.
    fn expect(&mut self, what: &str, time: Duration, wanted: fn(&Packet) -> bool) -> Result<(), End> {
        if self.wait(time, wanted)? {
            Ok(())
        } else {
            Err(broken(format!("{what} takes longer than {time:?}")))
        }
    }
}
