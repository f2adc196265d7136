//! A saga, whatever its type.

use std::{any::Any, collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    Begun, Cause, Saga, StartOn, Starts, StepCall, StepDone, StepInfo, StepKind, Undo, progress::Direction,
};
use crate::{
    domain::{Event, HandlerFailure, Shape, fingerprint},
    execute::Office,
    log::LogEntry,
};

/// What a saga runs in: the application that has its dependencies, as long as it is there.
pub(crate) trait World<S: Saga>: Send + Sync + 'static {
    /// Keeps the application there while a step runs.
    type Held: Office + 'static;

    /// The application; none once it is gone.
    fn hold(&self) -> Option<Self::Held>;

    /// What the steps need of it.
    fn deps(held: &Self::Held) -> S::Deps<'_>;
}

/// The definition of a saga, as data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) version: u16,
    /// Of the steps.
    pub(crate) fingerprint: u64,
    pub(crate) steps: &'static [StepInfo],
    /// The shape of the data, where that is known.
    pub(crate) data: Option<&'static Shape>,
}

impl Definition {
    pub(crate) fn of<S: Saga>() -> Self {
        let (fingerprint, data) = (fingerprint_of(S::STEPS), S::DATA_SHAPE);
        Self { name: S::NAME, version: S::VERSION, fingerprint, steps: S::STEPS, data }
    }
}

/// The outputs of its steps in their order, and after that what each step is and what becomes of it when a later one
/// fails: `{debit:{..},clear:{..}} command+compensation,foreign+nothing`; and the shape of its data: `data:{from:string}`.
impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, step) in self.steps.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}:{}", step.name, step.output)?;
        }
        f.write_str("}")?;
        for (index, step) in self.steps.iter().enumerate() {
            let undo = match step.undo {
                Undo::Compensation { .. } => "compensation",
                Undo::Nothing { .. } => "nothing",
                Undo::Pivot => "pivot",
                Undo::Retriable => "retriable",
            };
            let what = if step.kind == StepKind::Command { "command" } else { "foreign" };
            write!(f, "{}{what}+{undo}", if index > 0 { "," } else { " " })?;
        }
        self.data.map_or(Ok(()), |data| write!(f, " data:{data}"))
    }
}

/// An application that is kept there.
pub(crate) struct Held(pub(crate) Box<dyn AnyHeld>);

/// What can be asked of it.
pub(crate) trait AnyHeld: Send + Sync {
    fn office(&self) -> &dyn Office;
    fn as_any(&self) -> &(dyn Any + Send + Sync);
}

impl<H: Office + 'static> AnyHeld for H {
    fn office(&self) -> &dyn Office {
        self
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}

/// A saga, whatever its type.
#[async_trait]
pub(crate) trait AnySaga: Send + Sync + 'static {
    fn definition(&self) -> Definition;

    /// The application; none once it is gone.
    fn hold(&self) -> Option<Held>;

    /// The names of the events that start it.
    fn starts(&self) -> Vec<&'static str>;

    /// The instance that an event starts: its id and its data.
    fn start(&self, entry: &LogEntry) -> Result<Option<(String, Vec<u8>)>, HandlerFailure>;

    /// The data of an instance of an earlier version as this one has it; `None` where nobody has said how.
    fn migrate(&self, version: u16, data: &[u8]) -> Option<Result<Vec<u8>, HandlerFailure>>;

    /// Calls a step, or its compensation.
    async fn call(
        &self,
        held: &Held,
        data: &[u8],
        step: usize,
        direction: Direction,
        call: StepCall<'_>,
    ) -> Result<StepDone, HandlerFailure>;

    /// Asks what became of an attempt.
    async fn probe(
        &self,
        held: &Held,
        data: &[u8],
        step: usize,
        call: StepCall<'_>,
    ) -> Result<Option<StepDone>, HandlerFailure>;
}

/// What tests put around the sagas of an application.
pub(crate) type Wrap = Arc<dyn Fn(Arc<dyn AnySaga>) -> Arc<dyn AnySaga> + Send + Sync>;

/// A saga of a type.
pub(crate) struct Sagas<S, W> {
    world: W,
    starts: StartsOf<S>,
}

type Start<S> = fn(&LogEntry) -> Result<Option<Begun<S>>, HandlerFailure>;

