//! How connections are opened.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, Executor, PgConnection, SqlSafeStr, postgres::PgConnectOptions};

use super::{PostgresOptions, append, far::Far, names::Names, sagas, shards, writes};
use crate::store::{BoxError, ConnectError};

/// What a connection is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Writing: each statement is short, and prepared in advance so that the first is one round trip as well.
    Append,
    /// Following the log: claims and commits, each short, and prepared in advance as well.
    Work,
    /// Telling other processes of appends: nothing is lost with it, so no commit waits for the disk.
    Notify,
    /// Reading: a statement may take as long as its rows keep coming.
    Read,
}

impl Duty {
    fn prepared(self) -> &'static [&'static str] {
        match self {
            Self::Append => &[append::MANY, append::ONE, append::WITH_PROCESS],
            Self::Work => &[writes::COMMIT, shards::CLAIM, sagas::TAKE],
            Self::Notify | Self::Read => &[],
        }
    }

    /// A little earlier than our own patience ends, so that the server is the one that says what happened.
    fn statement_timeout(self, options: &PostgresOptions) -> String {
        match self {
            Self::Append | Self::Work | Self::Notify => milliseconds(options.timeout * 9 / 10),
            Self::Read => "0".to_owned(),
        }
    }
}

/// The way to the database.
#[derive(Debug)]
pub(super) struct Link {
    target: PgConnectOptions,
    pub(super) options: PostgresOptions,
    pub(super) names: Names,
    pub(super) far: Far,
}

impl Link {
    pub(super) fn new(target: PgConnectOptions, options: PostgresOptions) -> Self {
        let target = match target.get_application_name() {
            Some(_) => target,
            None => target.application_name("gesta"),
        };
        Self { target: target.disable_statement_logging(), options, names: Names::default(), far: Far::new() }
    }

    /// Starts anew: behind a connection that was lost there may be another server next time, where numbers mean other
    /// names and the log ends elsewhere.
    pub(super) fn forget(&self) {
        self.names.forget();
        self.far.forget();
    }

    /// A connection as the server gives it, without settings of ours.
    pub(super) async fn bare(&self) -> Result<PgConnection, BoxError> {
        Ok(tokio::time::timeout(self.options.connect_timeout, PgConnection::connect_with(&self.target))
            .await??)
    }

    /// Where it leads, for those who open connections by themselves.
    pub(super) fn target_options(&self) -> PgConnectOptions {
        self.target.clone()
    }

    /// A connection that is ready for these statements.
    pub(super) async fn open(&self, duty: Duty) -> Result<PgConnection, BoxError> {
        let opening = async {
            let mut connection = PgConnection::connect_with(&self.target).await?;
            sqlx::query(include_str!("sql/session.sql"))
                .bind(milliseconds(self.options.lock_timeout))
                .bind(duty.statement_timeout(&self.options))
                .bind(milliseconds(self.options.timeout))
                .persistent(false)
                .execute(&mut connection)
                .await?;
            if duty == Duty::Notify {
                (&mut connection).execute("SET synchronous_commit = off").await?;
            }
            for statement in duty.prepared() {
                (&mut connection).prepare(statement.into_sql_str()).await?;
            }
            Ok::<_, sqlx::Error>(connection)
        };
        Ok(tokio::time::timeout(self.options.connect_timeout, opening).await??)
    }

    /// Whether the server is there at the other end of an idle connection.
    pub(super) async fn answers(&self, connection: &mut PgConnection) -> bool {
        matches!(tokio::time::timeout(self.options.connect_timeout, connection.ping()).await, Ok(Ok(())))
    }

    /// The database, for error messages: never with a password.
    pub(super) fn target(&self) -> String {
        let place = match self.target.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", self.target.get_host(), self.target.get_port()),
        };
        let database = self.target.get_database().unwrap_or(self.target.get_username());
        format!("the database `{database}` on {place}")
    }

    pub(super) fn unreachable(&self, source: BoxError) -> ConnectError {
        ConnectError::Unreachable { target: self.target(), source }
    }
}

fn milliseconds(duration: Duration) -> String {
    // Zero would mean "never"; the largest that a setting takes is 2^31 - 1.
    duration.as_millis().clamp(1, i32::MAX as u128).to_string()
}
