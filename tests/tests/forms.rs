//! The form platform, as a program that is run, and run again.

use std::process::{Command, Output, Stdio};

use gesta_tests::{Database, Kind};

fn run(database: &Database) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forms-under-test"));
    let output =
        command.args(["--store", database.url()]).stdin(Stdio::null()).output().expect("the program runs");
    assert!(output.status.success(), "{}", printed(&output));
    printed(&output)
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn events(database: &Database) -> Vec<String> {
    let store = gesta::connect(database.url()).await.expect("a store");
    let log = gesta::log::Log::new(store.clone()).page(1_000).await.expect("the log");
    store.port().close().await;
    log.events.iter().map(|event| format!("{} {}", event.stream, event.name)).collect()
}

async fn the_story_is_true_and_can_be_told_again(kind: Kind) {
    let database = Database::new(kind).await;
    let first = run(&database);
    for told in [
        "refused by `authorize`: mallory is no reviewer and may not Publish",
        "refused by `validate`: `nowhere` is no address to answer to",
        "refused by `json schema`: the event `submission.received` does not fit its schema",
        "greeter: thank you, bob@example.org (spam 0)",
        "omar is told that what is received cannot become received",
        "s-2  luck@example.net   spam 100  rejected",
        "0 received, 0 in review, 3 accepted, 1 rejected",
        "erin submission.moved submission/s-2 `rejected` (letter-s-2)",
        "erin closes the form: the form is closed",
        "the log, the documents, the audit trail and the scores agree",
    ] {
        assert!(first.contains(told), "no `{told}` in\n{first}");
    }
    assert!(!first.contains("greeter: thank you, ann"), "the greeter was off:\n{first}");
    let stored = events(&database).await;
    assert_eq!(stored.len(), 2 + 4 * 4, "{stored:#?}");

    let second = run(&database);
    assert!(second.contains("the town hall, once more"), "{second}");
    assert!(second.contains("the log, the documents, the audit trail and the scores agree"), "{second}");
    assert_eq!(events(&database).await, stored, "nothing was stored the second time");
    database.remove().await;
}

#[tokio::test]
async fn on_sqlite() {
    the_story_is_true_and_can_be_told_again(Kind::Sqlite).await;
}

#[tokio::test]
async fn on_postgres() {
    the_story_is_true_and_can_be_told_again(Kind::Postgres).await;
}

#[test]
fn without_an_address_it_runs_in_a_file_of_its_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_forms-under-test")).output().expect("the program runs");
    assert!(output.status.success(), "{}", printed(&output));
    let output =
        Command::new(env!("CARGO_BIN_EXE_forms-under-test")).arg("--what").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
}
