//! Subscriptions, their shards and leases. What is decided is decided in functions of the database.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    Inner, Postgres,
    call::{Filling, number},
    read::Fields,
};
use crate::{
    domain::Position,
    store::{Claim, Holding, Lease, ShardState, Shards, StoreError, SubscriptionState, check_name},
};

/// Takes what is free and tells what one has.
pub(super) const CLAIM: &str = include_str!("sql/claim.sql");

#[async_trait]
impl Shards for Postgres {
    async fn declare(&self, subscription: &str, shards: u16, start: Position) -> Result<(), StoreError> {
        check_name(subscription, "subscription")?;
        let mut declared = Filling::default();
        declared.add(subscription).add(i32::from(shards)).add(number(start.raw()));
        self.inner.work("declaring a subscription", include_str!("sql/declare.sql"), declared).await?;
        Ok(())
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Vec<Holding>, StoreError> {
        // A name that the database cannot hold was never declared.
        let storable: Vec<&str> =
            claim.subscriptions.iter().map(|name| &**name).filter(|name| storable(name)).collect();
        let mut wanted = Filling::default();
        wanted.add(claim.worker).add(storable).add(micros(claim.ttl));
        let rows = self.inner.work("claiming shards", CLAIM, wanted).await?;
        self.inner.told("claiming shards", holdings(&claim, &rows))
    }

    async fn release(&self, worker: Uuid, leases: &[Lease]) -> Result<(), StoreError> {
        let mut given = Filling::default();
        given
            .add(worker)
            .add(leases.iter().map(|lease| &*lease.subscription).collect::<Vec<_>>())
            .add(leases.iter().map(|lease| i32::from(lease.shard)).collect::<Vec<_>>())
            .add(leases.iter().map(|lease| number(lease.token)).collect::<Vec<_>>())
            .add(self.inner.signals.of_shards());
        let given = self.inner.work("giving back shards", include_str!("sql/release.sql"), given).await;
        self.inner.freed(given.map(drop))
    }

    async fn leave(&self, worker: Uuid) -> Result<(), StoreError> {
        let mut leaving = Filling::default();
        leaving.add(worker).add(self.inner.signals.of_shards());
        let left = self.inner.work("giving back all shards", include_str!("sql/leave.sql"), leaving).await;
        self.inner.freed(left.map(drop))
    }

    async fn subscriptions(&self, name: Option<&str>) -> Result<Vec<SubscriptionState>, StoreError> {
        const WHAT: &str = "asking how subscriptions stand";
        if !name.is_none_or(storable) {
            return Ok(Vec::new());
        }
        let mut asked = Filling::default();
        asked.add(name);
        let rows = self.inner.ask(WHAT, include_str!("sql/subscriptions.sql"), asked).await?;
        self.inner.told(WHAT, states(&rows))
    }

    async fn set_paused(&self, subscription: &str, paused: bool) -> Result<bool, StoreError> {
        let mut set = Filling::default();
        set.add(subscription).add(paused).add(self.inner.signals.of_shards());
        let what = "pausing a subscription";
        self.inner.freed(self.inner.changed(what, subscription, include_str!("sql/pause.sql"), set).await)
    }

    async fn reset(&self, subscription: &str, position: Position) -> Result<bool, StoreError> {
        let mut set = Filling::default();
        set.add(subscription).add(number(position.raw())).add(self.inner.signals.of_shards());
        let what = "resetting a subscription";
        self.inner.freed(self.inner.changed(what, subscription, include_str!("sql/reset.sql"), set).await)
    }

    async fn remove(&self, subscription: &str) -> Result<bool, StoreError> {
        let mut gone = Filling::default();
        gone.add(subscription).add(self.inner.signals.of_shards());
        let what = "removing a subscription";
        self.inner.freed(self.inner.changed(what, subscription, include_str!("sql/remove.sql"), gone).await)
    }
}

impl Inner {
    /// Tells of shards that may be free now in this process; the statement has told the others in its transaction, so
    /// that they hear it of a store that is closed right afterwards too.
    fn freed<T>(&self, result: T) -> T {
        self.signals.ring_for_shards();
        result
    }
}

/// Whether a text of the database can hold it.
pub(super) fn storable(name: &str) -> bool {
    !name.contains('\0')
}

/// As the database's intervals are counted; at most a thousand years.
pub(super) fn micros(duration: Duration) -> i64 {
    const LONGEST: i64 = 1000 * 366 * 86_400 * 1_000_000;
    i64::try_from(duration.as_micros()).unwrap_or(LONGEST).min(LONGEST)
}

fn natural(n: i64) -> u64 {
    n.unsigned_abs()
}

fn shard(n: i32) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

fn holdings(claim: &Claim<'_>, rows: &[PgRow]) -> Result<Vec<Holding>, sqlx::Error> {
    let mut rows = rows.iter();
    let nothing = |name: &Arc<str>| Holding {
        subscription: Arc::clone(name),
        shards: 0,
        share: 0,
        paused: false,
        leases: Vec::new(),
    };
    let held = claim.subscriptions.iter().map(|name| match storable(name).then(|| rows.next()).flatten() {
        Some(row) => holding(name, row),
        None => Ok(nothing(name)),
    });
    held.collect()
}

fn holding(name: &Arc<str>, row: &PgRow) -> Result<Holding, sqlx::Error> {
    let count = |column: usize| {
        Ok::<_, sqlx::Error>(shard(row.try_get::<Option<i32>, _>(column)?.unwrap_or_default()))
    };
    let shards: Vec<i32> = row.try_get::<Option<_>, _>(3)?.unwrap_or_default();
    let tokens: Vec<i64> = row.try_get::<Option<_>, _>(4)?.unwrap_or_default();
    let positions: Vec<i64> = row.try_get::<Option<_>, _>(5)?.unwrap_or_default();
    let leases = shards.into_iter().zip(tokens).zip(positions).map(|((number, token), position)| Lease {
        subscription: Arc::clone(name),
        shard: shard(number),
        token: natural(token),
        position: Position::from_raw(natural(position)),
    });
    Ok(Holding {
        subscription: Arc::clone(name),
        shards: count(0)?,
        share: count(1)?,
        paused: row.try_get::<Option<bool>, _>(2)?.unwrap_or_default(),
        leases: leases.collect(),
    })
}

fn states(rows: &[PgRow]) -> Result<Vec<SubscriptionState>, sqlx::Error> {
    let mut states: Vec<SubscriptionState> = Vec::new();
    for row in rows {
        let name: &str = row.try_get(0)?;
        if states.last().is_none_or(|state| &*state.name != name) {
            states.push(SubscriptionState { name: name.into(), paused: row.try_get(1)?, shards: Vec::new() });
        }
        // One without shards has a row as well.
        let (Some(number), Some(state)) = (row.try_get::<Option<i32>, _>(2)?, states.last_mut()) else {
            continue;
        };
        state.shards.push(ShardState {
            shard: shard(number),
            position: Position::from_raw(natural(row.try_get(3)?)),
            token: natural(row.try_get(4)?),
            owner: row.try_get(5)?,
            leased_until: Fields { row }.optional_time(6)?,
        });
    }
    Ok(states)
}
