//! What was parked before, and how far shards had come then.

use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use super::{
    Inner,
    call::{Filling, number},
    deliveries::{number_of, text},
    failure::Silent,
    restore::send,
};
use crate::{
    domain::{Position, Timestamp},
    store::{ParkedDelivery, StoreError},
};

impl Inner {
    /// Sets shards of a subscription to places of their own.
    pub(super) async fn restore_shards(
        &self,
        subscription: &str,
        positions: &[(u16, Position)],
    ) -> Result<(), StoreError> {
        const WHAT: &str = "restoring the places of shards";
        let mut asked = Filling::default();
        asked
            .add(subscription)
            .add(positions.iter().map(|(shard, _)| i32::from(*shard)).collect::<Vec<_>>())
            .add(positions.iter().map(|(_, position)| number(position.raw())).collect::<Vec<_>>());
        self.work(WHAT, include_str!("sql/restore_shards.sql"), asked).await.map(drop)
    }

    /// Parks deliveries as they were parked before.
    pub(super) async fn restore_deliveries(&self, deliveries: &[ParkedDelivery]) -> Result<(), StoreError> {
        const WHAT: &str = "restoring parked deliveries";
        let mut lease = self.lanes.take(WHAT).await?;
        let patience = self.link.options.timeout;
        // A connection on which this is left half done is closed, and the server takes it back.
        match timeout(patience, restore(&mut lease, deliveries)).await {
            Ok(Ok(())) => {
                self.lanes.give_back(lease);
                Ok(())
            }
            Ok(Err(error)) => self.told(WHAT, Err(error)),
            Err(_) => {
                let streams = "the parked deliveries".to_owned();
                Err(StoreError::OutcomeUnknown { streams, source: Box::new(Silent(patience)) })
            }
        }
    }
}

async fn restore(connection: &mut PgConnection, deliveries: &[ParkedDelivery]) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for parked in deliveries {
        send(&mut transaction, include_str!("sql/restore_delivery.sql"), values(parked)).await?;
    }
    transaction.commit().await
}

fn values(parked: &ParkedDelivery) -> Filling {
    let mut values = Filling::default();
    values
        .add(&*parked.subscription)
        .add(number(parked.position.raw()))
        .add(i32::from(parked.shard))
        .add(parked.stream.key())
        .add(parked.stream.category())
        .add(parked.stream.id())
        .add(number(parked.version))
        .add(&*parked.event)
        .add(number_of(parked.state))
        .add(i64::from(parked.attempts))
        .add(parked.parked_at.as_micros())
        .add(parked.tried_at.map(Timestamp::as_micros))
        .add(parked.due_at.map(Timestamp::as_micros))
        .add(parked.errors.iter().map(|error| text(error)).collect::<Vec<_>>())
        .add(parked.decided_by.as_deref().map(text))
        .add(parked.reason.as_deref().map(text));
    values
}
