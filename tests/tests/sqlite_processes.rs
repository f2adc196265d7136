//! Several processes on one file of SQLite, killed while they write.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader},
    ops::ControlFlow,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use gesta::{
    domain::{IdempotencyKey, Position},
    store::{Item, LogEventRef, ReadLog, ReadStream, Sqlite, Store, StreamId},
};
use gesta_tests::Folder;

const COMMANDS: u64 = 1_500;

/// A process that appends, and what it has acknowledged.
struct Appender {
    process: Child,
    lines: BufReader<ChildStdout>,
    acknowledged: BTreeSet<u64>,
}

impl Appender {
    fn start(file: &Path, name: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sqlite_appender"))
            .arg(file)
            .args([name, &COMMANDS.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines, acknowledged: BTreeSet::new() }
    }

    /// Waits for one more acknowledgement; false at the end.
    fn next(&mut self) -> bool {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        // The last line of a killed process may be cut short, and then it has acknowledged nothing.
        let Some(number) = line.strip_suffix('\n') else { return false };
        self.acknowledged.insert(number.parse().unwrap());
        true
    }

    /// Kills it in the middle of its work, and returns everything that it acknowledged before.
    fn kill(mut self) -> BTreeSet<u64> {
        self.process.kill().unwrap();
        while self.next() {}
        self.process.wait().unwrap();
        self.acknowledged
    }

    /// Lets it come to its end.
    fn finish(mut self) -> BTreeSet<u64> {
        while self.next() {}
        assert!(self.process.wait().unwrap().success(), "a process that was not killed ends well");
        self.acknowledged
    }
}

/// Runs a process again and again until it is done, and kills it each time after some acknowledgements.
fn killed_again_and_again(file: &Path, name: &str, kills: &[usize]) -> BTreeSet<u64> {
    let mut acknowledged = BTreeSet::new();
    for &after in kills {
        let mut appender = Appender::start(file, name);
        for _ in 0..after {
            assert!(appender.next(), "{name} has less than {COMMANDS} commands");
        }
        acknowledged.extend(appender.kill());
    }
    acknowledged.extend(Appender::start(file, name).finish());
    acknowledged
}

/// Follows the log until it has seen so many events.
async fn follow(store: Store, count: u64) -> Vec<(u64, StreamId, u64, String)> {
    let (mut seen, mut after) = (Vec::new(), Position::START);
    while (seen.len() as u64) < count {
        let mut visit = |event: LogEventRef<'_>| {
            let payload = String::from_utf8(event.event.payload.to_vec()).unwrap();
            seen.push((event.event.position.raw(), event.stream.clone(), event.event.version, payload));
            ControlFlow::Continue(())
        };
        after = store.port().read_log(&ReadLog { after, limit: 500 }, &mut visit).await.unwrap();
        tokio::task::yield_now().await;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn two_processes_that_are_killed_lose_nothing_and_store_nothing_twice() {
    let folder = Folder::new();
    let file = folder.path("events.db");
    let store: Store = Sqlite::open(&file).await.unwrap().into();
    let per_writer: u64 = (0..COMMANDS).map(|command| 1 + command % 3).sum();
    let follower = tokio::spawn(follow(store.clone(), per_writer * 2));
    let writer = |name: &'static str, kills: [usize; 4]| {
        let file = file.clone();
        tokio::task::spawn_blocking(move || killed_again_and_again(&file, name, &kills))
    };
    let (a, b) = (writer("a", [1, 300, 40, 700]), writer("b", [150, 2, 600, 90]));
    let (a, b) = (a.await.unwrap(), b.await.unwrap());
    let all: BTreeSet<u64> = (0..COMMANDS).collect();
    assert_eq!(a, all);
    assert_eq!(b, all);

    let seen = follower.await.unwrap();
    let positions: Vec<u64> = seen.iter().map(|event| event.0).collect();
    assert_eq!(positions, (1..=per_writer * 2).collect::<Vec<_>>(), "positions have no gaps");
    let mut versions = BTreeMap::new();
    for (_, stream, version, _) in &seen {
        let last: &mut u64 = versions.entry(stream.id().to_owned()).or_default();
        assert_eq!(*version, *last + 1, "versions of {stream} have no gaps");
        *last = *version;
    }
    let payloads: BTreeSet<&str> = seen.iter().map(|event| event.3.as_str()).collect();
    assert_eq!(payloads.len(), seen.len(), "nothing is stored twice");
    let expected = |name: &str| {
        let name = name.to_owned();
        (0..COMMANDS).flat_map(move |c| {
            let name = name.clone();
            (0..=c % 3).map(move |n| format!("{name}.{c}.{n}"))
        })
    };
    let missing: Vec<_> =
        expected("a").chain(expected("b")).filter(|payload| !payloads.contains(payload.as_str())).collect();
    assert!(missing.is_empty(), "lost: {missing:?}");
    for (id, last) in versions {
        let mut count = 0;
        let mut visit = |item: Item<'_>| {
            count += u64::from(matches!(item, Item::Event(_)));
            ControlFlow::Continue(())
        };
        store.port().read_stream(&ReadStream::all(StreamId::new("hot", &id)), &mut visit).await.unwrap();
        assert_eq!(count, last, "the stream hot/{id} is what the log has of it");
    }
    store.port().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let folder = Folder::new();
    let file = folder.path("events.db");
    for (round, after) in [1, 50, 200, 400].into_iter().enumerate() {
        let name = format!("round {round}");
        let mut appender = Appender::start(&file, &name);
        for _ in 0..after {
            assert!(appender.next());
        }
        let acknowledged = appender.kill();
        let store: Store = Sqlite::open(&file).await.unwrap().into();
        for command in acknowledged {
            let key = IdempotencyKey::new(format!("{name}.{command}"));
            let found = store.port().find_key(&key).await.unwrap();
            assert!(found.is_some(), "command {command} of {name} was acknowledged and is lost");
        }
        store.port().close().await;
    }
}

