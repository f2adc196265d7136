use std::{
    fmt,
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::FutureExt;

use super::{Stop, worker::message};
use crate::{execute::Cause, log::LogEntry, store::BoxError};

/// What is called with the events of a subscription in code.
#[derive(Clone)]
pub(super) struct Handler(Arc<dyn Call>);

/// Calls a function, whatever its type: once for many events, because looking it up for each would cost more than
/// many a handler does.
#[async_trait]
trait Call: Send + Sync {
    async fn call(&self, events: &[Arc<LogEntry>], turn: Turn<'_>) -> Ran;
}

/// Within which bounds events are handed over.
pub(super) struct Turn<'a> {
    pub(super) stop: &'a Stop,
    /// It ends with the first event that is done after so long.
    pub(super) limit: Duration,
    /// Is told how many events are done when the handler begins to wait for something.
    pub(super) waits: &'a mut (dyn FnMut(usize) + Send),
}

/// What a turn has come to.
#[derive(Debug)]
pub(super) struct Ran {
    /// How many events are done.
    pub(super) done: usize,
    /// What went wrong with the next one. Without that, the turn ended because it was to.
    pub(super) failed: Option<BoxError>,
}

/// The first pause between two attempts, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// After so many events others may use the thread, even if the handler never waits.
const YIELD: usize = 256;

/// What has become of an event that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Handled,
    /// The attempts are used up.
    Failed,
    /// Somebody asked to stop before it was handled.
    Stopped,
}

impl Handler {
    pub(super) fn new<F, Fut, E>(handler: F) -> Self
    where
        F: Fn(Arc<LogEntry>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self(Arc::new(handler))
    }

    /// Calls the handler with one event after the other, until one fails or the turn is over. None is begun after
    /// somebody has asked to stop.
    pub(super) async fn run(&self, events: &[Arc<LogEntry>], turn: Turn<'_>) -> Ran {
        self.0.call(events, turn).await
    }

