use std::{
    fmt,
    process::Command,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use gesta::store::{
    Append, DueTimers, EventStore, Outcome, ReadSide, Store, StoreError, TakeSagas, TakenSagas, TimerState,
};
use tokio::sync::Notify;

use crate::altered::{Alteration, Altered};

/// A point at which something happens to the process, or to what it talks to: `kill before step.succeeded clear t-1`.
///
/// A point is before or after an append with an event of this kind, or when sagas are `taken` or timers that are due are
/// `found`. Where a step and an instance are named, only appends count that are about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub deed: Deed,
    /// On which side of the call.
    pub side: Side,
    /// The last words of the event's name, such as `step.succeeded`, or `taken`, or `found`.
    pub event: String,
    /// The step, or `*`.
    pub step: String,
    /// The instance, or the stream by its id, or `*`.
    pub saga: String,
}

/// What happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is killed.
    Kill,
    /// It is frozen, all of it.
    Freeze,
    /// This call waits until it is told to go on, and the rest of the process works.
    Wait,
}

/// On which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before the database hears of it.
    Before,
    /// When the database has done it, and nobody knows yet.
    After,
}

/// The words for taking sagas and finding timers, which are no appends.
const TAKEN: &str = "taken";
const FOUND: &str = "found";

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = match self.deed {
            Deed::Kill => "kill",
            Deed::Freeze => "freeze",
            Deed::Wait => "wait",
        };
        let side = match self.side {
            Side::Before => "before",
            Side::After => "after",
        };
        write!(f, "{deed} {side} {} {} {}", self.event, self.step, self.saga)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let [deed, side, event, step, saga] = words[..] else { return Err(format!("five words: {text}")) };
        let deed = match deed {
            "kill" => Deed::Kill,
            "freeze" => Deed::Freeze,
            "wait" => Deed::Wait,
            _ => return Err(format!("no such deed: {deed}")),
        };
        let side = match side {
            "before" => Side::Before,
            "after" => Side::After,
            _ => return Err(format!("no such side: {side}")),
        };
        Ok(Self { deed, side, event: event.into(), step: step.into(), saga: saga.into() })
    }
}

impl Fault {
    fn is_about(&self, append: &Append) -> bool {
        let fits = |append: &Append| {
            (self.saga == "*" || append.stream.id() == self.saga)
                && append.events.iter().any(|event| self.names(event.name, &event.payload))
        };
        fits(append) || append.together.as_deref().is_some_and(fits)
    }

    fn names(&self, event: &str, payload: &[u8]) -> bool {
        let step = || {
            let json: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
            json["step"] == self.step
        };
        event.ends_with(&format!(".{}", self.event)) && (self.step == "*" || step())
    }

    fn takes(&self, taken: &TakenSagas) -> bool {
        self.event == TAKEN && taken.taken.iter().any(|(id, _)| self.saga == "*" || *id == self.saga)
    }

    fn finds(&self, found: &DueTimers) -> bool {
        let meant = |timer: &TimerState| self.saga == "*" || timer.stream.id() == self.saga;
        self.event == FOUND && found.due.iter().any(meant)
    }
}

/// A store at which a fault happens once.
#[derive(Debug)]
pub struct Faulty {
    fault: Fault,
    /// How often it is still to happen.
    left: AtomicU32,
    go: &'static Notify,
}

impl Faulty {
    /// The first time that the store comes to this point. Who waits there goes on when `go` is notified.
    pub fn of(store: Store, fault: Fault, go: &'static Notify) -> Store {
        Store::new(Altered::new(store, Self { fault, left: 1.into(), go }))
    }

    /// Whether it has happened.
    async fn happens(&self, side: Side, meant: impl FnOnce() -> bool) -> bool {
        if self.fault.side != side || !meant() {
            return false;
        }
        let take = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
            return false;
        }
        let at = format!("at {}", self.fault);
        match self.fault.deed {
            Deed::Kill => {
                println!("{at}");
                do_to_self("kill -KILL $0", &at);
            }
            Deed::Freeze => do_to_self(FREEZE, &at),
            Deed::Wait => {
                println!("{at}");
                self.go.notified().await;
            }
        }
        true
    }
}

/// Whether it was not told what has become of it.
const fn is_lost(result: &Result<Vec<Outcome>, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. }))
}

/// Stops a process and waits until all of it stands still: a thread that is waiting may go on for a moment after the signal
/// was given. Then it says so in the place of the process.
const FREEZE: &str = r#"kill -STOP $0; until grep -q '^State:.T' /proc/$0/status; do :; done; echo "$1""#;

/// Has another process do something to this one. When this returns, that is done, and this one is to go on.
fn do_to_self(script: &str, at: &str) {
    let status = Command::new("sh").args(["-c", script, &std::process::id().to_string(), at]).status();
    assert!(status.expect("the program sh").success(), "a signal to oneself");
}

#[async_trait]
impl Alteration for Faulty {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let meant = || batch.iter().any(|append| self.fault.is_about(append));
        let happened = self.happens(Side::Before, meant).await;
        let mut outcomes = inner.append(batch).await;
        // Who was frozen is stubborn: what it was about to store comes, though its connection was lost meanwhile.
        while happened && self.fault.deed == Deed::Freeze && is_lost(&outcomes) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            outcomes = inner.append(batch).await;
        }
        self.happens(Side::After, meant).await;
        outcomes
    }

    async fn take_sagas(&self, inner: &dyn ReadSide, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        let taken = inner.take_sagas(take).await?;
        self.happens(self.fault.side, || self.fault.takes(&taken)).await;
        Ok(taken)
    }

    async fn due_timers(
        &self,
        inner: &dyn ReadSide,
        category: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<DueTimers, StoreError> {
        let found = inner.due_timers(category, shards, limit).await?;
        self.happens(self.fault.side, || self.fault.finds(&found)).await;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let text = "freeze before step.succeeded clear t-1";
        let fault: Fault = text.parse().expect("a fault");
        assert_eq!((fault.deed, fault.side), (Deed::Freeze, Side::Before));
        assert_eq!(fault.to_string(), text);
        assert!("burn before step.succeeded clear t-1".parse::<Fault>().is_err());
    }
}
