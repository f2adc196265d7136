use std::{fmt, future::IntoFuture, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{sync::watch, time::Instant};

use super::{
    Plan, SubscriptionError,
    core::Core,
    handler::Handler,
    named::Named,
    passing::Passing,
    progress::{Local, Wanted},
    start::position_of,
    stop::Stopper,
};
use crate::{
    domain::{Position, Start},
    log::Filter,
};

/// A subscription about to be made: say more about it, then `.await` it. Nothing happens before that.
///
/// How events are delivered is said at [`App::subscribe`](crate::App::subscribe).
#[must_use = "nothing is subscribed to before it is awaited"]
pub struct Subscribe {
    core: Arc<Core>,
    filter: Filter,
    handler: Handler,
    start: Start,
    name: Option<Arc<str>>,
    shards: u16,
    attempts: u32,
}

impl Subscribe {
    pub(super) fn new(core: Arc<Core>, filter: Filter, handler: Handler) -> Self {
        Self { core, filter, handler, start: Start::Now, name: None, shards: 16, attempts: 5 }
    }

    /// Where it begins: with what is stored from now on, unless this says something else. One with a name begins
    /// there at the very first time alone.
    pub fn from(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Makes it durable: how far it has come is kept in the store under this name, and the processes that subscribe by
    /// it share the events.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into());
        self
    }

    /// How many shards one with a name has, and so how many processes can share it at most: 16 unless this says
    /// something else. Only the very first time decides.
    pub fn shards(mut self, shards: u16) -> Self {
        self.shards = shards.max(1);
        self
    }

    /// How often an event is tried before one without a name skips it: 5 times unless this says something else.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    async fn start(self) -> Result<Subscription, SubscriptionError> {
        match self.name.clone() {
            Some(name) => self.start_named(name).await,
            None => self.start_passing().await,
        }
    }

    async fn start_named(self, name: Arc<str>) -> Result<Subscription, SubscriptionError> {
        let Self { core, filter, handler, start, shards, .. } = self;
        let plan = Plan { name: Arc::clone(&name), shards, start, filter };
        let (member, stopper) = core.run(Arc::new(Named { plan, handler })).await?;
        let (local, wanted) = (member.local.subscribe(), member.wanted.clone());
        Ok(Subscription { core, name: Some(name), stopper, local, wanted })
    }

    async fn start_passing(self) -> Result<Subscription, SubscriptionError> {
        let Self { core, filter, handler, start, attempts, .. } = self;
        let store = core.store()?;
        let after = position_of(&store, start).await?;
        let sender = watch::Sender::new(Local { run: 0, whole: true, position: Some(after) });
        let (local, (wanted, wants)) = (sender.subscribe(), watch::channel(Wanted::default()));
        let tail = Arc::clone(&core.tail);
        let passing = Passing { store, tail, filter, after, handler, attempts, local: sender, wanted: wants };
        let stopper = core.spawn(|stop| passing.run(stop))?;
        Ok(Subscription { core, name: None, stopper, local, wanted })
    }
}

impl IntoFuture for Subscribe {
    type Output = Result<Subscription, SubscriptionError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl fmt::Debug for Subscribe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribe")
            .field("name", &self.name)
            .field("filter", &self.filter)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

/// A subscription that was made in code. It ends when this is dropped: the handler finishes the event that it is at,
/// and is not called again.
#[must_use = "a subscription ends when it is dropped"]
pub struct Subscription {
    core: Arc<Core>,
    name: Option<Arc<str>>,
    stopper: Arc<Stopper>,
    local: watch::Receiver<Local>,
    wanted: watch::Sender<Wanted>,
}

impl Subscription {
    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Up to where everything is done by this process; `None` while it has no part of a subscription with a name.
    pub fn position(&self) -> Option<Position> {
        self.local.borrow().position
    }

    /// Waits until everything that is in the log now is done, in whatever process.
    ///
    /// # Errors
    /// [`SubscriptionError::Behind`] when that takes longer than the timeout, [`SubscriptionError::Store`].
    pub async fn caught_up(&self, timeout: Duration) -> Result<(), SubscriptionError> {
        let deadline = Instant::now() + timeout;
        let position = self.core.store()?.port().last_position().await?;
        let done = match &self.name {
            Some(name) => self.core.reached(name, position, deadline).await?,
            None => {
                self.wanted.send_replace(Wanted(position));
                let mut local = self.local.clone();
                let done = local.wait_for(|local| local.position >= Some(position));
                matches!(tokio::time::timeout_at(deadline, done).await, Ok(Ok(_)))
            }
        };
        let name = || self.name.clone().unwrap_or_else(|| "one without a name".into());
        if done { Ok(()) } else { Err(SubscriptionError::Behind { names: vec![name()], position }) }
    }

    /// Ends it, and waits until the handler has finished the event that it is at. What a subscription with a name has
    /// come to stays in the store.
    pub async fn unsubscribe(self) {
        self.stopper.ask();
        self.stopper.obeyed().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.stopper.ask();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("name", &self.name)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
