//! Subscriptions: how far their shards are, and who works on them. Everything is decided under the write lock and by
//! SQLite's clock, so that several processes may share them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::{
    Sqlite,
    change::{Change, Denied},
    convert::{micros, position, signed, unsigned},
};
use crate::{
    domain::{Position, Timestamp},
    store::{
        Claim, Holding, Lease, Shards, StoreError, SubscriptionState, check_name,
        resolve::{Place, Roster, later},
    },
};

/// A subscription as it stands in the file.
#[derive(Debug)]
struct Known {
    id: i64,
    now: Timestamp,
    roster: Roster,
}

/// Subscriptions by name: all, or those in an array.
async fn rosters(
    connection: &mut SqliteConnection,
    names: Option<String>,
) -> Result<BTreeMap<Arc<str>, Known>, sqlx::Error> {
    let rows = sqlx::query(include_str!("sql/read_rosters.sql")).bind(names).fetch_all(connection).await?;
    let mut all = BTreeMap::new();
    for row in rows {
        let name: &str = row.try_get(1)?;
        if row.try_get::<i64, _>(0)? == 0 {
            let roster = Roster { paused: row.try_get(3)?, ..Roster::default() };
            all.insert(name.into(), Known { id: row.try_get(2)?, now: micros(row.try_get(4)?), roster });
            continue;
        }
        let who: Option<&[u8]> = row.try_get(5)?;
        let who = who.map(Uuid::from_slice).transpose().map_err(|error| sqlx::Error::Decode(error.into()))?;
        let Some(Known { roster, .. }) = all.get_mut(name) else { continue };
        if row.try_get::<i64, _>(0)? == 1 {
            let (at, token) = (position(row.try_get(3)?), unsigned(row.try_get(4)?));
            let lost = unsigned(row.try_get(6)?);
            roster.shards.push(Place { position: at, owner: who, token, lost });
        } else {
            roster.workers.extend(
                who.map(|worker| Ok::<_, sqlx::Error>((worker, micros(row.try_get(2)?)))).transpose()?,
            );
        }
    }
    Ok(all)
}

/// The number of a subscription.
pub(super) async fn id(connection: &mut SqliteConnection, name: &str) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(include_str!("sql/subscription_id.sql")).bind(name).fetch_optional(connection).await
}

/// Removes a subscription, its shards and its deliveries.
pub(super) async fn remove(connection: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("sql/remove.sql")).bind(id).execute(connection).await.map(drop)
}

#[derive(Debug)]
struct Declare {
    name: String,
    shards: u16,
    start: Position,
}

#[async_trait]
impl Change for Declare {
    type Answer = ();
    const WHAT: &'static str = "declaring a subscription";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        if id(connection, &self.name).await?.is_none() {
            sqlx::query(include_str!("sql/declare.sql"))
                .bind(&*self.name)
                .bind(self.shards)
                .bind(signed(self.start.raw()))
                .execute(connection)
                .await?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Claiming {
    worker: Uuid,
    names: Vec<Arc<str>>,
    ttl: Duration,
}

#[async_trait]
impl Change for Claiming {
    type Answer = Vec<Holding>;
    const WHAT: &'static str = "claiming shards";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<Vec<Holding>, Denied> {
        let names: Vec<&str> = self.names.iter().map(|name| &**name).collect();
        let mut known = rosters(connection, Some(json!(names).to_string())).await?;
        let (mut ids, mut taken) = (Vec::new(), Vec::new());
        for Known { id, now, roster } in known.values_mut() {
            let before = roster.shards.clone();
            roster.claim(self.worker, self.ttl, *now);
            let places = (0..).zip(before.iter().zip(&roster.shards));
            let changed = places.filter(|(_, (before, after))| before != after);
            let place = |(shard, (_, after)): (u32, (_, &Place))| json!([*id, shard, signed(after.token)]);
            taken.extend(changed.map(place));
            ids.push(*id);
        }
        if let Some(Known { now, .. }) = known.values().next() {
            sqlx::query(include_str!("sql/claim.sql"))
                .bind(self.worker.as_bytes().as_slice())
                .bind(json!(ids).to_string())
                .bind(later(*now, self.ttl).as_micros())
                .bind(now.as_micros())
                .bind(json!(taken).to_string())
                .execute(connection)
                .await?;
        }
        let nothing = Roster::default();
        let holding =
            |name| known.get(name).map_or(&nothing, |known| &known.roster).holding(name, self.worker);
        Ok(self.names.iter().map(holding).collect())
    }
}