/// How a saga is started by events, by their names.
struct StartsOf<S>(HashMap<&'static str, Start<S>>);

impl<S: Saga> Starts<S> for StartsOf<S> {
    fn on<E: Event>(&mut self)
    where
        S: StartOn<E>,
    {
        for found in E::TYPES {
            let variant = found.source.rsplit("::").next().unwrap_or_default();
            if S::VARIANTS.contains(&variant) {
                self.0.insert(found.name, begun::<S, E>);
            }
        }
    }
}

fn begun<S: StartOn<E>, E: Event>(entry: &LogEntry) -> Result<Option<Begun<S>>, HandlerFailure> {
    let event = entry.decode::<E>().map_err(HandlerFailure::permanent)?;
    let meta = entry.meta().map_err(HandlerFailure::permanent)?;
    let mut cause = Cause::new(entry.stream.category(), entry.stream.id(), &meta);
    (cause.position, cause.version, cause.recorded_at) = (entry.position, entry.version, entry.recorded_at);
    S::start(&event, &cause)
}

impl<S: Saga, W: World<S>> Sagas<S, W> {
    pub(crate) fn new(world: W) -> Self {
        let mut starts = StartsOf(HashMap::new());
        S::starts(&mut starts);
        Self { world, starts }
    }

    fn parts<'h>(held: &'h Held, data: &[u8]) -> Result<(S, S::Deps<'h>), HandlerFailure> {
        let saga = S::decode(data).map_err(|error| {
            HandlerFailure::permanent(format!("the data of the saga `{}` cannot be read: {error}", S::NAME))
        })?;
        let held = held.0.as_any().downcast_ref::<W::Held>();
        let held = held.ok_or_else(|| HandlerFailure::permanent("the application is another one"))?;
        Ok((saga, W::deps(held)))
    }
}

#[async_trait]
impl<S: Saga, W: World<S>> AnySaga for Sagas<S, W> {
    fn definition(&self) -> Definition {
        Definition::of::<S>()
    }

    fn hold(&self) -> Option<Held> {
        self.world.hold().map(|held| Held(Box::new(held)))
    }

    fn starts(&self) -> Vec<&'static str> {
        self.starts.0.keys().copied().collect()
    }

    fn start(&self, entry: &LogEntry) -> Result<Option<(String, Vec<u8>)>, HandlerFailure> {
        let Some(start) = self.starts.0.get(&*entry.name) else { return Ok(None) };
        let Some(begun) = start(entry)? else { return Ok(None) };
        let data = begun.saga.encode().map_err(HandlerFailure::permanent)?;
        Ok(Some((begun.id, data)))
    }

    fn migrate(&self, version: u16, data: &[u8]) -> Option<Result<Vec<u8>, HandlerFailure>> {
        let migrated = S::migrate(version, data)?;
        Some(match migrated {
            Ok(saga) => saga.encode().map_err(HandlerFailure::permanent),
            Err(error) => Err(HandlerFailure::permanent(error)),
        })
    }

    async fn call(
        &self,
        held: &Held,
        data: &[u8],
        step: usize,
        direction: Direction,
        call: StepCall<'_>,
    ) -> Result<StepDone, HandlerFailure> {
        let (saga, deps) = Self::parts(held, data)?;
        match direction {
            Direction::Forward => saga.step(step, call, deps).await,
            Direction::Backward => saga.compensate(step, call, deps).await,
        }
    }

    async fn probe(
        &self,
        held: &Held,
        data: &[u8],
        step: usize,
        call: StepCall<'_>,
    ) -> Result<Option<StepDone>, HandlerFailure> {
        let (saga, deps) = Self::parts(held, data)?;
        saga.probe(step, call, deps).await
    }
}

/// The names, kinds, order and types of steps as one number: FNV-1a over what would confuse a running instance.
pub(crate) fn fingerprint_of(steps: &[StepInfo]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for step in steps {
        add(step.name.as_bytes());
        add(kind(step.kind));
        match step.undo {
            Undo::Compensation { name, kind: how, needs_output, .. } => {
                add(b"compensation");
                add(name.as_bytes());
                add(kind(how));
                add(&[u8::from(needs_output)]);
            }
            Undo::Nothing { .. } => add(b"nothing"),
            Undo::Pivot => add(b"pivot"),
            Undo::Retriable => add(b"retriable"),
        }
        add(&fingerprint(step.output).to_le_bytes());
    }
    hash
}

const fn kind(kind: StepKind) -> &'static [u8] {
    match kind {
        StepKind::Command => b"command",
        StepKind::Foreign => b"foreign",
    }
}
