use gesta::store::{Memory, Store};

use crate::{Database, Kind};

/// A place for events, empty at first: in memory, or a database of the test's own.
#[derive(Debug)]
pub struct Place(Inner);

#[derive(Debug)]
enum Inner {
    Memory(Memory),
    Database(Database),
}

impl Place {
    /// In memory without a kind, otherwise a new database.
    ///
    /// # Panics
    /// When the database cannot be made.
    pub async fn new(kind: Option<Kind>) -> Self {
        Self(match kind {
            None => Inner::Memory(Memory::new()),
            Some(kind) => Inner::Database(Database::new(kind).await),
        })
    }

    /// A store on it; several share the events.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Store {
        match &self.0 {
            Inner::Memory(memory) => memory.clone().into(),
            Inner::Database(database) => gesta::connect(database.url()).await.expect("a store"),
        }
    }

    /// Whether it is in memory, where an append is done at once and there is nothing to wait for.
    pub fn in_memory(&self) -> bool {
        matches!(self.0, Inner::Memory(_))
    }

    /// Removes it.
    pub async fn remove(self) {
        if let Inner::Database(database) = self.0 {
            database.remove().await;
        }
    }
}

/// Makes a test of each `async fn(&Place)` for every store.
#[macro_export]
macro_rules! on_every_store {
    ($($test:ident),+ $(,)?) => {
        $crate::on_every_store!(@store memory, None, $($test)+);
        $crate::on_every_store!(@store sqlite, Some($crate::Kind::Sqlite), $($test)+);
        $crate::on_every_store!(@store postgres, Some($crate::Kind::Postgres), $($test)+);
    };
    (@store $name:ident, $kind:expr, $($test:ident)+) => {
        mod $name {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let place = $crate::Place::new($kind).await;
                    super::$test(&place).await;
                    place.remove().await;
                }
            )+
        }
    };
}
