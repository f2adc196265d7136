use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    sync::mpsc,
    time::timeout,
};

use super::Transfer;
use crate::Fault;

/// A process of its own that does something on a store, such as the program `saga_worker`. It is killed when it is dropped.
#[derive(Debug)]
pub struct Worker {
    process: Child,
    input: Option<ChildStdin>,
    output: mpsc::UnboundedReceiver<String>,
}

/// How workers are started.
#[derive(Clone, Debug)]
pub struct Workers {
    /// The program.
    pub program: PathBuf,
    /// The address of the store.
    pub url: String,
    /// The address of the clearing house.
    pub house: String,
    /// How long their leases are good.
    pub lease: Duration,
    /// What is wrong with them: `unfenced`, `late-intents`, `other-keys`, or nothing.
    pub flaw: Option<&'static str>,
    /// Which program it is: the first, `second` or `third`.
    pub version: Option<&'static str>,
}

/// How long a process may need to come to something.
const PATIENCE: Duration = Duration::from_secs(60);

impl Workers {
    /// Starts one, which may take a while to work.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&self) -> Worker {
        self.start_with(None)
    }

    /// Starts one to which something happens.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_with(&self, fault: Option<&Fault>) -> Worker {
        let mut command = Command::new(&self.program);
        command
            .arg(&self.url)
            .arg(&self.house)
            .arg(self.lease.as_millis().to_string())
            .args(self.flaw)
            .args(self.version);
        Worker::of(command, fault)
    }
}

impl Worker {
    /// Starts a program to which something happens, or nothing.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn of(mut command: Command, fault: Option<&Fault>) -> Self {
        if let Some(fault) = fault {
            command.env("GESTA_FAULT_AT", fault.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("the program starts");
        let input = process.stdin.take();
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let (sender, output) = mpsc::unbounded_channel();
        // Whether or not anybody listens, it must be able to speak.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = sender.send(line);
            }
        });
        Self { process, input, output }
    }

    /// Waits until it says something that begins like this. What it says otherwise is passed over.
    ///
    /// # Panics
    /// When it ends instead, or takes too long.
    pub async fn says(&mut self, beginning: &str) -> String {
        let mut others = Vec::new();
        let saying = async {
            while let Some(line) = self.output.recv().await {
                if line.starts_with(beginning) {
                    return Some(line);
                }
                others.push(line);
            }
            None
        };
        match timeout(PATIENCE, saying).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("the process has ended and not said `{beginning}`, but {others:?}"),
            Err(_) => panic!("the process does not say `{beginning}`, but {others:?}"),
        }
    }

    /// Waits until it works.
    ///
    /// # Panics
    /// As [`Worker::says`].
    pub async fn ready(mut self) -> Self {
        self.says("ready").await;
        self
    }

    /// Tells it something. A process that is gone does not hear it.
    pub async fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(format!("{line}\n").as_bytes()).await;
        }
    }

    /// Has it start a transfer.
    pub async fn begin(&mut self, transfer: &Transfer) {
        let Transfer { name, from, to, cents } = transfer;
        self.tell(&format!("begin {name} {from} {to} {cents}")).await;
    }

    /// It does nothing any more, in the middle of whatever it is at, until it is thawed.
    ///
    /// # Panics
    /// When it has ended.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// When it has ended.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.id().expect("a process that has not ended").to_string();
        let status = std::process::Command::new("kill").args([signal, &process]).status();
        assert!(status.expect("the program kill").success(), "the process is there");
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub async fn kill(mut self) {
        self.process.kill().await.expect("it is killed");
    }

    /// Waits until it is gone without having been asked to.
    ///
    /// # Panics
    /// When it stays.
    pub async fn is_gone(mut self) {
        timeout(PATIENCE, self.process.wait()).await.expect("in time").expect("its status");
    }

    /// Waits until all of it is frozen, by its own hand.
    ///
    /// # Panics
    /// When it is not.
    pub async fn is_frozen(&self) {
        let process = self.process.id().expect("a process that has not ended");
        let frozen = async {
            loop {
                let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
                if status.lines().any(|line| line.starts_with("State:") && line.contains('T')) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, frozen).await.expect("a frozen process");
    }

    /// Whether it has ended, which it is not to do by itself.
    ///
    /// # Panics
    /// When that cannot be told.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("its status").is_some()
    }

    /// Asks it to shut down, and waits until it has.
    ///
    /// # Panics
    /// When it does not shut down in order.
    pub async fn stop(mut self) {
        drop(self.input.take());
        self.says("done").await;
        assert!(self.process.wait().await.expect("its status").success());
    }
}
