//! Wrong addresses, and what is not there.

use gesta_tests::{Database, Folder, Kind};

use crate::kit::{gesta, run};

#[test]
fn a_wrong_path_is_a_failure_and_makes_nothing() {
    let folder = Folder::new();
    let path = folder.path("nothing.db");
    let address = format!("sqlite:{}", path.display());
    for args in [&["streams"][..], &["stream", "account/ann"], &["log"], &["stats"]] {
        gesta(&address, args).fails(3, "there is no such file");
    }
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "nothing was made");
}

#[tokio::test]
async fn another_database_is_left_as_it_is() {
    use sqlx::{ConnectOptions, Executor, sqlite::SqliteConnectOptions};
    let folder = Folder::new();
    let path = folder.path("other.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = options.connect().await.unwrap();
    other.execute("CREATE TABLE cats (name TEXT)").await.unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    let address = format!("sqlite:{}", path.display());
    gesta(&address, &["stats"]).fails(3, "it has no tables of gesta");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(&path, "no database at all, but a text that is long enough").unwrap();
    let wrong = gesta(&address, &["stats"]);
    assert!(wrong.code == Some(4) && wrong.err.contains("not a database of SQLite"), "{wrong:?}");

    let empty = Database::new(Kind::Postgres).await;
    gesta(empty.url(), &["stats"]).fails(3, "it has no tables of gesta");
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(empty.url()).await.unwrap();
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'gesta'";
    let schemas: i64 = sqlx::query_scalar(schemas).fetch_one(&mut connection).await.unwrap();
    assert_eq!(schemas, 0, "nothing was made");
    drop(connection);
    empty.remove().await;
}

#[test]
fn wrong_calls_are_told_from_others() {
    run(&["streams"]).fails(2, "say which store");
    gesta("bank.db", &["streams"]).fails(2, "is not the address of a store");
    gesta("memory:", &["streams"]).fails(3, "it is gone with the program");
    gesta("sqlite:", &["streams"]).fails(2, "is not the address of a store");
    gesta("postgres://nobody:secret@127.0.0.1:1/none", &["streams"]).fails(4, "cannot connect");
    let secret = gesta("postgres://nobody:secret@127.0.0.1:1/none", &["streams"]);
    assert!(!secret.err.contains("secret"), "{secret:?}");
    gesta("sqlite:x", &["stream"]).fails(2, "Usage");
    gesta("sqlite:x", &["stream", "ann"]).fails(2, "write its category and id");
    gesta("sqlite:x", &["log", "--filter", "what"]).fails(2, "WHAT=VALUE");
    gesta("sqlite:x", &["log", "--filter", "cat=x"]).fails(2, "there is no filter `cat`");
    gesta("sqlite:x", &["log", "--filter", "since=soon"]).fails(2, "is not a time");
    gesta("sqlite:x", &["log", "--filter", "regex=("]).fails(2, "regular expression");
    run(&["completion", "bash"]).well();
}
