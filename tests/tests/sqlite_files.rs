//! Files that cannot be used say so when they are opened, and files that are shared are left as they were.

use std::{fs, io::Write, ops::ControlFlow, path::Path, time::Duration};

use gesta::{
    domain::Meta,
    store::{
        Append, ConnectError, EventStore, Expected, NewEvent, Outcome, ReadLog, Sqlite, SqliteOptions, Store,
        StoreError, StreamId, Synchronous,
    },
};
use gesta_tests::Folder;
use sqlx::{ConnectOptions, Connection, Executor, Row, SqliteConnection, sqlite::SqliteConnectOptions};

fn append(id: &str, expected: u64, payload: &[u8]) -> Append {
    let event = NewEvent { name: "account.opened", version: 1, payload: payload.to_vec() };
    Append {
        stream: StreamId::new("account", id),
        expected: Expected::Version(expected),
        key: None,
        meta: Meta { actor: Some("teller-7".into()), ..Meta::default() },
        events: vec![event],
        documents: vec![],
        process: None,
        together: None,
    }
}

async fn connection(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// The text of the error, which must be [`ConnectError::Unreachable`].
async fn unreachable(path: &Path) -> String {
    let options = SqliteOptions::new().busy_timeout(Duration::from_millis(100));
    match options.open(path).await {
        Err(error @ ConnectError::Unreachable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_a_file_is_refused() {
    let folder = Folder::new();
    let directory = unreachable(&folder.path("")).await;
    assert!(directory.contains("it is a directory; name a file in it"), "{directory}");
    let nowhere = unreachable(&folder.path("no/such/folder/events.db")).await;
    assert!(nowhere.contains("there is no folder") && nowhere.contains("make it first"), "{nowhere}");
    let nothing = unreachable(Path::new("")).await;
    assert!(nothing.contains("the path is empty"), "{nothing}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    let path = folder.path("letter.txt");
    let letter =
        "Dear Ann, this is a letter, and it is long enough to have a header of a database.\n".repeat(100);
    fs::write(&path, &letter).unwrap();
    let error = unreachable(&path).await;
    assert!(error.contains("it is not a database of SQLite; name another file"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn a_database_that_is_damaged_is_refused() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.append(&[append("ann", 0, b"{}")]).await.unwrap();
    store.close().await;
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all(&[0xAA; 4096]).unwrap();
    let error = unreachable(&path).await;
    assert!(error.contains("it is not a database of SQLite"), "{error}");
}

#[tokio::test]
async fn a_file_that_somebody_keeps_locked_is_refused_after_some_patience() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    let mut other = connection(&path).await;
    other.execute("PRAGMA locking_mode = EXCLUSIVE").await.unwrap();
    other.execute("BEGIN EXCLUSIVE; CREATE TABLE mine (id INTEGER)").await.unwrap();
    let error = unreachable(&path).await;
    assert!(error.contains("another process has kept it locked for 100ms"), "{error}");
    other.execute("COMMIT; PRAGMA locking_mode = NORMAL; SELECT * FROM mine").await.unwrap();
    other.close().await.unwrap();
    Sqlite::open(&path).await.unwrap().close().await;
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    Sqlite::open(&path).await.unwrap().close().await;
    connection(&path).await.execute("INSERT INTO gesta_schema (version) VALUES (77)").await.unwrap();
    match Sqlite::open(&path).await {
        Err(error @ ConnectError::Unsafe { .. }) => {
            let text = error.to_string();
            assert!(
                text.contains("its tables are of version 77, and this program knows versions up to 6"),
                "{text}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_writer_that_waits_too_long_for_another_process_stores_nothing_and_may_try_again() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    let store = SqliteOptions::new().busy_timeout(Duration::from_millis(50)).open(&path).await.unwrap();
    let mut other = connection(&path).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let error = store.append(&[append("ann", 0, b"{}")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error}");
    assert!(error.to_string().contains("another process that writes to the same file"), "{error}");
    other.execute("ROLLBACK").await.unwrap();
    let outcomes = store.append(&[append("ann", 0, b"{}")]).await.unwrap();
    assert!(matches!(outcomes[0], Outcome::Appended(receipt) if receipt.version == 1));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_file_at_once() {
    let folder = Folder::new();
    for round in 0..5 {
        let path = folder.path(&format!("events {round}.db"));
        let open = |n: usize| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = Sqlite::open(&path).await.unwrap();
                store.append(&[append(&n.to_string(), 0, b"{}")]).await.unwrap();
                store.close().await;
            })
        };
        for opened in (0..12).map(open).collect::<Vec<_>>() {
            opened.await.unwrap();
        }
        let store = Sqlite::open(&path).await.unwrap();
        assert_eq!(store.last_position().await.unwrap().raw(), 12);
        store.close().await;
    }
}

#[tokio::test]
async fn tables_of_the_application_are_left_alone() {
    let folder = Folder::new();
    let path = folder.path("application.db");
    let mut mine = connection(&path).await;
    mine.execute("CREATE TABLE _sqlx_migrations (version INTEGER); INSERT INTO _sqlx_migrations VALUES (9);")
        .await
        .unwrap();
    mine.execute("CREATE TABLE events (mine TEXT); INSERT INTO events VALUES ('kept');").await.unwrap();
    let store = Sqlite::open(&path).await.unwrap();
    store.append(&[append("ann", 0, b"{}")]).await.unwrap();
    store.close().await;

    let row =
        mine.fetch_one("SELECT mine, (SELECT version FROM _sqlx_migrations) FROM events").await.unwrap();
    assert_eq!((row.get::<&str, _>(0), row.get::<i64, _>(1)), ("kept", 9));
    let names = "SELECT group_concat(name) FROM sqlite_schema WHERE name NOT IN ('events', '_sqlx_migrations') \
                 AND name NOT LIKE 'gesta_%' AND name NOT LIKE 'sqlite_autoindex_gesta_%'";
    let others: Option<String> = mine.fetch_one(names).await.unwrap().get(0);
    assert_eq!(others, None, "everything of gesta's has its prefix");
}

#[tokio::test]
async fn people_can_read_the_log() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.append(&[append("ann", 0, br#"{"cents":250,"why":"rent"}"#)]).await.unwrap();
    store.append(&[append("bob", 0, br#"{"cents":5}"#)]).await.unwrap();
    store.append(&[append("eve", 0, b"\xff not even text")]).await.unwrap();
    store.close().await;

    let mut people = connection(&path).await;
    let filtered = "SELECT position, category, id, version, recorded_at, type, type_version, meta, payload \
                    FROM gesta_event_log WHERE json_valid(payload) AND json_extract(payload, '$.cents') > 100";
    let rows = people.fetch_all(filtered).await.unwrap();
    assert_eq!(rows.len(), 1);
    let text = |column: usize| rows[0].get::<String, _>(column);
    assert_eq!((rows[0].get::<i64, _>(0), text(1), text(2)), (1, "account".into(), "ann".into()));
    assert_eq!((text(5), text(7)), ("account.opened".into(), r#"{"actor":"teller-7"}"#.into()));
    assert_eq!(text(8), r#"{"cents":250,"why":"rent"}"#);
    assert!(text(4).starts_with("20") && text(4).ends_with('Z') && text(4).len() == 24, "{}", text(4));
    let all: i64 = people.fetch_one("SELECT count(*) FROM gesta_event_log").await.unwrap().get(0);
    assert_eq!(all, 3);
}

/// One append that the database refuses, among others that share its transaction, fails alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_append_that_is_refused_does_not_take_its_neighbours_with_it() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    let store: Store = Sqlite::open(&path).await.unwrap().into();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON gesta_events WHEN NEW.payload = CAST('poison' AS BLOB) \
                  BEGIN SELECT RAISE(ABORT, 'no poison here'); END";
    let mut other = connection(&path).await;
    other.execute(refuse).await.unwrap();
    // Everybody waits for the lock, so that all appends come into one transaction.
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let call = |n: usize| {
        let store = store.clone();
        let payload: &[u8] = if n % 10 == 3 { b"poison" } else { b"{}" };
        let append = append(&n.to_string(), 0, payload);
        tokio::spawn(async move { store.port().append(&[append]).await })
    };
    let calls: Vec<_> = (0..50).map(call).collect();
    tokio::task::yield_now().await;
    other.execute("ROLLBACK").await.unwrap();
    for (n, call) in calls.into_iter().enumerate() {
        match call.await.unwrap() {
            Ok(outcomes) => {
                assert!(matches!(outcomes[0], Outcome::Appended(_)) && n % 10 != 3, "{n}: {outcomes:?}")
            }
            Err(error) => {
                let text = error.to_string();
                assert!(n % 10 == 3 && text.contains("no poison here"), "{n}: {text}");
                assert!(matches!(error, StoreError::Backend { .. }), "{error:?}");
                assert!(text.contains(&format!("account/{n}")), "it names the stream: {text}");
            }
        }
    }
    assert_eq!(store.port().last_position().await.unwrap().raw(), 45, "positions have no gaps");
    store.port().close().await;
}

#[tokio::test]
async fn a_store_may_flush_less_often() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    let store = SqliteOptions::new().synchronous(Synchronous::Normal).readers(0).open(&path).await.unwrap();
    store.append(&[append("ann", 0, b"{}")]).await.unwrap();
    let mut count = 0;
    let all = ReadLog { after: gesta::domain::Position::START, limit: 10 };
    store
        .read_log(&all, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })
        .await
        .unwrap();
    assert_eq!(count, 1);
    store.close().await;
}

#[tokio::test]
async fn an_address_leads_to_a_file_or_into_memory() {
    let folder = Folder::new();
    let path = folder.path("events.db");
    let first = gesta::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    first.port().append(&[append("ann", 0, b"{}")]).await.unwrap();
    let second = gesta::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    assert_eq!(second.port().last_position().await.unwrap().raw(), 1, "both are one file");
    for address in ["sqlite::memory:", "sqlite://:memory:"] {
        let memory = gesta::connect(address).await.unwrap();
        assert_eq!(memory.port().last_position().await.unwrap().raw(), 0, "{address}");
    }
    let memory = Sqlite::open(":memory:").await.unwrap();
    memory.append(&[append("ann", 0, b"{}")]).await.unwrap();
    assert_eq!(memory.last_position().await.unwrap().raw(), 1);
    assert!(!Path::new(":memory:").exists());
    for address in ["sqlite:", "sqlite://", "sqlite:events.db?mode=ro"] {
        let error = gesta::connect(address).await.unwrap_err();
        assert!(matches!(error, ConnectError::UnknownUrl { .. }), "{address}: {error}");
    }
}
