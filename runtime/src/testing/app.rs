use std::{fmt, ops::Deref};

use crate::{
    app::{App, Builder, Register},
    clock::ManualClock,
    domain::Domain,
    store::{Memory, Store},
};

/// A whole application in memory, whose time stands still until the test moves it. Cheap to clone.
///
/// It dereferences to [`App`], so everything that an application does is there.
///
/// ```
/// # use std::convert::Infallible;
/// # use gesta::prelude::*;
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
/// # pub struct DoorId(pub u32);
/// # #[event]
/// # pub enum DoorEvent { Built }
/// # #[aggregate(id = DoorId, event = DoorEvent)]
/// # #[derive(Default)]
/// # pub struct Door {}
/// # #[apply(DoorEvent)]
/// # impl Door { fn built(&mut self) {} }
/// # pub struct Build;
/// # #[command_handler]
/// # impl Door { fn build(_: Build) -> Result<DoorEvent, Infallible> { Ok(DoorEvent::Built) } }
/// # gesta::domain! { pub House { aggregates: [Door] } }
/// use gesta::test::TestApp;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = TestApp::<House>::start(()).await;
/// app.clock().advance(Duration::from_secs(60));
/// app.create(&DoorId(1), Build).await.expect("a new door");
/// let entry = &app.log().page(1).await.expect("the log").events[0];
/// assert_eq!(entry.recorded_at, app.clock().now());
/// # }
/// ```
pub struct TestApp<D: Domain> {
    app: App<D>,
    clock: ManualClock,
    store: Memory,
}

impl<D: Domain> TestApp<D> {
    /// Starts a domain on an empty store, with what its handlers need.
    ///
    /// # Panics
    /// When the application does not start.
    pub async fn start(deps: D::Deps) -> Self
    where
        D: Register,
    {
        Self::start_with(deps, |builder| builder).await
    }

    /// The same, with settings: `start_with(deps, |builder| builder.payload_limit(100))`.
    ///
    /// # Panics
    /// When the application does not start.
    pub async fn start_with(deps: D::Deps, configure: impl FnOnce(Builder<D>) -> Builder<D>) -> Self
    where
        D: Register,
    {
        let clock = ManualClock::new();
        let store = Memory::with_clock(&clock);
        let builder = Builder::new(store.clone().into(), deps);
        let app = configure(builder).start().await.expect("an application in memory");
        Self { app, clock, store }
    }

    /// The time by which events are recorded: `clock().advance(Duration::from_secs(60))`.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// The store behind it, for a second application on the same events, or to look at what is stored.
    pub fn store(&self) -> Store {
        self.store.clone().into()
    }
}

impl<D: Domain> Deref for TestApp<D> {
    type Target = App<D>;

    fn deref(&self) -> &App<D> {
        &self.app
    }
}

impl<D: Domain> Clone for TestApp<D> {
    fn clone(&self) -> Self {
        Self { app: self.app.clone(), clock: self.clock.clone(), store: self.store.clone() }
    }
}

impl<D: Domain> fmt::Debug for TestApp<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp").field("app", &self.app).field("clock", &self.clock).finish()
    }
}
