//! A real broker on a free port, and somebody who listens.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

pub const TOPIC: &str = "test/events";

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Mosquitto, which keeps its state in a file.
pub struct Broker {
    program: PathBuf,
    config: PathBuf,
    pub port: u16,
    child: Option<Child>,
}

impl Broker {
    /// Starts one with its files in `dir`; `None` where mosquitto is not installed.
    pub fn start(dir: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
        places.extend(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(PathBuf::from));
        let program = places.iter().map(|p| p.join("mosquitto")).find(|p| p.is_file())?;
        let port = free_port();
        let config = dir.join("mosquitto.conf");
        // Started by root it would become another user, who cannot write here.
        let user = "user root\n";
        let settings = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\n\
             max_queued_messages 0\n{user}",
            dir.display()
        );
        std::fs::write(&config, settings).unwrap();
        let mut broker = Self { program, config, port, child: None };
        broker.resume();
        Some(broker)
    }

    /// Starts it again.
    pub fn resume(&mut self) {
        let mut c = Command::new(&self.program);
        c.arg("-c").arg(&self.config).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(c.spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "mosquitto does not listen on port {}", self.port);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it as a system that restarts it does.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
            child.wait().unwrap();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// A subscriber whom the broker remembers.
pub struct Listener {
    heard: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Listener {
    /// Subscribes, and returns once that has been confirmed.
    pub fn start(port: u16) -> Self {
        let mut options = MqttOptions::new("listener", "127.0.0.1", port);
        options.set_clean_session(false).set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut connection) = Client::new(options, 4);
        client.subscribe(TOPIC, QoS::AtLeastOnce).unwrap();
        while !matches!(connection.recv().unwrap().unwrap(), Event::Incoming(Packet::SubAck(_))) {}
        let (heard, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (all, ended) = (heard.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let _client = client;
            while !ended.load(Ordering::Relaxed) {
                match connection.recv_timeout(Duration::from_millis(200)) {
                    Ok(Ok(Event::Incoming(Packet::Publish(p)))) => {
                        let line = String::from_utf8(p.payload.to_vec()).unwrap();
                        let mut all = all.lock().unwrap();
                        // What the broker itself marks as sent again, because it did not get a receipt, is no repetition.
                        if !(p.dup && all.contains(&line)) {
                            all.push(line);
                        }
                    }
                    Ok(Err(_)) => std::thread::sleep(Duration::from_millis(50)),
                    _ => {}
                }
            }
        });
        Self { heard, stop, thread }
    }

    /// Everything heard, when that is `expected` messages or nothing more comes.
    pub fn finish(self, expected: usize) -> Vec<String> {
        let until = Instant::now() + Duration::from_secs(10);
        while self.heard.lock().unwrap().len() < expected && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
        // One that comes twice may come a little later.
        std::thread::sleep(Duration::from_millis(300));
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        Arc::into_inner(self.heard).unwrap().into_inner().unwrap()
    }
}
