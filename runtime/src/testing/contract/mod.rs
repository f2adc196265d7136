//! The promises of an event store as tests, for every adapter there is and every one to come.
//!
//! An adapter's author writes how a database is made and opened, and gets one named test per promise:
//!
//! ```
//! use gesta::{store::{Memory, Store}, testing::contract::Fixture};
//!
//! struct InMemory(Memory);
//!
//! impl Fixture for InMemory {
//!     const DURABLE: bool = false;
//!
//!     async fn create() -> Self {
//!         Self(Memory::new())
//!     }
//!
//!     async fn open(&self) -> Store {
//!         self.0.clone().into()
//!     }
//! }
//!
//! gesta::store_contract!(InMemory);
//! gesta::read_side_contract!(InMemory);
//! gesta::process_contract!(InMemory);
//! gesta::fleet_contract!(InMemory);
//! gesta::inspect_contract!(InMemory);
//! ```
//!
//! The second macro is for stores with a [read side](crate::store::ReadSide), the third for those that keep sagas and
//! timers there, the fourth for those that keep which programs [run on them](crate::store::Fleet), the fifth for
//! those that can tell [what there is](crate::store::Inspect).
//!
//! The tests need `tokio` with the features `macros` and `rt-multi-thread`. Each check is also a public function
//! here, for those who call them by hand.

#![allow(clippy::expect_used, clippy::panic, reason = "a check fails by a panic, as every test does")]

pub mod chains;
pub mod commits;
pub mod content;
pub mod decisions;
pub mod deliveries;
pub mod documents;
pub mod dropped;
pub mod fences;
pub mod finding;
pub mod fleet;
mod follow;
pub mod generations;
pub mod inline;
pub mod inspecting;
pub mod instances;
pub mod key_races;
pub mod keys;
mod kit;
pub mod leases;
pub mod lifetime;
pub mod log;
pub mod log_order;
mod macros;
pub mod names;
pub mod pairs;
mod process_kit;
pub mod reads;
pub mod records;
pub mod restoring;
pub mod shards;
pub mod snapshots;
pub mod taking;
pub mod time;
pub mod timers;
pub mod together;
pub mod versions;
pub mod works;

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
};

use crate::{domain::Timestamp, store::Store};

/// How the contract gets at the databases of one adapter.
pub trait Fixture: Sized + Send + Sync + 'static {
    /// Whether the events outlive the last handle, so that `open` after `close` finds them again. Where they do
    /// not, all handles are one store.
    const DURABLE: bool = true;

    /// Makes a database of its own, without any event.
    fn create() -> impl Future<Output = Self> + Send;

    /// Opens it, with connections and caches of its own, as another process would.
    fn open(&self) -> impl Future<Output = Store> + Send;

    /// What the clock of the database says, where it can be asked; the checks of time then need no tolerance.
    fn now(&self) -> impl Future<Output = Option<Timestamp>> + Send {
        async { None }
    }

    /// Removes it, after every handle was closed. Only called when the check has passed.
    fn remove(self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A database under test, and the handles on it.
#[derive(Debug)]
pub struct Subject<F> {
    fixture: F,
    handles: Mutex<Vec<Store>>,
}

impl<F: Fixture> Subject<F> {
    /// A new database.
    pub async fn create() -> Self {
        Self::of(F::create().await)
    }

    /// A database that was made otherwise than by [`Fixture::create`].
    pub fn of(fixture: F) -> Self {
        Self { fixture, handles: Mutex::default() }
    }

    /// A new handle on it.
    pub async fn open(&self) -> Store {
        let store = self.fixture.open().await;
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(store.clone());
        store
    }

    /// The fixture behind it.
    pub fn fixture(&self) -> &F {
        &self.fixture
    }

    /// Closes every handle and removes the database.
    pub async fn remove(self) {
        for store in self.handles.into_inner().unwrap_or_else(PoisonError::into_inner) {
            store.port().close().await;
        }
        self.fixture.remove().await;
    }
}
