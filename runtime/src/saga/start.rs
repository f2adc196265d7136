use std::{fmt, future::IntoFuture, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::{
    Saga, SagaHandle,
    any::Definition,
    driver::SHARDS,
    event::{self, SagaEvent, Started, category},
    instance::row,
    load, observe,
    post::{Hint, Post},
    progress::Progress,
};
use crate::{
    codec::EncodeError,
    domain::Meta,
    execute::{Cause, Office},
    store::{Append, Outcome, ProcessWrites, StoreError, StreamId},
    subscription::shard_of_stream,
};

/// Why a saga was not started, or not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SagaError {
    /// There is one of this id, with other data.
    #[error("the saga {stream} was started before, with other data; a new one needs an id of its own")]
    StartedDifferently {
        /// Its stream.
        stream: StreamId,
    },
    /// There is none of this id.
    #[error("there is no saga {stream}; it was not started, or in another store")]
    NotFound {
        /// Its stream.
        stream: StreamId,
    },
    /// It is not in a state in which this can be done.
    #[error("the saga {stream} is {status}, so this cannot be done: {reason}")]
    NotNow {
        /// Its stream.
        stream: StreamId,
        /// What it is at.
        status: &'static str,
        /// Why not.
        reason: String,
    },
    /// Its data, or an output that was given for a step, cannot be written as JSON.
    #[error("the saga {stream} cannot be stored: {source}")]
    Unencodable {
        /// Its stream.
        stream: StreamId,
        /// Why.
        source: EncodeError,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A saga about to be started: say more about it, then `.await` it. Nothing happens before that.
///
/// Starting is repeatable: an id that was started before, with the same data, gives a handle on what there is.
#[must_use = "a saga is started when it is awaited"]
pub struct StartSaga<S> {
    meta: Meta,
    run: Run<S>,
}

type Run<S> = Box<dyn FnOnce(Meta) -> BoxFuture<'static, Result<SagaHandle<S>, SagaError>> + Send>;

impl<S> StartSaga<S> {
    pub(crate) fn new<F>(run: F) -> Self
    where
        F: FnOnce(Meta) -> BoxFuture<'static, Result<SagaHandle<S>, SagaError>> + Send + 'static,
    {
        Self { meta: Meta::default(), run: Box::new(run) }
    }

    /// Who starts it. The commands of the saga are sent in the same name.
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.meta.actor = Some(actor.into());
        self
    }

    /// What it belongs to, and everything that follows from it.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.meta.correlation = Some(id.into());
        self
    }

    /// What has caused it; inside an event handler that is the event, unless something else is said.
    pub fn causation(mut self, id: impl Into<String>) -> Self {
        self.meta.causation = Some(id.into());
        self
    }

    /// For whom the data is kept, where one store serves several.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.meta.tenant = Some(tenant.into());
        self
    }

    /// A free pair of the application, stored beside the events.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.meta.values.insert(name.into(), value.into());
        self
    }
}

impl<S: 'static> IntoFuture for StartSaga<S> {
    type Output = Result<SagaHandle<S>, SagaError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        Cause::complete(&mut self.meta);
        (self.run)(self.meta)
    }
}

impl<S> fmt::Debug for StartSaga<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartSaga").field("meta", &self.meta).finish_non_exhaustive()
    }
}

/// Starts an instance, or finds the one that was started with the same data.
pub(crate) async fn start<S: Saga>(
    office: Arc<dyn Office>,
    post: &Post,
    id: &str,
    saga: &S,
    meta: Meta,
) -> Result<SagaHandle<S>, SagaError> {
    let stream = StreamId::new(&category(S::NAME), id);
    let unencodable = |source| SagaError::Unencodable { stream: stream.clone(), source };
    let json = saga.encode().map_err(unencodable)?;
    let data: Box<RawValue> = serde_json::from_slice(&json).map_err(|error| unencodable(error.into()))?;
    let definition = Definition::of::<S>();
    let (version, fingerprint) = (definition.version, definition.fingerprint);
    let started = Started { definition: version, fingerprint, data, forked: None, parent: None };
    let handle = SagaHandle::<S>::new(Arc::clone(&office), stream.clone(), post.clone());
    if begin(&*office, post, &stream, &definition, started, meta).await? {
        return Ok(handle);
    }
    let found = load::load(office.executor().store().port().as_ref(), &stream, definition.steps).await?;
    match found {
        Some((progress, _)) if same(&progress.data, &json) => Ok(handle),
        _ => Err(SagaError::StartedDifferently { stream }),
    }
}

/// Starts an instance by its data as JSON; false if there is one already.
pub(super) async fn begin_with(
    office: &dyn Office,
    post: &Post,
    definition: &Definition,
    id: &str,
    data: &[u8],
    meta: Meta,
) -> Result<bool, StoreError> {
    let stream = StreamId::new(&category(definition.name), id);
    let data = serde_json::from_slice(data)
        .map_err(|error| StoreError::Backend { what: format!("starting {stream}"), source: error.into() })?;
    let (version, fingerprint) = (definition.version, definition.fingerprint);
    let started = Started { definition: version, fingerprint, data, forked: None, parent: None };
    begin(office, post, &stream, definition, started, meta).await
}

/// What stores the first event of an instance, how that instance stands then, and the event.
pub(super) fn first(
    stream: &StreamId,
    definition: &Definition,
    started: Started,
    meta: &Meta,
    limit: usize,
) -> Result<(Append, Progress, SagaEvent), StoreError> {
    let progress = Progress::started(&started, definition.steps);
    let events = [SagaEvent::Started(started)];
    let mut append = event::append(definition.name, stream, 0, &events, limit)?;
    append.meta = meta.clone();
    let name: Arc<str> = definition.name.into();
    let shard = shard_of_stream(stream, SHARDS);
    let saga = Some(row(&name, stream, shard, &progress, definition, None, &[]));
    append.process = Some(Box::new(ProcessWrites { saga, ..ProcessWrites::default() }));
    let [event] = events;
    Ok((append, progress, event))
}

/// Stores the first event of an instance; false if there is one already.
pub(super) async fn begin(
    office: &dyn Office,
    post: &Post,
    stream: &StreamId,
    definition: &Definition,
    started: Started,
    meta: Meta,
) -> Result<bool, StoreError> {
    let limit = office.executor().payload_limit();
    let (append, progress, event) = first(stream, definition, started, &meta, limit)?;
    match office.executor().append(append).await? {
        Outcome::Appended(_) => {
            observe::tell(stream, 1, &[event], &meta);
            post.tell(Hint { stream: stream.clone(), known: Some((progress, meta)) });
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Whether two texts are the same JSON.
fn same(one: &[u8], other: &[u8]) -> bool {
    let value = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).ok();
    one == other || value(one) == value(other)
}
