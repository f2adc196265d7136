use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::port;
use crate::{
    domain::{IdempotencyKey, Meta, Position},
    monitor::{self, CATEGORY, DeadLettered, MonitorEvent},
    store::{DeliveryFilter, DeliveryState, Lease, ParkedDelivery, Store, StoreError, StreamId},
};

const PAGE: u64 = 500;
const PAUSE: Duration = Duration::from_secs(5);
const SHORT_PAUSE: Duration = Duration::from_millis(500);

/// The leases under which it was looked for dead letters that nobody was told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Arc<Mutex<HashMap<u16, u64>>>);

impl Told {
    /// Looks again when the next leases come.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u16, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of dead letters that were just stored. Those of which was told before are not told again: the key is made of
/// the event, the handler and the time of the last attempt. If that fails, it is tried once more, and then left to
/// whoever leases the shard next.
pub(super) async fn of_dead_letters(
    store: &Store,
    told: &Told,
    subscription: &Arc<str>,
    deaths: &[(Position, StreamId)],
) {
    for left in [1, 0] {
        let Err(error) = of_positions(store, subscription, deaths).await else { return };
        tracing::warn!(handler = %subscription, %error, left, "dead letters could not be told of");
        if left > 0 {
            tokio::time::sleep(SHORT_PAUSE).await;
        }
    }
    told.forget();
}

async fn of_positions(
    store: &Store,
    subscription: &Arc<str>,
    deaths: &[(Position, StreamId)],
) -> Result<(), StoreError> {
    for (position, lane) in deaths {
        // Somebody may have decided about it by now; that it has died is told all the same.
        let states = vec![DeliveryState::Dead, DeliveryState::Permanent, DeliveryState::Discarded];
        let (position, stream) = (Some(*position), Some(lane.clone()));
        let filter = DeliveryFilter { position, stream, states, ..dead(subscription) };
        let letters = port(store)?.list_deliveries(&filter, 1).await?;
        of_these(store, &letters).await?;
    }
    Ok(())
}

/// Tells of the dead letters of shards that were somebody else's until now, who may have been gone before he could.
pub(super) async fn of_newly_leased(store: Store, told: Told, subscription: Arc<str>, leases: Vec<Lease>) {
    let is_new = |lease: &&Lease| told.lock().get(&lease.shard) != Some(&lease.token);
    let new: Vec<Lease> = leases.iter().filter(is_new).cloned().collect();
    while !new.is_empty() {
        match of_all(&store, &subscription, &new).await {
            Ok(()) => break,
            Err(error) => {
                tracing::warn!(handler = %subscription, %error, "dead letters could not be told of; again in a while");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    told.lock().extend(new.iter().map(|lease| (lease.shard, lease.token)));
}

async fn of_all(store: &Store, subscription: &Arc<str>, leases: &[Lease]) -> Result<(), StoreError> {
    let mut filter = dead(subscription);
    loop {
        let mut letters = port(store)?.list_deliveries(&filter, PAGE).await?;
        let Some(last) = letters.last() else { return Ok(()) };
        filter.after = Some(last.place());
        letters.retain(|letter| leases.iter().any(|lease| lease.shard == letter.shard));
        of_these(store, &letters).await?;
    }
}

fn dead(subscription: &str) -> DeliveryFilter {
    let states = vec![DeliveryState::Dead];
    DeliveryFilter { subscription: Some(subscription.to_owned()), states, ..DeliveryFilter::default() }
}

async fn of_these(store: &Store, letters: &[ParkedDelivery]) -> Result<(), StoreError> {
    for letter in letters.iter().filter(|letter| letter.stream.category() != CATEGORY) {
        let event = MonitorEvent::DeadLettered(DeadLettered {
            handler: letter.subscription.to_string(),
            stream: format!("{}/{}", letter.stream.category(), letter.stream.id()),
            version: letter.version,
            position: letter.position,
            event: letter.event.clone(),
            attempts: letter.attempts,
            errors: letter.errors.clone(),
        });
        let tried = letter.tried_at.unwrap_or(letter.parked_at).as_micros();
        let key = format!(
            "gesta.dead_lettered/{}/{}/{}/{tried}",
            letter.subscription,
            letter.position,
            letter.stream.key()
        );
        let told = (IdempotencyKey::new(key), event, Meta::default());
        monitor::record(store, &letter.subscription, [told]).await?;
    }
    Ok(())
}
