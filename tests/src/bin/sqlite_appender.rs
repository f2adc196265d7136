//! A process of its own that appends to a file of SQLite: `sqlite_appender <file> <name> <commands>`.
//!
//! Four tasks share the commands 0, 1, 2, .. and print the number of each on a line once it is acknowledged. Each
//! command has a key, so a second process of the same name goes on where the first was killed.

use std::io::Write;

use gesta::{
    domain::{IdempotencyKey, Meta},
    store::{Append, Expected, NewEvent, Outcome, Sqlite, Store, StreamId},
};

const TASKS: u64 = 4;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, name, commands] = &arguments[..] else {
        panic!("usage: sqlite_appender <file> <name> <commands>")
    };
    let commands: u64 = commands.parse().expect("a number of commands");
    let store: Store = Sqlite::open(file).await.expect("the file can be opened").into();
    let tasks: Vec<_> =
        (0..TASKS).map(|task| tokio::spawn(work(store.clone(), name.clone(), task, commands))).collect();
    for task in tasks {
        task.await.expect("a task ends without a panic");
    }
    store.port().close().await;
}

async fn work(store: Store, name: String, task: u64, commands: u64) {
    for command in (task..commands).step_by(TASKS as usize) {
        let outcome = store.port().append(&[append(&name, command)]).await.expect("the file can be written");
        match outcome[0] {
            Outcome::Appended(_) | Outcome::Duplicate(_) => {}
            ref other => panic!("command {command} of {name}: {other:?}"),
        }
        // One write for a line, so that lines of tasks do not mix and a killed process leaves no half of one.
        std::io::stdout().write_all(format!("{command}\n").as_bytes()).expect("somebody reads");
    }
}

/// One to three events on one of five streams that all processes share.
fn append(name: &str, command: u64) -> Append {
    let event = |number| NewEvent {
        name: "counter.counted",
        version: 1,
        payload: format!("{name}.{command}.{number}").into_bytes(),
    };
    Append {
        stream: StreamId::new("hot", &(command % 5).to_string()),
        expected: Expected::Any,
        key: Some(IdempotencyKey::new(format!("{name}.{command}"))),
        meta: Meta::default(),
        events: (0..=command % 3).map(event).collect(),
        documents: vec![],
        process: None,
        together: None,
    }
}
