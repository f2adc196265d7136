use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{StoreError, StreamId};
use crate::domain::Timestamp;

/// What is stored beside events in their transaction by what runs over time: sagas, process managers and schedules.
#[derive(Clone, Debug, Default)]
pub struct ProcessWrites {
    /// The lease under which it is written. It is looked at after the key: a lease that is not good any more makes
    /// the outcome [`Outcome::Fenced`](super::Outcome::Fenced).
    pub fence: Option<Fence>,
    /// How an instance stands now. Of several writes of one instance in a batch the last one counts.
    pub saga: Option<SagaWrite>,
    /// Instances that are to be looked at now, because something has happened that they wait for. One that has ended,
    /// or is parked, or does not exist, is left alone; one that is due already keeps its place in the line. `saga` is
    /// written first: a wake beside it, or in a later append of the batch, finds it.
    pub wakes: Vec<(Arc<str>, String)>,
    /// Timers of the append's own stream.
    pub timers: Vec<super::TimerWrite>,
}

impl ProcessWrites {
    /// Whether there is anything to write; a fence alone is only looked at.
    pub(crate) fn writes(&self) -> bool {
        self.saga.is_some() || !self.wakes.is_empty() || !self.timers.is_empty()
    }
}

/// The right to work on a shard, as a worker has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// Which subscription.
    pub subscription: Arc<str>,
    /// Which shard.
    pub shard: u16,
    /// The token of the lease: another one in the store means that the shard is somebody else's by now. A lease that
    /// was given back is refused as well; one that has run out is good until somebody takes the shard.
    pub token: u64,
}

/// When somebody has to look at something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// So long after the transaction, by the database's clock; zero for at once.
    In(Duration),
    /// At a time, by the database's clock.
    At(Timestamp),
}

impl From<Duration> for Due {
    fn from(time: Duration) -> Self {
        Self::In(time)
    }
}

impl From<Timestamp> for Due {
    fn from(time: Timestamp) -> Self {
        Self::At(time)
    }
}

/// How an instance of a saga stands, as its scheduler and its operators see it. What it has done stands in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaWrite {
    /// The saga's name.
    pub saga: Arc<str>,
    /// The instance: the id of its stream.
    pub id: String,
    /// The shard that it belongs to. It stays what it was at the first write.
    pub shard: u16,
    /// What it is at.
    pub status: SagaStatus,
    /// The step that it is at.
    pub step: Option<String>,
    /// How often that was tried.
    pub attempts: u32,
    /// When somebody has to look at it; `None` where nobody has to until it is woken. One that has ended or is parked
    /// is never due, whatever stands here. One that was due and is due again at once may keep its place in the line.
    pub due: Option<Due>,
    /// Why it is parked, or what went wrong last. A store keeps about 4,000 characters of it, and no NUL.
    pub error: Option<String>,
    /// The version of the definition that it runs by, and its fingerprint, of which every bit is kept.
    pub definition: (u16, u64),
}

/// What an instance is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SagaStatus {
    /// It goes forward, or waits to.
    Running,
    /// It undoes what it has done, or waits to.
    Compensating,
    /// It needs somebody to decide.
    Parked,
    /// All steps are done.
    Completed,
    /// What it had done is undone.
    Compensated,
    /// Somebody has given it up as it was.
    Abandoned,
}

impl SagaStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Compensating,
        Self::Parked,
        Self::Completed,
        Self::Compensated,
        Self::Abandoned,
    ];

    /// Its name, in the store and for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Compensating => "compensating",
            Self::Parked => "parked",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Abandoned => "abandoned",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether it goes on by itself: it has not ended, and nobody has to decide.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Compensating)
    }

    /// Whether nothing more happens.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated | Self::Abandoned)
    }
}

/// How an instance stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaState {
    /// The saga's name.
    pub saga: Arc<str>,
    /// The instance.
    pub id: String,
    /// Its shard.
    pub shard: u16,
    /// What it is at.
    pub status: SagaStatus,
    /// The step that it is at.
    pub step: Option<String>,
    /// How often that was tried.
    pub attempts: u32,
    /// How often it was taken anew because a lease was lost with it, since it has last come further: see
    /// [`Sagas::take_sagas`].
    pub taken: u32,
    /// When somebody has to look at it.
    pub due_at: Option<Timestamp>,
    /// Why it is parked, or what went wrong last.
    pub error: Option<String>,
    /// The version of the definition that it runs by, and its fingerprint.
    pub definition: (u16, u64),
    /// When it was stored first, by the clock of the database.
    pub started_at: Timestamp,
    /// When it was stored last.
    pub updated_at: Timestamp,
}

