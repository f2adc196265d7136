use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// A process that follows the log of the tills: the program `follower`.
#[derive(Debug)]
pub struct Follower {
    process: Child,
    output: BufReader<ChildStdout>,
    frozen: bool,
}

/// How a follower is started.
#[derive(Clone, Debug)]
pub struct Following {
    /// The program.
    pub program: PathBuf,
    /// The address of the store.
    pub url: String,
    /// How long its leases are good.
    pub lease: Duration,
    /// Whether it keeps to the fence.
    pub fenced: bool,
}

impl Following {
    /// Starts a process, which may take a while to work.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&self) -> Follower {
        let mut command = Command::new(&self.program);
        command.arg(&self.url).arg(self.lease.as_millis().to_string());
        command.args((!self.fenced).then_some("unfenced"));
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        Follower { process, output, frozen: false }
    }
}

impl Follower {
    /// Waits until it works.
    ///
    /// # Panics
    /// When it ends instead.
    pub fn ready(mut self) -> Self {
        assert_eq!(self.line(), "ready", "the process works");
        self
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("readable output");
        line.trim().to_owned()
    }

    /// It does nothing any more, in the middle of whatever it is at, until it is thawed.
    pub fn freeze(&mut self) {
        self.signal("-STOP");
        self.frozen = true;
    }

    /// Lets it go on.
    pub fn thaw(&mut self) {
        if std::mem::take(&mut self.frozen) {
            self.signal("-CONT");
        }
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(status.expect("the program kill").success(), "the process is there");
    }

    /// Whether it has ended, which it is not to do by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("its status").is_some()
    }

    /// Asks it to shut down, and waits until it has.
    ///
    /// # Panics
    /// When it does not shut down in order.
    pub fn stop(mut self) {
        drop(self.process.stdin.take());
        loop {
            match self.line().as_str() {
                "done" => break,
                "" => panic!("the process has not shut down in order"),
                _ => {}
            }
        }
        assert!(self.process.wait().expect("its status").success());
    }
}

impl Drop for Follower {
    /// Kills it, as `kill -9` does.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
