use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    Feed, ProgressSender, Stop,
    feed::Source,
    handler::{Handler, Outcome, Turn},
    progress::{Local, Wanted},
    status::Troubles,
    tail::Tail,
};
use crate::{
    domain::Position,
    log::{Filter, LogEntry},
    store::{BoxError, Store},
};

/// A subscription in code that lives as long as the process: nothing of it is in the store.
pub(super) struct Passing {
    pub(super) store: Store,
    pub(super) tail: Arc<Tail>,
    pub(super) filter: Filter,
    pub(super) after: Position,
    pub(super) handler: Handler,
    pub(super) attempts: u32,
    pub(super) local: watch::Sender<Local>,
    pub(super) wanted: watch::Receiver<Wanted>,
}

/// How long it is waited when the log cannot be read.
const PAUSE: Duration = Duration::from_millis(500);

/// How long events are handed over without a word of how far it has come, unless a single one takes longer.
const TURN: Duration = Duration::from_millis(5);

impl Passing {
    pub(super) async fn run(self, stop: Stop) {
        let troubles = Arc::new(Troubles::new("a subscription without a name".into()));
        let run = self.local.borrow().run;
        let progress = ProgressSender { run, send: self.local.clone(), troubles };
        let mut feed = Feed::new(Source {
            store: self.store.clone(),
            tail: Arc::clone(&self.tail),
            filter: Arc::new(self.filter.clone()),
            after: self.after,
            stop: stop.clone(),
            done: self.local.subscribe(),
            wanted: self.wanted.clone(),
        });
        loop {
            let batch = match feed.next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => return,
                Err(error) => {
                    progress.failed(&error);
                    tokio::select! {
                        () = stop.asked() => return,
                        () = tokio::time::sleep(PAUSE) => continue,
                    }
                }
            };
            if !self.pass(batch.events(), &stop, &progress).await {
                return;
            }
            progress.committed(batch.to());
        }
    }

    /// Hands events over; whether to go on with the next ones. It is told how far it has come every few milliseconds,
    /// and whenever the handler waits: who waits for a position is woken by each of these.
    async fn pass(&self, events: &[Arc<LogEntry>], stop: &Stop, progress: &ProgressSender) -> bool {
        let mut events = events;
        while !events.is_empty() {
            let tell = |done: usize| {
                if let Some(last) = done.checked_sub(1).and_then(|last| events.get(last)) {
                    progress.committed(last.position);
                }
            };
            let turn = Turn { stop, limit: TURN, waits: &mut |done| tell(done) };
            let ran = self.handler.run(events, turn).await;
            tell(ran.done);
            events = events.get(ran.done..).unwrap_or_default();
            match (ran.failed, events) {
                (Some(error), [event, rest @ ..]) => {
                    if !self.retry(event, error, stop, progress).await {
                        return false;
                    }
                    progress.committed(event.position);
                    events = rest;
                }
                // A long turn was at the cost of others.
                _ => tokio::task::yield_now().await,
            }
            if stop.is_asked() {
                return false;
            }
        }
        true
    }

    /// Whether to go on with the next event.
    async fn retry(
        &self,
        event: &Arc<LogEntry>,
        error: BoxError,
        stop: &Stop,
        progress: &ProgressSender,
    ) -> bool {
        let failed = |error: BoxError| progress.failed(&*error);
        failed(error);
        let outcome = self.handler.retry(event, self.attempts, stop, failed).await;
        if outcome == Outcome::Failed {
            tracing::error!(
                stream = %event.stream,
                version = event.version,
                event = event.name,
                attempts = self.attempts,
                "a subscription without a name skips an event that its handler could not handle"
            );
        }
        outcome != Outcome::Stopped
    }
}
