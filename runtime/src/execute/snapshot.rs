use super::load::LoadedState;
use crate::{
    domain::{Aggregate, Receipt},
    store::{SnapshotRef, Store, StreamId},
};

/// A state to be kept beside its events, as soon as they are stored.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    version: u64,
    fingerprint: u64,
    state: Vec<u8>,
}

/// Takes a snapshot if the aggregate wants one and enough has happened since the last.
pub(super) fn take_if_due<A: Aggregate>(loaded: &mut LoadedState<A>) -> Option<Snapshot> {
    let policy = A::SNAPSHOT?;
    if loaded.version < loaded.snapshot + policy.every {
        return None;
    }
    let state = loaded.state.as_ref()?;
    loaded.snapshot = loaded.version;
    match (policy.save)(state) {
        Ok(state) => Some(Snapshot { version: loaded.version, fingerprint: policy.fingerprint, state }),
        Err(error) => {
            tracing::warn!(aggregate = A::NAME, version = loaded.version, %error, "the state cannot be written");
            None
        }
    }
}

impl Snapshot {
    /// Keeps it, without making the command wait. A snapshot that is lost is taken again later.
    pub(super) fn save_later(self, store: &Store, stream: &StreamId, receipt: Receipt) {
        let (store, stream) = (store.clone(), stream.clone());
        tokio::spawn(async move {
            let Self { version, fingerprint, ref state } = self;
            let snapshot = SnapshotRef { version, position: receipt.position, fingerprint, state };
            if let Err(error) = store.port().save_snapshot(&stream, snapshot).await {
                tracing::warn!(%stream, version, %error, "a snapshot was not kept");
            }
        });
    }
}
