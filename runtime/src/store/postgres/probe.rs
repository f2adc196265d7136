//! Refuses what would be silently unsafe, before anything is entrusted to it.

use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use super::link::Link;
use crate::store::{BoxError, ConnectError};

/// What was found out about a server.
#[derive(Clone, Debug)]
struct Facts {
    version: i32,
    version_text: String,
    in_recovery: bool,
    isolation: String,
    read_only: bool,
    /// Whether two connections that were open at once had one server process between them.
    shares_processes: bool,
    /// Whether an advisory lock of one connection was seen from another.
    locks_are_real: bool,
}

/// What was found out about the sequence that gives out positions.
#[derive(Clone, Copy, Debug)]
struct Sequence {
    cache: i64,
    increment: i64,
    cycles: bool,
    /// False when the next value is the last one again.
    is_called: bool,
}

/// What is wrong, and what to do.
type Refusal = (String, &'static str);

fn judge(facts: &Facts) -> Result<(), Refusal> {
    if facts.version < 150_000 {
        let reason = format!("it is PostgreSQL {}, and the store needs 15 or later", facts.version_text);
        return Err((reason, "upgrade the server"));
    }
    if facts.in_recovery {
        let reason = "it is a read replica, or still recovering: nothing can be appended there".to_owned();
        return Err((reason, "connect to the primary"));
    }
    if facts.read_only {
        let reason = "its transactions are read-only unless told otherwise".to_owned();
        return Err((reason, "set default_transaction_read_only = off for the role or the database"));
    }
    if facts.isolation != "read committed" {
        let reason = format!(
            "its transactions are `{}` unless told otherwise, where a reader cannot tell how far the log is final",
            facts.isolation
        );
        return Err((
            reason,
            "set default_transaction_isolation = 'read committed' for the role or the database",
        ));
    }
    if facts.shares_processes {
        let reason =
            "a pooler hands one server process to several connections, which loses prepared statements \
                      and settings"
                .to_owned();
        return Err((reason, "connect to the server itself, or let the pooler pool sessions"));
    }
    if !facts.locks_are_real {
        let reason =
            "an advisory lock that one connection holds is not seen by another, so the order of the log \
                      would break without a word"
                .to_owned();
        return Err((reason, "use a PostgreSQL server whose advisory locks show up in pg_locks"));
    }
    Ok(())
}

fn judge_sequence(sequence: Sequence) -> Result<(), Refusal> {
    if sequence.cache != 1 || sequence.increment != 1 || sequence.cycles {
        let Sequence { cache, increment, cycles, .. } = sequence;
        let reason = format!(
            "the sequence gesta.position has CACHE {cache}, INCREMENT {increment}{}, and positions would come out of \
             order",
            if cycles { ", CYCLE" } else { "" }
        );
        return Err((reason, "run: ALTER SEQUENCE gesta.position CACHE 1 INCREMENT 1 NO CYCLE"));
    }
    if !sequence.is_called {
        let reason =
            "the sequence gesta.position was set so that its next value is its last one again".to_owned();
        return Err((reason, "run: SELECT nextval('gesta.position')"));
    }
    Ok(())
}

/// Whether this server can carry a store.
pub(super) async fn server(link: &Link) -> Result<(), ConnectError> {
    let facts = facts(link).await.map_err(|error| link.unreachable(error))?;
    judge(&facts).map_err(|refusal| refused(link, refusal))
}

/// Whether the tables are as they must be.
pub(super) async fn tables(link: &Link) -> Result<(), ConnectError> {
    let asking = async {
        let mut connection = link.bare().await?;
        let row = sqlx::query(include_str!("sql/sequence.sql"))
            .persistent(false)
            .fetch_one(&mut connection)
            .await?;
        let _ = connection.close().await;
        let (cache, increment) = (row.try_get(0)?, row.try_get(1)?);
        Ok::<_, BoxError>(Sequence { cache, increment, cycles: row.try_get(2)?, is_called: row.try_get(3)? })
    };
    let sequence = within(link, asking).await.map_err(|error| link.unreachable(error))?;
    judge_sequence(sequence).map_err(|refusal| refused(link, refusal))
}

fn refused(link: &Link, (reason, remedy): Refusal) -> ConnectError {
    ConnectError::Unsafe { target: link.target(), reason, remedy: remedy.to_owned() }
}

async fn within<T>(link: &Link, asking: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    tokio::time::timeout(link.options.timeout, asking).await?
}

async fn facts(link: &Link) -> Result<Facts, BoxError> {
    within(link, async {
        let (mut first, mut second) = (link.bare().await?, link.bare().await?);
        let row = sqlx::query(include_str!("sql/facts.sql")).persistent(false).fetch_one(&mut first).await?;
        let mut facts = Facts {
            version: row.try_get(0)?,
            version_text: row.try_get(1)?,
            in_recovery: row.try_get(2)?,
            isolation: row.try_get(3)?,
            read_only: row.try_get(4)?,
            shares_processes: false,
            locks_are_real: true,
        };
        // The rest asks for more than such a server may be able to give.
        if judge(&facts).is_ok() {
            let process: i32 = row.try_get(5)?;
            facts.shares_processes = process == process_in_transaction(&mut second).await?;
        }
        if judge(&facts).is_ok() {
            facts.locks_are_real = sees_locks(&mut first, &mut second).await?;
        }
        let _ = (first.close().await, second.close().await);
        Ok(facts)
    })
    .await
}

/// The server process of a connection inside a transaction, when a pooler cannot hand it on.
async fn process_in_transaction(connection: &mut PgConnection) -> Result<i32, BoxError> {
    let mut transaction = connection.begin().await?;
    let process = sqlx::query_scalar(include_str!("sql/process.sql")).persistent(false);
    let process = process.fetch_one(&mut *transaction).await?;
    transaction.rollback().await?;
    Ok(process)
}

async fn sees_locks(first: &mut PgConnection, second: &mut PgConnection) -> Result<bool, BoxError> {
    // Any number will do, as long as nobody else has it and it is none of an appender, which are negative.
    let key = (Uuid::now_v7().as_u64_pair().1 >> 1).cast_signed();
    let mut transaction = first.begin().await?;
    sqlx::query(include_str!("sql/probe_lock.sql"))
        .persistent(false)
        .bind(key)
        .execute(&mut *transaction)
        .await?;
    let look = sqlx::query_scalar(include_str!("sql/probe_look.sql")).persistent(false).bind(key);
    let seen = look.fetch_one(second).await?;
    transaction.rollback().await?;
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Facts {
        Facts {
            version: 150_000,
            version_text: "15.0".to_owned(),
            in_recovery: false,
            isolation: "read committed".to_owned(),
            read_only: false,
            shares_processes: false,
            locks_are_real: true,
        }
    }

    fn reason(facts: Facts) -> String {
        judge(&facts).expect_err("it must be refused").0
    }

    /// The other refusals are shown on real servers; these need servers that are not at hand everywhere.
    #[test]
    fn servers_that_would_be_silently_unsafe_are_refused() {
        assert_eq!(judge(&sound()), Ok(()));
        let old = Facts { version: 140_020, version_text: "14.20".to_owned(), ..sound() };
        assert!(reason(old).contains("PostgreSQL 14.20"));
        assert!(reason(Facts { locks_are_real: false, ..sound() }).contains("advisory lock"));
        assert!(reason(Facts { shares_processes: true, ..sound() }).contains("pooler"));
    }
}
