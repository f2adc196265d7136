use std::sync::Arc;

use super::{
    ExecuteError, Options, gate::Pass, layered::Witness, load::name_of, outgoing::command_name, slot::Known,
};
use crate::{
    domain::{Aggregate, CommandHandlers, CommandOf, Context, Event, IdempotencyKey, Misfit, Target},
    middleware::Refusal,
    store::{Append, Expected, NewEvent, StoreError, StreamId},
};

/// One call of a command, which may take several attempts.
pub(super) struct Call<A: Aggregate> {
    pub(super) id: A::Id,
    pub(super) stream: StreamId,
    pub(super) options: Options,
    pub(super) pass: Arc<Pass>,
    witness: Option<Arc<Witness>>,
}

impl<A: Aggregate> Call<A> {
    pub(super) fn new(id: A::Id, options: Options, pass: Arc<Pass>, witness: Option<Arc<Witness>>) -> Self {
        Self { stream: StreamId::of(&id), id, options, pass, witness }
    }

    /// Shows what is about to be stored to the layers.
    pub(super) fn show(&self, events: &[A::Event], append: &Append) -> Result<(), Refusal> {
        let Some(witness) = &self.witness else { return Ok(()) };
        witness.show(&self.stream, &self.options.meta, events, &append.events)
    }

    /// What was shown last is not stored.
    pub(super) fn nothing_stored(&self) {
        if let Some(witness) = &self.witness {
            witness.nothing_stored();
        }
    }

    /// Names the call in traces: who and where, never what.
    pub(super) fn span<C>(&self) -> tracing::Span {
        let Options { key, meta, .. } = &self.options;
        tracing::info_span!(
            "gesta.execute",
            stream = %self.stream,
            command = std::any::type_name::<C>(),
            key = key.as_ref().map(IdempotencyKey::as_str),
            correlation = meta.correlation,
            traceparent = meta.traceparent,
        )
    }

    /// What is to be stored.
    pub(super) fn append(
        &self,
        expected: u64,
        events: &[A::Event],
        limit: usize,
    ) -> Result<Append, StoreError> {
        let events = events.iter().map(|event| self.encode(event, limit)).collect::<Result<_, _>>()?;
        let (key, meta) = (self.options.key.clone(), self.options.meta.clone());
        let documents = Vec::new();
        let (stream, expected) = (self.stream.clone(), Expected::Version(expected));
        Ok(Append {
            stream,
            expected,
            key,
            meta,
            events,
            documents,
            process: None,
            together: self.options.together.clone(),
        })
    }

    /// Asks whether the stream is at this version.
    pub(super) fn question(&self, expected: u64) -> Append {
        let expected = Expected::Version(expected);
        Append {
            stream: self.stream.clone(),
            expected,
            key: None,
            meta: Default::default(),
            events: Vec::new(),
            documents: Vec::new(),
            process: None,
            together: None,
        }
    }

    fn encode(&self, event: &A::Event, limit: usize) -> Result<NewEvent, StoreError> {
        let event_type = A::Event::TYPES.get(event.index()).ok_or_else(|| StoreError::Backend {
            what: format!("encoding an event of {}", self.stream),
            source: "`Event::index` is beyond `Event::TYPES`".into(),
        })?;
        let (name, version) = (event_type.name, event_type.version);
        let mut payload = Vec::with_capacity(128);
        event.encode(&mut payload).map_err(|error| StoreError::of_encoding(&self.stream, name, error))?;
        let size = payload.len();
        if size > limit {
            return Err(StoreError::PayloadTooLarge { stream: self.stream.clone(), name, size, limit });
        }
        Ok(NewEvent { name, version, payload })
    }

    /// What was to be stored together with the command is not stored: the command itself was stored before.
    pub(super) fn apart(&self) -> StoreError {
        let together = self.options.together.as_ref();
        StoreError::Overtaken { stream: together.map_or(&self.stream, |append| &append.stream).clone() }
    }

    /// An event was decided that cannot follow on what is there.
    pub(super) fn out_of_place<C, E>(
        &self,
        version: u64,
        event: &A::Event,
        source: Misfit,
    ) -> ExecuteError<E> {
        let (command, stream) = (command_name::<C>(), self.stream.clone());
        ExecuteError::OutOfPlace { command, stream, version, event: name_of(event), source }
    }

    pub(super) fn key_reused(&self, first: StreamId) -> StoreError {
        // Only an append with a key can meet this; a store that says so of another has no key to name.
        let key = self.options.key.clone().unwrap_or_else(|| IdempotencyKey::new(""));
        StoreError::KeyReused { key, stream: self.stream.clone(), first }
    }
}

/// Decides on the state, if the command is for a state like this. The command is taken if its handler was called.
pub(super) async fn decide<A: CommandHandlers, C: CommandOf<A>>(
    known: &Known<A>,
    call: &Call<A>,
    command: &mut Option<C>,
    deps: A::Deps<'_>,
) -> Result<Vec<A::Event>, ExecuteError<C::Error>> {
    let actual = known.loaded.version;
    match C::TARGET {
        Target::New if actual > 0 => return Err(ExecuteError::AlreadyExists),
        Target::Existing if actual == 0 => return Err(ExecuteError::NotFound),
        Target::New | Target::Existing => {}
    }
    if let Some(expected) = call.options.expect_version.filter(|expected| *expected != actual) {
        return Err(ExecuteError::Conflict { expected, actual });
    }
    let there = known.loaded.state.as_ref();
    let Some(state) = C::state(there) else {
        return Err(ExecuteError::WrongState {
            aggregate: A::NAME,
            id: call.stream.id().to_owned(),
            state: there.and_then(A::state_name).unwrap_or("?"),
            needs: C::STATES,
            command: command_name::<C>(),
        });
    };
    let Some(command) = command.take() else {
        return Err(ExecuteError::Conflict { expected: actual, actual });
    };
    let context = Context { id: &call.id, meta: &call.options.meta };
    command.decide(state, context, C::deps(deps)).await.map_err(ExecuteError::Rejected)
}
