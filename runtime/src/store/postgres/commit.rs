//! What a worker stores in one transaction: one call, or an explicit transaction around the application's statements.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection, Executor, postgres::PgDatabaseError};
use tokio::{sync::watch, time::timeout};

use super::{
    Inner, Postgres, REPEATS,
    call::{Call, Filling},
    failure::{Failure, Silent},
    read::Fields,
    writes::call,
};
use crate::{
    domain::Timestamp,
    store::{
        Advance, Commit, ReadSide, SqlConnection, SqlWork, StoreError,
        resolve::{WorkFailure, ended_transaction, run_work},
    },
};

const WHAT: &str = "committing what follows from events";

#[async_trait]
impl ReadSide for Postgres {
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        commit.check()?;
        let mut repeats = 0;
        loop {
            let committed = match &commit.work {
                None => self.inner.commit_at_once(commit).await,
                Some(work) => self.inner.commit_around(commit, work).await,
            };
            match committed {
                Ok(()) => return Ok(()),
                Err(Failure::InTheWay(_)) if repeats < REPEATS => repeats += 1,
                Err(failure) => return self.inner.noting_loss(Err(of_commit(failure, commit))),
            }
        }
    }

    fn signals(&self) -> watch::Receiver<u64> {
        self.inner.signals.listen()
    }

    fn shard_signals(&self) -> watch::Receiver<u64> {
        self.inner.signals.listen_for_shards()
    }

    fn hears_others(&self) -> bool {
        self.inner.signals.hears_others()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        const WHAT: &str = "asking for the time";
        let rows = self.inner.ask(WHAT, include_str!("sql/now.sql"), Filling::default()).await?;
        self.inner
            .told(WHAT, rows.first().map_or(Err(sqlx::Error::RowNotFound), |row| Fields { row }.time(0)))
    }
}

impl Inner {
    /// In one round trip: the function of the database is a transaction of its own.
    async fn commit_at_once(&self, commit: &Commit) -> Result<(), Failure> {
        let call = call(&commit.advances, &commit.documents, &commit.deliveries)?;
        let mut lease = self.workers.take(WHAT).await.map_err(Failure::Store)?;
        let patience = self.link.options.timeout;
        match timeout(patience, call.rows(&mut lease)).await {
            Ok(Ok(_)) => {
                self.workers.give_back(lease);
                Ok(())
            }
            Ok(Err(error)) => {
                match Failure::leaves_connection(&error) {
                    true => self.workers.give_back(lease),
                    false => self.link.forget(),
                }
                Err(refusal(&error, commit).map_or_else(|| Failure::of(error), Failure::Store))
            }
            Err(_) => {
                self.link.forget();
                Err(Failure::Unknown(Box::new(Silent(patience))))
            }
        }
    }

    /// The fence, the application's statements, and the rest, in one transaction.
    async fn commit_around(&self, commit: &Commit, work: &Arc<dyn SqlWork>) -> Result<(), Failure> {
        let mut lease = self.workers.take(WHAT).await.map_err(Failure::Store)?;
        let patience = self.link.options.timeout;
        let beginning =
            timeout(patience, Connection::begin(&mut *lease)).await.map_err(|_| silent(patience))?;
        let mut transaction = beginning.map_err(Failure::before_commit)?;
        let worked = self.steps(&mut transaction, commit, work).await;
        if let Err(failure) = worked {
            if let Ok(Ok(())) = timeout(patience, transaction.rollback()).await {
                self.workers.give_back(lease);
            }
            return Err(failure);
        }
        match timeout(patience, transaction.commit())
            .await
            .map_err(|_| Failure::Unknown(Box::new(Silent(patience))))?
        {
            Ok(()) => {
                self.workers.give_back(lease);
                Ok(())
            }
            // What the application has put off to the end, such as a deferred constraint, is its own.
            Err(error) => Err(match Failure::of(error) {
                Failure::Refused(source) => {
                    Failure::Store(self.work_failed(WorkFailure::Said(source), commit))
                }
                known => known,
            }),
        }
    }