/// A copy of the program where every user can run it.
fn program(folder: &Folder) -> PathBuf {
    let program = folder.path("sqlite_appender");
    fs::copy(env!("CARGO_BIN_EXE_sqlite_appender"), &program).unwrap();
    program
}

/// The system refuses to let files grow, as a full disk does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_loses_nothing_and_is_named() {
    let folder = Folder::new();
    let file = folder.path("events.db");
    // Without the trap the signal of the limit would end the process before SQLite sees the error.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_sqlite_appender")])
        .arg(&file)
        .args(["full", &COMMANDS.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "600 blocks are too few for {COMMANDS} commands");
    assert!(text.contains("Backend") && text.contains("appending to hot/"), "{text}");

    let acknowledged: BTreeSet<u64> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    assert!(!acknowledged.is_empty() && (acknowledged.len() as u64) < COMMANDS);
    let store: Store = Sqlite::open(&file).await.unwrap().into();
    for command in 0..COMMANDS {
        let key = IdempotencyKey::new(format!("full.{command}"));
        let stored = store.port().find_key(&key).await.unwrap().is_some();
        assert!(stored || !acknowledged.contains(&command), "command {command} was acknowledged and is lost");
    }
    store.port().close().await;
    let rest = tokio::task::spawn_blocking(move || Appender::start(&file, "full").finish()).await.unwrap();
    assert_eq!(rest.len() as u64, COMMANDS, "with room again everything goes on");
}

/// The user `nobody` may read the file and not write it.
#[test]
fn a_file_that_cannot_be_written_is_refused() {
    let folder = Folder::new();
    let program = program(&folder);
    let file = folder.path("events.db");
    Appender::start(&file, "owner").finish();
    let open_to = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open_to(&file, 0o444);
    open_to(&folder.path(""), 0o555);
    let mut command = Command::new(program);
    command.arg(&file).args(["nobody", "10"]);
    // Permissions do not hold back the superuser.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    open_to(&folder.path(""), 0o755);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("Unreachable") && text.contains("let this user"), "{text}");
}
