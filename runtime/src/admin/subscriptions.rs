use std::sync::Arc;

use uuid::Uuid;

use super::Operations;
use crate::{
    domain::{IdempotencyKey, Meta, Position, Start},
    monitor::{self, Change, MonitorEvent, SubscriptionChanged},
    store::{Generation, GenerationState, StoreError, SubscriptionState, generation_name},
    subscription::{SubscriptionError, position_of},
};

/// How the subscriptions of a store stand.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Subscriptions {
    /// The last position of the log.
    pub last: Position,
    /// All of them, in the order of their names.
    pub states: Vec<SubscriptionState>,
}

/// How a generation of a projection stands, told without its code.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GenerationReport {
    /// The projection.
    pub projection: String,
    /// The generation: the version of the code, and whether it is being built, answers queries, or is superseded.
    pub generation: Generation,
    /// Its subscription.
    pub subscription: SubscriptionState,
    /// The last position of the log.
    pub last: Position,
}

/// Who does something, and why: it stands in the store afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

impl Operations {
    /// How all subscriptions stand, those of projections, handlers and sagas among them.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn subscriptions(&self) -> Result<Subscriptions, StoreError> {
        // The end is looked for last: nobody is ahead of it.
        let states = self.side()?.subscriptions(None).await?;
        Ok(Subscriptions { last: self.store().port().last_position().await?, states })
    }

    /// Pauses a subscription in all processes, until it is resumed. What somebody is at may still be done, but is not
    /// committed any more: it is done again later.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::Store`].
    pub async fn pause(&self, name: &str, because: &Because) -> Result<(), SubscriptionError> {
        self.set_paused(name, true, Change::Paused, because).await
    }

    /// Lets a paused subscription go on from where it is.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::Store`].
    pub async fn resume(&self, name: &str, because: &Because) -> Result<(), SubscriptionError> {
        self.set_paused(name, false, Change::Resumed, because).await
    }

    /// Sets a subscription to another place: events after it are delivered again, those before it are not. Its parked
    /// deliveries are forgotten, and where it is a projection's, the documents are removed: that one must begin at the
    /// beginning. Tables that the application's own statements have written stay as they are.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::NotHere`] for a projection that is to begin elsewhere,
    /// [`SubscriptionError::Store`]. If it fails half-way the subscription is left paused: try again.
    pub async fn reset(
        &self,
        name: &str,
        start: Start,
        because: &Because,
    ) -> Result<Position, SubscriptionError> {
        let state = self.subscription(name).await?;
        let documents = self.generation(&state).await?.is_some();
        let position = position_of(self.store(), start).await?;
        if documents && position != Position::START {
            return Err(SubscriptionError::NotHere { name: name.to_owned() });
        }
        let side = self.side()?;
        side.set_paused(name, true).await?;
        if documents {
            side.clear_collection(name).await?;
        }
        side.reset(name, position).await?;
        side.set_paused(name, state.paused).await?;
        let change = if documents { Change::Rebuilt } else { Change::Reset };
        self.tell(name, change, position, because).await?;
        Ok(position)
    }

    /// How the generations of all projections stand that keep documents.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn projections(&self) -> Result<Vec<GenerationReport>, StoreError> {
        let Subscriptions { last, states } = self.subscriptions().await?;
        let mut reports = Vec::new();
        for subscription in states {
            if let Some((projection, generation)) = self.generation(&subscription).await? {
                reports.push(GenerationReport { projection, generation, subscription, last });
            }
        }
        Ok(reports)
    }

    /// Removes a generation of a projection that is not live, with its documents and its subscription. Whether there was
    /// one.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn drop_generation(
        &self,
        projection: &str,
        version: u32,
        because: &Because,
    ) -> Result<bool, StoreError> {
        let name = generation_name(projection, version);
        let position = self.side()?.subscriptions(Some(&name)).await?.pop().map(|state| state.position());
        let dropped = self.side()?.drop_generation(projection, version).await?;
        if dropped {
            self.tell(&name, Change::Dropped, position.unwrap_or_default(), because).await?;
        }
        Ok(dropped)
    }

    /// How a subscription stands.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::Store`].
    pub async fn subscription(&self, name: &str) -> Result<SubscriptionState, SubscriptionError> {
        let state = self.side()?.subscriptions(Some(name)).await?.pop();
        state.ok_or_else(|| SubscriptionError::Unknown { name: name.to_owned() })
    }

    /// The generation whose subscription it is, if it is one's.
    async fn generation(
        &self,
        state: &SubscriptionState,
    ) -> Result<Option<(String, Generation)>, StoreError> {
        let Some((projection, version)) = state.name.rsplit_once('@') else { return Ok(None) };
        let Ok(version) = version.parse::<u32>() else { return Ok(None) };
        let generations = self.side()?.generations(projection).await?;
        let own = generations.into_iter().find(|generation| generation.version == version);
        Ok(own.map(|generation| (projection.to_owned(), generation)))
    }

    async fn set_paused(
        &self,
        name: &str,
        paused: bool,
        change: Change,
        because: &Because,
    ) -> Result<(), SubscriptionError> {
        let state = self.subscription(name).await?;
        if state.paused != paused {
            self.side()?.set_paused(name, paused).await?;
            self.tell(name, change, state.position(), because).await?;
        }
        Ok(())
    }

    async fn tell(
        &self,
        name: &str,
        change: Change,
        position: Position,
        because: &Because,
    ) -> Result<(), StoreError> {
        let told = MonitorEvent::SubscriptionChanged(SubscriptionChanged {
            subscription: name.to_owned(),
            change,
            position,
            actor: because.actor.clone(),
            reason: because.reason.clone(),
        });
        let key = IdempotencyKey::new(format!("gesta.subscription_changed/{}", Uuid::now_v7()));
        let meta = Meta { actor: Some(because.actor.clone()), ..Meta::default() };
        monitor::record(self.store(), name, [(key, told, meta)]).await
    }
}

impl GenerationReport {
    /// The name of its collection and its subscription: `balance@2`.
    pub fn name(&self) -> Arc<str> {
        generation_name(&self.projection, self.generation.version)
    }

    /// Whether it answers queries.
    pub fn is_live(&self) -> bool {
        self.generation.state == GenerationState::Live
    }
}
