use std::time::Duration;

use async_trait::async_trait;
use gesta::store::{Commit, ReadSide, Store, StoreError};

use crate::altered::{Alteration, Altered};

/// A store without the fence: what another worker has taken over is committed all the same.
#[derive(Clone, Copy, Debug)]
pub struct Unfenced;

impl Unfenced {
    /// Takes the fence out of a store.
    pub fn of(store: Store) -> Store {
        Store::new(Altered::new(store, Self))
    }
}

#[async_trait]
impl Alteration for Unfenced {
    async fn commit(&self, inner: &dyn ReadSide, commit: &Commit) -> Result<(), StoreError> {
        let mut result = inner.commit(commit).await;
        while let Err(StoreError::Fenced { .. }) = result {
            tokio::time::sleep(Duration::from_millis(1)).await;
            result = inner.commit(&with_todays_tokens(inner, commit).await?).await;
        }
        result
    }
}

/// The same commit with the tokens that are good now, and from where the shards are now.
async fn with_todays_tokens(inner: &dyn ReadSide, commit: &Commit) -> Result<Commit, StoreError> {
    let mut commit = commit.clone();
    for advance in &mut commit.advances {
        let states = inner.subscriptions(Some(&advance.subscription)).await?;
        let shard = states.iter().flat_map(|state| &state.shards).find(|found| found.shard == advance.shard);
        if let Some(shard) = shard {
            (advance.token, advance.from) = (shard.token, shard.position);
            advance.to = advance.to.max(shard.position);
        }
    }
    Ok(commit)
}
