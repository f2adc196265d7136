use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{Position, Timestamp};

/// What has a shape and is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ShapeKind {
    /// An event; its owner is the category of its streams.
    Event,
    /// The definition of a saga, which is its own owner.
    Saga,
    /// The state of an aggregate; its owner is the category of its streams.
    Snapshot,
}

impl ShapeKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Event, Self::Saga, Self::Snapshot];

    /// Its name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Saga => "saga",
            Self::Snapshot => "snapshot",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ShapeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One version of something that is stored, as a program knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KnownShape {
    /// What it is.
    pub kind: ShapeKind,
    /// Whose it is: the category of an aggregate, or the name of a saga.
    pub owner: String,
    /// Its name in the store.
    pub name: String,
    /// Which version; 1 for the first.
    pub version: u16,
    /// What it looks like, as one number.
    pub fingerprint: u64,
    /// What it looks like, in words.
    pub shape: String,
    /// Whether the program writes it, and not only reads it.
    pub written: bool,
}

/// What a program reads and writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The name of its domain.
    pub domain: String,
    /// Every version that it knows, sorted.
    pub shapes: Vec<KnownShape>,
}

impl Program {
    /// A number that two programs share only if they read and write the same.
    pub fn digest(&self) -> Uuid {
        let mut text = self.domain.clone();
        for shape in &self.shapes {
            let KnownShape { kind, owner, name, version, fingerprint, shape: _, written } = shape;
            text += &format!("\0{kind}\0{owner}\0{name}\0{version}\0{fingerprint}\0{written}");
        }
        Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
    }
}

/// A running application, as it tells the others of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// One for each running application; the one by which it works on shards.
    pub id: Uuid,
    /// What people call the program: `bank 1.4.2`.
    pub release: String,
    /// The number of its process on its machine.
    pub process: u32,
    /// What it reads and writes.
    pub program: Arc<Program>,
}

/// A member that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Who.
    pub member: Member,
    /// Since when.
    pub joined_at: Timestamp,
    /// Until when it is believed to be there if it is not heard of any more.
    pub good_until: Timestamp,
}

/// A shape as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedShape {
    /// What was recorded first.
    pub shape: KnownShape,
    /// The release of the program that has recorded it.
    pub release: String,
    /// When.
    pub recorded_at: Timestamp,
    /// Nothing of it is stored at or before this position.
    pub since: Position,
    /// Whether something of it may be stored: `false` where the store knows that it has no event of this name.
    pub stored: bool,
}

/// How a store stands towards a program that wants to start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// What is recorded of the owners that were asked for, sorted by kind, owner, name and version.
    pub recorded: Vec<RecordedShape>,
    /// The names of events that are stored, and that nobody has recorded, sorted.
    pub strangers: Vec<String>,
    /// Who is there, those first who are there for longest.
    pub running: Vec<Running>,
    /// Grows whenever somebody joins.
    pub turn: u64,
}

/// What is recorded of everything that programs store, whoever they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// What is recorded of every owner, sorted as in a survey.
    pub shapes: Vec<RecordedShape>,
    /// Of each domain the program that has joined last, sorted by the names of the domains.
    pub programs: Vec<Program>,
}

/// Which events are to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// In streams of these categories.
    pub categories: Vec<String>,
    /// Of this name.
    pub name: String,
    /// Of a later version than this; 0 for any.
    pub above: u16,
    /// Behind this position.
    pub after: Position,
}

/// Events that were counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCount {
    /// The category of their streams.
    pub category: String,
    /// Their name.
    pub name: String,
    /// The version of their payloads.
    pub version: u16,
    /// How many they are.
    pub rows: u64,
}

/// The instances of a saga that go by one definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefinitionCount {
    /// The saga.
    pub saga: String,
    /// The version and the fingerprint of the definition.
    pub definition: (u16, u64),
    /// How many they are.
    pub instances: u64,
}

/// Which programs run on a store, and what they and those before them store there.
///
/// Several domains may share a store; each asks for what is its own. All time is that of the database.
#[async_trait]
pub trait Fleet: Send + Sync {
    /// What a program must know before it starts, in one look: what is recorded of these owners, which stored names of
    /// events nobody has recorded, and who is there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn survey(&self, owners: &[(ShapeKind, &str)]) -> Result<Survey, StoreError>;

    /// What was ever recorded, of all owners, and which programs were the last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn records(&self) -> Result<Records, StoreError>;

    /// Counts events, by category, name and version, sorted; nothing for those of which there are none. At most the
    /// newest `limit` events of the log are looked at: whether these were all that could be meant is told as well.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn count_events(
        &self,
        suspects: &[Suspects],
        limit: u64,
    ) -> Result<(Vec<EventCount>, bool), StoreError>;

    /// By which definitions the instances of sagas go that somebody has to look at, now or later, sorted. At most `limit`
    /// of each saga are counted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn count_definitions(&self, sagas: &[&str], limit: u64)
    -> Result<Vec<DefinitionCount>, StoreError>;

    /// Somebody is there from now on, and what it knows is recorded: a version that is recorded already stays as it is.
    ///
    /// With a survey only if nobody has joined since whose program is neither in it nor the same as the member's: otherwise
    /// nothing happens, and the answer is `false`. Without one whoever is there.
    ///
    /// A member is there for `ttl`, for as long as it [beats](Fleet::beat), and for as long as its leases of shards are
    /// good: whoever [claims](super::Shards::claim) under its id need not beat.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn join(&self, member: &Member, survey: Option<&Survey>, ttl: Duration)
    -> Result<bool, StoreError>;

    /// A member is still there, for `ttl` from now on. `false` if it has never joined, or was gone for so long that it is
    /// forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn beat(&self, member: Uuid, ttl: Duration) -> Result<bool, StoreError>;

    /// A member is not there any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn depart(&self, member: Uuid) -> Result<(), StoreError>;
}

impl Member {
    /// Whether every store can keep the names in it; adapters ask before they let it join.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`] when one contains a NUL character.
    pub fn check(&self) -> Result<(), StoreError> {
        super::check_name(&self.release, "release")?;
        super::check_name(&self.program.domain, "domain")?;
        for KnownShape { owner, name, shape, .. } in &self.program.shapes {
            super::check_name(owner, "category or saga")?;
            super::check_name(name, "stored shape")?;
            super::check_name(shape, "shape")?;
        }
        Ok(())
    }
}
