use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{Saga, SagaError, SagaOutcome, load, post::Post};
use crate::{
    execute::Office,
    store::{SagaFilter, SagaState, Store, StoreError, StreamId},
};

/// One instance of a saga. Cheap to clone; dropping it changes nothing.
pub struct SagaHandle<S> {
    pub(super) office: Arc<dyn Office>,
    stream: StreamId,
    waiting: watch::Receiver<Option<SagaOutcome>>,
    pub(super) post: Post,
    of: PhantomData<fn() -> S>,
}

/// How long it is waited until somebody looks into the store, where nothing tells: at first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

impl<S: Saga> SagaHandle<S> {
    pub(crate) fn new(office: Arc<dyn Office>, stream: StreamId, post: Post) -> Self {
        let waiting = post.wait(&stream);
        Self { office, stream, waiting, post, of: PhantomData }
    }

    pub(super) fn store(&self) -> &Store {
        self.office.executor().store()
    }

    /// The instance.
    pub fn id(&self) -> &str {
        self.stream.id()
    }

    /// The stream of its events, for [`App::log`](crate::App::log) and subscriptions.
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// Waits until it has ended or is parked. It works on without anybody waiting; an instance that is parked and
    /// retried later can be awaited anew.
    ///
    /// # Errors
    /// [`SagaError::NotFound`], and what the store fails with.
    pub async fn outcome(&self) -> Result<SagaOutcome, SagaError> {
        let (mut waiting, mut pause) = (self.waiting.clone(), FIRST_LOOK);
        if let Some(outcome) = &*waiting.borrow_and_update() {
            // A saga that was parked may have gone on since.
            if !matches!(outcome, SagaOutcome::Parked { .. }) {
                return Ok(outcome.clone());
            }
            pause = Duration::ZERO;
        }
        loop {
            match timeout(pause, waiting.changed()).await {
                Ok(Ok(())) => {
                    if let Some(outcome) = &*waiting.borrow_and_update() {
                        return Ok(outcome.clone());
                    }
                }
                // Somebody knows that there is an outcome, or nobody has said anything.
                told => {
                    if told.is_ok() {
                        waiting = self.post.wait(&self.stream);
                    }
                    if let Some(outcome) = self.look().await? {
                        return Ok(outcome);
                    }
                    pause = (pause * 2).clamp(FIRST_LOOK, LONGEST);
                }
            }
        }
    }

    /// How it stands: status, step, attempts, when it is tried next, and what went wrong last.
    ///
    /// # Errors
    /// [`SagaError::NotFound`], and what the store fails with.
    pub async fn status(&self) -> Result<SagaState, SagaError> {
        let side = self.store().port().read_side();
        let side = side.ok_or(StoreError::Unsupported { store: "this store", what: "keep sagas" })?;
        let filter = SagaFilter {
            saga: Some(S::NAME.to_owned()),
            id: Some(self.id().to_owned()),
            ..SagaFilter::default()
        };
        let found = side.list_sagas(&filter, 1).await?.pop();
        found.ok_or_else(|| SagaError::NotFound { stream: self.stream.clone() })
    }

    async fn look(&self) -> Result<Option<SagaOutcome>, SagaError> {
        let status = self.status().await?.status;
        if !status.has_ended() && status != crate::store::SagaStatus::Parked {
            return Ok(None);
        }
        let found = load::load(self.store().port().as_ref(), &self.stream, S::STEPS).await?;
        let (progress, _) = found.ok_or_else(|| SagaError::NotFound { stream: self.stream.clone() })?;
        Ok(SagaOutcome::of(&progress))
    }
}

impl<S> Clone for SagaHandle<S> {
    fn clone(&self) -> Self {
        let (stream, post) = (self.stream.clone(), self.post.clone());
        Self {
            office: Arc::clone(&self.office),
            stream,
            waiting: self.waiting.clone(),
            post,
            of: PhantomData,
        }
    }
}

impl<S> fmt::Debug for SagaHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SagaHandle").field("stream", &self.stream).finish_non_exhaustive()
    }
}
