//! Keys of commands, listed and restored.

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection};

use super::{
    change::{Change, Denied},
    convert::{position, receipt, signed},
    inspect::key,
};
use crate::{
    domain::{IdempotencyKey, Position, Receipt},
    store::{
        KeptKey, KeyPage, RestoringKeys, StreamId,
        restore::{may_keep, next_key},
    },
};

/// The keys from one on, in the order of their texts.
pub(super) async fn list_keys(
    connection: &mut SqliteConnection,
    from: Option<&[u8]>,
    most: u64,
) -> Result<KeyPage, sqlx::Error> {
    let from = String::from_utf8_lossy(from.unwrap_or_default()).into_owned();
    let query = sqlx::query(include_str!("sql/list_keys.sql")).bind(from).bind(signed(most));
    let mut page = KeyPage::default();
    for row in query.fetch_all(connection).await? {
        page.keys.push(KeptKey {
            key: IdempotencyKey::new(row.try_get::<String, _>(0)?),
            stream: StreamId::known(key(&row, 1)?, row.try_get::<&str, _>(2)?, row.try_get::<&str, _>(3)?),
            receipt: receipt(&row, 4)?,
        });
    }
    let last = page.keys.last().filter(|_| page.keys.len() as u64 == most);
    page.next = last.map(|last| next_key(&last.key));
    Ok(page)
}

/// Keys on their way into the file.
#[derive(Clone, Debug)]
pub(super) struct RestoreKeys(pub(super) Vec<KeptKey>);

#[async_trait]
impl Change for RestoreKeys {
    type Answer = RestoringKeys;
    const WHAT: &'static str = "restoring keys";

    fn is_alone(&self) -> bool {
        true
    }

    async fn make(&self, connection: &mut SqliteConnection) -> Result<RestoringKeys, Denied> {
        let mut new = Vec::new();
        // All are looked at before anything is written: a conflict leaves nothing behind.
        for kept in &self.0 {
            let (stream, here) = receipt_here(connection, kept).await?;
            match may_keep(kept, here, known(connection, &kept.key).await?) {
                Ok(true) => new.extend(here.map(|here| (kept, stream, here))),
                Ok(false) => {}
                Err(conflict) => return Ok(conflict),
            }
        }
        for (kept, stream, here) in &new {
            write(connection, kept, *stream, here).await?;
        }
        Ok(RestoringKeys::Stored(new.len() as u64))
    }
}

/// The number of the stream, and the receipt with the position that its event has here, where they are there.
async fn receipt_here(
    connection: &mut SqliteConnection,
    kept: &KeptKey,
) -> Result<(Option<i64>, Option<Receipt>), sqlx::Error> {
    let KeptKey { stream, receipt, .. } = kept;
    let row = sqlx::query(include_str!("sql/restored_event.sql"))
        .bind(stream.key().as_bytes().to_vec())
        .bind(signed(receipt.version))
        .fetch_one(connection)
        .await?;
    let at = match receipt.version {
        0 => Some(Position::START),
        _ => row.try_get::<Option<i64>, _>(1)?.map(position),
    };
    Ok((row.try_get(0)?, at.map(|position| Receipt { position, ..*receipt })))
}

/// What a key is kept for.
async fn known(
    connection: &mut SqliteConnection,
    key: &IdempotencyKey,
) -> Result<Option<(StreamId, Receipt)>, sqlx::Error> {
    let query = sqlx::query(include_str!("sql/find_key.sql")).bind(key.as_str().to_owned());
    let Some(row) = query.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some((StreamId::new(row.try_get(0)?, row.try_get(1)?), receipt(&row, 2)?)))
}

async fn write(
    connection: &mut SqliteConnection,
    kept: &KeptKey,
    stream: Option<i64>,
    here: &Receipt,
) -> Result<(), sqlx::Error> {
    // It may have come with the key before this one.
    let known = match stream {
        Some(id) => Some(id),
        None => receipt_here(&mut *connection, kept).await?.0,
    };
    let id = match known {
        Some(id) => id,
        None => {
            sqlx::query_scalar(include_str!("sql/restore_stream.sql"))
                .bind(kept.stream.key().as_bytes().to_vec())
                .bind(kept.stream.category().to_owned())
                .bind(kept.stream.id().to_owned())
                .fetch_one(&mut *connection)
                .await?
        }
    };
    let events = i64::try_from(here.events).unwrap_or(i64::MAX);
    sqlx::query(include_str!("sql/restore_key.sql"))
        .bind(kept.key.as_str().to_owned())
        .bind(id)
        .bind(signed(here.version))
        .bind(signed(here.position.raw()))
        .bind(events)
        .execute(connection)
        .await?;
    Ok(())
}
