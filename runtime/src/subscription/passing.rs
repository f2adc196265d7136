use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    Feed, ProgressSender, Stop,
    feed::Source,
    handler::{Handler, Outcome},
    progress::{Local, Wanted},
    status::Troubles,
    tail::Tail,
};
use crate::{
    domain::Position,
    log::{Filter, LogEntry},
    store::Store,
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
            for event in batch.events() {
                if stop.is_asked() || !self.handle(event, &stop, &progress).await {
                    return;
                }
                progress.committed(event.position);
            }
            progress.committed(batch.to());
        }
    }

    /// Whether to go on with the next event.
    async fn handle(&self, event: &Arc<LogEntry>, stop: &Stop, progress: &ProgressSender) -> bool {
        let failed = |error: crate::store::BoxError| progress.failed(&*error);
        let outcome = self.handler.deliver(event, self.attempts, stop, failed).await;
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
