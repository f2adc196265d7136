use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    Commands, RECURRING, SCHEDULE, SHARDS,
    error::SendError,
    fires::{CAME, Came, DUE},
    keep::{MADE, side},
    made::{Made, document},
    recurring::Recurrences,
};
use crate::{
    domain::{DeliveryPolicy, FailureClass, HandlerFailure, IdempotencyKey, Meta},
    execute::{Cause, ExecuteError, Office, Options, Outgoing, Rejection},
    log::{Filter, LogEntry},
    store::{Append, Expected, NewEvent, StoreError, StreamId},
    subscription::Wheel,
};

const DONE: &str = "schedule.done";

/// Sends what was scheduled and what recurs, without knowing the application.
pub(crate) struct Sender {
    commands: Commands,
    recurrences: Recurrences,
    /// The timers of scheduled commands.
    wheel: Wheel,
}

impl Sender {
    pub(crate) fn new(commands: Commands, recurrences: Recurrences, wheel: Wheel) -> Self {
        Self { commands, recurrences, wheel }
    }

    /// How the times are delivered.
    pub(crate) fn policy() -> DeliveryPolicy {
        DeliveryPolicy::new().shards(SHARDS).concurrency(64)
    }

    /// The timers of both kinds.
    pub(crate) fn wheels() -> [Wheel; 2] {
        [Wheel::new(SCHEDULE), Wheel::new(RECURRING)]
    }

    /// The events that tell that a time has come, or that there is one more.
    pub(crate) fn filter(&self) -> Filter {
        Filter::new().event(DUE).event(CAME).event(MADE)
    }

    /// Each command is on its own: one that cannot be sent holds up no other, nor the next time of what recurs.
    pub(crate) fn lanes(&self, entry: &LogEntry) -> Vec<StreamId> {
        let stream = &entry.stream;
        match entry.name.as_str() {
            CAME => vec![StreamId::new(RECURRING, &format!("{}@{}", stream.id(), entry.version))],
            _ => vec![stream.clone()],
        }
    }

    /// Sends the command whose time has come, if it was not sent before.
    pub(crate) async fn take(&self, office: &dyn Office, entry: &LogEntry) -> Result<(), HandlerFailure> {
        match entry.name.as_str() {
            CAME => self.recur(office, entry).await,
            MADE => {
                // It may have been scheduled by another process.
                self.wheel.nudge();
                Ok(())
            }
            _ => self.send_scheduled(office, entry).await,
        }
    }

    async fn recur(&self, office: &dyn Office, entry: &LogEntry) -> Result<(), HandlerFailure> {
        let name = entry.stream.id();
        let found = self.recurrences.iter().find(|known| known.name == name);
        let recurring =
            found.ok_or_else(|| HandlerFailure::permanent(SendError::NotRecurring(name.to_owned())))?;
        let came: Came = serde_json::from_slice(&entry.payload).map_err(HandlerFailure::permanent)?;
        let key = IdempotencyKey::new(format!("{RECURRING}/{name}@{}", came.time.as_micros()));
        let meta = Cause::event(&entry.stream, entry.version, &Meta::default()).meta();
        let options = Options { key: Some(key), meta, ..Options::default() };
        send((recurring.make)(), office, options).await
    }

    async fn send_scheduled(&self, office: &dyn Office, entry: &LogEntry) -> Result<(), HandlerFailure> {
        let (store, id) = (office.executor().store(), entry.stream.id());
        let side = side(store).map_err(HandlerFailure::permanent)?;
        let found = side.load_documents(SCHEDULE, &[id]).await.map_err(HandlerFailure::retryable)?;
        let Some(body) = found.into_iter().flatten().find_map(|document| document.body) else {
            // It was sent, or taken back.
            return Ok(());
        };
        let made = Made::read(id, &body).map_err(HandlerFailure::permanent)?;
        let Made { aggregate, to, command, source, json, meta } = &made;
        let read = self.commands.read(aggregate, to, command, source, json.get().as_bytes());
        let outgoing = read.map_err(HandlerFailure::permanent)?;
        let mut cause = Cause::event(&entry.stream, entry.version, meta).meta();
        cause.actor.clone_from(&meta.actor);
        let event = NewEvent { name: DONE, version: 1, payload: b"{}".to_vec() };
        let mut done = Append::new(entry.stream.clone(), Expected::Any, vec![event]);
        done.meta = cause.clone();
        done.documents = vec![document(id, None)];
        let stored = Arc::new(AtomicBool::new(false));
        let options = Options {
            key: Some(IdempotencyKey::new(format!("{SCHEDULE}/{id}"))),
            meta: cause,
            together: Some(Box::new(done.clone())),
            stored: Some(Arc::clone(&stored)),
            ..Options::default()
        };
        send(outgoing, office, options).await?;
        if !stored.load(Ordering::Acquire) {
            // It was sent before. If it is noted already, this changes nothing.
            office.executor().append(done).await.map_err(HandlerFailure::retryable)?;
        }
        Ok(())
    }
}

async fn send(outgoing: Outgoing, office: &dyn Office, options: Options) -> Result<(), HandlerFailure> {
    let (command, target) = (outgoing.command(), outgoing.stream().to_string());
    match outgoing.send(office, options).await {
        // Sent, or noted as sent or taken back meanwhile: then the next attempt finds nothing to do.
        Ok(_) => Ok(()),
        Err(error) => Err(failed(command, target, error)),
    }
}

fn failed(command: &'static str, target: String, error: ExecuteError<Rejection>) -> HandlerFailure {
    let class = match &error {
        ExecuteError::Store(
            StoreError::Backend { .. } | StoreError::Closed | StoreError::Overtaken { .. },
        ) => FailureClass::Retryable,
        error if error.is_retryable() => FailureClass::Retryable,
        _ => FailureClass::Permanent,
    };
    HandlerFailure { class, error: SendError::NotDone { command, target, source: error.into() }.into() }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("commands", &self.commands)
            .field("recurrences", &self.recurrences)
            .finish()
    }
}
