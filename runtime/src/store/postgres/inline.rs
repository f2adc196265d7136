//! Appends with documents. Usually all of a batch can be stored, and one call of the database does it. Where it cannot,
//! the batch is stored one append after the other in an explicit transaction, each with its documents or not at all.

use std::collections::HashMap;

use sqlx::{PgConnection, Row, postgres::PgDatabaseError};
use uuid::Uuid;

use super::{
    call::{Call, Filling},
    failure::Failure,
    names::Dictionary,
    round::Round,
    settle,
    writes::{Written, add_documents, add_indexes},
};
use crate::store::{Append, Outcome};

/// The documents of a round, each once: what the first write of it expects, and what the last one leaves. `None` where
/// the later ones do not simply follow upon the earlier ones.
pub(super) fn documents<'b>(round: &Round<'b>) -> Option<Vec<Written<'b>>> {
    let mut indexes: Vec<usize> =
        round.groups.iter().flat_map(|group| &group.commands).map(|command| command.index).collect();
    indexes.sort_unstable();
    let (mut written, mut places): (Vec<Written<'b>>, HashMap<_, usize>) = (Vec::new(), HashMap::new());
    for document in indexes.into_iter().flat_map(|index| &round.batch[index].documents) {
        let place = (&*document.collection, &*document.key);
        let Some(earlier) = places.get(&place).and_then(|&place| written.get_mut(place)) else {
            places.insert(place, written.len());
            written.push(Written::from(document));
            continue;
        };
        let follows = match (earlier.expected, document.expected) {
            (Some(_), Some(expected)) => expected == earlier.document.revision,
            (None, None) => !earlier.document.is_removal(),
            _ => false,
        };
        if !follows {
            return None;
        }
        earlier.document = document;
    }
    Some(written)
}

/// Whether the database says no more than that not all of a batch can be stored.
pub(super) fn is_refusal(error: &(dyn std::error::Error + 'static)) -> bool {
    let Some(sqlx::Error::Database(said)) = error.downcast_ref::<sqlx::Error>() else { return false };
    let said = said.try_downcast_ref::<PgDatabaseError>();
    said.is_some_and(|said| matches!(said.code(), "ZG002" | "ZG003"))
}

/// Appends a batch in a transaction that is open, one after the other.
pub(super) async fn append_one_by_one(
    connection: &mut PgConnection,
    batch: &[Append],
    names: &Dictionary,
) -> Result<Vec<Outcome>, Failure> {
    let mut streams = Filling::default();
    streams.add(batch.iter().map(|append| append.stream.key()).collect::<Vec<_>>());
    send(connection, streams.call(include_str!("sql/lock_streams.sql"))?).await?;

    let mut broken: HashMap<Uuid, u64> = HashMap::new();
    let mut outcomes = Vec::with_capacity(batch.len());
    for append in batch {
        let stream = append.stream.key();
        let outcome = match broken.get(&stream) {
            Some(&actual) => Outcome::Conflict { actual },
            None => append_one(connection, append, names).await?,
        };
        let ends_at = match &outcome {
            Outcome::Appended(_) => None,
            Outcome::Conflict { actual } => Some(*actual),
            _ => Some(version(connection, stream).await?),
        };
        broken.extend(ends_at.map(|actual| (stream, actual)));
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn append_one(
    connection: &mut PgConnection,
    append: &Append,
    names: &Dictionary,
) -> Result<Outcome, Failure> {
    let call = Call::one(append, names)?;
    if append.documents.is_empty() {
        let row = call.send(connection).await.map_err(Failure::before_commit)?;
        return settle::outcome_of_one(&row).map_err(Failure::before_commit);
    }
    execute(connection, "SAVEPOINT gesta_append").await?;
    let row = call.send(&mut *connection).await.map_err(Failure::before_commit)?;
    let outcome = settle::outcome_of_one(&row).map_err(Failure::before_commit)?;
    if let Outcome::Appended(receipt) = &outcome {
        let mut arguments = Filling::default();
        let documents: Vec<_> = append.documents.iter().map(Written::from).collect();
        add_documents(&mut arguments, &documents);
        add_indexes(&mut arguments, &documents);
        let call = arguments.call(include_str!("sql/write_documents.sql"))?;
        match call.rows(&mut *connection).await {
            Ok(_) => {}
            Err(error) if is_refusal(&error) => {
                execute(connection, "ROLLBACK TO SAVEPOINT gesta_append").await?;
                return Ok(Outcome::Conflict { actual: receipt.version - receipt.events as u64 });
            }
            Err(error) => return Err(Failure::before_commit(error)),
        }
    }
    execute(connection, "RELEASE SAVEPOINT gesta_append").await?;
    Ok(outcome)
}

async fn version(connection: &mut PgConnection, stream: Uuid) -> Result<u64, Failure> {
    let mut asked = Filling::default();
    asked.add(stream);
    let row = send(connection, asked.call(include_str!("sql/stream_version.sql"))?).await?;
    let version: i64 = row.try_get(0).map_err(Failure::before_commit)?;
    Ok(version.unsigned_abs())
}

async fn send(connection: &mut PgConnection, call: Call) -> Result<sqlx::postgres::PgRow, Failure> {
    call.send(connection).await.map_err(Failure::before_commit)
}

async fn execute(connection: &mut PgConnection, statement: &'static str) -> Result<(), Failure> {
    sqlx::query(statement).execute(connection).await.map(drop).map_err(Failure::before_commit)
}