/// Which instances are meant; all conditions that are given hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SagaFilter {
    /// Of this saga.
    pub saga: Option<String>,
    /// This instance.
    pub id: Option<String>,
    /// In one of these; empty for all.
    pub status: Vec<SagaStatus>,
    /// At this step.
    pub step: Option<String>,
    /// With an error that contains this text.
    pub error: Option<String>,
    /// Started before this time.
    pub started_before: Option<Timestamp>,
    /// Not changed since this time.
    pub updated_before: Option<Timestamp>,
    /// After this place in the order of the answer, for the next page: saga and instance.
    pub after: Option<(String, String)>,
}

/// What a worker wants to go on with.
#[derive(Clone, Copy, Debug)]
pub struct TakeSagas<'a> {
    /// The saga.
    pub saga: &'a str,
    /// The subscription whose shards these are.
    pub subscription: &'a str,
    /// The worker's shards.
    pub shards: &'a [u16],
    /// The instances that it is at already.
    pub running: &'a [String],
    /// At most so many.
    pub limit: u64,
    /// How much has to speak against those that it wants.
    pub suspicion: Suspicion,
}

/// How much speaks for it that an instance ends the processes that work on it: how often it was taken anew because a
/// lease was lost with it, without having come further in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Suspicion {
    /// Nothing, or one lease: that happens.
    None,
    /// From two on: it is not among those at whose work most leases are lost, or it was near one of them.
    Some,
    /// From four on: it is to be worked on alone, so that nobody is suspected with it.
    Strong,
}

impl Suspicion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Some, Self::Strong];

    /// What speaks against an instance that was taken anew so often.
    pub const fn of(taken: u32) -> Self {
        match taken {
            0..=1 => Self::None,
            2..=3 => Self::Some,
            _ => Self::Strong,
        }
    }

    /// From so often on.
    pub const fn least(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Some => 2,
            Self::Strong => 4,
        }
    }

    /// Up to so often.
    pub const fn most(self) -> u32 {
        match self {
            Self::None => Self::Some.least() - 1,
            Self::Some => Self::Strong.least() - 1,
            Self::Strong => u32::MAX,
        }
    }
}

/// What there is to go on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenSagas {
    /// The instances that are due, the longest due first: each with how often it was taken anew because a lease was lost
    /// with it since it has last come further, this time included.
    pub taken: Vec<(String, u32)>,
    /// How long it is until the next one in these shards that is not due yet.
    pub next: Option<Duration>,
}

/// Where sagas keep how their instances stand. Written with the events, by
/// [`Append::process`](super::Append::process).
#[async_trait]
pub trait Sagas: Send + Sync {
    /// Instances that are due now, by the clock of the database.
    ///
    /// An instance counts as taken anew where its shard was taken from a worker that had not given it back, and the
    /// instance was taken before that: whoever was at it may have ended with it. That is one, however many leases were
    /// lost since, and whoever takes it. A shard that was given back, paused or reset, or is taken from in vain again
    /// and again by the same worker, speaks against nobody. The next [`SagaWrite`] of an instance sets its count to zero.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn take_sagas(&self, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError>;

    /// Instances by a filter, ordered by saga and instance.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn list_sagas(&self, filter: &SagaFilter, limit: u64) -> Result<Vec<SagaState>, StoreError>;

    /// How many instances of each saga there are in each status.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn count_sagas(&self) -> Result<Vec<(Arc<str>, SagaStatus, u64)>, StoreError>;

    /// When the oldest instance of each saga was started that has not ended; none for a saga without such.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn oldest_sagas(&self) -> Result<Vec<(Arc<str>, Timestamp)>, StoreError>;
}

impl SagaState {
    /// The stream of its events.
    pub fn stream(&self) -> StreamId {
        StreamId::new(&format!("saga.{}", self.saga), &self.id)
    }
}
