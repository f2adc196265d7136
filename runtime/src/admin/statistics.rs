use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use super::Operations;
use crate::{
    domain::{Position, Timestamp},
    store::{DeliveryState, SagaStatus, Size, StoreError, StreamFilter, SubscriptionState, TypeTally},
};

/// So many events, and streams, are counted in one call of the store.
const EVENTS: u64 = 20_000;
const STREAMS: u64 = 2_000;

/// What there is in a store, counted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StoreStatistics {
    /// Where the log ends.
    pub last_position: Position,
    /// Events by their types, by name and version.
    pub types: Vec<TypeTally>,
    /// Streams by their categories.
    pub streams: Vec<StreamsOf>,
    /// How much room it takes, part by part.
    pub sizes: Vec<Size>,
    /// How far the subscriptions have come.
    pub subscriptions: Vec<SubscriptionAt>,
    /// Instances of sagas by their status.
    pub sagas: Vec<SagasOf>,
    /// What handlers could not handle, or have waiting behind that.
    pub dead_letters: Vec<LettersOf>,
}

/// The streams of a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamsOf {
    /// The category.
    pub category: String,
    /// How many there are.
    pub streams: u64,
}

/// How far a subscription has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionAt {
    /// Its name.
    pub name: Arc<str>,
    /// Whether somebody has paused it.
    pub paused: bool,
    /// Up to where all of its shards are done.
    pub position: Position,
    /// How many positions it is behind the end of the log. Positions have gaps: that is no number of events.
    pub behind: u64,
}

/// The instances of a saga in a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagasOf {
    /// The saga.
    pub saga: Arc<str>,
    /// The status.
    pub status: SagaStatus,
    /// How many there are.
    pub instances: u64,
}

/// The deliveries of a handler in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LettersOf {
    /// The handler.
    pub handler: Arc<str>,
    /// The state.
    pub state: DeliveryState,
    /// How many there are.
    pub deliveries: u64,
}

impl StoreStatistics {
    /// How many events there are.
    pub fn events(&self) -> u64 {
        self.types.iter().map(|tally| tally.events).sum()
    }

    /// When the first and the last event were recorded; `None` without any.
    pub fn recorded(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.types.iter().map(|tally| tally.recorded.0).min()?;
        let last = self.types.iter().map(|tally| tally.recorded.1).max()?;
        Some((first, last))
    }
}

impl SubscriptionAt {
    /// How a subscription stands against the end of the log.
    pub fn new(state: &SubscriptionState, last: Position) -> Self {
        let position = state.position();
        let behind = last.raw().saturating_sub(position.raw());
        Self { name: state.name.clone(), paused: state.paused, position, behind }
    }
}

impl Operations {
    /// Counts everything there is. It goes through the whole log, in many short calls, and tells now and then how far it
    /// has come: up to which position, of the last one.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn statistics(
        &self,
        mut progress: impl FnMut(Position, Position),
    ) -> Result<StoreStatistics, StoreError> {
        let port = self.inspect()?;
        let last_position = self.store().port().last_position().await?;
        let mut statistics = StoreStatistics { last_position, ..StoreStatistics::default() };
        statistics.types = self.count_events(|at| progress(at, last_position)).await?;
        statistics.streams = self.count_streams().await?;
        statistics.sizes = port.sizes().await?;
        if let Some(side) = self.store().port().read_side() {
            let states = side.subscriptions(None).await?;
            let last = side_last(&states, last_position);
            statistics.subscriptions = states.iter().map(|state| SubscriptionAt::new(state, last)).collect();
            let counted = side.count_sagas().await?.into_iter();
            statistics.sagas =
                counted.map(|(saga, status, instances)| SagasOf { saga, status, instances }).collect();
            for state in &states {
                let counted = side.count_deliveries(&state.name).await?.into_iter();
                statistics.dead_letters.extend(counted.map(|(delivery, deliveries)| LettersOf {
                    handler: state.name.clone(),
                    state: delivery,
                    deliveries,
                }));
            }
        }
        Ok(statistics)
    }

    pub(super) async fn count_events(
        &self,
        mut progress: impl FnMut(Position),
    ) -> Result<Vec<TypeTally>, StoreError> {
        let port = self.inspect()?;
        let mut types: BTreeMap<(String, u16), TypeTally> = BTreeMap::new();
        let mut after = Some(Position::START);
        while let Some(from) = after {
            let tally = port.tally(from, EVENTS).await?;
            for more in tally.types {
                add(&mut types, more);
            }
            after = tally.next;
            after.into_iter().for_each(&mut progress);
        }
        Ok(types.into_values().collect())
    }

    async fn count_streams(&self) -> Result<Vec<StreamsOf>, StoreError> {
        let port = self.inspect()?;
        let mut categories: BTreeMap<String, u64> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = port.list_streams(&StreamFilter::default(), after, STREAMS).await?;
            for state in &page.streams {
                let category = state.stream.category();
                match categories.get_mut(category) {
                    Some(count) => *count += 1,
                    None => drop(categories.insert(category.to_owned(), 1)),
                }
            }
            after = page.next;
            if after.is_none() {
                let counted = categories.into_iter();
                return Ok(counted.map(|(category, streams)| StreamsOf { category, streams }).collect());
            }
        }
    }
}

/// What was appended since the end was looked for may have been followed already.
fn side_last(states: &[SubscriptionState], last: Position) -> Position {
    states.iter().map(SubscriptionState::position).max().unwrap_or_default().max(last)
}

fn add(types: &mut BTreeMap<(String, u16), TypeTally>, more: TypeTally) {
    match types.entry((more.name.clone(), more.version)) {
        Entry::Vacant(new) => drop(new.insert(more)),
        Entry::Occupied(mut known) => {
            let known = known.get_mut();
            known.events += more.events;
            known.bytes += more.bytes;
            known.recorded = (known.recorded.0.min(more.recorded.0), known.recorded.1.max(more.recorded.1));
        }
    }
}
