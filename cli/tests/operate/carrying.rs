//! Export and import.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use gesta_examples::bank::{Deposit, Open};
use gesta_tests::{Database, Folder, Kind};
use serde_json::Value;

use crate::{
    kit::{gesta, program, read_a_little, until},
    town::{Scene, id, on_both},
};

on_both!(
    what_is_exported_is_imported_as_it_was,
    an_import_that_was_killed_goes_on,
    another_history_is_refused,
    a_damaged_export_is_refused,
);

fn kind(scene: &Scene) -> Kind {
    if scene.url().starts_with("sqlite:") { Kind::Sqlite } else { Kind::Postgres }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The lines of the events, without what is given anew.
fn events(path: &PathBuf) -> Vec<Value> {
    let all = fs::read_to_string(path).unwrap();
    let mut lines: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.remove(0)["gesta"], "export");
    let footer = lines.pop().unwrap();
    assert_eq!((&footer["gesta"], &footer["events"]), (&"end".into(), &lines.len().into()));
    for line in &mut lines {
        assert!(line.as_object_mut().unwrap().remove("position").is_some());
    }
    lines
}

/// To both kinds of databases.
async fn what_is_exported_is_imported_as_it_was(scene: &Scene) {
    let folder = Folder::new();
    let first = folder.path("first.ndjson");
    let ran = gesta(scene.url(), &["export", text(&first)]).well();
    assert!(ran.out.contains("events up to position"), "{ran:?}");
    gesta(scene.url(), &["export", text(&first)]).fails(2, "cannot be made");
    assert_eq!(gesta(scene.url(), &["export"]).well().out, fs::read_to_string(&first).unwrap());
    assert_eq!(
        gesta(scene.url(), &["import", "--check", text(&first), "--json"]).well().json()["events"],
        events(&first).len()
    );
    for to in [Kind::Sqlite, Kind::Postgres] {
        let other = Database::new(to).await;
        gesta(other.url(), &["import", text(&first), "--yes"]).fails(3, "there is no store");
        gesta(other.url(), &["import", text(&first), "--create"]).fails(5, "nobody to ask");
        let ran = gesta(other.url(), &["import", text(&first), "--create", "--yes", "--json"]).well().json();
        assert_eq!((&ran["stored"], &ran["skipped"]), (&events(&first).len().into(), &0.into()));
        let again = gesta(other.url(), &["import", text(&first), "--yes", "--json"]).well().json();
        assert_eq!((&again["stored"], &again["skipped"]), (&0.into(), &events(&first).len().into()));
        let second = folder.path(&format!("second-{to:?}.ndjson"));
        gesta(other.url(), &["export", text(&second)]).well();
        assert_eq!(events(&second), events(&first));
        // The saga is not among the instances any more, and that is all that is wrong.
        let verified = gesta(other.url(), &["verify", "--json"]);
        let lines = verified.lines();
        assert_eq!((lines.len(), &lines[0]["violation"]), (2, &"wrong-saga".into()), "{verified:?}");
        other.remove().await;
    }
    let piped = read_a_little(&["--store", scene.url(), "export"]);
    assert_eq!((piped.code, &*piped.err), (Some(0), ""));
}

