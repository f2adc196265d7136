use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout_at},
};
use uuid::Uuid;

use super::{
    Stop,
    member::{Assignment, Members},
};
use crate::store::{Claim, Holding, Store, StoreError};

/// Keeps the leases of all subscriptions of this process, with one call for all of them at a time.
pub(super) struct Membership {
    pub(super) id: Uuid,
    pub(super) store: Store,
    pub(super) members: Arc<Members>,
    pub(super) nudge: Arc<Notify>,
    pub(super) ttl: Duration,
}

/// How long after a claim that failed the next one is made, at most.
const AGAIN: Duration = Duration::from_millis(500);

/// How long after a claim the next one is made at the earliest because shards may have become free: what many give back
/// one after the other is taken together.
const DISTANCE: Duration = Duration::from_millis(20);

impl Membership {
    /// Claims every third of the time for which a lease is good, whenever somebody asks or gives shards back, until it is to stop; a
    /// claim that is under way is waited for.
    pub(super) async fn run(self, stop: Stop) {
        let mut good_until = Instant::now();
        let mut freed = self.store.port().read_side().map(|port| port.shard_signals());
        while !stop.is_asked() {
            let asked = Instant::now();
            // A call that hangs must not keep those working whose leases run out meanwhile.
            let limit = if good_until > asked { good_until } else { asked + self.ttl };
            let claimed = timeout_at(limit, self.claim()).await;
            let pause = match claimed {
                Ok(Ok(holdings)) => {
                    // Counted from before the store was asked: by its clock they are good for longer.
                    good_until = asked + self.ttl;
                    self.assign(asked, holdings);
                    self.ttl / 3
                }
                failed => {
                    if let Ok(Err(error)) = failed {
                        tracing::warn!(%error, "the leases could not be renewed; trying again");
                    }
                    if Instant::now() >= good_until {
                        self.lose_all();
                    }
                    AGAIN.min(self.ttl / 10)
                }
            };
            // Without subscriptions there is nothing to renew.
            let idle = self.members.all().is_empty();
            tokio::select! {
                () = stop.asked() => {}
                () = self.nudge.notified() => {}
                () = told(&mut freed, asked + DISTANCE), if !idle => {}
                () = tokio::time::sleep(pause), if !idle => {}
            }
        }
    }

    async fn claim(&self) -> Result<Vec<Holding>, StoreError> {
        let names: Vec<_> = self.members.all().iter().map(|member| Arc::clone(&member.name)).collect();
        match self.store.port().read_side() {
            Some(port) if !names.is_empty() => {
                port.claim(Claim { worker: self.id, subscriptions: &names, ttl: self.ttl }).await
            }
            _ => Ok(Vec::new()),
        }
    }

    fn assign(&self, asked: Instant, holdings: Vec<Holding>) {
        for holding in holdings {
            if let Some(member) = self.members.find(&holding.subscription) {
                member.assigned.send_replace(Assignment::new(asked, holding));
            }
        }
    }

    /// By the clock of the store, somebody else may have the shards by now.
    fn lose_all(&self) {
        for member in self.members.all() {
            member.assigned.send_if_modified(|assigned| {
                let had = !assigned.leases.is_empty();
                if had {
                    tracing::warn!(subscription = %member.name, "its leases may have run out; it stops");
                    *assigned = Assignment { asked: Some(Instant::now()), ..Assignment::default() };
                }
                had
            });
        }
    }
}

/// Waits until shards may have become free, at least until a certain time; without end where nobody tells.
async fn told(freed: &mut Option<watch::Receiver<u64>>, earliest: Instant) {
    let heard = match freed {
        Some(signals) => signals.changed().await.is_ok(),
        None => false,
    };
    if heard { sleep_until(earliest).await } else { std::future::pending().await }
}
