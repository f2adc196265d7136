//! A store that is damaged on purpose: each damage is found, and what follows from the events is repaired.

use gesta_examples::bank::Deposit;
use gesta_tests::{Folder, Kind};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, sqlite::SqliteConnectOptions};

use crate::{
    kit::gesta,
    town::{CODE, Scene, id, on_both},
};

on_both!(a_sound_store_is_sound);

async fn a_sound_store_is_sound(scene: &Scene) {
    let (app, ..) = scene.start().await;
    // Enough for a snapshot.
    for cents in 1..=120 {
        app.execute(&id("bob"), Deposit { cents }).key(format!("k-{cents}")).await.unwrap();
    }
    app.shutdown().await.unwrap();
    let ran = gesta(scene.url(), &["verify"]).well();
    assert!(ran.out.contains("nothing is wrong"), "{ran:?}");
    let summary = gesta(scene.url(), &["verify", "--json"]).well().json();
    assert_eq!(summary["violations"], 0);
    let events = gesta(scene.url(), &["log", "--json"]).well().lines().len();
    assert_eq!(summary["looked_at"]["events"], events);
    assert!(summary["looked_at"]["keys"].as_u64() >= Some(120), "{summary}");
    assert_eq!(summary["looked_at"]["sagas"], 1);
}

/// Runs statements past the store.
async fn sabotage(url: &str, statements: &str) {
    let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            connection.execute(statements).await.unwrap();
            connection.close().await.unwrap();
        }
        None => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(statements).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// The kinds of what is found wrong, with their subjects.