/// A store that was imported is one to work on.
async fn an_import_that_was_killed_goes_on(scene: &Scene) {
    let (app, ..) = scene.start().await;
    let mut done = Vec::new();
    for n in 0..40 {
        app.create(&id(&format!("n-{n}")), Open { owner: "N".into() }).await.unwrap();
        let app = app.clone();
        done.push(tokio::spawn(async move {
            for cents in 1..=100 {
                app.execute(&id(&format!("n-{n}")), Deposit { cents }).await.unwrap();
            }
        }));
    }
    for done in done {
        done.await.unwrap();
    }
    app.shutdown().await.unwrap();
    let folder = Folder::new();
    let first = folder.path("first.ndjson");
    gesta(scene.url(), &["export", text(&first)]).well();
    let other = Database::new(kind(scene)).await;
    // Half of it comes through a pipe, and then nothing more: it is killed in the midst of it.
    let all = fs::read(&first).unwrap();
    let mut import = program(&["--store", other.url(), "import", "-", "--create", "--yes"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import.stdin.as_mut().unwrap().write_all(&all[..all.len() / 2]).unwrap();
    let there = || {
        let stats = gesta(other.url(), &["stats", "--json"]);
        stats.code.filter(|code| *code == 0).map(|_| stats.json()["events"].as_u64().unwrap())
    };
    let before = until("something is stored", || there().filter(|events| *events > 0));
    import.kill().unwrap();
    import.wait().unwrap();
    assert!(before < events(&first).len() as u64);
    let ran = gesta(other.url(), &["import", text(&first), "--yes", "--json"]).well().json();
    assert!(ran["skipped"].as_u64() >= Some(before), "{ran}");
    let second = folder.path("second.ndjson");
    gesta(other.url(), &["export", text(&second)]).well();
    assert_eq!(events(&second), events(&first));
    other.remove().await;
}

async fn another_history_is_refused(scene: &Scene) {
    let folder = Folder::new();
    let whole = folder.path("whole.ndjson");
    gesta(scene.url(), &["export", text(&whole)]).well();
    let other = Scene::new(kind(scene)).await;
    // The same accounts, and another history.
    let refused = gesta(other.url(), &["import", text(&whole), "--yes"]).fails(6, "another history");
    assert!(refused.err.contains("with another time"), "{refused:?}");
    other.remove().await;
    let part = folder.path("part.ndjson");
    gesta(scene.url(), &["export", text(&part), "--filter", "event=account.deposited"]).well();
    let empty = Database::new(kind(scene)).await;
    gesta(empty.url(), &["import", text(&part), "--create", "--yes"]).fails(6, "export it without a filter");
    let none = gesta(empty.url(), &["stats", "--json"]).well().json();
    assert_eq!(none["events"], 0, "nothing was stored");
    empty.remove().await;
}

async fn a_damaged_export_is_refused(scene: &Scene) {
    let folder = Folder::new();
    let whole = folder.path("whole.ndjson");
    gesta(scene.url(), &["export", text(&whole)]).well();
    let all = fs::read_to_string(&whole).unwrap();
    let lines: Vec<&str> = all.lines().collect();
    let damaged = |name: &str, content: String| {
        let path = folder.path(name);
        fs::write(&path, content).unwrap();
        path
    };
    let target = format!("sqlite:{}", folder.path("target.db").display());
    for (path, says) in [
        (damaged("changed", all.replacen("\"cents\":500", "\"cents\":501", 1)), "the export is damaged"),
        (damaged("cut", lines[..lines.len() - 1].join("\n")), "without its last line"),
        (damaged("missing", [&lines[..3], &lines[4..]].concat().join("\n")), "the export is damaged"),
        (damaged("two", all.repeat(2)), "an export ends with the line before"),
        (damaged("twice", all.replacen(lines[2], &format!("{}\n{}", lines[2], lines[2]), 1)), "is damaged"),
        (
            damaged("swapped", [&lines[..2], &[lines[3], lines[2]], &lines[4..]].concat().join("\n")),
            "is damaged",
        ),
        (damaged("torn", all[..all.len() / 2].to_owned()), "line"),
        (damaged("other", "{}\n".to_owned()), "this is no export of gesta"),
        (damaged("empty", String::new()), "this is no export of gesta"),
        (damaged("newer", all.replacen("\"format\":1", "\"format\":9", 1)), "has the form 9"),
    ] {
        gesta(&target, &["import", text(&path), "--create", "--yes"]).fails(6, says);
        assert!(!folder.path("target.db").exists(), "{says}: nothing was made");
    }
    gesta(&target, &["import", "/nowhere/at.all", "--create", "--yes"]).fails(3, "cannot be read");
}
