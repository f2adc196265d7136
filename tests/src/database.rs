use std::{
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// The databases that tests are run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A database on the server of the tests.
    Postgres,
}

/// An empty database of a test's own.
#[derive(Debug)]
pub struct Database {
    url: String,
    folder: Option<PathBuf>,
}

impl Database {
    /// Makes one.
    ///
    /// # Panics
    /// When there is no server, or it does not answer: a test without its database must fail, not be skipped.
    pub async fn new(kind: Kind) -> Self {
        let name = unique_name();
        match kind {
            Kind::Sqlite => {
                let folder = env::temp_dir().join(&name);
                fs::create_dir(&folder).expect("a folder for the database");
                Self { url: format!("sqlite:{}/test.db", folder.display()), folder: Some(folder) }
            }
            Kind::Postgres => {
                let server = server();
                let mut maintenance = connection(&server).await;
                let create = format!("CREATE DATABASE {name} TEMPLATE template0");
                maintenance.execute(AssertSqlSafe(create)).await.expect("a database");
                let (base, _) = server.rsplit_once('/').expect("the server's address ends in a database");
                Self { url: format!("{base}/{name}"), folder: None }
            }
        }
    }

    /// Its address, as `gesta::connect` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Removes it. One that is left behind by a failed test goes with the private server.
    pub async fn remove(self) {
        if self.folder.is_none() {
            let (_, name) = self.url.rsplit_once('/').expect("the name of a database");
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            connection(&server()).await.execute(AssertSqlSafe(drop)).await.expect("the database is removed");
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What is left in the folder for temporary files harms nobody.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The address of the maintenance database of the tests' server, as a superuser.
fn server() -> String {
    env::var("GESTA_TEST_POSTGRES_URL").expect(
        "GESTA_TEST_POSTGRES_URL is not set: `cargo xtask test` starts a server and sets it; to use one that you \
         have, name its maintenance database, such as postgres://postgres:password@localhost/postgres",
    )
}

async fn connection(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the server in GESTA_TEST_POSTGRES_URL answers")
}

fn unique_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    format!("gesta_test_{now}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
