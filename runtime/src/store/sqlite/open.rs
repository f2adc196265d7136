//! Opening a file: what is wrong with it is said here, before the first append.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions, Executor, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use tokio::sync::{Notify, mpsc, watch};

use super::{
    Inner, Sqlite, SqliteOptions, Synchronous,
    connections::Connections,
    failure::{code, primary_code},
    hear::Hearing,
    migrate,
    types::Types,
    writer::{self, Writer},
};
use crate::store::{ConnectError, Signal};

pub(super) async fn file(options: SqliteOptions, path: &Path) -> Result<Sqlite, ConnectError> {
    // SQLite's own word for it. As a file, every connection would be a database of its own.
    if path == Path::new(":memory:") {
        return memory(options).await;
    }
    let target = path.display().to_string();
    if options.existing && !path.is_file() {
        let reason = "there is no such file".to_owned();
        return Err(ConnectError::Missing { target, reason });
    }
    check_path(path).map_err(|reason| unreachable(&target, reason))?;
    let connect = common(&options).filename(path).create_if_missing(!options.existing);
    let patience = options.busy_timeout;
    let mut first = connect.connect().await.map_err(|error| refused(&target, error, patience))?;
    if options.existing {
        migrate::look(&mut first, &target, |error| refused(&target, error, patience)).await?;
    }
    let mode = write_ahead(&mut first, patience).await.map_err(|error| refused(&target, error, patience))?;
    if mode != "wal" {
        return Err(ConnectError::Unsafe {
            target,
            reason: format!(
                "its journal is `{mode}` and cannot be a write-ahead log, so that readers and writers would block each other"
            ),
            remedy: "put the file on a local disk".to_owned(),
        });
    }
    migrate::run(&mut first, &target).await?;
    // From here on the writer waits for other processes by itself, see `writer::pause`.
    first.execute("PRAGMA busy_timeout = 0").await.map_err(|error| refused(&target, error, patience))?;
    writable(&mut first).await.map_err(|error| refused(&target, error, patience))?;
    let writers = connect.clone().busy_timeout(Duration::ZERO);
    let readers = connect.pragma("query_only", "ON");
    let hearing = Hearing::new(Some(readers.clone()));
    let readers = Arc::new(Connections::new(readers, options.readers, None));
    // Found now that the file is there, and true also when the process changes its folder.
    let file = path.canonicalize().map_err(|error| unreachable(&target, error))?;
    let location = format!("sqlite:{}", file.display());
    let writers = Connections::new(writers, 1, Some(first)).into();
    Ok(start(target, location, &options, writers, readers, hearing))
}

pub(super) async fn memory(options: SqliteOptions) -> Result<Sqlite, ConnectError> {
    let target = ":memory:".to_owned();
    let connect = common(&options).in_memory(true);
    let mut first = connect.connect().await.map_err(|error| unreachable(&target, error))?;
    migrate::run(&mut first, &target).await?;
    // A second connection would be a second database: one does everything.
    let only = Arc::new(Connections::new(connect, 1, Some(first)));
    let location = format!("sqlite:{target}:{:p}", Arc::as_ptr(&only));
    Ok(start(target, location, &options, Arc::clone(&only), only, Hearing::new(None)))
}

/// What all connections have in common.
fn common(options: &SqliteOptions) -> SqliteConnectOptions {
    let synchronous = match options.synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    SqliteConnectOptions::new()
        .synchronous(synchronous)
        .busy_timeout(options.busy_timeout)
        .statement_cache_capacity(128)
        .row_buffer_size(100)
        .disable_statement_logging()
}

fn start(
    target: String,
    location: String,
    options: &SqliteOptions,
    writers: Arc<Connections>,
    readers: Arc<Connections>,
    hearing: Hearing,
) -> Sqlite {
    let (sender, queue) = mpsc::channel(writer::QUEUE);
    let (closed_sender, closed) = watch::channel(());
    let closing = Arc::new(Notify::new());
    let types = Arc::new(Types::default());
    let writer = Writer {
        queue,
        closing: Arc::clone(&closing),
        closed: closed_sender,
        connections: writers,
        types: Arc::clone(&types),
        patience: options.busy_timeout,
        left: None,
    };
    tokio::spawn(writer.run());
    Sqlite {
        inner: Arc::new(Inner {
            target,
            location,
            queue: sender,
            closing,
            closed,
            readers,
            types,
            signal: Signal::new(),
            freed: Signal::new(),
            hearing,
            work_timeout: options.work_timeout,
            shut: false.into(),
        }),
    }
}

/// Mistakes that SQLite would call "unable to open database file", all of them.
fn check_path(path: &Path) -> Result<(), String> {
    if path.as_os_str().is_empty() {
        return Err("the path is empty; name a file, or open a store in memory".to_owned());
    }
    if path.is_dir() {
        return Err("it is a directory; name a file in it".to_owned());
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(format!("there is no folder {}; make it first", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Turns the write-ahead log on, and returns the kind of journal that is in use then.
async fn write_ahead(connection: &mut SqliteConnection, patience: Duration) -> Result<String, sqlx::Error> {
    let start = Instant::now();
    loop {
        // SQLite does not wait by itself here: several processes that open a new file at once would fail.
        match connection.fetch_one("PRAGMA journal_mode = WAL").await {
            Ok(row) => return row.try_get(0),
            Err(error) if primary_code(&error) == Some(code::BUSY) && start.elapsed() < patience => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Tries to take the write lock: a database that needs no change opens without it also where nothing can be
/// written. One that others write to just now can be written.
async fn writable(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    match connection.execute(sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK")).await {
        Err(error) if primary_code(&error) != Some(code::BUSY) => Err(error),
        _ => Ok(()),
    }
}

fn unreachable(target: &str, source: impl Into<crate::store::BoxError>) -> ConnectError {
    ConnectError::Unreachable { target: target.to_owned(), source: source.into() }
}

/// Why a file could not be used, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{reason} ({source})")]
struct Refused {
    reason: String,
    source: sqlx::Error,
}

fn refused(target: &str, source: sqlx::Error, patience: Duration) -> ConnectError {
    let reason = match primary_code(&source) {
        Some(code::NOTADB) => "it is not a database of SQLite; name another file".to_owned(),
        Some(code::READONLY) => {
            "it cannot be written; let this user write the file and its folder".to_owned()
        }
        Some(code::CANTOPEN) => {
            "it cannot be opened; let this user read and write the file and its folder".to_owned()
        }
        Some(code::BUSY | code::LOCKED) => {
            format!("another process has kept it locked for {patience:?}; wait for it or end it")
        }
        _ => "SQLite refused it".to_owned(),
    };
    unreachable(target, Refused { reason, source })
}
