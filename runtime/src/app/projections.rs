use std::time::Duration;

use tokio::time::Instant;

use super::App;
use crate::{
    domain::{Domain, Projection, Start},
    projection::ProjectionStatus,
    query::ReadIn,
    store::{GenerationState, StoreError, generation_name},
    subscription::SubscriptionError,
};

/// How often it is looked whether a projection is built, and how long is for ever.
const PAUSE: Duration = Duration::from_millis(50);
const EVER: Duration = Duration::from_secs(365 * 86_400);

impl<D: Domain> App<D> {
    /// How the projections of this domain stand: what there is of each in the store, how far that has come, and when
    /// it will have caught up. The rates are those of this process's own observation: ask again after a while.
    ///
    /// # Errors
    /// What the store may fail with.
    pub async fn projections(&self) -> Result<Vec<ProjectionStatus>, StoreError> {
        let subscriptions = self.shared.engine.subscriptions().await?;
        let (store, rates) = (self.shared.engine.store()?, &self.shared.rates);
        let mut found = Vec::with_capacity(self.shared.projections.len());
        for declared in &self.shared.projections {
            found.push(ProjectionStatus::of(&store, *declared, &subscriptions, rates).await?);
        }
        Ok(found)
    }

    /// Waits until this program's version of a projection is live and has come to what is the end of the log now. Put a
    /// time limit around it: a version that cannot be built, or older than the live one, does not come to an end.
    ///
    /// # Errors
    /// What the store may fail with; [`StoreError::Closed`] once the application is shut down.
    pub async fn rebuilt<P: Projection + ReadIn<D>>(&self) -> Result<(), StoreError> {
        let engine = &self.shared.engine;
        let position = engine.store()?.port().last_position().await?;
        loop {
            let store = engine.store()?;
            let port = store.port().read_side();
            let what = "keep documents";
            let port = port.ok_or(StoreError::Unsupported { store: "this store", what })?;
            let generations = port.generations(P::NAME).await?;
            let own = generations.iter().find(|found| found.version == P::VERSION);
            if own.is_some_and(|own| own.state != GenerationState::Building) {
                break;
            }
            drop(store);
            tokio::time::sleep(PAUSE).await;
        }
        let name = generation_name(P::NAME, P::VERSION);
        engine.reached(&name, position, Instant::now() + EVER).await.map(drop)
    }

    /// Builds this program's version of a projection anew, from the first event: its documents are removed, and are
    /// folded again at once. Queries see them as they come; those that ask for a position with `.after(..)` wait. To
    /// keep the old documents until the new ones are there, raise the version of the projection instead.
    ///
    /// # Errors
    /// [`SubscriptionError::NotHere`] in a process without workers, [`SubscriptionError::Store`]. If it fails half-way
    /// the projection is left paused: try again.
    pub async fn rebuild<P: Projection + ReadIn<D>>(&self) -> Result<(), SubscriptionError> {
        let name = generation_name(P::NAME, P::VERSION);
        self.shared.engine.reset(&name, Start::Beginning).await
    }

    /// Removes a generation of a projection that is not live, with its documents. Whether there was one.
    ///
    /// # Errors
    /// What the store may fail with.
    pub async fn drop_generation<P: Projection>(&self, version: u32) -> Result<bool, StoreError> {
        self.drop_generation_of(P::NAME, version).await
    }

    /// Removes a generation of a projection that is not live, also of one that this program has no longer. Whether
    /// there was one.
    ///
    /// # Errors
    /// What the store may fail with.
    pub async fn drop_generation_of(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        let store = self.shared.engine.store()?;
        let port = store.port().read_side();
        let port = port.ok_or(StoreError::Unsupported { store: "this store", what: "keep documents" })?;
        port.drop_generation(projection, version).await
    }
}
