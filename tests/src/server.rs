use std::{
    env, fs,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A PostgreSQL server of a test's own, to be maltreated, with real durability, on a free port. It is stopped and removed when dropped.
pub struct Server {
    folder: PathBuf,
    port: u16,
    owner: Option<u32>,
}

impl Server {
    /// Starts a server with these additional lines of configuration.
    pub fn start(configuration: &str) -> Self {
        let server = Self::empty();
        server.run("initdb", &["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        server.configure(&format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 100\n\
             max_prepared_transactions = 10\nshared_buffers = 32MB\n{configuration}",
        ));
        server.start_again();
        server
    }

    /// Starts a standby that follows this server.
    pub fn standby(&self) -> Self {
        let standby = Self::empty();
        standby.run("pg_basebackup", &["-D", "data", "-R", "-c", "fast", "-d", &self.url()]);
        standby.configure("");
        standby.start_again();
        standby
    }

    /// A folder and a port for a server.
    fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("gesta-server-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        let port =
            TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("a port").port();
        let server = Self { folder, port, owner: unprivileged() };
        let _ = fs::remove_dir_all(&server.folder);
        fs::create_dir_all(&server.folder).expect("a folder for the server");
        chown(&server.folder, server.owner, server.owner).expect("a folder of the server's own");
        server
    }

    /// Adds lines to its configuration, which win over those before.
    fn configure(&self, lines: &str) {
        let path = self.data().join("postgresql.conf");
        let before = fs::read_to_string(&path).expect("the configuration of the server");
        fs::write(&path, format!("{before}port = {}\n{lines}\n", self.port)).expect("the configuration");
    }

    /// The address of its maintenance database.
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same through another port, such as a proxy's.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Stops it as a power failure would.
    pub fn stop_immediate(&self) {
        self.run("pg_ctl", &["-D", "data", "-m", "immediate", "-w", "stop"]);
    }

    /// Starts it after a stop, and waits until it lets clients in.
    pub fn start_again(&self) {
        self.run("pg_ctl", &["-D", "data", "-l", "log", "-w", "-t", "60", "start"]);
    }

    /// Stops it as a power failure would and starts it again.
    pub fn restart_immediate(&self) {
        self.stop_immediate();
        self.start_again();
    }

    /// Copies its data while it runs, with PostgreSQL's own program, in place of an earlier copy.
    pub fn backup(&self) {
        let _ = fs::remove_dir_all(self.folder.join("backup"));
        let url = self.url();
        self.run("pg_basebackup", &["-D", "backup", "-c", "fast", "-X", "stream", "--no-sync", "-d", &url]);
    }

    /// Stops it as a power failure would, and starts it with the data of the backup, which is used up by that.
    pub fn restore(&self) {
        self.stop_immediate();
        fs::remove_dir_all(self.data()).expect("the data is removed");
        fs::rename(self.folder.join("backup"), self.data()).expect("a backup");
        self.start_again();
    }

    /// Runs one of PostgreSQL's programs in the server's folder, as its owner.
    pub fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(binaries().join(program));
        // pg_ctl leaves a server behind that would keep a pipe open: its output goes to a file.
        let output = fs::File::create(self.folder.join("output")).expect("a file for the output");
        let errors = output.try_clone().expect("a file for the output");
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null()).stdout(output).stderr(errors);
        if let Some(owner) = self.owner {
            command.uid(owner).gid(owner);
        }
        let status = command.status().expect("a program of PostgreSQL");
        let told = fs::read_to_string(self.folder.join("output")).unwrap_or_default();
        assert!(status.success(), "{program} {arguments:?} failed: {told}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut command = Command::new(binaries().join("pg_ctl"));
        command.args(["-D", "data", "-m", "immediate", "-w", "stop"]).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(owner) = self.owner {
            command.uid(owner).gid(owner);
        }
        // It may be stopped already; then there is nothing to do.
        let _ = command.status();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of PostgreSQL's programs: `PG_BIN`, or where Debian puts them.
fn binaries() -> PathBuf {
    if let Some(folder) = env::var_os("PG_BIN") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.into_iter().rfind(|folder| folder.join("initdb").exists()).expect(
        "PostgreSQL is not installed: set PG_BIN, or run `cargo xtask test --install`, which installs it",
    )
}

/// PostgreSQL refuses to run as root: then it is run as nobody.
fn unprivileged() -> Option<u32> {
    const NOBODY: u32 = 65_534;
    let status = fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?;
    (uid == "0").then_some(NOBODY)
}
