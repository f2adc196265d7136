use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::page::{self, Page};
use crate::{
    domain::Position,
    log::Filter,
    store::{Store, StoreError},
};

/// The end of the log, read once for all who follow it. It keeps the last pages; whoever is further behind reads for
/// himself.
#[derive(Debug)]
pub(super) struct Tail {
    ring: Mutex<Ring>,
    /// The end of what was read; changes wake those who wait.
    end: watch::Sender<Position>,
    listeners: watch::Sender<usize>,
    /// How many read for themselves.
    readers: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Whether it is being read. Before that nobody knows where the end is.
    open: bool,
    pages: VecDeque<Arc<Page>>,
    /// The pages begin after this.
    from: Position,
    end: Position,
    events: usize,
    bytes: usize,
}

/// What there is after a position.
#[derive(Debug)]
pub(super) enum Look {
    /// More than the tail has.
    Behind,
    /// These pages.
    Pages(Vec<Arc<Page>>),
    /// Nothing yet.
    End,
}

/// What the ring keeps at most. Enough for a second of a busy log, so that who is held up for a moment comes back.
const EVENTS: usize = 20_000;
const BYTES: usize = 32 << 20;

/// How many events are read at a time, and given to one feed at a time.
const CHUNK: u64 = 1_000;

/// The first pause between two looks at a log in which nothing happens.
const HOT: Duration = Duration::from_millis(20);
/// The longest one, where the store tells of what other processes append.
const IDLE: Duration = Duration::from_secs(1);
/// The longest one where it does not.
const IDLE_WITHOUT_SIGNALS: Duration = Duration::from_millis(50);

/// Listens to a tail for as long as it lives: a tail that nobody listens to is not read.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) tail: Arc<Tail>,
    end: watch::Receiver<Position>,
}

/// Somebody reads for himself.
#[derive(Debug)]
pub(super) struct Reading {
    readers: watch::Sender<usize>,
}

