//! What a scenario does to the store and to the steps, and what it has seen of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use async_trait::async_trait;

use super::plan::{Crash, Fails, Plan, Side};
use crate::{
    domain::{HandlerFailure, IdempotencyKey},
    log::LogEntry,
    saga::{AnySaga, Definition, Direction, Held, StepCall, StepDone, StepKind},
    store::{Append, Outcome, StreamId},
};

/// One scenario.
pub(super) struct Scene {
    pub(super) plan: Plan,
    pub(super) stream: StreamId,
    /// Somebody has helped: what failed for good works from now on.
    helped: AtomicBool,
    seen: Mutex<Seen>,
}

/// What was seen of it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The appends to the stream of the instance that were tried, in words.
    pub(super) appends: Vec<String>,
    pub(super) crashed: bool,
    /// How often the commands of each key were stored.
    pub(super) stored: HashMap<IdempotencyKey, u32>,
    /// How often which step was let fail.
    failed: HashMap<(usize, bool), u32>,
}

impl Scene {
    pub(super) fn new(plan: Plan, stream: StreamId) -> Self {
        Self { plan, stream, helped: AtomicBool::new(false), seen: Mutex::default() }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn help(&self) {
        self.helped.store(true, SeqCst);
    }

    /// Whether an append writes to the stream of the instance.
    pub(super) fn is_own(&self, append: &Append) -> bool {
        append.parts().any(|part| part.stream == self.stream)
    }

    /// The instance is about to append something: whether and where the application is killed now.
    pub(super) fn appends(&self, append: &Append) -> Option<Side> {
        let mut seen = self.seen();
        seen.appends.push(self.in_words(append));
        let number = seen.appends.len();
        let Crash { at, side } = self.plan.crash?;
        if seen.crashed || number != at {
            return None;
        }
        seen.crashed = true;
        Some(side)
    }

    /// The kinds of the events, and the steps that they are about: ``step.intended `clear` ``.
    fn in_words(&self, append: &Append) -> String {
        let own = append.parts().filter(|part| part.stream == self.stream).flat_map(|part| &part.events);
        let prefix = format!("{}.", self.stream.category());
        let words = own.map(|event| {
            let kind = event.name.strip_prefix(&prefix).unwrap_or(event.name);
            let payload: serde_json::Value = serde_json::from_slice(&event.payload).unwrap_or_default();
            match payload["step"].as_str() {
                Some(step) => format!("{kind} `{step}`"),
                None => kind.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(" and ")
    }

    pub(super) fn stored(&self, append: &Append, outcome: &Outcome) {
        if let (Some(key), Outcome::Appended(_)) = (&append.key, outcome) {
            *self.seen().stored.entry(key.clone()).or_default() += 1;
        }
    }

    /// Whether a step is to fail now.
    fn failure(&self, step: usize, direction: Direction) -> Option<HandlerFailure> {
        let of = |fails: &&Fails| fails.step == step && fails.direction == direction;
        let fails = self.plan.fails.iter().find(of)?;
        match fails.times {
            None if self.helped.load(SeqCst) => None,
            None => Some(HandlerFailure::permanent(INJECTED)),
            Some(times) => {
                let mut seen = self.seen();
                let failed = seen.failed.entry((step, direction == Direction::Forward)).or_default();
                *failed += 1;
                (*failed <= times).then(|| HandlerFailure::retryable(INJECTED))
            }
        }
    }
}

const INJECTED: &str = "a failure that the test has put here";

/// A saga whose steps fail, or are called twice, as a scenario wants it.
pub(super) struct Disturbed {
    pub(super) saga: Arc<dyn AnySaga>,
    pub(super) scene: Arc<Scene>,
}

impl Disturbed {
    fn is_meant(&self, call: StepCall<'_>) -> bool {
        let stream = &self.scene.stream;
        stream.id() == call.id && stream.category().strip_prefix("saga.") == Some(call.saga)
    }
}

#[async_trait]
impl AnySaga for Disturbed {
    fn definition(&self) -> Definition {
        self.saga.definition()
    }

    fn hold(&self) -> Option<Held> {
        self.saga.hold()
    }

    fn starts(&self) -> Vec<&'static str> {
        self.saga.starts()
    }

    fn start(&self, entry: &LogEntry) -> Result<Option<(String, Vec<u8>)>, HandlerFailure> {
        self.saga.start(entry)
    }

    fn migrate(&self, version: u16, data: &[u8]) -> Option<Result<Vec<u8>, HandlerFailure>> {
        self.saga.migrate(version, data)
    }

    async fn call(
        &self,
        held: &Held,
        data: &[u8],
        step: usize,
        direction: Direction,
        call: StepCall<'_>,
    ) -> Result<StepDone, HandlerFailure> {
        if !self.is_meant(call) {
            return self.saga.call(held, data, step, direction, call).await;
        }
        if let Some(failure) = self.scene.failure(step, direction) {
            return Err(failure);
        }
        let done = self.saga.call(held, data, step, direction, call).await?;
        let info = self.definition().steps[step];
        if !self.scene.plan.repeats || info.kind_of(direction) != StepKind::Foreign {
            return Ok(done);
        }
        // As after a crash between the call and the note of its outcome: the first answer is lost.
        let again = StepCall { attempt: call.attempt + 1, ..call };
        self.saga.call(held, data, step, direction, again).await
    }

    async fn probe(
        &self,
        held: &Held,
        data: &[u8],
        step: usize,
        call: StepCall<'_>,
    ) -> Result<Option<StepDone>, HandlerFailure> {
        self.saga.probe(held, data, step, call).await
    }
}