#[derive(Debug)]
struct Release {
    worker: Uuid,
    leases: Vec<Lease>,
}

#[async_trait]
impl Change for Release {
    type Answer = ();
    const WHAT: &'static str = "giving shards back";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        let given = |lease: &Lease| json!([*lease.subscription, lease.shard, signed(lease.token)]);
        let leases: Vec<_> = self.leases.iter().map(given).collect();
        sqlx::query(include_str!("sql/release.sql"))
            .bind(self.worker.as_bytes().as_slice())
            .bind(json!(leases).to_string())
            .execute(connection)
            .await?;
        Ok(())
    }
}

#[derive(Debug)]
struct Leave(Uuid);

#[async_trait]
impl Change for Leave {
    type Answer = ();
    const WHAT: &'static str = "giving all shards back";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        let worker = self.0.as_bytes().as_slice();
        sqlx::query(include_str!("sql/leave.sql")).bind(worker).execute(connection).await?;
        Ok(())
    }
}

/// What somebody does with a whole subscription.
#[derive(Debug)]
struct Manage {
    name: String,
    what: Managing,
}

#[derive(Clone, Copy, Debug)]
enum Managing {
    Pause(bool),
    Reset(Position),
    Remove,
}

#[async_trait]
impl Change for Manage {
    type Answer = bool;
    const WHAT: &'static str = "pausing, resetting or removing a subscription";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<bool, Denied> {
        let Some(id) = id(connection, &self.name).await? else { return Ok(false) };
        let query = match self.what {
            Managing::Pause(paused) => sqlx::query(include_str!("sql/set_paused.sql")).bind(id).bind(paused),
            Managing::Reset(to) => sqlx::query(include_str!("sql/reset.sql")).bind(id).bind(signed(to.raw())),
            Managing::Remove => return Ok(remove(connection, id).await.map(|()| true)?),
        };
        query.execute(connection).await?;
        Ok(true)
    }
}

impl Sqlite {
    async fn manage(&self, subscription: &str, what: Managing) -> Result<bool, StoreError> {
        self.freeing(Manage { name: subscription.to_owned(), what }).await
    }

    /// Makes a change after which shards may be free, and tells of it in this process; others hear of it by themselves.
    async fn freeing<C: Change>(&self, change: C) -> Result<C::Answer, StoreError> {
        let answer = self.change(change).await;
        self.inner.freed.ring();
        answer
    }
}

#[async_trait]
impl Shards for Sqlite {
    async fn declare(&self, subscription: &str, shards: u16, start: Position) -> Result<(), StoreError> {
        check_name(subscription, "subscription")?;
        // Most of the time it is there, and nothing need be written.
        let mut connection = self.reader().await?;
        let result = id(&mut connection, subscription).await;
        if connection.settle(result, "looking for a subscription")?.is_some() {
            return Ok(());
        }
        self.change(Declare { name: subscription.to_owned(), shards, start }).await
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Vec<Holding>, StoreError> {
        let Claim { worker, subscriptions, ttl } = claim;
        self.change(Claiming { worker, names: subscriptions.to_vec(), ttl }).await
    }

    async fn release(&self, worker: Uuid, leases: &[Lease]) -> Result<(), StoreError> {
        match leases {
            [] => Ok(()),
            leases => self.freeing(Release { worker, leases: leases.to_vec() }).await,
        }
    }

    async fn leave(&self, worker: Uuid) -> Result<(), StoreError> {
        self.freeing(Leave(worker)).await
    }

    async fn subscriptions(&self, name: Option<&str>) -> Result<Vec<SubscriptionState>, StoreError> {
        let mut connection = self.reader().await?;
        let result = rosters(&mut connection, name.map(|name| json!([name]).to_string())).await;
        let known = connection.settle(result, "reading subscriptions")?;
        Ok(known.into_iter().map(|(name, known)| known.roster.state(name, known.now)).collect())
    }

    async fn set_paused(&self, subscription: &str, paused: bool) -> Result<bool, StoreError> {
        self.manage(subscription, Managing::Pause(paused)).await
    }

    async fn reset(&self, subscription: &str, position: Position) -> Result<bool, StoreError> {
        self.manage(subscription, Managing::Reset(position)).await
    }

    async fn remove(&self, subscription: &str) -> Result<bool, StoreError> {
        self.manage(subscription, Managing::Remove).await
    }
}
