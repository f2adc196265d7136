use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::writer::Writer;
use crate::{
    domain::Position,
    log::LogEntry,
    store::StoreError,
    subscription::{Batch, Feed},
};

/// What is folded together: a document that changes often is then written once.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) events: Vec<Arc<LogEntry>>,
    pub(super) to: Position,
    /// Whether the positions are to be stored even if nothing else is.
    pub(super) due: bool,
    live: bool,
    seen: bool,
    most: usize,
}

/// How long it is waited for more events where there are more.
const PATIENCE: Duration = Duration::from_millis(50);

impl Gathered {
    /// The next events; `None` once it was asked to stop. Where there are more to come, and as long as the ones before
    /// are still being stored, it is waited for more, up to about so many.
    pub(super) async fn next(
        feed: &mut Feed,
        writer: &mut Writer,
        most: usize,
    ) -> Result<Option<Self>, StoreError> {
        let mut gathered = Self { most, ..Self::default() };
        let mut deadline = None;
        while !gathered.suffices(writer, deadline) {
            let patience = deadline.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                batch = feed.next() => match batch? {
                    Some(batch) => gathered.add(&batch),
                    None => return Ok(gathered.seen.then_some(gathered)),
                },
                settled = writer.settle(), if writer.is_busy() => settled?,
                // Whether there is more to come is only a guess.
                () = sleep_until(patience), if deadline.is_some() && !writer.is_busy() => break,
            }
            if gathered.seen && deadline.is_none() {
                deadline = Some(Instant::now() + PATIENCE);
            }
        }
        Ok(Some(gathered))
    }

    fn suffices(&self, writer: &Writer, deadline: Option<Instant>) -> bool {
        let in_time = deadline.is_none_or(|deadline| Instant::now() < deadline);
        let may_grow = self.events.len() < self.most && in_time;
        self.seen && !(may_grow && (!self.live || writer.is_busy()))
    }

    fn add(&mut self, batch: &Batch) {
        self.events.extend_from_slice(batch.events());
        (self.to, self.live, self.seen) = (batch.to(), batch.is_live(), true);
        self.due |= batch.events().is_empty();
    }
}
