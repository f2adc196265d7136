use std::ops::Deref;

use super::{ProcessManager, kept::Kept, names::Names};
use crate::{
    domain::{Position, Timestamp},
    store::{Condition, Find, Store, StoreError},
};

/// An instance of a process manager as it stands. It dereferences to its state.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Instance<P> {
    /// Its key, as a text.
    pub key: String,
    /// Its state.
    pub state: P,
    /// How often it has changed.
    pub revision: u64,
    /// The last event that has changed it.
    pub position: Position,
    /// Its deadlines that are set, by name.
    pub deadlines: Vec<SetDeadline>,
}

/// A deadline that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetDeadline {
    /// Its name.
    pub deadline: String,
    /// When it comes, by the clock of the database; `None` once it has come and the instance is about to see it.
    pub due_at: Option<Timestamp>,
}

impl<P> Deref for Instance<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.state
    }
}

/// An instance; `None` where it has not reacted to anything.
pub(crate) async fn load<P: ProcessManager>(
    store: &Store,
    key: &str,
) -> Result<Option<Instance<P>>, StoreError> {
    match Kept::find::<P>(store, Names::<P>::CATEGORY, key).await? {
        Some(kept) => instance(store, key.to_owned(), &kept).await.map(Some),
        None => Ok(None),
    }
}

/// The instances after a key, in the order of the texts of their keys.
pub(crate) async fn list<P: ProcessManager>(
    store: &Store,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Instance<P>>, StoreError> {
    let what = "keep process managers";
    let side = store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what })?;
    let find = Find {
        collection: Names::<P>::CATEGORY.into(),
        conditions: Vec::<Condition>::new(),
        order: None,
        descending: false,
        after: after.map(|key| (Default::default(), key)),
        limit,
    };
    let mut instances = Vec::new();
    for found in side.find_documents(&find).await? {
        let document = found.document;
        let kept = Kept::read::<P>(&document.key, document.revision, document.body.as_deref())?;
        instances.push(instance(store, document.key, &kept).await?);
    }
    Ok(instances)
}

async fn instance<P: ProcessManager>(
    store: &Store,
    key: String,
    kept: &Kept,
) -> Result<Instance<P>, StoreError> {
    let mut due = Vec::new();
    if let Some(side) = store.port().read_side().filter(|_| !kept.body.timers.is_empty()) {
        due = side.timers_of(&Names::<P>::stream(&key)).await?;
    }
    let set = kept.body.timers.iter().map(|(deadline, armed)| {
        let timer = due.iter().find(|timer| *timer.name == **deadline && timer.armed == armed.number);
        SetDeadline { deadline: deadline.clone(), due_at: timer.map(|timer| timer.due_at) }
    });
    Ok(Instance {
        state: kept.state(&key)?,
        revision: kept.revision,
        position: kept.body.seen,
        deadlines: set.collect(),
        key,
    })
}
