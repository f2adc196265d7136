//! The promises of an event store, kept by SQLite in a file and in memory.

use gesta::{
    domain::Timestamp,
    store::{Sqlite, Store},
    testing::contract::Fixture,
};
use gesta_tests::Folder;
use sqlx::{ConnectOptions, Row, sqlite::SqliteConnectOptions};

mod file {
    use super::*;

    struct InFile(Folder);

    impl Fixture for InFile {
        async fn create() -> Self {
            Self(Folder::new())
        }

        async fn open(&self) -> Store {
            Sqlite::open(self.0.path("events.db")).await.unwrap().into()
        }

        async fn now(&self) -> Option<Timestamp> {
            Some(now_of(SqliteConnectOptions::new().in_memory(true)).await)
        }
    }

    gesta::store_contract!(InFile);
    gesta::read_side_contract!(InFile);
    gesta::process_contract!(InFile);
    gesta::fleet_contract!(InFile);
    gesta::inspect_contract!(InFile);
}

mod memory {
    use super::*;

    struct InMemory(Sqlite);

    impl Fixture for InMemory {
        const DURABLE: bool = false;

        async fn create() -> Self {
            Self(Sqlite::in_memory().await.unwrap())
        }

        async fn open(&self) -> Store {
            self.0.clone().into()
        }

        async fn now(&self) -> Option<Timestamp> {
            Some(now_of(SqliteConnectOptions::new().in_memory(true)).await)
        }
    }

    gesta::store_contract!(InMemory);
    gesta::read_side_contract!(InMemory);
    gesta::process_contract!(InMemory);
    gesta::inspect_contract!(InMemory);
}

/// The clock of SQLite, which counts milliseconds.
async fn now_of(options: SqliteConnectOptions) -> Timestamp {
    let mut connection = options.connect().await.unwrap();
    let row =
        sqlx::query("SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)").fetch_one(&mut connection);
    Timestamp::from_micros(row.await.unwrap().get::<i64, _>(0) * 1000)
}
