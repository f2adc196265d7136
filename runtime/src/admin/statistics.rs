use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use super::Operations;
use crate::{
    domain::{Position, Timestamp},
    store::{DeliveryState, Part, SagaStatus, Size, StoreError, SubscriptionState, TypeTally},
};

/// So many events are counted in one call of the store.
const EVENTS: u64 = 20_000;

/// What there is in a store, counted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StoreStatistics {
    /// Where the log ends.
    pub last_position: Position,
    /// How many events there are.
    pub total: u64,
    /// When the first and the last event were recorded; `None` without any.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Events by their types, by name and version. Where `sampled` says so, their numbers and bytes are estimates, a rare
    /// type may be missing, and when the first and the last were recorded is told of those that were looked at.
    pub types: Vec<TypeTally>,
    /// From how many events `types` is estimated; `None` where all were counted.
    pub sampled: Option<u64>,
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
        self.total
    }

    /// When the first and the last event were recorded; `None` without any.
    pub fn recorded(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }
}

/// From the first of some events to the last of others.
fn span(first: &[TypeTally], last: &[TypeTally]) -> Option<(Timestamp, Timestamp)> {
    let first = first.iter().map(|tally| tally.recorded.0).min()?;
    let last = last.iter().map(|tally| tally.recorded.1).max()?;
    Some((first, last))
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
    /// Counts everything there is. It goes through the whole log, in many short calls, and tells now and then how many
    /// events it has counted, of how many. [`Operations::estimate`] is quicker.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn statistics(&self, progress: impl FnMut(u64, u64)) -> Result<StoreStatistics, StoreError> {
        let total = self.inspect()?.extent(Part::Events).await?;
        let types = self.count_events(total, progress).await?;
        self.around(StoreStatistics {
            total: types.iter().map(|tally| tally.events).sum(),
            span: span(&types, &types),
            types,
            ..StoreStatistics::default()
        })
        .await
    }

    /// Counts what there is as [`Operations::statistics`] does, but for the types of events: where there are more than
    /// `most` events, only about so many are looked at, from all over the log. So it takes about as long whatever there is.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn estimate(&self, most: u64) -> Result<StoreStatistics, StoreError> {
        let port = self.inspect()?;
        let total = port.extent(Part::Events).await?;
        let mut types = if total > most { port.sample(most.max(1)).await? } else { Vec::new() };
        let sampled: u64 = types.iter().map(|tally| tally.events).sum();
        if sampled == 0 || sampled >= total {
            return self.statistics(|_, _| {}).await;
        }
        let whole = |part: u64| {
            u64::try_from(u128::from(part) * u128::from(total) / u128::from(sampled)).unwrap_or(u64::MAX)
        };
        for tally in &mut types {
            (tally.events, tally.bytes) = (whole(tally.events), whole(tally.bytes));
        }
        types.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        let last = self.place_of_last(1).await?;
        let (first, last) = (port.tally(Position::START, 1).await?, port.tally(last, 1).await?);
        self.around(StoreStatistics {
            total,
            span: span(&first.types, &last.types),
            types,
            sampled: Some(sampled),
            ..StoreStatistics::default()
        })
        .await
    }

    /// What there is beside the events.
    async fn around(&self, events: StoreStatistics) -> Result<StoreStatistics, StoreError> {
        let port = self.inspect()?;
        let last_position = self.store().port().last_position().await?;
        let mut statistics = StoreStatistics { last_position, ..events };
        let streams = port.count_streams().await?.into_iter();
        statistics.streams = streams.map(|(category, streams)| StreamsOf { category, streams }).collect();
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
        total: u64,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Vec<TypeTally>, StoreError> {
        let port = self.inspect()?;
        let mut types: BTreeMap<(String, u16), TypeTally> = BTreeMap::new();
        let (mut after, mut counted) = (Some(Position::START), 0);
        while let Some(from) = after {
            let tally = port.tally(from, EVENTS).await?;
            for more in tally.types {
                counted += more.events;
                add(&mut types, more);
            }
            after = tally.next;
            progress(counted, total);
        }
        Ok(types.into_values().collect())
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
