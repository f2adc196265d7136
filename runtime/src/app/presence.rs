use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;

use crate::store::{Member, Store};

/// That an application is there, for those that want to start beside it. Dropped, it is believed to be there until its
/// time has run out.
#[derive(Debug)]
pub(super) struct Presence(Mutex<Option<There>>);

#[derive(Debug)]
struct There {
    /// Held no longer than that: who closes the store wants to be the last to hold it.
    store: Store,
    member: Uuid,
    /// The task that says so again and again, where nobody does that along with other things.
    beating: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Presence {
    /// Of an application that nobody keeps from starting.
    pub(super) fn untold() -> Self {
        Self(Mutex::default())
    }

    /// Of a member whose leases of shards speak for it.
    pub(super) fn leased(store: Store, member: Uuid) -> Self {
        Self(Mutex::new(Some(There { store, member, beating: None })))
    }

    /// Of a member that works on no shards.
    pub(super) fn beating(store: Store, member: Member, ttl: Duration) -> Self {
        let (end, ends) = oneshot::channel();
        let id = member.id;
        let task = tokio::spawn(beat(store.clone(), member, ttl, ends));
        Self(Mutex::new(Some(There { store, member: id, beating: Some((end, task)) })))
    }

    /// It leaves.
    pub(super) async fn end(&self) {
        let there = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(There { store, member, beating }) = there else { return };
        if let Some((end, task)) = beating {
            drop(end);
            // It has nothing to say, and does not panic.
            let _ = task.await;
        }
        if let Some(fleet) = store.port().fleet() {
            // Unreachable as the store may be now, the time runs out.
            let _ = fleet.depart(member).await;
        }
    }
}

/// Says that a member is there, every third of the time for which that is believed.
async fn beat(store: Store, member: Member, ttl: Duration, mut ends: oneshot::Receiver<()>) {
    let Some(fleet) = store.port().fleet() else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep(ttl / 3) => {}
            _ = &mut ends => return,
        }
        let known = match fleet.beat(member.id, ttl).await {
            Ok(true) => Ok(true),
            // Forgotten, or the store was set back: it is there all the same.
            Ok(false) => fleet.join(&member, None, ttl).await,
            Err(error) => Err(error),
        };
        if let Err(error) = known {
            tracing::warn!(%error, "cannot tell the store that this application runs; trying again");
        }
    }
}
