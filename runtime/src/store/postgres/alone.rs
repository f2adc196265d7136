//! A batch of which something cannot be stored: in an explicit transaction, what can be in one call, and the rest one
//! after the other, each with everything that belongs to it or not at all.

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    beside::{Aside, Parts, Refusal},
    call::{Call, Filling},
    failure::Failure,
    names::Dictionary,
    process::{Processes, add_fences},
    round::Progress,
    settle,
    writes::{Written, add_documents, add_indexes},
};
use crate::store::{Append, Fence, Outcome};

/// How often the rest of a batch is sent again, without what was in its way.
const TRIES: u32 = 3;

/// Appends a batch in a transaction that is open.
pub(super) async fn append_apart(
    connection: &mut PgConnection,
    batch: &[Append],
    names: &Dictionary,
    mut aside: Aside,
) -> Result<Vec<Outcome>, Failure> {
    let parts = Parts::of(batch);
    hold_streams(connection, &parts.appends).await?;
    let lost = lost(connection, &parts).await?;
    aside.extend(parts.which(|append| fence(append).is_some_and(|fence| lost.contains(&fence))));

    let progress = at_once(connection, &parts, names, &mut aside).await?;
    let broken = progress.broken.iter().map(|(stream, actual)| (*stream, Some(*actual))).collect();
    let mut alone = Alone { connection, names, lost: &lost, broken };
    let mut outcomes = Vec::with_capacity(batch.len());
    for (append, outcome) in batch.iter().zip(parts.outcomes(progress)) {
        outcomes.push(match outcome {
            Some(outcome) => outcome,
            None => alone.append(append).await?,
        });
    }
    Ok(outcomes)
}

/// Holds all streams of a transaction that appends in several calls, in the order in which every batch locks them.
pub(super) async fn hold_streams(connection: &mut PgConnection, appends: &[&Append]) -> Result<(), Failure> {
    let mut streams = Filling::default();
    streams.add(appends.iter().map(|append| append.stream.key()).collect::<Vec<_>>());
    send(connection, streams.call(include_str!("sql/hold_streams.sql"))?).await.map(drop)
}

/// Stores what is not aside in one call. What is in the way of that is put aside as well; what has become of the rest is
/// told.
async fn at_once(
    connection: &mut PgConnection,
    parts: &Parts<'_>,
    names: &Dictionary,
    aside: &mut Aside,
) -> Result<Progress, Failure> {
    let mut tries = 0;
    loop {
        parts.close(aside);
        if tries == TRIES || parts.are_all(aside) {
            return Ok(Progress::new(&parts.appends));
        }
        let mut progress = Progress::new(&parts.appends);
        let (round, beside) = match parts.plan(&mut progress, aside) {
            Ok(plan) => plan,
            Err(left) => {
                aside.extend(left);
                continue;
            }
        };
        tries += 1;
        let call = Call::beside(&round, &beside, names)?;
        execute(connection, "SAVEPOINT gesta_batch").await?;
        match unless_refused(call.send(&mut *connection).await)? {
            Ok(row) => {
                settle::settle(&mut progress, &round, &row).map_err(Failure::before_commit)?;
                execute(connection, "RELEASE SAVEPOINT gesta_batch").await?;
                return Ok(progress);
            }
            Err(refusal) => {
                execute(connection, "ROLLBACK TO SAVEPOINT gesta_batch").await?;
                aside.extend(parts.in_the_way(&refusal, &round, &beside));
            }
        }
    }
}

/// The leases that are lost. Those that are good stay so until the transaction ends.
async fn lost<'b>(connection: &mut PgConnection, parts: &Parts<'b>) -> Result<HashSet<&'b Fence>, Failure> {
    let fences = Processes::of(parts.appends.iter().copied()).fences;
    if fences.is_empty() {
        return Ok(HashSet::new());
    }
    let mut asked = Filling::default();
    add_fences(&mut asked, &fences);
    let row = send(connection, asked.call(include_str!("sql/lost_shards.sql"))?).await?;
    let lost: Option<Vec<i32>> = row.try_get(0).map_err(Failure::before_commit)?;
    let place = |number: i32| usize::try_from(number - 1).ok();
    Ok(lost
        .unwrap_or_default()
        .into_iter()
        .filter_map(|number| fences.get(place(number)?).copied())
        .collect())
}

fn fence(append: &Append) -> Option<&Fence> {
    append.process.as_ref().and_then(|process| process.fence.as_ref())
}

/// Appends one after the other.
struct Alone<'a> {
    connection: &'a mut PgConnection,
    names: &'a Dictionary,
    lost: &'a HashSet<&'a Fence>,
    /// Streams whose chain is broken, with their version where it is known.
    broken: HashMap<Uuid, Option<u64>>,
}

