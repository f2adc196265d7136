//! `cargo gesta compat` between a lock and a store.

use std::{fs, process::Command, sync::Arc, time::Duration};

use gesta::store::{Append, Expected, KnownShape, Member, NewEvent, Program, ShapeKind, Store, StreamId};
use gesta_tests::{Database, Folder, Kind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::project::{Ended, ended};

const FIRST: &str = "task.added v1 {title:string}\ntask.done v1 {}\nsaga move v1 {pack:null} command+pivot\n";
const SECOND: &str = "task.added v1 {title:string}\ntask.added v2 {title:string,urgent:bool}\ntask.done v1 {}\n\
                      saga move v1 {pack:null} command+pivot\nsaga move v2 {pack:null,go:null} command+nothing,command+pivot\n";

fn compat(folder: &Folder, arguments: &[&str]) -> Ended {
    let mut program = Command::new(env!("CARGO_BIN_EXE_cargo-gesta"));
    ended(program.args(["gesta", "compat"]).args(arguments).current_dir(folder.path("")))
}

fn shape(kind: ShapeKind, (owner, name, version): (&str, &str, u16), shape: &str) -> KnownShape {
    KnownShape {
        kind,
        owner: owner.to_owned(),
        name: name.to_owned(),
        version,
        fingerprint: 1,
        shape: shape.to_owned(),
        written: true,
    }
}

/// A store as the first release has left it, which shares it with another domain.
async fn filled(store: &Store) {
    let shapes = vec![
        shape(ShapeKind::Event, ("task", "task.added", 1), "{title:string}"),
        shape(ShapeKind::Event, ("task", "task.done", 1), "{}"),
        shape(ShapeKind::Saga, ("move", "move", 1), "{pack:null} command+pivot"),
    ];
    let of_shop = vec![shape(ShapeKind::Event, ("order", "order.placed", 1), "{total:u64}")];
    for (domain, shapes) in [("Tasks", shapes), ("Shop", of_shop)] {
        let program = Arc::new(Program { domain: domain.to_owned(), shapes });
        let member = Member { id: Uuid::now_v7(), release: format!("{domain} 0.1.0"), process: 1, program };
        let fleet = store.port().fleet().unwrap();
        assert!(fleet.join(&member, None, Duration::from_secs(60)).await.unwrap());
        fleet.depart(member.id).await.unwrap();
    }
    for (category, name) in [("task", "task.added"), ("task", "task.added"), ("order", "order.placed")] {
        let event = NewEvent { name, version: 1, payload: b"{}".to_vec() };
        let append = Append::new(StreamId::new(category, "1"), Expected::Any, vec![event]);
        store.port().append(&[append]).await.unwrap();
    }
}

fn words(report: &Value) -> Vec<(&str, bool, bool)> {
    let found = ["events", "sagas"].iter().flat_map(|of| report[of].as_array().unwrap());
    let word = |found: &Value, of: &str| found[of].as_bool().unwrap();
    found
        .map(|found| (found["name"].as_str().unwrap(), word(found, "backward"), word(found, "forward")))
        .collect()
}

#[tokio::test]
async fn a_lock_is_compared_with_a_store() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = Database::new(kind).await;
        let store = gesta::connect(database.url()).await.unwrap();
        filled(&store).await;
        let folder = Folder::new();
        fs::write(folder.path("gesta.lock"), SECOND).unwrap();
        fs::write(folder.path("first.lock"), FIRST).unwrap();

        // The new code against what is stored: it reads it.
        let report = compat(&folder, &[database.url(), "--json"]).with(0).json();
        let newer = [("task.added", true, false), ("task.done", true, true), ("move", true, false)];
        assert_eq!(words(&report), newer, "{report}");
        let rows = json!({"task.added v1": 2, "task.done v1": 0, "saga move v1": 0});
        assert_eq!(
            (&report["rows"], &report["elsewhere"]),
            (&rows, &json!(["order.placed v1, 1 row"])),
            "{report}"
        );
        let told = compat(&folder, &[database.url(), "--require", "full"]).with(1);
        for part in [
            "WHAT        OLD  NEW  COMPATIBLE  STORED",
            "task.added  v1   v2   backward    v1: 2",
            "(--all compares it):\n  order.placed v1, 1 row\n",
            "all in all: backward\n",
        ] {
            assert!(told.out.contains(part), "{part} is missing: {told:?}");
        }
        let all = compat(&folder, &[database.url(), "gesta.lock", "--all"]).with(1);
        assert!(
            all.out.contains("order.placed: forward") && all.err.contains("new code does not read"),
            "{all:?}"
        );

        // The other way round, and with itself.
        compat(&folder, &["first.lock", database.url(), "--require", "full"]).with(0);
        compat(&folder, &[database.url(), database.url(), "--require", "full"]).with(0);
        let report = compat(&folder, &["gesta.lock", database.url(), "--json"]).with(1).json();
        assert_eq!(words(&report)[0], ("task.added", false, true), "{report}");
        store.port().close().await;
        database.remove().await;
    }
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let folder = Folder::new();
    fs::write(folder.path("gesta.lock"), FIRST).unwrap();
    compat(&folder, &["sqlite:nothing.db"]).with(3);
    assert!(!folder.path("nothing.db").exists());
    compat(&folder, &["memory:"]).with(3);
    let neither = compat(&folder, &["nothing"]).with(3);
    assert!(neither.err.contains("`nothing` is no file and no address of a store"), "{neither:?}");
}
