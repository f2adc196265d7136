use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
};

use super::{Golden, OwnedShape, sample};
use crate::domain::UNKNOWN;

/// What one line of a lock is about. In the order of the file: events, sagas, snapshots; each by name and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LockKey {
    /// One version of one type of event.
    Event {
        /// Its name in the store.
        name: String,
        /// The version.
        version: u16,
    },
    /// One version of a saga.
    Saga {
        /// Its name in the store.
        name: String,
        /// The version.
        version: u16,
    },
    /// The state of an aggregate that is kept as snapshots.
    Snapshot {
        /// The aggregate's name in the store.
        name: String,
    },
}

/// What is recorded under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockEntry {
    /// The shape of the payload or the state; for a saga an object with the outputs of its steps, in their order.
    pub shape: OwnedShape,
    /// What each step of a saga is, and how it is undone: `command+compensation,foreign+nothing`. Not compared where
    /// it is missing.
    pub steps: Option<String>,
    /// The shape of a saga's data. Not compared where it is missing: the code need not know it.
    pub data: Option<OwnedShape>,
    /// Whether it is only read and no longer written.
    pub retired: bool,
    /// The comments above the line, without `#`.
    pub comments: Vec<String>,
}

/// A `gesta.lock`: every version of every event, saga and snapshot of one package, with its shape.
///
/// ```
/// use gesta::evolution::Lock;
///
/// let lock: Lock = "b.moved v2 {to:string,by:u8}\n\nb.moved v1 {to:string}\na.made v1 {} retired\n".parse()?;
/// let text = lock.to_string();
/// assert!(text.ends_with("\na.made v1 {} retired\nb.moved v1 {to:string}\nb.moved v2 {to:string,by:u8}\n"));
/// assert_eq!(text.parse::<Lock>()?, lock);
/// # Ok::<(), gesta::evolution::LockError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub(super) entries: BTreeMap<LockKey, LockEntry>,
    /// Comments with nothing below them.
    pub(super) last_comments: Vec<String>,
}

impl LockKey {
    /// A version of a type of event.
    pub fn event(name: impl Into<String>, version: u16) -> Self {
        Self::Event { name: name.into(), version }
    }

    /// A version of a saga.
    pub fn saga(name: impl Into<String>, version: u16) -> Self {
        Self::Saga { name: name.into(), version }
    }

    /// The state of an aggregate.
    pub fn snapshot(name: impl Into<String>) -> Self {
        Self::Snapshot { name: name.into() }
    }

    /// The name in the store.
    pub fn name(&self) -> &str {
        match self {
            Self::Event { name, .. } | Self::Saga { name, .. } | Self::Snapshot { name } => name,
        }
    }

    /// The version; a snapshot has none.
    pub fn version(&self) -> Option<u16> {
        match self {
            Self::Event { version, .. } | Self::Saga { version, .. } => Some(*version),
            Self::Snapshot { .. } => None,
        }
    }

    /// Whether both are about the same event, saga or aggregate.
    pub fn is_of_same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.name() == other.name()
    }
}

/// As a line begins.
impl Display for LockKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { name, version } => write!(f, "{name} v{version}"),
            Self::Saga { name, version } => write!(f, "saga {name} v{version}"),
            Self::Snapshot { name } => write!(f, "snapshot {name}"),
        }
    }
}

impl LockEntry {
    /// Of this shape, in use.
    pub fn new(shape: OwnedShape) -> Self {
        Self { shape, steps: None, data: None, retired: false, comments: Vec::new() }
    }

    /// Of something of which it is only known that it is there. It is compared with nothing.
    pub fn of_unknown_shape() -> Self {
        Self::new(OwnedShape::Scalar(UNKNOWN.to_owned()))
    }

    /// Whether its shape is known.
    pub fn is_known(&self) -> bool {
        !matches!(&self.shape, OwnedShape::Scalar(name) if name == UNKNOWN)
    }

    /// The same with what the steps of a saga are.
    #[must_use]
    pub fn with_steps(mut self, steps: impl Into<String>) -> Self {
        self.steps = Some(steps.into());
        self
    }

    /// The same with the shape of a saga's data.
    #[must_use]
    pub fn with_data(mut self, data: OwnedShape) -> Self {
        self.data = Some(data);
        self
    }

    /// The same, only read and no longer written, if `retired`.
    #[must_use]
    pub fn retired(mut self, retired: bool) -> Self {
        self.retired = retired;
        self
    }
}

impl Lock {
    /// Records an entry, in place of another with this key.
    pub fn record(&mut self, key: LockKey, entry: LockEntry) {
        self.entries.insert(key, entry);
    }

    /// What is recorded under a key.
    pub fn get(&self, key: &LockKey) -> Option<&LockEntry> {
        self.entries.get(key)
    }

    /// Everything, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&LockKey, &LockEntry)> {
        self.entries.iter()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds to `golden` a sample for every version of an event that has none.
    pub fn add_samples_to(&self, golden: &mut Golden) -> Vec<LockKey> {
        let mut added = Vec::new();
        for (key, entry) in &self.entries {
            if let LockKey::Event { name, version } = key
                && golden.get(name, *version).is_none()
            {
                golden.set(name, *version, sample(&entry.shape).to_string());
                added.push(key.clone());
            }
        }
        added
    }
}