impl Tail {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            ring: Mutex::default(),
            end: watch::Sender::new(Position::START),
            listeners: watch::Sender::new(0),
            readers: watch::Sender::new(0),
        })
    }

    pub(super) fn listen(self: &Arc<Self>) -> Listener {
        self.listeners.send_modify(|count| *count += 1);
        Listener { tail: Arc::clone(self), end: self.end.subscribe() }
    }

    /// Notes that somebody reads for himself, until what is returned is dropped.
    pub(super) fn reading(&self) -> Reading {
        self.readers.send_modify(|count| *count += 1);
        Reading { readers: self.readers.clone() }
    }

    /// Waits until nobody reads for himself any more.
    pub(super) async fn read_by_nobody(&self) {
        // Not an error: the sender is in `self`.
        let _ = self.readers.subscribe().wait_for(|count| *count == 0).await;
    }

    /// What there is after a position.
    pub(super) fn look(&self, at: Position) -> Look {
        let ring = self.ring();
        if !ring.open {
            return Look::End;
        }
        if at < ring.from {
            return Look::Behind;
        }
        let (mut pages, mut events) = (Vec::new(), 0);
        for page in ring.pages.range(ring.pages.partition_point(|page| page.to <= at)..) {
            pages.push(Arc::clone(page));
            events += page.events.len();
            if events >= CHUNK as usize {
                break;
            }
        }
        if pages.is_empty() { Look::End } else { Look::Pages(pages) }
    }

    /// Whether nothing is known after this position.
    pub(super) fn is_end(&self, at: Position) -> bool {
        at >= self.ring().end
    }

    /// Reads the log from its end on, whenever somebody listens; it never ends.
    pub(super) async fn run(&self, store: Store) {
        let mut listeners = self.listeners.subscribe();
        loop {
            // Not an error: the sender is in `self`.
            let _ = listeners.wait_for(|count| *count > 0).await;
            let follow = self.follow(&store);
            tokio::select! {
                () = follow => {}
                _ = listeners.wait_for(|count| *count == 0) => {}
            }
            *self.ring() = Ring::default();
        }
    }

    async fn follow(&self, store: &Store) {
        let Some(port) = store.port().read_side() else {
            return std::future::pending().await;
        };
        let (mut signals, hears_others) = (port.signals(), port.hears_others());
        let longest = if hears_others { IDLE } else { IDLE_WITHOUT_SIGNALS };
        let mut pause = HOT;
        let mut failing = false;
        loop {
            signals.borrow_and_update();
            match self.advance(store).await {
                Ok(Some(more)) => {
                    (failing, pause) = (false, HOT);
                    if more {
                        continue;
                    }
                }
                Ok(None) => failing = false,
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "the log cannot be read; trying again until it can");
                    }
                    failing = true;
                }
            }
            tokio::select! {
                rung = signals.changed(), if signals.has_changed().is_ok() && !failing => {
                    if rung.is_ok() {
                        pause = HOT;
                    }
                }
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(longest),
            }
        }
    }

    /// Reads what is new. Whether there may be more; `None` if there was nothing.
    async fn advance(&self, store: &Store) -> Result<Option<bool>, StoreError> {
        let end = {
            let ring = self.ring();
            ring.open.then_some(ring.end)
        };
        let Some(end) = end else {
            let last = store.port().last_position().await?;
            *self.ring() = Ring { open: true, from: last, end: last, ..Ring::default() };
            self.end.send_replace(last);
            return Ok(Some(true));
        };
        let (events, to, live) = page::read(store, end, CHUNK, &Filter::new()).await?;
        if to <= end {
            return Ok(None);
        }
        self.push(Page::new(events, to, live));
        Ok(Some(!live))
    }

    fn push(&self, page: Page) {
        let to = page.to;
        let mut ring = self.ring();
        ring.events += page.events.len();
        ring.bytes += page.bytes;
        ring.end = to;
        ring.pages.push_back(Arc::new(page));
        while (ring.events > EVENTS || ring.bytes > BYTES) && ring.pages.len() > 1 {
            let Some(oldest) = ring.pages.pop_front() else { break };
            ring.events -= oldest.events.len();
            ring.bytes -= oldest.bytes;
            ring.from = oldest.to;
        }
        drop(ring);
        self.end.send_replace(to);
    }

    /// A panic cannot leave it half changed: nothing in between panics.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Everything until now is seen: only what comes later ends [`Listener::changed`].
    pub(super) fn mark(&mut self) {
        self.end.borrow_and_update();
    }

    /// Waits until there is more than at the last mark.
    pub(super) async fn changed(&mut self) {
        // Not an error: the sender is in the tail, which is held.
        let _ = self.end.changed().await;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.readers.send_modify(|count| *count -= 1);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.tail.listeners.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(raw: u64) -> Position {
        Position::from_raw(raw)
    }

    fn opened(last: u64) -> Arc<Tail> {
        let tail = Tail::new();
        *tail.ring() = Ring { open: true, from: at(last), end: at(last), ..Ring::default() };
        tail
    }

    fn to(look: Look) -> Vec<u64> {
        match look {
            Look::Pages(pages) => pages.iter().map(|page| page.to.raw()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_page_is_found_from_its_middle_too() {
        let tail = opened(10);
        for end in [12, 15, 20] {
            tail.push(Page::new(Vec::new(), at(end), true));
        }
        assert!(matches!(tail.look(at(9)), Look::Behind));
        assert_eq!(to(tail.look(at(10))), [12, 15, 20]);
        assert_eq!(to(tail.look(at(12))), [15, 20]);
        assert_eq!(to(tail.look(at(13))), [15, 20]);
        assert!(matches!(tail.look(at(20)), Look::End));
        assert!(matches!(tail.look(at(30)), Look::End), "who reads for himself may be further");
    }

    #[test]
    fn before_it_is_open_everybody_waits() {
        assert!(matches!(Tail::new().look(at(3)), Look::End));
    }
}
