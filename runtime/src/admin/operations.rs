use std::time::Duration;

use crate::{
    app::{Opening, is_address},
    event_handler::{DeadLetters, Handlers},
    log::Log,
    saga::Instances,
    store::{ConnectError, Inspect, ReadSide, Store, StoreError},
};

/// A store in the hands of its operators. Cheap to clone.
///
/// ```
/// # use gesta::{admin::Operations, store::{Memory, StoreError}};
/// # async fn look() -> Result<(), StoreError> {
/// let operations = Operations::of(Memory::new().into());
/// let streams = operations.streams(&Default::default(), None, 50).await?;
/// assert!(streams.streams.is_empty());
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(look()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Operations {
    store: Store,
}

impl Operations {
    /// Of a store that is open.
    pub fn of(store: Store) -> Self {
        Self { store }
    }

    /// Opens the store at an address, which must be there: nothing is made, and no table is changed. The database may be
    /// silent for `patience`, where that is given.
    ///
    /// # Errors
    /// [`ConnectError::Missing`] when there is none; otherwise those of [`connect`](crate::connect), and
    /// [`ConnectError::Unsafe`] for one that an older version has made and the application has not brought up to date.
    pub async fn open(url: &str, patience: Option<Duration>) -> Result<Self, ConnectError> {
        Opening { existing: true, patience }.open(url).await.map(Self::of)
    }

    /// Opens the store at an address, and makes it if there is none.
    ///
    /// # Errors
    /// Those of [`connect`](crate::connect).
    pub async fn create(url: &str, patience: Option<Duration>) -> Result<Self, ConnectError> {
        Opening { existing: false, patience }.open(url).await.map(Self::of)
    }

    /// Whether a text is the address of a store, as [`Operations::open`] takes it. Nothing is looked at.
    pub fn is_address(text: &str) -> bool {
        is_address(text)
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The log: all events in the order in which they were stored.
    pub fn log(&self) -> Log {
        Log::new(self.store.clone())
    }

    /// Events that event handlers could not handle.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.store.clone(), Handlers::default())
    }

    /// The instances of all sagas.
    pub fn sagas(&self) -> Instances {
        Instances::new(self.store.clone())
    }

    pub(super) fn inspect(&self) -> Result<&dyn Inspect, StoreError> {
        let port = self.store.port().inspect();
        port.ok_or(StoreError::Unsupported { store: "this store", what: "tell what there is in it" })
    }

    pub(super) fn side(&self) -> Result<&dyn ReadSide, StoreError> {
        let side = self.store.port().read_side();
        side.ok_or(StoreError::Unsupported { store: "this store", what: "be followed" })
    }
}
