use std::{collections::HashSet, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{Handlers, port};
use crate::{
    domain::{AggregateId, IdempotencyKey, Meta, Position, Timestamp},
    monitor::{self, CATEGORY, DeadLetterDecided, Decision, MonitorEvent},
    store::{DeliveryAction, DeliveryFilter, DeliveryState, ParkedDelivery, Store, StoreError, StreamId},
};

/// So many are looked up at a time when something is decided about many,
const PAGE: u64 = 500;

/// and so many are decided about at a time.
const AT_A_TIME: usize = 8;

/// Events that handlers could not handle: which, and what is to become of them.
///
/// Say which are meant, then [`list`](DeadLetters::list) them or decide. Without [`state`](DeadLetters::state), dead
/// letters are meant: [`Dead`](DeliveryState::Dead) and [`Permanent`](DeliveryState::Permanent) ones when they are
/// listed, counted or discarded, and those that are not permanent when they are retried or marked permanent.
///
/// Every decision is told by an event `gesta.dead_letter_decided`. The order of a stream is kept whatever is decided:
/// what waits behind a dead letter follows once it is handled or discarded.
///
/// ```
/// # use gesta::{App, domain::Domain, store::StoreError};
/// # async fn look<D: Domain>(app: App<D>) -> Result<(), StoreError> {
/// for letter in app.dead_letters().handler("statements").list(50).await? {
///     println!("{} version {}: {:?}", letter.stream, letter.version, letter.errors);
/// }
/// let retried = app
///     .dead_letters()
///     .handler("statements")
///     .error_contains("mail server")
///     .retry("ann", "the mail server is up again")
///     .await?;
/// println!("{retried} are tried again");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is looked up or decided until it is asked for"]
pub struct DeadLetters {
    store: Store,
    handlers: Handlers,
    filter: DeliveryFilter,
}

impl DeadLetters {
    pub(crate) fn new(store: Store, handlers: Handlers) -> Self {
        Self { store, handlers, filter: DeliveryFilter::default() }
    }

    /// Only those of this handler.
    pub fn handler(mut self, name: impl Into<String>) -> Self {
        self.filter.subscription = Some(name.into());
        self
    }

    /// Only those of this stream.
    pub fn stream(mut self, stream: StreamId) -> Self {
        self.filter.stream = Some(stream);
        self
    }

    /// Only those of this aggregate.
    pub fn of<I: AggregateId>(self, id: &I) -> Self {
        self.stream(StreamId::of(id))
    }

    /// Only events of this name, such as `account.opened`.
    pub fn event(mut self, name: impl Into<String>) -> Self {
        self.filter.event = Some(name.into());
        self
    }

    /// Only the event at this position of the log.
    pub fn position(mut self, position: Position) -> Self {
        self.filter.position = Some(position);
        self
    }

    /// Only those with an error, or a cause of one, that contains this text.
    pub fn error_contains(mut self, text: impl Into<String>) -> Self {
        self.filter.error = Some(text.into());
        self
    }

    /// Only those that were parked at `from` or later, and before `before`, by the clock of the database.
    pub fn parked_between(mut self, from: Timestamp, before: Timestamp) -> Self {
        (self.filter.parked_from, self.filter.parked_before) = (Some(from), Some(before));
        self
    }

    /// Those in this state; called again, those in any of the states.
    pub fn state(mut self, state: DeliveryState) -> Self {
        self.filter.states.push(state);
        self
    }

    /// Only those that come after this place in the order of the list.
    pub fn after_place(mut self, place: crate::store::DeliveryPlace) -> Self {
        self.filter.after = Some(place);
        self
    }

    /// Only those that come after this one in the order of the list, for the next page.
    pub fn after(mut self, last: &ParkedDelivery) -> Self {
        self.filter.after = Some(last.place());
        self
    }

    /// The first of them, at most `limit`, ordered by handler and position.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn list(&self, limit: u64) -> Result<Vec<ParkedDelivery>, StoreError> {
        let filter = self.filter_or(&[DeliveryState::Dead, DeliveryState::Permanent]);
        port(&self.store)?.list_deliveries(&filter, limit).await
    }

    /// How many there are. It looks at each of them.
    ///
    /// # Errors
    /// As [`DeadLetters::list`].
    pub async fn count(&self) -> Result<u64, StoreError> {
        let (mut page, mut count) = (self.clone(), 0);
        loop {
            let letters = page.list(PAGE).await?;
            count += letters.len() as u64;
            match letters.last() {
                Some(last) => page = page.after(last),
                None => return Ok(count),
            }
        }
    }

    /// Tries them again, each with all its attempts anew. How many it were.
    ///
    /// # Errors
    /// As [`DeadLetters::list`]; some may have been decided about by then, and the call may be repeated.
    pub async fn retry(
        &self,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<u64, StoreError> {
        self.retry_after(Duration::ZERO, actor, reason).await
    }

    /// Tries them again after a while, by the clock of the database. How many it were.
    ///
    /// # Errors
    /// As [`DeadLetters::retry`].
    pub async fn retry_after(
        &self,
        after: Duration,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<u64, StoreError> {
        let action = DeliveryAction::Retry { after };
        self.decide(&[DeliveryState::Dead], action, Decision::Retry, actor.into(), reason.into()).await
    }

    /// Gives them up: what waits behind them flows. They are kept as a record. How many it were.
    ///
    /// # Errors
    /// As [`DeadLetters::retry`].
    pub async fn discard(
        &self,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<u64, StoreError> {
        let states = [DeliveryState::Dead, DeliveryState::Permanent];
        let action = DeliveryAction::Discard;
        self.decide(&states, action, Decision::Discard, actor.into(), reason.into()).await
    }

    /// Marks them as staying dead, so that a retry of many leaves them alone. How many it were.
    ///
    /// # Errors
    /// As [`DeadLetters::retry`].
    pub async fn mark_permanent(
        &self,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<u64, StoreError> {
        let action = DeliveryAction::MarkPermanent;
        self.decide(&[DeliveryState::Dead], action, Decision::MarkPermanent, actor.into(), reason.into())
            .await
    }

    fn filter_or(&self, states: &[DeliveryState]) -> DeliveryFilter {
        let mut filter = self.filter.clone();
        if filter.states.is_empty() {
            filter.states = states.into();
        }
        filter
    }

    async fn decide(
        &self,
        states: &[DeliveryState],
        action: DeliveryAction,
        decision: Decision,
        actor: String,
        reason: String,
    ) -> Result<u64, StoreError> {
        let decided = Decided { store: &self.store, call: Uuid::now_v7(), action, decision, actor, reason };
        let (mut filter, mut count) = (self.filter_or(states), 0);
        loop {
            let letters = port(&self.store)?.list_deliveries(&filter, PAGE).await?;
            let Some(last) = letters.last() else { return Ok(count) };
            filter.after = Some(last.place());
            let handlers: HashSet<_> = letters.iter().map(|letter| letter.subscription.clone()).collect();
            let done = stream::iter(letters.into_iter().map(|letter| decided.about(letter, &filter)));
            count += done
                .buffer_unordered(AT_A_TIME)
                .try_fold(0, async |sum, one| Ok(sum + u64::from(one)))
                .await?;
            handlers.iter().for_each(|handler| self.handlers.nudge(handler));
        }
    }
}

/// One decision, about one or many.
struct Decided<'a> {
    store: &'a Store,
    call: Uuid,
    action: DeliveryAction,
    decision: Decision,
    actor: String,
    reason: String,
}

impl Decided<'_> {
    /// Decides about one, if it is still what was asked for, and tells of it.
    async fn about(&self, letter: ParkedDelivery, asked: &DeliveryFilter) -> Result<bool, StoreError> {
        let this = DeliveryFilter {
            subscription: Some(letter.subscription.to_string()),
            position: Some(letter.position),
            stream: Some(letter.stream.clone()),
            after: None,
            ..asked.clone()
        };
        let port = port(self.store)?;
        if port.decide_deliveries(&this, &self.action, &self.actor, &self.reason).await? == 0 {
            return Ok(false);
        }
        if letter.stream.category() != CATEGORY {
            let key = format!(
                "gesta.dead_letter_decided/{}/{}/{}/{}",
                letter.subscription,
                letter.position,
                letter.stream.key(),
                self.call
            );
            let meta = Meta { actor: Some(self.actor.clone()), ..Meta::default() };
            let told = (IdempotencyKey::new(key), self.told(&letter), meta);
            monitor::record(self.store, &letter.subscription, [told]).await?;
        }
        Ok(true)
    }

    fn told(&self, letter: &ParkedDelivery) -> MonitorEvent {
        MonitorEvent::DeadLetterDecided(DeadLetterDecided {
            handler: letter.subscription.to_string(),
            stream: format!("{}/{}", letter.stream.category(), letter.stream.id()),
            version: letter.version,
            position: letter.position,
            event: letter.event.clone(),
            decision: self.decision,
            actor: self.actor.clone(),
            reason: self.reason.clone(),
        })
    }
}