    async fn steps(
        &self,
        connection: &mut sqlx::PgConnection,
        commit: &Commit,
        work: &Arc<dyn SqlWork>,
    ) -> Result<(), Failure> {
        // The leases are held from here on. The shards move behind the statements, so that these cannot commit that.
        let standing = |advance: &Advance| Advance { to: advance.from, ..advance.clone() };
        let here: Vec<Advance> = commit.advances.iter().map(standing).collect();
        self.step(connection, call(&here, &[], &[])?, commit).await?;
        self.like_a_session_of_the_application(connection).await?;
        let limit = self.link.options.work_timeout;
        let worked = run_work(work, SqlConnection::Postgres(&mut *connection), limit).await;
        worked.map_err(|failure| self.of_work(failure, commit))?;
        self.still_there(connection, commit).await?;
        self.step(connection, call(&commit.advances, &commit.documents, &commit.deliveries)?, commit).await
    }

    /// Whether the transaction is the one in which the application's statements began.
    async fn still_there(&self, connection: &mut sqlx::PgConnection, commit: &Commit) -> Result<(), Failure> {
        let patience = self.link.options.timeout;
        let released = timeout(patience, connection.execute("RELEASE SAVEPOINT gesta_work")).await;
        let ended = |error| match Failure::before_commit(error) {
            Failure::Refused(source) => Failure::Store(self.work_failed(ended_transaction(source), commit)),
            known => known,
        };
        released.map_err(|_| silent(patience))?.map(drop).map_err(ended)
    }

    fn work_failed(&self, failure: WorkFailure, commit: &Commit) -> StoreError {
        failure.told(commit, self.link.options.work_timeout)
    }

    /// What the application's statements have said. Where the database was the reason, it is no fault of theirs.
    fn of_work(&self, failure: WorkFailure, commit: &Commit) -> Failure {
        let WorkFailure::Said(source) = failure else {
            return Failure::Store(self.work_failed(failure, commit));
        };
        let mut causes =
            std::iter::successors(Some(&*source as &dyn std::error::Error), |error| error.source());
        let passes =
            causes.find_map(|error| error.downcast_ref::<sqlx::Error>()).is_some_and(Failure::passes);
        match passes {
            true => Failure::InTheWay(source),
            false => Failure::Store(self.work_failed(WorkFailure::Said(source), commit)),
        }
    }

    /// For the rest of the transaction: the application's tables are found as they are elsewhere, its statements are
    /// planned as usual, and the server ends one that takes too long.
    async fn like_a_session_of_the_application(
        &self,
        connection: &mut sqlx::PgConnection,
    ) -> Result<(), Failure> {
        let patience = self.link.options.timeout;
        let limit = self.link.options.work_timeout.as_millis().clamp(1, i32::MAX as u128);
        let statements = format!(include_str!("sql/application_session.sql"), limit = limit);
        let setting = sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection);
        let set = timeout(patience, setting).await.map_err(|_| silent(patience))?;
        set.map(drop).map_err(Failure::before_commit)
    }

    async fn step(
        &self,
        connection: &mut sqlx::PgConnection,
        call: Call,
        commit: &Commit,
    ) -> Result<(), Failure> {
        let patience = self.link.options.timeout;
        let sent = timeout(patience, call.rows(connection)).await.map_err(|_| silent(patience))?;
        let refused = |error| match refusal(&error, commit) {
            Some(refused) => Failure::Store(refused),
            None => Failure::before_commit(error),
        };
        sent.map(drop).map_err(refused)
    }
}

fn silent(patience: std::time::Duration) -> Failure {
    Failure::Unavailable(Box::new(Silent(patience)))
}

/// What the functions of a commit refuse: which shard or document it was stands in the detail, counted from 1.
pub(super) fn refusal(error: &sqlx::Error, commit: &Commit) -> Option<StoreError> {
    let sqlx::Error::Database(said) = error else { return None };
    let said = said.try_downcast_ref::<PgDatabaseError>()?;
    let place = said.detail().and_then(|detail| detail.parse::<usize>().ok()).unwrap_or(1).saturating_sub(1);
    match said.code() {
        "ZG001" => commit.advances.get(place).map(|advance| StoreError::Fenced {
            subscription: advance.subscription.to_string(),
            shard: advance.shard,
        }),
        "ZG002" => commit.documents.get(place).map(|document| StoreError::Stale {
            collection: document.collection.to_string(),
            key: document.key.clone(),
        }),
        _ => None,
    }
}

/// In the words of the port.
fn of_commit(failure: Failure, commit: &Commit) -> StoreError {
    match failure {
        Failure::Unknown(source) => {
            let mut names: Vec<&str> = commit.advances.iter().map(|advance| &*advance.subscription).collect();
            names.dedup();
            StoreError::OutcomeUnknown { streams: format!("the read side ({})", names.join(", ")), source }
        }
        failure => failure.of_reading(WHAT),
    }
}