impl Alone<'_> {
    async fn append(&mut self, append: &Append) -> Result<Outcome, Failure> {
        execute(self.connection, "SAVEPOINT gesta_append").await?;
        let outcome = self.all(append).await?;
        if let Outcome::Appended(_) = outcome {
            execute(self.connection, "RELEASE SAVEPOINT gesta_append").await?;
            return Ok(outcome);
        }
        execute(self.connection, "ROLLBACK TO SAVEPOINT gesta_append").await?;
        for part in append.parts() {
            self.broken.entry(part.stream.key()).or_insert(None);
        }
        Ok(outcome)
    }

    async fn all(&mut self, append: &Append) -> Result<Outcome, Failure> {
        let outcome = self.part(append).await?;
        let (Outcome::Appended(_), Some(second)) = (&outcome, &append.together) else { return Ok(outcome) };
        Ok(match self.part(second).await? {
            Outcome::Appended(_) => outcome,
            other => Outcome::Apart { stream: second.stream.clone(), outcome: Box::new(other) },
        })
    }

    /// What becomes of one append, and what it leaves in the transaction.
    async fn part(&mut self, append: &Append) -> Result<Outcome, Failure> {
        if let Some(actual) = self.broken_at(append.stream.key()).await? {
            return Ok(Outcome::Conflict { actual });
        }
        let row = send(self.connection, Call::one(append, self.names)?).await?;
        let outcome = settle::outcome_of_one(&row).map_err(Failure::before_commit)?;
        if let Outcome::Duplicate(_) | Outcome::KeyReused { .. } = outcome {
            return Ok(outcome);
        }
        if let Some(fence) = fence(append).filter(|fence| self.lost.contains(fence)) {
            return Ok(Outcome::Fenced { subscription: fence.subscription.to_string(), shard: fence.shard });
        }
        let Outcome::Appended(receipt) = outcome else { return Ok(outcome) };
        match self.rows(append).await? {
            Ok(()) => Ok(outcome),
            Err(_stale) => Ok(Outcome::Conflict { actual: receipt.version - receipt.events as u64 }),
        }
    }

    /// What belongs to an append.
    async fn rows(&mut self, append: &Append) -> Result<Result<(), Refusal>, Failure> {
        if !append.documents.is_empty() {
            let mut arguments = Filling::default();
            let documents: Vec<_> = append.documents.iter().map(Written::from).collect();
            add_documents(&mut arguments, &documents);
            add_indexes(&mut arguments, &documents);
            let call = arguments.call(include_str!("sql/write_documents.sql"))?;
            if let Err(refusal) = unless_refused(call.send(&mut *self.connection).await)? {
                return Ok(Err(refusal));
            }
        }
        let processes = Processes::of([append]);
        if processes.has_sagas() {
            let mut arguments = Filling::default();
            processes.add_sagas(&mut arguments);
            send(self.connection, arguments.call(include_str!("sql/write_sagas.sql"))?).await?;
        }
        if processes.has_timers() {
            let mut arguments = Filling::default();
            processes.add_timers(&mut arguments);
            send(self.connection, arguments.call(include_str!("sql/write_timers.sql"))?).await?;
        }
        Ok(Ok(()))
    }

    /// The version of a stream whose chain is broken.
    async fn broken_at(&mut self, stream: Uuid) -> Result<Option<u64>, Failure> {
        let Some(known) = self.broken.get_mut(&stream) else { return Ok(None) };
        if known.is_none() {
            let mut asked = Filling::default();
            asked.add(stream);
            let row = send(self.connection, asked.call(include_str!("sql/stream_version.sql"))?).await?;
            let version: i64 = row.try_get(0).map_err(Failure::before_commit)?;
            *known = Some(version.unsigned_abs());
        }
        Ok(*known)
    }
}

/// What the database will not store is told apart from other failures.
fn unless_refused(answer: Result<PgRow, sqlx::Error>) -> Result<Result<PgRow, Refusal>, Failure> {
    match answer {
        Ok(row) => Ok(Ok(row)),
        Err(error) => Refusal::of(&error).map(Err).ok_or_else(|| Failure::before_commit(error)),
    }
}

async fn send(connection: &mut PgConnection, call: Call) -> Result<PgRow, Failure> {
    call.send(connection).await.map_err(Failure::before_commit)
}

async fn execute(connection: &mut PgConnection, statement: &'static str) -> Result<(), Failure> {
    sqlx::query(statement).execute(connection).await.map(drop).map_err(Failure::before_commit)
}