fn found(url: &str) -> Vec<(String, String)> {
    let ran = gesta(url, &["verify", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut lines = ran.lines();
    let summary = lines.pop().unwrap();
    assert_eq!(summary["violations"], lines.len(), "{ran:?}");
    for line in &lines {
        assert!(!text(&line["means"]).is_empty() && !text(&line["remedy"]).is_empty(), "{line}");
    }
    let mut found: Vec<_> =
        lines.iter().map(|line| (text(&line["violation"]), text(&line["subject"]))).collect();
    found.sort();
    found.dedup();
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        expected.iter().map(|(kind, of)| ((*kind).to_owned(), (*of).to_owned())).collect();
    pairs.sort();
    pairs
}

async fn check(kind: Kind, statements: &str, expected: &[(&str, &str)]) {
    let scene = Scene::new(kind).await;
    gesta(scene.url(), &["verify"]).well();
    sabotage(scene.url(), statements).await;
    assert_eq!(found(scene.url()), pairs(expected), "{statements}");
    // Without being asked to, it repairs nothing; what does not follow from the events is never repaired.
    let human = gesta(scene.url(), &["verify"]);
    assert_eq!((human.code, human.out.contains("What to do:")), (Some(1), true), "{human:?}");
    scene.remove().await;
}

const ANN: &str = "(SELECT id FROM gesta_streams WHERE name = 'ann')";

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_events_is_found_in_sqlite() {
    let second = format!("stream = {ANN} AND version = 2");
    let bad = [("bad-payload", "account/ann")];
    let lost = [("gap", "account/ann"), ("missing-position", "the log")];
    for (statements, expected) in [
        (format!("DELETE FROM gesta_events WHERE {second}"), &lost[..]),
        (format!("UPDATE gesta_events SET payload = '{{\"cents\":' WHERE {second}"), &bad),
        (format!("UPDATE gesta_events SET payload = x'7b22ff7d' WHERE {second}"), &bad),
        (format!("UPDATE gesta_events SET meta = 'x' WHERE {second}"), &[("bad-meta", "account/ann")]),
        (
            format!("UPDATE gesta_events SET version = 9 WHERE {second}"),
            &[("disorder", "account/ann"), ("gap", "account/ann")],
        ),
        (
            "DELETE FROM gesta_streams WHERE name = 'ann'".to_owned(),
            &[("nameless", "a stream without a name")],
        ),
        (
            "UPDATE gesta_streams SET key = zeroblob(16) WHERE name = 'ann'".to_owned(),
            &[("wrong-name", "account/ann")],
        ),
        ("UPDATE gesta_shards SET position = 1000".to_owned(), &[("ahead", "subscription `balance@1`")]),
    ] {
        if statements.contains("gesta_shards") {
            let scene = Scene::new(Kind::Sqlite).await;
            sabotage(scene.url(), &statements).await;
            assert!(found(scene.url()).contains(&pairs(expected)[0]));
            scene.remove().await;
        } else {
            check(Kind::Sqlite, &statements, expected).await;
        }
    }
}

const ANN_IN_POSTGRES: &str = "(SELECT stream_id FROM gesta.streams WHERE id = 'ann')";

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_events_is_found_in_postgres() {
    let second = format!("stream_id = {ANN_IN_POSTGRES} AND version = 2");
    let bad = [("bad-payload", "account/ann")];
    for (statements, expected) in [
        (format!("DELETE FROM gesta.events WHERE {second}"), &[("gap", "account/ann")][..]),
        (format!("UPDATE gesta.events SET payload = '{{' WHERE {second}"), &bad),
        (format!("UPDATE gesta.events SET meta = 'x' WHERE {second}"), &[("bad-meta", "account/ann")]),
        (
            format!(
                "UPDATE gesta.events SET version = 4 WHERE stream_id = {ANN_IN_POSTGRES} AND version = 4; \
                     UPDATE gesta.events SET position = position + (1::bigint << 40) WHERE {second}"
            ),
            &[("disorder", "account/ann")],
        ),
        ("DELETE FROM gesta.streams WHERE id = 'ann'".to_owned(), &[("nameless", "a stream without a name")]),
        (
            "UPDATE gesta.streams SET id = 'anna' WHERE id = 'ann'".to_owned(),
            &[("wrong-name", "account/anna")],
        ),
    ] {
        check(Kind::Postgres, &statements, expected).await;
    }
}

/// What follows from the events is repaired, once it was asked for and a backup is there.
async fn mended(kind: Kind, statements: &str, expected: &[(&str, &str)]) {
    let scene = Scene::new(kind).await;
    let url = scene.url();
    let (app, ..) = scene.start().await;
    for cents in 1..=120 {
        app.execute(&id("bob"), Deposit { cents }).key(format!("k-{cents}")).await.unwrap();
    }
    app.shutdown().await.unwrap();
    gesta(url, &["verify"]).well();
    let before = gesta(url, &["log", "--json"]).well().out;
    sabotage(url, statements).await;
    assert_eq!(found(url), pairs(expected), "{statements}");
    let folder = Folder::new();
    let backup = folder.path("backup.ndjson");
    let backup = backup.to_str().unwrap();
    gesta(url, &["verify", "--repair", "--backup", backup]).fails(5, "nobody to ask");
    let repaired = gesta(url, &["verify", "--repair", "--backup", backup, "--yes"]).well();
    assert!(repaired.out.contains("repaired; what was there before"), "{repaired:?}");
    let kept = std::fs::read_to_string(backup).unwrap();
    assert_eq!(kept.lines().count(), expected.len(), "{kept}");
    gesta(url, &["verify"]).well();
    let log = gesta(url, &["log", "--json"]).well().out;
    let told = log.strip_prefix(&before).expect("no event was touched");
    let told: Value = serde_json::from_str(told).expect("one event more");
    assert_eq!((&told["name"], &told["payload"]["actor"]), (&"gesta.repaired".into(), &"the-tester".into()));
    assert_eq!(
        (&told["payload"]["repaired"], &told["payload"]["backup"]),
        (&expected.len().into(), &backup.into())
    );
    // A backup is never written over. A snapshot that was removed cannot be damaged again.
    if !statements.contains("snapshots") {
        sabotage(url, statements).await;
        gesta(url, &["verify", "--repair", "--backup", backup, "--yes"]).fails(2, "nothing was changed");
    }
    scene.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_from_the_events_is_repaired_in_sqlite() {
    let key = "UPDATE gesta_keys SET position = position + 1 WHERE key = 'k-7'";
    mended(Kind::Sqlite, key, &[("wrong-key", "key `k-7`")]).await;
    let snapshot = "UPDATE gesta_snapshots SET version = 1000";
    mended(Kind::Sqlite, snapshot, &[("wrong-snapshot", "account/bob")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_from_the_events_is_repaired_in_postgres() {
    let key = "UPDATE gesta.commands SET position = position + 1 WHERE text = 'k-7'";
    mended(Kind::Postgres, key, &[("wrong-key", "key `k-7`")]).await;
    let snapshot = "UPDATE gesta.snapshots SET state = '{'";
    mended(Kind::Postgres, snapshot, &[("wrong-snapshot", "account/bob")]).await;
    let head = "UPDATE gesta.streams SET version = version + 3 WHERE id = 'ann'";
    mended(Kind::Postgres, head, &[("wrong-head", "account/ann")]).await;
    let base = "UPDATE gesta.streams SET base_position = 1000 WHERE id = 'ann'";
    mended_base(base).await;
}

/// A stream whose events are not found is a loss for its readers, until it is repaired.
async fn mended_base(statements: &str) {
    let scene = Scene::new(Kind::Postgres).await;
    sabotage(scene.url(), statements).await;
    gesta(scene.url(), &["stream", "account/ann"]).fails(6, "its events are not found; `gesta verify`");
    assert_eq!(found(scene.url()), pairs(&[("wrong-head", "account/ann")]));
    let folder = Folder::new();
    let backup = folder.path("backup.ndjson");
    gesta(scene.url(), &["verify", "--repair", "--yes", "--backup", backup.to_str().unwrap()]).well();
    gesta(scene.url(), &["stream", "account/ann"]).well();
    scene.remove().await;
}

/// A saga that nobody looks at any more, or that is kept as what it is not.
#[tokio::test(flavor = "multi_thread")]
async fn sagas_that_are_kept_wrongly_are_found() {
    let scene = Scene::new(Kind::Sqlite).await;
    sabotage(scene.url(), "UPDATE gesta_sagas SET status = 'completed'").await;
    assert_eq!(found(scene.url()), pairs(&[("wrong-saga", "payment/p-1")]));
    sabotage(scene.url(), "DELETE FROM gesta_sagas").await;
    assert_eq!(found(scene.url()), pairs(&[("wrong-saga", "payment/p-1")]));
    gesta(scene.url(), &["sagas", "retry", "payment/p-1", "--yes"]).well();
    gesta(scene.url(), &["verify"]).well();
    scene.remove().await;
}

/// JSON that the code of the domain cannot read is found by asking it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_domain_cannot_read_is_found() {
    let scene = Scene::new(Kind::Sqlite).await;
    let decode = || gesta(scene.url(), &[&["verify", "--decode", "--json"], &CODE[..]].concat());
    let sound = decode().well().json();
    assert_eq!((&sound["violations"], &sound["looked_at"]["events of others"]), (&0.into(), &0.into()));
    assert_eq!(sound["looked_at"]["events by the domain"], sound["looked_at"]["events"]);
    let wrong = format!(
        "UPDATE gesta_events SET payload = '{{\"cents\":\"many\"}}' WHERE stream = {ANN} AND version = 2"
    );
    sabotage(scene.url(), &wrong).await;
    gesta(scene.url(), &["verify"]).well();
    let ran = decode();
    let lines = ran.lines();
    assert_eq!((ran.code, lines.len()), (Some(1), 2), "{ran:?}");
    assert_eq!((&lines[0]["violation"], &lines[0]["subject"]), (&"unreadable".into(), &"account/ann".into()));
    scene.remove().await;
}

/// A snapshot is read by the code whose shape it has; one of another shape is only counted.
#[tokio::test(flavor = "multi_thread")]
async fn snapshots_that_the_domain_cannot_read_are_found_and_removed() {
    let scene = Scene::new(Kind::Sqlite).await;
    let (app, ..) = scene.start().await;
    for cents in 1..=120 {
        app.execute(&id("bob"), Deposit { cents }).await.unwrap();
        app.execute(&id("carl"), Deposit { cents }).await.unwrap();
    }
    app.shutdown().await.unwrap();
    let decode =
        |more: &[&str]| gesta(scene.url(), &[&["verify", "--decode", "--json"], more, &CODE[..]].concat());
    let looked_at =
        |ran: &crate::kit::Ran, what: &str| ran.lines().last().unwrap()["looked_at"][what].clone();
    let sound = decode(&[]).well();
    assert_eq!(looked_at(&sound, "snapshots by the domain"), 2);
    let of = |name: &str| format!("stream = (SELECT key FROM gesta_streams WHERE name = '{name}')");
    sabotage(scene.url(), &format!("UPDATE gesta_snapshots SET fingerprint = 1 WHERE {}", of("carl"))).await;
    let outdated = decode(&[]).well();
    assert_eq!(looked_at(&outdated, "snapshots by the domain"), 1);
    assert_eq!(looked_at(&outdated, "snapshots of another shape"), 1);
    sabotage(scene.url(), &format!("UPDATE gesta_snapshots SET state = '[1]' WHERE {}", of("bob"))).await;
    gesta(scene.url(), &["verify"]).well();
    let wrong = decode(&[]);
    let line = &wrong.lines()[0];
    assert_eq!((wrong.code, wrong.lines().len()), (Some(1), 2), "{wrong:?}");
    assert_eq!(
        (&line["violation"], &line["subject"]),
        (&"unreadable-snapshot".into(), &"account/bob".into())
    );
    let folder = Folder::new();
    let backup = folder.path("backup.ndjson");
    decode(&["--repair", "--yes", "--backup", backup.to_str().unwrap()]).well();
    assert!(std::fs::read_to_string(&backup).unwrap().contains("\"state\":\"5b315d\""));
    assert_eq!(looked_at(&decode(&[]).well(), "snapshots by the domain"), 0);
    scene.remove().await;
}
