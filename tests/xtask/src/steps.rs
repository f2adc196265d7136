//! The commands, each told in one function.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader, PipeReader, Write},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use crate::{Failure, counts::Counts, during, group, install, postgres, server::Server};

/// How long after cargo has ended the outputs of what it started may stay open.
const PATIENCE: Duration = Duration::from_secs(5);

/// Formatting, lints, each feature for itself, documentation, and the tests.
pub(crate) fn ci(mut arguments: Vec<String>) -> Result<(), Failure> {
    let install = take(&mut arguments, "--install");
    if !arguments.is_empty() {
        return Err(Failure::missing(crate::USAGE));
    }
    cargo("the formatting", &["fmt", "--all", "--check"], &[])?;
    cargo("the lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])?;
    for features in ["", "sqlite", "postgres", "tls", "regex", "jsonpath", "jsonschema"] {
        let what = format!("gesta with the features [{features}] alone");
        cargo(&what, &["check", "-p", "gesta", "--no-default-features", "--features", features], &[])?;
    }
    let strict = [("RUSTDOCFLAGS", "-D warnings")];
    cargo("the documentation", &["doc", "--workspace", "--no-deps"], &strict)?;
    test(if install { vec!["--install".into()] } else { Vec::new() })
}

/// Every test on every store, against a private server.
pub(crate) fn test(mut arguments: Vec<String>) -> Result<(), Failure> {
    let wanted = take(&mut arguments, "--install");
    let programs = match postgres::find()? {
        Some(programs) => programs,
        None if wanted => {
            install::postgres()?;
            postgres::find()?
                .ok_or_else(|| Failure::missing("PostgreSQL was installed and is still not found"))?
        }
        None => {
            return Err(Failure::missing(format!(
                "PostgreSQL 15 or later is missing, and no test is skipped; as root run: {}\nor let this do it: \
                 cargo xtask test --install",
                install::BY_HAND
            )));
        }
    };
    println!("xtask: PostgreSQL {} in {}", programs.version, programs.folder.display());
    let selection = ["test", "--workspace", "--no-fail-fast"];
    cargo("that every test compiles", &[&selection[..], &["--no-run"]].concat(), &[])?;
    let mut server = Server::start(&programs)?;
    println!("xtask: a private server is running; now every test");
    let mut tests = cargo_command();
    tests.args(selection).args(arguments);
    tests.env("GESTA_TEST_POSTGRES_URL", &server.url).env("PG_BIN", &programs.folder);
    let result = run_counting(tests, &mut server);
    drop(server);
    println!("xtask: the private server is stopped");
    let (counts, passed) = result?;
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    if counts.skipped > 0 {
        return Err(Failure::new("a test was skipped; every test must run, or be removed"));
    }
    if counts.passed == 0 {
        return Err(Failure::new("no test ran"));
    }
    if passed && counts.failed == 0 { Ok(()) } else { Err(Failure::new("the tests failed")) }
}

/// Runs the tests in a process group of their own, shows what they print, and adds up their results.
fn run_counting(mut tests: Command, server: &mut Server) -> Result<(Counts, bool), Failure> {
    // One pipe for both outputs keeps the order of their lines.
    let (output, input) = during("cannot make a pipe", std::io::pipe())?;
    let errors = during("cannot make a pipe", input.try_clone())?;
    let mut running = during(
        "cannot run cargo",
        tests.stdin(Stdio::null()).stdout(input).stderr(errors).process_group(0).spawn(),
    )?;
    // The command holds the writing ends of the pipe; while it lives, the pipe does not close.
    drop(tests);
    if let Err(failure) = server.also_ends(running.id()) {
        group::terminate(&running.id().to_string());
        return Err(failure);
    }
    let lines = lines_of(output);
    let mut counts = Counts::default();
    let mut over = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                counts.line(&String::from_utf8_lossy(&line));
                during("cannot show what the tests print", std::io::stdout().write_all(&line))?;
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // A process that a test left behind keeps the pipe open, and must not keep us waiting for ever.
            Err(RecvTimeoutError::Timeout)
                if over.is_some_and(|since: Instant| since.elapsed() > PATIENCE) =>
            {
                group::terminate(&running.id().to_string());
                return Err(Failure::new("cargo has ended, but a process that a test started has not"));
            }
            Err(RecvTimeoutError::Timeout) => {
                let ended = during("cannot wait for cargo", running.try_wait())?;
                over = over.or(ended.map(|_| Instant::now()));
            }
        }
    }
    counts.finish();
    let status = during("cannot wait for cargo", running.wait())?;
    server.has_ended()?;
    Ok((counts, status.success()))
}

/// The lines of a pipe, read by a thread of their own, so that the reader can give up.
fn lines_of(pipe: PipeReader) -> Receiver<Vec<u8>> {
    let (send, receive) = mpsc::sync_channel(1000);
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if send.send(std::mem::take(&mut line)).is_err() {
                break;
            }
        }
    });
    receive
}

fn cargo(what: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), Failure> {
    println!("xtask: checking {what}: cargo {}", arguments.join(" "));
    let mut command = cargo_command();
    command.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
    let status = during("cannot run cargo", command.status())?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("checking {what} failed"))) }
}

/// The cargo that runs this program.
fn cargo_command() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// Removes a word from the arguments, and says whether it was there.
fn take(arguments: &mut Vec<String>, word: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != word);
    arguments.len() < before
}
