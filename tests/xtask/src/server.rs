//! A private PostgreSQL server that does not outlive the command that started it.
//!
//! A guard, this program again in a process group of its own, owns the server. It holds the reading end of a
//! pipe whose writing end the command holds. However the command ends, the pipe closes, and the guard stops the
//! server and removes its files. So neither Ctrl-C nor SIGKILL leaves a server behind.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use crate::{Failure, during, group, install::is_root, postgres::Programs};

/// The word that makes this program a guard.
pub(crate) const GUARD: &str = "guard-of-a-server";

/// What ends the command may be sent to the guard as well, and must not end it before its work is done. What a
/// shell ignores, the program that it becomes ignores too.
const UNDISTURBED: &str = "trap '' HUP INT TERM; exec \"$@\"";

/// The last line that the guard is told when everything has ended by itself.
const ENDED: &str = "ended";

/// How often another port is tried when somebody else took the free one first.
const ATTEMPTS: u32 = 5;

/// A running server. It is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    guard: Child,
    pipe: Option<ChildStdin>,
    /// The address of its maintenance database, as a superuser.
    pub(crate) url: String,
}

impl Server {
    /// Starts a server with a guard, and waits until it takes connections.
    pub(crate) fn start(programs: &Programs) -> Result<Self, Failure> {
        let this = during("cannot find this program", env::current_exe())?;
        let mut guard = during(
            "cannot start the guard of the server",
            Command::new("sh")
                .args(["-c", UNDISTURBED, "sh"])
                .arg(this)
                .arg(GUARD)
                .arg(&programs.folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .process_group(0)
                .spawn(),
        )?;
        let pipe = guard.stdin.take();
        let mut url = String::new();
        if let Some(output) = guard.stdout.take() {
            during("cannot read from the guard", BufReader::new(output).read_line(&mut url))?;
        }
        let server = Self { guard, pipe, url: url.trim().to_owned() };
        if server.url.is_empty() {
            return Err(Failure::new("the private PostgreSQL server did not start; the reason is above"));
        }
        Ok(server)
    }

    /// Has the guard end a process group too, should this program end before it does.
    pub(crate) fn also_ends(&mut self, process_group: u32) -> Result<(), Failure> {
        self.tell(&process_group.to_string())
    }

    /// The process group has ended by itself. Its number may be another's soon, and must not be touched.
    pub(crate) fn has_ended(&mut self) -> Result<(), Failure> {
        self.tell(ENDED)
    }

    fn tell(&mut self, line: &str) -> Result<(), Failure> {
        match &mut self.pipe {
            Some(pipe) => during("the guard of the server is gone", writeln!(pipe, "{line}")),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.guard.wait();
    }
}

/// What the guard does: starts the server, says where it is, waits for the pipe to close, stops the server.
pub(crate) fn guard(arguments: &[String]) -> Result<(), Failure> {
    let [folder] = arguments else { return Err(Failure::new("a guard needs the folder of the programs")) };
    let cluster = Cluster::create(Path::new(folder))?;
    println!("{}", cluster.start()?);
    let mut lines = String::new();
    // An error means that the other end is gone, which is what is waited for.
    let _ = std::io::stdin().read_to_string(&mut lines);
    if let Some(group) = lines.lines().last().filter(|line| *line != ENDED) {
        group::terminate(group);
    }
    Ok(())
}

/// The files of a server, and its programs. Dropped, it stops the server and removes the files.
#[derive(Debug)]
struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    owner: Option<(u32, u32)>,
    password: String,
}

impl Cluster {
    fn create(programs: &Path) -> Result<Self, Failure> {
        let mut random = [0; 16];
        let source = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random));
        during("cannot read /dev/urandom", source)?;
        let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = env::temp_dir().join(format!("gesta-test-postgres-{}", std::process::id()));
        during("cannot make a folder for the server", fs::create_dir(&folder))?;
        // PostgreSQL refuses to run as root.
        let owner = is_root()?.then(unprivileged);
        let cluster = Self { programs: programs.to_owned(), folder, owner, password };
        let secret = cluster.folder.join("password");
        during("cannot write the server's password", fs::write(&secret, &cluster.password))?;
        for path in [&cluster.folder, &secret] {
            if let Some((user, group)) = owner {
                during("cannot hand the server its folder", chown(path, Some(user), Some(group)))?;
            }
        }
        cluster.run(
            cluster
                .program("initdb")
                .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres"])
                .args(["--auth=scram-sha-256", "--pwfile=password", "--pgdata=data"]),
        )?;
        during("cannot remove the server's password", fs::remove_file(&secret))?;
        Ok(cluster)
    }

    /// Starts the server on a free port, and returns its address.
    fn start(&self) -> Result<String, Failure> {
        let mut last = Failure::new("no attempt was made to start the server");
        for _ in 0..ATTEMPTS {
            let free = during("cannot find a free port", TcpListener::bind("127.0.0.1:0"))?;
            let port = during("cannot find a free port", free.local_addr())?.port();
            drop(free);
            // Nothing here outlives the run, so nothing is flushed; tests that crash a server start their own.
            let options = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 \
                 -c max_prepared_transactions=10 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
            );
            let mut start = self.program("pg_ctl");
            start.args(["start", "-w", "-t", "60", "-s", "-D", "data", "-l", "log", "-o", &options]);
            match self.run(&mut start) {
                Ok(()) => {
                    return Ok(format!("postgres://postgres:{}@127.0.0.1:{port}/postgres", self.password));
                }
                Err(failure) => last = failure,
            }
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(Failure::new(format!("{last}\nthe server's log:\n{log}")))
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(&self.folder).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn run(&self, command: &mut Command) -> Result<(), Failure> {
        let what = format!("{} in {}", command.get_program().display(), self.folder.display());
        let output = during(&format!("cannot run {what}"), command.stdin(Stdio::null()).output())?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format!("{what} failed ({}): {}", output.status, said.trim())))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "-w", "-s", "-m", "immediate", "-D", "data"]);
        if self.folder.join("data/postmaster.pid").exists()
            && let Err(failure) = self.run(&mut stop)
        {
            eprintln!("xtask: the private server could not be stopped: {failure}");
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("xtask: cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// User and group to run a server as when this is root: `postgres` if there is one, else nobody.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    users.lines().find_map(postgres_user).unwrap_or((65534, 65534))
}

fn postgres_user(line: &str) -> Option<(u32, u32)> {
    let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::postgres_user;

    #[test]
    fn the_user_of_the_server_is_read() {
        let line = "postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        assert_eq!(postgres_user(line), Some((101, 104)));
        assert_eq!(postgres_user("root:x:0:0:root:/root:/bin/bash"), None);
    }
}
