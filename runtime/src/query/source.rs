use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    domain::{Position, Projection},
    store::{Generation, GenerationState, ReadSide, Store, StoreError},
    subscription::Engine,
};

/// Where the readers of an application read. It keeps neither the application running nor the store open.
#[derive(Debug)]
pub(crate) struct Source {
    engine: Weak<Engine>,
    /// When a projection's own generation was seen to be readable.
    own: Mutex<HashMap<(&'static str, u32), Instant>>,
}

/// A store, for one call.
#[derive(Debug)]
pub(super) struct Open(Store);

/// How long it is believed that an own generation is there: somebody may drop it.
const FRESH: Duration = Duration::from_secs(1);

impl Source {
    pub(crate) fn new(engine: &Arc<Engine>) -> Self {
        Self { engine: Arc::downgrade(engine), own: Mutex::default() }
    }

    fn engine(&self) -> Result<Arc<Engine>, StoreError> {
        self.engine.upgrade().ok_or(StoreError::Closed)
    }

    pub(super) fn open(&self) -> Result<Open, StoreError> {
        self.engine()?.store().map(Open)
    }

    pub(super) async fn reached(
        &self,
        subscription: &str,
        position: Position,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        self.engine()?.reached(subscription, position, deadline).await
    }

    /// The version whose documents are to be read: this program's own once they are ready, before that the live one.
    /// None where nobody has ever kept documents of the projection in this store.
    pub(super) async fn generation<P: Projection>(&self) -> Result<Option<u32>, StoreError> {
        let (own, now) = ((P::NAME, P::VERSION), Instant::now());
        if self.known().get(&own).is_some_and(|seen| now.duration_since(*seen) < FRESH) {
            return Ok(Some(P::VERSION));
        }
        let generations = self.open()?.documents()?.generations(P::NAME).await?;
        let ready = |generation: &&Generation| generation.state != GenerationState::Building;
        if generations.iter().filter(ready).any(|generation| generation.version == P::VERSION) {
            self.known().insert(own, now);
            return Ok(Some(P::VERSION));
        }
        let live = generations.iter().find(|generation| generation.state == GenerationState::Live);
        Ok(live.map(|live| live.version))
    }

    /// A panic cannot leave it half changed: nothing in between panics.
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<(&'static str, u32), Instant>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The part of the store that keeps documents.
    pub(super) fn documents(&self) -> Result<&dyn ReadSide, StoreError> {
        let port = self.0.port().read_side();
        port.ok_or(StoreError::Unsupported { store: "this store", what: "keep documents" })
    }
}
