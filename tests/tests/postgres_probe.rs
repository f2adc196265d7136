//! Databases that would break a promise without a word are refused, with the reason and the remedy.

use gesta::store::{ConnectError, Postgres};
use gesta_tests::{Database, Kind, Server};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

async fn run(url: &str, statements: String) {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    connection.execute(AssertSqlSafe(statements)).await.expect("the statements run");
}

/// The reason and the remedy of a refusal.
async fn refusal(url: &str) -> (String, String) {
    match Postgres::connect(url).await {
        Err(ConnectError::Unsafe { reason, remedy, target }) => {
            assert!(!target.contains('@'), "{target} may show a password");
            (reason, remedy)
        }
        other => panic!("it must be refused: {other:?}"),
    }
}

/// A fresh database with a setting for everyone who connects.
async fn with_setting(setting: &str) -> Database {
    let database = Database::new(Kind::Postgres).await;
    let (_, name) = database.url().rsplit_once('/').expect("a name");
    run(database.url(), format!("ALTER DATABASE {name} SET {setting}")).await;
    database
}

#[tokio::test]
async fn a_database_as_it_comes_is_accepted_again_and_again() {
    let database = Database::new(Kind::Postgres).await;
    for _ in 0..2 {
        Postgres::connect(database.url()).await.expect("nothing is wrong with it");
    }
    database.remove().await;
}

#[tokio::test]
async fn another_default_isolation_is_refused() {
    for level in ["repeatable read", "serializable"] {
        let database = with_setting(&format!("default_transaction_isolation = '{level}'")).await;
        let (reason, remedy) = refusal(database.url()).await;
        assert!(reason.contains(level), "{reason}");
        assert!(remedy.contains("read committed"), "{remedy}");
        database.remove().await;
    }
}

#[tokio::test]
async fn a_database_that_is_read_only_is_refused() {
    let database = with_setting("default_transaction_read_only = on").await;
    let (reason, _) = refusal(database.url()).await;
    assert!(reason.contains("read-only"), "{reason}");
    database.remove().await;
}

#[tokio::test]
async fn a_sequence_that_hands_out_positions_out_of_order_is_refused() {
    let wrong = [
        ("ALTER SEQUENCE gesta.position CACHE 10", "CACHE 10"),
        ("ALTER SEQUENCE gesta.position INCREMENT 2", "INCREMENT 2"),
        ("ALTER SEQUENCE gesta.position CYCLE", "CYCLE"),
        ("SELECT setval('gesta.position', 1, false)", "its last one again"),
    ];
    for (statement, word) in wrong {
        let database = Database::new(Kind::Postgres).await;
        Postgres::connect(database.url()).await.expect("nothing is wrong with it yet");
        run(database.url(), statement.to_owned()).await;
        let (reason, remedy) = refusal(database.url()).await;
        assert!(reason.contains(word), "{reason}");
        let remedy = remedy.strip_prefix("run: ").expect("a statement to run");
        run(database.url(), remedy.to_owned()).await;
        Postgres::connect(database.url()).await.expect("the remedy helps");
        database.remove().await;
    }
}

#[tokio::test]
async fn a_standby_is_refused_also_one_whose_primary_is_in_use() {
    let primary = Server::start("wal_level = replica");
    let store = Postgres::connect(&primary.url()).await.expect("the primary");
    let standby = primary.standby();
    let (reason, remedy) = refusal(&standby.url()).await;
    assert!(reason.contains("read replica"), "{reason}");
    assert_eq!(remedy, "connect to the primary");
    drop(store);
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_that_names_it() {
    let error =
        Postgres::connect("postgres://bank:secret@127.0.0.1:1/books").await.expect_err("nobody is there");
    let text = error.to_string();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    assert!(text.contains("127.0.0.1:1") && text.contains("books") && !text.contains("secret"), "{text}");

    let error = Postgres::connect("postgres://bank:secret@host:port/books").await.expect_err("no number");
    assert!(!error.to_string().contains("secret"), "{error}");
}
