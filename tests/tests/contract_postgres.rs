//! The promises of an event store, kept by the store in PostgreSQL.

use gesta::{
    store::{Postgres, Store},
    testing::contract::Fixture,
};
use gesta_tests::{Database, Kind};

struct InPostgres(Database);

impl Fixture for InPostgres {
    async fn create() -> Self {
        Self(Database::new(Kind::Postgres).await)
    }

    async fn open(&self) -> Store {
        Postgres::connect(self.0.url()).await.expect("a fresh database can be opened").into()
    }
}

gesta::store_contract!(InPostgres);
gesta::read_side_contract!(InPostgres);
gesta::process_contract!(InPostgres);
gesta::fleet_contract!(InPostgres);
gesta::inspect_contract!(InPostgres);
