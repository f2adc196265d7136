//! What was parked before, and how far shards had come then.

use async_trait::async_trait;
use serde_json::json;
use sqlx::SqliteConnection;

use super::{
    change::{Change, Denied},
    convert::signed,
    deliveries::number,
};
use crate::{
    domain::{Position, Timestamp},
    store::ParkedDelivery,
};

/// Shards of a subscription on their way to other places.
#[derive(Clone, Debug)]
pub(super) struct RestoreShards(pub(super) String, pub(super) Vec<(u16, Position)>);

#[async_trait]
impl Change for RestoreShards {
    type Answer = ();
    const WHAT: &'static str = "restoring the places of shards";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        for (shard, position) in &self.1 {
            sqlx::query(include_str!("sql/restore_shard.sql"))
                .bind(self.0.clone())
                .bind(*shard)
                .bind(signed(position.raw()))
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

/// Deliveries on their way into the file.
#[derive(Clone, Debug)]
pub(super) struct RestoreDeliveries(pub(super) Vec<ParkedDelivery>);

#[async_trait]
impl Change for RestoreDeliveries {
    type Answer = ();
    const WHAT: &'static str = "restoring parked deliveries";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        for parked in &self.0 {
            sqlx::query(include_str!("sql/restore_delivery.sql"))
                .bind(parked.subscription.to_string())
                .bind(signed(parked.position.raw()))
                .bind(parked.shard)
                .bind(parked.stream.key().as_bytes().to_vec())
                .bind(parked.stream.category().to_owned())
                .bind(parked.stream.id().to_owned())
                .bind(signed(parked.version))
                .bind(parked.event.clone())
                .bind(number(parked.state))
                .bind(parked.attempts)
                .bind(parked.parked_at.as_micros())
                .bind(parked.tried_at.map(Timestamp::as_micros))
                .bind(parked.due_at.map(Timestamp::as_micros))
                .bind(json!(parked.errors).to_string())
                .bind(parked.decided_by.clone())
                .bind(parked.reason.clone())
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}
