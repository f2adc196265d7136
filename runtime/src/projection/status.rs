use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Declared, worker::read_side};
use crate::{
    domain::Position,
    store::{Generation, GenerationState, Store, StoreError, generation_name},
    subscription::SubscriptionStatus,
};

/// How a projection stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProjectionStatus {
    /// Its name.
    pub name: &'static str,
    /// The version that this program has.
    pub version: u32,
    /// What there is of it in the store, by version.
    pub generations: Vec<GenerationStatus>,
}

/// How a generation of a projection stands: the documents of one version of its code.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GenerationStatus {
    /// The version.
    pub version: u32,
    /// Whether it is being built, answers queries, or has been superseded.
    pub state: GenerationState,
    /// Up to where it is done.
    pub position: Position,
    /// The end of the log.
    pub head: Position,
    /// How much of the log that is, from 0 to 1.
    pub progress: f64,
    /// How many positions of the log it does in a second, as seen by this process over the last while. `None` until it
    /// was looked at for a moment.
    pub rate: Option<f64>,
    /// How long it takes to the end of the log at that rate.
    pub remaining: Option<Duration>,
    /// What went wrong in this process last, until it has come further.
    pub error: Option<String>,
}

/// How far subscriptions were when somebody has looked.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    seen: Mutex<HashMap<Arc<str>, Seen>>,
}

/// When a subscription was where, the latest last.
type Seen = VecDeque<(Instant, Position)>;

/// What is older does not count for the rate; what is closer together is not worth keeping.
const WINDOW: Duration = Duration::from_secs(10);
const APART: Duration = Duration::from_millis(50);

impl Rates {
    /// Notes where a subscription is; how many positions it does in a second.
    fn note(&self, subscription: &Arc<str>, position: Position, now: Instant) -> Option<f64> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(Arc::clone(subscription)).or_default();
        // Set back: what was before says nothing.
        if seen.back().is_some_and(|(_, last)| *last > position) {
            seen.clear();
        }
        while seen.len() > 2 && seen.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            seen.pop_front();
        }
        if seen.back().is_none_or(|(at, _)| now.duration_since(*at) >= APART) {
            seen.push_back((now, position));
        }
        let (first, from) = seen.front()?;
        let seconds = now.duration_since(*first).as_secs_f64();
        (seconds > 0.0).then(|| number(position.raw().saturating_sub(from.raw())) / seconds)
    }
}

impl ProjectionStatus {
    /// How a projection stands, given how the subscriptions stand.
    pub(crate) async fn of(
        store: &Store,
        declared: Declared,
        subscriptions: &[SubscriptionStatus],
        rates: &Rates,
    ) -> Result<Self, StoreError> {
        let Declared { name, version } = declared;
        let generations = read_side(store)?.generations(name).await?;
        let head = store.port().last_position().await?;
        let status = |generation: &Generation| {
            let full_name = generation_name(name, generation.version);
            let subscription = subscriptions.iter().find(|found| found.name == full_name);
            generation_status(generation, &full_name, subscription, head, rates)
        };
        Ok(Self { name, version, generations: generations.iter().map(status).collect() })
    }
}

fn generation_status(
    generation: &Generation,
    name: &Arc<str>,
    subscription: Option<&SubscriptionStatus>,
    head: Position,
    rates: &Rates,
) -> GenerationStatus {
    let position = subscription.map(|found| found.position).unwrap_or_default();
    let head = head.max(position);
    let rate = rates.note(name, position, Instant::now());
    let left = number(head.raw() - position.raw());
    let seconds = rate.filter(|rate| *rate > 0.0).map(|rate| left / rate);
    GenerationStatus {
        version: generation.version,
        state: generation.state,
        position,
        head,
        progress: if head == Position::START { 1.0 } else { number(position.raw()) / number(head.raw()) },
        rate,
        remaining: match left {
            0.0 => Some(Duration::ZERO),
            _ => seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        },
        error: subscription.and_then(|found| found.trouble.as_ref()).map(|trouble| trouble.message.clone()),
    }
}

/// Positions are at most 2^53 - 1, which a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "positions are small enough")]
fn number(positions: u64) -> f64 {
    positions as f64
}
