use std::{fmt, future::IntoFuture};

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use super::{
    SCHEDULE, SHARDS, ScheduleId, Scheduled,
    commands::short,
    error::unencodable,
    made::{Made, document},
};
use crate::{
    domain::{Aggregate, AggregateId, CommandOf, Dispatch, Meta},
    store::{
        Append, Due, Expected, Find, NewEvent, Outcome, ProcessWrites, ReadSide, Store, StoreError, StreamId,
        TimerWrite,
    },
    subscription::{Wheel, shard_of_stream},
};

pub(super) const MADE: &str = "schedule.made";
const CANCELLED: &str = "schedule.cancelled";
/// The one timer of a stream.
pub(super) const TIMER: &str = "due";

/// A command on its way to being scheduled: say more about it, then `.await` it. Nothing happens before that.
#[must_use = "a command is scheduled when it is awaited"]
pub struct Schedule {
    store: Store,
    wheel: Wheel,
    due: Due,
    id: ScheduleId,
    meta: Meta,
    made: Result<Made, serde_json::Error>,
}

impl Schedule {
    pub(crate) fn new<I, C>(store: Store, wheel: Wheel, due: Due, dispatch: &Dispatch<I, C>) -> Self
    where
        I: AggregateId,
        I::Aggregate: crate::domain::CommandHandlers,
        C: CommandOf<I::Aggregate> + Serialize,
    {
        let source = std::any::type_name::<C>();
        let made = to_raw_value(&dispatch.command).map(|json| Made {
            aggregate: I::Aggregate::NAME.to_owned(),
            to: StreamId::of(&dispatch.to).id().to_owned(),
            command: short(source).to_owned(),
            source: source.to_owned(),
            json,
            meta: Meta::default(),
        });
        let id = ScheduleId::new(Uuid::now_v7().to_string());
        Self { store, wheel, due, id, meta: Meta::default(), made }
    }

    /// Names it, so that scheduling it again by this name does nothing, also after it was sent or cancelled.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.id = ScheduleId::new(key);
        self
    }

    /// Who wants it.
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.meta.actor = Some(actor.into());
        self
    }

    /// What it belongs to: the same for everything that follows from one request.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.meta.correlation = Some(id.into());
        self
    }

    /// For whom the data is kept, where one store serves several.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.meta.tenant = Some(tenant.into());
        self
    }

    async fn store(self) -> Result<ScheduleId, StoreError> {
        let Self { store, wheel, due, id, meta, made } = self;
        let stream = id.stream();
        let mut made = made.map_err(|error| unencodable(MADE, &stream, &error))?;
        made.meta = meta.clone();
        let json = made.written(MADE, &stream)?;
        let event = NewEvent { name: MADE, version: 1, payload: json.clone() };
        let mut append = Append::new(stream.clone(), Expected::Version(0), vec![event]);
        let shard = shard_of_stream(&stream, SHARDS);
        let timers = vec![TimerWrite::Arm { name: TIMER.into(), armed: 1, shard, due }];
        append.meta = meta;
        append.documents = vec![document(id.as_str(), Some(json))];
        append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
        // Where there is one of that name it stays as it is.
        store.port().append(&[append]).await?;
        wheel.nudge();
        Ok(id)
    }
}

impl IntoFuture for Schedule {
    type Output = Result<ScheduleId, StoreError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.store())
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").field("id", &self.id).field("due", &self.due).finish_non_exhaustive()
    }
}

pub(super) fn side(store: &Store) -> Result<&dyn ReadSide, StoreError> {
    store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what: "keep schedules" })
}

/// Takes a scheduled command back. Whether it was not sent yet.
pub(crate) async fn cancel(store: &Store, id: &ScheduleId, actor: String) -> Result<bool, StoreError> {
    let stream = id.stream();
    let event = NewEvent { name: CANCELLED, version: 1, payload: b"{}".to_vec() };
    let mut append = Append::new(stream, Expected::Any, vec![event]);
    append.meta.actor = Some(actor);
    append.documents = vec![document(id.as_str(), None)];
    let timers = vec![TimerWrite::Disarm { name: TIMER.into(), armed: None }];
    append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
    let outcomes = store.port().append(&[append]).await?;
    Ok(matches!(outcomes[..], [Outcome::Appended(_)]))
}

/// What is to be sent, in the order of the names.
pub(crate) async fn list(
    store: &Store,
    after: Option<&ScheduleId>,
    limit: u64,
) -> Result<Vec<Scheduled>, StoreError> {
    let side = side(store)?;
    let find = Find {
        collection: SCHEDULE.into(),
        conditions: Vec::new(),
        order: None,
        descending: false,
        after: after.map(|id| (Default::default(), id.as_str().to_owned())),
        limit,
    };
    let mut all = Vec::new();
    for found in side.find_documents(&find).await? {
        let made = Made::read(&found.document.key, found.document.body.as_deref().unwrap_or_default())?;
        let id = ScheduleId::new(found.document.key);
        let timer = side.timers_of(&id.stream()).await?.into_iter().next();
        all.push(made.shown(id, timer.map(|timer| timer.due_at)));
    }
    Ok(all)
}
