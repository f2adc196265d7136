//! Whether a copy can be made, and how far everybody has come.

use std::sync::Arc;

use super::{MigrateError, inspect, instances::Instances, places::Places, side};
use crate::store::{DeliveryFilter, ShardState, Store, SubscriptionState};

/// Refuses a target that is the source, or in use.
pub(super) async fn check(from: &Store, to: &Store) -> Result<(), MigrateError> {
    let same = Arc::ptr_eq(from.port(), to.port())
        || from.port().location().is_some_and(|location| to.port().location() == Some(location));
    if same {
        return Err(MigrateError::SameStore);
    }
    match releases(to).await? {
        Some(releases) => Err(MigrateError::TargetInUse { releases }),
        None => Ok(()),
    }
}

/// Refuses a source in use where something is unfinished: both would go on with it.
pub(super) async fn at_rest(instances: &Instances<'_>) -> Result<(), MigrateError> {
    let Some(releases) = releases(instances.from).await? else { return Ok(()) };
    let what = unfinished(instances).await?;
    if what.is_empty() { Ok(()) } else { Err(MigrateError::SourceInUse { releases, what }) }
}

/// The programs that run on a store.
async fn releases(store: &Store) -> Result<Option<String>, MigrateError> {
    let Some(fleet) = store.port().fleet() else { return Ok(None) };
    let running = fleet.survey(&[]).await?.running;
    let releases: Vec<_> = running.iter().map(|running| running.member.release.as_str()).collect();
    Ok((!releases.is_empty()).then(|| releases.join(", ")))
}

async fn unfinished(instances: &Instances<'_>) -> Result<Vec<String>, MigrateError> {
    let side = side(instances.from)?;
    let mut what = Vec::new();
    for (saga, status, count) in side.count_sagas().await? {
        if !status.has_ended() && count > 0 {
            what.push(format!("{count} of the saga `{saga}` {}", status.name()));
        }
    }
    if let Some(delivery) = side.list_deliveries(&DeliveryFilter::default(), 1).await?.first() {
        what.push(format!("`{}` has deliveries that are parked", delivery.subscription));
    }
    for (collection, count) in instances.counts().await? {
        what.push(format!("`{collection}` has {count} instances"));
    }
    Ok(what)
}

/// The subscriptions that go on: not those of projections, whose documents are made anew.
pub(super) async fn subscriptions(from: &Store) -> Result<Vec<SubscriptionState>, MigrateError> {
    let mut found = side(from)?.subscriptions(None).await?;
    found.retain(|found| !is_generation(&found.name));
    Ok(found)
}

/// `balance@2`
fn is_generation(name: &str) -> bool {
    name.rsplit_once('@').is_some_and(|(_, version)| version.parse::<u32>().is_ok())
}

/// Declares the subscriptions where they have come to, each shard at its own place. Deliveries in the target are
/// forgotten.
pub(super) async fn go_on(
    to: &Store,
    subscriptions: &[SubscriptionState],
    places: &Places,
) -> Result<Vec<String>, MigrateError> {
    let side = side(to)?;
    let mut names = Vec::new();
    for found in subscriptions {
        let place = places.up_to(found.position());
        let shards = u16::try_from(found.shards.len()).unwrap_or(u16::MAX);
        side.declare(&found.name, shards, place).await?;
        side.reset(&found.name, place).await?;
        let own = |shard: &ShardState| (shard.shard, places.up_to(shard.position));
        let shards: Vec<_> = found.shards.iter().map(own).collect();
        inspect(to)?.restore_shards(&found.name, &shards).await?;
        side.set_paused(&found.name, found.paused).await?;
        names.push(found.name.to_string());
    }
    Ok(names)
}

/// Refuses a target whose subscriptions are not where those of the source have come to.
pub(super) async fn compare(
    to: &Store,
    subscriptions: &[SubscriptionState],
    places: &Places,
) -> Result<(), MigrateError> {
    for wanted in subscriptions {
        let there = side(to)?.subscriptions(Some(&wanted.name)).await?.into_iter().next();
        let place = |shard: &ShardState| (shard.shard, places.up_to(shard.position));
        let expected = (wanted.paused, wanted.shards.iter().map(place).collect::<Vec<_>>());
        let own = |shard: &ShardState| (shard.shard, shard.position);
        let found = there.map(|it| (it.paused, it.shards.iter().map(own).collect::<Vec<_>>()));
        if found.as_ref() != Some(&expected) {
            let difference = format!("its shards should be {expected:?}, and are {found:?}");
            let what = format!("the subscription `{}`", wanted.name);
            return Err(MigrateError::DifferentBeside { what, difference });
        }
    }
    Ok(())
}

/// Refuses a source into which something was written behind the end of the copy.
pub(super) async fn check_end(from: &Store, places: &Places) -> Result<(), MigrateError> {
    let last = from.port().last_position().await?;
    if last <= places.end() {
        return Ok(());
    }
    Err(MigrateError::Grown { what: format!("what it has up to position {last}") })
}
