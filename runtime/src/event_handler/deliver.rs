use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    breaker::{Admission, BreakerState},
    call::{Outcome, attempt},
    item::Item,
    run::{Finished, Run},
    write,
};
use crate::{
    domain::{FailureClass, HandlerFailure},
    execute::chance,
    store::StoreError,
};

impl Run<'_> {
    /// Begins as many attempts as may be under way.
    pub(super) fn deliver(&mut self) {
        while self.running.len() + self.care.waiting() < self.driver.policy.concurrency {
            let mut breaker = self.driver.gauges.breaker();
            let admission = breaker.admits(Instant::now());
            let admitted = match admission {
                Admission::Free => true,
                Admission::Probe => self.running.is_empty(),
                Admission::NotBefore(_) | Admission::Probing => false,
            };
            let (window, turn, care) = (&mut self.window, &self.turn, &self.care);
            let Some(item) =
                admitted.then(|| window.next(|item| turn.may_begin(item) && care.may_begin(item))).flatten()
            else {
                break;
            };
            if admission == Admission::Probe {
                breaker.probe();
            }
            drop(breaker);
            self.begin_attempt(item);
        }
        self.driver.gauges.show(self.running.len(), self.window.fresh());
    }

    pub(super) fn attempt(&mut self, item: Item) {
        let (call, store) = (Arc::clone(&self.driver.call), self.store.clone());
        let limit = self.driver.policy.timeout;
        self.running.spawn(async move {
            let (outcome, took) = attempt(&*call, &store, &item, limit).await;
            Finished { item, outcome, took }
        });
    }

    /// Takes note of an attempt that has ended.
    pub(super) fn ended(&mut self, finished: Finished) -> Result<(), StoreError> {
        let Finished { mut item, outcome, took } = finished;
        let careful = self.care.ended(item.place());
        let ok = matches!(outcome, Outcome::Done);
        if self.driver.call.is_counted() && !matches!(outcome, Outcome::NotTried(_)) {
            self.driver.statistics.handled(&self.driver.name, &item.event, item.position, took, ok);
        }
        match outcome {
            Outcome::Done => {
                tracing::trace!(handler = %self.driver.name, stream = %item.lane, ?took, "delivered");
                self.driver.gauges.breaker().came_through();
                self.turn.ended(item.position);
                self.ledger.done(&item);
                if self.window.done(&item) {
                    self.exhausted.push(item.lane);
                }
            }
            Outcome::Failed(failure) => {
                // The store has counted it already, and takes only what counts more.
                item.attempts = item.attempts.saturating_add(u32::from(careful));
                self.failed(&item, &failure, took);
            }
            Outcome::NotTried(error) => {
                self.driver.gauges.breaker().not_tried(Instant::now());
                self.window.put_back(item);
                self.alone |= error.is_none();
                return error.map_or(Ok(()), Err);
            }
        }
        if careful {
            self.after_care();
        }
        self.tell_breaker();
        Ok(())
    }

    /// Parks an event that has failed, and what waits behind it.
    fn failed(&mut self, item: &Item, failure: &HandlerFailure, took: Duration) {
        let (name, policy) = (&self.driver.name, &self.driver.policy);
        let attempts = item.attempts.saturating_add(1);
        let dies = match failure.class {
            FailureClass::Permanent => {
                self.driver.gauges.breaker().came_through();
                true
            }
            FailureClass::Retryable => {
                let may_be_last = self.driver.gauges.breaker().failed(&item.lane, Instant::now());
                may_be_last && attempts >= policy.attempts
            }
        };
        tracing::warn!(
            handler = %name, stream = %item.lane, version = item.version, event = item.event, attempts, dies, ?took,
            error = %failure, "an event could not be handled"
        );
        let write = if dies {
            self.deaths.push((item.position, item.lane.clone()));
            write::dead(name, item, failure.chain())
        } else {
            let pause = policy.backoff.pause(attempts, chance());
            self.pauses.push(pause);
            write::again(name, item, pause, failure.chain())
        };
        self.ledger.park(item, write);
        self.turn.ended(item.position);
        for behind in self.window.failed(item) {
            self.turn.ended(behind.position);
            self.ledger.park(&behind, write::behind(name, &behind));
        }
    }

    /// An open breaker holds up nobody, and what is parked stays with the store meanwhile.
    pub(super) fn tell_breaker(&mut self) {
        let open = self.driver.gauges.breaker_state() != BreakerState::Closed;
        if open != self.breaker_open {
            self.breaker_open = open;
            self.turn.breaker(open);
            tracing::warn!(handler = %self.driver.name, open, "the circuit breaker has changed");
        }
        if open {
            self.window.forget_parked();
        }
    }
}
