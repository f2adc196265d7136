//! Keys of commands, listed and restored.

use std::collections::BTreeSet;

use sqlx::{Connection, PgConnection, Row, postgres::PgRow};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    Inner,
    call::{Filling, count, number},
    failure::Silent,
    names::{Dictionary, Kind},
    read::Fields,
    restore::{number_of, send},
    round::key_id,
    settle,
};
use crate::{
    domain::{IdempotencyKey, Position, Receipt},
    store::{KeptKey, KeyPage, RestoringKeys, StoreError, StreamId, restore::may_keep},
};

const WHAT: &str = "restoring the keys of commands";

impl Inner {
    /// The keys after one, in the order of their numbers.
    pub(super) async fn list_keys(&self, after: Option<Uuid>, most: u64) -> Result<KeyPage, StoreError> {
        const WHAT: &str = "listing the keys of commands";
        let mut asked = Filling::default();
        asked.add(after).add(number(most));
        let rows = self.ask(WHAT, include_str!("sql/list_keys.sql"), asked).await?;
        let keys: Result<Vec<_>, _> = rows.iter().map(kept).collect();
        let next = rows.last().filter(|_| rows.len() as u64 == most);
        let next = next.map(|row| Fields { row }.uuid(0)).transpose();
        Ok(KeyPage { keys: self.told(WHAT, keys)?, next: self.told(WHAT, next)?.map(|key| key.into()) })
    }

    /// Keeps keys that were used in another store.
    pub(super) async fn restore_keys(&self, keys: &[KeptKey]) -> Result<RestoringKeys, StoreError> {
        let categories: BTreeSet<&str> = keys.iter().map(|kept| kept.stream.category()).collect();
        let names = self.interned(WHAT, [(Kind::Category, categories)]).await?;
        let mut lease = self.lanes.take(WHAT).await?;
        let patience = self.link.options.timeout;
        // A connection on which this is left half done is closed, and the server takes it back.
        match timeout(patience, restore(&mut lease, keys, &names)).await {
            Ok(Ok(restored)) => {
                self.lanes.give_back(lease);
                Ok(restored)
            }
            Ok(Err(error)) => self.told(WHAT, Err(error)),
            Err(_) => {
                let streams = "the restored keys".to_owned();
                Err(StoreError::OutcomeUnknown { streams, source: Box::new(Silent(patience)) })
            }
        }
    }
}

fn kept(row: &PgRow) -> Result<KeptKey, sqlx::Error> {
    let fields = Fields { row };
    Ok(KeptKey {
        key: IdempotencyKey::new(fields.text(1)?),
        stream: StreamId::known(fields.uuid(2)?, fields.text(3)?, fields.text(4)?),
        receipt: settle::receipt(fields.int8(5)?, fields.int8(6)?, fields.int4(7)?),
    })
}

async fn restore(
    connection: &mut PgConnection,
    keys: &[KeptKey],
    names: &Dictionary,
) -> Result<RestoringKeys, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let mut asked = Filling::default();
    asked
        .add(keys.iter().map(|kept| key_id(&kept.key)).collect::<Vec<_>>())
        .add(keys.iter().map(|kept| kept.stream.key()).collect::<Vec<_>>())
        .add(keys.iter().map(|kept| number(kept.receipt.version)).collect::<Vec<_>>());
    let rows = send(&mut transaction, include_str!("sql/standing_keys.sql"), asked).await?;
    let mut new = Vec::new();
    for (kept, row) in keys.iter().zip(&rows) {
        let here = receipt_here(kept, row)?;
        match may_keep(kept, here, known(row)?) {
            Ok(true) => new.extend(here.map(|here| (kept, here))),
            Ok(false) => {}
            Err(conflict) => {
                transaction.rollback().await?;
                return Ok(conflict);
            }
        }
    }
    if !new.is_empty() {
        send(&mut transaction, include_str!("sql/restore_keys.sql"), written(&new, names)?).await?;
    }
    transaction.commit().await?;
    Ok(RestoringKeys::Stored(new.len() as u64))
}

/// The receipt with the position that its event has here, where that is there.
fn receipt_here(kept: &KeptKey, row: &PgRow) -> Result<Option<Receipt>, sqlx::Error> {
    let at = match kept.receipt.version {
        0 => Some(Position::START),
        _ => row.try_get::<Option<i64>, _>(0)?.map(|at| Position::from_raw(at.unsigned_abs())),
    };
    Ok(at.map(|position| Receipt { position, ..kept.receipt }))
}

/// What the key is kept for.
fn known(row: &PgRow) -> Result<Option<(StreamId, Receipt)>, sqlx::Error> {
    let (category, id) = (row.try_get::<Option<&str>, _>(1)?, row.try_get::<Option<&str>, _>(2)?);
    let Some((category, id)) = Option::zip(category, id) else { return Ok(None) };
    let receipt = settle::receipt(row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    Ok(Some((StreamId::new(category, id), receipt)))
}

fn written(new: &[(&KeptKey, Receipt)], names: &Dictionary) -> Result<Filling, sqlx::Error> {
    // A stream without events has no head, which would name it.
    let nameless = |kept: &&KeptKey| kept.receipt.version == 0;
    let category = |kept: &KeptKey| {
        Some(kept).filter(nameless).map(|kept| number_of(names, Kind::Category, kept.stream.category()))
    };
    let categories: Result<Vec<_>, _> = new.iter().map(|(kept, _)| category(kept).transpose()).collect();
    let mut written = Filling::default();
    written
        .add(new.iter().map(|(kept, _)| key_id(&kept.key)).collect::<Vec<_>>())
        .add(new.iter().map(|(kept, _)| kept.stream.key()).collect::<Vec<_>>())
        .add(new.iter().map(|(_, here)| number(here.version)).collect::<Vec<_>>())
        .add(new.iter().map(|(_, here)| number(here.position.raw())).collect::<Vec<_>>())
        .add(new.iter().map(|(_, here)| count(here.events)).collect::<Vec<_>>())
        .add(categories?)
        .add(
            new.iter()
                .map(|(kept, _)| Some(*kept).filter(nameless).map(|kept| kept.stream.id()))
                .collect::<Vec<_>>(),
        )
        .add(new.iter().map(|(kept, _)| kept.key.as_str()).collect::<Vec<_>>());
    Ok(written)
}