    /// Tries an event again that has failed once, until it succeeds, as often as is allowed in all, with pauses that
    /// double. Every failure is told.
    pub(super) async fn retry(
        &self,
        event: &Arc<LogEntry>,
        attempts: u32,
        stop: &Stop,
        mut failed: impl FnMut(BoxError),
    ) -> Outcome {
        let mut pause = PAUSE;
        for _ in 1..attempts {
            tokio::select! {
                () = stop.asked() => return Outcome::Stopped,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
            let turn = Turn { stop, limit: Duration::MAX, waits: &mut |_| {} };
            match self.run(std::slice::from_ref(event), turn).await {
                Ran { failed: Some(error), .. } => failed(error),
                Ran { done: 0, .. } => return Outcome::Stopped,
                Ran { .. } => return Outcome::Handled,
            }
        }
        Outcome::Failed
    }
}

#[async_trait]
impl<F, Fut, E> Call for F
where
    F: Fn(Arc<LogEntry>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
{
    async fn call(&self, events: &[Arc<LogEntry>], turn: Turn<'_>) -> Ran {
        let began = Instant::now();
        for (done, event) in events.iter().enumerate() {
            if turn.stop.is_asked() {
                return Ran { done, failed: None };
            }
            let handled = attempt(self, event, || (turn.waits)(done)).await;
            if handled.is_err() {
                return Ran { done, failed: handled.err() };
            }
            if began.elapsed() > turn.limit {
                return Ran { done: done + 1, failed: None };
            }
            if done % YIELD == YIELD - 1 {
                tokio::task::yield_now().await;
            }
        }
        Ran { done: events.len(), failed: None }
    }
}

/// One attempt. Commands that the handler sends follow from the event.
async fn attempt<F, Fut, E>(
    handler: &F,
    event: &Arc<LogEntry>,
    mut waits: impl FnMut(),
) -> Result<(), BoxError>
where
    F: Fn(Arc<LogEntry>) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<BoxError>,
{
    // The closure itself may panic as well as its future.
    let called = async { handler(Arc::clone(event)).await.map_err(Into::into) };
    let mut called = pin!(Cause::during_entry(Arc::clone(event), AssertUnwindSafe(called).catch_unwind()));
    let mut waiting = false;
    let handled = poll_fn(|context| {
        let polled = called.as_mut().poll(context);
        if polled.is_pending() && !waiting {
            waiting = true;
            waits();
        }
        polled
    });
    match handled.await {
        Ok(handled) => handled,
        Err(panic) => Err(format!("it panicked: {}", message(&*panic)).into()),
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::ready, sync::Mutex};

    use tokio::task::yield_now;

    use super::*;
    use crate::{
        domain::{Position, Timestamp},
        store::{EventRef, LogEventRef, StreamId},
    };

    fn events(count: u64) -> Vec<Arc<LogEntry>> {
        let stream = StreamId::new("lamp", "1");
        let event = |number| EventRef {
            position: Position::from_raw(number),
            version: number,
            recorded_at: Timestamp::from_micros(0),
            name: "lamp.on",
            type_version: 1,
            meta: b"",
            payload: b"{}",
        };
        (1..=count)
            .map(|number| Arc::new(LogEntry::from(LogEventRef { stream: &stream, event: event(number) })))
            .collect()
    }

    fn turn<'a>(stop: &'a Stop, waits: &'a mut (dyn FnMut(usize) + Send)) -> Turn<'a> {
        Turn { stop, limit: Duration::MAX, waits }
    }

    #[tokio::test]
    async fn a_handler_that_never_waits_lets_others_run() {
        let (_stopper, stop) = Stop::new();
        let (handler, events) = (Handler::new(|_| ready(Ok::<_, Infallible>(()))), events(1_000));
        let mut waits = |_| panic!("it does not wait");
        let mut run = pin!(handler.run(&events, turn(&stop, &mut waits)));
        assert!(run.as_mut().now_or_never().is_none());
        assert_eq!(run.await.done, 1_000);
    }

    #[tokio::test]
    async fn a_handler_that_waits_is_told_of_once_with_what_was_done_before() {
        let (_stopper, stop) = Stop::new();
        let handler = Handler::new(async |event: Arc<LogEntry>| {
            for _ in 0..if event.version == 3 { 5 } else { 0 } {
                yield_now().await;
            }
            Ok::<_, Infallible>(())
        });
        let mut told = Vec::new();
        let ran = handler.run(&events(5), turn(&stop, &mut |done| told.push(done))).await;
        assert_eq!((ran.done, told), (5, vec![2]));
    }

    #[tokio::test]
    async fn nothing_is_begun_after_somebody_has_asked_to_stop() {
        let (stopper, stop) = Stop::new();
        let stopper = Mutex::new(stopper);
        let handler = Handler::new(move |event: Arc<LogEntry>| {
            if event.version == 3 {
                stopper.lock().expect("nobody panics").ask();
            }
            ready(Ok::<_, Infallible>(()))
        });
        let ran = handler.run(&events(5), turn(&stop, &mut |_| {})).await;
        assert!(ran.failed.is_none());
        assert_eq!(ran.done, 3);
    }

    #[tokio::test]
    async fn a_turn_ends_where_it_fails_or_panics_or_takes_too_long() {
        let (_stopper, stop) = Stop::new();
        let handler = Handler::new(|event: Arc<LogEntry>| {
            assert_ne!(event.version, 4, "no fours");
            ready(if event.version == 2 { Err("no twos") } else { Ok(()) })
        });
        let events = events(5);
        let ran = handler.run(&events, turn(&stop, &mut |_| {})).await;
        assert_eq!((ran.done, ran.failed.expect("a failure").to_string()), (1, "no twos".into()));
        let ran = handler.run(&events[2..], turn(&stop, &mut |_| {})).await;
        let failed = ran.failed.expect("a panic").to_string();
        assert!(ran.done == 1 && failed.contains("it panicked") && failed.contains("no fours"), "{failed}");
        let short = Turn { stop: &stop, limit: Duration::ZERO, waits: &mut |_| {} };
        assert_eq!(handler.run(&events[2..], short).await.done, 1);
    }
}
