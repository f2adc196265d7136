use std::{
    collections::{BTreeSet, HashSet},
    time::{Duration, Instant},
};

use super::{breaker::Admission, item::Item, port, run::Run};
use crate::store::{DeliveryFilter, DeliveryState, ParkedDelivery, StoreError, StreamId};

/// How often it is asked at most what is due.
const POLL: Duration = Duration::from_secs(1);

/// A pause in the store may begin that much later than here, to the microsecond.
const TICK: Duration = Duration::from_millis(1);

/// After so many questions it is asked which streams are still blocked.
const REFRESH: u32 = 10;

/// So many events of a stream are fetched at a time once it flows again.
const PAGE: u64 = 128;

/// The states that hold up what comes later.
const HOLDING: [DeliveryState; 4] =
    [DeliveryState::Waiting, DeliveryState::Retrying, DeliveryState::Dead, DeliveryState::Permanent];

/// When to ask the store what is due.
#[derive(Debug)]
pub(super) struct Polls {
    /// In any case.
    at: Instant,
    /// When something is due that this worker has parked.
    known: BTreeSet<Instant>,
    until_refresh: u32,
}

impl Polls {
    pub(super) fn new() -> Self {
        Self { at: Instant::now(), known: BTreeSet::new(), until_refresh: REFRESH }
    }

    /// Something will be due, as the store knows by now.
    pub(super) fn due_in(&mut self, pause: Duration) {
        let soon = pause < POLL;
        // Whatever is due later is found by asking every now and then.
        self.known.extend(soon.then(|| Instant::now() + pause + TICK));
    }

    /// Something is due then.
    pub(super) fn due_at(&mut self, at: Instant) {
        self.known.insert(at);
    }

    /// Somebody has decided something.
    pub(super) fn hurry(&mut self) {
        (self.at, self.until_refresh) = (Instant::now(), 0);
    }

    fn next(&self) -> Instant {
        self.known.first().map_or(self.at, |known| self.at.min(*known))
    }

    fn asked(&mut self, pause: Duration) {
        let now = Instant::now();
        self.known = self.known.split_off(&now);
        self.at = now + pause;
        self.until_refresh = self.until_refresh.saturating_sub(1);
    }
}

impl Run<'_> {
    /// When to ask next, if there is anything to ask for and room for it.
    pub(super) fn next_poll(&self, now: Instant) -> Option<Instant> {
        if !self.window.has_blocked() || self.running.len() >= self.driver.policy.concurrency {
            return None;
        }
        match self.driver.gauges.breaker().admits(now) {
            Admission::Free => Some(self.polls.next()),
            // An event that was never tried is the better probe.
            Admission::Probe => (!self.window.has_ready()).then(|| self.polls.next()),
            Admission::NotBefore(at) => Some(self.polls.next().max(at)),
            Admission::Probing => None,
        }
    }

    /// Takes in what is due.
    pub(super) async fn poll(&mut self) -> Result<(), StoreError> {
        // What was done must not be found again.
        self.save().await?;
        if self.polls.until_refresh == 0 {
            self.refresh().await?;
        }
        let limit = 2 * self.driver.policy.concurrency as u64 + 16;
        let side = port(&self.store)?;
        let due = side.due_deliveries(&self.driver.name, &self.ledger.shards(), limit).await?;
        let full = due.len() as u64 == limit;
        let mut taken = false;
        for parked in due {
            taken |= self.window.push_parked([Item::from(parked)]) > 0;
        }
        let nothing_waits = !full && !taken && !self.window.has_ready() && self.exhausted.is_empty();
        self.care.settle(self.ledger.read_to(), nothing_waits);
        self.polls.asked(if full && taken { Duration::ZERO } else { POLL });
        Ok(())
    }

    /// Lets those streams flow again whose deliveries were all discarded.
    async fn refresh(&mut self) -> Result<(), StoreError> {
        self.polls.until_refresh = REFRESH;
        let blocked = port(&self.store)?.parked_streams(&self.driver.name, &self.ledger.shards()).await?;
        let blocked: HashSet<StreamId> = blocked.into_iter().collect();
        for stream in self.window.at_rest() {
            if !blocked.contains(&stream) {
                self.window.unblock(&stream);
            }
        }
        Ok(())
    }

    /// Goes on with streams whose parked events at hand are all done: with those behind them, or with the feed.
    pub(super) async fn resume(&mut self) -> Result<(), StoreError> {
        self.save().await?;
        for stream in std::mem::take(&mut self.exhausted) {
            let filter = DeliveryFilter {
                subscription: Some(self.driver.name.to_string()),
                states: HOLDING.into(),
                stream: Some(stream.clone()),
                ..DeliveryFilter::default()
            };
            let next = port(&self.store)?.list_deliveries(&filter, PAGE).await?;
            if next.is_empty() {
                self.window.unblock(&stream);
            }
            // Nobody but this worker touches those that wait. One that is retried is asked for when it is due.
            let waits = |parked: &ParkedDelivery| parked.state == DeliveryState::Waiting;
            self.window.push_parked(next.into_iter().take_while(waits).map(Item::from));
        }
        Ok(())
    }
}
