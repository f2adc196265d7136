use std::{
    any::type_name,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use futures_util::future::BoxFuture;
use tokio::time::timeout_at;

use super::{ExecuteError, Executor, Options};
use crate::{
    domain::{CommandHandlers, CommandOf, Event, Meta, Receipt, Target},
    middleware::{CommandCall, Completed, Innermost, Layers, ProposedCall, ProposedEvent, Refusal},
    store::{NewEvent, StoreError, StreamId},
};

/// What layers want to know of the events of a command.
#[derive(Debug)]
pub(super) struct Witness {
    layers: Layers,
    command_type: &'static str,
    /// The names of the events that were last about to be stored.
    names: Mutex<Vec<&'static str>>,
}

impl Witness {
    fn new<C>(layers: Layers) -> Self {
        Self { layers, command_type: type_name::<C>(), names: Mutex::default() }
    }

    /// Shows events that are about to be stored to the layers.
    pub(super) fn show<E: Event>(
        &self,
        stream: &StreamId,
        meta: &Meta,
        decided: &[E],
        events: &[NewEvent],
    ) -> Result<(), Refusal> {
        let proposed: Vec<_> = decided
            .iter()
            .zip(events)
            .filter_map(|(event, new)| {
                E::TYPES.get(event.index()).map(|found| ProposedEvent::new(found, &new.payload))
            })
            .collect();
        self.layers.events(&ProposedCall::new(self.command_type, stream, meta), &proposed)?;
        *self.names() = events.iter().map(|event| event.name).collect();
        Ok(())
    }

    /// They are not stored.
    pub(super) fn nothing_stored(&self) {
        self.names().clear();
    }

    fn names(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Executes a command inside of layers. The time that is allowed for it is that for the layers too.
pub(super) async fn execute<'e, A: CommandHandlers, C: CommandOf<A>>(
    executor: &'e Executor,
    layers: &'e Layers,
    id: A::Id,
    command: C,
    mut options: Options,
    deps: A::Deps<'e>,
) -> Result<Receipt, ExecuteError<C::Error>> {
    let deadline = tokio::time::Instant::now() + executor.limit(&options);
    let (key, meta) = (options.key.clone(), std::mem::take(&mut options.meta));
    let creates = C::TARGET == Target::New;
    let mut call = CommandCall::new(command, StreamId::of(&id), creates, key, meta);
    let mut inside: Inside<'e, A, C> =
        Inside { executor, layers, id: Some(id), options, deps, deadline, result: None };
    let passed = timeout_at(deadline, layers.command(&mut call, &mut inside)).await;
    // What was executed was executed, whatever a layer makes of it afterwards.
    match (inside.result, passed) {
        (Some(result), _) => result,
        (None, Ok(Err(refusal))) => Err(refusal.into()),
        (None, Err(_)) => Err(ExecuteError::Timeout),
        (None, Ok(Ok(_))) => Err(lost().into()),
    }
}

/// The execution, as layers see it.
struct Inside<'e, A: CommandHandlers, C: CommandOf<A>> {
    executor: &'e Executor,
    layers: &'e Layers,
    id: Option<A::Id>,
    options: Options,
    deps: A::Deps<'e>,
    deadline: tokio::time::Instant,
    result: Option<Result<Receipt, ExecuteError<C::Error>>>,
}

impl<A: CommandHandlers, C: CommandOf<A>> Innermost for Inside<'_, A, C> {
    fn run<'a>(&'a mut self, call: &'a mut CommandCall) -> BoxFuture<'a, Completed> {
        Box::pin(async move {
            let (begun, witness) = (Instant::now(), Arc::new(Witness::new::<C>(self.layers.clone())));
            let (command, meta) = call.take::<C>();
            let (Some(command), Some(id)) = (command, self.id.take()) else {
                return Completed::new(Err(lost().to_string()), Vec::new(), begun.elapsed());
            };
            let left = self.deadline.saturating_duration_since(tokio::time::Instant::now());
            let options = Options { meta, timeout: Some(left), ..self.options.clone() };
            let executed =
                self.executor.execute_now::<A, C>(id, command, options, self.deps, Some(witness.clone()));
            let result = executed.await;
            let told = result.as_ref().copied().map_err(ToString::to_string);
            let names = if told.is_ok() { std::mem::take(&mut *witness.names()) } else { Vec::new() };
            self.result = Some(result);
            Completed::new(told, names, begun.elapsed())
        })
    }
}

/// A layer can go on only once, and nobody but the aggregate takes the command.
fn lost() -> StoreError {
    StoreError::Backend { what: "executing a command".into(), source: "a layer has lost the command".into() }
}
