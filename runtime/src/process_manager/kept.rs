use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ProcessManager;
use crate::{
    domain::{Meta, Position},
    store::{DocumentWrite, Store, StoreError},
};

/// An instance as it is kept: a document beside its stream.
#[derive(Debug)]
pub(super) struct Kept {
    /// Which change of the document this is; 0 before the first.
    pub(super) revision: u64,
    pub(super) body: Body,
}

/// What stands in the document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Body {
    /// The position of the last input that has changed something.
    pub(super) seen: Position,
    /// The number of the last timer that was set.
    pub(super) number: u64,
    /// The deadlines that are set.
    pub(super) timers: BTreeMap<String, Armed>,
    /// The state, as the process manager has written it.
    pub(super) state: Box<RawValue>,
}

/// A deadline that is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Armed {
    /// Tells this setting from earlier ones.
    pub(super) number: u64,
    /// What it belongs to: what the event belongs to that has set it.
    pub(super) meta: Meta,
}

impl Body {
    /// Whether somebody who reads both can tell them apart, but for what was seen.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.number == other.number && self.timers == other.timers && self.state.get() == other.state.get()
    }

    fn initial<P: ProcessManager>(instance: &str) -> Result<Self, StoreError> {
        let state = P::initial().encode().map_err(|error| broken::<P>(instance, error))?;
        let state = raw(state).map_err(|error| broken::<P>(instance, error))?;
        Ok(Self { seen: Position::START, number: 0, timers: BTreeMap::new(), state })
    }
}

impl Kept {
    /// An instance as it stands; the initial one where there is none.
    pub(super) async fn load<P: ProcessManager>(
        store: &Store,
        collection: &str,
        instance: &str,
    ) -> Result<Self, StoreError> {
        match Self::find::<P>(store, collection, instance).await? {
            Some(kept) => Ok(kept),
            None => Ok(Self { revision: 0, body: Body::initial::<P>(instance)? }),
        }
    }

    /// An instance that has reacted to something.
    pub(super) async fn find<P: ProcessManager>(
        store: &Store,
        collection: &str,
        instance: &str,
    ) -> Result<Option<Self>, StoreError> {
        let what = "keep process managers";
        let side = store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what })?;
        let found = side.load_documents(collection, &[instance]).await?.into_iter().flatten().next();
        let Some(found) = found else { return Ok(None) };
        Self::read::<P>(instance, found.revision, found.body.as_deref()).map(Some)
    }

    /// Reads a document.
    pub(super) fn read<P: ProcessManager>(
        instance: &str,
        revision: u64,
        body: Option<&[u8]>,
    ) -> Result<Self, StoreError> {
        let body = serde_json::from_slice(body.unwrap_or_default());
        Ok(Self { revision, body: body.map_err(|error| broken::<P>(instance, error))? })
    }

    /// The state in it.
    pub(super) fn state<P: ProcessManager>(&self, instance: &str) -> Result<P, StoreError> {
        P::decode(self.body.state.get().as_bytes()).map_err(|error| broken::<P>(instance, error))
    }

    /// The document with another body, only in place of this one.
    pub(super) fn changed(
        &self,
        collection: &str,
        instance: &str,
        body: &Body,
    ) -> Result<DocumentWrite, serde_json::Error> {
        Ok(DocumentWrite {
            collection: Arc::from(collection),
            key: instance.to_owned(),
            body: Some(serde_json::to_vec(body)?),
            indexes: Vec::new(),
            revision: self.revision + 1,
            expected: Some(self.revision),
        })
    }
}

/// The document of an instance in a copy of its store, where events have other positions.
pub(crate) fn moved(body: &[u8], place: impl Fn(Position) -> Position) -> Result<Vec<u8>, serde_json::Error> {
    let mut body: Body = serde_json::from_slice(body)?;
    body.seen = place(body.seen);
    serde_json::to_vec(&body)
}

/// A state as it goes into a document.
pub(super) fn raw(json: Vec<u8>) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::from_slice(&json)
}

fn broken<P: ProcessManager>(
    instance: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    let what = format!("reading the instance `{instance}` of the process manager `{}`", P::NAME);
    StoreError::Backend { what, source: source.into() }
}
