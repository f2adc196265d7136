//! A domain changes, as a story: the first release writes events and is killed with transfers under way; a change that
//! breaks what is stored does not compile; a release with upcasters and a migration does, and ends the transfers; and then
//! the first one is not let in any more. Real programs, on SQLite and on PostgreSQL.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use gesta_tests::{
    Database, Kind,
    crates::{Crates, Told},
};

const FIRST: &str = include_str!("../src/story/first.rs");
const SECOND: &str = include_str!("../src/story/second.rs");
const FIRST_LOCK: &str = include_str!("../src/story/first.lock");
const SECOND_LOCK: &str = include_str!("../src/story/second.lock");

const LEASE: &str = "2000";
const PATIENCE: Duration = Duration::from_secs(120);

/// A source with a part of it written otherwise.
#[track_caller]
fn change(source: &str, part: &str, by: &str) -> String {
    assert_eq!(source.matches(part).count(), 1, "{part}");
    source.replace(part, by)
}

#[test]
fn what_breaks_the_stored_events_and_transfers_does_not_compile() {
    let reason = change(FIRST, "Withdrawn { cents: u64 },", "Withdrawn { cents: u64, reason: String },");
    let reason = change(
        &reason,
        "Withdrawn { cents: cmd.cents }",
        "Withdrawn { cents: cmd.cents, reason: String::new() }",
    );
    let renamed = change(FIRST, "async fn clear(", "async fn reserve(");
    let renamed = change(&renamed, "clear: &Cleared) -> ", "reserve: &Cleared) -> ");
    let renamed = change(&renamed, "&clear.reference", "&reserve.reference");
    let unmigrated = change(SECOND, "version = 2, from(TransferV1))]\nimpl", "version = 2)]\nimpl");
    let crates = Crates::new(env!("CARGO_TARGET_TMPDIR"), "story");
    for (name, source, lock) in [
        ("first", FIRST, FIRST_LOCK),
        ("reason_added", &*reason, FIRST_LOCK),
        ("step_renamed", &*renamed, FIRST_LOCK),
        ("without_migration", &*unmigrated, FIRST_LOCK),
        ("second", SECOND, FIRST_LOCK),
        ("second_recorded", SECOND, SECOND_LOCK),
    ] {
        crates.add(name, source);
        crates.write(name, "gesta.lock", lock);
    }
    let told = crates.check();
    let errors = |name: &str| {
        let of = |(other, told): &(String, Told)| (other == name).then(|| told.errors.clone());
        told.iter().find_map(of).unwrap_or_else(|| panic!("nothing is said of {name}"))
    };
    for name in ["first", "second", "second_recorded"] {
        assert_eq!(errors(name), [""; 0], "{name}");
    }
    for (name, says) in [
        ("reason_added", "the stored shape of `account.withdrawn` v1 changed"),
        ("step_renamed", "step `clear` is now `reserve`, and instances of saga `transfer` v1 may have begun"),
        ("without_migration", "version 1 of the saga `transfer` is recorded in gesta.lock"),
    ] {
        let errors = errors(name);
        assert!(errors.len() == 1 && errors[0].contains(says), "{name}: {errors:#?}");
    }
}

/// A program of the story.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Program {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, out }
    }

    /// The next line of what it says; empty at the end.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("what it says is text");
        line.trim_end().to_owned()
    }

    /// All that it says until it ends, and the code with which it does.
    fn end(mut self) -> (String, Option<i32>) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("what it says is text");
        (rest, self.child.wait().expect("it ends").code())
    }
}

impl Drop for Program {
    /// Whatever it is at: as by `kill -9`.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn story(url: &str) {
    let first = || Program::start(env!("CARGO_BIN_EXE_story_first"), &[url, LEASE]);
    let second = || Program::start(env!("CARGO_BIN_EXE_story_second"), &[url, LEASE]);

    // The first release works, and is in the middle of three transfers.
    let mut old = first();
    assert_eq!([old.line(), old.line()], ["started", "stranded"]);

    // Beside it the second one would write what it cannot read.
    let (text, code) = second().end();
    assert_eq!(code, Some(3), "{text}");
    for part in [
        "refused: the application cannot start: bank 2 (the domain `Bank`) and the store do not agree",
        "this program writes what running programs cannot read",
        "`account.withdrawn` version 2 (streams `account/..`): read up to version 1 by bank 1 (process ",
    ] {
        assert!(text.contains(part), "{part}\nis missing in\n{text}");
    }

    // It is killed, and for a while nobody can tell. Then the second release starts and ends what was begun.
    drop(old);
    let killed = Instant::now();
    let new = loop {
        let mut new = second();
        if new.line() == "started" {
            break new;
        }
        assert_eq!(new.end().1, Some(3));
        assert!(killed.elapsed() < PATIENCE, "the one that was killed is never gone");
    };
    let (text, code) = new.end();
    let ends = "t-0: Completed\nt-1: Completed\nt-2: Completed\nann: 687\nbob: 300\nended\n";
    assert_eq!((text.as_str(), code), (ends, Some(0)));

    // For the first release that store is too new.
    let (text, code) = first().end();
    assert_eq!(code, Some(3), "{text}");
    for part in [
        "the store holds events that this program cannot read:\n    `account.withdrawn` version 2 (streams `account/..`), 2 \
         rows: read up to version 1 by this program; bank 2 was the first to have it\n",
        "what to do: start the release that has written them, or a newer one",
    ] {
        assert!(text.contains(part), "{part}\nis missing in\n{text}");
    }
    let allowed = Program::start(env!("CARGO_BIN_EXE_story_first"), &[url, LEASE, "--allow-older"]).line();
    assert_eq!(allowed, "started", "for whoever knows what he does");
}

async fn on(kind: Kind) {
    let database = Database::new(kind).await;
    // Another handle has the file ready before anybody starts.
    let store = gesta::connect(database.url()).await.expect("a store");
    let url = database.url().to_owned();
    tokio::task::spawn_blocking(move || story(&url)).await.expect("the story");
    store.port().close().await;
    database.remove().await;
}

#[tokio::test]
async fn on_sqlite() {
    on(Kind::Sqlite).await;
}

#[tokio::test]
async fn on_postgres() {
    on(Kind::Postgres).await;
}
