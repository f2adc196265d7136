//! Brings gesta's own tables up to date, beside whatever else is in the file.

use sqlx::{Executor, Row, SqliteConnection};

use crate::store::{BoxError, ConnectError};

/// The steps to the newest version, each applied once. A step is never changed; a change is a new step.
const STEPS: [&str; 6] = [
    include_str!("sql/tables_1.sql"),
    include_str!("sql/tables_2.sql"),
    include_str!("sql/tables_3.sql"),
    include_str!("sql/tables_4.sql"),
    include_str!("sql/tables_5.sql"),
    include_str!("sql/tables_6.sql"),
];

/// Brings the tables to the version of this program, in one transaction.
pub(super) async fn run(connection: &mut SqliteConnection, target: &str) -> Result<(), ConnectError> {
    let failed = |source: BoxError| ConnectError::Migration { target: target.to_owned(), source };
    let newest = STEPS.len() as i64;
    // Asked first without any lock: most of the time there is nothing to do.
    let mut version = version(connection).await.map_err(|error| failed(error.into()))?;
    if version < newest {
        version = apply(connection).await.map_err(|error| failed(error.into()))?;
    }
    if version > newest {
        return Err(ConnectError::Unsafe {
            target: target.to_owned(),
            reason: format!(
                "its tables are of version {version}, and this program knows versions up to {newest}"
            ),
            remedy: "use the version of gesta that wrote it, or a newer one".to_owned(),
        });
    }
    Ok(())
}

/// Refuses a database that would have to be changed first.
pub(super) async fn look(
    connection: &mut SqliteConnection,
    target: &str,
    refused: impl Fn(sqlx::Error) -> ConnectError,
) -> Result<(), ConnectError> {
    let target = target.to_owned();
    match version(connection).await.map_err(refused)? {
        0 => Err(ConnectError::Missing { target, reason: "it has no tables of gesta".to_owned() }),
        version if version < STEPS.len() as i64 => Err(ConnectError::Unsafe {
            target,
            reason: format!(
                "its tables are of version {version}, and this program knows version {}",
                STEPS.len()
            ),
            remedy:
                "let the application bring them up to date first, by starting it with this version of gesta, \
                     or use the older version of this program"
                    .to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The version of the tables; 0 where there are none.
async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let exists = connection.fetch_one(include_str!("sql/schema_exists.sql")).await?;
    if exists.try_get::<i64, _>(0)? == 0 {
        return Ok(0);
    }
    let row = connection.fetch_one(include_str!("sql/schema_version.sql")).await?;
    Ok(row.try_get::<Option<i64>, _>(0)?.unwrap_or_default())
}

async fn apply(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let result = apply_locked(connection).await;
    if result.is_err() {
        // Fails where the transaction has not begun; the first error says why.
        let _ = connection.execute("ROLLBACK").await;
    }
    result
}

async fn apply_locked(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    connection.execute(sqlx::raw_sql(include_str!("sql/schema_begin.sql"))).await?;
    // Under the lock: another process may have done it meanwhile.
    let mut version = version(connection).await?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or_default()) {
        version += 1;
        connection.execute(sqlx::raw_sql(*step)).await?;
        sqlx::query(include_str!("sql/schema_applied.sql")).bind(version).execute(&mut *connection).await?;
    }
    connection.execute("COMMIT").await?;
    Ok(version)
}
