//! Brings the tables up to date.
//!
//! A program may find a database that a newer program has changed: while a new version is rolled out, both run. So
//! each migration says which version of the tables a program must know at least to work with it, and functions
//! have their version in their names. That is what the driver's own migrator cannot say; and its table would be
//! the application's.

use std::time::Duration;

use sqlx::{Connection, PgConnection, SqlSafeStr};

use super::link::Link;
use crate::store::{BoxError, ConnectError};

/// One step of the tables.
struct Migration {
    version: i32,
    /// The oldest version of the tables that a program must know to work with these.
    needs: i32,
    name: &'static str,
    statements: &'static [&'static str],
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        needs: 1,
        name: "the log",
        statements: &[
            include_str!("migrations/0001_tables.sql"),
            include_str!("migrations/0001_segments.sql"),
            include_str!("migrations/0001_names_v1.sql"),
            include_str!("migrations/0001_append_one_v1.sql"),
            include_str!("migrations/0001_append_v1.sql"),
            include_str!("migrations/0001_read_log_v1.sql"),
            include_str!("migrations/0001_event_log.sql"),
        ],
    },
    Migration {
        version: 2,
        needs: 1,
        name: "the read side",
        statements: &[
            include_str!("migrations/0002_shards.sql"),
            include_str!("migrations/0002_documents.sql"),
            include_str!("migrations/0002_deliveries.sql"),
            include_str!("migrations/0002_commit_v1.sql"),
            include_str!("migrations/0002_append_documents_v1.sql"),
            include_str!("migrations/0002_read_log_v1.sql"),
        ],
    },
    Migration {
        version: 3,
        needs: 1,
        name: "sagas and timers",
        statements: &[
            include_str!("migrations/0003_sagas.sql"),
            include_str!("migrations/0003_append_process_v1.sql"),
        ],
    },
    Migration {
        version: 4,
        needs: 1,
        name: "deliveries in the order of several streams",
        statements: &[include_str!("migrations/0004_lanes.sql")],
    },
    Migration {
        version: 5,
        needs: 1,
        name: "sagas that lose leases",
        statements: &[include_str!("migrations/0005_lost_leases.sql")],
    },
    Migration {
        version: 6,
        needs: 1,
        name: "the programs that run",
        statements: &[include_str!("migrations/0006_fleet.sql")],
    },
];

/// The version of the tables that this program knows.
const KNOWN: i32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// Another process may be at it; its work is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Brings the tables to the version that this program knows, or refuses.
pub(super) async fn run(link: &Link) -> Result<(), ConnectError> {
    let migrating = async {
        let mut connection = link.bare().await?;
        let mut state = state(&mut connection).await?;
        if state.version < KNOWN && !link.options.existing {
            state = migrate(&mut connection).await?;
        }
        // Nothing is left to be lost on it.
        let _ = connection.close().await;
        Ok::<_, BoxError>(state)
    };
    let failed = |source| ConnectError::Migration { target: link.target(), source };
    let state =
        tokio::time::timeout(PATIENCE, migrating).await.map_err(|e| failed(e.into()))?.map_err(failed)?;
    if state.version < KNOWN {
        return Err(too_old(link.target(), state.version));
    }
    if state.needs > KNOWN {
        return Err(ConnectError::Unsafe {
            target: link.target(),
            reason: format!(
                "its tables are of version {}, made by a newer gesta, and need a program that knows version {}; \
                 this one knows {KNOWN}",
                state.version, state.needs
            ),
            remedy: "use the newer version of the program".to_owned(),
        });
    }
    Ok(())
}

/// Only what is there was to be opened, and this is not there, or not yet.
fn too_old(target: String, version: i32) -> ConnectError {
    match version {
        0 => ConnectError::Missing { target, reason: "it has no tables of gesta".to_owned() },
        _ => ConnectError::Unsafe {
            target,
            reason: format!("its tables are of version {version}, and this program knows version {KNOWN}"),
            remedy:
                "let the application bring them up to date first, by starting it with this version of gesta, \
                     or use the older version of this program"
                    .to_owned(),
        },
    }
}

/// Where a database stands; zeros for one without our tables.
struct State {
    version: i32,
    needs: i32,
}

async fn state(connection: &mut PgConnection) -> Result<State, sqlx::Error> {
    let exists: bool = sqlx::query_scalar(include_str!("sql/has_migrations.sql"))
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        return Ok(State { version: 0, needs: 0 });
    }
    let (version, needs): (i32, i32) =
        sqlx::query_as(include_str!("sql/migrations.sql")).persistent(false).fetch_one(connection).await?;
    Ok(State { version, needs })
}

/// In one transaction, and one process at a time.
async fn migrate(connection: &mut PgConnection) -> Result<State, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(include_str!("sql/begin_migration.sql")).execute(&mut *transaction).await?;
    let before = state(&mut transaction).await?;
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > before.version) {
        for statements in migration.statements {
            sqlx::raw_sql(statements.into_sql_str()).execute(&mut *transaction).await?;
        }
        sqlx::query(include_str!("sql/note_migration.sql"))
            .bind(migration.version)
            .bind(migration.needs)
            .bind(migration.name)
            .execute(&mut *transaction)
            .await?;
    }
    let after = state(&mut transaction).await?;
    transaction.commit().await?;
    Ok(after)
}
